"""Mountains with valleys that drain: a steady-state river landscape, as long erosion would leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from tools.sample_county.ground import CELL_X_M, CELL_Y_M, COLUMNS, HEIGHT_M, ROWS, cells_at
from tools.sample_county.lattice import Lattice, Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["Reach", "Terrain", "densify", "fractal_noise", "make_terrain", "smooth_line"]

COARSE = 2
"""Rivers find their beds on cells of this many cells a side."""
ROUNDS = 14
"""How often water looks for a lower way over the ground that it has carved."""
OUTSIDE_KM2 = 1500.0
"""Catchment of the main river where it enters the map."""
MOUTH_M, MAIN_FALL = 330.0, 0.0022
"""Height of the main river where it leaves the map, and its slope."""
STEEPNESS, CONCAVITY = 0.098, 0.41
"""Slope of a stream = STEEPNESS * (catchment in km2) ** -CONCAVITY (Flint 1974; Whipple and Tucker 1999)."""
STEEPEST = 0.55
"""Hillsides steeper than this slide."""
STREAM_KM2 = 2.0
"""Catchment from which a stream is drawn."""
FLOORS = ((2.0, 110.0), (12.0, 190.0), (60.0, 330.0), (1000.0, 620.0))
"""Half width of the flat valley floor, metres, by the catchment in km2 from which it is found."""
EDGE_HANDICAP_M = 13_000.0
"""Head start of the main river over the outlets on the map's edge: it puts the county's divide near the edge."""
EDGE_BASE_M = 620.0
"""Height of the outlets on the map's edge."""


@dataclass(frozen=True, eq=False)
class Reach:
    """A piece of river between confluences."""

    points: FloatArray  # shape (n, 2), metres, upstream first; the last point is the first of the reach below
    catchment_km2: float  # at its lower end
    is_main: bool  # whether it is part of the main river


@dataclass(frozen=True, eq=False)
class Terrain:
    """The ground and its water."""

    elevation_m: FloatArray  # shape (ROWS, COLUMNS), above the sea
    slope: FloatArray  # shape (ROWS, COLUMNS), metres a metre
    reaches: tuple[Reach, ...]  # streams and rivers


def fractal_noise(random: np.random.Generator, shape: tuple[int, int], *, largest: float, octaves: int) -> FloatArray:
    """Sum noises of ever finer grain."""
    total = np.zeros(shape)
    for octave in range(octaves):
        noise = ndimage.gaussian_filter(random.standard_normal(shape), largest / 2**octave, mode="reflect")
        total += noise / noise.std() / 2**octave
    total -= total.mean()
    scaled: FloatArray = total / total.std()
    return scaled


def densify(points: FloatArray, spacing_m: float) -> FloatArray:
    """Put points along a line at about equal distances; its ends stay, its corners need not."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    wanted = np.linspace(0.0, along[-1], max(2, round(along[-1] / spacing_m) + 1))
    return np.stack([np.interp(wanted, along, points[:, 0]), np.interp(wanted, along, points[:, 1])], axis=-1)


def smooth_line(points: FloatArray, *, passes: int) -> FloatArray:
    """Round the corners of a line; its ends stay."""
    smooth = points.copy()
    for _ in range(passes):
        smooth[1:-1] = 0.25 * smooth[:-2] + 0.5 * smooth[1:-1] + 0.25 * smooth[2:]
    return smooth


def make_terrain(random: np.random.Generator) -> Terrain:
    """
    Raise mountains and let rivers carve them.

    Every cell drains along a least-cost way to the main river or to the map's edge; heights are then added up
    against the flow, steep where little water runs and gentle where much does. A few rounds let the water find lower
    ways over the ground that it has carved.
    """
    rows, columns = ROWS // COARSE, COLUMNS // COARSE
    lattice = Lattice(rows, columns, CELL_X_M * COARSE, CELL_Y_M * COARSE)
    broad = fractal_noise(random, (rows, columns), largest=16, octaves=3)
    resistance = np.exp(0.5 * broad + 0.55 * random.standard_normal((rows, columns))).ravel()
    uplift = np.exp(0.3 * fractal_noise(random, (rows, columns), largest=40, octaves=2)).ravel()
    main = _main_river(lattice, random)
    bed = _Bed(lattice, resistance, main, _outlets(lattice, main))
    height, catchment = np.zeros(rows * columns), np.ones(rows * columns)
    base = np.full(rows * columns, EDGE_BASE_M)
    for turn in range(ROUNDS):
        drainage = bed.drain(height, catchment, first=turn == 0)
        catchment = _catchments(drainage, main)
        height = _raise(lattice, drainage, np.minimum(STEEPNESS * uplift * catchment**-CONCAVITY, STEEPEST), main, base)
        base = _level_divides(lattice, drainage, height, base)
    elevation = _refine(random, height.reshape(rows, columns))
    reaches = tuple(_reaches(lattice, drainage, catchment, main))
    elevation = _carve_beds(_lay_valley_floors(elevation, reaches), reaches)
    down, across = np.gradient(elevation, CELL_Y_M, CELL_X_M)
    return Terrain(elevation, np.hypot(down, across), reaches)


def _main_river(lattice: Lattice, random: np.random.Generator) -> list[int]:
    shape = (lattice.rows, lattice.columns)
    hills = 1.1 * fractal_noise(random, shape, largest=9, octaves=4) + 0.6 * random.standard_normal(shape)
    winding = np.exp(hills).ravel()
    middle = lattice.rows // 2
    source, mouth = (middle - lattice.rows // 7) * lattice.columns, (middle + 1) * lattice.columns - 1
    return lattice.spread(lattice.length_m * winding[lattice.head], [mouth]).way(source)


def _outlets(lattice: Lattice, main: list[int]) -> IntArray:
    row, column = np.divmod(np.arange(lattice.rows * lattice.columns), lattice.columns)
    on_edge = (row == 0) | (row == lattice.rows - 1) | (column == 0) | (column == lattice.columns - 1)
    river = np.zeros((lattice.rows, lattice.columns), dtype=bool)
    river.flat[main] = True
    near_main = ndimage.binary_dilation(river, iterations=25).ravel()
    outlets: IntArray = np.flatnonzero(on_edge & ((row + column) % 23 == 0) & ~near_main)
    return outlets


@dataclass(frozen=True, eq=False)
class _Bed:
    lattice: Lattice
    resistance: FloatArray
    main: list[int]
    outlets: IntArray

    def drain(self, height: FloatArray, catchment: FloatArray, *, first: bool) -> Spread:
        """Let every cell drain to the main river or to an outlet on the edge, whichever is cheaper."""
        lattice = self.lattice
        rise = height[lattice.head] - height[lattice.tail]
        ease = 1.0 if first else 0.15 + 1.0 / (1.0 + np.maximum(rise, 0.0) / lattice.length_m / 0.06)
        shared = np.maximum(catchment, 0.05)[lattice.head] ** -0.22
        costs = lattice.length_m * self.resistance[lattice.head] * ease * shared + 30.0 * np.maximum(-rise, 0.0)
        edge, trunk = lattice.spread(costs, self.outlets), lattice.spread(costs, self.main)
        to_edge = edge.cost + EDGE_HANDICAP_M < trunk.cost
        previous = np.where(to_edge, edge.previous, trunk.previous)
        cost = np.where(to_edge, edge.cost + EDGE_HANDICAP_M, trunk.cost)
        previous[self.main[:-1]] = self.main[1:]
        cost[self.main] = np.linspace(0.0, -1.0, len(self.main))
        return Spread(cost, previous, np.where(to_edge, edge.source, self.main[-1]))


def _catchments(drainage: Spread, main: list[int]) -> FloatArray:
    area = np.full(len(drainage.cost), CELL_X_M * CELL_Y_M * COARSE**2 / 1e6)
    area[main[0]] += OUTSIDE_KM2
    below, total = drainage.previous.tolist(), area.tolist()
    for cell in np.argsort(-drainage.cost, kind="stable").tolist():
        if below[cell] >= 0:
            total[below[cell]] += total[cell]
    return np.array(total)


def _raise(lattice: Lattice, drainage: Spread, slope: FloatArray, main: list[int], base: FloatArray) -> FloatArray:
    below = drainage.previous
    row, column = np.divmod(np.arange(len(below)), lattice.columns)
    step = COARSE * np.hypot((column - column[below]) * CELL_X_M, (row - row[below]) * CELL_Y_M)
    slope = slope.copy()
    slope[main] = MAIN_FALL
    rise, receiver = (step * slope).tolist(), below.tolist()
    height = np.where(drainage.source == main[-1], MOUTH_M, base[drainage.source]).tolist()
    for cell in np.argsort(drainage.cost, kind="stable").tolist():
        if receiver[cell] >= 0:
            height[cell] = height[receiver[cell]] + rise[cell]
    return np.array(height)


def _level_divides(lattice: Lattice, drainage: Spread, height: FloatArray, base: FloatArray) -> FloatArray:
    from_source, to_source = drainage.source[lattice.tail], drainage.source[lattice.head]
    meets = from_source != to_source
    jump = height[lattice.head[meets]] - height[lattice.tail[meets]]
    count = np.bincount(from_source[meets], minlength=len(base))
    total = np.bincount(from_source[meets], jump, minlength=len(base))
    levelled: FloatArray = np.maximum(base + 0.8 * total / np.maximum(count, 1), MOUTH_M)
    return levelled


def _refine(random: np.random.Generator, coarse: FloatArray) -> FloatArray:
    smooth = ndimage.gaussian_filter(coarse, 0.9, mode="nearest")
    fine = ndimage.zoom(smooth, COARSE, order=3, mode="nearest", grid_mode=True)
    rough = fractal_noise(random, fine.shape, largest=6, octaves=3)
    relief = fine - ndimage.gaussian_filter(fine, 12, mode="nearest")
    refined: FloatArray = fine + rough * np.clip(4.0 + 0.05 * np.abs(relief), 0.0, 14.0)
    return refined


def _reaches(lattice: Lattice, drainage: Spread, catchment: FloatArray, main: list[int]) -> list[Reach]:
    is_main = np.zeros(len(catchment), dtype=bool)
    is_main[main] = True
    wet = catchment >= STREAM_KM2
    receiver = drainage.previous
    feeders = np.zeros(len(catchment), dtype=np.int64)
    flows = np.flatnonzero(wet & (receiver >= 0))
    np.add.at(feeders, receiver[flows], 1)
    row, column = np.divmod(np.arange(len(catchment)), lattice.columns)
    x = (column + 0.5) * CELL_X_M * COARSE
    y = HEIGHT_M - (row + 0.5) * CELL_Y_M * COARSE
    reaches = []
    for head in np.flatnonzero(wet & (feeders != 1)).tolist():
        cells = [head]
        while receiver[cells[-1]] >= 0:
            cells.append(int(receiver[cells[-1]]))
            if feeders[cells[-1]] != 1:
                break
        if len(cells) > 1:
            points = densify(smooth_line(np.stack([x[cells], y[cells]], axis=-1), passes=2), 55.0)
            reaches.append(Reach(points, float(catchment[cells[-2]]), bool(is_main[cells[0]])))
    return reaches


def _lay_valley_floors(elevation: FloatArray, reaches: tuple[Reach, ...]) -> FloatArray:
    """Fill the valleys with what rivers leave: the flat land that towns and fields take."""
    floor = elevation.copy()
    for least_km2, half_width_m in FLOORS:
        wet = np.zeros(elevation.shape, dtype=bool)
        for reach in reaches:
            if reach.catchment_km2 >= least_km2:
                wet.flat[cells_at(densify(reach.points, 40.0))] = True
        distance, nearest = ndimage.distance_transform_edt(~wet, sampling=(CELL_Y_M, CELL_X_M), return_indices=True)
        river = ndimage.gaussian_filter(elevation, 1.5)[tuple(nearest)]
        share = np.clip(distance / half_width_m, 0.0, 1.0) ** 1.6
        flat = river + (floor - river) * share + 0.006 * distance
        floor = np.where(distance < half_width_m, np.minimum(floor, flat), floor)
    return floor


def _carve_beds(elevation: FloatArray, reaches: tuple[Reach, ...]) -> FloatArray:
    """Let no river run uphill: each cell of its bed is at most as high as the one above it."""
    carved = elevation.copy()
    level: dict[tuple[float, float], float] = {}
    for reach in sorted(reaches, key=lambda reach: reach.catchment_km2):
        cells = cells_at(densify(reach.points, 40.0))
        start, end = ((float(x), float(y)) for x, y in reach.points[[0, -1]])
        bed = np.minimum.accumulate(np.append(level.get(start, np.inf), carved.flat[cells]))[1:]
        np.minimum.at(carved.reshape(-1), cells, bed)
        level[end] = min(level.get(end, np.inf), float(bed[-1]))
    return carved
