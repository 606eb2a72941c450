"""Metres to the nearest facility by the shortest way, which need not be the fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from spatial.access.trials.paired import easier_walk, minutes_to_closest

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network import Snaps, TravelGraph

__all__ = ["shortest_metres"]

METRES_A_KM = 1000.0
KM_A_MINUTE = 60.0
"""Speed of walks, in km/h, at which a minute is a kilometre."""


def shortest_metres(
    graph: TravelGraph,
    snaps: tuple[Snaps, Snaps],
    *,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    barriers: gpd.GeoSeries | None = None,
) -> NDArray[np.float64]:
    """
    Find the metres of the shortest way to any of some places.

    Returns one value an origin; inf where there is no way. Never more than the length of the fastest way.
    """
    km = graph.length_m / METRES_A_KM
    in_km = graph.with_minutes(
        np.where(np.isfinite(graph.forward_min), km, np.inf),
        np.where(np.isfinite(graph.backward_min), km, np.inf),
        speed_km_h=graph.speed_km_h,
    )
    origins, goals = (easier_walk(side, walk_km_h=KM_A_MINUTE, detour=side.detour) for side in snaps)
    return METRES_A_KM * minutes_to_closest(in_km, (origins, goals), direction=direction, barriers=barriers)
