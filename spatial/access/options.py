"""How access is measured: options as the study names them, checked and paired by label before anything runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import inf, isnan, ulp
from sys import float_info
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pydantic import Field, field_validator

from spatial.arrays import FloatArray
from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.study.access import SnapRules, TimeLimits

# Options of the analysts' functions, checked before anything is computed.

NO_NUMBERS = (str, bytes, dt.date, dt.time, dt.timedelta, np.datetime64, np.timedelta64, complex)
"""What numpy would read as numbers; dates count from 1970 there."""

ABOVE_ZERO, FINITE = ulp(0.0), float_info.max
"""The least number above 0, and the largest that is finite."""

DIRECTIONS = ("to_facility", "from_facility")


def check_direction(direction: object) -> None:
    """Refuse a direction that is none."""
    if direction not in DIRECTIONS:
        raise ContractError("options", [f"direction: is {direction!r}, must be one of {first_of(DIRECTIONS)}"])


def check_minutes(name: str, minutes: object) -> None:
    """Refuse minutes that are below 0, unknown or no number."""
    refuse("options", not_within(name, minutes))


def limit_of(name: str, minutes: float | None) -> float:
    """Read the longest time, inf where there is none, and refuse one that is below 0, unknown or no number."""
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
    refuse("options", problems)
    return tuple(dict.fromkeys(minutes.tolist()))


def check_count(name: str, count: object) -> None:
    """Refuse a count that is no whole number of 1 or more."""
    if not whole_number(count, least=1):
        raise ContractError("options", [f"{name}: must be 1 or more, a whole number, is {count!r}"])


def check_seed(seed: object) -> None:
    """Refuse where chance cannot begin."""
    if not whole_number(seed, least=0):
        raise ContractError("options", [f"seed: must be 0 or more, a whole number, is {seed!r}"])


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
    """Tell whether an option is a number within bounds; NaN, texts and whole numbers too large for a float are not."""
    if not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return least <= float(value) <= most
    except OverflowError:
        return False


def not_within(name: str, value: object, *, least: float = 0.0, most: float = inf) -> list[str]:
    """Say what an option must be where it is no number within bounds; nothing where it is one."""
    if is_number(value, least=least, most=most):
        return []
    up = "above 0" if least == ABOVE_ZERO else f"{least:g} or more"
    return [f"{name}: must be {up if most >= FINITE else f'from {least:g} to {most:g}'}, is {shown(value)}"]


def is_unknown(value: object) -> bool:
    """Tell whether an option is NaN; None and texts are not."""
    return isinstance(value, float | np.floating) and isnan(value)


def numbers(table: str, name: str, values: ArrayLike) -> FloatArray:
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


def nan_for_inf(values: ArrayLike) -> FloatArray:
    """Leave out what is infinite, as tables do where there is no way."""
    found = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def vector(table: str, name: str, values: ArrayLike) -> FloatArray:
    """Read numbers, one a row."""
    return np.atleast_1d(numbers(table, name, values)).ravel()


def vectors(table: str, along: str, /, **given: ArrayLike) -> list[FloatArray]:
    """Read several arguments that lie along one axis, one number a row."""
    ordered = paired(table, **{name: (values, along) for name, values in given.items()})
    return [vector(table, name, values) for name, values in zip(given, ordered, strict=True)]


def _refuse_other_kinds(table: str, name: str, values: ArrayLike) -> None:
    """Refuse texts, dates and complex numbers, which numpy turns into numbers without a word."""
    kind = np.asarray(values).dtype.kind
    if kind in "biuf":
        return
    one_by_one = kind in "OUS"
    flat = np.asarray(values, dtype=object if one_by_one else None).ravel()
    strange = (str(item) for item in flat if not one_by_one or isinstance(item, NO_NUMBERS))
    told = f"{name}: texts, dates or complex numbers, which are no numbers:"
    refuse(table, faults_at(told, strange, "; convert with pandas.to_numeric", limit=3))


def shown(value: object) -> str:
    """Write an option into a message."""
    try:
        return f"{value:g}" if isinstance(value, int | float) else repr(value)
    except OverflowError:
        return "beyond 1e308"


# How access is measured, as the study states it and with what comes from elsewhere.

TOWN_TIERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "town": frozenset({"town", "county_seat", "city"}),
        "county_seat": frozenset({"county_seat", "city"}),
        "city": frozenset({"city"}),
    }
)
"""Settlement tiers that serve as a town of each tier: a city does what a town does (Christaller's hierarchy)."""


class AccessRules(TimeLimits):
    """Which times are computed, and how far; each cutoff counts once, and None is no limit."""

    tiers: Mapping[str, frozenset[str]] = Field(
        default_factory=lambda: dict(TOWN_TIERS),
        description="Services that settlements themselves offer, and the tiers that offer each",
    )
    snap: SnapRules = Field(default_factory=SnapRules, description="How places are joined to the network")
    route_services: tuple[str, ...] | None = Field(
        None, description="Services whose routes are drawn; None for every one"
    )
    max_routes: int = Field(
        100_000,
        description="Services are drawn one after the other as long as there would not be more routes than this",
    )
    shortest: frozenset[str] = Field(
        frozenset(),
        description="Services of which the metres of the shortest way are wanted, too, which may be another one than "
        "the fastest",
    )
    buffer_m: float = Field(30_000.0, description="Ground beyond the study area that was loaded, for `edge_risk`")

    @field_validator("cutoffs_min", mode="before")
    @classmethod
    def _each_once(cls, cutoffs_min: Any) -> tuple[float, ...]:
        return cutoffs_of(cutoffs_min) if cutoffs_min else ()


# Labels of pandas objects: arguments that speak of the same places are paired by label, never by chance of order.

REMEDY = "give all the same labels, or plain arrays in one order (.to_numpy())"


def paired(table: str, /, **given: tuple[Any, str]) -> tuple[Any, ...]:
    """
    Bring arguments that lie along the same axes into one order, and return them in the order given.

    Of two with the same labels in another order the later one takes the order of the first. Other labels, or labels
    that are there twice, are refused. What has no labels counts by position beside the first labelled one.
    """
    leaders: dict[str, tuple[str, pd.Index]] = {}
    problems: list[str] = []
    ordered = []
    for name, (value, along) in given.items():
        labelled = value
        if isinstance(value, pd.Series | pd.DataFrame):
            for number, axis in enumerate(along.split()[-value.ndim :]):
                mine = value.axes[number]
                leader, wanted = leaders.setdefault(axis, (name, mine))
                fault = _fault(mine, wanted)
                if fault:
                    whom = f"of {leader}" if leader != name else "of the rows"
                    problems.append(f"{name}: labels of {axis} differ from those {whom}: {fault}; {REMEDY}")
                elif not mine.equals(wanted):
                    labelled = labelled.take(mine.get_indexer(wanted), axis=number)
        ordered.append(labelled)
    refuse(table, problems)
    return tuple(ordered)


def _fault(mine: pd.Index, wanted: pd.Index) -> str:
    """Say why labels cannot be brought into the order wanted; empty where they can."""
    if mine.equals(wanted):
        return ""
    faults = [
        f"more than once {whose} {_named(twice)}"
        for labels, whose in ((mine, "here"), (wanted, "there"))
        if len(twice := labels[labels.duplicated()].unique())
    ] or [
        f"{what} {_named(lone)}"
        for labels, others, what in ((wanted, mine, "missing"), (mine, wanted, "too many"))
        if len(lone := labels[others.get_indexer(labels) < 0])
    ]
    return ", ".join(faults)


def _named(labels: pd.Index) -> str:
    return first_of(list(np.asarray(labels, dtype=object)), limit=3)
