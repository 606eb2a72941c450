"""Atkinson's index and the access that, spread evenly, would be worth the same (Atkinson 1970)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.options import is_number, shown
from spatial.errors import ContractError
from spatial.integration.inequality.sample import read_sample

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from spatial.integration.inequality.sample import Sample

    FloatArray = NDArray[np.float64]

__all__ = ["atkinson_index", "equally_distributed_equivalent"]


def atkinson_index(
    access: ArrayLike, population_persons: ArrayLike | None = None, *, epsilon: float = 1.0
) -> float:
    """
    Measure inequality as the share of all access that an even spread could do without.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.
    epsilon : float
        Aversion to inequality: 0 indifferent, larger looks more at those who have least.

    Returns
    -------
    float
        0-1; 1 where somebody has nothing and `epsilon` is 1 or more; NaN where nobody counts or nobody has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, lengths that differ, or an `epsilon` below 0.

    Examples
    --------
    >>> round(atkinson_index([10, 20, 30, 40, 50], epsilon=0.5), 6)
    0.063153
    """
    sample = read_sample(access, population_persons)
    equivalent = _equivalent(sample, epsilon)
    return max(0.0, 1.0 - equivalent / sample.mean) if sample.defined else math.nan


def equally_distributed_equivalent(
    access: ArrayLike, population_persons: ArrayLike | None = None, *, epsilon: float = 0.5
) -> float:
    """
    Find the access that, if all had it, would be worth as much: ``mean (1 - Atkinson)``.

    It rises with every person's access, so that it can serve as a level.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.
    epsilon : float
        Aversion to inequality, 0 or more.

    Returns
    -------
    float
        In the unit of access, at most its mean; 0 where nobody has any; NaN where nobody counts.

    Raises
    ------
    ContractError
        As `atkinson_index`.

    Examples
    --------
    >>> equally_distributed_equivalent([0.25, 0.25, 0.25])
    0.25
    """
    return _equivalent(read_sample(access, population_persons), epsilon)


def _equivalent(sample: Sample, epsilon: float) -> float:
    if not is_number(epsilon, least=0.0) or math.isinf(epsilon):
        raise ContractError("inequality", [f"epsilon: must be finite and 0 or more, is {shown(epsilon)}"])
    y, f = sample.access, sample.share
    if not len(y):
        return math.nan
    least = float(y.min())
    if least == float(y.max()):
        return least
    if epsilon >= 1.0 and least == 0.0:
        return 0.0
    power = 1.0 - epsilon
    if least > 0.0 and abs(power) * (math.log(y.max()) - math.log(least)) <= 1.0:
        return _near_one(np.log(y), f, power)
    logs = power * np.log(y, out=np.full_like(y, -np.inf), where=y > 0.0)
    largest = float(logs.max())
    return float(np.exp((largest + np.log(f @ np.exp(logs - largest))) / power))


def _near_one(logs: FloatArray, share: FloatArray, power: float) -> float:
    """Write the power mean about the geometric mean, so that nothing cancels where the power is next to 0."""
    mean = float(share @ logs)
    beyond = math.log1p(float(share @ np.expm1(power * (logs - mean)))) / power if power else 0.0
    return math.exp(mean + beyond)
