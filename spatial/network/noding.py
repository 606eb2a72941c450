"""Cut roads into pieces between junctions: their ends, points used twice, and where they meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.arrays import FloatArray, IntArray, ObjectArray
from spatial.compiled import outer, zeros_int64

if TYPE_CHECKING:
    from spatial.inputs.road_tags import RoadLines


# Compiled cutting of roads where they meet, and the order of points along a Hilbert curve.

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


SIDE = 1 << 16
"""Cells of the curve's square along each side."""


class Uses(NamedTuple):
    """How many vertices lines have, and how often lines use a vertex."""

    sizes: IntArray  # by line
    uses: NDArray[np.int32]  # by vertex, of lines of two vertices and more


class CutPieces(NamedTuple):
    """Pieces of lines; with room for more."""

    line: IntArray
    ends: IntArray  # vertices at both ends, one after the other
    begins: IntArray  # where the vertices of each begin; the first is 0
    length_m: FloatArray
    coordinates: FloatArray  # easting and northing of the vertices, one after the other


@outer  # pragma: no cover - compiled
def count_uses(offsets: IntArray, vertex: IntArray, counted: Uses) -> None:
    """Count the vertices of lines, and how often lines use them; the same twice in a row counts once."""
    sizes, uses = counted
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
    offsets: IntArray, vertex: IntArray, point: IntArray, placed: FloatArray, counted: Uses, pieces: CutPieces
) -> tuple[int, int]:
    """Cut lines at their ends and at vertices used more than once; return how many pieces and coordinates there are."""
    sizes, uses = counted
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
def along_curve(column: FloatArray, row: FloatArray) -> IntArray:
    """Place cells along a Hilbert curve (Hilbert 1891) through 65,536 x 65,536 cells; fractions are cut off."""
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

    road: IntArray  # shape (n_edges,), row of the road
    # shape (n_edges,), nodes, numbered along a Hilbert curve so that neighbours in space are neighbours in memory
    start: IntArray
    end: IntArray
    length_m: FloatArray  # shape (n_edges,), metres in the plane
    coordinates: FloatArray  # shape (n_vertices, 2), vertices of all pieces one after the other
    offsets: IntArray  # shape (n_edges + 1,), where each piece's vertices begin
    node_x: FloatArray  # shape (n_nodes,), the nodes
    node_y: FloatArray
    node_source_id: ObjectArray  # shape (n_nodes,), the source's ids; None where it has none


def cut_roads(roads: RoadLines) -> Pieces:
    """Cut roads where they meet; where they only cross, as a bridge does, they do not."""
    counted = Uses(np.zeros(len(roads.offsets) - 1, np.int64), np.zeros(len(roads.vertex_id), np.int32))
    count_uses(roads.offsets, roads.vertex, counted)
    # Room for all pieces that there can be.
    most = len(counted.sizes) + int(counted.uses[counted.uses > 1].sum())
    pieces = CutPieces(
        line=np.empty(most, np.int64),
        ends=np.empty(2 * most, np.int64),
        begins=np.zeros(most + 1, np.int64),
        length_m=np.empty(most),
        coordinates=np.empty(2 * (len(roads.vertex) + most)),
    )
    n, size = cut(roads.offsets, roads.vertex, roads.point, roads.placed.ravel(), counted, pieces)
    first, last, offsets = pieces.ends[: 2 * n : 2], pieces.ends[1 : 2 * n : 2], pieces.begins[: n + 1]
    coordinates = pieces.coordinates[:size].reshape(-1, 2)
    # The first row of each vertex, where a piece begins if one does: rows are written from the last to the first.
    at = np.full(len(roads.vertex_id), -1, dtype=np.int64)
    at[last[::-1]] = offsets[:0:-1] - 1
    at[first[::-1]] = offsets[-2::-1]
    vertex = np.flatnonzero(at >= 0)
    x, y = (coordinates[at[vertex], axis] for axis in (0, 1))
    # Number nodes along the curve, those in one of its cells by coordinates, equal ones as they come.
    place = along_curve(_cells(x), _cells(y))
    order = np.argsort(place, kind="stable")
    is_same = np.diff(place[order]) == 0
    shared = np.flatnonzero(np.r_[is_same, False] | np.r_[False, is_same])
    crowd = order[shared]
    order[shared] = crowd[np.lexsort((y[crowd], x[crowd], place[crowd]))]
    at[vertex[order]] = np.arange(len(order))
    names = roads.vertex_id[vertex[order]]
    if names.dtype != object:
        # Numbers get the letter of OpenStreetMap's nodes; None stays.
        prefix = "n" if names.dtype.kind in "iu" else ""
        names = np.array([f"{prefix}{name}" for name in names.tolist()], dtype=object)
    return Pieces(
        road=pieces.line[:n],
        start=at[first],
        end=at[last],
        length_m=pieces.length_m[:n],
        coordinates=coordinates,
        offsets=offsets,
        node_x=x[order],
        node_y=y[order],
        node_source_id=names,
    )


def _cells(values: FloatArray) -> FloatArray:
    """Scale values to the cells of the curve's square."""
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    return np.asarray((values - low) * ((SIDE - 1) / (high - low) if high > low else 0.0))


def components_of(n_nodes: int, start: IntArray, end: IntArray, length_m: FloatArray) -> tuple[IntArray, FloatArray]:
    """Find the weakly connected components of nodes, 0 the longest (or of the lowest node), and their kilometres."""
    links = coo_array((np.ones(len(start)), (start, end)), shape=(n_nodes, n_nodes))
    count, label = connected_components(links, directed=False)
    length = np.bincount(label[start], weights=length_m, minlength=count)
    lowest = np.empty(count, dtype=np.int64)
    lowest[label[::-1]] = np.arange(n_nodes)[::-1]
    order = np.lexsort((lowest, -length))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    component: NDArray[Any] = rank[label]
    return component.astype(np.int64), length[order] / 1000.0
