"""The gap between town and country: medians that survive unreachable places, and the coverage of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.access import weighted_quantile
from spatial.access.labels import paired
from spatial.access.options import is_number, is_unknown, numbers, shown
from spatial.errors import ContractError, first_of
from spatial.integration.classes import read_classes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GroupGap", "urban_rural_gap"]

Kind = Literal["time", "good"]


@dataclass(frozen=True)
class GroupGap:
    """
    How far apart town and country are on one measure.

    Parameters
    ----------
    urban_median, rural_median : float
        Of persons; inf where half of them or more reach nothing; NaN where a group has nobody.
    ratio : float
        Country against town, 1 = equal: rural by urban for a good, urban by rural for a time. 0 where one of the two
        is infinite; NaN where a group is empty, or both are 0 or infinite.
    score : float
        The ratio, at most 1.
    difference : float
        How much worse off the country is, in the unit of the values; below 0 where it is better off.
    urban_coverage, rural_coverage : float
        Shares of people within the threshold, inclusive; NaN without a threshold.
    coverage_gap : float
        Urban less rural coverage.
    urban_persons, rural_persons : float
        People whose value is known.
    unknown_persons : float
        People whose value or class is not.
    """

    urban_median: float
    rural_median: float
    ratio: float
    score: float
    difference: float
    urban_coverage: float
    rural_coverage: float
    coverage_gap: float
    urban_persons: float
    rural_persons: float
    unknown_persons: float


def urban_rural_gap(
    values: ArrayLike,
    population_persons: ArrayLike,
    official_class: ArrayLike,
    *,
    kind: Kind,
    threshold: float = math.nan,
) -> GroupGap:
    """
    Compare town and country on one measure.

    Parameters
    ----------
    values : array_like
        One a place: minutes or metres (inf = unreachable), or a good. NaN = unknown.
    population_persons : array_like
        One a place, 0 or more. NaN = unknown.
    official_class : array_like of str
        One a place: ``urban``, ``rural``, or nothing where it is not known.
    kind : {'time', 'good'}
        Whether less is better, or more.
    threshold : float
        What counts as covered, inclusive.

    Returns
    -------
    GroupGap
        Medians, their ratio, coverages and the people behind them.

    Raises
    ------
    ContractError
        For lengths that differ, negative numbers, an unknown kind, or other words as classes.

    Examples
    --------
    >>> gap = urban_rural_gap([10, 40], [100, 100], ["urban", "rural"], kind="time", threshold=30)
    >>> gap.ratio, gap.difference, gap.coverage_gap
    (0.25, 30.0, 1.0)
    """
    values, population_persons, official_class = paired(
        "gap",
        values=(values, "places"),
        population_persons=(population_persons, "places"),
        official_class=(official_class, "places"),
    )
    value = np.atleast_1d(numbers("gap", "values", values)).ravel()
    people = np.atleast_1d(numbers("gap", "population_persons", population_persons)).ravel()
    label = read_classes("gap", official_class, len(value))
    if not is_number(threshold, least=-math.inf) and not is_unknown(threshold):
        raise ContractError("gap", [f"threshold: must be a number, is {shown(threshold)}"])
    _refuse(value, people, kind)
    known = ~np.isnan(value) & ~np.isnan(people)
    sides = [known & (label == name) for name in ("urban", "rural")]
    medians = [weighted_quantile(value[side], people[side], 0.5) for side in sides]
    better = value <= threshold if kind == "time" else value >= threshold
    covered = [
        _share(better[side], people[side]) if not math.isnan(threshold) else math.nan for side in sides
    ]
    urban, rural = medians
    ratio = _ratio(urban, rural) if kind == "time" else _ratio(rural, urban)
    both = math.isinf(urban) and math.isinf(rural)
    worse = math.nan if both else rural - urban if kind == "time" else urban - rural
    persons = [float(people[side].sum()) for side in sides]
    return GroupGap(
        urban_median=urban,
        rural_median=rural,
        ratio=ratio,
        score=min(1.0, ratio) if not math.isnan(ratio) else ratio,
        difference=worse,
        urban_coverage=covered[0],
        rural_coverage=covered[1],
        coverage_gap=covered[0] - covered[1],
        urban_persons=persons[0],
        rural_persons=persons[1],
        unknown_persons=max(0.0, float(np.nansum(people)) - sum(persons)),
    )


def _refuse(value: NDArray[np.float64], people: NDArray[np.float64], kind: str) -> None:
    if kind not in ("time", "good"):
        raise ContractError("gap", [f"kind: is {kind!r}, must be time or good"])
    if len(value) != len(people):
        raise ContractError("gap", [f"values, population_persons: {len(value)}, {len(people)} rows"])
    if bool(np.isinf(people).any()):
        raise ContractError("gap", ["population_persons: infinite; give people, or NaN where unknown"])
    for name, column in (("values", value), ("population_persons", people)):
        wrong = np.flatnonzero(column < 0.0)
        if len(wrong):
            raise ContractError("gap", [f"{name}: negative in {len(wrong)} row(s) {first_of(wrong)}"])


def _share(covered: NDArray[np.bool_], people: NDArray[np.float64]) -> float:
    total = float(people.sum())
    return float(people[covered].sum()) / total if total > 0.0 else math.nan


def _ratio(part: float, whole: float) -> float:
    if (
        math.isnan(part)
        or math.isnan(whole)
        or part == whole == 0.0
        or (math.isinf(part) and math.isinf(whole))
    ):
        return math.nan
    if math.isinf(part) or math.isinf(whole):
        return 0.0
    return part / whole if whole > 0.0 else math.inf
