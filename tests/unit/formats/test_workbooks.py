"""Workbooks as offices write them: what is read, what is reported, and what a refused one is told."""
# ruff: noqa: RUF001 - full-width characters are what is read

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlwt
from pyproj import CRS

from spatial.errors import ContractError, SourceError
from spatial.formats.notes import row_numbers, take_notes
from spatial.formats.vector import open_frame
from spatial.formats.workbook import read_workbook
from spatial.inputs.user_tables import observed_from_table, settlements_from_table
from spatial.study import TableSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VILLAGES = [
    ["行政区划代码", "村名", "人口", "经度", "纬度"],
    [510105001201, "石桥村", 1200, 103.5, 30.25],
    [510105001202, "河口村", 800, 103.6, 30.5],
]


def _xlsx(folder: Path, rows: Sequence[Sequence[Any]], *, merges: Sequence[str] = (), **others: Any) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "村庄"
    for row in rows:
        sheet.append(row)
    for area in merges:
        sheet.merge_cells(area)
    for name, more in others.items():
        other = book.create_sheet(name)
        for row in more:
            other.append(row)
    path = folder / "villages.xlsx"
    book.save(path)
    return path


def _xls(folder: Path, rows: Sequence[Sequence[Any]], *, zeros: str = "General") -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("村庄")
    style = xlwt.easyxf(num_format_str=zeros)
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(row, column, value, style if isinstance(value, int) else xlwt.Style.default_style)
    path = folder / "villages.xls"
    book.save(str(path))
    return path


def _notes(frame: Any) -> dict[str, int]:
    return {note.item: note.number for note in take_notes(frame)}


def _refusal(path: Path, **keys: Any) -> str:
    with pytest.raises((SourceError, ContractError)) as caught:
        read_workbook(path, what="settlements", **keys)
    message = str(caught.value)
    assert path.name in message
    return message


# --- what is read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [_xlsx, _xls])
def test_a_plain_sheet_becomes_text_and_long_codes_keep_every_digit(tmp_path, write):
    frame = read_workbook(write(tmp_path, VILLAGES))
    assert list(frame.columns) == VILLAGES[0]
    assert frame.iloc[0].tolist() == ["510105001201", "石桥村", "1200", "103.5", "30.25"]
    assert _notes(frame) == {}


def test_leading_zeros_stay_as_text_and_as_a_format(tmp_path):
    path = _xlsx(tmp_path, [["code", "short", "name"], ["007", 7, "a"], ["0110", 10, "b"]])
    book = openpyxl.load_workbook(path)
    for row in (2, 3):
        book.active.cell(row, 2).number_format = "000000"
    book.save(path)
    frame = read_workbook(path)
    assert frame["code"].tolist() == ["007", "0110"]
    assert frame["short"].tolist() == ["000007", "000010"]


def test_an_old_workbook_keeps_leading_zeros_of_a_format_too(tmp_path):
    path = _xls(tmp_path, [["code", "name"], [7, "a"], [10, "b"]], zeros="000000")
    assert read_workbook(path)["code"].tolist() == ["000007", "000010"]


@pytest.mark.parametrize("write", [_xlsx, _xls])
def test_the_header_is_found_below_titles_and_units(tmp_path, write):
    title = [["石桥县村庄一览表"], [None, None, None, None, "单位：人"], [], *VILLAGES]
    assert read_workbook(write(tmp_path, title))["村名"].tolist() == ["石桥村", "河口村"]


def test_a_header_of_numbers_is_declared(tmp_path):
    path = _xlsx(tmp_path, [["title"], ["unit", 2019, 2020], ["a", 1, 2], ["b", 3, 4]])
    assert "header_row" in _refusal(path)
    assert list(read_workbook(path, header_row=2).columns) == ["unit", "2019", "2020"]


def test_merged_headers_name_all_their_columns(tmp_path):
    rows = [["村名", "人口", None, "经度"], [None, "男", "女", None], ["石桥村", 5, 6, 103.5], ["河口村", 1, 2, 103.6]]
    frame = read_workbook(_xlsx(tmp_path, rows, merges=["A1:A2", "B1:C1", "D1:D2"]))
    assert list(frame.columns) == ["村名", "人口 男", "人口 女", "经度"]
    assert len(frame) == 2
    assert _notes(frame) == {"merged cells in and above the header": 3}


def test_a_name_merged_over_two_rows_draws_the_second_row_into_the_header(tmp_path):
    rows = [["村名", "人口"], [None, "常住"], ["石桥村", 5], ["河口村", 1]]
    frame = read_workbook(_xlsx(tmp_path, rows, merges=["A1:A2"]))
    assert list(frame.columns) == ["村名", "人口 常住"]
    assert frame["村名"].tolist() == ["石桥村", "河口村"]


def test_merged_text_is_filled_down_and_merged_numbers_are_not(tmp_path):
    rows = [["镇", "村", "人口"], ["城关镇", "甲", 10], [None, "乙", None], ["青石镇", "丙", 7]]
    frame = read_workbook(_xlsx(tmp_path, rows, merges=["A2:A3", "C2:C3"]))
    assert frame["镇"].tolist() == ["城关镇", "城关镇", "青石镇"]
    assert frame["人口"].isna().tolist() == [False, True, False]
    notes = _notes(frame)
    assert notes == {"merged cells filled down": 1, "merged numbers kept in their first row": 1}


def test_total_rows_and_remarks_are_left_out_and_reported(tmp_path):
    rows = [
        ["序号", "镇", "村", "人口"],
        [1, "城关镇", "甲", 10],
        [2, "城关镇", "乙", 20],
        [None, "城关镇", "小　计", 30],
        [3, "青石镇", "丙", 7],
        ["序号", "镇", "村", "人口"],
        [None, "Sous-total Nord", None, 7],
        [None, None, "Total : 3"],
        [None, "Ensemble", None, 37],
        ["全县合计", None, None, 37],
        ["注：数据来源于统计局"],
        ["联系人：张三  电话：0875-1234567"],
    ]
    frame = read_workbook(_xlsx(tmp_path, rows))
    assert frame["村"].tolist() == ["甲", "乙", "丙"]
    notes = {note.item: note for note in take_notes(frame)}
    assert {item: note.number for item, note in notes.items()} == {
        "total rows left out": 5,
        "remarks left out": 2,
        "repeated header rows left out": 1,
        "cells with full-width digits, odd spaces or an apostrophe before a code written plainly": 1,
    }
    assert "row 4" in notes["total rows left out"].detail
    assert len(read_workbook(tmp_path / "villages.xlsx", total_words=())) == 8  # with all sums


@pytest.mark.parametrize("counted", [[1, 2, 3, 4, 5], ["甲", "乙", "1", "2", "3"], ["（1）", "②", 3, 4, 5], [*"ABCDE"]])
def test_a_row_that_numbers_the_columns_is_no_village(tmp_path, counted):
    assert read_workbook(_xlsx(tmp_path, [VILLAGES[0], counted, *VILLAGES[1:]]))["村名"].tolist() == [
        "石桥村",
        "河口村",
    ]
    lines = [VILLAGES[0], counted, *VILLAGES[1:]]
    path = tmp_path / "villages.csv"
    path.write_text("\n".join(",".join(map(str, line)) for line in lines), encoding="utf-8")
    frame = open_frame(path, TableSource(path="villages.csv"), what="settlements")
    assert frame["人口"].tolist() == ["1200", "800"]
    assert [(note.key, note.number) for note in take_notes(frame)] == [("column_numbers", 1)]
    assert row_numbers(frame).tolist() == [3, 4]


def test_the_first_of_several_rows_of_numbers_is_kept(tmp_path):
    assert len(read_workbook(_xlsx(tmp_path, [["from", "to", "minutes"], [1, 2, 3], [1, 3, 8.5]]))) == 2


def test_an_apostrophe_before_a_code_is_not_of_the_code(tmp_path):
    path = tmp_path / "villages.csv"
    path.write_text("code,name\n'460101,'s-Hertogenbosch\n460102,B\n", encoding="utf-8")
    frame = open_frame(path, TableSource(path="villages.csv"), what="settlements")
    assert frame["code"].tolist() == ["460101", "460102"]
    assert frame["name"].tolist() == ["'s-Hertogenbosch", "B"]
    assert [note.number for note in take_notes(frame)] == [1]


def test_full_width_digits_and_spaces_are_written_plainly(tmp_path):
    frame = read_workbook(_xlsx(tmp_path, [["村", "人口"], ["　石桥村", "１２．５"], ["河口（中心）", "8"]]))
    assert frame["人口"].tolist() == ["12.5", "8"]
    assert frame["村"].tolist() == ["石桥村", "河口（中心）"]
    assert list(_notes(frame).values()) == [2]


def test_errors_of_formulas_and_digits_that_a_workbook_lost_are_reported(tmp_path):
    rows = [["card", "name", "x"], [511011199001011234, "a", "#N/A"], [1, "b", 2]]
    frame = read_workbook(_xlsx(tmp_path, rows))
    assert frame["x"].isna().tolist() == [True, False]
    assert _notes(frame) == {"cells with a formula's error read as empty": 1, "numbers of more than 15 digits": 1}


def test_hidden_sheets_are_passed_over_and_named(tmp_path):
    path = _xlsx(tmp_path, VILLAGES, backup=[["a", "b"], ["c", "d"]])
    book = openpyxl.load_workbook(path)
    book["backup"].sheet_state = "hidden"
    book.save(path)
    frame = read_workbook(path)
    assert len(frame) == 2
    assert _notes(frame) == {"hidden sheets left unread": 1}


def test_a_stray_format_far_away_costs_nothing(tmp_path):
    path = _xlsx(tmp_path, VILLAGES)
    book = openpyxl.load_workbook(path)
    book.active.cell(1_000_000, 16_000).font = openpyxl.styles.Font(bold=True)
    book.save(path)
    assert len(read_workbook(path)) == 2


def test_a_study_reads_settlements_in_degrees_minutes_and_seconds(tmp_path):
    rows = [
        ["代码", "村名", "级别", "人口", "经度", "纬度"],
        ["001", "石桥村", "村", "１２０", "东经103°30′00″", "30°15'N"],
        ["002", "青石镇", "镇", 2500, "103度36分", "30.5N"],
        ["合计", None, None, 2620],
    ]
    source = TableSource(
        path="villages.xlsx",
        columns={"settlement_id": "代码", "name": "村名", "tier": "级别", "population_persons": "人口"},
        values={"tier": {"村": "village", "镇": "town"}},
        longitude="经度",
        latitude="纬度",
        crs="EPSG:4490",
    )
    frame = settlements_from_table(_xlsx(tmp_path, rows), source)
    assert frame["settlement_id"].tolist() == ["001", "002"]
    assert frame["population_persons"].tolist() == [120.0, 2500.0]
    assert frame.geometry.x.tolist() == pytest.approx([103.5, 103.6])
    assert frame.geometry.y.tolist() == pytest.approx([30.25, 30.5])
    assert "total rows left out" in _notes(frame)  # they have followed the frame up to here


# --- what is refused --------------------------------------------------------------------------------------------


def test_two_sheets_without_a_name_are_refused_with_their_names(tmp_path):
    path = _xlsx(tmp_path, VILLAGES, 说明=[["a", "b"], ["c", "d"]])
    message = _refusal(path)
    assert "'村庄'" in message
    assert "sheet = " in message
    assert len(read_workbook(path, sheet="村庄")) == 2
    assert len(read_workbook(path, sheet=1)) == 2
    assert "'说明'" in _refusal(path, sheet="Sheet1")
    assert "it has 2" in _refusal(path, sheet=3)


def test_no_header_is_refused_with_the_key(tmp_path):
    assert "header_row" in _refusal(_xlsx(tmp_path, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]))
    assert "row 9 is empty" in _refusal(tmp_path / "villages.xlsx", header_row=9)


def test_repeated_and_missing_names_are_refused_together(tmp_path):
    rows = [["村", "人口", "人口", "x", None], ["a", 1, 2, 3, 4], ["b", 1, 2, 3, 4]]
    message = _refusal(_xlsx(tmp_path, rows))
    assert "repeated column name(s) '人口'" in message
    assert "'E'" in message


def test_formulas_without_a_kept_result_are_refused_with_their_cells(tmp_path):
    message = _refusal(_xlsx(tmp_path, [["村", "人口"], ["a", "=1+1"], ["b", 2]]))
    assert "'B2'" in message
    assert "calculate" in message


def test_formulas_whose_result_is_an_empty_text_are_empty(tmp_path):
    path = _xlsx(tmp_path, [["村", "人口", "x"], ["a", 1, '=IF(B2=1,"",2)'], ["b", 2, 3]])
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            text = old.read(name).replace(b'<c r="C2">', b'<c r="C2" t="str">')  # as a spreadsheet program writes it
            new.writestr(name, text)
    path.write_bytes(stream.getvalue())
    assert read_workbook(path)["x"].isna().tolist() == [True, False]


def test_formulas_without_a_kept_result_in_an_old_workbook_are_reported(tmp_path):
    path = _xls(tmp_path, [["村", "人口"], ["a", xlwt.Formula("1+1")], ["b", 2]])
    frame = read_workbook(path)
    assert frame["人口"].isna().tolist() == [True, False]
    assert _notes(frame) == {"cells of empty text": 1}


def test_a_locked_workbook_is_told_so(tmp_path):
    path = tmp_path / "villages.xlsx"
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    path.write_bytes(head + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600))
    assert "password" in _refusal(path)


@pytest.mark.parametrize(
    "text", ["<html><body><table><tr><td>a</td></tr></table>", '\n<?xml version="1.0"?><Workbook/>']
)
def test_a_web_page_under_the_name_of_a_workbook_is_told_so(tmp_path, text):
    path = tmp_path / "villages.xls"
    path.write_text(text)
    assert "save it as .xlsx" in _refusal(path)


def test_workbooks_under_each_others_names_are_told_so(tmp_path):
    new = tmp_path / "new.xls"
    new.write_bytes(_xlsx(tmp_path, VILLAGES).read_bytes())
    assert "rename it to .xlsx" in _refusal(new)
    old = tmp_path / "old.xlsx"
    old.write_bytes(_xls(tmp_path, VILLAGES).read_bytes())
    assert "rename it to .xls" in _refusal(old)
    text = tmp_path / "text.xls"
    text.write_text("a\tb\n1\t2\n")
    assert "name it .csv" in _refusal(text)


def test_damaged_and_missing_workbooks_are_told_so(tmp_path):
    whole = _xlsx(tmp_path, VILLAGES).read_bytes()
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "damaged or truncated" in _refusal(cut)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "no workbook")
    other = tmp_path / "other.xlsx"
    other.write_bytes(stream.getvalue())
    assert "damaged or truncated" in _refusal(other)
    old = _xls(tmp_path, VILLAGES)
    old.write_bytes(old.read_bytes()[:700])
    assert "damaged or truncated" in _refusal(old)
    assert "not found" in _refusal(tmp_path / "gone.xlsx")


def test_sheets_without_rows_are_told_so(tmp_path):
    assert "every sheet is empty" in _refusal(_xlsx(tmp_path, []))
    only_totals = _xlsx(tmp_path, [["村", "人口"], ["合计", 5]])
    assert "no rows below the header" in _refusal(only_totals)


def test_files_that_offices_have_and_we_do_not_read_name_the_way_out(tmp_path):
    for ending, remedy in ((".dwg", "DXF"), (".ods", ".xlsx"), (".mdb", "file geodatabase"), (".pdf", "CSV")):
        path = tmp_path / f"own{ending}"
        path.write_bytes(b"x")
        with pytest.raises(SourceError, match=remedy):
            open_frame(path, TableSource(path=path.name), what="roads")


def test_what_is_left_out_of_tables_that_nobody_counts_is_warned_of(tmp_path, caplog):
    rows = [["from_id", "to_id", "observed_min"], ["a", "b", 12], ["Total", None, 12]]
    observed = observed_from_table(_xlsx(tmp_path, rows), TableSource(path="villages.xlsx"), crs=CRS.from_epsg(32648))
    assert len(observed) == 1
    assert "observed " in caplog.text
    assert "total rows left out: 'row 3 Total'" in caplog.text


def test_rows_are_told_by_the_number_that_a_spreadsheet_shows(tmp_path):
    head, place = ["settlement_id", "name", "tier", "population_persons", "longitude", "latitude"], [104.0, 30.0]
    rows = [["a", "A", "village", 5, *place], ["合计", "", "", 5, "", ""], ["", "B", "village", 7, *place]]
    # Of a sheet the header is in row 3, and the row of sums is left out: the row without an id is row 6.
    book = _xlsx(tmp_path, [["Villages"], [], head, *[[cell or None for cell in row] for row in rows]])
    # Of a CSV the header is row 1, an empty line is a row too, and a cell of two lines is of one row: it is row 5.
    lines = [",".join(map(str, row)) for row in (head, *rows)]
    text = tmp_path / "villages.csv"
    text.write_text("\n".join([lines[0], "", lines[1].replace(",A,", ',"A\nA",'), *lines[2:]]), encoding="utf-8")
    for path, number in ((book, 6), (text, 5)):
        source = TableSource(path=path.name, crs="EPSG:4326", total_words=["合计"])
        with pytest.raises(ContractError, match=f"settlement_id: no id in 'row {number}'"):
            settlements_from_table(path, source)
