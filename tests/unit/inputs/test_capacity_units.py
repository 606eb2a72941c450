"""Capacities in unlike units are found, and never added up."""

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import spatial as sp
from spatial.access.capacity import allocate_capacity
from spatial.access.floating_catchment import floating_catchment_area
from spatial.errors import ContractError
from spatial.inputs.facility_facts import capacity_units, mixed_units


def _facilities(units, capacity=(10.0, 20.0, 5.0)) -> gpd.GeoDataFrame:
    columns = {
        "facility_id": ["a", "b", "c"],
        "service": "hospital",
        "status": "existing",
        "capacity": list(capacity),
        "capacity_unit": pd.Series(units, dtype="str"),
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]), crs="EPSG:32738")


def test_words_of_one_unit_are_one_and_unknown_ones_tell_nothing():
    assert capacity_units(_facilities(["beds", "Beds ", None])) == ["beds"]
    assert capacity_units(_facilities(["rooms", "beds", "beds"])) == ["beds", "rooms"]
    assert capacity_units(_facilities(["rooms", "beds", "beds"], [np.nan, 1.0, 2.0])) == ["beds"]
    assert capacity_units(_facilities(["beds"] * 3).drop(columns="capacity_unit")) == []
    kept = _facilities(["rooms", "beds", "beds"]).astype({"capacity_unit": "category"})
    assert capacity_units(kept.iloc[1:]) == ["beds"]


def test_the_rarer_unit_is_a_finding_and_other_services_are_not_asked():
    mixed = _facilities(["beds", "rooms", "beds"])
    found = mixed_units(mixed)
    assert found[["kind", "subject_id"]].to_numpy().tolist() == [["mixed_capacity_unit", "b"]]
    assert "capacity in rooms, most are in beds" in found["detail"].iloc[0]
    apart = mixed.assign(service=["hospital", "school", "hospital"])
    assert len(mixed_units(apart)) == 0
    assert len(mixed_units(mixed.iloc[:0])) == 0


@pytest.fixture
def travel():
    """Two places that reach all three."""
    rows = [(place, key, 10.0) for place in "xy" for key in "abc"]
    od = pd.DataFrame(rows, columns=["from_id", "to_id", "travel_time_min"]).assign(mode="drive")
    return od, pd.DataFrame({"settlement_id": ["x", "y"], "population_persons": [100.0, 50.0]})


def test_unlike_units_are_not_added_up(travel, caplog):
    od, people = travel
    how = {"service": "hospital"}
    mixed, same = _facilities(["beds", "rooms", "beds"]), _facilities(["beds"] * 3)
    with pytest.raises(ContractError, match="unlike units: 'beds', 'rooms'"):
        floating_catchment_area(od, people, mixed, supply="capacity", **how)
    with pytest.raises(ContractError, match="in unlike units: 'beds', 'rooms'"):
        allocate_capacity(od, people, mixed, service="hospital", cutoff_min=30.0)
    with caplog.at_level(logging.WARNING):
        found = floating_catchment_area(od, people, mixed, **how)
    assert set(found["supply_basis"]) == {"count"}
    assert "unlike units: 'beds', 'rooms'" in caplog.text
    assert set(floating_catchment_area(od, people, same, **how)["supply_basis"]) == {"capacity"}
    assert floating_catchment_area(od, people, mixed, supply="count", **how)["value"].notna().all()


def test_a_study_counts_facilities_where_units_are_unlike(tiny):
    lines = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    told = {"f2": "12,classes", "f3": "300,pupils"}
    rows = [f"{row},{told.get(row.partition(',')[0], ',')}" for row in lines[1:]]
    tiny.write("facilities.csv", "\n".join([f"{lines[0]},capacity,capacity_unit", *rows]))
    tiny.tables["measures"] = {"kinds": ["2sfca"], "services": ["primary_school"]}
    outcome = tiny.run("--stage", "measures")
    assert outcome.code == 0, outcome.err
    found = sp.read_results(tiny.processed / "tiny")
    assert set(found.measures["supply_basis"]) == {"count"}
    assert found.findings_read.query("kind == 'mixed_capacity_unit'")["subject_id"].tolist() == ["f3"]


def test_a_study_names_no_supply_where_all_facilities_of_a_service_are_for_members(tiny):
    header, *rows = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    told = {row: "members only" if "primary_school" in row else "" for row in rows}
    tiny.write("facilities.csv", "\n".join([f"{header},eligibility", *(f"{row},{told[row]}" for row in rows)]))
    tiny.tables["measures"] = {
        "kinds": ["2sfca", "gravity", "spatial_availability", "overlap", "cumulative"],
        "services": ["primary_school", "hospital"],
    }
    outcome = tiny.run("--stage", "measures")
    assert outcome.code == 0, outcome.err
    table = sp.read_results(tiny.processed / "tiny").measures
    is_school = table["service"] == "primary_school"
    assert is_school.any()
    assert set(table.loc[is_school, "status"]) == {"no_facility"}
    assert table["supply_basis"].isna().tolist() == is_school.tolist()
