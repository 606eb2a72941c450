"""Segregation of a group over units, in people, with and without who lies beside whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from spatial.access.options import is_number, numbers, paired, shown, vector
from spatial.errors import ContractError, first_of, refuse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from spatial.arrays import FloatArray


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
    x, total = paired("segregation", x=(x, "units"), total=(total, "units"))
    group = vector("segregation", "x", x)
    everybody = vector("segregation", "total", total)
    if len(group) != len(everybody):
        raise ContractError("segregation", [f"total: {len(everybody)} for {len(group)} units"])
    problems = []
    for name, column in (("x", group), ("total", everybody)):
        wrong = np.flatnonzero((column < 0.0) | np.isinf(column))
        if len(wrong):
            problems.append(f"{name}: negative or infinite in {len(wrong)} unit(s) {first_of(wrong)}")
    above = np.flatnonzero(group > everybody * (1.0 + 1e-9))
    if len(above):
        problems.append(f"x: more people than the unit has in {len(above)} unit(s) {first_of(above)}")
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
