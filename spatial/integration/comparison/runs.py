"""What a comparison reads of a run, and the terms on which it judged each norm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.integration.comparison.whole import check_columns
from spatial.integration.pillars import ScoreRules
from spatial.integration.register import norm_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TERMS", "Run", "norm_terms", "townships_in_doubt"]

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

    @property
    def binding(self) -> pd.DataFrame:
        """Terms as the formulas of the score take them."""
        return self.terms


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
    terms[FAIL_POINT] = np.where(is_told, posts, ids.map(_fail_points(norm_results))).astype(np.float64)
    terms["fail_point_told"] = is_told
    return terms.sort_values("norm_id", ignore_index=True)


def _fail_points(norm_results: pd.DataFrame) -> dict[str, float]:
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
    return {str(norm): float(value) for norm, value in found.items()}
