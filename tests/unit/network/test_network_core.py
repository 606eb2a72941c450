"""The contracted graph in use: catchments of nodes, other minutes, what is shared, and routes of many at once."""

from __future__ import annotations

import numpy as np
import pytest

import spatial as sp
from spatial.errors import NetworkError
from spatial.network import snapping as snapping_module
from spatial.network.kernels_core import halves_of_cores
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest
from spatial.network.snapping import snap


def test_every_node_is_in_the_catchment_of_the_facility_with_the_shortest_way(grid_city):
    graph = grid_city.graph()
    facilities = grid_city.facilities([("a", "clinic", 0, 0), ("b", "school", 4, 4)])
    table = sp.node_catchments(graph, facilities)
    assert list(table.columns) == ["node_id", "facility_id", "travel_time_min", "reach_status"]
    assert table["node_id"].tolist() == list(range(graph.n_nodes))
    km = np.column_stack((graph.node_x, graph.node_y))
    to_a, to_b = np.abs(km - km.min(axis=0)).sum(axis=1), np.abs(km - km.max(axis=0)).sum(axis=1)
    # Streets run along both axes at one speed, so the way is the sum of both differences; ties go to the lower id.
    np.testing.assert_array_equal(table["facility_id"] == "a", to_a <= to_b)
    minutes_a_km = graph.forward_min[0] / graph.length_m[0]
    np.testing.assert_allclose(table["travel_time_min"], np.minimum(to_a, to_b) * minutes_a_km, atol=1e-9)
    assert (table["reach_status"] == "reached").all()


def test_the_catchments_of_one_service_leave_out_the_others(grid_city):
    graph = grid_city.graph()
    facilities = grid_city.facilities([("a", "clinic", 0, 0), ("b", "school", 4, 4)])
    table = sp.node_catchments(graph, facilities, service="school", direction="from_facility")
    assert set(table["facility_id"]) == {"b"}
    none = sp.node_catchments(graph, facilities, service="bank")
    assert none["facility_id"].isna().all()
    assert none["travel_time_min"].isna().all()
    assert (none["reach_status"] == "no_facility").all()


def test_other_minutes_leave_the_graph_as_it_is_and_share_what_they_can(grid_city):
    graph = grid_city.graph()
    before = graph.forward_min.copy()
    half = graph.with_minutes(graph.forward_min / 2, graph.backward_min)
    np.testing.assert_array_equal(graph.forward_min, before)
    assert half.core_shape is graph.core_shape
    assert half.coordinates is graph.coordinates
    assert half.snap_indexes is graph.snap_indexes
    # Half the minutes are twice the speed.
    np.testing.assert_allclose(half.speed_km_h, 2 * graph.speed_km_h)
    same = graph.with_minutes(graph.forward_min, graph.backward_min)
    np.testing.assert_array_equal(same.speed_km_h, graph.speed_km_h)
    given = graph.with_minutes(before, before, speed_km_h=np.full(graph.n_edges, 7.0))
    assert (given.speed_km_h == 7.0).all()


def test_minutes_that_cannot_be_are_refused_all_at_once(grid_city):
    graph = grid_city.graph()
    wrong = graph.forward_min.copy()
    wrong[3] = np.nan
    wrong[4] = -1.0
    with pytest.raises(NetworkError) as caught:
        graph.with_minutes(wrong, graph.backward_min[:-1])
    assert "2" in str(caught.value)
    assert graph.edge_id[3] in str(caught.value)
    assert "backward_min has shape" in str(caught.value)


def test_the_grid_over_the_roads_is_laid_once_for_the_same_edges(grid_city, monkeypatch):
    graph = grid_city.graph()
    laid = []
    lay = snapping_module.under_grid
    monkeypatch.setattr(snapping_module, "under_grid", lambda ends: laid.append(1) or lay(ends))
    villages = grid_city.settlements([("v", "village", 1, 1)]).geometry
    for _ in range(3):
        snap(graph, villages, min_component_km=0.0)
    snap(graph.with_minutes(graph.forward_min, graph.backward_min), villages, min_component_km=0.0)
    assert len(laid) == 1
    assert (snap(graph, villages, min_component_km=1e5).edge == -1).all()


def test_no_places_give_no_rows(grid_city):
    graph = grid_city.graph()
    some = snap(graph, grid_city.settlements([("v", "village", 1, 1)]).geometry, min_component_km=0.0)
    none = snap(graph, grid_city.settlements([("v", "village", 1, 1)]).geometry.iloc[:0], min_component_km=0.0)
    for origins, goals in ((none, some), (some, none), (none, none)):
        assert all(len(column) == 0 for column in times_matrix(graph, origins, goals))
        found = nearest(graph, origins, goals, k=2)
        assert found.travel_time_min.shape == (len(origins), 2)
        assert np.isinf(found.travel_time_min).all()
        assert len(found.routes()) == len(origins)


def test_a_place_very_far_from_all_roads_knows_how_far(grid_city):
    graph = grid_city.graph()
    far = grid_city.settlements([("v", "village", 4 + 3000, 4)]).geometry
    found = snap(graph, far, min_component_km=0.0)
    assert found.status.tolist() == ["far"]
    # The grid ends 4 km east of its corner, so the nearest road is 3,000 km away.
    assert found.nearest_m[0] == pytest.approx(3_000_000.0)


def test_travel_from_the_facilities_goes_against_a_oneway(grid_city):
    graph = grid_city.graph()
    closed = graph.with_minutes(graph.forward_min, np.full(graph.n_edges, np.inf))
    settlements, facilities = (
        grid_city.settlements([("v", "village", 0, 0)]),
        grid_city.facilities([("f", "clinic", 4, 4)]),
    )
    there = sp.travel_times(closed, settlements, facilities)
    back = sp.travel_times(closed, settlements, facilities, direction="from_facility")
    assert sorted((len(there), len(back))) == [0, 1], "streets are drawn one way, so only one of both can be"
    both = sp.travel_times(graph, settlements, facilities, direction="from_facility")
    assert both[["from_id", "to_id"]].to_numpy().tolist() == [["v", "f"]]


def test_a_road_back_to_its_own_junction_hides_no_road_behind_it():
    # The first road leads from junction 0 back to it, the second from 0 to 1: one way out of each junction, 2 x 1
    # forwards and 2 x 1 + 1 backwards.
    first, last = np.array([0, 0], dtype=np.int32), np.array([0, 1], dtype=np.int32)
    offsets, targets, halves = halves_of_cores(2, first, last)
    assert (offsets.tolist(), targets.tolist(), halves.tolist()) == ([0, 1, 2], [1, 0], [2, 3])
