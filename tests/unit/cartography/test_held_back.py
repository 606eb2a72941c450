"""What holds a unit back, and which township would gain most or is surely among the last."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.cartography.places import parts_of
from spatial.cartography.sign_off import most_to_gain, surely_last
from spatial.reporting.score import held_back


def rows(values, pillars, unit="u"):
    return pd.DataFrame(
        {
            "unit_level": "township",
            "unit_id": unit,
            "pillar": pillars,
            "side": "level",
            "component": [f"c{k}" for k in range(len(values))],
            "value": values,
        }
    )


def test_a_pillar_of_many_components_weighs_no_more_than_one_of_few():
    found = held_back(rows([0.5, 0.5, 0.5], ["structure", "structure", "order"]))
    degrees = dict(zip(found["component"], found["obstacle_degree"], strict=True))
    assert degrees == pytest.approx({"c0": 0.25, "c1": 0.25, "c2": 0.5})


def test_weights_of_the_study_count_and_a_pillar_without_weight_holds_nothing_back():
    found = held_back(rows([0.5, 0.5], ["structure", "order"]), {"structure": 1.0})
    assert found["obstacle_degree"].tolist() == [1.0, 0.0]


def test_unknown_components_have_no_part_and_a_full_unit_lacks_nothing():
    found = held_back(rows([np.nan, 1.0], ["structure", "order"]))
    assert found["component"].tolist() == ["c1"]
    assert found["obstacle_degree"].tolist() == [0.0]


def test_a_unit_all_of_whose_pillars_have_no_weight_is_not_told():
    found = held_back(rows([0.5], ["structure"]), {"order": 1.0})
    assert found["obstacle_degree"].isna().all()


def test_weights_do_for_a_unit_of_which_nothing_is_known():
    # As the table has it, whose pillars are texts.
    unknown = rows([np.nan], pd.array(["structure"], dtype="str"))
    assert held_back(unknown, {"structure": 1.0, "order": 2.0}).empty


def test_gaps_are_left_out_and_nothing_gives_an_empty_table():
    none = held_back(rows([0.5], ["structure"]).assign(side="gap"))
    assert len(none) == 0
    assert "obstacle_degree" in none


def unit(name, level, persons, low=1.0, places=1):
    return {
        "id": name, "names": {"en": name}, "integration_level": level, "population_persons": persons,
        "places": places, "median_rank": low, "low_rank": low, "high_rank": low,
    }  # fmt: skip


def test_people_times_what_is_lacking_decides_who_gains_most():
    found = most_to_gain([unit("a", 0.9, 10.0), unit("b", 0.1, 10.0), unit("c", 0.5, 1000.0)])
    assert (found["id"], found["best_id"], found["persons"]) == ("c", "a", 1000.0)


def test_places_times_what_is_lacking_decide_where_people_are_unknown():
    units = [unit("a", 0.9, None), unit("b", 0.6, None, places=2), unit("c", 0.5, None)]
    found = most_to_gain(units)
    assert (found["id"], found["places"], found["persons"]) == ("b", 2, None)
    mixed = most_to_gain([unit("a", 0.9, 10.0), unit("b", 0.1, None, places=9), unit("c", 0.9, 5.0)])
    assert (mixed["id"], mixed["persons"]) == ("b", None)


def test_a_township_is_held_only_against_those_that_a_road_joins_to_it():
    units = [unit("a", 0.9, 10.0), unit("b", 0.1, 1000.0), unit("c", 0.5, 100.0), unit("d", 0.7, 10.0)]
    # b lacks most, but stands alone on its island: c is held against d, 100 * 0.2, and a against itself.
    found = most_to_gain(units, {"a": 0, "b": 1, "c": 2, "d": 2})
    assert (found["id"], found["best_id"]) == ("c", "d")
    assert most_to_gain(units, {"a": 0, "b": 1, "c": 2}) is None
    assert most_to_gain(units, {})["best_id"] == "a"


def test_a_township_is_in_the_part_that_most_of_its_people_are_joined_to():
    settlements = pd.DataFrame(
        {
            "settlement_id": list("abcdef"),
            "township_id": ["t1", "t1", "t2", "t2", None, "t3"],
            "population_persons": [10.0, 20.0, 5.0, np.nan, 9.0, 1.0],
            "in_study": [True, True, True, True, True, False],
        }
    )
    edges = pd.DataFrame({"mode": ["drive", "drive", "walk"], "edge_id": ["e0", "e1", "e1"], "component": [0, 1, 0]})
    snaps = pd.DataFrame(
        {
            "place_id": [*"abcde", "a"],
            "place_kind": "settlement",
            "mode": ["drive"] * 5 + ["walk"],
            "edge_id": ["e0", "e1", "e0", None, "e1", "e1"],
        }
    )
    tables = {"settlements": settlements, "edges": edges, "snaps": snaps}
    assert parts_of(tables, "drive") == {"t1": 1, "t2": 0}
    nobody = tables | {"settlements": settlements.assign(population_persons=np.nan)}
    assert parts_of(nobody, "drive") == {"t1": 0, "t2": 0}
    assert parts_of({"settlements": settlements}, "drive") == {}


@pytest.mark.parametrize(
    "units",
    [
        [],
        [unit("a", 0.9, 10.0)],
        [unit("a", 0.9, 10.0), unit("b", 0.9, 10.0)],
        [unit("a", 0.9, None), unit("b", 0.9, None)],
        [unit("a", None, 5.0), unit("b", 0.5, 5.0)],
    ],
)
def test_nobody_gains_where_nothing_can_be_compared(units):
    assert most_to_gain(units) is None


def test_the_worst_of_the_best_ranks_is_surely_last():
    assert surely_last([unit("a", 0.9, 1.0, 1.0), unit("b", 0.2, 1.0, 4.0)])["id"] == "b"
    assert surely_last([unit("a", 0.9, 1.0, None)]) is None
