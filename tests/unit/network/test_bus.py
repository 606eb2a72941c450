"""The bus leg: half a headway, the ride, a wait at every change; and every fault of the lines at once."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import ContractError, CrsError, NetworkError
from spatial.network.build import build_network
from spatial.network.combined import bus_network
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest
from spatial.network.snapping import snap

CRS = "EPSG:32738"


def street():
    """One straight road of 40 km, walked at 5 km/h."""
    return build_network(gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (40_000, 0)])], crs=CRS), mode="walk")


def line(name, stops, *, ride=10.0, headway=30.0, **more):
    """Stops at kilometres along the street."""
    return gpd.GeoDataFrame(
        {
            "line_id": name,
            "stop_order": range(len(stops)),
            "ride_min": [ride] * (len(stops) - 1) + [np.nan],
            "headway_min": headway,
            **more,
        },
        geometry=gpd.points_from_xy([1000.0 * km for km in stops], [0.0] * len(stops)),
        crs=CRS,
    )


def lines(*parts):
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)


def door_to_door(graph, start_km, goal_km):
    ends = [
        snap(graph, gpd.GeoSeries([shapely.Point(1000.0 * km, 0.0)], crs=CRS), min_component_km=0.0)
        for km in (start_km, goal_km)
    ]
    return float(nearest(graph, ends[0], ends[1]).travel_time_min[0, 0])


def test_boarding_takes_half_the_headway_and_leaving_nothing():
    graph = bus_network(line("a", [0, 20]), street())
    assert graph.mode == "walk+bus"
    assert door_to_door(graph, 0, 20) == pytest.approx(15 + 10)
    assert door_to_door(graph, 20, 0) == pytest.approx(15 + 10)
    # 1 km on foot at each end: 12 minutes each (places are on the road itself).
    assert door_to_door(graph, 1, 21) == pytest.approx(12 + 15 + 10 + 12)


def test_staying_aboard_waits_once_and_a_change_waits_again():
    graph = bus_network(lines(line("a", [0, 10, 20]), line("b", [20, 30, 40], headway=60.0)), street())
    assert door_to_door(graph, 0, 20) == pytest.approx(15 + 10 + 10)
    assert door_to_door(graph, 0, 40) == pytest.approx(15 + 20 + 30 + 20)


def test_who_rides_past_the_first_stop_of_a_circular_line_stays_aboard():
    ring = line("a", [0, 10, 20, 0], both_ways=False)
    graph = bus_network(lines(line("A", [30, 40], both_ways=True), ring), street())
    # From the third stop over the first to the second: half the headway once, and two rides.
    assert door_to_door(graph, 20, 10) == pytest.approx(15 + 10 + 10)
    assert door_to_door(graph, 0, 20) == pytest.approx(15 + 10 + 10)
    assert door_to_door(bus_network(line("a", [0, 10, 20, 0]), street()), 10, 20) == pytest.approx(15 + 10)
    assert door_to_door(bus_network(line("a", [0, 0]), street()), 0, 0) == 0.0


def test_a_line_of_one_way_does_not_run_back():
    graph = bus_network(line("a", [0, 20], both_ways=False), street())
    assert door_to_door(graph, 0, 20) == pytest.approx(25)
    assert door_to_door(graph, 20, 0) == pytest.approx(240)  # 20 km on foot


def test_walking_wins_where_it_is_faster():
    graph = bus_network(line("a", [0, 1, 20]), street())
    assert door_to_door(graph, 0, 1) == pytest.approx(12.0)


def test_a_speed_stands_for_the_minutes():
    table = line("a", [0, 20], speed_km_h=40.0).drop(columns="ride_min")
    # 20 km x 1.3 at 40 km/h = 39 minutes.
    assert door_to_door(bus_network(table, street()), 0, 20) == pytest.approx(15 + 39)


def test_stops_may_stand_in_a_table_of_their_own_and_off_the_road():
    stops = gpd.GeoDataFrame(
        {"stop_id": ["x", "y"]}, geometry=[shapely.Point(0, 100), shapely.Point(20_000, 0)], crs=CRS
    )
    table = pd.DataFrame(
        {"line_id": "a", "stop_order": [1, 2], "stop_id": ["x", "y"], "ride_min": [10, None], "headway_min": 30}
    )
    graph = bus_network(table, street(), stops=stops)
    # 100 m x 1.3 at 5 km/h = 1.56 minutes to the stop.
    assert door_to_door(graph, 0, 20) == pytest.approx(1.56 + 15 + 10)
    assert graph.report["bus"]["longest_walk_m"] == pytest.approx(100.0)


def test_stops_without_an_id_beside_others_that_have_one_are_where_they_stand():
    named = bus_network(line("a", [0, 10, 20], stop_id=["first", None, None]), street())
    assert named.report["bus"]["stops"] == 3
    assert door_to_door(named, 0, 20) == pytest.approx(15 + 10 + 10)


def test_one_id_at_points_far_apart_is_refused_and_across_a_road_is_one_stop():
    table = lines(line("a", [0, 10], stop_id=["home", "hub"]), line("b", [10.1, 20], stop_id=["hub", "end"]))
    assert bus_network(table, street()).report["bus"]["stops"] == 3
    table = lines(line("a", [0, 10], stop_id=["home", "hub"]), line("b", [30, 40], stop_id=["hub", "end"]))
    with pytest.raises(ContractError, match=r"stop_id: at points more than 100 m apart \(line/stop 'b/0'"):
        bus_network(table, street())


def test_the_order_of_rows_and_lines_does_not_matter():
    table = lines(line("a", [0, 10, 20]), line("b", [20, 30, 40], headway=60.0))
    shuffled = table.sample(frac=1.0, random_state=3)
    one, other = (bus_network(each, street()) for each in (table, shuffled))
    assert one.edge_id.tolist() == other.edge_id.tolist()
    np.testing.assert_array_equal(one.forward_min, other.forward_min)


def test_no_place_is_joined_to_a_ride():
    graph = bus_network(line("a", [0, 20]), street())
    assert not graph.is_snappable[np.isin(graph.road_class, ["bus", "boarding", "stop"])].any()


def test_matrix_and_nearest_agree():
    graph = bus_network(lines(line("a", [0, 10, 20]), line("b", [20, 30, 40])), street())
    places = gpd.GeoSeries(gpd.points_from_xy(np.linspace(0, 40_000, 9), np.full(9, 50.0)), crs=CRS)
    snaps = snap(graph, places, min_component_km=0.0)
    i, j, minutes, _ = times_matrix(graph, snaps, snaps, cutoff_min=np.inf)
    for goal in range(9):
        one = snap(graph, places.iloc[[goal]], min_component_km=0.0)
        expected = nearest(graph, snaps, one).travel_time_min[:, 0]
        np.testing.assert_allclose(minutes[j == goal][np.argsort(i[j == goal])], expected)


def test_every_fault_of_the_lines_is_listed_at_once():
    faulty = lines(
        line("zero", [0, 20], headway=0.0),
        line("gone", [0, 20], headway=np.nan),
        line("lonely", [0]),
        line("back", [0, 20], ride=-1.0),
        line("gap", [0, 10, 20]),
        line("twice", [0, 10]),
    )
    faulty.loc[faulty["line_id"] == "gap", "ride_min"] = np.nan
    faulty.loc[faulty["line_id"] == "twice", "stop_order"] = 1
    faulty.loc[len(faulty) - 1, "geometry"] = None
    with pytest.raises(ContractError) as caught:
        bus_network(faulty, street())
    shown = str(caught.value)
    for hint in (
        "headway_min: must be above 0",
        "zero/0",
        "only one stop on the lines 'lonely'",
        "ride_min: must be 0 or more",
        "back/0",
        "ride_min: missing before the last stop",
        "gap/0",
        "stop_order: repeated",
        "stops: missing, or no point",
    ):
        assert hint in shown


def test_headways_that_differ_along_a_line_are_refused():
    table = line("a", [0, 20])
    table["headway_min"] = [20.0, 30.0]
    table["both_ways"] = [True, False]
    with pytest.raises(ContractError, match="headway_min: differs") as caught:
        bus_network(table, street())
    assert "both_ways: differs" in str(caught.value)


def test_columns_and_tables_that_are_missing_are_named():
    with pytest.raises(ContractError, match=r"(?s)stop_order: missing.*ride_min: missing.*geometry: missing"):
        bus_network(pd.DataFrame({"line_id": ["a"], "headway_min": [3]}), street())
    with pytest.raises(ContractError, match="empty"):
        bus_network(line("a", [0, 20]).iloc[:0], street())
    stops = gpd.GeoDataFrame({"stop_id": ["x"]}, geometry=[shapely.Point(0, 0)], crs=CRS)
    table = pd.DataFrame(
        {"line_id": "a", "stop_order": [1, 2], "stop_id": ["x", "unknown"], "ride_min": 5, "headway_min": 30}
    )
    with pytest.raises(ContractError, match=r"missing, or no point .*a/2"):
        bus_network(table, street(), stops=stops)


def test_stops_far_from_the_network_are_refused_with_their_distance():
    table = line("a", [0, 20])
    table.loc[1, "geometry"] = shapely.Point(20_000, 1000.5)
    with pytest.raises(ContractError, match=r"further than 1000 m .*\(1000 m\)|\(1001 m\)"):
        bus_network(table, street())
    table.loc[1, "geometry"] = shapely.Point(20_000, 1000.0)
    bus_network(table, street())  # inclusive
    with pytest.raises(ContractError, match=r"1000 m from the walking network, pieces shorter than 50 km left out: "):
        bus_network(table, street(), min_component_km=50.0)
    bridge = gpd.GeoDataFrame({"bridge": ["yes"]}, geometry=[shapely.LineString([(0, 0), (40_000, 0)])], crs=CRS)
    with pytest.raises(ContractError, match=r"0\.000 0\.000 \(no road that one can step onto\)"):
        bus_network(table, build_network(bridge, mode="walk"))


def test_no_stop_is_joined_to_a_path_that_leads_nowhere():
    ways = [shapely.LineString([(0, 0), (40_000, 0)]), shapely.LineString([(-50, 70), (50, 70)])]
    graph = bus_network(
        line("a", [0, 20]).assign(geometry=[shapely.Point(0, 50), shapely.Point(20_000, 0)]),
        build_network(gpd.GeoDataFrame(geometry=ways, crs=CRS), mode="walk"),
    )
    # 50 m x 1.3 at 5 km/h from the road to the stop, 20 m from the path.
    assert door_to_door(graph, 0, 20) == pytest.approx(0.78 + 15 + 10)


def test_a_stop_is_joined_on_its_own_bank_of_a_river_and_on_the_nearest_where_there_is_no_road():
    # The road beside the first stop, 50 m away, is across the river; its own bank has the street, 70 m away.
    ways = [shapely.LineString([(0, 0), (40_000, 0)]), shapely.LineString([(0, 120), (9000, 120)])]
    walk = build_network(gpd.GeoDataFrame(geometry=ways, crs=CRS), mode="walk")
    stops = line("a", [0, 20]).assign(geometry=[shapely.Point(0, 70), shapely.Point(20_000, 0)])
    river = [shapely.LineString([(-1000, up), (50_000, up)]) for up in (100, 35)]
    # 70 m x 1.3 at 5 km/h are 1.092 minutes, 50 m are 0.78.
    for rivers, expected in ((river[:1], 1.092 + 15 + 10), (river, None)):
        graph = bus_network(stops, walk, barriers=gpd.GeoSeries(rivers, crs=CRS))
        if expected:
            assert door_to_door(graph, 0, 20) == pytest.approx(expected)
        else:
            assert graph.report["bus"]["longest_walk_m"] == pytest.approx(50.0)


def test_graphs_and_points_that_do_not_fit_are_refused():
    with pytest.raises(NetworkError, match="walking network"):
        bus_network(line("a", [0, 20]), bus_network(line("a", [0, 20]), street()))
    with pytest.raises(CrsError):
        bus_network(line("a", [0, 20]).to_crs("EPSG:4326"), street())
    with pytest.raises(ContractError, match="to_crs"):
        bus_network(line("a", [0, 20]).to_crs("EPSG:32739"), street())
