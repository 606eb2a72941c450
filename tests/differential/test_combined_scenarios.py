"""Scenarios on walk and ride together, against networkx on the raw segments of each leg."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.scenarios import edges_closed_by, edit_network, unknown_names
from spatial.network.speeds import load_speeds, with_season
from spatial.network.splitting import split_edges

CRS = "EPSG:32738"
CLASSES = ("primary", "residential", "track", "path", "footway", "motorway")
BOARDING, ALIGHTING = 3.0, 1.0


def tangle(seed, *, n_nodes=50, n_roads=110, extent=9000.0):
    """Straight roads and paths between random nodes, where alone they join; some oneway, some unpaved."""
    random = np.random.default_rng(seed)
    xy = random.uniform(0.0, extent, (n_nodes, 2)).round(1)
    rows, lines = [], []
    for number in range(n_roads):
        chosen = random.choice(n_nodes, 2, replace=False)
        kind = str(random.choice(CLASSES))
        rows.append(
            {
                "road_id": f"w{number}",
                "road_class": kind,
                "surface": random.choice(["asphalt", "dirt"]),
                "oneway": "yes" if kind == "motorway" or random.uniform() < 0.2 else "no",
                "node_ids": [int(node) for node in chosen],
            }
        )
        lines.append(shapely.LineString(xy[chosen]))
    return gpd.GeoDataFrame(rows, geometry=lines, crs=CRS)


def both_of(roads):
    layers = [build_network(roads, mode=mode) for mode in ("walk", "drive")]
    return combine_networks(*layers, boarding_min=BOARDING, alighting_min=ALIGHTING)


def speed(mode, kind, surface="asphalt"):
    rules = load_speeds().modes[mode]
    paved = rules.unpaved_factor if surface == "dirt" else 1.0
    cap = load_speeds().caps.surface.get(surface, np.inf) if rules.uses_caps else np.inf
    cap = min(cap, rules.ungraded_track) if kind == "track" else cap
    return min(rules.classes.get(kind, 0.0), cap) * rules.factor * paved


def unchanged(mode, road, km_h):
    del mode, road
    return km_h


class Raw:
    """Straight segments of each leg, joined by coordinates: an oracle that knows no graph of ours."""

    def __init__(self, roads, change=unchanged, new=()):
        self.net = nx.DiGraph()
        crossings = {}
        for mode in ("walk", "drive"):
            segments = []
            for road in roads.itertuples():
                km_h = change(mode, road, speed(mode, road.road_class, road.surface))
                # A motorway is closed to walkers; others heed no oneway.
                if not km_h or not speed(mode, road.road_class):
                    continue
                back = km_h if mode == "walk" or road.oneway == "no" else 0.0
                points = list(road.geometry.coords)
                joins = road.road_class != "motorway"
                segments += [(a, b, km_h, back, joins) for a, b in pairwise(points)]
            for line, speeds in new:
                segments = self.cross(segments, line, speeds.get(mode))
            for a, b, forth, back, _ in segments:
                self.add(mode, a, b, forth)
                self.add(mode, b, a, back)
            crossings[mode] = {place for layer, place in self.net if layer == mode}
        for place in crossings["walk"] & crossings["drive"]:
            self.net.add_edge(("walk", place), ("drive", place), minutes=BOARDING)
            self.net.add_edge(("drive", place), ("walk", place), minutes=ALIGHTING)

    @staticmethod
    def cross(segments, line, km_h):
        """Cut the segments and the new line where they cross."""
        if not km_h:
            return segments
        cut, stops = [], {0.0, 1.0}
        for a, b, forth, back, joins in segments:
            at = line.intersection(shapely.LineString([a, b]))
            if at.is_empty or not joins:
                cut.append((a, b, forth, back, joins))
                continue
            place = (at.x, at.y)
            stops.add(line.project(at, normalized=True))
            cut += [(a, place, forth, back, True), (place, b, forth, back, True)]
        points = [line.interpolate(stop, normalized=True).coords[0] for stop in sorted(stops)]
        return cut + [(a, b, km_h, km_h, True) for a, b in pairwise(points)]

    def add(self, mode, a, b, km_h):
        ends = [(mode, (round(x, 2), round(y, 2))) for x, y in (a, b)]
        self.net.add_nodes_from(ends)
        minutes = 0.06 * np.hypot(a[0] - b[0], a[1] - b[1]) / km_h if km_h else np.inf
        if ends[0] != ends[1] and minutes < self.net.get_edge_data(*ends, {"minutes": np.inf})["minutes"]:
            self.net.add_edge(*ends, minutes=minutes)


def agree(graph, raw, *, seed=0, n=12):
    """Compare the minutes between nodes of both legs; nodes that nothing open reaches are reached by neither."""
    net = graph.to_networkx()
    names = {}
    for number, mode in enumerate(("walk", "drive")):
        own = graph.edge_layer == number
        for node in np.unique(np.concatenate((graph.edge_from[own], graph.edge_to[own]))).tolist():
            names[node] = (mode, (round(float(graph.node_x[node]), 2), round(float(graph.node_y[node]), 2)))
    nodes = sorted(set(names) & {node for node in names if names[node] in raw.net})
    assert len(nodes) > 40
    compared = 0
    for start in np.random.default_rng(seed).choice(nodes, n, replace=False).tolist():
        ours = nx.single_source_dijkstra_path_length(net, start, weight="time_min")
        theirs = nx.single_source_dijkstra_path_length(raw.net, names[start], weight="minutes")
        for goal in nodes:
            expected = theirs.get(names[goal], np.inf)
            assert ours.get(goal, np.inf) == pytest.approx(expected, abs=1e-3), (names[start], names[goal])
            compared += np.isfinite(expected)
    assert compared > 300


@pytest.mark.parametrize("seed", range(4))
def test_closed_faster_and_slower_roads_hold_in_the_leg_that_they_concern(seed):
    roads = tangle(seed)
    tracks = roads.loc[roads["road_class"] == "track", "road_id"].tolist()
    paths = roads.loc[roads["road_class"] == "path", "road_id"].tolist()
    stated, only_walkers = tracks[0], paths[0]
    closed, no_cars = roads.loc[roads["road_class"] == "primary", "road_id"].tolist()[:2]

    def change(mode, road, km_h):
        if road.road_id == closed:
            return 0.0
        if road.road_id == no_cars and mode == "drive":
            return 0.0
        if road.road_id == stated and mode == "drive":
            return 60.0
        if road.road_class == "residential":
            return km_h * (2.0 if mode == "drive" else 0.5)
        # A path is open to walkers alone, so that a factor on it is theirs.
        return km_h * (1.5 if road.road_id == only_walkers else 1.0)

    edited = edit_network(
        both_of(roads),
        close=[closed, f"drive:{no_cars}"],
        speeds={stated: 60.0},
        factors={"residential": 2.0, "walk:residential": 0.5, only_walkers: 1.5},
    )
    agree(edited, Raw(roads, change), seed=seed)


@pytest.mark.parametrize("seed", range(4))
def test_the_wet_season_slows_the_ride_and_not_the_walk(seed):
    roads = tangle(seed)
    wet = load_speeds().seasons["wet"]

    def change(mode, road, km_h):
        slow = mode == "drive" and road.surface == "dirt" and road.road_class != "motorway"
        return km_h * (wet.unpaved_factor if slow else 1.0)

    graph = with_season(both_of(roads), "wet")
    agree(graph, Raw(roads, change), seed=seed)
    apart = combine_networks(
        *(build_network(roads, mode=mode, season="wet") for mode in ("walk", "drive")),
        boarding_min=BOARDING,
        alighting_min=ALIGHTING,
    )
    for name in ("forward_min", "backward_min", "speed_km_h", "component", "component_km", "edge_id"):
        assert np.array_equal(getattr(graph, name), getattr(apart, name)), name


@pytest.mark.parametrize("seed", range(4))
def test_new_roads_are_cut_into_every_leg_that_may_use_them(seed):
    roads = tangle(seed)
    lines = [
        shapely.LineString([(-500, 4321), (9500, 5432)]),
        shapely.LineString([(2345, -500), (3456, 9500)]),
        shapely.LineString([(-500, 8765), (9500, 1234)]),
    ]
    new = gpd.GeoDataFrame(
        {
            "road_id": ["road", "path", "fast"],
            "road_class": ["residential", "footway", "motorway"],
            "speed_km_h": [50.0, None, 100.0],
        },
        geometry=lines,
        crs=CRS,
    )
    # A motorway is joined at its ends alone, and these lie in the fields.
    chosen = new.iloc[:2]
    edited = edit_network(both_of(roads), add=chosen)
    walking = speed("walk", "residential")
    known = ({"walk": walking, "drive": 50.0}, {"walk": speed("walk", "footway")})
    agree(edited, Raw(roads, new=list(zip(lines[:2], known, strict=True))), seed=seed)
    added = edit_network(both_of(roads), add=new)
    assert {name for name in added.edge_id if "fast" in name} == {"drive:fast/0"}
    assert {name.split(":")[0] for name in added.edge_id if "path/" in name} == {"walk"}


def test_old_nodes_keep_their_numbers_and_the_baseline_stays():
    both = both_of(tangle(9))
    before = both.forward_min.copy()
    road = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (9000, 9000)])], crs=CRS)
    edited = edit_network(both, add=road.assign(speed_km_h=40.0), close=["w7"])
    assert np.array_equal(edited.node_x[: both.n_nodes], both.node_x)
    assert np.array_equal(both.forward_min, before)
    again = edit_network(both, add=road.assign(speed_km_h=40.0), close=["w7"])
    assert np.array_equal(edited.edge_id, again.edge_id)
    assert np.array_equal(edited.forward_min, again.forward_min)
    assert edit_network(both) is both


def test_an_edge_is_named_with_and_without_its_leg_and_unknown_names_are_told():
    both = both_of(tangle(1))
    assert unknown_names(both, ["w1", "w1/0", "walk:w1", "walk:w1/0", "fly:w1", "walk>drive/0"]) == [
        "fly:w1",
        "walk>drive/0",
    ]
    with pytest.raises(ContractError, match=r"close: the network has no edge or road 'drive:w999'"):
        edit_network(both, close=["drive:w999"])


def test_a_road_that_no_leg_may_use_is_refused_with_the_modes():
    both = both_of(tangle(1))
    road = gpd.GeoDataFrame(
        {"road_id": ["r"], "road_class": ["raceway"], "speed_km_h": [50.0]},
        geometry=[shapely.LineString([(0, 0), (9000, 9000)])],
        crs=CRS,
    )
    with pytest.raises(ContractError, match=r"neither walk nor drive may use 1 new roads of the class raceway"):
        edit_network(both, add=road)


def test_a_mark_closes_the_nearest_road_of_each_leg():
    # A path runs 4 m beside the road: a mark on it closes the path for walkers and the road for cars.
    roads = gpd.GeoDataFrame(
        {"road_id": ["road", "path"], "road_class": ["primary", "path"]},
        geometry=[shapely.LineString([(0, 0), (4000, 0)]), shapely.LineString([(0, 0), (10, 4), (4000, 4)])],
        crs=CRS,
    )
    marks = gpd.GeoSeries([shapely.Point(2000, 5)], crs=CRS)
    assert edges_closed_by(both_of(roads), marks).tolist() == ["walk:path/0", "drive:road/0"]
    with pytest.raises(ContractError, match="no road within 10 m of 'row 2'"):
        edges_closed_by(both_of(roads), gpd.GeoSeries([marks[0], shapely.Point(2000, 99)], crs=CRS))


def test_a_wall_between_legs_parts_their_components():
    roads = gpd.GeoDataFrame(
        {"road_id": ["w1"], "road_class": ["primary"]}, geometry=[shapely.LineString([(0, 0), (4000, 0)])], crs=CRS
    )
    both = both_of(roads)
    edge = np.flatnonzero(both.edge_layer >= 0)
    parted = split_edges(both, edge, [0.25, 0.25], joined=False)
    # Each leg has a piece of 1 and one of 3 km; the links between legs join no components.
    assert sorted(parted.component_km[parted.edge_layer >= 0]) == pytest.approx([1.0, 1.0, 3.0, 3.0])


def test_who_gains_and_who_loses_makes_up_the_difference_and_doors_agree_with_a_network_built_anew():
    roads = tangle(5)
    random = np.random.default_rng(5)
    villages = gpd.GeoDataFrame(
        {
            "settlement_id": [f"s{n}" for n in range(40)],
            "population_persons": random.integers(1, 900, 40).astype(float),
            "in_study": True,
        },
        geometry=gpd.points_from_xy(*random.uniform(0, 9000, (2, 40))),
        crs=CRS,
    )
    clinics = gpd.GeoDataFrame(
        {"facility_id": ["a", "b"], "service": "clinic", "status": "existing"},
        geometry=gpd.points_from_xy([500, 8000], [500, 2500]),
        crs=CRS,
    )
    new = gpd.GeoDataFrame(
        {"road_id": ["new"], "road_class": ["residential"], "speed_km_h": [50.0]},
        geometry=[shapely.LineString([(100, 8700), (8800, 300)])],
        crs=CRS,
    )
    both = both_of(roads)
    trials = [
        sp.Scenario("new", add=new),
        sp.Scenario("closed", close=roads.loc[roads["road_class"] == "primary", "road_id"].tolist()),
        sp.Scenario("wet", season="wet"),
    ]
    table = sp.compare_scenarios(both, trials, villages, clinics, service="clinic", cutoff_min=25.0)
    sums = sp.summarise_scenarios(table)
    kept = sums["within_before_persons"] + sums["gained_persons"] - sums["lost_persons"]
    assert np.allclose(kept, sums["within_after_persons"])
    assert (sums["persons"] == villages["population_persons"].sum()).all()
    change = {name: rows.set_index("settlement_id") for name, rows in table.groupby("scenario")}
    assert (change["new"]["after_min"] <= change["new"]["before_min"] + 1e-9).all()
    assert (change["new"]["difference_min"] < -1.0).any()
    after = change["closed"]["after_min"]
    assert ((after >= change["closed"]["before_min"] - 1e-9) | after.isna()).all()
    wet = combine_networks(
        *(build_network(roads, mode=mode, season="wet") for mode in ("walk", "drive")),
        boarding_min=BOARDING,
        alighting_min=ALIGHTING,
    )
    anew = sp.cost_to_closest(wet, villages, clinics, service="clinic").set_index("from_id")
    shown = anew["travel_time_min"].reindex(change["wet"].index)
    assert np.allclose(change["wet"]["after_min"], shown, equal_nan=True, rtol=0, atol=1e-9)
