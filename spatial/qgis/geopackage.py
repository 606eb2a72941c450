"""The GeoPackage: every layer with its look, names of columns, licence and method, in the same bytes every time."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

import pyogrio

from spatial.messages import Words
from spatial.qgis.layers import build_layers
from spatial.qgis.project import approval_line, project_title, write_project_of
from spatial.qgis.styles import qml
from spatial.store import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyproj

    from spatial.qgis.layer import QgisLayer
    from spatial.qgis.meta import QgisMeta
    from spatial.qgis.rasters import QgisRaster


STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""
"""As QGIS itself makes it."""

SCHEMA_TABLE = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))
"""
METADATA_TABLES = """
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
EXTENSIONS_TABLE = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT,column_name TEXT,extension_name TEXT NOT NULL,
  definition TEXT NOT NULL,scope TEXT NOT NULL,CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
"""
SPEC = "http://www.geopackage.org/spec121/#extension_"

MANY_ROWS = 1000

EXTENSIONS = (
    ("gpkg_data_columns", "gpkg_schema", f"{SPEC}schema"),
    ("gpkg_metadata", "gpkg_metadata", f"{SPEC}metadata"),
    ("gpkg_metadata_reference", "gpkg_metadata", f"{SPEC}metadata"),
)


def write_geopackage(
    tables: Mapping[str, pd.DataFrame], *, name: str, crs: pyproj.CRS | str, languages: Sequence[str], meta: QgisMeta
) -> Artifact:
    """Write the tables as a GeoPackage that looks right by itself."""
    layers = build_layers(tables, crs=crs, languages=languages, meta=meta)
    return write_geopackage_of(layers, name=name, words=Words(languages[0], "qgis"), meta=meta)


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
    wanted = {
        "OGR_CURRENT_DATE": meta.stamp,
        "OGR_GPKG_ALLOW_THREADED_RTREE": "NO",
        # The file is a temporary one: waiting for the disk after each layer takes longer than writing it.
        "OGR_SQLITE_SYNCHRONOUS": "OFF",
    }
    before = {key: pyogrio.get_gdal_config_option(key) for key in wanted}
    with tempfile.TemporaryDirectory(prefix="spatial-gpkg-") as folder:
        path = Path(folder) / f"{name}.gpkg"
        pyogrio.set_gdal_config_options(wanted)
        try:
            for layer in layers:
                is_alone = titles.count(layer.title) == 1
                identifier = layer.title if is_alone else f"{layer.title} [{layer.table}]"
                options = {"FID": "fid", "IDENTIFIER": identifier, "DESCRIPTION": layer.description}
                more: dict[str, object] = {}
                if layer.geometry:
                    multi = layer.is_multi
                    more = {
                        "geometry_type": f"Multi{layer.geometry}" if multi else layer.geometry,
                        "promote_to_multi": multi,
                    }
                    options |= {"GEOMETRY_NAME": "geom", "SPATIAL_INDEX": "YES"}
                pyogrio.write_dataframe(
                    layer.frame,
                    path,
                    layer=layer.table,
                    driver="GPKG",
                    layer_options=options,
                    append=False,
                    # The same bytes; handing rows over column by column pays from about a thousand on.
                    use_arrow=len(layer.frame) > MANY_ROWS,
                    **more,
                )
        finally:
            pyogrio.set_gdal_config_options(before)
        # A plain close() would leave the file open until the collector comes by.
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(STYLE_TABLE)
            connection.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
                " VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
                [meta.stamp],
            )
            looks = [
                (layer, *look)
                for layer in layers
                if layer.style is not None
                for look in (
                    (layer.table, layer.title, layer.style, 1),
                    *((f"{layer.table}_{more.key}", more.title, more.style, 0) for more in layer.more_looks),
                )
            ]
            connection.executemany(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
                " styleQML, styleSLD, useAsDefault, description, owner, ui, update_time)"
                " VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '', NULL, ?)",
                [
                    (
                        layer.table,
                        key,
                        qml(style, layer.aliases, geometry=layer.geometry),
                        is_default,
                        title,
                        meta.stamp,
                    )
                    for layer, key, title, style, is_default in looks
                ],
            )
            connection.execute(SCHEMA_TABLE)
            connection.executemany(
                "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description) "
                "VALUES (?, ?, ?, ?, ?)",
                [
                    (layer.table, column, alias, alias, layer.comments.get(column))
                    for layer in layers
                    for column, alias in layer.aliases.items()
                ],
            )
            connection.execute(EXTENSIONS_TABLE)
            connection.executemany(
                "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) "
                "VALUES (?, ?, ?, 'read-write')",
                EXTENSIONS,
            )
            connection.executescript(METADATA_TABLES)
            about = about_study(words, meta)
            described: list[tuple[str, str | None, str, str, str]] = [
                ("geopackage", None, "http://www.geopackage.org", "text/plain", about)
            ]
            for layer in layers:
                root = Element("qgis", {"version": "3.34.0"})
                for tag, text in (
                    ("identifier", layer.table),
                    ("language", ""),
                    ("type", "dataset"),
                    ("title", layer.title),
                    ("abstract", f"{layer.description}\n\n{about}"),
                    *(("license", line) for line in meta.licences),
                ):
                    SubElement(root, tag).text = text
                xml = tostring(root, encoding="unicode")
                described.append(("table", layer.table, QGIS_METADATA, "text/xml", xml))
            for number, (scope, table, *kept) in enumerate(described, start=1):
                connection.execute(
                    "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata)"
                    " VALUES ('dataset', ?, ?, ?)",
                    kept,
                )
                connection.execute(
                    "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, timestamp, md_file_id)"
                    " VALUES (?, ?, ?, ?)",
                    (scope, table, meta.stamp, number),
                )
        return Artifact(f"{name}.gpkg", path.read_bytes())


def about_study(words: Words, meta: QgisMeta) -> str:
    """Say what the study is, how it was made and whose data it uses."""
    abstract = words.say(
        "project",
        "abstract",
        date=words.date(meta.as_of),
        basis=words.say("project", f"basis_{meta.population_basis}"),
        status=words.say("project", f"status_{meta.status}"),
    )
    parts = [project_title(words, meta), approval_line(words, meta), words.pick(meta.note), abstract]
    for key, lines in (("method", [meta.method]), ("licence", meta.licences), ("issues", meta.issues)):
        filled = [line for line in lines if line]
        if filled:
            heading = words.say("project", "heading", what=words.say("project", key))
            parts.append("\n".join([heading, *filled]))
    return "\n\n".join(part for part in parts if part)
