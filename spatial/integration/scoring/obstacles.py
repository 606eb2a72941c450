"""What holds a unit back most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.integration.scoring.scores import read_scores, read_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["obstacle_degrees"]


def obstacle_degrees(x: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """
    Share out what a unit lacks among its components: ``w_j (1 - x_j) / sum w (1 - x)``.

    Parameters
    ----------
    x : array_like, (components,) or (units, components)
        Goods, 0-1. NaN = unknown: has no part in it.
    weights : array_like, optional
        One a component; equal by default.

    Returns
    -------
    ndarray of float64
        As `x`; a unit's shares sum to 1, or are all 0 where it lacks nothing. NaN where `x` is.

    Raises
    ------
    ContractError
        For numbers outside 0-1, or weights that are none.

    Examples
    --------
    >>> obstacle_degrees([0.9, 0.4, 0.8], [0.5, 0.3, 0.2]).round(7).tolist()
    [0.1851852, 0.6666667, 0.1481481]
    """
    x, weights = paired("scores", x=(x, "units components"), weights=(weights, "components"))
    values = np.atleast_1d(read_scores("x", x, unknown=True))
    lack = read_weights(weights, values.shape[-1]) * (1.0 - values)
    total = np.nansum(lack, axis=-1, keepdims=True)
    shares = np.divide(lack, total, out=np.zeros_like(lack), where=total > 0.0)
    return np.where(np.isnan(values), np.nan, shares)
