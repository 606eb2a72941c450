"""Any input gets a frame that keeps its rows, or an error of the package: never a crash, never a silent change."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import ContractError, SpatialError
from spatial.formats.delimited import read_delimited
from spatial.formats.files import describe
from spatial.formats.raster import read_elevation, read_grid, read_population
from spatial.georef.datums import CHINA, from_wgs84, to_wgs84
from spatial.inputs.user_tables import as_settlements, facilities_from_table, read_table, settlements_from_table
from spatial.study import TableSource
from tests.effort import tried

SOURCE = TableSource(path="own.csv", crs="EPSG:4326")

# what a cell may hold: no NUL (refused as no text), no lone surrogates (no UTF-8), and no blank line by itself
CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=8).filter(
    lambda text: text == text.strip() and text != "\ufeff"
)
NUMBERS = st.floats(0, 1e9, allow_nan=False)
DEGREES_METRES = 111_320.0


def _csv(folder: str, header: list[str], rows: list[list[str]], *, encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    path = Path(folder) / "own.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_every_text_survives_a_csv_in_any_encoding(rows: list[list[str]], encoding: str) -> None:
    rows = [[f"r{number}", *row] for number, row in enumerate(rows)]
    with tempfile.TemporaryDirectory() as folder:
        declared = "utf-8" if encoding == "utf-8-sig" else encoding
        frame = read_delimited(_csv(folder, ["id", "a", "b"], rows, encoding=encoding), encoding=declared)
    assert frame.fillna("").to_numpy().tolist() == rows


@given(st.lists(st.tuples(NUMBERS, st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=6))
def test_numbers_and_places_of_a_valid_table_are_read_exactly(rows: list[tuple[float, float, float]]) -> None:
    cells = [[f"s{n}", "village", repr(people), repr(x), repr(y)] for n, (people, x, y) in enumerate(rows)]
    with tempfile.TemporaryDirectory() as folder:
        header = ["settlement_id", "tier", "population_persons", "longitude", "latitude"]
        # A point before three digits may set thousands apart, unless the source says what it is.
        frame = settlements_from_table(
            _csv(folder, header, cells), TableSource(path="own.csv", crs="EPSG:4326", decimal=".")
        )
    assert frame["population_persons"].tolist() == [people for people, _, _ in rows]
    assert [(p.x, p.y) for p in frame.geometry] == [(x, y) for _, x, y in rows]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "", "d", "e"]),
            st.sampled_from(["village", "town", "", "metropolis"]),
            st.sampled_from(["5", "-5", "", "many", "1e3", "nan", "inf"]),
            st.sampled_from(["103.5", "", "x", "400000", "inf"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_bad_row_is_refused_by_name_and_a_good_table_is_not(rows: list[tuple[str, str, str, str]]) -> None:
    cells = [[*row, "30.5"] for row in rows]
    ids = [row[0] for row in rows]
    fine = all(row[1] in {"village", "town"} and row[2] in {"5", "1e3"} and row[3] == "103.5" for row in rows)
    fine = fine and "" not in ids and len(set(ids)) == len(ids)
    with tempfile.TemporaryDirectory() as folder:
        header = ["settlement_id", "tier", "population_persons", "longitude", "latitude"]
        path = _csv(folder, header, cells)
        if fine:
            assert len(settlements_from_table(path, SOURCE)) == len(rows)
        else:
            with pytest.raises(ContractError, match=r"settlements .*own\.csv: \d+ problem"):
                settlements_from_table(path, SOURCE)


@tried(150)
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [b"", b"SQLite format 3\x00", b"fgb\x03fgb\x00", b"PAR1", b"\x00\x00\x27\x0a", b"{", codecs.BOM_UTF8]
    ),
    st.sampled_from([".csv", ".gpkg", ".geojson", ".shp", ".fgb", ".parquet", ".tsv"]),
)
def test_any_bytes_under_any_name_give_an_error_of_ours_or_a_table(body: bytes, magic: bytes, ending: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"own{ending}"
        path.write_bytes(magic + body)
        if ending == ".shp":
            for part in (".shx", ".dbf"):
                path.with_suffix(part).write_bytes(body)
        for read in (read_table, _facilities):
            try:
                assert len(read(path)) > 0
            except SpatialError as error:
                assert "own" in str(error)  # noqa: PT017 - either outcome is right


def _facilities(path: Path) -> gpd.GeoDataFrame:
    return facilities_from_table(path, TableSource(path=path.name, crs="EPSG:4326", service="school"))


@tried(60)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"II*\x00", b"MM\x00*", b"PK\x03\x04"]),
    st.sampled_from(["p.tif", "S12E043.hgt.zip", "S12E043.hgt"]),
)
def test_any_bytes_as_a_raster_give_an_error_of_ours(body: bytes, magic: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(magic + body)
        with pytest.raises(SpatialError, match=name.split(".", maxsplit=1)[0]):
            read_elevation(path)


@tried(60)
@given(
    st.lists(st.one_of(st.floats(0, 1e6, width=32), st.sampled_from([-99999.0, -9999.0, -3.0])), min_size=4, max_size=4)
)
def test_people_of_a_raster_are_kept_counted_or_refused(cells: list[float]) -> None:
    values = np.array(cells, dtype="float32").reshape(2, 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.tif"
        place = Affine(0.1, 0, 10, 0, -0.1, 5)
        profile: dict[str, Any] = {"driver": "GTiff", "height": 2, "width": 2, "count": 1, "dtype": "float32"}
        with rasterio.open(path, "w", crs="EPSG:4326", transform=place, **profile) as target:
            target.write(values, 1)
        people = values[values >= 0]
        if (values == -3.0).any() or not people.size:
            with pytest.raises(SpatialError, match=r"p\.tif"):
                read_population(path)
            return
        reading = read_population(path)
    assert reading.raster.total == pytest.approx(people.astype("float64").sum(), rel=1e-12)
    assert reading.nodata_cells == sum(reading.sentinels.values()) == 4 - people.size


@tried(40)
@given(st.data())
def test_splitting_a_raster_into_tiles_changes_nothing(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(2, 6)), data.draw(st.integers(2, 6))
    cut = data.draw(st.integers(1, columns - 1))
    values = np.arange(float(rows * columns)).reshape(rows, columns)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, (start, part) in enumerate([(0, values[:, :cut]), (cut, values[:, cut:])]):
            paths.append(Path(folder) / f"{number}.tif")
            place = Affine(0.1, 0, 10 + 0.1 * start, 0, -0.1, 5)
            profile: dict[str, Any] = {"driver": "GTiff", "height": rows, "width": part.shape[1], "count": 1}
            with rasterio.open(paths[-1], "w", dtype="float64", crs="EPSG:4326", transform=place, **profile) as target:
                target.write(part, 1)
        order = data.draw(st.permutations(paths))
        raster = read_grid(order).raster
    np.testing.assert_array_equal(raster.values, values)
    assert raster.transform.c == pytest.approx(10.0)


@given(st.floats(CHINA[0] + 1, CHINA[2] - 1), st.floats(CHINA[1] + 1, CHINA[3] - 1), st.sampled_from(["gcj02", "bd09"]))
def test_shifted_coordinates_come_back_to_within_a_millimetre(x: float, y: float, datum: Any) -> None:
    there = from_wgs84(x, y, datum=datum)
    back_x, back_y = to_wgs84(*there, datum=datum)
    assert abs(back_x[0] - x) * DEGREES_METRES < 1e-3
    assert abs(back_y[0] - y) * DEGREES_METRES < 1e-3


@given(st.permutations(range(5)), st.lists(NUMBERS, min_size=5, max_size=5))
def test_row_order_of_an_adopted_frame_does_not_matter(order: list[int], people: list[float]) -> None:
    points = gpd.points_from_xy(range(5), range(5))
    frame = gpd.GeoDataFrame({"code": list("abcde"), "people": people}, geometry=points, crs="EPSG:32648")
    options = {"id": "code", "population": "people", "tier": "village"}
    straight = as_settlements(frame, **options)
    shuffled = as_settlements(frame.iloc[order], **options).sort_values("settlement_id", ignore_index=True)
    assert shuffled.equals(straight)


@tried(60)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f'[[file]]\npath = "{text}"\n'.encode()))
def test_any_description_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "source.toml").write_bytes(content)
        try:
            record = describe(Path(folder), "p.tif", project_raw=Path(folder))
        except SpatialError as error:
            assert "source.toml" in str(error)  # noqa: PT017 - either outcome is right
        else:
            assert record is None or record.path == "p.tif"


@tried(25)
@given(st.binary(max_size=100), st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8))
def test_a_zip_of_anything_but_the_tile_is_refused(body: bytes, member: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "S12E043.hgt.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{member}.hgt", body)
        with pytest.raises(SpatialError, match="S12E043"):
            read_elevation(path)
