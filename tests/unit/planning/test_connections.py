"""A way to every settlement at least cost: by arithmetic, against all choices of links and against networkx."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import ContractError
from spatial.network.build import build_network
from spatial.planning.connections import connect_settlements
from spatial.planning.link_candidates import propose_links
from spatial.study.access import SnapRules
from tests.unit.planning.test_links import clinic, lines, minutes_with, places

RULES = SnapRules(min_component_km=0.0, max_snap_m=100.0)
OPTIONS = {"facilities": clinic(0, 0), "service": "clinic", "rules": RULES}


def one_road():
    return build_network(lines(south=[(0, 0), (60_000, 0)]), mode="drive")


def built(plan):
    return plan.links.loc[plan.links["is_built"], "link_id"].tolist()


def test_a_shared_way_is_cheaper_than_one_for_each():
    # 10 km up to the middle and 1 km to either side, against a little more than 10 km for each.
    villages = places(a=(9_000, 10_000, 50), b=(11_000, 10_000, 60))
    links = lines(
        up=[(10_000, 0), (10_000, 10_000)], left=[(10_000, 10_000), (9_000, 10_000)],
        right=[(10_000, 10_000), (11_000, 10_000)], a=[(8_000, 0), (9_000, 10_000)], b=[(12_000, 0), (11_000, 10_000)],
    )  # fmt: skip
    plan = connect_settlements(one_road(), villages, links, **OPTIONS)
    assert built(plan) == ["up", "left", "right"]
    assert (plan.cost, plan.bound, plan.status) == (pytest.approx(12.0), pytest.approx(12.0), "optimal")
    assert plan.settlements["status"].tolist() == ["connected", "connected"]
    assert plan.settlements["after_min"].to_numpy() == pytest.approx([21.0, 21.0])


def test_only_settlements_of_a_size_are_asked_for_and_others_come_along():
    villages = places(on=(5_000, 0, 9), big=(20_000, 5_000, 500), small=(40_000, 5_000, 20), way=(20_000, 2_000, 20))
    links = lines(
        big=[(20_000, 0), (20_000, 5_000)], small=[(40_000, 0), (40_000, 5_000)], idle=[(50_000, 0), (50_000, 1_000)]
    )
    plan = connect_settlements(one_road(), villages, links, least_persons=500, **OPTIONS)
    assert built(plan) == ["big"]
    assert plan.settlements["status"].tolist() == ["has_way", "connected", "too_small", "connected"]
    every = connect_settlements(one_road(), villages, links, **OPTIONS)
    assert built(every) == ["big", "small"]


def test_roads_that_lead_nowhere_today_are_used():
    graph = build_network(lines(south=[(0, 0), (60_000, 0)], island=[(10_000, 20_000), (40_000, 20_000)]), mode="drive")
    villages = places(west=(10_000, 20_000, 5), north=(30_000, 25_000, 5))
    links = lines(
        far=[(10_000, 0), (10_000, 20_000)],
        near=[(40_000, 0), (40_000, 20_000)],
        spur=[(30_000, 20_000), (30_000, 25_000)],
    ).assign(cost=[7.0, 6.0, 1.0])
    plan = connect_settlements(graph, villages, links, cost="cost", **OPTIONS)
    assert built(plan) == ["near", "spur"]
    assert plan.cost == 7.0


@pytest.mark.parametrize("way", ["road", "link"])
def test_a_way_that_leads_in_the_wrong_direction_is_none(way):
    # From the village 20 km up to the road: the cheap way ends on a oneway street from the road, or is one itself.
    street = lines(south=[(0, 0), (20_000, 0), (60_000, 0)], street=[(20_000, 0), (20_000, 10_000)])
    graph = build_network(street.assign(oneway=["no", "yes" if way == "road" else "no"]), mode="drive")
    links = lines(cheap=[(20_000, 10_000), (20_000, 20_000)], dear=[(30_000, 0), (20_000, 20_000)])
    links = links.assign(oneway=["yes" if way == "link" else "no", "no"], cost=[1.0, 5.0])
    plan = connect_settlements(graph, places(v=(20_000, 20_000, 5)), links, cost="cost", **OPTIONS)
    assert (built(plan), plan.cost, plan.status) == (["dear"], 5.0, "optimal")
    assert plan.settlements["status"].tolist() == ["connected"]


def test_a_oneway_link_is_paid_once_for_all_who_leave_it_before_its_end():
    # It goes down to the road, past a side link that joins it midway.
    links = lines(down=[(20_000, 20_000), (20_000, 10_000), (20_000, 0)], side=[(25_000, 10_000), (20_000, 10_000)])
    links = links.assign(oneway=["yes", "no"], cost=[4.0, 1.0])
    villages = places(top=(20_000, 20_000, 5), beside=(25_000, 10_000, 5))
    plan = connect_settlements(one_road(), villages, links, cost="cost", **OPTIONS)
    assert (built(plan), plan.cost, plan.bound) == (["down", "side"], 5.0, pytest.approx(5.0))


def test_parts_of_a_link_that_do_not_meet_are_no_way_and_are_paid_once():
    links = lines(parts=[(20_000, 0), (20_000, 5_000)], whole=[(30_000, 0), (20_000, 20_000)])
    apart = shapely.MultiLineString([[(20_000, 0), (20_000, 5_000)], [(20_000, 10_000), (20_000, 20_000)]])
    links = links.set_geometry([apart, links.geometry.iloc[1]], crs=links.crs).assign(cost=[1.0, 5.0])
    village = places(v=(20_000, 20_000, 5))
    assert built(connect_settlements(one_road(), village, links, cost="cost", **OPTIONS)) == ["whole"]
    # A link of its own closes the gap: both parts for 1, and 3 for the gap.
    gap = lines(gap=[(20_000, 5_000), (20_000, 10_000)]).assign(cost=3.0)
    plan = connect_settlements(one_road(), village, pd.concat([links, gap]), cost="cost", **OPTIONS)
    assert (built(plan), plan.cost, plan.bound) == (["parts", "gap"], 4.0, pytest.approx(4.0))


def test_whom_no_candidate_reaches_is_told():
    villages = places(near=(20_000, 5_000, 5), lost=(50_000, 30_000, 5))
    links = lines(up=[(20_000, 0), (20_000, 5_000)], nowhere=[(49_000, 30_000), (50_000, 30_000)])
    plan = connect_settlements(one_road(), villages, links, **OPTIONS)
    assert built(plan) == ["up"]
    assert plan.settlements["status"].tolist() == ["connected", "no_link"]
    assert np.isinf(plan.settlements["after_min"].iloc[1])


def some_links(seed):
    """Settlements on a grid off the road, and eight streets of the grid with costs of their own."""
    random = np.random.default_rng(seed)
    side = range(3)
    ways = {f"x{i}-{j}": [(5e3 * i, 5e3 * j), (5e3 * (i + 1), 5e3 * j)] for i in range(2) for j in (1, 2)}
    ways |= {f"y{i}-{j}": [(5e3 * i, 5e3 * j), (5e3 * i, 5e3 * (j + 1))] for i in side for j in range(2)}
    ways |= {"diagonal": [(0, 0), (1e4, 1e4)]}
    chosen = random.choice(list(ways), 8, replace=False)
    links = lines(**{name: ways[name] for name in chosen}).assign(cost=random.integers(1, 20, 8).astype(float))
    at = random.choice(6, 3, replace=False)
    return links, places(**{f"v{n}": (5e3 * (n % 3), 5e3 * (n // 3 + 1), 10) for n in at})


@pytest.mark.parametrize("seed", range(4))
def test_the_cost_is_the_least_of_all_choices_of_links(seed):
    graph = one_road()
    links, villages = some_links(seed)
    every = np.isfinite(minutes_with(graph, villages, clinic(0, 0), links, RULES))
    choices = [list(some) for size in range(9) for some in itertools.combinations(range(8), size)]
    costs = [links["cost"].iloc[some].sum() for some in choices]
    # The cheapest of all choices that reach as many: no cheaper one does.
    best = next(
        costs[n]
        for n in np.argsort(costs, kind="stable")
        if (np.isfinite(minutes_with(graph, villages, clinic(0, 0), links.iloc[choices[n]], RULES)) == every).all()
    )
    plan = connect_settlements(graph, villages, links, cost="cost", **OPTIONS)
    assert plan.cost == pytest.approx(best)
    assert plan.status == "optimal"
    assert (plan.settlements["status"] == "connected").tolist() == every.tolist()
    # Without time for a proof: a plan for the same settlements, at most twice as dear here, and a true bound.
    quick = connect_settlements(graph, villages, links, cost="cost", time_limit_s=0.0, **OPTIONS)
    assert quick.bound <= best <= quick.cost <= 2.0 * best
    assert quick.settlements["status"].tolist() == plan.settlements["status"].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_no_plan_is_dearer_than_the_tree_of_networkx(seed):
    random = np.random.default_rng(seed)
    side = range(6)
    ways = {f"x{i}-{j}": [(5e3 * i, 5e3 * j), (5e3 * (i + 1), 5e3 * j)] for i in range(5) for j in range(1, 6)}
    ways |= {f"y{i}-{j}": [(5e3 * i, 5e3 * j), (5e3 * i, 5e3 * (j + 1))] for i in side for j in range(5)}
    links = lines(**ways).assign(cost=random.uniform(1, 9, len(ways)))
    at = random.choice(30, 7, replace=False)
    villages = places(**{f"v{n}": (5e3 * (n % 6), 5e3 * (n // 6 + 1), 10) for n in at})
    plan = connect_settlements(one_road(), villages, links, cost="cost", **OPTIONS)
    assert plan.status == "optimal"
    network = nx.Graph()
    for line, cost in zip(ways.values(), links["cost"], strict=True):
        network.add_edge(*(("road", 0) if y == 0 else (x, y) for x, y in line), weight=cost)
    for i in side:
        network.add_edge(("road", 0), (5e3 * i, 5e3), weight=links["cost"][list(ways).index(f"y{i}-0")])
    ends = [("road", 0), *((point.x, point.y) for point in villages.geometry)]
    tree = nx.algorithms.approximation.steiner_tree(network, ends)
    assert plan.cost <= tree.size(weight="weight") + 1e-9
    assert tree.size(weight="weight") <= 2.0 * plan.cost + 1e-9


def test_gaps_are_proposed_and_closed():
    villages = places(a=(10_000, 3_000, 50), b=(10_000, 6_000, 60), on=(0, 0, 1))
    links = propose_links(one_road(), villages, within_min=0, most=20, **OPTIONS)
    plan = connect_settlements(one_road(), villages, links, **OPTIONS)
    # 3 km to the road and 3 km on, 1.3 as long.
    assert plan.cost == pytest.approx(6.0 * 1.3)
    assert plan.settlements["status"].tolist() == ["connected", "connected", "has_way"]


def test_order_never_matters_and_nothing_costs_nothing():
    links, villages = some_links(3)
    plan = connect_settlements(one_road(), villages, links, cost="cost", **OPTIONS)
    again = connect_settlements(one_road(), villages.iloc[::-1], links.iloc[::-1], cost="cost", **OPTIONS)
    assert again.cost == pytest.approx(plan.cost)
    nobody = connect_settlements(one_road(), places(on=(5_000, 0, 9)), links, **OPTIONS)
    assert (nobody.cost, nobody.bound, nobody.status, built(nobody)) == (0.0, 0.0, "optimal", [])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"least_persons": -1}, "least_persons: must be 0 or more"),
        ({"time_limit_s": float("nan")}, "time_limit_s: must be 0 or more"),
        ({"cost": "price"}, "price: no such column"),
        ({"facilities": None}, "needs facilities"),
    ],
)
def test_options_that_make_no_sense_are_refused(changed, words):
    links, villages = some_links(0)
    with pytest.raises(ContractError, match=words):
        connect_settlements(one_road(), villages, links, **(OPTIONS | changed))
    with pytest.raises(ContractError, match="cost: must be 0 or more, not so for"):
        connect_settlements(one_road(), villages, links.assign(cost=-1.0), cost="cost", **OPTIONS)
