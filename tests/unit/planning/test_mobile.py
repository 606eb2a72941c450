"""A mobile service on a line of known minutes: stops, days, orders, and who is left out."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ContractError, InfeasibleError
from spatial.planning import mobile
from spatial.planning.mobile import mobile_round

COLUMNS = ["from_id", "to_id", "travel_time_min"]


def legs_of(**at):
    """Places by their minute along a road, the base at 0."""
    at = {"base": 0.0, **at}
    return pd.DataFrame([(a, b, abs(at[a] - at[b])) for a, b in itertools.permutations(at, 2)], columns=COLUMNS)


def people_of(**persons):
    return pd.DataFrame({"settlement_id": list(persons), "population_persons": [float(n) for n in persons.values()]})


def stops_of(*ids):
    return pd.DataFrame({"facility_id": list(ids)})


def at_home(*ids):
    """Pairs of settlements and stops of the same place."""
    return pd.DataFrame({"from_id": list(ids), "to_id": list(ids), "travel_time_min": 0.0})


def round_of(persons, at, **options):
    options = {"base": "base", "within_min": 30, "days": 1, "hours_per_day": 6, "hours_per_stop": 1} | options
    return mobile_round(at_home(*at), people_of(**persons), stops_of(*at), legs_of(**at), **options)


PEOPLE = {"p": 100, "q": 200, "r": 400, "s": 800}
AT = {"p": 30.0, "q": 60.0, "r": 90.0, "s": 150.0}


def test_ids_that_no_pair_has_are_named(caplog) -> None:
    with pytest.raises(InfeasibleError, match="nobody is within 30"):
        mobile_round(at_home("P"), people_of(p=5), stops_of("p"), legs_of(p=30.0), base="base", within_min=30)
    assert [message.partition(";")[0] for message in caplog.messages] == [
        "settlements: settlement_id: none of 'p' (1 in all) is among 'P' (1 in all)",
        "stops: facility_id: none of 'p' (1 in all) is among 'P' (1 in all)",
    ]


def test_a_day_holds_what_its_hours_hold_in_the_shortest_order() -> None:
    # To r and back are 180 min of road; with p, q and r three hours of stops: 6 h in all. With s 300 min of road
    # leave one stop, which serves 800.
    found = round_of(PEOPLE, AT)
    assert (found.objective, found.status) == (800.0, "optimal")
    assert found.stops["stop_id"].tolist() == ["s"]
    without = round_of(PEOPLE, {name: AT[name] for name in "pqr"})
    assert (without.objective, without.status, without.bound) == (700.0, "optimal", 700.0)
    # On the way out or back makes no odds: each order over all three takes 180 min; the first by id is told.
    assert without.stops[["stop_id", "day", "order", "leg_min", "arrive_min", "leave_min"]].values.tolist() == [
        ["p", 1, 1, 30.0, 30.0, 90.0], ["q", 1, 2, 30.0, 120.0, 180.0], ["r", 1, 3, 30.0, 210.0, 270.0],
    ]  # fmt: skip
    assert without.days.values.tolist() == [[1, 3, 180.0, 360.0, 700.0]]
    assert list(without.days) == ["day", "stops", "travel_min", "total_min", "persons"]


def test_more_days_take_the_rest_and_the_best_day_comes_first() -> None:
    found = round_of(PEOPLE, AT, days=2)
    assert found.objective == 1500.0
    assert found.stops[["stop_id", "day"]].values.tolist() == [["s", 1], ["p", 2], ["q", 2], ["r", 2]]
    assert found.status == "optimal"


def test_a_day_may_last_exactly_as_long_as_it_may() -> None:
    at = {"p": 90.0}
    assert round_of({"p": 9}, at, hours_per_day=4).objective == 9.0  # 180 min of road and 60 at the stop
    with pytest.raises(InfeasibleError, match="no stop can be reached, served and left in a day") as error:
        round_of({"p": 9}, at, hours_per_day=3.99)
    assert error.value.bound == pytest.approx(4.0)


def test_what_no_day_holds_is_listed() -> None:
    legs = legs_of(p=30.0, far=400.0).query("from_id != 'p'")
    legs = pd.concat([legs, pd.DataFrame([("q", "p", 5.0), ("base", "q", 5.0), ("q", "base", 7.0)], columns=COLUMNS)])
    found = mobile_round(
        at_home("p", "q", "far"), people_of(p=1, q=2, far=4), stops_of("p", "q", "far"), legs,
        base="base", within_min=0, days=1,
    )  # fmt: skip
    assert found.stops["stop_id"].tolist() == ["q"]
    assert found.unused.values.tolist() == [["far", 920.0], ["p", np.inf]]
    reach = found.demand.set_index("settlement_id")["reach"].to_dict()
    assert reach == {"p": "no_candidate", "q": "served", "far": "no_candidate"}


def test_a_team_drives_over_another_stop_where_that_is_the_shortest_or_only_way() -> None:
    # p has no leg to the base, but one over q; the leg from the base to q is longer than that over p.
    ways = [("base", "p", 10.0), ("p", "q", 20.0), ("q", "base", 30.0), ("base", "q", 90.0)]
    legs = pd.DataFrame(ways, columns=COLUMNS)
    found = mobile_round(
        at_home("p", "q"), people_of(p=4, q=2), stops_of("p", "q"), legs,
        base="base", within_min=0, days=1, hours_per_day=2, hours_per_stop=0.5,
    )  # fmt: skip
    # Either stop alone and the road take 90 minutes, and both 120: the whole day.
    assert (found.objective, found.status) == (6.0, "optimal")
    assert found.stops[["stop_id", "leg_min"]].values.tolist() == [["p", 10.0], ["q", 20.0]]
    assert found.unused.empty


def test_a_team_sees_no_more_people_than_it_can() -> None:
    found = round_of(PEOPLE, AT, days=2, persons_per_stop=150)
    assert found.objective == 100.0 + 3 * 150.0
    demand = found.demand.set_index("settlement_id")
    assert demand["full_persons"].to_dict() == {"p": 0.0, "q": 50.0, "r": 250.0, "s": 650.0}
    total = demand[["served_persons", "full_persons", "not_reached_persons"]].sum(axis=1)
    assert (total == demand["demand_persons"]).all()


def test_one_stop_serves_all_who_are_near_and_people_go_to_the_nearest() -> None:
    od = pd.DataFrame([("u", "p", 30.0), ("v", "p", 10.0), ("v", "q", 5.0), ("w", "q", 30.01)], columns=COLUMNS)
    found = mobile_round(
        od, people_of(u=5, v=7, w=9), stops_of("p", "q"), legs_of(p=10.0, q=20.0), base="base", within_min=30, days=1
    )
    assert found.objective == 12.0
    assert found.stops["stop_id"].tolist() == ["p"]  # q would serve nobody else
    assert found.demand.set_index("settlement_id")["reach"]["w"] == "no_candidate"


@pytest.mark.parametrize("seed", range(12))
def test_a_round_keeps_to_its_days_and_no_other_serves_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, days = 6, 2
    xy = rng.uniform(-80, 80, (n + 1, 2))
    xy[0] = 0.0
    apart = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))
    names = ["base", *(f"p{k}" for k in range(n))]
    legs = pd.DataFrame(
        [(names[a], names[b], apart[a, b]) for a, b in itertools.permutations(range(n + 1), 2)], columns=COLUMNS
    )
    persons = dict(zip(names[1:], rng.integers(1, 500, n), strict=True))
    found = mobile_round(
        at_home(*persons), people_of(**persons), stops_of(*persons), legs,
        base="base", within_min=5, days=days, hours_per_day=5, hours_per_stop=1.25,
    )  # fmt: skip

    def fits(stops) -> bool:
        return any(
            apart[[0, *order], [*order, 0]].sum() + 75.0 * len(order) <= 300.0
            for order in itertools.permutations(stops)
        )

    # Every way to put each stop into the first day, the second or none.
    best = 0.0
    for split in itertools.product(range(days + 1), repeat=n):
        loads = [[k + 1 for k in range(n) if split[k] == day] for day in range(1, days + 1)]
        if all(fits(load) for load in loads):
            best = max(best, float(sum(persons[names[k]] for load in loads for k in load)))
    assert (found.status, found.objective) == ("optimal", best)
    for _, stops in found.stops.groupby("day"):
        order = [names.index(name) for name in stops["stop_id"]]
        least = min(apart[[0, *way], [*way, 0]].sum() for way in itertools.permutations(order))
        assert apart[[0, *order], [*order, 0]].sum() == pytest.approx(least)
    assert (found.days["total_min"] <= 300.0).all()
    assert found.days["day"].max() <= days
    shuffled = mobile_round(
        at_home(*persons).iloc[::-1], people_of(**persons).iloc[::-1], stops_of(*persons).iloc[::-1], legs.iloc[::-1],
        base="base", within_min=5, days=days, hours_per_day=5, hours_per_stop=1.25,
    )  # fmt: skip
    pd.testing.assert_frame_equal(shuffled.stops, found.stops)


def test_of_more_ways_than_are_looked_at_the_bound_is_told(monkeypatch) -> None:
    rng = np.random.default_rng(5)
    at = {f"p{k}": float(minute) for k, minute in enumerate(rng.integers(5, 90, 14))}
    persons = {name: int(count) for name, count in zip(at, rng.integers(1, 100, 14), strict=True)}
    exact = round_of(persons, at, days=2)
    monkeypatch.setattr(mobile, "MOST_WAYS", 400)
    found = round_of(persons, at, days=2)
    assert exact.status == "optimal"
    assert found.status == "feasible"
    assert 0.8 * exact.objective <= found.objective <= exact.objective <= found.bound
    assert (found.days["total_min"] <= 360.0).all()
    assert found.days["day"].max() <= 2


def test_more_days_and_longer_days_never_serve_fewer_people() -> None:
    for longer in ({"days": 2}, {"hours_per_day": 9}, {"days": 3, "hours_per_day": 9}):
        assert round_of(PEOPLE, AT, **longer).objective >= round_of(PEOPLE, AT).objective


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"days": 0}, ContractError, "days: must be 1 or more"),
        ({"hours_per_day": 0}, ContractError, "hours_per_day: must be above 0"),
        ({"hours_per_stop": np.nan}, ContractError, "hours_per_stop: must be above 0"),
        ({"persons_per_stop": -1}, ContractError, "persons_per_stop: must be above 0"),
        ({"within_min": -1}, ContractError, "within_min"),
        ({"base": "home"}, ContractError, "base: 'home' begins no leg, among 'base'"),
        ({"base": "p"}, ContractError, "base: 'p' is a stop too"),
    ],
)
def test_bad_options_are_refused(options, error, message) -> None:
    with pytest.raises(error, match=message):
        round_of(PEOPLE, AT, **options)


def test_nobody_near_any_stop_is_no_round() -> None:
    od = at_home("p").assign(travel_time_min=31.0)
    with pytest.raises(InfeasibleError, match="nobody is within 30"):
        mobile_round(od, people_of(p=1), stops_of("p"), legs_of(p=5.0), base="base", within_min=30)
    with pytest.raises(ContractError, match="stops: there is none"):
        mobile_round(od, people_of(p=1), stops_of(), legs_of(p=5.0), base="base", within_min=30)
    for ids, told in (
        (["p", "p"], "stops: facility_id: not unique: 'p'"),
        (["p", None], "facility_id: missing in 1 rows"),
    ):
        with pytest.raises(ContractError, match=told):
            mobile_round(od, people_of(p=1), stops_of(*ids), legs_of(p=5.0), base="base", within_min=30)
    legs = legs_of(p=5.0).assign(travel_time_min=-1.0)
    with pytest.raises(ContractError, match="legs"):
        mobile_round(od, people_of(p=1), stops_of("p"), legs, base="base", within_min=30)
