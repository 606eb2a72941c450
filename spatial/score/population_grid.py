"""The population grid of the Degree of Urbanisation: cells of about one square kilometre, their people and classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from spatial.arrays import FloatArray, IntArray, ObjectArray
from spatial.crs import transformer_between
from spatial.indices.degurba import DegurbaRules, degree_of_urbanisation, find_clusters
from spatial.rasters import Raster

if TYPE_CHECKING:
    import geopandas as gpd


CELL_M = 1000.0
OWN_CELL_M = (750.0, 1250.0)
"""A raster whose cells have such sides is classified as it is; a coarser one cannot be."""
POINT_M = 100.0
"""People of larger cells are spread evenly over points this far apart, before they are added up."""
MOST_POINTS = 4_000_000
"""Of all cells together; 32 MB a column of them."""
VERY_LOW_DENSITY = 11


@dataclass(frozen=True, eq=False)
class UrbanGrid:
    """Cells of about one square kilometre with their classes, and the people in them."""

    codes: NDArray[np.int16]  # degree of Urbanisation, level 2
    centre: IntArray  # the urban centre of each cell, from 1; 0 = in none
    persons: FloatArray  # people of each cell
    transform: Affine  # from (column, row) to the coordinates of the grid
    crs: CRS  # of the grid, and of `x`, `y` and all that is asked; the second is projected, in metres
    working_crs: CRS
    x: FloatArray  # where people are, in the working CRS, finer than the cells where the source is
    y: FloatArray
    people: FloatArray
    extent: shapely.Polygon  # the ground that the source covers, in the working CRS
    basis: str  # where people come from

    def at(self, x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray]:
        """Take the class of level 2 of points, 11 beyond the grid, and their urban centre, 0 for none."""
        if self.crs != self.working_crs:
            x, y = transformer_between(self.working_crs, self.crs).transform(x, y)
        column, row = (np.floor(part).astype(np.int64) for part in ~self.transform * (x, y))
        inside = (row >= 0) & (row < self.codes.shape[0]) & (column >= 0) & (column < self.codes.shape[1])
        code = np.full(len(inside), VERY_LOW_DENSITY, dtype=np.int64)
        centre = np.zeros(len(inside), dtype=np.int64)
        code[inside] = self.codes[row[inside], column[inside]]
        centre[inside] = self.centre[row[inside], column[inside]]
        return code, centre

    @cached_property
    def _by_easting(self) -> tuple[IntArray, FloatArray]:
        order = np.argsort(self.x, kind="stable")
        return order, self.x[order]

    def near(self, bounds: FloatArray) -> IntArray:
        """Find the people within a rectangle."""
        order, easting = self._by_easting
        west, south, east, north = bounds
        found = order[np.searchsorted(easting, west, "left") : np.searchsorted(easting, east, "right")]
        return np.sort(found[(self.y[found] >= south) & (self.y[found] <= north)])

    def inside(self, outline: shapely.Geometry) -> IntArray:
        """Find the people within an outline."""
        found = self.near(shapely.bounds(outline))
        shapely.prepare(outline)
        return found[shapely.intersects_xy(outline, self.x[found], self.y[found])]

    def cells(self, rows: IntArray, columns: IntArray) -> ObjectArray:
        """Draw cells."""
        corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
        column = np.stack([columns + dx for dx, _dy in corners], axis=1).ravel()
        row = np.stack([rows + dy for _dx, dy in corners], axis=1).ravel()
        x, y = self.transform * (column, row)
        if self.crs != self.working_crs:
            x, y = transformer_between(self.crs, self.working_crs).transform(x, y)
        return np.asarray(shapely.polygons(np.column_stack([x, y]).reshape(-1, len(corners), 2)))

    def window(self, outline: shapely.Geometry) -> tuple[IntArray, IntArray]:
        """Find rows and columns of the cells that may touch an outline; none beyond the grid."""
        edge = shapely.get_coordinates(shapely.segmentize(shapely.box(*shapely.bounds(outline)), 10.0 * CELL_M))
        x, y = edge.T
        if self.crs != self.working_crs:
            x, y = transformer_between(self.working_crs, self.crs).transform(x, y)
        column, row = ~self.transform * (np.asarray(x), np.asarray(y))
        ranges = [
            np.arange(max(0, int(np.floor(at.min())) - 1), min(length, int(np.ceil(at.max())) + 1))
            for at, length in zip((row, column), self.codes.shape, strict=True)
        ]
        rows, columns = np.meshgrid(*ranges, indexing="ij")
        return rows.ravel().astype(np.int64), columns.ravel().astype(np.int64)

    def centre_points(self) -> tuple[IntArray, FloatArray]:
        """Find the densest cell of every urban centre: numbers of centres, rising, and midpoints (centres, 2)."""
        numbers = np.unique(self.centre[self.centre > 0])
        best = [int(np.where(self.centre == number, self.persons, -1.0).argmax()) for number in numbers]
        rows, columns = np.unravel_index(np.array(best, dtype=np.int64), self.centre.shape)
        middle = shapely.centroid(self.cells(rows.astype(np.int64), columns.astype(np.int64)))
        return numbers.astype(np.int64), np.asarray(shapely.get_coordinates(middle))


class _Cells(NamedTuple):
    """People on a grid of cells, whose area may differ by row."""

    persons: FloatArray
    transform: Affine
    crs: CRS
    area_km2: FloatArray


class _Points(NamedTuple):
    """Where people stand, in the working CRS."""

    x: FloatArray
    y: FloatArray
    persons: FloatArray


def is_too_coarse(raster: Raster, crs: CRS) -> bool:
    """Tell whether a raster's cells are too large for cells of one square kilometre."""
    return max(_sides_m(raster, crs)) > OWN_CELL_M[1]


def urban_grid(raster: Raster, crs: CRS, rules: DegurbaRules | None = None) -> UrbanGrid:
    """Classify the ground of a population raster."""
    sides = _sides_m(raster, crs)
    values = np.maximum(np.nan_to_num(raster.values), 0.0)
    rows, columns = np.nonzero(values > 0.0)
    whole = OWN_CELL_M[0] <= min(sides) <= max(sides) <= OWN_CELL_M[1]
    parts = (1, 1) if whole else tuple(max(1, int(np.ceil(side / POINT_M - 1e-6))) for side in sides)
    # Of a country coarser parts do: they matter where a border cuts through a cell.
    thinned = min(1.0, float(np.sqrt(MOST_POINTS / max(len(rows) * parts[0] * parts[1], 1))))
    parts = tuple(max(1, int(count * thinned)) for count in parts)
    step_x, step_y = ((np.arange(count) + 0.5) / count for count in parts)
    column = np.repeat(columns, parts[0] * parts[1]) + np.tile(np.repeat(step_x, parts[1]), len(rows))
    row = np.repeat(rows, parts[0] * parts[1]) + np.tile(np.tile(step_y, parts[0]), len(rows))
    x, y = raster.transform * (column, row)
    if raster.crs != crs:
        x, y = transformer_between(raster.crs, crs).transform(x, y)
    people = np.repeat(values[rows, columns] / (parts[0] * parts[1]), parts[0] * parts[1])
    points = _Points(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), people)
    height, width = raster.values.shape
    if whole:
        # A cell of each row, since cells of geographic rasters shrink towards the poles.
        top, left = np.arange(height, dtype=np.float64), np.full(height, float(width // 2))
        shifts = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
        corners = [_corners(raster, top + dy, left + dx, crs) for dx, dy in shifts]
        area_km2 = shapely.area(shapely.polygons(np.stack(corners, axis=1))) / 1e6
        grid = _Cells(values, raster.transform, raster.crs, np.asarray(area_km2)[:, None])
    else:
        grid = _added_up(points, crs)
    edge = shapely.segmentize(shapely.box(0, 0, width, height), max(height, width) / 50)
    ring = shapely.get_coordinates(edge)
    extent = shapely.Polygon(_corners(raster, ring[:, 1], ring[:, 0], crs))
    return _classified(grid, crs, points, extent, "raster", rules)


def grid_of_settlements(settlements: gpd.GeoDataFrame, rules: DegurbaRules | None = None) -> UrbanGrid | None:
    """Put the people of settlements, all at its point, on cells of a square kilometre; None where nobody is known."""
    persons = np.nan_to_num(settlements["population_persons"].to_numpy(dtype=np.float64))
    there = persons > 0.0
    if not there.any():
        return None
    x, y = shapely.get_coordinates(settlements.geometry.to_numpy()[there]).T
    crs = CRS(settlements.crs)
    points = _Points(np.ascontiguousarray(x), np.ascontiguousarray(y), persons[there])
    grid = _added_up(points, crs)
    everywhere = shapely.box(*settlements.total_bounds).buffer(1e6)
    return _classified(grid, crs, points, everywhere, "settlements", rules)


def _classified(
    grid: _Cells, working_crs: CRS, points: _Points, extent: shapely.Polygon, basis: str, rules: DegurbaRules | None
) -> UrbanGrid:
    codes = degree_of_urbanisation(grid.persons, grid.area_km2, rules=rules)
    centre = find_clusters(codes == 30, contiguity=4)
    return UrbanGrid(codes, centre, grid.persons, grid.transform, grid.crs, working_crs, *points, extent, basis)


def _added_up(points: _Points, crs: CRS) -> _Cells:
    """Add people up in cells of whole kilometres, with rows from north to south."""
    x, y, people = points
    if not len(x):
        nowhere = Affine(CELL_M, 0.0, 0.0, 0.0, -CELL_M, 0.0)
        return _Cells(np.zeros((1, 1)), nowhere, crs, np.ones((1, 1)))
    left, top = np.floor(x.min() / CELL_M) * CELL_M, np.ceil(y.max() / CELL_M) * CELL_M
    at = ((top - y) // CELL_M).astype(np.int64), ((x - left) // CELL_M).astype(np.int64)
    grid = np.zeros((int(at[0].max()) + 1, int(at[1].max()) + 1))
    np.add.at(grid, at, people)
    transform = Affine(CELL_M, 0.0, float(left), 0.0, -CELL_M, float(top))
    return _Cells(grid, transform, crs, np.ones((1, 1)))


def _corners(raster: Raster, rows: FloatArray, columns: FloatArray, crs: CRS) -> FloatArray:
    x, y = raster.transform * (columns, rows)
    if raster.crs != crs:
        x, y = transformer_between(raster.crs, crs).transform(x, y)
    return np.column_stack([x, y])


def _sides_m(raster: Raster, crs: CRS) -> tuple[float, float]:
    row, column = (length // 2 for length in raster.values.shape)
    at = _corners(raster, np.array([row, row, row + 1.0]), np.array([column, column + 1.0, column]), crs)
    return float(np.hypot(*(at[1] - at[0]))), float(np.hypot(*(at[2] - at[0])))
