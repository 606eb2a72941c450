"""Measures along the Lorenz curve: Gini, and the Palma ratio under its two definitions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError
from spatial.integration.inequality.sample import read_sample

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["gini_index", "palma_ratio", "palma_ratio_by_rank", "rank_values"]

TOP_SHARE, BOTTOM_SHARE = 0.1, 0.4
"""Who is compared by Palma (2011): the top tenth and the bottom four tenths."""


def gini_index(access: ArrayLike, population_persons: ArrayLike | None = None) -> float:
    """
    Measure inequality by the Gini index: ``sum f_i f_j |y_i - y_j| / (2 mean)``.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.

    Returns
    -------
    float
        0 where all have the same, towards 1; NaN where nobody counts or nobody has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    Examples
    --------
    >>> round(gini_index([10, 20, 30, 40, 50]), 6)
    0.266667
    """
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return math.nan
    order = np.argsort(sample.access, kind="stable")
    f, y = sample.share[order], sample.access[order]
    below = np.cumsum(f) - f
    spread = float((f * y) @ (2.0 * below + f - 1.0))
    return max(0.0, spread / sample.mean)


def palma_ratio(access: ArrayLike, population_persons: ArrayLike | None = None) -> float:
    """
    Compare what the tenth of the people with the most access hold with what the four tenths with the least hold.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.

    Returns
    -------
    float
        Ratio of the two shares of all access; a place that a cut goes through is split. inf where the bottom has
        nothing; NaN where nobody counts or nobody has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    See Also
    --------
    palma_ratio_by_rank : People ranked by income or another measure, as in the R package `accessibility`.

    Examples
    --------
    >>> round(palma_ratio(range(1, 11)), 9)
    1.0
    """
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return math.nan
    top, bottom = _held(sample.access, sample.share, np.argsort(sample.access, kind="stable"))
    return _ratio(top, bottom)


def palma_ratio_by_rank(
    access: ArrayLike, population_persons: ArrayLike | None = None, *, rank_by: ArrayLike
) -> float:
    """
    Compare the mean access of the richest tenth with that of the poorest four tenths.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.
    rank_by : array_like
        One a place: income, or what else ranks people from worst to best off. NaN = unknown: left out.

    Returns
    -------
    float
        Ratio of two means, as in the R package `accessibility`; places ranked alike share a cut in proportion.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    Examples
    --------
    >>> round(palma_ratio_by_rank([1.0] * 9 + [3.0], rank_by=range(10)), 9)
    3.0
    """
    access, population_persons, rank_by = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        rank_by=(rank_by, "places"),
    )
    rank = rank_values(rank_by)
    value = np.atleast_1d(numbers("inequality", "access", access)).ravel()
    if len(rank) != len(value):
        raise ContractError("inequality", [f"rank_by: {len(rank)} for {len(value)} values of access"])
    sample = read_sample(np.where(np.isnan(rank), np.nan, value), population_persons)
    if not sample.defined:
        return math.nan
    levels, at = np.unique(rank[sample.kept], return_inverse=True)
    share = np.bincount(at, weights=sample.share, minlength=len(levels)).astype(np.float64)
    mean = np.bincount(at, weights=sample.share * sample.access, minlength=len(levels)) / share
    top, bottom = _held(mean, share, np.arange(len(levels)))
    return _ratio(top / TOP_SHARE, bottom / BOTTOM_SHARE)


def rank_values(rank_by: ArrayLike) -> FloatArray:
    """Read what ranks people."""
    rank = np.atleast_1d(numbers("inequality", "rank_by", rank_by)).ravel()
    if bool(np.isinf(rank).any()):
        raise ContractError("inequality", ["rank_by: infinite; give a finite number or NaN"])
    return rank


def _held(access: FloatArray, share: FloatArray, order: NDArray[np.intp]) -> tuple[float, float]:
    """Add up what the top tenth and the bottom four tenths hold, in shares of people times access."""
    f, y = share[order], access[order]
    above = np.cumsum(f)
    below = above - f
    bottom = np.clip(np.minimum(above, BOTTOM_SHARE) - below, 0.0, None)
    top = np.clip(above - np.maximum(below, 1.0 - TOP_SHARE), 0.0, None)
    return float(top @ y), float(bottom @ y)


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0.0 else math.inf
