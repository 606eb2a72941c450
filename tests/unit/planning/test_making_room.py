"""What is enlarged, opened and closed so that people find room: held against all that could be done instead."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from spatial.planning import making_room
from spatial.planning.making_room import Filling, RoomTask, make_room


def task_of(seed: int, **change: object) -> RoomTask:
    """Five villages on a line, two facilities that stand and two sites, everything at its own time."""
    rng = np.random.default_rng(seed)
    homes, sites = rng.permutation(40)[:5], rng.permutation(40)[:4] + rng.uniform(0.1, 0.9, 4)
    od = pd.DataFrame(
        [(f"v{i}", f"s{j}", abs(a - b)) for i, a in enumerate(homes) for j, b in enumerate(sites)],
        columns=["from_id", "to_id", "travel_time_min"],
    )
    people = pd.Series(rng.integers(5, 40, 5).astype(float), index=[f"v{i}" for i in range(5)])
    given = {
        "filling": Filling.of(od.loc[od["travel_time_min"] <= 20.0], people, [f"s{j}" for j in range(4)]),
        "asked": np.ones(5, dtype=bool),
        "each": 5.0,
        "capacity": np.array([4.0, 3.0, 0.0, 0.0]),
        "is_new": np.array([False, False, True, True]),
        "most_more": np.array([3.0, 2.0, 0.0, 0.0]),
        "opening": np.array([0.0, 0.0, 3.0, 3.0]),
        "saving": np.array([np.nan, 2.0, np.nan, np.nan]),
        "sizes": np.array([2.0, 5.0]),
        "unit_cost": 1.0,
        "count": 2,
        "budget": np.inf,
    }
    return RoomTask(**(given | change))  # type: ignore[arg-type]  # as the fields are


def best_of_all(task: RoomTask) -> float:
    """Try every choice that number and budget allow and nobody loses by."""
    each = [
        [task.capacity[j], *task.sizes] if task.is_new[j]
        else [*(task.capacity[j] + np.arange(task.most_more[j] + 1)), *([] if np.isnan(task.saving[j]) else [0.0])]
        for j in range(4)
    ]  # fmt: skip
    found = [0.0]
    for units in map(np.array, product(*each)):
        is_paid = len(task.chosen(units)) <= task.count and task.price(units).sum() <= task.budget + 1e-9
        if is_paid and not task.harms(units, task.left_today):
            found.append(task.gained(units))
    return max(found)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("change", [{}, {"budget": 6.0, "count": 9}, {"count": 1}, {"budget": 9.0, "count": 3}])
def test_the_choice_is_the_best_of_all(seed: int, change: dict[str, object]) -> None:
    task = task_of(seed, **change)
    made = make_room(task)
    assert task.gained(made.units) == pytest.approx(best_of_all(task))
    # Few pairs: the order of filling is part of the program, which proves it.
    assert made.bound == pytest.approx(task.gained(made.units), abs=1e-6)
    assert task.price(made.units).sum() <= task.budget + 1e-9
    assert len(task.chosen(made.units)) <= task.count
    assert not task.harms(made.units, task.left_today)


@pytest.mark.parametrize("seed", range(12))
def test_without_the_order_of_filling_a_program_bounds_every_choice(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_room, "EXACT_PAIRS", 0)
    task = task_of(seed, budget=7.0)
    made = make_room(task)
    assert task.gained(made.units) <= best_of_all(task) + 1e-6 <= made.bound + 2e-6


@pytest.mark.parametrize("seed", range(6))
def test_steps_sum_to_the_plan_and_nobody_loses_by_one(seed: int) -> None:
    task = task_of(seed, budget=9.0, count=4)
    made = make_room(task)
    steps = -np.diff(np.array(made.left), axis=0)
    assert (steps >= 0.0).all()
    assert steps.sum() == pytest.approx(task.gained(made.units))
    assert set(made.order) == set(np.flatnonzero(made.units != task.capacity))
    np.testing.assert_allclose(made.left[-1], task.left(made.units))
    # Each has as few units as letting so many find room takes, with the others as they are.
    for site in task.chosen(made.units):
        assert task.least(made.units, site)[site] == made.units[site]


def test_what_closes_pays_for_what_opens_and_nobody_loses_by_it() -> None:
    # a and b stand at one place, with room for twice the 20 people of u; c would serve the 20 of v for 2.
    od = pd.DataFrame(
        [("u", "a", 1.0), ("u", "b", 2.0), ("v", "c", 1.0)], columns=["from_id", "to_id", "travel_time_min"]
    )
    filling = Filling.of(od, pd.Series({"u": 20.0, "v": 20.0}), ["a", "b", "c"])
    task = task_of(
        0, filling=filling, asked=np.array([True, True]), each=1.0, capacity=np.array([20.0, 20.0, 0.0]),
        is_new=np.array([False, False, True]), most_more=np.zeros(3), opening=np.array([0.0, 0.0, 2.0]),
        saving=np.array([1.0, 2.0, np.nan]), sizes=np.array([20.0]), unit_cost=0.0, budget=0.0,
    )  # fmt: skip
    made = make_room(task)
    assert made.units.tolist() == [20.0, 0.0, 20.0]
    assert (made.order, task.gained(made.units), made.bound) == ([2, 1], 20.0, 20.0)


def test_what_the_budget_does_not_need_closed_stays_open() -> None:
    assert (make_room(task_of(3, budget=99.0, count=4)).units >= task_of(3).capacity).all()


def test_a_ring_shares_what_is_left_and_is_no_less_within_the_bound() -> None:
    # u and v are as far from a, which has 10 places for 40 people: 5 each; three units more are 15 places.
    od = pd.DataFrame([("u", "a", 1.0), ("v", "a", 1.0)], columns=["from_id", "to_id", "travel_time_min"])
    filling = Filling.of(od, pd.Series({"u": 20.0, "v": 20.0}), ["a"])
    task = task_of(
        0, filling=filling, asked=np.array([True, False]), capacity=np.array([2.0]), is_new=np.array([False]),
        most_more=np.array([3.0]), opening=np.zeros(1), saving=np.full(1, np.nan),
    )  # fmt: skip
    made = make_room(task)
    # Of those asked about, half of the 15; a program that knows no ring would send u there first.
    assert task.gained(made.units) == 7.5
    assert made.bound == pytest.approx(15.0)
