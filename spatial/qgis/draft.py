"""What a layer is, before its columns are made plain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import geopandas as gpd
    import pandas as pd

    from spatial.qgis.layer import Look
    from spatial.qgis.styles import Style

__all__ = ["Draft", "by_key", "placed"]


@dataclass(frozen=True)
class Draft:
    """A layer in the making."""

    # its table in the GeoPackage; title and description are looked up under this name where they are empty
    table: str
    frame: pd.DataFrame  # in the working CRS, with the sources' columns
    group: str  # where the project shows it
    # makes the look from the finished frame; None for a plain table
    style: Callable[[pd.DataFrame], Style] | None
    sources: tuple[str, ...]  # tables of `spatial.tables` that define its columns, the most fitting first
    title: str = ""  # for people
    description: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)  # titles of columns that no table defines
    visible: bool = False  # whether the project opens with it switched on
    # makes further looks from the finished frame
    more_looks: Callable[[pd.DataFrame], tuple[Look, ...]] | None = None
    shelf: str = ""  # sub-group in the group; empty for none


def by_key(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Sort rows, so that equal tables give equal bytes."""
    return frame.sort_values(list(keys), kind="stable").reset_index(drop=True)


def placed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Keep the rows that can be drawn.

    Returns those with one that is not empty.
    """
    return frame[frame.geometry.notna() & ~frame.geometry.is_empty]
