"""Follow ways that were found: their edges in the order travelled, and their lines from door to door."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.errors import NetworkError
from spatial.network.graph import arc_direction, arc_edge
from spatial.network.search.doors import points_on_chains
from spatial.network.search.kernels_door import DIRECT
from spatial.network.search.kernels_routes import draw_ways, follow_ways

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.search.nearest import Nearest

__all__ = ["Route", "Routes", "route_between", "routes_between"]


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
