"""Every model with every option that changes which sites may open, held against all subsets of the candidates."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from spatial.errors import InfeasibleError
from spatial.planning.equity import p_centdian
from spatial.planning.siting import backup_coverage, lscp, mclp, p_center, p_dispersion, p_median
from tests.unit.planning.enumeration import SEEDS_AND_LARGE, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MODELS: dict[str, Callable[..., Any]] = {
    "mclp": mclp, "backup_coverage": backup_coverage, "p_median": p_median, "squares": p_median, "p_center": p_center,
    "p_centdian": p_centdian,
}  # fmt: skip


def own_options(task: Task, model: str) -> dict[str, Any]:
    """Say what a model is asked beside the sites."""
    if model in {"mclp", "backup_coverage"}:
        return {"service_radius": task.radius}
    return {"squares": {"power": 2.0}, "p_centdian": {"mean_share": 0.25}}.get(model, {})


def best_of(task: Task, model: str, choices: Sequence[list[int]]) -> float:
    """Find the best value of any of some choices; without end where none reaches everybody."""
    if model == "mclp":
        return max(task.covered(some) for some in choices)
    if model == "backup_coverage":
        most = max(task.covered(some) for some in choices)
        return max(task.covered(some, 2) for some in choices if task.covered(some) >= most)
    people, found = task.people[task.must], []
    for some in choices:
        near = task.nearest(some)[task.must]
        if np.isfinite(near).all():
            mean, longest = float(people @ near), float(near.max(initial=0.0))
            found.append(
                {
                    "p_median": mean,
                    "squares": float(people @ near**2),
                    "p_center": longest,
                    "p_centdian": 0.25 * mean / max(people.sum(), 1.0) + 0.75 * longest,
                }[model]
            )
    return min(found, default=np.inf)


def assert_best(task: Task, model: str, choices: Sequence[list[int]], asked: Sequence[Any], **options: Any) -> None:
    """Hold a plan against all choices, or its refusal against none of them reaching everybody."""
    best = best_of(task, model, choices)
    if np.isinf(best):
        with pytest.raises(InfeasibleError):
            MODELS[model](*asked, **own_options(task, model), **options)
        return
    plan = MODELS[model](*asked, **own_options(task, model), **options)
    assert plan.objective == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert plan.status == "optimal"
    assert plan.bound == pytest.approx(plan.objective)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_a_budget_opens_what_no_other_choice_that_it_pays_for_beats(model: str, seed: int) -> None:
    task = Task(seed)
    budget = {"site_costs": "cost", "budget": task.budget}
    assert_best(task, model, task.paid, task.asked, **budget)
    both = [some for some in task.paid if len(some) == task.p + len(task.fixed)]
    if both:
        assert_best(task, model, both, task.asked, n_facilities=task.p, **budget)
    else:
        with pytest.raises(InfeasibleError):
            MODELS[model](*task.asked, **own_options(task, model), n_facilities=task.p, **budget)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_what_stands_may_be_given_up_and_what_was_given_up_may_open(model: str, seed: int) -> None:
    task = Task(seed)
    od, settlements, candidates = task.asked
    ids = candidates["facility_id"].str[1:].astype(int)
    every = range(len(task.room))
    # Nothing is open for good: whatever stands is a candidate as others are.
    some = [list(choice) for choice in itertools.combinations(every, task.p)]
    assert_best(task, model, some, task.asked, n_facilities=task.p, predefined=None)
    closed = candidates.assign(status=candidates["status"].mask(ids == max(every), "closed"))
    asked = (od, settlements, closed)
    open_before = [j for j in task.fixed if j != max(every)]
    free = [j for j in every if j not in open_before]
    again = [[*open_before, *choice] for choice in itertools.combinations(free, min(task.p, len(free)))]
    assert_best(task, model, again, asked, n_facilities=min(task.p, len(free)), reopen=True)


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_the_cheapest_cover_is_the_cheapest_of_all_that_cover(seed: int) -> None:
    task = Task(seed)
    whole = task.covered(list(range(len(task.room))))
    full = [some for some in task.every if task.covered(some) >= whole]
    price = [sum(task.price[j] for j in some if j not in task.fixed) for some in full]
    if whole:
        assert lscp(*task.asked, service_radius=task.radius, site_costs="cost").objective == min(price)


@pytest.mark.parametrize("seed", SEEDS_AND_LARGE)
def test_dispersed_sites_within_a_budget_are_the_farthest_of_all(seed: int) -> None:
    task, draw = Task(seed), np.random.default_rng(seed)
    m = len(task.room)
    apart = draw.integers(1, 50, (m, m)).astype(float)
    apart = np.minimum(apart, apart.T)
    od = pd.DataFrame(
        [(f"f{i}", f"f{j}", apart[i, j]) for i in range(m) for j in range(m) if i != j],
        columns=["from_id", "to_id", "travel_time_min"],
    )
    new = [[j for j in some if j not in task.fixed] for some in task.paid]
    pairs = [[(i, j) for i in some for j in (*some, *task.fixed) if i != j] for some in new if len(some) == task.p]
    options = {"n_facilities": task.p, "site_costs": "cost", "budget": task.budget}
    if not pairs:
        with pytest.raises(InfeasibleError):
            p_dispersion(od, task.asked[2], **options)  # type: ignore[arg-type]  # a count, a column and a budget
        return
    best = max(min((apart[pair] for pair in each), default=np.inf) for each in pairs)
    plan = p_dispersion(od, task.asked[2], **options)  # type: ignore[arg-type]  # as above
    assert plan.objective == best
