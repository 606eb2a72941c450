"""Where people settle: the county seat on the widest flat, towns along the valleys, villages wherever slopes allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from tools.sample_county.ground import CELL_X_M, CELL_Y_M, COLUMNS, ROWS, cell_centres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.sample_county.lattice import Lattice
    from tools.sample_county.terrain import Terrain

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["OUTSIDE", "Sites", "choose_sites", "pick_apart"]

OUTSIDE = -1
"""Township number of ground beyond the county."""
TOWNS_A_VILLAGE = 24 / 400
OUTER_VILLAGE_SHARE = 0.06
"""Villages beyond the county, as a share of those in it: they are read, they serve, they are not scored."""
TOWN_SPACING_M, OUTER_SPACING_M, VILLAGE_SPACING_M = 4_000.0, 6_500.0, 850.0
BOUNDARY_CELLS = 4
"""Nobody settles this near to the county's boundary."""
SEAT_RADIUS_M = 2_300.0
"""Villages this near to the middle of the county seat have become part of it."""
MARGIN_M = 4_800.0
"""Towns keep this far from the edge of the map; what lies beyond belongs to other counties."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Cells where settlements stand, and the township of every cell."""

    towns: IntArray  # the county seat first
    outer_towns: IntArray  # towns of other counties, which only keep the county in its bounds
    villages: IntArray  # inside and outside the county
    outer_villages: IntArray
    township: IntArray  # shape (cells,), position in `towns`; `OUTSIDE` beyond the county


def choose_sites(random: np.random.Generator, terrain: Terrain, lattice: Lattice, dry: Mask, villages: int) -> Sites:
    """Choose where settlements stand and draw the townships around the towns."""
    flat = np.exp(-((terrain.slope.ravel() / 0.10) ** 2)) * dry
    wide = ndimage.gaussian_filter(flat.reshape(ROWS, COLUMNS), 4).ravel()
    edge = _edge_distance_m()
    middle = np.exp(-((_middle_distance_m() / 9_000.0) ** 2))
    seat = int(np.argmax(ndimage.gaussian_filter(flat.reshape(ROWS, COLUMNS), 9).ravel() * middle * dry))
    count = 1 + max(3, round(villages * TOWNS_A_VILLAGE))
    inner = wide**1.5 * flat * (edge >= MARGIN_M)
    towns = pick_apart(random, inner, count=count, apart_m=TOWN_SPACING_M, first=(seat,))
    outer = pick_apart(random, wide * flat * (edge < 2_600.0), count=60, apart_m=OUTER_SPACING_M)
    township = _townships(terrain, lattice, dry, towns, outer)
    away = np.hypot(*(cell_centres(np.arange(ROWS * COLUMNS)) - cell_centres(np.array([seat]))).T)
    buildable = np.exp(-((terrain.slope.ravel() / 0.2) ** 2)) * dry * (edge > 900.0) * (away > SEAT_RADIUS_M)
    taken = np.concatenate([towns, outer])
    inside, outside = _well_inside(township)
    chosen = pick_apart(
        random, buildable * inside, count=villages, apart_m=VILLAGE_SPACING_M, first=taken, keep_first=False
    )
    beyond = pick_apart(
        random,
        buildable * outside,
        count=round(villages * OUTER_VILLAGE_SHARE),
        apart_m=2 * VILLAGE_SPACING_M,
        first=np.concatenate([taken, chosen]),
        keep_first=False,
    )
    return Sites(towns, outer, chosen, beyond, township)


def pick_apart(
    random: np.random.Generator,
    weight: FloatArray,
    *,
    count: int,
    apart_m: float,
    first: IntArray | tuple[int, ...] = (),
    keep_first: bool = True,
) -> IntArray:
    """Draw cells at random that keep their distance from each other."""
    chance = np.full(len(weight), -np.inf)
    some = weight > 0
    chance[some] = np.log(weight[some]) + random.gumbel(size=int(some.sum()))  # Gumbel-max: weighted, no repeats
    order = np.argsort(-chance, kind="stable")[: int(some.sum())]
    free = np.ones((ROWS, COLUMNS), dtype=bool)
    for cell in first:
        _block(free, int(cell), apart_m)
    chosen = [int(cell) for cell in first] if keep_first else []
    flat = free.reshape(-1)
    for cell in order.tolist():
        if len(chosen) >= count:
            break
        if flat[cell]:
            chosen.append(cell)
            _block(free, cell, apart_m)
    return np.array(chosen, dtype=np.int64)


def _block(free: Mask, cell: int, apart_m: float) -> None:
    row, column = divmod(cell, COLUMNS)
    high, wide = int(apart_m / CELL_Y_M) + 1, int(apart_m / CELL_X_M) + 1
    rows = np.arange(max(0, row - high), min(ROWS, row + high + 1))
    columns = np.arange(max(0, column - wide), min(COLUMNS, column + wide + 1))
    near = np.hypot((rows - row)[:, None] * CELL_Y_M, (columns - column)[None, :] * CELL_X_M) < apart_m
    window = free[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    window &= ~near


def _edge_distance_m() -> FloatArray:
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    distance: FloatArray = np.minimum(
        np.minimum(row, ROWS - 1 - row) * CELL_Y_M, np.minimum(column, COLUMNS - 1 - column) * CELL_X_M
    )
    return distance


def _middle_distance_m() -> FloatArray:
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    distance: FloatArray = np.hypot((row - ROWS / 2) * CELL_Y_M, (column - COLUMNS / 2) * CELL_X_M)
    return distance


def _well_inside(township: IntArray) -> tuple[Mask, Mask]:
    """Mark cells inside and outside the county that the smoothing of its boundary cannot move across it."""
    county = (township != OUTSIDE).reshape(ROWS, COLUMNS)
    inside = ndimage.binary_erosion(county, iterations=BOUNDARY_CELLS, border_value=0)
    outside = ~ndimage.binary_dilation(county, iterations=BOUNDARY_CELLS + 12)
    return inside.ravel(), outside.ravel()


def _townships(terrain: Terrain, lattice: Lattice, dry: Mask, towns: IntArray, outer: IntArray) -> IntArray:
    """Give each cell to the town that is easiest to reach on foot, so that boundaries run along ridges and rivers."""
    climb = np.abs(np.diff(terrain.elevation_m.ravel()[np.stack([lattice.tail, lattice.head])], axis=0))[0]
    wade = 4_000.0 * (dry[lattice.tail] & ~dry[lattice.head])
    costs = np.where(lattice.is_diagonal, np.inf, lattice.length_m + 9.0 * climb + wade)
    spread = lattice.spread(costs, np.concatenate([towns, outer]))
    number = np.full(ROWS * COLUMNS, OUTSIDE, dtype=np.int64)
    number[towns] = np.arange(len(towns))
    township: IntArray = number[spread.source]
    return township
