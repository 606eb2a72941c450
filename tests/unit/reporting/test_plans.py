"""Plans as records and sentences, from tables that stand here in view."""

import numpy as np
import pandas as pd
import pytest

from spatial.messages import Words, languages
from spatial.reporting.plans import (
    BETWEEN,
    action_details,
    amount_text,
    cost_text,
    plan_records,
    plan_sentences,
    plan_title,
    progress_records,
    whole_parts,
)
from spatial.tables.words import PLAN_REASON
from tests.languages import WHOLE

NAN = np.nan
SETTLEMENTS = pd.DataFrame(
    {
        "settlement_id": ["a", "b", "c", "d"],
        "name": ["安村", "白村", None, "东村"],
        "name_en": ["An", "Bai", None, "Dong"],
        "township_id": ["t", "t", "u", None],
        "township": ["甲乡", "甲乡", "乙乡", None],
    }
)
UNITS = pd.DataFrame({"boundary_id": ["t", "u"], "name": ["甲乡", "乙乡"], "name_en": ["Jia", "Yi"]})
PLAN = {
    "plan_id": "p",
    "rank": 1,
    "norm_id": "N",
    "service": "primary_care",
    "question": "sites",
    "mode": "drive",
    "threshold": 30.0,
    "unit": "min",
    "stat_unit": "population",
    "norm_class": "guiding",
    "is_gate": False,
    "target_share": 0.9,
    "counted": "persons",
    "ordered_by": "persons",
    "plan_status": "optimal",
    "reason": "",
    "persons_within": 100.5,
    "persons_gained": 400.5,
    "persons_beyond": 50.5,
    "persons_unknown": 0.0,
    "places_within": 1.0,
    "places_gained": 2.0,
    "places_beyond": 1.0,
    "places_unknown": 0.0,
    "share_before": 0.182,
    "share_after": 0.908,
    "meets_target": "yes",
    "bound": 400.5,
    "actions": 2,
    "length_km": NAN,
}
PEOPLE = [  # settlement, people, today, with the plan, outcome, action
    ("a", 250.25, 45.0, 0.0, "gained", "p/a"),
    ("b", 150.25, NAN, 12.0, "gained", "p/c"),
    ("c", 100.5, 20.0, 20.0, "within", None),
    ("d", 50.5, 34.0, 34.0, "beyond", None),
]


def plan_of(
    actions=(("a", 250.25, 1.0), ("c", 150.25, 1.0)), people=PEOPLE, options=(), settlements=SETTLEMENTS, **changed
):
    """The record of one plan: with actions (place, people, places), people and other plans."""
    row = {**PLAN, **changed, "actions": len(actions)}
    kind = "settlement" if row["question"] != "unit_sites" else "township"
    tables = {
        "settlements": settlements,
        "boundaries": UNITS,
        "plans": pd.DataFrame([row]),
        "plan_actions": pd.DataFrame(
            [
                {
                    "plan_id": "p", "action_id": f"p/{place}", "step": at, "action": "open_site", "place_id": place,
                    "place": "written" if " " in place else None, "township_id": "u",
                    "township": "乙乡", "length_km": row["length_km"], "persons_gained": persons,
                    "places_gained": places, "gained_alone": persons, "lost_without": persons,
                }
                for at, (place, persons, places) in enumerate(actions, start=1)
            ],
            columns=["plan_id", "action_id", "step", "action", "place_id", "place", "township_id", "township",
                     "length_km", "persons_gained", "places_gained", "gained_alone", "lost_without"],
        ),
        "plan_people": pd.DataFrame(
            people, columns=["unit_id", "persons", "before_value", "after_value", "outcome", "action_id"]
        ).assign(plan_id="p", unit_level=kind),
        "plan_options": pd.DataFrame(
            [("p", at, where, gained) for at, (where, gained) in enumerate(options, start=1)],
            columns=["plan_id", "option", "where", "gained"],
        ),
        "plan_curve": pd.DataFrame({"plan_id": "p", "number": [0, 1], "gained": [0.0, 250.25]}),
    }  # fmt: skip
    return plan_records(tables)[0]


def in_english(plan):
    return " ".join(plan_sentences(plan, Words("en")))


@pytest.mark.parametrize(
    ("parts", "total", "whole"),
    [([0.5, 0.5], 1, [1, 0]), ([1.4, 1.4, 0.2], 3, [2, 1, 0]), ([], 0, []), ([0.2, 0.2], 0, [0, 0])],
)
def test_rounded_parts_add_up_to_their_total(parts, total, whole):
    assert whole_parts(parts, total) == whole


def test_whole_people_of_a_plan_add_up_on_every_side_and_by_action():
    # 551.5 people in all, 451 of them beyond today; 400.5 gained are 400, and those left the rest of 451.
    plan = plan_of()
    assert plan["shown"]["persons"] == {
        "all": 552, "today": 451, "gained": 400, "beyond": 51, "within": 101, "unknown": 0,
    }  # fmt: skip
    assert [action["shown"]["persons"] for action in plan["actions"]] == [250, 150]
    assert plan["shown"]["places"]["today"] == 3


def test_what_was_built_is_named_by_both_ends_of_a_link_in_the_language_told():
    tables = {
        "settlements": SETTLEMENTS, "boundaries": UNITS,
        "plan_actions": pd.DataFrame({"action_id": ["p/link:a-b"], "place_id": ["a b"]}),
        "plan_progress": pd.DataFrame(
            {"action_id": ["p/link:a-b", "p/gone"], "plan_id": "p", "state": "built", "place": ["安村 白村", "旧村"]}
        ),
    }  # fmt: skip
    link, gone = progress_records(tables)
    assert link["names"]["en"] == BETWEEN.join(("An", "Bai"))
    assert gone["names"] == {"und": "旧村"}


def test_a_place_of_which_no_number_of_people_is_told_is_still_beyond():
    # Those of d are not counted: with the plan nobody who is counted is beyond, and yet one place is.
    people = [*PEOPLE[:3], ("d", NAN, 34.0, 34.0, "beyond", None)]
    plan = plan_of(people=people, persons_beyond=0.0, meets_target="yes")
    (left,) = plan["left"]
    assert (left["persons"], left["places"], left["uncounted"]) == (None, 1, 1)
    assert in_english(plan).endswith("One place of which no number of people is told is still beyond.")
    for language in ("fr", "zh"):
        assert "personne" not in plan_title(plan, Words(language))
    # Beside others who are beyond they are at least so many.
    plan = plan_of(people=[*PEOPLE, ("e", NAN, 34.0, 34.0, "beyond", None)], meets_target="no")
    assert plan_title(plan, Words("en")).endswith("; at least 51 people are still beyond")
    # Where nobody lives, nobody is beyond.
    plan = plan_of(people=[*PEOPLE[:3], ("d", 0.0, 34.0, 34.0, "beyond", None)], persons_beyond=0.0)
    assert plan_title(plan, Words("en")).endswith("; nobody is then beyond")


def test_nobody_within_is_never_less_than_nobody():
    # 51 of 50.6 beyond and 100 of 99.6 unknown are one more than 150 of 150.2 in all.
    sides = {"persons_within": 0.0, "persons_gained": 0.0, "persons_beyond": 50.6, "persons_unknown": 99.6}
    shown = plan_of(actions=(), people=PEOPLE[3:], **sides)["shown"]["persons"]
    assert (shown["all"], shown["today"], shown["unknown"], shown["within"]) == (150, 51, 99, 0)


def test_an_action_is_named_in_every_language_and_an_unnamed_place_by_its_township():
    first, second = plan_of()["actions"]
    assert first["names"] == {"und": "安村", "en": "An"}
    assert (second["names"], second["township_names"]["en"]) == ({}, "Yi")
    assert "(An, a place without a name in Yi)" in in_english(plan_of())


def test_a_link_is_named_by_its_ends_and_one_of_unknown_ends_as_it_is_written():
    plan = plan_of(actions=(("a d", 250.0, 1.0), ("x y", 150.5, 1.0)), question="links", length_km=18.96)
    assert plan["actions"][0]["names"] == {"en": f"An{BETWEEN}Dong", "und": f"安村{BETWEEN}东村"}
    assert plan["actions"][1]["names"] == {"und": "written"}


def test_places_whose_ids_hold_blanks_are_named_too():
    named = SETTLEMENTS.assign(settlement_id=["An Town", "An", "c", "Dong Village 2"])
    plan = plan_of(
        actions=(("An Town Dong Village 2", 250.0, 1.0), ("An", 150.5, 1.0)),
        options=[("An Town c", 398.0)], settlements=named, question="links", length_km=18.96,
    )  # fmt: skip
    assert [action["names"]["en"] for action in plan["actions"]] == [f"An{BETWEEN}Dong", "Bai"]
    assert [place["names"].get("en") for place in plan["options"][0]["instead"]] == ["An", None]


def test_who_is_left_is_told_by_township_with_who_misses_narrowly():
    left = [*PEOPLE[:3], ("d", 50.5, 34.0, 34.0, "beyond", None), ("b", 20.0, NAN, NAN, "none_reached", None)]
    plan = plan_of(people=left, persons_beyond=70.5)
    outside, township = plan["left"]
    assert (outside["township_id"], outside["persons"], outside["low"], outside["high"]) == (None, 50, 34.0, 34.0)
    assert outside["near"] == {"persons": 50, "places": 1}
    assert (township["names"]["en"], township["none_reached"], township["low"]) == ("Jia", 1, None)
    assert township["near"]["places"] == 0


def test_another_plan_says_what_it_does_instead():
    plan = plan_of(options=[("a d", 398.0)])
    assert [place["names"]["en"] for place in plan["options"][0]["instead"]] == ["Dong"]
    assert plan["options"][0]["not"] == [plan["actions"][1]]


def test_sites_that_meet_the_norm():
    assert in_english(plan_of()) == (
        "Two sites for primary care (An, a place without a name in Yi) bring 400 of the 451 people within 30 min by "
        "car; An alone 250. The 90 % that the norm asks for are then reached; 51 people are still beyond, 50 of them "
        "by 5 min or less."
    )
    title = "Two sites for primary care bring 400 of the 451 people within 30 min by car; the 90 % norm is then met"
    assert plan_title(plan_of(), Words("en")) == title


@pytest.mark.parametrize(
    ("counted", "whom"),
    [
        ({"scope": "rural"}, "rural people"),
        ({"scope": "rural", "stat_unit": "administrative_village"}, "villagers"),
        ({"scope": "rural", "stat_unit": "children_6_9"}, "children aged 6 to 9"),
    ],
)
def test_a_plan_calls_whom_it_brings_as_its_norm_counts_them(counted, whom):
    said = in_english(plan_of() | counted)
    assert f"of the 451 {whom} within" in said
    assert f"51 {whom} are still beyond" in said


def test_one_site_that_leaves_a_norm_unmet_and_one_that_leaves_nobody():
    short = plan_of(actions=(("a", 400.5, 2.0),), meets_target="no", unit="m", threshold=5000.0)
    assert in_english(short) == (
        "One site for primary care (An) brings 400 of the 451 people within 5 km. "
        "51 people are still beyond; the norm asks for 90 %."
    )
    everybody = plan_of(people=PEOPLE[:3], persons_beyond=0.0)
    assert "bring all 400 people within 30 min by car" in in_english(everybody)
    assert in_english(everybody).endswith("Nobody is then beyond.")


def test_a_township_has_the_number_of_today_that_other_pages_have_and_keeps_it_where_nobody_is_gained():
    # 400.5 and 50.5 people are 400 and 50 wherever they are told, though 451.0 in all are 451.
    plan = plan_of()
    today = [(entry["township_id"], entry["persons"], entry["places"]) for entry in plan["today_in"]]
    assert today == [(None, 50, 1), ("t", 400, 2)]
    assert [(entry["township_id"], entry["persons"]) for entry in plan["left"]] == [(None, 50)]
    # Of 420.9 people in the township 400 are gained: 21 of 421 are left.
    more = [*PEOPLE, ("b", 20.4, 40.0, 40.0, "beyond", None)]
    left = plan_of(people=more, persons_beyond=70.9)["left"]
    assert [(entry["township_id"], entry["persons"]) for entry in left] == [(None, 50), ("t", 21)]


@pytest.mark.parametrize(
    ("metric", "mode", "told"),
    [
        ("time_min", "walk", "within 30 min on foot;"),
        ("time_min", "any", "within 30 min;"),
        ("roundtrip_time_min", "walk", "within 30 min there and back on foot;"),
    ],
)
def test_the_way_is_told_as_the_norm_has_it(metric, mode, told):
    assert told in plan_title(plan_of(mode=mode) | {"metric": metric}, Words("en"))


def test_children_are_called_children():
    assert "400 of the 451 children aged 6 to 11 within" in in_english(plan_of(stat_unit="children_6_11"))


def test_places_are_counted_where_nobody_s_number_is_known():
    unknown = {f"persons_{side}": NAN for side in ("within", "gained", "beyond", "unknown")}
    plan = plan_of(
        actions=(("a", NAN, 1.0), ("c", NAN, 1.0)), people=[(*row[:1], NAN, *row[2:]) for row in PEOPLE],
        counted="places", **unknown,
    )  # fmt: skip
    assert plan["shown"]["persons"] is None
    assert "bring 2 of the 3 places within 30 min by car" in in_english(plan)
    assert "1 place is still beyond, 1 of them by 5 min or less" in in_english(plan)


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
@pytest.mark.parametrize("reason", PLAN_REASON)
def test_every_reason_for_no_plan_is_told_in_words(language, reason):
    said = plan_sentences(plan_of((), reason=reason, places_gained=0.0), Words(language))[0]
    assert "none_" not in said.lower()
    assert len(said) > 10
    page = Words(language).of("pages").messages["plan"]
    assert page[f"why_{reason or 'nothing_helps'}"]


@pytest.mark.parametrize(("language", "told"), [("en", "; 1 place is beyond."), ("fr", "; 1 localité est au-delà.")])
def test_one_place_beyond_a_norm_without_a_plan_is_told_in_the_singular(language, told):
    people = [("a", 300.0, 40.0, 40.0, "beyond", None)]
    plan = plan_of((), people, counted="places", reason="from_memory", places_gained=0.0, places_beyond=1.0)
    assert plan_sentences(plan, Words(language))[0].replace("\N{NARROW NO-BREAK SPACE}", "").endswith(told)


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [("en", "1 stop in 1 day,", "2 stops in 5 days,"), ("fr", "1 arrêt en 1 jour,", "2 arrêts en 5 jours,")],
)
def test_one_stop_of_a_round_is_told_in_the_singular(language, one, several):
    for stops, days, told in ((1, 1, one), (2, 5, several)):
        plan = plan_of() | {"round_stops": stops, "round_days": days, "round_gained": 20.0}
        assert any(told in line for line in plan_sentences(plan, Words(language)))


def test_one_in_each_township_is_told_in_townships_and_the_people_there():
    people = [("t", 400.5, 0.0, 1.0, "gained", "p/a"), ("u", 100.5, 2.0, 2.0, "within", None)]
    plan = plan_of(
        actions=(("a", 400.5, 1.0),), people=people, question="unit_sites", unit="facility", stat_unit="township",
        counted="places", persons_beyond=0.0, places_within=1.0, places_gained=1.0, places_beyond=0.0,
        threshold=1.0, target_share=1.0,
    )  # fmt: skip
    assert in_english(plan) == (
        "One site for primary care (An) serves 400 people in the 1 township without one. None is then without."
    )


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("links", "Two links of 19 km in all bring 400 of the 451 people within 30 min of the county seat by car; "),
        ("roads", "Two road upgrades of 19 km in all serve 400 of the 451 people without county seat; "),
    ],
)
def test_links_and_roads_have_their_length(question, told):
    plan = plan_of(actions=(("a d", 250.0, 1.0), ("a b", 150.5, 1.0)), question=question, length_km=18.96,
                   service="county_seat")  # fmt: skip
    assert plan_title(plan, Words("en")) == told + "the 90 % norm is then met"


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        ("nothing_helps", "", "nothing that was tried brings any of the 451 people within the norm."),
        ("not_planned", "others_first", "no plan is drawn, as other norms come first; 451 people are beyond."),
        ("not_planned", "no_model", "no plan that could be drawn here reaches this norm; 451 people are beyond."),
    ],
)
def test_why_there_is_no_plan(status, reason, told):
    plan = plan_of(actions=(), plan_status=status, reason=reason, persons_gained=0.0, persons_beyond=451.0)
    assert in_english(plan) == plan_title(plan, Words("en")) == "Primary care: " + told


def test_many_places_are_counted_and_not_all_named():
    plan = plan_of(actions=[("a", 50.0, 1.0)] * 7)
    assert "(An, An, An, An, An, and 2 more)" in in_english(plan)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("question", ["sites", "unit_sites", "links", "roads"])
@pytest.mark.parametrize("norm_id", ["N", ""])
def test_every_language_says_every_kind_without_a_blank(language, question, norm_id):
    for meets in ("yes", "no"):
        plan = plan_of(question=question, norm_id=norm_id, meets_target=meets, length_km=3.0)
        said = [*plan_sentences(plan, Words(language)), plan_title(plan, Words(language))]
        assert not [text for text in said if "{" in text or "_" in text]


def test_a_study_without_plans_has_no_records():
    assert plan_records({}) == []
    assert plan_records({"plans": pd.DataFrame()}) == []


@pytest.mark.parametrize(
    ("language", "told"), [("en", "county government"), ("zh", "县级人民政府"), ("fr", "administration du district")]
)
def test_who_must_act_is_said_in_words_and_a_name_as_it_is_written(language, told):
    words = Words(language)
    assert action_details(PLAN, {"responsible": "county_government"}, words) == {"responsible": told}
    assert action_details(PLAN, {"responsible": "卫健局"}, words) == {"responsible": "卫健局"}
    assert action_details(PLAN, {"responsible": None}, words) == {}


def test_what_a_plan_costs_is_said_of_its_budget_and_for_each_one_gained():
    plan = plan_of(cost=1_200_000.0, budget=NAN, currency="yuan", cost_per_gained=2996.25)
    assert cost_text(plan, Words("en")) == (
        "It costs 1,200,000 yuan by the costs that the study states, 2,996 yuan for each person gained."
    )
    plan = plan_of(cost=1.2, budget=5.0, currency="million yuan", cost_per_gained=0.25, counted="places")
    assert cost_text(plan, Words("en")) == (
        "It costs 1.20 million yuan of 5 million yuan by the costs that the study states, 0.25 million yuan for each "
        "place gained."
    )
    assert cost_text(plan_of(cost=NAN, budget=NAN, currency=None), Words("en")) == ""


@pytest.mark.parametrize("language", WHOLE)
def test_an_action_says_what_it_costs_in_every_language(language):
    told = action_details({**PLAN, "currency": "yuan"}, {"cost": 30.0, "cost_per_gained": 0.5}, Words(language))["cost"]
    assert told.count("yuan") == 2
    assert "each" not in told or language == "en"


@pytest.mark.parametrize(("language", "said"), [("en", "7 places"), ("fr", "7 localités"), ("zh", "7个居民点")])
def test_places_in_which_children_live_are_not_called_children(language, said):
    # Where their number is withheld or nobody knows it, places are counted.
    about = {"counted": "places", "question": "sites", "stat_unit": "children_6_9"}
    assert amount_text(about, 7, Words(language)) == said
    assert amount_text(about | {"stat_unit": "administrative_village"}, 7, Words("en")) == "7 villages"
    assert amount_text(about | {"stat_unit": "township"}, 1, Words("en")) == "1 township"
    assert amount_text(about | {"stat_unit": "township"}, 1, Words("fr")) == "1 commune"
