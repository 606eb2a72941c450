"""Compiled passes over the nodes of a grid: distances to pieces of roads, and the outlines of labelled ground."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import empty_int32, inner, nones_int32, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray


# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know. It compiles what writes single numbers into given
# arrays in a fraction of the time that assignments of rows, array methods and filled arrays take.


_BAND = 1.5
"""Nodes this near to a piece are asked about it at once: the corners of every square that it passes, in cells."""


@inner  # pragma: no cover - compiled
def _squared(pieces: NDArray[np.float64], piece: int, x: float, y: float) -> float:
    """Squared distance between a point and a piece, in squared cells."""
    x0, y0 = pieces[piece, 0], pieces[piece, 1]
    dx, dy = pieces[piece, 2] - x0, pieces[piece, 3] - y0
    ax, ay = x - x0, y - y0
    along, length = ax * dx + ay * dy, dx * dx + dy * dy
    # Most points lie beside an end of a piece: no division for these.
    if along >= length:
        ax -= dx
        ay -= dy
    elif along > 0.0:
        part = along / length
        ax -= part * dx
        ay -= part * dy
    return float(ax * ax + ay * ay)


@outer  # pragma: no cover - compiled
def seed(pieces: NDArray[np.float64], gap: NDArray[np.float32], nearest: NDArray[np.int32]) -> None:
    """
    Measure the distance between pieces and the nodes right beside them.

    Parameters
    ----------
    pieces : ndarray of float64, shape (n, 4)
        Both ends, in cells from the first node: column, row, column, row.
    gap : ndarray of float32, shape (rows, columns)
        Distance to the nearest piece in cells; changed in place where it is shorter.
    nearest : ndarray of int32, shape (rows, columns)
        That piece; changed in place. The first of pieces as near.
    """
    rows, columns = gap.shape
    for piece in range(pieces.shape[0]):
        x0, y0, x1, y1 = pieces[piece, 0], pieces[piece, 1], pieces[piece, 2], pieces[piece, 3]
        first = max(0, math.ceil(min(y0, y1) - _BAND))
        last = min(rows - 1, math.floor(max(y0, y1) + _BAND))
        for row in range(first, last + 1):
            left, right = min(x0, x1), max(x0, x1)
            if y0 != y1:
                low = min(max((row - _BAND - y0) / (y1 - y0), 0.0), 1.0)
                high = min(max((row + _BAND - y0) / (y1 - y0), 0.0), 1.0)
                left = x0 + min(low * (x1 - x0), high * (x1 - x0))
                right = x0 + max(low * (x1 - x0), high * (x1 - x0))
            begin = max(0, math.ceil(left - _BAND))
            for column in range(begin, min(columns - 1, math.floor(right + _BAND)) + 1):
                away = np.float32(math.sqrt(_squared(pieces, piece, float(column), float(row))))
                if away < gap[row, column]:
                    gap[row, column] = away
                    nearest[row, column] = piece


@inner  # pragma: no cover - compiled
def _open(east: NDArray[np.float32], north: NDArray[np.float32], row: int, column: int, down: int, right: int) -> bool:
    """Tell whether a node and its neighbour are joined without a wall between them."""
    if east.shape[0] == 0:
        return True
    low, left = min(row, row + down), min(column, column + right)
    if right == 0:
        return bool(north[low, column] < 0.0)
    if down == 0:
        return bool(east[row, left] < 0.0)
    over = east[row, left] < 0.0 and north[low, column + right] < 0.0
    return bool(over or (north[low, column] < 0.0 and east[row + down, left] < 0.0))


@outer  # pragma: no cover - compiled
def spread(
    pieces: NDArray[np.float64],
    gap: NDArray[np.float32],
    nearest: NDArray[np.int32],
    east: NDArray[np.float32],
    north: NDArray[np.float32],
) -> bool:
    """
    Pass the nearest piece on from node to node, over all rows up and down (Danielsson 1980).

    Parameters
    ----------
    pieces : ndarray of float64, shape (n, 4)
        As in `seed`.
    gap : ndarray of float32, shape (rows, columns)
        Distance in cells: exact to the piece at each node; further ones are not looked for. Changed in place.
    nearest : ndarray of int32, shape (rows, columns)
        Piece, -1 for none so far; changed in place.
    east, north : ndarray of float32, shape (rows, columns) or (0, 0)
        Where a wall crosses the way to the next node on the right, or above: 0 to 1, and -1 for no wall.

    Returns
    -------
    bool
        Whether anything changed.
    """
    rows, columns = gap.shape
    changed = False
    # Of each row the first and last node with a piece: nothing is passed on elsewhere, and most ground has no road.
    first, last = empty_int32(rows), empty_int32(rows)
    for row in range(rows):
        first[row], last[row] = columns, -1
        for column in range(columns):
            if nearest[row, column] >= 0:
                first[row], last[row] = min(first[row], column), column
    for up in (1, -1):
        for step in range(rows):
            row = step if up == 1 else rows - 1 - step
            begin, end = first[row], last[row]
            if step > 0 and last[row - up] >= 0:
                begin, end = min(begin, max(first[row - up] - 1, 0)), max(end, min(last[row - up] + 1, columns - 1))
            if end < 0:
                continue
            for right in (1, -1):
                # On the way there the row before is asked as well; on the way back the neighbour alone.
                asked = 4 if right == 1 and step > 0 else 1
                column = begin if right == 1 else end
                while begin <= column <= end or (0 <= column < columns and nearest[row, column - right] >= 0):
                    own, least = nearest[row, column], gap[row, column]
                    for number in range(asked):
                        down = 0 if number == 0 else -up
                        aside = -right if number == 0 else number - 2
                        r, c = row + down, column + aside
                        if c < 0 or c >= columns:
                            continue
                        piece = nearest[r, c]
                        # A piece is no nearer than it is to the neighbour, less the step, a trifle over 1 or root 2.
                        step_by = np.float32(1.0001) if down == 0 or aside == 0 else np.float32(1.4143)
                        if piece < 0 or piece == own or gap[r, c] - step_by >= least:
                            continue
                        squared = _squared(pieces, np.int64(piece), float(column), float(row))
                        if squared >= np.float64(least) * np.float64(least):
                            continue
                        away = np.float32(math.sqrt(squared))
                        if away < least and _open(east, north, row, column, down, aside):
                            gap[row, column] = least = away
                            nearest[row, column] = own = piece
                            changed = True
                    column += right
                begin, end = min(begin, column + 1), max(end, column - 1)
            while nearest[row, begin] < 0 and begin < end:
                begin += 1
            while nearest[row, end] < 0 and begin < end:
                end -= 1
            first[row], last[row] = begin, end
    return changed


@outer  # pragma: no cover - compiled
def join(
    labels: NDArray[np.int32],
    east: NDArray[np.int32],
    north: NDArray[np.int32],
    after: NDArray[np.int32],
    middle: NDArray[np.int32],
    around: NDArray[np.int32],
) -> int:
    """
    Join the points where borders cross the grid into borders, square by square (marching squares of many labels).

    Parameters
    ----------
    labels : ndarray of int32, shape (rows, columns)
        Labels of nodes, -1 along the rim.
    east, north : ndarray of int32, shape (rows, columns)
        The point between a node and the next one on the right, or above; -1 where both have one label. A point has a
        side 0 (left or below) and a side 1.
    after, middle : ndarray of int32, shape (2 x points,)
        All -1; written by 2 x point + side: the point that follows on the border of the label on that side, which lies
        to the left; and the middle of a square that is passed between.
    around : ndarray of int32, shape (points, 4)
        Written: the four points around each middle, -1 where there are three.

    Returns
    -------
    int
        How many middles there are.
    """
    rows, columns = labels.shape
    middles = 0
    corner, edge = empty_int32(np.int64(4)), empty_int32(np.int64(4))
    for row in range(rows - 1):
        for column in range(columns - 1):
            edge[0], edge[1] = east[row, column], north[row, column + 1]
            edge[2], edge[3] = east[row + 1, column], north[row, column]
            crossed = 0
            for q in range(4):
                crossed += edge[q] >= 0
            if crossed == 0:
                continue
            corner[0], corner[1] = labels[row, column], labels[row, column + 1]
            corner[2], corner[3] = labels[row + 1, column + 1], labels[row + 1, column]
            joined = -1
            if crossed == 4:
                even, odd = corner[0] == corner[2], corner[1] == corner[3]
                # Of two labels that could be joined across the square the lower one is, but never what is not drawn.
                if even and (not odd or corner[1] < 0 or 0 <= corner[0] < corner[1]):
                    joined = 0
                elif odd:
                    joined = 1
            if joined >= 0:
                for q in (joined + 1, (joined + 3) % 4):
                    before = (q + 3) % 4
                    after[2 * edge[q] + q // 2] = edge[before]
                    after[2 * edge[before] + before // 2] = edge[q]
                continue
            through = -1
            if crossed > 2:
                for q in range(4):
                    around[middles, q] = edge[q]
                through = middles
                middles += 1
            for q in range(4):
                if edge[q] >= 0:
                    before = (q + 3) % 4
                    while edge[before] < 0:
                        before = (before + 3) % 4
                    after[2 * edge[q] + q // 2] = edge[before]
                    middle[2 * edge[q] + q // 2] = through
    return middles


@outer  # pragma: no cover - compiled
def follow(
    after: NDArray[np.int32], middle: NDArray[np.int32], side_label: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """
    Follow borders round into rings.

    Parameters
    ----------
    after, middle : ndarray of int32, shape (2 x points,)
        Of `join`.
    side_label : ndarray of int32, shape (2 x points,)
        Label on each side of each point.

    Returns
    -------
    tuple of ndarray
        Points of the rings one after the other, middles counted on from the number of points; the ring of each of
        these; and by 2 x point + side the ring that it is on, -1 for ground that is not drawn.
    """
    sides = after.shape[0]
    ring_of = nones_int32(sides)
    points, rings = empty_int32(2 * sides), empty_int32(2 * sides)
    size, ring = 0, 0
    for start in range(sides):
        if ring_of[start] >= 0 or side_label[start] < 0:
            continue
        side = start
        while ring_of[side] < 0:
            ring_of[side] = ring
            points[size], rings[size] = side // 2, ring
            size += 1
            if middle[side] >= 0:
                points[size], rings[size] = sides // 2 + middle[side], ring
                size += 1
            follower = 2 * after[side]
            side = follower if side_label[follower] == side_label[side] else follower + 1
        ring += 1
    return points[:size], rings[:size], ring_of
