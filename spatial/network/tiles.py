"""Parts of a travel graph: cut from its one contracted core, so that minutes and ties are those of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from spatial.network.graph import CoreShape, TravelGraph
from spatial.network.kernels_core import EVERY, Chains, halves_of_cores

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.arrays import BoolArray, FloatArray, IntArray


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

    Where networks are combined, were added to or have turns, places are joined to several edges by what the whole
    holds; where slopes slow walkers, no direct walk competes anywhere.
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
