"""Two networks as one: walk and ride in one door-to-door time, changing where both share a node."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.errors import CrsError, NetworkError
from spatial.network.graph import Before, TravelGraph
from spatial.network.legs.links import LINK, Links, with_links
from spatial.network.rules.access_rules import FERRY

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "TRANSFER",
    "at_one_place",
    "combine_networks",
    "on_roads",
    "shareable_nodes",
    "shared_nodes",
]

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
    _check(walk, ride, {"boarding_min": boarding_min, "alighting_min": alighting_min})
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


def _check(walk: TravelGraph, ride: TravelGraph, minutes: dict[str, float]) -> None:
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


