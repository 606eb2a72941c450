"""Ranks of units by their pillars, under drawn weights, means, goalposts and speeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.scoring import rank_intervals
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.integration.pillars.options import ScoreRules
    from spatial.integration.scoring import RankIntervals

__all__ = ["MAX_PAIRS", "RankDoubts", "rank_units"]

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
