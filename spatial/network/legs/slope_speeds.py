"""How much of its speed on the flat a mode keeps on a slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["SPEEDS_ON_SLOPES", "STEEPEST", "cycling_multiplier", "tobler_multiplier", "tobler_speed"]

STEEPEST = 1.0
"""Slopes beyond one in one are taken as one in one: what a model of elevation says of cliffs is no path."""

SLOWEST_KM_H = 0.1
"""No slope slows a traveller below this."""

PUSHING_KM_H = 5.0
"""Speed on the flat of a rider who pushes the cycle."""

_UPHILL = 0.4002 / 6.01 * 100.0
_DOWNHILL = 0.2379 / 6.01 * 100.0
_FASTEST = 35.0 / 21.636
"""Parkin and Rotheram (2010): on the flat 6.01 m/s; 0.4002 m/s less for each per cent uphill, 0.2379 m/s more for each
per cent downhill, and 35 km/h at the most. Here as shares of the speed on the flat."""


def tobler_speed(slope: ArrayLike) -> NDArray[np.float64]:
    """
    Speed of walking on a slope.

    Tobler (1993), hiking function: ``v = 6 exp(-3.5 |s + 0.05|)`` km/h (not metres a second), fastest at 5 % downhill.

    Parameters
    ----------
    slope : array_like of float
        Rise over run in the direction of travel, as a share: 0.1 climbs 1 m in 10 m. Beyond -1 and 1 it counts as -1
        and 1; NaN stays NaN.

    Returns
    -------
    ndarray of float64
        km/h, 0.1 or more.

    Examples
    --------
    >>> [round(float(speed), 6) for speed in tobler_speed([-0.05, 0.0, 0.1])]
    [6.0, 5.036742, 3.549332]
    """
    steepness = np.clip(np.asarray(slope, dtype=np.float64), -STEEPEST, STEEPEST)
    return np.maximum(6.0 * np.exp(-3.5 * np.abs(steepness + 0.05)), SLOWEST_KM_H)


def tobler_multiplier(slope: ArrayLike) -> NDArray[np.float64]:
    """
    Give the share of the speed on the flat that a walker keeps on a slope.

    ``m(s) = exp(-3.5 |s + 0.05|) / exp(-0.175)``: Tobler (1993), made 1 on the flat.

    Examples
    --------
    >>> [round(float(share), 4) for share in tobler_multiplier([0.0, -0.05, -0.1])]
    [1.0, 1.1912, 1.0]
    """
    steepness = np.clip(np.asarray(slope, dtype=np.float64), -STEEPEST, STEEPEST)
    return np.asarray(np.exp(-3.5 * np.abs(steepness + 0.05)) / np.exp(-0.175))


def cycling_multiplier(slope: ArrayLike) -> NDArray[np.float64]:
    """
    Give the share of the speed on the flat that a cyclist keeps on a slope.

    Parkin and Rotheram (2010, Transport Policy 17: 335-341), measured: 6.01 m/s on the flat, 0.4002 m/s less for each
    per cent uphill, 0.2379 m/s more for each per cent downhill up to 35 km/h.

    Examples
    --------
    >>> [round(float(share), 3) for share in cycling_multiplier([0.0, 0.05, -0.05, 0.2, -0.2])]
    [1.0, 0.667, 1.198, 0.0, 1.618]
    """
    steepness = np.clip(np.asarray(slope, dtype=np.float64), -STEEPEST, STEEPEST)
    uphill = np.maximum(1.0 - _UPHILL * np.maximum(steepness, 0.0), 0.0)
    return np.asarray(np.where(steepness > 0, uphill, np.minimum(1.0 - _DOWNHILL * steepness, _FASTEST)))


def _walking_km_h(flat_km_h: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(flat_km_h * tobler_multiplier(slope), SLOWEST_KM_H))


def _cycling_km_h(flat_km_h: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ride, or push where that is faster; nobody pushes faster than the road lets ride on the flat."""
    pushed = _walking_km_h(np.minimum(flat_km_h, PUSHING_KM_H), np.maximum(slope, 0.0))
    return np.asarray(np.maximum(flat_km_h * cycling_multiplier(slope), pushed))


SPEEDS_ON_SLOPES: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = {
    "walk": _walking_km_h,
    "cycle": _cycling_km_h,
    "ebike": _cycling_km_h,
}
"""Modes that a slope slows; motors keep the speed of the road."""
