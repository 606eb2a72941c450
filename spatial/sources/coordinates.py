"""Coordinates of a user's rows: which columns hold them, in which order, and how they come to a known datum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from spatial.crs import WGS84, parse_crs
from spatial.errors import ContractError, CrsError, first_of
from spatial.sources.chinese_grids import refuse_wrong_zone
from spatial.sources.columns import row_labels
from spatial.sources.local_grid import fit_local_grid
from spatial.sources.shifts import apply_shift, refuse_unknown_shift

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.study import TableSource

__all__ = ["coordinate_columns", "coordinate_keys", "declared_crs", "from_control_points", "settle_datum"]

_DEGREES = ("longitude", "latitude")

MARGIN_DEGREES = 3.0
"""Data may lie so far outside the area that a CRS is made for."""


def coordinate_columns(source: TableSource) -> tuple[tuple[str, str], tuple[str, str]]:
    """
    Name the columns of coordinates, the eastward one first.

    Returns the columns, and the keys of the study file that name them.
    """
    if source.easting is not None and source.northing is not None:
        return (source.easting, source.northing), ("easting", "northing")
    return (source.longitude or _DEGREES[0], source.latitude or _DEGREES[1]), _DEGREES


def coordinate_keys(source: TableSource, *, what: str) -> tuple[str, str]:
    """
    Name the keys that a table's columns of coordinates go by, as its declared CRS has it.

    Returns easting and northing for a grid, longitude and latitude otherwise.
    """
    crs = declared_crs(source, what=what)
    local = source.local_grid is not None and source.local_grid.wkt is None
    return ("easting", "northing") if local or (crs is not None and crs.is_projected) else _DEGREES


def declared_crs(source: TableSource, *, what: str) -> pyproj.CRS | None:
    """
    Return the CRS a study declares for a table, by `crs` or by the WKT of its local grid.

    Returns None where nothing is declared.
    """
    if source.local_grid is not None and source.local_grid.wkt is not None:
        return parse_crs(source.local_grid.wkt, what=f"{what}: local_grid.wkt")
    return parse_crs(source.crs, what=what) if source.crs else None


def from_control_points(frame: gpd.GeoDataFrame, source: TableSource, *, what: str) -> gpd.GeoDataFrame:
    """Take rows in a local grid to the CRS of its control points."""
    grid = source.local_grid
    assert grid is not None
    if frame.crs is not None and (frame.crs.is_projected or frame.crs.is_geographic):
        raise CrsError(
            f"{what}: the file says {frame.crs.to_string()}, the study declares control points of a local grid; "
            "remove local_grid, or correct the file"
        )
    fit = fit_local_grid(grid, what=what)
    moved = shapely.transform(frame.geometry.to_numpy(), fit)
    return frame.set_geometry(moved).set_crs(fit.crs, allow_override=True)


def settle_datum(frame: gpd.GeoDataFrame, source: TableSource, *, what: str, key: str) -> gpd.GeoDataFrame:
    """Refuse swapped columns, a wrong zone and an unknown shift of datum; apply the seven parameters of the study."""
    crs = pyproj.CRS.from_user_input(frame.crs)
    _refuse_other_kind(crs, source, what)
    bounds = None
    if len(frame):
        labels = row_labels(frame, key)
        corners = frame.geometry.bounds.to_numpy()[:, :2]
        refuse_wrong_zone(crs, corners[:, 0], corners[:, 1], labels, what=what)
        if _lies_swapped(crs, corners):
            first, second = coordinate_columns(source)[1]
            problem = (
                f"coordinates: {first} and {second} are swapped in {first_of(labels)}: as they are, no row lies where "
                f"{crs.to_string()} is used, and exchanged all do; exchange the two columns"
            )
            raise ContractError(what, [problem])
        west, south, east, north = (float(value) for value in frame.total_bounds)
        bounds = (west, south, east, north)
    if source.shift is not None:
        return apply_shift(frame, source.shift, rotation=source.rotation, what=what)
    refuse_unknown_shift(crs, bounds, what=what)
    return frame


def _refuse_other_kind(crs: pyproj.CRS, source: TableSource, what: str) -> None:
    if source.easting is not None and crs.is_geographic:
        raise CrsError(
            f"{what}: easting and northing are metres, and the CRS {crs.to_string()} is in degrees; name the columns "
            "as longitude and latitude, or declare the grid they are in"
        )


def _lies_swapped(crs: pyproj.CRS, corners: NDArray[np.float64]) -> bool:
    """Whether no row lies in the area that the CRS is made for, and all would with the axes exchanged."""
    area = crs.area_of_use
    if area is None or area.west > area.east:
        return False
    to_degrees = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)

    def inside(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        east, north = (np.asarray(axis) for axis in to_degrees.transform(x, y))
        across = (east >= area.west - MARGIN_DEGREES) & (east <= area.east + MARGIN_DEGREES)
        up = (north >= area.south - MARGIN_DEGREES) & (north <= area.north + MARGIN_DEGREES)
        result: NDArray[np.bool_] = across & up
        return result

    if inside(corners[:1, 0], corners[:1, 1]).any():
        return False
    return bool(not inside(corners[:, 0], corners[:, 1]).any() and inside(corners[:, 1], corners[:, 0]).all())
