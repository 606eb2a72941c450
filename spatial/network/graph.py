"""The travel graph of one mode: arrays that kernels read, its contracted core, and both as tables and back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import NetworkError, faults_at
from spatial.formats.notes import no_findings
from spatial.network.kernels_core import Chains, Lane, Lanes, contract, halves_of_cores, weigh
from spatial.network.kernels_search import Arcs, MeasuredArcs
from spatial.network.noding import SIDE, along_curve, components_of
from spatial.plain_text import html_table
from spatial.tables import TABLES

if TYPE_CHECKING:
    import networkx as nx


# The travel graph of one mode: arrays that kernels read, and what was found while it was built.

TURN = "turn"
"""Road class of the ways over a junction that has been taken apart."""

TWIN = "<"
"""In the id of an edge: the second of two that are one road, a direction each (`with_turns`)."""


_EDGE_COLUMNS: dict[str, tuple[str, type]] = {
    "edge_id": ("edge_id", str),
    "road_id": ("road_id", str),
    "road_class": ("road_class", str),
    "surface": ("surface", str),
    "from_node": ("edge_from", np.int64),
    "to_node": ("edge_to", np.int64),
    "length_m": ("length_m", np.float64),
    "speed_km_h": ("speed_km_h", np.float64),
    "time_forward_min": ("forward_min", np.float64),
    "time_backward_min": ("backward_min", np.float64),
    "speed_source": ("speed_source", str),
    "is_bridge": ("is_bridge", np.bool_),
    "is_tunnel": ("is_tunnel", np.bool_),
    "all_season": ("all_season", str),
    "is_snappable": ("is_snappable", np.bool_),
    "component": ("component", np.int64),
    "component_km": ("component_km", np.float64),
}
"""Columns of the table edges: which field of the graph they are, and of which kind."""

_MINUTES = ("time_forward_min", "time_backward_min")
"""Columns that are NaN where the field is inf."""


@dataclass(frozen=True, eq=False)
class EdgeOrigins:
    """
    Where the edges of a network come from that roads were added to.

    Parameters
    ----------
    edge : ndarray of int64, shape (n_edges,)
        Edge of the network before that each edge is, or is cut from; -1 for one that was not in it.
    component_km : ndarray of float64, shape (n_edges,)
        Length of the component that it was in; NaN for one that was not in it.
    """

    edge: IntArray
    component_km: FloatArray

    def take(self, edges: IntArray) -> EdgeOrigins:
        """Choose edges by their positions, in their order; -1 for one that is new."""
        new = edges < 0
        return EdgeOrigins(np.where(new, -1, self.edge[edges]), np.where(new, np.nan, self.component_km[edges]))


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
    before : EdgeOrigins, optional
        Of a network that roads were added to: where its edges come from. Places keep the ways in that they had.
    """

    mode: str
    crs: pyproj.CRS
    node_x: FloatArray
    node_y: FloatArray
    node_source_id: ObjectArray
    node_component: IntArray
    edge_id: ObjectArray
    road_id: ObjectArray
    road_class: ObjectArray
    surface: ObjectArray
    edge_from: IntArray
    edge_to: IntArray
    length_m: FloatArray
    speed_km_h: FloatArray
    forward_min: FloatArray
    backward_min: FloatArray
    speed_source: ObjectArray
    is_bridge: BoolArray
    is_tunnel: BoolArray
    is_snappable: BoolArray
    all_season: ObjectArray
    component: IntArray
    component_km: FloatArray
    coordinates: FloatArray
    coordinate_offsets: IntArray
    findings: gpd.GeoDataFrame
    report: dict[str, Any] = field(default_factory=dict)
    edge_layer: IntArray | None = None
    before: EdgeOrigins | None = None

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_x)

    @property
    def n_edges(self) -> int:
        """Number of edges, each counted once whatever its directions."""
        return len(self.length_m)

    @cached_property
    def core_shape(self) -> CoreShape:
        """Junctions and chains, whatever the minutes; made when first asked for."""
        return contract_graph(self)

    @cached_property
    def core(self) -> ContractedGraph:
        """The contracted graph with the minutes of this one; made when first asked for."""
        return weigh_core(self, self.core_shape)

    @cached_property
    def edge_twin(self) -> IntArray | None:
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

    @property
    def is_open(self) -> BoolArray:
        """Tell which edges are not closed in both directions."""
        return np.isfinite(self.forward_min) | np.isfinite(self.backward_min)

    @cached_property
    def edge_partner(self) -> IntArray:
        """Other direction of each road that is two edges; any other edge is its own partner."""
        partner = np.arange(self.n_edges, dtype=np.int64)
        if self.edge_twin is not None:
            first = np.flatnonzero(self.edge_twin >= 0)
            partner[first], partner[self.edge_twin[first]] = self.edge_twin[first], first
        return partner

    @property
    def is_counted(self) -> BoolArray:
        """Tell edges from the second direction of a road that is two: sums of roads and of lengths leave that out."""
        return np.arange(self.n_edges) <= self.edge_partner

    @cached_property
    def snap_indexes(self) -> dict[bytes, Any]:
        """Grids over the edges that places are joined to, by which edges those are; `snap` fills them."""
        return {}

    @cached_property
    def joined_places(self) -> dict[Any, Any]:
        """Where the last lists of places meet it, by coordinates, rules and barriers; `snap` fills them."""
        return {}

    @property
    def component_lengths_km(self) -> FloatArray:
        """Length of every component in kilometres, the longest first."""
        return np.bincount(self.component, weights=self.length_m * self.is_counted) / 1000.0

    def with_closed(self, edges: BoolArray) -> TravelGraph:
        """Close some edges in both directions; their speeds stay."""
        forward, backward = (np.where(edges, np.inf, minutes) for minutes in (self.forward_min, self.backward_min))
        return self.with_minutes(forward, backward, speed_km_h=self.speed_km_h)

    def with_factor(self, factor: float | NDArray[np.floating[Any]]) -> TravelGraph:
        """Multiply the speed of all edges, or of each, by a factor; 0 closes an edge."""
        is_open = np.asarray(factor) > 0.0
        divisor = np.where(is_open, factor, 1.0)
        forward, backward = (
            np.where(is_open, minutes / divisor, np.inf) for minutes in (self.forward_min, self.backward_min)
        )
        return self.with_minutes(forward, backward, speed_km_h=self.speed_km_h * factor)

    def with_minutes(
        self, forward_min: FloatArray, backward_min: FloatArray, *, speed_km_h: FloatArray | None = None
    ) -> TravelGraph:
        """
        Take other minutes over the same edges, 0 or more and inf where closed; this graph is left as it is.

        Speeds that are not given follow from metres and minutes that changed, forwards, or backwards where forwards is
        closed; where both are, and on edges of no length or no time, the speed stays.
        """
        forward, backward = (np.array(each, dtype=np.float64) for each in (forward_min, backward_min))
        problems = []
        for name, minutes in (("forward_min", forward), ("backward_min", backward)):
            if minutes.shape != self.length_m.shape:
                problems.append(f"{name} has shape {minutes.shape}, must be ({self.n_edges},)")
                continue
            wrong = ~(minutes >= 0.0)
            problems += faults_at(f"{name} is missing or below 0 on edges", self.edge_id[wrong])
        if problems:
            raise NetworkError("these minutes cannot be travelled: " + "; ".join(problems))
        if speed_km_h is None:
            new = np.where(np.isfinite(forward), forward, backward)
            old = np.where(np.isfinite(self.forward_min), self.forward_min, self.backward_min)
            told = (new != old) & np.isfinite(new) & (new > 0.0) & (self.length_m > 0.0)
            speed = np.where(told, 0.06 * self.length_m / np.where(told, new, 1.0), self.speed_km_h)
        else:
            speed = np.array(speed_km_h, np.float64)
        changed = replace(self, forward_min=forward, backward_min=backward, speed_km_h=speed)
        # What depends on the edges alone is made once for all graphs that share them.
        vars(changed).update({name: getattr(self, name) for name in ("core_shape", "snap_indexes", "joined_places")})
        return changed

    def edge_lines(self, edges: IntArray | None = None) -> ObjectArray:
        """Edges as lines in the drawn direction: some, by their positions, or all."""
        xy, offsets = (
            (self.coordinates, self.coordinate_offsets)
            if edges is None
            else gather_vertices(self.coordinates, self.coordinate_offsets, edges)
        )
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        return np.asarray(shapely.linestrings(xy, indices=rows), dtype=object)

    def to_frames(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        """Write the graph as the tables ``nodes`` and ``edges``, by their contracts."""
        nodes = gpd.GeoDataFrame(
            {
                "mode": pd.Series([self.mode] * self.n_nodes, dtype="str"),
                "node_id": np.arange(self.n_nodes, dtype=np.int64),
                "source_id": pd.Series(self.node_source_id, dtype="str"),
                "component": self.node_component,
            },
            geometry=gpd.points_from_xy(self.node_x, self.node_y),
            crs=self.crs,
        )
        columns: dict[str, Any] = {"mode": pd.Series([self.mode] * self.n_edges, dtype="str")}
        for column, (name, kind) in _EDGE_COLUMNS.items():
            values = getattr(self, name)
            columns[column] = pd.Series(values, dtype="str") if kind is str else values
        for column in _MINUTES:
            columns[column] = np.where(np.isfinite(columns[column]), columns[column], np.nan)
        edges = gpd.GeoDataFrame(columns, geometry=self.edge_lines(), crs=self.crs)
        if self.edge_layer is not None:
            edges["layer"] = self.edge_layer.astype(np.float64)
        if self.before is not None:
            edges["before_edge"] = np.where(self.before.edge < 0, np.nan, self.before.edge)
            edges["before_component_km"] = self.before.component_km
        return nodes, edges

    @classmethod
    def from_frames(cls, nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, mode: str) -> TravelGraph:
        """
        Read the graph of one mode back from the tables of `to_frames`; rows of other modes are passed over.

        It equals the one written, save for `findings` and `report`, which are not in these tables. Without an edge of
        the mode a NetworkError is raised, for tables that break their contract a ContractError or CrsError.
        """
        TABLES["nodes"].check(nodes)
        TABLES["edges"].check(edges)
        ours = edges.loc[edges["mode"] == mode]
        points = nodes.loc[nodes["mode"] == mode].reset_index(drop=True).sort_values("node_id")
        if ours.empty:
            modes = ", ".join(sorted(edges["mode"].unique())) or "none"
            raise NetworkError(f"the table edges has no edge of mode {mode!r}; it has the modes: {modes}")
        values: dict[str, Any] = {
            name: _objects(ours[column]) if kind is str else ours[column].to_numpy(dtype=kind, copy=True)
            for column, (name, kind) in _EDGE_COLUMNS.items()
        }
        for column in _MINUTES:
            name = _EDGE_COLUMNS[column][0]
            values[name] = np.where(np.isnan(values[name]), np.inf, values[name])
        ids = points["node_id"].to_numpy(dtype=np.int64)
        last = max(int(values[name].max()) for name in ("edge_from", "edge_to"))
        if not np.array_equal(ids, np.arange(len(ids))) or last >= len(ids):
            raise NetworkError(f"mode {mode}: the edges name nodes that the table nodes lacks; keep both tables whole")
        xy, row = shapely.get_coordinates(ours.geometry.to_numpy(), return_index=True)
        offsets = np.zeros(len(ours) + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=len(ours)), out=offsets[1:])
        layer, before = ours.get("layer"), ours.get("before_edge")
        crs = pyproj.CRS.from_user_input(edges.crs)
        return cls(
            mode=mode,
            crs=crs,
            node_x=np.array(points.geometry.x, dtype=np.float64),
            node_y=np.array(points.geometry.y, dtype=np.float64),
            node_source_id=_objects(points["source_id"]),
            node_component=points["component"].to_numpy(dtype=np.int64, copy=True),
            coordinates=np.ascontiguousarray(xy),
            coordinate_offsets=offsets,
            findings=no_findings(crs),
            edge_layer=None if layer is None or layer.isna().all() else layer.to_numpy(dtype=np.int64),
            before=None
            if before is None or before.isna().all()
            else EdgeOrigins(
                before.fillna(-1.0).to_numpy(dtype=np.int64),
                ours["before_component_km"].to_numpy(dtype=np.float64, copy=True),
            ),
            **values,
        )

    def to_networkx(self) -> nx.MultiDiGraph:
        """
        Write the graph as a ``networkx.MultiDiGraph``, nodes 0 to n_nodes - 1 with ``x`` and ``y``.

        An open direction is an arc with ``time_min``, ``length_m``, ``edge_id``, ``road_class``, and + or - on its key.
        """
        import networkx as nx  # noqa: PLC0415 - slow to import, and needed here alone

        result = nx.MultiDiGraph(crs=self.crs.to_wkt(), mode=self.mode)
        result.add_nodes_from(
            (node, {"x": x, "y": y})
            for node, (x, y) in enumerate(zip(self.node_x.tolist(), self.node_y.tolist(), strict=True))
        )
        columns = (
            *(self.edge_from, self.edge_to, self.edge_id, self.road_class),
            *(self.length_m, self.forward_min, self.backward_min),
        )
        for start, end, edge, kind, length, forward, backward in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            shared = {"edge_id": edge, "road_class": kind, "length_m": length}
            if np.isfinite(forward):
                result.add_edge(start, end, key=f"{edge}+", time_min=forward, **shared)
            if np.isfinite(backward):
                result.add_edge(end, start, key=f"{edge}-", time_min=backward, **shared)
        return result

    def __repr__(self) -> str:
        """Say what the graph holds in one line."""
        km = self.component_lengths_km.sum()
        return f"<TravelGraph {self.mode}: {self.n_nodes} nodes, {self.n_edges} edges, {km:.1f} km>"

    def _repr_html_(self) -> str:
        """Say the same in a notebook, with the speeds that it stands on."""
        shares = ("speed_tagged_share", "speed_stated_share", "speed_imputed_share", "surface_unknown_share")
        rows: dict[str, object] = {"nodes": f"{self.n_nodes:,}", "edges": f"{self.n_edges:,}"}
        rows |= {"km": f"{self.component_lengths_km.sum():,.1f}", "CRS": self.crs.to_string()}
        built = {"speed_table": self.report.get("speed_table"), "season": self.report.get("season", {}).get("name")}
        rows |= {name: told for name, told in built.items() if told}
        rows |= {name.replace("_", " "): f"{self.report[name]:.0%}" for name in shares if name in self.report}
        return html_table(f"TravelGraph {self.mode}", rows)


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

    Parameters
    ----------
    core_node : ndarray of int32, shape (n_core,)
        Node of the graph: first those that a search must visit, then dead ends and nodes without edges; each of
        both groups along a Hilbert curve.
    n_search : int
        How many a search must visit.
    chains : Chains
        Between core nodes.
    arc_offsets : ndarray of int32
        Chains between different visited core nodes, as compressed sparse rows that serve both directions.
    arc_target : ndarray of int32
        Node at the other end of each.
    arc_half : ndarray of int32
        2 x chain, + 1 where the chain is walked backwards.
    """

    core_node: NDArray[np.int32]
    n_search: int
    chains: Chains
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
        return len(self.chains.first)


@dataclass(frozen=True, eq=False)
class ContractedGraph:
    """
    The contracted graph with minutes.

    Parameters
    ----------
    shape : CoreShape
        Core nodes and chains.
    forward : Lane
        Minutes from the first end of each chain to the last.
    backward : Lane
        Minutes from the last end to the first.
    out_min : ndarray of float64, shape (n_arcs,)
        Minutes along the arcs of the shape, from the node whose row it is; inf where closed.
    in_min : ndarray of float64
        The same towards the node whose row it is.
    length_m : ndarray of float64, shape (n_edges,)
        Metres of the edges.
    """

    shape: CoreShape
    forward: Lane
    backward: Lane
    out_min: FloatArray
    in_min: FloatArray
    length_m: FloatArray

    @cached_property
    def metres(self) -> Lane:
        """Lane of metres; made when first asked for."""
        chains = self.shape.chains
        lane: Lane = weigh(chains.step_arc, chains.offsets, self.length_m, self.length_m).there
        return lane

    @cached_property
    def arc_m(self) -> FloatArray:
        """Metres along the arcs of the shape."""
        return np.asarray(self.metres.whole[self.shape.arc_half >> 1])

    @cached_property
    def width_min(self) -> float:
        """Width of the steps in which a search proceeds, minutes; changes the speed only."""
        times = self.out_min[np.isfinite(self.out_min)]
        mean = float(times.mean()) if len(times) else 0.0
        return _WIDTH * mean if mean > 0.0 else 1.0

    def lanes(self, *, onwards: bool) -> Lanes:
        """Travel along the chains, onwards (where travel begins as the search does) or the other way round."""
        return Lanes(self.forward, self.backward) if onwards else Lanes(self.backward, self.forward)

    def arcs(self, *, outward: bool) -> Arcs:
        """Arcs of the core in which a search for times spreads, from where travel begins (outward) or ends."""
        shape = self.shape
        return Arcs(shape.arc_offsets, shape.arc_target, self.out_min if outward else self.in_min)

    def measured_arcs(self, *, outward: bool) -> MeasuredArcs:
        """Arcs of the core in which a search for ways and metres spreads, as in `arcs`."""
        offsets, target, minutes = self.arcs(outward=outward)
        return MeasuredArcs(offsets, target, self.shape.arc_half, minutes, self.arc_m)


def contract_graph(graph: TravelGraph) -> CoreShape:
    """Contract the chains of a graph."""
    chains, degree = contract(graph.n_nodes, graph.edge_from, graph.edge_to)
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
    core_node = nodes[keyed & ((1 << low) - 1)].astype(np.int32)
    n_search = len(nodes) - int(np.count_nonzero(is_passed))
    number = np.empty(graph.n_nodes, dtype=np.int32)
    number[core_node] = np.arange(len(core_node), dtype=np.int32)
    # A copy of the offsets lets go of the room for a chain an edge.
    first, last, offsets = number[chains.first], number[chains.last], chains.offsets.copy()
    chains = chains._replace(first=first, last=last, offsets=offsets)
    return CoreShape(core_node, n_search, chains, *halves_of_cores(n_search, first, last))


def weigh_core(graph: TravelGraph, shape: CoreShape) -> ContractedGraph:
    """Put the minutes of a graph on its contracted shape."""
    lanes = weigh(shape.chains.step_arc, shape.chains.offsets, graph.forward_min, graph.backward_min)
    by_half = np.column_stack([np.where(lane.row < 0, lane.whole, np.inf) for lane in lanes]).ravel()
    out_min, in_min = by_half[shape.arc_half], by_half[shape.arc_half ^ 1]
    return ContractedGraph(shape, *lanes, out_min, in_min, graph.length_m)


def length_share(graph: TravelGraph, edges: BoolArray) -> float:
    """Share of the length of a graph that some edges have."""
    length_m = graph.length_m * graph.is_counted
    return float(length_m[edges].sum()) / max(float(length_m.sum()), np.finfo(float).tiny)


def gather_vertices(xy: FloatArray, offsets: IntArray, edges: IntArray) -> tuple[FloatArray, IntArray]:
    """Take the vertices of some edges one after the other, and where those of each begin."""
    counts = np.diff(offsets)[edges]
    ends = np.concatenate(([0], np.cumsum(counts)))
    at = np.repeat(offsets[edges] - ends[:-1], counts) + np.arange(ends[-1])
    return np.ascontiguousarray(xy[at]), ends.astype(np.int64)


def with_nodes(graph: TravelGraph, x: FloatArray, y: FloatArray, component: IntArray) -> TravelGraph:
    """Add nodes behind those that there are."""
    return replace(
        graph,
        node_x=np.concatenate((graph.node_x, x)),
        node_y=np.concatenate((graph.node_y, y)),
        node_source_id=np.concatenate((graph.node_source_id, np.full(len(x), None, dtype=object))),
        node_component=np.concatenate((graph.node_component, component)),
    )


def with_components(graph: TravelGraph, counted: BoolArray) -> TravelGraph:
    """Find the components anew, as if no edges were there but those that count."""
    node_component, km = components_of(
        graph.n_nodes, graph.edge_from[counted], graph.edge_to[counted], (graph.length_m * graph.is_counted)[counted]
    )
    component = node_component[graph.edge_from]
    return replace(graph, node_component=node_component, component=component, component_km=km[component])


def _objects(series: pd.Series) -> ObjectArray:
    # One object for each value, not one for each edge.
    codes, values = pd.factorize(series)
    known: ObjectArray = np.array([*values.tolist(), None], dtype=object)
    return known[codes]
