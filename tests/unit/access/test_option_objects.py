"""Objects that hold options: what is no such object is refused in words, and is never taken as if nothing was given."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine

import spatial as sp

CRS = "EPSG:32738"
PLACES = gpd.GeoDataFrame(
    {"settlement_id": ["a"], "facility_id": ["f"], "service": ["clinic"], "status": ["existing"], "name": ["A"]},
    geometry=[shapely.Point(500, 100)],
    crs=CRS,
).assign(population_persons=10.0, tier="town")
LINES = gpd.GeoDataFrame({"road_id": ["w"]}, geometry=[shapely.LineString([(0, 0), (9000, 0)])], crs=CRS)
LINKS = gpd.GeoDataFrame({"road_id": ["l"]}, geometry=[shapely.LineString([(0, 0), (0, 9000)])], crs=CRS)
CLINIC = {"service": "clinic"}
GROUPS = [sp.Group("old", "population_persons", walk_km_h=3.0)]
PAIRS = pd.DataFrame({"from_id": ["a"], "to_id": ["f"], "travel_time_min": [1.0]})
SEEN = pd.DataFrame({"from_id": ["a"], "to_id": ["a"], "observed_min": [1.0]})

CALLS = {
    "cost_to_closest": lambda graph, **more: sp.cost_to_closest(graph, PLACES, PLACES, **CLINIC, **more),
    "travel_times": lambda graph, **more: sp.travel_times(graph, PLACES, PLACES, **more),
    "group_travel_times": lambda graph, **more: sp.group_travel_times(
        graph, PLACES, PLACES, GROUPS, cutoff_min=9, **more
    ),
    "emergency_response": lambda graph, **more: sp.emergency_response(
        graph, PLACES, PLACES, mobilisation_min=1, **more
    ),
    "access_intervals": lambda graph, **more: sp.access_intervals(graph, PLACES, PLACES, **CLINIC, **more),
    "calibrate_speeds": lambda graph, **more: sp.calibrate_speeds(graph, SEEN, **more),
    "isochrones": lambda graph, **more: sp.isochrones(graph, PLACES, cutoffs_min=[9], **more),
    "compare_scenarios": lambda graph, **more: sp.compare_scenarios(
        graph, sp.Scenario("x"), PLACES, PLACES, **CLINIC, **more
    ),
    "rank_links": lambda graph, **more: sp.rank_links(
        graph, PLACES, LINKS, budget_km=99, facilities=PLACES, **CLINIC, **more
    ),
    "propose_links": lambda graph, **more: sp.propose_links(graph, PLACES, facilities=PLACES, **CLINIC, **more),
    "propose_road_upgrades": lambda graph, **more: sp.propose_road_upgrades(graph, PLACES, **more),
    "floating_catchment_area": lambda _, **more: sp.floating_catchment_area(PAIRS, PLACES, PLACES, **CLINIC, **more),
    "degree_of_urbanisation": lambda _, **more: sp.degree_of_urbanisation(np.ones((3, 3)), **more),
    "applicable_norms": lambda _, **more: sp.applicable_norms(sp.load_register(), as_of="2026-01-01", **more),
    "locate_places": lambda _, **more: sp.locate_places(PLACES[["facility_id"]], PLACES, **more),
    "build_network": lambda _, **more: sp.build_network(LINES, mode="drive", **more),
}
OBJECTS = {
    "cost_to_closest": ["rules", "vocabulary"],
    "travel_times": ["rules", "executor"],
    "group_travel_times": ["rules"],
    "emergency_response": ["rules", "vocabulary"],
    "access_intervals": ["rules", "vocabulary", "walk", "calibration"],
    "calibrate_speeds": ["rules", "fit", "places"],
    "isochrones": ["rules", "vocabulary", "areas"],
    "compare_scenarios": ["rules", "vocabulary"],
    "rank_links": ["rules", "vocabulary"],
    "propose_links": ["rules", "vocabulary", "road_class"],
    "propose_road_upgrades": ["rules", "road"],
    "floating_catchment_area": ["vocabulary"],
    "degree_of_urbanisation": ["rules"],
    "applicable_norms": ["rules"],
    "locate_places": ["options"],
    "build_network": ["season"],
}


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, options in OBJECTS.items() for option in options]
)
@pytest.mark.parametrize("given", [{}, {"max_snap_m": 1.0}, 3])
def test_what_is_no_object_of_options_is_refused_in_words(name, option, given):
    graph = sp.build_network(LINES, mode="drive")
    with pytest.raises(sp.ContractError, match=rf"{option}: is a {type(given).__name__}; give "):
        CALLS[name](graph, **{option: given})


@pytest.mark.parametrize("option", ["speed_factor", "ferry_wait_min"])
def test_a_number_of_a_network_that_is_none_is_refused_in_words(option):
    with pytest.raises(sp.NetworkError, match=f"{option} is 'x'; it must be"):
        sp.build_network(LINES, mode="drive", **{option: "x"})


@pytest.mark.parametrize("given", ["x", 3, None, [1], {"old": 3.0}])
def test_what_are_no_groups_is_refused_in_words(given):
    graph = sp.build_network(LINES, mode="drive")
    with pytest.raises(sp.ContractError, match=r"groups: is a|Group objects"):
        sp.group_travel_times(graph, PLACES, PLACES, given, cutoff_min=9)


def test_a_tolerance_that_is_no_number_is_refused_in_words():
    with pytest.raises(sp.ContractError, match="snap_tolerance_m: is 'x', must be 0 or more"):
        sp.edit_network(sp.build_network(LINES, mode="drive"), add=LINKS, snap_tolerance_m="x")


@pytest.mark.parametrize("name", ["rank_links", "propose_links", "propose_road_upgrades", "calibrate_speeds"])
def test_what_is_no_network_is_refused_in_words(name):
    with pytest.raises(sp.ContractError, match="graph: is a str; build a TravelGraph"):
        CALLS[name]("x")


GROUND = sp.Raster(np.ones((4, 4)), Affine(100, 0, 0, 0, -100, 400), CRS)
ZONES = gpd.GeoDataFrame({"zone_id": ["z"]}, geometry=[shapely.box(0, 0, 400, 400)], crs=CRS)
OBJECTS_ASKED_FOR = {
    "friction": lambda given: sp.lay_corridors(LINKS, given),
    "population": lambda given: sp.cells_as_origins(given, crs=CRS),
    "coverage": lambda given: sp.zonal_coverage(given, ZONES, GROUND),
    "raster": lambda given: sp.zonal_sums(given, ZONES),
    "landcover": sp.friction_surface,
    "grid": lambda given: sp.align_raster(GROUND, given, resample="nearest"),
    "speeds": lambda given: sp.friction_surface(GROUND, given),
    "walk_graph": lambda given: sp.bus_network(pd.DataFrame({"line": ["x"]}), given),
    "places": lambda given: sp.score_study(PLACES, given, sp.Evidence),
    "study": sp.prepare,
}
NETWORKS = {
    "with_slope": lambda given: sp.with_slope(given, GROUND),
    "with_turns": lambda given: sp.with_turns(given, LINES),
    "with_season": lambda given: sp.with_season(given, "wet"),
    "hard_border": lambda given: sp.hard_border(given, LINES),
    "split_edges": lambda given: sp.split_edges(given, [0], [0.5]),
    "edit_network": lambda given: sp.edit_network(given, close=["w"]),
    "site_profile": lambda given: sp.site_profile(given, PLACES, PLACES),
    "connect_settlements": lambda given: sp.connect_settlements(given, PLACES, LINKS),
    "network_shape": sp.network_shape,
    "bridges": sp.bridges,
}


@pytest.mark.parametrize("given", [None, {}, 3])
@pytest.mark.parametrize("name", OBJECTS_ASKED_FOR)
def test_an_object_that_is_asked_for_is_told_by_name(name, given):
    with pytest.raises(sp.ContractError, match=rf"{name}: is a {type(given).__name__}; give \w+( or \w+)*$"):
        OBJECTS_ASKED_FOR[name](given)


@pytest.mark.parametrize("given", [None, "x"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_asked_for_by_name(name, given):
    with pytest.raises(sp.ContractError, match=rf"graph: is a {type(given).__name__}; give TravelGraph"):
        NETWORKS[name](given)


@pytest.mark.parametrize(
    ("option", "call"),
    [
        ("condition", lambda given: sp.rural_access_index(GROUND, LINES, condition=given)),
        ("elevation", lambda given: sp.friction_surface(GROUND, elevation=given)),
        ("graph", lambda given: sp.allocate_population(PLACES, GROUND, graph=given)),
        ("population", lambda given: sp.catchment_areas(None, PLACES, service="clinic", population=given)),
    ],
)
def test_rasters_networks_and_conditions_that_may_be_left_out_are_refused_by_name(option, call):
    with pytest.raises(sp.ContractError, match=f"{option}: is a int; give .*, or leave it out"):
        call(3)
