"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import math

import pandas as pd

from spatial.score.comparison.boards import decompose
from spatial.score.comparison.runs import count_names, groups_of
from spatial.score.composite import index_of_terms


def test_decompose_takes_the_change_of_ln_of_the_geometric_mean_apart() -> None:
    row = {"unit_level": "study", "unit_id": "study", "pillar": "order", "side": "level", "component": "gates"}
    units, parts = decompose(pd.DataFrame([row | {"value": 0.5}]), pd.DataFrame([row | {"value": 1.0}]))
    assert round(float(units["ln_change"].iloc[0]), 6) == 0.693147
    assert round(float(parts["contribution"].iloc[0]), 6) == 0.693147


def test_count_names_counts_names_and_lists_them() -> None:
    assert count_names(["Lake", "Ridge"]) == "2 (Lake, Ridge)"


def test_groups_of_joins_pairs_that_share_a_member() -> None:
    assert [sorted(group) for group in groups_of([("a", "b"), ("c", "d"), ("b", "e")])] == [["a", "b", "e"], ["c", "d"]]


def test_index_of_terms_joins_integration_terms_of_units() -> None:
    assert index_of_terms([[0.5, math.nan, 0.5], [1.0, 0.0, math.nan]]).round(12).tolist() == [0.5, 1.0]
