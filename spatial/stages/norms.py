"""Stage `norms`: access is held against the norms that bind the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.norms.evaluation import judge_norms, with_estimates
from spatial.norms.evidence import NormEvidence, take_inventory
from spatial.runner.stage import silent
from spatial.stages.policy import binding_norms, inventories, norm_rules, official_totals, vocabulary_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from spatial.runner.stage import Options, Progress, Value


def norms(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    access: pd.DataFrame,
    last_mile: pd.DataFrame,
    unplaced: pd.DataFrame | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Judge every norm that binds the study."""
    progress(0.0, "norms")
    vocabulary = vocabulary_of(options).knowing(set(facilities["service"]))
    known = inventories(options, vocabulary, facilities)
    official = official_totals(options, vocabulary).facilities
    inventory = take_inventory(facilities, declared=known, official=official, vocabulary=vocabulary)
    evidence = NormEvidence(
        vocabulary=vocabulary,
        inventory=inventory.believed,
        missing_at_most=inventory.missing_at_most,
        facilities=facilities,
        unplaced=unplaced,
        boundaries=boundaries,
        last_mile=last_mile,
        roads=roads,
    )
    binding = binding_norms(options)
    results = judge_norms(binding, settlements, access, rules=norm_rules(options), evidence=evidence)
    counted = dict(zip(binding["norm_id"].astype(str), binding["stat_unit"].astype(str), strict=True))
    results = with_estimates(results, settlements, counted)
    return {"norm_results": results, "inventory": inventory.table}
