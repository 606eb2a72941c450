"""Compiled pass over places that share a chain: the way from one to the other without leaving it."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.kernels_arrays import empty_float64, empty_int64, zeros_int64
from spatial.network.search.kernels_core import step_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.search.kernels_core import Lane
    from spatial.network.search.kernels_door import Along, Doors

    Ints = NDArray[np.int32]

__all__ = ["along_chains"]

_SAME_M = 1e-7
"""Foot points on one step that are as near as this are one point: opposite each other on a road, say. Metres."""


@inner  # pragma: no cover - compiled
def _between(
    lane: Lane, step_arc: Ints, chain: int, low: tuple[int, float], high: tuple[int, float]
) -> float:
    """Cost between a point of a chain and a later one; inf where a step between is closed."""
    begin, share = low
    end, end_share = high
    # A point at a node needs nothing of its step towards that node, so the step may be closed.
    leaves, enters = share < 1.0, end_share > 0.0
    row = lane[2][chain]
    if row >= 0 and lane[3][row, 0] <= end and lane[3][row, 1] >= begin:
        for s in range(begin if leaves else begin + 1, end + 1 if enters else end):
            if step_cost(lane, step_arc[s]) == np.inf:
                return np.inf
    if begin == end:
        return float((end_share - share) * step_cost(lane, step_arc[begin]))
    whole = lane[0][end] - lane[0][begin + 1]
    first = (1.0 - share) * step_cost(lane, step_arc[begin]) if leaves else 0.0
    return float(first + whole + (end_share * step_cost(lane, step_arc[end]) if enters else 0.0))


@outer  # pragma: no cover - compiled
def along_chains(
    step_arc: Ints,
    lanes: tuple[Lane, Lane, Lane],
    starts: Doors,
    goals: Doors,
    on_chain: tuple[Ints, NDArray[np.int64]],
    limit_min: float,
) -> Along:
    """
    Find the ways between places along the chain that both lie on, door to door.

    Parameters
    ----------
    step_arc : ndarray of int32
        Arc of each step.
    lanes : tuple
        From the first end to the last, from the last to the first, and metres, in the direction from starts to goals.
    starts, goals : tuple of ndarray
        Doors, of `place_doors`.
    on_chain : tuple of ndarray
        Offsets by chain, and rows of the goals' doors on it.
    limit_min : float
        The longest time, inclusive.

    Returns
    -------
    tuple of ndarray
        Offsets by row of the starts' doors, rows of the goals' doors, minutes and metres. Points in the same
        place, to a ten-millionth of a metre, are 0 apart, whatever is closed.
    """
    n = starts[0].shape[0]
    offsets, room = zeros_int64(n + 1), np.int64(0)
    for row in range(n):
        if starts[0][row] >= 0:
            room += on_chain[0][starts[0][row] + 1] - on_chain[0][starts[0][row]]
    to, minutes, metres = empty_int64(room), empty_float64(room), empty_float64(room)
    found = 0
    for row in range(n):
        chain, s, f = starts[0][row], starts[1][row], starts[2][row]
        first = on_chain[0][chain] if chain >= 0 else 0
        last = on_chain[0][chain + 1] if chain >= 0 else 0
        for r in range(first, last):
            other = on_chain[1][r]
            t, g = goals[1][other], goals[2][other]
            time, metre = 0.0, 0.0
            if s != t or abs(f - g) * step_cost(lanes[2], step_arc[s]) > _SAME_M:
                low, high = (s, f), (t, g)
                if s < t or (s == t and f < g):
                    time = _between(lanes[0], step_arc, chain, low, high)
                else:
                    low, high = high, low
                    time = _between(lanes[1], step_arc, chain, low, high)
                metre = _between(lanes[2], step_arc, chain, low, high)
            time = starts[5][row] + (time + goals[5][other])
            if time <= limit_min and time < np.inf:
                to[found], minutes[found] = other, time
                metres[found] = starts[6][row] + (metre + goals[6][other])
                found += 1
        offsets[row + 1] = found
    return offsets, to[:found], minutes[:found], metres[:found]
