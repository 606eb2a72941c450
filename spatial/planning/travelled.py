"""How much of each road a way goes along: the first and the last edge only as far as they are used."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["travelled_m"]

_ON_ROAD_M = 1e-3
"""A door nearer to its road than this stands on it, and has no walk."""


def travelled_m(
    way: shapely.LineString, edges: Sequence[shapely.LineString], lengths_m: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """
    Measure how far a way goes along each of its edges.

    Of the first and of the last edge either end may be the one that the way passes. Of the four pairs the one is
    right whose sum is the length of the way without its two walks, whatever the edges join.

    Examples
    --------
    >>> road = shapely.LineString([(0, 0), (1320, 0)])
    >>> way = shapely.LineString([(100, 9), (100, 0), (273, 0), (273, 5)])
    >>> travelled_m(way, [road], [1320.0]).round(3).tolist()
    [173.0]
    """
    whole = np.asarray(lengths_m, dtype=np.float64)
    if not len(whole):
        return whole
    drawn = shapely.length(np.array(edges, dtype=object))
    points = [shapely.Point(place) for place in shapely.get_coordinates(way)]
    feet = [_foot(points[0], points[1], edges[0]), _foot(points[-1], points[-2], edges[-1])]
    on_roads = way.length - sum(walk for _, walk in feet)
    used = drawn.copy()
    if len(whole) == 1:
        used[0] = on_roads
    else:
        at = [edge.project(foot) for edge, (foot, _) in zip((edges[0], edges[-1]), feet, strict=True)]
        ways_out = [(part, length - part) for part, length in zip(at, drawn[[0, -1]], strict=True)]
        rest = on_roads - drawn[1:-1].sum()
        used[[0, -1]] = min(itertools.product(*ways_out), key=lambda pair: abs(sum(pair) - rest))
    share = np.divide(used, drawn, out=np.ones(len(whole)), where=drawn > 0.0)
    travelled: npt.NDArray[np.float64] = whole * share.clip(0.0, 1.0)
    return travelled


def _foot(door: shapely.Point, after: shapely.Point, edge: shapely.LineString) -> tuple[shapely.Point, float]:
    """Find where a way meets its road, and the length of the walk to it; `after` is its point next to the door."""
    if edge.distance(door) <= _ON_ROAD_M:
        return door, 0.0
    return after, float(door.distance(after))
