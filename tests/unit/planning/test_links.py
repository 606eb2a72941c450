"""Links to build first, on networks whose answers are known by arithmetic and against the network with links built."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.cumulative import cumulative_cutoff
from spatial.errors import ContractError, InfeasibleError
from spatial.network.build import build_network
from spatial.network.scenarios import edit_network
from spatial.planning.links import rank_links
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


def minutes_with(graph, settlements, facilities, links):
    built = edit_network(graph, add=links) if len(links) else graph
    found = cost_to_closest(built, settlements, facilities, service="clinic", rules=RULES)
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
    ],
)
def test_options_that_make_no_sense_are_refused(changed, words):
    graph = build_network(ladder(), mode="drive")
    options = {"budget_km": 10.0, "facilities": clinic(0, 0), "service": "clinic", "rules": RULES} | changed
    with pytest.raises(ContractError, match=words):
        rank_links(graph, places(a=(0, 10_000, 1)), lines(a=[(0, 0), (0, 10_000)]), **options)


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
