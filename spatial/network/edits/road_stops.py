"""Find where new roads stop: at crossings, at dead ends beside them, at their own ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = [
    "TOUCH_M",
    "Stop",
    "Surroundings",
    "crossings",
    "dead_ends",
    "end_stops",
    "look_around",
    "meetings",
]

TOUCH_M = 1e-6
"""Places along a line within a micrometre are one: they are computed."""

_MEET_M = 0.001
"""A vertex within a millimetre of a line is on it: files round coordinates."""


class Stop(NamedTuple):
    """A place at which a new road is cut, and what it joins there."""

    part: int  # position of the new line
    # metres along it; below 0 and beyond its length where an end reaches out for what it joins
    along_m: float
    xy: tuple[float, float]  # the place
    edge: int = -1  # edge that is cut there; -1 for none
    fraction: float = 0.0  # share of that edge before the cut
    node: int = -1  # node that is joined, where no edge is cut; -1 for a new one


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What of a network lies near new roads."""

    edges: NDArray[np.int64]  # edges that can be joined on the way, ascending
    lines: NDArray[np.object_]  # their lines
    nodes: NDArray[np.int64]  # nodes, ascending
    node_xy: NDArray[np.float64]  # shape (n, 2), where they are
    is_dead_end: NDArray[np.bool_]  # which of them have one edge


def look_around(graph: TravelGraph, parts: NDArray[np.object_], tolerance_m: float) -> Surroundings:
    """Find what of a network lies near new roads."""
    margin = max(tolerance_m, _MEET_M)
    box = shapely.total_bounds(parts)
    low, high = box[:2] - margin, box[2:] + margin
    heads = graph.coordinate_offsets[:-1]
    is_near = graph.is_snappable.copy()
    for axis in (0, 1):
        values = graph.coordinates[:, axis]
        is_near &= np.minimum.reduceat(values, heads) <= high[axis]
        is_near &= np.maximum.reduceat(values, heads) >= low[axis]
    edges = np.flatnonzero(is_near)
    counts = np.diff(graph.coordinate_offsets)
    vertices = graph.coordinates[np.repeat(is_near, counts)]
    lines = shapely.linestrings(vertices, indices=np.repeat(np.arange(len(edges)), counts[edges]))
    xy = np.column_stack((graph.node_x, graph.node_y))
    nodes = np.flatnonzero(((xy >= low) & (xy <= high)).all(axis=1))
    degree = np.bincount(graph.edge_from, minlength=graph.n_nodes)
    degree += np.bincount(graph.edge_to, minlength=graph.n_nodes)
    return Surroundings(edges, np.asarray(lines, dtype=object), nodes, xy[nodes], degree[nodes] == 1)


def crossings(near: Surroundings, parts: NDArray[np.object_], through: NDArray[np.bool_]) -> list[Stop]:
    """Find where new roads cross or touch edges."""
    stops = []
    for i, j in _pairs(near.lines, parts, _MEET_M):
        if not through[i]:
            continue
        line = near.lines[j]
        for place in _common(parts[i], line):
            along, fraction = shapely.line_locate_point([parts[i], line], place)
            fraction = fraction / shapely.length(line) if shapely.length(line) > 0 else 0.0
            edge = int(near.edges[j])
            stops.append(Stop(i, float(along), (place.x, place.y), edge, min(float(fraction), 1.0)))
    return stops


def meetings(parts: NDArray[np.object_], through: NDArray[np.bool_]) -> list[Stop]:
    """Find where new roads cross or touch each other."""
    stops = []
    for i, j in _pairs(parts, parts, _MEET_M):
        if i >= j:
            continue
        for place in _common(parts[i], parts[j]):
            along = [float(shapely.line_locate_point(parts[line], place)) for line in (i, j)]
            pair = [Stop(line, at, (place.x, place.y)) for line, at in zip((i, j), along, strict=True)]
            if all(through[stop.part] or _is_end(parts[stop.part], stop.along_m) for stop in pair):
                stops += pair
    return stops


def dead_ends(
    near: Surroundings,
    parts: NDArray[np.object_],
    through: NDArray[np.bool_],
    *,
    tolerance_m: float,
    done: set[tuple[int, int]],
) -> list[Stop]:
    """Find dead ends of the network that a new road passes within a tolerance without crossing their edge."""
    at = np.flatnonzero(near.is_dead_end)
    points = np.asarray(shapely.points(near.node_xy[at]), dtype=object)
    stops = []
    for i, j in _pairs(points, parts, tolerance_m):
        along, node = float(shapely.line_locate_point(parts[i], points[j])), int(near.nodes[at[j]])
        is_inside = tolerance_m < along < shapely.length(parts[i]) - tolerance_m
        if through[i] and is_inside and (i, node) not in done:
            stops.append(Stop(i, along, (points[j].x, points[j].y), node=node))
    return stops


def end_stops(
    near: Surroundings, parts: NDArray[np.object_], tolerance_m: float, crossed: list[Stop]
) -> tuple[list[Stop], list[Stop]]:
    """
    Find what each end of each new road joins.

    An edge that the end touches comes first, then the nearest node within the tolerance, then the nearest edge; the
    road is drawn out to it. Of equal distances the lowest position counts. An end that lies within the tolerance
    behind a crossing reaches for nothing more.

    Returns two stops a line; and those of them that join nothing of the network.
    """
    stops, loose = [], []
    for i, line in enumerate(parts):
        crossed_at = np.array([stop.along_m for stop in crossed if stop.part == i])
        for vertex, at, outwards in ((0, 0.0, -1.0), (-1, float(shapely.length(line)), 1.0)):
            end = shapely.get_point(line, vertex)
            stop = Stop(i, at, (end.x, end.y))
            if (np.abs(crossed_at - at) > tolerance_m).all():
                joined, gap = _joined(near, end, tolerance_m, stop)
                if joined == stop:
                    loose.append(stop)
                reach = gap if gap > _MEET_M else 0.0
                stop = joined._replace(along_m=at + outwards * reach)
            stops.append(stop)
    return stops, loose


def _joined(near: Surroundings, end: shapely.Point, tolerance_m: float, stop: Stop) -> tuple[Stop, float]:
    """Join an end to what is near, and say how far away that is."""
    gaps = shapely.distance(near.lines, end)
    node_gaps = np.hypot(*(near.node_xy - [end.x, end.y]).T)
    best = int(np.argmin(gaps)) if len(gaps) else -1
    node = int(np.argmin(node_gaps)) if len(node_gaps) else -1
    touches = best >= 0 and gaps[best] <= _MEET_M
    if node >= 0 and node_gaps[node] <= tolerance_m and not touches:
        return stop._replace(node=int(near.nodes[node])), float(node_gaps[node])
    if touches or (best >= 0 and gaps[best] <= tolerance_m):
        fraction = float(shapely.line_locate_point(near.lines[best], end, normalized=True))
        return stop._replace(edge=int(near.edges[best]), fraction=fraction), float(gaps[best])
    return stop, 0.0


def _pairs(shapes: NDArray[np.object_], parts: NDArray[np.object_], within_m: float) -> list[tuple[int, int]]:
    """Pairs of a new line and a shape within a distance of it, in order."""
    if len(shapes) == 0:
        return []
    part, at = shapely.STRtree(shapes).query(parts, predicate="dwithin", distance=within_m)
    return sorted(zip(part.tolist(), at.tolist(), strict=True))


def _common(line: shapely.LineString, other: shapely.LineString) -> list[shapely.Point]:
    """Where two lines cross, where they begin and cease to share their way, and vertices of each on the other."""
    shared = shapely.get_parts(shapely.get_parts(shapely.intersection(line, other)))
    kinds = shapely.get_type_id(shared)
    found = list(shared[kinds == shapely.GeometryType.POINT])
    ways = shapely.get_parts(
        shapely.line_merge(shapely.multilinestrings(shared[kinds == shapely.GeometryType.LINESTRING]))
    )
    found += [shapely.get_point(way, vertex) for way in ways for vertex in (0, -1)]
    known = shapely.union_all(shared)
    for one, vertices in ((line, other), (other, line)):
        for vertex in np.asarray(shapely.points(shapely.get_coordinates(vertices)), dtype=object):
            if shapely.distance(one, vertex) <= _MEET_M and not shapely.dwithin(known, vertex, _MEET_M):
                found.append(vertex)
                known = shapely.union(known, vertex)
    return found


def _is_end(line: shapely.LineString, along_m: float) -> bool:
    return bool(along_m <= TOUCH_M or along_m >= shapely.length(line) - TOUCH_M)
