"""Nearest of 1,000 places from all nodes, beside others: ``python -m benchmarks.k2_nearest``."""

from __future__ import annotations

import argparse
import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

import numba as nb
import numpy as np
from scipy.sparse.csgraph import dijkstra

from benchmarks.measure import in_turns
from benchmarks.network_peers import arcs_of, at_nodes, bare_sweep, core_arcs, largest_difference, peers_nearest
from benchmarks.road_like import add_graph_options, chosen_graph, road_like_graph
from spatial.network.graph import TravelGraph, contract_graph, weigh_core
from spatial.network.kernels_search import LabelSeeds, spread_labels
from spatial.network.nearest import nearest, node_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["core_bytes", "main"]

PLACES = 1000
FINE = 0.25
"""Width of a step of the search over that of the core, as `node_labels` takes it."""
SLOW = ("networkx", "rustworkx", "igraph", "pandana")
"""Run twice at most."""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the benchmark from the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Returns
    -------
    int
        0 where every answer agrees, 1 otherwise.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add_graph_options(parser)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    _prepared(road_like_graph(2000, 0))
    return _report(chosen_graph(chosen), chosen)


def core_bytes(graph: TravelGraph) -> int:
    """
    Count what the core of a network holds, beside the minutes and metres of the edges.

    Parameters
    ----------
    graph : TravelGraph
        The network.

    Returns
    -------
    int
        Bytes of both directions and the chains.
    """
    shown = (graph.core_shape, graph.core)
    held = [getattr(part, field.name) for part in shown for field in dataclasses.fields(part)]
    arrays = [array for value in held for array in (value if isinstance(value, tuple) else (value,))]
    given = {id(array) for array in (graph.forward_min, graph.backward_min, graph.length_m)}
    distinct = {id(array): array for array in arrays if isinstance(array, np.ndarray)}
    return sum(array.nbytes for key, array in distinct.items() if key not in given)


@nb.njit(nogil=True)
def _search(arcs: Any, seeds: Any, width_min: float) -> Any:
    return spread_labels(arcs, seeds, width_min)


def _prepared(graph: TravelGraph) -> None:
    """Compile everything on a small graph."""
    _, places = at_nodes(graph, 20, 0)
    node_labels(graph, places)
    nearest(graph, places, places, k=2)
    bare_sweep(arcs_of(graph).matrix(), np.zeros(graph.n_nodes))


def _report(graph: TravelGraph, chosen: argparse.Namespace) -> int:
    nodes, places = at_nodes(graph, PLACES, chosen.seed)
    shape, arcs = graph.core_shape, arcs_of(graph)
    number = np.full(graph.n_nodes, -1)
    number[shape.core_node] = np.arange(shape.n_core)
    core, times = core_arcs(graph).matrix(), node_labels(graph, places).time_min
    arcs_matrix, of_core = arcs.matrix(), graph.core
    arrays = of_core.arcs(outward=False)
    labels = np.arange(len(nodes), dtype=np.int32)
    seeds = LabelSeeds(number[nodes].astype(np.int32), labels, np.zeros(len(nodes)))

    _search(arrays, seeds, of_core.width_min)
    peers = peers_nearest(graph, arcs, nodes, without=chosen.without)
    tasks: dict[str, Any] = {
        "prepared": lambda: node_labels(graph, places),
        "preparation": lambda: weigh_core(graph, contract_graph(graph)).width_min,
        "k = 2, metres, routes": lambda: nearest(graph, places, places, k=2),
        "core alone": lambda: _search(arrays, seeds, FINE * of_core.width_min),
        "one sweep": lambda: bare_sweep(arcs_matrix, times),
        "scipy, same core": lambda: dijkstra(core, indices=number[nodes], min_only=True),
        **{name: job for name, job in peers.items() if job is not None},
    }
    taken = in_turns(tasks, repeats=chosen.repeats, at_most=dict.fromkeys(SLOW, 2))
    base = taken["prepared"].cpu
    print(
        f"{chosen.real or 'road-like'}: {graph.n_nodes:,} nodes, {len(arcs.start):,} arcs, "
        f"core {shape.n_core / graph.n_nodes:.1%}, {len(nodes):,} places"
    )
    for name, seconds in taken.items():
        print(f"{name:24} {seconds.cpu * 1e3:10.1f} ms {seconds.cpu / base:8.1f} x")
    held = core_bytes(graph)
    print(f"core: {held / 1e6:.1f} MB, {held / len(arcs.start):.1f} bytes a directed edge")
    first = base + taken["preparation"].cpu
    print(f"first query with its preparation: scipy takes {taken['scipy'].cpu / first:.1f} x as long")
    same = taken["scipy, same core"].cpu / taken["core alone"].cpu
    print(f"search of the core alone: scipy takes {same:.1f} x as long")
    agree = True
    for name, job in peers.items():
        if job is None:
            print(f"{name}: not installed")
            continue
        apart = largest_difference(times, job())
        # Pandana rounds every arc to a thousandth.
        agree &= apart <= (0.1 if name == "pandana" else 1e-9)
        print(f"{name}: largest difference {apart:.2g} min")
    return int(not agree)


if __name__ == "__main__":
    raise SystemExit(main())
