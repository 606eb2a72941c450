"""Whether the tables of a run are whole: columns, keys and a row for every place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spatial.integration.comparison.runs import Run

__all__ = ["check_columns", "check_whole"]

COLUMNS: Mapping[str, Sequence[str]] = {
    "settlements": ("settlement_id", "in_study", "population_persons"),
    "access": ("settlement_id", "service", "mode", "reach_status"),
    "last_mile": ("settlement_id", "last_mile_class", "last_mile_class_known"),
    "norm_results": (
        "unit_level",
        "unit_id",
        "norm_id",
        "service",
        "status_as_mapped",
        "value",
        "gate",
        "depth_fgt1",
        "served_share",
        "threshold",
        "target_share",
        "places_in_scope",
        "persons_in_scope",
        "persons_unserved",
    ),
    "towns": ("settlement_id", "tier", "completeness", "required_services"),
    "components": ("unit_level", "unit_id", "pillar", "side", "component", "value", "detail"),
}
KEYS: Mapping[str, Sequence[str]] = {
    "settlements": ("settlement_id",),
    "access": ("settlement_id", "service", "mode"),
    "last_mile": ("settlement_id",),
    "norm_results": ("unit_level", "unit_id", "norm_id"),
    "towns": ("settlement_id",),
    "components": ("unit_level", "unit_id", "pillar", "component"),
}
FILES: Mapping[str, str] = {"components": "score_components"}
"""Names of tables where they differ from the field of `Run`."""
AGAIN = "run the study again: spatial run STUDY"


def check_columns(name: str, table: pd.DataFrame) -> None:
    """Refuse a table that lacks what a comparison reads."""
    lacking = [column for column in COLUMNS[name] if column not in table]
    if lacking:
        raise ContractError(
            FILES.get(name, name), [f"columns that are not there: {first_of(lacking)}; {AGAIN}"]
        )


def check_whole(runs: Sequence[Run]) -> None:
    """
    Refuse runs whose tables lack columns or rows, hold a row twice, or hold values that their contract does not know.

    A place of which a table says nothing would count as one that reaches nothing, or not at all.
    """
    for run in runs:
        for name in COLUMNS:
            check_columns(name, getattr(run, name))
    problems = [
        f"{run.name}: {problem}; {AGAIN}"
        for run in runs
        for problem in (*_twice(run), *_lacking(run), *_strange(run))
    ]
    if problems:
        raise ContractError("runs", problems)


def _twice(run: Run) -> Iterator[str]:
    for name, key in KEYS.items():
        table = getattr(run, name)
        rows = table[table.duplicated(list(key))]
        if len(rows):
            keys = rows[list(key)].astype(str).agg("/".join, axis=1)
            yield f"{FILES.get(name, name)}: rows that are there twice, {first_of(keys)}"


def _lacking(run: Run) -> Iterator[str]:
    places = run.places.index.tolist()
    told = [("access", run.access["settlement_id"]), ("last_mile", run.last_mile["settlement_id"])]
    by_mode = run.access[run.access["mode"] == run.mode]
    told += [
        (f"access to {service} by {run.mode}", rows["settlement_id"])
        for service, rows in by_mode.groupby("service")
    ]
    judged = run.norm_results[run.norm_results["unit_level"] == "settlement"]
    told += [(f"norm_results of {norm}", rows["unit_id"]) for norm, rows in judged.groupby("norm_id")]
    for name, ids in told:
        there = set(ids.astype(str))
        without = [place for place in places if place not in there]
        if without:
            yield f"{name}: no row for {first_of(without)} of {len(places)} places"


def _strange(run: Run) -> Iterator[str]:
    for name, columns in COLUMNS.items():
        table, file = getattr(run, name), FILES.get(name, name)
        for field in TABLES[file].fields:
            if field.name not in columns:
                continue
            values = table[field.name]
            if field.kind == "number" and not pd.api.types.is_numeric_dtype(values):
                yield f"{file}: {field.name} holds no numbers"
            elif field.kind == "number":
                low, high = field.minimum, field.maximum
                wrong = values < (-np.inf if low is None else low)
                wrong |= (values > (np.inf if high is None else high)) | np.isinf(values)
                if wrong.any():
                    yield f"{file}: {field.name} out of range, such as {first_of(values[wrong])}"
            elif field.values:
                words = sorted(set(values.dropna().astype(str)) - set(field.values))
                if words:
                    yield f"{file}: {field.name} holds other words than {', '.join(field.values)}: {first_of(words)}"
