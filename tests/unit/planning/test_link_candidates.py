"""Links that nobody has drawn: gaps on a ladder of roads, by arithmetic and against all pairs."""

from __future__ import annotations

import itertools
from functools import partial

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.network.scenarios import edit_network
from spatial.planning.candidates import apply_constraints
from spatial.planning.link_candidates import lay_corridors, propose_links
from spatial.planning.links import rank_links
from spatial.study.access import SnapRules
from spatial.terrain.friction import Friction
from tests.unit.planning.test_links import CRS, clinic, ladder, minutes_with, places

RULES = SnapRules(min_component_km=0.0, max_snap_m=500.0)
CLINIC = {"facilities": clinic(0, 0), "service": "clinic", "rules": RULES}


def ladder_graph():
    return build_network(ladder(), mode="drive")


def ends_of(links):
    return [tuple(map(tuple, np.round(shapely.get_coordinates(line), 6).tolist())) for line in links.geometry]


def test_a_gap_is_closed_where_the_way_around_is_long():
    # It is 130 km around from the village to its clinic, and 10 km straight: 13 km of road, 19.5 minutes at 40 km/h.
    links = propose_links(ladder_graph(), places(v=(0, 10_000, 100)), within_min=20, **CLINIC)
    first = links.iloc[0]
    assert first[["from_id", "straight_km", "length_km", "speed_km_h", "estimated_persons"]].tolist() == [
        "v", 10.0, 13.0, 40.0, 100.0,
    ]  # fmt: skip
    assert ends_of(links)[0] == ((0.0, 10_000.0), (0.0, 0.0))
    assert first["road_id"] == "link:v-road:south"
    assert first["to_road_id"] == "south"
    found = rank_links(ladder_graph(), places(v=(0, 10_000, 100)), links, budget_km=13, within_min=20, **CLINIC)
    assert found.steps[["link_ids", "length_km", "gained_persons"]].to_numpy().tolist() == [
        ["link:v-road:south", 13.0, 100.0]
    ]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([19.5])
    assert found.links["loose_ends"].tolist() == [0] * len(links)


def test_the_limit_and_the_longest_line_are_inclusive():
    village = places(v=(0, 10_000, 100))
    assert len(propose_links(ladder_graph(), village, within_min=19.5, longest_km=10.0, **CLINIC)) == 1
    assert propose_links(ladder_graph(), village, within_min=19.5, longest_km=9.9, **CLINIC).empty
    too_late = propose_links(ladder_graph(), village, within_min=19.4, **CLINIC)
    assert too_late.empty
    assert list(too_late.columns) == list(propose_links(ladder_graph(), village, within_min=19.5, **CLINIC).columns)


def test_nobody_within_the_limit_or_asked_about_needs_a_link():
    villages = places(near=(10_000, 0, 100), nobody=(0, 10_000, 0), unknown=(20_000, 10_000, np.nan))
    assert propose_links(ladder_graph(), villages, within_min=20, **CLINIC).empty


def test_where_there_are_no_settlements_no_link_is_proposed():
    assert propose_links(ladder_graph(), places(v=(0, 10_000, 100)).iloc[:0], within_min=20, **CLINIC).empty


def test_a_link_over_a_river_needs_a_bridge_and_none_crosses_the_sea():
    def line_at(kind, y):
        return gpd.GeoDataFrame(
            {"kind": [kind], "is_barrier": [True]}, geometry=[shapely.LineString([(-9e4, y), (9e4, y)])], crs=CRS
        )

    village = places(v=(0, 10_000, 100))
    for water, crossed in ((line_at("river", 5_000), True), (line_at("river", 12_000), False)):
        links = propose_links(ladder_graph(), village, within_min=20, water=water, **CLINIC)
        assert links["crosses_water"].tolist() == [crossed]
    ford = line_at("river", 5_000).assign(is_barrier=False)
    assert not propose_links(ladder_graph(), village, within_min=20, water=ford, **CLINIC)["crosses_water"].any()
    assert propose_links(ladder_graph(), village, within_min=20, water=line_at("coastline", 5_000), **CLINIC).empty


def test_a_settlement_without_a_way_gets_the_shortest_one():
    # 10 km off the north road, and 10 + 20 + 10 + 60 km from the clinic at best: too far for 30 minutes.
    villages = places(island=(20_000, 18_000, 70), other=(20_500, 10_000, 5))
    links = propose_links(ladder_graph(), villages, within_min=5, longest_km=9, **CLINIC)
    assert ends_of(links)[0] == ((20_000.0, 18_000.0), (20_000.0, 10_000.0))
    assert ends_of(links)[1] == ((20_000.0, 18_000.0), (20_500.0, 10_000.0))
    assert links["estimated_persons"].tolist() == [0.0, 0.0]
    found = rank_links(ladder_graph(), villages, links, budget_km=20, within_min=5, **CLINIC)
    assert found.steps["connected_persons"].tolist() == [70.0]


def test_a_way_over_a_settlement_without_a_road_is_proposed_whole():
    # The gap is too long for one link; over the island, which has no road, two are the way of 500 people.
    villages = places(far=(0, 10_000, 490), island=(1_000, 5_000, 10))
    links = propose_links(ladder_graph(), villages, longest_km=6, within_min=25, **CLINIC)
    assert set(links["road_id"]) == {"link:far-island", "link:island-road:south"}
    assert links["estimated_persons"].tolist() == [500.0, 500.0]
    found = rank_links(ladder_graph(), villages, links, budget_km=14, within_min=25, **CLINIC)
    # sqrt(26) and 5 km, 1.3 as long, at 40 km/h, and 1 km along the road.
    assert found.links["gained_persons"].max() == 10.0
    assert found.steps["gained_persons"].tolist() == [500.0]
    assert found.settlements["after_min"].iloc[0] == pytest.approx((np.sqrt(26.0) + 5.0) * 1.3 * 1.5 + 1.0)


def some_county(seed):
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 60_000, 14), random.choice([0.0, 10_000.0], 14) + random.uniform(-300, 300, 14)
    return places(**{f"v{i:02}": (x[i], y[i], float(2**i)) for i in range(14)})


@pytest.mark.parametrize("seed", range(4))
def test_the_best_proposed_link_is_no_worse_than_any_between_two_settlements(seed):
    graph, villages = ladder_graph(), some_county(seed)
    links = propose_links(graph, villages, within_min=45, longest_km=20, **CLINIC)
    pairs = [
        shapely.LineString([(a.x, 0.0 if a.y < 5_000 else 10_000.0), (b.x, 0.0 if b.y < 5_000 else 10_000.0)])
        for a, b in itertools.combinations(villages.geometry, 2)
        if abs(a.y - b.y) > 5_000 and a.distance(b) <= 20_000
    ]
    every = gpd.GeoDataFrame(
        {"road_id": [f"p{i}" for i in range(len(pairs))], "road_class": "unclassified", "speed_km_h": 40.0},
        geometry=pairs, crs=CRS,
    )  # fmt: skip
    every["length_km"] = every.geometry.length / 1000.0 * 1.3
    # Each alone, on the network itself; other links give no way.
    people, now = villages["population_persons"].to_numpy(), minutes_with(graph, villages, clinic(0, 0), links[:0])

    def best(candidates):
        rates = []
        for row in range(len(candidates)):
            one = candidates.iloc[[row]]
            then = minutes_with(graph, villages, clinic(0, 0), one)
            rates.append(people[(then <= 45.0) & (now > 45.0)].sum() / one["length_km"].item())
        return max(rates)

    assert best(links) >= best(every) * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_estimates_are_what_links_bring_alone_or_together(seed):
    graph, villages = ladder_graph(), some_county(seed)
    links = propose_links(graph, villages, within_min=45, longest_km=20, **CLINIC)
    found = rank_links(graph, villages, links, budget_km=1e3, within_min=45, **CLINIC)
    # Those of a way over two links are of both; no two links together bring fewer than the estimate says.
    alone = found.links["gained_persons"].to_numpy()
    assert (links["estimated_persons"].to_numpy() <= np.maximum(alone, found.steps["gained_persons"].max())).all()
    assert found.steps["gained_persons"].iloc[0] > 0.0


def test_each_settlement_has_its_best_link_before_any_has_a_second():
    # Far from each other, each with links of its own; the many people at one gap do not take all the places.
    villages = places(**{f"v{i}": (1_000.0 * i, 10_000, 1_000) for i in range(6)}, last=(59_000, 10_000, 1))
    facilities = pd.concat([clinic(0, 0), clinic(59_000, 0).assign(facility_id="l")])
    options = CLINIC | {"facilities": facilities}
    links = propose_links(ladder_graph(), villages, within_min=20, most=3, **options)
    assert len(links) == 3
    assert "last" not in set(links["from_id"])
    # 1 + 10 + 1 km over the road in the east.
    links = propose_links(ladder_graph(), villages, within_min=11.9, speed_km_h=90.0, most=3, **options)
    assert "last" in set(links["from_id"])


def test_order_and_ids_never_matter():
    graph, villages = ladder_graph(), some_county(5)
    links = propose_links(graph, villages, within_min=45, longest_km=20, **CLINIC)
    again = propose_links(graph, villages.iloc[::-1], within_min=45, longest_km=20, **CLINIC)
    pd.testing.assert_frame_equal(pd.DataFrame(links), pd.DataFrame(again))
    other = villages.assign(settlement_id=[f"x{13 - i:02}" for i in range(14)])
    renamed = propose_links(graph, other, within_min=45, longest_km=20, **CLINIC)
    assert {line.normalize().wkt for line in renamed.geometry} == {line.normalize().wkt for line in links.geometry}


def test_links_end_where_the_network_is_joined():
    graph, villages = ladder_graph(), some_county(3)
    links = propose_links(graph, villages, within_min=45, longest_km=20, **CLINIC)
    assert len(links) > 3
    assert edit_network(graph, add=links).report["scenario"]["loose_ends"] == []


def test_towns_are_goals_where_no_facilities_are_given():
    towns = places(v=(0, 10_000, 100), seat=(0, 0, 1_000)).assign(tier=["village", "county_seat"], name=["V", "S"])
    links = propose_links(ladder_graph(), towns, service="county_seat", within_min=20, rules=RULES)
    assert set(links["road_id"]) == {"link:v-road:south", "link:seat-v"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"detour": 0.9}, "detour: must be 1 or more, is 0.9"),
        ({"speed_km_h": 0.0}, "speed_km_h: must be 1 or more"),
        ({"longest_km": float("inf")}, "longest_km: must be 0 or more, is inf"),
        ({"most": 0}, "most: must be 1 or more"),
        ({"within_min": float("nan")}, "within_min"),
        ({"facilities": None, "service": "clinic"}, "needs facilities"),
        ({"demand": "pupils"}, "pupils: no such column"),
    ],
)
def test_options_that_make_no_sense_are_refused(changed, words):
    with pytest.raises(ContractError, match=words):
        propose_links(ladder_graph(), places(v=(0, 10_000, 100)), **(CLINIC | changed))


# Corridors, on cells of 100 m: cell (row, column) has its centre at (100 column + 50, 950 - 100 row).

EASY = 0.012
"""Minutes a metre at 5 km/h."""

lay = partial(lay_corridors, detour=1.0)


def ground(min_per_m, elevation=None):
    cells = np.asarray(min_per_m, dtype=np.float64)
    height = 100 * cells.shape[0]
    return Friction(cells, np.ones(cells.shape, bool), Affine(100, 0, 0, 0, -100, height), pyproj.CRS(CRS), elevation)


def gap(*ends, **columns):
    return gpd.GeoDataFrame({"road_id": ["gap"], **columns}, geometry=[shapely.LineString(ends)], crs=CRS)


def minutes_along(line, surface):
    """Walk a line in steps of 10 cm."""
    steps = int(line.length * 10)
    xy = shapely.get_coordinates(
        shapely.line_interpolate_point(line, (np.arange(steps) + 0.5) / steps, normalized=True)
    )
    column, row = np.floor(~surface.transform * xy.T).astype(int)
    return surface.min_per_m[row, column].sum() * line.length / steps


def test_over_open_ground_a_corridor_is_the_straight_line():
    # In no direction of the grid: 900 m east and 400 m north are 984.9 m, where cells in a row would be 1,065.7 m.
    laid = lay(gap((50, 550), (950, 950)), ground(np.full((10, 10), EASY)))
    assert laid["length_km"].tolist() == pytest.approx([0.984886], abs=1e-6)
    assert shapely.get_coordinates(laid.geometry.iloc[0]).tolist() == [[50.0, 550.0], [950.0, 950.0]]


@pytest.mark.parametrize(("factor", "is_bridged"), [(1.8, True), (1.9, False)])
def test_a_river_is_bridged_where_that_costs_less_than_the_way_around(factor, is_bridged):
    # 500 m straight, 200 m of them over the river. Around it two diagonals up, one step and two down are 665.7 m, so
    # that the bridge is worth 165.7 m of road: as much as 200 m do at a factor of 1.83.
    cells = np.full((3, 6), EASY)
    cells[1:, 2:4] *= factor
    river = gpd.GeoDataFrame({"kind": ["river"]}, geometry=[shapely.LineString([(300, 0), (300, 200)])], crs=CRS)
    laid = lay(gap((50, 50), (550, 50)), ground(cells), water=river).iloc[0]
    assert (laid["crosses_water"], laid["length_km"] == pytest.approx(0.5)) == (is_bridged, is_bridged)


def test_a_wall_of_water_is_gone_around_or_there_is_no_way():
    wall = np.full((10, 9), EASY)
    wall[:9, 4] = np.nan
    link = gap((50, 950), (850, 950), length_km=[1.04], crosses_water=[True])
    around = lay(link, ground(wall)).iloc[0]
    assert around["route"] == "corridor"
    # Down to the last row and up again; the line keeps to open ground but for a quarter of a cell at corners.
    assert around["length_km"] > 2 * np.hypot(400, 850) / 1000.0 - 0.1
    wall[9, 4] = np.nan
    refused = lay(link, ground(wall)).iloc[0]
    assert refused[["route", "length_km", "crosses_water"]].tolist() == ["no_way", 1.04, True]
    assert refused.geometry.equals(link.geometry.iloc[0])


def test_an_end_off_the_surface_leaves_a_link_straight_and_one_in_a_pond_reaches_land():
    cells = np.full((5, 10), EASY)
    cells[2, 0] = np.nan
    links = pd.concat([gap((50, 250), (850, 250)), gap((50, 250), (1850, 250))], ignore_index=True)
    laid = lay(links.assign(length_km=9.0), ground(cells))
    assert laid["route"].tolist() == ["corridor", "straight"]
    # 100 m to the shore in the north, and from there 800 m east and 100 m south.
    assert laid["length_km"].tolist() == [pytest.approx(0.1 + np.hypot(0.8, 0.1)), 9.0]
    assert lay(links, ground(np.full((5, 10), np.nan)))["route"].tolist() == ["no_way", "straight"]


def test_steep_ground_is_avoided_the_same_in_both_directions():
    # A ridge of 200 m across the straight line, with a saddle in the last row but one.
    elevation = np.zeros((10, 11))
    elevation[:6, 4:7] = 200.0
    surface = ground(np.full((10, 11), EASY), elevation)
    there, back = (lay(gap(*ends), surface) for ends in (((50, 850), (1050, 850)), ((1050, 850), (50, 850))))
    assert there["length_km"].item() > 1.2
    assert there.geometry.iloc[0].reverse().equals_exact(back.geometry.iloc[0], 1e-9)
    level = ground(np.full((10, 11), EASY), np.full((10, 11), 700.0))
    assert lay(gap((50, 850), (1050, 850)), level)["length_km"].item() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(8))
def test_a_corridor_costs_no_more_than_the_best_way_over_cells_and_than_the_straight_line(seed):
    random = np.random.default_rng(seed)
    cells = EASY * random.choice([1.0, 1.5, 4.0, 10.0], (12, 14))
    surface = ground(cells)
    start, end = (random.integers(0, 12), 0), (random.integers(0, 12), 13)
    net = nx.Graph()
    for row, column in np.ndindex(cells.shape):
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            other = (row + down, column + right)
            if other[0] < 12 and 0 <= other[1] < 14:
                minutes = (cells[row, column] + cells[other]) / 2.0 * 100.0 * np.hypot(down, right)
                net.add_edge((row, column), other, minutes=minutes)
    best = nx.dijkstra_path_length(net, start, end, weight="minutes")
    straight = gap(*[(100.0 * column + 50.0, 1150.0 - 100.0 * row) for row, column in (start, end)])
    laid = lay(straight, surface).iloc[0]
    # Lines are read at a quarter of a cell: corners of cells cost what lies beside them.
    assert minutes_along(laid.geometry, surface) <= best * 1.03
    assert minutes_along(laid.geometry, surface) <= minutes_along(straight.geometry.iloc[0], surface) * 1.03
    assert laid["length_km"] >= straight.length.item() / 1000.0 * (1 - 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_there_is_a_corridor_exactly_where_open_cells_join_both_ends(seed):
    cells = np.where(np.random.default_rng(seed).uniform(size=(9, 9)) < 0.45, np.nan, EASY)
    cells[0, 0] = cells[8, 8] = EASY
    net = nx.Graph()
    net.add_nodes_from([(0, 0), (8, 8)])
    is_open = np.isfinite(cells)
    for row, column in np.argwhere(is_open):
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            other = (row + down, column + right)
            # Between two barriers there is no way through a corner.
            beside = max(other) < 9 and min(other) >= 0 and (is_open[row, other[1]] or is_open[other[0], column])
            if beside and is_open[other]:
                net.add_edge((row, column), other)
    laid = lay(gap((50, 850), (850, 50)), ground(cells))
    assert laid["route"].item() == ("corridor" if nx.has_path(net, (0, 0), (8, 8)) else "no_way")


def test_corridors_refuse_what_is_no_line_and_water_in_another_crs():
    with pytest.raises(ContractError, match="between the two ends of a LineString"):
        lay(gap((0, 0), (1, 1)).set_geometry([shapely.Point(0, 0)], crs=CRS), ground([[EASY]]))
    river = gpd.GeoDataFrame({"kind": ["river"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    with pytest.raises(CrsError, match="differ in their CRS"):
        lay(gap((0, 0), (1, 1)), ground([[EASY]]), water=river)


def test_a_corridor_is_longer_than_its_line_by_the_detour():
    laid = lay_corridors(gap((50, 550), (950, 950)), ground(np.full((10, 10), EASY)))
    assert laid["length_km"].tolist() == pytest.approx([1.3 * 0.984886], abs=1e-6)
    assert lay(gap((50, 550), (950, 950)), ground([[EASY] * 10] * 10), detour=2.0)["length_km"].item() == pytest.approx(
        2.0 * 0.984886, abs=1e-6
    )
    for factor in ("detour", "flagged_factor"):
        with pytest.raises(ContractError, match=f"{factor}: must be 1 or more, is 0.9"):
            lay_corridors(gap((0, 0), (1, 1)), ground([[EASY]]), **{factor: 0.9})
    with pytest.raises(CrsError, match="links: the CRS EPSG:4326 is in degrees"):
        lay_corridors(gap((0, 0), (1, 1)).to_crs(4326), ground([[EASY]]))


def areas(*shapes, kind="permanent_farmland", effect="exclude"):
    return gpd.GeoDataFrame({"kind": [kind], "effect": [effect]}, geometry=list(shapes), crs=CRS)


def test_a_corridor_goes_around_ground_that_is_excluded():
    # The field covers columns 4 to 6 of rows 3 to 9, ten metres short of the edges of cells all around.
    surface, link = ground(np.full((10, 11), EASY)), gap((50, 450), (1050, 450))
    field = areas(shapely.box(410, 10, 690, 690))
    straight, around = lay(link, surface), lay(link, surface, constraints=field)
    assert straight["length_km"].item() == pytest.approx(1.0)
    assert apply_constraints(straight, field)["is_excluded"].all()
    assert not apply_constraints(around, field)["is_excluded"].any()
    # To the centres of the cells above the corners of the field and along between them: 500 + 200 + 500 m straight, and
    # 424 + 400 + 424 m along diagonals of cells.
    assert 1.2 <= around["length_km"].item() <= 1.2485282
    # Where there is no way around the line stays, so that whoever asks is told of the field.
    wall = areas(shapely.box(410, 0, 690, 1000))
    stays = lay(link, surface, constraints=wall)
    assert stays.geometry.geom_equals(straight.geometry).all()
    assert stays["route"].item() == "corridor"


@pytest.mark.parametrize(("factor", "is_crossed"), [(1.5, True), (3.0, False)])
def test_ground_that_is_flagged_is_crossed_where_the_way_around_costs_more(factor, is_crossed):
    # Three columns are flagged: crossing them costs 300 m more at 2.0. Around them it is 249 m more.
    surface, link = ground(np.full((10, 11), EASY)), gap((50, 450), (1050, 450))
    flood = areas(shapely.box(410, 10, 690, 690), kind="hazard", effect="flag")
    laid = lay(link, surface, constraints=flood, flagged_factor=factor)
    told = apply_constraints(laid, flood).iloc[0]
    assert not told["is_excluded"]
    assert (told["constraint"] == "hazard", told["length_km"] == pytest.approx(1.0)) == (is_crossed, is_crossed)


def test_a_corridor_keeps_inside_the_boundary_of_development():
    # Building is wanted in an L: down the first three columns and along the last three rows.
    surface, link = ground(np.full((10, 10), EASY)), gap((150, 950), (950, 150))
    inside = areas(
        shapely.union(shapely.box(0, 0, 300, 1000), shapely.box(0, 0, 1000, 300)), kind="development_boundary"
    )
    assert apply_constraints(lay(link, surface), inside)["is_excluded"].all()
    laid = lay(link, surface, constraints=inside)
    assert not apply_constraints(laid, inside)["is_excluded"].any()
    both = pd.concat([link, gap((150, 950), (150, 150))])  # under one label
    assert lay(both, surface, constraints=inside)["length_km"].tolist() == pytest.approx(
        [laid["length_km"].item(), 0.8]
    )
