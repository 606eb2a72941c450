"""Bring a raster onto another's grid, where the user asks for it: nothing else in the package resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from rasterio.warp import Resampling, reproject

from spatial.errors import ContractError
from spatial.rasters import Raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["align_raster"]

_WAYS = {"bilinear": Resampling.bilinear, "nearest": Resampling.nearest}


def align_raster(raster: Raster, grid: Raster, *, resample: Literal["bilinear", "nearest"]) -> Raster:
    """
    Resample a raster onto the grid of another.

    Fit for heights and other values at a place (``bilinear``) and for classes (``nearest``). Not fit for counts such
    as persons: their sum is not kept.

    Parameters
    ----------
    raster : Raster
        The values; NaN where there is no data.
    grid : Raster
        The raster whose CRS, transform and shape are taken.
    resample : {'bilinear', 'nearest'}
        The value at the centre of each cell: between the four around it, of those with data; or that of the nearest.
        Cells of the raster that are smaller than those of the grid are averaged over by ``bilinear``.

    Returns
    -------
    Raster
        In float64, with the name of `raster`; NaN where it does not reach or has no data.

    Raises
    ------
    ContractError
        For another way of resampling.

    Examples
    --------
    Heights at 100 m, brought onto cells of 50 m:

    >>> import pyproj
    >>> from affine import Affine
    >>> crs = pyproj.CRS("EPSG:32738")
    >>> heights = Raster(np.array([[0.0, 100.0], [0.0, 100.0]]), Affine(100, 0, 0, 0, -100, 200), crs, "elevation")
    >>> grid = Raster(np.zeros((1, 4)), Affine(50, 0, 0, 0, -100, 200), crs)
    >>> align_raster(heights, grid, resample="nearest").values.tolist()
    [[0.0, 0.0, 100.0, 100.0]]
    >>> align_raster(heights, grid, resample="bilinear").values.tolist()
    [[0.0, 25.0, 75.0, 100.0]]
    """
    if resample not in _WAYS:
        raise ContractError(raster.name, [f"resample: {resample!r} is not one of {', '.join(_WAYS)}"])
    values: NDArray[np.float64] = np.full(grid.values.shape, np.nan)
    reproject(
        raster.values,
        values,
        src_transform=raster.transform,
        src_crs=raster.crs.to_wkt(),
        src_nodata=np.nan,
        dst_transform=grid.transform,
        dst_crs=grid.crs.to_wkt(),
        dst_nodata=np.nan,
        resampling=_WAYS[resample],
        tolerance=0.0,
    )
    return Raster(values, grid.transform, grid.crs, raster.name)
