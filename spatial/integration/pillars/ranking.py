"""Ranks of units by their pillars, under drawn weights, means, goalposts and speeds."""

from __future__ import annotations

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

__all__ = ["MAX_PAIRS", "rank_units"]

MAX_PAIRS = 200
"""Units of which all pairs are told; there are as many rows as its square."""


def rank_units(
    scores: pd.DataFrame,
    rules: ScoreRules,
    *,
    variants: Mapping[str, Sequence[pd.DataFrame]] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """
    Rank townships among townships, and settlements among settlements.

    Parameters
    ----------
    scores : DataFrame
        By the contract of the table.
    rules : ScoreRules
        With weights, draws and seed.
    variants : mapping of str to sequence of DataFrame, optional
        For ``goalposts`` and ``speeds``: scores of the same units under each other assumption.

    Returns
    -------
    tuple of DataFrame
        The scores with ranks; `rank_pairs` of townships; `score_variance`.
    """
    ranked = scores.copy()
    pairs: list[pd.DataFrame] = []
    shares: list[pd.DataFrame] = []
    for unit_level in ("township", "settlement"):
        rows = np.flatnonzero(scores["unit_level"].eq(unit_level).to_numpy())
        if len(rows) < 2:
            continue
        drawn = _draw(scores, rows, rules, variants or {})
        for column, values in (
            ("median_rank", drawn.median_rank),
            ("low_rank", drawn.low_rank),
            ("high_rank", drawn.high_rank),
        ):
            ranked.iloc[rows, ranked.columns.get_loc(column)] = values  # type: ignore[index]
        shares.append(
            pd.DataFrame(
                {
                    "unit_level": unit_level,
                    "factor": list(drawn.variance_share),
                    "variance_share": list(drawn.variance_share.values()),
                }
            )
        )
        if unit_level == "township" and len(rows) <= MAX_PAIRS:
            pairs.append(_pairs(scores["unit_id"].to_numpy()[rows], drawn))
    return ranked, _joined(pairs, _PAIR_COLUMNS), _joined(shares, _SHARE_COLUMNS)


_PAIR_COLUMNS = {"unit_id": "str", "other_id": "str", "probability_before": "float64"}
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


def _pairs(ids: NDArray[np.object_], drawn: RankIntervals) -> pd.DataFrame:
    wins = drawn.before_all()
    one, other = np.nonzero(~np.eye(len(ids), dtype=bool))
    return pd.DataFrame({"unit_id": ids[one], "other_id": ids[other], "probability_before": wins[one, other]})


def _joined(tables: list[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return pd.concat(tables, ignore_index=True).astype(columns)
