"""Facilities that nobody expects where they are: without a name, on a ski slope, in water, away from any road."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.crs import WGS84
from spatial.formats.columns import text_column
from spatial.formats.notes import Note, listed

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

ASKED_OF = frozenset(
    {
        "emergency_hospital",
        "emergency_district_hospital",
        "district_hospital",
        "hospital",
        "health_centre",
        "primary_care",
        "ambulance_station",
        "fire_station",
        "kindergarten",
        "primary_school",
        "secondary_school",
        "school",
    }
)
"""Services of which each facility counts for many people, so that a wrong one moves a result."""
FAR_M = 300.0
"""A facility further than this from every road is doubted."""
SAME_SPOT_M = 10.0
"""Two of a service no further apart than this are doubted to be two."""


def doubtful_facilities(
    facilities: gpd.GeoDataFrame, *, roads: gpd.GeoDataFrame, water: gpd.GeoDataFrame, slopes: gpd.GeoSeries | None
) -> dict[str, list[Note]]:
    """Say by source which facilities of the study a person should look at; all frames in one CRS in metres."""
    chosen = facilities[
        facilities["service"].isin(ASKED_OF) & facilities["in_study"] & facilities["status"].eq("existing")
    ].reset_index(drop=True)
    if chosen.empty:
        return {}
    points = np.asarray(chosen.geometry)
    names = text_column(chosen["name"])
    drivable = np.asarray(roads.geometry[roads["road_class"] != "ferry"])
    is_far = np.zeros(len(chosen), dtype=bool)
    if len(drivable):
        tree = shapely.STRtree(drivable)
        is_far = shapely.distance(points, tree.geometries[tree.nearest(points)]) > FAR_M
    areas = np.asarray(water.geometry[~water["is_passable"] & water.geometry.geom_type.str.contains("Polygon")])
    doubts = {
        "doubtful_no_name": names.isna().to_numpy(dtype=bool),
        "doubtful_slope": _inside(
            points, np.array([]) if slopes is None else np.asarray(slopes.to_crs(roads.crs or WGS84))
        ),
        "doubtful_water": _inside(points, areas),
        "doubtful_far": is_far,
        "doubtful_twice": _at_one_spot(chosen, points),
    }
    labels = names.fillna(chosen["facility_id"])
    found: dict[str, list[Note]] = {}
    for key, doubted in doubts.items():
        for source, rows in chosen[doubted].groupby("source", sort=True):
            found.setdefault(str(source), []).append(
                Note(key, len(rows), {"where": listed(labels[rows.index]), "metres": f"{FAR_M:.0f}"})
            )
    return found


def _inside(points: NDArray[np.object_], areas: NDArray[np.object_]) -> NDArray[np.bool_]:
    result = np.zeros(len(points), dtype=bool)
    if len(areas):
        result[np.unique(shapely.STRtree(areas).query(points, predicate="intersects")[0])] = True
    return result


def _at_one_spot(chosen: gpd.GeoDataFrame, points: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Find pairs of one service at one spot."""
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=SAME_SPOT_M)
    service = chosen["service"].to_numpy()
    result = np.zeros(len(points), dtype=bool)
    result[one[(one != other) & (service[one] == service[other])]] = True
    return result
