"""Boundaries in CGCS2000 and the map of waters, as shapefiles with Chinese fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from tools.sample_county.bureau.shapefile import write_shapefile
from tools.sample_county.ground import to_degrees
from tools.sample_county.names import COUNTY, RIVER
from tools.sample_county.settle import COUNTY_CODE, WORD
from tools.sample_county.sites import OUTSIDE
from tools.sample_county.water import RIVER_KM2

if TYPE_CHECKING:
    from pathlib import Path

    from tools.sample_county.county import County

__all__ = ["township_code", "write_boundaries", "write_water_areas", "write_water_lines"]

CGCS2000 = "EPSG:4490"
TOWNSHIPS_FROM = 100
"""Number of the first township in its code."""


def township_code(number: int) -> str:
    """Code a township."""
    return f"{COUNTY_CODE}{TOWNSHIPS_FROM + number:03d}000"


def write_boundaries(file: Path, county: County) -> None:
    """Write the county and its townships."""
    members: dict[int, list[shapely.LineString]] = {}
    for arc in county.arcs:
        for side in arc.sides:
            members.setdefault(side, []).append(shapely.LineString(to_degrees(arc.points)))
    settled = county.settled
    columns: dict[str, list[str]] = {
        "区划代码": [f"{COUNTY_CODE}000000"],
        "名称": [f"{COUNTY.zh}县"],
        "拼音": [f"{COUNTY.en} County"],
        "级别": ["县级"],
    }
    shapes = [_polygon(members[OUTSIDE])]
    for number, (name, kind) in enumerate(zip(settled.township_names, settled.township_kinds, strict=True)):
        chinese, english = WORD["zhen" if kind == "county_seat" else kind]
        row = (township_code(number), name.zh + chinese, f"{name.en} {english}", "乡级")
        for column, value in zip(columns, row, strict=True):
            columns[column].append(value)
        shapes.append(_polygon(members[number]))
    write_shapefile(file, gpd.GeoDataFrame(columns, geometry=shapes, crs=CGCS2000))


def _polygon(arcs: list[shapely.LineString]) -> shapely.Geometry:
    rings = [part.exterior for part in shapely.get_parts(shapely.polygonize(arcs)).tolist()]
    area: shapely.Geometry = shapely.build_area(shapely.multilinestrings(rings))
    return area


def write_water_lines(file: Path, county: County) -> None:
    """Write the axes of rivers and streams."""
    reaches = county.water.lines
    columns = {
        "编号": [f"X{number:04d}" for number in range(1, len(reaches) + 1)],
        "名称": [f"{RIVER.zh}江" if reach.is_main else "" for reach in reaches],
        "类型": ["河流" if reach.catchment_km2 >= RIVER_KM2 else "溪流" for reach in reaches],
    }
    lines = [shapely.LineString(to_degrees(np.asarray(reach.points))) for reach in reaches]
    write_shapefile(file, gpd.GeoDataFrame(columns, geometry=lines, crs=CGCS2000))


def write_water_areas(file: Path, county: County) -> None:
    """Write the surface of the main river."""
    areas = county.water.areas
    columns = {
        "编号": [f"M{number:04d}" for number in range(1, len(areas) + 1)],
        "名称": [f"{RIVER.zh}江"] * len(areas),
        "类型": ["河流"] * len(areas),
    }
    shapes = [shapely.Polygon(to_degrees(np.array(area.exterior.coords))) for area in areas]
    write_shapefile(file, gpd.GeoDataFrame(columns, geometry=shapes, crs=CGCS2000))
