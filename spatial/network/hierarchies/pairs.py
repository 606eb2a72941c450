"""Pairs of places of a travel graph over the hierarchy of its contracted graph, and when that is quicker."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from spatial.network.hierarchies.hierarchy import Hierarchy, Metric, build_hierarchy
from spatial.network.hierarchies.query import Entries, many_to_many
from spatial.network.search.doors import seeds_at_ends

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.search.kernels_door import Along, Doors

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]

__all__ = [
    "SAME_MIN",
    "graph_hierarchy",
    "graph_metric",
    "has_metric",
    "hierarchy_pays",
    "pairs_over_hierarchy",
    "times_of_pairs",
]

SAME_MIN = 1e-9
"""Times that are summed up in another order differ by less; minutes."""

# Nanoseconds, fitted to 392 tables over four made-up and two real networks of 2,000 to 144,000 nodes of the contracted
# graph; they choose the quicker way and change no result.
_SEARCH_NODE_NS, _SEARCH_PAIR_NS = 50.0, 280.0
"""Of a search, for each node that it reaches and each pair that it finds."""
_SWEEP_NODE_NS, _SWEEP_PAIR_NS, _LIST_NS = 4.3, 30.0, 165.0
"""Of the hierarchy, for each node and source, for each pair of the full table, and for each node once."""
_ORDER_NS, _CUSTOMISE_NS = 180.0, 13.0
"""For each node, times the binary logarithm of how many there are."""
_LEAST_SHARE = 0.25
"""With fewer of the pairs within the cutoff a full table would take more memory than the pairs themselves."""
_MOST_ARCS = 64
"""Arcs a node; roads have 5 to 15, and where nothing parts the network well the searches are better."""
_DETOUR = 1.3
"""Way over straight distance, to guess how far one comes within a cutoff."""
_CENTRES, _SAMPLE = 16, 1024
"""Nodes around which, and among which, those within a cutoff are counted."""
_MOST_CELLS = 4_000_000
"""Pairs of a table that is made to look up single ones; changes memory and speed only."""


def graph_hierarchy(graph: TravelGraph) -> Hierarchy:
    """Order the contracted graph, once for all graphs over the same roads."""
    shape = graph.core_shape
    held = vars(shape)
    if "hierarchy" not in held:
        nodes = shape.core_node[: shape.n_search]
        held["hierarchy"] = build_hierarchy(
            graph.node_x[nodes], graph.node_y[nodes], shape.arc_offsets.astype(np.int64), shape.arc_target
        )
    hierarchy: Hierarchy = held["hierarchy"]
    return hierarchy


def graph_metric(graph: TravelGraph) -> Metric:
    """Give the hierarchy the minutes of a graph, once."""
    core = graph.core
    held = vars(core)
    if "metric" not in held:
        held["metric"] = graph_hierarchy(graph).customise(core.out_min, core.arc_m)
    metric: Metric = held["metric"]
    return metric


def has_metric(graph: TravelGraph) -> bool:
    """Tell whether the hierarchy has the minutes of a graph already."""
    return "metric" in vars(graph.core)


def hierarchy_pays(graph: TravelGraph, n_sources: int, n_goals: int, cutoff_min: float) -> bool:
    """Guess whether the hierarchy finds the pairs sooner than one search a source; order the network where it may."""
    share = _share_within(graph, cutoff_min)
    if share < _LEAST_SHARE:
        return False
    is_ordered, is_weighed = "hierarchy" in vars(graph.core_shape), "metric" in vars(graph.core)
    n_nodes = graph.core_shape.n_search
    ahead = (0.0 if is_ordered else _ORDER_NS) + (0.0 if is_weighed else _CUSTOMISE_NS)
    sweeps = n_nodes * (_LIST_NS + ahead * np.log2(max(n_nodes, 2)) + n_sources * _SWEEP_NODE_NS)
    sweeps += n_sources * n_goals * _SWEEP_PAIR_NS
    if n_sources * share * (n_nodes * _SEARCH_NODE_NS + n_goals * _SEARCH_PAIR_NS) <= sweeps:
        return False
    return graph_hierarchy(graph).n_arcs <= _MOST_ARCS * n_nodes


def _share_within(graph: TravelGraph, cutoff_min: float) -> float:
    """Guess which share of the nodes is reached within a cutoff: those in a circle, at the mean speed by length."""
    if not np.isfinite(cutoff_min):
        return 1.0
    core, shape = graph.core, graph.core_shape
    is_open = np.isfinite(core.out_min) & (core.out_min > 0.0)
    length_m = core.arc_m[is_open]
    if not length_m.sum() > 0.0:
        return 1.0
    speed_m_min = float((length_m**2 / core.out_min[is_open]).sum() / length_m.sum())
    nodes = shape.core_node[: shape.n_search]
    centre, near = (nodes[:: max(1, len(nodes) // size)] for size in (_CENTRES, _SAMPLE))
    east, north = (at[centre, None] - at[near] for at in (graph.node_x, graph.node_y))
    return float((np.hypot(east, north) <= cutoff_min * speed_m_min / _DETOUR).mean())


def pairs_over_hierarchy(
    graph: TravelGraph,
    doors: tuple[Doors, Doors],
    along: tuple[Along, tuple[int, int]],
    cutoff_min: float,
    executor: Executor | None,
    *,
    forwards: bool,
) -> Pairs:
    """Find every pair of places within a time, door to door."""
    (offsets, rows, time, metre), sizes = along
    sides = tuple(_entries(graph, each, n) for each, n in zip(doors, sizes, strict=True))
    origins, destinations = sides if forwards else sides[::-1]
    metric = graph_metric(graph)
    if isinstance(executor, ThreadPoolExecutor):
        minutes, metres = many_to_many(
            metric, origins, destinations, cutoff_min=cutoff_min, executor=executor
        )
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            minutes, metres = many_to_many(
                metric, origins, destinations, cutoff_min=cutoff_min, executor=threads
            )
    per = [len(each[0]) // max(n, 1) for each, n in zip(doors, sizes, strict=True)]
    source = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)) // max(per[0], 1)
    i, j = (source, rows // max(per[1], 1)) if forwards else (rows // max(per[1], 1), source)
    # Of several ways between two places the quickest is written last.
    order = np.argsort(-time, kind="stable")
    i, j, time, metre = i[order], j[order], time[order], metre[order]
    is_sooner = time <= minutes[i, j]
    i, j = i[is_sooner], j[is_sooner]
    minutes[i, j], metres[i, j] = time[is_sooner], metre[is_sooner]
    first, second = np.nonzero(np.isfinite(minutes))
    return first, second, minutes[first, second], metres[first, second]


def times_of_pairs(
    graph: TravelGraph,
    doors: tuple[Doors, Doors],
    sizes: tuple[int, int],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    forwards: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Look up single pairs over the hierarchy, without the ways along a chain.

    Returns minutes and metres of each pair, to the last bit as a whole table has them; inf where there is no
    way.
    """
    goals, column = np.unique(pairs[1], return_inverse=True)
    to = _entries(graph, _chosen(doors[1], sizes[1], goals), len(goals))
    minutes, metres = np.full(len(pairs[0]), np.inf), np.full(len(pairs[0]), np.inf)
    every, row = np.unique(pairs[0], return_inverse=True)
    step = max(1, _MOST_CELLS // max(len(goals), 1))
    for begin in range(0, len(every), step):
        some = every[begin : begin + step]
        sides = (_entries(graph, _chosen(doors[0], sizes[0], some), len(some)), to)
        table = many_to_many(
            graph_metric(graph),
            *(sides if forwards else sides[::-1]),
            sizes=sizes if forwards else sizes[::-1],
        )
        at = np.flatnonzero((row >= begin) & (row < begin + len(some)))
        cell = (row[at] - begin, column[at]) if forwards else (column[at], row[at] - begin)
        minutes[at], metres[at] = table[0][cell], table[1][cell]
    return minutes, metres


def _chosen(doors: Doors, n_places: int, places: NDArray[np.int64]) -> Doors:
    """Doors of some of the places."""
    per_place = len(doors[0]) // max(n_places, 1)
    rows = (places[:, None] * per_place + np.arange(per_place)).ravel()
    return tuple(each[rows] for each in doors)


def _entries(graph: TravelGraph, doors: Doors, n_places: int) -> Entries:
    """List the core nodes over which places enter."""
    per_place = max(len(doors[0]) // max(n_places, 1), 1)
    nodes, rows, minutes, metres = seeds_at_ends(graph, doors)
    order = np.argsort(rows // per_place, kind="stable")
    offsets = np.zeros(n_places + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows // per_place, minlength=n_places), out=offsets[1:])
    return Entries(offsets, nodes[order].astype(np.int64), minutes[order], metres[order])
