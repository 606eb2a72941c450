"""The workbook: what an office opens says what the tables say, runs nothing, and is the same bytes each time."""

import datetime as dt
import io
import math
import re
import zipfile
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import pandas as pd
import pytest

import spatial as sp
from spatial.messages import Words, languages
from spatial.reporting.sign_off import fingerprint
from spatial.runner.stage import EVERYTHING, Options
from spatial.stages.norms import gaps
from spatial.stages.workbook import workbook
from spatial.tables import TABLES
from spatial.workbook import sheets
from spatial.workbook.sheets import Column, Sheet, pack_book

EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1+1", '=HYPERLINK("http://example.org","x")')

IN_DOUBT = "无排名：已知问题不允许"  # noqa: RUF001 - Chinese writes them wide
NOT_RANKED = "无排名：没有水平，或无可比者"  # noqa: RUF001 - Chinese writes them wide
ISSUES = """[[file]]
path = "settlements.csv"
issue = ["Old list.", { text = "East is short.", affects = "population", forbids = "ranking", areas = "东镇" }]
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at, tiny_run, go_on_from):
    """A tiny study in Chinese and English that declares official totals, run up to its workbook."""
    tiny = tiny_at(tmp_path_factory.mktemp("workbook"))
    go_on_from(tiny_run, tiny.folder)
    tiny.tables["outputs"] = {"languages": ["zh", "en"], "map_approval": "GS(2026)0001"}
    tiny.tables["official"] = {"people": {"value": 999_999, "source": "=Yearbook"}}
    tiny.tables["official.facilities"] = {"primary_school": {"value": 2, "source": "Bureau"}}
    tiny.write("source.toml", ISSUES)
    tiny.write("settlements.csv", "\n".join(f"{line}," for line in tiny.csv().splitlines()))
    outcome = tiny.run("--stage", "workbook")
    assert outcome.code == 0, outcome.err
    return tiny


@pytest.fixture(scope="module")
def results(ran):
    return sp.read_results(ran.processed / "tiny")


@pytest.fixture(scope="module")
def book(ran):
    return openpyxl.load_workbook(ran.processed / "tiny" / "results.xlsx")


@pytest.fixture(scope="module")
def english(ran):
    """The workbook of the study's second language."""
    return openpyxl.load_workbook(ran.processed / "tiny" / "results.en.xlsx")


def heads_of(title):
    """What the workbooks in Chinese and English call a column, by its English title."""
    own, chinese = (Words(code, "workbook") for code in ("en", "zh"))
    fields = {(field.title, field.unit) for table in TABLES.values() for field in table.fields}
    keys = [key for key, said in own.messages["column"].items() if said == title]
    told = {chinese.title(*field) for field in fields if own.title(*field) == title}
    return {title, *told, *(chinese.say("column", key) for key in keys)}


def column(page, title):
    """Cells of one column below the header, by its title in English."""
    heads = [cell.value for cell in page[3]]
    (at,) = (heads.index(head) for head in heads_of(title) if head in heads)
    return [row[at] for row in page.iter_rows(min_row=4)]


def values(page, title):
    return [cell.value for cell in column(page, title)]


def test_every_sheet_is_there_with_a_frozen_head_filters_and_a_note(book):
    assert book.sheetnames == [
        "摘要",
        "得分",
        "得分分项",
        "乡镇类型",
        "城镇体系",
        "各乡镇规范",
        "未达标村庄",
        "企业选址",
        "设施",
        "完整程度",
        "数据来源",
        "字段说明",
        "签字核对",
    ]
    for page in book:
        # What a row is of stays in sight: of norms by township the unit and the norm, each with its id.
        assert page.freeze_panes == {
            "得分分项": "D4",
            "各乡镇规范": "E4",
            "未达标村庄": "C4",
            "设施": "C4",
            "字段说明": "C4",
        }.get(page.title, "B4")
        assert page.auto_filter.ref.startswith("A3:")
        assert page["A1"].value.startswith("小山谷 · ")
        assert page["A2"].value == (
            "草稿 · 基准日期：2026-01-01 · 名册人口 · 审图号：GS(2026)0001"  # noqa: RUF001 - Chinese marks
        )
        assert all(cell.value for cell in page[3])
        assert page.column_dimensions["A"].width >= 9.0
        assert page.row_dimensions[3].height > 30.0
        assert page.print_title_rows == "$3:$3"
        assert page.print_title_cols.startswith("$A:$")


def test_a_printed_sheet_says_what_it_is_of_and_which_page_and_stands_upright_where_it_is_narrow(book):
    for page in book:
        assert page.oddHeader.left.text == page["A1"].value.replace("&", "&&")
        assert page.oddFooter.left.text.startswith("草稿 · ")
        assert page.oddFooter.right.text == "&P / &N"
        assert (page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage) == (0, True)
    # Two columns of at most 60 characters, and two dozen.
    assert (book["摘要"].page_setup.orientation, book["各乡镇规范"].page_setup.orientation) == ("portrait", "landscape")


def test_a_name_with_a_sign_of_headers_stays_a_name_and_is_cut_where_it_is_too_long():
    assert sheets.printed("Smith &P & Sons") == "Smith &&P && Sons"
    assert len(sheets.printed("long " * 100)) == sheets.MOST_PRINTED


def test_a_wide_sheet_takes_several_pages_of_which_each_can_be_read(book):
    for page in book:
        wide = sum(dimension.width for dimension in page.column_dimensions.values())
        assert wide / page.page_setup.fitToWidth <= sheets.LANDSCAPE_CHARACTERS
    assert book["摘要"].page_setup.fitToWidth == 1 < book["各乡镇规范"].page_setup.fitToWidth


def test_each_workbook_is_in_one_language(book, english):
    assert len(book.sheetnames) == len(english.sheetnames)
    for page, other in zip(book, english, strict=True):
        heads, told = ([cell.value for cell in sheet[3]] for sheet in (page, other))
        assert len(heads) == len(told)
        assert not any(re.search("[A-Za-z]{3}", head.replace("SHA-256", "")) for head in heads), heads
        assert not any(re.search("[\u4e00-\u9fff]", head) for head in told), told
    field = TABLES["norm_results"].field("persons_in_scope")
    for code, page in (("zh", book["各乡镇规范"]), ("en", english["Norms by township"])):
        assert Words(code).title(field.title, field.unit) in [cell.value for cell in page[3]]
    assert (book.properties.language, english.properties.language) == ("zh", "en")


def test_a_chinese_workbook_says_no_english_but_what_sources_and_ids_say(book):
    """Services without a name in the vocabulary, units, classes of roads: all of them have Chinese words."""
    own = {"居民点", "规范", "设施", "单元", "名称", "来源", "文件", "SHA-256校验值", "规范出处", "村庄", "乡镇"}
    own |= {"含义"}  # names codes as the tables hold them
    for page in book:
        heads = [cell.value for cell in page[3]]
        for row in page.iter_rows(min_row=4, values_only=True):
            cells = [cell for head, cell in zip(heads, row, strict=True) if isinstance(cell, str) and head not in own]
            quoted = r"\S+\.(csv|osm|tif)|Old list\.|East is short\.|Gabaix—Ibragimov|Green|=Yearbook|Bureau"
            assert not [cell for cell in cells if re.search("[A-Za-z]{4}", re.sub(quoted, "", cell))], page.title


def test_the_score_sheet_is_the_table_with_the_label_in_words(book, results):
    page = book["得分"]
    rows = results.scores.loc[results.scores["unit_level"].isin(["study", "township"])]
    rows = rows.sort_values(["unit_level", "median_rank", "unit_id"])
    assert values(page, "Unit") == [unit if unit != "study" else None for unit in rows["unit_id"]]
    assert values(page, "Township")[0] == "全研究区"
    told = [math.nan if value is None else value for value in values(page, "Components known")]
    assert told == pytest.approx(rows["known_share"].tolist(), nan_ok=True)
    # the study has eight settlements: its level and those of its townships stay in the table and are not shown
    assert rows["integration_level"].notna().all()
    for title in ("Integration level", "Level at worst", "Rank"):
        assert set(values(page, title)) == {None}, title
    said = values(page, "In words")[0]
    assert said.startswith("不显示融合水平：所依据的居民点不足10个。")  # noqa: RUF001 - Chinese marks
    assert said.endswith("无现行强制性规范")
    assert {cell.number_format for cell in column(page, "Integration level")} == {"0.00"}


def test_a_township_that_an_issue_forbids_to_rank_has_none_and_the_summary_says_why(book, english, results):
    page = book["得分"]
    status = dict(zip(values(page, "Unit"), values(page, "Status of the rank"), strict=True))
    assert status == {None: NOT_RANKED, "b2": IN_DOUBT, "b1": NOT_RANKED}
    assert all(rank is None for rank in values(page, "Rank"))
    said = [cell.value for cell in book["摘要"]["B"]]
    assert "tiny/settlements.csv：Old list." in said  # noqa: RUF001 - Chinese
    empty = "未读入末尾无名的空列：1"  # noqa: RUF001 - Chinese
    assert f"tiny/settlements.csv\uff1a{empty}" in said
    effect = said[said.index("tiny/settlements.csv\uff1aEast is short.") + 1 :]
    assert effect[0] == "涉及人口；不得排名：东镇；1个乡镇没有排名"  # noqa: RUF001 - Chinese marks
    in_english = values(english["Summary"], "Value")
    assert "affects population; forbids to rank 东镇; townships without a rank: 1" in in_english
    scores = results.scores.set_index(["unit_level", "unit_id"])["rank_status"]
    assert scores["township", "b2"] == "in_doubt"


def test_each_gap_with_a_target_has_a_column_coloured_by_whether_it_meets_it(english, results):
    page = english["Score"]
    gaps = results.score_components
    gaps = gaps.loc[gaps["target"].notna() & gaps["unit_level"].isin(["study", "township"])]
    heads = [str(cell.value) for cell in page[3]]
    named = [head for head in heads if head.startswith("Gap: ")]
    assert len(named) == gaps["component"].nunique()
    assert "Gap: town against country (ratio; target ≥ 0.9)" in named
    assert "Gap: covered in town, less in the country (share; target ≤ 0.05)" in named
    cell = column(page, "Gap: town against country (ratio; target ≥ 0.9)")[0]
    row = gaps.loc[(gaps["unit_level"] == "study") & (gaps["component"] == "gap_ratio")].iloc[0]
    ground = {"yes": "E2EFDA", "no": "FCE4D6", "unknown": "EDEDED"}[row["meets_target"]]
    assert cell.fill.fgColor.rgb.endswith(ground)
    assert (cell.value is None) == math.isnan(row["value"])
    assert cell.number_format == "0.00"


def test_components_of_the_study_stand_with_targets_people_and_what_they_are(book, results):
    page = book["得分分项"]
    rows = results.score_components
    rows = rows.loc[rows["unit_level"] == "study"]
    for name, title in {
        "value": "Value",
        "target": "Integration target",
        "low": "At worst",
        "high": "At best",
        "persons": "People behind it (persons)",
        "persons_known": "People of whom it is known (persons)",
        "persons_unknown": "People of whom nobody knows (persons)",
    }.items():
        told = [math.nan if value is None else value for value in values(page, title)]
        assert told == pytest.approx(rows[name].tolist(), nan_ok=True)
    assert rows[["low", "high", "persons_known", "persons_unknown"]].notna().any().all()
    assert set(values(page, "Side")) == {"水平", "差距"}
    assert not any("_" in str(value) for value in values(page, "Component"))
    assert all(values(page, "Status"))


def test_types_of_townships_stand_with_the_official_classes_and_the_reason(book, results):
    page, rows = book["乡镇类型"], results.unit_types
    assert values(page, "Unit") == [unit if unit != "study" else None for unit in rows["unit_id"]]
    for name, title in {
        "share_13": "In rural clusters (13)",
        "official_rural_share": "Officially rural",
        "differ_persons": "People classed otherwise (persons)",
    }.items():
        told = [math.nan if value is None else value for value in values(page, title)]
        assert told == pytest.approx(rows[name].tolist(), nan_ok=True)
    measured = [reason == "" for reason in rows["basis_reason"]]
    assert [value == "已测算" for value in values(page, "Why not measured")] == measured
    assert not any("_" in str(value) for value in values(page, "Degree of Urbanisation, level 2"))


def test_the_system_of_towns_is_the_table_in_words(book, results):
    page, rows = book["城镇体系"], results.town_system
    told = [math.nan if value is None else value for value in values(page, "Value")]
    assert told == pytest.approx(rows["value"].tolist(), nan_ok=True)
    assert values(page, "Measure")[2] == "首位城镇与第二位之比"
    assert values(page, "Towns in all") == rows["towns_total"].tolist()


def written_anew(study, tables):
    """Write the workbook of other tables, with the summary that follows from them."""
    options = Options(study, EVERYTHING)
    summary = gaps(**tables, options=options)["summary"]
    return workbook(**tables, summary=summary, options=options)["files"][0]


def test_without_a_score_there_are_no_sheets_of_it(ran, results):
    study = sp.Study.from_toml(ran.save(), raw=ran.raw)
    tables = {name: getattr(results, name) for name in results.names}
    bare = {name: table for name, table in tables.items() if name not in {"scores", "score_components"}}
    book = written_anew(study, bare)
    names = openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames
    assert names[:2] == ["摘要", "各乡镇规范"]


def test_a_column_that_the_list_names_stands_with_the_villages_that_fail(further_column, ran, results):
    study = sp.Study.from_toml(ran.save(), raw=ran.raw)
    tables = {name: getattr(results, name) for name in results.names}
    gap = {"rank": 1, "settlement_id": results.settlements["settlement_id"].iloc[0], "norm_id": "GL-PHC-1H"}
    gap |= {
        "norm_class": "guiding",
        "service": "primary_care",
        "value": 63.0,
        "threshold": 60.0,
        "excess": 3.0,
        "unit": "min",
    }
    gap |= {"persons_unserved": 9.0, "is_near_miss": True, "status": "not_met", "reach_status": "reached"}
    tables["gaps"] = TABLES["gaps"].frame([gap | {"remedy": "site_or_road", further_column: 0.25}])
    book = openpyxl.load_workbook(io.BytesIO(written_anew(study, tables).content))
    page = book["未达标村庄"]
    assert "最后一公里占比" in str(page[3][-1].value)
    told = column(page, "Share of the last mile")
    assert [(cell.value, cell.number_format) for cell in told] == [(0.25, "0.0%")]


def test_norms_by_township_are_those_of_the_table(book, results):
    rows = results.norms.loc[results.norms["unit_level"].isin(["study", "township"])]
    page = book["各乡镇规范"]
    assert values(page, "Unit") == [unit if unit != "study" else None for unit in rows["unit_id"]]
    for name, title in {
        "persons_in_scope": "People in scope (persons)",
        "persons_unserved": "People beyond the norm (persons)",
        "served_share": "Share served",
    }.items():
        told = values(page, title)
        assert [0.0 if value is None else value for value in told] == pytest.approx(rows[name].fillna(0.0).tolist())
    assert {cell.number_format for cell in column(page, "Share served")} == {"0.0%"}
    assert {cell.number_format for cell in column(page, "People in scope (persons)")} == {"#,##0"}
    assert {"西镇", "东镇", "全研究区"} >= set(values(page, "Township"))


def norms_in_doubt(ran, results, why):
    """Write the sheet of norms of a study whose lists nobody declared complete."""
    tables = {name: getattr(results, name) for name in results.names}
    mapped = "not_measurable" if why == "nothing_mapped" else "not_met"
    doubt = {"status": "not_measurable", "status_as_mapped": mapped, "reason": why}
    everybody = {"served_share": 0.0} | {
        f"{what}_{side}": number
        for what, number in (("persons", 360.0), ("places", 8.0))
        for side, number in (("served", 0.0), ("unserved", number), ("unknown", 0.0))
    }
    changed = {"norm_results": tables["norm_results"].assign(**doubt, **everybody)}
    study = sp.Study.from_toml(ran.save(), raw=ran.raw)
    made = written_anew(study, tables | changed)
    return openpyxl.load_workbook(io.BytesIO(made.content))["各乡镇规范"]


@pytest.mark.parametrize(
    ("why", "said", "reason"),
    [
        ("nothing_mapped", "无法判断", "没有已知的此类设施，且无人声明清单完整"),  # noqa: RUF001 - Chinese marks
        ("inventory:unknown", "未达标", "图上没有更近的设施，但资料可能不全（清单：不明）"),  # noqa: RUF001 - Chinese marks
    ],
)
def test_a_norm_of_which_nothing_is_mapped_is_not_said_to_fail_on_the_map(why, said, reason, ran, results):
    page = norms_in_doubt(ran, results, why)
    assert set(values(page, "Status as mapped")) == {said}
    assert set(values(page, "Reason")) == {reason}


@pytest.mark.parametrize("why", ["nothing_mapped", "inventory:unknown"])
def test_nobody_is_counted_within_or_beyond_a_norm_of_which_nothing_is_mapped(why, ran, results):
    page = norms_in_doubt(ran, results, why)
    for title, number in {
        "People within the norm (persons)": 0.0,
        "People beyond the norm (persons)": 360.0,
        "Places within the norm (places)": 0.0,
        "Places beyond the norm (places)": 8.0,
        "Share served": 0.0,
    }.items():
        assert set(values(page, title)) == {None if why == "nothing_mapped" else number}, title
    assert set(values(page, "People in scope (persons)")) == {360.0}


def test_townships_have_their_names_in_the_language_on_every_sheet(ran, results):
    study = sp.Study.from_toml(ran.save(), raw=ran.raw)
    tables = {name: getattr(results, name) for name in results.names}
    # West and East as written, in Chinese 甲乡 and 乙乡.
    for name in ("settlements", "facilities"):
        tables[name] = tables[name].assign(
            township=tables[name]["township_id"].map({"b1": "West", "b2": "East"}).astype("str")
        )
    # A facility that is named in English alone keeps that name.
    is_first = np.arange(len(tables["facilities"])) == 0
    tables["facilities"] = tables["facilities"].assign(
        name=tables["facilities"]["name"].mask(is_first),
        name_en=pd.Series(np.where(is_first, "Al Zahara", None), tables["facilities"].index, dtype="str"),
    )
    tables["boundaries"] = tables["boundaries"].assign(
        name=tables["boundaries"]["boundary_id"].map({"b1": "West", "b2": "East"}).astype("str"),
        name_zh=pd.Series(["甲乡", "乙乡"], tables["boundaries"].index, dtype="str"),
    )
    gap = {"rank": 1, "settlement_id": "s4", "norm_id": "GL-PHC-1H", "norm_class": "guiding", "service": "primary_care"}
    gap |= {"value": 63.0, "threshold": 60.0, "excess": 3.0, "unit": "min", "persons_unserved": 9.0}
    gap |= {"is_near_miss": True, "status": "not_met", "reach_status": "reached", "remedy": "site_or_road"}
    tables["gaps"] = TABLES["gaps"].frame([gap]).assign(township_id="b1", township="West")
    area = {"fua_id": "b2", "fua_name": "East", "fua_method": "fua_proxy", "unit_id": "b1", "fua_part": "catchment"}
    area |= {"centre_share": 0.0, "commuting_share": np.nan, "within_share": 1.0, "within_min": 60.0}
    tables["functional_areas"] = pd.DataFrame([area | {"population_persons": 9.0}])
    options = Options(study, EVERYTHING)
    summary = gaps(**tables, options=options)["summary"]
    names = {"und": "East", "zh": "乙乡"}
    apart = {end: {"id": "b2", "name": "East", "names": names} for end in ("first", "last")}
    summary["score"]["townships"] |= {"level_shown": 9, "told_apart": apart | {"probability_before": 1.0}}
    book = workbook(**tables, summary=summary, options=options)["files"][0]
    book = openpyxl.load_workbook(io.BytesIO(book.content))
    texts = {str(cell) for page in book for row in page.iter_rows(values_only=True) for cell in row if cell}
    assert values(book["未达标村庄"], "Township") == ["甲乡"]
    assert set(values(book["设施"], "Township")) == {"甲乡", "乙乡"}
    assert values(book["设施"], "Name").count("Al Zahara") == 1
    assert "乙乡" in values(book["乡镇类型"], "Name of the functional urban area")
    assert not [text for text in texts if re.search("West|East(?! is short)", text)]


def test_failing_facilities_and_sources_are_complete(book, results):
    facilities = results.facilities
    assert sorted(values(book["设施"], "Facility")) == sorted(facilities["facility_id"])
    assert set(values(book["设施"], "Name")) == set(facilities["name"])
    assert values(book["数据来源"], "File") == results.provenance["path"].tolist()
    gaps = values(book["未达标村庄"], "Settlement")
    assert sorted(gaps) == sorted(results.gaps["settlement_id"])


def test_sources_are_told_in_the_language_but_for_what_they_say_themselves(book, results):
    page, first = book["数据来源"], results.provenance["path"].tolist().index("tiny/settlements.csv")
    assert results.provenance["issue"][first] == (
        "Old list.; East is short.; empty columns without a name left out: 1 at the end"
    )
    noticed = "未读入末尾无名的空列：1"  # noqa: RUF001 - Chinese writes them wide
    assert values(page, "Known issue")[first] == f"Old list.；East is short.；{noticed}"  # noqa: RUF001
    for title in ("Origin", "Licence", "Vintage", "Address"):
        assert values(page, title)[first] == "不详"
    assert values(page, "SHA-256") == results.provenance["sha256"].tolist()


def test_the_sheet_of_completeness_is_the_table_and_never_shows_more_than_all(book, results):
    page, table = book["完整程度"], results.inventory
    assert values(page, "Facilities (facilities)") == table["facilities"].tolist()
    assert values(page, "Source") == [text or None for text in table["source"]]
    shown = [value for value in values(page, "Completeness, upper") if value is not None]
    assert shown == pytest.approx(table["completeness_upper"].dropna().clip(upper=1.0).tolist())
    assert results.summary["inventory"][0]["service"] == table["service"].iloc[0]


def test_the_sign_off_sheet_is_the_table_in_words(book, results):
    page, table = book["签字核对"], results.sign_off
    count = len(table)
    assert values(page, "Item")[:count][0] == "人口"
    assert values(page, "Ours")[:count] == pytest.approx(table["ours"].tolist())
    status = column(page, "Status")[:count]
    assert {cell.value for cell in status} <= {"一致", "提示", "请核查", "无法判断"}
    assert status[0].fill.fgColor.rgb.endswith("FCE4D6")  # people differ
    assert values(page, "Source")[0] == "=Yearbook"
    tail = [row[0].value for row in page.iter_rows(min_row=4 + count) if row[0].value]
    assert [line.split("：")[0] for line in tail] == ["单位", "签字", "日期", "本表指纹码"]  # noqa: RUF001 - Chinese marks
    assert tail[-1].endswith(fingerprint(table))


def test_totals_of_the_summary_are_those_of_the_study(book, results):
    page = book["摘要"]
    told = dict(zip(values(page, "Item"), values(page, "Value"), strict=True))
    assert told["人口（人）"] == results.summary["population"]["persons"]  # noqa: RUF001 - Chinese writes them wide
    assert told["人口口径"] is not None
    assert "强制性规范" in told


def test_no_cell_holds_a_formula_and_every_part_is_xml(ran):
    path = ran.processed / "tiny" / "results.xlsx"
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        for name in packed.namelist():
            content = packed.read(name)
            ET.fromstring(content)  # noqa: S314 - our own bytes
            assert b"<f>" not in content
    assert all(cell.data_type != "f" for page in openpyxl.load_workbook(path) for row in page for cell in row)


def test_the_same_results_give_the_same_bytes(ran):
    path = ran.processed / "tiny" / "results.xlsx"
    first = path.read_bytes()
    path.unlink()
    assert ran.run("--stage", "workbook").code == 0
    assert path.read_bytes() == first
    with zipfile.ZipFile(path) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = openpyxl.load_workbook(path).properties
    assert properties.modified == properties.created == dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as openpyxl reads


def written(*columns, **more):
    """Write one sheet and read it back."""
    packed = pack_book(
        [Sheet("s", "title", "note", columns, **more)], title="s", language="en", as_of=dt.date(2026, 1, 1)
    )
    return openpyxl.load_workbook(io.BytesIO(packed))["s"]


def test_text_that_looks_like_a_formula_stays_text():
    page = written(Column("=cmd", "text", EVIL), Column("x", "text", ("#N/A", "001", "TRUE", "1e5", "a", "", "b")))
    assert page["A3"].value == "=cmd"
    for row, text in enumerate(EVIL, start=4):
        cell = page.cell(row, 1)
        assert cell.value == text
        assert cell.data_type == "s"
        assert cell.quotePrefix
        assert cell.number_format == "@"
    assert [cell.value for cell in page["B"][3:6]] == ["#N/A", "001", "TRUE"]
    assert not page["B5"].quotePrefix


def test_what_a_workbook_cannot_hold_is_shown_as_such():
    page = written(
        Column("x", "text", ("a\x00b\ud800c", "y" * 40_000, "云\U0002000b")),
        Column("n", "whole", (float("nan"), float("inf"), None)),
    )
    assert page["A4"].value == "a\ufffdb\ufffdc"
    assert len(page["A5"].value) == 32_767
    assert page["A5"].value.endswith("…")
    assert page["A6"].value == "云\U0002000b"
    assert [cell.value for cell in page["B"][3:]] == [None] * 3


def test_a_sheet_is_cut_at_its_limit(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    page = written(Column("x", "whole", (1, 2, 3)), tail=("end",))
    assert [cell.value for cell in page["A"]][3:] == [1, 2, None, "end"]
    assert page.auto_filter.ref == "A3:A5"


def test_names_of_sheets_differ_and_are_short_enough_in_every_language():
    for language in languages():
        names = list(Words(language, "workbook").messages["sheet"].values())
        assert len(set(names)) == len(names)
        assert all(len(name) <= 31 for name in names)


@pytest.mark.parametrize(("status", "said"), [("public", True), ("draft", False)])
def test_sheets_of_public_maps_say_that_a_number_is_missing(tiny_done, status, said):
    tiny_done.tables["outputs"] = {"languages": ["zh"], "status": status}
    assert tiny_done.run("--stage", "workbook").code == 0
    book = openpyxl.load_workbook(tiny_done.processed / "tiny" / "results.xlsx")
    words = "未给出审图号。向社会公开的中国地图须有审图号。"
    assert all((words in page["A2"].value) == said for page in book)
    assert (words in values(book["摘要"], "Value")) == said


def test_a_sheet_says_what_the_columns_of_the_others_are(book, english):
    for page, sheet, people in (
        (book["字段说明"], "未达标村庄", "空表示未知"),
        (english["Columns"], "Villages failing", "Empty = "),
    ):
        rows = list(page.iter_rows(min_row=4, values_only=True))
        assert sheet in {row[0] for row in rows}
        assert all(len(row) == 3 and all(row) for row in rows)
        assert any(people in row[2] for row in rows)
        assert not any("NaN" in row[2] for row in rows)
