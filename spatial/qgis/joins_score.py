"""The score joined to the places that it belongs to: settlements, townships, towns, and modelled flows as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from spatial.planning.score_text import hidden_text
from spatial.planning.unmeasured import levels_shown
from spatial.planning.wording import wording
from spatial.qgis.joins import flow_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.qgis.meta import Messages, QgisMeta

__all__ = [
    "POTENTIAL_MODELS",
    "potential_lines",
    "score_columns",
    "town_points",
    "township_scores",
    "township_types",
]

POTENTIAL_MODELS = ("radiation", "gravity", "huff")
"""Models of flows that nobody observed, in the order of their layers."""

PLACE_SCORES = (
    "integration_level",
    "level_structure",
    "level_elements",
    "level_boundaries",
    "level_order",
    "level_low",
    "level_high",
    "level_band",
    "unserved_persons",
    "median_rank",
    "low_rank",
    "high_rank",
    "rank_status",
    "known_share",
)
TOWNSHIP_SCORES = (
    *PLACE_SCORES,
    "missing_pillars",
    "segmentation_index",
    "segmentation_terms",
    "gaps_met",
    "gaps_measured",
    "gap_band",
    "mandatory_status",
    "gates_passed",
    "gates_in_force",
    "failed_gates",
)
TYPES = (
    "official_class",
    "degurba_code",
    "degurba_class",
    "classes_differ",
    "catchment_tier",
    "catchment_band_min",
    "catchment_centre_id",
    "urca_local",
)
UNIT_TYPES = (
    "degurba_level1",
    "degurba_level2",
    *(f"share_{code}" for code in (30, 23, 22, 21, 13, 12, 11)),
    "basis",
    "basis_reason",
    "official_urban_share",
    "official_rural_share",
    "official_unknown_share",
    "compared_persons",
    "differ_persons",
)
AREAS = ("fua_id", "fua_name", "fua_method", "fua_part", "commuting_share", "within_share")
CLUSTERS = ("cluster", "local_i", "p_value")


def score_columns(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Gather what the score says of each settlement."""
    del meta
    parts = [
        rows.set_index(key)[list(columns)]
        for rows, key, columns in (
            (_of_level(tables, "settlement"), "unit_id", PLACE_SCORES),
            (tables.get("access_clusters"), "settlement_id", CLUSTERS),
            (tables.get("settlement_types"), "settlement_id", TYPES),
        )
        if rows is not None
    ]
    found = pd.concat(parts, axis=1) if parts else pd.DataFrame()
    # Places that serve and are not scored have none of it: whole numbers and flags that may be missing.
    kinds = {"degurba_code": "Int64", "classes_differ": "boolean"}
    found = found.astype({name: kind for name, kind in kinds.items() if name in found.columns})
    rows = _of_level(tables, "settlement")
    why = None if rows is None else _hidden(rows.set_index("unit_id"), words)
    if why is None:
        return found, {}
    return found.assign(level_hidden=why), {"level_hidden": words.text("columns", "level_hidden")}


def township_scores(
    tables: Mapping[str, pd.DataFrame], words: Messages
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Take the score of each township."""
    rows = _of_level(tables, "township")
    if rows is None:
        return pd.DataFrame(), {}
    rows = rows.set_index("unit_id")
    found, why = rows[list(TOWNSHIP_SCORES)], _hidden(rows, words)
    if why is None:
        return found, {}
    return found.assign(level_hidden=why), {"level_hidden": words.text("columns", "level_hidden")}


def township_types(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take the Degree of Urbanisation of each township, and the functional urban area that it belongs to."""
    parts = []
    if "unit_types" in tables:
        types = tables["unit_types"]
        rows = types.loc[types["unit_level"] == "township"].set_index("unit_id")[list(UNIT_TYPES)]
        parts.append(rows.astype({"degurba_level1": "Int64", "degurba_level2": "Int64"}))
    if "functional_areas" in tables:
        parts.append(tables["functional_areas"].set_index("unit_id")[list(AREAS)])
    return pd.concat(parts, axis=1) if parts else pd.DataFrame()


def town_points(tables: Mapping[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Put towns where they are."""
    settlements = gpd.GeoDataFrame(tables["settlements"]).set_index("settlement_id")
    names = [name for name in ("name", "name_en", "name_zh", "name_fr") if name in settlements.columns]
    towns = tables["towns"].sort_values("settlement_id", kind="stable")
    joined = towns.join(settlements[[*names, settlements.geometry.name]], on="settlement_id", how="inner")
    return gpd.GeoDataFrame(
        joined.reset_index(drop=True), geometry=settlements.geometry.name, crs=settlements.crs
    )


def potential_lines(tables: Mapping[str, pd.DataFrame], model: str) -> gpd.GeoDataFrame:
    """Draw the flows of a model as straight lines."""
    rows = tables["potential_flows"]
    chosen = rows.loc[rows["model"] == model].assign(kind=model)
    drawn = flow_lines(chosen, gpd.GeoDataFrame(tables["settlements"]))
    return gpd.GeoDataFrame(drawn.drop(columns="kind"))


def _of_level(tables: Mapping[str, pd.DataFrame], level: str) -> pd.DataFrame | None:
    """Scores of one level; None where there are none."""
    if "scores" not in tables:
        return None
    scores = levels_shown(tables["scores"])
    rows = scores.loc[scores["unit_level"] == level]
    return rows if len(rows) else None


def _hidden(rows: pd.DataFrame, words: Messages) -> pd.Series | None:
    """Say of each unit why its level is not shown; None where every one is."""
    why, told = rows["level_hidden"], wording(words.language)
    if not why.ne("").any():
        return None
    return why.map({name: hidden_text(name, told) if name else "" for name in why.unique()})
