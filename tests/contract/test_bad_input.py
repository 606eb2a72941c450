"""What bad input gets, through the command line: the right exit code, a message that helps, nothing half-written."""

import gzip
import json
import os
import shutil
import unicodedata
import zipfile

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely

from spatial import read_results
from spatial.errors import SourceError
from spatial.formats.files import local_file

pytestmark = pytest.mark.slow

BAD_STUDY, BAD_DATA, BAD_NETWORK, BAD_STORE = 2, 3, 5, 6


def _refused(tiny, code, *words):
    """Run the study: it must end with the code, say every word and leave nothing behind."""
    outcome = tiny.run()
    assert outcome.code == code, outcome
    for word in words:
        assert word in outcome.err
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err
    assert tiny.written() == []


def _pbf(tiny):
    """The tiny roads as a PBF, so that it can be spoilt."""
    path = tiny.path("roads.osm.pbf")
    with osmium.SimpleWriter(str(path)) as writer:
        for item in osmium.FileProcessor(str(tiny.path("roads.osm"))):
            writer.add(item)
    tiny.tables["sources.osm"]["path"] = "tiny/roads.osm.pbf"
    return path


# -- Extracts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_pbf_is_refused(tiny, share):
    path = _pbf(tiny)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    _refused(tiny, BAD_DATA, "stage read", "roads.osm.pbf", "damaged or truncated", "fetch it again")


def test_a_corrupt_pbf_is_refused(tiny):
    path = _pbf(tiny)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    _refused(tiny, BAD_DATA, "roads.osm.pbf", "damaged or truncated", "fetch it again")


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html><body>404</body></html>", b"\n<html><title>login</title>"])
def test_a_web_page_saved_as_pbf_is_told_apart(tiny, page):
    _pbf(tiny).write_bytes(page)
    _refused(tiny, BAD_DATA, "roads.osm.pbf", "web page", "download the file itself again")


def test_an_empty_file_is_refused(tiny):
    _pbf(tiny).write_bytes(b"")
    _refused(tiny, BAD_DATA, "roads.osm.pbf", "empty", "again")


def test_text_cut_off_in_the_middle_is_refused(tiny):
    tiny.write("roads.osm", tiny.osm()[:-60])
    _refused(tiny, BAD_DATA, "roads.osm", "damaged or truncated")


def test_a_packed_extract_cut_off_in_the_middle_is_refused(tiny):
    packed = gzip.compress(tiny.osm().encode())
    tiny.write("roads.osm.gz", packed[: len(packed) // 2])
    tiny.tables["sources.osm"]["path"] = "tiny/roads.osm.gz"
    _refused(tiny, BAD_DATA, "roads.osm.gz", "damaged or truncated")


def test_an_extract_without_roads_is_refused(tiny):
    nodes = [line for line in tiny.osm().splitlines() if not line.startswith("<way")]
    tiny.write("roads.osm", "\n".join(nodes))
    _refused(tiny, BAD_DATA, "no roads in tiny/roads.osm", "take another extract")


def test_an_extract_without_settlements_is_refused_where_they_are_asked_of_it(tiny):
    del tiny.tables["sources.settlements"]
    tiny.tables["sources.osm"]["settlements"] = True
    _refused(tiny, BAD_DATA, "no settlements in tiny/roads.osm", "[tiers]")


def test_roads_that_nobody_may_use_make_no_network(tiny):
    tiny.write("roads.osm", tiny.osm().replace('v="tertiary"', 'v="proposed"'))
    outcome = tiny.run()
    assert outcome.code == BAD_NETWORK, outcome
    assert "stage network" in outcome.err
    assert "no road" in outcome.err


# -- Tables ----------------------------------------------------------------------------------------------------------


def test_an_undeclared_gbk_table_names_the_encoding_that_reads_it(tiny):
    tiny.write("settlements.csv", tiny.csv().encode("gbk"))
    _refused(tiny, BAD_DATA, "settlements.csv", "not utf-8 at byte", "line 2", "encoding = 'gb18030'")


def test_a_declared_gbk_table_and_one_with_a_byte_order_mark_read_alike(tiny, command):
    outputs = []
    for encoding, mark in (("gb18030", b""), ("utf-8", b"\xef\xbb\xbf")):
        tiny.write("settlements.csv", mark + tiny.csv().encode(encoding))
        tiny.tables["sources.settlements"]["encoding"] = encoding
        outcome = tiny.run("--stage", "read")
        assert outcome.code == 0, outcome
        outputs.append(read_results(tiny.processed / "tiny").places)
    assert outputs[0].equals(outputs[1])
    assert outputs[0]["name"].tolist() == [name for _, name, *_ in tiny.places]


def test_a_mark_that_contradicts_the_declared_encoding_is_refused(tiny):
    tiny.write("settlements.csv", b"\xef\xbb\xbf" + tiny.csv().encode())
    tiny.tables["sources.settlements"]["encoding"] = "gb18030"
    _refused(tiny, BAD_DATA, "settlements.csv", "marks itself as utf-8", "write encoding = 'utf-8'")


def test_a_missing_column_is_named_with_those_there_are(tiny):
    tiny.write("settlements.csv", tiny.csv(header="id,name,level,lon,lat,people"))
    _refused(tiny, BAD_DATA, "settlements.csv", "settlement_id = 'code'", "the file has 'id', 'name'")


def test_a_missing_service_says_how_to_give_one(tiny):
    del tiny.tables["sources.facilities"]["columns"]["service"]
    _refused(tiny, BAD_DATA, "facilities.csv", "service: the column is missing", "service = '...'")


def test_an_unknown_service_is_named_with_its_row(tiny):
    tiny.write("facilities.csv", tiny.path("facilities.csv").read_text().replace("f1,hospital", "f1,hospice"))
    _refused(tiny, BAD_DATA, "facilities.csv", "unknown value(s) 'hospice'", "'f1'", "values.service")


def test_repeated_ids_are_named(tiny):
    lines = tiny.csv().replace("s5,", "s4,").replace("s7,", "s6,")
    tiny.write("settlements.csv", lines)
    _refused(tiny, BAD_DATA, "settlements.csv", "repeated id(s) 's4', 's6' (2 in all)", "unique")


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ("", ("no number for 's3' (1 in all)", "fill it in")),
        ("nan", ("text instead of a number for 's3' (1 in all)", "'nan'", "digits")),
        ("-5", ("negative or infinite for 's3' (1 in all)", "-5", "correct")),
        ("1000 à 3000", ("text instead of a number for 's3' (1 in all)", "1000 à 3000", "digits")),
        ("1e400", ("negative or infinite for 's3' (1 in all)", "correct")),
    ],
)
def test_populations_that_are_no_numbers_of_people_are_named(tiny, people, words):
    tiny.write("settlements.csv", tiny.csv(changed={"s3": f"s3,东坡,village,104.04,30.02,{people}"}))
    _refused(tiny, BAD_DATA, "settlements.csv", "population_persons", *words)


def test_every_fault_of_a_table_is_reported_at_once(tiny):
    changed = {
        "s2": "s1,柳河,town,104.01,30.03,70",
        "s3": "s3,东坡,hamlet,104.04,30.02,60",
        "s4": "s4,西坡,village,104.00,30.02,-50",
        "s5": "s5,南湾,village,104.02,30.00,about 40",
    }
    tiny.write("settlements.csv", tiny.csv(changed=changed))
    _refused(tiny, BAD_DATA, "4 problems", "repeated id(s) 's1'", "'hamlet' (1 in all) for 's3'", "'s4'", "about 40")


def test_swapped_coordinates_are_recognised(tiny):
    tiny.tables["sources.settlements"] |= {"longitude": "lat", "latitude": "lon"}
    _refused(tiny, BAD_DATA, "settlements.csv", "swapped", "'s1'", "(8 in all)", "exchange")


def test_one_place_outside_the_study_area_is_named(tiny):
    tiny.write("settlements.csv", tiny.csv(changed={"s6": "s6,北湾,village,104.02,35.04,30"}))
    _refused(tiny, BAD_DATA, "settlements.csv", "outside the study area", "'s6' (1 in all)", "region.buffer_km")


def test_facilities_outside_the_study_area_are_named(tiny):
    lines = tiny.path("facilities.csv").read_text().replace("104.0200,30.0200", "14.0200,30.0200")
    tiny.write("facilities.csv", lines)
    _refused(tiny, BAD_DATA, "facilities.csv", "outside the study area", "'f1' (1 in all)")


def test_a_table_without_rows_is_refused(tiny):
    tiny.write("settlements.csv", "code,name,level,lon,lat,people\n")
    _refused(tiny, BAD_DATA, "settlements.csv", "no rows", "export it again")


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_an_empty_layer_is_refused(tiny, ending):
    columns = {"boundary_id": [], "name": []}
    empty = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs="EPSG:4326"), crs="EPSG:4326")
    if ending == "gpkg":
        empty.to_file(tiny.path("empty.gpkg"), geometry_type="Polygon", engine="pyogrio")
    else:
        tiny.write("empty.geojson", json.dumps({"type": "FeatureCollection", "features": []}))
    tiny.tables["sources.boundaries"]["path"] = f"tiny/empty.{ending}"
    _refused(tiny, BAD_DATA, f"empty.{ending}", "no rows", "export it again")


def test_a_boundary_that_touches_itself_is_refused_with_the_place(tiny):
    # An hourglass: its sides cross at 104.03 east, 30.02 north.
    ring = [[104.02, 29.98], [104.04, 29.98], [104.02, 30.06], [104.04, 30.06], [104.02, 29.98]]
    tiny.write("townships.geojson", tiny.townships(ring))
    _refused(tiny, BAD_DATA, "townships.geojson", "'b2' (1 in all)", "104.03 30.02", "Fix geometries")


# -- CRS -------------------------------------------------------------------------------------------------------------


def test_a_csv_without_a_declared_crs_is_refused(tiny):
    del tiny.tables["sources.settlements"]["crs"]
    _refused(tiny, BAD_DATA, "settlements.csv", "no CRS", "crs = 'EPSG:4490'", "datum = 'gcj02'")
    assert "EPSG:4326" not in tiny.run().err  # in China, where degrees of a map app look like those of GPS


def test_a_csv_outside_china_without_a_declared_crs_is_told_that_of_gps(tiny):
    del tiny.tables["sources.settlements"]["crs"]
    tiny.west, tiny.south = 43.3, -11.7
    tiny.write("settlements.csv", tiny.csv())
    _refused(tiny, BAD_DATA, "settlements.csv", "no CRS", "such as crs = 'EPSG:4326'")


def test_a_layer_without_crs_is_refused(tiny):
    square = gpd.GeoDataFrame({"boundary_id": ["b1"]}, geometry=[shapely.box(103.9, 29.9, 104.1, 30.1)])
    with pytest.warns(UserWarning, match="crs"):
        square.to_file(tiny.path("square.gpkg"), engine="pyogrio")
    tiny.tables["sources.boundaries"]["path"] = "tiny/square.gpkg"
    _refused(tiny, BAD_DATA, "square.gpkg", "no CRS", "declare it")


def test_a_declared_crs_that_contradicts_the_file_is_refused(tiny):
    square = gpd.GeoDataFrame(
        {"boundary_id": ["b1"]}, geometry=[shapely.box(103.9, 29.9, 104.1, 30.1)], crs="EPSG:4326"
    )
    square.to_file(tiny.path("square.gpkg"), engine="pyogrio")
    tiny.tables["sources.boundaries"] |= {"path": "tiny/square.gpkg", "crs": "EPSG:32648"}
    _refused(tiny, BAD_DATA, "square.gpkg", "EPSG:4326", "EPSG:32648", "remove crs")


def test_a_working_crs_in_degrees_is_refused(tiny):
    tiny.tables[""]["working_crs"] = "EPSG:4326"
    _refused(tiny, BAD_DATA, "working_crs", "in degrees", "metres")


def test_degrees_declared_as_metres_lie_outside_the_study_area(tiny):
    tiny.tables["sources.settlements"]["crs"] = "EPSG:32648"
    _refused(tiny, BAD_DATA, "settlements.csv", "outside the study area", "(8 in all)", "CRS")


# -- Rasters ---------------------------------------------------------------------------------------------------------


def test_an_undeclared_sentinel_is_no_data_and_is_said_on_every_output(tiny):
    values = np.ones((24, 24))
    values[:3, :] = -99999.0  # 72 of 576 cells
    outcome = tiny.add_raster(values).run("--until", "gaps")
    assert outcome.code == 0, outcome
    results = read_results(tiny.processed / "tiny")
    assert results.population.total == 504.0  # 576 - 72 cells of one person each
    account = results.population_account.set_index("item")["persons"]
    assert account["raster_total"] == 504.0
    assert account.drop("raster_total").sum() == pytest.approx(504.0, rel=1e-6)
    counts = results.counts.set_index(["source", "item"])["number"]
    assert counts["population", "cells without data"] == 72.0
    note = "72 cells hold -99999"
    assert note in outcome.out
    assert any(note in issue for issue in results.summary["issues"])


def test_negative_people_are_refused(tiny):
    values = np.ones((24, 24))
    values[2, 3] = -5.0
    tiny.add_raster(values)
    _refused(tiny, BAD_DATA, "population.tif", "negative people in 1 cell(s)", "-5 at row 2, column 3", "nodata")


def test_a_raster_without_crs_is_refused(tiny):
    tiny.add_raster(crs=None)
    _refused(tiny, BAD_DATA, "population.tif", "no CRS", "gdal_edit")


def test_a_truncated_raster_is_refused(tiny):
    tiny.add_raster()
    path = tiny.path("population.tif")
    path.write_bytes(path.read_bytes()[:-1000])
    _refused(tiny, BAD_DATA, "population.tif", "damaged or truncated", "fetch it again")


def test_a_zip_without_the_tile_names_what_it_holds(tiny):
    with zipfile.ZipFile(tiny.path("N30E104.SRTMGL1.hgt.zip"), "w") as archive:
        archive.writestr("readme.txt", "thank you for your order")
    tiny.tables["sources.elevation"] = {"paths": ["tiny/N30E104.SRTMGL1.hgt.zip"]}
    _refused(tiny, BAD_DATA, "N30E104.SRTMGL1.hgt.zip", "N30E104.hgt", "'readme.txt'", "fetch it again")


# -- The study -------------------------------------------------------------------------------------------------------


def test_every_unknown_key_of_the_study_is_named_at_once(tiny):
    tiny.tables[""]["colour"] = "red"
    tiny.tables["network"]["speed"] = "fast"
    tiny.tables["sources.settlements"]["colums"] = {"name": "name"}
    tiny.tables["access"]["cutoff_min"] = [60]
    words = ("colour", "network.speed", "sources.settlements.colums", "access.cutoff_min", "`spatial init`")
    _refused(tiny, BAD_STUDY, "4 faults", *words)


def test_every_name_that_the_study_asks_for_in_vain_is_named_at_once(tiny):
    tiny.tables["network"]["speeds"] = "quick"
    tiny.tables["access"]["services"] = ["hospitall", "hospital"]
    tiny.tables["inventory"] = {"pharmacies": "complete"}
    tiny.tables["norms"] = {"only": ["CN-NONE"], "headline": ["GL-NONE"]}
    tiny.tables["outputs"] = {"languages": ["en", "tlh"], "crs": "EPSG:999999"}
    words = ("hospitall", "pharmacies", "network.speeds", "quick", "CN-NONE", "GL-NONE", "tlh", "EPSG:999999")
    _refused(tiny, BAD_STUDY, "7 faults", *words)


def test_every_missing_source_is_named_with_its_remedy(tiny):
    tiny.add_raster()
    for name in ("roads.osm", "settlements.csv", "population.tif"):
        tiny.path(name).unlink()
    tiny.tables[""]["services_file"] = "tiny/services.toml"
    tiny.tables["norms"]["register"] = "tiny/norms.csv"
    tiny.tables["network"]["speeds"] = "tiny/speeds.toml"
    paths = [str(tiny.path(name)) for name in ("roads.osm", "settlements.csv", "population.tif", "services.toml")]
    paths += [str(tiny.path(name)) for name in ("norms.csv", "speeds.toml")]
    keys = ("sources.osm.path", "sources.settlements.path", "sources.population.paths", "norms.register")
    remedies = ("--raw FOLDER", "spatial fetch", "put it at", "correct the path")
    _refused(tiny, BAD_DATA, "6 file(s)", *paths, *keys, *remedies)


def test_a_file_in_other_capitals_or_accents_is_named_as_it_is_written(tiny):
    tiny.path("settlements.csv").rename(tiny.path("Hôpitaux.CSV"))
    decomposed = unicodedata.normalize("NFD", "Hôpitaux.CSV")
    for written in ("TINY/HÔPITAUX.csv", f"tiny/{decomposed}"):
        tiny.tables["sources.settlements"]["path"] = written
        tiny.tables[""]["services_file"] = written
        found = f"({tiny.path('Hôpitaux.CSV')} is there: write it so, capitals and accents too)"
        keys = ("sources.settlements.path", "services_file")
        _refused(tiny, BAD_DATA, *(f"{key}: {tiny.raw / written} {found}" for key in keys))
    with pytest.raises(SourceError, match=r"not found; .*Hôpitaux.CSV is there: write it so"):
        local_file(tiny.path("hôpitaux.csv"), what="table")


def test_a_file_that_is_not_the_one_described_is_refused(tiny):
    described = '[[file]]\npath = "settlements.csv"\norigin = "office"\nlicence = "CC0"\n'
    tiny.write("source.toml", described + f'vintage = "2025"\nsha256 = "{"0" * 64}"\naddress = "unknown"\n')
    _refused(tiny, BAD_DATA, "settlements.csv", "000000000000", "fetch it again")


def test_a_region_that_the_boundaries_do_not_hold_is_refused_with_those_there_are(tiny):
    tiny.tables["region"] = {"admin_level": 8, "names": ["中镇"], "unit_levels": [8]}
    _refused(tiny, BAD_STUDY, "region.names", "'中镇'", "'东镇', '西镇'")


def test_no_facility_of_a_service_is_no_error_and_is_said(tiny_done):
    tiny_done.tables["norms"] = {"only": ["GL-PHC-1H", "GL-WATER-JMP"]}
    del tiny_done.tables["access"]
    outcome = tiny_done.run("--stage", "gaps", "-v")
    assert outcome.code == 0, outcome
    # The list is declared complete for what it lists, and it lists no water point.
    (said,) = (line for line in outcome.out.splitlines() if "Water point" in line)
    assert said.startswith("Of 1 norm nothing is mapped, so that nobody can say who is beyond: ")
    assert "360" not in said
    access = read_results(tiny_done.processed / "tiny").access
    lacking = access[access["service"] == "water_point"]
    assert len(lacking) == 8 * 2  # places and modes
    assert set(lacking["reach_status"]) == {"no_facility"}
    assert lacking["travel_time_min"].isna().all()


# -- Folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocked", ["processed", "maps"])
def test_a_file_in_the_way_of_an_output_folder_is_named(tiny_done, blocked):
    path = getattr(tiny_done, blocked)
    shutil.rmtree(tiny_done.processed)
    shutil.rmtree(tiny_done.maps)
    path.write_text("a file")
    outcome = tiny_done.run()
    assert outcome.code == BAD_STORE, outcome
    assert str(path) in outcome.err
    assert "in the way" in outcome.err
    assert path.read_text() == "a file"
    assert not tiny_done.written()  # not even by the stages that come before the pages


def test_a_stage_that_there_is_not_is_a_fault_of_what_was_asked(tiny_done):
    outcome = tiny_done.run("--until", "pages")
    assert outcome.code == BAD_STUDY, outcome
    assert "until: no stage is named 'pages'; the stages are read, " in outcome.err


@pytest.fixture
def small_disk(tmp_path):
    """Mount a little file system of its own; where that is not allowed, the test is skipped."""
    import subprocess  # noqa: PLC0415 - this fixture alone mounts

    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"reason: mounting is not allowed here: {done.stderr.decode().strip()}")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


def test_a_read_only_folder_is_named(tiny, small_disk):
    tiny.processed = small_disk("ro,size=1m")
    outcome = tiny.run()
    assert outcome.code == BAD_STORE, outcome
    assert "read-only" in outcome.err
    assert "--processed" in outcome.err
    assert list(tiny.processed.iterdir()) == []


def test_a_full_disk_is_said_and_the_run_goes_on_once_there_is_room(tiny, small_disk):
    tiny.processed = small_disk("size=100k")
    outcome = tiny.run()
    assert outcome.code == BAD_STORE, outcome
    assert "the disk is full" in outcome.err
    assert "free some space and run again" in outcome.err
    assert not list(tiny.processed.rglob(".spatial-*"))
    os.system(f"mount -o remount,size=64m {tiny.processed}")  # noqa: S605 - a folder of this test's own
    assert tiny.run("--stage", "read").code == 0


def test_a_disk_that_fills_up_while_pages_are_written_leaves_no_half_page(tiny_done, monkeypatch):
    from pathlib import Path  # noqa: PLC0415 - patched here alone

    whole = Path.write_bytes

    def full(path, content):
        if path.suffix == ".html":
            whole(path, content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        return whole(path, content)

    shutil.rmtree(tiny_done.maps)
    monkeypatch.setattr(Path, "write_bytes", full)
    outcome = tiny_done.run()
    assert outcome.code == BAD_STORE, outcome
    assert "the disk is full" in outcome.err
    assert not [name for name in tiny_done.written() if name.startswith("maps/") or ".spatial-" in name]
    monkeypatch.undo()
    assert tiny_done.run().code == 0


def test_a_second_run_on_one_folder_at_once_is_refused_and_changes_nothing(tiny):
    from spatial.store import locked  # noqa: PLC0415 - this test alone plays the first run

    folder = tiny.processed / "tiny"
    with locked(folder):
        (folder / ".spatial-first.parquet").write_bytes(b"half")  # what the first run is writing
        outcome = tiny.run()
        assert outcome.code == BAD_STORE, outcome
        assert "another run is writing here" in outcome.err
        assert tiny.written() == ["processed/tiny/.spatial-first.parquet"]
    assert tiny.run("--stage", "read").code == 0
    assert not list(folder.glob(".spatial-*"))


def test_a_study_that_is_spoilt_later_keeps_its_last_whole_outputs(tiny_done):
    before = {name: (tiny_done.folder / name).read_bytes() for name in tiny_done.written() if name.endswith(".parquet")}
    tiny_done.write("settlements.csv", tiny_done.csv(changed={"s3": "s3,东坡,village,104.04,30.02,-1"}))
    assert tiny_done.run().code == BAD_DATA
    after = {name: (tiny_done.folder / name).read_bytes() for name in tiny_done.written() if name.endswith(".parquet")}
    assert after == before
    assert tiny_done.run("--stage", "read").code == BAD_DATA  # and it is not taken for up to date
