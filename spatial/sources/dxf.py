"""DXF drawings: the lines of all or one of their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd

from spatial.errors import SourceError, first_of
from spatial.sources.notes import Note, add_notes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["drawn_lines"]

_LINES = ("LineString", "MultiLineString")


def drawn_lines(frame: pd.DataFrame, layer: str | None, *, label: str) -> gpd.GeoDataFrame:
    """Keep the lines of a drawing."""
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(f"{label}: no entity of the drawing has a place; save the drawing as DXF again")
    chosen = frame
    if layer is not None:
        names = sorted(frame["Layer"].dropna().unique())
        if layer not in names:
            raise SourceError(
                f"{label}: no layer {layer!r} in the drawing; it has {first_of(names, limit=20)}"
            )
        chosen = frame[frame["Layer"] == layer]
    is_line = chosen.geometry.geom_type.isin(_LINES)
    if "PaperSpace" in chosen.columns:
        is_line &= ~chosen["PaperSpace"].fillna(0).astype(bool)
    if not is_line.any():
        raise SourceError(f"{label}: no line in the drawing; name the right layer = '...'")
    lines = chosen[is_line].reset_index(drop=True)
    others = chosen[~is_line].geometry.geom_type.fillna("no geometry").value_counts().sort_index()
    item = "entities of the drawing that are no lines left out"
    listed = ", ".join(f"{kind} ({number})" for kind, number in others.items())
    add_notes(lines, [Note(item, int(others.sum()), f"{item}: {listed}")])
    return lines
