"""Compiled last step of a search from all destinations: from the doors of places over their chains to labels."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from spatial.network.kernels_core import step_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_core import Lane

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Doors = tuple[Ints, Ints, Floats, Floats, Floats, Floats, Floats]
    Chains = tuple[Ints, Ints, Ints, Ints]
    Labels = tuple[Floats, Ints, Floats]

__all__ = ["ALONG", "DIRECT", "VIA_FIRST", "VIA_LAST", "along_chain", "best_destinations"]

VIA_FIRST, VIA_LAST, ALONG, DIRECT = 0, 1, 2, 3
"""How a place leaves its chain: over the first end, over the last, along the same chain, or it enters none."""


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _rank(
    best: tuple[Floats, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats],
    offer: tuple[float, int, int, int, float],
    per_place: int,
) -> None:
    """Put an offer into one place's list, ordered by (time, destination), one a destination."""
    times, roots, candidates, ways, metres = best
    time, root, candidate, way, metre = offer
    destination = root // per_place
    k = times.shape[0]
    at = -1
    for slot in range(k):
        if roots[slot] < 0:
            at = slot
            break
        if roots[slot] // per_place == destination:
            if times[slot] <= time:
                return
            at = slot
            break
    if at < 0:
        at = k - 1
        if times[at] < time or (times[at] == time and roots[at] // per_place < destination):
            return
    while at > 0 and (
        times[at - 1] > time or (times[at - 1] == time and roots[at - 1] // per_place > destination)
    ):
        times[at], roots[at], metres[at] = times[at - 1], roots[at - 1], metres[at - 1]
        candidates[at], ways[at] = candidates[at - 1], ways[at - 1]
        at -= 1
    times[at], roots[at], candidates[at], ways[at], metres[at] = time, root, candidate, way, metre


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _between(
    lane: Lane, step_arc: Ints, chain: int, start: tuple[int, float], goal: tuple[int, float]
) -> float:
    """Cost from one point of a chain to a later one; inf where a step between is closed."""
    begin, share = start
    end, end_share = goal
    if lane[2][chain] <= end and lane[3][chain] >= begin:
        for s in range(begin, end + 1):
            if step_cost(lane, step_arc[s]) == np.inf:
                return np.inf
    if begin == end:
        return float((end_share - share) * step_cost(lane, step_arc[begin]))
    whole = lane[0][end] - lane[0][begin + 1]
    return float(
        (1.0 - share) * step_cost(lane, step_arc[begin]) + whole + end_share * step_cost(lane, step_arc[end])
    )


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def along_chain(
    lanes: tuple[Lane, Lane, Lane],
    step_arc: Ints,
    chain: int,
    start: tuple[int, float],
    goal: tuple[int, float],
) -> tuple[float, float]:
    """
    Travel from one point of a chain to another without leaving it.

    Parameters
    ----------
    lanes : tuple
        From the first end to the last, from the last to the first, and metres.
    step_arc : ndarray of int32
        Arc of each step.
    chain : int
        The chain.
    start, goal : tuple of int and float
        Step, and share of it before the point.

    Returns
    -------
    tuple of float
        Minutes and metres; inf where a step between is closed. Points in the same place are 0 apart.
    """
    if start[0] == goal[0] and start[1] == goal[1]:
        return 0.0, 0.0
    if start[0] < goal[0] or (start[0] == goal[0] and start[1] < goal[1]):
        minutes = _between(lanes[0], step_arc, chain, start, goal)
        return minutes, _between(lanes[2], step_arc, chain, start, goal)
    minutes = _between(lanes[1], step_arc, chain, goal, start)
    return minutes, _between(lanes[2], step_arc, chain, goal, start)


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def best_destinations(
    chains: Chains,
    lanes: tuple[Lane, Lane, Lane],
    doors: tuple[Doors, Doors],
    labels: Labels,
    on_chain: tuple[Ints, NDArray[np.int64]],
    per: tuple[int, int],
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]:
    """
    Find the k nearest destinations of every origin, door to door.

    Parameters
    ----------
    chains : tuple of ndarray of int32
        First and last end, offsets of the chains, and arc of each step.
    lanes : tuple
        As in `along_chain`, in the direction from the origins to the destinations.
    doors : tuple
        Origins and destinations: chain (-1 none), step, share, minutes and metres over both ends, walk in minutes and
        in metres, all candidates one after the other.
    labels : tuple of ndarray
        Minutes, root and metres at the core nodes, of `label_nodes`.
    on_chain : tuple of ndarray
        Offsets by chain, and the roots of the destinations' candidates on it.
    per : tuple of int
        Candidates an origin, and candidates a destination.

    Returns
    -------
    tuple of ndarray, each of shape (n, k)
        Minutes (inf), root (-1), candidate of the origin (-1), way off its chain (-1), and metres (inf).
    """
    chain_of, step_of, share_of, legs, legs_m, walk_min, walk_m = doors[0]
    label_min, label_root, label_m = labels
    per_origin, per_place = per
    k = label_min.shape[1]
    n = chain_of.shape[0] // max(per_origin, 1)
    times, metres = np.full((n, k), np.inf), np.full((n, k), np.inf)
    roots, candidates = np.full((n, k), -1, np.int64), np.full((n, k), -1, np.int64)
    ways = np.full((n, k), -1, np.int64)
    for i in range(n):
        best = (times[i], roots[i], candidates[i], ways[i], metres[i])
        for c in range(per_origin):
            row = i * per_origin + c
            chain = chain_of[row]
            if chain < 0:
                break
            for way in range(2):
                node = chains[way][chain]
                if node >= label_min.shape[0] or legs[row, way] == np.inf:
                    continue
                for slot in range(k):
                    root = label_root[node, slot]
                    if root < 0:
                        break
                    time = walk_min[row] + (legs[row, way] + label_min[node, slot])
                    metre = walk_m[row] + (legs_m[row, way] + label_m[node, slot])
                    _rank(best, (time, root, np.int64(c), np.int64(way), metre), per_place)
            for r in range(on_chain[0][chain], on_chain[0][chain + 1]):
                root = on_chain[1][r]
                goal = (doors[1][1][root], doors[1][2][root])
                leg, leg_m = along_chain(lanes, chains[3], chain, (step_of[row], share_of[row]), goal)
                if leg < np.inf:
                    time = walk_min[row] + (leg + doors[1][5][root])
                    metre = walk_m[row] + (leg_m + doors[1][6][root])
                    _rank(best, (time, root, np.int64(c), np.int64(ALONG), metre), per_place)
    return times, roots, candidates, ways, metres
