"""Ordinary frames as tables of the package."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from spatial.errors import ContractError, CrsError
from spatial.inputs.user_tables import as_facilities, as_settlements
from spatial.tables import TABLES


def _frame(crs: str | None = "EPSG:32648", **columns: Any) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy([400_000.0, 401_000.0], [3_350_000.0, 3_351_000.0])
    return gpd.GeoDataFrame({"code": [7, 8], **columns}, geometry=points, crs=crs)


def test_columns_are_taken_by_name_and_the_rest_travels_along() -> None:
    frame = _frame(people=[120, 5], rank=["village", "town"], over65=[30, 1], note=["x", "y"])
    table = as_settlements(frame, id="code", population="people", tier="rank", columns={"elderly_persons": "over65"})
    TABLES["settlements"].check(table)
    assert table["settlement_id"].tolist() == ["7", "8"]
    assert table["population_persons"].tolist() == [120.0, 5.0]
    assert table["elderly_persons"].tolist() == [30.0, 1.0]
    assert table["note"].tolist() == ["x", "y"]
    assert list(frame.columns) == ["code", "geometry", "people", "rank", "over65", "note"] or "code" in frame.columns


def test_argument_is_left_unchanged() -> None:
    frame = _frame(people=[120, 5])
    before = frame.copy()
    as_settlements(frame, id="code", population="people", tier="village")
    assert frame.equals(before)


def test_index_is_the_id_and_unknown_people_stay_unknown() -> None:
    frame = _frame(population_persons=[np.nan, 5.0])
    frame.index = ["a", "b"]
    table = as_settlements(frame, tier="village")
    assert table["settlement_id"].tolist() == ["a", "b"]
    assert table["population_source"].tolist() == ["none", "column"]
    assert np.isnan(table["population_persons"][0])


def test_adopting_twice_changes_nothing() -> None:
    once = as_settlements(_frame(people=[1, 2]), id="code", population="people", tier="village")
    assert as_settlements(once).equals(once)


def test_geometry_of_another_name_is_found() -> None:
    table = as_settlements(_frame().rename_geometry("where"), id="code", tier="village")
    assert table.active_geometry_name == "geometry"


def test_every_fault_is_reported_at_once() -> None:
    frame = _frame(people=["many", "-3"], rank=["village", "metropolis"])
    frame["code"] = [7, 7]
    with pytest.raises(ContractError) as caught:
        as_settlements(frame, id="code", population="people", tier="rank", columns={"elderly_persons": "old"})
    report = str(caught.value)
    assert "elderly_persons = 'old'" in report
    assert "repeated id(s) '7'" in report
    assert "text instead of a number for '7' (1 in all), such as 'many'" in report
    assert "negative or infinite for '7' (1 in all), such as -3.0" in report
    assert "unknown value(s) 'metropolis'" in report


def test_degrees_no_crs_and_no_geometry_are_refused() -> None:
    with pytest.raises(CrsError, match="is in degrees"):
        as_settlements(_frame().to_crs("EPSG:4326"), id="code", tier="village")
    with pytest.raises(CrsError, match="no CRS"):
        as_facilities(_frame(crs=None), service="school")
    with pytest.raises(ContractError, match="give a GeoDataFrame"):
        as_facilities(_frame().drop(columns="geometry"), service="school")
    with pytest.raises(ContractError, match="must be Point, found Polygon"):
        as_facilities(_frame().set_geometry(_frame().buffer(5.0)), service="school", id="code")


def test_missing_tier_says_what_to_give() -> None:
    with pytest.raises(ContractError, match="give tier= a column or one of village"):
        as_settlements(_frame(), id="code")


def test_facilities_take_a_service_or_a_column_of_services() -> None:
    frame = _frame(kind=["pharmacy", "bank"], beds=[3, 4], pupils=[1, 2])
    table = as_facilities(frame, service="kind", id="code", capacity="beds", columns={"load": "pupils"})
    TABLES["facilities"].check(table)
    assert table["service"].tolist() == ["pharmacy", "bank"]
    assert table[["capacity", "load"]].to_numpy().tolist() == [[3.0, 1.0], [4.0, 2.0]]
    assert as_facilities(frame, service="school", id="code")["service"].tolist() == ["school", "school"]
    frame["kind"] = ["pharmacy", None]
    with pytest.raises(ContractError, match=r"service: empty for '8' \(1 in all\)"):
        as_facilities(frame, service="kind", id="code")


def test_all_columns_of_the_callers_frame_stay_as_they_are() -> None:
    frame = _frame(people=[120, 5], rank=["village", "town"], title=["A", "B"], name=["x", "y"], flag=[True, False])
    table = as_settlements(frame, id="code", population="people", tier="rank", name="title")
    own = ["code", "people", "rank", "title", "flag"]
    assert table[own].equals(frame[own])
    assert table["code"].dtype == frame["code"].dtype == np.int64
    # The name of ours that the caller's title takes is free again under another one.
    assert (table["name"].tolist(), table["source_name"].tolist()) == (["A", "B"], ["x", "y"])
    kinds = _frame(kind=["bank", "post"], beds=[3, 4], service=["s", "t"])
    offered = as_facilities(kinds, service="pharmacy", id="code", capacity="beds")
    assert offered[["code", "kind", "beds"]].equals(kinds[["code", "kind", "beds"]])
    assert offered["source_service"].tolist() == ["s", "t"]
    assert as_facilities(kinds, service="kind", id="code")["kind"].tolist() == ["bank", "post"]


def test_an_index_with_a_name_stays_as_a_column() -> None:
    frame = _frame(people=[120, 5]).set_index("code")
    table = as_settlements(frame, tier="village")
    assert (table["settlement_id"].tolist(), table["code"].tolist()) == (["7", "8"], [7, 8])
    assert as_settlements(table).equals(table)
