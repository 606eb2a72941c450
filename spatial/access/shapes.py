"""Shapes as plain arrays, the form in which searches take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["points_at", "shapes_of", "tree_of"]


def shapes_of(series: Any) -> NDArray[np.object_]:
    """
    Take the shapes of a series out of their frame.

    Parameters
    ----------
    series : GeoSeries
        Shapes.

    Returns
    -------
    ndarray of object
        Shapely's own objects.
    """
    return np.asarray(series.to_numpy(), dtype=object)


def points_at(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.object_]:
    """
    Make points.

    Parameters
    ----------
    x, y : ndarray of float64
        Easting and northing.

    Returns
    -------
    ndarray of object
        As many points.
    """
    return np.asarray(shapely.points(x, y), dtype=object)


def tree_of(series: Any) -> shapely.STRtree | None:
    """
    Index shapes for questions of place.

    Parameters
    ----------
    series : GeoSeries or None
        Shapes.

    Returns
    -------
    shapely.STRtree or None
        None without any shape.
    """
    return None if series is None or len(series) == 0 else shapely.STRtree(shapes_of(series))
