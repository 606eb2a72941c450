"""Compiled passes that follow the ways of many places at once: edges in the order travelled, then their points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatial.compiled import empty_float64_pairs, empty_int32_pairs, inner, outer, zeros_int64
from spatial.network.kernels_places import ALONG, DIRECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_core import Chains, Points

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float64]


# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


class TowardsPlaces(NamedTuple):
    """Of each core node the candidates of destinations that it is nearest to, and the chains towards them."""

    root: Ints  # shape (n_search, k), -1 for none
    half: Ints  # as in `MeasuredArcs`; -1 for none


class ChainLegs(NamedTuple):
    """Legs of ways, each of which keeps to one chain."""

    offsets: Longs  # shape (n_ways + 1,)
    steps: Ints  # shape (n, 2), steps at which a leg begins and ends
    shares: Floats  # shape (n, 2), share of each of these steps before the point


class Pieces(NamedTuple):
    """Edges of ways in the order travelled."""

    offsets: Longs  # shape (n_ways + 1,)
    arcs: Ints  # 2 x edge, + 1 where it is travelled against its drawn direction
    shares: Floats  # shape (n, 2), drawn shares of the edge at which it is entered and left


@outer  # pragma: no cover - compiled
def follow_ways(
    chains: Chains, starts: Points, goals: Points, towards: TowardsPlaces, ways: Longs, per_place: int
) -> ChainLegs:
    """
    Follow the ways from many places to their destinations, chain by chain, in the order travelled.

    `ways` (n, 2) says how the start leaves its chain, and the root; -1 for none. `towards` is of `label_nodes`, with
    `per_place` candidates a destination.
    """
    first, last, offsets, _, _, _, _ = chains
    chain_of, step_of, share_of, _, _ = starts
    to_chain, to_step, to_share, to_legs, _ = goals
    label_root, label_half = towards
    room = np.int64(1024)
    steps, shares = empty_int32_pairs(room), empty_float64_pairs(room)
    counts = zeros_int64(ways.shape[0] + 1)
    n = 0
    for i in range(ways.shape[0]):
        way, root = ways[i, 0], ways[i, 1]
        chain, step, share = chain_of[i], step_of[i], share_of[i]
        is_done, over_first = root < 0 or way == DIRECT, way == 0
        while not is_done:
            if n == room:
                room *= 2
                old_steps, old_shares = steps, shares
                steps, shares = empty_int32_pairs(room), empty_float64_pairs(room)
                for leg in range(n):
                    steps[leg, 0], steps[leg, 1] = old_steps[leg, 0], old_steps[leg, 1]
                    shares[leg, 0], shares[leg, 1] = old_shares[leg, 0], old_shares[leg, 1]
            steps[n, 0], shares[n, 0] = step, share
            if way == ALONG:
                steps[n, 1], shares[n, 1] = to_step[root], to_share[root]
                n += 1
                break
            steps[n, 1] = offsets[chain] if over_first else offsets[chain + 1] - 1
            shares[n, 1] = 0.0 if over_first else 1.0
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
    return ChainLegs(counts, steps[:n], shares[:n])


@inner  # pragma: no cover - compiled
def _vertex_after(xy: Floats, begin: int, end: int, share: float) -> int:
    """Find the vertex of an edge's line before which a share of it lies."""
    if share == 0.0:
        return begin
    if share == 1.0:
        return end
    whole = 0.0
    for v in range(begin, end - 1):
        whole += math.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
    rest = share * whole
    for v in range(begin, end - 1):
        length = math.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        if rest <= length and length > 0.0:
            return v + 1
        rest -= length
    return end - 1


@outer  # pragma: no cover - compiled
def draw_ways(xy: Floats, vertex_offsets: Longs, pieces: Pieces, doors: Floats) -> tuple[Longs, Floats]:
    """
    Draw ways from door to door: offsets by way, and points (door, foot point, vertices, foot point, door).

    A row of `doors` has easting and northing of these four; the foot points are NaN on a direct walk.
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
            v = _vertex_after(xy, low, high, shares[p, 0])
            last = _vertex_after(xy, low, high, shares[p, 1])
            # A way begins and ends at foot points, which stand there already; between edges it passes their ends.
            if p > offsets[i]:
                end = low if shares[p, 0] == 0.0 else high - 1
                points[n, 0], points[n, 1] = xy[end, 0], xy[end, 1]
                n += 1
            back = arcs[p] & 1
            for vertex in range(v - back, last - back, 1 - 2 * back):
                if low < vertex < high - 1:
                    points[n, 0], points[n, 1] = xy[vertex, 0], xy[vertex, 1]
                    n += 1
            if p < offsets[i + 1] - 1:
                end = low if shares[p, 1] == 0.0 else high - 1
                points[n, 0], points[n, 1] = xy[end, 0], xy[end, 1]
                n += 1
        ends[i + 1] = n
    return ends, points[:n]
