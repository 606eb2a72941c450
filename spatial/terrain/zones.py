"""Sums of a raster by zone, by shares of cells, and the coverage of each zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from spatial.errors import ContractError, CrsError, first_of
from spatial.outlines import outline_faults
from spatial.rasters import Raster
from spatial.terrain.friction import require_aligned
from spatial.terrain.steps import refuse_turned

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.terrain.coverage import GeographicCoverage

__all__ = ["ZonalSums", "zonal_coverage", "zonal_sums"]


@dataclass(frozen=True, eq=False)
class ZonalSums:
    """Sums by zone, with what belongs to no zone."""

    # ``zone_id``, ``sum`` and ``cells`` (cells with data, by share), in the order of the zones
    table: pd.DataFrame
    # sum of the raster, of the table, and the difference: what lies in no zone. Where zones overlap it
    # counts more than once, and the difference is lower by that
    total: float
    in_zones: float
    outside: float
    nodata_cells: int  # cells of the raster without data


def zonal_sums(raster: Raster, zones: gpd.GeoDataFrame, *, zone_id: str = "zone_id") -> ZonalSums:
    """
    Sum a raster by zone; a cell counts for the share of it that a zone covers.

    Shares of cells come from exactextract, so that zones which share an edge share its cells and people are conserved.

    Parameters
    ----------
    raster : Raster
        Such as persons per cell; NaN is no data and adds nothing.
    zones : GeoDataFrame
        Polygons in the raster's CRS.
    zone_id : str
        Column with an id that comes once.

    Returns
    -------
    ZonalSums
        A zone beyond the raster has sum 0 and no cells.

    Raises
    ------
    ContractError
        Where the ids are missing or not unique, or zones are no polygons, empty or invalid.
    CrsError
        Where the zones are in another CRS, or the raster is turned.
    """
    _check(zones, zone_id, raster)
    sums, cells = _extracted(raster, zones)
    table = pd.DataFrame({"zone_id": zones[zone_id].to_numpy(), "sum": sums, "cells": cells})
    total, in_zones = raster.total, float(table["sum"].sum())
    return ZonalSums(table, total, in_zones, total - in_zones, int(np.isnan(raster.values).sum()))


def zonal_coverage(
    coverage: GeographicCoverage, zones: gpd.GeoDataFrame, grid: Raster, *, zone_id: str = "zone_id"
) -> pd.DataFrame:
    """
    Count the served of each zone.

    Parameters
    ----------
    coverage : GeographicCoverage
        From `geographic_coverage`.
    zones : GeoDataFrame
        Polygons in the CRS of the grid.
    grid : Raster
        Any raster on the grid on which the coverage was computed.
    zone_id : str
        Column with an id that comes once.

    Returns
    -------
    DataFrame
        ``zone_id``, ``persons``, ``served``, ``full``, ``not_reached`` and ``covered_percent`` (0 where nobody lives),
        in the order of the zones.

    Raises
    ------
    ContractError
        As `zonal_sums`, and where the grid has another shape.
    CrsError
        As `zonal_sums`.
    """
    parts = {"served": coverage.served, "full": coverage.full, "not_reached": coverage.not_reached}
    table = pd.DataFrame({"zone_id": zones[zone_id].to_numpy() if zone_id in zones else None})
    for name, values in parts.items():
        part = Raster(values, grid.transform, grid.crs, name)
        require_aligned(grid, part)
        table[name] = zonal_sums(part, zones, zone_id=zone_id).table["sum"]
    persons = table[list(parts)].sum(axis=1)
    table.insert(1, "persons", persons)
    table["covered_percent"] = 100.0 * np.divide(
        table["served"], persons, out=np.zeros(len(table)), where=(persons > 0).to_numpy()
    )
    return table


def _check(zones: gpd.GeoDataFrame, zone_id: str, raster: Raster) -> None:
    if zones.crs is None or zones.crs != raster.crs:
        have = "no CRS" if zones.crs is None else f"the CRS {zones.crs.to_string()}"
        raise CrsError(
            f"zones: {have}; the raster is in {raster.crs.to_string()}: use frame.to_crs(raster.crs)"
        )
    if zone_id not in zones:
        raise ContractError("zones", [f"{zone_id}: missing"])
    ids, problems = zones[zone_id], []
    if ids.isna().any():
        problems.append(f"{zone_id}: missing in {int(ids.isna().sum())} rows")
    if ids.dropna().duplicated().any():
        again = ids.dropna()[ids.dropna().duplicated()]
        problems.append(f"{zone_id}: more than once: {first_of(again.tolist())}")
    problems += outline_faults(zones.geometry, ids)
    if problems:
        raise ContractError("zones", problems)


def _extracted(raster: Raster, zones: gpd.GeoDataFrame) -> tuple[pd.Series, pd.Series]:
    refuse_turned(raster.transform)
    rows, columns = raster.values.shape
    a, _, c, _, e, f = raster.transform[:6]
    north_up = np.ascontiguousarray(raster.values[:: -1 if e > 0 else 1, :: -1 if a < 0 else 1])
    (west, east), (south, north) = sorted((c, c + a * columns)), sorted((f, f + e * rows))
    source = NumPyRasterSource(
        north_up, xmin=west, xmax=east, ymin=south, ymax=north, nodata=np.nan, name="value"
    )
    found = exact_extract(source, zones[["geometry"]], ["sum", "count"], output="pandas")
    return found["sum"].fillna(0.0), found["count"].fillna(0.0)
