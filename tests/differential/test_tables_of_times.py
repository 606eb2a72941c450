"""Tables of times between places, with and without a cutoff, held against each other and against scipy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.road_like import road_like_graph
from spatial.network.matrix import Pairs, times_by_block, times_matrix
from spatial.network.snapping import snap


def roads(seed, n_nodes=3000):
    """Roads with bends, one-ways, dead ends and parts cut off; some edges closed both ways."""
    graph = road_like_graph(n_nodes, seed)
    is_closed = np.random.default_rng(seed).random(graph.n_edges) < 0.03
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


def least_over_all_feet(graph, origins, destinations):
    """Minutes between places by scipy over all nodes, for places whose feet lie on different edges."""
    tails = np.concatenate((graph.edge_from, graph.edge_to))
    heads = np.concatenate((graph.edge_to, graph.edge_from))
    times = np.concatenate((graph.forward_min, graph.backward_min))
    order = np.lexsort((times, heads, tails))
    rows, columns, minutes = tails[order], heads[order], times[order]
    first = np.r_[True, (np.diff(rows) != 0) | (np.diff(columns) != 0)] & np.isfinite(minutes)
    links = csr_array((minutes[first], (rows[first], columns[first])), shape=(graph.n_nodes,) * 2)
    between = dijkstra(links)
    found = np.full((len(origins), len(destinations)), np.inf)
    for i in range(len(origins)):
        for j in range(len(destinations)):
            for leave in feet(graph, origins, i, leaving=True):
                for arrive in feet(graph, destinations, j, leaving=False):
                    walk = leave[1] + arrive[1]
                    found[i, j] = min(found[i, j], walk + between[leave[0], arrive[0]])
    return found


def feet(graph, snaps, row, *, leaving):
    """Nodes at both ends of the edges that a place may enter or leave by, with the minutes to or from them."""
    for edge, fraction, walk in zip(snaps.edge[row], snaps.fraction[row], snaps.access_min[row], strict=True):
        if edge < 0:
            continue
        ways = graph.forward_min[edge], graph.backward_min[edge]
        over_start, over_end = ways[::-1] if leaving else ways
        if np.isfinite(over_start):
            yield graph.edge_from[edge], walk + fraction * over_start
        if np.isfinite(over_end):
            yield graph.edge_to[edge], walk + (1.0 - fraction) * over_end


@pytest.mark.parametrize("sizes", [(12, 17), (17, 12)])
@pytest.mark.parametrize("seed", range(3))
def test_a_table_without_a_cutoff_equals_scipy_door_to_door(seed, sizes):
    graph = roads(seed, 1500)
    origins, destinations = places(graph, seed + 10, sizes[0]), places(graph, seed + 20, sizes[1])
    expected = least_over_all_feet(graph, origins, destinations)
    found = np.full(expected.shape, np.inf)
    i, j, minutes, _ = times_matrix(graph, origins, destinations)
    found[i, j] = minutes
    share_an_edge = (origins.edge[:, None, :, None] == destinations.edge[None, :, None, :]).any(axis=(2, 3))
    assert share_an_edge.mean() < 0.1
    np.testing.assert_allclose(found[~share_an_edge], expected[~share_an_edge], rtol=0.0, atol=1e-9)
    # A way along a shared edge, past no node, may only be shorter.
    assert (found[share_an_edge] <= expected[share_an_edge] + 1e-9).all()


@pytest.mark.parametrize("sizes", [(20, 25), (25, 20)])
def test_a_cutoff_keeps_what_a_table_without_it_has_within_the_time_of_a_pair_included(sizes):
    graph = roads(1)
    origins, destinations = places(graph, 1, sizes[0]), places(graph, 2, sizes[1])
    everything = times_matrix(graph, origins, destinations)
    for cutoff in np.sort(everything[2])[:: len(everything[2]) // 7]:
        found = times_matrix(graph, origins, destinations, cutoff_min=float(cutoff))
        within = everything[2] <= cutoff
        for part in range(4):
            np.testing.assert_array_equal(found[part], everything[part][within])
        assert found[2].max() == cutoff


def test_places_on_one_spot_meet_over_their_nearest_foot_point():
    graph = roads(3)
    same = places(graph, 5, 30)
    i, j, minutes, _ = times_matrix(graph, same, same)
    own = i == j
    # To the road and back.
    np.testing.assert_allclose(minutes[own], 2 * same.access_min.min(axis=1)[i[own]], atol=1e-9)


def test_threads_change_no_pair():
    graph = roads(4)
    origins, destinations = places(graph, 6, 150), places(graph, 7, 140)
    alone = times_matrix(graph, origins, destinations)
    with ThreadPoolExecutor(3) as threads:
        together = times_matrix(graph, origins, destinations, executor=threads)
    for part in range(4):
        np.testing.assert_array_equal(together[part], alone[part])


def test_no_places_on_either_side_give_no_pairs():
    graph = roads(0, 800)
    some, nobody = places(graph, 1, 5), places(graph, 1, 0)
    for given in ((some, nobody), (nobody, some), (nobody, nobody)):
        assert [len(part) for part in times_matrix(graph, *given)] == [0, 0, 0, 0]


@pytest.mark.parametrize("mode", ["drive", "walk"])
@pytest.mark.parametrize("forwards", [True, False])
def test_blocks_of_sources_are_the_whole_table_to_the_last_bit(mode, forwards):
    graph = replace(roads(5), mode=mode)
    both = places(graph, 15, 300), places(graph, 25, 40)
    whole = times_matrix(graph, *both, cutoff_min=30.0, forwards=forwards)
    # More sources than one task takes, and a last block that is not full.
    blocks = list(times_by_block(graph, *both, cutoff_min=30.0, forwards=forwards, block=270 if forwards else 7))
    found = Pairs(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))
    assert len(blocks) == (2 if forwards else 6)
    order = np.lexsort(found[1::-1])
    for expected, column in zip(whole, found, strict=True):
        np.testing.assert_array_equal(column[order], expected)
