"""The contracted graph: junctions, and between them chains of edges that offer no choice of way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spatial.network.kernels_noding import SIDE, along_curve
from spatial.network.search.kernels_core import contract, halves_of_cores, weigh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.search.kernels_core import Lane
    from spatial.network.search.kernels_fill import Chains

__all__ = ["Core", "CoreShape", "contract_graph", "weigh_core"]

_ABOVE_CURVE = 2 * (SIDE - 1).bit_length()
"""Bits that a place on the curve takes."""
_WIDTH = 1.0
"""Width of a step of time over the mean time of an arc; measured, changes the speed only."""


@dataclass(frozen=True, eq=False)
class CoreShape:
    """
    What of the contracted graph does not depend on minutes. All numbers are int32.

    A node at which just two ends of edges meet lies inside a chain, whatever the directions of travel; all others are
    core nodes. Every edge is one *step* of one *chain*. A chain is walked from its first end to its last; a chain
    that joins a junction to a dead end is walked from the junction. A ring without a junction has one core node, at
    the drawn beginning of its lowest edge.
    """

    # shape (n_core,), node of the graph: first those that a search must visit, then dead ends and nodes
    # without edges; each of both groups along a Hilbert curve
    core_node: NDArray[np.int32]
    n_search: int  # how many a search must visit
    first: NDArray[np.int32]  # shape (n_chains,), core nodes at both ends
    last: NDArray[np.int32]
    # shape (n_chains + 1,), steps of chain c are the rows ``offsets[c]`` to ``offsets[c + 1] - 1``
    offsets: NDArray[np.int32]
    guide: NDArray[np.int32]  # chain of every `EVERY`-th step
    # shape (n_edges,), arc of each step: 2 x edge, + 1 where the edge is walked against its drawn direction
    step_arc: NDArray[np.int32]
    step_node: NDArray[np.int32]  # shape (n_edges,), node of the graph at which the step begins
    edge_step: NDArray[np.int32]  # shape (n_edges,), step of each edge
    # chains between different visited core nodes, as compressed sparse rows that serve both directions:
    # node at the other end, and 2 x chain, + 1 where the chain is walked backwards
    arc_offsets: NDArray[np.int32]
    arc_target: NDArray[np.int32]
    arc_half: NDArray[np.int32]

    @property
    def n_core(self) -> int:
        """Number of core nodes."""
        return len(self.core_node)

    @property
    def n_chains(self) -> int:
        """Number of chains."""
        return len(self.first)

    @property
    def chain_arcs(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Step of each edge, arc of each step, offsets of the chains and their guide, as the kernels read them."""
        return self.edge_step, self.step_arc, self.offsets, self.guide

    @property
    def fill_arrays(self) -> Chains:
        """What `label_all_nodes` reads of the chains."""
        ends = self.core_node, self.first, self.last
        return *ends, self.offsets, self.step_arc, self.step_node, self.edge_step, self.guide


@dataclass(frozen=True, eq=False)
class Core:
    """The contracted graph with minutes."""

    shape: CoreShape  # core nodes and chains
    # lane of travel from the first end of each chain to the last, and from the last to the first: minutes
    # of the open steps before each step (always counted from the first end), minutes of all open steps of
    # each chain, its row (-1 where no step is closed) in a table of the first and the last closed step,
    # that table, and minutes of the edges in and against their drawn direction
    forward: Lane
    backward: Lane
    # shape (n_arcs,), minutes along the arcs of the shape: from the node whose row it is, and towards it;
    # inf where closed
    out_min: NDArray[np.float64]
    in_min: NDArray[np.float64]
    length_m: NDArray[np.float64]  # shape (n_edges,), metres of the edges

    @cached_property
    def metres(self) -> Lane:
        """Lane of metres, laid out as those of minutes; made when first asked for."""
        sums, _, _ = weigh(self.shape.step_arc, self.shape.offsets, self.length_m, self.length_m)
        return *sums[:3], sums[3][:0].copy(), self.length_m, self.length_m

    @cached_property
    def arc_m(self) -> NDArray[np.float64]:
        """Metres along the arcs of the shape."""
        return np.asarray(self.metres[1][self.shape.arc_half >> 1])

    @cached_property
    def mean_m_min(self) -> float:
        """Mean speed over the open arcs, metres a minute; inf where they take no time."""
        is_open = np.isfinite(self.out_min)
        minutes = float(self.out_min[is_open].sum())
        return float(self.arc_m[is_open].sum()) / minutes if minutes > 0.0 else np.inf

    @cached_property
    def width_min(self) -> float:
        """Width of the steps in which a search proceeds, minutes; changes the speed only."""
        times = self.out_min[np.isfinite(self.out_min)]
        mean = float(times.mean()) if len(times) else 0.0
        return _WIDTH * mean if mean > 0.0 else 1.0


def contract_graph(graph: TravelGraph) -> CoreShape:
    """Contract the chains of a graph."""
    step_arc, step_node, edge_step, offsets, guide, first, last, degree, n_chains = contract(
        graph.n_nodes, graph.edge_from, graph.edge_to
    )
    core_node, n_search = _core_nodes(graph, degree)
    number = np.empty(graph.n_nodes, dtype=np.int32)
    number[core_node] = np.arange(len(core_node), dtype=np.int32)
    first, last, offsets = number[first[:n_chains]], number[last[:n_chains]], offsets[: n_chains + 1].copy()
    arcs = halves_of_cores(n_search, first, last)
    steps = (offsets, guide, step_arc, step_node, edge_step)
    return CoreShape(core_node, n_search, first, last, *steps, *arcs)


def _core_nodes(graph: TravelGraph, degree: NDArray[np.uint8]) -> tuple[NDArray[np.int32], int]:
    """List the nodes of the core, those to visit first; each group along a curve."""
    nodes = np.flatnonzero(degree != 2)
    is_passed = degree[nodes] < 2
    x, y = graph.node_x, graph.node_y
    west, south = x.min(initial=np.inf), y.min(initial=np.inf)
    span = max(x.max(initial=-np.inf) - west, y.max(initial=-np.inf) - south, 1.0)
    column, row = (x[nodes] - west) / span * (SIDE - 1), (y[nodes] - south) / span * (SIDE - 1)
    # One sort of plain numbers: group, place on the curve, and position, so that equal places keep the order of nodes.
    low = len(nodes).bit_length()
    group = is_passed.astype(np.int64) << _ABOVE_CURVE + low
    keyed = np.sort(group | along_curve(column, row) << low | np.arange(len(nodes)))
    return nodes[keyed & ((1 << low) - 1)].astype(np.int32), len(nodes) - int(np.count_nonzero(is_passed))


def weigh_core(graph: TravelGraph, shape: CoreShape) -> Core:
    """Put the minutes of a graph on its contracted shape."""
    along, against = graph.forward_min, graph.backward_min
    onwards, backwards, used = weigh(shape.step_arc, shape.offsets, along, against)
    whole = [np.where(row < 0, total, np.inf) for _, total, row, _ in (onwards, backwards)]
    by_half = np.column_stack(whole).ravel()
    out_min, in_min = by_half[shape.arc_half], by_half[shape.arc_half ^ 1]
    forward = (*onwards[:3], onwards[3][: used[0]].copy(), along, against)
    lanes = forward, (*backwards[:3], backwards[3][: used[1]].copy(), against, along)
    return Core(shape, *lanes, out_min, in_min, graph.length_m)
