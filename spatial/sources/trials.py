"""Files of what is tried out: new roads, what closes roads, and observed times between places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ContractError
from spatial.sources.columns import complete_text_column, number_column, text_column
from spatial.sources.coordinates import coordinate_keys
from spatial.sources.formats import open_mapped
from spatial.sources.notes import log_notes
from spatial.sources.placement import place_frame
from spatial.sources.road_tags import TAG_WORDS, with_known_tags
from spatial.sources.vector import read_table

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pyproj

    from spatial.study import TableSource

__all__ = ["new_roads_from_table", "observed_from_table"]

_NUMBERS = ("speed_km_h",)
_TAGS = ("road_id", "road_class", "oneway", "surface", "all_season", "bridge", "tunnel", "motorroad")
_ENDS = {"from": ("from_x", "from_y"), "to": ("to_x", "to_y")}


def new_roads_from_table(path: Path, source: TableSource, *, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Read the new roads of a scenario."""
    frame = with_known_tags(read_table(path, source, what="new roads", key="road_id").to_crs(crs))
    log_notes(frame, what=f"new roads {path}")
    problems: list[str] = []
    for column in _TAGS:
        if column in frame.columns:
            frame[column] = text_column(frame[column].replace(TAG_WORDS))
    for column in _NUMBERS:
        if column in frame.columns:
            frame[column] = number_column(frame, column, problems, key="road_id")
    if problems:
        raise ContractError(f"new roads {path}", problems)
    return frame


def observed_from_table(path: Path, source: TableSource, *, crs: pyproj.CRS) -> pd.DataFrame:
    """Read observed times between places."""
    label = f"observed {path}"
    opened = open_mapped(path, source, what="observed")
    log_notes(opened, what=label)
    frame = pd.DataFrame(opened).drop(columns="geometry", errors="ignore")
    has_xy = all(name in frame for pair in _ENDS.values() for name in pair)
    needed = ["observed_min", *(() if has_xy else ("from_id", "to_id"))]
    shown = ", ".join(map(str, frame.columns))
    problems = [
        f"{name}: the column is missing; map it in columns: the table has {shown}"
        for name in needed
        if name not in frame
    ]
    if problems:
        raise ContractError(label, problems)
    frame["observed_min"] = number_column(frame, "observed_min", problems, key="", complete=True)
    for name in ("from_id", "to_id"):
        if name in frame:
            frame[name] = (
                text_column(frame[name]) if has_xy else complete_text_column(frame, name, problems, key="")
            )
    if problems:
        raise ContractError(label, problems)
    keys = coordinate_keys(source, what=label)
    for pair in _ENDS.values() if has_xy else ():
        x, y = pair
        declared = source.model_copy(update=dict(zip(keys, pair, strict=True)))
        points = place_frame(frame[[x, y]].copy(), declared, path, what="observed", key="").to_crs(crs)
        frame[x], frame[y] = (np.asarray(points.geometry.x), np.asarray(points.geometry.y))
    return frame
