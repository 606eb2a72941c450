"""What cannot be crossed on foot, indexed so that many straight walks can be tested."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.crs import require_metres
from spatial.errors import CrsError
from spatial.network.kernels_snap import Grid, Segments, block_legs, list_cells

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray


_CELLS_A_SEGMENT = 4.0
"""Size of the search grid; changes the speed only."""


@dataclass(frozen=True, eq=False)
class Barriers:
    """Barriers ready for many tests; made by `index_barriers`."""

    segments: Segments  # pieces of their lines and shores
    areas: NDArray[np.object_]  # those that have an inside
    tree: shapely.STRtree  # index of the areas


def index_barriers(barriers: gpd.GeoSeries | Barriers | None, *, crs: pyproj.CRS) -> Barriers | None:
    """
    Index barriers once for many calls of `snap`, `nearest` and `times_matrix`.

    Returns None where there is nothing to cross.
    """
    if barriers is None or isinstance(barriers, Barriers):
        return barriers
    known = require_metres(barriers.crs, what="barriers")
    if known != crs:
        raise CrsError(
            f"barriers: CRS {known.to_string()}, but the network has {crs.to_string()}; "
            "reproject with to_crs(graph.crs)"
        )
    return _indexed(tuple(shapely.to_wkb(np.asarray(barriers.dropna(), dtype=object)).tolist()))


@lru_cache(maxsize=1)
def _indexed(shapes_wkb: tuple[bytes, ...]) -> Barriers | None:
    """Index barriers by what they are: a run joins many lists of places among the same waters."""
    shapes = shapely.get_parts(shapely.from_wkb(np.array(shapes_wkb, dtype=object)))
    areas = shapes[shapely.get_dimensions(shapes) == 2]
    shores = np.concatenate((shapes[shapely.get_dimensions(shapes) == 1], shapely.boundary(areas)))
    # A shore with islands is several lines.
    xy, line = shapely.get_coordinates(shapely.get_parts(shores), return_index=True)
    first = np.flatnonzero(line[1:] == line[:-1])
    if len(first) == 0:
        return None
    shapely.prepare(areas)
    return Barriers(under_grid(np.hstack((xy[first], xy[first + 1]))), areas, shapely.STRtree(areas))


def under_grid(ends: NDArray[np.float64]) -> Segments:
    """Lay a grid over segments, of which both ends are given; shape (n, 4)."""
    ends = np.ascontiguousarray(ends)
    west, south = float(ends[:, [0, 2]].min()), float(ends[:, [1, 3]].min())
    width, height = float(ends[:, [0, 2]].max()) - west, float(ends[:, [1, 3]].max()) - south
    size = max(math.sqrt(max(width, 1.0) * max(height, 1.0) / (len(ends) * _CELLS_A_SEGMENT)), 1.0)
    # As `list_cells` divides: a floor division may come out one less, and what lies on the edge would be in no cell.
    grid = Grid(west, south, size, math.floor(height / size) + 1, math.floor(width / size) + 1)
    offsets = np.zeros(grid.n_rows * grid.n_columns + 1, dtype=np.int64)
    list_cells(ends, grid, offsets[1:], np.empty(0, dtype=np.int64))
    np.cumsum(offsets, out=offsets)
    members = np.empty(offsets[-1], dtype=np.int64)
    list_cells(ends, grid, offsets[:-1].copy(), members)
    return Segments(ends, offsets, members, grid)


def blocked_legs(barriers: Barriers, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which straight walks touch a barrier."""
    legs = np.ascontiguousarray(np.hstack((start, end)), dtype=np.float64)
    blocked = np.zeros(len(legs), dtype=np.bool_)
    block_legs(legs, barriers.segments, blocked)
    return blocked


def places_on_barriers(barriers: Barriers, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which places lie on a barrier or inside one."""
    on = blocked_legs(barriers, xy, xy)
    points = shapely.points(xy)
    place, area = barriers.tree.query(points)
    inside = shapely.intersects(barriers.areas[area], np.asarray(points)[place])
    on[place[inside]] = True
    return on
