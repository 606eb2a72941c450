"""Times become access: people at settlements, the nearest facility and town of each, the last mile."""

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.areas.catchment_areas import catchment_areas
from spatial.access.areas.ground import AreaRules
from spatial.access.areas.isochrones import isochrones
from spatial.access.areas.reach import reached_edges
from spatial.access.cells.origins import cell_factor, cells_as_origins, towns_as_facilities
from spatial.access.edge_risk import needed_buffer_m, population_at_risk
from spatial.access.measures.availability import catchment_overlap, overlap_shares, spatial_availability
from spatial.access.measures.capacity import CapacityAllocation, allocate_capacity
from spatial.access.measures.cumulative import cumulative_cutoff, cumulative_interval, gravity
from spatial.access.measures.decays import (
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
from spatial.access.measures.floating_catchment import (
    catchment_ratios,
    facility_crowding,
    floating_catchment_area,
)
from spatial.access.measures.groups import Group, group_summary, group_travel_times
from spatial.access.measures.poverty import fgt_poverty
from spatial.access.nearest_table import AccessResult, access_table
from spatial.access.node_catchments import node_catchments
from spatial.access.off_barriers import move_off_barriers
from spatial.access.ordering import id_order
from spatial.access.population import allocate_population, allocate_population_with_account
from spatial.access.rules import TOWN_TIERS, AccessRules, SnapRules
from spatial.access.rural.last_mile import LastMileRules, last_mile
from spatial.access.rural.last_mile_coverage import last_mile_coverage
from spatial.access.rural.rural_access import RoadCondition, rural_access_index
from spatial.access.rural.wet_loss import wet_loss, wet_loss_summary
from spatial.access.summaries import (
    summarise,
    summarise_measure,
    weighted_quantile,
    weighted_statistics,
    widen,
)
from spatial.access.surroundings import Surroundings
from spatial.access.trials.calibration import Calibration, FitRules, calibrate_speeds
from spatial.access.trials.emergency import emergency_response
from spatial.access.trials.scenarios import compare_scenarios, summarise_scenarios
from spatial.access.trials.uncertainty import AccessIntervals, WalkRange, access_intervals

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
    "allocate_population",
    "allocate_population_with_account",
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
