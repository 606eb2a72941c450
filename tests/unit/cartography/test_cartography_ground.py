"""The ground under a map: where the sea lies, and where roads bear their numbers."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from spatial.cartography.basemap import road_numbers, sea_beside

CRS = "EPSG:32738"
ISLAND = shapely.box(0, 0, 4000, 2000)


def coast(*lines):
    return gpd.GeoSeries(list(lines), crs=CRS)


def is_sea(found, *points):
    return [bool(found.intersects(shapely.Point(point)).any()) for point in points]


def test_sea_lies_at_the_right_of_a_coast():
    # land at the left: an island runs against the clock, a lake that is sea with it
    against = shapely.orient_polygons(ISLAND).exterior
    island, lake = sea_beside(coast(against)), sea_beside(coast(against.reverse()))
    assert is_sea(island, (2000, 1000), (-500, 1000), (4500, 1000)) == [False, True, True]
    assert is_sea(lake, (2000, 1000), (-500, 1000)) == [True, False]


def test_a_coast_that_ends_within_the_data_divides_nothing():
    # neither land nor sea can be told from a line that closes with nothing
    assert sea_beside(coast(shapely.LineString([(0, -3000), (100, 0), (0, 3000)]))).empty


def test_several_islands_leave_one_sea_between_them():
    other = shapely.box(6000, 0, 8000, 2000)
    found = sea_beside(coast(*(shapely.orient_polygons(each).exterior for each in (ISLAND, other))))
    assert is_sea(found, (2000, 1000), (7000, 1000), (5000, 1000)) == [False, False, True]


def test_without_a_coast_there_is_no_sea():
    assert sea_beside(coast()).empty


@pytest.mark.parametrize(("length", "times"), [(3_000.0, 1), (12_000.0, 1), (36_000.0, 3)])
def test_a_long_road_bears_its_number_every_so_often(length, times):
    halves = [shapely.LineString([(0, 0), (length / 2, 0)]), shapely.LineString([(length / 2, 0), (length, 0)])]
    roads = gpd.GeoDataFrame(
        {"ref": ["G5;S1", "G5;S1", "X9", None], "road_class": ["primary", "primary", "track", "primary"]},
        geometry=[*halves, shapely.LineString([(0, 9), (9, 9)]), shapely.LineString([(0, 5), (9, 5)])],
        crs=CRS,
    )
    found = road_numbers(roads)
    # the first of several; a track and a road without a number bear none
    assert found["texts"] == ["G5"] * times


def test_roads_without_numbers_bear_none():
    roads = gpd.GeoDataFrame({"road_class": ["primary"]}, geometry=[shapely.LineString([(0, 0), (9, 0)])], crs=CRS)
    assert road_numbers(roads) == {"texts": [], "points": None}
