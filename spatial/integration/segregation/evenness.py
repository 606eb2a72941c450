"""Segregation of a group over units, in people: dissimilarity, information, isolation, exposure, correlation ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = [
    "binary_entropy",
    "correlation_ratio",
    "dissimilarity_index",
    "exposure_index",
    "information_index",
    "isolation_index",
    "read_units",
]


def dissimilarity_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure the share of the group that would have to move for an even spread (Duncan and Duncan 1955).

    Parameters
    ----------
    x : array_like
        Persons of the group, one a unit, such as those beyond a target. NaN = unknown: the unit is left out.
    total : array_like
        All persons of the unit, at least as many; units of nobody are left out.

    Returns
    -------
    float
        ``0.5 sum |x_i / X - y_i / Y|`` with y = the others: 0 even, 1 apart; NaN where one of the two groups is empty,
        for which segregation has no meaning.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, groups larger than their unit, or lengths that differ.

    Examples
    --------
    >>> dissimilarity_index([80, 60, 20, 0], [100, 100, 100, 100])
    0.625
    """
    x, t = read_units(x, total)
    return _dissimilarity(x, t)


def information_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure how much less mixed the units are than the whole: Theil's H (Reardon and Firebaugh 2002).

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        ``sum t_i (E - E_i) / (E T)``, E = entropy of the two groups: 0-1; NaN where one of them is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> round(information_index([80, 60, 20, 0], [100, 100, 100, 100]), 7)
    0.3782364
    """
    x, t = read_units(x, total)
    overall = _two_groups(x, t)
    if math.isnan(overall):
        return math.nan
    entropy = binary_entropy(np.array([overall]))[0]
    return float((t @ (entropy - binary_entropy(x / t))) / (entropy * t.sum()))


def isolation_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure how many of their own the group's people meet in their units: xPx.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        ``sum (x_i / X)(x_i / t_i)``, 0-1; NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> isolation_index([80, 60, 20, 0], [100, 100, 100, 100])
    0.65
    """
    x, t = read_units(x, total)
    return float((x / x.sum()) @ (x / t)) if not math.isnan(_two_groups(x, t)) else math.nan


def exposure_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure how many of the others the group's people meet in their units: xPy, one less isolation.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        ``sum (x_i / X)(y_i / t_i)``, 0-1; NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> exposure_index([80, 60, 20, 0], [100, 100, 100, 100])
    0.35
    """
    x, t = read_units(x, total)
    return float((x / x.sum()) @ ((t - x) / t)) if not math.isnan(_two_groups(x, t)) else math.nan


def correlation_ratio(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure isolation beyond what an even spread would give: eta squared, ``(xPx - P) / (1 - P)``.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        0-1; NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> round(correlation_ratio([80, 60, 20, 0], [100, 100, 100, 100]), 7)
    0.4166667
    """
    x, t = read_units(x, total)
    overall = _two_groups(x, t)
    if math.isnan(overall):
        return math.nan
    return float(((x / x.sum()) @ (x / t) - overall) / (1.0 - overall))


def read_units(x: ArrayLike, total: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """
    Read a group and all persons by unit.

    Returns both, of units with people whose numbers are known.
    """
    x, total = paired("segregation", x=(x, "units"), total=(total, "units"))
    group = np.atleast_1d(numbers("segregation", "x", x)).ravel()
    everybody = np.atleast_1d(numbers("segregation", "total", total)).ravel()
    if len(group) != len(everybody):
        raise ContractError("segregation", [f"total: {len(everybody)} for {len(group)} units"])
    problems = []
    for name, column in (("x", group), ("total", everybody)):
        wrong = np.flatnonzero((column < 0.0) | np.isinf(column))
        if len(wrong):
            problems.append(f"{name}: negative or infinite in {len(wrong)} unit(s) {first_of(wrong)}")
    above = np.flatnonzero(group > everybody * (1.0 + 1e-9))
    if len(above):
        problems.append(f"x: more people than the unit has in {len(above)} unit(s) {first_of(above)}")
    if problems:
        raise ContractError("segregation", problems)
    kept = ~np.isnan(group) & (everybody > 0.0)
    return np.minimum(group[kept], everybody[kept]), everybody[kept]


def binary_entropy(share: FloatArray) -> FloatArray:
    """Measure how mixed two groups are."""
    terms = np.zeros_like(share)
    for part in (share, 1.0 - share):
        some = part > 0.0
        terms[some] -= part[some] * np.log(part[some])
    return terms


def _two_groups(x: FloatArray, t: FloatArray) -> float:
    """Share of the group in all; NaN where either group is empty."""
    mine, others = float(x.sum()), float((t - x).sum())
    return mine / (mine + others) if mine > 0.0 and others > 0.0 else math.nan


def _dissimilarity(x: FloatArray, t: FloatArray) -> float:
    if math.isnan(_two_groups(x, t)):
        return math.nan
    y = t - x
    return float(0.5 * np.abs(x / x.sum() - y / y.sum()).sum())
