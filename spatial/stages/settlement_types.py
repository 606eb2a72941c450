"""What the stage `score` says of town and country: types of settlements and townships, functional urban areas."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from spatial.access.places import place_on
from spatial.integration.pillars.density import grid_of_settlements, is_too_coarse, urban_grid
from spatial.integration.pillars.functional import (
    AreaRules,
    commuting_between,
    functional_area_table,
    why_no_area,
)
from spatial.integration.pillars.types import type_table
from spatial.integration.pillars.unit_types import unit_type_table
from spatial.integration.settlement_types import DEGURBA_RULES
from spatial.network import times_matrix
from spatial.stages.ground import main_graph, surroundings_of
from spatial.stages.rules import snap_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatial.integration.pillars.density import UrbanGrid
    from spatial.integration.pillars.functional import Commuting
    from spatial.integration.pillars.ground import Ground
    from spatial.runner.stage import Options

    FloatArray = NDArray[np.float64]

__all__ = ["town_and_country"]

_log = logging.getLogger(__name__)


def town_and_country(
    options: Options, ground: Ground, inputs: Mapping[str, Any], access: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """
    Classify settlements and townships, and find functional urban areas.

    Returns tables `settlement_types`, `unit_types` and `functional_areas`. Why the last one is empty, or
    found by travel time, stands in the log.
    """
    cells, reason = _grid(options, ground, inputs)
    types = type_table(ground, access, cells, bins_min=options.score.bands_min)
    units = unit_type_table(
        ground,
        types,
        (inputs["study_area"], inputs["boundaries"]),
        cells or reason,
        rules=options.score.degurba.rules,
        tolerance_m=options.region.unit_tolerance_m,
    )
    areas = _functional_areas(options, ground, inputs, units, cells)
    return {"settlement_types": types, "unit_types": units, "functional_areas": areas}


def _grid(options: Options, ground: Ground, inputs: Mapping[str, Any]) -> tuple[UrbanGrid | None, str]:
    """Classify the ground, or say why it cannot be."""
    given = options.score.degurba
    named = DEGURBA_RULES[given.rules]
    rules = replace(
        named,
        semi_dense=given.semi_dense or named.semi_dense,
        order=given.order,
        size_test=given.size_test,
        majority=given.majority,
        semi_dense_distance_km=given.semi_dense_distance_km,
    )
    raster, crs = inputs.get("population"), CRS(ground.settlements.crs)
    if raster is not None:
        if not is_too_coarse(raster, crs):
            return urban_grid(raster, crs, rules), ""
        _log.warning(
            "Degree of Urbanisation: not measured, as cells of the population raster are longer than 1,250 m"
        )
        return None, "grid_too_coarse"
    if given.grid == "settlements":
        cells = grid_of_settlements(inputs["settlements"], rules)
        return cells, "" if cells is not None else "no_people_known"
    _log.info(
        "Degree of Urbanisation: not measured, as there is no population raster; score.degurba.grid = "
        '"settlements" takes the people of settlements instead'
    )
    return None, "no_population_grid"


def _functional_areas(
    options: Options,
    ground: Ground,
    inputs: Mapping[str, Any],
    unit_types: pd.DataFrame,
    cells: UrbanGrid | None,
) -> pd.DataFrame:
    rules = AreaRules(**options.score.functional_areas.model_dump())
    reason = why_no_area(unit_types)
    commuting: Commuting | None = None
    if reason:
        _log.info("functional urban areas: none (%s)", reason)
    else:
        units = unit_types.loc[unit_types["unit_level"] == "township", "unit_id"].astype(str).tolist()
        flows = inputs.get("flows")
        if flows is not None and len(flows):
            commuting = commuting_between(flows, inputs["settlements"], units, rules)
        if commuting is None:
            _log.info(
                "functional urban areas: no flows of kind %r with a number of employed residents; shown as "
                "fua_proxy, by %g minutes of travel",
                rules.commuting_kind,
                rules.proxy_min,
            )
        elif commuting.unknown:
            _log.warning(
                "functional urban areas: nobody says how many are employed in %d township(s), such as %s; they "
                "join none by commuting",
                len(commuting.unknown),
                ", ".join(commuting.unknown[:3]),
            )

    def minutes(points: FloatArray) -> FloatArray:
        return _minutes_to(options, ground, inputs, points)

    return functional_area_table(ground, unit_types, inputs["boundaries"], cells, commuting or minutes, rules)


def _minutes_to(
    options: Options, ground: Ground, inputs: Mapping[str, Any], points: FloatArray
) -> FloatArray:
    """Minutes from each place to each point, (places, points); inf = no way."""
    graph, barriers = main_graph(options, inputs), surroundings_of(options, inputs).barriers
    rules = snap_rules(options.network)
    crs = ground.settlements.crs
    goals = gpd.GeoDataFrame(
        {"centre": [f"{at:06d}" for at in range(len(points))]},
        geometry=gpd.points_from_xy(points[:, 0], points[:, 1]),
        crs=crs,
    )
    homes = place_on(
        graph, gpd.GeoDataFrame(ground.settlements), key="settlement_id", rules=rules, barriers=barriers
    )
    centres = place_on(graph, goals, key="centre", rules=rules, barriers=barriers)
    own = pd.Index(ground.ids).get_indexer(pd.Index(homes.ids))
    times = np.full((len(ground), len(points)), np.inf)
    i, j, found, _metres = times_matrix(graph, homes.snaps, centres.snaps, direct_barriers=barriers)
    times[own[i], j] = found
    return times
