"""The command line: what each command prints, with which exit code, and what it leaves alone."""

import functools
import json
import logging
import pstats
import re
import subprocess
import sys
import time
import tomllib
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from pathlib import Path

import numba
import pandas as pd
import pytest

from spatial import compiled
from spatial.cli import cli
from spatial.messages import Words, warn
from spatial.next_step import as_typed
from spatial.pipeline import STAGES
from spatial.plain_text import FewOfAKind, PlainFormatter, progress_bar, word_log
from spatial.results import read_results
from spatial.runner import Stage
from spatial.study import Study

pytestmark = pytest.mark.slow

NAMES = [stage.name for stage in STAGES]
SCREEN, WIDTH = 24, 80
"""Lines and letters of a terminal as it opens."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at):
    """A tiny study that ran up to its gaps, and how that ended."""
    tiny = tiny_at(tmp_path_factory.mktemp("cli"))
    return tiny, tiny.run("--stage", "gaps")


def test_init_writes_a_study_that_is_valid_and_explains_its_keys(command, tmp_path):
    file = tmp_path / "new" / "study.toml"
    outcome = command("init", file, "--name", "north-county")
    assert outcome.code == 0
    assert f"spatial check {file}" in outcome.out
    assert Study.from_toml(file).name == "north-county"
    assert "# max_snap_m = 5000.0" in file.read_text(encoding="utf-8")


def test_init_never_overwrites_a_study(command, tmp_path):
    file = tmp_path / "study.toml"
    file.write_text("mine")
    outcome = command("init", file)
    assert outcome.code == 2
    assert "is there already" in outcome.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", ["Nord Kreis", 'a"b', "", "../up"])
def test_init_refuses_a_name_that_no_study_may_have(command, tmp_path, name):
    outcome = command("init", tmp_path / "study.toml", "--name", name)
    assert outcome.code == 2
    assert "name" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_init_says_where_it_cannot_write(command, tmp_path):
    (tmp_path / "way").write_text("a file")
    outcome = command("init", tmp_path / "way" / "study.toml")
    assert outcome.code == 6
    assert "way" in outcome.err
    assert "cannot be written" in outcome.err


def test_check_speaks_of_one_as_of_one(command, tiny):
    tiny.write("settlements.csv", "\n".join(tiny.csv().splitlines()[:2]))
    tiny.write("facilities.csv", "\n".join(tiny.path("facilities.csv").read_text("utf-8").splitlines()[:2]))
    *_, fine, _ = command("check", tiny.save(), "--raw", tiny.raw).out.splitlines()
    assert fine == (
        "fine: 1 settlement in the study area, 1 facility of 1 service; 1 norm binds the study, 0 of them gate; "
        "0 have facilities of their service here"
    )


def test_check_counts_what_it_found_and_writes_nothing(command, tiny):
    short = command("check", tiny.save(), "--raw", tiny.raw)
    assert short.code == 0, short
    first, *_, fine, last = lines = short.out.splitlines()
    assert len(lines) <= 10
    assert first == "tiny: the study file and its sources are in order"
    assert fine.startswith("fine: 8 settlements in the study area, 4 facilities of ")
    assert last.endswith(f"spatial check -v {tiny.file} --raw {tiny.raw}")
    outcome = command("check", tiny.save(), "--raw", tiny.raw, "-v")
    assert outcome.out.startswith(first)
    assert f"all {len(outcome.out.splitlines())} lines" in last
    assert "tiny/settlements.csv: settlements 8" in outcome.out
    assert "tiny/facilities.csv: facilities (table 1) 4" in outcome.out
    assert "tiny/roads.osm: highway ways 10" in outcome.out
    assert tiny.written() == []


def known_issues(outcome):
    return [line.strip() for line in outcome.out.splitlines() if line.strip().startswith("known issue")]


def test_check_says_what_known_issues_forbid_in_the_words_of_a_run(command, tiny_done):
    tiny = tiny_done
    places = (
        '{ text = "Totals interchanged.", affects = ["population", "hospital"], forbids = "comparison", '
        'areas = ["西镇", "东镇"] }, { text = "Old.", forbids = "ranking", areas = "Nowhere" }'
    )
    issues = {"settlements.csv": f"[{places}]", "roads.osm": '"Streets alone."'}
    entries = [f'[[file]]\npath = "{path}"\nissue = {issue}\n' for path, issue in issues.items()]
    tiny.write("source.toml", "\n".join(entries))
    told = known_issues(command("check", tiny.save(), "--raw", tiny.raw, "-v"))
    # Both townships are named, so that neither of the two has a rank; nowhere is no township.
    forbidden = "forbids to compare 西镇, 东镇; townships without a rank: 2"
    assert sorted(told) == [
        "known issue: tiny/roads.osm: Streets alone.",
        "known issue: tiny/settlements.csv: Old. [forbids to rank Nowhere; not in the study: Nowhere]",
        f"known issue: tiny/settlements.csv: Totals interchanged. [affects population, Hospital; {forbidden}]",
    ]
    assert known_issues(tiny.run("--until", "gaps", "-v")) == told
    # Without being asked for all, the end of a run says the one that forbids something here.
    assert known_issues(tiny.run("--until", "gaps")) == [line for line in told if "forbids" in line]


def test_check_refuses_a_faulty_study_with_every_key(command, tiny):
    tiny.tables["network"] |= {"detour": 0.5, "speeds": "rural_cn"}
    tiny.tables[""]["name"] = "Tiny Valley"
    outcome = command("check", tiny.save(), "--raw", tiny.raw)
    assert outcome.code == 2
    assert "2 faults" in outcome.err
    assert "network.detour" in outcome.err
    assert "name:" in outcome.err


@pytest.mark.parametrize("verb", ["check", "run", "status", "fetch"])
def test_a_study_file_that_is_not_there_says_how_to_get_one(command, tmp_path, verb):
    outcome = command(verb, tmp_path / "none.toml")
    assert outcome.code == 2
    assert "none.toml" in outcome.err
    assert "spatial init" in outcome.err


def test_run_prints_headlines_and_where_the_tables_are(ran):
    tiny, outcome = ran
    assert outcome.code == 0, outcome
    assert "No mandatory norm is in force here" in outcome.out
    assert f"tables:       {tiny.processed / 'tiny'}" in outcome.out
    assert "pages:" not in outcome.out  # none was asked for


@pytest.mark.parametrize(
    ("language", "heading", "hidden"),
    [
        ("en", "Integration", "No integration level is shown"),
        ("zh", "融合", "所依据的居民点不足"),
        ("fr", "Intégration", "Aucun niveau d\u2019intégration n\u2019est indiqué"),
    ],
)
def test_run_and_explain_tell_the_score(command, ran, language, heading, hidden):
    tiny, outcome = ran
    assert "No integration level is shown: it would rest on fewer than 10 settlements." in outcome.out
    summary = json.loads((tiny.processed / "tiny" / "summary.json").read_text(encoding="utf-8"))
    assert set(summary["score"]["pillars"]) == {"structure", "elements", "boundaries", "order"}
    where = ("--raw", tiny.raw, "--processed", tiny.processed, "--language", language)
    assert hidden in command("explain", tiny.save(), "s2", *where).out
    told = command("explain", tiny.save(), "s2", *where, "-v").out.splitlines()
    part = told[told.index(heading) + 1 :]
    assert any(hidden in line for line in part[: part.index("")])


def test_run_up_to_a_stage_makes_no_more(ran):
    tiny, _ = ran
    record = json.loads((tiny.processed / "tiny" / "run.json").read_text(encoding="utf-8"))
    assert sorted(record["stages"]) == sorted(NAMES[: NAMES.index("gaps") + 1])
    assert not tiny.maps.exists()
    assert not list((tiny.processed / "tiny").glob("*.gpkg"))


def test_an_unknown_last_stage_is_refused_with_those_there_are(tiny):
    outcome = tiny.run("--stage", "paint")
    assert outcome.code == 2
    assert "'paint'" in outcome.err
    assert ", ".join(NAMES) in outcome.err
    assert tiny.written() == []


def test_status_says_what_would_run_and_why(command, ran):
    tiny, _ = ran
    lines = command("status", tiny.save(), *tiny.folders()).out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["run" if name in {"sign_off", "workbook", "maps", "qgis"} else "skip", name] for name in NAMES
    ]
    assert "has not run to its end yet" in lines[NAMES.index("sign_off")]
    assert "stage sign_off runs before it" in lines[NAMES.index("maps")]
    tiny.tables["network"]["speed_factor"] = 0.5
    lines = command("status", tiny.save(), *tiny.folders()).out.splitlines()
    del tiny.tables["network"]["speed_factor"]
    assert lines[0] == "skip  read        up to date"  # a speed changes nothing of what is read
    assert lines[1] == "run   calibration network.speed_factor of the study changed"
    assert lines[2] == "run   network     stage calibration runs before it"
    assert {line.split()[0] for line in lines[1:]} == {"run"}


def test_a_run_tells_seconds_memory_and_rows_of_each_stage_in_a_table_that_fits_the_screen(ran, tiny_done):
    _, outcome = ran
    head, titles, *rows, last = [line for line in outcome.err.splitlines() if "compiled" not in line]
    assert re.fullmatch(r"ran (1\d) of \1 stages, the first one read: has not run to its end yet", head)
    assert titles.split() == ["stage", "seconds", "peak", "MB", "rows", "written"]
    assert all(len(line) <= 80 for line in (titles, *rows))
    assert len(rows) == 5  # the three slowest, the others, all: it stands behind the answer
    assert rows[-1].startswith("in all")
    assert re.fullmatch(r"slowest: \w+, [\d.]+ s, [\d.]+ % of all", last)
    assert "in all" not in outcome.out
    tiny_done.tables["access"]["services"] = ["hospital", "primary_school"]
    again = tiny_done.run("--stage", "gaps", "-v")
    told = [line for line in again.err.splitlines() if line.split()[0] in NAMES]
    until = NAMES[: NAMES.index("gaps") + 1]
    assert [line.split()[0] for line in told] == [name for name in until if name in {item.split()[0] for item in told}]
    assert {"access", "norms", "gaps"} <= {line.split()[0] for line in told}
    assert told[0].endswith("  access.services of the study changed")
    assert all(len(line) <= 80 for line in told)
    assert tiny_done.run("--stage", "gaps").err == "all 17 stages are up to date\n"


def test_a_run_that_compiles_says_how_long_that_took(tiny_done, monkeypatch):
    seconds = iter((2.0, 7.5))  # before and after the run: what another study in this process compiled is not of it
    monkeypatch.setattr(compiled, "compiling_s", lambda: next(seconds))
    tiny_done.tables["access"]["services"] = ["hospital", "primary_school"]
    said = tiny_done.run("--until", "gaps").err.splitlines()
    assert said[-1] == "of these, 5.5 s compiled the computations, once on this machine: later runs find them ready"


def test_kernels_that_are_compiled_are_timed_and_those_that_are_kept_are_not():
    before = compiled.compiling_s()
    kernel = numba.njit(lambda x: x + 1)
    assert kernel(1) == 2
    took = compiled.compiling_s() - before
    assert took > 0.0
    assert kernel(2) == 3
    assert compiled.compiling_s() - before == took


def test_what_stages_took_is_kept_for_status_and_for_analysts(command, ran):
    tiny, _ = ran
    folder = tiny.processed / "tiny"
    took = read_results(folder).stages.set_index("stage")
    assert list(took.columns) == ["ran", "seconds", "memory_mb", "rows", "reason"]
    assert (took["seconds"] >= 0.0).all()
    assert (took["memory_mb"] > 10.0).all()  # of any Python with pandas
    # Nodes and edges of the tiny valley, and what else the stage wrote, as its files say.
    written = ("nodes", "edges", "findings_network")
    assert took.loc["network", "rows"] == sum(len(pd.read_parquet(folder / f"{name}.parquet")) for name in written)
    told = command("status", tiny.save(), *tiny.folders(), "-v").out.splitlines()
    assert sum(line.split()[0] == "network" for line in told) == 1
    assert told[-1].startswith("slowest: ")


def test_a_profile_is_written_where_it_is_said(tiny_done):
    outcome = tiny_done.run("--profile", "--stage", "read")
    file = tiny_done.processed / "tiny" / "run.pstats"
    assert f"profile:      {file}; to read it: python -m pstats {file}, then" in outcome.out
    called = {name for _, _, name in pstats.Stats(str(file)).stats}
    assert "run_stages" in called


STUDY = 'name = "isles"\ntitle = { en = "Isles" }\nas_of = 2026-01-01\n[sources.osm]\npath = "isles.osm"\n'


@pytest.mark.parametrize(
    ("files", "step"),
    [
        ((), "  spatial run FILE.osm.pbf  "),
        (("isles.osm.pbf", "list.csv"), "  spatial run isles.osm.pbf"),
        (("my isles #1.osm.pbf",), '  spatial run "my isles #1.osm.pbf"'),
        (("data/raw/isles/list.csv",), "  spatial init study.toml --from data/raw/isles"),
        (("data/raw/isles/study.toml", "data/raw/isles/list.csv"), "  spatial check data/raw/isles/study.toml"),
        (("list.csv", "other.toml"), "  spatial init study.toml --from ."),
        (("isles.toml", "isles.osm.pbf", "list.csv"), "  spatial check isles.toml"),
    ],
)
def test_without_a_command_the_next_step_for_the_folder_is_said(command, tmp_path, monkeypatch, files, step):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(
            STUDY if name.endswith(("isles.toml", "study.toml")) else "a = 1\n", encoding="utf-8"
        )
    monkeypatch.chdir(tmp_path)
    outcome = command()
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[1].startswith(step)
    assert lines[-1] == "all commands: spatial --help"
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= WIDTH


def test_without_a_command_a_finished_run_has_its_page_and_what_to_ask_of_it(command, tiny_done, monkeypatch):
    tiny_done.save()
    monkeypatch.chdir(tiny_done.folder)
    first, *asked, _ = command().out.splitlines()
    assert first == "tiny.toml: has run; open maps/tiny/index.html"
    assert [line.split()[1] for line in asked] == ["explain", "plan", "try"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("first: spatial run STUDY", "first: spatial run 'my study.toml' --raw raw"),
        ("all: spatial explain -v STUDY SETTLEMENT", "all: spatial explain -v 'my study.toml' v1 --raw raw"),
        ("spatial explain | plan STUDY", "spatial explain | plan 'my study.toml' --raw raw"),
        ("a village called spatial plaza STUDY", "a village called spatial plaza STUDY"),
    ],
)
def test_hints_repeat_what_was_typed(said, told):
    typed = {"study_file": Path("my study.toml"), "settlement": "v1", "raw": Path("raw"), "scenario": None}
    assert as_typed(said, typed, cli).replace('"', "'") == told
    assert as_typed(said, {}, cli) == said


def test_the_raw_root_is_the_folder_one_stands_in_where_there_is_no_other(command, tiny, monkeypatch):
    tiny.save()
    monkeypatch.chdir(tiny.raw)
    assert command("check", tiny.file).code == 0
    (tiny.raw / "data/raw").mkdir(parents=True)
    assert "data/raw" in command("check", tiny.file).err


def test_status_and_the_end_of_a_run_speak_the_language_of_the_study(command, tiny_done):
    tiny_done.tables["outputs"] = {"languages": ["zh", "en"]}
    told = command("status", tiny_done.save(), *tiny_done.folders()).out.splitlines()
    stages = {line.split()[1]: line for line in told}
    assert stages["read"].startswith("跳过  read ")
    assert stages["maps"].endswith("研究文件中的 outputs.languages")
    outcome = tiny_done.run("--stage", "gaps")
    assert outcome.err == "全部17个阶段均为最新\n"
    assert outcome.out.splitlines()[-2] == f"数据表\uff1a      {tiny_done.processed / 'tiny'}"


def test_status_of_a_study_that_never_ran_writes_nothing(command, tiny):
    outcome = command("status", tiny.save(), *tiny.folders())
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.out.splitlines()] == ["run"] * len(NAMES)
    assert tiny.written() == []


@pytest.mark.parametrize("settlement", ["s2", "柳河"])
def test_explain_finds_a_settlement_by_id_and_by_name(command, ran, settlement):
    tiny, _ = ran
    where = ("--raw", tiny.raw, "--processed", tiny.processed)
    brief = command("explain", tiny.save(), settlement, *where).out
    assert brief.startswith("柳河 (s2), town\n")
    assert len(brief.splitlines()) <= SCREEN
    outcome = command("explain", tiny.save(), settlement, *where, "-v")
    assert outcome.code == 0, outcome
    assert "柳河" in outcome.out
    assert "GL-PHC-1H" in outcome.out
    assert "tiny/settlements.csv" in outcome.out


def test_explain_speaks_chinese_and_refuses_what_it_has_no_words_of(command, ran):
    tiny, _ = ran
    where = (tiny.save(), "s2", "--raw", tiny.raw, "--processed", tiny.processed, "--language")
    assert "分钟" in command("explain", *where, "zh").out
    outcome = command("explain", *where, "tlh")
    assert outcome.code == 2
    assert "'tlh'" in outcome.err


def test_explain_names_near_hits_for_an_unknown_settlement(command, ran):
    tiny, _ = ran
    outcome = command("explain", tiny.save(), "s99", "--raw", tiny.raw, "--processed", tiny.processed)
    assert outcome.code == 3
    assert "s99" in outcome.err


def test_explain_before_any_run_says_what_to_do(command, tiny):
    outcome = command("explain", tiny.save(), "s2", "--raw", tiny.raw, "--processed", tiny.processed)
    assert outcome.code == 6
    assert "run the study first" in outcome.err


def test_fetch_has_nothing_to_do_where_all_is_there(command, tiny):
    outcome = command("fetch", tiny.save(), "--raw", tiny.raw)
    assert outcome.code == 0, outcome
    assert outcome.out == "nothing was missing\n"


def test_unknown_commands_and_options_are_refused(command, tiny):
    assert command("walk").code == 2
    outcome = command("run", tiny.save(), "--fast")
    assert outcome.code == 2
    assert "--fast" in outcome.err


def test_version_and_help_start_as_a_program():
    from pathlib import Path  # noqa: PLC0415 - beside the interpreter lies the program

    program = Path(sys.executable).with_name("spatial")
    start = [str(program)] if program.is_file() else [sys.executable, "-m", "spatial"]
    shown = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True).stdout
    assert version("spatial-integration") in shown
    shown = subprocess.run(
        [sys.executable, "-m", "spatial", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for verb in ("init", "check", "run", "status", "explain", "fetch", "demo"):
        assert f"  {verb} " in shown


def test_help_is_quick_because_it_loads_no_library_of_data():
    code = "import sys, spatial.cli; print([name for name in ('geopandas', 'numba', 'osmium') if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_debug_shows_the_error_itself(command, tiny):
    from spatial.errors import StageError  # noqa: PLC0415 - as the others import nothing of it

    tiny.write("settlements.csv", "")
    with pytest.raises(StageError, match="empty"):
        command("--debug", "run", tiny.save(), *tiny.folders())


def test_the_study_that_init_writes_is_toml_of_this_version(command, tmp_path):
    file = tmp_path / "study.toml"
    command("init", file)
    assert tomllib.loads(file.read_text(encoding="utf-8"))["name"] == "my-county"


def test_sixty_services_do_not_warn_sixty_times_of_the_same():
    few, logger = FewOfAKind(), logging.getLogger("a")
    records = [
        logger.makeRecord("a", logging.WARNING, "f", 1, "%s may look better", (name,), None)
        for name in ("bank", "bank", "shop", "school", "market")
    ]
    assert [few.filter(record) for record in records] == [True, False, True, False, False]
    assert records[2].getMessage() == "shop may look better (spatial -v shows all of this kind)"
    assert few.filter(logger.makeRecord("a", logging.ERROR, "f", 1, "%s may look better", ("bank",), None))


def test_warnings_of_a_run_are_in_the_language_of_the_study_with_its_names_of_services(caplog):
    log, few, shown = logging.getLogger("a"), FewOfAKind(), PlainFormatter("%(message)s")
    for name in ("hospital", "primary_care", "school"):
        warn(log, "edge_risk", service=(name,), risk=2, places=1234, people=5678.4)
    told = [record for record in caplog.records if few.filter(record)]
    assert [record.getMessage().partition(": ")[2][:9] for record in told] == ["hospital ", "primary c"]
    for language, name, said in (
        ("zh", "医院", "医院在1,234个居民点中的2个可能显得比实际好"),
        ("fr", "Hôpital", "connu\u00a0: Hôpital, l\u2019offre peut paraître meilleure"),
    ):
        words = Words(language, names={"hospital": name})
        shown.words = functools.partial(Words, language, names={"hospital": name})
        assert said in shown.format(told[0])
        assert shown.format(told[1]).endswith(f"({words.say('warning', 'more')})")


def test_a_warning_of_several_services_lists_them(caplog):
    warn(logging.getLogger("a"), "no_routes", number=2, most=9, service=("hospital", "school"))
    assert caplog.messages[0].endswith(": hospital, school")


def test_commands_that_run_stages_word_the_log_by_its_handlers(monkeypatch):
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter())
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler(), handler])
    word_log(french := functools.partial(Words, "fr"))
    assert handler.formatter.words is french


# --- errors that nobody raised on purpose -----------------------------------------------------------------------


def _breaks(monkeypatch, error):
    """Let the stage `read` fail with an error of a library."""

    def broken(**_given):
        raise error

    monkeypatch.setattr("spatial.pipeline.STAGES", (Stage("read", broken), *STAGES[1:]))


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division by zero"),
        KeyError("name"),
        EOFError("no data left"),
        RecursionError("maximum recursion depth exceeded"),
        OSError("[Errno 5] Input/output error"),
        RuntimeError("\x1b[31mred\x07\nerror: all is well"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_library_names_its_stage_and_says_that_it_is_ours_to_mend(command, tiny, monkeypatch, error):
    _breaks(monkeypatch, error)
    outcome = command("run", tiny.save(), *tiny.folders())
    assert outcome.code == 70
    assert outcome.err.startswith(f"error: stage read: {type(error).__name__}: ")
    assert "ours to mend" in outcome.err
    assert "spatial --debug run" in outcome.err
    assert "Traceback" not in outcome.err
    assert not set("\x1b\x07") & set(outcome.err)
    assert "\nerror" not in outcome.err


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 3 GiB"), BrokenProcessPool("a worker ended")])
def test_a_machine_without_enough_memory_is_told_so(command, tiny, monkeypatch, error):
    _breaks(monkeypatch, error)
    outcome = command("run", tiny.save(), *tiny.folders())
    assert outcome.code == 70
    assert "error: stage read: " in outcome.err
    assert "memory of this machine did not suffice" in outcome.err
    assert "ours to mend" not in outcome.err


@pytest.mark.parametrize("place", ["before", "behind"])
def test_debug_shows_the_traceback_of_an_error_of_a_library(command, tiny, monkeypatch, place):
    _breaks(monkeypatch, ZeroDivisionError("\x1b[31mdivision"))
    words = ["run", tiny.save(), *tiny.folders()]
    outcome = command(*(["--debug", *words] if place == "before" else [*words, "--debug"]))
    assert outcome.code == 70
    assert "Traceback (most recent call last)" in outcome.err
    assert "in broken" in outcome.err
    assert "\x1b" not in outcome.err


def test_an_error_below_the_file_that_is_read_names_the_file(command, tiny, monkeypatch):
    def broken(*_, **__):
        raise IndexError("list index out of range")

    monkeypatch.setattr("spatial.formats.vector.read_delimited", broken)
    for verb, where in (("check", "spatial check"), ("run", "stage read")):
        folders = tiny.folders() if verb == "run" else ("--raw", tiny.raw)
        outcome = command(verb, tiny.save(), *folders)
        assert outcome.code == 70
        assert outcome.err.startswith(f"error: {where}: IndexError: list index out of range\n")
        assert f"file: {tiny.path('settlements.csv')}\n" in outcome.err


def test_an_interruption_is_no_fault_of_anybody(command, tiny, monkeypatch):
    _breaks(monkeypatch, KeyboardInterrupt())
    outcome = command("run", tiny.save(), *tiny.folders())
    assert outcome.code == 130
    assert "interrupted" in outcome.err
    assert "mend" not in outcome.err


def test_nobody_reading_on_is_quiet():
    code = (
        "import sys; from types import SimpleNamespace as Has;"
        "from spatial import cli; from spatial.stages import check;"
        "sys.argv = ['spatial', 'check', 'x.toml', '-v'];"
        "cli._study = lambda *_: Has(qgis=Has(edits=''));"
        "check.check_study = lambda _: [check.Checked('fine', str(n)) for n in range(100_000)]; cli.main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == ""


# --- names that would be obeyed ---------------------------------------------------------------------------------

OBEYED = "\x1b[31m", "\x07", "\u202e", "\x9b2J"


def test_no_name_is_obeyed_by_the_terminal(command, tiny):
    lines = tiny.csv().splitlines()
    for row, signs in enumerate(("".join(OBEYED), *OBEYED), start=1):
        code, name, *rest = lines[row].split(",")
        lines[row] = ",".join([code, f'"{name}{signs}\nerror: all is well"', *rest])
    lines[0] = lines[0].replace("name", '"name\x1b[5m"')
    tiny.write("settlements.csv", "\n".join(lines))
    tiny.tables["sources.settlements"]["columns"]["name"] = "name\x1b[5m"
    study = tiny.save()
    ended = [command("check", study, "--raw", tiny.raw), command("inspect", tiny.path("settlements.csv"))]
    ended.append(tiny.run("--stage", "gaps"))
    ended.append(command("explain", study, "s1", *tiny.folders()[:4]))
    ended.append(command("explain", study, "nobody\x1b[31m", *tiny.folders()[:4]))
    ended.append(command("check", tiny.folder / "none\x1b[31m.toml"))
    assert [outcome.code for outcome in ended] == [0, 0, 0, 0, 3, 2]
    for outcome in ended:
        said = outcome.out + outcome.err
        assert not any(sign in said for sign in (*OBEYED, "\x1b"))
        assert "\nerror: all" not in said
    told = "石桥\\x1b[31m\\x07\\u202e\\x9b2J\\nerror: all is well"
    assert told in ended[3].out  # what can be read is there


def test_a_line_of_the_log_is_one_line_and_obeys_nothing():
    record = logging.LogRecord("spatial", logging.WARNING, "", 0, "place %s: lost", ("\x1b[31m石桥\nERROR x",), None)
    shown = PlainFormatter("%(levelname)s %(message)s").format(record)
    assert shown == "WARNING place \\x1b[31m石桥\\nERROR x: lost"


def test_the_bar_says_how_long_the_rest_takes(monkeypatch, capsys):
    monkeypatch.setattr("spatial.plain_text.LEAST_S", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress_bar("encore {} environ".format) as report:
        time.sleep(0.2)  # a bar is drawn ten times a second
        report(0.5, "half")
    assert "encore 00:00 environ" in capsys.readouterr().err


def test_a_long_run_into_a_file_says_now_and_then_what_it_does(monkeypatch, capsys):
    monkeypatch.setattr("spatial.plain_text.LEAST_S", 0.0)
    with progress_bar() as report:
        report(0.1, "read")
        assert capsys.readouterr().err == ""  # a short run says nothing
        monkeypatch.setattr("spatial.plain_text.LINE_S", 0.0)
        report(0.455, "areas: 诊所\x1b")
        monkeypatch.setattr("spatial.plain_text.LINE_S", 60.0)
        report(0.5, "areas: hospital")
        monkeypatch.setattr("spatial.plain_text.LINE_S", 0.0)
        report(1.0, "done")  # of nothing no rest is left
    assert capsys.readouterr().err == "areas: 诊所\\x1b, 45\u00a0%, about 00:00 left\ndone, 100\u00a0%\n"


def test_the_sample_is_one_county(command):
    outcome = command("demo", "--villages", "60")
    assert outcome.code == 2
    assert "No such option" in outcome.err
