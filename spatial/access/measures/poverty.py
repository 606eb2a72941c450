"""Access poverty: how many people lie beyond a line, and how far (Foster, Greer and Thorbecke 1984)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = ["fgt_poverty", "gap_depth"]

FloatArray: TypeAlias = NDArray[np.float64]


def gap_depth(values: ArrayLike, *, threshold: float, fail_point: float) -> FloatArray:
    """
    How far beyond a threshold, from 0 at it to 1 at the fail point: ``clip((v - theta) / (B - theta), 0, 1)``.

    Returns 0-1; NaN where the value is; 1 where none is reached.

    Examples
    --------
    >>> gap_depth([30.0, 45.0, float("inf")], threshold=30.0, fail_point=60.0).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.clip((np.asarray(values, dtype=np.float64) - threshold) / (fail_point - threshold), 0.0, 1.0)


def fgt_poverty(
    values: ArrayLike,
    *,
    line: float,
    above: bool = False,
    bound: float | None = None,
    weights: ArrayLike | None = None,
    alpha: Sequence[float] = (0, 1, 2),
) -> pd.Series[float]:
    """
    Measure access poverty: the share beyond a line, the mean depth, and the mean squared depth.

    Parameters
    ----------
    values : array_like
        One a place. Times, with ``above=True``: inf = unreachable, which is as deep as can be. Opportunities, with
        ``above=False``. NaN = unknown: left out and counted apart.
    line : float
        The poverty line; a value at it is not poor.
    above : bool
        Whether poor is above the line (minutes, metres) or below it (opportunities, supply a person).
    bound : float, optional
        Where the depth is 1: above the line for times, where it must be given; below it otherwise, by default 0.
    weights : array_like, optional
        Persons, 0 or more; NaN = unknown: left out and counted apart. By default every place counts one.
    alpha : sequence of float
        Powers of the depth, 0 or more: 0 the share of the poor, 1 the mean depth, 2 the mean squared depth.

    Returns
    -------
    Series
        ``fgt0``, ``fgt1``, ``fgt2`` (one a power), 0-1 and NaN where nobody is weighed, then `n_total`, `n_valid`,
        `n_nan` (value or weight unknown), `n_inf` (valid and unreachable), `pop_total`, `pop_valid` (sums of weights).

    Raises
    ------
    ContractError
        For a line, bound or power out of range, weights that are negative, infinite or as many as not the values.

    Notes
    -----
    ``FGT_a = sum w [g > 0] g^a / sum w`` with ``g = clip((v - line) / (bound - line), 0, 1)``. With ``bound=0`` below
    the line it is the measure of the R package `accessibility`, ``g = (line - v) / line``.

    Examples
    --------
    >>> fgt_poverty([30.0, 45.0], line=30.0, above=True, bound=60.0)[["fgt0", "fgt1", "fgt2"]].tolist()
    [0.5, 0.25, 0.125]
    >>> fgt_poverty([4.0, 1.0], line=4.0)["fgt1"].item()
    0.375
    """
    values, weights = paired("poverty", values=(values, "places"), weights=(weights, "places"))
    value = np.atleast_1d(numbers("poverty", "values", values)).ravel()
    weight = np.ones_like(value) if weights is None else numbers("poverty", "weights", weights).ravel()
    goal = 0.0 if bound is None and not above else np.nan if bound is None else float(bound)
    _check(value, weight, line, above=above, bound=goal, alpha=alpha)
    depth = gap_depth(value, threshold=line, fail_point=goal)
    valid = ~np.isnan(depth) & ~np.isnan(weight)
    g, w = depth[valid], weight[valid]
    total = float(w.sum())
    powers = {
        f"fgt{power:g}": float(((g > 0.0) * g**power) @ w) / total if total > 0.0 else np.nan
        for power in alpha
    }
    counts = {
        "n_total": len(value),
        "n_valid": int(valid.sum()),
        "n_nan": int((~valid).sum()),
        "n_inf": int(np.isinf(value[valid]).sum()),
        "pop_total": float(np.nansum(weight)),
        "pop_valid": total,
    }
    return pd.Series({**powers, **counts}, dtype=np.float64)


def _check(
    value: FloatArray, weight: FloatArray, line: float, *, above: bool, bound: float, alpha: Sequence[float]
) -> None:
    problems = []
    if not np.isfinite(line):
        problems.append(f"line: must be finite, is {line}")
    if above and not line < bound < np.inf:
        problems.append(f"bound: where the depth is 1; with above=True give one above the line, is {bound}")
    if not above and not -np.inf < bound < line:
        problems.append(f"bound: must be finite and below the line {line}, is {bound}")
    if len(weight) != len(value):
        problems.append(f"weights: {len(weight)} for {len(value)} values")
    if bool(((weight < 0.0) | np.isinf(weight)).any()):
        problems.append("weights: negative or infinite")
    if not all(0.0 <= power < np.inf for power in alpha):
        problems.append(f"alpha: powers must be 0 or more, are {tuple(alpha)}")
    if problems:
        raise ContractError("options", problems)
