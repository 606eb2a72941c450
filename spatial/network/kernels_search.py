"""Compiled searches over the contracted graph: the nearest labels, and all within a limit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatial.arrays import FloatArray as Floats
from spatial.compiled import (
    empty_float64,
    empty_float64_pairs,
    empty_int32_pairs,
    inner,
    nones_int32,
    outer,
    zeros_int32,
)

Ints = NDArray[np.int32]


# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


class Arcs(NamedTuple):
    """
    Arcs in which a search for times spreads, by the node that they leave (compressed sparse rows).

    Parameters
    ----------
    offsets : ndarray of int32
        Arcs of node v are the rows ``offsets[v]`` to ``offsets[v + 1] - 1``.
    target : ndarray of int32
        Node at the other end.
    time_min : ndarray of float64
        Minutes; inf where closed.
    """

    offsets: Ints
    target: Ints
    time_min: Floats


class MeasuredArcs(NamedTuple):
    """
    Arcs in which a search for ways and metres spreads, by the node that they leave (compressed sparse rows).

    Parameters
    ----------
    offsets : ndarray of int32
        Arcs of node v are the rows ``offsets[v]`` to ``offsets[v + 1] - 1``.
    target : ndarray of int32
        Node at the other end.
    half : ndarray of int32
        2 x chain, + 1 where the chain is walked backwards.
    time_min : ndarray of float64
        Minutes; inf where closed.
    length_m : ndarray of float64
        Metres.
    """

    offsets: Ints
    target: Ints
    half: Ints
    time_min: Floats
    length_m: Floats


class Seeds(NamedTuple):
    """Nodes from which a search for places sets out, and the way from there to the door of the place."""

    node: Ints
    root: NDArray[np.int64]  # candidate of a place: ``place * per_place + candidate``
    time_min: Floats
    length_m: Floats


class LabelSeeds(NamedTuple):
    """Nodes from which a search for the nearest label sets out."""

    node: Ints
    label: Ints
    time_min: Floats  # finite


class Legs(NamedTuple):
    """Ways between doors and nodes of the core, by place or by node (compressed sparse rows)."""

    offsets: Ints
    other: Ints  # node of each way of a place; or place of each way of a node
    time_min: Floats
    length_m: Floats


class Labels(NamedTuple):
    """The k nearest different destinations of each core node, nearest first; each of shape (n_nodes, k)."""

    time_min: Floats  # inf where there is none
    place: Ints  # -1 where there is none
    root: Ints  # candidate of the destination; -1 where there is none
    half: Ints  # chain towards the destination as in `MeasuredArcs`; -1 at a seed
    length_m: Floats  # inf where there is none


class Label(NamedTuple):
    """A label on offer to one node."""

    time_min: float
    place: int
    root: int
    half: int
    length_m: float


class Reached(NamedTuple):
    """What a search within a limit has found of each node or goal."""

    time_min: Floats  # inf where it was not reached
    length_m: Floats
    listed: Ints  # room for all; the first are those that were reached


class Queue(NamedTuple):
    """Nodes that wait for their step of time."""

    heads: Ints  # first entry of each step, and of the far ones; -1 for none
    pool: Ints  # shape (n, 2), node and next entry
    waits: Ints  # step in which each node waits, -1 for none


class Limits(NamedTuple):
    """How far a search goes, inclusive, and the width of a step of time, above 0; minutes."""

    time_min: float
    width_min: float


class _Heap(NamedTuple):
    """Entries in an order of four branches by (time, label)."""

    times: Floats
    entries: Ints  # shape (n, 2), label and node


# Search over the arcs of a contracted graph for the k nearest labels of each node.


@inner  # pragma: no cover - compiled
def _longer(pairs: Ints, size: int) -> Ints:
    """Copy pairs into the beginning of a longer array."""
    more = empty_int32_pairs(size)
    for entry in range(pairs.shape[0]):
        more[entry, 0], more[entry, 1] = pairs[entry, 0], pairs[entry, 1]
    return more


@inner  # pragma: no cover - compiled
def _push(heap: _Heap, size: int, time: float, label: int, node: int) -> _Heap:
    """Put an entry on a heap."""
    times, entries = heap
    if size == times.shape[0]:
        times, entries = empty_float64(2 * size), _longer(entries, 2 * size)
        for i in range(size):
            times[i] = heap.times[i]
    at = size
    while at > 0:
        up = (at - 1) >> 2
        if times[up] < time or (times[up] == time and entries[up, 0] <= label):
            break
        times[at], entries[at, 0], entries[at, 1] = times[up], entries[up, 0], entries[up, 1]
        at = up
    times[at], entries[at, 0], entries[at, 1] = time, label, node
    return _Heap(times, entries)


@inner  # pragma: no cover - compiled
def _drop(heap: _Heap, size: int) -> None:
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
            if times[other] < times[down] or (times[other] == times[down] and entries[other, 0] < entries[down, 0]):
                down = other
        if times[down] > time or (times[down] == time and entries[down, 0] >= label):
            break
        times[at], entries[at, 0], entries[at, 1] = times[down], entries[down, 0], entries[down, 1]
        at = down
    times[at], entries[at, 0], entries[at, 1] = time, label, node


@inner  # pragma: no cover - compiled
def _offer(table: Labels, settled: int, node: int, label: Label) -> bool:
    """Put a label into a node's list by time, destination, candidate and chain; tell whether it is new."""
    times, places, roots, halves, metres = table
    time, place, root, half, metre = label
    at = times.shape[1] - 1
    if times[node, at] < time or (times[node, at] == time and places[node, at] < place):
        return False
    for slot in range(at + 1):
        if places[node, slot] == place:
            if slot < settled or times[node, slot] < time:
                return False
            if times[node, slot] == time:
                if root < roots[node, slot] or (root == roots[node, slot] and half < halves[node, slot]):
                    roots[node, slot], halves[node, slot], metres[node, slot] = root, half, metre
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
        halves[node, at], metres[node, at] = halves[node, at - 1], metres[node, at - 1]
        at -= 1
    times[node, at], places[node, at], roots[node, at] = time, place, root
    halves[node, at], metres[node, at] = half, metre
    return True


@outer  # pragma: no cover - compiled
def label_nodes(arcs: MeasuredArcs, seeds: Seeds, table: Labels, per_place: int, limit_min: float) -> None:
    """Find the k nearest destinations of every node (Dijkstra with k labels), ties to the lower, limit inclusive."""
    offsets, targets, halves, arc_min, arc_m = arcs
    times, places, roots, _, metres = table
    n_nodes, k = times.shape
    settled = zeros_int32(n_nodes)
    heap = _Heap(empty_float64(np.int64(1024)), empty_int32_pairs(np.int64(1024)))
    size = np.int64(0)
    nodes, seed_roots, seed_min, seed_m = seeds
    for s in range(nodes.shape[0]):
        root = np.int32(seed_roots[s])
        place = np.int32(root // per_place)
        label = Label(seed_min[s], place, root, np.int32(-1), seed_m[s])
        if seed_min[s] <= limit_min and seed_min[s] < np.inf and _offer(table, np.int32(0), nodes[s], label):
            heap = _push(heap, size, seed_min[s], place, nodes[s])
            size += 1
    while size > 0:
        time, place, node = heap.times[0], heap.entries[0, 0], heap.entries[0, 1]
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
            label = Label(later, place, root, halves[a], metre + arc_m[a])
            if _offer(table, settled[target], target, label):
                heap = _push(heap, size, later, place, target)
                size += 1


# Searches over the contracted graph with a bucket queue: the nearest label, and all within a limit.

BUCKETS = 1024
"""Steps of time held at once, a power of two; later ones wait together."""
LAST = 2_000_000_000
"""Times beyond this many steps share the last one, which is searched until nothing changes."""

# Both searches are sequential delta-stepping (Meyer and Sanders 2003): a node waits for the step of time that it falls
# into, and is taken up again whenever its time becomes less, so that times are exact whatever the width of a step.
# Steps are lists over a pool of entries.
# The loops are written out in both, because a call for each arc takes as long as the arc itself.


def new_queue(n_nodes: int) -> Queue:
    """Make an empty queue for so many nodes."""
    return Queue(
        np.full(BUCKETS + 1, -1, np.int32),
        np.empty((max(1024, n_nodes // 2), 2), np.int32),
        np.full(n_nodes, -1, np.int32),
    )


@inner  # pragma: no cover - compiled
def _fetch_far(queue: Queue, step: int, near: int) -> tuple[int, int]:
    """Move far entries that are near by now into their steps; return how many are near, and the first far step."""
    heads, pool, waits = queue
    entry, far = heads[BUCKETS], LAST + 1
    heads[BUCKETS] = -1
    while entry >= 0:
        after, number = pool[entry, 1], waits[pool[entry, 0]]
        if number >= step:
            slot = BUCKETS
            if number < step + BUCKETS:
                slot = number & (BUCKETS - 1)
                near += 1
            elif number < far:
                far = number
            pool[entry, 1] = heads[slot]
            heads[slot] = entry
        entry = after
    return near, far


@inner  # pragma: no cover - compiled
def spread_labels(arcs: Arcs, seeds: LabelSeeds, width_min: float) -> Floats:
    """Find the nearest label of every node, ties to the lower: minutes (inf), and labels as two int32 each (-1)."""
    offsets, targets, minutes = arcs
    n_nodes, pace = offsets.shape[0] - 1, 1.0 / width_min
    # All of a node in 16 bytes, which are fetched together: minutes, label, and the step in which it waits.
    state = empty_float64_pairs(n_nodes)
    marks = state.view(np.int32)
    heads = nones_int32(BUCKETS + 1)
    pool = empty_int32_pairs(n_nodes // 2 + seeds.node.shape[0] + BUCKETS)
    for v in range(n_nodes):
        state[v, 0] = np.inf
        marks[v, 2], marks[v, 3] = -1, -1
    # How many entries are used, how many of them are near, and the first far step: first the seeds wait.
    used, near, far, step = np.int64(0), np.int64(0), np.int64(LAST + 1), np.int64(0)
    seed_node, seed_label, seed_min = seeds
    for seed in range(seed_node.shape[0]):
        source, time, label = seed_node[seed], seed_min[seed], seed_label[seed]
        if time > state[source, 0] or (time == state[source, 0] and label >= marks[source, 2]):
            continue
        state[source, 0], marks[source, 2] = time, label
        number = np.int64(min(time * pace, float(LAST)))
        if marks[source, 3] == number:
            continue
        marks[source, 3] = number
        slot = np.uintp(BUCKETS)
        if number < BUCKETS:
            slot = np.uintp(number)
            near += 1
        elif number < far:
            far = number
        pool[used, 0], pool[used, 1] = source, heads[slot]
        heads[slot] = used
        used += 1
    while near > 0 or far <= LAST:
        step = step if near > 0 else far
        if step >= far:
            near, far = _fetch_far(Queue(heads, pool, marks[:, 3]), step, near)
        here = np.uintp(step & (BUCKETS - 1))
        while heads[here] >= 0:
            entry = np.uintp(heads[here])
            heads[here] = pool[entry, 1]
            near -= 1
            node = np.uintp(pool[entry, 0])
            if marks[node, 3] != step:
                continue
            marks[node, 3] = -1
            time, label = state[node, 0], marks[node, 2]
            begin, end = np.uintp(offsets[node]), np.uintp(offsets[node + np.uintp(1)])
            if used + np.int64(end - begin) > pool.shape[0]:
                pool = _longer(pool, 2 * pool.shape[0] + np.int64(end - begin))
            for arc in range(begin, end):
                later, target = time + minutes[arc], np.uintp(targets[arc])
                known = state[target, 0]
                if later > known or (later == known and label >= marks[target, 2]):
                    continue
                state[target, 0], marks[target, 2] = later, label
                number = np.int64(min(later * pace, float(LAST)))
                if marks[target, 3] == number:
                    continue
                marks[target, 3] = number
                slot = np.uintp(BUCKETS)
                if number < step + BUCKETS:
                    slot = np.uintp(number & (BUCKETS - 1))
                    near += 1
                elif number < far:
                    far = number
                pool[np.uintp(used), 0], pool[np.uintp(used), 1] = target, heads[slot]
                heads[slot] = used
                used += 1
        step += 1
    return state


@inner  # pragma: no cover - compiled
def _begin_within(starts: Legs, place: int, limits: Limits, state: Reached, queue: Queue) -> tuple[int, int, int]:
    """Let the seeds wait; return how many nodes do, how many of them are near, and the first far step."""
    offsets, nodes, minutes, lengths = starts
    times, metres, touched = state
    heads, pool, waits = queue
    n_touched, near, far = 0, 0, LAST + 1
    for seed in range(offsets[place], offsets[place + 1]):
        node, time = nodes[seed], minutes[seed]
        if time > limits.time_min or time >= times[node]:
            continue
        if times[node] == np.inf:
            touched[n_touched] = node
            n_touched += 1
        times[node], metres[node] = time, lengths[seed]
    for entry in range(n_touched):
        node = touched[entry]
        number = np.int64(min(times[node] * (1.0 / limits.width_min), float(LAST)))
        waits[node] = number
        slot = BUCKETS
        if number < BUCKETS:
            slot = number
            near += 1
        elif number < far:
            far = number
        pool[entry, 0], pool[entry, 1] = node, heads[slot]
        heads[slot] = entry
    return n_touched, near, far


@inner  # pragma: no cover - compiled
def reach_within(
    arcs: MeasuredArcs, starts: Legs, place: int, state: Reached, queue: Queue, limits: Limits
) -> tuple[int, Queue]:
    """Search outward from a place within limits; `queue` is empty before and after. Returns nodes reached and queue."""
    offsets, targets, _, minutes, lengths = arcs
    times, metres, touched = state
    heads, pool, waits = queue
    limit_min, pace = limits.time_min, 1.0 / limits.width_min
    n_touched, near, far = _begin_within(starts, place, limits, state, queue)
    used, step = n_touched, np.int64(0)
    while near > 0 or far <= LAST:
        step = step if near > 0 else far
        if step >= far:
            near, far = _fetch_far(Queue(heads, pool, waits), step, near)
        here = np.uintp(step & (BUCKETS - 1))
        while heads[here] >= 0:
            entry = np.uintp(heads[here])
            heads[here] = pool[entry, 1]
            near -= 1
            node = np.uintp(pool[entry, 0])
            if waits[node] != step:
                continue
            waits[node] = -1
            time, metre = times[node], metres[node]
            begin, end = np.uintp(offsets[node]), np.uintp(offsets[node + np.uintp(1)])
            if used + np.int64(end - begin) > pool.shape[0]:
                pool = _longer(pool, 2 * pool.shape[0] + np.int64(end - begin))
            for arc in range(begin, end):
                later, target = time + minutes[arc], np.uintp(targets[arc])
                if later >= times[target] or later > limit_min:
                    continue
                if times[target] == np.inf:
                    touched[np.uintp(n_touched)] = target
                    n_touched += 1
                times[target], metres[target] = later, metre + lengths[arc]
                number = np.int64(min(later * pace, float(LAST)))
                if waits[target] == number:
                    continue
                waits[target] = number
                slot = np.uintp(BUCKETS)
                if number < step + BUCKETS:
                    slot = np.uintp(number & (BUCKETS - 1))
                    near += 1
                elif number < far:
                    far = number
                pool[np.uintp(used), 0], pool[np.uintp(used), 1] = target, heads[slot]
                heads[slot] = used
                used += 1
        step += 1
    return n_touched, Queue(heads, pool, waits)
