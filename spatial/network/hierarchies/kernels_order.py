"""Compiled search for an order in which the nodes of a road network can be eliminated with few shortcuts.

All room that is needed comes from the caller, and arrays are read by index: it keeps the compilation short.
"""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Graph = tuple[Ints, Ints]
    Members = tuple[Ints, int, int]
    Flow = tuple[Ints, NDArray[np.int8], NDArray[np.int8], Ints, Ints, Ints]

__all__ = ["dissect", "eliminate_chains"]

SCANNED_ARCS = 32
"""Arcs looked through for one that is there already; a hub with more may get it twice, which harms nothing."""
GONE = 2**30
"""Stands for the degree of a node that was taken out."""
MIDDLE, FIRST, LAST = 0, 1, 2
"""Where a node lies in a piece: between its two ends, or in one of them."""
INSIDE, OUTSIDE, SEPARATOR = 0, 1, 2


@inner  # pragma: no cover - compiled
def _join(first: int, last: int, graph: tuple[Ints, Ints, Ints], degree: Ints) -> None:
    """Make the neighbours in two slots of a node neighbours of each other instead of its own."""
    offsets, targets, mates = graph
    a, b, at_a, at_b = targets[first], targets[last], mates[first], mates[last]
    fewer, other = a, b
    if offsets[a + 1] - offsets[a] > offsets[b + 1] - offsets[b]:
        fewer, other = b, a
    is_there = a == b
    for e in range(offsets[fewer], min(offsets[fewer + 1], offsets[fewer] + SCANNED_ARCS)):
        is_there |= targets[e] == other
    if is_there:
        targets[at_a] = -1
        targets[at_b] = -1
        degree[a] -= 1
        degree[b] -= 1
    else:
        targets[at_a] = b
        targets[at_b] = a
        mates[at_a] = at_b
        mates[at_b] = at_a


@inner  # pragma: no cover - compiled
def _take_out(node: int, graph: tuple[Ints, Ints, Ints], degree: Ints) -> None:
    """Take a node with at most two neighbours out of the graph, and join what it joined."""
    offsets, targets, mates = graph
    first, last = np.int64(-1), np.int64(-1)
    for e in range(offsets[node], offsets[node + 1]):
        if targets[e] >= 0:
            last = first
            first = e
    if last >= 0:
        _join(first, last, graph, degree)
    elif first >= 0:
        targets[mates[first]] = -1
        degree[targets[first]] -= 1
    degree[node] = GONE


@outer  # pragma: no cover - compiled
def eliminate_chains(
    graph: tuple[Ints, Ints, Ints], degree: Ints, order: Ints, room: tuple[Ints, Ints, Ints, Ints]
) -> int:
    """
    Take nodes with at most two neighbours out of a graph, until none is left, and join what they joined.

    In each round no two neighbours go, so that a chain of n nodes becomes a tree that is log(n) deep.

    Parameters
    ----------
    graph : tuple of ndarray of int32
        A simple undirected graph: offsets, neighbours (changed in place, -1 where one is gone) and the slot of the
        same pair in the other row (changed in place).
    degree : ndarray of int32
        Neighbours of each node; changed in place.
    order : ndarray of int32, shape (n_nodes,)
        Receives the nodes taken out.
    room : tuple of ndarray of int32, each of shape (n_nodes,)
        Two of any content, and two filled with -1.

    Returns
    -------
    int
        How many nodes were taken out.
    """
    offsets, targets, _ = graph
    waiting, later, kept, listed = room
    n_gone, n_waiting, a_round = 0, 0, 0
    for v in range(degree.shape[0]):
        if degree[v] <= 2:
            waiting[n_waiting] = v
            n_waiting += 1
    while n_waiting > 0:
        n_later = 0
        for at in range(n_waiting):
            v = waiting[at]
            if kept[v] == a_round:
                continue
            _take_out(v, graph, degree)
            order[n_gone] = v
            n_gone += 1
            for e in range(offsets[v], offsets[v + 1]):
                w = targets[e]
                if w >= 0:
                    kept[w] = a_round
                    if degree[w] <= 2 and listed[w] != a_round:
                        listed[w] = a_round
                        later[n_later] = w
                        n_later += 1
        waiting, later = later, waiting
        n_waiting = n_later
        a_round += 1
    return n_gone


@inner  # pragma: no cover - compiled
def _augment(end: int, start: int, flow: Flow) -> None:
    """Send one unit along the states found by `_spread_flow`, from the last one back."""
    _, _, carries, before, came_from, _ = flow
    state, prior = 2 * end, start
    carries[end] = 1
    while prior >= 0:
        v, u = state >> 1, prior >> 1
        if u != v:
            if state & 1 == 0:
                before[v] = u
        elif state & 1 == 1:
            carries[v] = 1
        else:
            carries[v] = 0
            before[v] = -1
        state = prior
        prior = came_from[prior]
    carries[state >> 1] = 1
    before[state >> 1] = -1


@inner  # pragma: no cover - compiled
def _begin_flow(members: Members, flow: Flow, work: tuple[Ints, Ints], stamp: int) -> int:
    """Queue the way out of every starting node from which nothing flows yet; return how many there are."""
    _, end, carries, _, came_from, seen = flow
    queue, root = work
    rows, low, high = members
    tail = 0
    for at in range(low, high):
        v = rows[at]
        if end[v] == FIRST and carries[v] == 0:
            seen[2 * v + 1] = stamp
            came_from[2 * v + 1] = -1
            root[2 * v + 1] = v
            queue[tail] = 2 * v + 1
            tail += 1
    return tail


@inner  # pragma: no cover - compiled
def _spread_flow(graph: Graph, members: Members, flow: Flow, work: tuple[Ints, Ints], stamp: int) -> int:
    """
    Search breadth first for ways on which more can flow, node-disjoint, one from each starting node at most.

    State 2v is node v on its way in, 2v + 1 on its way out; one unit fits between them. Returns how many units were
    added. After a search that adds none, `seen` tells the side of every state.
    """
    offsets, neighbours = graph
    piece, end, carries, before, came_from, seen = flow
    queue, root = work
    here = piece[members[0][members[1]]]
    head, tail, added = 0, _begin_flow(members, flow, work, stamp), 0
    while head < tail:
        state = np.int64(queue[head])
        head += 1
        start = root[state]
        if carries[start] == 1:
            continue  # a way from this start was found in this very search
        v = state >> 1
        if state & 1 == 0 or (carries[v] == 1 and end[v] != FIRST):
            into = 2 * np.int64(before[v]) + 1 if state & 1 == 0 else 2 * v
            if seen[into] != stamp:
                seen[into] = stamp
                came_from[into] = state
                root[into] = start
                queue[tail] = into
                tail += 1
        if state & 1 == 0:
            continue
        for e in range(offsets[v], offsets[v + 1]):
            w = np.int64(neighbours[e])
            into = 2 * w
            if piece[w] != here or end[w] == FIRST or seen[into] == stamp:
                continue
            seen[into] = stamp
            came_from[into] = state
            if end[w] == LAST and carries[w] == 0:
                _augment(w, state, flow)
                added += 1
                break
            if carries[w] == 0:
                seen[into + 1] = stamp
                came_from[into + 1] = into
                into += 1
            root[into] = start
            queue[tail] = into
            tail += 1
    return added


@inner  # pragma: no cover - compiled
def _set_ends(members: Members, n_ends: int, flow: Flow) -> None:
    """Make the first and the last members of a piece its ends, and let nothing flow."""
    _, end, carries, before, _, _ = flow
    rows, low, high = members
    for at in range(low, high):
        v = rows[at]
        end[v] = FIRST if at < low + n_ends else LAST if at >= high - n_ends else MIDDLE
        carries[v] = 0
        before[v] = -1


@inner  # pragma: no cover - compiled
def _weigh(
    members: Members, flow: Flow, found: tuple[int, int], least: float, side: NDArray[np.int8]
) -> float:
    """Weigh a separator by its size and the smaller part; note the sides of one that is better than the least."""
    _, end, _, _, _, seen = flow
    rows, low, high = members
    size, stamp = found
    inside = 0
    for at in range(low, high):
        inside += seen[2 * rows[at] + 1] == stamp
    smaller = min(inside, high - low - size - inside)
    cost = size * size / (smaller + 0.5)
    if cost >= least:
        return least
    for at in range(low, high):
        v = rows[at]
        if seen[2 * v + 1] == stamp:
            side[v] = INSIDE
        elif seen[2 * v] == stamp or end[v] == FIRST:
            side[v] = SEPARATOR
        else:
            side[v] = OUTSIDE
    return cost


@inner  # pragma: no cover - compiled
def _split(members: Members, side: NDArray[np.int8], spare: Ints) -> tuple[int, int]:
    """Sort members into inside, outside and separator, each in the order they had; return where the first two end."""
    rows, low, high = members
    ends = (low, low)
    at = low
    for wanted in range(3):
        for i in range(low, high):
            if side[rows[i]] == wanted:
                spare[at] = rows[i]
                at += 1
        if wanted == INSIDE:
            ends = (at, at)
        elif wanted == OUTSIDE:
            ends = (ends[0], at)
    for i in range(low, high):
        rows[i] = spare[i]
    return ends


@outer  # pragma: no cover - compiled
def dissect(
    graph: Graph,
    rows: Ints,
    shares: NDArray[np.float64],
    room: tuple[Flow, tuple[Ints, Ints], NDArray[np.int8], Ints, NDArray[np.int64]],
) -> int:
    """
    Order nodes by nested dissection: small separators, found by flows between the ends of a direction, go last.

    Parameters
    ----------
    graph : tuple of ndarray of int32
        An undirected graph: offsets and neighbours, each pair in both rows.
    rows : ndarray of int32, shape (directions * n_nodes,)
        Nodes as they lie along each direction, one direction after the other; afterwards the first holds the order.
    shares : ndarray of float64
        Shares of a piece's nodes that are an end, each tried in each direction.
    room : tuple
        Piece (-1), end, flow, node before (-1) by node and way, stamp (-1) by state; queue and start by state; side
        and spare by node; twice as many numbers as nodes.

    Returns
    -------
    int
        How many pieces were cut.
    """
    flow, work, side, spare, stack = room
    n = side.shape[0]
    n_directions = rows.shape[0] // max(n, 1)
    stack[0] = 0
    stack[1] = n
    n_stack, stamp, n_pieces = 2, np.int64(0), 0
    while n_stack > 0:
        n_stack -= 2
        low, high = stack[n_stack], stack[n_stack + 1]
        for at in range(low, high):
            flow[0][rows[at]] = n_pieces
        n_pieces += 1
        least = np.inf
        for cut in range(n_directions * shares.shape[0]):
            shift = cut % n_directions * n
            members = (rows, low + shift, high + shift)
            _set_ends(members, max(1, int(shares[cut // n_directions] * (high - low))), flow)
            size, added = np.int64(0), np.int64(1)
            while added > 0:
                stamp += 1
                added = _spread_flow(graph, members, flow, work, stamp)
                size += added
            least = _weigh(members, flow, (size, stamp), least, side)
        middle, end = low, low
        for d in range(n_directions):
            middle, end = _split((rows, low + d * n, high + d * n), side, spare)
        middle, end = middle - (n_directions - 1) * n, end - (n_directions - 1) * n
        for first, last in ((low, middle), (middle, end)):
            if last - first > 1 and last - first < high - low:
                stack[n_stack] = first
                stack[n_stack + 1] = last
                n_stack += 2
    return n_pieces
