"""Stage `off_road`: travel times over open ground, where the study has land cover and names a service."""

from __future__ import annotations

import logging
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.places import existing, is_for_some_units
from spatial.crs import require_metres
from spatial.errors import ContractError, first_of
from spatial.formats.notes import Finding, findings_frame
from spatial.rasters import Raster
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.policy import speed_table, vocabulary_of
from spatial.study.access import OffRoadOptions
from spatial.terrain.friction import Friction, align_raster, friction_surface, require_aligned
from spatial.terrain.surface import SurfaceOptions, catchment_surface, cells_at, move_to_open_cells

_log = logging.getLogger(__name__)


def off_road(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    landcover: Raster | None = None,
    elevation: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Spread from the facilities of the study's service over land cover, slope, roads and water."""
    chosen = options.off_road
    if chosen.service is None:
        return {}
    if landcover is None:
        raise ContractError("off_road", ["landcover: the stage needs it where the study names a service"])
    findings: list[Finding] = []
    elevation = elevation_of_ground(chosen, elevation, landcover, findings)
    closed = closed_water(water)
    # Speeds that a list of roads states are those of vehicles.
    walked = roads.drop(columns="speed_km_h", errors="ignore") if chosen.mode == "walk" else roads
    friction = friction_surface(
        landcover,
        speed_table(options, chosen.speeds),
        roads=walked.to_crs(landcover.crs),
        barriers=closed.to_crs(landcover.crs),
        elevation=elevation,
        mode=chosen.mode,
    )
    progress(0.3, chosen.service)
    offering = facilities.loc[facilities["service"].isin(vocabulary_of(options).satisfying(chosen.service))]
    offering = existing(offering.to_crs(landcover.crs))
    limited = is_for_some_units(offering)
    findings += [
        Finding("restricted_facility", str(key), point, notice="left_out_of_surface")
        for key, point in zip(offering.loc[limited, "facility_id"], offering.geometry[limited], strict=True)
    ]
    offering = offering.loc[~limited].sort_values("facility_id").reset_index(drop=True)
    sources = _on_open_ground(friction, offering, landcover, findings)
    travel: SurfaceOptions = {
        **friction.options,
        "neighbours": chosen.neighbours,
        "corners": chosen.corners,
        "dem_voids": chosen.dem_voids,
        "direction": "towards" if options.access.direction == "to_facility" else "from",
    }
    starts = sources[["row", "column"]].to_numpy()
    spread = partial(catchment_surface, friction.min_per_m, starts, resolution_m=friction.resolution_m, **travel)
    minutes, nearest = spread(cutoff_min=chosen.cutoff_min)
    origins = _on_open_ground(friction, settlements.to_crs(landcover.crs), landcover, findings)
    # Read times and nearest facility at settlements, one row each.
    there_min, there = (values[origins["row"], origins["column"]] for values in (minutes, nearest))
    reached = np.isfinite(there_min)
    ids = sources["id"].to_numpy()
    facility = np.full(len(origins), None, dtype=object)
    facility[reached] = ids[there[reached]]
    status = np.where(reached, "reached", "beyond_cutoff" if len(ids) else "no_facility")
    if len(ids) and not reached.all():  # is there a way that is longer, or does water shut them in?
        status[np.isinf(spread()[0][origins["row"], origins["column"]])] = "no_path"
    at = pd.DataFrame(
        {"facility_id": facility, "travel_time_min": np.where(reached, there_min, np.nan), "reach_status": status},
        index=pd.Index(origins["id"], dtype="str"),
    ).reindex(pd.Index(settlements["settlement_id"]))
    table = at.assign(service=chosen.service, reach_status=at["reach_status"].fillna("unknown"))
    texts = dict.fromkeys(("settlement_id", "service", "facility_id", "reach_status"), "str")
    table = table.rename_axis("settlement_id").reset_index().astype(texts)
    surface = Raster(
        np.where(np.isfinite(minutes), minutes, np.nan), landcover.transform, landcover.crs, "off_road_min"
    )
    return {
        "off_road": table,
        "findings_off_road": findings_frame(findings, crs=landcover.crs).to_crs(
            require_metres(settlements.crs, what="settlements")
        ),
        "friction": friction.raster,
        "off_road_min": surface,
    }


def closed_water(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Choose the water that cannot be waded: lines and polygons, for points cover no ground."""
    return water.loc[water["is_barrier"] & ~water.geometry.geom_type.isin(["Point", "MultiPoint"])]


def elevation_of_ground(
    chosen: OffRoadOptions, elevation: Raster | None, landcover: Raster, findings: list[Finding]
) -> Raster | None:
    """Elevation on the grid of the land cover; resampled where the study says how, and then a finding says so."""
    if not chosen.slope or elevation is None:
        return None
    try:
        require_aligned(landcover, elevation)
    except ContractError as error:
        if chosen.resample is None:
            remedy = (
                "name elevation on that grid in [sources.elevation], or set resample = 'bilinear' in [off_road], or "
                "slope = false to walk as if the ground were level"
            )
            raise ContractError("off_road: elevation and land cover", [*error.problems[:-1], remedy]) from error
    else:
        return elevation
    aligned = align_raster(elevation, landcover, resample=chosen.resample)
    rows, columns = landcover.values.shape
    at = shapely.Point(landcover.transform * (columns / 2, rows / 2))
    lost = int((np.isnan(aligned.values) & ~np.isnan(landcover.values)).sum())
    findings.append(Finding("resampled", "elevation", at, {"how": str(chosen.resample), "cells": lost}))
    return aligned


def _on_open_ground(
    friction: Friction, places: gpd.GeoDataFrame, grid: Raster, findings: list[Finding]
) -> pd.DataFrame:
    """Find the open cell of each place; those that are moved to one, or that have none near, are findings."""
    # A facility may say in which settlement it is.
    key = "facility_id" if "facility_id" in places else "settlement_id"
    rows, columns = grid.values.shape
    inverse = ~grid.transform
    column, row = inverse * (places.geometry.x.to_numpy(), places.geometry.y.to_numpy())
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    held = places.loc[inside]
    found = move_to_open_cells(friction.min_per_m, cells_at(held, grid), resolution_m=friction.resolution_m)
    found = found.assign(id=held[key].to_numpy(dtype=object), point=held.geometry.to_numpy())
    lost = found["status"] == "no_ground"
    for notice, ids, points in (
        ("outside_landcover", places.loc[~inside, key], places.geometry[~inside]),
        ("no_open_ground", found.loc[lost, "id"], found.loc[lost, "point"]),
    ):
        findings += [
            Finding("on_barrier", str(place), at, notice=notice) for place, at in zip(ids, points, strict=True)
        ]
    moved = found.loc[found["status"] == "moved"]
    findings += [
        Finding("moved_to_open_ground", str(place), point, distance_m=metres)
        for place, point, metres in zip(moved["id"], moved["point"], moved["moved_m"], strict=True)
    ]
    missing = [*places.loc[~inside, key], *found.loc[lost, "id"]]
    if missing:
        _log.warning("off-road: %d places lie off the land cover or on water: %s", len(missing), first_of(missing))
    return found.loc[~lost].drop(columns="point").reset_index(drop=True)
