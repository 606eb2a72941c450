"""The floating catchment family on published and hand-made toys, with what is refused and what is told."""

import logging

import numpy as np
import pandas as pd
import pytest
from shapely import Point

import spatial as sp

INVERSE = sp.decay_power(1.0, cutoff_min=61.0)
"""One over the minutes, as in PySAL's hospital example: a place is 1 minute from itself."""
NORMAL = sp.decay_gaussian(1.0)
ZONES = sp.decay_stepped({10.0: 1.0, 20.0: 0.68, 30.0: 0.22})


def frames(people, supply, minutes, *, service="hospital"):
    """Rows are settlements a, b, c ..., columns facilities 0, 1, 2 ...; NaN for no pair."""
    minutes = np.asarray(minutes, dtype=float)
    places = [chr(ord("a") + i) for i in range(len(people))]
    sites = [f"f{j}" for j in range(len(supply))]
    i, j = np.nonzero(~np.isnan(minutes))
    od = pd.DataFrame(
        {
            "from_id": [places[k] for k in i],
            "to_id": [sites[k] for k in j],
            "mode": "drive",
            "travel_time_min": minutes[i, j],
        }
    )
    settlements = pd.DataFrame({"settlement_id": places, "population_persons": np.asarray(people, float)})
    facilities = pd.DataFrame(
        {"facility_id": sites, "service": service, "capacity": np.asarray(supply, float), "status": "existing"}
    )
    return od, settlements, facilities


def measure(toy, method="e2sfca", **options):
    options = {"service": "hospital", "buffer": "none_needed", **options}
    return sp.floating_catchment_area(*toy, method=method, **options)


def toy_a(inbound, outbound, cross):
    minutes = [[1.0, cross, inbound], [cross, 1.0, inbound], [outbound, outbound, 1.0]]
    return frames([100.0, 50.0, 10.0], [15.0, 20.0, 100.0], minutes)


def toy_b():
    return frames([1000.0, 500.0, 200.0], [10.0, 4.0], [[5.0, 25.0], [20.0, 5.0], [45.0, 40.0]])


@pytest.mark.parametrize(
    ("times", "two", "three_all", "three"),
    [
        (
            (40, 40, 80),
            (0.3314441, 0.5798281, 7.2864182),
            (0.1562566, 0.4062165, 9.9063519),
            (0.1563324, 0.4062927, 9.9052125),
        ),
        (
            (20, 40, 80),
            (0.4353402, 0.6837242, 5.7279766),
            (0.1738135, 0.4237724, 9.6430024),
            (0.1740870, 0.4240464, 9.6388979),
        ),
        (
            (40, 20, 80),
            (0.3310719, 0.5778578, 7.2999919),
            (0.1565259, 0.4063727, 9.9028770),
            (0.1566056, 0.4064542, 9.9016731),
        ),
        (
            (20, 20, 40),
            (0.4425684, 0.6667583, 5.7405246),
            (0.1748021, 0.4240355, 9.6318010),
            (0.1748021, 0.4240355, 9.6318010),
        ),
    ],
)
def test_the_hospital_example_has_the_published_values(times, two, three_all, three):
    toy = toy_a(*times)
    people = np.array([100.0, 50.0, 10.0])
    for method in ("2sfca", "e2sfca"):
        value = measure(toy, method, decay=INVERSE)["value"]
        assert value.to_numpy() == pytest.approx(two, abs=5.1e-8)
        assert people @ value == pytest.approx(135.0)
    assert measure(toy, "3sfca", decay=INVERSE, choice="all_pairs")["value"].to_numpy() == pytest.approx(
        three_all, abs=5.1e-8
    )
    value = measure(toy, "3sfca", decay=INVERSE)["value"]
    assert value.to_numpy() == pytest.approx(three, abs=5.1e-8)
    assert people @ value == pytest.approx(135.0)


def test_toy_b_has_the_stated_ratios():
    # 2SFCA: 10 beds for 1000 + 500, 4 for 1000 + 500; E2SFCA: 10 for 1000 + .68 x 500, 4 for .22 x 1000 + 500
    two = sp.catchment_ratios(*toy_b(), service="hospital", method="2sfca")
    assert two["ratio"].to_numpy() == pytest.approx([0.0066666667, 0.0026666667], abs=5e-11)
    assert two["demand_persons"].tolist() == [1500.0, 1500.0]
    enhanced = sp.catchment_ratios(*toy_b(), service="hospital")
    assert enhanced["demand_persons"].tolist() == [1340.0, 720.0]
    assert enhanced["ratio"].to_numpy() == pytest.approx([10 / 1340, 4 / 720])
    balanced = sp.catchment_ratios(*toy_b(), service="hospital", method="bfca")
    assert balanced["demand_persons"].to_numpy() == pytest.approx([1022.053084, 477.946916], abs=5e-7)


@pytest.mark.parametrize(
    ("method", "expected", "total"),
    [
        ("2sfca", (0.0093333333, 0.0093333333, 0.0), 14.0),
        ("e2sfca", (0.0086849088, 0.0106301824, 0.0), 14.0),
        ("3sfca", (0.0090328911, 0.0099342177, 0.0), 14.0),
        ("m2sfca", (0.0077315755, 0.0090063018, 0.0), 12.234726),
        ("bfca", (0.0073331324, 0.0108202254, 0.0), None),
    ],
)
def test_toy_b_has_the_stated_access(method, expected, total):
    found = measure(toy_b(), method)
    assert found["value"].to_numpy() == pytest.approx(expected, abs=5.1e-11)
    assert found["status"].tolist() == ["reached", "reached", "beyond_cutoff"]
    assert found["facilities_reached"].tolist() == [2, 2, 0]
    if total is not None:
        assert np.array([1000.0, 500.0, 200.0]) @ found["value"] == pytest.approx(total, abs=5e-7)
        assert set(found["unit"]) == {"capacity per person"}
    else:
        assert set(found["unit"]) == {"level of service"}


def test_balanced_levels_of_settlements_and_of_facilities_have_one_sum():
    levels = sp.catchment_ratios(*toy_b(), service="hospital", method="bfca")["ratio"]
    assert measure(toy_b(), "bfca")["value"].sum() == pytest.approx(levels.sum())


def test_toy_b_has_the_stated_crowding():
    found = sp.facility_crowding(*toy_b(), service="hospital", decay=ZONES)
    assert found["value"].to_numpy() == pytest.approx([123.3932462, 66.5168845], abs=5.1e-8)
    # everyone with a hospital within reach: 1000 + 500
    assert found["supply"] @ found["value"] == pytest.approx(1500.0)
    assert set(found["unit"]) == {"persons per unit of capacity"}


def test_toy_c_has_the_published_values():
    # consumers at 0, 1, 2 and providers at 0, 2 on a line; the weight is exp(-d^2 / 2)
    toy = frames([100.0] * 3, [10.0] * 2, [[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]])
    found = measure(toy, "2sfca", decay=NORMAL)
    assert found["value"].to_numpy() == pytest.approx([0.0651792572, 0.0696414856, 0.0651792572], abs=5.1e-11)


def test_spatial_availability_is_catchment_access_times_people():
    found = sp.spatial_availability(*toy_b(), service="hospital", decay=ZONES)
    access = measure(toy_b(), "e2sfca", decay=ZONES)["value"]
    assert found["value"].to_numpy() == pytest.approx(np.array([1000.0, 500.0, 200.0]) * access)
    assert found["value_per_person"].to_numpy() == pytest.approx(access.to_numpy())
    assert found["value"].sum() == pytest.approx(14.0)


def test_overlap_counts_facilities_and_people_by_choice():
    found = sp.catchment_overlap(*toy_b(), service="hospital", cutoff_min=30.0)
    assert found["value"].tolist() == [2, 2, 0]
    assert found["supply_reached"].tolist() == [14.0, 14.0, 0.0]
    # (10 + 4)^2 / (100 + 16) = 196 / 116
    assert found["effective_facilities"].to_numpy() == pytest.approx([196 / 116, 196 / 116, 0.0])
    shares = sp.overlap_shares(found)
    assert shares["choice"].tolist() == ["none", "one", "several"]
    assert shares["persons"].tolist() == [200.0, 0.0, 1500.0]
    assert shares["persons_share"].to_numpy() == pytest.approx([200 / 1700, 0.0, 1500 / 1700])
    assert shares["places"].tolist() == [1, 0, 2]
    with pytest.raises(
        sp.ContractError, match=r"not 'few', nan.*\n.*population_persons: negative or infinite in 1 rows"
    ):
        sp.overlap_shares(found.assign(choice=["none", "few", None], population_persons=[-1.0, 0.0, 0.0]))


def test_equally_large_facilities_are_as_many_as_they_are():
    od, settlements, facilities = toy_b()
    found = sp.catchment_overlap(od, settlements, facilities, service="hospital", cutoff_min=30.0, supply="count")
    assert found["effective_facilities"].tolist() == [2.0, 2.0, 0.0]


def test_a_facility_that_nobody_reaches_is_unused_and_not_infinite():
    od, settlements, facilities = toy_b()
    settlements["population_persons"] = [0.0, 0.0, 200.0]
    ratios = sp.catchment_ratios(od, settlements, facilities, service="hospital")
    assert ratios["unused"].tolist() == [True, True]
    assert ratios["ratio"].tolist() == [0.0, 0.0]
    assert measure((od, settlements, facilities))["value"].tolist() == [0.0, 0.0, 0.0]
    crowd = sp.facility_crowding(od, settlements, facilities, service="hospital")
    assert crowd["value"].tolist() == [0.0, 0.0]
    assert crowd["unused"].tolist() == [True, True]


def test_capacity_zero_gives_nothing_and_takes_nobody():
    od, settlements, facilities = toy_b()
    facilities["capacity"] = [0.0, 4.0]
    value = measure((od, settlements, facilities))["value"]
    # only the second: 4 beds for .22 x 1000 + 500
    assert value.to_numpy() == pytest.approx([0.22 * 4 / 720, 4 / 720, 0.0])
    crowd = sp.facility_crowding(od, settlements, facilities, service="hospital")
    assert crowd["supply"] @ crowd["value"] == pytest.approx(1500.0)


def test_people_without_any_supply_within_reach_do_not_make_a_facility_empty():
    od, settlements, facilities = toy_b()
    facilities["capacity"] = 0.0
    crowd = sp.facility_crowding(od, settlements, facilities, service="hospital")
    assert crowd["value"].isna().all()
    assert crowd["unused"].tolist() == [False, False]


def test_unknown_capacity_makes_every_facility_count_one_and_says_so(caplog):
    od, settlements, facilities = toy_b()
    facilities["capacity"] = [10.0, np.nan]
    with caplog.at_level(logging.WARNING):
        found = measure((od, settlements, facilities))
    assert "capacity is known for 1 of 2 facilities" in caplog.text
    assert set(found["supply_basis"]) == {"count"}
    assert set(found["capacity_known_share"]) == {0.5}
    assert set(found["unit"]) == {"facilities per person"}
    assert found["value"].to_numpy() == pytest.approx([1 / 1340 + 0.22 / 720, 0.68 / 1340 + 1 / 720, 0.0])
    caplog.clear()
    asked = measure((od, settlements, facilities), supply="count")
    assert (asked["value"].tolist(), caplog.text) == (found["value"].tolist(), "")


def test_known_capacity_is_used_without_a_word(caplog):
    with caplog.at_level(logging.WARNING):
        found = measure(toy_b())
    assert caplog.text == ""
    assert set(found["supply_basis"]) == {"capacity"}
    assert set(found["capacity_known_share"]) == {1.0}


def test_the_unknown_capacity_of_another_service_does_not_matter():
    od, settlements, facilities = toy_b()
    other = pd.DataFrame({"facility_id": ["s"], "service": "school", "capacity": [np.nan], "status": "existing"})
    both = pd.concat([facilities, other], ignore_index=True)
    assert set(measure((od, settlements, both))["supply_basis"]) == {"capacity"}


def test_a_named_supply_must_be_known_everywhere():
    od, settlements, facilities = toy_b()
    facilities["beds"] = [10.0, np.nan]
    with pytest.raises(sp.ContractError, match="'f1'"):
        measure((od, settlements, facilities), supply="beds")
    with pytest.raises(sp.ContractError, match="doctors: no such column"):
        measure((od, settlements, facilities), supply="doctors")
    facilities["capacity"] = [10.0, np.nan]
    with pytest.raises(sp.ContractError, match="supply='count'"):
        measure((od, settlements, facilities), supply="capacity")


@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_capacity_that_cannot_be_is_refused(bad):
    od, settlements, facilities = toy_b()
    facilities["capacity"] = [bad, np.nan]
    with pytest.raises(sp.ContractError, match="negative or infinite for 'f0'"):
        measure((od, settlements, facilities))


def test_candidate_and_closed_facilities_do_not_serve():
    od, settlements, facilities = toy_b()
    facilities["status"] = ["existing", "candidate"]
    found = measure((od, settlements, facilities))
    assert found["value"].to_numpy() == pytest.approx([10 / 1340, 6.8 / 1340, 0.0])
    facilities["status"] = "closed"
    none = measure((od, settlements, facilities))
    assert none["value"].tolist() == [0.0] * 3
    assert set(none["status"]) == {"no_facility"}


@pytest.mark.parametrize("supply", [None, "capacity", "count"])
def test_where_no_facility_exists_the_supply_is_from_nothing(supply):
    od, settlements, facilities = toy_b()
    how = {"service": "hospital", "supply": supply}
    closed = (od, settlements, facilities.assign(status="closed"))
    for none in (
        measure(closed, supply=supply),
        sp.spatial_availability(*closed, **how),
        sp.catchment_overlap(*closed, cutoff_min=30.0, **how),
    ):
        assert set(none["status"]) == {"no_facility"}
        assert none["supply_basis"].isna().tolist() == [True] * 3
        assert none["supply_basis"].dtype == "str"
    assert len(sp.catchment_ratios(*closed, **how)) == len(sp.facility_crowding(*closed, **how)) == 0
    # one that nobody reaches has a supply all the same
    assert set(measure((od.iloc[:0], settlements, facilities), supply=supply)["supply_basis"]) == {supply or "capacity"}


def test_people_of_a_group_compete_among_themselves():
    od, settlements, facilities = toy_b()
    settlements["elderly_persons"] = [100.0, 50.0, 20.0]
    found = measure((od, settlements, facilities), demand="elderly_persons")
    # a tenth of the people: ten times the beds for each
    assert found["value"].to_numpy() == pytest.approx(10 * measure(toy_b())["value"].to_numpy())


def test_unknown_people_count_as_nobody_and_are_told(caplog):
    od, settlements, facilities = toy_b()
    settlements["population_persons"] = [1000.0, np.nan, 200.0]
    with caplog.at_level(logging.WARNING):
        found = measure((od, settlements, facilities))
    assert "unknown in 1 of 3 settlements" in caplog.text
    assert found["demand_known_share"].iloc[0] == pytest.approx(2 / 3)
    assert found["value"].iloc[1] == pytest.approx(0.68 * 10 / 1000 + 4 / 220)
    settlements["population_persons"] = np.nan
    with pytest.raises(sp.ContractError, match="allocate_population"):
        measure((od, settlements, facilities))


def test_negative_people_are_refused():
    od, settlements, facilities = toy_b()
    settlements["population_persons"] = [1000.0, -5.0, 200.0]
    with pytest.raises(sp.ContractError, match="negative or infinite for 'b'"):
        measure((od, settlements, facilities))


def test_two_modes_of_one_pair_give_the_fastest():
    od, settlements, facilities = toy_b()
    walk = od.assign(mode="walk", travel_time_min=[90.0, 8.0, 90.0, 90.0, 90.0, 12.0])
    found = measure((pd.concat([od, walk], ignore_index=True), settlements, facilities))
    fastest = frames([1000.0, 500.0, 200.0], [10.0, 4.0], [[5.0, 8.0], [20.0, 5.0], [45.0, 12.0]])
    assert found["value"].to_numpy() == pytest.approx(measure(fastest)["value"].to_numpy(), rel=1e-12)
    assert set(found["mode"]) == {"drive+walk"}


def test_a_pair_twice_in_one_mode_is_refused():
    od, settlements, facilities = toy_b()
    with pytest.raises(sp.ContractError, match=r"\('a', 'f0'\)"):
        measure((pd.concat([od, od.iloc[:1]]), settlements, facilities))
    bare = od.drop(columns="mode")
    with pytest.raises(sp.ContractError, match="twice"):
        measure((pd.concat([bare, bare.iloc[:1]]), settlements, facilities))


def test_no_pairs_at_all_give_a_row_of_nothing_for_everyone():
    od, settlements, facilities = toy_b()
    for method in ("2sfca", "e2sfca", "3sfca", "m2sfca", "bfca"):
        found = measure((od.iloc[:0], settlements, facilities), method)
        assert found["value"].tolist() == [0.0] * 3
        assert set(found["status"]) == {"no_pair"}
    assert sp.catchment_ratios(od.iloc[:0], settlements, facilities, service="hospital")["unused"].all()


def test_unreachable_pairs_count_as_no_pairs():
    toy = frames([1000.0, 500.0], [10.0], [[5.0], [np.inf]])
    assert measure(toy)["status"].tolist() == ["reached", "no_pair"]


def test_every_fault_of_the_pairs_is_told_with_its_ids():
    od, settlements, facilities = toy_b()
    od["from_id"] = ["x", "a", "b", "b", "c", "c"]
    od["to_id"] = ["f0", "y", "f0", "f1", "f0", "f1"]
    od["travel_time_min"] = [5.0, 25.0, -1.0, np.nan, 45.0, 40.0]
    with pytest.raises(sp.ContractError) as caught:
        measure((od, settlements, facilities))
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    for part in ("'x'", "'y'", "('b', 'f0')", "('b', 'f1')", "settlements", "facilities"):
        assert part in text


def test_bad_frames_and_options_are_refused():
    od, settlements, facilities = toy_b()
    with pytest.raises(sp.ContractError, match="there are: hospital"):
        measure((od, settlements, facilities), service="hospitol")
    with pytest.raises(sp.ContractError, match="travel_time_min: no such column"):
        measure((od.drop(columns="travel_time_min"), settlements, facilities))
    with pytest.raises(sp.ContractError, match="not unique: 'a'"):
        measure((od, pd.concat([settlements, settlements.iloc[:1]]), facilities))
    with pytest.raises(sp.ContractError, match="missing in"):
        measure((od, settlements.assign(settlement_id=["a", None, "c"]), facilities))
    with pytest.raises(sp.ContractError, match="one of 2sfca"):
        measure((od, settlements, facilities), "4sfca")
    with pytest.raises(sp.ContractError, match="all_pairs"):
        measure((od, settlements, facilities), "3sfca", choice="some")
    with pytest.raises(sp.ContractError, match="elderly_persons: no such column"):
        measure((od, settlements, facilities), demand="elderly_persons")
    with pytest.raises(sp.ContractError) as caught:
        measure((od, settlements, facilities), buffer=True, on_missing_buffer="ignore")
    assert len(caught.value.problems) == 2


def test_a_catchment_that_reaches_beyond_the_pairs_is_refused(caplog):
    od, settlements, facilities = toy_b()
    od.attrs["cutoff_min"] = 20.0
    with pytest.raises(sp.ContractError, match="30 min, but the pairs end at 20 min"):
        measure((od, settlements, facilities))
    with caplog.at_level(logging.WARNING):
        measure((od, settlements, facilities), decay=sp.decay_gaussian(20.0))
    assert "pairs end at 20 min" in caplog.text


def test_nothing_that_was_given_is_changed():
    toy = toy_b()
    before = [frame.copy(deep=True) for frame in toy]
    measure(toy, "3sfca")
    for frame, copy in zip(toy, before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


def with_points(grid_city, *, outside=()):
    """Villages every kilometre on a street of 30 km; a clinic at its end and one in the middle, 3 minutes a km."""
    along = np.arange(31.0)
    settlements = grid_city.settlements(
        [(f"v{k:02d}", "village", k, 0.0) for k in range(31)],
        population_persons=np.full(31, 100.0),
        in_study=~np.isin(np.arange(31), outside),
    )
    facilities = grid_city.facilities([("end", "clinic", 0.0, 0.0), ("middle", "clinic", 15.0, 0.0)])
    od = pd.DataFrame(
        [(f"v{k:02d}", name, 3.0 * abs(k - at)) for k in range(31) for name, at in (("end", 0.0), ("middle", 15.0))],
        columns=["from_id", "to_id", "travel_time_min"],
    )
    return od, settlements, facilities, along


def test_without_people_beyond_the_edge_those_near_it_are_flagged(grid_city, caplog):
    od, settlements, facilities, along = with_points(grid_city)
    # catchments of 12 minutes reach 4 km: the clinic at the end touches the edge (a line of places has its ends as
    # edge, its hull is the street itself, so that every facility on it is at the edge)
    with caplog.at_level(logging.WARNING):
        found = sp.floating_catchment_area(
            od, settlements, facilities, service="clinic", method="2sfca", decay=sp.decay_binary(12.0)
        )
    assert "no people outside the study area" in caplog.text
    assert not found["buffer_population"].any()
    assert found["edge_risk"].tolist() == ((along <= 4) | (abs(along - 15) <= 4)).tolist()


def test_a_facility_deep_inside_is_not_at_risk(grid_city):
    # a square of 21 x 21 villages a kilometre apart; catchments of 4 km: one in a corner, one in the middle
    ticks = [(x, y) for x in range(21) for y in range(21)]
    settlements = grid_city.settlements(
        [(f"v{x:02d}{y:02d}", "village", x, y) for x, y in ticks], population_persons=np.full(441, 10.0)
    )
    facilities = grid_city.facilities([("corner", "clinic", 1.0, 1.0), ("middle", "clinic", 10.0, 10.0)])
    od = pd.DataFrame(
        [
            (f"v{x:02d}{y:02d}", name, float(abs(x - at) + abs(y - at)))
            for x, y in ticks
            for name, at in (("corner", 1), ("middle", 10))
        ],
        columns=["from_id", "to_id", "travel_time_min"],
    )
    found = sp.floating_catchment_area(
        od, settlements, facilities, service="clinic", method="2sfca", decay=sp.decay_binary(4.0)
    )
    expected = [abs(x - 1) + abs(y - 1) <= 4 for x, y in ticks]
    assert found["edge_risk"].tolist() == expected
    # Where a place of its catchment has no point, nobody can tell: it had not been flagged, or the hull had failed.
    for shape in (None, Point(), Point(np.nan, 1.0), Point(np.inf, np.inf), Point(0.0, 0.0).buffer(5.0)):
        settlements.loc[settlements["settlement_id"] == "v1010", "geometry"] = shape
        found = sp.floating_catchment_area(
            od, settlements, facilities, service="clinic", method="2sfca", decay=sp.decay_binary(4.0)
        )
        assert found["edge_risk"].tolist() == [
            risk or abs(x - 10) + abs(y - 10) <= 4 for risk, (x, y) in zip(expected, ticks, strict=True)
        ]


def test_people_beyond_the_edge_or_the_word_that_there_are_none_lift_the_flag(grid_city):
    od, settlements, facilities, _ = with_points(grid_city, outside=(0, 1, 29, 30))
    found = sp.floating_catchment_area(od, settlements, facilities, service="clinic")
    assert found["buffer_population"].all()
    assert not found["edge_risk"].any()
    od, settlements, facilities, _ = with_points(grid_city)
    found = sp.floating_catchment_area(
        od, settlements, facilities, service="clinic", buffer="none_needed", on_missing_buffer="refuse"
    )
    assert not found["buffer_population"].any()
    assert not found["edge_risk"].any()


def test_a_missing_buffer_is_refused_where_asked(grid_city):
    od, settlements, facilities, _ = with_points(grid_city)
    with pytest.raises(sp.ContractError, match="no people outside the study area"):
        sp.floating_catchment_area(od, settlements, facilities, service="clinic", on_missing_buffer="refuse")


def test_without_points_all_who_reach_a_facility_are_flagged():
    found = sp.floating_catchment_area(*toy_b(), service="hospital")
    assert found["edge_risk"].tolist() == [True, True, False]


def test_points_in_two_systems_are_refused(grid_city):
    od, settlements, facilities, _ = with_points(grid_city)
    with pytest.raises(sp.CrsError):
        sp.floating_catchment_area(od, settlements, facilities.to_crs(4326), service="clinic")


def test_categorical_ids_are_read_as_well():
    od, settlements, facilities = toy_b()
    compact = od.astype({"from_id": "category", "to_id": "category"})
    assert measure((compact, settlements, facilities))["value"].tolist() == measure(toy_b())["value"].tolist()


def test_several_services_may_count_as_one():
    od, settlements, facilities = toy_b()
    facilities["service"] = ["hospital", "clinic"]
    found = measure((od, settlements, facilities), service=frozenset({"hospital", "clinic"}))
    assert found["value"].tolist() == measure(toy_b())["value"].tolist()
    assert set(found["service"]) == {"clinic+hospital"}
