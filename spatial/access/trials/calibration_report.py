"""Errors of modelled minutes against observed ones, in all and by distance and class."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.summaries import weighted_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["error_report", "errors_of"]

_BANDS_KM = (0.0, 5.0, 20.0, 50.0, 100.0, np.inf)
"""Bands of distance along the way, each without its upper end."""


def errors_of(errors: NDArray[np.float64], share: float) -> float:
    """Find the error that a share of the observations does not exceed."""
    return weighted_quantile(errors, np.ones(len(errors)), share)


def error_report(observations: pd.DataFrame) -> pd.DataFrame:
    """Report errors before and after the fit."""
    edges = list(pairwise(_BANDS_KM))
    labels = [f"{low:g}-{high:g} km" if np.isfinite(high) else f"{low:g} km and more" for low, high in edges]
    km = observations["distance_m"] / 1000.0
    band = pd.cut(km, _BANDS_KM, right=False, labels=labels)
    keys = {
        "all": pd.Series("all", index=observations.index),
        "distance": band,
        "class": observations["dominant_class"],
    }
    rows = []
    for half in ("fit", "test"):
        is_half = observations["half"] == half
        for stage in ("before", "after"):
            for by, key in keys.items():
                for group, part in observations[is_half].groupby(key[is_half], sort=True, observed=True):
                    rows.append(
                        {"half": half, "stage": stage, "by": by, "group": str(group), **_errors(part, stage)}
                    )
    return pd.DataFrame(rows)


def _errors(part: pd.DataFrame, stage: str) -> dict[str, float]:
    observed = part["observed_min"].to_numpy(dtype=np.float64)
    minutes = part[f"modelled_{stage}_min"].to_numpy(dtype=np.float64) - observed
    values: dict[str, float] = {"n": len(part)}
    for unit, errors in (("min", minutes), ("share", minutes / observed)):
        values[f"median_error_{unit}"] = errors_of(errors, 0.5)
        values[f"p05_error_{unit}"] = errors_of(errors, 0.05)
        values[f"p95_error_{unit}"] = errors_of(errors, 0.95)
    return {**values, "mean_absolute_min": float(np.abs(minutes).mean())}
