"""A decay and its formulas: what a facility is worth at so many minutes."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial.access.measures.decay_numbers import checked_numbers
from spatial.access.options import numbers
from spatial.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from spatial.access.measures.decay_numbers import Parameters, Value

__all__ = ["Decay"]

FloatArray: TypeAlias = NDArray[np.float64]

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
        parameters, cutoff_min = checked_numbers(self.name, self.parameters, self.cutoff_min)
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "cutoff_min", cutoff_min)

    def __call__(self, minutes: ArrayLike) -> FloatArray:
        """
        Weigh travel times.

        Parameters
        ----------
        minutes : array_like
            0 or more; inf = unreachable, NaN = unknown.

        Returns
        -------
        ndarray of float64
            Of the same shape. 1 at 0 minutes (a power: the weight at `t0_min`), never rising, 0 beyond the cutoff and
            at inf; NaN stays NaN.

        Raises
        ------
        ContractError
            Where minutes are negative.
        """
        return self._weigh(minutes, self.cutoff_min)

    def uncut(self, minutes: ArrayLike) -> FloatArray:
        """
        Weigh travel times by the formula alone, also beyond the cutoff.

        Parameters
        ----------
        minutes : array_like
            0 or more; inf = unreachable, NaN = unknown.

        Returns
        -------
        ndarray of float64
            Of the same shape, a new array. What is a step by nature ends at its last step here too.

        Raises
        ------
        ContractError
            Where minutes are negative.
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
            _refuse_negative(part, flat)
            of_part = weight[start : start + _BLOCK]
            if zones is not None:
                _weigh_zones(part, *zones, of_part)
                continue
            of_part[:] = _FORMULAS[self.name](part, self)
            np.copyto(of_part, 0.0, where=part > cutoff_min)
        return weight.reshape(time.shape)

    def zones(self) -> tuple[FloatArray, FloatArray] | None:
        """
        Give the zones of a decay that is one number in each.

        Returns
        -------
        tuple of ndarray, or None
            Minutes up to which the zones reach, inclusive and ascending, and their weights, the one beyond the last
            end, 0, too. None where the weight changes from minute to minute.
        """
        return self._zones(self.cutoff_min)

    def _zones(self, cutoff_min: float) -> tuple[FloatArray, FloatArray] | None:
        if self.name not in _ZONES:
            return None
        ends, heights = _ZONES[self.name](self)
        return np.minimum(ends, cutoff_min), heights

    def number(self, name: str) -> float:
        """
        Look up one of its numbers.

        Parameters
        ----------
        name : str
            As in `parameters`.

        Returns
        -------
        float
            The number.
        """
        return float(np.asarray(dict(self.parameters)[name]))

    def __str__(self) -> str:
        """Return name and numbers, as a result table shows them."""
        told = [f"{name}={_told(value)}" for name, value in self.parameters]
        if np.isfinite(self.cutoff_min):
            told.append(f"cutoff_min={self.cutoff_min:g}")
        return f"{self.name}({', '.join(told)})"


def _told(value: Value) -> str:
    return "/".join(f"{part:g}" for part in value) if isinstance(value, tuple) else f"{value:g}"


def _refuse_negative(part: FloatArray, times: FloatArray) -> None:
    """Refuse negative times in a part of them; the least of numbers is found faster than all that are below 0."""
    if len(part) and not part.min() >= 0.0 and bool((part < 0.0).any()):
        raise ContractError(
            "minutes", [f"{int((times < 0.0).sum())} are negative; travel times are 0 or more"]
        )


def _weigh_zones(part: FloatArray, ends: FloatArray, heights: FloatArray, weight: FloatArray) -> None:
    """Write the weight of each time; NaN where the time is."""
    weight[:] = heights[-1]
    for end, height in zip(ends[::-1], heights[-2::-1], strict=True):
        np.copyto(weight, height, where=part <= end)
    np.copyto(weight, np.nan, where=np.isnan(part))


def _binary(decay: Decay) -> tuple[FloatArray, FloatArray]:
    return np.array([min(decay.cutoff_min, _LONGEST)]), np.array([1.0, 0.0])


def _stepped(decay: Decay) -> tuple[FloatArray, FloatArray]:
    steps = dict(decay.parameters)
    ends, heights = (np.array(steps[name], dtype=np.float64) for name in ("up_to_min", "weight"))
    return ends, np.append(heights, 0.0)


def _linear(time: FloatArray, decay: Decay) -> FloatArray:
    falling: FloatArray = np.maximum(0.0, 1.0 - time / decay.cutoff_min)
    return falling


def _exponential(time: FloatArray, decay: Decay) -> FloatArray:
    return np.asarray(np.exp(-decay.number("rate_per_min") * time))


def _gaussian(time: FloatArray, decay: Decay) -> FloatArray:
    return np.asarray(np.exp(-(time**2) / (2.0 * decay.number("sigma_min") ** 2)))


def _truncated_gaussian(time: FloatArray, decay: Decay) -> FloatArray:
    floor = np.exp(-0.5)
    bell = (np.exp(-0.5 * (time / decay.cutoff_min) ** 2) - floor) / (1.0 - floor)
    return np.asarray(np.maximum(0.0, bell))


def _power(time: FloatArray, decay: Decay) -> FloatArray:
    nearness = decay.number("scale_min") / np.maximum(time, decay.number("t0_min"))
    return np.asarray(nearness ** decay.number("exponent"))


def _log_logistic(time: FloatArray, decay: Decay) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + (time / decay.number("t50_min")) ** decay.number("exponent")))


_FORMULAS: Mapping[str, Callable[[FloatArray, Decay], FloatArray]] = MappingProxyType(
    {
        "linear": _linear,
        "exponential": _exponential,
        "gaussian": _gaussian,
        "truncated_gaussian": _truncated_gaussian,
        "power": _power,
        "log_logistic": _log_logistic,
    }
)

_ZONES: Mapping[str, Callable[[Decay], tuple[FloatArray, FloatArray]]] = MappingProxyType(
    {"binary": _binary, "stepped": _stepped}
)
"""Decays that are one number in each zone: where the zones end, and their weights, the one beyond them last."""
