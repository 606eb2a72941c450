"""Roads and ferries of OpenStreetMap, with the tags that access and speed depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.crs import WGS84
from spatial.sources.tag_rules import ROAD_TAGS
from spatial.sources.osm_scan import is_road
from spatial.sources.road_lines import CodedTag, RoadLines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.sources.osm_scan import Element

__all__ = ["read_roads"]




def read_roads(elements: Sequence[Element]) -> tuple[RoadLines, list[str]]:
    """Find roads and ferries; which of them are open to whom is decided later. Also ids of those without two nodes."""
    ways = [element for element in elements if element.kind == "w" and is_road(element.tags)]
    lost = [element.id for element in ways if not element.wkb]
    ways = [element for element in ways if element.wkb]
    tags = _coded_tags([element.tags for element in ways])
    xy = shapely.get_coordinates(shapely.from_wkb([element.wkb for element in ways]))
    numbers = np.array([number for element in ways for number in element.nodes], dtype=np.int64)
    ids, first, vertex = np.unique(numbers, return_index=True, return_inverse=True)
    sizes = np.array([len(element.nodes) for element in ways], dtype=np.int64)
    return RoadLines(
        road_id=np.array([element.id for element in ways], dtype=object),
        tags=tags,
        offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))),
        point=vertex,
        points=xy[first],
        points_crs=WGS84,
        crs=WGS84,
        vertex=vertex,
        vertex_id=ids,
    ), lost


def _coded_tags(rows: Sequence[Mapping[str, str]]) -> dict[str, CodedTag]:
    """Tags by column. Few of them are set on any one road, so that rows are gone through and not columns."""
    columns = {"highway": "road_class"} | {tag: tag.replace(":", "_") for tag in ROAD_TAGS}
    known: dict[str, dict[str, int]] = {tag: {} for tag in columns}
    codes = {tag: np.full(len(rows), -1, dtype=np.int32) for tag in columns}
    for row, tags in enumerate(rows):
        for tag, value in tags.items() if "highway" in tags else {**tags, "highway": "ferry"}.items():
            if tag in columns:
                codes[tag][row] = known[tag].setdefault(value, len(known[tag]))
    return {column: CodedTag(codes[tag], tuple(known[tag])) for tag, column in columns.items()}
