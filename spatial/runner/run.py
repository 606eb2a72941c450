"""Run the stages in order: skip what is up to date, write each output whole, leave a manifest last."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial.errors import UNFORESEEN, SpatialError, StageError
from spatial.formats.files import file_parts
from spatial.runner.fingerprint import code_fingerprint
from spatial.runner.manifest import (
    describe_output,
    library_versions,
    manifest_name,
    package_versions,
    stage_fingerprint,
)
from spatial.runner.stage import Options, Stage
from spatial.store import Artifact, Checksums, Store, locked, remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from spatial.rasters import Raster
    from spatial.study import Study

    Progress = Callable[[float, str], None]


_MOST_TOLD = 3
"""Changes that are named; the others are counted."""


@dataclass(frozen=True)
class Decision:
    """What the runner would do with a stage, and why."""

    stage: str  # the stage's name
    runs: bool  # whether it would run
    reason: str  # in plain words


@dataclass(frozen=True)
class _Folders:
    store: Store
    maps: Path
    checksums: Checksums
    base: Store | None = None

    def of(self, stage: Stage) -> Path:
        return self.maps if stage.files == "maps" else self.store.folder

    def inputs_of(self, stage: Stage) -> Store:
        return self.base if stage.reads_base and self.base is not None else self.store

    def held(self, stage: Stage) -> contextlib.AbstractContextManager[None]:
        """Keep other runs from writing what a stage takes from the base."""
        if not stage.reads_base or self.base is None:
            return contextlib.nullcontext()
        return locked(self.base.folder)

    def facts_of_base(self, stages: Iterable[Stage]) -> dict[str, Any]:
        """Say which run the inputs of a stage are from, and by which code its tables were made."""
        if self.base is None:
            return {}
        read = {name for stage in stages if stage.reads_base for name in _names(stage.reads)}
        found = sorted(self.base.folder.glob(manifest_name("*")))
        manifests = [made for path in found if (made := self.base.read_json(path.name))]
        return {
            "base": {
                "run": self.base.folder.name,
                "stages": {
                    made["stage"]: {key: made.get(key) for key in ("fingerprint", "code")}
                    for made in manifests
                    if read & set(made["outputs"])
                },
            }
        }


def raw_files(study: Study) -> list[Path]:
    """
    List the sources that a study names.

    Returns sorted, below the raw root; some may be missing.
    """
    sources = study.sources
    tables = [
        sources.osm,
        sources.settlements,
        *sources.attributes,
        *sources.facilities,
        sources.roads,
        sources.boundaries,
        sources.flows,
        sources.official_units,
    ]
    names = [table.path for table in tables if table is not None]
    groups = sources.population_groups.values()
    for raster in (sources.population, sources.elevation, sources.landcover, *groups):
        names += list(raster.paths) if raster is not None else []
    named = [study.raw_path(name) for name in names]
    descriptions = {path.parent / "source.toml" for path in named}
    paths = {part for path in named for part in file_parts(path)}
    return sorted({*paths, *(path for path in descriptions if path.is_file())})


def own_files(study: Study, keys: Sequence[str]) -> list[Path]:
    """
    List the files of the user's own that a stage may read beside the sources.

    They are of services, norms, speeds and scenarios, and rasters of groups of people.

    Returns sorted, below the raw root; some may be missing.
    """
    named = {(key.split(".", 1)[0], path) for key, path in study.own_files().items()}
    named |= {("sources", path) for group in study.sources.population_groups.values() for path in group.paths}
    sections = {key.partition(".")[0] for key in keys}
    return sorted({study.raw_path(path) for key, path in named if key in sections})


def plan(
    stages: Sequence[Stage],
    study: Study,
    folder: Path,
    maps: Path,
    *,
    base: Path | None = None,
    verify: bool = False,
) -> list[Decision]:
    """Say which stages would run, and why, without running any."""
    folders = _folders(study, folder, maps, base, verify=verify)
    decisions: list[Decision] = []
    renewed: dict[str, str] = {}
    for stage in stages:
        earlier = [renewed[name] for name in _names(stage.reads) if name in renewed]
        if earlier:
            decision = Decision(stage.name, True, f"stage {earlier[0]} runs before it")
        else:
            decision = _decide(stage, study, folders)
        if decision.runs:
            renewed |= dict.fromkeys(_names(stage.makes), stage.name)
        decisions.append(decision)
    return decisions


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
    names = [stage.name for stage in stages]
    if until is not None and until not in names:
        raise SpatialError(f"stage {until!r} is not known; the stages are {', '.join(names)}")
    chosen = list(stages)[: names.index(until) + 1] if until else list(stages)
    folders = _folders(study, folder, maps, base, verify=verify)
    report = progress or (lambda _fraction, _message: None)
    record: dict[str, Any] = {"study": study.name, "stages": {}}
    with locked(folder):
        remove_leftovers(folder)
        remove_leftovers(maps)
        for position, stage in enumerate(chosen):
            start, step = position / len(chosen), 1 / len(chosen)
            with _named(stage), folders.held(stage):
                decision = _decide(stage, study, folders)
                report(start, f"{stage.name}: {decision.reason}")
                if decision.runs:
                    _run_one(stage, study, folders, lambda f, m, s=start, w=step: report(s + f * w, m))  # type: ignore[misc]
            manifest = folders.store.read_json(manifest_name(stage.name)) or {}
            record["stages"][stage.name] = {
                "ran": decision.runs,
                "reason": decision.reason,
                "seconds": manifest.get("seconds"),
                "fingerprint": manifest.get("fingerprint"),
                "code": manifest.get("code"),
            }
        record |= folders.facts_of_base(stages)
        record["options"] = study.model_dump(mode="json")
        is_new = any(facts["ran"] for facts in record["stages"].values())
        last = None if is_new else folders.store.read_json("run.json")
        record["libraries"] = last["libraries"] if last else library_versions()
        folders.store.write_json("run.json", record)
        folders.checksums.save()
    report(1.0, "done")
    return record


@contextlib.contextmanager
def _named(stage: Stage) -> Iterator[None]:
    """Let an error that nobody raised on purpose say in which stage it came up."""
    try:
        yield
    except SpatialError:
        raise
    except Exception as error:
        raise StageError(stage.name, f"{type(error).__name__}: {error}", UNFORESEEN) from error


def _folders(study: Study, folder: Path, maps: Path, base: Path | None, *, verify: bool) -> _Folders:
    basis = study.population.basis
    store = Store(folder, basis, keeps=True)
    below = None if base is None else Store(base, basis, keeps=True)
    return _Folders(store, maps, Checksums(store, verify=verify), below)


def _names(marked: Sequence[str]) -> list[str]:
    return [name.rstrip("?") for name in marked]


def _input_hashes(stage: Stage, folders: _Folders) -> dict[str, str]:
    store = folders.inputs_of(stage)
    paths = {name: store.path_of(name) for name in _names(stage.reads)}
    return {name: folders.checksums.of(path) if path else "" for name, path in paths.items()}


def _fingerprint(stage: Stage, study: Study, folders: _Folders) -> str:
    options = Options(study, stage.options)
    opened, basis = _opened(stage, study), study.population.basis
    hashes = _input_hashes(stage, folders)
    return stage_fingerprint(stage, options, hashes, opened, checksums=folders.checksums, basis=basis)


def _opened(stage: Stage, study: Study) -> list[Path]:
    """Raw files that a stage may open."""
    return [*(raw_files(study) if stage.reads_raw else ()), *own_files(study, stage.options)]


def _decide(stage: Stage, study: Study, folders: _Folders) -> Decision:
    manifest = folders.store.read_json(manifest_name(stage.name))
    if manifest is None:
        return Decision(stage.name, True, "has not run to its end yet")
    if manifest.get("fingerprint") != _fingerprint(stage, study, folders):
        # Name the keys of the study, inputs, files, code and libraries that differ from those of the last
        # time.
        options = json.loads(json.dumps(Options(study, stage.options).dump()))
        raw = {path.name: folders.checksums.of(path) for path in _opened(stage, study) if path.is_file()}
        versions = package_versions()
        before = {name: manifest.get("libraries", {}).get(name) for name in versions}
        told = [
            *(f"{key} of the study" for key in _different(manifest.get("options", {}), options)),
            *(
                f"its input {name}"
                for name in _different(manifest.get("inputs", {}), _input_hashes(stage, folders))
            ),
            *(f"the file {name}" for name in _different(manifest.get("raw", {}), raw)),
            *(["its code"] if manifest.get("code") != code_fingerprint(stage.function.__module__) else []),
            *(f"the library {name}" for name in _different(before, versions)),
        ]
        # Neither of these: the contract of a table that it reads or makes, or the stage's own declaration.
        told = told or ["what it reads or makes"]
        more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        return Decision(stage.name, True, f"{', '.join(told[:_MOST_TOLD])}{more} changed")
    for name, facts in manifest["outputs"].items():
        path = (folders.of(stage) if name.startswith("file:") else folders.store.folder) / facts["path"]
        if not path.is_file():
            return Decision(stage.name, True, f"its output {path.name} is missing")
        if folders.checksums.of(path) != facts["sha256"]:
            return Decision(stage.name, True, f"its output {path.name} was changed or cut off")
    return Decision(stage.name, False, "up to date")


def _different(before: Any, now: Any) -> list[str]:
    """List the keys, dotted below sections, whose values differ."""
    keys = [
        key for key in (*now, *(key for key in before if key not in now)) if before.get(key) != now.get(key)
    ]
    found: list[str] = []
    for key in keys:
        one, other = before.get(key), now.get(key)
        both = isinstance(one, dict) and isinstance(other, dict)
        found += [f"{key}.{name}" for name in _different(one, other)] if both else [key]
    return found


def _run_one(stage: Stage, study: Study, folders: _Folders, progress: Progress) -> None:
    store = folders.store
    before = store.read_json(manifest_name(stage.name)) or {}
    store.remove(store.folder / manifest_name(stage.name))
    began = time.perf_counter()
    try:
        inputs = _inputs(stage, folders.inputs_of(stage))
        made = stage.function(**inputs, options=Options(study, stage.options), progress=progress)
        outputs = _write(stage, folders, made)
    except SpatialError as error:
        if isinstance(error, OSError) and error.exit_code == 6:
            raise
        raise StageError(stage.name, str(error), error.exit_code) from error
    written = {facts["path"] for facts in outputs.values()}
    for name, facts in before.get("outputs", {}).items():
        if name not in outputs and facts["path"] not in written:
            folder = folders.of(stage) if name.startswith("file:") else folders.store.folder
            folders.store.remove(folder / facts["path"])
    manifest = {
        "stage": stage.name,
        "fingerprint": _fingerprint(stage, study, folders),
        "code": code_fingerprint(stage.function.__module__),
        "inputs": _input_hashes(stage, folders),
        "raw": {path.name: folders.checksums.of(path) for path in _opened(stage, study) if path.is_file()},
        "options": Options(study, stage.options).dump(),
        "outputs": outputs,
        "libraries": library_versions(),
        "seconds": round(time.perf_counter() - began, 3),
    }
    store.write_json(manifest_name(stage.name), manifest)


def _inputs(stage: Stage, store: Store) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name in _names(stage.reads):
        path = store.path_of(name)
        if path is not None:
            inputs[name] = store.read_json(path.name) if path.suffix == ".json" else store.read(name)
            if inputs[name] is None:
                raise SpatialError(f"{path}: is damaged; delete it and run the study again")
    absent = [name for name in stage.reads if not name.endswith("?") and name not in inputs]
    if absent:
        raise SpatialError(f"its input {absent[0]} is missing; run the whole study")
    return inputs


def _write(
    stage: Stage,
    folders: _Folders,
    made: Mapping[str, pd.DataFrame | Raster | dict[str, Any] | list[Artifact]],
) -> dict[str, Any]:
    store = folders.store
    declared = set(_names(stage.makes)) | ({"files"} if stage.files else set())
    surplus = sorted(set(made) - declared)
    absent = sorted(name for name in stage.makes if not name.endswith("?") and name not in made)
    if surplus or absent:
        raise SpatialError(
            f"made {surplus or 'nothing'} beyond its declaration, and not {absent or 'anything'} of it"
        )
    outputs: dict[str, Any] = {}
    for name, value in made.items():
        if isinstance(value, list):
            for artifact in value:
                path = store.write_file(artifact, folders.of(stage))
                outputs[f"file:{artifact.name}"] = describe_output(store, path, None, folders.checksums) | {
                    "path": artifact.name
                }
        else:
            outputs[name] = describe_output(store, store.write(name, value), value, folders.checksums)
    return outputs
