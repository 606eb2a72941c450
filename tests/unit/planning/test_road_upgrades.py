"""Roads to bring up to a class: lanes off a main road, by arithmetic and against networkx."""

from __future__ import annotations

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import ContractError
from spatial.network.build import build_network
from spatial.planning.link_candidates import propose_road_upgrades
from spatial.study.access import SnapRules

CRS = "EPSG:32738"
RULES = SnapRules(min_component_km=0.0)


def network(**ways):
    """Roads by name: the line and, first, the class."""
    lines = gpd.GeoDataFrame(
        {"road_id": list(ways), "road_class": [kind for kind, _ in ways.values()]},
        geometry=[shapely.LineString(line) for _, line in ways.values()],
        crs=CRS,
    )
    return build_network(lines, mode="drive")


def places(**at):
    return gpd.GeoDataFrame(
        {"settlement_id": list(at), "population_persons": [float(persons) for *_, persons in at.values()]},
        geometry=[shapely.Point(x, y) for x, y, _ in at.values()],
        crs=CRS,
    )


def fork():
    """A lane of 2 km off the main road, which forks into 1 and 3 km; another of 4 km elsewhere."""
    return network(
        main=("tertiary", [(0, 0), (10_000, 0)]),
        stem=("track", [(0, 0), (0, 2_000)]),
        west=("track", [(0, 2_000), (-1_000, 2_000)]),
        north=("track", [(0, 2_000), (0, 5_000)]),
        other=("track", [(10_000, 0), (10_000, 4_000)]),
    )


def test_ways_that_share_a_road_are_one_stretch():
    villages = places(west=(-1_000, 2_010, 100), north=(10, 5_000, 200), other=(10_000, 4_000, 400))
    found = propose_road_upgrades(fork(), villages, rules=RULES)
    # 2 + 1 + 3 km for 300 people, 4 km for 400.
    told = ["settlement_ids", "road_ids", "length_km", "persons", "persons_per_km"]
    assert found.stretches[told].to_numpy().tolist() == [
        [["other"], ["other"], 4.0, 400.0, 100.0],
        [["north", "west"], ["north", "stem", "west"], 6.0, 300.0, 50.0],
    ]
    assert found.settlements["stretch_id"].tolist() == ["upgrade:north", "upgrade:north", "upgrade:other"]
    assert found.settlements["lesser_km"].to_numpy() == pytest.approx([3.0, 5.0, 4.0])
    assert found.stretches.geometry.length.to_numpy() == pytest.approx([4_000.0, 6_000.0])


def test_a_stretch_ends_at_the_settlement():
    villages = places(near=(50, 2_500, 100), far=(50, 4_000, 100))
    found = propose_road_upgrades(fork(), villages, rules=RULES)
    assert found.stretches["length_km"].to_numpy() == pytest.approx([4.0])
    assert found.stretches.geometry.length.to_numpy() == pytest.approx([4_000.0])
    assert found.stretches["edge_ids"].tolist() == [["north/0", "stem/0"]]


def test_lanes_that_meet_only_at_the_main_road_are_stretches_of_their_own():
    graph = network(
        main=("primary", [(-5_000, 0), (0, 0), (5_000, 0)]),
        up=("track", [(0, 0), (0, 1_000)]),
        down=("track", [(0, 0), (0, -1_000)]),
    )
    found = propose_road_upgrades(graph, places(u=(0, 1_000, 10), d=(0, -1_000, 10)), rules=RULES)
    assert found.stretches["settlement_ids"].tolist() == [["d"], ["u"]]


def test_from_the_middle_of_a_lane_the_nearer_main_road_counts():
    graph = network(
        south=("primary", [(-5_000, 0), (0, 0), (5_000, 0)]),
        lane=("track", [(0, 0), (0, 10_000)]),
        north=("primary", [(-5_000, 10_000), (0, 10_000), (5_000, 10_000)]),
    )
    found = propose_road_upgrades(graph, places(a=(0, 3_000, 10), b=(0, 6_000, 10)), rules=RULES)
    # 3 km from the south and 4 from the north: what lies between stays as it is.
    assert found.stretches[["stretch_id", "length_km"]].to_numpy().tolist() == [["upgrade:a", 3.0], ["upgrade:b", 4.0]]
    assert found.stretches.geometry.length.to_numpy() == pytest.approx([3_000.0, 4_000.0])


def test_each_settlement_has_its_status():
    graph = network(
        main=("tertiary", [(0, 0), (10_000, 0)]),
        lane=("track", [(0, 0), (0, 4_000)]),
        island=("track", [(50_000, 0), (50_000, 6_000)]),
    )
    villages = places(
        lane=(0, 4_000, 1),
        served=(5_000, 500, 1),
        cut=(50_000, 3_000, np.nan),
        alone=(30_000, 0, 1),
        beside=(501, 4_000, 1),
    )
    found = propose_road_upgrades(graph, villages, rules=RULES).settlements
    assert found["status"].tolist() == ["upgrade", "has_road", "no_way", "no_road", "no_road"]
    assert found["stretch_id"].notna().tolist() == [True, False, False, False, False]
    # The distance within which a road counts is the reader's to choose.
    wider = propose_road_upgrades(graph, villages, rules=RULES, link_distance_m=501).settlements
    assert wider["status"].tolist() == ["upgrade", "has_road", "no_way", "no_road", "upgrade"]


def test_a_closed_road_of_the_class_is_none_until_it_is_made_anew():
    graph = network(main=("tertiary", [(0, 0), (4_000, 0)]), on=("tertiary", [(4_000, 0), (9_000, 0)]))
    closed = graph.with_closed(graph.road_id == "on")
    villages = places(open=(2_000, 100, 10), shut=(9_000, 100, 20))
    assert propose_road_upgrades(graph, villages, rules=RULES).settlements["status"].tolist() == ["has_road"] * 2
    found = propose_road_upgrades(closed, villages, rules=RULES)
    assert found.settlements["status"].tolist() == ["has_road", "upgrade"]
    assert found.stretches[["settlement_ids", "road_ids", "length_km"]].to_numpy().tolist() == [[["shut"], ["on"], 5.0]]


def test_a_forbidden_turn_lengthens_no_stretch():
    ways = {"main": [(0, 0), (9_000, 0)], "stem": [(0, 0), (0, 2_000)], "west": [(0, 2_000), (-1_000, 2_000)]}
    ways |= {"north": [(0, 2_000), (0, 5_000)]}
    drawn = gpd.GeoDataFrame(
        {"road_id": list(ways), "road_class": ["tertiary", "track", "track", "track"]},
        geometry=[shapely.LineString(way) for way in ways.values()],
        crs=CRS,
    )
    turn = {"turn_id": ["t"], "kind": "no", "from_road_id": "stem", "to_road_id": "north"}
    forbidden = gpd.GeoDataFrame(turn, geometry=[shapely.Point(0, 2_000)], crs=CRS)
    villages = places(west=(-1_000, 2_000, 1), north=(0, 5_000, 2), mid=(0, 1_500, 4))
    found = propose_road_upgrades(build_network(drawn, mode="drive", turns=forbidden), villages, rules=RULES)
    assert found.settlements["lesser_km"].tolist() == pytest.approx([3.0, 5.0, 1.5])
    # The stem, an edge for each direction, is upgraded once: 2 + 1 + 3 km.
    assert found.stretches["settlement_ids"].tolist() == [["mid", "north", "west"]]
    assert found.stretches["length_km"].tolist() == pytest.approx([6.0])


def test_a_paved_road_is_told_by_its_surface():
    lines = gpd.GeoDataFrame(
        {"road_id": ["a", "b"], "road_class": "tertiary", "surface": ["asphalt", "mud"]},
        geometry=[shapely.LineString([(0, 0), (5_000, 0)]), shapely.LineString([(0, 0), (0, 2_000)])],
        crs=CRS,
    )
    graph, village = build_network(lines, mode="drive"), places(v=(0, 2_000, 10))
    for road in ("paved_road", "all_season_road"):
        found = propose_road_upgrades(graph, village, road=road, rules=RULES)
        assert found.stretches["road_ids"].tolist() == [["b"]]
    assert propose_road_upgrades(graph, village, rules=RULES).settlements["status"].tolist() == ["has_road"]


@pytest.mark.parametrize("seed", range(5))
def test_metres_are_those_of_the_shortest_way_in_networkx(seed):
    random = np.random.default_rng(seed)
    side = range(7)
    ways = {f"x{i}-{j}": [(1_000 * i, 1_000 * j), (1_000 * (i + 1), 1_000 * j)] for i in range(6) for j in side}
    ways |= {f"y{i}-{j}": [(1_000 * i, 1_000 * j), (1_000 * i, 1_000 * (j + 1))] for i in side for j in range(6)}
    kinds = random.choice(["track", "track", "track", "tertiary"], len(ways))
    graph = network(**{name: (kind, line) for (name, line), kind in zip(ways.items(), kinds, strict=True)})
    at = random.integers(0, graph.n_nodes, 8)
    villages = places(**{f"v{i}": (graph.node_x[n], graph.node_y[n], 2**i) for i, n in enumerate(at)})
    found = propose_road_upgrades(graph, villages, rules=RULES, link_distance_m=10.0)
    lesser, wanted = nx.Graph(), set()
    for start, end, kind in zip(graph.edge_from.tolist(), graph.edge_to.tolist(), graph.road_class, strict=True):
        lesser.add_nodes_from((start, end))
        if kind == "tertiary":
            wanted |= {start, end}
        else:
            lesser.add_edge(start, end, weight=1.0)
    km = nx.multi_source_dijkstra_path_length(lesser, wanted)
    expected = [km.get(int(node), np.nan) for node in at]
    told = found.settlements["lesser_km"].where(found.settlements["status"] != "has_road", 0.0).to_numpy()
    assert told == pytest.approx(expected, nan_ok=True)
    # A forest of shortest ways: as many kilometres as edges, none twice, and no more than the ways one by one.
    every = [edge for edges in found.stretches["edge_ids"] for edge in edges]
    assert len(every) == len(set(every)) == found.stretches["length_km"].sum()
    assert found.stretches["length_km"].sum() <= np.nansum(expected)
    assert sorted(itertools.chain.from_iterable(found.stretches["settlement_ids"])) == sorted(
        found.settlements.loc[found.settlements["status"] == "upgrade", "settlement_id"]
    )


def test_order_and_ids_never_matter():
    villages = places(west=(-1_000, 2_010, 100), north=(10, 5_000, 200), other=(10_000, 4_000, 400))
    found = propose_road_upgrades(fork(), villages, rules=RULES)
    again = propose_road_upgrades(fork(), villages.iloc[::-1], rules=RULES)
    pd.testing.assert_frame_equal(pd.DataFrame(found.stretches), pd.DataFrame(again.stretches))
    renamed = propose_road_upgrades(fork(), villages.assign(settlement_id=["z", "y", "x"]), rules=RULES)
    assert renamed.stretches["length_km"].tolist() == found.stretches["length_km"].tolist()


def test_what_makes_no_sense_is_refused():
    village = places(v=(0, 2_000, 10))
    with pytest.raises(ContractError, match="road: 'good_road' is no word for roads"):
        propose_road_upgrades(fork(), village, road="good_road")
    with pytest.raises(ContractError, match="surface: the network has no paved road to lead to"):
        propose_road_upgrades(fork(), village, road="paved_road")
    with pytest.raises(ContractError, match="pupils: no such column"):
        propose_road_upgrades(fork(), village, demand="pupils")
    with pytest.raises(ContractError, match="link_distance_m: must be 0 or more, is -1"):
        propose_road_upgrades(fork(), village, link_distance_m=-1)


def test_nobody_who_lacks_a_road_needs_none():
    found = propose_road_upgrades(fork(), places(v=(5_000, 100, 10)), rules=RULES)
    assert found.stretches.empty
    assert found.stretches.crs == CRS
    nobody = propose_road_upgrades(fork(), places(v=(5_000, 100, 10)).iloc[:0], rules=RULES)
    assert nobody.stretches.empty
    assert nobody.settlements.empty
