"""The files of a made-up office: the sample county as six hands would keep it, each moved by a known offset."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd

from spatial.crs import WGS84
from spatial.georef.datums import from_wgs84

COUNTY = Path(__file__).parents[1] / "data" / "county_80" / "open.zip"
ZONE = "EPSG:4523"
"""CGCS2000, the 3-degree zone 35, eastings with the number of the zone."""

TIERS = {"county_seat": "县城", "zhen": "镇", "xiang": "乡", "village": "行政村"}
POI = {
    "county_hospital": "医疗保健服务;综合医院;综合医院",
    "specialist_hospital": "医疗保健服务;专科医院;中医院",
    "township_health_centre": "医疗保健服务;综合医院;卫生院",
    "village_clinic": "医疗保健服务;诊所;卫生室",
    "pharmacy": "医疗保健服务;医药保健销售店;药房",
}
SCHOOLS = {"kindergarten": "幼儿园", "primary_school": "小学", "junior_middle_school": "中学"}


def write_office(folder: Path) -> Path:
    """Write the files of the office into a folder, and those of the sample beside it, in `truth`."""
    truth = folder.parent / "truth"
    with zipfile.ZipFile(COUNTY) as archive:
        archive.extractall(truth)
    folder.mkdir(parents=True)
    shutil.copyfile(truth / "sample.osm.pbf", folder / "云溪.osm.pbf")
    settlements = pd.read_csv(truth / "settlements.csv", dtype={"code": "str"})
    settlements = settlements[settlements["town"].notna()]  # those of the county itself
    facilities = pd.read_csv(truth / "facilities.csv")
    facilities = facilities[facilities["state"] == "open"]
    _villages(settlements, folder / "村庄名录.xlsx")
    _people(settlements, folder / "各村人口.csv")
    _plan_classes(settlements, folder / "村庄分类.xlsx")
    _poi(facilities, folder / "医疗poi.csv")
    _schools(facilities, folder / "学校.shp")
    (folder / "说明.docx").write_bytes(b"PK")
    (folder / "~$村庄名录.xlsx").write_bytes(b"lock")
    return folder


def _in_zone(frame: pd.DataFrame) -> gpd.GeoSeries:
    return gpd.GeoSeries(gpd.points_from_xy(frame["lon"], frame["lat"]), index=frame.index, crs=WGS84).to_crs(ZONE)


def _villages(settlements: pd.DataFrame, file: Path) -> None:
    """Villages of the planning office: a title, two rows of heads, merged cells, sums; X is the northing."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "名录"
    sheet.append(["云溪县村庄名录(2025年)"])
    sheet.append(["乡镇", "名称", "类别", "坐标(CGCS2000)", None])
    sheet.append([None, None, None, "X", "Y"])
    sheet.merge_cells("A1:E1")
    sheet.merge_cells("D2:E2")
    for letter in "ABC":
        sheet.merge_cells(f"{letter}2:{letter}3")
    points = _in_zone(settlements)
    for town, rows in settlements.groupby("town", sort=False):
        first = sheet.max_row + 1
        for number, row in enumerate(rows.itertuples()):
            point = points[row.Index]
            kind = "社区" if row.level == "village" and row.ur_code != 220 else TIERS[row.level]
            sheet.append([town if not number else None, row.name, kind, round(point.y, 3), round(point.x, 3)])
        if len(rows) > 1:
            sheet.merge_cells(f"A{first}:A{sheet.max_row}")
        sheet.append(["小计", None, None, None, None])
    book.save(file)


def _people(settlements: pd.DataFrame, file: Path) -> None:
    """People by village of the police and the statisticians, by name alone, in GBK."""
    table = pd.DataFrame(
        {
            "序号": np.arange(1, len(settlements) + 1),
            "村(社区)": settlements["name"],
            "户籍人口": settlements["registered"],
            "常住人口": settlements["resident"],
        }
    )
    table.to_csv(file, index=False, encoding="gb18030")


def _plan_classes(settlements: pd.DataFrame, file: Path) -> None:
    """A list of villages by names alone, with the class that the plan gives them."""
    villages = settlements[settlements["level"] == "village"]
    kinds = np.array(["集聚提升类", "城郊融合类", "其他类"])
    table = pd.DataFrame({"村名": villages["name"], "村庄分类": kinds[np.arange(len(villages)) % 3]})
    table.to_excel(file, index=False)


def _poi(facilities: pd.DataFrame, file: Path) -> None:
    """Points of a map app: shifted by GCJ-02, both coordinates in a cell, kinds of the app, text in GBK."""
    chosen = facilities[facilities["kind"].isin(POI)]
    longitude, latitude = from_wgs84(chosen["lon"].to_numpy(), chosen["lat"].to_numpy(), datum="gcj02")
    table = pd.DataFrame(
        {
            "name": chosen["name"],
            "type": chosen["kind"].map(POI),
            "location": [f"{x:.6f},{y:.6f}" for x, y in zip(longitude, latitude, strict=True)],
            "address": "云溪县",
        }
    )
    table.to_csv(file, index=False, encoding="gbk")


def _schools(facilities: pd.DataFrame, file: Path) -> None:
    """Schools of the education office: a Shapefile in GBK that does not say its CRS."""
    chosen = facilities[facilities["kind"].isin(SCHOOLS)]
    table = {"名称": chosen["name"], "类型": chosen["kind"].map(SCHOOLS), "学生数": chosen["in_use"].fillna(0)}
    frame = gpd.GeoDataFrame(table, geometry=_in_zone(chosen))
    frame.to_file(file, encoding="gb18030")
    for ending in (".prj", ".cpg"):
        file.with_suffix(ending).unlink(missing_ok=True)
