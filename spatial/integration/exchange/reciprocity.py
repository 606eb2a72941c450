"""How much of what flows one way flows back (Garlaschelli and Loffredo 2004, Squartini et al. 2013)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.access.labels import paired
from spatial.integration.classes import read_classes
from spatial.integration.exchange.balance import read_flows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["Reciprocity", "reciprocity"]


@dataclass(frozen=True)
class Reciprocity:
    """
    Reciprocity of flows, beside what chance would give.

    Parameters
    ----------
    weighted : float
        ``sum min(w_ij, w_ji) / sum w_ij``, 0-1; NaN where nothing flows.
    weighted_null : float
        The same where each place sends and receives as much as it does, to and from all others in proportion.
    weighted_rho : float
        ``(weighted - null) / (1 - null)``: above 0 more than chance gives; NaN where the null is 1.
    binary : float
        Share of links that go both ways.
    density : float
        Links by pairs of places, which is what chance gives.
    binary_rho : float
        ``(binary - density) / (1 - density)``; NaN where all pairs are linked.
    links : int
        Pairs, one way each, with any flow.
    """

    weighted: float
    weighted_null: float
    weighted_rho: float
    binary: float
    density: float
    binary_rho: float
    links: int


def reciprocity(flows: Any, *, official_class: ArrayLike | None = None) -> Reciprocity:
    """
    Measure how much of what flows one way flows back.

    Parameters
    ----------
    flows : array_like or sparse array, (places, places)
        From row to column, 0 or more; the diagonal does not count.
    official_class : array_like of str, optional
        ``urban`` or ``rural``, one a place, or nothing where it is not known; with it only flows between town and
        country count.

    Returns
    -------
    Reciprocity
        Weighted and binary, each with its null model.

    Raises
    ------
    ContractError
        For flows that are negative, infinite or NaN, or of another shape, and for other words as classes.

    Notes
    -----
    The weighted null is ``w_ij = s_i^out s_j^in / W`` for i != j, which is an approximation and not the ensemble of
    Squartini et al.

    Examples
    --------
    >>> result = reciprocity([[0, 10, 0], [4, 0, 6], [2, 2, 0]])
    >>> result.weighted, result.binary, round(result.binary_rho, 6)
    (0.5, 0.8, -0.2)
    """
    flows, official_class = paired(
        "flows", flows=(flows, "places places"), official_class=(official_class, "places")
    )
    matrix = read_flows(flows)
    n = matrix.shape[0]
    side = np.zeros(n, dtype=np.int64)
    pairs = n * (n - 1)
    if official_class is not None:
        side = _sides(official_class, n)
        coo = matrix.tocoo()
        mixed = side[coo.row] * side[coo.col] < 0
        coo.data = np.where(mixed, coo.data, 0.0)
        matrix = coo.tocsr()
        pairs = 2 * int((side > 0).sum()) * int((side < 0).sum())
    matrix.eliminate_zeros()
    total = float(matrix.sum())
    weighted = float(matrix.minimum(matrix.T).sum()) / total if total > 0.0 else math.nan
    null = _null(matrix, side, total, mixed=official_class is not None)
    links = int(matrix.nnz)
    both = int((matrix.astype(bool).multiply(matrix.T.astype(bool))).sum())
    binary = both / links if links else math.nan
    density = links / pairs if pairs else math.nan
    return Reciprocity(
        weighted, null, _beyond(weighted, null), binary, density, _beyond(binary, density), links
    )


def _sides(official_class: ArrayLike, n: int) -> NDArray[np.int64]:
    label = read_classes("flows", official_class, n)
    sides: NDArray[np.int64] = (label == "urban").astype(np.int64) - (label == "rural").astype(np.int64)
    return sides


def _beyond(observed: float, chance: float) -> float:
    if math.isnan(observed) or math.isnan(chance) or chance >= 1.0 - 1e-12:
        return math.nan
    return (observed - chance) / (1.0 - chance)


def _null(matrix: Any, side: NDArray[np.int64], total: float, *, mixed: bool) -> float:
    """Reciprocity of ``out_i in_j`` over the pairs that count, without making the matrix."""
    if not total > 0.0:
        return math.nan
    out, into = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    groups = [(side > 0, side < 0)] if mixed else [(np.ones(len(side), dtype=bool),) * 2]
    returned = expected = 0.0
    for one, other in groups:
        if mixed:
            expected += out[one].sum() * into[other].sum() + out[other].sum() * into[one].sum()
        else:
            expected += out.sum() * into.sum() - float(out @ into)
        returned += _smaller(out, into, one, other, mixed=mixed)
    return float(returned / expected) if expected > 0.0 else math.nan


def _smaller(
    out: FloatArray, into: FloatArray, one: NDArray[np.bool_], other: NDArray[np.bool_], *, mixed: bool
) -> float:
    """
    Sum ``min(out_i in_j, out_j in_i)`` over ordered pairs.

    ``out_i in_j <= out_j in_i`` where i sends less by what it receives, so that one sort and running sums do.
    """
    order = np.argsort(np.arctan2(out, into), kind="stable")
    later_in_other = np.cumsum((into * other)[order][::-1])[::-1] - (into * other)[order]
    pairs = float(((out * one)[order] * later_in_other).sum())
    if mixed:
        later_in_one = np.cumsum((into * one)[order][::-1])[::-1] - (into * one)[order]
        pairs += float(((out * other)[order] * later_in_one).sum())
    return 2.0 * pairs
