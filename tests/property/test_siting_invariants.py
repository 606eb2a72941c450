"""What must hold of every plan: more sites lose nobody, everybody is told of once, order and ids never matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import InfeasibleError
from spatial.planning.equity import p_centdian, pareto_front
from spatial.planning.siting import backup_coverage, lscp, mclp, p_center, p_median
from tests.effort import tried

if TYPE_CHECKING:
    from spatial.planning.plans import SitingPlan

OUTCOMES = ["served_persons", "full_persons", "not_reached_persons"]


@st.composite
def tasks(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Draw a few villages and sites, some out of each other's reach, some unknown or empty."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(2, 6))
    times = st.one_of(st.none(), st.integers(0, 40))
    minutes = {(i, j): draw(times) for i in range(n) for j in range(m)}
    od = pd.DataFrame(
        [(f"s{i}", f"f{j}", float(time)) for (i, j), time in minutes.items() if time is not None],
        columns=["from_id", "to_id", "travel_time_min"],
    ).astype({"travel_time_min": float})
    people = [draw(st.one_of(st.just(np.nan), st.integers(0, 90).map(float))) for _ in range(n)]
    people[0] = 7.0
    settlements = pd.DataFrame({"settlement_id": [f"s{i}" for i in range(n)], "population_persons": people})
    status = [draw(st.sampled_from(["candidate", "candidate", "existing", "closed"])) for _ in range(m)]
    status[:2] = ["candidate", "candidate"]
    room = [draw(st.integers(0, 60).map(float)) for _ in range(m)]
    candidates = pd.DataFrame({"facility_id": [f"f{j}" for j in range(m)], "status": status, "room": room})
    return od, settlements, candidates


def solved(model: Any, asked: tuple[pd.DataFrame, ...], **options: Any) -> SitingPlan | None:
    """Solve a task, where it has a plan."""
    try:
        return model(*asked, **options)  # type: ignore[no-any-return]  # a model of any kind
    except InfeasibleError:
        return None


@given(tasks(), st.sampled_from([None, "room"]), st.integers(0, 40))
@tried(60)
def test_one_more_site_never_loses_people(
    asked: tuple[pd.DataFrame, ...], capacity: str | None, service_radius: int
) -> None:
    options: dict[str, Any] = {"capacity": capacity, "service_radius": service_radius}
    one = solved(mclp, asked, n_facilities=1, **options)
    two = solved(mclp, asked, n_facilities=2, **options)
    if one is not None and two is not None:
        assert two.objective >= one.objective - 1e-6


@given(tasks(), st.sampled_from([None, "room"]), st.integers(0, 40))
@tried(60)
def test_served_full_and_not_reached_sum_to_the_population(
    asked: tuple[pd.DataFrame, ...], capacity: str | None, service_radius: int
) -> None:
    reach = {"n_facilities": 1, "service_radius": service_radius, "capacity": capacity}
    count = {"n_facilities": 1, "capacity": capacity}
    plans = [
        solved(mclp, asked, **reach), solved(backup_coverage, asked, **reach),
        solved(lscp, asked, service_radius=service_radius, capacity=capacity),
        solved(p_median, asked, **count), solved(p_center, asked, **count),
    ]  # fmt: skip
    for plan in plans:
        if plan is not None:
            told = plan.demand[OUTCOMES].sum(axis=1, skipna=False)
            np.testing.assert_allclose(told, asked[1]["population_persons"])
            assert plan.assignment["persons"].sum() == pytest.approx(plan.demand["served_persons"].sum())
            assert plan.by_group[OUTCOMES].sum().sum() == pytest.approx(asked[1]["population_persons"].sum())


@given(tasks(), st.sampled_from([None, "room"]), st.permutations(range(12)))
@tried(30)
def test_order_and_ids_never_matter(asked: tuple[pd.DataFrame, ...], capacity: str | None, order: list[int]) -> None:
    od, settlements, candidates = asked
    ids = [*settlements["settlement_id"], *candidates["facility_id"]]
    names = {name: f"x{number:02}" for name, number in zip(ids, order, strict=False)}
    other = (
        od.assign(from_id=od["from_id"].map(names), to_id=od["to_id"].map(names)).sample(frac=1, random_state=1),
        settlements.assign(settlement_id=settlements["settlement_id"].map(names)).sample(frac=1, random_state=2),
        candidates.assign(facility_id=candidates["facility_id"].map(names)).sample(frac=1, random_state=3),
    )
    for model, options in (
        (mclp, {"service_radius": 15, "capacity": capacity}), (p_median, {"capacity": capacity}),
        (p_center, {"capacity": capacity}), (p_centdian, {}),
    ):  # fmt: skip
        one, two = (solved(model, frames, n_facilities=1, **options) for frames in (asked, other))
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert two.objective == pytest.approx(one.objective, abs=1e-6)
            assert two.demand["served_persons"].sum() == pytest.approx(one.demand["served_persons"].sum(), abs=1e-6)


@given(tasks(), st.integers(0, 40))
@tried(30)
def test_along_a_front_one_aim_is_lost_for_the_other(asked: tuple[pd.DataFrame, ...], service_radius: int) -> None:
    try:
        front = pareto_front(*asked, n_facilities=1, service_radius=service_radius)
    except InfeasibleError:
        return
    points = front.points.fillna({"longest_min": np.inf})
    assert points["persons_within"].is_monotonic_decreasing
    assert points["persons_within"].is_unique
    assert points["longest_min"].is_monotonic_decreasing
    assert points["longest_min"].is_unique
    assert front.is_whole
