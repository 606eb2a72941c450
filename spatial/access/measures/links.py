"""Pairs of places and facilities by position, in rows of places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Links"]

Ints: TypeAlias = NDArray[np.int32]
Longs: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of n places and m facilities, by position; no pair twice."""

    start: Longs  # shape (n + 1,), pairs of place i are ``start[i]`` to ``start[i + 1] - 1``
    destination: Ints  # shape (pairs,), position of the facility
    shape: tuple[int, int]  # n and m

    @cached_property
    def origin(self) -> Longs:
        """Position of the place of each pair."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.start))
