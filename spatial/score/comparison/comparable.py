"""Whether runs can be compared at all, and which norms they judged on the same terms."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from spatial.errors import ContractError, first_of
from spatial.score.comparison.runs import TERMS
from spatial.score.comparison.same_places import APART_M, MOST, count_names
from spatial.score.place_scores import score_norms
from spatial.tables.words import JUDGED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.score.comparison.runs import Run


# Whether runs can be compared at all, and what is to be said where they can.

Note = tuple[str, str]


def check_comparable(runs: Sequence[Run]) -> list[Note]:
    """Refuse runs that cannot be compared, and list what differs between those that can."""
    if len(runs) < 2:
        raise ContractError("runs", [f"two or more are compared, {len(runs)} given"])
    first = runs[0]
    problems = [
        f"{run.name}: {what} is {there!r}, of {first.name} {here!r}; {remedy}"
        for run in runs[1:]
        for what, here, there, remedy in (
            (
                "population basis",
                first.basis,
                run.basis,
                "people of one kind cannot be held against another; set [population] basis alike and run again",
            ),
            (
                "the first mode",
                first.mode,
                run.mode,
                "times by one mode cannot be held against another; set [network] modes alike and run again",
            ),
        )
        if here != there
    ]
    if problems:
        raise ContractError("runs", problems)
    notes = []
    for earlier, later in pairwise(runs):
        if later.as_of < earlier.as_of:
            notes.append(("earlier", f"{later.name} {later.as_of} < {earlier.name} {earlier.as_of}"))
        elif later.as_of == earlier.as_of:
            notes.append(("same_date", later.as_of))
    return [
        *notes,
        *(note for run in runs[1:] for note in _places(first, run)),
        *_made_by(runs),
        *_decisions(runs),
    ]


def _places(first: Run, run: Run) -> list[Note]:
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
    return [*notes, *_moved(first, run, common), *_other_tier(first, run, common)]


def _moved(first: Run, run: Run, common: pd.Index) -> list[Note]:
    """Hold places of one id against each other, where both have points."""
    if "geometry" not in first.settlements or "geometry" not in run.settlements:
        return []
    notes: list[Note] = []
    here, there = first.places["geometry"].loc[common], run.places["geometry"].loc[common]
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


def _other_tier(first: Run, run: Run, common: pd.Index) -> list[Note]:
    """Name places whose tier changed, since norms of towns then count them at one date only."""
    if "tier" not in first.settlements or "tier" not in run.settlements:
        return []
    here, there = (one.places.loc[common] for one in (first, run))
    turned = there[(here["tier"].astype(str) != there["tier"].astype(str)).to_numpy()]
    if turned.empty:
        return []
    ids = turned.index.to_series()
    names = turned["name"].where(turned["name"].notna(), ids) if "name" in turned else ids
    return [("tiers", count_names([str(name) for name in names]))]


def _made_by(runs: Sequence[Run]) -> list[Note]:
    """Tell versions of the package apart, and within one version the code of each stage."""
    if len({run.version for run in runs}) > 1:
        return [("version", ", ".join(f"{run.name} {run.version or '?'}" for run in runs))]
    stages = [
        stage
        for stage in runs[0].code
        if all(stage in run.code for run in runs) and len({run.code[stage] for run in runs}) > 1
    ]
    return [("code", ", ".join(stages))] if stages else []


def _decisions(runs: Sequence[Run]) -> list[Note]:
    first = runs[0]
    keys = sorted(set.intersection(*(set(run.options) for run in runs)))
    other = [key for key in keys if any(run.options.get(key) != first.options.get(key) for run in runs[1:])]
    rules = [key for key in other if key.startswith("score.")]
    rest = [key for key in other if not key.startswith("score.")]
    notes = [("rules", ", ".join(rules))] if rules else []
    return notes + ([("options", ", ".join(rest))] if rest else [])


# The norms that all runs judged on the same terms, and why each other one is left out.

CLOSE = 1e-6


def shared_norms(runs: Sequence[Run]) -> pd.DataFrame:
    """Tell which norms the runs share."""
    scored = [_scored(run) for run in runs]
    terms = [run.terms.set_index("norm_id") for run in runs]
    judged = [_judged(run) for run in runs]
    gates = [_gates(run) for run in runs]
    rows = []
    for norm in sorted({str(name) for table in terms for name in table.index}):
        absent = [
            f"not_in:{run.name}" for run, table in zip(runs, terms, strict=True) if norm not in table.index
        ]
        differ = [] if absent else _differ([table.loc[norm] for table in terms])
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
                "reason": ";".join([*absent, *differ, *left_out]),
            }
        )
    columns = ("norm_id", "service", "same_terms", "in_level", "in_people", "as_gate", "reason")
    flags = dict.fromkeys(("same_terms", "in_level", "in_people", "as_gate"), "bool")
    texts = dict.fromkeys(("norm_id", "service", "reason"), "str")
    return pd.DataFrame(rows, columns=list(columns)).astype(flags | texts)


def _differ(rows: list[Any]) -> list[str]:
    first, others = rows[0], rows[1:]
    numbers = [
        f"other_{name}"
        for name in ("threshold", "target_share")
        if any(not _equal(first[name], row[name]) for row in others)
    ]
    fails = [
        float(row["fail_point"]) for row in rows if row["fail_point_told"] or not np.isnan(row["fail_point"])
    ]
    if any(not _equal(fail, fails[0]) for fail in fails[1:]):
        numbers.append("other_fail_point")
    words = [f"other_{name}" for name in TERMS if any(row[name] != first[name] for row in others)]
    return numbers + words


def _equal(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=CLOSE, equal_nan=True))


def _scored(run: Run) -> tuple[set[str], dict[str, str]]:
    """Choose norms as the score of the run does."""
    chosen, reasons = score_norms(run.norm_results, only=run.rules.norms)
    return set(chosen), reasons


def _judged(run: Run) -> set[str]:
    rows = run.norm_results
    mine = rows[(rows["unit_level"] == "settlement") & rows["status_as_mapped"].isin(JUDGED)]
    return set(mine["norm_id"].astype(str))


def _gates(run: Run) -> set[str]:
    rows = run.norm_results
    mine = rows[
        rows["unit_level"].isin(["study", "township"]) & rows["gate"].isin(["pass", "fail", "unknown"])
    ]
    return set(mine["norm_id"].astype(str))
