"""From components to two numbers that are never averaged: level and gap, their weights, what holds a unit back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spatial.access.options import is_number, is_unknown, numbers, paired, shown, vector
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, faults_at, refuse

# What every function of this room reads: scores between 0 and 1, and weights.

ROUNDING = 1e-9
"""A score this little outside 0-1 is a rounding, and is put on the bound."""


def read_scores(name: str, values: ArrayLike, *, unknown: bool = False) -> FloatArray:
    """Read scores."""
    scores = numbers("scores", name, values)
    outside = (scores < -ROUNDING) | (scores > 1.0 + ROUNDING)
    at = _where(outside)
    problems = faults_at(f"{name}: outside 0-1 at {len(at)} place(s)", at, "; score with fixed goalposts first")
    at = [] if unknown else _where(np.isnan(scores))
    problems += faults_at(f"{name}: NaN at {len(at)} place(s)", at, "; leave these out first")
    refuse("scores", problems)
    return np.clip(scores, 0.0, 1.0)


def read_weights(weights: ArrayLike | None, count: int) -> FloatArray:
    """Read weights."""
    if weights is None:
        return np.full(count, 1.0 / max(count, 1))
    given = vector("scores", "weights", weights)
    if len(given) != count:
        raise ContractError("scores", [f"weights: {len(given)} for {count} columns"])
    if not bool(np.isfinite(given).all()) or bool((given < 0.0).any()) or not given.sum() > 0.0:
        raise ContractError("scores", ["weights: must be finite, 0 or more, and not all 0"])
    return np.asarray(given / given.sum(), dtype=np.float64)


def _where(mask: BoolArray) -> list[str]:
    return [",".join(str(int(part)) for part in at) for at in np.argwhere(np.atleast_1d(mask))]


# Weights of components: by how much they tell units apart, or by judged pairs (Saaty 1980).

RANDOM_INDEX = {3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45}
"""Mean consistency index of random judgements, by number of components (Saaty 1980)."""

MAX_RATIO = 0.1
"""Judgements less consistent than this are refused (Saaty 1980)."""


@dataclass(frozen=True)
class AhpWeights:
    """
    Weights from judged pairs.

    Parameters
    ----------
    weights : ndarray of float64
        One a component; they sum to 1.
    largest_eigenvalue : float
        The number of components where all judgements agree, above it otherwise.
    consistency_ratio : float
        0 where all judgements agree; about 1 for judgements drawn by chance.
    """

    weights: FloatArray
    largest_eigenvalue: float
    consistency_ratio: float


def entropy_weights(x: ArrayLike) -> FloatArray:
    """
    Weigh components by how much they differ between units.

    Dispersion is not importance: use these weights to see how far a result hangs on the weights.

    Parameters
    ----------
    x : array_like, (units, components)
        0 or more.

    Returns
    -------
    ndarray of float64, (components,)
        They sum to 1. A component that is 0 everywhere has weight 0, and so has one that is the same everywhere; equal
        weights for a single unit, or where no component differs.

    Raises
    ------
    ContractError
        For numbers that are negative, infinite or NaN, or another shape.

    Notes
    -----
    ``E_j = -sum p_ij ln p_ij / ln n`` with ``p_ij = x_ij / sum_i x_ij``; ``w_j = (1 - E_j) / sum (1 - E)``.

    Examples
    --------
    >>> entropy_weights([[0.2, 0.9], [0.4, 0.5], [0.6, 0.1], [0.8, 0.5]]).round(7).tolist()
    [0.3664382, 0.6335618]
    """
    values = numbers("scores", "x", x)
    if values.ndim != 2 or 0 in values.shape:
        raise ContractError("scores", [f"x: is {values.shape}, must be units by components"])
    wrong = np.flatnonzero((~np.isfinite(values) | (values < 0.0)).any(axis=1))
    told = f"x: negative, infinite or NaN in {len(wrong)} row(s)"
    refuse("scores", faults_at(told, wrong, "; leave these units out first"))
    n, m = values.shape
    sums = values.sum(axis=0)
    counted = sums > 0.0
    if n == 1 or not counted.any():
        return np.full(m, 1.0 / m)
    p = values[:, counted] / sums[counted]
    terms = np.where(p > 0.0, p * np.log(np.where(p > 0.0, p, 1.0)), 0.0)
    spread = np.zeros(m)
    spread[counted] = np.clip(1.0 + terms.sum(axis=0) / np.log(n), 0.0, None)
    spread[spread < 1e-12] = 0.0
    total = float(spread.sum())
    return spread / total if total > 0.0 else np.where(counted, 1.0 / counted.sum(), 0.0)


def ahp_weights(comparisons: ArrayLike, *, max_consistency_ratio: float = MAX_RATIO) -> AhpWeights:
    """
    Weigh components by how much more important each is than each other one.

    Parameters
    ----------
    comparisons : array_like, (components, components)
        Row by column: 3 = the row's component is three times as important, 1/3 = the column's is. Above 0, the
        diagonal 1, and each pair the inverse of the other way round.
    max_consistency_ratio : float
        Judgements that contradict each other more than this are refused.

    Returns
    -------
    AhpWeights
        The principal eigenvector, and how well the judgements agree.

    Raises
    ------
    ContractError
        For a matrix that is no comparison of 1 to 9 components, or judgements that are not consistent.

    Examples
    --------
    >>> ahp_weights([[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]).weights.round(4).tolist()
    [0.637, 0.2583, 0.1047]
    """
    if not is_number(max_consistency_ratio, least=0.0):
        raise ContractError("scores", [f"max_consistency_ratio: must be 0 or more, is {shown(max_consistency_ratio)}"])
    (comparisons,) = paired("scores", comparisons=(comparisons, "components components"))
    matrix = numbers("scores", "comparisons", comparisons)
    n = len(matrix) if matrix.ndim else 0
    if matrix.shape != (n, n) or not 1 <= n <= max(RANDOM_INDEX):
        raise ContractError("scores", [f"comparisons: is {matrix.shape}, must be square with 1 to 9 components"])
    if not bool(np.isfinite(matrix).all() and (matrix > 0.0).all()) or not np.allclose(matrix * matrix.T, 1.0):
        raise ContractError(
            "scores", ["comparisons: must be above 0, 1 on the diagonal, and each pair the inverse of its mirror"]
        )
    values, vectors = np.linalg.eig(matrix)
    at = int(np.argmax(values.real))
    weights = np.abs(vectors[:, at].real)
    largest = float(values[at].real)
    ratio = max(0.0, (largest - n) / (n - 1)) / RANDOM_INDEX[n] if n in RANDOM_INDEX else 0.0
    if ratio > max_consistency_ratio:
        told = f"comparisons: consistency ratio {ratio:.3f} above {max_consistency_ratio:g}; judge the pairs again"
        raise ContractError("scores", [told])
    return AhpWeights(weights / weights.sum(), largest, ratio)


# The integration level: a mean of levels that only rise, with an interval where one is missing.

FLOOR = 0.01
"""What a level of 0 counts as in a geometric mean, so that one zero does not hide all else (INDICATORS, 4.3)."""


@dataclass(frozen=True)
class IntegrationLevel:
    """
    Levels of units.

    Parameters
    ----------
    level : ndarray of float64
        Weighted geometric mean of the parts that are known; NaN where none is.
    arithmetic : ndarray of float64
        Their weighted arithmetic mean, beside it.
    low, high : ndarray of float64
        The level if what is missing were at the floor, and at 1; both are the level where nothing is missing, and NaN
        where there are no parts at all, which is no level.
    missing : ndarray of int64
        Parts that are unknown.
    """

    level: FloatArray
    arithmetic: FloatArray
    low: FloatArray
    high: FloatArray
    missing: IntArray


def integration_level(
    components: ArrayLike, *, weights: ArrayLike | None = None, floor: float = FLOOR
) -> IntegrationLevel:
    """
    Join levels into one, so that it rises with each of them and a low one is not made good by a high one.

    Parameters
    ----------
    components : array_like, (parts,) or (units, parts)
        Levels of pillars, or components of one pillar, 0-1. NaN = missing.
    weights : array_like, optional
        One a part; equal by default.
    floor : float
        What lower levels count as in the geometric mean; above 0, below 1.

    Returns
    -------
    IntegrationLevel
        Exactly 1 where all parts are 1; NaN where there are none. Units with other parts missing are not to be compared
        by `level`.

    Raises
    ------
    ContractError
        For numbers outside 0-1, or weights or a floor that are none.

    Examples
    --------
    >>> joined = integration_level([0.9, 0.4, 0.8], weights=[0.5, 0.3, 0.2])
    >>> round(float(joined.level), 7), round(float(joined.arithmetic), 7)
    (0.689219, 0.73)
    """
    if not is_number(floor, least=0.0) or not 0.0 < floor < 1.0:
        raise ContractError("scores", [f"floor: must lie between 0 and 1, is {shown(floor)}"])
    components, weights = paired("scores", components=(components, "units parts"), weights=(weights, "parts"))
    parts = np.atleast_1d(read_scores("components", components, unknown=True))
    w = read_weights(weights, parts.shape[-1])
    known = ~np.isnan(parts)
    part_of = np.where(known, w, 0.0)
    mass = part_of.sum(axis=-1)
    safe = np.where(mass > 0.0, mass, np.nan)
    logs = np.log(np.maximum(np.where(known, parts, 1.0), floor))
    total = (part_of * logs).sum(axis=-1)
    some = 1.0 if parts.shape[-1] else np.nan
    return IntegrationLevel(
        level=np.exp(total / safe),
        arithmetic=(part_of * np.where(known, parts, 0.0)).sum(axis=-1) / safe,
        low=some * np.exp(total + np.where(known, 0.0, w).sum(axis=-1) * np.log(floor)),
        high=some * np.exp(total),
        missing=(~known).sum(axis=-1),
    )


# The segmentation index: one number for a profile of gaps that all exist, with the terms behind it.

TERMS = ("theil", "dissimilarity", "gap_ratio", "border")


@dataclass(frozen=True)
class SegmentationIndex:
    """
    How segmented town and country are.

    Parameters
    ----------
    value : float
        0 = not at all, 1 = wholly; NaN where no term exists.
    terms : dict of str to float
        The integration terms that exist, 1 = no gap: `theil`, `dissimilarity`, `gap_ratio`, `border`.
    missing : tuple of str
        The terms that do not.
    """

    value: float
    terms: dict[str, float]
    missing: tuple[str, ...]


def segmentation_index(
    *,
    theil_between: float = math.nan,
    advantaged_share: float = math.nan,
    dissimilarity: float = math.nan,
    gap_ratio: float = math.nan,
    border_score: float = math.nan,
) -> SegmentationIndex:
    """
    Join gaps: one less the geometric mean of ``1 - T_B / ln(1 / f_a)``, ``1 - D``, ``min(1, GR)`` and the border score.

    Parameters
    ----------
    theil_between : float
        Theil's T between town and country, at least 0 and at most ``ln(1 / advantaged_share)``.
    advantaged_share : float
        Share of the people in the better served of the two, 0-1; at 0 or 1 there is one group only and no term.
    dissimilarity : float
        D of those beyond the target over the units, 0-1.
    gap_ratio : float
        Country against town, 0 or more; above 1 counts as 1.
    border_score : float
        Coverage with closed borders by coverage with open ones, 0-1.

    Returns
    -------
    SegmentationIndex
        Of the terms that are known; NaN ones are named as missing.

    Raises
    ------
    ContractError
        For numbers out of range.

    Examples
    --------
    >>> index = segmentation_index(dissimilarity=0.5, gap_ratio=0.5)
    >>> index.value, index.missing
    (0.5, ('theil', 'border'))
    """
    asked = {
        "theil_between": theil_between,
        "advantaged_share": advantaged_share,
        "dissimilarity": dissimilarity,
        "gap_ratio": gap_ratio,
        "border_score": border_score,
    }
    problems = [
        f"{name}: must be a number, NaN where unknown, is {shown(value)}"
        for name, value in asked.items()
        if not is_unknown(value) and not is_number(value, least=-math.inf)
    ]
    if not problems and not is_unknown(advantaged_share) and not is_number(advantaged_share, least=0.0, most=1.0):
        problems.append(f"advantaged_share: must lie between 0 and 1, is {shown(advantaged_share)}")
    refuse("segmentation", problems)
    theil = math.nan
    if not math.isnan(theil_between) and 0.0 < advantaged_share < 1.0:
        theil = 1.0 - theil_between / math.log(1.0 / advantaged_share)
    given = {
        "theil": theil,
        "dissimilarity": 1.0 - dissimilarity,
        "gap_ratio": min(1.0, gap_ratio) if not math.isnan(gap_ratio) else math.nan,
        "border": border_score,
    }
    wrong = [name for name, term in given.items() if not math.isnan(term) and not -1e-9 <= term <= 1.0 + 1e-9]
    if wrong:
        raise ContractError(
            "segmentation", [f"{name}: out of range, gives a term of {given[name]:g}, not 0-1" for name in wrong]
        )
    terms = {name: min(1.0, max(0.0, term)) for name, term in given.items() if not math.isnan(term)}
    missing = tuple(name for name in given if name not in terms)
    value = float(index_of_terms([[terms.get(name, math.nan) for name in TERMS]])[0])
    return SegmentationIndex(value, terms, missing)


def index_of_terms(terms: ArrayLike) -> FloatArray:
    """Join integration terms of units: one less the geometric mean of those that exist; 1 for a 0, NaN without any."""
    values = np.asarray(terms, dtype=np.float64)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(known, values, 1.0)).sum(axis=1)
    mean = np.divide(logs, count, out=np.full(len(values), np.nan), where=count > 0)
    index: FloatArray = 1.0 - np.exp(mean)
    return index


# Coupling coordination: whether systems stand high together (Wang et al. 2021).


@dataclass(frozen=True)
class Coupling:
    """
    How systems stand to each other.

    Parameters
    ----------
    u : ndarray of float64, (..., systems)
        The systems, as given: a high coupling of low systems is balance at a low level.
    coupling : ndarray of float64
        C, 0-1: how alike they are.
    level : ndarray of float64
        T, 0-1: how high they are.
    coordination : ndarray of float64
        ``D = sqrt(C T)``, 0-1.
    """

    u: FloatArray
    coupling: FloatArray
    level: FloatArray
    coordination: FloatArray


def coupling_coordination(
    u: ArrayLike, form: Literal["wang", "standard"] = "wang", *, weights: ArrayLike | None = None
) -> Coupling:
    """
    Measure how well systems are coordinated, such as access in town and in the country.

    Parameters
    ----------
    u : array_like, (systems,) or (units, systems)
        Two or more systems, 0-1 by fixed goalposts. NaN = unknown.
    form : {'wang', 'standard'}
        The corrected coupling, which spreads over 0-1, or geometric by arithmetic mean, which crowds near 1.
    weights : array_like, optional
        One a system, for the level; equal by default.

    Returns
    -------
    Coupling
        C, T and D beside the systems; NaN where one system is unknown; C = 0 where all are 0.

    Raises
    ------
    ContractError
        For numbers outside 0-1, fewer than two systems, or an unknown form.

    Notes
    -----
    Standard: ``C = (prod U)^(1/n) / mean U``. Corrected: ``C = sqrt((1 - sum_{i>j} |U_i - U_j| / (n (n - 1) / 2)) *
    (prod U_i / max U)^(1 / (n - 1)))``, each U divided by the largest before the product.

    Examples
    --------
    >>> pair = coupling_coordination([0.8, 0.2])
    >>> round(float(pair.coupling), 7), float(pair.level), round(float(pair.coordination), 7)
    (0.3162278, 0.5, 0.3976354)
    """
    if form not in ("wang", "standard"):
        raise ContractError("scores", [f"form: is {form!r}, must be wang or standard"])
    u, weights = paired("scores", u=(u, "units systems"), weights=(weights, "systems"))
    systems = np.atleast_1d(read_scores("u", u, unknown=True))
    n = systems.shape[-1]
    if n < 2:
        raise ContractError("scores", [f"u: {n} system(s); coupling needs two or more"])
    level = systems @ read_weights(weights, n)
    most = systems.max(axis=-1)
    some = most > 0.0
    if form == "standard":
        mean = systems.mean(axis=-1)
        geometric = np.prod(systems ** (1.0 / n), axis=-1)
        coupling = np.minimum(1.0, np.divide(geometric, mean, out=np.zeros_like(mean), where=mean > 0.0))
    else:
        apart = np.sort(systems, axis=-1) @ (2.0 * np.arange(n) - n + 1.0) / (n * (n - 1) / 2.0)
        largest = np.where(some, most, 1.0)[..., None]
        alike = np.prod((systems / largest) ** (1.0 / (n - 1)), axis=-1)
        coupling = np.sqrt(np.clip((1.0 - apart) * alike, 0.0, 1.0))
    coupling = np.where(np.isnan(most), np.nan, np.where(some, coupling, 0.0))
    return Coupling(systems, coupling, level, np.sqrt(coupling * level))


# Closeness to the best that can be (Hwang and Yoon 1981).


def topsis(
    x: ArrayLike, weights: ArrayLike | None = None, *, ideals: Literal["fixed", "sample"] = "fixed"
) -> FloatArray:
    """
    Measure how much nearer units are to the best than to the worst.

    Parameters
    ----------
    x : array_like, (units, components)
        Goods, 0-1.
    weights : array_like, optional
        One a component; equal by default.
    ideals : {'fixed', 'sample'}
        Best and worst are 1 and 0, so that results stay when a unit is added; or the classical ones, the best and
        worst found among the units after each component is divided by its length, under which ranks may reverse.

    Returns
    -------
    ndarray of float64
        0-1, one a unit; NaN where best and worst are the same.

    Raises
    ------
    ContractError
        For numbers outside 0-1 or NaN, another shape, or weights that are none.

    Examples
    --------
    >>> topsis([[0.2, 0.9], [0.4, 0.5]], [0.5, 0.5]).round(7).tolist()
    [0.5334828, 0.4505]
    """
    x, weights = paired("scores", x=(x, "units components"), weights=(weights, "components"))
    values = read_scores("x", x)
    if values.ndim != 2:
        raise ContractError("scores", [f"x: is {values.shape}, must be units by components"])
    if ideals not in ("fixed", "sample"):
        raise ContractError("scores", [f"ideals: is {ideals!r}, must be fixed or sample"])
    w = read_weights(weights, values.shape[1])
    if ideals == "sample":
        length = np.sqrt((values**2).sum(axis=0))
        values = np.divide(values, length, out=np.zeros_like(values), where=length > 0.0)
        best, worst = values.max(axis=0, initial=0.0), values.min(axis=0, initial=1.0)
    else:
        best, worst = np.ones(len(w)), np.zeros(len(w))
    to_best = np.sqrt((((best - values) * w) ** 2).sum(axis=1))
    to_worst = np.sqrt((((values - worst) * w) ** 2).sum(axis=1))
    both = to_best + to_worst
    closeness: FloatArray = np.divide(to_worst, both, out=np.full(len(values), np.nan), where=both > 0.0)
    return closeness


# What holds a unit back most.


def obstacle_degrees(x: ArrayLike, weights: ArrayLike | None = None) -> FloatArray:
    """
    Share out what a unit lacks among its components: ``w_j (1 - x_j) / sum w (1 - x)``.

    Parameters
    ----------
    x : array_like, (components,) or (units, components)
        Goods, 0-1. NaN = unknown: has no part in it.
    weights : array_like, optional
        One a component; equal by default.

    Returns
    -------
    ndarray of float64
        As `x`; a unit's shares sum to 1, or are all 0 where it lacks nothing. NaN where `x` is.

    Raises
    ------
    ContractError
        For numbers outside 0-1, or weights that are none.

    Examples
    --------
    >>> obstacle_degrees([0.9, 0.4, 0.8], [0.5, 0.3, 0.2]).round(7).tolist()
    [0.1851852, 0.6666667, 0.1481481]
    """
    x, weights = paired("scores", x=(x, "units components"), weights=(weights, "components"))
    values = np.atleast_1d(read_scores("x", x, unknown=True))
    return lack_shares(values, read_weights(weights, values.shape[-1]))


def lack_shares(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Share out what is lacking, as `obstacle_degrees` does, of scores within 0-1 and weights that sum to 1."""
    lack = weights * (1.0 - values)
    total = np.nansum(lack, axis=-1, keepdims=True)
    shares = np.divide(lack, total, out=np.zeros_like(lack), where=total > 0.0)
    return np.where(np.isnan(values), np.nan, shares)
