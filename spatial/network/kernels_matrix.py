"""Compiled search for all pairs of places within a time, by one bounded search a source."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from spatial.network.kernels_buckets import new_queue, reach_within
from spatial.network.kernels_door import along_chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_core import Lane
    from spatial.network.kernels_door import Doors

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Found = tuple[Floats, Floats, Ints]
    Goals = tuple[Doors, Ints, Ints, Floats, Floats, Ints, NDArray[np.int64]]

__all__ = ["times_within"]


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _meet(found: Found, n: int, goal: int, time: float, metre: float) -> int:
    """Keep the best way to a goal; return how many goals were met."""
    best, best_m, met = found
    if time < best[goal]:
        if best[goal] == np.inf:
            met[n] = goal
            n += 1
        best[goal], best_m[goal] = time, metre
    return n


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _meet_on_chains(
    rows: tuple[int, int],
    chains: tuple[Ints, Ints, Ints],
    lanes: tuple[Lane, Lane, Lane],
    places: tuple[Doors, Goals],
    found: Found,
    limits: tuple[int, float],
) -> int:
    """Meet the goals that lie on the chains of one source; return how many there are."""
    source, goals = places
    doors, _, _, _, _, on_chain, on_rows = goals
    per_goal, limit_min = limits
    n = 0
    for row in range(rows[0], rows[1]):
        chain = source[0][row]
        if chain < 0:
            break
        for r in range(on_chain[chain], on_chain[chain + 1]):
            other = on_rows[r]
            start, goal = (source[1][row], source[2][row]), (doors[1][other], doors[2][other])
            leg, leg_m = along_chain(lanes, chains[2], chain, start, goal)
            time = source[5][row] + (leg + doors[5][other])
            if time <= limit_min and time < np.inf:
                metre = source[6][row] + (leg_m + doors[6][other])
                n = _meet(found, n, other // per_goal, time, metre)
    return n


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _seeds_of(
    rows: tuple[int, int], chains: tuple[Ints, Ints, Ints], source: Doors, n_search: int
) -> tuple[Ints, Floats, Floats]:
    """List the ends of the chains of one source, with minutes and metres from its door."""
    nodes = np.full(2 * (rows[1] - rows[0]), -1, np.int32)
    minutes, metres = np.empty(nodes.shape[0], np.float64), np.empty(nodes.shape[0], np.float64)
    for row in range(rows[0], rows[1]):
        chain = source[0][row]
        if chain < 0:
            break
        for way in range(2):
            node, at = chains[way][chain], 2 * (row - rows[0]) + way
            nodes[at] = node if node < n_search else -1
            minutes[at] = source[5][row] + source[3][row, way]
            metres[at] = source[6][row] + source[4][row, way]
    return nodes, minutes, metres


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def times_within(
    arcs: tuple[Ints, Ints, Floats, Floats],
    chains: tuple[Ints, Ints, Ints],
    lanes: tuple[Lane, Lane, Lane],
    places: tuple[Doors, Goals],
    per: tuple[int, int, int],
    limits: tuple[float, float],
) -> tuple[NDArray[np.int64], Ints, Floats, Floats]:
    """
    Find every pair of a source and a goal within a time, door to door.

    Parameters
    ----------
    arcs : tuple of ndarray
        Offsets, target, minutes and metres of the arcs in which the search spreads from the sources.
    chains : tuple of ndarray of int32
        First and last end of the chains, and arc of each step.
    lanes : tuple
        As in `along_chain`, in the direction from the sources to the goals.
    places : tuple
        Doors of the sources, and of the goals their doors; offsets by core node, goal, minutes and metres from the
        node to the door, the nearest goal first; offsets by chain, and rows of the doors on it.
    per : tuple of int
        Candidates a source, candidates a goal, and number of goals.
    limits : tuple of float
        The longest time, inclusive, and the width of a step of the search; minutes.

    Returns
    -------
    tuple of ndarray
        Offsets by source, and goal, minutes and metres of each pair, in any order within a source.
    """
    source, goals = places
    _, node_offsets, node_goal, node_min, node_m, _, _ = goals
    n_search, limit_min = arcs[0].shape[0] - 1, limits[0]
    state = (np.full(n_search, np.inf), np.full(n_search, np.inf), np.empty(n_search, np.int32))
    queue = new_queue(n_search)
    found = (np.full(per[2], np.inf), np.full(per[2], np.inf), np.empty(per[2], np.int32))
    n_sources = source[0].shape[0] // max(per[0], 1)
    offsets = np.zeros(n_sources + 1, np.int64)
    room = 1024
    to, minutes, metres = np.empty(room, np.int32), np.empty(room, np.float64), np.empty(room, np.float64)
    n_out = 0
    for s in range(n_sources):
        rows = (s * per[0], (s + 1) * per[0])
        n = _meet_on_chains(rows, chains, lanes, places, found, (per[1], limit_min))
        seeds = _seeds_of(rows, chains, source, n_search)
        n_touched, queue = reach_within(arcs, seeds, state, queue, limits)
        for t in range(n_touched):
            node = state[2][t]
            for r in range(node_offsets[node], node_offsets[node + 1]):
                time = state[0][node] + node_min[r]
                if time > limit_min:
                    break
                n = _meet(found, n, node_goal[r], time, state[1][node] + node_m[r])
            state[0][node], state[1][node] = np.inf, np.inf
        if n_out + n > room:
            room = max(2 * room, n_out + n)
            to = np.concatenate((to[:n_out], np.empty(room - n_out, np.int32)))
            minutes = np.concatenate((minutes[:n_out], np.empty(room - n_out, np.float64)))
            metres = np.concatenate((metres[:n_out], np.empty(room - n_out, np.float64)))
        for t in range(n):
            goal = found[2][t]
            to[n_out], minutes[n_out], metres[n_out] = goal, found[0][goal], found[1][goal]
            found[0][goal] = np.inf
            n_out += 1
        offsets[s + 1] = n_out
    return offsets, to[:n_out].copy(), minutes[:n_out].copy(), metres[:n_out].copy()
