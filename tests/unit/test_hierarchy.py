"""The hierarchy on networks small enough to know its order, its arcs and its times."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from spatial.errors import NetworkError
from spatial.network.hierarchies import kernels_hierarchy
from spatial.network.hierarchies import kernels_order as kernels_hierarchy_order
from spatial.network.hierarchies.hierarchy import build_hierarchy
from spatial.network.hierarchies.query import Entries, compile_hierarchy, many_to_many

INF = np.inf


def build(n, pairs, xy=None):
    """Hierarchy of arcs given in the order of their tails."""
    tails = np.array([tail for tail, _ in pairs], dtype=np.int64)
    assert (np.diff(tails) >= 0).all()
    offsets = np.r_[0, np.cumsum(np.bincount(tails, minlength=n))]
    xy = np.column_stack((np.arange(n), np.zeros(n))) if xy is None else xy
    return build_hierarchy(
        *np.asarray(xy, dtype=float).T, offsets, np.array([h for _, h in pairs], dtype=np.int32)
    )


def grid(side):
    """Arcs both ways of a grid with side x side nodes, one minute and 100 metres each."""
    pairs = []
    for node in range(side * side):
        row, column = divmod(node, side)
        near = ((row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column))
        pairs += [(node, r * side + c) for r, c in near if 0 <= r < side and 0 <= c < side]
    xy = [(node % side, node // side) for node in range(side * side)]
    return build(side * side, pairs, xy), len(pairs)


def times(metric, sources, targets, **options):
    found = many_to_many(
        metric, Entries.at_nodes(np.array(sources)), Entries.at_nodes(np.array(targets)), **options
    )
    return [part.tolist() for part in found]


def test_a_grid_has_its_manhattan_times_and_metres():
    hierarchy, n_arcs = grid(9)
    metric = hierarchy.customise(np.ones(n_arcs), np.full(n_arcs, 100.0))
    row, column = np.divmod(np.arange(81), 9)
    steps = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    everywhere = Entries.at_nodes(np.arange(81))
    minutes, metres = many_to_many(metric, everywhere, everywhere)
    np.testing.assert_array_equal(minutes, steps)
    np.testing.assert_array_equal(metres, 100.0 * steps)


def test_a_grid_needs_few_shortcuts_and_a_shallow_tree():
    # Separators of a 32 x 32 grid have at most 32 nodes; halving twice costs 32 + 16 nodes, so with all later halves
    # a path to the root has about 2 * (32 + 16) = 96. Row by row it would be 1,024, with 31,000 arcs.
    hierarchy, _ = grid(32)
    depth = np.zeros(1024, dtype=int)
    for rank in range(1023, -1, -1):
        up = hierarchy.parent[rank]
        depth[rank] = 1 + (depth[up] if up >= 0 else 0)
    assert depth.max() <= 130
    assert hierarchy.n_arcs <= 14_000


def test_the_tree_numbers_each_subtree_in_one_run():
    hierarchy, _ = grid(12)
    for rank in range(144):
        below = [rank]
        for low in range(rank, -1, -1):
            if hierarchy.parent[low] in below:
                below.append(low)
        assert sorted(below) == list(range(rank - hierarchy.subtree[rank] + 1, rank + 1))
        above = hierarchy.targets[hierarchy.offsets[rank] : hierarchy.offsets[rank + 1]]
        assert hierarchy.parent[rank] == (above.min() if len(above) else -1)


def test_a_chain_becomes_a_tree_of_logarithmic_depth():
    n = 1000
    pairs = [(v, w) for v in range(n) for w in (v - 1, v + 1) if 0 <= w < n]
    hierarchy = build(n, pairs)
    depth = np.zeros(n, dtype=int)
    for rank in range(n - 1, -1, -1):
        up = hierarchy.parent[rank]
        depth[rank] = 1 + (depth[up] if up >= 0 else 0)
    # Each round takes out at least a third of what is left: log(1000) / log(3 / 2) = 17, and two neighbours a node.
    assert depth.max() <= 34
    minutes, _ = times(hierarchy.customise(np.ones(len(pairs)), np.ones(len(pairs))), [0], [n - 1])
    assert minutes == [[n - 1]]


def test_a_one_way_ring_is_travelled_round():
    metric = build(3, [(0, 1), (1, 2), (2, 0)]).customise(
        np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 40.0])
    )
    # From 0 to 2 over 1: 1 + 2; back straight: 4.
    assert times(metric, [0, 2], [2, 0]) == [[[3.0, 0.0], [0.0, 4.0]], [[30.0, 0.0], [0.0, 40.0]]]


def test_two_islands_and_a_lonely_node_are_out_of_reach():
    metric = build(5, [(0, 1), (1, 0), (2, 3), (3, 2)]).customise(np.ones(4), np.ones(4))
    minutes, metres = times(metric, [0, 2, 4], [1, 3, 4])
    assert minutes == [[1.0, INF, INF], [INF, 1.0, INF], [INF, INF, 0.0]]
    assert metres == minutes


def test_the_quickest_of_parallel_arcs_counts_and_loops_do_not():
    hierarchy = build(2, [(0, 0), (0, 1), (0, 1), (0, 1)])
    metric = hierarchy.customise(np.array([0.0, 3.0, 2.0, 2.5]), np.array([7.0, 300.0, 200.0, 250.0]))
    assert hierarchy.n_arcs == 1
    assert times(metric, [0, 1], [0, 1]) == [[[0.0, 2.0], [INF, 0.0]], [[0.0, 200.0], [INF, 0.0]]]


def test_a_closed_arc_is_not_used_until_it_opens_again():
    # The square 0-1-3-2-0: over 1 it takes 2 minutes, over 2 it takes 6.
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3)]
    hierarchy = build(4, pairs, [(0, 0), (1, 0), (0, 1), (1, 1)])
    length = np.array([10.0, 30.0, 10.0, 30.0])
    for minutes, expected in (
        ([1, 3, 1, 3], 2.0),
        ([1, 3, INF, 3], 6.0),
        ([INF, 3, 1, INF], INF),
        ([1, 3, 1, 3], 2.0),
    ):
        assert times(hierarchy.customise(np.array(minutes, dtype=float), length), [0], [3])[0] == [[expected]]


def test_places_enter_over_the_best_of_their_nodes():
    # A line 0-1-2-3 of one minute steps. The source enters over 0 with 5 minutes or 3 with 1; the target over 1 with 2.
    pairs = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]
    metric = build(4, pairs).customise(np.ones(6), np.full(6, 100.0))
    source = Entries(np.array([0, 2]), np.array([0, 3]), np.array([5.0, 1.0]), np.array([50.0, 10.0]))
    target = Entries(np.array([0, 1]), np.array([1]), np.array([2.0]), np.array([20.0]))
    # Over 3: 1 + 2 + 2 = 5, over 0: 5 + 1 + 2 = 8.
    assert [part.tolist() for part in many_to_many(metric, source, target)] == [[[5.0]], [[230.0]]]


def test_a_cutoff_is_inclusive():
    metric = build(2, [(0, 1)]).customise(np.array([30.0]), np.array([1.0]))
    assert times(metric, [0], [1], cutoff_min=30.0)[0] == [[30.0]]
    assert times(metric, [0], [1], cutoff_min=np.nextafter(30.0, 0.0))[0] == [[INF]]


def test_no_sources_no_targets_and_places_without_entry_give_empty_or_unreached_tables():
    metric = build(2, [(0, 1)]).customise(np.ones(1), np.ones(1))
    nobody, one = Entries.at_nodes(np.zeros(0, dtype=int)), Entries.at_nodes(np.array([0]))
    homeless = Entries(np.zeros(3, dtype=int), np.zeros(0, dtype=int), np.zeros(0), np.zeros(0))
    assert many_to_many(metric, nobody, one)[0].shape == (0, 1)
    assert many_to_many(metric, one, nobody)[0].shape == (1, 0)
    assert many_to_many(metric, nobody, nobody)[0].shape == (0, 0)
    assert many_to_many(metric, homeless, one)[0].tolist() == [[INF], [INF]]
    assert many_to_many(metric, one, homeless)[0].tolist() == [[INF, INF]]


def test_a_single_node_and_no_node_at_all_have_hierarchies():
    metric = build(1, []).customise(np.zeros(0), np.zeros(0))
    assert times(metric, [0, 0], [0]) == [[[0.0], [0.0]], [[0.0], [0.0]]]
    empty = build_hierarchy(
        np.zeros(0), np.zeros(0), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    )
    assert (empty.n_nodes, empty.n_arcs) == (0, 0)


def test_a_star_and_a_full_graph_need_no_shortcut():
    star = build(50, [(0, v) for v in range(1, 50)])
    assert star.n_arcs == 49
    full = build(7, [(v, w) for v in range(7) for w in range(7) if v != w])
    assert full.n_arcs == 21


def test_nodes_on_one_spot_do_not_disturb_the_order():
    hierarchy, n_arcs = grid(6)
    pairs = n_arcs  # all coordinates equal: the cuts are arbitrary, the times are not
    flat = build(36, [(v, w) for v in range(36) for w in (v - 6, v - 1, v + 1, v + 6)
                      if 0 <= w < 36 and (v // 6 == w // 6 or v % 6 == w % 6)], np.zeros((36, 2)))  # fmt: skip
    everywhere = Entries.at_nodes(np.arange(36))
    expected = many_to_many(hierarchy.customise(np.ones(pairs), np.ones(pairs)), everywhere, everywhere)
    found = many_to_many(flat.customise(np.ones(pairs), np.ones(pairs)), everywhere, everywhere)
    np.testing.assert_array_equal(found[0], expected[0])


def test_bytes_are_those_that_are_stated():
    hierarchy, n_arcs = grid(10)
    # 12 an arc of the hierarchy, 32 a node and two more offsets of 8, and 4 an arc of the network.
    assert hierarchy.nbytes == 12 * hierarchy.n_arcs + 32 * 100 + 16 + 4 * n_arcs
    assert hierarchy.customise(np.ones(n_arcs), np.ones(n_arcs)).nbytes == 32 * hierarchy.n_arcs


def test_wrong_weights_and_nodes_are_refused():
    hierarchy = build(2, [(0, 1), (1, 0)])
    with pytest.raises(NetworkError, match=re.escape("the hierarchy has 2 arcs, but minutes (1,)")):
        hierarchy.customise(np.ones(1), np.ones(2))
    with pytest.raises(NetworkError, match="1 arcs have negative or unknown minutes, the first is arc 1"):
        hierarchy.customise(np.array([1.0, -1.0]), np.ones(2))
    with pytest.raises(NetworkError, match="1 arcs have negative or unknown minutes, the first is arc 0"):
        hierarchy.customise(np.array([np.nan, 1.0]), np.ones(2))
    metric = hierarchy.customise(np.ones(2), np.ones(2))
    with pytest.raises(NetworkError, match="1 entries name a node that is not among the 2 of the network"):
        times(metric, [0, 2], [1])


def test_one_call_compiles_every_kernel_and_other_types_compile_none_again():
    compile_hierarchy()
    # Ranks, offsets, minutes and nodes of other types than the kernels': they are brought into one form before.
    hierarchy = build_hierarchy(
        np.arange(3, dtype=np.float32),
        np.zeros(3, dtype=np.int64),
        np.array([0, 1, 2, 3], dtype=np.int32),
        np.array([1, 2, 0], dtype=np.int64),
    )
    metric = hierarchy.customise(np.ones(3, dtype=np.float32), np.ones(3, dtype=np.int32))
    ends = Entries.at_nodes(np.array([0, 2], dtype=np.int16))
    minutes, _ = many_to_many(metric, ends, Entries.at_nodes(np.array([1])), cutoff_min=5)
    assert minutes.tolist() == [[1.0], [2.0]]
    kernels = {
        name: len(each.signatures)
        for module in (kernels_hierarchy, kernels_hierarchy_order)
        for name, each in vars(module).items()
        if isinstance(each, Dispatcher)
    }
    # Functions that kernels call have none of their own where the kernels come compiled from the cache.
    assert max(kernels.values()) == 1
    assert all(
        kernels[name] for module in (kernels_hierarchy, kernels_hierarchy_order) for name in module.__all__
    )


def test_many_shortcuts_find_room():
    # Two rings of 30 nodes, each joined to all of the other: 900 of the 1,770 pairs, the others are shortcuts; and a
    # cube-like web in which each node has few neighbours and the shortcuts are many times the arcs.
    n = 60
    pairs = [(v, w) for v in range(n) for w in (range(30, n) if v < 30 else range(30))]
    assert build(n, pairs, np.random.default_rng(0).random((n, 2))).n_arcs <= 1770
    random = np.random.default_rng(1)
    web = sorted({(v, int(w)) for v in range(400) for w in random.integers(0, 400, 2) if v != w})
    hierarchy = build(400, web, random.random((400, 2)))
    assert hierarchy.n_arcs > 5 * len(web)
    times_there, _ = times(hierarchy.customise(np.ones(len(web)), np.ones(len(web))), [0], [0, 1, 2])
    assert times_there[0][0] == 0.0
