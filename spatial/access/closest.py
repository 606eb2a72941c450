"""The nearest destination of every settlement for one service: times, legs and the reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from sys import float_info
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import cKDTree

from spatial.access.places import take
from spatial.network import nearest

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network import Nearest, Snaps, TravelGraph

__all__ = ["Closest", "closest"]


@dataclass(frozen=True, eq=False)
class Closest:
    """The two nearest destinations of n settlements. Whatever lies beyond the longest time counts as none."""

    destination: NDArray[np.int64]  # shape (n, 2), positions among the places that serve; -1 for none
    time_min: NDArray[np.float64]  # shape (n, 2), minutes door to door; NaN for none
    # shape (n, 3), walk to the network, on it, and from it, on the way to the nearest; NaN for none
    legs_min: NDArray[np.float64]
    # shape (n,), along the way to the nearest, both walks included; NaN for none
    distance_m: NDArray[np.float64]
    # shape (n,), to the nearest as the crow flies, which may be another one; NaN where no place serves
    straight_m: NDArray[np.float64]
    status: NDArray[np.object_]  # shape (n,), values of `reach_status`
    # shape (n,), minutes to the nearest without a longest time; inf where there is no way
    any_time_min: NDArray[np.float64]
    is_self: NDArray[np.bool_]  # shape (n,), where the settlement itself serves, in 0 minutes
    found: Nearest | None  # for the routes; None where no place serves


def closest(  # noqa: PLR0913 - the two last are options of the study under their own names
    graph: TravelGraph,
    origins: Snaps,
    places: Snaps,
    members: NDArray[np.int64],
    *,
    themselves: bool = False,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    max_time_min: float = np.inf,
    barriers: gpd.GeoSeries | None = None,
) -> Closest:
    """Find the two nearest of the places that offer one service."""
    n, limit = len(origins), min(max_time_min, float_info.max)  # inf is no way, which is within nothing
    is_self = np.zeros(n, dtype=bool)
    if len(members) == 0:
        return _none(n)
    if themselves:
        is_self[members] = True
    found = nearest(graph, origins, take(places, members), k=2, direction=direction, direct_barriers=barriers)
    destination = np.where(found.destination >= 0, members[found.destination], -1)
    time = found.travel_time_min.copy()
    legs = np.column_stack(
        (found.access_leg_min[:, 0], found.network_leg_min[:, 0], found.egress_leg_min[:, 0])
    )
    distance = found.network_distance_m[:, 0].copy()
    # A settlement that serves is its own nearest; the second is then the nearest of the others.
    own = np.flatnonzero(is_self)
    other = np.where(destination[own, 0] == own, 1, 0)
    destination[own, 1], time[own, 1] = destination[own, other], time[own, other]
    destination[own, 0], time[own, 0], legs[own], distance[own] = own, 0.0, 0.0, 0.0
    any_time = time[:, 0].copy()
    beyond = ~(time <= limit)
    destination[beyond], time[beyond] = -1, np.nan
    legs[beyond[:, 0]], distance[beyond[:, 0]] = np.nan, np.nan
    status = _status(any_time, limit, origins)
    return Closest(
        destination,
        time,
        legs,
        distance,
        _straight(origins, places, members),
        status,
        any_time,
        is_self,
        found,
    )


def _status(time: NDArray[np.float64], max_time_min: float, origins: Snaps) -> NDArray[np.object_]:
    status = np.full(len(time), "no_path", dtype=object)
    status[origins.status != "ok"] = "not_snapped"
    status[np.isfinite(time)] = "beyond_cutoff"
    status[time <= max_time_min] = "reached"
    return status


def _straight(origins: Snaps, places: Snaps, members: NDArray[np.int64]) -> NDArray[np.float64]:
    tree = cKDTree(np.column_stack((places.x[members], places.y[members])))
    return np.asarray(tree.query(np.column_stack((origins.x, origins.y)))[0])


def _none(n: int) -> Closest:
    return Closest(
        destination=np.full((n, 2), -1, dtype=np.int64),
        time_min=np.full((n, 2), np.nan),
        legs_min=np.full((n, 3), np.nan),
        distance_m=np.full(n, np.nan),
        straight_m=np.full(n, np.nan),
        status=np.full(n, "no_facility", dtype=object),
        any_time_min=np.full(n, np.inf),
        is_self=np.zeros(n, dtype=bool),
        found=None,
    )
