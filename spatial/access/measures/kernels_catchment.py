"""Compiled passes over pairs whose weights are those of a few zones: sums by facility and zone, and by place."""

# mypy: disable-error-code="assignment"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Longs = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["sum_at_cells", "sum_at_places", "zone_pairs"]

_AHEAD = 1_024
"""Pairs that are fetched before they are read; changes speed only."""
_DOUBLES, _INTS = 8, 16
"""Numbers of 64 and of 32 bits that the processor fetches at once."""


@outer  # pragma: no cover - compiled
def zone_pairs(
    pairs: tuple[Longs, Ints, Floats], ends: Floats, zones: int, of_place: Floats, cell: Ints, sums: Floats
) -> None:
    """
    Find the zone of each pair, and sum what places have by facility and zone: one reading of the pairs for both.

    Parameters
    ----------
    pairs : tuple of ndarray
        Where the pairs of each place start (places + 1,), position of the facility and minutes (pairs,).
    ends : ndarray of float64, shape (a multiple of 4,)
        Minutes up to which the zones reach, inclusive, ascending; inf behind the last.
    zones : int
        How many there are, what lies beyond the last end being one.
    of_place : ndarray of float64, shape (places,)
        What each place has.
    cell : ndarray of int32, shape (pairs,)
        Written to: facility times `zones`, plus zone.
    sums : ndarray of float64, shape (facilities times zones,)
        Added to.
    """
    start, destination, minutes = pairs
    width = np.int32(zones)
    for place in range(start.shape[0] - 1):
        first, last, own = np.uintp(start[place]), np.uintp(start[place + 1]), of_place[place]
        ahead = np.int64(start[place]) + _AHEAD
        while ahead < start[place + 1] + _AHEAD:
            prefetch(destination, ahead)
            prefetch(minutes, ahead)
            prefetch(minutes, ahead + _DOUBLES)
            ahead += _INTS
        # Four ends at once, without a branch: the compiler makes one step of many pairs.
        a, b, c, d = ends[0], ends[1], ends[2], ends[3]
        for pair in range(first, last):
            time = minutes[pair]
            beyond = np.int32(time > a) + np.int32(time > b) + np.int32(time > c) + np.int32(time > d)
            cell[pair] = np.int32(destination[pair] * width + beyond)
        for four in range(1, ends.shape[0] // 4):
            a, b, c, d = ends[4 * four], ends[4 * four + 1], ends[4 * four + 2], ends[4 * four + 3]
            for pair in range(first, last):
                time = minutes[pair]
                beyond = np.int32(time > a) + np.int32(time > b) + np.int32(time > c) + np.int32(time > d)
                cell[pair] = np.int32(cell[pair] + beyond)
        for pair in range(first, last):
            sums[np.uintp(cell[pair])] += own


@outer  # pragma: no cover - compiled
def sum_at_cells(start: Longs, cell: Ints, of_place: Floats, sums: Floats) -> None:
    """
    Sum what places have by facility and zone, as `zone_pairs` found them.

    Parameters
    ----------
    start : ndarray of int64, shape (places + 1,)
        Where the pairs of each place start.
    cell : ndarray of int32, shape (pairs,)
        Facility times zones, plus zone.
    of_place : ndarray of float64, shape (places,)
        What each place has.
    sums : ndarray of float64, shape (facilities times zones,)
        Added to, in the order of pairs.
    """
    for place in range(start.shape[0] - 1):
        own = of_place[place]
        for pair in range(np.uintp(start[place]), np.uintp(start[place + 1])):
            sums[np.uintp(cell[pair])] += own


@outer  # pragma: no cover - compiled
def sum_at_places(start: Longs, cell: Ints, of_cell: Floats, sums: Floats) -> None:
    """
    Sum what facilities have in their zones at the places of the pairs.

    Parameters
    ----------
    start : ndarray of int64, shape (places + 1,)
        Where the pairs of each place start.
    cell : ndarray of int32, shape (pairs,)
        Facility times zones, plus zone.
    of_cell : ndarray of float64, shape (facilities times zones,)
        What each facility is worth in each zone.
    sums : ndarray of float64, shape (places,)
        Written to.
    """
    four = np.uintp(4)
    for place in range(start.shape[0] - 1):
        pair, last = np.uintp(start[place]), np.uintp(start[place + 1])
        ahead = np.int64(start[place]) + _AHEAD
        while ahead < start[place + 1] + _AHEAD:
            prefetch(cell, ahead)
            ahead += _INTS
        # Four sums, so that no addition waits for the one before it; the same on every processor.
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        while pair + four <= last:
            a += of_cell[np.uintp(cell[pair])]
            b += of_cell[np.uintp(cell[pair + np.uintp(1)])]
            c += of_cell[np.uintp(cell[pair + np.uintp(2)])]
            d += of_cell[np.uintp(cell[pair + np.uintp(3)])]
            pair += four
        while pair < last:
            a += of_cell[np.uintp(cell[pair])]
            pair += np.uintp(1)
        sums[place] = (a + b) + (c + d)
