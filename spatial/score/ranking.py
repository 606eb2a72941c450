"""Ranks of units by their pillars, how sure they are, and how well two systems of a unit are coordinated."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from spatial.access.options import check_seed, numbers, paired, whole_number
from spatial.arrays import FloatArray, IntArray
from spatial.errors import ContractError, first_of, of_kind, refuse
from spatial.score.composite import FLOOR, coupling_coordination, read_scores
from spatial.score.evidence import Ground
from spatial.score.place_scores import PlaceScores
from spatial.score.scoreboard import Evidence, place_levels
from spatial.study.score import ScoreRules
from spatial.tables import TABLES
from spatial.tables.words import PILLARS, SETTLEMENT, TOWNSHIP

CLAIM = 0.9
"""Least probability at which one unit may be said to stand before another (INDICATORS, 4.4)."""
BLOCK, SMALL = 16, 16_384
"""Draws computed at a time: as many as make so many scores, but at least the first number."""
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
        """Tell how probable it is, a claim from `CLAIM` on, that one unit ranks before another; NaN without scores."""
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
    refuse("scores", problems)
    check_seed(seed)
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
        together = max(BLOCK, SMALL // int(rated.sum()))
        for start in range(0, draws, together):
            columns = order[start : start + together]
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


# How well two systems are coordinated.


def coordination_table(ground: Ground, scores: PlaceScores, evidence: Evidence) -> pd.DataFrame:
    """Measure how well town and country, and services and digital coverage, are coordinated."""
    digital = place_levels(scores, evidence)["boundaries", "digital_coverage"].has
    common = scores.common_access(ground.official_class)
    records = []
    for unit in ground.units():
        official = ground.official_class[unit.members]
        sides = {name: unit.members[official == name] for name in ("urban", "rural")}
        pairs = {
            "urban_rural": [_mean(common, ground.weight, members) for members in sides.values()],
            "services_digital": [_mean(values, ground.weight, unit.members) for values in (scores.access, digital)],
        }
        for pair, systems in pairs.items():
            wang, standard = (coupling_coordination(systems, form) for form in ("wang", "standard"))
            records.append(
                {
                    "unit_level": unit.level,
                    "unit_id": unit.id,
                    "pair": pair,
                    "first": systems[0],
                    "second": systems[1],
                    "coupling": float(wang.coupling),
                    "coupling_standard": float(standard.coupling),
                    "mean_level": float(wang.level),
                    "coordination": float(wang.coordination),
                }
            )
    return pd.DataFrame(records)


def _mean(values: FloatArray, weight: FloatArray, members: IntArray) -> float:
    known = members[~np.isnan(values[members])]
    total = float(weight[known].sum())
    return min(1.0, float(values[known] @ weight[known]) / total) if total > 0.0 else math.nan


_log = logging.getLogger(__name__)

# Ranks of units by their pillars, under drawn weights, means, goalposts and speeds.

MOST_RANKS, LEAST_DRAWS = 100_000_000, 200
"""Ranks that are drawn at most, units by draws (400 MB); but so many draws at least, where as many are asked for."""
MAX_PAIRS = 200
"""Units of which all pairs are told; there are as many rows as its square."""
RANKS = ("median_rank", "low_rank", "high_rank")


class Bend(NamedTuple):
    """An assumption that is drawn: times and distances of norms in some units, or in all, so many times as long."""

    factor: float
    units: tuple[str, ...] = ()


GOALPOSTS, SPEEDS = 0.1, 0.2
"""How far goalposts and speeds are drawn, nearer and further (INDICATORS, 4.4)."""
BENDS = {
    "goalposts": (Bend(1.0 / (1.0 - GOALPOSTS)), Bend(1.0 / (1.0 + GOALPOSTS))),
    "speeds": (Bend(1.0 / (1.0 - SPEEDS), ("min",)), Bend(1.0 / (1.0 + SPEEDS), ("min",))),
}


@dataclass(frozen=True)
class RankDoubts:
    """Units that known issues of the sources forbid to rank or to compare."""

    # by the level of the unit, ids of those that have no rank; the others are ranked among one another
    units: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # townships that are not to be compared, each pair in both orders
    pairs: frozenset[tuple[str, str]] = frozenset()


def rank_units(
    scores: pd.DataFrame,
    rules: ScoreRules,
    *,
    variants: Mapping[str, Sequence[pd.DataFrame]] | None = None,
    doubts: RankDoubts | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rank townships and settlements among their like: scores with ranks, pairs of townships, shares of variance."""
    doubts = of_kind("doubts", doubts, RankDoubts) or RankDoubts()
    ranked = scores.assign(**dict.fromkeys(RANKS, np.nan))
    pairs = TABLES["rank_pairs"].frame()
    shares: list[pd.DataFrame] = []
    in_doubt = np.zeros(len(scores), dtype=bool)
    for unit_level in (TOWNSHIP, SETTLEMENT):
        of_level = scores["unit_level"].eq(unit_level).to_numpy()
        doubted = of_level & scores["unit_id"].isin(doubts.units.get(unit_level, ())).to_numpy()
        in_doubt |= doubted
        rows, every = np.flatnonzero(of_level & ~doubted), np.flatnonzero(of_level)
        drawn = _draw(scores, rows, rules, variants or {}) if len(rows) > 1 else None
        if drawn is not None:
            for column in RANKS:
                ranked.iloc[rows, ranked.columns.get_loc(column)] = getattr(drawn, column)  # type: ignore[index]
            share = drawn.variance_share
            shares.append(
                pd.DataFrame({"unit_level": unit_level, "factor": list(share), "variance_share": list(share.values())})
            )
        if unit_level == TOWNSHIP and 1 < len(every) <= MAX_PAIRS:
            of_all = drawn if drawn and len(every) == len(rows) else _draw(scores, every, rules, variants or {})
            wins, ids = of_all.before_all(), scores["unit_id"].to_numpy()[every]
            one, other = np.nonzero(~np.eye(len(ids), dtype=bool))
            unsure = np.array([pair in doubts.pairs for pair in zip(ids[one], ids[other], strict=True)])
            pairs = TABLES["rank_pairs"].frame(
                {
                    "unit_id": ids[one],
                    "other_id": ids[other],
                    "probability_before": np.where(unsure, np.nan, wins[one, other]),
                    "pair_status": np.where(unsure, "in_doubt", "compared"),
                }
            )
    status = np.select([in_doubt, ranked["median_rank"].notna()], ["in_doubt", "ranked"], "not_ranked")
    ranked["rank_status"] = pd.Series(status, index=ranked.index, dtype="str")
    variance = TABLES["score_variance"]
    return ranked, pairs, variance.frame(pd.concat(shares, ignore_index=True)) if shares else variance.frame()


def _draw(
    scores: pd.DataFrame, rows: NDArray[np.intp], rules: ScoreRules, variants: Mapping[str, Sequence[pd.DataFrame]]
) -> RankIntervals:
    """Draw the ranks of some units, by the pillars that have a weight."""
    kept = [pillar for pillar in PILLARS if not rules.weights or rules.weights.get(pillar, 0.0) > 0.0]
    columns = [f"level_{pillar}" for pillar in kept]
    ids, level = scores["unit_id"].to_numpy()[rows], scores["unit_level"].to_numpy()[rows[0]]
    others = {
        name: [
            one[one["unit_level"] == level].set_index("unit_id").loc[ids, columns].to_numpy(dtype=np.float64)
            for one in several
        ]
        for name, several in variants.items()
    }
    expert = None
    if rules.weights:
        weights = [rules.weights[pillar] for pillar in kept]
        expert = np.array(weights) / sum(weights) * len(weights)
    base = scores.iloc[rows][columns].to_numpy(dtype=np.float64)
    # All ranks of all draws are held: of a country fewer are drawn.
    draws = min(rules.draws, max(LEAST_DRAWS, MOST_RANKS // max(len(base), 1)))
    if draws < rules.draws:
        told = "ranks of %d units are drawn %d times instead of score.draws = %d: all of them are held at once"
        _log.warning(told, len(base), draws, rules.draws)
    return rank_intervals(base, draws, rules.seed, weights=expert, variants=others)
