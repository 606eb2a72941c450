"""The GeoPackage: every layer with its look, names of columns, licence and method, in the same bytes every time."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray

from spatial.formats.vector import written_unsynced
from spatial.messages import Words
from spatial.plain_text import xml_text
from spatial.qgis.layer import QgisLayer, QgisMeta
from spatial.qgis.layers import build_layers
from spatial.qgis.project import approval_line, project_title, write_project_of
from spatial.qgis.sld import QgisRaster, sld
from spatial.qgis.styles import qml, texts
from spatial.store import Artifact

STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT, styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""
"""As QGIS itself makes it, but for names of styles, which may be longer than 30 letters."""

DESCRIBING_TABLES = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
  max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
"""
"""As in OGC 12-128r19, annexes F.8 and F.9."""

QGIS_METADATA = "http://mrcc.com/qgis.dtd"
SPEC = "http://www.geopackage.org/spec121/#extension_"

MODEL = "spatial_model"
"""The empty layer that GDAL makes."""
MODEL_SQL = """
SELECT sql FROM sqlite_master
WHERE sql LIKE 'CREATE VIRTUAL TABLE%' OR type = 'trigger' AND tbl_name = 'spatial_model' ORDER BY rowid
"""
"""Its index, then its triggers."""
# The file is a temporary one: there is nothing to roll back, and no need to wait for the disk.
WITHOUT_MODEL = """
DROP TABLE rtree_spatial_model_geom; DROP TABLE spatial_model; DELETE FROM gpkg_contents;
DELETE FROM gpkg_geometry_columns; DELETE FROM gpkg_ogr_contents;
DELETE FROM gpkg_extensions WHERE table_name = 'spatial_model';
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN
"""
TYPES = {"b": "BOOLEAN", "i": "INTEGER", "f": "REAL", "M": "DATETIME"}
"""Types of columns by numpy's letters; all else is text."""

EXTENSIONS = (
    ("gpkg_data_columns", None, "gpkg_schema", f"{SPEC}schema", "read-write"),
    ("gpkg_data_column_constraints", None, "gpkg_schema", f"{SPEC}schema", "read-write"),
    ("gpkg_metadata", None, "gpkg_metadata", f"{SPEC}metadata", "read-write"),
    ("gpkg_metadata_reference", None, "gpkg_metadata", f"{SPEC}metadata", "read-write"),
)


ROWS_AT_ONCE = 50_000


def write_qgis(
    tables: Mapping[str, pd.DataFrame],
    *,
    name: str,
    crs: pyproj.CRS | str,
    languages: Sequence[str],
    meta: QgisMeta,
    rasters: Sequence[QgisRaster] = (),
) -> list[Artifact]:
    """Write the GeoPackage, the project that shows it, and the rasters, building each layer once."""
    layers = build_layers(tables, crs=crs, languages=languages, meta=meta)
    words = Words(languages[0], "qgis")
    package = write_geopackage_of(layers, name=name, words=words, meta=meta)
    project = write_project_of(layers, name=name, words=words, meta=meta, rasters=rasters)
    return [package, project, *(item for raster in rasters for item in raster.artifacts)]


def write_geopackage_of(layers: Sequence[QgisLayer], *, name: str, words: Words, meta: QgisMeta) -> Artifact:
    """Write finished layers as a GeoPackage."""
    titles = [layer.title for layer in layers]
    with tempfile.TemporaryDirectory(prefix="spatial-gpkg-") as folder:
        path = Path(folder) / f"{name}.gpkg"
        # GDAL makes the container and an empty layer, whose index and triggers all layers repeat. For each layer that
        # it wrote it would open the growing file anew, which takes several times as long as the rows themselves.
        none = gpd.GeoDataFrame(geometry=[], crs=next(layer.crs for layer in layers if layer.geometry))
        options = {"FID": "fid", "GEOMETRY_NAME": "geom", "SPATIAL_INDEX": "YES"}
        with written_unsynced():
            pyogrio.write_dataframe(
                none, path, layer=MODEL, driver="GPKG", geometry_type="Unknown", layer_options=options
            )
        # A plain close() would leave the file open until the collector comes by.
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            index, *triggers = [sql for (sql,) in connection.execute(MODEL_SQL)]
            (srs_id,) = connection.execute("SELECT srs_id FROM gpkg_geometry_columns").fetchone()
            (_, *extension) = connection.execute("SELECT * FROM gpkg_extensions WHERE column_name = 'geom'").fetchone()
            connection.executescript(WITHOUT_MODEL)
            for layer in layers:
                table, fids = layer.table, range(1, len(layer.frame) + 1)
                types = {"fid": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"}
                data_type, extent, srs = "attributes", [None] * 4, 0
                if layer.geometry:
                    bounds = shapely.bounds(layer.shapes)
                    shown = f"Multi{layer.geometry}".upper() if layer.is_multi else layer.geometry.upper()
                    types["geom"] = shown
                    data_type, extent, srs = "features", shapely.total_bounds(layer.shapes).tolist(), srs_id
                    boxes = zip(fids, *bounds[:, [0, 2, 1, 3]].T.tolist(), strict=True)
                    connection.execute(index.replace(MODEL, table))
                    _insert(connection, f"rtree_{table}_geom", [box for box in boxes if not math.isnan(box[1])])
                    _insert(connection, "gpkg_geometry_columns", [(table, "geom", shown, srs_id, 0, 0)])
                    _insert(connection, "gpkg_extensions", [(table, *extension)])
                told = layer.frame.drop(columns="geometry", errors="ignore")
                types |= {str(column): TYPES.get(series.dtype.kind, "TEXT") for column, series in told.items()}
                named = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
                connection.execute(f'CREATE TABLE "{table}" ( {named})')
                # Rows are Python's own while they are written: many at a time, and not all of a country.
                for start in range(0, len(fids), ROWS_AT_ONCE):
                    rows = slice(start, start + ROWS_AT_ONCE)
                    shapes = [geometry_blobs(layer.shapes[rows], srs_id)] if layer.geometry else []
                    cells = []
                    for column in told:
                        series = told[column].iloc[rows]
                        held = series.astype(object)
                        if series.dtype.kind == "M":
                            held = held.map(lambda time: time.isoformat(timespec="milliseconds"), na_action="ignore")
                        cells.append(held.where(series.notna(), None).tolist())
                    _insert(connection, table, list(zip(fids[rows], *shapes, *cells, strict=True)))
                identifier = layer.title if titles.count(layer.title) == 1 else f"{layer.title} [{table}]"
                content = (table, data_type, identifier, layer.description, meta.stamp, *extent, srs)
                _insert(connection, "gpkg_contents", [content])
                _insert(connection, "gpkg_ogr_contents", [(table, len(fids))])
                for sql in triggers:
                    if layer.geometry or "geom" not in sql:
                        connection.execute(sql.replace(MODEL, table))
            connection.execute(STYLE_TABLE)
            content = ("layer_styles", "attributes", "layer_styles", "", meta.stamp, *[None] * 4, 0)
            _insert(connection, "gpkg_contents", [content])
            for layer in layers:
                if layer.style is not None:
                    own = (layer.table, layer.title, layer.style, layer.shown, 1)
                    more = [(f"{layer.table}_{one.key}", one.title, one.style, one, 0) for one in layer.more_looks]
                    for key, title, style, shown_at, is_default in (own, *more):
                        text = qml(style, layer.aliases, geometry=layer.geometry)
                        plain = sld(style, name=layer.table, title=title, smallest_scale=shown_at.smallest_scale)
                        shown_as = (layer.table, "geom", key, text, plain, is_default, title)
                        row = (None, "", "", *shown_as, "", None, meta.stamp)
                        _insert(connection, "layer_styles", [row])
            connection.executescript(DESCRIBING_TABLES)
            names = [
                (layer.table, column, alias, alias, layer.comments.get(column), None, None)
                for layer in layers
                for column, alias in layer.aliases.items()
            ]
            _insert(connection, "gpkg_data_columns", names)
            _insert(connection, "gpkg_extensions", EXTENSIONS)
            about = about_study(words, meta)
            described: list[tuple[str, str | None, str, str, str]] = [
                ("geopackage", None, "http://www.geopackage.org", "text/plain", about)
            ]
            for layer in layers:
                root = Element("qgis", {"version": "3.34.0"})
                texts(root, identifier=layer.table, language="", type="dataset", title=layer.title)
                texts(root, abstract=f"{layer.description}\n\n{about}")
                for line in meta.licences:
                    texts(root, license=line)
                described.append(("table", layer.table, QGIS_METADATA, "text/xml", xml_text(root)))
            for number, (scope, layer_name, *kept) in enumerate(described, start=1):
                _insert(connection, "gpkg_metadata", [(number, "dataset", *kept)])
                _insert(
                    connection, "gpkg_metadata_reference", [(scope, layer_name, None, None, meta.stamp, number, None)]
                )
        return Artifact(f"{name}.gpkg", path.read_bytes())


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)  # noqa: S608 - names of layers are plain


def geometry_blobs(shapes: NDArray[np.object_], srs_id: int) -> list[bytes | None]:
    """Encode geometries as a GeoPackage holds them: a header with CRS and extent (OGC 12-128r19, 2.1.3), then WKB."""
    bounds = shapely.bounds(shapes)[:, [0, 2, 1, 3]]
    is_empty = np.isnan(bounds[:, 0])
    # Points need no extent, and empty shapes have none.
    is_boxed = ~is_empty & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    heads = np.zeros(len(shapes), dtype=[("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4")])
    heads["magic"], heads["srs"] = b"GP", srs_id
    heads["flags"] = 1 + 2 * is_boxed + 16 * is_empty
    rows = zip(heads, bounds.astype("<f8"), is_boxed, shapely.to_wkb(shapes), strict=True)
    return [
        None if wkb is None else head.tobytes() + (box.tobytes() if boxed else b"") + wkb
        for head, box, boxed, wkb in rows
    ]


def about_study(words: Words, meta: QgisMeta) -> str:
    """Say what the study is, how it was made and whose data it uses."""
    abstract = words.say(
        "project",
        "abstract",
        date=words.date(meta.as_of),
        basis=words.say("project", f"basis_{meta.population_basis}"),
        status=words.say("project", f"status_{meta.status}"),
    )
    audience = "" if meta.below else words.of("sharing").say("audience", "internal")
    parts = [project_title(words, meta), approval_line(words, meta), words.pick(meta.note), audience, abstract]
    for key, lines in (("method", [meta.method]), ("licence", meta.licences), ("issues", meta.issues)):
        filled = [line for line in lines if line]
        if filled:
            heading = words.say("project", "heading", what=words.say("project", key))
            parts.append("\n".join([heading, *filled]))
    return "\n\n".join(part for part in parts if part)
