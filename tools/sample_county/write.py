"""The sample county as raw files, each in the form in which offices and OpenStreetMap deliver."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import rasterio
from rasterio.transform import from_origin

from tools.sample_county.bureau.write import BUREAU_ORIGIN, write_bureau
from tools.sample_county.cover import NO_COVER, land_cover
from tools.sample_county.ground import CELL_DEGREES, COLUMNS, NORTH, ROWS, WEST, to_degrees
from tools.sample_county.spread import NODATA
from tools.sample_county.water import river_cells
from tools.sample_county.write_osm import write_osm

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from tools.sample_county.county import County

    FloatArray = NDArray[np.float64]

__all__ = ["SampleForm", "write_county"]

SampleForm = Literal["open", "bureau"]
"""open: an OpenStreetMap extract and plain tables; bureau: the files that a Chinese county's bureaus have."""

OPEN_ORIGIN = {
    "sample.osm.pbf": "Made-up roads, boundaries and water in the form of an OpenStreetMap extract",
    "settlements.csv": "Made-up list of settlements in the form of a county's civil affairs office",
    "facilities.csv": "Made-up list of facilities in the form of a county's departments",
    "flows.csv": "Made-up yearly flows of people and parcels between settlements",
}
RASTER_ORIGIN = {
    "population.tif": "Made-up population raster, persons per cell of 3 seconds of arc",
    "elevation.tif": "Made-up elevation model, metres per cell of 3 seconds of arc",
    "landcover.tif": "Made-up land cover, IGBP classes per cell of 3 seconds of arc",
}


def write_county(folder: Path | str, county: County, *, form: SampleForm = "open") -> list[Path]:
    """
    Write a county's raw files, and list them with ``source.toml``, which describes them, at the end.

    The folder is made if it is not there; files of the same names are replaced. The same county gives the same bytes,
    with the same versions of the libraries.
    """
    if form not in get_args(SampleForm):
        raise ValueError(f"form: {form!r} is not one of {', '.join(get_args(SampleForm))}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if form == "open":
        _write_open(folder, county)
    else:
        write_bureau(folder, county)
    _write_rasters(folder, county)
    origin = {**(OPEN_ORIGIN if form == "open" else BUREAU_ORIGIN), **RASTER_ORIGIN}
    description = folder / "source.toml"
    description.write_text(_description(folder, origin, county.seed), encoding="utf-8", newline="\n")
    return [*(folder / name for name in origin), description]


def _write_open(folder: Path, county: County) -> None:
    extract, *tables = (folder / name for name in OPEN_ORIGIN)
    write_osm(extract, county)
    for file, frame in zip(tables, (_settlements(county), _facilities(county), county.flows), strict=True):
        frame.to_csv(file, index=False, lineterminator="\n", encoding="utf-8")


def _write_rasters(folder: Path, county: County) -> None:
    population, elevation, landcover = (folder / name for name in RASTER_ORIGIN)
    _write_raster(population, county.population.astype(np.float32), nodata=NODATA)
    _write_raster(elevation, np.round(county.terrain.elevation_m).astype(np.int16), nodata=-32_768)
    cover = land_cover(county.terrain, county.population, river_cells(county.terrain).reshape(ROWS, COLUMNS))
    _write_raster(landcover, cover, nodata=NO_COVER)


def _settlements(county: County) -> pd.DataFrame:
    frame = county.settled.frame.copy()
    degrees = to_degrees(county.points)
    frame.insert(3, "lon", degrees[:, 0])
    frame.insert(4, "lat", degrees[:, 1])
    return frame


def _facilities(county: County) -> pd.DataFrame:
    frame = county.facilities
    degrees = to_degrees(frame[["x", "y"]].to_numpy())
    return frame.assign(x=degrees[:, 0], y=degrees[:, 1]).rename(columns={"x": "lon", "y": "lat"})


def _write_raster(file: Path, values: NDArray[np.generic], *, nodata: float) -> None:
    options = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": values.dtype.name,
        "crs": "EPSG:4326",
        "transform": from_origin(WEST, NORTH, CELL_DEGREES, CELL_DEGREES),
        "nodata": nodata,
        "compress": "deflate",
        "predictor": 2 if values.dtype.kind in "iu" else 3,
        "tiled": True,
    }
    with rasterio.open(file, "w", **options) as raster:
        raster.write(values, 1)


def _description(folder: Path, origin: dict[str, str], seed: int) -> str:
    lines = [
        "# The embedded sample county of the package `spatial`. SYNTHETIC: no such county, place or person exists.",
        # The generator's first home: the line stays, so that the county's files and fingerprints stay.
        f"# Written by spatial.sources.sample.write_sample_county with seed {seed}.",
    ]
    for name, text in origin.items():
        lines += [
            "",
            "[[file]]",
            f'path = "{name}"',
            f'origin = "{text} (synthetic)"',
            'licence = "CC0-1.0"',
            'vintage = "2026-01"',
            'address = "unknown"',
            f'sha256 = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"',
        ]
    return "\n".join(lines) + "\n"
