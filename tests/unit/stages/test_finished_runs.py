"""Runs whose records or tables are not as a comparison reads them are refused by name, and versions are told apart."""

from __future__ import annotations

import json
import re

import pytest

import spatial as sp
from spatial.errors import SpatialError, StoreError
from spatial.stages.compare import compare_folders
from tests.unit.stages.test_compare_command import AFTER, BEFORE, finished

AGAIN = "run the study again: spatial run STUDY"


@pytest.fixture
def folders(tmp_path):
    return finished(tmp_path / "y1", BEFORE), finished(tmp_path / "y2", AFTER, as_of="2027-01-01")


def compared(folders):
    return sp.compare_runs(*map(sp.read_results, folders))


def change(file, **changes):
    """Set keys of a JSON file; those that are None are removed."""
    record = json.loads(file.read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in record.items() if value is not None}
    file.write_text(json.dumps(kept), encoding="utf-8")


def change_options(folder, **changes):
    options = json.loads((folder / "run.json").read_text(encoding="utf-8"))["options"] | changes
    kept = {key: value for key, value in options.items() if value is not None}
    change(folder / "run.json", options=kept)


def refusal(folders):
    with pytest.raises(StoreError) as error:
        compared(folders)
    assert AGAIN in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["run.json", "summary.json"])
@pytest.mark.parametrize("content", ["[]", '"text"', "3", "{", ""])
def test_a_file_that_holds_no_object_is_damaged(folders, name, content):
    (folders[1] / name).write_text(content, encoding="utf-8")
    assert f"y2: {name} is missing or damaged" in refusal(folders)


@pytest.mark.parametrize("summary", ["{}", '{"norms": null}', '{"norms": ["CLINIC"]}', '{"norms": [{}]}'])
def test_a_summary_without_norms_is_refused(folders, summary):
    (folders[1] / "summary.json").write_text(summary, encoding="utf-8")
    assert re.search(r"y2.summary\.json: norms are not a list of norms", refusal(folders))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"score": None}, "score is no table of options"),
        ({"score": "weights"}, "score is no table of options"),
        ({"network": None}, "network.modes name no mode"),
        ({"network": {"modes": []}}, "network.modes name no mode"),
        ({"network": "drive"}, "network.modes name no mode"),
        ({"as_of": None}, "as_of is no date"),
        ({"as_of": "soon"}, "as_of is no date"),
        ({"population": []}, "population.basis is no text"),
        ({"outputs": {"status": "secret"}}, "outputs.status is none of draft, internal, public"),
        ({"synthetic": "maybe"}, "synthetic is not true or false"),
        ({"jurisdictions": "CN"}, "jurisdictions are no list"),
        ({"score": {"targets": {"of_tomorrow": 1.0}}}, "score.targets.of_tomorrow: not known to this version"),
        ({"score": {"epsilon": "much"}}, "score.epsilon: "),
    ],
)
def test_options_that_cannot_be_read_are_named_with_their_file(folders, changes, told):
    change_options(folders[1], **changes)
    found = refusal(folders)
    assert re.search(rf"y2.run\.json: .*{re.escape(told)}", found)
    assert "of another version of the package" in found


def test_rules_of_the_score_that_a_run_does_not_name_are_the_packages_own(folders, tmp_path):
    change_options(folders[1], score={})
    compare_folders(list(folders), to=tmp_path / "out")
    assert (tmp_path / "out" / "compare.html").is_file()


def test_options_that_are_text_are_refused_and_all_faults_are_told_at_once(folders):
    change_options(folders[1], as_of=None, score=None)
    found = refusal(folders)
    assert "as_of" in found
    assert "score" in found
    change(folders[1] / "run.json", options="none")
    assert "options are no table of options" in refusal(folders)


def test_a_table_that_the_run_wrote_and_that_is_gone_is_noticed(folders):
    outputs = {"settlements": {}, "boundaries": {"path": "boundaries.parquet"}, "file:page.html": {}}
    (folders[1] / "read.manifest.json").write_text(json.dumps({"outputs": outputs}), encoding="utf-8")
    change(folders[1] / "run.json", stages={"read": {}})
    assert "y2: the run wrote boundaries.parquet, no longer there" in refusal(folders)


def test_a_run_stopped_halfway_says_all_that_it_lacks(folders):
    for name in ("towns", "score_components", "scores"):
        (folders[1] / f"{name}.parquet").unlink()
    with pytest.raises(StoreError, match=r"not finished, it lacks towns, score_components, scores; run the whole"):
        compared(folders)


@pytest.mark.parametrize("study", [[], {"title": "County"}])
def test_a_summary_without_titles_is_refused(folders, study):
    change(folders[1] / "summary.json", study=study)
    assert re.search(r"y2.summary\.json: study has no table of titles", refusal(folders))


def made_by(folder, version, **code):
    stages = {stage: {"code": told} for stage, told in code.items()}
    change(folder / "run.json", libraries={"spatial-integration": version}, stages=stages)


def test_runs_of_different_versions_are_told(folders):
    assert not {"version", "code"} & set(dict(compared(folders).notes))
    made_by(folders[0], "0.1.0", score="aa")
    assert dict(compared(folders).notes)["version"] == "y1 0.1.0, y2 ?"
    made_by(folders[1], "0.2.0", score="bb")
    notes = dict(compared(folders).notes)
    assert notes["version"] == "y1 0.1.0, y2 0.2.0"
    assert "code" not in notes


def test_runs_of_other_code_of_one_version_are_told_by_stage(folders):
    made_by(folders[0], "0.1.0", access="aa", norms="aa", score="aa", maps="aa")
    made_by(folders[1], "0.1.0", access="aa", norms="bb", score="cc", maps="bb")
    assert dict(compared(folders).notes)["code"] == "norms, score"


def test_a_record_of_strange_shape_has_no_version(folders):
    change(folders[0] / "run.json", libraries=["numpy"], stages=["read"])
    assert "version" not in dict(compared(folders).notes)


def test_every_refusal_is_one_of_the_package(folders):
    (folders[0] / "run.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SpatialError):
        sp.trajectory([sp.read_results(folder) for folder in folders])
