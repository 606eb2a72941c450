"""What scenarios, crews and full facilities mean: classes and sums."""

from __future__ import annotations

import math

import pandas as pd

from spatial.reporting.summary import change_of, served_class, trial_totals

NAN = math.nan
WAY = {"service": "clinic", "mode": "drive"}


def test_changes_are_classed_by_the_cutoff_first_and_then_by_half_a_minute():
    table = pd.DataFrame(
        {
            "before_min": [70.0, 50.0, 50.0, 50.0, 50.0, 50.0, NAN, 70.0, NAN, NAN],
            "after_min": [60.0, 60.5, 49.5, 49.6, 50.5, 50.0, NAN, NAN, 90.0, NAN],
            "class_change": ["gained", "lost", *["same"] * 7, None],
        }
    )
    assert change_of(table).tolist() == [
        "gained",
        "lost",
        "quicker",
        "same",
        "slower",
        "same",
        "neither",
        "slower",
        "quicker",
        "unknown",
    ]


def test_room_is_classed_and_summed_over_the_study():
    served = pd.DataFrame(
        {
            "settlement_id": list("abcdef"),
            "served_persons": [10.0, 4.0, 0.0, 0.0, 0.0, NAN],
            "full_persons": [0.0, 6.0, 10.0, 0.0, 0.0, NAN],
            "not_reached_persons": [0.0, 0.0, 0.0, 10.0, 0.0, NAN],
        }
    ).assign(**WAY)
    classes = ["served", "partly_served", "full", "not_reached", "nobody", "unknown"]
    assert served_class(served).tolist() == classes
    places = pd.DataFrame({"settlement_id": list("abcdef"), "in_study": [True, True, True, False, True, True]})
    told = trial_totals([], {"settlements": places, "served": served})
    assert told == {
        "scenarios": [],
        "emergency": [],
        "served": [{**WAY, "served": 14.0, "full": 16.0, "not_reached": 0}],
    }
    assert trial_totals([], {"settlements": places}) == {"scenarios": [], "emergency": [], "served": []}


def test_scenarios_leave_everybody_else_unchanged():
    row = {"scenario": "s", **WAY, "cutoff_min": 60.0, "persons": 100.0, "unknown_places": 1}
    row |= {"gained_persons": 30.0, "lost_persons": 5.0, "gained_places": 2, "lost_places": 1}
    access = pd.DataFrame({"scenario": "s", **WAY, "in_study": [True] * 5 + [False]})
    told = trial_totals([row], {"scenario_access": access})["scenarios"]
    assert len(told) == 1
    assert told[0]["persons"] == {"gained": 30.0, "lost": 5.0, "unchanged": 65.0}
    assert told[0]["places"] == {"gained": 2, "lost": 1, "unchanged": 2}
    assert trial_totals([], {"scenario_access": access}) == trial_totals([row], {})
    assert trial_totals([row], {})["scenarios"] == []


def test_crews_are_told_target_by_target_with_their_mobilisation():
    sums = {"within_persons": 1.0, "beyond_persons": 2.0, "within_places": 1, "beyond_places": 2}
    people = pd.DataFrame([{**WAY, "target_min": target, **sums, "unknown_places": 0} for target in (30.0, 15.0)])
    response = pd.DataFrame({**WAY, "mobilisation_min": [2.0, 5.0, NAN]})
    tables = {"emergency_people": people, "emergency_response": response}
    told = trial_totals([], tables)["emergency"][0]
    assert told["mobilisation_min"] == [2.0, 5.0]
    assert [target["target_min"] for target in told["targets"]] == [15.0, 30.0]
    tables["emergency_response"] = response.assign(mobilisation_min=NAN)
    nobody = trial_totals([], tables)["emergency"][0]
    assert nobody["mobilisation_min"] == [None, None]
