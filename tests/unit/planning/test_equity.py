"""Who counts more, who comes first, the longest way beside the mean: against every choice of sites."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.equity import p_centdian, p_kolm_pollak, pareto_front
from spatial.planning.programs import Solution, solve
from spatial.planning.siting import backup_coverage, lscp, mclp, p_center, p_dispersion, p_median
from tests.unit.planning.enumeration import LARGE, SEEDS, SEEDS_AND_LARGE, Task, frames

X = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
PEOPLE = np.array([100.0, 200.0, 100.0, 300.0, 100.0, 50.0])
LINE = np.abs(X[:, None] - X)


def reaching(task: Task) -> list[list[int]]:
    """List the choices that reach everybody who can be reached."""
    return [some for some in task.of_p if np.isfinite(task.median(some))]


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
def test_people_who_count_more_change_the_best_choice_and_are_still_counted_once(seed: int) -> None:
    task = Task(seed)
    worth = task.people * task.worth
    asked: dict[str, Any] = {"n_facilities": task.p, "weights_by": "rural_weight"}
    covered = mclp(*task.asked, service_radius=task.radius, **asked)
    assert covered.objective == max(worth[task.nearest(some) <= task.radius].sum() for some in task.of_p)
    served = covered.demand["served_persons"].sum()
    opened = [int(name[1:]) for name in covered.sites["facility_id"]]
    assert served == task.covered(opened)
    twice = backup_coverage(*task.asked, service_radius=task.radius, **asked)
    near = {tuple(some): (task.cost[:, some] <= task.radius).sum(axis=1) for some in task.of_p}
    most = max(worth[count >= 1].sum() for count in near.values())
    assert twice.objective == max(
        worth[count >= 2].sum() for count in near.values() if worth[count >= 1].sum() >= most - 1e-9
    )
    if reaching(task):
        median = p_median(*task.asked, **asked)
        least = min(float(worth[task.must] @ task.nearest(some)[task.must]) for some in reaching(task))
        assert median.objective == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_groups_are_counted_apart_and_sum_to_the_demand(seed: int) -> None:
    task = Task(seed)
    plan = mclp(
        *task.asked,
        n_facilities=task.p,
        service_radius=task.radius,
        demand={"children_persons": 3.0, "adult_persons": 1.0},
    )
    counted = 3.0 * task.children + (task.people - task.children)
    assert plan.objective == pytest.approx(
        max(counted[task.nearest(some) <= task.radius].sum() for some in task.of_p), rel=1e-9
    )
    groups = plan.by_group.set_index("group")
    opened = [int(name[1:]) for name in plan.sites["facility_id"]]
    near = task.nearest(opened) <= task.radius
    assert groups["served_persons"].tolist() == pytest.approx(
        [task.children[near].sum(), (task.people - task.children)[near].sum()]
    )
    told = groups[["served_persons", "full_persons", "not_reached_persons"]].sum(axis=1)
    np.testing.assert_allclose(told, groups["demand_persons"])
    both = mclp(
        *task.asked, n_facilities=task.p, service_radius=task.radius, demand=["children_persons", "adult_persons"]
    )
    assert both.objective == max(task.covered(some) for some in task.of_p)


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_the_mandatory_norm_comes_first_and_the_rest_is_best_behind_it(seed: int) -> None:
    task = Task(seed)
    asked: dict[str, Any] = {"n_facilities": task.p, "first": "needy_persons", "first_within": task.within}
    if not (task.needy[(task.cost <= task.within).any(axis=1)] > 0.0).any():
        with pytest.raises(InfeasibleError, match="first_within: nobody"):
            mclp(*task.asked, service_radius=task.radius, **asked)
        return
    firsts = task.firsts()
    covered = mclp(*task.asked, service_radius=task.radius, **asked)
    assert covered.objective == max(task.covered(some) for some in firsts)
    assert covered.first_persons == task.first(firsts[0])
    assert covered.status == "optimal"
    twice = backup_coverage(*task.asked, service_radius=task.radius, **asked)
    most = max(task.covered(some) for some in firsts)
    assert twice.objective == max(task.covered(some, 2) for some in firsts if task.covered(some) == most)
    enough = [some for some in firsts if np.isfinite(task.median(some))]
    if not enough:
        for model in (p_median, p_center):
            with pytest.raises(InfeasibleError):
                model(*task.asked, **asked)
        return
    assert p_median(*task.asked, **asked).objective == pytest.approx(min(task.median(some) for some in enough))
    assert p_center(*task.asked, **asked).objective == min(task.longest(some) for some in enough)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_norm_comes_first_where_sites_fill_up(seed: int) -> None:
    task = Task(seed)
    share = np.divide(task.needy, task.people, out=np.zeros(len(task.people)), where=task.people > 0.0)
    asked: dict[str, Any] = {
        "n_facilities": task.p, "first": "needy_persons", "first_within": task.within, "capacity": "capacity"
    }  # fmt: skip

    def of_norm(i: int, j: int) -> float:
        return -share[i] if task.cost[i, j] <= task.within else 0.0

    near = [task.shared(some, [of_norm, lambda i, _: -task.worth[i]], task.radius) for some in task.of_p]
    covered = mclp(*task.asked, service_radius=task.radius, weights_by="rural_weight", **asked)
    most = min(first for first, _ in near)
    assert covered.first_persons == pytest.approx(-most, abs=1e-6)
    assert covered.objective == pytest.approx(max(-rest for first, rest in near if first <= most + 1e-7), abs=1e-6)
    costs = [of_norm, lambda *_: -1.0, lambda i, j: task.cost[i, j]]
    best = min(task.shared(some, costs, np.inf) for some in task.of_p)
    found = p_median(*task.asked, **asked)
    tight = [
        spent
        for some in task.of_p
        for first, people, spent in [task.shared(some, costs, np.inf)]
        if first <= best[0] + 1e-7 and people <= best[1] + 1e-7
    ]
    assert found.objective == pytest.approx(min(tight), abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shortest_longest_time_of_sites_that_fill_up(seed: int) -> None:
    task = Task(seed)
    times = np.unique(task.cost[np.isfinite(task.cost)])
    served = {tuple(some): task.transport(some)[0] for some in task.of_p}
    most = max(served.values())
    longest = min(
        next(limit for limit in times if task.transport(list(some), limit)[0] >= most - 1e-7)
        for some, people in served.items()
        if people >= most - 1e-7
    ) if most else 0.0  # fmt: skip
    plan = p_center(*task.asked, n_facilities=task.p, capacity="capacity")
    assert (plan.objective, plan.status) == (longest, "optimal")
    assert plan.assignment["persons"].sum() == pytest.approx(most)
    told = plan.demand[["served_persons", "full_persons", "not_reached_persons"]].sum().sum()
    assert told == pytest.approx(task.people.sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_norm_comes_before_the_longest_time_of_sites_that_fill_up(seed: int) -> None:
    task = Task(seed)
    share = np.divide(task.needy, task.people, out=np.zeros(len(task.people)), where=task.people > 0.0)
    costs = [lambda i, j: -share[i] if task.cost[i, j] <= task.within else 0.0, lambda *_: -1.0]
    best = min(task.shared(some, costs, np.inf) for some in task.of_p)

    def keeps(some: list[int], limit: float) -> bool:
        return all(own <= least + 1e-7 for own, least in zip(task.shared(some, costs, limit), best, strict=True))

    times = [0.0, *np.unique(task.cost[np.isfinite(task.cost)])]
    longest = next(limit for limit in times if any(keeps(some, limit) for some in task.of_p))
    plan = p_center(
        *task.asked, n_facilities=task.p, capacity="capacity", first="needy_persons", first_within=task.within
    )
    assert plan.objective == longest
    assert plan.first_persons == pytest.approx(-best[0], abs=1e-6)


def backed(task: Task, opened: tuple[int, ...], kept: float) -> float:
    """Most people with a place at a second open site, where so many have a first; by who goes where and where then."""
    trips = [
        (i, j, then)
        for i in range(len(task.people))
        for j in opened
        for then in (None, *opened)
        if task.cost[i, j] <= task.radius and then != j and (then is None or task.cost[i, then] <= task.radius)
    ]
    if not trips:
        return 0.0 if kept <= 1e-9 else -np.inf
    rows = [[float(i == at) for i, _, _ in trips] for at in range(len(task.people))]
    rows += [[float(j == at) + float(then == at) for _, j, then in trips] for at in range(len(task.room))]
    rows += [[-1.0] * len(trips)]
    found = linprog(
        [-float(then is not None) for _, _, then in trips], A_ub=rows, b_ub=[*task.people, *task.room, -kept + 1e-7]
    )
    return -float(found.fun) if found.status == 0 else -np.inf


@pytest.mark.parametrize("keep_share", [1.0, 0.6])
@pytest.mark.parametrize("seed", SEEDS)
def test_places_at_a_second_site_count_towards_what_it_holds(seed: int, keep_share: float) -> None:
    task = Task(seed)
    most = max(task.transport(some, task.radius)[0] for some in task.of_p)
    plan = backup_coverage(
        *task.asked, n_facilities=task.p, service_radius=task.radius, capacity="capacity", keep_share=keep_share
    )
    best = max(backed(task, tuple(some), keep_share * most) for some in task.of_p)
    assert plan.objective == pytest.approx(best, abs=1e-5)
    assert plan.demand["served_persons"].sum() >= keep_share * most - 1e-5


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_models_of_the_worst_off_are_the_best_of_all_choices(seed: int) -> None:
    task = Task(seed)
    able = reaching(task)
    if not able:
        for model in (p_centdian, p_kolm_pollak, pareto_front):
            with pytest.raises(InfeasibleError, match="cannot reach everybody"):
                model(*task.asked, n_facilities=task.p)
        return
    people = float(task.people[task.must].sum())
    for share in (0.0, 0.3, 0.9, 1.0):
        plan = p_centdian(*task.asked, n_facilities=task.p, mean_share=share)
        blend = min(share * task.median(some) / people + (1.0 - share) * task.longest(some) for some in able)
        assert plan.objective == pytest.approx(blend, rel=1e-9)
        assert plan.status == "optimal"
    assert p_median(*task.asked, n_facilities=task.p, power=2).objective == pytest.approx(
        min(float(task.people[task.must] @ task.nearest(some)[task.must] ** 2) for some in able)
    )
    median = p_median(*task.asked, n_facilities=task.p).assignment
    persons, minutes = median["persons"], median["travel_time_min"]
    squares = persons @ minutes**2
    kappa = 1.5 * (persons @ minutes) / squares if squares else 1.5
    equal = [
        np.log(task.people[task.must] @ np.exp(kappa * task.nearest(some)[task.must]) / people) / kappa for some in able
    ]
    fair = p_kolm_pollak(*task.asked, n_facilities=task.p, aversion=1.5)
    assert fair.objective == pytest.approx(min(equal), rel=1e-9, abs=1e-12)
    others = fair.alternatives(within=0.5, most=99)
    near = [value for value in equal if value <= 1.5 * min(equal)]
    assert [fair.objective, *(other.objective for other in others)] == pytest.approx(sorted(near)[:100])


def front_of(points: set[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the points that no other beats; both are to be small."""
    return sorted(
        one for one in points if not any(two != one and two[0] <= one[0] and two[1] <= one[1] for two in points)
    )


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_a_front_has_every_plan_that_none_beats(seed: int) -> None:
    task = Task(seed)
    able = reaching(task)
    if able:
        front = pareto_front(*task.asked, n_facilities=task.p)
        people = float(task.people[task.must].sum())
        expected = front_of({(task.median(some) / people, task.longest(some)) for some in able})
        np.testing.assert_allclose(front.points[["mean_min", "longest_min"]], expected, rtol=1e-9)
        assert front.is_whole
        assert set(front.points["status"]) == {"optimal"}
    front = pareto_front(*task.asked, n_facilities=task.p, service_radius=task.radius)
    expected = front_of({(-task.covered(some), task.longest(some)) for some in task.of_p})
    found = front.points[["persons_within", "longest_min"]].fillna(np.inf)
    np.testing.assert_allclose(found * [-1.0, 1.0], expected)
    assert front.is_whole
    assert [plan.objective for plan in front.plans] == front.points["persons_within"].tolist()
    if task.needy[(task.cost <= task.radius).any(axis=1)].any():
        front = pareto_front(*task.asked, n_facilities=task.p, service_radius=task.radius, against="needy_persons")
        needy = {tuple(some): task.needy[task.nearest(some) <= task.radius].sum() for some in task.of_p}
        expected = front_of({(-task.covered(list(some)), -value) for some, value in needy.items()})
        np.testing.assert_allclose(-front.points[["persons_within", "needy_persons_within"]], expected)


def test_a_front_that_the_time_limit_ends_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # A site at 0 or 1 covers 200 people and leaves 20 far off; one at 10 covers nobody, and nobody is farther than 10.
    homes, places = np.array([0.0, 1.0, 20.0]), np.array([0.0, 1.0, 10.0])
    asked = {"cost": np.abs(homes[:, None] - places), "weights": [100, 100, 1], "n_facilities": 1, "service_radius": 1}
    whole = pareto_front(**asked)
    assert whole.points[["persons_within", "longest_min"]].to_numpy().tolist() == [[200.0, 19.0], [0.0, 10.0]]
    calls = iter([solve])

    def until_the_limit(*task: Any, **limits: Any) -> Solution:
        nothing = np.zeros(0)
        return next(calls, lambda *_, **__: Solution("unknown", nothing, np.inf, -np.inf, nothing))(*task, **limits)

    monkeypatch.setattr("spatial.planning.plans.solve", until_the_limit)
    part = pareto_front(**asked)
    assert (len(part.points), part.is_whole) == (1, False)


def test_a_budget_and_existing_sites_bound_a_blend_as_they_do_other_models() -> None:
    for seed in range(6):
        task = Task(seed)
        able = [some for some in task.paid if np.isfinite(task.median(some))]
        if not able:
            continue
        people = float(task.people[task.must].sum())
        plan = p_centdian(*task.asked, site_costs="cost", budget=task.budget, mean_share=0.4)
        best = min(0.4 * task.median(some) / people + 0.6 * task.longest(some) for some in able)
        assert plan.objective == pytest.approx(best, rel=1e-9)


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
        ({"demand": {"population_persons": -1.0}}, "counts must be 0 or more"),
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
    task = Task(seed)
    times = np.unique(task.cost[np.isfinite(task.cost)])
    asked: dict[str, Any] = {"n_facilities": task.p, "capacity": "capacity"}
    most = max(task.transport(some)[0] for some in task.of_p)
    if most == 0.0:
        return
    means, covers = [], []
    for some in task.of_p:
        if task.transport(some)[0] < most - 1e-7:
            continue
        for limit in times:
            served, spent = task.transport(some, limit)
            if served >= most - 1e-7:
                means.append((spent / most, float(limit)))
                near = task.shared(some, [lambda *_: -1.0, lambda i, j: -float(task.cost[i, j] <= task.radius)], limit)
                covers.append((near[1], float(limit)))
    front = pareto_front(*task.asked, **asked)
    np.testing.assert_allclose(front.points[["mean_min", "longest_min"]], best_of(means), atol=1e-4)
    assert front.is_whole
    assert set(front.points["status"]) == {"optimal"}
    for share in (0.0, 0.3, 1.0):
        blend = p_centdian(*task.asked, mean_share=share, **asked)
        assert blend.objective == pytest.approx(min(share * a + (1 - share) * b for a, b in means), abs=1e-4)
        assert blend.demand["served_persons"].sum() == pytest.approx(most, abs=1e-4)
        assert blend.status == "optimal"
    if not (task.people[(task.cost <= task.radius).any(axis=1)] > 0.0).any():
        return
    front = pareto_front(*task.asked, service_radius=task.radius, **asked)
    expected = best_of(covers)
    people = max(task.transport(some, task.radius)[0] for some in task.of_p)
    told = front.points
    if people > -expected[0][0] + 1e-6:
        assert told["persons_within"].iloc[0] == pytest.approx(people, abs=1e-4)
        assert np.isnan(told["longest_min"].iloc[0])
        told = told.iloc[1:]
    np.testing.assert_allclose(told[["persons_within", "longest_min"]] * [-1, 1], expected, atol=1e-4)


def test_with_capacities_nobody_counts_more_and_a_front_of_two_peoples_is_refused() -> None:
    task = Task(0)
    with pytest.raises(ContractError, match="weights_by: counts nobody more"):
        p_centdian(*task.asked, n_facilities=1, capacity="capacity", weights_by="rural_weight")
    with pytest.raises(ContractError, match="no list of plans but a line"):
        pareto_front(*task.asked, n_facilities=1, capacity="capacity", service_radius=5.0, against="needy_persons")
