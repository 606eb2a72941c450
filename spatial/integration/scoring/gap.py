"""The segmentation index: one number for a profile of gaps that all exist, with the terms behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.access.options import is_number, is_unknown, shown
from spatial.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["TERMS", "SegmentationIndex", "index_of_terms", "segmentation_index"]

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
    _refuse(
        theil_between=theil_between,
        advantaged_share=advantaged_share,
        dissimilarity=dissimilarity,
        gap_ratio=gap_ratio,
        border_score=border_score,
    )
    given = {
        "theil": _theil_term(theil_between, advantaged_share),
        "dissimilarity": 1.0 - dissimilarity,
        "gap_ratio": min(1.0, gap_ratio) if not math.isnan(gap_ratio) else math.nan,
        "border": border_score,
    }
    wrong = [name for name, term in given.items() if not math.isnan(term) and not -1e-9 <= term <= 1.0 + 1e-9]
    if wrong:
        raise ContractError(
            "segmentation",
            [f"{name}: out of range, gives a term of {given[name]:g}, not 0-1" for name in wrong],
        )
    terms = {name: min(1.0, max(0.0, term)) for name, term in given.items() if not math.isnan(term)}
    missing = tuple(name for name in given if name not in terms)
    value = float(index_of_terms([[terms.get(name, math.nan) for name in TERMS]])[0])
    return SegmentationIndex(value, terms, missing)


def index_of_terms(terms: ArrayLike) -> FloatArray:
    """
    Join integration terms of units: one less the geometric mean of those that exist.

    Returns 0-1; 1 where any term is 0, NaN where none exists.

    Examples
    --------
    >>> index_of_terms([[0.5, math.nan, 0.5], [1.0, 0.0, math.nan]]).round(12).tolist()
    [0.5, 1.0]
    """
    values = np.asarray(terms, dtype=np.float64)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(known, values, 1.0)).sum(axis=1)
    mean = np.divide(logs, count, out=np.full(len(values), np.nan), where=count > 0)
    index: FloatArray = 1.0 - np.exp(mean)
    return index


def _refuse(**given: object) -> None:
    problems = [
        f"{name}: must be a number, NaN where unknown, is {shown(value)}"
        for name, value in given.items()
        if not is_unknown(value) and not is_number(value, least=-math.inf)
    ]
    share = given["advantaged_share"]
    if not problems and not is_unknown(share) and not is_number(share, least=0.0, most=1.0):
        problems.append(f"advantaged_share: must lie between 0 and 1, is {shown(share)}")
    if problems:
        raise ContractError("segmentation", problems)


def _theil_term(between: float, advantaged: float) -> float:
    if math.isnan(between) or math.isnan(advantaged) or not 0.0 < advantaged < 1.0:
        return math.nan
    return 1.0 - between / math.log(1.0 / advantaged)
