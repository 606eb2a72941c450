"""Floating catchments on bare numbers: weights of pairs, people of places, supply of facilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spatial.access.measures.weighed_pairs import WeighedPairs

__all__ = ["CatchmentSums", "FcaMethod", "catchment_sums", "crowding"]

FloatArray: TypeAlias = NDArray[np.float64]
FcaMethod: TypeAlias = Literal["2sfca", "e2sfca", "3sfca", "m2sfca", "bfca"]


@dataclass(frozen=True, eq=False)
class CatchmentSums:
    """What floating catchments give, for n places and m facilities."""

    demand: FloatArray  # shape (m,), people in the catchment of each facility, weighted as the method says
    ratio: FloatArray  # shape (m,), supply over demand; 0 where demand is 0
    access: FloatArray  # shape (n,), the measure; 0 where nothing is reached


def catchment_sums(
    pairs: WeighedPairs, supply: FloatArray, *, method: FcaMethod, choice: WeighedPairs | None = None
) -> CatchmentSums:
    """
    Divide the supply of facilities among the people in their catchments.

    Examples
    --------
    Two places of 100 people at one facility with 10 beds: 20 people a bed.

    >>> from spatial.access.measures.decays import decay_binary
    >>> from spatial.access.measures.links import Links
    >>> from spatial.access.measures.weighed_pairs import weigh_pairs
    >>> links = Links(np.array([0, 1, 2]), np.array([0, 0], dtype=np.int32), (2, 1))
    >>> people, beds = np.array([100.0, 100.0]), np.array([10.0])
    >>> pairs = weigh_pairs(links, np.array([5.0, 25.0]), people, decay_binary(30.0))
    >>> catchment_sums(pairs, beds, method="2sfca").access.tolist()
    [0.05, 0.05]
    """
    n, m = pairs.links.shape
    if method == "bfca":
        # Each person goes somewhere once, and each unit of supply is handed out once.
        asked = pairs.to_facilities(pairs.people * _inverse(pairs.to_places(np.ones(m))))
        level = _over(supply, asked)
        return CatchmentSums(asked, level, pairs.to_places(level * _inverse(pairs.to_facilities(np.ones(n)))))
    if method == "3sfca":
        chosen = _inverse((pairs if choice is None else choice).to_places(np.ones(m)))
        asked = pairs.to_facilities(pairs.people * chosen, power=2)
        ratio = _over(supply, asked)
        return CatchmentSums(asked, ratio, chosen * pairs.to_places(ratio, power=2))
    asked = pairs.people_at_facilities
    ratio = _over(supply, asked)
    return CatchmentSums(asked, ratio, pairs.to_places(ratio, power=2 if method == "m2sfca" else 1))


def crowding(pairs: WeighedPairs, supply: FloatArray) -> FloatArray:
    """Count the people for each unit of supply at each facility: the inverted two-step catchment of Wang (2018)."""
    return pairs.to_facilities(_over(pairs.people, pairs.to_places(supply)))


def _over(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide; 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def _inverse(values: FloatArray) -> FloatArray:
    return _over(np.ones_like(values), values)
