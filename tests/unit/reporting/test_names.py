"""Names by language: at the end of a run, in explanations and in comparisons."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

import spatial.stages.explain as stage
from spatial.inputs.services import Vocabulary
from spatial.reporting.wording import name_in, named_in, names_of, pick, score_in, township_in, with_names

SETTLEMENTS = pd.DataFrame(
    {
        "settlement_id": ["a", "b", "c"],
        "name": ["上河", "下河", None],
        "name_en": ["Shanghe", None, None],
        "township_id": ["t1", "t2", "t9"],
        "township": ["金乡", "银乡", "远乡"],
    }
)
BOUNDARIES = pd.DataFrame(
    {"boundary_id": ["t1", "t2"], "name": ["金乡", "银乡"], "name_en": ["Gold", ""], "name_zh": ["金乡", None]}
)
SCORES = pd.DataFrame(
    {
        "unit_level": ["study", "township", "township", "settlement", "settlement"],
        "unit_id": ["study", "t1", "t2", "a", "c"],
        "name": [None, "金乡", "银乡", "上河", "kept"],
    }
)


def test_a_name_is_that_of_the_language_else_as_written_else_any():
    assert list(name_in(SETTLEMENTS, "en")[:2]) == ["Shanghe", "下河"]
    assert list(name_in(SETTLEMENTS, "zh")[:2]) == ["上河", "下河"]
    assert name_in(SETTLEMENTS, "en").isna()[2]
    assert list(name_in(SETTLEMENTS.drop(columns="name"), "fr")[:1]) == ["Shanghe"]
    assert name_in(SETTLEMENTS[["settlement_id"]], "en").isna().all()


@pytest.mark.parametrize(("language", "name"), [("en", "Gold"), ("zh", "金乡"), ("fr", "金乡")])
def test_names_of_a_row_are_picked_by_language(language, name):
    assert pick(names_of(BOUNDARIES.iloc[0].to_dict()), language) == name
    assert pick({"sw": "Dhahabu"}, language) == "Dhahabu"
    assert pick({}, language) == ""


def test_scores_take_the_names_of_the_language_and_keep_what_is_not_known():
    told = named_in(SCORES, "en", SETTLEMENTS, BOUNDARIES)
    assert list(told["name"])[1:] == ["Gold", "银乡", "Shanghe", "kept"]
    assert told["name"].isna()[0]
    assert list(named_in(SCORES, "en", SETTLEMENTS, None)["name"])[1:3] == ["金乡", "银乡"]
    assert list(SCORES["name"])[1] == "金乡"


def test_a_township_is_named_by_its_boundary_else_as_the_list_writes_it():
    assert list(township_in(SETTLEMENTS, "en", BOUNDARIES)) == ["Gold", "银乡", "远乡"]
    assert list(township_in(SETTLEMENTS, "en", None)) == ["金乡", "银乡", "远乡"]


@pytest.mark.parametrize(("language", "first"), [("en", "Gold"), ("zh", "金乡")])
def test_the_end_of_a_run_names_townships_in_its_language(language, first):
    ends = {"first": {"id": "t1", "name": "金乡"}, "last": {"id": "t3", "name": "铜乡"}}
    apart = {"probability_before": 0.95, **ends}

    def named(boundaries):
        score = {"townships": {"with_level": 2, "told_apart": with_names(apart, boundaries)}}
        return score_in(score, language)["townships"]["told_apart"]

    told = named(BOUNDARIES)
    assert told["first"]["name"] == first
    assert told["last"]["name"] == "铜乡"
    assert named(None)["first"]["name"] == "金乡"
    alone = {"townships": {"told_apart": None}}
    assert score_in(alone, language) == alone
    assert score_in(None, language) is None


def test_an_explanation_reads_tables_with_the_names_of_its_language(monkeypatch):
    results = SimpleNamespace(
        names=["settlements", "scores", "boundaries", "provenance"],
        settlements=SETTLEMENTS,
        scores=SCORES,
        boundaries=BOUNDARIES,
        provenance=pd.DataFrame({"path": [], "issue": []}),
        summary={},
    )
    study = SimpleNamespace(score=SimpleNamespace(weights={}))
    told = {}
    monkeypatch.setattr(stage, "Options", lambda *_: SimpleNamespace(scenarios=()))
    monkeypatch.setattr(stage, "vocabulary_of", lambda _: Vocabulary(services=()))
    monkeypatch.setattr(stage, "binding_norms", lambda _: None)
    monkeypatch.setattr(stage, "explain", lambda _, tables, **__: told.update(tables))
    monkeypatch.setattr(stage, "explanation_text", lambda *_, **__: "")
    stage.explain_settlement(study, results, "s1", language="en")
    assert list(told["settlements"]["township"]) == ["Gold", "银乡", "远乡"]
    assert list(told["scores"]["name"])[1] == "Gold"
    assert set(told) == {"settlements", "scores"}
