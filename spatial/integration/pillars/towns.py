"""Towns as the fulcrum between village and county seat: what they offer, who depends on them, who passes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from spatial.integration.settlement_types import fulcrum_index, functional_completeness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground

    FloatArray = NDArray[np.float64]

__all__ = ["TOWN_TIERS", "town_table"]

TOWN_TIERS = ("city", "county_seat", "town")
PASSING_M = 500.0
"""A way passes a town within this distance (INDICATORS, 2.4)."""

COLUMNS = {
    "settlement_id": "str",
    "tier": "str",
    "population_persons": "float64",
    "required_services": "int64",
    "present_services": "int64",
    "completeness": "float64",
    "completeness_status": "str",
    "missing_services": "str",
    "coverage_share": "float64",
    "via_share": "float64",
    "fulcrum_index": "float64",
}


def town_table(  # noqa: PLR0913 - each is a table or a rule of its own
    ground: Ground,
    facilities: gpd.GeoDataFrame,
    access: pd.DataFrame,
    routes: gpd.GeoDataFrame | None,
    *,
    required: Mapping[str, Collection[str]],
    listed: Collection[str] | None = None,
    satisfying: Callable[[str], frozenset[str]],
    limits: tuple[float, float],
) -> pd.DataFrame:
    """Describe every town of the study area."""
    tier = ground.settlements["tier"].astype(str).to_numpy()
    at = np.flatnonzero(np.isin(tier, TOWN_TIERS))
    at = at[np.argsort(ground.ids[at].astype(str), kind="stable")]
    ids = [str(name) for name in ground.ids[at]]
    if not ids:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    points = shapely.get_coordinates(ground.settlements.geometry.to_numpy()[at])
    asked = {
        name: [service for service in services if listed is None or service in listed]
        for name, services in required.items()
    }
    there = _services(ids, points, facilities, asked, satisfying, limits[0])
    table = functional_completeness(dict(zip(ids, tier[at], strict=True)), there, asked)
    coverage = _coverage(ids, ground, access, limits[1])
    via = _via(ids, tier[at], points, ground, routes)
    known = ~np.isnan(coverage) & ~np.isnan(via)
    fulcrum = np.full(len(ids), np.nan)
    fulcrum[known] = fulcrum_index(coverage[known], via[known])
    frame = pd.DataFrame(
        {
            "settlement_id": ids,
            "tier": tier[at],
            "population_persons": ground.persons[at],
            "required_services": table["required"],
            "present_services": table["present"],
            "completeness": table["completeness"],
            "completeness_status": [
                "measured" if asked.get(name) else "no_complete_list" if required.get(name) else "not_asked"
                for name in tier[at]
            ],
            "missing_services": table["missing"],
            "coverage_share": coverage,
            "via_share": via,
            "fulcrum_index": fulcrum,
        }
    )
    return frame.astype(COLUMNS)


def _services(
    ids: list[str],
    points: FloatArray,
    facilities: gpd.GeoDataFrame,
    required: Mapping[str, Collection[str]],
    satisfying: Callable[[str], frozenset[str]],
    radius_m: float,
) -> dict[str, set[str]]:
    existing = facilities[facilities["status"].eq("existing")]
    placed = existing[~(existing.geometry.is_empty | existing.geometry.isna())]
    found: dict[str, set[str]] = {name: set() for name in ids}
    if placed.empty:
        return found
    tree = KDTree(shapely.get_coordinates(placed.geometry.to_numpy()))
    kinds = placed["service"].astype(str).to_numpy()
    asked = {service for services in required.values() for service in services}
    counting = {service: satisfying(service) for service in asked}
    for name, near in zip(ids, tree.query_ball_point(points, radius_m), strict=True):
        here = set(kinds[near])
        found[name] = {service for service, several in counting.items() if here & several}
    return found


def _coverage(ids: list[str], ground: Ground, access: pd.DataFrame, limit_min: float) -> FloatArray:
    """Share of all people for whom a town is the nearest, within the minutes that towns should be reached in."""
    rows = access[access["service"] == "town"].set_index("settlement_id").reindex(list(ground.ids))
    total = float(ground.weight.sum())
    if rows["facility_id"].isna().all() or not total > 0.0:
        return np.full(len(ids), np.nan)
    close = rows["travel_time_min"].to_numpy(dtype=np.float64) <= limit_min
    people = pd.Series(np.where(close, ground.weight, 0.0)).groupby(rows["facility_id"].to_numpy()).sum()
    return np.asarray(people.reindex(ids).fillna(0.0).to_numpy(dtype=np.float64) / total)


def _via(
    ids: list[str],
    tier: NDArray[Any],
    points: FloatArray,
    ground: Ground,
    routes: gpd.GeoDataFrame | None,
) -> FloatArray:
    """Share of the people with a way to the county seat who pass within 500 m of a town; NaN for the seat itself."""
    share = np.full(len(ids), np.nan)
    if routes is None or routes.empty:
        return share
    people = (
        pd.Series(ground.weight, index=ground.ids).reindex(routes["settlement_id"].astype(str)).fillna(0.0)
    )
    total = float(people.sum())
    if not total > 0.0:
        return share
    tree = shapely.STRtree(routes.geometry.to_numpy())
    for at in np.flatnonzero(tier == "town"):
        passing = tree.query(shapely.Point(points[at]), predicate="dwithin", distance=PASSING_M)
        share[at] = float(people.to_numpy()[passing].sum()) / total
    return share
