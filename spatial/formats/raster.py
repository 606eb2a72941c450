"""Rasters of population, elevation and land cover: opened, mosaicked on one grid, never resampled."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from affine import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from spatial.arrays import BoolArray, FloatArray
from spatial.crs import WGS84, Bounds, is_web_map, parse_crs
from spatial.errors import CrsError, SourceError, first_of
from spatial.formats.columns import MOST
from spatial.formats.files import damage_told, local_file
from spatial.formats.notes import Finding, Note
from spatial.georef.datums import refuse_unknown_shift
from spatial.messages import Said
from spatial.rasters import Raster
from spatial.study.sources import MOST_CELLS

# One raster file, opened without reading it whole: GeoTIFF, or an SRTM .hgt tile in a zip or by itself.

TIFF_BEGINNINGS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
FARTHEST = 1e9
"""No coordinate of a map on Earth, in metres or degrees, is so far from its origin, and no cell so large or small."""
MOST_BLOCK_CELLS = 2**26
"""Cells of a block of a GeoTIFF: GDAL holds at least one in memory, half a gigabyte of float64."""
HGT_VOID = -32768
HGT_ROWS = 128
"""Rows of a tile that are looked at together: their numbers stay in the processor, and are never there twice."""
HGT_SIDES = {2 * side * side: side for side in (1201, 3601)}
"""Cells along a side of a 3 and a 1 arc-second tile, by the file's bytes (int16, highest byte first)."""

_HGT_NAME = re.compile(r"([NS])(\d{2})([EW])(\d{3})", re.IGNORECASE)


@dataclass(frozen=True)
class Tile:
    """A raster file's place and shape; its values are read on demand."""

    path: Path  # the file
    transform: Affine  # from (column, row) to coordinates of a cell's upper left corner
    crs: pyproj.CRS  # its CRS
    shape: tuple[int, int]  # rows and columns
    member: str = ""  # name of the tile in a zip; empty for a GeoTIFF
    what: str = "raster"  # what it is to the study, for messages

    def read(self, row0: int, row1: int, column0: int, column1: int) -> FloatArray:
        """Read some of its cells."""
        parts = [part for _row, part in self.strips(row0, row1, column0, column1)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def strips(self, row0: int, row1: int, column0: int, column1: int) -> Iterator[tuple[int, FloatArray]]:
        """Read some of its cells, a strip of whole rows after the other, each with its first row; a GeoTIFF at once."""
        if self.path.suffix.lower() in {".hgt", ".zip"}:
            cells = np.frombuffer(self._hgt_bytes(), dtype=">i2").reshape(self.shape)
            for first in range(row0, row1, HGT_ROWS):
                part: FloatArray = cells[first : min(first + HGT_ROWS, row1), column0:column1].astype(np.float64)
                part[part == HGT_VOID] = np.nan
                yield first, part
        else:
            window = Window(column0, row0, column1 - column0, row1 - row0)
            with (
                damage_told(f"{self.what} {self.path}", "GeoTIFF", "fetch it again"),
                rasterio.open(self.path, driver="GTiff") as source,
            ):
                part = np.array(source.read(1, window=window), dtype=np.float64)
                part = part * source.scales[0] + source.offsets[0]
                part[source.read_masks(1, window=window) == 0] = np.nan
            yield row0, part

    def _hgt_bytes(self) -> bytes:
        if not self.member:
            return self.path.read_bytes()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.member)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise SourceError(
                f"{self.what} {self.path}: the zip is damaged or truncated: {error}; fetch it again"
            ) from error
        except RuntimeError as error:
            # Locked with a password, or packed in a way that Python does not know (NotImplementedError).
            raise SourceError(
                f"{self.what} {self.path}: cannot be unpacked: {error}; unpack it and give the .hgt"
            ) from error


def open_tile(path: Path, *, what: str = "raster") -> Tile:
    """Open one raster file."""
    suffix = path.suffix.lower()
    if suffix in {".tif", ".tiff"}:
        file = local_file(path, what=what, magic=TIFF_BEGINNINGS, kind="GeoTIFF")
        with damage_told(f"{what} {file}", "GeoTIFF", "fetch it again"), rasterio.open(file, driver="GTiff") as source:
            bands, crs, transform, shape = source.count, source.crs, source.transform, source.shape
            block = source.block_shapes[0] if bands else (0, 0)
            known = None if crs is None else pyproj.CRS.from_user_input(crs.to_wkt())
        if bands != 1:
            raise SourceError(f"{what} {file}: {bands} bands; write the one that is meant to a file of its own")
        if known is None:
            raise CrsError(f"{what} {file}: no CRS; write it into the file, such as gdal_edit.py -a_srs EPSG:4326 FILE")
        if math.prod(block) > MOST_BLOCK_CELLS:
            raise SourceError(
                f"{what} {file}: blocks of {block[0]:,} x {block[1]:,} cells, each of which is read whole; write it "
                "with smaller ones, such as gdal_translate -co TILED=YES FILE NEW"
            )
        size = abs(transform.determinant)
        if not size > 1.0 / FARTHEST**2 or not all(abs(part) <= FARTHEST for part in transform):
            raise SourceError(f"{what} {file}: its place on the ground is no place; georeference it again")
        if transform == Affine.identity():
            raise SourceError(f"{what} {file}: no place on the ground (no geotransform); georeference it first")
        return Tile(file, transform, parse_crs(known, what=f"{what} {file}"), shape, what=what)
    if suffix == ".hgt":
        file = local_file(path, what=what)
        return _hgt_tile(file, "", file.stat().st_size, what)
    if suffix != ".zip":
        raise SourceError(f"{what} {path}: the ending {path.suffix!r} is not known; give a .tif, .hgt or .hgt.zip file")
    file = local_file(path, what=what, magic=(b"PK",), kind="zip")
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
    except zipfile.BadZipFile as error:
        raise SourceError(f"{what} {file}: the zip is damaged or truncated: {error}; fetch it again") from error
    tiles = [name for name in sizes if name.lower().endswith(".hgt")]
    wanted = _HGT_NAME.search(file.name)
    if wanted is not None:
        tiles = [name for name in tiles if wanted[0].lower() in name.rsplit("/", 1)[-1].lower()]
    if len(tiles) != 1:
        meant = f"{wanted[0].upper()}.hgt" if wanted is not None else "one .hgt tile"
        raise SourceError(f"{what} {file}: the zip does not hold {meant} but {first_of(list(sizes))}; fetch it again")
    return _hgt_tile(file, tiles[0], sizes[tiles[0]], what)


def _hgt_tile(file: Path, member: str, size: int, what: str) -> Tile:
    """Place a tile by its name, which says its south-west corner, and its number of bytes."""
    named = _HGT_NAME.search(member.rsplit("/", 1)[-1] or file.name)
    if named is None:
        raise SourceError(f"{what} {file}: the name does not say where the tile lies, as N07E080.hgt does; rename it")
    side = HGT_SIDES.get(size)
    if side is None:
        raise SourceError(
            f"{what} {file}: {size:,} bytes are no SRTM tile of 1201 or 3601 cells a side; fetch it again"
        )
    south = int(named[2]) * (1 if named[1].upper() == "N" else -1)
    west = int(named[4]) * (1 if named[3].upper() == "E" else -1)
    step = 1.0 / (side - 1)
    transform = Affine(step, 0.0, west - step / 2, 0.0, -step, south + 1 + step / 2)
    return Tile(file, transform, pyproj.CRS.from_user_input(WGS84), (side, side), member, what)


# Rasters of population and elevation: GeoTIFF and zipped .hgt, mosaicked on one grid, never resampled.

_HIGHEST = (65535.0, 2147483647.0, 4294967295.0)
COMMON_SENTINELS = (-999.0, -9999.0, -99999.0, -999999.0, -32767.0, -32768.0, -2147483648.0, *_HIGHEST)
"""Values that files use for "no data" without saying so; the lowest numbers of float32 and float64 count too."""

LOWEST_LAND_M, HIGHEST_LAND_M = -500.0, 9000.0
"""Metres between which any land lies (the shore of the Dead Sea at -430, Everest at 8,849)."""

_DENSITY = re.compile(r"densit|密度|(^|_)pd_|(/|\bper\b|每)\s*(sq|k?m\b|km?[2²]|ha\b|平方|公顷)", re.IGNORECASE)
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
    def notes(self) -> tuple[Note, ...]:
        """What a reader should know; empty where every "no data" value was declared."""
        data = {"section": "data_kind", "word": self.raster.name}
        return tuple(
            Note("nodata", number, {"data": data, "count": number, "value": f"{value:.10g}"})
            for value, number in sorted(self.sentinels.items())
        )


def read_population(
    paths: Sequence[Path] | Path, *, nodata: float | None = None, max_cells: float = MOST_CELLS
) -> GridReading:
    """Read persons per cell. All cells are kept, so that the total is that of the file in float64."""
    reading = read_grid(paths, nodata=nodata, name="population", of_people=True, max_cells=max_cells)
    for path in [paths] if isinstance(paths, Path) else paths:
        if says := density_said(path):
            raise SourceError(f"population {path}: {Said('raster_density', says=says)}")
    values = reading.raster.values
    remedy = "correct them, or declare nodata in the study file"
    _refuse_cells(values < 0, reading, paths, "negative people", remedy)
    _refuse_cells(values > MOST, reading, paths, "more people than were ever counted", remedy)
    return reading


def density_said(path: Path) -> str:
    """Return the name, unit or description by which a raster is of people by area; empty where none says so."""
    names = [path.stem]
    if path.suffix.lower() in {".tif", ".tiff"}:
        with damage_told(f"raster {path}", "GeoTIFF"), rasterio.open(path, driver="GTiff") as source:
            names += [str(name) for name in (*source.units, *source.descriptions) if name]
    return next((name for name in names if _DENSITY.search(name)), "")


def peopled_outline(raster: Raster, crs: Any) -> shapely.Geometry | None:
    """Outline the cells where people live, in another CRS; None where nobody does."""
    rows, columns = np.nonzero(raster.values > 0)
    if not len(rows):
        return None
    across, down = (columns.min(), columns.max() + 1), (rows.min(), rows.max() + 1)
    outline = shapely.MultiPoint([raster.transform * (column, row) for column in across for row in down]).envelope
    # Edges are bent in another CRS: many points along them.
    dense = shapely.segmentize(outline, outline.length / 400)
    return gpd.GeoSeries([dense], crs=raster.crs).to_crs(crs).iloc[0]


def refuse_elsewhere(rasters: Sequence[Raster], places: gpd.GeoDataFrame, reach_m: float, *, what: str) -> None:
    """Refuse people who all live beside every place, as each would count as empty; places are in metres."""
    near, outline = (shapely.union_all([peopled_outline(one, crs) for one in rasters]) for crs in (places.crs, WGS84))
    if not outline.is_empty and not shapely.dwithin(shapely.box(*places.total_bounds), near, reach_m):
        west, south, east, north = outline.bounds
        raise SourceError(
            f"{what}: its people live at longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}, where"
            " no settlement is; name the raster of this region, or correct its CRS"
        )


def read_elevation(
    paths: Sequence[Path] | Path,
    *,
    nodata: float | None = None,
    within: Bounds | None = None,
    max_cells: float = MOST_CELLS,
) -> GridReading:
    """Read metres above sea level; NaN in voids."""
    reading = read_grid(paths, nodata=nodata, name="elevation", within=within, max_cells=max_cells)
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
    within: Bounds | None = None,
    of_people: bool = False,
    max_cells: float = MOST_CELLS,
) -> GridReading:
    """Read tiles onto their common grid and count what is missing; of people, overlaps are to say the same."""
    files = [paths] if isinstance(paths, Path) else list(paths)
    if not files:
        raise SourceError(f"{name}: no file is named; give its path in the study file")
    tiles = [open_tile(Path(path), what=name) for path in files]
    first, base = tiles[0], tiles[0].transform
    for tile in tiles[1:]:
        if tile.crs != first.crs:
            raise SourceError(
                f"{name} {tile.path}: its CRS {tile.crs.to_string()} is not the {first.crs.to_string()} of "
                f"{first.path}; bring them into one CRS yourself, nothing is resampled in silence"
            )
        same_cell = np.allclose(tile.transform[:2] + tile.transform[3:5], base[:2] + base[3:5])
        off = max(abs(place - round(place)) for place in _cell(base, tile.transform.c, tile.transform.f))
        if not same_cell or off > GRID_TOLERANCE:
            raise SourceError(
                f"{name} {tile.path}: its cells do not lie on the grid of {first.path}; "
                "bring the tiles onto one grid yourself, nothing is resampled in silence"
            )
    refuse_unknown_shift(first.crs, None, what=f"{name} {files[0]}")

    # The common grid, in whole cells of the first tile's.
    corners = [_cell(base, tile.transform.c, tile.transform.f) for tile in tiles]
    lefts, tops = ([round(place) for place in axis] for axis in zip(*corners, strict=True))
    left, top = min(lefts), min(tops)
    right = max(start + tile.shape[1] for start, tile in zip(lefts, tiles, strict=True))
    bottom = max(start + tile.shape[0] for start, tile in zip(tops, tiles, strict=True))
    if within is not None:
        west, south, east, north = transform_bounds(WGS84, first.crs.to_wkt(), *within)
        xs, ys = zip(*(_cell(base, *point) for point in ((west, north), (east, south))), strict=True)
        left, right = max(left, int(np.floor(min(xs)))), min(right, int(np.ceil(max(xs))))
        top, bottom = max(top, int(np.floor(min(ys)))), min(bottom, int(np.ceil(max(ys))))
    if right <= left or bottom <= top:
        raise SourceError(f"{name} {first.path}: no tile touches the study area; name the tiles that cover it")
    if (right - left) * (bottom - top) > max_cells:
        raise SourceError(
            f"{name} {first.path}: {(right - left) * (bottom - top):,} cells; cut it to the study area, or raise "
            f"max_cells of this source in the study file ({max_cells:,.0f})"
        )
    a, b, c, d, e, f = base[:6]
    transform = Affine(a, b, c + a * left + b * top, d, e, f + d * left + e * top)

    values = np.full((bottom - top, right - left), np.nan)
    sentinels: Counter[float] = Counter()
    for tile, tile_left, tile_top in zip(tiles, lefts, tops, strict=True):
        row0, row1 = max(tile_top, top), min(tile_top + tile.shape[0], bottom)
        column0, column1 = max(tile_left, left), min(tile_left + tile.shape[1], right)
        if row1 <= row0 or column1 <= column0:
            continue
        differing = 0
        for start, part in tile.strips(row0 - tile_top, row1 - tile_top, column0 - tile_left, column1 - tile_left):
            if nodata is not None:
                part[part == nodata] = np.nan
            if np.isinf(part).any():
                raise SourceError(f"{name} {tile.path}: {np.isinf(part).sum():,} cells are infinite; correct the file")
            for value in np.unique(part[(part < 0) | np.isin(part, _HIGHEST if of_people else ())]).tolist():
                if value in COMMON_SENTINELS or value <= _VERY_LOW:
                    hit = part == value
                    sentinels[value] += int(np.count_nonzero(hit))
                    part[hit] = np.nan
            at = start + tile_top - top
            target = values[at : at + len(part), column0 - left : column1 - left]
            if of_people:
                differing += int(np.count_nonzero(~np.isnan(target) & ~np.isnan(part) & (target != part)))
            np.copyto(target, part, where=np.isnan(target))
        if differing:
            raise SourceError(
                f"{name} {tile.path}: {differing:,} cells overlap another file with other values, so that "
                "people would count twice or vanish; clip the files to their own ground"
            )
    missing = int(np.count_nonzero(np.isnan(values)))
    if missing == values.size:
        raise SourceError(f"{name} {files[0]}: no cell holds data; is nodata declared rightly?")
    return GridReading(Raster(values, transform, first.crs, name), values.size, missing, dict(sentinels))


def _cell(transform: Affine, x: float, y: float) -> tuple[float, float]:
    """Column and row, with fractions, of a point."""
    a, b, c, d, e, f = (~transform)[:6]
    return a * x + b * y + c, d * x + e * y + f


def _refuse_cells(wrong: BoolArray, reading: GridReading, paths: Sequence[Path] | Path, kind: str, remedy: str) -> None:
    if not wrong.any():
        return
    rows, columns = np.nonzero(wrong)
    values = reading.raster.values[rows[:3], columns[:3]]
    shown = ", ".join(
        f"{value:g} at row {row}, column {column}"
        for value, row, column in zip(values, rows[:3], columns[:3], strict=True)
    )
    files = [paths] if isinstance(paths, Path) else list(paths)
    raise SourceError(f"{reading.raster.name} {files[0]}: {kind} in {len(rows):,} cell(s), such as {shown}; {remedy}")


# Land cover: a raster of classes, or one raster of shares a class, of which the largest gives the class of a cell.

MOST_PERCENT = 100.0


@dataclass(frozen=True, eq=False)
class FractionReading(GridReading):
    """Classes taken from shares, and how sure they are."""

    # cells where two classes or more have the largest share; the class that is named first counts
    tied_cells: int = 0
    partly_void_cells: int = 0  # cells that only some of the files cover: no data
    empty_cells: int = 0  # cells where every share is 0: no data


def read_fractions(
    fractions: Mapping[int, Path], *, nodata: float | None = None, within: Bounds | None = None
) -> FractionReading:
    """Read one raster of shares a class, and give each cell the class of the largest, of equal ones the first."""
    if not fractions:
        raise SourceError("landcover: no file is named in fractions; give one a class in the study file")
    sentinels: Counter[float] = Counter()
    grid: Raster | None = None
    for code, path in fractions.items():
        reading = read_grid(path, nodata=nodata, name="landcover", within=within)
        sentinels.update(reading.sentinels)
        shares = reading.raster.values
        wrong = (shares < 0) | (shares > MOST_PERCENT)
        if wrong.any():
            row, column = np.argwhere(wrong)[0].tolist()
            raise SourceError(
                f"landcover {path}: {int(wrong.sum()):,} cell(s) hold no share from 0 to 100, such as "
                f"{shares[row, column]:g} at row {row}, column {column}; declare nodata in the study file, or "
                "name a raster of classes as path instead of fractions"
            )
        if grid is None:
            grid = reading.raster
            largest, classes = np.full(shares.shape, -1.0), np.full(shares.shape, np.nan)
            is_tied, seen = np.zeros(shares.shape, np.bool_), np.zeros(shares.shape, np.int64)
        other, cell = reading.raster, abs(grid.transform.a)
        is_same = other.crs == grid.crs and shares.shape == grid.values.shape
        if not is_same or not np.allclose(
            other.transform[:6], grid.transform[:6], rtol=1e-9, atol=GRID_TOLERANCE * cell
        ):
            raise SourceError(
                f"landcover {path}: its grid is not that of the first file of fractions "
                f"({shares.shape} cells at {tuple(other.transform[:6])} in {other.crs.to_string()}, not "
                f"{grid.values.shape} at {tuple(grid.transform[:6])} in {grid.crs.to_string()}); bring the files onto "
                "one grid and one extent yourself, nothing is resampled in silence"
            )
        is_known = np.isfinite(shares)
        is_larger = is_known & (shares > largest)
        is_tied = (is_tied | (is_known & (shares == largest))) & ~is_larger
        largest, classes = np.where(is_larger, shares, largest), np.where(is_larger, float(code), classes)
        seen += is_known
    assert grid is not None
    is_whole, is_empty = seen == len(fractions), largest <= 0
    has_class = is_whole & ~is_empty
    return FractionReading(
        Raster(np.where(has_class, classes, np.nan), grid.transform, grid.crs, "landcover"),
        has_class.size,
        int(np.count_nonzero(~has_class)),
        dict(sentinels),
        tied_cells=int(np.count_nonzero(is_tied & has_class)),
        partly_void_cells=int(np.count_nonzero((seen > 0) & ~is_whole)),
        empty_cells=int(np.count_nonzero(is_whole & is_empty)),
    )


def refuse_stretched(reading: GridReading, path: Path) -> None:
    """Refuse cells whose size is not that on the ground: travel off the roads is measured by them."""
    crs = reading.raster.crs
    if is_web_map(crs):
        raise CrsError(
            f"landcover {path}: the CRS {crs.to_string()} is a web map's, whose cells are smaller on the ground than "
            "they say; warp the file, such as gdalwarp -r near -t_srs EPSG:4326 FILE NEW"
        )


def landcover_findings(reading: GridReading | None, at: shapely.Point) -> list[Finding]:
    """Say where the class of cells is not sure."""
    if not isinstance(reading, FractionReading):
        return []
    counted = {"ties": reading.tied_cells, "partly_void": reading.partly_void_cells, "empty": reading.empty_cells}
    return [
        Finding(f"landcover_{kind}", "landcover", at, {"cells": cells, "all": reading.cells})
        for kind, cells in counted.items()
        if cells
    ]
