"""Idle capacity and unmet need: a known transport problem, borders, and what one more place is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from spatial.errors import ContractError
from spatial.planning.making_room import match_capacity

NEED = pd.DataFrame({"settlement_id": ["u", "v", "w"], "service": "beds", "persons": [20.0, 25.0, 25.0]})
IDLE = pd.DataFrame({"facility_id": ["a", "b"], "service": "beds", "persons": [50.0, 30.0]})
MINUTES = {("u", "a"): 10.0, ("v", "a"): 40.0, ("w", "a"): 20.0, ("u", "b"): 30.0, ("v", "b"): 10.0, ("w", "b"): 50.0}
OD = pd.DataFrame(
    [(*pair, minutes) for pair, minutes in MINUTES.items()], columns=["from_id", "to_id", "travel_time_min"]
)


def test_a_transport_problem_has_its_known_cost() -> None:
    # u and w to a, v to b: 20 x 10 + 25 x 20 + 25 x 10 = 950 person-minutes.
    found = match_capacity(NEED, IDLE, OD)
    assert found.matches["persons"] @ found.matches["travel_time_min"] == pytest.approx(950.0)
    assert found.matched_share == 1.0
    assert found.mean_minutes == pytest.approx(950.0 / 70.0)
    assert found.need["why"].tolist() == ["met"] * 3
    assert found.idle["left_persons"].tolist() == [5.0, 5.0]
    assert found.idle["more_persons"].tolist() == [0.0, 0.0]


def test_ids_that_no_pair_has_are_named(caplog: pytest.LogCaptureFixture) -> None:
    match_capacity(NEED, IDLE, OD.loc[OD["from_id"] == "u"])
    match_capacity(NEED.assign(settlement_id=["x", "y", "z"]), IDLE, OD)  # who is near nothing begins no pair
    assert caplog.messages == []
    found = match_capacity(NEED, IDLE, OD.assign(from_id=OD["from_id"].str.upper()))
    assert found.matched_share == 0.0
    assert caplog.messages == [
        "need: settlement_id: none of 'u', 'v', 'w' (3 in all) is among 'U', 'V', 'W' (3 in all); write ids alike"
    ]


def test_an_index_of_the_name_of_a_column_changes_nothing() -> None:
    need, idle = (frame.set_index(frame.columns[0], drop=False) for frame in (NEED, IDLE))
    found = match_capacity(need, idle, OD)
    pd.testing.assert_frame_equal(found.matches, match_capacity(NEED, IDLE, OD).matches)
    assert found.need.index.tolist() == ["u", "v", "w"]


def test_more_people_come_before_fewer_minutes() -> None:
    # Only a serves w, and a has room for 25: it goes to w, though u is nearer; b takes u and v up to 30.
    idle = IDLE.assign(persons=[25.0, 30.0])
    od = OD.loc[~((OD["from_id"] == "w") & (OD["to_id"] == "b"))]
    found = match_capacity(NEED, idle, od)
    assert found.need["matched_persons"].sum() == 55.0
    given = found.matches.set_index(["settlement_id", "facility_id"])["persons"]
    assert given.groupby("facility_id").sum().to_dict() == {"a": 25.0, "b": 30.0}


def test_one_more_bed_is_worth_its_people_also_through_others() -> None:
    # v waits and reaches b alone, which u fills; more room at a frees b for v. c is reached by nobody who waits.
    need = pd.DataFrame({"settlement_id": ["u", "v"], "service": "beds", "persons": [10.0, 10.0]})
    idle = pd.DataFrame(
        {
            "facility_id": ["a", "b", "c"],
            "service": "beds",
            "persons": [0.0, 15.0, 9.0],
            "persons_per_unit": [3.2, 2.0, 1.0],
        }
    )
    od = pd.DataFrame(
        [("u", "a", 5.0), ("u", "b", 6.0), ("v", "b", 7.0)], columns=["from_id", "to_id", "travel_time_min"]
    )
    found = match_capacity(need, idle, od)
    assert found.idle["more_persons"].tolist() == [3.2, 2.0, 0.0]
    # The same by doing it: one more person at a.
    more = match_capacity(need, idle.assign(persons=[1.0, 15.0, 9.0]), od)
    assert more.need["matched_persons"].sum() - found.need["matched_persons"].sum() == pytest.approx(1.0)


def test_one_more_unit_serves_no_more_people_than_wait_for_it() -> None:
    # A room more takes 100; 5 wait at a alone, and 8 more who are at b now would not move: nobody waits there.
    need = pd.DataFrame({"settlement_id": ["u", "v"], "service": "beds", "persons": [25.0, 8.0]})
    idle = pd.DataFrame(
        {"facility_id": ["a", "b"], "service": "beds", "persons": [20.0, 8.0], "persons_per_unit": 100.0}
    )
    od = pd.DataFrame(
        [("u", "a", 5.0), ("v", "a", 9.0), ("v", "b", 6.0)], columns=["from_id", "to_id", "travel_time_min"]
    )
    assert match_capacity(need, idle, od).idle["more_persons"].tolist() == [5.0, 0.0]
    # Without a room of its own b would take the 8 who crowd at a, of whom 8 wait somewhere.
    assert match_capacity(need, idle.assign(persons=[20.0, 0.0]), od).idle["more_persons"].tolist() == [13.0, 8.0]
    # A way may be taken by 22 only: 2 more of u.
    assert match_capacity(need, idle, od, most_persons=22.0).idle["more_persons"].tolist() == [2.0, 0.0]
    for wrong in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ContractError, match="persons_per_unit: not above 0, unknown or infinite for 'a', 'b'"):
            match_capacity(need, idle.assign(persons_per_unit=wrong), od)


def test_a_border_costs_the_people_who_could_be_served_beyond_it() -> None:
    need, idle = NEED.assign(county=["x", "y", "x"]), IDLE.assign(county=["x", "x"])
    found = match_capacity(need, idle, OD, sharing="county")
    assert found.need["why"].tolist() == ["met", "border", "met"]
    assert found.border_persons == pytest.approx(25.0)
    nobody = match_capacity(need, idle.assign(county=[None, None]), OD, sharing="county")
    assert nobody.matched_share == 0.0
    assert nobody.border_persons == pytest.approx(70.0)


def test_services_serve_themselves_and_what_they_are_said_to() -> None:
    need = NEED.assign(service=["clinic", "hospital", "clinic"])
    idle = IDLE.assign(service=["hospital", "clinic"])
    alone = match_capacity(need, idle, OD)
    assert set(zip(alone.matches["settlement_id"], alone.matches["facility_id"], strict=True)) == {
        ("v", "a"), ("u", "b"), ("w", "b"),
    }  # fmt: skip
    both = match_capacity(need, idle, OD, compatible={"clinic": ["hospital"]})
    assert both.matched_share == 1.0


def test_times_and_persons_of_a_link_are_limited_inclusively() -> None:
    found = match_capacity(NEED, IDLE, OD, cutoff_min=20.0, most_persons=20.0)
    assert found.matches["persons"].max() == 20.0
    assert found.matches["travel_time_min"].max() == 20.0
    assert found.need["why"].tolist() == ["met", "too_little", "too_little"]
    far = match_capacity(NEED, IDLE, OD, cutoff_min=9.0)
    assert far.need["why"].tolist() == ["not_reached"] * 3
    assert np.isnan(far.mean_minutes)


@pytest.mark.parametrize("seed", range(10))
def test_random_matches_are_the_optimum_and_every_worth_is_the_step(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, m = draw.integers(2, 7), draw.integers(1, 5)
    need = pd.DataFrame(
        {"settlement_id": np.arange(n), "service": "s", "persons": draw.integers(0, 20, n).astype(float)}
    )
    idle = pd.DataFrame({"facility_id": np.arange(m), "service": "s", "persons": draw.integers(0, 20, m).astype(float)})
    i, j = np.nonzero(draw.random((n, m)) < 0.6)
    od = pd.DataFrame({"from_id": i, "to_id": j, "travel_time_min": draw.integers(1, 60, len(i)).astype(float)})
    found = match_capacity(need, idle, od)

    def most(room: Any) -> float:
        if not len(i):
            return 0.0
        rows = np.zeros((n + m, len(i)))
        rows[i, np.arange(len(i))] = rows[n + j, np.arange(len(i))] = 1.0
        return float(-linprog(-np.ones(len(i)), A_ub=rows, b_ub=np.concatenate((need["persons"], room))).fun)

    served = found.need["matched_persons"].sum()
    assert served == pytest.approx(most(idle["persons"]))
    np.testing.assert_allclose(found.need["matched_persons"] + found.need["left_persons"], need["persons"])
    np.testing.assert_allclose(found.idle["given_persons"] + found.idle["left_persons"], idle["persons"])
    for at in range(m):
        step = most(idle["persons"] + np.where(np.arange(m) == at, 1.0, 0.0)) - served
        assert found.idle["more_persons"].iloc[at] == pytest.approx(step, abs=1e-7)


@pytest.mark.parametrize(
    ("need", "idle", "told"),
    [
        (NEED.assign(persons=[-1.0, 2.0, np.nan]), IDLE, "persons: NaN.*\n.*negative"),
        (pd.concat([NEED, NEED.head(1)]), IDLE, "twice"),
        (NEED, IDLE.assign(persons=np.inf), "infinite"),
        (NEED.assign(service=["beds", None, "beds"]), IDLE, "service: missing in 1 rows"),
        (NEED, IDLE.drop(columns="service"), "service: no such column"),
        (NEED.drop(columns=["service", "persons"]), IDLE, "2 problem.*\n.*service: no such column"),
        (NEED, pd.concat([IDLE, IDLE.head(1)]), "facility_id: twice"),
        (NEED, IDLE.assign(persons=[-1.0, np.nan]), "persons: NaN.*\n.*negative"),
    ],
)
def test_bad_frames_are_refused(need: pd.DataFrame, idle: pd.DataFrame, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        match_capacity(need, idle, OD)


@pytest.mark.parametrize("minutes", [np.nan, -1.0])
def test_pairs_of_unknown_or_negative_minutes_are_refused(minutes: float) -> None:
    with pytest.raises(ContractError, match="NaN or negative"):
        match_capacity(NEED, IDLE, OD.assign(travel_time_min=minutes))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cutoff_min": -1.0}, "cutoff_min"),
        ({"most_persons": 0.0}, "most_persons"),
        ({"most_persons": "many"}, "most_persons: must be above 0, is 'many'"),
        ({"sharing": "county"}, "county: no such column"),
    ],
)
def test_limits_that_cannot_be_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ContractError, match=told):
        match_capacity(NEED, IDLE, OD, **options)


def test_capacity_that_cannot_hold_the_need_leaves_the_rest_and_says_why() -> None:
    found = match_capacity(NEED, IDLE.assign(persons=[5.0, 0.0]), OD)
    assert found.need["left_persons"].sum() == 65.0
    assert set(found.need["why"]) == {"too_little"}
