"""The segmentation index: one number for a profile of gaps that all exist, with the terms behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spatial.errors import ContractError

__all__ = ["SegmentationIndex", "segmentation_index"]


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
        Share of the people in the better served of the two, 0-1.
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
    if not terms:
        return SegmentationIndex(math.nan, terms, missing)
    values = np.array(list(terms.values()))
    mean = float(np.exp(np.log(values).mean())) if bool((values > 0.0).all()) else 0.0
    return SegmentationIndex(1.0 - mean, terms, missing)


def _theil_term(between: float, advantaged: float) -> float:
    if math.isnan(between) or math.isnan(advantaged) or not 0.0 < advantaged < 1.0:
        return math.nan
    return 1.0 - between / math.log(1.0 / advantaged)
