"""Times between many places: the tidy table of pairs within a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from spatial.network.barriers import index_barriers
from spatial.network.kernels_places import along_chains, times_within
from spatial.network.kernels_search import new_queue
from spatial.network.nearest import (
    has_direct_walks,
    lanes_of,
    may_walk_directly,
    on_chains,
    place_doors,
    seeds_at_ends,
)
from spatial.network.snapping import walk_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.barriers import Barriers
    from spatial.network.graph import TravelGraph
    from spatial.network.kernels_places import Along, Doors
    from spatial.network.snapping import Snaps

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Goals = tuple[Ints, Ints, Floats, Floats]
    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


_MANY = 256
"""From so many searches on they are shared between threads."""
_BLOCK = 128
"""Searches of one task; changes the speed only."""


def times_matrix(
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    *,
    cutoff_min: float = np.inf,
    direct_barriers: gpd.GeoSeries | Barriers | None = None,
    executor: Executor | None = None,
) -> Pairs:
    """
    Find the time of every pair of an origin and a destination within a cutoff, door to door.

    The searches start from whichever side has fewer places. In walk mode the direct walk competes, as in `nearest`.
    """
    forwards = len(origins) <= len(destinations)
    sources, goals = (origins, destinations) if forwards else (destinations, origins)
    found = _pairs_by_road(graph, (sources, goals), float(cutoff_min), executor, forwards=forwards)
    if has_direct_walks(graph):
        barriers = index_barriers(direct_barriers, crs=graph.crs)
        found = _with_direct_walks(found, graph, (origins, destinations), cutoff_min, barriers)
    return found


def _pairs_by_road(
    graph: TravelGraph,
    places: tuple[Snaps, Snaps],
    cutoff_min: float,
    executor: Executor | None,
    *,
    forwards: bool,
) -> Pairs:
    """Search from every source; forwards, the sources are the origins. By origin, then by destination."""
    sources, goals = places
    core = graph.core
    shape = core.shape
    doors = (
        place_doors(graph, sources, leaving=forwards),
        place_doors(graph, goals, leaving=not forwards),
    )
    arcs = (shape.arc_offsets, shape.arc_target, core.out_min if forwards else core.in_min, core.arc_m)
    per = (max(sources.candidates, 1), max(goals.candidates, 1))
    at, limits = _goals(graph, doors[1], per[1]), (cutoff_min, core.width_min)
    blocks = []
    for part in _parts(doors[0], per[0], len(sources), executor):
        along = _along(graph, (part, doors[1]), cutoff_min, forwards=forwards)
        blocks.append((arcs, (shape.first, shape.last), part, at, along, len(goals), per, limits))
    parts = list(_map(blocks, executor))
    offsets = np.zeros(len(sources) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([np.diff(part[0]) for part in parts]), out=offsets[1:])
    goal, minutes, metres = (np.concatenate([part[column] for part in parts]) for column in (1, 2, 3))
    by_goal = csr_array((np.arange(len(goal)), goal, offsets), shape=(len(sources), len(goals))).tocsc()
    rows = by_goal if not forwards else by_goal.tocsr()
    first = np.repeat(np.arange(len(rows.indptr) - 1), np.diff(rows.indptr))
    return first, rows.indices.astype(np.int64), minutes[rows.data], metres[rows.data]


def _goals(graph: TravelGraph, doors: Doors, per_goal: int) -> Goals:
    """List goals by the core nodes at the ends of their chains."""
    nodes, rows, minutes, metres = seeds_at_ends(graph, doors)
    number = np.arange(len(nodes))
    by_node = csr_array((number, (nodes, number)), shape=(graph.core_shape.n_search, len(nodes)))
    order = by_node.data
    place = (rows[order] // per_goal).astype(np.int32)
    return by_node.indptr.astype(np.int32), place, minutes[order], metres[order]


def _along(graph: TravelGraph, doors: tuple[Doors, Doors], cutoff_min: float, *, forwards: bool) -> Along:
    """Find the ways between places on one chain."""
    shape = graph.core_shape
    lanes = lanes_of(graph, onwards=forwards)
    along: Along = along_chains(
        shape.step_arc, lanes, *doors, on_chains(doors[1], shape.n_chains), float(cutoff_min)
    )
    return along


def _parts(doors: Doors, per_source: int, n_sources: int, executor: Executor | None) -> list[Doors]:
    size = _BLOCK if executor is not None or n_sources >= _MANY else max(n_sources, 1)
    starts = range(0, max(n_sources, 1), size)
    return [tuple(each[s * per_source : (s + size) * per_source] for each in doors) for s in starts]  # type: ignore[misc]


def _map(blocks: list[tuple[Any, ...]], executor: Executor | None) -> Iterator[tuple[Any, ...]]:
    """Run the blocks, in their order."""
    if executor is not None:
        yield from executor.map(_run, blocks)
    elif len(blocks) == 1:
        yield _run(blocks[0])
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            yield from threads.map(_run, blocks)


def _run(block: tuple[Any, ...]) -> tuple[Any, ...]:
    arcs, ends, source, at, along, n_goals, per, limits = block
    n_search = len(arcs[0]) - 1
    state, found = (
        (np.full(n, np.inf), np.full(n, np.inf), np.empty(n, np.int32)) for n in (n_search, n_goals)
    )
    room = (state, new_queue(n_search), found)
    pairs: tuple[Any, ...] = times_within(arcs, ends, source, at, along, room, per, limits)
    return pairs


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
