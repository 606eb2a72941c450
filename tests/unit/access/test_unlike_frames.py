"""Ids of unlike kinds in two tables, places without a point, areas without an outline, and indexes named as columns."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

import spatial as sp

CRS = "EPSG:32760"
GRID = sp.Raster(np.ones((10, 10)), Affine(1000, 0, 0, 0, -1000, 10000), pyproj.CRS(CRS), "people")
PAIRS = pd.DataFrame({"from_id": ["y"], "to_id": ["y"], "travel_time_min": [1.0]})
ACCESS = pd.DataFrame(
    {"settlement_id": ["b"], "service": "clinic", "mode": "drive", "travel_time_min": 5.0, "network_distance_m": 900.0}
)
REGISTER = sp.load_register()


def _matched(need, idle, od):
    return sp.match_capacity(need, idle, od).matches[["persons", "travel_time_min"]].to_numpy().tolist()


def _visited(people, _, od):
    legs = pd.DataFrame({"from_id": ["base", "7"], "to_id": ["7", "base"], "travel_time_min": 30.0})
    stops = pd.DataFrame({"facility_id": ["7"]})
    return (
        sp.mobile_round(od, people, stops, legs, base="base", within_min=9.0, demand="persons")
        .stops["persons"]
        .tolist()
    )


@pytest.mark.parametrize("ask", [_matched, _visited])
def test_ids_that_are_numbers_in_one_table_alone_are_the_same_places(ask):
    need = pd.DataFrame({"settlement_id": ["1", "2"], "service": "clinic", "persons": [3.0, 4.0]})
    idle = pd.DataFrame({"facility_id": ["7"], "service": "clinic", "persons": [5.0]})
    od = pd.DataFrame({"from_id": ["1", "2"], "to_id": ["7", "7"], "travel_time_min": [4.0, 6.0]})
    told = ask(need, idle, od)
    for kind in ("int64", "Int64"):
        whole = od.astype({"from_id": kind, "to_id": kind})
        assert ask(need, idle, whole) == ask(need.astype({"settlement_id": kind}), idle, od) == told
    assert ask(need, idle.astype({"facility_id": "int64"}), od) == told


def test_rows_of_need_without_an_id_are_refused():
    need = pd.DataFrame({"settlement_id": ["1", None], "service": "clinic", "persons": [3.0, 4.0]})
    idle = pd.DataFrame({"facility_id": ["7"], "service": "clinic", "persons": [5.0]})
    with pytest.raises(sp.ContractError, match="settlement_id: missing in 1 rows"):
        sp.match_capacity(need, idle, PAIRS)


NO_POINTS = {
    "empty": shapely.Point(),
    "none": None,
    "nan": shapely.Point(np.nan, np.nan),
    "inf": shapely.Point(np.inf, 0.0),
    "several": shapely.MultiPoint([(0, 0)]),
    "area": shapely.box(0, 0, 9, 9),
}


@pytest.mark.parametrize("point", NO_POINTS.values(), ids=NO_POINTS)
def test_places_without_a_point_are_refused_wherever_they_lie(point, graph, villages):
    bad = villages.set_geometry([villages.geometry.iloc[0], point], crs=CRS).assign(tier="town", name=["B", "A"])
    observed = pd.DataFrame({"from_id": ["b"], "to_id": ["a"], "observed_min": [9.0]})
    for ask in (
        lambda: sp.as_settlements(bad, id="settlement_id", tier="tier"),
        lambda: sp.locate_places(pd.DataFrame({"facility_id": ["q"], "name": ["B"]}), bad),
        lambda: sp.last_mile(graph, bad, ACCESS),
        lambda: sp.calibrate_speeds(graph, observed, places=bad),
    ):
        with pytest.raises(sp.ContractError, match=r"geometry: (no point with coordinates|missing or empty|must be P)"):
            ask()


def test_observations_without_an_end_are_refused(graph, villages):
    observed = pd.DataFrame({"from_id": ["b", None], "to_id": ["a", "b"], "observed_min": [9.0, 9.0]})
    with pytest.raises(sp.ContractError, match="from_id, to_id: missing in rows 2"):
        sp.calibrate_speeds(graph, observed, places=villages)


BOW = shapely.Polygon([(0, 0), (9000, 9000), (9000, 0), (0, 9000)])


@pytest.mark.parametrize("shape", [BOW, None, shapely.Point(0, 0)], ids=["crossed", "none", "point"])
def test_an_area_that_is_no_polygon_is_refused(shape, villages):
    area = gpd.GeoSeries([shapely.box(0, 0, 9, 9), shape], crs=CRS)
    places = villages.assign(in_study=True, tier="village")
    for ask in (
        lambda: sp.allocate_population(places, GRID, study_area=area),
        lambda: sp.cells_as_origins(GRID, factor=1, crs=CRS, study_area=area),
        lambda: sp.grid_points(area, 1000.0),
    ):
        with pytest.raises(sp.ContractError, match=r"geometry: (no polygon|outlines that cross themselves) at 1"):
            ask()


def test_an_index_with_the_name_of_a_column_changes_no_register_and_no_coverage(graph):
    named = REGISTER.set_axis(pd.Index(range(len(REGISTER)), name="norm_id"))
    day = dt.date(2026, 1, 1)
    assert sp.applicable_norms(named, as_of=day).equals(sp.applicable_norms(REGISTER, as_of=day))
    posts = pd.DataFrame({"facility_id": ["p", "q"], "row": [0, 1], "column": [0, 1], "capacity": [1.0, 2.0]})
    ground, people = np.ones((2, 2)), np.ones((2, 2))
    plain, other = (
        sp.geographic_coverage(ground, people, table, resolution_m=1.0, cutoff_min=None).capacity_table
        for table in (posts, posts.set_axis(pd.Index([0, 1], name="facility_id")))
    )
    assert plain.equals(other)
    nodes, edges = graph.to_frames()
    again = sp.TravelGraph.from_frames(nodes.rename_axis(index="node_id"), edges, mode="drive")
    assert again.n_edges == graph.n_edges


def test_a_unit_of_capacity_that_is_a_number_is_a_unit(graph, villages):
    offered = villages.rename(columns={"settlement_id": "facility_id"}).assign(service="clinic")
    offered = offered.assign(capacity=[1.0, 2.0], capacity_unit=[5, "beds"])
    od = sp.travel_times(graph, villages, offered)
    with pytest.raises(sp.ContractError, match="unlike units: '5', 'beds'"):
        sp.cumulative_cutoff(od, villages, offered, service="clinic", cutoffs_min=60.0, opportunities="capacity")


def test_a_zone_that_stands_twice_is_refused(graph):
    zone = gpd.GeoDataFrame({"boundary_id": ["z", "z"]}, geometry=[shapely.box(0, 0, 9000, 9000)] * 2, crs=CRS)
    with pytest.raises(sp.ContractError, match="boundary_id: repeated: 'z'"):
        sp.rural_access_index(GRID, graph, zones=zone)


def test_an_index_of_several_levels_changes_no_fit_and_nothing_is_no_neighbour(graph, villages):
    observed = pd.DataFrame({"from_id": ["b", "a", "c", "b"], "to_id": ["a", "b", "a", "c"]})
    observed["observed_min"] = [9.0, 8.0, 14.5, 8.5]
    beyond = gpd.GeoDataFrame({"settlement_id": ["c"]}, geometry=[shapely.Point(9000, 0)], crs=CRS)
    all_three = pd.concat([villages, beyond])
    levels = all_three.set_index(pd.MultiIndex.from_tuples([("x", 1), ("y", 2), ("y", 3)], names=["p", "q"]))
    found, told = (
        sp.calibrate_speeds(graph, observed, places=places, fit=sp.FitRules(minimum=2)).factors
        for places in (levels, all_three)
    )
    assert dict(found) == dict(told)
    with pytest.raises(sp.ContractError, match=r"settlements: 1 problem.*\n.*is a NoneType"):
        sp.travel_time_neighbours(graph, None)
