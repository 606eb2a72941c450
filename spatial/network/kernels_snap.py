"""Compiled search for the nearest pieces of road around points, over a grid of segments."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatial.arrays import FloatArray as Floats
from spatial.arrays import IntArray as Longs
from spatial.compiled import inner, outer

# mypy: disable-error-code="arg-type, assignment, no-any-return"
# Numba turns numpy scalars into plain numbers; mypy does not know.


# Numba infers types from the first call; callers pass float64, int64 and contiguous arrays, so that each kernel is
# compiled once. They pass what is written to as well, and rows are passed as an array and a number: kernels that make
# neither arrays nor views compile in about half the time.


class Grid(NamedTuple):
    """Square cells, row by row from the south-west corner; metres."""

    west: float
    south: float
    size: float  # side of a cell
    n_rows: int
    n_columns: int


class Segments(NamedTuple):
    """Straight segments, and which of them touch each cell of a grid (compressed sparse rows)."""

    ends: Floats  # shape (n, 4), easting and northing of both ends
    offsets: Longs  # shape (rows x columns + 1,)
    members: Longs  # segments
    grid: Grid


class Roads(NamedTuple):
    """Segments of roads, and the edge of each."""

    segments: Segments
    edge: Longs


class Found(NamedTuple):
    """The k nearest edges of n points, in order of distance, then of edge; each of shape (n, k)."""

    edge: Longs  # -1 where there is none
    distance_m: Floats  # inf where there is none
    segment: Longs  # -1 where there is none
    share: Floats  # share of the segment before the foot point


class Feet(NamedTuple):
    """Room for the foot points around one point; each of shape (n_edges,)."""

    distance_m: Floats  # inf where there is none
    segment: Longs
    share: Floats
    near: Longs  # edges that have one, at the beginning


class _Foot(NamedTuple):
    """A foot point on offer to one point."""

    edge: int
    distance_m: float
    segment: int
    share: float


@inner  # pragma: no cover - compiled
def _columns_of(ends: Floats, s: int, row: int, grid: Grid) -> tuple[int, int]:
    """First and last column that a segment touches in one row of cells."""
    ax, ay, bx, by = ends[s, 0], ends[s, 1], ends[s, 2], ends[s, 3]
    low, high = min(ax, bx), max(ax, bx)
    if ay != by:
        bottom = grid.south + row * grid.size
        t0 = (bottom - ay) / (by - ay)
        t1 = (bottom + grid.size - ay) / (by - ay)
        x0 = ax + min(max(t0, 0.0), 1.0) * (bx - ax)
        x1 = ax + min(max(t1, 0.0), 1.0) * (bx - ax)
        # A hair wider, so that rounding never leaves out a cell that the segment touches.
        slack = 1e-6 * grid.size
        low, high = min(x0, x1) - slack, max(x0, x1) + slack
    first = math.floor((low - grid.west) / grid.size)
    last = math.floor((high - grid.west) / grid.size)
    return max(first, 0), min(last, grid.n_columns - 1)


@outer  # pragma: no cover - compiled
def list_cells(ends: Floats, grid: Grid, cursor: Longs, members: Longs) -> None:
    """Count (empty `members`) or list the segments that touch each cell; `cursor` moves on by one for each."""
    is_listed = members.shape[0] > 0
    for s in range(ends.shape[0]):
        low, high = min(ends[s, 1], ends[s, 3]), max(ends[s, 1], ends[s, 3])
        first_row = max(math.floor((low - grid.south) / grid.size), 0)
        last_row = min(math.floor((high - grid.south) / grid.size), grid.n_rows - 1)
        for row in range(first_row, last_row + 1):
            first, last = _columns_of(ends, s, row, grid)
            for cell in range(row * grid.n_columns + first, row * grid.n_columns + last + 1):
                if is_listed:
                    members[cursor[cell]] = s
                cursor[cell] += 1


@inner  # pragma: no cover - compiled
def _foot(px: float, py: float, ends: Floats, s: int) -> tuple[float, float, float]:
    """Share of a segment before the foot point of a point, and how far east and north of the foot it lies."""
    ax, ay, bx, by = ends[s, 0], ends[s, 1], ends[s, 2], ends[s, 3]
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = ((px - ax) * dx + (py - ay) * dy) / square
    # The ends are taken as they are, so that edges which share a node are exactly equally far.
    if t <= 0.0:
        return 0.0, px - ax, py - ay
    if t >= 1.0:
        return 1.0, px - bx, py - by
    return t, px - (ax + t * dx), py - (ay + t * dy)


@inner  # pragma: no cover - compiled
def _keep(found: Found, i: int, n: int, foot: _Foot) -> int:
    """Keep the nearest edges of a point in order of (distance, edge); return how many. Ties keep the first segment."""
    edges, distances, segments, shares = found
    edge, distance, segment, share = foot
    k = edges.shape[1]
    at = -1
    for slot in range(n):
        if edges[i, slot] == edge:
            at = slot
            break
    if at >= 0:
        if distance > distances[i, at] or (distance == distances[i, at] and segment >= segments[i, at]):
            return n
    elif n < k:
        at = n
        n += 1
    else:
        last = k - 1
        if distance > distances[i, last] or (distance == distances[i, last] and edge > edges[i, last]):
            return n
        at = last
    while at > 0 and (
        distance < distances[i, at - 1] or (distance == distances[i, at - 1] and edge < edges[i, at - 1])
    ):
        edges[i, at], distances[i, at] = edges[i, at - 1], distances[i, at - 1]
        segments[i, at], shares[i, at] = segments[i, at - 1], shares[i, at - 1]
        at -= 1
    edges[i, at], distances[i, at], segments[i, at], shares[i, at] = edge, distance, segment, share
    return n


@outer  # pragma: no cover - compiled
def rings_to_members(segments: Segments, most: int, rings: NDArray[np.uint8]) -> None:
    """Count the rings of cells from each cell to the nearest one with members; 0 where it has some."""
    offsets, n_rows, n_columns = segments.offsets, segments.grid.n_rows, segments.grid.n_columns
    # Two passes are exact where a diagonal step counts as one: forwards over what lies before, and back.
    for step in (1, -1):
        first = 0 if step > 0 else n_rows * n_columns - 1
        for turn in range(n_rows * n_columns):
            cell = first + step * turn
            if offsets[cell] < offsets[cell + 1]:
                rings[cell] = 0
                continue
            row, column = cell // n_columns, cell % n_columns
            nearest = most if step > 0 else rings[cell]
            if 0 <= column - step < n_columns:
                nearest = min(nearest, rings[cell - step] + 1)
            if 0 <= row - step < n_rows:
                for other in range(max(column - 1, 0), min(column + 1, n_columns - 1) + 1):
                    nearest = min(nearest, rings[(row - step) * n_columns + other] + 1)
            rings[cell] = nearest


@outer  # pragma: no cover - compiled
def nearest_edges(points: Floats, roads: Roads, rings: NDArray[np.uint8], limit_m: float, found: Found) -> None:
    """Find the k nearest edges of each point up to a limit (inclusive); near points in a row bound the next search."""
    (ends, offsets, members, grid), segment_edge = roads
    west_edge, south_edge, size, n_rows, n_columns = grid
    edges, distances = found.edge, found.distance_m
    k = distances.shape[1]
    # A hair farther, so that rounding never leaves out an edge as far as the limit; cells list within the same hair.
    slack = 2e-6 * size
    for i in range(points.shape[0]):
        px, py = points[i, 0], points[i, 1]
        column = math.floor((px - west_edge) / size)
        row = math.floor((py - south_edge) / size)
        count = np.int64(0)
        # Nothing farther than this is looked at: the k edges of the last point are at most a step farther from here.
        reach = limit_m + slack
        if i > 0:
            step_m = math.hypot(px - points[i - 1, 0], py - points[i - 1, 1])
            reach = min(reach, distances[i - 1, k - 1] + step_m + slack)
        # Rings that lie wholly outside the grid are passed over, and empty ones.
        aside, below = max(-column, column - n_columns + 1), max(-row, row - n_rows + 1)
        ring = max(aside, below)
        ring = max(ring, 0)
        at = min(max(row, 0), n_rows - 1) * n_columns + min(max(column, 0), n_columns - 1)
        ring = max(ring, np.int64(rings[at]))
        aside, below = max(column, n_columns - 1 - column), max(row, n_rows - 1 - row)
        last_ring = max(aside, below)
        while ring <= last_ring and (ring - 1) * size <= reach:
            for r in range(max(row - ring, 0), min(row + ring, n_rows - 1) + 1):
                # Between the ring's top and bottom row, only its two outer columns.
                across = 2 * ring if abs(r - row) != ring else 0
                c, last = column - ring, min(column + ring, n_columns - 1)
                if c < 0:
                    c = c + across if across > 0 else 0
                while c <= last:
                    cell = r * n_columns + c
                    empty = np.int64(rings[cell])
                    west, south = west_edge + c * size, south_edge + r * size
                    c += across if across > 0 else max(empty, 1)
                    if empty > 0:
                        continue
                    dx = max(west - px, px - west - size, 0.0)
                    dy = max(south - py, py - south - size, 0.0)
                    if dx * dx + dy * dy > reach * reach:
                        continue
                    for m in range(offsets[cell], offsets[cell + 1]):
                        s = members[m]
                        edge = segment_edge[s]
                        # Most are farther than what their own edge has already: a square tells that without a root.
                        bound = reach
                        for slot in range(count):
                            if edges[i, slot] == edge:
                                bound = distances[i, slot] + slack
                                break
                        share, east, north = _foot(px, py, ends, s)
                        if east * east + north * north > bound * bound:
                            continue
                        distance = math.hypot(east, north)
                        if distance <= reach and distance <= limit_m:
                            count = _keep(found, i, count, _Foot(edge, distance, s, share))
                            if count == k:
                                reach = min(reach, distances[i, k - 1] + slack)
            ring += 1


@inner  # pragma: no cover - compiled
def _side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> float:
    """Above 0 where p lies left of the line from a to b, 0 on it."""
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@inner  # pragma: no cover - compiled
def _touch(a: Floats, i: int, b: Floats, j: int) -> bool:
    """Tell whether two segments have a point in common; either may be a single point."""
    ax, ay, cx, cy = a[i, 0], a[i, 1], a[i, 2], a[i, 3]
    bx, by, dx, dy = b[j, 0], b[j, 1], b[j, 2], b[j, 3]
    if max(ax, cx) < min(bx, dx) or max(bx, dx) < min(ax, cx):
        return False
    if max(ay, cy) < min(by, dy) or max(by, dy) < min(ay, cy):
        return False
    b0, b1 = _side(ax, ay, cx, cy, bx, by), _side(ax, ay, cx, cy, dx, dy)
    if (b0 > 0.0 and b1 > 0.0) or (b0 < 0.0 and b1 < 0.0):
        return False
    a0, a1 = _side(bx, by, dx, dy, ax, ay), _side(bx, by, dx, dy, cx, cy)
    return not ((a0 > 0.0 and a1 > 0.0) or (a0 < 0.0 and a1 < 0.0))


@inner  # pragma: no cover - compiled
def _blocker(legs: Floats, i: int, barriers: Segments) -> int:
    """Find a segment that a leg touches; -1 where there is none."""
    ends, offsets, members, grid = barriers
    low, high = min(legs[i, 1], legs[i, 3]), max(legs[i, 1], legs[i, 3])
    first_row = max(math.floor((low - grid.south) / grid.size), 0)
    last_row = min(math.floor((high - grid.south) / grid.size), grid.n_rows - 1)
    for row in range(first_row, last_row + 1):
        first, last = _columns_of(legs, i, row, grid)
        for cell in range(row * grid.n_columns + first, row * grid.n_columns + last + 1):
            for m in range(offsets[cell], offsets[cell + 1]):
                if _touch(legs, i, ends, members[m]):
                    return members[m]
    return -1


@outer  # pragma: no cover - compiled
def block_legs(legs: Floats, barriers: Segments, blocked: NDArray[np.bool_]) -> None:
    """Tell which straight legs (rows of two ends) touch a segment of barriers; `blocked` is false before."""
    last = np.int64(-1)
    for i in range(legs.shape[0]):
        # Neighbouring legs are often stopped by one and the same shore.
        if last >= 0 and _touch(legs, i, barriers.ends, last):
            blocked[i] = True
            continue
        found = _blocker(legs, i, barriers)
        if found >= 0:
            blocked[i] = True
            last = found


@inner  # pragma: no cover - compiled
def _feet_within(px: float, py: float, roads: Roads, radius_m: float, best: Feet) -> int:
    """Find the foot point on every edge within a radius; return how many edges there are."""
    (ends, offsets, members, grid), segment_edge = roads
    west, south, size, n_rows, n_columns = grid
    distances, found_segments, shares, touched = best
    n = 0
    first_row = max(math.floor((py - radius_m - south) / size), 0)
    last_row = min(math.floor((py + radius_m - south) / size), n_rows - 1)
    first = max(math.floor((px - radius_m - west) / size), 0)
    last = min(math.floor((px + radius_m - west) / size), n_columns - 1)
    for row in range(first_row, last_row + 1):
        for cell in range(row * n_columns + first, row * n_columns + last + 1):
            for m in range(offsets[cell], offsets[cell + 1]):
                s = members[m]
                edge = segment_edge[s]
                share, east, north = _foot(px, py, ends, s)
                distance = math.hypot(east, north)
                if distance > radius_m or distance > distances[edge]:
                    continue
                if distance == distances[edge] and s >= found_segments[edge]:
                    continue
                if distances[edge] == np.inf:
                    touched[n] = edge
                    n += 1
                distances[edge], found_segments[edge], shares[edge] = distance, s, share
    return n


@inner  # pragma: no cover - compiled
def _sift(heap: Longs, at: int, size: int, distances: Floats) -> None:
    """Move an edge down a heap ordered by (distance, edge) to where it belongs."""
    edge = heap[at]
    while 2 * at + 1 < size:
        down = 2 * at + 1
        for other in range(down, min(down + 2, size)):
            a, b = distances[heap[other]], distances[heap[down]]
            if a < b or (a == b and heap[other] < heap[down]):
                down = other
        a, b = distances[heap[down]], distances[edge]
        if b < a or (b == a and edge < heap[down]):
            break
        heap[at] = heap[down]
        at = down
    heap[at] = edge


@outer  # pragma: no cover - compiled
def nearest_open_edges(
    points: Floats, roads: Roads, barriers: Segments, radius_m: float, best: Feet, found: Found
) -> None:
    """Find the k nearest edges within a radius (inclusive) whose straight leg touches no barrier; `best` is scratch."""
    ends = roads.segments.ends
    edges, distances, found_segments, shares = found
    k = edges.shape[1]
    leg, first = np.empty((1, 4), np.float64), np.int64(0)
    for i in range(points.shape[0]):
        leg[0, 0], leg[0, 1] = points[i, 0], points[i, 1]
        n_found = _feet_within(leg[0, 0], leg[0, 1], roads, radius_m, best)
        near = best.near
        for at in range(n_found // 2 - 1, -1, -1):
            _sift(near, at, n_found, best.distance_m)
        count, last = 0, np.int64(-1)
        for left in range(n_found, 0, -1):
            # The nearest edge not yet looked at: off the top of the heap, to behind its end.
            edge = near[0]
            near[0], near[left - 1] = near[left - 1], edge
            _sift(near, first, left - 1, best.distance_m)
            s, share = best.segment[edge], best.share[edge]
            leg[0, 2], leg[0, 3] = ends[s, 2], ends[s, 3]
            if share < 1.0:
                leg[0, 2] = ends[s, 0] + share * (ends[s, 2] - ends[s, 0])
                leg[0, 3] = ends[s, 1] + share * (ends[s, 3] - ends[s, 1])
            if last >= 0 and _touch(leg, first, barriers.ends, last):
                continue
            last = _blocker(leg, first, barriers)
            if last < 0:
                edges[i, count], distances[i, count] = edge, best.distance_m[edge]
                found_segments[i, count], shares[i, count] = s, share
                count += 1
                if count == k:
                    break
        for at in range(n_found):
            best.distance_m[near[at]] = np.inf
