"""The sample county as the files of its bureaus, and what each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.sample_county.bureau.books import (
    write_clinics,
    write_facilities,
    write_flows,
    write_villages,
    write_yearbook,
)
from tools.sample_county.bureau.ground import write_boundaries, write_water_areas, write_water_lines
from tools.sample_county.bureau.roads import write_roads
from tools.sample_county.bureau.shapefile import PARTS
from tools.sample_county.bureau.unnode import survey_roads
from tools.sample_county.provide import kinds_of_services

if TYPE_CHECKING:
    from pathlib import Path

    from tools.sample_county.county import County

__all__ = ["BUREAU_ORIGIN", "write_bureau"]

VILLAGES, CLINICS, FACILITIES = "村庄名录.xlsx", "村卫生室名单.csv", "公共服务设施.xlsx"
YEARBOOK, FLOWS = "统计年鉴.xlsx", "人员快件往来.csv"
ROADS, BOUNDARIES, RIVERS, WATERS = "道路.shp", "行政区划.shp", "河流.shp", "水面.shp"
_SHAPEFILES = {
    ROADS: "Made-up road survey in the form of a county's transport bureau",
    BOUNDARIES: "Made-up boundaries of the county and its townships",
    RIVERS: "Made-up rivers and streams in the form of a county's water bureau",
    WATERS: "Made-up surface of the main river",
}
BUREAU_ORIGIN = {
    VILLAGES: "Made-up list of villages in the form of a county's civil affairs bureau",
    CLINICS: "Made-up list of clinics without coordinates in the form of a county's health bureau",
    FACILITIES: "Made-up register of facilities in the form of a county's planning bureau",
    YEARBOOK: "Made-up page of a statistical yearbook",
    FLOWS: "Made-up yearly flows of people and parcels between settlements",
    **{name.replace(".shp", part): origin for name, origin in _SHAPEFILES.items() for part in PARTS},
}
"""What each file is."""


def write_bureau(folder: Path, county: County) -> None:
    """Write the files of the bureaus, all but the rasters."""
    write_villages(folder / VILLAGES, county)
    write_clinics(folder / CLINICS, county)
    write_facilities(folder / FACILITIES, county, kinds_of_services())
    write_yearbook(folder / YEARBOOK, county)
    write_flows(folder / FLOWS, county)
    write_roads(folder / ROADS, survey_roads(county.roadmap).lines)
    write_boundaries(folder / BOUNDARIES, county)
    write_water_lines(folder / RIVERS, county)
    write_water_areas(folder / WATERS, county)
