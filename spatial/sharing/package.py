"""A study for others: what an audience gets of it, in which forms, and the package, written whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import rasterio.crs
import rasterio.shutil
from rasterio.io import MemoryFile
from rasterio.warp import transform_bounds

from spatial.crs import WGS84, Bounds
from spatial.errors import StoreError
from spatial.messages import Words
from spatial.plain_text import csv_bytes
from spatial.rasters import Raster
from spatial.reporting.disclosure import SUPPRESSED
from spatial.results import RASTERS, Results
from spatial.sharing.records import (
    LICENCES_FILE,
    PACKAGE_FILE,
    PackageMeta,
    SharedFile,
    citation,
    data_package,
    first_page,
    iso_record,
    licences,
    ro_crate,
    stac_documents,
)
from spatial.store import Artifact, Store, column_notes, replace, replace_folder, write_table
from spatial.tables import TABLES, Field

DRIVERS = {"flatgeobuf": "FlatGeobuf", "pmtiles": "PMTiles"}
"""Further forms and the GDAL drivers that write them."""
TILED = (
    "settlements", "facilities", "roads", "boundaries", "water", "study_area", "isochrones", "catchments",
    "plan_actions", "gaps",
)  # fmt: skip
"""Tables that maps show; tiles of a whole network would be drawn by nobody."""
ZOOMS = {"MINZOOM": 6, "MAXZOOM": 12}
"""From a province on the screen to a village: a step of a tile is 2 m at the last one."""
REFERENCES = {
    "settlement_id": "settlements",
    "from_id": "settlements",
    "to_id": "settlements",
    "facility_id": "facilities",
    "plan_id": "plans",
}
"""Columns that name a row of another table."""
TYPES = {"text": "string", "number": "number", "whole": "integer", "flag": "boolean", "list": "array"}
"""Kinds of columns as Frictionless calls them."""
TYPES_HELD = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
"""The same of columns of the user's own, by the kind of array; anything else is a text."""
UNITS = {"population": "persons", "elevation": "m", "friction": "min/m", "off_road_min": "min"}
"""Units of rasters; of classes there is none."""
OPEN_RASTERS = ("friction", "off_road_min")
"""Rasters of ours; people by cell and what others measured stay in the office."""
MEDIA_TYPES = {
    "page": "text/html",
    "js": "text/javascript",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
    "qgz": "application/zip",
    "tif": "image/tiff",
    "qml": "application/xml",
}
"""What pages, sheets and layers are to a catalogue."""
COG = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": "256", "STATISTICS": "YES", "NUM_THREADS": "1"}
"""How GDAL writes a cloud-optimised GeoTIFF: small, in tiles, the same each time."""


@dataclass(frozen=True, eq=False)
class Release:
    """What of a finished run an audience gets."""

    results: Results
    meta: PackageMeta
    cut: Mapping[str, pd.DataFrame] | None = None  # its tables where some are kept from it; else all that the run made
    open_rasters: Sequence[str] = OPEN_RASTERS  # its rasters where some are kept from it

    @property
    def names(self) -> list[str]:
        """Names of its tables."""
        return [name for name in self.results.names if name in TABLES] if self.cut is None else list(self.cut)

    def table(self, name: str) -> pd.DataFrame:
        """Read a table, as often as it is asked for: all of them together may not fit into memory."""
        frame = Store(self.results.folder).read(name) if self.cut is None else self.cut[name]
        if not isinstance(frame, pd.DataFrame):
            raise StoreError(f"{self.results.folder}: {name} is no table; run the study again: spatial run STUDY")
        return frame

    def rasters(self) -> Iterator[Raster]:
        """Read its rasters that have any value; with tables cut, those alone that are open."""
        store = Store(self.results.folder)
        for name in RASTERS if self.cut is None else self.open_rasters:
            raster = store.read(name) if store.path_of(name) is not None else None
            if isinstance(raster, Raster) and np.isfinite(raster.values).any():
                yield raster

    def notes(self, name: str) -> dict[str, str]:
        """Say what a file of a table carries about itself."""
        counts = {"population_basis": self.meta.population_basis} if TABLES[name].counts_people else {}
        return {"audience": self.meta.audience, "as_of": self.meta.as_of.isoformat(), **counts}

    def ids(self) -> dict[str, set[str]]:
        """Gather the ids that columns of other tables may name, by table."""
        tables = sorted(set(REFERENCES.values()) & set(self.names))
        return {name: set(self.table(name)[TABLES[name].key[0]]) for name in tables}


def write_package(
    release: Release,
    folder: Path,
    *,
    files: Sequence[Artifact] = (),
    also: Sequence[str] = (),
    method: str = "",
    progress: Callable[[float, str], None] | None = None,
) -> Path:
    """Write a release, with `files` made of it, as a folder and a zip in place of what stands there; return the zip."""
    refuse_missing_drivers(also)
    meta = release.meta
    archive, words = folder.with_name(f"{folder.name}.zip"), meta.words
    there = Store(folder).read_json(PACKAGE_FILE)
    if folder.exists() and not (isinstance(there, dict) and there.get("name") == meta.package_name):
        raise StoreError(f"{folder}: is there already and is no package {meta.package_name}; choose another with --out")
    # What is not ready lies in one place, so that the next one finds all that a killed one left.
    with replace_folder(folder) as new, replace(archive, by_way_of=new.parent) as zipped:
        names, ids = release.names, release.ids()
        listed: list[SharedFile] = []
        boxes: list[Any] = []
        for at, name in enumerate(names):
            if progress is not None:
                progress(0.8 * at / len(names), name)
            frame = shared_frame(release.table(name))
            made = write_forms(new, name, frame, release.notes(name), words, also=also)
            for file in made:
                keys = foreign_keys(ids, name, frame) if file.schema else []
                file.schema.update({"foreignKeys": keys} if keys else {})
            listed += made
            if isinstance(frame, gpd.GeoDataFrame) and len(frame):
                boxes.append(frame.total_bounds)
        for raster in release.rasters():
            file, content = cloud_optimised(raster, meta)
            (new / "rasters").mkdir(exist_ok=True)
            (new / file.path).write_bytes(content)
            listed.append(file)
            boxes.append(file.profile["box"])
        for artifact in files:
            Store(new).write_file(artifact)
            stem, _, ending = artifact.name.rpartition("/")[2].rpartition(".")
            kind = "page" if ending == "html" else ending
            listed.append(SharedFile(artifact.name, words.say("sink", kind, name=stem), MEDIA_TYPES[kind]))
        box = box_of(boxes)
        written = {
            "README.md": (first_page(listed, meta), "text/markdown"),
            LICENCES_FILE: (licences(meta), "text/markdown"),
            "CITATION.cff": (citation(meta), "application/yaml"),
            "metadata/iso19139.xml": (iso_record(meta, box, method), "application/xml"),
        }
        if box is not None and any(file.profile for file in listed):
            for place, content in stac_documents(listed, meta, box).items():
                written[place] = (content, "application/geo+json" if place.count("/") > 1 else "application/json")
        for place, (content, media_type) in written.items():
            Store(new).write_file(Artifact(place, content))
            listed.append(SharedFile(place, words.say("record", place.rpartition("/")[2]), media_type))
        (new / PACKAGE_FILE).write_bytes(data_package(new, listed, meta))
        listed.append(SharedFile(PACKAGE_FILE, words.say("record", PACKAGE_FILE), "application/json"))
        (new / "ro-crate-metadata.json").write_bytes(ro_crate(new, listed, meta, box))
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


def box_of(boxes: Sequence[Any]) -> Bounds | None:
    """Find the box around boxes in degrees, to the centimetre: what two libraries find is the same; None of none."""
    if not boxes:
        return None
    bounds = np.array(boxes, dtype=float)
    least, most = np.nanmin(bounds[:, :2], axis=0), np.nanmax(bounds[:, 2:], axis=0)
    return Bounds(*(round(value, 7) for value in (*least.tolist(), *most.tolist())))


def refuse_missing_drivers(also: Sequence[str]) -> None:
    """Refuse further forms that the GDAL beside this Python does not write, before any work."""
    writes = pyogrio.list_drivers(write=True)
    for form in also:
        if DRIVERS[form] not in writes:
            raise StoreError(
                f"GDAL {pyogrio.__gdal_version_string__} as installed here writes no {DRIVERS[form]}; leave "
                f"--also {form} out, or install pyogrio from its wheels: pip install --only-binary pyogrio pyogrio"
            )


def shared_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Put a table into degrees and in Hilbert order, rows without a place last, and lists into JSON."""
    plain = frame.reset_index(drop=True)
    for name in plain.columns:
        if name != "geometry" and plain[name].map(lambda cell: isinstance(cell, list | tuple | np.ndarray)).any():
            texts = [None if cell is None else json.dumps(np.asarray(cell).tolist()) for cell in plain[name]]
            plain[name] = pd.Series(texts, index=plain.index, dtype="str")
    if not isinstance(plain, gpd.GeoDataFrame):
        return plain
    placed = plain.to_crs(WGS84)
    here = ~(placed.geometry.isna() | placed.geometry.is_empty)
    located = gpd.GeoSeries(placed.geometry[here])
    distance = located.hilbert_distance() if len(located) else pd.Series(dtype="int64")
    order = [*distance.sort_values(kind="stable").index, *placed.index[~here]]
    return placed.loc[order].reset_index(drop=True)


def write_forms(
    folder: Path, name: str, frame: pd.DataFrame, notes: dict[str, str], words: Words, *, also: Sequence[str]
) -> list[SharedFile]:
    """Write a table, as `shared_frame` gives it, into the folder of a package in every form that it has."""
    title = words.title(TABLES[name].title)
    for part in ("tables", "csv", *(form for form in also if isinstance(frame, gpd.GeoDataFrame))):
        (folder / part).mkdir(exist_ok=True)

    def told(known: Field) -> dict[str, str]:
        return column_notes(known) | {"title": words.title(known.title), "description": words.about(known.description)}

    write_table(folder / "tables" / f"{name}.parquet", name, frame, notes, told=told, covering=has_boxes(frame))
    made = [SharedFile(f"tables/{name}.parquet", title, "application/vnd.apache.parquet")]
    plain = pd.DataFrame(frame)
    if isinstance(frame, gpd.GeoDataFrame):
        plain = plain.drop(columns=frame.active_geometry_name)
        points = frame.geometry
        if (points.geom_type.isna() | (points.geom_type == "Point")).all() and len(frame):
            plain = plain.assign(geometry_longitude=points.x, geometry_latitude=points.y)

    def put(form: str, ending: str, content: bytes, media_type: str, **more: Any) -> None:
        (folder / form / f"{name}.{ending}").write_bytes(content)
        made.append(SharedFile(f"{form}/{name}.{ending}", title, media_type, **more))

    put("csv", "csv", csv_bytes(plain), "text/csv", schema=_schema(name, plain, words))
    if not isinstance(frame, gpd.GeoDataFrame):
        return made
    drawn = frame.loc[~(frame.geometry.isna() | frame.geometry.is_empty)]
    if "flatgeobuf" in also and len(drawn):
        put("flatgeobuf", "fgb", _layer(drawn, name, "FlatGeobuf", {}), "application/flatgeobuf")
    if "pmtiles" in also and len(drawn) and name in TILED:
        content = _layer(drawn, name, "PMTiles", {"NAME": name, **ZOOMS})
        put("pmtiles", "pmtiles", content, "application/vnd.pmtiles")
    return made


def has_boxes(frame: pd.DataFrame) -> bool:
    """Tell whether boxes are written beside the shapes of a table, so that readers skip what lies elsewhere."""
    return isinstance(frame, gpd.GeoDataFrame) and "bbox" not in frame and len(frame) > 0


def _layer(frame: gpd.GeoDataFrame, name: str, driver: str, options: dict[str, Any]) -> bytes:
    """Write a layer by GDAL in memory: what a full disk stops is then a plain write."""
    file = io.BytesIO()
    kinds = set(frame.geometry.geom_type.str.removeprefix("Multi"))
    kind = "Unknown" if len(kinds) > 1 else None
    pyogrio.write_dataframe(frame, file, layer=name, driver=driver, geometry_type=kind, **options)
    return file.getvalue()


def _schema(name: str, frame: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Describe the columns of a table as Frictionless does; what its cells do not keep is not promised."""
    table = TABLES[name]
    fields = []
    # An empty text and a missing one look the same in a CSV; a number is never written as an empty one.
    empty = {
        column: bool(values.isna().any() or (values.dtype.kind not in "biuf" and values.astype(str).eq("").any()))
        for column, values in frame.items()
    }
    for column, values in frame.items():
        known = SUPPRESSED if column == SUPPRESSED.name else table.field(str(column))
        if known is None:  # a column of the user's own
            told: dict[str, Any] = {"name": column, "type": TYPES_HELD.get(values.dtype.kind, "string")}
        else:
            told = {"name": column, "type": TYPES[known.kind], "title": words.title(known.title)}
            told |= {"description": words.about(known.description), "unit": known.unit}
            limits = {
                "required": not known.nullable and not empty[column],
                "unique": known.unique and not empty[column],
                "minimum": known.minimum,
                "maximum": known.maximum,
                "enum": [value for value in known.values if value],
            }
            told["constraints"] = {
                key: value for key, value in limits.items() if value is not False and value not in (None, [])
            }
        if told["type"] == "boolean":
            told |= {"trueValues": ["True"], "falseValues": ["False"]}
        fields.append({key: value for key, value in told.items() if value not in ("", {})})
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if table.key and all(column in empty and not empty[column] for column in table.key):
        schema["primaryKey"] = list(table.key)
    return schema


def foreign_keys(frames: Mapping[str, set[str]], name: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Name the columns of a table whose every value is an id of another table; `frames` holds these ids by table."""
    return [
        {"fields": [column], "reference": {"resource": table, "fields": [TABLES[table].key[0]]}}
        for column, table in REFERENCES.items()
        if column in frame and table != name and table in frames and set(frame[column].dropna()) <= frames[table]
    ]


def cloud_optimised(raster: Raster, meta: PackageMeta) -> tuple[SharedFile, bytes]:
    """Write a raster in its own CRS as a cloud-optimised GeoTIFF, and say what a catalogue says of it."""
    rows, columns = raster.values.shape
    name, title = raster.name, meta.words.say("raster", raster.name)
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
    profile = {"box": box_of([transform_bounds(crs, WGS84, *bounds)]), "band": band, "projection": projection}
    return SharedFile(f"rasters/{name}.tif", title, "image/tiff; application=geotiff; profile=cloud-optimized",
                      profile=profile), content  # fmt: skip
