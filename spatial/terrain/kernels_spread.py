"""Compiled search over the cells of a raster: a bucket queue spreads from sources and is exact in float64.

Buckets are chains of chunks from one pool, so that the queue is as long as the front and not as the raster. A cell
whose time falls while its bucket is being emptied is put in again (sequential delta-stepping, Meyer and Sanders 2003),
which makes the times those of Dijkstra's algorithm to the last bit, whatever the width of a bucket. An entry is a cell
and no time: it is out of date where the cell's time belongs to another bucket, and a time that falls within a bucket
still to come needs no second entry.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatial.compiled import empty_float64, empty_int64, inner, outer


class Field(NamedTuple):
    """What is crossed, flat; elevation is of length 1 where no slope counts, walked cells where all are alike."""

    friction: NDArray[np.float64]  # minutes per metre, NaN or inf for a barrier
    elevation: NDArray[np.float64]  # metres
    walks: NDArray[np.uint8]  # whether a cell is walked (1) or not (0)


class Moves(NamedTuple):
    """Steps between cells, the straight ones first, then the diagonals, then the knight's."""

    by: NDArray[np.int64]  # shape (n_moves, 2), rows and columns
    offsets: NDArray[np.int64]  # difference in cells
    half_m: NDArray[np.float64]  # shape (n_rows or 1, n_moves), half the metres from each row
    # one over the metres, positive where people go away from the sources, negative where they go to them and 0 where
    # slope does not count
    rise_per_m: NDArray[np.float64]
    guarded: int  # the first step that barriers beside it may close: 4, or 8 where diagonals pass


class Rules(NamedTuple):
    """How far a search goes, and its buckets."""

    limit_min: float  # latest minutes, inclusive and finite
    begins: float  # minutes at which the first bucket begins
    per_min: float  # buckets a minute


class Queue(NamedTuple):
    """Buckets as chains of chunks."""

    head: NDArray[np.int32]  # first chunk of each bucket
    fill: NDArray[np.int32]  # entries in it
    following: NDArray[np.int32]  # the chunk behind each chunk
    cells: NDArray[np.int32]  # of each entry
    # bucket, first free chunk, free chunks, first and last row reached
    state: NDArray[np.int64]


class Answer(NamedTuple):
    """What a search writes to."""

    times: NDArray[np.float64]  # minutes of each cell, inf before
    labels: NDArray[np.int32]  # of each cell, -1 before; of length 1 where they are not wanted


# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


CHUNK = 256
"""Entries a chunk of the queue."""

BUCKETS = 16_384
"""Buckets in use at a time; what lies beyond waits in one more."""

_TOBLER, _BEST_SLOPE = 3.5, 0.05
"""Tobler (1993): ``v = 6 exp(-3.5 |s + 0.05|)`` km/h."""

_STEEPEST = 1.0
"""Slopes beyond this count as this."""

_SLOWEST_MIN_PER_M = 0.6
"""A slope slows nobody below 0.1 km/h; ground that is slower on the flat stays as it is."""

_MOST_GAIN = math.exp(-_TOBLER * _BEST_SLOPE) * (1 - 1e-12)
"""A slope shortens a step to this share at most; a trifle less, so that rounding never hides a step."""


@inner  # pragma: no cover - compiled
def _on_slope(unit: float, walks: int, factor: float) -> float:
    """Minutes per metre of a cell on a slope that takes `factor` times as long."""
    sloped = min(unit * factor, max(unit, _SLOWEST_MIN_PER_M))
    return unit if walks == 0 else sloped


@inner  # pragma: no cover - compiled
def _sloped_units(
    friction: NDArray[np.float64],
    elevation: NDArray[np.float64],
    walks: NDArray[np.uint8],
    u: int,
    v: int,
    rise_per_m: float,
) -> float:
    """Minutes per metre of u and v together; `rise_per_m` is negative where people come from v."""
    rise = elevation[v] - elevation[u]
    slope = 0.0 if math.isnan(rise) else rise * rise_per_m
    slope = min(max(slope, -_STEEPEST), _STEEPEST)
    factor = math.exp(_TOBLER * (abs(slope + _BEST_SLOPE) - _BEST_SLOPE))
    each = np.int64(walks.shape[0] > 1)
    return _on_slope(friction[u], walks[u * each], factor) + _on_slope(friction[v], walks[v * each], factor)


@inner  # pragma: no cover - compiled
def _is_open(friction: NDArray[np.float64], u: int, columns: int, down: int, right: int) -> bool:
    """Tell whether a slanting step leaks through no barrier: a corner of a diagonal, both cells of a knight's step."""
    if abs(down) == abs(right):
        return bool(friction[u + down * columns] < np.inf or friction[u + right] < np.inf)
    if abs(down) == 1:
        first = u + (right >> 1)
        second = first + down * columns
    else:
        first = u + (down >> 1) * columns
        second = first + right
    return bool(friction[first] < np.inf and friction[second] < np.inf)


@inner  # pragma: no cover - compiled
def _bucket_of(time_min: float, begins: float, per_min: float) -> int:
    """Tell the bucket of a time; the last is for all that waits."""
    place = (time_min - begins) * per_min
    return int(np.int64(place) if place < BUCKETS else BUCKETS)


@outer  # pragma: no cover - compiled
def take_waiting(queue: Queue, times_min: NDArray[np.float64], rules: Rules, found: NDArray[np.int32]) -> int:
    """Empty the bucket of what waits into `found`, keep the cells whose entries are not out of date, and count them."""
    head, fill, following, cells, state = queue
    n = 0
    chunk, in_use = head[BUCKETS], fill[BUCKETS]
    while chunk >= 0:
        for at in range(chunk * CHUNK, chunk * CHUNK + in_use):
            if _bucket_of(times_min[cells[at]], rules.begins, rules.per_min) == BUCKETS:
                found[n] = cells[at]
                n += 1
        behind = following[chunk]
        following[chunk] = state[1]
        state[1] = chunk
        state[2] += 1
        chunk, in_use = behind, CHUNK
    head[BUCKETS], fill[BUCKETS] = -1, CHUNK
    return n


@outer  # pragma: no cover - compiled
def put_in(queue: Queue, waiting: NDArray[np.int32], times_min: NDArray[np.float64], rules: Rules) -> None:
    """Put cells, each once, into their buckets; the queue has a free chunk a cell and bucket."""
    head, fill, following, cells, state = queue
    _, begins, per_min = rules
    for i in range(waiting.shape[0]):
        into = _bucket_of(times_min[waiting[i]], begins, per_min)
        chunk, n = np.int64(head[into]), np.int64(fill[into])
        if n == CHUNK:
            free = np.int64(state[1])
            head[into], state[1], following[free], chunk = free, following[free], chunk, free
            state[2], n = state[2] - 1, np.int64(0)
        cells[chunk * CHUNK + n] = waiting[i]
        fill[into] = n + 1


@inner  # pragma: no cover - compiled
def _take_chunk(rules: Rules, queue: Queue, times_min: NDArray[np.float64], batch: NDArray[np.int64]) -> int:
    """Take the first chunk of the bucket; keep the cells whose entries are not out of date, and return how many."""
    head, fill, following, cells, state = queue
    bucket, m = state[0], np.int64(0)
    chunk = np.int64(head[bucket])
    for at in range(chunk * CHUNK, chunk * CHUNK + fill[bucket]):
        batch[m] = cells[at]
        m += np.int64(_bucket_of(times_min[cells[at]], rules.begins, rules.per_min) == bucket)
    head[bucket], following[chunk], state[1] = following[chunk], state[1], chunk
    state[2] += 1
    fill[bucket] = CHUNK
    return int(m)


@inner  # pragma: no cover - compiled
def _border_steps(  # noqa: PLR0913, PLR0917 - arrays one by one: to pack them into a tuple costs more than the steps
    friction: NDArray[np.float64],
    times: NDArray[np.float64],
    by: NDArray[np.int64],
    columns: int,
    half_m: NDArray[np.float64],
    better: NDArray[np.int64],
    better_min: NDArray[np.float64],
    u: int,
    line: int,
    least: float,
) -> int:
    """List the steps out of a cell near the border that come no later than what is known; return how many."""
    row, column, m = u // columns, u % columns, np.int64(0)
    for k in range(by.shape[0]):
        down, right = by[k, 0], by[k, 1]
        if 0 <= row + down < friction.shape[0] // columns and 0 <= column + right < columns:
            v = u + down * columns + right
            better[m] = k
            better_min[m] = times[u] + (friction[u] + friction[v]) * half_m[line, k] * least
            m += np.int64(better_min[m] <= times[v])
    return int(m)


@inner  # pragma: no cover - compiled
def _go_on(  # noqa: PLR0913, PLR0917 - one loop: to hand arrays on costs as much as a step
    field: Field, columns: int, moves: Moves, rules: Rules, queue: Queue, answer: Answer, batch: NDArray[np.int64]
) -> None:
    """Take every step out of the cells of a batch that makes another cell's time or label lower."""
    (friction, elevation, walks), (by, offsets, half_m, rise_per_m, guarded) = field, moves
    limit_min, begins, per_min = rules
    (times, labels), (head, fill, following, cells, state) = answer, queue
    n_moves, rows, is_uneven = by.shape[0], friction.shape[0] // columns, half_m.shape[0] > 1
    is_sloped, is_labelled = rise_per_m[0, 0] != 0.0, labels.shape[0] > 1
    reach, least, steps = (1 if n_moves <= 8 else 2), (_MOST_GAIN if is_sloped else 1.0), half_m.ravel()
    better, better_min = empty_int64(n_moves + 1), empty_float64(n_moves + 1)
    bucket, lowest, highest = state[0], rows, 0
    for at in range(batch.shape[0]):
        u = batch[np.uint64(at)]
        row, unit, now, m = u // columns, friction[np.uint64(u)], times[np.uint64(u)], np.int64(0)
        column, line = u - row * columns, (row if is_uneven else 0)
        lowest, highest = min(lowest, row), max(highest, row)
        if reach <= row < rows - reach and reach <= column < columns - reach:
            for k in range(n_moves):
                v = np.uint64(u + offsets[np.uint64(k)])
                later = now + (unit + friction[v]) * steps[np.uint64(line * n_moves + k)] * least
                better[np.uint64(m)], better_min[np.uint64(m)] = k, later
                m += np.int64(later <= times[v])  # no branch: it would be guessed wrongly
        else:
            m = np.int64(_border_steps(friction, times, by, columns, half_m, better, better_min, u, line, least))
        if is_sloped:
            bounds, m = m, np.int64(0)
            for i in range(bounds):
                k, v = better[i], u + offsets[better[i]]
                units = _sloped_units(friction, elevation, walks, u, v, rise_per_m[line, k])
                better[m], better_min[m] = k, now + units * half_m[line, k]
                m += np.int64(better_min[m] <= times[v])
        for i in range(m):
            later, k = better_min[np.uint64(i)], better[np.uint64(i)]
            v = np.uint64(u + offsets[np.uint64(k)])
            before = times[v]
            if later > limit_min or (later == before and not (is_labelled and labels[u] < labels[v])):
                continue
            if k >= guarded and not _is_open(friction, u, columns, by[k, 0], by[k, 1]):
                continue
            times[v] = later
            if is_labelled:
                labels[v] = labels[u]
            into, since = _bucket_of(later, begins, per_min), _bucket_of(before, begins, per_min)
            is_there = np.int64(into == since) & np.int64(into > bucket) & np.int64(before < np.inf)  # no branch
            chunk, n = np.int64(head[np.uint64(into)]), np.int64(fill[np.uint64(into)])
            if n == CHUNK:
                free = np.int64(state[1])
                head[into], state[1], following[free], chunk = free, following[free], chunk, free
                state[2], n = state[2] - 1, np.int64(0)
            cells[np.uint64(chunk * CHUNK + n)], fill[np.uint64(into)] = v, n + 1 - is_there
    state[3], state[4] = min(state[3], lowest), max(state[4], highest)


@outer  # pragma: no cover - compiled
def drain(field: Field, columns: int, moves: Moves, rules: Rules, queue: Queue, answer: Answer) -> bool:
    """Empty the buckets and lower `answer` in place, ties to the lower label; false where more chunks are needed."""
    bucket, state, batch = queue.state[0], queue.state, empty_int64(np.int64(CHUNK))
    while bucket < BUCKETS:
        state[0] = bucket
        if queue.head[bucket] < 0:
            bucket += 1
        elif state[2] < CHUNK * moves.offsets.shape[0]:
            return False
        else:
            n = _take_chunk(rules, queue, answer.times, batch)
            _go_on(field, columns, moves, rules, queue, answer, batch[:n])
    return True


@inner  # pragma: no cover - compiled
def _step_back(field: Field, columns: int, moves: Moves, times: NDArray[np.float64], u: int) -> int:
    """Tell the step from a cell back along its fastest path, -1 where the search began; of equal ones the earlier."""
    friction, elevation, walks = field
    by, offsets, half_m, rise_per_m, guarded = moves
    row, column, rows = u // columns, u % columns, friction.shape[0] // columns
    line = row if half_m.shape[0] > 1 else 0
    least, best = times[u], -1
    for k in range(by.shape[0]):
        if not (0 <= row + by[k, 0] < rows and 0 <= column + by[k, 1] < columns):
            continue
        v = u + offsets[k]
        if not times[v] < times[u] or (k >= guarded and not _is_open(friction, u, columns, by[k, 0], by[k, 1])):
            continue
        units = friction[v] + friction[u]
        if rise_per_m[0, 0] != 0.0:
            units = _sloped_units(friction, elevation, walks, v, u, rise_per_m[line, k])
        before = times[v] + units * half_m[line, k]
        if before <= least:
            if before < least or best < 0:
                best = k
            least = before
    return best


@outer  # pragma: no cover - compiled
def path_metres(
    field: Field, columns: int, moves: Moves, times: NDArray[np.float64], ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Measure the fastest path from each end back to its start; inf unreached, ties to the earlier step."""
    metres = empty_float64(ends.shape[0])
    for e in range(ends.shape[0]):
        u = ends[e]
        metres[e] = 0.0 if times[u] < np.inf else np.inf
        k = _step_back(field, columns, moves, times, u) if times[u] < np.inf else -1
        while k >= 0:
            metres[e] += 2.0 * moves.half_m[u // columns if moves.half_m.shape[0] > 1 else 0, k]
            u += moves.offsets[k]
            k = _step_back(field, columns, moves, times, u)
    return metres


@outer  # pragma: no cover - compiled
def path_cells(field: Field, columns: int, moves: Moves, times: NDArray[np.float64], end: int) -> NDArray[np.int64]:
    """List the cells of the path that `path_metres` measures, from an end that was reached to where it began."""
    cells, n, u = empty_int64(np.int64(64)), 0, end
    while True:
        if n == cells.shape[0]:
            more = empty_int64(2 * n)
            more[:n] = cells
            cells = more
        cells[n] = u
        n += 1
        k = _step_back(field, columns, moves, times, u)
        if k < 0:
            return cells[:n]
        u += moves.offsets[k]
