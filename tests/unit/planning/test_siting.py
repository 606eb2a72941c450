"""Location models: answers known by arithmetic, every subset tried, and faults that are told."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.location_models import relaxed
from spatial.planning.making_room import match_capacity
from spatial.planning.sites import read_siting
from spatial.planning.siting import backup_coverage, lscp, mclp, p_center, p_dispersion, p_median
from tests.unit.planning.enumeration import frames

# Six places on a line, and their people.
X = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
PEOPLE = np.array([100.0, 200.0, 100.0, 300.0, 100.0, 50.0])
LINE = np.abs(X[:, None] - X)


@pytest.mark.parametrize(("p", "least", "opened"), [(1, 3900.0, [3]), (2, 1100.0, [1, 3]), (3, 600.0, [1, 3, 5])])
def test_the_median_of_a_line_is_known(p: int, least: float, opened: list[int]) -> None:
    # One site at 10: 100 x 10 + 200 x 8 + 100 x 6 + 100 x 2 + 50 x 10 = 3,900.
    plan = p_median(cost=LINE, weights=PEOPLE, n_facilities=p)
    assert (plan.objective, plan.status) == (least, "optimal")
    assert plan.sites["facility_id"].tolist() == opened


@pytest.mark.parametrize(("p", "longest"), [(1, 10.0), (2, 8.0), (3, 2.0)])
def test_the_center_of_a_line_is_known(p: int, longest: float) -> None:
    plan = p_center(cost=LINE, n_facilities=p)
    assert (plan.objective, plan.bound, plan.status) == (longest, longest, "optimal")


@pytest.mark.parametrize(("p", "people"), [(1, 400.0), (2, 800.0), (3, 850.0)])
def test_the_coverage_of_a_line_is_known(p: int, people: float) -> None:
    assert mclp(cost=LINE, weights=PEOPLE, n_facilities=p, service_radius=2).objective == people


def test_the_smallest_cover_of_a_line_has_three_sites() -> None:
    assert lscp(cost=LINE, service_radius=2).objective == 3.0


def test_squares_of_times_open_other_sites_than_times() -> None:
    # Sites at 2 and 12: 100 x 4 + 100 x 4 + 300 x 4 + 50 x 64 = 5,200.
    plan = p_median(cost=LINE**2, weights=PEOPLE, n_facilities=2)
    assert (plan.objective, plan.sites["facility_id"].tolist()) == (5200.0, [1, 4])


def test_the_median_of_four_nodes_is_known() -> None:
    nodes = np.array([[0.0, 6, 3, 2], [6, 0, 4, 7], [3, 4, 0, 10], [2, 7, 10, 0]])
    assert [p_median(cost=nodes, n_facilities=p).objective for p in (1, 2)] == [11.0, 5.0]


def test_alternatives_are_all_near_plans_with_the_best_first() -> None:
    plan = p_median(cost=LINE, weights=PEOPLE, n_facilities=2)
    others = plan.alternatives(within=0.5, most=9)
    every = {some: float(PEOPLE @ LINE[:, list(some)].min(axis=1)) for some in itertools.combinations(range(6), 2)}
    near = sorted(value for some, value in every.items() if value <= 1650.0 and some != (1, 3))
    assert [other.objective for other in others] == near
    assert all(every[tuple(other.sites["facility_id"])] == other.objective for other in others)


def test_gains_name_the_first_site_and_sum_to_the_plan() -> None:
    # Two sites: 2 and 12 reach 400 people each; 20 reaches 50.
    plan = mclp(cost=LINE, weights=PEOPLE, n_facilities=3, service_radius=2)
    gain = plan.gain_by_site
    assert gain["persons_in_order"].tolist() == [400.0, 400.0, 50.0]
    assert gain["objective_in_order"].tolist() == [400.0, 800.0, 850.0]
    assert gain["persons_lost_without"].tolist() == [400.0, 400.0, 50.0]


def test_new_sites_are_counted_beside_existing_ones_and_closed_ones_stay_closed() -> None:
    asked = frames(LINE, PEOPLE, status=["candidate"] * 3 + ["existing", "candidate", "closed"])
    plan = mclp(*asked, n_facilities=1, service_radius=2)
    # 10 and 12 are within 2 of the existing site; the best new one reaches the first three.
    assert plan.sites["facility_id"].tolist() == ["f1", "f3"]
    assert plan.sites["is_new"].tolist() == [True, False]
    assert plan.objective == 800.0
    assert plan.demand["reach"].tolist() == ["served"] * 5 + ["no_candidate"]
    reopened = mclp(*asked, n_facilities=2, service_radius=2, reopen=True)
    assert reopened.sites["status"].tolist() == ["candidate", "existing", "closed"]


def test_order_and_names_of_rows_do_not_matter() -> None:
    od, settlements, candidates = frames(LINE, PEOPLE)
    one = p_median(od, settlements, candidates, n_facilities=2)
    other = p_median(
        od.sample(frac=1, random_state=1), settlements[::-1], candidates.sample(frac=1, random_state=2), n_facilities=2
    )
    pd.testing.assert_frame_equal(one.sites, other.sites)
    pd.testing.assert_frame_equal(one.demand, other.demand[::-1].reset_index(drop=True))


def test_sparse_pairs_and_inf_are_the_same_task() -> None:
    near = np.where(LINE <= 4.0, LINE, np.inf)
    i, j = np.nonzero(np.isfinite(near))
    sparse = csr_array((near[i, j], (i, j)), shape=near.shape)
    dense = mclp(cost=near, weights=PEOPLE, n_facilities=2, service_radius=4)
    pd.testing.assert_frame_equal(
        dense.assignment, mclp(cost=sparse, weights=PEOPLE, n_facilities=2, service_radius=4).assignment
    )


def test_a_large_median_is_proven_or_has_its_gap() -> None:
    draw = np.random.default_rng(5)
    places, sites = draw.random((300, 2)), draw.random((60, 2))
    cost = np.hypot(places[:, :1] - sites[:, 0], places[:, 1:] - sites[:, 1])
    people = draw.integers(1, 1000, 300).astype(float)
    proven = p_median(cost=cost, weights=people, n_facilities=6)
    near = p_median(cost=cost, weights=people, n_facilities=6, gap=0.05)
    assert proven.status == "optimal"
    assert near.bound <= proven.objective <= near.objective <= near.bound * 1.06
    # No single swap is better than the proven plan.
    opened = proven.sites["facility_id"].tolist()
    for out in opened:
        for into in set(range(60)) - set(opened):
            swapped = [j for j in opened if j != out] + [into]
            assert people @ cost[:, swapped].min(axis=1) >= proven.objective - 1e-9


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cost": LINE, "n_facilities": 7}, "only 6 may be opened"),
        ({"cost": LINE + 9.0, "n_facilities": 1}, "nobody is within 2 of any site"),
        ({"cost": LINE + np.inf, "n_facilities": 1}, "nobody is within 2 of any site$"),
    ],
)
def test_what_cannot_be_says_what_can(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InfeasibleError, match=told) as raised:
        mclp(service_radius=2, **options)
    assert raised.value.bound in {6.0, 9.0, None}


@pytest.mark.parametrize("model", [p_median, p_center])
def test_too_few_sites_for_everybody_say_how_many_it_takes(model: Any) -> None:
    # Nobody goes farther than 4: three sites, as at 2, 12 and 20.
    with pytest.raises(InfeasibleError, match="cannot reach everybody") as raised:
        model(cost=np.where(LINE <= 4.0, LINE, np.inf), n_facilities=2)
    assert raised.value.bound == 3.0


def test_sites_that_cannot_hold_everybody_say_how_many_they_hold() -> None:
    with pytest.raises(InfeasibleError, match="cannot serve so many") as raised:
        lscp(*frames(LINE, PEOPLE, room=[100.0] * 6), service_radius=2, capacity="room")
    assert raised.value.bound == pytest.approx(550.0)  # 50 at the last


def test_all_faults_of_frames_are_told_at_once() -> None:
    od, settlements, candidates = frames(LINE, PEOPLE, capacity=[1.0, np.nan, -1.0, 1.0, 1.0, 1.0])
    settlements.loc[2, "population_persons"] = -5.0
    candidates.loc[1, "facility_id"] = "f0"
    with pytest.raises(ContractError) as raised:
        mclp(od, settlements, candidates, n_facilities=1, service_radius=2, capacity="capacity")
    text = str(raised.value)
    for part in (
        "population_persons: negative for 's2'",
        "not unique: 'f0'",
        "capacity: NaN",
        "capacity: negative for 'f2'",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n_facilities": None}, "say how many new sites"),
        ({"n_facilities": 1.5}, "a whole number"),
        ({"budget": 3.0}, "needs site_costs"),
        ({"gap": 2.0}, "from 0 to 1"),
        ({"weights": [1.0]}, "of shape"),
        ({"weights": np.append(PEOPLE[:-1], np.nan)}, "NaN"),
        ({"cost": np.where(LINE == 8.0, -1.0, LINE)}, "negative"),
        ({"cost": None}, "give all three"),
    ],
)
def test_options_that_cannot_be_are_refused(change: dict[str, Any], told: str) -> None:
    options = {"cost": LINE, "n_facilities": 1} | change
    with pytest.raises(ContractError, match=told):
        p_median(**options)


@pytest.mark.parametrize(
    ("table", "change", "told"),
    [
        (0, {"to_id": "f9"}, "to_id: in no row of candidates: 'f9'"),
        (0, {"from_id": "s9"}, "from_id: in no row of settlements: 's9'"),
        (1, {"population_persons": np.nan}, "population_persons: no value is known"),
        (1, {"settlement_id": None}, "settlement_id: missing in 6 rows"),
        (2, {"facility_id": None}, "facility_id: missing in 6 rows"),
        (2, {"status": "planned"}, "status: must be existing, candidate or closed, is 'planned'"),
    ],
)
def test_frames_that_do_not_belong_together_are_refused(table: int, change: dict[str, Any], told: str) -> None:
    asked = list(frames(LINE, PEOPLE))
    asked[table] = asked[table].assign(**change)
    with pytest.raises(ContractError, match=told):
        p_median(*asked, n_facilities=1)


def test_a_model_has_no_options_but_its_own_and_alternatives_no_share_above_all() -> None:
    with pytest.raises(TypeError, match="no such option: 'n_sites'"):
        p_median(cost=LINE, n_facilities=1, n_sites=2)
    with pytest.raises(ContractError, match=r"within: must be from 0 to 1, is 1\.5"):
        p_median(cost=LINE, n_facilities=1).alternatives(within=1.5)


def test_unknown_people_are_nobody_and_are_listed() -> None:
    od, settlements, candidates = frames(LINE, np.append(PEOPLE[:-1], np.nan))
    plan = mclp(od, settlements, candidates, n_facilities=2, service_radius=2)
    assert plan.demand["reach"].tolist()[-1] == "unknown"
    assert np.isnan(plan.demand["served_persons"].iloc[-1])


def test_a_plan_of_nobody_that_is_not_proven_has_no_finite_gap() -> None:
    proven = mclp(cost=[[0.0]], weights=[5.0], n_facilities=1, service_radius=1)
    assert proven.gap == 0.0
    assert replace(proven, objective=0.0, bound=5.0, status="feasible").gap == np.inf
    assert replace(proven, objective=4.0, bound=5.0, status="feasible").gap == 0.25


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (mclp, {"service_radius": 2}), (p_median, {}), (p_center, {}), (backup_coverage, {"service_radius": 2})
    ],
)  # fmt: skip
def test_money_that_is_none_or_too_little_is_refused_by_every_model(model: Any, options: dict[str, Any]) -> None:
    asked = frames(LINE, PEOPLE, cost=[3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    with pytest.raises(InfeasibleError, match="pays for no site") as raised:
        model(*asked, site_costs="cost", budget=2.0, **options)
    assert raised.value.bound == 3.0
    # Of three sites the cheapest cost 3 + 4 + 5.
    with pytest.raises(InfeasibleError, match=r"budget: 11\.9 pays for no 3 sites") as raised:
        model(*asked, n_facilities=3, site_costs="cost", budget=11.9, **options)
    assert raised.value.bound == 12.0
    assert len(model(*asked, n_facilities=3, site_costs="cost", budget=12.0, **options).sites) == 3
    for wrong, told in ((np.nan, "cost: NaN for 'f2'"), (-1.0, "cost: negative for 'f2'")):
        asked[2].loc[2, "cost"] = wrong
        with pytest.raises(ContractError, match=told):
            model(*asked, site_costs="cost", budget=9.0, **options)


@pytest.mark.parametrize("model", [p_median, p_center])
@pytest.mark.parametrize("n_facilities", [None, 2])
def test_a_budget_that_cannot_reach_everybody_says_what_would(model: Any, n_facilities: int | None) -> None:
    # u is near a alone, v near b alone: both cost 3 + 4; c reaches nobody and costs 1.
    od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "b"], "travel_time_min": 5.0})
    people = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [30.0, 20.0]})
    sites = pd.DataFrame({"facility_id": ["a", "b", "c"], "cost": [3.0, 4.0, 1.0]})
    asked = {"n_facilities": n_facilities, "site_costs": "cost"}
    with pytest.raises(InfeasibleError, match="budget: 6 pays for no sites that reach everybody") as raised:
        model(od, people, sites, budget=6.0, **asked)
    assert raised.value.bound == pytest.approx(7.0)
    assert model(od, people, sites, budget=7.0, **asked).sites["facility_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("model", [p_median, p_center])
def test_capacities_that_cannot_hold_the_demand_leave_the_rest_unserved_and_say_so(model: Any) -> None:
    # 850 people for 250 places: whoever is left reaches an open site that is full.
    asked = frames(LINE, PEOPLE, room=[250.0] * 6)
    plan = model(*asked, n_facilities=1, capacity="room")
    assert plan.demand[["served_persons", "full_persons", "not_reached_persons"]].sum().tolist() == pytest.approx(
        [250.0, 600.0, 0.0]
    )


def test_a_pair_of_negative_or_unknown_minutes_is_refused() -> None:
    for wrong, told in ((np.nan, "travel_time_min: NaN for 's0'"), (-1.0, "travel_time_min: negative for 's0'")):
        od, settlements, candidates = frames(LINE, PEOPLE)
        od.loc[1, "travel_time_min"] = wrong
        with pytest.raises(ContractError, match=told):
            mclp(od, settlements, candidates, n_facilities=1, service_radius=2)


def test_a_matrix_that_fits_no_model_is_refused() -> None:
    for model, cost, told in (
        (p_median, [1.0, 2.0], r"demands by sites, has 1 dimension"),
        (p_dispersion, [[0.0, 1.0, 2.0], [1.0, 0.0, 2.0]], "between sites, square, is 2 by 3"),
        (p_dispersion, [[0.0, np.inf], [np.inf, 0.0]], "no two sites have a cost between them"),
    ):
        with pytest.raises(ContractError, match=told):
            model(cost=cost, n_facilities=1)
    with pytest.raises(ContractError, match="cost: give either a matrix, or od"):
        p_median(*frames(LINE, PEOPLE), cost=[[0.0]], n_facilities=1)


def test_a_time_limit_without_any_plan_is_an_error() -> None:
    draw = np.random.default_rng(1)
    cost = draw.integers(1, 1000, (200, 60)).astype(float)
    i, j = (part.ravel() for part in np.indices(cost.shape))
    od = pd.DataFrame({"from_id": i, "to_id": j, "travel_time_min": cost.ravel()})
    people = pd.DataFrame({"settlement_id": np.arange(200), "persons": 1.0})
    sites = pd.DataFrame({"facility_id": np.arange(60), "cost": 1.0})
    asked = {"site_costs": "cost", "budget": 5.0, "demand": "persons", "service_radius": 400}
    with pytest.raises(InfeasibleError, match="within the time limit"):
        mclp(od, people, sites, **asked, time_limit_s=0.0)


@pytest.mark.parametrize("model", [p_median, p_center])
@pytest.mark.parametrize(("asked", "told"), [("budget", "a budget of 1"), ("n_facilities", "1 new sites")])
def test_where_people_of_the_norm_leave_no_sites_for_everybody_what_would_do_is_said(model, asked, told) -> None:
    # Only a brings anybody of the norm within 10 minutes, and only b reaches the second village: both would do.
    od = pd.DataFrame({"from_id": [1, 1, 2], "to_id": ["a", "b", "b"], "travel_time_min": [5.0, 50.0, 5.0]})
    people = pd.DataFrame({"settlement_id": [1, 2], "population_persons": 9.0, "needy": [9.0, 0.0]})
    sites = pd.DataFrame({"facility_id": ["a", "b"], "cost": 1.0})
    options = {"first": "needy", "first_within": 10.0, "site_costs": "cost" if asked == "budget" else None}
    with pytest.raises(InfeasibleError, match=f"first: with {told}, .* do not reach everybody") as caught:
        model(od, people, sites, **options, **{asked: 1})
    assert caught.value.bound == 2.0
    assert set(model(od, people, sites, **options, **{asked: 2}).sites["facility_id"]) == {"a", "b"}


def test_a_number_of_sites_has_a_plan_with_its_bound_however_short_the_time() -> None:
    draw = np.random.default_rng(1)
    cost, people = draw.integers(1, 1000, (200, 60)).astype(float), draw.integers(1, 100, 200)
    asked = {"cost": cost, "weights": people, "n_facilities": 5, "service_radius": 100}
    best, quick = mclp(**asked), mclp(**asked, time_limit_s=0.0)
    assert quick.status == "feasible"
    assert len(quick.sites) == 5
    # each site where it brings most of the others: at least 1 - 1/e of the best plan
    assert (1 - np.exp(-1)) * best.objective <= quick.objective <= best.objective <= quick.bound
    # the first one is the best single one
    assert set(mclp(**asked | {"n_facilities": 1}).sites["facility_id"]) <= set(quick.sites["facility_id"])


@pytest.mark.parametrize("seed", range(6))
def test_a_relaxation_proves_its_bound_by_its_prices_and_no_swap_improves_its_plan(seed: int) -> None:
    draw = np.random.default_rng(seed)
    cost, fixed = draw.integers(0, 90, (30, 10)).astype(float), [0] if seed % 2 else []
    sites = read_siting(None, None, None, 3, {"cost": cost, "predefined": fixed})
    found = relaxed(sites, sites.demand, sites.site, sites.minutes)
    opened = np.flatnonzero(found.is_open).tolist()
    assert found.cost == cost[:, opened].min(axis=1).sum()
    saving = np.minimum(cost - found.price[:, None], 0.0).sum(axis=0)
    free = [j for j in range(10) if j not in fixed]
    assert found.bound == pytest.approx(found.price.sum() + saving[fixed].sum() + np.sort(saving[free])[:3].sum())
    every = [cost[:, [*fixed, *some]].min(axis=1).sum() for some in itertools.combinations(free, 3)]
    assert found.bound <= min(every) + 1e-9
    for out in set(opened) - set(fixed):
        for new in set(range(10)) - set(opened):
            assert cost[:, [*(set(opened) - {out}), new]].min(axis=1).sum() >= found.cost


@pytest.mark.parametrize("number", [1e14, 1e300])
def test_people_and_prices_beyond_what_programs_solve_are_refused_by_every_model(number: float) -> None:
    od, settlements, candidates = frames(np.array([[0.0, 9.0], [9.0, 0.0]]), np.array([1.0, 1.0]))
    many = settlements.assign(population_persons=[1.0, number])
    dear = candidates.assign(price=[1.0, number], room=[1.0, number])
    for model, more in MODELS_AND_OPTIONS:
        with pytest.raises(ContractError, match=r"population_persons: above 1e\+13 for"):
            model(od, many, candidates, **more)
        with pytest.raises(ContractError, match=r"price: above 1e\+13 for"):
            model(od, settlements, dear, site_costs="price", **more)
        # Room for any number is room for those that there are.
        assert len(model(od, settlements, dear, capacity="room", **more).sites) == 2


MODELS_AND_OPTIONS = (
    (mclp, {"n_facilities": 2, "service_radius": 5}),
    (lscp, {"service_radius": 5}),
    (p_median, {"n_facilities": 2}),
    (p_center, {"n_facilities": 2}),
)


def test_a_budget_that_serves_not_everybody_says_what_would_serve_them() -> None:
    # Two places, each within reach of its own site alone; the sites cost 3 each.
    od, settlements, candidates = frames(np.array([[0.0, 9.0], [9.0, 0.0]]), np.array([1.0, 1.0]))
    dear = candidates.assign(price=3.0, room=5.0)
    for more in ({}, {"capacity": "room"}):
        with pytest.raises(InfeasibleError, match="budget: 5 pays for no sites that serve everybody") as told:
            lscp(od, settlements, dear, service_radius=5, site_costs="price", budget=5.0, **more)
        assert told.value.bound == 6.0


def test_where_nobody_has_a_site_in_reach_the_longest_way_of_anybody_is_none() -> None:
    od, settlements, candidates = frames(np.full((2, 2), np.inf), np.array([1.0, 1.0]))
    full = candidates.assign(room=5.0)
    for plan in (
        p_center(od, settlements, candidates, n_facilities=1),
        p_center(od, settlements, full, n_facilities=1, capacity="room"),
        p_median(od, settlements, candidates, n_facilities=1),
    ):
        assert (plan.objective, plan.status, plan.sites["persons"].sum()) == (0.0, "optimal", 0.0)


def test_people_of_whom_none_are_backed_are_zero_and_not_below() -> None:
    od, settlements, candidates = frames(np.array([[0.0, 9.0], [9.0, 0.0]]), np.array([1.0, 1.0]))
    plan = backup_coverage(
        od, settlements, candidates.assign(room=5.0), n_facilities=2, service_radius=5, capacity="room"
    )
    assert (str(plan.objective), str(plan.bound)) == ("0.0", "0.0")


def test_radius_beyond_the_end_of_the_pairs_is_refused() -> None:
    # Times were looked for up to 5 minutes, and v is 12 from a: within 30, though no row says so.
    od = pd.DataFrame({"from_id": ["u"], "to_id": ["a"], "travel_time_min": [4.0]})
    od.attrs["cutoff_min"] = 5.0
    people = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [1.0, 1.0]})
    sites = pd.DataFrame({"facility_id": ["a"]})
    for model in (mclp, backup_coverage):
        with pytest.raises(ContractError, match="service_radius: 30 min, but the pairs end at 5 min"):
            model(od, people, sites, n_facilities=1, service_radius=30)
    with pytest.raises(ContractError, match="but the pairs end at 5 min"):
        lscp(od, people, sites, service_radius=30)
    assert mclp(od, people, sites, n_facilities=1, service_radius=5).objective == 1.0
    need = people.assign(service="beds", persons=1.0)
    idle = sites.assign(service="beds", persons=1.0)
    with pytest.raises(ContractError, match="cutoff_min: 30 min, but the pairs end at 5 min"):
        match_capacity(need, idle, od, cutoff_min=30)
