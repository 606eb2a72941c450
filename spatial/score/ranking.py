"""Ranks of units by their pillars, and the same units seen otherwise: other weights, goalposts and speeds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.score.composite import (
    ahp_weights,
    coupling_coordination,
    entropy_weights,
    integration_level,
    topsis,
)
from spatial.score.rank_intervals import rank_intervals
from spatial.score.scoreboard import place_levels
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.score.evidence import Ground
    from spatial.score.place_scores import PlaceScores
    from spatial.score.rank_intervals import RankIntervals
    from spatial.score.scoreboard import Evidence
    from spatial.study.score import ScoreRules

    FloatArray = NDArray[np.float64]


# The same units seen otherwise: other weights, closeness to the best, and coordination of two systems.


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
                "rank": pd.Series(-np.round(value, 12)).rank().to_numpy(),
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


# Ranks of units by their pillars, under drawn weights, means, goalposts and speeds.

MAX_PAIRS = 200
"""Units of which all pairs are told; there are as many rows as its square."""
TOWNSHIP, SETTLEMENT = "township", "settlement"
RANKS = ("median_rank", "low_rank", "high_rank")


@dataclass(frozen=True)
class RankDoubts:
    """Units that known issues of the sources forbid to rank or to compare."""

    # by the level of the unit, ids of those that have no rank; the others are ranked among one another
    units: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # townships that are not to be compared, each pair in both orders
    pairs: frozenset[tuple[str, str]] = frozenset()


def rank_units(
    scores: pd.DataFrame,
    rules: ScoreRules,
    *,
    variants: Mapping[str, Sequence[pd.DataFrame]] | None = None,
    doubts: RankDoubts | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """
    Rank townships among townships, and settlements among settlements.

    Returns the scores with ranks and their status; `rank_pairs` of townships; `score_variance`.
    """
    doubts = doubts or RankDoubts()
    ranked = scores.assign(**dict.fromkeys(RANKS, np.nan))
    pairs: list[pd.DataFrame] = []
    shares: list[pd.DataFrame] = []
    in_doubt = np.zeros(len(scores), dtype=bool)
    for unit_level in (TOWNSHIP, SETTLEMENT):
        of_level = scores["unit_level"].eq(unit_level).to_numpy()
        doubted = of_level & scores["unit_id"].isin(doubts.units.get(unit_level, ())).to_numpy()
        in_doubt |= doubted
        rows, every = np.flatnonzero(of_level & ~doubted), np.flatnonzero(of_level)
        drawn = _draw(scores, rows, rules, variants or {}) if len(rows) > 1 else None
        if drawn is not None:
            for column in RANKS:
                ranked.iloc[rows, ranked.columns.get_loc(column)] = getattr(drawn, column)  # type: ignore[index]
            shares.append(_variance(unit_level, drawn))
        if unit_level == TOWNSHIP and 1 < len(every) <= MAX_PAIRS:
            of_all = drawn if len(every) == len(rows) else _draw(scores, every, rules, variants or {})
            if of_all is not None:
                pairs.append(_pairs(scores["unit_id"].to_numpy()[every], of_all, doubts.pairs))
    status = np.select([in_doubt, ranked["median_rank"].notna()], ["in_doubt", "ranked"], "not_ranked")
    ranked["rank_status"] = pd.Series(status, index=ranked.index, dtype="str")
    return ranked, _joined(pairs, _PAIR_COLUMNS), _joined(shares, _SHARE_COLUMNS)


def _variance(unit_level: str, drawn: RankIntervals) -> pd.DataFrame:
    shares = drawn.variance_share
    return pd.DataFrame(
        {"unit_level": unit_level, "factor": list(shares), "variance_share": list(shares.values())}
    )


_PAIR_COLUMNS = {"unit_id": "str", "other_id": "str", "probability_before": "float64", "pair_status": "str"}
_SHARE_COLUMNS = {"unit_level": "str", "factor": "str", "variance_share": "float64"}


def _draw(
    scores: pd.DataFrame,
    rows: NDArray[np.intp],
    rules: ScoreRules,
    variants: Mapping[str, Sequence[pd.DataFrame]],
) -> RankIntervals:
    columns = [f"level_{pillar}" for pillar in PILLARS]
    base = scores.iloc[rows][columns].to_numpy(dtype=np.float64)
    ids = scores["unit_id"].to_numpy()[rows]
    level = scores["unit_level"].to_numpy()[rows[0]]
    others = {
        name: [
            one[one["unit_level"] == level].set_index("unit_id").loc[ids, columns].to_numpy(dtype=np.float64)
            for one in several
        ]
        for name, several in variants.items()
    }
    if rules.weights:
        kept = [at for at, pillar in enumerate(PILLARS) if rules.weights.get(pillar, 0.0) > 0.0]
        weights = [rules.weights[PILLARS[at]] for at in kept]
        expert = np.array(weights) / sum(weights) * len(weights)
        base, others = (
            base[:, kept],
            {name: [one[:, kept] for one in several] for name, several in others.items()},
        )
        return rank_intervals(base, rules.draws, rules.seed, weights=expert, variants=others)
    return rank_intervals(base, rules.draws, rules.seed, variants=others)


def _pairs(
    ids: NDArray[np.object_], drawn: RankIntervals, doubted: frozenset[tuple[str, str]]
) -> pd.DataFrame:
    wins = drawn.before_all()
    one, other = np.nonzero(~np.eye(len(ids), dtype=bool))
    in_doubt = np.array([pair in doubted for pair in zip(ids[one], ids[other], strict=True)], dtype=bool)
    return pd.DataFrame(
        {
            "unit_id": ids[one],
            "other_id": ids[other],
            "probability_before": np.where(in_doubt, np.nan, wins[one, other]),
            "pair_status": np.where(in_doubt, "in_doubt", "compared"),
        }
    )


def _joined(tables: list[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return pd.concat(tables, ignore_index=True).astype(columns)
