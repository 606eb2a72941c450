"""What the score reads from other tables: ways to the county seat, the last mile, the norm by which gaps are told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import StudyError, first_of
from spatial.integration.register import with_norm_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["GapReading", "connection", "gap_reading", "road_is_near", "scaled_norms"]

NEAR = ("connected", "near")
BEYOND = ("gap", "none")
REACHED = ("reached", "beyond_cutoff")
SEATS = ("county_seat", "city", "town")
METRICS = ("time_min", "dist_m", "network_dist_m", "roundtrip_time_min")


@dataclass(frozen=True, eq=False)
class GapReading:
    """One norm read for every place, in its scope or not, so that town and country can be compared."""

    norm: str  # the norm, empty for none; its service; min or m
    service: str
    unit: str
    threshold: float  # inclusive
    value: FloatArray  # minutes or metres; inf = unreachable, NaN = unknown

    @property
    def beyond(self) -> FloatArray:
        """
        Tell who is beyond the norm.

        Returns 1 or 0; NaN = unknown.
        """
        over = (self.value > self.threshold).astype(np.float64)
        return np.where(np.isnan(self.value), np.nan, over)


def road_is_near(last_mile: pd.DataFrame, settlement_ids: Sequence[str]) -> FloatArray:
    """Tell which places are known to have an all-season road near, and which are known to have none."""
    classes = last_mile.set_index("settlement_id").reindex(list(settlement_ids))
    near = classes["last_mile_class_known"].isin(NEAR).to_numpy(dtype=bool)
    beyond = classes["last_mile_class"].isin(BEYOND).to_numpy(dtype=bool)
    return np.where(near, 1.0, np.where(beyond, 0.0, np.nan))


def connection(
    access: pd.DataFrame, last_mile: pd.DataFrame, settlement_ids: Sequence[str], mode: str
) -> FloatArray:
    """Tell which places are connected to the county seat in every season."""
    road = road_is_near(last_mile, settlement_ids)
    reached = np.full(len(road), np.nan)
    mine = access[access["mode"] == mode]
    for tier in SEATS:
        rows = mine[mine["service"] == tier].set_index("settlement_id").reindex(list(settlement_ids))
        status = rows["reach_status"]
        if not status.isin(["no_facility", "unknown"]).all() and status.notna().any():
            unknown = status.isna() | status.eq("unknown")
            reached = np.where(unknown, np.nan, status.isin(REACHED).to_numpy(dtype=np.float64))
            break
    return np.where((road == 0.0) | (reached == 0.0), 0.0, road * reached)


def gap_reading(
    norm_results: pd.DataFrame,
    binding: pd.DataFrame,
    settlement_ids: Sequence[str],
    *,
    asked: str = "",
    headline: Sequence[str] = (),
) -> GapReading:
    """Choose the norm by which gaps are told, and read it for every place."""
    norms = with_norm_id(binding).set_index("norm_id")
    read = set(norm_results.loc[norm_results["unit_level"] == "settlement", "norm_id"])
    fit = [
        norm
        for norm in (*(name for name in headline if name in norms.index), *norms.index)
        if norm in read and norms.loc[norm, "metric"] in METRICS and norms.loc[norm, "direction"] == "max"
    ]
    if asked and asked not in fit:
        raise StudyError(
            "study",
            [
                f"score.gap_norm: {asked!r} binds no place here as a time or distance; such norms are {first_of(fit)}"
            ],
        )
    if not fit:
        return GapReading("", "", "", math.nan, np.full(len(settlement_ids), np.nan))
    norm = asked or fit[0]
    rows = norm_results[(norm_results["unit_level"] == "settlement") & (norm_results["norm_id"] == norm)]
    rows = rows.set_index("unit_id").reindex(list(settlement_ids))
    value = rows["value"].to_numpy(dtype=np.float64)
    nowhere = np.isnan(value) & rows["status_as_mapped"].eq("not_met").to_numpy(dtype=bool)
    row = {name: norms[name].to_dict()[norm] for name in ("service", "unit", "threshold")}
    return GapReading(
        norm,
        str(row["service"]),
        str(row["unit"]),
        float(row["threshold"]),
        np.where(nowhere, np.inf, value),
    )


def scaled_norms(
    norm_results: pd.DataFrame, binding: pd.DataFrame, factor: float, *, units: Sequence[str] = ()
) -> pd.DataFrame:
    """Judge places again as if every time or distance were so many times as long."""
    norms = with_norm_id(binding).set_index("norm_id")
    scaled = norms["metric"].isin(METRICS) & norms["direction"].eq("max")
    if units:
        scaled &= norms["unit"].isin(list(units))
    chosen = set(norms.index[scaled])
    rows = (
        norm_results["unit_level"].eq("settlement")
        & norm_results["norm_id"].isin(chosen)
        & norm_results["status_as_mapped"].isin(["met", "not_met"])
        & norm_results["value"].notna()
    )
    table = norm_results.copy()
    own = table.loc[rows]
    value = own["value"].to_numpy(dtype=np.float64) * factor
    threshold = own["norm_id"].map(norms["threshold"]).to_numpy(dtype=np.float64)
    fail = own["norm_id"].map(norms["fail_point"]).to_numpy(dtype=np.float64)
    met = value <= threshold * (1.0 + 1e-12)
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = np.clip((value - threshold) / (fail - threshold), 0.0, 1.0)
    table.loc[rows, "status_as_mapped"] = np.where(met, "met", "not_met")
    table.loc[rows, "depth_fgt1"] = np.where(np.isnan(depth), 1.0 - met, np.where(met, 0.0, depth))
    for kind in ("persons", "places"):
        table.loc[rows, f"{kind}_served"] = own[f"{kind}_in_scope"].to_numpy(dtype=np.float64) * met
    return table
