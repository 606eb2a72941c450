"""Scenarios on networks whose times are known by arithmetic."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.network.scenarios import Scenario, edit_network, unknown_names
from spatial.network.splitting import split_edges

CRS = "EPSG:32738"


def frame(*rows, crs=CRS):
    return gpd.GeoDataFrame(
        [tags for _, tags in rows], geometry=[shapely.LineString(line) for line, _ in rows], crs=crs
    )


@pytest.fixture
def ladder():
    """Two parallel roads of 10 km, 4 km apart, joined at their western ends; 25 km/h."""
    return build_network(
        frame(
            ([(0, 0), (10_000, 0)], {"road_id": "w1", "road_class": "residential"}),
            ([(0, 4000), (10_000, 4000)], {"road_id": "w2", "road_class": "residential"}),
            ([(0, 0), (0, 4000)], {"road_id": "w3", "road_class": "residential"}),
        )
    )


def node(graph, x, y):
    found = np.flatnonzero(np.hypot(graph.node_x - x, graph.node_y - y) < 0.01)
    assert len(found) == 1
    return int(found[0])


def minutes(graph, start, goal):
    ways = nx.single_source_dijkstra_path_length(graph.to_networkx(), node(graph, *start), weight="time_min")
    return ways.get(node(graph, *goal), np.inf)


def test_an_empty_scenario_is_the_baseline_itself(ladder):
    assert edit_network(ladder) is ladder
    assert (
        edit_network(ladder, speeds={}, close=[], add=gpd.GeoDataFrame(geometry=[], crs=CRS)).forward_min
        is ladder.forward_min
    )
    assert Scenario().apply(ladder) is ladder


def test_a_closed_road_makes_the_way_longer_and_the_baseline_stays(ladder):
    ring = edit_network(ladder, add=frame(([(10_000, 0), (10_000, 4000)], {"speed_km_h": 25.0})))
    # Over w3 4 km, 9.6 min; around over the new road 24 km, 57.6 min.
    assert minutes(ring, (0, 0), (0, 4000)) == pytest.approx(9.6)
    before = ring.forward_min.copy()
    closed = edit_network(ring, close=["w3"])
    assert minutes(closed, (0, 0), (0, 4000)) == pytest.approx(57.6)
    np.testing.assert_array_equal(ring.forward_min, before)
    assert closed.report["scenario"] == {"closed_edges": 1, "closed_km": 4.0}
    assert closed.edge_from is ring.edge_from
    np.testing.assert_array_equal(closed.component, ring.component)


def test_a_way_that_an_extract_cut_to_pieces_is_closed_by_its_own_name_or_a_piece_alone():
    cut = build_network(
        frame(
            ([(0, 0), (4000, 0)], {"road_id": "w1", "road_class": "residential"}),
            ([(4000, 0), (10_000, 0)], {"road_id": "w1-2", "road_class": "residential"}),
            ([(0, 0), (0, 4000)], {"road_id": "R1-2", "road_class": "residential"}),
        )
    )
    for name, closed in (("w1", {"w1", "w1-2"}), ("w1-2", {"w1-2"})):
        assert set(cut.road_id[np.isinf(edit_network(cut, close=[name]).forward_min)]) == closed
    assert unknown_names(cut, ["w1", "R1"]) == ["R1"]


def test_an_area_closes_every_edge_that_touches_it(ladder):
    flood = shapely.box(9000, -100, 11_000, 100)
    for area in (flood, gpd.GeoSeries([flood], crs=CRS), gpd.GeoDataFrame(geometry=[flood], crs=CRS)):
        closed = edit_network(ladder, close=area)
        np.testing.assert_array_equal(np.isinf(closed.forward_min), ladder.road_id == "w1")


def test_speeds_are_given_by_road_or_edge_and_the_edge_prevails(ladder):
    halved = edit_network(ladder, add=frame(([(5000, -1000), (5000, 1000)], {"speed_km_h": 25.0, "road_id": "n"})))
    assert sorted(halved.edge_id[halved.road_id == "w1"]) == ["w1/0.0", "w1/0.1"]
    faster = edit_network(halved, speeds={"w1": 50.0, "w1/0.1": 100.0})
    # 5 km at 50 km/h are 6 min, at 100 km/h 3 min.
    assert minutes(faster, (0, 0), (5000, 0)) == pytest.approx(6.0)
    assert minutes(faster, (5000, 0), (10_000, 0)) == pytest.approx(3.0)
    assert set(faster.speed_source[faster.road_id == "w1"]) == {"stated"}


def test_a_factor_holds_for_all_edges_and_closed_directions_stay_closed():
    graph = build_network(frame(([(0, 0), (5000, 0)], {"road_id": "w1", "oneway": "yes"})))
    fast = edit_network(graph, speeds=1.25)
    # 12 min / 1.25 = 9.6 min.
    np.testing.assert_allclose(fast.forward_min, [9.6])
    assert np.isinf(fast.backward_min).all()
    assert np.isinf(edit_network(graph, speeds={"w1": 90.0}).backward_min).all()


def test_a_new_road_is_joined_where_it_crosses(ladder):
    # Crosses w1 at x = 4000 and ends on w2 there; 60 km/h: 4 km are 4 min.
    added = edit_network(ladder, add=frame(([(4000, -3000), (4000, 4000)], {"speed_km_h": 60.0})))
    assert minutes(added, (4000, 0), (4000, 4000)) == pytest.approx(4.0)
    # From the eastern end of w1: 6 km at 25 km/h, 4 km at 60 km/h, 6 km at 25 km/h.
    assert minutes(added, (10_000, 0), (10_000, 4000)) == pytest.approx(14.4 + 4.0 + 14.4)
    assert added.report["scenario"]["added_km"] == pytest.approx(7.0)
    assert added.report["scenario"]["cut_edges"] == 2
    assert added.report["scenario"]["loose_ends"] == [{"road_id": "new1", "x": 4000.0, "y": -3000.0}]
    assert added.report["edges"] == added.n_edges


def test_ends_reach_nodes_and_edges_within_the_tolerance_inclusive(ladder):
    def joined(gap, tolerance=10.0):
        # From gap metres north of the middle of w1 to gap metres south of the eastern end of w2.
        line = [(5000, gap), (10_000, 4000 - gap)]
        graph = edit_network(ladder, add=frame((line, {"speed_km_h": 60.0})), snap_tolerance_m=tolerance)
        return np.isfinite(minutes(graph, (10_000, 0), (10_000, 4000))) and graph.node_component.max() == 0

    assert joined(0.0)
    assert joined(10.0)
    assert not joined(10.5)
    assert joined(10.5, tolerance=11.0)


def test_an_end_prefers_a_node_over_an_edge_that_is_nearer_and_is_drawn_out_to_it(ladder):
    # 3 m from w1, 5 m from its end; the node is joined: 5 m more.
    added = edit_network(ladder, add=frame(([(9996, 3), (9996, 4000)], {"speed_km_h": 60.0, "road_id": "n"})))
    assert list(added.edge_id[added.road_id == "w1"]) == ["w1/0"]
    assert added.length_m[added.road_id == "n"].sum() == pytest.approx(3997 + 5)


def test_an_end_just_behind_a_crossing_reaches_for_nothing(ladder):
    added = edit_network(ladder, add=frame(([(5000, -4), (5000, 4000)], {"speed_km_h": 60.0, "road_id": "n"})))
    assert added.length_m[added.road_id == "n"].sum() == pytest.approx(4004)
    assert added.n_edges == 3 + 2 + 2  # w1 and w2 in two, the new road in two


def test_a_dead_end_beside_a_new_road_is_joined(ladder):
    # Passes 6 m east of the ends of w1 and w2.
    added = edit_network(ladder, add=frame(([(10_006, -500), (10_006, 4500)], {"speed_km_h": 60.0})))
    assert minutes(added, (10_000, 0), (10_000, 4000)) == pytest.approx(4.0, abs=0.001)


def test_new_roads_meet_each_other(ladder):
    cross = frame(
        ([(2000, 1000), (8000, 1000)], {"speed_km_h": 60.0, "road_id": "a"}),
        ([(5000, 500), (5000, 1500)], {"speed_km_h": 60.0, "road_id": "b"}),
    )
    added = edit_network(ladder, add=cross)
    # 3 km and 0.5 km at 60 km/h.
    assert minutes(added, (2000, 1000), (5000, 1500)) == pytest.approx(3.5)
    assert list(added.edge_id[-4:]) == ["a/0", "a/1", "b/0", "b/1"]
    assert len(added.report["scenario"]["loose_ends"]) == 4


def test_bridges_and_motorways_are_crossed_without_a_junction(ladder):
    line = [(4000, -3000), (4000, 5000)]
    for tags in ({"bridge": "yes"}, {"road_class": "motorway"}):
        over = edit_network(ladder, add=frame((line, {"speed_km_h": 60.0, **tags})))
        assert over.n_edges == 4
        assert not over.is_snappable[-1]


def test_a_new_road_over_an_old_one_joins_where_their_way_begins_and_ends(ladder):
    added = edit_network(ladder, add=frame(([(2000, 0), (8000, 0)], {"speed_km_h": 60.0})))
    # 2 km at 25, 6 km at 60, 2 km at 25 km/h.
    assert minutes(added, (0, 0), (10_000, 0)) == pytest.approx(4.8 + 6.0 + 4.8)


def test_a_new_road_of_a_known_class_has_its_median_speed_and_one_way_is_one_way(ladder):
    added = edit_network(
        ladder, add=frame(([(10_000, 0), (10_000, 4000)], {"road_class": "residential", "oneway": "yes"}))
    )
    assert (added.speed_km_h[-1], added.forward_min[-1], added.backward_min[-1]) == (25.0, 9.6, np.inf)
    assert added.speed_source[-1] == "class"


def test_a_season_holds_before_the_rest():
    graph = build_network(
        frame(
            ([(0, 0), (5000, 0)], {"road_id": "w1", "surface": "dirt"}),
            ([(0, 0), (0, 5000)], {"road_id": "w2", "surface": "dirt"}),
        )
    )
    wet = Scenario("wet", season="wet").apply(graph)
    paved = Scenario("wet and w1 paved", season="wet", speeds={"w1": 50.0}).apply(graph)
    assert (wet.forward_min > graph.forward_min).all()
    np.testing.assert_allclose(paved.forward_min, [6.0, wet.forward_min[1]])


def test_all_faults_are_told_at_once(ladder):
    roads = frame(
        ([(0, 0), (1, 1)], {"road_id": "w1", "road_class": "residential"}),
        ([(0, 0), (1, 1)], {"road_id": "x", "road_class": "primary"}),
        ([(0, 0), (0, 0)], {"road_id": "y", "road_class": "residential", "oneway": "perhaps"}),
        ([(0, 0), (0, 9)], {"road_id": "y", "road_class": "residential"}),
    )
    with pytest.raises(ContractError) as caught:
        edit_network(
            ladder,
            close=["w1", "nope", "w9/0"],
            speeds={"w2": 0.0, "w3": np.nan, "no": 5.0},
            add=roads,
            snap_tolerance_m=-1.0,
        )
    text = str(caught.value)
    for part in (
        "close: the network has no edge or road 'nope', 'w9/0' (2 in all)",
        "not so for 'w2', 'w3'",
        "speeds: the network has no edge or road 'no'",
        "snap_tolerance_m: is -1",
        "road_id: the network has it already, in new roads 'w1'",
        "road_id: repeated, in new roads 'y'",
        "geometry: no line with a length, in new roads 'y'",
        "speed_km_h: state it, since the network has no road of class 'primary' whose speed would do, in new roads 'x'",
        "oneway: must be one of no, yes, -1, in new roads 'y'",
    ):
        assert part in text
    assert len(caught.value.problems) == 9


@pytest.mark.parametrize(
    ("speeds", "close", "says"), [(0.0, (), "factor is 0"), (np.nan, (), "factor is nan"), (None, "w1", "write .'w1'.")]
)
def test_options_that_make_no_sense_are_refused(ladder, speeds, close, says):
    with pytest.raises(ContractError, match=says):
        edit_network(ladder, speeds=speeds, close=close)


def test_another_crs_is_refused(ladder):
    with pytest.raises(CrsError, match="close: the CRS is EPSG:4326"):
        edit_network(ladder, close=gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs="EPSG:4326"))
    with pytest.raises(CrsError, match="new roads: the CRS is EPSG:32739"):
        edit_network(ladder, add=frame(([(0, 0), (1, 1)], {}), crs="EPSG:32739"))


def test_a_new_road_through_a_wall_opens_it(ladder):
    walled = split_edges(ladder, [int(np.flatnonzero(ladder.road_id == "w1")[0])], [0.5], joined=False)
    assert np.isinf(minutes_between(walled, (0, 0), (10_000, 0)))
    opened = edit_network(walled, add=frame(([(5000, -1000), (5000, 1000)], {"speed_km_h": 60.0})))
    assert minutes_between(opened, (0, 0), (10_000, 0)) == pytest.approx(24.0)


def test_a_road_far_from_everything_is_added_and_its_ends_are_loose(ladder):
    added = edit_network(ladder, add=frame(([(900_000, 0), (901_000, 0)], {"speed_km_h": 60.0})))
    assert added.n_edges == ladder.n_edges + 1
    assert added.node_component.max() == 1
    assert len(added.report["scenario"]["loose_ends"]) == 2


def test_a_road_in_parts_and_a_ring_keep_their_lengths(ladder):
    shape = shapely.MultiLineString(
        [[(0, -100), (1000, -100)], [(2000, -100), (3000, -100), (3000, -900), (2000, -100)]]
    )
    roads = gpd.GeoDataFrame({"road_id": ["m"], "speed_km_h": [60.0]}, geometry=[shape], crs=CRS)
    added = edit_network(ladder, add=roads)
    assert added.length_m[added.road_id == "m"].sum() == pytest.approx(shape.length)
    assert list(added.edge_id[-2:]) == ["m/0", "m/1"]


def minutes_between(graph, start, goal):
    """Minutes between nodes of which several may lie in one place."""
    at = [np.flatnonzero(np.hypot(graph.node_x - x, graph.node_y - y) < 0.01) for x, y in (start, goal)]
    ways = nx.multi_source_dijkstra_path_length(graph.to_networkx(), set(at[0].tolist()), weight="time_min")
    return min(ways.get(int(node), np.inf) for node in at[1])


def test_a_node_that_a_wall_leaves_without_edges_is_no_trouble(ladder):
    # The eastern end of w1 is taken off its node, which nothing else uses.
    edge = int(np.flatnonzero(ladder.road_id == "w1")[0])
    alone = split_edges(ladder, [edge], [1.0], joined=False)
    assert alone.n_nodes == ladder.n_nodes + 1
    added = edit_network(alone, add=frame(([(5000, 0), (5000, 4000)], {"speed_km_h": 60.0})))
    assert added.report["component_count"] == 1


def test_factors_hold_by_edge_before_road_before_class(ladder):
    edge = str(ladder.edge_id[ladder.road_id == "w1"][0])
    faster = edit_network(ladder, factors={"residential": 2.0, "w2": 4.0, edge: 5.0}, speeds={"w3": 10.0})
    # 10 km at 25 km/h: 24 min. Stated km/h hold against factors: 4 km at 10 km/h.
    minutes_of = dict(zip(faster.road_id, faster.forward_min, strict=True))
    assert minutes_of == pytest.approx({"w1": 24.0 / 5.0, "w2": 24.0 / 4.0, "w3": 24.0})
    assert faster.report["scenario"]["scaled_edges"] == 2
    with pytest.raises(ContractError, match="no edge or road 'primary'"):
        edit_network(ladder, factors={"primary": 2.0})
    with pytest.raises(ContractError, match="must be above 0, not so for 'w1'"):
        edit_network(ladder, factors={"w1": 0.0})
    assert unknown_names(ladder, ["w1", "w9", "residential", "w9"]) == ["w9", "residential"]
    assert unknown_names(ladder, ["w1", edge, "w9", "residential"], classes=True) == ["w9"]
