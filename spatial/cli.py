"""The command line: ``spatial init | inspect | check | run | plan | status | explain | compare | fetch | ...``."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import functools
import gc
import io
import logging
import os
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from spatial.errors import UNFORESEEN, SpatialError, StoreError, unforeseen_lines
from spatial.interruption import INTERRUPTED, SAID, TOLD_TO_END, ToldToEndError, answered_soon
from spatial.next_step import as_typed, next_steps
from spatial.plain_text import first_screen, log_handler, one_line, plainer, printable, progress_bar, quoted, word_log

if TYPE_CHECKING:
    from spatial.drafting.questions import Answer, Question
    from spatial.parallel import Share
    from spatial.runs import FinishedRun, Told
    from spatial.sample import SampleForm
    from spatial.study import Study


PIPE_CLOSED = 1
"""As click ends where nobody reads on, such as in ``spatial check study.toml | head``."""
DIFFERS = 1
"""As diff ends where files differ."""
MIN_RUNS = 2
EXTRACTS = (".osm.pbf", ".osm.gz", ".osm.bz2", ".osm", ".pbf")
"""Endings of OpenStreetMap extracts, which `run` takes in place of a study."""
MAPS = Path("maps")
LEAST_ADDRESSES = 1_600_000_000
"""Bytes of addresses that libraries take; within a smaller limit (``ulimit -v``) some hang or crash as they load."""

A_PATH = click.Path(path_type=Path)
TYPED: dict[str, Any] = {}  # which hints repeat
RAW = Path("data/raw")
raw_option = click.option(
    "--raw",
    type=A_PATH,
    default=lambda: RAW if RAW.is_dir() else Path(),
    help="Folder of the raw data; data/raw by default, or where there is none the folder that you stand in.",
)
language_option = click.option("--language", help="Language of the text; that of the study, the first of its outputs.")
full_option = click.option("-v", "--verbose", is_flag=True, help="Say all that is known, not a screen of it.")
processed_option = click.option(
    "--processed",
    type=A_PATH,
    default=Path("data/processed"),
    show_default=True,
    help="Folder of the processed data, one folder a study.",
)
maps_option = click.option(
    "--maps", type=A_PATH, default=MAPS, show_default=True, help="Folder of the pages, one folder a study."
)
scenario_option = click.option(
    "--scenario",
    metavar="NAME",
    help="One of the study's [[scenarios]], or plan:NAME for a plan of the last run: of it, not of the study as it is.",
)
verify_option = click.option(
    "--verify", is_flag=True, help="Hash every file, and not only those whose size or time stamp changed."
)
profile_option = click.option("--profile", default="default", show_default=True, help="Profile of QGIS.")
plugins_option = click.option("--folder", type=A_PATH, help="Folder of plugins, not a profile's.")
study_argument = click.argument("study_file", metavar="STUDY", type=A_PATH)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.option("-v", "--verbose", is_flag=True, help="Log what is done.")
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show the traceback of an error; may stand behind the command too.",
)
@click.version_option(package_name="spatial-integration", prog_name="spatial")
@click.pass_context
def cli(context: click.Context, *, verbose: bool) -> None:
    """
    How far villages are from towns and services, which norms that breaks for whom, and what to do first.

    Without a command it says the next step for what lies in the folder.
    """
    handler = log_handler(is_full=verbose)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    # Libraries say warnings of what they read: as lines of the log no name in them is obeyed by the terminal.
    logging.captureWarnings(capture=True)
    # What nothing can catch, such as an error within a call from C, Python would print, also when modules are gone.
    log = logging.getLogger("spatial").info
    sys.unraisablehook = lambda told: log("%s: %s", told.err_msg or "not raised", told.exc_value)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
            allowed, least = limit // 1_000_000, LEAST_ADDRESSES // 1_000_000
            raise MemoryError(f"{allowed:,} MB of addresses are allowed (ulimit -v); the libraries take {least:,}")
    if context.invoked_subcommand is None:
        _say_lines(next_steps(Path(), raw=RAW, maps=MAPS, extracts=EXTRACTS))


@cli.command()
@click.argument("study_file", metavar="STUDY", type=A_PATH, default=Path("study.toml"))
@click.option("--name", help="Short name of the study; by default my-county, or the name of the folder.")
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    type=A_PATH,
    help="Look into the files of this folder and write the study that reads them.",
)
@raw_option
@click.option("--as-of", metavar="DATE", help="With --from: the date on which norms are judged; today by default.")
@click.option("--ask", is_flag=True, help="With --from: ask what the files leave open; else what is proposed is taken.")
@full_option
def init(study_file: Path, folder: Path | None, *, ask: bool, verbose: bool, **how: Any) -> None:
    """Write a new study file: with every key explained, or from a folder of files, in the language of most of them."""
    from spatial.drafting.study_file import study_template  # noqa: PLC0415 - as above
    from spatial.store import replace  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.study import Study  # noqa: PLC0415 - as above

    if study_file.exists():
        raise click.UsageError(f"{study_file} is there already; name another file")
    if folder is not None:
        from spatial.drafting.from_folder import draft_lines, write_draft  # noqa: PLC0415 - as above
        from spatial.drafting.questions import take_proposed  # noqa: PLC0415 - as above

        draft = write_draft(folder, study_file, **how, ask=_asked if ask else take_proposed)
        _say_lines(draft_lines(draft, verbose=verbose))
        return
    text = study_template("my-county" if how["name"] is None else how["name"])
    Study.from_dict(tomllib.loads(text), where="--name")
    with replace(study_file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    _say(f"wrote {study_file}; fill in [sources], then: spatial check {quoted(study_file)}")


def _asked(question: Question) -> Answer:
    """Ask in the terminal: a number, an answer of one's own, or Enter for what is proposed; nobody there takes that."""
    from spatial.drafting.questions import Answer, take_proposed  # noqa: PLC0415 - keeps `spatial --help` fast

    if not sys.stdin.isatty():
        return take_proposed(question)
    *lines, prompt = question.lines()
    _say("\n".join(["", *lines]))
    numbers = [str(number) for number in range(1, len(question.choices) + 1)]
    while True:
        said = click.prompt(prompt, default="1", show_default=False, prompt_suffix="").strip()
        if said in numbers:
            return Answer(question.choices[int(said) - 1].value, is_guess=False)
        if question.may_write:
            return Answer(said, is_guess=False)


@cli.command()
@click.argument("file", metavar="FILE", type=A_PATH)
@raw_option
@click.option(
    "--against",
    metavar="ROADS",
    type=A_PATH,
    help="Roads that are right for certain: coordinates are held against them.",
)
@full_option
def inspect(file: Path, raw: Path, against: Path | None, *, verbose: bool) -> None:
    """Look into a file and propose the part of a study file that reads it."""
    from spatial.drafting.study_file import report_lines, short_report  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.inputs.inspection.inspecting import inspect_file  # noqa: PLC0415 - as above

    _say_lines((report_lines if verbose else short_report)(inspect_file(file, raw=raw, against=against)))


@cli.command()
@study_argument
@raw_option
@full_option
def check(study_file: Path, raw: Path, *, verbose: bool) -> None:
    """Find every fault of the study file and its sources before any work: what to decide, and what to look at."""
    import tempfile  # noqa: PLC0415 - keeps `spatial --help` fast

    from spatial.drafting.study_file import marked_lines, words_of_file  # noqa: PLC0415 - as above
    from spatial.runs import with_own_edits  # noqa: PLC0415 - as above
    from spatial.stages.check import LOOK, Checked, check_study, short_lines  # noqa: PLC0415 - as above

    words = words_of_file(study_file)
    decide, guessed = marked_lines(study_file, words)
    try:
        # What users drew is read as a run reads it, and leaves nothing in the folders of the study.
        with tempfile.TemporaryDirectory(prefix="spatial-check-") as folder:
            drawn = with_own_edits(_study(study_file, raw), Path(folder))
            found = [*check_study(drawn), *(Checked(LOOK, text) for text in guessed)]
    except SpatialError:
        _say_lines(decide)  # what is left to decide may be the cause
        raise
    if verbose:
        _say_lines(decide)
        _say_lines(one.text if one.kind == "head" else f"  {one.text}" for one in found)
        return
    _say_lines(short_lines(decide, found, words))


@cli.command()
@click.argument("study_files", metavar="STUDY...", nargs=-1, required=True, type=A_PATH)
@raw_option
@processed_option
@maps_option
@scenario_option
@click.option("--until", "--stage", "until", metavar="STAGE", help="Stop after this stage.")
@click.option("--shared", is_flag=True, help="Write small pages that need shared.js beside them, as outputs.shared.")
@click.option(
    "--qgis",
    "project",
    type=click.Choice(["slim", "full"]),
    help="What the QGIS project holds, as qgis.project: the first questions, or every table and look.",
)
@verify_option
@click.option("--profile", "is_profiled", is_flag=True, help="Count calls and their seconds, for python -m pstats.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Share the work between so many of this machine.")
@click.option("--scheduler", metavar="URL", default="", help="Share it between those of a Dask scheduler, tcp://...")
@click.option("--tile-km", type=click.FloatRange(1.0), help="Side of the tiles that a large study is cut into; 200.")
@full_option
def run(
    study_files: tuple[Path, ...], *, raw: Path, workers: int, scheduler: str, tile_km: float | None, **how: Any
) -> None:
    """
    Run what changed, from raw files to pages and QGIS layers; with --scenario as a plan has it.

    STUDY may be an OpenStreetMap extract: its study file is written beside you, as NAME.toml, and run. Of several
    studies each is run by one worker, of one large study each worker does tiles.
    """
    if workers and scheduler:
        raise click.UsageError("--workers and --scheduler are two ways to share the work; give one of them")
    from spatial.parallel import Share  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.runs import as_asked, study_of_extract  # noqa: PLC0415 - as above

    share = Share(workers, scheduler, tile_km)
    extracts = [file for file in study_files if file.name.lower().endswith(EXTRACTS)]
    if len(study_files) > 1:
        if extracts:
            raise click.UsageError(f"{extracts[0]}: an extract is run by itself; name its study file among several")
        _run_all(study_files, share, raw=raw, **how)
    (study_file,) = study_files
    if extracts:
        raw = study_file.parent
        study_file, told = study_of_extract(study_file, EXTRACTS)
        _say(told, err=True)
    study, how = as_asked(_study(study_file, raw), how)
    _run(study, file=study_file, share=share, **how)


@cli.group()
def add() -> None:
    """Add people, facilities or a norm of your own to a study file; what stands in it stays as it is."""


@add.command("norm")
@study_argument
@click.argument("service", metavar="SERVICE")
@click.argument("limit", metavar="LIMIT")
@click.argument("share", metavar="SHARE", default="100%")
@raw_option
@click.option("--mode", help="Mode of travel; the fastest by default.")
@click.option("--scope", type=click.Choice(["all", "urban", "rural"]), help="Whose norm it is; all people by default.")
@click.option("--class", "norm_class", type=click.Choice(["mandatory", "guiding", "authorised"]), help="Legal class.")
@click.option("--instrument", metavar="WORD", help="Kind of text it stands in, such as law or rule.")
@click.option("--source", help="Where it stands; asked of a mandatory norm, as are instrument, why, by and on.")
@click.option("--why", help="Why it binds the study.")
@click.option("--by", help="Who added it.")
@click.option("--on", metavar="DATE", help="When.")
def add_own_norm(study_file: Path, service: str, limit: str, share: str, raw: Path, **more: Any) -> None:
    """Add a norm: spatial add norm study.toml pharmacy 20min 90%."""
    from spatial.drafting.adding import add_norm  # noqa: PLC0415 - keeps `spatial --help` fast

    _say_lines(add_norm(study_file, service, limit, share, raw=raw, more=more))


@click.command()
@study_argument
@click.argument("file", metavar="FILE", type=A_PATH)
@raw_option
@click.option("--service", help="Of facilities: what every row is.")
@click.option("--column", "columns", metavar="KEY=TITLE", multiple=True, help="What is read of which column.")
@click.pass_context
def add_list(context: click.Context, /, study_file: Path, file: Path, raw: Path, **told: Any) -> None:
    """Add a list of people by settlement, or of facilities, and say which rows found their place."""
    from spatial.drafting.adding import add_table  # noqa: PLC0415 - keeps `spatial --help` fast

    _say_lines(add_table(study_file, file, what=str(context.info_name), raw=raw, **told))


add.add_command(add_list, "people")
add.add_command(add_list, "facilities")


@cli.command()
@study_argument
@raw_option
@processed_option
@maps_option
@click.option(
    "--write",
    "target",
    metavar="FILE",
    type=A_PATH,
    help="Add the plans as [[scenarios]] to this study file, or write them into a new one.",
)
@click.option(
    "--actions",
    metavar="FILE",
    type=A_PATH,
    help="Write the actions as a list to keep, with a state for each; what stands in it already stays.",
)
@language_option
@full_option
def plan(  # noqa: PLR0913 - an option each
    study_file: Path,
    raw: Path,
    processed: Path,
    maps: Path,
    *,
    target: Path | None,
    actions: Path | None,
    language: str | None,
    verbose: bool,
) -> None:
    """Say what to do first: which sites, links and roads bring most people within norms that fail."""
    from spatial.runs import run as run_line  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.stages.explain import plan_lines, plan_overview, words_of  # noqa: PLC0415 - as above
    from spatial.stages.plan import add_plans, renew_actions  # noqa: PLC0415 - as above

    study = _study(study_file, raw)
    word_log(functools.partial(words_of(study, language).of, "results"))
    with progress_bar() as report:
        results = run_line(study, processed=processed, maps=maps, until="gaps", progress=report)
    _say_lines((plan_lines if verbose else plan_overview)(study, results, language=language))
    if target is not None:
        _say(f"wrote {', '.join(add_plans(results, target)) or 'no plan'} into {target}")
    if actions is not None:
        _say(f"wrote {renew_actions(results, actions)} action(s) into {actions}; name it as planning.actions")


@cli.command("try")
@study_argument
@click.option(
    "--close", metavar="FACILITY", multiple=True, help="Name or id of a facility that closes; may be repeated."
)
@click.option(
    "--add", metavar="LON,LAT:SERVICE", multiple=True, help="A facility that opens at a point; may be repeated."
)
@click.option(
    "--best", metavar="N:SERVICE", multiple=True, help="So many new facilities, in the settlements that gain most."
)
@click.option("--mode", help="Mode of network.modes; the first one by default.")
@click.option("--write", "name", metavar="NAME", help="Add it to the study file as a scenario of this name.")
@raw_option
@processed_option
def try_out(study_file: Path, raw: Path, processed: Path, *, name: str | None, **wanted: Any) -> None:
    """Try what a closed, a new or the best new facilities change, and for whom, on the finished run."""
    from spatial.results import read_results  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.runs import folders_of, words_for  # noqa: PLC0415 - as above
    from spatial.stages.what_if import TRIED, what_if  # noqa: PLC0415 - as above

    study = _study(study_file, raw)
    say = functools.partial(words_for(study).of("commands").say, "try")
    results = read_results(folders_of(study, processed)[0])
    _warn_if_behind(study, processed, None)
    found = what_if(study, results, name=name or TRIED, **wanted)
    _say_lines(found.lines)
    if name is None:
        _say(say("keep", file=study_file))
        return
    from spatial.drafting.adding import add_scenario  # noqa: PLC0415 - as above

    add_scenario(study_file, found.scenario, raw=raw)
    _say(say("wrote", name=name, file=study_file, command=f"spatial run STUDY --scenario {name}"))


@cli.command()
@study_argument
@raw_option
@processed_option
@maps_option
@scenario_option
@verify_option
@full_option
def status(study_file: Path, raw: Path, *, verbose: bool, **where: Any) -> None:
    """Say which stages would run, and why; with -v also what each took when it last ran."""
    from spatial.runs import cost_told, decisions, finished_run, status_lines  # noqa: PLC0415 - as above

    study = _study(study_file, raw)
    _say_lines(status_lines(study, decisions(study, **where)))
    if verbose:
        finished = finished_run(study, where["processed"], where["scenario"])
        _say_lines(cost_told(*finished, is_full=True, all_stages=True))


def _warn_if_behind(study: Study, processed: Path, scenario: str | None) -> None:
    """Warn of a run that is not what the study would give now."""
    from spatial.runner.run import reason_text  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.runs import decisions, words_for  # noqa: PLC0415 - as above
    from spatial.stages.what_if import RESTS_ON  # noqa: PLC0415 - as above

    words = words_for(study).of("commands")
    decided = decisions(study, scenario=scenario, processed=processed)
    for one in [one for one in decided if one.runs and one.stage in RESTS_ON][:1]:
        _say(words.say("try", "behind", stage=one.stage, reason=reason_text(one.why, words)), err=True)


@cli.command()
@study_argument
@click.argument("settlement", metavar="SETTLEMENT")
@raw_option
@processed_option
@scenario_option
@language_option
@full_option
def explain(  # noqa: PLR0913 - an option each
    study_file: Path, settlement: str, raw: Path, processed: Path, *, scenario: str | None, language: str, verbose: bool
) -> None:
    """Explain one settlement, by id or by name: the way, the snap, the norms and why they fail."""
    from spatial.results import read_results  # noqa: PLC0415 - as above
    from spatial.runs import folders_of, scenario_study  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.stages.explain import explain_settlement  # noqa: PLC0415 - as above

    study = _study(study_file, raw)
    as_run = study if scenario is None else scenario_study(study, scenario, processed)
    results = read_results(folders_of(as_run, processed)[0])
    _warn_if_behind(study, processed, scenario)
    _say(explain_settlement(as_run, results, settlement, language=language, is_brief=not verbose))


@cli.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, type=A_PATH)
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    type=A_PATH,
    help="Write the tables, as Parquet and CSV, and a page into this folder.",
)
@click.option("--language", help="Language of the text; that of the last run, the first of its outputs.")
@full_option
def compare(runs: tuple[Path, ...], folder: Path | None, language: str | None, *, verbose: bool) -> None:
    """Compare two dates or scenarios, folders such as data/processed/sample: who gained, who lost, and why."""
    from spatial.stages.compare import compare_folders, words_of_run  # noqa: PLC0415 - keeps `spatial --help` fast

    if len(runs) < MIN_RUNS:
        raise click.UsageError("name two or more folders of runs, such as data/processed/sample")
    lines = compare_folders(runs, to=folder, language=language)
    more = functools.partial(words_of_run(runs[-1], language).say, "run", "more", command="spatial compare -v")
    shown = lines if verbose else first_screen(lines, lambda left: more(left=left))
    _say_lines(shown if folder is None or shown[-1] == lines[-1] else [*shown, lines[-1]])


@cli.group()
def share() -> None:
    """Hand the results of a finished run to others."""


audience_option = click.option(
    "--audience",
    type=click.Choice(["internal", "public"]),
    default="internal",
    show_default=True,
    help="For whom: internal leaves nothing out; public holds open tables, with small numbers of people hidden.",
)


def of_a_run(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a finished run, for `_finished`."""
    return study_argument(raw_option(processed_option(scenario_option(command))))


def _finished(study_file: Path, raw: Path, processed: Path, scenario: str | None) -> FinishedRun:
    """Open a finished run of a study, or of a scenario of it, and say where it is not up to date."""
    from spatial.runs import behind_told, finished_run  # noqa: PLC0415 - keeps `spatial --help` fast

    study = _study(study_file, raw)
    finished = finished_run(study, processed, scenario)
    for line in behind_told(study, processed, scenario):
        _say(line, err=True)
    return finished


@share.command("package")
@of_a_run
@click.option(
    "--out",
    "folder",
    metavar="FOLDER",
    type=A_PATH,
    help="Folder of the package, with a zip beside it; data/shared/STUDY-AUDIENCE by default.",
)
@audience_option
@click.option("--also", multiple=True, type=click.Choice(["flatgeobuf", "pmtiles"]), help="A further form; repeatable.")
def share_as_package(*, folder: Path | None, audience: str, also: tuple[str, ...], **run: Any) -> None:
    """Write a package of open formats: tables, rasters, a data dictionary, licences and records for catalogues."""
    from spatial.stages.share import share_package  # noqa: PLC0415 - keeps `spatial --help` fast

    study, results = _finished(**run)
    target = folder or Path("data/shared") / f"{study.name}-{audience}"
    with progress_bar() as report:
        lines = list(share_package(study, results, target, audience=audience, also=also, progress=report))
    _say_lines(lines)


@share.command("serve")
@of_a_run
@audience_option
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0: one that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve at; this machine alone.")
def share_as_service(*, audience: str, port: int, host: str, **run: Any) -> None:
    """Serve the tables and rasters to QGIS and other clients of OGC API, read-only, until Ctrl-C."""
    from spatial.stages.share import release_for, share_serve  # noqa: PLC0415 - keeps `spatial --help` fast

    release = release_for(*_finished(**run), audience)
    share_serve(release, host=host, port=port, say=_say)
    sys.exit(INTERRUPTED)


@share.command("postgis")
@of_a_run
@click.argument("url", metavar="URL")
@audience_option
@click.option("--schema", metavar="NAME", help="Schema that the tables fill; STUDY_AUDIENCE by default.")
@click.option("--reader", metavar="ROLE", default="", help="Role that may read them; made where there is none.")
def share_in_database(*, url: str, audience: str, schema: str | None, reader: str, **run: Any) -> None:
    """Put the tables into a PostGIS database, in one transaction; URL is postgresql://user@host/database."""
    from spatial.formats.files import refuse_password  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.stages.share import release_for, share_postgis  # noqa: PLC0415 - as above

    refuse_password(url, StoreError)
    release = release_for(*_finished(**run), audience)
    with progress_bar() as report:
        lines = list(share_postgis(release, url, schema=schema, reader=reader, progress=report))
    _say_lines(lines)


@share.command("check")
@of_a_run
def share_check_public(**run: Any) -> None:
    """Say what would leave the office for the public, what would not, and why; nothing is written."""
    from spatial.stages.share import share_check  # noqa: PLC0415 - keeps `spatial --help` fast

    _say_lines(share_check(*_finished(**run)))


@cli.group()
def qgis() -> None:
    """Work from QGIS: a plugin whose algorithms call this package."""


@qgis.command("install")
@profile_option
@plugins_option
@click.option("--python", default="", help="The Python that the plugin calls; the one that runs now by default.")
def install(profile: str, folder: Path | None, python: str) -> None:
    """Put the plugin into a profile of QGIS: six algorithms in the toolbox of Processing."""
    from spatial.desktop import install_plugin, plugin_folder  # noqa: PLC0415 - keeps `spatial --help` fast

    _say(f"wrote {install_plugin(plugin_folder(profile, folder), python=python)}")
    _say("next: in QGIS, Plugins > Manage and Install Plugins > Installed: tick Spatial integration")


@qgis.command("remove")
@profile_option
@plugins_option
def remove(profile: str, folder: Path | None) -> None:
    """Take the plugin out of a profile of QGIS."""
    from spatial.desktop import plugin_folder, remove_plugin  # noqa: PLC0415 - keeps `spatial --help` fast

    target = plugin_folder(profile, folder)
    _say(f"removed {target}" if remove_plugin(target) else f"{target} is not there")


@qgis.command("call", hidden=True)
@click.argument("name", metavar="ALGORITHM")
@click.argument("asked", metavar="ASKED", type=click.Path(path_type=Path, exists=True))
@click.argument("answer", metavar="ANSWER", type=A_PATH)
def call(name: str, asked: Path, answer: Path) -> None:
    """Do what an algorithm asks for in a file, and write what it found into another; ends with standard input."""
    from spatial.desktop import answer_call  # noqa: PLC0415 - keeps `spatial --help` fast

    answer_call(name, asked, answer, _say)


@cli.command()
@click.argument("record", metavar="RUN_JSON", type=A_PATH)
@raw_option
@click.option(
    "--out",
    "folder",
    metavar="FOLDER",
    type=A_PATH,
    default=Path("data/replayed"),
    show_default=True,
    help="New folder of the run that is made again, with processed and maps in it.",
)
def replay(record: Path, raw: Path, folder: Path) -> None:
    """Make a run again from its run.json, and say that every file has the same bytes, or what differs and why."""
    from spatial.runs import replay as make_again  # noqa: PLC0415 - keeps `spatial --help` fast

    with progress_bar() as report:
        made = make_again(record, folder, raw=raw, progress=report)
    _say_lines(made.lines)
    if not made.is_same:
        sys.exit(DIFFERS)


@cli.command()
@study_argument
@raw_option
def fetch(study_file: Path, raw: Path) -> None:
    """Bring the raw files that a study lacks, from the addresses in their source.toml or from OpenStreetMap."""
    from spatial.formats.fetch import fetch as fetch_sources  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.runs import words_for  # noqa: PLC0415 - as above

    say = words_for(study := _study(study_file, raw)).of("commands").say
    with progress_bar() as report:
        lines = [say("fetch", "fetched", file=path) for path in fetch_sources(study, progress=report)]
    _say_lines(lines or [say("fetch", "nothing")])


@cli.command()
def warmup() -> None:
    """Compile everything once, so that no later command waits for it."""
    from spatial.warmup import all_kept, warm_up  # noqa: PLC0415 - keeps `spatial --help` fast

    with progress_bar() as report, all_kept():
        count = warm_up(report)
        gc.freeze()
    _say(f"{count} kernels are compiled")


@cli.command()
@click.option("--raw", type=A_PATH, default=RAW, show_default=True, help="Folder of the raw data.")
@processed_option
@maps_option
@click.option(
    "--as",
    "form",
    type=click.Choice(["open", "bureau"]),
    default="open",
    show_default=True,
    help="An OpenStreetMap extract and plain tables, or the files that a Chinese county's bureaus have.",
)
@click.option("--files-only", is_flag=True, help="Write the raw files and run nothing.")
def demo(*, raw: Path, processed: Path, maps: Path, form: SampleForm, files_only: bool) -> None:
    """Unpack the synthetic sample county and run the whole line on it."""
    from spatial.sample import write_sample_county, write_sample_study  # noqa: PLC0415 - keeps `spatial --help` fast

    _say("unpacking the synthetic county", err=True)
    folder = raw / ("sample" if form == "open" else form)
    write_sample_county(folder, form=form)
    if files_only:
        _say(f"raw files: {folder}")
        return
    file = write_sample_study(folder, form=form)
    _run(_study(file, raw), file=file, processed=processed, maps=maps)


def main() -> None:
    """
    Run the command line; each error becomes a message and an exit code, and a traceback where ``--debug`` asks for it.

    Errors of this package have their own exit codes. Any other error, of a library or a fault of ours, is named with
    its stage and, where it is known, the file that was read, and ends with `spatial.errors.UNFORESEEN`.
    """
    TYPED.clear()
    # What commands let go of are tables, which need no collector: its searches took a twentieth of a run.
    gc.set_threshold(50_000, 20, 100)
    atexit.register(gc.freeze)
    # ``--debug`` may stand anywhere before a ``--``.
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    options = [word for word in given[:end] if word != "--debug"]
    arguments, debug = [*options, *given[end:]], len(options) < end
    # A name that the terminal's encoding lacks, or half a pair of an undecodable file name, is no error.
    codecs.register_error("plainer", plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plainer")
    try:
        try:
            with answered_soon():
                cli(args=arguments, standalone_mode=False)
        except (click.exceptions.Abort, KeyboardInterrupt) as error:
            cause = error.__cause__ or error
            if isinstance(cause, EOFError):  # click takes it for the end of what a user types
                _unforeseen(cause, arguments, debug=debug)
            _say(SAID, err=True)
            sys.exit(TOLD_TO_END if isinstance(cause, ToldToEndError) else INTERRUPTED)
        except click.ClickException as error:
            shown = io.StringIO()
            error.show(shown)
            _say(shown.getvalue().rstrip("\n"), err=True)
            sys.exit(error.exit_code)
        except SpatialError as error:
            if error.exit_code == UNFORESEEN:
                _unforeseen(error, arguments, debug=debug)
            if debug:
                sys.excepthook = _show_traceback
                raise
            _say(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - the last handler: what nobody foresaw is told, not shown as a traceback
            _unforeseen(error, arguments, debug=debug)
    except BrokenPipeError:
        # Nobody reads on: what is still in the buffers must not be written when the interpreter ends.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(PIPE_CLOSED)


def _unforeseen(error: BaseException, arguments: Sequence[str], *, debug: bool) -> NoReturn:
    """Tell an error that no line of this package raises on purpose; a full disk is nobody's fault."""
    from spatial.store import disk_fault  # noqa: PLC0415 - keeps `spatial --help` fast

    full = disk_fault(error)
    if full is not None and not debug:
        _say(f"error: {full}", err=True)
        sys.exit(full.exit_code)
    command = next((word for word in arguments if word in cli.commands), "")
    if debug:
        _show_traceback(type(error), error, error.__traceback__)
    told = unforeseen_lines(error, f"spatial {command}".strip(), " ".join(["spatial --debug", *arguments]))
    _say("\n".join([told[0], *(f"  {one_line(line)}" for line in told[1:])]), err=True)
    sys.exit(UNFORESEEN)


def _show_traceback(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    _say("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"), err=True)


def _say(text: str, *, err: bool = False) -> None:
    """Print; the one place where text of this package, and of names in data, reaches the terminal."""
    click.echo(printable(as_typed(text, TYPED, cli)), err=err)


def _say_lines(lines: Iterable[str]) -> None:
    for line in lines:
        _say(one_line(line))


def _study(path: Path, raw: Path) -> Study:
    from spatial.study import Study  # noqa: PLC0415 - keeps `spatial --help` fast

    TYPED.update({**click.get_current_context().params, "study_file": path, "raw": raw})
    return Study.from_toml(path, raw=raw)


def _run(study: Study, **how: Any) -> None:
    from spatial.runner.cost import keep_memory  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.runs import run_and_tell, words_for  # noqa: PLC0415 - as above

    keep_memory()
    words = words_for(study)
    with progress_bar(lambda time: words.say("cost", "left", time=time)) as report:
        told = run_and_tell(study, progress=report, **how)
    _say_told(told)


def _say_told(told: Told) -> None:
    """Say what a run made; which stages ran beside it, so that the answer can be read by machines."""
    for line in told.beside:
        _say(line, err=True)
    _say_lines(told.lines)
    for line in told.took:
        _say(line, err=True)


def _run_all(files: Sequence[Path], share: Share, **asked: Any) -> NoReturn:
    """Run several studies, each by one worker; those that fail are said, and the others are finished."""
    from spatial.parallel import team_of  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.runs import asked_studies, run_file  # noqa: PLC0415 - as above

    studies, code = asked_studies(files, asked), 0
    with team_of(share) as team, progress_bar() as report:
        for done, (number, told) in enumerate(team.results(run_file, studies), start=1):
            TYPED.update({**asked, "study_file": files[number]})
            _say(f"== {files[number]} ==")
            _say_told(told)
            code = code or told.exit_code
            report(done / len(files), f"{done} of {len(files)} studies")
    sys.exit(code)
