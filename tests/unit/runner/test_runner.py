"""The runner runs what changed, skips what did not, and resumes after a crash with the same bytes."""

import json
import os
import platform
import random
import signal
import subprocess
import sys
import textwrap
import time
import weakref
from pathlib import Path

import pandas as pd
import pytest

from spatial.errors import SourceError, SpatialError, StageError, StoreError, StudyError
from spatial.formats.notes import no_findings
from spatial.messages import Words
from spatial.norms.law import load_register
from spatial.runner import Options, Stage, plan, run_stages
from spatial.runner.cost import give_back_memory, held_mb, keep_memory, keeping_arrays
from spatial.runner.manifest import imported_modules
from spatial.runner.run import Reason, reason_text
from spatial.runner.stage import Late
from spatial.store import SETTLED_NS, Artifact, Checksums, Store, sha256_of
from spatial.study import Study
from spatial.tables import TABLES
from tests.effort import SEED

STUDY = {"name": "toy", "title": {"en": "Toy"}, "as_of": "2026-01-01", "sources": {"osm": {"path": "toy.osm.pbf"}}}


def _study(**more: object) -> Study:
    return Study.from_dict({**STUDY, **more})


def _counts(number: float) -> pd.DataFrame:
    return pd.DataFrame({"source": ["toy"], "item": ["n"], "number": [number]})


def first(*, options, progress):
    return {"counts": _counts(options.network.speed_factor)}


def second(*, counts, options, progress):
    doubled = counts["number"] * 2
    return {"doubled": pd.DataFrame({"number": doubled}), "files": [Artifact("page.html", str(doubled[0]).encode())]}


STAGES = (
    Stage("first", first, makes=("counts",), options=("network",)),
    Stage("second", second, reads=("counts",), makes=("doubled",), files="maps"),
)


def _run(tmp_path: Path, study: Study | None = None, stages=STAGES):
    record = run_stages(stages, study or _study(), tmp_path / "p", tmp_path / "m")
    return [name for name, facts in record["stages"].items() if facts["ran"]]


def seen(*, options, progress, **tables):
    return {"files": [Artifact(f"{name}.txt", " ".join(table).encode()) for name, table in tables.items()]}


def numbers_alone(tables, _options, rows):
    return {name: ("number",) if rows(name) == 1 else () for name in tables}


@pytest.mark.parametrize("columns", [{"counts": ("number",), "doubled": ()}, Late(__name__, "numbers_alone")])
def test_a_stage_is_handed_the_columns_that_it_declares_and_no_table_that_it_does_without(tmp_path, columns):
    def many(*, counts, options, progress):
        return {"doubled": pd.concat([counts, counts])}

    stages = (
        STAGES[0],
        Stage("many", many, reads=("counts",), makes=("doubled",)),
        Stage("seen", seen, reads=("counts", "doubled"), files="maps", columns=columns),
    )
    _run(tmp_path, stages=stages)
    assert {file.name: file.read_text() for file in (tmp_path / "m").glob("*.txt")} == {"counts.txt": "number"}


def test_what_no_later_stage_reads_is_let_go(tmp_path):
    made, still_there = [], []

    def makes(*, counts, options, progress):
        graph = options.derived(("counts",), "graph", lambda: pd.DataFrame({"node": [1]}))
        made[:] = [weakref.ref(graph)]
        return {}

    def looks(*, options, progress, **_tables):
        still_there.append(made[0]() is not None)
        return {}

    later = (Stage("reads", looks, reads=("counts",)), Stage("reads not", looks, options=("name",)))
    _run(tmp_path, stages=(STAGES[0], Stage("makes", makes, reads=("counts",)), *later))
    assert still_there == [True, False]


def test_a_stage_holds_texts_as_objects_and_leaves_the_setting_of_the_reader_alone(tmp_path):
    def looks(*, counts, options, progress):
        found.extend([counts["item"].dtype, pd.Series(["a"], dtype="str").dtype, counts.columns.dtype])
        found.extend(frame.dtypes.iloc[0] for frame in kept())
        return {}

    def kept():
        """Frames that are made once a process."""
        return [load_register(), no_findings("EPSG:4326"), TABLES["access"].frame()]

    found = []
    _run(tmp_path, stages=(STAGES[0], Stage("looks", looks, reads=("counts",))))
    assert [kind.storage for kind in found] == ["python"] * 6
    assert [frame.dtypes.iloc[0] for frame in kept()] == [pd.Series(["a"], dtype="str").dtype] * 3
    assert pd.get_option("mode.string_storage") == "auto"


def test_progress_is_told_by_what_stages_take_beside_others_and_then_by_what_they_took(tmp_path):
    def slow(*, options, progress):
        progress(0.5, "half")
        return {}

    def told():
        found = []
        stages = (Stage("quick", slow), Stage("slow", slow, share=3.0, options=("name",)))
        run_stages(stages, _study(), tmp_path, tmp_path, progress=lambda fraction, _message: found.append(fraction))
        return found

    assert told() == [0.0, 0.125, 0.25, 0.625, 1.0]
    store = Store(tmp_path)
    for name, seconds in (("quick", 9.0), ("slow", 1.0)):
        store.write_record(f"{name}.manifest.json", store.read_record(f"{name}.manifest.json") | {"seconds": seconds})
    assert told() == [0.0, 0.9, 1.0]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Hospital", "by car", "done"]),
        ("fr", ["Hôpital", "en voiture", "terminé"]),
        ("zh", ["医院", "驾车", "完成"]),
    ],
)
def test_progress_is_told_in_the_language_of_the_study(tmp_path, language, told):
    def slow(*, options, progress):
        for part in ("", "hospital", "drive"):
            progress(0.5, part)
        return {}

    found, study = [], _study(outputs={"languages": [language]})
    run_stages((Stage("areas", slow),), study, tmp_path, tmp_path, progress=lambda _, message: found.append(message))
    begun, whole, *parts, done = found
    assert begun == whole
    assert begun.startswith("areas (")
    assert [*parts, done] == [*(Words(language).told_of("areas", part) for part in told[:2]), told[2]]


def test_a_second_run_skips_everything(tmp_path: Path) -> None:
    assert _run(tmp_path) == ["first", "second"]
    assert _run(tmp_path) == []


def test_a_changed_option_runs_its_stage_and_what_follows(tmp_path: Path) -> None:
    _run(tmp_path)
    assert _run(tmp_path, _study(network={"speed_factor": 1.5})) == ["first", "second"]
    assert (tmp_path / "m" / "page.html").read_text() == "3.0"  # 1.5 doubled


def test_an_option_that_no_stage_takes_runs_nothing(tmp_path: Path) -> None:
    _run(tmp_path)
    assert _run(tmp_path, _study(outputs={"status": "public"})) == []


def test_a_damaged_output_is_made_again_with_the_same_bytes(tmp_path: Path) -> None:
    _run(tmp_path)
    path = tmp_path / "p" / "counts.parquet"
    before = sha256_of(path)
    path.write_bytes(path.read_bytes()[:50])
    assert _run(tmp_path) == ["first"]  # the same bytes again, so the second stage is still up to date
    assert sha256_of(path) == before


def test_the_plan_says_what_would_run_and_why(tmp_path: Path) -> None:
    _run(tmp_path)
    decisions = plan(STAGES, _study(network={"speed_factor": 2.0}), tmp_path / "p", tmp_path / "m")
    assert [(item.stage, item.runs) for item in decisions] == [("first", True), ("second", True)]
    assert "changed" in decisions[0].reason
    assert "first runs before it" in decisions[1].reason
    (tmp_path / "m" / "page.html").unlink()
    decisions = plan(STAGES, _study(), tmp_path / "p", tmp_path / "m")
    assert [item.runs for item in decisions] == [False, True]
    assert "page.html is missing" in decisions[1].reason


def test_why_a_stage_runs_is_said_in_every_language() -> None:
    changes = [Reason(key, "a") for key in ("study", "input", "file", "norms", "code", "library", "contract")]
    alone = ("before", "gone", "never", "up_to_date")
    whole = [(change,) for change in changes] + [(Reason(key, "a"),) for key in alone]
    english = [reason_text(why, Words("en")) for why in (*whole, changes)]
    assert english[-1] == "a of the study, its input a, the file a and 4 more changed"
    for language in ("zh", "fr"):
        told = [reason_text(why, Words(language)) for why in (*whole, changes)]
        assert not set(told) & set(english)
        assert len(set(told)) == len(told)
    assert reason_text(changes, Words("zh")).count("a") == 3


def test_a_failing_stage_keeps_what_finished_and_names_itself(tmp_path: Path) -> None:
    def broken(*, counts, options, progress):
        raise SpatialError("the well is dry")

    stages = (STAGES[0], Stage("broken", broken, reads=("counts",)))
    with pytest.raises(StageError, match="stage broken: the well is dry"):
        _run(tmp_path, stages=stages)
    assert (tmp_path / "p" / "counts.parquet").is_file()
    assert _run(tmp_path) == ["second"]


def test_a_stage_that_makes_what_it_did_not_declare_is_refused(tmp_path: Path) -> None:
    def generous(*, options, progress):
        return {"counts": _counts(1.0), "surprise": _counts(1.0)}

    with pytest.raises(StageError, match="surprise"):
        _run(tmp_path, stages=(Stage("generous", generous, makes=("counts",)),))
    assert not (tmp_path / "p" / "counts.parquet").exists()


def test_a_stage_cannot_look_at_an_option_that_it_has_not_declared() -> None:
    options = Options(_study(), ("network",))
    assert options.network.speed_factor == 1.0
    with pytest.raises(SpatialError, match="has not declared the option 'access'"):
        _ = options.access


def test_a_stage_that_takes_a_study_sees_its_declared_options_only() -> None:
    study = _study(network={"speed_factor": 3.0}, region={"buffer_km": 7.0})
    seen = Options(study, ("region", "sources")).declared_study()
    assert seen.region.buffer_km == 7.0
    assert seen.network.speed_factor == 1.0  # the default
    assert seen.name == "study"


def test_a_page_that_is_no_longer_made_is_removed(tmp_path: Path) -> None:
    def pages(*, options, progress):
        return {"files": [Artifact(f"{name}.html", b"x") for name in options.outputs.languages]}

    stages = (Stage("pages", pages, options=("outputs",), files="maps"),)
    _run(tmp_path, _study(outputs={"languages": ["en", "zh"]}), stages)
    _run(tmp_path, _study(outputs={"languages": ["en"]}), stages)
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["en.html"]


@pytest.mark.parametrize("fails", ["making", "writing"])
def test_what_a_stage_left_that_did_not_end_is_neither_read_nor_shown(tmp_path: Path, monkeypatch, fails: str) -> None:
    def drawn(*, options, progress):
        languages = options.outputs.languages
        if list(languages) == ["zh"] and fails == "making":
            raise SpatialError("the power went")
        files = [Artifact(f"{name}.html", b"x") for name in languages]
        return {"files": files} | ({"doubled": pd.DataFrame({"number": [2.0]})} if "en" in languages else {})

    def reader(*, options, progress, doubled=None):
        return {"counts": _counts(0.0 if doubled is None else 1.0)}

    stages = (
        Stage("drawn", drawn, makes=("doubled?",), options=("outputs",), files="maps"),
        Stage("reader", reader, reads=("doubled?",), makes=("counts",)),
    )

    def run(*languages):
        return _run(tmp_path, _study(outputs={"languages": [*languages]}), stages)

    def number():
        return pd.read_parquet(tmp_path / "p" / "counts.parquet")["number"].tolist()

    run("en", "fr")
    assert number() == [1.0]
    whole = Store.write_file

    def full(store, artifact, folder=None):
        path = whole(store, artifact, folder)
        if artifact.name.endswith(".html"):
            raise SpatialError("the disk is full")
        return path

    with monkeypatch.context() as patched:
        if fails == "writing":
            patched.setattr(Store, "write_file", full)
        with pytest.raises(StageError):
            run("zh")
    run("fr")
    assert number() == [0.0]
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["fr.html"]
    assert not (tmp_path / "p" / "doubled.parquet").exists()
    assert run("fr") == []


def told(*, options, progress):
    return {"summary": {"factor": options.network.speed_factor}}


def told_as_a_file(*, options, progress):
    return {"files": [Artifact("summary.json", str(options.network.speed_factor).encode())]}


def said(*, summary, options, progress):
    return {"files": [Artifact("page.html", str(summary["factor"]).encode())]}


def test_the_summary_of_one_stage_is_read_by_another(tmp_path: Path) -> None:
    stages = (
        Stage("told", told, makes=("summary",), options=("network",)),
        Stage("said", said, reads=("summary",), files="maps"),
    )
    assert _run(tmp_path, stages=stages) == ["told", "said"]
    assert (tmp_path / "m" / "page.html").read_text() == "1.0"  # the factor that a study has by default
    (tmp_path / "p" / "summary.json").write_text("{")
    assert _run(tmp_path, stages=stages) == ["told"]  # the same bytes again, so the page stays
    assert _run(tmp_path, _study(network={"speed_factor": 0.5}), stages) == ["told", "said"]
    assert (tmp_path / "m" / "page.html").read_text() == "0.5"


def test_a_summary_that_was_a_file_before_is_not_removed_as_no_longer_made(tmp_path: Path) -> None:
    before = Stage("told", told_as_a_file, options=("network",), files="processed")
    _run(tmp_path, stages=(before,))
    _run(tmp_path, stages=(Stage("told", told, makes=("summary",), options=("network",)),))
    assert (tmp_path / "p" / "summary.json").read_text() == '{\n "factor": 1.0\n}\n'


def test_an_unknown_last_stage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="until: no stage is named 'third'; the stages are first, second"):
        run_stages(STAGES, _study(), tmp_path, tmp_path, until="third")


def test_the_fingerprint_follows_imports_inside_functions_and_leaves_the_contracts_apart() -> None:
    modules = imported_modules("spatial.cli")
    assert "spatial.drafting.study_file" in modules  # imported inside `init`
    assert "spatial.tables" not in modules
    assert "spatial.study" not in modules


KILLS = textwrap.dedent(
    """
    import json, os, signal, sys
    from pathlib import Path
    import pandas as pd
    from spatial.runner import Stage, run_stages
    from spatial.store import Artifact, Store
    from spatial.study import Study

    moment = "never"

    def die(here):
        if moment == here:
            os.kill(os.getpid(), signal.SIGKILL)

    def first(*, options, progress):
        die("first")
        return {"counts": pd.DataFrame({"source": ["toy"], "item": ["n"], "number": [1.0]})}

    def second(*, counts, options, progress):
        die("second")
        return {"doubled": counts[["number"]] * 2, "files": [Artifact("page.html", b"2")]}

    def write_file(self, artifact, folder=None):
        path = (folder or self.folder) / artifact.name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / ".spatial-half.html").write_bytes(artifact.content[:1])
        os.kill(os.getpid(), signal.SIGKILL)

    def run(folder, when):
        global moment
        child = os.fork()
        if child == 0:
            moment = when
            if moment == "write":
                Store.write_file = write_file
            run_stages(stages, study, folder / "p", folder / "m")
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    study = Study.from_dict({"name": "toy", "title": {"en": "T"}, "as_of": "2026-01-01",
                             "sources": {"osm": {"path": "toy.osm.pbf"}}})
    stages = (Stage("first", first, makes=("counts",)),
              Stage("second", second, reads=("counts",), makes=("doubled",), files="maps"))
    folder = Path(sys.argv[1])
    codes = {when: [run(folder / when, when), run(folder / when, "never")] for when in sys.argv[2:]}
    print(json.dumps(codes | {"whole": run(folder / "whole", "never")}))
    """
)
MOMENTS = ("first", "second", "write")


@pytest.fixture(scope="module")
def kills(tmp_path_factory) -> tuple[Path, dict[str, object]]:
    """A run that is killed at each moment and then run again, and one that is not; their folder and exit codes."""
    folder = tmp_path_factory.mktemp("kills")
    (folder / "toy.py").write_text(KILLS)
    command = [sys.executable, str(folder / "toy.py"), str(folder), *MOMENTS]
    return folder, json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_9_at_any_moment_then_run_again_gives_the_same_bytes(kills, moment: str) -> None:
    folder, codes = kills
    assert codes[moment] == [-signal.SIGKILL, 0]
    assert codes["whole"] == 0
    assert sorted(p.name for p in (folder / moment / "m").iterdir()) == ["page.html"]
    for name in ("p/counts.parquet", "p/doubled.parquet", "m/page.html"):
        assert sha256_of(folder / moment / name) == sha256_of(folder / "whole" / name)


def test_a_killed_run_does_not_leave_the_folder_locked(tmp_path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from spatial.store import locked\n"
        f"with locked(Path({str(tmp_path)!r})): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert _run(tmp_path) == ["first", "second"]


@pytest.mark.skipif(os.name == "nt", reason="flock is not on Windows")
def test_two_runs_at_once_on_one_folder_are_refused(tmp_path: Path) -> None:
    def nested(*, options, progress):
        run_stages(STAGES, _study(), tmp_path / "p", tmp_path / "m")
        return {}

    with pytest.raises(StoreError, match="another run"):
        _run(tmp_path, stages=(Stage("nested", nested),))


def test_a_file_that_keeps_its_size_its_time_stamp_and_its_inode_is_found_changed(tmp_path: Path) -> None:
    _run(tmp_path)
    path, long_ago = tmp_path / "m" / "page.html", (1_000_000_000, 1_000_000_000)
    os.utime(path, ns=long_ago)
    assert _run(tmp_path) == []
    time.sleep(2 * SETTLED_NS / 1e9)  # from here on its checksum is remembered
    assert _run(tmp_path) == []
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"9")  # in place, so that the inode stays
    os.utime(path, ns=long_ago)
    assert path.stat()[:7] == before[:7]
    # Whoever sets a clock or a time stamp back cannot set back when the system last saw it changed.
    assert [item.stage for item in plan(STAGES, _study(), tmp_path / "p", tmp_path / "m") if item.runs] == ["second"]


def test_a_file_of_the_future_is_hashed_each_time(tmp_path: Path) -> None:
    path, future = tmp_path / "a.csv", time.time_ns() + 10**15  # eleven days
    path.write_bytes(b"1")
    os.utime(path, ns=(future, future))
    checksums = Checksums(Store(tmp_path))
    first = checksums.of(path)
    checksums.save()
    assert str(path) not in (Store(tmp_path).read_record(Checksums.NAME) or {})
    path.write_bytes(b"2")
    os.utime(path, ns=(future, future))
    assert checksums.of(path) != first


WRITERS = {
    "before it is read": lambda path: (path.write_bytes(b"new"), path.read_bytes())[1],
    "after it was read": lambda path: (path.read_bytes(), path.write_bytes(b"new"))[0],
    "and back again": lambda path: (path.write_bytes(b"new"), path.read_bytes(), path.write_bytes(b"old"))[1],
}


@pytest.mark.parametrize("when", WRITERS)
def test_a_source_that_changes_while_its_stage_is_at_work_leaves_the_stage_unfinished(tmp_path: Path, when) -> None:
    source = tmp_path / "toy.osm.pbf"
    source.write_bytes(b"old")
    os.utime(source, ns=(1_000_000_000, 1_000_000_000))
    writers = [WRITERS[when]]

    def reads(*, options, progress):
        read = writers.pop()(source) if writers else source.read_bytes()
        return {"files": [Artifact("page.html", read)]}

    stages = (Stage("reads", reads, files="maps", reads_raw=True),)
    study = Study.from_dict(STUDY, raw=tmp_path)
    with pytest.raises(StageError, match=r"'toy\.osm\.pbf' .* changed while it was read") as refused:
        _run(tmp_path, study, stages)
    assert refused.value.exit_code == 3
    assert not (tmp_path / "p" / "run.json").exists()
    assert _run(tmp_path, study, stages) == ["reads"]
    assert (tmp_path / "m" / "page.html").read_bytes() == source.read_bytes()
    assert _run(tmp_path, study, stages) == []


def test_a_source_that_changes_behind_its_stage_is_said_and_the_run_is_kept_as_of_the_old_one(tmp_path: Path) -> None:
    source = tmp_path / "toy.osm.pbf"
    source.write_bytes(b"old")
    was = sha256_of(source)

    def writes(*, counts, options, progress):
        source.write_bytes(b"new")
        return {"doubled": counts[["number"]] * 2}

    stages = (
        Stage("first", first, makes=("counts",), options=("network",), reads_raw=True),
        Stage("writes", writes, reads=("counts",), makes=("doubled",)),
    )
    study = Study.from_dict(STUDY, raw=tmp_path)
    with pytest.raises(SourceError, match=r"'toy\.osm\.pbf' .*changed while the run was at work"):
        _run(tmp_path, study, stages)
    assert json.loads((tmp_path / "p" / "run.json").read_text())["sources"] == {"toy.osm.pbf": was}
    assert _run(tmp_path, study, stages) == ["first"]


def _damage(path: Path, rng: random.Random) -> str:
    """Spoil a file in one of the ways in which files are spoilt, and say which."""
    data = bytearray(path.read_bytes())
    how = rng.choice(["one bit", "cut off", "zeros", "a list", "nothing in it", "gone"])
    if how == "one bit":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    damaged = {
        "cut off": data[: rng.randrange(len(data))],
        "zeros": bytes(len(data)),
        "a list": b"[1, 2]",
        "nothing in it": b"",
    }
    path.unlink()
    if how != "gone":
        path.write_bytes(damaged.get(how, data))
    return how


def test_whatever_file_of_a_run_is_damaged_the_next_run_ends_in_the_same_bytes(tmp_path: Path) -> None:
    _run(tmp_path)
    outputs = ("p/counts.parquet", "p/doubled.parquet", "m/page.html")
    whole = {name: (tmp_path / name).read_bytes() for name in outputs}
    rng = random.Random(SEED)  # noqa: S311 - a sample, no secret
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock")
    assert {".checksums.json", "run.json", "first.manifest.json"} < {path.name for path in files}
    for turn in range(60):
        path = rng.choice(files)
        how = f"{turn}: {path.name}, {_damage(path, rng)}"
        ran = _run(tmp_path)
        assert {name: (tmp_path / name).read_bytes() for name in outputs} == whole, how
        assert _run(tmp_path) == [], how
        assert ran or path.name in {".checksums.json", "run.json"}, how


def test_a_stage_may_change_what_it_was_given_without_changing_what_the_next_one_gets(tmp_path: Path) -> None:
    def spoil(*, counts, options, progress):
        counts["number"] = -1.0
        counts.loc[0, "item"] = "spoilt"
        return {"spoilt": counts}

    def last(*, counts, options, progress):
        return {"same": counts}

    stages = (
        STAGES[0],
        Stage("spoil", spoil, reads=("counts",), makes=("spoilt",)),
        Stage("last", last, reads=("counts",), makes=("same",)),
    )
    _run(tmp_path, stages=stages)
    assert pd.read_parquet(tmp_path / "p" / "same.parquet").to_dict("list") == _counts(1.0).to_dict("list")


def test_sources_in_a_folder_that_was_moved_are_not_read_again(tmp_path: Path) -> None:
    stages = (Stage("first", first, makes=("counts",), options=("network",), reads_raw=True),)

    def run_on(name: str, content: bytes) -> list[str]:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "toy.osm.pbf").write_bytes(content)
        return _run(tmp_path, Study.from_dict(STUDY, raw=tmp_path / name), stages)

    assert run_on("here", b"roads") == ["first"]
    assert run_on("there", b"roads") == []
    assert run_on("there", b"other roads") == ["first"]
    # Where none lies, such as below a folder that was named wrongly, nothing was changed.
    nowhere = Study.from_dict(STUDY, raw=tmp_path / "nowhere")
    assert plan(stages, nowhere, tmp_path / "p", tmp_path / "m")[0].reason == "raw data lack toy.osm.pbf"


def test_a_run_keeps_a_project_that_somebody_saved_and_says_so(tmp_path: Path, caplog) -> None:
    def drawn(*, options, progress):
        return {"files": [Artifact("x.qgz", b"project of the run"), Artifact("x.csv", b"table of the run")]}

    stages = (Stage("drawn", drawn, options=("name",), files="processed"),)
    _run(tmp_path, stages=stages)
    folder = tmp_path / "p"
    _run(tmp_path, stages=stages)
    (folder / "x.qgz").write_bytes(b"saved by hand")
    (folder / "x.csv").write_bytes(b"changed by hand")
    assert _run(tmp_path, stages=stages) == ["drawn"]
    (kept,) = folder.glob("*.bak")
    assert kept.name.startswith("x.qgz.")
    assert kept.read_bytes() == b"saved by hand"
    assert (folder / "x.qgz").read_bytes() == b"project of the run"
    assert "x.qgz was changed since the last run; it is kept as" in caplog.text
    assert _run(tmp_path, stages=stages) == []


def test_memory_that_nothing_uses_goes_back_to_the_system(monkeypatch):
    kept = [bytes(1000) for _ in range(100_000)]  # 100 MB in small pieces
    held = held_mb()
    del kept
    give_back_memory(held)  # a run that holds little keeps it
    monkeypatch.setattr("spatial.runner.cost.LARGE_MB", 0.0)
    give_back_memory(0.0)
    if held:
        assert held_mb() < held - 50.0


def test_memory_of_the_largest_arrays_is_kept_while_others_follow():
    before = held_mb()
    with keeping_arrays():
        large = bytearray(200_000_000)
        del large
        between = held_mb()
    if before and platform.libc_ver()[0] == "glibc":
        assert between > before + 150.0
        assert held_mb() < before + 50.0


def test_freed_memory_is_kept_by_the_allocator_that_a_user_chose(monkeypatch):
    def no_such_library(_name):
        raise OSError("not GNU's")

    monkeypatch.setattr("spatial.runner.cost.ctypes.CDLL", no_such_library)  # another system: no word of it
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "mimalloc")
    keep_memory()
    assert os.environ["ARROW_DEFAULT_MEMORY_POOL"] == "mimalloc"
    monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL")
    keep_memory()
    assert os.environ["ARROW_DEFAULT_MEMORY_POOL"] == "system"
