"""Capacity-limited allocation: three classes that sum to the people, and the order that decides."""

import numpy as np
import pandas as pd
import pytest

import spatial as sp


def toy(pairs, people, capacity):
    """Pairs are (settlement, facility, minutes)."""
    od = pd.DataFrame(pairs, columns=["from_id", "to_id", "travel_time_min"])
    settlements = pd.DataFrame({"settlement_id": list(people), "population_persons": list(people.values())})
    facilities = pd.DataFrame({"facility_id": list(capacity), "service": "clinic", "capacity": list(capacity.values())})
    return od, settlements, facilities


def allocate(frames, **options):
    return sp.allocate_capacity(*frames, **{"service": "clinic", "cutoff_min": 30.0, **options})


def classes(found):
    columns = ["served_persons", "full_persons", "not_reached_persons"]
    return found.settlements.set_index("settlement_id")[columns].to_numpy().tolist()


def test_the_nearest_are_served_first_and_three_classes_sum_to_the_people():
    frames = toy([("u", "a", 5.0), ("v", "a", 10.0), ("w", "a", 31.0)], {"u": 60.0, "v": 60.0, "w": 60.0}, {"a": 100.0})
    found = allocate(frames)
    assert classes(found) == [[60.0, 0.0, 0.0], [40.0, 20.0, 0.0], [0.0, 0.0, 60.0]]
    assert found.settlements["status"].tolist() == ["served", "partly_served", "not_reached"]
    assert found.facilities["load_persons"].tolist() == [100.0]
    assert found.facilities["status"].tolist() == ["full"]
    assert found.settlements["mean_served_min"].tolist()[:2] == [5.0, 10.0]
    assert np.isnan(found.settlements["mean_served_min"].iloc[2])


def test_the_last_ring_is_split_in_proportion():
    # u and v ask at the same minute for 90 + 30 = 120 of 60 places: half of each
    frames = toy([("u", "a", 10.0), ("v", "a", 10.0)], {"u": 90.0, "v": 30.0}, {"a": 60.0})
    assert classes(allocate(frames)) == [[45.0, 45.0, 0.0], [15.0, 15.0, 0.0]]


def test_whoever_finds_a_full_facility_goes_on_to_the_next():
    frames = toy([("u", "a", 5.0), ("v", "a", 6.0), ("v", "b", 20.0)], {"u": 80.0, "v": 50.0}, {"a": 100.0, "b": 10.0})
    found = allocate(frames)
    # v: 20 at a, 10 at b, 20 left over
    assert classes(found) == [[80.0, 0.0, 0.0], [30.0, 20.0, 0.0]]
    assert found.pairs[["from_id", "to_id", "persons"]].to_numpy().tolist() == [
        ["u", "a", 80.0],
        ["v", "a", 20.0],
        ["v", "b", 10.0],
    ]
    assert found.settlements["mean_served_min"].iloc[1] == pytest.approx((20 * 6 + 10 * 20) / 30)


def test_ties_go_to_the_lowest_facility_id_whatever_the_order_of_rows():
    frames = toy([("u", "f10", 5.0), ("u", "f9", 5.0)], {"u": 10.0}, {"f10": 50.0, "f9": 50.0})
    assert allocate(frames).pairs["to_id"].tolist() == ["f9"]
    od, settlements, facilities = frames
    turned = (od.iloc[::-1], settlements, facilities.iloc[::-1])
    assert allocate(turned).pairs["to_id"].tolist() == ["f9"]


def test_the_largest_facility_may_go_first_or_the_first_row():
    # b is larger and far, a near and small. By time: u to a first. By capacity or row order as stated.
    pairs = [("u", "a", 5.0), ("u", "b", 20.0), ("v", "a", 6.0)]
    people, room = {"u": 40.0, "v": 40.0}, {"a": 40.0, "b": 100.0}
    by_time = allocate(toy(pairs, people, room))
    assert classes(by_time) == [[40.0, 0.0, 0.0], [0.0, 40.0, 0.0]]
    by_size = allocate(toy(pairs, people, room), order="capacity")
    # b takes u, a is free for v: all served, though u travels further
    assert classes(by_size) == [[40.0, 0.0, 0.0], [40.0, 0.0, 0.0]]
    by_row = allocate(toy(pairs, people, dict(reversed(room.items()))), order="table")
    assert classes(by_row) == classes(by_size)
    assert classes(allocate(toy(pairs, people, room), order="table")) == classes(by_time)


def test_the_best_allocation_serves_most_people_in_the_fewest_minutes():
    # Transport of INDICATORS 6: costs [[10, 40, 20], [30, 10, 50]], rooms 50 and 30, people 20, 25, 25: 950
    minutes = [[10.0, 40.0, 20.0], [30.0, 10.0, 50.0]]
    pairs = [(place, site, minutes[j][i]) for i, place in enumerate("uvw") for j, site in enumerate("ab")]
    frames = toy(pairs, {"u": 20.0, "v": 25.0, "w": 25.0}, {"a": 50.0, "b": 30.0})
    found = allocate(frames, cutoff_min=60.0, order="optimal")
    assert (found.pairs["persons"] * found.pairs["travel_time_min"]).sum() == pytest.approx(950.0)
    assert found.settlements["served_persons"].sum() == pytest.approx(70.0)


def test_the_best_allocation_serves_more_than_the_nearest_first():
    frames = toy([("u", "a", 5.0), ("u", "b", 20.0), ("v", "a", 6.0)], {"u": 40.0, "v": 40.0}, {"a": 40.0, "b": 100.0})
    found = allocate(frames, order="optimal")
    assert found.settlements["served_persons"].to_numpy() == pytest.approx([40.0, 40.0])
    nobody = allocate((frames[0].iloc[:0], *frames[1:]), order="optimal")
    assert nobody.settlements["not_reached_persons"].tolist() == [40.0, 40.0]


@pytest.mark.parametrize("order", ["time", "capacity", "table", "optimal"])
def test_classes_sum_exactly_and_nothing_overflows(order):
    rng = np.random.default_rng(20260101)
    n, m = 120, 15
    people = {f"v{i}": float(p) for i, p in enumerate(rng.gamma(1.0, 300.0, n))}
    room = {f"f{j}": float(c) for j, c in enumerate(rng.gamma(1.0, 1500.0, m))}
    minutes = np.round(rng.uniform(0.0, 60.0, (n, m)))
    pairs = [(f"v{i}", f"f{j}", minutes[i, j]) for i in range(n) for j in range(m) if minutes[i, j] < 45.0]
    found = allocate(toy(pairs, people, room), order=order)
    table = found.settlements
    total = table["served_persons"] + table["full_persons"] + table["not_reached_persons"]
    assert total.tolist() == table["demand_persons"].tolist() == list(people.values())
    assert (table[["served_persons", "full_persons", "not_reached_persons"]] >= 0.0).all(axis=None)
    assert (found.facilities["load_persons"] <= found.facilities["capacity_persons"]).all()
    assert found.facilities["load_persons"].sum() == pytest.approx(table["served_persons"].sum())
    assert found.pairs["persons"].sum() == pytest.approx(table["served_persons"].sum())
    # nobody is turned away while a facility within reach has room (to rounding)
    free = found.facilities.set_index("facility_id")["free_persons"]
    reach = {(i, j) for i, j, time in pairs if time <= 30.0}
    left = table.set_index("settlement_id")["full_persons"]
    assert all(min(left[i], free[j]) <= 1e-6 for i, j in reach)


def test_the_best_allocation_is_never_worse_than_the_others():
    rng = np.random.default_rng(7)
    minutes = rng.uniform(0.0, 40.0, (20, 4))
    pairs = [(f"v{i}", f"f{j}", minutes[i, j]) for i in range(20) for j in range(4)]
    people = {f"v{i}": float(10 + i) for i in range(20)}
    room = {f"f{j}": 70.0 for j in range(4)}
    served = {
        order: allocate(toy(pairs, people, room), order=order).settlements["served_persons"].sum()
        for order in ("time", "capacity", "table", "optimal")
    }
    assert served["optimal"] >= max(served.values()) - 1e-6


def test_a_unit_of_capacity_may_serve_many_and_capacity_may_have_no_end():
    frames = toy([("u", "a", 5.0)], {"u": 60.0}, {"a": 2.0})
    assert classes(allocate(frames, persons_per_unit=25.0)) == [[50.0, 10.0, 0.0]]
    endless = toy([("u", "a", 5.0)], {"u": 60.0}, {"a": np.inf})
    for order in ("time", "optimal"):
        found = allocate(endless, order=order)
        assert classes(found) == [[60.0, 0.0, 0.0]]
        assert found.facilities["status"].tolist() == ["free"]


def test_no_room_no_people_and_no_pairs_are_values_and_no_errors():
    frames = toy([("u", "a", 5.0), ("v", "a", 5.0)], {"u": 60.0, "v": 0.0, "w": np.nan}, {"a": 0.0, "b": 5.0})
    found = allocate(frames)
    assert classes(found)[:2] == [[0.0, 60.0, 0.0], [0.0, 0.0, 0.0]]
    assert found.settlements["status"].tolist() == ["full", "nobody", "unknown"]
    assert np.isnan(classes(found)[2]).all()
    assert found.facilities["status"].tolist() == ["full", "unused"]
    assert np.isnan(found.facilities["load_share"].iloc[0])
    none = allocate((frames[0].iloc[:0], *frames[1:]))
    assert none.settlements["status"].tolist() == ["not_reached", "nobody", "unknown"]


def test_a_cutoff_of_nothing_serves_those_at_the_door():
    frames = toy([("u", "a", 0.0), ("v", "a", 0.1)], {"u": 60.0, "v": 60.0}, {"a": 100.0})
    assert classes(allocate(frames, cutoff_min=0.0)) == [[60.0, 0.0, 0.0], [0.0, 0.0, 60.0]]


def test_bad_capacities_and_options_are_refused():
    pairs, people = [("u", "a", 5.0)], {"u": 60.0}
    with pytest.raises(sp.ContractError) as caught:
        allocate(toy(pairs, people, {"a": np.nan, "b": -1.0}))
    assert [problem.partition("; ")[2][:11] for problem in caught.value.problems] == ["complete it", "correct it"]
    # A stop of a mobile service is no row of a list: it is the study that says what it can hold.
    assert "`capacity` of what a scenario opens or lets stop" in caught.value.problems[0]
    good = toy(pairs, people, {"a": 1.0})
    with pytest.raises(sp.ContractError, match="beds: no such column"):
        allocate(good, capacity="beds")
    with pytest.raises(sp.ContractError) as caught:
        allocate(good, cutoff_min=-1.0, order="nearest", persons_per_unit=0.0)
    assert len(caught.value.problems) == 3
    with pytest.raises(sp.ContractError, match="persons_per_unit: must be above 0, is 'x'"):
        allocate(good, persons_per_unit="x")
    good[0].attrs["cutoff_min"] = 20.0
    with pytest.raises(sp.ContractError, match="the pairs end at 20 min"):
        allocate(good)


def test_people_who_are_served_in_parts_are_served_whole():
    # Parts of people, shared out at several facilities with room for all, sum to a little less in floats.
    # Of these ten draws several do so in each order.
    draw = np.random.default_rng(203)
    for _ in range(10):
        n, m = draw.integers(2, 8), draw.integers(2, 5)
        people = draw.integers(1, 50, n) / 3.0
        ways = [(f"s{i}", f"f{j}", float(draw.integers(0, 5))) for i in range(n) for j in range(m)]
        od = pd.DataFrame(ways, columns=["from_id", "to_id", "travel_time_min"])
        places = pd.DataFrame({"settlement_id": [f"s{i}" for i in range(n)], "population_persons": people})
        clinics = pd.DataFrame({"facility_id": [f"f{j}" for j in range(m)], "service": "clinic"})
        clinics["capacity"] = people.sum() / m + 1.0
        for order in ("time", "capacity", "table", "optimal"):
            found = sp.allocate_capacity(od, places, clinics, service="clinic", cutoff_min=None, order=order)
            assert set(found.settlements["status"]) == {"served"}
            assert found.settlements["served_persons"].tolist() == people.tolist()
