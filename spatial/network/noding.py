"""Cut roads into pieces between junctions: the ends of roads, and the points that are used twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.network.kernels_noding import SIDE, along_curve, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.sources.road_lines import RoadLines

__all__ = ["Pieces", "components_of", "cut_roads"]


@dataclass(frozen=True, eq=False)
class Pieces:
    """
    Pieces of road between junctions.

    Parameters
    ----------
    road : ndarray of int64, shape (n_edges,)
        Row of the road.
    start, end : ndarray of int64, shape (n_edges,)
        Nodes, numbered along a Hilbert curve so that neighbours in space are neighbours in memory.
    length_m : ndarray of float64, shape (n_edges,)
        Metres in the plane.
    coordinates : ndarray of float64, shape (n_vertices, 2)
        Vertices of all pieces one after the other.
    offsets : ndarray of int64, shape (n_edges + 1,)
        Where each piece's vertices begin.
    node_x, node_y : ndarray of float64, shape (n_nodes,)
        The nodes.
    node_source_id : ndarray of object, shape (n_nodes,)
        The source's ids; None where it has none.
    """

    road: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    length_m: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    offsets: NDArray[np.int64]
    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    node_source_id: NDArray[np.object_]


def cut_roads(roads: RoadLines) -> Pieces:
    """
    Cut roads where they meet.

    Where they only cross, as a bridge does, they do not meet.

    Parameters
    ----------
    roads : RoadLines
        In metres. A road that is shorter than two different vertices yields no piece.

    Returns
    -------
    Pieces
        By road, then along it.
    """
    rows, offsets, road = cut(roads.offsets, roads.vertex, len(roads.vertex_id))
    point, vertex = roads.point[rows], roads.vertex[rows]
    coordinates = roads.at(point)
    start, end, nodes = _number_nodes(coordinates, vertex, offsets)
    return Pieces(
        road=road,
        start=start,
        end=end,
        length_m=_lengths(coordinates, offsets),
        coordinates=coordinates,
        offsets=offsets,
        node_x=coordinates[nodes, 0],
        node_y=coordinates[nodes, 1],
        node_source_id=_names(roads.vertex_id[vertex[nodes]]),
    )


def _names(ids: NDArray[Any]) -> NDArray[np.object_]:
    """Ids as text: of numbers with the letter of OpenStreetMap's nodes; None stays."""
    if ids.dtype == object:
        return ids
    prefix = "n" if ids.dtype.kind in "iu" else ""
    return np.array([f"{prefix}{item}" for item in ids.tolist()], dtype=object)


def _number_nodes(
    xy: NDArray[np.float64], vertex: NDArray[np.int64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the pieces' ends numbers along a Hilbert curve; return starts, ends and a row of `xy` a node."""
    first, last = offsets[:-1], offsets[1:] - 1
    if len(first) == 0:
        return first, last, first
    # The first row of each vertex: rows are written from the last to the first.
    at = np.full(int(vertex.max()) + 1, -1, dtype=np.int64)
    for rows in (last, first):
        at[vertex[rows][::-1]] = rows[::-1]
    used = np.flatnonzero(at >= 0)
    where = at[used]
    x, y = np.ascontiguousarray(xy[where, 0]), np.ascontiguousarray(xy[where, 1])
    # The curve's own cells are coarse; ties go by coordinates, then by the source's id.
    order = np.lexsort((used, y, x, along_curve(_cells(x), _cells(y))))
    at[used[order]] = np.arange(len(used))
    return at[vertex[first]], at[vertex[last]], where[order]


def _cells(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale values to the cells of the curve's square."""
    low, span = values.min(), np.ptp(values)
    scaled: NDArray[np.float64] = (values - low) * ((SIDE - 1) / span if span > 0 else 0.0)
    return scaled


def _lengths(coordinates: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    if len(offsets) == 1:
        return np.empty(0)
    steps = np.zeros(len(coordinates))
    x, y = coordinates[:, 0], coordinates[:, 1]
    np.hypot(x[1:] - x[:-1], y[1:] - y[:-1], out=steps[:-1])
    steps[offsets[1:] - 1] = 0.0
    lengths: NDArray[np.float64] = np.add.reduceat(steps, offsets[:-1])
    return lengths


def components_of(n_nodes: int, pieces: Pieces) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the weakly connected components.

    Parameters
    ----------
    n_nodes : int
        Number of nodes.
    pieces : Pieces
        The edges, each open in one direction at least.

    Returns
    -------
    tuple of ndarray
        Component of each node, 0 the longest (equal lengths by their lowest node), and kilometres of each component.
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
