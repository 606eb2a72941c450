"""A run that is killed in any stage goes on when it is run again, and ends in the same bytes."""

import itertools
import json
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from spatial.pipeline import STAGES
from spatial.store import SEAL
from tests.effort import FAULTS, SEED

DRIVER = textwrap.dedent(
    """
    import dataclasses, importlib, os, signal, sys, time
    from pathlib import Path
    from spatial import pipeline, runs
    from spatial.study import Study

    study = Study.from_toml(sys.argv[1], raw=sys.argv[2])
    killed, whole = Path(sys.argv[3]), Path(sys.argv[4])
    kills = [kill.split(":") for kill in sys.argv[5:]]

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def dies_at_work(stage):
        return dataclasses.replace(stage, function=die)

    def dies_while_writing(stage):
        def function(**given):
            made = stage.function(**given)
            calls = []
            # Every output is written under another name, synced and renamed: the second one never gets its name.
            os.fsync = lambda _number: die() if calls else calls.append(1)
            return made
        return dataclasses.replace(stage, function=function)

    def dies_at(moment):
        def change(stage):
            def function(**given):
                victim = os.getpid()
                if os.fork() == 0:
                    os.closerange(3, 4096)  # the lock of the run among them, which would outlive it
                    time.sleep(moment)
                    try:
                        os.kill(victim, signal.SIGKILL)
                    finally:
                        os._exit(0)
                return stage.function(**given)
            return dataclasses.replace(stage, function=function)
        return change

    def run(folder, change=None, name=None):
        child = os.fork()
        if child == 0:
            stages = pipeline.STAGES
            pipeline.STAGES = tuple(change(stage) if stage.name == name else stage for stage in stages)
            try:
                # Each run has its own layers of the user where a study file of its own would put them.
                own = study.qgis.model_copy(update={"edits": str(folder / "tiny-edits.gpkg")})
                here = study.model_copy(update={"qgis": own})
                runs.run(here, processed=folder / "processed", maps=folder / "maps")
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    for stage in pipeline.STAGES:  # imported once, and not by each child
        importlib.import_module(stage.function.__module__)
    for name, way in kills:
        if way[0].isdigit():  # of a finished run, so that this stage alone is to be done
            (killed / "processed" / study.name / f"{name}.manifest.json").unlink(missing_ok=True)
        code = run(killed, dies_at(float(way)) if way[0].isdigit() else globals()[way], name)
        left = sorted(path.name for path in killed.rglob(".spatial-*"))
        print(name, way, code, len(left), flush=True)
    print("to the end", run(killed), flush=True)
    if not whole.exists():
        print("whole", run(whole), flush=True)
    """
)


RECORDS = {"run.json", ".checksums.json", ".headlines.json"}
"""Which stages ran, in how many seconds, file stamps, and what the command line said last."""


def _contents(folder: Path) -> dict[str, object]:
    """Every output by name; of manifests, all but seconds and memory."""
    found: dict[str, object] = {}
    outputs = [path for name in ("processed", "maps") for path in (folder / name).rglob("*")]
    for path in sorted(item for item in outputs if item.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name.endswith(".manifest.json"):
            told = json.loads(path.read_text())
            found[name] = {key: value for key, value in told.items() if key not in {"seconds", "memory_mb", SEAL}}
        elif path.name not in RECORDS:
            found[name] = path.read_bytes()
    return found


EVERY_KILL = [(stage.name, way) for stage in STAGES for way in ("dies_at_work", "dies_while_writing")]
SOME_KILLS = sorted(random.Random(2).sample(EVERY_KILL, 4), key=EVERY_KILL.index)  # noqa: S311 - a sample, no secret
LEFT = {"dies_at_work": 0, "dies_while_writing": 1}
"""Files half written: what an earlier run left is swept away."""


def test_the_kills_of_every_day_are_of_both_ways_and_leave_something_to_sweep_away():
    assert {way for _, way in SOME_KILLS} == set(LEFT)
    ways = [way for _, way in SOME_KILLS]
    assert ("dies_while_writing", "dies_at_work") in itertools.pairwise(ways)


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(SOME_KILLS, id="some", marks=pytest.mark.slow),
        pytest.param(EVERY_KILL, id="every", marks=pytest.mark.trial),
    ],
)
def test_kill_9_in_each_stage_and_then_run_again_gives_the_same_bytes(tiny, tiny_run, tmp_path, kills):
    every = kills == EVERY_KILL
    if every:
        tiny.add_raster()
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    # Of some kills the run of another process, which nobody killed, is what to end in.
    killed, whole = tmp_path / "killed", tmp_path / "whole" if every else tiny_run
    done = subprocess.run(
        [
            *(sys.executable, str(driver), str(tiny.save()), str(tiny.raw), str(killed), str(whole)),
            *(f"{stage}:{way}" for stage, way in kills),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [f"{stage} {way} {-signal.SIGKILL} {LEFT[way]}" for stage, way in kills]
    ends = ["to the end 0", "whole 0"] if every else ["to the end 0"]
    assert done.stdout.splitlines() == [*expected, *ends], done.stderr
    after, straight = _contents(killed), _contents(whole)
    assert sorted(after) == sorted(straight)
    assert [name for name in after if after[name] != straight[name]] == []
    assert not [name for name in after if ".spatial-" in name]


@pytest.mark.parametrize(
    "number", [pytest.param(2, id="some"), pytest.param(FAULTS, id="many", marks=pytest.mark.trial)]
)
def test_kill_9_at_random_moments_of_any_stage_ends_in_the_same_bytes(tiny_done, tiny_run, tmp_path, number):
    rng, driver = random.Random(SEED), tmp_path / "driver.py"  # noqa: S311 - a sample, no secret
    driver.write_text(DRIVER)
    took = {
        stage.name: json.loads((tiny_run / "processed" / "tiny" / f"{stage.name}.manifest.json").read_text())["seconds"]
        for stage in STAGES
    }
    stages = sorted((rng.choice(STAGES).name for _ in range(number)), key=[*took].index)
    kills = [f"{name}:{rng.uniform(0.0, took[name]):.4f}" for name in stages]
    done = subprocess.run(
        [sys.executable, str(driver), str(tiny_done.save()), str(tiny_done.raw), str(tmp_path), str(tiny_run), *kills],
        capture_output=True,
        text=True,
        check=False,
    )
    *codes, end = [line.split() for line in done.stdout.splitlines()]
    assert [line[:2] for line in codes] == [kill.split(":") for kill in kills], done.stderr
    # Some stages are done before their moment, on a machine that is quicker than it was.
    assert {line[2] for line in codes} <= {str(-signal.SIGKILL), "0"}, done.stderr
    assert str(-signal.SIGKILL) in {line[2] for line in codes}
    assert end == ["to", "the", "end", "0"], done.stderr
    after, straight = _contents(tmp_path), _contents(tiny_run)
    assert sorted(after) == sorted(straight)
    assert [name for name in after if after[name] != straight[name]] == []


def test_ctrl_c_and_a_signal_to_end_are_answered_and_the_run_goes_on(tiny, tiny_run):
    rng = random.Random(SEED)  # noqa: S311 - a sample, no secret
    command = [sys.executable, "-m", "spatial", "run", str(tiny.save()), *map(str, tiny.folders())]
    for sent, codes in (
        (
            signal.SIGINT,
            {130, -signal.SIGINT},
        ),  # where Python itself was importing it ends by the signal: 130 in a shell
        (signal.SIGTERM, {143}),
    ):
        before = set(tiny.written())
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            while set(tiny.written()) <= before and run.poll() is None:
                time.sleep(0.05)
            time.sleep(rng.uniform(0.0, 0.3))
            run.send_signal(sent)
            began = time.monotonic()
            _, said = run.communicate(timeout=60)
        assert run.returncode in codes, said
        assert time.monotonic() - began < 20  # a second on a machine that is not busy
        assert said.splitlines()[-1] == "interrupted; finished stages are kept, run again to go on"
        assert "Traceback" not in said
    assert tiny.run().code == 0
    after, straight = _contents(tiny.folder), _contents(tiny_run)
    assert sorted(after) == sorted(straight)
    assert [name for name in after if after[name] != straight[name]] == []


STUCK = """
import signal, time
from spatial import interruption
interruption.GRACE_S = 0.2
with interruption.answered_soon():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # as of a solver that does not come back to Python
    print("stuck", flush=True)
    while True:
        time.sleep(1)
"""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_step_that_nobody_can_interrupt_is_left_after_a_grace(sent, code):
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "stuck\n"
        run.send_signal(sent)
        _, said = run.communicate(timeout=30)
    assert (run.returncode, said) == (code, "interrupted; finished stages are kept, run again to go on\n")


KEPT_FOR_ITSELF = """
import contextlib, signal, sys, time
from pathlib import Path
from spatial import cli, interruption, store
def _raw_object_cache_notify():
    signal.raise_signal(SENT)
    print("not left", flush=True)
def run(*_, **__):
    if HOW == "called back":
        _raw_object_cache_notify()
        while True:  # until the signal comes again
            time.sleep(0.01)
    with contextlib.suppress(BaseException):
        signal.raise_signal(SENT)
    if HOW == "fails":
        raise ValueError("of what was kept")
    if HOW == "writes":
        with contextlib.suppress(KeyboardInterrupt), store.replace(Path("made.json")) as file:
            file.write_text("{}")
interruption.GRACE_S = 60.0
SENT, HOW = signal.Signals(int(sys.argv[1])), sys.argv[2]
cli.cli = run
cli.main()
"""


@pytest.mark.parametrize("how", ["called back", "fails", "writes"])
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_that_a_library_keeps_for_itself_is_answered_all_the_same(sent, code, how, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", KEPT_FOR_ITSELF, str(int(sent)), how],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=30,
    )
    assert (ended.returncode, ended.stderr) == (code, "interrupted; finished stages are kept, run again to go on\n")
    assert ended.stdout == ("not left\n" if how == "called back" else "")
    assert list(tmp_path.iterdir()) == []


IN_THE_BACKGROUND = """
import signal
from spatial.interruption import answered_soon
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell has it for what ends in &
with answered_soon():
    signal.raise_signal(signal.SIGINT)
    print("goes on", flush=True)
    signal.raise_signal(signal.SIGTERM)
"""


def test_ctrl_c_is_not_for_what_a_shell_runs_in_the_background():
    ended = subprocess.run(
        [sys.executable, "-c", IN_THE_BACKGROUND], capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.stdout == "goes on\n"
    assert "ToldToEndError" in ended.stderr


def _children(parent: int) -> set[int]:
    found = {
        int(child) for file in Path(f"/proc/{parent}/task").glob("*/children") for child in file.read_text().split()
    }
    return found.union(*map(_children, found))


@pytest.mark.trial
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_no_worker_outlives_the_run_that_started_it(tiny, sent, code):
    command = [sys.executable, "-m", "spatial", "run", str(tiny.save()), *map(str, tiny.folders()), "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        while len(workers := _children(run.pid)) < 2 and run.poll() is None:
            time.sleep(0.05)
        time.sleep(2.0)
        workers |= _children(run.pid)
        run.send_signal(sent)
        _, said = run.communicate(timeout=60)
    assert run.returncode == code, said
    assert len(workers) >= 2
    ends = time.monotonic() + 20
    while (left := [worker for worker in workers if Path(f"/proc/{worker}").exists()]) and time.monotonic() < ends:
        time.sleep(0.1)
    assert left == []
