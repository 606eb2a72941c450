"""Cutting edges changes no length, no time and no place; a wall parts what it cuts."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import NetworkError
from spatial.network.build import build_network
from spatial.network.graph import EdgeOrigins
from spatial.network.matrix import times_matrix
from spatial.network.snapping import snap
from spatial.network.splitting import cut_edges, split_edges
from tests.effort import tried

CRS = "EPSG:32738"
quick = tried(40)
spots = st.tuples(st.integers(0, 6), st.integers(0, 6))
lines_drawn = st.lists(
    st.tuples(st.lists(spots, min_size=2, max_size=4, unique=True), st.sampled_from(["no", "yes", "-1"])),
    min_size=1,
    max_size=8,
)
cuts_drawn = st.lists(
    st.tuples(st.integers(0, 1000), st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.9, 1.0]) | st.floats(0, 1)), max_size=12
)


def network(drawn):
    return build_network(
        gpd.GeoDataFrame(
            {
                "road_id": [f"w{n}" for n in range(len(drawn))],
                "road_class": "residential",
                "oneway": [oneway for _, oneway in drawn],
            },
            geometry=[shapely.LineString(1000.0 * np.array(line)) for line, _ in drawn],
            crs=CRS,
        )
    )


def positions(graph, cuts):
    return [edge % graph.n_edges for edge, _ in cuts], [fraction for _, fraction in cuts]


def node_times(graph, n_nodes):
    """Minutes between the first nodes by networkx."""
    found = dict(nx.all_pairs_dijkstra_path_length(graph.to_networkx(), weight="time_min"))
    return np.array([[found[i].get(j, np.inf) for j in range(n_nodes)] for i in range(n_nodes)])


@quick
@given(lines_drawn, cuts_drawn)
def test_cutting_changes_no_time_between_nodes_and_no_length(drawn, cuts):
    graph = network(drawn)
    split = cut_edges(graph, *positions(graph, cuts))
    after = split.graph
    np.testing.assert_allclose(node_times(after, graph.n_nodes), node_times(graph, graph.n_nodes), rtol=1e-12)
    for name in ("length_m", "forward_min", "backward_min"):
        whole = np.bincount(split.parent, weights=getattr(after, name), minlength=graph.n_edges)
        np.testing.assert_allclose(whole, getattr(graph, name), rtol=1e-12)
    np.testing.assert_array_equal(after.component, graph.component[split.parent])
    np.testing.assert_allclose(after.component_km, graph.component_km[split.parent], rtol=1e-12)
    assert len(set(after.edge_id)) == after.n_edges


@quick
@given(lines_drawn, cuts_drawn, st.booleans())
def test_pieces_lie_on_their_edge_and_end_at_their_nodes(drawn, cuts, joined):
    graph = network(drawn)
    split = cut_edges(graph, *positions(graph, cuts), joined=joined)
    after, before = split.graph, graph.edge_lines()
    lines = after.edge_lines()
    np.testing.assert_allclose(shapely.length(lines), after.length_m, atol=1e-5)
    np.testing.assert_allclose(
        shapely.hausdorff_distance(shapely.union_all(lines), shapely.union_all(before)), 0, atol=1e-6
    )
    for ends, node in ((shapely.get_point(lines, 0), after.edge_from), (shapely.get_point(lines, -1), after.edge_to)):
        np.testing.assert_allclose(shapely.get_x(ends), after.node_x[node], atol=1e-6)
        np.testing.assert_allclose(shapely.get_y(ends), after.node_y[node], atol=1e-6)
    edge, fraction = positions(graph, cuts)
    places = shapely.line_interpolate_point(before[edge], fraction, normalized=True) if cuts else []
    for node in (split.node_before, split.node_after):
        np.testing.assert_allclose(after.node_x[node], shapely.get_x(places), atol=1e-5)
        np.testing.assert_allclose(after.node_y[node], shapely.get_y(places), atol=1e-5)
    assert (split.node_before == split.node_after).all() or not joined
    if not joined:
        assert not (split.node_before == split.node_after).any()


@quick
@given(lines_drawn, cuts_drawn)
def test_the_order_of_the_cuts_does_not_matter(drawn, cuts):
    graph = network(drawn)
    one, other = (split_edges(graph, *positions(graph, order)) for order in (cuts, cuts[::-1]))
    for part in dataclasses.fields(one):
        mine, theirs = getattr(one, part.name), getattr(other, part.name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs)


@quick
@given(lines_drawn, cuts_drawn, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=5))
def test_places_joined_to_the_pieces_of_edges_keep_their_times(drawn, cuts, spots_drawn):
    graph = network(drawn)
    places = gpd.GeoSeries([shapely.Point(100.0 * x, 100.0 * y) for x, y in spots_drawn], crs=CRS)
    snaps = snap(graph, places, min_component_km=0.0)
    split = cut_edges(graph, *positions(graph, cuts))
    pieces = dataclasses.replace(split.graph, before=EdgeOrigins(split.parent, graph.component_km[split.parent]))
    joined = snap(pieces, places, min_component_km=0.0)
    before, after = (times_matrix(*pair) for pair in ((graph, snaps, snaps), (pieces, joined, joined)))
    for column, tolerance in enumerate((0, 0, 1e-9, 1e-6)):
        np.testing.assert_allclose(after[column], before[column], atol=tolerance, rtol=0)


def test_pieces_are_named_and_measured_by_hand():
    # 5 km at 25 km/h are 12 min; cut at a fifth and at three fifths: 2.4, 4.8 and 4.8 min.
    graph = network([([(0, 0), (3, 0), (3, 2)], "yes")])
    after = split_edges(graph, [0, 0], [0.6, 0.2])
    assert list(after.edge_id) == ["w0/0.0", "w0/0.1", "w0/0.2"]
    np.testing.assert_allclose(after.length_m, [1000, 2000, 2000])
    np.testing.assert_allclose(after.forward_min, [2.4, 4.8, 4.8])
    assert np.isinf(after.backward_min).all()
    assert [line.wkt for line in after.edge_lines()] == [
        "LINESTRING (0 0, 1000 0)",
        "LINESTRING (1000 0, 3000 0)",
        "LINESTRING (3000 0, 3000 2000)",
    ]
    # Old nodes first, then the new ones along the edge.
    np.testing.assert_allclose(after.node_x[graph.n_nodes :], [1000, 3000])


def test_more_than_ten_pieces_sort_by_name():
    graph = network([([(0, 0), (6, 0)], "no")])
    after = split_edges(graph, np.zeros(11, dtype=int), np.linspace(0, 1, 13)[1:-1])
    assert list(after.edge_id) == sorted(after.edge_id)
    assert after.edge_id[0] == "w0/0.00"


def test_a_wall_parts_the_network():
    graph = network([([(0, 0), (3, 0)], "no"), ([(3, 0), (6, 0)], "no")])
    after = split_edges(graph, [0], [0.5], joined=False)
    assert after.n_nodes == graph.n_nodes + 2
    # 1.5 km on one side, 4.5 km on the other, which is the longest and so component 0.
    np.testing.assert_array_equal(after.component, [1, 0, 0])
    np.testing.assert_allclose(after.component_km, [1.5, 4.5, 4.5])
    at = np.flatnonzero(after.node_x == 1500.0)
    assert len(at) == 2


def test_a_wall_at_an_end_takes_the_edge_off_its_node():
    graph = network([([(0, 0), (3, 0)], "no"), ([(3, 0), (6, 0)], "no")])
    after = split_edges(graph, [1], [0.0], joined=False)
    assert (after.n_edges, after.n_nodes) == (2, 4)
    np.testing.assert_array_equal(after.component, [0, 1])
    assert list(after.edge_id) == list(graph.edge_id)


def test_nothing_to_cut_gives_the_same_graph():
    graph = network([([(0, 0), (3, 0)], "no")])
    assert split_edges(graph, [], []) is graph
    assert split_edges(graph, [0, 0], [0.0, 1.0]) is graph


def test_all_fields_of_the_graph_are_carried():
    # A new field of edges or nodes must be cut too: this fails until it is.
    graph = network([([(0, 0), (3, 0)], "no"), ([(1, 1), (4, 1)], "no")])
    after = split_edges(graph, [0], [0.5])
    for part in dataclasses.fields(graph):
        value = getattr(graph, part.name)
        if isinstance(value, np.ndarray) and part.name not in {"coordinates", "coordinate_offsets"}:
            assert len(getattr(after, part.name)) == len(value) + 1, part.name


@pytest.mark.parametrize(
    ("edge", "fraction", "says"),
    [
        ([7], [0.5], "position 7"),
        ([0], [1.5], "not from 0 to 1: 1.5"),
        ([0], [np.nan], "nan"),
        ([0, 0], [0.5], "one fraction"),
    ],
)
def test_cuts_that_make_no_sense_are_refused(edge, fraction, says):
    with pytest.raises(NetworkError, match=says):
        split_edges(network([([(0, 0), (3, 0)], "no")]), edge, fraction)
