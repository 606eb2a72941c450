"""A facility for some units counts for their people alone, in every trial and not only in the access table."""

import numpy as np
import pandas as pd
import pytest

import spatial as sp
from spatial.access.analyst import cost_to_closest, emergency_response
from spatial.access.isochrones import catchment_areas, isochrones, node_catchments
from spatial.access.nearest import access_table
from spatial.access.scenarios import compare_scenarios
from spatial.access.uncertainty import access_intervals
from spatial.errors import ContractError
from spatial.indices.resilience import robust_coverage
from spatial.network.scenarios import Scenario

CLINIC = frozenset({"clinic"})
CORNERS = [("a", "village", 0, 0), ("b", "village", 0, 4), ("c", "village", 4, 4), ("d", "town", 4, 0)]
PLACES = [("x", "clinic", 0, 1), ("y", "clinic", 4, 3), ("z", "clinic", 2, 2)]
NEAREST = {"a": "x", "b": "z", "c": "y", "d": "z"}


@pytest.fixture
def county(grid_city):
    """Four corners of two units; x is for the one, y for both, z for everybody."""
    settlements = grid_city.settlements(CORNERS, township_id=["t1", "t2", "t2", None])
    offered = grid_city.facilities(PLACES, open_to=["units", "units", "all"], eligible_units=["t1", "t1; t2", None])
    return grid_city.graph(4), settlements, offered


@pytest.fixture
def minutes(county) -> pd.Series:
    """Minutes to the nearest clinic as the access table has them."""
    graph, settlements, offered = county
    found = access_table(graph, settlements, offered, services={"clinic": CLINIC}).access
    rows = found[found["service"] == "clinic"].set_index("settlement_id")
    assert rows["facility_id"].to_dict() == NEAREST
    return rows["travel_time_min"]


def test_intervals_hold_the_time_of_access(county, minutes):
    found = access_intervals(*county, service=CLINIC).table.set_index("settlement_id")
    np.testing.assert_allclose(found["base_min"], minutes)
    assert ((found["low_min"] <= minutes) & (minutes <= found["high_min"])).all()


def test_scenarios_begin_with_the_time_of_access_and_open_to_units(county, minutes):
    graph, settlements, offered = county
    opened = offered.assign(open_to=["units", "all", "all"], eligible_units=["t1", None, None])
    found = compare_scenarios(
        graph, Scenario("open", close=[]), settlements, offered, service=CLINIC, facilities_after={"open": opened}
    ).set_index("settlement_id")
    np.testing.assert_allclose(found["before_min"], minutes)
    assert (found["after_min"] < found["before_min"]).to_dict() == {"a": False, "b": False, "c": False, "d": True}


def test_crews_of_a_unit_drive_to_its_people(county, minutes):
    graph, settlements, offered = county
    found = emergency_response(graph, offered, settlements, mobilisation_min=0.0, service=CLINIC)
    assert found.set_index("settlement_id")["station_id"].to_dict() == NEAREST
    np.testing.assert_allclose(found["response_min"], minutes)


def test_the_closest_are_those_that_people_may_use(county, minutes):
    found = cost_to_closest(*county, service=CLINIC, k=2)
    first = found[found["rank"] == 1].set_index("from_id")
    assert first["to_id"].to_dict() == NEAREST
    np.testing.assert_allclose(first["travel_time_min"], minutes)
    second = found[found["rank"] == 2].set_index("from_id")["reach_status"].to_dict()
    assert second == {"a": "reached", "b": "reached", "c": "reached", "d": "no_facility"}


def test_who_may_use_none_has_none(county):
    graph, settlements, offered = county
    limited = offered[offered["facility_id"] == "x"]
    table = access_intervals(graph, settlements, limited, service=CLINIC).table
    assert table["interval_status"].tolist() == ["reached", "no_facility", "no_facility", "no_facility"]
    response = emergency_response(graph, limited, settlements, mobilisation_min=3.0, service=CLINIC)
    assert response["reach_status"].tolist() == ["reached", "no_facility", "no_facility", "no_facility"]


def test_ground_and_nodes_belong_to_what_is_for_everybody(county):
    graph, _, offered = county
    everybody = offered[offered["facility_id"] == "z"]
    for draw in (isochrones, catchment_areas):
        shared = {"cutoffs_min": [5.0]} if draw is isochrones else {"max_time_min": 60.0}
        one, other = (draw(graph, frame, service=CLINIC, **shared) for frame in (offered, everybody))
        assert one.geometry.area.tolist() == other.geometry.area.tolist()
    assert set(node_catchments(graph, offered, service=CLINIC)["facility_id"]) == {"z"}
    limited = offered[offered["facility_id"] == "x"]
    with pytest.raises(ContractError, match=r"none offers 'clinic'; there are none$"):
        isochrones(graph, limited, service=CLINIC, cutoffs_min=[5.0])
    none = node_catchments(graph, limited, service=CLINIC)
    assert set(none["reach_status"]) == {"no_facility"}


def test_closed_roads_hold_what_a_list_says_is_open_to_all(county):
    graph, settlements, offered = county
    people = settlements.assign(population_persons=1.0)
    everybody = offered[offered["facility_id"] == "z"].drop(columns=["open_to", "eligible_units"])
    one, other = (
        robust_coverage(graph, people, frame, service=CLINIC, cutoff_min=60.0) for frame in (offered, everybody)
    )
    assert repr(one) == repr(other)


def test_a_study_keeps_the_rule_in_every_table(tiny):
    lines = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    limits = {"f1": "b1", "f3": "西镇;东镇"}
    rows = [f"{row},{limits.get(row.partition(',')[0], '')}" for row in lines[1:]]
    tiny.write("facilities.csv", "\n".join([f"{lines[0]},eligible_units", *rows]))
    tiny.tables["uncertainty"] = {"services": ["hospital", "primary_school"]}
    tiny.tables["emergency"] = {"service": "hospital", "mobilisation_min": 3}
    tiny.tables["areas"] = {"services": ["hospital", "primary_school"], "isochrones_min": [5]}
    tiny.tables["scenarios"] = {"name": "shut", "title": {"en": "Shut"}, "close_facilities": ["f2"]}
    for stage in ("gaps", "areas"):
        outcome = tiny.run("--stage", stage)
        assert outcome.code == 0, outcome.err
    found = sp.read_results(tiny.processed / "tiny")
    key = ["service", "settlement_id"]
    access = found.access[found.access["mode"] == "drive"].set_index(key)
    hospital = access.loc["hospital"]
    assert set(hospital["reach_status"]) == {"reached", "no_facility"}
    intervals = found.intervals.set_index(key)
    times = access["travel_time_min"].reindex(intervals.index)
    np.testing.assert_allclose(intervals["base_min"], times)
    before = found.scenario_access.set_index(key)
    shared = before.index.intersection(access.index)
    np.testing.assert_allclose(before["before_min"].loc[shared], access["travel_time_min"].loc[shared])
    crews = found.emergency_response.set_index("settlement_id")["station_id"]
    served = hospital.index[hospital["reach_status"] == "reached"]
    assert set(crews.dropna().index) == set(served)
    assert set(found.isochrones["service"]) == {"primary_school"}
