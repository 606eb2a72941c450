"""The contracted graph against networkx on graphs with every oddity: rings, loops, closures inside chains."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.network_peers import arcs_of, at_nodes
from benchmarks.road_like import graph_of_edges, road_like_graph
from spatial.network.kernels_core import EVERY, LENGTHS, TOGETHER
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest, node_labels
from spatial.network.snapping import Snaps


def odd_graph(seed):
    """Chains, loops, parallels, rings without a junction, dead ends, closed directions, edges of no time, islands."""
    rng = np.random.default_rng(seed)
    pairs, fresh = [], itertools.count(14)
    for low, high, roads in ((0, 9, 16), (9, 13, 5)):
        for _ in range(roads):
            chosen = rng.integers(low, high, 2)
            inner = [next(fresh) for _ in range(rng.integers(0, 5))]
            stops = [int(chosen[0]), *inner, int(chosen[1])]
            pairs += itertools.pairwise(stops)
    for size in (1, 2, 5):
        ring = [next(fresh) for _ in range(size)]
        pairs += zip(ring, [*ring[1:], ring[0]], strict=True)
    a, b, c = (next(fresh) for _ in range(3))
    pairs += [(a, b), (b, c), (13, 0)]
    ends = np.array(pairs)
    flipped = rng.random(len(ends)) < 0.5
    ends[flipped] = ends[flipped][:, ::-1]
    n = next(fresh) + 1
    ends = rng.permutation(n)[ends[rng.permutation(len(ends))]]
    minutes = [rng.integers(0, 40, len(ends)) / 8.0 for _ in range(2)]
    for way in minutes:
        way[rng.random(len(ends)) < 0.12] = np.inf
    xy = rng.uniform(0.0, 1000.0, (n, 2))
    return graph_of_edges(xy, ends, (minutes[0], minutes[1]), rng.integers(1, 99, len(ends)) * 1.0)


def places(graph, seed, n, candidates=3):
    rng = np.random.default_rng(seed)
    edge = rng.integers(0, graph.n_edges, (n, candidates))
    edge[0] = -1
    edge[1 : n // 3, 1:] = -1
    none = edge < 0
    share = rng.choice((0.0, 0.25, 0.5, 0.875, 1.0), edge.shape)
    walk = rng.integers(0, 16, edge.shape) / 4.0
    x = graph.node_x[graph.edge_from[edge]] + 0.0
    return Snaps(
        x=np.zeros(n),
        y=np.zeros(n),
        edge=edge,
        fraction=np.where(none, np.nan, share),
        distance_m=np.where(none, np.inf, walk * 64.0),
        access_min=np.where(none, np.inf, walk),
        foot_x=np.where(none, np.nan, x),
        foot_y=np.where(none, np.nan, x),
        status=np.full(n, "ok", dtype=object),
        nearest_m=np.zeros(n),
        max_snap_m=5000.0,
        walk_km_h=5.0,
        detour=1.0,
    )


def with_doors(graph, origins, destinations):
    """The graph's own arcs, cut at every foot point; doors are ("from", i) and ("to", j)."""
    whole, feet = nx.MultiDiGraph(), {}
    whole.add_nodes_from(range(graph.n_nodes))
    for kind, snaps in (("from", origins), ("to", destinations)):
        whole.add_nodes_from((kind, i) for i in range(len(snaps)))
        for i, c in zip(*np.nonzero(snaps.edge >= 0), strict=True):
            foot = (kind, "foot", int(i), int(c))
            feet.setdefault(int(snaps.edge[i, c]), []).append((snaps.fraction[i, c], foot))
            ends = ((kind, int(i)), foot) if kind == "from" else (foot, (kind, int(i)))
            whole.add_edge(*ends, time_min=snaps.access_min[i, c])
    for e in range(graph.n_edges):
        for minutes, forwards in ((graph.forward_min[e], True), (graph.backward_min[e], False)):
            first, last = int(graph.edge_from[e]), int(graph.edge_to[e])
            stops = [(0.0, first), *sorted(feet.get(e, ())), (1.0, last)]
            for (before, a), (after, b) in itertools.pairwise(stops):
                way = (a, b) if forwards else (b, a)
                if np.isfinite(minutes):
                    whole.add_edge(*way, time_min=(after - before) * minutes)
                elif before == after:
                    # Feet on one point are one place, also with the node there, whatever is closed.
                    whole.add_edge(*way, time_min=0.0)
    return whole


def expected_times(graph, origins, destinations):
    whole = with_doors(graph, origins, destinations)
    times = np.full((len(origins), len(destinations)), np.inf)
    for i in range(len(origins)):
        reached = nx.single_source_dijkstra_path_length(whole, ("from", i), weight="time_min")
        for j in range(len(destinations)):
            times[i, j] = reached.get(("to", j), np.inf)
    return times


def full(pairs, shape):
    times = np.full(shape, np.inf)
    times[pairs[0], pairs[1]] = pairs[2]
    return times


@pytest.mark.parametrize("seed", range(20))
def test_pairs_and_nearest_equal_networkx_on_odd_graphs(seed):
    graph = odd_graph(seed)
    origins, goals = places(graph, seed + 100, 24), places(graph, seed + 200, 9)
    expected = expected_times(graph, origins, goals)
    np.testing.assert_allclose(full(times_matrix(graph, origins, goals), expected.shape), expected, atol=1e-9)
    # From the other side, with the goals fewer: the search then goes against the traffic.
    back = expected_times(graph, goals, origins)
    np.testing.assert_allclose(full(times_matrix(graph, goals, origins), back.shape), back, atol=1e-9)
    for k in (1, 2, 3):
        found = nearest(graph, origins, goals, k=k)
        np.testing.assert_allclose(found.travel_time_min, np.sort(expected, axis=1)[:, :k], atol=1e-9)
        # All minutes are eighths and shares are eighths too, so sums are exact and ties are ties: the lower wins.
        ranked = np.argsort(expected, axis=1, kind="stable")[:, :k]
        reached = found.destination >= 0
        np.testing.assert_array_equal(found.destination[reached], ranked[reached])
        away = nearest(graph, origins, goals, k=k, direction="from_facility")
        np.testing.assert_allclose(away.travel_time_min, np.sort(back.T, axis=1)[:, :k], atol=1e-9)


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@pytest.mark.parametrize("seed", range(12))
def test_labels_of_all_nodes_equal_networkx_on_odd_graphs(seed, direction):
    graph = odd_graph(seed + 50)
    goals = places(graph, seed + 300, 7)
    label, minutes = node_labels(graph, goals, direction=direction)
    nobody = replace(goals, edge=np.full((7, 3), -1))
    if direction == "to_facility":
        whole = with_doors(graph, nobody, goals).reverse(copy=False)
        doors = [("to", j) for j in range(7)]
    else:
        whole = with_doors(graph, goals, nobody)
        doors = [("from", j) for j in range(7)]
    each = np.full((7, graph.n_nodes), np.inf)
    for j, door in enumerate(doors):
        for node, time in nx.single_source_dijkstra_path_length(whole, door, weight="time_min").items():
            if isinstance(node, int):
                each[j, node] = time
    np.testing.assert_allclose(minutes, each.min(axis=0), atol=1e-9)
    reached = np.isfinite(minutes)
    np.testing.assert_array_equal(label[reached], each.argmin(axis=0)[reached])
    assert (label[~reached] == -1).all()


def minutes_along(graph, route, row):
    """Minutes and metres of the edges of one way, each as far as it is travelled."""
    edges = slice(route.offsets[row], route.offsets[row + 1])
    edge, way = route.edge[edges], route.direction[edges]
    part = (route.share[edges, 1] - route.share[edges, 0]) * way
    assert (part > 0).all(), "shares run in the direction of travel"
    pace = np.where(way > 0, graph.forward_min[edge], graph.backward_min[edge])
    return float(part @ pace), float(part @ graph.length_m[edge])


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@pytest.mark.parametrize("seed", range(8))
def test_the_edges_of_routes_sum_up_to_the_times(seed, direction):
    graph = odd_graph(seed + 400)
    origins, goals = places(graph, seed + 500, 20), places(graph, seed + 600, 6)
    found = nearest(graph, origins, goals, k=2, direction=direction)
    for rank in range(2):
        routes = found.routes(rank=rank)
        for i in range(len(origins)):
            if found.destination[i, rank] < 0:
                assert routes.line[i] is None
                assert routes.offsets[i] == routes.offsets[i + 1]
                continue
            minutes, metres = minutes_along(graph, routes, i)
            assert minutes == pytest.approx(found.network_leg_min[i, rank], abs=1e-9)
            j, c, d = (a[i, rank] for a in (found.destination, found.origin_candidate, found.destination_candidate))
            walked = origins.distance_m[i, c] + goals.distance_m[j, d]
            assert metres + walked == pytest.approx(found.network_distance_m[i, rank], abs=1e-9)
            one = found.routes(np.array([i]), rank)
            assert one.edge_ids() == [routes.edge_ids()[i]]
            assert one.line[0].equals(routes.line[i])


@pytest.mark.parametrize("seed", range(6))
def test_other_minutes_on_the_shared_core_equal_a_graph_built_with_them(seed):
    graph = odd_graph(seed + 700)
    rng = np.random.default_rng(seed)
    origins, goals = places(graph, seed + 800, 20), places(graph, seed + 900, 8)
    before = times_matrix(graph, origins, goals)
    same = graph.with_minutes(graph.forward_min, graph.backward_min)
    for ours, theirs in zip(times_matrix(same, origins, goals), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    closed = rng.random(graph.n_edges) < 0.2
    forward = np.where(closed, np.inf, graph.forward_min * 1.5)
    changed = graph.with_minutes(forward, graph.backward_min)
    assert changed.core_shape is graph.core_shape
    fresh = replace(graph, forward_min=forward)
    for ours, theirs in zip(times_matrix(changed, origins, goals), times_matrix(fresh, origins, goals), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    expected = expected_times(changed, origins, goals)
    np.testing.assert_allclose(full(times_matrix(changed, origins, goals), expected.shape), expected, atol=1e-9)
    for ours, theirs in zip(times_matrix(graph, origins, goals), before, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg="the graph itself is left as it is")


def test_the_cutoff_is_inclusive_and_only_cuts():
    graph = odd_graph(3)
    origins, goals = places(graph, 31, 20), places(graph, 32, 8)
    i, j, minutes, metres = times_matrix(graph, origins, goals)
    limit = float(np.sort(minutes)[len(minutes) // 2])
    kept = minutes <= limit
    cut = times_matrix(graph, origins, goals, cutoff_min=limit)
    for ours, theirs in zip(cut, (i[kept], j[kept], minutes[kept], metres[kept]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_order_of_edges_and_nodes_changes_no_time():
    graph = road_like_graph(3000, 5)
    rng = np.random.default_rng(1)
    edge, node = rng.permutation(graph.n_edges), rng.permutation(graph.n_nodes)
    xy = np.empty((graph.n_nodes, 2))
    xy[node] = np.column_stack((graph.node_x, graph.node_y))
    ends = node[np.column_stack((graph.edge_from, graph.edge_to))[edge]]
    mixed = graph_of_edges(xy, ends, (graph.forward_min[edge], graph.backward_min[edge]), graph.length_m[edge])
    where = np.empty(graph.n_edges, dtype=np.int64)
    where[edge] = np.arange(graph.n_edges)
    goals = places(graph, 2, 15)
    moved = replace(goals, edge=np.where(goals.edge < 0, -1, where[goals.edge]))
    label, minutes = node_labels(graph, goals)
    label_mixed, minutes_mixed = node_labels(mixed, moved)
    np.testing.assert_allclose(minutes_mixed[node], minutes, atol=1e-9)
    np.testing.assert_array_equal(label_mixed[node], label)


def test_threads_and_an_executor_give_the_pairs_of_one_search_after_the_other():
    graph = road_like_graph(3000, 6)
    origins, goals = places(graph, 7, 300), places(graph, 8, 310)
    alone = [
        times_matrix(graph, replaced(origins, part), goals, cutoff_min=60.0) for part in np.split(np.arange(300), 3)
    ]
    together = times_matrix(graph, origins, goals, cutoff_min=60.0)
    with ThreadPoolExecutor(3) as executor:
        shared = times_matrix(graph, origins, goals, cutoff_min=60.0, executor=executor)
    for column in range(4):
        np.testing.assert_array_equal(shared[column], together[column])
        parts = [part[column] + (100 * number if column == 0 else 0) for number, part in enumerate(alone)]
        np.testing.assert_allclose(np.concatenate(parts), together[column], atol=1e-9)


def replaced(snaps, rows):
    names = ("x", "y", "edge", "fraction", "distance_m", "access_min", "foot_x", "foot_y", "status", "nearest_m")
    return replace(snaps, **{name: getattr(snaps, name)[rows] for name in names})


@pytest.mark.parametrize("make", [lambda: odd_graph(11), lambda: road_like_graph(30_000, 3)], ids=["odd", "large"])
def test_every_edge_is_one_step_of_one_chain_and_chains_join_core_nodes(make):
    graph = make()
    shape = graph.core_shape
    chains = shape.chains
    assert sorted(chains.step_arc >> 1) == list(range(graph.n_edges))
    np.testing.assert_array_equal(chains.step_arc[chains.edge_step] >> 1, np.arange(graph.n_edges))
    degree = np.bincount(np.concatenate((graph.edge_from, graph.edge_to)), minlength=graph.n_nodes)
    inner = np.ones(len(chains.step_node), dtype=bool)
    inner[chains.offsets[:-1]] = False
    assert (degree[chains.step_node[inner]] == 2).all()
    nodes = np.concatenate((shape.core_node, chains.step_node[inner]))
    assert sorted(nodes) == list(range(graph.n_nodes)), "each node once, in the core or in a chain"
    assert (degree[shape.core_node[: shape.n_search]] >= 2).all(), "no search visits a dead end"
    for c in range(shape.n_chains):
        arcs = chains.step_arc[chains.offsets[c] : chains.offsets[c + 1]]
        starts = np.where(arcs & 1 == 0, graph.edge_from[arcs >> 1], graph.edge_to[arcs >> 1])
        stops = np.where(arcs & 1 == 0, graph.edge_to[arcs >> 1], graph.edge_from[arcs >> 1])
        np.testing.assert_array_equal(stops[:-1], starts[1:])
        assert starts[0] == shape.core_node[chains.first[c]]
        assert stops[-1] == shape.core_node[chains.last[c]]
    of_step = np.repeat(np.arange(shape.n_chains), np.diff(chains.offsets))
    np.testing.assert_array_equal(chains.guide, of_step[::EVERY])


def test_chains_of_a_kind_and_length_stand_together_dead_ends_last():
    shape = road_like_graph(30_000, 3).core_shape
    chains = shape.chains
    assert shape.n_chains > TOGETHER, "more than are sorted at a time"
    length = np.minimum(np.diff(chains.offsets), LENGTHS)
    kind = np.where(chains.last >= shape.n_search, LENGTHS, 0) + length
    for begin in range(0, shape.n_chains, TOGETHER):
        here = kind[begin : begin + TOGETHER]
        assert (np.diff(here) >= 0).all()
        assert len(np.unique(here)) > 5


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_on_many_chains_each_node_has_the_time_that_scipy_finds(share):
    graph = road_like_graph(30_000, 4)
    edges = np.random.default_rng(4).choice(np.flatnonzero(np.isfinite(graph.backward_min)), 40, replace=False)
    places = replace(
        at_nodes(graph, 40, 4)[1], edge=edges[:, None], fraction=np.full((40, 1), share), status=np.full(40, "ok")
    )
    found, times = node_labels(graph, places)
    # From each place over both ends of its edge, against the traffic.
    there = np.full(graph.n_nodes, np.inf)
    np.minimum.at(there, graph.edge_from[edges], share * graph.forward_min[edges])
    np.minimum.at(there, graph.edge_to[edges], (1 - share) * graph.backward_min[edges])
    arcs = arcs_of(graph)
    seeds = np.flatnonzero(np.isfinite(there))
    n = graph.n_nodes
    links = csr_array(
        (
            np.concatenate((arcs.minutes, there[seeds] + 1.0)),
            (np.concatenate((arcs.start, np.full(len(seeds), n))), np.concatenate((arcs.target, seeds))),
        ),
        shape=(n + 1, n + 1),
    )
    expected = dijkstra(links, indices=n)[:n] - 1.0
    np.testing.assert_allclose(times, expected, rtol=0, atol=1e-9)
    assert ((found >= 0) == np.isfinite(expected)).all()
