"""What helps a place beyond a norm: a site or a road, or a mobile service where the village is to be relocated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.planning.plain import plain
from spatial.tables import REMEDY

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["mobile_people", "mobile_places", "remedies_of", "remedy_counts"]

SITE_OR_ROAD, MOBILE_SERVICE = REMEDY
RELOCATES = "relocate"
"""Class of a village that its plan moves or merges; every other class, protected too, is served by sites and roads."""


def remedies_of(ids: pd.Series, settlements: pd.DataFrame) -> pd.Series:
    """Say what helps each place."""
    moves = ids.isin(mobile_places(settlements))
    return pd.Series(np.where(moves, MOBILE_SERVICE, SITE_OR_ROAD), index=ids.index, dtype="str")


def mobile_places(settlements: pd.DataFrame) -> frozenset[str]:
    """List the villages that are to be relocated."""
    if "village_plan_class" not in settlements:
        return frozenset()
    moves = settlements["village_plan_class"] == RELOCATES
    return frozenset(settlements.loc[moves, "settlement_id"].astype(str))


def mobile_people(norm_id: str, results: pd.DataFrame, places: frozenset[str]) -> dict[str, Any] | None:
    """
    Count, of those beyond a norm as mapped, the ones whom a mobile service is to reach.

    Returns `places` and `persons`, the latter None where nobody knows them; None where there is no such
    place.
    """
    own = (results["unit_level"] == "settlement") & (results["norm_id"] == norm_id)
    rows = results.loc[own & (results["status_as_mapped"] == "not_met") & results["unit_id"].isin(places)]
    if rows.empty:
        return None
    return {"places": len(rows), "persons": plain(rows["persons_unserved"].sum(min_count=1))}


def remedy_counts(gaps: pd.DataFrame) -> Mapping[str, dict[str, int]]:
    """Count gaps and the places that they concern by remedy."""
    return {
        remedy: {
            "gaps": int((gaps["remedy"] == remedy).sum()),
            "places": int(gaps.loc[gaps["remedy"] == remedy, "settlement_id"].nunique()),
        }
        for remedy in REMEDY
    }
