"""Files that an office may hand in wrongly: each is refused by name, place, count and remedy; nothing is written."""

from __future__ import annotations

import io
import json
import warnings

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely

BAD_STUDY, BAD_DATA = 2, 3
HEAD = ("code", "name", "level", "lon", "lat", "people")
BARE = (  # words of the libraries below, and of Python
    "Traceback",
    "Errno",
    "CPLE",
    "pyogrio",
    "openpyxl",
    "It might help",
    "NoneType",
    "KeyError",
    "codec can't",
    "Expecting value",
    "0x",
)


def _refused(tiny, *words, code=BAD_DATA):
    """Run the study: one error with every word, no word of a library, and no file behind it."""
    outcome = tiny.run()
    assert outcome.code == code, outcome
    assert outcome.err.startswith("error: ")
    for word in words:
        assert word in outcome.err, (word, outcome.err)
    for word in BARE:
        assert word not in outcome.err, (word, outcome.err)
    assert tiny.written() == []


def _rows(tiny):
    return [
        [code, name, tier, 104 + 0.01 * column, 30 + 0.01 * row, people]
        for code, name, tier, column, row, people in tiny.places
    ]


def _frame(tiny):
    rows = pd.DataFrame(_rows(tiny), columns=HEAD)
    points = gpd.points_from_xy(rows["lon"], rows["lat"])
    return gpd.GeoDataFrame(rows.drop(columns=["lon", "lat"]), geometry=points, crs="EPSG:4326")


def _instead(tiny, name, content=None, *, placed=False, **keys):
    """Give the settlements another file; `placed` where it has geometry of its own."""
    table = tiny.tables["sources.settlements"]
    if content is not None:
        tiny.write(name, content)
    for key in ("longitude", "latitude", "crs") if placed else ():
        del table[key]
    table |= {"path": f"tiny/{name}", **keys}


def _layer(tiny, frame, name, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the writer: the file is to be faulty
        frame.to_file(tiny.path(name), engine="pyogrio", **how)
    _instead(tiny, name, placed=True)


def _workbook(*sheets):
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _metres(tiny, crs, *, easting="E", northing="N"):
    frame = _frame(tiny).to_crs(crs)
    columns = {easting: frame.geometry.x.round(3), northing: frame.geometry.y.round(3)}
    _instead(tiny, "metres.csv", frame.drop(columns="geometry").assign(**columns).to_csv(index=False))
    for key in ("longitude", "latitude"):
        del tiny.tables["sources.settlements"][key]


def _changed(tiny, line, code="s3"):
    tiny.write("settlements.csv", tiny.csv(changed={code: line}))


# -- Text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["own.csv", "own.xlsx", "own.geojson", "own.gpkg", "own.kml", "own.dxf", "own.parquet"]
)
def test_an_empty_file(tiny, name):
    _instead(tiny, name, b"")
    _refused(tiny, name, "the file is empty", "export it again")


@pytest.mark.parametrize("content", ["\n\n  \n", "code,name,level,lon,lat,people\n"])
def test_a_table_without_rows(tiny, content):
    _instead(tiny, "own.csv", content)
    _refused(tiny, "own.csv", "no rows", "export it again")


@pytest.mark.parametrize(
    ("there", "declared", "words"),
    [
        (";", ",", ("no comma and 5 semicolon(s)", "write delimiter = ';'")),
        ("\t", ",", ("no comma and 5 tab(s)", 'write delimiter = "\\t"')),
        ("|", ",", ("5 bar(s)", "write delimiter = '|'")),
        (",", ";", ("no semicolon and 5 comma(s)", "write delimiter = ','")),
    ],
)
def test_another_delimiter_than_declared(tiny, there, declared, words):
    _instead(tiny, "own.csv", tiny.csv().replace(",", there), delimiter=declared)
    _refused(tiny, "own.csv", *words)


@pytest.mark.parametrize(
    ("there", "declared", "words"),
    [
        ("gbk", "utf-8", ("not utf-8 at byte", "line 2", "write encoding = 'gb18030'")),
        ("utf-8", "gb18030", ("the whole file reads as utf-8", "write encoding = 'utf-8'")),
        ("utf-8", "latin-1", ("the whole file reads as utf-8", "write encoding = 'utf-8'")),
        ("utf-16", "utf-8", ("marks itself as utf-16", "write encoding = 'utf-16'")),
        ("utf-8", "gbx", ("the encoding 'gbx' is not known", "'gb18030'")),
    ],
)
def test_another_encoding_than_declared(tiny, there, declared, words):
    _instead(tiny, "own.csv", tiny.csv().encode(there), encoding=declared)
    _refused(tiny, "own.csv", *words)


def test_text_that_is_really_in_the_declared_encoding_is_read(tiny):
    # 联通 in GBK reads as UTF-8 by chance: two letters are no proof.
    for content, encoding in ((tiny.csv().encode("gbk"), "gb18030"), ("code,联通\n".encode("gbk"), "gb18030")):
        tiny.write("settlements.csv", content)
        tiny.tables["sources.settlements"]["encoding"] = encoding
        outcome = tiny.run("--stage", "read")
        assert "reads as utf-8" not in outcome.err


def test_a_quote_that_is_left_open(tiny):
    _changed(tiny, 's3,"东坡,village,104.04,30.02,60')
    _refused(tiny, "settlements.csv", "line 9", "is a quote left open?")


def test_lines_of_another_length(tiny):
    _changed(tiny, "s3,东坡,village,104.04,30.02,60,extra")
    _refused(tiny, "settlements.csv", "lines 4 (1 in all) do not have 6 fields", "is the delimiter right")


# -- Workbooks -------------------------------------------------------------------------------------------------------


def test_a_workbook_with_a_password(tiny):
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    _instead(tiny, "own.xlsx", head + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600))
    _refused(tiny, "own.xlsx", "locked by a password", "save it without one")


def test_an_xls_that_is_a_web_page(tiny):
    _instead(tiny, "own.xls", "<html><body><table><tr><td>村</td></tr></table>")
    _refused(tiny, "own.xls", "a web page or XML table under the name of a workbook", "save it as .xlsx")


def test_files_under_the_name_of_another_kind(tiny):
    for name, content, words in (
        ("text.xlsx", tiny.csv(), ("this is no workbook", "name it .csv")),
        ("book.csv", _workbook([HEAD, *_rows(tiny)]), ("workbook or archive, not text", "name it .xlsx")),
        ("book.xls", _workbook([HEAD, *_rows(tiny)]), ("an .xlsx under the name .xls", "rename it to .xlsx")),
        ("text.gpkg", "hello" * 50, ("this is no GeoPackage", "another kind of file")),
        ("text.shp", "hello" * 50, ("text.shp", "this is no Shapefile")),
    ):
        _instead(tiny, name, content)
        _refused(tiny, name, *words)


def test_a_damaged_workbook(tiny):
    whole = _workbook([HEAD, *_rows(tiny)])
    _instead(tiny, "own.xlsx", whole[: len(whole) // 2])
    _refused(tiny, "own.xlsx", "damaged or truncated", "save it again as .xlsx")


def test_a_header_row_that_is_not_the_header(tiny):
    _instead(tiny, "own.xlsx", _workbook([["2025 年村庄一览"], HEAD, *_rows(tiny)]), header_row=1)
    _refused(tiny, "own.xlsx", "column(s) without a name: 'B', 'C'", "declare another header_row")
    tiny.tables["sources.settlements"]["header_row"] = 3
    _refused(tiny, "own.xlsx", "no such column for settlement_id = 'code'", "the file has 's1'", "header_row")
    tiny.tables["sources.settlements"]["header_row"] = 99
    _refused(tiny, "own.xlsx", "row 99 is empty", "header_row")


def test_several_sheets_and_none_named(tiny):
    _instead(tiny, "own.xlsx", _workbook([HEAD, *_rows(tiny)], [HEAD, *_rows(tiny)]))
    _refused(tiny, "own.xlsx", "several filled sheets, 'Sheet', 'Sheet1' (2 in all)", "sheet = '...'")


# -- Columns and values ----------------------------------------------------------------------------------------------


def test_a_missing_column(tiny):
    tiny.write("settlements.csv", tiny.csv(header="id,name,level,lon,lat,people"))
    _refused(tiny, "settlements.csv", "settlement_id = 'code'", "the file has 'id', 'name'", "write one of these")


@pytest.mark.parametrize("both", [False, True])
def test_codes_that_a_spreadsheet_rounded(tiny, both):
    lines = {"s3": "5.33325E+11,东坡,village,104.04,30.02,60"}
    lines |= {"s4": "5.33325E+11,西坡,village,104.00,30.02,50"} if both else {}
    tiny.write("settlements.csv", tiny.csv(changed=lines))
    rows = "'row 4', 'row 5' (2 in all)" if both else "'row 4' (1 in all)"
    _refused(tiny, "settlements.csv", f"settlement_id: rounded or made a date by a spreadsheet in {rows}", "as text")


def test_unit_codes_that_a_spreadsheet_rounded(tiny):
    rows = [f"{line},5.33325E+11" for line in tiny.csv().split("\n")[1:]]
    tiny.write("settlements.csv", "\n".join(["code,name,level,lon,lat,people,unit_code", *rows]))
    _refused(tiny, "settlements.csv", "unit_code: rounded by a spreadsheet", "(8 in all)", "as text")


def test_repeated_ids(tiny):
    tiny.write("settlements.csv", tiny.csv().replace("s5,", "s4,"))
    _refused(tiny, "settlements.csv", "repeated id(s) 's4' (1 in all)", "make each row's id unique")


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ("", ("no number for 's3' (1 in all)", "fill it in")),
        ("NaN", ("text instead of a number for 's3' (1 in all)", "'NaN'", "write digits")),
        ("#N/A", ("text instead of a number for 's3' (1 in all)", "'#N/A'")),
        ("约60人", ("text instead of a number for 's3' (1 in all)", "'约60人'", "write digits")),
        ("-5", ("negative or infinite for 's3' (1 in all)", "correct")),
    ],
)
def test_people_that_are_no_number(tiny, people, words):
    _changed(tiny, f"s3,东坡,village,104.04,30.02,{people}")
    _refused(tiny, "settlements.csv", "population_persons", *words)


def test_a_row_of_sums(tiny):
    tiny.write("settlements.csv", tiny.csv() + "\n合计,,,,,360")
    _refused(tiny, "settlements.csv", "row(s) 10 (1 in all) look like sums", "total_words = []")
    tiny.tables["sources.settlements"]["total_words"] = ["合计"]
    assert tiny.run("--stage", "read").code == 0


def test_words_that_no_vocabulary_knows(tiny):
    _changed(tiny, "s3,东坡,山寨,104.04,30.02,60")
    tiny.tables["sources.settlements"]["values_file"] = "cn"
    _refused(tiny, "settlements.csv", "tier: word(s) '山寨' (1 in all)", "values.tier")


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "soon"])
def test_a_day_that_is_in_no_calendar(tiny, day):
    tiny.tables[""]["as_of"] = day
    _refused(tiny, "tiny.toml", "as_of: must be a day of the calendar, such as 2026-06-30", day, code=BAD_STUDY)


# -- Coordinates -----------------------------------------------------------------------------------------------------


def test_longitude_and_latitude_exchanged(tiny):
    tiny.tables["sources.settlements"] |= {"longitude": "lat", "latitude": "lon"}
    _refused(tiny, "settlements.csv", "'s1'", "(8 in all)", "swapped", "exchange")


def test_easting_and_northing_exchanged(tiny):
    _metres(tiny, 4544, easting="Y", northing="X")  # a survey's letters: X is the northing
    tiny.tables["sources.settlements"] |= {"easting": "X", "northing": "Y", "crs": "EPSG:4544"}
    _refused(tiny, "metres.csv", "easting and northing are swapped", "(8 in all)", "exchange")


@pytest.mark.parametrize(
    ("made", "declared", "words"),
    [
        (4523, "EPSG:4544", ("eastings such as 35", "write crs = 'EPSG:4523'")),  # a zone number it has not
        (4544, "EPSG:4523", ("metres.csv", "write crs = 'EPSG:4544'")),  # none where it has one
        (4544, "EPSG:4545", ("outside the study area", "(8 in all)", "their CRS")),  # the zone beside it
        (4544, "EPSG:4490", ("no longitude and latitude in degrees", "(8 in all)", "declare the CRS")),
    ],
)
def test_another_zone_than_declared(tiny, made, declared, words):
    _metres(tiny, made)
    tiny.tables["sources.settlements"] |= {"easting": "E", "northing": "N", "crs": declared}
    _refused(tiny, *words)


def test_a_datum_without_a_known_shift(tiny):
    tiny.tables["sources.settlements"]["crs"] = "EPSG:4214"
    _refused(tiny, "settlements.csv", "Beijing 1954", "seven parameters", "shift = ")


def test_a_crs_that_nobody_knows(tiny):
    tiny.tables["sources.settlements"]["crs"] = "EPSG:999999"
    _refused(tiny, "settlements.csv", "EPSG:999999")


def test_coordinates_that_were_converted_before(tiny):
    lines = tiny.csv().split("\n")
    rows = [f"{line},{'gcj02' if number else 'shifted_from'}" for number, line in enumerate(lines)]
    tiny.write("settlements.csv", "\n".join(rows))
    tiny.tables["sources.settlements"]["datum"] = "gcj02"
    _refused(tiny, "settlements.csv", "already converted from gcj02", "remove datum")


def test_coordinates_that_were_never_shifted(tiny):
    """As they are they lie on the roads; inverted, half a kilometre beside them."""
    rows = [
        f"p{column}{row},村{column}{row},village,{tiny.at(column + 0.5, row)},10"
        for row in range(5)
        for column in range(4)
    ]
    tiny.write("settlements.csv", "\n".join([",".join(HEAD), *rows]))
    tiny.tables["sources.settlements"]["datum"] = "gcj02"
    _refused(tiny, "settlements.csv", "gcj02", "remove datum")


@pytest.mark.parametrize(
    ("lon", "words"),
    [
        ("", ("lon: no coordinate for 's3' (1 in all)", "coordinates = 'some'")),
        ("unknown", ("lon: no coordinate for 's3' (1 in all), such as 'unknown'", "fill it in as a number")),
        ("104°75'00", ("lon: no coordinate for 's3'", "104°30'15")),
        ("0", ("outside the study area", "'s3' (1 in all)", "correct the coordinates")),
    ],
)
def test_a_row_without_a_place(tiny, lon, words):
    _changed(tiny, f"s3,东坡,village,{lon},30.02,60")
    _refused(tiny, "settlements.csv", *words)


# -- Files of a GIS --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_shapefile_without_its_parts(tiny, part):
    _layer(tiny, _frame(tiny), "own.shp")
    tiny.path(f"own{part}").unlink()
    _refused(tiny, "own.shp", f"{part} is not beside it", "copy them all")


def test_a_shapefile_without_its_crs(tiny):
    _layer(tiny, _frame(tiny), "own.shp")
    tiny.path("own.prj").unlink()
    _refused(tiny, "own.shp", "no CRS", "declare it")


@pytest.mark.parametrize(
    ("there", "declared", "words"),
    [
        ("gbk", "utf-8", ("its text is not utf-8", "encoding = 'gb18030'")),
        ("utf-8", "gb18030", ("its text is not gb18030", "encoding = 'utf-8'")),
        ("utf-8", "gbx", ("the encoding 'gbx' is not known", "'gb18030'")),
    ],
)
def test_a_shapefile_in_another_encoding_than_declared(tiny, there, declared, words):
    _layer(tiny, _frame(tiny), "own.shp", encoding=there)
    tiny.path("own.cpg").unlink()
    tiny.tables["sources.settlements"]["encoding"] = declared
    _refused(tiny, "own.shp", *words)


@pytest.mark.parametrize(
    ("ending", "remedy"),
    [
        (".mdb", "file geodatabase"),
        (".dwg", "save the drawing as DXF"),
        (".zip", "unpack it"),
        (".rar", "unpack it"),
        (".7z", "unpack it"),
        (".et", "save it as .xlsx"),
        (".ods", "save it as .xlsx"),
        (".tab", "save it as GeoPackage"),
        (".pdf", "ask for the table itself"),
        (".docx", "copy its table into a workbook"),
        (".dbf", "name the .shp beside it"),
        (".qgz", "name the file with the data itself"),
        (".sav", "save it as CSV (UTF-8), GeoPackage"),
    ],
)
def test_kinds_of_file_that_are_not_read(tiny, ending, remedy):
    _instead(tiny, f"own{ending}", b"PK\x03\x04 anything")
    _refused(tiny, f"own{ending}", f"files that end in '{ending}' are not read", remedy)


@pytest.mark.parametrize(
    ("layer", "words"),
    [(None, ("several layers, 'a', 'b' (2 in all)", "layer = '...'")), ("c", ("no layer 'c'", "'a', 'b'"))],
)
@pytest.mark.parametrize("name", ["own.gdb", "own.gpkg"])
def test_a_geodatabase_without_a_named_layer(tiny, name, layer, words):
    driver = {"own.gdb": "OpenFileGDB", "own.gpkg": "GPKG"}[name]
    for one in ("a", "b"):
        _frame(tiny).drop(columns="people").to_file(tiny.path(name), layer=one, driver=driver)
    _instead(tiny, name, placed=True, **({"layer": layer} if layer else {}))
    _refused(tiny, name, *words)


def test_a_geodatabase_of_which_files_are_missing(tiny):
    tiny.path("own.gdb").mkdir()
    _instead(tiny, "own.gdb", placed=True)
    _refused(tiny, "own.gdb", "no file geodatabase", "copy the whole folder again")


KML = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<Placemark><name>a</name></Placemark>", ("no place in the KML",)),
        ("<NetworkLink><Link><href>x.kml</href></Link></NetworkLink>", ("no place in the KML", "as KML")),
        (
            "<Placemark><name>a</name><LineString><coordinates>104,30 104.1,30</coordinates></LineString></Placemark>",
            ("must be Point, found LineString for 'a' (1 in all)", "name the right layer"),
        ),
    ],
)
def test_a_kml_without_points(tiny, inside, words):
    _instead(tiny, "own.kml", KML.format(inside), placed=True)
    tiny.tables["sources.settlements"]["columns"] = {"settlement_id": "Name", "tier": "description"}
    _refused(tiny, "own.kml", *words)


DRAWING = "0\nSECTION\n2\nENTITIES\n0\nTEXT\n8\n0\n10\n0.0\n20\n0.0\n1\nroad\n40\n1.0\n0\nENDSEC\n0\nEOF\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (DRAWING, ("no line in the drawing", "layer = '...'")),
        (DRAWING[:30], ("damaged or truncated", "export it again")),
    ],
)
def test_a_drawing_without_lines(tiny, content, words):
    tiny.write("roads.dxf", content)
    tiny.tables["sources.roads"] = {"path": "tiny/roads.dxf", "crs": "EPSG:4544"}
    _refused(tiny, "roads.dxf", *words)


@pytest.mark.parametrize(
    ("member", "metres", "words"),
    [
        (None, True, ("no longitude and latitude in degrees", "(8 in all)", "declare the CRS")),
        ("urn:ogc:def:crs:EPSG::32648", False, ("outside the study area", "(8 in all)", "their CRS")),
        ("EPSG:999999", False, ("in 'EPSG:999999', which is no known CRS", "correct it")),
        ("my grid", False, ("in 'my grid', which is no known CRS", "declare crs")),
    ],
)
def test_a_geojson_with_another_crs_than_it_says(tiny, member, metres, words):
    content = json.loads((_frame(tiny).to_crs(32648) if metres else _frame(tiny)).to_json())
    content.pop("crs", None)
    if member:
        content["crs"] = {"type": "name", "properties": {"name": member}}
    _instead(tiny, "own.geojson", json.dumps(content), placed=True)
    _refused(tiny, "own.geojson", *words)


def test_a_geojson_that_says_it_has_no_crs_takes_the_declared_one(tiny):
    content = json.loads(_frame(tiny).to_crs(32648).to_json()) | {"crs": None}
    _instead(tiny, "own.geojson", json.dumps(content), placed=True)
    tiny.tables["sources.settlements"]["crs"] = "EPSG:32648"
    assert tiny.run("--stage", "read").code == 0


def test_a_geojson_cut_off_in_the_middle(tiny):
    _instead(tiny, "own.geojson", _frame(tiny).to_json()[:400], placed=True)
    _refused(tiny, "own.geojson", "damaged or truncated", "export it again")


def test_points_and_areas_in_one_layer(tiny):
    frame = _frame(tiny)
    frame.loc[2, "geometry"] = shapely.box(104.0, 30.0, 104.02, 30.02)
    _layer(tiny, frame, "own.geojson")
    _refused(tiny, "own.geojson", "areas of more than 1 km², no place, for 's3' (1 in all)", "draw where the houses")


def test_roads_that_are_no_lines_or_have_no_class(tiny):
    _frame(tiny).assign(road_class="tertiary").to_file(tiny.path("roads.gpkg"))
    tiny.tables["sources.roads"] = {"path": "tiny/roads.gpkg"}
    _refused(tiny, "roads.gpkg", "must be LineString, found Point", "(8 in all)", "name the right layer")
    line = gpd.GeoDataFrame({"no": [1]}, geometry=[shapely.LineString([(104, 30), (104.01, 30)])], crs=4326)
    line.to_file(tiny.path("lines.gpkg"))
    tiny.tables["sources.roads"] = {"path": "tiny/lines.gpkg"}
    _refused(tiny, "lines.gpkg", "road_class: the column is missing", "map it in columns")


# -- Rasters ---------------------------------------------------------------------------------------------------------


def _raster(tiny, key, values, *, crs="EPSG:4326", corner=(103.9, 30.1), cell=0.0025):
    rows, columns = values.shape[-2:]
    shape = {"width": columns, "height": rows, "count": 1 if values.ndim == 2 else len(values)}
    where = rasterio.transform.from_origin(*corner, cell, cell)
    path = tiny.path(f"{key}.tif")
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=where, dtype="float32", **shape) as file:
        file.write(values.astype("float32"), *([1] if values.ndim == 2 else []))
    tiny.tables[f"sources.{key}"] = {"path": f"tiny/{key}.tif"}


@pytest.mark.parametrize("key", ["population", "elevation", "landcover"])
def test_a_raster_without_crs(tiny, key):
    _raster(tiny, key, np.ones((80, 80)), crs=None)
    _refused(tiny, f"{key}.tif", "no CRS", "gdal_edit")


@pytest.mark.parametrize("key", ["population", "elevation"])
def test_a_raster_of_several_bands(tiny, key):
    _raster(tiny, key, np.ones((3, 80, 80)))
    _refused(tiny, f"{key}.tif", "3 bands", "a file of its own")


def test_land_cover_in_the_metres_of_web_maps(tiny):
    """Travel off the roads is measured by the cells: those of web maps are 1.15 times too large here."""
    _raster(tiny, "landcover", np.ones((80, 80)), crs="EPSG:3857", corner=(11573000.0, 3519000.0), cell=250.0)
    _refused(tiny, "landcover.tif", "EPSG:3857", "web map", "gdalwarp")


def test_people_and_heights_in_the_metres_of_web_maps_are_read(tiny):
    """People are counted by cells, heights read at points: the size of a cell does not matter."""
    for key in ("population", "elevation"):
        _raster(tiny, key, np.ones((80, 80)), crs="EPSG:3857", corner=(11573000.0, 3519000.0), cell=250.0)
    assert tiny.run("--stage", "read").code == 0


def test_a_working_crs_of_web_maps(tiny):
    tiny.tables[""]["working_crs"] = "EPSG:3857"
    _refused(tiny, "working_crs", "EPSG:3857", "web map", "reproject")


def test_heights_that_are_no_metres(tiny):
    _raster(tiny, "elevation", np.full((80, 80), 12_000.0))  # feet, or no data
    _refused(tiny, "elevation.tif", "no height of land in metres in", "row 0, column 0", "convert the file to metres")


def test_negative_people(tiny):
    values = np.ones((80, 80))
    values[2, 3] = -5.0
    _raster(tiny, "population", values)
    _refused(tiny, "population.tif", "negative people in 1 cell(s)", "row 2, column 3", "nodata")


def test_people_of_other_ground(tiny):
    # 100 people in the sea off West Africa: every settlement of the study would count as empty.
    _raster(tiny, "population", np.ones((10, 10)), corner=(10.0, 10.0))
    _refused(tiny, "population.tif: its people live at longitude 10.0", "name the raster of this region")


def test_a_raster_of_other_ground(tiny):
    _raster(tiny, "elevation", np.ones((10, 10)), corner=(10.0, 10.0))
    _refused(tiny, "elevation.tif", "no tile touches the study area", "name the tiles")


@pytest.mark.parametrize("ending", [".asc", ".img", ".vrt", ".nc", ".png"])
def test_rasters_of_other_kinds(tiny, ending):
    tiny.write(f"people{ending}", b"ncols 10")
    tiny.tables["sources.population"] = {"path": f"tiny/people{ending}"}
    _refused(tiny, f"people{ending}", "is not known", "give a .tif")


# -- Several at once -------------------------------------------------------------------------------------------------


def test_every_fault_of_a_table_is_told_at_once_and_in_any_order_of_rows(tiny):
    lines = {
        "s3": "s3,东坡,山寨,104.04,30.02,60",
        "s4": "s4,西坡,village,104.00,30.02,many",
        "s5": "s4,南湾,village,104.02,30.00,40",
    }
    whole = tiny.csv(changed=lines)
    words = ("3 problems", "'山寨' (1 in all) for 's3'", "repeated id(s) 's4' (1 in all)", "'many'")
    tiny.write("settlements.csv", whole)
    _refused(tiny, "settlements.csv", *words)
    head, *rest = whole.split("\n")
    tiny.write("settlements.csv", "\n".join([head, *rest[::-1]]))
    _refused(tiny, "settlements.csv", *words)


def test_what_stood_there_before_is_left_as_it_was(tiny_done):
    before = {name: (tiny_done.folder / name).read_bytes() for name in tiny_done.written()}
    tiny_done.write("settlements.csv", tiny_done.csv() + "\n合计,,,,,360")
    assert tiny_done.run().code == BAD_DATA
    after = {name: (tiny_done.folder / name).read_bytes() for name in tiny_done.written()}
    # but for the record of the stage that failed: it says what is left of the last run, and that it is to run again
    record = "processed/tiny/read.manifest.json"
    assert "fingerprint" not in json.loads(after.pop(record))
    assert after == {name: content for name, content in before.items() if name != record}
    assert set(before) - set(after) == {"processed/tiny/read.manifest.json"}
