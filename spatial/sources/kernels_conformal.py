"""Compiled placing of points by polynomials, one a cell of the earth."""

# mypy: disable-error-code="arg-type, return-value"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.kernels_arrays import empty_float64_pairs, zeros_int64

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CELL_DEGREES", "COLUMNS", "ROWS", "count_in_cells", "place_in_cells"]

CELL_DEGREES = 2.0
COLUMNS, ROWS = 180, 90
"""Cells around the earth and from pole to pole; they are numbered along the parallels, from 180 west and 90 south."""


@inner  # pragma: no cover - compiled
def _cell(longitude: float, latitude: float) -> int:
    """Tell the number of the cell; -1 at a pole, at 180 degrees east and beyond, and for what is no place."""
    column = (longitude + 180.0) / CELL_DEGREES
    row = (latitude + 90.0) / CELL_DEGREES
    if not (0.0 <= column < COLUMNS and 1.0 <= row < ROWS - 1):
        return -1
    return np.int64(row) * COLUMNS + np.int64(column)


@outer  # pragma: no cover - compiled
def count_in_cells(points: NDArray[np.float64], is_used: NDArray[np.bool_]) -> NDArray[np.int64]:
    """
    Count points by cell.

    Parameters
    ----------
    points : ndarray of float64, shape (n_points, 2)
        Longitude and latitude in degrees.
    is_used : ndarray of bool, shape (n_points,)
        Which points count.

    Returns
    -------
    ndarray of int64, shape (n_cells + 1,)
        How many points are in each cell; the last says how many are in none.
    """
    counts = zeros_int64(ROWS * COLUMNS + 1)
    for row in range(len(points)):
        if is_used[row]:
            counts[_cell(points[row, 0], points[row, 1])] += 1
    return counts


@outer  # pragma: no cover - compiled
def place_in_cells(
    points: NDArray[np.float64],
    is_used: NDArray[np.bool_],
    fit_of_cell: NDArray[np.int64],
    fits: NDArray[np.float64],
) -> NDArray[np.float64]:
    """
    Evaluate the polynomials of the cells that points are in.

    Parameters
    ----------
    points : ndarray of float64, shape (n_points, 2)
        Longitude and latitude in degrees.
    is_used : ndarray of bool, shape (n_points,)
        Which points are placed; each lies in a cell that has a fit.
    fit_of_cell : ndarray of int64
        Row of `fits` for each cell.
    fits : ndarray of float64, shape (n_fits, 3 * n + 3)
        Of each: longitude and latitude of its middle and the factor for longitudes; and the coefficients of each
        power, the highest first: of the real polynomial for latitudes, and real and imaginary of the complex one.

    Returns
    -------
    ndarray of float64, shape (n_points, 2)
        Easting and northing; undefined where points are not used.
    """
    placed = empty_float64_pairs(len(points))
    for row in range(len(points)):
        if not is_used[row]:
            continue
        longitude, latitude = points[row, 0], points[row, 1]
        fit = fits[fit_of_cell[_cell(longitude, latitude)]]
        step = latitude - fit[1]
        real, imaginary = (longitude - fit[0]) * fit[2], 0.0
        for at in range(3, len(fit), 3):
            imaginary = imaginary * step + fit[at]
        x, y = 0.0, 0.0
        for at in range(3, len(fit), 3):
            x, y = x * real - y * imaginary + fit[at + 1], x * imaginary + y * real + fit[at + 2]
        placed[row, 0], placed[row, 1] = x, y
    return placed
