"""People of settlements scaled to the official numbers of their units; what cannot be scaled is left and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Scaling", "scale_to_units", "sums_by_unit"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What became of the people of every unit."""

    # shape (m,), official number over ours; NaN where one of them is not known, or ours is nobody
    factor: FloatArray
    # shape (m,), scaled, or why not: no_official, no_places, partly_outside, people_unknown, official_zero,
    # nobody_of_ours, factor_refused
    status: NDArray[np.str_]
    # shape (n,), by which the people of each settlement are multiplied; 1 where they stay
    applied: FloatArray


def sums_by_unit(persons: FloatArray, home: NDArray[np.intp], size: int) -> FloatArray:
    """
    Add up people by unit.

    Returns sum of the known; 0 for a unit without settlements, NaN where no settlement of it has a number.

    Examples
    --------
    >>> sums_by_unit(np.array([1.0, np.nan, 2.0, np.nan]), np.array([0, 0, 0, 1]), 3).tolist()
    [3.0, nan, 0.0]
    """
    belongs, known = home >= 0, ~np.isnan(persons)
    sums = np.bincount(home[belongs & known], weights=persons[belongs & known], minlength=size)
    members = np.bincount(home[belongs], minlength=size)
    counted = np.bincount(home[belongs & known], minlength=size)
    return np.where((members > 0) & (counted == 0), np.nan, sums)


def scale_to_units(
    persons: FloatArray,
    home: NDArray[np.intp],
    official: FloatArray,
    *,
    in_study: NDArray[np.bool_],
    max_factor: float,
) -> Scaling:
    """
    Scale the people of every unit's settlements to its official number.

    A unit is scaled as a whole or not at all: not where it has settlements outside the study area or without a number
    (whose people would go to others), not to an official number of nobody, and not by more than a stated factor.

    Examples
    --------
    >>> found = scale_to_units(
    ...     np.array([60.0, 40.0, 7.0]), np.array([0, 0, -1]), np.array([150.0]),
    ...     in_study=np.ones(3, dtype=bool), max_factor=2.0,
    ... )
    >>> found.status.tolist(), found.applied.tolist()
    (['scaled'], [1.5, 1.5, 1.0])
    """
    _refuse(persons, home, official, in_study, max_factor)
    size = len(official)
    ours = sums_by_unit(persons, home, size)
    members = np.bincount(home[home >= 0], minlength=size)
    outside = np.bincount(home[(home >= 0) & ~in_study], minlength=size)
    unknown = np.bincount(home[(home >= 0) & np.isnan(persons)], minlength=size)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.where(ours > 0, official / ours, np.nan)
    far = (factor > max_factor) | (factor < 1.0 / max_factor)
    status = np.select(
        [
            np.isnan(official),
            members == 0,
            outside > 0,
            unknown > 0,
            (official == 0) & (ours > 0),
            (ours == 0) & (official > 0),
            far | ((ours > 0) & ~np.isfinite(factor)),
        ],
        [
            "no_official",
            "no_places",
            "partly_outside",
            "people_unknown",
            "official_zero",
            "nobody_of_ours",
            "factor_refused",
        ],
        "scaled",
    )
    by_unit = np.where((status == "scaled") & (ours > 0), factor, 1.0)
    applied = np.ones(len(persons))
    applied[home >= 0] = by_unit[home[home >= 0]]
    return Scaling(factor, status, applied)


def _refuse(
    persons: FloatArray,
    home: NDArray[np.intp],
    official: FloatArray,
    in_study: NDArray[np.bool_],
    max_factor: float,
) -> None:
    problems = []
    if not len(persons) == len(home) == len(in_study):
        problems.append("persons, home, in_study: give one value a settlement")
    if len(home) and int(home.max()) >= len(official):
        problems.append(
            f"home: unit {int(home.max())} of {len(official)} units; give one official number a unit"
        )
    if (persons < 0).any() or (official < 0).any():
        problems.append("persons, official: people are negative; correct them")
    if not max_factor >= 1:
        problems.append(f"max_factor: must be 1 or more, is {max_factor}")
    if problems:
        raise ContractError("scaling to units", problems)
