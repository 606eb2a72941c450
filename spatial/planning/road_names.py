"""Roads by a name that people know: their own, else number or class, and the place near them, with the id behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from spatial.planning.names import names_of, pick

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from spatial.planning.wording import Wording

__all__ = ["NEAR_M", "road_text"]

NEAR_M = 5000.0
"""A place further away says nothing about where a road lies (a local choice)."""


def road_text(edge_id: str, tables: Mapping[str, pd.DataFrame], words: Wording) -> str:
    """
    Name a road or one edge of it.

    Examples
    --------
    >>> from spatial.planning.wording import wording
    >>> road_text("w12/3", {}, wording("en"))
    'road w12/3'
    """
    row = _row(edge_id, tables)
    told = _called(row, words)
    if not told:
        return words.say("road", "unnamed", id=edge_id)
    place = _place(row.get("geometry"), tables.get("settlements"), words.language)
    if place:
        told = words.say("road", "near", road=told, place=place)
    return words.say("road", "with_id", road=told, id=edge_id)


def _row(edge_id: str, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Gather what is known of the road, with the line of the edge where it is there."""
    found: dict[str, Any] = {}
    wanted = {"road_id": _road_of(edge_id, tables), "edge_id": edge_id}
    for name, key in (("edges", "road_id"), ("roads", "road_id"), ("edges", "edge_id")):
        table = tables.get(name)
        rows = None if table is None else table.loc[table[key].astype(str) == wanted[key]]
        if rows is not None and len(rows):
            found |= {str(column): value for column, value in rows.iloc[0].items()}
    return found


def _road_of(edge_id: str, tables: Mapping[str, pd.DataFrame]) -> str:
    roads = tables.get("roads")
    is_road = roads is not None and roads["road_id"].astype(str).eq(edge_id).any()
    return edge_id if is_road else edge_id.rpartition("/")[0] or edge_id


def _called(row: Mapping[str, Any], words: Wording) -> str:
    name = pick(names_of(row), words.language)
    if name:
        return name
    kind = words.messages["road_class"].get(str(row.get("road_class")), "")
    number = row.get("ref")
    if not kind or not isinstance(number, str) or not number:
        return kind
    return words.say("road", "numbered", kind=kind, number=number)


def _place(line: object, settlements: pd.DataFrame | None, language: str) -> str:
    """Name the nearest settlement to the middle of the line; empty where none with a name is near."""
    if not isinstance(settlements, gpd.GeoDataFrame) or line is None:
        return ""
    middle = shapely.line_interpolate_point(line, 0.5, normalized=True)  # type: ignore[call-overload]
    away = settlements.geometry.distance(middle).sort_values(kind="stable")
    for at in away.index[away.to_numpy() <= NEAR_M]:
        name = pick(names_of(settlements.loc[at].to_dict()), language)
        if name:
            return name
    return ""
