"""Distances to the all-season road, and the classes that follow."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from rasterio.transform import from_origin

from spatial.access.last_mile import LastMileRules, last_mile, rural_access_index
from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.network.scenarios import edit_network
from spatial.rasters import Raster
from spatial.tables import TABLES


@pytest.fixture
def access():
    """Two settlements; the way to the town of b has 24 minutes of walk and 30 on the road."""
    rows = [
        ("a", "town", "drive", 0.0, 0.0, 0.0),
        ("b", "town", "drive", 54.0, 24.0, 30.0),
        ("a", "bus_stop", "drive", 1.0, 1.0, 0.0),
        ("b", "bus_stop", "drive", 2.0, 1.0, 1.0),
        ("a", "bus_stop", "walk", 10.0, 10.0, 0.0),
        ("b", "bus_stop", "walk", np.nan, np.nan, np.nan),
    ]
    columns = ["settlement_id", "service", "mode", "travel_time_min", "access_leg_min", "network_leg_min"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(network_distance_m=frame["travel_time_min"] * 100.0)


def edges(grid_city, *roads):
    """Roads are (all_season, snappable, component_km, points)."""
    season, snappable, km, points = zip(*roads, strict=True)
    return gpd.GeoDataFrame(
        {"all_season": season, "is_snappable": snappable, "component_km": km},
        geometry=[grid_city.line(*line) for line in points],
        crs=grid_city.crs,
    )


@pytest.fixture
def villages(grid_city):
    return grid_city.settlements([("a", "town", 0.0, 0.5), ("b", "village", 0.0, 2.0)])


def test_classes_are_inclusive_and_told_apart_by_what_is_known(grid_city, villages, access):
    # An unknown road along y = 0, 500 m from a and exactly 2 km from b; a known one 2.6 km and 1.1 km away.
    roads = edges(
        grid_city,
        ("unknown", True, 10.0, [(-1, 0), (1, 0)]),
        ("yes", True, 10.0, [(-1, 3.1), (1, 3.1)]),
        ("no", True, 10.0, [(-1, 0.5), (1, 0.5)]),
    )
    mile = last_mile(roads, villages, access)
    TABLES["last_mile"].check(mile)
    mile = mile.set_index("settlement_id")
    assert mile["all_season_road_distance_m"].to_dict() == pytest.approx({"a": 500.0, "b": 1100.0})
    assert mile["known_all_season_road_distance_m"].to_dict() == pytest.approx({"a": 2600.0, "b": 1100.0})
    assert mile["last_mile_class"].to_dict() == {"a": "connected", "b": "near"}
    assert mile["last_mile_class_known"].to_dict() == {"a": "gap", "b": "near"}
    # 500 m at 15.6 minutes a kilometre
    assert mile.loc["a", "all_season_road_min"] == pytest.approx(7.8)


def test_one_metre_more_is_another_class(grid_city, access):
    places = grid_city.settlements([("a", "village", 0.0, 0.501), ("b", "village", 0.0, 2.001)])
    mile = last_mile(edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)])), places, access)
    assert list(mile["last_mile_class"]) == ["near", "gap"]
    wider = LastMileRules(connected_m=501.0, near_m=2001.0)
    roads = edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)]))
    assert list(last_mile(roads, places, access, rules=wider)["last_mile_class"]) == ["connected", "near"]


def test_share_of_the_last_mile_as_in_the_specification(grid_city, villages, access):
    # 24 minutes of walk and 30 on the road: 24 / 54 = .4444444; a town itself has no last mile.
    mile = last_mile(edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)])), villages, access)
    assert list(mile["last_mile_share"]) == pytest.approx([0.0, 0.4444444], abs=1e-6)


def test_minutes_to_points_are_walked_where_walks_were_computed(grid_city, villages, access):
    roads = edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)]))
    mile = last_mile(roads, villages, access)
    assert mile["bus_stop_min"].tolist() == pytest.approx([10.0, np.nan], nan_ok=True)
    assert mile["telecom_min"].isna().all()
    # Distances are those of the same ways: 100 metres a minute.
    assert mile["bus_stop_distance_m"].tolist() == pytest.approx([1000.0, np.nan], nan_ok=True)
    driven = last_mile(roads, villages, access.loc[access["mode"] == "drive"])
    assert driven["bus_stop_min"].tolist() == [1.0, 2.0]


def test_nothing_known_is_unknown_and_no_road_is_none(grid_city, villages, access):
    unknown = last_mile(edges(grid_city, ("unknown", True, 10.0, [(-1, 0), (1, 0)])), villages, access)
    assert list(unknown["last_mile_class_known"]) == ["unknown", "unknown"]
    assert unknown["known_all_season_road_distance_m"].isna().all()
    seasonal = last_mile(edges(grid_city, ("no", True, 10.0, [(-1, 0), (1, 0)])), villages, access)
    assert list(seasonal["last_mile_class"]) == ["none", "none"]
    assert list(seasonal["last_mile_class_known"]) == ["none", "none"]


def test_bridges_and_fragments_do_not_count(grid_city, villages, access):
    roads = edges(
        grid_city,
        ("yes", False, 10.0, [(-1, 0.4), (1, 0.4)]),
        ("yes", True, 4.9, [(-1, 0.3), (1, 0.3)]),
        ("yes", True, 5.0, [(-1, 0.0), (1, 0.0)]),
    )
    assert last_mile(roads, villages, access)["all_season_road_distance_m"][0] == pytest.approx(500.0)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("component_km", "long", "component_km: texts"),
        ("component_km", None, "component_km: missing in 1 rows"),
        ("is_snappable", "yes", "is_snappable: must be true or false"),
        ("is_snappable", None, "is_snappable: missing in 1 rows"),
        ("all_season", "ja", "all_season must be yes, no or unknown, is 'ja'"),
        ("all_season", None, "all_season must be yes, no or unknown"),
    ],
)
def test_roads_of_which_nothing_is_told_are_refused(grid_city, villages, access, column, value, said):
    roads = edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)]))
    with pytest.raises(ContractError, match=said):
        last_mile(roads.assign(**{column: [value]}), villages, access)


def test_no_walk_to_the_road_crosses_a_barrier(grid_city, villages, access):
    # A river along y = 0.2 hides the road at y = 0; the next one lies at y = 8, 7.5 km from a and 6 km from b.
    roads = edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)]), ("unknown", True, 10.0, [(-1, 8), (1, 8)]))
    river = gpd.GeoSeries([grid_city.line((-50, 0.2), (50, 0.2))], crs=grid_city.crs)
    mile = last_mile(roads, villages, access, barriers=river)
    assert list(mile["all_season_road_distance_m"]) == pytest.approx([7500.0, 6000.0])
    assert list(mile["last_mile_class"]) == ["gap", "gap"]
    # A moat of 100 m around b leaves it without any road that can be walked to.
    moat = gpd.GeoSeries([grid_city.point(0, 2).buffer(100.0).boundary], crs=grid_city.crs)
    walled = last_mile(roads, villages, access, barriers=moat)
    assert list(walled["last_mile_class"]) == ["connected", "none"]
    assert walled["all_season_road_distance_m"].isna().tolist() == [False, True]


def test_ids_that_are_numbers_stay_numbers(grid_city, villages, access):
    number = {"a": 7, "b": 3}
    roads = edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)]))
    frames = (frame.assign(settlement_id=frame["settlement_id"].map(number)) for frame in (villages, access))
    mile = last_mile(roads, *frames)
    assert mile["settlement_id"].tolist() == [7, 3]
    assert pd.api.types.is_integer_dtype(mile["settlement_id"])
    assert list(mile["last_mile_share"]) == list(last_mile(roads, villages, access)["last_mile_share"])


def test_frames_of_different_crs_are_refused(grid_city, villages, access):
    roads = edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)])).to_crs("EPSG:32737")
    with pytest.raises(CrsError, match="differ"):
        last_mile(roads, villages, access)


def test_an_empty_area_gives_no_rows(grid_city, access):
    mile = last_mile(edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)])), grid_city.settlements([]), access)
    assert len(mile) == 0


def test_points_on_a_line_are_at_no_distance(grid_city, access):
    places = grid_city.settlements([("a", "village", 0.5, 0.0)])
    mile = last_mile(edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)])), places, access)
    assert mile["all_season_road_distance_m"][0] == 0.0


def test_every_column_is_described(grid_city, villages, access):
    mile = last_mile(edges(grid_city, ("yes", True, 10.0, [(-1, 0), (1, 0)])), villages, access)
    assert [name for name in mile if TABLES["last_mile"].field(name) is None] == []


def test_a_road_that_a_scenario_closes_is_no_all_season_road(grid_city, villages, access):
    # Asphalt along y = 0, 500 m from a, and along y = 3.1, 2.6 km from a.
    lines = [grid_city.line((-4, 0), (4, 0)), grid_city.line((-4, 3.1), (4, 3.1))]
    roads = gpd.GeoDataFrame(
        {"road_id": ["near", "far"], "road_class": "tertiary", "surface": "asphalt"}, geometry=lines, crs=grid_city.crs
    )
    graph = build_network(roads)
    closed = edit_network(graph, close=["near"])
    for network, metres in ((graph, 500.0), (closed, 2600.0)):
        for given in (network, network.to_frames()[1]):
            mile = last_mile(given, villages, access).set_index("settlement_id")
            assert mile.loc["a", "known_all_season_road_distance_m"] == pytest.approx(metres)
    x, y = (float(values[0]) for values in (villages.geometry.x, villages.geometry.y))
    people = Raster(np.array([[8.0]]), from_origin(x - 50.0, y + 50.0, 100.0, 100.0), graph.crs, "people")
    assert rural_access_index(people, graph).iloc[0]["served_persons_lower"] == 8.0
    assert rural_access_index(people, closed).iloc[0]["served_persons_lower"] == 0.0
