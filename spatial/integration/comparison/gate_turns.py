"""Gates that turned: from fail to pass and back, into and out of the unknown, into and out of force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from spatial.integration.comparison.runs import Run

__all__ = ["gate_turns"]

KEY = ["unit_level", "unit_id", "norm_id"]
IN_FORCE = ("pass", "fail", "unknown")
NONE = "none_applicable"


def gate_turns(before: Run, after: Run, norms: pd.DataFrame) -> pd.DataFrame:
    """Hold the gates of two runs against each other."""
    one, other = _gates(before), _gates(after)
    table = one.merge(other, on=KEY, how="outer", suffixes=("_before", "_after"))
    for date in ("before", "after"):
        table[f"gate_{date}"] = table[f"gate_{date}"].fillna(NONE).astype("str")
    was, now = table["gate_before"], table["gate_after"]
    turn = np.select(
        [was == now, was == NONE, now == NONE, now == "pass", now == "fail"],
        ["same", "in_force", "out_of_force", "passes", "fails"],
        "unknown",
    )
    same = norms.set_index("norm_id")["same_terms"]
    table["turn"] = pd.Series(turn, index=table.index, dtype="str")
    table["same_terms"] = table["norm_id"].map(same).fillna(False).astype(bool)
    return table.sort_values(KEY, ignore_index=True)


def _gates(run: Run) -> pd.DataFrame:
    rows = run.norm_results
    mine = rows[rows["unit_level"].isin(["study", "township"]) & rows["gate"].isin(IN_FORCE)]
    numbers = mine[["served_share", "persons_unserved"]].astype(np.float64)
    return mine[[*KEY, "gate"]].astype("str").join(numbers)
