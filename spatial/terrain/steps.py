"""Steps between cells: 4, 8 or 16 neighbours, and how long each is from each row of the raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyproj

from spatial.crs import is_web_map
from spatial.errors import ContractError, CrsError

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import ArrayLike, NDArray

    from spatial.terrain.kernels_spread import Moves

__all__ = ["Corners", "Neighbours", "Resolution", "cell_sizes_m", "refuse_turned", "steps_of"]

Neighbours = Literal[4, 8, 16]
"""Straight steps; with diagonals; with knight's steps too."""

Corners = Literal["block", "pass"]
"""Whether two barriers that meet at a corner stop a diagonal between them."""

Resolution = "float | tuple[ArrayLike, ArrayLike]"
"""Metres of a square cell, or height and width of a cell, each one number or one a row."""

_STRAIGHT = ((0, 1), (0, -1), (1, 0), (-1, 0))
_DIAGONAL = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_KNIGHT = ((1, 2), (1, -2), (-1, 2), (-1, -2), (2, 1), (2, -1), (-2, 1), (-2, -1))
_FIRST_GUARDED = {"block": len(_STRAIGHT), "pass": len(_STRAIGHT + _DIAGONAL)}
"""The first step that barriers beside it may close: a knight's step always is, since it passes over two cells."""
_STEPS = {4: _STRAIGHT, 8: _STRAIGHT + _DIAGONAL, 16: _STRAIGHT + _DIAGONAL + _KNIGHT}


def cell_sizes_m(
    transform: Affine, crs: pyproj.CRS, shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Measure the cells of a raster on the ground.

    In degrees, the height is the geodesic length of the meridian across a row and the width that of the line through
    the row's middle (Karney 2013, as in PROJ). In a projected CRS it is what the transform says.

    Parameters
    ----------
    transform : affine.Affine
        From (column, row) to a corner of a cell; not turned. South-up will do.
    crs : pyproj.CRS
        Geographic, or projected in metres.
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    tuple of ndarray of float64, shape (rows,)
        Height and width of the cells of each row in metres: fit for `resolution_m`.

    Raises
    ------
    CrsError
        Where the CRS is neither in degrees nor in metres, or the raster is turned.

    Examples
    --------
    >>> from affine import Affine
    >>> height, width = cell_sizes_m(Affine(1, 0, 0, 0, -1, 1), pyproj.CRS("EPSG:4326"), (2, 1))
    >>> [round(float(metres)) for metres in (height[0], width[0])]
    [110574, 111315]
    """
    refuse_turned(transform)
    rows = np.arange(shape[0])
    if crs.is_geographic:
        if any(axis.unit_name != "degree" for axis in crs.axis_info[:2]):
            raise CrsError(
                f"the CRS {crs.to_string()} is in {crs.axis_info[0].unit_name}; use degrees or metres"
            )
        ellipsoid = crs.get_geod() or pyproj.Geod(ellps="WGS84")
        above, below = (transform.f + transform.e * edge for edge in (rows, rows + 1))
        middle, west, east = (above + below) / 2, np.zeros(shape[0]), np.full(shape[0], abs(transform.a))
        height = ellipsoid.inv(west, above, west, below)[2]
        width = ellipsoid.inv(west, middle, east, middle)[2]
        return np.asarray(height, dtype=np.float64), np.asarray(width, dtype=np.float64)
    units = {axis.unit_name for axis in crs.axis_info[:2]}
    if units != {"metre"}:
        raise CrsError(f"the CRS {crs.to_string()} is in {', '.join(sorted(units))}; use degrees or metres")
    if is_web_map(crs):
        raise CrsError(
            f"the CRS {crs.to_string()} is a web map's, whose cells are smaller on the ground than they say; warp the "
            "raster to degrees or to a UTM zone first"
        )
    return np.full(shape[0], abs(transform.e)), np.full(shape[0], abs(transform.a))


def refuse_turned(transform: Affine) -> None:
    """Refuse a raster whose rows do not run along the axes of its CRS."""
    if transform.b != 0 or transform.d != 0:
        raise CrsError("the raster is turned against its axes: warp it to a north-up grid first")


def steps_of(
    shape: tuple[int, int],
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    neighbours: int,
    sense: float,
    corners: str = "block",
) -> Moves:
    """Lay out the steps of a raster for the kernels."""
    problems = [] if neighbours in _STEPS else [f"neighbours: {neighbours!r} is not one of 4, 8, 16"]
    if corners not in _FIRST_GUARDED:
        problems.append(f"corners: {corners!r} is not one of 'block', 'pass'")
    sizes = resolution_m if isinstance(resolution_m, tuple) else (resolution_m, resolution_m)
    if len(sizes) != 2:
        raise ContractError("friction", [f"resolution_m: {len(sizes)} sizes; give one, or height and width"])
    height, width = (np.atleast_1d(np.asarray(size, dtype=np.float64)) for size in sizes)
    for name, size in (("height", height), ("width", width)):
        if size.shape not in {(1,), (shape[0],)}:
            problems.append(
                f"resolution_m: {name} has shape {size.shape}; give one number, or one a row ({shape[0]})"
            )
        elif not (np.isfinite(size) & (size > 0)).all():
            problems.append(f"resolution_m: {name} must be above 0 and finite, in metres")
    if problems:
        raise ContractError("friction", problems)
    by = np.array(_STEPS[neighbours], dtype=np.int64)
    if height.size == width.size == 1 or (np.ptp(height) == 0 and np.ptp(width) == 0):
        metres = np.hypot(by[:, 0] * height[0], by[:, 1] * width[0])[None, :]
    else:
        rows = np.arange(shape[0])
        other = np.clip(rows[:, None] + by[:, 0], 0, shape[0] - 1)
        tall, wide = (np.broadcast_to(size, shape[:1]) for size in (height, width))
        metres = np.hypot(
            by[:, 0] * (tall[rows, None] + tall[other]) / 2, by[:, 1] * (wide[rows, None] + wide[other]) / 2
        )
    half = np.ascontiguousarray(metres / 2)
    return by, by[:, 0] * shape[1] + by[:, 1], half, sense / metres, _FIRST_GUARDED[corners]
