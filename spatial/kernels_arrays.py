"""
Compiled functions that make arrays for other kernels.

Numba compiles `numpy.empty` and its like anew in each process for each way in which they are called, and then again
where an argument is a constant. These are compiled once, and kept. Their sizes are no constants either: write
`np.int64(4)` for 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "empty_float64",
    "empty_float64_pairs",
    "empty_int32",
    "empty_int32_pairs",
    "empty_int64",
    "empty_uint8",
    "nones_int32",
    "zeros_float64",
    "zeros_int32",
    "zeros_int64",
    "zeros_uint8",
]


@inner  # pragma: no cover - compiled
def empty_float64(size: int) -> NDArray[np.float64]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.float64)


@inner  # pragma: no cover - compiled
def empty_float64_pairs(size: int) -> NDArray[np.float64]:
    """Make room for pairs of numbers, which are whatever the memory holds; shape (size, 2)."""
    return np.empty((size, 2), np.float64)


@inner  # pragma: no cover - compiled
def empty_int32(size: int) -> NDArray[np.int32]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.int32)


@inner  # pragma: no cover - compiled
def empty_int32_pairs(size: int) -> NDArray[np.int32]:
    """Make room for pairs of numbers, which are whatever the memory holds; shape (size, 2)."""
    return np.empty((size, 2), np.int32)


@inner  # pragma: no cover - compiled
def empty_int64(size: int) -> NDArray[np.int64]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.int64)


@inner  # pragma: no cover - compiled
def empty_uint8(size: int) -> NDArray[np.uint8]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.uint8)


@inner  # pragma: no cover - compiled
def nones_int32(size: int) -> NDArray[np.int32]:
    """Make an array of -1, which stands for none; shape (size,)."""
    nones = empty_int32(size)
    for place in range(size):
        nones[place] = -1
    return nones


@inner  # pragma: no cover - compiled
def zeros_float64(size: int) -> NDArray[np.float64]:
    """Make zeros; shape (size,)."""
    zeros = empty_float64(size)
    for place in range(size):
        zeros[place] = 0.0
    return zeros


@inner  # pragma: no cover - compiled
def zeros_int32(size: int) -> NDArray[np.int32]:
    """Make zeros; shape (size,)."""
    zeros = empty_int32(size)
    for place in range(size):
        zeros[place] = 0
    return zeros


@inner  # pragma: no cover - compiled
def zeros_int64(size: int) -> NDArray[np.int64]:
    """Make zeros; shape (size,)."""
    zeros = empty_int64(size)
    for place in range(size):
        zeros[place] = 0
    return zeros


@inner  # pragma: no cover - compiled
def zeros_uint8(size: int) -> NDArray[np.uint8]:
    """Make zeros; shape (size,)."""
    zeros = empty_uint8(size)
    for place in range(size):
        zeros[place] = 0
    return zeros
