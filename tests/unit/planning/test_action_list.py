"""A list of actions that people keep is never overwritten, and says whether what was built brought what it promised."""

import pandas as pd
import pytest

from spatial.errors import ContractError
from spatial.plain_text import csv_bytes
from spatial.planning.action_list import action_list, plan_progress, read_action_list


def tables():
    actions = pd.DataFrame(
        {
            "action_id": ["p/a", "p/b"],
            "plan_id": "p",
            "norm_id": "N",
            "action": "open_site",
            "service": "clinic",
            "place_id": ["a", "b"],
            "place": ["A", "B"],
            "township": "T",
            "length_km": float("nan"),
            "persons_gained": [30.0, 20.0],
            "places_gained": [2.0, 1.0],
            "responsible": ["county_government", None],
        }
    )
    people = pd.DataFrame(
        {
            "plan_id": "p",
            "unit_id": ["519900104001", "2", "3", "4"],
            "action_id": ["p/a", "p/a", "p/b", None],
            "persons": 10.0,
            "outcome": ["within", "beyond", "within", "within"],
        }
    )
    return {"plan_actions": actions, "plan_people": people}


def written(frame, tmp_path):
    path = tmp_path / "actions.csv"
    path.write_bytes(csv_bytes(frame))
    return path


def test_a_new_list_proposes_every_action_with_the_places_it_is_for():
    found = action_list(tables())
    assert found["state"].tolist() == ["proposed", "proposed"]
    assert found["unit_ids"].tolist() == ["519900104001 2", "3"]


def test_what_people_wrote_stays_and_so_does_what_was_promised_then(tmp_path):
    first = action_list(tables())
    first.loc[0, ["state", "since", "responsible"]] = ["built", "2026-03-01", "Health bureau"]
    kept = read_action_list(written(first, tmp_path))
    now = tables()
    now["plan_actions"] = now["plan_actions"].iloc[[1]].assign(persons_gained=25.0)
    again = action_list(now, kept)
    assert again["action_id"].tolist() == ["p/a", "p/b"]
    assert again.loc[0, ["state", "since", "responsible", "persons_gained"]].tolist() == [
        "built", "2026-03-01", "Health bureau", 30.0,
    ]  # fmt: skip
    assert again.loc[1, "persons_gained"] == 25.0


def test_a_proposal_that_nobody_touched_goes_with_its_plan(tmp_path):
    kept = read_action_list(written(action_list(tables()), tmp_path))
    now = {name: frame.iloc[:0] for name, frame in tables().items()}
    assert action_list(now, kept).empty


def test_who_must_act_by_the_norm_is_responsible_until_somebody_writes_another(tmp_path):
    first = action_list(tables())
    assert first["responsible"].fillna("").tolist() == ["county_government", ""]
    now = tables()
    now["plan_actions"]["responsible"] = "Road office"
    # Nobody wrote anything, so that the list follows the norm.
    assert action_list(now, read_action_list(written(first, tmp_path)))["responsible"].tolist() == ["Road office"] * 2
    first.loc[0, "responsible"] = "Town of A"
    kept = read_action_list(written(first, tmp_path))
    assert action_list(now, kept)["responsible"].tolist() == ["Town of A", "Road office"]


def test_what_was_built_is_held_against_who_is_within_now(tmp_path):
    kept = read_action_list(written(action_list(tables()).assign(state="built"), tmp_path))
    judged = pd.DataFrame(
        {
            "norm_id": ["N", "N", "M"],
            "unit_level": "settlement",
            "unit_id": ["519900104001", "2", "3"],
            "persons_served": [18.0, 0.0, 9.0],
            "places_served": [1.0, 0.0, 1.0],
            "places_unknown": 0.0,
        }
    )
    found = plan_progress(kept, judged, tables()["plan_people"]).set_index("action_id")
    assert found.loc["p/a", ["promised_persons", "within_persons"]].tolist() == [30.0, 18.0]
    assert found.loc["p/a", ["promised_places", "within_places"]].tolist() == [2.0, 1.0]
    # Of the place of the other action this norm judges nothing.
    assert found.loc["p/b", ["within_persons", "within_places"]].isna().all()
    # Where one of two is not judged, or in no list any more, the other one's 18 are not all who are within.
    for half in (judged.assign(places_unknown=[0.0, 1.0, 0.0]), judged.drop(index=1)):
        some = plan_progress(kept, half, tables()["plan_people"]).set_index("action_id")
        assert some.loc["p/a", ["within_persons", "within_places"]].isna().all()
    # So it is where ids hold blanks, which separate them in the list.
    spaced = kept.assign(unit_ids=kept["unit_ids"].str.replace("519900104001", "Baihe Town"))
    renamed = judged.replace("519900104001", "Baihe Town")
    again = plan_progress(spaced, renamed, tables()["plan_people"]).set_index("action_id")
    assert again.loc["p/a"].equals(found.loc["p/a"])
    # For no norm it is held against its plan.
    alone = plan_progress(kept.assign(norm_id=None), judged, tables()["plan_people"]).set_index("action_id")
    assert alone["within_persons"].tolist() == [10.0, 10.0]


@pytest.mark.parametrize("unknown", [0.0, 1.0])
def test_a_settlement_is_not_taken_for_the_township_of_its_id(tmp_path, unknown):
    kept = read_action_list(written(action_list(tables()).assign(state="built"), tmp_path))
    judged = pd.DataFrame(
        {
            "norm_id": "N",
            "unit_level": ["township", "settlement"],
            "unit_id": "3",
            "persons_served": [500.0, 7.0],
            "places_served": [40.0, 1.0],
            "places_unknown": [0.0, unknown],
        }
    )
    found = plan_progress(kept, judged, tables()["plan_people"]).set_index("action_id").loc["p/b"]
    assert found[["within_persons", "within_places"]].dropna().tolist() == ([] if unknown else [7.0, 1.0])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"state": "finished"}, "state: 'finished' .* of '.*' .2 in all.; write proposed, agreed, built, dropped"),
        ({"since": "30.6.2026"}, "since: no day of the calendar: '30.6.2026'.* of '.*' .2 in all.; write such"),
        ({"action_id": "p/a"}, "action_id: more than once"),
        ({"unit_ids": "5.199E+11"}, "unit_ids: rounded by a spreadsheet"),
        ({"persons_gained": "many"}, "persons_gained"),
    ],
)
def test_a_faulty_list_is_refused_with_what_to_do(tmp_path, change, fault):
    with pytest.raises(ContractError, match=fault):
        read_action_list(written(action_list(tables()).assign(**change), tmp_path))


def test_a_list_without_a_column_is_refused(tmp_path):
    with pytest.raises(ContractError, match="state: the column is missing"):
        read_action_list(written(action_list(tables()).drop(columns="state"), tmp_path))
