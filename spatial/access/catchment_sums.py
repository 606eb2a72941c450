"""Floating catchments on bare numbers: a sparse matrix of weights, people of places, supply of facilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

__all__ = ["CatchmentSums", "FcaMethod", "catchment_sums", "crowding", "weight_matrix"]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
FcaMethod: TypeAlias = Literal["2sfca", "e2sfca", "3sfca", "m2sfca", "bfca"]

if TYPE_CHECKING:
    Weights: TypeAlias = csr_array[np.float64, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class CatchmentSums:
    """
    What floating catchments give, for n places and m facilities.

    Parameters
    ----------
    demand : ndarray of float64, shape (m,)
        People in the catchment of each facility, weighted as the method says.
    ratio : ndarray of float64, shape (m,)
        Supply over demand; 0 where demand is 0.
    access : ndarray of float64, shape (n,)
        The measure; 0 where nothing is reached.
    """

    demand: FloatArray
    ratio: FloatArray
    access: FloatArray


def weight_matrix(
    origin: IntArray, destination: IntArray, weight: FloatArray, *, shape: tuple[int, int]
) -> Weights:
    """
    Arrange the weights of pairs as a sparse matrix, one row a place.

    Parameters
    ----------
    origin, destination : ndarray of int64, shape (pairs,)
        Positions of place and facility; no pair twice. Fastest where origins do not fall.
    weight : ndarray of float64, shape (pairs,)
        0 or more.
    shape : tuple of int
        Numbers of places and of facilities.

    Returns
    -------
    csr_array, shape (places, facilities)
        The weights.
    """
    if len(origin) and bool((origin[1:] >= origin[:-1]).all()):
        offsets = np.zeros(shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(origin, minlength=shape[0]), out=offsets[1:])
        return csr_array((weight, destination, offsets), shape=shape)
    return coo_array((weight, (origin, destination)), shape=shape).tocsr()


def catchment_sums(
    weights: Weights,
    demand: FloatArray,
    supply: FloatArray,
    *,
    method: FcaMethod,
    choice_weights: Weights | None = None,
) -> CatchmentSums:
    """
    Divide the supply of facilities among the people in their catchments.

    Parameters
    ----------
    weights : csr_array, shape (n, m)
        What a facility is worth to a place.
    demand : ndarray of float64, shape (n,)
        People P of each place.
    supply : ndarray of float64, shape (m,)
        Supply S of each facility.
    method : {'2sfca', 'e2sfca', '3sfca', 'm2sfca', 'bfca'}
        As in `floating_catchment_area`.
    choice_weights : csr_array, optional
        For 3SFCA: among which weights a place chooses, where not among those of its catchment.

    Returns
    -------
    CatchmentSums
        Demand, ratio and access.

    Examples
    --------
    Two places of 100 people at one facility with 10 beds: 20 people a bed.

    >>> whole = csr_array(np.ones((2, 1)))
    >>> catchment_sums(whole, np.array([100.0, 100.0]), np.array([10.0]), method="2sfca").access.tolist()
    [0.05, 0.05]
    """
    if method == "bfca":
        return _balanced(weights, demand, supply)
    if method == "3sfca":
        chosen = _row_sums(weights if choice_weights is None else choice_weights)
        weights = _with(weights, _over(weights.data**2, chosen[_rows(weights)]))
    asked = np.asarray(weights.T @ demand)
    ratio = _over(supply, asked)
    second = _with(weights, weights.data**2) if method == "m2sfca" else weights
    return CatchmentSums(asked, ratio, np.asarray(second @ ratio))


def _balanced(weights: Weights, demand: FloatArray, supply: FloatArray) -> CatchmentSums:
    """Each person goes somewhere once, and each unit of supply is handed out once."""
    of_place = _with(weights, _over(weights.data, _row_sums(weights)[_rows(weights)]))
    of_facility = _with(weights, _over(weights.data, np.asarray(weights.sum(axis=0))[weights.indices]))
    asked = np.asarray(of_place.T @ demand)
    level = _over(supply, asked)
    return CatchmentSums(asked, level, np.asarray(of_facility @ level))


def crowding(weights: Weights, demand: FloatArray, supply: FloatArray) -> FloatArray:
    """
    Count the people for each unit of supply at each facility: the inverted two-step catchment of Wang (2018).

    Parameters
    ----------
    weights : csr_array, shape (n, m)
        What a facility is worth to a place.
    demand : ndarray of float64, shape (n,)
        People P of each place.
    supply : ndarray of float64, shape (m,)
        Supply S of each facility.

    Returns
    -------
    ndarray of float64, shape (m,)
        ``C_j = sum_i P_i W_ij / sum_l S_l W_il``. A place within reach of no supply crowds nothing.
    """
    within = np.asarray(weights @ supply)
    return np.asarray(weights.T @ _over(demand, within))


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide; 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def _row_sums(weights: Weights) -> FloatArray:
    return np.asarray(weights.sum(axis=1))


def _rows(weights: Weights) -> IntArray:
    return np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))


def _with(weights: Weights, data: FloatArray) -> Weights:
    return csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
