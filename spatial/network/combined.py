"""Two networks as one door-to-door time; its legs, and the links between them that no road stands for."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.errors import CrsError, NetworkError
from spatial.network.graph import Before, TravelGraph
from spatial.network.road_access import FERRY
from spatial.network.splitting import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


# Links: edges that no road stands for, such as boarding a ferry or riding a bus, laid into a built graph.

LINK = "link"
"""Speed source of links: minutes that the user or a timetable gives."""


@dataclass(frozen=True, eq=False)
class Links:
    """Edges to lay into a graph; the arrays hold one value a link."""

    edge_id: NDArray[np.object_]  # as of edges
    road_id: NDArray[np.object_]
    road_class: NDArray[np.object_]
    start: NDArray[np.int64]  # nodes at both ends
    end: NDArray[np.int64]
    length_m: NDArray[np.float64]  # metres; 0 for a transfer on the spot
    forward_min: NDArray[np.float64]  # minutes from start to end and back; inf where closed
    backward_min: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.start)


def with_nodes(
    graph: TravelGraph, x: NDArray[np.float64], y: NDArray[np.float64], component: NDArray[np.int64]
) -> TravelGraph:
    """Add nodes behind those that there are."""
    return replace(
        graph,
        node_x=np.concatenate((graph.node_x, x)),
        node_y=np.concatenate((graph.node_y, y)),
        node_source_id=np.concatenate((graph.node_source_id, np.full(len(x), None, dtype=object))),
        node_component=np.concatenate((graph.node_component, component)),
    )


def with_links(graph: TravelGraph, links: Links) -> TravelGraph:
    """Add links behind the edges that there are."""
    n = len(links)
    component = graph.node_component[links.start]
    minutes = np.where(np.isfinite(links.forward_min), links.forward_min, links.backward_min)
    moves = np.isfinite(minutes) & (minutes > 0)
    nodes = np.column_stack((links.start, links.end)).ravel()
    # Look up the length of components; 0 for one without an edge.
    km = np.zeros(int(graph.node_component.max()) + 1)
    km[graph.component] = graph.component_km
    added: dict[str, Any] = {
        "edge_id": links.edge_id,
        "road_id": links.road_id,
        "road_class": links.road_class,
        "surface": np.full(n, None, dtype=object),
        "edge_from": links.start,
        "edge_to": links.end,
        "length_m": links.length_m,
        "speed_km_h": np.divide(0.06 * links.length_m, minutes, out=np.zeros(n), where=moves),
        "forward_min": links.forward_min,
        "backward_min": links.backward_min,
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
    edges: NDArray[np.int64]  # where they stand in the combined network, ascending
    nodes: NDArray[np.int64]


def own_pace(mode: str) -> bool:
    """
    Tell modes that go at the pace of people from those with a motor.

    Examples
    --------
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


def layer_of(graph: TravelGraph) -> NDArray[np.int64]:
    """Tell the layer of each edge."""
    return np.zeros(graph.n_edges, dtype=np.int64) if graph.edge_layer is None else graph.edge_layer


def take_legs(graph: TravelGraph) -> list[Leg]:
    """Take a combined network apart."""
    return [_leg(graph, number, mode) for number, mode in enumerate(leg_modes(graph))]


def _leg(graph: TravelGraph, number: int, mode: str) -> Leg:
    edges = np.flatnonzero(graph.edge_layer == number)
    nodes, ends = np.unique(
        np.concatenate((graph.edge_from[edges], graph.edge_to[edges])), return_inverse=True
    )
    start, end = ends[: len(edges)].astype(np.int64), ends[len(edges) :].astype(np.int64)
    _, component = np.unique(graph.node_component[nodes], return_inverse=True)
    of_nodes: dict[str, Any] = {name: getattr(graph, name)[nodes] for name in _NODES}
    of_nodes["node_component"] = component.astype(np.int64)
    of_edges: dict[str, Any] = {name: getattr(graph, name)[edges] for name in _OF_EDGES}
    coordinates, offsets = _gathered(graph.coordinates, graph.coordinate_offsets, edges)
    sign = len(mode) + len(LEG_SIGN)
    single = replace(
        graph,
        mode=mode,
        edge_id=np.array([name[sign:] for name in graph.edge_id[edges].tolist()], dtype=object),
        edge_from=start,
        edge_to=end,
        component=of_nodes["node_component"][start],
        coordinates=coordinates,
        coordinate_offsets=offsets,
        report=_report_of(graph.report, mode),
        edge_layer=None,
        before=None,
        **of_nodes,
        **of_edges,
    )
    return Leg(single, edges, nodes)


def _report_of(report: dict[str, Any], mode: str) -> dict[str, Any]:
    """Find the report of a leg among those of networks that were combined; empty where it is not known."""
    if report.get("mode") == mode:
        return report
    return next((found for inner in report.get("layers", ()) if (found := _report_of(inner, mode))), {})


def _gathered(
    xy: NDArray[np.float64], offsets: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices of some edges one after the other."""
    counts = np.diff(offsets)[rows]
    ends = np.concatenate(([0], np.cumsum(counts)))
    at = np.repeat(offsets[rows] - ends[:-1], counts) + np.arange(ends[-1])
    return np.ascontiguousarray(xy[at]), ends.astype(np.int64)


def whole_split(graph: TravelGraph) -> Split:
    """Stand for a network of which no edge is cut."""
    none = np.empty(0, dtype=np.int64)
    n = graph.n_edges
    return Split(graph, np.arange(n), np.zeros(n), np.ones(n), none, none)


def join_legs(graph: TravelGraph, legs: Sequence[Leg], changed: Sequence[Split]) -> Split:
    """Put a combined network together again after its legs have changed."""
    links = np.flatnonzero(graph.edge_layer == BETWEEN)
    nodes, node_component = _numbers(graph, legs, changed)
    rows = [len(split.parent) for split in changed]
    layer = np.concatenate((np.repeat(np.arange(len(legs)), rows), np.full(len(links), BETWEEN)))
    sources = [np.append(leg.edges, -1)[split.parent] for leg, split in zip(legs, changed, strict=True)]
    parent = np.concatenate((*sources, links))
    order = np.argsort(np.where(parent < 0, graph.n_edges + layer, parent), kind="stable")

    def joined(name: str) -> NDArray[Any]:
        parts = [getattr(split.graph, name) for split in changed]
        return np.asarray(np.concatenate((*parts, getattr(graph, name)[links]))[order])

    ends: dict[str, Any] = {}
    for name in ("edge_from", "edge_to"):
        inner = [number[getattr(split.graph, name)] for number, split in zip(nodes, changed, strict=True)]
        ends[name] = np.concatenate((*inner, getattr(graph, name)[links]))[order]
    ids = [
        np.array([f"{leg.graph.mode}{LEG_SIGN}{name}" for name in split.graph.edge_id.tolist()], dtype=object)
        for leg, split in zip(legs, changed, strict=True)
    ]
    of_edges: dict[str, Any] = {name: joined(name) for name in _OF_EDGES}
    of_edges["component_km"] = _km_with_links(of_edges["component_km"], node_component, ends, layer[order])
    xy, offsets = _lines(graph, changed, links)
    coordinates, offsets = _gathered(xy, offsets, order)
    whole = replace(
        graph,
        **_nodes_of(graph, legs, changed),
        node_component=node_component,
        edge_id=np.concatenate((*ids, graph.edge_id[links]))[order],
        edge_layer=layer[order].astype(np.int64),
        before=None if graph.before is None else graph.before.take(parent[order]),
        component=node_component[ends["edge_from"]],
        coordinates=coordinates,
        coordinate_offsets=offsets,
        **ends,
        **of_edges,
    )
    first, last = (
        np.concatenate((*(getattr(split, name) for split in changed), np.full(len(links), share)))[order]
        for name, share in (("first", 0.0), ("last", 1.0))
    )
    none = np.empty(0, dtype=np.int64)
    return Split(whole, parent[order], first, last, none, none)


def _numbers(
    graph: TravelGraph, legs: Sequence[Leg], changed: Sequence[Split]
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Give the nodes of each leg their number in the whole, and every node its component."""
    numbers, labels, count, label = [], [], graph.n_nodes, 0
    for leg, split in zip(legs, changed, strict=True):
        fresh = split.graph.n_nodes - len(leg.nodes)
        numbers.append(np.concatenate((leg.nodes, count + np.arange(fresh))))
        labels.append(split.graph.node_component + label)
        count, label = count + fresh, label + int(split.graph.node_component.max()) + 1
    # A node without an edge, as a wall may leave it, is a component of its own.
    component = label + np.arange(count)
    for number, own in zip(numbers, labels, strict=True):
        component[number] = own
    _, compact = np.unique(component, return_inverse=True)
    return numbers, compact.astype(np.int64)


def _nodes_of(graph: TravelGraph, legs: Sequence[Leg], changed: Sequence[Split]) -> dict[str, Any]:
    return {
        name: np.concatenate(
            (
                getattr(graph, name),
                *(
                    getattr(split.graph, name)[len(leg.nodes) :]
                    for leg, split in zip(legs, changed, strict=True)
                ),
            )
        )
        for name in ("node_x", "node_y", "node_source_id")
    }


def _km_with_links(
    km: NDArray[np.float64],
    node_component: NDArray[np.int64],
    ends: dict[str, Any],
    layer: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Give links the kilometres of the component that they begin in."""
    component = node_component[ends["edge_from"]]
    by_component = np.zeros(int(node_component.max()) + 1)
    roads = layer != BETWEEN
    by_component[component[roads]] = km[roads]
    return np.where(roads, km, by_component[component])


def _lines(
    graph: TravelGraph, changed: Sequence[Split], links: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices of all legs, then of the links."""
    own = _gathered(graph.coordinates, graph.coordinate_offsets, links)
    parts = [*((split.graph.coordinates, split.graph.coordinate_offsets) for split in changed), own]
    counts = np.concatenate([np.diff(offsets) for _, offsets in parts])
    return np.concatenate([xy for xy, _ in parts]), np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


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
    problems = [
        f"{name} is {value:g}, must be 0 or more"
        for name, value in minutes.items()
        if not 0 <= value < np.inf
    ]
    twice = set(walk.mode.split("+")) & set(ride.mode.split("+"))
    if twice:
        problems.append(f"both networks hold the mode {', '.join(sorted(twice))}")
    if problems:
        raise NetworkError("cannot combine networks: " + "; ".join(problems))
    from_walk, from_ride = shared_nodes(walk, ride)
    if len(from_walk) == 0:
        raise NetworkError(
            f"the networks {walk.mode} and {ride.mode} share no node; build both from the same roads"
        )
    both = _side_by_side(walk, ride)
    count = len(from_walk)
    name = f"{walk.mode}>{ride.mode}"
    links = Links(
        edge_id=np.array([f"{name}/{node}" for node in from_walk], dtype=object),
        road_id=np.full(count, name, dtype=object),
        road_class=np.full(count, TRANSFER, dtype=object),
        start=from_walk,
        end=walk.n_nodes + from_ride,
        length_m=np.zeros(count),
        forward_min=np.full(count, float(boarding_min)),
        backward_min=np.full(count, float(alighting_min)),
    )
    report = {
        "mode": both.mode,
        "boarding_min": float(boarding_min),
        "alighting_min": float(alighting_min),
        "transfers": count,
        "layers": [walk.report, ride.report],
    }
    return replace(with_links(both, links), report=report)


def shared_nodes(first: TravelGraph, second: TravelGraph) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Find the nodes that two networks share.

    Returns nodes of the first and of the second: those with the same id of the source; and where one of both
    has no id, those in the same millimetre. Only nodes of roads count: nobody changes aboard a ferry or a
    bus. By node of the first, then of the second.
    """
    frames = [
        shareable_nodes(graph, np.flatnonzero(on_roads(graph, np.arange(graph.n_edges))))
        for graph in (first, second)
    ]
    return at_one_place(*frames)


def shareable_nodes(graph: TravelGraph, nodes: NDArray[np.int64]) -> pd.DataFrame:
    """
    Say of nodes what tells whether another network shares them.

    Returns `node`, the `id` of its source (None where it has none), and `x` and `y` in whole millimetres.
    """
    xy = {axis: np.round(getattr(graph, f"node_{axis}")[nodes] / _GRID_M) for axis in ("x", "y")}
    return pd.DataFrame({"node": nodes, "id": graph.node_source_id[nodes], **xy})


def at_one_place(first: pd.DataFrame, second: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Match the nodes of two networks."""
    named = [frame.loc[frame["id"].notna(), ["node", "id"]] for frame in (first, second)]
    by_id = named[0].merge(named[1], on="id")[["node_x", "node_y"]]
    near = first.merge(second, on=["x", "y"])
    near = near.loc[near["id_x"].isna() | near["id_y"].isna(), ["node_x", "node_y"]]
    pairs = pd.concat([by_id, near]).sort_values(["node_x", "node_y"]).to_numpy(dtype=np.int64)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def on_roads(graph: TravelGraph, edges: NDArray[np.int64]) -> NDArray[np.bool_]:
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
    layers = (_layers(first), _layers(second))
    above = int(layers[0].max()) + 1
    return replace(
        first,
        mode=f"{first.mode}+{second.mode}",
        coordinate_offsets=np.concatenate((first.coordinate_offsets, offsets)),
        edge_layer=np.concatenate((layers[0], np.where(layers[1] < 0, -1, layers[1] + above))),
        findings=_findings(first, second),
        before=_before(first, second),
        **{**arrays, "edge_id": np.concatenate((_named(first), _named(second)))},
    )


def _before(first: TravelGraph, second: TravelGraph) -> Before | None:
    """Edges of the second come behind those of the first, also among those before."""
    if first.before is None and second.before is None:
        return None
    one, other = (
        graph.before or Before(np.arange(graph.n_edges), graph.component_km) for graph in (first, second)
    )
    behind = np.where(other.edge < 0, -1, other.edge + int(one.edge.max()) + 1)
    return Before(np.concatenate((one.edge, behind)), np.concatenate((one.component_km, other.component_km)))


def _layers(graph: TravelGraph) -> NDArray[np.int64]:
    return np.zeros(graph.n_edges, dtype=np.int64) if graph.edge_layer is None else graph.edge_layer


def _named(graph: TravelGraph) -> NDArray[np.object_]:
    """Let edge ids begin with their mode, unless they do so already."""
    if graph.edge_layer is not None:
        return graph.edge_id
    return np.array([f"{graph.mode}:{name}" for name in graph.edge_id], dtype=object)


def _findings(first: TravelGraph, second: TravelGraph) -> gpd.GeoDataFrame:
    parts = [graph.findings for graph in (first, second) if len(graph.findings)] or [first.findings]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=first.crs)
