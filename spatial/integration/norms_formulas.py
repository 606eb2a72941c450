"""Arithmetic of a norm: coverage with bounds, attainment, shortfall, depth of the gap, gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.measures import poverty
from spatial.access.measures.poverty import gap_depth

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["attainment", "fgt_poverty", "gap_depth", "gate_status", "guiding_attainment", "shortfall"]

SHARE_TOLERANCE = 1e-9
"""A share this little below its target meets it: sums of floats are not exact."""


def attainment(share: ArrayLike, target_share: ArrayLike) -> NDArray[np.float64]:
    """
    How much of its target share a norm has reached: ``min(1, S / tau)``.

    Returns 0-1; NaN where the share is.

    Examples
    --------
    >>> float(attainment(0.45, 0.9))
    0.5
    """
    reached: NDArray[np.float64] = np.minimum(
        1.0, np.asarray(share, dtype=np.float64) / np.asarray(target_share, dtype=np.float64)
    )
    return reached


def shortfall(share: ArrayLike, target_share: ArrayLike) -> NDArray[np.float64]:
    """
    How much of its target share a norm lacks: ``max(0, tau - S) / tau``.

    Returns 0-1; NaN where the share is.

    Examples
    --------
    >>> float(shortfall(0.45, 0.9))
    0.5
    """
    target = np.asarray(target_share, dtype=np.float64)
    lacking: NDArray[np.float64] = np.maximum(0.0, target - np.asarray(share, dtype=np.float64)) / target
    return lacking


def fgt_poverty(
    values: ArrayLike, weights: ArrayLike, *, threshold: float, fail_point: float
) -> NDArray[np.float64]:
    """
    Access poverty by Foster, Greer and Thorbecke (1984), for a bad such as minutes.

    Parameters
    ----------
    values : array_like
        Minutes or metres; `inf` = none reached (depth 1), NaN = unknown (left out).
    weights : array_like
        Persons; NaN = unknown (left out).
    threshold : float
        Inclusive.
    fail_point : float
        Where the depth is 1.

    Returns
    -------
    ndarray
        Three numbers 0-1: share beyond the threshold, mean depth, mean squared depth; NaN without any weight.

    Examples
    --------
    >>> fgt_poverty([30.0, 45.0], [1.0, 1.0], threshold=30.0, fail_point=60.0).tolist()
    [0.5, 0.25, 0.125]
    """
    found = poverty.fgt_poverty(
        values,
        line=threshold,
        above=True,
        bound=fail_point,
        weights=weights,
    )
    return np.array([found["fgt0"], found["fgt1"], found["fgt2"]])


def gate_status(norm_results: pd.DataFrame) -> pd.DataFrame:
    """
    Judge every unit by its gates alone; nothing compensates a gate, and no gate in force is never a pass.

    Examples
    --------
    >>> one = {"unit_level": ["study"], "unit_id": ["study"], "norm_id": ["a"], "gate": ["none_applicable"]}
    >>> gate_status(pd.DataFrame(one))["mandatory_status"].tolist()
    ['none_applicable']
    """
    unit = ["unit_level", "unit_id"]
    flags = norm_results[unit].assign(
        n_pass=norm_results["gate"] == "pass",
        n_fail=norm_results["gate"] == "fail",
        n_unknown=norm_results["gate"] == "unknown",
    )
    sums = flags.groupby(unit, sort=True, observed=True).sum().astype("int64").reset_index()
    sums["n_gates"] = sums["n_pass"] + sums["n_fail"] + sums["n_unknown"]
    status = np.select(
        [sums["n_fail"] > 0, sums["n_unknown"] > 0, sums["n_pass"] > 0],
        ["fail", "unknown", "pass"],
        "none_applicable",
    )
    sums["mandatory_status"] = pd.Series(status, index=sums.index, dtype="str")
    return sums[[*unit, "mandatory_status", "n_pass", "n_gates"]]


def guiding_attainment(norm_results: pd.DataFrame, *, floor: float = 0.01) -> float:
    """
    Mean attainment of the graded norms of the study, as a geometric mean.

    Returns 0-1; NaN where nothing is graded. Gates are not in it: they are judged by `gate_status`.

    Examples
    --------
    >>> row = {"unit_level": ["study"], "norm_class": ["guiding"], "gate": ["none_applicable"], "attainment": [0.5]}
    >>> guiding_attainment(pd.DataFrame(row))
    0.5
    """
    graded = (norm_results["unit_level"] == "study") & (norm_results["gate"] == "none_applicable")
    values = norm_results.loc[graded, "attainment"].dropna().to_numpy(dtype=float)
    if not len(values):
        return float("nan")
    return float(np.exp(np.log(np.maximum(values, floor)).mean()))
