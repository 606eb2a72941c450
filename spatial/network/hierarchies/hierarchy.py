"""Times between many places, however far apart, over a hierarchy of a network's nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array

from spatial.errors import NetworkError
from spatial.network.hierarchies.kernels_hierarchy import complete, customise, walk_tree
from spatial.network.hierarchies.kernels_order import dissect, eliminate_chains

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["Hierarchy", "Metric", "build_hierarchy"]

DIRECTIONS = 4
"""Directions in which a piece of the network is tried to be cut; inertial flow of Schild and Sommer (2015) has four."""
END_SHARE = 0.25
"""Share of a piece's nodes at either end that a cut must part; of 0.25 to 0.42 it gave the fewest shortcuts."""

ROOM_GROWTH = 4
"""Arcs with shortcuts that there is room for, by arc without; roads need 2 to 3. Where it is too few, that again."""


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """
    Order of a network's nodes with the shortcuts that it needs, whatever the times are.

    Nodes are numbered by rank, from the first that is eliminated to the last.
    """

    rank: NDArray[np.int32]  # shape (n_nodes,), rank of each node of the network
    # shape (n_nodes + 1,), arcs of the node of rank r are ``offsets[r]`` to ``offsets[r + 1] - 1``
    offsets: NDArray[np.int64]
    # shape (n_arcs,), the neighbour above, ascending; its first is the node's parent in the elimination
    # tree
    targets: NDArray[np.int32]
    parent: NDArray[np.int32]  # shape (n_nodes,), rank of the parent, -1 for a root
    subtree: NDArray[np.int32]  # shape (n_nodes,), nodes below and itself; they have the ranks up to its own
    # shape (n_nodes,), nodes between it and the root of its tree, the root included; 0 for a root
    level: NDArray[np.int32]
    # by rank: offsets (int64), the arcs that come up to it, and the ranks that they come from (int32)
    below: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]
    # by arc of the network, twice the arc of the hierarchy, one more where it leads down; -1 for a loop
    slots: NDArray[np.int32]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.rank)

    @property
    def n_arcs(self) -> int:
        """Number of pairs of nodes joined by a road or a shortcut."""
        return len(self.targets)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays: 12 an arc, 32 a node and 4 an arc of the network."""
        arrays = (
            self.rank,
            self.offsets,
            self.targets,
            self.parent,
            self.subtree,
            self.level,
            self.slots,
            *self.below,
        )
        return sum(array.nbytes for array in arrays)

    def customise(self, minutes: NDArray[np.float64], metres: NDArray[np.float64]) -> Metric:
        """Give the hierarchy the times of one mode, season or scenario."""
        minutes = np.ascontiguousarray(minutes, dtype=np.float64)
        metres = np.ascontiguousarray(metres, dtype=np.float64)
        if minutes.shape != self.slots.shape or metres.shape != self.slots.shape:
            raise NetworkError(
                f"the hierarchy has {len(self.slots)} arcs, but minutes {minutes.shape} and metres {metres.shape} are "
                "given; pass one of each for every arc, in the order in which the hierarchy was built"
            )
        is_wrong = ~(minutes >= 0)
        if is_wrong.any():
            raise NetworkError(
                f"{int(is_wrong.sum())} arcs have negative or unknown minutes, the first is arc "
                f"{int(np.argmax(is_wrong))}; give 0 or more, and inf where an arc is closed"
            )
        found = np.full((self.n_arcs, 2), np.inf), np.full((self.n_arcs, 2), np.inf)
        room = np.empty(self.n_nodes, dtype=np.int64)
        customise((self.offsets, self.targets), self.below, self.slots, (minutes, metres), (*found, room))
        return Metric(self, *found)


@dataclass(frozen=True, eq=False)
class Metric:
    """Times of the arcs of a hierarchy."""

    hierarchy: Hierarchy  # the order
    # shape (n_arcs, 2), up and down each arc over itself or over nodes below it; inf where there is no way
    minutes: NDArray[np.float64]
    metres: NDArray[np.float64]  # shape (n_arcs, 2), metres along that way

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays: 32 an arc of the hierarchy."""
        return self.minutes.nbytes + self.metres.nbytes


def build_hierarchy(
    x: NDArray[np.float64], y: NDArray[np.float64], offsets: NDArray[np.int64], targets: NDArray[np.int32]
) -> Hierarchy:
    """
    Order the nodes of a network so that few shortcuts are needed, and find these shortcuts.

    Dead ends and chains go first, then nested dissection: the least separator between the two ends of each piece, in
    the best of four directions, goes last. Only what the network joins counts, not its times or its one-ways.

    References
    ----------
    Dibbelt, Strasser and Wagner (2016), Customizable contraction hierarchies, ACM Journal of Experimental Algorithmics
    21; Schild and Sommer (2015), On balanced separators in road networks, SEA.

    Examples
    --------
    Two nodes and a road both ways: one arc of the hierarchy.

    >>> import numpy as np
    >>> build_hierarchy(np.zeros(2), np.zeros(2), np.array([0, 1, 2]), np.array([1, 0])).n_arcs
    1
    """
    n = len(offsets) - 1
    heads = np.asarray(targets, dtype=np.int32)
    rank, arcs, parent = _ranked(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), offsets, heads
    )
    subtree, level = np.ones(n, dtype=np.int32), _empty(n)
    walk_tree(parent, subtree, _empty(n), level, _empty(n))
    slots = _slots(rank[_tails(offsets)], rank[heads], arcs)
    arc_offsets, above = arcs.indptr.astype(np.int64), arcs.indices.astype(np.int32)
    return Hierarchy(rank, arc_offsets, above, parent, subtree, level, _below(arcs), slots)


def _ranked(
    x: NDArray[np.float64], y: NDArray[np.float64], offsets: NDArray[np.int64], heads: NDArray[np.int32]
) -> tuple[NDArray[np.int32], csr_array, NDArray[np.int32]]:
    """Rank the nodes; return that, the arcs of the hierarchy and the parents, both by rank."""
    graph = _undirected(_tails(offsets), heads, len(x))
    rank = _empty(len(x))
    rank[_order(x, y, graph)] = np.arange(len(x), dtype=np.int32)
    arcs, parent, place = _complete(graph, rank)
    return place[rank], arcs, parent


def _tails(offsets: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.int32]:
    """Tell the row of each entry of compressed rows."""
    return np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))


def _below(arcs: csr_array) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """List the arcs by the node that they come up to."""
    arcs.data = np.arange(arcs.nnz, dtype=np.int32)
    upwards = arcs.T.tocsr()
    return upwards.indptr.astype(np.int64), upwards.data, upwards.indices.astype(np.int32)


def _undirected(tails: NDArray[np.int32], heads: NDArray[np.int32], n: int) -> csr_array:
    """Join the same nodes in both directions, once, without loops."""
    is_road = tails != heads
    tails, heads = tails[is_road], heads[is_road]
    both = (np.concatenate((tails, heads)), np.concatenate((heads, tails)))
    graph = coo_array((np.ones(len(both[0]), dtype=np.int8), both), shape=(n, n)).tocsr()
    graph.sort_indices()
    return graph


def _order(x: NDArray[np.float64], y: NDArray[np.float64], graph: csr_array) -> NDArray[np.int32]:
    """List the nodes in the order in which they are eliminated."""
    n = len(x)
    offsets, neighbours = graph.indptr.astype(np.int32), graph.indices.astype(np.int32)
    graph.data = np.arange(graph.nnz, dtype=np.int32)
    mates = graph.T.tocsr().data
    order = np.empty(n, dtype=np.int32)
    room = (_empty(n), _empty(n), _none(n), _none(n))
    n_gone = eliminate_chains((offsets, neighbours, mates), np.diff(offsets).astype(np.int32), order, room)
    is_left = np.ones(n, dtype=bool)
    is_left[order[:n_gone]] = False
    left = np.flatnonzero(is_left)
    if len(left):
        number = _none(n)
        number[left] = np.arange(len(left), dtype=np.int32)
        tails = _tails(offsets)
        is_kept = (neighbours >= 0) & is_left[tails]
        kept_offsets = np.zeros(len(left) + 1, dtype=np.int32)
        np.cumsum(np.bincount(number[tails[is_kept]], minlength=len(left)), out=kept_offsets[1:])
        rest = (kept_offsets, number[neighbours[is_kept]])
        order[n_gone:] = left[_dissected(x[left], y[left], rest)]
    return order


def _dissected(
    x: NDArray[np.float64], y: NDArray[np.float64], graph: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> NDArray[np.int32]:
    n = len(x)
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    rows = [np.argsort(np.cos(angle) * x + np.sin(angle) * y, kind="stable") for angle in angles]
    row = np.concatenate(rows).astype(np.int32)
    flow = (_none(n), np.zeros(n, np.int8), np.zeros(n, np.int8), _none(n), _empty(2 * n), _none(2 * n))
    work = (_empty(2 * n), _empty(2 * n))
    room = (flow, work, np.zeros(n, np.int8), _empty(len(row)), np.empty(2 * n + 2, np.int64))
    dissect(graph, row, np.array([END_SHARE]), room)
    return row[:n]


def _complete(
    graph: csr_array, rank: NDArray[np.int32]
) -> tuple[csr_array, NDArray[np.int32], NDArray[np.int32]]:
    """Add the shortcuts and renumber the ranks along the elimination tree; return arcs, parents and new ranks."""
    n = len(rank)
    tails = rank[_tails(graph.indptr)]
    heads = rank[graph.indices]
    up = tails < heads
    upper = coo_array((np.ones(int(up.sum()), dtype=np.int8), (tails[up], heads[up])), shape=(n, n)).tocsr()
    offsets, above, parent = _with_shortcuts(upper)
    place = _empty(n)
    walk_tree(parent, np.ones(n, dtype=np.int32), place, _empty(n), _empty(n))
    ends = (place[_tails(offsets)], place[above])
    del above
    arcs = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(n, n)).tocsr()
    arcs.sort_indices()
    renumbered = _none(n)
    renumbered[place] = np.where(parent >= 0, place[parent], -1)
    return arcs, renumbered, place


def _with_shortcuts(upper: csr_array) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Add the shortcuts to the neighbours above; return these as compressed rows, and the parents."""
    n, size, room = upper.shape[0], -1, upper.nnz
    neighbours = upper.indptr.astype(np.int32), upper.indices.astype(np.int32)
    while size < 0:
        room *= ROOM_GROWTH
        starts, above = np.zeros(n + 1, dtype=np.int64), _empty(room + n)
        tree = (_none(n), _none(n), _none(n), _none(n))
        size = complete(neighbours, tree, starts, above)
    return starts, above[:size], tree[0]


def _slots(tails: NDArray[np.int32], heads: NDArray[np.int32], arcs: csr_array) -> NDArray[np.int32]:
    """Find the arc of the hierarchy that each arc of the network belongs to."""
    n = arcs.shape[0]
    keys = _tails(arcs.indptr).astype(np.int64) * n + arcs.indices
    wanted = np.minimum(tails, heads).astype(np.int64) * n + np.maximum(tails, heads)
    arc = np.searchsorted(keys, wanted)
    return np.where(tails == heads, -1, 2 * arc + (tails > heads)).astype(np.int32)


def _empty(n: int) -> NDArray[np.int32]:
    return np.empty(n, dtype=np.int32)


def _none(n: int) -> NDArray[np.int32]:
    return np.full(n, -1, dtype=np.int32)
