"""Questions from norms that fail, and their plans, on a line whose best sites are known by arithmetic."""

from dataclasses import replace
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from spatial.errors import InfeasibleError
from spatial.norms.law import Norm
from spatial.planning.agenda import (
    Question,
    World,
    affordable,
    no_help,
    plan_links,
    plan_roads,
    plan_sites,
    plan_tables,
    plan_units,
    question_of,
    questions,
    tried,
)
from spatial.planning.link_candidates import RoadUpgrades
from spatial.planning.links import LinkPlan

# The line of the location models: at r = 2 one site serves 400 (at 2), two 800 (2 and 10 or 12), three 850.
AT = {"a": 0.0, "b": 2.0, "c": 4.0, "d": 10.0, "e": 12.0, "f": 20.0}
PEOPLE = {"a": 100.0, "b": 200.0, "c": 100.0, "d": 300.0, "e": 100.0, "f": 50.0}


def norm(name="N", **changed):
    values = {
        "id": name,
        "service": "primary_care",
        "metric": "time_min",
        "mode": "drive",
        "direction": "max",
        "unit": "min",
        "stat_unit": "population",
        "scope": "all",
        "norm_class": "guiding",
        "role": "standard",
        "threshold": 2.0,
        "target_share": 0.9,
        "fail_point": np.nan,
        "bundle": (),
        "in_force": "in_force",
        "not_graded": "",
        "gates": False,
        "no_gate": "",
    }
    return Norm(**{**values, **changed})


def results_of(norm_id, states, *, level="settlement", **study):
    """Rows of the places, each of a status and people, and of the study."""
    rows = [
        {
            "norm_id": norm_id,
            "unit_level": level,
            "unit_id": name,
            "value": value,
            "persons_in_scope": people,
            "places_in_scope": 1.0,
            "places_served": float(state == "met"),
            "places_unserved": float(state == "not_met"),
            "status": state,
            "status_as_mapped": state,
        }
        for name, (state, value, people) in states.items()
    ]
    beyond = [people for state, _, people in states.values() if state == "not_met"]
    whole = {
        "norm_id": norm_id,
        "unit_level": "study",
        "unit_id": "study",
        "status": "not_met",
        "status_as_mapped": "not_met",
        "gate": "none_applicable",
        "reason": "",
        "share_of": "persons",
        "persons_unserved": sum(beyond),
        "places_unserved": float(len(beyond)),
        "served_share": 0.5,
    }
    return pd.DataFrame([*rows, whole | study])


def everybody_beyond():
    return results_of("N", {name: ("not_met", np.nan, people) for name, people in PEOPLE.items()})


def test_a_norm_that_nobody_could_judge_is_not_met_but_not_measured():
    dark = {name: ("not_measurable", np.nan, people) for name, people in PEOPLE.items()}
    assert question_of(norm(), results_of("N", dark)).reason == "not_measured"
    # Of one place alone it is known that it is within.
    assert question_of(norm(), results_of("N", dark | {"a": ("met", 1.0, 100.0)})).reason == "met"


def pairs():
    rows = [(one, other, abs(AT[one] - AT[other])) for one in AT for other in AT]
    return pd.DataFrame(rows, columns=["from_id", "to_id", "travel_time_min"])


def values_to(question):
    def found(sites):
        return np.array([[abs(AT[unit] - AT[site]) for site in sites] for unit in question.need["unit_id"]])

    return found


def places():
    return gpd.GeoDataFrame(
        {"place_id": list(AT), "place": [name.upper() for name in AT], "township_id": "t", "township": "T"},
        geometry=gpd.points_from_xy([1000 * x for x in AT.values()], [0.0] * len(AT)),
        crs="EPSG:32738",
    )


def test_failed_gates_come_first_then_the_norm_that_fails_most_people():
    one = {"a": ("not_met", 9.0, 10.0)}
    many = {"a": ("not_met", 9.0, 900.0)}
    results = pd.concat(
        [
            results_of("FEW", one),
            results_of("MANY", many),
            results_of("GATE", one, gate="fail"),
            results_of("NEAR", many, status="met", status_as_mapped="met", served_share=0.94),
            results_of("MET", many, status="met", status_as_mapped="met", served_share=0.96),
            results_of("REPORTED", many, status="not_applicable", status_as_mapped="not_applicable"),
            results_of("NOBODY", {"a": ("met", 1.0, 10.0)}),
        ]
    )
    norms = [norm(name) for name in ("FEW", "MANY", "GATE", "NEAR", "MET", "REPORTED", "NOBODY")]
    asked = questions(norms, results, most=2, near_share=0.05)
    assert [item.norm.id for item in asked] == ["GATE", "MANY", "FEW", "NEAR"]
    assert [item.reason for item in asked] == ["", "", "others_first", "others_first"]
    assert [item.ask for item in asked] == ["sites", "sites", "none", "none"]


def test_norms_are_asked_in_the_order_of_pages_and_those_from_memory_get_no_plan():
    names = ("MEMORY", "CHOSEN", "UNSURE", "SURE", "TOWNSHIPS")
    few, many = {"a": ("not_met", 9.0, 10.0)}, {"a": ("not_met", 9.0, 900.0)}
    states = {"UNSURE": {"status": "not_measurable"}}
    results = pd.concat(
        [results_of(name, few if name in {"CHOSEN", "TOWNSHIPS"} else many, **states.get(name, {})) for name in names]
    )
    how = {
        "MEMORY": {"opens_page": False},
        "CHOSEN": {"is_chosen": True},
        "TOWNSHIPS": {"opens_page": False, "stat_unit": "township"},
    }
    asked = questions([norm(name, **how.get(name, {})) for name in names], results, most=5, near_share=0.05)
    assert [(item.norm.id, item.ask, item.reason) for item in asked] == [
        ("CHOSEN", "sites", ""),
        ("MEMORY", "none", "from_memory"),
        ("SURE", "sites", ""),
        ("TOWNSHIPS", "sites", ""),
        ("UNSURE", "sites", ""),
    ]


@pytest.mark.parametrize(
    ("changed", "ask"),
    [
        ({}, "sites"),
        ({"metric": "network_dist_m"}, "sites"),
        ({"metric": "dist_m"}, "sites"),
        ({"service": "county_seat"}, "links"),
        ({"service": "county_seat", "metric": "dist_m"}, "none"),
        ({"metric": "presence_in_unit", "threshold": 1.0}, "unit_sites"),
        ({"metric": "presence_in_unit", "threshold": 1.0, "service": "graded_road"}, "roads"),
        ({"metric": "presence_in_unit", "threshold": 1.0, "service": "all_season_road"}, "roads"),
        ({"metric": "dist_m", "service": "all_season_road"}, "none"),
        ({"metric": "presence_in_unit", "threshold": 2.0}, "none"),
        ({"metric": "persons_per_facility"}, "none"),
    ],
)
def test_each_norm_asks_for_what_can_reach_it(changed, ask):
    found = question_of(norm(**changed), everybody_beyond())
    assert found.ask == ask
    assert found.reason == ("no_model" if ask == "none" else "")


def test_as_few_sites_as_reach_the_share_are_opened_and_the_curve_goes_on():
    # 800 of 850 people are 94 %: two sites reach the 90 % of the norm.
    question = question_of(norm(), everybody_beyond())
    plan = plan_sites(question, pairs(), values_to(question), most=5)
    assert plan.curve["gained"].tolist() == [0.0, 400.0, 800.0, 850.0]
    # The second site may stand at d or at e; of these d is nearer to those it serves.
    assert sorted(plan.actions["where"]) == ["b", "d"]
    assert (plan.status, plan.bound) == ("optimal", 800.0)
    assert plan.after.tolist() == [2.0, 0.0, 2.0, 0.0, 2.0, 10.0]
    assert plan.options["where"].tolist() == ["b e"]


def test_no_more_sites_than_allowed_are_opened_however_far_the_share():
    question = question_of(norm(target_share=1.0), everybody_beyond())
    assert len(plan_sites(question, pairs(), values_to(question), most=1).actions) == 1


def test_whom_no_candidate_reaches_stays_beyond_and_nobody_is_lost_from_the_sum():
    states = {name: ("not_met", np.nan, people) for name, people in PEOPLE.items()}
    results = results_of("N", states | {"b": ("met", 1.0, 200.0), "c": ("not_applicable", np.nan, 100.0)})
    question = question_of(norm(target_share=1.0), results)
    far = pairs().query("to_id != 'f'")
    plan = plan_sites(question, far, values_to(question), most=5)
    tables = plan_tables([(question, plan)], places())
    row, people = tables["plans"].iloc[0], tables["plan_people"].set_index("unit_id")
    assert people["outcome"].to_dict() == {
        "a": "gained", "b": "within", "c": "unknown", "d": "gained", "e": "gained", "f": "none_reached",
    }  # fmt: skip
    assert (row["persons_within"], row["persons_gained"], row["persons_beyond"]) == (200.0, 500.0, 50.0)
    assert row["persons_unknown"] == 100.0
    assert sum(PEOPLE.values()) == row[[f"persons_{side}" for side in ("within", "gained", "beyond", "unknown")]].sum()
    assert tables["plan_actions"]["persons_gained"].sum() == row["persons_gained"]


def test_where_nobody_can_be_brought_within_the_plan_says_so():
    question = question_of(norm(), everybody_beyond())
    plan = plan_sites(question, pairs().query("travel_time_min > 2"), values_to(question), most=5)
    assert (plan.status, len(plan.actions), plan.bound) == ("nothing_helps", 0, 0.0)
    assert (plan.reached_in == -1).all()


def test_a_norm_that_counts_places_is_planned_for_in_places():
    # Two units of three have none. One site reaches two thirds of the units, though the other unit has more people.
    states = {"t": ("not_met", 0.0, 10.0), "u": ("not_met", 0.0, 500.0), "v": ("met", 1.0, 90.0)}
    asked = norm(metric="presence_in_unit", threshold=1.0, target_share=2 / 3)
    question = question_of(asked, results_of("N", states, level="township", share_of="places"))
    hosts = pd.Series({"t": "a", "u": "b", "v": "c"})
    plan = plan_units(question, hosts, most=5)
    row = plan_tables([(question, plan)], places())["plans"].iloc[0]
    assert (row["share_before"], row["share_after"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert row["meets_target"] == "yes"
    assert row["places_gained"] == 1.0


def test_a_question_without_a_plan_still_has_its_row():
    question = question_of(norm(metric="persons_per_facility"), everybody_beyond())
    row = plan_tables([(question, None)], places())["plans"].iloc[0]
    assert (row["plan_status"], row["reason"], row["persons_gained"]) == ("not_planned", "no_model", 0.0)
    assert no_help(question).actions.empty


def test_a_norm_that_nobody_is_beyond_needs_no_plan():
    met = {name: ("met", 1.0, people) for name, people in PEOPLE.items()}
    assert question_of(norm(), results_of("N", met)).reason == "met"
    assert question_of(norm(), everybody_beyond().query("unit_level == 'study'")).reason == "not_measured"


def link_plan(steps, links, gained_in_step, after):
    """What ranking links gives: steps of names, kilometres and people; people by each link; and the places."""
    names, km, people = (list(column) for column in zip(*steps, strict=True))
    return LinkPlan(
        links=pd.DataFrame({"link_id": list(links), "gained_persons": list(links.values())}),
        steps=pd.DataFrame(
            {
                "link_ids": names,
                "length_km": km,
                "total_km": np.cumsum(km),
                "gained_persons": people,
                "total_gained_persons": np.cumsum(people),
            }
        ),
        settlements=pd.DataFrame(
            {"settlement_id": list(AT), "gained_in_step": gained_in_step, "after_min": after, "demand_persons": 0.0}
        ),
        within_min=2.0,
    )


@pytest.mark.parametrize("x", ["x", "9G8F+6W", "y+y"])
def test_links_are_built_until_the_share_is_reached_and_a_chain_is_one_action(x):
    links = gpd.GeoDataFrame(
        {
            "road_id": [x, "y", "z"],
            "from_id": ["a", "b", "c"],
            "to_id": ["b", "d", None],
            "length_km": [3.0, 1.0, 9.0],
            "crosses_water": [False, True, False],
            "constraint": ["hazard", "hazard;ecological_red_line", None],
        },
        geometry=[LineString([(0, 0), (3000, 0)]), LineString([(3000, 0), (4000, 0)]), LineString([(0, 9), (9000, 9)])],
        crs="EPSG:32738",
    )
    # The first step brings a and b (300), the second d and e (400): 700 of 850 are enough for 80 %, so z is not built.
    whole = link_plan(
        [(f"{x}+y", 4.0, 300.0), ("z", 9.0, 400.0), ("w", 9.0, 50.0)],
        {x: 0.0, "y": 0.0, "z": 400.0, "w": 0.0},
        [1, 1, pd.NA, 2, 2, 3],
        [1.0, 1, 3, 2, 2, 2],
    )
    cut = link_plan(
        [(f"{x}+y", 4.0, 300.0), ("z", 9.0, 400.0)],
        {x: 0.0, "y": 0.0, "z": 400.0},
        [1, 1, pd.NA, 2, 2, pd.NA],
        [1.0, 1, 3, 2, 2, np.inf],
    )
    asked = []

    def rank(some):
        asked.append(some["road_id"].tolist())
        return whole if len(asked) == 1 else cut

    question = question_of(norm(service="county_seat", target_share=0.8), everybody_beyond())
    plan = plan_links(question, links, rank)
    assert asked == [[x, "y", "z"], [x, "y", "z"]]
    assert plan.actions["where"].tolist() == ["a b d", "c"]
    # Two links from one village to roads have the same end, and are two actions.
    assert plan.actions["key"].tolist() == [f"{x}+y", "z"]
    assert plan.actions["crosses_water"].tolist() == [True, False]
    assert plan.actions["constraint"].fillna("").tolist() == ["hazard;ecological_red_line", ""]
    assert plan.reached_in.tolist() == [0, 0, -1, 1, 1, -1]
    assert plan.curve["length_km"].tolist() == [0.0, 4.0, 13.0, 22.0]
    tables = plan_tables([(question, plan)], places())
    assert tables["plan_actions"]["place"].tolist() == ["A\u2013B\u2013D", "C"]
    assert tables["plan_actions"]["persons_gained"].tolist() == [300.0, 400.0]
    assert tables["plans"][["persons_gained", "length_km"]].iloc[0].tolist() == [700.0, 13.0]


def test_without_any_link_to_build_nothing_helps():
    question = question_of(norm(service="county_seat"), everybody_beyond())
    none = gpd.GeoDataFrame({"road_id": []}, geometry=[], crs="EPSG:32738")
    assert plan_links(question, none, pytest.fail).status == "nothing_helps"


def test_roads_are_brought_up_to_the_class_until_the_share_of_villages_has_one():
    # Of six villages one has a road; two stretches give it to three more, and the third is not needed for 60 %.
    states = {name: ("not_met", 0.0, people) for name, people in PEOPLE.items()} | {"a": ("met", 1.0, 100.0)}
    asked = norm(metric="presence_in_unit", threshold=1.0, service="graded_road", target_share=0.6)
    question = question_of(asked, results_of("N", states, share_of="places"))
    stretches = gpd.GeoDataFrame(
        {"settlement_ids": [["d"], ["b", "c"], ["f"]], "length_km": [1.0, 2.0, 9.0], "road_ids": [[], [], []]},
        geometry=[LineString([(0, 0), (0, 10)])] * 3,
        crs="EPSG:32738",
    )
    plan = plan_roads(question, RoadUpgrades(stretches, pd.DataFrame()), most=10)
    assert plan.actions["where"].tolist() == ["d", "b c"]
    assert plan.curve[["gained", "length_km"]].to_numpy().tolist() == [[0, 0], [1, 1], [3, 3], [4, 12]]
    tables = plan_tables([(question, plan)], places())
    row = tables["plans"].iloc[0]
    assert (row["counted"], row["places_gained"], row["persons_gained"]) == ("places", 3.0, 600.0)
    assert row["ordered_by"] == "persons"
    # Their order is by people a kilometre: 300 on 1 km, 300 on 2.
    assert tables["plan_actions"]["gained_per_km"].tolist() == [300.0, 150.0]
    assert (row["share_before"], row["share_after"]) == (pytest.approx(1 / 6), pytest.approx(4 / 6))


def test_a_norm_that_is_met_already_is_planned_for_as_far_as_allowed():
    question = question_of(norm(target_share=0.9), everybody_beyond())
    assert [question.fewest(values) for values in ([0, 800], [0, 400, 800, 850], [0, 100, 200])] == [1, 2, 2]
    met = question_of(norm(target_share=0.0), everybody_beyond())
    assert met.fewest([0, 400, 800]) == 2


def test_of_a_bundle_a_site_offers_what_was_measured():
    whole = norm(bundle=("clinic", "shop", "bank"))
    results = everybody_beyond().assign(reason="proxy:clinic;member_not_measured:shop")
    assert question_of(whole, results).wanted == ("clinic", "bank")
    assert question_of(norm(), everybody_beyond()).wanted == ("primary_care",)


def test_where_nobody_is_counted_norms_are_planned_for_in_places():
    states = dict.fromkeys(AT, ("not_met", np.nan, np.nan))
    results = results_of("N", states, share_of="places", persons_unserved=np.nan)
    asked = questions([norm()], results, most=5, near_share=0.05)
    assert [(item.ask, item.counted) for item in asked] == [("sites", "places")]
    plan = plan_sites(asked[0], pairs(), values_to(asked[0]), most=1)
    assert plan_tables([(asked[0], plan)], places())["plans"]["places_gained"].tolist() == [3.0]


def test_of_units_alike_the_one_of_most_people_gets_its_site_first():
    states = {"t": ("not_met", 0.0, 10.0), "u": ("not_met", 0.0, 500.0)}
    question = question_of(
        norm(metric="presence_in_unit", threshold=1.0), results_of("N", states, level="township", share_of="places")
    )
    assert plan_units(question, pd.Series({"t": "a", "u": "b"}), most=5).actions["where"].tolist() == ["b", "a"]


def test_a_plan_is_held_against_the_best_if_every_trip_took_longer_or_less():
    # At r = 2 the best site is b, for a, b and c (400; d serves 350). If trips take half as long again each site serves
    # its own place alone, and d has most people (300): of these b brings two thirds. If they take half, no site serves
    # more than b.
    states = {name: ("not_met", 9.0, people) for name, people in (PEOPLE | {"e": 50.0}).items()}
    question = question_of(norm(target_share=0.4), results_of("N", states))
    plan = plan_sites(question, pairs(), values_to(question), most=5, doubt_share=0.5)
    assert plan.actions["where"].tolist() == ["b"]
    assert plan.doubt.slow == 200.0
    assert plan.doubt.fast == 400.0
    assert plan.doubt.worst_share == pytest.approx(200 / 300)
    tables = plan_tables([(question, plan)], places())
    assert tables["plans"][["gained_if_slower", "doubt_share"]].iloc[0].tolist() == [200.0, 0.5]


def test_a_plan_brings_no_more_than_the_best_though_its_people_are_summed_in_another_order():
    # At r = 0.5 each of three sites serves its own place, whatever trips take; 100,000 / 7 is no whole number.
    people = {"c": 123_450.0, "b": 100_000.0 / 7.0, "a": 370_350.0}
    question = question_of(
        norm(target_share=1.0, threshold=0.5), results_of("N", {k: ("not_met", 9.0, n) for k, n in people.items()})
    )
    plan = plan_sites(question, pairs(), values_to(question), most=5, doubt_share=0.5)
    assert len(plan.actions) == 3
    assert plan.doubt.worst_share == 1.0


COSTS = pd.Series({"a": 1.0, "b": 6.0, "c": 2.0, "d": 5.0, "e": 3.0, "f": 4.0})


def test_under_a_budget_a_plan_is_held_against_what_the_budget_pays_for():
    # Only a costs 1: whatever trips take, no other site is to be had, though d would bring more people.
    question = replace(question_of(norm(target_share=0.4), everybody_beyond()), budget=1.0)
    plan = plan_sites(question, pairs(), values_to(question), most=5, doubt_share=0.5, costs=COSTS)
    assert plan.actions["where"].tolist() == ["a"]
    assert plan.doubt.worst_share == 1.0


@pytest.mark.parametrize("budget", [1.0, 3.0, 5.0, 6.0, 8.0, 10.0, 13.0, 21.0])
def test_under_a_budget_no_affordable_sites_bring_more(budget):
    question = replace(question_of(norm(target_share=1.0), everybody_beyond()), budget=budget, currency="yuan")
    plan = plan_sites(question, pairs(), values_to(question), most=10, costs=COSTS)
    row = plan_tables([(question, plan)], places())["plans"].iloc[0]

    def gained(sites):
        return sum(PEOPLE[unit] for unit in AT if any(abs(AT[unit] - AT[site]) <= 2.0 for site in sites))

    every = [
        sites for number in range(1, 7) for sites in combinations(AT, number) if COSTS[list(sites)].sum() <= budget
    ]
    assert row["persons_gained"] == max(map(gained, every))
    assert COSTS[plan.actions["where"]].sum() <= budget
    assert all(COSTS[where.split()].sum() <= budget for where in plan.options["where"])


def test_of_sites_that_serve_the_same_the_cheapest_is_opened():
    # d and e serve the same two places; d is nearer to them, and dearer.
    question = replace(question_of(norm(), everybody_beyond()), budget=15.0)
    assert sorted(plan_sites(question, pairs(), values_to(question), most=2, costs=COSTS).actions["where"]) == [
        "b",
        "e",
    ]


def test_costs_are_summed_and_told_for_each_one_gained():
    question = replace(question_of(norm(), everybody_beyond()), budget=11.0, currency="yuan")
    plan = plan_sites(question, pairs(), values_to(question), most=2, costs=COSTS)
    plan = replace(plan, actions=plan.actions.assign(cost=COSTS[plan.actions["where"]].to_numpy()))
    tables = plan_tables([(question, plan)], places())
    row, actions = tables["plans"].iloc[0], tables["plan_actions"].set_index("place_id")
    assert (row["budget"], row["currency"], row["cost"], row["cost_per_gained"]) == (11.0, "yuan", 9.0, 9.0 / 800.0)
    assert actions["cost_per_gained"].to_dict() == {"b": 6.0 / 400.0, "e": 3.0 / 400.0}
    # Where one of them has no known cost, neither has the plan.
    half = replace(plan, actions=plan.actions.assign(cost=[6.0, np.nan]))
    assert np.isnan(plan_tables([(question, half)], places())["plans"]["cost"].iloc[0])


def test_a_budget_is_used_up_inclusive_and_one_below_the_cheapest_says_what_that_costs():
    assert affordable([2.0, 3.0], 5.0).tolist() == [True, True]
    assert affordable([2.0, 3.0], None).tolist() == [True, True]
    with pytest.raises(InfeasibleError, match="1 pays for nothing") as caught:
        affordable([2.0, 3.0], 1.0)
    assert caught.value.bound == 2.0


def test_roads_are_brought_up_as_far_as_the_money_goes():
    states = {name: ("not_met", 0.0, people) for name, people in PEOPLE.items()}
    asked = norm(metric="presence_in_unit", threshold=1.0, service="graded_road", target_share=1.0)
    question = replace(question_of(asked, results_of("N", states, share_of="places")), budget=30.0)
    stretches = gpd.GeoDataFrame(
        {"settlement_ids": [["d"], ["b", "c"], ["f"]], "length_km": [1.0, 9.0, 2.0], "road_ids": [[], [], []]},
        geometry=[LineString([(0, 0), (0, 10)])] * 3,
        crs="EPSG:32738",
    )
    # 10 a kilometre: the first costs 10, the second 90, the third 20.
    plan = plan_roads(question, RoadUpgrades(stretches, pd.DataFrame()), most=10, km_cost=10.0)
    assert plan.actions["where"].tolist() == ["d", "f"]


def test_in_how_many_trials_a_site_stays_one_of_the_best():
    question = question_of(norm(), everybody_beyond())
    plan = plan_sites(question, pairs(), values_to(question), most=5)
    none = np.full(len(AT), np.inf)
    slow = pairs().assign(travel_time_min=lambda frame: 2.0 * frame["travel_time_min"])
    # Twice as slow, each place serves itself alone: b and d have most people, and stay. Where d is cut off, e does it.
    cut = pairs().query("to_id != 'd'")
    # Where all but a and f are within already, these two are the best sites, and neither b nor d.
    others = np.where(question.need["unit_id"].isin(["a", "f"]), np.inf, 0.0)
    alone = pairs().query("from_id == to_id")
    worlds = [World(pairs(), none), World(slow, none), World(cut, none), World(alone, others)]
    found = tried(question, plan, worlds, pd.Series(dtype=float)).actions.set_index("where")
    assert found["chosen_share"].to_dict() == {"b": 2 / 3, "d": 1 / 3}
    assert set(found["trials"]) == {3.0}


def test_a_plan_as_good_as_any_in_a_trial_stays_whatever_others_would_do():
    # d and e bring the same people: whichever a model takes, the site that was chosen stays.
    question = question_of(norm(), everybody_beyond())
    plan = plan_sites(question, pairs(), values_to(question), most=5)
    worlds = [World(pairs(), np.full(len(AT), np.inf))] * 3
    assert tried(question, plan, worlds, pd.Series(dtype=float)).actions["chosen_share"].tolist() == [1.0, 1.0]


def test_all_of_whom_a_norm_asks_about_are_no_more_than_all():
    need = pd.DataFrame({"unit_id": ["a", "b"], "persons": [0.1, 0.2], "outcome": ["within", "beyond"]})
    asked = Question("p", "sites", need, norm())
    assert asked.share_with(0.2 * (1.0 + 1e-15)) == asked.share_with(0.2) == 1.0
    assert asked.share_with(0.5) == pytest.approx(2.0)  # a fault stays one
