"""A table in the forms in which others read it: GeoParquet, CSV, FlatGeobuf and vector tiles."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from spatial.errors import StoreError
from spatial.plain_text import csv_bytes
from spatial.reporting.disclosure import SUPPRESSED
from spatial.sharing.meta import SharedFile
from spatial.store import write_table
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spatial.messages import Words


DEGREES = "EPSG:4326"
"""CRS of everything that is passed on."""
DRIVERS = {"flatgeobuf": "FlatGeobuf", "pmtiles": "PMTiles"}
"""Further forms and the GDAL drivers that write them."""
TILED = (
    "settlements",
    "facilities",
    "roads",
    "boundaries",
    "water",
    "study_area",
    "isochrones",
    "catchments",
    "plan_actions",
    "gaps",
)
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
    placed = plain.to_crs(DEGREES)
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
    covering = isinstance(frame, gpd.GeoDataFrame) and "bbox" not in frame and len(frame) > 0
    write_table(folder / "tables" / f"{name}.parquet", name, frame, notes, covering=covering)
    made = [SharedFile(f"tables/{name}.parquet", title, "application/vnd.apache.parquet")]
    plain = pd.DataFrame(frame)
    if isinstance(frame, gpd.GeoDataFrame):
        plain = plain.drop(columns=frame.active_geometry_name)
        points = frame.geometry
        if (points.geom_type.isna() | (points.geom_type == "Point")).all() and len(frame):
            plain = plain.assign(geometry_longitude=points.x, geometry_latitude=points.y)
    (folder / "csv" / f"{name}.csv").write_bytes(csv_bytes(plain))
    made.append(SharedFile(f"csv/{name}.csv", title, "text/csv", schema=_schema(name, plain, words)))
    if not isinstance(frame, gpd.GeoDataFrame):
        return made
    drawn = frame.loc[~(frame.geometry.isna() | frame.geometry.is_empty)]
    if "flatgeobuf" in also and len(drawn):
        content = _layer(drawn, name, "FlatGeobuf", {})
        (folder / "flatgeobuf" / f"{name}.fgb").write_bytes(content)
        made.append(SharedFile(f"flatgeobuf/{name}.fgb", title, "application/flatgeobuf"))
    if "pmtiles" in also and len(drawn) and name in TILED:
        content = _layer(drawn, name, "PMTiles", {"NAME": name, **ZOOMS})
        (folder / "pmtiles" / f"{name}.pmtiles").write_bytes(content)
        made.append(SharedFile(f"pmtiles/{name}.pmtiles", title, "application/vnd.pmtiles"))
    return made


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
    # An empty text and a missing one look the same in a CSV.
    empty = {column: bool((frame[column].isna() | (frame[column].astype(str) == "")).any()) for column in frame}
    for column, values in frame.items():
        known = SUPPRESSED if column == SUPPRESSED.name else table.field(str(column))
        if known is None:  # a column of the user's own
            kind = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}.get(values.dtype.kind, "string")
            told: dict[str, Any] = {"name": column, "type": kind}
        else:
            told = {"name": column, "type": TYPES[known.kind], "title": words.title(known.title)}
            told |= {"description": known.description, "unit": known.unit}
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
    keys = []
    for column, table in REFERENCES.items():
        if column not in frame or table == name or table not in frames:
            continue
        if set(frame[column].dropna()) <= frames[table]:
            reference = {"resource": table, "fields": [TABLES[table].key[0]]}
            keys.append({"fields": [column], "reference": reference})
    return keys
