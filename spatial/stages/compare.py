"""Runs read back from their folders and held against each other: two dates, two scenarios, or a row of dates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spatial.crs import require_metres
from spatial.errors import StoreError
from spatial.integration.comparison import Comparison, Run, compare_matched, follow, follow_matched, match
from spatial.plain_text import csv_bytes
from spatial.planning.comparison import placed_units
from spatial.results import read_results
from spatial.sources.list_pairs import SAME, family_of
from spatial.sources.namesakes import open_namesakes
from spatial.sources.services import load_services
from spatial.stages.compare_page import account_lines, page_of
from spatial.stages.finished_runs import read_runs
from spatial.store import Artifact, Store, replace_files
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from spatial.results import Results

__all__ = ["compare_folders", "compare_runs", "trajectory", "write_comparison"]

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
    comparison = _warned(compare_matched(matched), before, after)
    return _placed(comparison, _grounds(matched.runs, (before, after), GROUND[:1]))


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
    """Compare runs by their folders, for the command line."""
    results = [read_results(folder) for folder in folders]
    runs = read_runs(results)
    whole = match(runs)
    ends = whole if len(runs) == len(ENDS) else match([runs[end] for end in ENDS], scored=whole)
    grounds = _grounds(ends.runs, (results[0], results[-1]))
    comparison = _placed(_warned(compare_matched(ends), results[0], results[-1]), grounds)
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


def _warned(comparison: Comparison, before: Results, after: Results) -> Comparison:
    """Note facilities that are gone while another of their name, in both runs, is open near them."""
    if "facilities" not in before.names or "facilities" not in after.names:
        return comparison
    vocabulary = load_services()
    earlier = before.facilities
    found = open_namesakes(
        earlier,
        after.facilities.to_crs(require_metres(earlier.crs, what="facilities")),
        lambda one, two: family_of(one, two, vocabulary) == SAME,
    )
    pairs = [f"{item.closed} → {item.open}, {item.distance_m:.0f} m" for item in found]
    note = [("open_namesake", _listed(pairs))] if pairs else []
    return replace(comparison, notes=(*comparison.notes, *note))


def _listed(pairs: Sequence[str]) -> str:
    more = f"; + {len(pairs) - NAMED}" if len(pairs) > NAMED else ""
    return "; ".join(pairs[:NAMED]) + more


def _placed(comparison: Comparison, grounds: Sequence[Mapping[str, pd.DataFrame]]) -> Comparison:
    """Say of each unit where it lies and what else it is called."""
    return replace(comparison, units=placed_units(comparison.units, grounds))


def write_comparison(
    tables: Mapping[str, pd.DataFrame], folder: Path, *, basis: str = "", page: bytes = b""
) -> list[Path]:
    """Write tables of a comparison, each as Parquet and as CSV: all of them, or nothing."""
    if (folder / "run.json").is_file():
        raise StoreError(
            f"{folder}: holds a run, whose files a comparison could cover; name another folder with --to"
        )
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
