"""What is enlarged, opened and closed so that people find room: held against all that could be done instead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.planning import making_room
from spatial.planning.making_room import Filling, make_room
from tests.unit.planning.enumeration import most_room, room_task


@pytest.mark.parametrize("seed", range(12))
def test_without_the_order_of_filling_a_program_bounds_every_choice(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_room, "EXACT_PAIRS", 0)
    task = room_task(seed, budget=7.0)
    made = make_room(task)
    assert task.gained(made.units) <= most_room(task) + 1e-6 <= made.bound + 2e-6


@pytest.mark.parametrize("seed", range(6))
def test_steps_sum_to_the_plan_and_nobody_loses_by_one(seed: int) -> None:
    task = room_task(seed, budget=9.0, count=4)
    made = make_room(task)
    steps = -np.diff(np.array(made.left), axis=0)
    assert (steps >= 0.0).all()
    assert steps[:, task.asked].sum() == pytest.approx(task.gained(made.units))
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
    task = room_task(
        0, filling=filling, asked=np.array([True, True]), each=1.0, capacity=np.array([20.0, 20.0, 0.0]),
        is_new=np.array([False, False, True]), most_more=np.zeros(3), opening=np.array([0.0, 0.0, 2.0]),
        saving=np.array([1.0, 2.0, np.nan]), sizes=np.array([20.0]), unit_cost=0.0, budget=0.0,
    )  # fmt: skip
    made = make_room(task)
    assert made.units.tolist() == [20.0, 0.0, 20.0]
    assert (made.order, task.gained(made.units), made.bound) == ([2, 1], 20.0, 20.0)


def test_what_holds_nothing_saves_nothing_by_closing() -> None:
    # a stands and holds nobody; to close it would save the 2 that a place more at b costs beyond the budget of 3.
    od = pd.DataFrame([("u", "a", 1.0), ("u", "b", 2.0)], columns=["from_id", "to_id", "travel_time_min"])
    task = room_task(
        0, filling=Filling.of(od, pd.Series({"u": 40.0}), ["a", "b"]), asked=np.array([True]), each=5.0,
        capacity=np.array([0.0, 1.0]), is_new=np.zeros(2, dtype=bool), most_more=np.array([0.0, 5.0]),
        opening=np.zeros(2), saving=np.array([2.0, np.nan]), budget=3.0,
    )  # fmt: skip
    made = make_room(task)
    assert (made.units.tolist(), float(task.price(made.units).sum()), made.bound) == ([0.0, 4.0], 3.0, 15.0)


def test_what_the_budget_does_not_need_closed_stays_open() -> None:
    assert (make_room(room_task(3, budget=99.0, count=4)).units >= room_task(3).capacity).all()


def test_a_ring_shares_what_is_left_and_is_no_less_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    # u and v are as far from a, which has 10 places for 40 people: 5 each; three units more are 15 places.
    od = pd.DataFrame([("u", "a", 1.0), ("v", "a", 1.0)], columns=["from_id", "to_id", "travel_time_min"])
    filling = Filling.of(od, pd.Series({"u": 20.0, "v": 20.0}), ["a"])
    task = room_task(
        0, filling=filling, asked=np.array([True, False]), capacity=np.array([2.0]), is_new=np.array([False]),
        most_more=np.array([3.0]), opening=np.zeros(1), saving=np.full(1, np.nan),
    )  # fmt: skip
    tried = make_room(task)
    assert (task.gained(tried.units), tried.bound) == (7.5, 7.5)
    monkeypatch.setattr(making_room, "MOST_TRIED", 0)
    made = make_room(task)
    # Of those asked about, half of the 15; a program that knows no ring would send u there first.
    assert task.gained(made.units) == 7.5
    assert made.bound == pytest.approx(15.0)


def test_a_full_facility_has_no_room_left_however_its_people_are_summed() -> None:
    people = pd.Series([1.3, 0.9, 1.6, 2.6, 0.5, 1.4], index=list("abcdef"))
    od = pd.DataFrame({"from_id": people.index, "to_id": "x", "travel_time_min": [3.0, 4.0, 6.0, 2.0, 5.0, 1.0]})
    filling, room = Filling.of(od, people, ["x"]), np.array([6.2])
    assert (room - filling.given(room).sum() < 0.0).all()
    assert filling.idle(room).tolist() == [0.0]
    assert filling.idle(room + 10.0).tolist() == pytest.approx([7.9])
    assert np.isnan(filling.idle(np.array([np.nan]))).all()
