"""Cells of a population raster as origins: the same tables for cells as for settlements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.access.od_pairs import require_columns
from spatial.access.places import check_places
from spatial.arrays import FloatArray, IntArray
from spatial.crs import require_metres, transformer_between
from spatial.errors import ContractError, of_kind, refuse
from spatial.outlines import area_of, brought_to, inside, joined_area, shapes_of
from spatial.rasters import Raster

# The cells of a population raster in which somebody lives, as points that everything else can work on.


@dataclass(frozen=True, eq=False)
class PeopledCells:
    """Cells with people, row by row from the upper left."""

    row: IntArray  # shape (n,), where they stand in the raster
    column: IntArray
    persons: FloatArray  # shape (n,), people, above 0
    xy: FloatArray  # shape (n, 2), easting and northing of their centres in the CRS asked for

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.row)


def peopled_cells(raster: Raster, crs: pyproj.CRS) -> PeopledCells:
    """List the cells in which somebody lives; people that cannot be counted are refused."""
    problems = []
    negative = raster.values < 0.0
    if negative.any():
        lowest = float(np.nanmin(raster.values))
        problems.append(
            f"{int(negative.sum())} cell(s) hold negative people, the lowest {lowest:g}; "
            "if that stands for no data, declare it as nodata of the population source"
        )
    endless = np.isposinf(raster.values)
    if endless.any():
        problems.append(f"{int(endless.sum())} cell(s) hold infinitely many people; write NaN for no data")
    refuse(raster.name, problems)
    row, column = np.nonzero(raster.values > 0.0)
    east, north = raster.cell_centres(row, column)
    if raster.crs != crs:
        east, north = transformer_between(raster.crs, crs).transform(east, north)
    return PeopledCells(
        row.astype(np.int64),
        column.astype(np.int64),
        raster.values[row, column].astype(np.float64),
        np.column_stack((east, north)),
    )


def cells_on(mask: Raster, cells: PeopledCells, *, of: Raster) -> FloatArray:
    """Read a second raster at the cells of the first; NaN where it has no data."""
    problems = []
    if mask.values.shape != of.values.shape:
        problems.append(f"shape {mask.values.shape}, but {of.name} has {of.values.shape}")
    if mask.crs != of.crs:
        problems.append(f"CRS {mask.crs.to_string()}, but {of.name} has {of.crs.to_string()}")
    cell = abs(of.transform.a) + abs(of.transform.b)
    corner = np.array(mask.transform[:6]) - np.array(of.transform[:6])
    if not np.all(np.abs(corner) <= 1e-6 * cell):
        problems.append(f"transform {tuple(mask.transform[:6])}, but {of.name} has {tuple(of.transform[:6])}")
    if problems:
        raise ContractError(
            mask.name, [*problems, f"align it with {of.name} cell on cell first; nothing is resampled in silence"]
        )
    return np.asarray(mask.values[cells.row, cells.column], dtype=np.float64)


_PLACES = ("people", "centre")
_WHOLE = 1e-6
"""How far from a whole number the ratio of two cell sizes may be, for rounding in files."""


def cell_factor(population: Raster, cell_m: float) -> int:
    """
    Say how many raster cells side by side make a cell of the size wanted.

    Parameters
    ----------
    population : Raster
        The raster.
    cell_m : float
        Metres wanted.

    Returns
    -------
    int
        For a raster in metres the size must be a whole multiple of its cells. A raster in degrees has no such size:
        there it is the whole number that comes nearest in the middle of the raster, at least 1.

    Raises
    ------
    ContractError
        Where the size is no whole multiple, or no size.

    Examples
    --------
    A raster of 100 m makes cells of 1000 m out of 10 by 10; for 250 m there is no answer but an error.
    """
    width, height = _cell_size_m(population)
    if not (np.isfinite(cell_m) and cell_m > 0):
        raise ContractError(population.name, [f"cell_m: is {cell_m:g}, must be above 0"])
    if population.crs.is_geographic:
        return max(1, round(cell_m / float(np.sqrt(width * height))))
    ratios = (cell_m / width, cell_m / height)
    factor = round(ratios[0])
    if factor < 1 or any(abs(ratio - factor) > _WHOLE * factor for ratio in ratios):
        raise ContractError(
            population.name,
            [
                (
                    f"cell_m: {cell_m:g} m is no whole multiple of its cells of {width:g} x {height:g} m; people are "
                    f"summed over whole cells, never resampled: choose a multiple, such as {max(factor, 1) * width:g}"
                )
            ],
        )
    return factor


def cells_as_origins(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    population: Raster,
    *,
    crs: pyproj.CRS | str,
    cell_m: float | None = None,
    factor: int | None = None,
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    boundaries: gpd.GeoDataFrame | None = None,
    at: Literal["people", "centre"] = "people",
) -> gpd.GeoDataFrame:
    """
    Make origins of the cells in which somebody lives.

    People of `factor` by `factor` raster cells are summed, from the raster's upper left corner on; nothing is
    resampled, so the people of all origins are the people of the raster. The table keeps the contract of
    ``settlements``, and whatever takes settlements takes it.

    Parameters
    ----------
    population : Raster
        Persons per cell, in any CRS; NaN = no data.
    crs : pyproj.CRS or str
        CRS of the origins, in metres: that of the graph.
    cell_m : float, optional
        Size of a cell in metres, by `cell_factor`. Give this or `factor`.
    factor : int, optional
        Raster cells side by side; 1 keeps them as they are.
    study_area : GeoDataFrame or GeoSeries, optional
        `in_study` where it holds the origin's point; everywhere without it.
    boundaries : GeoDataFrame, optional
        With `boundary_id`, `is_unit` and `name`: fills `township_id` and `township`; the lowest id first.
    at : {'people', 'centre'}
        Where the origin stands: at the mean of its raster cells' centres weighted with people, or in the middle of
        the cell. Either may lie in water; `move_off_barriers` helps.

    Returns
    -------
    GeoDataFrame
        One row a cell with people, from the upper left, with `settlement_id` such as ``c000012_000045`` (row and
        column of the coarse grid), `tier` village (a cell is nobody's town), `population_source` raster, and
        `cell_width_m`, `cell_height_m`, its size on the ground in the middle of the raster.

    Raises
    ------
    ContractError
        Where people are negative, the size is no whole multiple, both or neither of
        `cell_m` and `factor` are given, or `at` is another word.
    CrsError
        Where `crs` is not in metres.

    Examples
    --------
    Four cells of 1, 2, 3 and 4 persons with ``factor=2`` make one origin of 10 persons.
    """
    of_kind("population", population, Raster, required=True)
    known = require_metres(crs, what="crs")
    if (cell_m is None) == (factor is None):
        raise ContractError(population.name, ["cell_m, factor: give one of them"])
    size = factor if cell_m is None else cell_factor(population, cell_m)
    if size is None or size < 1 or size != int(size):
        raise ContractError(population.name, [f"factor: is {factor}, must be a whole number from 1"])
    size = int(size)
    if at not in _PLACES:
        raise ContractError(population.name, [f"at: is {at!r}, must be one of {', '.join(_PLACES)}"])
    blocks = _sum(peopled_cells(population, known), size)
    if at == "centre":
        row, column = ((index + 0.5) * size - 0.5 for index in (blocks.row, blocks.column))
        a, b, c, d, e, f = population.transform[:6]
        east = a * (column + 0.5) + b * (row + 0.5) + c
        north = d * (column + 0.5) + e * (row + 0.5) + f
        if population.crs != known:
            to_metres = transformer_between(population.crs, known)
            east, north = to_metres.transform(east, north)
        blocks = replace(blocks, xy=np.column_stack((east, north)))
    width, height = (size * metres for metres in _cell_size_m(population))
    n = len(blocks)
    in_study = np.ones(n, dtype=bool)
    if study_area is not None:
        area = joined_area(brought_to(study_area, known, what="study area"), what="study area")
        in_study = inside(area, *blocks.xy.T)
    numbers = zip(blocks.row.tolist(), blocks.column.tolist(), strict=True)
    frame = gpd.GeoDataFrame(
        {
            "settlement_id": pd.Series([f"c{i:06d}_{j:06d}" for i, j in numbers], dtype="str"),
            "name": pd.Series([None] * n, dtype="str"),
            "tier": pd.Series(["village"] * n, dtype="str"),
            "in_study": in_study,
            "population_persons": blocks.persons,
            "population_source": pd.Series(["raster"] * n, dtype="str"),
            "cell_width_m": np.full(n, width),
            "cell_height_m": np.full(n, height),
        },
        geometry=shapely.points(blocks.xy),
        crs=known,
    )
    if boundaries is None:
        return frame
    require_columns("boundaries", boundaries, ("boundary_id", "is_unit", "name"))
    boundaries = brought_to(boundaries, known, what="boundaries")
    units = boundaries.loc[boundaries["is_unit"].to_numpy(dtype=bool)].reset_index(drop=True)
    units = units.sort_values("boundary_id", kind="stable", key=lambda ids: ids.astype(object))
    found = area_of(shapes_of(units.geometry), blocks.xy)
    for name, source in (("township_id", "boundary_id"), ("township", "name")):
        values = np.array([*units[source].to_list(), None], dtype=object)
        frame[name] = pd.Series(values[found], index=frame.index, dtype="str")
    return frame


def towns_as_facilities(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Offer towns to origins that are cells.

    Between settlements a town is a settlement of its tier. Cells have no tier, so the towns join the facilities: put
    these rows under the facilities, ask for ``services={"town": TOWN_TIERS["town"], ...}`` and pass
    ``AccessRules(tiers={})``; the access table then has the same services for cells as for settlements.

    Parameters
    ----------
    settlements : GeoDataFrame
        By the contract of the table.

    Returns
    -------
    GeoDataFrame
        By the contract of the table ``facilities``: the settlements that are known to be no villages, with their tier
        as service and their `settlement_id` as `facility_id`.
    """
    require_columns("settlements", settlements, ("settlement_id", "tier", "name", "in_study"))
    check_places(settlements, "settlement_id")
    towns = settlements.loc[(settlements["tier"].fillna("village") != "village").to_numpy(dtype=bool)]
    ids, texts = towns["settlement_id"].reset_index(drop=True), {"name": towns["name"], "service": towns["tier"]}
    return gpd.GeoDataFrame(
        {
            "facility_id": ids if pd.api.types.is_numeric_dtype(ids) else ids.astype("object").astype("str"),
            **{name: pd.Series(values.to_numpy(dtype=object), dtype="str") for name, values in texts.items()},
            "status": pd.Series(["existing"] * len(towns), dtype="str"),
            "capacity": np.full(len(towns), np.nan),
            "load": np.full(len(towns), np.nan),
            "in_study": towns["in_study"].to_numpy(dtype=bool),
        },
        geometry=towns.geometry.to_numpy(),
        crs=settlements.crs,
    )


def _cell_size_m(raster: Raster) -> tuple[float, float]:
    """Width and height of a cell on the ground, in the middle of the raster."""
    a, b, _, d, e, _ = raster.transform[:6]
    if not raster.crs.is_geographic:
        require_metres(raster.crs, what=raster.name)
        return float(np.hypot(a, d)), float(np.hypot(b, e))
    rows, columns = raster.values.shape
    east, north = raster.cell_centres(np.array([rows // 2]), np.array([columns // 2]))
    geod = raster.crs.get_geod() or pyproj.Geod(ellps="WGS84")
    sides = [geod.inv(east[0], north[0], east[0] + along[0], north[0] + along[1])[2] for along in ((a, d), (b, e))]
    return float(sides[0]), float(sides[1])


def _sum(cells: PeopledCells, size: int) -> PeopledCells:
    """Sum people over blocks of cells; a block stands at the mean of its cells, weighed with people."""
    if len(cells) == 0:
        return cells
    block = np.column_stack((cells.row // size, cells.column // size))
    places, inverse = np.unique(block, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    persons = np.asarray(np.bincount(inverse, weights=cells.persons), dtype=np.float64)
    # Around their mean, so that a small cell far from the origin of the grid loses no digits.
    middle = cells.xy.mean(axis=0)
    moved = cells.xy - middle
    xy = np.column_stack([np.bincount(inverse, weights=cells.persons * side) for side in moved.T])
    return PeopledCells(places[:, 0], places[:, 1], persons, xy / persons[:, None] + middle)
