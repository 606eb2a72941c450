"""Compiled passes over pairs as they are read: numbers become positions, and one look finds what is wrong."""

# mypy: disable-error-code="assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]

__all__ = [
    "BAD",
    "NOT_ALL_COUNT",
    "PERHAPS_TWICE",
    "examine_pairs",
    "positions_of_numbers",
]

BAD = 1
"""An id is in no table, or minutes are negative or NaN."""
NOT_ALL_COUNT = 2
"""A pair has no way, or its facility does not count."""
PERHAPS_TWICE = 4
"""A pair occurs twice, or pairs of an origin stand apart, which another look must judge."""


@outer  # pragma: no cover - compiled
def positions_of_numbers(ids: Longs, lowest: int, table: Longs) -> Longs:
    """
    Look whole numbers up.

    Parameters
    ----------
    ids : ndarray of int64
        Numbers.
    lowest : int
        The lowest number that is known.
    table : ndarray of int64
        Positions by number, counted from the lowest; -1 for none.

    Returns
    -------
    ndarray of int64
        Position of each number; -1 for none.
    """
    found = np.empty(ids.shape[0], np.int64)
    end = np.uint64(table.shape[0])
    for row in range(ids.shape[0]):
        at = np.uint64(ids[row] - lowest)  # a number below the lowest becomes a very great one
        found[row] = table[at] if at < end else -1
    return found


@outer  # pragma: no cover - compiled
def examine_pairs(
    pairs: tuple[Longs, Longs, NDArray[np.float64]], position: Longs, seen: tuple[NDArray[np.bool_], Longs]
) -> int:
    """
    Look at every pair once, and tell what must be done before they can be used.

    Parameters
    ----------
    pairs : tuple of ndarray
        Position of the origin and of the facility (-1 for none), and minutes.
    position : ndarray of int64
        Of each facility among those that count; -1 where it does not.
    seen : tuple of ndarray
        By origin False, and by facility that counts -1; written to.

    Returns
    -------
    int
        `BAD` as soon as a pair is bad; else `NOT_ALL_COUNT` and `PERHAPS_TWICE` added up, 0 where neither holds.
    """
    (origin, destination, minutes), (is_done, latest) = pairs, seen
    all_count, once, at = True, True, np.int64(-1)
    for pair in range(origin.shape[0]):
        place, goal, time = origin[pair], destination[pair], minutes[pair]
        if not (place >= 0 and goal >= 0 and time >= 0.0):
            return BAD
        goal = position[np.uintp(goal)]
        if goal < 0 or time == np.inf:
            all_count = False
            continue
        if place != at:
            once = once and not is_done[np.uintp(place)]
            is_done[np.uintp(place)] = True
            at = place
        if latest[np.uintp(goal)] == place:
            once = False
        latest[np.uintp(goal)] = place
    return (0 if all_count else NOT_ALL_COUNT) + (0 if once else PERHAPS_TWICE)
