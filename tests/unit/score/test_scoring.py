"""Weights, closeness, coupling, levels and the segmentation index: published values and what is refused."""

import doctest
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError

X = [[0.2, 0.9], [0.4, 0.5], [0.6, 0.1], [0.8, 0.5]]
JUDGED = [[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]


def test_weights_of_the_specification() -> None:
    assert sp.entropy_weights(X) == pytest.approx([0.3664382, 0.6335618], abs=1e-7)
    judged = sp.ahp_weights(JUDGED)
    assert judged.weights == pytest.approx([0.6369856, 0.2582850, 0.1047294], abs=1e-7)
    assert judged.largest_eigenvalue == pytest.approx(3.0385111, abs=1e-7)
    assert judged.consistency_ratio == pytest.approx(0.0331992, abs=1e-7)


def test_closeness_of_the_specification() -> None:
    fixed = [0.5334828, 0.4504999, 0.3818044, 0.6366076]
    assert sp.topsis(X, [0.5, 0.5]) == pytest.approx(fixed, abs=1e-7)
    sample = [0.5597203, 0.4379477, 0.3365433, 0.6508545]
    assert sp.topsis(X, [0.5, 0.5], ideals="sample") == pytest.approx(sample, abs=1e-7)


def test_closeness_to_fixed_ideals_does_not_change_when_a_unit_is_added() -> None:
    assert sp.topsis([*X, [0.0, 1.0]])[:4] == pytest.approx(sp.topsis(X), abs=0)


@pytest.mark.parametrize(
    ("u", "standard", "wang"),
    [
        ((0.5, 0.5), (1, 0.7071068), (1, 0.7071068)),
        ((0.8, 0.2), (0.8, 0.6324555), (0.3162278, 0.3976354)),
        ((0.9, 0.6), (0.9797959, 0.857232), (0.6831301, 0.715785)),
        ((0.8, 0.6, 0.4), (0.9615, 0.759539), (0.670129, 0.634096)),
        ((1, 0), (0, 0), (0, 0)),
        ((0, 0), (0, 0), (0, 0)),
    ],
)
def test_coupling_of_the_specification(
    u: tuple[float, ...], standard: tuple[float, float], wang: tuple[float, float]
) -> None:
    for form, (c, d) in (("standard", standard), ("wang", wang)):
        pair = sp.coupling_coordination(u, form)
        digits = 5e-5 if c == 0.9615 else 5e-7
        assert float(pair.coupling) == pytest.approx(c, abs=digits)
        assert float(pair.coordination) == pytest.approx(d, abs=5e-7)
        assert float(pair.level) == pytest.approx(np.mean(u))


def test_coupling_of_a_published_example() -> None:
    pair = sp.coupling_coordination([0.0162, 0.2720], form="standard")
    assert float(pair.coupling) == pytest.approx(0.4606573, abs=1e-7)
    assert float(pair.level) == pytest.approx(0.1441)
    assert float(pair.coordination) == pytest.approx(0.2576446, abs=1e-7)


def test_coupling_is_not_the_wrong_form() -> None:
    # sqrt(U1 U2) / (U1 + U2) would give 0.4, and at most 0.5
    assert float(sp.coupling_coordination([0.8, 0.2], form="standard").coupling) == pytest.approx(0.8)


def test_an_unknown_system_leaves_its_unit_unknown() -> None:
    pairs = sp.coupling_coordination([[0.8, 0.2], [np.nan, 0.5]])
    assert np.isnan(pairs.coordination).tolist() == [False, True]


def test_levels_and_obstacles_of_the_specification() -> None:
    joined = sp.integration_level([0.9, 0.4, 0.8], weights=[0.5, 0.3, 0.2])
    assert float(joined.level) == pytest.approx(0.6892190, abs=1e-7)
    assert float(joined.arithmetic) == pytest.approx(0.73)
    shares = sp.obstacle_degrees([0.9, 0.4, 0.8], [0.5, 0.3, 0.2])
    assert shares == pytest.approx([0.1851852, 0.6666667, 0.1481481], abs=1e-7)
    assert sp.obstacle_degrees([1, 1, 1]).tolist() == [0.0, 0.0, 0.0]


def test_one_zero_among_four_shows_how_much_the_floor_decides() -> None:
    assert float(sp.integration_level([0, 1, 1, 1]).level) == pytest.approx(0.316, abs=5e-4)
    assert float(sp.integration_level([0, 1, 1, 1], floor=0.001).level) == pytest.approx(0.178, abs=5e-4)


def test_a_missing_pillar_gives_an_interval() -> None:
    joined = sp.integration_level([[0.81, 0.81, np.nan, 0.81], [0.81, 0.81, 0.81, 0.81], [np.nan] * 4])
    assert joined.level[:2] == pytest.approx([0.81, 0.81])
    # 0.81^(3/4) times 0.01^(1/4), and times 1
    assert joined.low[0] == pytest.approx(0.81**0.75 * 0.01**0.25)
    assert joined.high[0] == pytest.approx(0.81**0.75)
    assert (joined.low[1], joined.high[1]) == (pytest.approx(0.81), pytest.approx(0.81))
    assert math.isnan(joined.level[2])
    assert (joined.low[2], joined.high[2]) == (pytest.approx(0.01), 1.0)
    assert joined.missing.tolist() == [1, 0, 4]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.data())
def test_a_level_rises_with_each_part_and_is_1_only_where_all_are(parts: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(parts) - 1))
    better = list(parts)
    better[at] = data.draw(st.floats(parts[at], 1.0))
    before, after = sp.integration_level(parts), sp.integration_level(better)
    assert after.level >= before.level - 1e-12
    assert after.arithmetic >= before.arithmetic - 1e-12
    assert float(sp.integration_level([1.0] * len(parts)).level) == 1.0
    assert 0.0 < before.level <= 1.0


def test_the_segmentation_index_names_its_terms() -> None:
    # 1 - .2118106 / ln(1 / .3) = .8240736
    index = sp.segmentation_index(theil_between=0.2118106, advantaged_share=0.3)
    assert index.terms["theil"] == pytest.approx(0.8240736, abs=1e-6)
    assert index.value == pytest.approx(1 - 0.8240736, abs=1e-6)
    assert index.missing == ("dissimilarity", "gap_ratio", "border")
    full = sp.segmentation_index(
        theil_between=0.0, advantaged_share=0.3, dissimilarity=0.19, gap_ratio=0.9, border_score=0.9
    )
    assert full.value == pytest.approx(1 - (1.0 * 0.81 * 0.9 * 0.9) ** 0.25)
    assert sp.segmentation_index(dissimilarity=1.0, gap_ratio=0.5).value == 1.0
    assert math.isnan(sp.segmentation_index().value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.integration_level([0.5, 1.2]), "outside 0-1 at 1"),
        (lambda: sp.integration_level([0.5], weights=[0]), "not all 0"),
        (lambda: sp.integration_level([0.5, 0.4], weights=[1, 1, 1]), "weights: 3 for 2 columns"),
        (lambda: sp.integration_level([0.5], floor=0), "floor"),
        (lambda: sp.topsis([[0.5, np.nan]]), "NaN at 1"),
        (lambda: sp.topsis([0.5]), "units by components"),
        (lambda: sp.topsis([[0.5]], ideals="best"), "fixed or sample"),
        (lambda: sp.entropy_weights([[0.5, -1]]), "negative"),
        (lambda: sp.entropy_weights([0.5, 1]), r"is \(2,\), must be units by components"),
        (lambda: sp.ahp_weights([[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]]), "judge the pairs again"),
        (lambda: sp.ahp_weights([[1, 2], [2, 1]]), "inverse of its mirror"),
        (lambda: sp.ahp_weights([[1, 2, 3], [0.5, 1, 2]]), r"is \(2, 3\), must be square"),
        (lambda: sp.coupling_coordination([0.5]), "two or more"),
        (lambda: sp.coupling_coordination([0.5, 0.5], form="other"), "wang or standard"),
        (lambda: sp.segmentation_index(dissimilarity=1.5), "dissimilarity: out of range, gives a term of -0.5"),
    ],
)
def test_what_is_no_score_is_refused_with_its_place(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()


def test_weights_of_a_single_unit_or_of_units_alike_are_equal() -> None:
    assert sp.entropy_weights([[0.5, 0.9]]).tolist() == [0.5, 0.5]
    assert sp.entropy_weights([[0.5, 0.9], [0.5, 0.9]]).tolist() == [0.5, 0.5]
    assert sp.entropy_weights([[0.5, 0.0], [0.1, 0.0]]).tolist() == [1.0, 0.0]


def test_the_formulas_in_the_documentation_give_what_they_say() -> None:
    page = Path(__file__).parents[3] / "docs" / "score-formulas.md"
    found = doctest.testfile(str(page), module_relative=False)
    assert (found.failed, found.attempted > 20) == (0, True)


def test_no_components_are_no_level_neither_at_worst_nor_at_best() -> None:
    for nothing in ([], np.zeros((3, 0))):
        made = sp.integration_level(nothing)
        for end in (made.level, made.arithmetic, made.low, made.high):
            assert np.isnan(end).all()
        assert (made.missing == 0).all()
    unknown = sp.integration_level([math.nan, math.nan])
    assert (unknown.low, unknown.high) == (pytest.approx(0.01), 1.0)
