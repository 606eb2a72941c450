"""Every mode of every preset against the specification, and where each speed is said to come from."""

from __future__ import annotations

import math
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import NetworkError, StudyError
from spatial.network.build import build_network
from spatial.network.speeds import load_speeds, speeds_of_roads, with_season

CRS = "EPSG:32738"
PRESETS = ("osrm_like", "rural_cn", "conservative")

DRIVE = {
    "motorway": (90, 100, 50),
    "motorway_link": (45, 40, 45),
    "trunk": (85, 60, 40),
    "trunk_link": (40, 35, 35),
    "primary": (65, 50, 40),
    "primary_link": (30, 30, 35),
    "secondary": (55, 40, 30),
    "secondary_link": (25, 25, 25),
    "tertiary": (40, 30, 30),
    "tertiary_link": (20, 20, 25),
    "unclassified": (25, 25, 20),
    "residential": (25, 20, 20),
    "living_street": (10, 10, 10),
    "service": (15, 15, 10),
    "ferry": (5, 5, 5),
}
"""km/h by preset; tracks have a table of their own below."""

TRACKS = {
    "grade1": (60, 15, 10),
    "grade2": (40, 15, 10),
    "grade3": (30, 15, 10),
    "grade4": (25, 15, 10),
    "grade5": (20, 15, 10),
    None: (20, 15, 10),
}

SURFACE_CAPS = {
    **dict.fromkeys(("paved", "asphalt", "concrete"), math.inf),
    **dict.fromkeys(("compacted", "fine_gravel"), 80),
    **dict.fromkeys(("paving_stones", "bricks"), 60),
    **dict.fromkeys(("gravel", "unpaved", "ground", "dirt", "grass"), 40),
    **dict.fromkeys(("cobblestone", "clay"), 30),
    **dict.fromkeys(("earth", "stone", "sand"), 20),
    "laterite": 15,
    "mud": 10,
}
SMOOTHNESS_CAPS = {"intermediate": 80, "bad": 40, "very_bad": 20, "horrible": 10, "very_horrible": 5, "impassable": 0}
OTHERS = [
    ("walk", {"road_class": "residential"}, 5),
    ("walk", {"road_class": "path"}, 4),
    ("walk", {"road_class": "steps"}, 2),
    ("walk", {"road_class": "track", "tracktype": "grade5", "surface": "mud"}, 5),
    ("cycle", {"road_class": "residential"}, 15),
    ("cycle", {"road_class": "track"}, 10),
    ("cycle", {"road_class": "residential", "surface": "dirt"}, 10.5),  # 15 x 0.7
    ("ebike", {"road_class": "residential"}, 22),
    ("ebike", {"road_class": "residential", "surface": "dirt"}, 15.4),  # 22 x 0.7
    ("motorcycle", {"road_class": "track"}, 25),
    ("motorcycle", {"road_class": "path"}, 8),
]


def speed(preset, mode, **tags):
    roads = pd.DataFrame([tags])
    return float(speeds_of_roads(roads, load_speeds(preset), mode=mode).forward_km_h[0])


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("road_class", DRIVE)
def test_cars_motorcycles_and_emergency_follow_the_table_of_classes(road_class, number):
    expected = DRIVE[road_class][number]
    assert speed(PRESETS[number], "drive", road_class=road_class) == expected
    assert speed(PRESETS[number], "motorcycle", road_class=road_class) == expected
    assert speed(PRESETS[number], "emergency", road_class=road_class) == pytest.approx(1.2 * expected)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("grade", TRACKS)
def test_tracks_follow_their_grade(grade, number):
    assert speed(PRESETS[number], "drive", road_class="track", tracktype=grade) == TRACKS[grade][number]


@pytest.mark.parametrize("preset", PRESETS)
def test_caps_hold_in_every_preset_and_on_tagged_limits(preset):
    for surface, cap in SURFACE_CAPS.items():
        # 0.8 x 150 = 120, above every cap.
        assert speed(preset, "drive", road_class="motorway", maxspeed="150", surface=surface) == min(120, cap)
    for smoothness, cap in SMOOTHNESS_CAPS.items():
        found = speed(preset, "drive", road_class="motorway", maxspeed="150", smoothness=smoothness)
        assert found == min(120, cap)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("mode", "tags", "expected"), OTHERS)
def test_the_other_modes_are_the_same_in_every_preset(preset, mode, tags, expected):
    assert speed(preset, mode, **tags) == pytest.approx(expected)


def test_emergency_keeps_the_oneway_rule_and_is_a_fifth_faster():
    road = roads_of(([(0, 0), (1000, 0)], {"road_class": "primary", "oneway": "yes"}))
    drive, emergency = (build_network(road, mode=mode) for mode in ("drive", "emergency"))
    assert np.isinf(emergency.backward_min[0])
    # 1 km at 65 x 1.2 = 78 km/h.
    assert emergency.forward_min[0] == pytest.approx(60 / 78)
    assert emergency.forward_min[0] == pytest.approx(drive.forward_min[0] / 1.2)


def roads_of(*rows):
    frame = [{"road_id": f"w{n}", "road_class": "residential", **tags} for n, (_, tags) in enumerate(rows)]
    return gpd.GeoDataFrame(frame, geometry=[shapely.LineString(line) for line, _ in rows], crs=CRS)


def test_every_speed_is_counted_by_class_as_tagged_or_imputed():
    roads = roads_of(
        ([(0, 0), (1000, 0)], {"road_class": "primary", "maxspeed": "50", "surface": "asphalt"}),
        ([(0, 0), (0, 2000)], {"road_class": "primary", "maxspeed": "quick"}),
        ([(0, 0), (-5000, 0)], {"road_class": "track"}),
    )
    report = build_network(roads, mode="drive").report
    assert report["speeds_by_class"]["primary"] == {
        "km": 3.0,
        "tagged_km": 1.0,
        "imputed_km": 2.0,
        "unreadable_km": 2.0,
        "surface_unknown_km": 2.0,
    }
    assert report["speeds_by_class"]["track"]["imputed_km"] == 5.0
    assert report["speed_tagged_share"] == pytest.approx(1 / 8)
    assert report["speed_imputed_share"] == pytest.approx(7 / 8)
    assert report["unreadable_maxspeed_share"] == pytest.approx(2 / 8)
    assert report["unreadable_maxspeed"] == 1


# Seasons


def minutes(roads, season, mode="drive", **options):
    graph = build_network(roads, mode=mode, season=season, **options)
    return dict(zip(graph.road_id, graph.forward_min, strict=True))


def star():
    """Five roads of 5 km from one point, of 25 km/h (the track 20): 12 minutes each in the dry, the track 15."""
    return roads_of(
        ([(0, 0), (5000, 0)], {"surface": "asphalt"}),
        ([(0, 0), (0, 5000)], {"surface": "dirt"}),
        ([(0, 0), (-5000, 0)], {}),
        ([(0, 0), (0, -5000)], {"road_class": "track"}),
        ([(0, 0), (3000, 4000)], {"surface": "asphalt;dirt"}),
    )


def test_rain_halves_the_speed_of_unpaved_roads_and_of_untagged_tracks_only():
    assert minutes(star(), "dry") == {"w0": 12, "w1": 12, "w2": 12, "w3": 15, "w4": 12}
    assert minutes(star(), "wet") == {"w0": 12, "w1": 24, "w2": 12, "w3": 30, "w4": 24}


def test_an_all_season_run_removes_unpaved_roads():
    assert minutes(star(), "all_season") == {"w0": 12, "w1": np.inf, "w2": 12, "w3": np.inf, "w4": np.inf}


def test_walkers_do_not_mind_the_rain():
    dry, wet = (build_network(star(), mode="walk", season=season) for season in (None, "wet"))
    np.testing.assert_array_equal(dry.forward_min, wet.forward_min)
    assert wet.report["season"]["slowed_share"] == 0.0


def test_a_dry_season_is_no_season_bit_for_bit():
    plain, dry = (build_network(star(), mode="drive", season=season) for season in (None, "dry"))
    np.testing.assert_array_equal(plain.forward_min, dry.forward_min)
    assert "season" not in plain.report


def test_a_season_can_be_put_on_a_built_graph_with_the_same_result():
    for season in ("wet", "all_season"):
        built = build_network(star(), mode="drive", season=season)
        put = with_season(build_network(star(), mode="drive"), season)
        np.testing.assert_array_equal(built.forward_min, put.forward_min)
        np.testing.assert_array_equal(built.is_snappable, put.is_snappable)
        np.testing.assert_array_equal(built.component, put.component)
        assert built.report["season"] == put.report["season"]


def test_imputed_surfaces_are_counted_by_length():
    # Five roads of 5 km; the surface of two is not tagged; three are slowed.
    report = build_network(star(), mode="drive", season="wet").report["season"]
    assert report["surface_imputed_share"] == pytest.approx(2 / 5)
    assert report["slowed_share"] == pytest.approx(3 / 5)
    assert report["closed_share"] == 0.0


def test_closed_roads_are_not_entered_and_break_the_network_into_components():
    # 6 km paved, 1 km of dirt, 6 km paved in a row.
    roads = roads_of(
        ([(0, 0), (6000, 0)], {"surface": "asphalt"}),
        ([(6000, 0), (7000, 0)], {"surface": "dirt"}),
        ([(7000, 0), (13000, 0)], {"surface": "asphalt"}),
    )
    graph = with_season(build_network(roads, mode="drive"), "all_season")
    assert graph.is_snappable.tolist() == [True, False, True]
    assert graph.component_km[[0, 2]].tolist() == [6.0, 6.0]
    assert graph.component[0] != graph.component[2]


def test_grades_tell_where_no_surface_is_tagged():
    roads = roads_of(
        ([(0, 0), (5000, 0)], {"road_class": "track", "tracktype": "grade1"}),
        ([(0, 0), (0, 5000)], {"road_class": "residential", "tracktype": "grade5"}),
    )
    dry, wet = minutes(roads, "dry"), minutes(roads, "wet")
    assert wet["w0"] == dry["w0"]
    assert wet["w1"] == 2 * dry["w1"]


def test_a_season_of_the_users_own(tmp_path):
    file = tmp_path / "county.toml"
    file.write_text(
        'extends = "osrm_like"\n[season.monsoon]\nmodes = ["drive", "walk"]\nunpaved_factor = 0.25\n'
        'closed_classes = ["track"]\nclosed_surfaces = ["mud"]\nclosed_smoothness = ["bad"]\n'
        "[season.monsoon.surface]\nasphalt = 0.8\n",
        "utf-8",
    )
    roads = roads_of(
        ([(0, 0), (5000, 0)], {"surface": "asphalt"}),
        ([(0, 0), (0, 5000)], {"surface": "dirt"}),
        ([(0, 0), (-5000, 0)], {"surface": "asphalt", "smoothness": "bad"}),
        ([(0, 0), (0, -5000)], {"road_class": "track", "surface": "asphalt"}),
        ([(0, 0), (3000, 4000)], {"surface": "mud"}),
    )
    expected = {"w0": 15, "w1": 48, "w2": np.inf, "w3": np.inf, "w4": np.inf}  # 12 / 0.8, 12 / 0.25
    assert minutes(roads, "monsoon", speeds=file) == pytest.approx(expected)
    # Walkers are slowed where the table says so: 60 / 0.8 and 60 / 0.25.
    walk = minutes(roads, "monsoon", mode="walk", speeds=file)
    assert (walk["w0"], walk["w1"]) == pytest.approx((75, 240))
    with pytest.raises(NetworkError, match="closed_smoothness"):
        with_season(build_network(roads, mode="drive", speeds=file), "monsoon", table=file)


def test_a_season_is_that_of_the_table_that_the_network_was_built_with(tmp_path):
    own = tmp_path / "county.toml"
    own.write_text('extends = "rural_cn"\n[season.wet]\nunpaved_factor = 0.1\n', encoding="utf-8")
    line = gpd.GeoDataFrame({"surface": ["dirt"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=CRS)
    dry = build_network(line, mode="drive", speeds=own)
    with pytest.raises(NetworkError, match="built with the speed table county; pass it as table="):
        with_season(dry, "wet")
    wet = with_season(dry, "wet", table=own)
    assert wet.forward_min[0] == pytest.approx(10.0 * dry.forward_min[0])
    assert "wet" in wet._repr_html_()
    assert "season" not in dry._repr_html_()
    preset = build_network(line, mode="drive", speeds="rural_cn")
    assert with_season(preset, "wet").report["season"]["speed_table"] == "rural_cn"


def test_seasons_that_make_no_sense_are_refused():
    graph = build_network(star(), mode="drive")
    with pytest.raises(NetworkError, match="it has all_season, dry, wet"):
        with_season(graph, "autumn")
    with pytest.raises(NetworkError, match="autumn"):
        build_network(star(), mode="drive", season="autumn")
    with pytest.raises(NetworkError, match="already"):
        with_season(with_season(graph, "wet"), "wet")


def test_every_fault_of_a_season_is_listed_with_its_key(tmp_path):
    file = tmp_path / "faulty.toml"
    file.write_text(
        'extends = "osrm_like"\n[season.wet]\nunpaved_factor = -1\nmodes = ["fly"]\nclosed_classes = "track"\n'
        'closes_fair_weather = 3\nrain = 1\n[season.wet.surface]\nmud = nan\n[ferry]\nwait_min = "long"\nboat = 1\n',
        "utf-8",
    )
    with pytest.raises(StudyError) as caught:
        load_speeds(file)
    shown = str(caught.value)
    for key in ("unpaved_factor", "modes: 'fly'", "closed_classes", "closes_fair_weather", "rain", "surface.mud"):
        assert f"season.wet.{key}" in shown
    assert "ferry.wait_min" in shown
    assert "ferry.boat: unknown option" in shown


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("[drive]\nfactor = 0", "drive.factor"),
        ("[drive]\nfactor = nan", "drive.factor"),
        ("[drive.classes]\nprimary = nan", "drive.classes.primary"),
        ("[drive.classes]\nprimary = -5", "drive.classes.primary"),
        ("[drive.classes]\nprimary = inf", "drive.classes.primary"),
        ("[cycle]\nunpaved_factor = -0.1", "cycle.unpaved_factor"),
        ("[maxspeed]\nshare = 0", "maxspeed.share"),
        ("[maxspeed.zones]\nurban = 0", "maxspeed.zones.urban"),
        ("[caps.surface]\nmud = -1", "caps.surface.mud"),
    ],
)
def test_speeds_and_factors_that_cannot_be_are_refused_with_their_key(tmp_path, line, key):
    file = tmp_path / "speeds.toml"
    file.write_text(f'extends = "osrm_like"\n{line}\n', "utf-8")
    with pytest.raises(StudyError, match=key.replace(".", r"\.")):
        load_speeds(file)


def test_a_class_of_speed_0_is_closed(tmp_path):
    file = tmp_path / "speeds.toml"
    file.write_text('extends = "osrm_like"\n[drive.classes]\ntrack = 0\n', "utf-8")
    graph = build_network(star(), mode="drive", speeds=file)
    assert "w3" not in set(graph.road_id)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_a_speed_factor_that_makes_no_sense_is_refused(factor):
    with pytest.raises(NetworkError, match="speed_factor"):
        build_network(star(), mode="drive", speed_factor=factor)


def test_the_page_on_modes_prints_the_speeds_of_the_presets():
    page = (Path(__file__).parents[3] / "docs" / "modes.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$", page, flags=re.MULTILINE)
    printed = {kind: tuple(map(int, numbers)) for kind, *numbers in rows}
    assert printed == {**DRIVE, "track": TRACKS[None]}
