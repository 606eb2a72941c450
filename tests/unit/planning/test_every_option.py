"""Every model with every option, held against all subsets of up to 12 candidates; and what a model refuses."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.equity import p_centdian, p_kolm_pollak, plans_by_owner
from spatial.planning.making_room import make_room
from spatial.planning.services import site_services
from spatial.planning.siting import backup_coverage, lscp, mclp, p_center, p_dispersion, p_median
from tests.unit.planning.enumeration import LARGE, ServicesTask, Task, best_of, most_room, room_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatial.planning.plans import SitingPlan

MODELS: dict[str, Callable[..., SitingPlan]] = {
    "mclp": mclp, "backup_coverage": backup_coverage, "backup_share": backup_coverage, "lscp": lscp,
    "p_median": p_median, "p_median_squares": p_median, "p_center": p_center, "p_centdian": p_centdian,
    "p_kolm_pollak": p_kolm_pollak, "p_dispersion": p_dispersion,
}  # fmt: skip
MOST = {"mclp", "backup_coverage", "backup_share", "p_dispersion"}
"""Models whose objective is to be large."""

OPTIONS = (
    "number", "matrix", "groups", "groups_count", "weights_by", "first", "first_within", "capacity", "budget",
    "reopen", "none_stands", "costs",
)  # fmt: skip
APART = ({"groups", "groups_count"}, {"first", "first_within"}, {"reopen", "none_stands"})
"""Options of which a task has one at most."""
REFUSED_TOGETHER = {"p_centdian": {"capacity": {"weights_by", "groups_count"}}}
"""Of a model with one option others."""

REFUSED = {
    "lscp": {"weights_by": "counts nobody more", "first": "knows none", "first_within": "knows none"},
    "p_center": {"weights_by": "counts nobody more"},
    "p_centdian": {"first": "knows none", "first_within": "knows none"},
    "p_kolm_pollak": {"capacity": "knows none"},
    "p_dispersion": {
        "capacity": "knows none", "weights_by": "counts nobody more", "first": "knows none",
        "first_within": "knows none", "groups": "serves nobody", "groups_count": "serves nobody",
    },
}  # fmt: skip
"""What a model does not know, and says so."""
OF_FRAMES = {
    "capacity": "a matrix has none", "budget": "a matrix has none", "weights_by": "a matrix has none",
    "first": "a matrix has none", "groups": "a matrix has none", "reopen": "a matrix has none",
}  # fmt: skip
"""What belongs to columns of frames, and is refused beside a matrix."""


def solve(task: Task, model: str, seed: int = 0, **change: Any) -> SitingPlan:
    """Ask a model for a task, as frames or as a matrix."""
    asked = task.keywords(model) | change
    if model == "p_dispersion":
        if "matrix" in task.options:
            return p_dispersion(cost=task.apart, **{"predefined": np.flatnonzero(task.fixed), **asked})
        i, j = np.nonzero(np.isfinite(task.apart) & ~np.eye(len(task.apart), dtype=bool))
        od = pd.DataFrame({"from_id": i, "to_id": j, "travel_time_min": task.apart[i, j]})
        return p_dispersion(od.astype({"from_id": "str", "to_id": "str"}).replace(r"^(\d+)$", r"f\1", regex=True),
                            task.asked(seed)[2], **asked)  # fmt: skip
    if "matrix" in task.options:
        return MODELS[model](
            **{"cost": task.minutes, "weights": task.people, "predefined": np.flatnonzero(task.fixed), **asked}
        )
    return MODELS[model](*task.asked(seed), **asked)


def cases() -> list[Any]:
    """List each model with each option alone, then with some drawn together; most of them in trials."""
    found = []
    for number, model in enumerate(MODELS):
        known = [
            name for name in OPTIONS if name not in REFUSED.get(model, {}) and (name != "costs" or model == "lscp")
        ]
        draw, several = np.random.default_rng(number), list[set[str]]()
        while len(several) < 30:
            some = {name for name in known if name != "matrix" and draw.random() < 0.35}
            refused = REFUSED_TOGETHER.get(model, {})
            if len(some) > 1 and not any(
                [
                    *(some >= pair for pair in APART),
                    *(name in some and some & others for name, others in refused.items()),
                ]
            ):
                several.append(some)
        together = [(some, seed) for seed, some in enumerate(several)]
        alone = [({name}, seed + 10 * at) for at, name in enumerate(known) for seed in (0, 1, LARGE, LARGE + 1, 2, 3)]
        for options, seed in [*alone, *together]:
            fills = "capacity" in options
            is_quick = seed % 10 == 0 if len(options) == 1 else seed < (2 if fills else 4)
            is_quick &= not (fills and seed >= LARGE)
            marks = () if is_quick else pytest.mark.trial
            name = "+".join(sorted(options))
            found.append(pytest.param(model, tuple(sorted(options)), seed, marks=marks, id=f"{model}-{name}-{seed}"))
    return found


@pytest.mark.parametrize(("model", "options", "seed"), cases())
def test_a_plan_is_the_best_of_all_choices(model: str, options: tuple[str, ...], seed: int) -> None:
    task = Task(seed, *options)
    choices = task.choices(counts=model != "lscp")
    values = task.values(model, choices)
    best = best_of(values, is_most=model in MOST)
    if np.isnan(best):
        with pytest.raises(InfeasibleError):
            solve(task, model)
        return
    plan = solve(task, model)
    own = {tuple(some): value for some, value in zip(choices.tolist(), values.tolist(), strict=True)}
    if len(task.kappas) > 1:
        every = [task.values(model, choices) for task.which in range(len(task.kappas))]
        near = min(every, key=lambda found: abs(best_of(found, is_most=False) - plan.objective))
        own = {tuple(some): value for some, value in zip(choices.tolist(), near.tolist(), strict=True)}
        best = best_of(near, is_most=False)
    assert plan.objective == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert own[opened(task, plan)] == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert plan.status == "optimal"
    assert plan.bound == pytest.approx(plan.objective)
    told = plan.demand[["served_persons", "full_persons", "not_reached_persons"]].sum().sum()
    assert told == pytest.approx(len(task.room) if model == "p_dispersion" else task.people.sum())
    assert_near_equals(task, plan, own, is_most=model in MOST)


def opened(task: Task, plan: SitingPlan) -> tuple[bool, ...]:
    """Say which sites a plan opens."""
    ids = [int(str(name).removeprefix("f")) for name in plan.sites["facility_id"]]
    return tuple(np.isin(np.arange(len(task.room)), ids).tolist())


def assert_near_equals(task: Task, plan: SitingPlan, own: dict[tuple[bool, ...], float], *, is_most: bool) -> None:
    """Hold the alternatives of a plan against all choices that are nearly as good."""
    best = plan.objective
    if not np.isfinite(best):
        return
    limit = best + (-0.3 if is_most else 0.3) * abs(best)
    sign = -1.0 if is_most else 1.0
    others = [sign * value for some, value in own.items() if some != opened(task, plan) and not np.isnan(value)]
    near = sorted(value for value in others if value <= sign * limit + 1e-7 * (1.0 + abs(limit)))
    found = plan.alternatives(within=0.3, most=3)
    assert [sign * other.objective for other in found] == pytest.approx(near[:3], rel=1e-6, abs=1e-6)
    assert all(own[opened(task, other)] == pytest.approx(other.objective, rel=1e-6, abs=1e-6) for other in found)


@pytest.mark.parametrize("model", MODELS)
def test_what_a_model_does_not_know_it_refuses_in_words(model: str) -> None:
    for name, told in REFUSED.get(model, {}).items():
        with pytest.raises(ContractError, match=told):
            solve(Task(3, name), model)
    matrix = Task(3, "matrix")
    for name, told in OF_FRAMES.items():
        if name in REFUSED.get(model, {}):
            continue
        beside = {key: value for key, value in Task(3, name).keywords(model).items() if key != "n_facilities"}
        with pytest.raises(ContractError, match=told):
            solve(matrix, model, **beside)


@pytest.mark.parametrize(
    "model", ["mclp", "p_median", "p_center", "lscp", "backup_coverage", "p_centdian", "p_kolm_pollak"]
)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.trial) for seed in range(2, 12))])
def test_each_owner_alone_has_the_best_plan_of_its_own_sites(model: str, seed: int) -> None:
    task = Task(seed)
    od, settlements, candidates = task.asked()
    at = candidates["facility_id"].str[1:].astype(int)
    owners = np.random.default_rng(seed).choice(["state", "collective", "private"], len(task.room))
    asked = task.keywords(model)
    try:
        found = plans_by_owner(MODELS[model], od, settlements, candidates.assign(tenure=owners[at]), **asked)
    except InfeasibleError:
        assert np.isnan(task.values(model, task.choices(counts=model != "lscp"))).all()
        return
    for row in found.table.dropna(subset="owner").to_dict("records"):
        own = Task(seed)
        own.free = task.free & (owners == row["owner"])
        own.p = min(task.p, int(own.free.sum()))
        assert row["candidates"] == int(own.free.sum())
        values = own.values(model, own.choices(counts=model != "lscp"))
        best = best_of(values, is_most=model in MOST)
        assert row["objective"] == pytest.approx(best, nan_ok=True)
        assert (row["status"] == "infeasible") == np.isnan(best)


MORE = [*range(2), *(pytest.param(seed, marks=pytest.mark.trial) for seed in range(2, 30))]


@pytest.mark.parametrize(
    "options", [{}, {"weights": {"clinic": 2.0}}, {"weights": {"clinic": 0.0}}, {"order": ["school", "clinic"]}]
)
@pytest.mark.parametrize("seed", MORE)
def test_sizes_of_several_services_are_the_best_of_all_choices(seed: int, options: dict[str, Any]) -> None:
    task = ServicesTask(seed)
    every = task.plans()
    ranks = [options.get("weights", {})] if "order" not in options else [
        {name: float(name == first) for name in options["order"]} for first in options["order"]
    ]  # fmt: skip
    best: list[float] = []
    for rank in ranks:
        worth = [sum(rank.get(name, 1.0) * persons for name, persons in served.items()) for _, served in every]
        best.append(max(worth))
        every = [plan for plan, own in zip(every, worth, strict=True) if own >= best[-1] - 1e-6]
    if not sum(task.served(name, [row for row in task.rows if np.isinf(row[3]) or row[3] > 0]) for name in task.people):
        with pytest.raises(InfeasibleError):
            site_services(**task.asked(), **options)
        return
    plan = site_services(**task.asked(), **options)
    served = plan.services.set_index("service")["served_persons"].to_dict()
    told = [sum(rank.get(name, 1.0) * persons for name, persons in served.items()) for rank in ranks]
    assert told == pytest.approx(best)
    assert plan.cost == pytest.approx(min(cost for cost, _ in every))
    assert plan.status == "optimal"
    parts = plan.demand[["served_persons", "full_persons", "not_reached_persons"]].sum(axis=1)
    np.testing.assert_allclose(parts, plan.demand["demand_persons"])
    before = plan.services.set_index("service")["before_persons"].to_dict()
    assert before == pytest.approx({name: task.served(name, [row for row in task.rows if row[-1]]) for name in served})


@pytest.mark.parametrize(
    "change",
    [{}, {"budget": 6.0, "count": 9}, {"count": 1}, {"budget": 9.0, "count": 3}, {"unit_cost": 0.0, "count": 3}],
)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", MORE)
def test_room_that_is_made_is_the_most_of_all_choices(seed: int, *, ties: bool, change: dict[str, object]) -> None:
    task = room_task(seed, ties=ties, **change)
    made, most = make_room(task), most_room(task)
    assert task.gained(made.units) <= most + 1e-6 <= made.bound + 2e-6
    # Who comes at one time shares what is left, which the program does not know: then its bound may lie above, and of
    # plans under a budget it may miss the best. Else the order of filling is part of it, and proves it.
    if not (ties and np.isfinite(task.budget)):
        assert task.gained(made.units) == pytest.approx(most, abs=1e-6)
    if not ties:
        assert made.bound == pytest.approx(most, abs=1e-6)
    assert task.price(made.units).sum() <= task.budget + 1e-9
    assert len(task.chosen(made.units)) <= task.count
    assert not task.harms(made.units, task.left_today)


def test_near_equals_of_models_that_ask_for_the_farthest_or_the_nearest_come_best_first() -> None:
    draw = np.random.default_rng(4)
    cost = draw.integers(1, 40, (8, 8)).astype(float)
    found = p_center(cost=cost, n_facilities=2).alternatives(within=0.5, most=4)
    every = sorted(cost[:, list(some)].min(axis=1).max() for some in itertools.combinations(range(8), 2))
    assert [plan.objective for plan in found] == [value for value in every[1:] if value <= 1.5 * every[0]][:4]


def test_what_contradicts_itself_is_refused_in_words() -> None:
    for options, change, told in (
        (("capacity", "first_within"), {"first_within": 99.0}, "beyond .* sites that fill up serve nobody"),
        (("number",), {"site_costs": None, "budget": 5.0}, "needs site_costs"),
        (("number",), {"first_within": 5.0}, "needs first"),
        (("number",), {"weights": [1.0]}, "weights: belong to cost"),
        (("number",), {"n_facilities": None}, "say how many new sites, or give a budget"),
        (("matrix",), {"predefined": "existing"}, "a matrix has none"),
        (("matrix",), {"predefined": [99]}, "no such column"),
    ):
        with pytest.raises(ContractError, match=told):
            solve(Task(3, *options), "mclp", **change)
