"""Travel times over a raster of friction: to or from the nearest source, and which source that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np

from spatial.errors import ContractError, first_of
from spatial.rasters import unmasked
from spatial.terrain.spreading import Ground, Seeds, limit_of, spread
from spatial.terrain.steps import steps_of

if TYPE_CHECKING:
    from typing import Unpack

    from numpy.typing import ArrayLike, NDArray

    from spatial.terrain.steps import Corners

__all__ = ["SurfaceOptions", "catchment_surface", "ground_of", "seeds_of", "travel_time_surface"]

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
    # what a passable cell without elevation is: an error that counts them (default), or ground whose steps
    # are level
    dem_voids: Literal["refuse", "flat"]


def travel_time_surface(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    cutoff_min: float | None = None,
    source_min: ArrayLike | None = None,
    **options: Unpack[SurfaceOptions],
) -> NDArray[np.float64]:
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
    limit = limit_of(cutoff_min)
    seeds = seeds_of(ground, sources, source_min, limit)
    times = np.full(ground.shape[0] * ground.shape[1], np.inf)
    spread(ground, seeds, limit, times, np.empty(1, np.int32))
    return times.reshape(ground.shape)


def catchment_surface(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    cutoff_min: float | None = None,
    source_min: ArrayLike | None = None,
    **options: Unpack[SurfaceOptions],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """
    Compute minutes between every cell and the nearest source, and which source that is.

    Parameters
    ----------
    friction_min_per_m : array-like, shape (rows, columns)
        Minutes per metre, above 0. NaN or inf is a barrier.
    sources : array-like of int, shape (n, 2)
        Rows and columns; may be empty.
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
    limit = limit_of(cutoff_min)
    seeds = seeds_of(ground, sources, source_min, limit)
    n = ground.shape[0] * ground.shape[1]
    times, labels = np.full(n, np.inf), np.full(max(n, 2), -1, np.int32)
    spread(ground, seeds, limit, times, labels)
    return times.reshape(ground.shape), labels[:n].reshape(ground.shape)


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
    if friction.ndim != 2 or friction.size > _MOST_CELLS:
        raise ContractError("friction", [f"shape {friction.shape}: rows and columns, below 2^31 cells"])
    direction = options.get("direction", "towards")
    problems = _friction_problems(friction)
    if direction not in {"towards", "from"}:
        problems.append(f"direction: {direction!r} is not one of 'towards', 'from'")
    elevation, walks, slope_problems = _slope_fields(friction, options)
    if problems + slope_problems:
        raise ContractError("friction", problems + slope_problems)
    sense = 0.0 if options.get("elevation_m") is None else {"towards": -1.0, "from": 1.0}[direction]
    moves = steps_of(
        friction.shape, resolution_m, options.get("neighbours", 8), sense, options.get("corners", "block")
    )
    return Ground.of(friction.shape, (friction.reshape(-1), elevation, walks), moves)


def _friction_problems(friction: NDArray[np.float64]) -> list[str]:
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
        problems.append(
            f"{len(wrong):,} cells have a friction that nobody crosses, such as {friction[tuple(wrong[0])]:g} at "
            f"(row, column) {_listed(wrong)}; make a code for no data NaN"
        )
    return problems


def _slope_fields(
    friction: NDArray[np.float64], options: SurfaceOptions
) -> tuple[NDArray[np.float64], NDArray[np.uint8], list[str]]:
    """Flat elevation and walked cells, of length 1 where slope does not count or all are walked, and what is wrong."""
    elevation_m, walks = options.get("elevation_m"), options.get("walks")
    voids = options.get("dem_voids", "refuse")
    problems = [] if voids in {"refuse", "flat"} else [f"dem_voids: {voids!r} is not one of 'refuse', 'flat'"]
    walked = np.ones(1, np.uint8) if walks is None else np.ascontiguousarray(walks, dtype=np.uint8)
    if walks is not None and walked.shape != friction.shape:
        problems.append(f"walks: shape {walked.shape} is not that of the friction {friction.shape}")
        return np.empty(1), np.ones(1, np.uint8), problems
    if walks is not None and (walked.astype(bool) | ~np.isfinite(friction)).all():
        walked = np.ones(1, np.uint8)
    if elevation_m is None:
        return np.empty(1), np.ones(1, np.uint8), problems
    elevation = np.ascontiguousarray(unmasked(elevation_m))
    if elevation.shape != friction.shape:
        problems.append(
            f"elevation_m: shape {elevation.shape} is not that of the friction {friction.shape}; "
            "warp it to the same grid"
        )
    else:
        elevation, faults = _heights(elevation, np.isfinite(friction), walked > 0, voids)
        problems += faults
    return elevation.reshape(-1), walked.reshape(-1), problems


def _heights(
    elevation: NDArray[np.float64], is_open: NDArray[np.bool_], walked: NDArray[np.bool_], voids: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Elevation with NaN wherever it is not known, and what is wrong with it."""
    problems, known = [], np.isfinite(elevation)
    is_strange = (elevation < _LOWEST_M) | (elevation > _HIGHEST_M)
    wrong = np.argwhere(is_strange & known & is_open) if is_strange.any() else np.empty((0, 2), np.int64)
    if len(wrong):
        problems.append(
            f"elevation_m: {len(wrong):,} cells are no height of ground in metres, such as "
            f"{elevation[tuple(wrong[0])]:g} at (row, column) {_listed(wrong)}; make a code for no data NaN"
        )
    is_void = ~known & is_open & walked
    if voids == "refuse" and is_void.any():
        empty = np.argwhere(is_void)
        problems.append(
            f"elevation_m: {len(empty):,} walked cells have no elevation, at (row, column) {_listed(empty)}; fill "
            "them, make them barriers, or pass dem_voids='flat'"
        )
    return elevation if known.all() else np.where(known, elevation, np.nan), problems


def seeds_of(
    ground: Ground, sources: ArrayLike, source_min: ArrayLike | None, cutoff_min: float = np.inf
) -> Seeds:
    """
    Check sources and find their cells.

    Returns labelled by position; closed ones (inf) are left out.
    """
    given = np.asarray(sources)
    given = given.reshape(-1, 2) if given.size == 0 else given
    if given.ndim != 2 or given.shape[1] != 2 or not np.array_equal(given, np.floor(given)):
        raise ContractError(
            "sources", [f"shape {given.shape}: whole numbers are needed, rows and columns (n, 2)"]
        )
    cells = given.astype(np.int64)
    start = np.zeros(len(cells)) if source_min is None else np.asarray(source_min, dtype=np.float64)
    problems = [] if cutoff_min >= 0 else [f"cutoff_min: {cutoff_min!r} is below 0 or unknown"]
    if start.shape != (len(cells),):
        problems.append(f"source_min: shape {start.shape} is not ({len(cells)},)")
    elif not (start >= 0).all():
        problems.append(
            f"source_min: below 0 or unknown at {first_of(np.flatnonzero(~(start >= 0)).tolist())}"
        )
    outside = ((cells < 0) | (cells >= ground.shape)).any(axis=1)
    if outside.any():
        problems.append(
            f"{outside.sum()} sources lie outside the {ground.shape[0]} rows and {ground.shape[1]} columns, at "
            f"(row, column) {_listed(cells[outside])}"
        )
    flat = np.where(outside, 0, cells[:, 0] * ground.shape[1] + cells[:, 1])
    on_barrier = ~outside & ~np.isfinite(ground.field[0][flat]) if len(cells) else outside
    if on_barrier.any():
        problems.append(
            f"{on_barrier.sum()} sources lie on barriers, at (row, column) {_listed(cells[on_barrier])}: "
            "move them with move_to_open_cells"
        )
    if problems:
        raise ContractError("sources", problems)
    is_open = np.isfinite(start)
    labels = np.arange(len(cells), dtype=np.int32)
    return Seeds(flat[is_open], start[is_open], labels[is_open])


def _listed(cells: NDArray[np.int64]) -> str:
    return first_of(tuple(int(part) for part in cell) for cell in cells)
