"""Compiled last step of every search: from the doors of places over their candidates to labels at nodes."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

from spatial.network.kernels_search import heap_pop, heap_push

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_search import Arcs, Heap

    Doors = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
    Edges = tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ]
    State = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]

__all__ = ["ALONG", "DIRECT", "VIA_FROM", "VIA_TO", "best_destinations", "times_within"]

VIA_FROM, VIA_TO, ALONG, DIRECT = 0, 1, 2, 3
"""How a place leaves its edge: over the drawn beginning, over the drawn end, along the same edge, or not at all."""


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _rank(
    best: tuple[
        NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]
    ],
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
def _along(edges: Edges, edge: int, start: float, end: float) -> float:
    """Minutes from one share of an edge to another without leaving it; inf against a closed direction."""
    _, _, _, forward_min, backward_min = edges
    if start == end:
        return 0.0
    if start < end:
        return float((end - start) * forward_min[edge])
    return float((start - end) * backward_min[edge])


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _over(edges: Edges, edge: int, fraction: float, way: int, arriving: int) -> tuple[int, float, float]:
    """Node at one end of an edge, and minutes and metres between it and a foot point; inf where closed."""
    first, last, length_m, forward_min, backward_min = edges
    node = first[edge] if way == VIA_FROM else last[edge]
    share = fraction if way == VIA_FROM else 1.0 - fraction
    # Leaving over the drawn end is travel forwards, and so is arriving over the drawn beginning.
    pace = forward_min[edge] if (way == VIA_TO) != (arriving == 1) else backward_min[edge]
    if not np.isfinite(pace):
        return node, np.inf, np.inf
    return node, share * pace, share * length_m[edge]


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def best_destinations(
    edges: Edges,
    doors: tuple[Doors, Doors],
    labels: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]],
    on_edge: tuple[NDArray[np.int64], NDArray[np.int64]],
    towards: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the k nearest destinations of every origin, door to door.

    Parameters
    ----------
    edges : tuple of ndarray
        Nodes at the drawn beginning and end, metres, minutes forwards and backwards (inf where closed).
    doors : tuple
        Origins and destinations, each as edge (-1 none), fraction, walk in minutes and walk in metres, of shape
        (n, candidates).
    labels : tuple of ndarray
        Minutes, root and metres at the nodes, of `label_nodes`.
    on_edge : tuple of ndarray
        Offsets by edge, and the roots of the destinations' candidates on it.
    towards : int
        1 where travel goes from the origins to the destinations, 0 where it comes from them.

    Returns
    -------
    tuple of ndarray, each of shape (n, k)
        Minutes (inf), root (-1), candidate of the origin (-1), way off its edge (-1), and metres (inf).
    """
    (from_edges, fractions, walk_min, walk_m), (_, to_fractions, to_walk_min, to_walk_m) = doors
    length_m = edges[2]
    label_min, label_root, label_m = labels
    n, per_place, k = from_edges.shape[0], to_fractions.shape[1], label_min.shape[1]
    times = np.full((n, k), np.inf, np.float64)
    roots = np.full((n, k), -1, np.int64)
    candidates = np.full((n, k), -1, np.int64)
    ways = np.full((n, k), -1, np.int64)
    metres = np.full((n, k), np.inf, np.float64)
    for i in range(n):
        best = (times[i], roots[i], candidates[i], ways[i], metres[i])
        for c in range(from_edges.shape[1]):
            e = from_edges[i, c]
            if e < 0:
                break
            f, walk, walked = fractions[i, c], walk_min[i, c], walk_m[i, c]
            for way in range(2):
                node, leg, leg_m = _over(edges, e, f, way, 1 - towards)
                for slot in range(k):
                    root = label_root[node, slot]
                    if root < 0 or leg == np.inf:
                        break
                    time, metre = walk + (leg + label_min[node, slot]), walked + (leg_m + label_m[node, slot])
                    _rank(best, (time, root, np.int64(c), np.int64(way), metre), per_place)
            for r in range(on_edge[0][e], on_edge[0][e + 1]):
                root = on_edge[1][r]
                j, d = root // per_place, root % per_place
                g = to_fractions[j, d]
                leg = _along(edges, e, f, g) if towards == 1 else _along(edges, e, g, f)
                if leg < np.inf:
                    time = walk + (leg + to_walk_min[j, d])
                    metre = walked + (abs(f - g) * length_m[e] + to_walk_m[j, d])
                    _rank(best, (time, root, np.int64(c), np.int64(ALONG), metre), per_place)
    return times, roots, candidates, ways, metres


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _reach(state: State, n_touched: int, node: int, time: float, metre: float) -> int:
    """Write a better time to a node, remembering which nodes were written; return how many were."""
    times, metres, touched = state
    if times[node] == np.inf:
        touched[n_touched] = node
        n_touched += 1
    times[node], metres[node] = time, metre
    return n_touched


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _spread(
    arcs: Arcs, edges: Edges, source: Doors, state: State, heap: Heap, limit_min: float
) -> tuple[int, Heap]:
    """Search outward from the door of one source within a limit; return how many nodes were reached."""
    offsets, targets, _, arc_min, arc_m = arcs
    source_edges, fractions, walk_min, walk_m = source
    times, metres, _ = state
    n_touched, size = 0, 0
    for c in range(source_edges.shape[0]):
        if source_edges[c] < 0:
            break
        for way in range(2):
            node, leg, leg_m = _over(edges, source_edges[c], fractions[c], way, 0)
            time = walk_min[c] + leg
            if time <= limit_min and time < times[node]:
                n_touched = _reach(state, n_touched, node, time, walk_m[c] + leg_m)
                heap = heap_push(heap, size, time, np.int64(0), node)
                size += 1
    while size > 0:
        time, _, node = heap_pop(heap, size)
        size -= 1
        if time != times[node]:
            continue
        for a in range(offsets[node], offsets[node + 1]):
            later, target = time + arc_min[a], np.int64(targets[a])
            if later <= limit_min and later < times[target]:
                n_touched = _reach(state, n_touched, target, later, metres[node] + arc_m[a])
                heap = heap_push(heap, size, later, np.int64(0), target)
                size += 1
    return n_touched, heap


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _close(edges: Edges, source: Doors, goal: Doors, state: State) -> tuple[float, float]:
    """Minutes and metres from one source to one target, door to door, once the search has spread."""
    source_edges, fractions, walk_min, walk_m = source
    goal_edges, goal_fractions, goal_walk_min, goal_walk_m = goal
    times, metres, _ = state
    best, best_m = np.inf, np.inf
    for d in range(goal_edges.shape[0]):
        e, g = goal_edges[d], goal_fractions[d]
        if e < 0:
            break
        for way in range(2):
            node, leg, leg_m = _over(edges, e, g, way, 1)
            time = times[node] + (leg + goal_walk_min[d])
            if time < best:
                best, best_m = time, metres[node] + (leg_m + goal_walk_m[d])
        for c in range(source_edges.shape[0]):
            if source_edges[c] < 0:
                break
            if source_edges[c] != e:
                continue
            time = walk_min[c] + (_along(edges, e, fractions[c], g) + goal_walk_min[d])
            if time < best:
                best = time
                best_m = walk_m[c] + (abs(fractions[c] - g) * edges[2][e] + goal_walk_m[d])
    return best, best_m


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def times_within(
    arcs: Arcs, edges: Edges, doors: tuple[Doors, Doors], limit_min: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """
    Find every pair of a source and a target within a time, door to door, by one bounded search a source.

    Parameters
    ----------
    arcs : tuple of ndarray
        Arcs in which the search spreads from the sources.
    edges : tuple of ndarray
        As in `best_destinations`; to search against the traffic, minutes forwards and backwards change places.
    doors : tuple
        Sources and targets, as in `best_destinations`.
    limit_min : float
        The longest time, inclusive.

    Returns
    -------
    tuple of ndarray
        Source, target, minutes and metres of each pair, by source, then by target.
    """
    (from_edges, fractions, walk_min, walk_m), (to_edges, to_fractions, to_walk_min, to_walk_m) = doors
    n_nodes = arcs[0].shape[0] - 1
    state = (np.full(n_nodes, np.inf), np.full(n_nodes, np.inf), np.empty(n_nodes, np.int64))
    heap = (np.empty(1024, np.float64), np.empty(1024, np.int64), np.empty(1024, np.int64))
    places = np.empty((2, 1024), np.int64)
    values = np.empty((2, 1024), np.float64)
    n_out = 0
    for s in range(from_edges.shape[0]):
        source = (from_edges[s], fractions[s], walk_min[s], walk_m[s])
        n_touched, heap = _spread(arcs, edges, source, state, heap, limit_min)
        for j in range(to_edges.shape[0]):
            goal = (to_edges[j], to_fractions[j], to_walk_min[j], to_walk_m[j])
            best, best_m = _close(edges, source, goal, state)
            if best <= limit_min and best < np.inf:
                if n_out == places.shape[1]:
                    places = np.concatenate((places, np.empty((2, n_out), np.int64)), axis=1)
                    values = np.concatenate((values, np.empty((2, n_out), np.float64)), axis=1)
                places[0, n_out], places[1, n_out] = s, j
                values[0, n_out], values[1, n_out] = best, best_m
                n_out += 1
        for t in range(n_touched):
            state[0][state[2][t]], state[1][state[2][t]] = np.inf, np.inf
    return (
        places[0, :n_out].copy(),
        places[1, :n_out].copy(),
        values[0, :n_out].copy(),
        values[1, :n_out].copy(),
    )
