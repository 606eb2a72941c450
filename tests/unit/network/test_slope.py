"""Slope: uphill and downhill by known formulas, on ground whose height is known."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine

from spatial.errors import NetworkError
from spatial.formats.raster import read_grid
from spatial.inputs.osm import read_osm
from spatial.network import slope as slope_module
from spatial.network.build import build_network
from spatial.network.matrix import times_matrix
from spatial.network.slope import climbs_of, cycling_multiplier, tobler_multiplier, tobler_speed, with_slope
from spatial.network.snapping import snap
from spatial.rasters import Raster

CRS = "EPSG:32738"


def road(line, **tags):
    return gpd.GeoDataFrame([{"road_id": "w1", **tags}], geometry=[shapely.LineString(line)], crs=CRS)


def plane(east=0.0, north=0.0, *, cell=50.0, size=200):
    """Ground that rises evenly: metres a metre eastwards and northwards, 5 km around the origin, exact if bilinear."""
    half = size * cell / 2
    centres = (np.arange(size) + 0.5) * cell - half
    values = 100.0 + east * centres[None, :] - north * centres[:, None]
    return Raster(values, Affine(cell, 0, -half, 0, -cell, half), pyproj.CRS(CRS), "plane")


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (-0.3, 2.501172),
        (-0.2, 3.549332),
        (-0.1, 5.036742),
        (-0.05, 6.0),
        (0.0, 5.036742),
        (0.05, 4.228129),
        (0.1, 3.549332),
        (0.2, 2.501172),
        (0.3, 1.762546),
        (0.5, 0.875255),
    ],
)
def test_tobler_gives_the_published_speeds(slope, expected):
    assert float(tobler_speed(slope)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("slope", "effort"), [(0.35, 3.41), (0.1, 1.42), (-0.05, 0.84), (-0.1, 1.0)])
def test_the_multiplier_is_that_of_opentripplanner(slope, effort):
    # Printed there to two digits; exp(3.5 x 0.40 - 0.175) = 3.404.
    assert 1 / float(tobler_multiplier(slope)) == pytest.approx(effort, abs=0.01)


def test_tobler_is_clamped_at_one_in_one_and_never_below_a_tenth():
    # 6 exp(-3.5 x 1.05) = 0.152 at one in one.
    assert float(tobler_speed(3.0)) == float(tobler_speed(1.0)) == pytest.approx(0.152096, abs=1e-6)
    assert float(tobler_speed(-3.0)) == float(tobler_speed(-1.0))
    assert np.isnan(tobler_speed(np.nan))


def test_cyclists_lose_and_gain_as_parkin_and_rotheram_measured():
    # 6.01 m/s on the flat, 0.4002 less for each per cent up, 0.2379 more for each per cent down, at most 35 km/h.
    assert float(cycling_multiplier(0.01)) == pytest.approx((6.01 - 0.4002) / 6.01)
    assert float(cycling_multiplier(0.10)) == pytest.approx((6.01 - 4.002) / 6.01)
    assert float(cycling_multiplier(-0.02)) == pytest.approx((6.01 + 0.4758) / 6.01)
    assert float(cycling_multiplier(-0.5)) == pytest.approx(35.0 / 21.636)


def test_up_takes_longer_than_down_by_tobler():
    # 1 km at 5 km/h is 12 minutes; m(0.1) = exp(-0.35), m(-0.1) = 1.
    graph = build_network(road([(0, 0), (1000, 0)]), mode="walk")
    steep = with_slope(graph, plane(east=0.1))
    assert steep.forward_min[0] == pytest.approx(12 / np.exp(-0.35), rel=1e-9)
    assert steep.backward_min[0] == pytest.approx(12.0, rel=1e-9)
    assert steep.report["slope"]["climb_km"] == pytest.approx(0.1)
    assert steep.report["slope"]["descent_km"] == 0.0
    assert graph.forward_min[0] == pytest.approx(12.0)


def test_the_drawn_direction_does_not_matter():
    up, down = (
        with_slope(build_network(road(line), mode="walk"), plane(east=0.1))
        for line in ([(0, 0), (1000, 0)], [(1000, 0), (0, 0)])
    )
    assert up.forward_min[0] == pytest.approx(down.backward_min[0], rel=1e-9)
    assert up.backward_min[0] == pytest.approx(down.forward_min[0], rel=1e-9)


def test_slope_is_that_along_the_road_not_that_of_the_hill():
    level = build_network(road([(0, 0), (0, 1000)]), mode="walk")
    np.testing.assert_allclose(with_slope(level, plane(east=0.3)).forward_min, level.forward_min, rtol=1e-9)


def test_level_ground_changes_nothing_bit_for_bit():
    graph = build_network(road([(0, 0), (713, 211), (901, 4)]), mode="walk")
    same = with_slope(graph, plane())
    np.testing.assert_array_equal(graph.forward_min, same.forward_min)
    np.testing.assert_array_equal(graph.backward_min, same.backward_min)


def test_a_hill_between_level_ends_is_not_missed():
    # Up 10 % for 500 m and down again: 6 / m(0.1) + 6 / m(-0.1), both ways.
    tent = plane()
    x = (np.arange(200) + 0.5) * 50.0 - 5000.0
    tent = Raster(np.tile(np.minimum(0.1 * (x + 25), 0.1 * (975 - x)), (200, 1)), tent.transform, tent.crs, "tent")
    line = [(-25, 0), (975, 0)]  # the ridge at 475 is a cell centre, 500 m along
    graph = with_slope(build_network(road(line), mode="walk"), tent, spacing_m=50.0)
    expected = 6 / np.exp(-0.35) + 6.0
    assert graph.forward_min[0] == pytest.approx(expected, rel=1e-9)
    assert graph.backward_min[0] == pytest.approx(expected, rel=1e-9)


def test_riders_push_where_pushing_is_faster():
    # 20 % up: nobody rides (m = 0); 5 km/h pushed by Tobler: 5 exp(-0.7) = 2.483 km/h.
    graph = with_slope(build_network(road([(0, 0), (1000, 0)]), mode="cycle"), plane(east=0.2))
    assert graph.forward_min[0] == pytest.approx(60 / (5 * np.exp(-0.7)), rel=1e-9)
    # Down: 15 km/h x min(1 + 3.958 x 0.2, 1.6177).
    assert graph.backward_min[0] == pytest.approx(60 / (15 * 35 / 21.636), rel=1e-9)


@pytest.mark.parametrize("mode", ["drive", "motorcycle", "emergency"])
def test_motors_keep_their_speed(mode):
    graph = build_network(road([(0, 0), (1000, 0)]), mode=mode)
    np.testing.assert_array_equal(with_slope(graph, plane(east=0.2)).forward_min, graph.forward_min)


def test_a_road_that_turns_made_two_edges_of_climbs_once():
    ways = {"w": [(-1000, 0), (0, 0)], "e": [(0, 0), (2000, 0)], "n": [(0, 0), (0, 1000)]}
    lines = [shapely.LineString(way) for way in ways.values()]
    roads = gpd.GeoDataFrame({"road_id": list(ways), "road_class": "residential"}, geometry=lines, crs=CRS)
    rows = {"turn_id": ["t"], "kind": "no", "from_road_id": "w", "to_road_id": "n"}
    turns = gpd.GeoDataFrame(rows, geometry=[shapely.Point(0, 0)], crs=CRS)
    # 0.05 m a metre over 3 km eastwards, level to the north.
    report = with_slope(build_network(roads, mode="cycle", turns=turns), plane(east=0.05)).report["slope"]
    assert report["climb_km"] == pytest.approx(0.15)
    assert report["unknown_km"] == report["steep_share"] == 0.0


def test_a_closed_direction_stays_closed():
    graph = build_network(road([(0, 0), (1000, 0)], oneway_foot="yes"), mode="walk")
    assert np.isinf(with_slope(graph, plane(east=0.1)).backward_min[0])


def test_bridges_run_straight_over_the_valley():
    values = plane().values.copy()
    values[:, 100:110] -= 80.0  # a gorge from x = 0 to 500
    gorge = Raster(values, plane().transform, plane().crs, "gorge")
    bridge, road_through = (
        with_slope(build_network(road([(-100, 0), (600, 0)], bridge=tag), mode="walk"), gorge) for tag in ("yes", "no")
    )
    assert bridge.forward_min[0] == pytest.approx(0.7 * 12)
    assert road_through.forward_min[0] > 1.2 * bridge.forward_min[0]


def test_voids_count_as_level_and_are_reported():
    values = plane(east=0.1).values.copy()
    values[:, 110:] = np.nan  # beyond x = 500 nothing is known; the last centre known is at 475
    ground = Raster(values, plane().transform, plane().crs, "holes")
    graph = build_network(road([(0, 0), (1000, 0)]), mode="walk")
    with pytest.raises(NetworkError, match="min_known_share"):
        with_slope(graph, ground)
    sloped = with_slope(graph, ground, spacing_m=25.0, min_known_share=0.4)
    assert sloped.report["slope"]["unknown_km"] == pytest.approx(0.525)
    expected = 12 * (0.475 / np.exp(-0.35) + 0.525)
    assert sloped.forward_min[0] == pytest.approx(expected, rel=1e-9)


def test_ground_beyond_the_raster_is_refused_unless_the_user_says_otherwise():
    graph = build_network(road([(20_000, 0), (21_000, 0)]), mode="walk")
    with pytest.raises(NetworkError, match="add the tiles that are missing"):
        with_slope(graph, plane(east=0.1))
    level = with_slope(graph, plane(east=0.1), min_known_share=0.0)
    np.testing.assert_array_equal(level.forward_min, graph.forward_min)
    assert level.report["slope"]["unknown_km"] == pytest.approx(1.0)


def test_exactly_the_share_demanded_is_enough():
    values = plane(east=0.1).values.copy()
    values[:, 110:] = np.nan
    ground = Raster(values, plane().transform, plane().crs, "holes")
    graph = build_network(road([(0, 0), (1000, 0)]), mode="walk")
    with_slope(graph, ground, spacing_m=25.0, min_known_share=0.475)
    with pytest.raises(NetworkError):
        with_slope(graph, ground, spacing_m=25.0, min_known_share=0.476)


@pytest.mark.parametrize("overlap", [0, 1])
def test_tiles_are_read_as_the_ground_they_were_cut_from(overlap):
    rough = plane()
    whole = Raster(np.random.default_rng(1).normal(0, 10, rough.shape), rough.transform, rough.crs, "whole")
    # The seam lies amid the road; on it the four tiles meet.
    tiles = [
        Raster(
            whole.values[top : top + 100 + overlap, left : left + 100 + overlap],
            whole.transform * Affine.translation(left, top), whole.crs, "tile",
        )
        for top in (0, 100 - overlap)
        for left in (0, 100 - overlap)
    ]  # fmt: skip
    graph = build_network(road([(-400, -210), (420, 190)]), mode="walk")
    for several in (tiles, tiles[::-1]):
        parts = with_slope(graph, several, spacing_m=7.0)
        np.testing.assert_allclose(parts.forward_min, with_slope(graph, whole, spacing_m=7.0).forward_min, rtol=1e-9)


def test_a_raster_in_degrees_is_read_at_the_points_of_the_roads():
    to_degrees = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(500_000.0, 8_700_000.0)
    # Heights are 10 % of the easting: cell by cell from the other CRS.
    columns, rows = np.meshgrid(np.arange(120), np.arange(120))
    back = pyproj.Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    step = 1 / 3600
    east, _ = back.transform(lon + (columns - 59.5) * step, lat - (rows - 59.5) * step)
    transform = Affine(step, 0, lon - 60 * step, 0, -step, lat + 60 * step)
    ground = Raster(0.1 * (east - 500_000.0), transform, pyproj.CRS("EPSG:4326"), "degrees")
    line = [(500_000.0, 8_700_000.0), (501_000.0, 8_700_000.0)]
    graph = with_slope(build_network(road(line), mode="walk"), ground)
    assert graph.forward_min[0] == pytest.approx(12 / np.exp(-0.35), rel=1e-4)


def test_climbs_are_kept_by_edge():
    graph = build_network(road([(0, 0), (500, 0), (200, 0)]), mode="walk")
    climbs = climbs_of(graph, plane(east=0.1), spacing_m=25.0)
    # 500 m out at 10 % and 300 m back; 800 m in steps of 25 m.
    assert climbs.climb_m[0] == pytest.approx(50.0)
    assert climbs.descent_m[0] == pytest.approx(30.0)
    assert climbs.unknown_m[0] == 0.0
    assert len(climbs.slope) == 32


def test_build_network_takes_elevation():
    built = build_network(road([(0, 0), (1000, 0)]), mode="walk", elevation=plane(east=0.1))
    assert built.forward_min[0] == pytest.approx(12 / np.exp(-0.35), rel=1e-9)


def test_options_that_make_no_sense_are_all_named():
    graph = build_network(road([(0, 0), (1000, 0)]), mode="walk")
    with pytest.raises(NetworkError, match=r"spacing_m.*min_known_share"):
        with_slope(graph, plane(), spacing_m=0.0, min_known_share=2.0)
    with pytest.raises(NetworkError, match="already"):
        with_slope(with_slope(graph, plane()), plane())
    with pytest.raises(NetworkError, match="no raster"):
        with_slope(graph, [])


def test_a_long_straight_walk_does_not_compete_with_a_road_that_knows_its_slope():
    # A road goes round: 2 x 4 km for 5.66 km straight. On the level the straight walk wins: 5.657 x 1.3 at 5 km/h.
    graph = build_network(road([(0, 0), (4000, 0), (4000, 4000)]), mode="walk")
    sloped = with_slope(graph, plane(east=0.1))
    points = gpd.GeoSeries([shapely.Point(0, 0), shapely.Point(4000, 4000)], crs=CRS)
    minutes = []
    for net in (graph, sloped):
        snaps = snap(net, points, max_snap_m=5000.0)
        i, j, found, _ = times_matrix(net, snaps, snaps, cutoff_min=np.inf)
        minutes.append(float(found[(i == 0) & (j == 1)][0]))
    assert minutes[0] == pytest.approx(60 * 1.3 * 4.0 * np.sqrt(2) / 5)
    # 4 km up at 10 %, 4 km level; one step lies across the bend.
    assert minutes[1] == pytest.approx(48 / np.exp(-0.35) + 48, rel=1e-3)
    # Within the walk that a place may take to the network, ground off the roads counts as level.
    near = snap(sloped, points, max_snap_m=6000.0)
    i, j, found, _ = times_matrix(sloped, near, near, cutoff_min=np.inf)
    assert found[(i == 0) & (j == 1)][0] == pytest.approx(minutes[0])


def test_how_many_steps_are_looked_at_together_changes_nothing(monkeypatch):
    roads = gpd.GeoDataFrame(
        {"road_id": [f"w{n}" for n in range(6)]},
        geometry=[shapely.LineString([(0, 100 * n), (150 * n + 40, 100 * n + 30)]) for n in range(6)],
        crs=CRS,
    )
    graph = build_network(roads, mode="walk")
    whole = with_slope(graph, plane(east=0.1, north=-0.05))
    monkeypatch.setattr(slope_module, "_BLOCK_STEPS", 7)
    parts = with_slope(graph, plane(east=0.1, north=-0.05))
    np.testing.assert_array_equal(whole.forward_min, parts.forward_min)
    np.testing.assert_array_equal(whole.backward_min, parts.backward_min)
    assert whole.report == parts.report


def test_all_of_comoros_has_a_slope_within_seconds(comoros):
    zone = pyproj.CRS("EPSG:32738")
    roads = read_osm(comoros / "comoros.osm.pbf").roads.to_crs(zone)
    ground = read_grid(sorted(comoros.glob("*.hgt.zip")), name="elevation").raster
    level = build_network(roads, mode="walk")
    begun = time.process_time()
    sloped = with_slope(level, ground)
    assert time.process_time() - begun < 3.0
    report = sloped.report["slope"]
    assert report["unknown_km"] == 0.0
    # 1,700 km of roads on volcanoes of up to 2,361 m: uphill and downhill kilometres of the same order.
    assert 0.8 < report["climb_km"] / report["descent_km"] < 1.25
    both = np.isfinite(level.forward_min) & np.isfinite(level.backward_min)
    there_and_back = (sloped.forward_min + sloped.backward_min)[both] / (2 * level.forward_min[both])
    # 1 / m(s) + 1 / m(-s) is 2 cosh(3.5 s) up to 5 % and more beyond: no hill makes a way there and back shorter.
    assert there_and_back.min() > 1 - 1e-9
    assert 1.05 < np.average(there_and_back, weights=level.length_m[both]) < 1.6
