"""Frames as analysts have them: other columns, kinds and indexes change no time; what would mislead is refused."""

from __future__ import annotations

import datetime as dt
import inspect

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

import spatial as sp
from spatial.crs import refuse_stretched, scale_errors, working_crs_for

CRS = "EPSG:32760"


@pytest.fixture
def clinics():
    return gpd.GeoDataFrame(
        {"facility_id": ["y", "x"], "service": "clinic", "status": ["existing", "closed"]},
        geometry=gpd.points_from_xy([9000, 0], [5000, 0]),
        crs=CRS,
    )


CHANGES = {
    "another name of the geometry": lambda frame: frame.rename_geometry("where"),
    "an index that repeats": lambda frame: frame.set_index(pd.Index([7, 7])),
    "categories": lambda frame: frame.astype(dict.fromkeys(frame.columns[:1], "category")),
    "heights": lambda frame: frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), z=12.0)),
    "the other order": lambda frame: frame.iloc[::-1],
    "nullable kinds": lambda frame: gpd.GeoDataFrame(
        pd.DataFrame(frame.drop(columns="geometry")).convert_dtypes(dtype_backend="pyarrow"), geometry=frame.geometry
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_how_a_frame_is_kept_changes_no_time(change, graph, villages, clinics):
    od = sp.travel_times(graph, change(villages), change(clinics))
    assert list(zip(od["from_id"], od["to_id"], strict=True)) == [("a", "y"), ("b", "y")]
    # 14 and 11 km at 25 km/h; the closed clinic next door counts for nobody.
    np.testing.assert_allclose(od["travel_time_min"], [33.6, 26.4])


@pytest.mark.parametrize("status", ["Existing", "open", None])
def test_a_status_of_another_word_is_refused_and_not_left_out(status, graph, villages, clinics):
    odd = clinics.assign(status=[status, "existing"])
    with pytest.raises(sp.ContractError, match=r"status: .* in 1 rows; write existing, candidate, closed"):
        sp.travel_times(graph, villages, odd)
    with pytest.raises(sp.ContractError, match="status"):
        sp.cost_to_closest(graph, villages, odd, service="clinic")
    od = pd.DataFrame({"from_id": ["a"], "to_id": ["x"], "travel_time_min": [5.0]})
    with pytest.raises(sp.ContractError, match="status"):
        sp.cumulative_cutoff(od, villages, odd, service="clinic", cutoffs_min=10)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32759"])
def test_places_in_another_crs_are_sent_to_that_of_the_network(crs, graph, villages, clinics):
    with pytest.raises(sp.CrsError, match=rf"settlements: the CRS is {crs}.*to_crs\(graph.crs\)"):
        sp.travel_times(graph, villages.to_crs(crs), clinics)
    with pytest.raises(sp.CrsError, match=rf"facilities: the CRS is {crs}.*to_crs\(graph.crs\)"):
        sp.node_catchments(graph, clinics.to_crs(crs))
    with pytest.raises(sp.CrsError, match="settlements: no CRS"):
        sp.travel_times(graph, villages.set_crs(None, allow_override=True), clinics)


def test_places_that_miss_the_network_altogether_are_refused_and_one_alone_is_told(graph, villages, clinics, caplog):
    # The network is hypot(9, 6) = 10.8 km across, and the villages lie 100 km north of it.
    away = villages.set_geometry(villages.translate(0, 100_000), crs=CRS)
    with pytest.raises(sp.NetworkError, match=r"settlements: none is joined to the network, which is 10.8 km across"):
        sp.cost_to_closest(graph, away, clinics, service="clinic")
    found = sp.cost_to_closest(graph, away.head(1), clinics, service="clinic")
    assert found["reach_status"].tolist() == ["not_snapped"]
    assert "settlements: none is joined to the network" in caplog.text


def test_a_network_too_short_to_be_joined_to_says_so(villages, clinics, caplog):
    # Of 4 km, where places are joined to parts of 5 km or more.
    short = sp.build_network(gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (4000, 0)])], crs=CRS))
    assert set(sp.cost_to_closest(short, villages, clinics, service="clinic")["reach_status"]) == {"not_snapped"}
    assert "the longest part of the network has 4.0 km, and min_component_km is 5" in caplog.text


def test_barriers_that_are_elsewhere_or_a_frame_are_refused(graph, villages, clinics):
    # A wall between the villages and the road north of them, which the walk to it may not cross.
    wall = gpd.GeoSeries([shapely.LineString([(-500, 50), (9500, 50)])], crs=CRS)
    above = villages.set_geometry(villages.translate(0, 100), crs=CRS)
    access = access_of(villages)
    found = sp.last_mile(graph, above, access, barriers=wall)["all_season_road_distance_m"]
    assert (found.fillna(np.inf) > sp.last_mile(graph, above, access)["all_season_road_distance_m"]).all()
    od = sp.travel_times(graph, above, clinics).rename(columns={"travel_time_min": "observed_min"})
    for ask in (
        lambda walls: sp.last_mile(graph, above, access, barriers=walls),
        lambda walls: sp.calibrate_speeds(graph, od, places=[above, clinics], barriers=walls),
    ):
        with pytest.raises(sp.CrsError, match="barriers: the CRS is EPSG:4326"):
            ask(wall.to_crs(4326))
        with pytest.raises(sp.ContractError, match="barriers: are a GeoDataFrame; give a GeoSeries"):
            ask(gpd.GeoDataFrame(geometry=wall))


@pytest.mark.parametrize("point", [shapely.Point(), None], ids=["empty", "none"])
def test_a_row_without_a_point_is_refused_by_name(point, villages, clinics):
    settled, offered = (frame.set_geometry([frame.geometry.iloc[0], point], crs=CRS) for frame in (villages, clinics))
    with pytest.raises(sp.ContractError, match=r"geometry: missing or empty in rows .a. .1 in all."):
        sp.as_settlements(settled, id="settlement_id", tier="village")
    with pytest.raises(sp.ContractError, match=r"geometry: missing or empty in rows .x. .1 in all."):
        sp.as_facilities(offered, service="clinic", id="facility_id")


def test_roads_of_a_single_point_are_no_matter_of_the_speed_table():
    dot = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (0, 0)])], crs=CRS)
    with pytest.raises(sp.NetworkError, match="1 are open and none of these has two different points"):
        sp.build_network(dot)


def test_an_area_across_the_180th_meridian_gets_no_zone_on_the_other_side_of_the_earth():
    islands = gpd.GeoSeries(gpd.points_from_xy([178.4, -179.9], [-18.1, -16.9]), crs=4326)
    with pytest.raises(sp.CrsError, match=r"span 358 degrees of longitude, from -179\.9 to 178\.4"):
        working_crs_for(islands)
    assert working_crs_for(islands.iloc[:1]).to_epsg() == 32760
    # Bergen lies in zone 32V of the map sheets, and in the plain zone 31.
    assert working_crs_for(gpd.GeoSeries(gpd.points_from_xy([5.25], [60.4]), crs=4326)).to_epsg() == 32631


@pytest.mark.parametrize("crs", ["EPSG:3395", "EPSG:3035", "EPSG:32650"])
def test_frames_whose_metres_are_no_metres_of_the_ground_are_refused(crs):
    # World Mercator draws 1.56 m at 50 degrees; an equal-area CRS of Europe is off in Xinjiang, as zone 50 (117 E) is.
    lines = [shapely.LineString([(82.0, 50.0), (82.1, 50.0)]), shapely.LineString([(82.1, 50.0), (82.1, 50.1)])]
    roads = gpd.GeoDataFrame(geometry=lines, crs=4326)
    points = gpd.GeoDataFrame(geometry=[shapely.Point(82.0, 50.0)], crs=4326)
    people = sp.Raster(np.ones((2, 2)), Affine(0.1, 0, 82.0, 0, -0.1, 50.1), pyproj.CRS(4326), "people")
    for take, frame, what in (
        (sp.build_network, roads, "roads"),
        (sp.node_roads, roads, "roads"),
        (lambda given: sp.rural_access_index(people, given.assign(all_season="yes")), roads, "roads"),
        (sp.as_settlements, points, "settlement"),
        (lambda given: sp.as_facilities(given, service="clinic"), points, "facility"),
    ):
        with pytest.raises(
            sp.CrsError, match=rf"{what}.*: lengths in {crs} .*reproject with frame.to_crs\('EPSG:32644'\)"
        ):
            take(frame.to_crs(crs))
    assert sp.build_network(roads.to_crs("EPSG:32644")).n_edges == 2


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:31281",  # MGI (Ferro) / Austria West Zone: its meridians count from Ferro
        "EPSG:27572",  # NTF (Paris) / Lambert II: in grads from Paris
        "EPSG:5514",  # S-JTSK / Krovak: axes to the west and south
        "EPSG:6265",  # Colombia Urban: Medellin, a plane at 1,510 m: 1 + 1510 / 6371000 = 1.00024
        "EPSG:3460",  # Fiji, across the 180th meridian
    ],
)
def test_national_grids_are_true_in_their_own_area(crs):
    known = pyproj.CRS.from_user_input(crs)
    use = known.area_of_use
    east = use.east + (360.0 if use.east < use.west else 0.0)
    middle = gpd.GeoSeries.from_xy([(use.west + east) / 2], [(use.south + use.north) / 2], crs=4326)
    assert scale_errors(middle, known)[0] < 0.0011
    refuse_stretched(middle.to_crs(known), what="points")


def test_the_scale_is_that_of_the_formula():
    # On a meridian of UTM 0.9996; three degrees off at the equator x (1 + 0.05236^2 / 2 x (1 + e'^2)) = 1.00098.
    at_equator = gpd.GeoSeries.from_xy([9.0, 12.0], [0.0, 0.0], crs=4326)
    np.testing.assert_allclose(scale_errors(at_equator, pyproj.CRS("EPSG:32632")), [0.0004, 0.00098], rtol=0, atol=1e-5)


@pytest.fixture
def offered():
    """A hospital at one end, one with emergency care nearer by, and a healer, which no vocabulary knows."""
    return gpd.GeoDataFrame(
        {
            "facility_id": ["far", "near", "own"],
            "service": ["hospital", "emergency_hospital", "healer"],
            "capacity": [30.0, 10.0, 5.0],
        },
        geometry=gpd.points_from_xy([9000, 5000, 0], [5000, 0, 0]),
        crs=CRS,
    )


def _measured(measure, **fixed):
    """Call a measure of pairs as the functions of a network are called."""
    return lambda graph, places, offered, **how: measure(
        sp.travel_times(graph, places, offered), places, offered, **fixed, **how
    )


def _drawn(draw, **fixed):
    return lambda graph, _, offered, **how: draw(graph, offered, **fixed, **how)


def _without_name(found):
    table = getattr(found, "table", getattr(found, "settlements", found))
    if isinstance(table, sp.RobustCoverage):
        return repr(table)
    return pd.DataFrame(table.drop(columns=["service"], errors="ignore")).to_csv()


BY_SERVICE = {
    "cost_to_closest": sp.cost_to_closest,
    "access_intervals": sp.access_intervals,
    "compare_scenarios": lambda graph, places, offered, **how: sp.compare_scenarios(
        graph, sp.Scenario("as it is"), places, offered, **how
    ),
    "emergency_response": lambda graph, places, offered, **how: sp.emergency_response(
        graph, offered, places, mobilisation_min=1.0, **how
    ),
    "node_catchments": _drawn(sp.node_catchments),
    "isochrones": _drawn(sp.isochrones, cutoffs_min=[9.0]),
    "catchment_areas": _drawn(sp.catchment_areas),
    "edge_criticality": lambda *frames, **how: sp.edge_criticality(*frames, cutoff_min=15.0, **how),
    "robust_coverage": lambda *frames, **how: sp.robust_coverage(*frames, cutoff_min=15.0, **how),
    "cumulative_cutoff": _measured(sp.cumulative_cutoff, cutoffs_min=[15.0, 60.0]),
    "cumulative_interval": _measured(sp.cumulative_interval, interval_min=(10.0, 20.0)),
    "gravity": _measured(sp.gravity, decay=sp.decay_linear(60.0)),
    "floating_catchment_area": _measured(sp.floating_catchment_area, buffer="none_needed"),
    "catchment_ratios": _measured(sp.catchment_ratios),
    "facility_crowding": _measured(sp.facility_crowding),
    "spatial_availability": _measured(sp.spatial_availability),
    "catchment_overlap": _measured(sp.catchment_overlap, cutoff_min=30.0),
    "allocate_capacity": _measured(sp.allocate_capacity, cutoff_min=30.0),
}
DRAWN = ("isochrones", "catchment_areas")


def test_every_function_that_finds_what_counts_for_a_service_is_tried():
    public = {name: getattr(sp, name) for name in sp.__all__}
    asked = {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and {"service", "vocabulary"} <= inspect.signature(value).parameters.keys()
    }
    # What plans roads leads to towns unless told otherwise; tests/unit/planning has its tests.
    roads = {"propose_links", "rank_links", "connect_settlements", "rank_upgrades"}
    assert asked - roads == BY_SERVICE.keys()


@pytest.mark.parametrize("ask", BY_SERVICE.values(), ids=BY_SERVICE)
def test_a_facility_of_no_known_service_is_refused_and_not_left_out(ask, graph, villages, offered):
    with pytest.raises(sp.ContractError, match="service: missing in 1 rows"):
        ask(graph, villages, offered.assign(service=["hospital", None, "healer"]), service="hospital")


@pytest.mark.parametrize("ask", BY_SERVICE.values(), ids=BY_SERVICE)
def test_what_satisfies_a_service_counts_for_it_as_in_a_run(ask, graph, villages, offered):
    everything = sp.load_services().satisfying("hospital")
    assert everything >= {"hospital", "emergency_hospital"}
    asked = _without_name(ask(graph, villages, offered, service="hospital"))
    assert asked == _without_name(ask(graph, villages, offered, service=everything))
    assert asked != _without_name(ask(graph, villages, offered, service=frozenset({"hospital"})))


def test_the_nearer_of_two_that_count_is_the_closest_and_a_set_counts_as_it_stands(graph, villages, offered):
    # From b and a, 2 and 5 km to the hospital with emergency care, at 25 km/h; 11 and 14 km to the other.
    def closest(service):
        found = sp.cost_to_closest(graph, villages, offered, service=service).set_index("from_id")
        return found["to_id"].tolist(), found["travel_time_min"].tolist()

    assert closest("hospital") == (["near", "near"], pytest.approx([4.8, 12.0]))
    assert closest({"hospital"}) == (["far", "far"], pytest.approx([26.4, 33.6]))
    assert closest("healer")[0] == ["own", "own"]
    od = sp.travel_times(graph, villages, offered)
    names = sp.gravity(od, villages, offered, service="hospital", decay=sp.decay_linear(60.0))["service"]
    assert set(names) == {"hospital"}


@pytest.mark.parametrize("ask", BY_SERVICE.values(), ids=BY_SERVICE)
def test_a_typing_error_is_refused_with_the_services_that_there_are(ask, graph, villages, offered):
    listed = "'hospitall'.*there are: hospital, emergency_hospital, healer"
    for service in ("hospitall", frozenset({"hospital", "hospitall"})):
        with pytest.raises(sp.ContractError, match=listed):
            ask(graph, villages, offered, service=service)


def test_the_nearest_spelling_is_looked_for_in_the_vocabulary_too(graph, villages, offered):
    with pytest.raises(sp.ContractError, match=r"nearest in spelling: .* or 'pharmacy'"):
        sp.cost_to_closest(graph, villages, offered, service="farmacy")


@pytest.mark.parametrize(
    "ask",
    [ask for name, ask in BY_SERVICE.items() if name not in DRAWN],
    ids=[name for name in BY_SERVICE if name not in DRAWN],
)
def test_a_service_of_the_vocabulary_that_nobody_offers_is_no_typing_error(ask, graph, villages, offered):
    ask(graph, villages, offered, service="kindergarten")


def test_who_finds_nothing_of_a_service_is_told_that_there_is_no_facility(graph, villages, offered):
    found = sp.cost_to_closest(graph, villages, offered, service="kindergarten")
    assert (set(found["reach_status"]), found["travel_time_min"].isna().all()) == ({"no_facility"}, True)
    od = sp.travel_times(graph, villages, offered)
    found = sp.cumulative_cutoff(od, villages, offered, service="kindergarten", cutoffs_min=[15.0])
    assert (set(found["status"]), found["value"].tolist()) == ({"no_facility"}, [0.0, 0.0])
    shut = offered.assign(status="closed")
    assert set(sp.cost_to_closest(graph, villages, shut, service="healer")["reach_status"]) == {"no_facility"}
    for draw in DRAWN:
        with pytest.raises(sp.ContractError, match="none offers 'kindergarten'"):
            BY_SERVICE[draw](graph, villages, offered, service="kindergarten")


def test_towns_count_for_smaller_towns_as_in_a_run(graph, villages):
    towns = gpd.GeoDataFrame(
        {"facility_id": ["t", "c"], "service": ["town", "city"]},
        geometry=gpd.points_from_xy([9000, 1000], [0, 0]),
        crs=CRS,
    )
    found = sp.cost_to_closest(graph, villages, towns, service="town")
    assert found["to_id"].tolist() == ["c", "c"]


def test_a_vocabulary_of_ones_own_says_what_counts(graph, villages, offered, tmp_path):
    path = tmp_path / "services.toml"
    path.write_text(
        '[service.hospital]\nnames = { en = "H" }\nincludes = ["healer"]\n[service.healer]\nnames = { en = "P" }\n',
        encoding="utf-8",
    )
    words = sp.load_services(str(path))
    assert isinstance(words, sp.Vocabulary)
    found = sp.cost_to_closest(graph, villages, offered, service="hospital", vocabulary=words)
    assert found["to_id"].tolist() == ["own", "own"]
    with pytest.raises(sp.ContractError, match="'kindergarten'"):
        sp.cost_to_closest(graph, villages, offered, service="kindergarten", vocabulary=words)


def _pairs_of(measure, **fixed):
    return lambda graph, places, offered, cutoff: measure(
        sp.travel_times(graph, places, offered), places, offered, service="hospital", cutoff_min=cutoff, **fixed
    )


CUT = {
    "travel_times": lambda graph, places, offered, cutoff: sp.travel_times(graph, places, offered, cutoff_min=cutoff),
    "group_travel_times": lambda graph, places, offered, cutoff: sp.group_travel_times(
        graph, places, offered, [sp.Group("all", "population_persons", walk_km_h=4.0)], cutoff_min=cutoff
    ),
    "compare_scenarios": lambda graph, places, offered, cutoff: sp.compare_scenarios(
        graph, sp.Scenario("same"), places, offered, service="hospital", cutoff_min=cutoff
    ),
    "compare_scenarios by service": lambda graph, places, offered, cutoff: sp.compare_scenarios(
        graph, sp.Scenario("same"), places, offered, service="hospital", cutoff_min={"hospital": cutoff}
    ),
    "edge_criticality": lambda *frames: sp.edge_criticality(*frames[:3], service="hospital", cutoff_min=frames[3]),
    "robust_coverage": lambda *frames: sp.robust_coverage(*frames[:3], service="hospital", cutoff_min=frames[3]),
    "isochrones": lambda graph, _, offered, cutoff: sp.isochrones(graph, offered, cutoffs_min=cutoff),
    "isochrones of several": lambda graph, _, offered, cutoff: sp.isochrones(graph, offered, cutoffs_min=[5, cutoff]),
    "catchment_areas": lambda graph, _, offered, cutoff: sp.catchment_areas(
        graph, offered, service="hospital", max_time_min=cutoff
    ),
    "catchment_overlap": _pairs_of(sp.catchment_overlap),
    "allocate_capacity": _pairs_of(sp.allocate_capacity),
    "cumulative_cutoff": lambda *frames: sp.cumulative_cutoff(
        sp.travel_times(*frames[:3]), *frames[1:3], service="hospital", cutoffs_min=[1.0, frames[3]]
    ),
    "access_intervals": lambda *frames: (
        sp.access_intervals(*frames[:3], service="hospital", cutoffs_min=[frames[3]]).people
    ),
}


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
def test_a_cutoff_of_none_is_no_cutoff(cut, graph, villages, offered):
    alone = villages.iloc[[0, 0]].assign(settlement_id=["b", "far"])
    alone.geometry = gpd.points_from_xy([3000, 3000], [0, 50_000])  # the second is joined to no road
    alone = alone.set_crs(CRS)
    none, without_end = (cut(graph, alone, offered, cutoff) for cutoff in (None, np.inf))
    assert _without_name(none) == _without_name(without_end)
    assert _without_name(none) != _without_name(cut(graph, alone, offered, 1.0))


def test_no_cutoff_holds_nobody_who_has_no_way(graph, villages, offered):
    far = villages.assign(geometry=gpd.points_from_xy([3000, 3000], [0, 50_000])).set_crs(CRS)
    compared = sp.compare_scenarios(graph, sp.Scenario("same"), far, offered, service="hospital", cutoff_min=None)
    assert compared["within_before"].tolist() == [True, False]
    # Of 30 people, the 20 of the second place reach nothing.
    assert sp.robust_coverage(graph, far, offered, service="hospital", cutoff_min=None).coverage == 1 / 3
    people = sp.access_intervals(graph, far, offered, service="hospital", cutoffs_min=None).people
    assert set(people["within_base_persons"]) == {10.0}


def test_a_cutoff_that_is_given_twice_counts_once(graph, villages, offered):
    def rows(cutoffs):
        drawn = sp.isochrones(graph, offered, service="hospital", cutoffs_min=cutoffs)["cutoff_min"].tolist()
        frames = (sp.travel_times(graph, villages, offered), villages.iloc[:1], offered)
        counted = sp.cumulative_cutoff(
            frames[0].query("from_id == 'b'"), *frames[1:], service="hospital", cutoffs_min=cutoffs
        )["cutoff_min"].tolist()
        sure = sp.access_intervals(graph, villages, offered, service="hospital", cutoffs_min=cutoffs).people
        by_factor = sure.groupby("factor")["cutoff_min"].agg(list).iloc[0]
        return drawn, counted, by_factor, list(sp.AccessRules(cutoffs_min=tuple(cutoffs)).cutoffs_min)

    assert rows([15, 15]) == ([15.0],) * 4
    assert rows([30, 15, 30.0]) == ([15.0, 30.0], [30.0, 15.0], [30.0, 15.0], [30.0, 15.0])


def test_ids_keep_their_kind_in_every_table_that_names_them(graph, villages, offered):
    places = villages.assign(settlement_id=np.array([7, 3], dtype="int64"))
    goals = offered.assign(facility_id=np.array([20, 30, 10], dtype="int64"))
    asked = {"service": "hospital"}
    tables = {
        "settlement_id": [
            sp.compare_scenarios(graph, sp.Scenario("same"), places, goals, **asked),
            sp.access_intervals(graph, places, goals, **asked).table,
            sp.emergency_response(graph, goals, places, mobilisation_min=1.0, **asked),
        ],
        "station_id": [sp.emergency_response(graph, goals, places, mobilisation_min=1.0, **asked)],
        "facility_id": [
            sp.node_catchments(graph, goals, **asked),
            sp.catchment_areas(graph, goals, **asked),
            sp.isochrones(graph, goals, cutoffs_min=9.0, per="facility", **asked),
        ],
    }
    for key, found in tables.items():
        known = [3, 7] if key == "settlement_id" else [20, 30]
        for table in found:
            assert pd.api.types.is_integer_dtype(table[key].dtype)
            assert set(table[key].dropna()) <= set(known)
            assert len(pd.DataFrame({key: known}).merge(table, on=key)) > 0
    assert tables["settlement_id"][0]["settlement_id"].tolist() == [7, 3]
    drawn = sp.isochrones(graph, goals, cutoffs_min=9.0, **asked)
    assert drawn["facility_id"].isna().all()


@pytest.mark.parametrize(
    "kept",
    [
        lambda ids: ids.astype("int64"),
        lambda ids: ids.astype("int64").astype("category"),
        lambda ids: ids.astype(object),
    ],
    ids=["numbers", "categories", "objects"],
)
def test_a_table_of_a_run_meets_frames_whose_ids_are_numbers(kept, graph, villages):
    texts = villages.assign(settlement_id=["2", "11"], in_study=True, township=["east", "west"])
    access = access_of(texts).assign(settlement_id=["2", "2", "11", "11"])
    own = texts.assign(settlement_id=kept(texts["settlement_id"]))
    assert sp.summarise(access, settlements=own).equals(sp.summarise(access, settlements=texts))
    found, told = (sp.last_mile(graph, places, access) for places in (own, texts))
    assert found["last_mile_share"].tolist() == told["last_mile_share"].tolist() == [0.2, 0.2]
    covered, known = (
        sp.last_mile_coverage(table, access, places, targets={"clinic": 10.0})
        for table, places in ((found, own), (told, texts))
    )
    assert covered.equals(known)
    lost = sp.wet_loss(access, access, own)
    assert lost["population_persons"].tolist() == [10.0, 10.0, 20.0, 20.0]
    strange = access.assign(settlement_id="x")
    for ask in (
        lambda: sp.summarise(strange, settlements=own),
        lambda: sp.last_mile(graph, own, strange),
        lambda: sp.last_mile_coverage(found, strange, own, targets={}),
    ):
        with pytest.raises(sp.ContractError, match=r"access.*\n.*none of 'x' .* is among the settlements"):
            ask()


def access_of(villages):
    rows = villages.loc[villages.index.repeat(2), ["settlement_id"]].reset_index(drop=True)
    return rows.assign(
        service=["clinic", "town"] * 2, mode="drive", facility_id="y", travel_time_min=[5.0, 7.0, 20.0, 9.0],
        access_leg_min=1.0, network_leg_min=4.0, network_distance_m=900.0, reach_status="reached",
    )  # fmt: skip


def test_an_index_named_as_a_column_changes_no_summary(villages):
    access, places = access_of(villages), villages.assign(township="t")
    named = access.set_axis(pd.Index(range(4), name="settlement_id"))
    places = places.set_axis(pd.Index(list("qr"), name="township"))
    both = [sp.summarise(table, settlements=places) for table in (access, named)]
    pd.testing.assert_frame_equal(*both)
    # 5 and 20 minutes of 10 and 20 people, then 7 and 9.
    assert both[0]["mean_reached_min"].tolist() == pytest.approx([15.0, 25.0 / 3.0])
    pd.testing.assert_frame_equal(sp.widen(access), sp.widen(named))
    need = pd.DataFrame({"settlement_id": ["a"], "service": "clinic", "persons": 3.0})
    idle = pd.DataFrame({"facility_id": ["y"], "service": "clinic", "persons": 5.0})
    pairs = pd.DataFrame({"from_id": ["a"], "to_id": ["y"], "travel_time_min": 4.0}, index=pd.Index([1], name="to_id"))
    assert sp.match_capacity(need, idle, pairs).matches["persons"].tolist() == [3.0]


def test_the_table_on_its_side_keeps_ids_that_are_numbers(villages):
    access = access_of(villages.assign(settlement_id=[7, 3]))
    assert sp.widen(access)["settlement_id"].tolist() == [7, 3]


def test_texts_kept_as_categories_make_facilities(clinics):
    frame = clinics.drop(columns="service").assign(name=pd.Categorical(["one", "two"])).astype({"status": "category"})
    assert sp.as_facilities(frame, id="facility_id", service="clinic")["status"].tolist() == ["existing", "closed"]


@pytest.mark.parametrize(
    "lacking", ["settlement_id", "service", "mode", "travel_time_min", "reach_status", "facility_id"]
)
def test_a_table_of_access_that_lacks_a_column_is_refused_by_its_name(lacking, graph, villages):
    places = villages.assign(in_study=True, tier="town", name="n", township="t")
    access = access_of(villages).drop(columns=lacking)
    asked = [lambda: sp.widen(access), lambda: sp.wet_loss(access, access, places)]
    asked += [] if lacking == "facility_id" else [lambda: sp.summarise(access, settlements=places)]
    for ask in asked:
        with pytest.raises(sp.ContractError, match=f"{lacking}: no such column"):
            ask()


def test_what_else_is_lacking_or_repeated_is_named(graph, villages, clinics):
    places, access = villages.assign(in_study=True, tier="town", name="n", township="t"), access_of(villages)
    mile = sp.last_mile(graph, places, access)
    links = gpd.GeoDataFrame({"road_id": ["k", None]}, geometry=[shapely.LineString([(0, 0), (0, 9e3)])] * 2, crs=CRS)
    for column, ask in (
        ("network_distance_m", lambda: sp.last_mile(graph, places, access.drop(columns="network_distance_m"))),
        ("access_leg_min", lambda: sp.last_mile(graph, places, access.drop(columns="access_leg_min"))),
        (
            "last_mile_class",
            lambda: sp.last_mile_coverage(mile.drop(columns="last_mile_class"), access, places, targets={}),
        ),
        ("in_study", lambda: sp.last_mile_coverage(mile, access, places.drop(columns="in_study"), targets={})),
        ("in_study", lambda: sp.wet_loss(access, access, places.drop(columns="in_study"))),
        ("in_study", lambda: sp.towns_as_facilities(places.drop(columns="in_study"))),
        ("service", lambda: sp.site_profile(graph, places, clinics.drop(columns="service"))),
    ):
        with pytest.raises(sp.ContractError, match=f"{column}: no such column"):
            ask()
    for words, ask in (
        (
            "settlement_id: not unique: 'b'",
            lambda: sp.summarise(access, settlements=pd.concat([places, places.iloc[:1]])),
        ),
        ("settlement_id: several rows of 'b'", lambda: sp.widen(pd.concat([access, access.iloc[:1]]))),
        (
            "settlements: 1 problem.*\n.*give a GeoDataFrame",
            lambda: sp.towns_as_facilities(pd.DataFrame(places.drop(columns="geometry"))),
        ),
        ("road_id: missing", lambda: sp.edit_network(graph, add=links)),
    ):
        with pytest.raises(sp.ContractError, match=words):
            ask()


SQUARE = gpd.GeoDataFrame(
    {
        "boundary_id": ["u"],
        "zone_id": ["u"],
        "name": ["U"],
        "is_unit": [True],
        "kind": ["hazard"],
        "is_barrier": [True],
    },
    geometry=[shapely.box(-100, -100, 9500, 9500)],
    crs=CRS,
)
GRID = sp.Raster(np.ones((10, 10)), Affine(1000, 0, 0, 0, -1000, 10000), pyproj.CRS(CRS), "people")
LINK = gpd.GeoDataFrame(
    {"road_id": ["l"], "speed_km_h": [30.0]}, geometry=[shapely.LineString([(0, 0), (0, 3000)])], crs=CRS
)


def sites_of(places, key):
    return places.rename(columns={"facility_id": key})


# What takes a frame with shapes, by the name under which it refuses one without.
SHAPED = {
    "study area": (SQUARE, lambda given, of: sp.allocate_population(of["towns"], GRID, study_area=given)),
    "sites or links": (LINK, lambda given, _: sp.apply_constraints(given, SQUARE)),
    "constraints": (SQUARE, lambda given, _: sp.apply_constraints(LINK, given)),
    "border": (SQUARE, lambda given, of: sp.hard_border(of["graph"], given)),
    "area": (SQUARE, lambda given, _: sp.grid_points(given, 1000.0)),
    "land": (SQUARE, lambda given, of: sp.candidate_sites("clinic", settlements=of["towns"], land=given)),
    "list": (None, lambda given, _: sp.candidate_sites("clinic", points=sites_of(given, "site_id"))),
    "boundaries": (SQUARE, lambda given, _: sp.cells_as_origins(GRID, factor=1, crs=CRS, boundaries=given)),
    "points": (None, lambda given, _: sp.cells_at(given, GRID)),
    "links": (
        LINK,
        lambda given, of: sp.connect_settlements(of["graph"], of["towns"], given, facilities=of["f"], service="clinic"),
    ),
    "places": (None, lambda given, _: sp.move_off_barriers(given, SQUARE.geometry)),
    "water": (
        SQUARE,
        lambda given, of: sp.propose_links(of["graph"], of["towns"], facilities=of["f"], service="clinic", water=given),
    ),
    "segregation": (SQUARE, lambda given, _: sp.queen_contiguity(given)),
    "urban": (SQUARE, lambda given, of: sp.rural_access_index(GRID, of["graph"], urban=given)),
    "candidates": (None, lambda given, of: sp.site_profile(of["graph"], of["towns"], of["f"], candidates=given)),
    "zones": (SQUARE, lambda given, _: sp.zonal_sums(GRID, given)),
    "roads": (LINK, lambda given, _: sp.friction_surface(GRID, roads=given)),
    "barriers": (SQUARE, lambda given, _: sp.friction_surface(GRID, barriers=given)),
    "settlements": (None, lambda given, _: sp.locate_places(pd.DataFrame({"facility_id": ["q"]}), given)),
    "facility of a frame": (None, lambda given, _: sp.as_facilities(given, service="clinic")),
}


@pytest.mark.parametrize("name", SHAPED)
def test_a_frame_without_a_geometry_is_refused_by_its_name(name, graph, villages, clinics):
    frame, ask = SHAPED[name]
    frame = clinics if frame is None else frame
    towns = villages.assign(name=["B", "A"], tier="town", in_study=True)
    bare = pd.DataFrame(frame.drop(columns="geometry"))
    for given in (bare, pd.DataFrame(frame), gpd.GeoDataFrame(bare)):
        with pytest.raises(sp.ContractError, match=rf"table {name}: .*\n.*geometry: there is none; give a "):
            ask(given, {"graph": graph, "towns": towns, "f": clinics})


def test_towns_and_profiles_keep_ids_that_are_numbers(graph, villages, clinics):
    towns = villages.assign(settlement_id=[7, 3], name=["B", "A"], tier="town", in_study=True)
    assert sp.towns_as_facilities(towns)["facility_id"].tolist() == [7, 3]
    assert sp.towns_as_facilities(towns.assign(tier=[None, *towns["tier"][1:]]))["facility_id"].tolist() == [3]
    profile = sp.site_profile(graph, towns, clinics, candidates=clinics.assign(facility_id=[20, 30]))
    assert set(profile["place_id"]) == {7, 3, 20, 30}
    # Beside ids that are texts all are texts.
    assert set(sp.site_profile(graph, towns, clinics, candidates=clinics)["place_id"]) == {"7", "3", "y", "x"}
    assert sp.towns_as_facilities(towns.astype({"settlement_id": "category"}))["facility_id"].tolist() == ["7", "3"]


def test_a_path_is_no_study_and_no_run():
    for ask in (sp.run, sp.status):
        with pytest.raises(sp.ContractError, match=r"is a str; read one with Study.from_toml"):
            ask("study.toml")
    with pytest.raises(sp.ContractError, match=r"'str' .*open each run with read_results"):
        sp.compare_runs("one", "other")
    with pytest.raises(sp.ContractError, match=r"'str' .*open each run with read_results"):
        sp.trajectory(["one", "other"])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda access: access.assign(travel_time_min=["x", 7.0, 20.0, 9.0]), "travel_time_min: texts, dates"),
        (lambda access: access.assign(travel_time_min=pd.Timestamp("2026-01-01")), "travel_time_min: texts, dates"),
        (lambda access: access.assign(travel_time_min=[-5.0, 7.0, 20.0, 9.0]), "travel_time_min: negative at 'b'"),
        (lambda access: access.assign(settlement_id=["b", "b", None, "a"]), "settlement_id: missing in 1 rows"),
        (lambda access: pd.concat([access, access.iloc[:1]]), "b"),
        (lambda _: None, "is a NoneType"),
    ],
    ids=["texts", "dates", "negative", "no id", "twice", "nothing"],
)
def test_a_table_of_access_that_tells_no_times_is_refused(spoil, words, graph, villages):
    places = villages.assign(in_study=True, township="t")
    access = access_of(villages)
    bad, mile = spoil(access), sp.last_mile(graph, places, access)
    for ask in (
        lambda: sp.summarise(bad, settlements=places),
        lambda: sp.widen(bad),
        lambda: sp.wet_loss(access, bad, places),
        lambda: sp.last_mile(graph, places, bad, rules=sp.LastMileRules(points=(("clinic_min", "clinic"),))),
        lambda: sp.last_mile_coverage(mile, bad, places, targets={"clinic": 10.0}),
    ):
        with pytest.raises(sp.ContractError, match=words):
            ask()


def test_minutes_that_pandas_marks_as_missing_are_no_way(graph, villages):
    places = villages.assign(in_study=True, township="t")
    access = access_of(villages).assign(
        travel_time_min=[5.0, 7.0, np.nan, 9.0], reach_status=["reached"] * 2 + ["no_path", "reached"]
    )
    nullable = access.astype({"travel_time_min": "Float64"})
    for ask in (
        lambda table: sp.summarise(table, settlements=places),
        sp.widen,
        lambda table: sp.wet_loss(table, table, places),
        lambda table: sp.last_mile_coverage(sp.last_mile(graph, places, table), table, places, targets={"clinic": 9.0}),
    ):
        pd.testing.assert_frame_equal(ask(nullable), ask(access))


def test_a_settlement_without_an_id_is_not_left_out_of_sums(villages):
    places = villages.assign(settlement_id=["b", None], township="t")
    with pytest.raises(sp.ContractError, match=r"settlements.*\n.*settlement_id: missing in 1 rows"):
        sp.summarise(access_of(villages), settlements=places)


@pytest.mark.parametrize("name", SHAPED)
def test_a_frame_that_names_a_column_twice_is_refused_by_its_name(name, graph, villages, clinics):
    frame, ask = SHAPED[name]
    frame = clinics if frame is None else frame
    towns = villages.assign(name=["B", "A"], tier="town", in_study=True)
    twice = pd.concat([frame, pd.DataFrame({frame.columns[0]: frame.iloc[:, 0]})], axis=1)
    column = sites_of(frame, "site_id").columns[0] if name == "list" else frame.columns[0]
    with pytest.raises(sp.ContractError, match=rf"table {name}: .*\n.*more than once: '{column}'"):
        ask(twice, {"graph": graph, "towns": towns, "f": clinics})


LINES = pd.DataFrame({"line_id": ["a", "a"], "stop_order": [1, 2], "headway_min": 9.0, "ride_min": [5.0, None]})
PAIRS = pd.DataFrame({"from_id": ["y"], "to_id": ["y"], "travel_time_min": 1.0, "volume": 2.0})
REGISTER = sp.load_register()
TABLES_OF = {
    "roads": (LINK, lambda given, _: sp.build_network(given)),
    "roads to node": (LINK, lambda given, _: sp.node_roads(given)),
    "settlements": (None, lambda given, _: sp.as_settlements(given, id="facility_id", tier="village")),
    "new roads": (LINK, lambda given, of: sp.edit_network(of["graph"], add=given)),
    "turns": (LINK, lambda given, of: sp.with_turns(of["graph"], given)),
    "lines": (LINES, lambda given, of: sp.bus_network(given, of["walk"])),
    "flows": (PAIRS, lambda given, _: sp.flow_matrix(given, ["y"])),
    "register": (REGISTER, lambda given, _: sp.applicable_norms(given, as_of=dt.date(2026, 1, 1))),
    "norm_results": (PAIRS, lambda given, _: sp.score_norms(given)),
    "candidates": (None, lambda given, _: sp.p_dispersion(PAIRS, given, n_facilities=1)),
    "observed": (PAIRS, lambda given, of: sp.calibrate_speeds(of["graph"], given, places=of["f"])),
    "places": (None, lambda given, of: sp.locate_places(given, of["towns"])),
    "edges": (LINK, lambda given, _: sp.TravelGraph.from_frames(given, given, mode="drive")),
}


@pytest.mark.parametrize("name", TABLES_OF)
def test_nothing_or_a_column_twice_is_no_table(name, graph, villages, clinics):
    frame, ask = TABLES_OF[name]
    frame = clinics if frame is None else frame
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (9000, 0)])], crs=CRS)
    of = {"graph": graph, "walk": sp.build_network(roads, mode="walk"), "towns": villages, "f": clinics}
    twice = pd.concat([frame, pd.DataFrame({frame.columns[0]: frame.iloc[:, 0]})], axis=1)
    for given, words in ((twice, f"more than once: '{frame.columns[0]}'"), ([1], "is a list; give a")):
        with pytest.raises(sp.ContractError, match=words):
            ask(given, of)
