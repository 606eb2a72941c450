"""Two networks as one door-to-door time; its legs, and the links between them that no road stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import CrsError, NetworkError
from spatial.network.graph import EdgeOrigins, TravelGraph, gather_vertices
from spatial.network.report import join_findings
from spatial.network.road_access import FERRY
from spatial.network.splitting import SplitGraph

if TYPE_CHECKING:
    from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray


# Links: edges that no road stands for, such as boarding a ferry or riding a bus, laid into a built graph.

LINK = "link"
"""Speed source of links: minutes that the user or a timetable gives."""


@dataclass(frozen=True, eq=False)
class Links:
    """Edges to lay into a graph; arrays hold one value a link, anything else is the value of all."""

    edge_id: list[str]  # as of edges
    road_id: list[str] | ObjectArray | str
    road_class: str
    start: IntArray  # nodes at both ends
    end: IntArray
    forward_min: FloatArray | float  # minutes from start to end and back; inf where closed
    backward_min: FloatArray | float
    length_m: FloatArray | float = 0.0  # metres; 0 for a transfer on the spot

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.start)


def with_links(graph: TravelGraph, links: Links) -> TravelGraph:
    """Add links behind the edges that there are."""
    n = len(links)
    component = graph.node_component[links.start]
    length, forward, backward = (
        np.full(n, value, dtype=np.float64) for value in (links.length_m, links.forward_min, links.backward_min)
    )
    minutes = np.where(np.isfinite(forward), forward, backward)
    moves = np.isfinite(minutes) & (minutes > 0)
    nodes = np.column_stack((links.start, links.end)).ravel()
    # Look up the length of components; 0 for one without an edge.
    km = np.zeros(int(graph.node_component.max()) + 1)
    km[graph.component] = graph.component_km
    added: dict[str, Any] = {
        "edge_id": np.array(links.edge_id, dtype=object),
        "road_id": np.full(n, links.road_id, dtype=object),
        "road_class": np.full(n, links.road_class, dtype=object),
        "surface": np.full(n, None, dtype=object),
        "edge_from": links.start,
        "edge_to": links.end,
        "length_m": length,
        "speed_km_h": np.divide(0.06 * length, minutes, out=np.zeros(n), where=moves),
        "forward_min": forward,
        "backward_min": backward,
        "speed_source": np.full(n, LINK, dtype=object),
        "is_bridge": np.zeros(n, dtype=bool),
        "is_tunnel": np.zeros(n, dtype=bool),
        "is_snappable": np.zeros(n, dtype=bool),
        "all_season": np.full(n, "unknown", dtype=object),
        "component": component,
        "component_km": np.asarray(km[component]),
        "coordinates": np.column_stack((graph.node_x[nodes], graph.node_y[nodes])),
    }
    if graph.edge_layer is not None:
        added["edge_layer"] = np.full(n, -1, dtype=np.int64)
    ends = graph.coordinate_offsets[-1] + 2 * np.arange(1, n + 1)
    added = {name: np.concatenate((getattr(graph, name), values)) for name, values in added.items()}
    before = None if graph.before is None else graph.before.take(np.r_[: graph.n_edges, np.full(n, -1)])
    offsets = np.concatenate((graph.coordinate_offsets, ends))
    return replace(graph, coordinate_offsets=offsets, before=before, **added)


# Legs of a combined network: each as the network of one mode, and all put together again after they have changed.

LEG_SIGN = ":"
"""Between the mode of a leg and the id of an edge, as in ``drive:w7/0``."""

BETWEEN = -1
"""Layer of the links between legs."""

_OWN_PACE = ("walk", "cycle", "ebike")
_NODES = ("node_x", "node_y", "node_source_id", "node_component")
_APART = {
    *_NODES,
    *("mode", "crs", "findings", "report", "edge_layer", "edge_id", "before"),
    *("edge_from", "edge_to", "component", "coordinates", "coordinate_offsets"),
}
_OF_EDGES = tuple(item.name for item in fields(TravelGraph) if item.name not in _APART)
"""What is one value an edge and names no other thing."""


@dataclass(frozen=True, eq=False)
class Leg:
    """One layer of a combined network."""

    # the layer as a network of its own: its mode, its edges under the ids that they had, its nodes numbered
    # from 0
    graph: TravelGraph
    edges: IntArray  # where they stand in the combined network, ascending
    nodes: IntArray


def own_pace(mode: str) -> bool:
    """
    Tell modes that go at the pace of people from those with a motor.

    >>> own_pace("walk"), own_pace("drive")
    (True, False)
    """
    return mode.split("+", maxsplit=1)[0] in _OWN_PACE


def leg_modes(graph: TravelGraph) -> list[str]:
    """Name the modes of the legs."""
    if graph.edge_layer is None:
        return [graph.mode]
    first = [int(np.argmax(graph.edge_layer == layer)) for layer in range(int(graph.edge_layer.max()) + 1)]
    return [str(graph.edge_id[edge]).split(LEG_SIGN, 1)[0] for edge in first]


def layer_of(graph: TravelGraph) -> IntArray:
    """Tell the layer of each edge."""
    return np.zeros(graph.n_edges, dtype=np.int64) if graph.edge_layer is None else graph.edge_layer


def take_legs(graph: TravelGraph) -> list[Leg]:
    """Take a combined network apart."""
    legs = []
    for number, mode in enumerate(leg_modes(graph)):
        edges = np.flatnonzero(graph.edge_layer == number)
        nodes, ends = np.unique(np.concatenate((graph.edge_from[edges], graph.edge_to[edges])), return_inverse=True)
        start, end = ends[: len(edges)].astype(np.int64), ends[len(edges) :].astype(np.int64)
        _, component = np.unique(graph.node_component[nodes], return_inverse=True)
        own: dict[str, Any] = {name: getattr(graph, name)[nodes] for name in _NODES}
        own |= {name: getattr(graph, name)[edges] for name in _OF_EDGES}
        own["node_component"] = component.astype(np.int64)
        coordinates, offsets = gather_vertices(graph.coordinates, graph.coordinate_offsets, edges)
        sign = len(mode) + len(LEG_SIGN)
        single = replace(
            graph,
            mode=mode,
            edge_id=np.array([name[sign:] for name in graph.edge_id[edges].tolist()], dtype=object),
            edge_from=start,
            edge_to=end,
            component=own["node_component"][start],
            coordinates=coordinates,
            coordinate_offsets=offsets,
            report=_report_of(graph.report, mode),
            edge_layer=None,
            before=None,
            **own,
        )
        legs.append(Leg(single, edges, nodes))
    return legs


def _report_of(report: dict[str, Any], mode: str) -> dict[str, Any]:
    """Find the report of a leg among those of networks that were combined; empty where it is not known."""
    if report.get("mode") == mode:
        return report
    return next((found for inner in report.get("layers", ()) if (found := _report_of(inner, mode))), {})


def whole_split(graph: TravelGraph) -> SplitGraph:
    """Stand for a network of which no edge is cut."""
    none = np.empty(0, dtype=np.int64)
    n = graph.n_edges
    return SplitGraph(graph, np.arange(n), np.zeros(n), np.ones(n), none, none)


def join_legs(graph: TravelGraph, legs: Sequence[Leg], changed: Sequence[SplitGraph]) -> SplitGraph:
    """Put a combined network together again after its legs have changed."""
    pairs = list(zip(legs, changed, strict=True))
    links = np.flatnonzero(graph.edge_layer == BETWEEN)
    # Give the nodes of each leg their number in the whole, new ones behind the old, and every node its component.
    numbers, labels, n_nodes, label = [], [], graph.n_nodes, 0
    nodes: dict[str, Any] = {name: getattr(graph, name) for name in _NODES if name != "node_component"}
    for leg, split in pairs:
        n_old = len(leg.nodes)
        fresh = split.graph.n_nodes - n_old
        numbers.append(np.concatenate((leg.nodes, n_nodes + np.arange(fresh))))
        labels.append(split.graph.node_component + label)
        n_nodes, label = n_nodes + fresh, label + int(split.graph.node_component.max()) + 1
        nodes = {name: np.concatenate((values, getattr(split.graph, name)[n_old:])) for name, values in nodes.items()}
    # A node without an edge, as a wall may leave it, is a component of its own.
    component = label + np.arange(n_nodes)
    for number, own in zip(numbers, labels, strict=True):
        component[number] = own
    node_component = np.unique(component, return_inverse=True)[1].astype(np.int64)
    # Edges in the order of those that they were, new ones by leg behind them.
    rows = [len(split.parent) for split in changed]
    layer = np.concatenate((np.repeat(np.arange(len(legs)), rows), np.full(len(links), BETWEEN)))
    parent = np.concatenate((*(np.append(leg.edges, -1)[split.parent] for leg, split in pairs), links))
    order = np.argsort(np.where(parent < 0, graph.n_edges + layer, parent), kind="stable")
    layer, parent = layer[order].astype(np.int64), parent[order]

    def joined(parts: Iterable[Any], last: Any) -> Any:
        return np.concatenate((*parts, last))[order]

    edges: dict[str, Any] = {
        name: joined((getattr(split.graph, name) for split in changed), getattr(graph, name)[links])
        for name in _OF_EDGES
    }
    for name in ("edge_from", "edge_to"):
        inner = (number[getattr(split.graph, name)] for number, split in zip(numbers, changed, strict=True))
        edges[name] = joined(inner, getattr(graph, name)[links])
    ids = ([f"{leg.graph.mode}{LEG_SIGN}{name}" for name in split.graph.edge_id.tolist()] for leg, split in pairs)
    edges["edge_id"] = joined((np.array(names, dtype=object) for names in ids), graph.edge_id[links])
    edges["component"] = node_component[edges["edge_from"]]
    # Links take the kilometres of the component that they begin in.
    by_component = np.zeros(int(node_component.max()) + 1)
    roads = layer != BETWEEN
    by_component[edges["component"][roads]] = edges["component_km"][roads]
    edges["component_km"] = np.where(roads, edges["component_km"], by_component[edges["component"]])
    lines = [(split.graph.coordinates, split.graph.coordinate_offsets) for split in changed]
    lines.append(gather_vertices(graph.coordinates, graph.coordinate_offsets, links))
    counts = np.concatenate([np.diff(offsets) for _, offsets in lines])
    coordinates, offsets = gather_vertices(
        np.concatenate([xy for xy, _ in lines]), np.concatenate(([0], np.cumsum(counts))), order
    )
    whole = replace(
        graph,
        **nodes,
        node_component=node_component,
        edge_layer=layer,
        before=None if graph.before is None else graph.before.take(parent),
        coordinates=coordinates,
        coordinate_offsets=offsets,
        **edges,
    )
    first = joined((split.first for split in changed), np.zeros(len(links)))
    last = joined((split.last for split in changed), np.ones(len(links)))
    none = np.empty(0, dtype=np.int64)
    return SplitGraph(whole, parent, first, last, none, none)


# Two networks as one: walk and ride in one door-to-door time, changing where both share a node.

TRANSFER = "transfer"
"""Road class of the links between two networks."""

_GRID_M = 0.001
"""Nodes within the same millimetre are one, as roads without node ids are cut."""

_LISTS = {
    *("findings", "report", "mode", "crs", "edge_layer", "before"),
    *("coordinate_offsets", "edge_from", "edge_to"),
}


def combine_networks(
    walk: TravelGraph, ride: TravelGraph, *, boarding_min: float = 0.0, alighting_min: float = 0.0
) -> TravelGraph:
    """
    Combine two networks into one of several layers, for a time from door to door that walks and rides.

    Both networks are kept whole, one beside the other; where they share a node, a link leads from the first to the
    second and back. Places are joined to each layer on its own (`snap`: the k nearest edges *of each layer*), so that
    nobody must walk along a long road to board, and no time is longer than on either network alone where boarding and
    alighting take nothing. A vehicle waits wherever somebody boards it: it can be left and boarded again.

    Parameters
    ----------
    walk : TravelGraph
        The first network, most often walk; it may be a combined one. Left unchanged.
    ride : TravelGraph
        The second, such as drive or cycle, in the same CRS. Left unchanged.
    boarding_min, alighting_min : float
        Minutes to change from the first to the second network, and back; 0 or more.

    Returns
    -------
    TravelGraph
        Of the mode ``"walk+drive"``, say; edge ids begin with the mode of their layer (``drive:w7/0``), `edge_layer`
        tells the layers apart, and components are those of the layers. Where ``walk`` is among its modes, the direct
        walk from door to door competes.

    Raises
    ------
    CrsError
        Where the CRSs differ.
    NetworkError
        Where minutes are below 0, both networks are of one mode, or they share no node.

    Examples
    --------
    A path of 1 km (4 km/h: 15 min) leads to a road of 10 km (25 km/h: 24 min): 15 + 24 = 39 minutes, and 41 where
    boarding takes 2.
    """
    minutes = {"boarding_min": boarding_min, "alighting_min": alighting_min}
    if not (isinstance(walk, TravelGraph) and isinstance(ride, TravelGraph)):
        raise NetworkError(
            f"cannot combine networks: a {type(walk).__name__} and a {type(ride).__name__}; give two TravelGraph"
        )
    if walk.crs != ride.crs:
        raise CrsError(
            f"{walk.mode} has CRS {walk.crs.to_string()}, {ride.mode} has {ride.crs.to_string()}; build both in one CRS"
        )
    problems = [f"{name} is {value:g}, must be 0 or more" for name, value in minutes.items() if not 0 <= value < np.inf]
    twice = set(walk.mode.split("+")) & set(ride.mode.split("+"))
    if twice:
        problems.append(f"both networks hold the mode {', '.join(sorted(twice))}")
    if problems:
        raise NetworkError("cannot combine networks: " + "; ".join(problems))
    from_walk, from_ride = shared_nodes(walk, ride)
    if len(from_walk) == 0:
        raise NetworkError(f"the networks {walk.mode} and {ride.mode} share no node; build both from the same roads")
    both = _side_by_side(walk, ride)
    name = f"{walk.mode}>{ride.mode}"
    links = Links(
        edge_id=[f"{name}/{node}" for node in from_walk],
        road_id=name,
        road_class=TRANSFER,
        start=from_walk,
        end=walk.n_nodes + from_ride,
        forward_min=boarding_min,
        backward_min=alighting_min,
    )
    report = {
        "mode": both.mode,
        "boarding_min": float(boarding_min),
        "alighting_min": float(alighting_min),
        "transfers": len(links),
        "layers": [walk.report, ride.report],
    }
    return replace(with_links(both, links), report=report)


def shared_nodes(first: TravelGraph, second: TravelGraph) -> tuple[IntArray, IntArray]:
    """
    Find the nodes that two networks share, by node of the first, then of the second.

    They have the same id of the source; where one of both has no id, they lie in the same millimetre. Only nodes of
    roads count: nobody changes aboard a ferry or a bus.
    """
    return at_one_place(
        *(
            shareable_nodes(graph, np.flatnonzero(on_roads(graph, np.arange(graph.n_edges))))
            for graph in (first, second)
        )
    )


def shareable_nodes(graph: TravelGraph, nodes: IntArray) -> pd.DataFrame:
    """Tell of nodes the `id` of their source (None where it has none), and `x` and `y` in whole millimetres."""
    xy = {axis: np.round(getattr(graph, f"node_{axis}")[nodes] / _GRID_M) for axis in ("x", "y")}
    return pd.DataFrame({"node": nodes, "id": graph.node_source_id[nodes], **xy})


def at_one_place(first: pd.DataFrame, second: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Match the nodes of two networks."""
    named = [frame.loc[frame["id"].notna(), ["node", "id"]] for frame in (first, second)]
    by_id = named[0].merge(named[1], on="id")[["node_x", "node_y"]]
    near = first.merge(second, on=["x", "y"])
    near = near.loc[near["id_x"].isna() | near["id_y"].isna(), ["node_x", "node_y"]]
    pairs = pd.concat([by_id, near]).sort_values(["node_x", "node_y"]).to_numpy(dtype=np.int64)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def on_roads(graph: TravelGraph, edges: IntArray) -> BoolArray:
    """Tell the nodes at which somebody can change: nobody does aboard a ferry or a bus."""
    roads = edges[(graph.road_class[edges] != FERRY) & (graph.speed_source[edges] != LINK)]
    found = np.zeros(graph.n_nodes, dtype=bool)
    found[graph.edge_from[roads]] = found[graph.edge_to[roads]] = True
    return found


def _side_by_side(first: TravelGraph, second: TravelGraph) -> TravelGraph:
    """Put two networks into one graph without joining them."""
    arrays: dict[str, Any] = {
        item.name: np.concatenate((getattr(first, item.name), getattr(second, item.name)))
        for item in fields(TravelGraph)
        if item.name not in _LISTS
    }
    for name in ("edge_from", "edge_to"):
        arrays[name] = np.concatenate((getattr(first, name), getattr(second, name) + first.n_nodes))
    for name in ("component", "node_component"):
        # Numbers of the second behind those of the first; kilometres stay those of the layer.
        arrays[name][len(getattr(first, name)) :] += int(first.node_component.max()) + 1
    offsets = second.coordinate_offsets[1:] + first.coordinate_offsets[-1]
    layers = (layer_of(first), layer_of(second))
    before = None
    if first.before is not None or second.before is not None:
        # Edges of the second come behind those of the first, also among those before.
        one, other = (
            graph.before or EdgeOrigins(np.arange(graph.n_edges), graph.component_km) for graph in (first, second)
        )
        behind = np.where(other.edge < 0, -1, other.edge + int(one.edge.max()) + 1)
        km = np.concatenate((one.component_km, other.component_km))
        before = EdgeOrigins(np.concatenate((one.edge, behind)), km)
    # Edge ids begin with their mode, unless they do so already.
    ids = [
        graph.edge_id
        if graph.edge_layer is not None
        else np.array([f"{graph.mode}{LEG_SIGN}{name}" for name in graph.edge_id], dtype=object)
        for graph in (first, second)
    ]
    above = int(layers[0].max()) + 1
    return replace(
        first,
        mode=f"{first.mode}+{second.mode}",
        coordinate_offsets=np.concatenate((first.coordinate_offsets, offsets)),
        edge_layer=np.concatenate((layers[0], np.where(layers[1] < 0, BETWEEN, layers[1] + above))),
        findings=join_findings(first.findings, second.findings),
        before=before,
        **{**arrays, "edge_id": np.concatenate(ids)},
    )
