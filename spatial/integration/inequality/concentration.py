"""Whether access concentrates among the better off (Wagstaff; Erreygers 2009)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import is_number, numbers, shown
from spatial.errors import ContractError, first_of
from spatial.integration.inequality.lorenz import rank_values
from spatial.integration.inequality.sample import read_sample

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["concentration_index", "erreygers_index"]


def concentration_index(
    access: ArrayLike, population_persons: ArrayLike | None = None, rank_by: ArrayLike | None = None
) -> float:
    """
    Measure whether those who rank higher have more: ``2 / mean * sum f (y - mean)(R - 1/2)``.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.
    rank_by : array_like, optional
        One a place: income, or what else ranks people from worst to best off; places alike share a rank. NaN =
        unknown: left out. By default access itself, which gives the Gini index.

    Returns
    -------
    float
        Above 0 where the better off have more, below 0 where the worse off have; NaN where nobody counts or nobody
        has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    Examples
    --------
    >>> concentration_index([1, 2, 3, 4], rank_by=[4, 3, 2, 1])
    -0.25
    """
    access, population_persons, rank_by = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        rank_by=(rank_by, "places"),
    )
    value = np.atleast_1d(numbers("inequality", "access", access)).ravel()
    rank = value if rank_by is None else rank_values(rank_by)
    if len(rank) != len(value):
        raise ContractError("inequality", [f"rank_by: {len(rank)} for {len(value)} values of access"])
    sample = read_sample(np.where(np.isnan(rank), np.nan, value), population_persons)
    if not sample.defined:
        return math.nan
    levels, at = np.unique(rank[sample.kept], return_inverse=True)
    share = np.bincount(at, weights=sample.share, minlength=len(levels))
    fraction = (np.cumsum(share) - share / 2.0)[at]
    return float(2.0 / sample.mean * (sample.share @ ((sample.access - sample.mean) * (fraction - 0.5))))


def erreygers_index(
    access: ArrayLike,
    population_persons: ArrayLike | None = None,
    rank_by: ArrayLike | None = None,
    *,
    lower: float = 0.0,
    upper: float = 1.0,
) -> float:
    """
    Measure concentration of a bounded good: ``4 mean CI / (upper - lower)`` (Erreygers 2009).

    Parameters
    ----------
    access : array_like
        One a place, between the bounds. NaN = unknown: left out.
    population_persons, rank_by : array_like, optional
        As in `concentration_index`.
    lower, upper : float
        The least and the most that access can be.

    Returns
    -------
    float
        -1 to 1; NaN where nobody counts; 0 where nobody has any.

    Raises
    ------
    ContractError
        As `concentration_index`, and for access outside the bounds.

    Examples
    --------
    >>> erreygers_index([0, 0, 1, 1])
    1.0
    """
    access, population_persons, rank_by = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        rank_by=(rank_by, "places"),
    )
    value = np.atleast_1d(numbers("inequality", "access", access)).ravel()
    bounds = is_number(lower, least=0.0) and is_number(upper, least=0.0)
    if not bounds or not lower < upper < math.inf:
        raise ContractError(
            "inequality", [f"lower, upper: must be 0 <= lower < upper, are {shown(lower)}, {shown(upper)}"]
        )
    outside = np.flatnonzero((value < lower) | (value > upper))
    if len(outside):
        raise ContractError(
            "inequality",
            [
                f"access: outside {lower:g} to {upper:g} in {len(outside)} row(s) {first_of(outside)}; give the bounds"
            ],
        )
    sample = read_sample(value, population_persons)
    if not sample.defined:
        return sample.mean
    return 4.0 * sample.mean * concentration_index(value, population_persons, rank_by) / (upper - lower)
