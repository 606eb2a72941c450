"""A run of a study, as it is or as one of its scenarios has it, and what it would do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from spatial import pipeline
from spatial.errors import ContractError, SourceError, SpatialError, StoreError, StudyError, WorkersError, of_kind
from spatial.messages import Words
from spatial.parallel import Share, cut_into_tiles
from spatial.plain_text import display_width, labelled, log_of_its_own, padded, quoted, word_log
from spatial.results import Results, read_results
from spatial.runner.cost import cost_lines, profiled
from spatial.runner.manifest import code_fingerprint, manifest_name
from spatial.runner.run import Decision, Reason, plan, reason_text, run_stages, stages_until
from spatial.store import Artifact, Store, refuse_file_in_the_way
from spatial.study import PLANS_FILE, PlannedStudy, Study, planned_study
from spatial.study.base import LETTERS_OF_KEY
from spatial.study.edits import is_drawn_in, with_edits

if TYPE_CHECKING:
    import pandas as pd


LOGGER = logging.getLogger(__name__)
_HEADLINES = ".headlines.json"
"""What a run said last, so that it can be said again without being worded again."""
_TOLD_FROM_S = 1.0
"""How long kernels compile at least where it is told."""
_MOST_NAMED = 3
"""Stages that are named where a run is behind."""


class FinishedRun(NamedTuple):
    """A study, and what its run has made."""

    study: Study
    results: Results


def folders_of(study: Study, processed: str | Path = "data/processed", maps: str | Path = "maps") -> tuple[Path, Path]:
    """Name the output folders of a study. Returns the processed folder and the folder of pages."""
    if not isinstance(study, Study):
        raise ContractError("study", [f"is a {type(study).__name__}; read one with Study.from_toml(path)"])
    return Path(processed) / study.name, Path(maps) / study.name


def scenario_study(study: Study, scenario: str, processed: str | Path = "data/processed") -> PlannedStudy:
    """Put a study under one of its scenarios, that of what users drew too, or as ``plan:NAME`` under a plan."""
    folder = folders_of(study, processed)[0]
    return planned_study(with_own_edits(study, folder), scenario, folder / PLANS_FILE)


def finished_run(study: Study, processed: str | Path, scenario: str | None) -> FinishedRun:
    """Open the finished run of a study, or of it under a scenario."""
    there = study if scenario is None else scenario_study(study, scenario, processed)
    return FinishedRun(there, read_results(folders_of(there, processed)[0]))


def with_own_edits(study: Study, folder: Path, *, makes_file: bool = False) -> Study:
    """Put what users drew in QGIS into a study by way of the run's folder ``edits``, so that no file is held."""
    if not study.qgis.edits:
        return study
    path = Path(study.qgis.edits)
    files: dict[str, str] = {}
    if path.is_file():
        if is_drawn_in(path):
            # The layers that hold something become files of the run, each written only where it changed.
            from spatial.inputs.edits import read_edits  # noqa: PLC0415 - opens files of a GIS
            from spatial.inputs.services import load_services  # noqa: PLC0415 - as above

            services = study.raw_path(study.services_file) if study.services_file else None
            store = Store(folder / "edits")
            for name, content in read_edits(path, load_services(services).ids).items():
                target = store.folder / f"{name}.geojson"
                if not target.is_file() or target.read_bytes() != content:
                    store.write_file(Artifact(target.name, content))
                files[name] = _from(study.raw, target)
    elif makes_file:
        from spatial.inputs.edits import empty_edits  # noqa: PLC0415 - writes a file of a GIS

        try:
            Store(path.parent).write_file(Artifact(path.name, empty_edits()))
        except StoreError as error:
            LOGGER.warning("%s; the project has no layers of your own", error)
            path = Path()
    # The project names the file from where it lies itself, so that both can be moved together.
    beside = _from(folder, path) if path.name else ""
    own = study.qgis.model_copy(update={"edits": beside})
    return with_edits(study.model_copy(update={"qgis": own}), files)


def _from(folder: Path, path: Path) -> str:
    """Name a file from a folder, whatever links lead to either, so that both can be moved together."""
    try:
        return os.path.relpath(path.resolve(), folder.resolve()).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        return path.absolute().as_posix()


def run(  # noqa: PLR0913 - how to run is one option each
    study: Study,
    *,
    scenario: str | None = None,
    processed: str | Path = "data/processed",
    maps: str | Path = "maps",
    until: str | None = None,
    verify: bool = False,
    progress: Callable[[float, str], None] | None = None,
    share: Share | None = None,
) -> Results:
    """
    Run the whole line, or what of it is not up to date; of the study as it is, or as one of its scenarios has it.

    The run of a scenario has folders of its own, named ``STUDY--SCENARIO``. It takes what was read, and the people,
    from the run of the study, which it makes up to there where there is none; a finished one is left as it is.

    Parameters
    ----------
    study : Study
        What is studied.
    scenario : str, optional
        The name of one of its scenarios, or ``plan:NAME`` for a plan of its last run; none by default.
    processed, maps : str or Path
        The folders that hold one folder a study each.
    until : str, optional
        Last stage to run.
    verify : bool
        Whether every file is hashed, and not only those whose size, time stamp or inode changed.
    progress : callable, optional
        Takes the fraction done and a message.
    share : Share, optional
        Workers, and the size of the tiles that they do; this process alone by default. Results are the same.

    Returns
    -------
    Results
        Frames by name, and where the pages are.

    Raises
    ------
    StudyError
        Where the study names services, norms, speeds, languages or a CRS that are not there, or has no such scenario,
        and where `until` is no stage; nothing runs then.
    SourceError
        Where files are missing; all are named, before any work.
    StageError
        From the cause, where a stage fails; finished stages are kept.
    StoreError
        Where a folder is locked, full or cannot be written, or holds another run; or where a scenario is to be laid on
        a finished run that is not up to date.
    WorkersError
        Where workers or their scheduler are lost or do not answer; finished stages and tiles are kept.
    """
    base, base_pages = folders_of(study, processed, maps)
    study = with_own_edits(study, base, makes_file=True)
    planned = study if scenario is None else planned_study(study, scenario, base / PLANS_FILE)
    if any(item.runs for item in _decided(study, scenario=scenario, processed=processed, maps=maps, verify=verify)):
        # What has run before was found in order then; the checks import most of the package.
        from spatial.inputs.prepare import refuse_missing  # noqa: PLC0415 - as said
        from spatial.stages.policy import check_policy  # noqa: PLC0415 - as said

        check_policy(study)
        refuse_missing(study)
    folder, pages = folders_of(planned, processed, maps)
    _refuse_other(study, base)
    _refuse_other(planned, folder)
    stages, today = pipeline.STAGES if scenario is None else pipeline.SCENARIO_STAGES, pipeline.TODAY
    if any(stage.files == "maps" for stage in stages_until(stages, until)):
        refuse_file_in_the_way(pages)
    beside = None if scenario is None else base
    # Make the tables that the scenario is laid on; of a finished run they are up to date, or it is refused.
    waiting = [decision for decision in plan(today, study, base, base_pages) if decision.runs] if beside else []
    if waiting:
        if any((base / manifest_name(stage.name)).is_file() for stage in pipeline.STAGES[len(today) :]):
            raise StoreError(
                f"{base}: the run that the scenario is laid on is not up to date ({waiting[0].stage}: "
                f"{waiting[0].reason}); run it without --scenario first"
            )
        run_stages(today, study, base, base_pages, progress=progress)
    with cut_into_tiles(of_kind("share", share, Share) or Share(), folder / "tiles"):
        run_stages(stages, planned, folder, pages, until=until, progress=progress, base=beside, verify=verify)
    return Results(folder, pages)


def decisions(
    study: Study,
    *,
    scenario: str | None = None,
    processed: str | Path = "data/processed",
    maps: str | Path = "maps",
    verify: bool = False,
) -> list[Decision]:
    """Say which stages `run` would run, and why, without running any."""
    study = with_own_edits(study, folders_of(study, processed)[0])
    return _decided(study, scenario=scenario, processed=processed, maps=maps, verify=verify)


def _decided(
    study: Study, *, scenario: str | None, processed: str | Path, maps: str | Path, verify: bool
) -> list[Decision]:
    """Decide of a study with what users drew."""
    base, pages = folders_of(study, processed, maps)
    _refuse_other(study, base)
    if scenario is None:
        return plan(pipeline.STAGES, study, base, pages, verify=verify)
    planned = planned_study(study, scenario, base / PLANS_FILE)
    folder, planned_pages = folders_of(planned, processed, maps)
    _refuse_other(planned, folder)
    first = plan(pipeline.TODAY, study, base, pages, verify=verify)
    waiting = [decision.stage for decision in first if decision.runs]
    if waiting:
        why = (Reason("before", waiting[0]),)
        return [*first, *(Decision(stage.name, True, why) for stage in pipeline.SCENARIO_STAGES)]
    return [*first, *plan(pipeline.SCENARIO_STAGES, planned, folder, planned_pages, base=base, verify=verify)]


def status_lines(study: Study, found: Sequence[Decision]) -> Iterator[str]:
    """Say of each stage whether it would run, and why."""
    words = Words(study.outputs.languages[0], "commands")
    does = {runs: words.say("status", "run" if runs else "skip") for runs in (True, False)}
    wide = max(map(display_width, does.values()))
    for one in found:
        yield f"{padded(does[one.runs], -wide)}  {one.stage:<11} {reason_text(one.why, words)}"


def behind_told(study: Study, processed: str | Path, scenario: str | None) -> Iterator[str]:
    """Say where the tables of a finished run are not those that the study, its data and the code would give now."""
    # Pages, sheets and layers are made of tables, and whoever shares these makes their own.
    sinks = {stage.name for stage in pipeline.STAGES if not stage.makes}
    waiting = [one.stage for one in decisions(study, scenario=scenario, processed=processed) if one.runs]
    stages = [name for name in waiting if name not in sinks]
    if stages:
        words = Words(study.outputs.languages[0], "sharing")
        yield words.say("check", "behind", count=len(stages), stages=words.joined(stages[:_MOST_NAMED]))


def status(
    study: Study,
    *,
    scenario: str | None = None,
    processed: str | Path = "data/processed",
    maps: str | Path = "maps",
    verify: bool = False,
) -> pd.DataFrame:
    """
    Say which stages `run` would run, why, and which keys of the study changed since each last ran; runs nothing.

    Parameters
    ----------
    study : Study
        What is studied.
    scenario, processed, maps, verify
        As of `run`.

    Returns
    -------
    DataFrame
        One row a stage, in order: `stage`, `runs`, `reason` in words, and `keys`, those of the study that the stage
        takes and that changed, such as ``access.cutoffs_min``, by commas; empty where none did or it never ran.

    Raises
    ------
    StudyError
        Where there is no such scenario.
    StoreError
        Where a folder holds another run.

    Examples
    --------
    >>> sp.status(study.replace(access={"cutoffs_min": [10]})).query("runs")  # doctest: +SKIP
    """
    import pandas as pd  # noqa: PLC0415 - keeps `spatial status` fast

    found = decisions(study, scenario=scenario, processed=processed, maps=maps, verify=verify)
    rows = [(item.stage, item.runs, item.reason, ", ".join(item.keys)) for item in found]
    return pd.DataFrame(rows, columns=["stage", "runs", "reason", "keys"])


def _refuse_other(study: Study, folder: Path) -> None:
    """Refuse a folder in which another study or scenario has run."""
    store = Store(folder)
    laid = store.read_record(manifest_name(pipeline.SCENARIO_STAGES[0].name))
    options = laid["options"] if laid else {}
    held = (options["study"], options["scenario"]["name"]) if laid else None
    if isinstance(study, PlannedStudy):
        wanted = (study.study, study.scenario.name if study.scenario else "")
        is_other = held != wanted if held else store.read_record(manifest_name(pipeline.STAGES[0].name)) is not None
        named = f"the scenario {wanted[1]} of the study {wanted[0]}"
    else:
        is_other, named = held is not None, f"the study {study.name}"
    if is_other:
        there = f"the scenario {held[1]} of the study {held[0]}" if held else "a study of that name"
        raise StoreError(
            f"{folder}: holds the run of {there}, not of {named}; rename one of them, or choose another folder with "
            "--processed and --maps"
        )


def headlines_of(study: Study, results: Results, *, is_full: bool) -> list[str]:
    """Say the answer of a run, or every headline number, in words kept beside the results: making them is slow."""
    try:
        summary = results.summary
    except StoreError:
        return []
    own = {name: study.raw_path(path) for name, path in study.own_files().items()}
    told_from = {
        "code": code_fingerprint("spatial.stages.explain"),
        "study": study.model_dump(mode="json", exclude={"raw": True, "qgis": True}),
        "files": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in own.items() if path.is_file()},
        "summary": summary,
    }
    key = hashlib.sha256(json.dumps(told_from, sort_keys=True).encode()).hexdigest()
    store = Store(results.folder)
    kept = store.read_record(_HEADLINES) or {}
    if kept.get("of") != key:
        from spatial.stages.explain import closing_lines, headline_lines  # noqa: PLC0415 - as said

        kept = {"of": key, "brief": closing_lines(study, summary), "full": headline_lines(study, summary)}
        with contextlib.suppress(StoreError):
            store.write_record(_HEADLINES, kept)
    lines: list[str] = kept["full" if is_full else "brief"]
    return lines


def cost_told(study: Study, results: Results, *, is_full: bool, all_stages: bool = False) -> list[str]:
    """Say which stages ran (or all of them) and what each took; one line where nothing was to be done."""
    kept = results.record["stages"]
    stages = {stage.name: kept.get(stage.name) for stage in (pipeline.SCENARIO_STAGES[0], *pipeline.STAGES)}
    stages = {name: facts for name, facts in stages.items() if facts and (facts["ran"] or all_stages)}
    words, every = Words(study.outputs.languages[0]), len(kept)
    say = partial(words.of("commands").say, "run")
    if not stages:
        return [say("up_to_date", count=every)]
    # A run of an earlier version kept its reasons in English alone.
    reasons = {
        name: reason_text(facts["why"], words) if "why" in facts else facts["reason"] for name, facts in stages.items()
    }
    first = next(iter(stages))
    head = say("ran", ran=len(stages), stages=every, stage=first, reason=reasons[first])
    costs = cost_lines(stages, words, is_full=is_full, beside=reasons if is_full else None)
    return [*costs] if is_full else [head, *costs]


def _compiling_s() -> float:
    kernels = sys.modules.get("spatial.compiled")  # not loaded where no stage calls a kernel
    return 0.0 if kernels is None else float(kernels.compiling_s())


def study_of_extract(extract: Path, endings: Sequence[str]) -> tuple[Path, str]:
    """Write the study of an extract into the working folder, never over one; returns it, and what was done."""
    stem = next(extract.name[: -len(ending)] for ending in endings if extract.name.lower().endswith(ending))
    target = Path(f"{stem}.toml")
    again = f"spatial run {quoted(target)} --raw {quoted(extract.parent)}"
    if not target.exists():
        from spatial.drafting.from_folder import draft_extract  # noqa: PLC0415 - opens files of a GIS

        draft_extract(extract, target)
        return target, f"wrote {target}, the study of this extract; to run it again: {again}"
    named = Study.from_toml(target, raw=extract.parent).sources.osm
    if named is None or named.path != extract.name:
        raise StudyError(str(target), [f"is there already and reads another file; rename it, or run it: {again}"])
    return target, f"{target} is there already, and is run as it is: {again}"


def words_for(study: Study) -> Words:
    """Take the words in which commands speak of a study, those of its first language; the log speaks so too then."""

    def log_words() -> Words:
        from spatial.stages.explain import words_of  # noqa: PLC0415 - takes longer than a run with nothing to do

        return words_of(study)

    word_log(log_words)
    return Words(study.outputs.languages[0])


class Told(NamedTuple):
    """What the command line says of a run."""

    beside: list[str]  # which stages ran: said beside the results, so that these can be read by machines
    lines: list[str]
    took: list[str]  # what stages took, in short: it follows the answer
    exit_code: int = 0


def run_and_tell(  # noqa: PLR0913 - what `spatial run` takes
    study: Study,
    *,
    processed: Path,
    maps: Path,
    file: Path | None = None,
    scenario: str | None = None,
    verbose: bool = False,
    is_profiled: bool = False,
    **how: Any,
) -> Told:
    """Run a study, and say which stages ran and what they took, its answer, and where everything is."""
    words = words_for(study)
    here = study if scenario is None else scenario_study(study, scenario, processed)
    profile = folders_of(here, processed)[0] / "run.pstats"
    before_s = _compiling_s()
    with profiled(profile) if is_profiled else contextlib.nullcontext():
        results = run(study, scenario=scenario, processed=processed, maps=maps, **how)
    say = partial(words.of("commands").say, "run")
    lines = [] if scenario is None else [say("scenario", scenario=scenario, study=study.name)]
    lines += headlines_of(study, results, is_full=verbose)
    index, project = results.index_page, results.folder / f"{results.folder.name}.qgz"
    named = {"pages": index or "", "project": project if project.is_file() else ""}
    named |= {"tables": results.folder, "profile": say("profiled", file=profile) if is_profiled else ""}
    today = folders_of(study, processed, maps)[0]
    if scenario is not None and (today / "summary.json").is_file():
        named["compare"] = f"spatial compare {quoted(today)} {quoted(results.folder)}"
    lines += [labelled(say(key), value) for key, value in named.items() if value]
    if scenario is None and file is not None and index is not None:
        lines.append(say("next_full" if verbose else "next"))
    cost = cost_told(study, results, is_full=verbose)
    compiling_s = _compiling_s() - before_s
    if compiling_s >= _TOLD_FROM_S:
        cost.append(words.say("cost", "compiling", seconds=words.number(compiling_s, decimals=1)))
    return Told(cost, lines, []) if verbose else Told(cost[:1], lines, cost[1:])


# Several studies, each run by one worker.


class AskedStudy(NamedTuple):
    """A study file, and how it is to be run."""

    file: Path
    folder: Path  # where paths are named from
    asked: dict[str, Any]  # options of `spatial run` by name


def asked_studies(files: Sequence[Path], asked: dict[str, Any]) -> list[AskedStudy]:
    """Refuse studies of one name, which would overwrite each other; what else is wrong with one is told as it runs."""
    named: dict[str, list[str]] = {}
    for file in files:
        with contextlib.suppress(SpatialError):
            named.setdefault(Study.from_toml(file, raw=asked["raw"]).name, []).append(str(file))
    for name, those in named.items():
        if len(those) > 1:
            told = f"name: {name!r} is that of {', '.join(those)}, which would overwrite each other; give each its own"
            raise StudyError(those[0], [told])
    return [AskedStudy(file, Path.cwd(), asked) for file in files]


def as_asked(study: Study, asked: dict[str, Any]) -> tuple[Study, dict[str, Any]]:
    """Put what the command line says of outputs into a study; returns it, and how it is run."""
    how = dict(asked)
    if how.pop("shared"):
        study = study.model_copy(update={"outputs": study.outputs.model_copy(update={"shared": True})})
    if project := how.pop("project"):
        study = study.model_copy(update={"qgis": study.qgis.model_copy(update={"project": project})})
    return study, how


def run_file(one: AskedStudy) -> Told:
    """Run one of several studies; what is wrong with it is told, so that the others go on."""
    if not one.folder.is_dir():
        raise WorkersError(f"a worker does not see the folder {one.folder}; all need the same files at the same place")
    with log_of_its_own() as said:
        try:
            with contextlib.chdir(one.folder):
                study, how = as_asked(Study.from_toml(one.file, raw=one.asked["raw"]), one.asked)
                del how["raw"]
                told = run_and_tell(study, file=one.file, **how)
        except SpatialError as error:
            told = Told([f"error: {error}"], [], [], error.exit_code)
    return told._replace(beside=[*said.getvalue().splitlines(), *told.beside])


# A run that is recorded, once more in a new folder.

_MOST_TOLD = 10
"""Files that are named; the others are counted."""


class _StageRecord(BaseModel):
    """What a record says of a stage, as far as a run is made again from it."""

    files: dict[str, str]
    code: str


class _Record(BaseModel):
    """What a record says of a run."""

    options: dict[str, Any]
    sources: dict[str, str]
    stages: dict[str, _StageRecord]
    libraries: dict[str, str]


class Replayed(NamedTuple):
    """A run that was made again from its record."""

    folder: Path  # where the new one is
    is_same: bool  # whether every file has the same bytes
    lines: tuple[str, ...]  # what differs, and why


def replay(record: Path, out: Path, *, raw: Path, progress: Callable[[float, str], None] | None = None) -> Replayed:
    """Make a run again in a new folder, and say whether its files have the same bytes, and what changed since."""
    from spatial.inputs.prepare import refuse_missing  # noqa: PLC0415 - imports most of the package
    from spatial.stages.policy import check_policy  # noqa: PLC0415 - as above

    then = _recorded(record)
    study = _study_of(then, raw, record)
    gone = sorted(name for name in then["sources"] if not (study.raw / name).is_file())
    if gone:
        raise SourceError(f"{record}: {len(gone)} source(s) of the run are not below {study.raw}: {', '.join(gone)}")
    check_policy(study)
    refuse_missing(study)
    folder, pages = folders_of(study, out / "processed", out / "maps")
    if folder.exists() or pages.exists():
        raise StoreError(f"{folder if folder.exists() else pages}: is there already; choose a new folder with --out")
    until = next((stage.name for stage in reversed(pipeline.STAGES) if stage.name in then["stages"]), None)
    if until is None or (isinstance(study, PlannedStudy) and not isinstance(then.get("base"), dict)):
        raise StoreError(f"{record}: names no stage that ran, or not the run that a scenario was laid on")
    stages, base = pipeline.SCENARIO_STAGES if isinstance(study, PlannedStudy) else pipeline.STAGES, None
    if isinstance(study, PlannedStudy):
        beside = record.parent.parent / str(then["base"].get("run")) / record.name
        today = _study_of(_recorded(beside), raw, beside)
        base, base_pages = folders_of(today, out / "processed", out / "maps")
        run_stages(pipeline.TODAY, today, base, base_pages, progress=progress)
    now = run_stages(stages, study, folder, pages, until=until, progress=progress, base=base)
    words = words_for(study)
    is_same, lines = _compared(then, now, words)
    return Replayed(folder, is_same, (*lines, labelled(words.of("commands").say("run", "tables"), folder)))


def _recorded(path: Path) -> dict[str, Any]:
    """Read the record of a run; one that does not say all that is needed is refused."""
    if not path.is_file():
        raise StoreError(f"{path}: is not there; name the run.json of a run, such as data/processed/my-county/run.json")
    told: Any = Store(path.parent).read_json(path.name)
    try:
        _Record.model_validate(told)
    except ValidationError as error:
        where = ".".join(str(part)[:LETTERS_OF_KEY] for part in error.errors()[0]["loc"]) or "it is no table"
        raise StoreError(
            f"{path}: says too little to repeat its run ({where}); run the study again with this version first"
        ) from error
    return dict(told)


def _study_of(told: dict[str, Any], raw: Path, path: Path) -> Study:
    kind = PlannedStudy if told["options"].get("scenario") else Study
    return kind.from_dict(told["options"], raw=raw, where=str(path))


def _compared(then: dict[str, Any], now: dict[str, Any], words: Words) -> tuple[bool, tuple[str, ...]]:
    """Tell whether two runs made the same files, which differ, and what else does."""
    say = partial(words.of("commands").say, "replay")
    files = [{name: sha for facts in told["stages"].values() for name, sha in facts["files"].items()}
             for told in (then, now)]  # fmt: skip
    unlike = sorted(name for name in {*files[0], *files[1]} if files[0].get(name) != files[1].get(name))
    lines = [say("same", count=len(files[0]))]
    if unlike:
        more = words.of("results").say("notice_part", "more") if len(unlike) > _MOST_TOLD else ""
        lines = [say("differ", count=len(unlike), files=len(files[0]), names=words.joined(unlike[:_MOST_TOLD]) + more)]
    causes = [say("source", name=name) for name, sha in then["sources"].items() if now["sources"].get(name) != sha]
    causes += [say("source_new", name=name) for name in now["sources"] if name not in then["sources"]]
    for name, version in then["libraries"].items():
        if now["libraries"].get(name) != version:
            causes.append(say("library", name=name, then=version, now=now["libraries"].get(name, say("absent"))))
    code = [name for name, facts in then["stages"].items() if now["stages"].get(name, {}).get("code") != facts["code"]]
    causes += [say("code", names=words.joined(code))] if code else []
    if unlike and not causes:
        causes = [say("fault")]
    return not unlike, (*lines, *(f"  {cause}" for cause in causes))
