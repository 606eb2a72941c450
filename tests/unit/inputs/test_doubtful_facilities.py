"""Facilities that a person should look at: each doubt is raised by its own reason, and by no other."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from spatial.inputs.facility_facts import FAR_M, SAME_SPOT_M, doubtful_facilities

CRS = "EPSG:32631"
ROAD = shapely.LineString([(0, 0), (10_000, 0)])


def _doubts(points, **columns):
    """Hold facilities at points against a road along the x axis, a lake at x 1,000 and a slope at x 2,000."""
    size = len(points)
    told = {
        "facility_id": [str(number) for number in range(size)],
        "name": [f"Hospital {number}" for number in range(size)],
        "service": "hospital",
        "status": "existing",
        "source": "map.pbf",
        "in_study": True,
    }
    facilities = gpd.GeoDataFrame(told | columns, geometry=[shapely.Point(point) for point in points], crs=CRS)
    roads = gpd.GeoDataFrame({"road_class": ["primary"]}, geometry=[ROAD], crs=CRS)
    lake = shapely.box(1000, -50, 1100, 50)
    water = gpd.GeoDataFrame({"is_passable": [False]}, geometry=[lake], crs=CRS)
    slopes = gpd.GeoSeries([shapely.box(2000, -50, 2100, 50)], crs=CRS).to_crs("EPSG:4326")
    found = doubtful_facilities(facilities, roads=roads, water=water, slopes=slopes)
    return {note.key: note.values["where"]["first"] for notes in found.values() for note in notes}


@pytest.mark.parametrize(
    ("point", "doubt"),
    [((1050, 0), "doubtful_water"), ((2050, 0), "doubtful_slope"), ((5000, FAR_M + 0.5), "doubtful_far")],
)
def test_a_hospital_where_none_is_expected_is_said_with_its_reason(point, doubt):
    assert _doubts([(500, 0), point]) == {doubt: ["Hospital 1"]}


def test_just_so_far_from_a_road_is_no_doubt():
    assert _doubts([(5000, FAR_M)]) == {}


def test_one_without_a_name_is_said_by_its_id():
    assert _doubts([(500, 0)], name=[None]) == {"doubtful_no_name": ["0"]}


def test_two_of_a_service_at_one_spot_are_said_and_of_two_services_are_not():
    points = [(500, 0), (500 + SAME_SPOT_M, 0)]
    assert _doubts(points) == {"doubtful_twice": ["Hospital 0", "Hospital 1"]}
    assert _doubts(points, service=["hospital", "school"]) == {}
    assert _doubts([(500, 0), (501 + SAME_SPOT_M, 0)]) == {}


@pytest.mark.parametrize("column", [{"service": "food_service"}, {"status": "closed"}, {"in_study": False}])
def test_what_moves_no_result_is_not_said(column):
    assert _doubts([(1050, 0)], **column) == {}
