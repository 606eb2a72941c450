"""Compiled passes that follow the ways of many places at once: edges in the order travelled, then their points."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from spatial.network.kernels_door import ALONG, DIRECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Pieces = tuple[Ints, Floats]

__all__ = ["draw_ways", "follow_ways"]


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _room(pieces: Pieces, n: int) -> Pieces:
    if n <= pieces[0].shape[0]:
        return pieces
    size = max(n, 2 * pieces[0].shape[0])
    arcs, shares = np.empty(size, np.int32), np.empty((size, 2), np.float64)
    arcs[: pieces[0].shape[0]], shares[: pieces[0].shape[0]] = pieces
    return arcs, shares


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _run(
    pieces: Pieces, n: int, step_arc: Ints, start: tuple[int, float], goal: tuple[int, float]
) -> tuple[Pieces, int]:
    """Add the pieces of one chain between two points, in drawn shares of each edge."""
    s, f = start
    t, g = goal
    up = s < t or (s == t and f <= g)
    count = abs(t - s) + 1
    pieces = _room(pieces, n + count)
    arcs, shares = pieces
    for i in range(count):
        at = s + i if up else s - i
        enter = f if i == 0 else (0.0 if up else 1.0)
        leave = g if at == t else (1.0 if up else 0.0)
        # From a point at the very end of an edge nothing of that edge is travelled.
        if enter == leave:
            continue
        arc = step_arc[at]
        if arc & 1 == 1:
            enter, leave = 1.0 - enter, 1.0 - leave
        arcs[n] = (arc | 1) - 1 if enter < leave else arc | 1
        shares[n, 0], shares[n, 1] = enter, leave
        n += 1
    return pieces, n


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def follow_ways(
    chains: tuple[Ints, Ints, Ints, Ints],
    points: tuple[tuple[Ints, Ints, Floats], tuple[Ints, Ints, Floats, Floats]],
    labels: tuple[Ints, Ints],
    ways: NDArray[np.int64],
    per_place: int,
) -> tuple[NDArray[np.int64], Ints, Floats]:
    """
    Follow the ways from many places to their destinations.

    Parameters
    ----------
    chains : tuple of ndarray of int32
        First and last end, offsets of the chains, and arc of each step.
    points : tuple
        Of each way its start, and of each root the destination: chain, step and share; of the roots also the legs over
        both ends.
    labels : tuple of ndarray
        Root and half of each core node's labels, of `label_nodes`.
    ways : ndarray of int64, shape (n, 2)
        How the start leaves its chain, and the root; -1 for none.
    per_place : int
        Candidates a destination.

    Returns
    -------
    tuple of ndarray
        Offsets by way; arc of each piece, in the order from start to destination; drawn shares at which it begins and
        ends.
    """
    first, last, offsets, step_arc = chains
    (chain_of, step_of, share_of), (to_chain, to_step, to_share, to_legs) = points
    label_root, label_half = labels
    pieces = (np.empty(1024, np.int32), np.empty((1024, 2), np.float64))
    counts = np.zeros(ways.shape[0] + 1, np.int64)
    n = 0
    for i in range(ways.shape[0]):
        way, root = ways[i]
        if root >= 0 and way != DIRECT:
            here, goal = (step_of[i], share_of[i]), (to_step[root], to_share[root])
            chain = chain_of[i]
            if way != ALONG:
                end = (offsets[chain], 0.0) if way == 0 else (offsets[chain + 1] - 1, 1.0)
                pieces, n = _run(pieces, n, step_arc, here, end)
                node = first[chain] if way == 0 else last[chain]
                while True:
                    slot = 0
                    while label_root[node, slot] // per_place != root // per_place:
                        slot += 1
                    half = label_half[node, slot]
                    if half < 0:
                        break
                    chain = half >> 1
                    ends = ((offsets[chain], 0.0), (offsets[chain + 1] - 1, 1.0))
                    # The search walked this chain away from the destination; the way walks it back.
                    if half & 1 == 0:
                        pieces, n = _run(pieces, n, step_arc, ends[1], ends[0])
                        node = first[chain]
                    else:
                        pieces, n = _run(pieces, n, step_arc, ends[0], ends[1])
                        node = last[chain]
                root = label_root[node, slot]
                chain, goal = to_chain[root], (to_step[root], to_share[root])
                over_first = first[chain] == node
                if over_first and last[chain] == node:
                    over_first = to_legs[root, 0] <= to_legs[root, 1]
                here = (offsets[chain], 0.0) if over_first else (offsets[chain + 1] - 1, 1.0)
            pieces, n = _run(pieces, n, step_arc, here, goal)
        counts[i + 1] = n
    return counts, pieces[0][:n].copy(), pieces[1][:n].copy()


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _point_at(xy: Floats, begin: int, end: int, share: float, out: Floats) -> int:
    """Write the point at a share of an edge's line; return the vertex before which it lies."""
    if share == 0.0:
        out[0], out[1] = xy[begin, 0], xy[begin, 1]
        return begin
    if share == 1.0:
        out[0], out[1] = xy[end - 1, 0], xy[end - 1, 1]
        return end
    whole = 0.0
    for v in range(begin, end - 1):
        whole += np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
    rest = share * whole
    for v in range(begin, end - 1):
        length = np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        if rest <= length and length > 0.0:
            part = rest / length
            out[0] = xy[v, 0] + part * (xy[v + 1, 0] - xy[v, 0])
            out[1] = xy[v, 1] + part * (xy[v + 1, 1] - xy[v, 1])
            return v + 1
        rest -= length
    out[0], out[1] = xy[end - 1, 0], xy[end - 1, 1]
    return end - 1


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _add(points: Floats, n: int, x: float, y: float, begin: int) -> int:
    """Add a point unless it repeats the last one of the same way."""
    if n > begin and points[n - 1, 0] == x and points[n - 1, 1] == y:
        return n
    points[n, 0], points[n, 1] = x, y
    return n + 1


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def draw_ways(  # noqa: C901, PLR0912 - one pass over doors, feet and pieces
    xy: Floats,
    vertex_offsets: NDArray[np.int64],
    pieces: tuple[NDArray[np.int64], Ints, Floats],
    doors: Floats,
) -> tuple[NDArray[np.int64], Floats]:
    """
    Draw ways from door to door.

    Parameters
    ----------
    xy : ndarray of float64
        Vertices of all edges.
    vertex_offsets : ndarray of int64
        Of the edges.
    pieces : tuple of ndarray
        As `follow_ways` returns them.
    doors : ndarray of float64, shape (n, 8)
        Easting and northing of the door and the foot point at the start, of the foot point and the door at the
        destination; the foot points NaN on a direct walk.

    Returns
    -------
    tuple of ndarray
        Offsets by way, and points; a point that repeats the one before is left out, but a way has two at least.
    """
    offsets, arcs, shares = pieces
    room = 5 * doors.shape[0]
    for p in range(arcs.shape[0]):
        edge = arcs[p] >> 1
        room += vertex_offsets[edge + 1] - vertex_offsets[edge] + 2
    points, point_offsets = np.empty((room, 2), np.float64), np.zeros(doors.shape[0] + 1, np.int64)
    enter, leave = np.empty(2, np.float64), np.empty(2, np.float64)
    n = 0
    for i in range(doors.shape[0]):
        begin = n
        n = _add(points, n, doors[i, 0], doors[i, 1], begin)
        if doors[i, 2] == doors[i, 2]:
            n = _add(points, n, doors[i, 2], doors[i, 3], begin)
        for p in range(offsets[i], offsets[i + 1]):
            edge = arcs[p] >> 1
            low, high = vertex_offsets[edge], vertex_offsets[edge + 1]
            after_enter = _point_at(xy, low, high, shares[p, 0], enter)
            after_leave = _point_at(xy, low, high, shares[p, 1], leave)
            if p > offsets[i]:
                n = _add(points, n, enter[0], enter[1], begin)
            if arcs[p] & 1 == 0:
                for v in range(after_enter, after_leave):
                    if v > low and v < high - 1:
                        n = _add(points, n, xy[v, 0], xy[v, 1], begin)
            else:
                for v in range(after_enter - 1, after_leave - 1, -1):
                    if v > low and v < high - 1:
                        n = _add(points, n, xy[v, 0], xy[v, 1], begin)
            if p < offsets[i + 1] - 1:
                n = _add(points, n, leave[0], leave[1], begin)
        if doors[i, 4] == doors[i, 4]:
            n = _add(points, n, doors[i, 4], doors[i, 5], begin)
        n = _add(points, n, doors[i, 6], doors[i, 7], begin)
        if n == begin + 1:
            points[n] = points[begin]
            n += 1
        point_offsets[i + 1] = n
    return point_offsets, points[:n].copy()
