"""Where a user's rows lie: coordinates, CRS and datum as declared, never guessed; swapped and stray ones refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84, parse_crs, working_crs_for
from spatial.errors import ContractError, CrsError, first_of, refuse
from spatial.formats.columns import coordinate_columns, declared_crs, from_control_points, row_labels, settle_datum
from spatial.formats.delimited import AXES, coordinate_numbers
from spatial.formats.notes import columns_of_file
from spatial.formats.vector import declares_crs
from spatial.georef.countries import countries_at
from spatial.georef.datums import frame_to_wgs84
from spatial.study.base import LARGEST

if TYPE_CHECKING:
    from pathlib import Path

    import pyproj

    from spatial.study.sources import TableSource

_COMMA = "declare decimal = ',' where the comma is the decimal sign"
_COORDINATE = "fill it in as a number, or 104°30'15\"E; if nobody knows it, leave it empty and set coordinates = 'some'"
SAME_PLACE_DEGREES = 1e-5
"""Two CRS that put a layer's middle within this (about a metre) of each other are taken for one."""


def place_frame(frame: pd.DataFrame, source: TableSource, path: Path, *, what: str, key: str) -> gpd.GeoDataFrame:
    """Give a frame its geometry, its CRS and an unshifted datum."""
    label = f"{what} {path}"
    if not isinstance(frame, gpd.GeoDataFrame):
        names, keys = coordinate_columns(source)
        found = first_of(columns_of_file(frame), limit=30)
        problems = [
            f"{name}: no such column of coordinates; set {' and '.join(keys)}, or coordinates = 'none' to locate "
            f"the rows by unit code and name: the file has {found}"
            for name in names
            if name not in frame.columns
        ]
        refuse(label, problems)
        labels, axes = row_labels(frame, key), []
        for name, axis in zip(names, AXES, strict=True):
            numbers = coordinate_numbers(frame[name], axis=axis)
            wrong = ~np.isfinite(numbers)
            if wrong.any():
                shown = first_of(frame.loc[wrong, name].fillna("").astype(str).drop_duplicates(), limit=3)
                comma = "," in shown and frame.loc[wrong, name].astype("str").str.contains(r"\d,\d").any()
                remedy = _COMMA if comma else _COORDINATE
                problems.append(f"{name}: no coordinate for {first_of(labels[wrong])}, such as {shown}; {remedy}")
            axes.append(numbers.to_numpy())
        refuse(label, problems)
        geometry = gpd.GeoSeries(shapely.points(axes[0], axes[1]), index=frame.index)
        placed = gpd.GeoDataFrame(frame.rename(columns={"geometry": "source_geometry"}), geometry=geometry)
    else:
        placed = frame.rename_geometry("geometry") if frame.active_geometry_name != "geometry" else frame
    if source.local_grid is not None and source.local_grid.control_points:
        placed = from_control_points(placed, source, what=label)
    placed = _with_crs(placed, source, path, label)
    labels = row_labels(placed, key)
    missing = placed.geometry.isna() | placed.geometry.is_empty
    problems = []
    if missing.any():
        problems.append(f"geometry: none for {first_of(labels[missing])}; draw it or delete the row")
    bounds = placed.geometry.bounds.to_numpy()
    points, rows = shapely.get_coordinates(placed.geometry.to_numpy(), return_index=True)
    odd = np.zeros(len(placed), dtype=np.bool_)
    odd[rows[~np.isfinite(points).all(axis=1)]] = True
    bad = ~missing & odd
    if bad.any():
        problems.append(f"geometry: infinite coordinates for {first_of(labels[bad])}; correct them")
    if placed.crs is not None and placed.crs.is_geographic:
        x, y = np.abs(bounds[:, [0, 2]]).max(axis=1), np.abs(bounds[:, [1, 3]]).max(axis=1)
        far = pd.Series((x > 180.0) | (y > 90.0), index=placed.index) & ~missing & ~bad
        if far.any():
            remedy = "declare the CRS they are in"
            if ((x[far] <= 90.0) & (y[far] <= 180.0)).all():
                remedy = "longitude and latitude are swapped: exchange them"
            problems.append(f"coordinates: no longitude and latitude in degrees for {first_of(labels[far])}; {remedy}")
    elif (far := ~missing & ~bad & (np.abs(bounds).max(axis=1) > LARGEST["_m"])).any():
        problems.append(f"coordinates: further than any place on Earth for {first_of(labels[far])}; correct them")
    refuse(label, problems)
    placed = settle_datum(placed, source, what=label, key=key)
    try:
        on_earth = frame_to_wgs84(placed, datum=source.datum)
    except ContractError as error:
        raise ContractError(label, error.problems) from error
    except CrsError as error:
        raise CrsError(f"{label}: {error}") from error
    lost = ~np.isfinite(on_earth.geometry.bounds.to_numpy()).all(axis=1)
    if lost.any():
        told = f"coordinates: none on Earth for {first_of(labels[lost])}; correct them, or declare the CRS they are in"
        raise ContractError(label, [told])
    return on_earth


def refuse_outside(
    frame: gpd.GeoDataFrame, area: gpd.GeoSeries | gpd.GeoDataFrame, *, key: str, what: str, buffer_m: float = 0.0
) -> None:
    """Refuse rows that lie outside the declared area, and say where their axes look swapped."""
    metres = working_crs_for(area)
    ground = area.geometry.to_crs(metres).union_all().buffer(buffer_m)
    outside = ~_inside(frame.geometry, metres, ground)
    if not outside.any():
        return
    labels = row_labels(frame, key)
    swapped = gpd.GeoSeries(
        shapely.transform(np.asarray(frame.geometry[outside]), lambda points: points[:, ::-1]),
        index=frame.index[outside],
        crs=frame.crs,
    )
    turned = _inside(swapped, metres, ground)
    problems = []
    if turned.any():
        problems.append(
            f"coordinates: swapped for {first_of(labels[outside][turned])}: with the axes exchanged they lie in the "
            "study area; exchange longitude and latitude in the study file"
        )
    if (~turned).any():
        problems.append(
            f"coordinates: outside the study area and its {buffer_m / 1000:g} km buffer for "
            f"{first_of(labels[outside][~turned])}; correct the coordinates or their CRS, clip the table, "
            "or widen region.buffer_km"
        )
    raise ContractError(what, problems)


def refuse_invalid(frame: gpd.GeoDataFrame, *, key: str, what: str) -> None:
    """Refuse areas that cross or touch themselves."""
    wrong = frame.geometry.notna() & ~frame.geometry.is_valid
    if wrong.any():
        labels = row_labels(frame, key)[wrong]
        reason = shapely.is_valid_reason(frame.geometry[wrong].iloc[0])
        problem = (
            f"geometry: boundary crosses or touches itself for {first_of(labels)}, the first: {reason}; "
            "repair it with QGIS > Vector geometry > Fix geometries and look at the result"
        )
        raise ContractError(what, [problem])


def _inside(points: gpd.GeoSeries, metres: pyproj.CRS, ground: shapely.Geometry) -> pd.Series:
    projected = points.to_crs(metres)
    finite = np.isfinite(projected.bounds.to_numpy()).all(axis=1)
    return pd.Series(finite, index=points.index) & projected.where(finite).intersects(ground)


def _with_crs(frame: gpd.GeoDataFrame, source: TableSource, path: Path, label: str) -> gpd.GeoDataFrame:
    """Give a frame the CRS that its file or the study says, and refuse it where the two disagree."""
    declared = declared_crs(source, what=label)
    if declared is None and source.datum != "wgs84" and frame.crs is None:
        declared = parse_crs(WGS84, what=label)
    if frame.crs is None or not (frame.crs.is_geographic or frame.crs.is_projected):
        if declared is None:
            middle = np.nanmedian(frame.geometry.bounds.to_numpy()[:, :2], axis=0)
            how = "such as crs = 'EPSG:4326' for GPS degrees"
            if "CN" in {country.code for country in countries_at(*middle)}:
                how = (
                    "crs = 'EPSG:4490' (CGCS2000) for those of a survey, or datum = 'gcj02' for those of a map app "
                    "such as Gaode or Tencent, which are shifted by hundreds of metres, 'bd09' for Baidu"
                )
            raise CrsError(f"{label}: no CRS; declare it in the study file, {how}")
        return frame.set_crs(declared, allow_override=True)
    is_stated = declares_crs(path)
    if declared is None or frame.crs == declared:
        return frame
    west, south, east, north = frame.total_bounds
    middle = gpd.GeoSeries([shapely.Point((west + east) / 2, (south + north) / 2)])
    own, other = (middle.set_crs(crs).to_crs(WGS84) for crs in (frame.crs, declared))
    if np.hypot(own.x - other.x, own.y - other.y).item() <= SAME_PLACE_DEGREES:
        return frame
    if not is_stated:
        return frame.set_crs(declared, allow_override=True)
    raise CrsError(
        f"{label}: the file says {frame.crs.to_string()}, the study declares {declared.to_string()}; "
        "remove crs from the study file, or correct the file"
    )
