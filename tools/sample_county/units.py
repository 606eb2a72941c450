"""Boundaries of the townships and of the county: arcs that neighbours share, so that no gap and no overlap is left."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tools.sample_county.ground import CELL_X_M, CELL_Y_M, COLUMNS, HEIGHT_M, ROWS
from tools.sample_county.sites import OUTSIDE
from tools.sample_county.terrain import densify, smooth_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["Arc", "draw_arcs"]

VERTEX_M = 150.0
FRAME = 2
"""Cells along the edge of the map that belong to no township."""


@dataclass(frozen=True, eq=False)
class Arc:
    """A boundary between two neighbours."""

    points: FloatArray  # shape (n, 2), metres
    corners: tuple[int, int]  # names of its ends: arcs that meet share one
    sides: tuple[int, int]  # townships on both sides, the lower first; `OUTSIDE` is beyond the county


def draw_arcs(township: IntArray) -> list[Arc]:
    """Trace the boundaries between townships."""
    beside = _boundary_steps(township)
    ends = {corner for corner, others in beside.items() if len(others) != 2}
    arcs: list[Arc] = []
    done: set[tuple[int, int]] = set()
    for start in [*sorted(ends), *sorted(beside)]:
        for other, sides in sorted(beside[start].items()):
            if (start, other) in done or (start not in ends and (other, start) in done):
                continue
            chain = [start, other]
            while chain[-1] not in ends and chain[-1] != start:
                chain.append(next(corner for corner in sorted(beside[chain[-1]]) if corner != chain[-2]))
            done.update((one, two) for pair in pairwise(chain) for one, two in (pair, pair[::-1]))
            arcs.append(Arc(_line(chain), (chain[0], chain[-1]), sides))
    return arcs


def _boundary_steps(township: IntArray) -> dict[int, dict[int, tuple[int, int]]]:
    """Link corners of cells along boundaries: corner -> neighbouring corner -> the townships on both sides."""
    grid = np.full((ROWS, COLUMNS), OUTSIDE, dtype=np.int64)
    inner = (slice(FRAME, -FRAME), slice(FRAME, -FRAME))
    grid[inner] = township.reshape(ROWS, COLUMNS)[inner]
    wide = COLUMNS + 1
    beside: dict[int, dict[int, tuple[int, int]]] = {}

    def link(first: int, second: int, one: int, other: int) -> None:
        sides = (min(one, other), max(one, other))
        beside.setdefault(first, {})[second] = sides
        beside.setdefault(second, {})[first] = sides

    for row, column in np.argwhere(grid[:, :-1] != grid[:, 1:]).tolist():
        corner = row * wide + column + 1
        link(corner, corner + wide, int(grid[row, column]), int(grid[row, column + 1]))
    for row, column in np.argwhere(grid[:-1] != grid[1:]).tolist():
        corner = (row + 1) * wide + column
        link(corner, corner + 1, int(grid[row, column]), int(grid[row + 1, column]))
    return beside


def _line(corners: list[int]) -> FloatArray:
    row, column = np.divmod(np.array(corners), COLUMNS + 1)
    stairs = np.stack([column * CELL_X_M, HEIGHT_M - row * CELL_Y_M], axis=-1)
    return densify(smooth_line(stairs, passes=6), VERTEX_M)
