"""Turn restrictions and barriers on roads: junctions taken apart into arrivals and departures, and walls."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError, NetworkError, first_of
from spatial.network.combined import Links, with_links, with_nodes
from spatial.network.graph import TWIN
from spatial.network.report import turn_findings
from spatial.network.road_access import passes_barrier, restriction_binds
from spatial.network.splitting import AS_THEY_ARE, split_edges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph


TURN = "turn"
"""Road class of the ways over a junction that has been taken apart."""

APPLIED, NOTHING = "restrictions", ""
"""What a restriction that was applied is counted as; and why it was not."""

_ON_M = 0.01
"""A turn or barrier this near to a vertex is at it. Metres."""

_NODE = re.compile(r"n\d+")
"""Id of a barrier that is a node of the extract."""

_COLUMNS = ("turn_id", "kind", "from_road_id", "to_road_id")

End = tuple[int, int]
"""An edge at a junction: its position, and 0 where it begins there or 1 where it ends there."""


@dataclass(frozen=True, eq=False)
class _Junction:
    """A node with the edges there, and from which to which one may go on."""

    node: int
    ends: list[End]
    may_go: NDArray[np.bool_]


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

    Examples
    --------
    >>> # Left turns from w1 into w2 are forbidden at their junction:
    >>> # turns = gpd.GeoDataFrame({"turn_id": ["a"], "kind": ["no"], "from_road_id": ["w1"], "to_road_id": ["w2"]},
    >>> #                          geometry=[junction], crs=graph.crs)
    """
    if graph.edge_layer is not None:
        raise NetworkError(f"mode {graph.mode}: let turns count in each network before they are combined")
    if not isinstance(turns, gpd.GeoDataFrame) or turns.active_geometry_name is None:
        raise ContractError("turns", [f"is a {type(turns).__name__} without geometry; give a GeoDataFrame"])
    missing = [name for name in _COLUMNS if name not in turns]
    if missing:
        raise ContractError("turns", [f"missing column(s) {first_of(missing)}"])
    odd = sorted(set(turns["kind"].astype(str)) - {"no", "only", "barrier"})
    if odd:
        raise ContractError("turns", [f"kind: must be no, only or barrier, is {first_of(odd)}"])
    kind = turns.geom_type.dropna()
    if (kind != "Point").any():
        raise ContractError("turns", [f"geometry: must be points, is {first_of(sorted(set(kind)))}"])
    if require_metres(turns.crs, what="turns") != graph.crs:
        raise CrsError("turns and network differ in their CRS; reproject with to_crs(graph.crs)")
    counts: Counter[str] = Counter()
    walled = _with_walls(graph, turns, counts)
    junctions, outcomes = _junctions(walled, turns)
    counts.update(outcome or APPLIED for outcome in outcomes)
    apart = _taken_apart(walled, junctions) if junctions else walled
    left = outcomes.loc[~outcomes.isin([NOTHING, "not_on_network"])]
    return replace(
        apart,
        report={**graph.report, "turns": dict(sorted(counts.items()))},
        findings=turn_findings(graph, turns.loc[left.index], left),
    )


def _points(rows: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.column_stack((rows.geometry.x, rows.geometry.y)).astype(np.float64)


def _within_reach(xy: NDArray[np.float64], points: NDArray[np.float64]) -> list[list[int]]:
    """Rows of `xy` at each point."""
    found: Any = cKDTree(xy).query_ball_point(points, _ON_M)
    return list(found)


def _with_walls(graph: TravelGraph, turns: gpd.GeoDataFrame, counts: Counter[str]) -> TravelGraph:
    barriers = turns.loc[(turns["kind"] == "barrier") & turns.geometry.notna()]
    shut = barriers.loc[~passes_barrier(barriers, mode=graph.mode)]
    if shut.empty:
        return graph
    near = _within_reach(graph.coordinates, _points(shut))
    near = [_own(graph, name, rows) for name, rows in zip(shut["turn_id"].astype(str), near, strict=True)]
    counts["barriers"] += sum(bool(rows) for rows in near)
    vertex = np.array(sorted({row for rows in near for row in rows}), dtype=np.int64)
    if len(vertex) == 0:
        return graph
    edge = np.searchsorted(graph.coordinate_offsets, vertex, side="right") - 1
    return split_edges(graph, edge, _shares(graph, edge, vertex), joined=False)


def _own(graph: TravelGraph, name: str, rows: list[int]) -> list[int]:
    """Of vertices in one place, choose those of the barrier's own node where the source names its nodes."""
    if not _NODE.fullmatch(name):
        return rows
    edges = (np.searchsorted(graph.coordinate_offsets, rows, side="right") - 1).tolist()
    named: dict[int, object] = {}
    for row, edge in zip(rows, edges, strict=True):
        if row == graph.coordinate_offsets[edge]:
            named[row] = graph.node_source_id[graph.edge_from[edge]]
        elif row == graph.coordinate_offsets[edge + 1] - 1:
            named[row] = graph.node_source_id[graph.edge_to[edge]]
    if None in named.values():
        return rows
    # A node inside a road has lost its name, and is no junction; a junction has kept it.
    return (
        [row for row in rows if named.get(row) == name] or [row for row in rows if row not in named] or rows
    )


def _shares(graph: TravelGraph, edge: NDArray[np.int64], vertex: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the edge before a vertex of it."""
    shares = np.empty(len(edge))
    for place, (at, row) in enumerate(zip(edge.tolist(), vertex.tolist(), strict=True)):
        first, stop = graph.coordinate_offsets[at], graph.coordinate_offsets[at + 1]
        along = np.concatenate(
            ([0.0], np.cumsum(np.hypot(*np.diff(graph.coordinates[first:stop], axis=0).T)))
        )
        is_last = row == stop - 1
        shares[place] = 1.0 if is_last else along[row - first] / max(along[-1], np.finfo(float).tiny)
    return shares


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
    ends = _ends_at(graph, {node for each in nodes for node in each})
    here = {node: _Junction(node, there, np.ones((len(there),) * 2, bool)) for node, there in ends.items()}
    columns = (told[name].astype(object) for name in ("kind", "from_road_id", "to_road_id"))
    for row, kind, one, other, near in zip(told.index, *columns, nodes, strict=True):
        found = {_restrict(graph, here[node], kind, one, other) for node in near}
        outcomes[row] = NOTHING if NOTHING in found else max(found, default="not_on_network")
    return [here[node] for node in sorted(here) if not here[node].may_go.all()], outcomes


def _ends_at(graph: TravelGraph, nodes: set[int]) -> dict[int, list[End]]:
    ends: dict[int, list[End]] = {node: [] for node in nodes}
    asked = np.zeros(graph.n_nodes, dtype=bool)
    asked[list(nodes)] = True
    for edge in np.flatnonzero(asked[graph.edge_from] | asked[graph.edge_to]).tolist():
        for side, node in enumerate((int(graph.edge_from[edge]), int(graph.edge_to[edge]))):
            if node in ends:
                ends[node].append((edge, side))
    return ends


def _arrives(graph: TravelGraph, end: End) -> bool:
    edge, side = end
    return bool(np.isfinite((graph.backward_min, graph.forward_min)[side][edge]))


def _departs(graph: TravelGraph, end: End) -> bool:
    edge, side = end
    return bool(np.isfinite((graph.forward_min, graph.backward_min)[side][edge]))


def _restrict(graph: TravelGraph, here: _Junction, kind: str, one: str, other: str) -> str:
    """Take away what a restriction forbids; return why not where that cannot be done."""
    arrivals = [
        row for row, end in enumerate(here.ends) if graph.road_id[end[0]] == one and _arrives(graph, end)
    ]
    departures = [
        row for row, end in enumerate(here.ends) if graph.road_id[end[0]] == other and _departs(graph, end)
    ]
    if not arrivals or not departures:
        return "not_on_network"
    if len(arrivals) > 1 or len(departures) > 1:
        return "road_goes_on"  # a road that is not split at the junction has two ends there
    here.may_go[arrivals[0], :] &= kind == "no"
    here.may_go[arrivals[0], departures[0]] = kind == "only"
    return NOTHING


def _taken_apart(graph: TravelGraph, junctions: Sequence[_Junction]) -> TravelGraph:
    """Give arrivals and departures nodes of their own, and both directions of an edge an edge each."""
    gates = _Gates(graph)
    for junction in junctions:
        gates.open(junction)
    larger = with_nodes(
        graph,
        graph.node_x[gates.added],
        graph.node_y[gates.added],
        graph.node_component[gates.added],
    )
    return with_links(_two_ways(larger, gates), gates.links())


class _Gates:
    """Nodes and links of junctions that are taken apart; the first node of a junction is the one that was there."""

    def __init__(self, graph: TravelGraph) -> None:
        self.graph = graph
        self.added: list[int] = []
        self.forward = [graph.edge_from.copy(), graph.edge_to.copy()]
        self.backward = [graph.edge_from.copy(), graph.edge_to.copy()]
        self._steps: list[tuple[int, int, str]] = []

    def open(self, junction: _Junction) -> None:
        fresh = iter([junction.node])

        def node() -> int:
            for first in fresh:
                return first
            self.added.append(junction.node)
            return self.graph.n_nodes + len(self.added) - 1

        arrivals = {row: node() for row, end in enumerate(junction.ends) if _arrives(self.graph, end)}
        departures = {row: node() for row, end in enumerate(junction.ends) if _departs(self.graph, end)}
        for row, (edge, side) in enumerate(junction.ends):
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

    def links(self) -> Links:
        count = len(self._steps)
        return Links(
            edge_id=np.array([name for _, _, name in self._steps], dtype=object),
            road_id=np.array([name.partition("/")[0] for _, _, name in self._steps], dtype=object),
            road_class=np.full(count, TURN, dtype=object),
            start=np.array([start for start, _, _ in self._steps], dtype=np.int64),
            end=np.array([end for _, end, _ in self._steps], dtype=np.int64),
            length_m=np.zeros(count),
            forward_min=np.zeros(count),
            backward_min=np.full(count, np.inf),
        )


def _two_ways(graph: TravelGraph, gates: _Gates) -> TravelGraph:
    """Let edges lead to their gates; those that differ by direction become two."""
    touched = np.zeros(graph.n_edges, dtype=bool)
    for moved, ends in zip(
        zip(gates.forward, gates.backward, strict=True), (graph.edge_from, graph.edge_to), strict=True
    ):
        touched |= (moved[0] != ends) | (moved[1] != ends)
    there, back = np.isfinite(graph.forward_min), np.isfinite(graph.backward_min)
    only_back = touched & back & ~there
    edge_from, edge_to = (
        np.where(only_back, backward, forward)
        for forward, backward in zip(gates.forward, gates.backward, strict=True)
    )
    twin = np.flatnonzero(touched & there & back)
    backward_min = graph.backward_min.copy()
    backward_min[twin] = np.inf
    counts = np.diff(graph.coordinate_offsets)[twin]
    rows = np.repeat(graph.coordinate_offsets[twin], counts) + _ramp(counts)
    added: dict[str, Any] = {name: getattr(graph, name)[twin] for name in _OF_TWINS}
    added |= {
        "edge_id": np.array([f"{name}{TWIN}" for name in graph.edge_id[twin]], dtype=object),
        "edge_from": gates.backward[0][twin],
        "edge_to": gates.backward[1][twin],
        "forward_min": np.full(len(twin), np.inf),
        "backward_min": graph.backward_min[twin],
        "is_snappable": np.zeros(len(twin), dtype=bool),
        "coordinates": graph.coordinates[rows],
    }
    before: Mapping[str, Any] = {
        **{name: getattr(graph, name) for name in added},
        "edge_from": edge_from,
        "edge_to": edge_to,
        "backward_min": backward_min,
    }
    changed: dict[str, Any] = {name: np.concatenate((before[name], values)) for name, values in added.items()}
    offsets = graph.coordinate_offsets
    changed["coordinate_offsets"] = np.concatenate((offsets, offsets[-1] + np.cumsum(counts)))
    if graph.before is not None:
        changed["before"] = graph.before.take(np.r_[: graph.n_edges, twin])
    return replace(graph, **changed)


_OF_TWINS = (
    *(name for name in AS_THEY_ARE if name != "is_snappable"),
    "length_m",
    "component",
    "component_km",
)
"""What the second direction has from the first."""


def _ramp(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count from 0 for each of several lengths: 2, 3 gives 0, 1, 0, 1, 2."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
