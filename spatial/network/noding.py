"""Cut roads into pieces between junctions: their ends, points used twice, and where they meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.compiled import outer, zeros_int64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.inputs.road_tags import RoadLines

    CutPieces = tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]
    ]


# Compiled cutting of roads where they meet, and the order of points along a Hilbert curve.

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


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
    pieces: CutPieces,
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


# Cut roads into pieces between junctions: the ends of roads, and the points that are used twice.


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of road between junctions."""

    road: NDArray[np.int64]  # shape (n_edges,), row of the road
    # shape (n_edges,), nodes, numbered along a Hilbert curve so that neighbours in space are neighbours in
    # memory
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    length_m: NDArray[np.float64]  # shape (n_edges,), metres in the plane
    coordinates: NDArray[np.float64]  # shape (n_vertices, 2), vertices of all pieces one after the other
    offsets: NDArray[np.int64]  # shape (n_edges + 1,), where each piece's vertices begin
    node_x: NDArray[np.float64]  # shape (n_nodes,), the nodes
    node_y: NDArray[np.float64]
    node_source_id: NDArray[np.object_]  # shape (n_nodes,), the source's ids; None where it has none


def cut_roads(roads: RoadLines) -> Pieces:
    """
    Cut roads where they meet.

    Where they only cross, as a bridge does, they do not meet.
    """
    different = len(roads.vertex_id)
    road, ends, offsets, length, flat = _cut(roads, different)
    first, last, coordinates = ends[::2], ends[1::2], flat.reshape(-1, 2)
    # The first row of each vertex, where a piece begins if one does: rows are written from the last to the first.
    at = np.full(different, -1, dtype=np.int64)
    at[last[::-1]] = offsets[:0:-1] - 1
    at[first[::-1]] = offsets[-2::-1]
    vertex = np.flatnonzero(at >= 0)
    x, y = (coordinates[at[vertex], axis] for axis in (0, 1))
    order = _along_curve(x, y)
    at[vertex[order]] = np.arange(len(order))
    return Pieces(
        road=road,
        start=at[first],
        end=at[last],
        length_m=length,
        coordinates=coordinates,
        offsets=offsets,
        node_x=x[order],
        node_y=y[order],
        node_source_id=_names(roads.vertex_id[vertex[order]]),
    )


def _cut(roads: RoadLines, different: int) -> CutPieces:
    """Cut roads, where there is room for all pieces that there can be."""
    sizes, uses = np.zeros(len(roads.offsets) - 1, dtype=np.int64), np.zeros(different, dtype=np.int32)
    count_uses(roads.offsets, roads.vertex, sizes, uses)
    most = len(sizes) + int(uses[uses > 1].sum())
    road, ends, offsets = np.empty(most, np.int64), np.empty(2 * most, np.int64), np.zeros(most + 1, np.int64)
    length, flat = np.empty(most), np.empty(2 * (len(roads.vertex) + most))
    pieces = road, ends, offsets, length, flat
    n, size = cut(roads.offsets, roads.vertex, roads.point, roads.placed.ravel(), (sizes, uses), pieces)
    return road[:n], ends[: 2 * n], offsets[: n + 1], length[:n], flat[:size]


def _names(ids: NDArray[Any]) -> NDArray[np.object_]:
    """Ids as text: of numbers with the letter of OpenStreetMap's nodes; None stays."""
    if ids.dtype == object:
        return ids
    prefix = "n" if ids.dtype.kind in "iu" else ""
    return np.array([f"{prefix}{item}" for item in ids.tolist()], dtype=object)


def _along_curve(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order points along a Hilbert curve, those in one of its cells by coordinates, equal ones as they come."""
    if len(x) == 0:
        return np.empty(0, dtype=np.int64)
    place = along_curve(_cells(x), _cells(y))
    order = np.argsort(place, kind="stable")
    is_same = np.diff(place[order]) == 0
    shared = np.flatnonzero(np.r_[is_same, False] | np.r_[False, is_same])
    crowd = order[shared]
    order[shared] = crowd[np.lexsort((y[crowd], x[crowd], place[crowd]))]
    return order


def _cells(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale values to the cells of the curve's square."""
    low, span = values.min(), np.ptp(values)
    scaled: NDArray[np.float64] = (values - low) * ((SIDE - 1) / span if span > 0 else 0.0)
    return scaled


def components_of(n_nodes: int, pieces: Pieces) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the weakly connected components.

    Returns component of each node, 0 the longest (equal lengths by their lowest node), and kilometres of each
    component.
    """
    links = coo_array((np.ones(len(pieces.start)), (pieces.start, pieces.end)), shape=(n_nodes, n_nodes))
    count, label = connected_components(links, directed=False)
    length = np.bincount(label[pieces.start], weights=pieces.length_m, minlength=count)
    lowest = np.empty(count, dtype=np.int64)
    lowest[label[::-1]] = np.arange(n_nodes)[::-1]
    order = np.lexsort((lowest, -length))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    component: NDArray[Any] = rank[label]
    return component.astype(np.int64), length[order] / 1000.0
