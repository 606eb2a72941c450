"""How places are joined after roads changed: one rule for the table of a scenario and for its whole run."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.access.places import minutes_to_closest, pair_up
from spatial.access.scenarios import compare_scenarios
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.graph import TravelGraph
from spatial.network.scenarios import Scenario
from spatial.network.snapping import snap, snap_again
from spatial.network.splitting import split_edges
from spatial.study.access import SnapRules

CRS = "EPSG:32738"
SIDE_M = 30_000.0
FIELDS = ("edge", "fraction", "distance_m", "access_min", "foot_x", "foot_y", "status", "nearest_m")


def roads_of(lines, **columns):
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


def winding(rng, start, end):
    """A line from place to place with bends, so that cuts fall between vertices and on them."""
    start, end = np.array(start), np.array(end)
    steps = np.linspace(0, 1, int(rng.integers(3, 12)))[:, None]
    line = start + steps * (end - start)
    line[1:-1] += rng.normal(0, 0.04 * np.hypot(*(end - start)), (len(line) - 2, 2))
    return line


class County:
    """Roads, villages, clinics and rivers at random, and changes of every kind."""

    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        towns = rng.uniform(0, SIDE_M, (14, 2))
        pairs = [(a, b) for a in range(14) for b in range(a) if rng.random() < 0.3]
        n = len(pairs)
        self.roads = roads_of(
            [winding(rng, towns[a], towns[b]) for a, b in pairs],
            road_id=[f"w{number}" for number in range(n)],
            road_class=rng.choice(["tertiary", "residential", "track", "secondary"], n),
            oneway=rng.choice(["no", "no", "no", "yes", "-1"], n),
            bridge=np.where(rng.random(n) < 0.1, "yes", None),
        )
        near = towns[rng.integers(0, 14, 60)] + rng.normal(0, 1500, (60, 2))
        places = np.vstack((near, rng.uniform(-4000, SIDE_M + 4000, (40, 2))))
        self.villages = gpd.GeoDataFrame(
            {"settlement_id": [f"s{number:03d}" for number in range(100)], "population_persons": 10.0},
            geometry=gpd.points_from_xy(*places.T),
            crs=CRS,
        )
        self.clinics = gpd.GeoDataFrame(
            {"facility_id": ["a", "b", "c"], "service": "clinic", "status": "existing"},
            geometry=gpd.points_from_xy(*(towns[:3] + rng.normal(0, 300, (3, 2))).T),
            crs=CRS,
        )
        self.rivers = gpd.GeoSeries(
            [shapely.LineString(winding(rng, *rng.uniform(0, SIDE_M, (2, 2)))) for _ in range(2)], crs=CRS
        )

    def new_roads(self):
        rng, villages = self.rng, np.column_stack((self.villages.geometry.x, self.villages.geometry.y))
        ends = [
            villages[rng.integers(0, 100, 2)],
            [villages[0], villages[0] + (300.0, 200.0)],
            np.array(rng.uniform(0, SIDE_M, (2, 2))),
            [villages[1] + 100.0, self.clinic_xy()],
        ]
        return roads_of(
            [winding(rng, *pair) for pair in ends],
            road_id=[f"n{number}" for number in range(len(ends))],
            road_class="secondary",
            speed_km_h=rng.choice([10.0, 40.0, 80.0], len(ends)),
            oneway=rng.choice(["no", "yes"], len(ends)),
        )

    def clinic_xy(self):
        point = self.clinics.geometry.iloc[int(self.rng.integers(0, 3))]
        return np.array([point.x, point.y])

    def scenarios(self):
        ids = self.roads["road_id"].tolist()
        closed = self.rng.choice(ids, len(ids) // 3, replace=False).tolist()
        faster = {"tertiary": 1.5, "residential": 0.7}
        new = self.new_roads()
        return [
            Scenario("road", add=new),
            Scenario("closed", close=closed),
            Scenario("faster", factors=faster),
            Scenario("all", close=closed, factors=faster, add=new, snap_tolerance_m=200.0),
            Scenario("wet", season="wet", add=new),
            Scenario("nothing"),
        ]

    def graph(self, mode):
        if mode != "walk+drive":
            return build_network(self.roads, mode=mode)
        return combine_networks(build_network(self.roads, mode="walk"), build_network(self.roads))


def read_back(graph):
    """As a run has it: written as tables, and read again."""
    return TravelGraph.from_frames(*graph.to_frames(), mode=graph.mode)


def of_the_run(graph, county, rules, barriers):
    pairing = pair_up(graph, county.villages, county.clinics, service="clinic", rules=rules, barriers=barriers)
    found = minutes_to_closest(graph, pairing.snaps, direction="to_facility", barriers=barriers)
    return np.where(np.isfinite(found), found, np.nan)[pairing.back]


TRIED = {("drive", 0), ("drive", 3), ("walk", 4), ("walk+drive", 6)}
"""Of the counties below; `make trials` tries them all."""
COUNTIES = [*(("drive", seed) for seed in range(4)), ("walk", 4), ("walk", 5), ("walk+drive", 6), ("walk+drive", 7)]


@pytest.mark.parametrize(
    ("mode", "seed"),
    [county if county in TRIED else pytest.param(*county, marks=pytest.mark.trial) for county in COUNTIES],
)
def test_the_run_of_a_scenario_has_exactly_the_times_of_its_table(mode, seed):
    county = County(seed)
    graph = county.graph(mode)
    scenarios = county.scenarios()
    for rules, barriers in ((SnapRules(candidates=2), None), (SnapRules(max_snap_m=9000.0), county.rivers)):
        table = compare_scenarios(
            graph, scenarios, county.villages, county.clinics, service="clinic", rules=rules, barriers=barriers
        )
        for scenario in scenarios:
            rows = table.loc[table["scenario"] == scenario.name]
            after = of_the_run(read_back(scenario.apply(graph)), county, rules, barriers)
            np.testing.assert_array_equal(after, rows["after_min"], err_msg=scenario.name)
            assert np.isfinite(after).sum() > 20
            if scenario.name in {"road", "nothing"}:
                worse = ~(rows["after_min"] <= rows["before_min"] + 1e-9) & rows["before_min"].notna()
                assert not worse.any()
        same = table.loc[table["scenario"] == "nothing"]
        np.testing.assert_array_equal(same["after_min"], same["before_min"])
        changed = table.loc[table["scenario"] == "road"]
        assert (changed["after_min"] < changed["before_min"] - 1.0).any()


@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.trial)])
def test_joining_again_over_what_changed_is_joining_anew(seed):
    county = County(seed)
    for mode in ("drive", "walk+drive"):
        graph = county.graph(mode)
        for scenario in county.scenarios():
            split = scenario.apply_with_account(graph)
            rules, barriers = SnapRules(candidates=3, max_snap_m=6000.0), county.rivers
            points = county.villages.geometry
            before = snap(graph, points, rules, barriers=barriers)
            again = snap_again(graph, split, before, points, rules, barriers=barriers)
            anew = snap(split.graph, points, rules, barriers=barriers)
            width = min(again.candidates, anew.candidates)
            for name in FIELDS:
                one, other = getattr(again, name), getattr(anew, name)
                if one.ndim == 2:
                    one, other = one[:, :width], other[:, :width]
                if name == "nearest_m":
                    np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
                else:
                    np.testing.assert_array_equal(one, other, err_msg=f"{scenario.name} {name}")
            for rest in (again, anew):
                assert (rest.edge[:, width:] < 0).all()


@pytest.mark.parametrize("seed", range(2))
def test_places_keep_every_way_in_that_they_had(seed):
    county = County(seed)
    graph = county.graph("drive")
    points = county.villages.geometry
    before = snap(graph, points, candidates=3)
    after = snap(read_back(Scenario("road", add=county.new_roads()).apply(graph)), points, candidates=3)
    for feet, now in zip(before.distance_m, after.distance_m, strict=True):
        for metres in feet[np.isfinite(feet)]:
            assert np.abs(now - metres).min() < 1e-6


def test_a_road_in_pieces_is_one_way_in_and_the_next_road_stays():
    # Two roads east to west, 100 m and 900 m from the village; the clinic is on the second alone, 10 km to the east.
    lines = [[(-20_000, 100), (20_000, 100)], [(-20_000, -900), (20_000, -900)]]
    graph = build_network(roads_of(lines, road_id=["near", "far"]))
    village = gpd.GeoSeries([shapely.Point(0, 0)], crs=CRS)
    # Eight lanes that cross the near road beside the village and lead nowhere.
    lanes = roads_of(
        [[(50.0 * k, 90), (50.0 * k, 110)] for k in range(-4, 4)], road_id=list("stuvwxyz"), speed_km_h=25.0
    )
    edited = read_back(Scenario("lanes", add=lanes).apply(graph))
    found = snap(edited, village, candidates=2)
    assert {"near", "far"} <= set(edited.road_id[found.edge[found.edge >= 0]])
    assert (edited.road_id[found.edge[0]] == "near").sum() == 1
    clinic = snap(edited, gpd.GeoSeries([shapely.Point(10_000, -900)], crs=CRS), candidates=2)
    # 900 m at 5 km/h with a detour of 1.3: 14.04 min; 10 km at 25 km/h: 24 min.
    assert minutes_to_closest(edited, (found, clinic), direction="to_facility")[0] == pytest.approx(38.04)


def test_a_village_behind_a_closed_bridge_walks_to_a_new_road_past_the_roads_that_lead_nowhere():
    # An island of four lanes by the village, whose one way off is closed; the new road passes 2 km to the north.
    lanes = [[(100.0 * k, 0), (100.0 * k, 1500)] for k in range(4)]
    bridge = [(0, 0), (0, -5000), (20_000, -5000)]
    graph = build_network(roads_of([*lanes, [(0, 0), (300, 0)], bridge], road_id=["a", "b", "c", "d", "e", "bridge"]))
    road = roads_of([[(-100, 3500), (20_000, 3500), (20_000, -5000)]], road_id=["new"], speed_km_h=60.0)
    scenario = Scenario("plan", close=["bridge"], add=road)
    village = gpd.GeoSeries([shapely.Point(0, 1500)], crs=CRS)
    clinic = gpd.GeoSeries([shapely.Point(20_000, -5000)], crs=CRS)
    edited = read_back(scenario.apply(graph))
    snaps = [snap(edited, places, candidates=3) for places in (village, clinic)]
    # 2 km on foot with a detour of 1.3 at 5 km/h: 31.2 min; 20 + 8.5 km at 60 km/h: 28.5 min.
    assert minutes_to_closest(edited, tuple(snaps), direction="to_facility")[0] == pytest.approx(59.7)


def test_what_edges_were_survives_cuts_and_further_roads():
    county = County(3)
    graph = county.graph("drive")
    assert graph.before is None
    edited = Scenario("road", add=county.new_roads()).apply(graph)
    np.testing.assert_allclose(
        np.bincount(edited.before.edge[edited.before.edge >= 0], weights=edited.length_m[edited.before.edge >= 0]),
        graph.length_m,
    )
    cut = split_edges(edited, np.arange(edited.n_edges), np.full(edited.n_edges, 0.5))
    np.testing.assert_array_equal(cut.before.edge, np.repeat(edited.before.edge, 2))
    more = roads_of([[(0, 0), (SIDE_M, SIDE_M)]], road_id=["more"], speed_km_h=30.0)
    both = Scenario("more", add=more).apply(edited)
    assert (both.before.edge[both.road_id == "more"] == -1).all()
    assert set(both.before.edge) == set(edited.before.edge)
    again = read_back(both)
    np.testing.assert_array_equal(again.before.edge, both.before.edge)
    np.testing.assert_array_equal(again.before.component_km, both.before.component_km)


def test_a_new_road_that_cuts_one_direction_of_a_road_leaves_places_both_ways():
    lines = [[(0, 0), (10_000, 0)], [(10_000, 0), (10_000, 8000)], [(10_000, 0), (20_000, 0)]]
    roads = roads_of(lines, road_id=["w1", "w2", "w3"], road_class="tertiary")
    turns = gpd.GeoDataFrame(
        {"turn_id": ["a"], "kind": ["no"], "from_road_id": ["w1"], "to_road_id": ["w2"]},
        geometry=[shapely.Point(10_000, 0)],
        crs=CRS,
    )
    graph = build_network(roads, turns=turns)
    assert (graph.edge_twin >= 0).any()
    lane = roads_of([[(4000, 0), (4000, 3000)]], road_id=["lane"], speed_km_h=5.0)
    edited = read_back(Scenario("lane", add=lane).apply(graph))
    assert "w1/0.1" in set(edited.edge_id)
    village = gpd.GeoSeries([shapely.Point(5000, 0), shapely.Point(3000, 0)], crs=CRS)
    for goal in ((0, 0), (20_000, 0), (10_000, 8000)):
        clinic = gpd.GeoSeries([shapely.Point(goal)], crs=CRS)
        before, after = (
            minutes_to_closest(net, (snap(net, village), snap(net, clinic)), direction="to_facility")
            for net in (graph, edited)
        )
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-9)
        back = [
            minutes_to_closest(net, (snap(net, village), snap(net, clinic)), direction="from_facility")
            for net in (graph, edited)
        ]
        np.testing.assert_allclose(back[1], back[0], rtol=0, atol=1e-9)
