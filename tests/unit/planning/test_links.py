"""Links to build first, on networks whose answers are known by arithmetic and against the network with links built."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.cumulative import cumulative_cutoff
from spatial.errors import ContractError, InfeasibleError
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.scenarios import edit_network
from spatial.network.speeds import with_season
from spatial.planning.links import rank_links, rank_upgrades
from spatial.study.access import SnapRules

CRS = "EPSG:32738"
RULES = SnapRules(min_component_km=0.0, max_snap_m=500.0)


def lines(**ways):
    """Roads by name, at 60 km/h: a kilometre a minute."""
    return gpd.GeoDataFrame(
        {"road_id": list(ways), "road_class": "residential", "speed_km_h": 60.0},
        geometry=[shapely.LineString(way) for way in ways.values()],
        crs=CRS,
    )


def places(**at):
    return gpd.GeoDataFrame(
        {"settlement_id": list(at), "population_persons": [float(persons) for *_, persons in at.values()]},
        geometry=[shapely.Point(x, y) for x, y, _ in at.values()],
        crs=CRS,
    )


def clinic(x, y):
    return gpd.GeoDataFrame(
        {"facility_id": ["k"], "service": ["clinic"], "status": ["existing"]}, geometry=[shapely.Point(x, y)], crs=CRS
    )


def ladder():
    """
    Two roads along y = 0 and y = 10 km, joined at x = 60 km; the clinic stands at (0, 0).

    From (0, 10) it is 60 + 10 + 60 km to the clinic; a link at x = 0 makes 10 of them.
    """
    return lines(
        south=[(0, 0), (20_000, 0), (40_000, 0), (60_000, 0)],
        north=[(0, 10_000), (20_000, 10_000), (40_000, 10_000), (60_000, 10_000)],
        east=[(60_000, 0), (60_000, 10_000)],
    )


def minutes_with(graph, settlements, facilities, links, rules=RULES):
    built = edit_network(graph, add=links) if len(links) else graph
    found = cost_to_closest(built, settlements, facilities, service="clinic", rules=rules)
    return found["travel_time_min"].fillna(np.inf).to_numpy()


def test_the_link_that_brings_most_people_a_kilometre_within_the_limit_comes_first():
    graph = build_network(ladder(), mode="drive")
    villages = places(near=(0, 10_000, 100), middle=(20_000, 10_000, 400))
    links = lines(a=[(0, 0), (0, 10_000)], b=[(20_000, 0), (20_000, 10_000)])
    found = rank_links(
        graph, villages, links, budget_km=20, facilities=clinic(0, 0), service="clinic", within_min=30, rules=RULES
    )
    # Link a: near 10, middle 20 + 10 = 30, both within 30 inclusive, 500 people; link b: middle 10 + 20 = 30, near 50.
    assert found.links["gained_persons"].tolist() == [500.0, 400.0]
    assert found.steps["link_ids"].tolist() == ["a"]
    assert found.steps["total_gained_persons"].tolist() == [500.0]
    assert found.settlements["before_min"].to_numpy() == pytest.approx([130.0, 110.0])
    assert found.settlements["after_min"].to_numpy() == pytest.approx([10.0, 30.0])


def test_gains_behind_the_first_link_are_counted_anew():
    graph = build_network(ladder(), mode="drive")
    villages = places(near=(0, 10_000, 100), far=(40_000, 10_000, 400))
    links = lines(a=[(0, 0), (0, 10_000)], c=[(40_000, 0), (40_000, 10_000)])
    found = rank_links(
        graph, villages, links, budget_km=20, facilities=clinic(0, 0), service="clinic", within_min=50, rules=RULES
    )
    # Over a they need 10 and 50 minutes, over c 90 (too many) and 50. So a brings 500 people, c 400; behind a nobody is
    # left to gain, and c would save nobody a minute: from far it is 10 + 40 over either.
    assert found.links["gained_persons"].tolist() == [500.0, 400.0]
    assert found.steps["link_ids"].tolist() == ["a"]


def test_two_links_that_lead_nowhere_alone_are_built_as_one_way():
    graph = build_network(ladder(), mode="drive")
    villages = places(near=(0, 10_000, 100))
    # They meet at (0, 5 km), where no road is.
    links = lines(lower=[(0, 0), (0, 5_000)], upper=[(0, 5_000), (0, 10_000)])
    found = rank_links(
        graph, villages, links, budget_km=10, facilities=clinic(0, 0), service="clinic", within_min=30, rules=RULES
    )
    assert found.links["gained_persons"].tolist() == [0.0, 0.0]
    assert found.links["loose_ends"].tolist() == [1, 1]
    assert found.steps["link_ids"].tolist() == ["lower+upper"]
    assert found.steps["total_km"].tolist() == [10.0]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([10.0])


@pytest.mark.parametrize("order", [["lower", "upper"], ["upper", "lower"]])
def test_two_links_have_one_name_and_equal_links_one_order_whichever_row_comes_first(order):
    graph = build_network(ladder(), mode="drive")
    options = {"budget_km": 10, "facilities": clinic(0, 0), "service": "clinic", "within_min": 30, "rules": RULES}
    links = lines(lower=[(0, 0), (0, 5_000)], upper=[(0, 5_000), (0, 10_000)])
    rows = [["lower", "upper"].index(name) for name in order]
    found = rank_links(graph, places(near=(0, 10_000, 100)), links.iloc[rows], **options)
    assert found.links["link_id"].tolist() == order
    assert found.steps["link_ids"].tolist() == ["lower+upper"]
    # Two that lie on each other bring the same: the lower name is built.
    twins = lines(lower=[(0, 0), (0, 10_000)], upper=[(0, 0), (0, 10_000)]).iloc[rows]
    found = rank_links(graph, places(near=(0, 10_000, 100)), twins, **options)
    assert found.steps["link_ids"].tolist() == ["lower"]


def test_a_village_without_any_road_is_connected():
    graph = build_network(ladder(), mode="drive")
    villages = places(island=(20_000, 20_000, 70))
    links = lines(up=[(20_000, 10_000), (20_000, 20_000)])
    found = rank_links(
        graph, villages, links, budget_km=10, facilities=clinic(0, 0), service="clinic", within_min=30, rules=RULES
    )
    # 10 km up, 40 + 10 + 60 km to the clinic: connected, but not within 30 minutes.
    assert found.steps[["gained_persons", "connected_persons"]].to_numpy().tolist() == [[0.0, 70.0]]
    assert found.settlements["before_min"].tolist() == [np.inf]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([120.0])


@pytest.mark.parametrize("seed", range(6))
def test_times_of_any_choice_are_those_of_the_network_with_its_links_built(seed):
    random = np.random.default_rng(seed)
    graph = build_network(ladder(), mode="drive")
    xy = random.uniform((0, -400), (60_000, 10_400), (12, 2))
    villages = places(**{f"v{i}": (x, np.round(y, -4) + random.uniform(-300, 300), 10) for i, (x, y) in enumerate(xy)})
    ends = random.uniform(0, 60_000, (4, 2))
    links = lines(**{f"l{i}": [(a, 0), (b, 10_000)] for i, (a, b) in enumerate(ends)})
    hospital = clinic(float(random.uniform(0, 60_000)), 120.0)
    for some in itertools.chain.from_iterable(itertools.combinations(range(4), r) for r in (1, 2, 4)):
        chosen = links.iloc[list(some)]
        found = rank_links(
            graph, villages, chosen, budget_km=1e6, facilities=hospital, service="clinic", within_min=1e3, rules=RULES
        )
        built = [name for ids in found.steps["link_ids"] for name in ids.split("+")]
        straight = minutes_with(graph, villages, hospital, chosen[chosen["road_id"].isin(built)])
        assert found.settlements["after_min"].to_numpy() == pytest.approx(straight, abs=1e-9)


def beside_the_ladder(seed, n_links):
    """Villages, links across the ladder and a clinic at random; with far walks as studies have them."""
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 60_000, 12), random.uniform(-3_000, 13_000, 12)
    villages = places(**{f"v{i}": (x[i], y[i], 2**i) for i in range(12)})
    ends = random.uniform(0, 60_000, (n_links, 2))
    links = lines(**{f"l{i}": [(a, 0), (b, 10_000)] for i, (a, b) in enumerate(ends)})
    return villages, links, clinic(float(random.uniform(0, 60_000)), 120.0)


@pytest.mark.parametrize("seed", range(4))
def test_links_that_are_not_built_change_nothing(seed):
    graph = build_network(ladder(), mode="drive")
    villages, links, hospital = beside_the_ladder(seed, 8)
    rules = SnapRules(candidates=2)
    found = rank_links(
        graph, villages, links, budget_km=1e6, most_links=2, facilities=hospital, service="clinic", within_min=60,
        rules=rules,
    )  # fmt: skip
    built = [name for ids in found.steps["link_ids"] for name in ids.split("+")]
    assert len(built) == 2
    before = minutes_with(graph, villages, hospital, links[:0], rules)
    after = minutes_with(graph, villages, hospital, links[links["road_id"].isin(built)], rules)
    assert found.settlements["before_min"].to_numpy() == pytest.approx(before, abs=1e-9)
    assert found.settlements["after_min"].to_numpy() == pytest.approx(after, abs=1e-9)


@pytest.mark.parametrize("wall_at", [None, 10_000])
def test_a_link_that_crosses_another_and_is_not_built_brings_nobody_onto_that(wall_at):
    graph = build_network(lines(road=[(-6_000, 0), (0, 0)]), mode="drive")
    # At 20 km/h it is 400 m further west 0.6 minutes less, walked aslant: but where nothing is built nobody can enter
    # there. A wall before the nearest point of the link leaves no way onto it.
    villages, links = (
        places(v=(10_000, 2_000, 10)),
        lines(west=[(0, 0), (20_000, 0)], across=[(9_600, -500), (9_600, 500)]).assign(speed_km_h=20.0),
    )
    wall = None
    if wall_at is not None:
        wall = gpd.GeoSeries([shapely.LineString([(wall_at - 50, 1_000), (wall_at + 50, 1_000)])], crs=CRS)
    asked = {"facilities": clinic(-6_000, 0), "service": "clinic", "within_min": 90, "barriers": wall}
    rules = SnapRules(min_component_km=0.0)
    found = rank_links(graph, villages, links, budget_km=99, most_links=1, rules=rules, **asked)
    alone = rank_links(graph, villages, links.iloc[:1], budget_km=99, rules=rules, **asked)
    # 2 km x 1.3 at 5 km/h, then 10 km at 20 km/h and 6 km at 60.
    after = np.inf if wall_at else 31.2 + 30.0 + 6.0
    assert found.settlements["after_min"].tolist() == pytest.approx([after])
    assert alone.settlements["after_min"].tolist() == pytest.approx([after])


def test_nobody_walks_to_the_end_of_a_link_that_is_not_built():
    graph = build_network(ladder(), mode="drive")
    rules = SnapRules(min_component_km=0.0, candidates=1, max_snap_m=7_000.0)
    # South is 4 km away and the one way in; the clinic is on the north road, where the link begins, 6 km away.
    villages = places(between=(20_000, 4_000, 10))
    links = lines(up=[(20_000, 10_000), (20_000, 15_000)])
    found = rank_links(
        graph, villages, links, budget_km=5, facilities=clinic(20_000, 10_000), service="clinic", within_min=100,
        rules=rules,
    )  # fmt: skip
    # 4 km x 1.3 at 5 km/h, then 40 + 10 + 40 km; with the link, 6 km x 1.3 on foot to where it begins.
    assert found.settlements["before_min"].to_numpy() == pytest.approx([62.4 + 90.0])
    assert found.settlements["after_min"].to_numpy() == pytest.approx([93.6])
    assert found.links["gained_persons"].tolist() == [10.0]


def test_a_road_that_is_too_short_to_be_joined_to_counts_once_a_link_leads_there():
    street = lines(street=[(20_000, 14_000), (21_000, 14_000)])
    graph = build_network(pd.concat([ladder(), street]), mode="drive")
    rules = SnapRules(min_component_km=5.0, max_snap_m=2_000.0)
    # The village lies 1.5 km beyond the end of its street, which is where the link leads.
    villages, links = places(far=(22_500, 14_000, 10)), lines(up=[(20_000, 10_000), (20_000, 14_000)])
    hospital = clinic(0, 10_000)
    found = rank_links(
        graph, villages, links, budget_km=5, facilities=hospital, service="clinic", within_min=60, rules=rules
    )
    # 1.5 km x 1.3 at 5 km/h on foot, then 1 + 4 + 20 km.
    assert found.settlements["before_min"].tolist() == [np.inf]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([23.4 + 25.0])
    assert minutes_with(graph, villages, hospital, links, rules) == pytest.approx([23.4 + 25.0])


def test_a_oneway_road_that_is_too_short_alone_leads_to_the_goal_on_it_once_a_link_joins_it():
    # 3 km of street alone are too short to be joined to; the link makes them 11, and lies 1.5 km behind the village.
    graph = build_network(
        pd.concat([ladder(), lines(street=[(0, 40_000), (3_000, 40_000)]).assign(oneway="yes")]), mode="drive"
    )
    villages, links = places(v=(1_500, 40_000, 10)), lines(up=[(0, 40_000), (0, 48_000)])
    hospital, rules = clinic(3_000, 40_000), SnapRules(max_snap_m=2_000.0)
    asked = {"facilities": hospital, "service": "clinic", "within_min": 60, "rules": rules}
    found = rank_links(graph, villages, links, budget_km=9, **asked)
    assert found.settlements["before_min"].tolist() == [np.inf]
    assert found.settlements["after_min"].tolist() == pytest.approx([1.5])
    assert minutes_with(graph, villages, hospital, links, rules) == pytest.approx([1.5])


def test_a_link_at_a_junction_brings_nobody_over_a_forbidden_turn():
    roads = lines(
        w=[(-10_000, 0), (0, 0)], e=[(0, 0), (10_000, 0)], s=[(0, -10_000), (0, 0)], n=[(0, 0), (0, 10_000)]
    )  # fmt: skip
    turn = {"turn_id": ["t"], "kind": "no", "from_road_id": "w", "to_road_id": "n"}
    turns = gpd.GeoDataFrame(turn, geometry=[shapely.Point(0, 0)], crs=CRS)
    graph = build_network(roads, mode="drive", turns=turns)
    villages, links = places(v=(-10_000, 0, 10), beside=(1_500, 2_000, 10)), lines(new=[(0, 0), (3_000, 4_000)])
    asked = {"facilities": clinic(0, 10_000), "service": "clinic", "rules": RULES}
    found = rank_links(graph, villages, links, budget_km=9, **asked)
    # 10 km there, 10 on and back, 10 to the clinic; with the link 5 km and back. From amid the link 2.5 km and 10.
    assert found.settlements["before_min"].tolist() == pytest.approx([40.0, np.inf])
    assert found.settlements["after_min"].tolist() == pytest.approx([30.0, 12.5])
    upgrade = pd.DataFrame({"upgrade_id": ["u"], "road_ids": [["n"]], "speed_km_h": [120.0]})
    faster = rank_upgrades(graph, villages, upgrade, budget_km=10, **asked)
    assert faster.settlements["after_min"].tolist() == pytest.approx([35.0, np.inf])


@pytest.mark.parametrize("seed", range(3))
def test_each_step_is_the_best_of_all_links_and_pairs_on_the_network_itself(seed):
    graph = build_network(ladder(), mode="drive")
    villages, links, hospital = beside_the_ladder(seed + 50, 6)
    rules, people = SnapRules(), villages["population_persons"].to_numpy()
    found = rank_links(
        graph, villages, links, budget_km=40, facilities=hospital, service="clinic", within_min=45, worth="gained",
        rules=rules,
    )  # fmt: skip
    km = links.geometry.length.to_numpy() / 1000.0
    chosen, steps = [], []
    while True:
        now = minutes_with(graph, villages, hospital, links.iloc[chosen], rules) <= 45.0 * (1 + 1e-9)
        options = [
            option
            for size in (1, 2)
            for option in itertools.combinations(sorted(set(range(6)) - set(chosen)), size)
            if km[[*chosen, *option]].sum() <= 40.0
        ]
        rates = []
        for option in options:
            then = minutes_with(graph, villages, hospital, links.iloc[[*chosen, *option]], rules) <= 45.0 * (1 + 1e-9)
            rates.append(people[then & ~now].sum() / km[list(option)].sum())
        if max(rates, default=0.0) <= 0.0:
            break
        option = options[int(np.argmax(np.round(rates, 9)))]
        chosen += option
        steps.append(("+".join(f"l{e}" for e in option), max(rates) * km[list(option)].sum()))
    assert found.steps["link_ids"].tolist() == [name for name, _ in steps]
    assert found.steps["gained_persons"].to_numpy() == pytest.approx([gained for _, gained in steps])


def test_order_and_ids_never_matter():
    graph = build_network(ladder(), mode="drive")
    villages, links, hospital = beside_the_ladder(7, 6)
    options = {"budget_km": 60, "facilities": hospital, "service": "clinic", "within_min": 45}
    found = rank_links(graph, villages, links, **options)
    other = villages.iloc[::-1].assign(settlement_id=[f"x{i}" for i in range(12)])
    again = rank_links(graph, other, links.iloc[[3, 1, 5, 0, 4, 2]], **options)
    assert len(found.steps) > 1
    assert again.steps["link_ids"].tolist() == found.steps["link_ids"].tolist()
    alone = found.links.set_index("link_id")["gained_persons"]
    assert again.links.set_index("link_id")["gained_persons"].to_dict() == alone.to_dict()
    assert again.steps["gained_persons"].tolist() == found.steps["gained_persons"].tolist()
    assert again.settlements["after_min"].to_numpy() == pytest.approx(found.settlements["after_min"].to_numpy()[::-1])


def test_a_stated_length_holds_for_the_budget_and_for_the_minutes():
    graph, villages = build_network(ladder(), mode="drive"), places(near=(0, 10_000, 100))
    links = lines(a=[(0, 0), (0, 10_000)]).assign(length_km=13.0)
    options = {"facilities": clinic(0, 0), "service": "clinic", "within_min": 13, "rules": RULES}
    found = rank_links(graph, villages, links, budget_km=13, **options)
    assert found.steps[["length_km", "gained_persons"]].to_numpy().tolist() == [[13.0, 100.0]]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([13.0])
    assert minutes_with(graph, villages, clinic(0, 0), links) == pytest.approx([13.0])
    with pytest.raises(InfeasibleError, match="the shortest has 13 km"):
        rank_links(graph, villages, links, budget_km=12.9, **options)
    with pytest.raises(ContractError, match="length_km: must be above 0, or left out, in new roads 'a'"):
        rank_links(graph, villages, links.assign(length_km=0.0), budget_km=13, **options)


def test_only_people_who_are_asked_about_count():
    graph = build_network(ladder(), mode="drive")
    villages = places(near=(0, 10_000, 100), far=(40_000, 10_000, 400)).assign(rural=[0.0, 7.0])
    links = lines(a=[(0, 0), (0, 10_000)], c=[(40_000, 0), (40_000, 10_000)])
    found = rank_links(
        graph, villages, links, budget_km=20, facilities=clinic(0, 0), service="clinic", within_min=50, demand="rural",
        rules=RULES,
    )  # fmt: skip
    # Both bring the 7 people who are asked about to 50 minutes; the other village gains 0 people and 0 minutes.
    assert found.links["gained_persons"].tolist() == [7.0, 7.0]
    assert found.links["saved_person_min"].to_numpy() == pytest.approx([7.0 * 40, 7.0 * 40])
    assert found.steps["link_ids"].tolist() == ["a"]


def test_a_plan_ends_where_asked():
    graph = build_network(ladder(), mode="drive")
    villages = places(near=(0, 10_000, 100), middle=(20_000, 10_000, 400), beyond=(40_000, 10_000, 50))
    links = lines(a=[(0, 0), (0, 10_000)], b=[(20_000, 0), (20_000, 10_000)], d=[(19_000, 0), (19_000, 10_000)])
    options = {"budget_km": 30, "facilities": clinic(0, 0), "service": "clinic", "within_min": 30, "rules": RULES}
    # Link a brings 500 people to 10 and 30 minutes; nobody comes within the limit after that, nor saves a minute.
    found = rank_links(graph, villages, links, worth="gained", **options)
    assert found.steps["link_ids"].tolist() == ["a"]
    assert found.settlements["gained_in_step"].fillna(0).tolist() == [1, 1, 0]
    # Within 9 minutes comes nobody: what saves most time a kilometre is built, unless people are asked for.
    options |= {"within_min": 9}
    assert rank_links(graph, villages, links, most_links=1, **options).steps["link_ids"].tolist() == ["a"]
    assert rank_links(graph, villages, links, worth="connected", **options).steps.empty


def test_links_of_the_wet_season_are_those_of_its_network():
    # Of mud, the 10 km of the road in the east take 20 minutes in the wet season.
    dry = build_network(ladder().assign(surface=["asphalt", "asphalt", "mud"]), mode="drive")
    wet = with_season(dry, "wet")
    villages = places(near=(50_000, 10_000, 100))
    links = lines(g=[(50_000, 0), (50_000, 10_000)])
    options = {"budget_km": 10, "facilities": clinic(60_000, 0), "service": "clinic", "within_min": 25, "rules": RULES}
    # In the dry season it is 10 + 10 km over the road in the east, and over the link as many.
    assert rank_links(dry, villages, links, **options).steps.empty
    found = rank_links(wet, villages, links, **options)
    assert found.settlements["before_min"].to_numpy() == pytest.approx([30.0])
    assert found.steps[["link_ids", "gained_persons"]].to_numpy().tolist() == [["g", 100.0]]


def test_a_budget_below_the_shortest_link_says_what_it_needs():
    graph = build_network(ladder(), mode="drive")
    with pytest.raises(InfeasibleError, match="the shortest has 10 km") as refused:
        rank_links(
            graph, places(a=(0, 10_000, 1)), lines(a=[(0, 0), (0, 10_000)]), budget_km=9.99,
            facilities=clinic(0, 0), service="clinic", rules=RULES,
        )  # fmt: skip
    assert refused.value.bound == 10.0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"budget_km": float("nan")}, "budget_km"),
        ({"within_min": -1.0}, "within_min"),
        ({"facilities": None, "service": "clinic"}, "needs facilities"),
        ({"service": "clinc"}, "clinc"),
        ({"service": "school"}, "nobody offers school today"),
        ({"most_links": 0}, "most_links"),
        ({"worth": "time"}, "worth: must be gained or connected or saved, is 'time'"),
    ],
)
def test_options_that_make_no_sense_are_refused(changed, words):
    graph = build_network(ladder(), mode="drive")
    options = {"budget_km": 10.0, "facilities": clinic(0, 0), "service": "clinic", "rules": RULES} | changed
    with pytest.raises(ContractError, match=words):
        rank_links(graph, places(a=(0, 10_000, 1)), lines(a=[(0, 0), (0, 10_000)]), **options)


def test_links_and_upgrades_need_the_network_of_one_mode_and_a_candidate():
    modes = {mode: build_network(ladder(), mode=mode) for mode in ("walk", "drive")}
    asked = {"budget_km": 9, "facilities": clinic(0, 0), "service": "clinic", "rules": RULES}
    home, link = places(a=(0, 10_000, 1)), lines(a=[(0, 0), (0, 10_000)])
    with pytest.raises(ContractError, match="no candidate at all"):
        rank_links(modes["drive"], home, link.iloc[:0], **asked)
    both = combine_networks(modes["walk"], modes["drive"])
    with pytest.raises(ContractError, match="links are ranked on the network of one mode, not walk"):
        rank_links(both, home, link, **asked)
    upgrades = pd.DataFrame({"upgrade_id": ["a"], "road_ids": [["0"]], "speed_km_h": [60.0]})
    with pytest.raises(ContractError, match="upgrades are ranked on the network of one mode, not walk"):
        rank_upgrades(both, home, upgrades, **asked)


def test_times_to_candidates_carry_their_status_and_measures_refuse_them():
    graph = build_network(ladder(), mode="drive")
    villages = places(a=(10_000, 0, 1))
    offers = gpd.GeoDataFrame(
        {"facility_id": ["e", "c", "x"], "service": "clinic", "status": ["existing", "candidate", "closed"]},
        geometry=[shapely.Point(0, 0), shapely.Point(20_000, 0), shapely.Point(40_000, 0)],
        crs=CRS,
    )
    assert "status" not in travel_times(graph, villages, offers, rules=RULES)
    every = travel_times(graph, villages, offers, status="any", rules=RULES)
    assert every["travel_time_min"].to_numpy() == pytest.approx([10.0, 10.0, 30.0])
    assert every[["to_id", "status"]].to_numpy().tolist() == [["c", "candidate"], ["e", "existing"], ["x", "closed"]]
    some = travel_times(graph, villages, offers, status=("existing", "candidate"), rules=RULES)
    assert some["to_id"].tolist() == ["c", "e"]
    with pytest.raises(ContractError, match="2 pairs lead to what does not serve today: 'c', 'x'"):
        cumulative_cutoff(every, villages, offers, service="clinic", cutoffs_min=15)
    today = every.loc[every["status"] == "existing"]
    assert cumulative_cutoff(today, villages, offers, service="clinic", cutoffs_min=15)["value"].tolist() == [1.0]
    with pytest.raises(ContractError, match="status: must be any"):
        travel_times(graph, villages, offers, status="planned", rules=RULES)


def slow_ladder():
    """A ladder in rungs of 10 km, of which the roads take 3 minutes a kilometre."""
    ways = {f"s{i}": [(1e4 * i, 0), (1e4 * (i + 1), 0)] for i in range(6)}
    ways |= {f"n{i}": [(1e4 * i, 1e4), (1e4 * (i + 1), 1e4)] for i in range(6)}
    ways |= {f"r{i}": [(1e4 * i, 0), (1e4 * i, 1e4)] for i in (2, 4, 6)}
    return build_network(lines(**ways).assign(speed_km_h=20.0), mode="drive")


def faster(graph, upgrades, chosen):
    speeds = {}
    for road_ids, speed in upgrades.loc[upgrades["upgrade_id"].isin(chosen), ["road_ids", "speed_km_h"]].to_numpy():
        speeds |= {road: max(speed, speeds.get(road, 0.0)) for road in road_ids}
    return edit_network(graph, speeds=speeds) if speeds else graph


def test_the_road_that_brings_most_people_a_kilometre_is_made_faster_first():
    villages = places(near=(20_000, 0, 100), far=(20_000, 10_000, 300))
    upgrades = pd.DataFrame(
        {"upgrade_id": ["south", "rung"], "road_ids": [["s0", "s1"], ["r2"]], "speed_km_h": [60.0, 60.0]}
    )
    found = rank_upgrades(
        slow_ladder(), villages, upgrades, budget_km=30, facilities=clinic(0, 0), service="clinic", within_min=30,
        rules=RULES,
    )  # fmt: skip
    # 60 and 90 minutes today. South makes 20 and 50 of them, the rung 60 and 70, both 20 and 30.
    assert found.links[["link_id", "length_km", "gained_persons"]].to_numpy().tolist() == [
        ["south", 20.0, 100.0], ["rung", 10.0, 0.0],
    ]  # fmt: skip
    # Together 400 people over 30 km are more a kilometre than 100 over 20.
    assert found.steps[["link_ids", "gained_persons"]].to_numpy().tolist() == [["rung+south", 400.0]]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([20.0, 30.0])


@pytest.mark.parametrize("seed", range(3))
def test_upgrades_are_those_of_the_network_with_their_speeds(seed):
    random = np.random.default_rng(seed)
    graph = slow_ladder()
    x, y = random.uniform(0, 60_000, 10), random.uniform(-2_000, 12_000, 10)
    villages = places(**{f"v{i}": (x[i], y[i], 2**i) for i in range(10)})
    hospital, rules = clinic(float(random.uniform(0, 60_000)), 150.0), SnapRules()
    roads = random.permutation(sorted(set(graph.road_id)))[:12].reshape(6, 2)
    upgrades = pd.DataFrame(
        {"upgrade_id": list("abcdef"), "road_ids": roads.tolist(), "speed_km_h": random.choice([40.0, 60.0, 80.0], 6)}
    )
    found = rank_upgrades(
        graph, villages, upgrades, budget_km=60, facilities=hospital, service="clinic", within_min=60, worth="gained",
        rules=rules,
    )  # fmt: skip
    people, limit = villages["population_persons"].to_numpy(), 60.0 * (1 + 1e-9)
    chosen = []
    while True:
        now = minutes_with(faster(graph, upgrades, chosen), villages, hospital, (), rules) <= limit
        left = [name for name in "abcdef" if name not in chosen]
        options = [list(some) for size in (1, 2) for some in itertools.combinations(left, size)]
        options = [some for some in options if 20 * len([*chosen, *some]) <= 60]
        rates = [
            people[
                (minutes_with(faster(graph, upgrades, [*chosen, *some]), villages, hospital, (), rules) <= limit) & ~now
            ].sum() / len(some)
            for some in options
        ]  # fmt: skip
        if max(rates, default=0.0) == 0.0:
            break
        chosen += options[int(np.argmax(rates))]
    assert [name for ids in found.steps["link_ids"] for name in ids.split("+")] == chosen
    after = minutes_with(faster(graph, upgrades, chosen), villages, hospital, (), rules)
    assert found.settlements["after_min"].to_numpy() == pytest.approx(after, abs=1e-9)
    assert found.links["length_km"].tolist() == [20.0] * 6


def test_what_is_fast_already_keeps_its_speed():
    graph = edit_network(slow_ladder(), speeds={"s0": 90.0})
    upgrades = pd.DataFrame({"upgrade_id": ["south"], "road_ids": [["s0", "s1"]], "speed_km_h": [60.0]})
    found = rank_upgrades(
        graph, places(v=(20_000, 0, 5)), upgrades, budget_km=30, facilities=clinic(0, 0), service="clinic", rules=RULES
    )
    assert found.links["length_km"].tolist() == [10.0]
    assert found.settlements["after_min"].to_numpy() == pytest.approx([10_000 * 0.06 / 90 + 10])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"road_ids": [["s9"]]}, "the network has no edge or road 's9'"),
        ({"speed_km_h": [0.0]}, "speed_km_h: must be above 0 and finite, not so for 'a'"),
        ({"speed_km_h": [np.inf]}, "speed_km_h: must be above 0 and finite, not so for 'a'"),
        ({"road_ids": [[]]}, "road_ids: none for a"),
        ({"road_ids": [9]}, "the network has no edge or road '9'"),
        ({"speed_km_h": [10.0]}, "speed_km_h: no road of a becomes faster"),
        ({"upgrade_id": None}, "upgrade_id"),
        ({"upgrade_id": "a", "road_ids": [["s0"], ["s1"]], "speed_km_h": 60.0}, "upgrade_id: not unique: 'a'"),
    ],
)
def test_upgrades_that_make_no_sense_are_refused(changed, words):
    upgrades = pd.DataFrame({"upgrade_id": ["a"], "road_ids": [["s0"]], "speed_km_h": [60.0]} | changed)
    upgrades = upgrades.dropna(axis=1)
    options = {"facilities": clinic(0, 0), "service": "clinic", "rules": RULES}
    with pytest.raises(ContractError, match=words):
        rank_upgrades(slow_ladder(), places(v=(20_000, 0, 5)), upgrades, budget_km=30, **options)
    with pytest.raises(ContractError, match="no candidate at all"):
        rank_upgrades(
            slow_ladder(),
            places(v=(20_000, 0, 5)),
            upgrades.assign(upgrade_id="a", road_ids="s0", speed_km_h=60.0).iloc[:0],
            budget_km=30,
            **options,
        )


def test_a_link_to_a_place_in_a_lake_brings_it_nobody_as_in_a_run():
    graph, lake = build_network(ladder(), mode="drive"), shapely.box(-50, 9_950, 50, 10_050)
    barriers = gpd.GeoSeries([lake], crs=CRS)
    links = lines(link=[(0, 0), (0, 10_000)])
    asked = {"facilities": clinic(0, 0), "service": "clinic", "within_min": 20.0, "budget_km": 20.0, "rules": RULES}
    for water, gained in ((None, 7.0), (barriers, 0.0)):
        plan = rank_links(graph, places(v=(0, 10_000, 7)), links, **asked, barriers=water, worth="connected")
        assert plan.steps["gained_persons"].sum() == gained
        built = edit_network(graph, add=links)
        time = cost_to_closest(
            built, places(v=(0, 10_000, 7)), clinic(0, 0), service="clinic", rules=RULES, barriers=water
        )
        assert (time["travel_time_min"] <= 20.0).tolist() == [gained > 0.0]


def test_places_are_joined_to_a_short_new_road_that_leads_to_no_other():
    villages, graph = places(v=(0, 20_000, 7)), build_network(ladder(), mode="drive")
    built, usual = edit_network(graph, add=lines(link=[(0, 20_000), (1_000, 20_000)])), SnapRules(max_snap_m=500.0)
    time = cost_to_closest(built, villages, clinic(1_000, 20_000), service="clinic", rules=usual)
    assert time["travel_time_min"].tolist() == pytest.approx([1.0])
    plan = rank_links(
        graph, villages, lines(link=[(0, 20_000), (1_000, 20_000)]), facilities=clinic(1_000, 20_000),
        service="clinic", within_min=5.0, budget_km=2.0, rules=usual,
    )  # fmt: skip
    assert plan.steps["gained_persons"].tolist() == [7.0]
