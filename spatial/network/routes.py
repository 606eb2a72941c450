"""Follow a way that was found: its edges in the order travelled, and its line from door to door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from spatial.errors import NetworkError
from spatial.network.graph import arc_direction, arc_edge
from spatial.network.kernels_door import ALONG, DIRECT, VIA_FROM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.nearest import Nearest

__all__ = ["Route", "pieces_between", "route_between"]


@dataclass(frozen=True)
class Route:
    """
    One way from door to door.

    Parameters
    ----------
    edges : tuple of (str, int)
        Edge ids in the order travelled, each with 1 (in its drawn direction) or -1; the first and the last are
        travelled in part. Empty where no edge is travelled, as on a direct walk.
    line : shapely.LineString
        From the traveller's door to the other one, both walks included as straight lines.
    """

    edges: tuple[tuple[str, int], ...]
    line: shapely.LineString


def route_between(found: Nearest, origin: int, rank: int) -> Route:
    """
    Follow the way from one origin to one of its destinations.

    Parameters
    ----------
    found : Nearest
        What `nearest` returned.
    origin : int
        Position of the origin.
    rank : int
        0 for the nearest destination.

    Returns
    -------
    Route
        In the direction of travel.

    Raises
    ------
    NetworkError
        Where no destination of that rank is reached.
    """
    pieces = pieces_between(found, origin, rank)
    place = int(found.destination[origin, rank])
    doors = (
        (found.origins.x[origin], found.origins.y[origin]),
        (found.destinations.x[place], found.destinations.y[place]),
    )
    if found.direction == "from_facility":
        doors = (doors[1], doors[0])
    # From a foot point at the very end of an edge nothing of that edge is travelled.
    edges = tuple(
        (str(found.graph.edge_id[edge]), 1 if end > start else -1)
        for edge, start, end in pieces
        if start != end
    )
    parts = [_part(found.graph, *piece) for piece in pieces]
    return Route(edges, shapely.LineString(np.vstack((doors[0], *parts, doors[1]))))


def pieces_between(found: Nearest, origin: int, rank: int) -> list[tuple[int, float, float]]:
    """
    List the edges of the way from one origin to one of its destinations, and how far each is travelled.

    Parameters
    ----------
    found : Nearest
        What `nearest` returned.
    origin : int
        Position of the origin.
    rank : int
        0 for the nearest destination.

    Returns
    -------
    list of tuple
        Edge, and the shares of it at which the traveller enters and leaves it, in the direction of travel; empty on a
        direct walk.

    Raises
    ------
    NetworkError
        Where no destination of that rank is reached.
    """
    if found.destination[origin, rank] < 0:
        raise NetworkError(
            f"origin {origin} reaches no destination of rank {rank}: there is no route to follow"
        )
    pieces = [] if found.way[origin, rank] == DIRECT else _pieces(found, origin, rank)
    if found.direction == "from_facility":
        return [(edge, end, start) for edge, start, end in reversed(pieces)]
    return pieces


def _pieces(found: Nearest, origin: int, rank: int) -> list[tuple[int, float, float]]:
    """List (edge, share at its start, share at its end) from the origin's side to the destination's."""
    origins, goals, graph = found.origins, found.destinations, found.graph
    place, candidate = int(found.destination[origin, rank]), int(found.origin_candidate[origin, rank])
    edge, share = int(origins.edge[origin, candidate]), float(origins.fraction[origin, candidate])
    way = int(found.way[origin, rank])
    goal = int(found.destination_candidate[origin, rank])
    if way == ALONG:
        return [(edge, share, float(goals.fraction[place, goal]))]
    pieces = [(edge, share, 0.0 if way == VIA_FROM else 1.0)]
    node = int((graph.edge_from if way == VIA_FROM else graph.edge_to)[edge])
    while True:
        slot = _slot(found, node, place)
        arc = int(found.label_arc[node, slot])
        if arc < 0:
            break
        edge, forwards = int(arc_edge(arc)), arc_direction(arc) > 0
        # The arc is travelled away from this node, or towards it where travel comes from the destination.
        onwards = forwards == (found.direction == "to_facility")
        pieces.append((edge, 0.0, 1.0) if onwards else (edge, 1.0, 0.0))
        node = int((graph.edge_to if onwards else graph.edge_from)[edge])
    goal = int(found.label_root[node, slot] % max(goals.candidates, 1))
    edge, share = int(goals.edge[place, goal]), float(goals.fraction[place, goal])
    pieces.append((edge, _end_at(found, node, (edge, share)), share))
    return pieces


def _slot(found: Nearest, node: int, place: int) -> int:
    labels = found.label_root[node] // max(found.destinations.candidates, 1)
    return int(np.flatnonzero((labels == place) & (found.label_root[node] >= 0))[0])


def _end_at(found: Nearest, node: int, goal: tuple[int, float]) -> float:
    """Which end of the last edge the node is; of a loop, the end with the shorter open way."""
    graph, (edge, share) = found.graph, goal
    over_from, over_to = graph.forward_min[edge], graph.backward_min[edge]
    if found.direction == "from_facility":
        over_from, over_to = over_to, over_from
    at_from, at_to = graph.edge_from[edge] == node, graph.edge_to[edge] == node
    if at_from and at_to:
        cost_from = share * over_from if np.isfinite(over_from) else np.inf
        cost_to = (1.0 - share) * over_to if np.isfinite(over_to) else np.inf
        return 0.0 if cost_from <= cost_to else 1.0
    return 0.0 if at_from else 1.0


def _part(graph: TravelGraph, edge: int, start: float, end: float) -> NDArray[np.float64]:
    first, last = graph.coordinate_offsets[edge], graph.coordinate_offsets[edge + 1]
    vertices = graph.coordinates[first:last]
    if (start, end) == (0.0, 1.0):
        return vertices
    if (start, end) == (1.0, 0.0):
        return vertices[::-1]
    part = substring(shapely.LineString(vertices), start, end, normalized=True)
    return shapely.get_coordinates(part)
