"""Stage `certainty`: how sure times are, what the wet season takes, and the Rural Access Index as an interval."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from rasterio.features import geometry_mask

from spatial.access.cells import towns_as_facilities
from spatial.access.last_mile import rural_access_index, wet_loss
from spatial.access.nearest import access_table
from spatial.access.options import TOWN_TIERS
from spatial.access.uncertainty import access_intervals
from spatial.network.graph import TravelGraph
from spatial.network.speeds import with_season
from spatial.rasters import Raster
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.network import Fitted, calibration_of
from spatial.stages.policy import access_rules, speed_table, vocabulary_of
from spatial.stages.shared import closer_services, graph_of, headline_towns, is_left_out, surroundings_of, townspeople

DRY, WET = "dry", "wet"


def certainty(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    access: pd.DataFrame,
    population: Raster | None = None,
    calibration_factors: pd.DataFrame | None = None,
    calibration_errors: pd.DataFrame | None = None,
    calibration_observations: pd.DataFrame | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Say how sure the times of the study's first mode are."""
    if is_left_out("uncertainty", options.uncertainty.services, settlements):
        return {}
    services = closer_services(options, facilities, options.uncertainty.services)
    towns = {} if options.uncertainty.services else headline_towns(options, settlements)
    fitted = Fitted(calibration_factors, calibration_errors, calibration_observations)
    calibration, graph = calibration_of(options, fitted), graph_of(options, nodes, edges)
    if calibration is not None and options.calibration.apply:
        # The report says that the speeds are fitted.
        graph = replace(graph, report={**graph.report, "calibration": calibration.summary()})
    asks_for_wet = options.uncertainty.wet and options.network.season == DRY
    wet = with_season(graph, WET, table=speed_table(options, options.network.speeds)) if asks_for_wet else None
    around = surroundings_of(options, study_area, water)
    found: dict[str, Value] = {}
    tables, vocabulary = [], vocabulary_of(options)
    for service, kinds in (services | towns).items():
        is_town = service in TOWN_TIERS
        paired = access_intervals(
            graph,
            settlements,
            towns_as_facilities(settlements) if is_town else facilities,
            service=kinds,
            vocabulary=vocabulary,
            speed_share=options.uncertainty.speed_share,
            snap=options.uncertainty.snap,
            walk=options.uncertainty,
            calibration=calibration,
            wet=wet,
            direction=options.access.direction,
            rules=options.network,
            barriers=around.barriers,
        )
        table = paired.table.assign(service=service, speed_status=fitted.status(options))
        if is_town:
            here = townspeople(table["settlement_id"], settlements, kinds)
            known = {name: table[name].mask(here, 0.0) for name in table.columns if str(name).endswith("_min")}
            status = table["interval_status"].mask(here, "reached")
            table = table.assign(**known, interval_status=status, main_factor=table["main_factor"].mask(here))
        tables.append(table)
    if tables:
        texts = {"service": "str", "speed_status": "str"}
        found["intervals"] = pd.concat(tables, ignore_index=True).astype(texts)
    if wet is not None and tables:
        progress(0.6, "")

        def times(on: TravelGraph, to: dict[str, frozenset[str]], tiers: dict[str, frozenset[str]]) -> pd.DataFrame:
            rules = access_rules(options, cutoffs_min=(), tiers=tiers, route_services=())
            return access_table(on, settlements, facilities, services=to, rules=rules, surroundings=around).access

        same = access.loc[(access["mode"] == wet.mode) & access["service"].isin([*services, *towns])]
        apart = {name: kinds for name, kinds in services.items() if name not in set(same["service"])}
        if apart:  # services that `uncertainty.services` names and `access.services` does not
            same = pd.concat([same, times(graph, apart, {})], ignore_index=True)
        found["wet_losses"] = wet_loss(same, times(wet, services, towns), settlements)
    if population is not None:
        progress(0.9, "")
        units = boundaries.loc[boundaries["is_unit"]]
        # Cells whose centre lies outside the study area have no data.
        grid, shapes = population.values, study_area.geometry.to_crs(population.crs)
        outside = geometry_mask(shapes, out_shape=grid.shape, transform=population.transform)
        there = replace(population, values=np.where(outside, np.nan, grid))
        found["rural_access"] = rural_access_index(there, graph, zones=units if len(units) else None)
    return found
