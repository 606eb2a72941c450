"""From roads to the travel graph: who may use them, where they are cut, and what is reported."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from spatial.errors import ContractError, CrsError, NetworkError
from spatial.inputs.osm import read_osm
from spatial.inputs.road_noding import node_roads
from spatial.network.build import build_network
from spatial.network.graph import TravelGraph
from spatial.network.scenarios import edit_network
from spatial.network.speeds import parse_maxspeed
from spatial.tables import TABLES

pytestmark = pytest.mark.slow


CRS = "EPSG:32738"


def roads_of(*rows):
    """Each row: coordinates and tags; road_id w0, w1 ... and residential unless a tag says otherwise."""
    frame = [{"road_id": f"w{n}", "road_class": "residential", **tags} for n, (_, tags) in enumerate(rows)]
    return gpd.GeoDataFrame(frame, geometry=[shapely.LineString(line) for line, _ in rows], crs=CRS)


def one_road(**tags):
    return roads_of(([(0, 0), (1000, 0)], tags), ([(0, 500), (1000, 500)], {}))


def directions(mode="drive", **tags):
    """Whether the road w0 is open forwards and backwards; None where it is closed altogether."""
    graph = build_network(one_road(**tags), mode=mode)
    at = np.flatnonzero(graph.road_id == "w0")
    if len(at) == 0:
        return None
    return bool(np.isfinite(graph.forward_min[at[0]])), bool(np.isfinite(graph.backward_min[at[0]]))


BOTH, FORWARD, BACKWARD = (True, True), (True, False), (False, True)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"access": "no"}, None),
        ({"access": "private"}, None),
        ({"access": "destination"}, BOTH),
        ({"access": "customers"}, BOTH),
        ({"access": "whatever"}, BOTH),
        ({"access": "no", "motor_vehicle": "yes"}, BOTH),
        ({"access": "yes", "vehicle": "no"}, None),
        ({"vehicle": "no", "motor_vehicle": "yes"}, BOTH),
        ({"motor_vehicle": "no", "motorcar": "yes"}, BOTH),
        ({"motorcar": "no", "access": "yes"}, None),
        ({"motor_vehicle": "agricultural"}, None),
        ({"motor_vehicle": "forestry"}, None),
        ({"foot": "no"}, BOTH),
    ],
)
def test_the_first_access_tag_of_a_car_decides(tags, expected):
    assert directions(**tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"access": "private"}, None),
        ({"access": "private", "foot": "yes"}, BOTH),
        ({"foot": "no"}, None),
        ({"motor_vehicle": "no"}, BOTH),
        ({"road_class": "motorway"}, None),
        ({"road_class": "motorway_link"}, None),
        ({"road_class": "trunk"}, BOTH),
        ({"road_class": "trunk", "motorroad": "yes"}, None),
        ({"road_class": "footway"}, BOTH),
        ({"road_class": "bridleway"}, BOTH),
        ({"road_class": "corridor"}, BOTH),
        ({"road_class": "road"}, BOTH),
        ({"road_class": "pedestrian", "area": "yes"}, BOTH),
        ({"road_class": "construction"}, None),
        ({"oneway": "yes"}, BOTH),
        ({"junction": "roundabout"}, BOTH),
        ({"oneway_foot": "yes"}, FORWARD),
    ],
)
def test_walkers_use_all_but_controlled_roads_and_ignore_the_oneway_of_vehicles(tags, expected):
    assert directions("walk", **tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"oneway": "yes"}, FORWARD),
        ({"oneway": "1"}, FORWARD),
        ({"oneway": "true"}, FORWARD),
        ({"oneway": "-1"}, BACKWARD),
        ({"oneway": "reverse"}, BACKWARD),
        ({"oneway": "no"}, BOTH),
        ({"oneway": "alternating"}, BOTH),
        ({"oneway": "reversible"}, None),
        ({"oneway": "yes", "oneway_vehicle": "no"}, BOTH),
        ({"oneway": "no", "oneway_motorcar": "yes", "oneway_motor_vehicle": "no"}, FORWARD),
        ({"oneway": "yes", "oneway_bicycle": "no"}, FORWARD),
        ({"junction": "roundabout"}, FORWARD),
        ({"junction": "roundabout", "oneway": "no"}, BOTH),
        ({"junction": "roundabout", "oneway": "-1"}, BACKWARD),
        ({"road_class": "motorway"}, FORWARD),
        ({"road_class": "motorway_link"}, BOTH),
    ],
)
def test_oneway_is_respected_and_implied_on_roundabouts_and_motorways(tags, expected):
    assert directions(**tags) == expected
    assert directions("emergency", **tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"road_class": "road"}, None),
        ({"road_class": "footway"}, None),
        ({"road_class": "service", "area": "yes"}, None),
        ({"road_class": "proposed"}, None),
        ({"road_class": "track"}, BOTH),
        ({"smoothness": "impassable"}, None),
        ({"construction": "minor"}, BOTH),
    ],
)
def test_road_types_that_cars_may_and_may_not_use(tags, expected):
    assert directions(**tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"road_class": "footway"}, None),
        ({"road_class": "footway", "bicycle": "designated"}, BOTH),
        ({"road_class": "cycleway"}, BOTH),
        ({"road_class": "steps"}, None),
        ({"road_class": "motorway"}, None),
        ({"oneway": "yes", "oneway_bicycle": "no"}, BOTH),
        ({"bicycle": "no"}, None),
    ],
)
def test_cyclists_need_leave_on_footways(tags, expected):
    assert directions("cycle", **tags) == expected
    assert directions("ebike", **tags) == expected


def test_roads_are_cut_at_ends_and_at_points_that_are_used_twice_only():
    # w0 runs through (0..3000, 0); w1 ends on its second vertex; w2 crosses it as a bridge, without a shared vertex.
    graph = build_network(
        roads_of(
            ([(0, 0), (1000, 0), (2000, 0), (3000, 0)], {}),
            ([(1000, 0), (1000, 800)], {}),
            ([(1500, -500), (1500, 500)], {"bridge": "yes"}),
        )
    )
    assert graph.edge_id.tolist() == ["w0/0", "w0/1", "w1/0", "w2/0"]
    assert graph.length_m.tolist() == [1000.0, 2000.0, 800.0, 1000.0]
    # Residential, 25 km/h: 1 km takes 60 / 25 = 2.4 min.
    np.testing.assert_allclose(graph.forward_min, [2.4, 4.8, 1.92, 2.4])
    assert graph.component.tolist() == [0, 0, 0, 1]
    assert graph.component_lengths_km.tolist() == [3.8, 1.0]
    assert graph.is_bridge.tolist() == [False, False, False, True]
    assert graph.is_snappable.tolist() == [True, True, True, False]
    # Ends 0, 3000, the junction, the end of w1 and both ends of w2; the vertex at 2000 is no node.
    assert graph.n_nodes == 6
    assert graph.report["vertices"] == 7


def test_roads_with_node_ids_meet_where_they_share_one_and_nowhere_else():
    roads = roads_of(([(0, 0), (1000, 0)], {}), ([(1000, 0), (2000, 0)], {}), ([(2000, 0), (3000, 0)], {}))
    roads["node_ids"] = [[1, 2], [2, 3], [4, 5]]
    graph = build_network(roads)
    assert graph.component.tolist() == [0, 0, 1]
    assert sorted(graph.node_source_id) == ["n1", "n2", "n3", "n4", "n5"]


def test_a_junction_of_closed_roads_cuts_nothing():
    rows = ([(0, 0), (1000, 0), (2000, 0)], {}), ([(1000, 0), (1000, 500)], {"road_class": "footway"})
    assert build_network(roads_of(*rows)).n_edges == 1
    assert build_network(roads_of(*rows), mode="walk").n_edges == 3


def test_rings_repeated_points_and_parallel_roads_are_kept():
    graph = build_network(
        roads_of(
            ([(0, 0), (0, 0), (100, 0), (100, 100), (0, 0)], {}),
            ([(0, 0), (100, 0)], {}),
            ([(0, 0), (50, 50), (100, 0)], {}),
            ([(500, 500), (500, 500)], {}),
        )
    )
    # The ring is cut at (100, 0), where the two others end; the last road has no length and yields nothing.
    assert graph.edge_id.tolist() == ["w0/0", "w0/1", "w1/0", "w2/0"]
    alone = build_network(roads_of(([(0, 0), (100, 0), (100, 100), (0, 0)], {})))
    assert alone.edge_from.tolist() == alone.edge_to.tolist() == [0]


def test_ids_count_by_number_so_that_row_order_never_matters():
    roads = roads_of(*(([(0, n), (1000, n)], {}) for n in range(12)), ([(0, n) for n in range(12)], {}))
    graph = build_network(roads)
    assert graph.road_id[:12].tolist() == [f"w{n}" for n in range(12)]
    mixed = build_network(roads.sample(frac=1.0, random_state=3))
    for name in ("edge_id", "edge_from", "edge_to", "length_m", "node_x", "node_y", "forward_min", "coordinates"):
        np.testing.assert_array_equal(getattr(mixed, name), getattr(graph, name))


def test_ferries_carry_only_when_asked_and_are_not_entered_on_the_way():
    rows = (
        ([(0, 0), (6000, 0)], {}),
        ([(6000, 0), (16_000, 0)], {"road_class": "ferry"}),
        ([(16_000, 0), (22_000, 0)], {}),
    )
    assert build_network(roads_of(*rows)).component.tolist() == [0, 1]
    graph = build_network(roads_of(*rows), ferries=True)
    assert graph.component.tolist() == [0, 0, 0]
    assert graph.is_snappable.tolist() == [True, False, True]
    assert graph.forward_min[1] == pytest.approx(120.0)  # 10 km at 5 km/h


def test_the_report_counts_what_was_closed_imputed_and_left_over():
    graph = build_network(
        roads_of(
            ([(0, 0), (3000, 0)], {"maxspeed": "50", "surface": "asphalt"}),
            ([(3000, 0), (4000, 0)], {"construction": "residential"}),
            ([(0, 9), (1, 9)], {"access": "private"}),
            ([(0, 9), (1, 9)], {"road_class": "footway"}),
            ([(0, 900), (500, 900)], {"maxspeed": "quick"}),
        )
    )
    report = graph.report
    assert (report["roads"], report["roads_open"]) == (5, 3)
    assert report["roads_closed"] == {"access": 1, "class": 1}
    assert report["roads_closed_by_class"] == {"footway": 1}
    # 3 of 4.5 km have a limit and a surface.
    assert report["speed_imputed_share"] == pytest.approx(1 / 3)
    assert report["surface_unknown_share"] == pytest.approx(1 / 3)
    assert [item["km"] for item in report["components"]] == [4.0, 0.5]
    TABLES["findings_network"].check(graph.findings)
    assert graph.findings["finding_id"].tolist() == [
        "drive/unreadable_maxspeed/w4",
        "drive/construction_left/w1",
        "drive/small_component/0",
        "drive/small_component/1",
    ]


def test_frames_keep_their_contracts_and_bring_the_same_graph_back():
    roads = roads_of(
        ([(0, 0), (900, 30), (1800, 0)], {"oneway": "yes", "surface": "asphalt"}),
        ([(1800, 0), (1800, 7000)], {"bridge": "yes", "maxspeed": "50"}),
        ([(9000, 0), (9000, 500)], {}),
    )
    roads["node_ids"] = [[1, 2, 3], [3, 4], [5, 6]]
    graph = build_network(roads)
    nodes, edges = graph.to_frames()
    TABLES["nodes"].check(nodes)
    TABLES["edges"].check(edges)
    back = TravelGraph.from_frames(nodes, edges, mode="drive")
    for name, value in vars(graph).items():
        if isinstance(value, np.ndarray):
            other = getattr(back, name)
            assert other.dtype == value.dtype, name
            np.testing.assert_array_equal(other, value, err_msg=name)
    assert back.crs == graph.crs
    with pytest.raises(NetworkError, match="no edge of mode 'walk'"):
        TravelGraph.from_frames(nodes, edges, mode="walk")


def test_networkx_has_an_arc_for_each_open_direction():
    graph = build_network(roads_of(([(0, 0), (1000, 0)], {"oneway": "yes"}), ([(1000, 0), (2000, 0)], {})))
    arcs = graph.to_networkx()
    assert arcs.number_of_nodes() == 3
    assert sorted(key for _, _, key in arcs.edges(keys=True)) == ["w0/0+", "w1/0+", "w1/0-"]
    assert {data["time_min"] for _, _, data in arcs.edges(data=True)} == {2.4}


def test_a_graph_of_osmnx_becomes_the_same_network():
    graph = nx.MultiDiGraph(crs=CRS)
    for node, (x, y) in enumerate([(0, 0), (1000, 0), (1000, 1000)]):
        graph.add_node(node, x=x, y=y)
    bend = shapely.LineString([(0, 0), (500, 200), (1000, 0)])
    shared = {"highway": "residential", "osmid": 7, "length": bend.length, "oneway": False}
    graph.add_edge(0, 1, geometry=bend, reversed=False, **shared)
    graph.add_edge(1, 0, geometry=bend.reverse(), reversed=True, **shared)
    graph.add_edge(1, 2, highway=["primary", "trunk"], osmid=[8, 9], length=1000.0, oneway=True, reversed=False)
    built = build_network(graph)
    assert built.n_edges == 2
    assert np.isfinite(built.backward_min).tolist() == [True, False]
    assert built.road_class.tolist() == ["residential", "primary"]
    assert built.length_m == pytest.approx([bend.length, 1000.0])


def streets(both, *, crs=CRS):
    """Streets of 6 km, 10 km apart, with the tags of each of its arcs, and beside each a residential one of 1 km."""
    graph = nx.MultiDiGraph(crs=crs)
    shared = {"length": 6000.0, "oneway": False}
    for number, (tags, back) in enumerate(both):
        low, first = 10_000 * number, 10 * number
        one, two, three = first + 1, first + 2, first + 3
        for node, (x, y) in {one: (0, low), two: (6000, low), three: (6000, low + 1000)}.items():
            graph.add_node(node, x=x, y=y)
        line = shapely.LineString([(0, low), (3000, low), (6000, low)])
        ways = [first + 5, first + 6]
        graph.add_edge(one, two, geometry=line, osmid=ways, reversed=[True, False], **shared, **tags)
        graph.add_edge(two, one, geometry=line.reverse(), osmid=ways[::-1], reversed=[False, True], **shared, **back)
        beside = {"highway": "residential", "osmid": first + 7, "length": 1000.0, "oneway": False}
        graph.add_edge(two, three, reversed=False, **beside)
        graph.add_edge(three, two, reversed=True, **beside)
    return graph


def street(tags, back=None, *, crs=CRS):
    """One of them, from 1 to 2, and the residential one from 2 to 3."""
    return streets([(tags, back or tags)], crs=crs)


def times_of(roads, **options):
    """Minutes of the first 6 km in both directions; None where they are closed."""
    graph = build_network(roads, **options)
    at = np.flatnonzero(graph.length_m == 6000)
    return None if len(at) == 0 else (float(graph.forward_min[at[0]]), float(graph.backward_min[at[0]]))


def times_by_street(roads, number, **options):
    """The same of each of several streets, which lie 10 km apart from south to north."""
    graph = build_network(roads, **options)
    at = np.flatnonzero(graph.length_m == 6000)
    streets_at = (graph.node_y[graph.edge_from[at]] // 10_000).astype(int).tolist()
    times = zip(graph.forward_min[at].tolist(), graph.backward_min[at].tolist(), strict=True)
    found = dict(zip(streets_at, times, strict=True))
    return [found.get(street) for street in range(number)]


SEVERAL = (
    ("primary", "residential"),
    ("path", "residential"),
    ("track", "service"),
    ("secondary", "living_street", "tertiary"),
    ("footway", "steps"),
    ("motorway", "cycleway"),
)


@pytest.mark.parametrize("mode", ["drive", "walk", "cycle"])
def test_a_street_of_several_classes_is_as_slow_as_the_slowest_that_is_open(mode, library):
    alone = [word for words in SEVERAL for word in words]
    mixed = [list(order) for words in SEVERAL for order in (words, words[::-1])]
    graph = streets(({"highway": word}, {"highway": word}) for word in alone)
    of_class = dict(zip(alone, times_by_street(graph, len(alone), mode=mode), strict=True))
    # None where no class of the street is open to the mode.
    expected = [max((of_class[word] for word in words if of_class[word]), default=None) for words in mixed]
    graph = streets(({"highway": order}, {"highway": order[::-1]}) for order in mixed)
    table = library("osmnx").graph_to_gdfs(graph)[1]
    for form in (graph, table, table.reset_index(drop=True)):
        assert times_by_street(form, len(mixed), mode=mode) == expected


@pytest.mark.parametrize(
    ("tags", "minutes"),
    [
        # 0.8 x 30 km/h over 6 km: 6 / 24 h = 15 min.
        ({"maxspeed": ["50", "30"]}, 15.0),
        # Mud caps at 10 km/h: 36 min. Grade 5 caps at 20 km/h: 18 min.
        ({"surface": ["asphalt", "mud"]}, 36.0),
        ({"tracktype": ["grade5", "grade1"]}, 18.0),
        ({"access": ["yes", "private"]}, None),
        ({"motor_vehicle": ["designated", "no"]}, None),
        # Primary, 65 km/h.
        ({"access": ["yes", "permissive"], "lanes": ["2", "1"], "name": ["b", "a"]}, 60 * 6 / 65),
        ({"speed_kph": [40.0, 20.0]}, 18.0),
    ],
)
def test_of_merged_tags_the_worst_holds_whatever_their_order(tags, minutes):
    for turned in (tags, {name: values[::-1] for name, values in tags.items()}):
        graph = street({"highway": "primary", **turned}, {"highway": "primary", **tags})
        assert times_of(graph) == (None if minutes is None else pytest.approx((minutes, minutes)))


def test_merged_tags_of_one_road_need_no_direction_bridge_or_season_to_be_guessed():
    rows = (
        ([(0, 0), (1000, 0)], {"oneway": ["yes", "no"], "bridge": ["no", "yes"], "surface": ["asphalt", "?"]}),
        ([(0, 9), (1000, 9)], {"oneway": ["-1", "no"], "surface": ["mud", "asphalt"]}),
        ([(0, 99), (1000, 99)], {"oneway": ["yes", "-1"]}),
        ([(0, 999), (1000, 999)], {"surface": ["asphalt", "concrete"]}),
    )
    graph = build_network(roads_of(*rows))
    # A direction is open where every stretch is; the third road is open in none.
    assert graph.road_id.tolist() == ["w0", "w1", "w3"]
    assert np.isfinite(graph.forward_min).tolist() == [True, False, True]
    assert np.isfinite(graph.backward_min).tolist() == [False, True, True]
    assert graph.is_bridge.tolist() == [True, False, False]
    assert graph.all_season.tolist() == ["unknown", "no", "yes"]


def test_both_directions_of_a_street_are_one_road_in_graphs_and_frames_of_osmnx(library):
    ox = library("osmnx")
    graph = street({"highway": "tertiary"})
    graph.add_edge(3, 1, highway="primary", osmid=8, length=6083.0, oneway=True, reversed=False)
    edges = ox.graph_to_gdfs(graph)[1]
    text = edges.reset_index().assign(**{name: edges[name].astype(str).to_numpy() for name in ("osmid", "reversed")})
    for roads in (graph, edges, edges.reset_index(), text, edges.sample(frac=1.0, random_state=2)):
        built = build_network(roads)
        # 6 + 1 + the 6.08 km from (6000, 1000) to (0, 0), each once.
        assert built.report["length_km"] == pytest.approx(7 + np.hypot(6, 1))
        assert built.report["roads_joined"] == 2
        assert built.n_nodes == 3
        is_oneway = built.road_class == "primary"
        assert np.isinf(built.backward_min[is_oneway]).all()
        assert np.isfinite(built.backward_min[~is_oneway]).all()
        assert set(built.findings["kind"]) <= {"small_component"}
    undirected = ox.convert.to_undirected(graph)
    for roads in (undirected, ox.graph_to_gdfs(undirected)[1]):
        built = build_network(roads)
        assert np.isinf(built.backward_min).tolist() == (built.road_class == "primary").tolist()


def test_lines_drawn_once_for_each_direction_are_one_road_open_both_ways():
    line, other = [(0, 0), (400, 10), (1000, 0)], [(1000, 0), (2000, 0)]
    for oneway in ("no", None, "yes", True):
        roads = roads_of((line, {"oneway": oneway}), (line[::-1], {"oneway": oneway}), (other, {}))
        graph = build_network(roads)
        assert graph.road_id.tolist() == ["w0", "w2"]
        assert np.isfinite([graph.forward_min, graph.backward_min]).all()
        assert (graph.report["roads_joined"], len(graph.findings)) == (1, 1)


@pytest.mark.parametrize(
    "rows",
    [
        (([(0, 0), (1000, 0)], {"maxspeed": "50"}), ([(1000, 0), (0, 0)], {"maxspeed": "30"})),
        (([(0, 0), (1000, 0)], {}), ([(0, 0), (1000, 0)], {})),
        (([(0, 0), (500, 0), (1000, 0)], {}), ([(1000, 0), (500, 0)], {}), ([(500, 0), (0, 0)], {})),
    ],
)
def test_roads_that_are_drawn_twice_and_are_not_joined_are_a_finding(rows):
    graph = build_network(roads_of(*rows))
    found = graph.findings.set_index("kind").loc["road_drawn_twice"]
    assert found["detail"].startswith(f"{len(rows)} roads, 2 km, share their path")
    TABLES["findings_network"].check(graph.findings)


def test_an_arc_without_an_arc_back_is_a_finding():
    graph = street({"highway": "primary"})
    graph.remove_edge(2, 1)
    built = build_network(graph)
    found = built.findings.set_index("kind").loc["no_arc_back"]
    assert found["subject_id"] == "1-2-0"
    assert np.isinf(built.backward_min[0])


@pytest.mark.parametrize(
    "tags", [{"speed_km_h": 20.0}, {"speed_kph": "20"}, {"travel_time": 1080.0}, {"speed_km_h": 20, "maxspeed": "90"}]
)
def test_a_stated_speed_holds_before_limit_class_and_caps(tags):
    # 6 km at 20 km/h: 18 min, as of a new road of a scenario; 1080 s are 18 min.
    roads = roads_of(([(0, 0), (6000, 0)], {"surface": "mud", **tags}), ([(6000, 0), (7000, 0)], {}))
    graph = build_network(roads)
    assert graph.forward_min[0] == pytest.approx(18.0)
    assert graph.speed_source.tolist() == ["stated", "class"]
    assert graph.report["speed_stated_share"] == pytest.approx(6 / 7)
    assert graph.report["speed_imputed_share"] == pytest.approx(1 / 7)
    base = build_network(roads_of(([(0, 0), (0, 1000)], {})))
    added = edit_network(base, add=roads.iloc[:1].assign(road_id="new"))
    assert added.forward_min[added.road_id == "new"] == pytest.approx([18.0])
    # The speed is that of vehicles: people on foot go at 5 km/h.
    assert build_network(roads, mode="walk").forward_min[0] == pytest.approx(72.0)


@pytest.mark.parametrize("speed", [0, -3.0, "quick", np.inf])
def test_a_stated_speed_that_is_none_is_refused_by_road(speed):
    roads = one_road().assign(speed_km_h=pd.Series([speed, None], dtype=object))
    with pytest.raises(ContractError, match=r"speed_km_h: no number above 0.*'w0'"):
        build_network(roads)
    assert build_network(one_road(speed_km_h=None)).speed_source.tolist() == ["class", "class"]


def test_frames_put_together_with_repeated_index_are_read():
    rows = roads_of(([(0, 0), (6000, 0)], {"travel_time": 1080.0, "oneway": "F", "surface": ["mud", "sand"]}))
    other = roads_of(([(0, 9), (6000, 9)], {"road_id": "x", "road_class": ["path", "primary"]}))
    graph = build_network(pd.concat([rows, other]))
    assert graph.forward_min.tolist() == pytest.approx([18.0, 360 / 65])


def test_a_travel_time_in_minutes_is_refused():
    with pytest.raises(ContractError, match="travel_time: no time in seconds"):
        build_network(one_road(travel_time=2.4))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("F", FORWARD),
        ("T", BACKWARD),
        ("B", BOTH),
        ("FT", FORWARD),
        ("TF", BACKWARD),
        (True, FORWARD),
        (False, BOTH),
        (-1.0, BACKWARD),
    ],
)
def test_codes_of_direction_are_read(code, expected):
    assert directions(oneway=code) == expected
    assert "unknown_oneway" not in set(build_network(one_road(oneway=code)).findings["kind"])


def test_lists_of_grades_are_read_beside_a_class_that_is_a_grade():
    lines = [shapely.LineString([(0, n), (6000, n)]) for n in (0, 10)]
    tags = {"fclass": ["track", "track_grade3"], "tracktype": [["grade2", "grade5"], None]}
    both = build_network(gpd.GeoDataFrame(tags, geometry=lines, crs=CRS)).forward_min
    alone = build_network(gpd.GeoDataFrame({"fclass": ["track"], "tracktype": ["grade5"]}, geometry=lines[:1], crs=CRS))
    assert both[0] == alone.forward_min[0] > both[1]


def test_columns_of_geofabrik_are_read():
    lines = [shapely.LineString([(0, n), (6000, n)]) for n in (0, 10, 20)]
    tags = {
        "osm_id": ["7", "8", "9"],
        "fclass": ["primary", "track_grade2", "unknown"],
        "oneway": ["F", "B", "B"],
        "maxspeed": [0, 50, 0],
        "layer": [0, 1, 0],
        "bridge": ["F", "T", "F"],
        "tunnel": ["F", "F", "T"],
    }
    roads = gpd.GeoDataFrame(tags, geometry=lines, crs=CRS)
    drive, walk = build_network(roads), build_network(roads, mode="walk")
    assert drive.road_class.tolist() == ["primary", "track"]
    # 65 km/h one way; 0.8 x 50 = 40 km/h is also the cap of grade 2.
    assert drive.forward_min.tolist() == pytest.approx([360 / 65, 9.0])
    assert np.isfinite(drive.backward_min).tolist() == [False, True]
    assert drive.is_bridge.tolist() == [False, True]
    assert walk.road_class.tolist() == ["primary", "track", "road"]
    assert walk.is_tunnel.tolist() == [False, False, True]
    # A limit of 0 is none.
    assert not set(drive.findings["kind"]) - {"small_component"}


def test_words_of_class_and_direction_that_are_not_known_are_findings_that_name_them():
    rows = [([(0, n), (1000, n)], {"road_class": "Landweg", "oneway": "N"}) for n in (0, 10)]
    rows += [([(0, 20), (1000, 20)], {"oneway": "N"}), ([(0, 30), (1000, 30)], {"road_class": "proposed"})]
    graph = build_network(roads_of(*rows))
    found = graph.findings.set_index("kind")["detail"]
    assert found["unknown_class"].startswith("2 roads, 2 km, have the class 'Landweg'")
    # Of the three roads with that word, one is open.
    assert found["unknown_oneway"].startswith("1 road, 1 km, has oneway 'n'")
    assert graph.findings["finding_id"].is_unique
    with pytest.raises(NetworkError, match=r"classes that are not known: 'Landweg' \(2\)"):
        build_network(roads_of(*rows[:2]))
    # What the class does not say, a stated speed does: 1 km at 30 km/h.
    stated = build_network(roads_of(*((line, {**tags, "speed_km_h": 30}) for line, tags in rows[:2])))
    assert stated.forward_min.tolist() == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize(
    ("other", "n_places"),
    [
        ([(500, -100), (500, 100)], 1),
        ([(500, 0), (500, 100)], 1),
        ([(500, 0.004), (500, 100)], 1),
        ([(500, 0), (1500, 0)], 2),
        ([(1000, 0), (1500, 0)], 0),
        ([(500, -100), (500, 100), (600, 100), (600, -100)], 2),
    ],
)
def test_roads_that_cross_or_touch_without_a_common_vertex_are_a_finding(other, n_places):
    roads = roads_of(([(0, 0), (1000, 0)], {}), (other, {}))
    graph = build_network(roads)
    found = graph.findings[graph.findings["kind"] == "crossing_not_joined"]
    assert len(found) == min(n_places, 1)
    if n_places:
        assert found["detail"].iloc[0].startswith(f"{n_places} place{'s' if n_places > 1 else ''} where roads cross")
        assert "w0 + w1 (500.0, 0.0)" in found["detail"].iloc[0]
        assert "node_roads" in found["detail"].iloc[0]
        TABLES["findings_network"].check(graph.findings)
        noded = build_network(node_roads(roads).roads)
        assert "crossing_not_joined" not in set(noded.findings["kind"])
        assert set(noded.component) == {0}


@pytest.mark.parametrize(
    "tags",
    [{"bridge": "yes"}, {"bridge": "T"}, {"tunnel": "culvert"}, {"layer": 1}, {"layer": "-1"}, {"road_class": "steps"}],
)
def test_what_passes_above_below_or_is_closed_crosses_nothing(tags):
    graph = build_network(roads_of(([(0, 0), (1000, 0)], {}), ([(500, -100), (500, 100)], tags)))
    assert "crossing_not_joined" not in set(graph.findings["kind"])


def test_roads_with_node_ids_meet_where_their_source_says():
    roads = roads_of(([(0, 0), (1000, 0)], {}), ([(500, -100), (500, 100)], {}))
    roads["node_ids"] = [[1, 2], [3, 4]]
    assert "crossing_not_joined" not in set(build_network(roads).findings["kind"])


def test_any_frame_of_lines_is_a_network_of_unclassified_roads():
    lines = [
        shapely.LineString([(0, 0, 5), (1000, 0, 9)]),
        shapely.MultiLineString([[(1000, 0), (2000, 0)], [(5, 5), (6, 6)]]),
    ]
    graph = build_network(gpd.GeoDataFrame(geometry=lines, crs=CRS))
    assert graph.road_class.tolist() == ["unclassified"] * 3
    assert graph.edge_id.tolist() == ["0/0", "1/0", "1/1"]
    named = gpd.GeoDataFrame({"highway": ["primary", "footway"]}, geometry=lines, crs=CRS)
    assert build_network(named).road_class.tolist() == ["primary"]


def test_what_is_no_network_is_refused_with_a_remedy():
    roads = one_road()
    with pytest.raises(NetworkError, match="no road is open to mode drive"):
        build_network(roads.assign(road_class="steps"))
    with pytest.raises(NetworkError, match="mode 'fly'"):
        build_network(roads, mode="fly")
    with pytest.raises(NetworkError, match="speed_factor"):
        build_network(roads, speed_factor=0.0)
    with pytest.raises(CrsError, match="degrees"):
        build_network(roads.set_crs("EPSG:4326", allow_override=True))
    with pytest.raises(ContractError, match="repeated"):
        build_network(roads.assign(road_id="w1"))
    with pytest.raises(ContractError, match="no line"):
        build_network(roads.set_geometry(roads.centroid))
    with pytest.raises(ContractError, match="node_ids"):
        build_network(roads.assign(node_ids=[[1, 2, 3], [4, 5]]))


def test_building_never_changes_its_argument():
    roads = one_road(oneway="yes")
    before = roads.copy(deep=True)
    build_network(roads)
    assert_geodataframe_equal(roads, before)


@pytest.mark.data
def test_comoros_has_three_large_components_that_ferries_join(comoros):
    roads = read_osm(comoros / "comoros.osm.pbf").roads.to_crs(CRS)
    report = build_network(roads).report
    components = report["components"]
    # Counted in the source's points: 34,058 in the largest once closed and reversible ways are left out, and eight
    # small ones.
    assert [item["vertices"] for item in components[:3]] == [34_058, 19_313, 6_638]
    assert sum(item["vertices"] > 1000 for item in components) == 3
    assert (report["component_count"], report["small_component_count"]) == (11, 8)
    assert build_network(roads, ferries=True).report["component_count"] == 9


@pytest.mark.data
def test_rutland_has_300_drivable_roads_at_30_miles_an_hour(rutland):
    roads = read_osm(rutland / "rutland.osm.pbf").roads.to_crs("EPSG:32630")
    graph = build_network(roads)
    is_open = roads["road_id"].isin(set(graph.road_id))
    limits = roads.loc[is_open, "maxspeed"].dropna().map(parse_maxspeed)
    assert int((limits.round(2) == 48.28).sum()) == 300
    assert graph.report["unreadable_maxspeed"] == 0
