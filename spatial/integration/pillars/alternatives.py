"""The same units seen otherwise: other weights, closeness to the best, and coordination of two systems."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from spatial.integration.pillars.levels import place_levels
from spatial.integration.scoring import (
    ahp_weights,
    coupling_coordination,
    entropy_weights,
    integration_level,
    topsis,
)
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground
    from spatial.integration.pillars.place_scores import PlaceScores
    from spatial.integration.pillars.scoreboard import Evidence

    FloatArray = NDArray[np.float64]

__all__ = ["coordination_table", "ranking_table"]


def ranking_table(scores: pd.DataFrame, *, judged: Sequence[Sequence[float]] | None = None) -> pd.DataFrame:
    """Rank townships by other means and weights, to see how far the ranking hangs on them."""
    rows = scores[scores["unit_level"] == "township"]
    levels = rows[[f"level_{pillar}" for pillar in PILLARS]].to_numpy(dtype=np.float64)
    common = ~np.isnan(levels).any(axis=0) if len(rows) else np.zeros(len(PILLARS), dtype=bool)
    columns = {"unit_id": "str", "method": "str", "value": "float64", "rank": "float64"}
    if len(rows) < 2 or not common.any():
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    x = levels[:, common]
    values = {
        "geometric": integration_level(x).level,
        "arithmetic": integration_level(x).arithmetic,
        "entropy": integration_level(x, weights=entropy_weights(x)).level,
        "topsis": topsis(x),
    }
    if judged is not None:
        weights = ahp_weights(np.asarray(judged, dtype=np.float64)).weights[common]
        values["pairwise"] = integration_level(x, weights=weights).level
    tables = [
        pd.DataFrame(
            {
                "unit_id": rows["unit_id"].to_numpy(),
                "method": method,
                "value": value,
                "rank": stats.rankdata(-np.round(value, 12)),
            }
        )
        for method, value in values.items()
    ]
    return pd.concat(tables, ignore_index=True).astype(columns)


def coordination_table(ground: Ground, scores: PlaceScores, evidence: Evidence) -> pd.DataFrame:
    """Measure how well town and country, and services and digital coverage, are coordinated."""
    digital = place_levels(scores, evidence)["boundaries", "digital_coverage"].has
    common = scores.common_access(ground.official_class)
    records = []
    for unit in ground.units():
        sides = {name: unit.members & (ground.official_class == name) for name in ("urban", "rural")}
        pairs = {
            "urban_rural": [_mean(common, ground.weight, members) for members in sides.values()],
            "services_digital": [
                _mean(values, ground.weight, unit.members) for values in (scores.access, digital)
            ],
        }
        records += [_record(unit.level, unit.id, pair, systems) for pair, systems in pairs.items()]
    return pd.DataFrame(records)


def _record(unit_level: str, unit_id: str, pair: str, systems: list[float]) -> dict[str, object]:
    wang, standard = (coupling_coordination(systems, form) for form in ("wang", "standard"))
    return {
        "unit_level": unit_level,
        "unit_id": unit_id,
        "pair": pair,
        "first": systems[0],
        "second": systems[1],
        "coupling": float(wang.coupling),
        "coupling_standard": float(standard.coupling),
        "mean_level": float(wang.level),
        "coordination": float(wang.coordination),
    }


def _mean(values: FloatArray, weight: FloatArray, members: NDArray[np.bool_]) -> float:
    known = members & ~np.isnan(values)
    total = float(weight[known].sum())
    return min(1.0, float(values[known] @ weight[known]) / total) if total > 0.0 else math.nan
