"""Rasters of population and elevation: GeoTIFF and zipped .hgt, mosaicked on one grid, never resampled."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from rasterio.warp import transform_bounds

from spatial.crs import WGS84
from spatial.errors import SourceError
from spatial.rasters import Raster
from spatial.sources.shifts import refuse_unknown_shift
from spatial.sources.tiles import Tile, open_tile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["COMMON_SENTINELS", "GridReading", "read_elevation", "read_grid", "read_population"]

COMMON_SENTINELS = (-999.0, -9999.0, -99999.0, -999999.0, -32767.0, -32768.0, -2147483648.0)
"""Values that files use for "no data" without saying so; the lowest numbers of float32 and float64 count too."""

LOWEST_LAND_M, HIGHEST_LAND_M = -500.0, 9000.0
"""Metres between which any land lies (the shore of the Dead Sea at -430, Everest at 8,849)."""

GRID_TOLERANCE = 1e-3
"""Share of a cell by which tiles may lie off one grid: rounding of their corners."""

_VERY_LOW = -3e38


@dataclass(frozen=True, eq=False)
class GridReading:
    """A raster as read, and what was found on the way."""

    raster: Raster  # the values; NaN where there is no data
    cells: int  # cells in all
    # cells without data: declared by the file, the study or a sentinel, or covered by no tile
    nodata_cells: int
    # cells by common "no data" value that no file declared
    sentinels: dict[float, int] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """
        What a reader should know, in plain words.

        Returns empty where every "no data" value was declared.
        """
        return tuple(
            f"{self.raster.name}: {number:,} cells hold {value:g}, which no file declares as nodata; "
            "they were read as no data"
            for value, number in sorted(self.sentinels.items())
        )


def read_population(paths: Sequence[Path] | Path, *, nodata: float | None = None) -> GridReading:
    """Read persons per cell. All cells are kept, so that the total is that of the file in float64."""
    reading = read_grid(paths, nodata=nodata, name="population", same_overlap=True)
    values = reading.raster.values
    _refuse_cells(
        values < 0, reading, paths, "negative people", "correct them, or declare nodata in the study file"
    )
    return reading


def read_elevation(
    paths: Sequence[Path] | Path,
    *,
    nodata: float | None = None,
    within: tuple[float, float, float, float] | None = None,
) -> GridReading:
    """
    Read metres above sea level.

    Returns metres; NaN in voids.
    """
    reading = read_grid(paths, nodata=nodata, name="elevation", within=within)
    values = reading.raster.values
    impossible = (values < LOWEST_LAND_M) | (values > HIGHEST_LAND_M)
    remedy = "declare nodata in the study file, or convert the file to metres"
    _refuse_cells(impossible, reading, paths, "no height of land in metres", remedy)
    return reading


def read_grid(
    paths: Sequence[Path] | Path,
    *,
    nodata: float | None = None,
    name: str = "raster",
    within: tuple[float, float, float, float] | None = None,
    same_overlap: bool = False,
) -> GridReading:
    """Read tiles onto their common grid and count what is missing."""
    files = [paths] if isinstance(paths, Path) else list(paths)
    if not files:
        raise SourceError(f"{name}: no file is named; give its path in the study file")
    tiles = [open_tile(Path(path), what=name) for path in files]
    _refuse_other_grid(tiles, name)
    refuse_unknown_shift(tiles[0].crs, None, what=f"{name} {files[0]}")
    transform, shape = _frame(tiles, within, name)
    values = np.full(shape, np.nan)
    sentinels: dict[float, int] = {}
    for tile in tiles:
        _paste(tile, values, transform, _Rules(nodata, same_overlap, name, sentinels))
    missing = int(np.count_nonzero(np.isnan(values)))
    if missing == values.size:
        raise SourceError(f"{name} {files[0]}: no cell holds data; is nodata declared rightly?")
    return GridReading(Raster(values, transform, tiles[0].crs, name), values.size, missing, sentinels)


@dataclass(frozen=True)
class _Rules:
    nodata: float | None
    same_overlap: bool
    name: str
    sentinels: dict[float, int]


def _refuse_other_grid(tiles: Sequence[Tile], name: str) -> None:
    first = tiles[0]
    for tile in tiles[1:]:
        if tile.crs != first.crs:
            raise SourceError(
                f"{name} {tile.path}: its CRS {tile.crs.to_string()} is not the {first.crs.to_string()} of "
                f"{first.path}; bring them into one CRS yourself, nothing is resampled in silence"
            )
        same_cell = np.allclose(
            tile.transform[:2] + tile.transform[3:5], first.transform[:2] + first.transform[3:5]
        )
        column, row = _cell(first.transform, tile.transform.c, tile.transform.f)
        off = max(abs(column - round(column)), abs(row - round(row)))
        if not same_cell or off > GRID_TOLERANCE:
            raise SourceError(
                f"{name} {tile.path}: its cells do not lie on the grid of {first.path}; "
                "bring the tiles onto one grid yourself, nothing is resampled in silence"
            )


def _frame(
    tiles: Sequence[Tile], within: tuple[float, float, float, float] | None, name: str
) -> tuple[Affine, tuple[int, int]]:
    """Transform and shape of the common grid, in whole cells of the first tile's."""
    first = tiles[0].transform
    corners = [_offset(tile, first) for tile in tiles]
    left, top = min(c for c, _ in corners), min(r for _, r in corners)
    right = max(c + tile.shape[1] for (c, _), tile in zip(corners, tiles, strict=True))
    bottom = max(r + tile.shape[0] for (_, r), tile in zip(corners, tiles, strict=True))
    if within is not None:
        west, south, east, north = transform_bounds(WGS84, tiles[0].crs.to_wkt(), *within)
        xs, ys = zip(*(_cell(first, *point) for point in ((west, north), (east, south))), strict=True)
        left, right = max(left, int(np.floor(min(xs)))), min(right, int(np.ceil(max(xs))))
        top, bottom = max(top, int(np.floor(min(ys)))), min(bottom, int(np.ceil(max(ys))))
    if right <= left or bottom <= top:
        raise SourceError(
            f"{name} {tiles[0].path}: no tile touches the study area; name the tiles that cover it"
        )
    a, b, c, d, e, f = first[:6]
    corner = Affine(a, b, c + a * left + b * top, d, e, f + d * left + e * top)
    return corner, (bottom - top, right - left)


def _cell(transform: Affine, x: float, y: float) -> tuple[float, float]:
    """Column and row, with fractions, of a point."""
    a, b, c, d, e, f = (~transform)[:6]
    return a * x + b * y + c, d * x + e * y + f


def _offset(tile: Tile, base: Affine) -> tuple[int, int]:
    column, row = _cell(base, tile.transform.c, tile.transform.f)
    return round(column), round(row)


def _paste(tile: Tile, values: NDArray[np.float64], transform: Affine, rules: _Rules) -> None:
    left, top = _offset(tile, transform)
    rows, columns = tile.shape
    row0, row1 = max(top, 0), min(top + rows, values.shape[0])
    column0, column1 = max(left, 0), min(left + columns, values.shape[1])
    if row1 <= row0 or column1 <= column0:
        return
    part = tile.read(row0 - top, row1 - top, column0 - left, column1 - left)
    if rules.nodata is not None:
        part[part == rules.nodata] = np.nan
    if np.isinf(part).any():
        raise SourceError(
            f"{rules.name} {tile.path}: {np.isinf(part).sum():,} cells are infinite; correct the file"
        )
    for value, number in _drop_sentinels(part):
        rules.sentinels[value] = rules.sentinels.get(value, 0) + number
    target = values[row0:row1, column0:column1]
    both = ~np.isnan(target) & ~np.isnan(part)
    if rules.same_overlap and (target[both] != part[both]).any():
        raise SourceError(
            f"{rules.name} {tile.path}: {int((target[both] != part[both]).sum()):,} cells overlap another file with "
            "other values, so that people would count twice or vanish; clip the files to their own ground"
        )
    np.copyto(target, part, where=np.isnan(target))


def _drop_sentinels(part: NDArray[np.float64]) -> Iterable[tuple[float, int]]:
    negative = part[part < 0]
    found = []
    for value in np.unique(negative):
        if value in COMMON_SENTINELS or value <= _VERY_LOW:
            hit = part == value
            found.append((float(value), int(np.count_nonzero(hit))))
            part[hit] = np.nan
    return found


def _refuse_cells(
    wrong: NDArray[np.bool_], reading: GridReading, paths: Sequence[Path] | Path, kind: str, remedy: str
) -> None:
    if not wrong.any():
        return
    rows, columns = np.nonzero(wrong)
    values = reading.raster.values[rows[:3], columns[:3]]
    shown = ", ".join(
        f"{value:g} at row {row}, column {column}"
        for value, row, column in zip(values, rows[:3], columns[:3], strict=True)
    )
    files = [paths] if isinstance(paths, Path) else list(paths)
    raise SourceError(
        f"{reading.raster.name} {files[0]}: {kind} in {len(rows):,} cell(s), such as {shown}; {remedy}"
    )
