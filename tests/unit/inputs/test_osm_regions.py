"""The reader against the counts that are known of two real regions."""

from __future__ import annotations

import pytest

from spatial.inputs.osm import OsmExtract, read_osm

pytestmark = pytest.mark.data

COMOROS = {
    "nodes": 536_714, "ways": 86_666, "highway ways": 4_378,
    "highway=residential": 3_084, "highway=track": 254, "highway=tertiary": 251, "highway=service": 222,
    "highway=unclassified": 164, "highway=secondary": 126, "highway=path": 115, "highway=primary": 49,
    "place=city": 3, "place=town": 22, "place=village": 126, "place=hamlet": 3,
    "amenity=hospital": 28, "amenity=clinic": 8, "amenity=doctors": 3, "amenity=pharmacy": 24, "amenity=school": 82,
    "amenity=kindergarten": 5, "amenity=college": 9, "amenity=post_office": 14, "amenity=bank": 17,
    "amenity=marketplace": 32, "boundaries admin_level=4": 3, "boundaries admin_level=8": 13, "ferries": 3,
    "settlements from areas": 7, "settlements without a name": 18, "population tags unreadable": 2,
}  # fmt: skip
RUTLAND = {
    "nodes": 170_885, "ways": 16_730, "highway ways": 6_665,
    "place=town": 2, "place=village": 52, "place=hamlet": 9,
    "amenity=school": 27, "amenity=kindergarten": 4, "amenity=pharmacy": 5, "amenity=doctors": 3, "amenity=clinic": 2,
    "amenity=hospital": 1, "amenity=dentist": 4, "amenity=social_facility": 9, "social_facility=assisted_living": 8,
    "amenity=post_office": 6, "amenity=bank": 4, "amenity=library": 4, "shop=convenience": 18, "shop=supermarket": 7,
    "highway=bus_stop (nodes)": 25, "boundaries admin_level=10": 57, "boundaries admin_level=6": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def islands(comoros) -> OsmExtract:
    return read_osm(comoros / "comoros.osm.pbf")


@pytest.fixture(scope="module")
def county(rutland) -> OsmExtract:
    return read_osm(rutland / "rutland.osm.pbf")


def counts_of(extract: OsmExtract, expected: dict[str, int]) -> dict[str, int]:
    counts = extract.counts.set_index("item")["number"]
    return {item: int(counts.get(item, 0)) for item in expected}


def test_counts_of_comoros_are_those_known(islands):
    assert counts_of(islands, COMOROS) == COMOROS


def test_counts_of_rutland_are_those_known(county):
    assert counts_of(county, RUTLAND) == RUTLAND


def test_settlements_of_comoros_are_154_nodes_and_7_areas(islands):
    assert len(islands.places) == 154 + 7
    # Of 13 areas the other six are held by nodes: five villages and a town.
    held = islands.findings[islands.findings["kind"] == "place_area"]
    assert len(held) == 6
    named = islands.places["name"].dropna()
    assert named[islands.places["settlement_id"].str.startswith("n")].duplicated(keep=False).any()


def test_islets_are_parts_of_their_commune(islands):
    communes = islands.boundaries[islands.boundaries["admin_level"] == 8].set_index("name")
    assert set(communes.index) == {"Djando", "Fomboni", "M'lédjélé", "Moili Mdjini", "Moimbao", "Moimbassa"}
    assert len(communes) == 6
    assert len(communes.geometry["Djando"].geoms) == 7
    assert islands.boundaries.geometry.is_valid.all()


def test_roads_carry_a_node_for_every_vertex(islands):
    assert len(islands.roads) == 4_378 + 3
    assert islands.roads["road_id"].is_unique
    vertices = islands.roads.geometry.count_coordinates()
    assert [len(nodes) for nodes in islands.roads["node_ids"]] == vertices.tolist()


def test_most_roads_of_both_regions_have_no_surface(islands, county):
    # 91 % and 84 % of the motorable ways: here all classes but ferries, paths and the like.
    foot = ["path", "footway", "steps", "ferry", "bridleway", "cycleway", "pedestrian", "corridor"]
    for extract, share in ((islands, 0.91), (county, 0.84)):
        roads = extract.roads[~extract.roads["road_class"].isin(foot)]
        assert roads["surface"].isna().mean() == pytest.approx(share, abs=0.02)


def test_speeds_of_rutland_are_tagged_in_miles(county):
    tagged = county.roads["maxspeed"].dropna()
    assert len(tagged) == 554
    assert tagged.str.contains("mph").mean() > 0.95


def test_rutlands_osteopath_and_physiotherapist_are_no_primary_care(county):
    practices = county.facilities[county.facilities["service"] == "private_practice"]
    assert {"Rutland Osteopaths", "The Rutland Physiotheraphy Clinic"} <= set(practices["name"].dropna())
    doctors = county.facilities[county.facilities["service"].isin(["primary_care", "health_centre"])]
    assert set(doctors["name"]) == {"Oakham Medical Practice", "Uppingham Surgery"}


def test_rutlands_hospital_is_no_emergency_hospital(county):
    assert (county.facilities["service"] == "hospital").sum() == 1
    assert (county.facilities["service"] == "emergency_hospital").sum() == 0
