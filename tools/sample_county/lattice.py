"""Least-cost ways over a grid of cells: the one search that draws rivers, boundaries and roads of the sample county."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["Lattice", "Spread"]

STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
LEAST_COST = 1e-6
"""A step is never free: a cost of zero would read as no step at all in a sparse matrix."""


@dataclass(frozen=True, eq=False)
class Spread:
    """A search outward from some cells."""

    cost: FloatArray  # shape (n,), least cost from any source; `inf` where none leads
    # shape (n,), the cell before this one on the way from its source; negative at a source and where none
    # leads
    previous: IntArray
    source: IntArray  # shape (n,), the source's cell; negative where none leads

    def way(self, cell: int) -> list[int]:
        """Follow the way back from a cell to its source."""
        cells = [cell]
        while self.previous[cells[-1]] >= 0:
            cells.append(int(self.previous[cells[-1]]))
        return cells


class Lattice:
    """Steps between the cells of a grid and their eight neighbours."""

    def __init__(self, rows: int, columns: int, width_m: float, height_m: float) -> None:
        self.rows, self.columns = rows, columns
        row, column = np.divmod(np.arange(rows * columns), columns)
        steps = np.array(STEPS)
        to_row, to_column = row[:, None] + steps[:, 0], column[:, None] + steps[:, 1]
        inside = (to_row >= 0) & (to_row < rows) & (to_column >= 0) & (to_column < columns)
        lengths = np.hypot(steps[:, 1] * width_m, steps[:, 0] * height_m)
        self.tail: IntArray = np.repeat(np.arange(rows * columns), inside.sum(axis=1))
        self.head: IntArray = (to_row * columns + to_column)[inside]
        self.length_m: FloatArray = np.broadcast_to(lengths, inside.shape)[inside]
        self.is_diagonal: NDArray[np.bool_] = np.broadcast_to(np.abs(steps).sum(axis=1) == 2, inside.shape)[inside]
        self._keys: IntArray = self.tail * (rows * columns) + self.head
        self._starts = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])

    def steps_between(self, tails: IntArray, heads: IntArray) -> IntArray:
        """Find steps by their cells."""
        return np.searchsorted(self._keys, tails * (self.rows * self.columns) + heads)

    def spread(self, costs: FloatArray, sources: Iterable[int]) -> Spread:
        """Search outward from the nearest of several cells."""
        size = self.rows * self.columns
        graph = sparse.csr_matrix(
            (np.maximum(costs, LEAST_COST), self.head.astype(np.int32), self._starts.astype(np.int32)),
            shape=(size, size),
        )
        cost, previous, source = csgraph.dijkstra(
            graph, indices=np.unique(np.fromiter(sources, dtype=np.int64)), min_only=True, return_predecessors=True
        )
        return Spread(cost, previous.astype(np.int64), source.astype(np.int64))
