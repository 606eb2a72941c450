"""The last mile: how far settlements lie from the road that stays open in every season, and from what it brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.access.areas.shapes import crosses, shapes_of, tree_of
from spatial.access.measures.od_pairs import require_columns
from spatial.access.rules import SnapRules
from spatial.crs import require_metres
from spatial.errors import CrsError
from spatial.network import TravelGraph, walk_minutes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["LastMileRules", "last_mile"]

_REACHES = (0.03, 0.1, 0.3, 1.0)
"""Shares of the search around a place behind a barrier, one look after the other; they change the speed only."""


@dataclass(frozen=True)
class LastMileRules:
    """
    Where the classes of the last mile begin.

    Parameters
    ----------
    connected_m : float
        Straight line to the road up to which a settlement is connected; inclusive.
    near_m : float
        Up to which it is near; inclusive. 2000 m is the Rural Access Index (Roberts et al. 2006).
    search_m : float
        How far around a place whose nearest road lies behind a barrier another road is looked for.
    towns : tuple of str
        Services of the access table that are towns, the first one computed is used for `last_mile_share`.
    points : tuple of (str, str)
        Column of minutes, and the service of the access table that fills it.
    """

    connected_m: float = 500.0
    near_m: float = 2000.0
    search_m: float = 10_000.0
    towns: tuple[str, ...] = ("town", "county_seat", "city")
    points: tuple[tuple[str, str], ...] = (
        ("parcel_point_min", "parcel_point"),
        ("bus_stop_min", "bus_stop"),
        ("telecom_min", "telecom"),
    )


def last_mile(
    edges: gpd.GeoDataFrame | TravelGraph,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    *,
    rules: LastMileRules | None = None,
    walk: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Measure the walk from every settlement to the all-season road.

    A road is all-season where it is known to be so (yes) or not known to fail (unknown): the distance to the former is
    the upper bound, to both the lower one. Only roads that may be entered on foot and that lead somewhere count: no
    ferries, bridges or motorways, no fragments shorter than `min_component_km`. Distances are straight lines, as the
    Rural Access Index takes them, but none crosses a barrier: where one lies before the nearest road, the nearest of
    the others within `search_m` counts, or none.

    Parameters
    ----------
    edges : GeoDataFrame or TravelGraph
        Edges of the motorable network, by the contract of the table (one mode's rows), or the graph itself.
    settlements : GeoDataFrame
        By the contract of the table.
    access : DataFrame
        The access table: of the modes in it the first is that of the way to the town, and walk, where there, that of
        the ways to parcel point, bus stop and telecom. Distances to these are along the way, both walks included.
    rules : LastMileRules, optional
        Where the classes begin.
    walk : SnapRules, optional
        Speed and detour of the walk, and the shortest component that counts.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    DataFrame
        By the contract of the table ``last_mile``, one row a settlement in the order given. Class ``none``: there is
        no such road at all; ``unknown``: none is known to be all-season, but there are roads of which it is not known.

    Raises
    ------
    CrsError
        Where edges and settlements differ in their CRS.
    """
    rules, walk = rules or LastMileRules(), walk or SnapRules()
    frame = edges.to_frames()[1] if isinstance(edges, TravelGraph) else edges
    require_columns("edges", frame, ("is_snappable", "component_km", "all_season"))
    require_columns("settlements", settlements, ("settlement_id",))
    require_columns("access", access, ("settlement_id", "service", "mode", "travel_time_min"))
    if require_metres(frame.crs, what="edges") != require_metres(settlements.crs, what="settlements"):
        raise CrsError("edges and settlements differ in their CRS; reproject with to_crs(...)")
    roads = frame.loc[frame["is_snappable"] & (frame["component_km"] >= walk.min_component_km)]
    points = shapes_of(settlements.geometry)
    known = roads["all_season"] == "yes"
    unknown = roads["all_season"] == "unknown"
    lower, upper = (
        _distances(points, shapes_of(roads.loc[rows].geometry), barriers, rules.search_m)
        for rows in (known | unknown, known)
    )
    ids = pd.Index(settlements["settlement_id"])
    return pd.DataFrame(
        {
            "settlement_id": pd.Series(ids.to_numpy(dtype=object), dtype="str"),
            "all_season_road_distance_m": _finite(lower),
            "known_all_season_road_distance_m": _finite(upper),
            "all_season_road_min": _finite(walk_minutes(lower, walk_km_h=walk.walk_km_h, detour=walk.detour)),
            "last_mile_class": _classes(lower, rules, otherwise="none"),
            "last_mile_class_known": _classes(upper, rules, otherwise="unknown" if unknown.any() else "none"),
            "last_mile_share": _share(access, ids, rules),
            **_to_points(access, ids, dict(rules.points), "travel_time_min"),
            "known_all_season_road_min": _finite(
                walk_minutes(upper, walk_km_h=walk.walk_km_h, detour=walk.detour)
            ),
            **_to_points(access, ids, _distance_columns(rules), "network_distance_m"),
        }
    )


def _distances(
    points: NDArray[np.object_],
    lines: NDArray[np.object_],
    barriers: gpd.GeoSeries | None,
    search_m: float,
) -> NDArray[np.float64]:
    """Straight line to the nearest line that no barrier hides; inf where there is none."""
    distance = np.full(len(points), np.inf)
    if len(lines) == 0 or len(points) == 0:
        return distance
    tree = shapely.STRtree(lines)
    (rows, nearest), metres = tree.query_nearest(points, all_matches=False, return_distance=True)
    distance[rows] = metres
    walls = tree_of(barriers)
    if walls is None:
        return distance
    hidden = rows[crosses(walls, np.asarray(shapely.shortest_line(points[rows], lines[nearest])))]
    distance[hidden] = np.inf
    for reach in (share * search_m for share in _REACHES):
        rows, other = tree.query(points[hidden], predicate="dwithin", distance=reach)
        is_open = ~crosses(walls, np.asarray(shapely.shortest_line(points[hidden[rows]], lines[other])))
        rows, other = hidden[rows[is_open]], other[is_open]
        np.minimum.at(distance, rows, shapely.distance(points[rows], lines[other]))
        hidden = hidden[~np.isfinite(distance[hidden])]
    return distance


def _classes(distance: NDArray[np.float64], rules: LastMileRules, *, otherwise: str) -> pd.Series[str]:
    named = np.where(
        distance <= rules.connected_m, "connected", np.where(distance <= rules.near_m, "near", "gap")
    )
    return pd.Series(np.where(np.isfinite(distance), named, otherwise), dtype="str")


def _share(access: pd.DataFrame, ids: pd.Index, rules: LastMileRules) -> NDArray[np.float64]:
    """Walk to the network as a share of walk and network on the way to the nearest town; 0 in a town itself."""
    modes = access["mode"].unique()
    computed = set(access["service"].unique())
    town = next((service for service in rules.towns if service in computed), None)
    if town is None or len(modes) == 0:
        return np.full(len(ids), np.nan)
    rows = access.loc[(access["mode"] == modes[0]) & (access["service"] == town)].set_index("settlement_id")
    walked = rows["access_leg_min"].reindex(ids).to_numpy(dtype=float)
    together = walked + rows["network_leg_min"].reindex(ids).to_numpy(dtype=float)
    share: NDArray[np.float64] = np.divide(
        walked, together, out=np.where(np.isnan(together), np.nan, 0.0), where=together > 0.0
    )
    return share


def _distance_columns(rules: LastMileRules) -> dict[str, str]:
    """Name the column of metres after that of minutes."""
    return {f"{name.removesuffix('_min')}_distance_m": service for name, service in rules.points}


def _to_points(
    access: pd.DataFrame, ids: pd.Index, columns: Mapping[str, str], measure: str
) -> dict[str, NDArray[np.float64]]:
    modes = list(access["mode"].unique())
    mode = "walk" if "walk" in modes else next(iter(modes), "")
    ours = access.loc[access["mode"] == mode]
    return {
        column: ours.loc[ours["service"] == service]
        .set_index("settlement_id")[measure]
        .reindex(ids)
        .to_numpy(dtype=float)
        for column, service in columns.items()
    }


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)
