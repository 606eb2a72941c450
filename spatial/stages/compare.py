"""Runs read back from their folders and held against each other: two dates, two scenarios, or a row of dates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spatial.errors import StoreError, first_of
from spatial.integration.comparison import Comparison, Run, compare, follow, norm_terms
from spatial.integration.pillars import GapTargets, ScoreRules
from spatial.planning.comparison import placed_units
from spatial.results import read_results
from spatial.stages.compare_page import account_lines, page_of
from spatial.store import Artifact, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from spatial.results import Results

__all__ = ["compare_folders", "compare_runs", "read_runs", "trajectory", "write_comparison"]

PAGE = "compare.html"
NEEDED = ("settlements", "access", "last_mile", "norm_results", "towns", "score_components", "scores")
PLACES = ("settlements", "boundaries", "study_area")
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
    one, other = read_runs([before, after])
    return _placed(compare(one, other), before, after)


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


def compare_folders(folders: Sequence[Path], *, to: Path | None = None, language: str = "en") -> list[str]:
    """
    Compare runs by their folders, for the command line.

    Parameters
    ----------
    folders : sequence of Path
        Two or more processed folders, the earliest first; the first is held against the last.
    to : Path, optional
        Where to write the tables; nothing is written by default.
    language : str
        A language with a message file.

    Returns
    -------
    list of str
        What changed, a line each; with more than two runs the level of the study at each; and where the tables are.

    Raises
    ------
    StoreError
        For a folder without a finished run, or one that cannot be written.
    ContractError
        For runs that cannot be compared.
    """
    results = [read_results(folder) for folder in folders]
    runs = read_runs(results)
    comparison = _placed(compare(runs[0], runs[-1]), results[0], results[-1])
    followed = follow(runs)
    lines = account_lines(comparison, followed, language)
    if to is not None:
        page = page_of(comparison, followed, results, language)
        write_comparison(comparison.tables | {"trajectory": followed}, to, basis=runs[0].basis, page=page)
        lines.append(f"{to / PAGE}")
    return lines


def _placed(comparison: Comparison, before: Results, after: Results) -> Comparison:
    """Say of each unit where it lies and what else it is called."""
    known = [_tables(results, PLACES) for results in (after, before)]
    return replace(comparison, units=placed_units(comparison.units, known))


def _tables(results: Results, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    there = set(results.names)
    return {name: _table(results, name) for name in names if name in there}


def write_comparison(
    tables: Mapping[str, pd.DataFrame], folder: Path, *, basis: str = "", page: bytes = b""
) -> list[Path]:
    """
    Write tables of a comparison, each as Parquet and as CSV.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the contracts of their names.
    folder : Path
        Made where it is not there. A folder that holds a run is left alone.
    basis : str
        Which people are counted.
    page : bytes
        The page; none where empty.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    StoreError
        For a folder that holds a run, or that cannot be written.
    """
    if (folder / "run.json").is_file():
        raise StoreError(
            f"{folder}: holds a run, whose files a comparison could cover; name another folder with --to"
        )
    store = Store(folder, basis)
    written = [store.write_file(Artifact(PAGE, page))] if page else []
    for name, table in tables.items():
        written.append(store.write(name, table))
        text = table.to_csv(index=False, lineterminator="\n")
        written.append(store.write_file(Artifact(f"{name}.csv", text.encode("utf-8-sig"))))
    return written


def read_runs(results: Sequence[Results]) -> list[Run]:
    """
    Read what a comparison needs of each run.

    Parameters
    ----------
    results : sequence of Results
        As `read_results` opens them.

    Returns
    -------
    list of Run
        Named by their folders; by folder and place in the row where two folders have one name.

    Raises
    ------
    StoreError
        For a run that is not finished: which tables it lacks.
    """
    names = [one.folder.resolve().name for one in results]
    often = Counter(names)
    return [
        _run(one, name if often[name] == 1 else f"{name} ({at})")
        for at, (one, name) in enumerate(zip(results, names, strict=True), start=1)
    ]


def _run(results: Results, name: str) -> Run:
    there = set(results.names)
    missing = [table for table in NEEDED if table not in there]
    options = results.record.get("options")
    if missing or not options:
        raise StoreError(
            f"{results.folder}: the run is not finished (no {first_of(missing or ['options in run.json'])}); run the "
            "whole study first: spatial run STUDY"
        )
    return Run(
        name=name,
        as_of=str(options["as_of"]),
        settlements=results.settlements,
        access=results.access,
        last_mile=results.last_mile,
        norm_results=results.norms,
        towns=_table(results, "towns"),
        components=_table(results, "score_components"),
        terms=norm_terms(results.norms, results.summary["norms"]),
        boundaries=results.boundaries if "boundaries" in there else None,
        flows=_table(results, "flows") if "flows" in there else None,
        mode=str(options["network"]["modes"][0]),
        basis=str(options["population"]["basis"]),
        rules=_rules(options["score"]),
        options=_told(options),
    )


def _table(results: Results, name: str) -> pd.DataFrame:
    table: pd.DataFrame = getattr(results, name)
    return table


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
