"""The numbers of a decay, checked once for all that make one: the factories and users by hand."""

from __future__ import annotations

from math import ulp
from sys import float_info
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from spatial.access.options import is_number, numbers, shown
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Parameters", "Value", "checked_numbers", "is_above_zero"]

FloatArray: TypeAlias = NDArray[np.float64]
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


def checked_numbers(name: object, parameters: object, cutoff_min: Any) -> tuple[Parameters, float]:
    """Refuse numbers that make no decay."""
    if not isinstance(name, str) or name not in _NUMBERS:
        raise ContractError("decay", [f"name: must be one of {', '.join(_NUMBERS)}, is {name!r}"])
    given = _by_name(name, parameters)
    values: dict[str, Value] = {}
    if name == "stepped":
        ends, weights = (np.atleast_1d(numbers(f"decay_{name}", key, given[key])) for key in _STEPS)
        problems = _faulty_zones(ends, weights) + _faulty_cutoff(name, cutoff_min)
        values = {"up_to_min": tuple(ends.tolist()), "weight": tuple(weights.tolist())}
    else:
        faulty = [key for key, value in given.items() if not is_above_zero(value)]
        problems = [_not_above_zero(key, given[key]) for key in faulty] + _faulty_cutoff(name, cutoff_min)
        values = {key: float(value) for key, value in given.items() if key not in faulty}
    if problems:
        raise ContractError(f"decay_{name}", problems)
    end = min(float(cutoff_min), ends[-1]) if name == "stepped" else float(cutoff_min)
    return tuple(values.items()), float(end)


def is_above_zero(value: object) -> TypeGuard[float]:
    """
    Tell whether a value is a number above 0 and finite.

    Returns false also for NaN and texts.
    """
    return is_number(value, least=ulp(0.0), most=float_info.max)


def _not_above_zero(key: str, value: object) -> str:
    return f"{key}: must be above 0 and finite, is {shown(value)}"


def _by_name(name: str, parameters: Any) -> dict[str, Any]:
    """Look the numbers up in the order of the formula, and refuse others."""
    wanted = _NUMBERS[name]
    told = f"parameters: must be pairs of a name and a number, with the names {wanted or 'of none: ()'}"
    try:
        pairs = [(key, value) for key, value in parameters]
    except (TypeError, ValueError):
        raise ContractError(f"decay_{name}", [f"{told}; are {parameters!r}"]) from None
    names = [key for key, _ in pairs]
    if sorted(map(repr, names)) != sorted(map(repr, wanted)):
        raise ContractError(f"decay_{name}", [f"{told}; the names are {names}"])
    return {key: dict(pairs)[key] for key in wanted}


def _faulty_cutoff(name: str, cutoff_min: object) -> list[str]:
    if name in _SHAPED_BY_CUTOFF:
        return [] if is_above_zero(cutoff_min) else [_not_above_zero("cutoff_min", cutoff_min)]
    if is_number(cutoff_min, least=0.0):
        return []
    return [f"cutoff_min: must be 0 or more, or inf for none, is {shown(cutoff_min)}"]


def _faulty_zones(ends: FloatArray, weights: FloatArray) -> list[str]:
    if ends.ndim != 1 or ends.shape != weights.shape or len(ends) == 0:
        many = f"there are {ends.size} ends of zones and {weights.size} weights"
        return [f"up_to_min, weight: {many}; give one or more zones, and each its end and its weight"]
    falling, rising = np.diff(ends) <= 0.0, np.diff(weights) > 0.0
    found = (
        ("up_to_min: must be 0 or more and finite, not", ends[~((ends >= 0.0) & np.isfinite(ends))]),
        ("up_to_min: each zone must end after the one before it, not", _steps(ends, falling)),
        ("weight: must be 0 or more, not", weights[~(weights >= 0.0)]),
        ("weight: must not rise from zone to zone, as", _steps(weights, rising)),
        ("weight: must be 1 in the first zone, not", weights[:1][weights[:1] != 1.0]),
    )
    return [f"{rule} {first_of(wrong)}" for rule, wrong in found if len(wrong)]


def _steps(values: FloatArray, chosen: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Pair each chosen value with the one after it."""
    before, after = values[:-1][chosen].tolist(), values[1:][chosen].tolist()
    return list(zip(before, after, strict=True))
