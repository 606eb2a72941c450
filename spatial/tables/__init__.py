"""
Every table between stages: the data dictionary of the package.

From these definitions come the checks between stages, the data dictionary in the documentation, the aliases in the
GeoPackage, the metadata in Parquet and the units in tooltips. A contract refuses; it never repairs.
"""

from __future__ import annotations

from spatial.tables import engine, ground, inventory, people, results, score, sign_off
from spatial.tables.contract import GEOMETRY_TYPES, Field, Table
from spatial.tables.words import (
    GATE,
    GROUP_SOURCE,
    LAST_MILE,
    MEASURE_STATUS,
    NORM_STATUS,
    POPULATION_BASIS,
    POPULATION_SOURCE,
    REACH_STATUS,
    REMEDY,
    SIGN_OFF_KIND,
    SIGN_OFF_STATUS,
    SNAP_STATUS,
    TIERS,
    UNIT_SCALING,
    WET_STATUS,
)

__all__ = [
    "GATE",
    "GEOMETRY_TYPES",
    "GROUP_SOURCE",
    "LAST_MILE",
    "MEASURE_STATUS",
    "NORM_STATUS",
    "POPULATION_BASIS",
    "POPULATION_SOURCE",
    "REACH_STATUS",
    "REMEDY",
    "SIGN_OFF_KIND",
    "SIGN_OFF_STATUS",
    "SNAP_STATUS",
    "TABLES",
    "TIERS",
    "UNIT_SCALING",
    "WET_STATUS",
    "Field",
    "Table",
]

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ground.PLACES,
        ground.SETTLEMENTS,
        ground.FACILITIES,
        ground.UNPLACED,
        ground.ROADS,
        ground.TURNS,
        ground.BOUNDARIES,
        ground.WATER,
        ground.AREA,
        ground.FLOWS,
        people.OFFICIAL_UNITS,
        ground.COUNTS,
        ground.PROVENANCE,
        *results.FINDINGS,
        engine.CALIBRATION_FACTORS,
        engine.CALIBRATION_ERRORS,
        engine.CALIBRATION_OBSERVATIONS,
        results.NODES,
        results.EDGES,
        ground.ACCOUNT,
        people.UNIT_TOTALS,
        results.SNAPS,
        results.ACCESS,
        results.LAST_MILE_TABLE,
        results.ROUTES,
        engine.MEASURES,
        engine.FACILITY_USE,
        engine.SERVED,
        engine.ISOCHRONES,
        engine.CATCHMENTS,
        engine.INTERVALS,
        engine.INTERVAL_PEOPLE,
        engine.WET_LOSSES,
        engine.RURAL_ACCESS,
        engine.CELLS,
        engine.CELL_ACCESS,
        engine.OFF_ROAD,
        engine.SCENARIO_ACCESS,
        engine.SCENARIO_PEOPLE,
        engine.EMERGENCY_RESPONSE,
        engine.EMERGENCY_PEOPLE,
        results.NORM_RESULTS,
        inventory.INVENTORY,
        results.GAPS,
        score.SETTLEMENT_TYPES,
        score.TOWNS,
        score.FLOW_BALANCES,
        score.ACCESS_CLUSTERS,
        score.SCORE_COMPONENTS,
        score.SCORES,
        score.RANK_PAIRS,
        score.SCORE_VARIANCE,
        score.INEQUALITY,
        score.COORDINATION,
        score.RANKINGS,
        score.POTENTIAL_FLOWS,
        sign_off.SIGN_OFF,
    )
}
"""Every table between stages by its name, in the order in which the pipeline makes them."""
