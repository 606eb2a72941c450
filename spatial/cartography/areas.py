"""Ground on a gap map: what lies within reach of a service, and which facility is nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from spatial.cartography.columns import NO_INDEX, pack, pack_texts
from spatial.cartography.lines import pack_lines

if TYPE_CHECKING:
    import numpy.typing as npt

    from spatial.cartography.book import PageBook

__all__ = ["areas_block", "catchments_block"]

_TINTS = 4
"""Tints of catchments, so that neighbours differ; where four do not suffice the rarest among them is repeated."""


def areas_block(book: PageBook, service: str, tolerance_m: float) -> dict[str, Any] | None:
    """
    Encode the ground within reach of a service.

    Returns one item a cutoff, the shortest first, and the outlines of all; None without any.
    """
    own = _ground(book, "isochrones", service, "cutoff_min")
    if own is None:
        return None
    names = {
        "cutoff": "cutoff_min",
        "roads_km": "reached_km",
        "area_km2": "area_km2",
        "walk": "walk_on_top_min",
    }
    shown = {key: own[name].astype(float).round(3).tolist() for key, name in names.items()}
    return {
        "mode": str(own["mode"].iloc[0]),
        "items": [dict(zip(shown, values, strict=True)) for values in zip(*shown.values(), strict=True)],
        "lines": pack_lines(own.geometry, tolerance_m=tolerance_m, rings=True),
    }


def catchments_block(book: PageBook, service: str, tolerance_m: float) -> dict[str, Any] | None:
    """
    Encode the ground that is nearest to each facility.

    Returns outlines, and for each catchment its facility, tint, people, longest way and area; None without
    any.
    """
    own = _ground(book, "catchments", service, "facility_id")
    if own is None:
        return None
    return {
        "mode": str(own["mode"].iloc[0]),
        "facility": pack_texts(own["facility_id"]),
        "tint": pack(_tints(own.geometry), "u1"),
        "people": pack(own["population_persons"], "f4"),
        "minutes": pack(own["longest_min"], "f4"),
        "area": pack(own["area_km2"], "f4"),
        "lines": pack_lines(own.geometry, tolerance_m=tolerance_m, rings=True),
    }


def _ground(book: PageBook, table: str, service: str, order: str) -> gpd.GeoDataFrame | None:
    """Take the areas of one service by the first of its modes, without those that have no ground."""
    areas = book.tables.get(table)
    if not isinstance(areas, gpd.GeoDataFrame):
        return None
    own = areas.loc[(areas["service"] == service) & areas.geometry.notna() & ~areas.geometry.is_empty]
    if not len(own):
        return None
    first = own.loc[own["mode"] == own["mode"].min()].sort_values(order, kind="stable")
    return gpd.GeoDataFrame(first.reset_index(drop=True))


def _tints(shapes: gpd.GeoSeries) -> npt.NDArray[np.int64]:
    """Give neighbours different tints, the largest number of neighbours first (Welsh and Powell 1967)."""
    polygons = shapes.to_numpy()
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    neighbours = [right[(left == item) & (right != item)] for item in range(len(polygons))]
    order = sorted(range(len(polygons)), key=lambda item: -len(neighbours[item]))
    tints = np.full(len(polygons), NO_INDEX)
    for item in order:
        near = tints[neighbours[item]]
        tints[item] = int(np.argmin(np.bincount(near[near >= 0], minlength=_TINTS)))
    return tints
