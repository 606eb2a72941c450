"""The gap between town and country, their official class, and what borders of administration cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.access.options import is_number, is_unknown, paired, shown, vector
from spatial.access.summaries import weighted_quantile
from spatial.errors import ContractError, first_of, refuse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from spatial.arrays import BoolArray, FloatArray, ObjectArray


# The gap between town and country: medians that survive unreachable places, and the coverage of both.


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
    kind: Literal["time", "good"],
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
    value = vector("gap", "values", values)
    people = vector("gap", "population_persons", population_persons)
    label = read_classes("gap", official_class, len(value))
    if not is_number(threshold, least=-math.inf) and not is_unknown(threshold):
        raise ContractError("gap", [f"threshold: must be a number, is {shown(threshold)}"])
    if kind not in ("time", "good"):
        raise ContractError("gap", [f"kind: is {kind!r}, must be time or good"])
    if len(value) != len(people):
        raise ContractError("gap", [f"values, population_persons: {len(value)}, {len(people)} rows"])
    if bool(np.isinf(people).any()):
        raise ContractError("gap", ["population_persons: infinite; give people, or NaN where unknown"])
    problems = [*_negative("values", value), *_negative("population_persons", people)]
    if problems:
        raise ContractError("gap", problems[:1])
    known = ~np.isnan(value) & ~np.isnan(people)
    sides = [known & (label == name) for name in ("urban", "rural")]
    medians = [weighted_quantile(value[side], people[side], 0.5) for side in sides]
    better = value <= threshold if kind == "time" else value >= threshold
    covered = [_share(better[side], people[side], threshold) for side in sides]
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


def _negative(name: str, values: FloatArray) -> list[str]:
    wrong = np.flatnonzero(values < 0.0)
    return [f"{name}: negative in {len(wrong)} row(s) {first_of(wrong)}"] if len(wrong) else []


def _share(those: BoolArray, people: FloatArray, threshold: float = 0.0) -> float:
    """Share of the people who are those within a threshold; NaN where there are none, or no threshold."""
    total = float(people.sum())
    return float(people[those].sum()) / total if total > 0.0 and not math.isnan(threshold) else math.nan


def _ratio(part: float, whole: float) -> float:
    if math.isnan(part) or math.isnan(whole) or (part == whole and (part == 0.0 or math.isinf(part))):
        return math.nan
    if math.isinf(part) or math.isinf(whole):
        return 0.0
    return part / whole if whole > 0.0 else math.inf


# What borders of administration cost: the way to the nearest facility anywhere, and in one's own unit.

ROUNDING_MIN = 1e-9
"""Times that differ by no more, in minutes, are the same: sums of the same edges in another order differ so."""


@dataclass(frozen=True)
class BorderEffect:
    """
    What it costs people to be kept to their own unit.

    Parameters
    ----------
    effect_min : ndarray of float64
        Extra minutes of each place, 0 or more; inf where only other units have a facility in reach; NaN where a time
        is unknown or there is no way at all.
    mean_min : float
        Mean of a person over finite effects; NaN where nobody has one.
    cross_share : float
        Share of people whose nearest facility lies in another unit.
    captive_share : float
        Share of people who reach a facility only across the border.
    coverage_open, coverage_closed, coverage_loss : float
        Shares of people within the threshold, and their difference; NaN without a threshold.
    score : float
        ``1 - coverage_loss / coverage_open``; NaN where nobody is covered.
    time_ratio : float
        Closed by open, of mean times of people who have both; 1 where there is no border effect.
    gain_persons : float
        People who would come within the threshold were the border open.
    population_persons : float
        People whose times are known.
    """

    effect_min: FloatArray
    mean_min: float
    cross_share: float
    captive_share: float
    coverage_open: float
    coverage_closed: float
    coverage_loss: float
    score: float
    time_ratio: float
    gain_persons: float
    population_persons: float


def border_effect(
    time_open_min: ArrayLike,
    time_closed_min: ArrayLike,
    population_persons: ArrayLike,
    *,
    threshold_min: float = math.nan,
) -> BorderEffect:
    """
    Compare times to the nearest facility anywhere with times to the nearest that one's own unit has.

    Parameters
    ----------
    time_open_min, time_closed_min : array_like
        One a place, minutes; inf = unreachable, NaN = unknown. Closed is never below open.
        Times that differ by 1e-9 minutes or less count as the same.
    population_persons : array_like
        One a place, 0 or more; NaN = unknown: left out.
    threshold_min : float
        Minutes within which a place is covered, inclusive.

    Returns
    -------
    BorderEffect
        By place, and for all people.

    Raises
    ------
    ContractError
        For lengths that differ, negative numbers, or a closed time below the open one.

    Examples
    --------
    >>> effect = border_effect([10, 15, 20], [40, 15, 20], [100, 200, 150], threshold_min=30)
    >>> round(effect.mean_min, 4), effect.coverage_open, round(effect.coverage_closed, 4)
    (6.6667, 1.0, 0.7778)
    """
    time_open_min, time_closed_min, population_persons = paired(
        "border",
        time_open_min=(time_open_min, "places"),
        time_closed_min=(time_closed_min, "places"),
        population_persons=(population_persons, "places"),
    )
    free = vector("border", "time_open_min", time_open_min)
    kept = vector("border", "time_closed_min", time_closed_min)
    people = vector("border", "population_persons", population_persons)
    if not is_number(threshold_min, least=0.0) and not is_unknown(threshold_min):
        raise ContractError("border", [f"threshold_min: must be 0 or more, is {shown(threshold_min)}"])
    if not len(free) == len(kept) == len(people):
        told = f"{len(free)}, {len(kept)}, {len(people)} rows"
        raise ContractError("border", [f"time_open_min, time_closed_min, population_persons: {told}"])
    problems = [
        *_negative("time_open_min", free),
        *_negative("time_closed_min", kept),
        *_negative("population_persons", people),
    ]
    shorter = np.flatnonzero(kept < free - ROUNDING_MIN)
    if len(shorter):
        problems.append(
            f"time_closed_min: below time_open_min in {len(shorter)} row(s) {first_of(shorter)}; a closed border "
            "cannot shorten a way"
        )
    if bool(np.isinf(people).any()):
        problems.append("population_persons: infinite")
    refuse("border", problems)
    kept = np.where(np.isclose(kept, free, rtol=0.0, atol=ROUNDING_MIN), free, kept)
    known = ~np.isnan(free) & ~np.isnan(kept) & ~np.isnan(people)
    effect = np.full(len(free), np.nan)
    reached = known & np.isfinite(free)
    effect[reached] = kept[reached] - free[reached]
    weight = np.where(known, people, 0.0)
    total = float(weight.sum())
    both = reached & np.isfinite(kept)
    coverage_open = _share(free <= threshold_min, weight, threshold_min)
    coverage_closed = _share(kept <= threshold_min, weight, threshold_min)
    loss = coverage_open - coverage_closed
    mean_open, mean_closed = _mean(free[both], weight[both]), _mean(kept[both], weight[both])
    if mean_open > 0.0:
        time_ratio = mean_closed / mean_open
    else:
        time_ratio = 1.0 if mean_open == mean_closed else math.inf if mean_closed > 0.0 else math.nan
    return BorderEffect(
        effect_min=effect,
        mean_min=_mean(effect[both], weight[both]),
        cross_share=_share(reached & (kept > free), weight),
        captive_share=_share(reached & np.isinf(kept), weight),
        coverage_open=coverage_open,
        coverage_closed=coverage_closed,
        coverage_loss=loss,
        score=1.0 - loss / coverage_open if coverage_open > 0.0 else math.nan,
        time_ratio=time_ratio,
        gain_persons=loss * total,
        population_persons=total,
    )


def _mean(values: FloatArray, weight: FloatArray) -> float:
    total = float(weight.sum())
    return float(values @ weight) / total if total > 0.0 else math.nan


CLASSES = ("urban", "rural")


def read_classes(table: str, official_class: ArrayLike, places: int) -> ObjectArray:
    """
    Read the class of each place: ``urban``, ``rural`` or an empty text.

    >>> read_classes("flows", ["urban", None], 2).tolist()
    ['urban', '']
    """
    label = np.array(np.asarray(official_class, dtype=object).ravel(), dtype=object)
    if len(label) != places:
        raise ContractError(table, [f"official_class: {len(label)} for {places} places"])
    refuse(table, class_problems(label))
    label[pd.isna(label)] = ""
    return label


def class_problems(label: ObjectArray) -> list[str]:
    """Name words that are no class, and how many rows have them."""
    strange = ~pd.isna(label) & ~np.isin(label.astype(str), [*CLASSES, ""])
    if not strange.any():
        return []
    words = sorted({str(word) for word in label[strange]})
    told = f"official_class: {first_of(words)} in {int(strange.sum())} row(s) is neither urban nor rural"
    return [f"{told}; write one of the two, or nothing where it is not known"]
