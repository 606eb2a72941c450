"""Where lines meet: crossings and touches become vertices of both; and ends of lines that meet nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray

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

    xy: FloatArray  # shape (n_vertices, 2), vertices of all lines one after the other, metres
    line: IntArray  # shape (n_vertices,), row of the line of each vertex
    node: IntArray  # shape (n_vertices,), lines meet where they share one of these numbers
    # shape (n_vertices,), vertices that the line did not have, or that were moved by more than a hair
    is_new: BoolArray
    n_lines: int  # number of lines
    uncrossed: int  # places where lines of different levels cross and do not meet

    @cached_property
    def offsets(self) -> IntArray:
        """Where the vertices of each line begin, and where the last ends."""
        return np.searchsorted(self.line, np.arange(self.n_lines + 1)).astype(np.int64)

    @cached_property
    def lines(self) -> ObjectArray:
        """The lines as geometries."""
        return np.asarray(shapely.linestrings(self.xy, indices=self.line), dtype=object)

    @cached_property
    def is_shared(self) -> BoolArray:
        """Whether each vertex is a node: used more than once."""
        shared: BoolArray = np.bincount(self.node)[self.node] > 1
        return shared

    @cached_property
    def along_m(self) -> FloatArray:
        """Metres of each vertex from the start of its line."""
        step = np.zeros(len(self.xy))
        step[1:] = np.hypot(*np.diff(self.xy, axis=0).T)
        step[self.offsets[:-1]] = 0.0
        total = np.cumsum(step)
        begin: FloatArray = total[self.offsets[:-1]]
        along: FloatArray = total - begin[self.line]
        return along

    @cached_property
    def component(self) -> IntArray:
        """Component of each line."""
        label = _components(self.n_lines + len(self.node), self.line, self.n_lines + self.node)
        return label[: self.n_lines]


class _Places(NamedTuple):
    """Where on a line a point lies: at a vertex (share 0), or on the segment that begins there."""

    row: IntArray
    vertex: IntArray
    share: FloatArray


def meet(lines: ObjectArray, level: IntArray) -> Meetings:
    """Give lines common vertices where they cross or touch."""
    one, other, at = _touches(lines, level)
    # Lines of one level meet. Of two levels they do where both end, or where the one further from the ground ends.
    meets = level[one] == level[other]
    apart = np.flatnonzero(~meets)
    spots = shapely.points(at[apart])
    is_end: list[BoolArray] = []
    for line in (one[apart], other[apart]):
        close = [shapely.distance(shapely.get_point(lines[line], end), spots) <= _SLACK_M for end in (0, -1)]
        is_end.append(close[0] | close[1])
    higher = np.abs(level[one[apart]]) - np.abs(level[other[apart]])
    meets[apart] = (is_end[0] & is_end[1]) | (is_end[0] & (higher > 0)) | (is_end[1] & (higher < 0))
    uncrossed = len(np.unique(np.round(at[~meets] / NUMERIC_M), axis=0))
    one, other, at = one[meets], other[meets], at[meets]

    # Keep each point once, in the order of its coordinates, and each pair of a line and a point on it.
    whole, row = np.unique(at[:, 0] + 1j * at[:, 1], return_inverse=True)
    points, point = np.column_stack((whole.real, whole.imag)), row.astype(np.int64)
    pair, back = np.unique(np.concatenate((one, other)) * len(points) + np.tile(point, 2), return_inverse=True)
    line, at_point = pair // max(len(points), 1), pair % max(len(points), 1)
    xy = shapely.get_coordinates(lines)
    offsets = np.concatenate(([0], np.cumsum(shapely.get_num_coordinates(lines)))).astype(np.int64)
    places = _places(xy, offsets, line, points[at_point])
    is_corner = places.share == 0
    corner = places.vertex[is_corner]

    # Points that are nearer than a hair, or that lie at the same vertex, are one cluster.
    near = np.empty((0, 2), np.int64)
    if len(points):
        near = cKDTree(points).query_pairs(NUMERIC_M, output_type="ndarray")
    cluster = _components(
        len(points) + len(xy),
        np.concatenate((near[:, 0], at_point[places.row[is_corner]])),
        np.concatenate((near[:, 1], len(points) + corner)),
    )[: len(points)]
    met, member = np.unique(line * (len(points) + 1) + cluster[at_point], return_inverse=True)
    ends = member[back]
    node = _components(len(met), ends[: len(one)], ends[len(one) :])[member[places.row]]
    cluster_of = cluster[at_point[places.row]]

    # A cluster's seat is the lowest of the vertices that are there, or of the points where there is none.
    label = np.concatenate((cluster, cluster_of[is_corner]))
    spot = np.concatenate((points, xy[corner]))
    order = np.lexsort((spot[:, 1], spot[:, 0], np.arange(len(label)) < len(points), label))
    first = order[first_of_groups(label[order])]
    seat = np.zeros((int(label.max(initial=-1)) + 1, 2))
    seat[label[first]] = spot[first]

    # Put new vertices between the old ones.
    moved, number = xy.copy(), int(node.max(initial=-1)) + 1 + np.arange(len(xy))
    moved[corner] = seat[cluster_of[is_corner]]
    number[corner] = node[is_corner]
    is_moved = np.hypot(*(moved - xy).T) > NUMERIC_M / 10
    order = np.lexsort((cluster_of, places.share, places.vertex))
    order = order[~is_corner[order]]
    repeated = places.vertex[order] * (len(seat) + 1) + cluster_of[order]
    new = order[np.sort(np.unique(repeated, return_index=True)[1])]
    position = np.concatenate((np.arange(len(xy)) + 0.0, places.vertex[new] + places.share[new]))
    rank = np.argsort(position, kind="stable")
    line = np.searchsorted(offsets, np.floor(position[rank]), side="right") - 1
    every = np.concatenate((moved, seat[cluster_of[new]]))[rank]
    number = np.concatenate((number, node[new]))[rank]
    is_new = np.concatenate((is_moved, np.ones(len(new), dtype=np.bool_)))[rank]

    # Of vertices of one node in a row one is kept; the ends of a line always stay.
    same_line = line[1:] == line[:-1]
    same = (number[1:] == number[:-1]) & same_line
    inner = np.r_[False, same_line] & np.r_[same_line, False]
    before_last = np.r_[same & ~inner[1:], False]
    kept = ~(inner & (np.r_[False, same] | before_last))
    # Nodes are numbered by their first vertex.
    _, first, back = np.unique(number[kept], return_index=True, return_inverse=True)
    return Meetings(
        every[kept], line[kept].astype(np.int64), first[back].astype(np.int64), is_new[kept], len(lines), uncrossed
    )


def _touches(lines: ObjectArray, level: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Find all points that two lines share, ends on lines, and where lines meet themselves: both lines, the point."""
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
    return (
        np.concatenate((one[pair], end // 2, loops, knots[knot])).astype(np.int64),
        np.concatenate((other[pair], beside, loops, knots[knot])).astype(np.int64),
        np.concatenate((found, shapely.get_coordinates(ends[end]), shapely.get_coordinates(ends[2 * loops]), inside)),
    )


def _points_of(shapes: ObjectArray) -> tuple[IntArray, FloatArray]:
    """Points, and the two ends of stretches, with the row of the shape that each is of."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    kind = shapely.get_type_id(parts)
    is_point, is_line = kind == _POINT, kind == _LINE
    stretches = parts[is_line]
    points = np.concatenate((parts[is_point], shapely.get_point(stretches, 0), shapely.get_point(stretches, -1)))
    rows = np.concatenate((row[is_point], row[is_line], row[is_line]))
    kept = ~(shapely.is_empty(points) | shapely.is_missing(points))  # a line without length is empty
    return rows[kept].astype(np.int64), shapely.get_coordinates(points[kept])


def _places(xy: FloatArray, offsets: IntArray, line: IntArray, at: FloatArray) -> _Places:
    """Find the vertices and segments of each row's line at its point."""
    if not len(line):
        return _Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    # Short lines are looked at whole, of long ones the segments near by: rows, first vertices, numbers of vertices.
    sizes = np.diff(offsets)
    is_long = sizes > _LONG
    whole, cut = np.flatnonzero(~is_long[line]), np.flatnonzero(is_long[line])
    is_used = np.zeros(len(sizes), dtype=np.bool_)
    is_used[line[cut]] = True
    begin = np.flatnonzero(np.repeat(is_used, sizes))
    begin = begin[~np.isin(begin + 1, offsets)]
    segments = np.asarray(shapely.linestrings(np.stack((xy[begin], xy[begin + 1]), axis=1)), dtype=object)
    row, near = shapely.STRtree(segments).query(shapely.points(at[cut]), predicate="dwithin", distance=_SLACK_M)
    owner = np.searchsorted(offsets, begin, side="right") - 1
    own = owner[near] == line[cut[row]]
    rows = np.concatenate((whole, cut[row[own]]))
    starts = np.concatenate((offsets[line[whole]], begin[near[own]]))
    counts = np.concatenate((sizes[line[whole]], np.full(int(own.sum()), 2)))

    found = []
    for chunk in np.split(np.arange(len(rows)), first_of_groups(np.cumsum(counts) // _CHUNK)[1:]):
        size = counts[chunk]
        last = np.cumsum(size) - 1
        vertex = np.arange(size.sum()) + np.repeat(starts[chunk] - (last + 1 - size), size)
        row = np.repeat(rows[chunk], size)
        to_point = at[row] - xy[vertex]
        is_vertex = np.hypot(to_point[:, 0], to_point[:, 1]) <= _SLACK_M
        is_segment = np.ones(len(vertex), dtype=np.bool_)
        is_segment[last] = False
        begin = np.flatnonzero(is_segment)
        begin = begin[~is_vertex[begin] & ~is_vertex[begin + 1]]
        step = xy[vertex[begin] + 1] - xy[vertex[begin]]
        square = (step**2).sum(axis=1)
        share = (to_point[begin] * step).sum(axis=1) / np.where(square > 0, square, 1.0)
        off = to_point[begin] - share[:, None] * step
        on = (share > 0) & (share < 1) & (np.hypot(off[:, 0], off[:, 1]) <= _SLACK_M)
        hit = np.concatenate((np.flatnonzero(is_vertex), begin[on]))
        found.append((row[hit], vertex[hit], np.concatenate((np.zeros(int(is_vertex.sum())), share[on]))))
    return _Places(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def first_of_groups(labels: IntArray) -> IntArray:
    """Find where each run of equal labels begins."""
    return np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]][: len(labels)])


def _components(count: int, one: IntArray, other: IntArray) -> IntArray:
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, label = connected_components(links, directed=False)
    found: IntArray = label.astype(np.int64)
    return found


# Ends of lines that meet nothing: near another line, just beyond a crossing, or of a stub.

_DETOUR = 3.0
"""An end that is near a line which it reaches along its own within this many tolerances is no near-miss."""

_END_FIRST = 1.5
"""The end of a line is joined rather than its middle where it is at most so many times as far."""


def end_gaps(met: Meetings, level: IntArray, tolerance_m: float) -> pd.DataFrame:
    """Say what is wrong with each end that meets nothing."""
    # Ends that nothing else uses.
    sides = np.column_stack((met.offsets[:-1], met.offsets[1:] - 1))
    line, end = (part.astype(np.int64) for part in np.nonzero(~met.is_shared[sides]))
    at = met.xy[sides[line, end]]
    near = _near(met, level, line, end, tolerance_m)

    # Metres from each end to the nearest node on its line, and whether that is the line's other end.
    number = np.arange(len(met.xy))
    starts = met.offsets[:-1]
    first = np.minimum.reduceat(np.where(met.is_shared, number, len(number)), starts)
    last = np.maximum.reduceat(np.where(met.is_shared, number, -1), starts)
    knot = np.where(end == 0, first[line], last[line])
    is_known = (knot >= 0) & (knot < len(number))
    knot = np.where(is_known, knot, met.offsets[line])
    length = met.along_m[sides[line, 1]]
    tail = np.where(end == 0, met.along_m[knot], length - met.along_m[knot])
    tail = np.where(is_known, tail, np.inf)
    is_whole = knot == sides[line, 1 - end]

    # The other party is the first other line at that node; the line itself where it only meets itself.
    users = np.unique(met.node * met.n_lines + met.line)
    place = np.searchsorted(users, met.node[knot] * met.n_lines)
    lowest, next_one = users[place], users[np.minimum(place + 1, len(users) - 1)]
    second = np.where(next_one // met.n_lines == met.node[knot], next_one % met.n_lines, line)
    other = np.where(lowest % met.n_lines != line, lowest % met.n_lines, second)

    short = (tail <= tolerance_m) & ~np.isin(np.arange(len(line)), near["row"])
    parts = [near[~near["is_twin"]].drop(columns=["row", "is_twin"])]
    for kind, chosen in (("overshoot", short & ~is_whole), ("dangle", short & is_whole)):
        to = met.xy[knot[chosen]] if kind == "overshoot" else at[chosen]
        parts.append(_frame(kind, line[chosen], end[chosen], other[chosen], tail[chosen], at[chosen], to))
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["kind", "line", "end"], kind="stable").reset_index(drop=True)


def _frame(  # noqa: PLR0913, PLR0917 - one argument a column
    kind: str, line: IntArray, end: IntArray, other: IntArray, distance_m: FloatArray, at: FloatArray, to: FloatArray
) -> pd.DataFrame:
    columns = {"line": line, "end": end, "other": other, "distance_m": distance_m}
    places = {"x": at[:, 0], "y": at[:, 1], "to_x": to[:, 0], "to_y": to[:, 1]}
    return pd.DataFrame({"kind": pd.Series(kind, index=range(len(line)), dtype="str"), **columns, **places})


def _near(met: Meetings, level: IntArray, line: IntArray, end: IntArray, tolerance_m: float) -> pd.DataFrame:
    """Find the line that each end nearly meets; of two ends that nearly meet each other the second is a twin."""
    lines = met.lines
    at = met.xy[np.where(end == 0, met.offsets[line], met.offsets[line + 1] - 1)]
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
    may = (~differs | to_end | (np.abs(level[line[row]]) > np.abs(level[other]))) & (distance_m <= tolerance_m)
    # Two lines that share a node near the end, along its line, have met already.
    mine = line[row]
    size = met.offsets[mine + 1] - met.offsets[mine]
    last = np.cumsum(size)
    vertex = np.arange(size.sum()) + np.repeat(met.offsets[mine] - (last - size), size)
    pair = np.repeat(np.arange(len(mine)), size)
    length = met.along_m[met.offsets[mine + 1] - 1]
    from_end = np.where(end[row][pair] == 0, met.along_m[vertex], length[pair] - met.along_m[vertex])
    shared = met.is_shared[vertex] & (from_end <= _DETOUR * tolerance_m)
    scale = len(met.node) + 1
    meets = np.isin(other[pair[shared]] * scale + met.node[vertex[shared]], met.line * scale + met.node)
    has_met = np.zeros(len(mine), dtype=np.bool_)
    has_met[pair[shared][meets]] = True
    may &= is_own | ~has_met
    order = np.lexsort((other, np.round(distance_m / NUMERIC_M), row))
    order = order[may[order]]
    best = order[first_of_groups(row[order])]
    found = _frame(
        "near_miss", line[row[best]], end[row[best]], other[best], distance_m[best], at[row[best]], goal[best]
    )
    here = list(zip(found["x"], found["y"], strict=True))
    goals = list(zip(found["to_x"], found["to_y"], strict=True))
    number = {place: place_row for place_row, place in enumerate(here)}
    twins = [number.get(goal, len(here)) for goal in goals]
    is_twin = [twin < own and goals[twin] == here[own] for own, twin in enumerate(twins)]
    return found.assign(row=row[best], is_twin=np.array(is_twin, dtype=np.bool_))


def snapped_lines(met: Meetings, gaps: pd.DataFrame) -> tuple[ObjectArray, BoolArray]:
    """Close near-misses, cut overshoots where nothing joins and a line remains; tell which gaps were closed."""
    lines = met.lines.copy()
    is_closed = np.array(gaps["kind"] != "dangle", dtype=np.bool_)
    joined = gaps[gaps["kind"] == "near_miss"]
    goals: dict[int, list[shapely.Geometry]] = {}
    for other, x, y in zip(joined["other"], joined["to_x"], joined["to_y"], strict=True):
        goals.setdefault(int(other), []).append(shapely.Point(x, y))
    for number in np.flatnonzero((gaps["kind"] == "overshoot").to_numpy(dtype=bool)):
        gap = gaps.iloc[number]
        line = lines[gap["line"]]
        # From the good end up to the last vertex at the node; nothing where that has no length.
        along = -1 if gap["end"] == 0 else 1
        xy = shapely.get_coordinates(line)[::along]
        hit = np.flatnonzero((xy == (gap["to_x"], gap["to_y"])).all(axis=1))
        xy = xy[: hit[-1] + 1] if len(hit) else xy[:0]
        is_closed[number] = len(xy) > 1 and np.ptp(xy, axis=0).max() > 0
        if is_closed[number]:
            cut = shapely.LineString(xy[::along])
            is_closed[number] = all(
                shapely.distance(line, goal) > NUMERIC_M or shapely.distance(cut, goal) <= NUMERIC_M
                for goal in goals.get(int(gap["line"]), [])
            )
        if is_closed[number]:
            lines[gap["line"]] = cut
    for line, end, x, y in zip(joined["line"], joined["end"], joined["to_x"], joined["to_y"], strict=True):
        longer = shapely.get_coordinates(lines[line])
        parts = ([(x, y)], longer) if end == 0 else (longer, [(x, y)])
        lines[line] = shapely.LineString(np.concatenate(parts))
    return lines, is_closed


def component_gaps(met: Meetings) -> pd.DataFrame:
    """Measure how far each component is from the longest one."""
    lines, component = met.lines, met.component
    total = np.bincount(component, weights=shapely.length(lines))
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
    values = [
        line,
        other,
        apart[best],
        total[component[line]],
        count[component[line]],
        shapely.shortest_line(lines[line], lines[other]),
    ]
    found = pd.DataFrame(dict(zip(columns, values, strict=True)))
    return found.sort_values("line", kind="stable").reset_index(drop=True)
