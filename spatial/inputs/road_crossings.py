"""Where lines meet: crossings and touches become vertices of both; and ends of lines that meet nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Where lines meet: crossings and touches become vertices of both, on lines that may meet there; nothing else moves.

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
    # Keep each point once, in the order of its coordinates.
    whole, row = np.unique(at[:, 0] + 1j * at[:, 1], return_inverse=True)
    points, point = np.column_stack((whole.real, whole.imag)), row.astype(np.int64)
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


# Ends of lines that meet nothing: near another line, just beyond a crossing, or of a stub.

_DETOUR = 3.0
"""An end that is near a line which it reaches along its own within this many tolerances is no near-miss."""

_END_FIRST = 1.5
"""The end of a line is joined rather than its middle where it is at most so many times as far."""


def end_gaps(met: Meetings, level: NDArray[np.int64], tolerance_m: float) -> pd.DataFrame:
    """Say what is wrong with each end that meets nothing."""
    line, end = _free_ends(met)
    rows = np.where(end == 0, met.offsets[line], met.offsets[line + 1] - 1)
    at = met.xy[rows]
    near = _near(met, level, line, end, at, tolerance_m)
    tail, knot, is_whole = _tails(met, line, end)
    missed = np.isin(np.arange(len(line)), near["row"])
    short = (tail <= tolerance_m) & ~missed
    parts = [near[~near["is_twin"]].drop(columns=["row", "is_twin"])]
    for kind, chosen in (("overshoot", short & ~is_whole), ("dangle", short & is_whole)):
        picked = np.flatnonzero(chosen)
        to = met.xy[knot[picked]] if kind == "overshoot" else at[picked]
        other = _partner(met, line[picked], knot[picked])
        parts.append(_frame(kind, line[picked], end[picked], other, tail[picked], at[picked], to))
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["kind", "line", "end"], kind="stable").reset_index(drop=True)


def _frame(  # noqa: PLR0913, PLR0917 - one argument a column
    kind: str,
    line: NDArray[np.int64],
    end: NDArray[np.int64],
    other: NDArray[np.int64],
    distance_m: NDArray[np.float64],
    at: NDArray[np.float64],
    to: NDArray[np.float64],
) -> pd.DataFrame:
    columns = {"line": line, "end": end, "other": other, "distance_m": distance_m}
    places = {"x": at[:, 0], "y": at[:, 1], "to_x": to[:, 0], "to_y": to[:, 1]}
    return pd.DataFrame({"kind": pd.Series(kind, index=range(len(line)), dtype="str"), **columns, **places})


def _free_ends(met: Meetings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Line and side of the ends that nothing else uses."""
    sides = np.column_stack((met.offsets[:-1], met.offsets[1:] - 1))
    line, end = np.nonzero(~met.is_shared[sides])
    return line.astype(np.int64), end.astype(np.int64)


def _tails(
    met: Meetings, line: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Metres from each end to the nearest node on its line, that vertex, and whether it is the line's other end."""
    length = met.along_m[met.offsets[1:] - 1]
    number = np.arange(len(met.xy))
    starts = met.offsets[:-1]
    first = np.minimum.reduceat(np.where(met.is_shared, number, len(number)), starts)
    last = np.maximum.reduceat(np.where(met.is_shared, number, -1), starts)
    knot = np.where(end == 0, first[line], last[line])
    is_known = (knot >= 0) & (knot < len(number))
    knot = np.where(is_known, knot, met.offsets[line])
    tail = np.where(end == 0, met.along_m[knot], length[line] - met.along_m[knot])
    is_whole = knot == np.where(end == 0, met.offsets[line + 1] - 1, met.offsets[line])
    return np.where(is_known, tail, np.inf), knot, is_whole


def _partner(met: Meetings, line: NDArray[np.int64], knot: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the first other line at a node; the line itself where it only meets itself."""
    order = np.lexsort((met.line, met.node))
    begin = np.searchsorted(met.node[order], met.node[knot], side="left")
    finish = np.searchsorted(met.node[order], met.node[knot], side="right")
    partner = line.copy()
    for row, (low, high) in enumerate(zip(begin, finish, strict=True)):
        others = met.line[order[low:high]]
        others = others[others != line[row]]
        partner[row] = others[0] if len(others) else line[row]
    return partner


def _near(
    met: Meetings,
    level: NDArray[np.int64],
    line: NDArray[np.int64],
    end: NDArray[np.int64],
    at: NDArray[np.float64],
    tolerance_m: float,
) -> pd.DataFrame:
    """Find the line that each end nearly meets; of two ends that nearly meet each other the second is a twin."""
    lines = met.lines
    row, other = shapely.STRtree(lines).query(shapely.points(at), predicate="dwithin", distance=tolerance_m)
    loop = line[row] == other
    row, other = row[~loop], other[~loop]
    own = np.flatnonzero(
        (np.diff(line, prepend=-1) == 0) & (met.along_m[met.offsets[line + 1] - 1] > _DETOUR * tolerance_m)
    )
    row, other = np.concatenate((row, own)), np.concatenate((other, line[own]))
    points = shapely.points(at[row])
    to = shapely.line_interpolate_point(lines[other], shapely.line_locate_point(lines[other], points))
    ends = [shapely.get_point(lines[other], side) for side in (0, -1)]
    apart = np.column_stack([shapely.distance(point, points) for point in ends])
    is_own = line[row] == other
    apart[is_own, 1] = np.inf  # of a line that nearly closes, the end is joined to the start
    side = np.argmin(apart, axis=1)
    apart_m = apart[np.arange(len(row)), side]
    beside_m = np.where(is_own, apart_m, shapely.distance(to, points))
    differs = level[line[row]] != level[other]
    to_end = (apart_m <= tolerance_m) & ((apart_m <= _END_FIRST * beside_m) | differs)
    distance_m = np.where(to_end, apart_m, beside_m)
    goal = np.where(to_end[:, None], *(shapely.get_coordinates(p) for p in (np.where(side == 0, *ends), to)))
    may = (~differs | to_end | (np.abs(level[line[row]]) > np.abs(level[other]))) & (
        distance_m <= tolerance_m
    )
    may &= is_own | ~_already_met(met, line[row], end[row], other, _DETOUR * tolerance_m)
    order = np.lexsort((other, np.round(distance_m / NUMERIC_M), row))
    order = order[may[order]]
    best = order[first_of_groups(row[order])]
    found = _frame(
        "near_miss", line[row[best]], end[row[best]], other[best], distance_m[best], at[row[best]], goal[best]
    )
    return found.assign(row=row[best], is_twin=_is_twin(found))


def _already_met(
    met: Meetings,
    line: NDArray[np.int64],
    end: NDArray[np.int64],
    other: NDArray[np.int64],
    within_m: float,
) -> NDArray[np.bool_]:
    """Whether the two lines share a node that is near the end along its line."""
    size = met.offsets[line + 1] - met.offsets[line]
    last = np.cumsum(size)
    vertex = np.arange(size.sum()) + np.repeat(met.offsets[line] - (last - size), size)
    pair = np.repeat(np.arange(len(line)), size)
    length = met.along_m[met.offsets[line + 1] - 1]
    from_end = np.where(end[pair] == 0, met.along_m[vertex], length[pair] - met.along_m[vertex])
    kept = met.is_shared[vertex] & (from_end <= within_m)
    scale = len(met.node) + 1
    meets = np.isin(other[pair[kept]] * scale + met.node[vertex[kept]], met.line * scale + met.node)
    result = np.zeros(len(line), dtype=np.bool_)
    result[pair[kept][meets]] = True
    return result


def _is_twin(near: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the second of two ends that would be joined to each other."""
    here = list(zip(near["x"], near["y"], strict=True))
    goal = list(zip(near["to_x"], near["to_y"], strict=True))
    number = {place: row for row, place in enumerate(here)}
    twins = [number.get(place, len(here)) for place in goal]
    return np.array(
        [twin < row and goal[twin] == here[row] for row, twin in enumerate(twins)], dtype=np.bool_
    )


def snapped_lines(met: Meetings, gaps: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """
    Lengthen lines over their near-misses and cut their overshoots.

    Returns the lines, and whether each gap was closed. An overshoot stays where a near-miss is joined to it,
    or where nothing of its line would be left.
    """
    lines = met.lines.copy()
    is_closed = np.array(gaps["kind"] != "dangle", dtype=np.bool_)
    joined = gaps[gaps["kind"] == "near_miss"]
    goals: dict[int, list[shapely.Geometry]] = {}
    for other, x, y in zip(joined["other"], joined["to_x"], joined["to_y"], strict=True):
        goals.setdefault(int(other), []).append(shapely.Point(x, y))
    for number in np.flatnonzero((gaps["kind"] == "overshoot").to_numpy(dtype=bool)):
        gap = gaps.iloc[number]
        cut = _without_tail(lines[gap["line"]], gap)
        kept = cut is not None and all(
            shapely.distance(lines[gap["line"]], goal) > NUMERIC_M or shapely.distance(cut, goal) <= NUMERIC_M
            for goal in goals.get(int(gap["line"]), [])
        )
        is_closed[number] = kept
        if kept:
            lines[gap["line"]] = cut
    for line, end, x, y in zip(joined["line"], joined["end"], joined["to_x"], joined["to_y"], strict=True):
        longer = shapely.get_coordinates(lines[line])
        parts = ([(x, y)], longer) if end == 0 else (longer, [(x, y)])
        lines[line] = shapely.LineString(np.concatenate(parts))
    return lines, is_closed


def _without_tail(line: shapely.LineString, gap: pd.Series) -> shapely.LineString | None:
    xy = shapely.get_coordinates(line)
    if gap["end"] == 0:
        xy = xy[::-1]
    hit = np.flatnonzero((xy == (gap["to_x"], gap["to_y"])).all(axis=1))
    xy = xy[: hit[-1] + 1] if len(hit) else xy[:0]
    if len(xy) < 2 or np.ptp(xy, axis=0).max() == 0:
        return None
    return shapely.LineString(xy[::-1] if gap["end"] == 0 else xy)


def component_gaps(met: Meetings) -> pd.DataFrame:
    """Measure how far each component is from the longest one."""
    lines, component = met.lines, met.component
    length = shapely.length(lines)
    total = np.bincount(component, weights=length)
    lowest = np.full(len(total), len(lines))
    np.minimum.at(lowest, component, np.arange(len(lines)))
    main = int(np.lexsort((lowest, -np.round(total, 3)))[0]) if len(total) else 0
    inside, outside = np.flatnonzero(component == main), np.flatnonzero(component != main)
    columns = ["line", "other", "distance_m", "length_m", "n_lines", "geometry"]
    if len(outside) == 0:
        return pd.DataFrame(columns=columns)
    pair, apart = shapely.STRtree(lines[inside]).query_nearest(lines[outside], return_distance=True)
    line, other = outside[pair[0]], inside[pair[1]]
    order = np.lexsort((other, line, np.round(apart / NUMERIC_M), component[line]))
    best = order[first_of_groups(component[line][order])]
    line, other = line[best], other[best]
    count = np.bincount(component)
    values = (
        line,
        other,
        apart[best],
        total[component[line]],
        count[component[line]],
        shapely.shortest_line(lines[line], lines[other]),
    )
    found = pd.DataFrame(dict(zip(columns, values, strict=True)))
    return found.sort_values("line", kind="stable").reset_index(drop=True)
