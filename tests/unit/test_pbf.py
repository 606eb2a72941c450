"""Block-by-block reading of .osm.pbf against pyosmium: every form of a file, and real and made-up regions."""

from __future__ import annotations

import lzma
import zlib
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pandas as pd
import pytest

from spatial.errors import SourceError
from spatial.network import build_network
from spatial.sources import osm_scan, road_lines
from spatial.sources.kernels_pbf import locate
from spatial.sources.osm import read_osm, read_osm_roads
from spatial.sources.osm_arrays import read_arrays
from spatial.sources.pbf import Wanted
from spatial.sources.pbf_blocks import OutOfTheOrdinaryError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FRAMES = ("places", "facilities", "roads", "boundaries", "water", "counts", "findings")
KEYS = frozenset({"highway", "route", "place", "natural", "amenity", "type"})


def left_to_pyosmium(*_: object) -> None:
    raise OutOfTheOrdinaryError


def assert_read_alike(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare all frames, and the roads alone, with those of pyosmium."""
    found, roads = read_osm(file), read_osm_roads(file).to_frame()
    with monkeypatch.context() as patch:
        patch.setattr(osm_scan, "read_arrays", left_to_pyosmium)
        expected, expected_roads = read_osm(file), read_osm_roads(file).to_frame()
    for name in FRAMES:
        pd.testing.assert_frame_equal(
            pd.DataFrame(getattr(found, name)), pd.DataFrame(getattr(expected, name))
        )
    pd.testing.assert_frame_equal(pd.DataFrame(roads), pd.DataFrame(expected_roads))
    pd.testing.assert_frame_equal(pd.DataFrame(roads), pd.DataFrame(found.roads))


def is_ordinary(file: Path) -> bool:
    try:
        read_arrays(file, Wanted(KEYS))
    except OutOfTheOrdinaryError:
        return False
    return True


# A file by hand: a message is a list of fields, a field its number and a number, bytes, or a list of packed numbers.


def varint(number: int) -> bytes:
    number %= 1 << 64
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def deltas(numbers: Iterable[int]) -> list[int]:
    numbers = list(numbers)
    return [zigzag(b - a) for a, b in zip([0, *numbers], numbers, strict=False)]


def message(*fields: tuple[int, int | bytes | list[int]]) -> bytes:
    out = b""
    for number, content in fields:
        if isinstance(content, int):
            out += varint(number << 3) + varint(content)
        else:
            data = content if isinstance(content, bytes) else b"".join(varint(item) for item in content)
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def packed(data: bytes) -> bytes:
    return message((2, len(data)), (3, zlib.compress(data)))


def raw(data: bytes) -> bytes:
    return message((1, data))


def with_lzma(data: bytes) -> bytes:
    return message((2, len(data)), (4, lzma.compress(data)))


def blob(kind: bytes, content: bytes) -> bytes:
    header = message((1, kind), (3, len(content)))
    return len(header).to_bytes(4, "big") + header + content


def write(path: Path, blocks: list[bytes], *, features: tuple[bytes, ...] = (), pack=packed) -> Path:
    required = [(4, name) for name in (b"OsmSchema-V0.6", b"DenseNodes", *features)]
    data = blob(b"OSMHeader", pack(message(*required)))
    path.write_bytes(data + b"".join(blob(b"OSMData", pack(block)) for block in blocks))
    return path


STRINGS = [b"", b"highway", b"track", b"place", b"village", b"name", "村".encode(), b"x" * 200, b"natural"]
TABLE = (1, message(*[(1, text) for text in STRINGS]))
PLACES = [(1, 10.5, 20.25), (2, 10.5000001, 20.5), (5, -10.5, -20.75)]
"""Number, longitude and latitude of three nodes; 1 and 5 are villages."""


def dense(*, scale: int = 100, lon0: int = 0, lat0: int = 0, info: bytes = b"") -> bytes:
    """A block of the three nodes, in units of `scale` nanodegrees from an origin."""
    ids, lon, lat = zip(*PLACES, strict=True)
    fields = [
        (1, deltas(ids)),
        (8, deltas(round((v * 1e9 - lat0) / scale) for v in lat)),
        (9, deltas(round((v * 1e9 - lon0) / scale) for v in lon)),
        (10, [3, 4, 5, 6, 0, 0, 3, 4, 5, 7, 0]),
    ]
    if info:
        fields.insert(1, (5, info))
    group = (2, message((2, message(*fields))))
    return message(TABLE, group, (17, scale), (19, lat0), (20, lon0))


def ways(refs: list[int], *, info: bytes = b"") -> bytes:
    fields = [(1, 7), (2, [1]), (3, [2]), *([(4, info)] if info else []), (8, deltas(refs))]
    return message(TABLE, (2, message((3, message(*fields)))))


def plain_nodes() -> bytes:
    nodes = [
        (
            1,
            message(
                (1, zigzag(number)),
                *([(2, [3]), (3, [4])] if number != 2 else []),
                (8, zigzag(round(lat * 1e7))),
                (9, zigzag(round(lon * 1e7))),
            ),
        )
        for number, lon, lat in PLACES
    ]
    return message(TABLE, (2, message(*nodes)))


ROAD = ways([1, 2, 5])


@pytest.mark.parametrize(
    "blocks",
    [
        [dense(), ROAD],
        # Coordinates in steps of 0.25 degrees from an origin of their own: 10.5000001 becomes 10.5 again.
        [dense(scale=250_000_000, lon0=500_000_000, lat0=-250_000_000), ROAD],
        # A scale that leaves fractions of 1e-7 degrees: cut off towards zero, below it and above.
        [dense(scale=70, lon0=-33, lat0=33), ROAD],
        [plain_nodes(), ROAD],
        [dense(info=message((1, [1, 1, 1]), (2, [9, 9, 9]))), ROAD],
        [dense(), ways([1, 2, 5], info=message((1, 3), (2, 12345), (6, 1)))],
        [dense(), ways([1, 99, 2, 5])],
        [dense(), ways([99, 98])],
        [dense(), ways([5])],
        [dense(), ways([])],
        [dense(), message(TABLE)],
        [dense(), message(TABLE, (2, b""))],
    ],
)
def test_every_ordinary_form_is_read_as_pyosmium_reads_it(tmp_path, monkeypatch, blocks):
    for pack in (packed, raw):
        file = write(tmp_path / "hand.osm.pbf", blocks, pack=pack)
        assert is_ordinary(file)
        assert_read_alike(file, monkeypatch)


def test_a_place_is_where_its_file_says(tmp_path):
    # By hand, so that both readers may not err alike: node 1 lies at 10.5 E 20.25 N and bears a name of 3 bytes.
    file = write(tmp_path / "hand.osm.pbf", [dense(scale=250_000_000, lon0=500_000_000), ROAD])
    places = read_osm(file).places
    assert places["settlement_id"].tolist() == ["n1", "n5"]
    assert places["name"].tolist() == ["村", "x" * 200]
    assert [(point.x, point.y) for point in places.geometry] == [(10.5, 20.25), (-10.5, -20.75)]
    assert [list(ids) for ids in read_osm_roads(file).to_frame()["node_ids"]] == [[1, 2, 5]]


@pytest.mark.parametrize(
    ("blocks", "features"),
    [
        ([ROAD, dense()], ()),
        ([dense(), dense(), ROAD], ()),
        ([dense(info=message((1, [1, 1, 1]), (6, [1, 1, 0]))), ROAD], ()),
        ([dense(info=message((1, [1, 1, 1]), (6, [1, 1, 0]))), ROAD], (b"HistoricalInformation",)),
        ([dense(), ways([1, 2, 5], info=message((1, 3), (6, 0)))], (b"HistoricalInformation",)),
    ],
    ids=["nodes after ways", "a node twice", "hidden nodes", "a history", "a deleted way"],
)
def test_what_is_rare_is_left_to_pyosmium(tmp_path, monkeypatch, blocks, features):
    file = write(tmp_path / "rare.osm.pbf", blocks, features=features)
    assert not is_ordinary(file)
    assert_read_alike(file, monkeypatch)


@pytest.mark.parametrize(
    ("pack", "features", "message_"),
    [
        (with_lzma, (), "packed with lzma"),
        (packed, (b"Sort.Type_then_ID", b"Tomorrow"), r"requires Sort\.Type_then_ID, Tomorrow of its reader"),
    ],
)
def test_what_no_reader_knows_is_named_with_a_remedy(tmp_path, pack, features, message_):
    file = write(tmp_path / "new.osm.pbf", [dense(), ROAD], pack=pack, features=features)
    for read in (read_osm, read_osm_roads):
        with pytest.raises(SourceError, match=f"{message_}.*osmium cat"):
            read(file)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:5],
        lambda data: data[:-9] + b"\x00" * 9,
        lambda data: data + b"\x00\x00\x00\x0d garbage garbage",
        lambda data: data.replace(b"OSMData", b"OSMDatb"),
    ],
)
def test_a_damaged_file_is_refused_by_both_readers(tmp_path, spoil):
    file = write(tmp_path / "bad.osm.pbf", [dense(), ROAD])
    file.write_bytes(spoil(file.read_bytes()))
    for read in (read_osm, read_osm_roads):
        with pytest.raises(SourceError, match="damaged or cut off") as caught:
            read(file)
        assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "block",
    [
        # A string beyond the table, a tag without a value, two numbers for three nodes, a length beyond the block.
        message(TABLE, (2, message((3, message((1, 7), (2, [1]), (3, [77]), (8, deltas([1, 2]))))))),
        message(TABLE, (2, message((3, message((1, 7), (2, [1, 3]), (3, [2]), (8, deltas([1, 2]))))))),
        message(TABLE, (2, message((2, message((1, deltas([1, 2])), (8, deltas([1])), (9, deltas([1]))))))),
        message(TABLE, (2, message((3, b"\x12\x7f")))),
        message(TABLE, (2, message((3, message((2, [1]), (3, [2])))))),
        message(TABLE, (2, b"\x1b\x00")),
    ],
)
def test_a_block_that_makes_no_sense_is_not_ordinary(tmp_path, block):
    assert not is_ordinary(write(tmp_path / "odd.osm.pbf", [dense(), block, ROAD]))


def test_roads_of_any_format_are_those_of_the_frame(tmp_path):
    pbf, xml = write(tmp_path / "a.osm.pbf", [dense(), ROAD]), tmp_path / "a.osm"
    with osmium.SimpleWriter(str(xml)) as writer:
        for item in osmium.FileProcessor(str(pbf)):
            writer.add(item)
    pd.testing.assert_frame_equal(
        pd.DataFrame(read_osm_roads(xml).to_frame()), pd.DataFrame(read_osm_roads(pbf).to_frame())
    )


def test_numbers_are_found_wherever_the_last_one_was():
    rng = np.random.default_rng(5)
    for _ in range(50):
        known = np.unique(rng.integers(-50, 60, rng.integers(1, 40)))
        wanted = rng.integers(-60, 70, 60)
        row = {number: place for place, number in enumerate(known.tolist())}
        assert locate(known, wanted).tolist() == [row.get(number, -1) for number in wanted.tolist()]
    assert locate(known[:0], wanted).tolist() == [-1] * len(wanted)


def test_the_sample_county_is_read_as_pyosmium_reads_it(tmp_path, monkeypatch, put_sample_county):
    put_sample_county(tmp_path / "sample", villages=80)
    (file,) = tmp_path.rglob("*.osm.pbf")
    assert is_ordinary(file)
    assert_read_alike(file, monkeypatch)


@pytest.mark.data
@pytest.mark.parametrize("region", ["comoros", "rutland"])
def test_real_regions_are_read_as_pyosmium_reads_them(region, request, monkeypatch):
    file = request.getfixturevalue(region) / f"{region}.osm.pbf"
    assert is_ordinary(file)
    assert_read_alike(file, monkeypatch)


@pytest.mark.data
@pytest.mark.parametrize(("region", "crs"), [("comoros", "EPSG:32738"), ("rutland", "EPSG:32630")])
def test_a_network_is_the_same_from_arrays_and_from_the_table(region, crs, request, monkeypatch):
    file = request.getfixturevalue(region) / f"{region}.osm.pbf"
    for mode in ("drive", "walk"):
        fast = build_network(read_osm_roads(file).to_crs(crs), mode=mode, ferries=True)
        theirs = build_network(read_osm(file).roads.to_crs(crs), mode=mode, ferries=True)
        with monkeypatch.context() as patch:
            patch.setattr(road_lines, "place_points", lambda *_: None)  # PROJ places all points
            mine = build_network(read_osm_roads(file).to_crs(crs), mode=mode, ferries=True)
        for one, other in zip(mine.to_frames(), theirs.to_frames(), strict=True):
            pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other), check_exact=True)
        pd.testing.assert_frame_equal(pd.DataFrame(mine.findings), pd.DataFrame(theirs.findings))
        assert mine.report == theirs.report
        assert not np.array_equal(fast.coordinates, mine.coordinates)
        for name in ("coordinates", "node_x", "node_y", "length_m"):
            np.testing.assert_allclose(getattr(fast, name), getattr(mine, name), rtol=0, atol=1e-7)
        for name in ("edge_from", "edge_to", "edge_id", "node_source_id", "component", "coordinate_offsets"):
            np.testing.assert_array_equal(getattr(fast, name), getattr(mine, name))
