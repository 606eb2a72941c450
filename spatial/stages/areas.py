"""Stage `areas`: the ground within reach of facilities, and the ground that each is nearest to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.eligibility import is_for_some_units
from spatial.access.isochrones import catchment_areas, isochrones
from spatial.access.places import existing
from spatial.errors import first_of
from spatial.reporting.answer import told_first
from spatial.runner.stage import silent
from spatial.stages.policy import vocabulary_of
from spatial.stages.shared import closer_services, graph_of, surroundings_of

if TYPE_CHECKING:
    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value


_log = logging.getLogger(__name__)


def areas(
    *,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    population: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Draw isochrones and catchments in the study's first mode."""
    chosen = options.areas
    facilities = existing(facilities)
    # Say which facilities have no ground, for they are for the people of some units.
    limited = facilities.loc[is_for_some_units(facilities), "facility_id"]
    if len(limited):
        _log.warning(
            "areas: %d facilities for the people of some units are left out: %s", len(limited), first_of(limited)
        )
    facilities = facilities.loc[~is_for_some_units(facilities)]
    services = closer_services(options, facilities, chosen.services)
    if not (chosen.services or options.norms.headline):
        # The ground of every service that is mapped takes longer than all the rest: of many, those that are told first.
        mapped = facilities["service"].value_counts()
        first = told_first({name: mapped.reindex(list(kinds)).sum() for name, kinds in services.items()})
        services = {name: services[name] for name in first} if len(services) > len(first) > 0 else services
    if not services or not (chosen.isochrones_min or chosen.catchments):
        return {}
    graph = graph_of(options, nodes, edges)
    shared: dict[str, Any] = {
        "vocabulary": vocabulary_of(options),
        "direction": options.access.direction,
        "rules": options.network,
        "barriers": surroundings_of(options, study_area, water).barriers,
    }
    reached, nearest = [], []
    for number, (service, kinds) in enumerate(services.items()):
        progress(number / len(services), f"areas: {service}")
        if chosen.isochrones_min:
            ground = isochrones(graph, facilities, service=kinds, cutoffs_min=chosen.isochrones_min, **shared)
            reached.append(ground.assign(service=service))
        if chosen.catchments:
            own = catchment_areas(
                graph,
                facilities,
                service=kinds,
                max_time_min=options.access.max_time_min,
                population=population,
                **shared,
            )
            # Say who lives in no catchment, so that nobody takes their sum for everybody.
            persons = own.attrs.get("persons_in_none")
            if persons is not None and np.isfinite(persons):
                _log.info("catchments of %s: %.0f people live on ground that belongs to none", service, persons)
            nearest.append(own.assign(service=service))
    tables = {"isochrones": reached, "catchments": nearest}
    made: dict[str, Value] = {}
    for name, frames in tables.items():
        if frames:
            stacked = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
            nameless = stacked.columns[stacked.isna().all()].intersection(["facility_id"])
            made[name] = stacked.astype({"service": "str"}).drop(columns=nameless)
    return made
