"""What must hold of intervals and comparisons on any network."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.access.analyst import cost_to_closest
from spatial.access.scenarios import compare_scenarios
from spatial.access.uncertainty import access_intervals
from spatial.network.build import build_network
from spatial.network.scenarios import Scenario
from spatial.network.speeds import with_season
from spatial.study.access import SnapRules, WalkRange
from tests.effort import tried

CRS = "EPSG:32738"
RULES = SnapRules(min_component_km=0.0)
quick = tried(25)
spots = st.tuples(st.integers(0, 8), st.integers(0, 8))
roads_drawn = st.lists(
    st.tuples(
        st.tuples(spots, spots).filter(lambda ends: ends[0] != ends[1]),
        st.sampled_from(["primary", "residential", "track"]),
        st.sampled_from(["no", "yes", "-1"]),
        st.sampled_from([None, "asphalt", "dirt"]),
    ),
    min_size=2,
    max_size=12,
)
places_drawn = st.lists(st.tuples(st.integers(-5, 85), st.integers(-5, 85)), min_size=1, max_size=7)
modes = st.sampled_from(["drive", "walk"])


def network(drawn, mode="drive"):
    frame = gpd.GeoDataFrame(
        {
            "road_id": [f"w{n}" for n in range(len(drawn))],
            "road_class": [road[1] for road in drawn],
            "oneway": [road[2] for road in drawn],
            "surface": [road[3] for road in drawn],
        },
        geometry=[shapely.LineString(1000.0 * np.array(road[0])) for road in drawn],
        crs=CRS,
    )
    return build_network(frame, mode=mode)


def places(drawn, key, **columns):
    points = [shapely.Point(100.0 * x, 100.0 * y) for x, y in drawn]
    ids = [f"{key[0]}{n}" for n in range(len(points))]
    return gpd.GeoDataFrame({key: ids, **columns}, geometry=points, crs=CRS)


def both(villages, clinics):
    people = 2.0 ** np.arange(len(villages))
    return (
        places(villages, "settlement_id", population_persons=people, in_study=True),
        places(clinics, "facility_id", service="clinic", status="existing"),
    )


@quick
@given(roads_drawn, places_drawn, places_drawn, modes, st.sampled_from(["to_facility", "from_facility"]))
def test_the_assumed_time_lies_in_every_interval_and_the_whole_holds_the_parts(
    drawn, villages, clinics, mode, direction
):
    graph = network(drawn, mode)
    ours, theirs = both(villages, clinics)
    found = access_intervals(
        graph, ours, theirs, service="clinic", cutoffs_min=(10.0, 30.0), wet="wet", rules=RULES, direction=direction
    )
    table = found.table.replace(np.nan, np.inf)
    assert (table["low_min"] <= table["base_min"]).all()
    assert (table["base_min"] <= table["high_min"]).all()
    for factor in ("speed", "walk", "entry", "season"):
        assert (table["low_min"] <= table[f"{factor}_low_min"]).all()
        assert (table[f"{factor}_low_min"] <= table["base_min"]).all()
        assert (table["base_min"] <= table[f"{factor}_high_min"]).all()
        assert (table[f"{factor}_high_min"] <= table["high_min"]).all()
    near = cost_to_closest(graph, ours, theirs, service="clinic", rules=RULES, direction=direction)
    np.testing.assert_array_equal(found.table["base_min"], near["travel_time_min"])
    people = found.people
    total = ours["population_persons"].sum()
    for side in ("low", "base", "high"):
        assert (people[f"within_{side}_persons"] + people[f"beyond_{side}_persons"] == total).all()
    assert (people["class_changes_persons"] == people["within_low_persons"] - people["within_high_persons"]).all()


@quick
@given(roads_drawn, places_drawn, places_drawn, st.floats(0.0, 0.5), st.floats(0.0, 0.4))
def test_wider_ranges_make_wider_intervals_and_no_range_makes_none(drawn, villages, clinics, share, more):
    graph = network(drawn)
    ours, theirs = both(villages, clinics)
    still = WalkRange(walk_km_h=(5.0, 5.0), detour=(1.3, 1.3))
    narrow, wide = (
        access_intervals(graph, ours, theirs, service="clinic", speed_share=value, walk=walk, rules=RULES).table
        for value, walk in ((share, still), (share + more, WalkRange()))
    )
    narrow, wide = (table[["low_min", "high_min"]].fillna(np.inf) for table in (narrow, wide))
    assert (wide["low_min"] <= narrow["low_min"] + 1e-9).all()
    assert (wide["high_min"] >= narrow["high_min"] - 1e-9).all()
    none = access_intervals(graph, ours, theirs, service="clinic", speed_share=0.0, walk=still, rules=RULES).table
    np.testing.assert_array_equal(none["low_min"], none["base_min"])
    np.testing.assert_array_equal(none["speed_high_min"], none["base_min"])
    np.testing.assert_allclose(none["walk_high_min"], none["base_min"], rtol=1e-12)


@quick
@given(roads_drawn, places_drawn, places_drawn, st.randoms(use_true_random=False))
def test_the_order_of_settlements_does_not_matter(drawn, villages, clinics, random):
    graph = network(drawn)
    ours, theirs = both(villages, clinics)
    order = list(range(len(ours)))
    random.shuffle(order)
    wet = with_season(graph, "wet")
    one = access_intervals(graph, ours, theirs, service="clinic", wet=wet, rules=RULES).table
    other = access_intervals(graph, ours.iloc[order], theirs, service="clinic", wet=wet, rules=RULES).table
    assert one.iloc[order].reset_index(drop=True).equals(other)


@quick
@given(
    roads_drawn,
    places_drawn,
    places_drawn,
    st.lists(st.tuples(spots, spots).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=3),
    modes,
)
def test_a_new_road_never_lengthens_a_time_from_door_to_door_and_a_closure_never_shortens_one(
    drawn, villages, clinics, new, mode
):
    graph = network(drawn, mode)
    ours, theirs = both(villages, clinics)
    lines = [shapely.LineString(1000.0 * np.array(line)) for line in new]
    added = gpd.GeoDataFrame({"speed_km_h": 3.0}, index=range(len(lines)), geometry=lines, crs=CRS)
    scenarios = [Scenario("new", add=added), Scenario("closed", close=["w0"] if "w0" in graph.road_id else [])]
    table = compare_scenarios(graph, scenarios, ours, theirs, service="clinic", rules=RULES).replace(np.nan, np.inf)
    is_new = table["scenario"] == "new"
    assert (table.loc[is_new, "after_min"] <= table.loc[is_new, "before_min"] + 1e-9).all()
    assert (table.loc[~is_new, "after_min"] >= table.loc[~is_new, "before_min"]).all()
