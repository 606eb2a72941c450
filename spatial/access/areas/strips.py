"""Strips along roads that a grid is too coarse for, so that no road within reach lies outside its ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.access.areas.shapes import inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["strip_along"]

_SHORT = 1.0 / 8.0
"""Roads outside their ground for less than this stay there, unless all of them are; in cells."""
_VERGE = 1.0 / 16.0
"""Half the width of a strip, in cells."""


def strip_along(own: shapely.Geometry, pieces: NDArray[np.float64], cell_m: float) -> shapely.Geometry:
    """
    Lay a strip along the roads that lie outside their ground.

    Returns an eighth of a cell wide; empty where no road lies outside for more than an eighth of a cell.
    Where there is no ground at all, every road has one.
    """
    corners = np.stack((pieces[:, :2], (pieces[:, :2] + pieces[:, 2:]) / 2.0, pieces[:, 2:]), axis=1)
    held = inside(own, *corners.reshape(-1, 2).T).reshape(-1, 3).all(axis=1)
    outside = shapely.difference(shapely.linestrings(pieces[~held].reshape(-1, 2, 2)), own)
    joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.get_parts(outside))))
    shortest = 0.0 if shapely.is_empty(own) else _SHORT * cell_m
    long = joined[shapely.length(joined) > shortest]
    wide = shapely.buffer(long, _VERGE * cell_m, cap_style="flat", join_style="mitre")
    return shapely.union_all(wide)
