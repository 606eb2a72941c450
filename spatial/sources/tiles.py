"""One raster file, opened without reading it whole: GeoTIFF, or an SRTM .hgt tile in a zip or by itself."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import rasterio
from affine import Affine
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from spatial.crs import WGS84
from spatial.errors import CrsError, SourceError, first_of
from spatial.sources.files import local_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Tile", "open_tile"]

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
        return _open_hgt(file, _member(file, what), what)
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


def _member(file: Path, what: str) -> str:
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
    return tiles[0]


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
