"""The integration level: a mean of levels that only rise, with an interval where one is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import is_number, shown
from spatial.errors import ContractError
from spatial.integration.scoring.scores import read_scores, read_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["FLOOR", "IntegrationLevel", "integration_level"]

FLOOR = 0.01
"""What a level of 0 counts as in a geometric mean, so that one zero does not hide all else (INDICATORS, 4.3)."""


@dataclass(frozen=True)
class IntegrationLevel:
    """
    Levels of units.

    Parameters
    ----------
    level : ndarray of float64
        Weighted geometric mean of the parts that are known; NaN where none is.
    arithmetic : ndarray of float64
        Their weighted arithmetic mean, beside it.
    low, high : ndarray of float64
        The level if what is missing were at the floor, and at 1; both are the level where nothing is missing, and NaN
        where there are no parts at all, which is no level.
    missing : ndarray of int64
        Parts that are unknown.
    """

    level: FloatArray
    arithmetic: FloatArray
    low: FloatArray
    high: FloatArray
    missing: NDArray[np.int64]


def integration_level(
    components: ArrayLike, *, weights: ArrayLike | None = None, floor: float = FLOOR
) -> IntegrationLevel:
    """
    Join levels into one, so that it rises with each of them and a low one is not made good by a high one.

    Parameters
    ----------
    components : array_like, (parts,) or (units, parts)
        Levels of pillars, or components of one pillar, 0-1. NaN = missing.
    weights : array_like, optional
        One a part; equal by default.
    floor : float
        What lower levels count as in the geometric mean; above 0, below 1.

    Returns
    -------
    IntegrationLevel
        Exactly 1 where all parts are 1; NaN where there are none. Units with other parts missing are not to be compared
        by `level`.

    Raises
    ------
    ContractError
        For numbers outside 0-1, or weights or a floor that are none.

    Examples
    --------
    >>> joined = integration_level([0.9, 0.4, 0.8], weights=[0.5, 0.3, 0.2])
    >>> round(float(joined.level), 7), round(float(joined.arithmetic), 7)
    (0.689219, 0.73)
    """
    if not is_number(floor, least=0.0) or not 0.0 < floor < 1.0:
        raise ContractError("scores", [f"floor: must lie between 0 and 1, is {shown(floor)}"])
    components, weights = paired("scores", components=(components, "units parts"), weights=(weights, "parts"))
    parts = np.atleast_1d(read_scores("components", components, unknown=True))
    w = read_weights(weights, parts.shape[-1])
    known = ~np.isnan(parts)
    part_of = np.where(known, w, 0.0)
    mass = part_of.sum(axis=-1)
    safe = np.where(mass > 0.0, mass, np.nan)
    logs = np.log(np.maximum(np.where(known, parts, 1.0), floor))
    total = (part_of * logs).sum(axis=-1)
    some = 1.0 if parts.shape[-1] else np.nan
    return IntegrationLevel(
        level=np.exp(total / safe),
        arithmetic=(part_of * np.where(known, parts, 0.0)).sum(axis=-1) / safe,
        low=some * np.exp(total + np.where(known, 0.0, w).sum(axis=-1) * np.log(floor)),
        high=some * np.exp(total),
        missing=(~known).sum(axis=-1),
    )
