"""Stretches within reach, isochrones and catchments, whose minutes and metres are known by arithmetic."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from rasterio.transform import from_origin

from spatial.access import area_hulls
from spatial.access.area_grid import Distances, Grid, cut_short, far_apart, outlines
from spatial.access.area_hulls import AreaRules, _Parts, _Roads, holding
from spatial.access.isochrones import catchment_areas, isochrones
from spatial.access.kernels_areas import seed, spread
from spatial.access.places import take
from spatial.access.roads_reached import place_groups, reached_stretches, straight_pieces
from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.network.nearest import nearest
from spatial.network.snapping import snap
from spatial.rasters import Raster
from spatial.study.access import SnapRules

CRS = "EPSG:32738"


def network(*lines, **columns):
    """Tertiary roads at 30 km/h: 2 minutes a kilometre."""
    frame = {"road_id": [f"w{n}" for n in range(len(lines))], "road_class": ["tertiary"] * len(lines), **columns}
    shapes = [shapely.LineString(line) for line in lines]
    return build_network(gpd.GeoDataFrame(frame, geometry=shapes, crs=CRS), speeds="rural_cn")


def clinics(*points, service="clinic"):
    ids = [f"f{n}" for n in range(len(points))]
    shapes = [shapely.Point(p) for p in points]
    return gpd.GeoDataFrame({"facility_id": ids, "service": service}, geometry=shapes, crs=CRS)


def reached_edges(graph, facilities, *, cutoff_min, service=None, direction="to_facility"):
    """Stretches within reach of the nearest facility, as lines with their minutes."""
    (places, groups) = place_groups(graph, facilities, service=service, vocabulary=None, rules=None, barriers=None)
    tables = []
    for group in groups:
        goals = take(places.snaps, group.members)
        found = reached_stretches(graph, goals, cutoff_min=cutoff_min, direction=direction)
        pieces, row, _ = straight_pieces(graph, found)
        lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
        table = gpd.GeoDataFrame(
            {
                "facility_id": places.frame["facility_id"].to_numpy()[group.members[found.owner]],
                "edge_id": graph.edge_id[found.edge],
                "start_fraction": found.start,
                "end_fraction": found.end,
                "start_min": found.start_min,
                "end_min": found.end_min,
                "length_m": (found.end - found.start) * graph.length_m[found.edge],
            },
            geometry=shapely.line_merge(shapely.multilinestrings(lines, indices=row, out=np.empty(len(found), object))),
            crs=graph.crs,
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


STREET = network([(0, 0), (10_000, 0)])


def test_a_road_is_cut_at_the_exact_minute():
    # 10 km at 2 minutes a kilometre; from its beginning 5 minutes are 2.5 km.
    found = reached_edges(STREET, clinics((0, 0)), cutoff_min=5.0)
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["start_min"], row["end_min"]) == (pytest.approx(0.0), pytest.approx(5.0))
    assert row["length_m"] == pytest.approx(2500.0)
    assert row.geometry.equals_exact(shapely.LineString([(0, 0), (2500, 0)]), 1e-6)
    # At 20 minutes the whole road, to the metre; a hair less leaves its end out.
    assert reached_edges(STREET, clinics((0, 0)), cutoff_min=20.0)["end_fraction"].tolist() == [1.0]
    assert reached_edges(STREET, clinics((0, 0)), cutoff_min=19.99)["end_fraction"][0] < 1.0


def test_the_walk_to_the_door_counts():
    # 100 m off the road at its beginning: 1.56 minutes, so 5 minutes leave 3.44 for 1.72 km.
    found = reached_edges(STREET, clinics((0, 100)), cutoff_min=5.0)
    assert found["length_m"].sum() == pytest.approx(1720.0)
    assert found["start_min"].min() == pytest.approx(1.56)


def test_a_facility_in_the_middle_reaches_both_ways_and_two_share_the_road():
    found = reached_edges(STREET, clinics((4000, 0)), cutoff_min=2.0)
    assert found["length_m"].sum() == pytest.approx(2000.0)
    assert found[["start_fraction", "end_fraction"]].to_numpy() == pytest.approx(np.array([[0.3, 0.4], [0.4, 0.5]]))
    shared = reached_edges(STREET, clinics((0, 0), (10_000, 0)), cutoff_min=np.inf)
    assert shared["facility_id"].tolist() == ["f0", "f1"]
    assert shared["length_m"].tolist() == pytest.approx([5000.0, 5000.0])
    assert shared["end_min"][0] == pytest.approx(10.0)


def test_directions_differ_on_a_one_way_road():
    one_way = network([(0, 0), (10_000, 0)], oneway=["yes"])
    place = clinics((4000, 0))
    to = reached_edges(one_way, place, cutoff_min=4.0)
    away = reached_edges(one_way, place, cutoff_min=4.0, direction="from_facility")
    assert to[["start_fraction", "end_fraction"]].to_numpy().ravel() == pytest.approx([0.2, 0.4])
    assert away[["start_fraction", "end_fraction"]].to_numpy().ravel() == pytest.approx([0.4, 0.6])


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
def test_every_point_of_every_edge_has_the_minutes_of_the_door_to_door_search(direction):
    rng = np.random.default_rng(5)
    lines = [[(x * 1000, y * 1000) for x in range(6)] for y in range(6)]
    lines += [[(x * 1000, y * 1000 + 0) for y in range(6)] for x in range(6)]
    graph = network(*lines, oneway=rng.choice(["yes", "no", "-1"], 12, p=[0.3, 0.5, 0.2]))
    goals = snap(
        graph, gpd.GeoSeries(shapely.points(rng.uniform(0, 5000, (9, 2))), crs=CRS), candidates=3, min_component_km=0.0
    )
    found = reached_stretches(graph, goals, direction=direction)
    row = rng.integers(0, len(found), 400)
    part = rng.uniform(0.02, 0.98, 400)
    share = found.start[row] + part * (found.end - found.start)[row]
    minutes = found.start_min[row] + part * (found.end_min - found.start_min)[row]
    edges = graph.edge_lines()[found.edge[row]]
    points = gpd.GeoSeries(shapely.line_interpolate_point(edges, share, normalized=True), crs=CRS)
    best = nearest(graph, snap(graph, points, candidates=1, min_component_km=0.0), goals, k=1, direction=direction)
    np.testing.assert_allclose(minutes, best.travel_time_min[:, 0], atol=1e-6)
    np.testing.assert_array_equal(found.owner[row], best.destination[:, 0])
    # Together with what is out of reach every edge is whole.
    rest = found.rest(graph.n_edges)
    total = np.bincount(found.edge, found.end - found.start, graph.n_edges)
    np.testing.assert_allclose(total + np.bincount(rest.edge, rest.end - rest.start, graph.n_edges), 1.0)


def ring(radius=5000.0, centre=(0.0, 0.0), corners=72):
    angle = np.linspace(0.0, 2.0 * np.pi, corners + 1)
    xy = np.column_stack((np.cos(angle), np.sin(angle))) * radius + centre
    xy[-1] = xy[0]
    return xy


def test_a_ring_road_has_a_hole_in_its_middle():
    area = isochrones(network(ring()), clinics((5000, 0)), cutoffs_min=(60,))
    shape = area.geometry[0]
    assert len(shape.geoms) == 1
    assert len(shape.geoms[0].interiors) == 1
    assert not shape.contains(shapely.Point(0, 0))
    # A band of 200 m on both sides: between the circles of 4.8 and 5.2 km, which corners make a little smaller.
    assert area["area_km2"][0] == pytest.approx(np.pi * (5.2**2 - 4.8**2), rel=0.02)
    # A hull that is wider than a ring closes it: no circle of that size fits in.
    hulls = [AreaRules(hull_m=metres) for metres in (1200.0, 600.0)]
    small = [isochrones(network(ring(1000.0)), clinics((1000, 0)), cutoffs_min=(60,), areas=hull) for hull in hulls]
    assert [areas.geometry[0].contains(shapely.Point(0, 0)) for areas in small] == [True, False]


def test_islands_stay_apart_and_the_one_without_a_clinic_is_left_out():
    far = ring(2000.0, (12_000.0, 0.0))
    graph = network(ring(2000.0), far)
    one = isochrones(graph, clinics((2000, 0)), cutoffs_min=(60,)).geometry[0]
    assert one.distance(shapely.Point(14_000, 0)) > 7000.0
    both = isochrones(graph, clinics((2000, 0), (14_000, 0)), cutoffs_min=(60,)).geometry[0]
    assert len(both.geoms) == 2


def test_a_lane_within_reach_lies_in_the_area_though_all_roads_around_it_are_out_of_reach():
    # The way to the clinic runs between nodes at x = 0 and 50, and nearer to these two roads that lead away from it.
    clinic, lane = clinics((25, 0)), [(25, 0), (25, 1000)]
    away = [[(25, 0), (x, 0), (x, 1000), (25, 1000)] for x in (5, 45)]
    graph = network(lane, *away, [(25, 1000), (25, 9000)], oneway=[None, "yes", "yes", None])
    table = isochrones(graph, clinic, cutoffs_min=(1, 2))
    reached = [reached_edges(graph, clinic, cutoff_min=float(cutoff)) for cutoff in (1, 2)]
    for area, roads in zip(table.geometry, reached, strict=True):
        assert area.is_valid
        assert roads.geometry.difference(area).length.max() <= 50.0 / 8
    assert table.geometry[0].difference(table.geometry[1]).area < 1e-3


def test_longer_cutoffs_hold_shorter_ones_and_none_claims_more_than_stated(grid_city):
    graph = grid_city.graph(8)
    x, y = grid_city.origin
    places = clinics((x + 1300, y + 1000), (x + 7000, y + 6400))
    rules = AreaRules(half_width_m=150.0, hull_m=400.0)
    table = isochrones(graph, places, cutoffs_min=(6, 2, 4), areas=rules)
    assert table["cutoff_min"].tolist() == [2.0, 4.0, 6.0]
    assert table["reached_km"].is_monotonic_increasing
    for shape, inner in zip(table.geometry[1:], table.geometry[:-1], strict=True):
        assert inner.difference(shape).area < 1e-6
    for cutoff, shape in zip(table["cutoff_min"], table.geometry, strict=True):
        assert shape.is_valid
        lines = reached_edges(graph, places, cutoff_min=cutoff).geometry.union_all()
        assert shape.difference(lines.buffer(400.01, quad_segs=64)).area < 1.0
        assert shape.buffer(1.0).covers(lines)
    assert table["walk_on_top_min"].tolist() == pytest.approx([0.4 * 15.6] * 3)


def test_what_was_asked_of_a_network_before_changes_no_area(grid_city):
    # Distances to all roads are kept with the network, tile by tile as they are asked for.
    x, y = grid_city.origin
    near, far = clinics((x + 1330, y + 1010)), clinics((x + 1330, y + 1010), (x + 14_020, y + 12_490))
    first, second = grid_city.graph(16), grid_city.graph(16)
    asked = [(near, 2.0), (far, 30.0), (near, 6.0)]
    forth = [isochrones(first, places, cutoffs_min=cutoff).geometry[0] for places, cutoff in asked]
    back = [isochrones(second, places, cutoffs_min=cutoff).geometry[0] for places, cutoff in reversed(asked)][::-1]
    assert forth[0].area < forth[2].area < forth[1].area
    assert shapely.equals_exact(forth, back).all()


def test_a_road_inside_the_bend_of_another_is_drawn_once():
    # The grid around the bend holds the lane too, which has a grid of its own.
    bend, lane = [(0, 9000), (0, 0), (9000, 0), (9000, 9000)], [(3000, 2500), (6000, 7000)]
    rules, places = AreaRules(half_width_m=150.0, hull_m=400.0), clinics((0, 9000), (3000, 2500))
    alone = [
        isochrones(network(road), clinics(road[0]), cutoffs_min=60, areas=rules).geometry[0] for road in (bend, lane)
    ]
    whole = isochrones(network(bend, lane), places, cutoffs_min=60, areas=rules).geometry[0]
    assert whole.is_valid
    assert whole.symmetric_difference(shapely.union_all(alone)).area < 1.0
    parts = catchment_areas(network(bend, lane), places, service="clinic", areas=rules).geometry
    np.testing.assert_allclose(parts.area, [area.area for area in alone], rtol=1e-6)


@pytest.mark.parametrize("seed", [3, 17, 86, 119, 639])
def test_scattered_roads_have_nested_areas_and_catchments_that_share_no_ground(seed):
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(rng.integers(1, 6)):
        points = [rng.uniform(0, 12_000, 2)]
        for _ in range(rng.integers(3, 14)):
            points.append(points[rng.integers(len(points))] + rng.normal(0, 1800, 2))
            lines.append([points[-1], points[rng.integers(len(points) - 1)]])
    speeds = rng.choice([10.0, 30.0, 60.0], len(lines))
    ends = [lines[rng.integers(len(lines))][rng.integers(2)] for _ in range(rng.integers(1, 8))]
    places = clinics(*(end + rng.normal(0, 60, 2) for end in ends))
    rules = {"areas": AreaRules(half_width_m=100.0, hull_m=300.0), "rules": SnapRules(min_component_km=0.0)}
    graph = network(*lines, speed_km_h=speeds)
    areas = isochrones(graph, places, service="clinic", cutoffs_min=(2, 6, 20), **rules).geometry.dropna()
    assert areas.is_valid.all()
    for inner, outer in itertools.pairwise(areas):
        assert inner.difference(outer).area < 1e-3 * outer.area
    shapes = catchment_areas(graph, places, service="clinic", **rules).geometry.dropna()
    assert shapes.is_valid.all()
    assert shapes.area.sum() == pytest.approx(shapes.union_all().area, abs=1.0)


def test_a_road_out_of_reach_is_not_claimed_though_it_runs_close_by():
    # Two roads 700 m apart that do not meet: the hull of 1000 m would swallow the second one.
    graph = network([(0, 0), (8000, 0)], [(0, 700), (8000, 700)])
    one_way_in = SnapRules(candidates=1)
    shape = isochrones(graph, clinics((0, 0)), cutoffs_min=(60,), rules=one_way_in).geometry[0]
    assert not shape.intersects(shapely.LineString([(0, 700), (8000, 700)]))
    assert shape.intersects(shapely.Point(4000, 150))


def test_no_area_crosses_water_but_by_a_bridge_that_is_reached():
    river = gpd.GeoSeries([shapely.LineString([(-9000, 100), (19_000, 100)])], crs=CRS)
    near = network([(0, 0), (8000, 0)])
    shape = isochrones(near, clinics((0, 0)), cutoffs_min=(60,), barriers=river).geometry[0]
    assert shape.bounds[3] <= 100.0
    bridge = network([(0, 0), (8000, 0)], [(8000, 0), (8000, 200)], [(8000, 200), (0, 200)], bridge=[None, "yes", None])
    across = isochrones(bridge, clinics((0, 0)), cutoffs_min=(60,), barriers=river).geometry[0]
    assert across.contains(shapely.Point(4000, 250))
    assert not across.intersects(river[0])
    lake = gpd.GeoSeries([shapely.box(3000, -150, 4000, -50)], crs=CRS)
    wet = isochrones(near, clinics((0, 0)), cutoffs_min=(60,), barriers=lake).geometry[0]
    assert not wet.contains(shapely.Point(3500, -100))


def test_every_facility_and_every_service_has_its_rows_whatever_is_reached():
    graph = network([(0, 0), (8000, 0)])
    places = clinics((0, 0), (0, 90_000))
    places.loc[1, "service"] = "school"
    each = isochrones(graph, places, cutoffs_min=(5, 10), per="facility")
    assert each["facility_id"].tolist() == ["f0", "f0", "f1", "f1"]
    assert each.geometry.isna().tolist() == [False, False, True, True]
    assert each["area_km2"][2] == 0.0
    by_service = isochrones(graph, places, cutoffs_min=(5,))
    assert by_service["service"].tolist() == ["clinic", "school"]
    assert by_service["facility_id"].isna().all()
    # At 0 minutes there is the clinic's door and no road.
    assert isochrones(graph, places, cutoffs_min=(0,), service="clinic").geometry.isna().all()


def test_neither_order_nor_planned_facilities_matter():
    graph = network([(0, 0), (8000, 0)], [(4000, 0), (4000, 6000)])
    places = clinics((0, 0), (4000, 6000), (8000, 0))
    places["status"] = ["existing", "existing", "candidate"]
    table = catchment_areas(graph, places, service="clinic")
    shuffled = catchment_areas(graph, places.iloc[::-1], service="clinic")
    assert table["facility_id"].tolist() == shuffled["facility_id"].tolist() == ["f0", "f1"]
    assert table.geometry.geom_equals(shuffled.geometry).all()


def test_catchments_share_borders_and_no_ground():
    # One road of 10 km between two clinics: 5 km each; cells of 500 m along it hold 1, 2, 4, ... 2 ** 19 people.
    values = np.full((3, 20), np.nan)
    values[1] = 2.0 ** np.arange(20)
    people = Raster(values, from_origin(0, 750, 500, 500), pyproj.CRS.from_user_input(CRS))
    places = clinics((0, 0), (10_000, 0))
    table = catchment_areas(STREET, places, service="clinic", population=people)
    assert table["reached_km"].tolist() == pytest.approx([5.0, 5.0])
    assert table["longest_min"].tolist() == pytest.approx([10.0, 10.0])
    assert table["population_persons"].tolist() == [2.0**10 - 1, 2.0**20 - 2.0**10]
    first, second = table.geometry
    assert first.intersection(second).area < 1e-6
    assert first.union(second).area == pytest.approx(first.area + second.area)
    assert first.bounds[2] == pytest.approx(5000.0, abs=50.0)
    whole = isochrones(STREET, places, cutoffs_min=(60,)).geometry[0]
    # Outlines lose corners of less than a quarter of a cell of 50 m; which ones, the border in the middle decides.
    assert whole.symmetric_difference(first.union(second)).area < 5 * 50.0**2 / 4
    # Within 4 minutes of a clinic lie the first and the last 2 km.
    near = catchment_areas(STREET, places, service="clinic", max_time_min=4.0)
    assert near["reached_km"].tolist() == pytest.approx([2.0, 2.0])
    assert near.geometry[0].distance(near.geometry[1]) > 5000.0


def test_ground_across_a_river_goes_to_its_own_bank():
    # Two roads 200 m apart with a river between; each bank has its clinic.
    graph = network([(0, 0), (8000, 0)], [(0, 200), (8000, 200)])
    river = gpd.GeoSeries([shapely.LineString([(-9000, 150), (19_000, 150)])], crs=CRS)
    south, north = catchment_areas(graph, clinics((0, 0), (0, 200)), service="clinic", barriers=river).geometry
    assert south.contains(shapely.Point(4000, 140))  # nearer to the northern road, but south of the river
    assert north.bounds[1] >= 150.0


def test_a_road_shorter_than_the_grid_has_ground_of_its_own():
    # Three clinics 10 m apart on a street: the middle one is the nearest for 10 m, between two nodes 50 m apart.
    places = clinics((5015, 0), (5025, 0), (5035, 0))
    table = catchment_areas(STREET, places, service="clinic")
    assert table["reached_km"].tolist() == pytest.approx([5.02, 0.01, 4.97])
    shapes = table.geometry
    assert not shapes.isna().any()
    roads = reached_edges(STREET, places, service="clinic", cutoff_min=np.inf)
    for name, lines in roads.groupby("facility_id").geometry:
        own = shapes[table["facility_id"] == name].iloc[0]
        assert own.buffer(50.0 / 8).covers(lines.union_all())
    assert shapes.iloc[1].buffer(1e-6).covers(shapely.LineString([(5020, 0), (5030, 0)]))
    assert shapes.is_valid.all()
    assert shapes.area.sum() == pytest.approx(shapes.union_all().area)


def rivers(rng, n, low, high):
    ends = rng.uniform(low, high, (n, 5, 2))
    return gpd.GeoSeries([shapely.LineString(xy).buffer(15.0) for xy in np.sort(ends, axis=1)], crs=CRS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_ground_and_nobody_is_lost_between_catchments_and_rivers(grid_city, seed):
    rng = np.random.default_rng(seed)
    graph = grid_city.graph(8)
    x, y = grid_city.origin
    low, high = (x - 500, y - 500), (x + 8500, y + 8500)
    places = clinics(*rng.uniform((x, y), (x + 8000, y + 8000), (12, 2)))
    water = rivers(rng, 4, low, high)
    people = Raster(
        rng.uniform(0.0, 9.0, (120, 120)), from_origin(x - 2000, y + 10_000, 100, 100), pyproj.CRS.from_user_input(CRS)
    )
    options = {"service": "clinic", "barriers": water}
    table = catchment_areas(graph, places, population=people, **options)
    whole = isochrones(graph, places, cutoffs_min=(1e6,), **options).geometry[0]
    shapes = table.geometry.dropna()
    assert shapes.is_valid.all()
    assert shapes.area.sum() == pytest.approx(shapes.union_all().area, rel=1e-9)
    assert whole.symmetric_difference(shapes.union_all()).area < 1e-3 * whole.area
    assert shapes.intersection(water.union_all()).area.sum() < 1.0
    counted = table["population_persons"].sum()
    assert counted + table.attrs["persons_in_none"] == pytest.approx(people.total)
    # Every cell whose centre lies within reach counts once.
    row, column = np.nonzero(people.values)
    centres = shapely.points(*people.cell_centres(row, column))
    within = people.values[row, column][shapely.intersects(shapes.union_all(), centres)].sum()
    assert within <= counted < within * 1.1


@pytest.mark.parametrize("seed", [4, 5])
def test_the_width_of_tiles_changes_no_area(grid_city, monkeypatch, seed):
    rng = np.random.default_rng(seed)
    x, y = grid_city.origin
    places = clinics(*rng.uniform((x, y), (x + 8000, y + 8000), (9, 2)))
    options = {"service": "clinic", "barriers": rivers(rng, 4, (x - 500, y - 500), (x + 8500, y + 8500))}
    drawn = []
    for width in (5, 30):  # 4 km, and the whole town at once
        monkeypatch.setattr(area_hulls, "_WIDE", width)
        graph, rules = grid_city.graph(8), AreaRules(hull_m=200.0)
        own = catchment_areas(graph, places, areas=rules, **options).geometry
        near = isochrones(graph, places, cutoffs_min=(2, 5), areas=rules, **options).geometry
        drawn.append(np.concatenate((own.to_numpy(), near.to_numpy())))
    assert (shapely.is_missing(drawn[0]) == shapely.is_missing(drawn[1])).all()
    there = ~shapely.is_missing(drawn[0])
    assert there.sum() > 5
    differs = shapely.area(shapely.symmetric_difference(drawn[0][there], drawn[1][there]))
    assert (differs <= 1e-4 * shapely.area(drawn[0][there])).all()


def test_people_whose_cell_has_its_centre_in_a_river_belong_to_its_bank():
    values = np.array([[np.nan, 7.0, 5.0]])
    people = Raster(values, from_origin(1000, 50, 100, 100), pyproj.CRS.from_user_input(CRS))
    # The centre of the second cell, at (1150, 0), lies in a pond; that of the third one as well, amid a lake.
    ponds = gpd.GeoSeries([shapely.box(1140, -10, 1160, 10), shapely.box(1205, -900, 1400, 900)], crs=CRS)
    table = catchment_areas(
        network([(-8000, 30), (1195, 30)]), clinics((0, 30)), service="clinic", population=people, barriers=ponds
    )
    assert table["population_persons"].tolist() == [12.0]
    lake = gpd.GeoSeries([shapely.box(1195.5, -900, 1500, 900)], crs=CRS)
    wide = people.values * [[np.nan, np.nan, 1.0]]
    far = catchment_areas(
        network([(-8000, 30), (1100, 30)]),
        clinics((0, 30)),
        service="clinic",
        population=Raster(wide, from_origin(1100, 50, 100, 100), people.crs),
        barriers=lake,
    )
    assert far["population_persons"].tolist() == [0.0]
    assert far.attrs["persons_in_none"] == 5.0


def test_people_of_a_wide_cell_whose_centre_lies_in_a_far_lake_are_not_lost():
    graph, lake = network([(-2000, 0), (6000, 0)]), gpd.GeoSeries([shapely.box(0, 11_500, 4000, 12_500)], crs=CRS)
    people = Raster(np.array([[100.0]]), from_origin(-8000, 22_000, 20_000, 20_000), pyproj.CRS.from_user_input(CRS))
    table = catchment_areas(graph, clinics((0, 0)), service="clinic", barriers=lake, population=people)
    assert table["population_persons"].tolist() == [100.0]


def test_walls_are_kept_of_the_last_barriers_alone(grid_city):
    x, y = grid_city.origin
    graph, place = grid_city.graph(4), clinics((x + 1010, y + 1020))
    held = []
    for shift in range(3):
        river = gpd.GeoSeries([shapely.box(x + 1500 + shift, y, x + 1530 + shift, y + 4000)], crs=CRS)
        catchment_areas(graph, place, service="clinic", barriers=river)
        (kept,) = area_hulls._ALL_ROADS[graph].values()
        held.append(len({id(barriers) for barriers, _ in kept.walls}))
    assert held == [1, 1, 1]


def test_towns_far_from_each_other_are_drawn_on_grids_of_their_own():
    # One grid over both would have half a thousand million nodes.
    graph = network([(0, 0), (8000, 0)], [(900_000, 1_400_000), (908_000, 1_400_000)])
    places = clinics((0, 0), (908_000, 1_400_000))
    near = isochrones(network([(0, 0), (8000, 0)]), clinics((0, 0)), cutoffs_min=(5, 60)).geometry
    for shape, alone in zip(isochrones(graph, places, cutoffs_min=(5, 60)).geometry, near, strict=True):
        assert len(shape.geoms) == 2
        assert shape.intersection(shapely.box(-9000, -9000, 20_000, 9000)).equals(alone)
    assert catchment_areas(graph, places, service="clinic").geometry.area.min() > 3e6


def test_groups_of_pieces_are_far_apart():
    rng = np.random.default_rng(8)
    start = rng.uniform(0.0, 60_000.0, (60, 2))
    pieces = np.hstack((start, start + rng.uniform(-3000.0, 3000.0, (60, 2))))
    group = far_apart(pieces, 2000.0)
    assert group.max() > 2
    assert sorted(set(group.tolist())) == list(range(group.max() + 1))
    lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
    away = shapely.distance(lines[:, None], lines[None])
    assert away[group[:, None] != group[None]].min() > 2000.0


def test_an_island_without_a_facility_and_a_facility_without_a_road_have_no_ground():
    # Two islands, 600 m of sea between them, and an islet without a road.
    here, there, islet = (shapely.Point(x, y).buffer(r) for x, y, r in ((0, 0, 3000), (6600, 0, 3000), (0, 3250, 200)))
    sea = gpd.GeoSeries([shapely.box(-20_000, -20_000, 30_000, 20_000).difference(here | there | islet)], crs=CRS)
    graph = network([(-2900, 0), (2900, 0)], [(3700, 0), (9500, 0)], [(0, -2900), (0, 2900)])
    places = clinics((0, 0), (0, 3250))
    table = isochrones(graph, places, cutoffs_min=(10, 60), per="facility", barriers=sea)
    own = catchment_areas(graph, places, service="clinic", barriers=sea)
    assert table.geometry.isna().tolist() == [False, False, True, True]
    assert own.geometry.isna().tolist() == [False, True]
    assert own["reached_km"][1] == 0.0
    for shape in [*table.geometry[:2], own.geometry[0]]:
        assert shape.difference(here).area < 1e-3
        assert shape.distance(there) > 500.0
    # What the roads of the first island would claim of the islet, behind the sea, is nobody's.
    assert own.attrs["cut_off_km2"] > 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cutoffs_min": ()}, "is empty"),
        ({"cutoffs_min": (-1,)}, "-1 min"),
        ({"cutoffs_min": (np.nan,)}, "nan min"),
        ({"cutoffs_min": (5,), "direction": "back"}, "'back'"),
        ({"cutoffs_min": (5,), "per": "town"}, "'town'"),
        ({"cutoffs_min": (5,), "service": "opera"}, "'opera'.*'clinic'"),
    ],
)
def test_isochrones_refuse_what_makes_no_sense(options, message):
    with pytest.raises(ContractError, match=message):
        isochrones(STREET, clinics((0, 0)), **options)


def test_widths_and_crs_are_checked():
    for wrong in ({"half_width_m": 0.0}, {"hull_m": 100.0}, {"spacing_m": np.inf}, {"half_width_m": np.nan}):
        with pytest.raises(ContractError, match="area rules"):
            AreaRules(**wrong)
    with pytest.raises(CrsError):
        isochrones(STREET, clinics((0, 0)).to_crs("EPSG:32638"), cutoffs_min=(5,))
    sea = gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs="EPSG:32638")
    with pytest.raises(CrsError):
        isochrones(STREET, clinics((0, 0)), cutoffs_min=(5,), barriers=sea)


NO_CORNER = -1.0


@pytest.mark.parametrize("spots", [3, 40])
def test_corners_that_hardly_matter_are_left_out_for_all_neighbours_alike(spots):
    rng = np.random.default_rng(spots)
    grid = Grid(50.0, 7, 11, 60, 80)
    for _ in range(10):
        # Nodes have the label of the nearest spot; nothing is drawn far from all of them.
        xy, row, column = rng.uniform(0, 80, (spots, 2)), *np.indices((60, 80))
        away = np.hypot(column[..., None] - xy[:, 0], row[..., None] - xy[:, 1])
        labels = np.where(away.min(axis=-1) < 25.0, away.argmin(axis=-1), -1).astype(np.int32)
        labels[[0, -1]] = labels[:, [0, -1]] = -1
        share = rng.uniform(0, 1, labels.size)

        def where(low, _high, share=share):
            return share[low.row * 80 + low.column]

        whole, of = outlines(labels, where, grid, NO_CORNER)
        thin, same = outlines(labels, where, grid)
        assert of.tolist() == same.tolist()
        assert shapely.is_valid(thin).all()
        assert shapely.coverage_is_valid(thin)
        assert shapely.union_all(thin).area == pytest.approx(shapely.area(thin).sum())
        # As GEOS does it with a quarter of a cell, 25 m squared, but that a point stays between any two middles.
        geos = shapely.coverage_simplify(whole, 25.0)
        before, own, theirs = (int(shapely.get_num_coordinates(shapes).sum()) for shapes in (whole, thin, geos))
        assert own < 0.9 * before
        assert theirs == pytest.approx(own, rel=0.05)
        assert shapely.area(shapely.symmetric_difference(thin, geos)).sum() < 0.002 * shapely.area(geos).sum()


@pytest.mark.parametrize("labels", [1, 2, 3, 6])
def test_outlines_of_any_labels_are_valid_disjoint_and_hold_their_nodes(labels):
    rng = np.random.default_rng(labels)
    for _ in range(20):
        nodes = np.full((30, 40), -1, dtype=np.int32)
        nodes[1:-1, 1:-1] = rng.integers(-1, labels, (28, 38))
        shapes, of = outlines(nodes, lambda low, _: rng.uniform(0, 1, len(low[0])), Grid(1.0, 0, 0, 30, 40), NO_CORNER)
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)
        assert shapely.union_all(shapes).area == pytest.approx(shapely.area(shapes).sum())
        row, column = np.nonzero(nodes >= 0)
        node, shape = shapely.STRtree(shapes).query(shapely.points(column, row), predicate="intersects")
        assert node.tolist() == list(range(len(row)))
        assert (of[shape] == nodes[row, column]).all()


@pytest.mark.parametrize("square", [[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
def test_of_two_labels_that_meet_crosswise_the_lower_one_is_joined(square):
    nodes = np.full((4, 4), -1, dtype=np.int32)
    nodes[1:3, 1:3] = square
    shapes, of = outlines(nodes, lambda low, _: np.full(len(low[0]), 0.5), Grid(1.0, 0, 0, 4, 4), NO_CORNER)
    parts = [shapely.get_num_geometries(shapes[of == label]).sum() for label in (0, 1)]
    assert parts == [1, 2]


def test_nodes_beside_a_piece_know_their_distance_before_any_is_passed_on():
    piece = shapely.LineString([(1, 1), (9, 4)])
    gap, nearest = np.full((6, 11), 9, dtype=np.float32), np.full((6, 11), -1, dtype=np.int32)
    seed(np.array([[1, 1, 9, 4]], dtype=np.float64), gap, nearest)
    row, column = np.indices(gap.shape)
    away = shapely.distance(shapely.points(column, row), piece)
    # Corners of the squares that it passes are no farther than a diagonal.
    assert (nearest[away <= np.sqrt(2.0)] == 0).all()
    np.testing.assert_allclose(gap[nearest == 0], away[nearest == 0], atol=1e-6)


def test_distances_spread_along_a_row_and_not_around_its_end():
    # Two points, one at the first of five nodes and one 2 beyond the last.
    pieces = np.array([[0, 0, 0, 0], [6, 0, 6, 0]], dtype=np.float64)
    gap, nearest = np.array([[0, 9, 9, 9, 2]], dtype=np.float32), np.array([[0, -1, -1, -1, 1]], dtype=np.int32)
    no_wall = np.zeros((0, 0), dtype=np.float32)
    spread(pieces, gap, nearest, np.array([0, 4], dtype=np.int32), 9, no_wall, no_wall)
    assert gap.tolist() == [[0, 1, 2, 3, 2]]


def test_distances_from_many_short_pieces_are_exact_but_for_a_hair():
    # A road that winds in pieces shorter than a cell, most of which are nearest to no node beside them.
    rng = np.random.default_rng(7)
    xy = np.column_stack((np.linspace(2, 38, 90), 20 + np.cumsum(rng.normal(0, 0.4, 90))))
    pieces = np.hstack((xy[:-1], xy[1:]))
    found = Distances(pieces, 15.0, np.full((41, 41), 15, dtype=np.float32)).seeded().spread()
    column, row = np.meshgrid(np.arange(41.0), np.arange(41.0))
    away = shapely.distance(shapely.points(column, row), shapely.linestrings(xy))
    error = np.abs(found.gap - np.minimum(away, 15.0))
    assert (error < 1e-5).mean() > 0.995
    assert error.max() < 0.05


def test_widths_of_kilometres_over_a_country_are_refused_where_memory_would_not_hold_them():
    graph = network([(0, 0), (1_000_000, 0)], [(1_000_000, 0), (1_000_000, 900_000)])
    fine = AreaRules(spacing_m=10.0)
    with pytest.raises(ContractError, match=r"spacing_m: 10 m .* wider spacing"):
        isochrones(graph, clinics((0, 0)), cutoffs_min=(10_000,), areas=fine)


@pytest.fixture(scope="module")
def islands(comoros, region_layers):
    layers = region_layers(comoros)
    return build_network(layers.roads), layers.facilities


@pytest.mark.data
def test_on_the_islands_isochrones_are_valid_and_nested(islands):
    table = isochrones(*islands, cutoffs_min=(15, 60), service="hospital")
    assert table.geometry.is_valid.all()
    assert table.geometry[0].difference(table.geometry[1]).area < 1e-3
    # Three islands, apart; the volcano in the west and other pockets stay open.
    assert len(table.geometry[1].geoms) >= 3
    assert any(part.interiors for part in table.geometry[1].geoms)


def inside(area, lines):
    """Metres of lines in an area; those that lie well within it are not cut."""
    lines = lines.to_numpy()
    shapely.prepare(area)
    whole = shapely.contains_properly(area, lines)
    return shapely.length(lines[whole]).sum() + shapely.length(shapely.intersection(area, lines[~whole])).sum()


@pytest.mark.data
def test_on_the_islands_areas_hold_the_roads_within_reach_and_no_others(islands):
    graph, facilities = islands
    leavable = set(graph.edge_id[graph.is_snappable & (graph.road_class != "ferry")])
    every = reached_edges(graph, facilities, service="hospital", cutoff_min=np.inf)
    every = every[every["edge_id"].isin(leavable)]
    area = isochrones(graph, facilities, cutoffs_min=(15,), service="hospital").geometry[0]
    near = reached_edges(graph, facilities, service="hospital", cutoff_min=15.0)
    near = near[near["edge_id"].isin(leavable)]
    assert inside(area, near.geometry) > 0.999 * near.length.sum()
    out_of_reach = every.length.sum() - near.length.sum()
    assert inside(area, every.geometry) - inside(area, near.geometry) < 0.001 * out_of_reach
    own = catchment_areas(graph, facilities, service="hospital").set_index("facility_id").geometry
    held = sum(inside(own[name], lines) for name, lines in every.groupby("facility_id").geometry)
    assert held > 0.9998 * every.length.sum()
    # Schools stand close in towns: the way to many is shorter than two cells.
    ways = reached_edges(graph, facilities, service="school", cutoff_min=np.inf)
    ways = ways[ways["edge_id"].isin(leavable)]
    own = catchment_areas(graph, facilities, service="school").set_index("facility_id").geometry
    assert not own[ways["facility_id"].unique()].isna().any()
    held = sum(inside(own[name], lines) for name, lines in ways.groupby("facility_id").geometry)
    assert held > 0.9995 * ways.length.sum()


@pytest.mark.data
def test_on_the_islands_catchments_are_disjoint_and_hold_every_road(islands):
    graph, facilities = islands
    areas = catchment_areas(graph, facilities, service="hospital", max_time_min=60.0)
    shapes = areas.geometry.dropna()
    assert shapes.area.sum() == pytest.approx(shapes.union_all().area, rel=1e-9)
    roads = reached_edges(graph, facilities, service="hospital", cutoff_min=60.0)
    assert areas["reached_km"].sum() == pytest.approx(roads["length_m"].sum() / 1000.0)


def test_areas_of_facilities_without_a_service_and_cutoffs_that_are_none_are_refused(grid_city):
    graph, clinics = grid_city.graph(), grid_city.facilities([("a", "clinic", 1, 1), ("b", "clinic", 2, 2)])
    for draw in (
        lambda frame: isochrones(graph, frame, cutoffs_min=[5]),
        lambda frame: catchment_areas(graph, frame, service="clinic"),
    ):
        with pytest.raises(ContractError, match="service: no such column"):
            draw(clinics.drop(columns="service"))
        with pytest.raises(ContractError, match="service: missing in 1 rows"):
            draw(clinics.assign(service=[None, "clinic"]))
    with pytest.raises(ContractError, match="cutoffs_min"):
        isochrones(graph, clinics, cutoffs_min=["a"])


def test_a_part_holds_a_long_road_of_its_owner_whose_middle_lies_far_away():
    # The first road is 1,000 m long with its middle 475 m north of the first part; the second road is another's.
    pieces = np.array([[0.0, 0.0, 0.0, 1000.0], [300.0, 0.0, 300.0, 20.0]])
    boxes = [(-10, 0, 10, 50), (290, 0, 310, 50), (290, 0, 310, 50), (-10, 1001, 10, 1050)]
    parts = np.array([shapely.box(*each) for each in boxes], dtype=object)
    held = holding(_Parts(parts, np.array([0, 0, 1, 0])), _Roads(pieces, np.array([0, 1])))
    assert held.tolist() == [True, False, True, False]


def test_of_many_roads_those_far_from_all_parts_are_never_made_lines(monkeypatch):
    rng = np.random.default_rng(3)
    start = rng.uniform(0.0, 100_000.0, (20_000, 2))
    pieces = np.hstack((start, start + rng.normal(0.0, 40.0, start.shape)))
    pieces[:5, 2:] = pieces[:5, :2] + 60_000.0
    low = rng.uniform(-2_000.0, 101_000.0, (300, 2))
    parts = np.array(shapely.box(*low.T, *(low + rng.uniform(50.0, 900.0, low.shape)).T), dtype=object)
    lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
    owner, whose = rng.integers(0, 2, len(parts)), rng.integers(0, 2, len(pieces))
    part, piece = shapely.STRtree(lines).query(parts, predicate="intersects")
    held = np.zeros(len(parts), dtype=bool)
    held[part[owner[part] == whose[piece]]] = True
    made, make = [], area_hulls._lines
    monkeypatch.setattr(area_hulls, "_lines", lambda found: (made.append(len(found)), make(found))[1])
    assert holding(_Parts(parts, owner), _Roads(pieces, whose)).tolist() == held.tolist()
    assert 0 < held.sum() < len(parts)
    assert sum(made) < len(pieces) / 5


def test_short_pieces_stay_as_they_are_and_long_ones_are_cut_evenly():
    pieces = np.array([[0.1, 0.7, 0.30000000000000004, 0.1], [0.0, 0.0, 2.5, 0.0], [0.3, 0.9, 0.1, 0.2]])
    parts, piece = cut_short(pieces)
    assert piece.tolist() == [0, 1, 1, 1, 2]
    assert parts[[0, 4]].tolist() == pieces[[0, 2]].tolist()
    assert parts[1:4].ravel() == pytest.approx([0, 0, 2.5 / 3, 0, 2.5 / 3, 0, 5 / 3, 0, 5 / 3, 0, 2.5, 0])
