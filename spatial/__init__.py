"""Spatial planning analysis: from raw files to travel times, norms, gaps, maps and QGIS layers.

Names are imported when first used, so that ``import spatial`` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "AccessIntervals": "spatial.access",
    "AccessRules": "spatial.access",
    "AreaRules": "spatial.access",
    "Calibration": "spatial.access",
    "CapacityAllocation": "spatial.access",
    "ContractError": "spatial.errors",
    "CrsError": "spatial.errors",
    "DataError": "spatial.errors",
    "Decay": "spatial.access",
    "FitRules": "spatial.access",
    "Friction": "spatial.terrain",
    "GeographicCoverage": "spatial.terrain",
    "Group": "spatial.access",
    "InfeasibleError": "spatial.errors",
    "LastMileRules": "spatial.access",
    "Layers": "spatial.sources.layers",
    "MissingDependencyError": "spatial.errors",
    "NetworkError": "spatial.errors",
    "Raster": "spatial.rasters",
    "Results": "spatial.results",
    "RoadCondition": "spatial.access",
    "Scenario": "spatial.network",
    "SnapRules": "spatial.access",
    "SourceError": "spatial.errors",
    "SpatialError": "spatial.errors",
    "StageError": "spatial.errors",
    "StoreError": "spatial.errors",
    "Study": "spatial.study",
    "StudyError": "spatial.errors",
    "TABLES": "spatial.tables",
    "TravelGraph": "spatial.network",
    "WalkRange": "spatial.access",
    "access_intervals": "spatial.access",
    "align_raster": "spatial.terrain",
    "allocate_capacity": "spatial.access",
    "allocate_population": "spatial.access",
    "applicable_norms": "spatial.integration.norms_rules",
    "as_facilities": "spatial.sources.adopt",
    "as_settlements": "spatial.sources.adopt",
    "border_lines": "spatial.network",
    "build_network": "spatial.network",
    "bus_network": "spatial.network",
    "calibrate_speeds": "spatial.access",
    "catchment_areas": "spatial.access",
    "catchment_overlap": "spatial.access",
    "catchment_ratios": "spatial.access",
    "catchment_surface": "spatial.terrain",
    "cell_factor": "spatial.access",
    "cell_sizes_m": "spatial.terrain",
    "cells_as_origins": "spatial.access",
    "cells_at": "spatial.terrain",
    "combine_networks": "spatial.network",
    "compare_scenarios": "spatial.access",
    "cost_to_closest": "spatial.access",
    "cumulative_cutoff": "spatial.access",
    "cumulative_interval": "spatial.access",
    "decay_binary": "spatial.access",
    "decay_exponential": "spatial.access",
    "decay_gaussian": "spatial.access",
    "decay_linear": "spatial.access",
    "decay_log_logistic": "spatial.access",
    "decay_power": "spatial.access",
    "decay_stepped": "spatial.access",
    "decay_truncated_gaussian": "spatial.access",
    "edit_network": "spatial.network",
    "emergency_response": "spatial.access",
    "evaluate_norms": "spatial.integration.norms",
    "facility_crowding": "spatial.access",
    "facility_to_facility": "spatial.terrain",
    "fgt_poverty": "spatial.access",
    "floating_catchment_area": "spatial.access",
    "friction_surface": "spatial.terrain",
    "geographic_coverage": "spatial.terrain",
    "gravity": "spatial.access",
    "group_summary": "spatial.access",
    "group_travel_times": "spatial.access",
    "hard_border": "spatial.network",
    "isochrones": "spatial.access",
    "last_mile": "spatial.access",
    "last_mile_coverage": "spatial.access",
    "load_register": "spatial.integration.register",
    "load_surface_speeds": "spatial.terrain",
    "move_off_barriers": "spatial.access",
    "move_to_open_cells": "spatial.terrain",
    "needed_buffer_m": "spatial.access",
    "node_catchments": "spatial.access",
    "overlap_shares": "spatial.access",
    "population_at_risk": "spatial.access",
    "prepare": "spatial.sources.prepare",
    "reached_edges": "spatial.access",
    "read_osm_roads": "spatial.sources.osm",
    "read_results": "spatial.results",
    "run": "spatial.pipeline",
    "read_turns": "spatial.sources.osm_turns",
    "rural_access_index": "spatial.access",
    "sample_study": "spatial.sources.sample",
    "spatial_availability": "spatial.access",
    "split_edges": "spatial.network",
    "summarise": "spatial.access",
    "summarise_measure": "spatial.access",
    "summarise_scenarios": "spatial.access",
    "tobler_speed": "spatial.network",
    "towns_as_facilities": "spatial.access",
    "travel_time_surface": "spatial.terrain",
    "travel_times": "spatial.access",
    "weighted_statistics": "spatial.access",
    "wet_loss": "spatial.access",
    "wet_loss_summary": "spatial.access",
    "widen": "spatial.access",
    "with_season": "spatial.network",
    "with_slope": "spatial.network",
    "with_turns": "spatial.network",
    "write_sample_county": "spatial.sources.sample",
    "zonal_coverage": "spatial.terrain",
    "zonal_sums": "spatial.terrain",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'spatial' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__})
