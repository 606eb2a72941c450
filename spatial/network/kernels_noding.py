"""Compiled cutting of roads where they meet, and the order of points along a Hilbert curve."""

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer
from spatial.kernels_arrays import zeros_int64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pieces = tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]
    ]

__all__ = ["SIDE", "along_curve", "count_uses", "cut"]

SIDE = 1 << 16
"""Cells of the curve's square along each side."""


@outer  # pragma: no cover - compiled
def count_uses(
    offsets: NDArray[np.int64], vertex: NDArray[np.int64], sizes: NDArray[np.int64], uses: NDArray[np.int32]
) -> None:
    """
    Count the vertices of lines, and how often lines use them.

    Parameters
    ----------
    offsets : ndarray of int64
        Where the vertices of each line begin.
    vertex : ndarray of int64
        Which vertex; the same twice in a row counts once.
    sizes : ndarray of int64
        All 0; written: vertices of each line.
    uses : ndarray of int32
        All 0; written by vertex: how often lines of two vertices and more use it.
    """
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


@outer  # pragma: no cover - compiled
def cut(
    offsets: NDArray[np.int64],
    vertex: NDArray[np.int64],
    point: NDArray[np.int64],
    placed: NDArray[np.float64],
    counts: tuple[NDArray[np.int64], NDArray[np.int32]],
    pieces: Pieces,
) -> tuple[int, int]:
    """
    Cut lines at their ends and at vertices that are used more than once.

    Parameters
    ----------
    offsets : ndarray of int64
        Where the vertices of each line begin.
    vertex : ndarray of int64
        Which vertex; the same twice in a row counts once.
    point : ndarray of int64
        Which of the places each vertex has.
    placed : ndarray of float64
        Easting and northing of each place, one after the other.
    counts : tuple of ndarray
        Sizes and uses, of `count_uses`.
    pieces : tuple of ndarray
        Written: of the pieces the line, the vertices at both ends one after the other, where the vertices of each
        begin (the first is 0), its length, and easting and northing of the vertices one after the other. Lines of one
        vertex yield none.

    Returns
    -------
    tuple of int
        How many pieces, and how many numbers their coordinates are.
    """
    sizes, uses = counts
    lines, ends, begins, lengths, coordinates = pieces
    count = piece = 0
    for line in range(len(sizes)):
        if sizes[line] < 2:
            continue
        seen, metres, x, y = 0, 0.0, 0.0, 0.0
        for row in range(offsets[line], offsets[line + 1]):
            at = vertex[row]
            if seen > 0 and at == vertex[row - 1]:
                continue
            seen += 1
            east, north = placed[2 * point[row]], placed[2 * point[row] + 1]
            coordinates[count], coordinates[count + 1] = east, north
            count += 2
            if seen == 1:
                ends[2 * piece] = at
            else:
                metres += np.sqrt((east - x) * (east - x) + (north - y) * (north - y))
                if seen == sizes[line] or uses[at] > 1:
                    lines[piece], lengths[piece], ends[2 * piece + 1] = line, metres, at
                    piece += 1
                    begins[piece] = count // 2
                    if seen < sizes[line]:
                        metres, ends[2 * piece] = 0.0, at
                        coordinates[count], coordinates[count + 1] = east, north
                        count += 2
            x, y = east, north
    return piece, count


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
    place = zeros_int64(len(column))
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
