"""How often sites are chosen where times are in doubt, and what the first plan loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.equity import choose_often
from spatial.planning.siting import lscp, mclp, p_median
from tests.unit.planning.enumeration import Task, frames

if TYPE_CHECKING:
    import pandas as pd

# Three villages of 1, 2 and 4 people; a site in each. Dry: the middle reaches all. Wet: nobody leaves the village.
PEOPLE = np.array([1.0, 2.0, 4.0])
DRY = np.array([[0.0, 5, 20], [5, 0, 5], [20, 5, 0]])
WET = np.where(DRY == 0.0, 0.0, 60.0)


def worlds(**minutes: np.ndarray) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, pd.DataFrame]:
    """Frames of each world; settlements and candidates are the same in all."""
    every = {name: frames(table, PEOPLE) for name, table in minutes.items()}
    _, settlements, candidates = next(iter(every.values()))
    return {name: od for name, (od, _, _) in every.items()}, settlements, candidates


def test_a_site_is_counted_in_each_world_that_chooses_it() -> None:
    found = choose_often(mclp, *worlds(dry=DRY, wet=WET, wetter=WET), n_facilities=1, service_radius=5)
    assert found.sites[["facility_id", "worlds", "in_base"]].to_numpy().tolist() == [
        ["f2", 2, False], ["f1", 1, True]
    ]  # fmt: skip
    assert found.sites["share"].tolist() == [2 / 3, 1 / 3]
    told = found.worlds[["served_persons", "base_served_persons", "regret_persons"]]
    assert told.to_numpy().tolist() == [[7.0, 7.0, 0.0], [4.0, 2.0, 2.0], [4.0, 2.0, 2.0]]


def test_sites_that_no_world_chooses_are_not_told_where_ids_are_categories() -> None:
    every, settlements, candidates = worlds(dry=DRY, wet=WET, wetter=WET)
    found = choose_often(
        mclp, every, settlements, candidates.astype({"facility_id": "category"}), n_facilities=1, service_radius=5
    )
    assert found.sites["facility_id"].tolist() == ["f2", "f1"]


def test_a_world_without_a_plan_is_listed_and_a_base_without_one_is_refused() -> None:
    far = np.full((3, 3), 99.0)
    found = choose_often(mclp, *worlds(dry=DRY, never=far), n_facilities=1, service_radius=5)
    assert found.worlds["status"].tolist() == ["optimal", "infeasible"]
    assert found.worlds["base_served_persons"].tolist() == [7.0, 0.0]
    assert found.worlds["regret_persons"].isna().tolist() == [False, True]
    assert found.sites["share"].tolist() == [1.0]
    with pytest.raises(InfeasibleError, match="nobody is within"):
        choose_often(mclp, *worlds(never=far, dry=DRY), n_facilities=1, service_radius=5)
    with pytest.raises(ContractError, match="name at least one"):
        choose_often(mclp, {}, *worlds(dry=DRY)[1:], n_facilities=1, service_radius=5)


def test_other_models_are_asked_by_their_own_words() -> None:
    asked = worlds(dry=DRY, wet=WET)
    fewest = choose_often(lscp, *asked, service_radius=5)
    assert fewest.worlds["objective"].tolist() == [1.0, 3.0]
    assert fewest.worlds["regret_persons"].tolist() == [0.0, 5.0]
    # One site is in reach of everybody in both worlds, only later: nobody is lost.
    median = choose_often(p_median, *asked, n_facilities=1)
    assert median.worlds["regret_persons"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("capacity", [None, "capacity"])
@pytest.mark.parametrize("seed", range(4))
def test_the_base_plan_never_serves_more_than_the_best_plan_of_a_world(seed: int, capacity: str | None) -> None:
    task = Task(seed)
    od, settlements, candidates = task.asked()
    draw = np.random.default_rng(seed)
    slower = od.assign(travel_time_min=od["travel_time_min"] * draw.uniform(1.0, 2.0, len(od)))
    options: dict[str, Any] = {"n_facilities": task.p, "service_radius": task.radius, "capacity": capacity}
    found = choose_often(mclp, {"base": od, "slower": slower}, settlements, candidates, **options)
    assert found.worlds["regret_persons"].iloc[0] == pytest.approx(0.0)
    assert (found.worlds["regret_persons"].fillna(0.0) >= -1e-6).all()
    assert found.plans["base"].demand["served_persons"].sum() == pytest.approx(
        found.worlds["base_served_persons"].iloc[0]
    )


def test_worlds_without_names_are_refused() -> None:
    od, people, sites = frames(np.array([[5.0]]), np.array([1.0]))
    with pytest.raises(ContractError, match="name at least one, as"):
        choose_often(mclp, [od, od], people, sites, n_facilities=1, service_radius=9)  # type: ignore[arg-type]
