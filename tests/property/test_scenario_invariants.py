"""What must hold of any scenario: more roads and more speed never lengthen a way, closures never shorten one."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.network.build import build_network
from spatial.network.scenarios import Scenario, edit_network
from tests.effort import tried

CRS = "EPSG:32738"
quick = tried(30)
spots = st.tuples(st.integers(0, 6), st.integers(0, 6))
segments = st.lists(st.tuples(spots, spots).filter(lambda ends: ends[0] != ends[1]), min_size=2, max_size=9)
new_segments = st.lists(st.tuples(spots, spots).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=4)


def frame(lines, **columns):
    shapes = [shapely.LineString(1000.0 * np.array(line)) for line in lines]
    return gpd.GeoDataFrame({"road_id": [f"w{n}" for n in range(len(shapes))], **columns}, geometry=shapes, crs=CRS)


def added(lines, speed=25.0):
    roads = frame(lines, speed_km_h=speed)
    return roads.assign(road_id="n" + roads["road_id"])


def node_times(graph, n_nodes):
    found = dict(nx.all_pairs_dijkstra_path_length(graph.to_networkx(), weight="time_min"))
    return np.array([[found[i].get(j, np.inf) for j in range(n_nodes)] for i in range(n_nodes)])


def never_longer(after, before):
    return (after <= np.where(np.isinf(before), np.inf, before + 1e-9)).all()


@quick
@given(segments, new_segments, st.sampled_from([5.0, 90.0]), st.sampled_from([0.0, 10.0, 1500.0]))
def test_a_new_road_never_lengthens_a_way_however_slow(lines, new, speed, tolerance):
    graph = build_network(frame(lines))
    wider = edit_network(graph, add=added(new, speed), snap_tolerance_m=tolerance)
    assert never_longer(node_times(wider, graph.n_nodes), node_times(graph, graph.n_nodes))
    np.testing.assert_array_equal(wider.node_x[: graph.n_nodes], graph.node_x)
    assert len(set(wider.edge_id)) == wider.n_edges


@quick
@given(segments, new_segments)
def test_a_graph_edited_is_the_graph_built_anew_of_all_roads(lines, new):
    # The oracle: shapely cuts all lines where they cross, and the network is built of the pieces.
    def whole(drawn):
        pieces = shapely.get_parts(shapely.node(shapely.multilinestrings(list(drawn))))
        return build_network(gpd.GeoDataFrame(geometry=shapely.set_precision(pieces, 1e-6), crs=CRS))

    old, fresh = frame(lines).geometry.to_numpy(), added(new).geometry.to_numpy()
    graph, anew = whole(old), whole([*old, *fresh])
    edited = edit_network(graph, add=added(new), snap_tolerance_m=0.0)
    at = [
        int(np.argmin(np.hypot(anew.node_x - x, anew.node_y - y)))
        for x, y in zip(graph.node_x, graph.node_y, strict=True)
    ]
    n = graph.n_nodes
    np.testing.assert_allclose(node_times(edited, n), node_times(anew, anew.n_nodes)[np.ix_(at, at)], atol=1e-4)


@quick
@given(segments, st.sets(st.integers(0, 8)), st.floats(0.5, 2.0))
def test_closures_never_shorten_and_speed_never_lengthens_a_way(lines, chosen, factor):
    graph = build_network(frame(lines))
    n, before = graph.n_nodes, node_times(graph, graph.n_nodes)
    ids = [f"w{k}" for k in chosen if k < len(lines)]
    assert never_longer(before, node_times(edit_network(graph, close=ids), n))
    faster = edit_network(graph, speeds=dict.fromkeys(ids, 25.0 * max(factor, 1.0)))
    assert never_longer(node_times(faster, n), before)
    np.testing.assert_allclose(node_times(edit_network(graph, speeds=factor), n), before / factor, rtol=1e-12)


@quick
@given(segments, new_segments, st.sets(st.integers(0, 8)))
def test_a_scenario_leaves_the_baseline_as_it_is(lines, new, chosen):
    graph = build_network(frame(lines))
    kept = {
        part.name: np.copy(getattr(graph, part.name))
        for part in dataclasses.fields(graph)
        if isinstance(getattr(graph, part.name), np.ndarray)
    }
    ids = [f"w{k}" for k in chosen if k < len(lines)]
    Scenario("all at once", close=ids, speeds=1.5, add=added(new)).apply(graph)
    for name, values in kept.items():
        np.testing.assert_array_equal(getattr(graph, name), values)


@quick
@given(segments, new_segments, st.randoms(use_true_random=False))
def test_the_order_of_new_roads_does_not_matter(lines, new, random):
    graph = build_network(frame(lines))
    roads = added(new)
    order = list(range(len(roads)))
    random.shuffle(order)
    one, other = (node_times(edit_network(graph, add=rows), graph.n_nodes) for rows in (roads, roads.iloc[order]))
    np.testing.assert_allclose(one, other, atol=1e-6)
