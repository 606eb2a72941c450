"""Compiled first and last steps of searches: between places on chains and nodes, pairs of places, ways travelled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatial.arrays import FloatArray as Floats
from spatial.arrays import IntArray as Longs
from spatial.compiled import (
    empty_float64,
    empty_float64_pairs,
    empty_int32,
    empty_int32_pairs,
    inner,
    outer,
    zeros_int64,
    zeros_uint8,
)
from spatial.network.kernels_core import EVERY, Chains, Lane, Lanes, Points, closed_steps, leg_to_end, step_cost
from spatial.network.kernels_search import (
    Arcs,
    Ints,
    Labels,
    LabelSeeds,
    Legs,
    Limits,
    MeasuredArcs,
    Queue,
    Reached,
    reach_within,
    spread_labels,
)

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


class Doors(NamedTuple):
    """Candidates of places, all one after the other: where they are on the chains, and the walk to the door."""

    points: Points
    walk_min: Floats
    walk_m: Floats


class DoorsByChain(NamedTuple):
    """Candidates of places, and those on each chain (compressed sparse rows)."""

    doors: Doors
    offsets: Ints  # shape (n_chains + 1,)
    rows: Ints  # rows of the doors


class Along(NamedTuple):
    """Ways along chains that start and goal share, door to door, by row of the starts (compressed sparse rows)."""

    offsets: Longs
    goal: Ints  # row of the goals
    time_min: Floats
    length_m: Floats


class Best(NamedTuple):
    """The k nearest different destinations of each of n origins, the nearest first; each of shape (n, k)."""

    time_min: Floats  # inf where there is none
    root: Longs  # candidate of the destination: ``destination * per_place + candidate``; -1 where there is none
    candidate: Longs  # of the origin; -1 where there is none
    way: Longs  # how the origin leaves its chain: VIA_FIRST, VIA_LAST, ALONG; -1 where there is none
    length_m: Floats  # inf where there is none


class _Offer(NamedTuple):
    """A way on offer to one origin."""

    time_min: float
    root: int
    candidate: int
    way: int
    length_m: float


class Places(NamedTuple):
    """Candidates of places, all one after the other."""

    edge: Longs  # -1 for none
    fraction: Floats  # share of the edge before the place
    walk_min: Floats  # minutes from there to its door


class NodeLabels(NamedTuple):
    """The nearest place of each node of the graph."""

    place: Ints  # -1 where none is reached
    time_min: Floats  # inf where none is reached


class _OnChain(NamedTuple):
    """A point of a chain: its step, and the share of the step before it."""

    step: int
    share: float


class _Stands(NamedTuple):
    """Where candidates stand."""

    at: Ints  # shape (n, 4), place, step (-1 for none), arc and chain
    legs: Floats  # shape (n, 6), minutes before and after the step, of the step onwards and back, share, walk


# Places that share a chain: the way from one to the other without leaving it.

_SAME_M = 1e-7
"""Foot points on one step that are as near as this are one point: opposite each other on a road, say. Metres."""


@inner  # pragma: no cover - compiled
def _between(lane: Lane, step_arc: Ints, chain: int, low: _OnChain, high: _OnChain) -> float:
    """Cost between a point of a chain and a later one; inf where a step between is closed."""
    begin, share = low
    end, end_share = high
    # A point at a node needs nothing of its step towards that node, so the step may be closed.
    leaves, enters = share < 1.0, end_share > 0.0
    row = lane.row[chain]
    if row >= 0 and lane.closed[row, 0] <= end and lane.closed[row, 1] >= begin:
        for s in range(begin if leaves else begin + 1, end + 1 if enters else end):
            if step_cost(lane, step_arc[s]) == np.inf:
                return np.inf
    if begin == end:
        return float((end_share - share) * step_cost(lane, step_arc[begin]))
    whole = lane.before[end] - lane.before[begin + 1]
    first = (1.0 - share) * step_cost(lane, step_arc[begin]) if leaves else 0.0
    return float(first + whole + (end_share * step_cost(lane, step_arc[end]) if enters else 0.0))


@outer  # pragma: no cover - compiled
def along_chains(
    step_arc: Ints, lanes: Lanes, metres: Lane, starts: Doors, goals: DoorsByChain, limit_min: float
) -> Along:
    """Find ways along a chain between places that both lie on it, up to a limit (inclusive); 0 between equal points."""
    chain_of, step_of, share_of, _, _ = starts.points
    _, goal_step, goal_share, _, _ = goals.doors.points
    chain_offsets, chain_rows = goals.offsets, goals.rows
    n = chain_of.shape[0]
    offsets, room = zeros_int64(n + 1), np.int64(0)
    for row in range(n):
        if chain_of[row] >= 0:
            room += chain_offsets[chain_of[row] + 1] - chain_offsets[chain_of[row]]
    to, minutes, lengths = empty_int32(room), empty_float64(room), empty_float64(room)
    found = 0
    for row in range(n):
        chain, s, f = chain_of[row], step_of[row], share_of[row]
        first = chain_offsets[chain] if chain >= 0 else 0
        last = chain_offsets[chain + 1] if chain >= 0 else 0
        for r in range(first, last):
            other = chain_rows[r]
            t, g = goal_step[other], goal_share[other]
            time, metre = 0.0, 0.0
            if s != t or abs(f - g) * step_cost(metres, step_arc[s]) > _SAME_M:
                low, high = _OnChain(s, f), _OnChain(t, g)
                if s < t or (s == t and f < g):
                    time = _between(lanes.there, step_arc, chain, low, high)
                else:
                    low, high = high, low
                    time = _between(lanes.back, step_arc, chain, low, high)
                metre = _between(metres, step_arc, chain, low, high)
            time = starts.walk_min[row] + (time + goals.doors.walk_min[other])
            if time <= limit_min and time < np.inf:
                to[found], minutes[found] = other, time
                lengths[found] = starts.walk_m[row] + (metre + goals.doors.walk_m[other])
                found += 1
        offsets[row + 1] = found
    return Along(offsets, to[:found], minutes[:found], lengths[:found])


# The last step of a search from all destinations: from the doors of places over their chains to labels.

VIA_FIRST, VIA_LAST, ALONG, DIRECT = 0, 1, 2, 3
"""How a place leaves its chain: over the first end, over the last, along the same chain, or it enters none."""


@inner  # pragma: no cover - compiled
def _rank(best: Best, i: int, offer: _Offer, per_place: int) -> None:
    """Put an offer into the list of an origin, ordered by (time, destination), one a destination."""
    times, roots, candidates, ways, metres = best
    time, root, candidate, way, metre = offer
    destination = root // per_place
    k = times.shape[1]
    at = -1
    for slot in range(k):
        if roots[i, slot] < 0:
            at = slot
            break
        if roots[i, slot] // per_place == destination:
            if times[i, slot] <= time:
                return
            at = slot
            break
    if at < 0:
        at = k - 1
        if times[i, at] < time or (times[i, at] == time and roots[i, at] // per_place < destination):
            return
    while at > 0 and (
        times[i, at - 1] > time or (times[i, at - 1] == time and roots[i, at - 1] // per_place > destination)
    ):
        times[i, at], roots[i, at], metres[i, at] = times[i, at - 1], roots[i, at - 1], metres[i, at - 1]
        candidates[i, at], ways[i, at] = candidates[i, at - 1], ways[i, at - 1]
        at -= 1
    times[i, at], roots[i, at], metres[i, at] = time, root, metre
    candidates[i, at], ways[i, at] = candidate, way


@outer  # pragma: no cover - compiled
def best_destinations(chains: Chains, doors: Doors, along: Along, labels: Labels, best: Best, per_place: int) -> None:
    """Find the k nearest destinations of every origin, door to door, by the labels of nodes and ways along chains."""
    first, last = chains.first, chains.last
    (chain_of, _, _, legs, legs_m), walk_min, walk_m = doors
    label_min, _, label_root, _, label_m = labels
    offsets, along_root, along_min, along_m = along
    n, k = best.time_min.shape
    per_origin = chain_of.shape[0] // n if n > 0 else 0
    for i in range(n):
        for c in range(per_origin):
            row = i * per_origin + c
            if chain_of[row] < 0:
                break
            # First over both ends, each with k labels; then along the chain.
            for offer in range(2 * k + offsets[row + 1] - offsets[row]):
                way, at = ALONG, offsets[row] + offer - 2 * k
                if offer < 2 * k:
                    way, slot = offer // k, offer % k
                    node = first[chain_of[row]] if way == VIA_FIRST else last[chain_of[row]]
                    if node >= label_min.shape[0] or legs[row, way] == np.inf or label_root[node, slot] < 0:
                        continue
                    root = np.int64(label_root[node, slot])
                    time = walk_min[row] + (legs[row, way] + label_min[node, slot])
                    metre = walk_m[row] + (legs_m[row, way] + label_m[node, slot])
                else:
                    root, time, metre = along_root[at], along_min[at], along_m[at]
                _rank(best, i, _Offer(time, root, np.int64(c), np.int64(way), metre), per_place)


# Search for the nearest label of all nodes: over the core, then from its nodes along the chains.


@inner  # pragma: no cover - compiled
def _stand(chains: Chains, lanes: Lanes, places: Places, per_place: int) -> _Stands:
    """Find where places stand. Each loop reads what the next needs for addresses: many reads are under way at once."""
    _, _, offsets, guide, step_arc, _, edge_step = chains
    back, on, along, against = lanes.there.before, lanes.back.before, lanes.back.along, lanes.back.against
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
    return _Stands(stands, legs)


@inner  # pragma: no cover - compiled
def _seeds(chains: Chains, lanes: Lanes, stood: _Stands, n_search: int) -> LabelSeeds:
    """List the ends of chains that a search sets out from; a place at such an end sets out from there alone."""
    first, last, offsets, _, _, _, _ = chains
    _, back_all, back_row, back_closed, _, _ = lanes.there
    _, _, on_row, on_closed, _, _ = lanes.back
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
        first_closed = closed_steps(on_row[c], on_closed, begin, end)[0]
        last_closed = closed_steps(back_row[c], back_closed, begin, end)[1]
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
    return LabelSeeds(nodes[:n], labels[:n], minutes[:n])


@inner  # pragma: no cover - compiled
def _fill(core_node: Ints, chains: Chains, lanes: Lanes, state: Floats, out: NodeLabels) -> None:
    """Give every node the better of both ends of its chain."""
    first, last, offsets, _, _, step_node, _ = chains
    back, back_all, back_row, back_closed, _, _ = lanes.there
    on, on_all, on_row, on_closed, _, _ = lanes.back
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
        low, high = np.int64(begin) - 1, np.int64(end)
        closed_back = closed_steps(back_row[c], back_closed, low, high)[0]
        closed_on = closed_steps(on_row[c], on_closed, low, high)[1]
        for s in range(np.int64(begin), np.int64(end)):
            over_a = time_a + back[s] if s <= closed_back else np.inf
            over_b = time_b + (whole_on - on[s]) if s > closed_on else np.inf
            is_a = over_a < over_b or (over_a == over_b and first_wins)
            time, label = (over_a, label_a) if is_a else (over_b, label_b)
            times[step_node[s]], labels[step_node[s]] = time, label if time < np.inf else -1


@inner  # pragma: no cover - compiled
def _walk_from_places(
    core_node: Ints, chains: Chains, lane: Lane, stood: _Stands, n_search: int, out: NodeLabels
) -> None:
    """Walk both ways from each place as long as the nodes of its chain gain by it; searched ends know it already."""
    first, last, offsets, _, step_arc, step_node, _ = chains
    along, against = lane.along, lane.against
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
    core_node: Ints,
    chains: Chains,
    arcs: Arcs,
    lanes: Lanes,
    places: Places,
    per_place: int,
    width_min: float,
    out: NodeLabels,
) -> None:
    """Find the nearest place of every node, ties to the lower place; a step of the search is `width_min` (above 0)."""
    n_search = arcs.offsets.shape[0] - 1
    stood = _stand(chains, lanes, places, per_place)
    seeds = _seeds(chains, lanes, stood, n_search)
    _fill(core_node, chains, lanes, spread_labels(arcs, seeds, width_min), out)
    _walk_from_places(core_node, chains, lanes.back, stood, n_search, out)


# Search for all pairs of places within a time, by one bounded search a source.

GOALS_A_BLOCK = 64
"""Changes the speed only."""
_CLEARLY_MIN = 1e-9
"""Beyond what rounding of sums adds to a way. Minutes."""


@inner  # pragma: no cover - compiled
def _least(legs: Legs, node: int, goal: int) -> float:
    """Minutes of the shortest leg between a node and a goal, inf without any; legs of a node are by goal."""
    low, end = legs.offsets[node], legs.offsets[node + 1]
    high, least = end, np.inf
    while low < high:
        middle = (low + high) // 2
        if legs.other[middle] < goal:
            low = middle + 1
        else:
            high = middle
    while low < end and legs.other[low] == goal:
        least = min(least, legs.time_min[low])
        low += 1
    return least


@outer  # pragma: no cover - compiled
def mark_needed(arcs: MeasuredArcs, legs: Legs, is_needed: NDArray[np.uint8]) -> None:
    """
    Mark the legs that some way may end with: no other leg at their node, or one chain on, is clearly shorter.

    Of a goal with doors on several roads two in three are not. Legs of a node are in the order of goals.
    """
    offsets, targets, _, minutes, _ = arcs
    for node in range(offsets.shape[0] - 1):
        for leg in range(legs.offsets[node], legs.offsets[node + 1]):
            goal, most = legs.other[leg], legs.time_min[leg] - _CLEARLY_MIN
            is_beaten = _least(legs, node, goal) < most
            for arc in range(offsets[node], offsets[node + 1]):
                if is_beaten:
                    break
                is_beaten = minutes[arc] < most and minutes[arc] + _least(legs, np.int64(targets[arc]), goal) < most
            is_needed[leg] = 0 if is_beaten else 1


@inner  # pragma: no cover - compiled
def _meet(found: Reached, n: int, goal: int, time: float, metre: float) -> int:
    """Keep the best way to a goal; return how many goals were met."""
    best, best_m, met = found
    if time < best[goal]:
        if best[goal] == np.inf:
            met[n] = goal
            n += 1
        best[goal], best_m[goal] = time, metre
    return n


@outer  # pragma: no cover - compiled
def times_within(  # noqa: PLR0913, PLR0917 - one call a block of sources
    arcs: MeasuredArcs,
    starts: Legs,
    goals: Legs,
    along: Along,
    nodes: Reached,
    queue: Queue,
    found: Reached,
    limits: Limits,
    in_order: bool,  # noqa: FBT001 - a kernel
    first: int,
    stop: int,
) -> Along:
    """Find every pair within a time, door to door, for sources `first` up to before `stop`; goals of one in order."""
    along_offsets, along_goal, along_min, along_m = along
    node_offsets, node_goal, node_min, node_m = goals
    times, metres, touched = nodes
    offsets, n_out = zeros_int64(stop - first + 1), np.int64(0)
    room = np.int64(1024)
    to, out_min, out_m = empty_int32(room), empty_float64(room), empty_float64(room)
    n_goals = found.time_min.shape[0]
    is_met = zeros_uint8(np.int64(n_goals // GOALS_A_BLOCK + 1))
    for s in range(first, stop):
        n = np.int64(0)
        for r in range(along_offsets[s], along_offsets[s + 1]):
            n = _meet(found, n, along_goal[r], along_min[r], along_m[r])
        n_touched, queue = reach_within(arcs, starts, s, nodes, queue, limits)
        for t in range(n_touched):
            node = touched[t]
            for r in range(node_offsets[node], node_offsets[node + 1]):
                time = times[node] + node_min[r]
                if time <= limits.time_min:
                    n = _meet(found, n, node_goal[r], time, metres[node] + node_m[r])
            times[node], metres[node] = np.inf, np.inf
        if n_out + n > room:
            room = max(2 * room, n_out + n)
            old, old_min, old_m = to, out_min, out_m
            to, out_min, out_m = empty_int32(room), empty_float64(room), empty_float64(room)
            for i in range(n_out):
                to[i], out_min[i], out_m[i] = old[i], old_min[i], old_m[i]
        if in_order:
            # By looking through those blocks of goals alone of which one was met.
            for t in range(n):
                is_met[found.listed[t] // GOALS_A_BLOCK] = 1
            n = np.int64(0)
            for block in range(is_met.shape[0]):
                if is_met[block] != 0:
                    is_met[block] = 0
                    for goal in range(block * GOALS_A_BLOCK, min((block + 1) * GOALS_A_BLOCK, n_goals)):
                        if found.time_min[goal] < np.inf:
                            found.listed[n] = goal
                            n += 1
        for t in range(n):
            goal = found.listed[t]
            to[n_out], out_min[n_out], out_m[n_out] = goal, found.time_min[goal], found.length_m[goal]
            found.time_min[goal] = np.inf
            n_out += 1
        offsets[s - first + 1] = n_out
    return Along(offsets, to[:n_out], out_min[:n_out], out_m[:n_out])


# mypy: disable-error-code="arg-type"
# Numba turns numpy scalars into plain numbers; mypy does not know.


class TowardsPlaces(NamedTuple):
    """Of each core node the candidates of destinations that it is nearest to, and the chains towards them."""

    root: Ints  # shape (n_search, k), -1 for none
    half: Ints  # as in `MeasuredArcs`; -1 for none


class ChainLegs(NamedTuple):
    """Legs of ways, each of which keeps to one chain."""

    offsets: Longs  # shape (n_ways + 1,)
    steps: Ints  # shape (n, 2), steps at which a leg begins and ends
    shares: Floats  # shape (n, 2), share of each of these steps before the point


class Pieces(NamedTuple):
    """Edges of ways in the order travelled."""

    offsets: Longs  # shape (n_ways + 1,)
    arcs: Ints  # 2 x edge, + 1 where it is travelled against its drawn direction
    shares: Floats  # shape (n, 2), drawn shares of the edge at which it is entered and left


@outer  # pragma: no cover - compiled
def follow_ways(
    chains: Chains, starts: Points, goals: Points, towards: TowardsPlaces, ways: Longs, per_place: int
) -> ChainLegs:
    """Follow ways to destinations, chain by chain; `ways` (n, 2) holds how a start leaves its chain, and the root."""
    first, last, offsets, _, _, _, _ = chains
    chain_of, step_of, share_of, _, _ = starts
    to_chain, to_step, to_share, to_legs, _ = goals
    label_root, label_half = towards
    room = np.int64(1024)
    steps, shares = empty_int32_pairs(room), empty_float64_pairs(room)
    counts = zeros_int64(ways.shape[0] + 1)
    n = 0
    for i in range(ways.shape[0]):
        way, root = ways[i, 0], ways[i, 1]
        chain, step, share = chain_of[i], step_of[i], share_of[i]
        is_done, over_first = root < 0 or way == DIRECT, way == 0
        while not is_done:
            if n == room:
                room *= 2
                old_steps, old_shares = steps, shares
                steps, shares = empty_int32_pairs(room), empty_float64_pairs(room)
                for leg in range(n):
                    steps[leg, 0], steps[leg, 1] = old_steps[leg, 0], old_steps[leg, 1]
                    shares[leg, 0], shares[leg, 1] = old_shares[leg, 0], old_shares[leg, 1]
            steps[n, 0], shares[n, 0] = step, share
            if way == ALONG:
                steps[n, 1], shares[n, 1] = to_step[root], to_share[root]
                n += 1
                break
            steps[n, 1] = offsets[chain] if over_first else offsets[chain + 1] - 1
            shares[n, 1] = 0.0 if over_first else 1.0
            n += 1
            node, slot = first[chain] if over_first else last[chain], 0
            while label_root[node, slot] // per_place != root // per_place:
                slot += 1
            half = label_half[node, slot]
            if half >= 0:
                # The search walked this chain away from the destination; the way walks it back.
                chain, over_first = half >> 1, half & 1 == 0
                from_first = not over_first
            else:
                root, way = label_root[node, slot], ALONG
                chain = to_chain[root]
                from_first = first[chain] == node
                if from_first and last[chain] == node:
                    from_first = to_legs[root, 0] <= to_legs[root, 1]
            step = offsets[chain] if from_first else offsets[chain + 1] - 1
            share = 0.0 if from_first else 1.0
        counts[i + 1] = n
    return ChainLegs(counts, steps[:n], shares[:n])


@inner  # pragma: no cover - compiled
def _vertex_after(xy: Floats, begin: int, end: int, share: float) -> int:
    """Find the vertex of an edge's line before which a share of it lies."""
    if share == 0.0:
        return begin
    if share == 1.0:
        return end
    whole = 0.0
    for v in range(begin, end - 1):
        whole += math.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
    rest = share * whole
    for v in range(begin, end - 1):
        length = math.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        if rest <= length and length > 0.0:
            return v + 1
        rest -= length
    return end - 1


@outer  # pragma: no cover - compiled
def draw_ways(xy: Floats, vertex_offsets: Longs, pieces: Pieces, doors: Floats) -> tuple[Longs, Floats]:
    """Draw ways: offsets and points. Rows of `doors` are door, foot, foot, door; feet are NaN on a direct walk."""
    offsets, arcs, shares = pieces
    room = 4 * doors.shape[0]
    for p in range(arcs.shape[0]):
        edge = arcs[p] >> 1
        room += vertex_offsets[edge + 1] - vertex_offsets[edge] + 2
    points, ends = empty_float64_pairs(room), zeros_int64(doors.shape[0] + 1)
    n = np.int64(0)
    for i in range(doors.shape[0]):
        for p in range(offsets[i] - 1, offsets[i + 1] + 1):
            if p < offsets[i] or p == offsets[i + 1]:
                # A door and its foot point, before and after all pieces.
                side = 0 if p < offsets[i] else 4
                for q in range(2):
                    points[n, 0], points[n, 1] = doors[i, side + 2 * q], doors[i, side + 2 * q + 1]
                    n += 1
                continue
            low, high = vertex_offsets[arcs[p] >> 1], vertex_offsets[(arcs[p] >> 1) + 1]
            v = _vertex_after(xy, low, high, shares[p, 0])
            last = _vertex_after(xy, low, high, shares[p, 1])
            # A way begins and ends at foot points, which stand there already; between edges it passes their ends.
            if p > offsets[i]:
                end = low if shares[p, 0] == 0.0 else high - 1
                points[n, 0], points[n, 1] = xy[end, 0], xy[end, 1]
                n += 1
            back = arcs[p] & 1
            for vertex in range(v - back, last - back, 1 - 2 * back):
                if low < vertex < high - 1:
                    points[n, 0], points[n, 1] = xy[vertex, 0], xy[vertex, 1]
                    n += 1
            if p < offsets[i + 1] - 1:
                end = low if shares[p, 1] == 0.0 else high - 1
                points[n, 0], points[n, 1] = xy[end, 0], xy[end, 1]
                n += 1
        ends[i + 1] = n
    return ends, points[:n]
