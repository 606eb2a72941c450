"""Roads without which the network falls apart (Tarjan 1974)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network import TravelGraph

__all__ = ["bridges"]


def bridges(graph: TravelGraph) -> NDArray[np.bool_]:
    """
    Find the edges without which fewer nodes are connected, whatever way traffic may go.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode; an edge that is open in one direction counts as there.

    Returns
    -------
    ndarray of bool, (edges,)
        True for bridges in the sense of graphs; dead ends are among them. An edge doubled by another is none.

    Examples
    --------
    >>> bridges(graph).sum()  # doctest: +SKIP
    """
    is_open = np.isfinite(graph.forward_min) | np.isfinite(graph.backward_min)
    edges = np.flatnonzero(is_open & (graph.edge_from != graph.edge_to))
    starts, ends = graph.edge_from[edges], graph.edge_to[edges]
    order = np.argsort(np.concatenate([starts, ends]), kind="stable")
    offsets = np.concatenate(
        [[0], np.cumsum(np.bincount(np.concatenate([starts, ends]), minlength=graph.n_nodes))]
    )
    other = np.concatenate([ends, starts])[order].tolist()
    via = np.concatenate([edges, edges])[order].tolist()
    found = np.zeros(graph.n_edges, dtype=bool)
    found[_walk(offsets.tolist(), other, via, graph.n_nodes)] = True
    return found


def _walk(offsets: list[int], other: list[int], via: list[int], nodes: int) -> list[int]:
    """Search in depth from every node; an edge is a bridge where nothing below it leads above it."""
    order, low = [-1] * nodes, [0] * nodes
    result: list[int] = []
    clock = 0
    for root in range(nodes):
        if order[root] >= 0:
            continue
        order[root] = low[root] = clock
        clock += 1
        stack = [(root, -1, offsets[root])]
        while stack:
            node, came, at = stack.pop()
            if at < offsets[node + 1]:
                stack.append((node, came, at + 1))
                below, edge = other[at], via[at]
                if edge == came:
                    continue
                if order[below] >= 0:
                    low[node] = min(low[node], order[below])
                    continue
                order[below] = low[below] = clock
                clock += 1
                stack.append((below, edge, offsets[below]))
            elif stack:
                above = stack[-1][0]
                low[above] = min(low[above], low[node])
                if low[node] > order[above]:
                    result.append(came)
    return result
