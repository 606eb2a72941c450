"""Ranks of townships at two dates, told only where draws of weights, means, goalposts and speeds allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.integration.comparison.boards import TOWNSHIP, township_levels
from spatial.integration.comparison.decomposition import common_levels
from spatial.integration.pillars.ranking import RankDoubts, rank_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spatial.integration.comparison.boards import Shared
    from spatial.integration.comparison.runs import Run

__all__ = ["CLAIM", "rank_turns"]

CLAIM = 0.9
"""How probable it must be that one ranks before another for anybody to say so (INDICATORS, 4.4)."""
GOALPOSTS = 0.1
SPEEDS = 0.2
BENDS = (
    ("goalposts", GOALPOSTS, ()),
    ("speeds", SPEEDS, ("min",)),
)


def rank_turns(
    runs: Sequence[Run], shared: Shared, components: Sequence[pd.DataFrame]
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Rank the townships of two runs, and find who surely overtook whom."""
    both = set.intersection(*(_townships(table) for table in components))
    bends = [(name, factor, units) for name, by, units in BENDS for factor in (1.0 - by, 1.0 + by)]
    asked = [(1.0 / factor, units) for _name, factor, units in bends]
    bent = [township_levels(run, shared, asked) for run in runs] if len(both) > 1 else []
    base = _levels(components, shared, both)
    others = {
        (name, factor): _levels(tables, shared, both)
        for (name, factor, _units), tables in zip(bends, zip(*bent, strict=True), strict=False)
    }
    doubts = _doubts(runs)
    ranks, pairs = [], []
    for at in range(len(runs)):
        variants = {
            name: [others[name, factor][at] for factor in (1.0 - by, 1.0 + by)]
            for name, by, _units in BENDS
            if len(both) > 1
        }
        ranked, won, _shares = rank_units(
            base[at],
            shared.rules,
            variants=variants,
            doubts=doubts,
        )
        ranks.append(ranked[["unit_id", "low_rank", "high_rank"]])
        pairs.append(won.drop(columns="pair_status"))
    then, now = (table.rename(columns={"probability_before": "probability"}) for table in pairs)
    after = then.rename(columns={"unit_id": "other_id", "other_id": "unit_id", "probability": "after_then"})
    pair = ["unit_id", "other_id"]
    turned = then.merge(now, on=pair, suffixes=("_then", "_now")).merge(after, on=pair)
    surely = (turned.pop("after_then") >= CLAIM) & (turned["probability_now"] >= CLAIM)
    turned = turned[surely]
    return ranks, turned.sort_values(["unit_id", "other_id"], ignore_index=True)


def _doubts(runs: Sequence[Run]) -> RankDoubts:
    """Whom an issue known at either date forbids to rank or to compare."""
    held = [run.in_doubt for run in runs if run.in_doubt is not None]
    pairs = {pair for table in held for pair in zip(table["unit_id"], table["other_id"], strict=True)}
    alone = frozenset(one for one, other in pairs if one == other)
    return RankDoubts({TOWNSHIP: alone}, frozenset(pair for pair in pairs if pair[0] != pair[1]))


def _townships(components: pd.DataFrame) -> set[str]:
    rows = components[(components["unit_level"] == TOWNSHIP) & (components["side"] == "level")]
    return set(rows["unit_id"].astype(str))


def _levels(components: Sequence[pd.DataFrame], shared: Shared, units: set[str]) -> list[pd.DataFrame]:
    """Join levels of townships from what both runs measured."""
    mine = [table[(table["unit_level"] == TOWNSHIP) & table["unit_id"].isin(units)] for table in components]
    tables, _common = common_levels(mine, shared.rules.weights)
    return [table.sort_values("unit_id", ignore_index=True) for table in tables]
