# Public names by topic, each by the module that it is imported from when it is first used. The pages of the reference
# are these topics.
# isort: skip_file

# == Quick start ==
# A study run, its results as frames, single steps, and a picture.
from .study import Study as Study
from .runs import run as run
from .runs import status as status
from .parallel import Share as Share
from .results import read_results as read_results
from .results import Results as Results
from .sample import sample_study as sample_study
from .sample import write_sample_county as write_sample_county
from .inputs.prepare import prepare as prepare
from .network.build import build_network as build_network
from .access.analyst import travel_times as travel_times
from .access.analyst import cost_to_closest as cost_to_closest
from .access.cumulative import summarise as summarise
from .access.cumulative import widen as widen
from .cartography.notebook import plot_access as plot_access
from .cartography.notebook import gap_map as gap_map

# == Reading and checking ==
# Files and frames to valid tables: settlements, facilities, roads, turns, services.
from .inputs.user_tables import as_facilities as as_facilities
from .inputs.user_tables import as_settlements as as_settlements
from .inputs.inspection.inspecting import inspect_file as inspect_file
from .inputs.osm import read_osm_roads as read_osm_roads
from .inputs.osm import read_turns as read_turns
from .inputs.placing import Placement as Placement
from .inputs.placing import locate_places as locate_places
from .inputs.prepare import Layers as Layers
from .inputs.road_noding import NodedRoads as NodedRoads
from .inputs.road_noding import node_roads as node_roads
from .inputs.services import Vocabulary as Vocabulary
from .inputs.services import load_services as load_services
from .rasters import Raster as Raster
from .tables import TABLES as TABLES

# == Networks ==
# Roads to travel graphs: slopes, seasons, turns, ferries, buses, several modes, changes of roads.
from .network.combined import bus_network as bus_network
from .network.combined import combine_networks as combine_networks
from .network.graph import TravelGraph as TravelGraph
from .network.scenarios import Scenario as Scenario
from .network.scenarios import edit_network as edit_network
from .network.speeds import with_season as with_season
from .network.slope import tobler_speed as tobler_speed
from .network.slope import with_slope as with_slope
from .network.splitting import border_lines as border_lines
from .network.splitting import hard_border as hard_border
from .network.splitting import split_edges as split_edges
from .network.turns import with_turns as with_turns

# == Travel times and access ==
# Times to the nearest, by group, cell and season; last mile, areas within reach, how sure times are.
from .access.analyst import od_from_r5py as od_from_r5py
from .access.area_hulls import AreaRules as AreaRules
from .access.calibration import Calibration as Calibration
from .access.calibration import FitRules as FitRules
from .access.calibration import calibrate_speeds as calibrate_speeds
from .access.cells import cell_factor as cell_factor
from .access.cells import cells_as_origins as cells_as_origins
from .access.cells import towns_as_facilities as towns_as_facilities
from .access.analyst import emergency_response as emergency_response
from .access.findings import move_off_barriers as move_off_barriers
from .access.analyst import Group as Group
from .access.analyst import group_travel_times as group_travel_times
from .access.isochrones import catchment_areas as catchment_areas
from .access.isochrones import isochrones as isochrones
from .access.isochrones import node_catchments as node_catchments
from .access.last_mile import LastMileRules as LastMileRules
from .access.last_mile import last_mile as last_mile
from .access.last_mile import last_mile_coverage as last_mile_coverage
from .access.last_mile import wet_loss as wet_loss
from .access.options import AccessRules as AccessRules
from .access.last_mile import RoadCondition as RoadCondition
from .access.last_mile import rural_access_index as rural_access_index
from .access.scenarios import compare_scenarios as compare_scenarios
from .access.scenarios import summarise_scenarios as summarise_scenarios
from .access.cumulative import weighted_statistics as weighted_statistics
from .access.uncertainty import AccessIntervals as AccessIntervals
from .access.uncertainty import access_intervals as access_intervals

# == Measures and decays ==
# Counts, gravity, floating catchments, capacity and competition on tables of pairs.
from .access.floating_catchment import catchment_overlap as catchment_overlap
from .access.floating_catchment import overlap_shares as overlap_shares
from .access.floating_catchment import spatial_availability as spatial_availability
from .access.capacity import CapacityAllocation as CapacityAllocation
from .access.capacity import allocate_capacity as allocate_capacity
from .access.cumulative import cumulative_cutoff as cumulative_cutoff
from .access.cumulative import cumulative_interval as cumulative_interval
from .access.cumulative import fgt_poverty as fgt_poverty
from .access.cumulative import gravity as gravity
from .access.decays import Decay as Decay
from .access.decays import decay_binary as decay_binary
from .access.decays import decay_exponential as decay_exponential
from .access.decays import decay_from as decay_from
from .access.decays import decay_gaussian as decay_gaussian
from .access.decays import decay_linear as decay_linear
from .access.decays import decay_log_logistic as decay_log_logistic
from .access.decays import decay_power as decay_power
from .access.decays import decay_stepped as decay_stepped
from .access.decays import decay_truncated_gaussian as decay_truncated_gaussian
from .access.floating_catchment import catchment_ratios as catchment_ratios
from .access.floating_catchment import facility_crowding as facility_crowding
from .access.floating_catchment import floating_catchment_area as floating_catchment_area

# == Off the roads ==
# Land cover and slopes to friction, surfaces of travel time, and who is within them.
from .terrain.coverage import GeographicCoverage as GeographicCoverage
from .terrain.coverage import geographic_coverage as geographic_coverage
from .terrain.coverage import zonal_coverage as zonal_coverage
from .terrain.coverage import zonal_sums as zonal_sums
from .terrain.friction import Friction as Friction
from .terrain.friction import align_raster as align_raster
from .terrain.friction import friction_surface as friction_surface
from .terrain.friction import load_surface_speeds as load_surface_speeds
from .terrain.surface import cells_at as cells_at
from .terrain.surface import facility_to_facility as facility_to_facility
from .terrain.surface import move_to_open_cells as move_to_open_cells
from .terrain.surface import catchment_surface as catchment_surface
from .terrain.surface import cell_sizes_m as cell_sizes_m
from .terrain.surface import travel_time_surface as travel_time_surface

# == People and settlements ==
# People to settlements; degree of urbanisation, functional areas, the order of towns.
from .indices.degurba import DEGURBA_TITLES as DEGURBA_TITLES
from .indices.degurba import DegurbaRules as DegurbaRules
from .indices.degurba import degree_of_urbanisation as degree_of_urbanisation
from .indices.degurba import degurba_units as degurba_units
from .indices.degurba import fill_holes as fill_holes
from .indices.degurba import majority_smoothing as majority_smoothing
from .indices.functional_areas import URCA_TITLES as URCA_TITLES
from .indices.functional_areas import catchment_classes as catchment_classes
from .indices.functional_areas import functional_urban_areas as functional_urban_areas
from .indices.functional_areas import local_catchment_classes as local_catchment_classes
from .indices.functional_areas import RankSize as RankSize
from .indices.functional_areas import fulcrum_index as fulcrum_index
from .indices.functional_areas import functional_completeness as functional_completeness
from .indices.functional_areas import polycentricity as polycentricity
from .indices.functional_areas import rank_size as rank_size
from .people.population import allocate_population as allocate_population

# == Inequality, segregation, exchange ==
# Indices on plain arrays: inequality, clusters, segregation, flows, the gap of groups, resilience.
from .indices.clustering import LocalClusters as LocalClusters
from .indices.clustering import MoransI as MoransI
from .indices.clustering import local_clusters as local_clusters
from .indices.clustering import morans_i as morans_i
from .indices.clustering import queen_contiguity as queen_contiguity
from .indices.clustering import travel_time_neighbours as travel_time_neighbours
from .indices.exchange import FlowBalance as FlowBalance
from .indices.exchange import Reciprocity as Reciprocity
from .indices.exchange import flow_balance as flow_balance
from .indices.exchange import flow_matrix as flow_matrix
from .indices.exchange import gravity_flows as gravity_flows
from .indices.exchange import huff_shares as huff_shares
from .indices.exchange import radiation_flows as radiation_flows
from .indices.exchange import reciprocity as reciprocity
from .indices.groups import BorderEffect as BorderEffect
from .indices.groups import GroupGap as GroupGap
from .indices.groups import border_effect as border_effect
from .indices.groups import urban_rural_gap as urban_rural_gap
from .indices.inequality import Theil as Theil
from .indices.inequality import atkinson_index as atkinson_index
from .indices.inequality import concentration_index as concentration_index
from .indices.inequality import equally_distributed_equivalent as equally_distributed_equivalent
from .indices.inequality import erreygers_index as erreygers_index
from .indices.inequality import gini_index as gini_index
from .indices.inequality import mean_log_deviation as mean_log_deviation
from .indices.inequality import palma_ratio as palma_ratio
from .indices.inequality import palma_ratio_by_rank as palma_ratio_by_rank
from .indices.inequality import theil_t as theil_t
from .indices.resilience import NetworkShape as NetworkShape
from .indices.resilience import RobustCoverage as RobustCoverage
from .indices.resilience import bridges as bridges
from .indices.resilience import circuity as circuity
from .indices.resilience import edge_criticality as edge_criticality
from .indices.resilience import network_indices as network_indices
from .indices.resilience import network_shape as network_shape
from .indices.resilience import robust_coverage as robust_coverage
from .indices.groups import EnvironmentSegregation as EnvironmentSegregation
from .indices.groups import boundary_dissimilarity as boundary_dissimilarity
from .indices.groups import correlation_ratio as correlation_ratio
from .indices.groups import dissimilarity_index as dissimilarity_index
from .indices.groups import environment_segregation as environment_segregation
from .indices.groups import exposure_index as exposure_index
from .indices.groups import information_index as information_index
from .indices.groups import isolation_index as isolation_index

# == Norms ==
# The register, which norms bind, and how places are held against them.
from .norms.evaluation import evaluate_norms as evaluate_norms
from .norms.measuring import NormEvidence as NormEvidence
from .norms.measuring import capture_recapture as capture_recapture
from .norms.law import NormRules as NormRules
from .norms.law import applicable_norms as applicable_norms
from .norms.law import load_register as load_register

# == Score and comparison ==
# Levels, gaps, ranks with their intervals, and runs held against each other.
from .score.comparison.changes import Comparison as Comparison
from .score.composite import AhpWeights as AhpWeights
from .score.composite import Coupling as Coupling
from .score.composite import IntegrationLevel as IntegrationLevel
from .score.composite import SegmentationIndex as SegmentationIndex
from .score.composite import ahp_weights as ahp_weights
from .score.composite import coupling_coordination as coupling_coordination
from .score.composite import entropy_weights as entropy_weights
from .score.composite import integration_level as integration_level
from .score.composite import obstacle_degrees as obstacle_degrees
from .score.composite import segmentation_index as segmentation_index
from .score.composite import topsis as topsis
from .score.place_scores import PlaceScores as PlaceScores
from .score.place_scores import place_scores as place_scores
from .score.place_scores import score_norms as score_norms
from .score.ranking import RankIntervals as RankIntervals
from .score.ranking import rank_intervals as rank_intervals
from .score.scoreboard import Scoreboard as Scoreboard
from .score.scoreboard import score_study as score_study
from .stages.compare import compare_runs as compare_runs
from .stages.compare import trajectory as trajectory

# == Planning ==
# Sites, links, roads, mobile rounds and idle capacity, proven or with a bound.
from .planning.candidates import CandidateSites as CandidateSites
from .planning.candidates import candidate_sites as candidate_sites
from .planning.candidates import grid_points as grid_points
from .planning.candidates import load_site_rules as load_site_rules
from .planning.connections import ConnectionPlan as ConnectionPlan
from .planning.connections import connect_settlements as connect_settlements
from .planning.candidates import apply_constraints as apply_constraints
from .planning.equity import ParetoFront as ParetoFront
from .planning.equity import p_centdian as p_centdian
from .planning.equity import p_kolm_pollak as p_kolm_pollak
from .planning.equity import pareto_front as pareto_front
from .planning.link_candidates import lay_corridors as lay_corridors
from .planning.link_candidates import propose_links as propose_links
from .planning.links import LinkPlan as LinkPlan
from .planning.links import rank_links as rank_links
from .planning.links import rank_upgrades as rank_upgrades
from .planning.making_room import CapacityMatch as CapacityMatch
from .planning.making_room import match_capacity as match_capacity
from .planning.mobile import MobileRound as MobileRound
from .planning.mobile import mobile_round as mobile_round
from .planning.equity import OwnerPlans as OwnerPlans
from .planning.equity import plans_by_owner as plans_by_owner
from .planning.plans import SitingPlan as SitingPlan
from .planning.profiles import site_profile as site_profile
from .planning.link_candidates import RoadUpgrades as RoadUpgrades
from .planning.link_candidates import propose_road_upgrades as propose_road_upgrades
from .planning.equity import PlanRobustness as PlanRobustness
from .planning.equity import choose_often as choose_often
from .planning.services import ServicesOptions as ServicesOptions
from .planning.services import ServicesPlan as ServicesPlan
from .planning.services import site_services as site_services
from .planning.sites import SitingOptions as SitingOptions
from .planning.siting import backup_coverage as backup_coverage
from .planning.siting import lscp as lscp
from .planning.siting import mclp as mclp
from .planning.siting import p_center as p_center
from .planning.siting import p_dispersion as p_dispersion
from .planning.siting import p_median as p_median

# == Maps in a notebook ==
# Maps with folium and with matplotlib.
from .cartography.notebook import gap_layer as gap_layer
from .cartography.notebook import plan_map as plan_map

# == Errors ==
# What is raised; each is a builtin error too.
from .errors import ContractError as ContractError
from .errors import CrsError as CrsError
from .errors import DataError as DataError
from .errors import InfeasibleError as InfeasibleError
from .errors import MissingDependencyError as MissingDependencyError
from .errors import NetworkError as NetworkError
from .errors import SourceError as SourceError
from .errors import SpatialError as SpatialError
from .errors import StageError as StageError
from .errors import StoreError as StoreError
from .errors import StudyError as StudyError
from .errors import WorkersError as WorkersError

# == Options and types ==
# What signatures and fields of the names above are made of.
from .study.access import AccessOptions as AccessOptions
from .study.score import Adoption as Adoption
from .network.kernels_search import Arcs as Arcs
from .study.access import AreaOptions as AreaOptions
from .inputs.inspection.reports import Bounds as Bounds
from .access.floating_catchment import BufferRule as BufferRule
from .study.scenarios import BuiltRoad as BuiltRoad
from .study.access import BusLine as BusLine
from .study.scenarios import CalibrationOptions as CalibrationOptions
from .network.kernels_core import Chains as Chains
from .inputs.road_tags import CodedTag as CodedTag
from .formats.notes import ColumnUse as ColumnUse
from .study.score import Confirmation as Confirmation
from .study.plans import ConstraintSource as ConstraintSource
from .network.graph import ContractedGraph as ContractedGraph
from .study.sources import ControlPoint as ControlPoint
from .network.graph import CoreShape as CoreShape
from .study.access import DecayOptions as DecayOptions
from .study.score import DegurbaOptions as DegurbaOptions
from .network.graph import EdgeOrigins as EdgeOrigins
from .study.scenarios import EmergencyOptions as EmergencyOptions
from .norms.measuring import Estimate as Estimate
from .score.scoreboard import Evidence as Evidence
from .access.calibration import FactorBounds as FactorBounds
from .access.floating_catchment import FcaMethod as FcaMethod
from .inputs.inspection.reports import FieldReport as FieldReport
from .inputs.inspection.reports import FileReport as FileReport
from .study.score import FlowTotals as FlowTotals
from .study.score import FunctionalAreaOptions as FunctionalAreaOptions
from .study.score import GapTargets as GapTargets
from .terrain.friction import GroundSpeed as GroundSpeed
from .study.access import GroupOptions as GroupOptions
from .study.region import GroupShare as GroupShare
from .inputs.inspection.guesses import KnownGround as KnownGround
from .formats.files import KnownIssue as KnownIssue
from .study.sources import LandcoverSource as LandcoverSource
from .network.kernels_core import Lane as Lane
from .network.kernels_core import Lanes as Lanes
from .inputs.inspection.reports import LayerReport as LayerReport
from .study.sources import LocalGrid as LocalGrid
from .study.access import MeasureOptions as MeasureOptions
from .network.kernels_search import MeasuredArcs as MeasuredArcs
from .study.sources import MergeOptions as MergeOptions
from .access.floating_catchment import MissingBuffer as MissingBuffer
from .study.scenarios import MobileStops as MobileStops
from .network.speeds import ModeSpeeds as ModeSpeeds
from .study.access import NetworkOptions as NetworkOptions
from .study.score import NormAddition as NormAddition
from .study import NormOptions as NormOptions
from .study.access import OffRoadOptions as OffRoadOptions
from .study.outputs import OfficialFacilities as OfficialFacilities
from .study.outputs import OfficialOptions as OfficialOptions
from .study.outputs import OfficialPeople as OfficialPeople
from .study.outputs import OfficialRoads as OfficialRoads
from .study.outputs import OfficialTotal as OfficialTotal
from .study.sources import OfficialUnits as OfficialUnits
from .study.scenarios import OpenedFacility as OpenedFacility
from .study.sources import OsmSource as OsmSource
from .study.outputs import OutputOptions as OutputOptions
from .study.sources import PlacingOptions as PlacingOptions
from .study.sources import PlainTable as PlainTable
from .study.plans import PlanCosts as PlanCosts
from .study.plans import PlanOptions as PlanOptions
from .study.plans import PlanningOptions as PlanningOptions
from .study.region import PopulationOptions as PopulationOptions
from .inputs.inspection.reports import Proposal as Proposal
from .study.outputs import QgisOptions as QgisOptions
from .study.sources import RasterSource as RasterSource
from .study import Region as Region
from .inputs.road_tags import RoadLines as RoadLines
from .study.sources import RoadSource as RoadSource
from .study.plans import RoundOptions as RoundOptions
from .sample import SampleForm as SampleForm
from .study.scenarios import ScenarioOptions as ScenarioOptions
from .score.evidence import ScoreComponent as ScoreComponent
from .study import ScoreOptions as ScoreOptions
from .study.score import ScoreRules as ScoreRules
from .network.speeds import SeasonRules as SeasonRules
from .inputs.services import Service as Service
from .inputs.inspection.reports import Setting as Setting
from .study.scenarios import SharedUnits as SharedUnits
from .study.outputs import SharingOptions as SharingOptions
from .study.access import SnapRules as SnapRules
from .formats.files import SourceRecord as SourceRecord
from .study.sources import Sources as Sources
from .access.uncertainty import SpeedFactors as SpeedFactors
from .network.speeds import SpeedTable as SpeedTable
from .network.splitting import SplitGraph as SplitGraph
from .terrain.surface import SurfaceOptions as SurfaceOptions
from .terrain.friction import SurfaceSpeeds as SurfaceSpeeds
from .study.sources import TableSource as TableSource
from .formats.tag_rules import TagRule as TagRule
from .formats.tag_rules import TagTest as TagTest
from .study import Tiers as Tiers
from .study.access import UncertaintyOptions as UncertaintyOptions
from .norms.evaluation import UnitGates as UnitGates
from .study.access import WalkRange as WalkRange
from .network.speeds import WidthRules as WidthRules
from .terrain.coverage import ZonalSums as ZonalSums
