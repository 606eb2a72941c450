"""Whether good and bad access cluster in space: neighbours, Moran's I and its local form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import KDTree

from spatial.access.options import check_seed, is_number, numbers, paired, shown, vector, whole_number
from spatial.access.places import check_table, place_on
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError
from spatial.indices.groups import neighbour_weights
from spatial.network.graph import TravelGraph
from spatial.network.nearest import nearest
from spatial.outlines import require_shapes, shapes_of
from spatial.study.access import SnapRules

# Who is whose neighbour: units that touch, and the nearest places by travel time or in a straight line.

TOUCH_M = 1.0
"""Units no farther apart than this touch: outlines of one border are drawn twice and seldom meet exactly."""


def queen_contiguity(units: gpd.GeoSeries) -> sparse.csr_array:
    """
    Find the units that share a side or a corner.

    Parameters
    ----------
    units : GeoSeries of Polygon
        In a CRS of metres; missing and empty ones touch nothing.

    Returns
    -------
    sparse.csr_array, (units, units)
        1 where two are no farther apart than a metre, without diagonal; symmetric.

    Raises
    ------
    ContractError
        For units in degrees.

    Examples
    --------
    >>> import geopandas as gpd
    >>> row = gpd.GeoSeries([shapely.box(x, 0, x + 1000, 1000) for x in (0, 1000, 3000)], crs="EPSG:32648")
    >>> queen_contiguity(row).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    require_shapes("segregation", units, series_too=True)
    if units.crs is not None and units.crs.is_geographic:
        raise ContractError("segregation", ["units: are in degrees; project them to metres first"])
    shapes = shapes_of(units.geometry)
    size = (len(shapes), len(shapes))
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M)
    apart = one != other
    pairs = (one[apart], other[apart])
    return sparse.coo_array((np.ones(len(pairs[0])), pairs), shape=size).tocsr()


def nearest_in_line(points: ArrayLike, k: int) -> sparse.csr_array:
    """Find the nearest places in a straight line."""
    place = numbers("segregation", "points", points)
    n = len(place)
    # One more than asked for is looked at, since a place finds itself too, perhaps behind others on the same spot.
    look = min(k + 1, n)
    if k < 1 or n < 2:
        return sparse.csr_array((n, n), dtype=np.float64)
    found = np.asarray(KDTree(place).query(place, k=np.arange(1, look + 1))[1], dtype=np.int64)
    return _others(found, min(k, n - 1))


def travel_time_neighbours(
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    *,
    k: int = 8,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> sparse.csr_array:
    """
    Find the nearest other settlements by travel time, door to door.

    Parameters
    ----------
    graph : TravelGraph
        The network; times are from each settlement to the others.
    settlements : GeoDataFrame of Point
        With `settlement_id`, in the CRS of the graph.
    k : int
        How many different settlements, those on the same spot among them; fewer where fewer are reached.
    rules : SnapRules, optional
        How settlements are joined to the network.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    sparse.csr_array, (settlements, settlements)
        1 from a settlement to each of its neighbours, in the order given. A settlement is not its own neighbour; one
        that reaches nobody has none. Of equally near ones the lower id counts.

    Raises
    ------
    ContractError
        Where settlements have no ids or points, or k is below 1.
    NetworkError
        Where there is no network to be joined to.
    """
    if k < 1:
        raise ContractError("segregation", [f"k: must be 1 or more, is {k}"])
    check_table(settlements, "settlements")
    n = len(settlements)
    if n < 2:
        return sparse.csr_array((n, n), dtype=np.float64)
    placed = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    # One more, since a settlement finds itself too, be it after others: it walks to the network and back.
    found = nearest(graph, placed.snaps, placed.snaps, k=min(k + 1, n), direct_barriers=barriers)
    order = pd.Index(settlements["settlement_id"]).get_indexer(pd.Index(placed.ids))
    near = _others(found.destination, min(k, n - 1)).tocoo()
    pairs = (order[near.row], order[near.col])
    return sparse.coo_array((near.data, pairs), shape=near.shape).tocsr()


def _others(found: IntArray, k: int) -> sparse.csr_array:
    """Take the first k of each row that are not the row itself, -1 being none."""
    n = len(found)
    other = (found >= 0) & (found != np.arange(n)[:, None])
    other &= np.cumsum(other, axis=1) <= k
    row, slot = np.nonzero(other)
    return sparse.coo_array((np.ones(len(row)), (row, found[row, slot])), shape=(n, n)).tocsr()


# Whether good and bad access cluster in space: Moran's I and its local form (Moran 1950, Anselin 1995).

TOLERANCE = 1e-12
"""Slack of "at least as far from what chance gives", against rounding."""


@dataclass(frozen=True)
class MoransI:
    """
    Global spatial autocorrelation.

    Parameters
    ----------
    value : float
        Moran's I; NaN where access is the same everywhere or nobody has a neighbour.
    expected : float
        What chance gives, ``-1 / (n - 1)``.
    p_value : float
        Two-sided, from permutations: ``(k + 1) / (m + 1)`` with k = draws as far from what chance gives.
    n_valid, n_nan, n_isolated : int
        Places that count; of unknown access; without neighbours, which do not count.
    """

    value: float
    expected: float
    p_value: float
    n_valid: int
    n_nan: int
    n_isolated: int


@dataclass(frozen=True)
class LocalClusters:
    """
    Local spatial autocorrelation.

    Parameters
    ----------
    value : ndarray of float64
        Local Moran's I of each place; NaN where it does not count.
    p_value : ndarray of float64
        Two-sided, from permutations.
    cluster : ndarray of str
        ``good`` (good access among good), ``bad`` (bad among bad), ``bad_among_good``, ``good_among_bad``,
        ``none`` (not significant after the correction), ``unknown`` (no access or no neighbours known).
    counts : ndarray of bool
        Whether its access is known and that of a neighbour too.
    """

    value: FloatArray
    p_value: FloatArray
    cluster: NDArray[np.str_]
    counts: BoolArray


def morans_i(
    access: ArrayLike,
    neighbours: sparse.sparray | ArrayLike,
    *,
    row_standardised: bool = True,
    draws: int = 999,
    seed: int = 0,
) -> MoransI:
    """
    Measure whether places of alike access lie together.

    Parameters
    ----------
    access : array_like
        A good, one a place. NaN = unknown: left out.
    neighbours : sparse array or array_like, (places, places)
        Above 0 where two are neighbours.
    row_standardised : bool
        Whether each place's neighbours weigh one together.
    draws : int
        Permutations for the p-value; 0 for none.
    seed : int
        Of the permutations.

    Returns
    -------
    MoransI
        With the places that count.

    Raises
    ------
    ContractError
        For access that is infinite, weights of another shape, or draws below 0.

    Examples
    --------
    >>> line = np.eye(4, k=1) + np.eye(4, k=-1)
    >>> round(morans_i([1, 2, 3, 4], line, row_standardised=False).value, 6)
    0.333333
    """
    check_seed(seed)
    z, weights, kept = _centred(access, neighbours, row_standardised=row_standardised, draws=draws)
    n, unknown = len(z), int(np.isnan(numbers("segregation", "access", access)).sum())
    isolated = len(kept) - unknown - n
    squares = float(z @ z)
    if n < 2 or not squares > 0.0:
        return MoransI(math.nan, math.nan, math.nan, n, unknown, isolated)
    scale = n / float(weights.sum())
    observed = scale * float(z @ (weights @ z)) / squares
    expected = -1.0 / (n - 1)
    if draws == 0:
        return MoransI(observed, expected, math.nan, n, unknown, isolated)
    generator = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for at in range(draws):
        mixed = generator.permutation(z)
        drawn[at] = scale * float(mixed @ (weights @ mixed)) / squares
    extreme = int((np.abs(drawn - expected) >= abs(observed - expected) - TOLERANCE).sum())
    return MoransI(observed, expected, (extreme + 1) / (draws + 1), n, unknown, isolated)


def local_clusters(
    access: ArrayLike,
    neighbours: sparse.sparray | ArrayLike,
    *,
    draws: int = 999,
    seed: int = 0,
    false_discovery_rate: float = 0.05,
) -> LocalClusters:
    """
    Find where good access lies among good, and bad among bad.

    Parameters
    ----------
    access : array_like
        A good, one a place, so that high is good; for minutes give their scores. NaN = unknown.
    neighbours : sparse array or array_like, (places, places)
        Above 0 where two are neighbours; each place's weigh one together.
    draws : int
        Conditional permutations for the p-values, at least 1.
    seed : int
        Of the permutations.
    false_discovery_rate : float
        Expected share of wrong clusters among those named (Benjamini and Hochberg 1995).

    Returns
    -------
    LocalClusters
        One value a place, as given.

    Raises
    ------
    ContractError
        For access that is infinite, weights of another shape, or options out of range.

    Examples
    --------
    >>> halves = local_clusters([1, 1, 0, 0], np.eye(4, k=1) + np.eye(4, k=-1))
    >>> halves.value.round(6).tolist()
    [1.0, 0.0, -0.0, 1.0]
    """
    check_seed(seed)
    rate = is_number(false_discovery_rate, least=0.0) and 0.0 < false_discovery_rate < 1.0
    if not whole_number(draws, least=1) or not rate:
        raise ContractError("segregation", ["draws: must be 1 or more; false_discovery_rate: must lie between 0 and 1"])
    z, weights, kept = _centred(access, neighbours, row_standardised=True, draws=draws)
    value, p_value = np.full(len(kept), np.nan), np.full(len(kept), np.nan)
    cluster = np.full(len(kept), "unknown", dtype="<U14")
    squares = float(z @ z)
    if squares > 0.0:
        z = z / math.sqrt(squares / len(z))
        lag = weights @ z
        # Two-sided p-values: each place keeps its own access, its neighbours' are drawn from the others.
        n = len(z)
        counts = np.diff(weights.indptr)
        rows = np.repeat(np.arange(n), counts)
        place = np.arange(len(rows)) - np.repeat(weights.indptr[:-1], counts)
        generator = np.random.default_rng(seed)
        most = int(counts.max())
        expected = -z / (n - 1)
        distance = np.abs(lag - expected) - TOLERANCE
        extreme = np.zeros(n, dtype=np.int64)
        for _draw in range(draws):
            others = generator.choice(n - 1, size=most, replace=False)[place]
            others = others + (others >= rows)
            sampled = np.bincount(rows, weights=weights.data * z[others], minlength=n)
            extreme += np.abs(sampled - expected) >= distance
        conditional = np.asarray((extreme + 1.0) / (draws + 1.0), dtype=np.float64)
        value[kept], p_value[kept] = z * lag, conditional
        # Largest p-value that is named, so that at most this share of names is wrong.
        ordered = np.sort(p_value[kept])
        passed = np.flatnonzero(ordered <= false_discovery_rate * np.arange(1, len(ordered) + 1) / len(ordered))
        named = p_value[kept] <= (float(ordered[passed[-1]]) if len(passed) else -1.0)
        words = np.where(
            z >= 0.0, np.where(lag >= 0.0, "good", "good_among_bad"), np.where(lag >= 0.0, "bad_among_good", "bad")
        )
        cluster[kept] = np.where(named, words, "none")
    return LocalClusters(value, p_value, cluster, kept)


def _centred(
    access: ArrayLike, neighbours: sparse.sparray | ArrayLike, *, row_standardised: bool, draws: int
) -> tuple[FloatArray, sparse.csr_array, BoolArray]:
    """Access less its mean and the weights, of places that are known and have known neighbours."""
    access, neighbours = paired("segregation", access=(access, "places"), neighbours=(neighbours, "places places"))
    value = vector("segregation", "access", access)
    if bool(np.isinf(value).any()):
        raise ContractError("segregation", ["access: infinite; make scores of 0-1 of times first"])
    if not whole_number(draws, least=0):
        raise ContractError("segregation", [f"draws: must be 0 or more, a whole number, is {shown(draws)}"])
    weights = neighbour_weights(neighbours, len(value))
    kept, before = ~np.isnan(value), -1
    while int(kept.sum()) != before:
        # A place that goes may have been the only neighbour of another, where neighbours are not mutual.
        before = int(kept.sum())
        kept &= np.asarray(weights[:, kept].sum(axis=1)).ravel() > 0.0
    weights = weights[kept][:, kept]
    if row_standardised and weights.shape[0]:
        sums = np.asarray(weights.sum(axis=1)).ravel()
        weights.data = weights.data / np.repeat(sums, np.diff(weights.indptr))
    chosen = value[kept]
    if len(chosen) and float(np.ptp(chosen)) == 0.0:
        return np.zeros(len(chosen)), weights, kept
    return chosen - (chosen.mean() if len(chosen) else 0.0), weights, kept
