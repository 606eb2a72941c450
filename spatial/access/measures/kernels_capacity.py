"""Compiled filling of facilities, ring after ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.compiled import outer
from spatial.kernels_arrays import zeros_float64

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fill_rings"]


@outer  # pragma: no cover - compiled
def fill_rings(
    starts: NDArray[np.int64],
    settlement: NDArray[np.int64],
    facility: NDArray[np.int64],
    people: NDArray[np.float64],
    capacity: NDArray[np.float64],
) -> NDArray[np.float64]:
    """
    Give people to facilities, ring after ring; a facility that cannot take a whole ring takes the same share of all.

    Parameters
    ----------
    starts : ndarray of int64, shape (rings + 1,)
        Pairs of ring r are ``starts[r]`` to ``starts[r + 1] - 1``; they have one facility.
    settlement, facility : ndarray of int64, shape (pairs,)
        Positions, in the order in which they are served.
    people : ndarray of float64, shape (n,)
        People of each settlement.
    capacity : ndarray of float64, shape (m,)
        People that each facility can take; inf: any number.

    Returns
    -------
    ndarray of float64, shape (pairs,)
        People of the settlement whom the facility takes.
    """
    rest, free = people.copy(), capacity.copy()
    given = zeros_float64(settlement.shape[0])
    for ring in range(starts.shape[0] - 1):
        first, last = starts[ring], starts[ring + 1]
        taker = facility[first]
        asked = 0.0
        for pair in range(first, last):
            asked += rest[settlement[pair]]
        share = 1.0 if asked <= free[taker] else free[taker] / asked
        for pair in range(first, last):
            given[pair] = rest[settlement[pair]] * share
            rest[settlement[pair]] -= given[pair]
        free[taker] = free[taker] - asked if share == 1.0 else 0.0
    return given
