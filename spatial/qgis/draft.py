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
    """
    A layer in the making.

    Parameters
    ----------
    table : str
        Its table in the GeoPackage; title and description are looked up under this name where they are empty.
    frame : DataFrame or GeoDataFrame
        In the working CRS, with the sources' columns.
    group : {'results', 'network', 'base', 'checks'}
        Where the project shows it.
    style : callable or None
        Makes the look from the finished frame; None for a plain table.
    sources : tuple of str
        Tables of `spatial.tables` that define its columns, the most fitting first.
    title, description : str
        For people.
    titles : mapping of str to str
        Titles of columns that no table defines.
    visible : bool
        Whether the project opens with it switched on.
    more_looks : callable, optional
        Makes further looks from the finished frame.
    shelf : str
        Sub-group in the group; empty for none.
    """

    table: str
    frame: pd.DataFrame
    group: str
    style: Callable[[pd.DataFrame], Style] | None
    sources: tuple[str, ...]
    title: str = ""
    description: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    visible: bool = False
    more_looks: Callable[[pd.DataFrame], tuple[Look, ...]] | None = None
    shelf: str = ""


def by_key(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """
    Sort rows, so that equal tables give equal bytes.

    Parameters
    ----------
    frame : DataFrame
        Left unchanged.
    *keys : str
        Columns that together name a row.

    Returns
    -------
    DataFrame
        With a fresh index.
    """
    return frame.sort_values(list(keys), kind="stable").reset_index(drop=True)


def placed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Keep the rows that can be drawn.

    Parameters
    ----------
    frame : GeoDataFrame
        Some rows may lack a geometry.

    Returns
    -------
    GeoDataFrame
        Those with one that is not empty.
    """
    return frame[frame.geometry.notna() & ~frame.geometry.is_empty]
