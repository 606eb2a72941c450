"""Ends of lines that meet nothing: near another line, just beyond a crossing, or of a stub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.sources.road_meetings import NUMERIC_M, first_of_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.sources.road_meetings import Meetings

__all__ = ["component_gaps", "end_gaps", "snapped_lines"]

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
