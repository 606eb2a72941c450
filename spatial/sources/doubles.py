"""Rows of the user's own tables that are there twice: a village under two codes, a road drawn over itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from spatial.errors import first_of
from spatial.sources.columns import text_column
from spatial.sources.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["doubles_note"]


def doubles_note(frame: gpd.GeoDataFrame, key: str) -> Note:
    """Name rows of the very same shape, and of the same name where there are names."""
    shapes = shapely.to_wkb(shapely.normalize(frame.geometry.to_numpy()))
    drawn = frame[[key]].assign(
        shape=shapes, name="" if "name" not in frame.columns else text_column(frame["name"])
    )
    drawn = drawn[frame.geometry.notna().to_numpy()].fillna({"name": ""})
    again = drawn.duplicated(["shape", "name"])
    first = drawn.groupby(["shape", "name"])[key].transform("first")
    pairs = [f"{one} = {other}" for one, other in zip(first[again], drawn.loc[again, key], strict=True)]
    item = "rows that repeat another in shape and name"
    return Note(
        item, len(pairs), f"{item}, all counted: {first_of(pairs)}; delete one of each if they are the same"
    )
