"""Compiled search for the nearest pieces of road around points, over a grid of segments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba as nb
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fill_grid", "nearest_edges"]

# Numba infers types from the first call; callers pass float64, int64 and contiguous arrays, so that each kernel is
# compiled once.


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _columns_of(
    segment: NDArray[np.float64], row: int, grid: NDArray[np.float64], n_columns: int
) -> tuple[int, int]:
    """First and last column that a segment touches in one row of cells."""
    ax, ay, bx, by = segment[0], segment[1], segment[2], segment[3]
    low, high = min(ax, bx), max(ax, bx)
    if ay != by:
        bottom = grid[1] + row * grid[2]
        t0 = (bottom - ay) / (by - ay)
        t1 = (bottom + grid[2] - ay) / (by - ay)
        x0 = ax + min(max(t0, 0.0), 1.0) * (bx - ax)
        x1 = ax + min(max(t1, 0.0), 1.0) * (bx - ax)
        # A hair wider, so that rounding never leaves out a cell that the segment touches.
        slack = 1e-6 * grid[2]
        low, high = min(x0, x1) - slack, max(x0, x1) + slack
    first = math.floor((low - grid[0]) / grid[2])
    last = math.floor((high - grid[0]) / grid[2])
    return max(first, 0), min(last, n_columns - 1)


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def fill_grid(
    segments: NDArray[np.float64], grid: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    List the segments that touch each cell of a grid.

    Parameters
    ----------
    segments : ndarray of float64, shape (n, 4)
        Easting and northing of both ends.
    grid : ndarray of float64, shape (3,)
        West edge, south edge and size of a cell, metres.
    shape : tuple of int
        Rows and columns; every segment lies within.

    Returns
    -------
    tuple of ndarray of int64
        Offsets by cell (row by row), and the segments.
    """
    n_rows, n_columns = shape
    offsets = np.zeros(n_rows * n_columns + 1, np.int64)
    for filling in range(2):
        if filling == 1:
            for cell in range(n_rows * n_columns):
                offsets[cell + 1] += offsets[cell]
            members = np.empty(offsets[-1], np.int64)
            cursor = offsets[:-1].copy()
        for s in range(segments.shape[0]):
            low, high = min(segments[s, 1], segments[s, 3]), max(segments[s, 1], segments[s, 3])
            first_row = max(math.floor((low - grid[1]) / grid[2]), 0)
            last_row = min(math.floor((high - grid[1]) / grid[2]), n_rows - 1)
            for row in range(first_row, last_row + 1):
                first, last = _columns_of(segments[s], row, grid, n_columns)
                for column in range(first, last + 1):
                    cell = row * n_columns + column
                    if filling == 0:
                        offsets[cell + 1] += 1
                    else:
                        members[cursor[cell]] = s
                        cursor[cell] += 1
    return offsets, members


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _foot(px: float, py: float, segment: NDArray[np.float64]) -> tuple[float, float]:
    """Distance to a segment, and the share of it before the foot point."""
    ax, ay, bx, by = segment[0], segment[1], segment[2], segment[3]
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = ((px - ax) * dx + (py - ay) * dy) / square
    # The ends are taken as they are, so that edges which share a node are exactly equally far.
    if t <= 0.0:
        return math.hypot(px - ax, py - ay), 0.0
    if t >= 1.0:
        return math.hypot(px - bx, py - by), 1.0
    return math.hypot(px - (ax + t * dx), py - (ay + t * dy)), t


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def _keep(
    found: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]],
    n: int,
    edge: int,
    distance: float,
    segment: int,
    share: float,
) -> int:
    """Keep the nearest edges in order of (distance, edge), each edge once; return how many there are."""
    edges, distances, segments, shares = found
    k = edges.shape[0]
    at = -1
    for slot in range(n):
        if edges[slot] == edge:
            at = slot
            break
    if at >= 0:
        if distance >= distances[at]:
            return n
    elif n < k:
        at = n
        n += 1
    else:
        last = k - 1
        if distance > distances[last] or (distance == distances[last] and edge > edges[last]):
            return n
        at = last
    while at > 0 and (
        distance < distances[at - 1] or (distance == distances[at - 1] and edge < edges[at - 1])
    ):
        edges[at], distances[at] = edges[at - 1], distances[at - 1]
        segments[at], shares[at] = segments[at - 1], shares[at - 1]
        at -= 1
    edges[at], distances[at], segments[at], shares[at] = edge, distance, segment, share
    return n


@nb.njit(cache=True, nogil=True)  # pragma: no cover - compiled
def nearest_edges(
    points: NDArray[np.float64],
    segments: NDArray[np.float64],
    segment_edge: NDArray[np.int64],
    cells: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], tuple[int, int]],
    k: int,
    limit_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the k nearest edges of every point.

    Rings of cells are searched outwards until no farther cell can hold anything nearer.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Easting and northing.
    segments : ndarray of float64, shape (m, 4)
        Ends of the segments.
    segment_edge : ndarray of int64, shape (m,)
        Edge of each segment.
    cells : tuple
        Offsets and members of `fill_grid`, its grid and its shape.
    k : int
        How many different edges.
    limit_m : float
        Not farther than this, inclusive; inf for any distance.

    Returns
    -------
    tuple of ndarray, each of shape (n, k)
        Edge (-1 where there is none), distance in metres (inf), segment (-1) and share of the segment before the
        foot point; in order of distance, then of edge.
    """
    offsets, members, grid, shape = cells
    n_rows, n_columns = shape
    n = points.shape[0]
    edges = np.full((n, k), -1, np.int64)
    distances = np.full((n, k), np.inf, np.float64)
    found_segments = np.full((n, k), -1, np.int64)
    shares = np.zeros((n, k), np.float64)
    size = grid[2]
    for i in range(n):
        px, py = points[i, 0], points[i, 1]
        column = math.floor((px - grid[0]) / size)
        row = math.floor((py - grid[1]) / size)
        found = (edges[i], distances[i], found_segments[i], shares[i])
        count = 0
        # Rings that lie wholly outside the grid are passed over.
        ring = max(0, -column, column - n_columns + 1, -row, row - n_rows + 1)
        last_ring = max(column, n_columns - 1 - column, row, n_rows - 1 - row)
        while ring <= last_ring:
            nearer_than = (ring - 1) * size
            if nearer_than > limit_m or (count == k and distances[i, k - 1] < nearer_than):
                break
            for r in range(max(row - ring, 0), min(row + ring, n_rows - 1) + 1):
                first, last, step = max(column - ring, 0), min(column + ring, n_columns - 1), 1
                if abs(r - row) != ring:
                    # Between the ring's top and bottom row, only its two outer columns.
                    first, last, step = column - ring, column + ring, max(2 * ring, 1)
                for c in range(first, last + 1, step):
                    if c < 0 or c >= n_columns:
                        continue
                    for m in range(offsets[r * n_columns + c], offsets[r * n_columns + c + 1]):
                        s = members[m]
                        distance, share = _foot(px, py, segments[s])
                        if distance <= limit_m:
                            count = _keep(found, count, segment_edge[s], distance, s, share)
            ring += 1
    return edges, distances, found_segments, shares
