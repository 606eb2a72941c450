"""What `prepare` hands on: every source of a study, read, checked and in one CRS in metres."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyproj

    from spatial.rasters import Raster
    from spatial.sources.own_columns import ColumnUse
    from spatial.sources.provenance import SourceRecord
    from spatial.sources.services import Vocabulary

__all__ = ["Layers"]


@dataclass(frozen=True, eq=False)
class Layers:
    """
    The sources of a study.

    Parameters
    ----------
    settlements : GeoDataFrame
        By the contract of the table `places`: before a population raster is shared out among them.
    facilities : GeoDataFrame
        By the contract of the table of that name; what was mapped twice is merged.
    roads : GeoDataFrame
        By the contract of the table of that name, whole roads that touch the study area and its buffer.
    turns : GeoDataFrame or None
        By the contract of the table of that name; None where the roads are not those of an extract.
    boundaries : GeoDataFrame
        By the contract of the table of that name.
    water : GeoDataFrame
        By the contract of the table of that name.
    study_area : GeoDataFrame
        By the contract of the table of that name.
    flows : DataFrame
        By the contract of the table of that name; empty without a source.
    population : Raster or None
        Persons per cell, in the raster's own CRS.
    elevation : Raster or None
        Metres above sea level, in the raster's own CRS.
    landcover : Raster or None
        Classes of land cover as the source codes them, in the raster's own CRS.
    counts : DataFrame
        What was read, by source and item.
    findings : GeoDataFrame
        By the contract of the table `findings_read`.
    crs : pyproj.CRS
        The working CRS, in metres.
    issues : tuple of str
        Known faults of the sources and what was noticed in rasters; every page that uses them says so.
    sources : tuple of SourceRecord
        Where each raw file comes from.
    vocabulary : Vocabulary
        The services of the study.
    unplaced : DataFrame or None
        By the contract of the table of that name: facilities that could not be located; None where there are none.
    to_decide : DataFrame or None
        Places that a person must decide on, as text; None where there are none.
    to_review : DataFrame or None
        Facilities of lists and map that a person should look at, as text; None where there are none.
    official_units : DataFrame or None
        By the contract of the table of that name; None without such a source.
    columns : dict of (str, str) to ColumnUse
        By path and what is read of it: the columns of a list that are read, kept and left out.
    """

    settlements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    turns: gpd.GeoDataFrame | None
    boundaries: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    study_area: gpd.GeoDataFrame
    flows: pd.DataFrame
    population: Raster | None
    elevation: Raster | None
    landcover: Raster | None
    counts: pd.DataFrame
    findings: gpd.GeoDataFrame
    crs: pyproj.CRS
    issues: tuple[str, ...]
    sources: tuple[SourceRecord, ...]
    vocabulary: Vocabulary
    unplaced: pd.DataFrame | None = None
    to_decide: pd.DataFrame | None = None
    to_review: pd.DataFrame | None = None
    official_units: pd.DataFrame | None = None
    columns: dict[tuple[str, str], ColumnUse] = field(default_factory=dict)
