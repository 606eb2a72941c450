"""Nearest places door to door, on networks whose times are known by arithmetic."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.errors import NetworkError
from spatial.network import matrix
from spatial.network.build import build_network
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest, node_labels
from spatial.network.snapping import snap

CRS = "EPSG:32738"
N = 7


def network(*rows, **options):
    frame = [{"road_id": f"w{n}", "road_class": "residential", **tags} for n, (_, tags) in enumerate(rows)]
    lines = [shapely.LineString(line) for line, _ in rows]
    return build_network(gpd.GeoDataFrame(frame, geometry=lines, crs=CRS), **options)


def points(*xy):
    return gpd.GeoSeries([shapely.Point(p) for p in xy], crs=CRS)


def pair(graph, start, goal, **options):
    """Minutes from one point to another, by both engines, which must agree; inf where there is no way."""
    snaps = snap(graph, points(start), **options), snap(graph, points(goal), **options)
    found = nearest(graph, *snaps, k=1).travel_time_min[0, 0]
    _, _, minutes, _ = times_matrix(graph, *snaps)
    assert found == pytest.approx(minutes[0] if len(minutes) else np.inf, abs=1e-9)
    return found


@pytest.fixture(scope="module")
def grid_city():
    """Streets of 25 km/h every kilometre, 6 km by 6 km: 2.4 min a block."""
    rows = [([(x * 1000, y * 1000) for x in range(N)], {}) for y in range(N)]
    rows += [([(x * 1000, y * 1000) for y in range(N)], {}) for x in range(N)]
    return network(*rows)


def test_in_the_grid_city_every_block_takes_as_long(grid_city):
    places = points(*((x * 1000, y * 1000) for y in range(N) for x in range(N)))
    corner = points((0, 0))
    found = nearest(grid_city, snap(grid_city, places), snap(grid_city, corner), k=1)
    expected = [2.4 * (x + y) for y in range(N) for x in range(N)]
    np.testing.assert_allclose(found.travel_time_min[:, 0], expected, atol=1e-9)
    np.testing.assert_allclose(found.network_distance_m[:, 0], [1000 * t / 2.4 for t in expected], atol=1e-6)


def test_the_walk_counts_at_both_ends(grid_city):
    # 100 m of walk at each end: 2 x 100 x 1.3 / 5000 x 60 = 3.12 min; from (500, 0) to (2500, 0): 2 km, 4.8 min.
    assert pair(grid_city, (500, 100), (2500, -100)) == pytest.approx(3.12 + 4.8)


def test_the_line_of_a_way_turns_where_its_roads_meet():
    # Three roads after each other, and one aside from either place where two of them meet.
    corners = [(0, 0), (6000, 8000), (16_000, 8000), (22_000, 0)]
    roads = [(corners[0:2], {}), (corners[1:3], {}), (corners[2:4], {})]
    graph = network(*roads, *(([(x, 8000), (x, 18_000)], {}) for x in (6000, 16_000)))
    found = nearest(graph, snap(graph, points((600, 800))), snap(graph, points((21_400, 800))), k=1)
    way = [(600, 800), (6000, 8000), (16_000, 8000), (21_400, 800)]
    np.testing.assert_allclose(shapely.get_coordinates(found.routes().line[0].simplify(0.001)), way, atol=1e-6)


def test_the_best_way_in_decides_not_the_nearest():
    # The near road leads away and around: 2 x 4 km + 1 km at 25 km/h; the far one leads straight there.
    graph = network(
        ([(0, 0), (-4000, 0), (-4000, 1000), (1000, 1000)], {}),
        ([(0, 300), (1000, 300), (1000, 1000)], {"road_class": "primary"}),
    )
    # Over w1: 300 m of walk, 4.68 min; then 1000 + 700 m at 65 km/h.
    assert pair(graph, (0, 0), (1000, 1000)) == pytest.approx(300 * 1.3 * 0.012 + 1.7 / 65 * 60)
    assert pair(graph, (0, 0), (1000, 1000), candidates=1) == pytest.approx(10.0 / 25 * 60)


def test_two_places_on_one_edge_go_along_it_and_not_over_its_ends():
    graph = network(([(0, 0), (10_000, 0)], {}))
    assert pair(graph, (4000, 0), (5000, 0)) == pytest.approx(2.4)
    assert pair(graph, (5000, 0), (4000, 0)) == pytest.approx(2.4)
    assert pair(graph, (5000, 0), (5000, 0)) == 0.0


def test_two_places_on_one_oneway_edge_go_around_against_its_direction():
    graph = network(([(0, 0), (10_000, 0)], {"oneway": "yes"}), ([(10_000, 0), (10_000, 1000), (0, 1000), (0, 0)], {}))
    assert pair(graph, (4000, 0), (5000, 0), candidates=1) == pytest.approx(2.4)
    # 5 km on, 12 km around and 4 km in: 21 km at 25 km/h.
    assert pair(graph, (5000, 0), (4000, 0), candidates=1) == pytest.approx(21 / 25 * 60)


def test_direction_matters_on_oneway_roads():
    graph = network(
        ([(0, 0), (6000, 0)], {"oneway": "yes"}), ([(6000, 0), (6000, 3000), (0, 3000), (0, 0)], {"oneway": "yes"})
    )
    home, clinic = (snap(graph, points(p), candidates=1) for p in ((1000, 0), (2000, 0)))
    assert nearest(graph, home, clinic, k=1).travel_time_min[0, 0] == pytest.approx(2.4)
    back = nearest(graph, home, clinic, k=1, direction="from_facility")
    # From the clinic to the home: 4 km on, 12 km around, 1 km in.
    assert back.travel_time_min[0, 0] == pytest.approx(17 / 25 * 60)
    assert back.routes().edge_ids() == [["w0/0", "w1/0", "w0/0"]]
    assert back.routes().line[0].coords[0] == (2000.0, 0.0)


def test_nothing_is_reached_across_the_sea_without_a_ferry():
    rows = (
        ([(0, 0), (6000, 0)], {}),
        ([(6000, 0), (46_000, 0)], {"road_class": "ferry"}),
        ([(46_000, 0), (52_000, 0)], {}),
    )
    for mode in ("drive", "walk"):
        graph = network(*rows, mode=mode)
        found = nearest(graph, snap(graph, points((1000, 0))), snap(graph, points((50_000, 0), (2000, 0))), k=2)
        assert found.destination[0].tolist() == [1, -1]
        assert found.travel_time_min[0, 1] == np.inf
        assert np.isnan(found.access_leg_min[0, 1])
        assert found.routes(rank=1).line.tolist() == [None], "there is no way to follow"
        assert np.isfinite(pair(network(*rows, mode=mode, ferries=True), (1000, 0), (50_000, 0)))


def test_k_destinations_are_different_even_where_one_has_many_ways_in(grid_city):
    origin = snap(grid_city, points((3000, 3000)))
    clinics = snap(grid_city, points((3000, 2900), (0, 0), (6000, 3000)))
    found = nearest(grid_city, origin, clinics, k=3)
    assert found.destination[0].tolist() == [0, 2, 1]
    # 100 m, 3 blocks and 6 blocks.
    np.testing.assert_allclose(found.travel_time_min[0], [0.24, 7.2, 14.4], atol=1e-9)


def test_equal_times_go_to_the_lower_position(grid_city):
    origin = snap(grid_city, points((3000, 3000)))
    around = [(4000, 3000), (2000, 3000), (3000, 4000), (3000, 2000), (4000, 3000)]
    found = nearest(grid_city, origin, snap(grid_city, points(*around)), k=5)
    assert found.destination[0].tolist() == [0, 1, 2, 3, 4]
    assert nearest(grid_city, origin, snap(grid_city, points(*around)), k=2).destination[0].tolist() == [0, 1]


def test_the_longest_time_is_inclusive(grid_city):
    origin, clinic = snap(grid_city, points((0, 0))), snap(grid_city, points((1000, 0)))
    exactly = nearest(grid_city, origin, clinic, k=1).travel_time_min[0, 0]
    assert nearest(grid_city, origin, clinic, k=1, max_time_min=exactly).destination[0, 0] == 0
    assert nearest(grid_city, origin, clinic, k=1, max_time_min=np.nextafter(exactly, 0)).destination[0, 0] == -1
    assert len(times_matrix(grid_city, origin, clinic, cutoff_min=exactly)[0]) == 1
    assert len(times_matrix(grid_city, origin, clinic, cutoff_min=np.nextafter(exactly, 0))[0]) == 0


def test_places_that_are_not_snapped_reach_nothing_by_car(grid_city):
    found = nearest(grid_city, snap(grid_city, points((90_000, 0))), snap(grid_city, points((0, 0))), k=1)
    assert (found.destination[0, 0], found.travel_time_min[0, 0]) == (-1, np.inf)


def test_no_destinations_and_no_origins_are_no_error(grid_city):
    for graph in (grid_city, network(([(0, 0), (6000, 0)], {}), mode="walk")):
        some, none = snap(graph, points((0, 0))), snap(graph, points())
        assert nearest(graph, some, none).destination.tolist() == [[-1, -1]]
        assert nearest(graph, none, some).destination.shape == (0, 2)
        assert len(times_matrix(graph, some, none)[0]) == 0
        assert len(times_matrix(graph, none, some)[0]) == 0


def test_walkers_may_leave_the_network_for_the_direct_line():
    # A road in a wide bend: 9 km of walking at 5 km/h against 1 km x 1.3 straight across.
    graph = network(([(0, 0), (0, 4000), (1000, 4000), (1000, 0)], {}), mode="walk")
    assert pair(graph, (0, 0), (1000, 0)) == pytest.approx(1.3 / 5 * 60)
    found = nearest(graph, snap(graph, points((0, 0))), snap(graph, points((1000, 0))), k=1)
    assert found.is_direct[0, 0]
    assert found.routes().edge_ids() == [[]]
    assert list(found.routes().line[0].coords) == [(0.0, 0.0), (1000.0, 0.0)]
    assert found.access_leg_min[0, 0] == pytest.approx(15.6)
    assert (found.network_leg_min[0, 0], found.egress_leg_min[0, 0]) == (0.0, 0.0)
    assert found.network_distance_m[0, 0] == pytest.approx(1300.0)


def test_walkers_do_not_cross_a_barrier_and_drivers_never_leave_the_network():
    rows = ([(0, 0), (0, 4000), (1000, 4000), (1000, 0)], {})
    river = gpd.GeoSeries([shapely.LineString([(500, -9000), (500, 3000)])], crs=CRS)
    graph = network(rows, mode="walk")
    snaps = snap(graph, points((0, 0))), snap(graph, points((1000, 0)))
    around = 9 / 5 * 60
    assert nearest(graph, *snaps, k=1, direct_barriers=river).travel_time_min[0, 0] == pytest.approx(around)
    assert times_matrix(graph, *snaps, direct_barriers=river)[2][0] == pytest.approx(around)
    assert pair(network(rows), (0, 0), (1000, 0)) == pytest.approx(9 / 25 * 60)


def test_a_place_without_a_road_may_walk_to_what_is_near():
    graph = network(([(0, 0), (6000, 0)], {}), mode="walk")
    far, goals = snap(graph, points((0, 9000))), snap(graph, points((0, 12_000), (0, 4000), (0, 4100)))
    found = nearest(graph, far, goals, k=2)
    # 3 km and 4.9 km straight; 5 km exactly is still near, and 4 km away are two more than a place in reach.
    assert far.status.tolist() == ["far"]
    assert found.destination[0].tolist() == [0, 2]
    np.testing.assert_allclose(found.travel_time_min[0], [3 * 1.3 * 12, 4.9 * 1.3 * 12])


def test_places_of_another_network_are_refused(grid_city):
    here, small = snap(grid_city, points((6000, 6000))), network(([(0, 0), (6000, 0)], {}))
    for engine in (nearest, times_matrix):
        with pytest.raises(NetworkError, match="another network"):
            engine(small, here, here)
    with pytest.raises(NetworkError, match="another network"):
        node_labels(small, here)


def test_labels_of_nodes_name_the_nearest_destination(grid_city):
    label, minutes = node_labels(grid_city, snap(grid_city, points((0, 0), (6000, 6000))))
    steps = (grid_city.node_x + grid_city.node_y) / 1000
    np.testing.assert_allclose(minutes, 2.4 * np.minimum(steps, 12 - steps), atol=1e-9)
    assert set(label[steps < 6]) == {0}
    assert set(label[steps > 6]) == {1}
    # On the diagonal both are as far, and the lower position wins - as long as rounding leaves them equal.
    assert minutes[steps == 6] == pytest.approx(14.4)


@pytest.mark.parametrize("oneway", ["yes", "-1"])
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_place_at_the_very_end_of_a_oneway_road_stands_on_the_node(oneway, end):
    graph = network(
        ([(0, 0), (6000, 0)], {"oneway": oneway}), ([(0, 0), (0, 3000)], {}), ([(6000, 0), (6000, 3000)], {})
    )
    foot = snap(graph, points((6000 * end, 0)), candidates=1)
    place = replace(foot, edge=np.array([[0]]), fraction=np.array([[end]]))
    other = snap(graph, points((6000 * end, 3000)), candidates=1)
    # Neither way uses anything of the oneway road: 3 km at 25 km/h.
    for direction in ("to_facility", "from_facility"):
        for start, goal in ((place, other), (other, place)):
            found = nearest(graph, start, goal, k=1, direction=direction)
            assert found.travel_time_min[0, 0] == pytest.approx(7.2)
            assert found.routes().edge_ids() == [[f"w{1 + int(end)}/0"]]
        assert np.nanmin(node_labels(graph, place, direction=direction)[1]) == 0.0
    for start, goal in ((place, other), (other, place)):
        assert times_matrix(graph, start, goal)[2] == pytest.approx([7.2])


def test_a_place_before_the_end_of_a_crooked_oneway_road_stands_on_its_last_node():
    # Lengths of tenths are rounded when they are summed up, over all roads and in the road alone.
    steps = np.cumsum(np.r_[0.0, np.random.default_rng(3).uniform(0.1, 90.0, 60)])
    lines = [[(x, 1000.0 * row) for x in steps] for row in range(20)]
    ends = [(steps[-1] + 70.0, 1000.0 * row) for row in range(20)]
    graph = network(*((line, {"oneway": "yes"}) for line in lines))
    snaps = snap(graph, points(*ends), candidates=1, min_component_km=0.0)
    assert (snaps.fraction[:, 0] == 1.0).all()
    # Nothing of the oneway road is used: only the walk to the node and back to the next door.
    found = nearest(graph, snaps, snaps, k=1)
    np.testing.assert_allclose(found.travel_time_min[:, 0], 2 * 70.0 * 1.3 / 5000.0 * 60.0)
    walls = network(*((line, {"oneway": "yes"}) for line in lines), ([(steps[-1], 0), (steps[-1], 19_000)], {}))
    assert pair(walls, ends[0], (steps[-1] + 70.0, 500.0), candidates=1) == pytest.approx(2 * 1.092 + 1.2)


def test_places_on_both_sides_of_a_bend_of_a_oneway_road_are_no_detour_apart():
    # All feet are the bend itself, or lie opposite each other on the slope before it.
    bend, before = np.array([100.1, 300.7]), np.array([0.3, 0.9])
    along = (bend - before) / np.hypot(*(bend - before))
    aside = np.array([-along[1], along[0]])
    line = [tuple(before), tuple(bend), (700.2, 300.3), (700.9, -100.3), (-50.6, -100.9), tuple(before)]
    graph = network((line, {"oneway": "yes"}))
    corner = [tuple(bend + 30.0 * shift) for shift in (np.array([-0.8, 1.0]), np.array([-0.6, 1.0]))]
    slope = [tuple(before + 77.7 * along + side * aside) for side in (33.3, -44.4)]
    for places in (corner, slope):
        snaps = snap(graph, points(*places), candidates=1, min_component_km=0.0)
        walks = snaps.access_min[:, 0]
        _, _, minutes, _ = times_matrix(graph, snaps, snaps)
        np.testing.assert_allclose(minutes, np.add.outer(walks, walks).ravel(), atol=1e-8)


@pytest.mark.parametrize("cutoff_min", [6.0, np.inf])
def test_many_searches_find_what_few_do_though_they_leave_out_legs(grid_city, cutoff_min, monkeypatch):
    """From 256 places on legs that no fastest way ends with are dropped; a place here has eight legs to junctions."""
    drawn = np.random.default_rng(7).uniform(-200.0, 6200.0, (420, 2))
    origins = snap(grid_city, points(*drawn[:300]), candidates=4)
    goals = snap(grid_city, points(*drawn[300:]), candidates=4)
    dropped = []
    needed = matrix._needed

    def watched(arcs, legs):
        kept = needed(arcs, legs)
        dropped.append(len(legs.other) - len(kept.other))
        return kept

    monkeypatch.setattr(matrix, "_needed", watched)
    many = times_matrix(grid_city, origins, goals, cutoff_min=cutoff_min, forwards=True)
    assert dropped[0] > len(goals)
    monkeypatch.setattr(matrix, "_needed", lambda _arcs, legs: legs)
    for one, other in zip(
        many, times_matrix(grid_city, origins, goals, cutoff_min=cutoff_min, forwards=True), strict=True
    ):
        assert np.array_equal(one, other)
