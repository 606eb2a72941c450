"""Cut roads into pieces between junctions: the ends of roads, and the points that are used twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
    xy, road, vertex = roads.xy, roads.road, roads.vertex
    kept = np.r_[True, (road[1:] != road[:-1]) | (vertex[1:] != vertex[:-1])][: len(road)]
    kept &= np.bincount(road[kept], minlength=len(roads))[road] > 1
    xy, road, vertex = xy[kept], road[kept], vertex[kept]
    changes = road[1:] != road[:-1]
    is_break = np.bincount(vertex, minlength=len(roads.vertex_id))[vertex] > 1
    is_break |= np.r_[True, changes][: len(road)] | np.r_[changes, True][: len(road)]
    breaks = np.flatnonzero(is_break)
    within = road[breaks[:-1]] == road[breaks[1:]]
    first, last = breaks[:-1][within], breaks[1:][within]
    offsets = np.r_[0, np.cumsum(last - first + 1)]
    rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - first, last - first + 1)
    coordinates = np.ascontiguousarray(xy[rows])
    start, end, nodes = _number_nodes(xy, vertex, first, last)
    return Pieces(
        road=road[first],
        start=start,
        end=end,
        length_m=_lengths(coordinates, offsets),
        coordinates=coordinates,
        offsets=offsets,
        node_x=xy[nodes, 0],
        node_y=xy[nodes, 1],
        node_source_id=_names(roads.vertex_id[vertex[nodes]]),
    )


def _names(ids: NDArray[Any]) -> NDArray[np.object_]:
    """Ids as text: of numbers with the letter of OpenStreetMap's nodes; None stays."""
    if ids.dtype == object:
        return ids
    prefix = "n" if ids.dtype.kind in "iu" else ""
    return np.array([f"{prefix}{item}" for item in ids.tolist()], dtype=object)


def _number_nodes(
    xy: NDArray[np.float64], vertex: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the pieces' ends numbers along a Hilbert curve; return starts, ends and a row of `xy` a node."""
    rows = np.concatenate((first, last))
    if len(rows) == 0:
        return rows, rows, rows
    # The first row of each vertex: rows are written from the last to the first.
    at = np.full(int(vertex.max()) + 1, -1, dtype=np.int64)
    at[vertex[rows][::-1]] = rows[::-1]
    used = np.flatnonzero(at >= 0)
    where = at[used]
    # The curve's own cells are coarse; ties go by coordinates, then by the source's id.
    curve = gpd.GeoSeries(shapely.points(xy[where])).hilbert_distance().to_numpy()
    order = np.lexsort((used, xy[where, 1], xy[where, 0], curve))
    at[used[order]] = np.arange(len(used))
    node = at[vertex[rows]]
    return node[: len(first)], node[len(first) :], where[order]


def _lengths(coordinates: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    if len(offsets) == 1:
        return np.empty(0)
    steps = np.zeros(len(coordinates))
    steps[:-1] = np.hypot(*np.diff(coordinates, axis=0).T)
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
    lowest = pd.Series(np.arange(n_nodes)).groupby(label).min().to_numpy()
    order = np.lexsort((lowest, -length))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    component: NDArray[Any] = rank[label]
    return component.astype(np.int64), length[order] / 1000.0
