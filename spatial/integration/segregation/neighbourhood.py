"""Segregation that knows where units lie: borders (Morrill 1991), environments (Reardon and O'Sullivan 2004)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from spatial.access.options import numbers
from spatial.errors import ContractError
from spatial.integration.segregation.evenness import dissimilarity_index, read_units

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["boundary_dissimilarity", "neighbour_weights", "smoothed_environments"]


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
    weights = neighbour_weights(neighbours, len(np.atleast_1d(np.asarray(total)))).tocoo()
    even = dissimilarity_index(x, total)
    if math.isnan(even):
        return math.nan
    group = np.asarray(x, dtype=np.float64).ravel()
    everybody = np.asarray(total, dtype=np.float64).ravel()
    known = ~np.isnan(group) & (everybody > 0.0)
    share = np.divide(group, everybody, out=np.full(len(group), np.nan), where=known)
    both = known[weights.row] & known[weights.col]
    c = weights.data[both]
    if not c.sum() > 0.0:
        return even
    return even - float(c @ np.abs(share[weights.row[both]] - share[weights.col[both]])) / float(c.sum())


def smoothed_environments(
    x: ArrayLike, total: ArrayLike, points: ArrayLike, *, bandwidth_m: float
) -> tuple[FloatArray, FloatArray]:
    """
    Replace each unit's people by those around it, the nearer the more (Reardon and O'Sullivan 2004).

    The result goes into `dissimilarity_index` or `information_index`, which then measure segregation at that scale.

    Parameters
    ----------
    x, total : array_like
        As in `dissimilarity_index`, one a unit.
    points : array_like, (units, 2)
        Easting and northing of each unit, metres.
    bandwidth_m : float
        Reach of the environment: weights fall as ``(1 - (d / bandwidth)^2)^2`` and end there.

    Returns
    -------
    tuple of ndarray
        Persons of the group and of all in each unit's environment, weighted so that all of them add up to the
        unit's own people: shares are the environment's, weights the unit's.

    Raises
    ------
    ContractError
        As `dissimilarity_index`, and for points or a bandwidth that are none.

    Examples
    --------
    >>> x, total = smoothed_environments([100, 0], [100, 100], [[0, 0], [1, 0]], bandwidth_m=1e6)
    >>> x.round(6).tolist(), total.tolist()
    ([50.0, 50.0], [100.0, 100.0])
    """
    place = np.asarray(points, dtype=np.float64)
    group, everybody = np.asarray(x, dtype=np.float64).ravel(), np.asarray(total, dtype=np.float64).ravel()
    read_units(group, everybody)
    if place.shape != (len(everybody), 2) or not bool(np.isfinite(place).all()):
        raise ContractError(
            "segregation", [f"points: give {len(everybody)} finite points of two metres each"]
        )
    if not 0.0 < bandwidth_m < math.inf:
        raise ContractError("segregation", [f"bandwidth_m: must be finite and above 0, is {bandwidth_m}"])
    known = ~np.isnan(group) & (everybody > 0.0)
    tree = KDTree(place[known])
    near = tree.sparse_distance_matrix(tree, bandwidth_m, output_type="coo_matrix")
    weight = (1.0 - (near.data / bandwidth_m) ** 2) ** 2
    kernel = sparse.coo_array((weight, (near.row, near.col)), shape=near.shape).tocsr()
    around, mine = np.asarray(kernel @ everybody[known]), np.asarray(kernel @ group[known])
    smoothed = np.full(len(group), np.nan)
    smoothed[known] = everybody[known] * mine / around
    return smoothed, everybody


def neighbour_weights(neighbours: sparse.sparray | ArrayLike, units: int) -> sparse.csr_array:
    """
    Read who is whose neighbour.

    Parameters
    ----------
    neighbours : sparse array, array_like, or PySAL weights, (units, units)
        0 or more; the diagonal does not count.
    units : int
        How many there are.

    Returns
    -------
    sparse.csr_array
        float64 without diagonal and without zeros.

    Raises
    ------
    ContractError
        For another shape, or numbers that are negative or not finite.
    """
    given: Any = getattr(neighbours, "sparse", neighbours)
    if not sparse.issparse(given):
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
