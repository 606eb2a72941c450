"""Settlements that lose a service when it is wet: two access tables of the same places, dry and wet, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.measures.od_pairs import require_columns
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WET_STATUS", "wet_loss", "wet_loss_summary"]

WET_STATUS = ("kept", "slower", "lost", "not_served", "unknown")
"""What becomes of a service when it is wet."""
_KEY = ["settlement_id", "service", "mode"]
_ROUNDING_MIN = 1e-6
"""Two sums of the same minutes may differ by less than this."""


def wet_loss(
    access_dry: pd.DataFrame,
    access_wet: pd.DataFrame,
    settlements: pd.DataFrame,
    *,
    cutoff_min: float = np.inf,
) -> pd.DataFrame:
    """
    Compare the access of settlements on a dry and on a wet network.

    Parameters
    ----------
    access_dry, access_wet : DataFrame
        Two access tables of the same settlements, services and modes, in any order.
    settlements : DataFrame
        With `settlement_id`, `population_persons` and `in_study`.
    cutoff_min : float
        Minutes within which a service counts as there; inclusive. Without it, whatever the tables call reached.

    Returns
    -------
    DataFrame
        One row a row of `access_dry`, in its order: `settlement_id`, `service`, `mode`, `dry_min`, `wet_min`,
        `slower_min` (wet less dry; NaN where one is missing), `wet_status`, `wet_reach_status` (why it is lost),
        `facility_changes` (the nearest one is another), `population_persons` and `in_study`. Status: `kept` as fast;
        `slower` but within the cutoff; `lost`: within it when dry and not when wet; `not_served`: not even when dry;
        `unknown` where a table does not know.

    Raises
    ------
    ContractError
        Where the tables hold different rows or repeated ones, name settlements that are not there, or the cutoff is
        negative or NaN.

    Examples
    --------
    With a cutoff of 60, a village at 40 minutes when dry and 50 when wet is `slower`; one at 40 and 61 is `lost`.
    """
    _check(access_dry, access_wet, settlements, cutoff_min)
    dry = access_dry.reset_index(drop=True)
    keys = pd.MultiIndex.from_frame(dry[_KEY])
    wet = access_wet.set_index(_KEY).reindex(keys).reset_index()
    dry_min, wet_min = (frame["travel_time_min"].to_numpy(dtype=np.float64) for frame in (dry, wet))
    places = settlements.set_index("settlement_id").reindex(pd.Index(dry["settlement_id"]))
    changes = dry["facility_id"].fillna("") != wet["facility_id"].fillna("")
    return pd.DataFrame(
        {
            **{name: dry[name] for name in _KEY},
            "dry_min": dry_min,
            "wet_min": wet_min,
            "slower_min": wet_min - dry_min,
            "wet_status": pd.Series(_status(dry, wet, cutoff_min), dtype="str"),
            "wet_reach_status": _reasons(wet, cutoff_min),
            "facility_changes": changes.to_numpy(dtype=bool),
            "population_persons": places["population_persons"].to_numpy(dtype=np.float64),
            "in_study": places["in_study"].to_numpy(dtype=bool),
        }
    )


def wet_loss_summary(loss: pd.DataFrame) -> pd.DataFrame:
    """
    Count the places and people that keep or lose each service.

    Parameters
    ----------
    loss : DataFrame
        Of `wet_loss`; only rows in the study count.

    Returns
    -------
    DataFrame
        One row a service, mode and status, all five statuses always: `places`, `persons` (unknown numbers count as
        nobody, see `places_without_population`) and `share_of_persons`. The persons of the five sum to all.

    Examples
    --------
    Of 100 and 300 people the first lose the school: `lost` 100 persons, share 0.25, `kept` 300.
    """
    require_columns("wet loss", loss, ("in_study", "service", "mode", "wet_status", "population_persons"))
    ours = loss.loc[loss["in_study"].to_numpy(dtype=bool)]
    pairs = ours[["service", "mode"]].drop_duplicates()
    status = pd.DataFrame({"wet_status": pd.Series(WET_STATUS, dtype="str")})
    rows = pairs.merge(status, how="cross")
    table = ours.assign(unknown=ours["population_persons"].isna())
    summed = table.groupby(["service", "mode", "wet_status"], as_index=False, sort=False).agg(
        places=("settlement_id", "size"),
        persons=("population_persons", "sum"),
        places_without_population=("unknown", "sum"),
    )
    rows = rows.merge(summed, how="left", on=["service", "mode", "wet_status"])
    counts = ["places", "places_without_population"]
    rows[counts] = rows[counts].fillna(0).astype(np.int64)
    rows["persons"] = rows["persons"].fillna(0.0)
    total = rows.groupby(["service", "mode"])["persons"].transform("sum")
    return rows.assign(share_of_persons=(rows["persons"] / total.where(total > 0)).astype(np.float64))


def _check(dry: pd.DataFrame, wet: pd.DataFrame, settlements: pd.DataFrame, cutoff_min: float) -> None:
    for name, frame in (("access_dry", dry), ("access_wet", wet)):
        require_columns(name, frame, (*_KEY, "travel_time_min", "reach_status"))
    require_columns("settlements", settlements, ("settlement_id",))
    problems = [] if cutoff_min >= 0 else [f"cutoff_min: is {cutoff_min:g}, must be 0 or more"]
    keys = [pd.MultiIndex.from_frame(frame[_KEY]) for frame in (dry, wet)]
    for name, key in zip(("access_dry", "access_wet"), keys, strict=True):
        if key.has_duplicates:
            problems.append(f"{name}: repeated rows {first_of(key[key.duplicated()].unique())}")
    only = [first.difference(second) for first, second in (keys, keys[::-1])]
    for name, missing in zip(("access_wet", "access_dry"), only, strict=True):
        if len(missing):
            problems.append(f"{name}: rows of the other table are missing: {first_of(missing)}")
    strange = pd.Index(dry["settlement_id"].unique()).difference(pd.Index(settlements["settlement_id"]))
    if len(strange):
        problems.append(f"settlements: lack {first_of(strange)}")
    if problems:
        raise ContractError("wet loss", problems)


def _served(frame: pd.DataFrame, cutoff_min: float) -> NDArray[np.bool_]:
    reached = (frame["reach_status"] == "reached").to_numpy(dtype=bool)
    return reached & (frame["travel_time_min"].to_numpy(dtype=np.float64) <= cutoff_min)


def _status(dry: pd.DataFrame, wet: pd.DataFrame, cutoff_min: float) -> NDArray[np.object_]:
    before, after = _served(dry, cutoff_min), _served(wet, cutoff_min)
    slower = (wet["travel_time_min"] - dry["travel_time_min"]).to_numpy(dtype=np.float64) > _ROUNDING_MIN
    unknown = ((dry["reach_status"] == "unknown") | (wet["reach_status"] == "unknown")).to_numpy(dtype=bool)
    choices = [unknown, ~before, ~after, slower]
    return np.select(choices, ["unknown", "not_served", "lost", "slower"], "kept").astype(object)


def _reasons(wet: pd.DataFrame, cutoff_min: float) -> pd.Series[str]:
    reasons = wet["reach_status"].astype("str")
    late = (reasons == "reached") & ~_served(wet, cutoff_min)
    return reasons.mask(late, "beyond_cutoff")
