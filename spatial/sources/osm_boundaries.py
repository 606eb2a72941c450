"""Administrative boundaries of OpenStreetMap, assembled as multipolygons, with their parts together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.sources.osm_shapes import element_frame, shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.sources.osm_elements import Element

__all__ = ["read_boundaries"]


def read_boundaries(
    elements: Sequence[Element], areas: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, dict[str, int], list[str]]:
    """
    Find the administrative areas that assemble.

    A closed way that is a member of a relation of its level is a part of that area, as is one that bears its name; so
    are closed ways of one level and name, such as islets.

    Returns boundary_id, admin_level, names and tags, polygons in EPSG:4326; areas that assemble by level,
    before parts are put together; and ids of relations that do not assemble, since the extract cuts them.
    """
    found = [element for element in elements if element.kind != "n" and _level(element) is not None]
    whole = [element for element in found if element.id in areas]
    counts: dict[str, int] = {}
    for element in whole:
        counts[str(_level(element))] = counts.get(str(_level(element)), 0) + 1
    cut = [element.id for element in found if element.kind == "r" and element.id not in areas]
    leaders = _leaders(whole)
    geometry = shapes(whole, areas)
    rows = [row for row, leader in enumerate(leaders) if leader == row]
    merged = np.array([_union(geometry, leaders, row) for row in rows], dtype=object)
    kept = [whole[row] for row in rows]
    columns = {
        "boundary_id": pd.Series([element.id for element in kept], dtype="str"),
        "admin_level": pd.Series([_level(element) for element in kept], dtype="int64"),
    }
    return element_frame(kept, merged, columns), counts, cut


def _level(element: Element) -> int | None:
    text = element.tags.get("admin_level", "")
    return (
        int(text)
        if element.tags.get("boundary") == "administrative" and text.isascii() and text.isdigit()
        else None
    )


def _leaders(whole: Sequence[Element]) -> list[int]:
    """For every area the row of the area it is a part of; its own row where it stands for itself."""
    by_member = {
        (f"{kind}{number}", _level(element)): row
        for row, element in enumerate(whole)
        for kind, number in element.members
    }
    by_name: dict[tuple[str, int | None], list[int]] = {}
    for row, element in sorted(enumerate(whole), key=lambda item: (item[1].kind != "r", item[1].number)):
        if element.tags.get("name"):
            by_name.setdefault((element.tags["name"], _level(element)), []).append(row)
    leaders = list(range(len(whole)))
    for row, element in enumerate(whole):
        if element.kind == "r":
            continue
        namesakes = by_name.get((element.tags.get("name", ""), _level(element)), [row])
        is_clear = len([other for other in namesakes if whole[other].kind == "r"]) <= 1
        leaders[row] = by_member.get((element.id, _level(element)), namesakes[0] if is_clear else row)
    return leaders


def _union(geometry: NDArray[np.object_], leaders: Sequence[int], row: int) -> object:
    parts = [geometry[other] for other, leader in enumerate(leaders) if leader == row]
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)
