"""OpenStreetMap extracts: what is found in a small one, and what damaged ones get."""

from __future__ import annotations

import bz2
import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pandas as pd
import pytest

from spatial.errors import SourceError
from spatial.inputs.osm import mark_barriers, read_osm, read_population_tag
from spatial.inputs.place_tables import assign_tiers
from spatial.study import Tiers

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="test">\n'


def tags(**values: str) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in values.items())


def node(number: int, lon: float, lat: float, **values: str) -> str:
    return f'<node id="{number}" version="1" lon="{lon}" lat="{lat}">{tags(**values)}</node>\n'


def way(number: int, nodes: list[int], **values: str) -> str:
    refs = "".join(f'<nd ref="{ref}"/>' for ref in nodes)
    return f'<way id="{number}" version="1">{refs}{tags(**values)}</way>\n'


def relation(number: int, members: list[tuple[str, int, str]], **values: str) -> str:
    refs = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
    return f'<relation id="{number}" version="1">{refs}{tags(**values)}</relation>\n'


def square(first: int, lon: float, lat: float, size: float) -> str:
    corners = [(lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size)]
    return "".join(node(first + i, *corner) for i, corner in enumerate(corners))


NODES = (
    node(1, 0.0, 0.0, place="village", name="Ville", name__en="Town", name__zh="村", population="1 200")
    + node(2, 0.01, 0.0)
    + node(3, 0.02, 0.0)
    + node(4, 0.03, 0.0, place="hamlet", population="1000 à 3000")
    + node(5, 0.04, 0.0, amenity="pharmacy", shop="convenience")
    + node(6, 0.05, 0.0, place="locality", name="no settlement")
    + square(11, 0.1, 0.1, 0.01)
    + square(21, 0.2, 0.1, 0.01)
    + square(31, 0.3, 0.1, 0.1)
    + square(41, 0.5, 0.1, 0.01)
    + node(51, 0.105, 0.105, place="town", name="Held")
)
RINGS = {10: [11, 12, 13, 14, 11], 20: [21, 22, 23, 24, 21], 30: [31, 32, 33, 34, 31], 40: [41, 42, 43, 44, 41]}
WAYS = (
    way(1, [1, 2, 3], highway="residential", maxspeed="30 mph", oneway="-1", maxspeed__forward="20", surface="gravel")
    + way(2, [3, 4], route="ferry", name="Ferry")
    + way(3, [2, 99, 3, 4], highway="track")
    + way(4, [99, 98], highway="path")
    + way(5, [1, 4], waterway="river")
    + way(6, [2, 4], waterway="river", tunnel="culvert")
    + way(10, RINGS[10], place="village", name="Held area")
    + way(20, RINGS[20], place="village", name="Alone")
    + way(30, RINGS[30], boundary="administrative", admin_level="8", name="Part")
    + way(40, RINGS[40], amenity="hospital", building="yes", disused="yes")
    + way(41, RINGS[40], natural="water", water="pond")
    + way(42, RINGS[20], boundary="administrative", admin_level="8", name="Whole")
    + way(43, RINGS[10], natural="coastline")
)
RELATIONS = (
    relation(1, [("way", 30, "outer")], type="boundary", boundary="administrative", admin_level="8", name="Whole")
    + relation(2, [("way", 77, "outer")], type="boundary", boundary="administrative", admin_level="6", name="Cut")
    + relation(3, [("way", 20, "outer")], type="multipolygon", amenity="school", isced__level="1")
    + relation(4, [("node", 5, ""), ("way", 40, "")], type="site", amenity="clinic")
)
SMALL = HEAD + NODES + WAYS + RELATIONS + "</osm>\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.osm"
    file.write_text(SMALL, encoding="utf-8")
    return file


def number_of(extract, item: str) -> int:
    return int(extract.counts.set_index("item")["number"][item])


def test_settlements_are_place_nodes_and_areas_that_hold_none(small):
    places = read_osm(small).places
    assert list(places["settlement_id"]) == ["n1", "n4", "n51", "w20"]
    assert list(places["place"]) == ["village", "hamlet", "town", "village"]
    assert places.loc[0, ["name", "name_en", "name_zh"]].tolist() == ["Ville", "Town", "村"]
    assert json.loads(places.loc[0, "tags"])["name:zh"] == "村"
    # A point inside the square from 0.2 to 0.21.
    assert 0.2 < places.geometry.iloc[3].x < 0.21


def test_unreadable_population_tags_are_missing_and_counted(small):
    extract = read_osm(small)
    assert extract.places["population_persons"].iloc[0] == 1200
    assert extract.places["population_persons"].iloc[1:].isna().all()
    assert list(extract.places["population_source"]) == ["tag", "none", "none", "none"]
    unreadable = extract.findings[extract.findings["kind"] == "unreadable_population"]
    assert list(unreadable["subject_id"]) == ["n4"]
    assert number_of(extract, "population tags unreadable") == 1


@pytest.mark.parametrize(
    ("text", "persons"), [("614000", 614000), ("12,345", 12345), ("12 345 678", 12345678), ("1'234", 1234), (" 7 ", 7)]
)
def test_whole_numbers_are_read_however_thousands_are_set_apart(text, persons):
    assert read_population_tag(text) == persons


@pytest.mark.parametrize("text", ["600habitant", "1000 à 3000", "-5", "12,34", "1.234", "", "~500", "٣", None])
def test_anything_else_is_no_number_of_people(text):
    assert np.isnan(read_population_tag(text))


def test_facilities_are_centroids_and_one_row_a_service(small):
    facilities = read_osm(small).facilities.set_index("facility_id")
    assert facilities["service"].to_dict() == {
        "n5/pharmacy": "pharmacy",
        "n5/shop": "shop",
        "w40": "hospital",
        "r3": "primary_school",
        "r4": "health_centre",
    }
    # The hospital's square runs from 0.50 to 0.51 and from 0.10 to 0.11.
    hospital = facilities.geometry["w40"]
    assert (hospital.x, hospital.y) == (pytest.approx(0.505), pytest.approx(0.105))
    assert facilities["status"].to_dict()["w40"] == "closed"
    # A site is no area: it stands at the middle of its tagged members, (0.04 + 0.505) / 2.
    assert facilities.geometry["r4"].x == pytest.approx(0.2725)


def test_roads_keep_their_nodes_and_tags(small):
    extract = read_osm(small)
    roads = extract.roads.set_index("road_id")
    assert list(roads.index) == ["w1", "w2", "w3"]
    assert list(roads["road_class"]) == ["residential", "ferry", "track"]
    assert roads.loc["w1", ["maxspeed", "maxspeed_forward", "oneway", "surface"]].tolist() == [
        "30 mph",
        "20",
        "-1",
        "gravel",
    ]
    assert pd.isna(roads.loc["w3", "maxspeed"])
    assert [list(nodes) for nodes in roads["node_ids"]] == [[1, 2, 3], [3, 4], [3, 4]]
    assert [len(line.coords) for line in roads.geometry] == [3, 2, 2]
    # Way 3 misses its second node: its only whole stretch is 3-4. Way 4 has no node at all.
    assert number_of(extract, "ways with nodes beyond the extract") == 2
    assert number_of(extract, "roads without two nodes") == 1
    assert number_of(extract, "highway ways") == 3


def test_every_stretch_of_a_way_that_the_extract_cuts_is_read(tmp_path):
    # The file lacks node 3 of road 7 and of coast 8: what is left is 1-2 and 4-5-6. Nobody walks over either stretch.
    file = tmp_path / "cut.osm"
    nodes = "".join(node(number, number / 100, 0.0) for number in (1, 2, 4, 5, 6))
    kinds = way(7, [1, 2, 3, 4, 5, 6], highway="track") + way(8, [1, 2, 3, 4, 5, 6], natural="coastline")
    file.write_text(f"{HEAD}{nodes}{kinds}</osm>", encoding="utf-8")
    extract = read_osm(file)
    assert extract.roads["road_id"].tolist() == ["w7", "w7-2"]
    assert [list(ids) for ids in extract.roads["node_ids"]] == [[4, 5, 6], [1, 2]]
    assert extract.roads["road_class"].tolist() == ["track", "track"]
    assert extract.water["water_id"].tolist() == ["w8"]
    parts = [[x for x, _ in part.coords] for part in extract.water.geometry[0].geoms]
    assert parts == [[0.01, 0.02], [0.04, 0.05, 0.06]]
    assert mark_barriers(extract.water.to_crs("EPSG:32631"))["is_barrier"].all()


def test_parts_of_a_boundary_are_put_together(small, tmp_path):
    extract = read_osm(small)
    # Way 30 is a member of relation 1; way 42 bears its name. Relation 2 is cut.
    assert list(extract.boundaries["boundary_id"]) == ["r1"]
    assert extract.boundaries["admin_level"].tolist() == [8]
    assert extract.boundaries.geometry.iloc[0].area == pytest.approx(0.1**2 + 0.01**2)
    assert number_of(extract, "boundaries admin_level=8") == 3
    assert number_of(extract, "boundaries cut by the extract") == 1
    # Of two relations of that name neither is the one that way 42 belongs to. Two isles of one name are one unit.
    level = {"boundary": "administrative", "admin_level": "8"}
    more = way(45, RINGS[40], name="Whole", **level) + way(46, RINGS[40], name="Isles", **level)
    more += way(47, RINGS[10], name="Isles", **level)
    more += relation(5, [("way", 45, "outer")], type="boundary", name="Whole", **level)
    (tmp_path / "more.osm").write_text(HEAD + NODES + WAYS + RELATIONS + more + "</osm>\n", encoding="utf-8")
    boundaries = read_osm(tmp_path / "more.osm").boundaries.set_index("boundary_id")
    assert list(boundaries.index) == ["w42", "w46", "r1", "r5"]
    assert boundaries.geometry["w46"].area == pytest.approx(2 * 0.01**2)


def test_slopes_are_the_areas_of_winter_sports_and_no_lines(tmp_path):
    ways = way(50, RINGS[40], landuse="winter_sports") + way(51, [1, 2, 3], piste__type="downhill")
    (tmp_path / "slopes.osm").write_text(HEAD + NODES + ways + "</osm>\n", encoding="utf-8")
    assert [slope.area for slope in read_osm(tmp_path / "slopes.osm").slopes] == [pytest.approx(0.01**2)]


def test_water_that_cannot_be_waded_is_a_barrier(small):
    water = mark_barriers(read_osm(small).water.to_crs("EPSG:32631")).set_index("water_id")
    # The pond is 0.01 degrees wide, 1.1 km: 123 ha. The culvert runs under ground.
    assert water["is_barrier"].to_dict() == {"w5": True, "w6": False, "w41": True, "w43": True}
    assert water.geometry["w43"].geom_type == "LineString"
    assert water["kind"].to_dict() == {"w5": "river", "w6": "river", "w41": "pond", "w43": "coastline"}


def test_a_small_pond_is_no_barrier(tmp_path):
    file = tmp_path / "pond.osm"
    # 0.0008 degrees are 89 m: 0.8 ha.
    file.write_text(HEAD + square(1, 0, 0, 0.0008) + way(1, [1, 2, 3, 4, 1], natural="water") + "</osm>")
    assert not mark_barriers(read_osm(file).water.to_crs("EPSG:32631"))["is_barrier"].any()


def test_the_study_decides_which_places_are_settlements_and_of_which_tier(small):
    places = read_osm(small, place_words=["town", "village", "locality"]).places
    assert list(places["settlement_id"]) == ["n1", "n6", "n51", "w20"]
    tiers = Tiers(city=("town",), county_seat=("Ville",), town=("locality",), village=("village",))
    assert list(assign_tiers(places, tiers)["tier"]) == ["county_seat", "town", "city", "village"]


def test_every_format_gives_the_same(small, tmp_path):
    gz, bz, pbf = (tmp_path / f"small{end}" for end in (".osm.gz", ".osm.bz2", ".osm.pbf"))
    gz.write_bytes(gzip.compress(SMALL.encode()))
    bz.write_bytes(bz2.compress(SMALL.encode()))
    with osmium.SimpleWriter(str(pbf)) as writer:
        for item in osmium.FileProcessor(str(small)):
            writer.add(item)
    expected = read_osm(small)
    for file in (gz, bz, pbf):
        found = read_osm(file)
        for name in ("places", "facilities", "roads", "boundaries", "water", "counts", "findings"):
            pd.testing.assert_frame_equal(pd.DataFrame(getattr(found, name)), pd.DataFrame(getattr(expected, name)))


def test_nodes_may_come_after_ways_as_overpass_writes_them(small, tmp_path):
    file = tmp_path / "turned.osm"
    file.write_text(HEAD + RELATIONS + WAYS + NODES + "</osm>\n", encoding="utf-8")
    expected, found = read_osm(small), read_osm(file)
    for name in ("places", "facilities", "roads", "boundaries", "water", "counts"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(found, name)), pd.DataFrame(getattr(expected, name)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.osm.pbf", b"", "empty"),
        ("a.osm.pbf", b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        ("a.osm", b"<html><body>Too many requests</body></html>", "web page"),
        ("a.osm.pbf", b"PK\x03\x04 an archive", "no OpenStreetMap pbf"),
        ("a.osm.pbf", b"\x00\x00\x00\x0d garbage garbage garbage", "damaged or truncated"),
        ("a.osm", SMALL[: len(SMALL) // 2].encode(), "damaged or truncated"),
        ("a.osm", b"text", "damaged or truncated"),
        ("a.osm.gz", gzip.compress(SMALL.encode())[:-200], "damaged or truncated"),
        ("a.osm.gz", SMALL.encode(), "no OpenStreetMap osm.gz"),
        ("a.osm.bz2", bz2.compress(SMALL.encode())[:-200], "damaged or truncated"),
        ("a.osm", (HEAD + "</osm>").encode(), "holds no nodes"),
        ("a.geojson", b"{}", "must end in .osm.pbf"),
    ],
)
def test_what_is_no_whole_extract_is_refused_with_a_remedy(tmp_path, name, content, message):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        read_osm(file)
    assert str(file) in str(caught.value)


def test_a_missing_extract_is_named(tmp_path):
    with pytest.raises(SourceError, match="not found"):
        read_osm(tmp_path / "none.osm.pbf")


@pytest.mark.data
def test_a_truncated_extract_yields_an_error_and_no_rows(comoros, tmp_path):
    whole = (comoros / "comoros.osm.pbf").read_bytes()
    file = tmp_path / "cut.osm.pbf"
    for share in (0.1, 0.5, 0.9, 0.999):
        file.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(SourceError, match="damaged or truncated"):
            read_osm(file)
