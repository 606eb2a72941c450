"""Nearest destinations door to door, by one search outward from all destinations, and the ways to them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import NetworkError
from spatial.network.combined import BUS
from spatial.network.graph import TravelGraph
from spatial.network.kernels_core import Points, legs_on_chains
from spatial.network.kernels_places import (
    DIRECT,
    Best,
    Doors,
    DoorsByChain,
    NodeLabels,
    Pieces,
    Places,
    TowardsPlaces,
    along_chains,
    best_destinations,
    draw_ways,
    follow_ways,
    label_all_nodes,
)
from spatial.network.kernels_search import Labels, Seeds, label_nodes
from spatial.network.snapping import Barriers, Snaps, blocked_legs, index_barriers, places_on_barriers, walk_minutes

Direction = Literal["to_facility", "from_facility"]


# Places on the contracted graph: where each candidate lies on its chain, and its legs to both ends.


def place_doors(graph: TravelGraph, places: Snaps, *, leaving: bool) -> Doors:
    """Find places on the chains of a graph."""
    check_edges(graph, places)
    return Doors(
        points_on_chains(graph, places.edge.ravel(), places.fraction.ravel(), leaving=leaving),
        np.ascontiguousarray(places.access_min, dtype=np.float64).ravel(),
        np.ascontiguousarray(places.distance_m * places.detour, dtype=np.float64).ravel(),
    )


def check_edges(graph: TravelGraph, places: Snaps) -> None:
    """Refuse places that were joined to another network."""
    if places.edge.size and int(places.edge.max()) >= graph.n_edges:
        raise NetworkError(
            f"the places are joined to another network: edge {int(places.edge.max())} is asked for, but {graph!r} "
            f"has {graph.n_edges} edges; snap them to this one"
        )


def points_on_chains(graph: TravelGraph, edge: IntArray, fraction: FloatArray, *, leaving: bool) -> Points:
    """Find points on edges on the chains of a graph, with the legs of those who leave them or come to them."""
    core, n = graph.core, len(edge)
    points = Points(
        chain=np.full(n, -1, np.int32),
        step=np.full(n, -1, np.int32),
        share=np.zeros(n),
        leg_min=np.full((n, 2), np.inf),
        leg_m=np.full((n, 2), np.inf),
    )
    legs_on_chains(
        np.ascontiguousarray(edge, dtype=np.int64),
        np.nan_to_num(np.ascontiguousarray(fraction, dtype=np.float64)),
        core.shape.chains,
        core.lanes(onwards=not leaving),
        core.metres,
        points,
    )
    return points


def on_chains(doors: Doors, n_chains: int) -> DoorsByChain:
    """List the candidates on each chain."""
    chain = doors.points.chain
    rows = np.flatnonzero(chain >= 0)
    offsets = np.zeros(n_chains + 1, dtype=np.int32)
    np.cumsum(np.bincount(chain[rows], minlength=n_chains), out=offsets[1:])
    return DoorsByChain(doors, offsets, rows[np.argsort(chain[rows], kind="stable")].astype(np.int32))


def seeds_at_ends(graph: TravelGraph, doors: Doors) -> Seeds:
    """List the ends of chains from which a search sets out; roots are rows of the doors."""
    shape, (points, walk_min, walk_m) = graph.core_shape, doors
    rows = np.tile(np.arange(len(points.chain)), 2)
    way = np.repeat((0, 1), len(points.chain))
    rows, way = rows[points.chain[rows] >= 0], way[points.chain[rows] >= 0]
    chain = points.chain[rows]
    nodes = np.where(way == 0, shape.chains.first[chain], shape.chains.last[chain])
    minutes = points.leg_min[rows, way] + walk_min[rows]
    used = (nodes < shape.n_search) & (minutes < np.inf)
    rows, way = rows[used], way[used]
    return Seeds(nodes[used], rows, minutes[used], points.leg_m[rows, way] + walk_m[rows])


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
    graph: TravelGraph, origins: Snaps, destinations: Snaps, i: IntArray, j: IntArray, *, barriers: Barriers | None
) -> BoolArray:
    """
    Tell which pairs may be walked straight from door to door: no barrier lies between, and the ground is known as land.

    That is where both are joined to one component, or are no farther apart than a walk to the network may be: else
    people would walk between islands. On slopes only the latter holds, since a straight walk knows no hill.
    """
    distance = np.hypot(origins.x[i] - destinations.x[j], origins.y[i] - destinations.y[j])
    allowed = distance <= min(origins.max_snap_m, destinations.max_snap_m)
    # Without slopes walkers take the same time both ways.
    on_foot = graph.is_snappable
    if graph.edge_layer is not None:
        # Buses are laid into the walking network: they are a mode without a layer of their own.
        layers = [mode for mode in graph.mode.split("+") if mode != BUS]
        on_foot = on_foot & (graph.edge_layer == layers.index("walk"))
    forward, backward = graph.forward_min[on_foot], graph.backward_min[on_foot]
    both = np.isfinite(forward) & np.isfinite(backward)
    if not np.any(np.abs(forward[both] - backward[both]) > _SAME_SHARE * forward[both]):
        ours = np.where(origins.edge < 0, -1, graph.component[origins.edge])
        theirs = np.where(destinations.edge < 0, -2, graph.component[destinations.edge])
        for c, d in itertools.product(range(ours.shape[1]), range(theirs.shape[1])):
            allowed |= ours[i, c] == theirs[j, d]
    if barriers is not None:
        rows = np.flatnonzero(allowed)
        starts = np.column_stack((origins.x[i[rows]], origins.y[i[rows]]))
        goals = np.column_stack((destinations.x[j[rows]], destinations.y[j[rows]]))
        allowed[rows[blocked_legs(barriers, starts, goals)]] = False
        allowed &= ~places_on_barriers(barriers, np.column_stack((origins.x, origins.y)))[i]
    return allowed


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
    (n, k), n_places = found["destination"].shape, len(destinations)
    if n == 0 or n_places == 0:
        return
    # Pairs whose direct walk is open and not longer than the k-th way found so far.
    reach_min = np.minimum(found["travel_time_min"][:, -1], limit_min)
    reach_m = reach_min * origins.walk_km_h / origins.detour * (1000.0 / 60.0)
    start = np.column_stack((origins.x, origins.y))
    tree = cKDTree(np.column_stack((destinations.x, destinations.y)))
    rows, look = np.arange(n), min(max(_FIRST_LOOK, 2 * k), n_places)
    kept = []
    while len(rows):
        looked = tree.query(start[rows], k=np.arange(1, look + 1))
        distance, place = np.asarray(looked[0], dtype=np.float64), np.asarray(looked[1], dtype=np.int64)
        at, slot = np.nonzero(distance <= reach_m[rows][:, None] * (1 + 1e-9))
        i, j, metres = rows[at], place[at, slot], distance[at, slot]
        allowed = may_walk_directly(graph, origins, destinations, i, j, barriers=barriers)
        open_before_last = allowed & (metres < distance[at, -1])
        enough = np.bincount(at[open_before_last], minlength=len(rows)) >= k
        done = enough | (distance[:, -1] > reach_m[rows]) | (look >= n_places)
        take = allowed & done[at]
        kept.append((i[take], j[take], metres[take]))
        rows, look = rows[~done], min(look * _WIDEN, n_places)
    i, j, metres = (np.concatenate(part) for part in zip(*kept, strict=True))
    offers = {
        "destination": j,
        "travel_time_min": walk_minutes(metres, walk_km_h=origins.walk_km_h, detour=origins.detour),
        "network_distance_m": metres * origins.detour,
        "origin_candidate": np.full(len(i), -1),
        "destination_candidate": np.full(len(i), -1),
        "way": np.full(len(i), DIRECT),
    }
    # Of both kinds of way the better one to each destination; equal times stay on the network.
    row = np.concatenate((np.repeat(np.arange(n), k), i))
    both = {name: np.concatenate((found[name].ravel(), offers[name])) for name in found}
    order = np.lexsort((both["way"], both["travel_time_min"], both["destination"], row))
    order = order[both["destination"][order] >= 0]
    first = np.r_[True, (np.diff(row[order]) != 0) | (np.diff(both["destination"][order]) != 0)]
    order = order[first[: len(order)]]
    # Each origin's k best destinations.
    order = order[np.lexsort((both["destination"][order], both["travel_time_min"][order], row[order]))]
    counts = np.bincount(row[order], minlength=n)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    order, rank = order[rank < k], rank[rank < k]
    for name, values in found.items():
        values[:] = np.inf if values.dtype.kind == "f" else -1
        values[row[order], rank] = both[name][order]


# Follow ways that were found: their edges in the order travelled, and their lines from door to door.


@dataclass(frozen=True, eq=False)
class Routes:
    """n ways from door to door, each in the direction of travel."""

    # shape (n + 1,), edges of way i are the rows ``offsets[i]`` to ``offsets[i + 1] - 1``; none where no
    # edge is travelled
    offsets: IntArray
    edge: IntArray  # edges in the order travelled
    direction: IntArray  # 1 in the drawn direction, -1 against it
    # shape (len(edge), shares of the edge, in its drawn direction, at which travel enters and leaves it: 0
    # and 1, or 1 and 0, but for the first and the last
    share: FloatArray
    # shape (n,), from the traveller's door to the other one, both walks included as straight lines; None
    # where there is no way
    line: ObjectArray
    edge_id: ObjectArray  # ids of all edges of the graph

    def __len__(self) -> int:
        """Return the number of ways."""
        return len(self.line)

    def edge_ids(self) -> list[list[str]]:
        """Name the edges of every way."""
        names = self.edge_id[self.edge].tolist()
        return [names[first:last] for first, last in itertools.pairwise(self.offsets.tolist())]


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
    destination: IntArray
    travel_time_min: FloatArray  # shape (n, k), door to door; inf where there is no destination
    # shape (n, k), walk between the origin and the network, whoever travels; NaN where there is no destination
    access_leg_min: FloatArray
    # shape (n, k), on the network; 0 where the whole way is walked off it; NaN where there is no destination
    network_leg_min: FloatArray
    # shape (n, k), walk between the network and the destination; NaN where there is no destination
    egress_leg_min: FloatArray
    # shape (n, k), along the fastest way, both walks included with their detour; inf where there is no destination
    network_distance_m: FloatArray
    # shape (n, k), which candidates of the snaps are used; -1 where none, also on a direct walk
    origin_candidate: IntArray
    destination_candidate: IntArray
    # shape (n, k), how the origin's chain of edges (see `ContractedGraph`) is left: 0 over its first end, 1 over its
    # last, 2 along it to a destination on the same chain, 3 for a direct walk that uses no edge; -1 where
    # there is no destination
    way: IntArray
    towards: TowardsPlaces  # for the routes
    destination_doors: Doors  # destinations on the chains, for the routes

    @property
    def is_direct(self) -> BoolArray:
        """Where the whole way is walked off the network, of shape (n, k)."""
        return np.asarray(self.way == DIRECT)

    def routes(self, origins: IntArray | None = None, rank: int = 0) -> Routes:
        """Follow the ways of many origins in one pass."""
        graph, starts, goals = self.graph, self.origins, self.destinations
        every = np.arange(len(starts)) if origins is None else np.asarray(origins, dtype=np.int64)
        pieces = self._pieces(every, rank)
        # Door, foot point, foot point and door from the origin's side to the destination's.
        place = self.destination[every, rank]
        reached = np.flatnonzero(place >= 0)
        doors = np.full((len(every), 8), np.nan)
        doors[reached, 0], doors[reached, 1] = starts.x[every[reached]], starts.y[every[reached]]
        doors[reached, 6], doors[reached, 7] = goals.x[place[reached]], goals.y[place[reached]]
        rows = np.flatnonzero((place >= 0) & (self.way[every, rank] != DIRECT))
        start = (every[rows], self.origin_candidate[every[rows], rank])
        goal = (place[rows], self.destination_candidate[every[rows], rank])
        doors[rows, 2], doors[rows, 3] = starts.foot_x[start], starts.foot_y[start]
        doors[rows, 4], doors[rows, 5] = goals.foot_x[goal], goals.foot_y[goal]
        if self.direction == "from_facility":
            offsets, arcs, shares = pieces
            way = np.repeat(np.arange(len(every)), np.diff(offsets))
            back = offsets[way] + offsets[way + 1] - 1 - np.arange(len(arcs))
            pieces = Pieces(offsets, arcs[back] ^ 1, np.ascontiguousarray(shares[back][:, ::-1]))
            doors = np.ascontiguousarray(doors.reshape(-1, 4, 2)[:, ::-1].reshape(-1, 8))
        line = np.full(len(every), None, dtype=object)
        if len(reached):
            ends, points = draw_ways(graph.coordinates, graph.coordinate_offsets, pieces, doors)
            of = np.repeat(np.arange(len(every)), np.diff(ends))
            # A direct walk has no foot points; of points that repeat the one before, all but the two doors are left
            # out.
            kept = np.isfinite(points[:, 0])
            points, of = points[kept], of[kept]
            is_door = np.r_[True, of[1:] != of[:-1]] | np.r_[of[1:] != of[:-1], True]
            moves = np.r_[True, (np.diff(points, axis=0) != 0.0).any(axis=1)]
            points, of = points[is_door | moves], of[is_door | moves]
            number = np.cumsum(place >= 0) - 1
            line[reached] = shapely.linestrings(points, indices=number[of])
        arcs = pieces.arcs.astype(np.int64)
        return Routes(pieces.offsets, arcs >> 1, 1 - 2 * (arcs & 1), pieces.shares, line, graph.edge_id)

    def _pieces(self, origins: IntArray, rank: int) -> Pieces:
        """List the edges of ways from the origin's side to the destination's."""
        chains, per_place = self.graph.core_shape.chains, max(self.destinations.candidates, 1)
        place, candidate = self.destination[origins, rank], self.origin_candidate[origins, rank]
        edge = np.where(candidate < 0, -1, self.origins.edge[origins, candidate])
        starts = points_on_chains(self.graph, edge, self.origins.fraction[origins, candidate], leaving=True)
        way = self.way[origins, rank]
        roots = place * per_place + self.destination_candidate[origins, rank]
        ways = np.column_stack((way, np.where((place < 0) | (way == DIRECT), -1, roots)))
        goals = self.destination_doors.points
        offsets, steps, shares = follow_ways(chains, starts, goals, self.towards, ways, per_place)
        # Every leg on a chain is a run of its steps.
        up = (steps[:, 0] < steps[:, 1]) | ((steps[:, 0] == steps[:, 1]) & (shares[:, 0] <= shares[:, 1]))
        counts = np.abs(steps[:, 1] - steps[:, 0]) + 1
        leg = np.repeat(np.arange(len(steps)), counts)
        number = np.arange(len(leg)) - np.repeat(np.cumsum(counts) - counts, counts)
        arc = chains.step_arc[steps[leg, 0] + np.where(up[leg], number, -number)]
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
        return Pieces(ends, arcs[moves].astype(np.int32), np.ascontiguousarray(share[moves]))


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
    """Find the k nearest different destinations of every origin by one search from all; on foot also straight walks."""
    towards = direction == "to_facility"
    core, shape, per_place = graph.core, graph.core_shape, max(destinations.candidates, 1)
    # Spread from every candidate of every destination over both ends of its chain.
    goals = place_doors(graph, destinations, leaving=not towards)
    size = (shape.n_search, k)
    labels = Labels(
        time_min=np.full(size, np.inf),
        place=np.full(size, -1, np.int32),
        root=np.full(size, -1, np.int32),
        half=np.full(size, -1, np.int32),
        length_m=np.full(size, np.inf),
    )
    arcs = core.measured_arcs(outward=not towards)
    label_nodes(arcs, seeds_at_ends(graph, goals), labels, per_place, float(max_time_min))
    # Every candidate of every origin competes, over both ends of its chain and along it.
    starts = place_doors(graph, origins, leaving=towards)
    by_chain = on_chains(goals, shape.n_chains)
    along = along_chains(shape.chains.step_arc, core.lanes(onwards=towards), core.metres, starts, by_chain, np.inf)
    size = (len(origins), k)
    best = Best(
        time_min=np.full(size, np.inf),
        root=np.full(size, -1, np.int64),
        candidate=np.full(size, -1, np.int64),
        way=np.full(size, -1, np.int64),
        length_m=np.full(size, np.inf),
    )
    best_destinations(shape.chains, starts, along, labels, best, per_place)
    found = {
        "destination": np.where(best.root < 0, -1, best.root // per_place),
        "travel_time_min": best.time_min,
        "network_distance_m": best.length_m,
        "origin_candidate": best.candidate,
        "destination_candidate": np.where(best.root < 0, -1, best.root % per_place),
        "way": best.way,
    }
    if has_direct_walks(graph):
        barriers = index_barriers(direct_barriers, crs=graph.crs)
        offer_direct_walks(found, origins, destinations, graph=graph, limit_min=max_time_min, barriers=barriers)
    beyond = ~(found["travel_time_min"] <= max_time_min)
    for values in found.values():
        values[beyond] = np.inf if values.dtype.kind == "f" else -1
    # Split the time from door to door into walk, network and walk; a direct walk is all access.
    time, way = found["travel_time_min"], found["way"]
    none, direct = way < 0, way == DIRECT
    access, egress = np.where(direct, time, 0.0), np.zeros_like(time)
    rows = np.nonzero(~(none | direct))
    access[rows] = origins.access_min[rows[0], found["origin_candidate"][rows]]
    egress[rows] = destinations.access_min[found["destination"][rows], found["destination_candidate"][rows]]
    with np.errstate(invalid="ignore"):
        network = np.maximum(time - access - egress, 0.0)
    return Nearest(
        graph,
        origins,
        destinations,
        direction,
        **found,
        access_leg_min=np.where(none, np.nan, access),
        network_leg_min=np.where(none, np.nan, network),
        egress_leg_min=np.where(none, np.nan, egress),
        towards=TowardsPlaces(labels.root, labels.half),
        destination_doors=goals,
    )


def node_labels(graph: TravelGraph, destinations: Snaps, *, direction: Direction = "to_facility") -> NodeLabels:
    """Find the nearest destination of every node, the walk to its door included: position (-1) and minutes (inf)."""
    check_edges(graph, destinations)
    core, shape = graph.core, graph.core_shape
    towards = direction == "to_facility"
    found = NodeLabels(np.empty(graph.n_nodes, np.int32), np.empty(graph.n_nodes))
    label_all_nodes(
        shape.core_node,
        shape.chains,
        core.arcs(outward=not towards),
        core.lanes(onwards=not towards),
        Places(
            np.ascontiguousarray(destinations.edge, dtype=np.int64).ravel(),
            np.ascontiguousarray(destinations.fraction, dtype=np.float64).ravel(),
            np.ascontiguousarray(destinations.access_min, dtype=np.float64).ravel(),
        ),
        max(destinations.candidates, 1),
        _FINE * core.width_min,
        found,
    )
    return found
