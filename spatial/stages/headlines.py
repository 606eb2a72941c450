"""What the headline norms ask for: towns, and the minutes that people are counted within."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.access.rules import TOWN_TIERS
from spatial.stages.rules import binding_norms, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from spatial.runner.stage import Options

__all__ = ["headline_cutoffs", "headline_minutes", "headline_towns", "townspeople"]


def headline_cutoffs(options: Options) -> list[float]:
    """List the study's cutoffs and the minutes that its headline norms ask for."""
    timed = _timed(options)["threshold"]
    return sorted({*map(float, options.access.cutoffs_min), *map(float, timed)})


def headline_minutes(options: Options) -> dict[str, float]:
    """Find the minutes that the headline norms ask for by service."""
    vocabulary, norms = vocabulary_of(options), _timed(options).set_index("norm_id")
    found: dict[str, float] = {}
    for norm in options.norms.headline:
        if norm in norms.index:
            item = vocabulary.for_register(str(norms.loc[norm, "service"]))
            if item is not None:
                found.setdefault(item.id, float(norms.loc[norm, "threshold"]))
    return found


def headline_towns(options: Options, inputs: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Choose the tiers of towns that headline norms ask for."""
    vocabulary = vocabulary_of(options)
    asked = {vocabulary.for_register(word) for word in _headlines(options)["service"]}
    tiers = sorted({item.id for item in asked if item is not None} & set(TOWN_TIERS))
    return {
        tier: TOWN_TIERS[tier] for tier in tiers if inputs["settlements"]["tier"].isin(TOWN_TIERS[tier]).any()
    }


def townspeople(ids: pd.Series, settlements: pd.DataFrame, tiers: frozenset[str]) -> pd.Series:
    """Tell who lives in a town: a town has no way to itself."""
    return ids.isin(settlements.loc[settlements["tier"].isin(tiers), "settlement_id"])


def _headlines(options: Options) -> pd.DataFrame:
    binding = binding_norms(options)
    return binding.loc[binding["norm_id"].isin(options.norms.headline)]


def _timed(options: Options) -> pd.DataFrame:
    norms = _headlines(options)
    is_timed = (norms["metric"] == "time_min") & (norms["unit"] == "min") & norms["threshold"].notna()
    return norms.loc[is_timed]
