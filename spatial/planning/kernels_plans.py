"""Compiled loops of plans: p-medians by interchange and bounds, and what is reached once links are built."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.compiled import inner, outer


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


class Ways(NamedTuple):
    """Minutes between n places, the K stops of all links and the nearest goal, with the links built so far."""

    between: FloatArray  # shape (K, K), from row to column; inf without a way
    to_goal: FloatArray  # shape (K,)
    to_stop: FloatArray  # shape (K, n), from the place of the column
    now: FloatArray  # shape (n,), from places to the nearest goal


class Links(NamedTuple):
    """
    What is there once a link is built, link by link: rows ``first[e]`` to ``first[e + 1] - 1`` of each list.

    Between two stops a place may walk onto a link, or off it to a goal: it is then so many minutes from either.
    """

    stop_first: IntArray
    stop: IntArray  # its stops, each once
    piece_first: IntArray
    start: IntArray  # stops between which a piece runs
    end: IntArray
    forward_min: FloatArray  # inf where closed
    backward_min: FloatArray
    onto_first: IntArray
    onto_place: IntArray  # from this place
    onto_stop: IntArray  # over the link to this stop
    onto_min: FloatArray
    off_first: IntArray
    off_stop: IntArray  # from this stop over the link to a goal
    off_min: FloatArray
    along_first: IntArray
    along_place: IntArray  # from this place to a goal beside the same piece
    along_min: FloatArray


class Gains(NamedTuple):
    """What choices bring, a row each."""

    gained: FloatArray  # people newly within the limit
    connected: FloatArray  # people who had no way before
    saved: FloatArray  # person-minutes of those who had one


@outer  # pragma: no cover - compiled
def weigh_choices(  # noqa: PLR0913, PLR0917 - a kernel
    ways: Ways, links: Links, one: IntArray, other: IntArray, people: FloatArray, limit: float, same: float
) -> Gains:
    """
    Weigh choices of a link `one`, or of two with `other` (-1 for none).

    Ways change at the stops of the links alone: from each of these the nearest goal is found again, over the links and
    the ways between stops (Dijkstra 1959, without a queue), then from each place over any of them.
    """
    m, n = len(one), len(people)
    gains = Gains(np.zeros(m), np.zeros(m), np.zeros(m))
    at = np.full(len(ways.to_goal), -1, np.int64)  # position of a stop among those of the choice
    for row in range(m):
        chosen = (one[row], other[row]) if other[row] >= 0 else (one[row], one[row])
        count = 0
        stops = np.empty(
            links.stop_first[chosen[0] + 1] - links.stop_first[chosen[0]]
            + links.stop_first[chosen[1] + 1] - links.stop_first[chosen[1]],
            np.int64,
        )  # fmt: skip
        for e in chosen:
            for i in range(links.stop_first[e], links.stop_first[e + 1]):
                if at[links.stop[i]] < 0:
                    at[links.stop[i]] = count
                    stops[count] = links.stop[i]
                    count += 1
        step = np.empty((count, count))
        goal = np.empty(count)
        for i in range(count):
            goal[i] = ways.to_goal[stops[i]]
            for j in range(count):
                step[i, j] = ways.between[stops[i], stops[j]]
        for e in chosen:
            for i in range(links.piece_first[e], links.piece_first[e + 1]):
                a, b = at[links.start[i]], at[links.end[i]]
                step[a, b] = min(step[a, b], links.forward_min[i])
                step[b, a] = min(step[b, a], links.backward_min[i])
            for i in range(links.off_first[e], links.off_first[e + 1]):
                goal[at[links.off_stop[i]]] = min(goal[at[links.off_stop[i]]], links.off_min[i])
        is_final = np.zeros(count, np.bool_)
        for _ in range(count):
            nearest = -1
            for i in range(count):
                if not is_final[i] and (nearest < 0 or goal[i] < goal[nearest]):
                    nearest = i
            is_final[nearest] = True
            for i in range(count):
                goal[i] = min(goal[i], step[i, nearest] + goal[nearest])
        after = ways.now.copy()
        for i in range(count):
            minutes = ways.to_stop[stops[i]]
            rest = goal[i]
            for place in range(n):
                after[place] = min(after[place], minutes[place] + rest)
        for e in chosen:
            for i in range(links.onto_first[e], links.onto_first[e + 1]):
                place = links.onto_place[i]
                after[place] = min(after[place], links.onto_min[i] + goal[at[links.onto_stop[i]]])
            for i in range(links.along_first[e], links.along_first[e + 1]):
                place = links.along_place[i]
                after[place] = min(after[place], links.along_min[i])
        for place in range(n):
            before = ways.now[place]
            # Sums in another order are no time saved.
            if after[place] < before * (1.0 - same):
                if after[place] <= limit < before:
                    gains.gained[row] += people[place]
                if before == np.inf:
                    gains.connected[row] += people[place]
                else:
                    gains.saved[row] += people[place] * (before - after[place])
        for i in range(count):
            at[stops[i]] = -1
    return gains
