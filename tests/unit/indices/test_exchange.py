"""Flows between town and country: published values, a null model against brute force, and what is refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import spatial as sp
from spatial.errors import ContractError

W = [[0, 10, 0], [4, 0, 6], [2, 2, 0]]
APART = [[0, 10, 20], [10, 0, 15], [20, 15, 0]]


def test_flows_of_the_specification() -> None:
    both = sp.flow_balance([120, 30])
    assert (both.net_flow_ratio, both.balance, both.volume) == (0.6, 0.4, 150.0)
    # in - out by in + out: (6 - 10) / 16, (12 - 10) / 22, (6 - 4) / 10
    assert sp.flow_balance(W).node_balance == pytest.approx([-0.25, 0.0909091, 0.2], abs=1e-7)
    result = sp.reciprocity(W)
    assert (result.weighted, result.links, result.binary) == (0.5, 5, 0.8)
    assert result.density == pytest.approx(5 / 6)
    assert result.binary_rho == pytest.approx(-0.2)
    assert result.weighted_null == pytest.approx(0.7096774, abs=1e-7)
    assert result.weighted_rho == pytest.approx(-0.7222222, abs=1e-7)


def test_nothing_observed_gives_no_number() -> None:
    assert math.isnan(sp.flow_balance([0, 0]).balance)
    assert math.isnan(sp.flow_balance(np.zeros((2, 2)), ["urban", "rural"]).balance)
    assert math.isnan(sp.reciprocity(np.zeros((3, 3))).weighted)


def test_a_matrix_with_classes_gives_the_totals_between_them() -> None:
    both = sp.flow_balance(W, ["urban", "rural", "rural"])
    # 1 -> 0 and 2 -> 0; 0 -> 1
    assert (both.rural_to_urban, both.urban_to_rural) == (6.0, 10.0)
    assert both.net_flow_ratio == pytest.approx(-0.25)
    mixed = sp.reciprocity(W, official_class=["urban", "rural", "rural"])
    # flows 10, 4, 2 between the two; 4 and 4 return
    assert mixed.weighted == pytest.approx(8 / 16)
    assert mixed.links == 3
    assert mixed.density == pytest.approx(3 / 4)


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_the_null_equals_the_one_made_in_full(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    flows = rng.integers(0, 4, (n, n)).astype(float)
    np.fill_diagonal(flows, 0.0)
    classes = rng.choice(["urban", "rural", ""], n)
    for label in (None, classes):
        kept = flows.copy()
        apart = ~np.eye(n, dtype=bool)
        if label is not None:
            apart &= ((label == "urban")[:, None] & (label == "rural")) | (
                (label == "rural")[:, None] & (label == "urban")
            )
            kept[~apart] = 0.0
        full = np.outer(kept.sum(axis=1), kept.sum(axis=0)) * apart
        result = sp.reciprocity(flows, official_class=label)
        if full.sum() == 0:
            assert math.isnan(result.weighted_null) or kept.sum() > 0
        else:
            expected = np.minimum(full, full.T).sum() / full.sum()
            assert result.weighted_null == pytest.approx(expected, abs=1e-12)


def test_a_table_of_flows_becomes_a_matrix() -> None:
    table = pd.DataFrame(
        {
            "from_id": ["a", "a", "b", "b"],
            "to_id": ["b", "b", "a", "b"],
            "kind": ["people", "people", "people", "parcels"],
            "volume": [2.0, 3.0, 1.0, 9.0],
        }
    )
    assert sp.flow_matrix(table, ["a", "b"], kind="people").toarray().tolist() == [[0, 5], [1, 0]]
    with pytest.raises(ContractError, match="no settlement is called 'b'"):
        sp.flow_matrix(table, ["a"])
    with pytest.raises(ContractError, match="there are 'parcels', 'people'"):
        sp.flow_matrix(table, ["a", "b"], kind="calls")
    with pytest.raises(ContractError, match="1 flow"):
        sp.flow_matrix(table.assign(volume=[2.0, 3.0, -1.0, 9.0]), ["a", "b"])
    with pytest.raises(ContractError, match="volume: no such column"):
        sp.flow_matrix(table.drop(columns="volume"), ["a", "b"])


def test_radiation_of_the_specification() -> None:
    flows = sp.radiation_flows([100, 50, 20], APART)
    assert flows.sum(axis=1) == pytest.approx([41.1764706, 35.2941176, 17.6470588], abs=1e-7)
    assert [flows[0, 1], flows[0, 2], flows[2, 0]] == pytest.approx([33.3333333, 7.8431373, 3.3613445], abs=1e-7)
    scaled = sp.radiation_flows([100, 50, 20], APART, finite_size=True)
    assert scaled.sum(axis=1) == pytest.approx([100, 50, 20])


def test_places_equally_far_do_not_stand_in_each_others_way() -> None:
    flows = sp.radiation_flows([10, 10, 10], [[0, 5, 5], [5, 0, 9], [5, 9, 0]])
    # s = 0 for both: 10 * 10 * 10 / (10 * 20)
    assert flows[0].tolist() == [0.0, 5.0, 5.0]
    cut = sp.radiation_flows([10, 10], [[0, math.inf], [math.inf, 0]])
    assert cut.sum() == 0.0


def test_gravity_keeps_both_totals() -> None:
    leaving, arriving = np.array([10.0, 20.0, 5.0]), np.array([15.0, 15.0, 5.0])
    flows = sp.gravity_flows(leaving, arriving, 1.0 / (1.0 + np.array(APART, dtype=float)))
    assert flows.sum(axis=1) == pytest.approx(leaving, abs=1e-6)
    assert flows.sum(axis=0) == pytest.approx(arriving, abs=1e-6)
    with pytest.raises(ContractError, match="some are cut off"):
        sp.gravity_flows([1, 1], [2, 0], [[0, 1], [1, 1]], max_rounds=50)


def test_huff_of_the_specification() -> None:
    shares = sp.huff_shares([10, 4], [[10, 20], [30, 10]], exponent=2)
    assert shares.ravel() == pytest.approx([0.9090909, 0.0909091, 0.2173913, 0.7826087], abs=1e-7)
    assert np.isnan(sp.huff_shares([1, 1], [[math.inf, math.inf]], exponent=1)).all()
    assert sp.huff_shares([], np.zeros((0, 0)), exponent=1).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.flow_balance([1, -2]), "negative"),
        (lambda: sp.flow_balance([[0, 1, 2], [1, 0, 2]]), "two totals or a square matrix"),
        (lambda: sp.flow_balance(W, ["urban"]), "1 for 3 places"),
        (lambda: sp.reciprocity([[0, math.nan], [1, 0]]), "unknown in 1 flow"),
        (lambda: sp.radiation_flows([1, -1], np.zeros((2, 2))), "negative or unknown in 1 place"),
        (lambda: sp.radiation_flows([1, 1], np.zeros((3, 3))), "for 2 places"),
        (lambda: sp.radiation_flows([1, 1], [[0, 1, 2], [1, 0, 2]]), "must be square, known"),
        (lambda: sp.radiation_flows([1, 1], [[0, -1], [1, 0]]), "must be square, known and 0 or more"),
        (lambda: sp.gravity_flows([1, 1], [1, 3], np.ones((2, 2))), "sums differ"),
        (lambda: sp.gravity_flows([1, 1], [1, 1], np.ones((2, 3))), "must be 2 by 2, finite and 0 or more"),
        (lambda: sp.gravity_flows([1, 1], [1, 1], [[1, -1], [1, 1]]), "must be 2 by 2, finite and 0 or more"),
        (lambda: sp.huff_shares([1], [[0]], exponent=1), "use a floor"),
        (lambda: sp.huff_shares([1], [[5]], exponent=0), "exponent"),
    ],
)
def test_what_is_no_flow_is_refused(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()


def test_a_large_sparse_table_needs_no_full_matrix() -> None:
    rng = np.random.default_rng(0)
    n = 50_000
    flows = sparse.coo_array((rng.random(200_000), rng.integers(0, n, (2, 200_000))), shape=(n, n))
    assert 0.0 <= sp.reciprocity(flows).weighted <= 1.0


@pytest.mark.parametrize("measure", [sp.flow_balance, lambda flows, words: sp.reciprocity(flows, official_class=words)])
def test_words_that_are_no_class_are_refused_and_nothing_is_no_word(measure) -> None:
    with pytest.raises(ContractError, match=r"'Town', 'urbain' .2 in all. in 2 row") as caught:
        measure(W, ["urbain", "Town", "rural"])
    assert "write one of the two" in str(caught.value)
    for unknown in (None, math.nan, "", pd.NA):
        assert measure(W, ["urban", "rural", unknown]) is not None


def test_flows_with_places_of_unknown_class_are_not_between_town_and_country() -> None:
    both = sp.flow_balance(W, ["urban", "rural", None])
    assert (both.rural_to_urban, both.urban_to_rural) == (W[1][0], W[0][1])
