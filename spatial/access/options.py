"""Options of the analysts' functions, checked before anything is computed."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "check_count",
    "check_direction",
    "check_minutes",
    "is_number",
    "numbers",
    "service_names",
    "shown",
]

_DIRECTIONS = ("to_facility", "from_facility")


def check_direction(direction: object) -> None:
    """
    Refuse a direction that is none.

    Parameters
    ----------
    direction : object
        Who travels, as it was given.

    Raises
    ------
    ContractError
        Where it is neither ``"to_facility"`` nor ``"from_facility"``.
    """
    if direction not in _DIRECTIONS:
        raise ContractError(
            "options", [f"direction: is {direction!r}, must be one of {first_of(_DIRECTIONS)}"]
        )


def check_minutes(name: str, minutes: object) -> None:
    """
    Refuse minutes that are below 0, unknown or no number.

    Parameters
    ----------
    name : str
        The option.
    minutes : object
        Its value; infinity is allowed.

    Raises
    ------
    ContractError
        Where it is none.
    """
    if not is_number(minutes, least=0.0):
        raise ContractError("options", [f"{name}: must be 0 or more, is {shown(minutes)}"])


def check_count(name: str, count: object) -> None:
    """
    Refuse a count that is no whole number of 1 or more.

    Parameters
    ----------
    name : str
        The option.
    count : object
        Its value.

    Raises
    ------
    ContractError
        Where it is none.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ContractError("options", [f"{name}: must be 1 or more, a whole number, is {shown(count)}"])


def service_names(service: object) -> frozenset[str]:
    """
    Read a service, or the services of facilities that count for it.

    Parameters
    ----------
    service : object
        One text, or a set or list of texts.

    Returns
    -------
    frozenset of str
        The names.

    Raises
    ------
    ContractError
        Where it is neither.
    """
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

    Parameters
    ----------
    value : object
        The option, as it was given.
    least, most : float
        The bounds, inclusive.

    Returns
    -------
    bool
        False also for NaN and texts.
    """
    return isinstance(value, int | float | np.integer | np.floating) and least <= float(value) <= most


def numbers(table: str, name: str, values: ArrayLike) -> NDArray[np.float64]:
    """
    Read numbers, and say where there are none.

    Parameters
    ----------
    table : str
        What they belong to, for the message.
    name : str
        The column or option.
    values : array_like
        Numbers; NaN is one.

    Returns
    -------
    ndarray of float64
        The numbers; the same array where it holds such already.

    Raises
    ------
    ContractError
        Where one is no number.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ContractError(table, [f"{name}: holds what is no number ({fault})"]) from None


def shown(value: object) -> str:
    """
    Write an option into a message.

    Parameters
    ----------
    value : object
        The option, as it was given.

    Returns
    -------
    str
        Numbers in short, texts in quotes.
    """
    return f"{value:g}" if isinstance(value, int | float) else repr(value)
