"""Certainty from the study file: what headline norms ask for is what is varied and counted."""

import numpy as np
import pytest

import spatial as sp


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at):
    """A tiny study whose headlines are an hour to the county seat, and the road."""
    tiny = tiny_at(tmp_path_factory.mktemp("certainty")).add_raster()
    tiny.tables["norms"] = {"only": ["CN-COUNTY-60", "GL-ROAD-RAI"], "headline": ["CN-COUNTY-60", "GL-ROAD-RAI"]}
    tiny.tables[""]["jurisdictions"] = ["CN", "CN-local"]
    tiny.tables["access"] |= {"cutoffs_min": [10.0, 30.0]}
    outcome = tiny.run("--stage", "gaps")
    assert outcome.code == 0, outcome.err
    return sp.read_results(tiny.processed / "tiny")


def test_towns_that_a_headline_asks_for_have_intervals_and_a_wet_season(ran):
    table = ran.intervals.loc[ran.intervals["service"] == "county_seat"].set_index("settlement_id")
    assert len(table) == len(ran.settlements)
    seats = ran.settlements.loc[ran.settlements["tier"] == "county_seat", "settlement_id"]
    assert (table.loc[seats, ["low_min", "base_min", "high_min"]] == 0.0).all(axis=None)
    rows = ran.access.loc[(ran.access["mode"] == table["mode"].iloc[0]) & (ran.access["service"] == "county_seat")]
    same = rows.set_index("settlement_id")["travel_time_min"].reindex(table.index)
    assert np.allclose(table["base_min"], same, rtol=0, atol=1e-9)
    assert "county_seat" in set(ran.wet_losses["service"])


def test_the_minutes_of_a_headline_are_among_the_cutoffs(ran):
    assert {10.0, 30.0, 60.0} == set(ran.interval_people["cutoff_min"])
