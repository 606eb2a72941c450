"""Stages: a function takes by name what its declaration reads, and sees the keys of the study that it declares."""

import inspect

import pytest

from spatial.errors import SpatialError
from spatial.norms.law import load_road_words
from spatial.pipeline import SCENARIO_STAGES, STAGES
from spatial.runner.stage import Late, Options
from spatial.store import CATEGORIES
from spatial.study import Study
from spatial.tables import TABLES

TIMED = {"scenario_access", "findings_scenarios"}
"""Tables of these stages that another cutoff leaves as they are, unless it is the longest."""
STUDY = Study.from_dict(
    {
        "name": "toy",
        "title": {"en": "Toy"},
        "as_of": "2026-01-01",
        "sources": {"osm": {"path": "toy.osm.pbf"}},
        "access": {"cutoffs_min": [10.0], "max_time_min": 90.0},
    }
)


@pytest.mark.parametrize(
    "stage", {stage.name: stage for stage in (*STAGES, *SCENARIO_STAGES)}.values(), ids=lambda stage: stage.name
)
def test_a_stage_takes_the_tables_that_it_declares(stage) -> None:
    taken = inspect.signature(stage.function.load()).parameters
    named = {name for name, item in taken.items() if item.kind is inspect.Parameter.KEYWORD_ONLY}
    assert {"options", "progress"} <= named
    optional = {name for name in named if taken[name].default is not inspect.Parameter.empty} - {"progress"}
    if any(item.kind is inspect.Parameter.VAR_KEYWORD for item in taken.values()):
        assert not optional  # a sink takes whatever there is
        return
    assert named - {"options", "progress"} == {name.rstrip("?") for name in stage.reads}
    assert optional == {name.rstrip("?") for name in stage.reads if name.endswith("?")}


def test_a_stage_that_takes_some_columns_of_a_table_names_such_as_the_table_has() -> None:
    # Lines of roads bear names in more languages than the contract promises.
    more = {"geometry", "name_en", "name_zh"}
    for stage in STAGES:
        for table, items in ({} if isinstance(stage.columns, Late) else stage.columns).items():
            assert table in {name.rstrip("?") for name in stage.reads}
            named = {item.partition("!=")[0] for item in items if item != CATEGORIES}
            assert named <= {*TABLES[table].by_name, *more}


def test_norms_are_handed_every_tag_that_words_for_roads_are_told_by() -> None:
    (norms,) = (stage for stage in STAGES if stage.name == "norms")
    assert {word.column for word in load_road_words().values()} <= set(norms.columns["roads"])


def test_the_small_project_is_handed_no_table_that_it_does_not_show() -> None:
    (qgis,) = (stage for stage in STAGES if stage.name == "qgis")
    small = Study.from_dict(STUDY.model_dump(mode="json", exclude={"raw"}))
    names = tuple(name.rstrip("?") for name in qgis.reads)
    few, many = (qgis.columns.load()(names, small, lambda _table, rows=rows: rows) for rows in (400, 400_000))
    assert few["snaps"] == few["score_components"] == ()
    assert few["measures"] == ("service",)  # names of layers
    assert "access" not in few
    assert many["access"] == ("service",)
    full = small.model_copy(update={"qgis": small.qgis.model_copy(update={"project": "full"})})
    assert qgis.columns.load()(names, full, lambda _table: 400) == {}


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_key_that_a_stage_declares_is_one_of_the_study(stage) -> None:
    for key in stage.options:
        section, _, name = key.partition(".")
        assert section in Study.model_fields
        assert not name or hasattr(getattr(STUDY, section), name)


def test_a_single_key_of_a_section_can_be_declared() -> None:
    options = Options(STUDY, ("access.max_time_min", "as_of"))
    assert options.access.max_time_min == 90.0
    with pytest.raises(SpatialError, match=r"'access\.cutoffs_min'; it takes access\.max_time_min"):
        options.access.cutoffs_min  # noqa: B018 - reading is refused
    assert options.dump() == {"access": {"max_time_min": 90.0}, "as_of": "2026-01-01"}


def test_a_section_that_is_declared_whole_wins_over_single_keys_of_it() -> None:
    options = Options(STUDY, ("access.max_time_min", "access"))
    assert options.access is STUDY.access
    assert options.dump()["access"]["cutoffs_min"] == [10.0]


def test_another_cutoff_leaves_times_norms_score_and_pages_as_they_are() -> None:
    depends = {stage.name for stage in STAGES if {"access", "access.cutoffs_min"} & set(stage.options)}
    assert depends == {"cutoffs", "measures", "scenarios", "cells", "qgis"}
    counted = {name.rstrip("?") for stage in STAGES if stage.name in {"cutoffs", "scenarios"} for name in stage.makes}
    readers = {stage.name for stage in STAGES if {name.rstrip("?") for name in stage.reads} & (counted - TIMED)}
    assert readers == {"qgis"}
