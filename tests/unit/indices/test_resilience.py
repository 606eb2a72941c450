"""Closed roads: a network known by arithmetic, brute force, and coverage that another road never lowers."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError
from spatial.study.access import SnapRules
from tests.effort import tried

CRS = "EPSG:32738"
SPOTS = {"T": (0, 0), "a": (10, 0), "b": (10, 5), "c": (18, 5), "d": (18, 9)}
WAYS = {"T-a": 10.0, "a-b": 5.0, "b-T": 20.0, "b-c": 8.0, "c-d": 4.0}
PEOPLE = {"a": 100.0, "b": 200.0, "c": 300.0, "d": 400.0}


def _point(name: str) -> shapely.Point:
    x, y = SPOTS[name]
    return shapely.Point(400_000 + 1000 * x, 8_000_000 + 1000 * y)


@pytest.fixture
def star() -> tuple[sp.TravelGraph, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The network of the specification: a town T, four villages, minutes as given."""
    ends = [way.split("-") for way in WAYS]
    roads = gpd.GeoDataFrame(
        {"road_id": list(WAYS), "road_class": "residential"},
        geometry=[shapely.LineString([_point(a), _point(b)]) for a, b in ends],
        crs=CRS,
    )
    graph = sp.build_network(roads)
    time = np.array([WAYS[name] for name in graph.road_id])
    villages = gpd.GeoDataFrame(
        {"settlement_id": list(PEOPLE), "population_persons": list(PEOPLE.values())},
        geometry=[_point(name) for name in PEOPLE],
        crs=CRS,
    )
    town = gpd.GeoDataFrame({"facility_id": ["t"], "service": ["clinic"]}, geometry=[_point("T")], crs=CRS)
    return graph.with_minutes(time, time), villages, town


def test_the_network_of_the_specification(star: tuple) -> None:
    table = sp.edge_criticality(
        *star, service="clinic", cutoff_min=30, cap_min=120, rules=sp.SnapRules(max_snap_m=1.0)
    ).set_index("road_id")
    assert "b-T" not in table.index  # nobody passes it: closing it costs nothing
    assert table["extra_person_min"].to_dict() == pytest.approx(
        {"T-a": 6000.0, "a-b": 4500.0, "b-c": 66_300.0, "c-d": 37_200.0}
    )
    assert table["disconnected_persons"].to_dict() == {"T-a": 0.0, "a-b": 0.0, "b-c": 700.0, "c-d": 400.0}
    assert table["is_bridge"].to_dict() == {"T-a": False, "a-b": False, "b-c": True, "c-d": True}
    # without T-a: a 25, b 20, c 28, d 32 minutes
    assert table["lost_persons"].to_dict() == {"T-a": 400.0, "a-b": 400.0, "b-c": 700.0, "c-d": 400.0}
    result = sp.robust_coverage(*star, service="clinic", cutoff_min=30, rules=sp.SnapRules(max_snap_m=1.0))
    assert (result.coverage, result.robust, result.edge_id) == (1.0, pytest.approx(0.3), "b-c/0")


def test_nobody_covered_and_nobody_known_have_their_values(star: tuple) -> None:
    graph, villages, town = star
    none = sp.robust_coverage(graph, villages, town, service="clinic", cutoff_min=1)
    assert (none.coverage, none.robust, none.edge_id, none.tried) == (0.0, 0.0, "", 0)
    for people in (np.nan, 0.0):
        places = villages.assign(population_persons=people)
        found = sp.robust_coverage(graph, places, town, service="clinic", cutoff_min=30)
        # four places, of which closing b-c leaves two
        assert (found.coverage, found.robust, found.edge_id) == (1.0, 0.5, "b-c/0")
    nowhere = sp.robust_coverage(graph, villages.iloc[:0], town, service="clinic", cutoff_min=30)
    assert np.isnan(nowhere.robust)
    with pytest.raises(ContractError, match="population_persons: no such column"):
        sp.robust_coverage(graph, villages.drop(columns="population_persons"), town, service="clinic", cutoff_min=30)
    with pytest.raises(ContractError, match="cutoff_min"):
        sp.robust_coverage(graph, villages, town, service="clinic", cutoff_min=-1)
    without = sp.edge_criticality(graph, villages, town.iloc[:0], service="clinic", cutoff_min=30)
    assert without.empty


def test_roads_with_a_way_around_are_dismissed_together(grid_city) -> None:
    # Every crossing has a way around by two blocks more at most, and the farthest is 16 blocks of 2 minutes away.
    villages = grid_city.settlements([(f"v{x}{y}", "village", x, y) for x in range(9) for y in range(9) if x + y])
    clinic = grid_city.facilities([("c", "clinic", 0, 0)])
    how = {"service": "clinic", "cutoff_min": 40.0}
    found = sp.robust_coverage(grid_city.graph(8), villages, clinic, **how)
    assert (found.coverage, found.robust, found.edge_id) == (1.0, 1.0, "")
    assert found.tried < 30  # of 80 roads that lead somebody there
    # A walk from beyond the grid takes 46.8 minutes.
    beyond = grid_city.settlements([("b", "village", -3, 0)])
    places = pd.concat([villages, beyond], ignore_index=True)
    alone = sp.robust_coverage(grid_city.graph(8, more=[((-3, 0), (0, 0))]), places, clinic, **how)
    assert (alone.coverage, alone.robust) == (1.0, pytest.approx(80 / 81))
    assert alone.tried < 30


@pytest.mark.parametrize("ids", [("near", "far"), ("far", "near")])
def test_of_roads_that_cost_the_same_the_lowest_id_is_named(ids: tuple[str, str]) -> None:
    # Both villages pass the road near the clinic, and the first one has a way around: each closure costs one village.
    line = shapely.LineString
    roads = gpd.GeoDataFrame(
        {"road_id": [*ids, "around"], "road_class": "primary", "speed_km_h": 60.0},
        geometry=[
            line([(0, 0), (10_000, 0)]),
            line([(10_000, 0), (20_000, 0)]),
            line([(0, 0), (0, 6_000), (10_000, 0)]),
        ],
        crs=CRS,
    )
    graph = sp.build_network(roads)
    places = gpd.points_from_xy([10_000, 20_000, 0], [0, 0, 0])
    villages = gpd.GeoDataFrame({"settlement_id": ["a", "b"], "population_persons": 5.0}, geometry=places[:2], crs=CRS)
    clinic = gpd.GeoDataFrame({"facility_id": ["c"], "service": "clinic"}, geometry=places[2:], crs=CRS)
    found = sp.robust_coverage(graph, villages, clinic, service="clinic", cutoff_min=20)
    assert (found.coverage, found.robust, found.edge_id) == (1.0, 0.5, "far/0")


def _random(seed: int, extra: int) -> tuple[sp.TravelGraph, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    rng = np.random.default_rng(seed)
    points = rng.random((12, 2)) * 20_000 + [400_000, 8_000_000]
    tree = list(nx.minimum_spanning_tree(nx.complete_graph(12)).edges)
    pairs = tree + [tuple(rng.choice(12, 2, replace=False)) for _ in range(5)]
    people = rng.integers(0, 500, 9).astype(float)
    pairs += [tuple(rng.choice(12, 2, replace=False)) for _ in range(extra)]
    roads = gpd.GeoDataFrame(
        {"road_id": [f"r{at:02d}" for at in range(len(pairs))], "road_class": "residential"},
        geometry=[shapely.LineString(points[list(pair)]) for pair in pairs],
        crs=CRS,
    )
    villages = gpd.GeoDataFrame(
        {"settlement_id": [f"v{at}" for at in range(9)], "population_persons": people},
        geometry=shapely.points(points[:9]),
        crs=CRS,
    )
    clinics = gpd.GeoDataFrame(
        {"facility_id": ["c0", "c1"], "service": "clinic"}, geometry=shapely.points(points[10:]), crs=CRS
    )
    return sp.build_network(roads), villages, clinics


@tried(15)
@given(st.integers(0, 10_000))
def test_the_short_way_equals_closing_every_road(seed: int) -> None:
    case = _random(seed, 0)
    table = sp.edge_criticality(*case, service="clinic", cutoff_min=45)
    result = sp.robust_coverage(*case, service="clinic", cutoff_min=45)
    total = case[1]["population_persons"].sum()
    worst = table["lost_persons"].max() if len(table) else 0.0
    assert result.robust == pytest.approx(result.coverage - worst / total)
    assert result.edge_id in {"", *table.loc[table["lost_persons"] == worst, "edge_id"]}
    assert bool(result.edge_id) == (worst > 0)
    for road in table["edge_id"]:
        cut = sp.edit_network(case[0], close=[road.split("/")[0]])
        first, minutes = (
            sp.cost_to_closest(graph, case[1], case[2], service="clinic")
            .set_index("from_id")["travel_time_min"]
            .reindex(case[1]["settlement_id"])
            .to_numpy()
            for graph in (case[0], cut)
        )
        lost = case[1]["population_persons"].to_numpy()[(first <= 45) & ~(minutes <= 45)].sum()
        row = table.set_index("edge_id").loc[road]
        assert row["lost_persons"] == pytest.approx(lost)


@tried(15)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_another_road_never_lowers_what_stays(seed: int, extra: int) -> None:
    # A place keeps all its ways in, for a new road at hand pushes one off a short list.
    how = {"service": "clinic", "cutoff_min": 45, "rules": SnapRules(candidates=32)}
    before = sp.robust_coverage(*_random(seed, 0), **how)
    after = sp.robust_coverage(*_random(seed, extra), **how)
    assert after.robust >= before.robust - 1e-12
    assert after.coverage >= before.coverage - 1e-12


@tried(25)
@given(st.integers(0, 10_000))
def test_bridges_are_edges_without_which_there_are_more_pieces(seed: int) -> None:
    graph, *_ = _random(seed, 2)
    pairs = list(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True))

    def pieces(left_out: int) -> int:
        links = nx.MultiGraph([pair for edge, pair in enumerate(pairs) if edge != left_out])
        links.add_nodes_from(range(graph.n_nodes))
        return nx.number_connected_components(links)

    expected = [edge for edge in range(len(pairs)) if pieces(edge) > pieces(-1)]
    assert np.flatnonzero(sp.bridges(graph)).tolist() == expected


def test_indices_of_the_specification() -> None:
    shape = sp.network_indices(6, 8)
    assert (shape.alpha, shape.beta, shape.gamma, shape.mu) == (
        pytest.approx(0.4285714, abs=1e-7),
        pytest.approx(1.3333333, abs=1e-7),
        pytest.approx(0.6666667, abs=1e-7),
        3,
    )
    assert np.isnan(sp.network_indices(2, 1).alpha)
    assert not sp.network_indices(4, 9).is_planar
    with pytest.raises(ContractError, match="below 0"):
        sp.network_indices(-1, 0)


def test_a_grid_has_the_indices_of_its_junctions(grid_city) -> None:
    # 3 by 3 crossings; the four corners join two streets each and are no junctions: 5 nodes, 12 - 4 links
    shape = sp.network_shape(grid_city.graph(2))
    assert (shape.nodes, shape.edges, shape.components, shape.mu) == (5, 8, 1, 4)


def test_circuity_is_a_ratio_of_sums_without_close_and_unreachable_pairs() -> None:
    assert sp.circuity([1500, 3000, 900, np.inf, np.nan], [1000, 2000, 400, 900, 900]) == 1.5
    assert np.isnan(sp.circuity([100], [400]))
    with pytest.raises(ContractError, match="1 and 2 pairs"):
        sp.circuity([1], [1, 2])
