"""A run that is killed in any stage goes on when it is run again, and ends in the same bytes."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from spatial.pipeline import STAGES

DRIVER = textwrap.dedent(
    """
    import dataclasses, os, signal, sys
    from pathlib import Path
    from spatial import pipeline
    from spatial.study import Study

    study = Study.from_toml(sys.argv[1], raw=sys.argv[2])
    killed, whole = Path(sys.argv[3]), Path(sys.argv[4])

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    def dies_at_work(stage):
        return dataclasses.replace(stage, function=die)

    def dies_while_writing(stage):
        def function(*arguments):
            made = stage.function(*arguments)
            calls = []
            # Every output is written under another name, synced and renamed: the second one never gets its name.
            os.fsync = lambda _number: die() if calls else calls.append(1)
            return made
        return dataclasses.replace(stage, function=function)

    def run(folder, change=None, name=None):
        child = os.fork()
        if child == 0:
            stages = pipeline.STAGES
            pipeline.STAGES = tuple(change(stage) if stage.name == name else stage for stage in stages)
            try:
                pipeline.run(study, processed=folder / "processed", maps=folder / "maps")
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    for stage in pipeline.STAGES:
        for change in (dies_at_work, dies_while_writing):
            code = run(killed, change, stage.name)
            left = sorted(path.name for path in killed.rglob(".spatial-*"))
            print(stage.name, change.__name__, code, len(left), flush=True)
    print("to the end", run(killed), flush=True)
    print("whole", run(whole), flush=True)
    """
)


def _contents(folder: Path) -> dict[str, object]:
    """Every file by name; of the records of a run, all but the seconds."""
    found: dict[str, object] = {}
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name.endswith(".manifest.json"):
            found[name] = {
                key: value for key, value in json.loads(path.read_text()).items() if key != "seconds"
            }
        elif path.name not in {
            "run.json",
            ".checksums.json",
        }:  # which stages ran, in how many seconds, and file stamps
            found[name] = path.read_bytes()
    return found


def test_kill_9_in_each_stage_and_then_run_again_gives_the_same_bytes(tiny, tmp_path):
    tiny.add_raster()
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    done = subprocess.run(
        [sys.executable, str(driver), str(tiny.save()), str(tiny.raw), str(killed), str(whole)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    expected = []
    for stage in STAGES:
        expected.append(
            f"{stage.name} dies_at_work {-signal.SIGKILL} 0"
        )  # what was left before is swept away
        expected.append(f"{stage.name} dies_while_writing {-signal.SIGKILL} 1")
    assert lines == [*expected, "to the end 0", "whole 0"], done.stderr
    after, straight = _contents(killed), _contents(whole)
    assert sorted(after) == sorted(straight)
    assert [name for name in after if after[name] != straight[name]] == []
    assert not [name for name in after if ".spatial-" in name]
