"""Cut roads into pieces between junctions: the ends of roads, and the points that are used twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.network.kernels_noding import SIDE, along_curve, count_uses, cut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_noding import Pieces as _Cut
    from spatial.sources.road_lines import RoadLines

__all__ = ["Pieces", "components_of", "cut_roads"]


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


def _cut(roads: RoadLines, different: int) -> _Cut:
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
