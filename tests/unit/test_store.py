"""The store writes whole files or none, and says what stands in the way."""

import csv
import dataclasses
import os
import pickle
import random
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine
from geopandas.testing import assert_geodataframe_equal
from pyproj import CRS

from spatial.errors import ContractError, StoreError
from spatial.rasters import Raster
from spatial.results import read_results
from spatial.store import (
    CATEGORIES,
    GROUP_ROWS,
    LOCK_NAME,
    Artifact,
    Store,
    _read_table,
    body_of,
    keep_changed,
    locked,
    remove_leftovers,
    replace,
    replace_files,
    sha256_of,
    write_table,
)
from spatial.tables import TABLES
from spatial.tables.contract import Field, Form, GeometryKind, Kind, Sharing, Table, breaches, keeps
from tests.effort import SEED


def _counts(number: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame({"source": ["osm"], "item": ["roads"], "number": [number]})


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = sha256_of(store.write("counts", _counts()))
    assert sha256_of(store.write("counts", _counts())) == first


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    area = gpd.GeoDataFrame(
        {"area_id": ["a"], "name": ["A"]}, geometry=gpd.points_from_xy([5e5], [9e6]).buffer(9), crs="EPSG:32738"
    )
    store.write("study_area", area)
    back = store.read("study_area")
    assert isinstance(back, gpd.GeoDataFrame)
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(area))
    assert back.crs == area.crs


def test_what_follows_from_a_table_is_made_once_until_the_table_changes(tmp_path: Path) -> None:
    store = Store(tmp_path, keeps=True)

    def total() -> float:
        table = store.read("counts")
        assert isinstance(table, pd.DataFrame)
        return store.derived(("counts",), "total", lambda: next(totals)) + table["number"].sum()

    totals = iter([10.0, 20.0, 30.0])
    store.write("counts", _counts(1.0))
    assert [total(), total()] == [11.0, 11.0]  # 10 is taken once
    store.write("counts", _counts(2.0))
    assert [total(), total()] == [22.0, 22.0]
    # What is not kept may be another one when it is read again: so are tables without some rows, and those let go of.
    bare, kept = Store(tmp_path), Store(tmp_path, keeps=True)
    kept.read("counts", ("item!=roads",))
    totals = iter([30.0, 40.0, 50.0])
    assert [one.derived(("counts",), "total", lambda: next(totals)) for one in (bare, kept)] == [30.0, 40.0]
    store.keep_only({"roads"})
    assert total() == 52.0


def test_a_table_is_read_as_geopandas_reads_it(tmp_path: Path) -> None:
    lines = gpd.GeoDataFrame(
        {
            "road_id": pd.Series(["w1", None], dtype="str"),
            "middle": gpd.GeoSeries(gpd.points_from_xy([0, 1], [0, 1]), crs="EPSG:4326"),
            "nodes": [[1, 2], [3]],
            "geometry": gpd.GeoSeries.from_wkt(["LINESTRING Z (0 0 1, 1 1 2)", None], crs="EPSG:4490"),
            "lanes": pd.array([2, 3], dtype="int32"),
        },
        index=pd.Index([7, 9], name="row"),
    ).set_geometry("geometry")
    lines.attrs = {"shifted_from": "gcj02"}
    file = tmp_path / "lines.parquet"
    for known in (lines, lines.set_crs(None, allow_override=True)):
        known.to_parquet(file)
        expected, found = gpd.read_parquet(file), _read_table(file)
        assert_geodataframe_equal(found, expected)
        assert (found.attrs, found.crs, found["middle"].crs) == (expected.attrs, expected.crs, expected["middle"].crs)


@pytest.mark.parametrize("keeps", [False, True])
def test_columns_and_rows_that_are_asked_for_are_read_alone(tmp_path: Path, *, keeps: bool) -> None:
    store = Store(tmp_path, keeps=keeps)
    counts = pd.DataFrame({"source": ["osm", "list", "osm"], "item": ["a", "b", "c"], "number": [1.0, 2.0, 3.0]})
    store.write("counts", counts)
    asked = ("number", "source!=list", "item", "unheard_of")
    for _ in range(2):  # from the file, then what is kept of it
        pd.testing.assert_frame_equal(
            store.read("counts", asked), pd.DataFrame({"item": ["a", "c"], "number": [1.0, 3.0]})
        )
        assert store.read("counts", ("source!=osm",)).to_numpy().tolist() == [["list", "b", 2.0]]
        # Texts as categories, in the order of texts and not in that in which they come.
        coded = store.read("counts", ("source", "number", CATEGORIES, "item!=b"))
        assert coded.astype({"source": "str"}).to_numpy().tolist() == [["osm", 1.0], ["osm", 3.0]]
        assert store.read("counts", ("source", CATEGORIES))["source"].cat.codes.tolist() == [1, 0, 1]
    assert (store.rows_of("counts"), store.rows_of("roads")) == (3, 0)
    pd.testing.assert_frame_equal(store.read("counts"), counts)


def test_a_table_that_is_written_in_pieces_has_the_bytes_of_a_whole_one(tmp_path: Path, monkeypatch) -> None:
    assert GROUP_ROWS == 1_048_576  # that of Parquet itself
    monkeypatch.setattr("spatial.store.GROUP_ROWS", 1000)
    rows = 1003
    name = pd.Series(np.arange(rows), dtype="str").where(np.arange(rows) % 7 > 0)
    place = gpd.GeoDataFrame(
        {"name": name, "value": np.arange(rows, dtype=np.float64)}, geometry=gpd.points_from_xy(range(rows), [0] * rows)
    )
    for whole in (place, pd.DataFrame(place.drop(columns="geometry"))):
        file = tmp_path / "pieces.parquet"
        write_table(file, "no_table", whole, {})
        with pd.option_context("mode.string_storage", "python"):  # as a run holds texts
            frame = whole.astype({"name": "str"})
        frame.to_parquet(tmp_path / "whole.parquet", index=False, compression="zstd", row_group_size=1000)
        assert pq.read_metadata(file).num_row_groups == 2
        assert file.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_raster_comes_back_as_it_was_with_its_total(tmp_path: Path) -> None:
    store = Store(tmp_path)
    raster = Raster(np.array([[1.5, np.nan], [0.25, 4.0]]), Affine(0.1, 0, 43, 0, -0.1, -11), CRS.from_epsg(4326))
    store.write("population", raster)
    back = store.read("population")
    assert isinstance(back, Raster)
    np.testing.assert_array_equal(back.values, raster.values)
    assert back.total == 5.75  # 1.5 + 0.25 + 4
    assert back.transform == raster.transform


def test_a_table_that_breaks_its_contract_leaves_the_old_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = sha256_of(store.write("counts", _counts()))
    with pytest.raises(ContractError, match="number"):
        store.write("counts", _counts(-1.0))
    assert sha256_of(tmp_path / "counts.parquet") == before
    assert [path.name for path in tmp_path.iterdir()] == ["counts.parquet"]


def test_a_failed_block_leaves_neither_a_new_nor_a_temporary_file(tmp_path: Path) -> None:
    def interrupted() -> None:
        with replace(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("is_new", [True, False])
def test_files_that_belong_together_take_their_places_together(tmp_path: Path, *, is_new: bool) -> None:
    folder = tmp_path / "out"
    if not is_new:
        folder.mkdir()
        (folder / "a.txt").write_text("old")

    def interrupted() -> None:
        with replace_files(folder) as new:
            (new / "a.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert {path.name for path in tmp_path.rglob("*")} == (set() if is_new else {"out", "a.txt"})
    assert is_new or (folder / "a.txt").read_text() == "old"
    with replace_files(folder) as new:
        (new / "a.txt").write_text("one")
        (new / "b.txt").write_text("two")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.txt": "one", "b.txt": "two"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_in_the_way_of_files_that_belong_together_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="in the way"), replace_files(tmp_path / "out"):
        pytest.fail("nothing can be written there")


def test_who_asks_for_a_result_that_no_run_made_hears_that_the_study_may_not_ask_for_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no off_road_min; run the study first, or ask for it there: spatial run"):
        Store(tmp_path).read("off_road_min")


def test_what_a_killed_process_left_is_removed_files_and_folders_alike(tmp_path: Path) -> None:
    (tmp_path / ".spatial-half").write_text("half")
    (tmp_path / ".spatial-together").mkdir()
    (tmp_path / ".spatial-together" / "a.txt").write_text("half")
    (tmp_path / "counts.parquet").write_text("whole")
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["counts.parquet"]


def test_two_runs_on_one_folder_are_refused_and_the_first_one_is_named(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from spatial.store import locked\nwith locked(Path({str(tmp_path)!r})): input()"
    first = subprocess.Popen([sys.executable, "-c", code, "run", "a.toml"], stdin=subprocess.PIPE)
    try:
        while not (tmp_path / LOCK_NAME).is_file() or not (tmp_path / LOCK_NAME).stat().st_size:
            time.sleep(0.01)
        named = rf"another run is writing here \(process {first.pid} on .*, since 20.*: -c run a\.toml\); wait for it"
        with pytest.raises(StoreError, match=named), locked(tmp_path):
            pass
    finally:
        first.communicate(b"\n")
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("number", [2**22 - 1, os.getppid()], ids=["of no process", "of another program"])
def test_a_lock_that_was_left_holds_nothing_whoever_has_its_number_now(tmp_path: Path, number: int) -> None:
    (tmp_path / LOCK_NAME).write_text(f"process {number} on here, since 2026-01-01 00:00:00: spatial run\n")
    with locked(tmp_path):
        assert f"process {os.getpid()} on " in (tmp_path / LOCK_NAME).read_text()


def test_no_bit_of_a_table_can_change_without_being_found_by_whoever_reads_the_results(tiny_done) -> None:
    folder, rng = tiny_done.processed / "tiny", random.Random(SEED)  # noqa: S311 - a sample, no secret
    names = sorted(path.stem for path in folder.glob("*.parquet"))
    for _ in range(40):
        name = rng.choice(names)
        path = folder / f"{name}.parquet"
        whole = path.read_bytes()
        position = rng.randrange(len(whole))
        path.unlink()  # others share the file
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << rng.randrange(8)]) + whole[position + 1 :])
        with pytest.raises(StoreError, match="is not what the last finished run made"):
            getattr(read_results(folder), name)
        path.write_bytes(whole)
    assert len(read_results(folder).settlements) == 8


def test_a_raster_on_a_disk_that_is_full_at_its_last_byte_is_not_there(tmp_path: Path, file_limit) -> None:
    raster = Raster(np.arange(3600.0).reshape(60, 60), Affine(0.1, 0, 43, 0, -0.1, -11), CRS.from_epsg(4326))
    size = Store(tmp_path).write("elevation", raster).stat().st_size
    (tmp_path / "elevation.tif").unlink()
    with file_limit(size - 1), pytest.raises(StoreError, match="largest size of a file"):
        Store(tmp_path).write("elevation", raster)
    assert list(tmp_path.iterdir()) == []


def test_what_is_let_go_of_makes_room_for_what_is_read_later(tmp_path, monkeypatch):
    store = Store(tmp_path, keeps=True)
    for name in ("first", "second"):
        store.write(name, pd.DataFrame({"x": [1.0, 2.0]}))
    monkeypatch.setattr("spatial.store.KEPT_BYTES", store.path_of("first").stat().st_size)
    made = iter(range(10))

    def derived(name: str) -> int:
        store.read(name)
        return store.derived([name], "sum", lambda: next(made))

    assert [derived("first"), derived("first"), derived("second"), derived("second")] == [0, 0, 1, 2]
    store.keep_only({"second"})
    assert [derived("second"), derived("second")] == [3, 3]


def test_blocks_are_averaged_alike_in_memory_and_from_strips_of_the_file(tmp_path, monkeypatch):
    cells = np.random.default_rng(3).uniform(0.0, 900.0, (61, 47))
    cells[10, 20] = np.nan
    raster = Raster(cells, Affine(0.1, 0, 43, 0, -0.1, -11), CRS.from_epsg(4326))
    store = Store(tmp_path, keeps=True)
    store.write("elevation", raster)
    monkeypatch.setattr("spatial.rasters.STRIP_CELLS", 47 * 8)  # seven rows a strip
    part = slice(2, 60), slice(5, 200)
    expected = cells[2:60, 5:47][:57, :42].reshape(19, 3, 14, 3).mean(axis=(1, 3))
    assert np.isnan(expected).sum() == 1
    for one in (raster, store.read("elevation")):
        assert one.shape == (61, 47)
        np.testing.assert_allclose(one.block_means(*part, 3), expected, rtol=1e-15)
    unread = store.read("elevation")
    np.testing.assert_array_equal(unread.block_means(*part, 1), cells[part])
    assert "values" not in vars(unread)
    assert raster.block_means(slice(0, 61), slice(50, 60), 2).shape == (30, 0)
    assert repr(unread) == repr(dataclasses.replace(raster, name="elevation"))


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "processed").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="in the way"):
        Store(tmp_path / "processed" / "x").write("counts", _counts())


def test_a_full_disk_is_named_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="disk is full"):
        Store(tmp_path).write_file(Artifact("a.bin", b"x" * 100))
    assert list(tmp_path.iterdir()) == []


def test_an_artifact_cannot_leave_its_folder() -> None:
    with pytest.raises(StoreError, match="inside the output folder"):
        Artifact("../evil.html", b"")


def test_a_damaged_table_is_named_with_its_remedy(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.write("counts", _counts())
    path.write_bytes(b"no raster")
    with pytest.raises(StoreError, match=r"damaged.*delete it"):
        store.read("counts")


def test_column_units_are_in_the_parquet_file(tmp_path: Path) -> None:
    account = pd.DataFrame({"item": ["allocated"], "persons": [1.0], "cells": [1.0], "detail": [""]})
    schema = pq.read_schema(Store(tmp_path).write("population_account", account))
    assert schema.field("persons").metadata[b"unit"] == b"persons"


def test_a_kept_raster_is_read_when_it_is_looked_at_and_nobody_changes_it_for_others(tmp_path: Path) -> None:
    store = Store(tmp_path, keeps=True)
    store.write("elevation", _two_cells())
    lent = store.read("elevation")
    assert isinstance(lent, Raster)
    lent.values[0, 0] = 7.0
    assert dataclasses.replace(lent, name="changed").values.tolist() == [[7.0, 1.0]]
    # Whoever reads it next has it as it was, in another process too.
    assert pickle.loads(pickle.dumps(store.read("elevation"))).values.tolist() == [[1.0, 1.0]]  # noqa: S301 - packed here
    late = Store(tmp_path, keeps=True).read("elevation")
    path = tmp_path / "elevation.tif"
    path.write_bytes(b"no raster")
    with pytest.raises(StoreError, match=r"elevation\.tif: another run wrote it again meanwhile"):
        _ = late.values


def test_a_raster_that_is_damaged_when_it_is_looked_at_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).write("elevation", _two_cells())
    late = Store(tmp_path, keeps=True).read("elevation")
    assert isinstance(late, Raster)
    damaged = rasterio.errors.RasterioIOError("no raster")
    monkeypatch.setattr("rasterio.open", lambda _: (_ for _ in ()).throw(damaged))
    with pytest.raises(StoreError, match=r"damaged.*delete it"):
        _ = late.values


def _two_cells() -> Raster:
    return Raster(np.ones((1, 2)), Affine(0.1, 0, 43, 0, -0.1, -11), CRS.from_epsg(4326))


def test_everything_that_counts_people_says_who_is_counted(tmp_path: Path) -> None:
    store = Store(tmp_path, "registered")
    account = pd.DataFrame({"item": ["allocated"], "persons": [1.0], "cells": [1.0], "detail": [""]})
    metadata = pq.read_schema(store.write("population_account", account)).metadata
    assert metadata[b"population_basis"] == b"registered"
    assert b"pandas" in metadata
    assert b"population_basis" not in pq.read_schema(store.write("counts", _counts())).metadata
    with rasterio.open(store.write("population", _two_cells())) as file:
        assert file.tags()["population_basis"] == "registered"
    with rasterio.open(store.write("elevation", _two_cells())) as file:
        assert "population_basis" not in file.tags()


def test_every_table_with_a_column_of_people_is_known_to_count_them() -> None:
    for name, table in TABLES.items():
        named = [field.name for field in table.fields if "person" in field.name]
        assert table.counts_people or not named, name


def test_the_files_of_the_dictionary_say_what_fields_and_tables_know() -> None:
    for table in TABLES.values():
        assert table.geometry in {None, *get_args(GeometryKind)}, table.name
        assert {field.kind for field in table.fields} <= {*get_args(Kind)}, table.name
        assert {field.shown for field in table.fields} <= {None, *get_args(Form)}, table.name
        assert set(table.key) <= {field.name for field in table.fields}, table.name
    folder = files("spatial.tables")
    columns = list(csv.DictReader(folder.joinpath("columns.csv").read_text("utf-8").splitlines()))
    assert {name for row in columns for name in row["tables"].split()} == set(TABLES)
    assert {mark for row in columns for mark in row["marks"].split()} <= {
        "optional",
        "nullable",
        "unique",
        *get_args(Sharing),
    }
    tables = list(csv.DictReader(folder.joinpath("tables.csv").read_text("utf-8").splitlines()))
    assert {mark for row in tables for mark in row["marks"].split()} <= {
        "strict",
        "may_lack_geometry",
        *get_args(Sharing),
    }


PLAIN = Table(
    "villages",
    "Villages",
    ("village_id",),
    None,
    (
        Field("village_id", "text", "Village", unique=True),
        Field("kind", "text", "Kind", values=("far", "near"), nullable=True),
        Field("served_share", "number", "Served", nullable=True, minimum=0.0, maximum=1.0),
        Field("ways_number", "whole", "Ways", minimum=0.0),
        Field("is_dry", "flag", "Dry"),
        Field("note", "text", "Note", required=False),
    ),
)


def villages(**columns: object) -> pd.DataFrame:
    values = {
        "village_id": pd.Series(["a", "b"], dtype="str"),
        "kind": pd.Series(["far", None], dtype="str"),
        "served_share": [0.0, np.nan],
        "ways_number": [0, 3],
        "is_dry": [True, False],
    }
    return pd.DataFrame(values | columns)


def test_a_frame_without_faults_is_told_without_the_report() -> None:
    assert keeps(PLAIN, villages())
    assert breaches(PLAIN, villages()) == []
    assert keeps(PLAIN, villages(served_share=[1.0, 0.5], note=["x", "y"]))  # 1 is within 0 to 1


@pytest.mark.parametrize(
    "fault",
    [
        {"village_id": ["a", "a"]},
        {"village_id": pd.Series(["a", None], dtype="str")},
        {"kind": ["far", "remote"]},
        {"served_share": [0.0, 1.0001]},
        {"served_share": [-0.0001, 1.0]},
        {"served_share": [0, 1]},
        {"ways_number": [0.0, 3.0]},
        {"ways_number": [0, -1]},
        {"is_dry": [1, 0]},
        {"note": [1, 2]},
    ],
)
def test_whatever_the_report_finds_is_not_told_to_be_without_faults(fault) -> None:
    frame = villages(**fault)
    assert breaches(PLAIN, frame)
    assert not keeps(PLAIN, frame)
    with pytest.raises(ContractError, match=next(iter(fault))):
        PLAIN.check(frame)


def test_a_missing_column_is_told_by_name() -> None:
    with pytest.raises(ContractError, match="is_dry: the column is missing"):
        PLAIN.check(villages().drop(columns="is_dry"))


def test_a_project_that_somebody_saved_is_kept_before_the_next_takes_its_place(tmp_path):
    path = tmp_path / "tiny.qgz"
    path.write_bytes(b"as written")
    written = body_of(path)
    assert keep_changed(path, b"as written anew", written) is None
    path.write_bytes(b"saved by hand")
    os.utime(path, (1_700_000_000, 1_700_000_000))  # 14 November 2023
    kept = keep_changed(path, b"as written anew", written)
    assert kept.name == "tiny.qgz.2023-11-14.bak"
    assert kept.read_bytes() == b"saved by hand"
    assert not path.exists()
    path.write_bytes(b"saved again")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert keep_changed(path, b"as written anew", written).name == "tiny.qgz.2023-11-14-2.bak"


def test_a_geopackage_that_was_only_opened_is_not_kept(tmp_path):
    path = tmp_path / "tiny.gpkg"
    path.write_bytes(b"h" * 100 + b"rows")
    written = body_of(path)
    path.write_bytes(b"H" * 100 + b"rows")  # SQLite counts in the first 100 bytes who opened it
    assert keep_changed(path, b"h" * 100 + b"other rows", written) is None
    path.write_bytes(b"h" * 100 + b"rowz")
    assert keep_changed(path, b"h" * 100 + b"other rows", written) is not None
