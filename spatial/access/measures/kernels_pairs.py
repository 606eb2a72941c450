"""Compiled passes over pairs as they are read: numbers become positions, and one look finds what is wrong."""

# mypy: disable-error-code="assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer
from spatial.kernels_arrays import empty_int32

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]

__all__ = ["APART", "BAD", "NOT_ALL_COUNT", "TWICE", "examine_pairs", "positions_of_numbers"]

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
    """
    Look whole numbers up.

    Parameters
    ----------
    ids : ndarray of int64
        Numbers.
    lowest : int
        The lowest number that is known.
    table : ndarray of int32
        Positions by number, counted from the lowest; -1 for none.

    Returns
    -------
    ndarray of int32
        Position of each number; -1 for none.
    """
    found = empty_int32(ids.shape[0])
    end = np.uint64(table.shape[0])
    for row in range(ids.shape[0]):
        at = np.uint64(ids[row] - lowest)  # a number below the lowest becomes a very great one
        found[row] = table[at] if at < end else -1
    return found


@outer  # pragma: no cover - compiled
def examine_pairs(
    pairs: tuple[Ints, Ints, NDArray[np.float64]], position: Ints, seen: tuple[Longs, Ints]
) -> int:
    """
    Look at every pair once: tell what must be done before they can be used, and where those of each place start.

    Parameters
    ----------
    pairs : tuple of ndarray
        Position of the origin and of the facility (-1 for none), and minutes.
    position : ndarray of int32
        Of each facility among those that count; -1 where it does not.
    seen : tuple of ndarray
        Written to: where the pairs of each origin start (origins + 1,), right unless pairs stand apart; and by
        facility that counts the last origin that was seen with it, -1 at first.

    Returns
    -------
    int
        `BAD` as soon as a pair is bad; else `NOT_ALL_COUNT`, `APART` and `TWICE` added up, 0 where none holds.
    """
    (origin, destination, minutes), (start, latest) = pairs, seen
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
