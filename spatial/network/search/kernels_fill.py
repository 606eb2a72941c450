"""Compiled search for the nearest label of all nodes: over the core, then from its nodes along the chains."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.kernels_arrays import empty_float64, empty_int32
from spatial.network.search.kernels_buckets import spread_labels
from spatial.network.search.kernels_core import EVERY, closed_steps, leg_to_end

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.search.kernels_core import Lane

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Chains = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]
    Lanes = tuple[Lane, Lane]
    Stands = tuple[Ints, Floats]
    Places = tuple[Longs, Floats, Floats]
    Out = tuple[Ints, Floats]

__all__ = ["label_all_nodes"]


@inner  # pragma: no cover - compiled
def _stand(chains: Chains, lanes: Lanes, places: Places, per_place: int) -> Stands:
    """
    Find where the places stand: label, step (-1 for none), arc and chain; minutes of steps; share; minutes to the door.

    Each loop reads what the next one needs for its addresses, so that many reads are under way at once.
    """
    offsets, step_arc, edge_step, guide = chains[3], chains[4], chains[6], chains[7]
    back, on, along, against = lanes[0][0], lanes[1][0], lanes[1][4], lanes[1][5]
    edges, fractions, walk_min = places
    n, last_step = edges.shape[0], np.uintp(step_arc.shape[0] - 1)
    stands, legs = np.empty((n, 4), np.int32), np.empty((n, 6), np.float64)
    place, more = 0, per_place
    for i in range(n):
        if more == 0:
            place, more = place + 1, per_place
        more -= 1
        stands[i, 0], stands[i, 1] = place, edge_step[edges[i]] if edges[i] >= 0 else -1
    for i in range(n):
        if stands[i, 1] >= 0:
            s = np.uintp(stands[i, 1])
            stands[i, 2], stands[i, 3] = step_arc[s], guide[s // np.uintp(EVERY)]
            legs[i, 0], legs[i, 1] = on[s], back[min(s + np.uintp(1), last_step)]
            edge = np.uintp(edges[i])
            legs[i, 2], legs[i, 3] = along[edge], against[edge]
    for i in range(n):
        if stands[i, 1] >= 0:
            c = stands[i, 3]
            while offsets[c + 1] <= stands[i, 1]:
                c += 1
            stands[i, 3], legs[i, 4], legs[i, 5] = c, fractions[i], walk_min[i]
            if stands[i, 2] & 1 == 1:
                legs[i, 2], legs[i, 3], legs[i, 4] = legs[i, 3], legs[i, 2], 1.0 - legs[i, 4]
    return stands, legs


@inner  # pragma: no cover - compiled
def _seeds(chains: Chains, lanes: Lanes, stood: Stands, n_search: int) -> tuple[Ints, Ints, Floats]:
    """
    List the ends of chains from which a search sets out: node, label and minutes to the door of the place.

    A place that stands at such an end sets out from there alone and is forgotten: the search tells all that it offers
    to the nodes of its chain.
    """
    first, last, offsets = chains[1], chains[2], chains[3]
    (_, back_all, back_row, back_closed, _, _), (_, _, on_row, on_closed, _, _) = lanes
    stands, legs = stood
    size, n = 2 * stands.shape[0], np.int64(0)
    nodes, labels, minutes = empty_int32(size), empty_int32(size), empty_float64(size)
    for i in range(stands.shape[0]):
        label, s, c = stands[i, 0], stands[i, 1], stands[i, 3]
        if s < 0:
            continue
        onwards, backwards, share, walk_min = legs[i, 2], legs[i, 3], legs[i, 4], legs[i, 5]
        begin, end = np.int64(offsets[c]), np.int64(offsets[c + 1])
        is_end = s + 1 == end
        if s == begin and share == 0.0 and first[c] < n_search:
            nodes[n], labels[n], minutes[n], stands[i, 1] = first[c], label, walk_min, -1
            n += 1
            continue
        if is_end and share == 1.0 and last[c] < n_search:
            nodes[n], labels[n], minutes[n], stands[i, 1] = last[c], label, walk_min, -1
            n += 1
            continue
        first_closed = closed_steps(on_row[c], on_closed, (begin, end))[0]
        last_closed = closed_steps(back_row[c], back_closed, (begin, end))[1]
        # Who comes from the first end to the place goes on, who comes from the last one goes back.
        time = walk_min + leg_to_end(legs[i, 0], share, onwards, first_closed - s)
        if first[c] < n_search and time < np.inf:
            nodes[n], labels[n], minutes[n] = first[c], label, time
            n += 1
        rest = 0.0 if is_end else back_all[c] - legs[i, 1]
        time = walk_min + leg_to_end(rest, 1.0 - share, backwards, s - last_closed)
        if last[c] < n_search and time < np.inf:
            nodes[n], labels[n], minutes[n] = last[c], label, time
            n += 1
    return nodes[:n], labels[:n], minutes[:n]


@inner  # pragma: no cover - compiled
def _fill(chains: Chains, lanes: Lanes, state: Floats, out: Out) -> None:
    """Give every node the better of both ends of its chain."""
    core_node, first, last, offsets, _, step_node, _, _ = chains
    (back, back_all, back_row, back_closed, _, _), (on, on_all, on_row, on_closed, _, _) = lanes
    labels, times = out
    n_search, marks = state.shape[0], state.view(np.int32)
    for v in range(n_search):
        node = np.uintp(core_node[v])
        times[node], labels[node] = state[v, 0], marks[v, 2]
    for v in range(n_search, core_node.shape[0]):
        node = np.uintp(core_node[v])
        times[node], labels[node] = np.inf, -1
    for c in range(first.shape[0]):
        begin, end = np.uintp(offsets[c] + 1), np.uintp(offsets[c + 1])
        if begin == end and last[c] < n_search:
            continue
        time_a, label_a, time_b, label_b = np.inf, np.int32(-1), np.inf, np.int32(-1)
        if first[c] < n_search:
            time_a, label_a = state[np.uintp(first[c]), 0], marks[np.uintp(first[c]), 2]
        if last[c] < n_search:
            time_b, label_b = state[np.uintp(last[c]), 0], marks[np.uintp(last[c]), 2]
        elif back_row[c] < 0 and time_a < np.inf:
            node = np.uintp(core_node[last[c]])
            times[node], labels[node] = time_a + back_all[c], label_a
            for s in range(begin, end):
                node = np.uintp(step_node[s])
                times[node], labels[node] = time_a + back[s], label_a
            continue
        whole_on, first_wins = on_all[c], label_a <= label_b
        if back_row[c] < 0 and on_row[c] < 0:
            for s in range(begin, end):
                over_a, over_b, node = time_a + back[s], time_b + (whole_on - on[s]), np.uintp(step_node[s])
                is_a = (over_a < over_b) | (first_wins & (over_a == over_b))
                times[node], labels[node] = over_a if is_a else over_b, label_a if is_a else label_b
            continue
        steps = np.int64(begin) - 1, np.int64(end)
        closed_back = closed_steps(back_row[c], back_closed, steps)[0]
        closed_on = closed_steps(on_row[c], on_closed, steps)[1]
        for s in range(np.int64(begin), np.int64(end)):
            over_a = time_a + back[s] if s <= closed_back else np.inf
            over_b = time_b + (whole_on - on[s]) if s > closed_on else np.inf
            is_a = over_a < over_b or (over_a == over_b and first_wins)
            time, label = (over_a, label_a) if is_a else (over_b, label_b)
            times[step_node[s]], labels[step_node[s]] = time, label if time < np.inf else -1


@inner  # pragma: no cover - compiled
def _walk_from_places(chains: Chains, lanes: Lanes, stood: Stands, n_search: int, out: Out) -> None:
    """Walk both ways from each place as long as the nodes of its chain gain by it; searched ends know it already."""
    core_node, first, last, offsets, step_arc, step_node, _, _ = chains
    along, against = lanes[1][4], lanes[1][5]
    (stands, legs), (labels, times) = stood, out
    for i in range(stands.shape[0]):
        label, at, c = stands[i, 0], np.int64(stands[i, 1]), stands[i, 3]
        if at < 0:
            continue
        onwards, backwards, share, walk_min = legs[i, 2], legs[i, 3], legs[i, 4], legs[i, 5]
        begin, end = np.int64(offsets[c]), np.int64(offsets[c + 1])
        # A place at a node needs nothing of its step, which may be closed.
        s, time = at, walk_min + (share * onwards if share > 0.0 else 0.0)
        while s >= begin and (s > begin or first[c] >= n_search):
            node = step_node[s]
            if time > times[node] or (time == times[node] and label >= labels[node]) or time == np.inf:
                break
            times[node], labels[node] = time, label
            s -= 1
            if s >= begin:
                time += along[step_arc[s] >> 1] if step_arc[s] & 1 == 0 else against[step_arc[s] >> 1]
        s, time = at + 1, walk_min + ((1.0 - share) * backwards if share < 1.0 else 0.0)
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
    lanes: Lanes,
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
        chain of every `EVERY`-th step.
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
    stood = _stand(chains, lanes, places, per_place)
    seeds = _seeds(chains, lanes, stood, n_search)
    _fill(chains, lanes, spread_labels(arcs, seeds, width_min), out)
    _walk_from_places(chains, lanes, stood, n_search, out)
