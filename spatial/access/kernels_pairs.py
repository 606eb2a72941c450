"""Compiled passes over pairs: numbers become positions, and sums by zone, by facility and by place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial.arrays import FloatArray as Floats
from spatial.arrays import IntArray as Longs
from spatial.compiled import empty_int32, inner, outer, prefetch

Ints = NDArray[np.int32]
Bits = NDArray[np.uint64]


# Compiled passes over pairs as they are read: numbers become positions, and one look finds what is wrong.

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
def positions_of_numbers(ids: Longs, lowest: int, table: Ints) -> Ints:
    """Look whole numbers up in a table of positions by number, counted from the lowest one; -1 for none."""
    found = empty_int32(ids.shape[0])
    end = np.uint64(table.shape[0])
    for row in range(ids.shape[0]):
        at = np.uint64(ids[row] - lowest)  # a number below the lowest becomes a very great one
        found[row] = table[at] if at < end else -1
    return found


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


# Compiled passes over pairs whose weights are those of a few zones: zones, sums by facility and zone, and by place.

# mypy: disable-error-code="assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.


_AHEAD = 1_024
"""
Pairs that are fetched before they are read; changes speed only.

Both sums ask for the pairs of one place at a time. Asked for hundreds at a time, by `_find_cells`, they come no sooner
than unasked, and a sum takes a quarter longer.
"""
_DOUBLES, _INTS = 8, 16
"""Numbers of 64 and of 32 bits that the processor fetches at once."""
WORD = 64
"""Pairs whose bits stand in one number."""


@outer  # pragma: no cover - compiled
def ends_passed(minutes: Floats, ends: Floats, passed: Bits) -> None:
    """Tell which ends of zones (inclusive) each time lies beyond: a bit a pair, which needs no new pages of memory."""
    for word in range(passed.shape[1]):
        begin, size = word * WORD, np.uintp(min(WORD, minutes.shape[0] - word * WORD))
        ahead = begin + _AHEAD
        while ahead < begin + _AHEAD + WORD:
            prefetch(minutes, ahead)
            ahead += _DOUBLES
        for each in range(ends.shape[0]):
            last, bits = ends[each], np.uint64(0)
            for at in range(size):
                bits |= np.uint64(minutes[np.uintp(begin) + at] > last) << np.uint64(at)
            passed[each, word] = bits


@inner  # pragma: no cover - compiled
def _find_cells(destination: Ints, passed: Bits, begin: int, cell: Ints) -> int:
    """Give facility and zone of each of the next pairs one number; tell where these pairs end."""
    width, first = np.int32(passed.shape[0] + 1), np.uintp(begin)
    end: int = min(begin + cell.shape[0], destination.shape[0])
    for at in range(np.uintp(end - begin)):
        cell[at] = np.int32(destination[first + at] * width)
    for each in range(passed.shape[0]):
        for word in range((end - begin + WORD - 1) // WORD):
            bits, to = passed[each, begin // WORD + word], np.uintp(word * WORD)
            for at in range(np.uintp(WORD)):
                cell[to + at] += np.int32((bits >> np.uint64(at)) & np.uint64(1))
    return end


@outer  # pragma: no cover - compiled
def sum_at_cells(start: Longs, destination: Ints, passed: Bits, of_place: Floats, cell: Ints, sums: Floats) -> None:
    """Sum what places have by facility and zone, in the order of pairs; `cell` is room to work in."""
    begin = known = np.int64(0)
    for place in range(start.shape[0] - 1):
        pair, end, own = start[place], start[place + 1], of_place[place]
        while pair < end:
            if pair == known:
                begin, known = pair, _find_cells(destination, passed, pair, cell)
            stop = min(end, known)
            ahead = pair + _AHEAD
            while ahead < stop + _AHEAD:
                prefetch(destination, ahead)
                ahead += _INTS
            for each in range(np.uintp(pair - begin), np.uintp(stop - begin)):
                sums[np.uintp(cell[each])] += own
            pair = stop


@outer  # pragma: no cover - compiled
def sum_at_places(start: Longs, destination: Ints, passed: Bits, of_cell: Floats, cell: Ints, sums: Floats) -> None:
    """Sum what facilities have in their zones (``of_cell``) at the places of the pairs; see `sum_at_cells`."""
    begin = known = np.int64(0)
    one, four = np.uintp(1), np.uintp(4)
    for place in range(start.shape[0] - 1):
        pair, end = start[place], start[place + 1]
        # Four sums, so that no addition waits for the one before it; the same on every processor.
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        while pair < end:
            if pair == known:
                begin, known = pair, _find_cells(destination, passed, pair, cell)
            stop = min(end, known)
            ahead = pair + _AHEAD
            while ahead < stop + _AHEAD:
                prefetch(destination, ahead)
                ahead += _INTS
            each, last = np.uintp(pair - begin), np.uintp(stop - begin)
            while each + four <= last:
                a += of_cell[np.uintp(cell[each])]
                b += of_cell[np.uintp(cell[each + one])]
                c += of_cell[np.uintp(cell[each + np.uintp(2)])]
                d += of_cell[np.uintp(cell[each + np.uintp(3)])]
                each += four
            while each < last:
                a += of_cell[np.uintp(cell[each])]
                each += one
            pair = stop
        sums[place] = (a + b) + (c + d)
