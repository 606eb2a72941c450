"""The county's water: which cells a road must bridge, and the lines and areas that are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.ops

from tools.sample_county.ground import COLUMNS, ROWS, cells_at
from tools.sample_county.terrain import densify

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.sample_county.terrain import Reach, Terrain

    Mask = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]

__all__ = ["RIVER_KM2", "Water", "draw_water", "river_cells"]

RIVER_KM2 = 40.0
"""Catchment from which a river cannot be waded."""
MAIN_HALF_WIDTH_M, RIVER_HALF_WIDTH_M, STREAM_HALF_WIDTH_M = 27.0, 9.0, 3.0
AREA_PIECE_M = 3_000.0
"""The main river's area is cut into pieces of about this length."""


@dataclass(frozen=True, eq=False)
class Water:
    """Water as it is drawn."""

    lines: tuple[Reach, ...]  # streams and rivers
    areas: tuple[shapely.Polygon, ...]  # the main river from bank to bank
    spans: NDArray[np.object_]  # what a bridge has to span, one for each reach
    catchment_km2: FloatArray  # along `spans`


def river_cells(terrain: Terrain, *, least_km2: float = RIVER_KM2) -> Mask:
    """Mark the cells of rivers."""
    wet = np.zeros(ROWS * COLUMNS, dtype=bool)
    for reach in terrain.reaches:
        if reach.catchment_km2 >= least_km2:
            wet[cells_at(densify(reach.points, 20.0))] = True
    grid = wet.reshape(ROWS, COLUMNS)
    falling = grid[:-1, :-1] & grid[1:, 1:] & ~grid[:-1, 1:] & ~grid[1:, :-1]
    rising = grid[:-1, 1:] & grid[1:, :-1] & ~grid[:-1, :-1] & ~grid[1:, 1:]
    grid[:-1, 1:] |= falling
    grid[:-1, :-1] |= rising
    return wet


def draw_water(terrain: Terrain) -> Water:
    """Draw rivers as lines and the main river as areas too."""
    widths = np.array(
        [
            MAIN_HALF_WIDTH_M
            if reach.is_main
            else (RIVER_HALF_WIDTH_M if reach.catchment_km2 >= RIVER_KM2 else STREAM_HALF_WIDTH_M)
            for reach in terrain.reaches
        ]
    )
    lines = np.array([shapely.LineString(reach.points) for reach in terrain.reaches], dtype=object)
    spans = shapely.buffer(lines, widths, cap_style="flat")
    main = shapely.line_merge(
        shapely.multilinestrings([line for line, reach in zip(lines, terrain.reaches, strict=True) if reach.is_main])
    )
    pieces = max(1, round(float(main.length) / AREA_PIECE_M))
    cuts = np.linspace(0.0, float(main.length), pieces + 1)
    areas = [
        shapely.buffer(shapely.ops.substring(main, start, end), MAIN_HALF_WIDTH_M, cap_style="flat", quad_segs=2)
        for start, end in pairwise(cuts.tolist())
    ]
    catchment = np.array([reach.catchment_km2 for reach in terrain.reaches])
    return Water(terrain.reaches, tuple(areas), spans, catchment)
