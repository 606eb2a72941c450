"""Cells of a raster as origins: people conserved, the contract of settlements kept, the same tables."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from rasterio.transform import from_origin

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.cells import cell_factor, cells_as_origins, towns_as_facilities
from spatial.access.last_mile import last_mile
from spatial.access.nearest import access_table
from spatial.access.options import TOWN_TIERS, AccessRules
from spatial.errors import ContractError, CrsError
from spatial.rasters import Raster
from spatial.tables import TABLES

CRS = pyproj.CRS.from_epsg(32738)


def people(values, *, cell_m=1000.0, crs=CRS, west=500_000.0, north=8_704_000.0):
    return Raster(np.array(values, dtype=float), from_origin(west, north, cell_m, cell_m), crs, "people")


def test_four_cells_make_one_origin_of_all_their_people():
    cells = cells_as_origins(people([[1.0, 2.0], [3.0, 4.0]]), factor=2, crs=CRS)
    TABLES["settlements"].check(cells)
    assert cells["settlement_id"].tolist() == ["c000000_000000"]
    assert cells["population_persons"].tolist() == [10.0]
    # Weighted: east (1 + 3) x 500 + (2 + 4) x 1500 over 10 = 1100; south (3) x 500 + (7) x 1500 over 10 = 1200.
    assert (cells.geometry.x[0], cells.geometry.y[0]) == pytest.approx((501_100.0, 8_702_800.0))
    centre = cells_as_origins(people([[1.0, 2.0], [3.0, 4.0]]), factor=2, crs=CRS, at="centre")
    assert (centre.geometry.x[0], centre.geometry.y[0]) == pytest.approx((501_000.0, 8_703_000.0))
    assert cells["cell_width_m"][0] == cells["cell_height_m"][0] == pytest.approx(2000.0)


def test_people_are_conserved_at_every_size_and_over_the_rim():
    rng = np.random.default_rng(11)
    values = rng.exponential(5.0, (23, 17))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[3, 4] = 0.0
    raster = people(values)
    for factor in (1, 2, 3, 5, 40):
        cells = cells_as_origins(raster, factor=factor, crs=CRS)
        assert cells["population_persons"].sum() == pytest.approx(raster.total, rel=1e-12)
        assert (cells["population_persons"] > 0).all()
        assert cells["settlement_id"].is_unique
    assert len(cells_as_origins(raster, factor=1, crs=CRS)) == int((raster.values > 0).sum())


def test_a_size_is_a_whole_multiple_or_refused():
    raster = people(np.ones((4, 4)), cell_m=100.0)
    assert cell_factor(raster, 1000.0) == 10
    for size in (250.0, 50.0, 0.0, -100.0, np.nan):
        with pytest.raises(ContractError, match="cell_m"):
            cell_factor(raster, size)
    with pytest.raises(ContractError, match="give one"):
        cells_as_origins(raster, crs=CRS)
    with pytest.raises(ContractError, match="give one"):
        cells_as_origins(raster, crs=CRS, cell_m=100.0, factor=1)
    with pytest.raises(ContractError, match="factor"):
        cells_as_origins(raster, crs=CRS, factor=0)
    with pytest.raises(ContractError, match="'corner'"):
        cells_as_origins(raster, crs=CRS, factor=1, at="corner")
    with pytest.raises(ContractError, match="negative people"):
        cells_as_origins(people([[-1.0]]), crs=CRS, factor=1)
    with pytest.raises(CrsError):
        cells_as_origins(raster, crs="EPSG:4326", factor=1)


def test_cells_in_degrees_come_as_near_to_the_size_as_whole_numbers_allow():
    # Three arc seconds near the equator are 92.8 m by 92.1 m: 11 of them come nearest to 1000 m.
    raster = Raster(np.ones((24, 24)), from_origin(44.0, 0.01, 3 / 3600, 3 / 3600), pyproj.CRS.from_epsg(4326))
    assert cell_factor(raster, 1000.0) == 11
    cells = cells_as_origins(raster, cell_m=1000.0, crs="EPSG:32638")
    assert cells["population_persons"].sum() == pytest.approx(576.0)
    assert cells["cell_width_m"][0] == pytest.approx(11 * 92.77, rel=1e-3)


def test_an_empty_raster_has_no_origins():
    cells = cells_as_origins(people([[np.nan, 0.0]]), factor=1, crs=CRS)
    assert len(cells) == 0
    TABLES["settlements"].check(cells)


def test_origins_know_their_side_of_the_border_and_their_unit(grid_city):
    raster = people([[1.0, 2.0, 4.0]])
    west = shapely.box(500_000, 8_700_000, 502_000, 8_710_000)
    area = gpd.GeoSeries([west], crs=CRS)
    units = gpd.GeoDataFrame(
        {"boundary_id": ["u2", "u1"], "name": ["Two", "One"], "is_unit": [True, True]},
        geometry=[west, shapely.box(500_000, 8_700_000, 501_000, 8_710_000)],
        crs=CRS,
    )
    cells = cells_as_origins(raster, factor=1, crs=CRS, study_area=area, boundaries=units)
    assert cells["in_study"].tolist() == [True, True, False]
    assert cells["township_id"].fillna("").tolist() == ["u1", "u2", ""]
    assert cells["population_persons"].sum() == raster.total
    # The lowest id counts, whatever the order of categories and the name of the index.
    for other in (
        units.astype({"boundary_id": pd.CategoricalDtype(["u2", "u1"])}),
        units.set_index("boundary_id", drop=False),
    ):
        again = cells_as_origins(raster, factor=1, crs=CRS, study_area=area, boundaries=other)
        pd.testing.assert_frame_equal(again, cells)


def test_cells_and_settlements_give_the_same_tables(grid_city):
    # One person in each square kilometre; the centres of the cells stand half a kilometre off the streets.
    graph = grid_city.graph()
    cells = cells_as_origins(people(np.ones((4, 4))), factor=1, crs=graph.crs, at="centre")
    twins = grid_city.settlements(
        [
            (name, "village", (x - 500_000) / 1000, (y - 8_700_000) / 1000)
            for name, x, y in zip(cells["settlement_id"], cells.geometry.x, cells.geometry.y, strict=True)
        ],
        population_persons=cells["population_persons"].to_numpy(),
    )
    town = grid_city.settlements([("t", "town", 0.0, 0.0)])
    clinics = grid_city.facilities([("f", "clinic", 4.0, 4.0), ("g", "bus_stop", 0.0, 4.0)])
    places = stacked(clinics, towns_as_facilities(town))
    TABLES["facilities"].check(towns_as_facilities(town))
    services = {"clinic": {"clinic"}, "bus_stop": {"bus_stop"}, "town": TOWN_TIERS["town"]}
    tables = []
    for origins in (cells, twins):
        access = access_table(graph, origins, places, services=services, rules=AccessRules(tiers={})).access
        TABLES["access"].check(access)
        mile = last_mile(graph, origins, access)
        TABLES["last_mile"].check(mile)
        od = travel_times(graph, origins, places, cutoff_min=600)
        near = cost_to_closest(graph, origins, places, service="clinic", k=1)
        tables.append((access, mile, od, near))
    for ours, theirs in zip(*tables, strict=True):
        assert ours.equals(theirs)
    # The cell in the corner of the town: 500 m of walk, 500 m of street.
    corner = tables[0][0].set_index(["settlement_id", "service"]).loc[("c000003_000000", "town")]
    assert corner["travel_time_min"] == pytest.approx(0.5 * 15.6 + 0.5 * 2.0)
    assert corner["facility_id"] == "t"


def stacked(*frames):
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
