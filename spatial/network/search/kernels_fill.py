"""Compiled search for the nearest label of all nodes: over the core, then from its nodes along the chains."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.network.search.kernels_buckets import spread_labels
from spatial.network.search.kernels_core import EVERY, leg_to_end

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.search.kernels_core import Lane

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Chains = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]
    Places = tuple[Longs, Floats, Floats]
    Out = tuple[Longs, Floats]

__all__ = ["label_all_nodes"]


@inner  # pragma: no cover - compiled
def _seeds(
    chains: Chains, lanes: tuple[Lane, Lane], places: Places, per_place: int, n_search: int
) -> tuple[Ints, Ints, Floats]:
    """List the ends of chains from which a search sets out: node, label and minutes to the door of the place."""
    _, first, last, offsets, step_arc, _, edge_step, guide = chains
    (back, back_all, _, back_last, _, _), (on, _, on_first, _, along, against) = lanes
    edges, fractions, walk_min = places
    size, n = 2 * edges.shape[0], np.int64(0)
    nodes, labels, minutes = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.float64)
    for i in range(edges.shape[0]):
        if edges[i] < 0:
            continue
        s = np.int64(edge_step[edges[i]])
        c, arc = np.int64(guide[s // EVERY]), step_arc[s]
        while offsets[c + 1] <= s:
            c += 1
        share, onwards, backwards = fractions[i], along[arc >> 1], against[arc >> 1]
        if arc & 1 == 1:
            share, onwards, backwards = 1.0 - share, backwards, onwards
        # Who comes from the first end to the place goes on, who comes from the last one goes back.
        time = walk_min[i] + leg_to_end(on[s], share, onwards, on_first[c] - s)
        if first[c] < n_search and time < np.inf:
            nodes[n], labels[n], minutes[n] = first[c], i // per_place, time
            n += 1
        rest = 0.0 if s + 1 == offsets[c + 1] else back_all[c] - back[s + 1]
        time = walk_min[i] + leg_to_end(rest, 1.0 - share, backwards, s - back_last[c])
        if last[c] < n_search and time < np.inf:
            nodes[n], labels[n], minutes[n] = last[c], i // per_place, time
            n += 1
    return nodes[:n], labels[:n], minutes[:n]


@inner  # pragma: no cover - compiled
def _fill(chains: Chains, lanes: tuple[Lane, Lane], state: Floats, out: Out) -> None:
    """Give every node the better of both ends of its chain."""
    core_node, first, last, offsets, _, step_node, _, _ = chains
    (back, back_all, back_first, _, _, _), (on, on_all, _, on_last, _, _) = lanes
    labels, times = out
    n_search, marks = state.shape[0], state.view(np.int32)
    for v in range(core_node.shape[0]):
        node = np.uintp(core_node[v])
        times[node], labels[node] = np.inf, -1
        if v < n_search:
            times[node], labels[node] = state[v, 0], marks[v, 2]
    for c in range(first.shape[0]):
        begin, end = np.uintp(offsets[c] + 1), np.uintp(offsets[c + 1])
        time_a, label_a, time_b, label_b = np.inf, np.int64(-1), np.inf, np.int64(-1)
        if first[c] < n_search:
            time_a, label_a = state[np.uintp(first[c]), 0], np.int64(marks[np.uintp(first[c]), 2])
        closed_back, closed_on = np.int64(back_first[c]), np.int64(on_last[c])
        if last[c] < n_search:
            time_b, label_b = state[np.uintp(last[c]), 0], np.int64(marks[np.uintp(last[c]), 2])
        elif closed_back == end and time_a < np.inf:
            node = np.uintp(core_node[last[c]])
            times[node], labels[node] = time_a + back_all[c], label_a
        whole_on, first_wins = on_all[c], label_a <= label_b
        if closed_back == np.int64(end) and closed_on < np.int64(begin) - 1:
            for s in range(begin, end):
                over_a, over_b, node = time_a + back[s], time_b + (whole_on - on[s]), np.uintp(step_node[s])
                is_a = (over_a < over_b) | (first_wins & (over_a == over_b))
                times[node], labels[node] = over_a if is_a else over_b, label_a if is_a else label_b
            continue
        for s in range(np.int64(begin), np.int64(end)):
            over_a = time_a + back[s] if s <= closed_back else np.inf
            over_b = time_b + (whole_on - on[s]) if s > closed_on else np.inf
            is_a = over_a < over_b or (over_a == over_b and first_wins)
            time, label = (over_a, label_a) if is_a else (over_b, label_b)
            times[step_node[s]], labels[step_node[s]] = time, label if time < np.inf else -1


@inner  # pragma: no cover - compiled
def _walk_from_places(  # noqa: C901 - a call for each step takes as long as the step itself
    chains: Chains, lanes: tuple[Lane, Lane], places: Places, sizes: tuple[int, int], out: Out
) -> None:
    """Walk both ways from each place as long as the nodes of its chain gain by it; searched ends know it already."""
    core_node, first, last, offsets, step_arc, step_node, edge_step, guide = chains
    along, against = lanes[1][4], lanes[1][5]
    (edges, fractions, walk_min), (labels, times), (per_place, n_search) = places, out, sizes
    for i in range(edges.shape[0]):
        if edges[i] < 0:
            continue
        at, label = np.int64(edge_step[edges[i]]), i // per_place
        c, arc = np.int64(guide[at // EVERY]), step_arc[at]
        while offsets[c + 1] <= at:
            c += 1
        begin, end = np.int64(offsets[c]), np.int64(offsets[c + 1])
        share, onwards, backwards = fractions[i], along[arc >> 1], against[arc >> 1]
        if arc & 1 == 1:
            share, onwards, backwards = 1.0 - share, backwards, onwards
        # A place at a node needs nothing of its step, which may be closed.
        s, time = at, walk_min[i] + (share * onwards if share > 0.0 else 0.0)
        while s >= begin and (s > begin or first[c] >= n_search):
            node = step_node[s]
            if time > times[node] or (time == times[node] and label >= labels[node]) or time == np.inf:
                break
            times[node], labels[node] = time, label
            s -= 1
            if s >= begin:
                time += along[step_arc[s] >> 1] if step_arc[s] & 1 == 0 else against[step_arc[s] >> 1]
        s, time = at + 1, walk_min[i] + ((1.0 - share) * backwards if share < 1.0 else 0.0)
        while s <= end and (s < end or last[c] >= n_search):
            node = step_node[s] if s < end else core_node[last[c]]
            if time > times[node] or (time == times[node] and label >= labels[node]) or time == np.inf:
                break
            times[node], labels[node] = time, label
            if s < end:
                time += against[step_arc[s] >> 1] if step_arc[s] & 1 == 0 else along[step_arc[s] >> 1]
            s += 1


@outer  # pragma: no cover - compiled
def label_all_nodes(  # noqa: PLR0913, PLR0917 - one call a query
    chains: Chains,
    arcs: tuple[Ints, Ints, Floats],
    lanes: tuple[Lane, Lane],
    places: Places,
    per_place: int,
    width_min: float,
    out: Out,
) -> None:
    """
    Find the nearest place of every node, equal times to the lower place.

    Parameters
    ----------
    chains : tuple of ndarray of int32
        Core nodes, first and last end, offsets of the chains, arc and beginning of each step, step of each edge, and
        chain of every 32nd step.
    arcs : tuple of ndarray
        Offsets, target and minutes (inf where closed) of the arcs of the core, in which the search spreads.
    lanes : tuple
        Travel between a node and its place over the first end of its chain, and over the last one.
    places : tuple of ndarray
        Edge (-1 for none), share of the edge before the place, and minutes from there to its door; all candidates one
        after the other.
    per_place : int
        Candidates of each place.
    width_min : float
        Width of a step of the search, above 0; minutes.
    out : tuple of ndarray
        Place (-1) and minutes (inf) of every node of the graph; written to.
    """
    n_search = arcs[0].shape[0] - 1
    state = spread_labels(arcs, _seeds(chains, lanes, places, per_place, n_search), width_min)
    _fill(chains, lanes, state, out)
    _walk_from_places(chains, lanes, places, (per_place, n_search), out)
