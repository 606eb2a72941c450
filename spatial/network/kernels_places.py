"""Compiled first and last steps of searches: between places on chains and nodes, and all pairs of places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import empty_float64, empty_int32, empty_int64, inner, outer, zeros_int64
from spatial.network.kernels_core import EVERY, closed_steps, leg_to_end, step_cost
from spatial.network.kernels_search import reach_within, spread_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_core import Lane
    from spatial.network.kernels_search import Queue, State

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Doors = tuple[Ints, Ints, Floats, Floats, Floats, Floats, Floats]
    Along = tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]
    Best = tuple[Floats, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]
    Labels = tuple[Floats, Ints, Floats]
    Longs = NDArray[np.int64]
    Chains = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]
    Lanes = tuple[Lane, Lane]
    Stands = tuple[Ints, Floats]
    Places = tuple[Longs, Floats, Floats]
    Out = tuple[Ints, Floats]
    Found = tuple[Floats, Floats, Ints]


# Compiled pass over places that share a chain: the way from one to the other without leaving it.

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


_SAME_M = 1e-7
"""Foot points on one step that are as near as this are one point: opposite each other on a road, say. Metres."""


@inner  # pragma: no cover - compiled
def _between(
    lane: Lane, step_arc: Ints, chain: int, low: tuple[int, float], high: tuple[int, float]
) -> float:
    """Cost between a point of a chain and a later one; inf where a step between is closed."""
    begin, share = low
    end, end_share = high
    # A point at a node needs nothing of its step towards that node, so the step may be closed.
    leaves, enters = share < 1.0, end_share > 0.0
    row = lane[2][chain]
    if row >= 0 and lane[3][row, 0] <= end and lane[3][row, 1] >= begin:
        for s in range(begin if leaves else begin + 1, end + 1 if enters else end):
            if step_cost(lane, step_arc[s]) == np.inf:
                return np.inf
    if begin == end:
        return float((end_share - share) * step_cost(lane, step_arc[begin]))
    whole = lane[0][end] - lane[0][begin + 1]
    first = (1.0 - share) * step_cost(lane, step_arc[begin]) if leaves else 0.0
    return float(first + whole + (end_share * step_cost(lane, step_arc[end]) if enters else 0.0))


@outer  # pragma: no cover - compiled
def along_chains(
    step_arc: Ints,
    lanes: tuple[Lane, Lane, Lane],
    starts: Doors,
    goals: Doors,
    on_chain: tuple[Ints, NDArray[np.int64]],
    limit_min: float,
) -> Along:
    """
    Find the ways between places along the chain that both lie on, door to door.

    Parameters
    ----------
    step_arc : ndarray of int32
        Arc of each step.
    lanes : tuple
        From the first end to the last, from the last to the first, and metres, in the direction from starts to goals.
    starts, goals : tuple of ndarray
        Doors, of `place_doors`.
    on_chain : tuple of ndarray
        Offsets by chain, and rows of the goals' doors on it.
    limit_min : float
        The longest time, inclusive.

    Returns
    -------
    tuple of ndarray
        Offsets by row of the starts' doors, rows of the goals' doors, minutes and metres. Points in the same
        place, to a ten-millionth of a metre, are 0 apart, whatever is closed.
    """
    n = starts[0].shape[0]
    offsets, room = zeros_int64(n + 1), np.int64(0)
    for row in range(n):
        if starts[0][row] >= 0:
            room += on_chain[0][starts[0][row] + 1] - on_chain[0][starts[0][row]]
    to, minutes, metres = empty_int64(room), empty_float64(room), empty_float64(room)
    found = 0
    for row in range(n):
        chain, s, f = starts[0][row], starts[1][row], starts[2][row]
        first = on_chain[0][chain] if chain >= 0 else 0
        last = on_chain[0][chain + 1] if chain >= 0 else 0
        for r in range(first, last):
            other = on_chain[1][r]
            t, g = goals[1][other], goals[2][other]
            time, metre = 0.0, 0.0
            if s != t or abs(f - g) * step_cost(lanes[2], step_arc[s]) > _SAME_M:
                low, high = (s, f), (t, g)
                if s < t or (s == t and f < g):
                    time = _between(lanes[0], step_arc, chain, low, high)
                else:
                    low, high = high, low
                    time = _between(lanes[1], step_arc, chain, low, high)
                metre = _between(lanes[2], step_arc, chain, low, high)
            time = starts[5][row] + (time + goals[5][other])
            if time <= limit_min and time < np.inf:
                to[found], minutes[found] = other, time
                metres[found] = starts[6][row] + (metre + goals[6][other])
                found += 1
        offsets[row + 1] = found
    return offsets, to[:found], minutes[:found], metres[:found]


# Compiled last step of a search from all destinations: from the doors of places over their chains to labels.

# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


VIA_FIRST, VIA_LAST, ALONG, DIRECT = 0, 1, 2, 3
"""How a place leaves its chain: over the first end, over the last, along the same chain, or it enters none."""


@inner  # pragma: no cover - compiled
def _rank(
    best: Best,
    offer: tuple[float, int, int, int, float],
    per_place: int,
) -> None:
    """Put an offer into one place's list, ordered by (time, destination), one a destination."""
    times, roots, candidates, ways, metres = best
    time, root, candidate, way, metre = offer
    destination = root // per_place
    k = times.shape[0]
    at = -1
    for slot in range(k):
        if roots[slot] < 0:
            at = slot
            break
        if roots[slot] // per_place == destination:
            if times[slot] <= time:
                return
            at = slot
            break
    if at < 0:
        at = k - 1
        if times[at] < time or (times[at] == time and roots[at] // per_place < destination):
            return
    while at > 0 and (
        times[at - 1] > time or (times[at - 1] == time and roots[at - 1] // per_place > destination)
    ):
        times[at], roots[at], metres[at] = times[at - 1], roots[at - 1], metres[at - 1]
        candidates[at], ways[at] = candidates[at - 1], ways[at - 1]
        at -= 1
    times[at], roots[at], candidates[at], ways[at], metres[at] = time, root, candidate, way, metre


@outer  # pragma: no cover - compiled
def best_destinations(
    ends: tuple[Ints, Ints],
    doors: Doors,
    along: Along,
    labels: Labels,
    best: Best,
    per_place: int,
) -> None:
    """
    Find the k nearest destinations of every origin, door to door.

    Parameters
    ----------
    ends : tuple of ndarray of int32
        First and last end of the chains.
    doors : tuple
        Origins: chain (-1 none), step, share, minutes and metres over both ends, walk in minutes and in metres, all
        candidates one after the other.
    along : tuple of ndarray
        Ways along the chains, of `along_chains`.
    labels : tuple of ndarray
        Minutes, root and metres at the core nodes, of `label_nodes`.
    best : tuple of ndarray, each of shape (n, k)
        Written to: minutes (inf), root (-1), candidate of the origin (-1), way off its chain (-1), and metres (inf).
    per_place : int
        Candidates a destination.
    """
    chain_of, _, _, legs, legs_m, walk_min, walk_m = doors
    label_min, label_root, label_m = labels
    offsets, along_root, along_min, along_m = along
    n, k = best[0].shape
    per_origin = chain_of.shape[0] // n if n > 0 else 0
    for i in range(n):
        mine = (best[0][i], best[1][i], best[2][i], best[3][i], best[4][i])
        for c in range(per_origin):
            row = i * per_origin + c
            if chain_of[row] < 0:
                break
            # First over both ends, each with k labels; then along the chain.
            for offer in range(2 * k + offsets[row + 1] - offsets[row]):
                way, at = ALONG, offsets[row] + offer - 2 * k
                if offer < 2 * k:
                    way, slot = offer // k, offer % k
                    node = ends[0][chain_of[row]] if way == VIA_FIRST else ends[1][chain_of[row]]
                    if node >= label_min.shape[0] or legs[row, way] == np.inf or label_root[node, slot] < 0:
                        continue
                    root = np.int64(label_root[node, slot])
                    time = walk_min[row] + (legs[row, way] + label_min[node, slot])
                    metre = walk_m[row] + (legs_m[row, way] + label_m[node, slot])
                else:
                    root, time, metre = along_root[at], along_min[at], along_m[at]
                _rank(mine, (time, root, np.int64(c), np.int64(way), metre), per_place)


# Compiled search for the nearest label of all nodes: over the core, then from its nodes along the chains.

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


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


# Compiled search for all pairs of places within a time, by one bounded search a source.

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


@inner  # pragma: no cover - compiled
def _meet(found: Found, n: int, goal: int, time: float, metre: float) -> int:
    """Keep the best way to a goal; return how many goals were met."""
    best, best_m, met = found
    if time < best[goal]:
        if best[goal] == np.inf:
            met[n] = goal
            n += 1
        best[goal], best_m[goal] = time, metre
    return n


@inner  # pragma: no cover - compiled
def _seeds_of(
    rows: tuple[int, int], ends: tuple[Ints, Ints], source: Doors, n_search: int
) -> tuple[Ints, Floats, Floats]:
    """List the ends of the chains of one source, with minutes and metres from its door."""
    nodes = empty_int32(2 * (rows[1] - rows[0]))
    minutes, metres = empty_float64(nodes.shape[0]), empty_float64(nodes.shape[0])
    for row in range(rows[0], rows[1]):
        chain = source[0][row]
        for way in range(2):
            at = 2 * (row - rows[0]) + way
            nodes[at] = -1
            if chain < 0:
                continue
            node = ends[0][chain] if way == 0 else ends[1][chain]
            nodes[at] = node if node < n_search else -1
            minutes[at] = source[5][row] + source[3][row, way]
            metres[at] = source[6][row] + source[4][row, way]
    return nodes, minutes, metres


@inner  # pragma: no cover - compiled
def _longer_out(out: tuple[Ints, Floats, Floats], used: int, wanted: int) -> tuple[Ints, Floats, Floats]:
    """Make room for more pairs."""
    size = out[0].shape[0]
    if wanted <= size:
        return out
    size = max(2 * size, wanted)
    to, minutes, metres = empty_int32(size), empty_float64(size), empty_float64(size)
    for i in range(used):
        to[i], minutes[i], metres[i] = out[0][i], out[1][i], out[2][i]
    return to, minutes, metres


@outer  # pragma: no cover - compiled
def times_within(  # noqa: PLR0913, PLR0917 - one call a block of sources
    arcs: tuple[Ints, Ints, Floats, Floats],
    ends: tuple[Ints, Ints],
    source: Doors,
    goals: tuple[Ints, Ints, Floats, Floats],
    along: Along,
    room: tuple[State, Queue, Found],
    per: tuple[int, int],
    limits: tuple[float, float],
) -> tuple[NDArray[np.int64], Ints, Floats, Floats]:
    """
    Find every pair of a source and a goal within a time, door to door.

    Parameters
    ----------
    arcs : tuple of ndarray
        Offsets, target, minutes and metres of the arcs in which the search spreads from the sources.
    ends : tuple of ndarray of int32
        First and last end of the chains.
    source : tuple of ndarray
        Doors of the sources.
    goals : tuple of ndarray
        Offsets by core node, goal, minutes and metres from the node to the door.
    along : tuple of ndarray
        Ways along the chains, of `along_chains`.
    room : tuple
        Minutes and metres of the core nodes and of the goals, all inf, each with room for those that are reached; and
        an empty queue.
    per : tuple of int
        Candidates a source, and candidates a goal.
    limits : tuple of float
        The longest time, inclusive, and the width of a step of the search; minutes.

    Returns
    -------
    tuple of ndarray
        Offsets by source, and goal, minutes and metres of each pair, in any order within a source.
    """
    node_offsets, node_goal, node_min, node_m = goals
    n_search, limit_min = arcs[0].shape[0] - 1, limits[0]
    state, queue, found = room
    n_sources = source[0].shape[0] // per[0]
    offsets = zeros_int64(n_sources + 1)
    out = (empty_int32(np.int64(1024)), empty_float64(np.int64(1024)), empty_float64(np.int64(1024)))
    n_out = np.int64(0)
    for s in range(n_sources):
        n = np.int64(0)
        for r in range(along[0][s * per[0]], along[0][(s + 1) * per[0]]):
            n = _meet(found, n, along[1][r] // per[1], along[2][r], along[3][r])
        seeds = _seeds_of((s * per[0], (s + 1) * per[0]), ends, source, n_search)
        n_touched, queue = reach_within(arcs, seeds, state, queue, limits)
        for t in range(n_touched):
            node = state[2][t]
            for r in range(node_offsets[node], node_offsets[node + 1]):
                time = state[0][node] + node_min[r]
                if time <= limit_min:
                    n = _meet(found, n, np.int64(node_goal[r]), time, state[1][node] + node_m[r])
            state[0][node], state[1][node] = np.inf, np.inf
        out = _longer_out(out, n_out, n_out + n)
        for t in range(n):
            goal = found[2][t]
            out[0][n_out], out[1][n_out], out[2][n_out] = goal, found[0][goal], found[1][goal]
            found[0][goal] = np.inf
            n_out += 1
        offsets[s + 1] = n_out
    return offsets, out[0][:n_out], out[1][:n_out], out[2][:n_out]
