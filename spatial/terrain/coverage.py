"""Geographic coverage: facilities take the people around them as far as their capacity goes; sums by zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import ArrayLike

from spatial.arrays import FloatArray
from spatial.errors import ContractError, CrsError, faults_at, first_of, of_kind, refuse
from spatial.outlines import outline_faults, require_frame, require_shapes
from spatial.rasters import Raster, unmasked
from spatial.terrain.friction import require_aligned
from spatial.terrain.surface import Seeds, SurfaceOptions, ground_of, limit_of, refuse_turned, seeds_of, spread

# Sums of a raster by zone, by shares of cells, and the coverage of each zone.


@dataclass(frozen=True, eq=False)
class ZonalSums:
    """
    Sums by zone, with what belongs to no zone.

    Parameters
    ----------
    table : pd.DataFrame
        ``zone_id``, ``sum`` and ``cells`` (cells with data, by share), in the order of the zones.
    total : float
        Sum of the raster.
    in_zones : float
        Sum of the table; where zones overlap a cell counts more than once.
    outside : float
        What lies in no zone: the difference of the two.
    nodata_cells : int
        Cells of the raster without data.
    """

    table: pd.DataFrame
    total: float
    in_zones: float
    outside: float
    nodata_cells: int


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
    of_kind("raster", raster, Raster, required=True)
    require_shapes("zones", zones)
    if zones.crs is None or zones.crs != raster.crs:
        have = "no CRS" if zones.crs is None else f"the CRS {zones.crs.to_string()}"
        raise CrsError(f"zones: {have}; the raster is in {raster.crs.to_string()}: use frame.to_crs(raster.crs)")
    if zone_id not in zones:
        raise ContractError("zones", [f"{zone_id}: missing"])
    ids, problems = zones[zone_id], []
    if ids.isna().any():
        problems.append(f"{zone_id}: missing in {int(ids.isna().sum())} rows")
    if ids.dropna().duplicated().any():
        again = ids.dropna()[ids.dropna().duplicated()]
        problems.append(f"{zone_id}: more than once: {first_of(again.tolist())}")
    problems += outline_faults(zones.geometry, ids)
    refuse("zones", problems)
    refuse_turned(raster.transform)
    rows, columns = raster.values.shape
    a, _, c, _, e, f = raster.transform[:6]
    north_up = np.ascontiguousarray(raster.values[:: -1 if e > 0 else 1, :: -1 if a < 0 else 1])
    (west, east), (south, north) = sorted((c, c + a * columns)), sorted((f, f + e * rows))
    source = NumPyRasterSource(north_up, xmin=west, xmax=east, ymin=south, ymax=north, nodata=np.nan, name="value")
    found = exact_extract(source, zones.geometry.to_frame("geometry"), ["sum", "count"], output="pandas")
    sums, cells = found["sum"].fillna(0.0), found["count"].fillna(0.0)
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
    of_kind("coverage", coverage, GeographicCoverage, required=True)
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


# Geographic coverage: facilities in a stated order take the people around them, as far as their capacity goes.

ACCESSMOD_COLUMNS: Mapping[str, str] = {
    "order": "amOrderComputed",
    "cutoff_min": "amTravelTimeMax",
    "persons_within": "amPopOrigTravelTimeMax",
    "unserved_within": "amPopTravelTimeMax",
    "last_ring_min": "amTravelTimeCatchment",
    "served": "amCapacityRealised",
    "capacity_left": "amCapacityResidual",
    "left_within": "amPopCatchmentDiff",
    "unserved_before": "amPopResidualBefore",
    "unserved_after": "amPopResidualAfter",
    "covered_percent": "amPopCoveredPercent",
}
"""Columns of the capacity table, and what AccessMod 5 calls them in its own."""

_RING_MIN = 1e-9
"""Minutes: cells no further apart belong to one ring; rounding must not part cells that lie alike."""


@dataclass(frozen=True, eq=False)
class GeographicCoverage:
    """
    Who is served, who finds the facilities full, and whom none reaches.

    Parameters
    ----------
    capacity_table : DataFrame
        One row a facility, in the order in which they take people; see `geographic_coverage`.
    served, full, not_reached : ndarray of float64, shape (rows, columns)
        Persons of each cell: served; within reach of a facility and left over, since all of those are full; beyond the
        reach of every facility. They sum to the population.
    report : dict
        Persons, fit for JSON: ``total``, ``served``, ``full``, ``not_reached``, ``on_barriers`` (part of not_reached);
        ``cells_without_data``.
    """

    capacity_table: pd.DataFrame
    served: FloatArray
    full: FloatArray
    not_reached: FloatArray
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def remaining(self) -> FloatArray:
        """Persons who are not served, shape (rows, columns)."""
        return self.full + self.not_reached

    def accessmod_table(self) -> pd.DataFrame:
        """Rename the columns of ``capacity_table`` to what AccessMod users know (`ACCESSMOD_COLUMNS`); others stay."""
        return self.capacity_table.rename(columns=dict(ACCESSMOD_COLUMNS))


def geographic_coverage(  # noqa: PLR0913 - the keywords are the study's options
    friction_min_per_m: ArrayLike,
    population: ArrayLike,
    facilities: pd.DataFrame,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    cutoff_min: float | None,
    order: str = "capacity",
    ring_min: float = 0.0,
    **options: Unpack[SurfaceOptions],
) -> GeographicCoverage:
    """
    Let facilities take the unserved around them, in a stated order, by travel time and up to their capacity.

    Each facility looks at the people within `cutoff_min` whom no earlier one serves, takes them ring by ring in
    increasing travel time, and where a ring holds more than it has room for it takes the same share of every cell of
    that ring (the geographic coverage of AccessMod; Ray and Ebener 2008).

    Parameters
    ----------
    friction_min_per_m : array-like, shape (rows, columns)
        Minutes per metre, above 0. NaN or inf is a barrier.
    population : array-like, shape (rows, columns)
        Persons per cell, 0 or more. NaN counts as nobody, and is counted.
    facilities : DataFrame
        ``facility_id`` (each once), ``row``, ``column`` and ``capacity`` in persons: 0 serves nobody, inf everybody.
    resolution_m : float or tuple of array-like
        As in `travel_time_surface`.
    cutoff_min : float or None
        Nobody travels longer; inclusive. None is no cutoff, inf in the table.
    order : str
        ``"capacity"``: the largest first. Otherwise a numeric column of `facilities`: the lowest first. Ties by
        `facility_id`.
    ring_min : float
        Width of a ring in minutes. 0: cells of equal time (within 1e-9 minutes) are a ring. AccessMod works with whole
        minutes: 1, where the ring of minute m holds the times above m - 1 and up to m.
    **options : Unpack[SurfaceOptions]
        As in `travel_time_surface`.

    Returns
    -------
    GeographicCoverage
        Three classes of people that sum to the population, and the capacity table: ``facility_id``, ``order`` (1 comes
        first), ``capacity``, ``cutoff_min``, ``persons_within`` the cutoff, ``unserved_within`` of them on the
        facility's turn, ``served``, ``capacity_left``, ``left_within`` (unserved within the cutoff and not taken),
        ``last_ring_min`` (time of the last ring that was taken from; NaN where none was), ``last_ring_share`` of it
        that was taken, ``unserved_before`` and ``unserved_after`` in all, ``covered_percent`` of the population so far.

    Raises
    ------
    ContractError
        As `travel_time_surface`; where people are negative or infinite, ids are missing or come twice, capacity or
        order is missing, unknown (NaN) or negative, or `ring_min` is negative or NaN.

    Examples
    --------
    Ten people in each of five cells, one facility in the middle with room for twenty: the ten who live there, and half
    of the twenty next door.

    >>> table = pd.DataFrame({"facility_id": ["a"], "row": [0], "column": [2], "capacity": [20.0]})
    >>> people = np.full((1, 5), 10.0)
    >>> found = geographic_coverage(np.full((1, 5), 0.01), people, table, resolution_m=100.0, cutoff_min=1.0)
    >>> found.served.tolist(), found.full.tolist(), found.not_reached.tolist()
    ([[0.0, 5.0, 10.0, 5.0, 0.0]], [[0.0, 5.0, 0.0, 5.0, 0.0]], [[10.0, 0.0, 0.0, 0.0, 10.0]])
    """
    ground = ground_of(friction_min_per_m, resolution_m=resolution_m, **options)
    given = unmasked(population)
    if given.shape != ground.shape:
        told = f"shape {given.shape} is not that of the friction {ground.shape}: warp one to the other's grid"
        raise ContractError("population", [told])
    wrong = np.argwhere((given < 0) | np.isinf(given))
    if len(wrong):
        where = first_of(tuple(cell) for cell in wrong.tolist())
        raise ContractError("population", [f"negative or infinite people at (row, column) {where}"])
    if not (isinstance(ring_min, int | float | np.number) and ring_min >= 0):
        raise ContractError("facilities", [f"ring_min: {ring_min!r} is below 0 or unknown"])
    ranked, limit = _in_order(facilities, order), limit_of(cutoff_min)
    seeds = seeds_of(ground, ranked[["row", "column"]].to_numpy(), None, limit)
    people = np.nan_to_num(given, nan=0.0).reshape(-1)
    left, is_reached = people.copy(), np.zeros(people.size, dtype=bool)
    times, nobody, columns = np.full(people.size, np.inf), np.empty(1, np.int32), ground.shape[1]
    takings = []
    for j, capacity in enumerate(ranked["capacity"].tolist()):
        # The cells that the facility reaches, by increasing time.
        own = Seeds(seeds.cells[j : j + 1], np.zeros(1), seeds.labels[j : j + 1])
        first, last = spread(ground, own, limit, times, nobody)
        begin, end = max(first - 2, 0) * columns, min(last + 2, ground.shape[0]) * columns
        cells = np.flatnonzero(np.isfinite(times[begin:end])) + begin
        cells = cells[np.argsort(times[cells], kind="stable")]
        minutes = times[cells]
        times[cells] = np.inf
        is_reached[cells] = True
        # Rings of cells, and the latest time of each.
        if ring_min > 0:
            begins = np.diff(np.ceil((minutes - _RING_MIN) / ring_min), prepend=-np.inf) > 0
        else:
            begins = np.diff(minutes, prepend=-np.inf) > _RING_MIN
        ring = np.cumsum(begins) - 1
        ring_time = minutes[np.append(begins[1:], True)] if len(minutes) else minutes
        unserved = left[cells]
        sums = np.bincount(ring, weights=unserved, minlength=len(ring_time))
        before = np.concatenate(([0.0], np.cumsum(sums)[:-1])) if len(sums) else sums
        room = np.clip(capacity - before, 0.0, sums)
        share = np.divide(room, sums, out=np.ones_like(sums), where=sums > 0)
        taken = unserved * share[ring]
        left[cells] = unserved - taken
        used = np.flatnonzero((sums > 0) & (share > 0))
        takings.append(
            {
                "persons_within": float(people[cells].sum()),
                "unserved_within": float(unserved.sum()),
                "served": float(taken.sum()),
                "last_ring_min": float(ring_time[used[-1]]) if used.size else np.nan,
                "last_ring_share": float(share[used[-1]]) if used.size else np.nan,
            }
        )
    parts = {"served": people - left, "full": left * is_reached, "not_reached": left * ~is_reached}
    total = float(people.sum())
    report = {
        "total": total,
        **{name: float(part.sum()) for name, part in parts.items()},
        "on_barriers": float(people[~np.isfinite(ground.field.friction)].sum()),
        "cells_without_data": int(np.isnan(given).sum()),
    }
    took = pd.DataFrame(
        takings,
        columns=["persons_within", "unserved_within", "served", "last_ring_min", "last_ring_share"],
        dtype=np.float64,
    )
    capacity = ranked["capacity"].to_numpy(dtype=np.float64)
    served, unserved = took["served"].to_numpy(), took["unserved_within"].to_numpy()
    after = total - np.cumsum(served)
    table = pd.DataFrame(
        {
            "facility_id": ranked["facility_id"],
            "order": np.arange(1, len(ranked) + 1),
            "capacity": capacity,
            "cutoff_min": limit,
            "persons_within": took["persons_within"],
            "unserved_within": unserved,
            "served": served,
            "capacity_left": capacity - served,
            "left_within": unserved - served,
            "last_ring_min": took["last_ring_min"],
            "last_ring_share": took["last_ring_share"],
            "unserved_before": after + served,
            "unserved_after": after,
            "covered_percent": 100.0 * (total - after) / total if total > 0 else np.zeros(len(ranked)),
        }
    )
    whole = {name: part.reshape(ground.shape) for name, part in parts.items()}
    return GeographicCoverage(table, whole["served"], whole["full"], whole["not_reached"], report)


def _in_order(facilities: pd.DataFrame, order: str) -> pd.DataFrame:
    needed = dict.fromkeys(["facility_id", "row", "column", "capacity", order])
    require_frame("facilities", facilities)
    problems = [f"{name}: missing" for name in needed if name not in facilities]
    refuse("facilities", problems)
    ids = facilities["facility_id"]
    if ids.isna().any():
        problems.append(f"facility_id: missing in {int(ids.isna().sum())} rows")
    problems += faults_at("facility_id: more than once:", ids[ids.duplicated()].unique().tolist())
    numbers = {}
    for name in dict.fromkeys(("row", "column", "capacity", order)):
        values = numbers[name] = pd.to_numeric(facilities[name], errors="coerce").to_numpy(dtype=np.float64)
        wrong = np.isnan(values) | ((values < 0) if name == "capacity" else False)
        problems += faults_at(f"{name}: unknown or negative at", ids[wrong].tolist(), "; 0 and inf are allowed")
    refuse("facilities", problems)
    is_up = order != "capacity"
    ranked = facilities.assign(**numbers).reset_index(drop=True)  # an index may have the name of a column
    ranked = ranked.sort_values([order, "facility_id"], ascending=[is_up, True], kind="stable")
    return ranked.reset_index(drop=True)
