"""Cumulative opportunities, gravity, poverty and weighted statistics on hand-made numbers."""

import doctest
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spatial as sp


def city():
    """Three villages and four schools with 1, 2, 4 and 8 classes, so that a sum names those that were reached."""
    minutes = {"u": (0.0, 10.0, 20.0, 30.0), "v": (30.0, 30.0, 10.5, np.inf)}
    rows = [(place, f"s{j}", "walk", time) for place, times in minutes.items() for j, time in enumerate(times)]
    od = pd.DataFrame(rows, columns=["from_id", "to_id", "mode", "travel_time_min"])
    settlements = pd.DataFrame({"settlement_id": ["w", "u", "v"]})
    facilities = pd.DataFrame(
        {"facility_id": ["s0", "s1", "s2", "s3"], "service": "school", "classes": [1.0, 2.0, 4.0, 8.0]}
    )
    return od, settlements, facilities


def test_opportunities_are_counted_within_every_cutoff_and_at_it():
    found = sp.cumulative_cutoff(*city(), service="school", cutoffs_min=[10.0, 30.0], opportunities="classes")
    assert found["settlement_id"].tolist() == ["w", "w", "u", "u", "v", "v"]
    assert found["cutoff_min"].tolist() == [10.0, 30.0] * 3
    # u: 1 + 2 at 10 minutes, all at 30; v: none at 10, 1 + 2 + 4 at 30, the last one cannot be reached
    assert found["value"].tolist() == [0.0, 0.0, 3.0, 15.0, 0.0, 7.0]
    assert found["status"].tolist() == ["no_pair"] * 2 + ["reached"] * 2 + ["beyond_cutoff", "reached"]
    assert found["facilities_reached"].tolist() == [0, 0, 2, 4, 0, 3]
    assert set(found["unit"]) == {"classes"}


def test_cutoffs_may_come_in_any_order_alone_or_without_end():
    falling = sp.cumulative_cutoff(*city(), service="school", cutoffs_min=[np.inf, 0.0, 20.0])
    # u: all four, the one at the door, three; v: three that can be reached, none, the one at 10.5 minutes
    assert falling["value"].tolist() == [0.0, 0.0, 0.0, 4.0, 1.0, 3.0, 3.0, 0.0, 1.0]
    alone = sp.cumulative_cutoff(*city(), service="school", cutoffs_min=20.0)
    assert alone["value"].tolist() == [0.0, 3.0, 1.0]
    pd.testing.assert_frame_equal(
        falling, sp.cumulative_cutoff(*city(), service="school", cutoffs_min=[None, 0, 0.0, 20, np.inf, 20.0])
    )


def test_an_interval_averages_over_its_cutoffs():
    found = sp.cumulative_interval(*city(), service="school", interval_min=(9.0, 12.0), opportunities="classes")
    # cutoffs 9, 10, 11, 12. u: 1, 3, 3, 3; v: 0, 0, 4, 4
    assert found["value"].tolist() == [0.0, 2.5, 2.0]
    assert found["value_lower"].tolist() == [0.0, 1.0, 0.0]
    assert found["value_upper"].tolist() == [0.0, 3.0, 4.0]
    assert set(found["cutoffs"]) == {4}
    assert found["status"].tolist() == ["no_pair", "reached", "reached"]


def test_an_interval_with_odd_steps_ends_at_its_upper_bound():
    found = sp.cumulative_interval(*city(), service="school", interval_min=(0.0, 0.3), step_min=0.1)
    assert set(found["cutoffs"]) == {4}
    same = sp.cumulative_interval(*city(), service="school", interval_min=(10.0, 10.0))
    assert same["value"].tolist() == [0.0, 2.0, 0.0]


def test_gravity_with_a_cutoff_is_the_cumulative_measure():
    found = sp.gravity(*city(), service="school", decay=sp.decay_binary(30.0), opportunities="classes")
    assert found["value"].tolist() == [0.0, 15.0, 7.0]
    assert found["facilities_reached"].tolist() == [0, 4, 3]
    assert found["status"].tolist() == ["no_pair", "reached", "reached"]


def test_gravity_of_toy_b_has_the_stated_values():
    # Hansen with exp(-.05 t): 10 exp(-.25) + 4 exp(-1.25), ...
    od = pd.DataFrame(
        {
            "from_id": ["a", "a", "b", "b", "c", "c"],
            "to_id": ["f0", "f1"] * 3,
            "travel_time_min": [5.0, 25.0, 20.0, 5.0, 45.0, 40.0],
        }
    )
    settlements = pd.DataFrame({"settlement_id": ["a", "b", "c"]})
    facilities = pd.DataFrame({"facility_id": ["f0", "f1"], "service": "hospital", "capacity": [10.0, 4.0]})
    found = sp.gravity(
        od, settlements, facilities, service="hospital", decay=sp.decay_exponential(0.05), opportunities="capacity"
    )
    assert found["value"].to_numpy() == pytest.approx([8.9340270, 6.7939975, 1.5953334], abs=5.1e-8)
    assert set(found["mode"]) == {""}


def test_opportunities_must_be_known_and_named():
    od, settlements, facilities = city()
    facilities["classes"] = [1.0, np.nan, 4.0, 8.0]
    with pytest.raises(sp.ContractError, match="'s1'"):
        sp.gravity(od, settlements, facilities, service="school", decay=sp.decay_linear(9.0), opportunities="classes")
    with pytest.raises(sp.ContractError, match="pupils: no such column"):
        sp.cumulative_cutoff(od, settlements, facilities, service="school", cutoffs_min=5.0, opportunities="pupils")


@pytest.mark.parametrize("cutoffs", [[], [-1.0], [np.nan], [5.0, "x"]])
def test_cutoffs_out_of_range_are_refused(cutoffs):
    with pytest.raises(sp.ContractError, match="cutoffs_min"):
        sp.cumulative_cutoff(*city(), service="school", cutoffs_min=cutoffs)


@pytest.mark.parametrize(
    "options",
    [
        {"interval_min": (5.0, 1.0)},
        {"interval_min": (-5.0, 1.0)},
        {"interval_min": (5.0, np.inf)},
        {"interval_min": (1.0, 5.0), "step_min": 0.0},
        {"interval_min": (1.0, np.nan)},
    ],
)
def test_intervals_out_of_range_are_refused(options):
    with pytest.raises(sp.ContractError, match="interval_min"):
        sp.cumulative_interval(*city(), service="school", **options)


def test_no_measure_asks_for_more_minutes_than_the_pairs_have(caplog):
    od, settlements, facilities = city()
    od.attrs["cutoff_min"] = 30.0
    sp.cumulative_cutoff(od, settlements, facilities, service="school", cutoffs_min=30.0)
    with pytest.raises(sp.ContractError, match="45 min, but the pairs end at 30 min"):
        sp.cumulative_cutoff(od, settlements, facilities, service="school", cutoffs_min=[10.0, 45.0])
    with caplog.at_level(logging.WARNING):
        sp.cumulative_cutoff(od, settlements, facilities, service="school", cutoffs_min=None)
    assert "cutoffs_min: none, but the pairs end at 30 min" in caplog.text
    with pytest.raises(sp.ContractError, match="interval_min: 31 min"):
        sp.cumulative_interval(od, settlements, facilities, service="school", interval_min=(10.0, 31.0))
    with pytest.raises(sp.ContractError, match="decay: 60 min"):
        sp.gravity(od, settlements, facilities, service="school", decay=sp.decay_linear(60.0))
    with caplog.at_level(logging.WARNING):
        sp.gravity(od, settlements, facilities, service="school", decay=sp.decay_exponential(half_life_min=30.0))
    assert "is still 0.5" in caplog.text


def test_pairs_of_travel_times_carry_their_cutoff(grid_city):
    graph = grid_city.graph()
    settlements = grid_city.settlements([("a", "village", 0.0, 0.0), ("b", "village", 4.0, 0.0)])
    facilities = grid_city.facilities([("f", "clinic", 0.0, 0.0)])
    od = sp.travel_times(graph, settlements, facilities, cutoff_min=5.0)
    assert od.attrs["cutoff_min"] == 5.0
    found = sp.cumulative_cutoff(od, settlements, facilities, service="clinic", cutoffs_min=5.0)
    # four blocks are 8 minutes away: b reaches nothing
    assert found["value"].tolist() == [1.0, 0.0]
    assert "cutoff_min" not in sp.travel_times(graph, settlements, facilities).attrs


def test_poverty_above_the_line_has_the_published_values():
    found = sp.fgt_poverty(
        [5.0, 20.0, 40.0, 90.0], line=30.0, above=True, bound=60.0, weights=[400.0, 300.0, 200.0, 100.0]
    )
    assert found[["fgt0", "fgt1", "fgt2"]].tolist() == pytest.approx([0.3, 0.1666667, 0.1222222], abs=5.1e-8)
    assert found["n_total"] == found["n_valid"] == 4
    assert found["pop_total"] == found["pop_valid"] == 1000.0


def test_poverty_below_the_line_is_that_of_the_package_accessibility():
    # jobs 0, 50, 100, 200 against a line of 100: gaps 1, 1/2, 0, 0; people 1, 2, 3, 4 of 10
    found = sp.fgt_poverty([0.0, 50.0, 100.0, 200.0], line=100.0, weights=[1.0, 2.0, 3.0, 4.0])
    assert found["fgt0"] == pytest.approx(0.3)
    assert found["fgt1"] == pytest.approx((1.0 + 2.0 / 2) / 10)
    assert found["fgt2"] == pytest.approx((1.0 + 2.0 / 4) / 10)


def test_unreachable_is_as_poor_as_can_be_and_unknown_is_counted_apart():
    found = sp.fgt_poverty(
        [np.inf, np.nan, 10.0, 70.0], line=30.0, above=True, bound=60.0, weights=[1.0, 1.0, 2.0, np.nan]
    )
    assert found["fgt0"] == found["fgt1"] == found["fgt2"] == pytest.approx(1 / 3)
    assert (found["n_total"], found["n_valid"], found["n_nan"], found["n_inf"]) == (4, 2, 2, 1)
    assert (found["pop_total"], found["pop_valid"]) == (4.0, 3.0)


def test_a_value_at_the_line_is_not_poor_and_one_at_the_bound_wholly():
    found = sp.fgt_poverty([30.0, 60.0, 600.0], line=30.0, above=True, bound=60.0)
    assert found["fgt0"] == found["fgt1"] == pytest.approx(2 / 3)


def test_poverty_of_nobody_is_unknown():
    found = sp.fgt_poverty([40.0], line=30.0, above=True, bound=60.0, weights=[0.0])
    assert np.isnan(found[["fgt0", "fgt1", "fgt2"]]).all()
    assert np.isnan(sp.fgt_poverty([], line=1.0)["fgt0"])


def test_other_powers_may_be_asked_for():
    found = sp.fgt_poverty([45.0], line=30.0, above=True, bound=60.0, alpha=(1, 3))
    assert found["fgt1"] == 0.5
    assert found["fgt3"] == 0.125
    assert "fgt0" not in found


@pytest.mark.parametrize(
    "options",
    [
        {"line": np.nan},
        {"line": 30.0, "above": True},
        {"line": 30.0, "above": True, "bound": 30.0},
        {"line": 30.0, "above": True, "bound": np.inf},
        {"line": 30.0, "bound": 30.0},
        {"line": 0.0},
        {"line": 30.0, "weights": [-1.0]},
        {"line": 30.0, "weights": [1.0, 1.0]},
        {"line": 30.0, "alpha": (0.0, -1.0)},
    ],
)
def test_poverty_options_out_of_range_are_refused(options):
    with pytest.raises(sp.ContractError):
        sp.fgt_poverty([40.0], **options)


def test_weighted_statistics_tell_three_means_apart():
    # 100 people at 10 minutes, 50 at 40, 50 nowhere, 300 unknown; cap 180
    found = sp.weighted_statistics([10.0, 40.0, np.inf, np.nan], [100.0, 50.0, 50.0, 300.0])
    assert found["reached_share"] == 0.75
    assert found["mean_reached"] == pytest.approx(20.0)
    assert found["mean_capped"] == pytest.approx((1000.0 + 2000.0 + 9000.0) / 200)
    assert found["median"] == 10.0
    assert [found[name] for name in ("n_total", "n_valid", "n_nan", "n_inf")] == [4, 3, 1, 1]
    assert (found["pop_total"], found["pop_valid"]) == (500.0, 200.0)


def test_statistics_without_people_are_unknown_and_bad_weights_refused():
    found = sp.weighted_statistics([10.0], [0.0])
    assert np.isnan(found["reached_share"])
    assert np.isnan(found["mean_reached"])
    assert sp.weighted_statistics([10.0, 20.0])["mean_reached"] == 15.0
    assert sp.weighted_statistics([10.0, 20.0], [1.0, np.nan])["mean_reached"] == 10.0
    for bad in ([-1.0], [np.inf], [1.0, 2.0]):
        with pytest.raises(sp.ContractError):
            sp.weighted_statistics([10.0], bad)


def test_the_page_of_measures_says_what_is_so():
    page = Path(__file__).parents[3] / "docs" / "measures.md"
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted > 10
    assert found.failed == 0
