"""People and the study area as measures read them, in whatever kind of column they are written."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import spatial as sp

CLINIC = {"service": "clinic"}


def frames(people):
    """Of three places 5 minutes from a clinic with room for 25, the second has people whom nobody counted."""
    od = pd.DataFrame({"from_id": ["u", "v", "w"], "to_id": "a", "travel_time_min": 5.0})
    places = pd.DataFrame({"settlement_id": ["u", "v", "w"], "population_persons": people})
    return od, places, pd.DataFrame({"facility_id": ["a"], "service": "clinic", "capacity": [25.0]})


def column(kind):
    if kind == "decimal":
        return pd.Series([Decimal(10), None, Decimal(40)], dtype=object)
    if kind == "decimal[pyarrow]":
        return pd.Series([10, None, 40], dtype="Int64").astype(pd.ArrowDtype(pa.decimal128(38, 2)))
    if kind == "object with NA":
        return pd.Series([10, pd.NA, 40], dtype=object)
    return pd.Series([10, None, 40], dtype=object).astype(kind)


KINDS = ("float64", "float32", "Int64", "UInt8", "Float64", "int64[pyarrow]", "object", "object with NA", "decimal")


@pytest.mark.parametrize("kind", [*KINDS, "decimal[pyarrow]", "category"])
def test_people_who_are_unknown_stay_so_whatever_kind_of_column_they_are_in(kind):
    od, places, sites = frames(column(kind))
    # 25 beds for 50 people: half of each place whose people are known.
    served = sp.allocate_capacity(od, places, sites, **CLINIC, cutoff_min=5.0).settlements
    assert served["status"].tolist() == ["partly_served", "unknown", "partly_served"]
    assert served["served_persons"].tolist()[::2] == [5.0, 20.0]
    for name in ("demand_persons", "served_persons", "full_persons", "not_reached_persons", "served_share"):
        assert served[name].isna().tolist() == [False, True, False]
    overlap = sp.catchment_overlap(od, places, sites, **CLINIC, cutoff_min=5.0)
    assert overlap["population_persons"].tolist()[::2] == [10.0, 40.0]
    assert np.isnan(overlap["population_persons"][1])
    written = overlap.assign(population_persons=places["population_persons"])
    for table in (overlap, written):
        shares = sp.overlap_shares(table)
        assert shares["persons"].tolist() == [0.0, 50.0, 0.0]
        assert shares["persons_share"].tolist() == [0.0, 1.0, 0.0]
    ratio = sp.floating_catchment_area(od, places, sites, **CLINIC, buffer="none_needed")
    assert ratio["value"].tolist() == [0.5] * 3
    assert ratio["demand_known_share"].tolist() == pytest.approx([2 / 3] * 3)


def test_people_of_whom_none_is_known_are_refused_in_every_measure():
    od, places, sites = frames(pd.array([pd.NA] * 3, dtype="Int64"))
    for measure in (sp.allocate_capacity, sp.catchment_overlap):
        with pytest.raises(sp.ContractError, match="_persons: no value is known"):
            measure(od, places, sites, **CLINIC, cutoff_min=5.0)


@pytest.mark.parametrize(
    "told",
    [
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([True, None, False], dtype="bool[pyarrow]"),
        pd.Series([True, None, False], dtype=object),
        pd.Series([1.0, np.nan, 0.0]),
        pd.Series(["yes", "no", "no"], dtype="str"),
        pd.Series([1, 2, 0]),
    ],
)
def test_a_place_that_is_neither_inside_nor_outside_the_study_area_is_refused(told):
    od, places, sites = frames(pd.Series([10.0, 20.0, 40.0]))
    places["in_study"] = told
    with pytest.raises(sp.ContractError, match=r"in_study: .* rows; write True or False"):
        sp.floating_catchment_area(od, places, sites, **CLINIC)


@pytest.mark.parametrize("kind", ["bool", "boolean", "bool[pyarrow]", "object", "int64", "category"])
def test_people_beyond_the_study_area_are_a_buffer_whatever_kind_of_column_says_so(kind):
    od, places, sites = frames(pd.Series([10.0, 20.0, 40.0]))
    places["in_study"] = pd.Series([True, False, True]).astype(kind)
    assert sp.floating_catchment_area(od, places, sites, **CLINIC)["buffer_population"].all()
