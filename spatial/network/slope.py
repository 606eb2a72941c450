"""Slope along every edge: how much of its speed a mode keeps uphill and downhill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import ArrayLike

from spatial.arrays import FloatArray, IntArray
from spatial.crs import transformer_between
from spatial.errors import NetworkError, of_kind
from spatial.network.graph import TravelGraph
from spatial.network.road_access import FERRY
from spatial.network.speeds import MODES
from spatial.rasters import Raster, unmasked

# How much of its speed on the flat a mode keeps on a slope.

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


def tobler_speed(slope: ArrayLike) -> FloatArray:
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
    steepness = np.clip(unmasked(slope), -STEEPEST, STEEPEST)
    return np.maximum(6.0 * np.exp(-3.5 * np.abs(steepness + 0.05)), SLOWEST_KM_H)


def tobler_multiplier(slope: ArrayLike) -> FloatArray:
    """Give the share of the speed on the flat that a walker keeps on a slope: Tobler (1993), made 1 on the flat."""
    steepness = np.clip(np.asarray(slope, dtype=np.float64), -STEEPEST, STEEPEST)
    return np.asarray(np.exp(-3.5 * np.abs(steepness + 0.05)) / np.exp(-0.175))


def cycling_multiplier(slope: ArrayLike) -> FloatArray:
    """
    Give the share of the speed on the flat that a cyclist keeps on a slope.

    Parkin and Rotheram (2010, Transport Policy 17: 335-341), measured: 6.01 m/s on the flat, 0.4002 m/s less for each
    per cent uphill, 0.2379 m/s more for each per cent downhill up to 35 km/h.
    """
    steepness = np.clip(np.asarray(slope, dtype=np.float64), -STEEPEST, STEEPEST)
    uphill = np.maximum(1.0 - _UPHILL * np.maximum(steepness, 0.0), 0.0)
    return np.asarray(np.where(steepness > 0, uphill, np.minimum(1.0 - _DOWNHILL * steepness, _FASTEST)))


def _walking_km_h(flat_km_h: FloatArray, slope: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(flat_km_h * tobler_multiplier(slope), SLOWEST_KM_H))


def _cycling_km_h(flat_km_h: FloatArray, slope: FloatArray) -> FloatArray:
    """Ride, or push where that is faster; nobody pushes faster than the road lets ride on the flat."""
    pushed = _walking_km_h(np.minimum(flat_km_h, PUSHING_KM_H), np.maximum(slope, 0.0))
    return np.asarray(np.maximum(flat_km_h * cycling_multiplier(slope), pushed))


SPEEDS_ON_SLOPES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "walk": _walking_km_h,
    "cycle": _cycling_km_h,
    "ebike": _cycling_km_h,
}
"""Modes that a slope slows; motors keep the speed of the road."""


# Slope along every edge, from a model of elevation: uphill takes longer than downhill, on foot and on a cycle.

_LOWEST_M, _HIGHEST_M = -1000.0, 9000.0
"""Elevations of the ground in metres; what is beyond, such as -9999 or -32768, stands for no data."""

_BLOCK_STEPS = 250_000
"""Steps that are looked at together; changes memory and speed only."""


@dataclass(frozen=True, eq=False)
class Climbs:
    """The ground under every edge, in steps of equal length along each."""

    offsets: IntArray  # shape (n_edges + 1,), steps of edge e are offsets[e] to offsets[e + 1] - 1, as it is drawn
    slope: FloatArray  # shape (n_steps,), rise over run, clamped to -1 and 1; 0 where the elevation is not known
    climb_m: FloatArray  # shape (n_edges,), metres up in the drawn direction, 0 or more
    descent_m: FloatArray  # shape (n_edges,), metres down likewise
    unknown_m: FloatArray  # shape (n_edges,), metres without elevation: voids, and ground beyond the raster


def with_slope(
    graph: TravelGraph, elevation: Raster | Sequence[Raster], *, spacing_m: float = 30.0, min_known_share: float = 0.95
) -> TravelGraph:
    """
    Let slopes slow and speed walkers and cyclists, in each direction of its own.

    Elevation is read along every edge (bilinear), and each step between two readings takes the speed of its signed
    slope: walking by Tobler's multiplier on the speed of the road (`tobler_multiplier`), cycling and e-bikes by that of
    Parkin and Rotheram (`cycling_multiplier`; where riding would be slower than pushing the cycle at 5 km/h by Tobler,
    the rider pushes). Motorised modes are returned as they are. Bridges and tunnels run straight from end to end;
    ferries are level. Minutes follow metres in the plane: the way is not made longer by its slope.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode on the flat; left unchanged.
    elevation : Raster or sequence of Raster
        Metres above any level; NaN where unknown. Of several, the first that knows a point decides, and those in its
        CRS go on at its rim. A raster in another CRS is not resampled: the points are put into its CRS.
    spacing_m : float
        The longest step, metres; each edge is cut into equal steps. About the size of a cell: finer adds nothing, and
        coarser smooths.
    min_known_share : float
        Share of the length of roads, 0 to 1, whose elevation must be known; inclusive.

    Returns
    -------
    TravelGraph
        With ``report["slope"]``: kilometres climbed and descended in the drawn directions, kilometres of unknown
        elevation taken as level, and the share of length steeper than 10 %.

    Raises
    ------
    NetworkError
        Where less than `min_known_share` is known, an option makes no sense, or the graph has its slope already.

    Examples
    --------
    On a road of 1 km at 5 km/h that climbs 100 m steadily, a walker takes 12 / m(0.1) = 17.0 minutes up and
    12 / m(-0.1) = 12.0 minutes down.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    faults = {
        f"the graph of mode {graph.mode} is of several; give each its slope before combining": graph.mode not in MODES,
        "the graph has its slope already; begin from the level one": "slope" in graph.report,
        f"spacing_m is {spacing_m:g}, must be above 0": not 0 < spacing_m < np.inf,
        f"min_known_share is {min_known_share:g}, must be from 0 to 1": not 0 <= min_known_share <= 1,
    }
    if any(faults.values()):
        raise NetworkError("cannot apply slope: " + "; ".join(told for told, is_so in faults.items() if is_so))
    for tile in _tiles(elevation):
        if not isinstance(tile, Raster) or np.ndim(tile.values) != 2:
            shape = f" of shape {np.shape(tile.values)}" if isinstance(tile, Raster) else ""
            raise NetworkError(
                f"cannot apply slope: elevation is a {type(tile).__name__}{shape}; give rasters of rows and columns"
            )
    if graph.mode not in SPEEDS_ON_SLOPES:
        return graph
    climbs = climbs_of(graph, elevation, spacing_m=spacing_m)
    total, unknown = (float(metres[graph.is_counted].sum()) for metres in (graph.length_m, climbs.unknown_m))
    known = 1.0 - unknown / total if total > 0 else 1.0
    # Sums of lengths are rounded: a share of 1 must not fail by a bit.
    if known < min_known_share - 1e-9:
        raise NetworkError(
            f"elevation is known for {known:.1%} of the roads ({unknown / 1000:.1f} km lack it), less than "
            f"min_known_share = {min_known_share:.0%}; add the tiles that are missing, or lower min_known_share to "
            "take the rest as level"
        )
    forward = _minutes(graph, graph.forward_min, climbs, sign=1.0)
    backward = _minutes(graph, graph.backward_min, climbs, sign=-1.0)
    counts = np.diff(climbs.offsets)
    metres = np.repeat(graph.length_m * graph.is_counted / counts, counts)
    report = {
        "spacing_m": float(spacing_m),
        "climb_km": float(climbs.climb_m[graph.is_counted].sum()) / 1000.0,
        "descent_km": float(climbs.descent_m[graph.is_counted].sum()) / 1000.0,
        "unknown_km": unknown / 1000.0,
        "steep_share": float(metres[np.abs(climbs.slope) > 0.1].sum()) / max(float(metres.sum()), np.finfo(float).tiny),
    }
    return replace(graph.with_minutes(forward, backward), report={**graph.report, "slope": report})


def climbs_of(graph: TravelGraph, elevation: Raster | Sequence[Raster], *, spacing_m: float = 30.0) -> Climbs:
    """Read the elevation along every edge."""
    level = graph.road_class == FERRY
    straight = graph.is_bridge | graph.is_tunnel | level
    steps = np.maximum(np.ceil(graph.length_m / spacing_m - 1e-9), 1).astype(np.int64)
    steps[straight] = 1
    offsets = np.concatenate(([0], np.cumsum(steps)))
    # Metres from the first vertex of the graph to each one, along the lines.
    xy = graph.coordinates
    along = np.zeros(len(xy))
    along[1:] = np.hypot(*np.diff(xy, axis=0).T)
    along[graph.coordinate_offsets[:-1]] = 0.0
    along = np.cumsum(along)
    slope, sums = np.empty(offsets[-1]), np.empty((3, graph.n_edges))
    for edges in _blocks(offsets):
        # Equal steps along the lines; one reading more than steps an edge.
        readings = steps[edges] + 1
        head = np.repeat(graph.coordinate_offsets[:-1][edges], readings)
        tail = np.repeat(graph.coordinate_offsets[1:][edges] - 1, readings)
        number = np.arange(len(head)) - np.repeat(np.cumsum(readings) - readings, readings)
        goal = along[head] + number / np.repeat(steps[edges], readings) * (along[tail] - along[head])
        vertex = np.clip(np.searchsorted(along, goal, side="right") - 1, head, tail - 1)
        gap = along[vertex + 1] - along[vertex]
        share = np.divide(goal - along[vertex], gap, out=np.zeros_like(goal), where=gap > 0)
        place = xy[vertex] + np.clip(share, 0.0, 1.0)[:, None] * (xy[vertex + 1] - xy[vertex])
        height = heights_at(elevation, graph.crs, place[:, 0], place[:, 1])
        # Metres up of every step; NaN where an end is not known.
        edge = np.repeat(np.arange(len(readings)), steps[edges])
        first = np.arange(len(edge)) + edge
        rise = height[first + 1] - height[first]
        rise[level[edges][edge]] = 0.0
        metres = np.repeat(graph.length_m[edges] / steps[edges], steps[edges])
        unknown = np.isnan(rise)
        rise[unknown] = 0.0
        part = slice(offsets[edges.start], offsets[edges.stop])
        slope[part] = np.divide(rise, metres, out=np.zeros_like(rise), where=metres > 0)
        starts = offsets[edges] - offsets[edges.start]
        for row, values in enumerate((np.maximum(rise, 0.0), np.maximum(-rise, 0.0), unknown * metres)):
            sums[row, edges] = np.add.reduceat(values, starts)
    np.clip(slope, -STEEPEST, STEEPEST, out=slope)
    return Climbs(offsets, slope, sums[0], sums[1], sums[2])


def _blocks(offsets: IntArray) -> Iterator[slice]:
    """Divide the edges into runs of about so many steps, so that memory does not grow with the network."""
    cuts = np.searchsorted(offsets, np.arange(0, offsets[-1], _BLOCK_STEPS))
    cuts = np.unique(np.append(cuts, len(offsets) - 1))
    for start, stop in pairwise(cuts.tolist()):
        yield slice(start, stop)


def _tiles(elevation: Raster | Sequence[Raster]) -> list[Raster]:
    tiles = list(elevation) if isinstance(elevation, list | tuple) else [elevation]
    if not tiles:
        raise NetworkError("cannot apply slope: no raster of elevation was given")
    return tiles  # type: ignore[return-value]  # a sequence that is no list or tuple is one raster


def heights_at(elevation: Raster | Sequence[Raster], crs: pyproj.CRS, x: FloatArray, y: FloatArray) -> FloatArray:
    """Read elevation at points."""
    height, tiles = np.full(len(x), np.nan), _tiles(elevation)
    for tile in tiles:
        left = np.flatnonzero(np.isnan(height))
        if len(left) == 0:
            break
        across, up = x[left], y[left]
        if tile.crs != crs:
            across, up = transformer_between(crs, tile.crs).transform(across, up)
        beside = (other for other in tiles if other is not tile and other.crs == tile.crs)
        height[left] = _bilinear([tile, *beside], np.asarray(across), np.asarray(up))
    return height


def _bilinear(tiles: Sequence[Raster], x: FloatArray, y: FloatArray) -> FloatArray:
    """Interpolate between the four nearest cell centres of the first; NaN beyond it and where one that counts is."""
    rows, columns = tiles[0].values.shape
    column, row = _applied(~tiles[0].transform, x, y)
    inside = (column >= 0) & (column <= columns) & (row >= 0) & (row <= rows)
    column, row = column[inside] - 0.5, row[inside] - 0.5
    left, top = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    total = np.zeros(len(column))
    for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
        at_row, at_column = np.clip(top + down, 0, rows - 1), np.clip(left + right, 0, columns - 1)
        corner = _known(tiles[0].values[at_row, at_column])
        # Beyond the rim the next tile goes on, so that a seam is no step; where none does, the rim is taken as it is.
        beyond = np.flatnonzero((at_row != top + down) | (at_column != left + right))
        centre = _applied(tiles[0].transform, left[beyond] + right + 0.5, top[beyond] + down + 0.5)
        for tile in reversed(tiles[1:]) if len(beyond) else ():
            at_column, at_row = (np.floor(place).astype(np.int64) for place in _applied(~tile.transform, *centre))
            held = (at_row >= 0) & (at_row < tile.shape[0]) & (at_column >= 0) & (at_column < tile.shape[1])
            values = _known(tile.values[at_row[held], at_column[held]])
            corner[beyond[held]] = np.where(np.isnan(values), corner[beyond[held]], values)
        weight = np.abs(1 - down - (row - top)) * np.abs(1 - right - (column - left))
        total += np.where(weight > 0, weight * corner, 0.0)
    result = np.full(len(x), np.nan)
    result[inside] = total
    return result


def _applied(transform: Affine, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    a, b, c, d, e, f = transform[:6]
    return a * x + b * y + c, d * x + e * y + f


def _known(values: FloatArray) -> FloatArray:
    return np.where((values >= _LOWEST_M) & (values <= _HIGHEST_M), values, np.nan)


def _minutes(graph: TravelGraph, level_min: FloatArray, climbs: Climbs, *, sign: float) -> FloatArray:
    """Add up the minutes of the steps of every edge in one direction; what is closed stays closed."""
    speed = SPEEDS_ON_SLOPES[graph.mode]
    offsets, counts = climbs.offsets, np.diff(climbs.offsets)
    moves = np.isfinite(level_min) & (level_min > 0) & (graph.length_m > 0)
    flat_km_h = np.divide(0.06 * graph.length_m, level_min, out=np.ones_like(level_min), where=moves)
    factor = np.ones(graph.n_edges)
    for edges in _blocks(offsets):
        flat = np.repeat(flat_km_h[edges], counts[edges])
        taken = flat / speed(flat, sign * climbs.slope[offsets[edges.start] : offsets[edges.stop]])
        factor[edges] = np.add.reduceat(taken, offsets[edges] - offsets[edges.start]) / counts[edges]
    return np.where(moves, level_min * factor, level_min)
