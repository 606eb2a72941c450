"""Where the data end: hard borders, and places on barriers."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.access.findings import move_off_barriers
from spatial.errors import ContractError, CrsError, NetworkError
from spatial.network.build import build_network
from spatial.network.nearest import nearest
from spatial.network.snapping import snap
from spatial.network.splitting import border_lines, hard_border
from spatial.tables import TABLES

CRS = "EPSG:32738"


def roads(*lines):
    frame = {"road_id": [f"w{n}" for n in range(len(lines))], "road_class": "tertiary"}
    return gpd.GeoDataFrame(frame, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


def minutes(graph, start, goal):
    points = gpd.GeoSeries([shapely.Point(start), shapely.Point(goal)], crs=CRS)
    snaps = snap(graph, points, candidates=1, min_component_km=0.0)
    return nearest(graph, snap_of(snaps, 0), snap_of(snaps, 1), k=1).travel_time_min[0, 0]


def snap_of(snaps, row):
    from spatial.access.places import take  # noqa: PLC0415

    return take(snaps, np.array([row]))


HALF = gpd.GeoSeries([shapely.box(-9000, -9000, 1000, 9000)], crs=CRS)


def test_a_road_over_the_border_becomes_two_that_do_not_meet():
    graph = build_network(roads([(0, 0), (4000, 0)]), speeds="rural_cn")
    cut = hard_border(graph, HALF)
    assert cut.n_edges == 2
    assert cut.length_m.tolist() == pytest.approx([1000.0, 3000.0])
    assert minutes(graph, (500, 0), (1500, 0)) == pytest.approx(2.0)
    assert np.isinf(minutes(cut, (500, 0), (1500, 0)))
    assert minutes(cut, (100, 0), (900, 0)) == pytest.approx(1.6)
    assert cut.length_m.sum() == pytest.approx(graph.length_m.sum())
    assert graph.n_edges == 1


def test_a_junction_on_the_border_is_doubled_and_each_side_stays_joined():
    # Two roads of each side meet on the border at (1000, 0).
    hub = (1000.0, 0.0)
    graph = build_network(
        roads([(0, 500), hub], [(0, -500), hub], [hub, (2000, 500)], [hub, (2000, -500)]), speeds="rural_cn"
    )
    cut = hard_border(graph, HALF)
    assert cut.n_edges == 4
    assert cut.n_nodes == graph.n_nodes + 1
    assert np.isfinite(minutes(cut, (0, 500), (0, -500)))
    assert np.isfinite(minutes(cut, (2000, 500), (2000, -500)))
    assert np.isinf(minutes(cut, (0, 500), (2000, 500)))


def test_a_road_along_the_border_belongs_to_the_inside_and_a_touch_is_no_crossing():
    graph = build_network(
        roads([(0, 0), (1000, 0)], [(1000, 0), (1000, 2000)], [(1000, 2000), (3000, 2000)]), speeds="rural_cn"
    )
    cut = hard_border(graph, HALF)
    assert np.isfinite(minutes(cut, (0, 0), (1000, 1900)))
    assert np.isinf(minutes(cut, (0, 0), (2000, 2000)))
    touching = build_network(roads([(0, 0), (1000, 500), (0, 1000)]), speeds="rural_cn")
    assert np.isfinite(minutes(hard_border(touching, HALF), (0, 0), (0, 1000)))


def test_a_road_that_comes_and_goes_is_cut_at_every_crossing():
    zigzag = build_network(roads([(0, 0), (2000, 1000), (0, 2000), (2000, 3000)]), speeds="rural_cn")
    cut = hard_border(zigzag, HALF)
    assert cut.n_edges == 4
    assert cut.component.max() == 3
    assert np.isinf(minutes(cut, (0, 0), (0, 2000)))
    far = gpd.GeoSeries([shapely.box(50_000, 0, 60_000, 9000)], crs=CRS)
    assert hard_border(zigzag, far) is zigzag


def test_a_border_of_lines_cuts_wherever_it_is_touched():
    graph = build_network(roads([(0, 0), (2000, 0), (4000, 0)], [(2000, 0), (2000, 3000)]), speeds="rural_cn")
    fence = gpd.GeoSeries([shapely.LineString([(3000, -500), (3000, 500)])], crs=CRS)
    cut = hard_border(graph, fence)
    assert np.isinf(minutes(cut, (0, 0), (4000, 0)))
    assert np.isfinite(minutes(cut, (0, 0), (2000, 3000)))
    # Through a junction: every edge there is taken off it.
    through = gpd.GeoSeries([shapely.LineString([(1500, -500), (2500, 500)])], crs=CRS)
    apart = hard_border(graph, through)
    assert np.isinf(minutes(apart, (0, 0), (4000, 0)))


def test_walks_do_not_cross_either_where_the_border_is_a_barrier():
    graph = build_network(roads([(0, 0), (4000, 0)]), speeds="rural_cn")
    village = gpd.GeoSeries([shapely.Point(900, 2000)], crs=CRS)
    wall = gpd.GeoSeries([shapely.LineString([(-9000, 1000), (9000, 1000)])], crs=CRS)
    cut = hard_border(graph, wall)
    assert snap(cut, village, min_component_km=0.0).status.tolist() == ["ok"]
    shut = snap(cut, village, barriers=border_lines(wall), min_component_km=0.0)
    assert shut.status.tolist() == ["none"]
    assert border_lines(HALF).geom_type.tolist() == ["LineString"]


def test_borders_of_the_wrong_kind_are_refused():
    graph = build_network(roads([(0, 0), (4000, 0)]), speeds="rural_cn")
    with pytest.raises(NetworkError, match="Point"):
        hard_border(graph, gpd.GeoSeries([shapely.Point(0, 0)], crs=CRS))
    with pytest.raises(NetworkError, match="nothing"):
        hard_border(graph, gpd.GeoSeries([], crs=CRS))
    with pytest.raises(CrsError):
        hard_border(graph, HALF.to_crs("EPSG:32638"))


def settlements(*points):
    ids = [f"v{n}" for n in range(len(points))]
    return gpd.GeoDataFrame({"settlement_id": ids}, geometry=[shapely.Point(p) for p in points], crs=CRS, index=ids)


LAKE = gpd.GeoSeries([shapely.box(0, 0, 1000, 1000)], crs=CRS)


def test_a_place_in_a_lake_is_moved_to_its_shore_and_the_distance_kept():
    # 30 m inside the western shore: 30 m to it and 1 m beyond.
    places = settlements((30, 500), (500, 500), (-5, 500), (0, 500))
    moved, findings = move_off_barriers(places, LAKE, max_move_m=200.0)
    TABLES["findings_access"].check(findings)
    assert moved["moved_m"].tolist() == pytest.approx([31.0, 0.0, 0.0, 1.0])
    assert moved.geometry.x.tolist() == pytest.approx([-1.0, 500.0, -5.0, -1.0])
    assert moved.index.tolist() == places.index.tolist()
    assert findings["kind"].tolist() == ["moved_off_barrier", "on_barrier", "moved_off_barrier"]
    assert findings["subject_id"].tolist() == ["v0", "v1", "v3"]
    assert findings["distance_m"].tolist()[::2] == pytest.approx([31.0, 1.0])
    assert places.geometry.x.tolist() == [30.0, 500.0, -5.0, 0.0]
    assert not moved.geometry.iloc[[0, 2, 3]].intersects(LAKE[0]).any()


def test_the_longest_move_is_inclusive():
    places = settlements((99, 500), (99.5, 500))
    moved, _ = move_off_barriers(places, LAKE, max_move_m=100.0)
    assert moved["moved_m"].tolist() == pytest.approx([100.0, 0.0])


def test_a_place_is_not_moved_from_one_barrier_onto_another():
    # West of the lake lies a second one, 0.5 m away; the dry ground is to the north.
    lakes = gpd.GeoSeries([*LAKE, shapely.box(-1000, 0, -0.5, 1000)], crs=CRS)
    moved, _ = move_off_barriers(settlements((30, 950)), lakes)
    assert moved["moved_m"].iloc[0] == pytest.approx(51.0)
    assert moved.geometry.y.iloc[0] == pytest.approx(1001.0)
    river = gpd.GeoSeries([shapely.LineString([(0, 0), (0, 1000)])], crs=CRS)
    off, _ = move_off_barriers(settlements((0, 500)), river)
    assert off["moved_m"].iloc[0] == pytest.approx(1.0)


def test_a_facility_that_is_moved_is_told_by_its_own_id():
    # Its list says in which settlement it is, too.
    wet = settlements((30, 950)).rename(columns={"settlement_id": "facility_id"}).assign(settlement_id="town")
    _, findings = move_off_barriers(wet, LAKE)
    assert findings["subject_id"].tolist() == wet["facility_id"].tolist()


def test_what_cannot_be_moved_is_refused():
    with pytest.raises(ContractError, match="max_move_m"):
        move_off_barriers(settlements((0, 0)), LAKE, max_move_m=-1.0)
    with pytest.raises(ContractError, match="settlement_id or facility_id"):
        move_off_barriers(settlements((0, 0)).drop(columns="settlement_id"), LAKE)
    with pytest.raises(ContractError, match="no point in rows 'v1'"):
        move_off_barriers(settlements((0, 0), (1, 1)).set_geometry([shapely.Point(0, 0), None], crs=CRS), LAKE)
    with pytest.raises(CrsError):
        move_off_barriers(settlements((0, 0)), LAKE.to_crs("EPSG:32638"))
    untouched, findings = move_off_barriers(settlements((0, 0)), LAKE.iloc[:0])
    assert len(findings) == 0
    assert untouched["moved_m"].tolist() == [0.0]
