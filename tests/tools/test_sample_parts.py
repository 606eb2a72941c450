"""The parts that draw the sample county: least-cost ways, maps that can be changed, streets, bridges, boundaries."""

from itertools import pairwise

import numpy as np
import pytest
import shapely

from tools.sample_county.crossings import bridge_water, join_crossings
from tools.sample_county.ground import (
    CELL_X_M,
    COLUMNS,
    HEIGHT_M,
    NORTH,
    ROWS,
    WEST,
    cell_centres,
    cells_at,
    to_degrees,
)
from tools.sample_county.lattice import Lattice
from tools.sample_county.names import draw_names
from tools.sample_county.roadmap import RoadMap, Way
from tools.sample_county.sites import OUTSIDE, pick_apart
from tools.sample_county.streets import StreetPlan, grow_streets
from tools.sample_county.terrain import densify, make_terrain
from tools.sample_county.units import draw_arcs
from tools.sample_county.water import RIVER_KM2, Water, river_cells


@pytest.fixture(scope="module")
def terrain():
    return make_terrain(np.random.default_rng([20260101, 0]))


def _road(roadmap: RoadMap, road_class: str, *points: tuple[float, float]) -> int:
    return roadmap.add_way(Way(road_class, [roadmap.add_node(*point) for point in points]))


def test_a_way_over_a_flat_lattice_costs_its_length() -> None:
    # 3 by 4 cells of 1 by 1 m; from corner to corner: two diagonal steps and one straight one
    lattice = Lattice(3, 4, 1.0, 1.0)
    spread = lattice.spread(lattice.length_m, [0])
    assert spread.cost[11] == pytest.approx(2 * np.sqrt(2) + 1)
    assert spread.way(11)[-1] == 0
    assert len(spread.way(11)) == 4


def test_a_wall_is_walked_around() -> None:
    # The middle column of 3 by 3 cells is closed but for its last row: 0 -> 3 -> 7 -> 5 -> 2
    lattice = Lattice(3, 3, 1.0, 1.0)
    wall = np.isin(np.arange(9), [1, 4])
    costs = np.where(wall[lattice.head], np.inf, lattice.length_m)
    assert lattice.spread(costs, [0]).way(2) == [2, 5, 7, 3, 0]


def test_each_cell_belongs_to_the_nearest_of_several_sources() -> None:
    lattice = Lattice(1, 8, 1.0, 1.0)
    assert lattice.spread(lattice.length_m, [0, 7]).source.tolist() == [0, 0, 0, 0, 7, 7, 7, 7]


def test_cells_and_metres_are_each_other_s_inverse() -> None:
    cells = np.array([0, COLUMNS - 1, (ROWS - 1) * COLUMNS, ROWS * COLUMNS - 1, 12345])
    assert cells_at(cell_centres(cells)).tolist() == cells.tolist()


def test_the_upper_left_corner_is_where_the_rasters_begin() -> None:
    assert to_degrees(np.array([0.0, HEIGHT_M])).tolist() == [WEST, NORTH]


def test_drawn_cells_keep_their_distance() -> None:
    weight = np.ones(ROWS * COLUMNS)
    places = cell_centres(pick_apart(np.random.default_rng(1), weight, count=40, apart_m=3_000.0))
    distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    assert len(places) == 40
    assert distance.min() >= 3_000.0


def test_a_cell_of_no_weight_is_never_drawn() -> None:
    weight = np.zeros(ROWS * COLUMNS)
    weight[500] = 1.0
    assert pick_apart(np.random.default_rng(1), weight, count=40, apart_m=10.0).tolist() == [500]


def test_names_repeat_as_often_as_asked() -> None:
    names = draw_names(np.random.default_rng(1), 100, repeats=5)
    assert len(names) == 100
    assert len({name.en for name in names}) == 95
    assert len({name.zh for name in names}) == 95


def test_water_runs_downhill_to_the_edge_of_the_map(terrain) -> None:
    # Reaches end where the next begins or at the map's edge, and none ends above its beginning.
    starts = {tuple(reach.points[0]) for reach in terrain.reaches}
    loose = [reach for reach in terrain.reaches if tuple(reach.points[-1]) not in starts]
    edge = 3 * CELL_X_M
    for reach in loose:
        x, y = reach.points[-1]
        assert min(x, y, COLUMNS * CELL_X_M - x, HEIGHT_M - y) < edge
    heights = terrain.elevation_m.ravel()
    ends = np.array([heights[cells_at(reach.points[[0, -1]])] for reach in terrain.reaches])
    assert (ends[:, 0] >= ends[:, 1]).all()


def test_rivers_grow_downstream(terrain) -> None:
    by_start = {tuple(reach.points[0]): reach for reach in terrain.reaches}
    for reach in terrain.reaches:
        below = by_start.get(tuple(reach.points[-1]))
        assert below is None or below.catchment_km2 >= reach.catchment_km2


def test_no_diagonal_step_slips_through_a_river(terrain) -> None:
    wet = river_cells(terrain).reshape(ROWS, COLUMNS)
    corner = wet[:-1, :-1] & wet[1:, 1:] & ~wet[:-1, 1:] & ~wet[1:, :-1]
    assert not corner.any()
    assert river_cells(terrain, least_km2=2.0).sum() > wet.sum() > 0


def test_points_along_a_line_are_evenly_spaced_and_keep_its_ends() -> None:
    line = densify(np.array([[0.0, 0.0], [100.0, 0.0]]), 24.0)
    assert line[:, 0].tolist() == [0.0, 25.0, 50.0, 75.0, 100.0]


def test_crossing_roads_get_a_shared_node() -> None:
    roadmap = RoadMap()
    first = _road(roadmap, "tertiary", (0.0, 0.0), (100.0, 0.0))
    second = _road(roadmap, "track", (50.0, -40.0), (50.0, 40.0))
    join_crossings(roadmap)
    shared = set(roadmap.ways[first].nodes) & set(roadmap.ways[second].nodes)
    assert [roadmap.points[node] for node in shared] == [(50.0, 0.0)]


def test_roads_that_share_a_node_are_left_as_they_are() -> None:
    roadmap = RoadMap()
    first = _road(roadmap, "tertiary", (0.0, 0.0), (50.0, 0.0), (100.0, 0.0))
    middle = roadmap.ways[first].nodes[1]
    roadmap.add_way(Way("track", [middle, roadmap.add_node(50.0, 90.0)]))
    join_crossings(roadmap)
    assert [len(way.nodes) for way in roadmap.ways] == [3, 2]


def _water(catchment_km2: float) -> Water:
    river = shapely.LineString([(100.0, -500.0), (100.0, 500.0)])
    return Water((), (), np.array([shapely.buffer(river, 10.0, cap_style="flat")]), np.array([catchment_km2]))


def test_a_road_over_a_river_is_split_at_a_bridge() -> None:
    # The river is 20 m wide at x = 90 to 110; the bridge begins 7 m before it and ends 7 m behind.
    roadmap = RoadMap()
    _road(roadmap, "secondary", (0.0, 0.0), (200.0, 0.0))
    bridge_water(roadmap, _water(RIVER_KM2))
    assert [way.tags.get("bridge") for way in roadmap.ways] == [None, "yes", None]
    bridge = [roadmap.points[node][0] for node in roadmap.ways[1].nodes]
    assert bridge == pytest.approx([83.0, 117.0])
    assert all(one.nodes[-1] == other.nodes[0] for one, other in pairwise(roadmap.ways))


def test_a_track_fords_a_stream() -> None:
    roadmap = RoadMap()
    _road(roadmap, "track", (0.0, 0.0), (200.0, 0.0))
    bridge_water(roadmap, _water(8.0))
    assert [way.tags for way in roadmap.ways] == [{"ford": "yes", "seasonal": "yes"}]


def test_a_trickle_runs_through_a_culvert() -> None:
    roadmap = RoadMap()
    _road(roadmap, "unclassified", (0.0, 0.0), (200.0, 0.0))
    bridge_water(roadmap, _water(2.5))
    assert [way.tags for way in roadmap.ways] == [{}]


def _village() -> RoadMap:
    roadmap = RoadMap()
    _road(roadmap, "tertiary", *[(40.0 * step, 0.0) for step in range(11)])
    return roadmap


def test_streets_hang_together_with_the_road_that_they_branch_off() -> None:
    roadmap = _village()
    built = grow_streets(
        np.random.default_rng(3), roadmap, StreetPlan((200.0, 0.0), 180.0, 1_500.0), lambda _x, _y: True
    )
    assert built > 1_000.0
    groups = [set(way.nodes) for way in roadmap.ways]
    reached = groups.pop(0)
    while touching := [group for group in groups if group & reached]:
        for group in touching:
            reached |= group
            groups.remove(group)
    assert groups == []


def test_streets_never_cross_without_meeting() -> None:
    roadmap = _village()
    grow_streets(np.random.default_rng(3), roadmap, StreetPlan((200.0, 0.0), 180.0, 3_000.0), lambda _x, _y: True)
    lines = [shapely.LineString([roadmap.points[node] for node in way.nodes]) for way in roadmap.ways]
    for one, first in enumerate(lines):
        for other in range(one):
            met = shapely.get_coordinates(first.intersection(lines[other])).tolist()
            shared = set(roadmap.ways[one].nodes) & set(roadmap.ways[other].nodes)
            for point in met:
                assert min(np.hypot(*np.subtract(roadmap.points[node], point)) for node in shared) < 1e-6


def test_streets_stop_where_the_ground_does() -> None:
    roadmap = _village()
    grow_streets(np.random.default_rng(3), roadmap, StreetPlan((200.0, 0.0), 180.0, 3_000.0), lambda _x, y: y >= 0.0)
    assert len(roadmap.ways) > 1
    assert min(y for _, y in roadmap.points) >= 0.0


def test_neighbours_share_their_boundary() -> None:
    # Two townships side by side in the middle of the map: one arc between them, one outer arc each.
    grid = np.full((ROWS, COLUMNS), OUTSIDE)
    grid[100:200, 100:200], grid[100:200, 200:300] = 0, 1
    arcs = draw_arcs(grid.ravel())
    assert sorted(arc.sides for arc in arcs) == [(-1, 0), (-1, 1), (0, 1)]
    corners = {corner for arc in arcs for corner in arc.corners}
    assert len(corners) == 2
