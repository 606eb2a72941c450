"""Who counts more, who comes first, the longest way beside the mean: against every choice of sites."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ContractError
from spatial.planning.equity import p_centdian, p_kolm_pollak, pareto_front
from spatial.planning.plans import Solution, solve
from spatial.planning.siting import lscp, mclp, p_center, p_dispersion, p_median
from tests.unit.planning.enumeration import LARGE, SEEDS_AND_LARGE, Task, frames

X = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
PEOPLE = np.array([100.0, 200.0, 100.0, 300.0, 100.0, 50.0])
LINE = np.abs(X[:, None] - X)


def test_squares_of_minutes_open_other_sites_than_minutes() -> None:
    # Sites at 2 and 12: 100 x 4 + 100 x 4 + 300 x 4 + 50 x 64 = 5,200.
    plan = p_median(cost=LINE, weights=PEOPLE, n_facilities=2, power=2)
    assert (plan.objective, plan.sites["facility_id"].tolist(), plan.status) == (5200.0, [1, 4], "optimal")


def test_the_center_and_mean_of_a_line_are_blended() -> None:
    # Sites at 2 and 12: (400 + 600 + 400) / 850 and 8; at 2 and 10: 1,100 / 850 and 10. Half of each is less there.
    plan = p_centdian(cost=LINE, weights=PEOPLE, n_facilities=2, mean_share=0.5)
    assert plan.objective == pytest.approx(0.5 * 1400 / 850 + 0.5 * 8)
    front = pareto_front(cost=LINE, weights=PEOPLE, n_facilities=2)
    np.testing.assert_allclose(front.points[["mean_min", "longest_min"]], [[1100 / 850, 10.0], [1400 / 850, 8.0]])
    assert front.is_whole


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_groups_are_counted_apart_and_sum_to_the_demand(seed: int) -> None:
    task = Task(seed, "groups_count", "none_stands")
    groups = mclp(*task.asked(), **task.keywords("mclp") | {"service_radius": 25.0}).by_group.set_index("group")
    told = groups[["served_persons", "full_persons", "not_reached_persons"]].sum(axis=1)
    assert told.to_dict() == pytest.approx(
        {"children_persons": task.children.sum(), "adult_persons": (task.people - task.children).sum()}
    )


def front_of(points: set[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the points that no other beats; both are to be small."""
    return sorted(
        one for one in points if not any(two != one and two[0] <= one[0] and two[1] <= one[1] for two in points)
    )


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_a_front_has_every_plan_that_none_beats(seed: int) -> None:
    task = Task(seed)
    choices = task.choices()
    longest, total = (task.values(model, choices) for model in ("p_center", "p_median"))
    if not np.isnan(longest).all():
        front = pareto_front(*task.asked(), n_facilities=task.p)
        people = task.people[np.isfinite(task.minutes[:, task.fixed | task.free]).any(axis=1)].sum()
        able = ~np.isnan(longest)
        expected = front_of(set(zip(total[able] / people, longest[able], strict=True)))
        np.testing.assert_allclose(front.points[["mean_min", "longest_min"]], expected, rtol=1e-9)
        assert front.is_whole
        assert set(front.points["status"]) == {"optimal"}
    covered = task.values("mclp", choices)
    if np.isnan(covered).all():
        return
    front = pareto_front(*task.asked(), n_facilities=task.p, service_radius=task.radius)
    expected = front_of(set(zip(-covered, np.nan_to_num(longest, nan=np.inf), strict=True)))
    found = front.points[["persons_within", "longest_min"]].fillna(np.inf)
    np.testing.assert_allclose(found * [-1.0, 1.0], expected)
    assert front.is_whole
    assert [plan.objective for plan in front.plans] == front.points["persons_within"].tolist()
    task.people = task.needy
    needy = task.values("mclp", choices)
    if not np.isnan(needy).all():
        asked = Task(seed).asked()
        front = pareto_front(*asked, n_facilities=task.p, service_radius=task.radius, against="needy_persons")
        expected = front_of(set(zip(-covered, -needy, strict=True)))
        np.testing.assert_allclose(-front.points[["persons_within", "needy_persons_within"]], expected)


def test_a_front_against_people_whom_no_site_is_near_is_the_plan_for_all() -> None:
    # Sites at 2 and 10 or 12 have 400 and 400 within 2 minutes; of the others nobody has any.
    od, settlements, candidates = frames(LINE, PEOPLE)
    settlements["needy"] = 0.0
    front = pareto_front(od, settlements, candidates, n_facilities=2, service_radius=2, against="needy")
    assert front.points.to_numpy().tolist() == [[800.0, 0.0, "optimal"]]


def test_a_front_that_the_time_limit_ends_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # A site at 0 or 1 covers 200 people and leaves 20 far off; one at 10 covers nobody, and nobody is farther than 10.
    homes, places = np.array([0.0, 1.0, 20.0]), np.array([0.0, 1.0, 10.0])
    asked = {"cost": np.abs(homes[:, None] - places), "weights": [100, 100, 1], "n_facilities": 1, "service_radius": 1}
    whole = pareto_front(**asked)
    assert whole.points[["persons_within", "longest_min"]].to_numpy().tolist() == [[200.0, 19.0], [0.0, 10.0]]
    calls = iter([solve])

    def until_the_limit(*task: Any, **limits: Any) -> Solution:
        return next(calls, lambda *_, **__: Solution("unknown", np.zeros(0), np.inf, -np.inf))(*task, **limits)

    monkeypatch.setattr("spatial.planning.plans.solve", until_the_limit)
    part = pareto_front(**asked)
    assert (len(part.points), part.is_whole) == (1, False)


def test_unknown_people_of_one_group_are_nobody_and_are_counted_as_unknown() -> None:
    od, settlements, candidates = frames(LINE, PEOPLE)
    settlements["elderly_persons"] = [10.0, np.nan, 30.0, 40.0, 50.0, 60.0]
    settlements.loc[1, "population_persons"] = np.nan
    plan = mclp(
        od, settlements, candidates, n_facilities=6, service_radius=0, demand=["population_persons", "elderly_persons"]
    )
    assert plan.by_group["unknown_settlements"].tolist() == [1, 1]
    assert plan.by_group["served_persons"].tolist() == [650.0, 190.0]
    assert plan.demand["reach"].tolist()[1] == "unknown"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"demand": "nurses"}, "nurses: no such column"),
        ({"demand": ["population_persons", "dogs"]}, "dogs: no such column"),
        ({"demand": []}, "names no column"),
        ({"demand": {"population_persons": -1.0}}, "counts: must be 0 or more"),
        ({"demand": {"population_persons": 0.0}}, "names no column"),
        ({"weights_by": "none"}, "none: no such column"),
        ({"weights_by": "far"}, "far: NaN"),
        ({"first": "needy"}, "needy: no such column"),
        ({"first_within": 5.0}, "needs first"),
        ({"first": "far", "first_within": -1.0}, "must be 0 or more"),
    ],
)
def test_groups_and_weights_that_are_none_are_refused(change: dict[str, Any], told: str) -> None:
    od, settlements, candidates = frames(LINE, PEOPLE)
    settlements["far"] = [1.0, np.nan, 1.0, 1.0, 1.0, 1.0]
    with pytest.raises(ContractError, match=told):
        mclp(od, settlements, candidates, n_facilities=1, service_radius=2, **change)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (lscp, {"service_radius": 2, "weights_by": "far"}),
        (lscp, {"service_radius": 2, "first": "far"}),
        (p_center, {"n_facilities": 1, "weights_by": "far"}),
        (p_centdian, {"n_facilities": 1, "capacity": "room", "weights_by": "far"}),
        (p_centdian, {"n_facilities": 1, "first": "far"}),
        (p_kolm_pollak, {"n_facilities": 1, "capacity": "room"}),
        (pareto_front, {"n_facilities": 1, "capacity": "room", "weights_by": "far"}),
        (pareto_front, {"n_facilities": 1, "against": "far"}),
    ],
)
def test_options_that_mean_nothing_to_a_model_are_refused(model: Any, options: dict[str, Any]) -> None:
    asked = frames(LINE, PEOPLE, room=[1.0] * 6)
    with pytest.raises(ContractError, match=r"knows none|counts nobody more|needs service_radius"):
        model(*asked, **options)


def test_dispersed_sites_hold_and_serve_nobody() -> None:
    od, _, candidates = frames(LINE, PEOPLE, room=[1.0] * 6)
    od["from_id"] = od["from_id"].str.replace("s", "f")
    for option in ({"capacity": "room"}, {"weights_by": "room"}, {"first": "room"}):
        with pytest.raises(ContractError, match="p_dispersion"):
            p_dispersion(od, candidates, n_facilities=2, **option)  # type: ignore[arg-type]  # one option


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, "half"])
def test_shares_and_aversions_outside_their_range_are_refused(value: Any) -> None:
    with pytest.raises(ContractError, match="mean_share"):
        p_centdian(cost=LINE, n_facilities=1, mean_share=value)
    with pytest.raises(ContractError, match="power"):
        p_median(cost=LINE, n_facilities=1, power=value if value != 1.1 else 0.9)
    with pytest.raises(ContractError, match="aversion"):
        p_kolm_pollak(cost=LINE, n_facilities=1, aversion=value if value != 1.1 else 0.0)


def test_an_aversion_that_leaves_only_the_longest_way_is_refused() -> None:
    with pytest.raises(ContractError, match="see p_center"):
        p_kolm_pollak(cost=LINE, weights=PEOPLE, n_facilities=1, aversion=90.0)


def test_more_people_of_a_norm_than_people_are_refused_where_sites_fill_up() -> None:
    od, settlements, candidates = frames(LINE, PEOPLE, room=[1.0] * 6)
    settlements["needy"] = PEOPLE + 1.0
    with pytest.raises(ContractError, match="first: more people than demand"):
        mclp(od, settlements, candidates, n_facilities=1, service_radius=2, capacity="room", first="needy")


def test_order_and_names_do_not_change_a_front() -> None:
    od, settlements, candidates = frames(LINE, PEOPLE)
    one = pareto_front(od, settlements, candidates, n_facilities=2)
    other = pareto_front(od[::-1], settlements[::-1], candidates.sample(frac=1, random_state=2), n_facilities=2)
    pd.testing.assert_frame_equal(one.points, other.points)
    for two in itertools.pairwise(one.points["longest_min"]):
        assert two[0] > two[1]


def best_of(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep what no other point beats in both, where less is better in both."""
    kept = [
        (a, b)
        for a, b in set(points)
        if not any(c <= a + 1e-6 and d <= b and (c < a - 1e-6 or d < b) for c, d in points)
    ]
    return sorted({(round(a, 5), b) for a, b in kept})


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.trial) for seed in (*range(2, 25), LARGE))]
)
def test_both_aims_of_sites_that_fill_up_against_every_choice_and_limit(seed: int) -> None:
    task = Task(seed, "capacity")
    choices = task.choices()
    asked = task.keywords("p_median")
    everybody = -np.ones_like(task.minutes)
    most = -np.nanmin(task.shared(choices, task.minutes, [everybody]))
    if most == 0.0:
        return
    means, covers = [], []
    for limit in np.unique(task.minutes[np.isfinite(task.minutes)]).tolist():
        within = np.where(task.minutes <= limit, task.minutes, np.inf)
        spent = np.where(np.isfinite(within), within, 0.0)
        near = -1.0 * (within <= task.radius)
        for aims, goal in ((means, spent), (covers, near)):
            rows = task.shared(choices, within, [everybody, goal], np.array([-most]))
            aims += [(value, limit) for value in rows[~np.isnan(rows[:, 1]), 1].tolist()]
    means = [(spent / most, limit) for spent, limit in means]
    front = pareto_front(*task.asked(), **asked)
    np.testing.assert_allclose(front.points[["mean_min", "longest_min"]], best_of(means), atol=1e-4)
    assert front.is_whole
    assert set(front.points["status"]) == {"optimal"}
    if not (task.people[(task.minutes <= task.radius)[:, task.fixed | task.free].any(axis=1)] > 0.0).any():
        return
    front = pareto_front(*task.asked(), service_radius=task.radius, **asked)
    expected = best_of(covers)
    people = np.nanmax(task.values("mclp", choices))
    told = front.points
    if people > -expected[0][0] + 1e-6:
        assert told["persons_within"].iloc[0] == pytest.approx(people, abs=1e-4)
        assert np.isnan(told["longest_min"].iloc[0])
        told = told.iloc[1:]
    np.testing.assert_allclose(told[["persons_within", "longest_min"]] * [-1, 1], expected, atol=1e-4)


def test_with_capacities_nobody_counts_more_and_a_front_of_two_peoples_is_refused() -> None:
    asked = Task(0).asked()
    with pytest.raises(ContractError, match="weights_by: counts nobody more"):
        p_centdian(*asked, n_facilities=1, capacity="capacity", weights_by="rural_weight")
    with pytest.raises(ContractError, match="no list of plans but a line"):
        pareto_front(*asked, n_facilities=1, capacity="capacity", service_radius=5.0, against="needy_persons")
