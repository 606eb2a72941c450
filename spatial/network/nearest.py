"""Nearest destinations door to door, by one search outward from all destinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.errors import NetworkError
from spatial.network.barriers import index_barriers
from spatial.network.direct import has_direct_walks, offer_direct_walks
from spatial.network.kernels_door import DIRECT, best_destinations
from spatial.network.kernels_search import label_nodes
from spatial.network.routes import Route, route_between

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.barriers import Barriers
    from spatial.network.graph import Adjacency, TravelGraph
    from spatial.network.kernels_door import Doors, Edges
    from spatial.network.kernels_search import Arcs
    from spatial.network.snapping import Snaps

    Direction = Literal["to_facility", "from_facility"]

__all__ = ["Nearest", "nearest", "node_labels"]


@dataclass(frozen=True, eq=False)
class Nearest:
    """
    The k nearest different destinations of each of n origins, the nearest first.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    origins, destinations : Snaps
        As given.
    direction : {'to_facility', 'from_facility'}
        Who travels: from the origins to the destinations, or from them.
    destination : ndarray of int64, shape (n, k)
        Position of the destination; -1 where no further one can be reached.
    travel_time_min : ndarray of float64, shape (n, k)
        Door to door; inf where there is no destination.
    access_leg_min : ndarray of float64, shape (n, k)
        Walk between the origin and the network, whoever travels; NaN where there is no destination.
    network_leg_min : ndarray of float64, shape (n, k)
        On the network; 0 where the whole way is walked off it; NaN where there is no destination.
    egress_leg_min : ndarray of float64, shape (n, k)
        Walk between the network and the destination; NaN where there is no destination.
    network_distance_m : ndarray of float64, shape (n, k)
        Along the fastest way, both walks included with their detour; inf where there is no destination.
    origin_candidate, destination_candidate : ndarray of int64, shape (n, k)
        Which candidates of the snaps are used; -1 where none, also on a direct walk.
    way : ndarray of int64, shape (n, k)
        How the origin's edge is left: 0 over its drawn beginning, 1 over its drawn end, 2 along it to a destination on
        the same edge, 3 for a direct walk that uses no edge; -1 where there is no destination.
    label_root, label_arc : ndarray, shape (n_nodes, k)
        Candidate of a destination that each node is nearest to, and the arc towards it (-1 where none).
    """

    graph: TravelGraph
    origins: Snaps
    destinations: Snaps
    direction: Direction
    destination: NDArray[np.int64]
    travel_time_min: NDArray[np.float64]
    access_leg_min: NDArray[np.float64]
    network_leg_min: NDArray[np.float64]
    egress_leg_min: NDArray[np.float64]
    network_distance_m: NDArray[np.float64]
    origin_candidate: NDArray[np.int64]
    destination_candidate: NDArray[np.int64]
    way: NDArray[np.int64]
    label_root: NDArray[np.int64]
    label_arc: NDArray[np.int32]

    @property
    def is_direct(self) -> NDArray[np.bool_]:
        """Where the whole way is walked off the network, of shape (n, k)."""
        return np.asarray(self.way == DIRECT)

    def route(self, origin: int, rank: int = 0) -> Route:
        """
        Follow the way that was found.

        Parameters
        ----------
        origin : int
            Position of the origin.
        rank : int
            0 for the nearest destination, 1 for the second nearest.

        Returns
        -------
        Route
            Edges in the order travelled, each with its direction, and the line from door to door.

        Raises
        ------
        NetworkError
            Where no destination of that rank is reached.
        """
        return route_between(self, origin, rank)


def nearest(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    *,
    k: int = 2,
    direction: Direction = "to_facility",
    max_time_min: float = np.inf,
    direct_barriers: gpd.GeoSeries | Barriers | None = None,
) -> Nearest:
    """
    Find the k nearest different destinations of every origin, door to door.

    One search spreads from all destinations at once; then every candidate of an origin competes, over both ends of
    its edge and along the edge itself. In walk mode the direct walk competes too (see `offer_direct_walks`).

    Parameters
    ----------
    graph : TravelGraph
        The network.
    origins, destinations : Snaps
        Places joined to this network. Equal times go to the lower position, so sort destinations by id.
    k : int
        How many destinations.
    direction : {'to_facility', 'from_facility'}
        Who travels: from the origins to the destinations, or from them.
    max_time_min : float
        Longer ways count as none, inclusive. Leave it at inf to tell too far from no way at all.
    direct_barriers : GeoSeries or Barriers, optional
        What a direct walk cannot cross.

    Returns
    -------
    Nearest
        One row an origin.

    Raises
    ------
    NetworkError
        Where the places were joined to another network.

    Examples
    --------
    >>> # nearest(graph, snap(graph, villages.geometry), snap(graph, clinics.geometry)).travel_time_min[:, 0]
    """
    towards = direction == "to_facility"
    doors = (door_arrays(graph, origins), door_arrays(graph, destinations))
    edges = edge_arrays(graph)
    label_min, label_root, label_arc, label_m = _label(graph, destinations, k, max_time_min, towards=towards)
    times, roots, candidate, way, metres = best_destinations(
        edges, doors, (label_min, label_root, label_m), _roots_by_edge(graph, destinations), int(towards)
    )
    per_place = max(destinations.candidates, 1)
    destination = np.where(roots < 0, -1, roots // per_place)
    found = {
        "destination": destination,
        "travel_time_min": times,
        "network_distance_m": metres,
        "origin_candidate": candidate,
        "destination_candidate": np.where(roots < 0, -1, roots % per_place),
        "way": way,
    }
    if has_direct_walks(graph):
        barriers = index_barriers(direct_barriers, crs=graph.crs)
        offer_direct_walks(
            found, origins, destinations, graph=graph, limit_min=max_time_min, barriers=barriers
        )
    _forget_beyond(found, max_time_min)
    legs = _legs(found, origins, destinations)
    return Nearest(
        graph, origins, destinations, direction, **found, **legs, label_root=label_root, label_arc=label_arc
    )


def node_labels(
    graph: TravelGraph, destinations: Snaps, *, direction: Direction = "to_facility"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """
    Find the nearest destination of every node, the walk to its door included.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    destinations : Snaps
        Places joined to it.
    direction : {'to_facility', 'from_facility'}
        Who travels.

    Returns
    -------
    tuple of ndarray, each of shape (n_nodes,)
        Position of the destination (-1 where none is reached) and minutes (inf).

    Raises
    ------
    NetworkError
        Where the places were joined to another network.
    """
    door_arrays(graph, destinations)
    towards = direction == "to_facility"
    label_min, label_root, _, _ = _label(graph, destinations, 1, np.inf, towards=towards)
    root = label_root[:, 0]
    return np.where(root < 0, -1, root // max(destinations.candidates, 1)), label_min[:, 0].copy()


def edge_arrays(graph: TravelGraph, *, against: bool = False) -> Edges:
    """
    Bundle what the kernels read of the edges.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    against : bool
        For a search against the traffic: minutes forwards and backwards change places.

    Returns
    -------
    tuple of ndarray
        Nodes at the drawn beginning and end, metres, minutes forwards and backwards.
    """
    forward, backward = graph.forward_min, graph.backward_min
    if against:
        forward, backward = backward, forward
    return graph.edge_from, graph.edge_to, graph.length_m, forward, backward


def arc_arrays(adjacency: Adjacency) -> Arcs:
    """
    Bundle what the kernels read of the arcs.

    Parameters
    ----------
    adjacency : Adjacency
        Outward or inward arcs of a graph.

    Returns
    -------
    tuple of ndarray
        Offsets, target, arc, minutes and metres.
    """
    return adjacency.offsets, adjacency.target, adjacency.arc, adjacency.time_min, adjacency.length_m


def door_arrays(graph: TravelGraph, places: Snaps) -> Doors:
    """
    Bundle what the kernels read of places.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    places : Snaps
        Places joined to it.

    Returns
    -------
    tuple of ndarray
        Edge, fraction, walk in minutes and walk in metres of each candidate.

    Raises
    ------
    NetworkError
        Where the places were joined to another network.
    """
    if places.edge.size and int(places.edge.max()) >= graph.n_edges:
        raise NetworkError(
            f"the places are joined to another network: edge {int(places.edge.max())} is asked for, but {graph!r} "
            f"has {graph.n_edges} edges; snap them to this one"
        )
    walk_m = places.distance_m * places.detour
    return places.edge, np.nan_to_num(places.fraction), places.access_min, walk_m


def _label(
    graph: TravelGraph, destinations: Snaps, k: int, limit_min: float, *, towards: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Spread from every candidate of every destination over both ends of its edge."""
    edge = destinations.edge
    roots = np.flatnonzero(edge.ravel() >= 0)
    e = edge.ravel()[roots]
    f = destinations.fraction.ravel()[roots]
    # Travel towards a destination enters its edge over the beginning and goes forwards; from it, it leaves there
    # backwards.
    over_from, over_to = (
        (graph.forward_min, graph.backward_min) if towards else (graph.backward_min, graph.forward_min)
    )
    walk_min = destinations.access_min.ravel()[roots]
    walk_m = destinations.distance_m.ravel()[roots] * destinations.detour
    nodes = np.concatenate((graph.edge_from[e], graph.edge_to[e]))
    share = np.concatenate((f, 1.0 - f))
    pace = np.concatenate((over_from[e], over_to[e]))
    is_open = np.isfinite(pace)
    minutes = np.where(is_open, share, 0.0) * np.where(is_open, pace, 0.0) + np.tile(walk_min, 2)
    metres = share * np.tile(graph.length_m[e], 2) + np.tile(walk_m, 2)
    seeds = (nodes[is_open], np.tile(roots, 2)[is_open], minutes[is_open], metres[is_open])
    arcs = arc_arrays(graph.inward if towards else graph.outward)
    labels: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]] = (
        label_nodes(arcs, seeds, max(destinations.candidates, 1), k, float(limit_min))
    )
    return labels


def _roots_by_edge(graph: TravelGraph, destinations: Snaps) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edge = destinations.edge.ravel()
    roots = np.flatnonzero(edge >= 0)
    order = np.argsort(edge[roots], kind="stable")
    offsets = np.zeros(graph.n_edges + 1, dtype=np.int64)
    np.cumsum(np.bincount(edge[roots], minlength=graph.n_edges), out=offsets[1:])
    return offsets, roots[order]


def _forget_beyond(found: dict[str, NDArray[Any]], limit_min: float) -> None:
    beyond = ~(found["travel_time_min"] <= limit_min)
    for name in ("destination", "origin_candidate", "destination_candidate", "way"):
        found[name][beyond] = -1
    for name in ("travel_time_min", "network_distance_m"):
        found[name][beyond] = np.inf


def _legs(found: dict[str, NDArray[Any]], origins: Snaps, destinations: Snaps) -> dict[str, NDArray[Any]]:
    """Split the door-to-door time into walk, network and walk; a direct walk is all access."""
    time, way = found["travel_time_min"], found["way"]
    none, direct = way < 0, way == DIRECT
    on_network = ~(none | direct)
    access = np.where(direct, time, 0.0)
    egress = np.zeros_like(time)
    rows = np.nonzero(on_network)
    access[rows] = origins.access_min[rows[0], found["origin_candidate"][rows]]
    egress[rows] = destinations.access_min[found["destination"][rows], found["destination_candidate"][rows]]
    with np.errstate(invalid="ignore"):
        network = np.maximum(time - access - egress, 0.0)
    return {
        "access_leg_min": np.where(none, np.nan, access),
        "network_leg_min": np.where(none, np.nan, network),
        "egress_leg_min": np.where(none, np.nan, egress),
    }
