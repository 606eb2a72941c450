"""Compiled passes over pairs: one look finds what is wrong, and sums by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float64]


# A compiled pass over pairs as they are read: one look finds what is wrong.

# mypy: disable-error-code="assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


BAD = 1
"""An id is in no table, or minutes are negative or NaN."""
NOT_ALL_COUNT = 2
"""A pair has no way, or its facility does not count."""
APART = 4
"""Pairs do not stand in the order of their places."""
TWICE = 8
"""A pair that counts occurs twice; where pairs stand apart, it may go unseen."""


@outer  # pragma: no cover - compiled
def examine_pairs(origin: Ints, destination: Ints, minutes: Floats, position: Ints, start: Longs, latest: Ints) -> int:
    """
    Look at every pair once: tell what must be done before they can be used, and where those of each place start.

    ``position`` is that of each facility among those that count (-1: it does not), ``latest`` the last origin that was
    seen with it (-1 at first); ``start`` is right unless pairs stand apart. Returns `BAD` as soon as a pair is bad;
    else `NOT_ALL_COUNT`, `APART` and `TWICE` added up.
    """
    all_count, in_order, once, at = True, True, True, np.int64(-1)
    for pair in range(origin.shape[0]):
        place, goal, time = np.int64(origin[pair]), destination[pair], minutes[pair]
        if not (place >= 0 and goal >= 0 and time >= 0.0):
            return BAD
        if place != at:
            in_order = in_order and place > at
            for between in range(at + 1, place + 1):
                start[between] = pair
            at = place
        goal = position[np.uintp(goal)]
        if goal < 0 or time == np.inf:
            all_count = False
            continue
        if latest[np.uintp(goal)] == place:
            once = False
        latest[np.uintp(goal)] = np.int32(place)
    for between in range(at + 1, start.shape[0]):
        start[between] = origin.shape[0]
    return (0 if all_count else NOT_ALL_COUNT) + (0 if in_order else APART) + (0 if once else TWICE)


# A compiled pass over pairs whose weights are those of a few zones.

TOGETHER = 512
"""Pairs that are added up together."""


@outer  # pragma: no cover - compiled
def sum_at_places(start: Longs, cell: Ints, worth: Floats, sums: Floats) -> None:
    """Sum at the places of pairs what these are worth, by the facility and zone of each (`cell`)."""
    for place in range(start.shape[0] - 1):
        pair, end = start[place], start[place + 1]
        # Four sums, so that no addition waits for the one before it; the same on every processor.
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        while pair < end:
            stop = min(end, pair - pair % TOGETHER + TOGETHER)
            while pair + 4 <= stop:
                a += worth[cell[pair]]
                b += worth[cell[pair + 1]]
                c += worth[cell[pair + 2]]
                d += worth[cell[pair + 3]]
                pair += 4
            while pair < stop:
                a += worth[cell[pair]]
                pair += 1
        sums[place] = (a + b) + (c + d)
