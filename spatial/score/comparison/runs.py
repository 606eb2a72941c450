"""What a comparison reads of a run: whether its tables are whole, and the terms on which it judged each norm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.norms.law import norm_id_of
from spatial.study.score import ScoreRules
from spatial.tables import TABLES

# Whether the tables of a run are whole: columns, keys and a row for every place.

COLUMNS: Mapping[str, Sequence[str]] = {
    "settlements": ("settlement_id", "in_study", "population_persons"),
    "access": ("settlement_id", "service", "mode", "reach_status"),
    "last_mile": ("settlement_id", "last_mile_class", "last_mile_class_known"),
    "norm_results": (
        "unit_level", "unit_id", "norm_id", "service", "status_as_mapped", "value", "gate",
        "depth_fgt1", "served_share", "threshold", "target_share", "places_in_scope", "persons_in_scope",
        "persons_unserved",
    ),
    "towns": ("settlement_id", "tier", "completeness", "required_services"),
    "components": ("unit_level", "unit_id", "pillar", "side", "component", "value", "detail"),
}  # fmt: skip
FILES: Mapping[str, str] = {"components": "score_components"}
"""Names of tables where they differ from the field of `Run`."""
AGAIN = "run the study again: spatial run STUDY"


def check_columns(name: str, table: pd.DataFrame) -> None:
    """Refuse a table that lacks what a comparison reads."""
    lacking = [column for column in COLUMNS[name] if column not in table]
    if lacking:
        raise ContractError(FILES.get(name, name), [f"columns that are not there: {first_of(lacking)}; {AGAIN}"])


def check_whole(runs: Sequence[Run]) -> None:
    """
    Refuse runs whose tables lack columns or rows, hold a row twice, or hold values that their contract does not know.

    A place of which a table says nothing would count as one that reaches nothing, or not at all.
    """
    for run in runs:
        for name in COLUMNS:
            check_columns(name, getattr(run, name))
    problems = [f"{run.name}: {problem}; {AGAIN}" for run in runs for problem in _problems(run)]
    if problems:
        raise ContractError("runs", problems)


def _problems(run: Run) -> Iterator[str]:
    """Name what is wrong with the tables of a run."""
    # Rows that are there twice.
    for name in COLUMNS:
        table, file = getattr(run, name), FILES.get(name, name)
        key = list(TABLES[file].key)
        rows = table[table.duplicated(key)]
        if len(rows):
            yield f"{file}: rows that are there twice, {first_of(rows[key].astype(str).agg('/'.join, axis=1))}"
    # Places without a row.
    by_mode = run.access[run.access["mode"] == run.mode]
    judged = run.norm_results[run.norm_results["unit_level"] == "settlement"]
    told = {
        "access": run.access["settlement_id"],
        "last_mile": run.last_mile["settlement_id"],
        **{f"access to {at} by {run.mode}": ids for at, ids in by_mode.groupby("service")["settlement_id"]},
        **{f"norm_results of {norm}": ids for norm, ids in judged.groupby("norm_id")["unit_id"]},
    }
    places = run.places.index
    for name, ids in told.items():
        without = places[~places.isin(ids.astype(str))]
        if len(without):
            yield f"{name}: no row for {first_of(without)} of {len(places)} places"
    # Values that the contract does not know.
    for name, columns in COLUMNS.items():
        table, file = getattr(run, name), FILES.get(name, name)
        for column in TABLES[file].fields:
            if column.name not in columns:
                continue
            values = table[column.name]
            if column.kind == "number" and not pd.api.types.is_numeric_dtype(values):
                yield f"{file}: {column.name} holds no numbers"
            elif column.kind == "number":
                low, high = column.minimum, column.maximum
                wrong = values < (-np.inf if low is None else low)
                wrong |= (values > (np.inf if high is None else high)) | np.isinf(values)
                if wrong.any():
                    yield f"{file}: {column.name} out of range, such as {first_of(values[wrong])}"
            elif column.values:
                words = sorted(set(values.dropna().astype(str)) - set(column.values))
                if words:
                    yield f"{file}: {column.name} holds other words than {', '.join(column.values)}: {first_of(words)}"


# What a comparison reads of a run, and the terms on which it judged each norm.

TERMS = ("metric", "mode", "direction", "unit", "stat_unit", "scope")
"""What a norm asks, beside its threshold, fail point and target share."""
FAIL_POINT = "fail_point"


@dataclass(frozen=True, eq=False)
class Run:
    """One run, as a comparison reads it."""

    name: str  # what to call it, and the date on which it judged norms
    as_of: str
    settlements: pd.DataFrame  # by the contracts of the tables; `components` is `score_components`
    access: pd.DataFrame
    last_mile: pd.DataFrame
    norm_results: pd.DataFrame
    towns: pd.DataFrame
    components: pd.DataFrame
    terms: pd.DataFrame  # as `norm_terms` makes it
    boundaries: pd.DataFrame | None = None  # by the contracts of the tables
    flows: pd.DataFrame | None = None
    mode: str = ""  # the first mode, and which people are counted
    basis: str = ""
    rules: ScoreRules = field(default_factory=ScoreRules)  # what the study decided about its score
    # other decisions by their key, to tell which of them differ
    options: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""  # of the package that made the run; empty where nobody recorded it
    # fingerprint of the code behind each stage that measures
    code: Mapping[str, str] = field(default_factory=dict)
    in_doubt: pd.DataFrame | None = None  # as `townships_in_doubt` finds them

    @property
    def places(self) -> pd.DataFrame:
        """Settlements of the study area."""
        mine = self.settlements[self.settlements["in_study"].to_numpy(dtype=bool)]
        return mine.set_index(mine["settlement_id"].astype(str))


def townships_in_doubt(scores: pd.DataFrame, rank_pairs: pd.DataFrame | None) -> pd.DataFrame:
    """Find the townships that known issues of the sources forbid to rank, or to compare."""
    held = scores.loc[scores["unit_level"].eq("township") & scores["rank_status"].eq("in_doubt"), "unit_id"]
    alone = pd.DataFrame({"unit_id": held, "other_id": held})
    if rank_pairs is None:
        return alone.reset_index(drop=True)
    pairs = rank_pairs.loc[rank_pairs["pair_status"].eq("in_doubt"), ["unit_id", "other_id"]]
    return pd.concat([alone, pairs], ignore_index=True)


def norm_terms(norm_results: pd.DataFrame, listed: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Gather the terms on which a run judged each norm."""
    check_columns("norm_results", norm_results)
    study = norm_results[norm_results["unit_level"] == "study"].drop_duplicates("norm_id")
    terms = study[["norm_id", "service", "threshold", "target_share"]].reset_index(drop=True)
    told = {norm_id_of(norm): norm for norm in listed}
    for name in TERMS:
        said = [told.get(norm, {}).get(name) for norm in terms["norm_id"].astype(str)]
        terms[name] = pd.Series(["" if word is None else str(word) for word in said], dtype="str")
    ids = terms["norm_id"].astype(str)
    is_told = ids.map(lambda norm: FAIL_POINT in told.get(norm, {})).to_numpy(dtype=bool)
    posts = pd.to_numeric(ids.map(lambda norm: told.get(norm, {}).get(FAIL_POINT)), errors="coerce")
    depth = norm_results["depth_fgt1"]
    rows = norm_results[
        (norm_results["unit_level"] == "settlement")
        & (norm_results["status_as_mapped"] == "not_met")
        & norm_results["value"].notna()
        & depth.gt(1e-6)
        & depth.lt(1.0 - 1e-6)
    ]
    back = rows["threshold"] + (rows["value"] - rows["threshold"]) / rows["depth_fgt1"]
    found = back.groupby(rows["norm_id"].astype(str)).median()
    terms[FAIL_POINT] = np.where(
        is_told, posts, ids.map({str(norm): float(value) for norm, value in found.items()})
    ).astype(np.float64)
    terms["fail_point_told"] = is_told
    return terms.sort_values("norm_id", ignore_index=True)
