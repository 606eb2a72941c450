"""Columns, lines, assets and messages: what goes into a page before any browser sees it."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from importlib.resources import files

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.cartography.basemap import pack_lines, pack_network, pack_points, pack_routes
from spatial.cartography.comparison import page_words
from spatial.cartography.document import (
    NO_INDEX,
    code_of,
    codes,
    data_blocks,
    own,
    pack,
    pack_seconds,
    pack_texts,
    round_up,
    space_order,
    vendored,
    vendored_files,
    words_named,
    write_block,
)
from spatial.cartography.page_data import page_texts
from spatial.cartography.pages import page_files
from spatial.errors import SourceError
from spatial.messages import Words
from tests.page_blocks import read_block

ASSETS = files("spatial.cartography").joinpath("assets")


def _unpack(packed: dict, kind: str) -> np.ndarray:
    planes = np.frombuffer(packed["data"].raw, dtype=np.uint8)
    size = np.dtype(kind).itemsize
    column = planes.reshape(size, packed["n"]).T.copy().view(kind).ravel()
    return (column.view("<u4") >> 1).astype("<i4") ^ -(column & 1) if packed["kind"] == "i4" else column


@pytest.mark.parametrize(("kind", "values"), [("u1", [0, 255]), ("i4", [-1, 7, 2**31 - 1]), ("f4", [0.5, -2.0])])
def test_a_column_comes_back_as_it_went_in(kind: str, values: list[float]) -> None:
    numpy_kind = {"u1": "<u1", "i4": "<i4", "f4": "<f4"}[kind]
    assert _unpack(pack(values, kind), numpy_kind).tolist() == values


def test_an_empty_column_is_a_column() -> None:
    assert pack([], "f4")["n"] == 0


def test_rounding_never_moves_a_value_across_a_whole_threshold() -> None:
    exact = np.array([60.0, np.nextafter(60.0, 100), np.nextafter(60.0, 0), 60.0 + 1e-9, 59.999999999])
    assert ((round_up(exact) <= 60) == (exact <= 60)).all()


def test_rounding_never_moves_a_value_across_a_named_threshold() -> None:
    # 3,218.688 m (two miles) lies between two float32; values on either side of it must stay there.
    threshold = 3218.688
    exact = threshold + np.array([-1e-3, -1e-9, 0.0, 1e-9, 1e-6, 1e-3])
    limit = round_up([threshold])[0]
    assert ((round_up(exact, [threshold]) <= limit) == (exact <= threshold)).all()


def test_missing_and_unreachable_stay_what_they_are() -> None:
    rounded = round_up([np.nan, np.inf])
    assert np.isnan(rounded[0])
    assert np.isinf(rounded[1])


def test_seconds_tell_zero_from_missing() -> None:
    # 0 min -> 0 s -> 1; missing -> 0; 1.5 min -> 90 s -> 91
    assert _unpack(pack_seconds([0.0, np.nan, 1.5]), "<u4").tolist() == [1, 0, 91]


@pytest.mark.parametrize("begun", [False, True])
def test_pages_round_packed_minutes_to_those_that_sentences_tell(begun) -> None:
    near_halves = np.add.outer(np.arange(90.0), [0.5 - 0.2 / 60, 0.5, 0.5 + 0.2 / 60]).ravel()
    minutes = np.concatenate([near_halves, np.linspace(0.0, 90.0, 5000)])
    unpacked = (_unpack(pack_seconds(minutes, begun=begun), "<u4") - 1.0) / 60.0
    assert [f"{value:.0f}" for value in unpacked] == [f"{value:.0f}" for value in minutes]
    assert np.abs(unpacked - minutes).max() <= 1.0 / 60.0 + 1e-9


def test_texts_keep_their_rows_whatever_they_hold() -> None:
    packed = pack_texts(["a\nb", None, "", "村  庄", float("nan")])
    assert packed["text"].raw.decode() == "a b\n\n\n村 庄\n"
    assert packed["n"] == 5


def test_codes_mark_what_is_missing_or_unknown() -> None:
    assert codes(pd.Series(["b", None, "z"], dtype="str"), ["a", "b"]).tolist() == [1, NO_INDEX, NO_INDEX]


def test_space_order_is_a_permutation_that_keeps_neighbours_together() -> None:
    x, y = np.meshgrid(np.arange(8.0), np.arange(8.0))
    order = space_order(x.ravel(), y.ravel())
    assert sorted(order) == list(range(64))
    # the first quarter of a Z-curve is one quadrant: 4 x 4 cells
    assert {(x.ravel()[k], y.ravel()[k]) for k in order[:16]} == {(a, b) for a in range(4) for b in range(4)}


def test_points_are_hundred_thousandths_of_a_degree() -> None:
    points = gpd.GeoSeries([shapely.Point(1.0, 2.0), shapely.Point(1.00001, 2.0)], crs="EPSG:4326")
    packed = pack_points(points)
    assert _unpack(packed["x"], "<i4").tolist() == [100_000, 1]
    assert _unpack(packed["y"], "<i4").tolist() == [200_000, 0]


def test_maps_go_on_across_the_180th_meridian() -> None:
    # Two places 2 km apart; at -179.99 the second would be drawn on the other side of the Earth.
    places = gpd.GeoSeries([shapely.Point(179.99, -17.0), shapely.Point(-179.99, -17.0)], crs="EPSG:4326")
    for crs in ("EPSG:3460", "EPSG:32760"):
        drawn = places.to_crs(crs)
        points = np.cumsum(_unpack(pack_points(drawn)["x"], "<i4"))
        assert np.diff(points).tolist() == pytest.approx([2_000], abs=1)
        road = gpd.GeoSeries([shapely.LineString(drawn.to_list())], crs=crs)
        packed = pack_lines(road, tolerance_m=12.0)
        assert _unpack(packed["x"], "<i4")[1] / packed["scale"] == pytest.approx(0.02, abs=1e-4)


def test_lines_keep_the_number_of_their_shape_through_multipart_shapes() -> None:
    line = shapely.LineString([(500_000, 0), (500_100, 0)])
    shapes = gpd.GeoSeries(
        [shapely.MultiLineString([line, shapely.transform(line, lambda xy: xy + 50)]), line], crs="EPSG:32631"
    )
    packed = pack_lines(shapes, tolerance_m=1.0)
    assert _unpack(packed["source"], "<u4").tolist() == [0, 0, 1]
    assert _unpack(packed["sizes"], "<u4").tolist() == [2, 2, 2]


def _hundreds(packed: dict) -> list[list[tuple[int, int]]]:
    """The lines of a block in hundreds of metres from the equator and the middle of zone 31, 3 degrees east."""
    steps = np.stack([np.cumsum(_unpack(packed[axis], "<i4")) for axis in ("x", "y")], axis=1)
    metres = (steps / packed["scale"] - [3, 0]) * 111_320.0
    lines = np.split(np.rint(metres / 100).astype(int), np.cumsum(_unpack(packed["sizes"], "<u4"))[:-1])
    return [[(x, y) for x, y in line.tolist()] for line in lines]


def test_rings_keep_their_shape_and_none_is_lost_however_small() -> None:
    # A hole of 30 m and a neck of 40 m, narrower than what outlines may leave; a line is no ground.
    around, hole = shapely.box(500_000, 0, 501_000, 1_000), shapely.box(500_500, 500, 500_530, 530)
    necked = shapely.union_all(
        [shapely.box(*box) for box in ((502e3, 0, 503e3, 1e3), (503e3, 480, 504e3, 520), (504e3, 0, 505e3, 1e3))]
    )
    both = shapely.MultiPolygon([around.difference(hole), necked])
    shapes = gpd.GeoSeries([around, shapely.LineString([(0, 0), (900, 0)]), both], crs="EPSG:32631")
    packed = pack_lines(shapes, tolerance_m=100.0, rings=True)
    assert _unpack(packed["source"], "<u4").tolist() == [0, 2, 2, 2]
    assert (_unpack(packed["sizes"], "<u4") >= 4).all()
    rings = [shapely.LinearRing(ring) for ring in _hundreds(packed)]
    # In squares of 100 m: 100 of the first and of its like, less than one of the hole, 200 and the neck.
    assert [ring.envelope.area for ring in rings] == pytest.approx([100, 100, 0, 300], abs=2)
    assert shapely.area(shapely.polygons(rings)) == pytest.approx([100, 100, 0, 200], abs=10)


def test_lines_of_a_network_go_on_as_one_and_none_is_lost() -> None:
    # A cross of four arms of 1 km and a ring beside it: two trails through the middle, and the ring alone.
    arms = [[(500_000, 0), (500_000 + dx, dy)] for dx, dy in ((1000, 0), (-1000, 0), (0, 1000), (0, -1000))]
    ring = [(502_000, 0), (503_000, 0), (503_000, 1000), (502_000, 0)]
    lines = [*arms, ring[:2], ring[1:3], ring[2:]]
    shapes = gpd.GeoSeries([shapely.LineString(line) for line in lines], crs="EPSG:32631")
    told = _hundreds(pack_network(shapes, tolerance_m=10.0))
    assert sorted(len(line) for line in told) == [3, 3, 4]
    sides = [frozenset(pair) for line in told for pair in itertools.pairwise(line)]
    wanted = [frozenset({((x - 500_000) // 100, y // 100) for x, y in line}) for line in lines]
    assert sorted(map(sorted, sides)) == sorted(map(sorted, wanted))


def test_routes_that_run_together_are_kept_once_and_come_back_whole() -> None:
    # Two ways join at (1000, 0) on the way to the facility at (3000, 0); a third begins on it; a fourth leads
    # elsewhere, and a fifth turns off the common way at (2000, 0).
    ways = [
        [(0, 1000), (1000, 0), (2000, 0), (3000, 0)],
        [(0, -1000), (1000, 0), (2000, 0), (3000, 0)],
        [(2000, 0), (3000, 0)],
        [(0, 5000), (1000, 5000)],
        [(0, 2000), (1000, 0), (2000, 0), (2000, 4000)],
    ]
    shapes = gpd.GeoSeries([shapely.LineString([(500_000 + x, y) for x, y in way]) for way in ways], crs="EPSG:32631")
    packed = pack_routes(shapes, tolerance_m=10.0, labels=[4, 3, 2, 1, 0])
    chains, following = _hundreds(packed), _unpack(packed["next"], "<i4")
    for first, way in zip(_unpack(packed["first"], "<i4"), ways, strict=True):
        told, chain = [], first
        while chain != NO_INDEX:
            told += chains[chain]
            chain = following[chain]
        # points on a straight line may go
        assert shapely.LineString(told).equals(shapely.LineString([(x / 100, y / 100) for x, y in way]))
    assert _unpack(packed["source"], "<u4").tolist() == [4, 3, 2, 1, 0]
    # the two ends of the first two ways, their middle and end once, the fourth way, and the fifth from its own begin
    assert sum(map(len, chains)) < sum(map(len, ways))


def test_every_vendored_file_is_the_one_in_the_manifest() -> None:
    manifest = vendored_files()
    for path, entry in manifest.items():
        content = ASSETS.joinpath(*path.split("/")).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry.sha256, path
        assert entry.version
        assert entry.licence
    kept = {
        f"{folder}/{item.name}"
        for folder in ("leaflet",)
        for item in ASSETS.joinpath(folder).iterdir()
        if item.is_file()
    }
    assert kept == set(manifest)


def test_an_unknown_asset_is_refused() -> None:
    with pytest.raises(SourceError, match="no vendored asset"):
        vendored("jquery/jquery.js")


def test_vendored_files_carry_their_licence_and_link_nothing() -> None:
    for path in ("leaflet/leaflet.js", "leaflet/leaflet.css"):
        text = vendored(path)
        assert "Copyright" in text
        assert "sourceMappingURL" not in text
        assert not re.search(r"url\((?!data:|#)", text)


def test_our_own_scripts_never_write_markup_from_text() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    for item in ASSETS.joinpath("own").iterdir():
        if item.name.endswith(".js"):
            assert not forbidden.search(own(item.name)), item.name


def test_a_block_comes_back_and_holds_nothing_that_html_would_change() -> None:
    # Every byte, in runs and at random: stored, fixed and own codes; none of NUL, carriage return, "<" and "·" is left.
    rng = np.random.default_rng(5)
    for raw in (b"", b"\0\r<", bytes(range(256)) * 3, rng.bytes(70_000), b"ab" * 40_000):
        text = write_block(raw)
        assert read_block(text) == raw
        assert not set(text) & set("\0\r<·")


def test_equal_pieces_are_carried_once_and_large_ones_have_a_block_each() -> None:
    small, large = pack([1, 2, 3], "u1"), pack(np.arange(9000), "u2")
    page = {"a": small, "b": pack([4], "u1"), "c": pack([1, 2, 3], "u1"), "large": large}
    text, pool, block = (read_block(each) for each in data_blocks(page))
    told = json.loads(text)
    assert told["lengths"] == [3, 1]
    assert [told["data"][key]["data"] for key in ("a", "b", "c", "large")] == [0, 1, 0, -1]
    assert pool == bytes([1, 2, 3, 4])
    assert block == large["data"].raw


def test_what_is_neither_json_nor_a_piece_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot carry"):
        data_blocks({"a": pd.Timestamp("2026-01-01")})


def test_a_page_keeps_the_messages_that_its_scripts_can_say_and_no_others() -> None:
    told = {"en": {"page.back": "Back", "snap.far": "Far", "reason.odd": "Odd", "way.plan": "Plan"}}
    # `data-i18n="page.back"`, S.word("reason", ...) and S.t("way." + key) stand in the scripts of every page.
    assert sorted(words_named(told, "index")["en"]) == ["page.back", "reason.odd", "way.plan"]


def test_our_own_scripts_go_without_remarks_and_with_all_their_code() -> None:
    assert code_of("dom.js").startswith('"use strict";\n(function (S) {')
    for item in ASSETS.joinpath("own").iterdir():
        if item.name.endswith(".js"):
            kept = code_of(item.name)
            assert "/*" not in kept, item.name
            assert kept.count("{") <= item.read_text(encoding="utf-8").count("{")


def test_every_message_that_a_script_names_exists() -> None:
    sheet = Words("en", "sign_off").messages
    signed = {f"sign_{section}.{key}" for section, entries in sheet.items() for key in entries}
    english = {*page_texts("en"), *page_words("en"), *signed}
    for item in ASSETS.joinpath("own").iterdir():
        text = item.read_text(encoding="utf-8")
        named = set(re.findall(r'S\.t\("([a-z_]+\.[a-z_]+)"[,)]', text))
        named |= set(re.findall(r'data-i18n(?:-label|-placeholder)?="([a-z_.]+)"', text))
        assert named <= english, (item.name, named - english)


def test_page_files_are_safe_and_never_collide() -> None:
    tables = {"access": pd.DataFrame({"service": ["a b", "A/B", "../x"]})}
    assert page_files(tables) == {"../x": "gap-x.html", "A/B": "gap-a-b.html", "a b": "gap-a-b-2.html"}
