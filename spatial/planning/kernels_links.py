"""Compiled loop of links: what each choice of one or two of them brings, beside the ways that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


class Ways(NamedTuple):
    """Minutes between n places, the K stops of all links and the nearest goal, with the links built so far."""

    between: FloatArray  # shape (K, K), from row to column; inf without a way
    to_goal: FloatArray  # shape (K,)
    to_stop: FloatArray  # shape (K, n), from the place of the column
    now: FloatArray  # shape (n,), from places to the nearest goal


class Links(NamedTuple):
    """
    What is there once a link is built, link by link: rows ``first[e]`` to ``first[e + 1] - 1`` of each list.

    A place may walk onto a link, or off it to a goal, between two stops: with the rest of the piece it is then so many
    minutes from either.
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
