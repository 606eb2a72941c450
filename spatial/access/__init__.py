"""Times become access: people at settlements, the nearest facility and town of each, the last mile."""

from __future__ import annotations

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.area_hulls import AreaRules
from spatial.access.availability import catchment_overlap, overlap_shares, spatial_availability
from spatial.access.calibration import Calibration, FitRules, calibrate_speeds
from spatial.access.capacity import CapacityAllocation, allocate_capacity
from spatial.access.cells import cell_factor, cells_as_origins, towns_as_facilities
from spatial.access.cumulative import cumulative_cutoff, cumulative_interval, fgt_poverty, gravity
from spatial.access.decays import (
    Decay,
    decay_binary,
    decay_exponential,
    decay_gaussian,
    decay_linear,
    decay_log_logistic,
    decay_power,
    decay_stepped,
    decay_truncated_gaussian,
)
from spatial.access.emergency import emergency_response
from spatial.access.findings import move_off_barriers, needed_buffer_m, population_at_risk
from spatial.access.floating_catchment import catchment_ratios, facility_crowding, floating_catchment_area
from spatial.access.groups import Group, group_summary, group_travel_times
from spatial.access.isochrones import catchment_areas, isochrones, node_catchments
from spatial.access.last_mile import LastMileRules, last_mile, last_mile_coverage, wet_loss, wet_loss_summary
from spatial.access.nearest import AccessResult, access_table
from spatial.access.options import TOWN_TIERS, AccessRules
from spatial.access.places import Surroundings, id_order
from spatial.access.roads_reached import reached_edges
from spatial.access.rural_access import RoadCondition, rural_access_index
from spatial.access.scenarios import compare_scenarios, summarise_scenarios
from spatial.access.summaries import summarise, summarise_measure, weighted_quantile, weighted_statistics, widen
from spatial.access.uncertainty import AccessIntervals, access_intervals
from spatial.study.access import SnapRules, WalkRange

__all__ = [
    "TOWN_TIERS",
    "AccessIntervals",
    "AccessResult",
    "AccessRules",
    "AreaRules",
    "Calibration",
    "CapacityAllocation",
    "Decay",
    "FitRules",
    "Group",
    "LastMileRules",
    "RoadCondition",
    "SnapRules",
    "Surroundings",
    "WalkRange",
    "access_intervals",
    "access_table",
    "allocate_capacity",
    "calibrate_speeds",
    "catchment_areas",
    "catchment_overlap",
    "catchment_ratios",
    "cell_factor",
    "cells_as_origins",
    "compare_scenarios",
    "cost_to_closest",
    "cumulative_cutoff",
    "cumulative_interval",
    "decay_binary",
    "decay_exponential",
    "decay_gaussian",
    "decay_linear",
    "decay_log_logistic",
    "decay_power",
    "decay_stepped",
    "decay_truncated_gaussian",
    "emergency_response",
    "facility_crowding",
    "fgt_poverty",
    "floating_catchment_area",
    "gravity",
    "group_summary",
    "group_travel_times",
    "id_order",
    "isochrones",
    "last_mile",
    "last_mile_coverage",
    "move_off_barriers",
    "needed_buffer_m",
    "node_catchments",
    "overlap_shares",
    "population_at_risk",
    "reached_edges",
    "rural_access_index",
    "spatial_availability",
    "summarise",
    "summarise_measure",
    "summarise_scenarios",
    "towns_as_facilities",
    "travel_times",
    "weighted_quantile",
    "weighted_statistics",
    "wet_loss",
    "wet_loss_summary",
    "widen",
]
