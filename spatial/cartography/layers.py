"""What a gap map judges by: each norm of the service, then plain travel time by each mode."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.cartography.columns import codes, pack, round_up
from spatial.tables import LAST_MILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.cartography.meta import PageMeta
    from spatial.cartography.norms import NormBook
    from spatial.cartography.rows import Rows

__all__ = [
    "BEYOND",
    "COMPARE",
    "NO_DATA",
    "class_layer",
    "last_mile_layer",
    "norm_layer",
    "threshold_layer",
    "time_layer",
    "unmapped_layer",
]

COMPARE, BEYOND, NO_DATA, OUT_OF_SCOPE = 0, 1, 2, 3
_METRICS = frozenset({"time_min", "roundtrip_time_min", "dist_m", "network_dist_m"})
_USUAL_MAX_MIN = 120.0
_FINE_STEP_M, _COARSE_STEP_M, _COARSE_FROM_M = 50.0, 100.0, 1000.0


def norm_layer(
    norm: Mapping[str, Any], number: int, book: NormBook, rows: Rows, meta: PageMeta
) -> dict[str, Any] | None:
    """
    Judge settlements by a norm of time or distance.

    Returns its values are those of the norm. None where the norm is of another kind or nothing was measured.
    """
    if norm["metric"] not in _METRICS or norm["threshold"] is None:
        return None
    table = book.results(norm["id"], rows)
    if table is None:
        return None
    mapped = table["status_as_mapped"].fillna("not_measurable")
    values = table["value"].to_numpy(dtype=np.float64)
    if not mapped.isin(["met", "not_met"]).any():
        return None
    fixed = np.select(
        [mapped == "not_applicable", mapped == "not_measurable", np.isnan(values) & (mapped == "not_met")],
        [OUT_OF_SCOPE, NO_DATA, BEYOND],
        COMPARE,
    )
    return threshold_layer(fixed, meta, unit=str(norm["unit"]), threshold=float(norm["threshold"])) | {
        "mode": norm["mode"] if norm["metric"] != "dist_m" else "none",
        "metric": norm["metric"],
        "norm": number,
    }


def time_layer(rows: Rows, access: pd.DataFrame, mode: str, meta: PageMeta) -> dict[str, Any]:
    """Show travel time by one mode, whatever the norms."""
    table = rows.align(access)
    status = table["reach_status"].fillna("unknown")
    fixed = np.select([status == "reached", status == "unknown"], [COMPARE, NO_DATA], BEYOND)
    values = table["travel_time_min"].to_numpy(dtype=np.float64)
    limits = (meta.default_threshold_min, meta.default_threshold_min + meta.near_miss_min)
    return threshold_layer(fixed, meta, unit="min", threshold=meta.default_threshold_min) | {
        "value": pack(round_up(values, limits), "f4"),
        "mode": mode,
        "metric": "time_min",
        "norm": None,
    }


def class_layer(
    values: pd.Series, key: str, classes: Sequence[str], *, always: int, mode: str
) -> dict[str, Any]:
    """Show a class that each settlement has, whatever the standard."""
    return {
        "kind": "classes",
        "key": key,
        "classes": list(classes),
        "codes": pack(codes(values, classes), "u1"),
        "always": always,
        "threshold": 0.0,
        "unit": "min",
        "mode": mode,
        "norm": None,
    }


def unmapped_layer(rows: Rows, norm: int | None, *, complete: bool) -> dict[str, Any]:
    """Show that no facility of a service is mapped: one class for every settlement, without a distance."""
    name = "none_there" if complete else "none_mapped"
    values = pd.Series([name] * len(rows.ids), dtype="str")
    return class_layer(values, "none_mapped", (name,), always=1, mode="none") | {"norm": norm}


def last_mile_layer(rows: Rows, last_mile: pd.DataFrame, key: str, column: str) -> dict[str, Any]:
    """Show the classes of the last mile."""
    classes = rows.align(last_mile)[column].fillna("unknown")
    layer = class_layer(classes, key, LAST_MILE, always=4, mode="walk")
    return layer | {"threshold": 2000.0, "unit": "m"}


def threshold_layer(fixed: npt.ArrayLike, meta: PageMeta, *, unit: str, threshold: float) -> dict[str, Any]:
    """Begin a layer whose values are held against a standard that the slider moves."""
    return {
        "kind": "threshold",
        "always": 3,
        "unit": unit,
        "threshold": threshold,
        "near": meta.near_miss(unit),
        "max": _slider_max(unit, threshold),
        "step": _slider_step(unit, threshold),
        "fixed": pack(fixed, "u1"),
    }


def _slider_step(unit: str, threshold: float) -> float:
    if unit == "min":
        return 1.0
    return _COARSE_STEP_M if threshold >= _COARSE_FROM_M else _FINE_STEP_M


def _slider_max(unit: str, threshold: float) -> float:
    if unit == "min":
        return max(_USUAL_MAX_MIN, math.ceil(threshold / 15.0) * 30.0)
    return math.ceil(2.0 * threshold / 1000.0) * 1000.0
