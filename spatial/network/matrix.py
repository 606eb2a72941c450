"""Times between many places: the tidy table of pairs within a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from spatial.network.barriers import index_barriers
from spatial.network.direct import has_direct_walks, may_walk_directly
from spatial.network.kernels_door import times_within
from spatial.network.nearest import arc_arrays, door_arrays, edge_arrays
from spatial.network.snapping import walk_minutes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.barriers import Barriers
    from spatial.network.graph import TravelGraph
    from spatial.network.snapping import Snaps

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]

__all__ = ["times_matrix"]


def times_matrix(
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    *,
    cutoff_min: float = np.inf,
    direct_barriers: gpd.GeoSeries | Barriers | None = None,
) -> Pairs:
    """
    Find the time of every pair of an origin and a destination within a cutoff, door to door.

    The searches start from whichever side has fewer places. In walk mode the direct walk competes, as in `nearest`.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    origins, destinations : Snaps
        Places joined to it; travel goes from origins to destinations.
    cutoff_min : float
        The longest time, inclusive.
    direct_barriers : GeoSeries or Barriers, optional
        What a direct walk cannot cross.

    Returns
    -------
    tuple of ndarray
        Position of the origin, of the destination, minutes, and metres along the fastest way with both walks and
        their detour; by origin, then by destination. Pairs without a way are not in it.

    Raises
    ------
    NetworkError
        Where the places were joined to another network.
    """
    found: Pairs
    doors = (door_arrays(graph, origins), door_arrays(graph, destinations))
    if len(origins) <= len(destinations):
        found = times_within(arc_arrays(graph.outward), edge_arrays(graph), doors, float(cutoff_min))
    else:
        edges = edge_arrays(graph, against=True)
        j, i, minutes, metres = times_within(arc_arrays(graph.inward), edges, doors[::-1], float(cutoff_min))
        order = np.lexsort((j, i))
        found = (i[order], j[order], minutes[order], metres[order])
    if has_direct_walks(graph):
        barriers = index_barriers(direct_barriers, crs=graph.crs)
        found = _with_direct_walks(found, graph, (origins, destinations), cutoff_min, barriers)
    return found


def _with_direct_walks(
    found: Pairs,
    graph: TravelGraph,
    places: tuple[Snaps, Snaps],
    cutoff_min: float,
    barriers: Barriers | None,
) -> Pairs:
    origins, destinations = places
    i, j, distance = _pairs_within(origins, destinations, cutoff_min)
    allowed = may_walk_directly(graph, origins, destinations, (i, j), barriers)
    i, j, distance = i[allowed], j[allowed], distance[allowed]
    walk = walk_minutes(distance, walk_km_h=origins.walk_km_h, detour=origins.detour)
    both = [
        np.concatenate(parts) for parts in zip(found, (i, j, walk, distance * origins.detour), strict=True)
    ]
    both_within = both[2] <= cutoff_min
    both = [part[both_within] for part in both]
    order = np.lexsort((both[3], both[2], both[1], both[0]))
    both = [part[order] for part in both]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(both[0]) != 0) | (np.diff(both[1]) != 0)
    return both[0][first], both[1][first], both[2][first], both[3][first]


def _pairs_within(
    origins: Snaps, destinations: Snaps, cutoff_min: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    start = np.column_stack((origins.x, origins.y))
    goal = np.column_stack((destinations.x, destinations.y))
    if not np.isfinite(cutoff_min):
        i, j = (part.ravel() for part in np.indices((len(start), len(goal))))
        return i, j, np.hypot(start[i, 0] - goal[j, 0], start[i, 1] - goal[j, 1])
    reach_m = cutoff_min * origins.walk_km_h / origins.detour * (1000.0 / 60.0) * (1 + 1e-9)
    near = cKDTree(start).sparse_distance_matrix(cKDTree(goal), reach_m, output_type="ndarray")
    i, j = near["i"].astype(np.int64), near["j"].astype(np.int64)
    return i, j, np.hypot(start[i, 0] - goal[j, 0], start[i, 1] - goal[j, 1])
