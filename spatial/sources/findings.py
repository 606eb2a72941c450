"""Findings: what was met in the sources that a person should look at, each with its place on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyproj
    import shapely

__all__ = ["Finding", "findings_frame", "join_findings"]


@dataclass(frozen=True)
class Finding:
    """One thing to look at."""

    kind: str  # such as ``"merged_duplicate"``
    subject: str  # id of what is concerned
    detail: str  # what was found, in plain words
    geometry: shapely.Geometry  # where it is
    other: str | None = None  # id of the second party
    distance_m: float = np.nan  # between the two; NaN where there is none


def findings_frame(findings: Iterable[Finding], *, crs: pyproj.CRS | str) -> gpd.GeoDataFrame:
    """Write findings as a table."""
    rows = {
        "/".join(part for part in (item.kind, item.subject, item.other) if part): item for item in findings
    }
    ordered = [(key, rows[key]) for key in sorted(rows)]
    return gpd.GeoDataFrame(
        {
            "finding_id": pd.Series([key for key, _ in ordered], dtype="str"),
            "kind": pd.Series([item.kind for _, item in ordered], dtype="str"),
            "subject_id": pd.Series([item.subject for _, item in ordered], dtype="str"),
            "other_id": pd.Series([item.other for _, item in ordered], dtype="str"),
            "detail": pd.Series([item.detail for _, item in ordered], dtype="str"),
            "distance_m": pd.Series([item.distance_m for _, item in ordered], dtype="float64"),
        },
        geometry=gpd.GeoSeries([item.geometry for _, item in ordered], crs=crs),
        crs=crs,
    )


def join_findings(frames: Sequence[gpd.GeoDataFrame], *, crs: pyproj.CRS | str) -> gpd.GeoDataFrame:
    """Put several tables of findings into one."""
    filled = [frame.to_crs(crs) for frame in frames if len(frame)]
    if not filled:
        return findings_frame((), crs=crs)
    joined = pd.concat(filled, ignore_index=True).sort_values("finding_id", kind="stable")
    return gpd.GeoDataFrame(joined.reset_index(drop=True), geometry="geometry", crs=crs)
