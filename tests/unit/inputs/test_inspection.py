"""Looking into files of an office: what they hold, what they look to be, and the part of a study that reads them."""

from __future__ import annotations

import os
import re
import tomllib
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

import spatial as sp
from spatial.drafting import report_lines, toml_block
from spatial.drafting.study_file import short_report
from spatial.errors import ContractError, CrsError, SourceError
from spatial.formats.notes import row_numbers
from spatial.formats.vector import open_frame
from spatial.inputs.inspection.columns import language_of, matches, plain, profile_of, tell_signs
from spatial.inputs.inspection.kinds import assign, service_in
from spatial.inputs.user_tables import facilities_from_table, roads_from_table, settlements_from_table
from spatial.study import RoadSource, TableSource

if TYPE_CHECKING:
    from pathlib import Path

    from spatial.inputs.inspection import FileReport, LayerReport


def _seen(path: Path, **keys: Any) -> FileReport:
    return sp.inspect_file(path, raw=path.parent, **keys)


def _layer(path: Path, **keys: Any) -> LayerReport:
    report = _seen(path, **keys)
    assert len(report.layers) == 1
    return report.layers[0]


def _keys(layer: LayerReport, *, guesses: bool = False) -> dict[str, Any]:
    """The keys of a proposal, those that are decided or with the guesses among them."""
    assert layer.proposal is not None
    return {s.key: s.value for s in layer.proposal.settings if s.key and (s.is_decided or guesses)}


def _read_back(layer: LayerReport, *, guesses: bool = True) -> dict[str, Any]:
    """What a study file says once the guesses are uncommented as they are."""
    assert layer.proposal is not None
    lines = toml_block(layer.proposal)
    text = "\n".join(re.sub(r"^# (?=[a-z_.]+(\.\"?[^\"]+\"?)? = )", "", line) if guesses else line for line in lines)
    table: Any = tomllib.loads(text)
    for part in layer.proposal.section.split("."):
        table = table[part]
    return table[0] if isinstance(table, list) else table


def _villages(**columns: Any) -> pd.DataFrame:
    number = range(12)
    frame = pd.DataFrame(
        {
            "行政区划代码": [f"5333251012{n:02d}" for n in number],
            "村名": [f"石桥{n}村" for n in number],
            "所属乡镇": "金顶镇",
            "级别": ["镇", *["村"] * 11],
            "常住人口": [100 + n for n in number],
        }
    )
    return frame.assign(**columns)


def _book(path: Path, frame: pd.DataFrame, *, title: str = "某县行政村名录", total: bool = True) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "名录"
    sheet.append([title])
    sheet.append([])
    sheet.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        sheet.append([value.item() if isinstance(value, np.generic) else value for value in row])
    if total:
        sheet.append(["合计"])
    hidden = book.create_sheet("旧表")
    hidden.append(["a", "b"])
    hidden.append([1, 2])
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def _roads(crs: str | None = "EPSG:4524") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"路线名称": ["甲", "乙"], "技术等级": ["三级", "等外"], "路面类型": ["水泥混凝土", "砂石"]},
        geometry=[
            shapely.LineString([(36452000, 3456000), (36462000, 3456000)]),
            shapely.LineString([(36457000, 3450000), (36457000, 3466000)]),
        ],
        crs=crs,
    )


# --- names of columns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("行政区划代码", "unit_code"),
        ("村名", "name"),
        ("经度", "longitude"),
        ("人口 (人)", "population_persons"),
        ("总人口（人）", "population_persons"),  # noqa: RUF001 - as offices write
        ("Population_2020", "population_persons"),
        ("POP2022", "population_persons"),
        ("design speed", "maxspeed"),
        ("技术等级", "road_class"),
        ("Localité", "name"),
        ("NIVEAU", "kind"),
        ("Commune", "township"),
        ("Île", "township"),
        ("ILE", "township"),
        ("District", "township"),
        ("Parish", "township"),
        ("Ward", "township"),
        ("乡镇", "township"),
        ("Code île", "id"),
        ("LATITUDE", "latitude"),
        ("lon", "longitude"),
        ("Nombre de lits", "capacity"),
        ("X", "x"),
        ("Nothing of ours at all", ""),
        ("", ""),
        ("___", ""),
    ],
)
def test_columns_are_told_by_their_names_in_three_languages(name, ours):
    found = matches(name)
    assert (found[0].ours if found else "") == ours


@pytest.mark.parametrize(
    "head",
    [
        "Population density", "Female population", "Male residents", "Population growth rate", "Population (65+)",
        "Residents aged 16-64", "Persons per doctor", "% of population", "Population féminine", "Densité de population",
        "人口密度", "女性人口", "人口增长率", "劳动人口",
    ],
)  # fmt: skip
def test_a_head_of_a_part_of_the_people_or_of_a_ratio_is_no_number_of_all(head):
    assert "population_persons" not in {match.ours for match in matches(head)}


def test_a_head_of_all_people_may_say_year_unit_and_who_is_counted_besides():
    heads = ("Population 2011-2021", "Population at 1 January 2020", "人口（含外出）", "Population totale (hab.)")  # noqa: RUF001 - Chinese
    assert [matches(head)[0].ours for head in heads] == ["population_persons"] * 4


@pytest.mark.parametrize(
    ("men", "total", "is_sum"),
    [(["6", "4"], "Total", True), (["6", "5"], "Total", False), (["6", "-"], "Total", False), (["6", "4"], "X", False)],
)
def test_the_total_of_men_and_women_is_the_people_where_each_row_adds_up(men, total, is_sum):
    columns = {"Locality": ["A", "B"], "Population Men": men, "Female": ["5", "5"], total: ["11", "9"]}
    profiles = [profile_of(pd.Series(values, name=head, dtype="str")) for head, values in columns.items()]
    found = assign(profiles, ("name", "population_persons"))
    assert {ours: profile.name for ours, profile in found.columns.items()} == (
        {"name": "Locality", "population_persons": "Total"} if is_sum else {"name": "Locality"}
    )
    told = "'Population Men' and 'Female' are left unread, for no column holds their sum in each row: add one called"
    assert found.unfit == ({} if is_sum else {"population_persons": f"{told} 'Total'"})


def test_a_ratio_and_a_number_in_another_unit_are_not_read_and_say_why():
    heads = ["Beds per 1000", "Pupils per teacher", "Elderly %", "Speed limit (mph)", "Carriageway width (ft)"]
    profiles = [profile_of(pd.Series(["30", "20"], name=head, dtype="str")) for head in heads]
    found = assign(profiles, ("capacity", "load", "elderly_persons", "maxspeed", "width_m"))
    assert found.columns == {}
    assert found.unfit == {
        "capacity": "'Beds per 1000' tells a ratio, not how many",
        "load": "'Pupils per teacher' tells a ratio, not how many",
        "elderly_persons": "'Elderly %' tells a ratio, not how many",
        "maxspeed": "'Speed limit (mph)' is in mph: convert the numbers in the file, and rename the column",
        "width_m": "'Carriageway width (ft)' is in ft: convert the numbers in the file, and rename the column",
    }


def test_the_speed_limits_of_a_road_list_in_miles_are_left_to_decide(tmp_path):
    lines = [shapely.LineString([(500_000 + n, 300_000), (500_100 + n, 300_000)]) for n in range(3)]
    roads = gpd.GeoDataFrame(
        {"Road class": ["primary", "secondary", "track"], "Speed limit (mph)": [60, 40, 20]}, geometry=lines, crs=27700
    )
    roads.to_file(tmp_path / "roads.gpkg")
    layer = _layer(tmp_path / "roads.gpkg")
    assert layer.kind == "roads"
    assert "maxspeed" not in {setting.key for setting in layer.proposal.settings}
    assert any("is in mph" in setting.reason for setting in layer.proposal.undecided)


@pytest.mark.parametrize(("slowest", "is_read"), [("30 kph", True), ("slow", False)])
def test_speed_limits_with_their_unit_are_read_and_a_word_is_left_to_decide(tmp_path, slowest, is_read):
    roads = _roads().assign(设计速度=["60km/h", slowest])
    roads.to_file(tmp_path / "公路.gpkg")
    layer = _layer(tmp_path / "公路.gpkg")
    assert ("columns.maxspeed" in _keys(layer)) == is_read
    assert _keys(layer, guesses=True)["columns.maxspeed"] == "设计速度"


def test_names_that_a_shapefile_cut_are_told_by_their_beginning():
    assert matches("行政区划代")[0].ours == "unit_code"
    assert matches("populatio")[0].ours == "population_persons"
    assert matches("ARRONDISSE")[0].ours == "township"  # too short to be like arrondissement otherwise


def test_a_name_is_compared_without_what_does_not_name_it():
    assert plain("  Revêtement_(2021) ") == "revetement"
    assert language_of(["nom", "commune", "lits"]) == "fr"
    assert language_of(["村名", "X"]) == "zh"
    assert language_of(["qqq"]) == ""
    # A code and a village are called alike in both.
    assert language_of(["Code", "Village", "Commune", "Population"]) == "fr"


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("石桥村卫生室", "primary_care"),
        ("金顶中心卫生院", "health_centre"),
        ("Poste de Santé", "primary_care"),
        ("Oakham C of E Primary School", "primary_school"),
        ("Hôpitaux", "hospital"),
        ("Domoni", ""),
    ],
)
def test_services_are_told_by_words_the_longer_first(text, service):
    assert service_in(text) == service


# --- kinds of values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["530102001201", "530102001202"], "code"),
        (["0012", "0345"], "code"),
        (["12", "340"], "whole number"),
        (["12.5", "3"], "number"),
        (["116°23'45\"E", "116度23分45秒"], "angle"),
        (["31.2,107.5", "31.3, 107.4"], "pair"),
        (["是", "否"], "yes or no"),
        (["2021-05-01", "2021/6/1"], "date"),
        (["石桥", "河口"], "text"),
        ([None, " "], "empty"),
    ],
)
def test_kinds_of_columns(values, kind):
    assert profile_of(pd.Series(values, name="c", dtype="str")).kind == kind


@pytest.mark.parametrize(
    ("values", "decimal", "thousands", "is_sure"),
    [
        (["12,5", "3,25"], ",", "", True),
        (["1 234", "56"], ".", " ", True),
        (["1.234.567", "2.000"], ",", ".", True),
        (["1.234,5"], ",", ".", True),
        (["1,234.5"], ".", ",", True),
        (["1,926", "10,922", "502"], ".", ",", False),
        (["12.5", "3"], ".", "", True),
        (["1,926", "abc"], ".", "", True),
    ],
)
def test_signs_in_numbers_are_told_and_ambiguous_ones_asked(values, decimal, thousands, is_sure):
    signs = tell_signs(pd.DataFrame({"n": pd.Series(values, dtype="str")}))
    assert (signs.decimal, signs.thousands) == (decimal, thousands)
    assert all(setting.is_decided for setting in signs.settings) == is_sure


def test_a_column_of_numbers_hides_no_signs_in_the_texts_beside_it():
    frame = pd.DataFrame({"id": [1, 2], "n": pd.Series(["12,5", "3,25"], dtype="str")})
    assert tell_signs(frame).decimal == ","


def test_dates_telephone_numbers_and_codes_say_nothing_of_signs_in_numbers():
    for values in (["2021.3.1", "2019.12.15"], ["01572 722577", "01572 846438"], ["139 1234 5678"], ["007", "1,5"]):
        assert tell_signs(pd.DataFrame({"n": pd.Series(values, dtype="str")})).settings == []


def test_one_decimal_comma_beside_decimal_points_makes_no_thousands_small():
    patients, doctors = ["15,322", "9,417", "450"], ["8.5", "6.25", "0,5"]
    signs = tell_signs(pd.DataFrame({"Patients": patients, "Doctors": doctors}, dtype="str"))
    assert (signs.decimal, signs.thousands) == (".", ",")
    assert not any(setting.is_decided for setting in signs.settings)
    # The same in a column of its own: which of the two it is has to be asked.
    signs = tell_signs(
        pd.DataFrame({"n": patients, "a": ["8.5", "6.25", "7.1"], "b": ["0,5", "1,5", "2,5"]}, dtype="str")
    )
    assert signs.thousands == ","
    assert "correct '0,5', '1,5', '2,5' in the file" in signs.settings[0].reason


def test_a_column_of_doctors_is_no_coordinate_of_a_gps():
    assert not {"longitude", "latitude"} & {match.ours for match in matches("GPs (FTE)")}
    assert not {"longitude", "latitude"} & {match.ours for match in matches("GPs")}


def test_parishes_with_people_and_coordinates_are_settlements(tmp_path):
    frame = pd.DataFrame({"Parish": ["Exton", "Wing"], "Easting": [492_608, 489_140], "Northing": [311_250, 303_060]})
    frame.assign(**{"Usual residents": [612, 314]}).to_csv(tmp_path / "list.csv", index=False)
    layer = _layer(tmp_path / "list.csv")
    assert layer.kind == "settlements"
    assert _keys(layer)["columns.name"] == "Parish"


def test_facilities_are_named_by_a_column_that_is_called_after_what_they_are(tmp_path):
    frame = pd.DataFrame({"ODS code": ["FA123", "FA124"], "Pharmacy": ["Boots", "Day Lewis"], "Opening hours": "9-5"})
    frame.to_csv(tmp_path / "pharmacies.csv", index=False)
    assert _keys(_layer(tmp_path / "pharmacies.csv"))["columns.name"] == "Pharmacy"


# --- workbooks ----------------------------------------------------------------------------------------------------


@pytest.fixture
def villages(tmp_path: Path) -> Path:
    number = np.arange(12)
    frame = _villages(X=3456789.1 + 100 * number, Y=36452347.2 + 150 * number)
    return _book(tmp_path / "村庄名录.xlsx", frame)


def test_a_village_list_is_told_with_its_sheets_header_and_sums(villages):
    report = _seen(villages)
    shown, hidden = report.layers
    assert (report.format, report.language) == ("workbook", "zh")
    assert (shown.name, shown.is_hidden, shown.rows, shown.header_rows) == ("名录", False, 12, (3, 3))
    assert hidden.is_hidden
    assert any("合计" in note for note in shown.notes)
    assert shown.kind == "settlements"
    by_name = {field.name: field for field in shown.fields}
    assert by_name["行政区划代码"].kind == "code"
    assert by_name["行政区划代码"].meaning == "settlement_id, unit_code"
    assert by_name["常住人口"].examples == ("100", "101", "102")


def test_x_is_the_northing_in_a_chinese_survey_and_the_zone_is_a_guess(villages):
    shown = _seen(villages).layers[0]
    decided = _keys(shown)
    assert (decided["easting"], decided["northing"]) == ("Y", "X")
    assert "crs" not in decided
    assert _keys(shown, guesses=True)["crs"] == "EPSG:4524"
    assert any("Xian 1980" in remark for remark in shown.coordinates)


def test_the_block_reads_the_file_once_its_guess_is_taken(villages):
    shown = _seen(villages).layers[0]
    source = TableSource(**_read_back(shown))
    frame = settlements_from_table(villages, source)
    assert len(frame) == 12
    assert frame["settlement_id"].tolist()[0] == "533325101200"
    assert frame["tier"].tolist()[:2] == ["town", "village"]


def test_the_block_as_it_is_gives_the_usual_error(villages):
    shown = _seen(villages).layers[0]
    with pytest.raises(ValueError, match="easting and northing need a crs"):
        TableSource(**_read_back(shown, guesses=False))


def test_a_sheet_without_a_header_shows_its_first_rows(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in ([1, 2, 3], [4, 5, 6]):
        sheet.append(row)
    book.save(tmp_path / "numbers.xlsx")
    lines = list(report_lines(_seen(tmp_path / "numbers.xlsx")))
    assert any("header_row = ..." in line for line in lines)
    assert "  row 1: 1 | 2 | 3" in lines


def test_the_order_of_the_rows_does_not_count(tmp_path):
    number = np.arange(12)
    frame = _villages(经度=107.1 + number / 100, 纬度=31.1 + number / 100)
    one = _layer(_csv(tmp_path / "one" / "村庄.csv", frame))
    other = _layer(_csv(tmp_path / "other" / "村庄.csv", frame.iloc[::-1]))
    assert one.proposal == other.proposal


def test_several_sheets_must_be_named(tmp_path):
    book = openpyxl.Workbook()
    for title in ("A", "B"):
        sheet = book.create_sheet(title)
        sheet.append(["village", "longitude", "latitude", "population"])
        sheet.append(["x", 44.1, -12.1, 5])
    del book["Sheet"]
    book.create_sheet("empty")
    path = tmp_path / "villages.xlsx"
    book.save(path)
    report = _seen(path)
    assert [_keys(layer)["sheet"] for layer in report.layers] == ["A", "B"]
    assert "empty" in report.notes[0]


def test_a_sheet_that_the_reader_refuses_says_why(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["name", "name", "township", "population"])
    sheet.append(["a", "b", "x", 1])
    sheet.append(["c", "d", "y", 2])
    path = tmp_path / "list.xlsx"
    book.save(path)
    layer = _layer(path)
    assert "repeated column name" in layer.problem
    assert layer.proposal is None
    assert any("cannot be read as it is" in line for line in report_lines(_seen(path)))


# --- text ---------------------------------------------------------------------------------------------------------


def _csv(path: Path, frame: pd.DataFrame, encoding: str = "utf-8", **how: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(frame.to_csv(index=False, **how).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "told", "why"),
    [("gb18030", "gb18030", "common Chinese"), ("utf-8", "utf-8", "read as UTF-8"), ("utf-8-sig", "utf-8", "mark")],
)
def test_the_encoding_comes_with_its_reason(tmp_path, encoding, told, why):
    report = _seen(_csv(tmp_path / "村庄.csv", _villages(), encoding))
    assert report.encoding == told
    assert why in report.encoding_reason
    assert ("encoding" in _keys(report.layers[0])) == (told != "utf-8")


def test_a_clinic_list_without_coordinates_is_located(tmp_path):
    frame = pd.DataFrame(
        {
            "机构代码": ["A1", "A2"],
            "机构名称": ["石桥村卫生室", "河口村卫生室"],
            "所在村": ["石桥村", "河口村"],
            "床位": [2, 3],
        }
    )
    path = _csv(tmp_path / "医疗机构.csv", frame, "gb18030")
    layer = _layer(path)
    keys = _read_back(layer)
    assert layer.kind == "facilities"
    assert layer.proposal is not None
    assert not layer.proposal.undecided
    assert (keys["coordinates"], keys["service"]) == ("none", "primary_care")
    assert keys["columns"]["place_name"] == "所在村"
    read = facilities_from_table(path, TableSource(**keys), may_lack=True)
    assert read["capacity"].tolist() == [2.0, 3.0]


def test_rows_that_are_only_numbered_get_ids_that_no_settlement_has(tmp_path):
    names = ["石桥村卫生室", "河口村卫生室"]
    frame = pd.DataFrame({"序号": [1, 2], "机构名称": names, "所在村": ["石桥村", "河口村"]})
    assert _keys(_layer(_csv(tmp_path / "医疗机构.csv", frame)))["columns.facility_id"] == "机构名称"
    frame = frame.assign(机构名称="村卫生室")
    assert _keys(_layer(_csv(tmp_path / "医疗机构.csv", frame)))["id_from"] == ["机构名称", "序号"]


def test_coordinates_that_cannot_be_read_are_left_to_decide_and_not_passed_over(tmp_path):
    east = ["43° 17' 30,5\" Est", "43 x 15"]
    frame = pd.DataFrame({"Nom": ["Centre de santé A", "Centre de santé B"], "Longitude": east, "Latitude": "ici"})
    layer = _layer(_csv(tmp_path / "structures.csv", frame))
    assert layer.proposal is not None
    reasons = " ".join(setting.reason for setting in layer.proposal.undecided)
    assert "'Longitude' holds text such as '43 x 15', which is no coordinate" in reasons
    frame = frame.assign(Longitude=["6,302° O", "6°17'24\" O"], Latitude=["13,35° N", "13,45° N"])
    layer = _layer(_csv(tmp_path / "structures.csv", frame))
    assert layer.proposal is not None
    assert "O is west in French and east in German" in " ".join(one.reason for one in layer.proposal.undecided)
    assert "'Latitude' holds text such as 'ici'" in reasons


def test_households_are_no_people():
    assert "population_persons" not in {match.ours for match in matches("人口 户数")}


def test_a_french_master_list_maps_kinds_and_asks_for_those_it_does_not_know(tmp_path):
    frame = pd.DataFrame(
        {
            "Code": ["KM1", "KM2", "KM3"],
            "Nom de la structure": ["PS Sima", "Hombo", "Case de Mro"],
            "Type": ["Poste de Santé", "Hôpital", "Case verte"],
            "Localité": ["Sima", "Mutsamudu", "Mro"],
            "Latitude": ["-12,19", "-12,17", ""],
            "Longitude": ["44,27", "44,4", ""],
        }
    )
    layer = _layer(_csv(tmp_path / "formations_sanitaires.csv", frame, "cp1252", sep=";"))
    decided, guesses = _keys(layer), [s for s in layer.proposal.undecided if s.key.startswith("values")]
    assert (decided["delimiter"], decided["decimal"], decided["encoding"]) == (";", ",", "cp1252")
    assert decided["values.service"] == {"Poste de Santé": "primary_care", "Hôpital": "hospital"}
    assert guesses[0].value == {"Case verte": "..."}
    assert decided["coordinates"] == "some"
    assert decided["columns.name"] == "Nom de la structure"
    assert decided["columns.place_name"] == "Localité"
    assert _keys(layer, guesses=True)["crs"] == "EPSG:4326"


def test_names_of_two_kinds_of_services_say_each_by_a_pattern(tmp_path):
    names = [*["Primary School A", "Primary School B"] * 3, *["Health Post C", "Health Post D"] * 3]
    frame = pd.DataFrame({"id": range(12), "facility name": names, "longitude": 44.1, "latitude": -12.1})
    layer = _layer(_csv(tmp_path / "facilities.csv", frame))
    assert _keys(layer)["columns.service"] == "facility name"
    assert _keys(layer)["values.service"] == {"* primary school *": "primary_school", "* health post *": "primary_care"}


def test_people_of_two_kinds_or_with_gaps_are_asked_for(tmp_path):
    frame = _villages(户籍人口=range(12))
    layer = _layer(_csv(tmp_path / "村庄.csv", frame))
    assert "columns.population_persons" not in _keys(layer)
    frame = _villages()
    frame["常住人口"] = frame["常住人口"].astype("float").mask(frame.index == 3)
    layer = _layer(_csv(tmp_path / "村庄2.csv", frame))
    assert "1 of 12 rows" in next(s.reason for s in layer.proposal.undecided if "population" in s.key)


def test_ids_that_repeat_are_asked_for(tmp_path):
    frame = _villages(村名="石桥村")
    frame["行政区划代码"] = "533325101200"
    layer = _layer(_csv(tmp_path / "村庄.csv", frame))
    reason = next(s.reason for s in layer.proposal.undecided if s.key == "columns.settlement_id")
    assert "repeats: 11" in reason


def test_sums_in_a_csv_are_left_out_by_the_words_that_it_uses(tmp_path):
    frame = pd.concat([_villages(), pd.DataFrame({"行政区划代码": ["合计"], "常住人口": [1266]})])
    layer = _layer(_csv(tmp_path / "村庄.csv", frame))
    assert _keys(layer)["total_words"] == ["合计"]
    assert layer.rows == len(_villages())


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("107.48,31.18", "lonlat"),
        ("31.18, 107.48", "latlon"),
        ("-0.7;52.6", "lonlat"),
        ("52.6;-0.7", "latlon"),
        ("[107.48,31.18]", "lonlat"),
        ("Point(107.48 31.18)", "lonlat"),
        ("POINT (107.48 31.18)", "lonlat"),
        ("(31.18, 107.48)", "latlon"),
        ("东经112度21分03.1秒 北纬28度05分12秒", "lonlat"),
        ("东经112度21分03.1秒北纬28度05分12秒", "lonlat"),
        ("1°36'12.3\"N 32°36'05.1\"E", "latlon"),
        ("38° 53' 23\" N, 77° 2' 1\" W", "latlon"),
        ("38 ° 53 ' 23,5 \" N 77 ° 2 ' 1,5 \" W", "latlon"),
        ("东经 112° 21\u2032 03.1\u2033 北纬 28° 05\u2032 12\u2033", "lonlat"),
    ],
)
def test_both_coordinates_in_one_cell_are_read_in_their_order(tmp_path, cell, key):
    layer = _layer(_csv(tmp_path / "村庄.csv", _villages().assign(gps=cell)))
    settings = _keys(layer)
    assert settings[key] == "gps"
    assert not {"lonlat", "latlon"} - {key} & set(settings)


def test_a_pair_in_degrees_minutes_and_seconds_lies_where_it_says(tmp_path):
    layer = _layer(_csv(tmp_path / "村庄.csv", _villages().assign(坐标="东经112°30'00\"北纬28°15'36\"")))
    keys = _read_back(layer)
    frame = settlements_from_table(tmp_path / "村庄.csv", TableSource(**keys), with_population=False)
    point = frame.to_crs(4326).geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((112.5, 28.26))  # 15'36" are 936 seconds of 3600, 0.26 degrees


def test_blanks_inside_an_angle_part_no_pair(tmp_path):
    layer = _layer(_csv(tmp_path / "villages.csv", _villages().assign(gps="38° 15' 36\" N 77° 30' 0\" W")))
    frame = settlements_from_table(tmp_path / "villages.csv", TableSource(**_read_back(layer)), with_population=False)
    point = frame.to_crs(4326).geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((-77.5, 38.26))


def test_letters_of_hemispheres_say_the_axis_whatever_the_head(tmp_path):
    frame = pd.DataFrame({"Barangay": ["Hulo", "Wawa"], "Population": [120, 340]})
    letters = frame.assign(**{"GPS (N)": "16°30'00\"N", "GPS (E)": "121°15'00\"E"})
    keys = _keys(_layer(_csv(tmp_path / "barangays.csv", letters)))
    assert (keys["longitude"], keys["latitude"]) == ("GPS (E)", "GPS (N)")
    # Without letters nothing says which is which.
    bare = frame.assign(**{"GPS 1": "16°30'00\"", "GPS 2": "121°15'00\""})
    assert _keys(_layer(_csv(tmp_path / "others.csv", bare)))["coordinates"] == "none"


def test_coordinates_that_lie_on_land_either_way_round_are_asked_for(tmp_path):
    # 44.2, 1.5: on the coast of Somalia as longitude and latitude, in the south-west of France the other way round.
    layer = _layer(_csv(tmp_path / "villages.csv", _villages().assign(gps="44.2,1.5")))
    assert not {"lonlat", "latlon"} & set(_keys(layer))
    assert _keys(layer, guesses=True)["lonlat"] == "gps"
    # Where the study lies decides, though the places lie within a degree of it either way round.
    ground = sp.KnownGround(bounds=sp.Bounds(10.0, 9.3, 10.2, 9.5))
    layer = _layer(_csv(tmp_path / "near.csv", _villages().assign(gps="9.4,10.1")), ground=ground)
    assert _keys(layer)["latlon"] == "gps"


def test_a_column_named_as_a_map_app_names_it_is_proposed_as_shifted_in_china_alone(tmp_path):
    there = _layer(_csv(tmp_path / "村庄.csv", _villages().assign(location="107.48,31.18")))
    assert _keys(there, guesses=True)["datum"] == "gcj02"
    abroad = _layer(_csv(tmp_path / "villages.csv", _villages().assign(location="-0.7,52.6")))
    assert "datum" not in _keys(abroad, guesses=True)
    assert _keys(abroad, guesses=True)["crs"] == "EPSG:4326"


def test_kinds_of_a_map_app_speak_for_a_shifted_datum(tmp_path):
    frame = pd.DataFrame(
        {
            "name": ["县医院", "石桥村卫生室", "康民药房"],
            "type": ["医疗保健服务;综合医院;综合医院", "医疗保健服务;诊所;卫生室", "医疗保健服务;医药保健销售店;药房"],
            "lng": [107.48, 107.5, 107.49],
            "lat": [31.18, 31.2, 31.19],
        }
    )
    layer = _layer(_csv(tmp_path / "poi.csv", frame))
    assert _keys(layer, guesses=True)["datum"] == "gcj02"
    assert "crs" not in _keys(layer, guesses=True)


def test_rows_that_only_two_columns_tell_apart_get_their_id_from_both(tmp_path):
    frame = _villages()
    frame = frame.assign(行政区划代码="533325101200", 村名=["石桥村", "新村"] * (len(frame) // 2), 所属乡镇="金顶镇")
    frame["所属乡镇"] = [f"{number // 2}镇" for number in range(len(frame))]
    layer = _layer(_csv(tmp_path / "村庄.csv", frame))
    assert set(_keys(layer)["id_from"]) == {"所属乡镇", "村名"}


def test_a_table_of_nothing_known_proposes_nothing(tmp_path):
    frame = pd.DataFrame({"foo": [1, 2], "bar": ["x", "y"]})
    layer = _layer(_csv(tmp_path / "misc.csv", frame))
    assert (layer.kind, layer.proposal) == ("unknown", None)
    assert any("nothing that a study reads" in line for line in report_lines(_seen(tmp_path / "misc.csv")))
    # What its name alone speaks for is said, and is not enough.
    named = _layer(_csv(tmp_path / "pharmacies.csv", frame))
    assert (named.kind, named.reasons) == ("unknown", ("facilities? its name speaks of pharmacy",))


def test_a_yearbook_is_a_suggestion_only(tmp_path):
    book = pd.DataFrame({"乡镇": ["金顶镇", "河口乡"], "村委会": [12, 18], "人口": [5000, 8000], "小学": [3, 4]})
    layer = _layer(_csv(tmp_path / "统计年鉴.csv", book))
    assert layer.kind == "official_totals"
    assert layer.proposal is not None
    assert layer.proposal.is_suggestion
    values = {s.key: s.value["value"] for s in layer.proposal.settings if s.key}
    assert values == {"villages": 30, "people": 13000, "facilities.primary_school": 7}
    assert all(line.startswith("#") for line in toml_block(layer.proposal))
    assert [other.section for other in layer.others] == ["sources.official_units"]


def test_a_yearbook_by_township_is_a_suggestion_of_people_by_unit_with_groups(tmp_path):
    book = pd.DataFrame(
        {
            "行政区划代码": ["533325101", "533325102", "533325201"],
            "乡镇": ["金顶镇", "啦井镇", "河口乡"],
            "常住人口": [5000, 8000, 300],
            "60岁以上": [900, 1500, 80],
            "儿童": [800, 1200, 50],
        }
    )
    layer = _layer(_csv(tmp_path / "统计年鉴.csv", book))
    units = next(other for other in layer.others if other.section == "sources.official_units")
    assert units.is_suggestion
    keys = {s.key: s.value for s in units.settings}
    assert {name: keys[f"columns.{name}"] for name in ("unit_code", "name", "population_persons")} == {
        "unit_code": "行政区划代码",
        "name": "乡镇",
        "population_persons": "常住人口",
    }
    assert (keys["columns.elderly_persons"], keys["columns.children_persons"]) == ("60岁以上", "儿童")


def test_the_finest_unit_stands_for_the_township(tmp_path):
    frame = pd.DataFrame(
        {
            "Code": ["a1", "a2", "a3"],
            "Nom": ["Vanadjou", "Ivembeni", "Mutsamudu"],
            "Île": ["Grande Comore", "Grande Comore", "Anjouan"],
            "Commune": ["Itsahidi", "Bangaani", "Mutsamudu"],
            "Habitants": [1000, 400, 9000],
            "Longitude": [43.3, 43.35, 44.4],
            "Latitude": [-11.6, -11.5, -12.1],
        }
    )
    assert _keys(_layer(_csv(tmp_path / "villages.csv", frame)))["columns.township"] == "Commune"
    bare = frame.drop(columns="Commune")
    assert _keys(_layer(_csv(tmp_path / "localites.csv", bare)))["columns.township"] == "Île"


def test_a_list_of_villages_without_a_column_of_tiers_may_say_one_for_all(tmp_path):
    frame = _villages(经度=107.1, 纬度=31.1).drop(columns="级别")
    path = _csv(tmp_path / "村庄.csv", frame)
    keys = _read_back(_layer(path))
    assert keys["tier"] == "village"
    assert set(settlements_from_table(path, TableSource(**keys))["tier"]) == {"village"}
    keys.pop("tier")
    with pytest.raises(ContractError, match="tier = 'village'"):
        settlements_from_table(path, TableSource(**keys))


def test_a_column_of_tiers_comes_before_the_tier_of_all(tmp_path):
    path = _csv(tmp_path / "村庄.csv", _villages(经度=107.1, 纬度=31.1))
    keys = {**_read_back(_layer(path)), "tier": "city"}
    assert settlements_from_table(path, TableSource(**keys))["tier"].tolist()[:2] == ["town", "village"]


# --- coordinates --------------------------------------------------------------------------------------------------


def _points(tmp_path: Path, east: Any, north: Any, names: tuple[str, str] = ("X", "Y")) -> LayerReport:
    frame = _villages(**{names[0]: east, names[1]: north})
    return _layer(_csv(tmp_path / "村庄.csv", frame))


STEP = np.arange(12) * 100.0


@pytest.mark.parametrize(
    ("first", "second", "easting", "crs"),
    [
        (36452347.0, 3456789.0, "X", "EPSG:4524"),
        (3456789.0, 36452347.0, "Y", "EPSG:4524"),
        (3456789.0, 18452347.0, "Y", "EPSG:4496"),
        (3456789.0, 452347.0, "Y", "EPSG:..."),
        (452347.0, 3456789.0, "X", "EPSG:..."),
    ],
)
def test_grids_are_told_by_the_size_of_their_numbers(tmp_path, first, second, easting, crs):
    keys = _keys(_points(tmp_path, first + STEP, second + STEP), guesses=True)
    assert (keys["easting"], keys["crs"]) == (easting, crs)


def test_letters_that_the_numbers_do_not_settle_are_asked_for(tmp_path):
    layer = _points(tmp_path, 486000 + STEP, 308900 + STEP)
    assert {"easting", "northing", "crs"} <= {s.key for s in layer.proposal.undecided}


@pytest.mark.parametrize(("northing", "is_british"), [(308_900.0, True), (1_308_900.0, False)])
def test_the_british_grid_is_named_where_both_numbers_are_within_it(tmp_path, northing, is_british):
    undecided = _points(tmp_path, 486_000 + STEP, northing + STEP).proposal.undecided
    (crs,) = [setting for setting in undecided if setting.key == "crs"]
    assert ("Great Britain" in crs.reason) == is_british


def test_names_of_eastings_are_trusted(tmp_path):
    keys = _keys(_points(tmp_path, 486000 + STEP, 299600 + STEP, ("Easting", "Northing")))
    assert (keys["easting"], keys["northing"]) == ("Easting", "Northing")


def test_names_of_degrees_that_are_exchanged_are_asked_for(tmp_path):
    layer = _points(tmp_path, 31.1 + STEP / 1e4, 107.1 + STEP / 1e4, ("经度", "纬度"))
    assert _keys(layer, guesses=True)["longitude"] == "纬度"
    assert "longitude" not in _keys(layer)


def test_rows_of_several_zones_are_said_to_be(tmp_path):
    east = np.where(np.arange(12) % 3 == 0, 35452347.0, 36452347.0)
    layer = _points(tmp_path, east, 3456789.0 + STEP)
    assert "split the file by zone" in layer.proposal.undecided[0].reason


def test_rows_far_from_the_others_are_asked_for(tmp_path):
    east = np.where(np.arange(12) == 4, 0.0, 107.1 + STEP / 1e5)
    layer = _points(tmp_path, east, 31.1 + STEP / 1e5, ("经度", "纬度"))
    assert any("1 of 12 rows lie far from the others" in s.reason for s in layer.proposal.undecided)
    assert _keys(layer, guesses=True)["crs"] == "EPSG:4490"


def test_a_remark_that_names_a_shifted_datum_is_a_reason_to_guess_it(tmp_path):
    frame = _villages(经度=107.1 + STEP / 1e5, 纬度=31.1 + STEP / 1e5)
    path = _book(tmp_path / "村庄.xlsx", frame, total=False)
    book = openpyxl.load_workbook(path)
    book["名录"].append(["注:坐标为GCJ-02"])
    book.save(path)
    layer = _seen(path).layers[0]
    assert _keys(layer, guesses=True)["datum"] == "gcj02"
    assert "crs" not in _keys(layer, guesses=True)
    assert "datum" not in _keys(layer)


def test_roads_that_are_right_give_shifted_coordinates_away(tmp_path):
    from spatial.georef.datums import from_wgs84  # noqa: PLC0415 - for this test only

    rng = np.random.default_rng(1)
    east, north = 107.1 + rng.random(40) / 10, 31.1 + rng.random(40) / 10
    lines = [shapely.LineString([(e - 0.0004, n), (e + 0.0004, n)]) for e, n in zip(east, north, strict=True)]
    gpd.GeoDataFrame({"highway": "primary"}, index=range(40), geometry=lines, crs="EPSG:4326").to_file(
        tmp_path / "right.gpkg"
    )
    shifted = from_wgs84(east, north, datum="gcj02")
    frame = pd.DataFrame({"村名": [f"村{n}" for n in range(40)], "经度": shifted[0], "纬度": shifted[1], "人口": 5})
    layer = _layer(_csv(tmp_path / "村庄.csv", frame), against=tmp_path / "right.gpkg")
    guessed = [setting for setting in layer.proposal.undecided if setting.key == "datum"]
    assert guessed[0].value == "gcj02"
    assert "crs" not in _keys(layer, guesses=True)
    right = _csv(tmp_path / "村庄2.csv", frame.assign(经度=east, 纬度=north))
    assert "datum" not in _keys(_layer(right, against=tmp_path / "right.gpkg"), guesses=True)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_roads_to_hold_against_must_be_roads_with_a_crs(tmp_path, villages):
    _roads(None)[["geometry"]].to_file(tmp_path / "bare.shp")
    with pytest.raises(SourceError, match="no CRS"):
        _seen(villages, against=tmp_path / "bare.shp")
    with pytest.raises(SourceError, match="no lines"):
        _seen(villages, against=_csv(tmp_path / "村庄.csv", _villages()))


# --- files of a GIS -----------------------------------------------------------------------------------------------


def test_chinese_road_lines_are_told_with_their_vocabulary_and_noding(tmp_path):
    path = tmp_path / "公路.shp"
    _roads().to_file(path, encoding="gb18030")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    report = _seen(path)
    keys = _read_back(report.layers[0])
    assert report.encoding == "gb18030"
    assert "no .cpg" in report.encoding_reason
    assert (keys["values_file"], keys["noding"], keys["encoding"]) == ("cn", "report", "gb18030")
    roads = roads_from_table(path, RoadSource(**keys))
    assert roads["road_class"].tolist() == ["secondary", "track"]


def test_seasons_of_roads_are_proposed_where_no_column_tells_directions(tmp_path):
    _roads().assign(seasonal=["yes", "no"]).to_file(tmp_path / "roads.gpkg")
    assert _keys(_layer(tmp_path / "roads.gpkg"))["columns.seasonal"] == "seasonal"


def test_a_code_page_that_is_not_true_is_noticed(tmp_path):
    path = tmp_path / "公路.shp"
    _roads().to_file(path, encoding="gb18030")
    path.with_suffix(".cpg").write_text("UTF-8")
    report = _seen(path)
    assert _keys(report.layers[0])["encoding"] == "gb18030"
    assert "says UTF-8, but" in report.encoding_reason


@pytest.mark.parametrize("name", ["roads.gpkg", "roads.fgb", "roads.parquet", "roads.geojson", "roads.gdb"])
def test_every_gis_format_is_looked_into(tmp_path, name):
    path = tmp_path / name
    frame = _roads().to_crs("EPSG:4326")
    if name.endswith("parquet"):
        frame.to_parquet(path)
    elif name.endswith("gdb"):
        frame.to_file(path, driver="OpenFileGDB", layer="roads")
    else:
        frame.to_file(path)
    layer = _layer(path)
    assert (layer.kind, layer.rows) == ("roads", 2)
    assert not layer.proposal.undecided
    assert "WGS 84" in layer.crs
    assert layer.bounds is not None
    roads_from_table(path, RoadSource(**_read_back(layer)))


def test_layers_of_a_geopackage_are_named(tmp_path):
    path = tmp_path / "all.gpkg"
    _roads().to_file(path, layer="公路")
    units = gpd.GeoDataFrame({"XZQDM": ["533325101"], "XZQMC": ["金顶镇"]}, geometry=[shapely.box(0, 0, 9, 9)])
    units.set_crs("EPSG:4524").to_file(path, layer="乡镇")
    report = _seen(path)
    assert [(layer.name, layer.kind) for layer in report.layers] == [("公路", "roads"), ("乡镇", "boundaries")]
    assert [_keys(layer)["layer"] for layer in report.layers] == ["公路", "乡镇"]


@pytest.mark.parametrize("name", ["villages.kml", "villages.kmz"])
def test_kml_is_looked_into(tmp_path, name):
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        "<Placemark><name>石桥村</name><Point><coordinates>107.5,31.2</coordinates></Point></Placemark>"
        "</Document></kml>"
    )
    path = tmp_path / name
    if name.endswith("kmz"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", text)
    else:
        path.write_text(text, encoding="utf-8")
    layer = _layer(path)
    assert layer.kind == "settlements"
    assert layer.geometry == "Point (1)"


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_drawing_says_no_crs(tmp_path):
    path = tmp_path / "道路.dxf"
    _roads(None)[["geometry"]].to_file(path, driver="DXF")
    layer = _layer(path)
    assert layer.crs == ""
    assert _keys(layer, guesses=True)["crs"] == "EPSG:4524"


def test_layers_of_several_kinds_of_geometry_are_asked_to_be_parted(tmp_path):
    frame = _roads().to_crs("EPSG:4326")
    frame.loc[2] = frame.loc[1]
    frame.loc[2, "geometry"] = shapely.Point(107.5, 31.2)
    frame.to_file(tmp_path / "roads.geojson")
    layer = _layer(tmp_path / "roads.geojson")
    assert layer.kind == "roads"
    assert any("mixes LineString, Point" in s.reason for s in layer.proposal.undecided)


def test_metres_in_a_geojson_that_says_no_crs_are_a_guess(tmp_path):
    text = _roads().set_crs(None, allow_override=True).to_json()
    (tmp_path / "roads.geojson").write_text(text)
    layer = _layer(tmp_path / "roads.geojson")
    assert _keys(layer, guesses=True)["crs"] == "EPSG:4524"
    assert layer.bounds is None


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "none.csv").write_text("")
    (tmp_path / "text.geojson").write_text('{"a": 1}')
    for name, told in (
        ("pipe.csv", "this is a pipe or a device, not a file; save"),
        ("loop.csv", "cannot be read"),
        ("none.csv", "file .*none.csv: the file is empty; fetch or export it again"),
        ("text.geojson", "damaged or truncated .*; export it again$"),
    ):
        with pytest.raises(SourceError, match=told):
            sp.inspect_file(tmp_path / name, raw=tmp_path)


def test_areas_that_cross_themselves_and_rivers_are_told(tmp_path):
    bow = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    frame = gpd.GeoDataFrame({"commune_code": ["1"], "Commune": ["Sima"]}, geometry=[bow], crs="EPSG:32738")
    frame.to_file(tmp_path / "limites_communes.gpkg")
    layer = _layer(tmp_path / "limites_communes.gpkg")
    assert layer.kind == "boundaries"
    assert any("crosses or touches itself" in s.reason for s in layer.proposal.undecided)
    rivers = _roads()[["geometry"]].assign(类型=["河流", "溪流"])
    rivers.to_file(tmp_path / "水系.gpkg")
    layer = _layer(tmp_path / "水系.gpkg")
    assert layer.kind == "water"
    assert _keys(layer)["values.kind"] == {"河流": "river", "溪流": "stream"}


@pytest.mark.parametrize(("head", "crs"), [("UTM 38S", "EPSG:32738"), ("utm zone 8N", "EPSG:32608"), ("m", "EPSG:...")])
def test_a_zone_of_utm_in_the_head_of_a_column_is_proposed(tmp_path, head, crs):
    text = f"School,Easting ({head}),Northing ({head})\nEcole A,310000,8705000\nEcole B,311000,8706000\n"
    (tmp_path / "schools.csv").write_text(text, encoding="utf-8")
    (setting,) = [each for each in _layer(tmp_path / "schools.csv").proposal.undecided if each.key == "crs"]
    assert setting.value == crs


def test_a_zone_of_utm_in_a_head_goes_before_other_grids_of_its_meridian(tmp_path):
    # 105° E is the middle of UTM 48 and of a Chinese zone; their northings differ by 0.04 %, here 1.3 km.
    text = "Village,Easting (UTM 48N),Northing (UTM 48N)\nA,420000,3150000\nB,421000,3151000\n"
    (tmp_path / "villages.csv").write_text(text, encoding="utf-8")
    layer = _layer(tmp_path / "villages.csv", ground=sp.KnownGround(bounds=sp.Bounds(104.0, 28.0, 105.0, 29.0)))
    assert _keys(layer, guesses=True)["crs"] == "EPSG:32648"


def test_names_below_a_head_that_is_a_service_are_facilities(tmp_path):
    text = "Clinic,lat,lon\nSt Mary clinic,-11.70,43.25\nMoroni health centre,-11.71,43.26\n"
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    layer = _layer(tmp_path / "list.csv")
    assert (layer.kind, _keys(layer)["columns.name"]) == ("facilities", "Clinic")
    text = "School,Village,Pupils\nA primary school,A,30\nB primary school,B,-\n"
    (tmp_path / "schools.csv").write_text(text, encoding="utf-8")
    keys = _keys(_layer(tmp_path / "schools.csv"))
    assert (keys["columns.name"], keys["columns.place_name"]) == ("School", "Village")


def test_a_list_of_schools_without_coordinates_is_told_by_its_pupils(tmp_path):
    text = "Nom de l'école,Village,Effectif élèves\nEPP Toui,Toui,50\nEPP Kilibo,Kilibo,70\n"
    (tmp_path / "ecoles_par_village.csv").write_text(text, encoding="utf-8")
    layer = _layer(tmp_path / "ecoles_par_village.csv")
    keys = _keys(layer)
    assert (layer.kind, keys["service"], keys["columns.load"]) == ("facilities", "primary_school", "Effectif élèves")
    assert (keys["columns.name"], keys["columns.place_name"]) == ("Nom de l'école", "Village")
    text = "学校,村,学生\n石桥小学,石桥村,50人\n河口小学,河口村,70人\n"
    (tmp_path / "学校.csv").write_text(text, encoding="utf-8")
    layer = _layer(tmp_path / "学校.csv")
    assert (_keys(layer)["columns.name"], _keys(layer)["columns.place_name"]) == ("学校", "村")
    # What is to correct in the file stands there to be uncommented.
    assert '# columns.load = "学生"' in toml_block(layer.proposal)


def test_words_of_districts_say_which_facilities_there_are_and_which_are_closed(tmp_path):
    kinds = {"HC III": "health_centre", "HC II": "primary_care", "CSB2": "health_centre", "CSB1": "primary_care"}
    kinds |= {"Rural Health Unit": "health_centre", "Barangay Health Station": "primary_care"}
    frame = pd.DataFrame({"Facility": [f"F{n}" for n in range(6)], "Level": list(kinds), "lat": 1.5, "lon": 32.5})
    keys = _keys(_layer(_csv(tmp_path / "health.csv", frame.assign(状态=["正常", *["停诊"] * 5]))))
    assert keys["values.service"] == kinds
    assert keys["values.status"] == {"正常": "existing", "停诊": "closed"}


def test_kinds_are_told_by_their_words_below_any_head(tmp_path):
    kinds = ["District Hospital", "Health Post", "Health Post"]
    frame = pd.DataFrame(
        {"FacilityName": ["A Hospital", "B Health Post", "C Health Post"], "FacType": kinds, "lat": 1.5, "lon": 32.5}
    )
    assert _keys(_layer(_csv(tmp_path / "health.csv", frame)))["columns.service"] == "FacType"


def test_villages_with_points_of_a_gps_are_settlements(tmp_path):
    text = "Village,Latitude,Longitude\nIceme,1.5,32.6\nJinga,1.6,32.5\n"
    (tmp_path / "village_gps_points.csv").write_text(text, encoding="utf-8")
    assert _layer(tmp_path / "village_gps_points.csv").kind == "settlements"


def test_people_are_the_total_below_a_head_of_both_sexes(tmp_path):
    frame = pd.DataFrame({"Fokontany": ["Behara", "Betroka"], "Sexe Masculin": [10, 20], "Sexe Féminin": [11, 19]})
    frame = frame.assign(Ensemble=[21, 39], Latitude="18°53'23\"S", Longitude="47°06'01\"E")
    layer = _layer(_csv(tmp_path / "district.csv", frame))
    assert (layer.kind, _keys(layer)["columns.population_persons"]) == ("settlements", "Ensemble")


def test_places_below_a_head_of_villages_in_a_file_of_villages_are_settlements(tmp_path):
    text = "Code,Village,lat,lon\na1,Sima,-11.70,43.25\na2,Domoni,-11.71,43.26\n"
    (tmp_path / "villages.csv").write_text(text, encoding="utf-8")
    assert _layer(tmp_path / "villages.csv").kind == "settlements"


def test_grounds_of_villages_drawn_as_areas_are_told_to_be_no_places(tmp_path):
    # A circle of 0.01 degrees is some 3.9 km².
    drawn = gpd.GeoSeries([shapely.Point(43.2, -11.5 - 0.03 * row).buffer(0.01) for row in range(3)], crs=4326)
    gpd.GeoDataFrame({"name": ["A", "B", "C"], "POP": [10, 20, 30]}, geometry=drawn).to_file(tmp_path / "own.gpkg")
    assert _layer(tmp_path / "own.gpkg").kind == "unknown"
    shown = short_report(sp.inspect_file(tmp_path / "own.gpkg", raw=tmp_path))
    assert any("areas of more than 1 km² are no places: draw houses or points" in line for line in shown)


# --- extracts and rasters -----------------------------------------------------------------------------------------


def test_an_extract_is_counted(tmp_path):
    path = tmp_path / "own.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="place" v="village"/><tag k="name" v="A"/></node>'
        '<node id="2" lat="1" lon="1.01"/><way id="3"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'
        "</osm>"
    )
    layer = _layer(path)
    assert layer.kind == "osm"
    assert "settlements: 1" in layer.notes
    assert "roads: 1" in layer.notes


def _raster(path: Path, values: Any, nodata: float | None = None) -> Path:
    values = np.asarray(values)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs="EPSG:4326",
        transform=from_origin(44.0, -12.0, 0.01, 0.01),
        nodata=nodata,
    ) as target:
        target.write(values, 1)
    return path


def test_rasters_are_told_by_name_and_values(tmp_path):
    rng = np.random.default_rng(0)
    people = _layer(_raster(tmp_path / "worldpop_2020.tif", rng.random((40, 40)).astype("float32"), -99999))
    assert (people.kind, _keys(people)) == ("population", {"path": "worldpop_2020.tif"})
    dem = _layer(_raster(tmp_path / "高程.tif", rng.integers(100, 900, (40, 40)).astype("int16")))
    assert dem.kind == "elevation"
    cover = _layer(_raster(tmp_path / "landcover.tif", rng.choice([10, 40, 50], (40, 40)).astype("uint8")))
    assert cover.kind == "landcover"
    share = _layer(_raster(tmp_path / "landcover_Tree.tif", rng.random((40, 40)).astype("float32") * 100))
    assert _keys(share) == {"fractions.10": "landcover_Tree.tif"}


def test_all_rows_of_a_small_raster_are_looked_at(tmp_path):
    layer = _layer(_raster(tmp_path / "population.tif", np.ones((30, 20), "float32"), -1.0))
    assert layer.rows == 600
    assert "values 1 to 1 in the cells looked at (600)" in layer.notes


def test_a_raster_that_does_not_say_what_it_is_is_asked_for(tmp_path):
    layer = _layer(_raster(tmp_path / "data.tif", np.full((9, 9), 7.5, "float32")))
    assert (layer.kind, layer.proposal) == ("unknown", None)
    layer = _layer(_raster(tmp_path / "dem_population.tif", np.full((9, 9), 7.5, "float32")))
    assert layer.kind == "unknown"
    empty = _layer(_raster(tmp_path / "dem.tif", np.full((9, 9), -9999.0, "float32"), -9999.0))
    assert "empty" in empty.reasons[0]


def test_few_whole_values_from_nought_on_may_be_classes(tmp_path):
    layer = _layer(_raster(tmp_path / "data.tif", np.tile(np.array([0, 10, 20], "uint8"), (9, 3))))
    assert layer.reasons == ("3 whole values: classes of land cover?",)


def test_an_srtm_tile_is_heights(tmp_path):
    path = tmp_path / "S13E044.hgt.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("S13E044.hgt", np.full((1201, 1201), 50, ">i2").tobytes())
    assert _layer(path).kind == "elevation"


# --- wrong files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "empty"),
        ("a.xlsx", b"", "empty"),
        ("a.csv", bytes(range(256)) * 9, "not text|no text|cannot"),
        ("a.xlsx", b"PK\x03\x04 cut", "damaged or truncated"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "damaged or truncated"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.xls", b"<html><table></table></html>", "web page"),
        ("a.gpkg", b"SQLite format 3\x00 cut", "damaged or truncated"),
        ("a.geojson", b'{"type": "FeatureCollection", "feat', "damaged or truncated"),
        ("a.parquet", b"PAR1 cut", "damaged or truncated"),
        ("a.tif", b"II*\x00", "damaged or truncated"),
        ("a.shp", b"\x00\x00\x27\x0a", "several files"),
        ("a.osm.pbf", b"nothing", "a.osm.pbf"),
        ("a.dwg", b"AC1027", "save the drawing as DXF"),
        ("a.zip", b"PK\x05\x06" + b"\0" * 18, "unpack"),
        ("a.docx", b"PK", "copy its table"),
        ("a.csv", b"name,population\n", "no rows"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=says):
        _seen(path)


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_a_file_that_is_not_there_and_a_raster_without_crs(tmp_path):
    with pytest.raises(SourceError, match="not found"):
        _seen(tmp_path / "gone.xlsx")
    with pytest.raises(SourceError, match="folder"):
        _seen(tmp_path)
    path = tmp_path / "dem.tif"
    with rasterio.open(path, "w", driver="GTiff", height=2, width=2, count=1, dtype="uint8") as target:
        target.write(np.ones((2, 2), "uint8"), 1)
    with pytest.raises(CrsError):
        _seen(path)


def test_a_csv_of_ragged_lines_is_looked_into_as_far_as_it_goes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,population\na,1,2\nb,3\n")
    assert "do not have 2 fields" in _layer(path).problem


@pytest.mark.parametrize("title", ["List of villages", "List of villages,,", "\n,,\nCounty office,,"])
def test_the_header_of_a_csv_is_found_below_titles(tmp_path, title):
    path = tmp_path / "villages.csv"
    path.write_text(f"{title}\nvillage,longitude,population\na,1,12\nb,3,14\n")
    layer = _layer(path)
    assert [column.name for column in layer.fields] == ["village", "longitude", "population"]
    assert _keys(layer)["header_row"] == title.count("\n") + 2
    source = TableSource(path=path.name, header_row=title.count("\n") + 2)
    frame = open_frame(path, source, what="villages")
    assert frame["population"].tolist() == ["12", "14"]
    assert row_numbers(frame).tolist() == [title.count("\n") + 3, title.count("\n") + 4]


def test_an_unnamed_column_of_a_csv_is_no_title(tmp_path):
    path = tmp_path / "villages.csv"
    path.write_text(",village\n0,a\n1,b\n")
    assert "without a name at position '1'" in _layer(path).problem
    assert "header_row = ..." in _layer(path).problem


def test_signs_that_a_comment_may_not_hold_are_left_out(tmp_path):
    frame = _villages(经度="107.1", 纬度="31.1")
    frame["级别"] = ["甲\x01", *["村"] * 11]
    layer = _layer(_csv(tmp_path / "村庄.csv", frame))
    tomllib.loads("\n".join(toml_block(layer.proposal)))


# --- the report ---------------------------------------------------------------------------------------------------


def test_the_report_is_the_same_twice_and_fits_a_page(villages):
    report = _seen(villages)
    lines = list(report_lines(report))
    assert lines == list(report_lines(_seen(villages)))
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    for wanted in (
        "\uff08已隐藏\uff09",
        "表头在第3行",
        "合计",
        "[sources.settlements]",
        "# DECIDE:",
        '# crs = "EPSG:4524"',
    ):
        assert wanted in text


def test_a_file_is_named_from_the_raw_root(villages):
    assert sp.inspect_file(villages, raw=villages.parent.parent).named == f"{villages.parent.name}/村庄名录.xlsx"
    assert sp.inspect_file(villages, raw=villages.parent / "elsewhere").named == "村庄名录.xlsx"
