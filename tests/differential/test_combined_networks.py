"""Walk and ride in one time, against networkx on both networks side by side with arcs between shared nodes."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import CrsError, NetworkError
from spatial.network.build import build_network
from spatial.network.combined import bus_network, combine_networks
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest
from spatial.network.snapping import snap
from spatial.network.splitting import split_edges

CRS = "EPSG:32738"


def tangle(seed, *, n_nodes=60, n_roads=110, extent=9000.0):
    """Roads, tracks and paths over random nodes with ids; some oneway; a small island with its own roads."""
    random = np.random.default_rng(seed)
    xy = random.uniform(0.0, extent, (n_nodes, 2))
    xy[:8] += 30_000.0
    rows, lines = [], []
    for number in range(n_roads):
        group = np.arange(8) if number % 12 == 0 else np.arange(8, n_nodes)
        chosen = random.choice(group, random.integers(2, 4), replace=False)
        rows.append(
            {
                "road_id": f"w{number}",
                "road_class": random.choice(["primary", "residential", "path", "footway", "steps", "motorway"]),
                "oneway": random.choice(["no", "yes"], p=[0.7, 0.3]),
                "bridge": random.choice(["no", "yes"], p=[0.9, 0.1]),
                "node_ids": [int(node) for node in chosen],
            }
        )
        lines.append(shapely.LineString(xy[chosen]))
    return gpd.GeoDataFrame(rows, geometry=lines, crs=CRS)


def places(seed, n, extent=9000.0):
    random = np.random.default_rng(seed)
    xy = random.uniform(-500.0, extent + 500.0, (n, 2))
    xy[: n // 6] += 30_000.0
    return gpd.GeoSeries(gpd.points_from_xy(*xy.T), crs=CRS)


def doors(net, graph, name, points, kind, **options):
    """Join places to one layer of the oracle: an arc from the door to both ends of each candidate edge."""
    snaps = snap(graph, points, **options)
    for place, rank in zip(*np.nonzero(snaps.edge >= 0), strict=True):
        edge, share = snaps.edge[place, rank], snaps.fraction[place, rank]
        walk, door = snaps.access_min[place, rank], (kind, int(place))
        start, end = (name, graph.edge_from[edge]), (name, graph.edge_to[edge])
        ways = []
        for pace, begin, stop, before in (
            (graph.forward_min[edge], start, end, share),
            (graph.backward_min[edge], end, start, 1 - share),
        ):
            # A closed direction leads nowhere; but at the very node nothing of the edge is used.
            for node, part, leaves in ((stop, 1 - before, True), (begin, before, False)):
                if leaves == (kind == "from") and (np.isfinite(pace) or part == 0.0):
                    minutes = walk + (part * pace if part > 0.0 else 0.0)
                    ways.append((door, node, minutes) if leaves else (node, door, minutes))
        for a, b, minutes in ways:
            if minutes < net.get_edge_data(a, b, {"time_min": np.inf})["time_min"]:
                net.add_edge(a, b, time_min=minutes)
    return snaps


def oracle(walk, ride, origins, goals, boarding_min, alighting_min, **options):
    """Times over both layers; places on one edge go along it, and the direct walk competes where it may."""
    net = nx.DiGraph()
    for name, graph in (("walk", walk), ("ride", ride)):
        for a, b, data in graph.to_networkx().edges(data=True):
            best = net.get_edge_data((name, a), (name, b), {"time_min": np.inf})["time_min"]
            net.add_edge((name, a), (name, b), time_min=min(best, data["time_min"]))
    riding = {source: node for node, source in enumerate(ride.node_source_id)}
    for node, source in enumerate(walk.node_source_id):
        if source in riding:
            net.add_edge(("walk", node), ("ride", riding[source]), time_min=boarding_min)
            net.add_edge(("ride", riding[source]), ("walk", node), time_min=alighting_min)
    along = np.full((len(origins), len(goals)), np.inf)
    for name, graph in (("walk", walk), ("ride", ride)):
        start = doors(net, graph, name, origins, "from", **options)
        end = doors(net, graph, name, goals, "to", **options)
        for i, j in np.ndindex(along.shape):
            along[i, j] = min(along[i, j], same_edge(graph, start, end, i, j))
    net.add_nodes_from([("from", i) for i in range(len(origins))] + [("to", j) for j in range(len(goals))])
    times = along
    for i in range(len(origins)):
        reached = nx.single_source_dijkstra_path_length(net, ("from", i), weight="time_min")
        times[i] = np.minimum(times[i], [reached.get(("to", j), np.inf) for j in range(len(goals))])
    return times


def same_edge(graph, start, end, i, j):
    best = np.inf
    for edge, share, walk in zip(start.edge[i], start.fraction[i], start.access_min[i], strict=True):
        for other, goal, last in zip(end.edge[j], end.fraction[j], end.access_min[j], strict=True):
            if edge == other >= 0:
                minutes = graph.forward_min[edge] if goal >= share else graph.backward_min[edge]
                ride = abs(goal - share) * minutes if goal != share else 0.0
                best = min(best, walk + ride + last)
    return best


def full(graph, origins, goals):
    i, j, minutes, _ = times_matrix(graph, origins, goals, cutoff_min=np.inf)
    times = np.full((len(origins), len(goals)), np.inf)
    times[i, j] = minutes
    return times


def without_direct(graph):
    """The same graph under a name that has no walk in it: the direct walk stays out of the comparison."""
    from dataclasses import replace  # noqa: PLC0415 - a detail of this helper

    return replace(graph, mode="layers")


OPTIONS = {"min_component_km": 0.0, "candidates": 3}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("boarding", "alighting"), [(0.0, 0.0), (3.0, 1.5)])
def test_times_over_two_layers_equal_networkx(seed, boarding, alighting):
    roads = tangle(seed)
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="drive")
    both = without_direct(combine_networks(walk, ride, boarding_min=boarding, alighting_min=alighting))
    start, goal = places(seed + 50, 15), places(seed + 90, 8)
    origins, goals = snap(both, start, **OPTIONS), snap(both, goal, **OPTIONS)
    expected = oracle(walk, ride, start, goal, boarding, alighting, **OPTIONS)
    np.testing.assert_allclose(full(both, origins, goals), expected, atol=1e-9)
    found = nearest(both, origins, goals, k=1)
    np.testing.assert_allclose(found.travel_time_min[:, 0], expected.min(axis=1), atol=1e-9)
    back = nearest(both, origins, goals, k=1, direction="from_facility")
    reverse = oracle(walk, ride, goal, start, boarding, alighting, **OPTIONS)
    np.testing.assert_allclose(back.travel_time_min[:, 0], reverse.min(axis=0), atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_nobody_is_slower_than_on_either_network_alone(seed):
    roads = tangle(seed + 300)
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="drive")
    both = combine_networks(walk, ride)
    start, goal = places(seed + 400, 40), places(seed + 500, 20)
    times = [
        full(graph, snap(graph, start, candidates=2), snap(graph, goal, candidates=2)) for graph in (both, walk, ride)
    ]
    assert (times[0] <= times[1] + 1e-9).all()
    assert (times[0] <= times[2] + 1e-9).all()
    assert (times[0] < np.minimum(times[1], times[2]) - 1e-6).any()


def ladder():
    """A path of 1 km up to a road of 10 km, with shared coordinates and no node ids."""
    return gpd.GeoDataFrame(
        {"road_id": ["path", "road"], "road_class": ["path", "residential"]},
        geometry=[shapely.LineString([(0, 1000), (0, 0)]), shapely.LineString([(0, 0), (10_000, 0)])],
        crs=CRS,
    )


def between(graph, start, goal, **options):
    ends = [snap(graph, gpd.GeoSeries([shapely.Point(at)], crs=CRS), **options) for at in (start, goal)]
    return float(nearest(graph, *ends, k=1).travel_time_min[0, 0])


def test_a_walk_a_change_and_a_ride_add_up():
    roads = ladder()
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="drive")
    near = {"max_snap_m": 10.0, "min_component_km": 0.0}
    # 1 km at 4 km/h = 15 minutes; 10 km at 25 km/h = 24 minutes.
    for boarding, alighting, expected in ((0.0, 0.0, 39.0), (2.0, 5.0, 41.0)):
        both = combine_networks(walk, ride, boarding_min=boarding, alighting_min=alighting)
        assert between(both, (0, 1000), (10_000, 0), **near) == pytest.approx(expected)
        assert between(both, (10_000, 0), (0, 1000), **near) == pytest.approx(39.0 + alighting)
    assert between(walk, (0, 1000), (10_000, 0), **near) == pytest.approx(135.0)


def test_the_combined_graph_says_what_it_is():
    roads = ladder()
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="drive")
    both = combine_networks(walk, ride, boarding_min=2.0)
    assert both.mode == "walk+drive"
    assert both.report["transfers"] == 2
    assert both.edge_id.tolist()[:3] == ["walk:path/0", "walk:road/0", "drive:road/0"]
    assert both.edge_layer.tolist() == [0, 0, 1, -1, -1]
    assert len(set(both.edge_id)) == both.n_edges
    # Kilometres of components are those of each layer.
    assert both.component_km[:3].tolist() == [11.0, 11.0, 10.0]


def test_coincident_edges_take_a_place_in_each_layer():
    roads = ladder()
    both = combine_networks(build_network(roads, mode="walk"), build_network(roads, mode="drive"))
    snaps = snap(both, gpd.GeoSeries([shapely.Point(5000, 10)], crs=CRS), candidates=1)
    assert both.edge_id[snaps.edge[0]].tolist() == ["walk:road/0", "drive:road/0"]


def test_three_networks_combine_and_buses_are_boarded_at_stops_only():
    roads = ladder()
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="cycle")
    lines = gpd.GeoDataFrame(
        {"line_id": "a", "stop_order": [0, 1], "ride_min": [6.0, np.nan], "headway_min": 20.0},
        geometry=gpd.points_from_xy([0, 10_000], [0, 0]),
        crs=CRS,
    )
    both = combine_networks(bus_network(lines, walk), ride)
    assert both.mode == "walk+bus+cycle"
    # 6 minutes on the path by cycle, 10 of wait, 6 of ride: nobody changes from a cycle into a moving bus.
    near = {"max_snap_m": 10.0, "min_component_km": 0.0}
    assert between(both, (0, 1000), (10_000, 0), **near) == pytest.approx(22.0)
    assert between(both, (0, 0), (10_000, 0), **near) == pytest.approx(16.0)
    three = combine_networks(both, build_network(roads, mode="drive"))
    assert sorted(set(three.edge_layer)) == [-1, 0, 1, 2]


def test_a_combined_graph_can_be_cut():
    roads = ladder()
    both = combine_networks(build_network(roads, mode="walk"), build_network(roads, mode="drive"))
    cut = split_edges(both, [2], [0.5])
    assert cut.edge_layer.tolist() == [0, 0, 1, 1, -1, -1]


def test_networks_that_do_not_fit_are_refused():
    roads = ladder()
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="drive")
    with pytest.raises(CrsError):
        combine_networks(walk, build_network(roads.to_crs("EPSG:32739"), mode="drive"))
    with pytest.raises(NetworkError, match=r"boarding_min.*alighting_min"):
        combine_networks(walk, ride, boarding_min=-1.0, alighting_min=np.nan)
    with pytest.raises(NetworkError, match="both networks hold the mode walk"):
        combine_networks(walk, walk)
    far = roads.set_geometry(roads.translate(500.0, 500.0))
    with pytest.raises(NetworkError, match="share no node"):
        combine_networks(walk, build_network(far, mode="drive"))


def test_ids_decide_where_both_networks_have_them():
    # A bridge over a road: two nodes in one place, with ids of their own; nobody changes there.
    roads = gpd.GeoDataFrame(
        {"road_id": ["below", "above"], "road_class": ["footway", "motorway"], "node_ids": [[1, 2, 3], [4, 5, 6]]},
        geometry=[
            shapely.LineString([(-1000, 0), (0, 0), (1000, 0)]),
            shapely.LineString([(0, -1000), (0, 0), (0, 1000)]),
        ],
        crs=CRS,
    )
    more = pd.concat([roads, roads.assign(road_id=["x", "y"], node_ids=[[2, 7, 8], [5, 9, 10]])])
    walk, ride = (build_network(more, mode=mode) for mode in ("walk", "drive"))
    with pytest.raises(NetworkError, match="share no node"):
        combine_networks(walk, ride)


@pytest.mark.parametrize("walk_first", [True, False])
def test_slopes_of_the_walking_layer_keep_long_straight_walks_out(walk_first):
    # The road goes round; its two directions have limits of their own, which is no slope.
    roads = gpd.GeoDataFrame(
        {"road_id": ["w1"], "maxspeed_forward": ["50"], "maxspeed_backward": ["20"], "motor_vehicle": ["yes"]},
        geometry=[shapely.LineString([(0, 0), (4000, 0), (4000, 4000)])],
        crs=CRS,
    )
    walk, ride = build_network(roads, mode="walk"), build_network(roads, mode="drive")
    steep = walk.with_minutes(2.0 * walk.forward_min, walk.backward_min)
    points = gpd.GeoSeries([shapely.Point(0, 2000), shapely.Point(4000, 6000)], crs=CRS)
    straight = 60 * 1.3 * 4.0 * np.sqrt(2) / 5
    slow = ride.with_minutes(50.0 * ride.forward_min, 49.0 * ride.backward_min)
    for net, wins in ((walk, True), (steep, False)):
        both = combine_networks(net, slow) if walk_first else combine_networks(slow, net)
        snaps = snap(both, points, max_snap_m=3000.0)
        i, j, minutes, _ = times_matrix(both, snaps, snaps, cutoff_min=np.inf)
        found = float(minutes[(i == 0) & (j == 1)][0])
        assert (found == pytest.approx(straight)) == wins
