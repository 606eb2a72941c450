"""Who is whose neighbour, where the answer is known by arithmetic, and clusters among them."""

import logging
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError
from spatial.indices.clustering import nearest_in_line
from spatial.pipeline import STAGES
from spatial.score.evidence import read_ground
from spatial.score.spatial_pattern import settlement_clusters, township_clusters
from spatial.tables import TABLES


def pairs(neighbours, settlements):
    """Who has whom, by id."""
    ids = settlements["settlement_id"].to_numpy()
    return {(ids[row], ids[other]) for row, other in zip(*neighbours.nonzero(), strict=True)}


@pytest.fixture(scope="module")
def valley(grid_city):
    """Two roads one kilometre apart that meet at their far west end only, and two villages at the east of each."""
    road = grid_city.line((10, 0), (0, 0), (0, 1), (10, 1))
    roads = gpd.GeoDataFrame({"road_id": ["w"], "road_class": "tertiary"}, geometry=[road], crs=grid_city.crs)
    graph = sp.build_network(roads, mode="drive", speeds="rural_cn")
    places = [("a", "village", 10, 0), ("b", "village", 7, 0), ("c", "village", 10, 1), ("d", "village", 7, 1)]
    return graph, grid_city.settlements(places)


def test_a_river_parts_neighbours_by_travel_time_and_not_in_a_straight_line(valley):
    graph, settlements = valley
    # a and c are 1 km apart, and 21 km by road; a and b are 3 km apart
    assert pairs(sp.travel_time_neighbours(graph, settlements, k=1), settlements) == {
        ("a", "b"),
        ("b", "a"),
        ("c", "d"),
        ("d", "c"),
    }
    in_line = nearest_in_line(shapely.get_coordinates(settlements.geometry), 1)
    assert pairs(in_line, settlements) == {("a", "c"), ("c", "a"), ("b", "d"), ("d", "b")}


def test_neighbours_do_not_hang_on_the_order_of_rows(valley):
    graph, settlements = valley
    turned = settlements.iloc[[2, 0, 3, 1]].reset_index(drop=True)
    for k in (1, 2, 3):
        assert pairs(sp.travel_time_neighbours(graph, turned, k=k), turned) == pairs(
            sp.travel_time_neighbours(graph, settlements, k=k), settlements
        )


def test_villages_on_one_spot_are_neighbours_and_use_up_no_place_of_others(grid_city):
    graph = grid_city.graph()
    places = [(name, "village", 1, 1) for name in ("a", "b", "c")] + [
        ("e", "village", 2, 1),
        ("f", "village", 4, 1),
        ("g", "village", 4, 4),
    ]
    settlements = grid_city.settlements(places)
    for k, others in ((2, {"b", "c"}), (3, {"b", "c", "e"}), (4, {"b", "c", "e", "f"})):
        for near in (
            sp.travel_time_neighbours(graph, settlements, k=k),
            nearest_in_line(shapely.get_coordinates(settlements.geometry), k),
        ):
            assert {other for one, other in pairs(near, settlements) if one == "a"} == others
            assert not near.diagonal().any()
            assert set(np.diff(near.indptr)) == {k}


def test_a_village_off_the_road_counts_its_own_way_to_it_and_keeps_all_its_neighbours(grid_city):
    # s stands 500 m off the street: it would reach itself in 2 x 7.8 minutes, the others in 7.8 + 2, + 4, + 6
    places = [("s", "village", 1.5, 1.5), *((name, "village", x, 1) for name, x in zip("tuvw", range(4), strict=True))]
    settlements = grid_city.settlements(places)
    for k in (1, 2, 3, 4):
        near = sp.travel_time_neighbours(grid_city.graph(), settlements, k=k)
        assert set(np.diff(near.indptr)) == {k}
        assert not near.diagonal().any()


def test_few_villages_are_all_neighbours_and_one_has_none(valley):
    graph, settlements = valley
    assert sp.travel_time_neighbours(graph, settlements, k=8).nnz == 4 * 3
    assert sp.travel_time_neighbours(graph, settlements.iloc[:1], k=8).nnz == 0
    assert nearest_in_line([[0.0, 0.0]], 8).nnz == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda graph, villages: sp.travel_time_neighbours(graph, villages, k=0), "k: must be 1 or more"),
        (
            lambda graph, villages: sp.travel_time_neighbours(graph, villages.drop(columns="settlement_id")),
            "settlement_id",
        ),
        (lambda _graph, villages: sp.queen_contiguity(villages.geometry.to_crs("EPSG:4326")), "in degrees"),
    ],
)
def test_what_makes_no_neighbours_is_refused(valley, call, words):
    with pytest.raises(ContractError, match=words):
        call(*valley)


def test_units_touch_at_corners_and_across_a_gap_of_a_metre_and_no_more():
    boxes = [(0, 0, 1000, 1000), (1000, 1000, 2000, 2000), (2000.9, 1000, 3000, 2000), (3002, 1000, 4000, 2000)]
    units = gpd.GeoSeries([shapely.box(*box) for box in boxes] + [None], crs="EPSG:32648")
    assert sorted(zip(*sp.queen_contiguity(units).nonzero(), strict=True)) == [(0, 1), (1, 0), (1, 2), (2, 1)]


def test_places_that_lose_their_only_neighbour_do_not_count_either():
    # c has no neighbours; b has only c, a has only b: all go, one after the other
    chain = np.zeros((5, 5))
    chain[0, 1] = chain[1, 2] = chain[3, 4] = chain[4, 3] = 1.0
    result = sp.morans_i([1.0, 2.0, 3.0, 4.0, 9.0], chain)
    assert (result.n_valid, result.n_isolated) == (2, 3)
    assert result.value == pytest.approx(-1.0)
    assert sp.local_clusters([1.0, 2.0, 3.0, 4.0, 9.0], chain).counts.tolist() == [False] * 3 + [True] * 2


def test_isolated_villages_are_named_counted_and_left_out(grid_city, caplog):
    places = [(f"v{x}{y}", "village", x, y) for x in range(4) for y in range(4)]
    settlements = grid_city.settlements([*places, ("island", "village", 40, 40)])
    near = sp.travel_time_neighbours(grid_city.graph(), settlements)
    access = np.r_[np.repeat([0.2, 0.4, 0.6, 0.8], 4), 0.0]
    access[5] = math.nan
    with caplog.at_level(logging.WARNING):
        made = settlement_clusters(read_ground(settlements), access, near, rule="travel_time")
    TABLES["access_clusters"].check(made.table)
    rows = made.table.set_index("settlement_id")
    assert rows.loc["island", ["cluster", "cluster_status", "neighbours"]].tolist() == ["unknown", "no_neighbours", 0]
    assert rows.loc["v11", "cluster_status"] == "no_access"
    assert math.isnan(rows.loc["island", "local_i"])
    assert (made.moran.n_valid, made.moran.n_isolated, made.moran.n_nan) == (15, 1, 1)
    assert "1 of 17 have no neighbour" in caplog.text
    assert "'island'" in caplog.text
    assert made.component.detail.startswith("travel_time;p=")
    # I is that of the 15 that count, among themselves
    kept = np.delete(np.arange(17), [5, 16])
    assert made.moran.value == sp.morans_i(access[kept], near[kept][:, kept]).value


def test_clusters_and_their_p_values_do_not_follow_the_order_of_rows(grid_city):
    settlements = grid_city.settlements([(f"v{x}{y}", "village", x, y) for x in range(5) for y in range(5)])
    access = np.repeat([0.1, 0.2, 0.5, 0.8, 0.9], 5) + np.linspace(0.0, 0.05, 25)
    mixed = np.random.default_rng(3).permutation(25)
    as_given, shuffled = (
        settlement_clusters(
            read_ground(rows), access[order], sp.travel_time_neighbours(grid_city.graph(), rows), rule="travel_time"
        )
        for order in (np.arange(25), mixed)
        for rows in [settlements.iloc[order]]
    )
    pd.testing.assert_frame_equal(
        shuffled.table.set_index("settlement_id").loc[settlements["settlement_id"]],
        as_given.table.set_index("settlement_id"),
        check_exact=True,
    )
    assert shuffled.moran == as_given.moran


def test_access_that_is_the_same_everywhere_has_no_clusters_and_says_so(valley):
    graph, settlements = valley
    near = sp.travel_time_neighbours(graph, settlements)
    made = settlement_clusters(read_ground(settlements), np.full(4, 0.5), near, rule="travel_time")
    assert set(made.table["cluster_status"]) == {"same_everywhere"}
    assert made.component.component_status == "not_defined"
    nothing = settlement_clusters(read_ground(settlements), np.full(4, np.nan), near, rule="travel_time")
    assert nothing.component.component_status == "no_data"


def test_settlements_stand_for_their_township_where_townships_are_neighbours(caplog):
    boxes = [shapely.box(1000 * x, 0, 1000 * (x + 1), 1000) for x in range(4)]
    boundaries = gpd.GeoDataFrame(
        {"boundary_id": [f"t{x}" for x in range(4)], "name": pd.Series([None] * 4, dtype="str")},
        geometry=boxes,
        crs="EPSG:32648",
    )
    settlements = gpd.GeoDataFrame(
        {
            "settlement_id": list("abcdefg"),
            "in_study": True,
            "population_persons": [300.0, 100.0, 50.0, 50.0, 50.0, 10.0, 10.0],
            "township_id": ["t0", "t0", "t1", "t2", "t3", "t9", None],
        },
        geometry=gpd.points_from_xy(np.arange(7.0), np.zeros(7)),
        crs="EPSG:32648",
    )
    # the means of townships are 1, 2, 3, 4: (300 x 0.8 + 100 x 1.6) / 400 = 1
    access = np.array([0.8, 1.6, 2.0, 3.0, 4.0, 7.0, 7.0])
    with caplog.at_level(logging.WARNING):
        made = township_clusters(read_ground(settlements), access, boundaries, rule="township")
    assert made.moran.value == pytest.approx(0.4)
    line = np.eye(4, k=1) + np.eye(4, k=-1)
    expected = sp.local_clusters([1, 2, 3, 4], line).value
    assert made.table["local_i"][:5].to_numpy() == pytest.approx(expected[[0, 0, 1, 2, 3]])
    assert made.table["neighbours"].tolist() == [1, 1, 2, 2, 1, 0, 0]
    assert made.table["cluster_status"].tolist() == ["measured"] * 5 + ["no_neighbours"] * 2
    assert "'t9'" in caplog.text
    TABLES["access_clusters"].check(made.table)


def test_the_stage_depends_on_the_option_and_on_the_network():
    stage = next(stage for stage in STAGES if stage.name == "score")
    assert {"nodes", "edges", "study_area", "water", "boundaries", "settlements"} <= set(stage.reads)
    assert {"score", "network"} <= set(stage.options)
