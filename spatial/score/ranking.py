"""Ranks of units by their pillars, how sure they are, and how well two systems of a unit are coordinated."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.score.composite import coupling_coordination
from spatial.score.rank_intervals import RankIntervals, rank_intervals
from spatial.score.scoreboard import Evidence, place_levels
from spatial.tables import TABLES
from spatial.tables.words import PILLARS, SETTLEMENT, TOWNSHIP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.arrays import FloatArray, IntArray
    from spatial.score.evidence import Ground
    from spatial.score.place_scores import PlaceScores
    from spatial.study.score import ScoreRules


# How well two systems are coordinated.


def coordination_table(ground: Ground, scores: PlaceScores, evidence: Evidence) -> pd.DataFrame:
    """Measure how well town and country, and services and digital coverage, are coordinated."""
    digital = place_levels(scores, evidence)["boundaries", "digital_coverage"].has
    common = scores.common_access(ground.official_class)
    records = []
    for unit in ground.units():
        official = ground.official_class[unit.members]
        sides = {name: unit.members[official == name] for name in ("urban", "rural")}
        pairs = {
            "urban_rural": [_mean(common, ground.weight, members) for members in sides.values()],
            "services_digital": [_mean(values, ground.weight, unit.members) for values in (scores.access, digital)],
        }
        for pair, systems in pairs.items():
            wang, standard = (coupling_coordination(systems, form) for form in ("wang", "standard"))
            records.append(
                {
                    "unit_level": unit.level,
                    "unit_id": unit.id,
                    "pair": pair,
                    "first": systems[0],
                    "second": systems[1],
                    "coupling": float(wang.coupling),
                    "coupling_standard": float(standard.coupling),
                    "mean_level": float(wang.level),
                    "coordination": float(wang.coordination),
                }
            )
    return pd.DataFrame(records)


def _mean(values: FloatArray, weight: FloatArray, members: IntArray) -> float:
    known = members[~np.isnan(values[members])]
    total = float(weight[known].sum())
    return min(1.0, float(values[known] @ weight[known]) / total) if total > 0.0 else math.nan


_log = logging.getLogger(__name__)

# Ranks of units by their pillars, under drawn weights, means, goalposts and speeds.

MOST_RANKS, LEAST_DRAWS = 100_000_000, 200
"""Ranks that are drawn at most, units by draws (400 MB); but so many draws at least, where as many are asked for."""
MAX_PAIRS = 200
"""Units of which all pairs are told; there are as many rows as its square."""
RANKS = ("median_rank", "low_rank", "high_rank")


class Bend(NamedTuple):
    """An assumption that is drawn: times and distances of norms in some units, or in all, so many times as long."""

    factor: float
    units: tuple[str, ...] = ()


GOALPOSTS, SPEEDS = 0.1, 0.2
"""How far goalposts and speeds are drawn, nearer and further (INDICATORS, 4.4)."""
BENDS = {
    "goalposts": (Bend(1.0 / (1.0 - GOALPOSTS)), Bend(1.0 / (1.0 + GOALPOSTS))),
    "speeds": (Bend(1.0 / (1.0 - SPEEDS), ("min",)), Bend(1.0 / (1.0 + SPEEDS), ("min",))),
}


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
    """Rank townships and settlements among their like: scores with ranks, pairs of townships, shares of variance."""
    doubts = doubts or RankDoubts()
    ranked = scores.assign(**dict.fromkeys(RANKS, np.nan))
    pairs = TABLES["rank_pairs"].frame()
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
            share = drawn.variance_share
            shares.append(
                pd.DataFrame({"unit_level": unit_level, "factor": list(share), "variance_share": list(share.values())})
            )
        if unit_level == TOWNSHIP and 1 < len(every) <= MAX_PAIRS:
            of_all = drawn if drawn and len(every) == len(rows) else _draw(scores, every, rules, variants or {})
            wins, ids = of_all.before_all(), scores["unit_id"].to_numpy()[every]
            one, other = np.nonzero(~np.eye(len(ids), dtype=bool))
            unsure = np.array([pair in doubts.pairs for pair in zip(ids[one], ids[other], strict=True)])
            pairs = TABLES["rank_pairs"].frame(
                {
                    "unit_id": ids[one],
                    "other_id": ids[other],
                    "probability_before": np.where(unsure, np.nan, wins[one, other]),
                    "pair_status": np.where(unsure, "in_doubt", "compared"),
                }
            )
    status = np.select([in_doubt, ranked["median_rank"].notna()], ["in_doubt", "ranked"], "not_ranked")
    ranked["rank_status"] = pd.Series(status, index=ranked.index, dtype="str")
    variance = TABLES["score_variance"]
    return ranked, pairs, variance.frame(pd.concat(shares, ignore_index=True)) if shares else variance.frame()


def _draw(
    scores: pd.DataFrame, rows: NDArray[np.intp], rules: ScoreRules, variants: Mapping[str, Sequence[pd.DataFrame]]
) -> RankIntervals:
    """Draw the ranks of some units, by the pillars that have a weight."""
    kept = [pillar for pillar in PILLARS if not rules.weights or rules.weights.get(pillar, 0.0) > 0.0]
    columns = [f"level_{pillar}" for pillar in kept]
    ids, level = scores["unit_id"].to_numpy()[rows], scores["unit_level"].to_numpy()[rows[0]]
    others = {
        name: [
            one[one["unit_level"] == level].set_index("unit_id").loc[ids, columns].to_numpy(dtype=np.float64)
            for one in several
        ]
        for name, several in variants.items()
    }
    expert = None
    if rules.weights:
        weights = [rules.weights[pillar] for pillar in kept]
        expert = np.array(weights) / sum(weights) * len(weights)
    base = scores.iloc[rows][columns].to_numpy(dtype=np.float64)
    # All ranks of all draws are held: of a country fewer are drawn.
    draws = min(rules.draws, max(LEAST_DRAWS, MOST_RANKS // max(len(base), 1)))
    if draws < rules.draws:
        told = "ranks of %d units are drawn %d times instead of score.draws = %d: all of them are held at once"
        _log.warning(told, len(base), draws, rules.draws)
    return rank_intervals(base, draws, rules.seed, weights=expert, variants=others)
