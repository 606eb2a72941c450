"""Geometry and names of OpenStreetMap elements as columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.sources.osm_elements import Element

__all__ = ["centroids", "element_frame", "shapes", "tag_texts"]


def shapes(elements: Sequence[Element], areas: Mapping[str, str]) -> NDArray[np.object_]:
    """
    Geometry of elements: the multipolygon where one assembled, else the line or the point.

    Returns None for relations that do not assemble and ways without two nodes; a multipolygon of one part is
    a polygon.
    """
    result = np.full(len(elements), None, dtype=object)
    is_node = np.array([element.kind == "n" for element in elements], dtype=bool)
    if is_node.any():
        points = np.array([element.point for element in elements if element.kind == "n"])
        result[is_node] = shapely.points(points)
    texts = [areas.get(element.id, element.wkb) if element.kind != "n" else "" for element in elements]
    drawn = np.array([bool(text) for text in texts], dtype=bool)
    if drawn.any():
        result[drawn] = _single(shapely.from_wkb([text for text in texts if text]))
    return result


def _single(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    alone = (shapely.get_type_id(geometry) == shapely.GeometryType.MULTIPOLYGON) & (
        shapely.get_num_geometries(geometry) == 1
    )
    geometry[alone] = shapely.get_geometry(geometry[alone], 0)
    return geometry


def centroids(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Centroid of every geometry, taken in degrees, which for a building differs by less than a millimetre."""
    result: NDArray[np.object_] = shapely.centroid(geometry)
    return result


def tag_texts(elements: Sequence[Element], key: str) -> pd.Series:
    """One tag of every element."""
    return pd.Series([element.tags.get(key) for element in elements], dtype="str")


def element_frame(
    elements: Sequence[Element], geometry: NDArray[np.object_], columns: Mapping[str, pd.Series]
) -> gpd.GeoDataFrame:
    """Frame with names in every language and all tags as JSON."""
    names = {"name": tag_texts(elements, "name"), "name_en": tag_texts(elements, "name:en")}
    chinese = [tag_texts(elements, key) for key in ("name:zh", "name:zh-Hans", "name:zh-Hant")]
    names["name_zh"] = chinese[0].fillna(chinese[1]).fillna(chinese[2])
    tags = pd.Series(
        [json.dumps(element.tags, ensure_ascii=False, sort_keys=True) for element in elements], dtype="str"
    )
    return gpd.GeoDataFrame(
        {**columns, **names, "tags": tags}, geometry=gpd.GeoSeries(geometry, crs=WGS84), crs=WGS84
    )
