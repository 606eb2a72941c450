"""Compiled last step of a search from all destinations: from the doors of places over their chains to labels."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Doors = tuple[Ints, Ints, Floats, Floats, Floats, Floats, Floats]
    Along = tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]
    Best = tuple[Floats, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]
    Labels = tuple[Floats, Ints, Floats]

__all__ = ["ALONG", "DIRECT", "VIA_FIRST", "VIA_LAST", "best_destinations"]

VIA_FIRST, VIA_LAST, ALONG, DIRECT = 0, 1, 2, 3
"""How a place leaves its chain: over the first end, over the last, along the same chain, or it enters none."""


@inner  # pragma: no cover - compiled
def _rank(
    best: Best,
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


@outer  # pragma: no cover - compiled
def best_destinations(
    ends: tuple[Ints, Ints],
    doors: Doors,
    along: Along,
    labels: Labels,
    best: Best,
    per_place: int,
) -> None:
    """
    Find the k nearest destinations of every origin, door to door.

    Parameters
    ----------
    ends : tuple of ndarray of int32
        First and last end of the chains.
    doors : tuple
        Origins: chain (-1 none), step, share, minutes and metres over both ends, walk in minutes and in metres, all
        candidates one after the other.
    along : tuple of ndarray
        Ways along the chains, of `along_chains`.
    labels : tuple of ndarray
        Minutes, root and metres at the core nodes, of `label_nodes`.
    best : tuple of ndarray, each of shape (n, k)
        Written to: minutes (inf), root (-1), candidate of the origin (-1), way off its chain (-1), and metres (inf).
    per_place : int
        Candidates a destination.
    """
    chain_of, _, _, legs, legs_m, walk_min, walk_m = doors
    label_min, label_root, label_m = labels
    offsets, along_root, along_min, along_m = along
    n, k = best[0].shape
    per_origin = chain_of.shape[0] // n if n > 0 else 0
    for i in range(n):
        mine = (best[0][i], best[1][i], best[2][i], best[3][i], best[4][i])
        for c in range(per_origin):
            row = i * per_origin + c
            if chain_of[row] < 0:
                break
            # First over both ends, each with k labels; then along the chain.
            for offer in range(2 * k + offsets[row + 1] - offsets[row]):
                way, at = ALONG, offsets[row] + offer - 2 * k
                if offer < 2 * k:
                    way, slot = offer // k, offer % k
                    node = ends[0][chain_of[row]] if way == VIA_FIRST else ends[1][chain_of[row]]
                    if node >= label_min.shape[0] or legs[row, way] == np.inf or label_root[node, slot] < 0:
                        continue
                    root = np.int64(label_root[node, slot])
                    time = walk_min[row] + (legs[row, way] + label_min[node, slot])
                    metre = walk_m[row] + (legs_m[row, way] + label_m[node, slot])
                else:
                    root, time, metre = along_root[at], along_min[at], along_m[at]
                _rank(mine, (time, root, np.int64(c), np.int64(way), metre), per_place)
