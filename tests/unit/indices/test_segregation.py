"""Segregation of access, clusters, gaps and borders: published values, PySAL, and what is refused."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError

X, TOTAL = [80, 60, 20, 0], [100, 100, 100, 100]
LINE = np.eye(4, k=1) + np.eye(4, k=-1)


def _rook(side: int) -> np.ndarray:
    """Cells of a square grid that share a side are neighbours."""
    along = np.eye(side, k=1) + np.eye(side, k=-1)
    return np.kron(np.eye(side), along) + np.kron(along, np.eye(side))


def test_values_of_the_specification_come_out_to_the_printed_digits() -> None:
    assert sp.dissimilarity_index(X, TOTAL) == pytest.approx(0.625)
    assert sp.isolation_index(X, TOTAL) == pytest.approx(0.65)
    assert sp.exposure_index(X, TOTAL) == pytest.approx(0.35)
    assert sp.information_index(X, TOTAL) == pytest.approx(0.3782364, abs=1e-7)
    assert sp.correlation_ratio(X, TOTAL) == pytest.approx(0.4166667, abs=1e-7)
    # D less the mean difference of neighbours: 0.625 - (0.2 + 0.4 + 0.2) / 3
    assert sp.boundary_dissimilarity(X, TOTAL, LINE) == pytest.approx(0.3583333, abs=1e-7)
    assert sp.boundary_dissimilarity(X, TOTAL, np.zeros((4, 4))) == sp.dissimilarity_index(X, TOTAL)


def test_an_empty_group_has_no_segregation() -> None:
    measures = (
        sp.dissimilarity_index,
        sp.information_index,
        sp.isolation_index,
        sp.exposure_index,
        sp.correlation_ratio,
    )
    for measure in measures:
        assert math.isnan(measure([0, 0], [5, 5]))
        assert math.isnan(measure([5, 5], [5, 5]))
        assert math.isnan(measure([np.nan, np.nan], [5, 5]))
        assert measure([80, 60, 20, 0, 0, np.nan], [100, 100, 100, 100, 0, 7]) == measure(X, TOTAL)


def test_pysal_agrees_on_segregation(singlegroup) -> None:
    rng = np.random.default_rng(5)
    total = rng.integers(50, 900, 60).astype(float)
    x = np.floor(total * rng.random(60))
    frame = pd.DataFrame({"x": x, "t": total})
    for ours, theirs in (
        (sp.dissimilarity_index, singlegroup.Dissim),
        (sp.information_index, singlegroup.Entropy),
        (sp.isolation_index, singlegroup.Isolation),
        (sp.exposure_index, singlegroup.Interaction),
        (sp.correlation_ratio, singlegroup.CorrelationR),
    ):
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = theirs(frame, "x", "t").statistic
        assert ours(x, total) == pytest.approx(expected, rel=1e-9)


def test_moran_of_boards_that_are_known() -> None:
    checker = np.indices((4, 4)).sum(axis=0).ravel() % 2
    halves = np.repeat([[1.0, 1.0, 0.0, 0.0]], 4, axis=0).ravel()
    rook = _rook(4)
    for standardised in (True, False):
        assert sp.morans_i(checker, rook, row_standardised=standardised).value == pytest.approx(-1.0)
    assert sp.morans_i(halves, rook, row_standardised=False).value == pytest.approx(2 / 3)
    result = sp.morans_i(halves, rook)
    assert result.value == pytest.approx(0.7083333, abs=1e-7)
    assert result.expected == pytest.approx(-1 / 15)
    assert sp.morans_i([1, 2, 3, 4], LINE, row_standardised=False).value == pytest.approx(1 / 3)
    assert sp.morans_i([1, 2, 3, 4], LINE).value == pytest.approx(0.4)
    assert sp.local_clusters(halves, rook).value[:4] == pytest.approx([1, 1 / 3, 1 / 3, 1])


def test_esda_agrees_on_clusters() -> None:
    esda = pytest.importorskip("esda")
    libpysal = pytest.importorskip("libpysal")
    weights = libpysal.weights.lat2W(12, 12)
    weights.transform = "r"
    y = np.random.default_rng(1).normal(size=144) + 0.3 * np.repeat(np.arange(12), 12)
    assert sp.morans_i(y, weights).value == pytest.approx(esda.Moran(y, weights, permutations=0).I, rel=1e-12)
    # esda divides by n - 1 where the specification divides by n
    theirs = esda.Moran_Local(y, weights, permutations=0)
    assert sp.local_clusters(y, weights, draws=1).value * 143 / 144 == pytest.approx(theirs.Is, rel=1e-9)


def test_p_values_come_near_those_of_all_permutations() -> None:
    y = np.array([5.0, 4.0, 1.0, 0.0, 2.0, 3.5])
    line = np.eye(6, k=1) + np.eye(6, k=-1)
    z = y - y.mean()
    # place 1 keeps its 4; its two neighbours are any two of the other five
    pairs = [(z[a] + z[b]) / 2 for a, b in itertools.permutations([0, 2, 3, 4, 5], 2)]
    chance = -z[1] / 5
    extreme = np.mean([abs(lag - chance) >= abs((z[0] + z[2]) / 2 - chance) - 1e-12 for lag in pairs])
    assert sp.local_clusters(y, line, draws=4000).p_value[1] == pytest.approx(extreme, abs=0.03)
    everywhere = [p @ line @ p for p in map(np.array, itertools.permutations(z))]
    expected = -1 / 5 * (z @ z) * line.sum() / 6
    exact = np.mean([abs(value - expected) >= abs(z @ line @ z - expected) - 1e-12 for value in everywhere])
    result = sp.morans_i(y, line, row_standardised=False, draws=4000)
    assert result.p_value == pytest.approx(exact, abs=0.03)
    # What is there counts as a draw: of one more, none is below one half.
    assert set(sp.local_clusters(y, line, draws=1).p_value) <= {0.5, 1.0}


def test_a_rare_patch_is_named_by_its_access() -> None:
    side = 12
    access = 0.5 + np.random.default_rng(2).normal(0, 0.02, (side, side))
    access[:4, :4] += 0.4
    access[-4:, -4:] -= 0.4
    cluster = sp.local_clusters(access.ravel(), _rook(side)).cluster.reshape(side, side)
    assert set(cluster[1:3, 1:3].ravel()) == {"good"}
    assert set(cluster[-3:-1, -3:-1].ravel()) == {"bad"}
    assert set(cluster[:3, -3:].ravel()) == {"none"}


def test_isolated_and_unknown_places_do_not_count_and_constant_access_has_no_clusters() -> None:
    weights = np.zeros((6, 6))
    weights[:4, :4] = LINE
    result = sp.morans_i([1, 2, 3, 4, 9, np.nan], weights)
    assert (result.n_valid, result.n_isolated, result.n_nan) == (4, 1, 1)
    assert result.value == pytest.approx(0.4)
    assert math.isnan(sp.morans_i([2, 2, 2, 2], LINE).value)
    assert set(sp.local_clusters([2, 2, 2, 2], LINE).cluster) == {"unknown"}


def test_the_border_of_the_specification() -> None:
    effect = sp.border_effect([10, 15, 20], [40, 15, 20], [100, 200, 150], threshold_min=30)
    assert effect.mean_min == pytest.approx(6.6666667, abs=1e-7)
    assert effect.cross_share == pytest.approx(0.2222222, abs=1e-7)
    assert (effect.coverage_open, effect.coverage_closed) == (1.0, pytest.approx(0.7777778, abs=1e-7))
    assert effect.time_ratio == pytest.approx(1.4285714, abs=1e-7)
    assert effect.score == pytest.approx(0.7777778, abs=1e-7)
    # village 1, 100 people, comes within 30 minutes when the border opens
    assert effect.gain_persons == pytest.approx(100.0)


def test_people_whom_only_another_unit_serves_are_captive() -> None:
    effect = sp.border_effect([10, 20, math.inf], [math.inf, 20, math.inf], [100, 300, 100], threshold_min=30)
    assert effect.captive_share == pytest.approx(0.2)
    assert effect.mean_min == 0.0
    assert effect.effect_min[0] == math.inf
    assert math.isnan(effect.effect_min[2])
    # Where nobody needs time over the border: as much without it, or infinitely more.
    assert [sp.border_effect([0], [closed], [1]).time_ratio for closed in (0, 5)] == [1.0, math.inf]


def test_the_gap_between_town_and_country_follows_its_rules() -> None:
    sides = ["urban", "urban", "rural", "rural", ""]
    gap = sp.urban_rural_gap([10, 10, 20, 40, 5], [1, 1, 2, 1, 9], sides, kind="time", threshold=30)
    assert (gap.urban_median, gap.rural_median, gap.ratio) == (10.0, 20.0, 0.5)
    assert gap.coverage_gap == pytest.approx(1 / 3)
    assert gap.unknown_persons == 9.0
    good = sp.urban_rural_gap([2.0, 3.0], [1, 1], ["urban", "rural"], kind="good")
    assert (good.ratio, good.score) == (1.5, 1.0)
    endless = sp.urban_rural_gap([10, math.inf], [1, 1], ["urban", "rural"], kind="time", threshold=30)
    assert (endless.ratio, endless.difference) == (0.0, math.inf)
    assert math.isnan(sp.urban_rural_gap([10], [1], ["urban"], kind="time").ratio)
    assert math.isnan(sp.urban_rural_gap([0, 0], [1, 1], ["urban", "rural"], kind="time").ratio)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.dissimilarity_index([5, -1], [9, 9]), "negative or infinite in 1 unit"),
        (lambda: sp.dissimilarity_index([10], [9]), "more people than the unit has"),
        (lambda: sp.dissimilarity_index([1, 2], [9]), "1 for 2 units"),
        (lambda: sp.boundary_dissimilarity(X, TOTAL, np.eye(3)), "must be 4 by 4"),
        (lambda: sp.morans_i([1, 2, math.inf, 0], LINE), "infinite"),
        (lambda: sp.morans_i([1, 2, 3, 4], -LINE), "0 or more"),
        (lambda: sp.local_clusters([1, 2, 3, 4], LINE, draws=0), "draws"),
        (lambda: sp.border_effect([10], [5], [1]), "cannot shorten"),
        (lambda: sp.border_effect([10], [15], [-1]), "negative in 1 row"),
        (lambda: sp.border_effect([10], [15], [math.inf]), "population_persons: infinite"),
        (lambda: sp.urban_rural_gap([1], [-1], ["urban"], kind="time"), "negative in 1 row"),
        (lambda: sp.urban_rural_gap([1], [1, 1], ["urban"], kind="time"), "1, 2 rows"),
        (lambda: sp.border_effect([10], [15, 2], [1]), "rows"),
        (lambda: sp.urban_rural_gap([1], [1], ["urban"], kind="speed"), "time or good"),
        (lambda: sp.environment_segregation([1], [2], [[0, 0]], bandwidth_m=0), "bandwidth_m"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=15))
def test_indices_stay_between_0_and_1_and_do_not_see_order_or_scale(rows: list[tuple[int, int]]) -> None:
    x, total = [a for a, _ in rows], [a + b for a, b in rows]
    for measure in (sp.dissimilarity_index, sp.information_index):
        value = measure(x, total)
        if math.isnan(value):
            continue
        assert -1e-12 <= value <= 1 + 1e-12
        assert measure(x[::-1], total[::-1]) == pytest.approx(value, abs=1e-9)
        assert measure([7 * a for a in x], [7 * a for a in total]) == pytest.approx(value, abs=1e-9)


def test_a_gap_refuses_words_that_are_no_class() -> None:
    with pytest.raises(ContractError, match=r"'City' .1 in all. in 2 row"):
        sp.urban_rural_gap([1, 2, 3], [1, 1, 1], ["City", "City", "rural"], kind="time")
    with pytest.raises(ContractError, match="2 for 3 places"):
        sp.urban_rural_gap([1, 2, 3], [1, 1, 1], ["urban", "rural"], kind="time")
