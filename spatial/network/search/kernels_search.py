"""Compiled search over the arcs of a contracted graph for the k nearest labels of each node."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.kernels_arrays import empty_float64, empty_int32_pairs, zeros_int32

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Heap = tuple[Floats, Ints]
    Table = tuple[Floats, Ints, Ints, Ints, Floats]
    Arcs = tuple[Ints, Ints, Ints, Floats, Floats]

__all__ = ["label_nodes"]


@inner  # pragma: no cover - compiled
def _push(heap: Heap, size: int, time: float, label: int, node: int) -> Heap:
    """Put an entry on a heap of four branches, ordered by (time, label)."""
    times, entries = heap
    if size == times.shape[0]:
        longer_times, longer = empty_float64(2 * size), empty_int32_pairs(2 * size)
        for i in range(size):
            longer_times[i], longer[i, 0], longer[i, 1] = times[i], entries[i, 0], entries[i, 1]
        times, entries = longer_times, longer
    at = size
    while at > 0:
        up = (at - 1) >> 2
        if times[up] < time or (times[up] == time and entries[up, 0] <= label):
            break
        times[at], entries[at, 0], entries[at, 1] = times[up], entries[up, 0], entries[up, 1]
        at = up
    times[at], entries[at, 0], entries[at, 1] = time, label, node
    return times, entries


@inner  # pragma: no cover - compiled
def _drop(heap: Heap, size: int) -> None:
    """Take the least entry off a heap."""
    times, entries = heap
    last = size - 1
    time, label, node = times[last], entries[last, 0], entries[last, 1]
    at = 0
    while True:
        down = 4 * at + 1
        if down >= last:
            break
        for other in range(down + 1, min(last, down + 4)):
            if times[other] < times[down] or (
                times[other] == times[down] and entries[other, 0] < entries[down, 0]
            ):
                down = other
        if times[down] > time or (times[down] == time and entries[down, 0] >= label):
            break
        times[at], entries[at, 0], entries[at, 1] = times[down], entries[down, 0], entries[down, 1]
        at = down
    times[at], entries[at, 0], entries[at, 1] = time, label, node


@inner  # pragma: no cover - compiled
def _offer(table: Table, settled: int, node: int, label: tuple[float, int, int, int, float]) -> bool:
    """Put a label into a node's list, ordered by (time, destination), one a destination; tell whether it went in."""
    times, places, roots, arcs, metres = table
    time, place, root, arc, metre = label
    at = times.shape[1] - 1
    if times[node, at] < time or (times[node, at] == time and places[node, at] < place):
        return False
    for slot in range(at + 1):
        if places[node, slot] == place:
            if slot < settled or times[node, slot] <= time:
                return False
            at = slot
            break
        if places[node, slot] < 0:
            at = slot
            break
    if at < settled:
        return False
    while at > settled and (
        times[node, at - 1] > time or (times[node, at - 1] == time and places[node, at - 1] > place)
    ):
        times[node, at], places[node, at] = times[node, at - 1], places[node, at - 1]
        roots[node, at] = roots[node, at - 1]
        arcs[node, at], metres[node, at] = arcs[node, at - 1], metres[node, at - 1]
        at -= 1
    times[node, at], places[node, at], roots[node, at] = time, place, root
    arcs[node, at], metres[node, at] = arc, metre
    return True


@outer  # pragma: no cover - compiled
def label_nodes(
    arcs: Arcs,
    seeds: tuple[Ints, NDArray[np.int64], Floats, Floats],
    table: Table,
    per_place: int,
    limit_min: float,
) -> None:
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
    table : tuple of ndarray, each of shape (n_nodes, k)
        Written to: minutes (inf where there is no label), destination (-1), root (-1), arc towards the destination (-1
        at a seed) and metres (inf).
    per_place : int
        Candidates a destination.
    limit_min : float
        Labels beyond this are not wanted; inclusive.
    """
    offsets, targets, arc_ids, arc_min, arc_m = arcs
    times, places, roots, _, metres = table
    n_nodes, k = times.shape
    settled = zeros_int32(n_nodes)
    heap = (empty_float64(np.int64(1024)), empty_int32_pairs(np.int64(1024)))
    size = np.int64(0)
    nodes, seed_roots, seed_min, seed_m = seeds
    for s in range(nodes.shape[0]):
        root = np.int32(seed_roots[s])
        place = np.int32(root // per_place)
        label = (seed_min[s], place, root, np.int32(-1), seed_m[s])
        if seed_min[s] <= limit_min and seed_min[s] < np.inf and _offer(table, np.int32(0), nodes[s], label):
            heap = _push(heap, size, seed_min[s], place, nodes[s])
            size += 1
    while size > 0:
        time, place, node = heap[0][0], heap[1][0, 0], heap[1][0, 1]
        _drop(heap, size)
        size -= 1
        slot = settled[node]
        if slot == k or times[node, slot] != time or places[node, slot] != place:
            continue
        settled[node] += 1
        root, metre = roots[node, slot], metres[node, slot]
        for a in range(offsets[node], offsets[node + 1]):
            later, target = time + arc_min[a], targets[a]
            if later > limit_min or later > times[target, k - 1] or later == np.inf:
                continue
            label = (later, place, root, arc_ids[a], metre + arc_m[a])
            if _offer(table, settled[target], target, label):
                heap = _push(heap, size, later, place, target)
                size += 1
