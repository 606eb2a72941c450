"""The speed table and how it makes the speed of a road."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from spatial.errors import StudyError
from spatial.network.speeds import MODES, all_season_of_roads, load_speeds, parse_maxspeed, speeds_of_roads


def speed_of(mode="drive", table="osrm_like", **tags):
    roads = pd.DataFrame([{"road_class": "residential", **tags}])
    return float(speeds_of_roads(roads, load_speeds(table), mode=mode).forward_km_h[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", 50.0),
        ("50 km/h", 50.0),
        ("30 mph", 48.28032),  # 30 x 1.609344
        ("30mph", 48.28032),
        ("10 knots", 18.52),  # 10 x 1.852
        ("walk", 5.0),
        ("none", 140.0),
        ("50;30", 30.0),
        ("signals;70", 70.0),
        ("RO:urban", 50.0),
        ("DE:rural", 100.0),
        ("GB:nsl_single", 96.56064),  # 60 x 1.609344
    ],
)
def test_limits_are_read_as_people_tag_them(text, expected):
    assert parse_maxspeed(text) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("text", ["signals", "fast", "0", "-20", "XX:nowhere", "", "50 furlongs", "30 @ (22:00-06:00)"])
def test_what_cannot_be_read_is_nan(text):
    assert math.isnan(parse_maxspeed(text))


@pytest.mark.parametrize(
    ("road_class", "osrm_like", "rural_cn", "conservative"),
    [
        ("motorway", 90, 100, 50),
        ("motorway_link", 45, 40, 45),
        ("trunk", 85, 60, 40),
        ("trunk_link", 40, 35, 35),
        ("primary", 65, 50, 40),
        ("primary_link", 30, 30, 35),
        ("secondary", 55, 40, 30),
        ("secondary_link", 25, 25, 25),
        ("tertiary", 40, 30, 30),
        ("tertiary_link", 20, 20, 25),
        ("unclassified", 25, 25, 20),
        ("residential", 25, 20, 20),
        ("living_street", 10, 10, 10),
        ("service", 15, 15, 10),
        ("ferry", 5, 5, 5),
    ],
)
def test_class_speeds_are_those_of_the_specification(road_class, osrm_like, rural_cn, conservative):
    for table, expected in (("osrm_like", osrm_like), ("rural_cn", rural_cn), ("conservative", conservative)):
        assert speed_of(table=table, road_class=road_class) == expected


@pytest.mark.parametrize(
    ("grade", "osrm_like", "rural_cn", "conservative"),
    [("grade1", 60, 15, 10), ("grade3", 30, 15, 10), ("grade5", 20, 15, 10), (None, 20, 15, 10)],
)
def test_tracks_take_the_cap_of_their_grade_and_ungraded_ones_twenty(grade, osrm_like, rural_cn, conservative):
    for table, expected in (("osrm_like", osrm_like), ("rural_cn", rural_cn), ("conservative", conservative)):
        assert speed_of(table=table, road_class="track", tracktype=grade) == expected


def test_a_tagged_limit_is_driven_at_eight_tenths():
    assert speed_of(maxspeed="50") == 40.0
    assert speed_of(maxspeed="30 mph") == pytest.approx(0.8 * 48.28032)


def test_caps_apply_to_tagged_limits_and_lists_take_the_lowest_readable_member():
    # 0.8 x 100 = 80, gravel caps at 40, mud at 10; "tarmac" is in no list.
    assert speed_of(maxspeed="100", surface="gravel") == 40.0
    assert speed_of(maxspeed="100", surface="gravel;mud") == 10.0
    assert speed_of(maxspeed="100", surface="tarmac; gravel") == 40.0
    assert speed_of(maxspeed="100", smoothness="very_bad") == 20.0
    assert speed_of(table="rural_cn", road_class="primary", surface="laterite") == 15.0


def test_an_unreadable_limit_falls_back_to_the_class_and_is_counted():
    roads = pd.DataFrame({"road_class": ["residential", "residential"], "maxspeed": ["quick", None]})
    speeds = speeds_of_roads(roads, load_speeds(), mode="drive")
    assert speeds.forward_km_h.tolist() == [25.0, 25.0]
    assert speeds.unreadable.tolist() == [True, False]
    assert speeds.source.tolist() == ["class", "class"]


def test_each_direction_has_its_own_limit():
    roads = pd.DataFrame([{"road_class": "primary", "maxspeed": "50", "maxspeed_backward": "100"}])
    speeds = speeds_of_roads(roads, load_speeds(), mode="drive")
    assert (speeds.forward_km_h[0], speeds.backward_km_h[0]) == (40.0, 80.0)


def test_walking_knows_no_caps_and_no_limits():
    assert speed_of("walk", surface="mud", maxspeed="100") == 5.0
    assert speed_of("walk", road_class="path") == 4.0
    assert speed_of("walk", road_class="steps") == 2.0


def test_the_other_modes_follow_their_rows():
    assert speed_of("cycle") == 15.0
    assert speed_of("cycle", road_class="track") == 10.0
    assert speed_of("cycle", surface="gravel") == pytest.approx(10.5)  # 15 x 0.7
    assert speed_of("ebike") == 22.0
    assert speed_of("motorcycle", road_class="track") == 25.0
    assert speed_of("motorcycle", road_class="path") == 8.0
    assert speed_of("motorcycle", road_class="primary") == 65.0
    assert speed_of("emergency", road_class="primary") == pytest.approx(78.0)  # 65 x 1.2


def test_a_class_that_a_mode_does_not_list_has_no_speed():
    assert math.isnan(speed_of("drive", road_class="footway", maxspeed="50"))
    assert math.isnan(speed_of("walk", road_class="motorway"))


def test_an_impassable_road_has_no_speed():
    assert speed_of(smoothness="impassable") == 0.0


def test_every_preset_has_every_mode():
    for preset in ("osrm_like", "rural_cn", "conservative"):
        assert set(load_speeds(preset).modes) == set(MODES)


def test_a_file_of_the_users_own_needs_to_hold_only_what_differs(tmp_path):
    file = tmp_path / "county.toml"
    file.write_text('extends = "rural_cn"\n[drive.classes]\ncounty_road = 33\n[caps.surface]\ngravel = 12\n', "utf-8")
    table = load_speeds(file)
    assert table.name == "county"
    assert speed_of(table=file, road_class="county_road") == 33.0
    assert speed_of(table=file, road_class="primary") == 50.0
    assert speed_of(table=file, road_class="county_road", surface="gravel") == 12.0


def test_every_fault_of_a_speed_file_is_listed_with_its_key(tmp_path):
    file = tmp_path / "faulty.toml"
    file.write_text(
        'extends = "osrm_like"\nwinter = 3\n[drive]\nspeed = 2\n[drive.classes]\nprimary = "fast"\n'
        '[walk]\nfactor = -1\n[cycle]\nlike = "fly"\n[maxspeed]\nsharee = 1\n[all_season]\nsurface = ["mud"]\n',
        "utf-8",
    )
    with pytest.raises(StudyError) as caught:
        load_speeds(file)
    shown = str(caught.value)
    for key in ("winter", "drive.speed", "drive.classes.primary", "walk.factor", "cycle.like", "maxspeed.sharee"):
        assert key in shown


@pytest.mark.parametrize(
    ("content", "hint"),
    [(None, "cannot be read"), (b"a = [", "is not TOML"), (b"\xff\xfe", "UTF-8"), (b"[drive]\n", "is missing")],
)
def test_a_file_that_is_no_speed_table_says_what_to_do(tmp_path, content, hint):
    file = tmp_path / "speeds.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StudyError, match=hint):
        load_speeds(file)


def test_tables_that_extend_each_other_in_a_circle_are_refused(tmp_path):
    a, b = tmp_path / "a.toml", tmp_path / "b.toml"
    a.write_text(f'extends = "{b.as_posix()}"\n', "utf-8")
    b.write_text(f'extends = "{a.as_posix()}"\n', "utf-8")
    with pytest.raises(StudyError, match="circle"):
        load_speeds(a)


def test_all_season_is_known_where_surface_grade_or_season_says_so():
    roads = pd.DataFrame(
        [
            {"road_class": "primary", "surface": "asphalt"},
            {"road_class": "primary", "surface": "asphalt;mud"},
            {"road_class": "primary", "surface": None},
            {"road_class": "primary", "surface": "asphalt", "seasonal": "yes"},
            {"road_class": "track", "tracktype": "grade1"},
            {"road_class": "track", "tracktype": "grade5"},
            {"road_class": "track", "tracktype": "grade1", "surface": "earth"},
            {"road_class": "motorway"},
            {"road_class": "track", "winter_road": "yes"},
            {"road_class": "primary", "surface": "compacted", "ice_road": "yes"},
            {"road_class": "primary", "surface": "compacted", "ice_road": "no", "winter_road": "no"},
        ]
    )
    expected = ["yes", "no", "unknown", "no", "yes", "no", "no", "yes", "no", "no", "yes"]
    assert all_season_of_roads(roads, load_speeds()).tolist() == expected


def test_the_speed_factor_multiplies_every_speed():
    roads = pd.DataFrame({"road_class": ["primary", "track"], "maxspeed": ["50", None]})
    plain = speeds_of_roads(roads, load_speeds(), mode="drive").forward_km_h
    faster = speeds_of_roads(roads, load_speeds(), mode="drive", speed_factor=1.2).forward_km_h
    np.testing.assert_allclose(faster, 1.2 * plain)
