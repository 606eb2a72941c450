"""Compiled loops of the p-median: greedy start, interchange, and what its Lagrangian relaxation sums.

Costs of pairs within reach are kept in columns of sites; nothing is as large as demands times sites. Interchange goes
back to Teitz and Bart (1968), its savings to Whitaker (1983); the relaxation of "each demand has one site" with
subgradients to Narula, Ogbu and Samuelsson (1977) and Beasley (1985).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]


class Columns(NamedTuple):
    """Weighted costs of n demands at m sites, the pairs of a site in one piece."""

    start: IntArray  # shape (m + 1,), pairs of site j are ``start[j]`` to ``start[j + 1] - 1``
    demand: IntArray  # shape (pairs,)
    cost: FloatArray  # shape (pairs,), weight times minutes, 0 or more
    # shape (n,), above every cost of the demand: what the search charges where no open site is in reach
    far: FloatArray


@outer  # pragma: no cover - compiled
def plan_cost(pairs: Columns, is_open: BoolArray) -> float:
    """Sum the cost of the nearest open site of every demand."""
    nearest = pairs.far.copy()
    for j in range(len(is_open)):
        if is_open[j]:
            for pair in range(pairs.start[j], pairs.start[j + 1]):
                i = pairs.demand[pair]
                nearest[i] = min(nearest[i], pairs.cost[pair])
    return float(nearest.sum())


@outer  # pragma: no cover - compiled
def add_greedily(pairs: Columns, is_open: BoolArray, may_open: BoolArray, count: int) -> BoolArray:
    """Open so many sites, each time the one that lowers the cost most; ties go to the first."""
    m = len(is_open)
    chosen = is_open.copy()
    nearest = pairs.far.copy()
    added = 0
    for j in range(m):
        if chosen[j]:
            for pair in range(pairs.start[j], pairs.start[j + 1]):
                i = pairs.demand[pair]
                nearest[i] = min(nearest[i], pairs.cost[pair])
    while added < count:
        best, most = -1, -1.0
        for j in range(m):
            if may_open[j] and not chosen[j]:
                gain = 0.0
                for pair in range(pairs.start[j], pairs.start[j + 1]):
                    gain += max(nearest[pairs.demand[pair]] - pairs.cost[pair], 0.0)
                if gain > most:
                    best, most = j, gain
        if best < 0:
            break
        chosen[best] = True
        added += 1
        for pair in range(pairs.start[best], pairs.start[best + 1]):
            i = pairs.demand[pair]
            nearest[i] = min(nearest[i], pairs.cost[pair])
    return chosen


@outer  # pragma: no cover - compiled
def interchange(pairs: Columns, is_open: BoolArray, may_open: BoolArray) -> BoolArray:
    """
    Swap an opened site for a closed one as long as that lowers the cost, site after site in turn.

    A swap must save a trillionth of the cost, so that sums of floats in another order are no saving.
    """
    n, m = len(pairs.far), len(is_open)
    chosen = is_open.copy()
    first, second = pairs.far.copy(), pairs.far.copy()
    owner = np.full(n, -1)
    loss, both = np.zeros(m), np.zeros(m)
    unimproved, candidate = 0, -1
    stale = True
    total = 0.0
    while unimproved < m:
        if stale:
            # The two cheapest open sites of every demand, and what closing each site alone would cost.
            first[:], second[:], owner[:] = pairs.far, pairs.far, -1
            for j in range(m):
                if chosen[j]:
                    for pair in range(pairs.start[j], pairs.start[j + 1]):
                        i, cost = pairs.demand[pair], pairs.cost[pair]
                        if cost < first[i]:
                            second[i] = first[i]
                            first[i], owner[i] = cost, j
                        elif cost < second[i]:
                            second[i] = cost
            loss[:] = 0.0
            for i in range(n):
                if owner[i] >= 0:
                    loss[owner[i]] += second[i] - first[i]
            total = first.sum()
            stale = False
        candidate = (candidate + 1) % m
        unimproved += 1
        if chosen[candidate] or not may_open[candidate]:
            continue
        # Opening it saves `gain`; whoever closes meanwhile loses less, since its demands may come here.
        gain = 0.0
        both[:] = 0.0
        for pair in range(pairs.start[candidate], pairs.start[candidate + 1]):
            i, cost = pairs.demand[pair], pairs.cost[pair]
            if cost < second[i]:
                if cost < first[i]:
                    gain += first[i] - cost
                if owner[i] >= 0:
                    both[owner[i]] += second[i] - max(cost, first[i])
        best, least = -1, np.inf
        for j in range(m):
            if chosen[j] and may_open[j]:
                change = loss[j] - both[j] - gain
                if change < least:
                    best, least = j, change
        if best >= 0 and least < -1e-12 * max(total, 1.0):
            chosen[best], chosen[candidate] = False, True
            stale, unimproved = True, 0
    return chosen


@outer  # pragma: no cover - compiled
def savings(pairs: Columns, price: FloatArray, saving: FloatArray) -> None:
    """Sum, for every site, what its pairs cost below the price of their demands: 0 or less."""
    for j in range(len(saving)):
        total = 0.0
        for pair in range(pairs.start[j], pairs.start[j + 1]):
            total += min(pairs.cost[pair] - price[pairs.demand[pair]], 0.0)
        saving[j] = total


@outer  # pragma: no cover - compiled
def served(pairs: Columns, price: FloatArray, chosen: BoolArray) -> FloatArray:
    """Count the chosen sites that each demand would use at its price."""
    count = np.zeros(len(price))
    for j in range(len(chosen)):
        if chosen[j]:
            for pair in range(pairs.start[j], pairs.start[j + 1]):
                if pairs.cost[pair] < price[pairs.demand[pair]]:
                    count[pairs.demand[pair]] += 1.0
    return count
