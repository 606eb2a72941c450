"""Theil's two measures, and the share of inequality that lies between groups (Theil 1967, Shorrocks 1980)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from spatial.access.labels import paired
from spatial.access.options import is_number, numbers, shown
from spatial.errors import ContractError, first_of
from spatial.integration.inequality.sample import read_sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from spatial.integration.inequality.sample import Sample

    FloatArray = NDArray[np.float64]

__all__ = ["Theil", "mean_log_deviation", "theil_t"]


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
        """
        Part of the total that lies between the groups.

        Returns
        -------
        float
            0-1; 0 where the total is 0; NaN without groups.
        """
        if math.isnan(self.between):
            return math.nan
        return self.between / float(self) if float(self) > 0.0 else 0.0

    @property
    def advantaged_share(self) -> float:
        """
        Share of the people in the group with the highest mean access.

        Returns
        -------
        float
            0-1; NaN without groups.
        """
        if self.population_share.empty:
            return math.nan
        best = int((self.access_share / self.population_share).to_numpy().argmax())
        return float(self.population_share.iloc[best])


def theil_t(
    access: ArrayLike, population_persons: ArrayLike | None = None, group: ArrayLike | None = None
) -> Theil:
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
    access, population_persons, group = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        group=(group, "places"),
    )
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return Theil(math.nan)
    total = _theil(sample.access, sample.share)
    if group is None:
        return Theil(total)
    shares, parts = _by_group(sample, group, _theil)
    f, s = shares["people"], shares["access"]
    has = s > 0.0
    between = max(0.0, float((s[has] * np.log(s[has] / f[has])).sum()))
    return Theil(total, between, float((s * parts).sum()), f, s)


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
    access : array_like
        One a place: a good, 0 or more. NaN = unknown: left out.
    population_persons : array_like, optional
        One a place, 0 or more. By default every place counts one.
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
    access, population_persons, group = paired(
        "inequality",
        access=(access, "places"),
        population_persons=(population_persons, "places"),
        group=(group, "places"),
    )
    sample = read_sample(access, population_persons)
    if not sample.defined:
        return Theil(math.nan)
    y = np.maximum(sample.access, floor)
    total = _deviation(y, sample.share)
    if group is None:
        return Theil(total)
    floored = read_sample(np.maximum(numbers("inequality", "access", access), floor), population_persons)
    shares, parts = _by_group(floored, group, _deviation)
    f, s = shares["people"], shares["access"]
    with np.errstate(divide="ignore"):
        between = max(0.0, float((f * np.log(f / s)).sum()))
    return Theil(total, between, float((f * parts).sum()), f, s)


def _theil(access: FloatArray, share: FloatArray) -> float:
    mean = share @ access
    if mean <= 0.0:
        return 0.0
    ratio = access / mean
    has = ratio > 0.0
    return max(0.0, float((share[has] * ratio[has] * np.log(ratio[has])).sum()))


def _deviation(access: FloatArray, share: FloatArray) -> float:
    if bool((access <= 0.0).any()):
        return math.inf
    return max(0.0, float((share * np.log((share @ access) / access)).sum()))


def _by_group(
    sample: Sample, group: ArrayLike, measure: Callable[[FloatArray, FloatArray], float]
) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Shares of people and access by group, and the measure within each."""
    label = pd.Series(np.asarray(group, dtype=object).ravel()).infer_objects()
    if len(label) != sample.n_total:
        raise ContractError("inequality", [f"group: {len(label)} for {sample.n_total} values of access"])
    label = label[sample.kept].reset_index(drop=True)
    if bool(label.isna().any()):
        rows = np.flatnonzero(label.isna())
        raise ContractError(
            "inequality",
            [f"group: missing for {len(rows)} row(s) {first_of(rows)}; name a group, or leave the rows out"],
        )
    people, held, within = {}, {}, {}
    for name, members in label.groupby(label, sort=True).indices.items():
        f, y = sample.share[np.asarray(members)], sample.access[np.asarray(members)]
        people[name], held[name] = float(f.sum()), float(f @ y) / sample.mean
        within[name] = measure(y, f / f.sum())
    return pd.DataFrame({"people": people, "access": held}), pd.Series(within, dtype=np.float64)
