"""Outlines of labelled nodes of a grid: polygons that share borders and no ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.access.areas.kernels_areas import follow, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from spatial.access.areas.area_grid import Grid

    Nodes = tuple[NDArray[np.int64], NDArray[np.int64]]
    Where = Callable[[Nodes, Nodes], NDArray[np.float64]]

__all__ = ["crossing", "outlines", "smoothed"]

_CORNER = 0.5
"""Root of the area of a corner that is cut off an outline, in cells."""

_NEAREST_NODE = 0.01
"""A border keeps this share of a cell from the nodes to both sides, so that no outline touches itself."""


def outlines(labels: NDArray[np.int32], where: Where) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """
    Draw labelled nodes as polygons.

    Between two neighbours of different labels lies one point of their border, and the points are joined square by
    square (marching squares; Lorensen and Cline 1987, here with any number of labels). Where three or four labels meet
    in a square their borders meet in one point.

    Returns polygons in cells from the first node, x along columns and y along rows, and the label of each.

    Examples
    --------
    One labelled node among others that are not makes a square that stands on its tip.
    """
    east, level = _crossings(labels, where, (0, 1), 0)
    north, upright = _crossings(labels, where, (1, 0), len(level[0]))
    n = len(level[0]) + len(upright[0])
    if n == 0:
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    xy = np.concatenate((np.column_stack(level[:2]), np.column_stack(upright[:2])))
    side_label = np.concatenate((level[2], upright[2])).ravel()
    after, middle = np.full(2 * n, -1, dtype=np.int32), np.full(2 * n, -1, dtype=np.int32)
    around = np.empty((n, 4), dtype=np.int32)
    n_middles = join(labels, east, north, after, middle, around)
    points, rings, ring_of = follow(after, middle, side_label)
    corners = np.concatenate((xy, _middles(xy, around[:n_middles])))[points]
    n_rings = int(rings[-1]) + 1
    first = np.searchsorted(rings, np.arange(n_rings))
    whole = _together(level, ring_of, n_rings)
    area = _signed_area(corners, rings, first)
    order = np.lexsort((-area, whole))
    loops = np.asarray(shapely.linearrings(corners, indices=rings), dtype=object)[order]
    polygons = np.asarray(shapely.polygons(loops, indices=whole[order]), dtype=object)
    of = np.empty(len(polygons), dtype=np.int64)
    of[whole[rings[first]]] = _label_of_ring(side_label, ring_of, n_rings)
    return polygons, of


def _crossings(
    labels: NDArray[np.int32], where: Where, step: tuple[int, int], first: int
) -> tuple[NDArray[np.int32], tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]]:
    """Give the points between nodes and their next ones numbers, x, y, and the labels on both sides."""
    low = labels[: labels.shape[0] - step[0], : labels.shape[1] - step[1]]
    high = labels[step[0] :, step[1] :]
    row, column = np.nonzero(low != high)
    number = np.full(labels.shape, -1, dtype=np.int32)
    number[row, column] = np.arange(first, first + len(row))
    share = np.clip(where((row, column), (row + step[0], column + step[1])), _NEAREST_NODE, 1 - _NEAREST_NODE)
    sides = np.column_stack((low[row, column], high[row, column]))
    return number, (column + share * step[1], row + share * step[0], sides)


def _middles(xy: NDArray[np.float64], around: NDArray[np.int32]) -> NDArray[np.float64]:
    """Find where three or four borders meet: on the straight line of the one that goes on, or amid all."""
    there = around >= 0
    near = np.where(there[:, :, None], xy[around], 0.0)
    mean = near.sum(axis=1) / np.maximum(there.sum(axis=1), 1)[:, None]
    # With three points the border between the two that face each other goes on, and the third one meets it.
    for missing in range(4):
        rows = np.flatnonzero(~there[:, missing] & (there.sum(axis=1) == 3))
        foot = near[rows, (missing + 2) % 4]
        one, two = near[rows, (missing + 1) % 4], near[rows, (missing + 3) % 4]
        along = 0 if missing % 2 == 0 else 1
        share = (foot[:, along] - one[:, along]) / (two[:, along] - one[:, along])
        mean[rows] = one + share[:, None] * (two - one)
    return np.asarray(mean)


def _together(
    level: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]],
    ring_of: NDArray[np.int32],
    n_rings: int,
) -> NDArray[np.int64]:
    """Give rings the number of their polygon: those at both ends of a row of nodes of one label share one."""
    points = np.arange(len(level[0]) - 1)
    left, right = ring_of[2 * points + 1], ring_of[2 * points + 2]
    pairs = (left >= 0) & (level[1][:-1] == level[1][1:])
    left, right = left[pairs], right[pairs]
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n_rings, n_rings))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _signed_area(
    corners: NDArray[np.float64], rings: NDArray[np.int32], first: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Area of rings: positive where they go round anticlockwise, which is the outer one of every polygon."""
    follower = np.arange(1, len(corners) + 1)
    follower[np.append(first[1:], len(corners)) - 1] = first
    x, y = corners.T
    return np.asarray(np.bincount(rings, x * y[follower] - x[follower] * y) / 2.0)


def _label_of_ring(
    side_label: NDArray[np.int32], ring_of: NDArray[np.int32], n_rings: int
) -> NDArray[np.int32]:
    label = np.empty(n_rings, dtype=np.int32)
    drawn = ring_of >= 0
    label[ring_of[drawn]] = side_label[drawn]
    return label


def crossing(low: NDArray[np.floating], high: NDArray[np.floating]) -> NDArray[np.float64]:
    """Find where a value passes through 0 between two nodes, if it runs evenly."""
    low, high = low.astype(np.float64), high.astype(np.float64)
    with np.errstate(invalid="ignore"):
        step = low - high
    passes = np.isfinite(step) & (step != 0.0) & (low * high <= 0.0)
    return np.asarray(np.divide(low, step, out=np.full(len(low), 0.5), where=passes))


def smoothed(polygons: NDArray[np.object_], grid: Grid) -> NDArray[np.object_]:
    """Leave out corners of outlines that hardly matter, in all neighbours alike, and put the outlines on the map."""
    if len(polygons) == 0:
        return polygons
    fewer = shapely.coverage_simplify(polygons, _CORNER)
    return np.asarray(shapely.transform(fewer, grid.outward), dtype=object)
