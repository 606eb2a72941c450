"""Certainty from the study file: what headline norms ask for is what is varied and counted."""

import functools

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

import spatial as sp
from spatial.messages import Words
from spatial.plain_text import PlainFormatter
from spatial.runner.cost import free_memory_mb
from spatial.stages.access import warn_of_memory


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


def test_a_study_whose_headlines_ask_for_nothing_that_is_there_says_nothing_of_it(tiny_done):
    folder = tiny_done.processed / "tiny"
    tiny_done.tables["norms"] = {"only": []}
    tiny_done.tables["access"]["services"] = ["post_office"]
    outcome = tiny_done.run("--until", "certainty")
    assert outcome.code == 0, outcome.err
    assert set(sp.read_results(folder).access["service"]) >= {"post_office", "town"}
    assert not (folder / "intervals.parquet").exists()
    assert not (folder / "wet_losses.parquet").exists()


def test_a_service_beside_those_of_access_has_intervals_and_a_wet_season_too(tiny_done):
    tiny_done.tables["access"]["services"] = ["primary_school"]
    tiny_done.tables["uncertainty"] = {"services": ["hospital", "primary_school"]}
    outcome = tiny_done.run("--until", "certainty")
    assert outcome.code == 0, outcome.err
    found = sp.read_results(tiny_done.processed / "tiny")
    assert "hospital" not in set(found.access["service"])
    lost = found.wet_losses.groupby("service")["dry_min"].count()
    assert lost.to_dict() == {"hospital": 8, "primary_school": 8}
    assert set(found.intervals["service"]) == {"hospital", "primary_school"}


def test_a_country_takes_service_after_service_and_leaves_out_what_nobody_names(tiny_done, monkeypatch):
    before = sp.read_results(tiny_done.processed / "tiny")
    monkeypatch.setattr("spatial.stages.shared.MANY_SETTLEMENTS", 0)
    monkeypatch.setattr("spatial.stages.measures.MANY_SETTLEMENTS", 0)
    folder = tiny_done.processed / "tiny"
    one = before.measures
    for stage in ("measures", "areas", "certainty"):
        (folder / f"{stage}.manifest.json").unlink()
    outcome = tiny_done.run("--stage", "certainty")
    assert outcome.code == 0, outcome.err
    after = sp.read_results(folder)
    assert_frame_equal(after.measures, one)
    assert not (folder / "isochrones.parquet").exists()
    assert not (folder / "intervals.parquet").exists()
    # What the study names is made, however large it is.
    tiny_done.tables["uncertainty"] = {"services": ["hospital"]}
    assert tiny_done.run("--stage", "certainty").code == 0
    assert set(sp.read_results(folder).intervals["service"]) == {"hospital"}


def test_a_run_that_memory_will_not_do_for_is_told_beforehand_what_to_do(caplog):
    # 700 MB and 500,000 x 14 x 1,100 bytes: 8,400 MB
    assert warn_of_memory(500_000, 14, 1, free_mb=8_399.0)
    assert "about 8,400 MB are needed (settlements: 500,000, services and towns: 14, modes: 1)" in caplog.text
    assert "name fewer access.services or network.modes" in caplog.text
    shown = PlainFormatter("%(message)s")
    for language, said in (("zh", "约需 8,400 MB"), ("fr", "environ 8\u202f400 Mo")):
        shown.words = functools.partial(Words, language)
        assert said in shown.format(caplog.records[-1])
    assert not warn_of_memory(500_000, 14, 1, free_mb=8_400.0)
    assert free_memory_mb() is None or free_memory_mb() > 0.0
