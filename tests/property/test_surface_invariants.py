"""What must hold on any ground: more help never hurts, order never matters, people are conserved."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spatial.terrain.coverage import geographic_coverage
from spatial.terrain.surface import catchment_surface, facility_to_facility, travel_time_surface
from tests.effort import tried

SHAPE = (7, 9)
GROUND = hnp.arrays(np.float64, SHAPE, elements=st.floats(0.001, 0.1) | st.just(np.nan))
HEIGHTS = hnp.arrays(np.float64, SHAPE, elements=st.floats(-50, 300))
CELLS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=1, max_size=5)
NEIGHBOURS = st.sampled_from([4, 8, 16])
QUICK = tried(40)


def _open(ground, cells):
    """The ground with its sources cleared of barriers."""
    friction = ground.copy()
    for cell in cells:
        if np.isnan(friction[cell]):
            friction[cell] = 0.01
    return friction


@QUICK
@given(GROUND, CELLS, CELLS, NEIGHBOURS)
def test_another_source_never_lengthens_a_time(ground, cells, more, neighbours) -> None:
    friction = _open(ground, cells + more)
    before = travel_time_surface(friction, cells, resolution_m=50.0, neighbours=neighbours)
    after = travel_time_surface(friction, cells + more, resolution_m=50.0, neighbours=neighbours)
    assert (after <= before).all()


@QUICK
@given(GROUND, CELLS, st.tuples(st.integers(0, 6), st.integers(0, 8)), NEIGHBOURS)
def test_an_opened_or_faster_cell_never_lengthens_a_time(ground, cells, cell, neighbours) -> None:
    friction = _open(ground, cells)
    faster = friction.copy()
    faster[cell] = 0.0009
    before = travel_time_surface(friction, cells, resolution_m=50.0, neighbours=neighbours)
    after = travel_time_surface(faster, cells, resolution_m=50.0, neighbours=neighbours)
    assert (after <= before).all()


@QUICK
@given(GROUND, CELLS)
def test_more_neighbours_never_lengthen_a_time(ground, cells) -> None:
    friction = _open(ground, cells)
    four, eight = (travel_time_surface(friction, cells, resolution_m=50.0, neighbours=n) for n in (4, 8))
    sixteen = travel_time_surface(friction, cells, resolution_m=50.0, neighbours=16)
    assert (sixteen <= eight).all()
    assert (eight <= four).all()


@QUICK
@given(GROUND, CELLS, st.floats(0, 30))
def test_a_cutoff_only_leaves_times_away(ground, cells, cutoff) -> None:
    friction = _open(ground, cells)
    whole = travel_time_surface(friction, cells, resolution_m=50.0)
    within = travel_time_surface(friction, cells, resolution_m=50.0, cutoff_min=cutoff)
    np.testing.assert_array_equal(within, np.where(whole <= cutoff, whole, np.inf))


@QUICK
@given(GROUND, CELLS, HEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_sources_changes_no_time(ground, cells, heights, random) -> None:
    friction = _open(ground, cells)
    shuffled = random.sample(cells, len(cells))
    for elevation in (None, heights):
        one = travel_time_surface(friction, cells, resolution_m=50.0, elevation_m=elevation)
        two = travel_time_surface(friction, shuffled, resolution_m=50.0, elevation_m=elevation)
        np.testing.assert_array_equal(one, two)


@QUICK
@given(GROUND, CELLS, NEIGHBOURS)
def test_every_catchment_is_that_of_its_nearest_source(ground, cells, neighbours) -> None:
    friction = _open(ground, cells)
    minutes, nearest = catchment_surface(friction, cells, resolution_m=50.0, neighbours=neighbours)
    each = np.stack([travel_time_surface(friction, [cell], resolution_m=50.0, neighbours=neighbours) for cell in cells])
    np.testing.assert_array_equal(minutes, each.min(axis=0))
    np.testing.assert_array_equal(nearest, np.where(np.isfinite(minutes), each.argmin(axis=0), -1))


@QUICK
@given(
    GROUND, HEIGHTS, st.tuples(st.integers(0, 6), st.integers(0, 8)), st.tuples(st.integers(0, 6), st.integers(0, 8))
)
def test_there_towards_is_back_from(ground, heights, here, there) -> None:
    friction = _open(ground, [here, there])
    towards = travel_time_surface(friction, [there], resolution_m=50.0, elevation_m=heights)
    away = travel_time_surface(friction, [here], resolution_m=50.0, elevation_m=heights, direction="from")
    assert towards[here] == pytest.approx(away[there], rel=1e-12)


@QUICK
@given(GROUND, HEIGHTS, st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=2, max_size=4, unique=True))
def test_the_referral_table_agrees_with_the_surfaces(ground, heights, cells) -> None:
    friction = _open(ground, cells)
    table = facility_to_facility(friction, cells, resolution_m=50.0, elevation_m=heights)
    for row in table.itertuples():
        surface = travel_time_surface(friction, [cells[row.to_id]], resolution_m=50.0, elevation_m=heights)
        minutes = surface[cells[row.from_id]]
        assert (np.isinf(minutes) and np.isnan(row.travel_time_min)) or row.travel_time_min == minutes
        straight = 0.05 * np.hypot(*np.subtract(cells[row.from_id], cells[row.to_id]))
        assert np.isnan(row.distance_km) or row.distance_km >= straight * (1 - 1e-12)


@QUICK
@given(
    GROUND,
    CELLS,
    hnp.arrays(np.float64, SHAPE, elements=st.floats(0, 1e6)),
    st.lists(st.floats(0, 1e6), min_size=5, max_size=5),
    st.floats(0, 40),
    st.sampled_from([0.0, 1.0]),
)
def test_served_full_and_not_reached_sum_to_the_population(ground, cells, people, capacity, cutoff, ring_min) -> None:
    friction = _open(ground, cells)
    facilities = pd.DataFrame(cells, columns=["row", "column"]).assign(
        facility_id=range(len(cells)), capacity=capacity[: len(cells)]
    )
    found = geographic_coverage(friction, people, facilities, resolution_m=50.0, cutoff_min=cutoff, ring_min=ring_min)
    whole = found.served + found.full + found.not_reached
    np.testing.assert_allclose(whole, people, rtol=1e-12, atol=1e-9)
    assert min(found.served.min(), found.full.min(), found.not_reached.min()) >= 0
    table = found.capacity_table
    assert (table["served"] <= table["capacity"] * (1 + 1e-12) + 1e-9).all()
    np.testing.assert_allclose(table["served"].sum(), found.served.sum(), rtol=1e-12, atol=1e-9)
    minutes = travel_time_surface(friction, cells, resolution_m=50.0, cutoff_min=cutoff)
    np.testing.assert_array_equal((found.served + found.full)[np.isinf(minutes)], 0.0)
    assert (found.not_reached[np.isfinite(minutes)] == 0).all()
