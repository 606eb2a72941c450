"""People of the raster: every one goes to a settlement or is accounted for."""

import affine
import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from spatial.errors import ContractError, CrsError
from spatial.people.population import allocate_population, allocate_population_with_account
from spatial.rasters import Raster
from spatial.tables import TABLES

CELL = 500.0


def make_raster(grid_city, values):
    """A raster whose lower left corner is the corner of the grid, in cells of 500 m."""
    values = np.asarray(values, dtype=np.float64)
    east, north = grid_city.origin
    transform = affine.Affine(CELL, 0.0, east, 0.0, -CELL, north + CELL * len(values))
    return Raster(values, transform, pyproj.CRS(grid_city.crs), "people")


def persons(settlements):
    return settlements.set_index("settlement_id")["population_persons"].to_dict()


def items(account):
    return account.set_index("item")["persons"].to_dict()


def test_without_network_each_cell_goes_to_the_nearest_place(grid_city):
    places = grid_city.settlements([("a", "village", 0.25, 0.25), ("b", "village", 1.75, 0.25)])
    # Centres at x = 0.25, 0.75, 1.25, 1.75: two cells each, as the middle is at x = 1.
    raster = make_raster(grid_city, [[1.0, 2.0, 4.0, 8.0]])
    result, account = allocate_population_with_account(places, raster)
    assert persons(result) == {"a": 3.0, "b": 12.0}
    assert (result["population_source"] == "raster").all()
    assert items(account)["raster_total"] == items(account)["allocated"] == 15.0
    TABLES["settlements"].check(result)
    TABLES["population_account"].check(account)
    assert places["population_persons"].isna().all()  # the argument is left as it was


def test_a_cell_at_equal_distance_goes_to_the_lowest_id(grid_city):
    places = grid_city.settlements([("n10", "village", 0.25, 0.25), ("n9", "village", 1.25, 0.25)])
    assert persons(allocate_population(places, make_raster(grid_city, [[1.0, 2.0, 4.0]]))) == {"n10": 1.0, "n9": 6.0}


def test_a_cell_just_beyond_the_longest_distance_is_too_far_and_one_at_it_is_not(grid_city):
    places = grid_city.settlements([("a", "village", 0.25, 0.25)])
    raster = make_raster(grid_city, [[1.0, 2.0, 4.0, 8.0]])  # 0, 500, 1000 and 1500 m away
    result, account = allocate_population_with_account(places, raster, max_distance_m=1000.0)
    assert persons(result) == {"a": 7.0}
    assert items(account)["too_far"] == 8.0


def test_with_a_network_time_decides_not_distance(grid_city):
    # b is nearer to the cell at (1.25, 0.25) as the crow flies, 0.56 km against 1.03 km; but the cell's way to a is
    # 250 m of walk (3.9 minutes), then a block and a quarter (2.5 minutes), and to b it is 250 m, 0.25 + 0.25 blocks
    # (1 minute) and, b lying off the street by 0.5 km, 7.8 minutes of walk; the direct walk takes 0.559 x 15.6 = 8.7.
    places = grid_city.settlements([("a", "village", 0.0, 0.0), ("b", "village", 1.5, 0.5 + 0.25)])
    values = [[0.0, 0.0, 0.0], [0.0, 0.0, 16.0]]
    values[1][2] = 16.0
    raster = make_raster(grid_city, values)
    by_distance = persons(allocate_population(places, raster))
    assert by_distance == {"a": 0.0, "b": 16.0}
    by_time = persons(allocate_population(places, raster, graph=grid_city.graph()))
    assert by_time == {"a": 16.0, "b": 0.0}


def test_a_cell_far_from_its_village_but_near_a_road_is_not_lost(grid_city):
    places = grid_city.settlements([("a", "village", 0.0, 0.0)])
    values = np.zeros((8, 8))
    values[0, 7] = 5.0  # at (3.75, 3.75), 5.3 km from the village and 250 m from a street
    raster = make_raster(grid_city, values)
    assert persons(allocate_population(places, raster, max_distance_m=2000.0)) == {"a": 0.0}
    assert persons(allocate_population(places, raster, graph=grid_city.graph(), max_distance_m=2000.0)) == {"a": 5.0}


def test_people_near_a_road_without_any_settlement_are_named(grid_city):
    island = [((30, 0), (31, 0), (31, 4), (30, 4), (30, 0))]
    places = grid_city.settlements([("a", "village", 0.0, 0.0)])
    values = np.zeros((2, 64))
    values[1, 61] = 7.0  # at (30.75, 0.25)
    result, account = allocate_population_with_account(
        places, make_raster(grid_city, values), graph=grid_city.graph(more=island)
    )
    assert persons(result) == {"a": 0.0}
    assert items(account)["no_path"] == 7.0


def test_people_keep_to_their_side_of_the_border_save_at_its_edge(grid_city):
    # The study area ends at x = 1. Cells at 0.25 and 0.75 are inside, 1.25 outside within 500 m of the edge, and 1.75
    # outside beyond it. "in" is the nearest of all for the cell at the edge.
    places = grid_city.settlements([("in", "village", 0.9, 0.25), ("out", "village", 1.95, 0.25)]).assign(
        in_study=[True, False]
    )
    west, south = grid_city.origin
    area = gpd.GeoSeries([shapely.box(west, south, west + 1000.0, south + 500.0)], crs=grid_city.crs)
    raster = make_raster(grid_city, [[1.0, 2.0, 4.0, 8.0]])
    result, account = allocate_population_with_account(places, raster, study_area=area)
    assert persons(result) == {"in": 7.0, "out": 8.0}
    assert items(account)["allocated"] == 7.0
    assert items(account)["allocated_outside"] == 8.0
    # Without settlements out there, the people out there are outside.
    alone, account = allocate_population_with_account(places.iloc[:1], raster, study_area=area)
    assert persons(alone) == {"in": 7.0}
    assert items(account)["outside"] == 8.0


def test_a_raster_in_degrees_loses_nobody(grid_city):
    places = grid_city.settlements([("a", "village", 0.0, 0.0), ("b", "village", 3.0, 3.0)])
    lower_left = gpd.GeoSeries([grid_city.point(0, 0)], crs=grid_city.crs).to_crs("EPSG:4326").iloc[0]
    values = np.random.default_rng(7).exponential(1e-3, (40, 40))
    values[::7] = np.nan
    raster = Raster(
        values, affine.Affine(0.001, 0.0, lower_left.x, 0.0, -0.001, lower_left.y + 0.04), pyproj.CRS("EPSG:4326")
    )
    result, account = allocate_population_with_account(places, raster, graph=grid_city.graph())
    parts = account.loc[~account["item"].isin(["raster_total", "nodata"]), "persons"].sum()
    assert parts == pytest.approx(raster.total, rel=1e-12)
    assert result["population_persons"].sum() == pytest.approx(items(account)["allocated"], rel=1e-12)
    assert account.set_index("item").loc["nodata", "cells"] == np.isnan(values).sum()


def test_negative_people_are_refused_with_a_remedy(grid_city):
    places = grid_city.settlements([("a", "village", 0.0, 0.0)])
    with pytest.raises(ContractError, match=r"1 cell\(s\) hold negative people, the lowest -99999.*nodata"):
        allocate_population(places, make_raster(grid_city, [[1.0, -99999.0]]))


def test_settlements_in_degrees_are_refused(grid_city):
    places = grid_city.settlements([("a", "village", 0.0, 0.0)]).to_crs("EPSG:4326")
    with pytest.raises(CrsError, match="degrees"):
        allocate_population(places, make_raster(grid_city, [[1.0]]))


def test_a_raster_without_people_gives_nobody(grid_city):
    places = grid_city.settlements([("a", "village", 0.0, 0.0)])
    result, account = allocate_population_with_account(places, make_raster(grid_city, [[0.0, np.nan]]))
    assert persons(result) == {"a": 0.0}
    assert items(account)["raster_total"] == 0.0
