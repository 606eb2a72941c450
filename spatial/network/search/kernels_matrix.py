"""Compiled search for all pairs of places within a time, by one bounded search a source."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.kernels_arrays import empty_float64, empty_int32, zeros_int64
from spatial.network.search.kernels_buckets import reach_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.search.kernels_buckets import Queue, State
    from spatial.network.search.kernels_door import Along, Doors

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Found = tuple[Floats, Floats, Ints]

__all__ = ["times_within"]


@inner  # pragma: no cover - compiled
def _meet(found: Found, n: int, goal: int, time: float, metre: float) -> int:
    """Keep the best way to a goal; return how many goals were met."""
    best, best_m, met = found
    if time < best[goal]:
        if best[goal] == np.inf:
            met[n] = goal
            n += 1
        best[goal], best_m[goal] = time, metre
    return n


@inner  # pragma: no cover - compiled
def _seeds_of(
    rows: tuple[int, int], ends: tuple[Ints, Ints], source: Doors, n_search: int
) -> tuple[Ints, Floats, Floats]:
    """List the ends of the chains of one source, with minutes and metres from its door."""
    nodes = empty_int32(2 * (rows[1] - rows[0]))
    minutes, metres = empty_float64(nodes.shape[0]), empty_float64(nodes.shape[0])
    for row in range(rows[0], rows[1]):
        chain = source[0][row]
        for way in range(2):
            at = 2 * (row - rows[0]) + way
            nodes[at] = -1
            if chain < 0:
                continue
            node = ends[0][chain] if way == 0 else ends[1][chain]
            nodes[at] = node if node < n_search else -1
            minutes[at] = source[5][row] + source[3][row, way]
            metres[at] = source[6][row] + source[4][row, way]
    return nodes, minutes, metres


@inner  # pragma: no cover - compiled
def _longer_out(out: tuple[Ints, Floats, Floats], used: int, wanted: int) -> tuple[Ints, Floats, Floats]:
    """Make room for more pairs."""
    size = out[0].shape[0]
    if wanted <= size:
        return out
    size = max(2 * size, wanted)
    to, minutes, metres = empty_int32(size), empty_float64(size), empty_float64(size)
    for i in range(used):
        to[i], minutes[i], metres[i] = out[0][i], out[1][i], out[2][i]
    return to, minutes, metres


@outer  # pragma: no cover - compiled
def times_within(  # noqa: PLR0913, PLR0917 - one call a block of sources
    arcs: tuple[Ints, Ints, Floats, Floats],
    ends: tuple[Ints, Ints],
    source: Doors,
    goals: tuple[Ints, Ints, Floats, Floats],
    along: Along,
    room: tuple[State, Queue, Found],
    per: tuple[int, int],
    limits: tuple[float, float],
) -> tuple[NDArray[np.int64], Ints, Floats, Floats]:
    """
    Find every pair of a source and a goal within a time, door to door.

    Parameters
    ----------
    arcs : tuple of ndarray
        Offsets, target, minutes and metres of the arcs in which the search spreads from the sources.
    ends : tuple of ndarray of int32
        First and last end of the chains.
    source : tuple of ndarray
        Doors of the sources.
    goals : tuple of ndarray
        Offsets by core node, goal, minutes and metres from the node to the door.
    along : tuple of ndarray
        Ways along the chains, of `along_chains`.
    room : tuple
        Minutes and metres of the core nodes and of the goals, all inf, each with room for those that are reached; and
        an empty queue.
    per : tuple of int
        Candidates a source, and candidates a goal.
    limits : tuple of float
        The longest time, inclusive, and the width of a step of the search; minutes.

    Returns
    -------
    tuple of ndarray
        Offsets by source, and goal, minutes and metres of each pair, in any order within a source.
    """
    node_offsets, node_goal, node_min, node_m = goals
    n_search, limit_min = arcs[0].shape[0] - 1, limits[0]
    state, queue, found = room
    n_sources = source[0].shape[0] // per[0]
    offsets = zeros_int64(n_sources + 1)
    out = (empty_int32(np.int64(1024)), empty_float64(np.int64(1024)), empty_float64(np.int64(1024)))
    n_out = np.int64(0)
    for s in range(n_sources):
        n = np.int64(0)
        for r in range(along[0][s * per[0]], along[0][(s + 1) * per[0]]):
            n = _meet(found, n, along[1][r] // per[1], along[2][r], along[3][r])
        seeds = _seeds_of((s * per[0], (s + 1) * per[0]), ends, source, n_search)
        n_touched, queue = reach_within(arcs, seeds, state, queue, limits)
        for t in range(n_touched):
            node = state[2][t]
            for r in range(node_offsets[node], node_offsets[node + 1]):
                time = state[0][node] + node_min[r]
                if time <= limit_min:
                    n = _meet(found, n, np.int64(node_goal[r]), time, state[1][node] + node_m[r])
            state[0][node], state[1][node] = np.inf, np.inf
        out = _longer_out(out, n_out, n_out + n)
        for t in range(n):
            goal = found[2][t]
            out[0][n_out], out[1][n_out], out[2][n_out] = goal, found[0][goal], found[1][goal]
            found[0][goal] = np.inf
            n_out += 1
        offsets[s + 1] = n_out
    return offsets, out[0][:n_out], out[1][:n_out], out[2][:n_out]
