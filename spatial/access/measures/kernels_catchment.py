"""Compiled passes over pairs: sums, weights by zone, and whether a pair occurs twice; one reading of the pairs each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["occur_once", "sum_pairs", "weigh_zones"]


@outer  # pragma: no cover - compiled
def sum_pairs(
    to: NDArray[np.int64],
    of: NDArray[np.int64],
    weight: NDArray[np.float64],
    values: NDArray[np.float64],
    length: int,
    power: int,
) -> NDArray[np.float64]:
    """
    Sum the values at one end of the pairs at their other end, each times the pair's weight.

    Parameters
    ----------
    to, of : ndarray of int64, shape (pairs,)
        Positions where sums go and where values are from.
    weight : ndarray of float64, shape (pairs,)
        Weights.
    values : ndarray of float64
        Values by position.
    length : int
        How many sums.
    power : int
        1 for the weight itself, 2 for its square, 0 to sum the values of pairs with any weight.

    Returns
    -------
    ndarray of float64, shape (length,)
        Sums, added in the order of pairs.
    """
    sums = np.zeros(length)
    at, so_far = np.uintp(0), 0.0
    # The sum of a run of pairs that go to the same place stays in a register.
    for pair in range(to.shape[0] if length > 0 else 0):
        goal = np.uintp(to[pair])
        if goal != at:
            sums[at] = so_far
            at, so_far = goal, sums[goal]
        factor = weight[pair]
        if power == 2:
            factor *= factor
        elif power == 0:
            factor = 1.0 if factor > 0.0 else 0.0
        so_far += factor * values[np.uintp(of[pair])]
    if length > 0:
        sums[at] = so_far
    return sums


@outer  # pragma: no cover - compiled
def occur_once(
    origin: NDArray[np.int64],
    destination: NDArray[np.int64],
    is_done: NDArray[np.bool_],
    last: NDArray[np.int64],
) -> bool:
    """
    Tell whether all pairs of an origin stand together and none of them occurs twice.

    Parameters
    ----------
    origin, destination : ndarray of int64, shape (pairs,)
        Positions.
    is_done : ndarray of bool
        One value an origin, all False; written to.
    last : ndarray of int64
        One value a destination, all -1; written to.

    Returns
    -------
    bool
        False also where pairs of an origin stand apart, which another look must judge.
    """
    at = np.int64(-1)
    for pair in range(origin.shape[0]):
        place, goal = origin[pair], np.uintp(destination[pair])
        if place != at:
            if is_done[place]:
                return False
            is_done[place] = True
            at = place
        if last[goal] == place:
            return False
        last[goal] = place
    return True


@outer  # pragma: no cover - compiled
def weigh_zones(
    minutes: NDArray[np.float64],
    ends: NDArray[np.float64],
    heights: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> None:
    """
    Look the weight of each time up by its zone: one pass a zone, so take no more times than the cache holds.

    Parameters
    ----------
    minutes : ndarray of float64
        Times.
    ends : ndarray of float64
        Minutes up to which the zones reach, inclusive, ascending.
    heights : ndarray of float64
        Weights of the zones, and 0 for what lies beyond.
    weight : ndarray of float64
        Written to: the weight of each time; NaN where the time is.
    """
    for i in range(minutes.shape[0]):
        weight[i] = np.nan if np.isnan(minutes[i]) else heights[-1]
    for zone in range(ends.shape[0] - 1, -1, -1):
        end, height = ends[zone], heights[zone]
        for i in range(minutes.shape[0]):
            weight[i] = height if minutes[i] <= end else weight[i]
