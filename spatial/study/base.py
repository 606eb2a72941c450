"""What every part of a study file has in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


_GROUP_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = ("population", "official", "listed")


def unrepeated(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """
    Refuse a list that names something twice.

    Returns the same.
    """
    if len(set(items)) < len(items):
        raise ValueError("name each one once")
    return items


def positive(numbers: tuple[float, ...]) -> tuple[float, ...]:
    """
    Refuse a list with a number that is not above 0.

    Returns the same.
    """
    if min(numbers, default=1.0) <= 0:
        raise ValueError("every number must be above 0")
    return numbers


def refuse_group_names(names: Iterable[str]) -> None:
    """Refuse names of groups of people that cannot begin the name of a column."""
    wrong = sorted(name for name in names if not _GROUP_NAME.fullmatch(name) or name in _TAKEN)
    if wrong:
        raise ValueError(
            f"{', '.join(wrong)}: a group is named with small letters, digits and _, and not {', '.join(_TAKEN)}"
        )


class Model(BaseModel):
    """A part of a study file: frozen, without unknown keys, without endless numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)
