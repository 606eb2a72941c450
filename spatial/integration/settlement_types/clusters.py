"""Clusters of cells: found by contiguity and size, with edges smoothed and holes filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["cluster_persons", "dilate", "fill_holes", "find_clusters", "majority_smoothing"]

ROOK = ndimage.generate_binary_structure(2, 1)
QUEEN = ndimage.generate_binary_structure(2, 2)
SHIFTS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))
MAJORITY = 5
"""Of eight neighbours."""
TOLERANCE = 1e-9
"""Relative slack of sums of people, against rounding."""


def find_clusters(dense: Mask, *, contiguity: Literal[4, 8]) -> IntArray:
    """Give a number to each cluster of cells that touch."""
    labels, _count = ndimage.label(dense, structure=ROOK if contiguity == 4 else QUEEN)
    return np.asarray(labels, dtype=np.int64)


def cluster_persons(labels: IntArray, persons: FloatArray, least: float) -> IntArray:
    """Keep the clusters with enough people."""
    totals = np.bincount(labels.ravel(), weights=persons.ravel())
    large = totals >= least * (1.0 - TOLERANCE)
    large[0] = False
    return np.where(large[labels], labels, 0)


def majority_smoothing(
    labels: IntArray, *, never: Mask | None = None, ignored: Mask | None = None
) -> IntArray:
    """
    Let a cell join the cluster to which most of its neighbours belong, until none does.

    Parameters
    ----------
    labels : ndarray of int64, (rows, columns)
        Clusters from 1; 0 = none.
    never : ndarray of bool, optional
        Cells that join no cluster, such as water.
    ignored : ndarray of bool, optional
        Cells that are not counted among the neighbours, such as water without people. Then more than half of those
        counted is a majority, and five of eight otherwise.

    Returns
    -------
    ndarray of int64
        The clusters, grown. All cells that have a majority join at once, then all are asked again; a cell cannot have a
        majority for two clusters.

    Examples
    --------
    >>> majority_smoothing(np.array([[1, 1, 1], [1, 0, 2], [1, 1, 1]])).tolist()
    [[1, 1, 1], [1, 1, 2], [1, 1, 1]]
    """
    padded = np.pad(np.asarray(labels, dtype=np.int64), 1)
    grown = padded.ravel()
    free = np.pad(np.ones(labels.shape, dtype=bool) if never is None else ~never, 1).ravel()
    silent = None if ignored is None else np.pad(ignored, 1).ravel()
    steps = np.array([dy * padded.shape[1] + dx for dy, dx in SHIFTS])[:, None]
    asked = np.flatnonzero(dilate(padded > 0, 1).ravel() & (grown == 0) & free)
    while len(asked):
        around = grown[asked + steps]
        in_cluster = around > 0
        needed = np.full(len(asked), MAJORITY)
        if silent is not None:
            needed = (in_cluster | ~silent[asked + steps]).sum(axis=0) // 2 + 1
        may = np.flatnonzero(in_cluster.sum(axis=0) >= needed)
        best, most = _most_frequent(around[:, may])
        joins = most >= needed[may]
        joined = asked[may[joins]]
        grown[joined] = best[joins]
        near = np.unique(joined + steps)
        asked = near[(grown[near] == 0) & free[near]]
    return padded[1:-1, 1:-1]


def _most_frequent(around: IntArray) -> tuple[IntArray, IntArray]:
    """Give for each column the cluster that it holds most often, and how often."""
    counts = np.stack([(around == row).sum(axis=0) for row in around])
    counts[around == 0] = 0
    at = counts.argmax(axis=0)[None, :]
    return np.take_along_axis(around, at, axis=0)[0], np.take_along_axis(counts, at, axis=0)[0]


def fill_holes(labels: IntArray, area_km2: FloatArray, *, below_km2: float = 15.0) -> IntArray:
    """
    Give small holes to the cluster around them.

    Parameters
    ----------
    labels : ndarray of int64, (rows, columns)
        Clusters from 1; 0 = none.
    area_km2 : ndarray of float64, (rows, columns)
        Of each cell.
    below_km2 : float
        Holes of less than this are filled; one of exactly this size is not.

    Returns
    -------
    ndarray of int64
        The clusters, filled. A hole is ground that touches at sides and is cut off from the edge of the grid by cells
        of one cluster that touch at sides too; other clusters in it stay, and count to its area.

    Examples
    --------
    >>> fill_holes(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), np.ones((3, 3))).tolist()
    [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    """
    filled = np.array(labels, dtype=np.int64)
    boxes = ndimage.find_objects(labels)
    for number in np.unique(labels[labels > 0]):
        box = boxes[number - 1]
        pieces, count = ndimage.label(labels[box] == number, structure=ROOK)
        ground = labels[box] == 0
        for piece in range(1, count + 1):
            hole = _small_holes(pieces == piece, area_km2[box], below_km2)
            filled[box][hole & ground] = number
    return filled


def _small_holes(wall: Mask, area_km2: FloatArray, below_km2: float) -> Mask:
    """Find the cells that a wall cuts off from the outside, in holes of less than an area."""
    outside, count = ndimage.label(np.pad(~wall, 1, constant_values=True), structure=ROOK)
    if count == 1:
        return np.zeros(wall.shape, dtype=bool)
    inner = outside[1:-1, 1:-1]
    area = np.bincount(inner.ravel(), weights=area_km2.ravel(), minlength=count + 1)
    hole = area < below_km2 * (1.0 - TOLERANCE)
    hole[[0, outside[0, 0]]] = False
    return np.asarray(hole[inner])


def dilate(cells: Mask, steps: int) -> Mask:
    """Take the cells around cells, corners too."""
    return np.asarray(ndimage.binary_dilation(cells, QUEEN, iterations=steps)) if steps > 0 else cells
