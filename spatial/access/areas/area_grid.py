"""A grid of nodes over the ground, and straight distances from its nodes to pieces of roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from spatial.access.areas.kernels_areas import seed, spread
from spatial.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Distances", "Grid", "Walls", "cut_short", "far_apart", "grid_around", "no_walls"]

_MOST_NODES = 400_000_000
_ROUNDS = 16
"""Times that rows are gone over up and down at most, where walls have to be gone round."""
_MOST_BLOCKS = 2_000
"""Blocks on a side, by which pieces are told apart."""


@dataclass(frozen=True)
class Grid:
    """Nodes at the multiples of `cell_m` of easting and northing, whatever the network; rows go northwards."""

    cell_m: float  # spacing of nodes
    row: int  # the first node
    column: int
    rows: int  # how many
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    def inward(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn coordinates into cells from the first node."""
        return np.asarray(xy / self.cell_m - np.tile((self.column, self.row), xy.shape[1] // 2))

    def outward(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn cells from the first node into coordinates."""
        return np.asarray((xy + np.array([self.column, self.row])) * self.cell_m)

    def around(self, pieces: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Read the label that all nodes around the squares that short pieces pass have in common."""
        common = labels.copy()
        for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
            differ = common[one] != common[other]
            common[one][differ] = common[other][differ] = -1
        column, row = np.rint((pieces[:, :2] + pieces[:, 2:]) / 2.0).astype(np.int64).T
        return np.asarray(common[row, column])

    def near(self, pieces: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which pieces come near the grid."""
        low, high = np.minimum(pieces[:, :2], pieces[:, 2:]), np.maximum(pieces[:, :2], pieces[:, 2:])
        return np.asarray((high >= 0).all(axis=1) & (low <= (self.columns, self.rows)).all(axis=1))


def grid_around(pieces: NDArray[np.float64], *, cell_m: float, margin_m: float) -> Grid:
    """Lay a grid over pieces."""
    corners = pieces.reshape(-1, 2)
    column, row = np.floor((corners.min(axis=0) - margin_m) / cell_m).astype(np.int64)
    last_column, last_row = np.ceil((corners.max(axis=0) + margin_m) / cell_m).astype(np.int64)
    grid = Grid(cell_m, int(row), int(column), int(last_row - row + 1), int(last_column - column + 1))
    if grid.rows * grid.columns > _MOST_NODES:
        problem = (
            f"spacing_m: {cell_m:g} m over {grid.columns * cell_m / 1000:,.0f} x {grid.rows * cell_m / 1000:,.0f} km "
            f"are {grid.rows * grid.columns:,} nodes, at most {_MOST_NODES:,}; take a wider spacing"
        )
        raise ContractError("area rules", [problem])
    return grid


def far_apart(pieces: NDArray[np.float64], apart_m: float) -> NDArray[np.int64]:
    """Group pieces so that those of two groups lie further apart than some distance."""
    if len(pieces) == 0:
        return np.empty(0, dtype=np.int64)
    corners = pieces.reshape(-1, 2)
    low = corners.min(axis=0)
    block_m = max(apart_m, float((corners.max(axis=0) - low).max()) / _MOST_BLOCKS)
    parts, piece = cut_short((pieces - np.tile(low, 2)) / block_m)
    x0, y0, x1, y1 = np.floor(parts).astype(np.int64).T
    taken = np.zeros((max(y0.max(), y1.max()) + 1, max(x0.max(), x1.max()) + 1), dtype=bool)
    for row, column in ((y0, x0), (y0, x1), (y1, x0), (y1, x1)):
        taken[row, column] = True
    # Between two blocks that do not touch lies a whole one.
    group = ndimage.label(taken, structure=np.ones((3, 3)))[0]
    first = np.searchsorted(piece, np.arange(len(pieces)))
    return np.asarray(group[y0[first], x0[first]] - 1, dtype=np.int64)


def cut_short(pieces: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """
    Cut pieces into even parts that are no longer than 1.

    Returns the parts, one piece after the other, and the piece of each.
    """
    start, along = pieces[:, :2], pieces[:, 2:] - pieces[:, :2]
    counts = np.maximum(np.ceil(np.hypot(*along.T)).astype(np.int64), 1)
    piece = np.repeat(np.arange(len(pieces)), counts)
    number = (np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts))[:, None]
    begin, end = number / counts[piece, None], (number + 1) / counts[piece, None]
    return np.hstack((start[piece] + begin * along[piece], start[piece] + end * along[piece])), piece


@dataclass(frozen=True, eq=False)
class Walls:
    """Where walls cross the ways from node to node."""

    # shape (rows, columns), share of the way to the next node on the right, or above, at which a wall lies;
    # -1 for none
    east: NDArray[np.float32]
    north: NDArray[np.float32]

    def beside(self) -> NDArray[np.bool_]:
        """Mark the nodes beside a wall."""
        shut = (self.east >= 0.0) | (self.north >= 0.0)
        shut[:, 1:] |= self.east[:, :-1] >= 0.0
        shut[1:] |= self.north[:-1] >= 0.0
        wide = shut.copy()
        wide[1:] |= shut[:-1]
        wide[:-1] |= shut[1:]
        wide[:, 1:] |= wide[:, :-1].copy()
        wide[:, :-1] |= wide[:, 1:].copy()
        return wide


def no_walls() -> Walls:
    """Leave all ways open."""
    nothing = np.empty((0, 0), dtype=np.float32)
    return Walls(nothing, nothing)


class Distances:
    """Straight distances from the nodes of a grid to the nearest of some pieces."""

    def __init__(self, shape: tuple[int, int], pieces: NDArray[np.float64], limit: float) -> None:
        self.pieces = np.ascontiguousarray(pieces)
        self.gap = np.full(shape, limit, dtype=np.float32)
        self.nearest = np.full(shape, -1, dtype=np.int32)

    def seeded(self) -> Distances:
        """Measure right beside the pieces."""
        seed(self.pieces, self.gap, self.nearest)
        return self

    def spread(self, walls: Walls | None = None) -> Distances:
        """Measure everywhere within the limit, from neighbour to neighbour."""
        shut = walls or no_walls()
        rounds = _ROUNDS if len(shut.east) else 1
        for _ in range(rounds):
            if not spread(self.pieces, self.gap, self.nearest, shut.east, shut.north):
                break
        return self

    def foot(
        self, piece: NDArray[np.integer], x: NDArray[np.number], y: NDArray[np.number]
    ) -> NDArray[np.float64]:
        """Find the points of pieces that are nearest to other points."""
        start, end = self.pieces[piece, :2], self.pieces[piece, 2:]
        along, to = end - start, np.column_stack((x, y)) - start
        length = (along**2).sum(axis=1)
        part = np.divide((along * to).sum(axis=1), length, out=np.zeros(len(piece)), where=length > 0)
        return np.asarray(start + np.clip(part, 0.0, 1.0)[:, None] * along)
