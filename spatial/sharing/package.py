"""A study as a package: a folder and a zip with its tables, rasters and records, written whole or not at all."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import rasterio.crs
import rasterio.shutil
from rasterio.io import MemoryFile
from rasterio.warp import transform_bounds

from spatial.errors import StoreError
from spatial.rasters import Raster
from spatial.results import RASTERS
from spatial.sharing.meta import LICENCES_FILE, PACKAGE_FILE, Box, SharedFile
from spatial.sharing.records import citation, data_package, first_page, iso_record, licences, ro_crate, stac_documents
from spatial.sharing.table_forms import (
    DEGREES,
    REFERENCES,
    foreign_keys,
    refuse_missing_drivers,
    shared_frame,
    write_forms,
)
from spatial.store import Artifact, Store, replace, replace_folder
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from spatial.results import Results
    from spatial.sharing.meta import PackageMeta


UNITS = {"population": "persons", "elevation": "m", "friction": "min/m", "off_road_min": "min"}
"""Units of rasters; of classes there is none."""
OPEN_RASTERS = ("friction", "off_road_min")
"""Rasters of ours; people by cell and what others measured stay in the office."""
COG = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": "256", "STATISTICS": "YES", "NUM_THREADS": "1"}
"""How GDAL writes a cloud-optimised GeoTIFF: small, in tiles, the same each time."""


def write_package(  # noqa: PLR0913 - what is written, and how, are one option each
    results: Results,
    meta: PackageMeta,
    folder: Path,
    *,
    cut: Mapping[str, pd.DataFrame] | None = None,
    also: Sequence[str] = (),
    method: str = "",
    progress: Callable[[float, str], None] | None = None,
) -> Path:
    """
    Write the results of a run as a package, a folder and a zip beside it, in place of the one that stands there.

    With `cut` its tables are those, and its rasters the ones that are open; else it holds all that the run has made.
    Returns the path of the zip.
    """
    refuse_missing_drivers(also)
    archive = folder.with_name(f"{folder.name}.zip")
    there = Store(folder).read_json(PACKAGE_FILE)
    if folder.exists() and not (isinstance(there, dict) and there.get("name") == meta.package_name):
        raise StoreError(f"{folder}: is there already and is no package {meta.package_name}; choose another with --out")
    with replace(archive) as zipped, replace_folder(folder) as new:
        store, words = Store(results.folder), meta.words
        names = [name for name in results.names if name in TABLES] if cut is None else list(cut)

        def table(name: str) -> pd.DataFrame:
            frame = store.read(name) if cut is None else cut[name]
            if not isinstance(frame, pd.DataFrame):
                raise StoreError(f"{store.folder}: {name} is no table; run the study again: spatial run STUDY")
            return frame

        notes = {"audience": meta.audience, "as_of": meta.as_of.isoformat()}
        ids: dict[str, set[str]] = {}
        for name in sorted(set(REFERENCES.values()) & set(names)):
            ids[name] = set(table(name)[TABLES[name].key[0]])
        files: list[SharedFile] = []
        boxes: list[Any] = []
        for at, name in enumerate(names):
            if progress is not None:
                progress(0.8 * at / len(names), name)
            frame = shared_frame(table(name))
            counts = {"population_basis": meta.population_basis} if TABLES[name].counts_people else {}
            made = write_forms(new, name, frame, notes | counts, words, also=also)
            for file in made:
                keys = foreign_keys(ids, name, frame) if file.schema else []
                file.schema.update({"foreignKeys": keys} if keys else {})
            files += made
            if isinstance(frame, gpd.GeoDataFrame) and len(frame):
                boxes.append(frame.total_bounds)
        for name in RASTERS if cut is None else OPEN_RASTERS:
            raster = store.read(name) if store.path_of(name) is not None else None
            if isinstance(raster, Raster) and np.isfinite(raster.values).any():
                title = words.say("raster", name)
                file, content = _cloud_optimised(raster, name, title, meta)
                (new / "rasters").mkdir(exist_ok=True)
                (new / file.path).write_bytes(content)
                files.append(file)
                boxes.append(file.profile["box"].numbers)
        bounds = np.array(boxes, dtype=float)
        box = None
        if len(bounds):
            box = Box(*np.nanmin(bounds[:, :2], axis=0).tolist(), *np.nanmax(bounds[:, 2:], axis=0).tolist())
        written = {
            "README.md": (first_page(files, meta), "text/markdown"),
            LICENCES_FILE: (licences(meta), "text/markdown"),
            "CITATION.cff": (citation(meta), "application/yaml"),
            "metadata/iso19139.xml": (iso_record(meta, box, method), "application/xml"),
        }
        if box is not None and any(file.profile for file in files):
            for place, content in stac_documents(files, meta, box).items():
                written[place] = (content, "application/geo+json" if place.count("/") > 1 else "application/json")
        for place, (content, media_type) in written.items():
            Store(new).write_file(Artifact(place, content))
            files.append(SharedFile(place, words.say("record", place.rpartition("/")[2]), media_type))
        (new / PACKAGE_FILE).write_bytes(data_package(new, files, meta))
        files.append(SharedFile(PACKAGE_FILE, words.say("record", PACKAGE_FILE), "application/json"))
        (new / "ro-crate-metadata.json").write_bytes(ro_crate(new, files, meta, box))
        if progress is not None:
            progress(0.9, archive.name)
        with zipfile.ZipFile(zipped, "w") as packed:
            for path in sorted(new.rglob("*")):
                if path.is_file():
                    # The day of the study, and no machine's own facts: the same files give the same bytes.
                    inside = f"{meta.package_name}/{path.relative_to(new).as_posix()}"
                    entry = zipfile.ZipInfo(
                        inside, (max(meta.as_of.year, 1980), meta.as_of.month, meta.as_of.day, 0, 0, 0)
                    )
                    entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                    entry.external_attr = 0o644 << 16
                    packed.writestr(entry, path.read_bytes())
    return archive


def _cloud_optimised(raster: Raster, name: str, title: str, meta: PackageMeta) -> tuple[SharedFile, bytes]:
    """Write a raster in its own CRS as a cloud-optimised GeoTIFF, and say what a catalogue says of it."""
    rows, columns = raster.values.shape
    crs = rasterio.crs.CRS.from_wkt(raster.crs.to_wkt())
    plain = {"driver": "GTiff", "height": rows, "width": columns, "count": 1, "dtype": "float64", "crs": crs}
    with MemoryFile() as memory, MemoryFile(ext=".tif") as cloud:
        with memory.open(**plain, transform=raster.transform, nodata=float("nan")) as target:
            target.write(raster.values, 1)
            target.set_band_unit(1, UNITS.get(name, ""))
            target.set_band_description(1, title)
            target.update_tags(audience=meta.audience, as_of=meta.as_of.isoformat())
            bounds = target.bounds
        with memory.open() as source:
            overviews = "MODE" if name not in UNITS else "AVERAGE"
            rasterio.shutil.copy(source, cloud.name, driver="COG", OVERVIEW_RESAMPLING=overviews, **COG)
        content = bytes(cloud.getbuffer())
    known = raster.values[np.isfinite(raster.values)]
    band = {
        "name": name,
        "data_type": "float64",
        "nodata": "nan",
        "statistics": {
            "minimum": float(known.min()),
            "maximum": float(known.max()),
            "mean": float(known.mean()),
            "stddev": float(known.std()),
            "count": int(known.size),
            "valid_percent": 100.0 * known.size / raster.values.size,
        },
        "raster:sampling": "area",
        "raster:spatial_resolution": float(abs(raster.transform.a)),
    }
    if name in UNITS:
        band["unit"] = UNITS[name]
    code = raster.crs.to_epsg()
    projection: dict[str, Any] = {"proj:shape": [rows, columns], "proj:transform": list(raster.transform)[:6]}
    projection |= {"proj:code": f"EPSG:{code}"} if code else {"proj:projjson": raster.crs.to_json_dict()}
    profile = {"box": Box(*transform_bounds(crs, DEGREES, *bounds)), "band": band, "projection": projection}
    return SharedFile(f"rasters/{name}.tif", title, "image/tiff; application=geotiff; profile=cloud-optimized",
                      profile=profile), content  # fmt: skip
