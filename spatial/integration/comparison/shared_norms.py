"""The norms that all runs judged on the same terms, and why each other one is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.integration.comparison.runs import TERMS
from spatial.integration.pillars import score_norms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.integration.comparison.runs import Run

__all__ = ["shared_norms"]

CLOSE = 1e-6
JUDGED = ("met", "not_met")


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
