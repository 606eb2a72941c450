"""Compiled cutting of roads where they meet, and the order of points along a Hilbert curve."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SIDE", "along_curve", "cut", "number_ends"]

SIDE = 1 << 16
"""Cells of the curve's square along each side."""


@inner  # pragma: no cover - compiled
def _count(
    offsets: NDArray[np.int64], vertex: NDArray[np.int64], different: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Vertices of each line, the same twice in a row counted once; and how often lines of two and more use each."""
    sizes = np.zeros(len(offsets) - 1, np.int64)
    uses = np.zeros(different, np.int32)
    for line in range(len(sizes)):
        begin, end = offsets[line], offsets[line + 1]
        for row in range(begin, end):
            if row == begin or vertex[row] != vertex[row - 1]:
                sizes[line] += 1
        if sizes[line] < 2:
            continue
        for row in range(begin, end):
            if row == begin or vertex[row] != vertex[row - 1]:
                uses[vertex[row]] += 1
    return sizes, uses


@inner  # pragma: no cover - compiled
def _pieces_of(
    offsets: NDArray[np.int64], vertex: NDArray[np.int64], sizes: NDArray[np.int64], uses: NDArray[np.int32]
) -> int:
    """How many pieces there will be."""
    pieces = 0
    for line in range(len(sizes)):
        if sizes[line] < 2:
            continue
        pieces += 1
        begin, seen = offsets[line], 1
        for row in range(begin + 1, offsets[line + 1]):
            if vertex[row] != vertex[row - 1]:
                seen += 1
                if seen < sizes[line] and uses[vertex[row]] > 1:
                    pieces += 1
    return pieces


@outer  # pragma: no cover - compiled
def cut(
    offsets: NDArray[np.int64],
    vertex: NDArray[np.int64],
    point: NDArray[np.int64],
    placed: NDArray[np.float64],
    different: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """
    Cut lines at their ends and at vertices that are used more than once.

    Parameters
    ----------
    offsets : ndarray of int64
        Where the vertices of each line begin.
    vertex : ndarray of int64
        Which vertex; the same twice in a row counts once.
    point : ndarray of int64
        Row of `placed` where each vertex lies.
    placed : ndarray of float64, shape (n_points, 2)
        In metres.
    different : int
        One more than the highest vertex.

    Returns
    -------
    tuple of ndarray
        Of the pieces: the line, the vertices at both ends as shape (n_pieces, 2), where the coordinates of each begin,
        its length, and the coordinates of all. Lines of one vertex yield none.
    """
    sizes, uses = _count(offsets, vertex, different)
    pieces = _pieces_of(offsets, vertex, sizes, uses)
    total = pieces
    for size in sizes:
        total += max(size - 1, 0)
    coordinates = np.empty((total, 2))
    begins = np.zeros(pieces + 1, np.int64)
    lines = np.empty(pieces, np.int64)
    ends = np.empty((pieces, 2), np.int64)
    lengths = np.empty(pieces)
    count = piece = 0
    for line in range(len(sizes)):
        if sizes[line] < 2:
            continue
        begin = offsets[line]
        x, y = placed[point[begin], 0], placed[point[begin], 1]
        coordinates[count, 0], coordinates[count, 1] = x, y
        count += 1
        start, seen, metres = vertex[begin], 1, 0.0
        for row in range(begin + 1, offsets[line + 1]):
            if vertex[row] == vertex[row - 1]:
                continue
            seen += 1
            east, north = placed[point[row], 0], placed[point[row], 1]
            metres += np.sqrt((east - x) ** 2 + (north - y) ** 2)
            x, y = east, north
            coordinates[count, 0], coordinates[count, 1] = x, y
            count += 1
            if seen < sizes[line] and uses[vertex[row]] < 2:
                continue
            lines[piece], lengths[piece] = line, metres
            ends[piece, 0], ends[piece, 1] = start, vertex[row]
            piece += 1
            begins[piece] = count
            start, metres = vertex[row], 0.0
            if seen < sizes[line]:
                coordinates[count, 0], coordinates[count, 1] = x, y
                count += 1
    return lines, ends, begins, lengths, coordinates


@outer  # pragma: no cover - compiled
def number_ends(
    ends: NDArray[np.int64], begins: NDArray[np.int64], different: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """
    Give numbers to the vertices at the ends of pieces.

    Parameters
    ----------
    ends : ndarray of int64, shape (n_pieces, 2)
        Vertices at both ends.
    begins : ndarray of int64, shape (n_pieces + 1,)
        Where the coordinates of each piece begin.
    different : int
        One more than the highest vertex.

    Returns
    -------
    tuple of ndarray of int64
        Numbers at both ends of each piece; and by number, ascending, the vertex and the row of its coordinates: where
        the first piece begins that begins there, or else where the first one ends.
    """
    at = np.full(different, -1, np.int64)
    count = 0
    for side in range(2):
        for piece in range(len(ends)):
            if at[ends[piece, side]] < 0:
                at[ends[piece, side]] = begins[piece] if side == 0 else begins[piece + 1] - 1
                count += 1
    used = np.empty(count, np.int64)
    rows = np.empty(count, np.int64)
    number = 0
    for vertex in range(different):
        if at[vertex] >= 0:
            used[number], rows[number] = vertex, at[vertex]
            at[vertex] = number
            number += 1
    numbered = np.empty_like(ends)
    for piece in range(len(ends)):
        for side in range(2):
            numbered[piece, side] = at[ends[piece, side]]
    return numbered, used, rows


@outer  # pragma: no cover - compiled
def along_curve(column: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.int64]:
    """
    Place cells along a Hilbert curve (Hilbert 1891).

    Parameters
    ----------
    column, row : ndarray of float64
        From 0 to 65,535; fractions are cut off.

    Returns
    -------
    ndarray of int64
        Position on the curve through 65,536 x 65,536 cells.
    """
    place = np.zeros(len(column), np.int64)
    for point in range(len(column)):
        a, b = np.int64(column[point]), np.int64(row[point])
        side = SIDE >> 1
        while side > 0:
            right, upper = np.int64(a & side > 0), np.int64(b & side > 0)
            place[point] += side * side * ((3 * right) ^ upper)
            if upper == 0:
                if right == 1:
                    a, b = SIDE - 1 - a, SIDE - 1 - b
                a, b = b, a
            side >>= 1
    return place
