"""The Rural Access Index: the share of rural people who live within 2 km of an all-season road (SDG 9.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.cells import cells_on, peopled_cells
from spatial.crs import require_metres
from spatial.errors import ContractError, first_of, refuse
from spatial.network.graph import TravelGraph
from spatial.network.snapping import are_near
from spatial.outlines import area_of, brought_to, outline_faults, shapes_of
from spatial.rasters import Raster

if TYPE_CHECKING:
    from spatial.arrays import BoolArray, ObjectArray


_SEASONS = ("yes", "no", "unknown")
_RURAL, _URBAN, _UNKNOWN = 0, 1, 2
_NO_SURFACE = frozenset({"", "unknown"})
_PAVED = frozenset(
    {
        "paved",
        "asphalt",
        "chipseal",
        "concrete",
        "concrete:lanes",
        "concrete:plates",
        "paving_stones",
        "sett",
        "bricks",
        "cobblestone",
        "unhewn_cobblestone",
        "metal",
        "wood",
    }
)
"""Surfaces that OpenStreetMap's wiki lists as paved (Key:surface)."""


@dataclass(frozen=True)
class RoadCondition:
    """
    A measured condition of roads, which decides where it is known.

    The thresholds are a choice of the country: the definition asks for a road "motorable all year round" and names no
    roughness, so there is no default.

    Parameters
    ----------
    column : str
        Column of the roads that holds it, such as the roughness ``iri_m_km``; lower is better, NaN = not measured.
    paved_max, unpaved_max : float
        Up to which a paved and an unpaved road is all-season; inclusive.
    paved : frozenset of str
        Values of `surface` that are paved; every other surface tagged is unpaved.
    """

    column: str
    paved_max: float
    unpaved_max: float
    paved: frozenset[str] = _PAVED


@dataclass(frozen=True, eq=False)
class _Roads:
    """Lines, and what is known of each: all-season, not known to fail, imputed."""

    lines: ObjectArray
    known: BoolArray
    possible: BoolArray
    imputed: BoolArray


class _Unit(NamedTuple):
    """Cells that make a row, by what the row is called."""

    level: str
    key: str
    name: str | None
    cells: BoolArray
    imputed_share: float


def rural_access_index(
    population: Raster,
    roads: gpd.GeoDataFrame | TravelGraph,
    *,
    urban: Raster | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    distance_m: float = 2000.0,
    condition: RoadCondition | None = None,
    zones: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """
    Measure the Rural Access Index by its published definition, as an interval.

    Rural people in cells whose centre lies within `distance_m` of an all-season road, over all rural people. The
    distance is the straight line from the cell's centre to the nearest point of a road, as the definition has it: no
    barrier hides a road and no road's entry is asked for. The truth lies between `rai_lower`, which counts only roads
    known to be all-season, and `rai_upper`, which counts all roads not known to fail.

    Parameters
    ----------
    population : Raster
        Persons per cell, in any CRS; NaN = no data.
    roads : GeoDataFrame or TravelGraph
        Motorable roads: a graph, its edges (one mode), or any lines in metres with `all_season` (yes, no, unknown).
        Ferries do not count. `surface`, where there, tells the imputed roads: those where it is missing, blank or
        unknown.
    urban : Raster, GeoDataFrame or GeoSeries, optional
        Where it is urban: a raster on the same grid (above 0 = urban, 0 = rural, NaN = not known), or polygons, in
        which a cell is urban whose centre they hold. Without it everybody counts as rural, which is no Rural Access
        Index where there are towns; `urban_masked` says so.
    distance_m : float
        Metres; inclusive.
    condition : RoadCondition, optional
        Where it is measured it decides whether a road is all-season, elsewhere `all_season` does. Where the surface is
        not known, a road passes below both thresholds, fails above both, and is unknown between.
    zones : GeoDataFrame, optional
        Polygons with `boundary_id`, and `name`: a row each. A cell is in the first zone that holds its centre.

    Returns
    -------
    DataFrame
        A row for everything (`unit_level` study), one a zone (zone) and, with zones, one for the people in none
        (outside). `rai_lower`, `rai_upper`: NaN where nobody is rural, 0 without roads. `population_persons` =
        `rural_persons` + `urban_persons` + `unclassified_persons`, the last in cells without data in the urban mask.
        `served_persons_lower`, `served_persons_upper`: rural people. `imputed_share`: share of the length of roads of
        which neither surface nor condition is known (by `all_season` where the roads have no `surface`), within the
        zone; NaN without roads. `cells`: cells with people.

    Raises
    ------
    ContractError
        Where people are negative, the urban mask does not lie cell on cell, a column is missing or wrong, or urban
        areas or zones are no polygons, empty or cross themselves.
    CrsError
        Where the roads are not in metres.

    Notes
    -----
    SDG indicator metadata 9.1.1 (World Bank, 2020-09); Roberts, Shyam and Rastogi (2006), World Bank Transport Papers
    10. Cells are as fine as the raster; distances are plane distances in the roads' CRS.

    Examples
    --------
    A road known to be all-season that 60 of 100 rural people live near, and one of unknown surface that 30 others do,
    give `rai_lower` 0.6 and `rai_upper` 0.9.
    """
    if not (isinstance(population, Raster) and isinstance(roads, TravelGraph | gpd.GeoDataFrame)):
        raise ContractError("rural access", ["give a Raster of people, and a TravelGraph or a GeoDataFrame of roads"])
    if isinstance(roads, TravelGraph):
        columns = {name: getattr(roads, name) for name in ("road_class", "surface", "all_season")}
        frame = gpd.GeoDataFrame(columns, geometry=roads.edge_lines(), crs=roads.crs)
    else:
        frame = roads
    crs = require_metres(frame.crs, what="roads")
    _check(frame, distance_m, condition, zones)
    cells = peopled_cells(population, crs)
    network = _roads(frame, condition)
    # Rural, urban or not known, one value a cell.
    kind = np.full(len(cells), _RURAL)
    if isinstance(urban, Raster):
        value = cells_on(urban, cells, of=population)
        kind = np.where(np.isnan(value), _UNKNOWN, np.where(value > 0.0, _URBAN, _RURAL))
    elif urban is not None:
        refuse("urban", outline_faults(urban.geometry, urban.index))
        towns = shapes_of(brought_to(urban, crs, what="urban").geometry)
        kind = np.where(area_of(towns, cells.xy) >= 0, _URBAN, _RURAL)
    # Rural cells near a road that may be all-season, and of those the ones near a road known to be.
    served_upper, served_lower = np.zeros(len(cells), dtype=bool), np.zeros(len(cells), dtype=bool)
    rural_cells = np.flatnonzero(kind == _RURAL)
    served_upper[rural_cells] = are_near(network.lines[network.possible], cells.xy[rural_cells], distance_m)
    upper_cells = np.flatnonzero(served_upper)
    served_lower[upper_cells] = are_near(network.lines[network.known], cells.xy[upper_cells], distance_m)
    everything = np.ones(len(cells), dtype=bool)
    units: list[_Unit] = [_Unit("study", "all", None, everything, _imputed_share(network, None))]
    if zones is not None:
        shapes = shapes_of(brought_to(zones, crs, what="zones").geometry)
        zone = area_of(shapes, cells.xy)
        names = zones["name"].to_list() if "name" in zones else [None] * len(zones)
        keys = zip(zones["boundary_id"].to_list(), names, shapes, strict=True)
        units += [
            _Unit("zone", key, name, zone == number, _imputed_share(network, shape))
            for number, (key, name, shape) in enumerate(keys)
        ]
        units.append(_Unit("outside", "outside", None, zone < 0, np.nan))
    rows = []
    for unit in units:
        its, persons = unit.cells, cells.persons
        rural, in_towns, unknown = (float(persons[its & (kind == each)].sum()) for each in (_RURAL, _URBAN, _UNKNOWN))
        # People are summed in another order than all rural ones, so that rounding may make some more than all.
        upper = min(float(persons[its & served_upper].sum()), rural)
        lower = min(float(persons[its & served_lower].sum()), upper)
        rows.append(
            {
                "unit_level": unit.level,
                "unit_id": unit.key,
                "name": unit.name,
                "rai_lower": lower / rural if rural > 0 else np.nan,
                "rai_upper": upper / rural if rural > 0 else np.nan,
                "imputed_share": unit.imputed_share,
                "served_persons_lower": lower,
                "served_persons_upper": upper,
                "rural_persons": rural,
                "urban_persons": in_towns,
                "unclassified_persons": unknown,
                "population_persons": rural + in_towns + unknown,
                "cells": int(its.sum()),
            }
        )
    table = pd.DataFrame(rows).assign(distance_m=float(distance_m), urban_masked=urban is not None)
    return table.astype({"unit_level": "str", "unit_id": "str", "name": "str"})


def _check(
    frame: gpd.GeoDataFrame, distance_m: float, condition: RoadCondition | None, zones: gpd.GeoDataFrame | None
) -> None:
    problems = [] if distance_m > 0 else [f"distance_m: is {distance_m:g}, must be above 0"]
    if "all_season" not in frame:
        problems.append("roads: all_season is missing (yes, no or unknown); build_network fills it from tags")
    else:
        wrong = frame["all_season"][~frame["all_season"].isin(_SEASONS)]
        if len(wrong):
            problems.append(f"roads: all_season must be yes, no or unknown, is {first_of(wrong.unique())}")
    if "mode" in frame and len(frame["mode"].unique()) > 1:
        problems.append(f"roads: edges of several modes {first_of(frame['mode'].unique())}; choose one")
    if condition is not None:
        column, thresholds = condition.column, ("paved_max", "unpaved_max")
        problems += [
            f"condition: {name} is {getattr(condition, name):g}, must be 0 or more"
            for name in thresholds
            if not getattr(condition, name) >= 0
        ]
        if column not in frame:
            problems.append(f"roads: the condition {column!r} is missing")
        elif not pd.api.types.is_numeric_dtype(frame[column]):
            problems.append(f"roads: {column} must hold numbers, NaN where it was not measured")
        elif (frame[column] < 0).any():
            problems.append(f"roads: {column} is negative in rows {first_of(frame.index[frame[column] < 0])}")
    if zones is not None and "boundary_id" not in zones:
        problems.append("zones: boundary_id is missing")
    elif zones is not None:
        problems += [f"zones: {fault}" for fault in outline_faults(zones.geometry, zones["boundary_id"])]
    refuse("rural access", problems)


def _roads(frame: gpd.GeoDataFrame, condition: RoadCondition | None) -> _Roads:
    if "road_class" in frame:
        frame = frame.loc[(frame["road_class"] != "ferry").to_numpy(dtype=bool)]
    season = frame["all_season"].to_numpy(dtype=object)
    known, possible = season == "yes", season != "no"
    surface = frame["surface"] if "surface" in frame else pd.Series(np.nan, index=frame.index, dtype="object")
    surface = surface.mask(surface.astype("str").str.strip().str.lower().isin(_NO_SURFACE))
    imputed = surface.isna().to_numpy(dtype=bool) if "surface" in frame else season == "unknown"
    if condition is not None:
        # Of several surfaces of one road all must be paved; where none is known, either threshold may hold.
        value = frame[condition.column].to_numpy(dtype=np.float64)
        paved = {
            text: condition.paved.issuperset(part.strip() for part in str(text).split(";"))
            for text in surface.dropna().unique()
        }
        limits = (condition.paved_max, condition.unpaved_max)
        own = np.where(surface.map(paved).eq(other=True), *limits)
        untold, measured = surface.isna().to_numpy(dtype=bool), ~np.isnan(value)
        known = np.where(measured, value <= np.where(untold, min(limits), own), known)
        possible = np.where(measured, value <= np.where(untold, max(limits), own), possible)
        imputed = imputed & ~measured
    return _Roads(shapes_of(frame.geometry), known, possible, imputed)


def _imputed_share(roads: _Roads, zone: shapely.Geometry | None) -> float:
    lines, length = roads.lines, shapely.length(roads.lines)
    if zone is not None:
        shapely.prepare(zone)
        whole = np.asarray(shapely.covers(zone, lines))
        length = np.where(whole, length, 0.0)
        rows = np.flatnonzero(~whole & np.asarray(shapely.intersects(zone, lines)))
        length[rows] = shapely.length(shapely.intersection(lines[rows], zone))
    imputed, known = float(length[roads.imputed].sum()), float(length[~roads.imputed].sum())
    # Over the sum of the two parts, so that rounding never makes it more than 1.
    total = imputed + known
    return imputed / total if total > 0 else np.nan
