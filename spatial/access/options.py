"""Options of the analysts' functions, checked before anything is computed."""

from __future__ import annotations

import datetime as dt
from math import inf, isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "check_count",
    "check_direction",
    "check_minutes",
    "check_seed",
    "cutoffs_of",
    "is_number",
    "is_unknown",
    "limit_of",
    "numbers",
    "service_names",
    "shown",
    "whole_number",
]

NO_NUMBERS = (str, bytes, dt.date, dt.time, dt.timedelta, np.datetime64, np.timedelta64, complex)
"""What numpy would read as numbers; dates count from 1970 there."""

_DIRECTIONS = ("to_facility", "from_facility")


def check_direction(direction: object) -> None:
    """Refuse a direction that is none."""
    if direction not in _DIRECTIONS:
        raise ContractError(
            "options", [f"direction: is {direction!r}, must be one of {first_of(_DIRECTIONS)}"]
        )


def check_minutes(name: str, minutes: object) -> None:
    """Refuse minutes that are below 0, unknown or no number."""
    if not is_number(minutes, least=0.0):
        raise ContractError("options", [f"{name}: must be 0 or more, is {shown(minutes)}"])


def limit_of(name: str, minutes: float | None) -> float:
    """
    Read the longest time, and refuse one that is below 0, unknown or no number.

    Returns inf where there is none.
    """
    limit = inf if minutes is None else minutes
    check_minutes(name, limit)
    return float(limit)


def cutoffs_of(cutoffs_min: float | Sequence[float | None] | None) -> tuple[float, ...]:
    """Read one or several cutoffs, each once."""
    given: list[Any] = [cutoffs_min] if np.ndim(cutoffs_min) == 0 else list(cutoffs_min)  # type: ignore[arg-type]
    minutes = numbers("options", "cutoffs_min", [inf if each is None else each for each in given])
    problems = [f"cutoffs_min: {value:g} min, must be 0 or more" for value in minutes if not value >= 0.0]
    if len(minutes) == 0:
        problems.append("cutoffs_min: is empty; name at least one")
    if problems:
        raise ContractError("options", problems)
    return tuple(dict.fromkeys(minutes.tolist()))


def check_count(name: str, count: object) -> None:
    """Refuse a count that is no whole number of 1 or more."""
    if not whole_number(count, least=1):
        raise ContractError("options", [f"{name}: must be 1 or more, a whole number, is {count!r}"])


def check_seed(name: str, seed: object) -> None:
    """Refuse where chance cannot begin."""
    if not whole_number(seed, least=0):
        raise ContractError("options", [f"{name}: must be 0 or more, a whole number, is {seed!r}"])


def whole_number(value: object, *, least: int) -> bool:
    """Tell whether an option is a whole number, and large enough."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def service_names(service: object) -> frozenset[str]:
    """Read a service, or the services of facilities that count for it."""
    if isinstance(service, str):
        return frozenset({service})
    given = list(service) if isinstance(service, set | frozenset | list | tuple) else [None]
    names = [name for name in given if isinstance(name, str)]
    if len(names) < len(given):
        raise ContractError("options", [f"service: is {service!r}, must be a text or a set of texts"])
    return frozenset(names)


def is_number(value: object, *, least: float, most: float = inf) -> bool:
    """
    Tell whether an option is a number within bounds.

    Returns false also for NaN, texts, and whole numbers that are too large for a float.
    """
    if not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return least <= float(value) <= most
    except OverflowError:
        return False


def is_unknown(value: object) -> bool:
    """
    Tell whether an option is NaN.

    Returns false for None and texts.
    """
    return isinstance(value, float | np.floating) and isnan(value)


def numbers(table: str, name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Read numbers, and say where there are none."""
    kind: Any = getattr(values, "dtype", None)
    try:
        if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_complex_dtype(kind):
            _refuse_other_kinds(table, name, values)
            items = np.asarray(values)
            values = np.where(pd.isna(items), np.nan, items) if items.dtype == object else items
        return np.asarray(values, dtype=np.float64)
    except ContractError:
        raise
    except OverflowError:
        raise ContractError(table, [f"{name}: holds a whole number above 1e308; use a larger unit"]) from None
    except (TypeError, ValueError) as fault:
        raise ContractError(table, [f"{name}: holds what is no number ({fault})"]) from None


def _refuse_other_kinds(table: str, name: str, values: ArrayLike) -> None:
    """Refuse texts, dates and complex numbers, which numpy turns into numbers without a word."""
    kind = np.asarray(values).dtype.kind
    if kind in "biuf":
        return
    one_by_one = kind in "OUS"
    flat = np.asarray(values, dtype=object if one_by_one else None).ravel()
    strange = [item for item in flat if not one_by_one or isinstance(item, NO_NUMBERS)]
    if strange:
        named = first_of([str(item) for item in strange], limit=3)
        told = f"{name}: texts, dates or complex numbers, which are no numbers: {named}"
        raise ContractError(table, [f"{told}; convert with pandas.to_numeric"])


def shown(value: object) -> str:
    """Write an option into a message."""
    try:
        return f"{value:g}" if isinstance(value, int | float) else repr(value)
    except OverflowError:
        return "beyond 1e308"
