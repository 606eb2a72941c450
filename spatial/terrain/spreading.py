"""One search over a raster: the ground made ready once, then spread over from any sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.terrain.kernels_spread import BUCKETS, CHUNK, drain, put_in, take_waiting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.terrain.kernels_spread import Field, Moves, Queue

__all__ = ["Ground", "Seeds", "limit_of", "spread"]

_FIRST_CHUNKS = 8192
"""Chunks of a queue at its beginning."""

_WIDTH = 0.5
"""Width of a bucket in minutes over the minutes of a straight step on the middle friction; any width is exact."""

_NARROWEST = float(np.finfo(np.float64).tiny)
"""Least width of a bucket in minutes, of which there is one over it."""

_SAMPLE = 65_536
"""Cells from which the middle friction is taken."""

_LATEST = float(np.finfo(np.float64).max)
"""Stands for a limit of inf, so that what is unreachable is never within it."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A raster to travel on, as the kernels read it."""

    shape: tuple[int, int]  # rows and columns
    field: Field  # minutes per metre, elevation and walked cells, each flat
    moves: Moves  # steps, as in `kernels_spread.drain`
    width_min: float  # width of a bucket in minutes

    @classmethod
    def of(cls, shape: tuple[int, int], field: Field, moves: Moves) -> Ground:
        """Choose the width of a bucket from the friction itself."""
        sample = field[0][:: max(field[0].size // _SAMPLE, 1)]
        sample = sample[np.isfinite(sample)]
        middle = float(np.median(sample)) if sample.size else 1.0
        width = _WIDTH * middle * 2.0 * float(moves[2].min())
        return cls(shape, field, moves, max(width, _NARROWEST))


@dataclass(frozen=True, eq=False)
class Seeds:
    """Where a search begins."""

    cells: NDArray[np.int64]  # flat positions
    time_min: NDArray[np.float64]  # minutes at each, 0 or more
    labels: NDArray[np.int32]  # who is there


def limit_of(cutoff_min: float | None) -> float:
    """
    Read a cutoff.

    Returns inf where there is none.
    """
    return np.inf if cutoff_min is None else float(cutoff_min)


def spread(
    ground: Ground,
    seeds: Seeds,
    cutoff_min: float,
    times: NDArray[np.float64],
    labels: NDArray[np.int32],
) -> tuple[int, int]:
    """
    Spread from seeds, and lower the times of the cells in place.

    Returns first row reached and one beyond the last; equal where none was.
    """
    limit = min(cutoff_min, _LATEST)
    starts = _first_times(seeds, limit, times, labels)
    queue = _new_queue(ground.shape[0])
    columns, per_min = ground.shape[1], 1.0 / ground.width_min
    while starts.size:
        begins = float(times[starts].min())
        while queue[4][2] < starts.size // CHUNK + min(starts.size, BUCKETS + 1):
            queue = _grown(queue)
        queue[4][0] = 0
        rules = (limit, begins, per_min)
        put_in(queue, starts, times, rules)
        while not drain(ground.field, columns, ground.moves, rules, queue, (times, labels)):
            queue = _grown(queue)
        waiting = np.empty(queue[2].size * CHUNK if queue[0][BUCKETS] >= 0 else 0, np.int32)
        starts = waiting[: take_waiting(queue, times, rules, waiting)]
    first, last = int(queue[4][3]), int(queue[4][4])
    return (first, last + 1) if last >= 0 else (0, 0)


def _first_times(
    seeds: Seeds, limit: float, times: NDArray[np.float64], labels: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Write the seeds into the answer; of several in one cell the earliest counts, then the lowest label."""
    order = np.lexsort((seeds.labels, seeds.time_min))
    order = order[seeds.time_min[order] <= limit]
    cells, first = np.unique(seeds.cells[order], return_index=True)
    times[cells] = seeds.time_min[order[first]]
    if labels.size > 1:
        labels[cells] = seeds.labels[order[first]]
    return cells.astype(np.int32)


def _new_queue(rows: int) -> Queue:
    following = np.arange(1, _FIRST_CHUNKS + 1, dtype=np.int32)
    return (
        np.full(BUCKETS + 1, -1, np.int32),
        np.full(BUCKETS + 1, CHUNK, np.int32),
        following,
        np.empty(_FIRST_CHUNKS * CHUNK, np.int32),
        np.array([0, 0, _FIRST_CHUNKS, rows, -1, 0], np.int64),
    )


def _grown(queue: Queue) -> Queue:
    """Return the queue with twice as many chunks; the new ones are free and come first."""
    head, fill, following, cells, state = queue
    n = following.size
    more = np.concatenate((following, np.arange(n + 1, 2 * n + 1, dtype=np.int32)))
    more[-1] = state[1]
    state[1], state[2] = n, state[2] + n
    return (
        head,
        fill,
        more,
        np.concatenate((cells, np.empty_like(cells))),
        state,
    )
