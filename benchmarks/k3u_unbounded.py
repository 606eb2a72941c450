"""Times between 2,000 and 300 nodes without a cutoff: this package's core, RoutingKit's CCH, OSRM and scipy.

``python -m benchmarks.k3u_unbounded [--data FOLDER] [--nodes N] [--repeats N] [--osrm-python PYTHON]``
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.measure import in_turns
from benchmarks.network_peers import arcs_of
from benchmarks.osrm_peer import add_osrm_options, osrm_tables
from benchmarks.road_like import at_every_vertex, road_like_graph
from spatial.crs import working_crs_for
from spatial.inputs.osm import read_osm
from spatial.network.build import build_network
from spatial.network.matrix import times_matrix
from spatial.network.snapping import snap

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmarks.osrm_peer import OsrmTables
    from spatial.network.graph import TravelGraph

__all__ = ["compare", "main"]

SOURCES, TARGETS = 2000, 300
SCIPY_SEARCHES = 15
"""Of the 300 that scipy would need; its seconds are multiplied."""
TICKS_A_MINUTE = 60_000
"""RoutingKit counts whole milliseconds: a way of some hundred arcs is off by at most half a tick each."""
METRES_A_DEGREE = 111_320.0


class Peers:
    """One graph as each peer holds it."""

    def __init__(self, graph: TravelGraph, seed: int) -> None:
        self.graph = graph
        self.x, self.y = graph.node_x, graph.node_y
        # Open arcs in the order of the nodes that they leave.
        tails = np.column_stack((graph.edge_from, graph.edge_to)).ravel()
        minutes = np.column_stack((graph.forward_min, graph.backward_min)).ravel()
        arcs = np.flatnonzero(np.isfinite(minutes))
        arcs = arcs[np.argsort(tails[arcs], kind="stable")]
        self.tails, self.minutes = tails[arcs], minutes[arcs]
        self.heads = np.column_stack((graph.edge_to, graph.edge_from)).ravel()[arcs].astype(np.int32)
        self.metres = np.repeat(graph.length_m, 2)[arcs]
        self.offsets = np.r_[0, np.cumsum(np.bincount(self.tails, minlength=graph.n_nodes))]
        rng = np.random.default_rng(seed)
        self.sources = rng.choice(graph.n_nodes, min(SOURCES, graph.n_nodes), replace=False)
        self.targets = rng.choice(graph.n_nodes, min(TARGETS, graph.n_nodes), replace=False)

    def spatial_tasks(self) -> dict[str, Callable[[], Any]]:
        """Prepare the core, and the table of places that stand on the nodes."""

        def anew() -> None:
            _ = replace(self.graph).core

        places = [self._at(nodes) for nodes in (self.sources, self.targets)]
        times_matrix(self.graph, *places)
        return {"prepare": anew, "query": lambda: times_matrix(self.graph, *places)}

    def _at(self, nodes: NDArray[np.int64]) -> Any:
        points = gpd.GeoSeries(gpd.points_from_xy(self.x[nodes], self.y[nodes]), crs=self.graph.crs)
        return snap(self.graph, points, candidates=1, min_component_km=0.0)

    def routingkit_tasks(self) -> dict[str, Callable[[], Any]]:
        import pyroutingkit  # noqa: PLC0415 - a peer that may be missing

        ticks = np.rint(self.minutes * TICKS_A_MINUTE).astype(np.uint32)
        pairs = self.tails.astype(np.uint32), self.heads.astype(np.uint32)
        place = (self.y / METRES_A_DEGREE).astype(np.float32), (self.x / METRES_A_DEGREE).astype(np.float32)
        sources, targets = self.sources.astype(np.uint32), self.targets.astype(np.uint32)

        def prepare() -> Any:
            topology = pyroutingkit.CCHTopology()
            topology.build(*pairs, *place, len(self.x))
            return topology

        metric = pyroutingkit.CCHMetric(prepare())
        metric.customize(ticks, 1)
        # Its tables take a search a source, so the other way round there are fewer of them.
        against = pyroutingkit.CCHTopology()
        against.build(*pairs[::-1], *place, len(self.x))
        backwards = pyroutingkit.CCHMetric(against)
        backwards.customize(ticks, 1)
        return {
            "prepare": prepare,
            "customise": lambda: metric.customize(ticks, 1),
            "query": lambda: metric.distances_many_to_many(sources, targets),
            "turned query": lambda: backwards.distances_many_to_many(targets, sources).T,
        }

    def scipy_times(self, n: int) -> NDArray[np.float64]:
        """Search from the first targets against the traffic; of parallel arcs the fastest counts."""
        order = np.lexsort((self.minutes, self.tails, self.heads))
        rows, columns = self.heads[order], self.tails[order]
        kept = np.r_[True, (np.diff(rows) != 0) | (np.diff(columns) != 0)]
        links = csr_array((self.minutes[order][kept], (rows[kept], columns[kept])), shape=(len(self.x),) * 2)
        found: NDArray[np.float64] = dijkstra(links, indices=self.targets[:n])[:, self.sources].T
        return found


def compare(name: str, graph: TravelGraph, chosen: argparse.Namespace) -> None:
    """Print preparation, customisation and query of each, and how their times agree."""
    peers = Peers(graph, chosen.seed)
    label = f"{name.split(maxsplit=1)[0].lower().rstrip(',')}-{len(peers.x)}-{chosen.seed}"
    with osrm_tables(chosen, label, graph, arcs_of(graph), (peers.sources, peers.targets)) as osrm:
        _compare(name, peers, chosen, osrm)


def _compare(name: str, peers: Peers, chosen: argparse.Namespace, osrm: OsrmTables | None) -> None:
    n, m = len(peers.sources), len(peers.targets)
    print(f"\n{name}: {len(peers.x):,} nodes, {len(peers.heads):,} arcs, {n:,} x {m:,}, seed {chosen.seed}")
    ours = peers.spatial_tasks()
    times = np.full((n, m), np.inf)
    origin, destination, minutes, _ = ours["query"]()
    times[origin, destination] = minutes
    expected = peers.scipy_times(SCIPY_SEARCHES)
    _say_agreement("scipy", times[:, :SCIPY_SEARCHES], expected, 1e-9)
    tasks = {f"spatial {part}": task for part, task in ours.items()}
    limits = {"spatial prepare": 3}
    if find_spec("pyroutingkit"):
        import pyroutingkit  # noqa: PLC0415 - a peer that may be missing

        theirs = peers.routingkit_tasks()
        ticks = theirs["query"]().astype(float)
        ticks[ticks >= pyroutingkit.INF_WEIGHT] = np.inf
        _say_agreement("RoutingKit", times, ticks / TICKS_A_MINUTE, 1000 / TICKS_A_MINUTE)
        tasks |= {f"RoutingKit {part}": task for part, task in theirs.items()}
        limits["RoutingKit prepare"] = 1
    else:
        print("pyroutingkit is not installed: RoutingKit's CCH is not compared")
    tasks["scipy query"] = lambda: peers.scipy_times(SCIPY_SEARCHES)
    limits["scipy query"] = 2
    if osrm:
        _say_agreement("OSRM", times, osrm.minutes(), 1000 / TICKS_A_MINUTE)
        tasks |= osrm.tasks()
    seconds = in_turns(tasks, repeats=chosen.repeats, at_most=limits)
    taken = {task: each.cpu for task, each in seconds.items()}
    taken["scipy query"] *= m / SCIPY_SEARCHES
    if osrm:
        taken |= {task.replace("OSRM", "OSRM prepare:"): each.cpu for task, each in osrm.preparation.items()}
        taken["OSRM less snapping, query"] = osrm.less_snapping(seconds)
    for part in ("prepare", "query"):
        base = taken[f"spatial {part}"]
        for task in (task for task in taken if task.endswith(part) or f" {part}:" in task):
            note = f" ({SCIPY_SEARCHES} of {m} searches, multiplied)" if task.startswith("scipy") else ""
            print(f"{task:22}{1e3 * taken[task]:12.1f} CPU ms{taken[task] / base:9.2f} x spatial{note}")


def _say_agreement(name: str, mine: NDArray[np.float64], other: NDArray[np.float64], within_min: float) -> None:
    both = np.isfinite(mine) & np.isfinite(other)
    same = (both == np.isfinite(mine)) & (both == np.isfinite(other))
    same[both] = np.abs(mine[both] - other[both]) <= within_min
    print(
        f"{name}: {int(same.sum()):,} of {same.size:,} times agree within {within_min:.2g} min, "
        f"{both.mean():.1%} reached"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("SPATIAL_TEST_DATA"))
    parser.add_argument("--nodes", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    add_osrm_options(parser)
    chosen = parser.parse_args()
    compare("road-like", road_like_graph(chosen.nodes, chosen.seed), chosen)
    if not chosen.data:
        print("\nComoros is left out: name its folder with --data or SPATIAL_TEST_DATA")
        return
    roads = read_osm(next((Path(chosen.data) / "comoros").glob("*.osm.pbf"))).roads
    graph = build_network(roads.to_crs(working_crs_for(roads)))
    compare("Comoros, every vertex a node", at_every_vertex(graph), chosen)


if __name__ == "__main__":
    sys.exit(main())
