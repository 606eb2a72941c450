"""Points placed by polynomials lie where PROJ puts them, or PROJ is asked."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from spatial.sources.conformal import WITHIN_M, place_points

ZONES = [(f"EPSG:{32600 + zone}", 6.0 * zone - 183.0, 1) for zone in (1, 13, 31, 38, 60)]
ZONES += [(f"EPSG:{32700 + zone}", 6.0 * zone - 183.0, -1) for zone in (18, 38, 55)]


def change_to(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def points_in(box: tuple[float, float, float, float], count: int = 2000) -> np.ndarray:
    random = np.random.default_rng(7)
    west, south, east, north = box
    return np.column_stack((random.uniform(west, east, count), random.uniform(south, north, count)))


def assert_as_proj(crs: str, points: np.ndarray) -> None:
    change = change_to(crs)
    placed = place_points(points, np.ones(len(points), dtype=bool), change, points_a_cell=1)
    assert placed is not None
    expected = np.column_stack(change.transform(points[:, 0], points[:, 1]))
    assert np.abs(placed - expected).max() < WITHIN_M


@pytest.mark.parametrize(("crs", "meridian", "side"), ZONES)
@pytest.mark.parametrize("latitude", [0.0, 37.3, 61.0, 76.0])
def test_every_zone_is_as_proj_has_it(crs, meridian, side, latitude):
    south, north = sorted((side * latitude, side * (latitude + 8.0)))
    box = (max(meridian - 4.5, -180.0), south, min(meridian + 4.5, 180.0), north)
    assert_as_proj(crs, points_in(box))


@pytest.mark.parametrize(
    ("crs", "box"),
    [
        ("EPSG:4524", (102.0, 22.0, 111.0, 41.0)),  # CGCS2000, three degrees, with the zone in the easting
        ("EPSG:4547", (112.0, 22.0, 117.0, 41.0)),
        ("EPSG:2154", (-4.0, 42.0, 8.0, 51.0)),  # Lambert's conformal cone
        ("EPSG:3395", (-60.0, -30.0, -40.0, 5.0)),  # Mercator on the ellipsoid
        ("EPSG:2193", (166.5, -46.5, 178.5, -34.5)),
    ],
)
def test_other_conformal_projections_are_as_proj_has_them(crs, box):
    assert_as_proj(crs, points_in(box))


@pytest.mark.parametrize(
    ("crs", "box"),
    [
        ("EPSG:27700", (-3.0, 52.0, 0.0, 54.0)),  # another datum
        ("EPSG:3035", (0.0, 42.0, 8.0, 51.0)),  # equal areas
        ("EPSG:3857", (0.0, 42.0, 8.0, 51.0)),  # the sphere's formulas on the ellipsoid
        ("EPSG:32631", (0.0, 88.5, 8.0, 89.5)),  # at the pole
    ],
)
def test_proj_is_asked_where_polynomials_do_not_hold(crs, box):
    points = points_in(box)
    assert place_points(points, np.ones(len(points), dtype=bool), change_to(crs), points_a_cell=1) is None


@pytest.mark.parametrize("wrong", [(np.nan, 0.0), (0.0, np.nan), (180.0, 0.0), (-181.0, 0.0), (np.inf, 0.0)])
def test_proj_is_asked_for_what_is_no_place(wrong):
    points = np.array([(1.0, 1.0), wrong])
    change, every = change_to("EPSG:32631"), np.ones(2, dtype=bool)
    assert place_points(points, every, change, points_a_cell=1) is None
    # What nobody wants does not matter.
    placed = place_points(points, np.array([True, False]), change, points_a_cell=1)
    assert placed is not None
    assert placed[0] == pytest.approx(change.transform(1.0, 1.0), abs=WITHIN_M)


def test_few_points_and_none_are_left_to_proj():
    points, change = points_in((1.0, 1.0, 1.9, 1.9)), change_to("EPSG:32631")
    assert place_points(points, np.ones(len(points), dtype=bool), change) is None
    assert place_points(points, np.zeros(len(points), dtype=bool), change, points_a_cell=0) is None


def test_where_a_point_lies_does_not_depend_on_the_others():
    points, change = points_in((0.5, 1.0, 5.5, 7.9), 500), change_to("EPSG:32631")
    every = np.ones(len(points), dtype=bool)
    whole = place_points(points, every, change, points_a_cell=1)
    part = place_points(points[200:], every[200:], change, points_a_cell=1)
    assert whole is not None
    assert part is not None
    assert np.array_equal(whole[200:], part)
