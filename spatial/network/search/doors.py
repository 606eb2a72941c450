"""Places on the contracted graph: where each candidate lies on its chain, and its legs to both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import NetworkError
from spatial.network.search.kernels_core import legs_on_chains

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.joins.snapping import Snaps
    from spatial.network.search.kernels_core import Lane
    from spatial.network.search.kernels_door import Doors

__all__ = ["check_edges", "lanes_of", "on_chains", "place_doors", "points_on_chains", "seeds_at_ends"]


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
