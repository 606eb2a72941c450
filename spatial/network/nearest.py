"""Nearest destinations door to door, by one search outward from all destinations, and the ways to them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from scipy.spatial import cKDTree

from spatial.errors import NetworkError
from spatial.network.barriers import blocked_legs, index_barriers, places_on_barriers
from spatial.network.bus import BUS
from spatial.network.graph import arc_direction, arc_edge
from spatial.network.kernels_core import legs_on_chains
from spatial.network.kernels_places import DIRECT, along_chains, best_destinations, label_all_nodes
from spatial.network.kernels_routes import draw_ways, follow_ways
from spatial.network.kernels_search import label_nodes
from spatial.network.snapping import walk_minutes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.barriers import Barriers
    from spatial.network.graph import TravelGraph
    from spatial.network.kernels_core import Lane
    from spatial.network.kernels_places import Doors
    from spatial.network.snapping import Snaps

    LabelTable = tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]
    Direction = Literal["to_facility", "from_facility"]


# Places on the contracted graph: where each candidate lies on its chain, and its legs to both ends.


def place_doors(graph: TravelGraph, places: Snaps, *, leaving: bool) -> Doors:
    """Find places on the chains of a graph."""
    check_edges(graph, places)
    chain, step, along, minutes, metres = points_on_chains(
        graph, places.edge.ravel(), places.fraction.ravel(), leaving=leaving
    )
    walk_min = np.ascontiguousarray(places.access_min, dtype=np.float64).ravel()
    walk_m = np.ascontiguousarray(places.distance_m * places.detour, dtype=np.float64).ravel()
    return chain, step, along, minutes, metres, walk_min, walk_m


def check_edges(graph: TravelGraph, places: Snaps) -> None:
    """Refuse places that were joined to another network."""
    if places.edge.size and int(places.edge.max()) >= graph.n_edges:
        raise NetworkError(
            f"the places are joined to another network: edge {int(places.edge.max())} is asked for, but {graph!r} "
            f"has {graph.n_edges} edges; snap them to this one"
        )


def points_on_chains(
    graph: TravelGraph, edge: NDArray[np.int64], fraction: NDArray[np.float64], *, leaving: bool
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]:
    """
    Find points on edges on the chains of a graph.

    Returns chain (-1), step, share of the step in the order walked, minutes and metres over the first and the
    last end.
    """
    core = graph.core
    lanes = (core.backward, core.forward) if leaving else (core.forward, core.backward)
    n = len(edge)
    out = (
        np.full(n, -1, np.int32),
        np.full(n, -1, np.int32),
        np.zeros(n),
        np.full((n, 2), np.inf),
        np.full((n, 2), np.inf),
    )
    legs_on_chains(
        np.ascontiguousarray(edge, dtype=np.int64),
        np.nan_to_num(np.ascontiguousarray(fraction, dtype=np.float64)),
        core.shape.chain_arcs,
        (*lanes, core.metres),
        out,
    )
    return out


def lanes_of(graph: TravelGraph, *, onwards: bool) -> tuple[Lane, Lane, Lane]:
    """
    Bundle the lanes of a graph as `along_chain` reads them.

    Returns from the first end to the last, from the last to the first, and metres.
    """
    core = graph.core
    there, back = (core.forward, core.backward) if onwards else (core.backward, core.forward)
    return there, back, core.metres


def on_chains(doors: Doors, n_chains: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """
    List the candidates on each chain.

    Returns offsets by chain, and rows of the doors.
    """
    rows = np.flatnonzero(doors[0] >= 0)
    offsets = np.zeros(n_chains + 1, dtype=np.int32)
    np.cumsum(np.bincount(doors[0][rows], minlength=n_chains), out=offsets[1:])
    return offsets, rows[np.argsort(doors[0][rows], kind="stable")]


def seeds_at_ends(
    graph: TravelGraph, doors: Doors
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """
    List the ends of chains from which a search sets out.

    Returns core node, row of the doors, minutes and metres to the door of the place.
    """
    shape = graph.core_shape
    chain, _, _, legs, legs_m, walk_min, walk_m = doors
    rows = np.tile(np.arange(len(chain)), 2)
    way = np.repeat((0, 1), len(chain))
    rows, way = rows[chain[rows] >= 0], way[chain[rows] >= 0]
    nodes = np.where(way == 0, shape.first[chain[rows]], shape.last[chain[rows]])
    minutes = legs[rows, way] + walk_min[rows]
    used = (nodes < shape.n_search) & (minutes < np.inf)
    rows, way = rows[used], way[used]
    return nodes[used], rows, minutes[used], legs_m[rows, way] + walk_m[rows]


# The walk straight from door to door, which competes with the network in walk mode.

_FIRST_LOOK = 8
_WIDEN = 4
"""How many nearest places are looked at, and how the look widens; they change the speed only."""

_SAME_SHARE = 1e-9
"""Minutes that differ by less are the same: they were rounded."""


def has_direct_walks(graph: TravelGraph) -> bool:
    """Tell whether the walk from door to door competes with the network."""
    return "walk" in graph.mode.split("+")


def may_walk_directly(
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    barriers: Barriers | None,
) -> NDArray[np.bool_]:
    """
    Tell which pairs may be walked straight from door to door.

    A pair may where no barrier lies between and the ground between is known to be land: both places are joined to the
    same component of the network, or they are no farther apart than a walk to the network may be. Without the second
    condition people would walk from island to island wherever the sea is not mapped as a barrier. Where slopes slow the
    network, only the latter holds: a straight walk knows no slope, and a long one over a hill would win by that alone.
    """
    i, j = pairs
    distance = np.hypot(origins.x[i] - destinations.x[j], origins.y[i] - destinations.y[j])
    allowed = distance <= min(origins.max_snap_m, destinations.max_snap_m)
    # Tell whether walkers take longer one way than the other: without slopes both ways of an edge take the
    # same.
    on_foot = graph.is_snappable
    if graph.edge_layer is not None:
        # Buses are laid into the walking network: they are a mode without a layer of their own.
        layers = [mode for mode in graph.mode.split("+") if mode != BUS]
        on_foot = on_foot & (graph.edge_layer == layers.index("walk"))
    forward, backward = graph.forward_min[on_foot], graph.backward_min[on_foot]
    both = np.isfinite(forward) & np.isfinite(backward)
    is_sloped = bool(np.any(np.abs(forward[both] - backward[both]) > _SAME_SHARE * forward[both]))
    if not is_sloped:
        allowed |= _share_component(graph, origins, destinations, pairs)
    if barriers is not None:
        rows = np.flatnonzero(allowed)
        starts = np.column_stack((origins.x[i[rows]], origins.y[i[rows]]))
        goals = np.column_stack((destinations.x[j[rows]], destinations.y[j[rows]]))
        allowed[rows[blocked_legs(barriers, starts, goals)]] = False
        allowed &= ~places_on_barriers(barriers, np.column_stack((origins.x, origins.y)))[i]
    return allowed


def _share_component(
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.bool_]:
    i, j = pairs
    shared = np.zeros(len(i), dtype=bool)
    ours = np.where(origins.edge < 0, -1, graph.component[origins.edge])
    theirs = np.where(destinations.edge < 0, -2, graph.component[destinations.edge])
    for c in range(ours.shape[1]):
        for d in range(theirs.shape[1]):
            shared |= ours[i, c] == theirs[j, d]
    return shared


def offer_direct_walks(
    found: dict[str, NDArray[Any]],
    origins: Snaps,
    destinations: Snaps,
    *,
    graph: TravelGraph,
    limit_min: float,
    barriers: Barriers | None,
) -> None:
    """Let the direct walk compete with the ways found on the network, in place."""
    if len(origins) == 0 or len(destinations) == 0:
        return
    i, j, distance = _pairs_worth_walking(
        found["travel_time_min"], origins, destinations, graph, (barriers, limit_min)
    )
    minutes = walk_minutes(distance, walk_km_h=origins.walk_km_h, detour=origins.detour)
    offers = {
        "destination": j,
        "travel_time_min": minutes,
        "network_distance_m": distance * origins.detour,
        "origin_candidate": np.full(len(i), -1),
        "destination_candidate": np.full(len(i), -1),
        "way": np.full(len(i), DIRECT),
    }
    _merge(found, i, offers)


def _pairs_worth_walking(
    best: NDArray[np.float64],
    origins: Snaps,
    destinations: Snaps,
    graph: TravelGraph,
    rules: tuple[Barriers | None, float],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs whose direct walk is open and not longer than the k-th way found so far."""
    barriers, limit_min = rules
    k, n_places = best.shape[1], len(destinations)
    reach_min = np.minimum(best[:, -1], limit_min)
    reach_m = reach_min * origins.walk_km_h / origins.detour * (1000.0 / 60.0)
    start = np.column_stack((origins.x, origins.y))
    tree = cKDTree(np.column_stack((destinations.x, destinations.y)))
    rows, look = np.arange(len(origins)), min(max(_FIRST_LOOK, 2 * k), n_places)
    kept = []
    while len(rows):
        looked = tree.query(start[rows], k=np.arange(1, look + 1))
        distance, place = np.asarray(looked[0], dtype=np.float64), np.asarray(looked[1], dtype=np.int64)
        at, slot = np.nonzero(distance <= reach_m[rows][:, None] * (1 + 1e-9))
        i, j, metres = rows[at], place[at, slot], distance[at, slot]
        allowed = may_walk_directly(graph, origins, destinations, (i, j), barriers)
        open_before_last = allowed & (metres < distance[at, -1])
        enough = np.bincount(at[open_before_last], minlength=len(rows)) >= k
        done = enough | (distance[:, -1] > reach_m[rows]) | (look >= n_places)
        take = allowed & done[at]
        kept.append((i[take], j[take], metres[take]))
        rows, look = rows[~done], min(look * _WIDEN, n_places)
    i, j, metres = (np.concatenate(part) for part in zip(*kept, strict=True))
    return i, j, metres


def _merge(found: dict[str, NDArray[Any]], i: NDArray[np.int64], offers: dict[str, NDArray[Any]]) -> None:
    """Keep each origin's k best different destinations out of both kinds of way; equal times stay on the network."""
    n, k = found["destination"].shape
    row = np.concatenate((np.repeat(np.arange(n), k), i))
    both = {name: np.concatenate((found[name].ravel(), offers[name])) for name in found}
    usable = np.flatnonzero(both["destination"] >= 0)
    order = usable[
        np.lexsort(
            (both["way"][usable], both["travel_time_min"][usable], both["destination"][usable], row[usable])
        )
    ]
    first = np.r_[True, (row[order][1:] != row[order][:-1]) | (np.diff(both["destination"][order]) != 0)]
    order = order[first[: len(order)]]
    order = order[np.lexsort((both["destination"][order], both["travel_time_min"][order], row[order]))]
    counts = np.bincount(row[order], minlength=n)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    order, rank = order[rank < k], rank[rank < k]
    for name, values in found.items():
        values[:] = np.inf if values.dtype.kind == "f" else -1
        values[row[order], rank] = both[name][order]


# Follow ways that were found: their edges in the order travelled, and their lines from door to door.


@dataclass(frozen=True)
class Route:
    """One way from door to door."""

    # edge ids in the order travelled, each with 1 (in its drawn direction) or -1; the first and the last
    # are travelled in part. Empty where no edge is travelled, as on a direct walk
    edges: tuple[tuple[str, int], ...]
    # from the traveller's door to the other one, both walks included as straight lines
    line: shapely.LineString


@dataclass(frozen=True, eq=False)
class Routes:
    """n ways from door to door, each in the direction of travel."""

    # shape (n + 1,), edges of way i are the rows ``offsets[i]`` to ``offsets[i + 1] - 1``; none where no
    # edge is travelled
    offsets: NDArray[np.int64]
    edge: NDArray[np.int64]  # edges in the order travelled
    direction: NDArray[np.int64]  # 1 in the drawn direction, -1 against it
    # shape (len(edge), shares of the edge, in its drawn direction, at which travel enters and leaves it: 0
    # and 1, or 1 and 0, but for the first and the last
    share: NDArray[np.float64]
    # shape (n,), from the traveller's door to the other one, both walks included as straight lines; None
    # where there is no way
    line: NDArray[np.object_]
    edge_id: NDArray[np.object_]  # ids of all edges of the graph

    def __len__(self) -> int:
        """Return the number of ways."""
        return len(self.line)

    def edge_ids(self) -> list[list[str]]:
        """Name the edges of every way."""
        names = self.edge_id[self.edge].tolist()
        return [names[first:last] for first, last in itertools.pairwise(self.offsets.tolist())]


def routes_between(found: Nearest, origins: NDArray[np.int64], rank: int) -> Routes:
    """Follow the ways from origins to one of their destinations, all in one pass."""
    pieces = _pieces(found, origins, rank)
    doors = _doors(found, origins, rank)
    if found.direction == "from_facility":
        offsets, arcs, shares = pieces
        way = np.repeat(np.arange(len(origins)), np.diff(offsets))
        back = offsets[way] + offsets[way + 1] - 1 - np.arange(len(arcs))
        pieces = offsets, arcs[back] ^ 1, np.ascontiguousarray(shares[back][:, ::-1])
        doors = np.ascontiguousarray(doors.reshape(-1, 4, 2)[:, ::-1].reshape(-1, 8))
    offsets, arcs, shares = pieces
    line = np.full(len(origins), None, dtype=object)
    reached = np.flatnonzero(found.destination[origins, rank] >= 0)
    if len(reached):
        graph = found.graph
        ends, points = draw_ways(graph.coordinates, graph.coordinate_offsets, pieces, doors)
        of = np.repeat(np.arange(len(origins)), np.diff(ends))
        # A direct walk has no foot points; of points that repeat the one before, all but the two doors are left out.
        kept = np.isfinite(points[:, 0])
        points, of = points[kept], of[kept]
        is_door = np.r_[True, of[1:] != of[:-1]] | np.r_[of[1:] != of[:-1], True]
        moves = np.r_[True, (np.diff(points, axis=0) != 0.0).any(axis=1)]
        points, of = points[is_door | moves], of[is_door | moves]
        number = np.cumsum(found.destination[origins, rank] >= 0) - 1
        line[reached] = shapely.linestrings(points, indices=number[of])
    edges, directions = arc_edge(arcs.astype(np.int64)), arc_direction(arcs.astype(np.int64))
    return Routes(offsets, edges, directions, shares, line, found.graph.edge_id)


def route_between(found: Nearest, origin: int, rank: int) -> Route:
    """Follow the way from one origin to one of its destinations."""
    if int(found.destination[origin, rank]) < 0:
        raise NetworkError(
            f"origin {origin} reaches no destination of rank {rank}: there is no route to follow"
        )
    one = routes_between(found, np.array([origin], dtype=np.int64), rank)
    edges = tuple(zip(one.edge_ids()[0], one.direction.tolist(), strict=True))
    return Route(edges, one.line[0])


def _pieces(
    found: Nearest, origins: NDArray[np.int64], rank: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    goals, shape = found.destinations, found.graph.core_shape
    place, candidate = found.destination[origins, rank], found.origin_candidate[origins, rank]
    to_chain, to_step, to_share, to_legs, *_ = found.destination_doors
    edge = np.where(candidate < 0, -1, found.origins.edge[origins, candidate])
    fraction = found.origins.fraction[origins, candidate]
    chain, step, share, _, _ = points_on_chains(found.graph, edge, fraction, leaving=True)
    roots = place * max(goals.candidates, 1) + found.destination_candidate[origins, rank]
    way = found.way[origins, rank]
    ways = np.column_stack((way, np.where((place < 0) | (way == DIRECT), -1, roots)))
    legs: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]] = follow_ways(
        (shape.first, shape.last, shape.offsets),
        ((chain, step, share), (to_chain, to_step, to_share, to_legs)),
        found.labels,
        ways,
        max(goals.candidates, 1),
    )
    return _steps_of(legs, shape.step_arc)


def _steps_of(
    legs: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]], step_arc: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """List the edges of legs on chains: offsets by way, arcs, and drawn shares at which they are entered and left."""
    offsets, steps, shares = legs
    up = (steps[:, 0] < steps[:, 1]) | ((steps[:, 0] == steps[:, 1]) & (shares[:, 0] <= shares[:, 1]))
    counts = np.abs(steps[:, 1] - steps[:, 0]) + 1
    leg = np.repeat(np.arange(len(steps)), counts)
    number = np.arange(len(leg)) - np.repeat(np.cumsum(counts) - counts, counts)
    arc = step_arc[steps[leg, 0] + np.where(up[leg], number, -number)]
    enter = np.where(number == 0, shares[leg, 0], np.where(up[leg], 0.0, 1.0))
    leave = np.where(number == counts[leg] - 1, shares[leg, 1], np.where(up[leg], 1.0, 0.0))
    is_back = arc & 1 == 1
    share = np.column_stack((np.where(is_back, 1.0 - enter, enter), np.where(is_back, 1.0 - leave, leave)))
    # From a point at the very end of an edge nothing of that edge is travelled.
    moves = enter != leave
    way = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[leg]
    ends = np.zeros(len(offsets), dtype=np.int64)
    np.cumsum(np.bincount(way[moves], minlength=len(offsets) - 1), out=ends[1:])
    arcs = (arc >> 1) * 2 + (share[:, 0] > share[:, 1])
    return ends, arcs[moves].astype(np.int32), np.ascontiguousarray(share[moves])


def _doors(found: Nearest, origins: NDArray[np.int64], rank: int) -> NDArray[np.float64]:
    """List door, foot point, foot point and door from the origin's side to the destination's."""
    starts, goals = found.origins, found.destinations
    place = found.destination[origins, rank]
    doors = np.full((len(origins), 8), np.nan)
    rows = np.flatnonzero(place >= 0)
    doors[rows, 0], doors[rows, 1] = starts.x[origins[rows]], starts.y[origins[rows]]
    doors[rows, 6], doors[rows, 7] = goals.x[place[rows]], goals.y[place[rows]]
    rows = np.flatnonzero((place >= 0) & (found.way[origins, rank] != DIRECT))
    start = (origins[rows], found.origin_candidate[origins[rows], rank])
    goal = (place[rows], found.destination_candidate[origins[rows], rank])
    doors[rows, 2], doors[rows, 3] = starts.foot_x[start], starts.foot_y[start]
    doors[rows, 4], doors[rows, 5] = goals.foot_x[goal], goals.foot_y[goal]
    return doors


# Nearest destinations door to door, by one search outward from all destinations.

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
    beyond = ~(found["travel_time_min"] <= max_time_min)
    for name in ("destination", "origin_candidate", "destination_candidate", "way"):
        found[name][beyond] = -1
    for name in ("travel_time_min", "network_distance_m"):
        found[name][beyond] = np.inf
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
