"""Whether good and bad access cluster in space: Moran's I and its local form (Moran 1950, Anselin 1995)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import check_seed, is_number, numbers, shown, whole_number
from spatial.errors import ContractError
from spatial.integration.segregation.neighbourhood import neighbour_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy import sparse

    FloatArray = NDArray[np.float64]

__all__ = ["LocalClusters", "MoransI", "local_clusters", "morans_i"]
TOLERANCE = 1e-12
"""Slack of "at least as far from what chance gives", against rounding."""


@dataclass(frozen=True)
class MoransI:
    """
    Global spatial autocorrelation.

    Parameters
    ----------
    value : float
        Moran's I; NaN where access is the same everywhere or nobody has a neighbour.
    expected : float
        What chance gives, ``-1 / (n - 1)``.
    p_value : float
        Two-sided, from permutations: ``(k + 1) / (m + 1)`` with k = draws as far from what chance gives.
    n_valid, n_nan, n_isolated : int
        Places that count; of unknown access; without neighbours, which do not count.
    """

    value: float
    expected: float
    p_value: float
    n_valid: int
    n_nan: int
    n_isolated: int


@dataclass(frozen=True)
class LocalClusters:
    """
    Local spatial autocorrelation.

    Parameters
    ----------
    value : ndarray of float64
        Local Moran's I of each place; NaN where it does not count.
    p_value : ndarray of float64
        Two-sided, from permutations.
    cluster : ndarray of str
        ``good`` (good access among good), ``bad`` (bad among bad), ``bad_among_good``, ``good_among_bad``,
        ``none`` (not significant after the correction), ``unknown`` (no access or no neighbours known).
    counts : ndarray of bool
        Whether its access is known and that of a neighbour too.
    """

    value: FloatArray
    p_value: FloatArray
    cluster: NDArray[np.str_]
    counts: NDArray[np.bool_]


def morans_i(
    access: ArrayLike,
    neighbours: sparse.sparray | ArrayLike,
    *,
    row_standardised: bool = True,
    draws: int = 999,
    seed: int = 0,
) -> MoransI:
    """
    Measure whether places of alike access lie together.

    Parameters
    ----------
    access : array_like
        A good, one a place. NaN = unknown: left out.
    neighbours : sparse array or array_like, (places, places)
        Above 0 where two are neighbours.
    row_standardised : bool
        Whether each place's neighbours weigh one together.
    draws : int
        Permutations for the p-value; 0 for none.
    seed : int
        Of the permutations.

    Returns
    -------
    MoransI
        With the places that count.

    Raises
    ------
    ContractError
        For access that is infinite, weights of another shape, or draws below 0.

    Examples
    --------
    >>> line = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> round(morans_i([1, 2, 3, 4], line, row_standardised=False).value, 6)
    0.333333
    """
    check_seed("seed", seed)
    z, weights, kept = _centred(access, neighbours, row_standardised=row_standardised, draws=draws)
    n, unknown = len(z), int(np.isnan(numbers("segregation", "access", access)).sum())
    isolated = len(kept) - unknown - n
    squares = float(z @ z)
    if n < 2 or not squares > 0.0:
        return MoransI(math.nan, math.nan, math.nan, n, unknown, isolated)
    scale = n / float(weights.sum())
    observed = scale * float(z @ (weights @ z)) / squares
    expected = -1.0 / (n - 1)
    if draws == 0:
        return MoransI(observed, expected, math.nan, n, unknown, isolated)
    generator = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for at in range(draws):
        mixed = generator.permutation(z)
        drawn[at] = scale * float(mixed @ (weights @ mixed)) / squares
    extreme = int((np.abs(drawn - expected) >= abs(observed - expected) - TOLERANCE).sum())
    return MoransI(observed, expected, (extreme + 1) / (draws + 1), n, unknown, isolated)


def local_clusters(
    access: ArrayLike,
    neighbours: sparse.sparray | ArrayLike,
    *,
    draws: int = 999,
    seed: int = 0,
    false_discovery_rate: float = 0.05,
) -> LocalClusters:
    """
    Find where good access lies among good, and bad among bad.

    Parameters
    ----------
    access : array_like
        A good, one a place, so that high is good; for minutes give their scores. NaN = unknown.
    neighbours : sparse array or array_like, (places, places)
        Above 0 where two are neighbours; each place's weigh one together.
    draws : int
        Conditional permutations for the p-values, at least 1.
    seed : int
        Of the permutations.
    false_discovery_rate : float
        Expected share of wrong clusters among those named (Benjamini and Hochberg 1995).

    Returns
    -------
    LocalClusters
        One value a place, as given.

    Raises
    ------
    ContractError
        For access that is infinite, weights of another shape, or options out of range.

    Examples
    --------
    >>> halves = local_clusters([1, 1, 0, 0], np.eye(4, k=1) + np.eye(4, k=-1))
    >>> halves.value.round(6).tolist()
    [1.0, 0.0, -0.0, 1.0]
    """
    check_seed("seed", seed)
    rate = is_number(false_discovery_rate, least=0.0) and 0.0 < false_discovery_rate < 1.0
    if not whole_number(draws, least=1) or not rate:
        raise ContractError(
            "segregation", ["draws: must be 1 or more; false_discovery_rate: must lie between 0 and 1"]
        )
    z, weights, kept = _centred(access, neighbours, row_standardised=True, draws=draws)
    value, p_value = np.full(len(kept), np.nan), np.full(len(kept), np.nan)
    cluster = np.full(len(kept), "unknown", dtype="<U14")
    squares = float(z @ z)
    if squares > 0.0:
        z = z / math.sqrt(squares / len(z))
        lag = weights @ z
        value[kept], p_value[kept] = z * lag, _conditional(z, lag, weights, draws, seed)
        named = p_value[kept] <= _critical(p_value[kept], false_discovery_rate)
        words = np.where(
            z >= 0.0,
            np.where(lag >= 0.0, "good", "good_among_bad"),
            np.where(lag >= 0.0, "bad_among_good", "bad"),
        )
        cluster[kept] = np.where(named, words, "none")
    return LocalClusters(value, p_value, cluster, kept)


def _centred(
    access: ArrayLike, neighbours: sparse.sparray | ArrayLike, *, row_standardised: bool, draws: int
) -> tuple[FloatArray, sparse.csr_array, NDArray[np.bool_]]:
    """Access less its mean and the weights, of places that are known and have known neighbours."""
    access, neighbours = paired(
        "segregation", access=(access, "places"), neighbours=(neighbours, "places places")
    )
    value = np.atleast_1d(numbers("segregation", "access", access)).ravel()
    if bool(np.isinf(value).any()):
        raise ContractError("segregation", ["access: infinite; make scores of 0-1 of times first"])
    if not whole_number(draws, least=0):
        raise ContractError("segregation", [f"draws: must be 0 or more, a whole number, is {shown(draws)}"])
    weights = neighbour_weights(neighbours, len(value))
    kept, before = ~np.isnan(value), -1
    while int(kept.sum()) != before:
        # A place that goes may have been the only neighbour of another, where neighbours are not mutual.
        before = int(kept.sum())
        kept &= np.asarray(weights[:, kept].sum(axis=1)).ravel() > 0.0
    weights = weights[kept][:, kept]
    if row_standardised and weights.shape[0]:
        sums = np.asarray(weights.sum(axis=1)).ravel()
        weights.data = weights.data / np.repeat(sums, np.diff(weights.indptr))
    chosen = value[kept]
    if len(chosen) and float(np.ptp(chosen)) == 0.0:
        return np.zeros(len(chosen)), weights, kept
    return chosen - (chosen.mean() if len(chosen) else 0.0), weights, kept


def _conditional(
    z: FloatArray, lag: FloatArray, weights: sparse.csr_array, draws: int, seed: int
) -> FloatArray:
    """Two-sided p-values: each place keeps its own access, its neighbours' are drawn from the others."""
    n = len(z)
    counts = np.diff(weights.indptr)
    rows = np.repeat(np.arange(n), counts)
    place = np.arange(len(rows)) - np.repeat(weights.indptr[:-1], counts)
    generator = np.random.default_rng(seed)
    most = int(counts.max())
    expected = -z / (n - 1)
    distance = np.abs(lag - expected) - TOLERANCE
    extreme = np.zeros(n, dtype=np.int64)
    for _draw in range(draws):
        others = generator.choice(n - 1, size=most, replace=False)[place]
        others = others + (others >= rows)
        sampled = np.bincount(rows, weights=weights.data * z[others], minlength=n)
        extreme += np.abs(sampled - expected) >= distance
    return np.asarray((extreme + 1.0) / (draws + 1.0), dtype=np.float64)


def _critical(p_values: FloatArray, rate: float) -> float:
    """Largest p-value that is named, so that at most this share of names is wrong."""
    ordered = np.sort(p_values)
    passed = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / len(ordered))
    return float(ordered[passed[-1]]) if len(passed) else -1.0
