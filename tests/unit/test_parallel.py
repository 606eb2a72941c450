"""Work shared between threads and between workers: what is lost is said in words, and what can go on does."""

import logging
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from spatial import parallel, runs
from spatial.errors import MissingDependencyError, WorkersError
from spatial.messages import warn
from spatial.parallel import Share, map_blocks, team_of

ROOT = Path(__file__).parents[2] / "spatial"


def _double(number):
    return 2 * number


def test_threads_processes_and_clusters_are_started_in_one_place_alone():
    starts = re.compile(r"\b(ThreadPoolExecutor|ProcessPoolExecutor|import multiprocessing|import d(ask|istributed))\b")
    found = {path.name for path in ROOT.rglob("*.py") if starts.search(path.read_text(encoding="utf-8"))}
    assert found == {"parallel.py"}


def test_blocks_come_back_in_their_order():
    bounds = [(0, 3), (3, 5), (5, 6)]
    assert map_blocks(lambda first, stop: list(range(first, stop)), bounds) == [[0, 1, 2], [3, 4], [5]]


def test_without_workers_this_process_does_all_in_order():
    with team_of(Share()) as team:
        assert list(team.results(_double, [1, 2, 3])) == [(0, 2), (1, 4), (2, 6)]
        assert team.each(os.getpid) == [os.getpid()]


def test_a_missing_extra_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'spatial-integration\[dask\]'"), team_of(Share(2)):
        pass


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:9", "no scheduler answers at tcp://127.0.0.1:9 within 1 s"),
        ("tcp://127.0.0.1:99999", "no scheduler answers at tcp://127.0.0.1:99999"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9 is no address of a scheduler"),
        ("127.0.0.1", "127.0.0.1 is no address of a scheduler, such as tcp://10.0.0.5:8786"),
    ],
)
def test_a_scheduler_that_does_not_answer_is_said_within_seconds(monkeypatch, address, words):
    monkeypatch.setattr(parallel, "ANSWER_S", 1.0)
    began = time.monotonic()
    with pytest.raises(WorkersError, match=re.escape(words)), team_of(Share(scheduler=address)):
        pass
    assert time.monotonic() - began < 5.0


def test_two_ways_to_share_are_one_too_many(command, tmp_path):
    outcome = command("run", tmp_path / "study.toml", "--workers", "2", "--scheduler", "tcp://127.0.0.1:9")
    assert outcome.code == 2
    assert "give one of them" in outcome.err


def test_the_task_of_a_killed_worker_is_done_by_another_one(tmp_path):
    marks = [tmp_path / "first", tmp_path / "second"]

    def die_once(mark):  # as the system ends what takes too much memory; who finds the mark lives
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    with team_of(Share(workers=2)) as team:
        assert len(set(team.each(os.getpid))) == 2
        found = dict(team.results(die_once, marks))
    assert sorted(found) == [0, 1]
    assert os.getpid() not in found.values()


def test_a_scheduler_that_is_lost_at_work_is_said_and_how_to_go_on():
    from distributed import LocalCluster  # noqa: PLC0415 - of an extra

    quiet = {"protocol": "tcp://", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, host="127.0.0.1", **quiet) as cluster,
        team_of(Share(scheduler=cluster.scheduler_address)) as team,
    ):
        found = team.results(time.sleep, [0.2] * 4)
        next(found)
        cluster.close()
        with pytest.raises(WorkersError, match="was lost while it was at work; start it again"):
            list(found)


def test_of_several_studies_one_that_fails_does_not_keep_the_others(command, tiny_done):
    gone = tiny_done.folder / "gone.toml"
    outcome = command("run", gone, tiny_done.save(), *tiny_done.folders())
    assert outcome.code == 2
    assert f"== {gone} ==" in outcome.out
    assert "cannot be read" in outcome.err
    assert f"tables:       {tiny_done.processed / 'tiny'}" in outcome.out


def _warns(study, **_):
    runs.words_for(study)
    warn(logging.getLogger("spatial"), "no_routes", number=2, most=9, service="hospital")
    return runs.Told(["ran"], [], [])


def test_each_of_several_studies_tells_its_warnings_in_its_own_language(tiny, monkeypatch):
    monkeypatch.setattr(runs, "run_and_tell", _warns)
    asked = {"raw": tiny.raw, "shared": False, "project": None}
    files = []
    for number, language in enumerate(("fr", "en", "fr")):
        tiny.tables[""]["name"], tiny.tables["outputs"] = f"tiny{number}", {"languages": [language]}
        files.append(tiny.save().rename(tiny.folder / f"{number}.toml"))
    said = [runs.run_file(study).beside for study in runs.asked_studies(files, asked)]
    # The same warning of another study is not left out as said already.
    assert [len(lines) for lines in said] == [2, 2, 2]
    assert said[0] == said[2] != said[1]
    assert "Hospital" not in said[0][0]
    assert "WARNING spatial: " in said[1][0]


def test_studies_that_would_overwrite_each_other_are_refused_before_any_runs(command, tiny):
    other = tiny.save().rename(tiny.folder / "other.toml")
    outcome = command("run", other, tiny.save(), *tiny.folders())
    assert outcome.code == 2
    assert "name: 'tiny' is that of" in outcome.err
    assert "which would overwrite each other" in outcome.err
    assert not tiny.processed.exists()
