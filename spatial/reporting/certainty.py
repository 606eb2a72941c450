"""How sure a result is: what a norm counts at the best and at the worst of the paired runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.norms.register import norm_id_of
from spatial.reporting.wording import plain

if TYPE_CHECKING:
    from collections.abc import Mapping


FACTORS = ("speed", "walk", "entry", "season")
SIDES = ("low", "base", "high")
ANY = "any"
STUDY = "study"
SAME_SHARE = 1e-6
"""Share by which two sums of the same people may differ."""


@dataclass(frozen=True)
class CertaintyNote:
    """What the paired runs assumed."""

    # service of the study by name in the register of norms; a name that is missing stands for itself
    answers: Mapping[str, str] = field(default_factory=dict)
    speeds: str = ""  # the speed table
    speed_share: float = 0.2  # how much lower and higher every speed may be
    walk_km_h: tuple[float, float] = (4.0, 6.0)  # slowest and fastest walk
    detour: tuple[float, float] = (1.0, 1.6)  # least and largest detour of a walk
    calibrated: bool = False  # whether speeds were fitted to observed times
    # ``uncalibrated``, ``compared`` with observed times, or ``calibrated`` on them
    speed_status: str = "uncalibrated"
    # factors on all speeds in the slow and in the fast run as measured; None where they are assumed
    speed_factors: tuple[float, float] | None = None
    # what observed times said, ready for JSON
    calibration: Mapping[str, Any] = field(default_factory=lambda: {"calibrated": False})

    @property
    def speeds_known(self) -> dict[str, Any]:
        """How well the speeds are known: the assumed share, the measured factors that take its place, and a word."""
        return {
            "speed_share": self.speed_share,
            "speed_factors": None if self.speed_factors is None else list(self.speed_factors),
            "speed_status": self.speed_status,
            "calibrated": self.calibrated,
        }


@dataclass(frozen=True, eq=False)
class Runs:
    """Minutes to a service at the best, as assumed and at the worst."""

    mode: str  # the mode whose runs were paired
    # indexed by settlement: ``low``, ``base`` and ``high``, and the same of each factor alone, such as
    # ``speed_low``; infinity where there is no way
    minutes: pd.DataFrame
    factors: tuple[str, ...]  # those of `FACTORS` that were varied


def runs_of(intervals: pd.DataFrame | None, access: pd.DataFrame | None, *, service: str, mode: str) -> Runs | None:
    """
    Take the paired runs that a norm of one mode can be held against.

    Returns None where no runs of that service and mode were paired.
    """
    if intervals is None:
        return None
    counts = None if mode == ANY else {mode, *mode.split("+")}
    own = intervals.loc[intervals["service"] == service]
    own = own if counts is None else own.loc[own["mode"].isin(counts)]
    if not len(own):
        return None
    paired = str(own["mode"].iloc[0])
    own = own.loc[own["mode"] == paired].set_index("settlement_id")
    factors = tuple(name for name in FACTORS if f"{name}_high_min" in own)
    names = [*SIDES, *(f"{factor}_{side}" for factor in factors for side in ("low", "high"))]
    minutes = pd.DataFrame({name: own[f"{name}_min"].fillna(math.inf) for name in names})
    if paired != mode and access is not None:
        others = access.loc[(access["service"] == service) & (access["mode"] != paired)]
        others = others if counts is None else others.loc[others["mode"].isin(counts)]
        fastest = others.groupby("settlement_id")["travel_time_min"].min().reindex(minutes.index)
        minutes = minutes.clip(upper=fastest.fillna(math.inf), axis=0)
    return Runs(paired, minutes, factors)


def norm_certainty(
    norm: Mapping[str, Any], results: pd.DataFrame, tables: Mapping[str, pd.DataFrame], note: CertaintyNote
) -> dict[str, Any] | None:
    """Count who is beyond a norm of time at the best and at the worst."""
    if norm["metric"] != "time_min" or norm["unit"] != "min" or norm["threshold"] is None:
        return None
    service = note.answers.get(norm["service"], norm["service"])
    runs = runs_of(tables.get("intervals"), tables.get("access"), service=service, mode=str(norm["mode"]))
    if runs is None:
        return None
    rows = results.loc[(results["unit_level"] == "settlement") & (results["norm_id"] == norm_id_of(norm))]
    judged = rows.loc[rows["status_as_mapped"].isin(["met", "not_met"])].set_index("unit_id")
    beyond = runs.minutes.reindex(judged.index).fillna(math.inf) > float(norm["threshold"])
    # Who is beyond, around what the norm counts: at best never more, at worst never fewer.
    counted: dict[str, dict[str, float] | None] = {}
    for what in ("persons", "places"):
        weight, told = judged[f"{what}_in_scope"].fillna(0.0), norm[f"{what}_unserved"]
        sums = {side: float(weight[beyond[side]].sum()) for side in SIDES}
        total = float(weight.sum())
        agrees = told is not None and total > 0 and abs(sums["base"] - told) <= SAME_SHARE * total
        counted[what] = (
            {"low": min(sums["low"], told), "base": told, "high": max(sums["high"], told)} if agrees else None
        )
    if not any(counted.values()):
        return None
    weight = judged["persons_in_scope" if counted["persons"] else "places_in_scope"].fillna(0.0)
    moved = {
        factor: float(weight[beyond[f"{factor}_low"] != beyond[f"{factor}_high"]].sum()) for factor in runs.factors
    }
    largest = max(moved, key=lambda factor: moved[factor], default=None)
    return {
        **counted,
        "mode": runs.mode,
        "main_factor": largest if largest is not None and moved[largest] > 0 else None,
        "factors": list(runs.factors),
        **note.speeds_known,
    }


def rural_access(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """
    Take the Rural Access Index of the study.

    Returns its row of the whole study, ready for JSON; None without it or where nobody is counted.
    """
    if table is None:
        return None
    rows = table.loc[table["unit_level"] == STUDY]
    if not len(rows) or not np.isfinite(rows["rai_upper"].iloc[0]):
        return None
    row = rows.iloc[0]
    names = ("rai_lower", "rai_upper", "imputed_share", "rural_persons", "distance_m", "urban_masked")
    return {name: plain(row[name]) for name in names}
