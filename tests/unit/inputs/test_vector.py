"""Tables of the user's own: what is accepted, and what bad input gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError, CrsError, SourceError
from spatial.formats.files import file_parts
from spatial.formats.notes import take_notes
from spatial.inputs.attributes import flows_from_table
from spatial.inputs.place_tables import refuse_outside
from spatial.inputs.user_tables import (
    boundaries_from_table,
    facilities_from_table,
    read_table,
    roads_from_table,
    settlements_from_table,
)
from spatial.study import TableSource, Tiers
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "settlement_id,name,tier,population_persons,lon,lat\n"
ROWS = "0012,Ōno,village,120,103.5,30.25\nb,镇上,town,2500.5,103.6,30.5\n"


def _source(**values: Any) -> TableSource:
    return TableSource.model_validate(
        {"path": "own.csv", "longitude": "lon", "latitude": "lat", "crs": "EPSG:4326", **values}
    )


def _write(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "own.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def _problems(call: Callable[[], object]) -> str:
    with pytest.raises(ContractError) as caught:
        call()
    return str(caught.value)


def _points(**columns: Any) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"settlement_id": ["a", "b"], "tier": ["village", "town"], **columns})
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy([103.5, 103.6], [30.25, 30.5]), crs="EPSG:4326")


# --- what is accepted -------------------------------------------------------------------------------------------


def test_csv_becomes_settlements_that_fit_the_contract_once_projected(tmp_path: Path) -> None:
    frame = settlements_from_table(_write(tmp_path, HEADER + ROWS), _source())
    assert list(frame["settlement_id"]) == ["0012", "b"]  # leading zeros are part of an id
    assert list(frame["population_persons"]) == [120.0, 2500.5]
    assert list(frame["population_source"]) == ["column", "column"]
    placed = frame.assign(in_study=True).to_crs("EPSG:32648")
    TABLES["places"].check(placed)


def test_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    frame = settlements_from_table(_write(tmp_path, HEADER + ROWS, encoding="utf-8-sig"), _source())
    assert list(frame["name"]) == ["Ōno", "镇上"]


def test_declared_gbk_reads_like_utf8(tmp_path: Path) -> None:
    text = HEADER + "a,石桥村,village,5,103.5,30.25\n"
    path = _write(tmp_path, text, encoding="gbk")
    assert settlements_from_table(path, _source(encoding="gbk"))["name"][0] == "石桥村"


def test_semicolons_and_quoted_delimiters_are_read(tmp_path: Path) -> None:
    path = _write(tmp_path, 'settlement_id;name;tier;lon;lat\na;"x;y";village;103.5;30.25\n')
    assert settlements_from_table(path, _source(delimiter=";"))["name"][0] == "x;y"


def test_columns_and_values_are_mapped_and_the_rest_stays_at_home(tmp_path: Path) -> None:
    path = _write(tmp_path, "CODE,name,NAME_CN,LEVEL,POP,电话,lon,lat\n7,old,新村,乡镇,12,0871,103.5,30.25\n")
    columns = {"settlement_id": "CODE", "name": "NAME_CN", "tier": "LEVEL", "population_persons": "POP"}
    source = _source(columns=columns, values={"tier": {"乡镇": "town"}})
    frame = settlements_from_table(path, source)
    assert frame.loc[0, ["settlement_id", "name", "tier"]].tolist() == ["7", "新村", "town"]
    assert not {"电话", "source_name"} & set(frame.columns)


def test_one_column_may_stand_for_two_of_ours(tmp_path: Path) -> None:
    columns = {"settlement_id": "name"}
    path = _write(tmp_path, "name,tier,lon,lat\nx,village,103.5,30.25\n")
    frame = settlements_from_table(path, _source(columns={**columns, "name": "name"}))
    assert frame.loc[0, ["settlement_id", "name"]].tolist() == ["x", "x"]


def test_tier_follows_from_the_words_of_the_study(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,place,lon,lat\na,hamlet,103.5,30.25\nb,market,103.6,30.5\n")
    frame = settlements_from_table(path, _source(), tiers=Tiers(town=("town", "market")))
    assert list(frame["tier"]) == ["village", "town"]


def test_county_seats_are_known_by_name_too(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,name,place,lon,lat\na,Qingshi,town,103.5,30.25\nb,x,town,103.6,30.5\n")
    frame = settlements_from_table(path, _source(), tiers=Tiers(county_seat=("Qingshi",)))
    assert list(frame["tier"]) == ["county_seat", "town"]


def test_words_without_a_tier_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,place,lon,lat\na,camp,103.5,30.25\n")
    report = _problems(lambda: settlements_from_table(path, _source()))
    assert "place: no tier for 'camp' (1 in all) of 'a' (1 in all); add the word to [tiers]" in report


def test_without_a_population_column_people_are_unknown(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,tier,lon,lat\na,village,103.5,30.25\n")
    frame = settlements_from_table(path, _source())
    assert frame["population_persons"].isna().all()
    assert list(frame["population_source"]) == ["none"]


def test_with_a_raster_the_population_column_is_left_alone(tmp_path: Path) -> None:
    path = _write(tmp_path, HEADER + "a,x,village,many,103.5,30.25\n")
    frame = settlements_from_table(path, _source(), with_population=False)
    assert frame["population_persons"].isna().all()


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".shp", ".fgb", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own{ending}"
    frame = _points(name=["x", "y"], pop=[5, 7])
    if ending == ".shp":  # field names of a Shapefile have ten characters at most
        frame = frame.rename(columns={"settlement_id": "id"})
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path)
    columns = {"population_persons": "pop"} | ({"settlement_id": "id"} if ending == ".shp" else {})
    read = settlements_from_table(path, TableSource(path=path.name, columns=columns))
    read = read.sort_values("settlement_id", ignore_index=True)  # FlatGeobuf orders rows by place
    assert list(read["settlement_id"]) == ["a", "b"]
    assert list(read["population_persons"]) == [5.0, 7.0]
    assert read.crs == "EPSG:4326"
    assert [(p.x, p.y) for p in read.geometry] == [(103.5, 30.25), (103.6, 30.5)]


def test_gbk_shapefile_without_a_code_page_file_is_read_as_declared(tmp_path: Path) -> None:
    path = tmp_path / "own.shp"
    _points(name=["石桥", "青林"]).rename(columns={"settlement_id": "id"}).to_file(path, encoding="gbk")
    path.with_suffix(".cpg").unlink()
    source = TableSource(path="own.shp", columns={"settlement_id": "id"}, encoding="gb18030")
    assert list(settlements_from_table(path, source)["name"]) == ["石桥", "青林"]


def test_geometry_of_a_single_part_with_height_becomes_a_flat_point(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    frame = _points()
    frame.geometry = [shapely.MultiPoint([(103.5, 30.25, 812.0)]), shapely.MultiPoint([(103.6, 30.5, 900.0)])]
    frame.to_file(path)
    read = settlements_from_table(path, TableSource(path="own.gpkg"))
    assert [p.wkt for p in read.geometry] == ["POINT (103.5 30.25)", "POINT (103.6 30.5)"]


def test_projected_coordinates_keep_their_crs(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,tier,lon,lat\na,village,400000,3350000\n")
    declared = _source(crs="EPSG:32648", longitude=None, latitude=None, easting="lon", northing="lat")
    assert settlements_from_table(path, declared).crs == "EPSG:32648"
    assert settlements_from_table(path, _source(crs="EPSG:32648")).crs == "EPSG:32648"  # the eastward one is meant


def test_gcj02_is_turned_into_wgs84_on_reading(tmp_path: Path) -> None:
    # The documented pair of the common converters: WGS 84 (116.404, 39.915) is GCJ-02 (116.4102445, 39.9164043).
    path = _write(tmp_path, "settlement_id,tier,lon,lat\na,village,116.41024449916938,39.91640428150164\n")
    point = settlements_from_table(path, _source(datum="gcj02", crs=None)).geometry[0]
    assert (point.x, point.y) == pytest.approx((116.404, 39.915), abs=1e-8)


def test_geojson_without_crs_member_takes_the_declared_crs(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"settlement_id": "a", "tier": "village"},
        "geometry": {"type": "Point", "coordinates": [400000.0, 3350000.0]},
    }
    path = _write(tmp_path, json.dumps({"type": "FeatureCollection", "features": [feature]}), name="own.geojson")
    read = settlements_from_table(path, TableSource(path="own.geojson", crs="EPSG:32648"))
    assert read.crs == "EPSG:32648"


# --- text and shape ---------------------------------------------------------------------------------------------


def test_gbk_read_as_utf8_names_the_byte_and_the_encoding(tmp_path: Path) -> None:
    path = _write(tmp_path, HEADER + "a,石桥村,village,5,103.5,30.25\n", encoding="gbk")
    # the header has 51 bytes, "a," two, and the two bytes of 石 happen to be a letter in UTF-8
    with pytest.raises(SourceError, match=r"own\.csv: not utf-8 at byte 55 \(line 2\); .*encoding = 'gb18030'"):
        settlements_from_table(path, _source())


def test_utf8_read_as_gbk_with_a_mark_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, HEADER + ROWS, encoding="utf-8-sig")
    with pytest.raises(SourceError, match="marks itself as utf-8, the study declares encoding = 'gbk'"):
        settlements_from_table(path, _source(encoding="gbk"))


def test_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the encoding 'gbx' is not known"):
        settlements_from_table(_write(tmp_path, HEADER + ROWS), _source(encoding="gbx"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"settlement_id,tier,lon,lat\n", "holds no rows"),
        (b"PK\x03\x04rest of a workbook", "workbook or archive"),
        (b"\n <!DOCTYPE html><html></html>", "web page"),
        (b'settlement_id,tier\n"a,village\n', "is a quote left open"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"a,b\n\x00\x00,1\n", "not text"),
    ],
)
def test_what_is_no_csv_is_said_to_be_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        settlements_from_table(path, _source())


def test_lines_of_another_length_and_headers_are_reported_together(tmp_path: Path) -> None:
    # line 1 is the header, so the short row stands on line 3 and the long one on line 5
    path = _write(tmp_path, "a,b,b,\n1,2,3,4\n1,2\n\n1,2,3,4,5\n")
    report = _problems(lambda: read_table(path, _source()))
    assert "repeated column name(s) 'b' (1 in all)" in report
    assert "without a name at position '4'" in report
    assert "lines 3, 5 (2 in all) do not have 4 fields" in report


def test_missing_file_says_where_files_are_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"not found; .*--raw FOLDER.*spatial fetch"):
        read_table(tmp_path / "none.csv")


def test_folder_and_unknown_ending_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.csv").mkdir()
    with pytest.raises(SourceError, match="this is a folder"):
        read_table(tmp_path / "own.csv")
    with pytest.raises(SourceError, match=r"files that end in '\.ods' are not read; save it as \.xlsx"):
        read_table(tmp_path / "own.ods")


@pytest.mark.parametrize("path", ["https://example.org/x.csv", "/vsicurl/https://example.org/x.gpkg", "s3://b/x.shp"])
def test_remote_files_are_never_opened(path: str) -> None:
    with pytest.raises(SourceError, match="remote files are never opened"):
        read_table(path)


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".shp", ".fgb", ".parquet"])
def test_truncated_files_are_said_to_be_damaged(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own{ending}"
    frame = _points().rename(columns={"settlement_id": "id"})
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    with pytest.raises(SourceError, match=rf"own{ending}: "):
        read_table(path)


def test_content_that_contradicts_the_ending_is_refused(tmp_path: Path) -> None:
    # a GDAL virtual file under another name could name remote files
    path = _write(tmp_path, "<OGRVRTDataSource></OGRVRTDataSource>", name="own.gpkg")
    with pytest.raises(SourceError, match="this is no GeoPackage"):
        read_table(path)


@pytest.mark.parametrize(
    "text", ['{"x": "<OGRVRTDataSource>"}', '{"type": "gdal_streamed_alg", "command_line": "gdal"}']
)
def test_virtual_files_that_lead_elsewhere_are_refused(tmp_path: Path, text: str) -> None:
    path = _write(tmp_path, text, name="own.geojson")
    with pytest.raises(SourceError, match="this file refers to others"):
        read_table(path)


def test_gbk_shapefile_read_as_utf8_names_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "own.shp"
    _points(name=["石桥", "青林"]).rename(columns={"settlement_id": "id"}).to_file(path, encoding="gbk")
    path.with_suffix(".cpg").unlink()
    with pytest.raises(SourceError, match=r"own\.shp: its text is not utf-8; write encoding = 'gb18030'"):
        read_table(path)


def test_shapefile_is_several_files(tmp_path: Path) -> None:
    path = tmp_path / "own.shp"
    _points().rename(columns={"settlement_id": "id"}).to_file(path)
    assert [part.suffix for part in file_parts(path)] == [".shp", ".dbf", ".shx", ".prj", ".cpg"]
    assert file_parts(tmp_path / "own.csv") == (tmp_path / "own.csv",)


def test_plain_parquet_takes_its_place_from_columns(tmp_path: Path) -> None:
    path = tmp_path / "own.parquet"
    pd.DataFrame(
        {"settlement_id": ["a"], "tier": ["village"], "lon": [103.5], "lat": [30.25], "geometry": ["x"]}
    ).to_parquet(path)
    frame = settlements_from_table(path, _source())
    assert frame.geometry[0].wkt == "POINT (103.5 30.25)"
    assert "source_geometry" not in frame


def test_lone_shp_names_the_missing_parts(tmp_path: Path) -> None:
    path = tmp_path / "own.shp"
    _points().rename(columns={"settlement_id": "id"}).to_file(path)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(SourceError, match=r"\.dbf is not beside it"):
        read_table(path)


def test_several_layers_are_listed_and_one_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    _points().to_file(path, layer="one")
    _points().to_file(path, layer="two")
    with pytest.raises(SourceError, match=r"several layers, 'one', 'two' \(2 in all\); name one as layer"):
        read_table(path)
    assert len(read_table(path, TableSource(path="own.gpkg", layer="two"))) == 2
    with pytest.raises(SourceError, match="no layer 'three'"):
        read_table(path, TableSource(path="own.gpkg", layer="three"))


def test_empty_layer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    _points().iloc[:0].to_file(path)
    with pytest.raises(SourceError, match="holds no rows"):
        read_table(path)


# --- columns ----------------------------------------------------------------------------------------------------


def test_missing_columns_name_those_that_are_there(tmp_path: Path) -> None:
    path = _write(tmp_path, HEADER + ROWS)
    report = _problems(lambda: settlements_from_table(path, _source(columns={"tier": "LEVEL"})))
    assert "tier = 'LEVEL'" in report
    assert "'population_persons'" in report


def test_every_fault_of_the_rows_is_reported_at_once(tmp_path: Path) -> None:
    rows = "a,x,village,-5,103.5,30.25\na,y,hamlet,1000 à 3000,103.5,30.25\n,z,town,,103.5,30.25\n"
    path = _write(tmp_path, HEADER + rows)
    report = _problems(lambda: settlements_from_table(path, _source()))
    assert "settlement_id: repeated id(s) 'a' (1 in all)" in report
    assert "settlement_id: no id in 'row 4' (1 in all)" in report
    assert "tier: unknown value(s) 'hamlet' (1 in all)" in report
    assert "population_persons: text instead of a number for 'a' (1 in all), such as '1000 à 3000'" in report
    assert "population_persons: negative or infinite for 'a' (1 in all), such as -5.0" in report
    assert "population_persons: no number for 'row 4' (1 in all)" in report
    assert str(path) in report


@pytest.mark.parametrize("value", ["nan", "inf", "1,5", "\uff11,\uff12", "0x10", "1_000", "600habitant", "--"])
def test_only_plain_numbers_are_populations(tmp_path: Path, value: str) -> None:
    path = _write(tmp_path, HEADER + f'a,x,village,"{value}",103.5,30.25\n')
    assert "text instead of a number" in _problems(lambda: settlements_from_table(path, _source()))


def test_missing_population_in_a_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    _points(population_persons=[5.0, np.nan]).to_file(path)
    report = _problems(lambda: settlements_from_table(path, TableSource(path="own.gpkg")))
    assert "population_persons: no number for 'b' (1 in all)" in report


def test_groups_and_official_class_are_checked_too(tmp_path: Path) -> None:
    header = "settlement_id,tier,official_class,elderly_persons,children_persons,lon,lat\n"
    path = _write(tmp_path, header + "a,village,rural,12,,103.5,30.25\nb,town,,7,3,103.6,30.5\n")
    frame = settlements_from_table(path, _source())
    assert list(frame["elderly_persons"]) == [12.0, 7.0]
    assert frame["official_class"].isna().tolist() == [False, True]  # unknown is allowed
    path = _write(tmp_path, header + "a,village,peasant,-1,some,103.5,30.25\n")
    report = _problems(lambda: settlements_from_table(path, _source()))
    assert "official_class: unknown value(s) 'peasant'" in report
    assert "elderly_persons: negative" in report
    assert "children_persons: text instead of a number" in report


def test_township_codes_are_text_whatever_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    _points(township_id=[510122100, 510122101]).to_file(path)
    frame = settlements_from_table(path, TableSource(path="own.gpkg"))
    assert list(frame["township_id"]) == ["510122100", "510122101"]


def test_missing_id_column_and_values_of_no_column_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path, "code,tier,lon,lat\n7,village,103.5,30.25\n")
    report = _problems(lambda: settlements_from_table(path, _source()))
    assert "settlement_id: the column is missing; map it in columns: the table has 'code', 'tier'" in report
    report = _problems(lambda: settlements_from_table(path, _source(values={"place": {"x": "village"}})))
    assert "values.place: the table has no column place" in report


def test_houses_drawn_as_areas_are_at_a_point_amid_them_and_grounds_of_villages_nowhere(tmp_path: Path) -> None:
    path, square = tmp_path / "own.gpkg", shapely.box(0.0, 0.0, 1.0, 1.0)
    degree_m = 111_200.0  # of latitude, and of longitude but for the cosine of 30 degrees north

    def drawn(side_m: float) -> gpd.GeoDataFrame:
        frame = _points()
        side = side_m / degree_m / np.sqrt(np.cos(np.radians(30.25)))
        corners = zip(frame.geometry.x - side / 2, frame.geometry.y - side / 2, strict=True)
        shapes = [shapely.transform(square, lambda points, at=at: points * side + at) for at in corners]
        frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)).to_file(path)
        return settlements_from_table(path, TableSource(path="own.gpkg"))

    found = drawn(900.0)
    assert shapely.distance(found.geometry.to_numpy(), _points().geometry.to_numpy()).max() < 0.001
    assert [(note.key, note.number) for note in take_notes(found)] == [("premises", 2)]
    report = _problems(lambda: drawn(1100.0))
    assert "geometry: areas of more than 1 km², no place, for 'a', 'b' (2 in all)" in report


def test_schools_drawn_as_buildings_are_inspected_as_facilities(tmp_path: Path) -> None:
    frame = _points()[["geometry"]].assign(编号=["F1", "F2"], 名称=["石桥小学", "河口小学"], 乡镇=["甲镇", "乙镇"])
    frame.set_geometry(gpd.GeoSeries([point.buffer(0.0005) for point in frame.geometry], crs=frame.crs)).to_file(
        tmp_path / "own.gpkg"
    )
    (layer,) = sp.inspect_file(tmp_path / "own.gpkg", raw=tmp_path).layers
    assert layer.kind == "facilities"


def test_rows_without_geometry_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    frame = _points()
    frame.geometry = [shapely.Point(103.5, 30.25), None]
    frame.to_file(path)
    report = _problems(lambda: settlements_from_table(path, TableSource(path="own.gpkg")))
    assert "geometry: none for 'b' (1 in all)" in report


def test_missing_tier_says_what_to_map(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,lon,lat\na,103.5,30.25\n")
    assert "tier: the column is missing" in _problems(lambda: settlements_from_table(path, _source()))


# --- places -----------------------------------------------------------------------------------------------------


def test_no_crs_is_never_guessed(tmp_path: Path) -> None:
    path = _write(tmp_path, HEADER + ROWS)
    with pytest.raises(CrsError, match=r"own\.csv: no CRS; declare it .* datum = 'gcj02'") as error:
        settlements_from_table(path, _source(crs=None))
    assert "4326" not in str(error.value)  # in China plain degrees are those of a survey or shifted ones


def test_no_crs_outside_china_is_that_of_a_gps(tmp_path: Path) -> None:
    path = _write(tmp_path, "id,name,lon,lat,level\n1,Oakham,-0.73,52.67,town\n")
    with pytest.raises(CrsError, match=r"crs = 'EPSG:4326' for GPS degrees"):
        settlements_from_table(path, _source(crs=None))


@pytest.mark.parametrize(
    ("key", "cell"),
    [
        ("lonlat", "-0.73,52.67"),
        ("latlon", "52.67; -0.73"),
        ("lonlat", "[-0.73, 52.67]"),
        ("lonlat", "POINT (-0.73 52.67)"),
    ],
)
def test_both_coordinates_may_stand_in_one_cell(tmp_path: Path, key: str, cell: str) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f'a,b,at\nOakham,Rutland,"{cell}"\nOakham,Other,"{cell}"\n', encoding="utf-8")
    source = TableSource(
        path=path.name, crs="EPSG:4326", tier="town", id_from=("b", "a"), columns={"name": "a"}, **{key: "at"}
    )
    frame = settlements_from_table(path, source)
    assert frame["settlement_id"].tolist() == ["Rutland/Oakham", "Other/Oakham"]
    assert frame.geometry.iloc[0].equals(shapely.Point(-0.73, 52.67))


def test_columns_of_a_pair_or_an_id_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    source = TableSource(path=path.name, crs="EPSG:4326", lonlat="at", id_from=("a", "c"))
    with pytest.raises(ContractError, match="no such column 'c', 'at'"):
        settlements_from_table(path, source)


def test_a_pair_excludes_other_columns_of_coordinates() -> None:
    with pytest.raises(ValueError, match="lonlat and latlon"):
        TableSource(path="a.csv", lonlat="at", longitude="x")
    with pytest.raises(ValueError, match="lonlat and latlon"):
        TableSource(path="a.csv", lonlat="at", latlon="at")


def test_kinds_that_stand_for_none_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "poi.csv"
    path.write_text("facility_id,name,kind,lon,lat\n1,A,clinic,0,1\n2,B,cafe,0,1\n", encoding="utf-8")
    source = TableSource(
        path=path.name,
        crs="EPSG:4326",
        longitude="lon",
        latitude="lat",
        columns={"service": "kind"},
        values={"service": {"clinic": "primary_care", "cafe": "none"}},
    )
    frame = facilities_from_table(path, source, services=["primary_care"])
    assert frame["facility_id"].tolist() == ["1"]
    (note,) = take_notes(frame)
    assert (note.key, note.number, note.values["count"]) == ("kinds_left_out", 1, 1)
    assert note.values["words"] == {"quoted": ["cafe"]}


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".shp", ".parquet"])
def test_layer_without_crs_needs_a_declared_one(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own{ending}"
    frame = _points().rename(columns={"settlement_id": "id"})
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path)
    if ending == ".shp":
        path.with_suffix(".prj").unlink()
    elif ending == ".parquet":
        frame.set_crs(None, allow_override=True).to_parquet(path)
    else:
        bare = frame.set_crs(None, allow_override=True)
        with pytest.warns(UserWarning, match="crs"):
            bare.to_file(path)
    with pytest.raises(CrsError, match=r"no CRS; declare it in the study file"):
        settlements_from_table(path, TableSource(path=path.name, columns={"settlement_id": "id"}))
    source = TableSource(path=path.name, columns={"settlement_id": "id"}, crs="EPSG:4326")
    assert settlements_from_table(path, source).crs == "EPSG:4326"


def test_link_to_a_file_of_another_name_is_followed(tmp_path: Path) -> None:
    stored = _write(tmp_path, HEADER + ROWS, name="3f2a")
    (tmp_path / "own.csv").symlink_to(stored)
    assert len(settlements_from_table(tmp_path / "own.csv", _source())) == 2


def test_declared_crs_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    _points().to_file(path)
    with pytest.raises(CrsError, match="the file says EPSG:4326, the study declares EPSG:32648"):
        settlements_from_table(path, TableSource(path="own.gpkg", crs="EPSG:32648"))
    same = settlements_from_table(path, TableSource(path="own.gpkg", crs="EPSG:4490"))  # CGCS2000, the same place
    assert same.crs == "EPSG:4326"


def test_missing_coordinate_columns_and_values_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,tier,lon,lat\na,village,103.5,\nb,town,x,30\n")
    report = _problems(lambda: settlements_from_table(path, _source()))
    assert "lat: no coordinate for 'a' (1 in all)" in report
    assert "lon: no coordinate for 'b' (1 in all), such as 'x'" in report
    report = _problems(lambda: settlements_from_table(path, _source(longitude="X")))
    assert "X: no such column of coordinates" in report


def test_swapped_degrees_beyond_the_pole_are_recognised(tmp_path: Path) -> None:
    path = _write(tmp_path, HEADER + ROWS)
    report = _problems(lambda: settlements_from_table(path, _source(longitude="lat", latitude="lon")))
    assert "'0012', 'b' (2 in all); longitude and latitude are swapped" in report


def test_metres_declared_as_degrees_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,tier,lon,lat\na,village,400000,3350000\n")
    assert "declare the CRS they are in" in _problems(lambda: settlements_from_table(path, _source()))


def test_a_line_that_leaves_the_degrees_at_one_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    line = shapely.LineString([(103.5, 30.25), (190.0, 30.25)])
    gpd.GeoDataFrame({"road_id": ["a"], "road_class": ["track"]}, geometry=[line], crs=4326).to_file(path)
    report = _problems(lambda: roads_from_table(path, TableSource(path="own.gpkg")))
    assert "no longitude and latitude in degrees for 'a'" in report


def test_rows_outside_the_study_area_are_told_from_swapped_ones() -> None:
    area = gpd.GeoSeries([shapely.box(43.0, -13.0, 44.5, -11.0)], crs="EPSG:4326")
    frame = gpd.GeoDataFrame(
        {"settlement_id": ["in", "turned", "away", "near"]},
        geometry=gpd.points_from_xy([43.5, -12.0, 0.0, 44.51], [-12.0, 43.5, 0.0, -12.0]),
        crs="EPSG:4326",
    )
    report = _problems(lambda: refuse_outside(frame, area, key="settlement_id", what="own.csv", buffer_m=5000))
    assert "swapped for 'turned' (1 in all)" in report
    assert "outside the study area and its 5 km buffer for 'away' (1 in all)" in report
    refuse_outside(frame.iloc[[0, 3]], area, key="settlement_id", what="own.csv", buffer_m=5000)


def test_swapped_metres_are_recognised_too() -> None:
    area = gpd.GeoSeries([shapely.box(103.0, 30.0, 104.0, 31.0)], crs="EPSG:4326")
    frame = gpd.GeoDataFrame(
        {"settlement_id": ["a"]}, geometry=gpd.points_from_xy([3_350_000.0], [355_000.0]), crs="EPSG:32648"
    )
    assert "swapped for 'a'" in _problems(lambda: refuse_outside(frame, area, key="settlement_id", what="own.csv"))


def test_shifted_datum_abroad_or_in_metres_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "settlement_id,tier,lon,lat\na,village,43.5,-12\n")
    assert "exists in China only" in _problems(lambda: settlements_from_table(path, _source(datum="gcj02")))
    with pytest.raises(CrsError, match="leave out either datum or crs"):
        settlements_from_table(path, _source(datum="bd09", crs="EPSG:32648"))


# --- other tables -----------------------------------------------------------------------------------------------


def test_facilities_take_the_service_of_the_study_file(tmp_path: Path) -> None:
    path = _write(tmp_path, "facility_id,capacity,load,lon,lat\nf1,20,,103.5,30.25\n", name="own.csv")
    frame = facilities_from_table(path, _source(service="primary_school"), services={"primary_school"})
    assert frame.loc[0, ["service", "status", "capacity", "source"]].tolist() == [
        "primary_school",
        "existing",
        20.0,
        "own.csv",
    ]
    assert np.isnan(frame["load"][0])
    TABLES["facilities"].check(frame.assign(in_study=True).to_crs("EPSG:32648"))


def test_unknown_service_status_and_numbers_are_reported_at_once(tmp_path: Path) -> None:
    text = "facility_id,service,status,capacity,lon,lat\nf1,hospitl,open,-1,103.5,30.25\n"
    report = _problems(lambda: facilities_from_table(_write(tmp_path, text), _source(), services={"hospital"}))
    assert "service: unknown value(s) 'hospitl'" in report
    assert "status: unknown value(s) 'open'" in report
    assert "capacity: negative" in report


def test_facilities_without_service_say_how_to_give_one(tmp_path: Path) -> None:
    path = _write(tmp_path, "facility_id,lon,lat\nf1,103.5,30.25\n")
    assert "set service = '...'" in _problems(lambda: facilities_from_table(path, _source()))


def test_roads_of_several_parts_become_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    lines = [shapely.MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]]), shapely.MultiLineString([[(5, 5), (6, 6)]])]
    frame = gpd.GeoDataFrame({"highway": ["primary", "track"], "maxspeed": [50, 30]}, geometry=lines, crs="EPSG:32648")
    frame.to_file(path)
    roads = roads_from_table(path, TableSource(path="own.gpkg", columns={"road_class": "highway"}))
    assert list(roads["road_id"]) == ["1/0", "1/1", "2"]
    assert list(roads["maxspeed"]) == ["50", "50", "30"]
    TABLES["roads"].check(roads)


def test_flags_of_roads_become_the_words_of_tags(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    lines = [shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(2, 0), (3, 0)])]
    frame = gpd.GeoDataFrame(
        {"road_class": ["primary", "track"], "oneway": [True, False]}, geometry=lines, crs="EPSG:32648"
    )
    frame.to_file(path)
    assert list(roads_from_table(path, TableSource(path="own.gpkg"))["oneway"]) == ["yes", "no"]


def test_roads_must_be_lines_with_a_class(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    _points().to_file(path)
    report = _problems(lambda: roads_from_table(path, TableSource(path="own.gpkg")))
    assert "geometry: must be LineString, found Point for 'row 1', 'row 2' (2 in all)" in report or "'1', '2'" in report
    assert "road_class: the column is missing" in report


def test_self_touching_boundaries_are_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    # a ring that comes back to (2, 0), as digitised by hand
    ring = shapely.Polygon([(0, 0), (2, 0), (4, 0), (4, 3), (2, 0), (0, 3)])
    good = shapely.box(10, 10, 12, 12)
    gpd.GeoDataFrame(
        {"boundary_id": ["t1", "t2"], "admin_level": [8, 8]}, geometry=[ring, good], crs="EPSG:32648"
    ).to_file(path)
    report = _problems(lambda: boundaries_from_table(path, TableSource(path="own.gpkg")))
    assert "crosses or touches itself for 't1' (1 in all)" in report
    assert "Fix geometries" in report


def test_boundaries_take_the_level_of_the_study(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    gpd.GeoDataFrame({"boundary_id": ["t1"]}, geometry=[shapely.box(0, 0, 2, 2)], crs="EPSG:32648").to_file(path)
    frame = boundaries_from_table(path, TableSource(path="own.gpkg"), admin_level=8)
    TABLES["boundaries"].check(frame.assign(is_unit=True))
    assert "admin_level: the column is missing" in _problems(
        lambda: boundaries_from_table(path, TableSource(path="own.gpkg"))
    )


def test_levels_of_boundaries_are_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    frame = gpd.GeoDataFrame(
        {"boundary_id": ["t1", "t2"], "admin_level": [8.5, 8]},
        geometry=[shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2)],
        crs="EPSG:32648",
    )
    frame.to_file(path)
    report = _problems(lambda: boundaries_from_table(path, TableSource(path="own.gpkg")))
    assert "admin_level: not whole for 't1' (1 in all)" in report


def test_missing_columns_of_flows_are_named_together(tmp_path: Path) -> None:
    path = _write(tmp_path, "origin,to_id,kind,n\na,b,people,1\n", name="flows.csv")
    report = _problems(lambda: flows_from_table(path, TableSource(path="flows.csv")))
    assert "from_id: the column is missing" in report
    assert "volume: the column is missing" in report


def test_flows_need_known_settlements_and_unrepeated_pairs(tmp_path: Path) -> None:
    source = TableSource(path="flows.csv")
    path = _write(tmp_path, "from_id,to_id,kind,volume\na,b,people,10\nb,a,people,12.5\n", name="flows.csv")
    frame = flows_from_table(path, source, settlement_ids=["a", "b"])
    TABLES["flows"].check(frame)
    assert list(frame["volume"]) == [10.0, 12.5]
    path = _write(tmp_path, "from_id,to_id,kind,volume\na,c,people,x\na,c,people,\n", name="flows.csv")
    report = _problems(lambda: flows_from_table(path, source, settlement_ids=["a", "b"]))
    assert "to_id: no such settlement 'c' (1 in all)" in report
    assert "volume: text instead of a number for 'row 2'" in report
    assert "volume: no number for 'row 3'" in report
    assert "repeated 'a/c/people' (1 in all)" in report
