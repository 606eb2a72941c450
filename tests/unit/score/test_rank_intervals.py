"""How sure a ranking is: probabilities known by arithmetic, ties, missing parts, what explains the variance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError


def test_one_unit_beats_another_with_the_probability_known_by_arithmetic() -> None:
    # A - B = .3 w1 - .3 w2 + .2 w3; over all weights it is above 0 with probability .7
    drawn = sp.rank_intervals([[0.9, 0.4, 0.8], [0.6, 0.7, 0.6]], draws=40_000, aggregation=["arithmetic"])
    assert drawn.before(0, 1) == pytest.approx(0.7, abs=0.01)
    assert drawn.before_all().ravel() == pytest.approx([0.0, drawn.before(0, 1), drawn.before(1, 0), 0.0])


def test_a_unit_better_in_everything_is_first_in_every_draw() -> None:
    drawn = sp.rank_intervals([[0.5, 0.5], [0.9, 0.6], [0.1, 0.4]], draws=200)
    assert drawn.median_rank.tolist() == [2.0, 1.0, 3.0]
    assert drawn.low_rank.tolist() == drawn.high_rank.tolist() == [2.0, 1.0, 3.0]


def test_units_alike_share_their_ranks_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random((30, 4))
    scores[7] = scores[3]
    drawn = sp.rank_intervals(scores, draws=100)
    assert (drawn.ranks[7] == drawn.ranks[3]).all()
    assert drawn.ranks.sum(axis=0) == pytest.approx(np.full(100, 30 * 31 / 2))
    turned = sp.rank_intervals(scores[::-1], draws=100)
    assert (turned.ranks[::-1] == drawn.ranks).all()
    assert (sp.rank_intervals(scores, draws=100).ranks == drawn.ranks).all()


def test_units_are_compared_by_the_parts_that_all_have() -> None:
    drawn = sp.rank_intervals([[0.9, np.nan], [0.5, 1.0], [np.nan, np.nan]], draws=20)
    assert drawn.parts == (0,)
    assert drawn.median_rank[:2].tolist() == [1.0, 2.0]
    assert math.isnan(drawn.median_rank[2])
    assert math.isnan(drawn.before(0, 2))
    none = sp.rank_intervals([[0.9, np.nan], [np.nan, 1.0]], draws=20)
    assert none.parts == ()
    assert np.isnan(none.median_rank).all()


def test_weights_explain_everything_where_nothing_else_is_drawn() -> None:
    scores = np.random.default_rng(0).random((20, 3))
    drawn = sp.rank_intervals(scores, draws=2000, aggregation=["arithmetic"])
    assert drawn.variance_share["weights"] == pytest.approx(1.0, abs=1e-9)
    assert drawn.variance_share["aggregation"] == pytest.approx(0.0, abs=0.1)


def test_speeds_explain_everything_where_parts_are_alike() -> None:
    base = np.full((4, 3), 0.5)
    drawn = sp.rank_intervals(base, draws=2000, variants={"speeds": [base - 0.3, base + 0.3]})
    assert drawn.variance_share["speeds"] == pytest.approx(1.0, abs=1e-6)
    assert drawn.variance_share["weights"] == pytest.approx(0.0, abs=0.1)


def test_expert_weights_are_drawn_around() -> None:
    scores = [[1.0, 0.0], [0.0, 1.0]]
    near = sp.rank_intervals(scores, draws=2000, weights=[1200, 800], aggregation=["arithmetic"])
    assert near.before(0, 1) == 1.0
    wide = sp.rank_intervals(scores, draws=2000, weights=[1.2, 0.8], aggregation=["arithmetic"])
    assert 0.5 < wide.before(0, 1) < 0.95


@given(st.integers(0, 1000))
def test_ranks_are_those_of_plain_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((6, 3))
    drawn = sp.rank_intervals(scores, draws=5, seed=seed, aggregation=["geometric"])
    again = np.random.default_rng(seed).dirichlet(np.ones(3), size=5)
    for at, w in enumerate(again):
        y = np.exp(np.log(np.maximum(scores, 0.01)) @ w)
        assert drawn.ranks[:, at].tolist() == [1 + (y > own).sum() for own in y]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.rank_intervals([0.5]), "units by parts"),
        (lambda: sp.rank_intervals([[0.5]], draws=0), "draws"),
        (lambda: sp.rank_intervals([[1.5]]), "outside 0-1"),
        (lambda: sp.rank_intervals([[0.5]], aggregation=["harmonic"]), "geometric or arithmetic"),
        (lambda: sp.rank_intervals([[0.5, 0.5]], weights=[1, 0]), "leave out columns"),
        (lambda: sp.rank_intervals([[0.5]], variants={"speeds": [[[0.5, 0.5]]]}), "must be scores of shape"),
    ],
)
def test_what_cannot_be_ranked_is_refused(call: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        call()
