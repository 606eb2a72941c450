"""Tables of times between places over the hierarchy against the searches that they stand for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pytest

from benchmarks.road_like import graph_of_edges, road_like_graph
from spatial.network import snap, times_matrix
from spatial.network.hierarchies import pairs as hierarchy_pairs
from spatial.network.hierarchies.pairs import graph_hierarchy, graph_metric, hierarchy_pays
from spatial.network.search import matrix


def roads(seed, n_nodes=3000, *, closed=0.03):
    """Roads with bends, one-ways, dead ends and parts cut off; some edges closed both ways."""
    graph = road_like_graph(n_nodes, seed)
    is_closed = np.random.default_rng(seed).random(graph.n_edges) < closed
    return graph.with_minutes(
        np.where(is_closed, np.inf, graph.forward_min), np.where(is_closed, np.inf, graph.backward_min)
    )


def places(graph, seed, n):
    """Places beside nodes; pairs of them on one spot, so that some share a chain."""
    random = np.random.default_rng(seed)
    at = np.repeat(random.choice(graph.n_nodes, -(-n // 2)), 2)[:n]
    x = graph.node_x[at] + random.normal(0.0, 80.0, n)
    y = graph.node_y[at] + random.normal(0.0, 80.0, n)
    return snap(graph, gpd.GeoSeries(gpd.points_from_xy(x, y), crs=graph.crs), min_component_km=0.0)


def both_ways(monkeypatch, *given, **options):
    found = []
    for pays in (False, True):
        monkeypatch.setattr(matrix, "hierarchy_pays", lambda *_, pays=pays: pays)
        found.append(times_matrix(*given, **options))
    return found


def assert_same_pairs(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_allclose(found[2], expected[2], rtol=0.0, atol=1e-9)
    # Speeds and lengths are drawn by lot, so no two ways are equally quick.
    np.testing.assert_allclose(found[3], expected[3], rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("cutoff", [np.inf, 45.0])
@pytest.mark.parametrize("sizes", [(40, 70), (70, 40)])
@pytest.mark.parametrize("seed", range(4))
def test_pairs_over_the_hierarchy_equal_those_of_the_searches(seed, sizes, cutoff, monkeypatch):
    graph = roads(seed)
    origins, destinations = places(graph, seed + 10, sizes[0]), places(graph, seed + 20, sizes[1])
    searched, found = both_ways(monkeypatch, graph, origins, destinations, cutoff_min=cutoff)
    assert 0 < len(searched[0]) <= sizes[0] * sizes[1]
    assert_same_pairs(found, searched)


def test_places_on_one_chain_meet_without_a_junction(monkeypatch):
    graph = roads(3)
    same = places(graph, 5, 30)
    searched, found = both_ways(monkeypatch, graph, same, same)
    assert_same_pairs(found, searched)
    own = found[0] == found[1]
    # Each place meets itself over its nearest foot point: to the road and back.
    np.testing.assert_allclose(found[2][own], 2 * same.access_min.min(axis=1)[found[0][own]], atol=1e-9)


def test_a_cutoff_on_the_time_of_a_pair_is_searched_and_includes_it(monkeypatch):
    graph = roads(1)
    origins, destinations = places(graph, 1, 20), places(graph, 2, 25)
    everything, _ = both_ways(monkeypatch, graph, origins, destinations)
    cutoff = float(np.sort(everything[2])[len(everything[2]) // 2])
    searched, found = both_ways(monkeypatch, graph, origins, destinations, cutoff_min=cutoff)
    for part in range(4):
        np.testing.assert_array_equal(found[part], searched[part])
    assert (found[2] == cutoff).any()


@pytest.mark.parametrize("sizes", [(20, 25), (25, 20)])
def test_a_cutoff_on_a_time_of_the_hierarchy_keeps_what_a_table_without_it_has_within(sizes, monkeypatch):
    graph = roads(1)
    origins, destinations = places(graph, 1, sizes[0]), places(graph, 2, sizes[1])
    searched, everything = both_ways(monkeypatch, graph, origins, destinations)
    # Where the search rounds to more than the hierarchy, it alone would leave the pair out.
    rounded = np.flatnonzero(searched[2] > everything[2])
    assert len(rounded) > 20
    monkeypatch.setattr(matrix, "hierarchy_pays", lambda *_: False)
    for cutoff in everything[2][rounded[::10]]:
        found = times_matrix(graph, origins, destinations, cutoff_min=float(cutoff))
        within = everything[2] <= cutoff
        assert_same_pairs(found, [part[within] for part in everything])
        assert found[2].max() == cutoff
        fewer = times_matrix(graph, origins, destinations, cutoff_min=float(np.nextafter(cutoff, 0.0)))
        assert len(fewer[0]) == within.sum() - 1


def test_walks_off_the_network_compete_as_before(monkeypatch):
    graph = roads(2)
    vars(graph)["mode"] = "walk"
    origins, destinations = places(graph, 3, 20), places(graph, 4, 25)
    assert_same_pairs(*both_ways(monkeypatch, graph, origins, destinations)[::-1])


def test_threads_change_no_pair(monkeypatch):
    graph = roads(4)
    origins, destinations = places(graph, 6, 150), places(graph, 7, 140)
    _, alone = both_ways(monkeypatch, graph, origins, destinations)
    with ThreadPoolExecutor(3) as threads:
        _, together = both_ways(monkeypatch, graph, origins, destinations, executor=threads)
    for part in range(4):
        np.testing.assert_array_equal(together[part], alone[part])


def test_no_places_on_either_side_give_no_pairs(monkeypatch):
    graph = roads(0, 800)
    some, nobody = places(graph, 1, 5), places(graph, 1, 0)
    for given in ((some, nobody), (nobody, some), (nobody, nobody)):
        for found in both_ways(monkeypatch, graph, *given):
            assert [len(part) for part in found] == [0, 0, 0, 0]


def test_closing_roads_keeps_the_order_and_changes_the_times(monkeypatch):
    graph = roads(5)
    origins, destinations = places(graph, 8, 30), places(graph, 9, 30)
    _, before = both_ways(monkeypatch, graph, origins, destinations)
    is_closed = np.random.default_rng(5).random(graph.n_edges) < 0.05
    closed = graph.with_minutes(
        np.where(is_closed, np.inf, graph.forward_min), np.where(is_closed, np.inf, graph.backward_min)
    )
    assert graph_hierarchy(closed) is graph_hierarchy(graph)
    assert graph_metric(closed) is not graph_metric(graph)
    searched, after = both_ways(monkeypatch, closed, origins, destinations)
    assert_same_pairs(after, searched)
    _, again = both_ways(monkeypatch, graph, origins, destinations)
    for part in range(4):
        np.testing.assert_array_equal(again[part], before[part])


def test_the_hierarchy_pays_for_many_places_and_wide_cutoffs_alone():
    graph = road_like_graph(20_000, 1)
    assert not hierarchy_pays(graph, 5, 200, np.inf)
    assert hierarchy_pays(graph, 200, 2000, np.inf)
    assert not hierarchy_pays(graph, 200, 2000, 10.0)
    assert hierarchy_pays(graph, 200, 2000, 600.0)
    graph_metric(graph)
    # The order and the times are there now, so fewer places are enough.
    assert hierarchy_pays(graph, 5, 200, np.inf)
    assert not hierarchy_pays(graph, 0, 200, np.inf)


def test_a_network_that_no_small_cut_parts_is_searched(monkeypatch):
    # 9 junctions, all joined to all: 36 arcs, four a node.
    random = np.random.default_rng(0)
    ends = np.array([(a, b) for a in range(9) for b in range(a)])
    minutes = random.uniform(1.0, 2.0, len(ends))
    graph = graph_of_edges(random.uniform(0.0, 9000.0, (9, 2)), ends, (minutes, minutes), 1000.0 * minutes)
    assert graph_hierarchy(graph).n_arcs == 36
    graph_metric(graph)
    assert hierarchy_pays(graph, 100, 100, np.inf)
    monkeypatch.setattr(hierarchy_pairs, "_MOST_ARCS", 3)
    assert not hierarchy_pays(graph, 100, 100, np.inf)
