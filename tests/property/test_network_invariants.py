"""What must hold on any network: more roads, more speed and more places never make anything worse."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.network.build import build_network
from spatial.network.matrix import times_matrix
from spatial.network.nearest import nearest
from spatial.network.snapping import snap
from tests.effort import tried

CRS = "EPSG:32738"
ALL = 60
"""More candidates than there are edges, so that a new road pushes no way in off the list."""

spots = st.tuples(st.integers(0, 12), st.integers(0, 12))
roads_drawn = st.lists(
    st.tuples(spots, spots, st.sampled_from(["primary", "residential", "track"]), st.sampled_from(["no", "yes", "-1"])),
    min_size=3,
    max_size=25,
)
places_drawn = st.lists(st.tuples(st.integers(-5, 125), st.integers(-5, 125)), min_size=2, max_size=8)
quick = tried(25)


def frame(drawn):
    kept = [road for road in drawn if road[0] != road[1]] or [((0, 0), (1, 1), "residential", "no")]
    return gpd.GeoDataFrame(
        {
            "road_id": [f"w{n}" for n in range(len(kept))],
            "road_class": [road[2] for road in kept],
            "oneway": [road[3] for road in kept],
        },
        geometry=[shapely.LineString(1000.0 * np.array(road[:2])) for road in kept],
        crs=CRS,
    )


def points(drawn):
    return gpd.GeoSeries([shapely.Point(100.0 * x, 100.0 * y) for x, y in drawn], crs=CRS)


def times(graph, origins, destinations):
    snaps = [snap(graph, points(drawn), candidates=ALL, min_component_km=0.0) for drawn in (origins, destinations)]
    i, j, minutes, _ = times_matrix(graph, *snaps)
    table = np.full((len(origins), len(destinations)), np.inf)
    table[i, j] = minutes
    return table


def shortest_is(smaller, larger):
    return (smaller <= np.where(np.isinf(larger), np.inf, larger + 1e-9)).all()


@quick
@given(roads_drawn, roads_drawn, places_drawn, st.sampled_from(["drive", "walk"]))
def test_a_new_road_never_lengthens_a_time(roads, more, places, mode):
    before = times(build_network(frame(roads), mode=mode), places, places[:2])
    kept = [road for road in roads if road[0] != road[1]]
    after = times(build_network(frame([*kept, *more]) if kept else frame(roads), mode=mode), places, places[:2])
    assert shortest_is(after, before)


@quick
@given(roads_drawn, places_drawn, st.floats(1.0, 3.0), st.sampled_from(["drive", "walk"]))
def test_a_faster_speed_never_lengthens_a_time(roads, places, factor, mode):
    plain = times(build_network(frame(roads), mode=mode), places, places)
    faster = times(build_network(frame(roads), mode=mode, speed_factor=factor), places, places)
    assert shortest_is(faster, plain)


@quick
@given(roads_drawn, places_drawn, places_drawn, st.sampled_from(["drive", "walk"]))
def test_another_destination_leaves_the_other_pairs_unchanged(roads, places, more, mode):
    graph = build_network(frame(roads), mode=mode)
    some = times(graph, places, places)
    all_of_them = times(graph, places, [*places, *more])
    np.testing.assert_allclose(all_of_them[:, : len(places)], some, atol=1e-9)


@quick
@given(roads_drawn, places_drawn, places_drawn, st.sampled_from(["drive", "walk"]))
def test_another_destination_never_lengthens_the_way_to_the_nearest(roads, places, more, mode):
    graph = build_network(frame(roads), mode=mode)
    origins = snap(graph, points(places))
    few, many = (nearest(graph, origins, snap(graph, points(drawn))) for drawn in (places, [*places, *more]))
    assert shortest_is(many.travel_time_min, few.travel_time_min)


@quick
@given(roads_drawn, places_drawn, places_drawn, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(roads, places, goals, random):
    whole = frame(roads)
    rows = list(range(len(whole)))
    random.shuffle(rows)
    order = list(range(len(goals)))
    random.shuffle(order)
    graph, mixed = build_network(whole), build_network(whole.iloc[rows])
    np.testing.assert_array_equal(graph.edge_id, mixed.edge_id)
    np.testing.assert_array_equal(graph.forward_min, mixed.forward_min)
    shuffled = [goals[place] for place in order]
    np.testing.assert_allclose(times(mixed, places, shuffled), times(graph, places, goals)[:, order], atol=1e-9)


@quick
@given(roads_drawn, places_drawn, places_drawn, st.sampled_from(["drive", "walk"]), st.integers(1, 4))
def test_the_nearest_are_the_least_of_all_pairs(roads, places, goals, mode, k):
    graph = build_network(frame(roads), mode=mode)
    origins, destinations = snap(graph, points(places)), snap(graph, points(goals))
    table = np.full((len(places), max(len(goals), k)), np.inf)
    i, j, minutes, metres = times_matrix(graph, origins, destinations)
    table[i, j] = minutes
    found = nearest(graph, origins, destinations, k=k)
    np.testing.assert_allclose(found.travel_time_min, np.sort(table, axis=1)[:, :k], atol=1e-9)
    assert (metres >= 0).all()
    for row in found.destination:
        reached = row[row >= 0]
        assert len(set(reached.tolist())) == len(reached), "each destination once"


@quick
@given(roads_drawn, places_drawn, st.floats(1.0, 200.0), st.sampled_from(["drive", "walk"]))
def test_a_wider_cutoff_only_adds_pairs(roads, places, cutoff, mode):
    graph = build_network(frame(roads), mode=mode)
    snaps = snap(graph, points(places))
    i, j, minutes, _ = times_matrix(graph, snaps, snaps)
    inside = minutes <= cutoff
    near = times_matrix(graph, snaps, snaps, cutoff_min=cutoff)
    np.testing.assert_array_equal(near[0], i[inside])
    np.testing.assert_array_equal(near[1], j[inside])
    np.testing.assert_allclose(near[2], minutes[inside])
