"""Access in fewer rows: summed over units, and one row a settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.od_pairs import require_columns
from spatial.access.options import numbers, paired
from spatial.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from spatial.arrays import FloatArray


CAP_MIN = 180.0
"""Minutes that a longer or missing way counts as in the capped mean (INDICATORS, section 0)."""
_TOLERANCE = 1e-12
"""Slack of the cumulative share of weights, against rounding."""


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """
    Find the smallest value up to which at least a share of the weight lies; NaN without any weight.

    >>> weighted_quantile(np.array([5.0, 10.0, 20.0, 40.0]), np.array([4.0, 3.0, 2.0, 1.0]), 0.5)
    10.0
    """
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    if len(cumulative) == 0 or cumulative[-1] <= 0.0:
        return float("nan")
    at = int(np.searchsorted(cumulative / cumulative[-1], share - _TOLERANCE))
    return float(values[order][min(at, len(order) - 1)])


def weighted_statistics(
    values: ArrayLike, weights: ArrayLike | None = None, *, cap: float = CAP_MIN
) -> dict[str, float | int]:
    """
    Sum up values of places: how many are known and reached, and their means, which are three and not one.

    Parameters
    ----------
    values : array_like
        Times or other numbers, one a place; inf = not reached, NaN = unknown.
    weights : array_like, optional
        People, 0 or more; NaN weighs nothing. By default every place weighs one.
    cap : float
        What a larger value, or a place that is not reached, counts as in `mean_capped`.

    Returns
    -------
    dict
        Places `n_total`, `n_valid` (known), `n_nan`, `n_inf`; weights `pop_total` and `pop_valid`; `reached_share`
        (of the weight that is known), `mean_reached`, `mean_capped`, `median` (inf where half are not reached); NaN
        where there is no weight.

    Raises
    ------
    ContractError
        Where weights are negative or infinite, or as many as not the values.

    Examples
    --------
    >>> found = weighted_statistics([10.0, 30.0, np.inf, np.nan], [50.0, 25.0, 25.0, 100.0])
    >>> found["reached_share"], round(found["mean_reached"], 6), found["mean_capped"], found["n_nan"]
    (0.75, 16.666667, 57.5, 1)
    """
    values, weights = paired("statistics", values=(values, "places"), weights=(weights, "places"))
    value = numbers("statistics", "values", values).ravel()
    weight = (
        np.ones_like(value)
        if weights is None
        else np.nan_to_num(numbers("statistics", "weights", weights), posinf=np.inf)
    )
    if weight.shape != value.shape:
        raise ContractError("weights", [f"{weight.size} for {value.size} values"])
    if bool(((weight < 0.0) | np.isinf(weight)).any()):
        raise ContractError("weights", ["negative or infinite"])
    known, reached = ~np.isnan(value), np.isfinite(value)
    total = float(weight[known].sum())
    return {
        "n_total": len(value),
        "n_valid": int(known.sum()),
        "n_nan": int((~known).sum()),
        "n_inf": int((known & ~reached).sum()),
        "pop_total": float(weight.sum()),
        "pop_valid": total,
        "reached_share": float(weight[reached].sum()) / total if total > 0.0 else np.nan,
        "mean_reached": _mean(value[reached], weight[reached]),
        "mean_capped": _mean(np.minimum(value[known], cap), weight[known]),
        "median": weighted_quantile(value[known], weight[known], 0.5),
    }


def summarise(
    access: pd.DataFrame,
    *,
    by: str | None = "township",
    settlements: pd.DataFrame | None = None,
    cap_min: float = CAP_MIN,
    min_known_share: float = 0.9,
) -> pd.DataFrame:
    """
    Sum access over units.

    Parameters
    ----------
    access : DataFrame
        The access table.
    by : str or None
        Column of the settlements (or of `access`) to sum over, such as ``"township"`` or ``"tier"``; None for all
        in one.
    settlements : DataFrame, optional
        Gives people, units and who is scored; without it every row counts as a place, and people are NaN.
    cap_min : float
        Minutes that a longer or missing way counts as in `mean_capped_min`.
    min_known_share : float
        Share of places whose people must be known for people to be counted; inclusive.

    Returns
    -------
    DataFrame
        One row a unit, service and mode, sorted: places (`n_total`, `n_valid` known, `n_nan` unknown, `n_inf` not
        reached), people (`pop_total`, `pop_valid`), `reached_share`, `mean_reached_min`, `mean_capped_min` and
        `median_min` (NaN where it is not reached). Means and shares are of people where enough is known of
        them, and of places otherwise; `weighted_by` says which. Places without a unit come under a missing unit.

    Raises
    ------
    ContractError
        Where no table has the column `by`.
    """
    columns, unit = (["settlement_id", "service", "mode", "travel_time_min", "reach_status"], [by] if by else [])
    if settlements is None:
        if by is not None and by not in access:
            raise ContractError("access", [f"{by}: no such column; give settlements=... which has it"])
        rows = access[[*columns, *unit]].assign(persons=np.nan)
    else:
        if by is not None and by not in settlements:
            raise ContractError("settlements", [f"{by}: no such column to sum over"])
        scored = pd.DataFrame(settlements)
        if "in_study" in scored:
            scored = scored.loc[scored["in_study"].to_numpy(dtype=bool)]
        persons = scored.get("population_persons", np.nan)
        right = scored[["settlement_id", *unit]].assign(persons=persons)
        rows = access[columns].merge(right, on="settlement_id", how="inner", validate="many_to_one")
    keys = [name for name in (by, "service", "mode") if name is not None]
    by_people = bool(rows["persons"].notna().mean() >= min_known_share) and bool(rows["persons"].notna().any())
    if len(rows) == 0:
        return pd.DataFrame(columns=[*keys, *_unit(rows, cap_min, by_people=by_people)])
    records = []
    for key, group in rows.groupby(keys, dropna=False, sort=True):
        records.append({**dict(zip(keys, key, strict=True)), **_unit(group, cap_min, by_people=by_people)})
    return pd.DataFrame(records)


def _unit(group: pd.DataFrame, cap_min: float, *, by_people: bool) -> dict[str, object]:
    status = group["reach_status"]
    known = (status != "unknown").to_numpy(dtype=bool)
    reached = (status == "reached").to_numpy(dtype=bool)
    persons = group["persons"].to_numpy(dtype=float)
    weight = np.nan_to_num(persons) if by_people else np.ones(len(group))
    minutes = np.where(reached, group["travel_time_min"].to_numpy(dtype=float), np.inf)
    found = weighted_statistics(np.where(known, minutes, np.nan), weight, cap=cap_min)
    return {
        **{name: found[name] for name in ("n_total", "n_valid", "n_nan", "n_inf")},
        "pop_total": found["pop_total"] if by_people else np.nan,
        "pop_valid": found["pop_valid"] if by_people else np.nan,
        "weighted_by": "people" if by_people else "places",
        "reached_share": found["reached_share"],
        "mean_reached_min": found["mean_reached"],
        "mean_capped_min": found["mean_capped"],
        "median_min": found["median"] if np.isfinite(found["median"]) else np.nan,
    }


def _mean(values: FloatArray, weights: FloatArray) -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0.0 else float("nan")


def widen(access: pd.DataFrame, *, mode: str | None = None) -> pd.DataFrame:
    """
    Turn the access table on its side: one row a settlement, three columns a service and mode.

    Parameters
    ----------
    access : DataFrame
        The access table.
    mode : str, optional
        One mode only; its name is then left out of the columns.

    Returns
    -------
    DataFrame
        `settlement_id`, then for each service and mode ``hospital_drive_min``, ``hospital_drive_id`` and
        ``hospital_drive_status``, in the order in which they first occur.
    """
    require_columns("access", access, ("settlement_id", "service", "mode", "travel_time_min", "reach_status"))
    rows = access if mode is None else access.loc[access["mode"] == mode]
    ids = pd.Index(rows["settlement_id"].unique())
    columns: dict[str, object] = {"settlement_id": pd.Series(ids.to_numpy(dtype=object), dtype="str")}
    parts = (("min", "travel_time_min"), ("id", "facility_id"), ("status", "reach_status"))
    for (service, its_mode), group in rows.groupby(["service", "mode"], sort=False):
        stem = str(service) if mode is not None else f"{service}_{its_mode}"
        indexed = group.set_index("settlement_id")
        for suffix, column in parts:
            columns[f"{stem}_{suffix}"] = indexed[column].reindex(ids).reset_index(drop=True)
    return pd.DataFrame(columns)
