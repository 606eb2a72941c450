"""Places on a raster, and who refers to whom: minutes and kilometres between facilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
import shapely

from spatial.errors import ContractError, CrsError, first_of, refuse
from spatial.rasters import Raster, unmasked
from spatial.terrain.kernels_spread import path_metres
from spatial.terrain.surface import Seeds, SurfaceOptions, ground_of, limit_of, rows_and_columns, seeds_of, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import ArrayLike

    from spatial.arrays import IntArray


# Places on a raster: the cell that each lies in, and the nearest open ground for those on barriers.


def cells_at(points: gpd.GeoDataFrame | gpd.GeoSeries, grid: Raster) -> IntArray:
    """
    Find the cell of each point.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries
        Points in the raster's CRS.
    grid : Raster
        Any raster on the grid, north-up.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Rows and columns: fit for `sources`. A point on the edge of two cells lies in the lower or right one.

    Raises
    ------
    CrsError
        Where the points are in another CRS.
    ContractError
        Where points lie outside the raster, or are missing.
    """
    if points.crs is None or points.crs != grid.crs:
        have = "no CRS" if points.crs is None else f"the CRS {points.crs.to_string()}"
        raise CrsError(f"points: {have}; the grid is in {grid.crs.to_string()}: use frame.to_crs(grid.crs)")
    xy = shapely.get_coordinates(shapely.force_2d(points.geometry.to_numpy()))
    if len(xy) != len(points):
        raise ContractError("points", [f"{len(points)} rows have {len(xy)} points; one each is needed"])
    a, b, c, d, e, f = (~grid.transform)[:6]
    rows, columns = d * xy[:, 0] + e * xy[:, 1] + f, a * xy[:, 0] + b * xy[:, 1] + c
    cells = np.column_stack((np.floor(rows), np.floor(columns))).astype(np.int64)
    outside = np.any((cells < 0) | (cells >= grid.values.shape), axis=1)
    if outside.any():
        where = first_of(np.asarray(points.index)[outside].tolist())
        raise ContractError("points", [f"outside the raster {grid.name}: {where}; leave them out"])
    return cells


def move_to_open_cells(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    within_m: float = 1000.0,
) -> pd.DataFrame:
    """
    Move sources that lie on barriers to the nearest open cell, and say how far.

    Parameters
    ----------
    friction_min_per_m : array-like, shape (rows, columns)
        Minutes per metre; NaN or inf is a barrier.
    sources : array-like of int, shape (n, 2)
        Rows and columns inside the raster; may be empty.
    resolution_m : float or tuple of array-like
        As in `travel_time_surface`.
    within_m : float
        Farthest move between cell centres in metres; inclusive.

    Returns
    -------
    DataFrame
        One row a source, in order: ``row``, ``column``, ``moved_m`` (0 where it stays, NaN where no open cell is near)
        and ``status``: ``on_ground``, ``moved`` or ``no_ground``. Of equally near cells the first by row, then column.

    Raises
    ------
    ContractError
        Where sources are no whole numbers or lie outside, or `within_m` is negative or NaN.

    Examples
    --------
    >>> move_to_open_cells([[0.01, np.nan, np.nan]], [(0, 1), (0, 2)], resolution_m=100.0, within_m=100.0)
       row  column  moved_m     status
    0    0       0    100.0      moved
    1    0       2      NaN  no_ground
    """
    is_open = np.isfinite(unmasked(friction_min_per_m))
    cells = rows_and_columns(sources)
    problems = [] if within_m >= 0 else [f"within_m: {within_m!r} is below 0 or unknown"]
    outside = ((cells < 0) | (cells >= is_open.shape)).any(axis=1)
    if outside.any():
        where = first_of(tuple(cell) for cell in cells[outside].tolist())
        rows, columns = is_open.shape
        problems.append(f"outside the {rows} rows and {columns} columns: {where}; leave them out")
    refuse("sources", problems)
    sizes = resolution_m if isinstance(resolution_m, tuple) else (resolution_m, resolution_m)
    height, width = (np.broadcast_to(np.asarray(size, np.float64), is_open.shape[0]) for size in sizes)
    found = []
    for row, column in cells.tolist():
        if is_open[row, column]:
            found.append((row, column, 0.0, "on_ground"))
            continue
        down = int(min(within_m / height[row], is_open.shape[0])) + 1
        right = int(min(within_m / width[row], is_open.shape[1])) + 1
        top, left = max(row - down, 0), max(column - right, 0)
        near = np.argwhere(is_open[top : row + down + 1, left : column + right + 1])
        near += np.array([top, left])
        metres = np.hypot((near[:, 0] - row) * height[row], (near[:, 1] - column) * width[row])
        if metres.size and metres.min() <= within_m:
            best = int(metres.argmin())
            found.append((int(near[best, 0]), int(near[best, 1]), float(metres[best]), "moved"))
        else:
            found.append((row, column, np.nan, "no_ground"))
    return pd.DataFrame(found, columns=["row", "column", "moved_m", "status"]).astype(
        {"row": "int64", "column": "int64", "moved_m": "float64"}
    )


# Who refers to whom: minutes and kilometres between facilities over a raster.


def facility_to_facility(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    ids: Sequence[object] | None = None,
    cutoff_min: float | None = None,
    **options: Unpack[SurfaceOptions],
) -> pd.DataFrame:
    """
    Make the referral table: minutes and kilometres from every facility to every other.

    Both directions are searched; with elevation they differ. The kilometres are those along the fastest path, which
    need not be the shortest; of equally fast paths the one that leaves the facility by the earlier step counts, in the
    order east, west, south, north, then the slanting ones.

    Parameters
    ----------
    friction_min_per_m : array-like, shape (rows, columns)
        Minutes per metre, above 0. NaN or inf is a barrier.
    sources : array-like of int, shape (n, 2)
        Rows and columns of the facilities.
    resolution_m : float or tuple of array-like
        As in `travel_time_surface`.
    ids : sequence, optional
        Their ids, each once; by default their positions.
    cutoff_min : float, optional
        Longer times are not wanted; inclusive; by default no cutoff.
    **options : Unpack[SurfaceOptions]
        As in `travel_time_surface`; ``direction`` does not matter.

    Returns
    -------
    DataFrame
        n (n - 1) rows ordered by ``from_id``, then ``to_id``, as in `sources`: ``travel_time_min`` and ``distance_km``
        (NaN where there is none), ``rank`` of the destination among those that are reached from there (1 is the
        nearest, ties by position; missing where it is not reached) and ``reach_status``: ``reached``, ``no_path``, or
        with a cutoff ``beyond_cutoff``.

    Raises
    ------
    ContractError
        As `travel_time_surface`; where ids are not as many as sources, or one comes twice.

    Examples
    --------
    >>> table = facility_to_facility(np.full((1, 6), 0.01), [(0, 0), (0, 5)], resolution_m=100.0, ids=["a", "b"])
    >>> table[["from_id", "to_id", "travel_time_min", "distance_km"]]
      from_id to_id  travel_time_min  distance_km
    0       a     b              5.0          0.5
    1       b     a              5.0          0.5
    """
    towards: SurfaceOptions = {**options, "direction": "towards"}
    ground = ground_of(friction_min_per_m, resolution_m=resolution_m, **towards)
    limit = limit_of(cutoff_min)
    seeds = seeds_of(ground, sources, None, limit)
    names: list[object] = [*range(len(seeds.cells))] if ids is None else [*ids]
    if len(names) != len(seeds.cells) or len(set(names)) != len(names):
        raise ContractError(
            "sources", [f"ids: {len(names)} given, {len(set(names))} different, {len(seeds.cells)} needed"]
        )
    # One search a destination; rows are origins.
    n = len(names)
    minutes, metres = np.empty((n, n)), np.empty((n, n))
    times = np.full(ground.shape, np.inf)
    flat, nobody = times.reshape(-1), np.empty(1, np.int32)
    for j in range(n):
        own = Seeds(seeds.cells[j : j + 1], np.zeros(1), seeds.labels[j : j + 1])
        first, last = spread(ground, own, limit, flat, nobody)
        minutes[:, j] = flat[seeds.cells]
        metres[:, j] = path_metres(ground.field, ground.shape[1], ground.moves, flat, seeds.cells)
        times[max(first - 2, 0) : last + 2] = np.inf
    at_home = np.eye(n, dtype=bool)
    ranked = np.where(at_home, -1.0, minutes).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    start, end = np.nonzero(~at_home)
    reached = np.isfinite(minutes[start, end])
    named = np.empty(n, dtype=object)
    named[:] = names
    return pd.DataFrame(
        {
            "from_id": pd.Series(named[start]).infer_objects(),
            "to_id": pd.Series(named[end]).infer_objects(),
            "travel_time_min": np.where(reached, minutes[start, end], np.nan),
            "distance_km": np.where(reached, metres[start, end] / 1000.0, np.nan),
            "rank": pd.Series(ranked[start, end], dtype="Int64").where(reached),
            "reach_status": np.where(reached, "reached", "no_path" if np.isinf(limit) else "beyond_cutoff"),
        }
    )
