"""Where lines meet: crossings and touches become vertices of both, on lines that may meet there; nothing else moves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NUMERIC_M", "Meetings", "first_of_groups", "meet"]

NUMERIC_M = 0.01
"""Points so near are one: no road is drawn to the centimetre, and files round coordinates."""

_SLACK_M = NUMERIC_M * 1.001
_CHUNK = 2_000_000
_LONG = 100
"""Of lines with more vertices than this only the segments near a point are looked at."""
_POINT, _LINE = 0, 1


@dataclass(frozen=True, eq=False)
class Meetings:
    """Lines with a vertex wherever they meet."""

    xy: NDArray[np.float64]  # shape (n_vertices, 2), vertices of all lines one after the other, metres
    line: NDArray[np.int64]  # shape (n_vertices,), row of the line of each vertex
    node: NDArray[np.int64]  # shape (n_vertices,), lines meet where they share one of these numbers
    # shape (n_vertices,), vertices that the line did not have, or that were moved by more than a hair
    is_new: NDArray[np.bool_]
    n_lines: int  # number of lines
    uncrossed: int  # places where lines of different levels cross and do not meet

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where the vertices of each line begin, and where the last ends."""
        return np.searchsorted(self.line, np.arange(self.n_lines + 1)).astype(np.int64)

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """The lines as geometries."""
        return np.asarray(shapely.linestrings(self.xy, indices=self.line), dtype=object)

    @cached_property
    def is_shared(self) -> NDArray[np.bool_]:
        """Whether each vertex is a node: used more than once."""
        shared: NDArray[np.bool_] = np.bincount(self.node)[self.node] > 1
        return shared

    @cached_property
    def along_m(self) -> NDArray[np.float64]:
        """Metres of each vertex from the start of its line."""
        step = np.zeros(len(self.xy))
        step[1:] = np.hypot(*np.diff(self.xy, axis=0).T)
        step[self.offsets[:-1]] = 0.0
        total = np.cumsum(step)
        begin: NDArray[np.float64] = total[self.offsets[:-1]]
        along: NDArray[np.float64] = total - begin[self.line]
        return along

    @cached_property
    def component(self) -> NDArray[np.int64]:
        """Component of each line."""
        label = _components(self.n_lines + len(self.node), self.line, self.n_lines + self.node)
        return label[: self.n_lines]


@dataclass(frozen=True, eq=False)
class _Touches:
    """Two lines of each touch, and the point."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    xy: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Places:
    """Where on a line a point lies: at a vertex (share 0), or on the segment that begins there."""

    row: NDArray[np.int64]
    vertex: NDArray[np.int64]
    share: NDArray[np.float64]


def meet(lines: NDArray[np.object_], level: NDArray[np.int64]) -> Meetings:
    """Give lines common vertices where they cross or touch."""
    touches = _touches(lines, level)
    meets = _may_meet(touches, lines, level)
    parted = touches.xy[~meets]
    uncrossed = len(np.unique(np.round(parted / NUMERIC_M), axis=0))
    one, other, at = touches.one[meets], touches.other[meets], touches.xy[meets]
    points, point = _distinct(at)
    pair, back = np.unique(
        np.concatenate((one, other)) * len(points) + np.tile(point, 2), return_inverse=True
    )
    line, at_point = pair // max(len(points), 1), pair % max(len(points), 1)
    xy = shapely.get_coordinates(lines)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(shapely.get_num_coordinates(lines)))).astype(
        np.int64
    )
    places = _places(xy, offsets, line, points[at_point])
    cluster = _clusters(points, at_point[places.row], places, len(xy))
    met, member = np.unique(line * (len(points) + 1) + cluster[at_point], return_inverse=True)
    ends = member[back]
    node = _components(len(met), ends[: len(one)], ends[len(one) :])
    return _written(
        xy,
        offsets,
        places,
        cluster=cluster[at_point[places.row]],
        node=node[member[places.row]],
        seat=_seats(xy, points, cluster, places, at_point),
        uncrossed=uncrossed,
    )


def _touches(lines: NDArray[np.object_], level: NDArray[np.int64]) -> _Touches:
    """Find all points that two lines share, ends on lines, and where lines meet themselves."""
    tree = shapely.STRtree(lines)
    one, other = tree.query(lines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    pair, found = _points_of(shapely.intersection(lines[one], lines[other]))
    ends = np.column_stack((shapely.get_point(lines, 0), shapely.get_point(lines, -1))).ravel()
    end, beside = tree.query(ends, predicate="dwithin", distance=NUMERIC_M)
    end, beside = end[end // 2 != beside], beside[end // 2 != beside]
    loops = np.flatnonzero(shapely.is_closed(lines))
    knots = np.flatnonzero(~shapely.is_simple(lines) & (level == 0))
    knot, inside = _points_of(shapely.node(lines[knots]))
    return _Touches(
        one=np.concatenate((one[pair], end // 2, loops, knots[knot])).astype(np.int64),
        other=np.concatenate((other[pair], beside, loops, knots[knot])).astype(np.int64),
        xy=np.concatenate(
            (
                found,
                shapely.get_coordinates(ends[end]),
                shapely.get_coordinates(ends[2 * loops]),
                inside,
            )
        ),
    )


def _points_of(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Points, and the two ends of stretches, with the row of the shape that each is of."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    kind = shapely.get_type_id(parts)
    is_point, is_line = kind == _POINT, kind == _LINE
    stretches = parts[is_line]
    points = np.concatenate(
        (parts[is_point], shapely.get_point(stretches, 0), shapely.get_point(stretches, -1))
    )
    rows = np.concatenate((row[is_point], row[is_line], row[is_line]))
    kept = ~(
        shapely.is_empty(points) | shapely.is_missing(points)
    )  # a line without length has an empty stretch
    return rows[kept].astype(np.int64), shapely.get_coordinates(points[kept])


def _may_meet(touches: _Touches, lines: NDArray[np.object_], level: NDArray[np.int64]) -> NDArray[np.bool_]:
    meets: NDArray[np.bool_] = level[touches.one] == level[touches.other]
    apart = np.flatnonzero(~meets)
    if len(apart) == 0:
        return meets
    at = shapely.points(touches.xy[apart])
    is_end, height = [], []
    for line in (touches.one[apart], touches.other[apart]):
        near = [shapely.distance(shapely.get_point(lines[line], end), at) <= _SLACK_M for end in (0, -1)]
        is_end.append(near[0] | near[1])
        height.append(np.abs(level[line]))
    meets[apart] = (
        (is_end[0] & is_end[1])
        | (is_end[0] & (height[0] > height[1]))
        | (is_end[1] & (height[1] > height[0]))
    )
    return meets


def _distinct(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keep each point once, in the order of its coordinates."""
    whole, row = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    return np.column_stack((whole.real, whole.imag)), row.astype(np.int64)


def _places(
    xy: NDArray[np.float64], offsets: NDArray[np.int64], line: NDArray[np.int64], at: NDArray[np.float64]
) -> _Places:
    """Find the vertices and segments of each row's line at its point."""
    row, start, size = _stretches(xy, offsets, line, at)
    chunk = np.cumsum(size) // _CHUNK
    found = [
        _places_of(xy, row[first:last], start[first:last], size[first:last], at)
        for first, last in zip(*_runs(chunk), strict=True)
    ]
    if not found:
        return _Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return _Places(*(np.concatenate([part[k] for part in found]) for k in range(3)))


def _stretches(
    xy: NDArray[np.float64], offsets: NDArray[np.int64], line: NDArray[np.int64], at: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, first vertex and number of vertices to look at: short lines whole, of long ones the segments near by."""
    whole = np.diff(offsets) <= _LONG
    rows, long_rows = np.flatnonzero(whole[line]), np.flatnonzero(~whole[line])
    used = np.zeros(len(whole), dtype=np.bool_)
    used[line[long_rows]] = True
    begin = np.flatnonzero(np.repeat(used, np.diff(offsets)))
    begin = begin[~np.isin(begin + 1, offsets)]
    segments = np.asarray(shapely.linestrings(np.stack((xy[begin], xy[begin + 1]), axis=1)), dtype=object)
    row, near = shapely.STRtree(segments).query(
        shapely.points(at[long_rows]), predicate="dwithin", distance=_SLACK_M
    )
    owner = np.searchsorted(offsets, begin, side="right") - 1
    own = owner[near] == line[long_rows[row]]
    row, start = long_rows[row[own]], begin[near[own]]
    return (
        np.concatenate((rows, row)).astype(np.int64),
        np.concatenate((offsets[line[rows]], start)).astype(np.int64),
        np.concatenate(((offsets[line + 1] - offsets[line])[rows], np.full(len(row), 2))).astype(np.int64),
    )


def _runs(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    begin = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.empty(0, np.int64)
    return begin, np.r_[begin[1:], len(values)] if len(values) else begin


def _places_of(
    xy: NDArray[np.float64],
    rows: NDArray[np.int64],
    start: NDArray[np.int64],
    size: NDArray[np.int64],
    at: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    last = np.cumsum(size) - 1
    vertex = np.arange(last[-1] + 1) + np.repeat(start - (last + 1 - size), size)
    row = np.repeat(rows, size)
    to_point = at[row] - xy[vertex]
    is_vertex = np.hypot(to_point[:, 0], to_point[:, 1]) <= _SLACK_M
    segment = np.ones(len(vertex), dtype=np.bool_)
    segment[last] = False
    begin = np.flatnonzero(segment)
    begin = begin[~is_vertex[begin] & ~is_vertex[begin + 1]]
    step = xy[vertex[begin] + 1] - xy[vertex[begin]]
    square = (step**2).sum(axis=1)
    share = (to_point[begin] * step).sum(axis=1) / np.where(square > 0, square, 1.0)
    off = to_point[begin] - share[:, None] * step
    on = (share > 0) & (share < 1) & (np.hypot(off[:, 0], off[:, 1]) <= _SLACK_M)
    corner = np.flatnonzero(is_vertex)
    return (
        np.concatenate((row[corner], row[begin[on]])),
        np.concatenate((vertex[corner], vertex[begin[on]])),
        np.concatenate((np.zeros(len(corner)), share[on])),
    )


def _clusters(
    points: NDArray[np.float64], point: NDArray[np.int64], places: _Places, n_vertices: int
) -> NDArray[np.int64]:
    """Join points that are nearer than a hair, or that lie at the same vertex."""
    near = (
        cKDTree(points).query_pairs(NUMERIC_M, output_type="ndarray")
        if len(points)
        else np.empty((0, 2), np.int64)
    )
    corner = places.share == 0
    one = np.concatenate((near[:, 0], point[corner]))
    other = np.concatenate((near[:, 1], len(points) + places.vertex[corner]))
    return _components(len(points) + n_vertices, one, other)[: len(points)]


def _seats(
    xy: NDArray[np.float64],
    points: NDArray[np.float64],
    cluster: NDArray[np.int64],
    places: _Places,
    at_point: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Place each cluster: at the lowest of the vertices that are there, or of the points where there is none."""
    corner = places.share == 0
    label = np.concatenate((cluster, cluster[at_point[places.row[corner]]]))
    at = np.concatenate((points, xy[places.vertex[corner]]))
    is_point = np.arange(len(label)) < len(points)
    order = np.lexsort((at[:, 1], at[:, 0], is_point, label))
    first = order[first_of_groups(label[order])]
    seats = np.zeros((int(label.max(initial=-1)) + 1, 2))
    seats[label[first]] = at[first]
    return seats


def _written(  # noqa: PLR0913 - what was found, in one place
    xy: NDArray[np.float64],
    offsets: NDArray[np.int64],
    places: _Places,
    *,
    cluster: NDArray[np.int64],
    node: NDArray[np.int64],
    seat: NDArray[np.float64],
    uncrossed: int,
) -> Meetings:
    """Put new vertices between the old ones, and number the nodes by their first vertex."""
    n_lines, n_nodes = len(offsets) - 1, int(node.max(initial=-1)) + 1
    moved, label = xy.copy(), n_nodes + np.arange(len(xy))
    corner = places.share == 0
    moved[places.vertex[corner]] = seat[cluster[corner]]
    label[places.vertex[corner]] = node[corner]
    is_moved = np.hypot(*(moved - xy).T) > NUMERIC_M / 10
    order = np.lexsort((cluster, places.share, places.vertex))
    order = order[~corner[order]]
    repeated = places.vertex[order] * (len(seat) + 1) + cluster[order]
    _, first = np.unique(repeated, return_index=True)
    new = order[np.sort(first)]
    position = np.concatenate((np.arange(len(xy)) + 0.0, places.vertex[new] + places.share[new]))
    rank = np.argsort(position, kind="stable")
    line = np.searchsorted(offsets, np.floor(position[rank]), side="right") - 1
    every = np.concatenate((moved, seat[cluster[new]]))[rank]
    label = np.concatenate((label, node[new]))[rank]
    is_new = np.concatenate((is_moved, np.ones(len(new), dtype=np.bool_)))[rank]
    same = (label[1:] == label[:-1]) & (line[1:] == line[:-1])
    inner = np.r_[False, line[1:] == line[:-1]] & np.r_[line[1:] == line[:-1], False]
    # Of vertices of one node in a row one is kept; the ends of a line always stay.
    before_last = np.r_[same & ~inner[1:], False]
    kept = ~(inner & (np.r_[False, same] | before_last))
    every, label, line, is_new = every[kept], label[kept], line[kept], is_new[kept]
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    return Meetings(every, line.astype(np.int64), first[back].astype(np.int64), is_new, n_lines, uncrossed)


def first_of_groups(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find where each run of equal labels begins."""
    return np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]][: len(labels)])


def _components(count: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, label = connected_components(links, directed=False)
    found: NDArray[np.int64] = label.astype(np.int64)
    return found
