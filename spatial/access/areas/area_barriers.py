"""Barriers of areas: cut out of polygons, and as walls between the nodes of a grid."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.access.areas.area_grid import Walls
from spatial.access.areas.shapes import area_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.access.areas.area_grid import Grid

__all__ = ["Barriers"]


class Barriers:
    """Ground that no area may cross."""

    def __init__(self, shapes: NDArray[np.object_]) -> None:
        self._shapes = shapes

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Polygons that do not overlap."""
        whole = shapely.get_parts(shapely.union_all(self._shapes))
        shapely.prepare(whole)
        return shapely.STRtree(whole)

    @cached_property
    def _sides(self) -> NDArray[np.float64]:
        """Straight pieces of their outlines, both ends in metres."""
        rings = shapely.get_rings(self._tree.geometries)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        return np.asarray(np.hstack((xy[:-1], xy[1:]))[ring[1:] == ring[:-1]])

    @cached_property
    def _side_tree(self) -> shapely.STRtree:
        return shapely.STRtree(np.asarray(shapely.linestrings(self._sides.reshape(-1, 2, 2)), dtype=object))

    def parts_beside(self, areas: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        """
        Cut barriers out of areas, and take apart what is left.

        Returns polygons, and the position of the area of each.
        """
        parts, area = shapely.get_parts(areas, return_index=True)
        if len(self._shapes):
            part, shape = self._tree.query(parts, predicate="intersects")
            whole = self._tree.geometries
            for number in np.unique(part):
                holes = shapely.multipolygons(whole[shape[part == number]])
                parts[number] = shapely.difference(parts[number], holes)
            parts, piece = shapely.get_parts(parts, return_index=True)
            area = area[piece]
        kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
        return parts[kept], area[kept]

    def hold(self, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which points lie on a barrier."""
        if len(self._shapes) == 0:
            return np.zeros(len(xy), dtype=bool)
        return area_of(self._tree.geometries, xy) >= 0

    def walls(self, grid: Grid) -> Walls | None:
        """
        Find where barriers cross the ways between the nodes of a grid.

        Returns None where there is no barrier near it.
        """
        if len(self._shapes) == 0:
            return None
        sides = grid.inward(self._sides)
        sides = sides[grid.near(sides)]
        if len(sides) == 0:
            return None
        east, north = (np.full(grid.shape, -1.0, dtype=np.float32) for _ in range(2))
        row, x = _meeting(sides[:, [1, 0, 3, 2]])
        _mark(east, row, np.floor(x).astype(np.int64), x - np.floor(x))
        column, y = _meeting(sides)
        _mark(north, np.floor(y).astype(np.int64), column, y - np.floor(y))
        return Walls(east, north)

    def between(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell between which points the side of a barrier lies."""
        lines = shapely.linestrings(np.stack((start, end), axis=1))
        crossed = np.zeros(len(start), dtype=bool)
        crossed[self._side_tree.query(lines, predicate="intersects")[0]] = True
        return crossed


def _meeting(sides: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Whole numbers that the first coordinate passes along each side, and the other coordinate there."""
    low, high = np.minimum(sides[:, 0], sides[:, 2]), np.maximum(sides[:, 0], sides[:, 2])
    first = np.ceil(low).astype(np.int64)
    counts = np.where(high > low, np.floor(high).astype(np.int64) - first + 1, 0)
    row = np.repeat(np.arange(len(sides)), counts)
    number = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    a0, b0, a1, b1 = sides[row].T
    return number, b0 + (number - a0) / (a1 - a0) * (b1 - b0)


def _mark(
    shut: NDArray[np.float32], row: NDArray[np.int64], column: NDArray[np.int64], share: NDArray[np.float64]
) -> None:
    inside = (row >= 0) & (row < shut.shape[0]) & (column >= 0) & (column < shut.shape[1])
    shut[row[inside], column[inside]] = share[inside]
