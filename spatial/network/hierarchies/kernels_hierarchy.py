"""Compiled parts of the hierarchy: its shortcuts, their times, and times between many places over it."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Listed = tuple[Ints, Ints, NDArray[np.int64], Ints]

__all__ = ["complete", "customise", "hand_over", "sweep_down", "sweep_up", "walk_tree"]


@outer  # pragma: no cover - compiled
def complete(
    graph: tuple[Ints, Ints], tree: tuple[Ints, Ints, Ints, Ints], starts: NDArray[np.int64], above: Ints
) -> int:
    """
    Add the shortcuts of an elimination in the order of the nodes' numbers.

    Parameters
    ----------
    graph : tuple of ndarray of int32
        Offsets, and the neighbours above of each node.
    tree : tuple of ndarray of int32, each of shape (n_nodes,)
        All -1; afterwards the first holds each node's parent in the elimination tree (-1 for a root).
    starts : ndarray of int64, shape (n_nodes + 1,)
        All 0; receives the offsets with the shortcuts.
    above : ndarray of int32
        Receives the neighbours above with the shortcuts, unsorted.

    Returns
    -------
    int
        How many these are; -1 where they may not fit, which is so where fewer than one a node are free.
    """
    offsets, targets = graph
    n = offsets.shape[0] - 1
    parent, child, sibling, mark = tree
    size = 0
    for v in range(n):
        if size + n > above.shape[0]:
            return -1
        mark[v] = v
        up, c = n, -1
        # The node's own neighbours come first, then those of its children in the tree.
        while True:
            first, last = (offsets[v], offsets[v + 1]) if c < 0 else (starts[c], starts[c + 1])
            for e in range(first, last):
                w = targets[e] if c < 0 else above[e]
                if mark[w] != v:
                    mark[w] = v
                    above[size] = w
                    size += 1
                    up = min(up, w)
            c = child[v] if c < 0 else sibling[c]
            if c < 0:
                break
        starts[v + 1] = size
        if up < n:
            parent[v] = up
            sibling[v] = child[up]
            child[up] = v
    return size


@outer  # pragma: no cover - compiled
def walk_tree(parent: Ints, below: Ints, place: Ints, level: Ints, end: Ints) -> None:
    """
    Give numbers to the nodes of a tree so that each subtree has consecutive numbers and its top the last of them.

    Parameters
    ----------
    parent : ndarray of int32
        A node with a higher position; -1 for a root.
    below : ndarray of int32
        All 1; afterwards the number of nodes in the subtree of each node, itself included.
    place, level : ndarray of int32
        Receive the numbers, and how many nodes are above each.
    end : ndarray of int32
        Room for as many numbers.
    """
    n = parent.shape[0]
    for v in range(n):
        if parent[v] >= 0:
            below[parent[v]] += below[v]
    free = n
    for v in range(n - 1, -1, -1):
        up = parent[v]
        if up < 0:
            level[v] = 0
            place[v] = free - 1
            free -= below[v]
        else:
            level[v] = level[up] + 1
            place[v] = end[up] - 1
            end[up] -= below[v]
        end[v] = place[v]


@outer  # pragma: no cover - compiled
def customise(
    above: tuple[NDArray[np.int64], Ints],
    below: tuple[NDArray[np.int64], Ints, Ints],
    slots: Ints,
    weights: tuple[Floats, Floats],
    found: tuple[Floats, Floats, NDArray[np.int64]],
) -> None:
    """
    Find the time of every arc of the hierarchy: its own, or the fastest over a node below both its ends.

    Parameters
    ----------
    above : tuple of ndarray
        Offsets and neighbours above, ascending.
    below : tuple of ndarray
        By node: offsets, the arcs that come up to it and the nodes that these come from, ascending.
    slots : ndarray of int32
        Where each arc of the network belongs: twice the arc, one more where it leads down; -1 for a loop.
    weights : tuple of ndarray
        Minutes and metres of the arcs of the network; inf minutes where closed.
    found : tuple of ndarray
        Minutes and metres up and down, of shape (n_arcs, 2) and all inf, which receive the times; room for a number a
        node.
    """
    offsets, targets = above
    starts, arcs, tails = below
    minutes, metres, slot = found
    for i in range(slots.shape[0]):
        e, way = slots[i] >> 1, slots[i] & 1
        if slots[i] >= 0 and weights[0][i] < minutes[e, way]:
            minutes[e, way], metres[e, way] = weights[0][i], weights[1][i]
    for a in range(offsets.shape[0] - 1):
        for f in range(offsets[a], offsets[a + 1]):
            slot[targets[f]] = f
        for i in range(starts[a], starts[a + 1]):
            e = np.int64(arcs[i])
            up, down, up_m, down_m = minutes[e, 0], minutes[e, 1], metres[e, 0], metres[e, 1]
            for f in range(e + 1, offsets[tails[i] + 1]):
                g = slot[targets[f]]
                # From a down to the node below and up again, and the other way round.
                out = down + minutes[f, 0]
                if out < minutes[g, 0]:
                    minutes[g, 0], metres[g, 0] = out, down_m + metres[f, 0]
                back = minutes[f, 1] + up
                if back < minutes[g, 1]:
                    minutes[g, 1], metres[g, 1] = back, metres[f, 1] + up_m


@inner  # pragma: no cover - compiled
def _relax(into: Floats, into_m: Floats, of: Floats, of_m: Floats, cost: tuple[float, float]) -> None:
    """Keep the better of two ways for each of a row of columns; written so that it takes several at a time."""
    time, metre = cost
    for j in range(into.shape[0]):
        later, along, now, now_m = of[j] + time, of_m[j] + metre, into[j], into_m[j]
        into[j] = min(now, later)
        into_m[j] = along if later < now else now_m


@inner  # pragma: no cover - compiled
def _relax_twice(
    into: tuple[Floats, Floats],
    one: tuple[Floats, Floats, float, float],
    other: tuple[Floats, Floats, float, float],
) -> None:
    """Keep the best of three ways for each of a row of columns; two arcs at a time write each row half as often."""
    minutes, metres = into
    of, of_m, time, metre = one
    of_other, of_other_m, time_other, metre_other = other
    for j in range(minutes.shape[0]):
        now, now_m = minutes[j], metres[j]
        later, along = of[j] + time, of_m[j] + metre
        last, last_m = of_other[j] + time_other, of_other_m[j] + metre_other
        first = min(now, later)
        first_m = along if later < now else now_m
        minutes[j] = min(first, last)
        metres[j] = last_m if last < first else first_m


@outer  # pragma: no cover - compiled
def sweep_up(
    above: tuple[NDArray[np.int64], Ints],
    weights: tuple[Floats, Floats, int],
    listed: Listed,
    legs: tuple[NDArray[np.int64], Ints, Floats, Floats],
    labels: tuple[Floats, Floats],
) -> None:
    """
    Find the times between columns and all nodes above them in the elimination tree.

    Parameters
    ----------
    above : tuple of ndarray
        Offsets and neighbours above of the nodes.
    weights : tuple
        Minutes and metres of `customise`, and 0 where travel goes up from the columns, 1 where it comes down to them.
    listed : tuple of ndarray
        Nodes above the columns, ascending; by listed node the first column below it; offsets of its labels, a label
        each column from the first one on; and by any node its position in the list.
    legs : tuple of ndarray
        By column: offsets, nodes, minutes and metres of the legs.
    labels : tuple of ndarray
        Minutes and metres, all inf; changed in place.
    """
    offsets, targets = above
    arc_min, arc_m, way = weights
    nodes, first, starts, where = listed
    leg_offsets, leg_nodes, leg_min, leg_m = legs
    minutes, metres = labels
    for c in range(leg_offsets.shape[0] - 1):
        for s in range(leg_offsets[c], leg_offsets[c + 1]):
            p = where[leg_nodes[s]]
            at = starts[p] + c - first[p]
            if leg_min[s] < minutes[at]:
                minutes[at] = leg_min[s]
                metres[at] = leg_m[s]
    for p in range(nodes.shape[0]):
        v, begin, end = nodes[p], starts[p], starts[p + 1]
        for e in range(offsets[v], offsets[v + 1]):
            if arc_min[e, way] < np.inf:
                q = where[targets[e]]
                start = starts[q] + first[p] - first[q]
                stop = start + end - begin
                cost = (arc_min[e, way], arc_m[e, way])
                _relax(minutes[start:stop], metres[start:stop], minutes[begin:end], metres[begin:end], cost)


@inner  # pragma: no cover - compiled
def _least(row: Floats) -> float:
    """Find the least number of a row."""
    low = np.inf
    for j in range(row.shape[0]):
        low = min(low, row[j])
    return low


@inner  # pragma: no cover - compiled
def _begin_row(row: Floats, labels: Floats, first: int) -> None:
    """Fill a row with labels from one column on, and with inf before and after them."""
    for j in range(row.shape[0]):
        row[j] = np.inf
    for j in range(labels.shape[0]):
        row[first + j] = labels[j]


@outer  # pragma: no cover - compiled
def sweep_down(
    above: tuple[NDArray[np.int64], Ints],
    weights: tuple[Floats, Floats, int],
    tops: tuple[Listed, tuple[Floats, Floats]],
    rows: tuple[Ints, NDArray[np.int64], Ints, Floats, Floats],
    room: tuple[Ints, Floats, Floats, Floats],
    result: tuple[Floats, Floats, float],
) -> None:
    """
    Find the times between columns and places, from the highest node down.

    A subtree is swept in one run, so of the rows of the nodes those on the way to the root are enough.

    Parameters
    ----------
    above : tuple of ndarray
        Offsets and neighbours above of the nodes.
    weights : tuple
        Minutes and metres of `customise`, and 1 where travel comes from the columns, 0 where it goes to them.
    tops : tuple
        What `sweep_up` listed and found.
    rows : tuple of ndarray
        Nodes of the places and all above them, ascending; by listed node offsets of the legs; place, minutes and
        metres of each leg.
    room : tuple of ndarray
        Level of every node in the tree; room for minutes and metres of shape (levels, columns); -inf for each level.
    result : tuple
        Minutes (all inf) and metres of shape (places, columns), changed in place, where times beyond the limit may be
        written; and the limit: longer times are not wanted; inclusive.
    """
    offsets, targets = above
    arc_min, arc_m, way = weights
    (top_nodes, first, starts, _), (top_min, top_m) = tops
    nodes, leg_offsets, leg_place, leg_min, leg_m = rows
    level, minutes, metres, least = room
    best, best_m, limit_min = result
    q = top_nodes.shape[0] - 1
    for p in range(nodes.shape[0] - 1, -1, -1):
        v = nodes[p]
        own, own_m = minutes[level[v]], metres[level[v]]
        while q >= 0 and top_nodes[q] > v:
            q -= 1
        is_top = q >= 0 and top_nodes[q] == v
        begin, end, column = (starts[q], starts[q + 1], first[q]) if is_top else (0, 0, 0)
        _begin_row(own, top_min[begin:end], column)
        _begin_row(own_m, top_m[begin:end], column)
        waits, up_waits = np.int64(-1), np.int32(0)
        for e in range(offsets[v], offsets[v + 1]):
            up = level[targets[e]]
            # Without a limit `least` is -inf; then inf minutes make NaN, which is no less than anything either.
            if not arc_min[e, way] + least[up] <= limit_min:
                continue
            if waits < 0:
                waits, up_waits = e, up
            else:
                one = (minutes[up_waits], metres[up_waits], arc_min[waits, way], arc_m[waits, way])
                _relax_twice((own, own_m), one, (minutes[up], metres[up], arc_min[e, way], arc_m[e, way]))
                waits = np.int64(-1)
        if waits >= 0:
            _relax(own, own_m, minutes[up_waits], metres[up_waits], (arc_min[waits, way], arc_m[waits, way]))
        least[level[v]] = _least(own) if limit_min < np.inf else -np.inf
        for s in range(leg_offsets[p], leg_offsets[p + 1]):
            i = leg_place[s]
            _relax(best[i], best_m[i], own, own_m, (leg_min[s], leg_m[s]))


@outer  # pragma: no cover - compiled
def hand_over(
    best: tuple[Floats, Floats],
    columns: tuple[Ints, int, int],
    limit_min: float,
    found: tuple[Floats, Floats],
) -> None:
    """
    Write the times between places and columns into the table of all places.

    Parameters
    ----------
    best : tuple of ndarray
        What `sweep_down` found.
    columns : tuple
        Place of each column; how far two places of rows lie apart in `found`, and two places of columns.
    limit_min : float
        The longest time, inclusive.
    found : tuple of ndarray
        Minutes and metres, flat; changed in place.
    """
    column_place, row_step, column_step = columns
    minutes, metres = best
    for i in range(minutes.shape[0]):
        for j in range(column_place.shape[0]):
            at = i * row_step + column_place[j] * column_step
            if minutes[i, j] <= limit_min and minutes[i, j] < found[0][at]:
                found[0][at] = minutes[i, j]
                found[1][at] = metres[i, j]
