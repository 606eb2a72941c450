"""Norms in metres take the shortest way, so that a faster but longer road never worsens them."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
from spatial.norms.measuring import AccessLookup, read_access
from spatial.planning.agenda import service_norm
from spatial.study.access import SnapRules
from spatial.tables import TABLES
from tests.effort import tried

CRS = "EPSG:32738"
X, Y = 400_000, 8_000_000
SERVICES = {"clinic": frozenset({"clinic"})}
RULES = AccessRules(shortest=frozenset(SERVICES), snap=SnapRules(candidates=32, min_component_km=0.0))


def _places(points, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapely.points(np.asarray(points, dtype=float)), crs=CRS)


def _access(lines, classes, villages, clinics) -> pd.DataFrame:
    roads = gpd.GeoDataFrame(
        {"road_id": [f"r{at}" for at in range(len(lines))], "road_class": classes}, geometry=lines, crs=CRS
    )
    count = len(villages)
    people = _places(
        villages, settlement_id=[f"v{at}" for at in range(count)], tier="village", in_study=True, population_persons=1.0
    )
    offered = _places(
        clinics, facility_id=[f"c{at}" for at in range(len(clinics))], service="clinic", status="existing"
    )
    found = access_table(sp.build_network(roads), people, offered, services=SERVICES, rules=RULES).access
    return found[found["service"] == "clinic"].set_index("settlement_id")


def test_a_trunk_road_around_is_faster_and_the_lane_shorter():
    ends = (X, Y), (X + 10_000, Y)
    lane = shapely.LineString(ends)
    trunk = shapely.LineString([ends[0], (X + 5_000, Y + 6_000), ends[1]])
    before = _access([lane], ["track"], [ends[0]], [ends[1]]).loc["v0"]
    after = _access([lane, trunk], ["track", "trunk"], [ends[0]], [ends[1]]).loc["v0"]
    assert after["travel_time_min"] < before["travel_time_min"]
    assert after["network_distance_m"] > before["network_distance_m"] + 5_000
    assert before["shortest_distance_m"] == after["shortest_distance_m"] == 10_000.0


@tried(25)
@given(st.integers(0, 10_000), st.sampled_from(["track", "residential", "trunk"]))
def test_another_road_never_lengthens_the_shortest_way(seed, road_class):
    rng = np.random.default_rng(seed)
    spots = rng.random((8, 2)) * 9_000 + [X, Y]
    pairs = [(at, at + 1) for at in range(7)] + [tuple(rng.choice(8, 2, replace=False)) for _ in range(3)]
    lines = [shapely.LineString(spots[list(pair)]) for pair in pairs]
    classes = rng.choice(["track", "residential", "trunk"], len(lines)).tolist()
    around = shapely.LineString([spots[0], rng.random(2) * 9_000 + [X, Y], spots[7]])
    before = _access(lines, classes, spots[:6], spots[6:])
    after = _access([*lines, around], [*classes, road_class], spots[:6], spots[6:])
    assert (after["shortest_distance_m"] <= before["shortest_distance_m"] + 1e-6).all()
    for found in (before, after):
        assert (found["shortest_distance_m"] <= found["network_distance_m"]).all()
        assert (found["shortest_distance_m"] >= found["straight_distance_m"] - 1e-3).all()


def test_a_study_has_the_column_where_a_norm_asks_for_it(tiny):
    tiny.tables["norms"] = {"only": ["CN-URB-PRIM"]}
    tiny.tables["network"] |= {"modes": ["drive", "walk"]}
    assert tiny.run("--stage", "norms").code == 0
    found = sp.read_results(tiny.processed / "tiny")
    TABLES["access"].check(found.access)
    known = found.access.groupby("service")["shortest_distance_m"].count()
    assert known["primary_school"] > 0
    assert known["hospital"] == 0


def test_what_takes_too_long_may_be_near_enough_by_road():
    # 3.9 km of road, 46.8 minutes on foot, where 45 minutes is the longest time: within 4 km, and not within 3.5.
    ends = (X, Y), (X + 3_900, Y)
    roads = gpd.GeoDataFrame(
        {"road_id": ["lane"], "road_class": ["residential"]}, geometry=[shapely.LineString(ends)], crs=CRS
    )
    people = _places([ends[0]], settlement_id=["v0"], tier="village", in_study=True, population_persons=10.0)
    offered = _places([ends[1]], facility_id=["c0"], service="clinic", status="existing")
    rules = RULES.model_copy(update={"max_time_min": 45.0})
    lane = sp.build_network(roads, mode="walk")
    found = access_table(lane, people, offered, services=SERVICES, rules=rules).access
    way = found[found["service"] == "clinic"].iloc[0]
    assert (way["reach_status"], way["shortest_distance_m"]) == ("beyond_cutoff", 3_900.0)
    norms = [replace(service_norm("clinic", "walk", far), metric="network_dist_m") for far in (4_000.0, 3_500.0)]
    for table, expected in ((found, [1.0, 0.0]), (found.drop(columns="shortest_distance_m"), [np.nan, 0.0])):
        lookup = AccessLookup(table, pd.Index(["v0"]))
        judged = [read_access(norm, "clinic", lookup, max_time_min=45.0).mapped[0] for norm in norms]
        np.testing.assert_array_equal(judged, expected)
