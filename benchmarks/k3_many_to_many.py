"""Pairs of 20,000 origins and 200 destinations within an hour: ``python -m benchmarks.k3_many_to_many``."""

from __future__ import annotations

import argparse
import math
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.csgraph import dijkstra

from benchmarks.measure import in_turns
from benchmarks.network_peers import arcs_of, at_nodes, core_arcs, largest_difference
from benchmarks.osrm_peer import add_osrm_options, osrm_tables
from benchmarks.road_like import add_graph_options, chosen_graph, road_like_graph
from spatial.network.graph import contract_graph, weigh_core
from spatial.network.matrix import times_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from benchmarks.osrm_peer import OsrmTables
    from spatial.network.graph import TravelGraph
    from spatial.network.snapping import Snaps

__all__ = ["main"]

ORIGINS, DESTINATIONS, CUTOFF_MIN = 20_000, 200, 60.0
TICKS_A_MINUTE = 60_000
"""RoutingKit counts whole milliseconds."""
METRES_A_DEGREE = 111_320.0
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
    add_graph_options(parser)
    add_osrm_options(parser)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    small = road_like_graph(2000, 0)
    times_matrix(small, at_nodes(small, 50, 1)[1], at_nodes(small, 20, 0)[1], cutoff_min=CUTOFF_MIN)
    graph = chosen_graph(chosen)
    origins, destinations = (at_nodes(graph, ORIGINS, chosen.seed + 1), at_nodes(graph, DESTINATIONS, chosen.seed))
    label = f"{chosen.real or 'road-like'}-{graph.n_nodes}-{chosen.seed}"
    with osrm_tables(chosen, label, graph, arcs_of(graph), (origins[0], destinations[0])) as osrm:
        return _report(graph, origins, destinations, chosen, osrm)


def _of_scipy(links: csr_array, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> NDArray[np.float64]:
    """One search a destination, so that scipy need not hold the whole table of nodes."""
    return np.column_stack([dijkstra(links, indices=place, limit=CUTOFF_MIN)[origins] for place in destinations])


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


def _of_routingkit(graph: TravelGraph, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> Any:
    """Its hierarchy has no cutoff: the whole table is made, as by other contraction hierarchies, and then cut."""
    import pyroutingkit  # noqa: PLC0415 - a peer that may be missing

    arcs = arcs_of(graph)
    ticks = np.rint(arcs.minutes * TICKS_A_MINUTE).astype(np.uint32)
    start, target = arcs.start.astype(np.uint32), arcs.target.astype(np.uint32)
    north, east = ((each / METRES_A_DEGREE).astype(np.float32) for each in (graph.node_y, graph.node_x))
    places, goals = destinations.astype(np.uint32), origins.astype(np.uint32)

    def prepare() -> Any:
        topology = pyroutingkit.CCHTopology()
        topology.build(start, target, north, east, arcs.n_nodes)
        metric = pyroutingkit.CCHMetric(topology)
        metric.customize(ticks, 1)
        return topology, metric

    topology, metric = prepare()

    def table() -> NDArray[np.float64]:
        times = metric.distances_many_to_many(places, goals).T / TICKS_A_MINUTE
        return np.where(times > CUTOFF_MIN, np.inf, times)

    return table, lambda: topology and prepare()


def _prepare(graph: TravelGraph) -> None:
    """All that the first query needs beside the edges, metres included."""
    assert weigh_core(graph, contract_graph(graph)).arc_m is not None


def _report(
    graph: TravelGraph,
    origins: tuple[NDArray[np.int64], Snaps],
    destinations: tuple[NDArray[np.int64], Snaps],
    chosen: argparse.Namespace,
    osrm: OsrmTables | None,
) -> int:
    links, core = arcs_of(graph).matrix(), core_arcs(graph).matrix()
    number = np.full(graph.n_nodes, -1)
    number[graph.core_shape.core_node] = np.arange(graph.core_shape.n_core)
    nodes = (origins[0], destinations[0])
    tasks: dict[str, Any] = {
        "prepared": lambda: times_matrix(graph, origins[1], destinations[1], cutoff_min=CUTOFF_MIN),
        "preparation": lambda: _prepare(graph),
        "scipy, same core": lambda: _of_scipy(core, number[nodes[0]], number[nodes[1]]),
        "scipy": lambda: _of_scipy(links, *nodes),
    }
    if find_spec("pyroutingkit") and "pyroutingkit" not in chosen.without:
        tasks["RoutingKit CCH"], tasks["RoutingKit preparation"] = _of_routingkit(graph, *nodes)
    if find_spec("pandana") and "pandana" not in chosen.without:
        tasks["pandana"] = _of_pandana(graph, *nodes)
    tasks |= osrm.tasks() if osrm else {}
    taken = in_turns(tasks, repeats=chosen.repeats, at_most={"pandana": 1, "RoutingKit preparation": 1})
    base = taken["prepared"].cpu
    taken |= osrm.preparation if osrm else {}
    i, j, minutes, _ = times_matrix(graph, origins[1], destinations[1], cutoff_min=CUTOFF_MIN)
    mine = np.full((len(nodes[0]), len(nodes[1])), np.inf)
    mine[i, j] = minutes
    print(
        f"{chosen.real or 'road-like'}: {graph.n_nodes:,} nodes, {len(nodes[0]):,} x {len(nodes[1])} "
        f"within {CUTOFF_MIN:g} min: {len(i):,} pairs"
    )
    for name, seconds in taken.items():
        cpu = seconds.cpu * (PART if name == "pandana" else 1)
        print(f"{name:24} {cpu * 1e3:10.1f} ms {cpu / base:8.1f} x")
    first = base + taken["preparation"].cpu
    print(f"first query with its preparation: scipy takes {taken['scipy'].cpu / first:.1f} x as long")
    apart = largest_difference(mine, _of_scipy(links, *nodes))
    print(f"scipy: largest difference {apart:.2g} min")
    if "RoutingKit CCH" in tasks:
        _say_rounded("RoutingKit", mine, tasks["RoutingKit CCH"]())
    if osrm:
        print(f"OSRM, the better direction less snapping: {osrm.less_snapping(taken) / base:.1f} x")
        _say_rounded("OSRM", mine, osrm.minutes())
    for name in ("pyroutingkit", "pandana"):
        if not find_spec(name):
            print(f"{name}: not installed")
    return int(not apart <= 1e-9)


def _say_rounded(name: str, mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> None:
    """Compare with a whole table of whole milliseconds an arc, which move a few pairs over the cutoff."""
    theirs = np.where(theirs > CUTOFF_MIN, np.inf, theirs)
    both = np.isfinite(mine) & np.isfinite(theirs)
    off = np.abs(mine[both] - theirs[both])
    only_one = int((np.isfinite(mine) != np.isfinite(theirs)).sum())
    middle = np.median(off) if len(off) else math.nan
    print(
        f"{name}: largest difference {off.max(initial=0.0):.2g} min, median {middle:.2g} min; "
        f"{only_one} pairs on one side of the cutoff only"
    )


if __name__ == "__main__":
    raise SystemExit(main())
