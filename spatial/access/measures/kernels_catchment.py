"""Compiled passes over pairs: sums, counts and weights by zone; one reading of the pairs each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_pairs", "sum_pairs", "weigh_zones"]


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
        1 for the weight itself, 2 for its square.

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
        so_far += factor * values[np.uintp(of[pair])]
    if length > 0:
        sums[at] = so_far
    return sums


@outer  # pragma: no cover - compiled
def count_pairs(to: NDArray[np.int64], weight: NDArray[np.float64], length: int) -> NDArray[np.int64]:
    """
    Count the pairs with a weight above 0.

    Parameters
    ----------
    to : ndarray of int64, shape (pairs,)
        Positions where they are counted.
    weight : ndarray of float64, shape (pairs,)
        Weights.
    length : int
        How many counts.

    Returns
    -------
    ndarray of int64, shape (length,)
        Counts.
    """
    counts = np.zeros(length, np.int64)
    at, so_far = np.uintp(0), np.int64(0)
    # The count of a run of pairs that go to the same place stays in a register, as in `sum_pairs`.
    for pair in range(to.shape[0] if length > 0 else 0):
        goal = np.uintp(to[pair])
        if goal != at:
            counts[at] = so_far
            at, so_far = goal, counts[goal]
        so_far += weight[pair] > 0.0
    if length > 0:
        counts[at] = so_far
    return counts


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
