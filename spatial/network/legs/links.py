"""Links: edges that no road stands for, such as boarding a ferry or riding a bus, laid into a built graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = ["LINK", "Links", "with_links", "with_nodes"]

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
        "component_km": _km_of(graph, component),
        "coordinates": np.column_stack((graph.node_x[nodes], graph.node_y[nodes])),
    }
    if graph.edge_layer is not None:
        added["edge_layer"] = np.full(n, -1, dtype=np.int64)
    ends = graph.coordinate_offsets[-1] + 2 * np.arange(1, n + 1)
    added = {name: np.concatenate((getattr(graph, name), values)) for name, values in added.items()}
    before = None if graph.before is None else graph.before.take(np.r_[: graph.n_edges, np.full(n, -1)])
    offsets = np.concatenate((graph.coordinate_offsets, ends))
    return replace(graph, coordinate_offsets=offsets, before=before, **added)


def _km_of(graph: TravelGraph, component: NDArray[np.int64]) -> NDArray[np.float64]:
    """Look up the length of components; 0 for one without an edge."""
    km = np.zeros(int(graph.node_component.max()) + 1)
    km[graph.component] = graph.component_km
    return np.asarray(km[component])
