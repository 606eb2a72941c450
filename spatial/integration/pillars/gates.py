"""Gates of the study and of its townships: how many are in force, which are passed, which failed, what is unknown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gates", "gates_by_unit", "passed_ends", "passed_share"]

Gates = tuple[int, int, tuple[str, ...]]
"""Passed, in force, and the norms that failed; what is in force and neither passed nor failed is unknown."""


def gates_by_unit(norm_results: pd.DataFrame) -> dict[tuple[str, str], Gates]:
    """Count the gates of each unit."""
    rows = norm_results[norm_results["unit_level"].isin(["study", "township"])]
    rows = rows[rows["gate"].isin(["pass", "fail", "unknown"])]
    found: dict[tuple[str, str], Gates] = {}
    for (unit_level, unit_id), mine in rows.groupby(["unit_level", "unit_id"], sort=True):
        failed = tuple(sorted(mine.loc[mine["gate"] == "fail", "norm_id"].astype(str)))
        passed = int((mine["gate"] == "pass").sum())
        found[str(unit_level), str(unit_id)] = (passed, len(mine), failed)
    return found


def passed_share(gates: Gates | None) -> float:
    """
    Share of the gates passed among those that could be judged.

    Another road or facility can turn a gate that nobody could judge into one that is passed, never into one that
    failed, so that it never lowers the share, nor a mean that the share joins.

    Returns 0-1; NaN where none could be judged: absence of data is not absence of service.

    Examples
    --------
    >>> passed_share((1, 3, ("POST",))), passed_share((0, 3, ()))
    (0.5, nan)
    """
    if gates is None or not gates[0] + len(gates[2]):
        return math.nan
    return gates[0] / (gates[0] + len(gates[2]))


def passed_ends(gates: Gates | None) -> tuple[float, float]:
    """
    Give the share of gates passed if those that nobody can judge were not passed, and if they were.

    Returns 0-1, the lower first; both NaN where none is in force.

    Examples
    --------
    >>> passed_ends((1, 4, ("POST",))), passed_ends((0, 3, ()))
    ((0.25, 0.75), (0.0, 1.0))
    """
    if gates is None or not gates[1]:
        return math.nan, math.nan
    passed, in_force, failed = gates
    return passed / in_force, (in_force - len(failed)) / in_force
