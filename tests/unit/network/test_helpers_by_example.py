"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import shapely

from spatial.network.build import build_network, parse_duration
from spatial.network.combined import own_pace
from spatial.network.road_access import members
from spatial.network.scenarios import edges_closed_by
from spatial.network.slope import cycling_multiplier, tobler_multiplier
from spatial.network.snapping import walk_minutes
from spatial.network.speeds import load_speeds, parse_maxspeed, width_cap


def test_parse_duration_reads_the_minutes_of_a_tagged_duration_or_interval() -> None:
    assert parse_duration("1:30") == 90.0
    assert parse_duration("PT20M") == 20.0
    assert math.isnan(parse_duration("daily"))


def test_own_pace_tells_modes_that_go_at_the_pace_of_people_from_those_with_a_motor() -> None:
    assert own_pace("walk")
    assert not own_pace("drive")


def test_members_splits_a_list_of_values_in_small_letters() -> None:
    assert members("Asphalt; gravel") == ["asphalt", "gravel"]


def test_edges_closed_by_finds_the_edge_beside_a_point() -> None:
    line = gpd.GeoDataFrame({"road_id": ["w1"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=32738)
    assert edges_closed_by(
        build_network(line, mode="drive"), gpd.GeoSeries([shapely.Point(900, 5)], crs=32738)
    ).tolist() == ["w1/0"]


def test_tobler_multiplier_gives_the_share_of_the_speed_on_the_flat_that_a_walker_keeps() -> None:
    assert [round(float(share), 4) for share in tobler_multiplier([0.0, -0.05, -0.1])] == [1.0, 1.1912, 1.0]


def test_cycling_multiplier_gives_the_share_of_the_speed_on_the_flat_that_a_cyclist_keeps() -> None:
    assert [round(float(share), 3) for share in cycling_multiplier([0.0, 0.05, -0.05, 0.2, -0.2])] == [
        1.0,
        0.667,
        1.198,
        0.0,
        1.618,
    ]


def test_walk_minutes_gives_minutes_of_a_walk_off_the_network() -> None:
    assert float(walk_minutes(np.array(1000.0), walk_km_h=5.0, detour=1.3)) == 15.6


def test_width_cap_finds_the_speed_in_km_h_that_a_width_in_metres_allows() -> None:
    assert str(width_cap({3.0: 15.0, 4.5: 30.0}, np.array([2.9, 3.0, 4.5])).tolist()) == "[15.0, 30.0, inf]"


def test_load_speeds_loads_a_speed_table() -> None:
    assert load_speeds("rural_cn").modes["drive"].classes["tertiary"] == 30.0


def test_parse_maxspeed_reads_a_tagged_speed_limit_in_km_h() -> None:
    assert parse_maxspeed("30 mph") == 48.28032
