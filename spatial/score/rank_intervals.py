"""How sure a ranking is: weights, aggregation, goalposts and speeds drawn again and again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.options import check_seed, numbers, paired, whole_number
from spatial.errors import ContractError, first_of
from spatial.score.composite import FLOOR, read_scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from spatial.arrays import FloatArray, IntArray

CLAIM = 0.9
"""Least probability at which one unit may be said to stand before another (INDICATORS, 4.4)."""
BLOCK = 16
"""Draws computed at a time."""
LOW, MEDIAN, HIGH = 0.05, 0.5, 0.95
DIGITS = 12
"""Scores that are equal to so many digits are alike."""
UNITS_OF_VARIANCE = 2000
"""The shares of variance are found on at most so many units, spread evenly over all; quantiles so many at a time."""
VARIANCE_FLOOR = 1e-15
DRAW_TOLERANCE = 1e-9


@dataclass(frozen=True)
class RankIntervals:
    """
    Ranks of units under drawn assumptions.

    Parameters
    ----------
    median_rank, low_rank, high_rank : ndarray of float64
        Median, 5 % and 95 % of each unit's ranks; 1 = best, units alike share the mean of theirs; NaN for a unit
        without scores.
    ranks : ndarray of float32, (units, draws)
        All of them.
    variance_share : dict of str to float
        How much of the variance of scores each factor explains alone: `weights`, `aggregation` and what else was
        drawn; what is missing to 1 are interactions. NaN where scores do not vary.
    parts : tuple of int
        Columns that all units have, by which they are compared.
    """

    median_rank: FloatArray
    low_rank: FloatArray
    high_rank: FloatArray
    ranks: NDArray[np.float32]
    variance_share: dict[str, float] = field(default_factory=dict)
    parts: tuple[int, ...] = ()

    def before(self, one: int, other: int) -> float:
        """
        Tell how probable it is that one unit ranks before another, 0-1; NaN where one has no scores.

        Below `CLAIM` nobody should say that it does.
        """
        mine, theirs = self.ranks[one], self.ranks[other]
        if bool(np.isnan(mine).any() or np.isnan(theirs).any()):
            return math.nan
        return float((mine < theirs).mean())

    def before_all(self) -> FloatArray:
        """Tell how probable it is of each two units that the first ranks before the second; NaN without scores."""
        units, draws = self.ranks.shape
        wins = np.zeros((units, units))
        for at in range(draws):
            column = self.ranks[:, at]
            wins += column[:, None] < column[None, :]
        known = ~np.isnan(self.median_rank)
        return np.where(known[:, None] & known, wins / draws, np.nan)


@dataclass(frozen=True)
class _Draws:
    """One set of assumptions a row."""

    weights: FloatArray
    aggregation: IntArray
    variants: IntArray

    def mixed(self, other: _Draws, factor: int) -> _Draws:
        """Take every factor from another set but one: 0 the weights, 1 the aggregation, then the variants."""
        variants = other.variants.copy()
        if factor > 1:
            variants[:, factor - 2] = self.variants[:, factor - 2]
        return _Draws(
            self.weights if factor == 0 else other.weights,
            self.aggregation if factor == 1 else other.aggregation,
            variants,
        )


def rank_intervals(
    scores: ArrayLike,
    draws: int = 1000,
    seed: int = 0,
    *,
    weights: ArrayLike | None = None,
    aggregation: Sequence[str] = ("geometric", "arithmetic"),
    variants: Mapping[str, Sequence[ArrayLike]] | None = None,
) -> RankIntervals:
    """
    Rank units again and again, with weights, aggregation and assumptions drawn by chance.

    Parameters
    ----------
    scores : array_like, (units, parts)
        0-1, such as levels by pillar or scores by norm. NaN = unknown: units are compared by the parts that all of
        them have, units without any are left out.
    draws : int
        How many, at least 1. All ranks are kept, four bytes each.
    seed : int
        The same seed gives the same result.
    weights : array_like, optional
        What weights are drawn around, one a part, above 0: their proportions are expected, and the larger their sum,
        the nearer draws stay to them (parameters of a Dirichlet distribution). By default ones: every set of weights
        is as likely.
    aggregation : sequence of {'geometric', 'arithmetic'}
        The means to draw from.
    variants : mapping of str to sequence of array_like, optional
        For a factor such as ``goalposts`` or ``speeds``: scores as they would be under each other assumption, which
        is drawn as often as the scores given. Differences of two factors add up.

    Returns
    -------
    RankIntervals
        Median, 5 % and 95 % of ranks, every rank, and what explains the variance.

    Raises
    ------
    ContractError
        For scores outside 0-1, variants of another shape, or options that are none.

    Notes
    -----
    First-order shares of variance are estimated by pairs of draws that have one factor in common (Saltelli 2002).

    Examples
    --------
    >>> drawn = rank_intervals([[0.9, 0.9], [0.1, 0.2]], draws=50)
    >>> drawn.median_rank.tolist(), drawn.before(0, 1)
    ([1.0, 2.0], 1.0)
    """
    scores, weights = paired("scores", scores=(scores, "units parts"), weights=(weights, "parts"))
    base = read_scores("scores", scores, unknown=True)
    if base.ndim != 2:
        raise ContractError("scores", [f"scores: is {base.shape}, must be units by parts"])
    others = _read_variants(scores, base, variants or {})
    problems = []
    if not whole_number(draws, least=1):
        problems.append(f"draws: must be 1 or more, a whole number, is {draws!r}")
    named = isinstance(aggregation, tuple | list) and all(isinstance(word, str) for word in aggregation)
    if not named or not aggregation or not set(aggregation) <= {"geometric", "arithmetic"}:
        problems.append(f"aggregation: must be geometric or arithmetic or both, is {aggregation!r}")
    if problems:
        raise ContractError("scores", problems)
    check_seed("seed", seed)
    rated = ~np.isnan(base).all(axis=1)
    stacks = [base, *(one for several in others.values() for one in several)]
    common = ~np.any([np.isnan(one[rated]).any(axis=0) for one in stacks], axis=0)
    parts = tuple(int(at) for at in np.flatnonzero(common)) if rated.any() else ()
    ranks: NDArray[np.float32] = np.full((len(base), draws), np.nan, dtype=np.float32)
    share = dict.fromkeys(("weights", "aggregation", *others), math.nan)
    if parts:
        chosen = np.ix_(rated, common)
        kept = [[base[chosen], *(one[chosen] for one in several)] for several in others.values()]
        # Parameters of the weights' distribution, for the parts that all units have.
        given = np.ones(len(common)) if weights is None else numbers("scores", "weights", weights)
        alpha = np.atleast_1d(given)
        if alpha.shape != common.shape or not bool((np.isfinite(alpha) & (alpha > 0.0)).all()):
            told = f"must be {len(common)} finite numbers above 0; leave out columns without weight"
            raise ContractError("scores", [f"weights: {told}"])
        generator, means = np.random.default_rng(seed), tuple(aggregation)
        sets = []
        for _set in range(2):
            drawn_weights = generator.dirichlet(alpha[common], size=draws)
            drawn_means = generator.integers(len(means), size=draws)
            drawn = np.zeros((draws, len(kept)), dtype=np.int64)
            for at, several in enumerate(kept):
                drawn[:, at] = generator.integers(len(several), size=draws)
            sets.append(_Draws(drawn_weights, drawn_means, drawn))
        # Draws of the same kind stand together, so that scores are prepared once for many.
        order = np.lexsort([sets[0].aggregation, *sets[0].variants.T])
        for start in range(0, draws, BLOCK):
            columns = order[start : start + BLOCK]
            y = _scores(base[chosen], kept, sets[0], columns, means)
            ranks[np.ix_(rated, columns)] = pd.DataFrame(-np.round(y, DIGITS)).rank().to_numpy()
        share = _variance_shares(base[chosen], kept, sets, means, list(others))
    # The smallest rank up to which at least a share of the draws lies.
    place = [max(0, math.ceil(part * draws - DRAW_TOLERANCE) - 1) for part in (LOW, MEDIAN, HIGH)]
    found = np.empty((len(place), len(ranks)))
    for start in range(0, len(ranks), UNITS_OF_VARIANCE):
        block = slice(start, start + UNITS_OF_VARIANCE)
        found[:, block] = np.partition(ranks[block], place, axis=1)[:, place].T
    low, median, high = found
    return RankIntervals(median, low, high, ranks, share, parts)


def _variance_shares(
    base: FloatArray, kept: list[list[FloatArray]], sets: list[_Draws], means: tuple[str, ...], names: list[str]
) -> dict[str, float]:
    """Pair each draw with others that share one factor: what both have in common, that factor explains."""
    first, second = sets
    some = np.unique(np.linspace(0, len(base) - 1, min(len(base), UNITS_OF_VARIANCE)).astype(np.int64))
    base, kept = base[some], [[one[some] for one in several] for several in kept]
    rows = np.arange(len(first.aggregation))
    y = _scores(base, kept, first, rows, means)
    y = y - y.mean(axis=1, keepdims=True)
    variance = float((y**2).mean(axis=1).sum())
    shares = {}
    for at, name in enumerate(["weights", "aggregation", *names]):
        z = _scores(base, kept, first.mixed(second, at), rows, means)
        covariance = float((y * (z - z.mean(axis=1, keepdims=True))).mean(axis=1).sum())
        shares[name] = min(1.0, max(0.0, covariance / variance)) if variance > VARIANCE_FLOOR else math.nan
    return shares


def _scores(
    base: FloatArray, kept: list[list[FloatArray]], draws: _Draws, rows: IntArray, means: tuple[str, ...]
) -> FloatArray:
    """Scores of all units under some of the draws: units by draws."""
    scores = np.empty((len(base), len(rows)))
    kinds, at = np.unique(np.column_stack([draws.variants[rows], draws.aggregation[rows]]), axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        members = np.flatnonzero(at.ravel() == number)
        q = base
        for several, choice in zip(kept, kind[:-1], strict=True):
            q = q + (several[choice] - several[0]) if choice else q
        q = np.clip(q, 0.0, 1.0)
        w = draws.weights[rows[members]].T
        geometric = means[int(kind[-1])] == "geometric"
        scores[:, members] = np.exp(np.log(np.maximum(q, FLOOR)) @ w) if geometric else q @ w
    return scores


def _read_variants(
    scores: ArrayLike, base: FloatArray, variants: Mapping[str, Sequence[ArrayLike]]
) -> dict[str, list[FloatArray]]:
    lists = isinstance(variants, Mapping) and all(
        isinstance(several, list | tuple | np.ndarray) for several in variants.values()
    )
    if not lists:
        raise ContractError("scores", ["variants: must be a list of scores for each factor, by its name"])
    read: dict[str, list[FloatArray]] = {}
    for name, several in variants.items():
        alike = [paired("scores", scores=(scores, "units parts"), variants=(one, "units parts"))[1] for one in several]
        read[name] = [read_scores(f"variants {name}", one, unknown=True) for one in alike]
        wrong = [one.shape for one in read[name] if one.shape != base.shape]
        if wrong or not read[name]:
            raise ContractError(
                "scores", [f"variants {name}: must be scores of shape {base.shape}, are {first_of(wrong)}"]
            )
    return read
