"""Settlement types of every place: the official class, the Degree of Urbanisation, and the town it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from spatial.integration.pillars.towns import TOWN_TIERS
from spatial.integration.settlement_types import degree_of_urbanisation, local_catchment_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground
    from spatial.rasters import Raster

    FloatArray = NDArray[np.float64]

__all__ = ["square_kilometres", "type_table"]

CELL_M = 1000.0
URBAN = (30, 23, 22, 21)
RURAL = (13, 12, 11)


def type_table(
    ground: Ground, access: pd.DataFrame, population: Raster | None, *, bins_min: Sequence[float]
) -> pd.DataFrame:
    """
    Say of every place what it is.

    Parameters
    ----------
    ground : Ground
        The places.
    access : DataFrame
        Of the study's first mode, by the contract of the table.
    population : Raster or None
        People by cell.
    bins_min : sequence of float
        Bands of time to towns, in minutes, inclusive.

    Returns
    -------
    DataFrame
        By the contract of `settlement_types`. The official class counts; the other is beside it.
    """
    codes = _codes(ground, population)
    degurba = np.where(np.isin(codes, URBAN), "urban", np.where(np.isin(codes, RURAL), "rural", ""))
    official = np.array([name if name in ("urban", "rural") else "" for name in ground.official_class])
    times = np.column_stack([_minutes(ground, access, tier) for tier in TOWN_TIERS])
    tier, band = local_catchment_classes(times, TOWN_TIERS, tiers=TOWN_TIERS, bins_min=bins_min)
    return pd.DataFrame(
        {
            "settlement_id": pd.Series(ground.ids.astype(str), dtype="str"),
            "official_class": _texts(official),
            "degurba_code": codes.astype(np.int64),
            "degurba_class": _texts(degurba),
            "classes_differ": (official != degurba) & (official != "") & (degurba != ""),
            "catchment_tier": pd.Series(tier, dtype="str"),
            "catchment_band_min": np.where(np.isfinite(band), band, np.nan),
        }
    )


def square_kilometres(raster: Raster, crs: object) -> tuple[FloatArray, tuple[float, float]]:
    """
    Add the people of a raster up in cells of one square kilometre.

    Parameters
    ----------
    raster : Raster
        People by cell, in any CRS; a cell counts where its centre lies.
    crs : pyproj.CRS
        Projected, in metres.

    Returns
    -------
    tuple of ndarray and tuple of float
        People, with rows from north to south; and easting and northing of the upper left corner.
    """
    rows, columns = np.nonzero(np.nan_to_num(raster.values) > 0.0)
    persons = raster.values[rows, columns]
    if not len(rows):
        return np.zeros((1, 1)), (0.0, 0.0)
    x, y = raster.cell_centres(rows, columns)
    if raster.crs != crs:
        x, y = Transformer.from_crs(raster.crs, crs, always_xy=True).transform(x, y)
    left, top = np.floor(x.min() / CELL_M) * CELL_M, np.ceil(y.max() / CELL_M) * CELL_M
    at = (
        np.minimum(((top - y) // CELL_M).astype(np.int64), 10**7),
        ((x - left) // CELL_M).astype(np.int64),
    )
    grid = np.zeros((int(at[0].max()) + 1, int(at[1].max()) + 1))
    np.add.at(grid, at, persons)
    return grid, (float(left), float(top))


def _codes(ground: Ground, population: Raster | None) -> NDArray[np.int64]:
    if population is None:
        return np.zeros(len(ground), dtype=np.int64)
    grid, (left, top) = square_kilometres(population, ground.settlements.crs)
    classes = degree_of_urbanisation(grid)
    points = shapely.get_coordinates(ground.settlements.geometry.to_numpy())
    row, column = (
        ((top - points[:, 1]) // CELL_M).astype(np.int64),
        ((points[:, 0] - left) // CELL_M).astype(np.int64),
    )
    inside = (row >= 0) & (row < grid.shape[0]) & (column >= 0) & (column < grid.shape[1])
    codes = np.full(len(ground), 11, dtype=np.int64)
    codes[inside] = classes[row[inside], column[inside]]
    return codes


def _minutes(ground: Ground, access: pd.DataFrame, tier: str) -> FloatArray:
    rows = access[access["service"] == tier].set_index("settlement_id")["travel_time_min"]
    return rows.reindex(list(ground.ids)).fillna(np.inf).to_numpy(dtype=np.float64)


def _texts(values: NDArray[np.str_]) -> pd.Series[str]:
    return pd.Series([value or None for value in values], dtype="str")
