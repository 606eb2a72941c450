"""Where places meet the network."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.errors import ContractError, CrsError, NetworkError
from spatial.network.build import build_network
from spatial.network.snapping import snap, walk_minutes

CRS = "EPSG:32738"


def network(*rows, **options):
    frame = [{"road_id": f"w{n}", "road_class": "residential", **tags} for n, (_, tags) in enumerate(rows)]
    lines = [shapely.LineString(line) for line, _ in rows]
    return build_network(gpd.GeoDataFrame(frame, geometry=lines, crs=CRS), **options)


def points(*xy):
    return gpd.GeoSeries([shapely.Point(p) for p in xy], crs=CRS)


LONG = ([(0, 0), (10_000, 0)], {})


def test_a_place_meets_the_edge_at_the_foot_of_its_perpendicular():
    found = snap(network(LONG), points((2500, 400)))
    assert found.edge[0].tolist() == [0, -1, -1, -1, -1]
    assert (found.fraction[0, 0], found.distance_m[0, 0]) == (0.25, 400.0)
    # 400 m x 1.3 at 5 km/h: 520 / 5000 x 60 = 6.24 min.
    assert found.access_min[0, 0] == pytest.approx(6.24)
    assert (found.foot_x[0, 0], found.foot_y[0, 0]) == (2500.0, 0.0)
    assert found.status.tolist() == ["ok"]
    assert np.isnan(found.fraction[0, 1:]).all()
    assert np.isinf(found.access_min[0, 1:]).all()


def test_a_place_beyond_the_end_meets_the_end():
    found = snap(network(LONG), points((10_300, 400)))
    assert (found.fraction[0, 0], found.distance_m[0, 0]) == (1.0, 500.0)


def test_the_snap_limit_is_inclusive_and_what_lies_beyond_is_far_with_its_distance():
    found = snap(network(LONG), points((100, 5000), (100, 5000.001), (100, 40_000)))
    assert found.status.tolist() == ["ok", "far", "far"]
    assert found.nearest_m.tolist() == pytest.approx([5000.0, 5000.001, 40_000.0], abs=1e-9)
    assert found.edge[1].tolist() == [-1] * 5


def test_components_that_are_too_short_are_passed_over_and_the_limit_is_inclusive():
    graph = network(LONG, ([(0, 1000), (4999, 1000)], {}), ([(0, 2000), (5000, 2000)], {}))
    found = snap(graph, points((100, 1500)))
    assert graph.edge_id[found.edge[0, :2]].tolist() == ["w2/0", "w0/0"]
    assert found.edge[0, 2] == -1
    nearer = snap(graph, points((100, 1500)), min_component_km=0.0)
    assert graph.edge_id[nearer.edge[0, 0]] == "w1/0"


def test_every_component_that_is_long_enough_is_snapped_to_not_the_largest_alone():
    graph = network(LONG, ([(0, 50_000), (6000, 50_000)], {}))
    found = snap(graph, points((10, 10), (10, 50_010)))
    assert graph.component[found.edge[:, 0]].tolist() == [0, 1]


@pytest.mark.parametrize(
    "tags",
    [
        {"bridge": "yes"},
        {"bridge": "viaduct"},
        {"tunnel": "yes"},
        {"tunnel": "building_passage"},
        {"road_class": "motorway"},
        {"road_class": "motorway_link"},
        {"motorroad": "yes"},
    ],
)
def test_bridges_tunnels_and_controlled_roads_are_not_entered(tags):
    graph = network(LONG, ([(0, 10), (10_000, 10)], tags), ([(0, 0), (0, 10)], {}))
    found = snap(graph, points((5000, 20)))
    assert "w1/0" not in graph.edge_id[found.edge[0][found.edge[0] >= 0]]


def test_ordinary_trunk_roads_are_entered():
    graph = network(LONG, ([(0, 10), (10_000, 10)], {"road_class": "trunk", "bridge": "no"}), ([(0, 0), (0, 10)], {}))
    assert graph.edge_id[snap(graph, points((5000, 20))).edge[0, 0]] == "w1/0"


def test_equal_distances_go_to_the_lower_road_and_then_to_the_lower_piece():
    graph = network(([(0, 0), (3000, 0), (6000, 0)], {}), ([(3000, 0), (3000, -4000)], {}))
    # Straight above the junction all three edges are 100 m away.
    found = snap(graph, points((3000, 100)), candidates=3)
    assert graph.edge_id[found.edge[0]].tolist() == ["w0/0", "w0/1", "w1/0"]
    assert found.distance_m[0].tolist() == [100.0, 100.0, 100.0]
    assert found.fraction[0].tolist() == [1.0, 0.0, 0.0]


def test_a_leg_that_crosses_a_barrier_is_no_candidate_and_the_next_edge_takes_its_place():
    graph = network(LONG, ([(0, 3000), (10_000, 3000)], {}))
    river = gpd.GeoSeries([shapely.LineString([(-100, 1000), (11_000, 1000)])], crs=CRS)
    found = snap(graph, points((500, 1100), (500, 900)), candidates=1, barriers=river)
    assert graph.edge_id[found.edge[:, 0]].tolist() == ["w1/0", "w0/0"]
    assert found.distance_m[:, 0].tolist() == [1900.0, 900.0]
    free = snap(graph, points((500, 1100)), candidates=1)
    assert graph.edge_id[free.edge[0, 0]] == "w0/0"


def test_one_barrier_stops_the_legs_of_all_places_behind_it():
    river = gpd.GeoSeries([shapely.LineString([(-100, 1000), (11_000, 1000)])], crs=CRS)
    found = snap(network(LONG), points((500, 1100), (600, 1100), (700, 900)), candidates=1, barriers=river)
    assert found.status.tolist() == ["none", "none", "ok"]


def test_a_leg_that_passes_just_beside_a_barrier_or_ends_just_before_it_touches_it_not():
    # A wall 2 m beside the leg of the first place, a river 2 m beyond that of the second and 2 m before the third.
    wall, river = [(502, 100), (502, 900)], [(-100, 1000), (11_000, 1000)]
    barriers = gpd.GeoSeries([shapely.LineString(line) for line in (wall, river)], crs=CRS)
    found = snap(network(LONG), points((500, 500), (900, 998), (900, 1002)), candidates=1, barriers=barriers)
    assert found.status.tolist() == ["ok", "ok", "none"]


def test_a_place_that_barriers_enclose_or_cover_meets_nothing():
    lake = gpd.GeoSeries([shapely.box(1000, 500, 2000, 900)], crs=CRS)
    moat = gpd.GeoSeries([shapely.Point(5000, 800).buffer(100).exterior], crs=CRS)
    barriers = gpd.GeoSeries(np.r_[lake.to_numpy(), moat.to_numpy()], crs=CRS)
    found = snap(network(LONG), points((1500, 700), (5000, 800), (8000, 100)), barriers=barriers)
    assert found.status.tolist() == ["none", "none", "ok"]
    assert found.nearest_m.tolist() == [700.0, 800.0, 100.0]


def test_barriers_that_are_nowhere_near_change_nothing():
    graph = network(LONG, ([(0, 30), (10_000, 30)], {}))
    far_away = gpd.GeoSeries([shapely.box(90_000, 0, 90_001, 1)], crs=CRS)
    places = points((10, 10), (5000, 20_000))
    plain, guarded = (
        snap(graph, places, min_component_km=0),
        snap(graph, places, min_component_km=0, barriers=far_away),
    )
    for name in ("edge", "fraction", "distance_m", "status"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(guarded, name))


def test_a_network_without_an_eligible_edge_snaps_nothing_and_says_so():
    found = snap(network(([(0, 0), (100, 0)], {})), points((0, 0)))
    assert found.status.tolist() == ["none"]
    assert np.isnan(found.nearest_m).all()


def test_no_places_yield_no_rows():
    found = snap(network(LONG), points())
    assert (len(found), found.edge.shape) == (0, (0, 5))


def test_frames_that_do_not_fit_are_refused():
    graph = network(LONG)
    with pytest.raises(CrsError, match="the CRS is EPSG:4326, but the network has"):
        snap(graph, points((0, 0)).set_crs("EPSG:4326", allow_override=True))
    with pytest.raises(CrsError, match="reproject"):
        snap(graph, points((0, 0)).set_crs("EPSG:32737", allow_override=True))
    with pytest.raises(NetworkError, match="without a point"):
        snap(graph, gpd.GeoSeries([None, shapely.Point(0, 0)], crs=CRS))
    with pytest.raises(ContractError, match="walk_km_h"):
        snap(graph, points((0, 0)), walk_km_h=0.0)


def test_the_walk_is_counted_with_its_detour():
    # 1 km x 1.3 at 5 km/h.
    assert walk_minutes(np.array([1000.0, np.inf]), walk_km_h=5.0, detour=1.3).tolist() == [15.6, np.inf]


@pytest.mark.parametrize("limit_m", [300.0, 4000.0, np.inf])
@pytest.mark.parametrize("in_order", [True, False])
def test_the_nearest_edges_are_those_that_a_look_at_every_edge_finds(limit_m, in_order):
    random = np.random.default_rng(7)
    # Two towns of crooked roads with 8 km of nothing between them; places on a raster of 97 m around both.
    starts = np.vstack((random.uniform(0, 1500, (40, 2)), random.uniform(9500, 11_000, (40, 2))))
    lines = np.cumsum(np.hstack((starts[:, None], random.normal(0, 90, (80, 5, 2)))), axis=1)
    graph = network(*((line, {"bridge": "no"}) for line in lines))
    xy = np.array([(x, y) for y in range(-900, 12_000, 970) for x in range(-900, 12_000, 97)], dtype=np.float64)
    xy = xy if in_order else random.permutation(xy)
    found = snap(graph, points(*xy), candidates=4, max_snap_m=limit_m, min_component_km=0.0)
    edges = shapely.linestrings(
        graph.coordinates, indices=np.repeat(np.arange(graph.n_edges), np.diff(graph.coordinate_offsets))
    )
    metres = shapely.distance(shapely.points(xy)[:, None], edges[None, :])
    nearest = np.argsort(metres, axis=1, kind="stable")[:, :4]
    want = np.take_along_axis(metres, nearest, axis=1)
    there = want <= limit_m
    assert there.any()
    np.testing.assert_array_equal(found.edge, np.where(there, nearest, -1))
    np.testing.assert_allclose(found.distance_m[there], want[there], rtol=1e-12)
    feet = shapely.line_interpolate_point(edges[nearest], found.fraction, normalized=True)
    # As precise as a sum of lengths; the foot lies where the fraction says.
    away = shapely.distance(feet, shapely.points(found.foot_x, found.foot_y))
    assert np.nanmax(away) < 1e-6


def test_of_places_on_one_edge_that_are_equally_near_the_first_counts():
    # A road out, round and back over its own start: 50 m from its first metre and from its last.
    graph = network(([(0, 0), (6000, 0), (6000, 100), (0, 100)], {}))
    found = snap(graph, points((3000, 50), (1, 50)), candidates=1)
    # 6000 + 100 + 6000 m in all.
    assert found.fraction[:, 0].tolist() == [3000 / 12_100, 1 / 12_100]


def test_a_road_along_the_edge_of_all_roads_is_found():
    # Nine roads of 50 m in a square: cells of 50 / 12 m, of which the one along the north lies at the end of the last.
    graph = network(*(([(0, y), (50, y)], {}) for y in (0, 5, 10, 15, 20, 25, 30, 35, 50)))
    found = snap(graph, points((25, 51), (25, 1)), candidates=1, min_component_km=0.0)
    assert found.distance_m[:, 0].tolist() == [1.0, 1.0]
    assert graph.coordinates[graph.coordinate_offsets[found.edge[0, 0]], 1] == 50.0


def test_a_road_aslant_is_found_in_every_column_of_cells():
    # Ten roads make cells of a few metres; the one that rises by 4 m in 50 passes all columns of the first rows.
    short = [([(0, y), (2, y)], {}) for y in range(10, 50, 5)]
    graph = network(([(0, 0), (50, 4)], {}), ([(0, -10), (50, -10)], {}), *short)
    found = snap(graph, points(*((x, x * 4 / 50 - 1.0) for x in range(5, 50, 5))), candidates=1, min_component_km=0.0)
    # 1 m below the road: nearer than 9 m to the level one
    assert found.distance_m[:, 0] == pytest.approx(np.full(9, 50 / np.hypot(50, 4)))


def test_a_list_is_joined_once_to_the_same_roads_whatever_their_speeds_and_anew_where_anything_else_differs():
    graph, homes = network(LONG, ([(0, 900), (10_000, 900)], {})), points((2500, 400), (7500, 100))
    found = snap(graph, homes)
    assert snap(graph.with_factor(0.5), points((2500, 400), (7500, 100)), max_snap_m=5000.0) is found
    river = gpd.GeoSeries([shapely.LineString([(0, 200), (10_000, 200)])], crs=CRS)
    for other in (
        snap(graph, homes[::-1]),
        snap(graph, homes, walk_km_h=4.0),
        snap(graph, homes, barriers=river),
        snap(network(LONG), homes),
    ):
        assert other is not found
    # Across the river only the other road is left to the first place; the lists of before are forgotten.
    assert graph.edge_id[snap(graph, homes, barriers=river).edge[0, 0]] == "w1/0"
    for x in range(9):
        snap(graph, points((x, 1)))
    assert len(graph.joined_places) == 4
    assert snap(graph, homes) is not found
