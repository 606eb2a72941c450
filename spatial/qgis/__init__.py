"""GeoPackage with styles, QGIS project and rasters with their looks: written without QGIS, opened by it."""

from __future__ import annotations

from spatial.qgis.geopackage import write_qgis
from spatial.qgis.layer import QgisLayer, QgisMeta
from spatial.qgis.layers import build_layers
from spatial.qgis.sld import QgisRaster, write_raster

__all__ = ["QgisLayer", "QgisMeta", "QgisRaster", "build_layers", "write_qgis", "write_raster"]
