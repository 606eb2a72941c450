"""What must hold for any villages and facilities: invariants of access and of population."""

import affine
import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from spatial.access.cumulative import summarise
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
from spatial.people.population import allocate_population_with_account
from spatial.rasters import Raster
from tests.effort import tried

BLOCKS = 3
SETTINGS = tried(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
COORDINATE = st.floats(-1.0, BLOCKS + 1.0, allow_nan=False).map(lambda value: round(value, 2))
SPOTS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)
TIERS = st.sampled_from(["village", "town", "county_seat", "city"])
PLACES = st.lists(st.tuples(TIERS, COORDINATE, COORDINATE), min_size=1, max_size=8)
SERVICES = {"clinic": frozenset({"clinic"})}
RULES = AccessRules(cutoffs_min=(5.0, 10.0, 20.0), max_time_min=30.0)
KEY = ["settlement_id", "service", "mode"]


@pytest.fixture(scope="module", params=["drive", "walk"])
def graph(request, grid_city):
    # One of the streets ends outside the grid, and an island of its own lies apart.
    more = [((3, 3), (6, 3)), ((12, 0), (14, 0), (14, 2), (12, 2), (12, 0))]
    return grid_city.graph(BLOCKS, mode=request.param, more=more)


def settlements_of(grid_city, places, **columns):
    return grid_city.settlements([(f"s{i}", tier, x, y) for i, (tier, x, y) in enumerate(places)], **columns)


def facilities_of(grid_city, spots):
    return grid_city.facilities([(f"f{i}", "clinic", x, y) for i, (x, y) in enumerate(spots)])


def table(graph, settlements, facilities, rules=RULES):
    return access_table(graph, settlements, facilities, services=SERVICES, rules=rules).access


@SETTINGS
@given(places=PLACES, spots=SPOTS)
def test_every_row_is_there_and_says_why(graph, grid_city, places, spots):
    access = table(graph, settlements_of(grid_city, places), facilities_of(grid_city, spots))
    assert len(access) == len(places) * 4
    assert not access.duplicated(KEY).any()
    reached = access["reach_status"] == "reached"
    assert access.loc[reached, "travel_time_min"].between(0.0, 30.0).all()
    assert access.loc[~reached, ["travel_time_min", "network_distance_m"]].isna().all(axis=None)
    assert (access["facility_id"].notna() == reached).all()
    legs = access[["access_leg_min", "network_leg_min", "egress_leg_min"]]
    np.testing.assert_allclose(legs[reached].sum(axis=1), access.loc[reached, "travel_time_min"], atol=1e-9)


@SETTINGS
@given(places=PLACES, spots=SPOTS, extra=st.tuples(COORDINATE, COORDINATE))
def test_a_new_facility_never_lengthens_a_time_and_never_lowers_a_count(graph, grid_city, places, spots, extra):
    settlements = settlements_of(grid_city, places)
    before = table(graph, settlements, facilities_of(grid_city, spots))
    after = table(graph, settlements, facilities_of(grid_city, [*spots, extra]))
    times = (frame["travel_time_min"].fillna(np.inf) for frame in (after, before))
    assert np.less_equal(*times).all()
    seconds = (frame["second_travel_time_min"].fillna(np.inf) for frame in (after, before))
    assert np.less_equal(*seconds).all()
    for cutoff in RULES.cutoffs_min:
        column = f"facilities_within_{cutoff:g}_min"
        assert (after[column] >= before[column]).all()


@SETTINGS
@given(places=PLACES, spots=SPOTS, closed=st.integers(0, 7))
def test_the_second_nearest_is_the_nearest_once_the_first_is_closed(graph, grid_city, places, spots, closed):
    settlements, facilities = settlements_of(grid_city, places), facilities_of(grid_city, spots)
    gone = f"f{closed % len(spots)}"
    now = table(graph, settlements, facilities)
    clinics = (now["service"] == "clinic").to_numpy()
    then = table(graph, settlements, facilities.loc[facilities["facility_id"] != gone])
    served = clinics & (now["facility_id"] == gone).to_numpy()
    expected = now["travel_time_min"].where(~served, now["second_travel_time_min"])
    np.testing.assert_allclose(then["travel_time_min"][clinics], expected[clinics], atol=1e-9)
    # the same facility, but where two are as near
    others = facilities.loc[facilities["facility_id"] != gone, "facility_id"]
    assert set(now["second_facility_id"][served].dropna()) <= set(others)


@SETTINGS
@given(places=PLACES, spots=SPOTS)
def test_a_new_road_never_lengthens_a_time(grid_city, graph, places, spots):
    # The diagonal meets the streets at the crossings only.
    wider = grid_city.graph(
        BLOCKS,
        mode=graph.mode,
        more=[((3, 3), (6, 3)), ((12, 0), (14, 0), (14, 2), (12, 2), (12, 0)), ((0, 0), (1, 1), (2, 2), (3, 3))],
    )
    settlements, facilities = settlements_of(grid_city, places), facilities_of(grid_city, spots)
    # With more candidates than edges nobody loses the way in that served before.
    snap = RULES.snap.__class__(candidates=60)
    rules = AccessRules(cutoffs_min=(10.0,), max_time_min=np.inf, snap=snap)
    before, after = (table(one, settlements, facilities, rules) for one in (graph, wider))
    # Equal ways may be added up in another order.
    assert (after["travel_time_min"].fillna(np.inf) <= before["travel_time_min"].fillna(np.inf) + 1e-9).all()


@SETTINGS
@given(places=PLACES, spots=SPOTS, seed=st.integers(0, 1000))
def test_the_order_of_rows_is_irrelevant(graph, grid_city, places, spots, seed):
    settlements, facilities = settlements_of(grid_city, places), facilities_of(grid_city, spots)
    shuffled = table(
        graph, settlements.sample(frac=1.0, random_state=seed), facilities.sample(frac=1.0, random_state=seed)
    )
    expected = table(graph, settlements, facilities).sort_values(KEY).reset_index(drop=True)
    pd.testing.assert_frame_equal(shuffled.sort_values(KEY).reset_index(drop=True), expected)


@SETTINGS
@given(places=PLACES, spots=SPOTS)
def test_counts_agree_with_the_nearest_and_grow_with_the_cutoff(graph, grid_city, places, spots):
    access = table(graph, settlements_of(grid_city, places), facilities_of(grid_city, spots))
    counts = access[[f"facilities_within_{cutoff:g}_min" for cutoff in RULES.cutoffs_min]].to_numpy()
    assert (np.diff(counts, axis=1) >= 0.0).all()
    nearest, second = access["travel_time_min"].to_numpy(), access["second_travel_time_min"].to_numpy()
    for column, cutoff in enumerate(RULES.cutoffs_min):
        # A time that equals the cutoff but for rounding may fall on either side.
        clear = ~(np.isclose(nearest, cutoff) | np.isclose(second, cutoff))
        at_least = (nearest <= cutoff).astype(int) + (second <= cutoff)
        assert (np.minimum(counts[:, column], 2) == at_least)[clear].all()


@SETTINGS
@given(places=PLACES, spots=SPOTS, extra=st.tuples(COORDINATE, COORDINATE))
def test_another_settlement_leaves_the_others_unchanged(graph, grid_city, places, spots, extra):
    facilities = facilities_of(grid_city, spots)
    before = table(graph, settlements_of(grid_city, places), facilities)
    after = table(graph, settlements_of(grid_city, [*places, ("village", *extra)]), facilities)
    kept = after.loc[after["settlement_id"].isin(before["settlement_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)


@SETTINGS
@given(places=PLACES, spots=SPOTS)
def test_splitting_a_village_in_two_halves_changes_no_total(graph, grid_city, places, spots):
    facilities = facilities_of(grid_city, spots)
    people = np.arange(1.0, len(places) + 1.0) * 100.0
    whole = settlements_of(grid_city, places, population_persons=people)
    halves = settlements_of(
        grid_city, [*places, places[0]], population_persons=np.r_[people[0] / 2, people[1:], people[0] / 2]
    )
    totals = [
        summarise(table(graph, one, facilities).query("service == 'clinic'"), by=None, settlements=one)[
            ["pop_total", "reached_share", "mean_reached_min", "mean_capped_min"]
        ]
        for one in (whole, halves)
    ]
    pd.testing.assert_frame_equal(*totals, rtol=1e-9)


def raster_of(grid_city, seed, nodata):
    values = np.random.default_rng(seed).exponential(10.0, (12, 12))
    values[values < 5.0] = 0.0
    values.ravel()[:nodata] = np.nan
    east, north = grid_city.origin
    transform = affine.Affine(400.0, 0.0, east - 500.0, 0.0, -400.0, north + 4000.0)
    return Raster(values, transform, pyproj.CRS(grid_city.crs), "people")


@SETTINGS
@given(places=PLACES, cells=st.tuples(st.integers(0, 1000), st.integers(0, 144)), reach=st.floats(50.0, 6000.0))
@pytest.mark.parametrize("on_network", [True, False])
def test_people_are_conserved(graph, grid_city, on_network, places, cells, reach):
    raster = raster_of(grid_city, *cells)
    settlements, account = allocate_population_with_account(
        settlements_of(grid_city, places), raster, graph=graph if on_network else None, max_distance_m=reach
    )
    persons = account.set_index("item")["persons"]
    assert persons.drop("raster_total").sum() == pytest.approx(persons["raster_total"], rel=1e-6)
    assert settlements["population_persons"].sum() == pytest.approx(persons["allocated"], rel=1e-6)
    assert (settlements["population_persons"] >= 0.0).all()


@SETTINGS
@given(places=PLACES, seed=st.integers(0, 1000))
def test_people_go_to_the_same_settlements_whatever_the_order_of_rows(graph, grid_city, places, seed):
    settlements, raster = settlements_of(grid_city, places), raster_of(grid_city, seed, 0)
    results = [
        allocate_population_with_account(one, raster, graph=graph)[0].set_index("settlement_id")["population_persons"]
        for one in (settlements, settlements.iloc[::-1])
    ]
    pd.testing.assert_series_equal(results[0].sort_index(), results[1].sort_index())


@SETTINGS
@given(places=PLACES, seed=st.integers(0, 1000))
def test_splitting_a_village_changes_nobody_elses_people(graph, grid_city, places, seed):
    raster = raster_of(grid_city, seed, 0)
    whole, halves = (
        allocate_population_with_account(settlements_of(grid_city, one), raster, graph=graph)[0]
        for one in (places, [*places, places[0]])
    )
    whole, halves = (one.set_index("settlement_id")["population_persons"] for one in (whole, halves))
    others = whole.index[1:]
    # Places on one spot share their people; the first id of them has them all.
    pd.testing.assert_series_equal(halves[others], whole[others])
    assert halves.sum() == pytest.approx(whole.sum(), rel=1e-12)
