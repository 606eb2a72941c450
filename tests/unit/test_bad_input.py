"""Input that makes no sense: each is refused with a message of this package, never with one of another library."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

import spatial as sp
from spatial.errors import SpatialError

CRS = 32738
SERVICE = {"service": "clinic"}


@pytest.fixture(scope="module")
def roads():
    lines = [((0, 0), (3000, 0)), ((3000, 0), (6000, 0)), ((3000, 0), (3000, 3000))]
    return gpd.GeoDataFrame(
        {"road_id": ["a", "b", "c"], "road_class": "tertiary"},
        geometry=[shapely.LineString(line) for line in lines],
        crs=CRS,
    )


@pytest.fixture(scope="module")
def graph(roads):
    return sp.build_network(roads)


@pytest.fixture
def villages():
    return gpd.GeoDataFrame(
        {"settlement_id": ["u", "v", "w"], "population_persons": [100.0, 50.0, 10.0], "in_study": True},
        geometry=gpd.points_from_xy([100, 2000, 3000], [10, 0, 2900]),
        crs=CRS,
    )


@pytest.fixture
def clinics():
    return gpd.GeoDataFrame(
        {"facility_id": ["west", "east"], "service": "clinic"}, geometry=gpd.points_from_xy([0, 6000], [0, 0]), crs=CRS
    )


ANALYSES = {
    "travel_times": sp.travel_times,
    "cost_to_closest": lambda graph, s, f: sp.cost_to_closest(graph, s, f, **SERVICE),
    "access_intervals": lambda graph, s, f: sp.access_intervals(graph, s, f, **SERVICE),
    "compare_scenarios": lambda graph, s, f: sp.compare_scenarios(graph, sp.Scenario("x"), s, f, **SERVICE),
    "emergency_response": lambda graph, s, f: sp.emergency_response(graph, f, s, mobilisation_min=2.0),
    "group_travel_times": lambda graph, s, f: sp.group_travel_times(
        graph, s, f, [sp.Group("all", "population_persons", 4.0)]
    ),
}
FRAMES = {
    "nothing": (lambda _: None, "is a NoneType"),
    "list": (lambda _: [1, 2], "is a list"),
    "plain table": (lambda frame: pd.DataFrame(frame.drop(columns="geometry")), "geometry"),
    "column twice": (lambda frame: pd.concat([frame, frame.iloc[:, :1]], axis=1), "more than once"),
    "point at NaN": (lambda frame: _moved(frame, shapely.Point(np.nan, 0)), "no point with coordinates at '"),
    "point at infinity": (lambda frame: _moved(frame, shapely.Point(np.inf, 0)), "no point with coordinates"),
    "empty point": (lambda frame: _moved(frame, shapely.Point()), "no point with coordinates"),
    "area": (lambda frame: _moved(frame, shapely.box(0, 0, 9, 9)), "representative_point"),
}


def _moved(frame, shape):
    return frame.set_geometry([shape, *frame.geometry[1:]], crs=frame.crs)


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("analysis", ANALYSES)
def test_places_without_a_point_or_a_table_are_refused(graph, villages, clinics, analysis, kind):
    spoil, says = FRAMES[kind]
    with pytest.raises(SpatialError, match=says):
        ANALYSES[analysis](graph, spoil(villages), clinics)
    with pytest.raises(SpatialError, match=r"facilit|stations"):
        ANALYSES[analysis](graph, villages, spoil(clinics))


def test_a_facility_of_several_services_is_refused_until_it_is_a_row_of_each(graph, villages, clinics):
    several = clinics.assign(service=pd.Series([["clinic", "pharmacy"], "clinic"], dtype=object))
    for run in (ANALYSES["cost_to_closest"], ANALYSES["compare_scenarios"]):
        with pytest.raises(
            SpatialError, match=r"facilities.*\n.*service: a list in 1 rows; make each of its values a row"
        ):
            run(graph, villages, several)
    with pytest.raises(SpatialError, match=r"settlements.*\n.*in_study: a list in 1 rows"):
        sp.travel_times(graph, villages.assign(in_study=pd.Series([[True], True, True], dtype=object)), clinics)


def _access(villages):
    rows = villages[["settlement_id"]].assign(service="clinic", mode="walk", facility_id="west", reach_status="reached")
    return pd.DataFrame(rows.assign(travel_time_min=[5.0, 20.0, 40.0], network_distance_m=900.0))


PEOPLED = {
    "access_intervals": ANALYSES["access_intervals"],
    "compare_scenarios": ANALYSES["compare_scenarios"],
    "edge_criticality": lambda *frames: sp.edge_criticality(*frames, **SERVICE, cutoff_min=9.0),
    "robust_coverage": lambda *frames: sp.robust_coverage(*frames, **SERVICE, cutoff_min=9.0),
    "summarise": lambda _, s, __: sp.summarise(_access(s), settlements=s, by=None),
    "wet_loss": lambda _, s, __: sp.wet_loss(_access(s), _access(s), s),
    "last_mile_coverage": lambda graph, s, _: sp.last_mile_coverage(
        sp.last_mile(graph, s, _access(s)), _access(s), s, targets={"clinic": 9.0}
    ),
    "catchment_ratios": lambda graph, s, f: sp.catchment_ratios(sp.travel_times(graph, s, f), s, f, **SERVICE),
    "site_profile": sp.site_profile,
    "mclp": lambda graph, s, f: sp.mclp(sp.travel_times(graph, s, f), s, f, n_facilities=1, service_radius=9.0),
}


@pytest.mark.parametrize(
    "people",
    [
        ["many", "1", "2"],
        [-5.0, 1.0, 2.0],
        [np.inf, 1.0, 2.0],
        pd.to_datetime(["2026-01-01"] * 3),
        pd.to_timedelta([1, 2, 3]),
    ],
    ids=["texts", "negative", "infinite", "dates", "durations"],
)
@pytest.mark.parametrize("analysis", PEOPLED)
def test_people_that_are_no_number_are_refused(graph, villages, clinics, analysis, people):
    towns = villages.assign(name=["U", "V", "W"], tier="town", population_persons=people)
    with pytest.raises(SpatialError, match=r"population_persons: (negative|infinite|texts, dates)"):
        PEOPLED[analysis](graph, towns, clinics)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cutoff_min": "60"}, "cutoff_min: must be 0 or more, is '60'"),
        ({"cutoff_min": "all"}, "cutoff_min: must be 0 or more, is 'all'"),
        ({"direction": "both"}, "direction: is 'both', must be one of 'to_facility'"),
        ({"barriers": [1]}, "barriers: are a list; give a GeoSeries"),
    ],
)
def test_options_of_travel_times_are_checked(graph, villages, clinics, options, says):
    with pytest.raises(SpatialError, match=says):
        sp.travel_times(graph, villages, clinics, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k": 1.5}, "k: must be 1 or more, a whole number, is 1.5"),
        ({"k": "2"}, "k: must be 1 or more"),
        ({"service": None}, "service: is None"),
        ({"service": frozenset({1})}, "must be a text or a set of texts"),
        ({"direction": None}, "direction: is None"),
    ],
)
def test_options_of_the_closest_are_checked(graph, villages, clinics, options, says):
    with pytest.raises(SpatialError, match=says):
        sp.cost_to_closest(graph, villages, clinics, **(SERVICE | options))


def test_a_direction_is_checked_wherever_there_is_one(graph, villages, clinics):
    for run in (
        lambda: sp.node_catchments(graph, clinics, direction="both"),
        lambda: sp.access_intervals(graph, villages, clinics, **SERVICE, direction="both"),
        lambda: sp.compare_scenarios(graph, sp.Scenario("x"), villages, clinics, **SERVICE, direction="both"),
    ):
        with pytest.raises(SpatialError, match="direction: is 'both'"):
            run()


@pytest.mark.parametrize(
    "rules",
    [
        {"candidates": 0},
        {"candidates": 1.5},
        {"max_snap_m": -1.0},
        {"max_snap_m": np.nan},
        {"min_component_km": np.nan},
        {"walk_km_h": 0.0},
        {"walk_km_h": np.inf},
        {"detour": 0.5},
    ],
)
def test_rules_that_join_nothing_are_refused(rules):
    with pytest.raises(SpatialError, match=next(iter(rules))):
        sp.SnapRules(**rules)


@pytest.mark.parametrize(
    "rules", [{"minimum": 0}, {"bounds": (2.0, 1.0)}, {"bounds": (0.0, 1.0)}, {"ridge": np.nan}, {"rounds": 0}]
)
def test_rules_that_fit_nothing_are_refused(rules):
    with pytest.raises(SpatialError, match=next(iter(rules))):
        sp.FitRules(**rules)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"close": 3}, "close: is 3, must be ids"),
        ({"speeds": {"a": "fast"}}, "speeds: must be above 0 km/h, not so for 'a'"),
        ({"speeds": [5]}, r"speeds: the factor is \[5\]"),
        ({"factors": 1.5}, "factors: is 1.5, must be factors by road"),
        ({"factors": {"tertiary": "x"}}, "factors: must be above 0, not so for 'tertiary'"),
        ({"add": pd.DataFrame({"road_id": ["n"]})}, r"table add: .*\n.*geometry: there is none"),
    ],
)
def test_edits_that_make_no_sense_are_refused(graph, edit, says):
    with pytest.raises(SpatialError, match=says):
        sp.edit_network(graph, **edit)


def test_a_new_road_without_a_speed_that_can_be_read_is_refused(graph, roads):
    new = roads.iloc[:1].assign(road_id="n", speed_km_h="fast")
    with pytest.raises(SpatialError, match="speed_km_h: must be above 0"):
        sp.edit_network(graph, add=new)


@pytest.mark.parametrize(
    ("scenarios", "options", "says"),
    [
        ([], {}, "give one Scenario or more"),
        ("bridge", {}, "give one Scenario or more"),
        (sp.Scenario("x"), {"cutoff_min": -1.0}, "cutoff_min: must be 0 or more"),
        (sp.Scenario("x"), {"cutoff_min": {"school": 30.0}}, "cutoff_min: none for the services 'clinic'"),
    ],
)
def test_comparisons_of_nothing_are_refused(graph, villages, clinics, scenarios, options, says):
    with pytest.raises(SpatialError, match=says):
        sp.compare_scenarios(graph, scenarios, villages, clinics, **SERVICE, **options)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: None, "is a NoneType"),
        (lambda roads: pd.DataFrame(roads.drop(columns="geometry")), "geometry: there is none"),
        (lambda roads: roads.assign(road_id=[None, "b", "c"]), "road_id: missing in rows 1"),
        (lambda roads: _moved(roads, shapely.LineString([(0, 0), (np.nan, 1)])), "no line in roads 'a'"),
        (lambda roads: _moved(roads, shapely.LineString([(0, 0), (np.inf, 1)])), "no line in roads 'a'"),
    ],
)
def test_roads_that_are_no_lines_are_refused(roads, spoil, says):
    with pytest.raises(SpatialError, match=says):
        sp.build_network(spoil(roads))


def test_what_is_no_network_line_or_raster_is_refused(graph, roads, villages, clinics):
    walk = sp.build_network(roads, mode="walk")
    for run in (
        lambda: sp.travel_times(None, villages, clinics),
        lambda: sp.combine_networks(walk, None),
        lambda: sp.bus_network(None, walk),
        lambda: sp.with_turns(graph, None),
        lambda: sp.with_slope(walk, None),
        lambda: sp.move_off_barriers(pd.DataFrame(villages), villages.geometry),
    ):
        with pytest.raises(SpatialError, match=r"is a |are a |a TravelGraph|give a "):
            run()


@pytest.mark.parametrize("shape", [(), (5,), (2, 5, 5)])
def test_a_raster_without_rows_and_columns_or_with_bands_is_refused(shape):
    with pytest.raises(SpatialError, match=r"raster.*\n.*rows and columns are needed, of one band"):
        sp.Raster(np.zeros(shape), Affine(50, 0, 0, 0, -50, 0), pyproj.CRS(CRS))


def test_elevations_that_stand_for_no_data_are_unknown(roads):
    walk = sp.build_network(roads, mode="walk")
    raster = sp.Raster(np.full((200, 200), -9999.0), Affine(50, 0, -2000, 0, -50, 5000), pyproj.CRS(CRS))
    with pytest.raises(SpatialError, match=r"elevation is known for 0.0% of the roads"):
        sp.with_slope(walk, raster)


PAIRS = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["west", "west"], "travel_time_min": [5.0, 9.0]})


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (lambda s, f: sp.gravity(PAIRS.assign(travel_time_min="x"), s, f, **SERVICE, decay=sp.decay_linear(9)), "od"),
        (lambda s, f: sp.gravity(PAIRS, s, f, **SERVICE, decay=np.exp), "exp: weights must be 0 to 1"),
        (lambda s, f: sp.catchment_ratios(PAIRS, s.assign(population_persons="x"), f, **SERVICE), "population_persons"),
        (lambda s, f: sp.catchment_ratios(PAIRS, s, f.assign(capacity="x"), **SERVICE), "capacity: texts"),
        (lambda s, f: sp.cumulative_cutoff(PAIRS, s, f, **SERVICE, cutoffs_min="x"), "cutoffs_min: texts"),
        (lambda s, f: sp.cumulative_interval(PAIRS, s, f, **SERVICE, interval_min=(5,)), "interval_min"),
        (lambda s, f: sp.catchment_overlap(PAIRS, s, f, **SERVICE, cutoff_min=[]), "cutoff_min"),
        (lambda s, f: sp.allocate_capacity(PAIRS, s, f.assign(capacity=1.0), **SERVICE, cutoff_min="x"), "cutoff_min"),
    ],
)
def test_measures_of_what_is_no_number_are_refused(villages, clinics, run, says):
    with pytest.raises(SpatialError, match=says):
        run(villages, clinics)


@pytest.mark.parametrize(
    "run",
    [
        lambda: sp.decay_linear("x"),
        lambda: sp.decay_stepped([1, 2]),
        lambda: sp.decay_linear(30)(["a"]),
        lambda: sp.fgt_poverty(["a"], line=30),
        lambda: sp.weighted_statistics(["a"]),
        lambda: sp.rural_access_index(None, None),
        lambda: sp.tobler_speed(["a"]),
        lambda: sp.tobler_speed([pd.NA]),
        lambda: sp.travel_time_surface([["a"]], [(0, 0)], resolution_m=1.0),
        lambda: sp.travel_time_surface(np.empty((0, 3)), [(0, 0)], resolution_m=1.0),
        lambda: sp.fill_holes([["a"]], 1.0),
        lambda: sp.fill_holes([[0.5]], 1.0),
        lambda: sp.fill_holes([[0]], [[1.0, 1.0]]),
        lambda: sp.majority_smoothing([[np.nan]]),
        lambda: sp.majority_smoothing([[0]], never=[[True, False]]),
        lambda: sp.move_to_open_cells([[np.nan, 0.01]], [(0, 0)], resolution_m=0.0),
    ],
)
def test_functions_of_numbers_refuse_texts(run):
    with pytest.raises(SpatialError):
        run()


def test_metres_of_web_maps_are_refused(roads):
    with pytest.raises(SpatialError, match=r"EPSG:3857 is a web map's"):
        sp.build_network(roads.set_crs(3857, allow_override=True))


def test_clusters_are_lists_or_arrays_of_any_kind_of_whole_numbers():
    ring = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    for given in (ring, np.array(ring, dtype="float32"), np.array(ring, dtype=object), np.array(ring, dtype=">f8")):
        assert sp.fill_holes(given, np.ones((3, 3))).tolist() == [[1] * 3] * 3
        assert sp.majority_smoothing(given).tolist() == [[1] * 3] * 3
        # a mask of a raster is of 0 and 1
        never = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype="uint8")
        assert sp.majority_smoothing(given, never=never).tolist() == ring
    areas = np.ones((3, 3)).tolist()
    assert sp.fill_holes(ring, areas).tolist() == [[1] * 3] * 3
    assert sp.fill_holes(np.empty((0, 3)), np.empty((0, 3))).shape == (0, 3)
