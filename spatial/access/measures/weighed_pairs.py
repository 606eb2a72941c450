"""Sums over weighed pairs: of places at their facilities, and of facilities at their places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spatial.access.measures.kernels_catchment import WORD, ends_passed, sum_at_cells, sum_at_places
from spatial.compiled import read_only

if TYPE_CHECKING:
    from spatial.access.measures.decay import Decay
    from spatial.access.measures.links import Links

__all__ = ["PairsByWeight", "PairsByZone", "WeighedPairs", "weigh_pairs"]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

_FEW_CELLS = 65_536
"""So many cells of facility and zone are always few enough; more must be fewer than the pairs."""
_MOST_ZONES = 64
"""With more, zones take as much memory as weights do."""
_TOGETHER = 8 * WORD
"""Pairs that the kernels look at together; changes speed only."""


@dataclass(frozen=True, eq=False)
class WeighedPairs(ABC):
    """Pairs of n places and m facilities with weights W, and the people of the places."""

    links: Links  # pairs
    people: FloatArray  # shape (n,), people P of each place

    @abstractmethod
    def to_facilities(self, of_place: FloatArray, power: int = 1) -> FloatArray:
        """Sum what places have at the facilities of their pairs."""

    @abstractmethod
    def to_places(self, of_facility: FloatArray, power: int = 1) -> FloatArray:
        """Sum what facilities have at the places of their pairs."""

    @property
    @abstractmethod
    def inside(self) -> NDArray[np.bool_]:
        """Whether each pair has a weight above 0, shape (pairs,)."""

    @property
    def people_at_facilities(self) -> FloatArray:
        """Sums of the people of places, weighed, at the facilities of their pairs, shape (m,)."""
        return self.to_facilities(self.people)

    @property
    def facilities_reached(self) -> IntArray:
        """How many facilities each place reaches with a weight above 0, shape (n,)."""
        return self.to_places(np.ones(self.links.shape[1]), power=0).astype(np.int64)

    @property
    def places_reached(self) -> IntArray:
        """How many places reach each facility with a weight above 0, shape (m,)."""
        return self.to_facilities(np.ones(self.links.shape[0]), power=0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class PairsByWeight(WeighedPairs):
    """Pairs that have a weight each."""

    weight: FloatArray  # shape (pairs,), 0 or more

    def to_facilities(self, of_place: FloatArray, power: int = 1) -> FloatArray:  # noqa: D102 - inherited
        return np.asarray(self._matrix(power).T @ of_place)

    def to_places(self, of_facility: FloatArray, power: int = 1) -> FloatArray:  # noqa: D102 - inherited
        return np.asarray(self._matrix(power) @ of_facility)

    @property
    def inside(self) -> NDArray[np.bool_]:  # noqa: D102 - inherited
        return self.weight > 0.0

    def _matrix(self, power: int) -> csr_array:
        weight = self.inside.astype(np.float64) if power == 0 else self.weight**power
        return csr_array((weight, self.links.destination, self.links.start), shape=self.links.shape)


@dataclass(frozen=True, eq=False)
class PairsByZone(WeighedPairs):
    """Pairs whose weights are those of a few zones of travel time: no weight is written out."""

    minutes: FloatArray  # shape (pairs,), 0 or more
    ends: FloatArray  # shape (zones - 1,), minutes up to which the zones reach, inclusive, ascending
    heights: FloatArray  # shape (zones,), weights of the zones, the one beyond the last end too

    def to_facilities(self, of_place: FloatArray, power: int = 1) -> FloatArray:  # noqa: D102 - inherited
        sums = np.zeros(self.links.shape[1] * len(self.heights))
        sum_at_cells(self._zoned, np.ascontiguousarray(of_place), np.empty(_TOGETHER, dtype=np.int32), sums)
        return np.asarray(sums.reshape(-1, len(self.heights)) @ self._powers(power))

    def to_places(self, of_facility: FloatArray, power: int = 1) -> FloatArray:  # noqa: D102 - inherited
        sums = np.empty(self.links.shape[0])
        worth = np.multiply.outer(of_facility, self._powers(power)).ravel()
        sum_at_places(self._zoned, worth, np.empty(_TOGETHER, dtype=np.int32), sums)
        return sums

    @property
    def inside(self) -> NDArray[np.bool_]:  # noqa: D102 - inherited
        return (self.heights > 0.0)[np.searchsorted(self.ends, self.minutes)]

    @cached_property
    def _zoned(self) -> tuple[IntArray, NDArray[np.int32], NDArray[np.uint64]]:
        """Tell which ends of zones each pair lies beyond."""
        passed = np.empty((len(self.ends), -(-len(self.minutes) // WORD)), dtype=np.uint64)
        ends_passed(read_only(self.minutes), np.ascontiguousarray(self.ends), passed)
        return self.links.start, self.links.destination, passed

    def _powers(self, power: int) -> FloatArray:
        return (self.heights > 0.0).astype(np.float64) if power == 0 else self.heights**power


def weigh_pairs(links: Links, minutes: FloatArray, people: FloatArray, decay: Decay) -> WeighedPairs:
    """
    Weigh pairs by their travel times.

    Examples
    --------
    >>> from spatial.access.measures.decays import decay_binary
    >>> from spatial.access.measures.links import Links
    >>> links = Links(np.array([0, 1, 2]), np.array([0, 0], dtype=np.int32), (2, 1))
    >>> pairs = weigh_pairs(links, np.array([5.0, 40.0]), np.array([100.0, 70.0]), decay_binary(30.0))
    >>> pairs.people_at_facilities.tolist(), pairs.facilities_reached.tolist()
    ([100.0], [1, 0])
    """
    zones = decay.zones()
    n_zones = np.inf if zones is None else len(zones[1])
    few = n_zones <= _MOST_ZONES and links.shape[1] * n_zones <= max(_FEW_CELLS, len(minutes))
    if zones is not None and few:
        return PairsByZone(links, people, minutes, *zones)
    return PairsByWeight(links, people, decay(minutes))
