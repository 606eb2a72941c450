"""Decay functions: what a facility is worth at so many minutes, by name or with numbers of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import compress
from math import log
from types import MappingProxyType
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from spatial.access.options import ABOVE_ZERO, FINITE, is_number, numbers, shown
from spatial.arrays import FloatArray
from spatial.errors import ContractError, first_of, refuse

# The numbers of a decay, checked once for all that make one: the factories and users by hand.

Value: TypeAlias = float | tuple[float, ...]
Parameters: TypeAlias = tuple[tuple[str, Value], ...]

_STEPS = ("up_to_min", "weight")
_NUMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "binary": (),
        "stepped": _STEPS,
        "linear": (),
        "exponential": ("rate_per_min",),
        "gaussian": ("sigma_min",),
        "truncated_gaussian": (),
        "power": ("exponent", "scale_min", "t0_min"),
        "log_logistic": ("t50_min", "exponent"),
    }
)
"""The names of the numbers of each decay."""
_SHAPED_BY_CUTOFF = ("linear", "truncated_gaussian")
"""Their formulas divide by the cutoff."""


def is_above_zero(value: object) -> TypeGuard[float]:
    """Tell whether a value is a number above 0 and finite; NaN and texts are not."""
    return is_number(value, least=ABOVE_ZERO, most=FINITE)


def _not_above_zero(key: str, value: object) -> str:
    return f"{key}: must be above 0 and finite, is {shown(value)}"


def _faulty_zones(ends: FloatArray, weights: FloatArray) -> list[str]:
    """Say what is wrong with zones and their weights."""
    if ends.ndim != 1 or ends.shape != weights.shape or len(ends) == 0:
        many = f"there are {ends.size} ends of zones and {weights.size} weights"
        return [f"up_to_min, weight: {many}; give one or more zones, and each its end and its weight"]
    steps, falls = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True), np.diff(ends) <= 0.0
    drops, rises = zip(weights[:-1].tolist(), weights[1:].tolist(), strict=True), np.diff(weights) > 0.0
    found = (
        ("up_to_min: must be 0 or more and finite, not", ends[~((ends >= 0.0) & np.isfinite(ends))]),
        ("up_to_min: each zone must end after the one before it, not", [*compress(steps, falls)]),
        ("weight: must be 0 or more, not", weights[~(weights >= 0.0)]),
        ("weight: must not rise from zone to zone, as", [*compress(drops, rises)]),
        ("weight: must be 1 in the first zone, not", weights[:1][weights[:1] != 1.0]),
    )
    return [f"{rule} {first_of(wrong)}" for rule, wrong in found if len(wrong)]


# A decay and its formulas: what a facility is worth at so many minutes.

_FLOOR = np.exp(-0.5)
"""How high half a bell is at its standard deviation."""
_BLOCK = 32_768
"""Times weighed at once; changes speed only."""
_LONGEST = np.finfo(np.float64).max
"""The longest finite time: what takes longer is unreachable."""


@dataclass(frozen=True)
class Decay:
    """
    A weight that falls with travel time; made by the functions ``decay_...``.

    Parameters
    ----------
    name : str
        Which formula.
    parameters : tuple of (str, float or tuple of float)
        Its numbers, by name.
    cutoff_min : float
        Minutes beyond which the weight is 0; inclusive. inf: nowhere, but at inf itself. Zones end it where they end.

    Raises
    ------
    ContractError
        For an unknown formula, other numbers than its own, and numbers that the functions ``decay_...`` refuse.

    Examples
    --------
    >>> Decay("binary", (), 30.0)([0.0, 30.0, 30.1]).tolist()  # what decay_binary(30) makes
    [1.0, 1.0, 0.0]
    """

    name: str
    parameters: Parameters
    cutoff_min: float = np.inf

    def __post_init__(self) -> None:
        """Refuse numbers that make no decay; the only door, for the functions that make decays too."""
        if not isinstance(self.name, str) or self.name not in _NUMBERS:
            raise ContractError("decay", [f"name: must be one of {', '.join(_NUMBERS)}, is {self.name!r}"])
        # Look the numbers up in the order of the formula, and refuse others.
        wanted, table = _NUMBERS[self.name], f"decay_{self.name}"
        told = f"parameters: must be pairs of a name and a number, with the names {wanted or 'of none: ()'}"
        try:
            pairs = [(key, value) for key, value in self.parameters]
        except (TypeError, ValueError):
            raise ContractError(table, [f"{told}; are {self.parameters!r}"]) from None
        names = [key for key, _ in pairs]
        if sorted(map(repr, names)) != sorted(map(repr, wanted)):
            raise ContractError(table, [f"{told}; the names are {names}"])
        given: dict[str, Any] = {key: dict(pairs)[key] for key in wanted}
        values: dict[str, Value] = {}
        problems: list[str] = []
        if self.name == "stepped":
            ends, weights = (np.atleast_1d(numbers(table, key, given[key])) for key in _STEPS)
            problems += _faulty_zones(ends, weights)
            values = {"up_to_min": tuple(ends.tolist()), "weight": tuple(weights.tolist())}
        else:
            faulty = [key for key, value in given.items() if not is_above_zero(value)]
            problems += [_not_above_zero(key, given[key]) for key in faulty]
            values = {key: float(value) for key, value in given.items() if key not in faulty}
        if self.name in _SHAPED_BY_CUTOFF and not is_above_zero(self.cutoff_min):
            problems.append(_not_above_zero("cutoff_min", self.cutoff_min))
        if self.name not in _SHAPED_BY_CUTOFF and not is_number(self.cutoff_min, least=0.0):
            problems.append(f"cutoff_min: must be 0 or more, or inf for none, is {shown(self.cutoff_min)}")
        refuse(table, problems)
        end = min(float(self.cutoff_min), ends[-1]) if self.name == "stepped" else float(self.cutoff_min)
        object.__setattr__(self, "parameters", tuple(values.items()))
        object.__setattr__(self, "cutoff_min", float(end))

    def __call__(self, minutes: ArrayLike) -> FloatArray:
        """
        Weigh travel times of 0 minutes or more; inf = unreachable, NaN = unknown. Negative ones raise a ContractError.

        Weights are 1 at 0 minutes (a power: that at `t0_min`), never rise, are 0 beyond the cutoff; NaN stays NaN.
        """
        return self._weigh(minutes, self.cutoff_min)

    def uncut(self, minutes: ArrayLike) -> FloatArray:
        """
        Weigh travel times by the formula alone, also beyond the cutoff, into a new array.

        What is a step by nature ends at its last step here too. Negative times raise a ContractError.
        """
        return self._weigh(minutes, np.inf)

    def _weigh(self, minutes: ArrayLike, cutoff_min: float) -> FloatArray:
        """Weigh block by block, so that what lies between stays in the cache."""
        time = numbers("decay", "minutes", minutes)
        flat = time.ravel()
        weight = np.empty(len(flat))
        zones = self._zones(cutoff_min)
        for start in range(0, len(flat), _BLOCK):
            part = flat[start : start + _BLOCK]
            # Refuse negative times in a part of them; the least of numbers is found faster than all that are below 0.
            if len(part) and not part.min() >= 0.0 and bool((part < 0.0).any()):
                raise ContractError("minutes", [f"{int((flat < 0.0).sum())} are negative; travel times are 0 or more"])
            of_part = weight[start : start + _BLOCK]
            if zones is not None:
                # The innermost zone is written last; NaN lies in none.
                ends, heights = zones
                of_part[:] = heights[-1]
                for end, height in zip(ends[::-1], heights[-2::-1], strict=True):
                    np.copyto(of_part, height, where=part <= end)
                np.copyto(of_part, np.nan, where=np.isnan(part))
                continue
            of_part[:] = _FORMULAS[self.name](part, self)
            np.copyto(of_part, 0.0, where=part > cutoff_min)
        return weight.reshape(time.shape)

    def zones(self) -> tuple[FloatArray, FloatArray] | None:
        """Give the ends of zones, inclusive, and weights, 0 beyond; None where weights change by the minute."""
        return self._zones(self.cutoff_min)

    def _zones(self, cutoff_min: float) -> tuple[FloatArray, FloatArray] | None:
        if self.name == "binary":
            ends, heights = np.array([min(self.cutoff_min, _LONGEST)]), np.ones(1)
        elif self.name == "stepped":
            ends, heights = (np.array(dict(self.parameters)[name], dtype=np.float64) for name in _STEPS)
        else:
            return None
        return np.minimum(ends, cutoff_min), np.append(heights, 0.0)

    def number(self, name: str) -> float:
        """Look up one of its numbers by its name in `parameters`."""
        return float(np.asarray(dict(self.parameters)[name]))

    def __str__(self) -> str:
        """Return name and numbers, as a result table shows them."""
        told = []
        for name, value in self.parameters:
            parts = value if isinstance(value, tuple) else (value,)
            told.append(f"{name}={'/'.join(f'{part:g}' for part in parts)}")
        if np.isfinite(self.cutoff_min):
            told.append(f"cutoff_min={self.cutoff_min:g}")
        return f"{self.name}({', '.join(told)})"


def _log_logistic(time: FloatArray, decay: Decay) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + (time / decay.number("t50_min")) ** decay.number("exponent")))


_FORMULAS: Mapping[str, Callable[[FloatArray, Decay], FloatArray]] = MappingProxyType(
    {
        "linear": lambda time, decay: np.maximum(0.0, 1.0 - time / decay.cutoff_min),
        "exponential": lambda time, decay: np.exp(-decay.number("rate_per_min") * time),
        "gaussian": lambda time, decay: np.exp(-(time**2) / (2.0 * decay.number("sigma_min") ** 2)),
        "truncated_gaussian": lambda time, decay: np.maximum(
            0.0, (np.exp(-0.5 * (time / decay.cutoff_min) ** 2) - _FLOOR) / (1.0 - _FLOOR)
        ),
        "power": lambda time, decay: (
            (decay.number("scale_min") / np.maximum(time, decay.number("t0_min"))) ** decay.number("exponent")
        ),
        "log_logistic": _log_logistic,
    }
)
"""Weights of decays that change from minute to minute; the others have zones."""


# Decay functions by name: factories of small frozen callables, which check their numbers.

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
        raise ContractError("decay_stepped", ["weights: give a weight by the end of each zone, as {10: 1, 20: 0.68}"])
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
        raise ContractError("decay_exponential", ["give either rate_per_min or half_life_min, not both or neither"])
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


# A decay of one's own: a function that is held to what makes a decay.

_TRIED_MIN = np.concatenate((np.arange(0.0, 240.25, 0.25), np.arange(245.0, 1441.0, 5.0)))
"""Minutes at which a function must not rise: each quarter of an hour's minutes, then to a whole day."""
_ROUNDED = 1e-12
"""How far weights may leave 0 to 1, or rise, by rounding."""


@dataclass(frozen=True)
class OwnDecay(Decay):
    """A decay by a function of the user's own."""

    function: Callable[[FloatArray], Any] | None = None

    def __post_init__(self) -> None:
        """Refuse a function that does not fall from at most 1 to at least 0."""
        if not callable(self.function):
            raise ContractError("decay_from", [f"function: is a {type(self.function).__name__}, not a function"])
        tried = np.unique(np.minimum(_TRIED_MIN, self.cutoff_min))
        weight = self._own(tried)
        rises = np.flatnonzero(np.diff(weight) > _ROUNDED)
        if len(rises):
            at = [f"{tried[row]:g} to {tried[row + 1]:g} min" for row in rises]
            raise ContractError("decay_from", [f"{self.name}: rises with time, which no decay does: {first_of(at)}"])

    def _own(self, time: FloatArray) -> FloatArray:
        """Call the function, and hold what it gives to the shape and to 0 to 1."""
        assert self.function is not None
        if not len(time):
            return time
        try:
            with np.errstate(all="ignore"):  # what is not finite is refused below
                weight = np.asarray(self.function(time), dtype=np.float64)
        except (TypeError, ValueError) as error:
            fault = f"{self.name}: must take an array of minutes, as numpy functions do; {error}"
            raise ContractError(
                "decay_from", [f"{fault}; numpy.vectorize makes one of a function of one number"]
            ) from error
        if weight.shape != time.shape:
            fault = f"{self.name}: gives an array of shape {weight.shape} for minutes of shape {time.shape}"
            raise ContractError("decay_from", [f"{fault}; give a weight for each"])
        outside = time[~((weight >= -_ROUNDED) & (weight <= 1.0 + _ROUNDED))]
        if len(outside):
            first = f"{float(weight[time == outside[0]][0]):g} at {outside[0]:g} min"
            raise ContractError("decay_from", [f"{self.name}: weights must be 0 to 1; it gives {first}"])
        return np.clip(weight, 0.0, 1.0)

    def _weigh(self, minutes: ArrayLike, cutoff_min: float) -> FloatArray:
        time = numbers("decay", "minutes", minutes)
        if bool((time < 0.0).any()):
            raise ContractError("minutes", [f"{int((time < 0.0).sum())} are negative; travel times are 0 or more"])
        weight = np.where(np.isnan(time), np.nan, 0.0)
        asked = np.isfinite(time) & (time <= cutoff_min)
        weight[asked] = self._own(time[asked])
        return weight


def decay_from(function: Callable[[FloatArray], Any], *, cutoff_min: float | None = None) -> Decay:
    """
    Make a decay of a function of your own; measures do it by themselves with a function that is given as ``decay``.

    Parameters
    ----------
    function : callable
        Takes an array of minutes (0 or more, finite) and gives a weight for each: 0 to 1, never rising. It is tried at
        every quarter of a minute up to four hours, and every five minutes up to a day.
    cutoff_min : float, optional
        Minutes beyond which the weight is 0; inclusive. By default none.

    Returns
    -------
    Decay
        Named after the function in tables.

    Raises
    ------
    ContractError
        Where the function rises, leaves 0 to 1 or takes no array.

    Examples
    --------
    >>> half_after_20 = decay_from(lambda minutes: np.where(minutes <= 20.0, 1.0, 0.5), cutoff_min=60.0)
    >>> half_after_20([0.0, 20.0, 21.0, 61.0, np.inf]).tolist()
    [1.0, 1.0, 0.5, 0.0, 0.0]
    """
    named = getattr(function, "__name__", type(function).__name__).strip("<>")
    return OwnDecay(named, (), _or_inf(cutoff_min), function)
