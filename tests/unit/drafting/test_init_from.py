"""A study from a folder of files: written, decided, checked and read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from spatial.cli import cli
from spatial.drafting import open_decisions
from spatial.drafting.from_folder import write_draft
from spatial.drafting.questions import Answer, take_proposed
from spatial.drafting.study_file import toml_value
from spatial.errors import SourceError, StudyError
from spatial.inputs.prepare import prepare
from spatial.plain_text import SCREEN_ROWS, screen_rows
from spatial.study import Study

EAST, NORTH = 36452000.0, 3456000.0
DATE = ("--as-of", "2026-01-01")


def _county(folder: Path) -> Path:
    """Write the files of a small county: a workbook of villages, roads, townships, clinics and a yearbook."""
    folder.mkdir(parents=True)
    steps = np.arange(12) * 800.0
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["行政区划代码", "村名", "所属乡镇", "级别", "常住人口", "X", "Y"])
    for number, step in enumerate(steps):
        tier = "镇" if number == 0 else "村"
        code = f"5333251012{number:02d}"
        sheet.append([code, f"石桥{number}村", "金顶镇", tier, 100 + number, NORTH + 30.0, EAST + float(step) + 400])
    sheet.append(["合计", None, None, None, 1266])
    book.save(folder / "村庄名录.xlsx")
    roads = gpd.GeoDataFrame(
        {"技术等级": ["三级", "四级"], "路面类型": ["沥青", "砂石"]},
        geometry=[
            shapely.LineString([(EAST, NORTH), (EAST + 10000, NORTH)]),
            shapely.LineString([(EAST + 5000, NORTH - 4000), (EAST + 5000, NORTH + 4000)]),
        ],
        crs="EPSG:4524",
    )
    (folder / "交通").mkdir()
    roads.to_file(folder / "交通" / "公路.shp", encoding="gb18030")
    (folder / "交通" / "公路.cpg").unlink(missing_ok=True)
    units = gpd.GeoDataFrame({"XZQDM": ["533325101"], "XZQMC": ["金顶镇"]}, crs="EPSG:4524", geometry=[_unit()])
    units.to_file(folder / "乡镇界线.gpkg")
    clinics = pd.DataFrame(
        {
            "机构代码": ["A1", "A2"],
            "机构名称": ["石桥0村卫生室", "石桥7村卫生室"],
            "所在村": ["石桥0村", "石桥7村"],
            "乡镇": "金顶镇",
        }
    )
    clinics.to_csv(folder / "村卫生室.csv", index=False, encoding="gb18030")
    book = pd.DataFrame({"乡镇": ["金顶镇"], "村委会": [12], "人口": [1266]})
    book.to_csv(folder / "统计年鉴.csv", index=False, encoding="utf-8-sig")
    (folder / "说明.docx").write_bytes(b"PK")
    (folder / "坏.xlsx").write_bytes(b"PK\x03\x04 cut")
    return folder


def _unit() -> shapely.Polygon:
    return shapely.box(EAST - 2000, NORTH - 5000, EAST + 12000, NORTH + 5000)


def _run(*arguments: object) -> tuple[int, str, BaseException | None]:
    outcome = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return outcome.exit_code, outcome.output, outcome.exception


def _decide(file: Path) -> None:
    """Take every guess as it is, and delete the marks."""
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^# DECIDE:.*\n(?:#   .*\n)*# (\S+ = .*)$", r"\1", text)
    file.write_text(re.sub(r"(?m)^# DECIDE:.*\n(?:#   .*\n)*", "", text), encoding="utf-8")


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return _county(tmp_path / "raw" / "county")


@pytest.fixture
def written(county: Path, tmp_path: Path) -> tuple[Path, str]:
    code, output, _ = _run("init", "--from", county, tmp_path / "s.toml", "--raw", tmp_path / "raw", *DATE)
    assert code == 0, output
    return tmp_path / "s.toml", output


def test_every_file_of_the_folder_is_used_or_named(written):
    file, output = written
    text = file.read_text(encoding="utf-8")
    for path in ("county/村庄名录.xlsx", "county/交通/公路.shp", "county/乡镇界线.gpkg", "county/村卫生室.csv"):
        assert f'path = "{path}"' in text
    for path in ("说明.docx", "坏.xlsx"):
        assert f"未使用\uff1a{path}" in output  # the study of Chinese files is told in Chinese
        assert f"# {path}\uff1a" in text
    assert "# [official]" in text
    assert 'languages = ["zh", "en"]' in text
    assert 'jurisdictions = ["CN-53"]' in text


def test_the_guess_of_the_crs_is_said_and_marked_until_somebody_looked(written, tmp_path):
    file, output = written
    assert "以 GUESSED 标记" in output
    assert '[sources.settlements] crs = "EPSG:4524": 东向坐标\uff08例如' in output
    assert "待决定" not in output
    code, output, _ = _run("check", file, "--raw", tmp_path / "raw", "-v")
    assert code == 0
    line = text_line(file, "# GUESSED: 东向坐标")
    assert f'第{line}行\uff1a[sources.settlements] crs = "EPSG:4524"' in output
    file.write_text(file.read_text(encoding="utf-8").replace("# GUESSED:", "#"), encoding="utf-8")
    assert "推测" not in _run("check", file, "--raw", tmp_path / "raw", "-v")[1]


def text_line(file: Path, start: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(start))


def test_a_decided_study_is_checked_and_read(written, tmp_path):
    file, _ = written
    _decide(file)
    code, output, error = _run("check", file, "--raw", tmp_path / "raw")
    assert code == 0, (output, error)
    assert "待决定\uff1b" not in output
    study = Study.from_toml(file, raw=tmp_path / "raw")
    layers = prepare(study)
    assert len(layers.settlements) == 12
    assert set(layers.settlements["township"]) == {"金顶镇"}
    assert layers.settlements["population_persons"].sum() == 1266
    assert layers.facilities["service"].tolist() == ["primary_care", "primary_care"]
    assert len(layers.roads) == 2
    assert study.population.basis == "resident"


def test_the_same_folder_gives_the_same_study_twice(written, county, tmp_path):
    file, _ = written
    assert _run("init", "--from", county, tmp_path / "t.toml", "--raw", tmp_path / "raw", *DATE)[0] == 0
    one, other = file.read_text(encoding="utf-8"), (tmp_path / "t.toml").read_text(encoding="utf-8")
    assert one.replace("s.toml", "t.toml") == other


def test_a_folder_outside_the_raw_root_becomes_the_raw_root(county, tmp_path):
    file = tmp_path / "s.toml"
    code, output, _ = _run("init", "--from", county, file, "--raw", tmp_path / "elsewhere", *DATE)
    assert code == 0
    assert f"--raw {county}" in output
    assert 'path = "村庄名录.xlsx"' in file.read_text(encoding="utf-8")
    _decide(file)
    assert _run("check", file, "--raw", county)[0] == 0


def test_a_suggestion_may_be_taken_by_removing_one_sign_a_line(written, tmp_path):
    file, _ = written
    _decide(file)
    text = file.read_text(encoding="utf-8")
    start = text.index("# SUGGESTION")
    end = text.index("\n\n", start)
    taken = "\n".join(re.sub(r"^# ?", "", line) for line in text[start:end].splitlines()[1:])
    file.write_text(text[:start] + taken + text[end:], encoding="utf-8")
    official = Study.from_toml(file, raw=tmp_path / "raw").official
    assert official.people is not None
    assert official.villages is not None
    assert (official.people.value, official.villages.value) == (1266, 12)


def test_of_two_lists_of_villages_the_longer_one_is_taken_and_said(county, tmp_path):
    (county / "another.xlsx").write_bytes((county / "村庄名录.xlsx").read_bytes())
    book = openpyxl.load_workbook(county / "村庄名录.xlsx")
    book.active.insert_rows(3)
    for column, value in enumerate(("533325101299", "新村", "金顶镇", "村", 5, NORTH, EAST), start=1):
        book.active.cell(3, column, value)
    book.save(county / "村庄名录.xlsx")
    file = tmp_path / "s.toml"
    _, output, _ = _run("init", "--from", county, file, "--raw", tmp_path / "raw", "-v", *DATE)
    assert output.count("有多个文件可能是居民点") == 1
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    assert values["sources"]["settlements"]["path"] == "county/村庄名录.xlsx"


@pytest.mark.parametrize("column", [0, 1])
def test_lists_of_one_township_each_are_parts_of_one_and_none_stands_for_all(county, tmp_path, column):
    book = openpyxl.load_workbook(county / "村庄名录.xlsx")
    # Other codes, or the same numbers beside other names.
    for row in book.active.iter_rows(min_row=2, max_row=13):
        row[column].value = f"9{str(row[column].value)[1:]}"
    book.save(county / "另一乡.xlsx")
    file = tmp_path / "s.toml"
    _, output, _ = _run("init", "--from", county, file, "--raw", tmp_path / "raw", "-v", *DATE)
    assert "同一名单（居民点）的各部分" in output  # noqa: RUF001 - Chinese brackets
    assert "settlements" not in tomllib.loads(file.read_text(encoding="utf-8"))["sources"]


def test_a_list_without_coordinates_is_joined_onto_one_that_has_them(county, tmp_path):
    frame = pd.DataFrame(
        {"行政区划代码": [f"5333251012{n:02d}" for n in range(12)], "村名": "x", "户籍人口": range(12)}
    )
    frame.to_csv(county / "村庄户籍.csv", index=False)
    file = tmp_path / "s.toml"
    _, output, _ = _run("init", "--from", county, file, "--raw", tmp_path / "raw", "-v", *DATE)
    assert "[sources.attributes] county/村庄户籍.csv" in output
    assert output.count("并入county/村庄名录.xlsx [Sheet]的居民点") == 1


def test_an_extract_of_roads_alone_holds_no_settlements(tmp_path):
    folder = tmp_path / "raw" / "county"
    folder.mkdir(parents=True)
    nodes = "".join(f'<node id="{n}" lat="28.1" lon="112.{n}" version="1"/>' for n in (1, 2))
    way = '<way id="3" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way>'
    (folder / "roads.osm").write_text(f'<osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")
    (folder / "people.csv").write_text("Village,Population\nIceme,10\nJinga,20\n", encoding="utf-8")
    text = write_draft(folder, tmp_path / "s.toml", raw=tmp_path / "raw").text
    # A list without coordinates is joined onto no place of it.
    assert "sources.attributes" not in {line.strip("[]") for line in text.splitlines() if not line.startswith("#")}
    assert "[sources.settlements]" in text
    (folder / "people.csv").unlink()
    text = write_draft(folder, tmp_path / "s.toml", raw=tmp_path / "raw").text
    assert any("no file of settlements was found" in told for _, told in open_decisions(text))


def test_the_boundaries_that_were_taken_of_two_say_their_level(county, tmp_path):
    whole = gpd.GeoDataFrame({"Name": ["云县"]}, crs="EPSG:4524", geometry=[_unit()])
    whole.to_file(county / "县界.gpkg")
    file = tmp_path / "s.toml"
    _run("init", "--from", county, file, "--raw", tmp_path / "raw", *DATE)
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    assert "boundaries" in values["sources"]
    assert values["region"]["unit_levels"] == [8]


class Clerk:
    """Answers questions by the first word of each, and notes what was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __call__(self, question):
        self.asked.append(question.text)
        for word, answer in self.answers.items():
            if question.text.startswith(word):
                return Answer(answer, is_guess=False)
        return Answer(take_proposed(question).value, is_guess=False)


def _with_schools(county: Path) -> None:
    """A Shapefile that does not say its CRS, in the zone of the villages."""
    points = [shapely.Point(EAST + step, NORTH + 50) for step in (0, 900)]
    frame = gpd.GeoDataFrame({"名称": ["第一小学", "第二小学"]}, geometry=points)
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(county / "小学.shp", encoding="gb18030")


def test_one_answer_settles_the_crs_of_all_files_of_a_zone(county, tmp_path):
    _with_schools(county)
    clerk, file = Clerk(Which="EPSG:4524"), tmp_path / "s.toml"
    write_draft(county, file, raw=tmp_path / "raw", as_of="2026-01-01", ask=clerk)
    (asked,) = [text for text in clerk.asked if "coordinates" in text]
    assert "county/村庄名录.xlsx, county/小学.shp" in asked or "county/小学.shp, county/村庄名录.xlsx" in asked
    text = file.read_text(encoding="utf-8")
    assert text.count('\ncrs = "EPSG:4524"') == 2
    assert "# GUESSED: " not in text.split("name = ")[1].replace("# GUESSED: several", "")


def test_what_is_answered_carries_no_mark_and_what_is_taken_does(county, tmp_path):
    file = tmp_path / "s.toml"
    write_draft(county, file, raw=tmp_path / "raw", as_of="2026-01-01", ask=Clerk(Whose=["CN-53", "CN"]))
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    assert values["jurisdictions"] == ["CN-53", "CN"]
    assert not open_decisions(file.read_text(encoding="utf-8"), "# GUESSED:")


def test_whoever_answers_everything_finds_no_guess_in_the_file_and_is_asked_nothing_twice(county, tmp_path):
    # A list that is joined by codes, whose column of people says nobody whom it counts.
    frame = pd.DataFrame({"行政区划代码": [f"5333251012{n:02d}" for n in range(12)], "村名": "x", "人口数": range(12)})
    frame.to_csv(county / "村庄人口.csv", index=False)
    book = openpyxl.load_workbook(county / "村庄名录.xlsx")
    book.active.delete_cols(5)
    book.save(county / "村庄名录.xlsx")
    clerk, file = Clerk(), tmp_path / "s.toml"
    write_draft(county, file, raw=tmp_path / "raw", as_of="2026-01-01", ask=clerk)
    text = file.read_text(encoding="utf-8")
    assert "[[sources.attributes]]" in text
    assert not open_decisions(text, "# GUESSED:")
    assert len(clerk.asked) == len(set(clerk.asked))
    assert any("no coordinates: joined onto the settlements" in asked for asked in clerk.asked)
    assert any("Whom does '人口数' count?" in asked for asked in clerk.asked)


def test_an_answer_that_is_put_off_stays_to_decide(county, tmp_path):
    file = tmp_path / "s.toml"
    write_draft(county, file, raw=tmp_path / "raw", as_of="2026-01-01", ask=Clerk(Which=None))
    assert [text for _, text in open_decisions(file.read_text(encoding="utf-8")) if "EPSG:4524" in text]


def test_the_country_of_the_coordinates_says_levels_speeds_and_norms(written, tmp_path):
    file, _ = written
    study = Study.from_toml(file, raw=tmp_path / "raw")
    assert study.region.unit_levels == (8,)
    assert study.network.speeds == "rural_cn"
    assert study.jurisdictions == ("CN-53",)


def test_residents_or_registered_people_are_asked_once_for_all_lists(county, tmp_path):
    codes = [f"5333251012{n:02d}" for n in range(12)]
    people = pd.DataFrame({"行政区划代码": codes, "村名": "x", "户籍人口": range(12), "常住人口": range(12)})
    people.to_csv(county / "村庄户籍.csv", index=False)
    book = openpyxl.load_workbook(county / "村庄名录.xlsx")
    book.active.delete_cols(5)
    book.save(county / "村庄名录.xlsx")
    clerk, file = Clerk(Whom="registered"), tmp_path / "s.toml"
    write_draft(county, file, raw=tmp_path / "raw", as_of="2026-01-01", ask=clerk)
    assert sum(text.startswith("Whom") for text in clerk.asked) == 1
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    assert values["population"]["basis"] == "registered"
    (joined,) = values["sources"]["attributes"]
    assert joined["columns"]["population_persons"] == "户籍人口"


def test_the_county_seat_is_asked_where_no_row_is_one(county, tmp_path):
    clerk, file = Clerk(Which="石桥0村"), tmp_path / "s.toml"
    clerk.answers = {"Which town": "石桥0村"}
    write_draft(county, file, raw=tmp_path / "raw", as_of="2026-01-01", ask=clerk)
    assert tomllib.loads(file.read_text(encoding="utf-8"))["tiers"]["county_seat"] == ["石桥0村"]


def test_init_asks_in_a_terminal_by_numbers(county, tmp_path, monkeypatch):
    monkeypatch.setattr("spatial.cli.sys", Terminal())
    arguments = [
        "init",
        "--ask",
        "--from",
        str(county),
        str(tmp_path / "s.toml"),
        "--raw",
        str(tmp_path / "raw"),
        *DATE,
    ]
    outcome = CliRunner().invoke(cli, arguments, input="9\n1\n" + "\n" * 20)
    assert outcome.exit_code == 0, outcome.output
    assert "请输入序号\uff08回车为1\uff09" in outcome.output
    assert "guessed" not in outcome.output


class Terminal:
    """A standard input that somebody sits at."""

    platform = sys.platform

    class stdin:  # noqa: N801 - as sys has it
        isatty = staticmethod(lambda: True)


def test_without_a_terminal_asking_takes_what_is_proposed(county, tmp_path):
    code, output, _ = _run("init", "--ask", "--from", county, tmp_path / "s.toml", "--raw", tmp_path / "raw", *DATE)
    assert code == 0
    assert "Enter for 1" not in output
    assert "GUESSED" in output


def test_folders_without_files_of_use_are_refused(tmp_path):
    _, _, error = _run("init", "--from", tmp_path / "gone", tmp_path / "s.toml")
    assert isinstance(error, SourceError)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.pdf").write_bytes(b"%PDF")
    _, _, error = _run("init", "--from", tmp_path / "empty", tmp_path / "s.toml")
    assert isinstance(error, SourceError)
    assert "ask for the table itself" in str(error)
    assert not (tmp_path / "s.toml").exists()


@pytest.mark.parametrize("option", [("--name", "My County"), ("--as-of", "soon")])
def test_names_and_dates_that_a_study_cannot_have_are_refused(county, tmp_path, option):
    _, _, error = _run("init", "--from", county, tmp_path / "s.toml", "--raw", tmp_path / "raw", *option)
    assert isinstance(error, StudyError)


def test_a_study_that_is_there_is_never_written_over(county, tmp_path):
    (tmp_path / "s.toml").write_text("mine", encoding="utf-8")
    code, output, _ = _run("init", "--from", county, tmp_path / "s.toml")
    assert code == 2
    assert "is there already" in output
    assert (tmp_path / "s.toml").read_text(encoding="utf-8") == "mine"


def test_inspect_prints_a_block_and_its_guess(county, tmp_path):
    code, output, _ = _run("inspect", county / "村庄名录.xlsx", "--raw", tmp_path / "raw")
    assert code == 0
    assert 'path = "county/村庄名录.xlsx"' in output
    assert '# crs = "EPSG:4524"' in output


def _rows(output: str) -> int:
    """Count the rows that a text takes in a terminal of 80 columns."""
    return sum(map(screen_rows, output.splitlines()))


def test_a_wide_workbook_of_several_sheets_fits_a_screen_and_more_is_said_where_asked(tmp_path):
    book = openpyxl.Workbook()
    for name in ("一月", "二月", "三月"):
        sheet = book.create_sheet(name)
        sheet.append(["村名", "常住人口", "经度", "纬度", *(f"很长的指标名称{n}" for n in range(60))])
        for row in range(12):
            sheet.append([f"云{row}村", 100 + row, 104.2 + row / 100, 28.5 + row / 100, *range(60)])
    book.remove(book["Sheet"])
    book.save(tmp_path / "村庄.xlsx")
    code, output, _ = _run("inspect", tmp_path / "村庄.xlsx", "--raw", tmp_path)
    assert code == 0
    assert _rows(output) <= SCREEN_ROWS
    # Every sheet is told before the part that reads the first of them.
    assert [line.split("\uff1a")[0] for line in output.splitlines() if "看来是居民点" in line] == list(book.sheetnames)
    assert "村名 = settlement_id, name" in output
    assert "另有60列" in output
    assert "行\uff1aspatial inspect -v" in output
    _, all_of_it, _ = _run("inspect", "-v", tmp_path / "村庄.xlsx", "--raw", tmp_path)
    assert all_of_it.count("很长的指标名称59") == len(book.sheetnames)


def test_a_folder_of_many_files_fits_a_screen_and_all_is_said_where_asked(county, tmp_path):
    for number in range(20):
        (county / f"说明{number}.docx").write_bytes(b"PK")
    for number in range(8):
        places = pd.DataFrame({"名称": [f"第{number}小学"] * 2, "经度": 99.1, "纬度": [26.1, 26.2], "编号": ["a", "a"]})
        places.to_csv(county / f"小学{number}.csv", index=False)
    code, output, _ = _run("init", "--from", county, tmp_path / "s.toml", "--raw", tmp_path / "raw", *DATE)
    assert code == 0
    assert _rows(output) <= 40
    assert "或加 -v" in output
    assert "项为推测" in output
    assert output.splitlines()[-1].startswith("下一步\uff1aspatial check")
    _, output, _ = _run("init", "-v", "--from", county, tmp_path / "all.toml", "--raw", tmp_path / "raw", *DATE)
    assert output.count("未使用\uff1a说明") == 21
    assert _rows(output) > 40
    assert "或加 -v" not in output


def test_a_locale_that_does_not_know_the_letters_of_a_path_is_told_so(county, tmp_path):
    where = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}
    where |= {name: os.environ[name] for name in ("PYTHONPATH", "HOME") if name in os.environ}
    moved = county.rename(county.with_name("县"))
    command = [sys.executable, "-m", "spatial", "init", str(tmp_path / "s.toml"), "--from", str(moved)]
    ended = subprocess.run(command, env=where, capture_output=True, check=False, cwd=Path(__file__).parents[3])
    assert ended.returncode != 0
    assert b"PYTHONUTF8=1" in ended.stderr
    assert b"ours to mend" not in ended.stderr


def test_marks_are_found_with_their_part_of_the_file():
    text = "# DECIDE: first\n#   and more\n[a.b]  # c\n# crs = 1\n  # decide: second\n# # DECIDE: not yet\n"
    assert open_decisions(text) == [(1, "first and more"), (5, "[a.b] second")]


@pytest.mark.parametrize(
    "value",
    ["plain", 'with "quotes" and \\', "line\nbreak", "村", 5, 2.5, True, ["a", "b"], {"a b": "c", "d": 1}, "\x7f"],
)
def test_values_are_written_as_toml_reads_them(value):
    assert tomllib.loads(f"v = {toml_value(value)}")["v"] == value
