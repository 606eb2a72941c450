"""Inequality of access: published values, arithmetic in view, and what is refused."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError

LINE = [10, 20, 30, 40, 50]
ACCESS, PEOPLE, SIDE = [5, 10, 20, 40], [400, 300, 200, 100], list("UURR")


def test_values_of_the_specification_come_out_to_the_printed_digits() -> None:
    assert sp.gini_index(LINE) == pytest.approx(0.2666667, abs=1e-7)
    assert sp.theil_t(LINE) == pytest.approx(0.1196876, abs=1e-7)
    assert sp.mean_log_deviation(LINE) == pytest.approx(0.1411139, abs=1e-7)
    assert sp.atkinson_index(LINE, epsilon=0.5) == pytest.approx(0.0631534, abs=1e-7)
    assert sp.atkinson_index(LINE) == pytest.approx(0.1316096, abs=1e-7)
    assert sp.atkinson_index(LINE, epsilon=2) == pytest.approx(0.2700730, abs=1e-7)


def test_theil_is_taken_apart_between_and_within_groups() -> None:
    parts = sp.theil_t(ACCESS, PEOPLE, SIDE)
    assert parts == pytest.approx(0.2708259, abs=1e-7)
    assert parts.between == pytest.approx(0.2118106, abs=1e-7)
    assert parts.within == pytest.approx(0.0590153, abs=1e-7)
    assert parts.between_share == pytest.approx(0.7820913, abs=1e-7)
    assert parts.advantaged_share == pytest.approx(0.3)
    assert sp.mean_log_deviation(ACCESS, PEOPLE) == pytest.approx(0.2623643, abs=1e-7)
    assert sp.gini_index(ACCESS, PEOPLE) == pytest.approx(0.3923077, abs=1e-7)


def test_all_inequality_lies_between_groups_that_have_all_or_nothing() -> None:
    # r = 2 for half of the people: T = 0.5 * 2 * ln 2
    parts = sp.theil_t([0, 0, 0, 10, 10, 10], group=list("rrruuu"))
    assert parts == pytest.approx(math.log(2))
    assert parts.between == pytest.approx(math.log(2))
    assert parts.within == 0.0


def test_the_two_palma_ratios_have_two_names() -> None:
    # the top tenth holds 10, the bottom four tenths 1 + 2 + 3 + 4
    assert sp.palma_ratio(range(1, 11)) == pytest.approx(1.0)
    # means by income: 10 against (1 + 2 + 3 + 4) / 4
    assert sp.palma_ratio_by_rank(range(1, 11), rank_by=range(10)) == pytest.approx(4.0)
    assert sp.palma_ratio_by_rank(range(1, 11), rank_by=range(10, 0, -1)) == pytest.approx(1.0 / 8.5)


def test_a_cut_of_the_palma_ratio_splits_a_place() -> None:
    # 100 persons: the top 10 hold 10 * 4; the bottom 40 hold 30 * 1 + 10 * 4
    assert sp.palma_ratio([1, 4], [30, 70]) == pytest.approx(40 / 70)
    assert sp.palma_ratio([0, 4], [50, 50]) == math.inf


def test_concentration_ranks_by_income_and_shares_ranks() -> None:
    assert sp.concentration_index([1, 2, 3, 4], None, [1, 2, 3, 4]) == pytest.approx(0.25)
    assert sp.concentration_index([1, 2, 3, 4], None, [4, 3, 2, 1]) == pytest.approx(-0.25)
    assert sp.concentration_index([1, 2, 3, 4], None, [7, 7, 7, 7]) == pytest.approx(0.0)
    assert sp.concentration_index([0, 0, 1, 1], None, [1, 2, 3, 4]) == pytest.approx(0.5)
    assert sp.erreygers_index([0, 0, 1, 1], None, [1, 2, 3, 4]) == pytest.approx(1.0)


def test_an_even_spread_has_no_inequality_exactly() -> None:
    same, people = [0.3] * 7, [3, 1, 4, 1, 5, 9, 2]
    assert sp.theil_t(same, people) == pytest.approx(0.0, abs=1e-15)
    assert sp.gini_index(same, people) == pytest.approx(0.0, abs=1e-15)
    assert sp.atkinson_index(same, people) == 0.0
    assert sp.equally_distributed_equivalent(same, people) == 0.3


def test_nobody_and_nothing_give_no_number() -> None:
    for measure in (sp.theil_t, sp.gini_index, sp.atkinson_index, sp.palma_ratio, sp.concentration_index):
        assert math.isnan(measure([0, 0], [1, 1]))
        assert math.isnan(measure([1, 2], [0, 0]))
        assert math.isnan(measure([np.nan, np.nan], [1, 1]))
        assert math.isnan(measure([], []))
    assert math.isnan(sp.palma_ratio_by_rank([0, 0], rank_by=[1, 2]))
    # Of a good between fixed bounds all lack alike: no inequality. Of nobody it is unknown.
    assert sp.erreygers_index([0, 0], [1, 1], [1, 2]) == 0.0
    assert math.isnan(sp.erreygers_index([0, 1], [0, 0], [1, 2]))
    alone = sp.theil_t([1, 3], [1, 1])
    assert math.isnan(alone.between_share)
    assert math.isnan(alone.advantaged_share)


def test_no_inequality_lies_between_groups_of_equal_access() -> None:
    # The mean of 0.3s, rounded, is a little below 0.3: the total is 2e-16, and all of it lies between the groups.
    parts = sp.theil_t([0.3] * 5, [1, 1, 2, 1, 2], ["town", "country", "town", "country", "town"])
    assert parts == pytest.approx(0.0, abs=1e-15)
    assert parts.between_share == 0.0


def test_zero_access_follows_the_rule_of_each_measure() -> None:
    assert sp.atkinson_index([0, 1], epsilon=1) == 1.0
    assert sp.atkinson_index([0, 1], epsilon=2) == 1.0
    assert sp.mean_log_deviation([0, 1]) == math.inf
    # with a floor of 0.5: mean 0.75, half ln 1.5 and half ln 0.75
    assert sp.mean_log_deviation([0, 1], floor=0.5) == pytest.approx(0.5 * math.log(1.5) + 0.5 * math.log(0.75))


def test_unknown_places_and_places_of_nobody_are_left_out() -> None:
    assert sp.gini_index([10, 20, np.nan, 99], [1, 1, 5, 0]) == sp.gini_index([10, 20])


def test_the_decomposition_survives_pickling() -> None:
    parts = sp.theil_t(ACCESS, PEOPLE, SIDE)
    copy = pickle.loads(pickle.dumps(parts))  # noqa: S301 - our own bytes
    assert (copy, copy.between, copy.between_share) == (parts, parts.between, parts.between_share)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.gini_index([1, -2]), "negative or infinite in 1 row"),
        (lambda: sp.theil_t([1, math.inf]), "make scores of 0-1"),
        (lambda: sp.theil_t([1, 2], [1]), "1 for 2 values"),
        (lambda: sp.theil_t([1, 2], [1, 1], ["u", None]), "group: missing for 1 row"),
        (lambda: sp.theil_t([1, 2], [1, 1], ["u", math.nan]), r"group: missing for 1 row\(s\) 1 \("),
        (lambda: sp.theil_t([1, 2], [1, 1], ["u"]), "group: 1 for 2"),
        (lambda: sp.atkinson_index([1, 2], epsilon=-1), "epsilon"),
        (lambda: sp.erreygers_index([1, 2]), "outside 0 to 1 in 1 row"),
        (lambda: sp.gini_index(["a"]), "no number"),
        (lambda: sp.gini_index(pd.Series([1, 2]), pd.Series([1, 2], index=[5, 6])), "missing 0, 1"),
        (lambda: sp.mean_log_deviation([1], floor=-1), "floor"),
        (lambda: sp.concentration_index([1, 2], None, [1]), "rank_by: 1 for 2"),
        (lambda: sp.palma_ratio_by_rank([1, 2], rank_by=[1, math.inf]), "rank_by: infinite"),
    ],
)
def test_what_is_no_good_is_refused_with_its_place(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.5, 1e5), st.sampled_from("ur")), min_size=2, max_size=25).filter(
        lambda rows: sum(y * w for y, w, _ in rows) > 1e-3
    )
)
def test_parts_add_up_order_does_not_matter_and_a_place_may_be_split(rows: list[tuple[float, float, str]]) -> None:
    y, w, g = (list(column) for column in zip(*rows, strict=True))
    parts = sp.theil_t(y, w, g)
    assert parts.between + parts.within == pytest.approx(float(parts), abs=1e-9)
    halves = sp.theil_t(y[::-1] + y[:1], [*w[::-1][:-1], w[0] / 2, w[0] / 2], g[::-1] + g[:1])
    assert halves == pytest.approx(float(parts), abs=1e-9)
    assert halves.between == pytest.approx(parts.between, abs=1e-9)
    assert 0.0 <= sp.gini_index(y, w) < 1.0
    assert sp.concentration_index(y, w) == pytest.approx(sp.gini_index(y, w), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.data())
def test_the_equivalent_rises_with_every_persons_access(y: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(y) - 1))
    better = list(y)
    better[at] = data.draw(st.floats(y[at], 1.0))
    epsilon = data.draw(st.sampled_from([0.0, 0.5, 1.0, 2.0]))
    before = sp.equally_distributed_equivalent(y, epsilon=epsilon)
    assert sp.equally_distributed_equivalent(better, epsilon=epsilon) >= before - 1e-12


def test_pysal_agrees() -> None:
    inequality = pytest.importorskip("inequality")
    y = np.random.default_rng(3).gamma(2.0, 5.0, 400)
    g = np.arange(400) % 3
    theirs = inequality.theil.TheilD(y, g)
    ours = sp.theil_t(y, group=g)
    assert ours == pytest.approx(float(theirs.T), rel=1e-12)
    assert ours.between == pytest.approx(float(np.squeeze(theirs.bg)), rel=1e-10)
    assert sp.gini_index(y) == pytest.approx(inequality.gini.Gini(y).g, rel=1e-10)
    assert sp.atkinson_index(y, epsilon=0.5) == pytest.approx(inequality.atkinson.Atkinson(y, 0.5).A, rel=1e-10)
    assert sp.atkinson_index(y) == pytest.approx(inequality.atkinson.Atkinson(y, 1).A, rel=1e-10)
