"""Notices of the readers in every language: what they write has a message, and sources are quoted untouched."""

from __future__ import annotations

import ast
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from rasterio.transform import from_origin

import spatial
from spatial.access.findings import move_off_barriers
from spatial.formats.notes import Note, Row, json_of, listed, take_notes
from spatial.formats.raster import GridReading
from spatial.formats.vector import drawn_lines
from spatial.formats.workbook import left_totals, read_workbook
from spatial.georef.datums import from_wgs84
from spatial.inputs.facility_facts import read_facts
from spatial.inputs.gather import doubles_note, doubt_datum
from spatial.inputs.names import merge_facilities
from spatial.inputs.services import load_services
from spatial.inputs.user_tables import settlements_from_table
from spatial.messages import Words
from spatial.rasters import Raster
from spatial.reporting.score import detail_text
from spatial.reporting.sign_off import causes_text
from spatial.reporting.wording import details_told, issue_lines, issue_text
from spatial.study import TableSource
from tests.languages import WHOLE

SPACE = "\u00a0"


def say(note, language):
    return Words(language).notice(note.key, note.values).replace(SPACE, " ")


def workbook_notices(folder):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["单位：万人"],  # noqa: RUF001 - Chinese
        ["镇", "村", "人口", "户"],
        ["甲", "一", 10, 3],
        [None, "二", 20, None],
        ["镇", "村", "人口", "户"],
        ["合计", None, 30, 3],
        ["注：来源于统计局"],  # noqa: RUF001 - Chinese
    ):
        sheet.append(row)
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("D3:D4")
    hidden = book.create_sheet("row 5")
    hidden["A1"], hidden.sheet_state = "draft", "hidden"
    book.save(folder / "list.xlsx")
    return take_notes(read_workbook(folder / "list.xlsx"))


def fact_notices():
    frame = gpd.GeoDataFrame(
        {
            "facility_id": ["a", "b", "c"],
            "service": "emergency_hospital",
            "level": ["level 9", "village clinic", None],
            "opening_hours": ["24/7", "Mo-Fr 08:00-17:00", "ask at the gate"],
            "eligibility": ["members", None, None],
        },
        geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]),
        crs=4326,
    )
    read_facts(frame, TableSource(path="list.csv"), load_services())
    return take_notes(frame)


def doubled_notices():
    lines = [shapely.LineString([(0, 0), (1, 1)])] * 2
    return [doubles_note(gpd.GeoDataFrame({"road_id": ["a", "b"]}, geometry=lines, crs=4326), "road_id")]


def datum_notices():
    """Villages on the map grid of a Chinese map service, declared as WGS 84, between roads 2 km apart."""
    rng = np.random.default_rng(7)
    rows = 31.0 + 0.02 * np.arange(20)
    roads = [shapely.LineString([(107.0, row), (107.4, row)]) for row in rows]
    shifted = from_wgs84(rng.uniform(107.05, 107.35, 60), rng.choice(rows, 60), datum="gcj02")
    villages = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*shifted), crs=4326)
    lines = gpd.GeoDataFrame(geometry=roads, crs=4326)
    found = doubt_datum(villages, TableSource(path="v.csv"), roads=lines, what="v.csv")
    return [Note(finding.kind, 1, finding.values) for finding in found]


@pytest.mark.parametrize("language", WHOLE)
def test_what_the_readers_write_has_a_message_in_every_language(language, tmp_path):
    kinds = (workbook_notices(tmp_path), fact_notices(), doubled_notices(), datum_notices())
    assert [len(notices) for notices in kinds] == [7, 5, 1, 1]
    for note in (note for notes in kinds for note in notes):
        told = say(note, language)
        assert "{" not in told
        assert (told == note.detail) == (language == "en")
        # What is kept in a table says the same as what the reader wrote down.
        kept = {"issue": note.detail, "notice": note.key, "notice_values": json_of(note.values)}
        assert issue_text(kept, Words(language)).replace(SPACE, " ") == told


def test_numbers_kinds_of_data_and_counts_are_said_as_the_language_does():
    raster = Raster(np.ones((1, 1)), from_origin(0, 0, 1, 1), "EPSG:32738", "population")
    (notice,) = GridReading(raster, 5000, 1234, {-99999.0: 1234}).notes
    assert say(notice, "en") == notice.detail
    assert say(notice, "fr").startswith("population : 1\u202f234 cellules contiennent -99")
    assert say(notice, "zh").startswith("人口：1,234个栅格的值为-99")  # noqa: RUF001 - Chinese
    rows = listed([Row(12, "合计"), Row(30, "row 2")])
    assert say(Note("totals", 2, {"where": rows}), "fr") == (
        "lignes de totaux laissées de côté : 'ligne 12 合计', 'ligne 30 row 2' (2 en tout)"
    )


def test_rows_and_kinds_of_geometry_in_a_notice_are_said_in_the_language():
    frame = pd.DataFrame({"name": ["甲", "合计", "合计"], "people": ["1", "1", "1"]})
    (totals,) = take_notes(left_totals(frame, {"合计"}))
    assert say(totals, "fr") == "lignes de totaux laissées de côté : 'ligne 2 合计', 'ligne 3 合计' (2 en tout)"
    drawing = gpd.GeoDataFrame(
        {"Layer": ["roads"] * 3}, geometry=[shapely.LineString([(0, 0), (1, 1)]), shapely.Point(0, 0), None]
    )
    (others,) = take_notes(drawn_lines(drawing, None, label="d.dxf"))
    assert say(others, "fr").endswith(": point (1), sans géométrie (1)")
    assert say(others, "zh") == "图中不是线的要素未读入：点（1）、无几何（1）"  # noqa: RUF001 - Chinese


def test_lists_units_and_what_stands_behind_a_colon_are_written_as_the_language_does():
    where, more = {"first": ["B2", "B3"], "in_all": 2}, {"first": ["B2", "B3"], "in_all": 7}
    chinese, french = Words("zh"), Words("fr", "workbook")
    assert chinese.notice("filled", {"where": where}) == "合并单元格已向下填充：'B2'、'B3'（共2个）"  # noqa: RUF001 - Chinese
    assert chinese.notice("filled", {"where": more}).endswith("'B2'、'B3'……（共7个）")  # noqa: RUF001 - Chinese
    assert french.notice("filled", {"where": more}).endswith("'B2', 'B3', … (7 en tout)")
    assert chinese.with_unit("人口", "persons") == "人口（人）"  # noqa: RUF001 - Chinese
    assert french.with_unit("Population", "persons") == "Population (personnes)"
    assert french.told_of("a.csv", "doublons") == "a.csv\u00a0: doublons"
    assert detail_text("moran_i", "travel_time;p=0.001", Words("fr")).endswith("p\u00a0=\u00a00,001")
    codes = "met_by_all;not_met"
    assert causes_text(codes, french).count("\u202f; ") == causes_text(codes, chinese).count("；") == 1  # noqa: RUF001 - Chinese


def test_people_of_a_list_that_no_number_tells_are_named_as_written(tmp_path):
    (tmp_path / "list.csv").write_text("settlement_id,name,tier,population_persons,lon,lat\na,A,village,about 90,0,0\n")
    frame = settlements_from_table(
        tmp_path / "list.csv",
        TableSource(path="list.csv", longitude="lon", latitude="lat", crs="EPSG:4326"),
        with_population=False,
    )
    (note,) = take_notes(frame)
    assert (note.item, note.number) == ("populations of the list not read", 1)
    assert say(note, "zh").startswith("名单中的人口数未读入：'a'（共1个），例如'about 90'")  # noqa: RUF001 - Chinese


def test_every_finding_has_a_title_and_a_message():
    """What a finding is called and by which message its detail is said, wherever one is made with plain words."""
    notices, titles = Words("en").messages["notice"], Words("en", "qgis").messages["findings"]
    kinds, keys = set(), set()
    for file in Path(spatial.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"Finding", "pair_finding"}:
                (first, *_), more = call.args, {item.arg: item.value for item in call.keywords}
                kinds |= {first.value} if isinstance(first, ast.Constant) else set()
                said = more.get("notice", first)
                keys |= {said.value} if isinstance(said, ast.Constant) else set()
    assert len(kinds) > 15
    assert kinds - set(titles) == set()
    assert keys - set(notices) == set()


@pytest.mark.parametrize("language", ["zh", "fr"])
def test_the_detail_of_a_finding_is_said_by_its_key_and_values(language):
    lake = gpd.GeoSeries([shapely.box(0, 0, 1000, 1000)], crs=32738)
    places = gpd.GeoDataFrame(
        {"facility_id": ["near", "far"], "service": "pharmacy"},
        geometry=[shapely.Point(20, 500), shapely.Point(500, 500)],
        crs=32738,
    )
    _, moved = move_off_barriers(places, lake)
    twice = places.set_geometry(gpd.GeoSeries([places.geometry[0]] * 2, crs=32738)).assign(status="existing")
    _, doubles = merge_facilities(twice)
    words = Words(language, names={"pharmacy": {"zh": "药店", "fr": "Pharmacie"}[language]})
    told = [text.replace(SPACE, " ") for frame in (moved, doubles) for text in details_told(frame, words)]
    assert (
        told
        == {
            "zh": [
                "设施原在障碍上；已移动21米至最近的陆地。",  # noqa: RUF001 - Chinese
                "设施位于障碍上，离陆地太远，无法移动；不能步行离开。",  # noqa: RUF001 - Chinese
                "药店：一处无名设施与一处无名设施，相距0米：未合并，请核对是否为同一处",  # noqa: RUF001 - Chinese
            ],
            "fr": [
                "équipement : sur un obstacle, déplacement de 21 m vers la terre ferme la plus proche.",
                "équipement : sur un obstacle, trop loin de la terre ferme pour un déplacement, aucun accès à pied.",
                "Pharmacie : un sans nom et un sans nom, à 0 m : laissés séparés, vérifiez si ce n’est qu’un",  # noqa: RUF001 - French
            ],
        }[language]
    )
    # A table of somebody else's, or of an older run, says what it says.
    plain = moved.drop(columns=["notice", "notice_values"])
    assert details_told(plain, words) == plain["detail"].tolist()


def test_what_a_source_says_is_never_translated():
    note = Note("hidden", 1, {"where": listed(["row 5"])})
    assert say(note, "fr") == "feuilles masquées non lues : 'row 5' (1 en tout)"
    text = "hidden sheets left unread: 'draft' (1 in all)"
    assert issue_text({"issue": text, "issue_kind": "declared", "notice": ""}, Words("zh")) == text
    # A run of an older version has no columns for the notice: its text stays as it is.
    assert issue_text({"issue": text, "issue_kind": "noticed"}, Words("zh")) == text
    record = {
        "path": "a.xlsx",
        "issue": text,
        "issue_kind": "noticed",
        "affects": [],
        "forbids": [],
        "areas": [],
        "notice": "hidden",
        "notice_values": json_of({"where": listed(["draft"])}),
    }
    record |= {"without_rank": [], "unknown_areas": []}
    assert issue_text(record, Words("zh")) == "隐藏的工作表未读：'draft'（共1个）"  # noqa: RUF001 - Chinese
    (line,) = issue_lines({"issues": [], "known_issues": [record]}, "fr")
    assert line.replace(SPACE, " ").endswith("a.xlsx : feuilles masquées non lues : 'draft' (1 en tout)")
