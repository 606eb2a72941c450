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
    """
    Give a number to each cluster of cells that touch.

    Parameters
    ----------
    dense : ndarray of bool, (rows, columns)
        The cells.
    contiguity : {4, 8}
        Whether cells touch at sides only, or at corners too.

    Returns
    -------
    ndarray of int64
        Clusters from 1; 0 = none.
    """
    labels, _count = ndimage.label(dense, structure=ROOK if contiguity == 4 else QUEEN)
    return np.asarray(labels, dtype=np.int64)


def cluster_persons(labels: IntArray, persons: FloatArray, least: float) -> IntArray:
    """
    Keep the clusters with enough people.

    Parameters
    ----------
    labels : ndarray of int64
        Clusters from 1; 0 = none.
    persons : ndarray of float64
        People of each cell.
    least : float
        People of a cluster, inclusive.

    Returns
    -------
    ndarray of int64
        The same numbers, 0 for clusters that are too small.
    """
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
        The clusters, grown. The order of cells does not matter: a cell cannot have a majority for two clusters.

    Examples
    --------
    >>> majority_smoothing(np.array([[1, 1, 1], [1, 0, 2], [1, 1, 1]])).tolist()
    [[1, 1, 1], [1, 1, 2], [1, 1, 1]]
    """
    grown = np.pad(np.asarray(labels, dtype=np.int64), 1)
    free = np.pad(np.ones(labels.shape, dtype=bool) if never is None else ~never, 1)
    silent = np.zeros(grown.shape, dtype=bool) if ignored is None else np.pad(ignored, 1)
    while True:
        near = ndimage.convolve((grown > 0).astype(np.int8), QUEEN.astype(np.int8), mode="constant")
        rows, columns = np.nonzero((grown == 0) & free & (near > 0))
        if not len(rows):
            break
        around = np.stack([grown[rows + dy, columns + dx] for dy, dx in SHIFTS])
        counts = (around[:, None, :] == around[None, :, :]).sum(axis=1)
        counts[around == 0] = 0
        best = counts.argmax(axis=0)
        most = np.take_along_axis(counts, best[None, :], axis=0)[0]
        needed = np.full(len(rows), float(MAJORITY))
        if ignored is not None:
            heard = np.stack([~silent[rows + dy, columns + dx] for dy, dx in SHIFTS]) | (around > 0)
            needed = np.floor(heard.sum(axis=0) / 2.0) + 1.0
        joins = most >= needed
        if not joins.any():
            break
        grown[rows[joins], columns[joins]] = np.take_along_axis(around, best[None, :], axis=0)[0][joins]
    return grown[1:-1, 1:-1]


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
        The clusters, filled. A hole is ground that touches at sides and is cut off from the edge of the grid by one
        cluster; other clusters in it stay, and count to its area.

    Examples
    --------
    >>> fill_holes(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), np.ones((3, 3))).tolist()
    [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    """
    filled = np.array(labels, dtype=np.int64)
    boxes = ndimage.find_objects(labels)
    for number in np.unique(labels[labels > 0]):
        box = boxes[number - 1]
        outside, _count = ndimage.label(
            np.pad(labels[box] != number, 1, constant_values=True), structure=ROOK
        )
        inner = outside[1:-1, 1:-1]
        area = np.bincount(inner.ravel(), weights=area_km2[box].ravel(), minlength=int(outside.max()) + 1)
        hole = area < below_km2 * (1.0 - TOLERANCE)
        hole[[0, outside[0, 0]]] = False
        window = filled[box]
        window[hole[inner] & (labels[box] == 0)] = number
    return filled


def dilate(cells: Mask, steps: int) -> Mask:
    """
    Take the cells around cells, corners too.

    Parameters
    ----------
    cells : ndarray of bool
        The cells.
    steps : int
        How far, in cells.

    Returns
    -------
    ndarray of bool
        With the cells themselves.
    """
    return np.asarray(ndimage.binary_dilation(cells, QUEEN, iterations=steps)) if steps > 0 else cells
