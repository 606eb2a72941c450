"""Whether runs can be compared at all, and which norms they judged on the same terms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import shapely

from spatial.errors import ContractError, first_of
from spatial.score.comparison.runs import TERMS, Run
from spatial.score.comparison.same_places import APART_M, MOST, count_names
from spatial.score.place_scores import score_norms
from spatial.tables.words import JUDGED

Note = tuple[str, str]


def check_comparable(runs: Sequence[Run]) -> list[Note]:
    """Refuse runs that cannot be compared, and list what differs between those that can."""
    if len(runs) < 2:
        raise ContractError("runs", [f"two or more are compared, {len(runs)} given"])
    first = runs[0]
    alike = "cannot be held against another; set"
    asked = (
        ("basis", "population basis", f"people of one kind {alike} [population] basis alike and run again"),
        ("mode", "the first mode", f"times by one mode {alike} [network] modes alike and run again"),
    )
    problems = [
        f"{run.name}: {what} is {getattr(run, name)!r}, of {first.name} {getattr(first, name)!r}; {remedy}"
        for run in runs[1:]
        for name, what, remedy in asked
        if getattr(run, name) != getattr(first, name)
    ]
    if problems:
        raise ContractError("runs", problems)
    notes: list[Note] = []
    for earlier, later in pairwise(runs):
        if later.as_of < earlier.as_of:
            notes.append(("earlier", f"{later.name} {later.as_of} < {earlier.name} {earlier.as_of}"))
        elif later.as_of == earlier.as_of:
            notes.append(("same_date", later.as_of))
    notes += [note for run in runs[1:] for note in _places(first, run)]
    # Versions of the package, and within one version the code of each stage.
    if len({run.version for run in runs}) > 1:
        notes.append(("version", ", ".join(f"{run.name} {run.version or '?'}" for run in runs)))
    else:
        known = [stage for stage in first.code if all(stage in run.code for run in runs)]
        stages = [stage for stage in known if len({run.code[stage] for run in runs}) > 1]
        notes += [("code", ", ".join(stages))] if stages else []
    # What the studies decided.
    keys = sorted(set.intersection(*(set(run.options) for run in runs)))
    other = [key for key in keys if any(run.options[key] != first.options[key] for run in runs[1:])]
    rules = [key for key in other if key.startswith("score.")]
    rest = [key for key in other if not key.startswith("score.")]
    notes += [("rules", ", ".join(rules))] if rules else []
    return notes + ([("options", ", ".join(rest))] if rest else [])


def _places(first: Run, run: Run) -> list[Note]:
    """Hold the places of two runs against each other, and refuse runs of other places."""
    one, other = first.places, run.places
    common = one.index.intersection(other.index)
    if not len(common):
        problem = (
            f"settlement_id: {first.name} ({len(one)} places, {first_of(one.index)}) and {run.name} ({len(other)} "
            f"places, {first_of(other.index)}) have none in common; compare runs of one county, with the same codes"
        )
        raise ContractError("runs", [problem])
    notes: list[Note] = []
    if len(common) < MOST * max(len(one), len(other)):
        notes.append(("few_places", f"{len(common)} / {len(one)}, {len(other)}"))
    here, there = one.loc[common], other.loc[common]
    if "geometry" in here and "geometry" in there:
        notes += _moved(first, run, here["geometry"], there["geometry"])
    if "tier" in here and "tier" in there:
        # Norms of towns count a place whose tier changed at one date only.
        turned = there[(here["tier"].astype(str) != there["tier"].astype(str)).to_numpy()]
        ids = turned.index.to_series()
        names = turned["name"].fillna(ids) if "name" in turned else ids
        notes += [("tiers", count_names([str(name) for name in names]))] if len(turned) else []
    return notes


def _moved(first: Run, run: Run, here: pd.Series, there: pd.Series) -> list[Note]:
    """Hold the points of places of one id against each other."""
    notes: list[Note] = []
    common = here.index
    mine, others = getattr(first.settlements, "crs", None), getattr(run.settlements, "crs", None)
    if mine is not None and others is not None and mine != others:
        notes.append(("crs", f"{first.name} {mine.name}, {run.name} {others.name}"))
        there = there.to_crs(mine)
    apart = shapely.distance(np.array(here, dtype=object), np.array(there, dtype=object))
    moved = common[np.nan_to_num(apart) > APART_M]
    if len(moved) > MOST * len(common):
        problem = (
            f"settlement_id: {len(moved)} of {len(common)} places of {run.name} lie more than {APART_M:g} m from "
            f"those of the same id of {first.name} ({first_of(moved)}); the ids name other places: compare runs of "
            "one county, with the same codes"
        )
        raise ContractError("runs", [problem])
    if len(moved):
        notes.append(("moved", f"{len(moved)} ({first_of(moved)})"))
    return notes


# The norms that all runs judged on the same terms, and why each other one is left out.

CLOSE = 1e-6
IN_FORCE = ("pass", "fail", "unknown")


def shared_norms(runs: Sequence[Run]) -> pd.DataFrame:
    """Tell which norms the runs share."""
    scored = [score_norms(run.norm_results, only=run.rules.norms) for run in runs]
    terms = [run.terms.set_index("norm_id") for run in runs]
    judged, gates = [], []
    for run in runs:
        results = run.norm_results
        of_place = results["unit_level"] == "settlement"
        mine = of_place & results["status_as_mapped"].isin(JUDGED)
        gated = results["unit_level"].isin(["study", "township"]) & results["gate"].isin(IN_FORCE)
        judged.append(set(results.loc[mine, "norm_id"].astype(str)))
        gates.append(set(results.loc[gated, "norm_id"].astype(str)))
    rows = []
    for norm in sorted({str(name) for table in terms for name in table.index}):
        absent = [f"not_in:{run.name}" for run, table in zip(runs, terms, strict=True) if norm not in table.index]
        differ = []
        if not absent:
            # The terms of the norm that are not the same in every run.
            each = [table.loc[norm] for table in terms]
            # A fail point that a run does not tell, and that nobody found, says nothing.
            fails = [row["fail_point"] for row in each if row["fail_point_told"] or not np.isnan(row["fail_point"])]
            told: dict[str, list[Any]] = {name: [row[name] for row in each] for name in ("threshold", "target_share")}
            told["fail_point"] = fails
            differ = [name for name, values in told.items() if not all(_equal(values[0], one) for one in values[1:])]
            differ += [name for name in TERMS if any(row[name] != each[0][name] for row in each)]
        same = not absent and not differ
        left_out = [
            f"{reasons[norm]}:{run.name}"
            for run, (chosen, reasons) in zip(runs, scored, strict=True)
            if norm not in chosen and norm in reasons
        ]
        rows.append(
            {
                "norm_id": norm,
                "service": next(str(table.loc[norm, "service"]) for table in terms if norm in table.index),
                "same_terms": same,
                "in_level": same and all(norm in chosen for chosen, _reasons in scored),
                "in_people": same and all(norm in mine for mine in judged),
                "as_gate": same and all(norm in mine for mine in gates),
                "reason": ";".join([*absent, *(f"other_{name}" for name in differ), *left_out]),
            }
        )
    flags = dict.fromkeys(("same_terms", "in_level", "in_people", "as_gate"), "bool")
    texts = dict.fromkeys(("norm_id", "service", "reason"), "str")
    columns = ["norm_id", "service", *flags, "reason"]
    return pd.DataFrame(rows, columns=columns).astype(flags | texts)


def _equal(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=CLOSE, equal_nan=True))
