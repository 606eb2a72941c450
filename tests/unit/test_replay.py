"""A run is made again from its record alone: the same bytes, or what differs and why."""

import copy
import json

import pytest

from spatial.errors import SourceError, StoreError
from spatial.messages import Words
from spatial.runs import _compared, replay


def _record(tiny):
    return tiny.processed / "tiny" / "run.json"


def test_a_run_is_made_again_from_its_record_with_the_same_bytes(tiny_done, command, tmp_path):
    words = (_record(tiny_done), "--raw", tiny_done.raw, "--out", tmp_path / "new")
    outcome = command("replay", *words)
    assert outcome.code == 0, outcome.out + outcome.err
    then = json.loads(_record(tiny_done).read_text(encoding="utf-8"))
    count = sum(len(facts["files"]) for facts in then["stages"].values())
    assert outcome.out.startswith(f"same bytes: all {count} files\n")
    made = tmp_path / "new" / "processed" / "tiny"
    assert (made / "results.xlsx").read_bytes() == (tiny_done.processed / "tiny" / "results.xlsx").read_bytes()
    again = command("replay", *words)
    assert again.code == StoreError.exit_code
    assert "is there already; choose a new folder with --out" in again.err


def test_a_source_that_is_not_there_is_refused_before_any_work(tiny_done, tmp_path):
    (tiny_done.raw / "tiny" / "facilities.csv").unlink()
    with pytest.raises(SourceError, match=r"1 source\(s\) of the run are not below .*: tiny/facilities\.csv"):
        replay(_record(tiny_done), tmp_path / "new", raw=tiny_done.raw)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("text", ["{}", "[1]", '{"options": {}, "stages": {}}'])
def test_a_record_that_says_too_little_is_refused(tiny_done, tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match="says too little to repeat its run"):
        replay(path, tmp_path / "new", raw=tiny_done.raw)
    with pytest.raises(StoreError, match=r"is not there; name the run\.json of a run"):
        replay(tmp_path / "none.json", tmp_path / "new", raw=tiny_done.raw)


def test_what_differs_is_named_with_its_cause():
    then = {
        "sources": {"a.csv": "1", "b.csv": "2"},
        "libraries": {"numpy": "2.0", "pandas": "3.0"},
        "stages": {"read": {"code": "x", "files": {"t.parquet": "1"}}, "maps": {"code": "y", "files": {"i.html": "2"}}},
    }
    assert _compared(then, copy.deepcopy(then), Words("en")) == (True, ("same bytes: all 2 files",))
    now = copy.deepcopy(then)
    now["sources"]["b.csv"] = "3"
    now["libraries"]["numpy"] = "2.1"
    now["stages"]["maps"] = {"code": "z", "files": {"i.html": "5"}}
    is_same, lines = _compared(then, now, Words("en"))
    assert not is_same
    assert lines == (
        "1 of 2 files differs: i.html",
        "  the source b.csv changed",
        "  numpy was 2.0, and is 2.1",
        "  the code of maps differs",
    )
    assert _compared(then, now, Words("zh"))[1] == (
        "2个文件中有1个不同：i.html",  # noqa: RUF001 - Chinese
        "  数据文件b.csv有改动",
        "  numpy原为2.0，现为2.1",  # noqa: RUF001 - Chinese
        "  maps的代码不同",
    )
    odd = copy.deepcopy(then)
    odd["stages"]["read"]["files"]["t.parquet"] = "9"
    assert "this is a fault of spatial" in _compared(then, odd, Words("en"))[1][1]


@pytest.mark.trial
def test_a_run_of_a_scenario_is_made_again_from_its_record_and_that_of_today(tiny_done, command, tmp_path):
    text = tiny_done.save().read_text(encoding="utf-8")
    text += '\n[[scenarios]]\nname = "faster"\ntitle = { en = "Faster" }\nspeed_factors = { tertiary = 1.5 }\n'
    (tmp_path / "tiny.toml").write_text(text, encoding="utf-8")
    words = (
        tmp_path / "tiny.toml",
        "--raw",
        tiny_done.raw,
        "--processed",
        tiny_done.processed,
        "--maps",
        tiny_done.maps,
    )
    for more in ((), ("--scenario", "faster")):
        outcome = command("run", *words, *more)
        assert outcome.code == 0, outcome.err
    record = tiny_done.processed / "tiny--faster" / "run.json"
    outcome = command("replay", record, "--raw", tiny_done.raw, "--out", tmp_path / "new")
    assert outcome.code == 0, outcome.out + outcome.err
    assert outcome.out.startswith("same bytes: all ")
    assert (tmp_path / "new" / "processed" / "tiny--faster" / "summary.json").is_file()
