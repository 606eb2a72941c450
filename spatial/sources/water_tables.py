"""Water of the user's own: rivers and lakes that nobody walks across on the way to the road."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of
from spatial.sources.columns import complete_text_column, id_column, row_labels, text_column
from spatial.sources.placement import refuse_invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.study import TableSource

__all__ = ["WATER_KINDS", "join_water", "water_of_table"]

WATER_KINDS = (
    "basin",
    "canal",
    "coastline",
    "lake",
    "pond",
    "reservoir",
    "river",
    "stream",
    "tidal_channel",
)
"""Kinds of water that a table may hold; which of them are barriers, `mark_barriers` says."""

_FORMS = ("LineString", "MultiLineString", "Polygon", "MultiPolygon")
_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否", "")


def water_of_table(frame: gpd.GeoDataFrame, source: TableSource) -> gpd.GeoDataFrame:
    """Read a table of rivers or lakes."""
    result, problems = frame.copy(), list[str]()
    if "water_id" not in result.columns:
        result["water_id"] = [str(number) for number in range(1, len(result) + 1)]
    result["water_id"] = id_column(result, "water_id", problems)
    wrong = ~result.geometry.geom_type.isin(_FORMS)
    if wrong.any():
        found = ", ".join(sorted({str(kind) for kind in result.geometry.geom_type[wrong]}))
        rows = first_of(row_labels(result, "water_id")[wrong])
        problems.append(
            f"geometry: must be lines or polygons, found {found} for {rows}; name the right layer"
        )
    result["name"] = (
        text_column(result["name"])
        if "name" in result.columns
        else pd.Series(np.nan, result.index, dtype="str")
    )
    result["kind"] = _kinds(result, problems)
    result["is_passable"] = _passable(result, problems)
    if problems:
        raise ContractError(f"water {source.path}", problems)
    refuse_invalid(result, key="water_id", what=f"water {source.path}")
    return result


def _kinds(frame: gpd.GeoDataFrame, problems: list[str]) -> pd.Series:
    if "kind" not in frame.columns:
        known = ", ".join(WATER_KINDS)
        problems.append(
            f"kind: the column is missing; map a column whose values say which of {known} each row is"
        )
        return pd.Series("", index=frame.index, dtype="str")
    kinds = complete_text_column(frame, "kind", problems, key="water_id")
    wrong = kinds.notna() & ~kinds.isin(WATER_KINDS)
    if wrong.any():
        shown = first_of(kinds[wrong].drop_duplicates().sort_values(), limit=5)
        problems.append(
            f"kind: unknown value(s) {shown} for {first_of(row_labels(frame, 'water_id')[wrong])}; known are "
            f"{', '.join(WATER_KINDS)}: translate them in values.kind"
        )
    return kinds


def _passable(frame: gpd.GeoDataFrame, problems: list[str]) -> pd.Series:
    """Read whether water falls dry or runs under ground; what does not say so does neither."""
    if "is_passable" not in frame.columns:
        return pd.Series(False, index=frame.index)
    texts = text_column(frame["is_passable"]).fillna("").str.strip().str.lower()
    wrong = ~texts.isin([*_YES, *_NO])
    if wrong.any():
        problems.append(
            f"is_passable: neither yes nor no for {first_of(row_labels(frame, 'water_id')[wrong])}, such as "
            f"{first_of(texts[wrong].drop_duplicates(), limit=3)}; translate it in values.is_passable"
        )
    return texts.isin(_YES)


def join_water(frames: list[gpd.GeoDataFrame], *, kept: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Put several tables of water together."""
    crs = frames[0].crs or WGS84
    ids = pd.concat([frame["water_id"] for frame in frames])
    if ids.duplicated().any():
        frames = [
            frame.assign(water_id=f"{number}/" + frame["water_id"])
            for number, frame in enumerate(frames, start=1)
        ]
    columns = ["water_id", "name", "kind", "is_passable", *kept]
    shapes = np.concatenate([frame.to_crs(crs).geometry.to_numpy() for frame in frames])
    rows = [pd.DataFrame(frame)[[name for name in columns if name in frame]] for frame in frames]
    joined = pd.concat(rows, ignore_index=True)
    for name in kept:
        if joined[name].dtype == object:  # text in one file and a number in another
            joined[name] = text_column(joined[name])
    return gpd.GeoDataFrame(joined, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
