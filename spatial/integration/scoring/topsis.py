"""Closeness to the best that can be (Hwang and Yoon 1981)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.access.labels import paired
from spatial.errors import ContractError
from spatial.integration.scoring.scores import read_scores, read_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["topsis"]


def topsis(
    x: ArrayLike, weights: ArrayLike | None = None, *, ideals: Literal["fixed", "sample"] = "fixed"
) -> NDArray[np.float64]:
    """
    Measure how much nearer units are to the best than to the worst.

    Parameters
    ----------
    x : array_like, (units, components)
        Goods, 0-1.
    weights : array_like, optional
        One a component; equal by default.
    ideals : {'fixed', 'sample'}
        Best and worst are 1 and 0, so that results stay when a unit is added; or the classical ones, the best and
        worst found among the units after each component is divided by its length, under which ranks may reverse.

    Returns
    -------
    ndarray of float64
        0-1, one a unit; NaN where best and worst are the same.

    Raises
    ------
    ContractError
        For numbers outside 0-1 or NaN, another shape, or weights that are none.

    Examples
    --------
    >>> topsis([[0.2, 0.9], [0.4, 0.5]], [0.5, 0.5]).round(7).tolist()
    [0.5334828, 0.4505]
    """
    x, weights = paired("scores", x=(x, "units components"), weights=(weights, "components"))
    values = read_scores("x", x)
    if values.ndim != 2:
        raise ContractError("scores", [f"x: is {values.shape}, must be units by components"])
    if ideals not in ("fixed", "sample"):
        raise ContractError("scores", [f"ideals: is {ideals!r}, must be fixed or sample"])
    w = read_weights(weights, values.shape[1])
    if ideals == "sample":
        length = np.sqrt((values**2).sum(axis=0))
        values = np.divide(values, length, out=np.zeros_like(values), where=length > 0.0)
        best, worst = values.max(axis=0, initial=0.0), values.min(axis=0, initial=1.0)
    else:
        best, worst = np.ones(len(w)), np.zeros(len(w))
    to_best = np.sqrt((((best - values) * w) ** 2).sum(axis=1))
    to_worst = np.sqrt((((values - worst) * w) ** 2).sum(axis=1))
    both = to_best + to_worst
    closeness: NDArray[np.float64] = np.divide(
        to_worst, both, out=np.full(len(values), np.nan), where=both > 0.0
    )
    return closeness
