"""A package is what catalogues and spreadsheets can read, the same each time, and whole or not there."""

import csv
import datetime as dt
import io
import json
import re
import signal
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pystac
import pystac.validation
import pytest
import rasterio
import yaml
from pyproj import CRS
from pystac.validation import validate_dict

from spatial.errors import StoreError
from spatial.messages import Words
from spatial.results import read_results
from spatial.sharing import package as packages
from spatial.sharing.records import SHARE_ALIKE, PackageMeta, SharedFile, first_page
from spatial.stages.policy import basis_of
from spatial.stages.share import share_package
from spatial.store import work_folder
from spatial.study import Study

ISO = Path(__file__).parents[2] / "data" / "iso19139.zip"
GMD, GCO = "{http://www.isotc211.org/2005/gmd}", "{http://www.isotc211.org/2005/gco}"
BAD_STORE = 6


def _package(tiny, folder, **how):
    study = Study.from_toml(tiny.save(), raw=tiny.raw)
    list(share_package(study, read_results(tiny.processed / "tiny"), folder, **how))
    return folder


def _source(tiny, name, **facts):
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in {"path": name, **facts}.items()]
    tiny.path("source.toml").write_text("\n".join(["[[file]]", *lines]) + "\n", encoding="utf-8")


def _rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def _content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def sharing(tiny_at, tiny_run, go_on_from, tmp_path_factory):
    """A tiny study that says whose its package is."""
    tiny = tiny_at(tmp_path_factory.mktemp("sharing"))
    go_on_from(tiny_run, tiny.folder)
    tiny.tables["sharing"] = {"publisher": "县自然资源局", "contact": "gis@county.example"}
    tiny.tables["outputs"] = {"languages": ["en", "zh"]}
    return tiny


@pytest.fixture(scope="module")
def shared(sharing):
    """The package of the tiny study, with every further form: to be read alone."""
    return _package(sharing, sharing.folder / "out" / "tiny-internal", also=("flatgeobuf", "pmtiles"))


@pytest.fixture(scope="module")
def sample_package(sample_run, tmp_path_factory):
    """The package of the sample county, which has rasters and every kind of table."""
    from spatial.sample import sample_study  # noqa: PLC0415 - as the run does

    study = Study.from_dict(tomllib.loads(sample_study()), raw=sample_run / "raw")
    folder = tmp_path_factory.mktemp("shared") / "sample-internal"
    list(share_package(study, read_results(sample_run / "processed" / "sample"), folder))
    return folder


@pytest.mark.slow
def test_frictionless_finds_every_file_every_column_and_every_key_as_the_package_says(sample_package, library):
    package = json.loads((sample_package / "datapackage.json").read_text(encoding="utf-8"))
    report = library("frictionless").validate(str(sample_package / "datapackage.json"))
    assert report.valid, report.flatten(["name", "type", "note"])
    resources = {item["name"]: item for item in package["resources"]}
    assert {path.stem for path in (sample_package / "tables").iterdir()} <= set(resources)
    access = resources["access"]["schema"]
    assert access["primaryKey"] == ["settlement_id", "service", "mode"]
    place = {"fields": ["settlement_id"], "reference": {"resource": "settlements", "fields": ["settlement_id"]}}
    assert place in access["foreignKeys"]
    minutes = next(field for field in access["fields"] if field["name"] == "travel_time_min")
    assert (minutes["type"], minutes["unit"], minutes["constraints"]["minimum"]) == ("number", "min", 0.0)


@pytest.mark.slow
def test_a_cell_that_breaks_its_contract_is_found_by_frictionless(sample_package, tmp_path, library):
    package = json.loads((sample_package / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(item for item in package["resources"] if item["name"] == "last_mile")
    text = (sample_package / resource["path"]).read_text(encoding="utf-8-sig")
    first = _rows(sample_package / resource["path"])[0]["settlement_id"]
    (tmp_path / "last_mile.csv").write_text(f"{text}{first}\n", encoding="utf-8-sig")
    schema = {key: value for key, value in resource["schema"].items() if key != "foreignKeys"}
    changed = {**resource, "path": "last_mile.csv", "schema": schema}
    broken = library("frictionless").Resource(changed, basepath=str(tmp_path))
    report = broken.validate()
    assert "primary-key" in {kind for (kind,) in report.flatten(["type"])}


@pytest.mark.slow
def test_the_rasters_stand_in_a_catalogue_whose_schemas_hold(sample_package):
    collection = pystac.Collection.from_file(str(sample_package / "stac" / "collection.json"))
    items = list(collection.get_items())
    assert {item.id for item in items} >= {"population", "elevation", "friction"}
    # Schemas of the core come with pystac; those of extensions would be fetched.
    for document in [collection, *items]:
        assert validate_dict(document.to_dict(include_self_link=False, transform_hrefs=False), extensions=[])
    for item in items:
        (asset,) = item.assets.values()
        band = asset.extra_fields["bands"][0]
        with rasterio.open(asset.get_absolute_href()) as file:
            values = file.read(1)
            assert list(file.shape) == item.properties["proj:shape"]
            assert band["statistics"]["maximum"] == pytest.approx(float(np.nanmax(values)))
            assert band.get("unit", "") == (file.units[0] or "")
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.tags()["audience"] == "internal"


@pytest.mark.slow
@pytest.mark.qgis
def test_validators_of_gdal_and_the_schema_of_iso_find_no_fault(in_qgis, sample_package, shared, sample_run, tmp_path):
    with zipfile.ZipFile(ISO) as packed:
        packed.extractall(tmp_path)
    layers = sample_run / "processed" / "sample" / "sample.gpkg"
    records = [folder / "metadata" / "iso19139.xml" for folder in (sample_package, shared)]
    files = [layers, *sorted((sample_package / "rasters").glob("*.tif")), *records]
    faults = in_qgis("validate_files.py", tmp_path / "iso" / "gmd" / "gmd.xsd", *files).found
    assert faults == {str(file): [] for file in files}
    assert len(files) > 4


def test_a_crate_names_every_file_of_the_folder(shared):
    from rocrate.rocrate import ROCrate  # noqa: PLC0415 - slow to import, for this test alone

    crate = ROCrate(str(shared))
    named = {entity.id for entity in crate.data_entities}
    assert named == set(_content(shared)) - {"ro-crate-metadata.json"}
    assert crate.root_dataset["license"].id == "LICENCES.md"
    assert crate.publisher["name"] == "县自然资源局"
    assert "office" in crate.root_dataset["conditionsOfAccess"]


def test_geometry_comes_back_with_the_box_of_each_row_and_neighbours_stand_together(shared, sharing):
    before = read_results(sharing.processed / "tiny").settlements.to_crs("EPSG:4326").set_index("settlement_id")
    path = shared / "tables" / "settlements.parquet"
    after = gpd.read_parquet(path).set_index("settlement_id")
    assert after.crs == "EPSG:4326"
    assert after.geometry.geom_equals_exact(before.geometry.loc[after.index], 1e-9).all()
    geo = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    boxes = pq.read_table(path, columns=["bbox"]).to_pylist()
    assert [row["bbox"]["xmin"] for row in boxes] == pytest.approx(after.geometry.x.to_list(), abs=1e-5)
    assert after.geometry.hilbert_distance().is_monotonic_increasing
    # Of eight places the three in the west, then the south, the east and the north would be the order of no list.
    assert gpd.read_parquet(path, bbox=(104.035, 29.99, 104.05, 30.05))["settlement_id"].isin(["s3", "s8"]).all()


def test_every_geoparquet_says_of_its_geometry_what_version_1_1_asks_and_what_is_true(shared):
    held = 0
    for path in (shared / "tables").glob("*.parquet"):
        geo = json.loads(pq.read_schema(path).metadata.get(b"geo", b"null"))
        if geo is None or pq.read_metadata(path).num_rows == 0:  # no box of nothing
            continue
        held += 1
        assert geo["version"] == "1.1.0"
        (name,) = geo["columns"]
        assert geo["primary_column"] == name
        told, frame = geo["columns"][name], gpd.read_parquet(path)
        assert told["encoding"] == "WKB", path.name
        assert CRS.from_json_dict(told["crs"]) == frame.crs == "EPSG:4326", path.name
        assert set(told["geometry_types"]) == set(frame.geom_type.dropna()), path.name
        assert told.get("edges", "planar") == "planar", path.name
        sides = ("xmin", "ymin", "xmax", "ymax")
        assert told["covering"] == {"bbox": {side: ["bbox", side] for side in sides}}, path.name
        assert told["bbox"] == pytest.approx(frame.total_bounds.tolist()), path.name
    assert held > 10


def test_units_and_the_audience_travel_in_every_parquet_file(shared):
    schema = pq.read_schema(shared / "tables" / "access.parquet")
    assert schema.field("travel_time_min").metadata[b"unit"] == b"min"
    for path in (shared / "tables").glob("*.parquet"):
        assert pq.read_schema(path).metadata[b"audience"] == b"internal"


def test_flatgeobuf_and_tiles_hold_the_same_places(shared):
    flat = pyogrio.read_dataframe(shared / "flatgeobuf" / "settlements.fgb")
    assert sorted(flat["settlement_id"]) == [f"s{number}" for number in range(1, 9)]
    # GDAL verifies the buffers of a FlatGeobuf as it reads it, and its index answers for a box.
    place = flat.iloc[[3]]
    near = pyogrio.read_dataframe(shared / "flatgeobuf" / "settlements.fgb", bbox=tuple(place.total_bounds))
    assert place["settlement_id"].item() in set(near["settlement_id"]) < set(flat["settlement_id"])
    assert pyogrio.read_info(shared / "flatgeobuf" / "settlements.fgb")["capabilities"]["fast_spatial_filter"]
    assert {str(name) for name, _ in pyogrio.list_layers(shared / "pmtiles" / "settlements.pmtiles")} == {"settlements"}
    tiles = pyogrio.read_dataframe(shared / "pmtiles" / "settlements.pmtiles", ZOOM_LEVEL=12)
    assert set(tiles["settlement_id"]) == set(flat["settlement_id"])
    assert not (shared / "pmtiles" / "edges.pmtiles").exists()


def test_no_name_is_run_by_a_spreadsheet_obeyed_by_markdown_or_breaks_a_record(tiny_done):
    hostile = '=HYPERLINK("http://x.example","\u0001<script>]]>&{0}")'
    cell = hostile.replace('"', '""')
    tiny_done.write("settlements.csv", tiny_done.csv(changed={"s3": f's3,"{cell}",village,{tiny_done.at(4, 2)},60'}))
    _source(tiny_done, "settlements.csv", origin=hostile, licence="[x](http://x.example)")
    tiny_done.tables["title"] = {"en": hostile.replace("\u0001", "")}
    assert tiny_done.run("--until", "read").code == 0
    folder = _package(tiny_done, tiny_done.folder / "out" / "x")
    (place,) = [row for row in _rows(folder / "csv" / "places.csv") if row["settlement_id"] == "s3"]
    assert place["name"].startswith("'=HYPERLINK")
    for path in (folder / "csv").glob("*.csv"):
        cells = [cell for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))) for cell in row]
        number = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
        assert [cell for cell in cells if cell[:1] in {"=", "+", "-", "@"} and not number.fullmatch(cell)] == []
    ET.fromstring((folder / "metadata" / "iso19139.xml").read_bytes())  # noqa: S314 - our own
    yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    text = (folder / "LICENCES.md").read_text(encoding="utf-8")
    assert "\\[x\\](http://x.example)" in text
    assert "\\<script\\>" in text
    json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))


def test_the_record_for_catalogues_says_whose_where_and_for_whom(shared):
    root = ET.fromstring((shared / "metadata" / "iso19139.xml").read_bytes())  # noqa: S314 - our own
    assert root.find(f".//{GMD}organisationName/{GCO}CharacterString").text == "县自然资源局"
    west, east = (root.find(f".//{GMD}{side}BoundLongitude/{GCO}Decimal").text for side in ("west", "east"))
    assert 103.9 < float(west) < 104.0 < float(east) < 104.1
    assert "office" in root.find(f".//{GMD}useLimitation/{GCO}CharacterString").text


def test_a_citation_says_title_day_and_whose_it_is(shared):
    told = yaml.safe_load((shared / "CITATION.cff").read_text(encoding="utf-8"))
    assert told["cff-version"] == "1.2.0"
    assert told["type"] == "dataset"
    assert told["authors"] == [{"name": "县自然资源局"}]
    assert told["date-released"] == "2026-01-01"
    assert "Tiny valley" in told["title"]


@pytest.mark.parametrize(
    ("licence", "shares"),
    [("ODbL-1.0", True), ("CC BY-SA 4.0", True), ("CC-BY-NC-SA-4.0", True), ("CC-BY-4.0", False), ("CC0-1.0", False)],
)
def test_licences_that_ask_for_share_alike_are_known(licence, shares):
    assert bool(SHARE_ALIKE.search(licence)) == shares


def test_licences_are_carried_and_share_alike_and_unknown_ones_are_named(tiny_done):
    osm = "OpenStreetMap extract (c) OpenStreetMap contributors"
    _source(tiny_done, "roads.osm", origin=osm, licence="ODbL-1.0")
    tiny_done.tables["outputs"] = {"languages": ["en", "zh", "fr"]}
    assert tiny_done.run("--until", "read").code == 0
    folder = _package(tiny_done, tiny_done.folder / "out" / "x")
    text = (folder / "LICENCES.md").read_text(encoding="utf-8")
    assert "OpenStreetMap contributors (tiny/roads.osm): licence ODbL-1.0" in text
    for language in ("en", "zh", "fr"):
        words = Words(language, "sharing")
        assert words.say("licence", "share_alike", licence="ODbL-1.0") in text
        assert words.say("licence", "unknown") in text  # of the list of settlements
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["licenses"] == [{"name": "ODbL-1.0"}, {"path": "LICENCES.md", "title": "unknown"}]


def test_what_the_public_gets_is_open_and_hides_small_numbers_and_says_so(tiny_done, command, tmp_path, library):
    tiny_done.tables["sharing"] = {"k": 25}
    tiny_done.tables["outputs"] = {"languages": ["en", "zh", "fr"]}
    words = (tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed)
    outcome = command("share", "package", *words, "--audience", "public", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert "a group of fewer than 25 could be told are withheld" in outcome.out
    tables = {path.stem for path in (tmp_path / "out" / "csv").iterdir()}
    assert "settlements" in tables
    assert not tables & {"places", "flows", "cells", "provenance", "plan_people", "edges"}
    rows = {row["settlement_id"]: row for row in _rows(tmp_path / "out" / "csv" / "settlements.csv")}
    # 10 people in s8 and 20 in s7, of townships whose other places are larger.
    for name in ("s7", "s8"):
        assert rows[name]["population_persons"] == ""
        assert rows[name]["suppressed"] == "population_persons"
    assert rows["s1"]["population_persons"] in {"80.0", ""}
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    assert (package["name"], package["audience"], package["suppressed_below"]) == ("tiny-public", "public", 25)
    assert library("frictionless").validate(str(tmp_path / "out" / "datapackage.json")).valid
    for name, content in _content(tmp_path / "out").items():
        assert str(tiny_done.folder).encode() not in content, name
        assert b"tiny/settlements.csv" not in content, name
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    for language in ("en", "zh", "fr"):
        assert Words(language, "sharing").say("audience", "public", number=25) in readme


def test_check_says_what_would_leave_and_why_the_rest_stays_and_writes_nothing(tiny_done, command):
    tiny_done.tables["sharing"] = {"k": 25}
    before = tiny_done.written()
    words = (tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed)
    outcome = command("share", "check", *words)
    assert outcome.code == 0, outcome.err
    leaving, staying = outcome.out.split("Of the numbers of people, ")
    assert "settlements: Settlements, 8 rows" in leaving
    assert "without " in leaving
    assert "population_basis" in leaving
    assert "from 1 to below 25 are suppressed" in staying
    assert "statistical confidentiality" in staying
    assert "places" in staying
    assert tiny_done.written() == before
    assert "The run is behind" not in outcome.err


@pytest.mark.parametrize("way", ["package", "check"])
def test_a_run_that_its_study_has_left_behind_is_shared_and_says_so(way, tiny_done, command, tmp_path):
    # How sheets and pages are written is no fact of the tables; a cutoff is one.
    where = ("--raw", tiny_done.raw, "--processed", tiny_done.processed)
    more = ("--out", tmp_path / "package") if way == "package" else ()
    tiny_done.tables["outputs"] = {"languages": ["zh"]}
    assert "成果不是最新的" not in command("share", way, tiny_done.save(), *where, *more).err
    tiny_done.tables["access"]["cutoffs_min"] = [17]
    outcome = command("share", way, tiny_done.save(), *where, *more)
    assert outcome.code == 0, outcome.err
    assert "成果不是最新的" in outcome.err
    assert "cutoffs" in outcome.err


def test_a_package_says_for_whom_it_is_in_every_language_of_the_study(shared):
    text = (shared / "README.md").read_text(encoding="utf-8")
    assert "For use inside the office: nothing is left out and no small number is suppressed." in text
    assert "仅供单位内部使用" in text
    assert json.loads((shared / "datapackage.json").read_text(encoding="utf-8"))["audience"] == "internal"
    records = [name for name in _content(shared) if name.endswith((".json", ".md", ".xml", ".cff"))]
    assert [name for name in records if str(shared.parents[1]).encode() in _content(shared)[name]] == []


def test_the_same_run_gives_the_same_bytes_in_folder_and_zip(shared, sharing):
    again = _package(sharing, sharing.folder / "again" / "tiny-internal", also=("flatgeobuf", "pmtiles"))
    assert _content(again) == _content(shared)
    first, second = (folder.with_name("tiny-internal.zip") for folder in (shared, again))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as file:
        inside = {name.removeprefix("tiny-internal/"): file.read(name) for name in file.namelist()}
    assert inside == _content(shared)


def test_the_command_writes_a_package_and_takes_the_place_of_the_one_before(tiny_done, command, tmp_path):
    folder = tmp_path / "handed" / "tiny"
    words = ("share", "package", tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed)
    first = command(*words, "--out", folder)
    assert first.code == 0, first.err
    assert str(folder.with_name("tiny.zip")) in first.out
    assert "Not for publication" in first.out
    (folder / "left over.csv").write_text("old")
    assert command(*words, "--out", folder).code == 0
    assert not (folder / "left over.csv").exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["tiny", "tiny.zip"]


def test_a_folder_that_is_no_package_is_left_as_it_is(tiny_done, command, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear office")
    words = ("share", "package", tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed)
    outcome = command(*words, "--out", tmp_path / "mine")
    assert outcome.code == BAD_STORE, outcome
    assert "no package tiny-internal" in outcome.err
    assert sorted(path.name for path in tmp_path.glob("mine*")) == ["mine"]
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear office"


def test_a_study_without_a_run_is_told_to_run_first(tiny, command, tmp_path):
    words = ("share", "package", tiny.save(), "--raw", tiny.raw, "--processed", tiny.processed)
    outcome = command(*words, "--out", tmp_path / "x")
    assert outcome.code == BAD_STORE
    again = f"spatial run {tiny.file} --raw {tiny.raw} --processed {tiny.processed}"
    assert outcome.err.endswith(f"{again}\n")


def test_a_disk_that_fills_up_leaves_the_package_of_before(shared, sharing, monkeypatch):
    before, zipped = _content(shared), shared.with_name("tiny-internal.zip").read_bytes()
    written = iter(range(10))

    def full(self, content):
        if next(written) >= 5:
            raise OSError(28, "No space left on device")
        with self.open("wb") as file:
            return file.write(content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="the disk is full"):
        _package(sharing, shared)
    monkeypatch.undo()
    assert _content(shared) == before
    assert shared.with_name("tiny-internal.zip").read_bytes() == zipped
    assert sorted(path.name for path in shared.parent.iterdir()) == ["tiny-internal", "tiny-internal.zip"]


def test_a_real_full_or_read_only_disk_is_named_and_nothing_is_left(tiny_done, command, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ("share", "package", tiny_done.save(), "--raw", tiny_done.raw, "--processed", tiny_done.processed)
    for options, said in (("size=40k", "the disk is full"), ("ro,size=1m", "read-only")):
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        mounted = subprocess.run(mount, capture_output=True, check=False)
        if mounted.returncode != 0:
            pytest.skip(f"reason: mounting is not allowed here: {mounted.stderr.decode().strip()}")
        try:
            outcome = command(*words, "--out", disk / "tiny")
            assert outcome.code == BAD_STORE, outcome
            assert said in outcome.err
            assert "--out" in outcome.err or said == "the disk is full"
            assert list(disk.iterdir()) == []
        finally:
            subprocess.run(["umount", disk], check=True)


def test_a_gdal_without_a_driver_is_named_before_any_work(tiny_done, tmp_path, monkeypatch):
    monkeypatch.setattr(packages.pyogrio, "list_drivers", lambda **_how: {"FlatGeobuf": "rw"})
    with pytest.raises(StoreError, match=r"writes no PMTiles; leave --also pmtiles out"):
        _package(tiny_done, tmp_path / "out" / "x", also=("pmtiles",))
    assert not (tmp_path / "out").exists()


def test_a_column_of_the_users_own_called_bbox_stays_theirs(tiny_done, tmp_path):
    results = read_results(tiny_done.processed / "tiny")
    frame = packages.shared_frame(results.settlements.assign(bbox="mine"))
    packages.write_forms(tmp_path, "settlements", frame, {}, Words("en", "sharing"), also=())
    assert set(gpd.read_parquet(tmp_path / "tables" / "settlements.parquet")["bbox"]) == {"mine"}


def test_parquet_says_what_columns_are_in_the_language_of_the_records_and_keeps_units_as_codes(tiny_done, tmp_path):
    frame = packages.shared_frame(read_results(tiny_done.processed / "tiny").access)
    packages.write_forms(tmp_path, "access", frame, {}, Words("zh", "sharing"), also=())
    said = pq.read_schema(tmp_path / "tables" / "access.parquet").field("travel_time_min").metadata
    assert said[b"title"].decode() == "出行时间"
    assert not said[b"description"].decode().isascii()
    assert said[b"unit"] == b"min"


def test_rows_without_a_place_come_last_and_lists_are_json():
    frame = gpd.GeoDataFrame(
        {"a": [1, 2, 3], "of": [[1.0, 2.0], [], [3.0]]},
        geometry=gpd.points_from_xy([5e5, np.nan, 4e5], [9e6, np.nan, 9e6]),
        crs="EPSG:32738",
    )
    frame.loc[1, "geometry"] = None
    made = packages.shared_frame(frame)
    assert made["a"].iloc[-1] == 2
    assert set(made["of"]) == {"[1.0, 2.0]", "[]", "[3.0]"}


KILLED = """
import os, signal, sys
from spatial import store
from spatial.sharing import package
from spatial.stages.share import share_package
from spatial.store import work_folder
from spatial.results import read_results
from spatial.study import Study

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

study, folder = Study.from_toml(sys.argv[1], raw=sys.argv[2]), store.Path(sys.argv[4])
if sys.argv[5] == "while it is written":
    package.ro_crate = die
else:  # the old one is put aside, and the new one not yet in its place
    replace = store.Path.replace
    store.Path.replace = lambda path, to: die() if path.name == "new" else replace(path, to)
list(share_package(study, read_results(sys.argv[3]), folder))
"""


WHILE_WRITTEN = pytest.param("while it is written", marks=pytest.mark.trial)


@pytest.mark.parametrize("when", [WHILE_WRITTEN, "between the old and the new"])
def test_a_killed_package_leaves_the_old_one_and_the_next_clears_it_away(tiny_done, when):
    folder = _package(tiny_done, tiny_done.folder / "out" / "x")
    before = _content(folder)
    (folder.parent / ".spatial-other-abcdefgh").mkdir()  # the work of somebody else
    arguments = [tiny_done.save(), tiny_done.raw, tiny_done.processed / "tiny", folder, when]
    killed = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = [path.name for path in folder.parent.iterdir() if path.name.startswith(".spatial-x-")]
    assert len(left) == 1
    assert folder.exists() is (when == "while it is written")
    with work_folder(folder.parent, "x") as held:  # the next one begins: the old one is there again
        assert _content(folder) == before
        assert _content(_package(tiny_done, folder)) == before
        assert held.exists()  # what is still at work is nobody's to clear away
    names = sorted(path.name for path in folder.parent.iterdir())
    assert names == [".spatial-other-abcdefgh", "x", "x.zip"]


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_the_first_page_tells_of_people_and_of_a_catalogue_of_rasters_where_there_are_any(language):
    people = {"places": 2, "places_without_population": 2, "persons": None}
    bases = [basis_of("listed", {"population": told}) for told in (people, people | {"persons": 5.0})]
    assert bases == ["none", "listed"]
    told = {}
    for basis, path in zip(bases, ("tables/a.parquet", "rasters/a.tif"), strict=True):
        meta = PackageMeta(
            "a", {"en": "A"}, dt.date(2026, 1, 1), "internal", [language], [], {language: []}, population_basis=basis
        )
        told[basis] = first_page([SharedFile(path, "a", "b")], meta).decode("utf-8")
    said = {key: Words(language, "qgis").say("project", f"basis_{key}") for key in bases}
    assert ("stac/" in told["none"], "stac/" in told["listed"]) == (False, True)
    assert said["none"] in told["none"]
    assert said["listed"] not in told["none"]
    assert "basis_" not in told["none"]
