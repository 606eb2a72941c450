"""Decay functions by name: factories of small frozen callables, which check their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from types import MappingProxyType

import numpy as np

from spatial.access.measures.decay import Decay
from spatial.access.measures.decay_numbers import is_above_zero
from spatial.access.options import numbers
from spatial.errors import ContractError

__all__ = [
    "ZONES_E2SFCA",
    "Decay",
    "decay_binary",
    "decay_exponential",
    "decay_gaussian",
    "decay_linear",
    "decay_log_logistic",
    "decay_power",
    "decay_stepped",
    "decay_truncated_gaussian",
]

ZONES_E2SFCA: Mapping[float, float] = MappingProxyType({10.0: 1.0, 20.0: 0.68, 30.0: 0.22})
"""Weight up to so many minutes, inclusive: the three zones of Luo and Qi (2009) with their faster decay."""


def _or_inf(cutoff_min: float | None) -> float:
    """No cutoff is one that nothing lies beyond."""
    return np.inf if cutoff_min is None else cutoff_min


def decay_binary(cutoff_min: float | None) -> Decay:
    """
    Count everything within a cutoff fully, and nothing beyond.

    Parameters
    ----------
    cutoff_min : float or None
        0 or more; inclusive. None or inf: whatever can be reached.

    Returns
    -------
    Decay
        1 up to the cutoff, 0 beyond.

    Raises
    ------
    ContractError
        Where the cutoff is negative or NaN.

    Examples
    --------
    >>> decay_binary(45.0)([45.0, 46.0]).tolist()
    [1.0, 0.0]
    """
    return Decay("binary", (), _or_inf(cutoff_min))


def decay_stepped(weights: Mapping[float, float]) -> Decay:
    """
    Weigh by zones.

    Parameters
    ----------
    weights : mapping of float to float
        Minutes up to which (inclusive) each weight holds. Weights do not rise, and the first one is 1.

    Returns
    -------
    Decay
        0 beyond the last zone.

    Raises
    ------
    ContractError
        Where minutes are negative or not finite, or weights rise, are below 0 or do not begin with 1.

    Notes
    -----
    Luo and Qi (2009): 1 to 10 minutes, 0.68 to 20, 0.22 to 30, the default of E2SFCA (`ZONES_E2SFCA`).

    Examples
    --------
    >>> decay_stepped({10.0: 1.0, 20.0: 0.68, 30.0: 0.22})([10.0, 10.5, 30.0, 31.0]).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """
    if not isinstance(weights, Mapping):
        raise ContractError(
            "decay_stepped", ["weights: give a weight by the end of each zone, as {10: 1, 20: 0.68}"]
        )
    ends, heights = tuple(weights), tuple(weights.values())
    order = np.argsort(numbers("decay_stepped", "up_to_min", ends))
    steps = (("up_to_min", tuple(ends[at] for at in order)), ("weight", tuple(heights[at] for at in order)))
    return Decay("stepped", steps)


def decay_linear(cutoff_min: float) -> Decay:
    """
    Fall on a straight line from 1 at the door to 0 at a cutoff.

    Parameters
    ----------
    cutoff_min : float
        Above 0, finite.

    Returns
    -------
    Decay
        ``1 - t / T`` up to the cutoff T, 0 beyond.

    Raises
    ------
    ContractError
        Where the cutoff is not above 0 or not finite.

    Examples
    --------
    >>> decay_linear(60.0)([0.0, 15.0, 60.0, 90.0]).tolist()
    [1.0, 0.75, 0.0, 0.0]
    """
    return Decay("linear", (), cutoff_min)


def decay_exponential(
    rate_per_min: float | None = None, *, half_life_min: float | None = None, cutoff_min: float | None = None
) -> Decay:
    """
    Lose the same share every minute.

    Parameters
    ----------
    rate_per_min : float, optional
        The rate b of ``exp(-b t)``; above 0.
    half_life_min : float, optional
        Instead of the rate: minutes after which half is left, ``b = ln 2 / h``; above 0.
    cutoff_min : float, optional
        0 beyond; inclusive; by default no cutoff.

    Returns
    -------
    Decay
        ``exp(-b t)``.

    Raises
    ------
    ContractError
        Unless exactly one of rate and half-life is given and all are in range.

    Examples
    --------
    >>> decay_exponential(half_life_min=10.0)([0.0, 10.0, 20.0]).round(12).tolist()
    [1.0, 0.5, 0.25]
    """
    if (rate_per_min is None) == (half_life_min is None):
        raise ContractError(
            "decay_exponential", ["give either rate_per_min or half_life_min, not both or neither"]
        )
    if rate_per_min is None:
        if not is_above_zero(half_life_min):
            raise ContractError(
                "decay_exponential", [f"half_life_min: must be above 0 and finite, is {half_life_min!r}"]
            )
        rate_per_min = log(2.0) / float(half_life_min)
    return Decay("exponential", (("rate_per_min", rate_per_min),), _or_inf(cutoff_min))


def decay_gaussian(sigma_min: float, *, cutoff_min: float | None = None) -> Decay:
    """
    Fall slowly at first, then fast: half a bell.

    Parameters
    ----------
    sigma_min : float
        Standard deviation in minutes; above 0.
    cutoff_min : float, optional
        0 beyond; inclusive; by default no cutoff.

    Returns
    -------
    Decay
        ``exp(-t^2 / (2 sigma^2))``, without the factor that would make it a density.

    Raises
    ------
    ContractError
        Where a number is out of range.

    Examples
    --------
    >>> decay_gaussian(20.0)([0.0, 20.0]).round(7).tolist()
    [1.0, 0.6065307]
    """
    return Decay("gaussian", (("sigma_min", sigma_min),), _or_inf(cutoff_min))


def decay_truncated_gaussian(cutoff_min: float) -> Decay:
    """
    Fall like a bell that is lowered so that it reaches 0 at the cutoff (Dai 2010).

    Parameters
    ----------
    cutoff_min : float
        Above 0, finite.

    Returns
    -------
    Decay
        ``(exp(-(t / T)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2))`` up to the cutoff T, 0 beyond.

    Raises
    ------
    ContractError
        Where the cutoff is not above 0 or not finite.

    Examples
    --------
    >>> decay_truncated_gaussian(60.0)([0.0, 30.0, 60.0]).round(6).tolist()
    [1.0, 0.701367, 0.0]
    """
    return Decay("truncated_gaussian", (), cutoff_min)


def decay_power(
    exponent: float, *, scale_min: float = 1.0, t0_min: float = 1.0, cutoff_min: float | None = None
) -> Decay:
    """
    Fall with a power of time, the gravity of Hansen (1959).

    Parameters
    ----------
    exponent : float
        The a of ``(t / s)^-a``; above 0.
    scale_min : float
        Minutes s at which the weight is 1; above 0.
    t0_min : float
        Shorter times count as this; above 0, or the weight at the door would have no bound.
    cutoff_min : float, optional
        0 beyond; inclusive; by default no cutoff.

    Returns
    -------
    Decay
        ``(max(t, t0) / s)^-a``: the only decay that is not 1 at the door.

    Raises
    ------
    ContractError
        Where a number is out of range.

    Examples
    --------
    >>> decay_power(2.0, scale_min=20.0)([0.0, 2.0, 20.0, 40.0]).tolist()
    [400.0, 100.0, 1.0, 0.25]
    """
    parameters = (("exponent", exponent), ("scale_min", scale_min), ("t0_min", t0_min))
    return Decay("power", parameters, _or_inf(cutoff_min))


def decay_log_logistic(t50_min: float, exponent: float, *, cutoff_min: float | None = None) -> Decay:
    """
    Fall along an S: nearly all near the door, half at a stated time, nearly nothing far away.

    Parameters
    ----------
    t50_min : float
        Minutes at which the weight is one half; above 0.
    exponent : float
        How steep; above 0.
    cutoff_min : float, optional
        0 beyond; inclusive; by default no cutoff.

    Returns
    -------
    Decay
        ``1 / (1 + (t / t50)^k)``.

    Raises
    ------
    ContractError
        Where a number is out of range.

    Examples
    --------
    >>> decay_log_logistic(30.0, 2.0)([0.0, 30.0, 90.0]).tolist()
    [1.0, 0.5, 0.1]
    """
    return Decay("log_logistic", (("t50_min", t50_min), ("exponent", exponent)), _or_inf(cutoff_min))
