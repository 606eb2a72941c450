"""What holds a unit back, and which township would gain most or is surely among the last."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.cartography.fact_sheet import most_to_gain, surely_last
from spatial.planning.held_back import held_back


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


def test_gaps_are_left_out_and_nothing_gives_an_empty_table():
    none = held_back(rows([0.5], ["structure"]).assign(side="gap"))
    assert len(none) == 0
    assert "obstacle_degree" in none


def unit(name, level, persons, low=1.0):
    return {
        "id": name, "names": {"en": name}, "integration_level": level, "population_persons": persons,
        "median_rank": low, "low_rank": low, "high_rank": low,
    }  # fmt: skip


def test_people_times_what_is_lacking_decides_who_gains_most():
    found = most_to_gain([unit("a", 0.9, 10.0), unit("b", 0.1, 10.0), unit("c", 0.5, 1000.0)])
    assert (found["id"], found["best_id"], found["persons"]) == ("c", "a", 1000.0)


@pytest.mark.parametrize(
    "units",
    [
        [],
        [unit("a", 0.9, 10.0)],
        [unit("a", 0.9, 10.0), unit("b", 0.9, 10.0)],
        [unit("a", 0.9, None), unit("b", 0.5, None)],
        [unit("a", None, 5.0), unit("b", 0.5, 5.0)],
    ],
)
def test_nobody_gains_where_nothing_can_be_compared(units):
    assert most_to_gain(units) is None


def test_the_worst_of_the_best_ranks_is_surely_last():
    assert surely_last([unit("a", 0.9, 1.0, 1.0), unit("b", 0.2, 1.0, 4.0)])["id"] == "b"
    assert surely_last([unit("a", 0.9, 1.0, None)]) is None
