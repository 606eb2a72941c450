"""Run the stages in order: skip what is up to date, write each output whole, leave a manifest last."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from spatial.errors import UNFORESEEN, SourceError, SpatialError, StageError, StudyError, first_of
from spatial.formats.files import declared_paths, file_parts
from spatial.messages import FALLBACK, Words
from spatial.runner.cost import PeakMemory, give_back_memory, held_mb
from spatial.runner.manifest import code_fingerprint, describe_output, library_versions, manifest_name, package_versions
from spatial.runner.stage import EVERYTHING, Late, Options, Progress, Stage, Value
from spatial.store import WORKED_IN, Artifact, Checksums, Store, disk_fault, keep_changed, locked, remove_leftovers
from spatial.study import Study
from spatial.tables import TABLES

LOGGER = logging.getLogger(__name__)
ASKED_FILE = ".asked.json"
LEAST_S = 0.01
"""What a stage counts for at least when progress is told."""
_MOST_TOLD = 3
"""Changes that are named; the others are counted."""


class Reason(NamedTuple):
    """A message of the sections `reason` and `changed` of the commands, and what it is about."""

    key: str
    name: str = ""


@dataclass(frozen=True)
class Decision:
    """What the runner would do with a stage, and why."""

    stage: str  # the stage's name
    runs: bool  # whether it would run
    why: tuple[Reason, ...]
    keys: tuple[str, ...] = ()  # those of the study that changed since it last ran, dotted

    @property
    def reason(self) -> str:
        """Why, in English: for errors, tables and the record of a run."""
        return reason_text(self.why, Words(FALLBACK))


def reason_text(why: Sequence[Sequence[str]], words: Words) -> str:
    """Say why a stage runs or does not; of several changes the first are named, and the others counted."""
    words = words.of("commands")
    told = [words.say("reason" if words.has("reason", key) else "changed", key, name=name) for key, name in why]
    if not words.has("changed", why[0][0]):
        return told[0]
    what, more = words.joined(told[:_MOST_TOLD]), len(told) - _MOST_TOLD
    return words.say("reason", "changed_more" if more > 0 else "changed", what=what, count=more)


def raw_files(study: Study) -> list[Path]:
    """List the sources that a study names. Returns sorted, below the raw root; some may be missing."""
    named = [study.raw_path(path) for paths in declared_paths(study).values() for path in paths]
    descriptions = {path.parent / "source.toml" for path in named}
    paths = {part for path in named for part in file_parts(path)}
    return sorted({*paths, *(path for path in descriptions if path.is_file())})


def own_files(study: Study, keys: Sequence[str]) -> list[Path]:
    """List the files of the user's own, and those that are one with them, that a stage may read beside the sources."""
    named = {(key.split(".", 1)[0], path) for key, path in study.own_files().items()}
    named |= {("sources", path) for group in study.sources.population_groups.values() for path in group.paths}
    sections = {key.partition(".")[0] for key in keys}
    return sorted({part for key, path in named if key in sections for part in file_parts(study.raw_path(path))})


def source_files(study: Study) -> dict[str, Path]:
    """List all that is read of the user's own, by the path below the raw root, so that another machine finds it."""
    opened, root = {*raw_files(study), *own_files(study, EVERYTHING)}, study.raw
    return {(path.relative_to(root) if path.is_relative_to(root) else path).as_posix(): path for path in sorted(opened)}


def plan(
    stages: Sequence[Stage], study: Study, folder: Path, maps: Path, *, base: Path | None = None, verify: bool = False
) -> list[Decision]:
    """Say which stages would run, and why, without running any."""
    run = _Run(study, folder, maps, base, verify=verify)
    decisions: list[Decision] = []
    renewed: dict[str, str] = {}
    for stage in stages:
        earlier = [renewed[name] for name in _names(stage.reads) if name in renewed]
        why = tuple(Reason("before", name) for name in earlier[:1])
        decision = Decision(stage.name, True, why, run.keys_changed(stage)) if earlier else run.decide(stage)
        if decision.runs:
            renewed |= dict.fromkeys(_names(stage.makes), stage.name)
        decisions.append(decision)
    return decisions


def stages_until(stages: Sequence[Stage], until: str | None) -> list[Stage]:
    """Take the stages up to one of them, or all of them."""
    names = [stage.name for stage in stages]
    if until is not None and until not in names:
        raise StudyError("stages", [f"until: no stage is named {until!r}; the stages are {', '.join(names)}"])
    return list(stages)[: names.index(until) + 1 if until else None]


def run_stages(  # noqa: PLR0913 - how to run is one option each
    stages: Sequence[Stage],
    study: Study,
    folder: Path,
    maps: Path,
    *,
    until: str | None = None,
    progress: Progress | None = None,
    base: Path | None = None,
    verify: bool = False,
) -> dict[str, Any]:
    """Run what changed and skip what did not."""
    chosen = stages_until(stages, until)
    run = _Run(study, folder, maps, base, verify=verify)
    report, words = progress or (lambda _fraction, _message: None), Words(study.outputs.languages[0])
    record: dict[str, Any] = {"study": study.name, "stages": {}}

    def tell(stage: str, why: str, start: float, step: float, done: float, part: str) -> None:
        """Tell how far a stage is, and at which of its parts, if any: a mode, a service or a group by its id."""
        from spatial.inputs.services import load_services  # noqa: PLC0415 - only where a stage runs

        known = load_services(study.raw_path(study.services_file) if study.services_file else None)
        named = replace(words, names=known.names(words.language))
        part = named.say("mode", part) if named.has("mode", part) else named.service(part)
        report(start + done * step, words.told_of(stage, part) if part else why)

    with locked(folder):
        remove_leftovers(folder)
        remove_leftovers(maps)
        sources = run.sources()
        # Progress is told by what stages took when they last ran, or take beside others.
        last = [(run.store.read_record(manifest_name(stage.name)) or {}).get("seconds") for stage in chosen]
        took: list[float] = [max(seconds, LEAST_S) for seconds in last if seconds is not None]
        took = took if len(took) == len(chosen) else [stage.share for stage in chosen]
        whole = sum(took)
        for position, stage in enumerate(chosen):
            start, step = sum(took[:position]) / whole, took[position] / whole
            for store in filter(None, (run.store, run.base)):
                store.keep_only({name for later in chosen[position:] for name in _names(later.reads)})
            with run.held(stage):
                decision = run.decide(stage)
                report(start, said := f"{stage.name} ({reason_text(decision.why, words)})")
                if decision.runs:
                    run.carry_out(stage, functools.partial(tell, stage.name, said, start, step))
                    give_back_memory(run.before_mb)
            manifest = run.store.read_record(manifest_name(stage.name)) or {}
            counts = [facts["rows"] for facts in manifest.get("outputs", {}).values() if "rows" in facts]
            record["stages"][stage.name] = {
                "ran": decision.runs,
                "reason": decision.reason,
                "why": [list(reason) for reason in decision.why],
                **{key: manifest.get(key) for key in ("seconds", "memory_mb", "fingerprint", "code")},
                "rows": sum(counts) if counts else None,
                "files": {facts["path"]: facts["sha256"] for facts in manifest.get("outputs", {}).values()},
            }
        if run.base is not None:
            # Say which run the inputs of the scenario are from, and by which code its tables were made.
            read = {name for stage in stages if stage.reads_base for name in _names(stage.reads)}
            manifests = [run.base.read_record(path.name) for path in sorted(run.base.folder.glob(manifest_name("*")))]
            record["base"] = {
                "run": run.base.folder.name,
                "stages": {
                    made["stage"]: {key: made.get(key) for key in ("fingerprint", "code")}
                    for made in manifests
                    if made and read & set(made.get("outputs", ()))
                },
            }
        record["options"] = study.model_dump(mode="json")
        record["sources"] = sources
        is_new = any(facts["ran"] for facts in record["stages"].values())
        old = None if is_new else run.store.read_json("run.json")
        told = old.get("libraries") if isinstance(old, dict) else None
        record["libraries"] = told or library_versions()
        # Titles and notes are told in the order of the study, by which a run is made again from its record.
        run.store.write_json("run.json", record, keeps_order=True)
        changed = _different(sources, run.sources())
        run.save()
        if changed:
            raise SourceError(
                f"{first_of(changed)} changed while the run was at work; its results are of what stood there when it "
                "began: run again to take what stands there now"
            )
    report(1.0, words.say("cost", "done"))
    return record


class _Run:
    """The stages of a study in its folders; that of a scenario takes its inputs from the run that it is laid on."""

    def __init__(self, study: Study, folder: Path, maps: Path, base: Path | None, *, verify: bool) -> None:
        basis = study.population.basis
        self.study = study
        self.maps = maps
        self.store = Store(folder, basis, keeps=True)
        self.base = None if base is None else Store(base, basis, keeps=True)
        self.checksums = Checksums(self.store, verify=verify)
        self._asked: dict[str, dict[str, Any]] = {}
        self.before_mb = held_mb()

    def inputs_of(self, stage: Stage) -> Store:
        return self.base if stage.reads_base and self.base is not None else self.store

    def folder_of(self, stage: Stage, output: str) -> Path:
        return self.maps if stage.files == "maps" and output.startswith("file:") else self.store.folder

    @contextlib.contextmanager
    def held(self, stage: Stage) -> Iterator[None]:
        """Keep other runs from writing what a stage takes from the base; an error of nobody's names the stage."""
        store = self.inputs_of(stage)
        try:
            with contextlib.nullcontext() if store is self.store else locked(store.folder):
                yield
        except SpatialError:
            raise
        except Exception as error:
            full = disk_fault(error)
            if full is not None:
                raise full from error
            raise StageError(stage.name, f"{type(error).__name__}: {error}", UNFORESEEN) from error

    def sources(self) -> dict[str, str]:
        """Hash all that is read of the user's own, by its path below the raw root."""
        return {name: self.checksums.of(path) for name, path in source_files(self.study).items() if path.is_file()}

    def opened(self, stage: Stage) -> list[Path]:
        """List the files of the user's own that a stage opens."""
        return [*(raw_files(self.study) if stage.reads_raw else ()), *own_files(self.study, stage.options)]

    def facts(self, stage: Stage) -> dict[str, Any]:
        """Gather what a stage's outputs depend on, as its manifest keeps it, with the fingerprint of all of it."""
        opened = self.opened(stage)
        raw = {path: self.checksums.of(path) if path.is_file() else "" for path in opened}
        # Raw files are named below their root, so that a folder that was moved is not read again.
        root = self.study.raw
        below = {path: path.relative_to(root) if path.is_relative_to(root) else path for path in opened}
        store = self.inputs_of(stage)
        paths = {name: store.path_of(name) for name in _names(stage.reads)}
        facts = {
            "stage": stage.name,
            "code": code_fingerprint(stage.function.__module__),
            "inputs": {name: self.checksums.of(path) if path else "" for name, path in paths.items()},
            "options": Options(self.study, stage.options).dump(),
        } | self.asked(stage)
        made = [TABLES[name] for name in _names(stage.makes) if name in TABLES]
        counts_people = "population?" in stage.makes or any(table.counts_people for table in made)
        whole = facts | {
            "function": stage.function.__qualname__,
            "columns": None if isinstance(stage.columns, Late) else stage.columns,
            "tables": {name: TABLES[name].told for name in _names((*stage.reads, *stage.makes)) if name in TABLES},
            "basis": self.study.population.basis if counts_people else "",
            "raw": {below[path].as_posix(): sha256 for path, sha256 in raw.items()},
            "libraries": package_versions(),
        }
        fingerprint = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
        told = {path.name: sha256 for path, sha256 in raw.items() if path.is_file()}
        return facts | {"fingerprint": fingerprint, "raw": told}

    def asked(self, stage: Stage) -> dict[str, Any]:
        """Say what a stage takes of keys that it does not declare; it is worked out again where one of them changed."""
        if stage.asks is None:
            return {}
        options, store = Options(self.study, stage.asks.keys), self.inputs_of(stage)
        path = store.path_of("facilities")
        files = [self.checksums.of(file) if file.is_file() else "" for file in own_files(self.study, stage.asks.keys)]
        code, there = code_fingerprint(stage.asks.function.__module__), self.checksums.of(path) if path else ""
        follows = hashlib.sha256(json.dumps([options.dump(), *files, code, there], sort_keys=True).encode()).hexdigest()
        if follows not in self._asked:
            kept = self.store.read_record(ASKED_FILE) or {}
            facilities: Any = store.read("facilities") if path and follows not in kept else {"service": ()}
            offered = set(facilities["service"])
            self._asked[follows] = kept.get(follows) or stage.asks.function(options=options, offered=offered)
        return {"asked": self._asked[follows]}

    def save(self) -> None:
        """Keep what the next run takes as known, where nothing of it has changed."""
        self.checksums.save()
        if self._asked and self._asked != self.store.read_record(ASKED_FILE):
            self.store.write_record(ASKED_FILE, self._asked)

    def keys_changed(self, stage: Stage) -> tuple[str, ...]:
        """List the keys of the study that differ from those that the stage last ran with; none where it never ran."""
        last = self.store.read_record(manifest_name(stage.name))
        now = json.loads(json.dumps(Options(self.study, stage.options).dump()))
        return () if last is None else tuple(_different(last.get("options", {}), now))

    def decide(self, stage: Stage) -> Decision:
        """Tell whether a stage runs: where the last one is not whole, or anything that it depends on changed."""
        last = self.store.read_record(manifest_name(stage.name))
        if last is None or "fingerprint" not in last:
            return Decision(stage.name, True, (Reason("never"),))
        now = self.facts(stage)
        if last.get("fingerprint") != now["fingerprint"]:
            versions = package_versions()
            libraries = {name: last.get("libraries", {}).get(name) for name in versions}
            keys = self.keys_changed(stage)
            differ = _different(last.get("raw", {}), now["raw"])
            gone = [] if keys else [name for name in differ if name not in now["raw"]]
            if gone:
                named = ", ".join(gone[:_MOST_TOLD]) + ", ..." * (len(gone) > _MOST_TOLD)
                return Decision(stage.name, True, (Reason("gone", named),))
            why = [
                *(Reason("study", key) for key in keys),
                *(Reason("input", name) for name in _different(last.get("inputs", {}), now["inputs"])),
                *(Reason("file", name) for name in differ),
                *([Reason("norms")] if last.get("asked") != now.get("asked") else []),
                *([Reason("code")] if last.get("code") != now["code"] else []),
                *(Reason("library", name) for name in _different(libraries, versions)),
            ]
            # Neither of these: the contract of a table that it reads or makes, or the stage's own declaration.
            return Decision(stage.name, True, tuple(why) or (Reason("contract"),), keys)
        for name, facts in last["outputs"].items():
            path = self.folder_of(stage, name) / facts["path"]
            if not path.is_file():
                return Decision(stage.name, True, (Reason("missing", path.name),))
            if self.checksums.of(path) != facts["sha256"]:
                return Decision(stage.name, True, (Reason("damaged", path.name),))
        return Decision(stage.name, False, (Reason("up_to_date"),))

    def carry_out(self, stage: Stage, progress: Progress) -> None:
        """Run a stage: read what it takes, write what it makes, and its manifest last."""
        import pandas as pd  # noqa: PLC0415 - keeps a run that finds nothing to do fast

        store, name = self.store, manifest_name(stage.name)
        last = store.read_record(name) or {}
        before = last.get("outputs", last.get("left", {}))
        # Until its end, the manifest says no more than what is there of the stage, so that the next run removes it.
        unfinished = {"stage": stage.name, "options": last.get("options", Options(self.study, stage.options).dump())}
        if before:
            store.write_record(name, unfinished | {"left": before})
        else:
            store.remove(store.folder / name)
        began, before_it = time.perf_counter(), self.facts(stage)
        seen = {path: _stamp(path) for path in self.opened(stage)}
        try:
            # In tables of thousands of rows every call on Arrow's texts takes longer: a run takes a tenth more with it.
            with PeakMemory() as peak, pd.option_context("mode.string_storage", "python"):
                taken = self.inputs_of(stage)
                options = Options(self.study, stage.options, taken.derived)
                made = dict(stage.function(**read_inputs(stage, taken, options), options=options, progress=progress))
                give_back_memory(self.before_mb)
                files = made.get("files", [])
                written = {f"file:{one.name}": {"path": one.name} for one in (files if isinstance(files, list) else ())}
                store.write_record(name, unfinished | {"left": written | before})
                outputs = self._write(stage, made, before)
        except SpatialError as error:
            if isinstance(error, OSError) and error.exit_code == 6:
                raise
            raise StageError(stage.name, str(error), error.exit_code) from error
        paths = {facts["path"] for facts in outputs.values()}
        for output, facts in before.items():
            if output not in outputs and facts["path"] not in paths:
                store.remove(self.folder_of(stage, output) / facts["path"])
        # A table that this run does not make may be there from one that did not end.
        for old in (store.path_of(one) for one in _names(stage.makes) if one not in outputs):
            if old is not None and old.name not in paths:
                store.remove(old)
        cost = {"seconds": round(time.perf_counter() - began, 3), "memory_mb": peak.mb}
        # What was read may be half of the one file and half of the other: the stage has not run to its end.
        written_to = [path.name for path, stamp in seen.items() if _stamp(path) != stamp]
        facts = self.facts(stage)
        if written_to or facts["fingerprint"] != before_it["fingerprint"]:
            named = written_to or [f"its input {one}" for one in _different(before_it["inputs"], facts["inputs"])]
            raise StageError(
                stage.name,
                f"{first_of(named)} changed while it was read; run again once nobody writes there",
                SourceError.exit_code,
            )
        store.write_record(name, facts | {"outputs": outputs, "libraries": library_versions()} | cost)

    def _write(
        self, stage: Stage, made: dict[str, Value | list[Artifact]], before: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write and describe what a stage declares, and free its memory; what people saved since is kept."""
        surplus = sorted(set(made) - {*_names(stage.makes), *(["files"] if stage.files else [])})
        absent = sorted(name for name in stage.makes if not name.endswith("?") and name not in made)
        if surplus or absent:
            raise SpatialError(
                f"made {surplus or 'nothing'} beyond its declaration, and not {absent or 'anything'} of it"
            )
        outputs: dict[str, Any] = {}
        for name in list(made):
            value = made.pop(name)
            if isinstance(value, list):
                if value and value[0].name.endswith(".html"):  # no old page leads to new ones where the disk is full
                    self.store.remove(self.folder_of(stage, f"file:{value[0].name}") / value[0].name)
                for artifact in reversed(value):  # of pages the first leads to all others: it comes when they are there
                    output = f"file:{artifact.name}"
                    folder = self.folder_of(stage, output)
                    if artifact.name.endswith(WORKED_IN):
                        last = before.get(output, {}).get("body", "")
                        kept = keep_changed(folder / artifact.name, artifact.content, last)
                        if kept is not None:
                            LOGGER.warning("%s was changed since the last run; it is kept as %s", artifact.name, kept)
                    path = self.store.write_file(artifact, folder)
                    facts = describe_output(self.store, path, None, self.checksums)
                    outputs[output] = facts | {"path": artifact.name}
            else:
                path = self.store.write(name, value)
                outputs[name] = describe_output(self.store, path, value, self.checksums)
        return outputs


def read_inputs(stage: Stage, store: Store, options: Options) -> dict[str, Any]:
    """Read what a stage takes."""
    inputs: dict[str, Any] = {}
    paths = {name: path for name in _names(stage.reads) if (path := store.path_of(name)) is not None}
    columns: Any = stage.columns
    if isinstance(columns, Late):
        columns = columns.load()(tuple(paths), options, store.rows_of)
    for name, path in paths.items():
        if columns.get(name) != ():
            inputs[name] = store.read_json(path.name) if path.suffix == ".json" else store.read(name, columns.get(name))
            if inputs[name] is None:
                raise SpatialError(f"{path}: is damaged; delete it and run the study again")
    absent = [name for name in stage.reads if not name.endswith("?") and name not in paths]
    if absent:
        raise SpatialError(f"its input {absent[0]} is missing; run the whole study")
    return inputs


def _stamp(path: Path) -> tuple[int, ...]:
    """Give what changes when somebody writes a file, or puts another one there; nothing of one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _names(marked: Sequence[str]) -> list[str]:
    return [name.rstrip("?") for name in marked]


def _different(before: Any, now: Any) -> list[str]:
    """List the keys, dotted below sections, whose values differ."""
    found: list[str] = []
    for key in (*now, *(key for key in before if key not in now)):
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += [f"{key}.{name}" for name in _different(one, other)]
        elif one != other:
            found.append(key)
    return found
