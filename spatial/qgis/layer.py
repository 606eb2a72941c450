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
    """A further layer of the project on a table that is shown already."""

    key: str  # tells it from the table's other looks
    title: str  # for people
    style: Style  # how it looks
    group: str  # where the project shows it
    visible: bool = False  # whether the project opens with it switched on
    shelf: str = ""  # sub-group in the group; empty for none


@dataclass(frozen=True)
class QgisLayer:
    """One layer, ready to be written and shown."""

    table: str  # its table in the GeoPackage
    title: str  # for people, in the study's first language
    description: str
    group: str  # where the project shows it
    frame: pd.DataFrame  # in the output CRS, with plain columns
    style: Style | None  # none for a plain table
    aliases: dict[str, str]  # names of columns for people
    comments: dict[str, str]  # what columns mean
    visible: bool = False  # whether the project opens with it switched on
    renamed: tuple[Renamed, ...] = ()  # columns that had another name, or were left out
    more_looks: tuple[Look, ...] = ()  # further layers of the project on the same table
    shelf: str = ""  # sub-group in the group; empty for none

    @property
    def geometry(self) -> str:
        """
        Kind of geometry.

        Returns point, LineString or Polygon; empty for a plain table.
        """
        if not isinstance(self.frame, gpd.GeoDataFrame):
            return ""
        return str(self.frame.geom_type.dropna().iloc[0]).removeprefix("Multi")

    @property
    def crs(self) -> pyproj.CRS:
        """The output CRS."""
        if not isinstance(self.frame, gpd.GeoDataFrame) or self.frame.crs is None:
            raise CrsError(f"{self.table}: a plain table has no CRS")
        return pyproj.CRS(self.frame.crs)
