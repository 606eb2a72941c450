"""Norms in metres take the shortest way, so that a faster but longer road never worsens them."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
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
