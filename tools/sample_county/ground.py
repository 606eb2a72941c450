"""The ground that the sample county stands on: one grid of cells, in degrees for files and in metres for drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = [
    "CELL_DEGREES",
    "CELL_X_M",
    "CELL_Y_M",
    "COLUMNS",
    "HEIGHT_M",
    "NORTH",
    "ROWS",
    "WEST",
    "WIDTH_M",
    "cell_centres",
    "cells_at",
    "to_degrees",
]

COLUMNS, ROWS = 600, 440
"""Cells of the grid: about 49 by 41 km."""
CELL_DEGREES = 1.0 / 1200.0
"""Three seconds of arc, the cell of SRTM and WorldPop."""
WEST, NORTH = 104.0, 28.70
"""Upper left corner of the grid, degrees: made-up ground on the northern edge of the Yunnan-Guizhou plateau."""
METRES_PER_DEGREE_X, METRES_PER_DEGREE_Y = 97_890.0, 110_850.0
"""Lengths of a degree of the WGS 84 ellipsoid at 28.5 degrees north."""
CELL_X_M, CELL_Y_M = CELL_DEGREES * METRES_PER_DEGREE_X, CELL_DEGREES * METRES_PER_DEGREE_Y
WIDTH_M, HEIGHT_M = COLUMNS * CELL_X_M, ROWS * CELL_Y_M


def to_degrees(points: FloatArray, *, decimals: int = 7) -> FloatArray:
    """Turn metres of the drawing plane into degrees."""
    longitude = WEST + points[..., 0] / METRES_PER_DEGREE_X
    latitude = NORTH + (points[..., 1] - HEIGHT_M) / METRES_PER_DEGREE_Y
    degrees: FloatArray = np.stack([longitude, latitude], axis=-1).round(decimals)
    return degrees


def cell_centres(cells: IntArray) -> FloatArray:
    """Place cells."""
    row, column = np.divmod(cells, COLUMNS)
    centres: FloatArray = np.stack([(column + 0.5) * CELL_X_M, HEIGHT_M - (row + 0.5) * CELL_Y_M], axis=-1)
    return centres


def cells_at(points: FloatArray) -> IntArray:
    """
    Find the cells that points lie in; points beyond the edge belong to the edge's cell.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Metres.

    Returns
    -------
    ndarray of int, shape (n,)
        Flat cell numbers.
    """
    column = np.clip((points[..., 0] / CELL_X_M).astype(np.int64), 0, COLUMNS - 1)
    row = np.clip(((HEIGHT_M - points[..., 1]) / CELL_Y_M).astype(np.int64), 0, ROWS - 1)
    cells: IntArray = row * COLUMNS + column
    return cells
