"""Pairs of 20,000 origins and 200 destinations within an hour: ``python -m benchmarks.k3_many_to_many``."""

from __future__ import annotations

import argparse
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.csgraph import dijkstra

from benchmarks.measure import in_turns
from benchmarks.network_peers import arcs_of, at_nodes, core_arcs, largest_difference
from benchmarks.road_like import road_like_graph
from spatial.network import times_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from spatial.network import Snaps, TravelGraph

__all__ = ["main"]

ORIGINS, DESTINATIONS, CUTOFF_MIN = 20_000, 200, 60.0
PART = 100
"""Pandana takes a minute and more for all pairs, so one origin in so many is asked for, and the time is scaled up."""


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
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    small = road_like_graph(2000, 0)
    times_matrix(small, at_nodes(small, 50, 1)[1], at_nodes(small, 20, 0)[1], cutoff_min=CUTOFF_MIN)
    graph = road_like_graph(chosen.nodes, chosen.seed)
    origins, destinations = (
        at_nodes(graph, ORIGINS, chosen.seed + 1),
        at_nodes(graph, DESTINATIONS, chosen.seed),
    )
    return _report(graph, origins, destinations, chosen.repeats)


def _of_scipy(
    links: csr_array, origins: NDArray[np.int64], destinations: NDArray[np.int64]
) -> NDArray[np.float64]:
    """One search a destination, so that scipy need not hold the whole table of nodes."""
    return np.column_stack(
        [dijkstra(links, indices=place, limit=CUTOFF_MIN)[origins] for place in destinations]
    )


def _of_pandana(graph: TravelGraph, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> Any:
    import pandana  # noqa: PLC0415 - a peer that may be missing
    import pandas as pd  # noqa: PLC0415

    arcs = arcs_of(graph)
    network = pandana.Network(
        *(pd.Series(each) for each in (graph.node_x, graph.node_y, arcs.target, arcs.start)),
        pd.DataFrame({"minutes": arcs.minutes}),
        twoway=False,
    )
    origins = origins[::PART]
    starts, goals = np.repeat(origins, len(destinations)), np.tile(destinations, len(origins))

    def job() -> NDArray[np.float64]:
        times = np.array(network.shortest_path_lengths(starts, goals))
        return np.where(times > CUTOFF_MIN, np.inf, times).reshape(len(origins), -1)

    return job


def _report(
    graph: TravelGraph,
    origins: tuple[NDArray[np.int64], Snaps],
    destinations: tuple[NDArray[np.int64], Snaps],
    repeats: int,
) -> int:
    links, core = arcs_of(graph).matrix(), core_arcs(graph).matrix()
    number = np.full(graph.n_nodes, -1)
    number[graph.core_shape.core_node] = np.arange(graph.core_shape.n_core)
    nodes = (origins[0], destinations[0])
    tasks: dict[str, Any] = {
        "prepared": lambda: times_matrix(graph, origins[1], destinations[1], cutoff_min=CUTOFF_MIN),
        "scipy, same core": lambda: _of_scipy(core, number[nodes[0]], number[nodes[1]]),
        "scipy": lambda: _of_scipy(links, *nodes),
    }
    if find_spec("pandana"):
        tasks["pandana"] = _of_pandana(graph, *nodes)
    taken = in_turns(tasks, repeats=repeats, at_most={"pandana": 1})
    base = taken["prepared"].cpu
    i, j, minutes, _ = times_matrix(graph, origins[1], destinations[1], cutoff_min=CUTOFF_MIN)
    mine = np.full((len(nodes[0]), len(nodes[1])), np.inf)
    mine[i, j] = minutes
    print(
        f"{graph.n_nodes:,} nodes, {len(nodes[0]):,} x {len(nodes[1])} within {CUTOFF_MIN:g} min: {len(i):,} pairs"
    )
    for name, seconds in taken.items():
        cpu = seconds.cpu * (PART if name == "pandana" else 1)
        print(f"{name:24} {cpu * 1e3:10.1f} ms {cpu / base:8.1f} x")
    apart = largest_difference(mine, _of_scipy(links, *nodes))
    print(f"largest difference to scipy {apart:.2g} min")
    if "pandana" not in tasks:
        print("pandana: not installed")
    print("OSRM answers tables by its own profiles only" if find_spec("osrm") else "osrm: not installed")
    return int(not apart <= 1e-9)


if __name__ == "__main__":
    raise SystemExit(main())
