"""Roads that a file closes: washed-out points, blocked lines, flooded areas, matched to the edges of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from spatial.errors import ContractError, CrsError, first_of
from spatial.network.legs.layers import layer_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = ["edges_closed_by"]

_JOINT = 2.0
"""A line does not close an edge that it meets only this many times the tolerance, or less, from the edge's ends."""


def edges_closed_by(
    graph: TravelGraph, marks: gpd.GeoDataFrame | gpd.GeoSeries, *, within_m: float = 10.0
) -> NDArray[np.object_]:
    """
    Find the edges that points, lines and areas close.

    A point closes the nearest edge within the tolerance, at a junction all that meet there; in a combined network the
    nearest of each leg. A line closes the edges
    that it crosses or runs along, but not the side roads that only begin at it: those that come near it within twice
    the tolerance of their own ends alone. An area closes every edge that touches it. Edges are closed over their whole
    length.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from spatial.network import build_network
    >>> line = gpd.GeoDataFrame({"road_id": ["w1"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=32738)
    >>> edges_closed_by(build_network(line, mode="drive"), gpd.GeoSeries([shapely.Point(900, 5)], crs=32738)).tolist()
    ['w1/0']
    """
    if marks.crs != graph.crs:
        name = "none" if marks.crs is None else marks.crs.to_string()
        raise CrsError(
            f"closed roads: CRS {name}, but the network has {graph.crs.to_string()}; reproject with to_crs(graph.crs)"
        )
    lines = graph.edge_lines()
    layer = layer_of(graph)
    closed, works = np.zeros(graph.n_edges, dtype=bool), np.zeros(len(marks), dtype=bool)
    for number in range(int(layer.max(initial=0)) + 1):
        own = np.flatnonzero(layer == number)
        ours = lines[own]
        tree = shapely.STRtree(ours)
        for row, shape in enumerate(marks.geometry):
            found = [_closed_by(part, ours, tree, within_m) for part in shapely.get_parts(shape)]
            edges = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
            closed[own[edges]] = True
            works[row] |= len(edges) > 0
    idle = [f"row {row}" for row in np.flatnonzero(~works) + 1]
    if idle:
        raise ContractError(
            "closed roads",
            [f"geometry: no road within {within_m:g} m of {first_of(idle)}; correct it or widen it"],
        )
    return np.asarray(graph.edge_id[closed], dtype=object)


def _closed_by(
    part: shapely.Geometry, lines: NDArray[np.object_], tree: shapely.STRtree, within_m: float
) -> NDArray[np.int64]:
    if isinstance(part, shapely.Point):
        return np.asarray(tree.query_nearest(part, max_distance=max(within_m, 1e-9)), dtype=np.int64)
    if isinstance(part, shapely.Polygon):
        return np.asarray(tree.query(part, predicate="intersects"), dtype=np.int64)
    near = np.asarray(tree.query(part, predicate="dwithin", distance=within_m), dtype=np.int64)
    inner = np.array([_inner(lines[edge], _JOINT * within_m) for edge in near.tolist()], dtype=object)
    return near[shapely.dwithin(inner, part, within_m)] if len(near) else near


def _inner(line: shapely.LineString, joint_m: float) -> shapely.Geometry:
    """Cut both ends off; of a short line the middle is left."""
    if line.length <= 2.0 * joint_m:
        return line.interpolate(0.5, normalized=True)
    return substring(line, joint_m, line.length - joint_m)
