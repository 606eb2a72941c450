"""Groups of people: gaps between them, and segregation of one over units, with and without who lies beside whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.spatial import KDTree

from spatial.access.cumulative import weighted_quantile
from spatial.access.options import is_number, is_unknown, numbers, paired, shown, vector, vectors
from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.errors import ContractError, faults_at, first_of, refuse

# The gap between town and country: medians that survive unreachable places, and the coverage of both.


@dataclass(frozen=True)
class GroupGap:
    """
    How far apart town and country are on one measure.

    Parameters
    ----------
    urban_median, rural_median : float
        Of persons; inf where more than half of them reach nothing; NaN where a group has nobody.
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
    return faults_at(f"{name}: negative in {len(wrong)} row(s)", wrong)


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
    times = {"time_open_min": time_open_min, "time_closed_min": time_closed_min}
    free, kept, people = vectors("border", "places", **times, population_persons=population_persons)
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
    told = f"time_closed_min: below time_open_min in {len(shorter)} row(s)"
    problems += faults_at(told, shorter, "; a closed border cannot shorten a way")
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
    """Read the class of each place: ``urban``, ``rural`` or an empty text."""
    label = np.array(np.asarray(official_class, dtype=object).ravel(), dtype=object)
    if len(label) != places:
        raise ContractError(table, [f"official_class: {len(label)} for {places} places"])
    refuse(table, class_problems(label))
    label[pd.isna(label)] = ""
    return label


def class_problems(label: ObjectArray) -> list[str]:
    """Name words that are no class, and how many rows have them."""
    told = np.array([str(word) for word in label], dtype=object)
    strange = ~pd.isna(label) & ~np.isin(told, [*CLASSES, ""])
    if not strange.any():
        return []
    words = sorted(set(told[strange]))
    fault = f"official_class: {first_of(words)} in {int(strange.sum())} row(s) is neither urban nor rural"
    return [f"{fault}; write one of the two, or nothing where it is not known"]


# Segregation of a group over units, in people: dissimilarity, information, isolation, exposure, correlation ratio.


def dissimilarity_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure the share of the group that would have to move for an even spread (Duncan and Duncan 1955).

    Parameters
    ----------
    x : array_like
        Persons of the group, one a unit, such as those beyond a target. NaN = unknown: the unit is left out.
    total : array_like
        All persons of the unit, at least as many; units of nobody are left out.

    Returns
    -------
    float
        ``0.5 sum |x_i / X - y_i / Y|`` with y = the others: 0 even, 1 apart; NaN where one of the two groups is empty,
        for which segregation has no meaning.

    Raises
    ------
    ContractError
        For numbers that are negative or infinite, groups larger than their unit, or lengths that differ.

    Examples
    --------
    >>> dissimilarity_index([80, 60, 20, 0], [100, 100, 100, 100])
    0.625
    """
    x, t = read_units(x, total)
    if math.isnan(_two_groups(x, t)):
        return math.nan
    y = t - x
    return float(0.5 * np.abs(x / x.sum() - y / y.sum()).sum())


def information_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure how much less mixed the units are than the whole: Theil's H (Reardon and Firebaugh 2002).

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        ``sum t_i (E - E_i) / (E T)``, E = entropy of the two groups: 0-1; NaN where one of them is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> round(information_index([80, 60, 20, 0], [100, 100, 100, 100]), 7)
    0.3782364
    """
    x, t = read_units(x, total)
    overall = _two_groups(x, t)
    if math.isnan(overall):
        return math.nan
    entropy = binary_entropy(np.array([overall]))[0]
    return float((t @ (entropy - binary_entropy(x / t))) / (entropy * t.sum()))


def isolation_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure how many of their own the group's people meet in their units: xPx.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        ``sum (x_i / X)(x_i / t_i)``, 0-1; NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> isolation_index([80, 60, 20, 0], [100, 100, 100, 100])
    0.65
    """
    x, t = read_units(x, total)
    return float((x / x.sum()) @ (x / t)) if not math.isnan(_two_groups(x, t)) else math.nan


def exposure_index(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure how many of the others the group's people meet in their units: xPy, one less isolation.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        ``sum (x_i / X)(y_i / t_i)``, 0-1; NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> exposure_index([80, 60, 20, 0], [100, 100, 100, 100])
    0.35
    """
    x, t = read_units(x, total)
    return float((x / x.sum()) @ ((t - x) / t)) if not math.isnan(_two_groups(x, t)) else math.nan


def correlation_ratio(x: ArrayLike, total: ArrayLike) -> float:
    """
    Measure isolation beyond what an even spread would give: eta squared, ``(xPx - P) / (1 - P)``.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`.

    Returns
    -------
    float
        0-1; NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`.

    Examples
    --------
    >>> round(correlation_ratio([80, 60, 20, 0], [100, 100, 100, 100]), 7)
    0.4166667
    """
    x, t = read_units(x, total)
    overall = _two_groups(x, t)
    if math.isnan(overall):
        return math.nan
    return float(((x / x.sum()) @ (x / t) - overall) / (1.0 - overall))


def read_units(x: ArrayLike, total: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Read a group and all persons by unit, of units with people whose numbers are known."""
    group, everybody = vectors("segregation", "units", x=x, total=total)
    if len(group) != len(everybody):
        raise ContractError("segregation", [f"total: {len(everybody)} for {len(group)} units"])
    problems = []
    for name, column in (("x", group), ("total", everybody)):
        wrong = np.flatnonzero((column < 0.0) | np.isinf(column))
        problems += faults_at(f"{name}: negative or infinite in {len(wrong)} unit(s)", wrong)
    above = np.flatnonzero(group > everybody * (1.0 + 1e-9))
    problems += faults_at(f"x: more people than the unit has in {len(above)} unit(s)", above)
    refuse("segregation", problems)
    kept = ~np.isnan(group) & (everybody > 0.0)
    return np.minimum(group[kept], everybody[kept]), everybody[kept]


def binary_entropy(share: FloatArray) -> FloatArray:
    """Measure how mixed two groups are."""
    terms = np.zeros_like(share)
    for part in (share, 1.0 - share):
        some = part > 0.0
        terms[some] -= part[some] * np.log(part[some])
    return terms


def _two_groups(x: FloatArray, t: FloatArray) -> float:
    """Share of the group in all; NaN where either group is empty."""
    mine, others = float(x.sum()), float((t - x).sum())
    return mine / (mine + others) if mine > 0.0 and others > 0.0 else math.nan


# Segregation that knows where units lie: borders (Morrill 1991), environments (Reardon and O'Sullivan 2004).

BLOCK = 4096
"""Units whose surroundings are looked at together; bounds the memory and changes nothing else."""


@dataclass(frozen=True)
class EnvironmentSegregation:
    """
    Segregation of people by their surroundings.

    Parameters
    ----------
    dissimilarity : float
        0 where all surroundings are alike, D of the units where nobody sees beyond his own.
    information : float
        0 where all surroundings are alike, H of the units where nobody sees beyond his own; below 0 where surroundings
        are more mixed than the people are, which they can be.
    """

    dissimilarity: float
    information: float


def boundary_dissimilarity(x: ArrayLike, total: ArrayLike, neighbours: sparse.sparray | ArrayLike) -> float:
    """
    Lower dissimilarity by how much units mix with their neighbours (Morrill 1991).

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`, one a unit.
    neighbours : sparse array or array_like, (units, units)
        Above 0 where two units are neighbours, such as 1 or the length of their border.

    Returns
    -------
    float
        ``D - sum c_ij |z_i - z_j| / sum c_ij`` with z = share of the group; it can fall below 0. NaN where one of the
        two groups is empty; D itself where no two units are neighbours.

    Raises
    ------
    ContractError
        As `dissimilarity_index`, and for weights that are negative or of another shape.

    Examples
    --------
    >>> line = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> round(boundary_dissimilarity([80, 60, 20, 0], [100, 100, 100, 100], line), 7)
    0.3583333
    """
    x, total, neighbours = paired(
        "segregation", x=(x, "units"), total=(total, "units"), neighbours=(neighbours, "units units")
    )
    everybody = vector("segregation", "total", total)
    weights = neighbour_weights(neighbours, len(everybody)).tocoo()
    even = dissimilarity_index(x, total)
    if math.isnan(even):
        return math.nan
    group = vector("segregation", "x", x)
    known = ~np.isnan(group) & (everybody > 0.0)
    share = np.divide(group, everybody, out=np.full(len(group), np.nan), where=known)
    both = known[weights.row] & known[weights.col]
    c = weights.data[both]
    if not c.sum() > 0.0:
        return even
    return even - float(c @ np.abs(share[weights.row[both]] - share[weights.col[both]])) / float(c.sum())


def environment_segregation(
    x: ArrayLike, total: ArrayLike, points: ArrayLike, *, bandwidth_m: float
) -> EnvironmentSegregation:
    """
    Measure how the surroundings of people differ from the whole (Reardon and O'Sullivan 2004).

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`, one a unit.
    points : array_like, (units, 2)
        Easting and northing of each unit, metres.
    bandwidth_m : float
        Reach of the surroundings: weights fall as ``(1 - (d / bandwidth)^2)^2`` and end there.

    Returns
    -------
    EnvironmentSegregation
        With ``p_i`` = share of the group around unit i and ``P`` = its share in all people: dissimilarity
        ``sum t_i |p_i - P| / (2 T P (1 - P))`` and information ``1 - sum t_i E(p_i) / (T E(P))`` with
        ``E(p) = -p ln p - (1 - p) ln(1 - p)``. NaN where one of the two groups is empty.

    Raises
    ------
    ContractError
        As `dissimilarity_index`, and for points or a bandwidth that are none.

    Examples
    --------
    >>> apart = environment_segregation([100, 0], [100, 100], [[0, 0], [9, 0]], bandwidth_m=5)
    >>> apart.dissimilarity, apart.information
    (1.0, 1.0)
    """
    x, total, points = paired(
        "segregation", x=(x, "units"), total=(total, "units"), points=(points, "units coordinates")
    )
    group, everybody = vector("segregation", "x", x), vector("segregation", "total", total)
    place = numbers("segregation", "points", points)
    read_units(group, everybody)
    if place.shape != (len(everybody), 2) or not bool(np.isfinite(place).all()):
        raise ContractError("segregation", [f"points: give {len(everybody)} finite points of two metres each"])
    if not is_number(bandwidth_m, least=0.0) or not 0.0 < bandwidth_m < math.inf:
        raise ContractError("segregation", [f"bandwidth_m: must be finite and above 0, is {shown(bandwidth_m)}"])
    known = ~np.isnan(group) & (everybody > 0.0)
    group_known, people = np.minimum(group[known], everybody[known]), everybody[known]
    tree, share = KDTree(place[known]), np.empty(len(people))
    for start in range(0, len(people), BLOCK):
        part = KDTree(place[known][start : start + BLOCK])
        near = part.sparse_distance_matrix(tree, bandwidth_m, output_type="coo_matrix")
        weight = (1.0 - (near.data / bandwidth_m) ** 2) ** 2
        kernel = sparse.coo_array((weight, (near.row, near.col)), shape=near.shape).tocsr()
        share[start : start + BLOCK] = np.asarray(kernel @ group_known) / np.asarray(kernel @ people)
    everyone, mine = float(people.sum()), float(group[known].sum())
    if not 0.0 < mine < everyone:
        return EnvironmentSegregation(math.nan, math.nan)
    overall = mine / everyone
    apart = float(people @ np.abs(share - overall)) / (2.0 * everyone * overall * (1.0 - overall))
    mixed = float(people @ binary_entropy(share)) / everyone
    return EnvironmentSegregation(apart, 1.0 - mixed / float(binary_entropy(np.array([overall]))[0]))


def neighbour_weights(neighbours: sparse.sparray | ArrayLike, units: int) -> sparse.csr_array:
    """Read who is whose neighbour."""
    given: Any = getattr(neighbours, "sparse", neighbours)
    if not sparse.issparse(given):
        (given,) = paired("segregation", neighbours=(given, "units units"))
        given = np.atleast_2d(numbers("segregation", "neighbours", given))
    weights = sparse.coo_array(given, dtype=np.float64)
    if weights.shape != (units, units):
        raise ContractError(
            "segregation", [f"neighbours: is {weights.shape}, must be {units} by {units}, as many as units"]
        )
    if not bool(np.isfinite(weights.data).all()) or bool((weights.data < 0.0).any()):
        raise ContractError("segregation", ["neighbours: weights must be finite and 0 or more"])
    apart = (weights.row != weights.col) & (weights.data > 0.0)
    return sparse.coo_array(
        (weights.data[apart], (weights.row[apart], weights.col[apart])), shape=weights.shape
    ).tocsr()
