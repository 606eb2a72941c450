"""Edge effects: where the way out of the mapped network is shorter than the way to a facility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from spatial.access.shapes import inside, points_at, shapes_of, tree_of
from spatial.network import Snaps, nearest

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.access.surroundings import Surroundings
    from spatial.network import TravelGraph

__all__ = ["clipped_ends", "exit_times"]

EDGE_M = 200.0
"""A dead end this near to the edge of the ground counts as cut off there. Metres."""
COMPLETE_WAY_M = 2500.0
"""Extracts keep whole roads, which reach this far beyond their edge (2.3 km in the county measured). Metres."""
SEA_M = 2000.0
"""A road that ends this near to the sea ends by nature. Metres."""


def clipped_ends(graph: TravelGraph, surroundings: Surroundings, *, buffer_m: float) -> NDArray[np.int64]:
    """
    Find the ends of the network where the data stop rather than the roads.

    A dead end counts as cut off where it lies outside the study area, or within 200 m of its edge, and either at about
    the distance up to which roads were loaded (the buffer, or the furthest node where the data end sooner) or within
    200 m of the convex hull of the network. Without study area the hull alone decides. Dead ends within 2 km of the
    sea do not count.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    surroundings : Surroundings
        Its study area and sea are used.
    buffer_m : float
        Ground beyond the study area that was loaded.

    Returns
    -------
    ndarray of int64
        Nodes, ascending.
    """
    degree = np.bincount(np.concatenate((graph.edge_from, graph.edge_to)), minlength=graph.n_nodes)
    ends = np.flatnonzero(degree == 1)
    if len(ends) == 0:
        return ends
    points = points_at(graph.node_x[ends], graph.node_y[ends])
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack((graph.node_x, graph.node_y))))
    clipped = np.asarray(shapely.distance(points, shapely.boundary(hull)) <= EDGE_M)
    if surroundings.study_area is not None:
        clipped = _at_loaded_edge(graph, points, clipped, (surroundings.study_area, buffer_m))
    sea = tree_of(surroundings.sea)
    if sea is not None:
        clipped[sea.query(points, predicate="dwithin", distance=SEA_M)[0]] = False
    return ends[clipped]


def _at_loaded_edge(
    graph: TravelGraph,
    points: NDArray[np.object_],
    on_hull: NDArray[np.bool_],
    loaded: tuple[gpd.GeoSeries | gpd.GeoDataFrame, float],
) -> NDArray[np.bool_]:
    area, buffer_m = loaded
    ground = shapely.union_all(shapes_of(area.to_crs(graph.crs).geometry))
    edge = shapely.boundary(ground)
    shapely.prepare(edge)
    outer = ~inside(ground, graph.node_x, graph.node_y)
    nodes = points_at(graph.node_x[outer], graph.node_y[outer])
    reach = float(np.max(shapely.distance(ground, nodes), initial=0.0))
    beyond = np.asarray(shapely.distance(ground, points))
    at_edge = (beyond > 0.0) | np.asarray(shapely.dwithin(edge, points, EDGE_M))
    return at_edge & (on_hull | (beyond >= min(buffer_m, reach) - COMPLETE_WAY_M))


def exit_times(
    graph: TravelGraph,
    origins: Snaps,
    ends: NDArray[np.int64],
    *,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
) -> NDArray[np.float64]:
    """
    Minutes from the door of each place to the nearest end of the network that was cut off.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    origins : Snaps
        The places.
    ends : ndarray of int64
        Nodes.
    direction : {'to_facility', 'from_facility'}
        Whether people leave, or help comes in.

    Returns
    -------
    ndarray of float64, shape (n,)
        inf where no such end can be reached.
    """
    if len(ends) == 0:
        return np.full(len(origins), np.inf)
    found = nearest(graph, origins, _at_nodes(graph, ends, origins), k=1, direction=direction)
    return found.travel_time_min[:, 0]


def _at_nodes(graph: TravelGraph, ends: NDArray[np.int64], like: Snaps) -> Snaps:
    """Places that stand on dead ends."""
    edge_of = np.full(graph.n_nodes, -1, dtype=np.int64)
    at_drawn_end = np.zeros(graph.n_nodes, dtype=bool)
    edge_of[graph.edge_from] = np.arange(graph.n_edges)
    edge_of[graph.edge_to] = np.arange(graph.n_edges)
    at_drawn_end[graph.edge_to] = True
    x, y = graph.node_x[ends], graph.node_y[ends]
    nothing = np.zeros((len(ends), 1))
    return Snaps(
        x=x,
        y=y,
        edge=edge_of[ends][:, None],
        fraction=at_drawn_end[ends].astype(np.float64)[:, None],
        distance_m=nothing,
        access_min=nothing,
        foot_x=x[:, None],
        foot_y=y[:, None],
        status=np.full(len(ends), "ok", dtype=object),
        nearest_m=np.zeros(len(ends)),
        max_snap_m=like.max_snap_m,
        walk_km_h=like.walk_km_h,
        detour=like.detour,
    )
