"""How much of the people that a norm counts is estimated: groups that nobody counted are a share of everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["ESTIMATED", "with_estimates"]

ESTIMATED = "estimated"
"""Source of a group's people that are a share of everybody."""

EVERYBODY = "population"


def with_estimates(
    results: pd.DataFrame, settlements: pd.DataFrame, stat_units: Mapping[str, str]
) -> pd.DataFrame:
    """Say in every row of a norm on a group of people which share of them is estimated."""
    share = np.full(len(results), np.nan)
    scored = settlements.loc[settlements["in_study"]]
    for group in sorted(set(stat_units.values()) - {EVERYBODY}):
        if f"{group}_source" not in scored or f"{group}_persons" not in scored:
            continue
        persons = scored[f"{group}_persons"].fillna(0.0)
        guessed = persons.where(scored[f"{group}_source"] == ESTIMATED, 0.0)
        counts = [norm for norm, unit in stat_units.items() if unit == group]
        mine = results["norm_id"].isin(counts).to_numpy()
        for level, key in (("study", None), ("township", "township_id"), ("settlement", "settlement_id")):
            rows = mine & (results["unit_level"] == level).to_numpy()
            if key is None:
                share[rows] = guessed.sum() / persons.sum() if persons.sum() > 0 else np.nan
            elif key in scored and rows.any():
                sums = persons.groupby(scored[key]).sum()
                by_unit = guessed.groupby(scored[key]).sum() / sums.where(sums > 0)
                share[rows] = results.loc[rows, "unit_id"].map(by_unit).to_numpy(dtype=np.float64)
    return results.assign(estimated_share=share)
