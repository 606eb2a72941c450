"""Whether elements flow both ways between town and country; potential flows beside them, which are never scored."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse

from spatial.access.od_pairs import require_columns
from spatial.access.options import is_number, numbers, paired, shown, vector, whole_number
from spatial.arrays import FloatArray, IntArray
from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.indices.groups import read_classes

# How much flows each way between town and country, and in and out of each place.

TOTALS = 2
"""A pair of totals: from the country to town, and back."""


@dataclass(frozen=True)
class FlowBalance:
    """
    Flows between town and country, both ways.

    Parameters
    ----------
    rural_to_urban, urban_to_rural : float
        Totals; NaN where nobody said which places are town and country.
    net_flow_ratio : float
        ``(F_ru - F_ur) / (F_ru + F_ur)``, -1 to 1: above 0 where the country is drained. NaN where nothing flows.
    balance : float
        One less its size, 0-1. Two tiny flows may balance: read it beside the volume.
    volume : float
        Both totals together.
    node_balance : ndarray of float64
        ``(in - out) / (in + out)`` of each place; NaN where nothing flows; empty for totals alone.
    """

    rural_to_urban: float
    urban_to_rural: float
    net_flow_ratio: float
    balance: float
    volume: float
    node_balance: FloatArray = field(default_factory=lambda: np.zeros(0))


def flow_balance(flows: Any, official_class: ArrayLike | None = None) -> FlowBalance:
    """
    Measure whether flows between town and country go both ways.

    Parameters
    ----------
    flows : array_like or sparse array
        Two totals, from the country to town and from town to the country, of people, parcels, money or calls; or a
        square matrix of flows from row to column. 0 or more; the diagonal does not count. Columns of a DataFrame are
        brought into the order of its rows, which must name the same places.
    official_class : array_like of str, optional
        For a matrix: ``urban`` or ``rural``, one a place, or nothing where it is not known; flows with such places are
        not between the two.

    Returns
    -------
    FlowBalance
        NaN where nothing was observed.

    Raises
    ------
    ContractError
        For flows that are negative, infinite or NaN, or of another shape, labels that do not fit (`paired`), and other
        words as classes.

    Examples
    --------
    >>> both = flow_balance([120, 30])
    >>> both.net_flow_ratio, both.balance, both.volume
    (0.6, 0.4, 150.0)
    """
    if not sparse.issparse(flows) and np.shape(flows) == (TOTALS,):
        given = numbers("flows", "flows", flows)
        _refuse(given, [str(at) for at in range(TOTALS)])
        return _between(float(given[0]), float(given[1]), np.zeros(0))
    flows, official_class = paired("flows", flows=(flows, "places places"), official_class=(official_class, "places"))
    matrix = read_flows(flows)
    out, into = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    both = out + into
    node = np.divide(into - out, both, out=np.full(len(both), np.nan), where=both > 0.0)
    if official_class is None:
        return FlowBalance(math.nan, math.nan, math.nan, math.nan, math.nan, node)
    label = read_classes("flows", official_class, len(both))
    urban, rural = (label == name for name in ("urban", "rural"))
    return _between(float(matrix[rural][:, urban].sum()), float(matrix[urban][:, rural].sum()), node)


def flow_matrix(flows: pd.DataFrame, settlement_ids: Sequence[str], *, kind: str | None = None) -> sparse.csr_array:
    """
    Turn a table of flows into a matrix.

    Parameters
    ----------
    flows : DataFrame
        `from_id`, `to_id`, `volume`, and `kind` where one is asked for; rows of the same pair are added up.
    settlement_ids : sequence of str
        The places, in the order of rows and columns.
    kind : str, optional
        Only flows of this kind, such as ``parcels``.

    Returns
    -------
    sparse.csr_array, (places, places)
        From row to column, without flows of a place to itself.

    Raises
    ------
    ContractError
        For missing columns, places that are not there or named twice, a kind that none has, and
        volumes that are negative or unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"from_id": ["a"], "to_id": ["b"], "volume": [5.0]})
    >>> flow_matrix(table, ["a", "b"]).toarray().tolist()
    [[0.0, 5.0], [0.0, 0.0]]
    """
    needed = ["from_id", "to_id", "volume", *(["kind"] if kind is not None else [])]
    require_columns("flows", flows, needed)
    chosen = flows if kind is None else flows[flows["kind"] == kind]
    if kind is not None and chosen.empty and len(flows):
        raise ContractError("flows", [f"kind: none is {kind!r}; there are {first_of(sorted(set(flows['kind'])))}"])
    twice = [name for name, count in Counter(map(str, settlement_ids)).items() if count > 1]
    refuse("flows", faults_at("settlement_ids: more than once", twice, "; name each place once"))
    place = {str(name): at for at, name in enumerate(settlement_ids)}
    ends = {side: chosen[side].astype(str) for side in ("from_id", "to_id")}
    unknown = sorted({name for side in ends.values() for name in side.unique() if name not in place})
    refuse("flows", faults_at("from_id, to_id: no settlement is called", unknown))
    volume = numbers("flows", "volume", chosen["volume"].to_numpy())
    _refuse(volume, [f"{a}->{b}" for a, b in zip(ends["from_id"], ends["to_id"], strict=True)])
    rows, columns = (ends[side].map(place).to_numpy(dtype=np.int64) for side in ("from_id", "to_id"))
    return read_flows(sparse.coo_array((volume, (rows, columns)), shape=(len(place), len(place))))


def read_flows(flows: Any) -> sparse.csr_array:
    """Read a matrix of flows."""
    (flows,) = paired("flows", flows=(flows, "places places"))
    given: Any = flows if sparse.issparse(flows) else np.atleast_2d(numbers("flows", "flows", flows))
    matrix = sparse.coo_array(given, dtype=np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ContractError("flows", [f"flows: is {matrix.shape}; give two totals or a square matrix"])
    _refuse(matrix.data, [f"{a},{b}" for a, b in zip(matrix.row, matrix.col, strict=True)])
    apart = matrix.row != matrix.col
    kept = (matrix.data[apart], (matrix.row[apart], matrix.col[apart]))
    return sparse.coo_array(kept, shape=matrix.shape).tocsr()


def _between(rural_to_urban: float, urban_to_rural: float, node: FloatArray) -> FlowBalance:
    volume = rural_to_urban + urban_to_rural
    net = (rural_to_urban - urban_to_rural) / volume if volume > 0.0 else math.nan
    return FlowBalance(rural_to_urban, urban_to_rural, net, 1.0 - abs(net), volume, node)


def _refuse(volume: FloatArray, names: Sequence[str]) -> None:
    wrong = np.flatnonzero(~np.isfinite(volume) | (volume < 0.0))
    told, where = f"volume: negative, infinite or unknown in {len(wrong)} flow(s)", (names[int(at)] for at in wrong)
    refuse("flows", faults_at(told, where, "; leave out what is unknown"))


# How much of what flows one way flows back (Garlaschelli and Loffredo 2004, Squartini et al. 2013).


@dataclass(frozen=True)
class Reciprocity:
    """
    Reciprocity of flows, beside what chance would give.

    Parameters
    ----------
    weighted : float
        ``sum min(w_ij, w_ji) / sum w_ij``, 0-1; NaN where nothing flows.
    weighted_null : float
        The same where each place sends and receives as much as it does, to and from all others in proportion.
    weighted_rho : float
        ``(weighted - null) / (1 - null)``: above 0 more than chance gives; NaN where the null is 1.
    binary : float
        Share of links that go both ways.
    density : float
        Links by pairs of places, which is what chance gives.
    binary_rho : float
        ``(binary - density) / (1 - density)``; NaN where all pairs are linked.
    links : int
        Pairs, one way each, with any flow.
    """

    weighted: float
    weighted_null: float
    weighted_rho: float
    binary: float
    density: float
    binary_rho: float
    links: int


def reciprocity(flows: Any, *, official_class: ArrayLike | None = None) -> Reciprocity:
    """
    Measure how much of what flows one way flows back.

    Parameters
    ----------
    flows : array_like or sparse array, (places, places)
        From row to column, 0 or more; the diagonal does not count.
    official_class : array_like of str, optional
        ``urban`` or ``rural``, one a place, or nothing where it is not known; with it only flows between town and
        country count.

    Returns
    -------
    Reciprocity
        Weighted and binary, each with its null model.

    Raises
    ------
    ContractError
        For flows that are negative, infinite or NaN, or of another shape, and for other words as classes.

    Notes
    -----
    The weighted null is ``w_ij = s_i^out s_j^in / W`` for i != j, which is an approximation and not the ensemble of
    Squartini et al.

    Examples
    --------
    >>> result = reciprocity([[0, 10, 0], [4, 0, 6], [2, 2, 0]])
    >>> result.weighted, result.binary, round(result.binary_rho, 6)
    (0.5, 0.8, -0.2)
    """
    flows, official_class = paired("flows", flows=(flows, "places places"), official_class=(official_class, "places"))
    matrix = read_flows(flows)
    n = matrix.shape[0]
    side = np.zeros(n, dtype=np.int64)
    pairs = n * (n - 1)
    if official_class is not None:
        label = read_classes("flows", official_class, n)
        side = (label == "urban").astype(np.int64) - (label == "rural").astype(np.int64)
        coo = matrix.tocoo()
        mixed = side[coo.row] * side[coo.col] < 0
        coo.data = np.where(mixed, coo.data, 0.0)
        matrix = coo.tocsr()
        pairs = 2 * int((side > 0).sum()) * int((side < 0).sum())
    matrix.eliminate_zeros()
    total = float(matrix.sum())
    weighted = float(matrix.minimum(matrix.T).sum()) / total if total > 0.0 else math.nan
    null = _null(matrix, side, total, mixed=official_class is not None)
    links = int(matrix.nnz)
    both = int((matrix.astype(bool).multiply(matrix.T.astype(bool))).sum())
    binary = both / links if links else math.nan
    density = links / pairs if pairs else math.nan
    return Reciprocity(weighted, null, _beyond(weighted, null), binary, density, _beyond(binary, density), links)


def _beyond(observed: float, chance: float) -> float:
    if math.isnan(observed) or math.isnan(chance) or chance >= 1.0 - 1e-12:
        return math.nan
    return (observed - chance) / (1.0 - chance)


def _null(matrix: Any, side: IntArray, total: float, *, mixed: bool) -> float:
    """Reciprocity of ``out_i in_j`` over the pairs that count, without making the matrix."""
    if not total > 0.0:
        return math.nan
    out, into = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    # Sum ``min(out_i in_j, out_j in_i)`` over ordered pairs: in this order ``out_i in_j`` is the less for i before j.
    order = np.argsort(np.arctan2(out, into), kind="stable")

    def later(values: FloatArray) -> FloatArray:
        return np.cumsum(values[order][::-1])[::-1] - values[order]

    if mixed:
        one, other = side > 0, side < 0
        expected = out[one].sum() * into[other].sum() + out[other].sum() * into[one].sum()
        pairs = float(((out * one)[order] * later(into * other)).sum())
        pairs += float(((out * other)[order] * later(into * one)).sum())
    else:
        expected = out.sum() * into.sum() - float(out @ into)
        pairs = float((out[order] * later(into)).sum())
    return float(2.0 * pairs / expected) if expected > 0.0 else math.nan


# Flows as distance and mass would have them: modelled, labelled as such, and never part of a score.


def radiation_flows(
    population_persons: ArrayLike, distance: ArrayLike, *, trips: ArrayLike | None = None, finite_size: bool = False
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
    mass = _masses("population_persons", population_persons)
    apart = np.atleast_2d(numbers("flows", "distance", distance))
    if apart.shape[0] != apart.shape[1] or bool(np.isnan(apart).any()) or bool((apart < 0.0).any()):
        raise ContractError("flows", ["distance: must be square, known and 0 or more"])
    leaving = mass if trips is None else _masses("trips", trips)
    for given in (mass, leaving):
        if len(given) != len(apart):
            raise ContractError("flows", [f"distance: is {apart.shape} for {len(given)} places"])
    flows = np.zeros(apart.shape)
    total = float(mass.sum())
    for i, m in enumerate(mass):
        if m == 0.0 or leaving[i] == 0.0:
            continue
        # People strictly nearer to i than each place is, without both.
        others = mass.copy()
        others[i] = 0.0
        order = np.argsort(apart[i], kind="stable")
        within = np.concatenate([[0.0], np.cumsum(others[order])])
        between = within[np.searchsorted(apart[i][order], apart[i], side="left")]
        reached = np.isfinite(apart[i])
        reached[i] = False
        n, s = mass[reached], between[reached]
        flows[i, reached] = leaving[i] * m * n / ((m + s) * (m + n + s))
        if finite_size and m < total:
            flows[i] /= 1.0 - m / total
    return flows


def gravity_flows(
    leaving: ArrayLike, arriving: ArrayLike, deterrence: ArrayLike, *, tolerance: float = 1e-9, max_rounds: int = 10_000
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
        told = f"tolerance, max_rounds: must be 0 or more, 1 or more, are {shown(tolerance)}, {shown(max_rounds)}"
        raise ContractError("flows", [told])
    origins, ends = _masses("leaving", leaving), _masses("arriving", arriving)
    pull = numbers("flows", "deterrence", deterrence)
    known = bool((np.isfinite(pull) & (pull >= 0.0)).all())
    if pull.shape != (len(origins), len(ends)) or not known:
        raise ContractError("flows", [f"deterrence: must be {len(origins)} by {len(ends)}, finite and 0 or more"])
    total = float(origins.sum())
    slack = tolerance * max(total, 1.0)
    if abs(total - float(ends.sum())) > slack:
        raise ContractError("flows", [f"leaving, arriving: sums differ, {total:g} and {float(ends.sum()):g}"])
    flows = pull.copy()
    for _round in range(max_rounds):
        for axis, wanted in ((1, origins), (0, ends)):
            now = flows.sum(axis=axis)
            factor = np.divide(wanted, now, out=np.zeros_like(wanted), where=now > 0.0)
            flows *= np.expand_dims(factor, axis)
        error = float(np.abs(flows.sum(axis=1) - origins).max(initial=0.0))
        if error <= slack and abs(float(flows.sum()) - total) <= slack:
            return flows
    told = f"deterrence: no flows have these totals, {max_rounds} rounds leave an error of {error:g}; some are cut off"
    raise ContractError("flows", [told])


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
            "flows", [f"time_min: must be above 0, known, and have {len(size)} columns; use a floor such as 1"]
        )
    if not is_number(exponent, least=0.0) or not 0.0 < exponent < np.inf:
        raise ContractError("flows", [f"exponent: must be finite and above 0, is {shown(exponent)}"])
    nearest = np.where(np.isfinite(time), time, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    pull = size * (np.where(np.isfinite(nearest), nearest, 1.0) / time) ** exponent
    total = pull.sum(axis=1, keepdims=True)
    shares: FloatArray = np.divide(pull, total, out=np.full(pull.shape, np.nan), where=total > 0.0)
    return shares


def _masses(name: str, values: ArrayLike) -> FloatArray:
    mass = vector("flows", name, values)
    wrong = np.flatnonzero(~np.isfinite(mass) | (mass < 0.0))
    refuse("flows", faults_at(f"{name}: negative or unknown in {len(wrong)} place(s)", wrong))
    return mass
