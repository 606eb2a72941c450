"""Weights of components: by how much they tell units apart, or by judged pairs (Saaty 1980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import is_number, numbers, shown
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["AhpWeights", "ahp_weights", "entropy_weights"]

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
    if len(wrong):
        raise ContractError(
            "scores",
            [
                f"x: negative, infinite or NaN in {len(wrong)} row(s) {first_of(wrong)}; leave these units out first"
            ],
        )
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
        raise ContractError(
            "scores", [f"max_consistency_ratio: must be 0 or more, is {shown(max_consistency_ratio)}"]
        )
    (comparisons,) = paired("scores", comparisons=(comparisons, "components components"))
    matrix = numbers("scores", "comparisons", comparisons)
    n = len(matrix) if matrix.ndim else 0
    if matrix.shape != (n, n) or not 1 <= n <= max(RANDOM_INDEX):
        raise ContractError(
            "scores", [f"comparisons: is {matrix.shape}, must be square with 1 to 9 components"]
        )
    if not bool(np.isfinite(matrix).all() and (matrix > 0.0).all()) or not np.allclose(
        matrix * matrix.T, 1.0
    ):
        raise ContractError(
            "scores",
            ["comparisons: must be above 0, 1 on the diagonal, and each pair the inverse of its mirror"],
        )
    values, vectors = np.linalg.eig(matrix)
    at = int(np.argmax(values.real))
    weights = np.abs(vectors[:, at].real)
    largest = float(values[at].real)
    ratio = max(0.0, (largest - n) / (n - 1)) / RANDOM_INDEX[n] if n in RANDOM_INDEX else 0.0
    if ratio > max_consistency_ratio:
        raise ContractError(
            "scores",
            [
                f"comparisons: consistency ratio {ratio:.3f} above {max_consistency_ratio:g}; judge the pairs again"
            ],
        )
    return AhpWeights(weights / weights.sum(), largest, ratio)
