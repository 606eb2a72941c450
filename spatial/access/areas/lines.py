"""Lines on the map: routes to the nearest facility, and the walks that join places to the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.places import texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.access.closest import Closest
    from spatial.access.places import Places
    from spatial.network import TravelGraph

__all__ = ["route_rows", "snap_rows"]


def route_rows(
    graph: TravelGraph,
    settlements: Places,
    places: Places,
    service: str,
    result: Closest,
    *,
    of: NDArray[np.bool_],
) -> gpd.GeoDataFrame:
    """Draw the way of settlements to their nearest facility of one service."""
    rows = np.flatnonzero(of & (result.status == "reached") & ~result.is_self)
    drawn = result.found.routes(rows) if result.found is not None else None
    line = np.empty(0, dtype=object) if drawn is None else drawn.line
    edges = [] if drawn is None else drawn.edge_ids()
    frame = pd.DataFrame(
        {
            "settlement_id": texts(settlements.ids, rows),
            "service": pd.Series(service, index=range(len(rows)), dtype="str"),
            "mode": pd.Series(graph.mode, index=range(len(rows)), dtype="str"),
            "facility_id": texts(places.ids, result.destination[rows, 0]),
            "travel_time_min": result.time_min[rows, 0],
            "network_distance_m": result.distance_m[rows],
            "edge_ids": pd.Series([" ".join(way) for way in edges], dtype="str"),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(line, crs=graph.crs), crs=graph.crs)


def snap_rows(graph: TravelGraph, places: Places, kind: str, uses: NDArray[np.int64]) -> gpd.GeoDataFrame:
    """Say where places meet the network."""
    snaps = places.snaps
    row = np.arange(len(places))
    chosen = np.argmax(np.where(snaps.edge >= 0, uses, -1), axis=1)
    joined = snaps.status == "ok"
    edge = np.where(joined, snaps.edge[row, chosen], -1)
    ends = np.column_stack((snaps.x, snaps.y, snaps.foot_x[row, chosen], snaps.foot_y[row, chosen]))
    line = np.full(len(places), None, dtype=object)
    line[joined] = shapely.linestrings(ends[joined].reshape(-1, 2, 2))
    frame = pd.DataFrame(
        {
            "place_id": texts(places.ids, row),
            "place_kind": pd.Series(kind, index=row, dtype="str"),
            "mode": pd.Series(graph.mode, index=row, dtype="str"),
            "edge_id": texts(graph.edge_id, edge),
            "fraction": np.where(joined, snaps.fraction[row, chosen], np.nan),
            "snap_distance_m": np.where(joined, snaps.distance_m[row, chosen], snaps.nearest_m),
            "snap_time_min": np.where(joined, snaps.access_min[row, chosen], np.nan),
            "snap_status": pd.Series(snaps.status, dtype="str"),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(line, crs=graph.crs), crs=graph.crs)
