"""Flows as distance and mass would have them: modelled, labelled as such, and never part of a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import is_number, numbers, shown, whole_number
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["gravity_flows", "huff_shares", "radiation_flows"]


def radiation_flows(
    population_persons: ArrayLike,
    distance: ArrayLike,
    *,
    trips: ArrayLike | None = None,
    finite_size: bool = False,
) -> FloatArray:
    """
    Model flows by the opportunities that lie nearer (Simini et al. 2012).

    Parameters
    ----------
    population_persons : array_like, (places,)
        0 or more.
    distance : array_like, (places, places)
        Minutes or metres from row to column; inf = unreachable, which nothing flows to.
    trips : array_like, optional
        Leaving each place; its people by default.
    finite_size : bool
        Whether to scale by ``1 / (1 - m_i / M)``, so that all trips find a place (Masucci et al. 2013).

    Returns
    -------
    ndarray of float64, (places, places)
        ``T_i m_i n_j / ((m_i + s_ij)(m_i + n_j + s_ij))`` with s = people strictly nearer to i than j is, without i
        and j. The diagonal is 0.

    Raises
    ------
    ContractError
        For numbers that are negative or NaN, or of another shape.

    Examples
    --------
    >>> flows = radiation_flows([100, 50, 20], [[0, 10, 20], [10, 0, 15], [20, 15, 0]])
    >>> flows.sum(axis=1).round(6).tolist()
    [41.176471, 35.294118, 17.647059]
    """
    population_persons, distance, trips = paired(
        "flows",
        population_persons=(population_persons, "places"),
        distance=(distance, "places places"),
        trips=(trips, "places"),
    )
    mass, apart = _masses("population_persons", population_persons), _distances(distance)
    _same_size(mass, apart)
    leaving = mass if trips is None else _masses("trips", trips)
    _same_size(leaving, apart)
    flows = np.zeros(apart.shape)
    total = float(mass.sum())
    for i, m in enumerate(mass):
        if m == 0.0 or leaving[i] == 0.0:
            continue
        between = _nearer(mass, apart[i], i)
        reached = np.isfinite(apart[i])
        reached[i] = False
        n, s = mass[reached], between[reached]
        flows[i, reached] = leaving[i] * m * n / ((m + s) * (m + n + s))
        if finite_size and m < total:
            flows[i] /= 1.0 - m / total
    return flows


def gravity_flows(
    leaving: ArrayLike,
    arriving: ArrayLike,
    deterrence: ArrayLike,
    *,
    tolerance: float = 1e-9,
    max_rounds: int = 10_000,
) -> FloatArray:
    """
    Model flows whose totals by origin and destination are known, in proportion to deterrence (Furness).

    Parameters
    ----------
    leaving, arriving : array_like, (places,)
        Totals by origin and by destination, 0 or more, with equal sums.
    deterrence : array_like, (places, places)
        0 or more: how the will to go falls from row to column, such as ``minutes ** -2``.
    tolerance : float
        Largest error of a total, as a share of all flows, at which to stop.
    max_rounds : int
        Of balancing rows and columns.

    Returns
    -------
    ndarray of float64, (places, places)
        Rows add up to `leaving`, columns to `arriving`.

    Raises
    ------
    ContractError
        For numbers that are negative or NaN, sums that differ, or totals that the deterrence does not allow.

    Examples
    --------
    >>> gravity_flows([10, 10], [10, 10], [[1, 1], [1, 1]]).tolist()
    [[5.0, 5.0], [5.0, 5.0]]
    """
    leaving, arriving, deterrence = paired(
        "flows",
        leaving=(leaving, "origins"),
        arriving=(arriving, "destinations"),
        deterrence=(deterrence, "origins destinations"),
    )
    if not is_number(tolerance, least=0.0) or not whole_number(max_rounds, least=1):
        raise ContractError(
            "flows",
            [
                f"tolerance, max_rounds: must be 0 or more, 1 or more, are {shown(tolerance)}, {shown(max_rounds)}"
            ],
        )
    origins, ends = _masses("leaving", leaving), _masses("arriving", arriving)
    pull = numbers("flows", "deterrence", deterrence)
    if (
        pull.shape != (len(origins), len(ends))
        or not bool(np.isfinite(pull).all())
        or bool((pull < 0.0).any())
    ):
        raise ContractError(
            "flows", [f"deterrence: must be {len(origins)} by {len(ends)}, finite and 0 or more"]
        )
    total = float(origins.sum())
    if abs(total - float(ends.sum())) > tolerance * max(total, 1.0):
        raise ContractError("flows", [f"leaving, arriving: sums differ, {total:g} and {float(ends.sum()):g}"])
    flows = pull.copy()
    for _round in range(max_rounds):
        for axis, wanted in ((1, origins), (0, ends)):
            now = flows.sum(axis=axis)
            factor = np.divide(wanted, now, out=np.zeros_like(wanted), where=now > 0.0)
            flows *= np.expand_dims(factor, axis)
        error = float(np.abs(flows.sum(axis=1) - origins).max(initial=0.0))
        if error <= tolerance * max(total, 1.0) and abs(float(flows.sum()) - total) <= tolerance * max(
            total, 1.0
        ):
            return flows
    raise ContractError(
        "flows",
        [
            f"deterrence: no flows have these totals, {max_rounds} rounds leave an error of {error:g}; some are cut off"
        ],
    )


def huff_shares(attraction: ArrayLike, time_min: ArrayLike, *, exponent: float) -> FloatArray:
    """
    Model who goes where by attraction and time: ``S_j t_ij^-b / sum_k S_k t_ik^-b`` (Huff 1963).

    Parameters
    ----------
    attraction : array_like, (destinations,)
        0 or more, such as beds.
    time_min : array_like, (origins, destinations)
        Above 0; inf = unreachable.
    exponent : float
        b, above 0: how fast the will to go falls with time.

    Returns
    -------
    ndarray of float64, (origins, destinations)
        Shares of each origin, which sum to 1; NaN where it reaches nothing.

    Raises
    ------
    ContractError
        For numbers that are negative or NaN, a time of 0, or another shape.

    Examples
    --------
    >>> huff_shares([10, 4], [[10, 20], [30, 10]], exponent=2).round(7).tolist()
    [[0.9090909, 0.0909091], [0.2173913, 0.7826087]]
    """
    attraction, time_min = paired(
        "flows", attraction=(attraction, "destinations"), time_min=(time_min, "origins destinations")
    )
    size = _masses("attraction", attraction)
    time = np.atleast_2d(numbers("flows", "time_min", time_min))
    if time.shape[1] != len(size) or bool(np.isnan(time).any()) or bool((time <= 0.0).any()):
        raise ContractError(
            "flows",
            [f"time_min: must be above 0, known, and have {len(size)} columns; use a floor such as 1"],
        )
    if not is_number(exponent, least=0.0) or not 0.0 < exponent < np.inf:
        raise ContractError("flows", [f"exponent: must be finite and above 0, is {shown(exponent)}"])
    nearest = np.where(np.isfinite(time), time, np.inf).min(axis=1, keepdims=True)
    pull = size * (np.where(np.isfinite(nearest), nearest, 1.0) / time) ** exponent
    total = pull.sum(axis=1, keepdims=True)
    shares: FloatArray = np.divide(pull, total, out=np.full(pull.shape, np.nan), where=total > 0.0)
    return shares


def _nearer(mass: FloatArray, apart: FloatArray, origin: int) -> FloatArray:
    """People strictly nearer to the origin than each place is, without both."""
    others = mass.copy()
    others[origin] = 0.0
    order = np.argsort(apart, kind="stable")
    within = np.concatenate([[0.0], np.cumsum(others[order])])
    return np.asarray(within[np.searchsorted(apart[order], apart, side="left")], dtype=np.float64)


def _masses(name: str, values: ArrayLike) -> FloatArray:
    mass = np.atleast_1d(numbers("flows", name, values)).ravel()
    wrong = np.flatnonzero(~np.isfinite(mass) | (mass < 0.0))
    if len(wrong):
        raise ContractError(
            "flows", [f"{name}: negative or unknown in {len(wrong)} place(s) {first_of(wrong)}"]
        )
    return mass


def _distances(distance: ArrayLike) -> FloatArray:
    apart = np.atleast_2d(numbers("flows", "distance", distance))
    if apart.shape[0] != apart.shape[1] or bool(np.isnan(apart).any()) or bool((apart < 0.0).any()):
        raise ContractError("flows", ["distance: must be square, known and 0 or more"])
    return apart


def _same_size(mass: FloatArray, apart: FloatArray) -> None:
    if len(mass) != len(apart):
        raise ContractError("flows", [f"distance: is {apart.shape} for {len(mass)} places"])
