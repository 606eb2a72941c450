"""How many facilities lie within each cutoff: cumulative opportunities, one bounded search for all services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import csr_array

from spatial.access.places import take
from spatial.network import times_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network import Snaps, TravelGraph

__all__ = ["count_within"]

_BLOCK = 512
"""Places searched from at once; changes memory only."""


def count_within(  # noqa: PLR0913 - the two last are options of the study under their own names
    graph: TravelGraph,
    origins: Snaps,
    places: Snaps,
    offers: NDArray[np.bool_],
    *,
    cutoffs_min: Sequence[float],
    themselves: bool = False,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    barriers: gpd.GeoSeries | None = None,
) -> NDArray[np.float64]:
    """
    Count the places of each service within each cutoff of every settlement.

    One search for all services sets out from each settlement or from each place, whichever are fewer.
    """
    counts = np.zeros((len(offers), len(cutoffs_min), len(origins)))
    used = np.flatnonzero(offers.any(axis=0))
    offered = offers.T.astype(np.float64)
    if not cutoffs_min:
        return counts
    searched = min(len(origins), len(used))
    for start in range(0, searched, _BLOCK):
        part = np.arange(start, min(start + _BLOCK, searched))
        rows, block = (part, used) if len(origins) <= len(used) else (np.arange(len(origins)), used[part])
        i, j, minutes = _pairs(
            graph, (take(origins, rows), take(places, block)), max(cutoffs_min), direction, barriers
        )
        i, j = rows[i], block[j]
        if themselves:
            i, j, minutes = _with_self(i, j, minutes, np.intersect1d(rows, block))
        for c, cutoff in enumerate(cutoffs_min):
            near = minutes <= cutoff
            shape = (len(origins), len(places))
            counts[:, c] += (csr_array((np.ones(near.sum()), (i[near], j[near])), shape=shape) @ offered).T
    return counts


def _pairs(
    graph: TravelGraph,
    both: tuple[Snaps, Snaps],
    limit_min: float,
    direction: Literal["to_facility", "from_facility"],
    barriers: gpd.GeoSeries | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    origins, goals = both
    if direction == "to_facility":
        i, j, minutes, _ = times_matrix(graph, origins, goals, cutoff_min=limit_min, direct_barriers=barriers)
    else:
        j, i, minutes, _ = times_matrix(graph, goals, origins, cutoff_min=limit_min, direct_barriers=barriers)
    return i, j, minutes


def _with_self(
    i: NDArray[np.int64], j: NDArray[np.int64], minutes: NDArray[np.float64], own: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    others = i != j
    return (
        np.concatenate((i[others], own)),
        np.concatenate((j[others], own)),
        np.concatenate((minutes[others], np.zeros(len(own)))),
    )
