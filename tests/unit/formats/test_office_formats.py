"""Files of offices beside workbooks: text and Shapefiles in their encodings, file geodatabases, KML, DXF, own words."""
# ruff: noqa: RUF001 - full-width characters are what is read

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError, SourceError
from spatial.formats.columns import SHIPPED, load_values
from spatial.formats.delimited import coordinate_numbers, degrees_of, guess_encoding, misread_degrees
from spatial.formats.files import file_parts, file_sha256, is_there, read_provenance
from spatial.formats.notes import take_notes
from spatial.formats.vector import open_frame, open_mapped
from spatial.inputs.user_tables import read_table, roads_from_table
from spatial.network.speeds import load_speeds
from spatial.study import TableSource

if TYPE_CHECKING:
    from pathlib import Path


def _roads() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"名称": ["石桥路", "河口路"], "技术等级": ["三级", "等外"], "路面类型": ["水泥混凝土", "砂石"]},
        geometry=[shapely.LineString([(0, 0), (1000, 0)]), shapely.LineString([(1000, 0), (1000, 900)])],
        crs="EPSG:4524",
    )


def _open(path: Path, **keys: Any) -> pd.DataFrame:
    return open_frame(path, TableSource(path=path.name, **keys), what="roads")


# --- encodings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ("村名,人口\n石桥村,5\n", "utf-8", "utf-8"),
        ("村名,人口\n石桥村,5\n", "utf-8-sig", "utf-8"),
        ("村名,人口\n石桥村,5\n", "gb18030", "gb18030"),
        ("nom,population\nDomoni é,5\nSégou,7\n", "latin-1", "cp1252"),
        ("nom,population\nDomoni é,5\n", "utf-8-sig", "utf-8"),
        ("village,people\nSima,5\n", "ascii", "utf-8"),
        ("村名,人口\n石桥村,5\n", "utf-16", "utf-16"),
    ],
)
def test_text_is_read_in_any_encoding_where_it_is_declared_auto(tmp_path, text, encoding, told):
    path = tmp_path / "own.csv"
    path.write_bytes(text.encode(encoding))
    assert guess_encoding(path.read_bytes()) == told
    frame = _open(path, encoding="auto")
    assert list(frame.columns) == text.splitlines()[0].split(",")
    assert frame.iloc[0, 0] == text.splitlines()[1].split(",")[0]
    assert told in take_notes(frame)[0].detail


def test_one_rare_sign_in_ten_is_still_chinese():
    # nine of ten signs are common ones, the tenth stands in the extension of GBK
    assert guess_encoding("石桥村河口村大龙村丂".encode("gbk")) == "gb18030"
    assert guess_encoding("石桥村河口村大龙丂".encode("gbk")) == "cp1252"


def test_an_encoding_is_never_guessed_where_none_was_asked_for(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes("村名\n石桥村\n".encode("gbk"))
    with pytest.raises(SourceError, match="encoding = 'gb18030'"):
        _open(path)


def test_declared_latin_1_is_read_as_written(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes("nom\nSégou\n".encode("latin-1"))
    assert _open(path, encoding="latin-1")["nom"].tolist() == ["Ségou"]


def test_sums_in_text_are_left_out_only_where_the_study_names_their_words(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("村名,人口\n石桥村,５\n合计,5\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"row\(s\) 3 \(1 in all\) look like sums.*total_words"):
        _open(path)
    assert len(_open(path, total_words=[])) == 2
    frame = _open(path, total_words=["合计"])
    assert frame["人口"].tolist() == ["5"]
    assert [note.number for note in take_notes(frame)] == [1, 1]


@pytest.mark.parametrize("keys", [{"encoding": "gbk"}, {"encoding": "gb18030"}, {"encoding": "auto"}])
def test_a_gbk_shapefile_without_a_code_page_is_read_as_declared(tmp_path, keys):
    path = tmp_path / "roads.shp"
    _roads().to_file(path, encoding="gbk")
    path.with_suffix(".cpg").unlink()
    frame = _open(path, **keys)
    assert frame["名称"].tolist() == ["石桥路", "河口路"]
    assert frame["技术等级"].tolist() == ["三级", "等外"]


def test_the_code_page_beside_a_shapefile_says_its_encoding(tmp_path):
    path = tmp_path / "roads.shp"
    _roads().to_file(path, encoding="gbk")
    assert path.with_suffix(".cpg").read_text().lower().startswith("gb")
    assert _open(path)["名称"].tolist() == ["石桥路", "河口路"]
    assert _open(path, encoding="auto")["名称"].tolist() == ["石桥路", "河口路"]


@pytest.mark.parametrize(
    ("encoding", "page", "remedy"),
    [
        ("gbk", "OEM", "gb18030"),
        ("gbk", "ISO-8859-1", "gb18030"),
        ("gbk", "UTF-8", "gb18030"),
        ("utf-8", "GBK", None),
        ("utf-8", "OEM", None),
        ("gbk", "936", None),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of names that are cut amid a letter
def test_a_code_page_that_cannot_be_is_not_believed(tmp_path, encoding, page, remedy):
    path = tmp_path / "roads.shp"
    _roads().to_file(path, encoding=encoding)
    path.with_suffix(".cpg").write_text(page)
    if remedy:
        with pytest.raises(SourceError, match=f"not {page}, as roads.cpg says; write encoding = '{remedy}'"):
            _open(path)
    assert _open(path, encoding=remedy or "utf-8")["名称"].tolist() == ["石桥路", "河口路"]
    assert _open(path, encoding="auto")["名称"].tolist() == ["石桥路", "河口路"]
    report = sp.inspect_file(path, raw=tmp_path)
    assert report.layers[0].proposal is not None
    assert [s.value for s in report.layers[0].proposal.settings if s.key == "encoding"] == [remedy] * bool(remedy)


@pytest.mark.filterwarnings("ignore")  # of names that are cut amid a letter
def test_names_of_a_utf8_shapefile_that_its_width_cut_amid_a_letter_are_read(tmp_path):
    path = tmp_path / "villages.shp"
    # A name has ten bytes: three letters and a part of the fourth, which alone tells these two apart.
    frame = gpd.GeoDataFrame({"行政村代码": ["01"], "行政村名称": ["石桥村"]}, geometry=[shapely.Point(1, 2)], crs=4490)
    frame.to_file(path, encoding="utf-8")
    read = _open(path)
    assert list(read.columns) == ["行政村", "行政村_1", "geometry"]
    assert read.iloc[0, :2].tolist() == ["01", "石桥村"]


# --- coordinates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "axis", "degrees"),
    [
        ("116°23'45\"E", "longitude", 116.39583333333333),
        ("116度23分45秒", "longitude", 116.39583333333333),
        ("东经116°23′45″", "longitude", 116.39583333333333),
        ("E116°23'45.6''", "longitude", 116.396),
        ("39.5N", "latitude", 39.5),
        ("12°15' S", "latitude", -12.25),
        ("-12°15'", "latitude", -12.25),
        ("１１６．５", "longitude", 116.5),
        ("44.25°w", "longitude", -44.25),
        ("43° 15' 36,0\" E", "longitude", 43.26),
        ("12°15,0' Sud", "latitude", -12.25),
        ("1°30´ Ouest", "longitude", -1.5),
        ("0°30' West", "longitude", -0.5),
    ],
)
def test_angles_are_read(text, axis, degrees):
    assert degrees_of(text, axis) == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("116°60'00\"E", "longitude"),
        ("116°23'60\"E", "longitude"),
        ("39.5N", "longitude"),
        ("116.5E", "latitude"),
        ("-39.5N", "latitude"),
        ("N39.5N", "latitude"),
        ("116.5°23'", "longitude"),
        ("116 23 45", "longitude"),
        ("5°12'O", "longitude"),
        ("39,5", "latitude"),
        ("", "latitude"),
    ],
)
def test_angles_that_may_mean_two_things_are_not_read(text, axis):
    assert pd.isna(degrees_of(text, axis))


def test_a_column_may_mix_numbers_and_angles():
    read = coordinate_numbers(pd.Series(["103.5", "103°30'", None, "x", "36452347"]), axis="longitude")
    assert read.fillna(-1).tolist() == [103.5, 103.5, -1, -1, 36452347]


def test_minutes_and_seconds_written_as_decimals_are_told_from_decimal_degrees():
    number = np.arange(12)
    # 104 degrees, 10 to 21 minutes, 0 to 55 seconds: 104.1000, 104.1105 ...
    packed = 104 + (10 + number) / 100 + number * 5 / 10_000
    assert misread_degrees(packed, packed - 76) == "packed_degrees"
    assert misread_degrees(packed, 28 + (number * 8 + 5) / 10_000) == ""  # 28.0061 on: no seconds
    assert misread_degrees(packed[:11], packed[:11] - 76) == ""  # too few to tell
    assert misread_degrees(104 + number // 6, 28 + number * 0) == "whole_degrees"
    assert misread_degrees(104.1 + number / 100, 28.0 + number / 100) == ""  # two decimals


# --- geodatabases, KML, DXF -------------------------------------------------------------------------------------


def test_a_file_geodatabase_is_one_source(tmp_path):
    path = tmp_path / "county.gdb"
    _roads().to_file(path, driver="OpenFileGDB", layer="roads")
    assert _open(path)["技术等级"].tolist() == ["三级", "等外"]
    _roads().to_file(path, driver="OpenFileGDB", layer="paths", mode="a")
    with pytest.raises(SourceError, match="several layers"):
        _open(path)
    assert len(_open(path, layer="paths")) == 2
    assert is_there(path)
    assert len(file_parts(path)) > 5
    record = read_provenance(tmp_path, ["county.gdb"])[0]
    assert record.sha256 == file_sha256(path)
    (path / "one.lock").write_text("")
    assert file_sha256(path) == record.sha256


def test_what_is_no_file_geodatabase_is_told_so(tmp_path):
    with pytest.raises(SourceError, match="not found"):
        _open(tmp_path / "county.gdb")
    (tmp_path / "empty.gdb").mkdir()
    with pytest.raises(SourceError, match="no file geodatabase"):
        _open(tmp_path / "empty.gdb")
    (tmp_path / "file.gdb").write_text("x")
    with pytest.raises(SourceError, match="this is a file"):
        _open(tmp_path / "file.gdb")


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>d</name><Folder><name>clinics</name>{places}</Folder>
</Document></kml>"""
PLACE = """<Placemark><name>石桥卫生室</name><ExtendedData><Data name="beds"><value>4</value></Data></ExtendedData>
<Point><coordinates>103.5,30.25,12</coordinates></Point></Placemark>"""


def test_kml_and_kmz_are_read_with_their_own_fields(tmp_path):
    path = tmp_path / "own.kml"
    path.write_text(KML.format(places=PLACE + "<Placemark><name>photo</name></Placemark>"), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "own.kmz", "w") as archive:
        archive.write(path, "doc.kml")
    for file in (path, tmp_path / "own.kmz"):
        frame = read_table(file, TableSource(path=file.name), what="facilities")
        assert frame.crs.to_epsg() == 4326
        assert frame["Name"].tolist() == ["石桥卫生室"]
        assert frame["beds"].astype(str).tolist() == ["4"]
        assert "tessellate" not in frame.columns
        assert frame.geometry[0].equals(shapely.Point(103.5, 30.25))
        assert [note.number for note in take_notes(frame)] == [1]


def test_kml_that_only_links_elsewhere_is_told_so(tmp_path):
    link = "<NetworkLink><name>n</name><Link><href>https://example.org/a.kml</href></Link></NetworkLink>"
    path = tmp_path / "own.kml"
    path.write_text(KML.format(places=link), encoding="utf-8")
    with pytest.raises(SourceError, match=r"own\.kml"):
        _open(path)
    path.write_text(KML.format(places="<Placemark><name>photo</name></Placemark>"), encoding="utf-8")
    with pytest.raises(SourceError, match=r"own\.kml"):
        _open(path)


def _dxf(path: Path) -> Path:
    def line(layer: str, *ends: float) -> str:
        codes = ("10", "20", "11", "21")
        return f"  0\nLINE\n  8\n{layer}\n" + "".join(f" {c}\n{e}\n" for c, e in zip(codes, ends, strict=True))

    point = "  0\nPOINT\n  8\nMARKS\n 10\n5.0\n 20\n5.0\n"
    body = line("ROAD", 5e5, 33e5, 5.1e5, 33e5) + line("TRACK", 5.1e5, 33e5, 5.1e5, 33.1e5) + point
    path.write_text(f"  0\nSECTION\n  2\nENTITIES\n{body}  0\nENDSEC\n  0\nEOF\n", encoding="ascii")
    return path


def test_the_lines_of_a_drawing_are_roads_by_layer(tmp_path):
    path = _dxf(tmp_path / "own.dxf")
    frame = _open(path)
    assert frame["Layer"].tolist() == ["ROAD", "TRACK"]
    assert take_notes(frame)[0].detail.endswith(": Point (1)")
    assert _open(path, layer="TRACK")["Layer"].tolist() == ["TRACK"]
    source = TableSource(
        path="own.dxf",
        crs="EPSG:32648",
        columns={"road_class": "Layer"},
        values={"road_class": {"ROAD": "tertiary", "TRACK": "track"}},
    )
    roads = roads_from_table(path, source)
    assert roads["road_class"].tolist() == ["tertiary", "track"]
    assert roads.crs.to_epsg() == 32648
    assert [note.number for note in take_notes(roads)] == [1]


def test_a_drawing_without_such_lines_is_told_so(tmp_path):
    path = _dxf(tmp_path / "own.dxf")
    with pytest.raises(SourceError, match="no layer 'X' in the drawing; it has 'MARKS', 'ROAD', 'TRACK'"):
        _open(path, layer="X")
    with pytest.raises(SourceError, match="no line"):
        _open(path, layer="MARKS")
    path.write_bytes(b"AC1032 a drawing")
    with pytest.raises(SourceError, match="no DXF"):
        _open(path)


# --- the user's own words ---------------------------------------------------------------------------------------


def _mapped(path: Path, **keys: Any) -> pd.DataFrame:
    columns = {"road_class": "技术等级", "surface": "路面类型"}
    source = TableSource(path=path.name, encoding="gbk", columns=columns, **keys)
    return open_mapped(path, source, what="roads")


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "roads.shp"
    _roads().to_file(path, encoding="gbk")
    path.with_suffix(".cpg").unlink()
    return path


def test_the_shipped_vocabulary_translates_a_chinese_inventory(inventory):
    frame = _mapped(inventory, values_file="cn")
    assert frame["road_class"].tolist() == ["secondary", "track"]
    assert frame["surface"].tolist() == ["concrete", "gravel"]


def test_the_studys_own_values_come_before_the_vocabulary(inventory):
    frame = _mapped(inventory, values_file="cn", values={"road_class": {"等外": "unclassified"}})
    assert frame["road_class"].tolist() == ["secondary", "unclassified"]


def test_an_own_vocabulary_lies_below_the_raw_root(tmp_path):
    (tmp_path / "county").mkdir()
    path = tmp_path / "county" / "own.csv"
    path.write_text("road_class,surface\nBig  ROAD,?\ntrack,\n", encoding="utf-8")
    (tmp_path / "words.toml").write_text('[road_class]\n"big road" = "primary"\n"t" = "track"\n[surface]\n"?" = ""\n')
    frame = open_mapped(path, TableSource(path="county/own.csv", values_file="words.toml"), what="roads")
    assert frame["road_class"].tolist() == ["primary", "track"]
    assert frame["surface"].isna().all()


def test_words_that_no_vocabulary_knows_are_refused_with_the_key(inventory, tmp_path):
    (tmp_path / "words.toml").write_text('[road_class]\n"三级" = "secondary"\n', encoding="utf-8")
    with pytest.raises(ContractError, match=r"'等外' \(1 in all\) are not in the vocabulary.*values.road_class"):
        _mapped(inventory, values_file="words.toml")


@pytest.mark.parametrize(
    ("text", "part"),
    [(None, "not found"), ("[", "cannot be read"), ('road_class = "x"', "tables of words"), ("", "tables of words")],
)
def test_a_faulty_vocabulary_is_told_so(tmp_path, text, part):
    if text is not None:
        (tmp_path / "words.toml").write_text(text)
    with pytest.raises(SourceError, match=part):
        load_values("words.toml", root=tmp_path)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_vocabularies_speak_the_words_of_the_speed_table(name, tmp_path):
    words = load_values(name, root=tmp_path)
    table = load_speeds("rural_cn")
    walked = {"path", "footway", "bridleway", "service", "ferry"}
    assert set(words["road_class"].values()) <= set(table.modes["drive"].classes) | walked
    known = {*table.all_season.surface_yes, *table.all_season.surface_no, ""}
    assert set(words["surface"].values()) <= known
