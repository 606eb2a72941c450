"""Columns that every GeoPackage reader accepts: plain unique names, 64-bit integers, text for mixed values."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

__all__ = ["Renamed", "plain_columns", "plain_name"]

RESERVED = {
    "fid": "fid",
    "ogc_fid": "fid",
    "rowid": "fid",
    "oid": "fid",
    "_rowid_": "fid",
    "geom": "geometry",
    "geometry": "geometry",
}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Renamed:
    """A column that bears another name in the GeoPackage, or was left out."""

    layer: str  # table of the GeoPackage
    was: str  # name in the source
    now: str  # name here; empty where it was left out
    why: str  # key of the reason in the message file: geometry, fid, case, ascii or list


def plain_name(text: str, *, fallback: str = "column") -> str:
    """
    Turn any text into a lower-case ASCII name.

    Examples
    --------
    >>> plain_name("addr:Straße 2")
    'addr_strae_2'
    >>> plain_name("人口")
    'column'
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")
    if not name:
        return fallback
    return f"_{name}" if name[0].isdigit() else name


def plain_columns(
    frame: pd.DataFrame, *, layer: str
) -> tuple[pd.DataFrame, dict[str, str], tuple[Renamed, ...]]:
    """Give a frame names and types that every reader of GeoPackages accepts."""
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    columns = [column for column in frame.columns if column != geometry]
    listed = {column for column in columns if _is_list(frame[column])}
    record = [Renamed(layer, str(column), "", "list") for column in columns if column in listed]
    kept = [column for column in columns if column not in listed]
    names = _unique_names(kept)
    record += [
        Renamed(layer, str(column), name, why)
        for column, (name, why) in zip(kept, names, strict=True)
        if why != "same"
    ]
    values = {name: _plain_values(frame[column]) for column, (name, _) in zip(kept, names, strict=True)}
    plain = pd.DataFrame(values, index=frame.index)
    sources = {item.now: item.was for item in record if item.now}
    if geometry is None:
        return plain, sources, tuple(record)
    return gpd.GeoDataFrame(plain, geometry=frame.geometry.array, crs=frame.crs), sources, tuple(record)


def _unique_names(columns: Iterable[Hashable]) -> list[tuple[str, str]]:
    wanted = [str(column) for column in columns]
    # Names that may stay as they are come first, so that a source's "Name" gives way to our "name".
    taken = {name for name in wanted if _PLAIN.fullmatch(name) and name not in RESERVED}
    result = []
    for name in wanted:
        lower = name.lower()
        if name in taken and _PLAIN.fullmatch(name):
            result.append((name, "same"))
            continue
        if lower in RESERVED:
            why, start = RESERVED[lower], f"source_{plain_name(name)}"
        else:
            why, start = ("case" if lower in taken else "ascii"), plain_name(name)
        chosen = _free(start, taken)
        taken.add(chosen)
        result.append((chosen, why))
    return result


def _free(start: str, taken: set[str]) -> str:
    if start not in taken:
        return start
    number = 2
    while f"{start}_{number}" in taken:
        number += 1
    return f"{start}_{number}"


def _is_list(series: pd.Series[Any]) -> bool:
    if series.dtype != np.dtype(object):
        return False
    return bool(series.map(lambda value: isinstance(value, (list, tuple, set, np.ndarray))).any())


def _plain_values(series: pd.Series[Any]) -> pd.Series[Any]:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _plain_values(series.astype(kind.categories.dtype))
    if pd.api.types.is_bool_dtype(kind):
        return series
    if pd.api.types.is_integer_dtype(kind):
        return series.astype("Int64" if series.isna().any() else "int64")
    if pd.api.types.is_float_dtype(kind):
        return series.astype("float64").replace([np.inf, -np.inf], np.nan)
    if kind == np.dtype(object):
        return series.map(_plain_value, na_action="ignore").astype("str")
    return series


def _plain_value(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
