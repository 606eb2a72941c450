"""Arrays as rasterio and others hand them over: masked, south-up, turned, with codes for no data, misspelt options."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine

from spatial.errors import ContractError, CrsError
from spatial.rasters import Raster
from spatial.terrain.coverage import geographic_coverage, zonal_sums
from spatial.terrain.friction import friction_surface
from spatial.terrain.surface import cell_sizes_m, move_to_open_cells, travel_time_surface

UTM = pyproj.CRS("EPSG:32738")
NORTH_UP = Affine(100, 0, 0, 0, -100, 200)
FLAT = np.full((1, 3), 0.01)


def _masked(values, code):
    return np.ma.masked_equal(np.array(values, dtype=float), code)


@pytest.mark.parametrize("code", [255.0, -9999.0, 1e20])
def test_masked_friction_is_a_barrier_whatever_lies_under_the_mask(code) -> None:
    masked = _masked([[0.01, code, 0.01], [0.01, 0.01, 0.01]], code)
    plain = [[0.01, np.nan, 0.01], [0.01, 0.01, 0.01]]
    got, expected = (travel_time_surface(each, [(0, 0)], resolution_m=100.0) for each in (masked, plain))
    assert np.array_equal(got, expected)
    assert move_to_open_cells(masked, [(0, 1)], resolution_m=100.0)["moved_m"].tolist() == [100.0]


def test_masked_elevation_is_a_void() -> None:
    heights = _masked([[0.0, -32768.0, 0.0]], -32768.0)
    with pytest.raises(ContractError, match="1 walked cells have no elevation"):
        travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, elevation_m=heights)
    level = travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, elevation_m=heights, dem_voids="flat")
    assert level.tolist() == [[0.0, 1.0, 2.0]]


@pytest.mark.parametrize("code", [-9999.0, -32768.0, 32767.0, 3.4e38])
def test_a_code_for_no_data_is_no_height(code) -> None:
    for voids in ("refuse", "flat"):
        with pytest.raises(ContractError, match=r"no height of ground in metres, such as .* at .*\(0, 1\)"):
            travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, elevation_m=[[0.0, code, 0.0]], dem_voids=voids)


def test_a_code_under_a_barrier_bothers_nobody() -> None:
    ground, heights = [[0.01, 0.01, np.nan]], [[0.0, 0.0, -9999.0]]
    minutes = travel_time_surface(ground, [(0, 0)], resolution_m=100.0, elevation_m=heights)
    assert minutes.tolist() == [[0.0, 1.0, np.inf]]


@pytest.mark.parametrize("void", [np.nan, np.inf, -np.inf])
def test_steps_beside_a_void_are_level(void) -> None:
    minutes = travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, elevation_m=[[0.0, void, 0.0]], dem_voids="flat")
    assert minutes.tolist() == [[0.0, 1.0, 2.0]]


def test_friction_next_to_nothing_comes_to_an_end() -> None:
    minutes = travel_time_surface(np.full((3, 3), 1e-322), [(0, 0)], resolution_m=1.0)
    assert minutes.max() < 1e-300


@pytest.mark.parametrize("code", [1e20, float(np.finfo(np.float32).max)])
def test_a_code_for_no_data_is_no_friction(code) -> None:
    with pytest.raises(ContractError, match=r"1 cells have a friction that nobody crosses, such as .*\(0, 1\)"):
        travel_time_surface([[0.01, code, np.inf]], [(0, 0)], resolution_m=100.0)


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword: neighbors; the options .* neighbours"):
        travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, neighbors=16)


def test_three_sizes_of_a_cell_are_refused() -> None:
    with pytest.raises(ContractError, match="resolution_m: 3 sizes"):
        travel_time_surface(FLAT, [(0, 0)], resolution_m=(100.0, 100.0, 1.0))


def test_a_place_outside_is_not_moved_to_the_other_side() -> None:
    with pytest.raises(ContractError, match=r"outside the 1 rows and 3 columns: \(-1, 0\), \(0, 3\)"):
        move_to_open_cells(FLAT, [(-1, 0), (0, 0), (0, 3)], resolution_m=100.0)


@pytest.mark.parametrize("within_m", [-1.0, np.nan])
def test_a_reach_that_is_none_is_refused(within_m) -> None:
    with pytest.raises(ContractError, match="within_m"):
        move_to_open_cells(FLAT, [(0, 0)], resolution_m=100.0, within_m=within_m)


def test_a_place_may_be_moved_however_far() -> None:
    moved = move_to_open_cells([[0.01, np.nan, np.nan]], [(0, 2)], resolution_m=100.0, within_m=np.inf)
    assert moved["moved_m"].tolist() == [200.0]


def _cover(people, table, **options):
    return geographic_coverage(FLAT, people, pd.DataFrame(table), resolution_m=100.0, cutoff_min=1.0, **options)


def test_masked_people_are_nobody() -> None:
    table = {"facility_id": ["a"], "row": [0], "column": [0], "capacity": [np.inf]}
    found = _cover(_masked([[1.0, 255.0, 4.0]], 255.0), table)
    assert (found.report["total"], found.report["cells_without_data"]) == (5.0, 1)


def test_numbers_in_text_are_ordered_as_numbers() -> None:
    table = {"facility_id": ["a", "b"], "row": 0, "column": 0, "capacity": ["10", "9"], "turn": ["10", "9"]}
    people = np.full((1, 3), 10.0)
    assert _cover(people, table).capacity_table["facility_id"].tolist() == ["a", "b"]
    assert _cover(people, table, order="turn").capacity_table["facility_id"].tolist() == ["b", "a"]


@pytest.mark.parametrize("ring_min", [-1.0, np.nan])
def test_a_ring_is_not_narrower_than_nothing(ring_min) -> None:
    table = {"facility_id": ["a"], "row": [0], "column": [0], "capacity": [1.0]}
    with pytest.raises(ContractError, match="ring_min"):
        _cover(np.ones((1, 3)), table, ring_min=ring_min)


def test_a_facility_without_an_id_is_refused() -> None:
    table = {"facility_id": ["a", None], "row": 0, "column": 0, "capacity": 1.0}
    with pytest.raises(ContractError, match="facility_id: missing in 1 rows"):
        _cover(np.ones((1, 3)), table)


def _zones(*shapes):
    return gpd.GeoDataFrame({"zone_id": range(len(shapes))}, geometry=list(shapes), crs=UTM)


@pytest.mark.parametrize(
    ("transform", "flip"),
    [
        (NORTH_UP, np.s_[:, :]),
        (Affine(100, 0, 0, 0, 100, 0), np.s_[::-1, :]),
        (Affine(-100, 0, 300, 0, -100, 200), np.s_[:, ::-1]),
    ],
)
def test_zones_find_their_people_whichever_way_the_raster_runs(transform, flip) -> None:
    people = np.arange(6).reshape(2, 3)
    zones = _zones(shapely.box(0, 0, 300, 50), shapely.box(0, 50, 150, 200))
    found = zonal_sums(Raster(people[flip], transform, UTM), zones)
    assert found.table["sum"].tolist() == [6.0, 0.0 + 0.5 + (3.0 + 2.0) / 2]
    assert found.total == 15.0


def test_a_turned_raster_is_refused_by_zones_and_cell_sizes() -> None:
    turned = Affine.rotation(30) * NORTH_UP
    with pytest.raises(CrsError, match="turned"):
        zonal_sums(Raster(np.ones((2, 2)), turned, UTM), _zones(shapely.box(0, 0, 100, 100)))
    with pytest.raises(CrsError, match="turned"):
        cell_sizes_m(turned, UTM, (2, 2))


def test_zones_that_cross_themselves_or_are_empty_are_refused() -> None:
    people = Raster(np.ones((2, 2)), NORTH_UP, UTM)
    bow = shapely.Polygon([(0, 0), (200, 200), (200, 0), (0, 200)])
    with pytest.raises(ContractError, match="cross themselves at 0"):
        zonal_sums(people, _zones(bow))
    with pytest.raises(ContractError, match="no polygon at 1"):
        zonal_sums(people, _zones(shapely.box(0, 0, 100, 100), shapely.Polygon()))
    with pytest.raises(ContractError, match="zone_id: missing in 1 rows"):
        zonal_sums(people, _zones(shapely.box(0, 0, 100, 100)).assign(zone_id=None))


def test_a_raster_takes_masked_and_whole_numbers() -> None:
    whole = Raster(np.array([[1, 2]], dtype=np.int16), NORTH_UP, UTM)
    masked = Raster(_masked([[1.0, 255.0]], 255.0), NORTH_UP, UTM)
    assert whole.values.dtype == np.float64
    assert np.array_equal(masked.values, [[1.0, np.nan]], equal_nan=True)
    with pytest.raises(ContractError, match=r"shape \(1, 1, 2\).*one band"):
        Raster(np.ones((1, 1, 2)), NORTH_UP, UTM)


def test_land_cover_that_is_infinite_and_speeds_in_words_are_refused() -> None:
    with pytest.raises(ContractError, match=r"class inf \(1 cells\)"):
        friction_surface(Raster(np.array([[5.0, np.inf]]), NORTH_UP, UTM), "accessmod_example")
    roads = gpd.GeoDataFrame({"speed_km_h": ["fast"]}, geometry=[shapely.LineString([(0, 0), (90, 0)])], crs=UTM)
    with pytest.raises(ContractError, match="speed_km_h: not above 0 and finite at rows 0"):
        friction_surface(Raster(np.full((2, 2), 5.0), NORTH_UP, UTM), "accessmod_example", roads=roads)


def test_degrees_that_are_gradians_are_refused() -> None:
    with pytest.raises(CrsError, match="is in grad"):
        cell_sizes_m(Affine(0.01, 0, 2, 0, -0.01, 52), pyproj.CRS("EPSG:4807"), (2, 2))


def test_zones_are_counted_whatever_their_geometry_is_called() -> None:
    people = Raster(np.ones((2, 2)), Affine(100.0, 0.0, 0.0, 0.0, -100.0, 200.0), UTM)
    zones = _zones(shapely.box(0, 0, 100, 200)).rename_geometry("outline")
    assert zonal_sums(people, zones).table["sum"].tolist() == [2.0]


@pytest.mark.parametrize("crs", ["EPSG:32650", 32650, rasterio.crs.CRS.from_epsg(32650)])
def test_a_raster_takes_a_crs_as_a_code_and_as_rasterio_reads_it(crs) -> None:
    raster = Raster(np.ones((2, 2)), Affine(100.0, 0.0, 0.0, 0.0, -100.0, 200.0), crs)
    assert raster.crs == pyproj.CRS("EPSG:32650")
    assert "EPSG:32650" in repr(raster)


@pytest.mark.parametrize("crs", [None, "EPSG:nothing"])
def test_a_raster_without_a_crs_is_refused(crs) -> None:
    with pytest.raises(CrsError, match=r"raster: .* is no CRS; give that of the transform"):
        Raster(np.ones((2, 2)), Affine(100.0, 0.0, 0.0, 0.0, -100.0, 200.0), crs)
