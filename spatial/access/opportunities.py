"""How many facilities lie within each cutoff: cumulative opportunities, one bounded search a facility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.access.places import take
from spatial.network import times_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network import Snaps, TravelGraph

__all__ = ["count_within"]

_BLOCK = 512
"""Facilities searched from at once; changes memory only."""


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

    Each place is searched from once, whatever the number of services that it offers.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    origins : Snaps
        n settlements.
    places : Snaps
        m places.
    offers : ndarray of bool, shape (services, m)
        Which place offers which service.
    cutoffs_min : sequence of float
        Minutes, inclusive.
    themselves : bool
        Whether places and settlements are the same: each then counts itself at 0 minutes.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    barriers : GeoSeries, optional
        What no direct walk may touch.

    Returns
    -------
    ndarray of float64, shape (services, cutoffs, n)
        Whole numbers; 0 where nothing is within reach, and for a settlement that no road joins.
    """
    counts = np.zeros((len(offers), len(cutoffs_min), len(origins)))
    used = np.flatnonzero(offers.any(axis=0))
    if not cutoffs_min:
        return counts
    limit = max(cutoffs_min)
    for start in range(0, len(used), _BLOCK):
        block = used[start : start + _BLOCK]
        goals = take(places, block)
        if direction == "to_facility":
            i, j, minutes, _ = times_matrix(graph, origins, goals, cutoff_min=limit, direct_barriers=barriers)
        else:
            j, i, minutes, _ = times_matrix(graph, goals, origins, cutoff_min=limit, direct_barriers=barriers)
        if themselves:
            i, j, minutes = _with_self(i, j, minutes, block)
        _add(counts, i, offers[:, block[j]], minutes, cutoffs_min)
    return counts


def _with_self(
    i: NDArray[np.int64], j: NDArray[np.int64], minutes: NDArray[np.float64], block: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    others = i != block[j]
    return (
        np.concatenate((i[others], block)),
        np.concatenate((j[others], np.arange(len(block)))),
        np.concatenate((minutes[others], np.zeros(len(block)))),
    )


def _add(
    counts: NDArray[np.float64],
    origin: NDArray[np.int64],
    offered: NDArray[np.bool_],
    minutes: NDArray[np.float64],
    cutoffs_min: Sequence[float],
) -> None:
    for c, cutoff in enumerate(cutoffs_min):
        within = minutes <= cutoff
        for s, offer in enumerate(offered):
            counts[s, c] += np.bincount(origin[offer & within], minlength=counts.shape[2])
