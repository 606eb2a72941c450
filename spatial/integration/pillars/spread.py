"""How those beyond the norm are spread over space: dissimilarity and information that know who lies beside whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.integration.pillars.components import Component, gap
from spatial.integration.segregation import (
    boundary_dissimilarity,
    environment_segregation,
    queen_contiguity,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground

    FloatArray = NDArray[np.float64]

__all__ = ["ENVIRONMENT_KM", "beyond_by_township", "outlines_of", "spread_of"]

ENVIRONMENT_KM = 5.0
"""Reach of the surroundings of a place: an hour on foot there; a local choice."""
M_PER_KM = 1000.0
LEAST_UNITS = 2
AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def spread_of(
    ground: Ground,
    beyond: FloatArray,
    *,
    norm: str,
    boundaries: pd.DataFrame | None = None,
    environment_km: float = ENVIRONMENT_KM,
) -> tuple[Component, ...]:
    """
    Measure the spatial versions of dissimilarity and information.

    Returns `dissimilarity_contiguity` (Morrill 1991, over townships, those that touch being neighbours), and
    `dissimilarity_environment` and `information_environment` (Reardon and O'Sullivan 2004, over settlements).
    """
    x, total = beyond_by_township(ground, beyond)
    return (_contiguity(x, total, norm, boundaries), *_environment(ground, beyond, norm, environment_km))


def beyond_by_township(ground: Ground, beyond: FloatArray) -> tuple[pd.Series, pd.Series]:
    """
    Count those beyond the norm, and all whose access is known, in each township.

    Returns both by township, in the order of ids.
    """
    label = pd.Series(ground.township)
    inside = label.notna().to_numpy() & ~np.isnan(beyond)
    unit, people = label[inside].to_numpy(), ground.weight[inside]
    return (
        pd.Series(people * beyond[inside], dtype="float64").groupby(unit).sum(),
        pd.Series(people, dtype="float64").groupby(unit).sum(),
    )


def outlines_of(boundaries: pd.DataFrame | None, units: pd.Index) -> gpd.GeoSeries:
    """Find the outlines of units."""
    found = np.full(len(units), None, dtype=object)
    if not isinstance(boundaries, gpd.GeoDataFrame):
        return gpd.GeoSeries(found)
    by_id = boundaries.set_index(boundaries["boundary_id"].astype(str)).geometry
    found[:] = np.asarray(by_id.reindex(units.astype(str)), dtype=object)
    areal = np.isin(shapely.get_type_id(found), AREAL) & ~shapely.is_empty(found)
    found[~areal] = None
    return gpd.GeoSeries(found, crs=boundaries.crs)


def _contiguity(x: pd.Series, total: pd.Series, norm: str, boundaries: pd.DataFrame | None) -> Component:
    name = "dissimilarity_contiguity"
    x, total = x[total > 0.0], total[total > 0.0]
    if not norm or len(total) < LEAST_UNITS:
        return gap("structure", name, np.nan, "index", detail=norm)
    outlines = outlines_of(boundaries, total.index)
    if outlines.isna().any():
        return gap("structure", name, np.nan, "index", detail="no_outlines", component_status="no_data")
    value = boundary_dissimilarity(x, total, queen_contiguity(outlines))
    return gap("structure", name, value, "index", detail=norm)


def _environment(ground: Ground, beyond: FloatArray, norm: str, environment_km: float) -> list[Component]:
    dissimilarity = information = np.nan
    known = ~np.isnan(beyond)
    if not isinstance(ground.settlements, gpd.GeoDataFrame):
        known[:] = False
    if norm and known.any():
        found = environment_segregation(
            (ground.weight * beyond)[known],
            ground.weight[known],
            shapely.get_coordinates(ground.settlements.geometry.to_numpy()[known]),
            bandwidth_m=environment_km * M_PER_KM,
        )
        dissimilarity, information = found.dissimilarity, found.information
    detail = f"{norm};{environment_km:g} km" if norm else ""
    return [
        gap("structure", f"{name}_environment", value, "index", detail=detail)
        for name, value in (("dissimilarity", dissimilarity), ("information", information))
    ]
