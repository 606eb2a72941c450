"""The study area, and the township that every place lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84, require_metres
from spatial.errors import StudyError, first_of
from spatial.sources.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj
    from numpy.typing import NDArray

    from spatial.study import Region

__all__ = ["assign_units", "choose_region", "choose_units", "inside", "near_unit", "study_area"]

INSIDE_SHARE = 0.5
"""A boundary of which at least this share lies in the study area is a unit of the study, whoever lives there."""

COVERED_SHARE = 0.95
"""A coarser boundary of which finer units cover at least this share is no unit: what is left are slivers."""

WHOLE = "all"
"""Id of the study area where it is all that the sources hold."""


def study_area(
    region: Region,
    boundaries: gpd.GeoDataFrame,
    *,
    crs: pyproj.CRS,
    extent: tuple[float, float, float, float],
) -> gpd.GeoDataFrame:
    """Find the study area."""
    if region.bbox is not None:
        corners = shapely.segmentize(shapely.box(*region.bbox), 0.05)
        box = gpd.GeoSeries([corners], crs=WGS84).to_crs(crs)
        return _area(["bbox"], [None], box.to_numpy(), crs)
    chosen = choose_region(region, boundaries)
    if chosen is None:
        return _area([WHOLE], [None], np.array([shapely.box(*extent)], dtype=object), crs)
    return _area(chosen["boundary_id"].tolist(), chosen["name"].tolist(), chosen.geometry.to_numpy(), crs)


def choose_region(region: Region, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """
    Find the boundaries that make the study area.

    Returns rows of the boundaries; None where the region names no level.
    """
    if region.admin_level is None:
        return None
    level = boundaries[boundaries["admin_level"] == region.admin_level]
    if level.empty:
        there = sorted({int(value) for value in boundaries["admin_level"]})
        raise StudyError(
            "region",
            [
                f"region.admin_level: the sources hold no boundary of level {region.admin_level}; they hold {there}"
            ],
        )
    return level[_named(level, region.names)] if region.names else level


def _named(level: gpd.GeoDataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    columns = [column for column in ("name", "name_en", "name_zh") if column in level.columns]
    chosen = np.zeros(len(level), dtype=bool)
    missing = []
    for name in names:
        hits = (level[columns] == name).any(axis=1).to_numpy(dtype=bool)
        chosen |= hits
        if not hits.any():
            missing.append(name)
    if missing:
        there = level["name"].dropna().sort_values().tolist()
        raise StudyError(
            "region",
            [
                f"region.names: no boundary is named {first_of(missing)}; there are {first_of(there, limit=20)}"
            ],
        )
    return chosen


def _area(
    ids: Sequence[str], names: Sequence[Any], shapes: NDArray[np.object_], crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    columns = {"area_id": pd.Series(ids, dtype="str"), "name": pd.Series(names, dtype="str")}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)


def inside(frame: gpd.GeoDataFrame, ground: shapely.Geometry) -> NDArray[np.bool_]:
    """Which rows touch or lie in a piece of ground."""
    shapely.prepare(ground)
    result: NDArray[np.bool_] = shapely.intersects(ground, frame.geometry.to_numpy())
    return result


def choose_units(
    boundaries: gpd.GeoDataFrame,
    levels: Sequence[int],
    *,
    area: shapely.Geometry,
    inhabitants: gpd.GeoSeries | None = None,
) -> NDArray[np.bool_]:
    """Say which boundaries are the townships of the study."""
    require_metres(boundaries.crs, what="boundaries")
    shapes = boundaries.geometry.to_numpy()
    size = shapely.area(shapes)
    chosen = np.zeros(len(boundaries), dtype=bool)
    level_of = boundaries["admin_level"].to_numpy()
    homeless = np.array([], dtype=object) if inhabitants is None else inhabitants.to_numpy()
    for level in levels:
        before = shapely.union_all(shapes[chosen])
        here = np.flatnonzero((level_of == level) & (size > 0))
        within = shapely.area(shapely.intersection(shapes[here], area)) / size[here]
        taken = shapely.area(shapely.intersection(shapes[here], before)) / size[here]
        point, unit = shapely.STRtree(shapes[here]).query(homeless, predicate="intersects")
        holds = np.isin(np.arange(len(here)), unit)
        chosen[here] = ((within >= INSIDE_SHARE) | holds) & (taken < COVERED_SHARE)
        homeless = np.delete(homeless, point[chosen[here][unit]])
    return chosen


def assign_units(
    places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame, levels: Sequence[int]
) -> gpd.GeoDataFrame:
    """Give every place the township that it lies in."""
    units = boundaries[boundaries["is_unit"]].copy()
    units["_order"] = units["admin_level"].map({level: order for order, level in enumerate(levels)})
    units = units.sort_values(["_order", "boundary_id"], kind="stable").reset_index(drop=True)
    found = np.full(len(places), -1, dtype=np.intp)
    if len(units) and len(places):
        tree = shapely.STRtree(units.geometry.to_numpy())
        place, unit = tree.query(places.geometry.to_numpy(), predicate="intersects")
        best = np.full(len(places), len(units), dtype=np.intp)
        np.minimum.at(best, place, unit)
        found = np.where(best < len(units), best, -1)
    return _with_units(places, units, found)


def near_unit(
    places: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    *,
    ground: shapely.Geometry,
    key: str,
    tolerance_m: float,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """
    Give places without a township the nearest one: on coasts and piers, and in slivers between townships.

    A place outside the study area that lies in a boundary is left alone: it belongs to a neighbour.

    Returns the places, and one ``unit_by_tolerance`` for each that was given a township so.
    """
    units = boundaries[boundaries["is_unit"]].sort_values("boundary_id", kind="stable").reset_index(drop=True)
    lost = np.flatnonzero(places["township_id"].isna().to_numpy(dtype=bool))
    if tolerance_m <= 0 or not len(units) or not len(lost):
        return places, []
    points = places.geometry.to_numpy()
    somewhere = shapely.STRtree(boundaries.geometry.to_numpy()).query(points[lost], predicate="intersects")[0]
    abroad = np.isin(np.arange(len(lost)), somewhere) & ~shapely.intersects(points[lost], ground)
    lost = lost[~abroad]
    distance = np.array([shapely.distance(points[row], units.geometry.to_numpy()) for row in lost])
    keys = places[key].tolist()
    findings: list[Finding] = []
    found = np.full(len(places), -1, dtype=np.intp)
    for row, metres in zip(lost, distance, strict=True):
        best = int(np.argmin(metres))
        if metres[best] > tolerance_m:
            continue
        found[row] = best
        findings.append(
            Finding(
                "unit_by_tolerance",
                str(keys[row]),
                f"lies in no unit; taken to the nearest one, {metres[best]:.0f} m away",
                points[row],
                other=str(units["boundary_id"].iloc[best]),
                distance_m=float(metres[best]),
            )
        )
    moved = _with_units(places, units, found)
    given = found >= 0
    for column in ("township_id", "township"):
        moved[column] = moved[column].where(given, places[column])
    return moved, findings


def _with_units(
    places: gpd.GeoDataFrame, units: gpd.GeoDataFrame, found: NDArray[np.intp]
) -> gpd.GeoDataFrame:
    result = places.copy()
    for column, source in (("township_id", "boundary_id"), ("township", "name")):
        values = units[source].astype(object).to_numpy()
        picked = [values[unit] if unit >= 0 else None for unit in found]
        result[column] = pd.Series(picked, index=places.index, dtype="str")
    return result
