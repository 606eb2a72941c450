"""Gates of the study and of its townships: how many are in force, which are passed, which failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gates", "gates_by_unit"]

Gates = tuple[int, int, tuple[str, ...]]
"""Passed, in force, and the norms that failed."""


def gates_by_unit(norm_results: pd.DataFrame) -> dict[tuple[str, str], Gates]:
    """
    Count the gates of each unit.

    Parameters
    ----------
    norm_results : DataFrame
        By the contract of the table.

    Returns
    -------
    dict of (unit_level, unit_id) to tuple
        Of units with any gate in force; one that nothing can measure is in force and neither passed nor failed.
    """
    rows = norm_results[norm_results["unit_level"].isin(["study", "township"])]
    rows = rows[rows["gate"].isin(["pass", "fail", "unknown"])]
    found: dict[tuple[str, str], Gates] = {}
    for (unit_level, unit_id), mine in rows.groupby(["unit_level", "unit_id"], sort=True):
        failed = tuple(sorted(mine.loc[mine["gate"] == "fail", "norm_id"].astype(str)))
        passed = int((mine["gate"] == "pass").sum())
        found[str(unit_level), str(unit_id)] = (passed, len(mine), failed)
    return found
