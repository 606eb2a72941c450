"""What must hold for any pairs: conservation, order, another facility, two halves of a village."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from tests.effort import tried

DECAYS = (
    sp.decay_binary(30.0),
    sp.decay_stepped({10.0: 1.0, 20.0: 0.68, 30.0: 0.22}),
    sp.decay_gaussian(15.0, cutoff_min=45.0),
    sp.decay_exponential(half_life_min=12.0),
    sp.decay_power(1.5, cutoff_min=50.0),
)
METHODS = ("2sfca", "e2sfca", "3sfca", "m2sfca", "bfca")


@st.composite
def towns(draw):
    n, m = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    whole = st.integers(0, 60).map(float)
    minutes = draw(st.lists(st.lists(whole, min_size=m, max_size=m), min_size=n, max_size=n))
    there = draw(st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n))
    people = draw(st.lists(st.integers(0, 5000).map(float), min_size=n, max_size=n))
    supply = draw(st.lists(st.integers(0, 90).map(float), min_size=m, max_size=m))
    i, j = np.nonzero(there)
    od = pd.DataFrame(
        {"from_id": [f"v{k}" for k in i], "to_id": [f"f{k}" for k in j], "travel_time_min": np.asarray(minutes)[i, j]}
    ).astype({"from_id": "str", "to_id": "str", "travel_time_min": float})
    settlements = pd.DataFrame({"settlement_id": [f"v{k}" for k in range(n)], "population_persons": people})
    facilities = pd.DataFrame({"facility_id": [f"f{k}" for k in range(m)], "service": "clinic", "capacity": supply})
    return od, settlements, facilities


def access(town, method, decay):
    found = sp.floating_catchment_area(*town, service="clinic", method=method, decay=decay, buffer="none_needed")
    return found.set_index("settlement_id")["value"]


@tried(60)
@given(towns(), st.sampled_from(DECAYS), st.sampled_from(METHODS))
def test_all_supply_that_is_used_is_handed_out(town, decay, method):
    ratios = sp.catchment_ratios(*town, service="clinic", method=method, decay=decay)
    used = ratios.loc[~ratios["unused"], "supply"].sum()
    value = access(town, method, decay)
    handed = float(town[1].set_index("settlement_id")["population_persons"] @ value)
    if method in ("2sfca", "e2sfca", "3sfca"):
        assert handed == pytest.approx(used, rel=1e-9, abs=1e-9)
    elif method == "m2sfca" and decay.name != "power":
        assert handed <= used * (1.0 + 1e-9)
    elif method == "bfca":
        assert value.sum() == pytest.approx(ratios["ratio"].sum(), rel=1e-9, abs=1e-9)
    assert np.isfinite(value).all()
    assert (value >= 0.0).all()


@tried(60)
@given(towns(), st.sampled_from(DECAYS))
def test_all_people_within_reach_of_supply_are_handed_out_by_crowding(town, decay):
    od, settlements, facilities = town
    crowd = sp.facility_crowding(od, settlements, facilities, service="clinic", decay=decay)
    supply = facilities.set_index("facility_id")["capacity"]
    weights = decay(od["travel_time_min"].to_numpy()) * supply.reindex(od["to_id"]).to_numpy()
    reached = set(od.loc[weights > 0.0, "from_id"])
    people = settlements.loc[settlements["settlement_id"].isin(reached), "population_persons"].sum()
    # A facility of nothing may have people without any supply, of whom no number is told.
    assert (crowd.loc[crowd["value"].isna(), "supply"] == 0.0).all()
    assert float((crowd["supply"] * crowd["value"]).sum()) == pytest.approx(people, rel=1e-9, abs=1e-9)


@tried(60)
@given(towns(), st.sampled_from(DECAYS))
def test_spatial_availability_per_person_is_enhanced_catchment_access(town, decay):
    found = sp.spatial_availability(*town, service="clinic", decay=decay).set_index("settlement_id")
    value = access(town, "e2sfca", decay)
    people = town[1].set_index("settlement_id")["population_persons"]
    assert found["value"].to_numpy() == pytest.approx((people * value).to_numpy(), rel=1e-12)
    lived_in = people > 0.0
    assert found.loc[lived_in, "value_per_person"].to_numpy() == pytest.approx(value[lived_in].to_numpy())


@tried(40)
@given(towns(), st.sampled_from(DECAYS), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(town, decay, method, random):
    turned = []
    for frame in town:
        rows = list(range(len(frame)))
        random.shuffle(rows)
        turned.append(frame.iloc[rows].reset_index(drop=True))
    before, after = access(town, method, decay), access(turned, method, decay)
    assert after.reindex(before.index).to_numpy() == pytest.approx(before.to_numpy(), rel=1e-9, abs=1e-15)


@tried(40)
@given(towns(), st.sampled_from(DECAYS), st.sampled_from(METHODS))
def test_names_do_not_matter(town, decay, method):
    od, settlements, facilities = town
    renamed = (
        od.assign(from_id="x" + od["from_id"], to_id="y" + od["to_id"]),
        settlements.assign(settlement_id="x" + settlements["settlement_id"]),
        facilities.assign(facility_id="y" + facilities["facility_id"]),
    )
    assert access(renamed, method, decay).tolist() == access(town, method, decay).tolist()


@tried(25)
@given(towns(), st.sampled_from(DECAYS), st.integers(0, 60).map(float))
def test_another_facility_never_lowers_what_can_be_reached(town, decay, minutes):
    od, settlements, facilities = town
    new = pd.DataFrame({"facility_id": ["new"], "service": ["clinic"], "capacity": [5.0]})
    ways = pd.DataFrame({"from_id": settlements["settlement_id"], "to_id": "new", "travel_time_min": minutes})
    more = (pd.concat([od, ways]), settlements, pd.concat([facilities, new]))
    for before, after in (
        (
            sp.cumulative_cutoff(*town, service="clinic", cutoffs_min=[5.0, 20.0, 60.0]),
            sp.cumulative_cutoff(*more, service="clinic", cutoffs_min=[5.0, 20.0, 60.0]),
        ),
        (
            sp.gravity(*town, service="clinic", decay=decay, opportunities="capacity"),
            sp.gravity(*more, service="clinic", decay=decay, opportunities="capacity"),
        ),
    ):
        assert (after["value"] >= before["value"] - 1e-12).all()
    served_before = sp.allocate_capacity(*town, service="clinic", cutoff_min=30.0, order="optimal")
    served_after = sp.allocate_capacity(*more, service="clinic", cutoff_min=30.0, order="optimal")
    total = served_before.settlements["served_persons"].sum()
    assert served_after.settlements["served_persons"].sum() >= total - 1e-6


@tried(60)
@given(towns())
def test_a_wider_cutoff_never_counts_fewer(town):
    found = sp.cumulative_cutoff(*town, service="clinic", cutoffs_min=list(range(0, 61, 5)), opportunities="capacity")
    values = found["value"].to_numpy().reshape(len(town[1]), -1)
    assert (np.diff(values, axis=1) >= 0.0).all()


@tried(60)
@given(towns(), st.sampled_from(DECAYS), st.sampled_from(METHODS))
def test_two_halves_of_a_village_have_its_access_and_its_share(town, decay, method):
    od, settlements, facilities = town
    people = settlements["population_persons"].to_numpy().copy()
    people[0] /= 2.0
    half = pd.DataFrame({"settlement_id": ["half"], "population_persons": [people[0]]})
    twin = od.loc[od["from_id"] == "v0"].assign(from_id="half")
    split = (pd.concat([od, twin]), pd.concat([settlements.assign(population_persons=people), half]), facilities)
    before, after = access(town, method, decay), access(split, method, decay)
    assert after["half"] == after["v0"]
    if method != "bfca":  # balanced shares are of places and not of people
        assert after.drop("half").to_numpy() == pytest.approx(before.to_numpy(), rel=1e-9, abs=1e-15)
    one = sp.allocate_capacity(*town, service="clinic", cutoff_min=30.0).facilities
    two = sp.allocate_capacity(*split, service="clinic", cutoff_min=30.0).facilities
    assert two["load_persons"].to_numpy() == pytest.approx(one["load_persons"].to_numpy(), abs=1e-6)


@tried(60)
@given(towns(), st.sampled_from(["time", "capacity", "table", "optimal"]))
def test_served_full_and_not_reached_are_all_the_people(town, order):
    found = sp.allocate_capacity(*town, service="clinic", cutoff_min=30.0, order=order)
    table = found.settlements
    total = table["served_persons"] + table["full_persons"] + table["not_reached_persons"]
    assert total.tolist() == table["demand_persons"].tolist() == town[1]["population_persons"].tolist()
    assert (found.facilities["load_persons"] <= found.facilities["capacity_persons"]).all()
    loads, served = found.facilities["load_persons"].sum(), table["served_persons"].sum()
    assert loads == pytest.approx(served, rel=1e-9, abs=1e-6)


@tried(60)
@given(
    st.lists(st.integers(0, 120).map(float), min_size=1, max_size=10),
    st.integers(1, 60).map(float),
    st.integers(1, 60).map(float),
)
def test_deeper_powers_of_poverty_are_smaller_and_all_lie_between_0_and_1(minutes, line, more):
    found = sp.fgt_poverty(minutes, line=line, above=True, bound=line + more)
    assert 1.0 >= found["fgt0"] >= found["fgt1"] >= found["fgt2"] >= 0.0
    assert found["fgt0"] == np.mean(np.asarray(minutes) > line)
