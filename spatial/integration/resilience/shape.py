"""The shape of a network: how many loops it has, how well nodes are linked, how far ways bend (Kansky 1963)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from spatial.access.labels import paired
from spatial.access.options import numbers, whole_number
from spatial.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from spatial.network import TravelGraph

__all__ = ["NetworkShape", "circuity", "network_indices", "network_shape"]

LEAST_NODES = 3
LEAST_STRAIGHT_M = 500.0
"""Shorter pairs are left out of circuity: their walks to the road outweigh the road (INDICATORS, 3.7)."""


@dataclass(frozen=True)
class NetworkShape:
    """
    Indices of a network whose chains are joined.

    Parameters
    ----------
    nodes, edges, components : int
        Junctions and ends, links between them, pieces.
    alpha : float
        Loops by those a plane network could have; above 1 where it is not plane.
    beta : float
        Links by nodes.
    gamma : float
        Links by those a plane network could have; above 1 where it is not plane.
    mu : int
        Independent loops.
    is_planar : bool
        False where alpha or gamma exceed 1.
    """

    nodes: int
    edges: int
    components: int
    alpha: float
    beta: float
    gamma: float
    mu: int
    is_planar: bool


def network_indices(nodes: int, edges: int, components: int = 1) -> NetworkShape:
    """
    Find the indices of a network from its counts.

    Parameters
    ----------
    nodes, edges, components : int
        0 or more.

    Returns
    -------
    NetworkShape
        Ratios are NaN below three nodes.

    Raises
    ------
    ContractError
        For counts below 0.

    Examples
    --------
    >>> shape = network_indices(6, 8)
    >>> round(shape.alpha, 7), round(shape.beta, 7), round(shape.gamma, 7), shape.mu
    (0.4285714, 1.3333333, 0.6666667, 3)
    """
    if not all(whole_number(count, least=0) for count in (nodes, edges, components)):
        raise ContractError(
            "network",
            [f"nodes, edges, components: {nodes}, {edges}, {components}, below 0 or no whole numbers"],
        )
    loops = edges - nodes + components
    if nodes < LEAST_NODES:
        return NetworkShape(nodes, edges, components, math.nan, math.nan, math.nan, loops, is_planar=True)
    alpha, gamma = loops / (2 * nodes - 5), edges / (3 * (nodes - 2))
    plane = alpha <= 1.0 and gamma <= 1.0
    return NetworkShape(nodes, edges, components, alpha, edges / nodes, gamma, loops, is_planar=plane)


def network_shape(graph: TravelGraph) -> NetworkShape:
    """
    Find the indices of a travel graph, with chains of two-way nodes joined: otherwise the drawing decides them.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode; an edge that is open in one direction counts.

    Returns
    -------
    NetworkShape
        Of its junctions and ends. A ring without a junction keeps one node.

    Examples
    --------
    >>> network_shape(graph).beta  # doctest: +SKIP
    """
    is_open = np.isfinite(graph.forward_min) | np.isfinite(graph.backward_min)
    starts, ends = graph.edge_from[is_open], graph.edge_to[is_open]
    degree = np.bincount(starts, minlength=graph.n_nodes) + np.bincount(ends, minlength=graph.n_nodes)
    there = degree > 0
    links = sparse.coo_array((np.ones(len(starts)), (starts, ends)), shape=(graph.n_nodes, graph.n_nodes))
    _count, label = csgraph.connected_components(links, directed=False)
    pieces = np.unique(label[there])
    joined = there & (degree == 2)
    kept = np.bincount(label[there & ~joined], minlength=int(label.max(initial=-1)) + 1)
    rings = int((kept[pieces] == 0).sum())
    nodes = int((there & ~joined).sum()) + rings
    edges = int(is_open.sum()) - int(joined.sum()) + rings
    return network_indices(nodes, edges, len(pieces))


def circuity(network_distance_m: ArrayLike, straight_distance_m: ArrayLike) -> float:
    """
    Measure how far ways bend: the sum of ways by the sum of straight lines.

    Parameters
    ----------
    network_distance_m, straight_distance_m : array_like
        One a pair, metres; unknown and unreachable pairs, and those closer than 500 m, are left out.

    Returns
    -------
    float
        1 or more on the ground; NaN without any pair.

    Raises
    ------
    ContractError
        For distances below 0, or lengths that differ.

    Examples
    --------
    >>> circuity([1500, 3000, 900], [1000, 2000, 400])
    1.5
    """
    network_distance_m, straight_distance_m = paired(
        "network",
        network_distance_m=(network_distance_m, "pairs"),
        straight_distance_m=(straight_distance_m, "pairs"),
    )
    way = np.atleast_1d(numbers("network", "network_distance_m", network_distance_m)).ravel()
    line = np.atleast_1d(numbers("network", "straight_distance_m", straight_distance_m)).ravel()
    if len(way) != len(line) or bool((way < 0.0).any()) or bool((line < 0.0).any()):
        raise ContractError("network", [f"distances: {len(way)} and {len(line)} pairs, 0 or more"])
    counted = np.isfinite(way) & np.isfinite(line) & (line >= LEAST_STRAIGHT_M)
    return float(way[counted].sum() / line[counted].sum()) if counted.any() else math.nan
