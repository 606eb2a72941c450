"""
Plans recomputed from the tables that a run has written: whom sites, links and road upgrades bring within their norm.

Nothing of the package is called but to make the runs: edges, settlements, water and the plans themselves are read from
the processed folder, and the rules (five nearest edges, straight legs at 5 km/h times 1.3, what no leg crosses, what
new roads join) are those of the docs.
"""

import itertools
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

import spatial as sp

pytestmark = pytest.mark.slow

CANDIDATES, MAX_SNAP_M, MIN_COMPONENT_KM = 5, 5000.0, 5.0
MIN_PER_M = 1.3 * 0.06 / 5.0  # 5 km/h on a line that is 1.3 times as long
JOINS_M = 10.0  # how far the end of a new road may be from what it joins
NEAR_ROAD_M = 500.0
SAME_SHARE = 1e-9  # of an edge: two places on it that are one
GRADED = {
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified",
}  # fmt: skip


EXAMPLES = Path(__file__).parents[2] / "examples"


CLINICS = {"name": "clinics", "service": "primary_care", "mode": "drive"}
COUNTY = [
    {**CLINICS, "within_min": 15, "sites": 2},
    {"name": "seat", "norm": "CN-COUNTY-60"},
    {"name": "roads", "norm": "CN-ROADREG-GRADE"},
]


@pytest.fixture(scope="module")
def asked(go_on_from, tmp_path_factory):
    """Ask for plans behind a run; gives the folder of tables."""

    def of(run, raw, name, plans):
        folder = go_on_from(run, tmp_path_factory.mktemp(name))
        values = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
        study = sp.Study.from_dict({**values, "plans": plans}, raw=raw)
        return sp.run(study, until="plan", processed=folder / "processed", maps=folder / "maps").folder

    return of


@pytest.fixture(scope="module")
def sample(sample_run, asked):
    return asked(sample_run, sample_run / "raw", "sample", COUNTY)


def piece(line, here, then):
    """Cut a line between two shares of its length."""
    xy = shapely.get_coordinates(line)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))) / line.length
    ends = [shapely.get_coordinates(line.interpolate(at, normalized=True)) for at in (here, then)]
    return shapely.LineString(np.vstack((ends[0], xy[(along > here) & (along < then)], ends[1])))


class Roads:
    """Edges of the cars' network as arcs between nodes; minutes along them."""

    def __init__(self, folder):
        edges = gpd.read_parquet(folder / "edges.parquet").query("mode == 'drive'").reset_index(drop=True)
        self.lines, self.ends = edges.geometry.to_numpy(), edges[["from_node", "to_node"]].to_numpy()
        self.there, self.back = (edges[f"time_{way}_min"].to_numpy() for way in ("forward", "backward"))
        self.is_level = ~(edges["is_bridge"] | edges["is_tunnel"]).to_numpy()
        self.may_join = (edges["is_snappable"] & (edges["component_km"] >= MIN_COMPONENT_KM)).to_numpy()
        self.is_new = np.zeros(len(edges), dtype=bool)
        self.nodes = int(self.ends.max()) + 1
        self.free = []  # arcs of no length
        water = gpd.read_parquet(folder / "water.parquet")
        self.walls = shapely.STRtree(water.geometry[water["is_barrier"]].to_numpy())

    def node(self):
        self.nodes += 1
        return self.nodes - 1

    def with_links(self, links):
        """Build roads: they join what their ends are within ten metres of, what they cross, and dead ends they pass."""
        old, tree = len(self.lines), shapely.STRtree(self.lines)
        spots = []  # where roads meet: an edge, the share along it, and a node
        lines = np.array([shapely.LineString(points) for points, *_ in links])
        share = shapely.line_locate_point

        def meet(first, second, point):
            at = self.node()
            spots.extend((edge, float(share(every[edge], point, normalized=True)), at) for edge in (first, second))

        every = np.concatenate((self.lines, lines))
        ids, times = np.unique(self.ends, return_counts=True)
        dead, place = set(ids[times == 1].tolist()), {}
        for edge, (start, end) in enumerate(self.ends.tolist()):
            place[start], place[end] = (shapely.get_point(self.lines[edge], at) for at in (0, -1))
        for number, line in enumerate(lines):
            new = old + number
            for end in (shapely.get_point(line, 0), shapely.get_point(line, -1)):
                for edge in tree.query_nearest(end, max_distance=JOINS_M, all_matches=False).tolist():
                    near = {node: place[node].distance(end) for node in self.ends[edge].tolist()}
                    node = min(near, key=near.get)
                    if near[node] <= JOINS_M:
                        spots.append((new, float(share(line, end, normalized=True)), node))
                        continue
                    at = self.node()
                    spots.append((edge, float(share(every[edge], end, normalized=True)), at))
                    spots.append((new, float(share(line, end, normalized=True)), at))
            for edge in tree.query(line, predicate="intersects").tolist():
                for point in shapely.get_parts(shapely.intersection(line, every[edge])) if self.is_level[edge] else ():
                    meet(new, edge, shapely.get_point(point, 0) if point.geom_type == "LineString" else point)
            for other in range(old, new):
                shared = shapely.intersection(line, every[other])
                for point in () if shared.is_empty else shapely.get_parts(shared):
                    meet(new, other, shapely.get_point(point, 0) if point.geom_type == "LineString" else point)
                for point in (shapely.get_point(every[edge], at) for edge in (new, other) for at in (0, -1)):
                    if max(point.distance(every[new]), point.distance(every[other])) <= 0.01:
                        meet(new, other, point)
            passed = [node for node in sorted(dead) if line.distance(place[node]) <= JOINS_M]
            spots.extend((new, float(share(line, place[node], normalized=True)), node) for node in passed)
        minutes = [60.0 * km / km_h for _, km, km_h in links]
        ends = [[self.node(), self.node()] for _ in links]
        there, back = np.append(self.there, minutes), np.append(self.back, minutes)
        cuts = {}
        for edge, at, node in spots:
            cuts.setdefault(edge, []).append((at, node))
        rows = []
        for edge, (start, end) in enumerate([*self.ends.tolist(), *ends]):
            stops = [(0.0, start), *sorted(cuts.get(edge, [])), (1.0, end)]
            is_new = edge >= old
            for (here, a), (then, b) in itertools.pairwise(stops):
                if then - here < SAME_SHARE:
                    self.free += [(a, b, 0.0), (b, a, 0.0)]
                    continue
                line = every[edge] if edge not in cuts else piece(every[edge], here, then)
                part = then - here
                rows.append((line, a, b, part * there[edge], part * back[edge], is_new or self.may_join[edge], is_new))
        lines, starts, ends, there, back, joins, new = zip(*rows, strict=True)
        self.lines, self.ends = np.array(lines), np.column_stack((starts, ends))
        self.there, self.back = np.array(there), np.array(back)
        self.may_join, self.is_new = np.array(joins), np.array(new)
        return self

    def doors(self, point):
        """Ways in for a place: edge, share along it, and minutes of the leg; what is new is joined on its own."""
        found = []
        for group, tree in self.trees:
            near, reach = [], 250.0
            while len(near) < CANDIDATES and reach < MAX_SNAP_M:
                reach, near = min(2.0 * reach, MAX_SNAP_M), []
                for edge in group[tree.query(point, predicate="dwithin", distance=reach)]:
                    line = self.lines[edge]
                    foot = shapely.line_interpolate_point(line, shapely.line_locate_point(line, point))
                    if not len(self.walls.query(shapely.LineString([point, foot]), predicate="intersects")):
                        near.append((shapely.distance(point, foot), edge))
            for metres, edge in sorted(near)[:CANDIDATES]:
                share = shapely.line_locate_point(self.lines[edge], point, normalized=True)
                found.append((edge, float(share), metres * MIN_PER_M))
        return found

    def minutes(self, origins, goals):
        """From each origin to the nearest goal; places are their points."""
        groups = [np.flatnonzero(self.may_join & (self.is_new == is_new)) for is_new in (False, True)]
        self.trees = [(group, shapely.STRtree(self.lines[group])) for group in groups if len(group)]
        sink, cuts, legs, starts = self.node(), {}, [], []
        for points, is_goal in ((origins, False), (goals, True)):
            for point in points:
                place = sink if is_goal else self.node()
                starts += [] if is_goal else [place]
                for edge, share, leg in self.doors(point):
                    foot = self.node()
                    cuts.setdefault(edge, []).append((share, foot))
                    legs.append((foot, place, leg) if is_goal else (place, foot, leg))
        arcs = []
        for edge, (start, end) in enumerate(self.ends.tolist()):
            for (here, a), (then, b) in itertools.pairwise([(0.0, start), *sorted(cuts.get(edge, [])), (1.0, end)]):
                arcs += [(a, b, (then - here) * self.there[edge]), (b, a, (then - here) * self.back[edge])]
        rows = pd.DataFrame([*arcs, *legs, *self.free], columns=["a", "b", "min"])
        rows = rows.loc[np.isfinite(rows["min"])].groupby(["a", "b"], as_index=False)["min"].min()
        # Backwards from the goals. A weight of zero would be no arc.
        weights = np.maximum(rows["min"].to_numpy(), 1e-12)
        graph = coo_array((weights, (rows["b"], rows["a"])), shape=(self.nodes, self.nodes)).tocsr()
        return dijkstra(graph, indices=sink)[starts]


def plan_of(folder, plan_id):
    plan = pd.read_parquet(folder / "plans.parquet").set_index("plan_id").loc[plan_id]
    people = pd.read_parquet(folder / "plan_people.parquet").query("plan_id == @plan_id").set_index("unit_id")
    actions = gpd.read_parquet(folder / "plan_actions.parquet").query("plan_id == @plan_id")
    homes = gpd.read_parquet(folder / "settlements.parquet").set_index("settlement_id")
    return plan, people, actions, homes


def gained_by(plan, people, after):
    """Who was beyond the norm and is within it then, and the people among them."""
    beyond = ~people["outcome"].isin(["within", "unknown"]).to_numpy()
    gained = beyond & (after <= plan["threshold"])
    assert set(people.index[gained]) == set(people.index[people["outcome"] == "gained"])
    assert people["persons"][gained].sum() == pytest.approx(plan["persons_gained"], rel=1e-9)
    assert people["persons"][beyond & ~gained].sum() == pytest.approx(plan["persons_beyond"], rel=1e-9)
    return gained


def held(people, before, own, *, atol=1e-6):
    """Today and by the actions alone are the value with the plan."""
    after = np.fmin(before.fillna(np.inf).to_numpy(), own)
    told = people["after_value"].fillna(np.inf).to_numpy()
    near = np.isfinite(told)
    np.testing.assert_allclose(after[near], told[near], rtol=0, atol=atol)
    assert (after[~near] > 240.0).all()  # beyond the longest time that a study looks at
    return after


def hold_sites(folder):
    plan, people, actions, homes = plan_of(folder, "clinics")
    assert (plan["question"], plan["unit"]) == ("sites", "min")
    assert plan["places_gained"] > 0
    own = Roads(folder).minutes(homes.geometry[people.index], homes.geometry[actions["place_id"]])
    gained_by(plan, people, held(people, people["before_value"], own))


def test_sites_in_a_county_bring_within_whom_a_shortest_way_over_the_written_edges_does(sample):
    hold_sites(sample)


@pytest.mark.trial  # that of the county is tried each time
def test_sites_on_islands_bring_within_whom_a_shortest_way_over_the_written_edges_does(comoros, region_run, asked):
    hold_sites(asked(region_run(comoros), comoros.parent, "comoros", [{**CLINICS, "within_min": 60, "sites": 3}]))


def test_links_bring_within_whom_a_shortest_way_over_them_does(sample):
    plan, people, actions, homes = plan_of(sample, "seat")
    (item,) = [
        item
        for item in tomllib.loads((sample / "plans.toml").read_text(encoding="utf-8"))["scenarios"]
        if item["name"] == "plan-seat"
    ]
    lines = gpd.GeoSeries([shapely.LineString(road["points"]) for road in item["build"]], crs=4326).to_crs(homes.crs)
    assert sum(road["length_km"] for road in item["build"]) == pytest.approx(plan["length_km"])
    links = [
        (line.coords, road["length_km"], road["speed_km_h"]) for line, road in zip(lines, item["build"], strict=True)
    ]
    seats = homes.geometry[homes["tier"].isin(["county_seat", "city"])]
    today = Roads(sample).minutes(homes.geometry[people.index], seats)
    with_plan = Roads(sample).with_links(links).minutes(homes.geometry[people.index], seats)
    before = people["before_value"].fillna(np.inf).to_numpy()
    is_seat = people.index.isin(seats.index)
    near = np.isfinite(before) & ~is_seat
    np.testing.assert_allclose(today[near], before[near], rtol=0, atol=1e-6)
    assert (with_plan <= today + 1e-9).all()
    # An end joins the junction within ten metres, from which a crossing just before it may lie as far on either road.
    at_a_junction = 2.0 * JOINS_M * 0.06 / links[0][2]
    gained_by(plan, people, held(people, people["before_value"], with_plan, atol=at_a_junction))
    assert len(actions) == plan["actions"]


def test_upgrades_bring_a_graded_road_to_whom_lies_near_them(sample):
    plan, people, actions, homes = plan_of(sample, "roads")
    edges = gpd.read_parquet(sample / "edges.parquet").query("mode == 'drive'")
    graded = shapely.union_all(edges.geometry[edges["road_class"].isin(GRADED)].to_numpy())
    new = shapely.union_all(actions.geometry.to_numpy())
    points = homes.geometry[people.index]
    today, then = (points.distance(ground).to_numpy() <= NEAR_ROAD_M for ground in (graded, new))
    outcome = people["outcome"].to_numpy()
    assert not today[np.isin(outcome, ["gained", "beyond", "none_reached"])].any()
    assert today[outcome == "within"].all()
    assert then[outcome == "gained"].all()
    assert not then[np.isin(outcome, ["beyond", "none_reached"])].any()
    assert (outcome == "gained").sum() == plan["places_gained"] == (~today & then).sum()
    # What is upgraded leads on from a graded road, or from another stretch that does.
    parts, led = list(actions.geometry), graded
    while parts:
        joined = [part for part in parts if part.distance(led) < 1e-6]
        assert joined
        led = shapely.union_all([led, *joined])
        parts = [part for part in parts if not any(part is other for other in joined)]
