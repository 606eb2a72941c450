"""Nearest destinations door to door, by one search outward from all destinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatial.network.joins.barriers import index_barriers
from spatial.network.search.direct import has_direct_walks, offer_direct_walks
from spatial.network.search.doors import check_edges, lanes_of, on_chains, place_doors, seeds_at_ends
from spatial.network.search.kernels_along import along_chains
from spatial.network.search.kernels_door import DIRECT, best_destinations
from spatial.network.search.kernels_fill import label_all_nodes
from spatial.network.search.kernels_search import label_nodes
from spatial.network.search.routes import Route, Routes, route_between, routes_between

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.joins.barriers import Barriers
    from spatial.network.joins.snapping import Snaps
    from spatial.network.search.kernels_door import Doors

    LabelTable = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]
    Direction = Literal["to_facility", "from_facility"]

__all__ = ["Nearest", "nearest", "node_labels"]

_FINE = 0.25
"""Width of a step of a search from many places at once over that of the core; measured, changes the speed only."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The k nearest different destinations of each of n origins, the nearest first."""

    graph: TravelGraph  # the network
    origins: Snaps  # as given
    destinations: Snaps
    direction: Direction  # who travels: from the origins to the destinations, or from them
    # shape (n, k), position of the destination; -1 where no further one can be reached
    destination: NDArray[np.int64]
    travel_time_min: NDArray[np.float64]  # shape (n, k), door to door; inf where there is no destination
    # shape (n, k), walk between the origin and the network, whoever travels; NaN where there is no
    # destination
    access_leg_min: NDArray[np.float64]
    # shape (n, k), on the network; 0 where the whole way is walked off it; NaN where there is no
    # destination
    network_leg_min: NDArray[np.float64]
    # shape (n, k), walk between the network and the destination; NaN where there is no destination
    egress_leg_min: NDArray[np.float64]
    # shape (n, k), along the fastest way, both walks included with their detour; inf where there is no
    # destination
    network_distance_m: NDArray[np.float64]
    # shape (n, k), which candidates of the snaps are used; -1 where none, also on a direct walk
    origin_candidate: NDArray[np.int64]
    destination_candidate: NDArray[np.int64]
    # shape (n, k), how the origin's chain of edges (see `Core`) is left: 0 over its first end, 1 over its
    # last, 2 along it to a destination on the same chain, 3 for a direct walk that uses no edge; -1 where
    # there is no destination
    way: NDArray[np.int64]
    # shape (n_search, k), of each core node the candidates of destinations that it is nearest to, and the
    # chains towards them as in `CoreShape.arc_half` (-1 where none); for the routes
    labels: tuple[NDArray[np.int32], NDArray[np.int32]]
    destination_doors: Doors  # destinations on the chains, for the routes

    @property
    def is_direct(self) -> NDArray[np.bool_]:
        """Where the whole way is walked off the network, of shape (n, k)."""
        return np.asarray(self.way == DIRECT)

    def route(self, origin: int, rank: int = 0) -> Route:
        """Follow the way that was found."""
        return route_between(self, origin, rank)

    def routes(self, origins: NDArray[np.int64] | None = None, rank: int = 0) -> Routes:
        """
        Follow the ways of many origins in one pass.

        Examples
        --------
        >>> # near.routes().line[0].length
        """
        rows = np.arange(len(self.origins)) if origins is None else np.asarray(origins, dtype=np.int64)
        return routes_between(self, rows, rank)


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

    Examples
    --------
    >>> # nearest(graph, snap(graph, villages.geometry), snap(graph, clinics.geometry)).travel_time_min[:, 0]
    """
    towards = direction == "to_facility"
    goals = place_doors(graph, destinations, leaving=not towards)
    labels = _label(graph, goals, max(destinations.candidates, 1), (k, max_time_min), towards=towards)
    times, roots, candidate, way, metres = _best(
        graph, origins, destinations, (goals, labels), towards=towards
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
        graph, origins, destinations, direction, **found, **legs, labels=labels[1:3], destination_doors=goals
    )


def node_labels(
    graph: TravelGraph, destinations: Snaps, *, direction: Direction = "to_facility"
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """
    Find the nearest destination of every node, the walk to its door included.

    Returns position of the destination as int32 (-1 where none is reached), and minutes (inf).
    """
    check_edges(graph, destinations)
    core, shape = graph.core, graph.core_shape
    towards = direction == "to_facility"
    lanes = (core.backward, core.forward) if towards else (core.forward, core.backward)
    places, times = np.empty(graph.n_nodes, np.int32), np.empty(graph.n_nodes)
    label_all_nodes(
        shape.fill_arrays,
        (shape.arc_offsets, shape.arc_target, core.in_min if towards else core.out_min),
        lanes,
        (
            np.ascontiguousarray(destinations.edge, dtype=np.int64).ravel(),
            np.ascontiguousarray(destinations.fraction, dtype=np.float64).ravel(),
            np.ascontiguousarray(destinations.access_min, dtype=np.float64).ravel(),
        ),
        max(destinations.candidates, 1),
        _FINE * core.width_min,
        (places, times),
    )
    return places, times


def _label(
    graph: TravelGraph, goals: Doors, per_place: int, limits: tuple[int, float], *, towards: bool
) -> LabelTable:
    """Spread from every candidate of every destination over both ends of its chain."""
    core, (k, limit_min) = graph.core, limits
    shape = core.shape
    arcs = (
        shape.arc_offsets,
        shape.arc_target,
        shape.arc_half,
        core.in_min if towards else core.out_min,
        core.arc_m,
    )
    size = (shape.n_search, k)
    times, places, roots = np.full(size, np.inf), np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    via, metres = np.full(size, -1, np.int32), np.full(size, np.inf)
    table = (times, places, roots, via, metres)
    label_nodes(arcs, seeds_at_ends(graph, goals), table, per_place, float(limit_min))
    return times, roots, via, metres


def _best(
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    search: tuple[Doors, LabelTable],
    *,
    towards: bool,
) -> tuple[Any, ...]:
    """Let every candidate of every origin compete, over both ends of its chain and along it."""
    (goals, (label_min, label_root, _, label_m)), shape = search, graph.core_shape
    starts = place_doors(graph, origins, leaving=towards)
    along = along_chains(
        shape.step_arc,
        lanes_of(graph, onwards=towards),
        starts,
        goals,
        on_chains(goals, shape.n_chains),
        np.inf,
    )
    size = (len(origins), label_min.shape[1])
    times, metres = np.full(size, np.inf), np.full(size, np.inf)
    roots, candidates, ways = (np.full(size, -1, np.int64) for _ in range(3))
    best_destinations(
        (shape.first, shape.last),
        starts,
        along,
        (label_min, label_root, label_m),
        (times, roots, candidates, ways, metres),
        max(destinations.candidates, 1),
    )
    return times, roots, candidates, ways, metres


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
