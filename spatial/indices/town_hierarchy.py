"""The hierarchy of towns: sizes, functions, and the towns that mediate between village and county seat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.access.options import numbers, paired, vector
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike

    from spatial.arrays import FloatArray


LEAST_TOWNS = 3
GABAIX_IBRAGIMOV_SHIFT = 0.5


@dataclass(frozen=True)
class RankSize:
    """
    How sizes fall with rank.

    Parameters
    ----------
    exponent : float
        q of ``ln P = a - q ln R``: 1 by Zipf's rule, more where the largest town dominates.
    exponent_corrected : float
        From ``ln(R - 1/2) = a - b ln P``, which is less biased in small samples, as ``1 / b`` (Gabaix and Ibragimov
        2011).
    primacy_two, primacy_all, primacy_four : float
        The largest by the second, by all, and by the second to fourth together; NaN where these are not there.
    towns : int
        Towns with people; fewer than three have no exponents.
    """

    exponent: float
    exponent_corrected: float
    primacy_two: float
    primacy_all: float
    primacy_four: float
    towns: int


def rank_size(population_persons: ArrayLike) -> RankSize:
    """
    Measure how the sizes of towns fall with their rank.

    Parameters
    ----------
    population_persons : array_like
        One a town, 0 or more; NaN and 0 are left out.

    Returns
    -------
    RankSize
        Exponents and primacy.

    Raises
    ------
    ContractError
        For people below 0 or infinite.

    Examples
    --------
    >>> sizes = rank_size([100, 50, 100 / 3, 25, 20])
    >>> round(sizes.exponent, 6), sizes.primacy_two
    (1.0, 2.0)
    """
    people = vector("hierarchy", "population_persons", population_persons)
    if bool(((people < 0.0) | np.isinf(people)).any()):
        raise ContractError("hierarchy", ["population_persons: below 0 or infinite"])
    size = np.sort(people[people > 0.0])[::-1]
    n = len(size)
    exponent = corrected = math.nan
    if n >= LEAST_TOWNS and size[0] > size[-1]:
        rank = np.arange(1, n + 1, dtype=np.float64)
        exponent = -_slope(np.log(rank), np.log(size))
        corrected = -1.0 / _slope(np.log(size), np.log(rank - GABAIX_IBRAGIMOV_SHIFT))
    elif n >= LEAST_TOWNS:
        exponent = 0.0
    return RankSize(
        exponent,
        corrected,
        float(size[0] / size[1]) if n > 1 else math.nan,
        float(size[0] / size.sum()) if n else math.nan,
        float(size[0] / size[1:4].sum()) if n > 3 else math.nan,
        n,
    )


def functional_completeness(
    tier: Mapping[str, str], services: Mapping[str, Collection[str]], required: Mapping[str, Collection[str]]
) -> pd.DataFrame:
    """
    Measure which of the services that its tier asks for a town has.

    Parameters
    ----------
    tier : mapping of str to str
        The tier of each town.
    services : mapping of str to collection of str
        What each town has; a town that is not named has nothing known.
    required : mapping of str to collection of str
        What each tier asks for; a tier that is not named, or asks for nothing, has no completeness.

    Returns
    -------
    DataFrame
        A row a town, in order of `tier`: `town_id`, `tier`, `required`, `present` (counts), `completeness` (0-1; NaN
        where nothing is asked for) and `missing` (texts joined by ``;``).

    Raises
    ------
    ContractError
        For services of towns that are not there.

    Examples
    --------
    >>> table = functional_completeness({"a": "town"}, {"a": ["school"]}, {"town": ["school", "clinic"]})
    >>> table[["completeness", "missing"]].to_numpy().tolist()
    [[0.5, 'clinic']]
    """
    strangers = sorted(set(services) - set(tier))
    if strangers:
        raise ContractError("hierarchy", [f"services: no town is called {first_of(strangers)}"])
    rows = []
    for town, own in tier.items():
        asked = set(required.get(own, ()))
        there = asked & set(services.get(town, ()))
        rows.append(
            {
                "town_id": town,
                "tier": own,
                "required": len(asked),
                "present": len(there),
                "completeness": len(there) / len(asked) if asked else math.nan,
                "missing": ";".join(sorted(asked - there)),
            }
        )
    return pd.DataFrame(rows, columns=["town_id", "tier", "required", "present", "completeness", "missing"])


def fulcrum_index(coverage_share: ArrayLike, via_share: ArrayLike) -> FloatArray:
    """
    Measure how far a town mediates between villages and the county seat: ``sqrt(coverage via)``.

    Parameters
    ----------
    coverage_share : array_like
        Share of the people for whom it is the nearest town, within the time that towns should be reached in; 0-1.
    via_share : array_like
        Share of the people whose way to the county seat passes by it; 0-1.

    Returns
    -------
    ndarray of float64
        0-1, one a town: high where people both depend on it and pass through it.

    Raises
    ------
    ContractError
        For shares outside 0-1, or lengths that differ.

    Examples
    --------
    >>> fulcrum_index([0.25], [0.16]).round(6).tolist()
    [0.2]
    """
    coverage_share, via_share = paired(
        "hierarchy", coverage_share=(coverage_share, "towns"), via_share=(via_share, "towns")
    )
    both = [numbers("hierarchy", "share", values) for values in (coverage_share, via_share)]
    if both[0].shape != both[1].shape:
        raise ContractError("hierarchy", [f"coverage_share, via_share: {both[0].shape}, {both[1].shape}"])
    if any(bool(((values < 0.0) | (values > 1.0 + 1e-9)).any()) for values in both):
        raise ContractError("hierarchy", ["coverage_share, via_share: must lie between 0 and 1"])
    return np.asarray(np.sqrt(np.minimum(both[0], 1.0) * np.minimum(both[1], 1.0)), dtype=np.float64)


def polycentricity(centrality: ArrayLike, *, form: Literal["green", "entropy"] = "green") -> float:
    """
    Measure how evenly importance is spread over towns.

    Parameters
    ----------
    centrality : array_like
        One a town, 0 or more, such as the people that flow in.
    form : {'green', 'entropy'}
        ``1 - sd / sd_max`` with sd_max of a pair of nothing and the largest (Green 2007), or ``-sum p ln p / ln n``.

    Returns
    -------
    float
        0 where one town has all, 1 where all are alike; NaN for fewer than two towns, or where none has any.

    Raises
    ------
    ContractError
        For numbers below 0 or NaN, or an unknown form.

    Examples
    --------
    >>> polycentricity([5, 5, 5]), polycentricity([0, 8])
    (1.0, 0.0)
    """
    if form not in ("green", "entropy"):
        raise ContractError("hierarchy", [f"form: is {form!r}, must be green or entropy"])
    c = vector("hierarchy", "centrality", centrality)
    if not bool(((c >= 0.0) & np.isfinite(c)).all()):
        raise ContractError("hierarchy", ["centrality: must be finite and 0 or more; leave out what is unknown"])
    if len(c) < 2 or not c.sum() > 0.0:
        return math.nan
    if form == "green":
        return max(0.0, 1.0 - float(c.std()) / (float(c.max()) / 2.0))
    p = c[c > 0.0] / c.sum()
    return float(-(p @ np.log(p)) / math.log(len(c)))


def _slope(x: FloatArray, y: FloatArray) -> float:
    dx = x - x.mean()
    return float((dx @ (y - y.mean())) / (dx @ dx))
