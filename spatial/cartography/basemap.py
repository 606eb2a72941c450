"""The ground under the settlements, from the study's own roads, water and boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from spatial.cartography.lines import pack_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["ground"]

_MAJOR = ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link")
_MIDDLE = ("secondary", "secondary_link", "tertiary", "tertiary_link")
_MINOR = ("unclassified", "residential", "living_street", "road", "track")
_WATER_LINES = ("river", "canal")
_BOX_SHARE = 0.99
"""Share of its oriented envelope above which a study area is a box of coordinates."""
_SEASONS = ("no", "unknown", "yes")


def ground(
    tables: Mapping[str, pd.DataFrame], *, tolerance_m: float, minor: bool, seasons: bool = False
) -> list[dict[str, Any]]:
    """Encode the base map."""
    area, water, boundaries = (_shapes(tables, name) for name in ("study_area", "water", "boundaries"))
    land = (
        area
        if boundaries is None or not boundaries["is_unit"].any()
        else boundaries.loc[boundaries["is_unit"]]
    )
    groups = [_group("area", land, tolerance_m, rings=True)]
    if water is not None:
        rivers = water.loc[water["kind"].isin(_WATER_LINES) | water["is_barrier"]]
        groups += [
            _group("water_area", water, tolerance_m, rings=True),
            _group("water_line", rivers, tolerance_m),
        ]
    edges = _shapes(tables, "edges")
    if seasons and edges is not None:
        groups += _season_groups(edges, tolerance_m)
    else:
        groups += _road_groups(_shapes(tables, "roads"), tolerance_m, minor=minor)
    if boundaries is not None:
        units = boundaries.loc[boundaries["is_unit"]]
        groups.append(_group("boundary", units.assign(geometry=units.geometry.boundary), tolerance_m))
    if area is not None and not _is_box(area):
        groups.append(_group("outline", area.assign(geometry=area.geometry.boundary), tolerance_m))
    return [group for group in groups if group is not None]


def _is_box(area: gpd.GeoDataFrame) -> bool:
    """Tell whether the study area is a mere rectangle, whose sides mean nothing on the ground."""
    shapes = area.geometry.to_numpy()
    return bool((shapely.area(shapes) >= _BOX_SHARE * shapely.area(shapely.oriented_envelope(shapes))).all())


def _shapes(tables: Mapping[str, pd.DataFrame], name: str) -> gpd.GeoDataFrame | None:
    frame = tables.get(name)
    return frame if isinstance(frame, gpd.GeoDataFrame) and len(frame) else None


def _road_groups(
    roads: gpd.GeoDataFrame | None, tolerance_m: float, *, minor: bool
) -> list[dict[str, Any] | None]:
    if roads is None:
        return []
    looks = {"road_minor": _MINOR, "ferry": ("ferry",), "road_middle": _MIDDLE, "road_major": _MAJOR}
    return [
        _group(look, roads.loc[roads["road_class"].isin(classes)], tolerance_m)
        for look, classes in looks.items()
        if minor or look != "road_minor"
    ]


def _season_groups(edges: gpd.GeoDataFrame, tolerance_m: float) -> list[dict[str, Any] | None]:
    first = edges.loc[edges["mode"] == edges["mode"].iloc[0]]
    return [
        _group(f"season_{season}", first.loc[first["all_season"] == season], tolerance_m)
        for season in _SEASONS
    ]


def _group(
    look: str, frame: gpd.GeoDataFrame | None, tolerance_m: float, *, rings: bool = False
) -> dict[str, Any] | None:
    if frame is None or frame.empty:
        return None
    lines = pack_lines(frame.geometry, tolerance_m=tolerance_m, rings=rings)
    return {"look": look, "lines": lines} if lines["sizes"]["n"] else None
