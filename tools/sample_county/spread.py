"""The population raster: residents of each settlement laid out over the ground that can be built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from tools.sample_county.ground import CELL_X_M, CELL_Y_M, COLUMNS, ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["NODATA", "spread_people"]

NODATA = -99_999.0
"""As WorldPop writes it."""
CORE_SHARE = {"county_seat": 0.96, "zhen": 0.86, "xiang": 0.78, "village": 0.62}
"""Residents of the settlement proper; the others live scattered around it."""
CORE_M = {"county_seat": 1_000.0, "zhen": 260.0, "xiang": 190.0, "village": 140.0}
"""Spread of the settlement proper (standard deviation) for a settlement of the usual size."""
SCATTER_M = 620.0
EMPTY_SHARE = 0.90
"""Share of the cells around a settlement that stay empty."""
HERDER_CELLS, HERDERS_A_CELL = 3, 4.0
BLANK_ROWS = 9
"""Rows in the north, beyond the county, that the producer left without data."""


def spread_people(
    random: np.random.Generator, cells: IntArray, kinds: list[str], persons: FloatArray, *, slope: FloatArray, dry: Mask
) -> FloatArray:
    """Lay people out over cells."""
    ground = np.exp(-((slope / 0.25) ** 2)) * dry.reshape(ROWS, COLUMNS)
    ground = ground * np.exp(0.4 * random.standard_normal((ROWS, COLUMNS)))
    total = np.zeros((ROWS, COLUMNS))
    for cell, kind, number in zip(cells.tolist(), kinds, persons.tolist(), strict=True):
        window, share = _layout(ground, cell, kind)
        total[window] += number * share
    total += _herders(cells)
    total[:BLANK_ROWS] = NODATA
    total[~dry.reshape(ROWS, COLUMNS)] = NODATA
    return total


def _herders(cells: IntArray) -> FloatArray:
    """Place a few herders where the next settlement is farthest: they are counted, and belong to none."""
    empty = np.ones((ROWS, COLUMNS), dtype=bool)
    empty.flat[cells] = False
    away = ndimage.distance_transform_edt(empty, sampling=(CELL_Y_M, CELL_X_M))
    persons = np.zeros((ROWS, COLUMNS))
    persons.flat[np.argsort(-away, axis=None, kind="stable")[:HERDER_CELLS]] = HERDERS_A_CELL
    return persons


def _layout(ground: FloatArray, cell: int, kind: str) -> tuple[tuple[slice, slice], FloatArray]:
    """Shares of a settlement's people in the cells around it; they add up to 1."""
    row, column = divmod(cell, COLUMNS)
    reach = 34 if kind == "county_seat" else 22
    rows = np.arange(max(0, row - reach), min(ROWS, row + reach + 1))
    columns = np.arange(max(0, column - reach), min(COLUMNS, column + reach + 1))
    window = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    square = ((rows - row)[:, None] * CELL_Y_M) ** 2 + ((columns - column)[None, :] * CELL_X_M) ** 2
    core = ground[window] * np.exp(-square / (2 * CORE_M[kind] ** 2))
    scatter = ground[window] ** 2 * np.exp(-square / (2 * SCATTER_M**2))
    share = CORE_SHARE[kind] * core / core.sum() + (1 - CORE_SHARE[kind]) * scatter / scatter.sum()
    share = np.where(share >= np.quantile(share, EMPTY_SHARE), share, 0.0)
    laid: FloatArray = share / share.sum()
    return window, laid
