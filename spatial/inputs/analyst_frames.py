"""Ordinary frames as the package's tables: settlements and facilities of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from spatial.crs import refuse_stretched, require_metres
from spatial.errors import ContractError, first_of, refuse
from spatial.formats.columns import (
    CARRIED,
    choice_column,
    id_column,
    map_columns,
    number_column,
    read_texts,
    text_column,
)
from spatial.tables import TABLES
from spatial.tables.words import FACILITY_STATUS, TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping


GROUP_COLUMNS = ("elderly_persons", "disabled_persons", "children_persons")


def as_settlements(
    frame: gpd.GeoDataFrame,
    *,
    id: str | None = None,  # noqa: A002 - the name that analysts type
    name: str | None = None,
    population: str | None = None,
    tier: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """
    Make a settlements table of an ordinary frame of points.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in a projected CRS in metres. Left unchanged.
    id : str or None
        Column of ids, unique; by default ``settlement_id`` where there is one, else the index.
    name : str or None
        Column of names; by default ``name`` where there is one.
    population : str or None
        Column of persons, none negative; NaN is unknown; by default ``population_persons`` where there is one.
    tier : str or None
        A column of village, town, county_seat or city, or one of these words for every row; by default ``tier``.
    columns : mapping of str to str or None
        Further columns: ours = the frame's, such as ``{"elderly_persons": "over65"}``.

    Returns
    -------
    GeoDataFrame
        A table that keeps the contract of settlements: ids are text. All columns of the frame travel along as they are,
        those that were read under our names too, so that numbers of ids still join to where they came from. One whose
        name is taken becomes ``source_<name>``.

    Raises
    ------
    CrsError
        Without a CRS, or with one in degrees.
    ContractError
        With every fault at once.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(
    ...     {"code": [7], "people": [120]}, geometry=gpd.points_from_xy([5e5], [3e6]), crs="EPSG:32648"
    ... )
    >>> table = as_settlements(points, id="code", population="people", tier="village")
    >>> table["settlement_id"].tolist(), table["tier"].tolist(), table["population_persons"].tolist()
    (['7'], ['village'], [120.0])
    >>> table[["code", "people"]].to_numpy().tolist()
    [[7, 120]]
    """
    constant = tier if tier in TIERS and tier not in frame.columns else None
    column = None if constant else tier
    given = {"settlement_id": id, "name": name, "population_persons": population, "tier": column}
    problems: list[str] = []
    table = _adopted(frame, columns or {}, given, problems)
    if constant is not None:
        _fill(table, "tier", constant)
    if "tier" in table.columns:
        table["tier"] = choice_column(table, "tier", TIERS, problems, key="settlement_id")
    else:
        problems.append(f"tier: the column is missing; give tier= a column or one of {', '.join(TIERS)}")
    if "population_persons" not in table.columns:
        table["population_persons"] = np.nan
    for column in ("population_persons", *GROUP_COLUMNS):
        if column in table.columns:
            table[column] = number_column(table, column, problems, key="settlement_id")
    if "population_source" not in table.columns:
        known = table["population_persons"].notna()
        table["population_source"] = known.map({True: "column", False: "none"}).astype("str")
    return _checked(table, "settlements", problems)


def as_facilities(
    frame: gpd.GeoDataFrame,
    *,
    service: str,
    id: str | None = None,  # noqa: A002 - the name that analysts type
    name: str | None = None,
    capacity: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """
    Make a facilities table of an ordinary frame of points.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in a projected CRS in metres. Left unchanged.
    service : str
        A column of services, or one service for every row.
    id : str or None
        Column of ids, unique; by default ``facility_id`` where there is one, else the index.
    name : str or None
        Column of names; by default ``name`` where there is one.
    capacity : str or None
        Column of capacities, none negative; NaN is unknown; by default ``capacity`` where there is one.
    columns : mapping of str to str or None
        Further columns: ours = the frame's, such as ``{"load": "pupils"}``.

    Returns
    -------
    GeoDataFrame
        A table that keeps the contract of facilities; all columns of the frame travel along, as in `as_settlements`.
        Without a column `status` every facility is existing.

    Raises
    ------
    CrsError
        Without a CRS, or with one in degrees.
    ContractError
        With every fault at once.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([5e5], [3e6]), crs="EPSG:32648", index=["s1"])
    >>> as_facilities(points, service="primary_school")[["facility_id", "service", "status"]].iloc[0].tolist()
    ['s1', 'primary_school', 'existing']
    """
    column = service if service in frame.columns else None
    given = {"facility_id": id, "name": name, "capacity": capacity, "service": column}
    problems: list[str] = []
    table = _adopted(frame, columns or {}, given, problems)
    if column:
        table["service"] = text_column(table["service"])
    else:
        _fill(table, "service", service)
    empty = table["service"].isna()
    if empty.any():
        problems.append(f"service: empty for {first_of(table['facility_id'][empty])}; fill it in")
    for number in ("capacity", "load"):
        if number in table.columns:
            table[number] = number_column(table, number, problems, key="facility_id")
        else:
            table[number] = np.nan
    if "status" in table.columns:
        table["status"] = choice_column(table, "status", FACILITY_STATUS, problems, key="facility_id")
    else:
        table["status"] = "existing"
    return _checked(table, "facilities", problems)


def _fill(table: gpd.GeoDataFrame, column: str, value: str) -> None:
    """Give every row one value; a column of the caller's that has the name is carried under another."""
    if column in table.columns:
        table[f"{CARRIED}{column}"] = table[column]
    table[column] = value


def _adopted(
    frame: gpd.GeoDataFrame, columns: Mapping[str, str], given: Mapping[str, str | None], problems: list[str]
) -> gpd.GeoDataFrame:
    """Take over a frame under our names, `given` before `columns` and with the key first; its own columns follow."""
    key = next(iter(given))
    what = f"{key.removesuffix('_id')} of a frame"
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise ContractError(what, ["geometry: there is none; make a GeoDataFrame of points"])
    require_metres(frame.crs, what=what)
    mapped = {**columns, **{ours: theirs for ours, theirs in given.items() if theirs is not None}}
    has_id = key in mapped or key in frame.columns
    plain = frame if has_id else frame.assign(**{key: frame.index.to_numpy()})
    refuse_stretched(frame.geometry, what=what)
    table = gpd.GeoDataFrame(map_columns(plain, mapped, {}, problems))
    for own in frame.columns.difference(table.columns, sort=False):
        table[own] = frame[own]
    nameless = frame.index.names == [None] or set(frame.index.names) & set(table.columns)
    table = table.reset_index(drop=bool(nameless))
    if table.active_geometry_name != "geometry":
        table = table.rename_geometry("geometry")
    table[key] = id_column(table, key, problems)
    read_texts(table, ["name"], fill=True)
    read_texts(table, ("name_en", "name_zh", "place", "official_class", "source", "township_id", "township"))
    if "in_study" not in table.columns:
        table["in_study"] = True
    return table


def _checked(table: gpd.GeoDataFrame, name: str, problems: list[str]) -> gpd.GeoDataFrame:
    try:
        TABLES[name].check(table)
    except ContractError as error:
        stated = {problem.split(":", 1)[0] for problem in problems}
        problems += [problem for problem in error.problems if problem.split(":", 1)[0] not in stated]
    refuse(f"{name} of a frame", problems)
    return table
