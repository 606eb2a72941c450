"""Files that unpack to more than a machine holds, and numbers that nobody means, are refused in words."""

import bz2
import contextlib
import errno
import gzip
import io
import json
import os
import sqlite3
import warnings
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from affine import Affine

from spatial.errors import ContractError, SourceError, StudyError
from spatial.formats import vector
from spatial.formats.files import damage_told, describe
from spatial.formats.raster import open_tile, read_population
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.osm import read_osm
from spatial.inputs.user_tables import read_table, roads_from_table, settlements_from_table
from spatial.study import Study, TableSource


def source(name, **keys):
    return TableSource(path=name, longitude="x", latitude="y", crs="EPSG:4326", **keys)


def workbook(path, *, merged=""):
    book = openpyxl.Workbook()
    for row in (["名称", "x", "y"], *([f"村{n}", 104.5, 30.5] for n in range(50))):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as made, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in made.namelist():
            text = made.read(name)
            if merged and name.endswith("sheet1.xml"):
                cell = f'</sheetData><mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>'
                text = text.replace(b"</sheetData>", cell.encode())
            target.writestr(name, text)
    return path


def test_a_workbook_that_unpacks_to_too_much_is_refused_unless_the_study_allows_it(tmp_path):
    path = workbook(tmp_path / "a.xlsx")
    with pytest.raises(SourceError, match=r"more than 0\.005 MB unpacked; .*max_unpacked_mb"):
        read_table(path, source("a.xlsx", max_unpacked_mb=0.005))
    assert len(read_table(path, source("a.xlsx"))) == 50


def test_merged_ranges_over_a_whole_sheet_are_refused_before_a_cell_is_made(tmp_path):
    path = workbook(tmp_path / "a.xlsx", merged="A60:XFD1048576")
    # 16,384 columns by 1,048,576 - 59 rows.
    with pytest.raises(SourceError, match=r"merged cells cover 17,178,902,528 places; unmerge them"):
        read_table(path, source("a.xlsx"))
    with pytest.raises(SourceError, match="merged cells cover"):
        inspect_file(path, raw=tmp_path)
    small = workbook(tmp_path / "b.xlsx", merged="A60:B69")
    assert len(read_table(small, source("b.xlsx", max_merged_cells=20))) == 50
    with pytest.raises(SourceError, match="cover 20 places"):
        read_table(small, source("b.xlsx", max_merged_cells=19))


def test_a_csv_of_many_columns_or_bytes_is_refused_unless_the_study_allows_it(tmp_path):
    (tmp_path / "a.csv").write_text("x,y,a,b\n104,30,1,2\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"4 columns; .*max_columns"):
        read_table(tmp_path / "a.csv", source("a.csv", max_columns=3))
    with pytest.raises(SourceError, match="max_unpacked_mb"):
        read_table(tmp_path / "a.csv", source("a.csv", max_unpacked_mb=1e-5))
    assert len(read_table(tmp_path / "a.csv", source("a.csv", max_columns=4))) == 1


def test_a_parquet_of_many_columns_is_refused_by_what_it_says_of_itself(tmp_path):
    pd.DataFrame(np.ones((1, 30)), columns=[f"c{n}" for n in range(30)]).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="30 columns"):
        read_table(tmp_path / "a.parquet", source("a.parquet", max_columns=20))


@pytest.mark.parametrize(("ending", "opener"), [(".osm.gz", gzip.open), (".osm.bz2", bz2.open)])
def test_an_extract_that_unpacks_to_hundreds_of_times_its_size_is_refused(tmp_path, ending, opener):
    path = tmp_path / f"a{ending}"
    with opener(path, "wb") as file:
        file.write(b'<?xml version="1.0"?><osm version="0.6"><!--')
        for _ in range(22):
            file.write(b" " * 1_000_000)
        file.write(b"--></osm>")
    with pytest.raises(SourceError, match=r"unpacks to more than 100 times its size, as no map does"):
        read_osm(path)
    with pytest.raises(SourceError, match="no nodes"):
        read_osm(path, max_unpacked_times=1e6)


def raster(path, **more):
    place = Affine(0.01, 0, 104.0, 0, -0.01, 31.0)
    profile = {"width": 4, "height": 3, "count": 1, "dtype": "float32", "crs": "EPSG:4326", "transform": place}
    with rasterio.open(path, "w", driver="GTiff", **profile | more) as file:
        file.write(np.ones((1, 3, 4), dtype="float32"))
    return path


def test_a_raster_of_more_cells_than_memory_holds_is_refused_unless_the_study_allows_it(tmp_path):
    path = raster(tmp_path / "a.tif")
    with pytest.raises(SourceError, match="12 cells; cut it to the study area, or raise max_cells"):
        read_population(path, max_cells=11)
    assert read_population(path, max_cells=12).cells == 12


def test_a_raster_whose_place_is_no_place_is_refused(tmp_path):
    path = raster(tmp_path / "a.tif", transform=Affine(0.01, 0, float("nan"), 0, -0.01, 31.0))
    with pytest.raises(SourceError, match="is no place"):
        open_tile(path)


HEAD = 'name = "a"\ntitle = { en = "A" }\nas_of = 2026-01-01\n[sources.osm]\npath = "a.osm"\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x = " + "[" * 100_000, "too deeply"),
        ("x = " + "{x = " * 60 + "1" + "}" * 60, "too deeply"),
        ("x" + ".x" * 100_000 + " = 1", "too deeply"),  # Python takes the square of their number: hours
        ("[" + "'x' . " * 100_000 + "x]", "too deeply"),
        ("x = " + "9" * 100_000, "too many digits"),
        ("x = 0x" + "f" * 100_000, "too many digits"),  # which is read, and cannot be written down
        ("x = { x = [0, 0o" + "7" * 100_000 + "] }", "too many digits"),
        ("#" * 5_000_001, "more than 5,000,000 letters"),
    ],
)
def test_toml_that_no_person_writes_is_no_toml(tmp_path, text, fault):
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=f"is not TOML: .*{fault}"):
        Study.from_toml(tmp_path / "s.toml")
    (tmp_path / "source.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=fault):
        describe(tmp_path, "a.csv")


@pytest.mark.parametrize(
    "text",
    [
        "[network]\nspeed_factor = 1e9",
        "[network]\nspeed_factor = 1e-300",
        "[network]\ndetour = 1e9",
        "[uncertainty]\ndetour = [1.0, 1e9]",
        "[region]\nbuffer_km = 1e9",
        "[[scenarios]]\nspeed_factors = { track = 1e9 }\nname = 'x'",
        "[[scenarios]]\nspeed_factors = { track = 1e-300 }\nname = 'x'",
        "[[scenarios]]\nspeeds_km_h = { w1 = 1e300 }\nname = 'x'",
        "[network]\nwalk_km_h = 1e300",
        "[network]\nmax_snap_m = 1e300",
        "[access]\ncutoffs_min = [15, 1e12]",
        "[access]\nmax_time_min = 1e12",
        "[planning]\nlink_detour = 1e9",
        "[planning]\nenlarge_to = 1e9",
        "[score.targets]\nborder_effect_min = 1e9",
        "[measures]\npersons_per_unit = { school = 1e300 }",
        "[official.people]\nvalue = 1e300\nsource = 'x'",
    ],
)
def test_numbers_that_nobody_means_are_refused_in_the_study(tmp_path, text):
    (tmp_path / "s.toml").write_text(f"{HEAD}{text}\n", encoding="utf-8")
    key = text.partition(" =")[0].rpartition("\n")[2]
    with pytest.raises(StudyError, match=rf"- ([\w.]+[.:] ?)?{key}[.\w]*: .*(at most|at least|less than|to 20)"):
        Study.from_toml(tmp_path / "s.toml")


def test_more_people_than_could_ever_live_are_refused_with_their_row(tmp_path):
    rows = "settlement_id,tier,population_persons,x,y\na,village,1e300,104,30\nb,village,5,104,30\n"
    (tmp_path / "a.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(ContractError, match=r"population_persons: more than 1e\+11 for 'a'"):
        settlements_from_table(tmp_path / "a.csv", source("a.csv"))


def test_tables_within_the_cells_of_a_geojson_are_text(tmp_path):
    point = gpd.GeoSeries([shapely.Point(104, 30)], crs=4326).__geo_interface__["features"][0]
    point["properties"] = {"name": "A", "more": {"a": 1}, "list": [1, 2]}
    told = {"type": "FeatureCollection", "features": [point]}
    (tmp_path / "a.geojson").write_text(json.dumps(told), encoding="utf-8")
    frame = read_table(tmp_path / "a.geojson", TableSource(path="a.geojson", keep_columns=("more",)))
    assert len(frame) == 1
    assert inspect_file(tmp_path / "a.geojson", raw=tmp_path).layers[0].rows == 1


@pytest.mark.parametrize("error", [AttributeError("no part"), UnboundLocalError("x"), KeyError("y"), MemoryError()])
def test_whatever_a_library_raises_is_told_as_damage(error):
    with pytest.raises(SourceError, match=r"^table a\.csv: the CSV (is damaged or truncated|asks for more memory)"):
        raise_in(error)


def raise_in(error):
    with damage_told("table a.csv", "CSV"):
        raise error


def test_a_thread_that_cannot_begin_is_no_fault_of_the_file():
    with pytest.raises(MemoryError):
        raise_in(RuntimeError(os.strerror(errno.EAGAIN)))
    with pytest.raises(SourceError, match="unavailable"):  # locked by another program
        raise_in(BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)))


def test_what_the_package_itself_says_of_a_file_passes_through():
    with pytest.raises(ContractError, match="header"):
        raise_in(ContractError("a", ["header"]))


def test_a_parquet_of_cells_that_take_no_room_is_refused_and_an_honest_large_one_is_not(tmp_path):
    many = pa.table({"a": pa.nulls(20_000_000, pa.string())})  # 160 MB, of which the file holds 40 KB
    pq.write_table(many, tmp_path / "a.parquet", compression="zstd")
    with pytest.raises(SourceError, match="more than 100 MB unpacked"):
        read_table(tmp_path / "a.parquet", TableSource(path="a.parquet"))
    # What is as large as it seems is read, whatever the limit of packed files.
    chance = np.random.default_rng(0)
    honest = gpd.GeoDataFrame(
        {"n": chance.random(9000)}, geometry=gpd.points_from_xy(*chance.random((2, 9000))), crs=4326
    )
    honest.to_parquet(tmp_path / "b.parquet")
    assert len(read_table(tmp_path / "b.parquet", TableSource(path="b.parquet", max_unpacked_mb=0.1))) == 9000


def test_an_extract_whose_blocks_say_that_they_unpack_to_hundreds_of_times_its_size_is_refused(tmp_path):
    def block(kind, raw_size):
        sizes = bytes(
            [0x10, raw_size & 127 | 128, raw_size >> 7 & 127 | 128, raw_size >> 14 & 127 | 128, raw_size >> 21]
        )
        body = sizes + b"\x1a\x04abcd"
        head = bytes([0x0A, len(kind)]) + kind + bytes([0x18, len(body)])
        return len(head).to_bytes(4, "big") + head + body

    data = block(b"OSMHeader", 30) + b"".join(block(b"OSMData", 30_000_000) for _ in range(20))  # 600 MB
    (tmp_path / "a.osm.pbf").write_bytes(data)
    with pytest.raises(SourceError, match="unpacks to more than 100 times its size"):
        read_osm(tmp_path / "a.osm.pbf")


def test_a_raster_of_huge_blocks_is_refused_and_so_are_more_people_than_were_ever_counted(tmp_path):
    kept = {"crs": 4326, "transform": Affine(1e-4, 0, 100, 0, -1e-4, 40), "count": 1, "dtype": "float64"}
    blocks = {"sparse_ok": True, "tiled": True, "blockxsize": 16_384, "blockysize": 16_384, "BIGTIFF": "YES"}
    # 40 billion cells in 2.5 KB, of which GDAL would hold 2 GB for any single one.
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=200_000, height=200_000, **kept, **blocks):
        pass
    with pytest.raises(SourceError, match="blocks of 16,384 x 16,384 cells"):
        open_tile(tmp_path / "a.tif")
    with rasterio.open(tmp_path / "b.tif", "w", driver="GTiff", width=2, height=2, **kept) as file:
        file.write(np.array([[[1.0, 2.0], [1e300, 3.0]]]))
    with pytest.raises(
        SourceError, match=r"more people than were ever counted in 1 cell\(s\), such as 1e\+300 at row 1"
    ):
        read_population(tmp_path / "b.tif")


@pytest.mark.parametrize("far", [1e300, 1e9, np.nan, np.inf])
def test_a_road_to_where_no_road_leads_is_refused_with_its_row(tmp_path, far):
    near = [(500_000.0 + at, 3_300_000.0) for at in (0.0, 100.0)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library that makes the line
        lines = [shapely.LineString(near), shapely.LineString([*near, (500_000.0 + far, 3_300_000.0)])]
    kept = {"road_id": ["a", "b"], "road_class": ["track", "track"]}
    gpd.GeoDataFrame(kept, geometry=lines, crs=32648).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ContractError, match=r"(coordinates|geometry): .* for 'b' \(1 in all\)"):
        roads_from_table(tmp_path / "a.parquet", TableSource(path="a.parquet"))


def test_a_road_as_fast_as_none_is_refused_with_its_row(tmp_path):
    line = shapely.LineString([(104.0, 30.0), (104.1, 30.0)])
    kept = {"road_id": ["a", "b"], "road_class": ["track", "track"], "speed_km_h": [5.0, 1e9]}
    gpd.GeoDataFrame(kept, geometry=[line, line], crs=4326).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ContractError, match=r"speed_km_h: must be at most 1,000, in roads 'b' \(1 in all\)"):
        roads_from_table(tmp_path / "a.parquet", TableSource(path="a.parquet"))


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS fid, geom, code FROM n, places"
HUGE = "SELECT fid, geom, hex(zeroblob(900000000)) AS code FROM places"


def test_a_layer_that_a_query_makes_is_read_within_limits_and_refused_beyond(tmp_path, monkeypatch):
    monkeypatch.setattr(vector, "_MOST_STEPS", 5)
    path = tmp_path / "a.gpkg"
    places = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=shapely.points([[104, 30], [104.01, 30]]), crs=4326)
    places.to_file(path, layer="places")

    def view(name, query):
        with contextlib.closing(sqlite3.connect(path)) as opened:
            opened.execute(f"CREATE VIEW {name} AS {query}")
            told = (
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, 'features', ?, 4326)"
            )
            opened.execute(told, (name, name))
            opened.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'POINT', 4326, 0, 0)", (name,))
            opened.commit()

    def read(layer):
        return vector.open_frame(path, TableSource(path="a.gpkg", layer=layer, max_unpacked_mb=1), what="places")

    view("honest", "SELECT fid, geom, upper(code) AS code FROM places WHERE ST_MinX(geom) > 0")
    view("endless", ENDLESS)
    assert list(read("honest")["code"]) == ["A", "B"]
    with pytest.raises(SourceError, match="more than 1 MB unpacked"):
        read("endless")
    assert "'endless' does not come to its end" in str(inspect_file(path).layers)
    # What GDAL meets where it lists layers: no row at all, or one that is too long.
    view("barren", f"{ENDLESS} WHERE x < 0")
    for refused in (lambda: read("places"), lambda: inspect_file(path)):
        with pytest.raises(SourceError, match="the query behind the layer 'barren' does not come to its end"):
            refused()


@pytest.mark.parametrize(
    "made", [f"CREATE VIEW huge AS {HUGE}", "ALTER TABLE places ADD COLUMN note AS (hex(zeroblob(900000000))) VIRTUAL"]
)
def test_a_cell_that_is_made_when_it_is_read_is_refused_before(tmp_path, made):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.Point(104, 30)], crs=4326).to_file(path, layer="places")
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute(made)
        opened.commit()
    with pytest.raises(SourceError, match="more than 1 MB unpacked"):
        vector.open_frame(path, TableSource(path="a.gpkg", layer="places", max_unpacked_mb=1), what="places")


def test_a_layer_that_a_program_has_just_made_and_not_yet_put_into_the_file_is_read(tmp_path):
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.Point(104, 30)], crs=4326).to_file(path, layer="places")
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("CREATE TABLE more AS SELECT * FROM places")
        opened.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('more', 'attributes', 'm')"
        )
        opened.commit()
        read = vector.open_frame(path, TableSource(path="a.gpkg", layer="more"), what="places")
    assert list(read["code"]) == ["a"]
