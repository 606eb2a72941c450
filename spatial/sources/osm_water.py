"""Water of OpenStreetMap, and the rule that says which of it nobody walks across."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.sources.osm_shapes import element_frame, shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    from spatial.sources.osm_elements import Element

__all__ = ["BARRIER_AREA_M2", "mark_barriers", "read_water"]

BARRIER_AREA_M2 = 10_000.0
"""Standing water from this size (1 ha, so about 110 m across) is a barrier; around a smaller one people walk."""

LINES = ("river", "stream", "canal", "tidal_channel")
FLOWING = ("river", "canal", "tidal_channel", "coastline")
"""Kinds that cannot be waded, whatever their width on the map; a stream can."""

_DRY = ("intermittent", "seasonal")
_COVERED = ("tunnel", "covered")


def read_water(elements: Sequence[Element], areas: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Find coastlines, watercourses and standing water."""
    found = [(element, kind) for element in elements if element.kind != "n" and (kind := _kind(element.tags))]
    waters = [element for element, _ in found]
    geometry = shapes(waters, areas)
    drawn = [row for row, shape in enumerate(geometry) if shape is not None]
    waters, geometry = [waters[row] for row in drawn], geometry[drawn]
    columns: dict[str, pd.Series] = {
        "water_id": pd.Series([element.id for element in waters], dtype="str"),
        "kind": pd.Series([found[row][1] for row in drawn], dtype="str"),
        "is_passable": pd.Series([_is_passable(element.tags) for element in waters], dtype="bool"),
    }
    return element_frame(waters, _as_lines(geometry, columns["kind"]), columns)


def _kind(tags: Mapping[str, str]) -> str:
    if tags.get("natural") == "coastline":
        return "coastline"
    if tags.get("waterway") in LINES:
        return tags["waterway"]
    if tags.get("waterway") == "riverbank":
        return "river"
    if tags.get("natural") == "water":
        return tags.get("water", "lake")
    if tags.get("landuse") in {"reservoir", "basin"}:
        return tags["landuse"]
    return ""


def _is_passable(tags: Mapping[str, str]) -> bool:
    dry = any(tags.get(key, "no") != "no" for key in _DRY)
    return dry or any(tags.get(key, "no") != "no" for key in _COVERED)


def _as_lines(geometry: NDArray[np.object_], kinds: pd.Series) -> NDArray[np.object_]:
    """Turn closed coastlines, which are edges of islands and no water, into lines."""
    shore = (kinds == "coastline").to_numpy(dtype=bool) & (shapely.get_dimensions(geometry) == 2)
    result = geometry.copy()
    result[shore] = shapely.boundary(geometry[shore])
    return result


def mark_barriers(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Say which water no walk to the road crosses.

    A barrier is the coastline, a river, canal or tidal channel, and standing water of at least `BARRIER_AREA_M2`;
    never a stream, and never what falls dry (``intermittent``, ``seasonal``) or runs under ground (``tunnel``,
    ``covered``).
    """
    require_metres(water.crs, what="water")
    flowing = water["kind"].isin(FLOWING).to_numpy(dtype=bool)
    wide = (water.geometry.area >= BARRIER_AREA_M2).to_numpy(dtype=bool)
    passable = water["is_passable"].to_numpy(dtype=bool)
    return water.assign(is_barrier=(flowing | wide) & ~passable)
