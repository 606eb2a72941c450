"""Gaps: which settlements a norm leaves out, in order of the people concerned, and what would help there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.norms.evidence import AccessLookup
from spatial.norms.measuring import ACCESS_METRICS, modes_for
from spatial.reporting.wording import columns_told, plain
from spatial.tables.words import REACH_STATUS, REMEDY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# What helps a place beyond a norm: a site or a road, or a mobile service where the village is to be relocated.

SITE_OR_ROAD, MOBILE_SERVICE = REMEDY
RELOCATES = "relocate"
"""Class of a village that its plan moves or merges; every other class, protected too, is served by sites and roads."""


def remedies_of(ids: pd.Series, settlements: pd.DataFrame) -> pd.Series:
    """Say what helps each place."""
    moves = ids.isin(mobile_places(settlements))
    return pd.Series(np.where(moves, MOBILE_SERVICE, SITE_OR_ROAD), index=ids.index, dtype="str")


def mobile_places(settlements: pd.DataFrame) -> frozenset[str]:
    """List the villages that are to be relocated."""
    if "village_plan_class" not in settlements:
        return frozenset()
    moves = settlements["village_plan_class"] == RELOCATES
    return frozenset(settlements.loc[moves, "settlement_id"].astype(str))


def mobile_people(norm_id: str, results: pd.DataFrame, places: frozenset[str]) -> dict[str, Any] | None:
    """
    Count, of those beyond a norm as mapped, the ones whom a mobile service is to reach.

    Returns `places` and `persons`, the latter None where nobody knows them; None where there is no such
    place.
    """
    if not places:
        return None
    own = (results["unit_level"] == "settlement") & (results["norm_id"] == norm_id)
    rows = results.loc[own & (results["status_as_mapped"] == "not_met")]
    rows = rows.loc[rows["unit_id"].isin(places)]
    if rows.empty:
        return None
    return {"places": len(rows), "persons": plain(rows["persons_unserved"].sum(min_count=1))}


def remedy_counts(gaps: pd.DataFrame) -> Mapping[str, dict[str, int]]:
    """Count gaps and the places that they concern by remedy."""
    return {
        remedy: {
            "gaps": int((gaps["remedy"] == remedy).sum()),
            "places": int(gaps.loc[gaps["remedy"] == remedy, "settlement_id"].nunique()),
        }
        for remedy in REMEDY
    }


# Gaps: which settlements a norm leaves out, in order of the people concerned.

MINUTES = "min"
BEST_FIRST = ("reached", "beyond_cutoff", "unknown", "not_snapped", "no_path", "no_facility")
"""Of several modes, the one that says most about the settlement."""


def quickest_ways(gaps: pd.DataFrame, access: pd.DataFrame, meant: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Take the row of `access` of each gap's quickest way, by settlement and norm; `meant` pairs norms with modes."""
    modes = pd.DataFrame(meant, columns=["norm_id", "mode"])
    ways = gaps[["settlement_id", "norm_id", "service"]].merge(modes).merge(access)
    ways = ways.sort_values("travel_time_min", kind="stable").drop_duplicates(["settlement_id", "norm_id"])
    return ways.set_index(["settlement_id", "norm_id"])


def rank_gaps(
    norm_results: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    register: pd.DataFrame,
    *,
    near_miss_min: float = 5.0,
) -> gpd.GeoDataFrame:
    """
    Rank the settlements that a norm leaves out, as mapped, by the people concerned.

    A gap is a settlement beyond a norm that is judged: in force, adopted where it is only authorised, with a share
    that applies to the study, and no duty trigger. Gaps are as mapped: where the inventory of the service is not
    complete their `status` is not_measurable, for a nearer facility may only be missing from the map. Villages that are
    to be relocated are gaps like all others; their `remedy` is a mobile service.

    Examples
    --------
    >>> gaps = rank_gaps(results, settlements, access, register)  # doctest: +SKIP
    >>> gaps.iloc[0][["settlement_id", "norm_id", "persons_unserved"]]  # doctest: +SKIP
    """
    study = norm_results.loc[norm_results["unit_level"] == "study"]
    judged = list(study.loc[study["status"] != "not_applicable", "norm_id"])
    level = norm_results["unit_level"] == "settlement"
    missed = norm_results["status_as_mapped"] == "not_met"
    rows = norm_results.loc[level & missed & norm_results["norm_id"].isin(judged)].reset_index(drop=True)
    rules = register.set_index("norm_id")
    unit = rules["unit"].reindex(rows["norm_id"]).to_numpy()
    upward = (rules["direction"] == "max").reindex(rows["norm_id"]).to_numpy(dtype=bool)
    over = (rows["value"] - rows["threshold"]).where(upward, rows["threshold"] - rows["value"])
    near = (unit == MINUTES) & (over <= near_miss_min).to_numpy()
    ids = pd.Index(rows["unit_id"].unique())
    lookup = AccessLookup(access, ids)
    reach = pd.Series(np.where(rows["value"].notna(), "reached", "no_facility"), index=rows.index, dtype="str")
    metrics, modes_wanted = rules["metric"].to_dict(), rules["mode"].to_dict()
    meant: list[tuple[str, str]] = []
    for norm_id, positions in rows.groupby("norm_id", sort=True).indices.items():
        metric, mode_wanted = str(metrics[norm_id]), modes_wanted[norm_id]
        if metric not in ACCESS_METRICS:
            reach.iloc[positions] = np.where(rows["value"].iloc[positions] > 0, "reached", "no_facility")
            continue
        service = str(rows["service"].iloc[positions[0]])
        wanted = modes_for(mode_wanted if isinstance(mode_wanted, str) else "", lookup.modes)
        meant.extend((str(norm_id), mode) for mode in wanted)
        ways = [way for mode in wanted if (way := lookup.along(service, mode)) is not None]
        if ways and metric != "dist_m":
            place = np.array([BEST_FIRST.index(name) for name in REACH_STATUS])
            best = np.stack([place[way.reach] for way in ways]).min(axis=0)
            words = np.array(BEST_FIRST, dtype=object)[best]
            reach.iloc[positions] = words[ids.get_indexer(pd.Index(rows["unit_id"].iloc[positions]))]
    frame = pd.DataFrame(
        {
            "settlement_id": rows["unit_id"],
            "norm_id": rows["norm_id"],
            "service": rows["service"],
            "norm_class": rows["norm_class"],
            "value": rows["value"],
            "threshold": rows["threshold"],
            "unit": pd.Series(unit, dtype="str"),
            "excess": over,
            "persons_unserved": rows["persons_unserved"],
            "is_near_miss": near,
            "status": rows["status"],
            "reach_status": reach,
            "remedy": remedies_of(rows["unit_id"], settlements),
        }
    )
    told = [name for name in columns_told("access")["gaps"] if name in access]
    if told and meant:
        frame = frame.join(quickest_ways(frame, access, meant)[told], on=["settlement_id", "norm_id"])
    keys = frame.assign(
        _unsure=frame["status"] != "not_met",
        _people=-frame["persons_unserved"].fillna(-1.0),
        _excess=-frame["excess"].fillna(np.inf),
    )
    order = keys.sort_values(
        ["_unsure", "is_near_miss", "_people", "_excess", "settlement_id", "norm_id"], kind="stable"
    ).index
    ranked = frame.loc[order].reset_index(drop=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1, dtype=np.int64))
    home = settlements.set_index("settlement_id")
    where = home.index.get_indexer(pd.Index(ranked["settlement_id"]))
    for name in ("township_id", "township"):
        if name in settlements:
            ranked[name] = pd.Series(home[name].to_numpy()[where], index=ranked.index).astype("str")
    return gpd.GeoDataFrame(ranked, geometry=home.geometry.to_numpy()[where], crs=settlements.crs)
