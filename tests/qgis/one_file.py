"""One of the files that `write_qgis` writes, without the time that the other takes."""

from __future__ import annotations

from spatial.messages import Words
from spatial.qgis import build_layers
from spatial.qgis.geopackage import write_geopackage_of
from spatial.qgis.project import write_project_of


def write_geopackage(tables, *, name, crs, languages, meta):
    layers = build_layers(tables, crs=crs, languages=languages, meta=meta)
    return write_geopackage_of(layers, name=name, words=Words(languages[0], "qgis"), meta=meta)


def write_project(tables, *, name, crs, languages, meta, rasters=()):
    layers = build_layers(tables, crs=crs, languages=languages, meta=meta)
    return write_project_of(layers, name=name, words=Words(languages[0], "qgis"), meta=meta, rasters=rasters)
