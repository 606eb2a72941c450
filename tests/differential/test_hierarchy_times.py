"""Times over the hierarchy against scipy on the same arcs, and metres against the lengths of fastest ways."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay

from spatial.network.hierarchies.hierarchy import build_hierarchy
from spatial.network.hierarchies.query import Entries, many_to_many

SAME_MIN = 1e-9


def random_arcs(seed, n=300, *, islands=2):
    """Arcs of a planar-like network: islands, one-ways, parallel arcs, loops, closed arcs, ways in equal time."""
    random = np.random.default_rng(seed)
    xy = random.uniform(0.0, 1000.0, (n, 2))
    island = np.arange(n) % islands
    pairs = []
    for number in range(islands):
        own = np.flatnonzero(island == number)
        for a, b, c in own[Delaunay(xy[own]).simplices]:
            pairs += [(a, b), (b, c), (c, a)]
    pairs = np.unique(np.sort(np.array(pairs), axis=1), axis=0)
    pairs = pairs[random.random(len(pairs)) < 0.6]
    xy[:, 0] += 5000.0 * island
    forth, back = pairs[random.random(len(pairs)) < 0.9], pairs[random.random(len(pairs)) < 0.9][:, ::-1]
    loops = np.repeat(random.integers(0, n, 5), 2).reshape(-1, 2)
    arcs = np.concatenate((forth, back, forth[:20], loops))
    arcs = arcs[np.argsort(arcs[:, 0], kind="stable")]
    offsets = np.r_[0, np.cumsum(np.bincount(arcs[:, 0], minlength=n))]
    metres = random.integers(1, 60, len(arcs)).astype(float)
    minutes = metres / random.choice([1.0, 2.0, 4.0], len(arcs))
    minutes[random.random(len(arcs)) < 0.05] = np.inf
    return xy, offsets, arcs[:, 1].astype(np.int32), minutes, metres


def scipy_times(offsets, targets, minutes):
    """Every pair; scipy takes the first of parallel arcs or their sum, so the least is chosen before."""
    n = len(offsets) - 1
    tails = np.repeat(np.arange(n), np.diff(offsets))
    least = {}
    for tail, head, time in zip(tails.tolist(), targets.tolist(), minutes.tolist(), strict=True):
        if time < least.get((tail, head), np.inf):
            least[tail, head] = time
    rows, columns = np.array(list(least)).T
    return dijkstra(csr_array((np.array(list(least.values())), (rows, columns)), shape=(n, n)))


def random_entries(random, n_nodes, n_places, *, most=5):
    """Places with none to several entries anywhere, some of them unusable, some twice over one node."""
    counts = random.integers(0, most + 1, n_places)
    offsets = np.r_[0, np.cumsum(counts)]
    node = random.integers(0, n_nodes, offsets[-1])
    legs = random.integers(0, 30, offsets[-1]).astype(float)
    legs[random.random(len(legs)) < 0.1] = np.inf
    return Entries(offsets, node, legs, 10.0 * legs)


def times_over_entries(times, sources, targets):
    expected = np.full((len(sources), len(targets)), np.inf)
    for i in range(len(sources)):
        for j in range(len(targets)):
            s = slice(sources.offsets[i], sources.offsets[i + 1])
            t = slice(targets.offsets[j], targets.offsets[j + 1])
            way = (
                sources.leg_min[s, None]
                + times[np.ix_(sources.node[s], targets.node[t])]
                + targets.leg_min[t]
            )
            expected[i, j] = way.min(initial=np.inf)
    return expected


def assert_same(found, expected):
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
    is_finite = np.isfinite(expected)
    np.testing.assert_allclose(found[is_finite], expected[is_finite], rtol=0.0, atol=SAME_MIN)


@pytest.mark.parametrize("seed", range(8))
def test_times_equal_scipy_between_all_nodes(seed):
    xy, offsets, targets, minutes, metres = random_arcs(seed)
    metric = build_hierarchy(*xy.T, offsets, targets).customise(minutes, metres)
    everywhere = Entries.at_nodes(np.arange(len(xy)))
    assert_same(many_to_many(metric, everywhere, everywhere)[0], scipy_times(offsets, targets, minutes))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sizes", [(40, 90), (90, 40), (1, 7), (7, 1)])
def test_times_over_several_entries_equal_the_least_sum(seed, sizes):
    xy, offsets, targets, minutes, metres = random_arcs(seed)
    random = np.random.default_rng(seed)
    places = [random_entries(random, len(xy), size) for size in sizes]
    metric = build_hierarchy(*xy.T, offsets, targets).customise(minutes, metres)
    expected = times_over_entries(scipy_times(offsets, targets, minutes), *places)
    assert_same(many_to_many(metric, *places)[0], expected)


@pytest.mark.parametrize("seed", range(3))
def test_metres_are_the_length_of_a_fastest_way(seed):
    xy, offsets, targets, minutes, metres = random_arcs(seed, n=80)
    metric = build_hierarchy(*xy.T, offsets, targets).customise(minutes, metres)
    chosen = np.arange(0, len(xy), 4)
    times, lengths = many_to_many(metric, Entries.at_nodes(chosen), Entries.at_nodes(chosen))
    tails = np.repeat(np.arange(len(xy)), np.diff(offsets))
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(xy)))
    for tail, head, time, length in zip(tails, targets, minutes, metres, strict=True):
        if np.isfinite(time):
            graph.add_edge(int(tail), int(head), time=time, length=length)
    for i, source in enumerate(chosen):
        # Dynamic programming over fastest ways alone gives every length that a fastest way can have.
        reached = nx.single_source_dijkstra_path_length(graph, int(source), weight="time")
        can_be = {int(source): {0.0}}
        for node in sorted(reached, key=reached.get):
            for _, head, arc in graph.out_edges(node, data=True):
                if abs(reached[node] + arc["time"] - reached[head]) <= SAME_MIN and node != head:
                    can_be.setdefault(head, set()).update(length + arc["length"] for length in can_be[node])
        for j, target in enumerate(chosen):
            assert np.isfinite(times[i, j]) == (int(target) in can_be)
            if np.isfinite(times[i, j]):
                assert min(abs(lengths[i, j] - length) for length in can_be[int(target)]) <= SAME_MIN
            else:
                assert np.isinf(lengths[i, j])


def test_closing_arcs_and_customising_again_equals_a_fresh_search():
    xy, offsets, targets, minutes, metres = random_arcs(11)
    hierarchy = build_hierarchy(*xy.T, offsets, targets)
    before = hierarchy.customise(minutes, metres)
    everywhere = Entries.at_nodes(np.arange(len(xy)))
    open_times = many_to_many(before, everywhere, everywhere)[0]
    closed = minutes.copy()
    closed[np.random.default_rng(11).choice(len(minutes), 40, replace=False)] = np.inf
    after = many_to_many(hierarchy.customise(closed, metres), everywhere, everywhere)[0]
    assert_same(after, scipy_times(offsets, targets, closed))
    assert (after >= open_times - SAME_MIN).all()
    np.testing.assert_array_equal(many_to_many(before, everywhere, everywhere)[0], open_times)


@pytest.mark.parametrize("cutoff", [0.0, 17.0, 60.0, 150.0])
def test_a_cutoff_keeps_exactly_the_pairs_up_to_it(cutoff):
    # Whole minutes, so that sums are exact and many pairs lie on the boundary itself.
    xy, offsets, targets, _, metres = random_arcs(5)
    metric = build_hierarchy(*xy.T, offsets, targets).customise(metres, metres)
    everywhere = Entries.at_nodes(np.arange(len(xy)))
    times, lengths = many_to_many(metric, everywhere, everywhere)
    within, within_m = many_to_many(metric, everywhere, everywhere, cutoff_min=cutoff)
    assert (times == cutoff).any()
    np.testing.assert_array_equal(within, np.where(times <= cutoff, times, np.inf))
    np.testing.assert_array_equal(within_m, np.where(times <= cutoff, lengths, np.inf))


def test_threads_change_nothing():
    xy, offsets, targets, minutes, metres = random_arcs(2)
    random = np.random.default_rng(2)
    sources, goals = random_entries(random, len(xy), 200), random_entries(random, len(xy), 150)
    metric = build_hierarchy(*xy.T, offsets, targets).customise(minutes, metres)
    alone = many_to_many(metric, sources, goals)
    with ThreadPoolExecutor(2) as executor:
        together = many_to_many(metric, sources, goals, executor=executor)
    np.testing.assert_array_equal(together[0], alone[0])
    np.testing.assert_array_equal(together[1], alone[1])


def test_renumbered_nodes_give_the_same_times():
    xy, offsets, targets, minutes, metres = random_arcs(7)
    n = len(xy)
    everywhere = Entries.at_nodes(np.arange(n))
    expected = many_to_many(
        build_hierarchy(*xy.T, offsets, targets).customise(minutes, metres), everywhere, everywhere
    )[0]
    number = np.random.default_rng(7).permutation(n)
    tails, heads = number[np.repeat(np.arange(n), np.diff(offsets))], number[targets]
    order = np.argsort(tails, kind="stable")
    moved = np.empty_like(xy)
    moved[number] = xy
    offsets = np.r_[0, np.cumsum(np.bincount(tails, minlength=n))]
    hierarchy = build_hierarchy(*moved.T, offsets, heads[order].astype(np.int32))
    metric = hierarchy.customise(minutes[order], metres[order])
    assert_same(many_to_many(metric, Entries.at_nodes(number), Entries.at_nodes(number))[0], expected)
