"""Turn restrictions and barriers on roads: junctions taken apart into arrivals and departures, and walls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count, product
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.crs import require_network_crs
from spatial.errors import ContractError, NetworkError, faults_at, first_of, of_kind, refuse
from spatial.network.combined import Links, with_links
from spatial.network.graph import TURN, TWIN, TravelGraph, gather_vertices, with_nodes
from spatial.network.report import findings_table, join_findings, turns_not_applied
from spatial.network.road_access import passes_barrier, restriction_binds
from spatial.network.splitting import AS_THEY_ARE, split_edges
from spatial.outlines import require_shapes

APPLIED, NOTHING = "restrictions", ""
"""What a restriction that was applied is counted as; and why it was not."""

_ON_M = 0.01
"""A turn or barrier this near to a vertex is at it. Metres."""

_NODE = re.compile(r"n\d+")
"""Id of a barrier that is a node of the extract."""

_COLUMNS = ("turn_id", "kind", "from_road_id", "to_road_id")


class End(NamedTuple):
    """An edge at a junction."""

    edge: int
    side: int  # 0 where it begins there, 1 where it ends there
    road_id: str
    arrives: bool  # whether somebody may come from there, and go there
    departs: bool


class Junctions(NamedTuple):
    """The junctions that edges join, those that turns took apart whole again."""

    start: IntArray  # shape (n_edges,), numbers of junctions
    end: IntArray
    n_junctions: int


def whole_junctions(graph: TravelGraph) -> Junctions:
    """Put the nodes of junctions that turns took apart together."""
    partner, is_turn = graph.edge_partner, graph.road_class == TURN
    one = np.concatenate((graph.edge_from, graph.edge_to, graph.edge_from[is_turn]))
    other = np.concatenate((graph.edge_from[partner], graph.edge_to[partner], graph.edge_to[is_turn]))
    # Of a road that a new one cut the other direction may be whole, and not end where its piece does.
    same = (graph.node_x[one] == graph.node_x[other]) & (graph.node_y[one] == graph.node_y[other])
    joins = coo_array((np.ones(same.sum()), (one[same], other[same])), shape=(graph.n_nodes, graph.n_nodes))
    n_junctions, found = connected_components(joins, directed=False)
    junction = found.astype(np.int64)
    return Junctions(junction[graph.edge_from], junction[graph.edge_to], n_junctions)


class _Junction(NamedTuple):
    """A node with the edges there, and from which to which one may go on."""

    node: int
    ends: list[End]
    may_go: BoolArray


def with_turns(graph: TravelGraph, turns: gpd.GeoDataFrame) -> TravelGraph:
    """
    Let turn restrictions and barriers on roads count.

    A barrier is a wall: the roads that meet at it end there, on both sides. A junction with a restriction is taken
    apart: its edges get a node for those who arrive and one for those who depart, with a way of no length from each
    arrival to each departure that is allowed. An edge with both directions becomes two there, one a direction; the one
    against the drawn direction is named after the other with ``<`` behind, and places on the road may use both. Who
    sets out from a place on the road, or turns back at its other end, does as before.

    Parameters
    ----------
    graph : TravelGraph
        Of one mode; left unchanged.
    turns : GeoDataFrame
        By the contract of the table ``turns``, in the CRS of the graph; turn_id, kind, from_road_id and to_road_id
        must be there. Which mode a row binds follows from access.toml.

    Returns
    -------
    TravelGraph
        With ``report["turns"]``: how many barriers and restrictions were applied, and how many were not and why; those
        that should have been are among the findings.

    Raises
    ------
    ContractError
        Where columns are missing or a kind is not known.
    CrsError
        Where the CRS is not the graph's.
    NetworkError
        Where the graph is combined of several: apply turns before.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    if graph.edge_layer is not None:
        raise NetworkError(f"mode {graph.mode}: let turns count in each network before they are combined")
    require_shapes("turns", turns)
    missing = [name for name in _COLUMNS if name not in turns]
    refuse("turns", faults_at("missing column(s)", missing))
    odd = sorted(set(turns["kind"].astype(str)) - {"no", "only", "barrier"})
    refuse("turns", faults_at("kind: must be no, only or barrier, is", odd))
    kind = turns.geom_type.dropna()
    if (kind != "Point").any():
        raise ContractError("turns", [f"geometry: must be points, is {first_of(sorted(set(kind)))}"])
    require_network_crs(turns.crs, graph.crs, what="turns")
    counts: Counter[str] = Counter()
    walled = _with_walls(graph, turns, counts)
    junctions, outcomes = _junctions(walled, turns)
    counts.update(outcome or APPLIED for outcome in outcomes)
    apart = walled
    if junctions:
        # Arrivals and departures get nodes of their own, and both directions of an edge an edge each.
        gates = _Gates(walled)
        for junction in junctions:
            gates.open(junction)
        apart = _taken_apart(walled, gates)
    left = outcomes.loc[~outcomes.isin([NOTHING, "not_on_network"])]
    found = turns_not_applied(graph, turns.loc[left.index], left)
    return replace(
        apart,
        report={**graph.report, "turns": dict(sorted(counts.items()))},
        findings=join_findings(graph.findings, findings_table(found, mode=graph.mode, crs=graph.crs)),
    )


def _points(rows: gpd.GeoDataFrame) -> FloatArray:
    return np.column_stack((rows.geometry.x, rows.geometry.y)).astype(np.float64)


def _within_reach(xy: FloatArray, points: FloatArray) -> list[list[int]]:
    """Rows of `xy` at each point."""
    found: Any = cKDTree(xy).query_ball_point(points, _ON_M)
    return list(found)


def _with_walls(graph: TravelGraph, turns: gpd.GeoDataFrame, counts: Counter[str]) -> TravelGraph:
    barriers = turns.loc[(turns["kind"] == "barrier") & turns.geometry.notna()]
    shut = barriers.loc[~passes_barrier(barriers, mode=graph.mode)]
    if shut.empty:
        return graph
    offsets, wanted = graph.coordinate_offsets, set()
    near = _within_reach(graph.coordinates, _points(shut))
    for name, rows in zip(shut["turn_id"].astype(str), near, strict=True):
        own = rows
        if _NODE.fullmatch(name):
            # Of vertices in one place, those of the barrier's own node where the source names its nodes. A node inside
            # a road has lost its name, and is no junction; a junction has kept it.
            named: dict[int, object] = {}
            for row in rows:
                edge = int(np.searchsorted(offsets, row, side="right")) - 1
                if row == offsets[edge]:
                    named[row] = graph.node_source_id[graph.edge_from[edge]]
                elif row == offsets[edge + 1] - 1:
                    named[row] = graph.node_source_id[graph.edge_to[edge]]
            if None not in named.values():
                own = [row for row in rows if named.get(row) == name] or [row for row in rows if row not in named]
        wanted.update(own or rows)
        counts["barriers"] += bool(rows)
    if not wanted:
        return graph
    vertex = np.array(sorted(wanted), dtype=np.int64)
    edges = np.searchsorted(offsets, vertex, side="right") - 1
    shares = []
    for edge, row in zip(edges.tolist(), vertex.tolist(), strict=True):
        first, stop = offsets[edge], offsets[edge + 1]
        along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(graph.coordinates[first:stop], axis=0).T))]
        is_last = row == stop - 1
        shares.append(1.0 if is_last else along[row - first] / max(along[-1], np.finfo(float).tiny))
    return split_edges(graph, edges, shares, joined=False)


def _junctions(graph: TravelGraph, turns: gpd.GeoDataFrame) -> tuple[list[_Junction], pd.Series[str]]:
    """Apply every restriction; return the junctions where not all may go everywhere, and why any was not applied."""
    told = turns.loc[turns["kind"] != "barrier"]
    told = told.loc[restriction_binds(told, mode=graph.mode)]
    outcomes = pd.Series(NOTHING, index=told.index, dtype="str")
    if "why_not" in told:
        outcomes = told["why_not"].fillna(NOTHING).astype("str")
    outcomes = outcomes.mask((outcomes == NOTHING) & told.geometry.isna(), "members_missing")
    told = told.loc[outcomes == NOTHING]
    if told.empty:
        return [], outcomes
    nodes = _within_reach(np.column_stack((graph.node_x, graph.node_y)), _points(told))
    here = _whole(graph, list(chain.from_iterable(nodes)))
    columns = (told[name].astype(object) for name in ("kind", "from_road_id", "to_road_id"))
    for row, kind, one, other, near in zip(told.index, *columns, nodes, strict=True):
        found = {_restrict(here[node], kind, one, other) for node in near}
        outcomes[row] = NOTHING if NOTHING in found else max(found, default="not_on_network")
    return [here[node] for node in sorted(here) if not here[node].may_go.all()], outcomes


def _whole(graph: TravelGraph, nodes: list[int]) -> dict[int, _Junction]:
    """Look up junctions at which all may go everywhere."""
    ends: dict[int, list[End]] = {node: [] for node in nodes}
    asked = np.zeros(graph.n_nodes, dtype=bool)
    asked[nodes] = True
    for edge in np.flatnonzero(asked[graph.edge_from] | asked[graph.edge_to]).tolist():
        for side, node in enumerate((int(graph.edge_from[edge]), int(graph.edge_to[edge]))):
            if node in ends:
                ahead, back = np.isfinite((graph.forward_min[edge], graph.backward_min[edge])).tolist()
                arrives, departs = (back, ahead) if side == 0 else (ahead, back)
                ends[node].append(End(edge, side, graph.road_id[edge], arrives, departs))
    return {node: _Junction(node, there, np.ones((len(there),) * 2, bool)) for node, there in ends.items()}


def gates_of(graph: TravelGraph) -> BoolArray:
    """Tell which nodes lie where a junction was taken apart."""
    place, is_turn, partner = graph.node_x + 1j * graph.node_y, graph.road_class == TURN, graph.edge_partner
    both = (graph.edge_from, graph.edge_to)
    # Where no turn is left, both directions of a road tell.
    ends = [each[is_turn | ((each != each[partner]) & (place[each] == place[each[partner]]))] for each in both]
    return np.isin(place, place[np.concatenate(ends)])


def meet_gates(graph: TravelGraph, nodes: list[int]) -> TravelGraph:
    """Let roads that end at nodes of their own come from, and go on to, every road of a junction there taken apart."""
    gates, is_road, place = _Gates(graph), graph.road_class != TURN, graph.node_x + 1j * graph.node_y
    ahead, back = (is_road & np.isfinite(minutes) for minutes in (graph.forward_min, graph.backward_min))
    come = np.unique(np.concatenate((graph.edge_to[ahead], graph.edge_from[back])))
    go = np.unique(np.concatenate((graph.edge_from[ahead], graph.edge_to[back])))
    for node, junction in _whole(graph, nodes).items():
        gates.open(junction, *(some[(place[some] == place[node]) & (some != node)].tolist() for some in (come, go)))
    return _taken_apart(graph, gates)


def _taken_apart(graph: TravelGraph, gates: _Gates) -> TravelGraph:
    at = np.array(gates.added, dtype=np.int64)
    apart = with_nodes(graph, graph.node_x[at], graph.node_y[at], graph.node_component[at])
    # Edges lead to their gates; those that differ by direction become two.
    ends = (apart.edge_from, apart.edge_to)
    touched = np.zeros(apart.n_edges, dtype=bool)
    for moved in (gates.forward, gates.backward):
        touched |= (moved[0] != ends[0]) | (moved[1] != ends[1])
    there, back = np.isfinite(apart.forward_min), np.isfinite(apart.backward_min)
    only_back = touched & back & ~there
    twin = np.flatnonzero(touched & there & back)
    coordinates, offsets = gather_vertices(apart.coordinates, apart.coordinate_offsets, twin)
    first = replace(
        apart,
        edge_from=np.where(only_back, gates.backward[0], gates.forward[0]),
        edge_to=np.where(only_back, gates.backward[1], gates.forward[1]),
        backward_min=np.where(touched & there & back, np.inf, apart.backward_min),
    )
    second: dict[str, Any] = {name: getattr(apart, name)[twin] for name in _OF_TWINS}
    second |= {
        "edge_id": np.array([f"{name}{TWIN}" for name in apart.edge_id[twin]], dtype=object),
        "edge_from": gates.backward[0][twin],
        "edge_to": gates.backward[1][twin],
        "forward_min": np.full(len(twin), np.inf),
        "backward_min": apart.backward_min[twin],
        "is_snappable": np.zeros(len(twin), dtype=bool),
        "coordinates": coordinates,
        "coordinate_offsets": apart.coordinate_offsets[-1] + offsets[1:],
    }
    both: dict[str, Any] = {name: np.concatenate((getattr(first, name), values)) for name, values in second.items()}
    if apart.before is not None:
        both["before"] = apart.before.take(np.r_[: apart.n_edges, twin])
    return with_links(replace(first, **both), gates.links())


def _restrict(here: _Junction, kind: str, one: str, other: str) -> str:
    """Take away what a restriction forbids; return why not where that cannot be done."""
    arrivals = [row for row, end in enumerate(here.ends) if end.road_id == one and end.arrives]
    departures = [row for row, end in enumerate(here.ends) if end.road_id == other and end.departs]
    if not arrivals or not departures:
        return "not_on_network"
    if len(arrivals) > 1 or len(departures) > 1:
        return "road_goes_on"  # a road that is not split at the junction has two ends there
    here.may_go[arrivals[0], :] &= kind == "no"
    here.may_go[arrivals[0], departures[0]] = kind == "only"
    return NOTHING


class _Gates:
    """Nodes and links of junctions that are taken apart; the first node of a junction is the one that was there."""

    def __init__(self, graph: TravelGraph) -> None:
        self.graph = graph
        self.added: list[int] = []
        self.forward = [graph.edge_from.copy(), graph.edge_to.copy()]
        self.backward = [graph.edge_from.copy(), graph.edge_to.copy()]
        self._steps: list[tuple[int, int, str]] = []

    def open(self, junction: _Junction, come: Sequence[int] = (), go: Sequence[int] = ()) -> None:
        """Take a junction apart; to nodes that people come from there, and go to, all its edges are joined."""
        nodes = chain([junction.node], count(self.graph.n_nodes + len(self.added)))
        arrivals = {row: next(nodes) for row, end in enumerate(junction.ends) if end.arrives}
        departures = {row: next(nodes) for row, end in enumerate(junction.ends) if end.departs}
        self.added += [junction.node] * (len(arrivals) + len(departures) - 1)
        for row, (edge, side, *_) in enumerate(junction.ends):
            # Who goes forwards departs where the edge begins and arrives where it ends; backwards the other way round.
            ahead, back = (departures, arrivals) if side == 0 else (arrivals, departures)
            self.forward[side][edge] = ahead.get(row, junction.node)
            self.backward[side][edge] = back.get(row, junction.node)
        name = self.graph.node_source_id[junction.node] or f"node-{junction.node}"
        self._steps += [
            (arrivals[one], departures[other], f"{name}/{TURN}-{one}-{other}")
            for one, other in product(arrivals, departures)
            if junction.may_go[one, other]
        ]
        self._steps += [
            (gate, departures[row], f"{name}/{TURN}-from-{gate}-{row}") for gate in come for row in departures
        ]
        self._steps += [(arrivals[row], gate, f"{name}/{TURN}-{row}-to-{gate}") for gate in go for row in arrivals]

    def links(self) -> Links:
        return Links(
            edge_id=[name for _, _, name in self._steps],
            road_id=[name.partition("/")[0] for _, _, name in self._steps],
            road_class=TURN,
            start=np.array([start for start, _, _ in self._steps], dtype=np.int64),
            end=np.array([end for _, end, _ in self._steps], dtype=np.int64),
            forward_min=0.0,
            backward_min=np.inf,
        )


_OF_TWINS = (*(name for name in AS_THEY_ARE if name != "is_snappable"), "length_m", "component", "component_km")
"""What the second direction has from the first."""
