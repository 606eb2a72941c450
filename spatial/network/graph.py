"""The travel graph of one mode: arrays that kernels read, its contracted core, and both as tables and back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.errors import NetworkError, first_of
from spatial.network.kernels_core import contract, halves_of_cores, weigh
from spatial.network.noding import SIDE, along_curve
from spatial.tables import TABLES

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

    from spatial.network.kernels_core import Lane
    from spatial.network.kernels_places import Chains


# The travel graph of one mode: arrays that kernels read, and what was found while it was built.

TWIN = "<"
"""In the id of an edge: the second of two that are one road, a direction each (`with_turns`)."""


@dataclass(frozen=True, eq=False)
class Adjacency:
    """
    Arcs sorted by the node at which a search meets them (compressed sparse rows).

    An *arc* is an edge in one direction: arc ``2 * edge`` goes forwards, arc ``2 * edge + 1`` backwards.
    """

    # shape (n_nodes + 1,), arcs of node v are the rows ``offsets[v]`` to ``offsets[v + 1] - 1``
    offsets: NDArray[np.int64]
    target: NDArray[np.int32]  # node at the other end
    arc: NDArray[np.int32]  # the arc itself
    time_min: NDArray[np.float64]  # minutes along it, finite
    length_m: NDArray[np.float64]  # metres along it


@dataclass(frozen=True, eq=False)
class Before:
    """Where the edges of a network come from that roads were added to."""

    # shape (n_edges,), edge of the network before that each edge is, or is cut from; -1 for one that was
    # not in it
    edge: NDArray[np.int64]
    # shape (n_edges,), length of the component that it was in; NaN for one that was not in it
    component_km: NDArray[np.float64]

    def take(self, edges: NDArray[np.int64]) -> Before:
        """Choose edges."""
        new = edges < 0
        return Before(np.where(new, -1, self.edge[edges]), np.where(new, np.nan, self.component_km[edges]))


@dataclass(frozen=True, eq=False)
class TravelGraph:
    """
    Directed travel graph of one mode.

    Nodes are junctions and ends of roads; an edge is a piece of one road between two of them, in the direction in
    which the road is drawn. Edges are in the order of their road's number, then of the piece along the road, so that
    a lower position is a lower id.

    Parameters
    ----------
    mode : str
        walk, cycle, ebike, motorcycle, drive or emergency.
    crs : pyproj.CRS
        Projected, in metres.
    node_x, node_y : ndarray of float64, shape (n_nodes,)
        Easting and northing.
    node_source_id : ndarray of object, shape (n_nodes,)
        The source's own id such as ``"n123"``; None where the source has none.
    node_component : ndarray of int64, shape (n_nodes,)
        Weakly connected component, 0 is the longest.
    edge_id : ndarray of object, shape (n_edges,)
        ``road_id/piece``.
    road_id, road_class : ndarray of object, shape (n_edges,)
        The road of each edge and its class.
    surface : ndarray of object, shape (n_edges,)
        As tagged; None where it is not.
    edge_from, edge_to : ndarray of int64, shape (n_edges,)
        Nodes at the drawn beginning and end.
    length_m : ndarray of float64, shape (n_edges,)
        Metres.
    speed_km_h : ndarray of float64, shape (n_edges,)
        Forwards, or backwards where forwards is closed.
    forward_min, backward_min : ndarray of float64, shape (n_edges,)
        Minutes from end to end; inf where that direction is closed.
    speed_source : ndarray of object, shape (n_edges,)
        ``"maxspeed"`` where tagged, ``"class"`` where imputed from the class, ``"stated"`` where the roads or
        a scenario say it.
    is_bridge, is_tunnel : ndarray of bool, shape (n_edges,)
        Bridges; tunnels and passages through buildings.
    is_snappable : ndarray of bool, shape (n_edges,)
        False on bridges, in tunnels, on ferries and on roads with controlled access.
    all_season : ndarray of object, shape (n_edges,)
        ``"yes"``, ``"no"`` or ``"unknown"``.
    component : ndarray of int64, shape (n_edges,)
        Weakly connected component of the edge, 0 is the longest.
    component_km : ndarray of float64, shape (n_edges,)
        Length of that component, each edge counted once.
    coordinates : ndarray of float64, shape (n_vertices, 2)
        Vertices of all edges one after the other.
    coordinate_offsets : ndarray of int64, shape (n_edges + 1,)
        Vertices of edge e are the rows ``coordinate_offsets[e]`` to ``coordinate_offsets[e + 1] - 1``.
    findings : GeoDataFrame
        What people should look at, by the contract of the table ``findings_network``.
    report : dict
        Counts and shares, fit for JSON.
    edge_layer : ndarray of int64, shape (n_edges,), optional
        Which of several combined networks each edge is of, from 0; -1 for links between them. Places are joined to
        each layer on its own. None for a network of one mode.
    before : Before, optional
        Of a network that roads were added to: where its edges come from. Places keep the ways in that they had.
    """

    mode: str
    crs: pyproj.CRS
    node_x: NDArray[np.float64]
    node_y: NDArray[np.float64]
    node_source_id: NDArray[np.object_]
    node_component: NDArray[np.int64]
    edge_id: NDArray[np.object_]
    road_id: NDArray[np.object_]
    road_class: NDArray[np.object_]
    surface: NDArray[np.object_]
    edge_from: NDArray[np.int64]
    edge_to: NDArray[np.int64]
    length_m: NDArray[np.float64]
    speed_km_h: NDArray[np.float64]
    forward_min: NDArray[np.float64]
    backward_min: NDArray[np.float64]
    speed_source: NDArray[np.object_]
    is_bridge: NDArray[np.bool_]
    is_tunnel: NDArray[np.bool_]
    is_snappable: NDArray[np.bool_]
    all_season: NDArray[np.object_]
    component: NDArray[np.int64]
    component_km: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    coordinate_offsets: NDArray[np.int64]
    findings: gpd.GeoDataFrame
    report: dict[str, Any] = field(default_factory=dict)
    edge_layer: NDArray[np.int64] | None = None
    before: Before | None = None

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_x)

    @property
    def n_edges(self) -> int:
        """Number of edges, each counted once whatever its directions."""
        return len(self.length_m)

    @cached_property
    def outward(self) -> Adjacency:
        """Open arcs by the node they leave; made when first asked for."""
        return self._arcs(inward=False)

    @cached_property
    def inward(self) -> Adjacency:
        """Open arcs by the node they reach; made when first asked for."""
        return self._arcs(inward=True)

    @cached_property
    def core_shape(self) -> CoreShape:
        """Junctions and chains, whatever the minutes; made when first asked for."""
        return contract_graph(self)

    @cached_property
    def core(self) -> Core:
        """The contracted graph with the minutes of this one; made when first asked for."""
        return weigh_core(self, self.core_shape)

    @cached_property
    def edge_twin(self) -> NDArray[np.int64] | None:
        """
        Edge that is the other direction of the same road, -1 for none; None where no road is two edges.

        Of a piece of an edge that a new road cut, the other direction may be whole.
        """
        twins = [edge for edge, name in enumerate(self.edge_id) if TWIN in name]
        if not twins:
            return None
        place = {name: [edge] for edge, name in enumerate(self.edge_id)}
        if self.before is not None:
            for edge in np.flatnonzero(np.bincount(self.before.edge + 1)[self.before.edge + 1] > 1).tolist():
                place.setdefault(self.edge_id[edge].rpartition(".")[0], []).append(edge)
        found = np.full(self.n_edges, -1, dtype=np.int64)
        for edge in twins:
            found[place.get(self.edge_id[edge].replace(TWIN, ""), [edge])] = edge
        return found

    @cached_property
    def snap_indexes(self) -> dict[bytes, Any]:
        """Grids over the edges that places are joined to, by which edges those are; `snap` fills them."""
        return {}

    def _arcs(self, *, inward: bool) -> Adjacency:
        ends, minutes = (self.edge_from, self.edge_to), (self.forward_min, self.backward_min)
        return adjacency(self.n_nodes, ends, minutes, self.length_m, inward=inward)

    @property
    def component_lengths_km(self) -> NDArray[np.float64]:
        """Length of every component in kilometres, the longest first."""
        return np.bincount(self.component, weights=self.length_m) / 1000.0

    def with_minutes(
        self,
        forward_min: NDArray[np.float64],
        backward_min: NDArray[np.float64],
        *,
        speed_km_h: NDArray[np.float64] | None = None,
    ) -> TravelGraph:
        """
        Take other minutes over the same edges: a season, a slope, a closed bridge.

        Parameters
        ----------
        forward_min, backward_min : ndarray of float64, shape (n_edges,)
            Minutes from end to end, 0 or more; inf where that direction is closed.
        speed_km_h : ndarray of float64, shape (n_edges,), optional
            Speeds to go with them. Without, they follow from metres and minutes where the minutes are others than
            before, forwards, or backwards where forwards is closed; where both are closed, and on edges of no length
            or no time, the speed stays.

        Returns
        -------
        TravelGraph
            Shares topology, coordinates and everything else with this one, which is left as it is.

        Raises
        ------
        NetworkError
            Where minutes are missing, below 0, or not one an edge.

        Examples
        --------
        >>> # bridge = graph.edge_id == "w7/0"
        >>> # cut = graph.with_minutes(np.where(bridge, np.inf, graph.forward_min), graph.backward_min)
        """
        forward, backward = (np.array(each, dtype=np.float64) for each in (forward_min, backward_min))
        self._check_minutes(forward, backward)
        speed = self._speed(forward, backward) if speed_km_h is None else np.array(speed_km_h, np.float64)
        changed = replace(self, forward_min=forward, backward_min=backward, speed_km_h=speed)
        # What depends on the edges alone is made once for all graphs that share them.
        vars(changed).update({name: getattr(self, name) for name in ("core_shape", "snap_indexes")})
        return changed

    def _check_minutes(self, forward: NDArray[np.float64], backward: NDArray[np.float64]) -> None:
        problems = []
        for name, minutes in (("forward_min", forward), ("backward_min", backward)):
            if minutes.shape != self.length_m.shape:
                problems.append(f"{name} has shape {minutes.shape}, must be ({self.n_edges},)")
                continue
            wrong = ~(minutes >= 0.0)
            if wrong.any():
                problems.append(f"{name} is missing or below 0 on edges {first_of(self.edge_id[wrong])}")
        if problems:
            raise NetworkError("these minutes cannot be travelled: " + "; ".join(problems))

    def _speed(self, forward: NDArray[np.float64], backward: NDArray[np.float64]) -> NDArray[np.float64]:
        new, old = (
            np.where(np.isfinite(there), there, back)
            for there, back in ((forward, backward), (self.forward_min, self.backward_min))
        )
        told = (new != old) & np.isfinite(new) & (new > 0.0) & (self.length_m > 0.0)
        return np.where(told, 0.06 * self.length_m / np.where(told, new, 1.0), self.speed_km_h)

    def edge_lines(self) -> NDArray[np.object_]:
        """
        Edges as lines.

        Returns
        -------
        ndarray of shapely.LineString, shape (n_edges,)
            In the drawn direction.
        """
        rows = np.repeat(np.arange(self.n_edges), np.diff(self.coordinate_offsets))
        return np.asarray(shapely.linestrings(self.coordinates, indices=rows), dtype=object)

    def to_frames(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        """
        Write the graph as two tables.

        Returns
        -------
        tuple of GeoDataFrame
            Nodes and edges, by the contracts of the tables ``nodes`` and ``edges``.
        """
        return graph_to_frames(self)

    @classmethod
    def from_frames(cls, nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, mode: str) -> TravelGraph:
        """
        Read the graph of one mode back from its tables.

        Parameters
        ----------
        nodes, edges : GeoDataFrame
            As `to_frames` writes them; other modes' rows are passed over.
        mode : str
            Which mode to read.

        Returns
        -------
        TravelGraph
            Equal to the one written, save for `findings` and `report`, which are not in these tables.

        Raises
        ------
        NetworkError
            Where the tables hold no edge of that mode.
        ContractError, CrsError
            Where they break their contract.
        """
        return graph_from_frames(nodes, edges, mode=mode)

    def to_networkx(self) -> nx.MultiDiGraph:
        """
        Write the graph for networkx.

        Returns
        -------
        networkx.MultiDiGraph
            Nodes 0 to n_nodes - 1 with ``x`` and ``y``; an arc for each open direction of each edge, its key the
            edge_id with ``+`` or ``-`` appended, with ``time_min``, ``length_m``, ``edge_id`` and ``road_class``.
        """
        return graph_to_networkx(self)

    def __repr__(self) -> str:
        """Say what the graph holds in one line."""
        km = float(self.length_m.sum()) / 1000.0
        return f"<TravelGraph {self.mode}: {self.n_nodes} nodes, {self.n_edges} edges, {km:.1f} km>"


def arc_edge(arc: NDArray[np.integer[Any]] | int) -> Any:
    """
    Name the edge of an arc.

    Examples
    --------
    >>> arc_edge(7)
    3
    """
    return arc >> 1


def arc_direction(arc: NDArray[np.integer[Any]] | int) -> Any:
    """
    Tell forwards from backwards.

    Examples
    --------
    >>> arc_direction(7)
    -1
    """
    return 1 - 2 * (arc & 1)


def adjacency(
    n_nodes: int,
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    minutes: tuple[NDArray[np.float64], NDArray[np.float64]],
    length_m: NDArray[np.float64],
    *,
    inward: bool,
) -> Adjacency:
    """Sort the open arcs by the node they leave or reach."""
    first, last = (ends[1], ends[0]) if inward else ends
    n_edges = len(length_m)
    at = np.column_stack((first, last)).ravel()
    other = np.column_stack((last, first)).ravel()
    time = np.column_stack(minutes).ravel()
    arcs = np.flatnonzero(np.isfinite(time))
    order = arcs[np.argsort(at[arcs], kind="stable")]
    offsets = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(at[arcs], minlength=n_nodes), out=offsets[1:])
    lengths = np.repeat(length_m, 2) if n_edges else np.empty(0)
    return Adjacency(
        offsets,
        other[order].astype(np.int32),
        order.astype(np.int32),
        np.ascontiguousarray(time[order], dtype=np.float64),
        np.ascontiguousarray(lengths[order], dtype=np.float64),
    )


# The contracted graph: junctions, and between them chains of edges that offer no choice of way.

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
    # List the nodes of the core, those to visit first; each group along a curve.
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
    core_node, n_search = (
        nodes[keyed & ((1 << low) - 1)].astype(np.int32),
        len(nodes) - int(np.count_nonzero(is_passed)),
    )
    number = np.empty(graph.n_nodes, dtype=np.int32)
    number[core_node] = np.arange(len(core_node), dtype=np.int32)
    first, last, offsets = number[first[:n_chains]], number[last[:n_chains]], offsets[: n_chains + 1].copy()
    arcs = halves_of_cores(n_search, first, last)
    steps = (offsets, guide, step_arc, step_node, edge_step)
    return CoreShape(core_node, n_search, first, last, *steps, *arcs)


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


# Travel graphs as tables and back, and as networkx graphs.

_TEXTS = ("edge_id", "road_id", "road_class", "surface", "speed_source", "all_season")
_FLAGS = ("is_bridge", "is_tunnel", "is_snappable")


def graph_to_frames(graph: TravelGraph) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Write a graph as two tables."""
    nodes = gpd.GeoDataFrame(
        {
            "mode": pd.Series([graph.mode] * graph.n_nodes, dtype="str"),
            "node_id": np.arange(graph.n_nodes, dtype=np.int64),
            "source_id": pd.Series(graph.node_source_id, dtype="str"),
            "component": graph.node_component,
        },
        geometry=gpd.points_from_xy(graph.node_x, graph.node_y),
        crs=graph.crs,
    )
    edges = gpd.GeoDataFrame(
        {
            "mode": pd.Series([graph.mode] * graph.n_edges, dtype="str"),
            **{
                name: pd.Series(getattr(graph, name), dtype="str")
                for name in ("edge_id", "road_id", "road_class")
            },
            "surface": pd.Series(graph.surface, dtype="str"),
            "from_node": graph.edge_from,
            "to_node": graph.edge_to,
            "length_m": graph.length_m,
            "speed_km_h": graph.speed_km_h,
            "time_forward_min": _nan_for_inf(graph.forward_min),
            "time_backward_min": _nan_for_inf(graph.backward_min),
            "speed_source": pd.Series(graph.speed_source, dtype="str"),
            "is_bridge": graph.is_bridge,
            "is_tunnel": graph.is_tunnel,
            "all_season": pd.Series(graph.all_season, dtype="str"),
            "is_snappable": graph.is_snappable,
            "component": graph.component,
            "component_km": graph.component_km,
        },
        geometry=graph.edge_lines(),
        crs=graph.crs,
    )
    if graph.edge_layer is not None:
        edges["layer"] = graph.edge_layer.astype(np.float64)
    if graph.before is not None:
        edges["before_edge"] = np.where(graph.before.edge < 0, np.nan, graph.before.edge)
        edges["before_component_km"] = graph.before.component_km
    return nodes, edges


def graph_from_frames(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, mode: str) -> TravelGraph:
    """Read the graph of one mode from its tables."""
    TABLES["nodes"].check(nodes)
    TABLES["edges"].check(edges)
    ours = edges.loc[edges["mode"] == mode]
    points = nodes.loc[nodes["mode"] == mode].sort_values("node_id")
    if ours.empty:
        modes = ", ".join(sorted(edges["mode"].unique())) or "none"
        raise NetworkError(f"the table edges has no edge of mode {mode!r}; it has the modes: {modes}")
    ids = points["node_id"].to_numpy(dtype=np.int64)
    ends = tuple(ours[name].to_numpy(dtype=np.int64, copy=True) for name in ("from_node", "to_node"))
    if not np.array_equal(ids, np.arange(len(ids))) or max(int(end.max()) for end in ends) >= len(ids):
        raise NetworkError(
            f"mode {mode}: the edges name nodes that the table nodes lacks; keep both tables whole"
        )
    xy, row = shapely.get_coordinates(ours.geometry.to_numpy(), return_index=True)
    offsets = np.zeros(len(ours) + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=len(ours)), out=offsets[1:])
    length = _numbers(ours, "length_m")
    minutes = (_inf_for_nan(ours, "time_forward_min"), _inf_for_nan(ours, "time_backward_min"))
    crs = pyproj.CRS.from_user_input(edges.crs)
    texts: dict[str, Any] = {name: _objects(ours[name]) for name in _TEXTS}
    flags: dict[str, Any] = {name: ours[name].to_numpy(dtype=bool, copy=True) for name in _FLAGS}
    return TravelGraph(
        mode=mode,
        crs=crs,
        node_x=np.array(points.geometry.x, dtype=np.float64),
        node_y=np.array(points.geometry.y, dtype=np.float64),
        node_source_id=_objects(points["source_id"]),
        node_component=points["component"].to_numpy(dtype=np.int64, copy=True),
        edge_from=ends[0],
        edge_to=ends[1],
        length_m=length,
        speed_km_h=_numbers(ours, "speed_km_h"),
        forward_min=minutes[0],
        backward_min=minutes[1],
        component=ours["component"].to_numpy(dtype=np.int64, copy=True),
        component_km=_numbers(ours, "component_km"),
        coordinates=np.ascontiguousarray(xy),
        coordinate_offsets=offsets,
        findings=no_findings(crs),
        report={},
        edge_layer=_layers(ours),
        before=_before(ours),
        **texts,
        **flags,
    )


def _layers(edges: gpd.GeoDataFrame) -> NDArray[np.int64] | None:
    """Layer of each edge of a combined network; None where the mode has one layer."""
    if "layer" not in edges or edges["layer"].isna().all():
        return None
    return edges["layer"].to_numpy(dtype=np.int64)


def _before(edges: gpd.GeoDataFrame) -> Before | None:
    """Where edges come from; None where no road was added to the mode."""
    if "before_edge" not in edges or edges["before_edge"].isna().all():
        return None
    origin = edges["before_edge"].fillna(-1.0).to_numpy(dtype=np.int64)
    return Before(origin, _numbers(edges, "before_component_km"))


def graph_to_networkx(graph: TravelGraph) -> nx.MultiDiGraph:
    """Write a graph for networkx."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and needed here alone

    result = nx.MultiDiGraph(crs=graph.crs.to_wkt(), mode=graph.mode)
    result.add_nodes_from(
        (node, {"x": x, "y": y})
        for node, (x, y) in enumerate(zip(graph.node_x.tolist(), graph.node_y.tolist(), strict=True))
    )
    rows = zip(
        graph.edge_from.tolist(),
        graph.edge_to.tolist(),
        graph.edge_id.tolist(),
        graph.road_class.tolist(),
        graph.length_m.tolist(),
        graph.forward_min.tolist(),
        graph.backward_min.tolist(),
        strict=True,
    )
    for start, end, edge, kind, length, forward, backward in rows:
        shared = {"edge_id": edge, "road_class": kind, "length_m": length}
        if np.isfinite(forward):
            result.add_edge(start, end, key=f"{edge}+", time_min=forward, **shared)
        if np.isfinite(backward):
            result.add_edge(end, start, key=f"{edge}-", time_min=backward, **shared)
    return result


def _nan_for_inf(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=np.float64, copy=True)


def _inf_for_nan(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    values = _numbers(frame, name)
    return np.where(np.isnan(values), np.inf, values)


def _objects(series: pd.Series) -> NDArray[np.object_]:
    values = series.astype(object)
    return values.where(values.notna(), None).to_numpy(dtype=object)


def no_findings(crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Make an empty table of findings."""
    return _empty(crs).copy()


@lru_cache(maxsize=8)
def _empty(crs: pyproj.CRS) -> gpd.GeoDataFrame:
    # Every graph of a search carries one: made anew it would cost more than small searches.
    texts = ("finding_id", "kind", "subject_id", "other_id", "detail")
    columns = {name: pd.Series([], dtype="str") for name in texts} | {
        "distance_m": pd.Series([], dtype="float64")
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)
