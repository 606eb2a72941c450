"""Travel-time surfaces: test values, boundaries, barriers, slopes and bad input."""

import numpy as np
import pandas as pd
import pyproj
import pytest
from affine import Affine

import spatial as sp
from spatial.errors import ContractError, CrsError
from spatial.terrain.coverage import geographic_coverage
from spatial.terrain.surface import catchment_surface, cell_sizes_m, facility_to_facility, travel_time_surface

FLAT = np.full((11, 11), 0.01)
"""0.01 minutes per metre: 1 km takes 10 minutes."""


def test_a_kilometre_takes_ten_minutes_and_the_diagonal_root_two_of_that() -> None:
    minutes = travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0)
    assert minutes[0, 10] == 10.0
    assert minutes[10, 10] == pytest.approx(14.1421356, abs=1e-7)


def test_the_line_of_the_issue_runs_as_it_is_written() -> None:
    friction_min_per_m, sources = FLAT, np.array([[5, 5]])
    surface = sp.travel_time_surface(friction_min_per_m, sources, resolution_m=100.0, neighbours=8, cutoff_min=60)
    assert surface.dtype == np.float64
    assert surface.shape == (11, 11)


def test_a_step_costs_the_mean_of_both_cells_times_its_length() -> None:
    # (0.01 + 0.03) / 2 * 50 m = 1 minute; (0.03 + 0.05) / 2 * 50 m = 2 minutes
    minutes = travel_time_surface([[0.01, 0.03, 0.05]], [(0, 0)], resolution_m=50.0)
    assert minutes.tolist() == [[0.0, 1.0, 3.0]]


def test_a_knight_goes_straight_where_a_queen_turns() -> None:
    # 1 row and 2 columns: sqrt(5) cells for the knight, 1 + sqrt(2) otherwise; 1 minute a cell
    friction = np.full((2, 3), 0.01)
    knight = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, neighbours=16)
    queen = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, neighbours=8)
    rook = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, neighbours=4)
    assert (knight[1, 2], queen[1, 2], rook[1, 2]) == pytest.approx((5**0.5, 1 + 2**0.5, 3.0))


@pytest.mark.parametrize("blocked", [(0, 1), (1, 1)])
def test_a_knight_needs_both_cells_that_it_passes(blocked) -> None:
    friction = np.full((2, 3), 0.01)
    friction[blocked] = np.nan
    knight = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, neighbours=16)
    assert knight[1, 2] > 5**0.5 + 0.1


@pytest.mark.parametrize("barrier", [np.nan, np.inf])
@pytest.mark.parametrize("neighbours", [8, 16])
def test_nobody_leaks_diagonally_through_a_river_one_cell_wide(barrier, neighbours) -> None:
    friction = np.full((8, 8), 0.01)
    friction[np.arange(8), np.arange(8)] = barrier
    minutes = travel_time_surface(friction, [(0, 7)], resolution_m=100.0, neighbours=neighbours)
    assert np.isinf(minutes[np.tril_indices(8)]).all()


def test_one_open_corner_lets_a_diagonal_pass() -> None:
    friction = np.array([[0.01, np.nan], [0.01, 0.01]])
    minutes = travel_time_surface(friction, [(0, 0)], resolution_m=100.0)
    assert minutes[1, 1] == pytest.approx(2**0.5)


def test_two_islands_stay_apart() -> None:
    friction = np.full((5, 9), 0.01)
    friction[:, 4] = np.nan
    minutes, source = catchment_surface(friction, [(2, 0)], resolution_m=100.0)
    assert np.isfinite(minutes[:, :4]).all()
    assert np.isinf(minutes[:, 4:]).all()
    assert (source[:, 4:] == -1).all()


def test_the_cutoff_is_inclusive() -> None:
    minutes = travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, cutoff_min=3.0)
    assert minutes[0, 3] == 3.0
    assert np.isinf(minutes[0, 4])
    below = travel_time_surface(FLAT, [(0, 0)], resolution_m=100.0, cutoff_min=np.nextafter(3.0, 0.0))
    assert np.isinf(below[0, 3])


def test_a_cutoff_of_zero_leaves_the_sources_alone() -> None:
    minutes = travel_time_surface(FLAT, [(0, 0), (3, 4)], resolution_m=100.0, cutoff_min=0)
    assert np.argwhere(np.isfinite(minutes)).tolist() == [[0, 0], [3, 4]]


def test_without_sources_nothing_is_reached() -> None:
    minutes, source = catchment_surface(FLAT, [], resolution_m=100.0)
    assert np.isinf(minutes).all()
    assert (source == -1).all()


def test_equal_times_go_to_the_lower_source_whatever_the_order() -> None:
    # sources at both ends of eleven cells: the middle one is 5 minutes from either
    line = np.full((1, 11), 0.01)
    for sources in ([(0, 0), (0, 10)], [(0, 10), (0, 0)]):
        _, nearest = catchment_surface(line, sources, resolution_m=100.0)
        assert nearest[0, 5] == 0
    _, nearest = catchment_surface(line, [(0, 3), (0, 3)], resolution_m=100.0)
    assert (nearest == 0).all()


def test_sources_may_begin_late_or_be_closed() -> None:
    minutes, nearest = catchment_surface(
        np.full((1, 5), 0.01), [(0, 0), (0, 4), (0, 2)], resolution_m=100.0, source_min=[2.5, 0.0, np.inf]
    )
    assert minutes.tolist() == [[2.5, 3.0, 2.0, 1.0, 0.0]]
    assert nearest.tolist() == [[0, 1, 1, 1, 1]]


# Tobler (INDICATORS 6): km/h at a slope, and 5.036742 on the flat.
TOBLER = {
    -0.3: 2.501172,
    -0.2: 3.549332,
    -0.1: 5.036742,
    -0.05: 6.0,
    0.0: 5.036742,
    0.05: 4.228129,
    0.1: 3.549332,
    0.2: 2.501172,
    0.3: 1.762546,
    0.5: 0.875255,
}


@pytest.mark.parametrize(("slope", "km_h"), TOBLER.items())
def test_walking_speed_follows_tobler_in_the_direction_of_travel(slope, km_h) -> None:
    friction = np.full((1, 2), 0.06 / 5.036742)
    elevation = [[0.0, slope * 100.0]]
    away = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, elevation_m=elevation, direction="from")
    home = travel_time_surface(friction, [(0, 1)], resolution_m=100.0, elevation_m=elevation)
    assert 6.0 / away[0, 1] == pytest.approx(km_h, abs=1e-6)
    assert home[0, 0] == away[0, 1]


def test_a_slope_slows_nobody_below_a_tenth_of_a_kilometre_an_hour() -> None:
    # 2 km/h * exp(-3.5) = 0.0604 km/h at a slope of 1, so the floor of 0.1 counts: 100 m take 60 minutes
    minutes = travel_time_surface(np.full((1, 2), 0.03), [(0, 1)], resolution_m=100.0, elevation_m=[[0.0, 500.0]])
    assert minutes[0, 0] == pytest.approx(60.0)
    # ground of 0.05 km/h stays at 0.05
    slow = travel_time_surface(np.full((1, 2), 1.2), [(0, 1)], resolution_m=100.0, elevation_m=[[0.0, 500.0]])
    assert slow[0, 0] == pytest.approx(120.0)


def test_slope_counts_for_walked_cells_alone() -> None:
    elevation = np.arange(5.0)[None, :] * 30
    driven = travel_time_surface(
        np.full((1, 5), 0.01), [(0, 4)], resolution_m=100.0, elevation_m=elevation, walks=np.zeros((1, 5))
    )
    assert driven.tolist() == [[4.0, 3.0, 2.0, 1.0, 0.0]]


def test_a_level_dem_changes_nothing() -> None:
    rough = np.random.default_rng(0).uniform(0.005, 0.05, (30, 30))
    flat = travel_time_surface(rough, [(3, 4)], resolution_m=100.0)
    level = travel_time_surface(rough, [(3, 4)], resolution_m=100.0, elevation_m=np.full((30, 30), 77.0))
    np.testing.assert_allclose(level, flat, rtol=1e-14)


def test_dem_voids_are_refused_unless_they_are_said_to_be_level() -> None:
    elevation = np.array([[0.0, np.nan, 0.0]])
    friction = np.full((1, 3), 0.01)
    with pytest.raises(ContractError, match=r"1 walked cells have no elevation.*\(0, 1\)"):
        travel_time_surface(friction, [(0, 0)], resolution_m=100.0, elevation_m=elevation)
    level = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, elevation_m=elevation, dem_voids="flat")
    assert level[0] == pytest.approx([0.0, 1.0, 2.0])
    at_sea = travel_time_surface([[0.01, np.nan, 0.01]], [(0, 0)], resolution_m=100.0, elevation_m=elevation)
    assert at_sea[0, 0] == 0.0


BAD = [
    ({"friction_min_per_m": [[0.0, 0.01]]}, "friction of 0 or below"),
    ({"friction_min_per_m": [[-1.0, 0.01]]}, "friction of 0 or below"),
    ({"friction_min_per_m": [0.01]}, "rows and columns"),
    ({"sources": [(0, 0), (5, 5)]}, "outside"),
    ({"sources": [(-1, 0)]}, "outside"),
    ({"sources": [(0, 2)]}, r"1 sources lie on barriers.*\(0, 2\)"),
    ({"sources": [(0.5, 0)]}, "whole numbers"),
    ({"sources": [0, 1, 2]}, "whole numbers"),
    ({"source_min": [-1.0]}, "source_min"),
    ({"source_min": [np.nan]}, "source_min"),
    ({"source_min": [1.0, 2.0]}, "source_min"),
    ({"cutoff_min": -1}, "cutoff_min"),
    ({"cutoff_min": np.nan}, "cutoff_min"),
    ({"resolution_m": 0.0}, "resolution_m"),
    ({"resolution_m": np.nan}, "resolution_m"),
    ({"resolution_m": (100.0, np.ones(7))}, "one a row"),
    ({"neighbours": 6}, "neighbours"),
    ({"corners": "leak"}, "corners: 'leak' is not one of 'block', 'pass'"),
    ({"direction": "up"}, "direction"),
    ({"dem_voids": "guess"}, "dem_voids"),
    ({"elevation_m": np.zeros((2, 2))}, "warp it to the same grid"),
    ({"walks": np.zeros((2, 2))}, "walks"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_refused_in_words(change, message) -> None:
    given = {"friction_min_per_m": [[0.01, 0.01, np.nan]], "sources": [(0, 0)], "resolution_m": 100.0}
    given |= change
    friction, sources = given.pop("friction_min_per_m"), given.pop("sources")
    with pytest.raises(ContractError, match=message):
        travel_time_surface(friction, sources, **given)


def test_nothing_that_is_given_is_changed() -> None:
    friction = np.full((4, 4), 0.01)
    before = friction.copy()
    travel_time_surface(friction, [(0, 0)], resolution_m=100.0)
    np.testing.assert_array_equal(friction, before)


def test_other_kinds_of_numbers_give_the_same_answer() -> None:
    single = np.full((5, 5), 0.25, np.float32)
    double = travel_time_surface(single.astype(np.float64), [(0, 0)], resolution_m=4)
    np.testing.assert_array_equal(travel_time_surface(single, [(0, 0)], resolution_m=4), double)
    turned = np.asfortranarray(np.arange(1.0, 13.0).reshape(3, 4))
    np.testing.assert_array_equal(
        travel_time_surface(turned, [(0, 0)], resolution_m=4),
        travel_time_surface(np.ascontiguousarray(turned), [(0, 0)], resolution_m=4),
    )


def test_cells_in_degrees_are_as_wide_as_their_latitude_makes_them() -> None:
    # WGS 84: a degree of longitude is 111,320 m at the equator and half of a little more at 60 degrees
    height, width = cell_sizes_m(Affine(1, 0, 0, 0, -1, 60.5), pyproj.CRS("EPSG:4326"), (61, 3))
    assert width[60] == pytest.approx(111_319.5, rel=1e-4)
    assert width[0] == pytest.approx(55_800.0, rel=1e-4)
    assert height[0] == pytest.approx(111_412.0, rel=1e-4)
    assert height[60] == pytest.approx(110_574.0, rel=1e-4)


def test_cells_in_metres_are_what_the_transform_says() -> None:
    height, width = cell_sizes_m(Affine(30, 0, 0, 0, -20, 0), pyproj.CRS("EPSG:32738"), (2, 3))
    assert (height.tolist(), width.tolist()) == ([20.0, 20.0], [30.0, 30.0])


def test_grids_in_feet_or_turned_are_refused() -> None:
    with pytest.raises(CrsError, match="use degrees or metres"):
        cell_sizes_m(Affine(1, 0, 0, 0, -1, 0), pyproj.CRS("EPSG:2263"), (2, 2))
    with pytest.raises(CrsError, match="turned"):
        cell_sizes_m(Affine(1, 0.1, 0, 0, -1, 0), pyproj.CRS("EPSG:32738"), (2, 2))


def test_the_referral_table_has_both_directions_and_the_length_of_the_path() -> None:
    # ten cells of 100 m rising 5 m each: up at a slope of 0.05, down at -0.05, 5.036742 km/h on the flat
    friction = np.full((1, 11), 0.06 / 5.036742)
    elevation = np.arange(11.0)[None, :] * 5
    table = facility_to_facility(
        friction, [(0, 0), (0, 10)], resolution_m=100.0, ids=["low", "high"], elevation_m=elevation
    )
    assert table["from_id"].tolist() == ["low", "high"]
    assert table["travel_time_min"].tolist() == pytest.approx([60 / 4.228129, 60 / 6.0], rel=1e-6)
    assert table["distance_km"].tolist() == pytest.approx([1.0, 1.0])
    assert table["rank"].tolist() == [1, 1]


def test_the_referral_path_is_the_fastest_and_not_the_shortest() -> None:
    # a fast lane one row below: down, along and up again is longer and faster than straight ahead
    friction = np.full((2, 11), 0.1)
    friction[1] = 0.001
    table = facility_to_facility(friction, [(0, 0), (0, 10)], resolution_m=100.0)
    # 100 m down at (0.1 + 0.001) / 2, 1 km along at 0.001, 100 m up again
    assert table["distance_km"].iloc[0] == pytest.approx(1.2)
    assert table["travel_time_min"].iloc[0] == pytest.approx(5.05 + 1.0 + 5.05)


def test_the_referral_path_goes_aslant_over_open_ground_and_between_no_closed_corners() -> None:
    friction = np.full((5, 5), 0.01)
    table = facility_to_facility(friction, [(0, 0), (4, 4)], resolution_m=100.0)
    assert table["distance_km"].tolist() == pytest.approx([0.4 * 2**0.5] * 2)  # four diagonals
    friction[0, 1] = friction[1, 0] = np.nan
    closed = facility_to_facility(friction, [(0, 0), (4, 4)], resolution_m=100.0)
    assert set(closed["reach_status"]) == {"no_path"}


def test_facilities_that_cannot_refer_are_kept_and_say_so() -> None:
    friction = np.array([[0.01, 0.01, np.nan, 0.01]])
    table = facility_to_facility(friction, [(0, 0), (0, 1), (0, 3)], resolution_m=100.0)
    assert len(table) == 6
    assert table["reach_status"].tolist() == ["reached", "no_path", "reached", "no_path", "no_path", "no_path"]
    assert table["travel_time_min"].isna().sum() == 4
    assert table["rank"].tolist()[0] == 1
    assert table["rank"].isna().sum() == 4
    near = facility_to_facility(np.full((1, 4), 0.01), [(0, 0), (0, 3)], resolution_m=100.0, cutoff_min=2.0)
    assert set(near["reach_status"]) == {"beyond_cutoff"}


def test_ids_that_do_not_fit_the_sources_are_refused() -> None:
    with pytest.raises(ContractError, match="ids"):
        facility_to_facility(FLAT, [(0, 0), (0, 1)], resolution_m=100.0, ids=["a", "a"])
    assert facility_to_facility(FLAT, [], resolution_m=100.0).empty


def test_an_external_surface_in_minutes_per_metre_is_taken_as_it_is() -> None:
    # As the global surfaces of Weiss et al. come: 30 seconds of arc, minutes per metre, -9999 for the sea.
    transform, crs = Affine(1 / 120, 0, 43.0, 0, -1 / 120, -11.0), pyproj.CRS("EPSG:4326")
    friction = np.full((4, 6), 0.012, np.float32)
    friction[:, 4] = -9999.0
    height, width = cell_sizes_m(transform, crs, friction.shape)
    with pytest.raises(ContractError, match="4 cells have a friction of 0 or below"):
        travel_time_surface(friction, [(0, 0)], resolution_m=(height, width))
    friction[friction <= 0] = np.nan
    minutes = travel_time_surface(friction, [(0, 0)], resolution_m=(height, width))
    east, south = minutes[0, 3], minutes[3, 0]
    assert east == pytest.approx(3 * float(width[0]) * 0.012, rel=1e-6)
    assert south == pytest.approx((height[0] / 2 + height[1] + height[2] + height[3] / 2) * 0.012, rel=1e-6)
    assert east < south  # a degree of longitude is shorter at 11 degrees south
    assert np.isinf(minutes[:, 4:]).all()


def test_walked_and_driven_cells_side_by_side_differ_from_walking_alone() -> None:
    friction, elevation = np.full((1, 4), 0.01), np.array([[0.0, 20.0, 40.0, 60.0]])
    found = {
        name: travel_time_surface(
            friction, [(0, 0)], resolution_m=100.0, elevation_m=elevation, walks=walks, direction="from"
        )[0, 3]
        for name, walks in (("all", None), ("said", np.ones((1, 4), bool)), ("half", [[1, 1, 0, 0]]))
    }
    factor = float(np.exp(3.5 * 0.2))  # a slope of 0.2 upwards, beside the flat
    assert found["all"] == pytest.approx(3.0 * factor, rel=1e-12)
    assert found["said"] == found["all"]
    assert found["half"] == pytest.approx(factor + (factor + 1) / 2 + 1, rel=1e-12)


def test_corners_pass_where_the_convention_of_r_cost_is_asked_for() -> None:
    # Two cells that touch at a corner, barriers beside it: one diagonal of 100 m at 0.01 min/m, root two minutes.
    corner = np.array([[0.01, np.nan], [np.nan, 0.01]])
    shared = {"resolution_m": 100.0, "corners": "pass"}
    assert travel_time_surface(corner, [(0, 0)], **shared)[1, 1] == pytest.approx(2**0.5)
    assert catchment_surface(corner, [(0, 0)], **shared)[1][1, 1] == 0
    table = facility_to_facility(corner, [(0, 0), (1, 1)], **shared)
    assert table["travel_time_min"].tolist() == pytest.approx([2**0.5] * 2)
    assert table["distance_km"].tolist() == pytest.approx([0.1 * 2**0.5] * 2)
    clinic = pd.DataFrame({"facility_id": ["a"], "row": [0], "column": [0], "capacity": [np.inf]})
    people = np.ones((2, 2))
    cover = geographic_coverage(corner, people, clinic, cutoff_min=2.0, **shared)
    assert cover.report["served"] == 2.0
    assert np.isinf(travel_time_surface(corner, [(0, 0)], resolution_m=100.0)[1, 1])
    assert np.isinf(travel_time_surface(corner, [(0, 0)], neighbours=4, **shared)[1, 1])


@pytest.mark.parametrize("blocked", [(0, 1), (1, 1)])
def test_a_knight_needs_both_cells_that_it_passes_where_corners_pass_too(blocked) -> None:
    friction = np.full((2, 3), 0.01)
    friction[blocked] = np.nan
    knight = travel_time_surface(friction, [(0, 0)], resolution_m=100.0, neighbours=16, corners="pass")
    # One straight step and one diagonal, as for a queen: the knight's own root five is closed.
    assert knight[1, 2] == pytest.approx(1 + 2**0.5)


def test_no_cutoff_is_none_or_inf_on_every_surface() -> None:
    line = np.full((1, 6), 0.01)
    clinic = pd.DataFrame({"facility_id": ["a"], "row": [0], "column": [0], "capacity": [np.inf]})
    for none in (None, np.inf):
        shared = {"resolution_m": 100.0, "cutoff_min": none}
        assert travel_time_surface(line, [(0, 0)], **shared)[0, 5] == 5.0
        assert catchment_surface(line, [(0, 0)], **shared)[0][0, 5] == 5.0
        assert facility_to_facility(line, [(0, 0), (0, 5)], **shared)["travel_time_min"].tolist() == [5.0] * 2
        cover = geographic_coverage(line, np.ones((1, 6)), clinic, **shared)
        assert (cover.report["served"], cover.capacity_table["cutoff_min"].tolist()) == (6.0, [np.inf])
