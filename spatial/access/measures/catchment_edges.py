"""Where floating catchments lack the people beyond the study area, and so promise too much."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import shapely

from spatial.errors import ContractError, CrsError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatial.access.measures.od_pairs import Pairs
    from spatial.access.measures.weighed_pairs import WeighedPairs

__all__ = ["BufferRule", "MissingBuffer", "has_people_around", "near_edge"]

_log = logging.getLogger(__name__)

BufferRule: TypeAlias = Literal["detect", "none_needed"]
MissingBuffer: TypeAlias = Literal["flag", "refuse"]

HULL_RATIO = 0.3
"""How closely the hull follows the places: 0 as closely as it can, 1 the convex hull (shapely.concave_hull)."""


def has_people_around(settlements: pd.DataFrame, demand: NDArray[np.float64]) -> bool:
    """Tell whether people outside the study area are in the table."""
    if "in_study" not in settlements:
        return False
    return bool(demand[~settlements["in_study"].to_numpy(dtype=bool)].sum() > 0.0)


def near_edge(
    pairs: Pairs,
    weighed: WeighedPairs,
    *,
    buffer: BufferRule,
    on_missing_buffer: MissingBuffer,
) -> tuple[NDArray[np.bool_], bool]:
    """
    Flag the settlements whose measure may be too high because people beyond the edge are not in the table.

    Without people outside the study area, a facility is at risk where the edge of the places, the boundary of their
    concave hull, is no further from it than the furthest settlement in its catchment; a settlement is at risk where a
    facility of its catchment is. Without points every settlement that reaches a facility is at risk.
    """
    _check_options(buffer, on_missing_buffer)
    n = len(pairs.settlements)
    buffered = has_people_around(pairs.settlements, weighed.people)
    if buffered or buffer == "none_needed":
        return np.zeros(n, dtype=bool), buffered
    used = weighed.inside
    if not used.any():
        return np.zeros(n, dtype=bool), buffered
    if on_missing_buffer == "refuse":
        raise ContractError(
            "settlements",
            [
                "in_study: no people outside the study area; load a buffer, or give buffer='none_needed' for an island"
            ],
        )
    facility = _facilities_at_risk(pairs, used)
    at_risk = np.bincount(pairs.origin[used & facility[pairs.destination]], minlength=n) > 0
    _log.warning(
        "no people outside the study area are known: %s may look better than it is in %d of %d settlements, with %.0f "
        "people; see edge_risk",
        pairs.service,
        int(at_risk.sum()),
        n,
        weighed.people[at_risk].sum(),
    )
    return at_risk, buffered


def _check_options(buffer: str, on_missing_buffer: str) -> None:
    problems = []
    if buffer not in ("detect", "none_needed"):
        problems.append(f"buffer: must be 'detect' or 'none_needed', is {buffer!r}")
    if on_missing_buffer not in ("flag", "refuse"):
        problems.append(f"on_missing_buffer: must be 'flag' or 'refuse', is {on_missing_buffer!r}")
    if problems:
        raise ContractError("options", problems)


def _facilities_at_risk(pairs: Pairs, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    m = len(pairs.facilities)
    places, sites = _points(pairs.settlements), _points(pairs.facilities)
    if places is None or sites is None:
        return np.ones(m, dtype=bool)
    if getattr(pairs.settlements, "crs", None) != getattr(pairs.facilities, "crs", None):
        raise CrsError("settlements and facilities differ in their CRS; reproject with to_crs(...)")
    i, j = pairs.origin[used], pairs.destination[used]
    reach = np.zeros(m)
    np.maximum.at(reach, j, shapely.distance(places[i], sites[j]))
    known = places[~shapely.is_missing(places)]
    hull = shapely.concave_hull(shapely.multipoints(known), ratio=HULL_RATIO)
    edge = shapely.boundary(hull) if shapely.get_dimensions(hull) == 2 else hull
    beyond = ~np.asarray(shapely.intersects(hull, sites))
    return beyond | np.asarray(shapely.distance(edge, sites) <= reach)


def _points(frame: pd.DataFrame) -> NDArray[np.object_] | None:
    points = getattr(frame, "geometry", None)
    return None if points is None else np.asarray(points.to_numpy(), dtype=object)
