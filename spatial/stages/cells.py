"""Stage `cells`: the same access for the cells of the population raster as for settlements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from spatial.access.cells import cells_as_origins, towns_as_facilities
from spatial.access.nearest import access_table
from spatial.access.options import TOWN_TIERS
from spatial.crs import require_metres
from spatial.runner.stage import silent
from spatial.stages.policy import access_rules, vocabulary_of, wanted_services
from spatial.stages.shared import graphs_of, surroundings_of

if TYPE_CHECKING:
    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value


def cells(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    population: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Measure access from cells where the study asks for them."""
    if options.access.origins != "cells" or population is None:
        return {}
    progress(0.0, "cells: people of the raster as origins")
    origins = cells_as_origins(
        population,
        crs=require_metres(settlements.crs, what="settlements"),
        cell_m=options.access.cell_m,
        study_area=study_area,
        boundaries=boundaries,
    )
    towns = towns_as_facilities(settlements)
    offered = gpd.GeoDataFrame(pd.concat([facilities, towns], ignore_index=True), crs=facilities.crs)
    services = wanted_services(options, vocabulary_of(options), set(facilities["service"]))
    progress(0.2, "cells: times to towns and services")
    found = access_table(
        graphs_of(options, nodes, edges),
        origins,
        offered,
        services={**services, **TOWN_TIERS},
        rules=access_rules(options, tiers={}, max_routes=0),
        surroundings=surroundings_of(options, study_area, water),
    )
    return {"cells": origins, "cell_access": found.access}
