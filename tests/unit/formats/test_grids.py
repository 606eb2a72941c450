"""Rasters: tiles on one grid, no data counted, people never negative, nothing resampled."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from affine import Affine

import spatial as sp
from spatial.errors import CrsError, SourceError
from spatial.formats.raster import read_elevation, read_grid, read_population

if TYPE_CHECKING:
    from pathlib import Path

TENTH = Affine(0.1, 0.0, 10.0, 0.0, -0.1, 5.0)


def _tif(path: Path, values: Any, *, transform: Affine = TENTH, crs: str | None = "EPSG:4326", **more: Any) -> Path:
    bands = np.atleast_3d(np.asarray(values)).transpose(2, 0, 1) if np.ndim(values) == 2 else np.asarray(values)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=bands.shape[1],
        width=bands.shape[2],
        count=bands.shape[0],
        dtype=bands.dtype,
        crs=crs,
        transform=transform,
        **more,
    ) as target:
        target.write(bands)
    return path


def _hgt_zip(path: Path, *, member: str, first: int = 7) -> Path:
    cells = np.zeros((1201, 1201), dtype=">i2")
    cells[0, 0], cells[-1, -1] = first, -32768
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, cells.tobytes())
    return path


def test_declared_nodata_is_missing_and_the_total_is_in_float64(tmp_path: Path) -> None:
    path = _tif(tmp_path / "p.tif", np.array([[0.1, -1], [0.2, 3]], dtype="float32"), nodata=-1)
    reading = read_population(path)
    # in float64 of the file's float32 values
    assert reading.raster.total == float(np.float32(0.1)) + float(np.float32(0.2)) + 3.0
    assert (reading.cells, reading.nodata_cells, reading.sentinels) == (4, 1, {})
    assert reading.notes == ()


@pytest.mark.parametrize("name", ["gpw_v4_population_density_2020", "com_pd_2020_1km", "人口密度"])
def test_people_by_area_are_no_people_of_cells(tmp_path: Path, name: str) -> None:
    # 12 people a km2 in cells of 100 km2 are 1,200 people, not 12.
    path = _tif(tmp_path / f"{name}.tif", np.array([[12, 1], [2, 3]], dtype="float32"))
    with pytest.raises(SourceError, match=f"'{name}' speaks of people by area"):
        read_population(path)
    counts = path.rename(tmp_path / "residents_per_pixel_ppp_2020.tif")
    assert read_population(counts).raster.total == 18.0
    with rasterio.open(counts, "r+") as target:
        target.set_band_unit(1, "persons/km²")
    with pytest.raises(SourceError, match="'persons/km²' speaks"):
        read_population(counts)
    (layer,) = sp.inspect_file(counts.rename(tmp_path / "population.tif"), raw=tmp_path).layers
    assert layer.proposal is None


def test_undeclared_sentinel_is_missing_and_counted(tmp_path: Path) -> None:
    path = _tif(tmp_path / "p.tif", np.array([[-99999, 1], [2, -99999]], dtype="float32"))
    reading = read_population(path)
    assert reading.raster.total == 3.0
    assert reading.sentinels == {-99999.0: 2}
    assert "2 cells hold -99999, which no file declares as nodata" in reading.notes[0].detail


@pytest.mark.parametrize(("kind", "highest"), [("uint16", 65535), ("int32", 2147483647), ("uint32", 4294967295)])
def test_highest_number_of_whole_cells_is_a_sentinel_too(tmp_path: Path, kind: str, highest: int) -> None:
    reading = read_population(_tif(tmp_path / "p.tif", np.array([[highest, 1], [2, 65534]], dtype=kind)))
    assert reading.raster.total == 65537.0
    assert f"1 cell holds {highest}, which no file declares as nodata" in reading.notes[0].detail


def test_lowest_float_is_a_sentinel_too(tmp_path: Path) -> None:
    lowest = np.finfo("float32").min
    path = _tif(tmp_path / "p.tif", np.array([[lowest, 1]], dtype="float32"))
    assert read_population(path).raster.total == 1.0


def test_nodata_of_the_study_counts_beside_that_of_the_file(tmp_path: Path) -> None:
    path = _tif(tmp_path / "p.tif", np.array([[-7, 255, 4]], dtype="float32"), nodata=-7)
    assert read_population(path, nodata=255).raster.total == 4.0


def test_scale_and_offset_of_the_file_are_applied(tmp_path: Path) -> None:
    path = _tif(tmp_path / "p.tif", np.array([[10, 20, 255]], dtype="uint8"), nodata=255)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.5,), (1.0,)
    # 10 * 0.5 + 1 = 6 and 20 * 0.5 + 1 = 11
    assert read_grid(path).raster.values[0, :2].tolist() == [6.0, 11.0]
    assert read_population(path).nodata_cells == 1


def test_names_of_any_script_and_links_are_fine(tmp_path: Path) -> None:
    stored = _tif(tmp_path / "人口", np.array([[1.0]]))
    (tmp_path / "人口.tif").symlink_to(stored)
    assert read_population(tmp_path / "人口.tif").raster.total == 1.0


def test_negative_people_are_refused_with_their_place(tmp_path: Path) -> None:
    path = _tif(tmp_path / "p.tif", np.array([[1, 2], [3, -5]], dtype="float32"))
    with pytest.raises(SourceError, match=r"p\.tif: negative people in 1 cell\(s\), such as -5 at row 1, column 1"):
        read_population(path)


def test_infinite_cells_and_empty_rasters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="1 cells are infinite"):
        read_population(_tif(tmp_path / "p.tif", np.array([[np.inf, 1]], dtype="float32")))
    with pytest.raises(SourceError, match="no cell holds data"):
        read_population(_tif(tmp_path / "q.tif", np.array([[-9999, -9999]], dtype="int32")))


def test_tiles_are_joined_on_their_grid(tmp_path: Path) -> None:
    left = _tif(tmp_path / "l.tif", np.array([[1.0], [2.0]]))
    # two cells to the right and one down: the cells between and around are in no tile
    right = _tif(tmp_path / "r.tif", np.array([[3.0]]), transform=Affine(0.1, 0, 10.2, 0, -0.1, 4.9))
    raster = read_grid([right, left]).raster
    expected = [[1.0, np.nan, np.nan], [2.0, np.nan, 3.0]]
    np.testing.assert_array_equal(raster.values, expected)
    assert (raster.transform.c, raster.transform.f) == pytest.approx((10.0, 5.0))


def test_order_of_tiles_only_decides_overlaps(tmp_path: Path) -> None:
    one = _tif(tmp_path / "1.tif", np.array([[1.0, 2.0]]))
    two = _tif(tmp_path / "2.tif", np.array([[9.0, 3.0]]), transform=Affine(0.1, 0, 10.1, 0, -0.1, 5.0))
    assert read_grid([one, two]).raster.values.tolist() == [[1.0, 2.0, 3.0]]
    assert read_grid([two, one]).raster.values.tolist() == [[1.0, 9.0, 3.0]]
    with pytest.raises(SourceError, match="1 cells overlap another file with other values"):
        read_population([one, two])


def test_other_grid_or_crs_is_never_resampled(tmp_path: Path) -> None:
    one = _tif(tmp_path / "1.tif", np.array([[1.0, 2.0]]))
    off = _tif(tmp_path / "2.tif", np.array([[1.0]]), transform=Affine(0.1, 0, 10.25, 0, -0.1, 5.0))
    coarse = _tif(tmp_path / "3.tif", np.array([[1.0]]), transform=Affine(0.2, 0, 10.2, 0, -0.2, 5.0))
    other = _tif(tmp_path / "4.tif", np.array([[1.0]]), crs="EPSG:32638")
    for path in (off, coarse):
        with pytest.raises(SourceError, match="do not lie on the grid"):
            read_grid([one, path])
    with pytest.raises(SourceError, match="nothing is resampled in silence"):
        read_grid([one, other])


def test_only_the_wanted_ground_of_elevation_is_kept(tmp_path: Path) -> None:
    path = _tif(tmp_path / "e.tif", np.arange(12.0).reshape(3, 4))
    # from 10.12 to 10.28 east: columns 1 and 2; from 4.85 to 4.95 north: rows 0 and 1
    reading = read_elevation(path, within=(10.12, 4.85, 10.28, 4.95))
    assert reading.raster.values.tolist() == [[1.0, 2.0], [5.0, 6.0]]
    assert (reading.raster.transform.c, reading.raster.transform.f) == pytest.approx((10.1, 5.0))
    with pytest.raises(SourceError, match="no tile touches the study area"):
        read_elevation(path, within=(50.0, 4.0, 51.0, 5.0))


def test_what_lies_north_of_the_wanted_ground_is_left_out(tmp_path: Path) -> None:
    path = _tif(tmp_path / "e.tif", np.arange(12.0).reshape(3, 4))
    # from 4.72 to 4.85 north: rows 1 and 2
    reading = read_elevation(path, within=(10.12, 4.72, 10.28, 4.85))
    assert reading.raster.values.tolist() == [[5.0, 6.0], [9.0, 10.0]]
    assert reading.raster.transform.f == pytest.approx(4.9)


def test_wanted_ground_in_degrees_is_found_in_a_projected_raster(tmp_path: Path) -> None:
    # zone 38 south: 45 E is easting 500 km; cells of 100 km from easting 400 km to 700 km
    place = Affine(100_000, 0, 400_000, 0, -100_000, 8_700_000)
    path = _tif(tmp_path / "e.tif", np.array([[1.0, 2.0, 3.0]]), transform=place, crs="EPSG:32738")
    reading = read_elevation(path, within=(45.1, -12.3, 45.2, -12.2))  # easting 511 km to 522 km
    assert reading.raster.values.tolist() == [[2.0]]


def test_heights_that_no_land_has_are_refused(tmp_path: Path) -> None:
    path = _tif(tmp_path / "e.tif", np.array([[100, 65535]], dtype="uint16"))
    with pytest.raises(SourceError, match="no height of land in metres in 1 cell"):
        read_elevation(path)
    assert read_elevation(path, nodata=65535).raster.values[0, 0] == 100.0


def test_zipped_tile_lies_where_its_name_says(tmp_path: Path) -> None:
    path = _hgt_zip(tmp_path / "S12E043.SRTMGL1.hgt.zip", member="folder/S12E043.hgt")
    raster = read_elevation(path).raster
    # the first value is that of the corner 43 E, 11 S itself: cells reach half a step beyond
    x, y = raster.cell_centres(np.array([0, 1200]), np.array([0, 1200]))
    assert list(x) == pytest.approx([43.0, 44.0])
    assert list(y) == pytest.approx([-11.0, -12.0])
    assert raster.values[0, 0] == 7.0
    assert np.isnan(raster.values[-1, -1])


def test_neighbouring_tiles_share_their_edge(tmp_path: Path) -> None:
    one = _hgt_zip(tmp_path / "S12E043.hgt.zip", member="S12E043.hgt")
    two = _hgt_zip(tmp_path / "S12E044.hgt.zip", member="S12E044.hgt", first=9)
    values = read_elevation([one, two]).raster.values
    assert values.shape == (1201, 2401)
    assert values[0, 1200] == 0.0  # of the first one named
    assert values[1200, 1200] == 0.0  # void in the first: filled from the second


def test_zip_without_the_tile_names_what_is_in_it(tmp_path: Path) -> None:
    path = _hgt_zip(tmp_path / "S12E043.hgt.zip", member="S13E043.hgt")
    with pytest.raises(SourceError, match=r"the zip does not hold S12E043\.hgt but 'S13E043\.hgt' \(1 in all\)"):
        read_elevation(path)
    with zipfile.ZipFile(tmp_path / "tile.zip", "w") as archive:
        archive.writestr("readme.txt", "none")
    with pytest.raises(SourceError, match=r"does not hold one \.hgt tile but 'readme\.txt'"):
        read_elevation(tmp_path / "tile.zip")


def test_damaged_zips_and_tiles_are_refused(tmp_path: Path) -> None:
    whole = _hgt_zip(tmp_path / "S12E043.hgt.zip", member="S12E043.hgt").read_bytes()
    cut = tmp_path / "S12E044.hgt.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="the zip is damaged or truncated"):
        read_elevation(cut)
    spoilt = tmp_path / "S12E043.spoilt.hgt.zip"
    spoilt.write_bytes(whole[:60] + b"\xff" * 40 + whole[100:])
    with pytest.raises(SourceError, match="the zip is damaged or truncated"):
        read_elevation(spoilt)
    for flags, packing, why in ((1, 8, "password"), (0, 97, "compression")):
        locked = bytearray(whole)
        for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            begin = whole.index(header) + at
            locked[begin : begin + 4] = bytes((flags, 0, packing, 0))
        other = tmp_path / f"S12E04{packing % 10}.hgt.zip"
        other.write_bytes(bytes(locked).replace(b"S12E043", other.name[:7].encode()))
        with pytest.raises(SourceError, match=f"cannot be unpacked: .*{why}.*; unpack it and give the .hgt"):
            read_elevation(other)
    short = tmp_path / "S12E045.hgt"
    short.write_bytes(b"\x00" * 1000)
    with pytest.raises(SourceError, match="1,000 bytes are no SRTM tile"):
        read_elevation(short)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>not found</html>", "this is a web page"),
        (b"", "the file is empty"),
        (b"<VRTDataset></VRTDataset>", "this is no GeoTIFF"),
        (b"II*\x00\x08\x00\x00\x00", "damaged or truncated"),
    ],
)
def test_what_is_no_geotiff_is_said_to_be_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.tif"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read_population(path)


def test_truncated_geotiff_is_refused_before_any_value_is_used(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = _tif(
        tmp_path / "p.tif", rng.uniform(0, 9, (300, 300)), compress="deflate", tiled=True, blockxsize=64, blockysize=64
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"p\.tif: the GeoTIFF is damaged or truncated"):
        read_population(path)


def test_no_crs_no_place_and_several_bands_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="no CRS"):
        read_grid(_tif(tmp_path / "1.tif", np.ones((2, 2)), crs=None))
    with pytest.raises(SourceError, match="3 bands"):
        read_grid(_tif(tmp_path / "3.tif", np.ones((3, 2, 2))))
    with pytest.raises(SourceError, match=r"the ending '\.asc' is not known"):
        read_grid(tmp_path / "p.asc")
    with pytest.raises(SourceError, match="remote files are never opened"):
        read_grid(tmp_path / "https://example.org/p.tif")
    with pytest.raises(SourceError, match="no file is named"):
        read_grid([])


@pytest.mark.data
def test_comoros_has_the_people_and_the_heights_of_its_readme(comoros: Path) -> None:
    population = read_population(comoros / "population.tif")
    assert population.raster.total == pytest.approx(869_595.0284, abs=1e-4)
    tiles = sorted(comoros.glob("*.hgt.zip"))
    karthala = read_elevation(tiles, within=(43.2, -11.95, 43.55, -11.3))
    assert np.nanmax(karthala.raster.values) == 2361.0
