"""The user's own GeoPackage of edits, read from a copy, and corrections of facilities."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import tempfile
from collections.abc import Collection
from functools import cache
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj
import shapely

from spatial.crs import WGS84
from spatial.errors import ContractError, SourceError, refuse
from spatial.formats.files import damage_told
from spatial.formats.vector import doubts_logged, layers_of, refuse_endless, written_unsynced
from spatial.study.base import LARGEST
from spatial.study.edits import CORRECTED_BY, CORRECTIONS, EDIT_LAYERS, EditLayer
from spatial.study.sources import USUAL_LIMITS
from spatial.tables import TABLES

BESIDE = ("", "-wal", "-journal")
"""A GeoPackage and what SQLite keeps beside it while somebody writes into it."""

_NEEDED_OF_CORRECTIONS = {"capacity": "capacity", "missing": "service"}
"""What a correction is nothing without, by what it corrects; the form of QGIS asks for it, other programs do not."""


@cache  # a process may run many studies
def empty_edits() -> bytes:
    """Make the file with its layers, of which each waits for what users draw."""
    kinds = {"number": "float64", "flag": "bool"}
    with tempfile.TemporaryDirectory(prefix="spatial-edits-") as folder, written_unsynced():
        path = Path(folder) / "edits.gpkg"
        for layer in EDIT_LAYERS:
            columns = {field.name: pd.Series(dtype=kinds.get(field.kind, "str")) for field in layer.columns}
            frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=WGS84))
            options = {"FID": "fid", "GEOMETRY_NAME": "geom"}
            pyogrio.write_dataframe(
                frame, path, layer=layer.name, driver="GPKG", geometry_type=layer.geometry, layer_options=options
            )
        # Of a disk that is full when it closes a file, GDAL tells nobody: pages are missing then, or the last index.
        try:
            with contextlib.closing(sqlite3.connect(path)) as file:
                is_whole = file.execute("PRAGMA quick_check").fetchone() == ("ok",)
                held = {name for (name,) in file.execute("SELECT table_name FROM gpkg_extensions")}
        except sqlite3.DatabaseError:
            is_whole, held = False, set()
        if not is_whole or held != {layer.name for layer in EDIT_LAYERS}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return path.read_bytes()


def read_edits(path: Path, services: Collection[str]) -> dict[str, bytes]:
    """Read what is drawn in each layer as GeoJSON, from a copy, since QGIS may hold the file; no empty layers."""
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="spatial-edits-") as folder:
        copy = Path(folder) / "edits.gpkg"
        for ending in BESIDE:
            if (source := Path(f"{path}{ending}")).is_file():
                try:
                    content = source.read_bytes()
                except OSError as error:
                    raise SourceError(f"{source}: cannot be read: {error.strerror or error}") from error
                # Where there is no room for the copy, the file of the user's own is not to blame.
                Path(f"{copy}{ending}").write_bytes(content)
        with damage_told(str(path), "GeoPackage", "it is left as it is"), doubts_logged(str(path)):
            present = layers_of(copy, "GeoPackage", USUAL_LIMITS, label=str(path))
            layers = [layer for layer in EDIT_LAYERS if layer.name in present]
            for layer in layers:
                refuse_endless(copy, layer.name, USUAL_LIMITS, label=str(path))
            frames = [pyogrio.read_dataframe(copy, layer=layer.name, fid_as_index=True) for layer in layers]
    drawn = {layer.name: _drawn(layer, frame, services, problems) for layer, frame in zip(layers, frames, strict=True)}
    refuse(path.name, problems)
    checks = drawn.get("field_checks", gpd.GeoDataFrame())
    if "is_confirmed" in checks and (sure := checks["is_confirmed"].isin([True])).any():
        # What was seen on the spot and confirmed corrects as what is drawn among the corrections does.
        seen = checks.loc[sure & checks["found"].isin(CORRECTED_BY)].to_crs(WGS84)
        corrected = seen.assign(correction=seen["found"].map(CORRECTED_BY), edit_id="check:" + seen["edit_id"])
        told = corrected[["correction", "facility_id", "note", "edit_id", seen.geometry.name]]
        own = drawn.get("corrections", told.iloc[:0])
        drawn["corrections"] = gpd.GeoDataFrame(pd.concat([own, told], ignore_index=True), crs=WGS84)
    written = {}
    for name, rows in drawn.items():
        if not len(rows):
            continue
        # Features in the order of their ids, without what is not known of all of them.
        plain = pd.DataFrame(rows.drop(columns=rows.geometry.name)).dropna(axis=1, how="all")
        known = [{key: value for key, value in row.items() if pd.notna(value)} for row in plain.to_dict("records")]
        shapes = [json.loads(text) for text in shapely.to_geojson(rows.geometry.to_numpy())]
        features = [
            {"type": "Feature", "properties": facts, "geometry": shape}
            for facts, shape in zip(known, shapes, strict=True)
        ]
        text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, sort_keys=True)
        written[name] = (text + "\n").encode("utf-8")
    return written


def _drawn(
    layer: EditLayer, frame: gpd.GeoDataFrame, services: Collection[str], problems: list[str]
) -> gpd.GeoDataFrame:
    """Take the features that are in use, and name what is wrong with each."""
    absent = [field.name for field in layer.columns if field.name not in frame.columns]
    frame = frame.assign(**dict.fromkeys(absent))
    rows = gpd.GeoDataFrame(frame[frame["is_used"].fillna(value=True).astype(bool)])
    for fid, row in rows.iterrows():
        where = f"{layer.name}, feature {fid}"
        shape = row.geometry
        if shape is None or shape.is_empty:
            problems.append(f"{where}: has no geometry; draw it, or delete it")
        elif not shape.is_valid or (layer.geometry == "LineString" and shape.length == 0.0):
            problems.append(f"{where}: its outline crosses itself or has no length; draw it anew")
        for field in layer.fields:
            value = row[field.name]
            words = services if field.words == "services" else field.words
            is_blank = pd.isna(value) or value == ""
            is_number = field.kind == "number" and not is_blank
            if field.name == "facility_id" and row.get("is_confirmed") and row["found"] in CORRECTED_BY and is_blank:
                problems.append(
                    f"{where}: is confirmed, and names no facility_id; take it from the layer of facilities"
                )
            needs = layer.name == "corrections" and _NEEDED_OF_CORRECTIONS.get(row["correction"]) == field.name
            if (field.is_needed or needs) and is_blank:
                problems.append(f"{where}: {field.name} is missing")
            elif words and not isinstance(words, str) and not is_blank and value not in words:
                problems.append(f"{where}: {field.name} is {value!r}; there are {', '.join(sorted(words))}")
            elif is_number and not 0.0 <= pd.to_numeric(value, errors="coerce") <= LARGEST[""]:
                problems.append(f"{where}: {field.name} is {value!r}; it must be a number from 0 to {LARGEST['']:,.0f}")
    names = rows["edit_id"].where(rows["edit_id"].fillna("") != "", [f"{layer.name}-{fid}" for fid in rows.index])
    twice = sorted(set(names[names.duplicated()]))
    if twice:
        problems.append(f"{layer.name}: edit_id {', '.join(twice)} stands twice; copies need one of their own")
    kept = [field.name for field in layer.fields]
    rows = rows[[*kept, "note", rows.geometry.name]].assign(edit_id=names.astype("str"))
    if layer.name == "candidate_sites":
        rows = rows.assign(site_id=rows["edit_id"], facility_id=rows["edit_id"], allowed_services=rows["service"])
    if layer.name == "new_roads":
        rows = rows.assign(road_id=rows["edit_id"])
    return rows.to_crs(WGS84).sort_values("edit_id", kind="stable")


def apply_corrections(facilities: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """Correct the facilities that were read: closed, elsewhere, of another capacity; missing ones are added."""
    rows = pyogrio.read_dataframe(path).to_crs(pyproj.CRS(facilities.crs))
    told = ("correction", "facility_id", "service", "name", "capacity", "edit_id", "geometry")
    rows = gpd.GeoDataFrame(rows.reindex(columns=list(told)), geometry="geometry", crs=facilities.crs)
    known = pd.Index(facilities["facility_id"])
    unknown = (
        rows["correction"].isin(CORRECTIONS) & (rows["correction"] != "missing") & ~rows["facility_id"].isin(known)
    )
    if unknown.any():
        problems = [
            f"correction {edit}: no facility has the id {name!r}; take it from the layer of facilities"
            for edit, name in zip(rows["edit_id"][unknown], rows["facility_id"][unknown], strict=True)
        ]
        raise ContractError("corrections", problems)
    rows["place"] = shapely.to_wkb(rows.geometry.to_numpy())
    closed = rows.loc[rows["correction"] == "closed", "facility_id"]
    of_closed = rows[rows["facility_id"].isin(closed) & (rows["correction"] != "missing")]
    refuse(
        "corrections",
        [
            f"correction {', '.join(own['edit_id'])}: {name!r} is closed, and corrected otherwise too; keep one"
            for name, own in of_closed.groupby("facility_id")
            if (own["correction"] != "closed").any()
        ]
        + [
            f"correction {', '.join(own['edit_id'])}: each gives {name!r} another {what}; keep one"
            for kind, what in (("moved", "place"), ("capacity", "capacity"))
            for name, own in rows[rows["correction"] == kind]
            .drop_duplicates(["facility_id", what])
            .groupby("facility_id")
            if len(own) > 1
        ],
    )
    said = {
        name: rows[rows["correction"] == name].drop_duplicates("facility_id").set_index("facility_id")
        for name in CORRECTIONS
    }
    names = facilities["facility_id"]
    moved = dict(zip(said["moved"].index, said["moved"].geometry, strict=True))
    shapes = [moved.get(name, shape) for name, shape in zip(names, facilities.geometry, strict=True)]
    result = facilities.set_geometry(gpd.GeoSeries(shapes, index=facilities.index, crs=facilities.crs))
    result = result.assign(
        status=result["status"].mask(names.isin(said["closed"].index), "closed"),
        capacity=names.map(said["capacity"]["capacity"].astype("float64")).fillna(result["capacity"]),
    )
    new = rows[rows["correction"] == "missing"]
    if len(new):
        added = new[["service", "name", "capacity", "geometry"]]
        added = added.assign(facility_id=new["edit_id"], status="existing", source=path.name, found_in="list")
        added = gpd.GeoDataFrame(added, geometry="geometry", crs=result.crs)
        if result.geometry.name != "geometry":
            added = added.rename_geometry(result.geometry.name)
        added = added.reindex(columns=result.columns).astype(result.dtypes.drop(result.geometry.name).to_dict())
        result = gpd.GeoDataFrame(pd.concat([result, added], ignore_index=True))
    return result


def read_field_checks(path: Path, facilities: pd.DataFrame, settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    """Read what people found on site as the table `field_checks`, those first that nobody has confirmed yet."""
    points = pyogrio.read_dataframe(path).to_crs(pyproj.CRS(settlements.crs))
    # What nobody wrote of any point is no column of the file.
    told = ("edit_id", "facility_id", "subject", "found", "is_confirmed", "observed_min", "note")
    rows = pd.DataFrame(points.drop(columns=points.geometry.name)).reindex(columns=list(told))
    nearest = settlements.sindex.nearest(points.geometry, return_all=False)[1]
    names = rows["facility_id"].map(facilities.set_index("facility_id")["name"])
    rows = rows.assign(
        check_id=rows["edit_id"],
        name=names.fillna(rows["subject"]),
        settlement_id=settlements["settlement_id"].to_numpy()[nearest],
        is_confirmed=rows["is_confirmed"].isin([True]),
    )
    return TABLES["field_checks"].frame(rows.sort_values(["is_confirmed", "check_id"], kind="stable"))
