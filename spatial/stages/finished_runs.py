"""What a comparison reads of finished runs, checked before anything is compared."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from spatial.errors import StoreError
from spatial.integration.comparison import Run, norm_terms, townships_in_doubt
from spatial.integration.pillars import GapTargets, ScoreRules
from spatial.runner.manifest import manifest_name
from spatial.store import Store
from spatial.study.score import ScoreOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from spatial.results import Results

__all__ = ["STATUSES", "read_runs"]

STATUSES = ("draft", "internal", "public")
"""Of the outputs of a run, from the least to the most."""
NEEDED = ("settlements", "access", "last_mile", "norm_results", "towns", "score_components", "scores")
SHOWN = ("boundaries", "flows", "study_area", "water", "roads", "provenance", "rank_pairs")
"""Tables that a study may lack."""
MEASURING = ("read", "calibration", "network", "population", "access", "norms", "score")
"""Stages whose code decides what is compared."""
PACKAGE = "spatial-integration"
AGAIN = "run the study again: spatial run STUDY"
RULES = (
    "norms",
    "gap_norm",
    "epsilon",
    "weights",
    "volume_targets",
    "level_bands",
    "environment_km",
    "draws",
    "seed",
)
RULED = (*RULES, "targets", "required_services", "neighbours")
TOLD = (
    "region",
    "network",
    "access",
    "population",
    "tiers",
    "norms",
    "inventory",
    "jurisdictions",
    "services_file",
)
"""Options that are said where they differ; those of sources are not, since other data are what is compared."""


def read_runs(results: Sequence[Results]) -> list[Run]:
    """Read what a comparison needs of each run."""
    names = [one.folder.resolve().name for one in results]
    often = Counter(names)
    return [
        _run(one, name if often[name] == 1 else f"{name} ({at})")
        for at, (one, name) in enumerate(zip(results, names, strict=True), start=1)
    ]


def _run(results: Results, name: str) -> Run:
    options, norms = _checked(results)
    there = set(results.names)
    record = results.record
    return Run(
        name=name,
        as_of=str(options["as_of"]),
        settlements=results.settlements,
        access=results.access,
        last_mile=results.last_mile,
        norm_results=results.norms,
        towns=_table(results, "towns"),
        components=_table(results, "score_components"),
        terms=norm_terms(results.norms, norms),
        boundaries=results.boundaries if "boundaries" in there else None,
        flows=_table(results, "flows") if "flows" in there else None,
        mode=str(options["network"]["modes"][0]),
        basis=str(options["population"]["basis"]),
        rules=_rules(options["score"]),
        options=_told(options),
        version=str(_inside(record, "libraries", PACKAGE) or ""),
        in_doubt=_in_doubt(results),
        code={stage: str(code) for stage in MEASURING if (code := _inside(record, "stages", stage, "code"))},
    )


def _checked(results: Results) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the options and the norms of a run, or refuse it with all its faults."""
    options = results.record.get("options")
    absent = [name for name in NEEDED if name not in set(results.names)]
    lost = _lost(results, [*absent, *SHOWN])
    unfinished = [name for name in absent if name not in lost]
    if unfinished or options is None:
        lacking = unfinished or ["options in run.json"]
        raise StoreError(
            f"{results.folder}: the run is not finished, it lacks {', '.join(lacking)}; run the whole study first: "
            "spatial run STUDY"
        )
    if lost:
        raise StoreError(
            f"{results.folder}: the run wrote {', '.join(f'{name}.parquet' for name in lost)}, no longer there; {AGAIN}"
        )
    faults = list(_option_faults(options))
    if faults:
        raise StoreError(
            f"{results.folder / 'run.json'}: {'; '.join(faults)}; it is damaged or of another version of the package: "
            f"{AGAIN}"
        )
    faults = list(_summary_faults(results.summary))
    if faults:
        raise StoreError(
            f"{results.folder / 'summary.json'}: {'; '.join(faults)}; it is damaged or of another version of the "
            f"package: {AGAIN}"
        )
    return options, results.summary["norms"]


def _lost(results: Results, wanted: Sequence[str]) -> list[str]:
    """Name tables that a stage of the run wrote and that are no longer there."""
    stages, store = results.record.get("stages"), Store(results.folder)
    written: set[str] = set()
    for stage in stages if isinstance(stages, dict) else ():
        outputs = _inside(store.read_json(manifest_name(stage)), "outputs")
        written |= set(outputs) if isinstance(outputs, dict) else set()
    return [name for name in wanted if name in written and store.path_of(name) is None]


def _summary_faults(summary: Mapping[str, Any]) -> Iterator[str]:
    norms, study = summary.get("norms"), summary.get("study", {})
    named = isinstance(norms, list) and all(
        isinstance(norm, dict) and {"norm_id", "id"} & set(norm) for norm in norms
    )
    if not named:
        yield "norms are not a list of norms with their id"
    if not isinstance(study, dict) or not isinstance(study.get("title", {}), dict):
        yield "study has no table of titles"


def _option_faults(options: object) -> Iterator[str]:
    """Say what of the options is not as a comparison reads it."""
    if not isinstance(options, dict):
        yield "options are no table of options"
        return
    modes, status = _inside(options, "network", "modes"), _inside(options, "outputs", "status")
    told = {
        "as_of is no date": _is_date(options.get("as_of")),
        "network.modes name no mode": isinstance(modes, list)
        and bool(modes)
        and all(isinstance(mode, str) for mode in modes),
        "population.basis is no text": isinstance(_inside(options, "population", "basis"), str),
        f"outputs.status is none of {', '.join(STATUSES)}": status in STATUSES,
        "synthetic is not true or false": isinstance(options.get("synthetic"), bool),
        "jurisdictions are no list": isinstance(options.get("jurisdictions", []), list),
    }
    yield from (f"options: {fault}" for fault, is_right in told.items() if not is_right)
    score = options.get("score")
    if not isinstance(score, dict):
        yield "options: score is no table of options"
        return
    try:
        ScoreOptions.model_validate({name: score[name] for name in (*RULES, "targets") if name in score})
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"])
            is_strange = fault["type"] == "extra_forbidden"
            yield f"options: score.{where}: {'not known to this version' if is_strange else fault['msg']}"


def _is_date(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _inside(value: object, *keys: str) -> object:
    """Follow keys through tables; None where one is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _table(results: Results, name: str) -> pd.DataFrame:
    table: pd.DataFrame = getattr(results, name)
    return table


def _in_doubt(results: Results) -> pd.DataFrame | None:
    """Read whom known issues forbid to rank; nobody where the run of an older version does not say."""
    scores = _table(results, "scores")
    pairs = _table(results, "rank_pairs") if "rank_pairs" in set(results.names) else None
    if "rank_status" not in scores or (pairs is not None and "pair_status" not in pairs):
        return None
    return townships_in_doubt(scores, pairs)


def _rules(score: Mapping[str, Any]) -> ScoreRules:
    given = {name: score[name] for name in RULES if name in score}
    for name in ("norms", "level_bands"):
        if name in given:
            given[name] = tuple(given[name])
    return ScoreRules(**given, targets=GapTargets(**score.get("targets", {})))


def _told(options: Mapping[str, Any]) -> dict[str, Any]:
    """Lay options out by key; lists are compared whole."""
    found: dict[str, Any] = {}
    for section in (*TOLD, "score"):
        value = options.get(section)
        if isinstance(value, dict):
            kept = RULED if section == "score" else value
            found |= {f"{section}.{key}": value[key] for key in kept if key in value}
        else:
            found[section] = value
    return found
