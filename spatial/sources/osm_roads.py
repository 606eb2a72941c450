"""Roads and ferries of OpenStreetMap, with the tags that access and speed depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84
from spatial.sources.osm_arrays import UNITS_A_DEGREE
from spatial.sources.road_lines import CodedTag, RoadLines, TagsOnDemand, coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.sources.osm_arrays import OsmArrays
    from spatial.sources.osm_elements import Element

__all__ = ["ROAD_TAGS", "read_roads", "roads_of_arrays", "whole_stretches"]

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
    "interval",
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


def read_roads(elements: Sequence[Element]) -> tuple[RoadLines, list[str]]:
    """Find roads and ferries; which of them are open to whom is decided later."""
    ways = [
        element
        for element in elements
        if element.kind == "w" and ("highway" in element.tags or element.tags.get("route") == "ferry")
    ]
    lost = [element.id for element in ways if not element.wkb]
    ways = [element for element in ways if element.wkb]
    texts: dict[str, list[str | None]] = {
        "road_class": [element.tags.get("highway", "ferry") for element in ways]
    }
    texts |= {tag.replace(":", "_"): [element.tags.get(tag) for element in ways] for tag in ROAD_TAGS}
    xy = shapely.get_coordinates(shapely.from_wkb([element.wkb for element in ways]))
    numbers = np.array([number for element in ways for number in element.nodes], dtype=np.int64)
    ids, first, vertex = np.unique(numbers, return_index=True, return_inverse=True)
    sizes = np.array([len(element.nodes) for element in ways], dtype=np.int64)
    return RoadLines(
        road_id=np.array([element.id for element in ways], dtype=object),
        tags={name: coded(pd.Series(values, dtype=object)) for name, values in texts.items()},
        offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))),
        point=vertex,
        points=xy[first],
        points_crs=WGS84,
        crs=WGS84,
        vertex=vertex,
        vertex_id=ids,
    ), lost


def roads_of_arrays(arrays: OsmArrays) -> tuple[RoadLines, list[str]]:
    """Find roads and ferries as `read_roads` does, without an object a way."""
    ways = arrays.ways
    highway, route = (ways.with_key(arrays.code(key)) for key in ("highway", "route"))
    is_road = (highway >= 0) | ((route >= 0) & (route == arrays.code("ferry")))
    place, offsets = whole_stretches(arrays, is_road)
    sizes = np.diff(offsets)
    is_drawn = is_road & (sizes > 0)
    lost = [f"w{number}" for number in ways.number[is_road & (sizes == 0)].tolist()]
    kept = np.flatnonzero(is_drawn)
    is_used = np.zeros(len(arrays.node_id), dtype=np.bool_)
    is_used[place] = True
    used = np.flatnonzero(is_used)
    vertex = (np.cumsum(is_used) - 1)[place]
    degrees = np.empty((len(used), 2))
    for axis, units in enumerate((arrays.node_x, arrays.node_y)):
        np.divide(units[used], UNITS_A_DEGREE, out=degrees[:, axis])
    keys = {tag.replace(":", "_"): tag for tag in ROAD_TAGS}

    strings, codes = arrays.strings, {name: arrays.code(tag) for name, tag in keys.items()}

    def read(name: str) -> CodedTag:
        if name == "road_class":
            return _coded(strings, highway[kept], untagged="ferry")
        return _coded(strings, ways.with_key(codes[name])[kept])

    return RoadLines(
        road_id=np.array([f"w{number}" for number in ways.number[kept].tolist()], dtype=object),
        tags=TagsOnDemand(["road_class", *keys], read),
        offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes[kept]))),
        point=vertex,
        points=degrees,
        points_crs=WGS84,
        crs=WGS84,
        vertex=vertex,
        vertex_id=arrays.node_id[used],
    ), lost


def whole_stretches(
    arrays: OsmArrays, chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Find the nodes of ways: all, or the longest stretch whose nodes are all in the file, for a gap is never bridged.

    Returns rows of nodes, and where the nodes of each way begin, shape (n_ways + 1,); none for ways that are
    not chosen and for those of which there are no two nodes in a row.
    """
    ways = arrays.ways
    sizes = np.where(chosen, np.diff(ways.part_offsets), 0)
    inner = ways.part if chosen.all() else ways.part[np.repeat(chosen, np.diff(ways.part_offsets))]
    place = arrays.place(inner)
    begins = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    gaps = np.flatnonzero(place < 0)
    short = np.flatnonzero(sizes == 1)
    if not len(gaps) and not len(short):
        return place, begins
    kept = np.ones(len(place), dtype=np.bool_)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    for way in np.unique(np.concatenate((owner[gaps], short))).tolist():
        begin, end = int(begins[way]), int(begins[way + 1])
        kept[begin:end] = False
        one, two = _longest(place[begin:end] >= 0)
        kept[begin + one : begin + two] = two - one > 1
    counts = np.bincount(owner[kept], minlength=len(sizes))
    return place[kept], np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


def _longest(is_there: NDArray[np.bool_]) -> tuple[int, int]:
    """Begin and end of the longest run of True, the first of equals."""
    changes = np.flatnonzero(np.diff(np.concatenate(([False], is_there, [False])).astype(np.int8)))
    runs = changes.reshape(-1, 2)
    if not len(runs):
        return 0, 0
    best = int(np.argmax(runs[:, 1] - runs[:, 0]))
    return int(runs[best, 0]), int(runs[best, 1])


def _coded(strings: Sequence[str], values: NDArray[np.int32], untagged: str | None = None) -> CodedTag:
    """Count distinct values from 0 in the order of the strings, what stands for none first."""
    is_used = np.zeros(len(strings) + 1, dtype=np.bool_)
    is_used[values] = True  # the last one for -1
    first = int(untagged is not None and is_used[-1])
    code = np.cumsum(is_used, dtype=np.int32) + np.int32(first - 1)
    code[-1] = first - 1
    texts = [strings[value] for value in np.flatnonzero(is_used[:-1]).tolist()]
    return CodedTag(code[values], (untagged, *texts) if first else tuple(texts))
