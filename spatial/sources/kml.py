"""KML and KMZ: the fields that people wrote, without those that the format adds by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd

from spatial.errors import SourceError
from spatial.sources.notes import Note, add_notes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["tidy_kml"]

_OF_THE_FORMAT = (
    "timestamp",
    "begin",
    "end",
    "altitudeMode",
    "tessellate",
    "extrude",
    "visibility",
    "drawOrder",
    "icon",
    "snippet",
)


def tidy_kml(frame: pd.DataFrame, *, label: str) -> gpd.GeoDataFrame:
    """Leave out the fields of display that the format gives every place."""
    placed = (
        frame[frame.geometry.notna()].reset_index(drop=True) if isinstance(frame, gpd.GeoDataFrame) else None
    )
    if placed is None or placed.empty:
        raise SourceError(
            f"{label}: no place in the KML; if it only links to data elsewhere, save the places themselves as KML"
        )
    tidy = placed.drop(columns=[name for name in _OF_THE_FORMAT if name in placed.columns])
    item = "KML entries without a place left out"
    add_notes(tidy, [Note(item, len(frame) - len(placed), f"{item}: {len(frame) - len(placed)}")])
    return tidy
