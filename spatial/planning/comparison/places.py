"""Where the units of a comparison lie and what they are called: township, county, names in other languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.planning.names import name_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["county_of", "placed_units"]

OTHER_NAMES = ("name_en", "name_zh")
KEYS = (("settlement", "settlements", "settlement_id"), ("township", "boundaries", "boundary_id"))


def placed_units(units: pd.DataFrame, runs: Sequence[Mapping[str, pd.DataFrame]]) -> pd.DataFrame:
    """Add to each unit of a comparison its township, its county and its names in other languages."""
    found = {name: _first(units, _named(runs, name)) for name in OTHER_NAMES}
    added = {name: column for name, column in found.items() if column.notna().any()}
    for name, of_township in (("township_id", "boundary_id"), ("township", "name")):
        added[name] = _first(
            units,
            [
                part
                for run in runs
                for part in (
                    ("settlement", _column(run.get("settlements"), "settlement_id", name)),
                    ("township", _column(run.get("boundaries"), "boundary_id", of_township)),
                )
            ],
        )
    told = [(level, county_of(run.get(table), key, run)) for run in runs for level, table, key in KEYS]
    added["county"] = _first(units, told)
    return units.assign(**{name: column.astype("str") for name, column in added.items()})


def county_of(
    table: pd.DataFrame | None, key: str, run: Mapping[str, pd.DataFrame], language: str = ""
) -> pd.Series:
    """
    Name the part of the study area, such as a county, that places or units lie in.

    Returns name by id; missing outside every part. Empty without geometry or study area.
    """
    area, bounds = run.get("study_area"), run.get("boundaries")
    if not isinstance(table, gpd.GeoDataFrame) or not isinstance(area, gpd.GeoDataFrame) or not len(area):
        return pd.Series(dtype=object)
    names = area["name"].astype(object)
    if bounds is not None and len(bounds) and "area_id" in area:
        by_id = name_in(bounds, language).set_axis(bounds["boundary_id"].astype(str)).dropna()
        told = area["area_id"].astype(str).map(by_id[~by_id.index.duplicated()])
        names = told.where(told.notna(), names)
    points = table.geometry.representative_point()
    points = points if area.crs is None or points.crs is None else points.to_crs(area.crs)
    where, part = area.sindex.query(points, predicate="intersects")
    first = pd.Series(part).groupby(where).first()
    chosen = names.to_numpy(dtype=object)[first.to_numpy(dtype=np.intp)]
    return pd.Series(chosen, index=table[key].astype(str).to_numpy()[first.index.to_numpy(dtype=np.intp)])


def _named(runs: Sequence[Mapping[str, pd.DataFrame]], name: str) -> list[tuple[str, pd.Series]]:
    return [(level, _column(run.get(table), key, name)) for run in runs for level, table, key in KEYS]


def _column(table: pd.DataFrame | None, key: str, name: str) -> pd.Series:
    """Give a column by id, without what is missing or empty."""
    if table is None or name not in table:
        return pd.Series(dtype=object)
    own = table[name].astype(object).set_axis(table[key].astype(str))
    own = own[own.notna() & own.ne("")]
    return own[~own.index.duplicated()]


def _first(units: pd.DataFrame, told: Sequence[tuple[str, pd.Series]]) -> pd.Series:
    """Take what is told first of each unit."""
    found = pd.Series(None, index=units.index, dtype=object)
    for level, known in told:
        if not len(known):
            continue
        asked = found.isna() & units["unit_level"].eq(level)
        found = found.where(~asked, units["unit_id"].astype(str).map(known))
    return found.where(found.notna(), None)
