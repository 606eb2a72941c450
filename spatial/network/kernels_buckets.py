"""Compiled searches over the contracted graph with a bucket queue: the nearest label, and all within a limit."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    State = tuple[Floats, Floats, Ints]
    Queue = tuple[Ints, Ints, Ints]

__all__ = ["new_queue", "reach_within", "spread_labels"]

BUCKETS = 1024
"""Steps of time held at once, a power of two; later ones wait together."""
LAST = 2_000_000_000
"""Times beyond this many steps share the last one, which is searched until nothing changes."""

# Both searches are sequential delta-stepping (Meyer and Sanders 2003): a node waits for the step of time that it falls
# into, and is taken up again whenever its time becomes less, so that times are exact whatever the width of a step.
# Steps are lists over a pool of entries (node, next entry); `waits` holds the step in which a node waits, -1 for none.
# The loops are written out in both, because a call for each arc takes as long as the arc itself.


def new_queue(n_nodes: int) -> Queue:
    """
    Make an empty queue.

    Parameters
    ----------
    n_nodes : int
        Nodes that may wait in it.

    Returns
    -------
    tuple of ndarray of int32
        First entry of each step and of the far ones, the pool, and the step in which each node waits.
    """
    return (
        np.full(BUCKETS + 1, -1, np.int32),
        np.empty((max(1024, n_nodes // 2), 2), np.int32),
        np.full(n_nodes, -1, np.int32),
    )


@inner  # pragma: no cover - compiled
def _longer(pool: Ints) -> Ints:
    more = np.empty((2 * pool.shape[0], 2), np.int32)
    for entry in range(pool.shape[0]):
        more[entry, 0], more[entry, 1] = pool[entry, 0], pool[entry, 1]
    return more


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


@outer  # pragma: no cover - compiled
def spread_labels(  # noqa: C901, PLR0912, PLR0915 - written out, see above
    arcs: tuple[Ints, Ints, Floats],
    seeds: tuple[Ints, Ints, Floats],
    found: tuple[Floats, Ints],
    queue: Queue,
    limits: tuple[float, float],
) -> None:
    """
    Find the nearest label of every node, equal times to the lower label.

    Parameters
    ----------
    arcs : tuple of ndarray
        Offsets, target and minutes (inf where closed).
    seeds : tuple of ndarray
        Node, label and minutes.
    found : tuple of ndarray
        Minutes (inf) and label (-1) of each node; written to.
    queue : tuple of ndarray
        Empty; used up.
    limits : tuple of float
        The longest time, inclusive, and the width of a step of time, above 0; minutes.
    """
    offsets, targets, minutes = arcs
    seed_nodes, seed_labels, seed_min = seeds
    times, labels = found
    heads, pool, waits = queue
    n_seeds, limit_min, pace = seed_nodes.shape[0], limits[0], 1.0 / limits[1]
    used, near, step, far = 0, np.int64(0), np.int64(0), LAST + 1
    seed, arc, end, time, label = 0, 0, 0, 0.0, np.int32(-1)
    while True:
        if arc < end:
            later, target = time + minutes[arc], targets[arc]
            arc += 1
        elif seed < n_seeds:
            later, target, label = seed_min[seed], seed_nodes[seed], seed_labels[seed]
            seed += 1
        else:
            if near == 0:
                if far > LAST:
                    return
                step = far
            if step >= far:
                near, far = _fetch_far((heads, pool, waits), step, near)
                continue
            entry = heads[step & (BUCKETS - 1)]
            if entry < 0:
                step += 1
                continue
            heads[step & (BUCKETS - 1)] = pool[entry, 1]
            near -= 1
            node = pool[entry, 0]
            if waits[node] == step:
                waits[node] = -1
                time, label, arc, end = times[node], labels[node], offsets[node], offsets[node + 1]
            continue
        if later > limit_min or later > times[target] or later == np.inf:
            continue
        if later == times[target] and label >= labels[target]:
            continue
        times[target], labels[target] = later, label
        number = int(later * pace) if later * pace < LAST else LAST
        if waits[target] == number:
            continue
        waits[target] = number
        if used == pool.shape[0]:
            pool = _longer(pool)
        slot = BUCKETS
        if number < step + BUCKETS:
            slot = number & (BUCKETS - 1)
            near += 1
        elif number < far:
            far = number
        pool[used, 0], pool[used, 1] = target, heads[slot]
        heads[slot] = used
        used += 1


@inner  # pragma: no cover - compiled
def reach_within(  # noqa: C901, PLR0912, PLR0915 - written out, see above
    arcs: tuple[Ints, Ints, Floats, Floats],
    seeds: tuple[Ints, Floats, Floats],
    state: State,
    queue: Queue,
    limits: tuple[float, float],
) -> tuple[int, Queue]:
    """
    Search outward from a few nodes within a limit.

    Parameters
    ----------
    arcs : tuple of ndarray
        Offsets, target, minutes (inf where closed) and metres.
    seeds : tuple of ndarray
        Node (-1 for none), minutes and metres.
    state : tuple of ndarray
        Minutes and metres of each node, all inf before, and room for the nodes reached; written to.
    queue : tuple of ndarray
        Empty, and empty again at the end.
    limits : tuple of float
        The longest time, inclusive, and the width of a step of time, above 0; minutes.

    Returns
    -------
    tuple of int and tuple
        How many nodes were reached, and the queue, in longer arrays where the old ones were full.
    """
    offsets, targets, minutes, lengths = arcs
    times, metres, touched = state
    heads, pool, waits = queue
    limit_min, pace = limits[0], 1.0 / limits[1]
    n_touched, used, near, step, far = 0, 0, np.int64(0), np.int64(0), LAST + 1
    seed, arc, end, time, metre = 0, 0, 0, 0.0, 0.0
    while True:
        if arc < end:
            later, target, length = time + minutes[arc], targets[arc], metre + lengths[arc]
            arc += 1
        elif seed < seeds[0].shape[0]:
            later, target, length = seeds[1][seed], seeds[0][seed], seeds[2][seed]
            seed += 1
        else:
            if near == 0:
                if far > LAST:
                    return n_touched, (heads, pool, waits)
                step = far
            if step >= far:
                near, far = _fetch_far((heads, pool, waits), step, near)
                continue
            entry = heads[step & (BUCKETS - 1)]
            if entry < 0:
                step += 1
                continue
            heads[step & (BUCKETS - 1)] = pool[entry, 1]
            near -= 1
            node = pool[entry, 0]
            if waits[node] == step:
                waits[node] = -1
                time, metre, arc, end = times[node], metres[node], offsets[node], offsets[node + 1]
            continue
        if later > limit_min or later == np.inf or target < 0 or later >= times[target]:
            continue
        if times[target] == np.inf:
            touched[n_touched] = target
            n_touched += 1
        times[target], metres[target] = later, length
        number = int(later * pace) if later * pace < LAST else LAST
        if waits[target] == number:
            continue
        waits[target] = number
        if used == pool.shape[0]:
            pool = _longer(pool)
        slot = BUCKETS
        if number < step + BUCKETS:
            slot = number & (BUCKETS - 1)
            near += 1
        elif number < far:
            far = number
        pool[used, 0], pool[used, 1] = target, heads[slot]
        heads[slot] = used
        used += 1
