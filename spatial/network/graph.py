"""The travel graph of one mode: arrays that kernels read, and what was found while it was built."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from spatial.errors import NetworkError, first_of

if TYPE_CHECKING:
    import geopandas as gpd
    import networkx as nx
    import pyproj
    from numpy.typing import NDArray

    from spatial.network.search.core import Core, CoreShape

__all__ = ["TWIN", "Adjacency", "Before", "TravelGraph", "adjacency", "arc_direction", "arc_edge"]

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
        from spatial.network.search.core import contract_graph  # noqa: PLC0415 - compiled code is loaded when needed

        return contract_graph(self)

    @cached_property
    def core(self) -> Core:
        """The contracted graph with the minutes of this one; made when first asked for."""
        from spatial.network.search.core import weigh_core  # noqa: PLC0415 - compiled code is loaded when needed

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
        from spatial.network.frames import graph_to_frames  # noqa: PLC0415 - frames imports this module

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
        from spatial.network.frames import graph_from_frames  # noqa: PLC0415 - frames imports this module

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
        from spatial.network.frames import graph_to_networkx  # noqa: PLC0415 - frames imports this module

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
