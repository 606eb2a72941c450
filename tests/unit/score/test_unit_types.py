"""Degree of Urbanisation of townships, functional urban areas and the system of towns, known by arithmetic."""

from __future__ import annotations

import logging
import math
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

import spatial as sp
from spatial.errors import ContractError
from spatial.indices.degurba import DegurbaRules
from spatial.rasters import Raster
from spatial.reporting.score import summarise_town_and_country
from spatial.score.evidence import read_ground
from spatial.score.population_grid import grid_of_settlements, is_too_coarse, urban_grid
from spatial.score.settlement_types import type_table, unit_type_table
from spatial.score.towns import commuting_between, functional_area_table, town_system_table, why_no_area
from spatial.stages.score import town_and_country
from spatial.study import Region, ScoreOptions
from spatial.study.score import FunctionalAreaOptions
from spatial.tables import TABLES

UTM = "EPSG:32738"
LEFT, TOP = 400_000.0, 8_030_000.0
"""Corner of a county of 30 by 30 km in three strips of 10 km: west, middle and east."""
STRIPS = ["west", "middle", "east"]
RULES = FunctionalAreaOptions()


def strips(count=3, width=10_000.0):
    shapes = [shapely.box(LEFT + k * width, TOP - 30_000, LEFT + (k + 1) * width, TOP) for k in range(count)]
    return gpd.GeoDataFrame(
        {
            "boundary_id": pd.Series(STRIPS[:count] if count <= 3 else [f"s{k}" for k in range(count)], dtype="str"),
            "name": pd.Series([f"Strip {k}" for k in range(count)], dtype="str"),
            "admin_level": 8,
            "is_unit": True,
        },
        geometry=shapes,
        crs=UTM,
    )  # fmt: skip


def area(boundaries):
    return gpd.GeoDataFrame({"area_id": ["all"], "name": [None]}, geometry=[boundaries.union_all()], crs=UTM)


def kilometres():
    """West: a centre of 5 x 5 km of 2,000 beside 100 km² of 100; middle: 600 in a cluster; east: nobody."""
    values = np.zeros((30, 30))
    values[2:7, 2:7] = 2000.0
    values[10:20, 0:10] = 100.0
    values[15, 15:17] = 300.0
    return values


def raster(values, cell_m=1000.0):
    return Raster(np.asarray(values, dtype=float), Affine(cell_m, 0, LEFT, 0, -cell_m, TOP), pyproj.CRS(UTM))


def places(**more):
    """Two places in the centre, one in the rest of the west, one each in the middle and the east; one beyond."""
    columns = {
        "settlement_id": pd.Series(["seat", "suburb", "hamlet", "mid", "far", "out"], dtype="str"),
        "tier": ["county_seat", "village", "village", "village", "town", "village"],
        "official_class": pd.Series(["urban", "rural", "rural", "urban", None, "rural"], dtype="str"),
        "in_study": [True] * 5 + [False],
        "population_persons": [30_000.0, 20_000.0, 10_000.0, 600.0, 0.0, 70.0],
        "township_id": pd.Series(["west", "west", "west", "middle", "east", None], dtype="str"),
    }
    x = np.array([4.5, 3.5, 5.5, 15.5, 25.5, 80.5]) * 1000 + LEFT
    y = TOP - np.array([4.5, 5.5, 15.5, 15.5, 15.5, 15.5]) * 1000
    return gpd.GeoDataFrame(columns | more, geometry=gpd.points_from_xy(x, y), crs=UTM)


NO_ACCESS = pd.DataFrame({"settlement_id": [], "service": [], "travel_time_min": [], "facility_id": []})


def classified(cells, settlements=None, boundaries=None, **options):
    settlements = places() if settlements is None else settlements
    boundaries = strips() if boundaries is None else boundaries
    ground = read_ground(settlements, boundaries)
    types = type_table(ground, NO_ACCESS, None if isinstance(cells, str) else cells, bins_min=(15,))
    table = unit_type_table(ground, types, area(boundaries), boundaries, cells, **options)
    TABLES["unit_types"].check(table)
    return table.set_index("unit_id")


def test_townships_are_classified_by_the_people_in_cells_of_each_class() -> None:
    table = classified(urban_grid(raster(kilometres()), pyproj.CRS(UTM)))
    west, middle = table.loc["west"], table.loc["middle"]
    # 50,000 of 60,000 live in the centre; 10,000 at 100 a km²
    assert west[["degurba_level1", "degurba_level2", "basis"]].tolist() == [3, 30, "raster"]
    assert west["share_30"] == pytest.approx(5 / 6)
    assert west["share_12"] == pytest.approx(1 / 6)
    # 600 people at 300 a km² are a rural cluster, and the unit a village
    assert middle[["degurba_level1", "degurba_level2", "share_13"]].tolist() == [1, 13, 1.0]
    study = table.loc["study"]
    assert study["population_persons"] == 60_600
    assert study["share_30"] == pytest.approx(50_000 / 60_600)
    assert table.index.tolist() == ["study", "east", "middle", "west"]


def test_a_township_of_nobody_is_classified_by_its_land() -> None:
    values = kilometres()
    values[15, 20] = 300.0  # 800 people in the cluster: its last cell crosses into the east
    values[15, 17:20] = 300.0
    boundaries = strips()
    # the east begins 0.2 km further, so that the people at the middle of that cell stay in the middle strip
    edge = LEFT + 20_800
    boundaries.loc[1, "geometry"] = shapely.box(LEFT + 10_000, TOP - 30_000, edge, TOP)
    boundaries.loc[2, "geometry"] = shapely.box(edge, TOP - 30_000, LEFT + 30_000, TOP)
    table = classified(urban_grid(raster(values), pyproj.CRS(UTM)), boundaries=boundaries)
    east = table.loc["east"]
    assert east[["basis", "degurba_level2", "population_persons"]].tolist() == ["area", 11, 0.0]
    land = 9.2 * 30
    assert east["share_13"] == pytest.approx(0.2 / land)
    assert east["share_11"] == pytest.approx(1 - 0.2 / land)


def test_the_rules_of_2021_call_a_unit_by_its_largest_part() -> None:
    # 400 of 900 in a cluster of 500 and more: no; 600 at 50 a km² (12) beside 500 in a cluster (13)
    values = np.zeros((30, 30))
    values[5, 15] = 500.0
    values[20:22, 12:18] = 50.0
    grid = urban_grid(raster(values), pyproj.CRS(UTM))
    assert classified(grid).loc["middle", "degurba_level2"] == 12
    values[20:22, 12:18] = [[50.0] * 6, [0.0] * 6]
    values[24:26, 12:18] = 40.0
    # 500 of 1,280 in the cluster, 300 low, 480 very low: a village by the largest part, dispersed by halves
    grid = urban_grid(raster(values), pyproj.CRS(UTM))
    assert classified(grid, rules="2024").loc["middle", "degurba_level2"] == 12
    assert classified(grid, rules="2021").loc["middle", "degurba_level2"] == 13
    assert set(classified(grid, rules="2021")["unit_rules"]) == {"2021"}


def test_the_official_class_stands_beside_with_the_people_whom_the_two_class_otherwise() -> None:
    table = classified(urban_grid(raster(kilometres()), pyproj.CRS(UTM)))
    west, middle, east, study = (table.loc[name] for name in ("west", "middle", "east", "study"))
    assert west["official_urban_share"] == 0.5
    assert west["official_rural_share"] == 0.5
    # the suburb of 20,000 lies in the centre and is officially rural
    assert west[["compared_persons", "differ_persons"]].tolist() == [60_000.0, 20_000.0]
    assert middle[["official_urban_share", "differ_persons"]].tolist() == [1.0, 600.0]
    assert math.isnan(east["official_urban_share"])
    assert study["differ_persons"] == 20_600.0


@pytest.mark.parametrize("people", [math.nan, 0.0])
def test_without_a_grid_nothing_is_classified_and_the_reason_stands_there(people) -> None:
    table = classified("no_population_grid", places(population_persons=people))
    assert set(table["degurba_level1"]) == {0}
    assert set(table["basis_reason"]) == {"no_population_grid"}
    assert table["share_30"].isna().all()
    # places count where nobody's number is known: one of three is officially urban
    assert table.loc["west", "official_urban_share"] == pytest.approx(1 / 3)
    assert why_no_area(table.reset_index()) == "no_population_grid"


def test_units_beyond_the_raster_or_without_an_outline_are_not_measured() -> None:
    west_only = urban_grid(raster(kilometres()[:, :14]), pyproj.CRS(UTM))
    table = classified(west_only)
    assert table["basis_reason"].to_dict() == {
        "study": "outside_grid",
        "east": "outside_grid",
        "middle": "outside_grid",
        "west": "",
    }
    table = classified(urban_grid(raster(kilometres()), pyproj.CRS(UTM)), boundaries=strips(count=2))
    assert table.loc["east", "basis_reason"] == "no_outline"


def test_people_off_the_shore_belong_to_the_nearest_township_and_those_of_a_neighbour_do_not() -> None:
    values = np.zeros((32, 32))
    values[5, 5] = 100.0  # in the west
    values[5, 30], values[31, 15] = 20.0, 30.0  # 0.5 km east of the east; 1.5 km south of the middle
    grid = urban_grid(raster(values), pyproj.CRS(UTM))
    assert classified(grid)["population_persons"].to_dict() == {"study": 100, "east": 0, "middle": 0, "west": 100}
    near = classified(grid, tolerance_m=500.0)["population_persons"]
    assert near.to_dict() == {"study": 120, "east": 20, "middle": 0, "west": 100}
    neighbour = strips(count=4).assign(boundary_id=[*STRIPS, "next"], is_unit=[True, True, True, False])
    ground = read_ground(places(), neighbour)
    types = type_table(ground, NO_ACCESS, grid, bins_min=(15,))
    own = area(neighbour[neighbour["is_unit"]])
    table = unit_type_table(ground, types, own, neighbour, grid, tolerance_m=500.0).set_index("unit_id")
    assert table["population_persons"].to_dict() == {"study": 100, "east": 0, "middle": 0, "west": 100}


def test_a_person_on_a_border_is_in_one_township() -> None:
    values = np.zeros((30, 30))
    values[5, 9] = 100.0
    on_border = Raster(values, Affine(1000, 0, LEFT + 500, 0, -1000, TOP), pyproj.CRS(UTM))
    people = classified(urban_grid(on_border, pyproj.CRS(UTM)))["population_persons"]
    assert people["middle"] + people["west"] == people["study"] == 100.0


def test_people_of_settlements_make_a_grid_where_the_study_says_so() -> None:
    cells = grid_of_settlements(places())
    assert cells is not None
    table = classified(cells)
    # 30,000 and 20,000 on two cells that touch at a corner only: no centre, but dense clusters
    assert table.loc["west", ["degurba_level2", "basis"]].tolist() == [23, "settlements"]
    assert table.loc["west", "share_23"] == 1.0
    assert table.loc["east", "basis"] == "area"
    assert grid_of_settlements(places(population_persons=math.nan)) is None


def test_a_raster_of_kilometre_cells_keeps_its_own_grid() -> None:
    # cells begin 400 m off the whole kilometres; added up on these, the centre would fall apart
    own = Raster(kilometres(), Affine(1000, 0, LEFT + 400, 0, -1000, TOP + 400), pyproj.CRS(UTM))
    cells = urban_grid(own, pyproj.CRS(UTM))
    assert (cells.codes == 30).sum() == 25
    lonlat = Raster(kilometres(), Affine(1 / 120, 0, 44.0, 0, -1 / 120, -18.0), pyproj.CRS("EPSG:4326"))
    there = urban_grid(lonlat, pyproj.CRS("EPSG:32738"))
    # 30 arc seconds at 18 degrees south: 0.93 by 0.88 km, so that 1,300 a cell are 1,580 a km²
    assert there.codes.shape == (30, 30)
    # Asked in metres: the middle of a cell of the centre, the row below the last one, and a degree west of the grid.
    x, y = pyproj.Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(
        np.array([44.0 + 4.5 / 120, 44.0 + 4.5 / 120, 43.0]), -18.0 - np.array([4.5, 30.5, 4.5]) / 120
    )
    code, centre = there.at(x, y)
    assert (code.tolist(), (centre > 0).tolist()) == ([30, 11, 11], [True, False, False])
    middle = shapely.Point(x[0], y[0])
    assert there.cells(np.array([4]), np.array([4]))[0].centroid.distance(middle) < 1.0
    rows, columns = there.window(middle.buffer(1.0))
    assert (set(rows.tolist()), set(columns.tolist())) == ({3, 4, 5}, {3, 4, 5})
    small = Raster(np.full((7, 7), 1300.0), Affine(1 / 120, 0, 44.0, 0, -1 / 120, -18.0), pyproj.CRS("EPSG:4326"))
    assert (urban_grid(small, pyproj.CRS("EPSG:32738")).codes == 30).all()


def test_people_of_cells_of_half_a_kilometre_are_spread_before_they_are_added_up() -> None:
    half = np.repeat(np.repeat(kilometres() / 4.0, 2, axis=0), 2, axis=1)
    shifted = Raster(half, Affine(500, 0, LEFT + 300, 0, -500, TOP - 300), pyproj.CRS(UTM))
    cells = urban_grid(shifted, pyproj.CRS(UTM))
    assert cells.persons.sum() == pytest.approx(60_600)
    # inside the centre every cell holds 2,000 people, wherever its grid begins
    assert cells.persons[4, 4] == pytest.approx(2000.0)


def test_people_of_cells_that_are_no_squares_are_spread_along_both_sides() -> None:
    # eight cells of 500 by 250 m make a square kilometre
    flat = Raster(np.full((16, 8), 250.0), Affine(500, 0, LEFT, 0, -250, TOP), pyproj.CRS(UTM))
    np.testing.assert_allclose(urban_grid(flat, pyproj.CRS(UTM)).persons, np.full((4, 4), 2000.0))


def test_the_cells_around_an_outline_end_one_beyond_it_and_with_the_grid() -> None:
    cells = urban_grid(raster(kilometres()), pyproj.CRS(UTM))
    rows, columns = cells.window(shapely.box(LEFT + 20_500, TOP - 10_500, LEFT + 20_600, TOP - 10_400))
    assert (set(rows.tolist()), set(columns.tolist())) == ({9, 10, 11}, {19, 20, 21})
    rows, columns = cells.window(shapely.box(LEFT, TOP - 400, LEFT + 400, TOP))
    assert (set(rows.tolist()), set(columns.tolist())) == ({0, 1}, {0, 1})


def test_a_raster_of_cells_beyond_a_kilometre_and_a_quarter_is_too_coarse() -> None:
    assert not is_too_coarse(raster(kilometres()), pyproj.CRS(UTM))
    assert not is_too_coarse(raster(kilometres(), 1250.0), pyproj.CRS(UTM))
    assert is_too_coarse(raster(kilometres(), 1251.0), pyproj.CRS(UTM))


def test_rules_of_cells_decide_what_a_township_is() -> None:
    values = np.zeros((30, 30))
    values[2:7, 12:16] = 300.0  # 6,000 people: semi-dense by the manual, suburban by the GHSL data package
    crs = pyproj.CRS(UTM)
    assert classified(urban_grid(raster(values), crs)).loc["middle", "degurba_level2"] == 22
    ghsl = urban_grid(raster(values), crs, DegurbaRules(semi_dense="ghsl"))
    assert classified(ghsl).loc["middle", "degurba_level2"] == 21


def flows(*rows):
    frame = pd.DataFrame(rows, columns=["from_id", "to_id", "volume"])
    return frame.astype({"volume": float}).assign(kind="commuting")


def areas(commuting, boundaries=None, settlements=None):
    boundaries = strips() if boundaries is None else boundaries
    settlements = places() if settlements is None else settlements
    cells = urban_grid(raster(kilometres()), pyproj.CRS(UTM))
    units = classified(cells, settlements, boundaries).reset_index()
    ground = read_ground(settlements, boundaries)
    if isinstance(commuting, pd.DataFrame):
        ids = units.loc[units["unit_level"] == "township", "unit_id"].tolist()
        commuting = commuting_between(commuting, settlements, ids, RULES)
        assert commuting is not None
    table = functional_area_table(ground, units, boundaries, cells, commuting, RULES)
    TABLES["functional_areas"].check(table)
    return table.set_index("unit_id")


def test_a_functional_area_takes_the_townships_of_which_fifteen_per_cent_commute() -> None:
    given = flows(("mid", "mid", 85.0), ("mid", "seat", 10.0), ("mid", "suburb", 5.0), ("far", "far", 86.0),
                  ("far", "seat", 14.0), ("seat", "seat", 500.0))  # fmt: skip
    table = areas(given)
    # 15 of 100 of the middle, 14 of 100 of the east
    assert table["fua_part"].to_dict() == {"middle": "commuting_zone", "west": "city"}
    assert set(table["fua_id"]) == {"west"}
    assert set(table["fua_method"]) == {"fua"}
    assert table.loc["middle", "commuting_share"] == pytest.approx(0.15)
    assert math.isnan(table.loc["west", "commuting_share"])


def test_work_beyond_the_study_counts_towards_the_employed() -> None:
    given = flows(("mid", "mid", 85.0), ("mid", "seat", 15.0), ("mid", "out", 1.0))
    assert areas(given).index.tolist() == ["west"]


def test_an_exclave_is_dropped_and_an_enclave_added() -> None:
    far = flows(("far", "far", 50.0), ("far", "seat", 50.0), ("mid", "mid", 100.0))
    assert areas(far).index.tolist() == ["west"]  # the middle does not commute and parts the east from the city
    hole = shapely.box(LEFT + 14_000, TOP - 18_000, LEFT + 17_000, TOP - 14_000)
    boundaries = strips()
    boundaries.loc[1, "geometry"] = boundaries.geometry[1].difference(hole)
    boundaries.loc[2, "geometry"] = hole
    settlements = places(township_id=pd.Series(["west", "west", "middle", "east", "middle", None], dtype="str"))
    # the hole works where it lives; what surrounds it commutes
    given = flows(("hamlet", "hamlet", 50.0), ("hamlet", "seat", 50.0), ("mid", "mid", 100.0))
    table = areas(given, boundaries, settlements)
    assert table["fua_part"].to_dict() == {"east": "enclave", "middle": "commuting_zone", "west": "city"}
    assert table.loc["east", "commuting_share"] == 0.0


def test_a_township_without_an_outline_hides_no_city_behind_it() -> None:
    values = kilometres()
    values[2:7, 12:17] = 2000.0  # a second centre, in the middle
    cells = urban_grid(raster(values), pyproj.CRS(UTM))
    boundaries = strips().iloc[:2]  # none of the east, whose name is the first
    units = classified(cells, boundaries=boundaries).reset_index()
    given = flows(("mid", "mid", 100.0), ("seat", "seat", 100.0))
    ids = units.loc[units["unit_level"] == "township", "unit_id"].tolist()
    commuting = commuting_between(given, places(), ids, RULES)
    table = functional_area_table(read_ground(places(), boundaries), units, boundaries, cells, commuting, RULES)
    assert sorted(table["fua_id"]) == ["middle", "west"]


def test_the_employed_come_from_their_column_and_are_never_fewer_than_commute() -> None:
    given = flows(("mid", "seat", 15.0))
    employed = places(employed_residents=[1000.0, 0.0, 0.0, 100.0, 0.0, 0.0])
    assert areas(given, settlements=employed).index.tolist() == ["middle", "west"]
    more = places(employed_residents=[1000.0, 0.0, 0.0, 101.0, 0.0, 0.0])
    assert areas(given, settlements=more).index.tolist() == ["west"]
    few = places(employed_residents=[1000.0, 0.0, 0.0, 14.0, 0.0, 0.0])
    with pytest.raises(ContractError, match="employed_residents counts in 1 township"):
        areas(given, settlements=few)


def test_as_many_may_commute_as_are_employed() -> None:
    employed = places(employed_residents=[1000.0, 0.0, 0.0, 15.0, 0.0, 0.0])
    assert areas(flows(("mid", "seat", 15.0)), settlements=employed).loc["middle", "commuting_share"] == 1.0


def test_without_a_number_of_employed_there_is_no_commuting_share() -> None:
    ids = ["east", "middle", "west"]
    assert commuting_between(flows(("mid", "seat", 15.0)), places(), ids, RULES) is None
    assert commuting_between(flows(("mid", "mid", 5.0)).assign(kind="parcels"), places(), ids, RULES) is None
    some = commuting_between(flows(("mid", "mid", 5.0), ("far", "seat", 15.0)), places(), ids, RULES)
    assert some is not None
    assert some.unknown == ("east", "west")
    assert some.flows.sum() == 0.0


def test_without_commuting_the_area_is_a_proxy_of_sixty_minutes() -> None:
    asked = []

    def near(points, within_min):
        asked.append(points)
        return np.array([[5.0], [5.0], [5.0], [60.0], [60.1]]) <= within_min

    table = areas(near)
    # all cells of the centre are as dense: the first one, whose middle is 2.5 km from the corner
    assert asked[0].tolist() == [[LEFT + 2500, TOP - 2500]]
    assert table["fua_part"].to_dict() == {"middle": "catchment", "west": "city"}
    assert set(table["fua_method"]) == {"fua_proxy"}
    assert table["within_share"].tolist() == [1.0, 1.0]
    assert set(table["within_min"]) == {60.0}
    assert table["commuting_share"].isna().all()


def test_cities_between_which_people_commute_are_one() -> None:
    line = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    city = ["A", None, "B"]
    joined = [[0, 0, 0], [10, 0, 5], [30, 0, 0]]
    found = sp.functional_urban_areas(joined, [500, 100, 200], city, line)
    # 30 of 200 of B work in A, so that 15 of 100 commute to the one city; A has more employed
    assert found.tolist() == ["A", "A", "A"]
    apart = [[0, 0, 0], [10, 0, 5], [29, 0, 0]]
    assert sp.functional_urban_areas(apart, [500, 100, 200], city, line).tolist() == ["A", None, "B"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"basis": "none", "basis_reason": "grid_too_coarse"}, "grid_too_coarse"),
        ({"unit_level": "study"}, "no_units"),
        ({"degurba_level1": 2}, "no_city_unit"),
        ({"degurba_level1": 2, "share_30": 0.0}, "no_urban_centre"),
        ({}, ""),
    ],
)
def test_the_reason_for_no_functional_area_is_named(change, reason) -> None:
    table = classified(urban_grid(raster(kilometres()), pyproj.CRS(UTM))).reset_index()
    assert why_no_area(table.assign(**change)) == reason


def test_the_system_of_towns_in_figures() -> None:
    towns = pd.DataFrame(
        {"population_persons": [100.0, 50.0, 100 / 3, 25.0, 20.0], "coverage_share": [0.2, 0.2, 0.2, 0.2, 0.2]}
    )
    table = town_system_table(towns)
    TABLES["town_system"].check(table)
    value = table.set_index("measure")["value"]
    assert value["rank_size_exponent"] == pytest.approx(1.0)
    assert value["primacy_two"] == 2.0
    assert value["primacy_all"] == pytest.approx(100 / (100 + 50 + 100 / 3 + 25 + 20))
    assert value["primacy_four"] == pytest.approx(100 / (50 + 100 / 3 + 25))
    assert value[["polycentricity_green", "polycentricity_entropy"]].to_numpy() == pytest.approx([1.0, 1.0])
    one = town_system_table(towns.iloc[:1].assign(coverage_share=math.nan))
    assert one["towns_counted"].tolist() == [1, 1, 1, 1, 1, 0, 0]
    assert one["value"].notna().sum() == 1  # its share of all
    assert town_system_table(towns.iloc[:0])["value"].isna().all()


def staged(score=None, **inputs):
    """Run what the stage does, without a network."""
    boundaries = strips()
    tables = {"settlements": places(), "boundaries": boundaries, "study_area": area(boundaries)}
    options = SimpleNamespace(score=ScoreOptions.model_validate(score or {}), region=Region())
    ground = read_ground(tables["settlements"], boundaries)
    layers = {"flows": None, "population": None} | tables | inputs
    made = town_and_country(
        options, ground, layers.pop("settlements"), NO_ACCESS, **layers, near=lambda _points, _within_min: None
    )
    for name, table in made.items():
        TABLES[name].check(table)
    return made


@pytest.mark.parametrize(
    ("options", "code"),
    [({}, 21), ({"rules": "2021"}, 22), ({"semi_dense": "manual"}, 22), ({"rules": "2021", "semi_dense": "ghsl"}, 21)],
)
def test_the_study_chooses_the_rules_of_cells_and_townships(options, code) -> None:
    values = np.zeros((30, 30))
    values[2:7, 12:16] = 300.0  # 6,000 people: a semi-dense cluster until July 2024, suburban since
    made = staged({"degurba": options}, population=raster(values))
    units = made["unit_types"].set_index("unit_id")
    assert units.loc["middle", "degurba_level2"] == code
    assert set(units["unit_rules"]) == {options.get("rules", "2024")}


def test_the_study_may_take_people_of_settlements_for_a_raster_that_it_lacks(caplog) -> None:
    caplog.set_level(logging.INFO)
    without = staged()
    assert set(without["unit_types"]["basis_reason"]) == {"no_population_grid"}
    assert set(without["settlement_types"]["degurba_code"]) == {0}
    assert without["functional_areas"].empty
    assert "functional urban areas: none (no_population_grid)" in caplog.text
    units = staged({"degurba": {"grid": "settlements"}})["unit_types"].set_index("unit_id")
    assert units.loc["west", "basis"] == "settlements"
    nobody = staged({"degurba": {"grid": "settlements"}}, settlements=places(population_persons=math.nan))
    assert set(nobody["unit_types"]["basis_reason"]) == {"no_people_known"}
    coarse = staged(population=raster(kilometres(), 2000.0))
    assert set(coarse["unit_types"]["basis_reason"]) == {"grid_too_coarse"}


def test_commuting_among_the_flows_of_the_study_makes_functional_areas(caplog) -> None:
    given = flows(("mid", "mid", 80.0), ("mid", "seat", 20.0))
    grid = raster(kilometres())
    table = staged(population=grid, flows=given)["functional_areas"].set_index("unit_id")
    assert table["fua_part"].to_dict() == {"middle": "commuting_zone", "west": "city"}
    assert "nobody says how many are employed in 2 township(s)" in caplog.text
    stricter = {"functional_areas": {"commuting_share": 0.21}}
    assert staged(stricter, population=grid, flows=given)["functional_areas"]["unit_id"].tolist() == ["west"]


def test_the_summary_says_what_there_is_and_why_there_is_no_area() -> None:
    grid = raster(kilometres())
    given = flows(("mid", "mid", 80.0), ("mid", "seat", 20.0))
    told = summarise_town_and_country(staged(population=grid, flows=given))
    assert told is not None
    assert told["study"]["differ_persons"] == 20_600.0
    assert told["townships"]["13"] == {"townships": 1, "persons": 600.0}
    (city,) = told["functional_areas"]["areas"]
    assert (city["id"], city["city"], city["others"], city["persons"]) == ("west", ["west"], ["middle"], 60_600.0)
    assert told["functional_areas"]["method"] == "fua"
    without = summarise_town_and_country(staged())
    assert without is not None
    assert without["functional_areas"]["reason"] == "no_population_grid"
    assert without["study"]["share_30"] is None
    assert summarise_town_and_country({}) is None


def test_cells_of_a_country_are_spread_over_fewer_points_that_hold_all_people(monkeypatch) -> None:
    # 12 x 12 cells of 300 m are 9 points each, 100 m apart
    cells, crs = raster(np.full((12, 12), 9.0), cell_m=300.0), pyproj.CRS(UTM)
    fine = urban_grid(cells, crs)
    assert len(fine.people) == 12 * 12 * 9
    monkeypatch.setattr("spatial.score.population_grid.MOST_POINTS", 12 * 12 * 4)
    coarse = urban_grid(cells, crs)
    assert len(coarse.people) == 12 * 12 * 4
    assert coarse.people.sum() == pytest.approx(fine.people.sum()) == 12 * 12 * 9.0
