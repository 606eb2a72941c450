"""Gaps: which settlements a norm leaves out, in order of the people concerned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.integration.norms_evidence import AccessLookup
from spatial.integration.norms_measure import modes_for
from spatial.integration.register import with_norm_id
from spatial.planning.remedies import remedies_of
from spatial.tables import REACH_STATUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["rank_gaps"]

MINUTES = "min"
ACCESS_METRICS = frozenset({"time_min", "roundtrip_time_min", "network_dist_m", "dist_m"})
BEST_FIRST = ("reached", "beyond_cutoff", "unknown", "not_snapped", "no_path", "no_facility")
"""Of several modes, the one that says most about the settlement."""


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
    judged = _judged_norms(norm_results)
    level = norm_results["unit_level"] == "settlement"
    missed = norm_results["status_as_mapped"] == "not_met"
    rows = norm_results.loc[level & missed & norm_results["norm_id"].isin(judged)].reset_index(drop=True)
    rules = with_norm_id(register).set_index("norm_id")
    unit = rules["unit"].reindex(rows["norm_id"]).to_numpy()
    upward = (rules["direction"] == "max").reindex(rows["norm_id"]).to_numpy(dtype=bool)
    over = (rows["value"] - rows["threshold"]).where(upward, rows["threshold"] - rows["value"])
    near = (unit == MINUTES) & (over <= near_miss_min).to_numpy()
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
            "reach_status": _reach_of(rows, access, rules),
            "remedy": remedies_of(rows["unit_id"], settlements),
        }
    )
    return _placed(_ranked(frame), settlements)


def _judged_norms(norm_results: pd.DataFrame) -> list[str]:
    study = norm_results.loc[norm_results["unit_level"] == "study"]
    return list(study.loc[study["status"] != "not_applicable", "norm_id"])


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
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
    return ranked


def _placed(frame: pd.DataFrame, settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    units = [name for name in ("township_id", "township") if name in settlements]
    home = settlements.set_index("settlement_id")
    where = home.index.get_indexer(pd.Index(frame["settlement_id"]))
    joined = frame.assign(**{name: home[name].to_numpy()[where] for name in units})
    for name in units:
        joined[name] = joined[name].astype("str")
    return gpd.GeoDataFrame(joined, geometry=home.geometry.to_numpy()[where], crs=settlements.crs)


def _reach_of(rows: pd.DataFrame, access: pd.DataFrame, rules: pd.DataFrame) -> pd.Series:
    ids = pd.Index(rows["unit_id"].unique())
    lookup = AccessLookup(access, ids)
    reach = pd.Series(
        np.where(rows["value"].notna(), "reached", "no_facility"), index=rows.index, dtype="str"
    )
    metrics, modes_wanted = rules["metric"].to_dict(), rules["mode"].to_dict()
    for norm_id, positions in rows.groupby("norm_id", sort=True).indices.items():
        metric, mode_wanted = str(metrics[norm_id]), modes_wanted[norm_id]
        if metric not in ACCESS_METRICS:
            reach.iloc[positions] = np.where(rows["value"].iloc[positions] > 0, "reached", "no_facility")
            continue
        service = str(rows["service"].iloc[positions[0]])
        wanted = modes_for(mode_wanted if isinstance(mode_wanted, str) else "", lookup.modes)
        modes = [mode for mode in wanted if lookup.has(service, mode)]
        if modes and metric != "dist_m":
            words = _best_reach(lookup, service, modes)
            reach.iloc[positions] = words[ids.get_indexer(pd.Index(rows["unit_id"].iloc[positions]))]
    return reach


def _best_reach(lookup: AccessLookup, service: str, modes: list[str]) -> NDArray[np.object_]:
    place = np.array([BEST_FIRST.index(name) for name in REACH_STATUS])
    best = np.stack([place[lookup.reach(service, mode)] for mode in modes]).min(axis=0)
    words: NDArray[np.object_] = np.array(BEST_FIRST, dtype=object)[best]
    return words
