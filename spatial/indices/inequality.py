"""How unequally a good is spread over people: Gini, Palma, Theil, Atkinson, concentration."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from spatial.access.options import is_number, paired, shown, vector, vectors
from spatial.arrays import BoolArray, FloatArray
from spatial.errors import ContractError, faults_at, refuse

# What every measure of inequality reads: a good and the people who have it, checked once.


@dataclass(frozen=True)
class Sample:
    """The places that count."""

    # A good, 0 or more; of the places whose good and people are known and that have people
    access: FloatArray
    share: FloatArray  # their share of the people; sums to 1
    kept: BoolArray  # which of the places given these are
    n_total: int  # places given; with both known; with one unknown
    n_valid: int
    n_nan: int
    pop_total: float  # people given; of places with both known
    pop_valid: float

    @property
    def mean(self) -> float:
        """Mean access of a person; NaN where nobody counts."""
        return float(self.share @ self.access) if len(self.access) else float("nan")

    @property
    def defined(self) -> bool:
        """Whether relative inequality has a meaning."""
        return bool(self.mean > 0.0)


def read_sample(access: ArrayLike, population_persons: ArrayLike | None = None) -> Sample:
    """Read a good and the people who have it."""
    given = {"access": access} | ({} if population_persons is None else {"population_persons": population_persons})
    value, *others = vectors("inequality", "places", **given)
    people = others[0] if others else np.ones_like(value)
    if len(value) != len(people):
        raise ContractError("inequality", [f"population_persons: {len(people)} for {len(value)} values of access"])
    problems = []
    for name, column, remedy in (
        ("access", value, "times are bads, and may be endless: make scores of 0-1 of them first"),
        ("population_persons", people, "people are 0 or more; NaN where unknown"),
    ):
        wrong = np.flatnonzero((column < 0.0) | np.isinf(column))
        problems += faults_at(f"{name}: negative or infinite in {len(wrong)} row(s)", wrong, f"; {remedy}")
    refuse("inequality", problems)
    valid = ~np.isnan(value) & ~np.isnan(people)
    kept = valid & (people > 0.0)
    total = float(people[valid].sum())
    return Sample(
        value[kept],
        people[kept] / total if total > 0.0 else people[kept],
        kept,
        len(value),
        int(valid.sum()),
        int((~valid).sum()),
        float(np.nansum(people)),
        total,
    )


# Measures along the Lorenz curve: Gini, and the Palma ratio under its two definitions.

TOP_SHARE, BOTTOM_SHARE = 0.1, 0.4
"""Who is compared by Palma (2011): the top tenth and the bottom four tenths."""


def gini_index(access: ArrayLike, population_persons: ArrayLike | None = None) -> float:
    """
    Measure inequality by the Gini index: ``sum f_i f_j |y_i - y_j| / (2 mean)``.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.

    Returns
    -------
    float
        0 where all have the same, towards 1; NaN where nobody counts or nobody has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    Examples
    --------
    >>> round(gini_index([10, 20, 30, 40, 50]), 6)
    0.266667
    """
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return math.nan
    order = np.argsort(sample.access, kind="stable")
    f, y = sample.share[order], sample.access[order]
    below = np.cumsum(f) - f
    spread = float((f * y) @ (2.0 * below + f - 1.0))
    return max(0.0, spread / sample.mean)


def palma_ratio(access: ArrayLike, population_persons: ArrayLike | None = None) -> float:
    """
    Compare what the tenth of the people with the most access hold with what the four tenths with the least hold.

    Parameters
    ----------
    access, population_persons
        As in `gini_index`.

    Returns
    -------
    float
        Ratio of the two shares of all access; a place that a cut goes through is split. inf where the bottom has
        nothing; NaN where nobody counts or nobody has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    See Also
    --------
    palma_ratio_by_rank : People ranked by income or another measure, as in the R package `accessibility`.

    Examples
    --------
    >>> round(palma_ratio(range(1, 11)), 9)
    1.0
    """
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return math.nan
    top, bottom = _held(sample.access, sample.share, np.argsort(sample.access, kind="stable"))
    return _ratio(top, bottom)


def palma_ratio_by_rank(access: ArrayLike, population_persons: ArrayLike | None = None, *, rank_by: ArrayLike) -> float:
    """
    Compare the mean access of the richest tenth with that of the poorest four tenths.

    Parameters
    ----------
    access, population_persons
        As in `gini_index`.
    rank_by : array_like
        One a place: income, or what else ranks people from worst to best off. NaN = unknown: left out.

    Returns
    -------
    float
        Ratio of two means, as in the R package `accessibility`; places ranked alike share a cut in proportion.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    Examples
    --------
    >>> round(palma_ratio_by_rank([1.0] * 9 + [3.0], rank_by=range(10)), 9)
    3.0
    """
    sample, levels, at = _ranked(access, population_persons, rank_by)
    if not sample.defined:
        return math.nan
    share = np.bincount(at, weights=sample.share, minlength=len(levels)).astype(np.float64)
    mean = np.bincount(at, weights=sample.share * sample.access, minlength=len(levels)) / share
    top, bottom = _held(mean, share, np.arange(len(levels)))
    return _ratio(top / TOP_SHARE, bottom / BOTTOM_SHARE)


def rank_values(rank_by: ArrayLike) -> FloatArray:
    """Read what ranks people."""
    rank = vector("inequality", "rank_by", rank_by)
    if bool(np.isinf(rank).any()):
        raise ContractError("inequality", ["rank_by: infinite; give a finite number or NaN"])
    return rank


def _ranked(
    access: ArrayLike, population_persons: ArrayLike | None, rank_by: ArrayLike | None
) -> tuple[Sample, FloatArray, NDArray[np.intp]]:
    """Read places whose rank, by default the good itself, is known; with the levels of ranks, and that of each."""
    access, population_persons, rank_by = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        rank_by=(rank_by, "places"),
    )
    value = vector("inequality", "access", access)
    rank = value if rank_by is None else rank_values(rank_by)
    if len(rank) != len(value):
        raise ContractError("inequality", [f"rank_by: {len(rank)} for {len(value)} values of access"])
    sample = read_sample(np.where(np.isnan(rank), np.nan, value), population_persons)
    return sample, *np.unique(rank[sample.kept], return_inverse=True)


def _held(access: FloatArray, share: FloatArray, order: NDArray[np.intp]) -> tuple[float, float]:
    """Add up what the top tenth and the bottom four tenths hold, in shares of people times access."""
    f, y = share[order], access[order]
    above = np.cumsum(f)
    below = above - f
    bottom = np.clip(np.minimum(above, BOTTOM_SHARE) - below, 0.0, None)
    top = np.clip(above - np.maximum(below, 1.0 - TOP_SHARE), 0.0, None)
    return float(top @ y), float(bottom @ y)


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0.0 else math.inf


# Theil's two measures, and the share of inequality that lies between groups (Theil 1967, Shorrocks 1980).


ROUNDING = 1e-12
"""A total up to this is what rounding leaves of equal access: 0."""


class Theil(float):
    """
    A measure of inequality that is the sum of a part between groups and a part within them.

    It is the total as a plain float.

    Parameters
    ----------
    total : float
        0 or more.
    between, within : float
        The parts; NaN where no groups are given.
    population_share : Series
        Share of the people by group, 0-1; empty where no groups are given.
    access_share : Series
        Share of all access by group, 0-1.
    """

    __slots__ = ("access_share", "between", "population_share", "within")

    between: float
    within: float
    population_share: pd.Series[float]
    access_share: pd.Series[float]

    def __new__(  # noqa: D102 - the class says it
        cls,
        total: float,
        between: float = math.nan,
        within: float = math.nan,
        population_share: pd.Series[float] | None = None,
        access_share: pd.Series[float] | None = None,
    ) -> Self:
        self = super().__new__(cls, total)
        self.between, self.within = between, within
        empty = pd.Series(dtype=np.float64)
        self.population_share = empty if population_share is None else population_share
        self.access_share = empty if access_share is None else access_share
        return self

    def __reduce__(self) -> tuple[type[Theil], tuple[object, ...]]:
        """Say what pickling keeps."""
        return Theil, (float(self), self.between, self.within, self.population_share, self.access_share)

    @property
    def between_share(self) -> float:
        """Part of the total that lies between the groups, 0-1; 0 where the total is 0; NaN without groups."""
        if math.isnan(self.between):
            return math.nan
        # Of equal access the total is a rounding, of which the part between may be all.
        return self.between / float(self) if float(self) > ROUNDING else 0.0

    @property
    def advantaged_share(self) -> float:
        """Share of the people in the group with the highest mean access, 0-1; NaN without groups."""
        if self.population_share.empty:
            return math.nan
        best = int((self.access_share / self.population_share).to_numpy().argmax())
        return float(self.population_share.iloc[best])


def theil_t(access: ArrayLike, population_persons: ArrayLike | None = None, group: ArrayLike | None = None) -> Theil:
    """
    Measure inequality by Theil's T: ``sum f r ln r`` with r = access by the mean, f = share of the people.

    Parameters
    ----------
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more; places of nobody have no weight. By default every place counts one.
    group : array_like, optional
        One a place: to which group it belongs, such as urban and rural. With it the result is taken apart.

    Returns
    -------
    Theil
        The total as a float, with `between`, `within` and `between_share`. NaN where nobody counts or nobody has
        any access.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, lengths that differ, or people of no group.

    Notes
    -----
    ``T = sum s_g ln(s_g / f_g) + sum s_g T_g``, s = share of all access, f = share of the people. Access of 0 adds 0.

    Examples
    --------
    >>> parts = theil_t([0, 0, 0, 10, 10, 10], group=["r", "r", "r", "u", "u", "u"])
    >>> round(parts, 6), round(parts.between, 6), parts.within
    (0.693147, 0.693147, 0.0)
    """
    return _taken_apart(access, population_persons, group, by="access")


def mean_log_deviation(
    access: ArrayLike,
    population_persons: ArrayLike | None = None,
    group: ArrayLike | None = None,
    *,
    floor: float = 0.0,
) -> Theil:
    """
    Measure inequality by the mean log deviation: ``sum f ln(mean / y)``, Theil's L.

    Parameters
    ----------
    access, population_persons
        As in `gini_index`.
    group : array_like, optional
        One a place; with it the result is taken apart, weighted by people and so independent of the path.
    floor : float
        Access below it counts as this much, so that people without any leave a finite number.

    Returns
    -------
    Theil
        The total as a float, with its parts; inf where somebody has no access and there is no floor.

    Raises
    ------
    ContractError
        As `theil_t`, and for a floor below 0.

    Examples
    --------
    >>> round(mean_log_deviation([10, 20, 30, 40, 50]), 6)
    0.141114
    """
    if not is_number(floor, least=0.0) or math.isinf(floor):
        raise ContractError("inequality", [f"floor: must be finite and 0 or more, is {shown(floor)}"])
    return _taken_apart(access, population_persons, group, by="people", floor=floor)


def _taken_apart(
    access: ArrayLike,
    population_persons: ArrayLike | None,
    group: ArrayLike | None,
    *,
    by: Literal["access", "people"],
    floor: float = 0.0,
) -> Theil:
    """Measure in all, and take it apart by groups, which weigh by their share of access (T) or of people (L)."""
    access, population_persons, group = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        group=(group, "places"),
    )
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return Theil(math.nan)
    sample = replace(sample, access=np.maximum(sample.access, floor))
    total = _theil(sample.access, sample.share, by)
    if group is None:
        return Theil(total)
    label = pd.Series(np.asarray(group, dtype=object).ravel()).infer_objects()
    if len(label) != sample.n_total:
        raise ContractError("inequality", [f"group: {len(label)} for {sample.n_total} values of access"])
    label = label[sample.kept].reset_index(drop=True)
    rows = np.flatnonzero(label.isna())
    told = f"group: missing for {len(rows)} row(s)"
    refuse("inequality", faults_at(told, rows, "; name a group, or leave the rows out"))
    groups = {}
    for name, members in label.groupby(label, sort=True).indices.items():
        f, y = sample.share[np.asarray(members)], sample.access[np.asarray(members)]
        groups[name] = (float(f.sum()), float(f @ y) / sample.mean, _theil(y, f / f.sum(), by))
    shares = pd.DataFrame.from_dict(groups, orient="index", columns=["people", "access", "within"], dtype=np.float64)
    weight, other = shares[by], shares["people" if by == "access" else "access"]
    has = weight > 0.0
    with np.errstate(divide="ignore"):
        between = max(0.0, float((weight[has] * np.log(weight[has] / other[has])).sum()))
    return Theil(total, between, float((weight * shares["within"]).sum()), shares["people"], shares["access"])


def _theil(access: FloatArray, share: FloatArray, by: str) -> float:
    mean = share @ access
    if by == "people":
        is_endless = bool((access <= 0.0).any())
        return math.inf if is_endless else max(0.0, float((share * np.log(mean / access)).sum()))
    if mean <= 0.0:
        return 0.0
    ratio = access / mean
    has = ratio > 0.0
    return max(0.0, float((share[has] * ratio[has] * np.log(ratio[has])).sum()))


# Atkinson's index and the access that, spread evenly, would be worth the same (Atkinson 1970).


def atkinson_index(access: ArrayLike, population_persons: ArrayLike | None = None, *, epsilon: float = 1.0) -> float:
    """
    Measure inequality as the share of all access that an even spread could do without.

    Parameters
    ----------
    access, population_persons
        As in `gini_index`.
    epsilon : float
        Aversion to inequality: 0 indifferent, larger looks more at those who have least.

    Returns
    -------
    float
        0-1; 1 where somebody has nothing and `epsilon` is 1 or more; NaN where nobody counts or nobody has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, lengths that differ, or an `epsilon` below 0.

    Examples
    --------
    >>> round(atkinson_index([10, 20, 30, 40, 50], epsilon=0.5), 6)
    0.063153
    """
    sample = read_sample(access, population_persons)
    return max(0.0, 1.0 - _equivalent(sample, epsilon) / sample.mean) if sample.defined else math.nan


def equally_distributed_equivalent(
    access: ArrayLike, population_persons: ArrayLike | None = None, *, epsilon: float = 0.5
) -> float:
    """
    Find the access that, if all had it, would be worth as much: ``mean (1 - Atkinson)``.

    It rises with every person's access, so that it can serve as a level.

    Parameters
    ----------
    access, population_persons
        As in `gini_index`.
    epsilon : float
        Aversion to inequality, 0 or more.

    Returns
    -------
    float
        In the unit of access, at most its mean; 0 where nobody has any; NaN where nobody counts.

    Raises
    ------
    ContractError
        As `atkinson_index`.

    Examples
    --------
    >>> equally_distributed_equivalent([0.25, 0.25, 0.25])
    0.25
    """
    return _equivalent(read_sample(access, population_persons), epsilon)


def _equivalent(sample: Sample, epsilon: float) -> float:
    if not is_number(epsilon, least=0.0) or math.isinf(epsilon):
        raise ContractError("inequality", [f"epsilon: must be finite and 0 or more, is {shown(epsilon)}"])
    y, f = sample.access, sample.share
    if not len(y):
        return math.nan
    least = float(y.min())
    if least == float(y.max()):
        return least
    if epsilon >= 1.0 and least == 0.0:
        return 0.0
    power = 1.0 - epsilon
    if least > 0.0 and abs(power) * (math.log(y.max()) - math.log(least)) <= 1.0:
        # Write the power mean about the geometric mean, so that nothing cancels where the power is next to 0.
        mean = float(f @ np.log(y))
        beyond = math.log1p(float(f @ np.expm1(power * (np.log(y) - mean)))) / power if power else 0.0
        return math.exp(mean + beyond)
    logs = power * np.log(y, out=np.full_like(y, -np.inf), where=y > 0.0)
    largest = float(logs.max())
    return float(np.exp((largest + np.log(f @ np.exp(logs - largest))) / power))


# Whether access concentrates among the better off (Wagstaff; Erreygers 2009).


def concentration_index(
    access: ArrayLike, population_persons: ArrayLike | None = None, rank_by: ArrayLike | None = None
) -> float:
    """
    Measure whether those who rank higher have more: ``2 / mean * sum f (y - mean)(R - 1/2)``.

    Parameters
    ----------
    access, population_persons
        As in `gini_index`.
    rank_by : array_like, optional
        One a place: income, or what else ranks people from worst to best off; places alike share a rank. NaN =
        unknown: left out. By default access itself, which gives the Gini index.

    Returns
    -------
    float
        Above 0 where the better off have more, below 0 where the worse off have; NaN where nobody counts or nobody
        has any.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, or lengths that differ.

    Examples
    --------
    >>> concentration_index([1, 2, 3, 4], rank_by=[4, 3, 2, 1])
    -0.25
    """
    sample, levels, at = _ranked(access, population_persons, rank_by)
    if not sample.defined:
        return math.nan
    share = np.bincount(at, weights=sample.share, minlength=len(levels))
    fraction = (np.cumsum(share) - share / 2.0)[at]
    return float(2.0 / sample.mean * (sample.share @ ((sample.access - sample.mean) * (fraction - 0.5))))


def erreygers_index(
    access: ArrayLike,
    population_persons: ArrayLike | None = None,
    rank_by: ArrayLike | None = None,
    *,
    lower: float = 0.0,
    upper: float = 1.0,
) -> float:
    """
    Measure concentration of a bounded good: ``4 mean CI / (upper - lower)`` (Erreygers 2009).

    Parameters
    ----------
    access : array_like
        One a place, between the bounds. NaN = unknown: left out.
    population_persons, rank_by : array_like, optional
        As in `concentration_index`.
    lower, upper : float
        The least and the most that access can be.

    Returns
    -------
    float
        -1 to 1; NaN where nobody counts; 0 where nobody has any.

    Raises
    ------
    ContractError
        As `concentration_index`, and for access outside the bounds.

    Examples
    --------
    >>> erreygers_index([0, 0, 1, 1])
    1.0
    """
    access, population_persons, rank_by = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        rank_by=(rank_by, "places"),
    )
    value = vector("inequality", "access", access)
    bounds = is_number(lower, least=0.0) and is_number(upper, least=0.0)
    if not bounds or not lower < upper < math.inf:
        raise ContractError(
            "inequality", [f"lower, upper: must be 0 <= lower < upper, are {shown(lower)}, {shown(upper)}"]
        )
    outside = np.flatnonzero((value < lower) | (value > upper))
    told = f"access: outside {lower:g} to {upper:g} in {len(outside)} row(s)"
    refuse("inequality", faults_at(told, outside, "; give the bounds"))
    sample = read_sample(value, population_persons)
    if not sample.defined:
        return sample.mean
    return 4.0 * sample.mean * concentration_index(value, population_persons, rank_by) / (upper - lower)
