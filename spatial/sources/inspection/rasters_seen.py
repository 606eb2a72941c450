"""What a raster looks to be: people per cell, heights, classes of land cover, or shares of one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio.warp import transform_bounds

from spatial.crs import WGS84
from spatial.sources.grids import COMMON_SENTINELS, HIGHEST_LAND_M, LOWEST_LAND_M
from spatial.sources.inspection.field_names import meanings
from spatial.sources.inspection.kinds import kind_words
from spatial.sources.inspection.reports import LayerReport, Proposal, Setting
from spatial.sources.tiles import open_tile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from spatial.sources.tiles import Tile

__all__ = ["RASTER_ENDINGS", "see_raster", "share_class"]

RASTER_ENDINGS = (".tif", ".tiff", ".hgt", ".hgt.zip")
MOST_CLASSES = 40
BANDS, BAND_ROWS = 16, 24
_KINDS = ("population", "elevation", "landcover")


def see_raster(path: Path, *, named: str) -> LayerReport:
    """Look at a raster file."""
    tile = open_tile(path, what="file")
    values = _sample(tile)
    finite = values[np.isfinite(values)]
    rows, columns = tile.shape
    notes = [
        f"{rows:,} rows x {columns:,} columns, cells of {abs(tile.transform.a):.6g} x {abs(tile.transform.e):.6g}"
    ]
    nodata = _nodata(path)
    notes.append(f"nodata is {nodata:g}" if nodata is not None else "it declares no nodata")
    sentinels = [value for value in COMMON_SENTINELS if (finite == value).any()] if nodata is None else []
    if sentinels:
        notes.append(f"cells hold {', '.join(f'{value:g}' for value in sentinels)}, which is read as no data")
        finite = finite[~np.isin(finite, sentinels)]
    if len(finite):
        notes.append(
            f"values {finite.min():.6g} to {finite.max():.6g} in the cells looked at ({len(finite):,})"
        )
    kind, reasons = _kind(path, finite)
    classes = np.unique(finite) if kind == "landcover" else np.empty(0)
    if 0 < len(classes) <= MOST_CLASSES:
        listed = ", ".join(f"{value:g}" for value in classes)
        notes.append(f"classes {listed}: the table of speeds off the roads must know them")
    bounds = transform_bounds(tile.crs.to_wkt(), WGS84, *_corners(tile), densify_pts=21)
    west, south, east, north = (float(value) for value in bounds)
    settings = [Setting("path", named)]
    if kind == "landcover" and share_class(path) is not None:
        settings = [
            Setting(f"fractions.{share_class(path)}", named, "share of one class; give the other classes too")
        ]
    return LayerReport(
        rows=rows * columns,
        crs=tile.crs.name,
        extent=f"longitude {west:.4f} to {east:.4f}, latitude {south:.4f} to {north:.4f}",
        notes=tuple(notes),
        kind=kind,
        reasons=reasons,
        proposal=None if kind == "unknown" else Proposal(f"sources.{kind}", tuple(settings)),
        bounds=(west, south, east, north),
    )


def share_class(path: Path) -> int | None:
    """
    Tell the class of land cover whose share a file holds, by its name.

    Returns class of the speed table of land cover; None where the name has no such word.
    """
    words = path.name.casefold().split(".")[0].replace("-", "_").split("_")
    return next((int(number) for word, number in meanings()["classes"].items() if word in words), None)


def _corners(tile: Tile) -> tuple[float, float, float, float]:
    rows, columns = tile.shape
    x0, y0 = tile.transform * (0, 0)
    x1, y1 = tile.transform * (columns, rows)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _sample(tile: Tile) -> NDArray[np.float64]:
    rows, columns = tile.shape
    if rows <= BANDS * BAND_ROWS or tile.path.suffix.lower() in {".hgt", ".zip"}:
        return tile.read(0, rows, 0, columns)
    starts = np.linspace(0, rows - BAND_ROWS, BANDS).astype(int)
    return np.vstack([tile.read(int(start), int(start) + BAND_ROWS, 0, columns) for start in starts])


def _nodata(path: Path) -> float | None:
    if path.suffix.lower() not in {".tif", ".tiff"}:
        return -32768.0
    with rasterio.open(path, driver="GTiff") as source:
        return None if source.nodata is None else float(source.nodata)


def _kind(path: Path, values: NDArray[np.float64]) -> tuple[str, tuple[str, ...]]:
    words = [kind for kind in _KINDS if kind in kind_words(path.name.split(".")[0])]
    if path.suffix.lower() != ".tif" and path.name.lower().endswith((".hgt", ".hgt.zip")):
        return "elevation", ("an SRTM tile: heights in metres",)
    if not len(values):
        return "unknown", ("the cells looked at are empty",)
    low, high = float(values.min()), float(values.max())
    whole = bool((np.mod(values, 1) == 0).all())
    classes = np.unique(values) if whole else np.empty(0)
    fits = {
        "population": low >= 0,
        "elevation": low >= LOWEST_LAND_M and high <= HIGHEST_LAND_M,
        "landcover": (whole and low >= 0 and len(classes) <= MOST_CLASSES)
        or (share_class(path) is not None and low >= 0 and high <= 100),
    }
    if len(words) == 1 and fits[words[0]]:
        return words[0], (f"its name speaks of {words[0]}", "its values fit that")
    if words:
        return "unknown", (f"its name speaks of {' and '.join(words)}, its values do not settle it",)
    why = "neither its name nor its values say what it is"
    if whole and 2 <= len(classes) <= MOST_CLASSES and low >= 0 and high <= 255:
        why = f"{len(classes)} whole values: classes of land cover?"
    elif fits["elevation"] and high > 50 and np.median(np.abs(np.diff(values[:1000]))) < 60:
        why = "values change little from cell to cell, between 0 and 9,000: heights in metres?"
    elif fits["population"] and (values == 0).mean() + (values < 50).mean() > 1.0:
        why = "many empty cells and few full ones: people per cell?"
    return "unknown", (why,)
