"""The generator gives the kept counties, and its files of the bureaus are as odd as real ones."""

import os
import sys
import time
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import pytest
import shapely

from spatial.sample import write_sample_county
from tools.sample_county import SAMPLE_SEED, draw_county, write_county
from tools.sample_county import __main__ as command_line
from tools.sample_county.bureau.unnode import survey_roads
from tools.sample_county.roadmap import RoadMap, Way
from tools.sample_county.terrain import make_terrain

ROOT = Path(__file__).parents[2]
SMALL = 80


@pytest.fixture(scope="module")
def folder(tmp_path_factory, put_sample_county) -> Path:
    return put_sample_county(tmp_path_factory.mktemp("raw") / "bureau", villages=SMALL, form="bureau")


@pytest.fixture(scope="module")
def county():
    return draw_county(villages=SMALL)


def assert_same_files(written: Path, kept: Path) -> None:
    names = sorted(path.name for path in kept.iterdir())
    assert sorted(path.name for path in written.iterdir()) == names
    differing = [name for name in names if (written / name).read_bytes() != (kept / name).read_bytes()]
    assert differing == [], "python -m tools.sample_county --pack, where the difference is meant"


@pytest.mark.trial
def test_the_generator_gives_the_county_that_the_package_holds(tmp_path, put_sample_county) -> None:
    county = draw_county()
    for form in ("open", "bureau"):
        written = write_county(tmp_path / form, county, form=form)
        kept = put_sample_county(tmp_path / f"kept-{form}", form=form)
        assert_same_files(tmp_path / form, kept)
        assert [file.name for file in written] == [file.name for file in write_sample_county(kept, form=form)]


@pytest.fixture
def tool(county, monkeypatch, tmp_path):
    """Give the tool's command some words; it does not draw the small county again, and packs that one alone."""
    drawn = {(SAMPLE_SEED, SMALL): county}

    def draw(*, seed: int = SAMPLE_SEED, villages: int = 400):
        return drawn[seed, villages]

    def run(*words: object) -> None:
        monkeypatch.setattr(command_line, "draw_county", draw)
        monkeypatch.setattr(command_line, "ARCHIVES", {SMALL: tmp_path / "packed"})
        monkeypatch.setattr(sys, "argv", ["sample_county", *map(str, words)])
        command_line.main()

    return run


@pytest.mark.parametrize("form", ["open", "bureau"])
def test_the_generator_gives_the_county_of_the_tests_wherever_it_runs(
    tmp_path, monkeypatch, tool, put_sample_county, form
) -> None:
    kept = put_sample_county(tmp_path / "kept", villages=SMALL, form=form)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        tool(tmp_path / "new", "--villages", SMALL, "--form", form)
    time.tzset()
    assert_same_files(tmp_path / "new", kept)


def test_packing_gives_the_archives_of_the_tests(tmp_path, tool) -> None:
    tool("--pack")
    for form in ("open", "bureau"):
        with (
            zipfile.ZipFile(tmp_path / "packed" / f"{form}.zip") as new,
            zipfile.ZipFile(ROOT / "tests" / "data" / "county_80" / f"{form}.zip") as kept,
        ):
            assert [(item.filename, item.CRC) for item in new.infolist()] == [
                (item.filename, item.CRC) for item in kept.infolist()
            ]


@pytest.mark.parametrize("words", [(), ("folder", "--pack")])
def test_the_command_writes_one_county_or_packs_all(tool, words) -> None:
    with pytest.raises(SystemExit, match="2"):
        tool(*words)


def test_another_seed_gives_another_county(county) -> None:
    terrain = make_terrain(np.random.default_rng([7, 0]))
    assert not np.array_equal(terrain.elevation_m, county.terrain.elevation_m)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"villages": 0}, "villages: 0 is not from 40 to 900"),
        ({"villages": 39}, "villages: 39 is not from 40 to 900"),
        ({"villages": 901}, "villages: 901 is not from 40 to 900"),
        ({"villages": "x"}, "villages: 'x'"),
        ({"seed": "x"}, "seed: 'x'"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_a_county_too_small_or_too_full_or_without_a_seed_is_refused(options, words) -> None:
    with pytest.raises(ValueError, match=words):
        draw_county(**options)


def test_an_unknown_form_is_refused_before_anything_is_written(county, tmp_path) -> None:
    with pytest.raises(ValueError, match="form: 'paper' is not one of open, bureau"):
        write_county(tmp_path / "new", county, form="paper")
    assert not (tmp_path / "new").exists()


def test_the_same_files_give_the_same_archive_whenever_they_were_written(tmp_path) -> None:
    for name, second in (("a", 10**9), ("b", 2 * 10**9)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "村庄.csv").write_text("1,2\n" * 99)
        os.utime(tmp_path / name / "村庄.csv", (second, second))
        command_line.pack([tmp_path / name / "村庄.csv"], tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_list_of_villages_is_as_odd_as_real_ones(folder) -> None:
    sheet = openpyxl.load_workbook(folder / "村庄名录.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert "合成数据" in rows[0][0]
    assert rows[2][:3] == ("序号", "乡镇", "编码")
    assert rows[3][2:4] == ("行政区划代码", "统计用区划代码")
    assert "C3:D3" in map(str, sheet.merged_cells.ranges)
    assert [row[1] for row in rows].count("合计") == 1
    assert [row[1] for row in rows].count("小计") >= 4
    body = [row for row in rows[4:] if isinstance(row[0], int)]
    assert all(len(row[2]) == 12 and len(row[3]) == 17 and row[3].startswith(row[2]) for row in body)
    sums = [row for row in rows if row[1] == "小计"]
    assert sum(row[9] for row in sums) == sum(row[9] for row in body)


def test_its_coordinates_are_shifted_by_hundreds_of_metres(folder, county) -> None:
    sheet = openpyxl.load_workbook(folder / "村庄名录.xlsx").active
    shifted = [row[7:9] for row in sheet.iter_rows(min_row=5, values_only=True) if isinstance(row[0], int)]
    codes = [row[2] for row in sheet.iter_rows(min_row=5, values_only=True) if isinstance(row[0], int)]
    write = pd.DataFrame(county.points, index=county.settled.frame["code"]).loc[codes].to_numpy()
    true = np.array([104.0, 28.7]) + (write - [0.0, 440 / 1200 * 110_850.0]) / [97_890.0, 110_850.0]
    away = pyproj.Geod(ellps="WGS84").inv(*true.T, *np.array(shifted, dtype=float).T)[2]
    assert away.min() > 100
    assert away.max() < 1000


def test_the_survey_of_roads_is_gbk_in_zone_36_without_common_vertices(folder) -> None:
    assert not (folder / "道路.cpg").exists()
    roads = gpd.read_file(folder / "道路.shp", encoding="gb18030")
    assert pyproj.CRS(roads.crs) == pyproj.CRS("EPSG:4524")
    assert roads.total_bounds[0] > 36_000_000
    assert {"行政等级", "技术等级", "路面类型", "路面宽度", "桥梁", "层位"} <= set(roads.columns)
    assert "国道".encode("gbk") in (folder / "道路.dbf").read_bytes()
    xy, line = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    places = pd.DataFrame(xy.round(3), columns=["x", "y"]).assign(line=line)
    ends = places.groupby("line").nth([0, -1])
    shared = places[places.duplicated(["x", "y"], keep=False)]
    inner = shared[~shared.index.isin(ends.index)]
    first, second = shapely.STRtree(roads.geometry).query(roads.geometry, predicate="intersects")
    assert len(inner) < 0.02 * (first < second).sum()


def test_clinics_have_no_coordinates_and_some_no_village(folder) -> None:
    clinics = pd.read_csv(folder / "村卫生室名单.csv", encoding="gb18030", dtype=str)
    assert not any("度" in name or "标" in name for name in clinics.columns)
    assert clinics["区划代码"].str.len().eq(12).all()
    of_townships = clinics["区划代码"].str.endswith("000")
    assert 3 < of_townships.sum() < len(clinics) / 2
    assert clinics["机构名称"].isin(["移民新村卫生室", "老街卫生室", "茶场卫生室"]).sum() == 3


def test_the_yearbook_adds_up(folder, county) -> None:
    sheet = openpyxl.load_workbook(folder / "统计年鉴.xlsx").active
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    assert rows[-1][0] == "合计"
    for column in range(2, 6):
        assert sum(row[column] for row in rows[:-1]) == rows[-1][column]
    frame = county.settled.frame
    assert rows[-1][5] == SMALL
    assert rows[-1][2] == frame.loc[frame["county"] == "云溪", "resident"].sum()


def test_workbooks_hold_no_time_of_writing(folder) -> None:
    for file in folder.glob("*.xlsx"):
        with zipfile.ZipFile(file) as book:
            assert {item.date_time for item in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert b"2026-01-01T12:00:00Z" in book.read("docProps/core.xml")


def _roads(lines: dict[str, list[tuple[float, float]]], **tags: dict[str, str]) -> RoadMap:
    roadmap, numbers = RoadMap(), {}
    for name, points in lines.items():
        nodes = [numbers.setdefault(point, len(numbers)) for point in points]
        roadmap.points = list(numbers)
        roadmap.add_way(Way("residential", nodes, tags.get(name, {})))
    return roadmap


def test_a_junction_of_four_arms_becomes_two_lines_that_cross() -> None:
    ends = {"n": (0.0, 90.0), "e": (90.0, 0.0), "s": (0.0, -90.0), "w": (-90.0, 0.0)}
    survey = survey_roads(_roads({name: [end, (0.0, 0.0)] for name, end in ends.items()}))
    assert [len(line.points) for line in survey.lines] == [4, 4]
    assert survey.counts["through"] == 1
    one, other = (shapely.LineString(line.points) for line in survey.lines)
    assert one.crosses(other)
    assert one.length == pytest.approx(180)


def test_a_side_street_touches_the_road_that_runs_on_without_a_vertex_there() -> None:
    main, side = [(-90.0, 0.0), (0.0, 0.0), (90.0, 10.0)], [(0.0, 0.0), (0.0, -10.0)]
    survey = survey_roads(_roads({"main": main, "side": side}))
    road, street = (shapely.LineString(line.points) for line in survey.lines)
    assert (0.0, 0.0) not in set(road.coords)
    assert road.distance(shapely.Point(street.coords[0])) < 1e-9
    assert street.coords[0] not in set(road.coords)


def test_a_bridge_over_a_road_stays_a_bridge_and_a_road_that_only_crosses_gets_one() -> None:
    bridge, road = [(-50.0, 0.0), (50.0, 0.0)], [(0.0, -50.0), (0.0, 50.0)]
    survey = survey_roads(_roads({"bridge": bridge, "road": road}))
    assert survey.counts["overpasses"] == 1
    assert [line.tags.get("layer") for line in survey.lines] == ["1", None]
    assert sum(shapely.LineString(line.points).length for line in survey.lines) == pytest.approx(200)


def test_an_overpass_reaches_from_junction_to_junction() -> None:
    lines = {
        "main": [(-90.0, 0.0), (-40.0, 0.0), (40.0, 0.0), (90.0, 0.0)],
        "under": [(0.0, -50.0), (0.0, 50.0)],
        "west": [(-40.0, 0.0), (-40.0, 60.0)],
        "east": [(40.0, 0.0), (40.0, 60.0)],
    }
    survey = survey_roads(_roads(lines))
    (over,) = (line for line in survey.lines if "layer" in line.tags)
    assert over.points[[0, -1]].tolist() == [[-40.0, 0.0], [40.0, 0.0]]


def test_a_bridge_is_cut_where_a_road_meets_it() -> None:
    lines = {"bridge": [(-50.0, 0.0), (0.0, 0.0), (50.0, 0.0)], "road": [(0.0, -50.0), (0.0, 0.0)]}
    survey = survey_roads(_roads(lines, bridge={"bridge": "yes", "layer": "1"}))
    assert len(survey.lines) == 3
    assert all((0.0, 0.0) in {tuple(point) for point in line.points.tolist()} for line in survey.lines)


def test_ways_of_another_kind_and_oneway_streets_stay_lines_of_their_own() -> None:
    points = [[(-90.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (90.0, 0.0)], [(0.0, 0.0), (0.0, 90.0)]]
    for tags in ({"surface": "gravel"}, {"oneway": "yes"}):
        names = dict(zip("abc", points, strict=True))
        assert len(survey_roads(_roads(names, a=tags)).lines) == 3
    assert len(survey_roads(_roads(dict(zip("abc", points, strict=True)))).lines) == 2


def test_every_metre_of_road_is_in_the_survey(county) -> None:
    survey = survey_roads(county.roadmap)
    place = np.array(county.roadmap.points)
    before = sum(shapely.LineString(place[way.nodes]).length for way in county.roadmap.ways)
    after = sum(shapely.LineString(line.points).length for line in survey.lines)
    assert after == pytest.approx(before, rel=2e-4)
    assert survey.counts["too short"] >= 10
    assert len(survey.lines) < len(county.roadmap.ways)
