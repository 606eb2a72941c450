"""Plain road lines become a network: by arithmetic, whatever the order of rows, and nothing changed in silence."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError, CrsError
from spatial.inputs.road_noding import noding_findings
from spatial.study import Study
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CRS = "EPSG:32738"


def _roads(lines: Mapping[str, Sequence[tuple[float, float]]], **columns: Any) -> gpd.GeoDataFrame:
    geometry = [shapely.LineString(points) for points in lines.values()]
    return gpd.GeoDataFrame({"road_id": list(lines), **columns}, geometry=geometry, crs=CRS)


def _kinds(noded: sp.NodedRoads) -> list[tuple[str, str, str]]:
    return [(row.kind, row.road_ids, row.action) for row in noded.qa.itertuples()]


def _shared(noded: sp.NodedRoads) -> int:
    ids, uses = np.unique(np.concatenate(noded.roads["node_ids"].tolist()), return_counts=True)
    assert len(ids)
    return int((uses > 1).sum())


def test_a_grid_has_a_node_at_every_crossing() -> None:
    across = {f"w{k}": [(-50, 100 * k), (950, 100 * k)] for k in range(10)}
    along = {f"n{k}": [(100 * k, -50), (100 * k, 950)] for k in range(10)}
    noded = sp.node_roads(_roads(across | along))
    assert _shared(noded) == 100
    assert noded.counts["road_crossing_noded"] == 100
    assert (noded.roads.geometry.count_coordinates() == 12).all()
    graph = sp.build_network(noded.roads, mode="walk")
    assert (len(graph.node_x), len(graph.forward_min)) == (100 + 40, 20 * 11)
    assert noded.roads.geometry.length.tolist() == [1000.0] * 20
    assert noded.counts["km after"] == noded.counts["km before"] == 20.0


def test_without_noding_the_same_grid_falls_apart() -> None:
    roads = _roads({"a": [(0, 0), (100, 0)], "b": [(50, -50), (50, 50)]})
    assert len(sp.build_network(roads, mode="walk").report["components"]) == 2
    assert len(sp.build_network(sp.node_roads(roads).roads, mode="walk").report["components"]) == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"bridge": ["no", "yes"]},
        {"bridge": [None, True]},
        {"tunnel": ["yes", None]},
        {"layer": [None, "1"]},
        {"layer": [-1, 0]},
        {"bridge": ["yes", "yes"], "layer": ["1", "2"]},
    ],
)
def test_what_passes_above_is_not_joined(columns) -> None:
    roads = _roads({"a": [(0, 0), (100, 0)], "b": [(50, -50), (50, 50)]}, **columns)
    noded = sp.node_roads(roads)
    assert _shared(noded) == 0
    assert noded.counts["crossings left, other level"] == 1
    assert noded.roads.geometry.geom_equals(roads.geometry).all()


def test_a_vertex_below_a_bridge_is_not_shared_though_the_coordinates_are() -> None:
    lines = {"a": [(0, 0), (50, 0), (100, 0)], "b": [(50, -50), (50, 0), (50, 50)]}
    noded = sp.node_roads(_roads(lines, bridge=["no", "yes"]))
    graph = sp.build_network(noded.roads, mode="walk")
    assert len(graph.report["components"]) == 2


def test_a_bridge_meets_the_road_it_ends_on_and_its_own_road() -> None:
    lines = {
        "bridge": [(0, 0), (100, 0)],
        "west": [(-100, 0), (0, 0)],
        "east": [(100, -50), (100, 50)],
        "below": [(50, -50), (50, 50)],
        "stops": [(20, 50), (20, 0)],
    }
    noded = sp.node_roads(_roads(lines, bridge=["yes", "no", "no", "no", "no"]))
    ids = dict(zip(noded.roads["road_id"], noded.roads["node_ids"].map(set), strict=True))
    assert ids["bridge"] & ids["west"]
    assert ids["bridge"] & ids["east"]
    assert not ids["bridge"] & ids["below"]
    assert not ids["bridge"] & ids["stops"]


def test_the_column_of_bridges_may_have_any_name() -> None:
    lines = {"a": [(0, 0), (100, 0)], "b": [(50, -50), (50, 50)]}
    roads = _roads(lines, 桥梁=["否", "是"])
    assert _shared(sp.node_roads(roads)) == 1
    assert _shared(sp.node_roads(roads, bridge="桥梁")) == 0


def test_an_end_on_a_line_is_joined_and_an_end_beside_it_is_reported() -> None:
    lines = {"a": [(0, 0), (100, 0)], "on": [(30, 0), (30, 80)], "near": [(60, 3), (60, 80)]}
    noded = sp.node_roads(_roads(lines))
    assert [row for row in _kinds(noded) if row[0] != "road_component"] == [
        ("road_crossing_noded", "a;on", "noded"),
        ("road_near_miss", "near;a", "reported"),
    ]
    miss = noded.qa[noded.qa["kind"] == "road_near_miss"].iloc[0]
    assert (miss["distance_m"], miss["easting_m"], miss["northing_m"]) == (3.0, 60.0, 3.0)
    assert miss.geometry.wkt == "LINESTRING (60 3, 60 0)"
    assert noded.roads.geometry.length.sum() == 100 + 80 + 77


def test_snap_joins_near_misses_and_says_so() -> None:
    lines = {"a": [(0, 0), (100, 0)], "near": [(60, 3), (60, 80)], "far": [(20, 6), (20, 80)]}
    noded = sp.node_roads(_roads(lines), join="snap")
    assert _kinds(noded) == [("road_component", "far;a", "reported"), ("road_near_miss", "near;a", "joined")]
    assert noded.counts["near-misses joined"] == 1
    lines_now = dict(zip(noded.roads["road_id"], noded.roads.geometry, strict=True))
    assert lines_now["near"].wkt == "LINESTRING (60 0, 60 3, 60 80)"
    assert lines_now["a"].wkt == "LINESTRING (0 0, 60 0, 100 0)"
    assert lines_now["far"].wkt == "LINESTRING (20 6, 20 80)"


def test_two_ends_that_nearly_meet_are_one_near_miss() -> None:
    noded = sp.node_roads(_roads({"a": [(0, 0), (100, 0)], "b": [(103, 0), (200, 0)]}), join="snap")
    assert _kinds(noded) == [("road_near_miss", "a;b", "joined")]
    assert noded.roads.geometry.length.sum() == 200
    assert _shared(noded) == 1


def test_an_overshoot_is_reported_then_trimmed() -> None:
    roads = _roads({"a": [(0, 0), (100, 0)], "b": [(50, -2), (50, 80)]})
    reported, trimmed = sp.node_roads(roads), sp.node_roads(roads, join="snap")
    assert ("road_overshoot", "b;a", "reported") in _kinds(reported)
    assert reported.roads.geometry.length.sum() == 182
    assert ("road_overshoot", "b;a", "trimmed") in _kinds(trimmed)
    assert trimmed.roads.geometry.length.sum() == 180
    assert trimmed.qa.loc[trimmed.qa["kind"] == "road_overshoot", "distance_m"].tolist() == [2.0]


@pytest.mark.parametrize("order", ["abc", "cba", "bca"])
def test_an_overshoot_names_the_road_that_it_runs_beyond(order) -> None:
    lines = {"a": [(0, 0), (100, 0)], "b": [(50, 498), (50, 580)], "c": [(0, 500), (100, 500)]}
    noded = sp.node_roads(_roads({name: lines[name] for name in order}))
    assert ("road_overshoot", "b;c", "reported") in _kinds(noded)


def test_an_overshoot_at_the_last_of_all_nodes_names_the_other_road_too() -> None:
    # b comes from the beginning of a and runs 2 m (1.2 east, 1.6 north) beyond c, which comes from the end of a.
    lines = {"a": [(0, 0), (80, 0)], "b": [(31.2, 41.6), (30, 40), (0, 0)], "c": [(80, 0), (30, 40)]}
    assert ("road_overshoot", "b;c", "reported") in _kinds(sp.node_roads(_roads(lines)))


def test_a_stub_is_reported_and_stays() -> None:
    roads = _roads({"a": [(0, 0), (100, 0)], "b": [(50, 0), (50, 4)]})
    noded = sp.node_roads(roads, join="snap")
    assert ("road_dangle", "b;a", "reported") in _kinds(noded)
    assert noded.roads.geometry.length.sum() == 104


def test_an_end_near_a_line_that_its_road_already_meets_is_no_near_miss() -> None:
    noded = sp.node_roads(_roads({"a": [(0, 0), (100, 0)], "b": [(50, 0), (55, 4), (60, 4.5)]}))
    assert "road_near_miss" not in set(noded.qa["kind"])


def test_components_say_how_far_they_are_and_from_what() -> None:
    noded = sp.node_roads(_roads({"a": [(0, 0), (900, 0)], "b": [(0, 40), (100, 40)]}))
    row = noded.qa.iloc[0]
    assert (row["kind"], row["road_ids"], row["distance_m"], row["action"]) == (
        "road_component",
        "b;a",
        40.0,
        "reported",
    )
    assert row.geometry.length == 40


def test_loops_knots_and_overlaps() -> None:
    lines = {
        "ring": [(0, 0), (100, 0), (100, 100), (0, 0)],
        "knot": [(200, 0), (300, 100), (300, 0), (200, 100)],
        "over": [(50, 0), (150, 0)],
    }
    noded = sp.node_roads(_roads(lines))
    ids = dict(zip(noded.roads["road_id"], noded.roads["node_ids"].map(list), strict=True))
    assert ids["ring"][0] == ids["ring"][-1]
    assert len(ids["knot"]) == 6
    assert len(set(ids["knot"])) == 5
    assert len(set(ids["over"]) & set(ids["ring"])) == 2


def test_ferries_meet_nothing_on_their_way() -> None:
    lines = {"f": [(0, 0), (100, 0)], "g": [(50, -50), (50, 50)], "road": [(0, -50), (0, 50)]}
    noded = sp.node_roads(_roads(lines, road_class=["ferry", "ferry", "tertiary"]))
    ids = dict(zip(noded.roads["road_id"], noded.roads["node_ids"].map(set), strict=True))
    assert not ids["f"] & ids["g"]
    assert ids["f"] & ids["road"]


def _web(seed: int, size: int = 150) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0, 3000, (size, 1, 2))
    steps = rng.normal(0, 150, (size, 5, 2))
    lines = shapely.linestrings(np.round(np.concatenate((starts, starts + np.cumsum(steps, axis=1)), axis=1), 1))
    columns = {
        "road_id": [f"r{number:04d}" for number in range(size)],
        "bridge": np.where(rng.uniform(size=size) < 0.1, "yes", None),
    }
    return gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)


@pytest.mark.parametrize("join", ["report", "snap"])
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_never_matters(seed, join) -> None:
    roads = _web(seed)
    one = sp.node_roads(roads, join=join)
    other = sp.node_roads(roads.sample(frac=1, random_state=seed), join=join)
    assert one.roads.geometry.geom_equals_exact(other.roads.geometry, 0).all()
    assert [list(ids) for ids in one.roads["node_ids"]] == [list(ids) for ids in other.roads["node_ids"]]
    assert one.qa.drop(columns="geometry").equals(other.qa.drop(columns="geometry"))
    assert one.counts == other.counts


@pytest.mark.parametrize("seed", range(4))
def test_lengths_change_by_what_was_joined_and_trimmed_alone(seed) -> None:
    roads = _web(seed)
    before = roads.geometry.length
    reported, snapped = sp.node_roads(roads), sp.node_roads(roads, join="snap")
    assert np.abs(reported.roads.geometry.length - before).max() < 0.02
    joined, trimmed = (
        snapped.qa.loc[snapped.qa["action"] == action, "distance_m"].sum() for action in ("joined", "trimmed")
    )
    assert joined > 0
    assert snapped.roads.geometry.length.sum() == pytest.approx(before.sum() + joined - trimmed, abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_noding_again_finds_nothing_more(seed) -> None:
    once = sp.node_roads(_web(seed), join="snap")
    twice = sp.node_roads(once.roads, join="snap")
    assert _shared(twice) == _shared(once)
    assert twice.counts["road_crossing_noded"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_every_crossing_on_the_ground_is_a_node_as_a_union_has_it(seed) -> None:
    roads = _web(seed).drop(columns="bridge")
    noded = sp.node_roads(roads)
    pieces = shapely.get_parts(shapely.union_all(roads.geometry.to_numpy()))
    graph = sp.build_network(noded.roads, mode="walk")
    assert len(graph.forward_min) == pytest.approx(len(pieces), abs=3)
    assert shapely.length(pieces).sum() == pytest.approx(noded.roads.geometry.length.sum(), abs=0.1)


def test_lines_of_many_vertices_meet_as_lines_of_few() -> None:
    roads = _web(7)
    dense = roads.set_geometry(roads.geometry.segmentize(5.0))
    assert dense.geometry.count_coordinates().max() > 100
    assert _shared(sp.node_roads(dense)) == _shared(sp.node_roads(roads))


def test_findings_keep_their_contract_and_name_each_place_once() -> None:
    lines = {"a": [(0, 0), (100, 0), (100, 60), (0, 60)], "b": [(50, -2), (50, 80)]}
    findings = noding_findings(sp.node_roads(_roads(lines)))
    TABLES["findings_read"].check(findings)
    assert findings["finding_id"].tolist() == [
        "road_crossing_noded/a/b",
        "road_crossing_noded/a/b/2",
        "road_overshoot/b/a",
    ]
    nothing = noding_findings(sp.node_roads(_roads({"a": [(0, 0), (9, 0)]})))
    TABLES["findings_read"].check(nothing)


def test_parts_of_a_road_get_numbers_and_rows_without_ids_too() -> None:
    parts = shapely.MultiLineString([[(0, 0), (10, 0)], [(20, 0), (30, 0)]])
    roads = gpd.GeoDataFrame(geometry=[parts, shapely.LineString([(0, 5), (9, 5)])], crs=CRS)
    assert sp.node_roads(roads).roads["road_id"].tolist() == ["1/0", "1/1", "2"]


def test_faults_are_refused_with_the_remedy() -> None:
    lines = {"a": [(0, 0), (100, 0)], "b": [(50, -50), (50, 50)]}
    with pytest.raises(ContractError, match="no whole number of levels for 'b'"):
        sp.node_roads(_roads(lines, layer=["0", "上"]))
    with pytest.raises(ContractError, match="桥梁: the column is missing"):
        sp.node_roads(_roads(lines), bridge="桥梁")
    with pytest.raises(ContractError, match=r"from 0\.01 to 100"):
        sp.node_roads(_roads(lines), tolerance_m=0)
    with pytest.raises(ContractError, match="'report' or 'snap'"):
        sp.node_roads(_roads(lines), join="silently")  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="repeated 'a'"):
        sp.node_roads(_roads(lines).assign(road_id="a"))
    with pytest.raises(ContractError, match="has no rows"):
        sp.node_roads(_roads(lines).iloc[:0])
    with pytest.raises(ContractError, match="no line with a length in roads 'a'"):
        sp.node_roads(_roads({"a": [(1, 1), (1, 1)], "b": [(0, 0), (5, 0)]}))
    with pytest.raises(CrsError):
        sp.node_roads(_roads(lines).set_crs("EPSG:4326", allow_override=True))


@pytest.fixture(scope="module")
def county(tmp_path_factory, put_sample_county):
    raw = tmp_path_factory.mktemp("raw")
    put_sample_county(raw / "sample", villages=80)
    return sp.prepare(Study.from_dict(tomllib.loads(sp.sample_study()), raw=raw))


def _unnoded(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut the corner of every line at each vertex that it shares, so that others cross, overshoot or miss it."""
    ids, uses = np.unique(np.concatenate(roads["node_ids"].tolist()), return_counts=True)
    shared = set(ids[uses > 1].tolist())
    lines = []
    for line, nodes in zip(roads.geometry, roads["node_ids"], strict=True):
        xy = shapely.get_coordinates(line)
        points = [xy[0]]
        for at in range(1, len(xy) - 1):
            arms = [xy[at - 1] - xy[at], xy[at + 1] - xy[at]] if nodes[at] in shared else [np.zeros(2)]
            points += [xy[at] + arm * min(0.3, 0.5 / max(np.hypot(*arm), 1e-9)) for arm in arms]
        lines.append(shapely.LineString([*points, xy[-1]]))
    return roads.drop(columns="node_ids").set_geometry(lines, crs=roads.crs)


def test_the_sample_county_without_nodes_gives_the_same_travel_times(county) -> None:
    plain = _unnoded(county.roads)
    noded = sp.node_roads(plain, join="snap")
    assert noded.counts["near-misses joined"] > 100
    assert noded.counts["overshoots trimmed"] > 100
    hospitals = county.facilities[county.facilities["service"] == "hospital"]
    minutes = [
        sp.cost_to_closest(sp.build_network(roads), county.settlements, hospitals, service="hospital")
        .set_index("from_id")["travel_time_min"]
        .sort_index()
        for roads in (county.roads, noded.roads, plain)
    ]
    assert (minutes[0] - minutes[1]).abs().max() < 0.1
    assert (minutes[0] - minutes[2]).abs().max() > 1


def test_a_line_shorter_than_a_centimetre_does_no_harm() -> None:
    lines = {
        "before": [(-50, 0), (0, 0)],
        "crumb": [(0, 0), (0.008, 0)],
        "after": [(0.008, 0), (50, 0)],
        "street": [(20, 0.8), (20, 40)],
    }
    noded = sp.node_roads(_roads(lines), join="snap")
    assert noded.counts["near-misses joined"] == 1
    assert noded.counts["road_component"] == 0
    assert noded.counts["km after"] == pytest.approx(0.140, abs=1e-4)
    sp.build_network(noded.roads)
