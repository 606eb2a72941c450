"""Turn restrictions and barriers on roads: read from an extract, applied to a network, held against networkx."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError, CrsError, NetworkError
from spatial.inputs.osm import read_turns
from spatial.network.road_access import passes_barrier, restriction_binds
from spatial.tables import TABLES
from tests.unit.inputs.test_osm import HEAD, node, relation, way

CRS = "EPSG:32738"
ANYWHERE = sp.SnapRules(min_component_km=0.0, candidates=1)


def lines(**roads):
    return gpd.GeoDataFrame(
        {"road_id": list(roads), "road_class": "residential"},
        geometry=[shapely.LineString(xy) for xy in roads.values()],
        crs=CRS,
    )


def restrictions(*rows, at=(0.0, 0.0), **columns):
    kinds, ones, others = zip(*rows, strict=True)
    table = {"turn_id": [f"t{n}" for n in range(len(rows))], "kind": kinds}
    table |= {"from_road_id": ones, "to_road_id": others, **columns}
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(at)] * len(rows), crs=CRS)


CROSS = {"w": [(-1000, 0), (0, 0)], "e": [(0, 0), (1000, 0)], "s": [(0, -1000), (0, 0)], "n": [(0, 0), (0, 1000)]}
"""Four roads of 1 km that meet; at 25 km/h each takes 2.4 minutes."""

HALFWAY = {"w": (-500, 0), "e": (500, 0), "s": (0, -500), "n": (0, 500)}


def matrix(graph, places):
    homes = gpd.GeoDataFrame(
        {"settlement_id": list(places)}, geometry=gpd.points_from_xy(*zip(*places.values(), strict=True)), crs=CRS
    )
    shops = homes.rename(columns={"settlement_id": "facility_id"}).assign(service="shop")
    od = sp.travel_times(graph, homes, shops, rules=ANYWHERE)
    return od.pivot_table(index="from_id", columns="to_id", values="travel_time_min")


def test_who_may_not_turn_goes_on_and_turns_back_at_the_next_end():
    graph = sp.build_network(lines(**CROSS), turns=restrictions(("no", "w", "n")))
    times = matrix(graph, HALFWAY)
    assert times.loc["w", "n"] == pytest.approx(2.4 * 3)  # 0.5 km + 1 km there + 1 km back + 0.5 km
    others = times.to_numpy()[times.index.get_indexer(["e", "n", "s"])]
    assert others[others > 0] == pytest.approx(2.4)
    assert times.loc["n", "w"] == pytest.approx(2.4)
    assert graph.report["turns"] == {"restrictions": 1}


def test_who_must_turn_has_one_way_on():
    graph = sp.build_network(lines(**CROSS), turns=restrictions(("only", "w", "n")))
    times = matrix(graph, HALFWAY)
    assert times.loc["w", "n"] == pytest.approx(2.4)
    assert times.loc["w", "e"] == times.loc["w", "s"] == pytest.approx(7.2)


def test_u_turns_can_be_forbidden_at_a_junction():
    ring = {**CROSS, "back": [(1000, 0), (1000, 1000), (0, 1000)]}
    asked = ("no", "e", "e")
    places = {"far": (900, 0), "near": (100, 0)}
    free = sp.build_network(lines(**ring))
    bound = sp.build_network(lines(**ring), turns=restrictions(asked))
    # From a place on the road, back past it over the junction: there is no need to, so nothing changes.
    assert matrix(bound, places).equals(matrix(free, places))
    walk = nx.DiGraph()
    for edge in range(bound.n_edges):
        for start, end, minutes in (
            (bound.edge_from[edge], bound.edge_to[edge], bound.forward_min[edge]),
            (bound.edge_to[edge], bound.edge_from[edge], bound.backward_min[edge]),
        ):
            if np.isfinite(minutes):
                walk.add_edge(int(start), int(end))
    ahead, back = np.flatnonzero(bound.edge_id == "e/0")[0], np.flatnonzero(bound.edge_id == "e/0<")[0]
    # Who comes back on the road may not leave on it at once.
    assert not walk.has_edge(int(bound.edge_from[back]), int(bound.edge_from[ahead]))


def test_two_restrictions_at_one_junction_lend_each_other_no_way():
    asked = restrictions(("no", "w", "n"), ("no", "e", "s"))
    times = matrix(sp.build_network(lines(**CROSS), turns=asked), HALFWAY)
    assert times.loc["w", "n"] == times.loc["e", "s"] == pytest.approx(7.2)
    assert times.loc["w", "s"] == times.loc["e", "n"] == times.loc["w", "e"] == pytest.approx(2.4)


def test_the_same_restriction_twice_and_rows_in_another_order_change_nothing():
    asked = restrictions(("no", "w", "n"), ("no", "e", "s"), ("no", "w", "n"))
    one = sp.build_network(lines(**CROSS), turns=asked.iloc[:2])
    other = sp.build_network(lines(**CROSS), turns=asked.iloc[::-1])
    assert matrix(one, HALFWAY).equals(matrix(other, HALFWAY))


def test_walkers_are_not_bound_and_cyclists_may_be_spared():
    asked = restrictions(("no", "w", "n"), not_to=["bicycle"])
    for mode in ("walk", "cycle"):
        free, bound = (sp.build_network(lines(**CROSS), mode=mode, turns=turns) for turns in (None, asked))
        assert bound.n_edges == free.n_edges
    assert restriction_binds(asked, mode="drive").tolist() == [True]
    one_kind = restrictions(("no", "w", "n"), applies_to=["hgv"])
    assert restriction_binds(one_kind, mode="drive").tolist() == [False]
    assert restriction_binds(one_kind.assign(applies_to="motorcar"), mode="emergency").tolist() == [True]


def test_a_bollard_stops_cars_and_lets_walkers_pass_also_between_junctions():
    roads = lines(a=[(0, 0), (2000, 0), (4000, 0), (6000, 0)])
    bollard = gpd.GeoDataFrame(
        {"turn_id": ["n1"], "kind": ["barrier"], "tagged": ["bollard"], "from_road_id": [None], "to_road_id": [None]},
        geometry=[shapely.Point(2000, 0)],
        crs=CRS,
    )
    places = {"left": (1000, 0), "right": (3000, 0)}
    drive = sp.build_network(roads, turns=bollard)
    assert matrix(drive, places).isna().to_numpy().tolist() == [[False, True], [True, False]]
    assert drive.report["turns"] == {"barriers": 1}
    assert drive.length_m.sum() == pytest.approx(6000.0)
    walk = matrix(sp.build_network(roads, mode="walk", turns=bollard), places)
    assert walk.loc["left", "right"] == pytest.approx(24.0)


@pytest.mark.parametrize(
    ("tagged", "tags", "drive", "walk"),
    [
        ("bollard", {}, False, True),
        ("gate", {}, True, True),
        ("gate", {"access": "private"}, False, False),
        ("gate", {"access": "private", "foot": "yes"}, False, True),
        ("bollard", {"motor_vehicle": "yes"}, True, True),
        ("stile", {}, False, True),
        ("wall", {}, False, False),
        ("rising_bollard", {}, True, True),
    ],
)
def test_barriers_stop_by_access_and_then_by_kind(tagged, tags, drive, walk):
    frame = pd.DataFrame({"tagged": [tagged], **{name: [value] for name, value in tags.items()}})
    assert passes_barrier(frame, mode="drive").tolist() == [drive]
    assert passes_barrier(frame, mode="walk").tolist() == [walk]


def test_what_cannot_be_applied_is_counted_and_listed():
    through = lines(w=[(-1000, 0), (0, 0), (1000, 0)], n=[(0, 0), (0, 1000)])
    asked = restrictions(("no", "w", "n"), ("no", "n", "elsewhere"))
    graph = sp.build_network(through, turns=asked)
    assert graph.report["turns"] == {"not_on_network": 1, "road_goes_on": 1}
    assert graph.findings["kind"].tolist()[-1] == "turn_not_applied"
    assert "not split at the junction" in graph.findings["detail"].iloc[-1]
    TABLES["findings_network"].check(graph.findings)


def test_tables_keep_what_was_taken_apart():
    graph = sp.build_network(lines(**CROSS), turns=restrictions(("no", "w", "n")))
    again = sp.TravelGraph.from_frames(*graph.to_frames(), mode="drive")
    assert matrix(again, HALFWAY).equals(matrix(graph, HALFWAY))
    assert again.edge_twin.tolist() == graph.edge_twin.tolist()


def test_walking_and_driving_combined_keeps_the_restriction_for_those_who_drive():
    roads = lines(**CROSS)
    drive = sp.build_network(roads, turns=restrictions(("no", "w", "n")))
    both = sp.combine_networks(sp.build_network(roads, mode="walk"), drive)
    times = matrix(both, HALFWAY)
    assert times.loc["w", "e"] == pytest.approx(2.4)
    with pytest.raises(NetworkError, match="before they are combined"):
        sp.with_turns(both, restrictions(("no", "w", "n")))


def test_faulty_turns_are_refused():
    graph = sp.build_network(lines(**CROSS))
    good = restrictions(("no", "w", "n"))
    with pytest.raises(ContractError, match="kind: must be no, only or barrier, is 'maybe'"):
        sp.with_turns(graph, good.assign(kind="maybe"))
    with pytest.raises(ContractError, match=r"missing column.*to_road_id"):
        sp.with_turns(graph, good.drop(columns="to_road_id"))
    with pytest.raises(CrsError, match="but the network has"):
        sp.with_turns(graph, good.to_crs("EPSG:32737"))


def over_edges(roads, turns):
    """Shortest times between ends of roads that obey turns, over a graph whose nodes are arrivals on edges."""
    banned = {(row.from_road_id, row.to_road_id, (row.geometry.x, row.geometry.y)) for row in turns.itertuples()}
    arcs = []
    for road, line in zip(roads["road_id"], roads.geometry, strict=True):
        one, other = line.coords[0], line.coords[-1]
        arcs += [(road, one, other, line.length), (road, other, one, line.length)]
    graph = nx.DiGraph()
    for road, one, other, metres in arcs:
        graph.add_edge(("start", one), (road, other), metres=metres)
        graph.add_edge((road, other), ("end", other), metres=0.0)
        for next_road, begin, end, more in arcs:
            if begin == other and (road, next_road, begin) not in banned:
                graph.add_edge((road, other), (next_road, end), metres=more)
    return graph


@pytest.mark.parametrize("seed", range(6))
def test_times_equal_a_search_over_edges_in_networkx(seed):
    rng = np.random.default_rng(seed)
    side = 4
    xy = [(1000.0 * i, 1000.0 * j) for i in range(side) for j in range(side)]
    steps = [(one, other) for one in xy for other in xy if one < other and np.hypot(*np.subtract(one, other)) == 1000]
    chosen = [step for step in steps if rng.random() < 0.85]
    roads = lines(**{f"r{number}": list(step) for number, step in enumerate(chosen)})
    meeting = [
        (f"r{a}", f"r{b}", point)
        for a, one in enumerate(chosen)
        for b, other in enumerate(chosen)
        for point in set(one) & set(other)
        if rng.random() < 0.15 and a != b
    ]
    turns = gpd.GeoDataFrame(
        {
            "turn_id": [f"t{number}" for number in range(len(meeting))],
            "kind": "no",
            "from_road_id": [one for one, _, _ in meeting],
            "to_road_id": [other for _, other, _ in meeting],
        },
        geometry=gpd.points_from_xy(*zip(*[point for *_, point in meeting], strict=True)),
        crs=CRS,
    )
    graph = sp.build_network(roads, turns=turns)
    assert graph.report["turns"] == {"restrictions": len(meeting)}
    expected = over_edges(roads, turns)
    # Doors in the middle of roads: half of the road first, then from its end on.
    middles = {f"r{n}": tuple(np.mean(step, axis=0)) for n, step in enumerate(chosen)}
    times = matrix(graph, middles)
    for number, step in enumerate(chosen):
        source = f"from{number}"
        expected.add_node(source)
        for end in step:
            arrival = (f"r{number}", end)
            if arrival in expected:
                expected.add_edge(source, arrival, metres=500.0)
        lengths = nx.single_source_dijkstra_path_length(expected, source, weight="metres")
        for goal, other in enumerate(chosen):
            if goal == number:
                continue
            whole = [lengths.get((f"r{goal}", end), np.inf) for end in other]
            metres = min(whole) - 500.0
            found = times.loc[f"r{number}", f"r{goal}"]
            assert (np.nan_to_num(found, nan=np.inf)) == pytest.approx(metres * 60 / 25_000)


EXTRACT = (
    node(1, 0.0, 0.0)
    + node(2, 0.01, 0.0, barrier="gate", access="private")
    + node(3, 0.02, 0.0)
    + node(4, 0.01, 0.01, barrier="bollard", bollard="rising")
    + way(11, [1, 2], highway="residential")
    + way(12, [2, 3], highway="residential")
    + way(13, [2, 4], highway="residential")
)


def extract(tmp_path, *relations):
    path = tmp_path / "turns.osm"
    path.write_text(HEAD + EXTRACT + "".join(relations) + "</osm>", encoding="utf-8")
    return path


def members(one=11, via=("node", 2), other=12):
    return [("way", one, "from"), (*via, "via"), ("way", other, "to")]


def test_restrictions_and_barriers_are_read(tmp_path):
    path = extract(
        tmp_path,
        relation(21, members(), type="restriction", restriction="no_left_turn"),
        relation(
            22, members(other=13), type="restriction", restriction__hgv="only_straight_on", **{"except": "bicycle"}
        ),
        relation(23, members(via=("way", 12)), type="restriction", restriction="no_u_turn"),
        relation(24, members(via=("node", 99)), type="restriction", restriction="no_u_turn"),
        relation(25, members(), type="restriction", restriction__conditional="no_left_turn @ (08:00-09:00)"),
        relation(26, members(), type="restriction", restriction="give_way"),
    )
    found = read_turns(path).set_index("turn_id")
    assert found.index.tolist() == ["n2", "n4", "r21", "r22", "r23", "r24", "r25", "r26"]
    assert found.loc["n2", ["kind", "tagged", "access"]].tolist() == ["barrier", "gate", "private"]
    assert found.loc["n4", "tagged"] == "rising_bollard"
    assert found.loc["r21", ["kind", "from_road_id", "to_road_id"]].tolist() == ["no", "w11", "w12"]
    assert found.loc["r22", ["kind", "applies_to", "not_to"]].tolist() == ["only", "hgv", "bicycle"]
    assert found.loc["r21":"r26", "why_not"].fillna("").tolist() == [
        "",
        "",
        "via_way",
        "members_missing",
        "only_at_times",
        "unknown_value",
    ]
    assert found.geometry["r21"] == shapely.Point(0.01, 0.0)
    TABLES["turns"].check(found.reset_index().to_crs(CRS))


def test_restrictions_of_some_hours_are_never_taken_for_those_of_all_hours(tmp_path):
    path = extract(
        tmp_path,
        relation(31, members(), type="restriction", restriction="no_left_turn", hour_on="7:00", hour_off="9:00"),
        relation(32, members(), type="restriction", restriction="no_u_turn", restriction__conditional="none @ (Sa-Su)"),
        relation(33, members(), type="restriction", restriction__hgv__conditional="no_left_turn @ (22:00-06:00)"),
    )
    found = read_turns(path).set_index("turn_id")
    told = found.loc["r31":, ["tagged", "applies_to", "why_not"]].fillna("")
    assert {name: tuple(row) for name, row in zip(told.index, told.to_numpy().tolist(), strict=True)} == {
        "r31": ("no_left_turn", "", "only_at_times"),
        "r32/0": ("no_u_turn", "", ""),
        "r32/1": ("none @ (Sa-Su)", "", "only_at_times"),
        "r33": ("no_left_turn @ (22:00-06:00)", "hgv", "only_at_times"),
    }
    TABLES["turns"].check(found.reset_index().to_crs(CRS))


def test_an_edge_that_is_one_a_direction_is_closed_and_sped_up_in_both_by_its_name():
    roads = lines(**CROSS)
    turns = restrictions(("no", "w", "n"))
    drive = sp.build_network(roads, turns=turns)
    both = sp.combine_networks(sp.build_network(roads, mode="walk"), drive)
    for graph, leg in ((drive, ""), (both, "drive:")):
        pair = [leg + "e/0", leg + "e/0<"]
        closed = sp.edit_network(graph, close=["e/0"])
        faster = sp.edit_network(graph, speeds={"e/0": 50.0})
        one_way = sp.edit_network(graph, close=[leg + "e/0<"])
        minutes = {
            kind: [
                (float(each.forward_min[edge]), float(each.backward_min[edge]))
                for edge in (np.flatnonzero(each.edge_id == name)[0] for name in pair)
            ]
            for kind, each in {"closed": closed, "faster": faster, "one_way": one_way}.items()
        }
        # 1 km: 2.4 minutes at 25 km/h, 1.2 at 50.
        assert minutes["closed"] == [(np.inf, np.inf), (np.inf, np.inf)]
        assert minutes["faster"] == [(pytest.approx(1.2), np.inf), (np.inf, pytest.approx(1.2))]
        assert minutes["one_way"] == [(pytest.approx(2.4), np.inf), (np.inf, np.inf)]


def test_a_finding_says_how_many_restrictions_are_not_applied_for_a_reason_and_where():
    asked = restrictions(("no", "w", "n"), ("no", "e", "s"), ("no", "s", "w"), ("no", "away", "n"))
    asked["tagged"] = ["no_left_turn @ (07:00-09:00)", "no_left_turn @ (07:00-09:00)", "no_u_turn", "no_u_turn"]
    asked["why_not"] = ["only_at_times", "only_at_times", "via_way", "via_way"]
    asked.loc[asked["why_not"] == "via_way", "geometry"] = None
    graph = sp.build_network(lines(**CROSS), turns=asked)
    assert graph.report["turns"] == {"only_at_times": 2, "via_way": 2}
    found = graph.findings.loc[graph.findings["kind"] == "turn_not_applied"].reset_index(drop=True)
    # The restriction from a road that is not on the network concerns nobody there.
    assert len(found) == 3
    assert "from w to n is not applied: it holds at times only. 2 in all" in found["detail"][0]
    assert "no_left_turn @ (07:00-09:00) from e to s" in found["detail"][1]
    assert "from s to w is not applied: it leads over a road, not over one junction. 1 in all" in found["detail"][2]
    assert found.geometry[0] == shapely.Point(0, 0)
    # Without a point of its own it stands at the road that it comes from.
    assert shapely.equals(found.geometry[2], shapely.union_all(lines(**CROSS).set_index("road_id").geometry["s"]))
    TABLES["findings_network"].check(graph.findings)


def test_an_extract_that_is_cut_off_is_refused(tmp_path):
    path = extract(tmp_path)
    path.write_text(path.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    with pytest.raises(sp.SourceError, match="damaged or truncated"):
        read_turns(path)


def test_barriers_and_turns_of_rutland_shorten_no_time(rutland):
    roads = sp.read_osm_roads(rutland / "rutland.osm.pbf").to_crs("EPSG:27700")
    turns = read_turns(rutland / "rutland.osm.pbf").to_crs("EPSG:27700")
    free, bound = (sp.build_network(roads, turns=each) for each in (None, turns))
    counts = bound.report["turns"]
    assert counts["restrictions"] + counts.get("not_on_network", 0) == 3
    assert counts["barriers"] == 19  # of 569: most stand on paths, or let cars pass
    rng = np.random.default_rng(5)
    some = rng.choice(free.n_nodes, 60, replace=False)
    places = gpd.GeoDataFrame(
        {"settlement_id": [f"p{n}" for n in range(60)]},
        geometry=gpd.points_from_xy(free.node_x[some], free.node_y[some]),
        crs=free.crs,
    )
    shops = places.rename(columns={"settlement_id": "facility_id"}).assign(service="shop")
    rules = sp.SnapRules(min_component_km=0.0, candidates=1)
    before, after = (
        sp.travel_times(graph, places, shops, rules=rules).set_index(["from_id", "to_id"])["travel_time_min"]
        for graph in (free, bound)
    )
    both = pd.concat([before, after], axis=1, keys=["before", "after"]).dropna()
    assert (both["after"] >= both["before"] - 1e-9).all()


def run_network(study):
    read = sp.Study.from_toml(study.save(), raw=study.raw)
    return sp.run(read, processed=study.processed, maps=study.maps, until="network")


def test_a_study_asks_for_turns_in_its_network(tiny):
    bollard = tiny.osm().replace(
        'lon="104.0000" lat="30.0000"/>', 'lon="104.0000" lat="30.0000"><tag k="barrier" v="bollard"/></node>'
    )
    tiny.write("roads.osm", bollard)
    nodes = []
    for turns in (False, True):
        tiny.tables["network"]["turns"] = turns
        run_network(tiny)
        nodes.append(len(gpd.read_parquet(next(tiny.processed.rglob("nodes.parquet")))))
    TABLES["turns"].check(gpd.read_parquet(next(tiny.processed.rglob("turns.parquet"))))
    assert nodes[1] == nodes[0] + 2  # both streets at the crossing end there, for those who drive


def test_a_study_with_roads_of_its_own_has_no_turns_to_ask_for(tiny):
    tiny.tables["network"]["turns"] = True
    tiny.tables["sources.osm"]["roads"] = False
    with pytest.raises(sp.StudyError, match=r"turns are read with the roads of \[sources.osm\]"):
        run_network(tiny)


def test_a_forbidden_turn_changes_no_number_that_is_told_of_roads():
    roads = lines(**CROSS, back=[(1000, 0), (1000, 1000)])
    told, networks = [], [sp.build_network(roads, turns=rows) for rows in (None, restrictions(("no", "w", "n")))]
    village = gpd.GeoDataFrame(
        {"settlement_id": ["v"], "population_persons": [10.0]}, geometry=[shapely.Point(-1000, 0)], crs=CRS
    )
    shop = gpd.GeoDataFrame({"facility_id": ["k"], "service": "shop"}, geometry=[shapely.Point(1000, 0)], crs=CRS)
    upgrade = pd.DataFrame({"upgrade_id": ["u"], "road_ids": [["w"]], "speed_km_h": [50.0]})
    asked = {"service": "shop", "rules": ANYWHERE}
    for graph in networks:
        closed = sp.edit_network(graph, close=["e"], speeds={"n": 10.0})
        longer = sp.edit_network(graph, add=lines(new=[(0, 1000), (0, 2000)]))
        costs = sp.edge_criticality(graph, village, shop, cutoff_min=60, **asked)
        found = [
            [name.rstrip("<") for name in np.unique(graph.road_id[sp.bridges(graph)])],
            sp.network_shape(graph),
            costs.drop(columns="edge_id").to_numpy().tolist(),
            sp.robust_coverage(graph, village, shop, cutoff_min=60, **asked).edge_id,
            sp.rank_upgrades(graph, village, upgrade, facilities=shop, budget_km=1.0, **asked)
            .links["length_km"]
            .tolist(),
            closed.report["scenario"],
            longer.report["length_km"],
            longer.component_km.max(),
        ]
        told.append(found)
    assert told[0] == told[1]
    # Five roads of 1 km, all dead ends or on the way to one; closing either of two cuts the village off.
    assert told[0][0] == ["back", "e", "n", "s", "w"]
    assert [row[0] for row in told[0][2]] == ["e", "w"]
    assert told[0][4:] == [
        [1.0], {"speed_edges": 1, "speed_km": 1.0, "closed_edges": 1, "closed_km": 1.0}, 6.0, 6.0
    ]  # fmt: skip


@pytest.mark.parametrize("forbidden", [[("no", "w", "n")], [("no", "w", "n"), ("no", "w", "e")]])
def test_a_new_road_lends_no_way_to_those_who_may_not_turn(forbidden):
    new = lines(new=[(0, 0), (700, 700)])
    roads = lines(**CROSS)
    added = sp.edit_network(sp.build_network(roads, turns=restrictions(*forbidden)), add=new)
    built = sp.build_network(pd.concat([roads, new]), turns=restrictions(*forbidden))
    places = {**HALFWAY, "new": (350, 350)}
    pd.testing.assert_frame_equal(matrix(added, places), matrix(built, places))
    # Half of the new road and back, where that is shorter than a kilometre and back.
    assert matrix(added, places).loc["w", "n"] > 7.0


def test_roads_within_reach_are_told_once_in_whichever_direction_they_lead_there():
    shop = gpd.GeoDataFrame({"facility_id": ["k"], "service": "shop"}, geometry=[shapely.Point(500, 0)], crs=CRS)
    asked = {"service": "shop", "rules": ANYWHERE}
    graph = sp.build_network(lines(**CROSS), turns=restrictions(("no", "w", "n")))
    # Half a kilometre is 1.2 minutes: all of the road and, from its start, as much of each other one; then everything.
    near = sp.isochrones(graph, shop, cutoffs_min=[2.4, 9.0], **asked)["reached_km"].tolist()
    assert near == pytest.approx([1.0 + 3 * 0.5, 4.0])
    assert sp.catchment_areas(graph, shop, **asked)["reached_km"].tolist() == pytest.approx([4.0])
