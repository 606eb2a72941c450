"""One layer: its frame, names and looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pyproj

from spatial.errors import CrsError

if TYPE_CHECKING:
    import pandas as pd

    from spatial.qgis.columns import Renamed
    from spatial.qgis.styles import Style

__all__ = ["GROUPS", "SHELVES", "Look", "QgisLayer"]

GROUPS = ("results", "network", "base", "checks")
"""Groups of the project, from the top."""

SHELVES = (
    "gaps",
    "score",
    "townships",
    "areas",
    "measures",
    "certainty",
    "season",
    "off_road",
    "scenarios",
    "emergency",
    "tables",
)
"""Sub-groups of the results, below the layers that stand in the group itself."""


@dataclass(frozen=True)
class Look:
    """
    A further layer of the project on a table that is shown already.

    Parameters
    ----------
    key : str
        Tells it from the table's other looks.
    title : str
        For people.
    style : Style
        How it looks.
    group : {'results', 'network', 'base', 'checks'}
        Where the project shows it.
    visible : bool
        Whether the project opens with it switched on.
    shelf : str
        Sub-group in the group; empty for none.
    """

    key: str
    title: str
    style: Style
    group: str
    visible: bool = False
    shelf: str = ""


@dataclass(frozen=True)
class QgisLayer:
    """
    One layer, ready to be written and shown.

    Parameters
    ----------
    table : str
        Its table in the GeoPackage.
    title, description : str
        For people, in the study's first language.
    group : {'results', 'network', 'base', 'checks'}
        Where the project shows it.
    frame : DataFrame or GeoDataFrame
        In the output CRS, with plain columns.
    style : Style or None
        None for a plain table.
    aliases : dict of str to str
        Names of columns for people.
    comments : dict of str to str
        What columns mean.
    visible : bool
        Whether the project opens with it switched on.
    renamed : tuple of Renamed
        Columns that had another name, or were left out.
    more_looks : tuple of Look
        Further layers of the project on the same table.
    shelf : str
        Sub-group in the group; empty for none.
    """

    table: str
    title: str
    description: str
    group: str
    frame: pd.DataFrame
    style: Style | None
    aliases: dict[str, str]
    comments: dict[str, str]
    visible: bool = False
    renamed: tuple[Renamed, ...] = ()
    more_looks: tuple[Look, ...] = ()
    shelf: str = ""

    @property
    def geometry(self) -> str:
        """
        Kind of geometry.

        Returns
        -------
        str
            Point, LineString or Polygon; empty for a plain table.
        """
        if not isinstance(self.frame, gpd.GeoDataFrame):
            return ""
        return str(self.frame.geom_type.dropna().iloc[0]).removeprefix("Multi")

    @property
    def crs(self) -> pyproj.CRS:
        """
        The output CRS.

        Returns
        -------
        pyproj.CRS
            Of the frame.

        Raises
        ------
        CrsError
            For a plain table.
        """
        if not isinstance(self.frame, gpd.GeoDataFrame) or self.frame.crs is None:
            raise CrsError(f"{self.table}: a plain table has no CRS")
        return pyproj.CRS(self.frame.crs)
