"""Friction from land cover, roads and barriers; places on the grid; the speed tables."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine

from spatial.errors import ContractError, CrsError, StudyError
from spatial.rasters import Raster
from spatial.terrain.friction import friction_surface, load_surface_speeds
from spatial.terrain.surface import cells_at, move_to_open_cells, travel_time_surface

CRS = pyproj.CRS("EPSG:32738")
GRID = Affine(100, 0, 0, 0, -100, 1000)
"""Cells of 100 m; the upper left corner of the raster is at (0, 1000)."""


def _ground(code=5.0, shape=(10, 10)) -> Raster:
    return Raster(np.full(shape, code), GRID, CRS, "land cover")


def _lines(*lines, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


RIVER = _lines([(455, 0), (455, 1000)])


def test_friction_is_six_hundredths_over_the_speed() -> None:
    # built-up 5 km/h: 0.012 minutes a metre; dense vegetation 2 km/h: 0.03
    ground = Raster(np.array([[1.0, 4.0, np.nan]]), GRID, CRS)
    friction = friction_surface(ground, "accessmod_example")
    np.testing.assert_allclose(friction.min_per_m, [[0.012, 0.03, np.nan]])
    assert friction.report["no_data_cells"] == 1
    assert friction.report["cells_by_class"] == {"1": 1, "4": 1}


@pytest.mark.parametrize(
    ("preset", "code", "km_h"),
    [
        ("igbp_weiss_2020", 1, 3.24),
        ("igbp_weiss_2020", 2, 1.62),
        ("igbp_weiss_2020", 9, 4.86),
        ("igbp_weiss_2020", 12, 2.5),
        ("esa_worldcover", 10, 3.24),
        ("esa_worldcover", 50, 5.0),
        ("accessmod_example", 3, 3.0),
    ],
)
def test_the_tables_that_are_shipped_say_what_their_sources_say(preset, code, km_h) -> None:
    assert load_surface_speeds(preset).classes[code].km_h == km_h


def test_water_is_a_barrier() -> None:
    friction = friction_surface(_ground(17.0), "igbp_weiss_2020")
    assert np.isnan(friction.min_per_m).all()
    assert friction.report["barrier_cells"] == 100


def test_classes_without_a_speed_are_all_listed_with_their_cells() -> None:
    values = np.full((4, 4), 5.0)
    values[0, 0], values[1] = 77.0, 2.5
    with pytest.raises(ContractError) as caught:
        friction_surface(Raster(values, GRID, CRS), "accessmod_example")
    assert len(caught.value.problems) == 2
    assert "class 77 (1 cells)" in str(caught.value)
    assert "class 2.5 (4 cells)" in str(caught.value)


def test_a_road_gives_its_speed_where_it_is_faster_than_the_ground() -> None:
    # 60 km/h along row 4 (y 500 to 600): 0.001 minutes a metre
    roads = _lines([(0, 550), (1000, 550)], [(0, 150), (1000, 150)], speed_km_h=[60.0, 3.0])
    friction = friction_surface(_ground(), "accessmod_example", roads=roads, mode="motorised")
    np.testing.assert_allclose(friction.min_per_m[4], 0.001)
    np.testing.assert_allclose(np.delete(friction.min_per_m, 4, axis=0), 0.012)
    assert not friction.walks[4].any()
    assert friction.walks[8].all()


def test_of_several_roads_the_fastest_counts_whatever_their_order() -> None:
    lines = [(0, 550), (1000, 550)]
    for speeds in ([30.0, 60.0], [60.0, 30.0]):
        friction = friction_surface(_ground(), "accessmod_example", roads=_lines(lines, lines, speed_km_h=speeds))
        np.testing.assert_allclose(friction.min_per_m[4], 0.001)


def test_roads_without_a_speed_take_that_of_their_class_and_closed_ones_are_counted() -> None:
    lines = [(0, 550), (1000, 550)], [(0, 150), (1000, 150)]
    roads = _lines(*lines, road_class=["primary", "footway"])
    friction = friction_surface(_ground(), "accessmod_example", roads=roads, mode="motorised")
    np.testing.assert_allclose(friction.min_per_m[4], 0.06 / 65)
    np.testing.assert_allclose(friction.min_per_m[8], 0.012)
    assert friction.report["closed_roads"] == 1


@pytest.mark.parametrize("end", [(455, 1000), (1000, 1000), (700, 990)])
def test_a_river_line_stops_everybody_and_leaks_nowhere(end) -> None:
    river = _lines([(0, 0), end]) if end[0] != 455 else RIVER
    friction = friction_surface(_ground(), "accessmod_example", barriers=river)
    for neighbours in (8, 16):
        minutes = travel_time_surface(friction.min_per_m, [(9, 9)], resolution_m=100.0, neighbours=neighbours)
        assert np.isinf(minutes[0, 0])


def test_roads_and_bridges_open_barriers() -> None:
    road = _lines([(50, 50), (950, 940)], speed_km_h=[5.0])
    bridge = _lines([(425, 480), (485, 530)], speed_km_h=[5.0], is_bridge=[True])
    for crossing in (road, bridge):
        friction = friction_surface(_ground(), "accessmod_example", barriers=RIVER, roads=crossing)
        minutes = travel_time_surface(friction.min_per_m, [(9, 9)], resolution_m=100.0)
        assert np.isfinite(minutes[0, 0])
        assert friction.report["opened_cells"] > 0


def test_what_says_no_is_no_bridge_in_any_spelling() -> None:
    # A slanting road takes one cell of each column; a bridge takes every cell that it touches.
    slant = [(0, 10), (1000, 960)]
    for word, is_wide in [("F", False), (False, False), ("0", False), ("no", False), ("T", True), ("yes", True)]:
        roads = _lines(slant, speed_km_h=[60.0], bridge=[word])
        friction = friction_surface(_ground(), "accessmod_example", roads=roads)
        assert (np.count_nonzero(friction.min_per_m == 0.001) > 10) == is_wide, word


def test_a_driven_road_never_slows_who_walks_down_a_hill() -> None:
    # 5 % down from west to east: walked at 5 x 1.19 = 5.96 km/h, so that a road of 5.5 km/h would take longer.
    hill = Raster(np.tile(np.arange(10) * -5.0, (10, 1)), GRID, CRS, "elevation")
    for km_h in (5.5, 5.95, 6.0):
        road = _lines([(0, 550), (1000, 550)], speed_km_h=[km_h])
        found = []
        for roads in (None, road):
            friction = friction_surface(_ground(), "accessmod_example", roads=roads, elevation=hill, mode="motorised")
            found.append(travel_time_surface(friction.min_per_m, [(4, 9)], resolution_m=100.0, **friction.options))
        assert (found[1] <= found[0] + 1e-9).all(), km_h


def test_a_lake_closes_the_cells_whose_centres_it_covers() -> None:
    lake = gpd.GeoDataFrame(geometry=[shapely.box(240, 240, 460, 460)], crs=CRS)
    friction = friction_surface(_ground(), "accessmod_example", barriers=lake)
    # centres at 250, 350 and 450 both ways
    assert int(np.isnan(friction.min_per_m).sum()) == 9


def test_a_barrier_with_a_speed_is_crossed_at_it_and_the_slowest_counts() -> None:
    # The column of the river is 0.06 / 0.5 = 0.12 minutes a metre; where the second one lies nobody crosses.
    waters = _lines([(455, 0), (455, 1000)], [(455, 0), (455, 250)], speed_km_h=[0.5, np.nan])
    friction = friction_surface(_ground(), "accessmod_example", barriers=waters)
    np.testing.assert_allclose(friction.min_per_m[:, 4], [0.12] * 7 + [np.nan] * 3)
    assert not friction.walks[:7, 4].any()
    assert friction.walks[:, 5].all()
    with pytest.raises(ContractError, match="speed_km_h: negative or infinite at rows 0"):
        friction_surface(_ground(), "accessmod_example", barriers=RIVER.assign(speed_km_h=-1.0))


def test_a_bridge_can_only_help() -> None:
    without = friction_surface(_ground(), "accessmod_example", barriers=RIVER)
    bridge = _lines([(400, 950), (500, 950)], speed_km_h=[1.0], is_bridge=[True])
    with_it = friction_surface(_ground(), "accessmod_example", barriers=RIVER, roads=bridge)
    before, after = (
        travel_time_surface(friction.min_per_m, [(5, 9)], resolution_m=100.0) for friction in (without, with_it)
    )
    assert (after <= before).all()
    assert np.isfinite(after[5, 0])


@pytest.mark.parametrize("speed", [0.0, -5.0, np.nan, np.inf])
def test_road_speeds_must_be_above_zero_and_finite(speed) -> None:
    roads = _lines([(0, 550), (1000, 550)], speed_km_h=[speed])
    with pytest.raises(ContractError, match="speed_km_h"):
        friction_surface(_ground(), "accessmod_example", roads=roads)


def test_roads_without_speed_and_class_are_refused() -> None:
    with pytest.raises(ContractError, match="speed_km_h or road_class"):
        friction_surface(_ground(), "accessmod_example", roads=_lines([(0, 0), (1, 1)]))


def test_layers_in_another_crs_are_refused() -> None:
    elsewhere = RIVER.set_crs("EPSG:32737", allow_override=True)
    with pytest.raises(CrsError, match="to_crs"):
        friction_surface(_ground(), "accessmod_example", barriers=elsewhere)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Raster(np.zeros((10, 9)), GRID, CRS, "dem"), "shape"),
        (Raster(np.zeros((10, 10)), GRID * Affine.translation(0.5, 0), CRS, "dem"), "transform"),
        (Raster(np.zeros((10, 10)), GRID, pyproj.CRS("EPSG:32737"), "dem"), "CRS"),
    ],
)
def test_rasters_that_do_not_align_are_refused_and_never_resampled(other, message) -> None:
    with pytest.raises(ContractError, match=message):
        friction_surface(_ground(), "accessmod_example", elevation=other)


def test_friction_brings_all_that_a_surface_needs() -> None:
    dem = Raster(np.arange(100.0).reshape(10, 10), GRID, CRS, "dem")
    friction = friction_surface(_ground(), "accessmod_example", elevation=dem)
    minutes = travel_time_surface(friction.min_per_m, [(0, 0)], resolution_m=friction.resolution_m, **friction.options)
    # from the east, 1 m down in 100 m: exp(-3.5 (|-0.01 + 0.05| - 0.05)) times 5 km/h
    assert minutes[0, 1] == pytest.approx(1.2 / np.exp(0.035))
    assert friction.raster.transform == GRID


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ContractError, match="mode"):
        friction_surface(_ground(), "accessmod_example", mode="fly")


def test_a_table_of_ones_own_may_be_toml_or_csv(tmp_path) -> None:
    toml, table = tmp_path / "mine.toml", tmp_path / "mine.csv"
    toml.write_text('[classes]\n5 = { label = "soil", km_h = 6 }\n[roads.walk]\npath = 3\n', encoding="utf-8")
    table.write_text("class,label,km_h,mode\n5,soil,6,walk\n6,lake,,barrier\n", encoding="utf-8")
    for path in (toml, table):
        assert load_surface_speeds(path).classes[5].km_h == 6.0
        np.testing.assert_allclose(friction_surface(_ground(), path).min_per_m, 0.01)
    assert dict(load_surface_speeds(toml).roads["walk"]) == {"path": 3.0}
    assert load_surface_speeds(table).roads["motorised"]["primary"] == 65.0
    assert np.isnan(load_surface_speeds(table).classes[6].km_h)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[classes]\n1 = { km_h = 0 }", r"classes\.1\.km_h"),
        ("[classes]\n1 = { km_h = -4 }", r"classes\.1\.km_h"),
        ("[classes]\n1 = { km_h = nan }", r"classes\.1\.km_h"),
        ('[classes]\n1 = { label = "no speed" }', r"classes\.1\.km_h"),
        ("[classes]\nwood = { km_h = 3 }", "whole number"),
        ('[classes]\n1 = { km_h = 3, mode = "swim" }', "swim"),
        ("[classes]\n1 = { km_h = 3 }\n[roads.walk]\npath = 0", r"roads\.walk\.path"),
        ("name = 'empty'", "there are none"),
        ("[classes", "is not TOML"),
    ],
)
def test_faults_of_a_table_are_named_with_their_key(tmp_path, text, message) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        load_surface_speeds(path)


def test_a_table_that_is_not_there_or_not_text_is_said_to_be_so(tmp_path) -> None:
    with pytest.raises(StudyError, match="name a preset"):
        load_surface_speeds(tmp_path / "none.toml")
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StudyError, match="UTF-8"):
        load_surface_speeds(path)


def test_points_find_their_cells() -> None:
    points = gpd.GeoSeries([shapely.Point(50, 950), shapely.Point(100, 950), shapely.Point(999, 1)], crs=CRS)
    assert cells_at(points, _ground()).tolist() == [[0, 0], [0, 1], [9, 9]]


def test_points_outside_missing_or_elsewhere_are_refused() -> None:
    outside = gpd.GeoSeries([shapely.Point(50, 950), shapely.Point(5000, 0)], index=["in", "out"], crs=CRS)
    with pytest.raises(ContractError, match="'out'"):
        cells_at(outside, _ground())
    with pytest.raises(ContractError, match="one each"):
        cells_at(gpd.GeoSeries([shapely.Point(50, 950), None], crs=CRS), _ground())
    with pytest.raises(CrsError, match="to_crs"):
        cells_at(outside.set_crs("EPSG:32737", allow_override=True), _ground())


def test_sources_on_barriers_are_moved_and_the_distance_is_recorded() -> None:
    friction = np.full((5, 5), 0.01)
    friction[1:4, 1:4] = np.nan
    moved = move_to_open_cells(friction, [(2, 2), (0, 0), (1, 2)], resolution_m=(50.0, 100.0))
    # from the middle 2 rows of 50 m are nearer than 2 columns of 100 m; the upper row comes first
    assert moved[["row", "column"]].to_numpy().tolist() == [[0, 2], [0, 0], [0, 2]]
    assert moved["moved_m"].tolist() == [100.0, 0.0, 50.0]
    assert moved["status"].tolist() == ["moved", "on_ground", "moved"]


def test_the_farthest_move_is_inclusive() -> None:
    friction = np.array([[0.01, np.nan, np.nan]])
    at = move_to_open_cells(friction, [(0, 2)], resolution_m=100.0, within_m=200.0)
    assert at["status"].tolist() == ["moved"]
    below = move_to_open_cells(friction, [(0, 2)], resolution_m=100.0, within_m=199.0)
    assert below["status"].tolist() == ["no_ground"]
    assert np.isnan(below["moved_m"]).all()


def test_a_road_that_states_no_speed_goes_by_its_class() -> None:
    lines = [(0, 550), (1000, 550)], [(0, 150), (1000, 150)]
    by_class = friction_surface(_ground(), "accessmod_example", roads=_lines(*lines, road_class=["primary", "primary"]))
    stated = _lines(*lines, road_class=["primary", "primary"], speed_km_h=[20.0, np.nan])
    friction = friction_surface(_ground(), "accessmod_example", roads=stated)
    np.testing.assert_allclose(friction.min_per_m[4], 0.003)
    np.testing.assert_array_equal(friction.min_per_m[8], by_class.min_per_m[8])
