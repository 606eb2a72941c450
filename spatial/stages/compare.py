"""Runs read back from their folders, checked and held against each other: two dates, scenarios, a row of dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from spatial.cartography.comparison import ComparisonMeta, comparison_page
from spatial.cartography.page_data import issue_entries, source_entries
from spatial.crs import require_metres
from spatial.errors import ContractError, StoreError, first_of
from spatial.inputs.list_merge import SAME, family_of
from spatial.inputs.names import open_namesakes
from spatial.inputs.services import load_services
from spatial.messages import FALLBACK, Words, languages
from spatial.norms.law import load_register, norm_id_of
from spatial.plain_text import csv_bytes
from spatial.reporting.comparison import comparison_lines, placed_units, trajectory_lines
from spatial.results import Results, read_results
from spatial.runner.manifest import manifest_name
from spatial.score.comparison.boards import Matched, follow, follow_matched, match
from spatial.score.comparison.changes import Comparison, compare_matched
from spatial.score.comparison.runs import AGAIN, Run, norm_terms, townships_in_doubt
from spatial.stages.policy import approval_wanted
from spatial.store import Artifact, Store, replace_files
from spatial.study.score import ScoreRules
from spatial.tables import TABLES

# What a comparison reads of finished runs, checked before anything is compared.

STATUSES = ("draft", "internal", "public")
"""Of the outputs of a run, from the least to the most."""
NEEDED = ("settlements", "access", "last_mile", "norm_results", "towns", "score_components", "scores")
SHOWN = ("boundaries", "flows", "study_area", "water", "roads", "provenance", "rank_pairs")
"""Tables that a study may lack."""
MEASURING = ("read", "calibration", "network", "population", "access", "norms", "score")
"""Stages whose code decides what is compared."""
PACKAGE = "spatial-integration"
RULES = (
    "norms", "gap_norm", "epsilon", "weights", "volume_targets", "level_bands", "environment_km", "draws", "seed",
    "targets",
)  # fmt: skip
RULED = (*RULES, "required_services", "neighbours")
TOLD = ("region", "network", "access", "population", "tiers", "norms", "inventory", "jurisdictions", "services_file")
"""Options that are said where they differ; those of sources are not, since other data are what is compared."""


def read_runs(results: Sequence[Results]) -> list[Run]:
    """Read what a comparison needs of each run."""
    odd = sorted({type(one).__name__ for one in results if not isinstance(one, Results)})
    if odd:
        raise ContractError("runs", [f"{first_of(odd)} given; open each run with read_results(folder)"])
    names = [one.folder.resolve().name for one in results]
    often = Counter(names)
    runs = []
    for at, (one, name) in enumerate(zip(results, names, strict=True), start=1):
        options, norms = _checked(one)
        wanted = [found for found in (*NEEDED, "boundaries", "flows", "rank_pairs") if found in one.names]
        there, record = {found: getattr(one, found) for found in wanted}, one.record
        scores, pairs = there["scores"], there.get("rank_pairs")
        # Whom known issues forbid to rank; nobody where the run of an older version does not say.
        says_doubt = "rank_status" in scores and (pairs is None or "pair_status" in pairs)
        # Options by key, as far as they are said where they differ; lists are compared whole.
        told: dict[str, Any] = {}
        for section in (*TOLD, "score"):
            value = options.get(section)
            if isinstance(value, dict):
                kept = RULED if section == "score" else value
                told |= {f"{section}.{key}": value[key] for key in kept if key in value}
            else:
                told[section] = value
        runs.append(
            Run(
                name=name if often[name] == 1 else f"{name} ({at})",
                as_of=str(options["as_of"]),
                **{name: there[name] for name in ("settlements", "access", "last_mile", "norm_results", "towns")},
                components=there["score_components"],
                terms=norm_terms(there["norm_results"], norms),
                boundaries=there.get("boundaries"),
                flows=there.get("flows"),
                mode=str(options["network"]["modes"][0]),
                basis=str(options["population"]["basis"]),
                rules=_score_rules(options["score"]),
                options=told,
                version=str(_inside(record, "libraries", PACKAGE) or ""),
                in_doubt=townships_in_doubt(scores, pairs) if says_doubt else None,
                code={stage: str(code) for stage in MEASURING if (code := _inside(record, "stages", stage, "code"))},
            )
        )
    return runs


def _checked(results: Results) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the options and the norms of a run, or refuse it with all its faults."""
    record, store = results.record, Store(results.folder)
    options, stages = record.get("options"), record.get("stages")
    absent = [name for name in NEEDED if name not in set(results.names)]
    # Name tables that a stage of the run wrote and that are no longer there.
    written: set[str] = set()
    for stage in stages if isinstance(stages, dict) else ():
        outputs = _inside(store.read_json(manifest_name(stage)), "outputs")
        written |= set(outputs) if isinstance(outputs, dict) else set()
    lost = [name for name in (*absent, *SHOWN) if name in written and store.path_of(name) is None]
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
    _refuse_damaged(results.folder / "run.json", list(_option_faults(options)))
    norms, study, faults = results.summary.get("norms"), results.summary.get("study", {}), list[str]()
    if not isinstance(norms, list) or not all(
        isinstance(norm, dict) and {"norm_id", "id"} & set(norm) for norm in norms
    ):
        faults.append("norms are not a list of norms with their id")
    if not isinstance(study, dict) or not isinstance(study.get("title", {}), dict):
        faults.append("study has no table of titles")
    _refuse_damaged(results.folder / "summary.json", faults)
    return options, results.summary["norms"]


def _refuse_damaged(file: Path, faults: Sequence[str]) -> None:
    if faults:
        told = f"{'; '.join(faults)}; it is damaged or of another version of the package"
        raise StoreError(f"{file}: {told}: {AGAIN}")


def _option_faults(options: object) -> Iterator[str]:
    """Say what of the options is not as a comparison reads it."""
    if not isinstance(options, dict):
        yield "options are no table of options"
        return
    modes, status = _inside(options, "network", "modes"), _inside(options, "outputs", "status")
    as_of = options.get("as_of")
    try:
        is_date = isinstance(as_of, str) and bool(date.fromisoformat(as_of))
    except ValueError:
        is_date = False
    told = {
        "as_of is no date": is_date,
        "network.modes name no mode": isinstance(modes, list) and {*map(type, modes)} == {str},
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
        _score_rules(score)
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(part) for part in fault["loc"])
            is_strange = fault["type"] == "extra_forbidden"
            yield f"options: score.{where}: {'not known to this version' if is_strange else fault['msg']}"


def _score_rules(score: Mapping[str, Any]) -> ScoreRules:
    return ScoreRules.model_validate({name: score[name] for name in (*RULES, "flow_totals") if name in score})


def _inside(value: object, *keys: str) -> object:
    """Follow keys through tables; None where one is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


# What the page of a comparison says beside its numbers, gathered from the runs' own records.

NORM_FACTS = ("service", "metric", "mode", "unit", "threshold", "target_share", "stat_unit", "scope", "norm_class")


def account_lines(comparison: Comparison, trajectory: pd.DataFrame, language: str) -> list[str]:
    """Say what changed, a line each."""
    lines = comparison_lines(comparison, language, service_names=load_services().names(language))
    if len(trajectory) and trajectory["position"].max() > 2:
        lines += trajectory_lines(trajectory, language)
    return lines


def page_of(
    comparison: Comparison,
    trajectory: pd.DataFrame,
    results: Sequence[Results],
    grounds: Sequence[Mapping[str, pd.DataFrame]],
    language: str,
) -> bytes:
    """Write the page of a comparison."""
    shown = (language, *(code for code in languages() if code != language))
    options = [one.record["options"] for one in results]
    last, summary = options[-1], results[-1].summary
    told = summary.get("study", {})
    synthetic = any(one["synthetic"] for one in options)
    status = min((one["outputs"]["status"] for one in options), key=STATUSES.index)
    approval = last["outputs"].get("map_approval") or ""
    vocabulary = load_services()
    # What each norm asks, as the later run has it where it knows the norm.
    asked = {norm_id_of(norm): norm for one in (results[0].summary, summary) for norm in one["norms"]}
    norms, rules = {}, load_register().set_index("norm_id", drop=False).to_dict("index")
    for norm, service in comparison.norms[["norm_id", "service"]].astype(str).itertuples(index=False):
        facts = {name: asked.get(norm, {}).get(name) for name in NORM_FACTS}
        rule = rules.get(norm, {})
        # A register of the study's own may call another norm so.
        if rule and all(rule[name] == facts[name] for name in ("metric", "unit", "stat_unit")):
            facts |= {f"title_{code}": rule[f"title_{code}"] for code in languages()}
            facts |= {f"register_{name}": rule[name] for name in ("threshold", "target_share")}
        item = vocabulary.get(service) or vocabulary.for_register(service)
        norms[norm] = facts | {"service": service, "names": dict(item.names) if item else {}}
    meta = ComparisonMeta(
        name=str(told.get("name", comparison.after)),
        title=dict(told.get("title", {})),
        run_titles=tuple(
            (one.record["options"].get("scenario") or {}).get("title") or one.summary.get("study", {}).get("title", {})
            for one in (results[0], results[-1])
        ),
        norms=norms,
        status=status,
        population_basis=str(last["population"]["basis"]),
        synthetic=synthetic,
        bands=tuple(last["score"].get("level_bands", ScoreRules().level_bands)),
        sources=source_entries(results[-1].provenance) if "provenance" in results[-1].names else (),
        known_issues=tuple(issue_entries(summary.get("known_issues") or (), shown, vocabulary.names_by_language)),
        map_approval=approval,
        approval_wanted=approval_wanted(status, last.get("jurisdictions", ()), synthetic=synthetic, number=approval),
    )
    return comparison_page(
        comparison,
        {code: account_lines(comparison, trajectory, code) for code in shown},
        meta=meta,
        runs=grounds,
        trajectory=trajectory,
    )


# Runs read back from their folders and held against each other: two dates, two scenarios, or a row of dates.

PAGE = "compare.html"
ENDS = (0, -1)
"""The first run is held against the last."""
NAMED = 5
"""So many pairs are named in a note; the others are counted."""
GROUND = ("study_area", "water", "roads")


def compare_runs(before: Results, after: Results) -> Comparison:
    """
    Hold two runs against each other, on the norms and goalposts that they share.

    Parameters
    ----------
    before, after : Results
        As `read_results` opens them: two dates or two scenarios of one county, each run to its gaps.

    Returns
    -------
    Comparison
        Who gained and lost, gates that turned, the change of each level by pillar and component, the change of each
        gap, ranks that surely turned, and which norms were compared. Its `tables` follow the contracts `comparison`,
        `comparison_components`, `comparison_people`, `comparison_gates`, `comparison_ranks` and `comparison_norms`.

    Raises
    ------
    StoreError
        For a run that is not finished: which tables it lacks.
    ContractError
        For runs that cannot be compared: other people counted, another first mode, other places.
    """
    matched = match(read_runs([before, after]))
    return _told(matched, before, after, _grounds(matched.runs, (before, after), GROUND[:1]))


def trajectory(results: Sequence[Results]) -> pd.DataFrame:
    """
    Follow the study, its townships and its settlements over several runs.

    Parameters
    ----------
    results : sequence of Results
        Two or more, as `read_results` opens them, in the order in which they are to be told.

    Returns
    -------
    DataFrame
        By the contract of `trajectory`: a row a unit and run.

    Raises
    ------
    StoreError
        For a run that is not finished.
    ContractError
        For runs that cannot be compared.
    """
    return follow(read_runs(results))


def words_of_run(folder: Path, language: str | None) -> Words:
    """Speak the language that is asked for, or the first one of the study that was run."""
    spoken = read_results(folder).record["options"]["outputs"].get("languages") or [FALLBACK]
    return Words(language or spoken[0], "commands")


def compare_folders(folders: Sequence[Path], *, to: Path | None = None, language: str | None = None) -> list[str]:
    """Compare runs by their folders, for the command line."""
    # A long comparison is not made first where nobody could have it.
    Words(language or FALLBACK, "comparison")
    if to is not None:
        _refuse_run(to)
    results = [read_results(folder) for folder in folders]
    runs = read_runs(results)
    language = words_of_run(folders[-1], language).language
    whole = match(runs)
    ends = whole if len(runs) == len(ENDS) else match([runs[end] for end in ENDS], scored=whole)
    grounds = _grounds(ends.runs, (results[0], results[-1]))
    comparison = _told(ends, results[0], results[-1], grounds)
    followed = follow_matched(whole)
    lines = account_lines(comparison, followed, language)
    if to is not None:
        page = page_of(comparison, followed, results, grounds, language)
        write_comparison(comparison.tables | {"trajectory": followed}, to, basis=runs[0].basis, page=page)
        lines.append(f"{to / PAGE}")
    return lines


def _grounds(
    runs: Sequence[Run], results: Sequence[Results], names: Sequence[str] = GROUND
) -> list[dict[str, pd.DataFrame]]:
    """Give places, boundaries and what lies below them, the later run first, by the ids of the matched runs."""
    grounds = []
    for run, one in zip(reversed(runs), reversed(results), strict=True):
        there = set(one.names)
        ground = {name: getattr(one, name) for name in names if name in there}
        bounds = {} if run.boundaries is None else {"boundaries": run.boundaries}
        grounds.append({"settlements": run.settlements, **bounds, **ground})
    return grounds


def _told(
    matched: Matched, before: Results, after: Results, grounds: Sequence[Mapping[str, pd.DataFrame]]
) -> Comparison:
    """Compare, note facilities that are gone while a namesake is open near them, and say where each unit lies."""
    comparison, notes = compare_matched(matched), []
    if "facilities" in before.names and "facilities" in after.names:
        vocabulary = load_services()
        earlier = before.facilities
        found = open_namesakes(
            earlier,
            after.facilities.to_crs(require_metres(earlier.crs, what="facilities")),
            lambda one, two: family_of(one, two, vocabulary) == SAME,
        )
        pairs = [f"{item.closed} → {item.open}, {item.distance_m:.0f} m" for item in found]
        more = f"; + {len(pairs) - NAMED}" if len(pairs) > NAMED else ""
        notes = [("open_namesake", "; ".join(pairs[:NAMED]) + more)] if pairs else []
    units = placed_units(comparison.units, grounds)
    return replace(comparison, notes=(*comparison.notes, *notes), units=units)


def write_comparison(
    tables: Mapping[str, pd.DataFrame], folder: Path, *, basis: str = "", page: bytes = b""
) -> list[Path]:
    """Write tables of a comparison, each as Parquet and as CSV: all of them, or nothing."""
    _refuse_run(folder)
    for name, table in tables.items():
        if name in TABLES:
            TABLES[name].check(table)
    with replace_files(folder) as new:
        store = Store(new, basis)
        written = [store.write_file(Artifact(PAGE, page))] if page else []
        for name, table in tables.items():
            written.append(store.write(name, table))
            written.append(store.write_file(Artifact(f"{name}.csv", csv_bytes(table))))
    return [folder / path.name for path in written]


def _refuse_run(folder: Path) -> None:
    if (folder / "run.json").is_file():
        raise StoreError(f"{folder}: holds a run, whose files a comparison could cover; name another folder with --to")
