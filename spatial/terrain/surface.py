"""Travel times over a raster of friction: steps between cells, one search, nearest sources, who refers to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import numpy as np
import pandas as pd
import pyproj
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray

from spatial.arrays import FloatArray, IntArray
from spatial.crs import is_web_map, parse_crs
from spatial.errors import ContractError, CrsError, faults_at, first_of, of_kind, refuse
from spatial.outlines import require_shapes
from spatial.rasters import Raster, unmasked
from spatial.terrain.kernels_spread import (
    BUCKETS,
    CHUNK,
    Answer,
    Field,
    Moves,
    Queue,
    Rules,
    drain,
    path_metres,
    put_in,
    take_waiting,
)

if TYPE_CHECKING:
    import geopandas as gpd


# Steps between cells: 4, 8 or 16 neighbours, and how long each is from each row of the raster.

Corners = Literal["block", "pass"]
"""Whether two barriers that meet at a corner stop a diagonal between them."""

_STRAIGHT = ((0, 1), (0, -1), (1, 0), (-1, 0))
_DIAGONAL = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_KNIGHT = ((1, 2), (1, -2), (-1, 2), (-1, -2), (2, 1), (2, -1), (-2, 1), (-2, -1))
_FIRST_GUARDED = {"block": len(_STRAIGHT), "pass": len(_STRAIGHT + _DIAGONAL)}
"""The first step that barriers beside it may close: a knight's step always is, since it passes over two cells."""
_STEPS = {4: _STRAIGHT, 8: _STRAIGHT + _DIAGONAL, 16: _STRAIGHT + _DIAGONAL + _KNIGHT}


def cell_sizes_m(transform: Affine, crs: pyproj.CRS, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
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
    ContractError
        Where the transform or the shape is none.
    CrsError
        Where the CRS is neither in degrees nor in metres, or the raster is turned.

    Examples
    --------
    >>> from affine import Affine
    >>> height, width = cell_sizes_m(Affine(1, 0, 0, 0, -1, 1), pyproj.CRS("EPSG:4326"), (2, 1))
    >>> [round(float(metres)) for metres in (height[0], width[0])]
    [110574, 111315]
    """
    crs = parse_crs(crs, what="cells")
    of_kind("transform", transform, Affine, required=True)
    is_shape = isinstance(shape, tuple) and len(shape) == 2 and all(isinstance(n, int | np.integer) for n in shape)
    problems = [] if is_shape else [f"shape: give rows and columns, is {shape!r}"]
    if not np.isfinite(transform[:6]).all():
        problems.append(f"transform: must be finite numbers, is {transform[:6]}")
    refuse("cells", problems)
    refuse_turned(transform)
    rows = np.arange(shape[0])
    if crs.is_geographic:
        if any(axis.unit_name != "degree" for axis in crs.axis_info[:2]):
            raise CrsError(f"the CRS {crs.to_string()} is in {crs.axis_info[0].unit_name}; use degrees or metres")
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
    shape: tuple[int, ...],
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
            problems.append(f"resolution_m: {name} has shape {size.shape}; give one number, or one a row ({shape[0]})")
        elif not (np.isfinite(size) & (size > 0)).all():
            problems.append(f"resolution_m: {name} must be above 0 and finite, in metres")
    refuse("friction", problems)
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
    return Moves(by, by[:, 0] * shape[1] + by[:, 1], half, sense / metres, _FIRST_GUARDED[corners])


# One search over a raster: the ground made ready once, then spread over from any sources.

_FIRST_CHUNKS = 8192
"""Chunks of a queue at its beginning."""

_WIDTH = 0.5
"""Width of a bucket in minutes over the minutes of a straight step on the middle friction; any width is exact."""

_NARROWEST = float(np.finfo(np.float64).tiny)
"""Least width of a bucket in minutes, of which there is one over it."""

_SAMPLE = 65_536
"""Cells from which the middle friction is taken."""

_LATEST = float(np.finfo(np.float64).max)
"""Stands for a limit of inf, so that what is unreachable is never within it."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A raster to travel on, as the kernels read it."""

    shape: tuple[int, int]  # rows and columns
    field: Field
    moves: Moves
    width_min: float  # width of a bucket in minutes


@dataclass(frozen=True, eq=False)
class Seeds:
    """Where a search begins."""

    cells: IntArray  # flat positions
    time_min: FloatArray  # minutes at each, 0 or more
    labels: NDArray[np.int32]  # who is there


def limit_of(cutoff_min: float | None) -> float:
    """Read a cutoff; inf where there is none."""
    return np.inf if cutoff_min is None else float(cutoff_min)


def spread(
    ground: Ground, seeds: Seeds, cutoff_min: float, times: FloatArray, labels: NDArray[np.int32]
) -> tuple[int, int]:
    """Spread from seeds, lower the times of the cells in place, and return the rows reached: first, and last + 1."""
    limit = min(cutoff_min, _LATEST)
    # Of several seeds in one cell the earliest counts, then the lowest label.
    order = np.lexsort((seeds.labels, seeds.time_min))
    order = order[seeds.time_min[order] <= limit]
    cells, at = np.unique(seeds.cells[order], return_index=True)
    times[cells] = seeds.time_min[order[at]]
    if labels.size > 1:
        labels[cells] = seeds.labels[order[at]]
    starts = cells.astype(np.int32)
    rows, columns = ground.shape
    queue = Queue(
        np.full(BUCKETS + 1, -1, np.int32),
        np.full(BUCKETS + 1, CHUNK, np.int32),
        np.arange(1, _FIRST_CHUNKS + 1, dtype=np.int32),
        np.empty(_FIRST_CHUNKS * CHUNK, np.int32),
        np.array([0, 0, _FIRST_CHUNKS, rows, -1], np.int64),
    )
    answer = Answer(times, labels)
    while starts.size:
        while queue.state[2] < starts.size // CHUNK + min(starts.size, BUCKETS + 1):
            queue = _grown(queue)
        queue.state[0] = 0
        rules = Rules(limit, float(times[starts].min()), 1.0 / ground.width_min)
        put_in(queue, starts, times, rules)
        while not drain(ground.field, columns, ground.moves, rules, queue, answer):
            queue = _grown(queue)
        waiting = np.empty(queue.following.size * CHUNK if queue.head[BUCKETS] >= 0 else 0, np.int32)
        starts = waiting[: take_waiting(queue, times, rules, waiting)]
    first, last = int(queue.state[3]), int(queue.state[4])
    return (first, last + 1) if last >= 0 else (0, 0)


def _grown(queue: Queue) -> Queue:
    """Return the queue with twice as many chunks; the new ones are free and come first."""
    n, state = queue.following.size, queue.state
    more = np.concatenate((queue.following, np.arange(n + 1, 2 * n + 1, dtype=np.int32)))
    more[-1] = state[1]
    state[1], state[2] = n, state[2] + n
    return queue._replace(following=more, cells=np.concatenate((queue.cells, np.empty_like(queue.cells))))


# Travel times over a raster of friction: to or from the nearest source, and which source that is.

_MOST_CELLS = 2**31 - 1
_MOST_MIN_PER_M = 1e15
"""No friction lies beyond; codes for no data such as 1e20 and 3.4e38 do."""
_LOWEST_M, _HIGHEST_M = -9000.0, 30000.0
"""No ground lies beyond; the usual codes for no data do (-9999, -32768, 32767)."""


class SurfaceOptions(TypedDict, total=False):
    """How a raster is travelled on: options that `travel_time_surface` and its relatives share."""

    neighbours: Literal[4, 8, 16]  # straight steps; with diagonals (default); with knight's steps too
    # whether a diagonal between two barriers is closed (default), or passes as in GRASS r.cost and WHO
    # AccessMod. A knight's step needs both cells that it passes in either case, as it does there
    corners: Corners
    # shape (rows, columns), metres above sea level; makes walking depend on the slope and on the direction.
    # Default none
    elevation_m: ArrayLike | None
    # shape (rows, columns), cells that are walked, on which alone slope counts. Default: all of them
    walks: ArrayLike | None
    direction: Literal["towards", "from"]  # whether people go to the sources (default) or come from them
    # what a passable cell without elevation is: an error that counts them (default), or ground whose steps are level
    dem_voids: Literal["refuse", "flat"]


def travel_time_surface(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    cutoff_min: float | None = None,
    source_min: ArrayLike | None = None,
    **options: Unpack[SurfaceOptions],
) -> FloatArray:
    """
    Compute minutes between every cell and the nearest source.

    A step costs the mean of the minutes per metre of its two cells times its length. A diagonal is closed where both
    cells beside it are barriers, unless ``corners="pass"``; a knight's step is closed where one of the two cells that
    it passes is. With elevation, walked cells take the slope of each step in the direction of travel: Tobler (1993),
    ``exp(-3.5 |s + 0.05|) / exp(-0.175)`` times the speed on the flat, slopes beyond 1 as 1, and no slower than
    0.1 km/h because of a slope. The answer is that of Dijkstra's algorithm in float64.

    Parameters
    ----------
    friction_min_per_m : array-like, shape (rows, columns)
        Minutes per metre, above 0. NaN or inf is a barrier.
    sources : array-like of int, shape (n, 2)
        Rows and columns; may be empty.
    resolution_m : float or tuple of array-like
        Metres of a square cell; or height and width, each one number or one a row (see `cell_sizes_m`).
    cutoff_min : float, optional
        Longer times are not wanted; inclusive. 0 leaves the sources alone; None (default) or inf is no cutoff.
    source_min : array-like of float, shape (n,), optional
        Minutes that each source begins with, such as those of a network at a road's end; 0 or more, inf for a source
        that is closed. Default 0.
    **options : Unpack[SurfaceOptions]
        ``neighbours``, ``corners``, ``elevation_m``, ``walks``, ``direction``, ``dem_voids``: see `SurfaceOptions`.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        Minutes; inf where no source is reached, at barriers and beyond the cutoff.

    Raises
    ------
    ContractError
        Where friction is 0, negative or a code for no data; where sources lie outside or on barriers (see
        `move_to_open_cells`); where arrays do not have one shape; where passable cells have no elevation, or a code for
        no data as one.
    TypeError
        For an option that there is not.

    Examples
    --------
    Ten steps of 100 m at 0.01 minutes per metre, and as many along the diagonal:

    >>> minutes = travel_time_surface(np.full((11, 11), 0.01), [(0, 0)], resolution_m=100.0)
    >>> float(minutes[0, 10]), round(float(minutes[10, 10]), 7)
    (10.0, 14.1421356)
    """
    ground = ground_of(friction_min_per_m, resolution_m=resolution_m, **options)
    return _searched(ground, sources, source_min, limit_of(cutoff_min), np.empty(1, np.int32))


def catchment_surface(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    cutoff_min: float | None = None,
    source_min: ArrayLike | None = None,
    **options: Unpack[SurfaceOptions],
) -> tuple[FloatArray, NDArray[np.int32]]:
    """
    Compute minutes between every cell and the nearest source, and which source that is.

    Parameters
    ----------
    friction_min_per_m, sources
        As in `travel_time_surface`.
    resolution_m : float or tuple of array-like
        Metres of a square cell; or height and width, each one number or one a row.
    cutoff_min : float, optional
        Longer times are not wanted; inclusive; by default no cutoff.
    source_min : array-like of float, shape (n,), optional
        Minutes that each source begins with.
    **options : Unpack[SurfaceOptions]
        As in `travel_time_surface`.

    Returns
    -------
    tuple of ndarray, each of shape (rows, columns)
        Minutes (float64), as `travel_time_surface` gives them, and the position of the source in `sources` (int32),
        -1 where none is reached. Equal times go to the lower position.

    Raises
    ------
    ContractError
        As `travel_time_surface`.

    Examples
    --------
    >>> minutes, source = catchment_surface(np.full((1, 5), 0.01), [(0, 0), (0, 4)], resolution_m=100.0)
    >>> minutes.tolist(), source.tolist()
    ([[0.0, 1.0, 2.0, 1.0, 0.0]], [[0, 0, 0, 1, 1]])
    """
    ground = ground_of(friction_min_per_m, resolution_m=resolution_m, **options)
    n = ground.shape[0] * ground.shape[1]
    labels = np.full(max(n, 2), -1, np.int32)
    times = _searched(ground, sources, source_min, limit_of(cutoff_min), labels)
    return times, labels[:n].reshape(ground.shape)


def _searched(
    ground: Ground, sources: ArrayLike, source_min: ArrayLike | None, limit: float, labels: NDArray[np.int32]
) -> FloatArray:
    """Search from all sources at once; labels are written in place where they are wanted."""
    times = np.full(ground.shape, np.inf)
    spread(ground, seeds_of(ground, sources, source_min, limit), limit, times.reshape(-1), labels)
    return times


def ground_of(
    friction_min_per_m: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    **options: Unpack[SurfaceOptions],
) -> Ground:
    """Check a raster of friction and make it ready for searches."""
    unknown = [name for name in options if name not in SurfaceOptions.__annotations__]
    if unknown:
        known = ", ".join(SurfaceOptions.__annotations__)
        raise TypeError(f"unexpected keyword: {', '.join(unknown)}; the options of a surface are {known}")
    friction = np.ascontiguousarray(unmasked(friction_min_per_m))
    if friction.ndim != 2 or not 0 < friction.size <= _MOST_CELLS:
        raise ContractError("friction", [f"shape {friction.shape}: rows and columns of cells are needed, below 2^31"])
    direction = options.get("direction", "towards")
    problems = []
    if friction.size and np.nanmin(friction, initial=np.inf) <= 0:
        wrong = np.argwhere(friction <= 0)
        problems.append(
            f"{len(wrong):,} cells have a friction of 0 or below, at (row, column) {_listed(wrong)}: "
            "minutes per metre must be above 0; use NaN for barriers"
        )
    is_huge = friction > _MOST_MIN_PER_M
    wrong = np.argwhere(is_huge & np.isfinite(friction)) if is_huge.any() else np.empty((0, 2), np.int64)
    if len(wrong):
        told = f"{len(wrong):,} cells have a friction that nobody crosses, such as {friction[tuple(wrong[0])]:g} at"
        problems.append(f"{told} (row, column) {_listed(wrong)}; make a code for no data NaN")
    if direction not in {"towards", "from"}:
        problems.append(f"direction: {direction!r} is not one of 'towards', 'from'")
    elevation, walks = _slope_fields(friction, options, problems)
    refuse("friction", problems)
    sense = 0.0 if options.get("elevation_m") is None else {"towards": -1.0, "from": 1.0}[direction]
    moves = steps_of(friction.shape, resolution_m, options.get("neighbours", 8), sense, options.get("corners", "block"))
    # The width of a bucket follows from the friction itself.
    flat = friction.reshape(-1)
    sample = flat[:: max(flat.size // _SAMPLE, 1)]
    sample = sample[np.isfinite(sample)]
    middle = float(np.median(sample)) if sample.size else 1.0
    width = max(_WIDTH * middle * 2.0 * float(moves.half_m.min()), _NARROWEST)
    return Ground(friction.shape, Field(flat, elevation, walks), moves, width)


def _slope_fields(
    friction: FloatArray, options: SurfaceOptions, problems: list[str]
) -> tuple[FloatArray, NDArray[np.uint8]]:
    """Flat elevation and walked cells, of length 1 where slope does not count or all are walked."""
    elevation_m, walks = options.get("elevation_m"), options.get("walks")
    voids = options.get("dem_voids", "refuse")
    nothing, everywhere = np.empty(1), np.ones(1, np.uint8)
    if voids not in {"refuse", "flat"}:
        problems.append(f"dem_voids: {voids!r} is not one of 'refuse', 'flat'")
    walked, is_open = everywhere, np.isfinite(friction)
    if walks is not None:
        walked = np.ascontiguousarray(walks, dtype=np.uint8)
        if walked.shape != friction.shape:
            problems.append(f"walks: shape {walked.shape} is not that of the friction {friction.shape}")
            return nothing, everywhere
        walked = everywhere if (walked.astype(bool) | ~is_open).all() else walked
    if elevation_m is None:
        return nothing, everywhere
    elevation = np.ascontiguousarray(unmasked(elevation_m))
    if elevation.shape != friction.shape:
        problems.append(
            f"elevation_m: shape {elevation.shape} is not that of the friction {friction.shape}; "
            "warp it to the same grid"
        )
        return nothing, everywhere
    known = np.isfinite(elevation)
    is_strange = (elevation < _LOWEST_M) | (elevation > _HIGHEST_M)
    wrong = np.argwhere(is_strange & known & is_open) if is_strange.any() else np.empty((0, 2), np.int64)
    if len(wrong):
        problems.append(
            f"elevation_m: {len(wrong):,} cells are no height of ground in metres, such as "
            f"{elevation[tuple(wrong[0])]:g} at (row, column) {_listed(wrong)}; make a code for no data NaN"
        )
    is_void = ~known & is_open & (walked > 0)
    if voids == "refuse" and is_void.any():
        empty = np.argwhere(is_void)
        problems.append(
            f"elevation_m: {len(empty):,} walked cells have no elevation, at (row, column) {_listed(empty)}; fill "
            "them, make them barriers, or pass dem_voids='flat'"
        )
    # Unknown heights are NaN: steps there are level.
    elevation = elevation if known.all() else np.where(known, elevation, np.nan)
    return elevation.reshape(-1), walked.reshape(-1)


def rows_and_columns(sources: ArrayLike) -> IntArray:
    """Read the cells of sources, shape (n, 2), and refuse what is no whole number."""
    given = np.asarray(sources)
    given = given.reshape(-1, 2) if given.size == 0 else given
    if given.ndim != 2 or given.shape[1] != 2 or not np.array_equal(given, np.floor(given)):
        raise ContractError("sources", [f"shape {given.shape}: whole numbers are needed, rows and columns (n, 2)"])
    return given.astype(np.int64)


def seeds_of(ground: Ground, sources: ArrayLike, source_min: ArrayLike | None, cutoff_min: float = np.inf) -> Seeds:
    """Check sources and find their cells, labelled by position; closed ones (inf) are left out."""
    cells = rows_and_columns(sources)
    start = np.zeros(len(cells)) if source_min is None else np.asarray(source_min, dtype=np.float64)
    problems = [] if cutoff_min >= 0 else [f"cutoff_min: {cutoff_min!r} is below 0 or unknown"]
    if start.shape != (len(cells),):
        problems.append(f"source_min: shape {start.shape} is not ({len(cells)},)")
    else:
        problems += faults_at("source_min: below 0 or unknown at", np.flatnonzero(~(start >= 0)).tolist())
    outside = ((cells < 0) | (cells >= ground.shape)).any(axis=1)
    if outside.any():
        grid = f"{ground.shape[0]} rows and {ground.shape[1]} columns, at (row, column) {_listed(cells[outside])}"
        problems.append(f"{outside.sum()} sources lie outside the {grid}")
    flat = np.where(outside, 0, cells[:, 0] * ground.shape[1] + cells[:, 1])
    on_barrier = ~outside & ~np.isfinite(ground.field.friction[flat]) if len(cells) else outside
    if on_barrier.any():
        problems.append(
            f"{on_barrier.sum()} sources lie on barriers, at (row, column) {_listed(cells[on_barrier])}: "
            "move them with move_to_open_cells"
        )
    refuse("sources", problems)
    is_open = np.isfinite(start)
    labels = np.arange(len(cells), dtype=np.int32)
    return Seeds(flat[is_open], start[is_open], labels[is_open])


def _listed(cells: IntArray) -> str:
    return first_of(tuple(int(part) for part in cell) for cell in cells)


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
    require_shapes("points", points, series_too=True)
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
    where = np.asarray(points.index)[outside].tolist()
    refuse("points", faults_at(f"outside the raster {grid.name}:", where, "; leave them out"))
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
        Where sources are no whole numbers or lie outside, `within_m` is negative or NaN, or a size is not above 0.

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
    rows, columns = is_open.shape
    where = map(tuple, cells[outside].tolist())
    problems += faults_at(f"outside the {rows} rows and {columns} columns:", where, "; leave them out")
    refuse("sources", problems)
    sizes = resolution_m if isinstance(resolution_m, tuple) else (resolution_m, resolution_m)
    height, width = (np.broadcast_to(np.asarray(size, np.float64), is_open.shape[0]) for size in sizes)
    if not ((height > 0.0) & (width > 0.0) & np.isfinite(height + width)).all():
        raise ContractError("sources", ["resolution_m: must be above 0 and finite, in metres"])
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
