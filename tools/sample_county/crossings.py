"""Where roads meet each other, and where they cross water: shared nodes, bridges and fords."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from tools.sample_county.roadmap import RoadMap, Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tools.sample_county.water import Water

__all__ = ["bridge_water", "join_crossings"]

SAME_PLACE_M = 0.5
"""Nodes this near to a crossing are the crossing."""
BRIDGE_APPROACH_M = 7.0
"""A bridge begins this far before the water."""
SHORTEST_M = 6.0
"""A piece shorter than this is not split off."""
BRIDGED = {
    "trunk": 0.0,
    "primary": 0.0,
    "secondary": 3.0,
    "tertiary": 6.0,
    "unclassified": 12.0,
    "residential": 12.0,
    "service": 12.0,
    "track": 25.0,
    "path": 25.0,
}
"""Catchment in km2 from which a stream has a bridge, by the road's class; smaller ones run through a culvert."""
FORDED = frozenset({"track", "unclassified"})
"""Classes that ford a stream instead where it has no bridge and is no trickle."""
FORD_KM2 = 5.0


def join_crossings(roadmap: RoadMap) -> None:
    """Give roads that cross a shared node."""
    points = np.array(roadmap.points)
    lines = _lines(roadmap, points)
    tree = shapely.STRtree(lines)
    first, second = tree.query(lines, predicate="intersects")
    pairs = [(int(a), int(b)) for a, b in zip(first, second, strict=True) if a < b]
    for one, other in sorted(pairs):
        met = shapely.intersection(lines[one], lines[other])
        for place in shapely.get_coordinates(met).tolist():
            _share_node(roadmap, one, other, (place[0], place[1]))


def bridge_water(roadmap: RoadMap, water: Water) -> None:
    """Split roads where they cross water and mark bridges and fords."""
    points = np.array(roadmap.points)
    lines = _lines(roadmap, points)
    tree = shapely.STRtree(water.spans)
    road, wet = tree.query(lines, predicate="intersects")
    crossed: dict[int, list[int]] = {}
    for number, span in sorted(zip(road.tolist(), wet.tolist(), strict=True)):
        crossed.setdefault(number, []).append(span)
    ways = []
    for number, way in enumerate(roadmap.ways):
        spans = crossed.get(number, [])
        bridged = [span for span in spans if water.catchment_km2[span] >= BRIDGED[way.road_class]]
        intervals = _intervals(lines[number], water.spans[bridged])
        ways += _split(roadmap, way, intervals) if intervals else [way]
        largest = max((water.catchment_km2[span] for span in spans if span not in bridged), default=0.0)
        if not intervals and largest >= FORD_KM2 and way.road_class in FORDED:
            way.tags |= {"ford": "yes", "seasonal": "yes"}
    roadmap.ways = ways


def _lines(roadmap: RoadMap, points: NDArray[np.float64]) -> NDArray[np.object_]:
    nodes = np.concatenate([way.nodes for way in roadmap.ways])
    number = np.repeat(np.arange(len(roadmap.ways)), [len(way.nodes) for way in roadmap.ways])
    lines: NDArray[np.object_] = shapely.linestrings(points[nodes], indices=number)
    return lines


def _share_node(roadmap: RoadMap, one: int, other: int, place: tuple[float, float]) -> None:
    found = [_node_at(roadmap, number, place) for number in (one, other)]
    if found[0] is not None and found[0] == found[1]:
        return
    node = next((item for item in found if item is not None), None)
    if node is None:
        node = roadmap.add_node(*place)
    for number, own in zip((one, other), found, strict=True):
        if own is None:
            _insert_at(roadmap, number, place, node)
        elif own != node:
            roadmap.replace_node(own, node)


def _node_at(roadmap: RoadMap, number: int, place: tuple[float, float]) -> int | None:
    for node in roadmap.ways[number].nodes:
        x, y = roadmap.points[node]
        if abs(x - place[0]) < SAME_PLACE_M and abs(y - place[1]) < SAME_PLACE_M:
            return node
    return None


def _insert_at(roadmap: RoadMap, number: int, place: tuple[float, float], node: int) -> None:
    nodes = roadmap.ways[number].nodes
    points = np.array([roadmap.points[item] for item in nodes])
    pieces = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
    nearest = int(np.argmin(shapely.distance(pieces, shapely.Point(place))))
    roadmap.insert_node(number, nodes[nearest], nodes[nearest + 1], node)


def _intervals(line: shapely.LineString, spans: NDArray[np.object_]) -> list[tuple[float, float]]:
    """Find the stretches of a road over water, in metres along it, neighbouring ones joined."""
    found = []
    for part in shapely.get_parts(shapely.intersection(line, shapely.union_all(spans))):
        if shapely.length(part) == 0.0:
            continue
        tips = shapely.get_coordinates(part)[[0, -1]].tolist()
        ends = sorted(line.project(shapely.Point(tip)) for tip in tips)
        found.append((ends[0] - BRIDGE_APPROACH_M, ends[-1] + BRIDGE_APPROACH_M))
    joined: list[tuple[float, float]] = []
    for start, end in sorted(found):
        if joined and start - joined[-1][1] < 2 * SHORTEST_M:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _split(roadmap: RoadMap, way: Way, intervals: Sequence[tuple[float, float]]) -> list[Way]:
    """Split a way at the ends of its bridges."""
    points = np.array([roadmap.points[node] for node in way.nodes])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    total = float(along[-1])
    cuts: list[float] = []
    for start, end in intervals:
        cuts += [cut for cut in (start, end) if SHORTEST_M < cut < total - SHORTEST_M]
    placed = list(zip(along.tolist(), way.nodes, strict=True))
    for cut in cuts:
        node = next((item for at, item in placed if abs(at - cut) < SHORTEST_M / 3), None)
        if node is None:
            x, y = (float(np.interp(cut, along, points[:, axis])) for axis in (0, 1))
            placed.append((cut, roadmap.add_node(x, y)))
    placed.sort()
    breaks = [0.0, *sorted(cuts), total]
    pieces = []
    for start, end in pairwise(breaks):
        nodes = [node for at, node in placed if start - SHORTEST_M / 3 < at < end + SHORTEST_M / 3]
        middle = (start + end) / 2
        over = any(low <= middle <= high for low, high in intervals)
        tags = {**way.tags, "bridge": "yes", "layer": "1"} if over else dict(way.tags)
        if len(nodes) > 1:
            pieces.append(Way(way.road_class, nodes, tags))
    return pieces
