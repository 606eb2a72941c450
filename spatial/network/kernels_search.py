"""Compiled search over the arcs of a contracted graph for the k nearest labels of each node."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Heap = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]
    Arcs = tuple[
        NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]
    ]

__all__ = ["heap_pop", "heap_push", "label_nodes"]


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def heap_push(heap: Heap, size: int, time: float, label: int, node: int) -> Heap:
    """
    Put an entry on a binary heap ordered by (time, label).

    Parameters
    ----------
    heap : tuple of ndarray
        Times, labels and nodes; the first `size` are in use.
    size : int
        Entries before.
    time : float
        Minutes.
    label : int
        Destination.
    node : int
        Node.

    Returns
    -------
    tuple of ndarray
        The heap, in arrays twice as long where the old ones were full.
    """
    times, labels, nodes = heap
    if size == times.shape[0]:
        longer_times = np.empty(2 * size, np.float64)
        longer_labels = np.empty(2 * size, np.int64)
        longer_nodes = np.empty(2 * size, np.int64)
        longer_times[:size], longer_labels[:size], longer_nodes[:size] = times, labels, nodes
        times, labels, nodes = longer_times, longer_labels, longer_nodes
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if times[up] < time or (times[up] == time and labels[up] <= label):
            break
        times[at], labels[at], nodes[at] = times[up], labels[up], nodes[up]
        at = up
    times[at], labels[at], nodes[at] = time, label, node
    return times, labels, nodes


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def heap_pop(heap: Heap, size: int) -> tuple[float, int, int]:
    """
    Take the least entry from a heap of `heap_push`.

    Parameters
    ----------
    heap : tuple of ndarray
        Times, labels and nodes.
    size : int
        Entries before; one fewer afterwards.

    Returns
    -------
    tuple of float, int, int
        Time, label and node.
    """
    times, labels, nodes = heap
    least = (times[0], labels[0], nodes[0])
    last = size - 1
    time, label, node = times[last], labels[last], nodes[last]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= last:
            break
        right = down + 1
        if right < last and (
            times[right] < times[down] or (times[right] == times[down] and labels[right] < labels[down])
        ):
            down = right
        if times[down] > time or (times[down] == time and labels[down] >= label):
            break
        times[at], labels[at], nodes[at] = times[down], labels[down], nodes[down]
        at = down
    times[at], labels[at], nodes[at] = time, label, node
    return least


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _offer(
    table: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]],
    settled: int,
    node: int,
    label: tuple[float, int, int, float],
    per_place: int,
) -> bool:
    """Put a label into a node's list, ordered by (time, destination), one a destination; tell whether it went in."""
    times, roots, arcs, metres = table
    time, root, arc, metre = label
    destination = root // per_place
    k = times.shape[1]
    at = -1
    for slot in range(k):
        if roots[node, slot] < 0:
            at = slot
            break
        if roots[node, slot] // per_place == destination:
            if slot < settled or times[node, slot] <= time:
                return False
            at = slot
            break
    if at < 0:
        at = k - 1
        if at < settled or times[node, at] < time:
            return False
        if times[node, at] == time and roots[node, at] // per_place < destination:
            return False
    while at > settled and (
        times[node, at - 1] > time
        or (times[node, at - 1] == time and roots[node, at - 1] // per_place > destination)
    ):
        times[node, at], roots[node, at] = times[node, at - 1], roots[node, at - 1]
        arcs[node, at], metres[node, at] = arcs[node, at - 1], metres[node, at - 1]
        at -= 1
    times[node, at], roots[node, at], arcs[node, at], metres[node, at] = time, root, arc, metre
    return True


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def label_nodes(
    arcs: Arcs,
    seeds: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    per_place: int,
    k: int,
    limit_min: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """
    Find the k nearest different destinations of every node by one search outward from all destinations.

    Dijkstra's algorithm with k labels a node; equal times go to the lower destination.

    Parameters
    ----------
    arcs : tuple of ndarray
        Offsets, target, arc, minutes (inf where closed) and metres of the arcs in which the search spreads.
    seeds : tuple of ndarray
        Node, root (a candidate of a destination: ``destination * per_place + candidate``), minutes and metres from
        the node to the destination's door.
    per_place : int
        Candidates a destination.
    k : int
        Labels a node.
    limit_min : float
        Labels beyond this are not wanted; inclusive.

    Returns
    -------
    tuple of ndarray, each of shape (n_nodes, k)
        Minutes (inf where there is no label), root (-1), arc towards the destination (-1 at a seed) and metres.
    """
    offsets, targets, arc_ids, arc_min, arc_m = arcs
    n_nodes = offsets.shape[0] - 1
    times = np.full((n_nodes, k), np.inf, np.float64)
    roots = np.full((n_nodes, k), -1, np.int64)
    via = np.full((n_nodes, k), -1, np.int32)
    metres = np.full((n_nodes, k), np.inf, np.float64)
    table = (times, roots, via, metres)
    settled = np.zeros(n_nodes, np.int64)
    heap = (np.empty(1024, np.float64), np.empty(1024, np.int64), np.empty(1024, np.int64))
    size = 0
    nodes, seed_roots, seed_min, seed_m = seeds
    for s in range(nodes.shape[0]):
        label = (seed_min[s], seed_roots[s], np.int64(-1), seed_m[s])
        if seed_min[s] <= limit_min and seed_min[s] < np.inf and _offer(table, 0, nodes[s], label, per_place):
            heap = heap_push(heap, size, seed_min[s], seed_roots[s] // per_place, nodes[s])
            size += 1
    while size > 0:
        time, destination, node = heap_pop(heap, size)
        size -= 1
        slot = settled[node]
        if slot == k or times[node, slot] != time or roots[node, slot] // per_place != destination:
            continue
        settled[node] += 1
        for a in range(offsets[node], offsets[node + 1]):
            later = time + arc_min[a]
            if later == np.inf:
                continue
            target = np.int64(targets[a])
            label = (later, roots[node, slot], np.int64(arc_ids[a]), metres[node, slot] + arc_m[a])
            if later <= limit_min and _offer(table, settled[target], target, label, per_place):
                heap = heap_push(heap, size, later, destination, target)
                size += 1
    return times, roots, via, metres
