"""Compiled last step of a search for labels of all nodes: from the core along the chains."""

# mypy: disable-error-code="arg-type, assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.network.kernels_core import step_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.kernels_core import Lane

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Chains = tuple[Ints, Ints, Ints, Ints, Ints, Ints]
    Seeds = tuple[Ints, Ints, Floats, Ints, Floats]

__all__ = ["fill_chains"]


@inner  # pragma: no cover - compiled
def _offer(out: tuple[Floats, Ints], node: int, time: float, label: int) -> None:
    times, labels = out
    if time < times[node] or (time == times[node] and time < np.inf and label < labels[node]):
        times[node], labels[node] = time, label


@inner  # pragma: no cover - compiled
def _sweep(
    c: int, chains: Chains, lanes: tuple[Lane, Lane], seeds: Seeds, at: int, out: tuple[Floats, Ints]
) -> int:
    """Fill a chain on which there are seeds: each to both ends of its step, then on over all steps, forth and back."""
    core_node, _, last, offsets, step_arc, step_node = chains
    over_first, over_last = lanes
    times, labels = out
    begin, end = offsets[c], offsets[c + 1]
    final = core_node[last[c]]
    while at < seeds[0].shape[0] and seeds[0][at] == c:
        s, share, label, time = seeds[1][at], seeds[2][at], seeds[3][at], seeds[4][at]
        after = step_node[s + 1] if s + 1 < end else final
        towards, back = step_cost(over_last, step_arc[s]), step_cost(over_first, step_arc[s])
        # A place at a node needs nothing of its step, which may be closed.
        _offer(out, step_node[s], (share * towards if share > 0.0 else 0.0) + time, label)
        _offer(out, after, ((1.0 - share) * back if share < 1.0 else 0.0) + time, label)
        at += 1
    for s in range(begin, end):
        node, after = step_node[s], step_node[s + 1] if s + 1 < end else final
        _offer(out, after, times[node] + step_cost(over_first, step_arc[s]), labels[node])
    for s in range(end - 1, begin - 1, -1):
        node, after = step_node[s], step_node[s + 1] if s + 1 < end else final
        _offer(out, node, times[after] + step_cost(over_last, step_arc[s]), labels[after])
    return at


@outer  # pragma: no cover - compiled
def fill_chains(
    chains: Chains,
    lanes: tuple[Lane, Lane],
    found: tuple[Floats, Ints],
    seeds: Seeds,
    out: tuple[Floats, Ints],
) -> None:
    """
    Carry labels from the core to every node.

    Parameters
    ----------
    chains : tuple of ndarray of int32
        Core nodes, first and last end, offsets of the chains, arc and beginning of each step.
    lanes : tuple
        Travel between a node and its label over the first end of its chain, and over the last one.
    found : tuple of ndarray
        Minutes and labels of `spread_labels` at the core nodes that are searched.
    seeds : tuple of ndarray
        Chain (ascending), step, share of the step before it, label and minutes at the place itself.
    out : tuple of ndarray
        Minutes (inf) and label (-1) of every node of the graph; written to.
    """
    core_node, first, last, offsets, _, step_node = chains
    (back, back_all, back_first, _, _, _), (on, on_all, _, on_last, _, _) = lanes
    times, labels = out
    n_search = found[0].shape[0]
    for v in range(n_search):
        times[core_node[v]], labels[core_node[v]] = found[0][v], found[1][v]
    at = np.int64(0)
    for c in range(first.shape[0]):
        begin, end = offsets[c], offsets[c + 1]
        if at < seeds[0].shape[0] and seeds[0][at] == c:
            at = _sweep(c, chains, lanes, seeds, at, out)
            continue
        if first[c] >= n_search:
            continue
        time_a, label_a = found[0][first[c]], found[1][first[c]]
        time_b, label_b = np.inf, np.int32(-1)
        if last[c] < n_search:
            time_b, label_b = found[0][last[c]], found[1][last[c]]
        elif back_first[c] == end:
            _offer(out, core_node[last[c]], time_a + back_all[c], label_a)
        whole_on, closed_on, closed_back = on_all[c], on_last[c], back_first[c]
        for s in range(begin + 1, end):
            over_a = time_a + back[s] if s <= closed_back else np.inf
            over_b = time_b + (whole_on - on[s]) if s > closed_on else np.inf
            node = step_node[s]
            if over_a < over_b or (over_a == over_b and label_a <= label_b):
                times[node], labels[node] = over_a, label_a if over_a < np.inf else -1
            else:
                times[node], labels[node] = over_b, label_b if over_b < np.inf else -1
