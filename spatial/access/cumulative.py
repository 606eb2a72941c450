"""What can be reached within cutoffs or weighed by time, how many lie beyond a line; access in fewer rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from spatial.access.decays import Decay
from spatial.access.od_pairs import (
    COUNT,
    Pairs,
    checked_access,
    offer_of,
    people_of,
    read_pairs,
    require_columns,
    require_decay,
    require_within,
    rows_along,
    statuses,
    weigh_pairs,
    with_ids_of,
)
from spatial.access.options import (
    ABOVE_ZERO,
    FINITE,
    check_minutes,
    cutoffs_of,
    is_number,
    not_within,
    numbers,
    paired,
    shown,
)
from spatial.arrays import FloatArray
from spatial.errors import ContractError, faults_at, refuse
from spatial.inputs.services import Vocabulary

# What can be reached: opportunities within cutoffs, and opportunities weighed by time.


_ON_THE_GRID = 1e-9
"""Slack in steps, so that a grid ends at its upper bound in spite of rounding."""


def cumulative_cutoff(  # noqa: PLR0913 - the options of the function that analysts know, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoffs_min: float | Sequence[float | None] | None,
    opportunities: str = COUNT,
) -> pd.DataFrame:
    """
    Count the opportunities within one or several cutoffs of every settlement.

    Parameters
    ----------
    od : DataFrame
        Pairs as `travel_times` gives them: `from_id`, `to_id`, `travel_time_min`, perhaps `mode` (the fastest counts).
    settlements, facilities : DataFrame
        By the contracts of the tables; only existing facilities count.
    service, vocabulary
        As in `cost_to_closest`.
    cutoffs_min : float, None or sequence of them
        Minutes, 0 or more, inclusive; None or inf: whatever can be reached. One that is given twice counts once.
    opportunities : str
        Column of the facilities that is summed, such as ``capacity``, known and 0 or more for each; ``count``: each
        counts one.

    Returns
    -------
    DataFrame
        Long form, one row a settlement and cutoff, always, in the order given: `settlement_id`, `service`, `mode`,
        `cutoff_min`, `value` (0 where nothing is within), `unit`, `status` (reached, beyond_cutoff, no_pair,
        no_facility), `facilities_reached`.

    Raises
    ------
    ContractError
        For bad frames, and for a cutoff that is negative, NaN or beyond the end of the pairs.

    Notes
    -----
    ``C_i = sum_j O_j [t_ij <= T]``.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["v", "v"], "to_id": ["a", "b"], "travel_time_min": [10.0, 40.0]})
    >>> places = pd.DataFrame({"settlement_id": ["v"]})
    >>> schools = pd.DataFrame({"facility_id": ["a", "b"], "service": ["school", "school"]})
    >>> found = cumulative_cutoff(od, places, schools, service="school", cutoffs_min=[5.0, 10.0, 40.0])
    >>> found["value"].tolist()
    [0.0, 1.0, 2.0]
    """
    pairs = read_pairs(od, settlements, facilities, service=service, vocabulary=vocabulary)
    cutoffs = np.array(cutoffs_of(cutoffs_min))
    for cutoff in cutoffs.tolist():
        require_within(pairs.cutoff_min, cutoff, what="cutoffs_min")
    offer = offer_of(pairs, opportunities)
    values = _within(pairs, cutoffs, offer.supply[pairs.destination])
    counts = _within(pairs, cutoffs, np.ones(len(pairs.minutes)))
    n, several = len(settlements), len(cutoffs)
    status = pd.concat([statuses(pairs, counts[:, c] > 0) for c in range(several)], keys=range(several))
    rows = np.arange(n * several).reshape(several, n).T.ravel()
    table = pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].repeat(several).reset_index(drop=True),
            "service": pd.Series(pairs.service, index=range(n * several), dtype="str"),
            "mode": pd.Series(pairs.mode, index=range(n * several), dtype="str"),
            "cutoff_min": np.tile(cutoffs, n),
            "value": values.ravel(),
            "unit": pd.Series(offer.unit, index=range(n * several), dtype="str"),
            "status": status.to_numpy()[rows],
            "facilities_reached": counts.ravel().astype(np.int64),
        }
    )
    return table.astype({"status": "str"})


def cumulative_interval(  # noqa: PLR0913 - the options of the function that analysts know, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    interval_min: ArrayLike,
    step_min: float = 1.0,
    opportunities: str = COUNT,
) -> pd.DataFrame:
    """
    Average the opportunities over all cutoffs of an interval, so that no single cutoff decides.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `cumulative_cutoff`.
    interval_min : array_like of float, shape (2,)
        First and last cutoff, both counted.
    step_min : float
        Minutes between cutoffs, above 0. The last cutoff counts only where steps lead to it.
    opportunities : str
        As in `cumulative_cutoff`.

    Returns
    -------
    DataFrame
        One row a settlement in the order given: `settlement_id`, `service`, `mode`, `value` (the mean), `value_lower`
        and `value_upper` (at the first and last cutoff), `cutoffs`, `unit`, `status` at the last cutoff.

    Raises
    ------
    ContractError
        For bad frames, an interval that is negative, not finite, falling or beyond the end of the pairs, or a step
        that is not above 0.

    Notes
    -----
    The mean over cutoffs of Tomasiello et al. (2023).

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["v", "v"], "to_id": ["a", "b"], "travel_time_min": [10.0, 40.0]})
    >>> places = pd.DataFrame({"settlement_id": ["v"]})
    >>> schools = pd.DataFrame({"facility_id": ["a", "b"], "service": ["school", "school"]})
    >>> found = cumulative_interval(
    ...     od, places, schools, service="school", interval_min=(20.0, 40.0), step_min=10.0
    ... )
    >>> found["value"].round(6).tolist()  # one, one and two schools
    [1.333333]
    """
    if np.shape(interval_min) != (2,):
        raise ContractError("options", [f"interval_min: is {interval_min!r}, must be the first and the last minute"])
    first, last = numbers("options", "interval_min", interval_min).tolist()
    is_step = is_number(step_min, least=ABOVE_ZERO, most=FINITE)
    if not (0.0 <= first <= last < np.inf and is_step):
        told = f"interval_min {interval_min!r}, step_min {shown(step_min)}: must be 0 <= a <= b, step > 0"
        raise ContractError("options", [told])
    steps = int(np.floor((last - first) / step_min + _ON_THE_GRID))
    cutoffs = np.asarray(np.minimum(first + step_min * np.arange(steps + 1), last), dtype=np.float64)
    pairs = read_pairs(od, settlements, facilities, service=service, vocabulary=vocabulary)
    require_within(pairs.cutoff_min, last, what="interval_min")
    offer = offer_of(pairs, opportunities)
    values = _within(pairs, cutoffs, offer.supply[pairs.destination])
    reached = np.bincount(pairs.origin[pairs.minutes <= cutoffs[-1]], minlength=len(settlements)) > 0
    return pd.DataFrame(
        {
            **_head(pairs),
            "value": values.mean(axis=1),
            "value_lower": values[:, 0],
            "value_upper": values[:, -1],
            "cutoffs": len(cutoffs),
            "unit": pd.Series(offer.unit, index=range(len(settlements)), dtype="str"),
            "status": statuses(pairs, reached),
        }
    )


def gravity(  # noqa: PLR0913 - the options of the function that analysts know, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    decay: Decay | Callable[..., Any],
    opportunities: str = COUNT,
) -> pd.DataFrame:
    """
    Sum the opportunities around every settlement, each weighed by its travel time.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `cumulative_cutoff`.
    decay : Decay or callable
        What a facility is worth at so many minutes, such as ``decay_exponential(half_life_min=20)``; or a function of
        your own, of an array of minutes (`decay_from`).
    opportunities : str
        As in `cumulative_cutoff`.

    Returns
    -------
    DataFrame
        One row a settlement in the order given: `settlement_id`, `service`, `mode`, `decay`, `value` (0 where nothing
        has weight), `unit`, `status`, `facilities_reached` (those with a weight above 0).

    Raises
    ------
    ContractError
        For bad frames, and a decay with a cutoff beyond the end of the pairs. A decay without cutoff that the pairs
        cut short is told in a warning, with the weight that is left there.

    Notes
    -----
    Hansen (1959): ``H_i = sum_j O_j f(t_ij)``.

    Examples
    --------
    >>> from spatial.access.decays import decay_linear
    >>> od = pd.DataFrame({"from_id": ["v", "v"], "to_id": ["a", "b"], "travel_time_min": [0.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["v"]})
    >>> schools = pd.DataFrame({"facility_id": ["a", "b"], "service": ["school", "school"]})
    >>> gravity(od, places, schools, service="school", decay=decay_linear(60.0))["value"].tolist()
    [1.75]
    """
    pairs = read_pairs(od, settlements, facilities, service=service, vocabulary=vocabulary)
    offer = offer_of(pairs, opportunities)
    decay = require_decay(pairs, decay)
    n = len(settlements)
    nobody = np.zeros(n)  # competes
    weighed = weigh_pairs(pairs, pairs.minutes, nobody, decay)
    counts = weighed.facilities_reached
    return pd.DataFrame(
        {
            **_head(pairs),
            "decay": pd.Series(str(decay), index=range(n), dtype="str"),
            "value": weighed.to_places(offer.supply),
            "unit": pd.Series(f"weighted {offer.unit}", index=range(n), dtype="str"),
            "status": statuses(pairs, counts > 0),
            "facilities_reached": counts,
        }
    )


def _head(pairs: Pairs) -> dict[str, object]:
    n = len(pairs.settlements)
    return {
        "settlement_id": pairs.settlements["settlement_id"].reset_index(drop=True),
        "service": pd.Series(pairs.service, index=range(n), dtype="str"),
        "mode": pd.Series(pairs.mode, index=range(n), dtype="str"),
    }


def _within(pairs: Pairs, cutoffs: FloatArray, worth: FloatArray) -> FloatArray:
    """Sum the worth of pairs within each cutoff: each pair goes to the first cutoff that it meets, then sums run on."""
    n, several = len(pairs.settlements), len(cutoffs)
    order = np.argsort(cutoffs)
    first = np.searchsorted(cutoffs[order], pairs.minutes, side="left")
    inside = first < several
    cell = pairs.origin[inside] * several + first[inside]
    sums = np.bincount(cell, worth[inside], minlength=n * several).reshape(n, several)
    values = np.empty((n, several))
    values[:, order] = np.cumsum(sums, axis=1)
    return values


# Access poverty: how many people lie beyond a line, and how far (Foster, Greer and Thorbecke 1984).


def gap_depth(values: ArrayLike, *, threshold: float, fail_point: float) -> FloatArray:
    """How far beyond a threshold, from 0 at it to 1 at the fail point: ``clip((v - theta) / (B - theta), 0, 1)``."""
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
    given = {"line": line} if bound is None else {"line": line, "bound": bound}
    refuse(
        "options",
        [
            f"{name}: must be finite, is {shown(number)}"
            for name, number in given.items()
            if not is_number(number, least=-FINITE, most=FINITE)
        ],
    )
    goal = 0.0 if bound is None and not above else np.nan if bound is None else float(bound)
    problems = []
    if above and not line < goal < np.inf:
        problems.append(f"bound: where the depth is 1; with above=True give one above the line, is {goal}")
    if not above and not -np.inf < goal < line:
        problems.append(f"bound: must be finite and below the line {line}, is {goal}")
    if len(weight) != len(value):
        problems.append(f"weights: {len(weight)} for {len(value)} values")
    if bool(((weight < 0.0) | np.isinf(weight)).any()):
        problems.append("weights: negative or infinite")
    if np.ndim(alpha) != 1 or not all(is_number(power, least=0.0, most=FINITE) for power in alpha):
        problems.append(f"alpha: powers must be 0 or more, are {alpha!r}")
    refuse("options", problems)
    depth = gap_depth(value, threshold=line, fail_point=goal)
    valid = ~np.isnan(depth) & ~np.isnan(weight)
    g, w = depth[valid], weight[valid]
    total = float(w.sum())
    powers = {f"fgt{power:g}": float(((g > 0.0) * g**power) @ w) / total if total > 0.0 else np.nan for power in alpha}
    counts = {
        "n_total": len(value),
        "n_valid": int(valid.sum()),
        "n_nan": int((~valid).sum()),
        "n_inf": int(np.isinf(value[valid]).sum()),
        "pop_total": float(np.nansum(weight)),
        "pop_valid": total,
    }
    return pd.Series({**powers, **counts}, dtype=np.float64)


CAP_MIN = 180.0
"""Minutes that a longer or missing way counts as in the capped mean (INDICATORS, section 0)."""
_TOLERANCE = 1e-12
"""Slack of the cumulative share of weights, against rounding."""


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """Find the smallest value up to which at least a share of the weight lies; NaN without any weight."""
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
        (of the weight that is known), `mean_reached`, `mean_capped`, `median` (inf where more than half are not
        reached); NaN where there is no weight.

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
    check_minutes("cap", cap)
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
        Where no table has the column `by`, another one is missing, or a settlement stands twice in `settlements`.
    """
    problems = [*not_within("cap_min", cap_min), *not_within("min_known_share", min_known_share, most=1.0)]
    if not pd.api.types.is_hashable(by):
        problems.append(f"by: is {by!r}, must be the name of one column")
    refuse("options", problems)
    columns, unit = (["settlement_id", "service", "mode", "travel_time_min", "reach_status"], [by] if by else [])
    access = checked_access(access, columns)
    if settlements is None:
        if by is not None and by not in access:
            raise ContractError("access", [f"{by}: no such column; give settlements=... which has it"])
        rows = access[[*columns, *unit]].assign(persons=np.nan)
    else:
        if by is not None and by not in settlements:
            raise ContractError("settlements", [f"{by}: no such column to sum over"])
        require_columns("settlements", settlements, ("settlement_id",))
        ours = with_ids_of(settlements, access[columns], name="access")
        twice = ours.loc[ours.duplicated(columns[:3]), "settlement_id"]
        remedy = "; keep one of each service and mode"
        refuse("access", faults_at("settlement_id: several rows of", twice.unique(), remedy))
        scored = pd.DataFrame(settlements).reset_index(drop=True)
        if "in_study" in scored:
            scored = scored.loc[scored["in_study"].to_numpy(dtype=bool)]
        persons = people_of(scored) if "population_persons" in scored else np.nan
        right = scored[["settlement_id", *unit]].assign(persons=persons)
        rows = ours.reset_index(drop=True).merge(right, on="settlement_id", how="inner")
    keys = [name for name in (by, "service", "mode") if name is not None]
    by_people = bool(rows["persons"].notna().mean() >= min_known_share) and bool(rows["persons"].notna().any())
    if len(rows) == 0:
        return pd.DataFrame(columns=[*keys, *_unit(rows, cap_min, by_people=by_people)])
    groups = rows.reset_index(drop=True).groupby(keys, dropna=False, sort=True)
    return pd.DataFrame(
        [dict(zip(keys, key, strict=True)) | _unit(group, cap_min, by_people=by_people) for key, group in groups]
    )


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

    Raises
    ------
    ContractError
        Where a column is missing, or a settlement has two rows of a service and mode.
    """
    parts = (("min", "travel_time_min"), ("id", "facility_id"), ("status", "reach_status"))
    key = ["settlement_id", "service", "mode"]
    access = checked_access(access, (*key, *(column for _, column in parts)))
    rows = (access if mode is None else access.loc[access["mode"] == mode]).reset_index(drop=True)
    settlements = rows["settlement_id"].drop_duplicates(ignore_index=True)
    ids = pd.Index(settlements)
    columns: dict[str, object] = {"settlement_id": settlements}
    for (service, its_mode), group in rows.groupby(["service", "mode"], sort=False):
        stem = str(service) if mode is not None else f"{service}_{its_mode}"
        along = rows_along(group, ids)
        for suffix, column in parts:
            columns[f"{stem}_{suffix}"] = along[column].reset_index(drop=True)
    return pd.DataFrame(columns)
