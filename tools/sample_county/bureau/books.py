"""Lists of the county's departments as they keep them: workbooks with titles, merged cells and sums, and a CSV."""

# ruff: noqa: RUF001 - titles and remarks are Chinese, with Chinese punctuation

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from spatial.georef.datums import from_wgs84
from tools.sample_county.bureau.ground import township_code
from tools.sample_county.ground import to_degrees
from tools.sample_county.names import COUNTY
from tools.sample_county.settle import COUNTY_CODE, WORD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from tools.sample_county.county import County

__all__ = ["CLINIC", "write_clinics", "write_facilities", "write_flows", "write_villages", "write_yearbook"]

FACILITIES_CRS = "EPSG:4523"
"""CGCS2000, 3-degree zone 35, eastings with the number of the zone."""
CLINIC = "village_clinic"
"""Kind of the facilities whose list has no coordinates."""

LEVEL = {"county_seat": "县城", "zhen": "镇", "xiang": "乡", "village": "村"}
PLAN_CLASS = ("集聚提升类", "集聚提升类", "集聚提升类", "其他类", "集聚提升类", "特色保护类", "其他类")
"""Plan classes of villages in turn, where nothing says another one."""
PEOPLE = {
    "户籍": "registered",
    "常住": "resident",
    "60岁及以上": "age_60_up",
    "残疾人": "disabled",
    "0-14岁": "age_0_14",
    "3-5岁": "age_3_5",
    "6-9岁": "age_6_9",
    "6-11岁": "age_6_11",
    "12-14岁": "age_12_14",
    "6-14岁": "age_6_14",
    "15-49岁女性": "women_15_49",
}
UNIT = {
    "beds": "张床",
    "visits a day": "人次/日",
    "vehicles": "辆",
    "engines": "台",
    "places": "人",
    "parcels a day": "件/日",
    "stalls": "个摊位",
    "jobs": "个岗位",
}
STATE = {"open": "在用", "closed": "停用", "planned": "规划"}
FLOW = {"people": "人员", "parcels": "快件"}

BY_NAME = 7
"""One in so many clinics has the code of its township alone."""
STRANGE = ("移民新村卫生室", "老街卫生室", "茶场卫生室")
"""Names of clinics that no village is called by."""

_PACKED_AT = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def write_villages(file: Path, county: County) -> None:
    """Write the list of villages: two header rows, townships merged, sums of each and of all, GCJ-02 coordinates."""
    frame = county.settled.frame
    longitude, latitude = from_wgs84(*to_degrees(county.points).T, datum="gcj02")
    book, sheet = _book("村庄名录", f"{COUNTY.zh}县村镇基本情况表（合成数据，虚构）")
    groups = {"编码": ["行政区划代码", "统计用区划代码"], "地名": ["名称", "拼音", "级别"], "坐标": ["经度", "纬度"]}
    groups |= {"人口": list(PEOPLE)}
    _header(sheet, ["序号", "乡镇", groups, "村庄规划分类"])
    classes = _plan_classes(frame)
    counts = frame[list(PEOPLE.values())]
    for name, part in frame.groupby(["county", "town"], sort=False):
        first, rows = sheet.max_row + 1, frame.index.get_indexer(part.index)
        township = f"{name[1] or name[0]}{'' if name[1] else '县（邻县）'}"
        for row in rows.tolist():
            place = frame.iloc[row]
            sheet.append(
                [
                    row + 1,
                    township,
                    place["code"],
                    _statistical_code(place["code"], place["ur_code"]),
                    place["name"],
                    place["pinyin"],
                    LEVEL[place["level"]],
                    round(float(longitude[row]), 8),
                    round(float(latitude[row]), 8),
                    *counts.iloc[row].tolist(),
                    classes[row],
                ]
            )
        _merge_down(sheet, first, column=2)
        sheet.append(["", "小计", *[""] * 7, *counts.iloc[rows].sum().tolist(), ""])
    sheet.append(["", "合计", *[""] * 7, *counts.sum().tolist(), ""])
    sheet.append(["注：坐标取自互联网地图（GCJ-02）；本表为合成数据，地名、人口均为虚构。"])
    _save(book, file)


def _statistical_code(code: str, urban_rural: str) -> str:
    """Lengthen a code of 12 digits by two of the attribute and three of the urban or rural class."""
    return f"{code}{'10' if urban_rural.startswith('1') else '20'}{urban_rural}"


def _plan_classes(frame: pd.DataFrame) -> list[str]:
    """Class villages by their plan; small ones without a road move away, those at towns grow into them."""
    classes = []
    for number, place in enumerate(frame.to_dict("records")):
        if place["level"] != "village":
            classes.append("")
        elif place["road_access"] in {"none", "pocket"} and place["resident"] < 200:
            classes.append("搬迁撤并类")
        elif place["ur_code"].startswith("1"):
            classes.append("城郊融合类")
        else:
            classes.append(PLAN_CLASS[number % len(PLAN_CLASS)])
    return classes


def write_facilities(file: Path, county: County, words: dict[str, str]) -> None:
    """Write the list of all facilities but the clinics, with X to the north and Y to the east."""
    frame = county.facilities[county.facilities["kind"] != CLINIC]
    degrees = to_degrees(frame[["x", "y"]].to_numpy())
    change = pyproj.Transformer.from_crs("EPSG:4490", FACILITIES_CRS, always_xy=True)
    east, north = change.transform(degrees[:, 0], degrees[:, 1])
    book, sheet = _book("设施", f"{COUNTY.zh}县公共服务设施台账（合成数据，虚构）")
    columns = [{"设施": ["编号", "名称", "拼音", "类型"]}, {"坐标（CGCS2000）": ["X", "Y"]}]
    rest = {"规模": ["设计能力", "现状使用", "计量单位"]}
    _header(sheet, [*columns, rest, "状态", "所在村代码"])
    for row, place in enumerate(frame.to_dict("records")):
        sheet.append(
            [
                place["no"],
                place["name"],
                place["pinyin"],
                words[place["kind"]],
                round(float(north[row]), 3),
                round(float(east[row]), 3),
                _whole(place["capacity"]),
                _whole(place["in_use"]),
                UNIT.get(place["unit"], ""),
                STATE[place["state"]],
                place["settlement"],
            ]
        )
    sheet.append(["合计", len(frame)])
    _save(book, file)


def write_clinics(file: Path, county: County) -> None:
    """Write the list of village clinics: no coordinates; text in GB18030."""
    frame = county.facilities[county.facilities["kind"] == CLINIC].reset_index(drop=True)
    code, name = frame["settlement"].copy(), frame["name"].copy()
    inside = np.flatnonzero(code.str.startswith(COUNTY_CODE) & ~name.str.contains("县城|第"))
    strange = inside[np.linspace(0, len(inside) - 1, len(STRANGE) + 2, dtype=np.int64)[1:-1]]
    name[strange] = STRANGE
    unsure = np.union1d(inside[BY_NAME // 2 :: BY_NAME], strange)
    code[unsure] = code[unsure].str[:9] + "000"
    towns = {township_code(number)[:9]: _township(county, number) for number in range(_townships(county))}
    table = pd.DataFrame(
        {
            "机构编号": frame["no"],
            "机构名称": name,
            "乡镇": code.str[:9].map(towns).fillna("邻县"),
            "区划代码": code,
            "日接诊能力": frame["capacity"].map(_whole),
            "日均接诊": frame["in_use"].map(_whole),
            "计量单位": frame["unit"].map(UNIT),
            "状态": frame["state"].map(STATE),
        }
    )
    _write_csv(file, table)


def write_flows(file: Path, county: County) -> None:
    """Write the flows between settlements; text in GB18030."""
    flows = county.flows
    names = {"origin": "起点代码", "destination": "终点代码", "what": "类型", "number_2025": "2025年数量"}
    _write_csv(file, flows.assign(what=flows["what"].map(FLOW)).rename(columns=names))


def write_yearbook(file: Path, county: County) -> None:
    """Write the page of the statistical yearbook: people and villages by township, and of the county."""
    frame = county.settled.frame
    frame = frame[frame["code"].str.startswith(COUNTY_CODE)]
    unit = frame["code"].str[:9]
    book, sheet = _book("乡镇主要指标", f"{COUNTY.zh}县统计年鉴 2025　表2-1　各乡镇主要指标（合成数据，虚构）")
    _header(sheet, ["乡镇", "区划代码", {"人口（人）": ["常住人口", "户籍人口", "60岁及以上"]}, "行政村（个）"])
    sums = np.zeros(4, dtype=np.int64)
    for number in range(_townships(county)):
        own = frame[unit == township_code(number)[:9]]
        people = [int(own[name].sum()) for name in ("resident", "registered", "age_60_up")]
        counts = [*people, int((own["level"] == "village").sum())]
        sums += counts
        sheet.append([_township(county, number), township_code(number), *counts])
    sheet.append(["合计", f"{COUNTY_CODE}000000", *sums.tolist()])
    _save(book, file)


def _townships(county: County) -> int:
    return len(county.settled.township_names)


def _township(county: County, number: int) -> str:
    kind = county.settled.township_kinds[number]
    return county.settled.township_names[number].zh + WORD["zhen" if kind == "county_seat" else kind][0]


def _whole(value: Any) -> Any:
    return "" if pd.isna(value) else int(value)


def _book(name: str, title: str) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = name
    sheet.append([title])
    sheet.append([])
    sheet["A1"].font = Font(bold=True, size=14)
    return book, sheet


def _header(sheet: Worksheet, columns: Sequence[str | dict[str, list[str]]]) -> None:
    """Write two header rows: groups over their columns, single names over both rows; the title goes over all."""
    top, column = 3, 1
    for entry in columns:
        for name, parts in entry.items() if isinstance(entry, dict) else [(entry, [])]:
            sheet.cell(top, column, name).alignment = Alignment(horizontal="center", vertical="center")
            for offset, part in enumerate(parts):
                sheet.cell(top + 1, column + offset, part)
            last = column + max(len(parts), 1) - 1
            sheet.merge_cells(start_row=top, start_column=column, end_row=top if parts else top + 1, end_column=last)
            column = last + 1
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=column - 1)


def _merge_down(sheet: Worksheet, first: int, *, column: int) -> None:
    last = sheet.max_row
    if last > first:
        sheet.merge_cells(start_row=first, start_column=column, end_row=last, end_column=column)


def _write_csv(file: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(file, index=False, lineterminator="\r\n", encoding="gb18030")


def _save(book: Workbook, file: Path) -> None:
    """Write a workbook without the time of day."""
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC).replace(tzinfo=None)
    book.properties.creator, book.properties.created = "spatial", noon
    packed = io.BytesIO()
    book.save(packed)
    packed.seek(0)
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = _MODIFIED.sub(rb"\g<1>2026-01-01T12:00:00Z\g<2>", old.read(name))
            entry = zipfile.ZipInfo(name, _PACKED_AT)
            entry.compress_type, entry.create_system, entry.external_attr = (zipfile.ZIP_DEFLATED, 3, 0o644 << 16)
            new.writestr(entry, part)
