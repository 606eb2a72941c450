"""Land cover from shares by class, and rasters that are brought onto one grid only where the user asks."""

import numpy as np
import pydantic
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine

from spatial.errors import ContractError, SourceError
from spatial.formats.raster import landcover_findings, read_fractions
from spatial.rasters import Raster
from spatial.study.sources import LandcoverSource
from spatial.terrain.friction import align_raster, require_aligned

CRS = pyproj.CRS("EPSG:32738")
CORNER = Affine(100, 0, 0, 0, -100, 200)
VOID = 255


@pytest.fixture
def shares(tmp_path):
    def write(name, values, transform=CORNER, nodata=VOID):
        values = np.array(values, dtype=np.uint8)
        profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:32738", "nodata": nodata}
        shape = dict(zip(("height", "width"), values.shape, strict=True))
        with rasterio.open(tmp_path / f"{name}.tif", "w", transform=transform, **profile, **shape) as file:
            file.write(values, 1)
        return tmp_path / f"{name}.tif"

    return write


def test_the_largest_share_gives_the_class_and_doubts_are_counted(shares):
    tree = shares("tree", [[60, 50, 0], [0, VOID, VOID]])
    town = shares("town", [[40, 50, 0], [80, 10, VOID]])
    reading = read_fractions({10: tree, 50: town})
    # Largest; a tie goes to the class named first; no share at all; largest; a void in one file; in all.
    expected = [[10, 10, np.nan], [50, np.nan, np.nan]]
    assert np.array_equal(reading.raster.values, expected, equal_nan=True)
    assert (reading.tied_cells, reading.partly_void_cells, reading.empty_cells) == (1, 1, 1)
    assert (reading.cells, reading.nodata_cells) == (6, 3)
    found = landcover_findings(reading, shapely.Point(0, 0))
    assert [item.kind for item in found] == ["landcover_ties", "landcover_partly_void", "landcover_empty"]
    assert found[0].detail.startswith("1 of 6 cells: two classes or more have the largest share")


def test_a_tie_that_a_larger_share_beats_is_no_tie(shares):
    files = {code: shares(str(code), [[share]]) for code, share in ((10, 30), (20, 30), (30, 40))}
    reading = read_fractions(files)
    assert (float(reading.raster.values[0, 0]), reading.tied_cells) == (30.0, 0)
    assert landcover_findings(reading, shapely.Point(0, 0)) == []


@pytest.mark.parametrize(
    ("transform", "values"),
    [
        (Affine(100, 0, 30, 0, -100, 200), [[1, 2]]),  # shifted by a part of a cell
        (Affine(50, 0, 0, 0, -50, 200), [[1, 2]]),  # smaller cells
        (CORNER, [[1, 2, 3]]),  # other ground
    ],
)
def test_files_of_shares_on_other_grids_are_refused(shares, transform, values):
    files = {10: shares("tree", [[1, 2]]), 50: shares("town", values, transform)}
    with pytest.raises(SourceError, match=r"town\.tif: its grid is not that of the first file .* in silence"):
        read_fractions(files)


def test_what_is_no_share_is_refused_with_the_remedy(shares):
    with pytest.raises(SourceError, match=r"1 cell\(s\) hold no share from 0 to 100, such as 255 .* declare nodata"):
        read_fractions({10: shares("tree", [[20, VOID]], nodata=None)})
    assert read_fractions({10: shares("tree", [[20, VOID]], nodata=None)}, nodata=VOID).nodata_cells == 1


def test_fractions_without_files_are_refused():
    with pytest.raises(SourceError, match="no file is named in fractions"):
        read_fractions({})


def test_a_study_names_classes_or_shares_but_not_both():
    source = LandcoverSource.model_validate({"fractions": {"10": "tree.tif", "50": "town.tif"}})
    assert source.fractions == {10: "tree.tif", 50: "town.tif"}
    assert source.paths == ("tree.tif", "town.tif")
    assert LandcoverSource.model_validate(source.model_dump()) == source
    with pytest.raises(pydantic.ValidationError, match=r"either path \(classes\) or fractions"):
        LandcoverSource.model_validate({"path": "classes.tif", "fractions": {"10": "tree.tif"}})
    with pytest.raises(pydantic.ValidationError, match="fractions"):
        LandcoverSource.model_validate({"fractions": {"tree": "tree.tif"}})


def test_alignment_is_asked_for_and_then_holds():
    grid = Raster(np.zeros((4, 4)), Affine(50, 0, 0, 0, -50, 200), CRS, "land cover")
    slope = Raster(np.array([[0.0, 100.0], [0.0, 100.0]]), CORNER, CRS, "elevation")
    with pytest.raises(ContractError, match="ask for it with align_raster"):
        require_aligned(grid, slope)
    level = align_raster(slope, grid, resample="bilinear")
    require_aligned(grid, level)
    assert level.values[1].tolist() == [0.0, 25.0, 75.0, 100.0]
    assert level.name == "elevation"
    assert align_raster(slope, grid, resample="nearest").values[1].tolist() == [0.0, 0.0, 100.0, 100.0]


def test_alignment_invents_nothing_beyond_the_raster_and_in_its_voids():
    grid = Raster(np.zeros((2, 3)), CORNER, CRS)
    part = Raster(np.array([[5.0, np.nan], [5.0, np.nan]]), CORNER, CRS, "elevation")
    for how in ("bilinear", "nearest"):
        found = align_raster(part, grid, resample=how).values
        assert found[:, 0].tolist() == [5.0, 5.0]
        assert np.isnan(found[:, 1:]).all()


def test_alignment_crosses_crs():
    grid = Raster(np.zeros((2, 2)), Affine(0.001, 0, 43.2, 0, -0.001, -11.5), pyproj.CRS("EPSG:4326"))
    easting, northing = pyproj.Transformer.from_crs(4326, 32738, always_xy=True).transform(43.2, -11.5)
    wide = Raster(np.full((40, 40), 7.0), Affine(50, 0, easting - 1000, 0, -50, northing + 1000), CRS)
    assert np.allclose(align_raster(wide, grid, resample="bilinear").values, 7.0, rtol=1e-12)


def test_other_ways_of_resampling_are_refused():
    grid = Raster(np.zeros((2, 2)), CORNER, CRS)
    with pytest.raises(ContractError, match="resample: 'cubic' is not one of bilinear, nearest"):
        align_raster(grid, grid, resample="cubic")
