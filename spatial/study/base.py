"""What every part of a study file has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Model", "positive", "unrepeated"]


def unrepeated(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """
    Refuse a list that names something twice.

    Parameters
    ----------
    items : tuple
        As given.

    Returns
    -------
    tuple
        The same.

    Raises
    ------
    ValueError
        Where an item is there twice.
    """
    if len(set(items)) < len(items):
        raise ValueError("name each one once")
    return items


def positive(numbers: tuple[float, ...]) -> tuple[float, ...]:
    """
    Refuse a list with a number that is not above 0.

    Parameters
    ----------
    numbers : tuple of float
        As given.

    Returns
    -------
    tuple of float
        The same.

    Raises
    ------
    ValueError
        Where a number is 0 or less.
    """
    if min(numbers, default=1.0) <= 0:
        raise ValueError("every number must be above 0")
    return numbers


class Model(BaseModel):
    """A part of a study file: frozen, without unknown keys, without endless numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)
