"""Compiled passes that follow the ways of many places at once: edges in the order travelled, then their points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import empty_float64_pairs, empty_int32_pairs, inner, outer, zeros_int64
from spatial.network.kernels_places import ALONG, DIRECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]


# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


@inner  # pragma: no cover - compiled
def _longer(legs: tuple[Ints, Floats]) -> tuple[Ints, Floats]:
    size = legs[0].shape[0]
    steps, shares = empty_int32_pairs(2 * size), empty_float64_pairs(2 * size)
    for i in range(size):
        steps[i, 0], steps[i, 1] = legs[0][i, 0], legs[0][i, 1]
        shares[i, 0], shares[i, 1] = legs[1][i, 0], legs[1][i, 1]
    return steps, shares


@outer  # pragma: no cover - compiled
def follow_ways(
    chains: tuple[Ints, Ints, Ints],
    points: tuple[tuple[Ints, Ints, Floats], tuple[Ints, Ints, Floats, Floats]],
    labels: tuple[Ints, Ints],
    ways: NDArray[np.int64],
    per_place: int,
) -> tuple[NDArray[np.int64], Ints, Floats]:
    """
    Follow the ways from many places to their destinations, chain by chain.

    Parameters
    ----------
    chains : tuple of ndarray of int32
        First and last end, and offsets of the chains.
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
        Offsets by way; of each leg, which keeps to one chain, the step at which it begins and at which it ends, and the
        share of each of these steps before the point.
    """
    first, last, offsets = chains
    (chain_of, step_of, share_of), (to_chain, to_step, to_share, to_legs) = points
    label_root, label_half = labels
    legs = (empty_int32_pairs(np.int64(1024)), empty_float64_pairs(np.int64(1024)))
    counts = zeros_int64(ways.shape[0] + 1)
    n = 0
    for i in range(ways.shape[0]):
        way, root = ways[i, 0], ways[i, 1]
        chain, step, share = chain_of[i], step_of[i], share_of[i]
        is_done, over_first = root < 0 or way == DIRECT, way == 0
        while not is_done:
            if n == legs[0].shape[0]:
                legs = _longer(legs)
            legs[0][n, 0], legs[1][n, 0] = step, share
            if way == ALONG:
                legs[0][n, 1], legs[1][n, 1] = to_step[root], to_share[root]
                n += 1
                break
            legs[0][n, 1] = offsets[chain] if over_first else offsets[chain + 1] - 1
            legs[1][n, 1] = 0.0 if over_first else 1.0
            n += 1
            node, slot = first[chain] if over_first else last[chain], 0
            while label_root[node, slot] // per_place != root // per_place:
                slot += 1
            half = label_half[node, slot]
            if half >= 0:
                # The search walked this chain away from the destination; the way walks it back.
                chain, over_first = half >> 1, half & 1 == 0
                from_first = not over_first
            else:
                root, way = label_root[node, slot], ALONG
                chain = to_chain[root]
                from_first = first[chain] == node
                if from_first and last[chain] == node:
                    from_first = to_legs[root, 0] <= to_legs[root, 1]
            step = offsets[chain] if from_first else offsets[chain + 1] - 1
            share = 0.0 if from_first else 1.0
        counts[i + 1] = n
    return counts, legs[0][:n], legs[1][:n]


@inner  # pragma: no cover - compiled
def _point_at(xy: Floats, begin: int, end: int, share: float, points: Floats, n: int) -> int:
    """Write the point at a share of an edge's line into a row; return the vertex before which it lies."""
    if share == 0.0:
        points[n, 0], points[n, 1] = xy[begin, 0], xy[begin, 1]
        return begin
    if share == 1.0:
        points[n, 0], points[n, 1] = xy[end - 1, 0], xy[end - 1, 1]
        return end
    whole = 0.0
    for v in range(begin, end - 1):
        whole += math.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
    rest = share * whole
    for v in range(begin, end - 1):
        length = math.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        if rest <= length and length > 0.0:
            part = rest / length
            points[n, 0] = xy[v, 0] + part * (xy[v + 1, 0] - xy[v, 0])
            points[n, 1] = xy[v, 1] + part * (xy[v + 1, 1] - xy[v, 1])
            return v + 1
        rest -= length
    points[n, 0], points[n, 1] = xy[end - 1, 0], xy[end - 1, 1]
    return end - 1


@outer  # pragma: no cover - compiled
def draw_ways(
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
        Offsets by way, and points: door, foot point, vertices, foot point, door.
    """
    offsets, arcs, shares = pieces
    room = 4 * doors.shape[0]
    for p in range(arcs.shape[0]):
        edge = arcs[p] >> 1
        room += vertex_offsets[edge + 1] - vertex_offsets[edge] + 2
    points, ends = empty_float64_pairs(room), zeros_int64(doors.shape[0] + 1)
    n = np.int64(0)
    for i in range(doors.shape[0]):
        for p in range(offsets[i] - 1, offsets[i + 1] + 1):
            if p < offsets[i] or p == offsets[i + 1]:
                # A door and its foot point, before and after all pieces.
                side = 0 if p < offsets[i] else 4
                for q in range(2):
                    points[n, 0], points[n, 1] = doors[i, side + 2 * q], doors[i, side + 2 * q + 1]
                    n += 1
                continue
            low, high = vertex_offsets[arcs[p] >> 1], vertex_offsets[(arcs[p] >> 1) + 1]
            # Where the way begins and ends at a foot point, that stands there already.
            enters, leaves = p > offsets[i], p < offsets[i + 1] - 1
            v = _point_at(xy, low, high, shares[p, 0], points, n)
            last = _point_at(xy, low, high, shares[p, 1], points, n + 1)
            leave_x, leave_y = points[n + 1, 0], points[n + 1, 1]
            n += 1 if enters else 0
            back = arcs[p] & 1
            for vertex in range(v - back, last - back, 1 - 2 * back):
                if low < vertex < high - 1:
                    points[n, 0], points[n, 1] = xy[vertex, 0], xy[vertex, 1]
                    n += 1
            if leaves:
                points[n, 0], points[n, 1] = leave_x, leave_y
                n += 1
        ends[i + 1] = n
    return ends, points[:n]
