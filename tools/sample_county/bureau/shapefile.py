"""Shapefiles as Chinese offices have them, the same bytes on every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

__all__ = ["PARTS", "write_shapefile"]

PARTS = (".shp", ".shx", ".dbf", ".prj")
"""Files that make one shapefile here: there is no .cpg, so that nothing says the encoding."""
WRITTEN_ON = "2026-01-01"


def write_shapefile(file: Path, frame: gpd.GeoDataFrame) -> None:
    """Write a shapefile whose texts are in GBK."""
    for part in (*PARTS, ".cpg"):
        file.with_suffix(part).unlink(missing_ok=True)
    frame.to_file(file, driver="ESRI Shapefile", encoding="GBK", engine="pyogrio", DBF_DATE_LAST_UPDATE=WRITTEN_ON)
    file.with_suffix(".cpg").unlink(missing_ok=True)
