"""Floating catchments on bare numbers: weights of pairs, people of places, supply of facilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial.access.measures.kernels_catchment import count_pairs, sum_pairs

__all__ = ["CatchmentSums", "FcaMethod", "Links", "catchment_sums", "crowding"]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
FcaMethod: TypeAlias = Literal["2sfca", "e2sfca", "3sfca", "m2sfca", "bfca"]


@dataclass(frozen=True, eq=False)
class Links:
    """
    Pairs of n places and m facilities, by position; no pair twice.

    Parameters
    ----------
    origin, destination : ndarray of int64, shape (pairs,)
        Positions of place and facility. Fastest where pairs of a place stand together.
    shape : tuple of int
        n and m.
    """

    origin: IntArray
    destination: IntArray
    shape: tuple[int, int]

    def to_facilities(self, weight: FloatArray, of_place: FloatArray, power: int = 1) -> FloatArray:
        """
        Sum what places have at the facilities of their pairs.

        Parameters
        ----------
        weight : ndarray of float64, shape (pairs,)
            Weights W.
        of_place : ndarray of float64, shape (n,)
            What each place has.
        power : int
            1 to weigh by W, 2 by its square.

        Returns
        -------
        ndarray of float64, shape (m,)
            Sums.
        """
        return np.asarray(sum_pairs(self.destination, self.origin, weight, of_place, self.shape[1], power))

    def to_places(self, weight: FloatArray, of_facility: FloatArray, power: int = 1) -> FloatArray:
        """
        Sum what facilities have at the places of their pairs.

        Parameters
        ----------
        weight : ndarray of float64, shape (pairs,)
            Weights W.
        of_facility : ndarray of float64, shape (m,)
            What each facility has.
        power : int
            1 to weigh by W, 2 by its square.

        Returns
        -------
        ndarray of float64, shape (n,)
            Sums.
        """
        return np.asarray(sum_pairs(self.origin, self.destination, weight, of_facility, self.shape[0], power))

    def reached(self, weight: FloatArray) -> IntArray:
        """
        Count the facilities that each place reaches.

        Parameters
        ----------
        weight : ndarray of float64, shape (pairs,)
            Weights W; pairs with one above 0 count.

        Returns
        -------
        ndarray of int64, shape (n,)
            Counts.
        """
        return np.asarray(count_pairs(self.origin, weight, self.shape[0]))


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


def catchment_sums(
    links: Links,
    weight: FloatArray,
    demand: FloatArray,
    supply: FloatArray,
    *,
    method: FcaMethod,
    choice_weight: FloatArray | None = None,
) -> CatchmentSums:
    """
    Divide the supply of facilities among the people in their catchments.

    Parameters
    ----------
    links : Links
        Pairs.
    weight : ndarray of float64, shape (pairs,)
        What the facility of each pair is worth to its place, 0 or more.
    demand : ndarray of float64, shape (n,)
        People P of each place.
    supply : ndarray of float64, shape (m,)
        Supply S of each facility.
    method : {'2sfca', 'e2sfca', '3sfca', 'm2sfca', 'bfca'}
        As in `floating_catchment_area`.
    choice_weight : ndarray of float64, shape (pairs,), optional
        For 3SFCA: among which weights a place chooses, where not among those of its catchment.

    Returns
    -------
    CatchmentSums
        Demand, ratio and access.

    Examples
    --------
    Two places of 100 people at one facility with 10 beds: 20 people a bed.

    >>> links = Links(np.array([0, 1]), np.array([0, 0]), (2, 1))
    >>> people, beds = np.array([100.0, 100.0]), np.array([10.0])
    >>> catchment_sums(links, np.ones(2), people, beds, method="2sfca").access.tolist()
    [0.05, 0.05]
    """
    n, m = links.shape
    if method == "bfca":
        # Each person goes somewhere once, and each unit of supply is handed out once.
        asked = links.to_facilities(weight, demand * _inverse(links.to_places(weight, np.ones(m))))
        level = _over(supply, asked)
        shared = level * _inverse(links.to_facilities(weight, np.ones(n)))
        return CatchmentSums(asked, level, links.to_places(weight, shared))
    if method == "3sfca":
        chosen = _inverse(links.to_places(weight if choice_weight is None else choice_weight, np.ones(m)))
        asked = links.to_facilities(weight, demand * chosen, power=2)
        ratio = _over(supply, asked)
        return CatchmentSums(asked, ratio, chosen * links.to_places(weight, ratio, power=2))
    asked = links.to_facilities(weight, demand)
    ratio = _over(supply, asked)
    return CatchmentSums(asked, ratio, links.to_places(weight, ratio, power=2 if method == "m2sfca" else 1))


def crowding(links: Links, weight: FloatArray, demand: FloatArray, supply: FloatArray) -> FloatArray:
    """
    Count the people for each unit of supply at each facility: the inverted two-step catchment of Wang (2018).

    Parameters
    ----------
    links : Links
        Pairs.
    weight : ndarray of float64, shape (pairs,)
        What the facility of each pair is worth to its place, 0 or more.
    demand : ndarray of float64, shape (n,)
        People P of each place.
    supply : ndarray of float64, shape (m,)
        Supply S of each facility.

    Returns
    -------
    ndarray of float64, shape (m,)
        ``C_j = sum_i P_i W_ij / sum_l S_l W_il``. A place within reach of no supply crowds nothing.
    """
    return links.to_facilities(weight, _over(demand, links.to_places(weight, supply)))


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide; 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def _inverse(values: FloatArray) -> FloatArray:
    return _over(np.ones_like(values), values)
