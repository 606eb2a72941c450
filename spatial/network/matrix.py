"""Times between many places as a tidy table of pairs; parts of a graph that have the minutes and ties of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.network.graph import CoreShape, TravelGraph
from spatial.network.kernels_core import EVERY, Chains, halves_of_cores
from spatial.network.kernels_places import Along, along_chains, mark_needed, times_within
from spatial.network.kernels_search import Legs, Limits, MeasuredArcs, Queue, Reached, Seeds, new_queue
from spatial.network.nearest import has_direct_walks, may_walk_directly, on_chains, place_doors, seeds_at_ends
from spatial.network.snapping import Barriers, Snaps, index_barriers, walk_minutes
from spatial.parallel import map_blocks

MANY = 256
"""From so many searches on they are shared between threads, and made ready for at more length."""
_BLOCK = 128
"""Searches of one task; changes the speed only."""


class Pairs(NamedTuple):
    """Pairs of an origin and a destination, by origin, then by destination."""

    origin: NDArray[np.int64]
    destination: NDArray[np.int64]
    time_min: NDArray[np.float64]
    length_m: NDArray[np.float64]

    def take(self, rows: NDArray[Any]) -> Pairs:
        """Choose pairs."""
        columns: list[NDArray[Any]] = [column[rows] for column in self]
        return Pairs(*columns)


def times_matrix(graph: TravelGraph, origins: Snaps, destinations: Snaps, **options: Any) -> Pairs:
    """Find them as `times_by_block` does, all at once."""
    (found,) = times_by_block(graph, origins, destinations, **options)
    return found


def times_by_block(  # noqa: PLR0913 - each keyword is an option of its own
    graph: TravelGraph,
    origins: Snaps,
    destinations: Snaps,
    *,
    cutoff_min: float = np.inf,
    direct_barriers: gpd.GeoSeries | Barriers | None = None,
    executor: Executor | None = None,
    forwards: bool | None = None,
    block: int | None = None,
) -> Iterator[Pairs]:
    """
    Find the time of every pair within a cutoff, door to door; in walk mode the direct walk competes.

    Searches start from the side with fewer places, or as `forwards` says: sums are rounded in the order of a search.
    A `block` is so many places at a time of the side that is searched from.
    """
    forwards = len(origins) <= len(destinations) if forwards is None else forwards
    sources, goals = (origins, destinations) if forwards else (destinations, origins)
    core, shape = graph.core, graph.core_shape
    per_source, per_goal = max(sources.candidates, 1), max(goals.candidates, 1)
    source_doors = place_doors(graph, sources, leaving=forwards)
    goal_doors = place_doors(graph, goals, leaving=not forwards)
    limits = Limits(float(cutoff_min), core.width_min)
    # What all searches share: ways along one chain, from the sources to nodes, and from nodes to the goals.
    lanes, by_chain = core.lanes(onwards=forwards), on_chains(goal_doors, shape.n_chains)
    along = along_chains(shape.chains.step_arc, lanes, core.metres, source_doors, by_chain, limits.time_min)
    along = along._replace(offsets=np.ascontiguousarray(along.offsets[::per_source]), goal=along.goal // per_goal)
    seeds = seeds_at_ends(graph, source_doors)
    starts = _legs_by(seeds.root, len(sources) * per_source, seeds.node, seeds)
    starts = starts._replace(offsets=np.ascontiguousarray(starts.offsets[::per_source]))
    seeds = seeds_at_ends(graph, goal_doors)
    arcs = core.measured_arcs(outward=forwards)
    ends = _legs_by(seeds.node, shape.n_search, seeds.root // per_goal, seeds)
    # Worth its time where many searches come by.
    ends = _needed(arcs, ends) if len(sources) >= MANY else ends
    search = partial(_search, [], arcs, starts, ends, along, len(goals), limits, forwards)
    walks = has_direct_walks(graph)
    barriers = index_barriers(direct_barriers, crs=graph.crs) if walks else None
    start, goal_xy = (np.column_stack((each.x, each.y)) for each in (origins, destinations))
    n = max(len(sources), 1)
    for begin in range(0, n, block or n):
        end = min(begin + (block or n), len(sources))
        # Tasks in the order of their sources.
        size = _BLOCK if executor is not None or end - begin >= MANY else max(end - begin, 1)
        bounds = [(first, min(first + size, end)) for first in range(begin, max(end, begin + 1), size)]
        parts = map_blocks(search, bounds, executor)
        # By origin, then by destination.
        offsets = np.zeros(end - begin + 1, dtype=np.int64)
        np.cumsum(np.concatenate([np.diff(part.offsets) for part in parts]), out=offsets[1:])
        # A country has tens of millions of pairs: what a step leaves behind is let go before the next.
        columns = [list(column) for column in zip(*parts, strict=True)]
        del parts
        metres, minutes, goal = (np.concatenate(columns.pop()) for _ in ("metres", "minutes", "goal"))
        if forwards:
            row, other = np.repeat(np.arange(begin, end), np.diff(offsets)), goal.astype(np.int64)
        else:
            by_goal = csr_array((np.arange(len(goal)), goal, offsets), shape=(end - begin, len(goals))).tocsc()
            row, other = np.repeat(np.arange(len(goals)), np.diff(by_goal.indptr)), by_goal.indices + np.int64(begin)
            minutes, metres = minutes[by_goal.data], metres[by_goal.data]
            del by_goal
        del goal
        found = Pairs(row, other, minutes, metres)
        if walks:
            # The direct walks within the cutoff compete; equal times take the fewer metres.
            own, all_goals = np.arange(begin, end), np.arange(len(goals))
            chosen = (own, all_goals) if forwards else (all_goals, own)
            if np.isfinite(cutoff_min):
                reach_m = cutoff_min * origins.walk_km_h / origins.detour * (1000.0 / 60.0) * (1 + 1e-9)
                trees = [cKDTree(xy[rows]) for xy, rows in zip((start, goal_xy), chosen, strict=True)]
                near = trees[0].sparse_distance_matrix(trees[1], reach_m, output_type="ndarray")
                i, j = near["i"].astype(np.int64), near["j"].astype(np.int64)
            else:
                i, j = (part.ravel() for part in np.indices(tuple(map(len, chosen))))
            i, j = chosen[0][i], chosen[1][j]
            allowed = may_walk_directly(graph, origins, destinations, i, j, barriers=barriers)
            i, j = i[allowed], j[allowed]
            distance = np.hypot(start[i, 0] - goal_xy[j, 0], start[i, 1] - goal_xy[j, 1])
            walk = walk_minutes(distance, walk_km_h=origins.walk_km_h, detour=origins.detour)
            straight = Pairs(i, j, walk, distance * origins.detour)
            both: list[NDArray[Any]] = [np.concatenate(each) for each in zip(found, straight, strict=True)]
            found = Pairs(*both)
            found = found.take(found.time_min <= cutoff_min)
            found = found.take(np.lexsort(found[::-1]))
            first_of_pair = np.ones(len(found.origin), dtype=bool)
            first_of_pair[1:] = (np.diff(found.origin) != 0) | (np.diff(found.destination) != 0)
            found = found.take(first_of_pair)
        yield found


def _legs_by(key: NDArray[Any], n: int, other: NDArray[Any], seeds: Seeds) -> Legs:
    """List seeds by a number that each has, otherwise in their order."""
    place = np.arange(len(key))
    rows = csr_array((place, (key, place)), shape=(n, len(key)))
    order = rows.data
    return Legs(
        rows.indptr.astype(np.int32), other[order].astype(np.int32), seeds.time_min[order], seeds.length_m[order]
    )


def _needed(arcs: MeasuredArcs, legs: Legs) -> Legs:
    """Drop the legs that no fastest way ends with; those of a node are in the order of goals then."""
    node = np.repeat(np.arange(len(legs.offsets) - 1), np.diff(legs.offsets))
    order = np.lexsort((legs.other, node))
    legs = Legs(legs.offsets, legs.other[order], legs.time_min[order], legs.length_m[order])
    is_needed = np.empty(len(order), dtype=np.uint8)
    mark_needed(arcs, legs, is_needed)
    kept = is_needed == 1
    offsets = np.concatenate(([0], np.cumsum(kept)))[legs.offsets].astype(np.int32)
    return Legs(offsets, legs.other[kept], legs.time_min[kept], legs.length_m[kept])


def _search(  # noqa: PLR0913, PLR0917 - a task of its own, in whichever process
    kept: list[_Room],
    arcs: MeasuredArcs,
    starts: Legs,
    ends: Legs,
    along: Along,
    n_goals: int,
    limits: Limits,
    in_order: bool,  # noqa: FBT001 - as the task's
    first: int,
    stop: int,
) -> Along:
    """Search from some sources in room that a task before left as it found it: a country's takes long to make."""
    n_search = len(arcs.offsets) - 1
    try:
        room = kept.pop()
    except IndexError:
        nodes, goals = (
            Reached(np.full(n, np.inf), np.full(n, np.inf), np.empty(n, np.int32)) for n in (n_search, n_goals)
        )
        room = _Room(nodes, new_queue(n_search), goals)
    pairs: Along = times_within(arcs, starts, ends, along, *room, limits, in_order, first, stop)
    kept.append(room)
    return pairs


class _Room(NamedTuple):
    """What a search writes into, empty before and after."""

    nodes: Reached
    queue: Queue
    goals: Reached


Box = tuple[float, float, float, float]
"""West, south, east and north; metres."""

ROW = "row"
"""Column of the position in the whole graph."""
_OF_CHAINS = (ROW, "chain", "step", "is_back")
_OF_CORE = (ROW, "core", "is_passed", "chain_ends")


def fastest_m_a_minute(graph: TravelGraph) -> float:
    """Say how far along a straight line anybody gets in a minute on the network; inf where an edge takes no time."""
    ends = graph.coordinates[graph.coordinate_offsets[:-1]] - graph.coordinates[graph.coordinate_offsets[1:] - 1]
    straight, minutes = np.hypot(*ends.T), np.minimum(graph.forward_min, graph.backward_min)
    moving = np.isfinite(minutes) & (straight > 0.0)
    with np.errstate(divide="ignore"):
        return float(np.max(straight[moving] / minutes[moving], initial=0.0))


def is_cuttable(graph: TravelGraph) -> bool:
    """
    Tell whether a part of a graph says what the whole says.

    It does not where places are joined by what the whole holds (combined, added to, turns), or slopes slow walkers.
    """
    both = np.isfinite(graph.forward_min) & np.isfinite(graph.backward_min)
    is_sloped = graph.mode == "walk" and bool(np.any(graph.forward_min[both] != graph.backward_min[both]))
    return graph.edge_layer is None and graph.before is None and graph.edge_twin is None and not is_sloped


def boxes_of_chains(offsets: NDArray[Any], edges: NDArray[Any], bounds: FloatArray) -> FloatArray:
    """Find the box around each chain, from the boxes of edges; shape (n_chains, 4)."""
    if len(edges) == 0:
        return np.empty((0, 4))
    low, high = bounds[edges, :2], bounds[edges, 2:]
    first = np.asarray(offsets[:-1], dtype=np.int64)
    return np.hstack((np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)))


def touching(boxes: FloatArray, box: Box) -> BoolArray:
    """Tell which boxes touch one."""
    west, south, east, north = box
    is_near = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
    return np.asarray(is_near)


def edge_bounds(graph: TravelGraph) -> FloatArray:
    """Find the box around each edge; shape (n_edges, 4)."""
    first = graph.coordinate_offsets[:-1]
    low, high = (each.reduceat(graph.coordinates, first) for each in (np.minimum, np.maximum))
    return np.hstack((low, high))


@dataclass(frozen=True, eq=False)
class Tables:
    """Edges and nodes of a graph as tables that can be taken apart by chain."""

    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame

    @classmethod
    def of(cls, graph: TravelGraph) -> Tables:
        """Write a graph with the place of each edge on its chain, and of each node in the core."""
        nodes, edges = graph.to_frames()
        shape, chains = graph.core_shape, graph.core_shape.chains
        step = chains.edge_step.astype(np.int64)
        chain = np.repeat(np.arange(shape.n_chains), np.diff(chains.offsets))[step]
        edges = edges.assign(row=np.arange(len(edges)), chain=chain, step=step, is_back=chains.step_arc[step] & 1 == 1)
        core = np.full(len(nodes), -1, dtype=np.int64)
        core[shape.core_node] = np.arange(shape.n_core)
        ends = np.bincount(np.concatenate((chains.first, chains.last)), minlength=shape.n_core)
        nodes = nodes.assign(
            row=np.arange(len(nodes)),
            core=core,
            is_passed=core >= shape.n_search,
            chain_ends=np.where(core >= 0, ends[core], 0),
        )
        return cls(nodes, edges)

    def take(self, edges: BoolArray) -> Tables:
        """Choose edges, with their nodes."""
        kept = self.edges.loc[edges]
        used = np.unique(kept[["from_node", "to_node"]].to_numpy())
        return Tables(self.nodes.iloc[np.searchsorted(self.nodes[ROW].to_numpy(), used)], kept)


class Cut(NamedTuple):
    """A part of a graph: whole chains, in their order, with the nodes of the core that they join."""

    graph: TravelGraph
    edges: IntArray  # position in the whole graph of each edge
    nodes: IntArray  # of each node
    open_nodes: IntArray  # nodes of the part at which chains begin that are not in it

    def local_edges(self, edges: IntArray) -> IntArray:
        """Find edges of the whole in the part; -1 where they are not in it."""
        return _local(self.edges, edges)

    def local_nodes(self, nodes: IntArray) -> IntArray:
        """Find nodes of the whole in the part; those that are not in it are left out."""
        found = _local(self.nodes, nodes)
        return found[found >= 0]


def _local(there: IntArray, wanted: IntArray) -> IntArray:
    if len(there) == 0:
        return np.full(wanted.shape, -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
    return np.where(there[at] == wanted, at, -1)


def cut_graph(tables: Tables, box: Box, *, mode: str, width_min: float) -> Cut | None:
    """Make the part of a graph whose chains touch a box (None without any); whole chains keep their sums of minutes."""
    edges = tables.edges.sort_values("step")
    offsets = np.flatnonzero(np.r_[True, np.diff(edges["chain"].to_numpy()) != 0, True])
    boxes = boxes_of_chains(offsets, np.arange(len(edges)), shapely.bounds(edges.geometry.to_numpy()))
    kept = np.repeat(touching(boxes, box), np.diff(offsets)) if len(edges) else np.zeros(0, dtype=bool)
    if not kept.any():
        return None
    part = Tables(tables.nodes.drop_duplicates(ROW).sort_values(ROW), edges.loc[kept].sort_values(ROW))
    part = part.take(np.ones(len(part.edges), dtype=bool))
    nodes, row = part.nodes[ROW].to_numpy(), part.edges[ROW].to_numpy()
    first, last = (np.searchsorted(nodes, part.edges[name].to_numpy()) for name in ("from_node", "to_node"))
    graph = TravelGraph.from_frames(
        part.nodes.drop(columns=list(_OF_CORE)).assign(node_id=np.arange(len(nodes))),
        part.edges.drop(columns=list(_OF_CHAINS)).assign(from_node=first, to_node=last),
        mode=mode,
    )
    shape, open_core = _core_of(graph, part)
    vars(graph)["core_shape"] = shape
    vars(graph.core)["width_min"] = width_min
    return Cut(graph, row, nodes, shape.core_node[open_core].astype(np.int64))


def _core_of(graph: TravelGraph, part: Tables) -> tuple[CoreShape, IntArray]:
    """Put the chains of a part together as the whole has them; returns the core, and its nodes with chains missing."""
    edges = part.edges
    order = np.argsort(edges["step"].to_numpy())
    is_back = edges["is_back"].to_numpy()[order]
    chain = edges["chain"].to_numpy()[order]
    begin = np.where(is_back, graph.edge_to[order], graph.edge_from[order])
    end = np.where(is_back, graph.edge_from[order], graph.edge_to[order])
    heads = np.flatnonzero(np.r_[True, np.diff(chain) != 0])
    offsets = np.r_[heads, len(order)].astype(np.int32)
    core = part.nodes["core"].to_numpy()
    members = np.flatnonzero(core >= 0)
    core_node = members[np.argsort(core[members])]
    number = np.full(len(core), -1, dtype=np.int32)
    number[core_node] = np.arange(len(core_node), dtype=np.int32)
    first, last = number[begin[heads]], number[end[offsets[1:] - 1]]
    n_search = int(np.count_nonzero(~part.nodes["is_passed"].to_numpy()[core_node]))
    edge_step = np.empty(len(order), dtype=np.int32)
    edge_step[order] = np.arange(len(order), dtype=np.int32)
    noted = np.arange(0, len(order), EVERY)
    chains = Chains(
        first=first,
        last=last,
        offsets=offsets,
        guide=(np.searchsorted(offsets, noted, side="right") - 1).astype(np.int32),
        step_arc=(2 * order + is_back).astype(np.int32),
        step_node=begin.astype(np.int32),
        edge_step=edge_step,
    )
    shape = CoreShape(core_node.astype(np.int32), n_search, chains, *halves_of_cores(n_search, first, last))
    here = np.bincount(np.concatenate((first, last)), minlength=len(core_node))
    return shape, np.flatnonzero(here < part.nodes["chain_ends"].to_numpy()[core_node])
