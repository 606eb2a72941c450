"""Nearest and many-to-many searches by other packages over the same arcs, for the benchmarks of the network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numba as nb
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spatial.network.snapping import Snaps

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = ["Arcs", "arcs_of", "at_nodes", "bare_sweep", "core_arcs", "largest_difference", "peers_nearest"]

FAR_MIN = 100_000.0
"""What pandana takes for a limit where none is wanted."""


@dataclass(frozen=True, eq=False)
class Arcs:
    """
    Arcs in the direction in which a search spreads, the fastest of parallel ones alone.

    Parameters
    ----------
    n_nodes : int
        Number of nodes.
    start, target : ndarray of int64
        Nodes.
    minutes : ndarray of float64
        Above 0: a zero would be no arc to scipy.
    """

    n_nodes: int
    start: NDArray[np.int64]
    target: NDArray[np.int64]
    minutes: NDArray[np.float64]

    def matrix(self) -> csr_array:
        """Return the arcs as scipy reads them."""
        offsets = np.zeros(self.n_nodes + 1, dtype=np.int32)
        np.cumsum(np.bincount(self.start, minlength=self.n_nodes), out=offsets[1:])
        return csr_array((self.minutes, self.target.astype(np.int32), offsets), shape=(self.n_nodes,) * 2)

    def turned(self) -> Arcs:
        """Return the same arcs from their targets to their starts."""
        return _fastest(self.n_nodes, self.target, self.start, self.minutes)


def _fastest(n_nodes: int, start: NDArray[Any], target: NDArray[Any], minutes: NDArray[np.float64]) -> Arcs:
    order = np.lexsort((minutes, target, start))
    start, target, minutes = start[order], target[order], minutes[order]
    first = np.r_[True, (np.diff(start) != 0) | (np.diff(target) != 0)][: len(start)]
    return Arcs(n_nodes, start[first], target[first], np.maximum(minutes[first], 1e-300))


def arcs_of(graph: TravelGraph) -> Arcs:
    """
    List all arcs against the traffic.

    Parameters
    ----------
    graph : TravelGraph
        The network.

    Returns
    -------
    Arcs
        From the node that an arc reaches to the one that it leaves.
    """
    start = np.concatenate((graph.edge_to, graph.edge_from))
    target = np.concatenate((graph.edge_from, graph.edge_to))
    minutes = np.concatenate((graph.forward_min, graph.backward_min))
    is_open = np.isfinite(minutes)
    return _fastest(graph.n_nodes, start[is_open], target[is_open], minutes[is_open])


def core_arcs(graph: TravelGraph) -> Arcs:
    """
    List the arcs of the contracted graph against the traffic.

    Parameters
    ----------
    graph : TravelGraph
        The network.

    Returns
    -------
    Arcs
        Between the core nodes that a search visits.
    """
    shape, minutes = graph.core_shape, graph.core.in_min
    start = np.repeat(np.arange(shape.n_search), np.diff(shape.arc_offsets))
    is_open = np.isfinite(minutes)
    return _fastest(shape.n_search, start[is_open], shape.arc_target[is_open], minutes[is_open])


def at_nodes(graph: TravelGraph, n: int, seed: int) -> tuple[NDArray[np.int64], Snaps]:
    """
    Choose junctions at which places stand, 0 minutes from the door.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    n : int
        How many; fewer where there are not so many.
    seed : int
        Of the lot.

    Returns
    -------
    tuple of ndarray and Snaps
        Nodes, ascending, and the places, each at the open beginning of an edge.
    """
    open_both = np.flatnonzero(np.isfinite(graph.forward_min) & np.isfinite(graph.backward_min))
    core = graph.core_shape.core_node[: graph.core_shape.n_search]
    edge = open_both[np.isin(graph.edge_from[open_both], core)]
    node, first = np.unique(graph.edge_from[edge], return_index=True)
    chosen = np.sort(np.random.default_rng(seed).choice(len(node), min(n, len(node)), replace=False))
    node, edge = node[chosen], edge[first[chosen]]
    x, y, nothing = graph.node_x[node], graph.node_y[node], np.zeros((len(node), 1))
    places = Snaps(
        x=x,
        y=y,
        edge=edge[:, None],
        fraction=nothing,
        distance_m=nothing,
        access_min=nothing,
        foot_x=x[:, None],
        foot_y=y[:, None],
        status=np.full(len(node), "ok", dtype=object),
        nearest_m=nothing[:, 0],
        max_snap_m=5000.0,
        walk_km_h=5.0,
        detour=1.3,
    )
    return node, places


@nb.njit(nogil=True)
def _sweep(offsets: Any, targets: Any, minutes: Any, times: Any) -> int:
    better = 0
    for node in range(offsets.shape[0] - 1):
        for arc in range(offsets[node], offsets[node + 1]):
            better += times[node] + minutes[arc] < times[targets[arc]]
    return better


def bare_sweep(matrix: csr_array, times: NDArray[np.float64]) -> int:
    """
    Look at every arc once: what no search of all nodes can do without.

    Parameters
    ----------
    matrix : csr_array
        Arcs.
    times : ndarray of float64
        Minutes at the nodes.

    Returns
    -------
    int
        Arcs that would make a time less; about 0 where the times are right.
    """
    return int(_sweep(matrix.indptr, matrix.indices, matrix.data, times))


def largest_difference(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """
    Compare minutes.

    Parameters
    ----------
    mine, theirs : ndarray of float64
        inf where unreached.

    Returns
    -------
    float
        inf where one reaches what the other does not.
    """
    if not np.array_equal(np.isfinite(mine), np.isfinite(theirs)):
        return float("inf")
    reached = np.isfinite(mine)
    return float(np.abs(mine[reached] - theirs[reached]).max(initial=0.0))


def peers_nearest(
    graph: TravelGraph, arcs: Arcs, nodes: NDArray[np.int64], *, without: Collection[str] = ()
) -> dict[str, Callable[[], NDArray[np.float64]] | None]:
    """
    Prepare the same search by every package that is installed: minutes from each node to the nearest of some nodes.

    Packages that search from one node get one more node, joined to all of them.

    Parameters
    ----------
    graph : TravelGraph
        For the places of the nodes.
    arcs : Arcs
        Against the traffic.
    nodes : ndarray of int64
        Where the destinations are.
    without : collection of str
        Packages to leave out.

    Returns
    -------
    dict of str to callable
        None where the package is not installed.
    """
    matrix = arcs.matrix()
    found: dict[str, Callable[[], NDArray[np.float64]] | None] = {
        "scipy": lambda: dijkstra(matrix, indices=nodes, min_only=True),
        "scipy, naming places": lambda: dijkstra(matrix, indices=nodes, min_only=True, return_predecessors=True)[0],
    }
    makers = {
        "networkit": _networkit,
        "igraph": _igraph,
        "rustworkx": _rustworkx,
        "pandana": _pandana,
        "networkx": _networkx,
    }
    for name, maker in makers.items():
        if name in without:
            continue
        found[name] = maker(graph, arcs, nodes) if find_spec(name) else None
    return found


def _joined(arcs: Arcs, nodes: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    start = np.r_[arcs.start, np.full(len(nodes), arcs.n_nodes)]
    return start, np.r_[arcs.target, nodes], np.r_[arcs.minutes, np.zeros(len(nodes))]


def _networkit(_: TravelGraph, arcs: Arcs, nodes: NDArray[np.int64]) -> Callable[[], NDArray[np.float64]]:
    import networkit as nk  # noqa: PLC0415 - a peer that may be missing

    start, target, minutes = _joined(arcs, nodes)
    made = nk.GraphFromCoo((minutes, (start, target)), n=arcs.n_nodes + 1, weighted=True, directed=True)

    def job() -> NDArray[np.float64]:
        times = np.asarray(nk.distance.Dijkstra(made, arcs.n_nodes, storePaths=False).run().getDistances(asarray=True))[
            :-1
        ]
        return np.where(times > 1e300, np.inf, times)

    return job


def _igraph(_: TravelGraph, arcs: Arcs, nodes: NDArray[np.int64]) -> Callable[[], NDArray[np.float64]]:
    import igraph  # noqa: PLC0415 - a peer that may be missing

    start, target, minutes = _joined(arcs, nodes)
    made = igraph.Graph(n=arcs.n_nodes + 1, edges=np.column_stack((start, target)), directed=True)
    weights = minutes.tolist()
    return lambda: np.array(made.distances(source=arcs.n_nodes, weights=weights)[0])[:-1]


def _rustworkx(_: TravelGraph, arcs: Arcs, nodes: NDArray[np.int64]) -> Callable[[], NDArray[np.float64]]:
    import rustworkx as rx  # noqa: PLC0415 - a peer that may be missing

    start, target, minutes = _joined(arcs, nodes)
    made = rx.PyDiGraph()
    made.add_nodes_from(range(arcs.n_nodes + 1))
    made.add_edges_from(list(zip(start.tolist(), target.tolist(), minutes.tolist(), strict=True)))

    def job() -> NDArray[np.float64]:
        times = np.full(arcs.n_nodes + 1, np.inf)
        reached = rx.dijkstra_shortest_path_lengths(made, arcs.n_nodes, float)
        times[np.fromiter(reached.keys(), np.int64)] = np.fromiter(reached.values(), np.float64)
        return times[:-1]

    return job


def _networkx(_: TravelGraph, arcs: Arcs, nodes: NDArray[np.int64]) -> Callable[[], NDArray[np.float64]]:
    import networkx as nx  # noqa: PLC0415 - slow to import

    made = nx.DiGraph()
    made.add_nodes_from(range(arcs.n_nodes))
    made.add_weighted_edges_from(zip(arcs.start.tolist(), arcs.target.tolist(), arcs.minutes.tolist(), strict=True))
    start = set(nodes.tolist())

    def job() -> NDArray[np.float64]:
        reached = nx.multi_source_dijkstra_path_length(made, start)
        times = np.full(arcs.n_nodes, np.inf)
        times[np.fromiter(reached.keys(), np.int64)] = np.fromiter(reached.values(), np.float64)
        return times

    return job


def _pandana(graph: TravelGraph, arcs: Arcs, nodes: NDArray[np.int64]) -> Callable[[], NDArray[np.float64]]:
    import pandana  # noqa: PLC0415 - a peer that may be missing

    made = pandana.Network(
        pd.Series(graph.node_x),
        pd.Series(graph.node_y),
        pd.Series(arcs.target),
        pd.Series(arcs.start),
        pd.DataFrame({"minutes": arcs.minutes}),
        twoway=False,
    )
    made.set_pois("places", FAR_MIN, 1, pd.Series(graph.node_x[nodes]), pd.Series(graph.node_y[nodes]))

    def job() -> NDArray[np.float64]:
        times = made.nearest_pois(FAR_MIN, "places", num_pois=1)[1].to_numpy(dtype=np.float64)
        return np.where(times >= FAR_MIN, np.inf, times)

    return job
