"""The cells of a population raster in which somebody lives, as points that everything else can work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from spatial.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.rasters import Raster

__all__ = ["PeopledCells", "cells_on", "peopled_cells", "refuse_negative"]


@dataclass(frozen=True, eq=False)
class PeopledCells:
    """Cells with people, row by row from the upper left."""

    row: NDArray[np.int64]  # shape (n,), where they stand in the raster
    column: NDArray[np.int64]
    persons: NDArray[np.float64]  # shape (n,), people, above 0
    xy: NDArray[np.float64]  # shape (n, 2), easting and northing of their centres in the CRS asked for

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.row)


def peopled_cells(raster: Raster, crs: pyproj.CRS) -> PeopledCells:
    """List the cells in which somebody lives."""
    refuse_negative(raster)
    row, column = np.nonzero(raster.values > 0.0)
    east, north = raster.cell_centres(row, column)
    if raster.crs != crs:
        east, north = pyproj.Transformer.from_crs(raster.crs, crs, always_xy=True).transform(east, north)
    return PeopledCells(
        row.astype(np.int64),
        column.astype(np.int64),
        raster.values[row, column].astype(np.float64),
        np.column_stack((east, north)),
    )


def refuse_negative(raster: Raster) -> None:
    """Refuse people that cannot be counted."""
    problems = []
    negative = raster.values < 0.0
    if negative.any():
        lowest = float(np.nanmin(raster.values))
        problems.append(
            f"{int(negative.sum())} cell(s) hold negative people, the lowest {lowest:g}; "
            "if that stands for no data, declare it as nodata of the population source"
        )
    endless = np.isposinf(raster.values)
    if endless.any():
        problems.append(f"{int(endless.sum())} cell(s) hold infinitely many people; write NaN for no data")
    if problems:
        raise ContractError(raster.name, problems)


def cells_on(mask: Raster, cells: PeopledCells, *, of: Raster) -> NDArray[np.float64]:
    """
    Read a second raster at the cells of the first.

    Returns values; NaN where the second raster has no data.
    """
    problems = []
    if mask.values.shape != of.values.shape:
        problems.append(f"shape {mask.values.shape}, but {of.name} has {of.values.shape}")
    if mask.crs != of.crs:
        problems.append(f"CRS {mask.crs.to_string()}, but {of.name} has {of.crs.to_string()}")
    cell = abs(of.transform.a) + abs(of.transform.b)
    corner = np.array(mask.transform[:6]) - np.array(of.transform[:6])
    if not np.all(np.abs(corner) <= 1e-6 * cell):
        problems.append(f"transform {tuple(mask.transform[:6])}, but {of.name} has {tuple(of.transform[:6])}")
    if problems:
        raise ContractError(
            mask.name,
            [*problems, f"align it with {of.name} cell on cell first; nothing is resampled in silence"],
        )
    return np.asarray(mask.values[cells.row, cells.column], dtype=np.float64)
