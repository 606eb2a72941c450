"""A run whose tables lack columns or rows, or hold a row twice, is refused and never read as a change."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from spatial.errors import ContractError
from spatial.score.comparison import compare, follow, norm_terms
from tests.unit.runs_to_compare import run_of

MINUTES = {"a": (10.0, 10.0), "b": (45.0, 15.0), "c": (20.0, 60.0), "d": (50.0, 30.0)}
AGAIN = "run the study again: spatial run STUDY"


@pytest.fixture(scope="module")
def run():
    return run_of("before", MINUTES, gates={("township", "t1"): "fail"})


def test_a_whole_run_is_compared(run):
    assert len(compare(run, replace(run, name="after")).units) == 7  # study, two townships, four places


@pytest.mark.parametrize(
    ("table", "column", "kept", "told"),
    [
        (
            "access",
            "settlement_id",
            ("a", "b", "c"),
            "access to county_seat by drive: no row for 'd' (1 in all) of 4 places",
        ),
        ("last_mile", "settlement_id", ("a", "b"), "last_mile: no row for 'c', 'd' (2 in all) of 4 places"),
        (
            "norm_results",
            "unit_id",
            ("a", "b", "d", "study", "t1"),
            "norm_results of CLINIC: no row for 'c' (1 in all) of 4 places",
        ),
    ],
)
def test_a_place_of_which_a_table_says_nothing_is_named(run, table, column, kept, told):
    rows = getattr(run, table)
    broken = replace(run, name="after", **{table: rows[rows[column].isin(kept)]})
    with pytest.raises(ContractError, match=re.escape(f"after: {told}; {AGAIN}")):
        compare(run, broken)
    with pytest.raises(ContractError, match=re.escape(told)):
        follow([run, run, broken])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("settlements", "settlements: rows that are there twice, 'a' (1 in all)"),
        ("access", "access: rows that are there twice, 'a/county_seat/drive' (1 in all)"),
        ("norm_results", "norm_results: rows that are there twice, 'settlement/a/CLINIC' (1 in all)"),
        ("towns", "towns: rows that are there twice, 'a' (1 in all)"),
    ],
)
def test_rows_that_are_there_twice_are_named(run, table, told):
    rows = getattr(run, table)
    broken = replace(run, **{table: pd.concat([rows, rows.iloc[:1]], ignore_index=True)})
    with pytest.raises(ContractError, match=re.escape(told)):
        compare(broken, run)


@pytest.mark.parametrize("column", ["reach_status", "mode"])
def test_a_column_that_is_not_there_is_named(run, column):
    broken = replace(run, access=run.access.drop(columns=column))
    with pytest.raises(ContractError, match=rf"(?s)table access.*'{column}'.*{re.escape(AGAIN)}"):
        compare(run, broken)


def test_a_table_is_named_as_its_file(run):
    with pytest.raises(ContractError, match="table score_components"):
        compare(run, replace(run, components=run.components.drop(columns="value")))


@pytest.mark.parametrize(
    ("table", "column", "value", "told"),
    [
        ("settlements", "population_persons", -1.0, "settlements: population_persons out of range, such as -1.0"),
        ("settlements", "population_persons", math.inf, "population_persons out of range"),
        ("settlements", "population_persons", "many", "settlements: population_persons holds no numbers"),
        ("norm_results", "status_as_mapped", "MET", "status_as_mapped holds other words than met, not_met"),
        ("norm_results", "depth_fgt1", 1.5, "norm_results: depth_fgt1 out of range, such as 1.5"),
        ("last_mile", "last_mile_class", "far", "last_mile: last_mile_class holds other words than"),
    ],
)
def test_values_that_the_contract_does_not_know_are_named(run, table, column, value, told):
    broken = replace(run, **{table: getattr(run, table).assign(**{column: value})})
    with pytest.raises(ContractError, match=re.escape(told)):
        compare(run, broken)


def test_terms_are_not_read_from_results_without_depth(run):
    with pytest.raises(ContractError, match="'depth_fgt1'"):
        norm_terms(run.norm_results.drop(columns="depth_fgt1"), [])
