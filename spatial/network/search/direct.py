"""The walk straight from door to door, which competes with the network in walk mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from spatial.network.joins.barriers import blocked_legs, places_on_barriers
from spatial.network.joins.snapping import walk_minutes
from spatial.network.legs.bus import BUS
from spatial.network.search.kernels_door import DIRECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.joins.barriers import Barriers
    from spatial.network.joins.snapping import Snaps

__all__ = ["has_direct_walks", "may_walk_directly", "offer_direct_walks"]

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
    if not _is_sloped(graph):
        allowed |= _share_component(graph, origins, destinations, pairs)
    if barriers is not None:
        rows = np.flatnonzero(allowed)
        starts = np.column_stack((origins.x[i[rows]], origins.y[i[rows]]))
        goals = np.column_stack((destinations.x[j[rows]], destinations.y[j[rows]]))
        allowed[rows[blocked_legs(barriers, starts, goals)]] = False
        allowed &= ~places_on_barriers(barriers, np.column_stack((origins.x, origins.y)))[i]
    return allowed


def _is_sloped(graph: TravelGraph) -> bool:
    """Tell whether walkers take longer one way than the other: without slopes both ways of an edge take the same."""
    on_foot = graph.is_snappable
    if graph.edge_layer is not None:
        # Buses are laid into the walking network: they are a mode without a layer of their own.
        layers = [mode for mode in graph.mode.split("+") if mode != BUS]
        on_foot = on_foot & (graph.edge_layer == layers.index("walk"))
    forward, backward = graph.forward_min[on_foot], graph.backward_min[on_foot]
    both = np.isfinite(forward) & np.isfinite(backward)
    return bool(np.any(np.abs(forward[both] - backward[both]) > _SAME_SHARE * forward[both]))


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
