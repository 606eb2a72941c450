"""Notices of the readers in every language: what they write has a message, and sources are quoted untouched."""

from __future__ import annotations

import re
import string

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from rasterio.transform import from_origin

from spatial.formats.notes import take_notes
from spatial.formats.raster import GridReading
from spatial.formats.vector import drawn_lines
from spatial.formats.workbook import left_totals, read_workbook
from spatial.georef.datums import from_wgs84
from spatial.inputs.datum_evidence import doubt_wgs84
from spatial.inputs.facility_facts import read_facts
from spatial.inputs.gather import doubles_note
from spatial.inputs.services import load_services
from spatial.inputs.user_tables import settlements_from_table
from spatial.messages import Words, languages
from spatial.rasters import Raster
from spatial.reporting.wording import issue_lines, issue_text, notice_text
from spatial.study import TableSource

NOTICES = Words("en").messages["notice"]
SPACE = "\u00a0"


def say(notice, language):
    told = notice_text(notice, Words(language))
    return None if told is None else told.replace(SPACE, " ")


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("key", NOTICES)
def test_each_notice_has_words_of_its_own_and_the_same_braces_in_every_language(key, language):
    text = Words(language).messages["notice"][key]
    assert (text == NOTICES[key]) == (language == "en")
    names = [
        {name for _, name, _, _ in string.Formatter().parse(said) if name} for said in (text, NOTICES[key])
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("key", NOTICES)
def test_each_notice_is_told_from_all_others(key):
    filled = re.sub(r"\{(\w+)\}", r"<\1>", NOTICES[key])
    assert say(filled, "en") == filled
    french = Words("fr").messages["notice"][key].replace(SPACE, " ")
    assert say(filled, "fr") == re.sub(r"\{(\w+)\}", r"<\1>", french)


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
    return [note.detail for note in take_notes(read_workbook(folder / "list.xlsx"))]


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
    return [note.detail for note in take_notes(frame)]


def doubled_notices():
    lines = [shapely.LineString([(0, 0), (1, 1)])] * 2
    return [
        doubles_note(gpd.GeoDataFrame({"road_id": ["a", "b"]}, geometry=lines, crs=4326), "road_id").detail
    ]


def datum_notices():
    """Villages on the map grid of a Chinese map service, declared as WGS 84, between roads 2 km apart."""
    rng = np.random.default_rng(7)
    rows = 31.0 + 0.02 * np.arange(20)
    roads = [shapely.LineString([(107.0, row), (107.4, row)]) for row in rows]
    shifted = from_wgs84(rng.uniform(107.05, 107.35, 60), rng.choice(rows, 60), datum="gcj02")
    villages = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*shifted), crs=4326)
    lines = gpd.GeoDataFrame(geometry=roads, crs=4326)
    found = doubt_wgs84(villages, TableSource(path="v.csv"), roads=lines, what="v.csv")
    return [finding.detail for finding in found]


@pytest.mark.parametrize("language", languages())
def test_what_the_readers_write_has_a_message_in_every_language(language, tmp_path):
    kinds = (workbook_notices(tmp_path), fact_notices(), doubled_notices(), datum_notices())
    assert [len(notices) for notices in kinds] == [7, 5, 1, 1]
    for notice in (notice for notices in kinds for notice in notices):
        told = say(notice, language)
        assert told is not None, notice
        assert (told == notice) == (language == "en")


def test_numbers_kinds_of_data_and_counts_are_said_as_the_language_does():
    raster = Raster(np.ones((1, 1)), from_origin(0, 0, 1, 1), "EPSG:32738", "population")
    (notice,) = GridReading(raster, 5000, 1234, {-99999.0: 1234}).notes
    assert say(notice, "en") == notice
    assert say(notice, "fr").startswith("population : 1\u202f234 cellules contiennent -99")
    assert say(notice, "zh").startswith("人口：1,234个栅格的值为-99")  # noqa: RUF001 - Chinese
    assert say("total rows left out: 'row 12 合计', 'row 30 row 2' (2 in all)", "fr") == (
        "lignes de totaux laissées de côté : 'ligne 12 合计', 'ligne 30 row 2' (2 en tout)"
    )


def test_rows_and_kinds_of_geometry_in_a_notice_are_said_in_the_language():
    frame = pd.DataFrame({"name": ["甲", "合计", "合计"], "people": ["1", "1", "1"]})
    (totals,) = take_notes(left_totals(frame, {"合计"}))
    assert say(totals.detail, "fr") == "lignes de totaux laissées de côté : 'ligne 2', 'ligne 3' (2 en tout)"
    drawing = gpd.GeoDataFrame(
        {"Layer": ["roads"] * 3}, geometry=[shapely.LineString([(0, 0), (1, 1)]), shapely.Point(0, 0), None]
    )
    (others,) = take_notes(drawn_lines(drawing, None, label="d.dxf"))
    assert say(others.detail, "fr").endswith(": point (1), sans géométrie (1)")
    assert say(others.detail, "zh") == "图中不是线的要素未读入：点 (1), 无几何 (1)"  # noqa: RUF001 - Chinese


def test_people_of_a_list_that_no_number_tells_are_named_as_written(tmp_path):
    (tmp_path / "list.csv").write_text(
        "settlement_id,name,tier,population_persons,lon,lat\na,A,village,about 90,0,0\n"
    )
    frame = settlements_from_table(
        tmp_path / "list.csv",
        TableSource(path="list.csv", longitude="lon", latitude="lat", crs="EPSG:4326"),
        with_population=False,
    )
    (note,) = take_notes(frame)
    assert (note.item, note.number) == ("populations of the list not read", 1)
    assert say(note.detail, "zh").startswith("名单中的人口数未读入：'a'（共1个），例如'about 90'")  # noqa: RUF001 - Chinese


def test_what_a_source_says_is_never_translated():
    assert say("hidden sheets left unread: 'row 5' (1 in all)", "fr") == (
        "feuilles masquées non lues : 'row 5' (1 en tout)"
    )
    text = "hidden sheets left unread: 'draft' (1 in all)"
    for kind in ("plain_text", "declared"):
        assert issue_text({"issue": text, "issue_kind": kind}, Words("zh")) == text
    told = issue_text({"issue": text, "issue_kind": "noticed"}, Words("zh"))
    assert told == "隐藏的工作表未读：'draft'（共1个）"  # noqa: RUF001 - Chinese
    assert notice_text("Totals of two townships appear interchanged", Words("zh")) is None
    record = {
        "path": "a.xlsx",
        "issue": text,
        "issue_kind": "noticed",
        "affects": [],
        "forbids": [],
        "areas": [],
    }
    record |= {"without_rank": [], "unknown_areas": []}
    (line,) = issue_lines({"issues": [], "known_issues": [record]}, "fr")
    assert line.replace(SPACE, " ").endswith("a.xlsx: feuilles masquées non lues : 'draft' (1 en tout)")
