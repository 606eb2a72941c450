"""Times between many places over a hierarchy: up from the fewer places, down to the others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import NetworkError
from spatial.network.hierarchies.hierarchy import build_hierarchy
from spatial.network.hierarchies.kernels_hierarchy import hand_over, sweep_down, sweep_up

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    from spatial.network.hierarchies.hierarchy import Hierarchy, Metric

    Rows = tuple[
        NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]
    ]
    Legs = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]
    Found = tuple[NDArray[np.float64], NDArray[np.float64]]

__all__ = ["Entries", "compile_hierarchy", "many_to_many"]

WIDEST = 64
"""Columns swept at once at most; 32 to 100 were equally quick, as rows stay in the cache."""
LANES = 8
"""Numbers that a vector unit takes at once; rows begin at multiples of it."""
TABLE_SHARE = 0.4
"""The table of one sweep takes no more than this share of the memory of hierarchy and answers, where it can."""


@dataclass(frozen=True, eq=False)
class Entries:
    """Places that enter a network over one or several nodes."""

    # shape (n_places + 1,), entries of place i are ``offsets[i]`` to ``offsets[i + 1] - 1``; there may be
    # none
    offsets: NDArray[np.int64]
    node: NDArray[np.int64]  # node of each entry
    leg_min: NDArray[np.float64]  # minutes between the place and the node; inf where it cannot be used
    leg_m: NDArray[np.float64]  # metres of the same leg

    @classmethod
    def at_nodes(cls, node: NDArray[np.int64]) -> Entries:
        """Put each place on a node."""
        n = len(node)
        return cls(np.arange(n + 1), np.asarray(node, dtype=np.int64), np.zeros(n), np.zeros(n))

    def __len__(self) -> int:
        """Count the places."""
        return len(self.offsets) - 1


def many_to_many(
    metric: Metric,
    sources: Entries,
    targets: Entries,
    *,
    cutoff_min: float = np.inf,
    executor: ThreadPoolExecutor | None = None,
    sizes: tuple[int, int] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Find the time from every source to every target.

    Labels climb the elimination tree from the fewer places, then times come down to the nodes of the others and all
    nodes above these, many columns at once (RPHAST).

    Returns minutes, and metres along a fastest way; inf where there is none within the cutoff.

    References
    ----------
    Delling, Goldberg and Werneck (2011), Faster batched shortest paths in road networks, ATMOS.
    """
    for places in (sources, targets):
        _check(metric.hierarchy, places)
    n, m = len(sources), len(targets)
    found = (np.full(n * m, np.inf), np.full(n * m, np.inf))
    of = sizes or (n, m)
    if of[0] >= of[1]:
        _sweep(metric, (sources, targets), (0, (m, 1)), float(cutoff_min), executor, found)
    else:
        _sweep(metric, (targets, sources), (1, (1, m)), float(cutoff_min), executor, found)
    return found[0].reshape(n, m), found[1].reshape(n, m)


def compile_hierarchy() -> None:
    """
    Compile every kernel of the hierarchy, so that no later call waits; takes about four seconds once.

    Four nodes are joined all to all: the least network of which a part is left when chains are gone.
    """
    heads = np.array([1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2], dtype=np.int32)
    hierarchy = build_hierarchy(np.arange(4.0), np.zeros(4), np.arange(0, 13, 3), heads)
    everywhere = Entries.at_nodes(np.arange(4))
    many_to_many(hierarchy.customise(np.ones(12), np.ones(12)), everywhere, everywhere)


def _check(hierarchy: Hierarchy, places: Entries) -> None:
    is_wrong = (places.node < 0) | (places.node >= hierarchy.n_nodes)
    if is_wrong.any():
        raise NetworkError(
            f"{int(is_wrong.sum())} entries name a node that is not among the {hierarchy.n_nodes} of the network, the "
            f"first is node {int(places.node[np.argmax(is_wrong)])}; join the places to this network"
        )


@dataclass(frozen=True, eq=False)
class _Columns:
    """
    Places as columns, in tiles.

    A column enters over nodes of which each is above the one before; a place whose nodes are not has several columns,
    all in one tile.

    `legs` are by column, `lowest` is the first node of each, ascending within a tile, `place` whose column it is,
    `bounds` where the tiles begin and end, and `above` all nodes above any of them.
    """

    legs: Legs
    lowest: NDArray[np.int32]
    place: NDArray[np.int32]
    bounds: NDArray[np.int64]
    above: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Job:
    """
    All that the sweeps of the tiles share.

    `rows` are the nodes of the places that are rows with all above them, and the legs by node, as `sweep_down` reads
    them; `n_rows` is how many places there are.
    `towards` is 0 where travel goes from the rows to the columns, 1 where it comes from the columns; `steps` are how
    far two places of rows, and two of columns, lie apart in `found`.
    """

    metric: Metric
    columns: _Columns
    rows: Rows
    n_rows: int
    towards: int
    steps: tuple[int, int]
    cutoff_min: float
    found: Found


def _sweep(
    metric: Metric,
    sides: tuple[Entries, Entries],
    way: tuple[int, tuple[int, int]],
    cutoff_min: float,
    executor: ThreadPoolExecutor | None,
    found: Found,
) -> None:
    """Sweep from the second side, whose places are columns, to the first, in as many lots of tiles as processors."""
    hierarchy = metric.hierarchy
    n_lots = 1 if executor is None else os.cpu_count() or 1
    room = TABLE_SHARE * (hierarchy.nbytes + metric.nbytes + 16 * len(found[0])) / n_lots
    width = int(min(WIDEST, max(LANES, room / 16 / max(len(sides[0]), 1) // LANES * LANES)))
    columns = _columns(hierarchy, sides[1], width)
    job = _Job(metric, columns, _rows(hierarchy, sides[0]), len(sides[0]), *way, cutoff_min, found)
    lots = [lot for lot in np.array_split(np.arange(len(columns.bounds) - 1), n_lots) if len(lot)]
    for _ in (map if executor is None else executor.map)(partial(_sweep_tiles, job), lots):
        pass


def _sweep_tiles(job: _Job, tiles: NDArray[np.int64]) -> None:
    widest = _padded(int(np.diff(job.columns.bounds)[tiles].max()))
    n_levels = int(job.metric.hierarchy.level[job.rows[0]].max(initial=-1)) + 1
    tables = [_aligned(n * widest) for n in (n_levels, n_levels, job.n_rows, job.n_rows)]
    for tile in tiles:
        _sweep_tile(job, int(tile), tables)


def _sweep_tile(job: _Job, tile: int, tables: list[NDArray[np.float64]]) -> None:
    hierarchy, columns = job.metric.hierarchy, job.columns
    above, weights = (hierarchy.offsets, hierarchy.targets), (job.metric.minutes, job.metric.metres)
    start, stop = columns.bounds[tile], columns.bounds[tile + 1]
    offsets, nodes, leg_min, leg_m = columns.legs
    own = slice(offsets[start], offsets[stop])
    legs = (offsets[start : stop + 1] - offsets[start], nodes[own], leg_min[own], leg_m[own])
    listed = _listed(hierarchy, columns.above, columns.lowest[start:stop])
    labels = (np.full(listed[2][-1], np.inf), np.full(listed[2][-1], np.inf))
    # Travel to the columns comes down to them and goes up from the rows; travel from them goes the other way.
    sweep_up(above, (*weights, 1 - job.towards), listed, legs, labels)
    width = _padded(int(stop - start))
    up, up_m, best, best_m = (table[: len(table) // width * width].reshape(-1, width) for table in tables)
    best[: job.n_rows] = np.inf
    part = (best[: job.n_rows], best_m[: job.n_rows])
    room = (hierarchy.level, up, up_m, np.full(len(up), -np.inf))
    sweep_down(above, (*weights, job.towards), (listed, labels), job.rows, room, (*part, job.cutoff_min))
    hand_over(part, (columns.place[start:stop], *job.steps), job.cutoff_min, job.found)


def _rows(hierarchy: Hierarchy, places: Entries) -> Rows:
    """List the nodes of places and all above them, with the legs by node."""
    rank = hierarchy.rank[places.node]
    nodes = _above(hierarchy, rank)
    order = np.argsort(rank, kind="stable")
    offsets = np.searchsorted(rank[order], np.append(nodes, hierarchy.n_nodes)).astype(np.int64)
    place = np.repeat(np.arange(len(places), dtype=np.int32), np.diff(places.offsets))[order]
    return nodes, offsets, place, _floats(places.leg_min[order]), _floats(places.leg_m[order])


def _above(hierarchy: Hierarchy, ranks: NDArray[np.int32]) -> NDArray[np.int32]:
    """List these nodes and all above them: those with one of them in their subtree."""
    before = np.zeros(hierarchy.n_nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(ranks, minlength=hierarchy.n_nodes), out=before[1:])
    last = np.arange(1, hierarchy.n_nodes + 1, dtype=np.int32)
    return np.flatnonzero(before[last] > before[last - hierarchy.subtree]).astype(np.int32)


def _listed(
    hierarchy: Hierarchy, above: NDArray[np.int32], lowest: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """List the nodes above the columns of a tile, the first column below each and where its labels begin."""
    bottom = above - hierarchy.subtree[above] + 1
    may_be = (above >= lowest[0]) & (bottom <= lowest[-1])
    nodes = above[may_be]
    first = np.searchsorted(lowest, bottom[may_be]).astype(np.int32)
    n_below = np.searchsorted(lowest, nodes, side="right") - first
    is_above = n_below > 0
    nodes, first = nodes[is_above], first[is_above]
    starts = np.zeros(len(nodes) + 1, dtype=np.int64)
    np.cumsum(n_below[is_above], out=starts[1:])
    where = np.empty(hierarchy.n_nodes, dtype=np.int32)
    where[nodes] = np.arange(len(nodes), dtype=np.int32)
    return nodes, first, starts, where


def _columns(hierarchy: Hierarchy, places: Entries, width: int) -> _Columns:
    n = len(places)
    place = np.repeat(np.arange(n, dtype=np.int32), np.diff(places.offsets))
    rank = hierarchy.rank[places.node]
    order = np.lexsort((rank, place))
    order = order[np.isfinite(places.leg_min)[order]]
    place, rank = place[order], rank[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (place[1:] != place[:-1]) | (rank[1:] - hierarchy.subtree[rank[1:]] >= rank[:-1])
    lowest, owner = rank[begins], place[begins]
    tile = _tiles(lowest, owner, n, width)
    column_order = np.lexsort((lowest, tile))
    number = np.empty(len(lowest), dtype=np.int64)
    number[column_order] = np.arange(len(lowest))
    column = number[np.cumsum(begins) - 1]
    by_column = np.argsort(column, kind="stable")
    offsets = np.zeros(len(lowest) + 1, dtype=np.int64)
    np.cumsum(np.bincount(column, minlength=len(lowest)), out=offsets[1:])
    chosen = order[by_column]
    legs = (offsets, rank[by_column], _floats(places.leg_min[chosen]), _floats(places.leg_m[chosen]))
    n_tiles = int(tile.max(initial=-1)) + 1
    bounds = np.searchsorted(tile[column_order], np.arange(n_tiles + 1))
    bounds = np.unique(bounds).astype(np.int64)
    return _Columns(legs, lowest[column_order], owner[column_order], bounds, _above(hierarchy, lowest))


def _tiles(lowest: NDArray[np.int32], owner: NDArray[np.int32], n: int, width: int) -> NDArray[np.int64]:
    """Put the columns of near places into one tile, and all of one place into the same."""
    n_columns = np.bincount(owner, minlength=n)
    lead = np.full(n, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(lead, owner, lowest)
    order = np.argsort(lead, kind="stable")
    tile = np.empty(n, dtype=np.int64)
    tile[order] = (np.cumsum(n_columns[order]) - n_columns[order]) // width
    return tile[owner]


def _floats(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, dtype=np.float64)


def _padded(n: int) -> int:
    return -(-n // LANES) * LANES


def _aligned(n: int) -> NDArray[np.float64]:
    """Make room for numbers, from a multiple of a vector's size on."""
    room = np.empty(n + LANES)
    first = (-room.ctypes.data // room.itemsize) % LANES
    return room[first : first + n]
