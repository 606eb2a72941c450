"""Lines and outlines for the canvas: simplified, in hundred-thousandths of a degree, delta-coded."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from spatial.cartography.columns import pack
from spatial.crs import WGS84

__all__ = ["DEGREE_SCALE", "pack_lines", "pack_points"]

DEGREE_SCALE = 100_000
"""Steps a degree: about 1.1 m on the ground, finer than a pixel at every zoom offered."""


def pack_points(points: gpd.GeoSeries) -> dict[str, Any]:
    """Encode points."""
    degrees = points.to_crs(WGS84)
    x = np.rint(degrees.x.to_numpy() * DEGREE_SCALE).astype(np.int64)
    y = np.rint(degrees.y.to_numpy() * DEGREE_SCALE).astype(np.int64)
    return {"x": pack(np.diff(x, prepend=0), "i4"), "y": pack(np.diff(y, prepend=0), "i4")}


def pack_lines(
    shapes: gpd.GeoSeries, *, tolerance_m: float, rings: bool = False, labels: npt.ArrayLike | None = None
) -> dict[str, Any]:
    """Encode lines, or the rings of polygons."""
    number = np.arange(len(shapes)) if labels is None else np.asarray(labels)
    # Only polygons can be torn by it; for lines alone keeping the topology costs ten times as much.
    simple = shapely.simplify(shapes.to_numpy(), tolerance_m, preserve_topology=rings)
    parts, source = shapely.get_parts(simple, return_index=True)
    kind = shapely.get_type_id(parts)
    if rings:
        chosen = kind == shapely.GeometryType.POLYGON.value
        parts, which = shapely.get_rings(parts[chosen], return_index=True)
        source = source[chosen][which]
    else:
        chosen = np.isin(kind, [shapely.GeometryType.LINESTRING.value, shapely.GeometryType.LINEARRING.value])
        parts, source = parts[chosen], source[chosen]
    degrees = gpd.GeoSeries(parts, crs=shapes.crs).to_crs(WGS84).to_numpy()
    coordinates, line = shapely.get_coordinates(degrees, return_index=True)
    steps = np.rint(coordinates * DEGREE_SCALE).astype(np.int64)
    return {
        "sizes": pack(np.bincount(line, minlength=len(parts)), "u4"),
        "x": pack(np.diff(steps[:, 0], prepend=0), "i4"),
        "y": pack(np.diff(steps[:, 1], prepend=0), "i4"),
        "source": pack(number[source], "u4"),
    }
