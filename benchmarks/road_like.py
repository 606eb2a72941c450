"""Travel graphs to measure on: made up like roads, or real ones with a node at every vertex."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from scipy.spatial import Delaunay

from benchmarks.synthetic import write_country
from spatial.crs import working_crs_for
from spatial.inputs.osm import read_osm
from spatial.network.build import build_network
from spatial.network.graph import TravelGraph, no_findings

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

__all__ = ["add_graph_options", "at_every_vertex", "chosen_graph", "graph_of_edges", "road_like_graph"]

CRS = "EPSG:32738"
SPACING_M = 1200.0
"""Between junctions."""
PIECE_M = 290.0
"""Between vertices."""
KEPT = 0.55
"""Share of the Delaunay edges that are roads; leaves dead ends, as real extracts have them."""
ONE_WAY = 0.05
SPEEDS_KM_H = (15.0, 25.0, 40.0, 60.0)
SPEED_SHARES = (0.35, 0.35, 0.2, 0.1)


def graph_of_edges(
    xy: NDArray[np.float64],
    ends: NDArray[np.int64],
    minutes: tuple[NDArray[np.float64], NDArray[np.float64]],
    length_m: NDArray[np.float64],
) -> TravelGraph:
    """
    Make a travel graph of bare arrays, its edges straight lines.

    Parameters
    ----------
    xy : ndarray of float64, shape (n_nodes, 2)
        Metres.
    ends : ndarray of int64, shape (n_edges, 2)
        Nodes at the drawn beginning and end.
    minutes : tuple of ndarray of float64
        Forwards and backwards; inf where closed.
    length_m : ndarray of float64
        Metres of each edge.

    Returns
    -------
    TravelGraph
        All of one component, which is not looked into.
    """
    n = len(ends)
    crs = pyproj.CRS(CRS)
    same = {"road_class": "unclassified", "surface": None, "speed_source": "class", "all_season": "unknown"}
    texts: dict[str, Any] = {name: np.full(n, value, dtype=object) for name, value in same.items()}
    ids = np.arange(n).astype(str).astype(object)
    time = np.where(np.isfinite(minutes[0]), minutes[0], minutes[1])
    return TravelGraph(
        mode="drive",
        crs=crs,
        node_x=np.ascontiguousarray(xy[:, 0]),
        node_y=np.ascontiguousarray(xy[:, 1]),
        node_source_id=np.full(len(xy), None, dtype=object),
        node_component=np.zeros(len(xy), dtype=np.int64),
        edge_id=ids,
        road_id=ids,
        edge_from=np.ascontiguousarray(ends[:, 0]),
        edge_to=np.ascontiguousarray(ends[:, 1]),
        length_m=length_m,
        speed_km_h=np.divide(0.06 * length_m, time, out=np.full(n, 30.0), where=np.isfinite(time) & (time > 0)),
        forward_min=minutes[0],
        backward_min=minutes[1],
        is_bridge=np.zeros(n, dtype=bool),
        is_tunnel=np.zeros(n, dtype=bool),
        is_snappable=np.ones(n, dtype=bool),
        component=np.zeros(n, dtype=np.int64),
        component_km=np.full(n, length_m.sum() / 1000.0),
        coordinates=xy[ends].reshape(-1, 2),
        coordinate_offsets=np.arange(0, 2 * n + 1, 2),
        findings=no_findings(crs),
        **texts,
    )


def road_like_graph(n_nodes: int, seed: int) -> TravelGraph:
    """
    Make up a graph like a raw extract: most nodes are bends, where just two pieces of a road meet.

    Junctions are points of a shaken grid, roads are part of their Delaunay edges, drawn with a vertex every 290 m, so
    that in an hour one comes past some hundred junctions.

    Parameters
    ----------
    n_nodes : int
        Nodes wanted; met within some per cent.
    seed : int
        Of all that is drawn by lot.

    Returns
    -------
    TravelGraph
        With about 1.1 edges a node, of which 5 per cent are one-way.
    """
    rng = np.random.default_rng(seed)
    # A junction brings 1.65 roads of 5 pieces or so.
    side = max(round(np.sqrt(n_nodes / 7.05)), 3)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    at = SPACING_M * (grid + rng.uniform(-0.35, 0.35, grid.shape))
    triangles = Delaunay(at).simplices
    pairs = np.unique(np.sort(np.vstack((triangles[:, :2], triangles[:, 1:], triangles[:, ::2])), axis=1), axis=0)
    pairs = pairs[rng.random(len(pairs)) < KEPT]
    straight = np.hypot(*(at[pairs[:, 1]] - at[pairs[:, 0]]).T)
    pairs, straight = pairs[straight < 3 * SPACING_M], straight[straight < 3 * SPACING_M]
    pieces = np.maximum(np.round(straight / PIECE_M).astype(np.int64), 1)
    road = np.repeat(np.arange(len(pairs)), pieces)
    number = np.arange(len(road)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (number / pieces[road])[:, None]
    bend = np.hypot(*(rng.normal(0.0, 0.1, (2, len(pairs)))))[road] * np.sin(np.pi * share[:, 0]) * straight[road]
    aside = (at[pairs[:, 1]] - at[pairs[:, 0]])[road][:, ::-1] * (1, -1) / straight[road][:, None]
    bends = at[pairs[road, 0]] * (1 - share) + at[pairs[road, 1]] * share + bend[:, None] * aside
    inner = number > 0
    node = np.where(inner, len(at) + np.cumsum(inner) - 1, pairs[road, 0])
    xy = np.vstack((at, bends[inner]))
    is_last = number == pieces[road] - 1
    following = np.where(is_last, pairs[road, 1], np.roll(node, -1))
    ends = np.column_stack((node, following))
    used, ends = np.unique(ends, return_inverse=True)
    xy, ends = xy[used], ends.reshape(-1, 2)
    length = np.hypot(*(xy[ends[:, 1]] - xy[ends[:, 0]]).T)
    forward = 0.06 * length / rng.choice(SPEEDS_KM_H, len(pairs), p=SPEED_SHARES)[road]
    backward = np.where((rng.random(len(pairs)) < ONE_WAY)[road], np.inf, forward)
    return graph_of_edges(xy, ends.astype(np.int64), (forward, backward), length)


def at_every_vertex(graph: TravelGraph) -> TravelGraph:
    """
    Put a node at every vertex of a real graph, as in the raw extract.

    Parameters
    ----------
    graph : TravelGraph
        Of a real region.

    Returns
    -------
    TravelGraph
        The same ways with the same minutes, in more pieces.
    """
    counts = np.diff(graph.coordinate_offsets)
    edge = np.repeat(np.arange(graph.n_edges), counts)
    at = np.arange(len(edge))
    is_first, is_last = (np.isin(at, graph.coordinate_offsets[:-1]), np.isin(at, graph.coordinate_offsets[1:] - 1))
    inner = ~(is_first | is_last)
    node = np.where(inner, graph.n_nodes + np.cumsum(inner) - 1, 0)
    node[is_first], node[is_last] = graph.edge_from, graph.edge_to
    xy = np.vstack((np.column_stack((graph.node_x, graph.node_y)), graph.coordinates[inner]))
    start = at[~is_last]
    straight = np.hypot(*(graph.coordinates[start + 1] - graph.coordinates[start]).T)
    of = edge[start]
    share = straight / np.bincount(of, weights=straight, minlength=graph.n_edges)[of]
    minutes = [
        np.where(np.isfinite(way[of]), way[of], np.inf) * np.where(share > 0, share, 1e-300)
        for way in (graph.forward_min, graph.backward_min)
    ]
    made = graph_of_edges(
        xy, np.column_stack((node[start], node[start + 1])), (minutes[0], minutes[1]), share * graph.length_m[of]
    )
    return replace(made, mode=graph.mode, crs=graph.crs)


def add_graph_options(parser: argparse.ArgumentParser) -> None:
    """
    Let the command line name the graph to measure on.

    Parameters
    ----------
    parser : ArgumentParser
        Gets ``--nodes``, ``--seed``, ``--real``, ``--country`` and ``--data``.
    """
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", choices=("comoros", "rutland"), help="a real region instead of a made-up one")
    parser.add_argument(
        "--country",
        dest="real",
        action="store_const",
        const="country",
        help="the synthetic country, whose roads have classes, instead of one with speeds drawn by lot",
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("SPATIAL_TEST_DATA"), help="folder of real regions")


def chosen_graph(chosen: argparse.Namespace) -> TravelGraph:
    """
    Make the graph that the command line names.

    Parameters
    ----------
    chosen : Namespace
        Of a parser with `add_graph_options`.

    Returns
    -------
    TravelGraph
        Road-like, or real or of the synthetic country with a node at every vertex.

    Raises
    ------
    SystemExit
        Where a real region is asked for without its folder.
    """
    if not chosen.real:
        return road_like_graph(chosen.nodes, chosen.seed)
    if chosen.real == "country":
        with TemporaryDirectory() as folder:
            roads = read_osm(write_country(Path(folder), nodes=chosen.nodes).extract).roads
    elif chosen.data:
        roads = read_osm(next((Path(chosen.data) / chosen.real).glob("*.osm.pbf"))).roads
    else:
        raise SystemExit(f"{chosen.real}: name its folder with --data or SPATIAL_TEST_DATA")
    return at_every_vertex(build_network(roads.to_crs(working_crs_for(roads))))
