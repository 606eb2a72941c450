"""Times between 2,000 and 300 nodes without a cutoff: this package's hierarchy, RoutingKit's CCH, OSRM and scipy.

``python -m benchmarks.k3u_unbounded [--data FOLDER] [--nodes N] [--repeats N] [--osrm-python PYTHON]``
"""

from __future__ import annotations

import argparse
import os
import sys
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
from spatial.network import TravelGraph, build_network, snap, times_matrix
from spatial.network.hierarchies.hierarchy import build_hierarchy
from spatial.network.hierarchies.pairs import graph_hierarchy, graph_metric
from spatial.network.hierarchies.query import Entries, many_to_many
from spatial.network.search import matrix
from spatial.sources.osm import read_osm

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmarks.osrm_peer import OsrmTables

__all__ = ["compare", "compare_closure", "compare_doors", "main"]

SOURCES, TARGETS = 2000, 300
SCIPY_SEARCHES = 15
"""Of the 300 that scipy would need; its seconds are multiplied."""
TICKS_A_MINUTE = 60_000
"""RoutingKit counts whole milliseconds: a way of some hundred arcs is off by at most half a tick each."""
METRES_A_DEGREE = 111_320.0


class Peers:
    """One graph as each peer holds it."""

    def __init__(self, graph: TravelGraph, seed: int) -> None:
        self.x, self.y = graph.node_x, graph.node_y
        arcs = graph.outward
        self.offsets, self.heads = arcs.offsets, arcs.target
        self.minutes, self.metres = arcs.time_min, arcs.length_m
        self.tails = np.repeat(np.arange(graph.n_nodes), np.diff(arcs.offsets))
        rng = np.random.default_rng(seed)
        self.sources = rng.choice(graph.n_nodes, min(SOURCES, graph.n_nodes), replace=False)
        self.targets = rng.choice(graph.n_nodes, min(TARGETS, graph.n_nodes), replace=False)

    def spatial_tasks(self) -> dict[str, Callable[[], Any]]:
        hierarchy = build_hierarchy(self.x, self.y, self.offsets, self.heads)
        metric = hierarchy.customise(self.minutes, self.metres)
        sources, targets = Entries.at_nodes(self.sources), Entries.at_nodes(self.targets)
        print(
            f"hierarchy: {hierarchy.n_arcs:,} arcs, {hierarchy.nbytes / 1e6:.0f} MB, times {metric.nbytes / 1e6:.0f} MB"
        )
        return {
            "prepare": lambda: build_hierarchy(self.x, self.y, self.offsets, self.heads),
            "customise": lambda: hierarchy.customise(self.minutes, self.metres),
            "query": lambda: many_to_many(metric, sources, targets)[0],
        }

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
    times = ours["query"]()
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
    for part in ("prepare", "customise", "query"):
        base = taken[f"spatial {part}"]
        for task in (task for task in taken if task.endswith(part) or f" {part}:" in task):
            note = f" ({SCIPY_SEARCHES} of {m} searches, multiplied)" if task.startswith("scipy") else ""
            print(f"{task:22}{1e3 * taken[task]:12.1f} CPU ms{taken[task] / base:9.2f} x spatial{note}")


def compare_doors(name: str, graph: TravelGraph, *, seed: int, repeats: int) -> None:
    """Print the whole table from door to door, by searches and over the hierarchy."""
    rng = np.random.default_rng(seed)
    origins, destinations = (_beside(graph, rng, n) for n in (SOURCES, TARGETS))

    def table(pays: bool) -> Any:  # noqa: FBT001 - which of two ways to go
        matrix.hierarchy_pays = lambda *_: pays
        return times_matrix(graph, origins, destinations)

    mine, searched = table(pays=True), table(pays=False)
    same = np.array_equal(mine[0], searched[0]) and np.array_equal(mine[1], searched[1])
    off = np.abs(mine[2] - searched[2]).max(initial=0.0)
    print(
        f"\n{name}, door to door: {len(mine[0]):,} pairs, the same: {same}, times differ by at most {off:.2g} min"
    )
    tasks = {"hierarchy": lambda: table(pays=True), "searches": lambda: table(pays=False)}
    taken = {task: each.cpu for task, each in in_turns(tasks, repeats=repeats).items()}
    for task, seconds in taken.items():
        print(f"{task:22}{1e3 * seconds:12.1f} CPU ms{seconds / taken['hierarchy']:9.2f} x hierarchy")


def compare_closure(name: str, graph: TravelGraph, *, seed: int, repeats: int) -> None:
    """Print what closing one road takes, where the order is known already, and what building all anew takes."""
    rng = np.random.default_rng(seed)
    graph_metric(graph)
    before = graph_hierarchy(graph)

    def close() -> TravelGraph:
        minutes = graph.forward_min.copy(), graph.backward_min.copy()
        edge = rng.integers(graph.n_edges)
        minutes[0][edge] = minutes[1][edge] = np.inf
        closed = graph.with_minutes(*minutes)
        graph_metric(closed)
        return closed

    def order_anew() -> None:
        closed = close()
        vars(closed.core_shape).pop("hierarchy")
        vars(closed.core).pop("metric")
        graph_metric(closed)
        vars(graph.core_shape)["hierarchy"] = before

    print(f"\n{name}: one road closed, the same order: {graph_hierarchy(close()) is before}")
    taken = {
        task: each.cpu
        for task, each in in_turns({"customise": close, "and order": order_anew}, repeats=repeats).items()
    }
    for task, seconds in taken.items():
        print(f"{task:22}{1e3 * seconds:12.1f} CPU ms{seconds / taken['customise']:9.2f} x customise")


def _beside(graph: TravelGraph, rng: np.random.Generator, n: int) -> Any:
    at = rng.choice(graph.n_nodes, n)
    x, y = (each[at] + rng.normal(0.0, 60.0, n) for each in (graph.node_x, graph.node_y))
    return snap(graph, gpd.GeoSeries(gpd.points_from_xy(x, y), crs=graph.crs))


def _say_agreement(
    name: str, mine: NDArray[np.float64], other: NDArray[np.float64], within_min: float
) -> None:
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
    options = {"seed": chosen.seed, "repeats": chosen.repeats}
    made_up = road_like_graph(chosen.nodes, chosen.seed)
    compare("road-like", made_up, chosen)
    compare_doors("road-like", made_up, **options)
    compare_closure("road-like", made_up, **options)
    if not chosen.data:
        print("\nComoros is left out: name its folder with --data or SPATIAL_TEST_DATA")
        return
    roads = read_osm(next((Path(chosen.data) / "comoros").glob("*.osm.pbf"))).roads
    graph = build_network(roads.to_crs(working_crs_for(roads)))
    compare("Comoros, every vertex a node", at_every_vertex(graph), chosen)
    compare_doors("Comoros", graph, **options)
    compare_closure("Comoros", graph, **options)


if __name__ == "__main__":
    sys.exit(main())
