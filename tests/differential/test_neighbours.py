"""Neighbours by travel time, by touching, and clusters among them, beside SciPy and PySAL."""

from types import ModuleType
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

import spatial as sp
from benchmarks.road_like import road_like_graph
from spatial.indices.clustering import nearest_in_line
from spatial.network.snapping import snap


class PySAL(NamedTuple):
    """Its packages of clusters and of weights, which are slow to import."""

    esda: ModuleType
    libpysal: ModuleType


@pytest.fixture(scope="module")
def pysal():
    return PySAL(pytest.importorskip("esda"), pytest.importorskip("libpysal"))


@pytest.fixture(scope="module")
def graph():
    return road_like_graph(1500, 4)


@pytest.fixture(scope="module")
def villages(graph):
    """Villages on nodes of the network, so that their times are those between nodes."""
    rng = np.random.default_rng(8)
    node = rng.choice(graph.n_nodes, 120, replace=False)
    ids = rng.permutation([f"v{at:03d}" for at in range(len(node))])
    points = gpd.points_from_xy(graph.node_x[node], graph.node_y[node], crs=graph.crs)
    return node, gpd.GeoDataFrame({"settlement_id": ids}, geometry=points)


def all_times(graph, node):
    ends = [np.r_[graph.edge_from, graph.edge_to], np.r_[graph.edge_to, graph.edge_from]]
    minutes = np.r_[graph.forward_min, graph.backward_min]
    open_ = np.isfinite(minutes)
    arcs = sparse.coo_array((minutes[open_], (ends[0][open_], ends[1][open_])), shape=(graph.n_nodes,) * 2)
    return dijkstra(arcs.tocsr(), indices=node)[:, node]


def weights_of(pysal, neighbours):
    made = pysal.libpysal.weights.WSP(neighbours).to_W(silence_warnings=True)
    made.transform = "r"
    return made


def test_scipy_finds_the_same_nearest_settlements_by_travel_time(graph, villages):
    node, settlements = villages
    # with one candidate nobody walks to another road, and every village lies on its node
    found = sp.travel_time_neighbours(graph, settlements, k=8, rules=sp.SnapRules(candidates=1))
    times = all_times(graph, node)
    np.fill_diagonal(times, np.inf)
    on_roads = snap(graph, settlements.geometry).status == "ok"
    assert on_roads.sum() > 100
    times[:, ~on_roads] = times[~on_roads] = np.inf
    for row in range(len(node)):
        order = np.argsort(times[row])[:8]
        expected = set(order[np.isfinite(times[row][order])])
        assert set(found[[row]].indices) == expected


def test_they_are_not_the_nearest_in_a_straight_line_and_not_mutual(graph, villages):
    _node, settlements = villages
    by_time = sp.travel_time_neighbours(graph, settlements)
    in_line = nearest_in_line(shapely.get_coordinates(settlements.geometry), 8)
    assert by_time.nnz == in_line.nnz == 8 * len(settlements)
    assert (by_time != in_line).nnz > 0
    assert (by_time != by_time.T).nnz > 0


def test_esda_agrees_on_moran_and_its_p_value_among_neighbours_by_travel_time(pysal, graph, villages):
    _node, settlements = villages
    near = sp.travel_time_neighbours(graph, settlements)
    weights = weights_of(pysal, near)
    noise = np.random.default_rng(3).normal(size=len(settlements))
    for trend in (0.0, 0.4):
        access = noise + trend * (settlements.geometry.x - settlements.geometry.x.mean()).to_numpy() / 1000.0
        ours = sp.morans_i(access, near, draws=999)
        np.random.seed(5)  # noqa: NPY002 - the generator that esda draws from
        theirs = pysal.esda.Moran(access, weights, permutations=999)
        assert ours.value == pytest.approx(theirs.I, rel=1e-10)
        far = np.abs(theirs.sim - theirs.EI) >= abs(theirs.I - theirs.EI)
        assert ours.p_value == pytest.approx((far.sum() + 1) / 1000, abs=0.05)


NAMES = {"good": 1, "bad_among_good": 2, "bad": 3, "good_among_bad": 4}


def local_clusters(pysal, graph, settlements, **more):
    """Clusters of a trend from west to east with noise: ours, esda's, and the values."""
    near = sp.travel_time_neighbours(graph, settlements)
    x = settlements.geometry.x.to_numpy()
    access = (x - x.min()) / np.ptp(x) + np.random.default_rng(1).normal(0.0, 0.1, len(x))
    return (
        sp.local_clusters(access, near, draws=999),
        pysal.esda.Moran_Local(access, weights_of(pysal, near), **more),
        access,
    )


def test_esda_agrees_on_the_values_and_quadrants_of_local_clusters(pysal, graph, villages):
    ours, theirs, access = local_clusters(pysal, graph, villages[1], permutations=0)
    # esda divides by n - 1 where the specification divides by n
    assert ours.value * (len(access) - 1) / len(access) == pytest.approx(theirs.Is, rel=1e-9)
    there = ours.cluster != "none"
    assert there.sum() > 20
    assert [NAMES[name] for name in ours.cluster[there]] == theirs.q[there].tolist()


@pytest.mark.trial  # esda compiles its draws anew in each process, for half a minute
@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
def test_esda_agrees_on_local_clusters_among_neighbours_by_travel_time(pysal, graph, villages):
    ours, theirs, access = local_clusters(pysal, graph, villages[1], permutations=999, seed=2)
    z = access - access.mean()
    chance = (-(z**2) / (z @ z))[:, None]
    far = np.abs(theirs.rlisas - chance) >= np.abs(theirs.Is[:, None] - chance)
    p_value = (far.sum(axis=1) + 1) / 1000
    assert np.abs(ours.p_value - p_value).max() < 0.06
    sure = (np.minimum(ours.p_value, p_value) < 0.002) & (ours.cluster != "none")
    assert sure.sum() > 20
    assert [NAMES[name] for name in ours.cluster[sure]] == theirs.q[sure].tolist()


def test_pysal_agrees_on_units_that_touch(pysal):
    rng = np.random.default_rng(6)
    points = rng.uniform(0.0, 50_000.0, (60, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points)))
    units = gpd.GeoSeries(shapely.set_precision(cells, 0.001), crs="EPSG:32648")
    theirs = pysal.libpysal.weights.Queen.from_dataframe(units.to_frame("geometry"), use_index=False)
    assert (sp.queen_contiguity(units) != theirs.sparse).nnz == 0
    board = gpd.GeoSeries(
        [shapely.box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)], crs="EPSG:32648"
    ).scale(1000.0, 1000.0, origin=(0, 0))
    queen = pysal.libpysal.weights.lat2W(4, 4, rook=False)
    assert (sp.queen_contiguity(board) != queen.sparse).nnz == 0
