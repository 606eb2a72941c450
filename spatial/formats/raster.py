"""Rasters of population, elevation and land cover: opened, mosaicked on one grid, never resampled."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pyproj
import rasterio
from affine import Affine
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from spatial.crs import WGS84, is_web_map
from spatial.errors import CrsError, SourceError, first_of
from spatial.formats.files import local_file
from spatial.formats.notes import Finding, Note
from spatial.georef.datums import refuse_unknown_shift
from spatial.rasters import Raster

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import shapely
    from numpy.typing import NDArray


# One raster file, opened without reading it whole: GeoTIFF, or an SRTM .hgt tile in a zip or by itself.

TIFF_BEGINNINGS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
HGT_VOID = -32768
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

    def read(self, row0: int, row1: int, column0: int, column1: int) -> NDArray[np.float64]:
        """Read some of its cells."""
        if self.path.suffix.lower() in {".hgt", ".zip"}:
            cells = np.frombuffer(_hgt_bytes(self.path, self.member, self.what), dtype=">i2").reshape(
                self.shape
            )
            part: NDArray[np.float64] = cells[row0:row1, column0:column1].astype(np.float64)
            part[part == HGT_VOID] = np.nan
            return part
        window = Window(column0, row0, column1 - column0, row1 - row0)
        try:
            with rasterio.open(self.path, driver="GTiff") as source:
                part = np.array(source.read(1, window=window), dtype=np.float64)
                part = part * source.scales[0] + source.offsets[0]
                part[source.read_masks(1, window=window) == 0] = np.nan
        except (RasterioError, RasterioIOError, ValueError) as error:
            raise SourceError(
                f"{self.what} {self.path}: the GeoTIFF is truncated or damaged: {error}; fetch it again"
            ) from error
        return part


def open_tile(path: Path, *, what: str = "raster") -> Tile:
    """Open one raster file."""
    suffix = path.suffix.lower()
    if suffix in {".tif", ".tiff"}:
        return _open_tiff(local_file(path, what=what, magic=TIFF_BEGINNINGS, kind="GeoTIFF"), what)
    if suffix == ".zip":
        file = local_file(path, what=what, magic=(b"PK",), kind="zip")
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile as error:
            raise SourceError(
                f"{what} {file}: the zip is truncated or damaged: {error}; fetch it again"
            ) from error
        tiles = [name for name in names if name.lower().endswith(".hgt")]
        wanted = _HGT_NAME.search(file.name)
        if wanted is not None:
            tiles = [name for name in tiles if wanted[0].lower() in name.rsplit("/", 1)[-1].lower()]
        if len(tiles) != 1:
            meant = f"{wanted[0].upper()}.hgt" if wanted is not None else "one .hgt tile"
            raise SourceError(
                f"{what} {file}: the zip does not hold {meant} but {first_of(names)}; fetch it again"
            )
        return _open_hgt(file, tiles[0], what)
    if suffix == ".hgt":
        return _open_hgt(local_file(path, what=what), "", what)
    raise SourceError(
        f"{what} {path}: the ending {path.suffix!r} is not known; give a .tif, .hgt or .hgt.zip file"
    )


def _open_tiff(file: Path, what: str) -> Tile:
    try:
        with rasterio.open(file, driver="GTiff") as source:
            bands, crs, transform, shape = source.count, source.crs, source.transform, source.shape
    except (RasterioError, RasterioIOError) as error:
        raise SourceError(
            f"{what} {file}: the GeoTIFF is truncated or damaged: {error}; fetch it again"
        ) from error
    if bands != 1:
        raise SourceError(f"{what} {file}: {bands} bands; write the one that is meant to a file of its own")
    if crs is None:
        raise CrsError(
            f"{what} {file}: no CRS; write it into the file, such as gdal_edit.py -a_srs EPSG:4326 FILE"
        )
    if transform == Affine.identity():
        raise SourceError(f"{what} {file}: no place on the ground (no geotransform); georeference it first")
    return Tile(file, transform, pyproj.CRS.from_user_input(crs.to_wkt()), shape, what=what)


def _open_hgt(file: Path, member: str, what: str) -> Tile:
    named = _HGT_NAME.search(member.rsplit("/", 1)[-1] or file.name)
    if named is None:
        raise SourceError(
            f"{what} {file}: the name does not say where the tile lies, as N07E080.hgt does; rename it"
        )
    size = _member_size(file, member)
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


def _member_size(file: Path, member: str) -> int:
    if not member:
        return file.stat().st_size
    with zipfile.ZipFile(file) as archive:
        return archive.getinfo(member).file_size


def _hgt_bytes(file: Path, member: str, what: str) -> bytes:
    if not member:
        return file.read_bytes()
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceError(
            f"{what} {file}: the zip is truncated or damaged: {error}; fetch it again"
        ) from error
    except RuntimeError as error:
        # Locked with a password, or packed in a way that Python does not know (NotImplementedError).
        raise SourceError(
            f"{what} {file}: cannot be unpacked: {error}; unpack it and give the .hgt"
        ) from error


# Rasters of population and elevation: GeoTIFF and zipped .hgt, mosaicked on one grid, never resampled.

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
    def notes(self) -> tuple[Note, ...]:
        """What a reader should know; empty where every "no data" value was declared."""
        data = {"section": "data_kind", "word": self.raster.name}
        return tuple(
            Note("nodata", number, {"data": data, "count": number, "value": f"{value:g}"})
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
    fractions: Mapping[int, Path],
    *,
    nodata: float | None = None,
    within: tuple[float, float, float, float] | None = None,
) -> FractionReading:
    """
    Read one raster of shares a class, and give each cell the class of the largest share.

    Returns classes; NaN where a file has no data or all shares are 0. Of equal shares the class named first
    counts.
    """
    if not fractions:
        raise SourceError("landcover: no file is named in fractions; give one a class in the study file")
    sentinels: dict[float, int] = {}
    best: _Largest | None = None
    for code, path in fractions.items():
        reading = read_grid(path, nodata=nodata, name="landcover", within=within)
        for value, cells in reading.sentinels.items():
            sentinels[value] = sentinels.get(value, 0) + cells
        _refuse_no_share(reading.raster, path)
        best = best or _Largest(reading.raster)
        _refuse_other_land_grid(best.grid, reading.raster, path)
        best.take(float(code), reading.raster.values)
    return cast("_Largest", best).reading(len(fractions), sentinels)


class _Largest:
    """The largest share of each cell so far, and whose it is."""

    def __init__(self, grid: Raster) -> None:
        shape = grid.values.shape
        self.grid = grid
        self.share, self.code = np.full(shape, -1.0), np.full(shape, np.nan)
        self.is_tied, self.seen = np.zeros(shape, np.bool_), np.zeros(shape, np.int64)

    def take(self, code: float, shares: NDArray[np.float64]) -> None:
        is_known = np.isfinite(shares)
        is_larger = is_known & (shares > self.share)
        self.is_tied = (self.is_tied | (is_known & (shares == self.share))) & ~is_larger
        self.share, self.code = np.where(is_larger, shares, self.share), np.where(is_larger, code, self.code)
        self.seen += is_known

    def reading(self, files: int, sentinels: dict[float, int]) -> FractionReading:
        is_whole, is_empty = self.seen == files, self.share <= 0
        has_class = is_whole & ~is_empty
        values = np.where(has_class, self.code, np.nan)
        return FractionReading(
            Raster(values, self.grid.transform, self.grid.crs, "landcover"),
            values.size,
            int(np.count_nonzero(~has_class)),
            sentinels,
            tied_cells=int(np.count_nonzero(self.is_tied & has_class)),
            partly_void_cells=int(np.count_nonzero((self.seen > 0) & ~is_whole)),
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
    said = (
        (
            "landcover_ties",
            reading.tied_cells,
            "two classes or more have the largest share; the one named first counts",
        ),
        ("landcover_partly_void", reading.partly_void_cells, "only some of the files hold data; no class"),
        ("landcover_empty", reading.empty_cells, "the shares of all classes are 0; no class"),
    )
    return [
        Finding(kind, "landcover", f"{cells:,} of {reading.cells:,} cells: {words}", at)
        for kind, cells, words in said
        if cells
    ]


def _refuse_no_share(raster: Raster, path: Path) -> None:
    wrong = (raster.values < 0) | (raster.values > MOST_PERCENT)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise SourceError(
            f"landcover {path}: {int(wrong.sum()):,} cell(s) hold no share from 0 to 100, such as "
            f"{raster.values[row, column]:g} at row {row}, column {column}; declare nodata in the study file, or "
            "name a raster of classes as path instead of fractions"
        )


def _refuse_other_land_grid(first: Raster, other: Raster, path: Path) -> None:
    cell = abs(first.transform.a)
    is_same = (
        other.crs == first.crs
        and other.values.shape == first.values.shape
        and np.allclose(other.transform[:6], first.transform[:6], rtol=1e-9, atol=GRID_TOLERANCE * cell)
    )
    if not is_same:
        raise SourceError(
            f"landcover {path}: its grid is not that of the first file of fractions "
            f"({other.values.shape} cells at {tuple(other.transform[:6])} in {other.crs.to_string()}, not "
            f"{first.values.shape} at {tuple(first.transform[:6])} in {first.crs.to_string()}); bring the files onto "
            "one grid and one extent yourself, nothing is resampled in silence"
        )
