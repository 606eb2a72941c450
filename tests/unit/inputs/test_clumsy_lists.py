"""Lists as a hurried office makes them: forms above tables, numbers in ten thousands, the same ids twice."""
# ruff: noqa: RUF001 - full-width characters are what is read

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError
from spatial.formats.columns import id_column, number_column
from spatial.formats.delimited import read_delimited
from spatial.formats.notes import take_notes
from spatial.formats.workbook import read_workbook
from spatial.inputs.gather import Gathered, doubles_note, refuse_shared_ids
from spatial.inputs.inspection.columns import tell_signs
from spatial.inputs.place_tables import read_decisions
from spatial.inputs.units import official_units_from_table
from spatial.inputs.user_tables import settlements_from_table
from spatial.study import OfficialUnits, TableSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORM = [
    ["云溪县行政村基本情况台账", None, None, None, None, None, None],
    ["填报单位：民政局", None, None, None, "填报日期：2025.12.1", None, None],
    ["所属乡（镇、街道）", "村代码", "村（社区）", "东经", "北纬", "人口情况", None],
    [None, None, None, None, None, "年末总人口", "#65岁以上"],
    ["金龙镇", "511723100201", "赵沟村", 107.56, 31.01, 396, 79],
    [None, "511723100202", "周庙村", 107.58, 31.01, 744, 148],
    ["安全镇", "511723101201", "李坪村", 107.60, 31.02, 500, 90],
    ["全 县", None, None, None, None, 1640, 317],
]
MERGES = ("A1:G1", "A2:D2", "F3:G3", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:E4", "A5:A6")
YEARBOOK = [
    ["2-3 分乡镇人口", None],
    ["单位：万人", None],
    ["乡镇", "年末总人口"],
    ["金龙镇", 1.06],
    ["白马乡", 1.47],
    ["全县", 2.53],
]


def _book(folder: Path, rows: Sequence[Sequence[Any]], *, merges: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for area in merges:
        sheet.merge_cells(area)
    path = folder / "list.xlsx"
    book.save(path)
    return path


def test_a_form_above_the_table_is_no_header_and_the_whole_county_no_row(tmp_path: Path) -> None:
    frame = read_workbook(_book(tmp_path, FORM, merges=MERGES))
    assert list(frame.columns)[-2:] == ["人口情况 年末总人口", "人口情况 #65岁以上"]
    assert list(frame.iloc[:, 0]) == ["金龙镇", "金龙镇", "安全镇"]
    assert any("row 8 全 县" in note.detail for note in take_notes(frame))


def test_whom_a_hospital_serves_makes_no_row_of_sums(tmp_path: Path) -> None:
    rows = [["名称", "服务范围", "床位"], ["人民医院", "全县", 300], ["中医院", "全县", 100]]
    assert len(read_workbook(_book(tmp_path, rows))) == 2


def test_a_grand_total_without_accents_is_a_sum(tmp_path: Path) -> None:
    rows = [["Code", "Nom", "Lits"], ["K1", "Moroni", 30], ["TOTAL GENERAL", None, 30]]
    assert len(read_workbook(_book(tmp_path, rows))) == 1


def test_the_township_of_villages_is_not_taken_for_their_name(tmp_path: Path) -> None:
    (layer,) = sp.inspect_file(_book(tmp_path, FORM, merges=MERGES), raw=tmp_path).layers
    assert layer.proposal is not None
    told = {setting.key: setting.value for setting in layer.proposal.settings}
    assert told["columns.name"] == "村（社区）"
    assert told["columns.township"] == "所属乡（镇、街道）"
    assert told["columns.elderly_persons"] == "人口情况 #65岁以上"


def test_people_in_ten_thousands_are_refused_by_the_name_of_their_column(tmp_path: Path) -> None:
    rows = [
        ["代码", "村名", "经度", "纬度", "人口（万人）"],
        ["1", "赵沟村", 107.5, 31.0, 0.04],
        ["2", "周庙村", 107.6, 31.1, 0.07],
    ]
    source = TableSource(
        path="list.xlsx",
        longitude="经度",
        latitude="纬度",
        crs="EPSG:4490",
        columns={"settlement_id": "代码", "name": "村名", "population_persons": "人口（万人）"},
        tier="village",
    )
    with pytest.raises(ContractError, match="'人口（万人）' seems to count in thousands or ten thousands"):
        settlements_from_table(_book(tmp_path, rows), source)


def test_a_yearbook_in_ten_thousands_is_refused_by_the_line_above_which_is_shown(tmp_path: Path) -> None:
    path = _book(tmp_path, YEARBOOK)
    source = OfficialUnits(
        path="list.xlsx", source="made up", columns={"name": "乡镇", "population_persons": "年末总人口"}
    )
    with pytest.raises(ContractError, match="as 'A2 单位：万人' above the header says"):
        official_units_from_table(path, source)
    assert any("A2 单位：万人" in note.detail for note in take_notes(read_workbook(path)))


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_people_in_thousands_are_refused_by_the_title_unless_their_column_says_persons(
    tmp_path: Path, ending: str
) -> None:
    for head, is_refused in (("people", True), ("people (persons)", False)):
        columns = ["code", "village", "longitude", "latitude", head]
        rows = [["Population in thousands", None, None, None, None], columns, ["1", "A", 43.2, -11.7, 1.2]]
        path = _book(tmp_path, rows)
        if ending == "csv":
            path = path.with_suffix(".csv")
            path.write_text("\n".join(",".join(str(cell or "") for cell in row) for row in rows), encoding="utf-8")
        source = TableSource(
            path=path.name,
            header_row=2,
            crs="EPSG:4326",
            columns={"settlement_id": "code", "population_persons": head},
            tier="village",
        )
        (layer,) = sp.inspect_file(path, raw=tmp_path).layers
        assert layer.proposal is not None
        assert any(setting.value == head for setting in layer.proposal.settings) is not is_refused
        if is_refused:
            with pytest.raises(ContractError, match="Population in thousands' above the header says"):
                settlements_from_table(path, source)
        else:
            assert settlements_from_table(path, source)["population_persons"].tolist() == [1.2]


_SPOILED = (["4.60101E+11", "4.60102E+11"], ["2-Jan", "1-13"], ["02-févr.", "1-13"], ["1月2日", "1-13"])
_SPOILED += (["2026-01-02 00:00:00", "1-13"], ["2026-01-02", "1-13"])


@pytest.mark.parametrize("codes", [*_SPOILED, ["2024-01-02", "2024-01-03"]])
def test_ids_that_a_spreadsheet_made_dates_or_numbers_are_left_to_decide(tmp_path: Path, codes: list[str]) -> None:
    rows = [["代码", "村名", "经度", "纬度", "人口"]]
    rows += [[codes[0], "赵沟村", 107.5, 31.0, 396], [codes[1], "周庙村", 107.6, 31.1, 744]]
    (layer,) = sp.inspect_file(_book(tmp_path, rows), raw=tmp_path).layers
    assert layer.proposal is not None
    (key,) = [setting for setting in layer.proposal.settings if setting.key == "columns.settlement_id"]
    assert (key.value, key.is_decided) == ("代码", False)
    assert f"made numbers or dates, such as {codes[0]}" in key.reason
    problems: list[str] = []
    id_column(pd.DataFrame({"settlement_id": [*codes, "12-mar"]}), "settlement_id", problems)
    # Whatever has the form of a date in all rows may be meant so, such as a year and a number.
    id_column(pd.DataFrame({"settlement_id": ["2024-01-02", "2024-01-45"]}), "settlement_id", problems)
    assert len(problems) == 1
    assert "rounded or made a date by a spreadsheet in 'row 1'" in problems[0]


@pytest.mark.parametrize(
    ("place", "people", "is_mixed"),
    [("43.2516;-11.7042", "12,5", True), ("43,2516;-11,7042", "12,5", False), ("43.2516;-11.7042", "12.5", False)],
)
def test_people_with_a_comma_beside_degrees_with_a_point_are_left_to_decide(
    tmp_path: Path, place: str, people: str, *, is_mixed: bool
) -> None:
    text = f"id;name;longitude;latitude;population\n1;A;{place};{people}\n2;B;{place};130\n"
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    (layer,) = sp.inspect_file(tmp_path / "list.csv", raw=tmp_path).layers
    assert layer.proposal is not None
    told = [setting.reason for setting in layer.proposal.undecided if "write all numbers of the file" in setting.reason]
    assert len(told) == is_mixed
    signs = [setting.value for setting in layer.proposal.settings if setting.key == "decimal"]
    assert signs == ([","] if "," in place else [])


def test_beds_and_pupils_of_a_yearbook_are_no_numbers_of_facilities(tmp_path: Path) -> None:
    rows = [
        ["乡镇", "卫生院数", "卫生院床位数", "小学在校生数", "小学(人)", "村委会数"],
        ["金龙镇", 1, 45, 800, 800, 10],
        ["白马乡", 2, 30, 400, 400, 12],
        ["青石乡", 1, 30, 300, 300, 8],
    ]
    path = _book(tmp_path, rows).rename(tmp_path / "统计年鉴.xlsx")
    (layer,) = sp.inspect_file(path, raw=tmp_path).layers
    totals = [p for p in (layer.proposal, *layer.others) if p is not None and p.section == "official"]
    told = {setting.key: setting.value["value"] for setting in totals[0].settings if setting.key}
    assert told == {"facilities.health_centre": 4, "villages": 30}


def test_the_sum_in_a_last_row_does_not_double_a_suggested_total(tmp_path: Path) -> None:
    rows = [
        ["乡镇", "年末总人口", "村民委员会"],
        ["金龙镇", 10550, 10],
        ["白马乡", 14740, 12],
        ["青石乡", 13601, 8],
        ["开阳", 38891, 30],
    ]
    path = _book(tmp_path, rows).rename(tmp_path / "统计年鉴.xlsx")
    (layer,) = sp.inspect_file(path, raw=tmp_path).layers
    totals = [p for p in (layer.proposal, *layer.others) if p is not None and p.section == "official"]
    told = {setting.key: setting.value for setting in totals[0].settings}
    assert told["people"]["value"] == 38891
    assert told["villages"]["value"] == 30


def test_a_sum_below_a_list_of_villages_that_differs_from_its_rows_is_noted(tmp_path: Path) -> None:
    source = TableSource(
        path="list.xlsx", longitude="东经", latitude="北纬", crs="EPSG:4490", tier="village",
        columns={
            "settlement_id": "村代码", "name": "村（社区）", "population_persons": "人口情况 年末总人口",
            "elderly_persons": "人口情况 #65岁以上",
        },
    )  # fmt: skip
    # 396 + 744 + 500 = 1640, and 79 + 148 + 90 = 317: a printed 1700 is of a village that is missing.
    for printed, told in (
        (1640, []),
        (1700, ["printed sums that differ from their rows: '全 县 population_persons 1700 ≠ 1640'"]),
    ):
        rows = [*FORM[:-1], ["全 县", None, None, None, None, printed, 317]]
        frame = settlements_from_table(_book(tmp_path, rows, merges=MERGES), source)
        assert len(frame) == 3
        details = [note.detail for note in take_notes(frame) if note.key == "printed_sums"]
        assert [detail.removesuffix(" (1 in all)") for detail in details] == told


def _told_totals(path: Path) -> dict[str, Any]:
    (layer,) = sp.inspect_file(path, raw=path.parent).layers
    totals = next(p for p in (layer.proposal, *layer.others) if p is not None and p.section == "official")
    return {setting.key or setting.reason: setting.value and setting.value["value"] for setting in totals.settings[1:]}


def test_people_in_ten_thousands_are_suggested_as_no_total_wherever_the_unit_stands(tmp_path: Path) -> None:
    left = "counts in thousands or ten thousands: enter people yourself"
    rows = [["2-3 分乡镇人口", None, None], [None, None, "单位：万人"], ["乡镇", "年末总人口", "村委会数"]]
    rows += [["金龙镇", 1.06, 10], ["白马乡", 1.47, 12], ["青石乡", 1.36, 8]]
    path = _book(tmp_path, rows).rename(tmp_path / "统计年鉴.xlsx")
    assert _told_totals(path) == {f"'年末总人口' {left}": None, "villages": 30}
    rows = [["指标", "单位", "数值"], ["常住人口", "万人", 3.89], ["行政村", "个", 30]]
    path = _book(tmp_path, rows).rename(tmp_path / "统计年鉴.xlsx")
    assert _told_totals(path) == {f"'常住人口' {left}": None, "villages": 30}
    rows = [["乡镇", "户籍人口（万人）", "常住人口"], ["金龙镇", 1.06, 10000], ["白马乡", 1.47, 14000]]
    path = _book(tmp_path, rows).rename(tmp_path / "统计年鉴.xlsx")
    assert _told_totals(path) == {"people": 24000}


def test_a_remark_that_names_a_map_app_is_a_reason_to_guess_its_datum(tmp_path: Path) -> None:
    remarks = {"备注：坐标取自高德地图。": "gcj02", "注：百度地图拾取": "bd09", "注：高德镇除外": None}
    for remark, datum in remarks.items():
        path = _book(tmp_path, [*FORM, [remark, *[None] * 6]], merges=MERGES)
        (layer,) = sp.inspect_file(path, raw=tmp_path).layers
        assert layer.proposal is not None
        told = {setting.key: setting for setting in layer.proposal.settings}
        assert (told["datum"].value if "datum" in told else None) == datum
        assert ("crs" in told) == (datum is None)


def test_two_lists_that_both_count_from_one_are_refused_by_name() -> None:
    points = gpd.points_from_xy([0.0, 1.0], [0.0, 1.0])
    lists = [gpd.GeoDataFrame({"facility_id": ["1", "2"]}, geometry=points, crs=4326) for _ in range(2)]
    none = gpd.GeoDataFrame({"settlement_id": []}, geometry=[], crs=4326)
    found = Gathered(
        none, none, none, none, facilities=lists, own={"facilities 0": "clinics.xlsx", "facilities 1": "schools.xlsx"}
    )
    with pytest.raises(ContractError, match=r"'1', '2' .* are in clinics\.xlsx and in schools\.xlsx"):
        refuse_shared_ids(found)


def test_facilities_and_villages_that_both_count_from_one_are_refused_and_one_of_the_village_is_not() -> None:
    none = gpd.GeoDataFrame(geometry=[], crs=4326)
    # Clinic 1 stands 1.1 km from village 1, and clinic 2 some 111 km from village 2; clinic 3 has no place yet.
    villages = gpd.GeoDataFrame({"settlement_id": ["1", "2", "3"]}, geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]))
    clinics = villages.rename(columns={"settlement_id": "facility_id"}).set_geometry(
        [*gpd.points_from_xy([0.01, 2.0], [0, 0]), None]
    )
    found = Gathered(villages.set_crs(4326), none, none, none, facilities=[clinics.set_crs(4326)])
    found.own["facilities 0"] = "clinics.xlsx"
    fault = r"facility_id: '2' \(1 in all\) of clinics\.xlsx are ids of settlements more than 5 km away"
    with pytest.raises(ContractError, match=fault):
        refuse_shared_ids(found)
    found.facilities = [clinics.set_crs(4326).iloc[[0, 2]]]
    refuse_shared_ids(found)


@pytest.mark.parametrize(
    ("ending", "encoding", "delimiter"),
    [
        ("csv", "utf-8-sig", ","),
        ("csv", "cp1252", ";"),
        ("csv", "gb18030", ","),
        ("csv", "utf-16", "\t"),
        ("xlsx", "", ""),
    ],
)
def test_decisions_are_read_as_spreadsheets_save_them(
    tmp_path: Path, ending: str, encoding: str, delimiter: str
) -> None:
    name = "Écoles des Îles à côté" if encoding == "cp1252" else "移民新村卫生室"
    head = ["source", "place_id", "name", "settlement_id"]
    rows = [["a.xlsx", "007", name, "519900101201"], ["a.xlsx", "008", name, ""]]
    table = pd.DataFrame(rows, columns=head)
    path = tmp_path / f"decided.{ending}"
    if ending == "xlsx":
        table.to_excel(path, index=False)
    else:
        table.to_csv(path, index=False, encoding=encoding, sep=delimiter)
    assert read_decisions(path) == {"a.xlsx": {"007": "519900101201"}}


def test_empty_columns_at_the_end_of_a_csv_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Code;Nom;;\n1;Moroni;;\n2;Domoni;;\n", encoding="utf-8")
    frame = read_delimited(path, delimiter=";")
    assert list(frame.columns) == ["Code", "Nom"]
    assert [(note.item, note.number) for note in take_notes(frame)] == [("empty columns without a name left out", 2)]
    path.write_text("Code;Nom;\n1;Moroni;\n2;Domoni;x\n", encoding="utf-8")
    with pytest.raises(ContractError, match="without a name at position '3'"):
        read_delimited(path, delimiter=";")


def test_a_village_under_two_codes_and_a_road_drawn_back_are_named() -> None:
    places = gpd.GeoDataFrame(
        {"settlement_id": ["a", "b", "c"], "name": ["赵沟村", "赵沟村", "周庙村"]},
        geometry=gpd.points_from_xy([1.0, 1.0, 1.0], [2.0, 2.0, 2.0]),
    )
    note = doubles_note(places, "settlement_id")
    assert (note.number, "'a = b'" in note.detail) == (1, True)
    line = shapely.LineString([(0, 0), (1, 0), (2, 1)])
    roads = gpd.GeoDataFrame(
        {"road_id": ["1", "2", "3"]}, geometry=[line, line.reverse(), shapely.LineString([(0, 0), (2, 1)])]
    )
    assert doubles_note(roads, "road_id").number == 1


def _counted(folder: Path, people: Sequence[str], **said: str) -> pd.Series:
    path = folder / "list.csv"
    rows = [f"{number};{text};361000;333300{number}" for number, text in enumerate(people)]
    path.write_text("id;people;x;y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    columns = {"settlement_id": "id", "population_persons": "people"}
    source = TableSource(
        path=path.name,
        delimiter=";",
        easting="x",
        northing="y",
        crs="EPSG:32648",
        tier="village",
        columns=columns,
        **said,
    )
    return settlements_from_table(path, source)["population_persons"]


def test_a_point_that_may_set_thousands_apart_is_refused_until_it_is_declared(tmp_path: Path) -> None:
    german = ["1.253", "12.450", "800"]
    with pytest.raises(ContractError, match=r"population_persons: a point with three digits .* '1.253', '12.450' \(2"):
        _counted(tmp_path, german)
    assert _counted(tmp_path, german, decimal=",", thousands=".").tolist() == [1253.0, 12450.0, 800.0]
    assert _counted(tmp_path, german, decimal=".").tolist() == [1.253, 12.45, 800.0]
    # A point that sets no thousands apart is a decimal one.
    assert _counted(tmp_path, ["1.253", "0.450", "800"]).tolist() == [1.253, 0.45, 800.0]


@pytest.mark.parametrize(
    ("head", "people", "told"),
    [
        ("population", ["1.253", "800"], "numbers such as '1.253': thousands"),
        ("population (thousand)", ["1.2", "0.8"], "counts in thousands"),
        ("population", ["1,25", "n/a"], "holds text such as 'n/a'"),
    ],
)
def test_inspection_asks_what_numbers_of_people_are(tmp_path: Path, head: str, people: list[str], told: str) -> None:
    path = tmp_path / "villages.csv"
    rows = "".join(f"{at};V{at};{text};361000;333300{at}\n" for at, text in enumerate(people))
    path.write_text(f"id;name;{head};easting;northing\n{rows}", encoding="utf-8")
    proposal = sp.inspect_file(path).layers[0].proposal
    asked = [setting.reason for setting in proposal.settings if not setting.is_decided]
    assert any(told in reason for reason in asked), asked


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (
            "name,beds,lat,lon\nYunxi Hospital,646,28.5,104.1\nBaihe Hospital,n/a,28.6,104.2\n",
            "capacity: 'beds' holds text",
        ),
        ("village,population,elderly,lat,lon\nA,120,30,28.5,104.1\nB,80,<5,28.6,104.2\n", "elderly_persons: 'elderly'"),
    ],
)
def test_inspection_tells_why_a_column_of_numbers_is_left_out(tmp_path: Path, head: str, told: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(head, encoding="utf-8")
    proposal = sp.inspect_file(path).layers[0].proposal
    asked = [setting.reason for setting in proposal.settings if not setting.is_decided]
    assert any(told in reason for reason in asked), asked


def test_a_point_beside_decimal_commas_sets_thousands_apart() -> None:
    frame = pd.DataFrame({"lat": ["48,1", "48,25"], "people": ["1.253", "800"]})
    assert (tell_signs(frame).decimal, tell_signs(frame).thousands) == (",", ".")
    # Not where another column has decimal points.
    assert tell_signs(frame.assign(km=["1.5", "2.25"])).thousands == ""


@pytest.mark.parametrize(("packed", "told"), [(2, "minutes and seconds"), (0, "whole degrees")])
def test_degrees_that_are_not_decimal_are_refused_and_told_by_inspection(
    tmp_path: Path, packed: int, told: str
) -> None:
    # 104.3000, 104.3105 ...: 104 degrees, 30 to 41 minutes, 0 to 55 seconds; or the degrees of three columns
    rows = [
        [
            f"5117231012{n:02d}",
            f"赵沟{n}村",
            104 + packed * (0.15 + n / 200 + n / 4000),
            28 + packed * (n / 200 + n / 4000),
            90,
        ]
        for n in range(12)
    ]
    path = _book(tmp_path, [["代码", "村名", "经度", "纬度", "人口"], *rows])
    columns = {"settlement_id": "代码", "name": "村名", "population_persons": "人口"}
    keys: dict[str, Any] = {"path": "list.xlsx", "longitude": "经度", "latitude": "纬度", "crs": "EPSG:4490"}
    with pytest.raises(ContractError, match=told):
        settlements_from_table(path, TableSource(**keys, columns=columns, tier="village"))
    assert len(settlements_from_table(path, TableSource(**keys, decimal=".", columns=columns, tier="village"))) == 12
    (layer,) = sp.inspect_file(path, raw=tmp_path).layers
    assert any(told in remark for remark in layer.coordinates)


@pytest.mark.parametrize(
    ("cell", "complete", "told"),
    [
        ("-", False, "such as '-' (1 in all); write digits and a decimal point only, "),
        ("n/a", False, "; 0 for none, and leave blank what is not known"),
        ("n/a", True, "or thousands = ','; 0 for none"),  # a number for each
    ],
)
def test_words_for_none_and_for_a_number_that_is_not_known_are_answered(cell, complete, told):
    problems: list[str] = []
    number_column(pd.DataFrame({"beds": ["3", cell]}), "beds", problems, key="id", complete=complete)
    assert len(problems) == 1
    assert told in problems[0]
    assert ("leave blank" in problems[0]) != complete


@pytest.mark.parametrize(
    "ending",
    ["Source: ONS", "Source : INSEE, 2021;", "Source ONS 2024", "NB : provisoire", "N.B.: x", "资料来源：统计局;;"],
)
def test_a_remark_below_a_csv_is_no_place(tmp_path, ending):
    columns = ending.count(";") or 1
    rows = [";".join(["name", *"abc"][: columns + 1]), ";".join(["Source Bleue", *"123"][: columns + 1])]
    rows.append("Notes" + ";" * columns)  # a place whose number nobody knows
    file = tmp_path / "list.csv"
    file.write_text("\n".join([*rows, ending]), encoding="utf-8")
    frame = read_delimited(file, delimiter=";")
    assert frame["name"].tolist() == ["Source Bleue", "Notes"]
    (note,) = take_notes(frame)
    assert (note.item, note.number) == ("remarks left out", 1)
