"""An analyst's first hour: a study changed, why it runs again, what things print, tables of r5py, plots."""

import re
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import spatial as sp


@pytest.fixture
def study(tiny):
    return sp.Study.from_toml(tiny.save(), raw=tiny.raw)


@pytest.fixture(scope="module")
def result(tiny_run):
    return sp.read_results(tiny_run / "processed" / "tiny", maps=tiny_run / "maps" / "tiny")


# A study that differs in some keys.


def test_a_section_changes_in_the_keys_that_are_named_and_in_no_other(study):
    other = study.replace(access={"cutoffs_min": [10]}, network={"modes": ["walk"]}, name="other")
    assert other.access.cutoffs_min == (10.0,)
    assert other.access.services == study.access.services == ("hospital", "primary_school", "pharmacy")
    assert (other.name, other.network.modes, other.network.speeds) == ("other", ("walk",), "rural_cn")
    assert (study.name, study.network.modes) == ("tiny", ("drive", "walk"))
    assert (other.raw, other.sources) == (study.raw, study.sources)


def test_a_section_within_a_section_changes_too_and_a_title_as_a_whole(study):
    other = study.replace(sources={"settlements": {"longitude": "x"}}, title={"fr": "Vallée"})
    assert other.sources.settlements.longitude == "x"
    assert other.sources.settlements.latitude == "lat"
    assert other.title == {"fr": "Vallée"}


def test_a_study_that_replaces_nothing_is_the_same(study):
    assert study.replace() == study


def test_faults_of_a_replaced_key_name_it_all_at_once(study):
    with pytest.raises(sp.StudyError) as refused:
        study.replace(access={"cutofs_min": [10], "max_time_min": -1}, network={"modes": ["fly"]})
    told = str(refused.value)
    assert "access.cutofs_min: unknown key" in told
    assert "access.max_time_min" in told
    assert "network.modes.0" in told


# Why it runs again.


@pytest.mark.slow
def test_status_names_the_keys_that_changed_for_every_stage_that_would_run(tiny_done):
    study = sp.Study.from_toml(tiny_done.save(), raw=tiny_done.raw)
    folders = {"processed": tiny_done.processed, "maps": tiny_done.maps}
    assert not sp.status(study, **folders)["runs"].any()
    found = sp.status(study.replace(access={"cutoffs_min": [10]}), **folders).set_index("stage")
    assert found.loc["read", ["runs", "keys"]].tolist() == [False, ""]
    assert found.loc["cutoffs", ["runs", "keys"]].tolist() == [True, "access.cutoffs_min"]
    # `scenarios` takes the key too; `qgis` runs behind others, and says its own key all the same.
    assert found.loc["qgis", "keys"] == "access.cutoffs_min"
    assert found.loc["network", "keys"] == ""
    never = sp.status(study.replace(name="never"), **folders)
    assert never["runs"].all()
    assert set(never["keys"]) == {""}


# What things print.


def test_study_results_and_graph_print_in_a_line_and_as_a_small_table(study, result, grid_city):
    assert repr(study) == (
        "<Study tiny: 'Tiny valley', 2026-01-01; by drive, walk; boundaries, facilities, osm, settlements>"
    )
    assert repr(result).startswith("<Results of tiny: ")
    assert len(repr(result)) < 200
    assert repr(sp.load_services()).startswith("<Vocabulary of 35: emergency_hospital, ")
    assert re.match("<Layers: [0-9]+ settlements, [0-9]+ facilities, .*EPSG:[0-9]+>$", repr(sp.prepare(study)))
    graph = grid_city.graph()
    assert repr(graph).startswith("<TravelGraph drive: 25 nodes, 40 edges")
    for thing in (study, result, graph):
        assert thing._repr_html_().startswith("<b>")
    named = study.replace(title={"en": "<script>"})
    assert "<script>" not in named._repr_html_()


def test_results_name_no_page_that_was_not_written(result, tmp_path):
    assert result.index_page.is_file()
    assert result.index_page.as_posix() in repr(result)
    early = sp.read_results(result.folder, maps=tmp_path)
    assert early.index_page is None
    assert repr(early).endswith("see .names>")


# Tables of r5py.


def matrix(**columns):
    frame = {"from_id": ["v1", "v1", "v2"], "to_id": ["a", "b", "a"], "travel_time": [10.0, np.nan, 40.0]}
    return pd.DataFrame({**frame, **columns})


PLACES = pd.DataFrame({"settlement_id": ["v1", "v2"], "population_persons": [100.0, 100.0]})
SCHOOLS = pd.DataFrame({"facility_id": ["a", "b"], "service": ["school", "school"], "capacity": [50.0, 50.0]})


def test_a_matrix_of_r5py_is_a_table_of_pairs_without_rows_where_there_is_no_way():
    od = sp.od_from_r5py(matrix(), max_time_min=60)
    assert od[["from_id", "to_id", "travel_time_min"]].to_numpy().tolist() == [["v1", "a", 10.0], ["v2", "a", 40.0]]
    assert od.attrs == {"cutoff_min": 60.0}
    counts = sp.cumulative_cutoff(od, PLACES, SCHOOLS, service="school", cutoffs_min=[15, 60])
    # Within 15 minutes v1 has one; within 60 each has one, and nobody has b, which nobody reaches.
    assert sorted(counts["value"].tolist()) == [0.0, 1.0, 1.0, 1.0]


def test_a_percentile_of_r5py_is_taken_by_its_column():
    frame = matrix(travel_time_p50=[5.0, 6.0, 7.0]).drop(columns="travel_time")
    assert sp.od_from_r5py(frame, column="travel_time_p50")["travel_time_min"].tolist() == [5.0, 6.0, 7.0]
    with pytest.raises(sp.ContractError, match="minutes are in travel_time_p50"):
        sp.od_from_r5py(frame)


def test_every_fault_of_a_matrix_is_told_at_once():
    frame = matrix(from_id=["v1", "v1", None], to_id=["a", "a", "a"], travel_time=[-1.0, 5.0, 90.0])
    with pytest.raises(sp.ContractError) as refused:
        sp.od_from_r5py(frame, max_time_min=60)
    for part in ("from_id: missing in 1 rows", "given twice", "must be 0 or more", "90 min is beyond max_time_min, 60"):
        assert part in str(refused.value)


# A decay of one's own.


def test_a_function_is_a_decay_of_gravity_and_of_floating_catchments():
    od = sp.od_from_r5py(matrix())
    half = lambda minutes: np.where(minutes <= 20.0, 1.0, 0.5)  # noqa: E731 - as an analyst would
    # v1 has a school at full worth, v2 the same at half.
    assert sp.gravity(od, PLACES, SCHOOLS, service="school", decay=half)["value"].tolist() == [1.0, 0.5]
    ratio = sp.floating_catchment_area(
        od, PLACES, SCHOOLS, service="school", method="e2sfca", decay=half, buffer="none_needed"
    )
    # 50 places for 100 people of v1 and half of those of v2: a third of a place each, and half of it for v2.
    assert ratio["value"].tolist() == pytest.approx([1 / 3, 1 / 6])
    stepped = sp.decay_stepped({20.0: 1.0, 60.0: 0.5})
    known = sp.floating_catchment_area(
        od, PLACES, SCHOOLS, service="school", method="e2sfca", decay=stepped, buffer="none_needed"
    )
    assert ratio["value"].tolist() == known["value"].tolist()


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (lambda minutes: minutes / 2000.0, "rises with time"),
        (lambda minutes: np.maximum(0.0, 2.0 - minutes), "weights must be 0 to 1; it gives 2 at 0 min"),
        (lambda minutes: 1.0 - minutes, "weights must be 0 to 1"),
        (lambda minutes: np.nan * minutes, "weights must be 0 to 1"),
        (lambda minutes: 1.0 if minutes < 20 else 0.5, "must take an array of minutes"),
        (lambda minutes: minutes[:3] * 0, "give a weight for each"),
        ("gaussian", "is a str, not a function"),
    ],
)
def test_a_function_that_makes_no_decay_is_refused(function, fault):
    with pytest.raises(sp.ContractError, match=fault):
        sp.decay_from(function)


def test_a_decay_of_ones_own_ends_at_its_cutoff_and_knows_what_is_unknown():
    own = sp.decay_from(np.vectorize(lambda minutes: 1.0 if minutes < 20 else 0.5), cutoff_min=60)
    assert own([0.0, 20.0, 60.0, 60.1, np.inf]).tolist() == [1.0, 0.5, 0.5, 0.0, 0.0]
    assert np.isnan(own([np.nan])).all()
    with pytest.raises(sp.ContractError, match="negative"):
        own([-1.0])


# Plots.


@pytest.mark.slow
def test_a_map_of_access_names_classes_units_norm_and_scale(result):
    pytest.importorskip("matplotlib").use("Agg")
    axes = sp.plot_access(result, "hospital", limit_min=10)
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    # Half of 10 minutes, 10, a quarter and a half above it; the last is the facility.
    assert [text.split(":")[0] for text in legend] == [
        "within 5 min",
        "5 to 10 min",
        "10 to 13 min",
        "13 to 15 min",
        "over 15 min",
        "Hospital",
    ]
    people = sum(int(text.split(": ")[1].removesuffix(" people")) for text in legend[:-1])
    assert people == 360
    fast = result.access.query("service == 'hospital' and travel_time_min <= 10 and travel_time_min > 5")
    between = result.settlements.loc[result.settlements["settlement_id"].isin(fast["settlement_id"])]
    assert legend[1] == f"5 to 10 min: {between['population_persons'].sum():.0f} people"
    assert axes.get_title(loc="left").startswith("Hospital, by the fastest mode")
    assert [text.get_text() for text in axes.texts] == ["500 m"]
    assert axes.figure.axes == [axes]


@pytest.mark.slow
def test_places_without_a_way_stand_apart_from_slow_ones(result, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    cut = result.access.copy()
    rows = (cut["settlement_id"] == "s8") & (cut["service"] == "hospital")
    cut.loc[rows, ["travel_time_min", "reach_status"]] = [np.nan, "no_path"]
    monkeypatch.setitem(result._cache, "access", cut)
    legend = [text.get_text() for text in sp.plot_access(result, "hospital", language="fr").get_legend().get_texts()]
    # 10 people live in s8.
    assert any(text.startswith("aucun") and "10" in text for text in legend), legend


def test_a_missing_extra_is_named(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(sp.MissingDependencyError, match=r"spatial-integration\[plot\]"):
        sp.plot_access(result, "hospital")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_frames_of_results_plot_and_explore(result):
    pytest.importorskip("matplotlib").use("Agg")
    pytest.importorskip("mapclassify")
    for name in ("settlements", "facilities", "boundaries", "gaps", "roads"):
        frame = getattr(result, name)
        assert isinstance(frame, gpd.GeoDataFrame)
        if len(frame):
            frame.plot()
            frame.explore(tiles=None)
