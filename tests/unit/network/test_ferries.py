"""Ferries: one wait a boarding, over however many pieces; the tagged crossing; the table's own default."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from spatial.errors import NetworkError
from spatial.network.build import build_network, parse_duration
from spatial.network.graph import TravelGraph

CRS = "EPSG:32738"


def roads_of(*rows):
    frame = [{"road_id": f"w{n}", "road_class": "residential", **tags} for n, (_, tags) in enumerate(rows)]
    return gpd.GeoDataFrame(frame, geometry=[shapely.LineString(line) for line, _ in rows], crs=CRS)


def minutes(graph, start, goal):
    """Shortest minutes between two places that are nodes of roads, in networkx."""
    net = graph.to_networkx()
    on_roads = set(graph.edge_from[graph.road_class != "ferry"]) | set(graph.edge_to[graph.road_class != "ferry"])

    def node_at(place):
        return next(n for n in sorted(on_roads) if (graph.node_x[n], graph.node_y[n]) == place)

    return nx.shortest_path_length(net, node_at(start), node_at(goal), weight="time_min")


A, B = (0, 0), (15_000, 0)
SHORE_A = ([(-25_000, 0), A], {})
SHORE_B = ([B, (40_000, 0)], {})
FERRY = {"road_class": "ferry"}
# 15 km at 5 km/h: 180 minutes.


def test_a_wait_is_added_once_a_boarding():
    roads = roads_of(SHORE_A, ([A, B], FERRY), SHORE_B)
    free = build_network(roads, ferries=True)
    waiting = build_network(roads, ferries=True, ferry_wait_min=30.0)
    assert minutes(free, A, B) == pytest.approx(180.0)
    assert minutes(waiting, A, B) == pytest.approx(210.0)
    assert minutes(waiting, B, A) == pytest.approx(210.0)
    assert waiting.report["ferries"]["wait_min"] == {"least": 30.0, "most": 30.0}


def test_three_pieces_of_one_crossing_wait_once():
    # Two more ferries meet it at sea, so that it has three pieces; and the same with three ways.
    one_way = roads_of(
        SHORE_A,
        ([A, (5000, 0), (10_000, 0), B], FERRY),
        SHORE_B,
        ([(5000, 0), (5000, 9000)], FERRY),
        ([(10_000, 0), (10_000, 9000)], FERRY),
    )
    three_ways = roads_of(
        SHORE_A, ([A, (5000, 0)], FERRY), ([(5000, 0), (10_000, 0)], FERRY), ([(10_000, 0), B], FERRY), SHORE_B
    )
    for roads in (one_way, three_ways):
        graph = build_network(roads, ferries=True, ferry_wait_min=30.0)
        assert minutes(graph, A, B) == pytest.approx(210.0)
        assert minutes(graph, B, A) == pytest.approx(210.0)


def test_who_stays_aboard_past_a_landing_waits_once_and_who_changes_waits_again():
    middle = (7500, 0)
    quay = ([middle, (7500, 25_000)], {})
    same_line = roads_of(SHORE_A, ([A, middle, B], FERRY), SHORE_B, quay)
    two_lines = roads_of(SHORE_A, ([A, middle], FERRY), ([middle, B], FERRY), SHORE_B, quay)
    graph = build_network(same_line, ferries=True, ferry_wait_min=30.0)
    assert minutes(graph, A, B) == pytest.approx(210.0)
    assert minutes(graph, A, middle) == pytest.approx(120.0)
    changing = build_network(two_lines, ferries=True, ferry_wait_min=30.0)
    assert minutes(changing, A, B) == pytest.approx(240.0)


def test_a_tagged_duration_beats_the_speed_of_the_class_and_an_interval_the_wait():
    tags = {**FERRY, "duration": "0:45", "interval": "01:00"}
    roads = roads_of(SHORE_A, ([A, (5000, 0), B], tags), SHORE_B, ([(5000, 0), (5000, 9000)], FERRY))
    graph = build_network(roads, ferries=True, ferry_wait_min=10.0, speed_factor=2.0)
    # 45 minutes across and half of an hour's interval, whatever the speed factor; spread by length over two pieces.
    assert minutes(graph, A, B) == pytest.approx(75.0)
    pieces = np.flatnonzero((graph.road_id == "w1") & (graph.length_m > 0))
    assert graph.forward_min[pieces].tolist() == pytest.approx([15.0, 30.0])
    assert set(graph.speed_source[pieces]) == {"duration"}
    assert graph.report["ferries"]["edges_with_tagged_duration"] == 2


def test_without_the_option_nothing_changes_bit_for_bit():
    roads = roads_of(SHORE_A, ([A, B], {**FERRY, "duration": "45"}), SHORE_B)
    plain = build_network(roads, ferries=True)
    assert "ferries" not in {key for key in plain.report if isinstance(plain.report[key], dict)}
    assert (plain.n_nodes, plain.n_edges) == (4, 3)
    assert minutes(plain, A, B) == pytest.approx(180.0)
    # Nor where no ferry carries travellers.
    off, asked = (build_network(roads, ferry_wait_min=wait) for wait in (None, 30.0))
    np.testing.assert_array_equal(off.forward_min, asked.forward_min)


def test_the_speed_table_may_hold_the_wait(tmp_path):
    file = tmp_path / "county.toml"
    file.write_text('extends = "osrm_like"\n[ferry]\nwait_min = 20\n', "utf-8")
    roads = roads_of(SHORE_A, ([A, B], FERRY), SHORE_B)
    assert minutes(build_network(roads, speeds=file, ferries=True), A, B) == pytest.approx(200.0)
    assert minutes(build_network(roads, speeds=file, ferries=True, ferry_wait_min=5), A, B) == pytest.approx(185.0)


def test_a_ferry_that_lands_nowhere_has_no_landing():
    roads = roads_of(SHORE_A, ([(1000, 5000), (9000, 5000)], FERRY))
    graph = build_network(roads, ferries=True, ferry_wait_min=30.0)
    assert graph.report["ferries"]["landings"] == 0
    assert graph.report["ferries"]["wait_min"] is None


def test_a_graph_with_docks_goes_through_its_tables():
    roads = roads_of(SHORE_A, ([A, B], FERRY), SHORE_B)
    graph = build_network(roads, ferries=True, ferry_wait_min=30.0)
    again = TravelGraph.from_frames(*graph.to_frames(), mode="drive")
    np.testing.assert_array_equal(again.forward_min, graph.forward_min)
    assert minutes(again, A, B) == pytest.approx(210.0)


@pytest.mark.parametrize("wait", [-1.0, np.nan, np.inf])
def test_waits_that_make_no_sense_are_refused(wait):
    with pytest.raises(NetworkError, match="ferry_wait_min"):
        build_network(roads_of(SHORE_A), ferry_wait_min=wait)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20", 20.0),
        ("20 min", 20.0),
        ("1:30", 90.0),
        ("01:30:30", 90.5),
        ("PT1H30M", 90.0),
        ("P1DT2H", 1560.0),
        ("15;25", 25.0),
        ("0", np.nan),
        ("P", np.nan),
        ("twice a day", np.nan),
        ("00:00", np.nan),
    ],
)
def test_durations_are_read_as_people_tag_them(text, expected):
    assert parse_duration(text) == pytest.approx(expected, nan_ok=True)
