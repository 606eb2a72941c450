"""Land cover: a raster of classes, or one raster of shares a class, of which the largest gives the class of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from spatial.crs import is_web_map
from spatial.errors import CrsError, SourceError
from spatial.rasters import Raster
from spatial.sources.findings import Finding
from spatial.sources.grids import GRID_TOLERANCE, GridReading, read_grid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import shapely
    from numpy.typing import NDArray

__all__ = ["FractionReading", "landcover_findings", "read_fractions", "refuse_stretched"]

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
        _refuse_other_grid(best.grid, reading.raster, path)
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


def _refuse_other_grid(first: Raster, other: Raster, path: Path) -> None:
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
