"""Stage `certainty`: how sure times are, what the wet season takes, and the Rural Access Index as an interval."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rasterio.features import geometry_mask

from spatial.access.cells import towns_as_facilities
from spatial.access.last_mile import wet_loss
from spatial.access.nearest import access_table
from spatial.access.options import TOWN_TIERS
from spatial.access.rural_access import rural_access_index
from spatial.access.uncertainty import access_intervals
from spatial.network.seasons import with_season
from spatial.stages.calibration import calibrated_graph, calibration_of, speed_status
from spatial.stages.policy import access_rules, snap_rules, vocabulary_of, walk_range
from spatial.stages.shared import (
    closer_services,
    headline_cutoffs,
    headline_towns,
    speeds_of,
    surroundings_of,
    townspeople,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from spatial.network.graph import TravelGraph
    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value


DRY, WET = "dry", "wet"


def certainty(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Say how sure the times of the study's first mode are."""
    services = closer_services(options, inputs, options.uncertainty.services)
    towns = {} if options.uncertainty.services else headline_towns(options, inputs)
    graph = calibrated_graph(options, inputs)
    wet = _wet(options, graph)
    progress(0.0, "certainty: paired runs")
    found: dict[str, Value] = _intervals(options, inputs, graph, wet, services | towns)
    if wet is not None:
        progress(0.6, "certainty: the wet season")
        settlements, dry = inputs["settlements"], inputs["access"]
        when_wet = access_table(
            wet,
            settlements,
            inputs["facilities"],
            services=services,
            rules=access_rules(options),
            surroundings=surroundings_of(options, inputs),
        ).access
        names = [*services, *towns]
        when_wet = when_wet.loc[when_wet["service"].isin(names)]
        same = dry.loc[(dry["mode"] == wet.mode) & dry["service"].isin(names)]
        found["wet_losses"] = wet_loss(same, when_wet, settlements)
    if "population" in inputs:
        progress(0.9, "certainty: Rural Access Index")
        boundaries: gpd.GeoDataFrame = inputs["boundaries"]
        units = boundaries.loc[boundaries["is_unit"]]
        people = _within(inputs["population"], inputs["study_area"])
        found["rural_access"] = rural_access_index(people, graph, zones=units if len(units) else None)
    return found


def _wet(options: Options, graph: TravelGraph) -> TravelGraph | None:
    if not options.uncertainty.wet or options.network.season != DRY:
        return None
    return with_season(graph, WET, table=speeds_of(options))


def _intervals(
    options: Options,
    inputs: Mapping[str, Any],
    graph: TravelGraph,
    wet: TravelGraph | None,
    services: Mapping[str, frozenset[str]],
) -> dict[str, Value]:
    tables, people = [], []
    calibration, status = calibration_of(options, inputs), speed_status(options, inputs)
    settlements, vocabulary = inputs["settlements"], vocabulary_of(options)
    for service, kinds in services.items():
        is_town = service in TOWN_TIERS
        found = access_intervals(
            graph,
            settlements,
            towns_as_facilities(settlements) if is_town else inputs["facilities"],
            service=kinds,
            vocabulary=vocabulary,
            cutoffs_min=headline_cutoffs(options),
            speed_share=options.uncertainty.speed_share,
            snap=options.uncertainty.snap,
            walk=walk_range(options),
            calibration=calibration,
            wet=wet,
            direction=options.access.direction,
            rules=snap_rules(options.network),
            barriers=surroundings_of(options, inputs).barriers,
        )
        table = found.table.assign(service=service, speed_status=status)
        tables.append(_at_home(table, settlements, kinds) if is_town else table)
        people.append(found.people.assign(service=service, mode=graph.mode))
    if not tables:
        return {}
    names = {"service": "str", "mode": "str"}
    return {
        "intervals": pd.concat(tables, ignore_index=True).astype({"service": "str", "speed_status": "str"}),
        "interval_people": pd.concat(people, ignore_index=True).astype({**names, "factor": "str"}),
    }


def _at_home(table: pd.DataFrame, settlements: pd.DataFrame, tiers: frozenset[str]) -> pd.DataFrame:
    """Give a town no way to itself."""
    here = townspeople(table["settlement_id"], settlements, tiers)
    minutes = [name for name in map(str, table.columns) if name.endswith("_min")]
    known = {name: table[name].mask(here, 0.0) for name in minutes}
    status = table["interval_status"].mask(here, "reached")
    return table.assign(**known, interval_status=status, main_factor=table["main_factor"].mask(here))


def _within(raster: Raster, area: gpd.GeoDataFrame) -> Raster:
    """Keep the cells whose centre lies in the study area; the others have no data."""
    shapes = area.geometry.to_crs(raster.crs)
    outside = geometry_mask(shapes, out_shape=raster.values.shape, transform=raster.transform)
    return replace(raster, values=np.where(outside, np.nan, raster.values))
