"""Door-to-door times against networkx on the graph with every foot point put in as a node of its own."""

from __future__ import annotations

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.network.build import build_network
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest, node_labels
from spatial.network.snapping import snap

CRS = "EPSG:32738"
CLASSES = ["primary", "tertiary", "residential", "track", "motorway"]


def random_roads(seed, *, n_nodes=40, n_roads=70, extent=8000.0):
    """Roads over random nodes: chains, parallels, loops, both kinds of oneway, bridges, and an island."""
    random = np.random.default_rng(seed)
    xy = random.uniform(0.0, extent, (n_nodes, 2))
    island = n_nodes // 5
    xy[:island] += 30_000.0
    rows, lines, fresh = [], [], itertools.count(10_000)
    for number in range(n_roads):
        group = np.arange(island) if random.random() < 0.2 else np.arange(island, n_nodes)
        chosen = random.choice(group, random.integers(2, 5), replace=False)
        if number % 17 == 0:
            chosen = np.r_[chosen, chosen[0]]
        points, ids = [xy[chosen[0]]], [int(chosen[0])]
        for a, b in itertools.pairwise(chosen):
            bend = (xy[a] + xy[b]) / 2 + random.normal(0.0, 150.0, 2)
            points += [bend, xy[b]]
            ids += [next(fresh), int(b)]
        rows.append(
            {
                "road_id": f"w{number}",
                "road_class": random.choice(CLASSES),
                "oneway": random.choice(["no", "yes", "-1"], p=[0.6, 0.25, 0.15]),
                "bridge": random.choice(["no", "yes"], p=[0.9, 0.1]),
                "maxspeed_forward": random.choice(["30", "60", "20 mph"]),
                "node_ids": ids,
            }
        )
        lines.append(shapely.LineString(points))
    return gpd.GeoDataFrame(rows, geometry=lines, crs=CRS)


def random_points(seed, n, *, extent=8000.0):
    random = np.random.default_rng(seed)
    xy = random.uniform(-500.0, extent + 500.0, (n, 2))
    xy[: n // 6] += 30_000.0
    return gpd.GeoSeries(gpd.points_from_xy(*xy.T), crs=CRS)


def doors_in_networkx(graph, origins, destinations):
    """The graph's own arcs, cut at every foot point; doors are ("from", i) and ("to", j)."""
    whole = graph.to_networkx()
    arcs = list(whole.edges(keys=True, data=True))
    feet = {}
    for kind, snaps in (("from", origins), ("to", destinations)):
        for i, c in zip(*np.nonzero(snaps.edge >= 0), strict=True):
            foot = (kind, "foot", int(i), int(c))
            feet.setdefault(graph.edge_id[snaps.edge[i, c]], []).append((snaps.fraction[i, c], foot))
            ends = ((kind, int(i)), foot) if kind == "from" else (foot, (kind, int(i)))
            whole.add_edge(*ends, time_min=snaps.access_min[i, c], length_m=snaps.distance_m[i, c] * snaps.detour)
    for start, end, key, data in arcs:
        on_edge = sorted(feet.get(data["edge_id"], ()))
        if not on_edge:
            continue
        forwards = key.endswith("+")
        stops = [(0.0, start if forwards else end), *on_edge, (1.0, end if forwards else start)]
        if not forwards:
            stops = [(1.0 - share, node) for share, node in reversed(stops)]
        whole.remove_edge(start, end, key)
        for (before, a), (after, b) in itertools.pairwise(stops):
            share = after - before
            whole.add_edge(a, b, time_min=share * data["time_min"], length_m=share * data["length_m"])
            if share == 0.0:
                # Feet on one point are one place, also with the node there, whatever the direction of the road.
                whole.add_edge(b, a, time_min=0.0, length_m=0.0)
    for kind, snaps in (("from", origins), ("to", destinations)):
        whole.add_nodes_from((kind, i) for i in range(len(snaps)))
    return whole


def times_of_networkx(graph, origins, destinations):
    whole = doors_in_networkx(graph, origins, destinations)
    times = np.full((len(origins), len(destinations)), np.inf)
    for i in range(len(origins)):
        reached = nx.single_source_dijkstra_path_length(whole, ("from", i), weight="time_min")
        for j in range(len(destinations)):
            times[i, j] = reached.get(("to", j), np.inf)
    return times


def full(pairs, shape):
    i, j, minutes, _ = pairs
    times = np.full(shape, np.inf)
    times[i, j] = minutes
    return times


@pytest.mark.parametrize("seed", range(12))
def test_times_on_random_networks_equal_networkx(seed):
    graph = build_network(random_roads(seed))
    origins = snap(graph, random_points(seed + 100, 30), min_component_km=0.0)
    destinations = snap(graph, random_points(seed + 200, 12), min_component_km=0.0)
    expected = times_of_networkx(graph, origins, destinations)
    np.testing.assert_allclose(full(times_matrix(graph, origins, destinations), expected.shape), expected, atol=1e-9)
    # The other side starts the searches where it is the smaller one.
    flipped = full(times_matrix(graph, destinations, origins), expected.T.shape)
    np.testing.assert_allclose(flipped, times_of_networkx(graph, destinations, origins), atol=1e-9)
    found = nearest(graph, origins, destinations, k=3)
    np.testing.assert_allclose(found.travel_time_min, np.sort(expected, axis=1)[:, :3], atol=1e-9)
    back = nearest(graph, origins, destinations, k=3, direction="from_facility")
    np.testing.assert_allclose(back.travel_time_min, np.sort(flipped.T, axis=1)[:, :3], atol=1e-9)


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@pytest.mark.parametrize("seed", range(6))
def test_routes_have_the_time_and_length_that_were_found(seed, direction):
    graph = build_network(random_roads(seed, n_roads=60))
    origins = snap(graph, random_points(seed + 300, 20), min_component_km=0.0)
    destinations = snap(graph, random_points(seed + 400, 6), min_component_km=0.0)
    found = nearest(graph, origins, destinations, k=2, direction=direction)
    edge_at = {edge: row for row, edge in enumerate(graph.edge_id)}
    for i, rank in zip(*np.nonzero(found.destination >= 0), strict=True):
        route = found.routes(np.array([i]), int(rank))
        for edge, way in zip(route.edge_ids()[0], route.direction, strict=True):
            minutes = graph.forward_min if way > 0 else graph.backward_min
            assert np.isfinite(minutes[edge_at[edge]]), "a route never goes against a oneway"
        # Straight walks are drawn without their detour of 1.3.
        j, c, d = (a[i, rank] for a in (found.destination, found.origin_candidate, found.destination_candidate))
        walks = origins.distance_m[i, c] + destinations.distance_m[j, d]
        assert route.line[0].length == pytest.approx(found.network_distance_m[i, rank] - 0.3 * walks, abs=1e-6)
        legs = found.access_leg_min[i, rank] + found.network_leg_min[i, rank] + found.egress_leg_min[i, rank]
        assert legs == pytest.approx(found.travel_time_min[i, rank], abs=1e-9)
        assert found.access_leg_min[i, rank] == origins.access_min[i, c]
        assert found.egress_leg_min[i, rank] == destinations.access_min[j, d]


@pytest.mark.parametrize("seed", range(6))
def test_distances_along_the_fastest_way_equal_networkx(seed):
    graph = build_network(random_roads(seed))
    origins = snap(graph, random_points(seed + 500, 12), min_component_km=0.0)
    destinations = snap(graph, random_points(seed + 600, 12), min_component_km=0.0)
    whole = doors_in_networkx(graph, origins, destinations)
    for i, j, minutes, metres in zip(*times_matrix(graph, origins, destinations), strict=True):
        path = nx.dijkstra_path(whole, ("from", i), ("to", j), weight="time_min")
        best = [
            min((data["time_min"], data["length_m"]) for data in whole[a][b].values())
            for a, b in itertools.pairwise(path)
        ]
        assert sum(time for time, _ in best) == pytest.approx(minutes, abs=1e-9)
        assert sum(length for _, length in best) == pytest.approx(metres, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_labels_of_nodes_equal_scipy(seed):
    graph = build_network(random_roads(seed, n_nodes=120, n_roads=200))
    destinations = snap(graph, random_points(seed + 700, 9), min_component_km=0.0)
    label, minutes = node_labels(graph, destinations)
    n, m = graph.n_nodes, len(destinations)
    # Scipy sums parallel arcs, so the least of them is taken first; every door is a node behind the nodes.
    least = {}
    for e in range(graph.n_edges):
        for a, b, time in (
            (graph.edge_from[e], graph.edge_to[e], graph.forward_min[e]),
            (graph.edge_to[e], graph.edge_from[e], graph.backward_min[e]),
        ):
            least[a, b] = min(least.get((a, b), np.inf), time)
    for j, c in zip(*np.nonzero(destinations.edge >= 0), strict=True):
        e, f, walk = destinations.edge[j, c], destinations.fraction[j, c], destinations.access_min[j, c]
        for a, share, pace in (
            (graph.edge_from[e], f, graph.forward_min[e]),
            (graph.edge_to[e], 1.0 - f, graph.backward_min[e]),
        ):
            # At the node itself nothing of the edge is used, which may be closed.
            if np.isfinite(pace) or share == 0.0:
                least[a, n + j] = min(least.get((a, n + j), np.inf), (share * pace if share else 0.0) + walk)
    arcs = [(b, a, time) for (a, b), time in least.items() if np.isfinite(time)]
    rows, columns, times = (np.array(part) for part in zip(*arcs, strict=True))
    against = csr_array((times, (rows, columns)), shape=(n + m, n + m))
    from_doors = dijkstra(against, indices=np.arange(n, n + m))[:, :n]
    expected = from_doors.min(axis=0)
    np.testing.assert_allclose(minutes, expected, atol=1e-9)
    reached = np.isfinite(expected)
    assert (label[~reached] == -1).all()
    np.testing.assert_allclose(from_doors[label[reached], np.flatnonzero(reached)], expected[reached], atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_candidates_equal_a_search_over_all_edges(seed):
    graph = build_network(random_roads(seed))
    points = random_points(seed + 800, 60)
    found = snap(graph, points, candidates=7, max_snap_m=1500.0, min_component_km=0.0)
    lines = graph.edge_lines()
    for i, point in enumerate(points):
        distance = shapely.distance(lines, point)
        usable = np.flatnonzero(graph.is_snappable & (distance <= 1500.0))
        expected = usable[np.argsort(distance[usable], kind="stable")][:7]
        n = len(expected)
        np.testing.assert_allclose(found.distance_m[i, :n], distance[expected], atol=1e-6)
        assert (found.edge[i, n:] == -1).all()
        for c in range(n):
            edge = found.edge[i, c]
            assert distance[edge] == pytest.approx(found.distance_m[i, c], abs=1e-6)
            foot = lines[edge].interpolate(found.fraction[i, c], normalized=True)
            assert foot.distance(point) == pytest.approx(found.distance_m[i, c], abs=1e-6)
            assert foot.distance(shapely.Point(found.foot_x[i, c], found.foot_y[i, c])) < 1e-6


def random_barriers(seed, *, extent=8000.0):
    """Rivers of many vertices and lakes with islands."""
    random = np.random.default_rng(seed)
    rivers = [shapely.LineString(random.uniform(0.0, extent, (6, 2))) for _ in range(3)]
    lakes = [shapely.Point(random.uniform(0.0, extent, 2)).buffer(700.0) for _ in range(4)]
    with_island = shapely.difference(lakes[0], lakes[0].centroid.buffer(300.0))
    return gpd.GeoSeries([*rivers, *lakes[1:], shapely.MultiPolygon([with_island]), None], crs=CRS)


@pytest.mark.parametrize("seed", range(6))
def test_candidates_behind_barriers_equal_a_search_over_all_edges(seed):
    graph = build_network(random_roads(seed))
    points, barriers = random_points(seed + 900, 60), random_barriers(seed)
    found = snap(graph, points, candidates=4, max_snap_m=3000.0, min_component_km=0.0, barriers=barriers)
    lines, walls = graph.edge_lines(), shapely.union_all(barriers.dropna().to_numpy())
    for i, point in enumerate(points):
        distance = shapely.distance(lines, point)
        # The search measures to the foot point that it found itself, as shapely's shortest line does.
        open_leg = ~shapely.intersects(shapely.shortest_line(point, lines), walls)
        usable = np.flatnonzero(graph.is_snappable & (distance <= 3000.0) & open_leg)
        expected = usable[np.argsort(distance[usable], kind="stable")][:4]
        np.testing.assert_allclose(found.distance_m[i, : len(expected)], distance[expected], atol=1e-6)
        assert (found.edge[i, len(expected) :] == -1).all()


@pytest.mark.parametrize("seed", range(4))
def test_direct_walks_around_barriers_equal_all_pairs(seed):
    graph = build_network(random_roads(seed), mode="walk")
    barriers = random_barriers(seed + 10)
    origins, goals = (
        snap(graph, random_points(seed + shift, 25), min_component_km=0.0, barriers=barriers) for shift in (910, 920)
    )
    by_road = times_of_networkx(graph, origins, goals)
    walls = shapely.union_all(barriers.dropna().to_numpy())
    expected = by_road.copy()
    for i, j in np.ndindex(expected.shape):
        line = shapely.LineString([(origins.x[i], origins.y[i]), (goals.x[j], goals.y[j])])
        shared = set(graph.component[origins.edge[i][origins.edge[i] >= 0]]) & set(
            graph.component[goals.edge[j][goals.edge[j] >= 0]]
        )
        if (shared or line.length <= 5000.0) and not line.intersects(walls):
            expected[i, j] = min(expected[i, j], line.length * 1.3 / 5000 * 60)
    assert (expected < by_road).any(), "the direct walk matters somewhere"
    found = full(times_matrix(graph, origins, goals, direct_barriers=barriers), expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    near = nearest(graph, origins, goals, k=3, direct_barriers=barriers)
    np.testing.assert_allclose(near.travel_time_min, np.sort(expected, axis=1)[:, :3], atol=1e-9)


@pytest.fixture(scope="module", params=["comoros", "rutland"])
def region(request, region_layers):
    layers = region_layers(request.getfixturevalue(request.param))
    return layers.roads, layers.settlements


@pytest.mark.data
@pytest.mark.parametrize("mode", ["drive", "walk"])
@pytest.mark.parametrize("count", [50, pytest.param(200, marks=pytest.mark.trial)])
def test_random_pairs_of_real_places_equal_networkx(region, mode, count):
    roads, places = region
    graph = build_network(roads, mode=mode)
    random = np.random.default_rng(20260101)
    pairs = [random.choice(len(places), count), random.choice(len(places), count)]
    points = places.geometry
    starts, goals = (snap(graph, points.iloc[rows]) for rows in pairs)
    whole = doors_in_networkx(graph, starts, goals)
    i, j, minutes, _ = times_matrix(graph, starts, goals)
    ours = dict(zip(zip(i.tolist(), j.tolist(), strict=True), minutes.tolist(), strict=True))
    for pair in range(count):
        try:
            expected, _ = nx.bidirectional_dijkstra(whole, ("from", pair), ("to", pair), weight="time_min")
        except nx.NetworkXNoPath:
            expected = np.inf
        if mode == "walk" and np.isfinite(expected):
            # Places of one component may be walked to directly, over a line 1.3 times as long at 5 km/h.
            straight = points.iloc[pairs[0][pair]].distance(points.iloc[pairs[1][pair]])
            expected = min(expected, 60 * 1.3 * straight / 5000)
        assert ours.get((pair, pair), np.inf) == pytest.approx(expected, abs=1e-3)
