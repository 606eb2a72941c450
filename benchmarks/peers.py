"""The same work done by this package and by others, in turns, with the answers compared.

Each function returns a function without arguments, as `measure.in_own_process` wants it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import osmium.filter
import osmnx as ox
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from benchmarks.measure import in_turns
from spatial.crs import working_crs_for
from spatial.inputs.osm import read_osm, read_osm_roads
from spatial.network.build import build_network
from spatial.network.nearest import nearest, node_labels
from spatial.network.snapping import snap
from spatial.network.speeds import load_speeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.speeds import SpeedTable

__all__ = [
    "alike_from_one_node",
    "drivable_xml",
    "ingest",
    "kernels",
    "osmnx_graph",
    "osmnx_ingest",
    "plain_speeds",
    "searches",
    "spatial_ingest",
]

SEED = 1
SOURCES = 1000
SAME_MIN = 1e-9
"""Times of one graph agree where they differ by no more than this; sums may be rounded in another order."""
ALIKE_SHARE = 0.01
"""Times of two graphs built apart agree within this share: one measures on the sphere, one on the map plane."""


def plain_speeds() -> SpeedTable:
    """
    Make the speed table that osmnx can follow too.

    Returns
    -------
    SpeedTable
        Tagged limits as they are, else the class's speed; no caps.
    """
    table = load_speeds("osrm_like")
    drive = table.drive.model_copy(update={"uses_caps": False, "ungraded_track": np.inf})
    limits = table.maxspeed.model_copy(update={"share": 1.0})
    return table.model_copy(update={"name": "plain", "maxspeed": limits, "drive": drive})


def drivable_xml(extract: Path, xml: Path) -> Path:
    """
    Cut an extract down to what osmnx can read and a car can use: osmnx takes XML only, and makes edges of every way.

    Parameters
    ----------
    extract : Path
        The whole extract.
    xml : Path
        ``.osm`` file to write.

    Returns
    -------
    Path
        The file written.
    """
    classes = set(plain_speeds().modes["drive"].classes) - {"ferry"}
    closed = {"no", "private"}
    ways: list[int] = []
    used: set[int] = set()
    item: Any
    way: Any
    for way in osmium.FileProcessor(str(extract), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway")):
        tags = way.tags
        access = tags.get("motorcar") or tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access")
        if tags["highway"] in classes and access not in closed and tags.get("area") != "yes":
            ways.append(way.id)
            used.update(node.ref for node in way.nodes)
    xml.unlink(missing_ok=True)
    kept = set(ways)
    with osmium.SimpleWriter(str(xml)) as writer:
        for item in osmium.FileProcessor(str(extract), osmium.osm.NODE | osmium.osm.WAY):
            if item.id in (used if item.is_node() else kept):
                writer.add(item.replace(tags={}) if item.is_node() else item)
    return xml


def _ours(extract: Path, speeds: SpeedTable | str = "osrm_like") -> TravelGraph:
    """From the file to the graph of drivers, reading roads only."""
    roads = read_osm_roads(extract)
    return build_network(roads.to_crs(working_crs_for(roads)), speeds=speeds)


def _ours_whole(extract: Path) -> TravelGraph:
    """From the file to the graph of drivers, with places, facilities, boundaries and water read on the way."""
    roads = read_osm(extract).roads
    return build_network(roads.to_crs(working_crs_for(roads)))


def osmnx_graph(xml: Path, *, simplify: bool = True) -> nx.MultiDiGraph:
    """
    Build a projected graph with speeds and travel times, as osmnx documents it.

    Parameters
    ----------
    xml : Path
        As `drivable_xml` writes it.
    simplify : bool
        Whether chains of roads become one edge; one that changes its class then has the speed of a part of it.

    Returns
    -------
    networkx.MultiDiGraph
        With ``travel_time`` in seconds.
    """
    graph = ox.graph_from_xml(xml, retain_all=True, simplify=simplify)
    classes = dict(load_speeds("osrm_like").modes["drive"].classes)
    graph = ox.add_edge_speeds(graph, hwy_speeds=classes)
    return ox.project_graph(ox.add_edge_travel_times(graph))


def spatial_ingest(extract: str, *, whole: bool = False) -> Callable[[], Any]:
    """Alone, for its memory: this package from file to graph."""
    build = _ours_whole if whole else _ours
    return lambda: build(Path(extract)).n_nodes


def osmnx_ingest(xml: str) -> Callable[[], Any]:
    """Alone, for its memory: osmnx from file to graph."""
    return lambda: len(osmnx_graph(Path(xml)))


def _bare_pass(extract: Path) -> int:
    """Run through the highways of a file with their nodes' locations, and do nothing."""
    store: Any = osmium.index.create_map("flex_mem")
    walk = osmium.FileProcessor(str(extract)).with_locations(store)
    return sum(1 for _ in walk.with_filter(osmium.filter.KeyFilter("highway")))


def ingest(extract: str, xml: str | None, *, repeats: int, osmnx_repeats: int | None = None) -> Callable[[], Any]:
    """From the file to the graph: this package, a bare pass of pyosmium, osmnx."""

    def job() -> dict[str, Any]:
        path = Path(extract)
        tasks: dict[str, Callable[[], Any]] = {
            "roads": lambda: _ours(path),
            "everything": lambda: _ours_whole(path),
            "bare pass": lambda: _bare_pass(path),
        }
        _ours(path)
        roads = read_osm(path).roads
        projected = roads.to_crs(working_crs_for(roads))
        tasks["build alone"] = lambda: build_network(projected)
        if xml is not None:
            tasks["osmnx"] = lambda: osmnx_graph(Path(xml))
        at_most = {"osmnx": osmnx_repeats} if osmnx_repeats is not None else {}
        return {name: vars(taken) for name, taken in in_turns(tasks, repeats=repeats, at_most=at_most).items()}

    return job


def searches(extract: str, xml: str, *, repeats: int) -> Callable[[], Any]:
    """Nearest hospital of every node: this package, networkx on our graph, and osmnx with networkx on its own."""

    def job() -> dict[str, Any]:
        ours = _ours(Path(extract), plain_speeds())
        theirs: Any = osmnx_graph(Path(xml))
        points = _hospitals(Path(extract), ours)
        sources = _shared_sources(ours, theirs, points)
        snaps = _at_nodes(ours, sources)
        mine_as_networkx: Any = ours.to_networkx()
        backward = mine_as_networkx.reverse()
        their_back = theirs.reverse()
        their_sources = [int(str(name)[1:]) for name in ours.node_source_id[sources]]
        origins = gpd.GeoSeries(gpd.points_from_xy(ours.node_x[::7], ours.node_y[::7]), crs=ours.crs)
        tasks: dict[str, Callable[[], Any]] = {
            "labels": lambda: node_labels(ours, snaps),
            "networkx": lambda: _spread(backward, sources.tolist(), "time_min"),
            "osmnx": lambda: _spread(their_back, their_sources, "travel_time"),
            "doors": lambda: nearest(ours, snap(ours, origins), snap(ours, points)),
            "osmnx doors": lambda: _osmnx_doors(theirs, their_back, origins, points),
        }
        for warm_up in ("labels", "doors"):
            tasks[warm_up]()
        taken = {name: vars(seconds) for name, seconds in in_turns(tasks, repeats=repeats).items()}
        mine = node_labels(ours, snaps)[1]
        same = _spread(backward, sources.tolist(), "time_min")
        other = _spread(their_back, their_sources, "travel_time")
        return {
            "seconds": taken,
            "sources": len(sources),
            "doors": len(origins),
            "nodes": {"ours": ours.n_nodes, "osmnx": len(theirs)},
            "same graph": _agreement(mine, _as_array(same, range(ours.n_nodes)), absolute=SAME_MIN),
            "own graphs": _agreement(*_in_common(ours, theirs, mine, other), share=ALIKE_SHARE),
        }

    return job


def _hospitals(extract: Path, graph: TravelGraph) -> gpd.GeoSeries:
    facilities = read_osm(extract).facilities
    return facilities.loc[facilities["service"].str.contains("hospital")].geometry.to_crs(graph.crs)


def _shared_sources(graph: TravelGraph, other: nx.MultiDiGraph, points: gpd.GeoSeries) -> NDArray[np.int64]:
    """Find the node nearest to each point among the nodes that both graphs have and that lie on a snappable edge."""
    shared = np.array([int(name[1:]) in other for name in graph.node_source_id])
    ends = np.concatenate((graph.edge_from[graph.is_snappable], graph.edge_to[graph.is_snappable]))
    shared &= np.bincount(ends, minlength=graph.n_nodes) > 0
    rows = np.flatnonzero(shared)
    tree = cKDTree(np.column_stack((graph.node_x[rows], graph.node_y[rows])))
    return np.unique(rows[tree.query(np.column_stack((points.x, points.y)))[1]])


def _at_nodes(graph: TravelGraph, nodes: NDArray[np.int64]) -> Any:
    """Snap to the nodes themselves, over every edge that ends there: one of them alone may be one-way."""
    points = gpd.GeoSeries(gpd.points_from_xy(graph.node_x[nodes], graph.node_y[nodes]), crs=graph.crs)
    return snap(graph, points, candidates=8, max_snap_m=0.001, min_component_km=0.0)


def _spread(backward: Any, sources: list[int], weight: str) -> dict[int, float]:
    times: dict[int, float] = nx.multi_source_dijkstra_path_length(backward, set(sources), weight=weight)
    return times


def _osmnx_doors(
    graph: nx.MultiDiGraph, backward: nx.MultiDiGraph, origins: gpd.GeoSeries, points: gpd.GeoSeries
) -> list[float]:
    """Nearest node of every origin and destination, then one search; walks to the network are left out."""
    begin = ox.nearest_nodes(graph, origins.x.to_numpy(), origins.y.to_numpy())
    end = ox.nearest_nodes(graph, points.x.to_numpy(), points.y.to_numpy())
    times = _spread(backward, [int(node) for node in end], "travel_time")
    return [times.get(int(node), np.inf) for node in begin]


def _as_array(times: dict[int, float], nodes: Any) -> NDArray[np.float64]:
    return np.array([times.get(node, np.inf) for node in nodes])


def _in_common(
    graph: TravelGraph, other: nx.MultiDiGraph, mine: NDArray[np.float64], theirs: dict[int, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numbers = [int(name[1:]) for name in graph.node_source_id]
    rows = [row for row, number in enumerate(numbers) if number in other]
    return mine[rows], _as_array(theirs, [numbers[row] for row in rows]) / 60.0


def alike_from_one_node(graph: TravelGraph, other: nx.MultiDiGraph) -> dict[str, Any]:
    """
    Compare the times from one node to all on two graphs that were built apart.

    Parameters
    ----------
    graph : TravelGraph
        Ours.
    other : networkx.MultiDiGraph
        As `osmnx_graph` gives it.

    Returns
    -------
    dict
        ``of`` so many nodes that both have ``agree`` so many within `ALIKE_SHARE`.
    """
    numbers = [int(name[1:]) for name in graph.node_source_id]
    shared = [row for row, number in enumerate(numbers) if number in other and graph.node_component[row] == 0]
    source = shared[len(shared) // 2]
    mine = _as_array(_spread(graph.to_networkx(), [source], "time_min"), range(graph.n_nodes))
    theirs = _spread(other, [numbers[source]], "travel_time")
    return _agreement(*_in_common(graph, other, mine, theirs), share=ALIKE_SHARE)


def _agreement(
    mine: NDArray[np.float64], theirs: NDArray[np.float64], *, absolute: float = 0.0, share: float = 0.0
) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        close = np.abs(mine - theirs) <= absolute + share * theirs
    agree = close | (np.isinf(mine) & np.isinf(theirs))
    return {"of": len(mine), "agree": int(agree.sum()), "absolute_min": absolute, "share": share}


def kernels(extract: str, *, repeats: int, sources: int = SOURCES) -> Callable[[], Any]:
    """Nearest of many sources from every node: this package and scipy, on one graph and on every vertex."""

    def job() -> dict[str, Any]:
        graph = _ours(Path(extract))
        rng = np.random.default_rng(SEED)
        ends = np.unique(graph.edge_from[graph.is_snappable])
        chosen = np.sort(rng.choice(ends, min(sources, len(ends) // 4), replace=False))
        snaps = _at_nodes(graph, chosen)
        links, every = _links(graph), _links_of_vertices(graph)
        tasks = {
            "labels": lambda: node_labels(graph, snaps),
            "scipy": lambda: dijkstra(links, indices=chosen, min_only=True),
            "scipy vertices": lambda: dijkstra(every, indices=chosen, min_only=True),
        }
        mine, theirs = node_labels(graph, snaps)[1], dijkstra(links, indices=chosen, min_only=True)
        vertices = dijkstra(every, indices=chosen, min_only=True)[: graph.n_nodes]
        return {
            "seconds": {name: vars(taken) for name, taken in in_turns(tasks, repeats=repeats).items()},
            "sources": len(chosen),
            "nodes": graph.n_nodes,
            "arcs": int(links.nnz),
            "vertices": int(every.shape[0]),
            "same graph": _agreement(mine, theirs, absolute=SAME_MIN),
            "every vertex": _agreement(mine, vertices, absolute=SAME_MIN * 1000),
        }

    return job


def _links(graph: TravelGraph) -> csr_array:
    """Arcs against the traffic, so that a search from the sources finds the way to them."""
    minutes = np.concatenate((graph.forward_min, graph.backward_min))
    tails, heads = (
        np.concatenate(ends) for ends in ((graph.edge_from, graph.edge_to), (graph.edge_to, graph.edge_from))
    )
    is_open = np.isfinite(minutes)
    return _fastest(heads[is_open], tails[is_open], minutes[is_open], graph.n_nodes)


def _links_of_vertices(graph: TravelGraph) -> csr_array:
    """Build the same graph with a node at every bend of a road."""
    counts = np.diff(graph.coordinate_offsets)
    edge = np.repeat(np.arange(graph.n_edges), counts)
    first = np.zeros(len(edge), dtype=bool)
    first[graph.coordinate_offsets[:-1]] = True
    last = np.zeros(len(edge), dtype=bool)
    last[graph.coordinate_offsets[1:] - 1] = True
    node = np.empty(len(edge), dtype=np.int64)
    node[first], node[last] = graph.edge_from, graph.edge_to
    inner = ~(first | last)
    node[inner] = graph.n_nodes + np.arange(inner.sum())
    steps = np.flatnonzero(~last)
    metres = np.hypot(*(graph.coordinates[steps + 1] - graph.coordinates[steps]).T)
    share = metres / np.maximum(graph.length_m[edge[steps]], 1e-12)
    start, end, size = node[steps], node[steps + 1], graph.n_nodes + int(inner.sum())
    forward, backward = share * graph.forward_min[edge[steps]], share * graph.backward_min[edge[steps]]
    heads, tails = np.concatenate((end, start)), np.concatenate((start, end))
    minutes = np.concatenate((forward, backward))
    is_open = np.isfinite(minutes)
    return _fastest(heads[is_open], tails[is_open], minutes[is_open], size)


def _fastest(start: NDArray[np.int64], end: NDArray[np.int64], minutes: NDArray[np.float64], size: int) -> csr_array:
    """Of parallel arcs keep the fastest: scipy would add them up."""
    order = np.lexsort((minutes, end, start))
    start, end, minutes = start[order], end[order], minutes[order]
    kept = np.r_[True, (start[1:] != start[:-1]) | (end[1:] != end[:-1])]
    offsets = np.r_[0, np.cumsum(np.bincount(start[kept], minlength=size))]
    return csr_array((minutes[kept], end[kept], offsets), shape=(size, size))
