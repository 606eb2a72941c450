"""The raster that travels between stages: values with a transform and a CRS, no file behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyproj
    from affine import Affine
    from numpy.typing import NDArray

__all__ = ["Raster"]


@dataclass(frozen=True, eq=False)
class Raster:
    """
    A single band with its place on the ground.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)
        NaN where there is no data.
    transform : affine.Affine
        From (column, row) to (easting, northing) or (longitude, latitude) of a cell's upper left corner.
    crs : pyproj.CRS
        The CRS of the transform.
    name : str
        What it is, for messages.
    """

    values: NDArray[np.float64]
    transform: Affine
    crs: pyproj.CRS
    name: str = "raster"

    @property
    def total(self) -> float:
        """
        Sum of all cells with data.

        Returns
        -------
        float
            In float64, whatever the file's type.
        """
        return float(np.nansum(self.values, dtype=np.float64))

    def cell_centres(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Coordinates of cell centres.

        Parameters
        ----------
        rows, columns : ndarray of int, shape (n,)
            Cell indices from the upper left.

        Returns
        -------
        tuple of ndarray of float64
            Easting and northing (or longitude and latitude) in the raster's CRS.
        """
        a, b, c, d, e, f = self.transform[:6]
        column, row = columns + 0.5, rows + 0.5
        return a * column + b * row + c, d * column + e * row + f
