"""A grid of nodes over the ground: distances to roads, barriers as walls, outlines of labelled nodes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.access.kernels_areas import follow, join, leave_out_corners, seed, spread, sweep
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import ContractError

Where = Callable[["Nodes", "Nodes"], FloatArray]


class Nodes(NamedTuple):
    """Some nodes of a grid; indexes an array of its shape."""

    row: IntArray
    column: IntArray


# A grid of nodes over the ground, and straight distances from its nodes to pieces of roads.

MOST_NODES = 400_000_000
_MOST_BLOCKS = 2_000
"""Blocks on a side, by which pieces are told apart."""


@dataclass(frozen=True)
class Grid:
    """Nodes at the multiples of `cell_m` of easting and northing, whatever the network; rows go northwards."""

    cell_m: float  # spacing of nodes
    row: int  # the first node
    column: int
    rows: int  # how many
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return self.rows * self.columns

    def check_size(self) -> None:
        """Refuse a grid of too many nodes."""
        if self.size > MOST_NODES:
            problem = (
                f"spacing_m: {self.cell_m:g} m over {self.columns * self.cell_m / 1000:,.0f} x "
                f"{self.rows * self.cell_m / 1000:,.0f} km are {self.size:,} nodes, at most {MOST_NODES:,}; "
                "take a wider spacing"
            )
            raise ContractError("area rules", [problem])

    def inward(self, xy: FloatArray) -> FloatArray:
        """Turn coordinates into cells from the first node."""
        return np.asarray(xy / self.cell_m - np.tile((self.column, self.row), xy.shape[1] // 2))

    def outward(self, xy: FloatArray) -> FloatArray:
        """Turn cells from the first node into coordinates."""
        return np.asarray((xy + np.array([self.column, self.row])) * self.cell_m)

    def around(self, pieces: FloatArray, labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Read the lowest and the highest label of all nodes around the squares that short pieces pass."""
        column, row = np.rint((pieces[:, :2] + pieces[:, 2:]) / 2.0).astype(np.int64).T
        node, flat = row * labels.shape[1] + column, labels.ravel()
        low = high = flat[node]
        for down, aside in itertools.product((-1, 0, 1), repeat=2):
            near = flat[node + (down * labels.shape[1] + aside)]  # half the time that rows and columns take
            low, high = np.minimum(low, near), np.maximum(high, near)
        return low, high

    def within(self, other: Grid) -> tuple[slice, slice]:
        """Find the nodes among those of another grid of the same spacing, which holds them all."""
        row, column = self.row - other.row, self.column - other.column
        return slice(row, row + self.rows), slice(column, column + self.columns)

    def widened(self, by: int) -> Grid:
        """Add nodes all around."""
        return Grid(self.cell_m, self.row - by, self.column - by, self.rows + 2 * by, self.columns + 2 * by)

    def shared(self, other: Grid) -> Grid:
        """Take the nodes that another grid of the same spacing has too; maybe none."""
        row, column = max(self.row, other.row), max(self.column, other.column)
        last_row = min(self.row + self.rows, other.row + other.rows)
        last_column = min(self.column + self.columns, other.column + other.columns)
        return Grid(self.cell_m, row, column, max(last_row - row, 0), max(last_column - column, 0))


def corners_of(pieces: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Find the lowest and the highest corner of the box around pieces."""
    # Column by column: numpy takes fifteen times as long for all at once.
    ends = pieces.reshape(-1, 2).T
    return np.array([each.min() for each in ends]), np.array([each.max() for each in ends])


def grid_around(pieces: FloatArray, *, cell_m: float, margin_m: float) -> Grid:
    """Lay a grid over pieces."""
    low, high = corners_of(pieces)
    column, row = np.floor((low - margin_m) / cell_m).astype(np.int64)
    last_column, last_row = np.ceil((high + margin_m) / cell_m).astype(np.int64)
    return Grid(cell_m, int(row), int(column), int(last_row - row + 1), int(last_column - column + 1))


def far_apart(pieces: FloatArray, apart_m: float) -> IntArray:
    """Group pieces so that those of two groups lie further apart than some distance."""
    if len(pieces) == 0:
        return np.empty(0, dtype=np.int64)
    low, high = corners_of(pieces)
    blocks = (pieces - np.tile(low, 2)) / max(apart_m, float((high - low).max()) / _MOST_BLOCKS)
    long = np.hypot(*(blocks[:, 2:] - blocks[:, :2]).T) > 1.0
    x0, y0, x1, y1 = np.floor(np.concatenate((blocks, cut_short(blocks[long])[0]))).astype(np.int64).T
    taken = np.zeros((max(y0.max(), y1.max()) + 1, max(x0.max(), x1.max()) + 1), dtype=bool)
    for row, column in ((y0, x0), (y0, x1), (y1, x0), (y1, x1)):
        taken[row, column] = True
    # Between two blocks that do not touch lies a whole one.
    group = ndimage.label(taken, structure=np.ones((3, 3)))[0]
    return np.asarray(group[y0[: len(pieces)], x0[: len(pieces)]] - 1, dtype=np.int64)


def cut_short(pieces: FloatArray) -> tuple[FloatArray, IntArray]:
    """Cut pieces into even parts no longer than 1; returns the parts in order, and the piece of each."""
    counts = np.maximum(np.ceil(np.hypot(*(pieces[:, 2:] - pieces[:, :2]).T)).astype(np.int64), 1)
    piece = np.repeat(np.arange(len(pieces)), counts)
    parts = pieces[piece]
    # Most are short as they are.
    long = np.flatnonzero(counts[piece] > 1)
    start, along, of = parts[long, :2], parts[long, 2:] - parts[long, :2], piece[long]
    number = (long - (np.cumsum(counts) - counts)[of])[:, None] + np.array([0.0, 1.0])
    share = number / counts[of, None]
    parts[long] = np.hstack((start + share[:, :1] * along, start + share[:, 1:] * along))
    return parts, piece


@dataclass(frozen=True, eq=False)
class Walls:
    """Where walls cross the ways from node to node."""

    # shape (rows, columns), share of the way to the next node on the right, or above, at which a wall lies;
    # -1 for none
    east: NDArray[np.float32]
    north: NDArray[np.float32]


def no_walls() -> Walls:
    """Leave all ways open."""
    nothing = np.empty((0, 0), dtype=np.float32)
    return Walls(nothing, nothing)


def rim_of(marked: BoolArray) -> NDArray[np.int32]:
    """Find the marked nodes beside nodes that are not, by row times columns plus column."""
    inner = marked.copy()
    for axis in (0, 1):
        here, kept = np.moveaxis(marked, axis, 0), np.moveaxis(inner, axis, 0)
        kept[1:] &= here[:-1]
        kept[:-1] &= here[1:]
    return np.flatnonzero(marked & ~inner).astype(np.int32)


class Distances:
    """Straight distances from the nodes of a grid to the nearest of some pieces."""

    def __init__(
        self, pieces: FloatArray, limit: float, gap: NDArray[np.float32], nearest: NDArray[np.int32] | None = None
    ) -> None:
        self.pieces = np.ascontiguousarray(pieces)
        self.limit = limit
        self.gap = gap
        self.nearest = np.full(gap.shape, -1, dtype=np.int32) if nearest is None else nearest

    def seeded(self) -> Distances:
        """Measure right beside the pieces."""
        seed(self.pieces, self.gap, self.nearest)
        return self

    def swept(self) -> Distances:
        """Measure everywhere within the limit at once, over all nodes."""
        sweep(self.pieces, self.gap, self.nearest)
        return self

    def spread(self, walls: Walls | None = None) -> Distances:
        """Measure everywhere within the limit, from neighbour to neighbour; nodes that are as near already stay."""
        shut = walls or no_walls()
        spread(
            self.pieces, self.gap, self.nearest, rim_of(self.nearest >= 0), math.ceil(self.limit), shut.east, shut.north
        )
        return self

    def foot(self, piece: NDArray[np.integer], x: NDArray[np.number], y: NDArray[np.number]) -> FloatArray:
        """Find the points of pieces that are nearest to other points."""
        start, end = self.pieces[piece, :2], self.pieces[piece, 2:]
        along, to = end - start, np.column_stack((x, y)) - start
        length = (along**2).sum(axis=1)
        part = np.divide((along * to).sum(axis=1), length, out=np.zeros(len(piece)), where=length > 0)
        return np.asarray(start + np.clip(part, 0.0, 1.0)[:, None] * along)


# Barriers of areas: cut out of polygons, and as walls between the nodes of a grid.


class Barriers:
    """Ground that no area may cross."""

    def __init__(self, shapes: ObjectArray) -> None:
        self._shapes = shapes

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Polygons that do not overlap."""
        whole = shapely.get_parts(shapely.disjoint_subset_union_all(self._shapes))
        shapely.prepare(whole)
        return shapely.STRtree(whole)

    @cached_property
    def _sides(self) -> FloatArray:
        """Straight pieces of their outlines, both ends in metres."""
        rings = shapely.get_rings(self._tree.geometries)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        return np.asarray(np.hstack((xy[:-1], xy[1:]))[ring[1:] == ring[:-1]])

    @cached_property
    def _side_tree(self) -> shapely.STRtree:
        return shapely.STRtree(np.asarray(shapely.linestrings(self._sides.reshape(-1, 2, 2)), dtype=object))

    def parts_beside(self, areas: ObjectArray) -> tuple[ObjectArray, IntArray]:
        """Cut barriers out of areas; returns the polygons that are left, and the position of the area of each."""
        parts, area = shapely.get_parts(areas, return_index=True)
        if len(self._shapes):
            part, shape = self._tree.query(parts, predicate="intersects")
            beside, first = np.unique(part, return_index=True)
            # One after the other: a coast is a part of what many lose, and its copies would fill the memory.
            for at, holes in zip(beside.tolist(), np.split(shape, first)[1:], strict=True):
                parts[at] = shapely.difference(parts[at], shapely.multipolygons(self._tree.geometries[holes]))
            parts, piece = shapely.get_parts(parts, return_index=True)
            area = area[piece]
        kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
        return parts[kept], area[kept]

    def walls(self, grid: Grid, limit: float) -> tuple[Walls, NDArray[np.float32]] | None:
        """Find where barriers cross the ways between nodes, and how far they are in cells; None where none is near."""
        if len(self._shapes) == 0:
            return None
        corner = np.array([grid.column, grid.row]) * grid.cell_m
        box = shapely.box(*corner, *(corner + np.array([grid.columns, grid.rows]) * grid.cell_m))
        sides = grid.inward(self._sides[np.sort(self._side_tree.query(box))])
        if len(sides) == 0:
            return None
        east, north = (np.full(grid.shape, -1.0, dtype=np.float32) for _ in range(2))
        row, x = _meeting(sides[:, [1, 0, 3, 2]])
        _mark(east, row, np.floor(x).astype(np.int64), x - np.floor(x))
        column, y = _meeting(sides)
        _mark(north, np.floor(y).astype(np.int64), column, y - np.floor(y))
        away = np.full(grid.shape, limit, dtype=np.float32)
        return Walls(east, north), Distances(sides, limit, away).seeded().spread().gap

    def between(self, start: FloatArray, end: FloatArray) -> BoolArray:
        """Tell between which points the side of a barrier lies."""
        lines = shapely.linestrings(np.stack((start, end), axis=1))
        crossed = np.zeros(len(start), dtype=bool)
        crossed[self._side_tree.query(lines, predicate="intersects")[0]] = True
        return crossed


def _meeting(sides: FloatArray) -> tuple[IntArray, FloatArray]:
    """Whole numbers that the first coordinate passes along each side, and the other coordinate there."""
    low, high = np.minimum(sides[:, 0], sides[:, 2]), np.maximum(sides[:, 0], sides[:, 2])
    first = np.ceil(low).astype(np.int64)
    counts = np.where(high > low, np.floor(high).astype(np.int64) - first + 1, 0)
    row = np.repeat(np.arange(len(sides)), counts)
    number = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    a0, b0, a1, b1 = sides[row].T
    return number, b0 + (number - a0) / (a1 - a0) * (b1 - b0)


def _mark(shut: NDArray[np.float32], row: IntArray, column: IntArray, share: FloatArray) -> None:
    inside = (row >= 0) & (row < shut.shape[0]) & (column >= 0) & (column < shut.shape[1])
    shut[row[inside], column[inside]] = share[inside]


# Outlines of labelled nodes of a grid: polygons that share borders and no ground.

_CORNER = 0.25
"""Area of a corner that is cut off an outline, in cells."""

_NEAREST_NODE = 0.01
"""A border keeps this share of a cell from the nodes to both sides, so that no outline touches itself."""


def outlines(
    labels: NDArray[np.int32], where: Where, grid: Grid, most: float = _CORNER
) -> tuple[ObjectArray, IntArray]:
    """
    Draw labelled nodes as polygons on the map, with the label of each, by marching squares (Lorensen and Cline 1987).

    Where three or four labels meet in a square their borders meet in one point; corners up to an area of `most` cells
    are left out for all neighbours alike.
    """
    level = _crossings(labels, where, 1, 0)
    upright = _crossings(labels, where, 0, len(level.xy))
    xy = np.concatenate((level.xy, upright.xy))
    n = len(xy)
    if n == 0:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    side_label = np.concatenate((level.sides, upright.sides)).ravel()
    after, middle = np.full(2 * n, -1, dtype=np.int32), np.full(2 * n, -1, dtype=np.int32)
    around = np.empty((n, 4), dtype=np.int32)
    around = around[: join(labels, level.number, upright.number, after, middle, around)]
    # Where three or four borders meet: on the straight line of the one that goes on, or amid all.
    there = around >= 0
    near, several = np.where(there[:, :, None], xy[around], 0.0), there.sum(axis=1)
    middles = near.sum(axis=1) / np.maximum(several, 1)[:, None]
    # With three points the border between the two that face each other goes on, and the third one meets it.
    for missing in range(4):
        rows = np.flatnonzero(~there[:, missing] & (several == 3))
        foot = near[rows, (missing + 2) % 4]
        one, two = near[rows, (missing + 1) % 4], near[rows, (missing + 3) % 4]
        along = missing % 2
        share = (foot[:, along] - one[:, along]) / (two[:, along] - one[:, along])
        middles[rows] = one + share[:, None] * (two - one)
    every = np.concatenate((xy, middles))
    is_left_out = np.zeros(n, dtype=np.uint8)
    leave_out_corners(every, level.number, upright.number, after, middle, most, is_left_out)
    points, rings, ring_of = follow(after, middle, side_label, is_left_out)
    corners = every[points]
    n_rings = int(rings[-1]) + 1
    first = np.searchsorted(rings, np.arange(n_rings))
    # Rings at both ends of a row of nodes of one label are of one polygon.
    number = np.arange(len(level.xy) - 1)
    left, right = ring_of[2 * number + 1], ring_of[2 * number + 2]
    pairs = (left >= 0) & (level.xy[:-1, 1] == level.xy[1:, 1])
    left, right = left[pairs], right[pairs]
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n_rings, n_rings))
    whole = connected_components(graph, directed=False)[1].astype(np.int64)
    # Area of rings: positive where they go round anticlockwise, which is the outer one of every polygon.
    follower = np.arange(1, len(corners) + 1)
    follower[np.append(first[1:], len(corners)) - 1] = first
    x, y = corners.T
    area = np.asarray(np.bincount(rings, x * y[follower] - x[follower] * y) / 2.0)
    order = np.lexsort((-area, whole))
    loops = np.asarray(shapely.linearrings(grid.outward(corners), indices=rings), dtype=object)[order]
    polygons = np.asarray(shapely.polygons(loops, indices=whole[order]), dtype=object)
    label = np.empty(n_rings, dtype=np.int32)
    drawn = ring_of >= 0
    label[ring_of[drawn]] = side_label[drawn]
    of = np.empty(len(polygons), dtype=np.int64)
    of[whole[rings[first]]] = label
    return polygons, of


class _Crossings(NamedTuple):
    """Points of borders on the ways between nodes."""

    number: NDArray[np.int32]  # shape (rows, columns), of the point between a node and the next one; -1 for none
    xy: FloatArray  # shape (n, 2), in cells
    sides: NDArray[np.int32]  # shape (n, 2), labels before and behind


def _crossings(labels: NDArray[np.int32], where: Where, axis: int, first: int) -> _Crossings:
    """Find where borders pass between nodes and their next ones along an axis; the first has a number."""
    low, high = (labels[:-1], labels[1:]) if axis == 0 else (labels[:, :-1], labels[:, 1:])
    at = Nodes(*np.nonzero(low != high))
    beyond = Nodes(at.row + (axis == 0), at.column + (axis == 1))
    number = np.full(labels.shape, -1, dtype=np.int32)
    number[at] = np.arange(first, first + len(at.row))
    share = np.clip(where(at, beyond), _NEAREST_NODE, 1 - _NEAREST_NODE)
    x, y = at.column + share * (axis == 1), at.row + share * (axis == 0)
    return _Crossings(number, np.column_stack((x, y)), np.column_stack((low[at], high[at])))


def crossing(low: NDArray[np.floating], high: NDArray[np.floating]) -> FloatArray:
    """Find where a value passes through 0 between two nodes, if it runs evenly."""
    low, high = low.astype(np.float64), high.astype(np.float64)
    with np.errstate(invalid="ignore"):
        step = low - high
    passes = np.isfinite(step) & (step != 0.0) & (low * high <= 0.0)
    return np.asarray(np.divide(low, step, out=np.full(len(low), 0.5), where=passes))


# Strips along roads that a grid is too coarse for, so that no road within reach lies outside its ground.

_SHORT = 1.0 / 8.0
"""Roads outside their ground for less than this stay there, unless all of them are; in cells."""
_VERGE = 1.0 / 16.0
"""Half the width of a strip, in cells."""


def strips_along(own: ObjectArray, pieces: FloatArray, whose: IntArray, cell_m: float) -> ObjectArray:
    """
    Lay strips an eighth of a cell wide along the roads that lie outside their ground by more than that.

    `whose` tells the ground of each piece, ascending; where there is no ground at all, every road has one.
    """
    strips = np.full(len(own), shapely.GeometryCollection(), dtype=object)
    shapely.prepare(own)
    corners = np.stack((pieces[:, :2], (pieces[:, :2] + pieces[:, 2:]) / 2.0, pieces[:, 2:]), axis=1)
    held = shapely.intersects_xy(own[whose][:, None], corners[:, :, 0], corners[:, :, 1]).all(axis=1)
    if held.all():
        return strips
    # All of a ground at once: a piece of its own would be held against the whole outline again.
    beside, line = np.unique(whose[~held], return_inverse=True)
    roads = shapely.multilinestrings(pieces[~held].reshape(-1, 2, 2), indices=line)
    lines, line = shapely.get_parts(shapely.line_merge(shapely.difference(roads, own[beside])), return_index=True)
    long = shapely.length(lines) > np.where(shapely.is_empty(own[beside]), 0.0, _SHORT * cell_m)[line]
    laid, strip = np.unique(beside[line[long]], return_inverse=True)
    parts = shapely.buffer(lines[long], _VERGE * cell_m, cap_style="flat", join_style="mitre")
    strips[laid] = joined(parts, strip, len(laid))
    return strips


def joined(shapes: ObjectArray, group: IntArray, n: int) -> ObjectArray:
    """Join the shapes of each of n groups, of which there is often one alone, or two."""
    shapes, count = shapes[np.argsort(group, kind="stable")], np.bincount(group, minlength=n)
    first = np.cumsum(count) - count
    whole: ObjectArray = shapes[first]
    two = first[count == 2]
    whole[count == 2] = shapely.union(shapes[two], shapes[two + 1])
    for number in np.flatnonzero(count > 2):
        whole[number] = shapely.disjoint_subset_union_all(shapes[first[number] : first[number] + count[number]])
    return whole


def in_groups(polygons: ObjectArray, group: IntArray, n: int) -> ObjectArray:
    """Make a MultiPolygon of the polygons of each of n groups; an empty one of none."""
    order = np.argsort(group, kind="stable")
    found = np.full(n, shapely.MultiPolygon(), dtype=object)
    there, number = np.unique(group[order], return_inverse=True)
    found[there] = shapely.multipolygons(polygons[order], indices=number)
    return found
