"""Last-mile coverage: people near an all-season road who also have a parcel, bus or service point within its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.measures.od_pairs import require_columns
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["last_mile_coverage"]

_NEAR = ("connected", "near")
_COLUMNS = {
    "lower": "last_mile_class_known",
    "upper": "last_mile_class",
}


def last_mile_coverage(
    last_mile: pd.DataFrame,
    access: pd.DataFrame,
    settlements: pd.DataFrame,
    *,
    targets: Mapping[str, float],
    mode: str | None = None,
) -> pd.DataFrame:
    """
    Measure the share of people whom the last mile serves.

    A settlement is covered for a point where it is *connected* or *near* to the all-season road and reaches that point
    within its target. Roads of unknown surface make it an interval: the lower bound counts roads known to be
    all-season, the upper one those not known to fail.

    Parameters
    ----------
    last_mile : DataFrame
        The table of that name.
    access : DataFrame
        The access table, which holds the services of `targets`.
    settlements : DataFrame
        With `settlement_id`, `in_study` and `population_persons`; only those in the study count.
    targets : mapping of str to float
        Minutes to each point, inclusive, by service of the access table, such as ``{"parcel_point": 30.0}``.
    mode : str, optional
        Mode of the ways to the points: walk where the table has it, else its first mode.

    Returns
    -------
    DataFrame
        One row for the road alone (`point` road), one for each point, and for any and all of them: `target_min`,
        `persons`, `covered_persons_lower`, `covered_persons_upper`, `coverage_lower`, `coverage_upper` (NaN where
        nobody is counted), `places`, `covered_places_lower`, `covered_places_upper`.

    Raises
    ------
    ContractError
        Where a target is negative or NaN, a service or the mode was not computed, or the tables hold other settlements.

    Examples
    --------
    Of 100 people near the road and 300 far from it, all with a bus stop in time: coverage 0.25 for bus_stop.
    """
    require_columns("access", access, ("settlement_id", "service", "mode", "travel_time_min"))
    modes = list(access["mode"].unique())
    chosen = mode or ("walk" if "walk" in modes else next(iter(modes), ""))
    ours = access.loc[access["mode"] == chosen]
    scored = settlements.loc[settlements["in_study"].to_numpy(dtype=bool)]
    _check(last_mile, ours, scored, (dict(targets), chosen))
    ids = pd.Index(scored["settlement_id"])
    road = last_mile.set_index("settlement_id").reindex(ids)
    near = {bound: road[column].isin(_NEAR).to_numpy(dtype=bool) for bound, column in _COLUMNS.items()}
    within = {service: _within(ours, ids, service, limit) for service, limit in targets.items()}
    everyone = np.ones(len(ids), dtype=bool)
    points = {"road": everyone, **within}
    if within:
        points["any"] = np.logical_or.reduce(list(within.values()))
        points["all"] = np.logical_and.reduce(list(within.values()))
    persons = scored["population_persons"].fillna(0.0).to_numpy(dtype=np.float64)
    rows = [_row(point, targets.get(point, np.nan), has, (near, persons)) for point, has in points.items()]
    return pd.DataFrame(rows).astype({"point": "str"})


def _check(
    last_mile: pd.DataFrame,
    access: pd.DataFrame,
    settlements: pd.DataFrame,
    asked: tuple[dict[str, float], str],
) -> None:
    targets, mode = asked
    problems = [
        f"targets: {service} is {limit:g}, must be 0 or more"
        for service, limit in targets.items()
        if not limit >= 0
    ]
    missing = [service for service in targets if service not in set(access["service"])]
    if missing:
        problems.append(
            f"access: has no rows of mode {mode!r} for {first_of(missing)}; compute these services"
        )
    ids = pd.Index(settlements["settlement_id"])
    for name, frame in (("last_mile", last_mile), ("access", access if targets else last_mile)):
        lacking = ids.difference(pd.Index(frame["settlement_id"]))
        if len(lacking):
            problems.append(f"{name}: lacks {first_of(lacking)}")
    if problems:
        raise ContractError("last-mile coverage", problems)


def _within(access: pd.DataFrame, ids: pd.Index, service: str, limit: float) -> NDArray[np.bool_]:
    rows = access.loc[access["service"] == service].set_index("settlement_id")
    minutes = rows["travel_time_min"].reindex(ids).to_numpy(dtype=np.float64)
    return np.asarray(minutes <= limit)


def _row(
    point: str,
    target_min: float,
    has: NDArray[np.bool_],
    ground: tuple[dict[str, NDArray[np.bool_]], NDArray[np.float64]],
) -> dict[str, object]:
    near, persons = ground
    total = float(persons.sum())
    row: dict[str, object] = {"point": point, "target_min": target_min, "persons": total}
    for bound, by_road in near.items():
        covered = float(persons[has & by_road].sum())
        row[f"covered_persons_{bound}"] = covered
        row[f"coverage_{bound}"] = covered / total if total > 0 else float("nan")
    row["places"] = len(persons)
    for bound, by_road in near.items():
        row[f"covered_places_{bound}"] = int((has & by_road).sum())
    return row
