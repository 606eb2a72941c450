"""Compiled passes over a travel graph that contract its chains: walk them, weigh them, find places on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatial.arrays import FloatArray as Floats
from spatial.compiled import (
    empty_float64,
    empty_int32,
    empty_int32_pairs,
    empty_uint8,
    inner,
    outer,
    zeros_int32,
    zeros_int64,
    zeros_uint8,
)

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]


# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


class Chains(NamedTuple):
    """
    Chains of edges that offer no choice of way; every edge is one step of one chain.

    Parameters
    ----------
    first : ndarray of int32, shape (n_chains,)
        Nodes at the first end.
    last : ndarray of int32
        Nodes at the last end.
    offsets : ndarray of int32, shape (n_chains + 1,)
        Steps of chain c are the rows ``offsets[c]`` to ``offsets[c + 1] - 1``.
    guide : ndarray of int32
        Chain of every `EVERY`-th step.
    step_arc : ndarray of int32, shape (n_edges,)
        Arc of each step: 2 x edge, + 1 where the edge is walked against its drawn direction.
    step_node : ndarray of int32, shape (n_edges,)
        Node of the graph at which the step begins.
    edge_step : ndarray of int32, shape (n_edges,)
        Step of each edge.
    """

    first: Ints
    last: Ints
    offsets: Ints
    guide: Ints
    step_arc: Ints
    step_node: Ints
    edge_step: Ints


class Lane(NamedTuple):
    """
    What travel along the chains costs in one direction: minutes, or metres.

    Parameters
    ----------
    before : ndarray of float64, shape (n_edges,)
        Sum of the open steps before each step, always counted from the first end.
    whole : ndarray of float64, shape (n_chains,)
        Sum of all open steps.
    row : ndarray of int32, shape (n_chains,)
        Row in `closed`; -1 where no step is closed.
    closed : ndarray of int32, shape (n, 2)
        First and last closed step.
    along : ndarray of float64, shape (n_edges,)
        Cost of each edge in its drawn direction; inf where closed.
    against : ndarray of float64
        Cost against that direction; inf where closed.
    """

    before: Floats
    whole: Floats
    row: Ints
    closed: Ints
    along: Floats
    against: Floats


class Lanes(NamedTuple):
    """
    Both directions of travel along the chains.

    Parameters
    ----------
    there : Lane
        Onwards.
    back : Lane
        The other way round.
    """

    there: Lane
    back: Lane


class Points(NamedTuple):
    """Points on edges, on the chains."""

    chain: Ints  # shape (n,), -1 for none
    step: Ints  # shape (n,), -1 for none
    share: Floats  # shape (n,), share of the step before the point, in the order walked
    leg_min: Floats  # shape (n, 2), minutes over the first and the last end of the chain; inf where closed
    leg_m: Floats  # shape (n, 2), metres over them


EVERY = 16
"""The chain of every so many steps is noted down; changes the speed only."""
TOGETHER = 4096
"""Chains that are sorted at a time; changes the speed only."""
LENGTHS = 32
"""Chains of so many steps and more are told apart by their kind alone; changes the speed only."""
_ONE_END, _JUNCTION = 1 << 32, 3 << 32
"""A node's ends of edges are counted in the upper half of a number."""


@inner  # pragma: no cover - compiled
def _group(chains: Chains, begin: int, end: int, meeting: NDArray[np.int64]) -> None:
    """Put chains of the same kind and length one after the other, so that a processor foresees what comes next."""
    first, last, offsets = chains.first, chains.last, chains.offsets
    step_arc, step_node, edge_step = chains.step_arc, chains.step_node, chains.edge_step
    # Order them by kind and length, equal ones as they are; dead ends come last.
    n = end - begin
    kinds, places = empty_int32(n), zeros_int32(2 * LENGTHS + 1)
    for c in range(n):
        kinds[c] = min(int(offsets[begin + c + 1] - offsets[begin + c]), LENGTHS) - 1
        if meeting[np.uintp(last[begin + c])] < _JUNCTION:
            kinds[c] += LENGTHS
        places[kinds[c] + 1] += 1
    for kind in range(2 * LENGTHS):
        places[kind + 1] += places[kind]
    order = empty_int32(n)
    for c in range(n):
        order[places[kinds[c]]] = c
        places[kinds[c]] += 1
    # Write them in that order, from copies.
    base = np.int64(offsets[begin])
    arcs, nodes = step_arc[base : offsets[end]].copy(), step_node[base : offsets[end]].copy()
    firsts, lasts, starts = first[begin:end].copy(), last[begin:end].copy(), offsets[begin : end + 1] - base
    s = np.uintp(base)
    for c in range(n):
        old = np.uintp(order[c])
        first[begin + c], last[begin + c] = firsts[old], lasts[old]
        for walked in range(np.uintp(starts[old]), np.uintp(starts[old + np.uintp(1)])):
            step_arc[s], step_node[s], edge_step[np.uintp(arcs[walked] >> 1)] = arcs[walked], nodes[walked], s
            s += np.uintp(1)
        offsets[begin + c + 1] = s


@outer  # pragma: no cover - compiled
def contract(n_nodes: int, edge_from: NDArray[np.int64], edge_to: NDArray[np.int64]) -> tuple[Chains, Bytes]:
    """
    Walk every chain of nodes at which just two edges meet; return them, and how many ends of edges meet at each node.

    A ring without any junction begins and ends at the drawn beginning of its lowest edge, which counts as one. Of
    `TOGETHER` chains walked one after the other, those of a kind and length come together, dead ends last.
    """
    n_edges = edge_from.shape[0]
    # Of each node how many ends of edges meet there, times 2 ** 32, and the exclusive or of their half edges.
    meeting = zeros_int64(n_nodes)
    for e in range(n_edges):
        a, b = np.uintp(edge_from[e]), np.uintp(edge_to[e])
        meeting[a] = (meeting[a] + _ONE_END) ^ (2 * e)
        meeting[b] = (meeting[b] + _ONE_END) ^ (2 * e + 1)
    first, last, offsets = empty_int32(n_edges), empty_int32(n_edges), zeros_int32(n_edges + 1)
    guide = empty_int32((n_edges + EVERY - 1) // EVERY)
    step_arc, step_node = empty_int32(n_edges), empty_int32(n_edges)
    edge_step, is_walked = empty_int32(n_edges), zeros_uint8(n_edges)
    chains = Chains(first, last, offsets, guide, step_arc, step_node, edge_step)
    n_steps, n_chains = np.int64(0), np.int64(0)
    # From junctions first, so that a dead end is always the last end; then what hangs on no junction.
    for turn in range(3):
        for e in range(n_edges if n_steps < n_edges else 0):
            if is_walked[e] == 1:
                continue
            half = 2 * e
            if turn == 0 and meeting[edge_from[e]] < _JUNCTION:
                half += 1
                if meeting[edge_to[e]] < _JUNCTION:
                    continue
            if turn == 1 and meeting[edge_from[e]] >> 32 != 1:
                half += 1
                if meeting[edge_to[e]] >> 32 != 1:
                    continue
            begin = edge_from[e] if half & 1 == 0 else edge_to[e]
            if turn == 2:
                meeting[begin] = _JUNCTION
            # Follow the chain until it meets a node of the core.
            node = begin
            while True:
                edge, here = np.uintp(half >> 1), np.uintp(n_steps)
                step_arc[here], step_node[here], is_walked[edge] = half, node, 1
                n_steps += 1
                # Half edge 2 * edge + end lies at that end; the arc that leaves there bears the same number.
                node = edge_to[edge] if half & 1 == 0 else edge_from[edge]
                met = meeting[np.uintp(node)]
                if met >> 32 != 2 or node == begin:
                    break
                half = (met & (_ONE_END - 1)) ^ (half ^ 1)
            first[n_chains], last[n_chains] = begin, node
            n_chains += 1
            offsets[n_chains] = n_steps
            if n_chains % TOGETHER == 0:
                _group(chains, n_chains - TOGETHER, n_chains, meeting)
    _group(chains, n_chains - n_chains % TOGETHER, n_chains, meeting)
    noted = 0
    for c in range(n_chains):
        while noted * EVERY < offsets[c + 1]:
            guide[noted] = c
            noted += 1
    degree = empty_uint8(n_nodes)
    for node in range(n_nodes):
        degree[node] = min(meeting[node] >> 32, 3)
    used = Chains(first[:n_chains], last[:n_chains], offsets[: n_chains + 1], guide, step_arc, step_node, edge_step)
    return used, degree


@outer  # pragma: no cover - compiled
def weigh(
    step_arc: NDArray[np.int32], offsets: NDArray[np.int32], along: NDArray[np.float64], against: NDArray[np.float64]
) -> Lanes:
    """Sum the cost of steps of every chain in and against its direction; inf where an edge is closed."""
    n_steps, n_chains = step_arc.shape[0], offsets.shape[0] - 1
    on, back = empty_float64(n_steps), empty_float64(n_steps)
    on_all, back_all = empty_float64(n_chains), empty_float64(n_chains)
    on_row, back_row = empty_int32(n_chains), empty_int32(n_chains)
    on_closed, back_closed = empty_int32_pairs(n_chains), empty_int32_pairs(n_chains)
    n_on, n_back = 0, 0
    for c in range(n_chains):
        begin, end = np.int64(offsets[c]), np.int64(offsets[c + 1])
        done_on, done_back = 0.0, 0.0
        first_on, last_on, first_back, last_back = end, begin - 1, end, begin - 1
        for s in range(begin, end):
            on[s], back[s] = done_on, done_back
            arc = step_arc[s]
            onwards, backwards = along[arc >> 1], against[arc >> 1]
            if arc & 1 == 1:
                onwards, backwards = backwards, onwards
            if onwards < np.inf:
                done_on += onwards
            else:
                first_on, last_on = min(first_on, s), s
            if backwards < np.inf:
                done_back += backwards
            else:
                first_back, last_back = min(first_back, s), s
        on_all[c], back_all[c], on_row[c], back_row[c] = done_on, done_back, -1, -1
        if first_on < end:
            on_row[c], on_closed[n_on, 0], on_closed[n_on, 1] = n_on, first_on, last_on
            n_on += 1
        if first_back < end:
            back_row[c], back_closed[n_back, 0], back_closed[n_back, 1] = n_back, first_back, last_back
            n_back += 1
    there = Lane(on, on_all, on_row, on_closed[:n_on].copy(), along, against)
    return Lanes(there, Lane(back, back_all, back_row, back_closed[:n_back].copy(), against, along))


@inner  # pragma: no cover - compiled
def closed_steps(row: int, closed: Ints, begin: int, end: int) -> tuple[int, int]:
    """Look up the first and last closed step of a chain; for none its end and one before its beginning."""
    if row < 0:
        return end, begin - 1
    return int(closed[row, 0]), int(closed[row, 1])


@outer  # pragma: no cover - compiled
def halves_of_cores(
    n_search: int, first: NDArray[np.int32], last: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """List by junction the chains to others: offsets, the other junction, and 2 x chain (+ 1 if walked backwards)."""
    offsets = zeros_int32(n_search + 1)
    n_chains = first.shape[0]
    for filling in range(2):
        if filling == 1:
            for v in range(n_search):
                offsets[v + 1] += offsets[v]
            n_arcs = np.int64(offsets[n_search])
            targets, halves = empty_int32(n_arcs), empty_int32(n_arcs)
            cursor = offsets[:n_search].copy()
        for c in range(n_chains):
            a, b = first[c], last[c]
            if a == b or a >= n_search or b >= n_search:
                continue
            if filling == 0:
                offsets[a + 1] += 1
                offsets[b + 1] += 1
            else:
                targets[cursor[a]], halves[cursor[a]] = b, 2 * c
                targets[cursor[b]], halves[cursor[b]] = a, 2 * c + 1
                cursor[a] += 1
                cursor[b] += 1
    return offsets, targets, halves


@inner  # pragma: no cover - compiled
def step_cost(lane: Lane, arc: int) -> float:
    """Find what the step over an arc, as walked, costs in the direction of a lane; inf where it is closed."""
    return float(lane.along[arc >> 1] if arc & 1 == 0 else lane.against[arc >> 1])


@inner  # pragma: no cover - compiled
def leg_to_end(whole: float, share: float, cost: float, open_steps: int) -> float:
    """
    Find the minutes between a point on a step and an end of its chain; inf where closed.

    `whole` are those of the steps between; `open_steps` counts the steps up to the first closed one, 0 where it is this
    one. A point at a node needs nothing of its step towards that node, so the step may be closed.
    """
    if open_steps > 0:
        return whole + share * cost
    return whole if open_steps == 0 and share == 0.0 else np.inf


@outer  # pragma: no cover - compiled
def legs_on_chains(
    edges: NDArray[np.int64], fractions: NDArray[np.float64], chains: Chains, lanes: Lanes, metres: Lane, out: Points
) -> None:
    """Find points on edges (-1: none) on the chains, and the legs to both ends; `out` has chain and step -1 before."""
    # Arrays are taken out of their tuples before the loop: inside, that takes longer than everything else.
    _, _, offsets, guide, step_arc, _, edge_step = chains
    before, _, there_row, there, along, against = lanes.there
    after, after_all, back_row, back, _, _ = lanes.back
    before_m, all_m, _, _, length_m, _ = metres
    chain_of, step_of, shares, leg_min, leg_m = out
    for i in range(edges.shape[0]):
        if edges[i] < 0:
            continue
        s = np.int64(edge_step[edges[i]])
        c, arc = np.int64(guide[s // EVERY]), step_arc[s]
        while offsets[c + 1] <= s:
            c += 1
        edge, share, is_end = arc >> 1, fractions[i], s + 1 == offsets[c + 1]
        begin, end = np.int64(offsets[c]), np.int64(offsets[c + 1])
        first_closed = closed_steps(there_row[c], there, begin, end)[0]
        last_closed = closed_steps(back_row[c], back, begin, end)[1]
        # Over the last end the edge is walked the other way round.
        to_first, to_last = along[edge], against[edge]
        if arc & 1 == 1:
            share, to_first, to_last = 1.0 - share, to_last, to_first
        chain_of[i], step_of[i], shares[i] = c, s, share
        leg_min[i, 0] = leg_to_end(before[s], share, to_first, first_closed - s)
        rest = 0.0 if is_end else after_all[c] - after[s + 1]
        leg_min[i, 1] = leg_to_end(rest, 1.0 - share, to_last, s - last_closed)
        leg_m[i, 0] = before_m[s] + share * length_m[edge]
        rest = 0.0 if is_end else all_m[c] - before_m[s + 1]
        leg_m[i, 1] = rest + (1.0 - share) * length_m[edge]
