"""Compiled sums over pairs: one reading of the pairs each, and no array in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import outer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sum_pairs"]


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
    if power == 1:
        for pair in range(to.shape[0]):
            sums[to[pair]] += weight[pair] * values[of[pair]]
    else:
        for pair in range(to.shape[0]):
            sums[to[pair]] += weight[pair] * weight[pair] * values[of[pair]]
    return sums
