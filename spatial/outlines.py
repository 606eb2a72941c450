"""Outlines of areas: one rule of what is an area, whoever asks for zones, urban ground or units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from spatial.errors import first_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


def outline_faults(shapes: gpd.GeoSeries, labels: pd.Series | pd.Index) -> list[str]:
    """
    Say which shapes are no areas.

    Examples
    --------
    >>> import geopandas as gpd
    >>> bow = gpd.GeoSeries([shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])], index=["a"])
    >>> outline_faults(bow, bow.index)
    ["geometry: outlines that cross themselves at 'a' (1 in all): use frame.geometry.make_valid()"]
    """
    found = shapes.to_numpy()
    wrong = ~shapes.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy() | shapely.is_empty(found)
    crossed = ~wrong & ~shapely.is_valid(found)
    faults = []
    if wrong.any():
        faults.append(f"geometry: no polygon at {first_of(labels[wrong].tolist())}")
    if crossed.any():
        where = first_of(labels[crossed].tolist())
        faults.append(f"geometry: outlines that cross themselves at {where}: use frame.geometry.make_valid()")
    return faults
