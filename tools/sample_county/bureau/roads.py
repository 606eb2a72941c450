"""The road survey as a shapefile: Chinese fields, text in GBK, a grid with zone number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from tools.sample_county.bureau.shapefile import write_shapefile
from tools.sample_county.ground import to_degrees

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.sample_county.bureau.unnode import SurveyLine

__all__ = ["write_roads"]

ROADS_CRS = "EPSG:4524"
"""CGCS2000, 3-degree zone 36, eastings with the number of the zone."""

CLASS = {
    "trunk": ("国道", "二级", 8.5),
    "primary": ("省道", "二级", 8.0),
    "secondary": ("县道", "三级", 7.0),
    "tertiary": ("乡道", "四级", 6.0),
    "unclassified": ("村道", "四级", 4.5),
    "residential": ("街巷", "等外", 4.5),
    "service": ("内部道路", "等外", 4.0),
    "track": ("机耕路", "等外", 3.0),
    "path": ("小路", "等外", 1.2),
}
"""Administrative class, technical grade and metres of pavement by highway value."""
SURFACE = {
    "asphalt": "沥青混凝土",
    "concrete": "水泥混凝土",
    "compacted": "级配碎石",
    "gravel": "砂石",
    "unpaved": "未铺装",
    "ground": "无路面",
    "dirt": "土路",
    "earth": "素土",
    "stone": "毛石",
}
DIRECTION = {"yes": "单向", "-1": "逆向"}
CONDITION = {"bad": "次", "very_bad": "差"}


def write_roads(file: Path, lines: Sequence[SurveyLine]) -> None:
    """Write the survey."""
    tags = [line.tags for line in lines]
    kinds = [CLASS[line.road_class] for line in lines]
    grade = [tag.get("tracktype", "").removeprefix("grade") for tag in tags]
    columns = {
        "路段编号": [f"L{number:05d}" for number in range(1, len(lines) + 1)],
        "路线编号": [tag.get("ref", "") for tag in tags],
        "路线名称": [tag.get("name", "") for tag in tags],
        "行政等级": [kind[0] for kind in kinds],
        "技术等级": [kind[1] for kind in kinds],
        "路面类型": [SURFACE[tag["surface"]] if "surface" in tag else "不详" for tag in tags],
        "路面宽度": [kind[2] for kind in kinds],
        "路况": [CONDITION.get(tag.get("smoothness", ""), "") for tag in tags],
        "机耕等级": [f"{number}级" if number else "" for number in grade],
        "限速": [tag.get("maxspeed", "") for tag in tags],
        "通行方向": [DIRECTION.get(tag.get("oneway", ""), "双向") for tag in tags],
        "通行限制": ["内部" if tag.get("access") == "private" else "" for tag in tags],
        "雨季中断": ["是" if "seasonal" in tag else "" for tag in tags],
        "桥梁": ["是" if "bridge" in tag else "否" for tag in tags],
        "层位": [int(tag.get("layer", "0")) for tag in tags],
    }
    drawn = [shapely.LineString(to_degrees(line.points, decimals=10)) for line in lines]
    frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=drawn, crs="EPSG:4490").to_crs(ROADS_CRS)
    write_shapefile(file, frame)
