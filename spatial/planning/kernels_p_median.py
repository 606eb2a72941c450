"""Compiled loops of the p-median: greedy start, interchange, and what its Lagrangian relaxation sums.

Costs of pairs within reach are kept demand by demand, the cheapest first, and nothing is as large as demands times
sites: each loop ends at the first pair that is too dear to matter. Interchange goes back to Teitz and Bart (1968), all
swaps weighed at once to Resende and Werneck (2007); the relaxation of "each demand has one site" with subgradients to
Narula, Ogbu and Samuelsson (1977) and Beasley (1985).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatial.compiled import inner, outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]


class Costs(NamedTuple):
    """Weighted costs of n demands at m sites, the pairs of a demand in one piece, the cheapest first."""

    start: IntArray  # shape (n + 1,), pairs of demand i are ``start[i]`` to ``start[i + 1] - 1``
    site: IntArray  # shape (pairs,)
    cost: FloatArray  # shape (pairs,), weight times minutes, 0 or more
    # shape (n,), above every cost of the demand: what the search charges where no open site is in reach
    far: FloatArray


class Swaps(NamedTuple):
    """What opening or closing sites changes, for m sites of which p may close."""

    gain: FloatArray  # shape (m,), what opening each saves
    loss: FloatArray  # shape (p,), what closing each costs
    # shape (p, m), how much less that is where both happen, since demands of the one may go to the other
    less: FloatArray


@inner  # pragma: no cover - compiled
def _two_nearest(pairs: Costs, is_open: BoolArray, i: int) -> tuple[int, int]:
    """Find the pairs of the two cheapest open sites of a demand, -1 where there is none; ties go to the first."""
    first = -1
    for pair in range(pairs.start[i], pairs.start[i + 1]):
        if is_open[pairs.site[pair]]:
            if first >= 0:
                return first, pair
            first = pair
    return first, -1


@outer  # pragma: no cover - compiled
def nearest_costs(pairs: Costs, is_open: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Tell what every demand pays for its cheapest and its second cheapest open site."""
    first, second = pairs.far.copy(), pairs.far.copy()
    for i in range(len(first)):
        one, two = _two_nearest(pairs, is_open, i)
        first[i] = pairs.cost[one] if one >= 0 else first[i]
        second[i] = pairs.cost[two] if two >= 0 else second[i]
    return first, second


@outer  # pragma: no cover - compiled
def add_greedily(pairs: Costs, is_open: BoolArray, may_open: BoolArray, count: int) -> BoolArray:
    """Open so many sites, each time the one that lowers the cost most; ties go to the first."""
    chosen = is_open.copy()
    nearest = nearest_costs(pairs, chosen)[0]
    gain = np.empty(len(chosen))
    for _ in range(count):
        gain[:] = 0.0
        for i in range(len(nearest)):
            for pair in range(pairs.start[i], pairs.start[i + 1]):
                if pairs.cost[pair] >= nearest[i]:
                    break
                gain[pairs.site[pair]] += nearest[i] - pairs.cost[pair]
        best, most = -1, -1.0
        for j in range(len(chosen)):
            if may_open[j] and not chosen[j] and gain[j] > most:
                best, most = j, gain[j]
        if best < 0:
            break
        chosen[best] = True
        nearest = nearest_costs(pairs, chosen)[0]
    return chosen


@inner  # pragma: no cover - compiled
def _count_demand(pairs: Costs, swaps: Swaps, place: IntArray, two: IntArray, i: int, sign: float) -> None:
    """Add what a demand has to do with each swap, or take it off again."""
    first = pairs.cost[two[0]] if two[0] >= 0 else pairs.far[i]
    second = pairs.cost[two[1]] if two[1] >= 0 else pairs.far[i]
    at = place[pairs.site[two[0]]] if two[0] >= 0 else -1
    if at >= 0:
        swaps.loss[at] += sign * (second - first)
    for pair in range(pairs.start[i], pairs.start[i + 1]):
        j, cost = pairs.site[pair], pairs.cost[pair]
        if cost >= second:
            break
        swaps.gain[j] += sign * max(first - cost, 0.0)
        if at >= 0:
            swaps.less[at, j] += sign * (second - max(cost, first))


@inner  # pragma: no cover - compiled
def _is_met(pairs: Costs, two: IntArray, i: int, opened: int, closed: int) -> bool:
    """Tell whether the two cheapest open sites of a demand change where one site opens and one closes."""
    for k in range(2):
        if two[k] < 0 or pairs.site[two[k]] == closed:
            return True
    is_met = False
    for pair in range(pairs.start[i], two[1]):
        is_met |= pairs.site[pair] == opened
    return is_met


@outer  # pragma: no cover - compiled
def interchange(pairs: Costs, is_open: BoolArray, may_open: BoolArray) -> BoolArray:
    """Swap the open and closed site that save most, while a swap saves a trillionth of the cost (no rounding)."""
    n, m, chosen = len(pairs.far), len(is_open), is_open.copy()
    leaving = np.flatnonzero(chosen & may_open)
    place = np.full(m, -1)  # of what may close
    for at in range(len(leaving)):
        place[leaving[at]] = at
    swaps = Swaps(np.zeros(m), np.zeros(len(leaving)), np.zeros((len(leaving), m)))
    two = np.empty((n, 2), np.int64)
    total = 0.0
    for i in range(n):
        two[i] = _two_nearest(pairs, chosen, i)
        total += pairs.cost[two[i, 0]] if two[i, 0] >= 0 else pairs.far[i]
        _count_demand(pairs, swaps, place, two[i], i, 1.0)
    while True:
        # A number that is written down is a type of its own to numba, which would compile what takes it twice.
        least, opened, at = -1e-12 * max(total, 1.0), int(np.int64(-1)), -1
        for k in range(len(leaving)):
            for j in range(m):
                change = swaps.loss[k] - swaps.less[k, j] - swaps.gain[j]
                if change < least and may_open[j] and not chosen[j]:
                    least, opened, at = change, j, k
        if opened < 0:
            return chosen
        closed, before, total = leaving[at], total, 0.0
        chosen[closed], chosen[opened] = False, True
        leaving[at], place[opened] = opened, at
        # Only demands whose two cheapest sites change are weighed anew.
        for i in range(n):
            if _is_met(pairs, two[i], i, opened, closed):
                _count_demand(pairs, swaps, place, two[i], i, -1.0)
                two[i] = _two_nearest(pairs, chosen, i)
                _count_demand(pairs, swaps, place, two[i], i, 1.0)
            total += pairs.cost[two[i, 0]] if two[i, 0] >= 0 else pairs.far[i]
        place[closed] = -1
        if total >= before:  # sums that were added to and taken from have lost their last digits
            chosen[closed], chosen[opened] = True, False
            return chosen


@outer  # pragma: no cover - compiled
def savings(pairs: Costs, price: FloatArray, saving: FloatArray) -> None:
    """Sum, for every site, what its pairs cost below the price of their demands: 0 or less."""
    saving[:] = 0.0
    for i in range(len(price)):
        for pair in range(pairs.start[i], pairs.start[i + 1]):
            if pairs.cost[pair] >= price[i]:
                break
            saving[pairs.site[pair]] += pairs.cost[pair] - price[i]


@outer  # pragma: no cover - compiled
def served(pairs: Costs, price: FloatArray, chosen: BoolArray) -> FloatArray:
    """Count the chosen sites that each demand would use at its price."""
    count = np.zeros(len(price))
    for i in range(len(price)):
        for pair in range(pairs.start[i], pairs.start[i + 1]):
            if pairs.cost[pair] >= price[i]:
                break
            count[i] += chosen[pairs.site[pair]]
    return count
