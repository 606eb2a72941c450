"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spatial.access.cumulative import gap_depth, weighted_quantile
from spatial.access.decays import decay_binary
from spatial.access.floating_catchment import catchment_sums
from spatial.access.od_pairs import Links, weigh_pairs
from spatial.access.options import paired
from spatial.access.places import id_order, share_with_units


def test_gap_depth_gives_how_far_beyond_a_threshold() -> None:
    assert gap_depth([30.0, 45.0, float("inf")], threshold=30.0, fail_point=60.0).tolist() == [0.0, 0.5, 1.0]


def test_weighted_quantile_finds_the_smallest_value_up_to_which_that_share_of_the_weight_lies() -> None:
    assert weighted_quantile(np.array([5.0, 10.0, 20.0, 40.0]), np.array([4.0, 3.0, 2.0, 1.0]), 0.5) == 10.0


def test_catchment_sums_divides_the_supply_of_facilities_among_the_people_in_their_catchments() -> None:
    links = Links(np.array([0, 1, 2]), np.array([0, 0], dtype=np.int32), (2, 1))
    people, beds = np.array([100.0, 100.0]), np.array([10.0])
    pairs = weigh_pairs(links, np.array([5.0, 25.0]), people, decay_binary(30.0))
    assert catchment_sums(pairs, beds, method="2sfca").access.tolist() == [0.05, 0.05]


def test_weigh_pairs_counts_the_people_at_facilities_and_facilities_reached_within_the_decay() -> None:
    links = Links(np.array([0, 1, 2]), np.array([0, 0], dtype=np.int32), (2, 1))
    pairs = weigh_pairs(links, np.array([5.0, 40.0]), np.array([100.0, 70.0]), decay_binary(30.0))
    assert pairs.people_at_facilities.tolist() == [100.0]
    assert pairs.facilities_reached.tolist() == [1, 0]


def test_paired_brings_arguments_that_lie_along_the_same_axes_into_one_order() -> None:
    one, other = pd.Series([1, 2], index=["a", "b"]), pd.Series([20, 10], index=["b", "a"])
    assert paired("shares", x=(one, "units"), total=(other, "units"))[1].tolist() == [10, 20]


def test_id_order_sorts_ids() -> None:
    assert id_order(["w2", "n10", "n9"]).tolist() == [2, 1, 0]


def test_share_with_units_opens_facilities_that_are_kept_for_some_of_a_list_of_units() -> None:
    kept = pd.DataFrame({"open_to": ["units", "units", "all"], "eligible_units": ["t1", "t3", None]})
    assert share_with_units(kept, ["t1", "t2"], np.array([True, True, True]))["eligible_units"].fillna("").tolist() == [
        "t1;t2",
        "t3",
        "",
    ]
