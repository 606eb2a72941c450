"""Legs of a combined network: each as the network of one mode, and all put together again after they have changed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.network.edits.splitting import Split
from spatial.network.graph import TravelGraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "BETWEEN",
    "LEG_SIGN",
    "Leg",
    "join_legs",
    "layer_of",
    "leg_modes",
    "own_pace",
    "take_legs",
    "whole_split",
]

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
