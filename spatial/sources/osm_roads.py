"""Roads and ferries of OpenStreetMap, with the tags that access and speed depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84
from spatial.sources.osm_shapes import tag_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.sources.osm_scan import Element

__all__ = ["ROAD_TAGS", "read_roads"]

_ACCESS = (
    "access",
    "vehicle",
    "motor_vehicle",
    "motorcar",
    "motorcycle",
    "bicycle",
    "foot",
    "emergency",
    "motorroad",
)
_ONEWAY = tuple(
    f"oneway{of}"
    for of in ("", ":vehicle", ":motor_vehicle", ":motorcar", ":motorcycle", ":bicycle", ":foot")
)
_SPEED = (
    "maxspeed",
    "maxspeed:forward",
    "maxspeed:backward",
    "surface",
    "smoothness",
    "tracktype",
    "duration",
)
_SHAPE = (
    "junction",
    "area",
    "bridge",
    "tunnel",
    "ford",
    "service",
    "construction",
    "lanes",
    "width",
    "layer",
)
_SEASON = ("seasonal", "winter_road", "ice_road")

ROAD_TAGS = ("name", "ref", *_ACCESS, *_ONEWAY, *_SPEED, *_SHAPE, *_SEASON)
"""Tags that become columns, with ``_`` for ``:``."""


def read_roads(elements: Sequence[Element]) -> tuple[gpd.GeoDataFrame, list[str]]:
    """
    Find roads and ferries; which of them are open to whom is decided later.

    Parameters
    ----------
    elements : sequence of Element
        Tagged nodes, ways and relations.

    Returns
    -------
    tuple of GeoDataFrame and list of str
        road_id, road_class (the value of ``highway``, or ferry), node_ids (one a vertex) and the columns of
        `ROAD_TAGS`; LineStrings in EPSG:4326. The list names ways without two nodes in the file.
    """
    ways = [
        element
        for element in elements
        if element.kind == "w" and ("highway" in element.tags or element.tags.get("route") == "ferry")
    ]
    lost = [element.id for element in ways if not element.wkb]
    ways = [element for element in ways if element.wkb]
    classes = [element.tags.get("highway", "ferry") for element in ways]
    columns: dict[str, pd.Series] = {
        "road_id": pd.Series([element.id for element in ways], dtype="str"),
        "road_class": pd.Series(classes, dtype="str"),
    }
    columns.update({tag.replace(":", "_"): tag_texts(ways, tag) for tag in ROAD_TAGS})
    columns["node_ids"] = pd.Series(
        [np.array(element.nodes, dtype=np.int64) for element in ways], dtype=object
    )
    lines = gpd.GeoSeries(shapely.from_wkb([element.wkb for element in ways]), crs=WGS84)
    return gpd.GeoDataFrame(columns, geometry=lines, crs=WGS84), lost
