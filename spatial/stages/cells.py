"""Stage `cells`: the same access for the cells of the population raster as for settlements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.access.cells import cells_as_origins, towns_as_facilities
from spatial.access.nearest import access_table
from spatial.access.options import TOWN_TIERS
from spatial.stages.policy import access_rules, vocabulary_of, wanted_services
from spatial.stages.shared import graphs_of, surroundings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.runner.stage import Options, Progress, Value


def cells(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Measure access from cells where the study asks for them."""
    if options.access.origins != "cells" or "population" not in inputs:
        return {}
    settlements, facilities = inputs["settlements"], inputs["facilities"]
    progress(0.0, "cells: people of the raster as origins")
    origins = cells_as_origins(
        inputs["population"],
        crs=settlements.crs,
        cell_m=options.access.cell_m,
        study_area=inputs["study_area"],
        boundaries=inputs["boundaries"],
    )
    towns = towns_as_facilities(settlements)
    offered = gpd.GeoDataFrame(pd.concat([facilities, towns], ignore_index=True), crs=facilities.crs)
    services = wanted_services(options, vocabulary_of(options), set(facilities["service"]))
    progress(0.2, "cells: times to towns and services")
    found = access_table(
        graphs_of(options, inputs),
        origins,
        offered,
        services={**services, **TOWN_TIERS},
        rules=replace(access_rules(options), tiers={}, max_routes=0),
        surroundings=surroundings_of(options, inputs),
    )
    return {"cells": origins, "cell_access": found.access}
