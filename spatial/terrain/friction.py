"""Land cover, roads and barriers become friction: minutes per metre of every cell, by an editable table of speeds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from affine import Affine
from rasterio.features import rasterize
from rasterio.warp import Resampling, reproject
from shapely.geometry.base import BaseGeometry

from spatial.arrays import BoolArray, FloatArray
from spatial.errors import ContractError, CrsError, StudyError, faults_at, first_of, of_kind, refuse
from spatial.inputs.road_tags import with_known_tags
from spatial.network.road_access import is_bridge
from spatial.network.slope import tobler_multiplier
from spatial.outlines import require_shapes
from spatial.plain_text import shipped_toml, toml_faults, toml_table, toml_text
from spatial.rasters import Raster
from spatial.study.base import LARGEST, LETTERS_OF_KEY
from spatial.terrain.surface import SurfaceOptions, cell_sizes_m

# Bring a raster onto another's grid, where the user asks for it: nothing else in the package resamples.

_WAYS = {"bilinear": Resampling.bilinear, "nearest": Resampling.nearest}


def align_raster(raster: Raster, grid: Raster, *, resample: Literal["bilinear", "nearest"]) -> Raster:
    """
    Resample a raster onto the grid of another.

    Fit for heights and other values at a place (``bilinear``) and for classes (``nearest``). Not fit for counts such
    as persons: their sum is not kept.

    Parameters
    ----------
    raster : Raster
        The values; NaN where there is no data.
    grid : Raster
        The raster whose CRS, transform and shape are taken.
    resample : {'bilinear', 'nearest'}
        The value at the centre of each cell: between the four around it, of those with data; or that of the nearest.
        Cells of the raster that are smaller than those of the grid are averaged over by ``bilinear``.

    Returns
    -------
    Raster
        In float64, with the name of `raster`; NaN where it does not reach or has no data.

    Raises
    ------
    ContractError
        For another way of resampling.

    Examples
    --------
    Heights at 100 m, brought onto cells of 50 m:

    >>> import pyproj
    >>> from affine import Affine
    >>> crs = pyproj.CRS("EPSG:32738")
    >>> heights = Raster(np.array([[0.0, 100.0], [0.0, 100.0]]), Affine(100, 0, 0, 0, -100, 200), crs, "elevation")
    >>> grid = Raster(np.zeros((1, 4)), Affine(50, 0, 0, 0, -100, 200), crs)
    >>> align_raster(heights, grid, resample="nearest").values.tolist()
    [[0.0, 0.0, 100.0, 100.0]]
    >>> align_raster(heights, grid, resample="bilinear").values.tolist()
    [[0.0, 25.0, 75.0, 100.0]]
    """
    for what, given in (("raster", raster), ("grid", grid)):
        of_kind(what, given, Raster, required=True)
    if resample not in _WAYS:
        raise ContractError(raster.name, [f"resample: {resample!r} is not one of {', '.join(_WAYS)}"])
    values: FloatArray = np.full(grid.values.shape, np.nan)
    reproject(
        raster.values,
        values,
        src_transform=raster.transform,
        src_crs=raster.crs.to_wkt(),
        src_nodata=np.nan,
        dst_transform=grid.transform,
        dst_crs=grid.crs.to_wkt(),
        dst_nodata=np.nan,
        resampling=_WAYS[resample],
        tolerance=0.0,
    )
    return Raster(values, grid.transform, grid.crs, raster.name)


# The table of speeds off the roads: land cover class -> km/h and mode, in files that a user may edit.

SURFACE_PRESETS = ("igbp_weiss_2020", "esa_worldcover", "accessmod_example")
_CLASS_MODES = ("walk", "motorised", "barrier")
_ROAD_MODES = ("walk", "motorised")


@dataclass(frozen=True)
class GroundSpeed:
    """
    How a land cover class is crossed.

    Parameters
    ----------
    label : str
        Its name.
    km_h : float
        Above 0; NaN for a barrier.
    mode : str
        Slope counts for those who walk; a barrier is crossed on roads alone.
    """

    label: str
    km_h: float
    mode: str


@dataclass(frozen=True)
class SurfaceSpeeds:
    """
    Speeds by land cover class, and on roads by class and mode.

    Parameters
    ----------
    name : str
        Name of the table.
    classes : Mapping[int, GroundSpeed]
        By land cover class.
    roads : Mapping[str, Mapping[str, float]]
        Km/h by mode (walk, motorised), then by road class; a class that is not listed is closed.
    """

    name: str
    classes: Mapping[int, GroundSpeed]
    roads: Mapping[str, Mapping[str, float]]


def load_surface_speeds(speeds: str | Path | SurfaceSpeeds = "igbp_weiss_2020") -> SurfaceSpeeds:
    """
    Load a table of speeds by land cover class.

    Parameters
    ----------
    speeds : str, Path or SurfaceSpeeds
        Name of a preset (igbp_weiss_2020, esa_worldcover, accessmod_example), a TOML file of the same form, or a CSV
        file with the columns ``class``, ``label``, ``km_h`` and ``mode``.

    Returns
    -------
    SurfaceSpeeds
        Checked. Roads are those of the file, else the package's own.

    Raises
    ------
    StudyError
        Where the file cannot be read, or has a speed that is not above 0; with every fault and its key.

    Examples
    --------
    >>> load_surface_speeds("accessmod_example").classes[4]
    GroundSpeed(label='dense vegetation', km_h=2.0, mode='walk')
    """
    if isinstance(speeds, SurfaceSpeeds):
        return speeds
    name, path = str(speeds), Path(speeds)
    if name in SURFACE_PRESETS:
        values: dict[str, Any] = shipped_toml(f"terrain/presets/{name}.toml")
    else:
        with toml_faults(
            f"surface speeds {name}", f"name a preset ({', '.join(SURFACE_PRESETS)}), a TOML or a CSV file"
        ):
            if path.suffix.lower() == ".csv":
                rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
                values = {"name": path.stem, "classes": {row.get("class") or "": row for row in rows}}
            else:
                values = {"name": path.stem, **toml_table(toml_text(path))}
    problems: list[str] = []
    found = {}
    for key, item in _tables(values.get("classes", {}), "classes", problems).items():
        mode = str(item.get("mode") or "walk")
        if not key.strip().lstrip("-").isdigit():
            problems.append(f"classes.{key}: a land cover class is a whole number")
        if mode not in _CLASS_MODES:
            problems.append(f"classes.{key}.mode: {mode!r} is not one of {', '.join(_CLASS_MODES)}")
        is_barrier = mode == "barrier"
        km_h = math.nan if is_barrier else _speed(f"classes.{key}.km_h", item.get("km_h"), problems)
        found[key] = GroundSpeed(str(item.get("label", key)), km_h, mode)
    own = _tables(values.get("roads") or shipped_toml("terrain/presets/roads.toml")["roads"], "roads", problems)
    roads = {
        mode: MappingProxyType(
            {key: _speed(f"roads.{mode}.{key}", item, problems) for key, item in own.get(mode, {}).items()}
        )
        for mode in _ROAD_MODES
    }
    if not found:
        problems.append("classes: there are none")
    refuse(f"surface speeds {speeds}", problems, StudyError)
    classes = {int(key): item for key, item in found.items()}
    return SurfaceSpeeds(str(values.get("name", speeds)), MappingProxyType(classes), MappingProxyType(roads))


def _tables(value: object, key: str, problems: list[str]) -> dict[str, dict[str, Any]]:
    """Take the tables that a table holds; anything else is told."""
    held = value if isinstance(value, dict) else {}
    wrong = [name for name, item in held.items() if not isinstance(item, dict)]
    if wrong or not isinstance(value, dict):
        problems.append(f"{key}: must hold tables only, such as {key}.{next(iter(wrong), 'walk')} = {{ ... }}")
    return {name: item for name, item in held.items() if isinstance(item, dict)}


def _speed(key: str, value: object, problems: list[str]) -> float:
    try:
        speed = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        speed = math.nan
    most = LARGEST["_km_h"]
    if not 0 < speed <= most:
        shown = repr(value)[:LETTERS_OF_KEY]
        problems.append(
            f"{key}: {shown} is not a speed above 0 and up to {most:,.0f} km/h; what cannot be crossed has mode barrier"
        )
    return speed


# Land cover, roads and barriers become friction: minutes per metre of every cell.

_MIN_PER_M_AT_1_KM_H = 0.06
_GRID_TOLERANCE = 1e-6
"""Share of a cell by which two grids may lie apart and still be one: rounding in files."""


@dataclass(frozen=True, eq=False)
class Friction:
    """
    Friction on a grid, with what the searches need beside it.

    Parameters
    ----------
    min_per_m : ndarray of float64, shape (rows, columns)
        Minutes per metre; NaN at barriers and where there is no data.
    walks : ndarray of bool, shape (rows, columns)
        Cells that are walked: slope counts there.
    transform : affine.Affine
        Of the grid.
    crs : pyproj.CRS
        Of the transform.
    elevation_m : ndarray of float64, shape (rows, columns), or None
        Metres above sea level on the same grid.
    report : dict
        Counts, fit for JSON: ``cells``, ``no_data_cells``, ``barrier_cells``, ``road_cells``, ``opened_cells`` (barrier
        cells that a road or a bridge opens) and ``cells_by_class``.
    """

    min_per_m: FloatArray
    walks: BoolArray
    transform: Affine
    crs: pyproj.CRS
    elevation_m: FloatArray | None = None
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def resolution_m(self) -> tuple[FloatArray, FloatArray]:
        """Height and width of the cells on the ground, one a row (`cell_sizes_m`): `resolution_m` of the surfaces."""
        return cell_sizes_m(self.transform, self.crs, self.min_per_m.shape)

    @property
    def options(self) -> SurfaceOptions:
        """What lets slope count, `elevation_m` and `walks`: ``travel_time_surface(..., **friction.options)``."""
        return {"elevation_m": self.elevation_m, "walks": self.walks}

    @property
    def raster(self) -> Raster:
        """Minutes per metre as a raster, to be written or drawn."""
        return Raster(self.min_per_m, self.transform, self.crs, "friction")


def friction_surface(
    landcover: Raster,
    speeds: str | Path | SurfaceSpeeds = "igbp_weiss_2020",
    *,
    roads: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    elevation: Raster | None = None,
    mode: Literal["walk", "motorised"] = "walk",
) -> Friction:
    """
    Turn land cover, roads and barriers into minutes per metre.

    The speed of a cell is that of its land cover class. Barriers close cells: a line every cell that it touches, so
    that no diagonal step leaks through; a polygon every cell whose centre it covers. A road opens the cells along it,
    and gives them its speed where that is faster; where it meets barriers it opens every cell that it touches, and so
    does a bridge (``is_bridge``) all along, so that crossings are not broken. Of several roads in a cell the fastest
    counts. Friction is ``0.06 / km/h`` minutes per metre.

    Parameters
    ----------
    landcover : Raster
        Land cover classes; NaN (no data) is a barrier.
    speeds : str, Path or SurfaceSpeeds
        See `load_surface_speeds`.
    roads : GeoDataFrame, optional
        Lines with ``speed_km_h``, or with ``road_class`` for the speeds of the table in `mode` where none is stated; a
        class that the table does not list is closed and counted. Optional: ``is_bridge``, or ``bridge`` as
        OpenStreetMap tags it.
    barriers : GeoDataFrame, optional
        Lines or polygons that are crossed on roads alone, such as rivers and lakes; or, where they have
        ``speed_km_h``, at that speed (NaN: on roads alone), as by a ferry or a bridge still to be built. Of several in
        a cell the slowest counts, and slope does not.
    elevation : Raster, optional
        Metres above sea level on the same grid; checked and handed on.
    mode : {'walk', 'motorised'}
        Whether roads are walked or driven.

    Returns
    -------
    Friction
        On the grid of the land cover.

    Raises
    ------
    ContractError
        Where land cover has classes without a speed (each with its number of cells), road speeds are not above 0, those
        of barriers are below, or the elevation lies on another grid: rasters are never resampled.
    CrsError
        Where roads or barriers are in another CRS.
    StudyError
        As `load_surface_speeds`.

    Examples
    --------
    Bare soil is crossed at 5 km/h, which is 0.012 minutes per metre:

    >>> import pyproj
    >>> from affine import Affine
    >>> ground = Raster(np.array([[5.0, np.nan]]), Affine(100, 0, 0, 0, -100, 0), pyproj.CRS("EPSG:32738"))
    >>> friction_surface(ground, "accessmod_example").min_per_m.tolist()
    [[0.012, nan]]
    """
    of_kind("landcover", landcover, Raster, required=True)
    of_kind("elevation", elevation, Raster)
    of_kind("speeds", speeds, str, Path, SurfaceSpeeds, required=True)
    table = load_surface_speeds(speeds)
    if mode not in table.roads:
        raise ContractError("friction", [f"mode: {mode!r} is not one of {', '.join(table.roads)}"])
    if elevation is not None:
        require_aligned(landcover, elevation)
    values = landcover.values
    classes, position, counts = np.unique(values, return_inverse=True, return_counts=True, equal_nan=True)
    known = [
        table.classes.get(int(code)) if np.isfinite(code) and code == np.floor(code) else None
        for code in classes.tolist()
    ]
    refuse(
        landcover.name,
        [
            f"class {code:g} ({count:,} cells) has no speed in the table {table.name}"
            for code, count, item in zip(classes, counts, known, strict=True)
            if item is None and not np.isnan(code)
        ],
    )
    position = position.reshape(values.shape)
    ground = np.array([np.nan if item is None else item.km_h for item in known])[position]
    walks = np.array([item is not None and item.mode == "walk" for item in known], dtype=bool)[position]
    by_class = {f"{code:g}": int(count) for code, count in zip(classes, counts, strict=True) if not np.isnan(code)}
    if barriers is not None:
        shapes = _shapes_of(barriers, landcover, "barriers")
        is_line = shapes.geom_type.isin(["LineString", "MultiLineString", "LinearRing"]).to_numpy()
        crossing_km_h = np.zeros(len(shapes))  # what is closed
        if "speed_km_h" in barriers:
            crossing_km_h = np.nan_to_num(barriers["speed_km_h"].to_numpy(dtype=np.float64), posinf=np.inf)
            if not ((crossing_km_h >= 0.0) & np.isfinite(crossing_km_h)).all():
                rows = first_of(barriers.index[~((crossing_km_h >= 0.0) & np.isfinite(crossing_km_h))].tolist())
                raise ContractError("barriers", [f"speed_km_h: negative or infinite at rows {rows}"])
        # Of several barriers in a cell the last one counts, which is the slowest.
        order = np.argsort(-crossing_km_h, kind="stable")
        first, second = order[is_line[order]], order[~is_line[order]]
        crossed = np.fmin(
            _burnt(shapes.iloc[first], crossing_km_h[first], landcover, all_touched=True),
            _burnt(shapes.iloc[second], crossing_km_h[second], landcover, all_touched=False),
        )
        is_met = ~np.isnan(crossed) & ~np.isnan(values)
        ground = np.where(is_met, np.where(crossed > 0.0, crossed, np.nan), ground)
        walks &= ~(crossed > 0.0)
    report: dict[str, Any] = {
        "speeds": table.name,
        "cells": int(values.size),
        "no_data_cells": int(np.isnan(values).sum()),
        "barrier_cells": int((np.isnan(ground) & ~np.isnan(values)).sum()),
        "cells_by_class": by_class,
    }
    if roads is not None:
        require_shapes("roads", roads)
        if not {"speed_km_h", "road_class"} & set(roads.columns):
            raise ContractError("roads", ["speed_km_h or road_class is needed"])
        km_h = np.full(len(roads), np.nan)
        if "road_class" in roads:
            km_h = roads["road_class"].map(dict(table.roads[mode])).to_numpy(dtype=np.float64)
        if "speed_km_h" in roads:
            stated = pd.to_numeric(roads["speed_km_h"], errors="coerce").to_numpy(dtype=np.float64)
            # What states no speed goes by its class, where classes are known.
            unsaid = roads["speed_km_h"].isna().to_numpy(dtype=bool) & ("road_class" in roads)
            wrong = ~unsaid & ~(np.isfinite(stated) & (stated > 0))
            refuse("roads", faults_at("speed_km_h: not above 0 and finite at rows", roads.index[wrong].tolist()))
            km_h = np.where(unsaid, km_h, stated)
        if "is_bridge" in roads:
            spans = roads["is_bridge"].fillna(value=False).to_numpy(dtype=bool)
        else:
            spans = is_bridge(with_known_tags(roads))
        # Of several roads in a cell the last one counts, which is the fastest.
        order = np.argsort(km_h, kind="stable")
        order = order[np.isfinite(km_h[order])]
        lines, km_h, spans = _shapes_of(roads, landcover, "roads").iloc[order], km_h[order], spans[order]
        touched = _burnt(lines, km_h, landcover, all_touched=True)
        along = _burnt(lines, km_h, landcover, all_touched=False)
        bridges = _burnt(lines[spans], km_h[spans], landcover, all_touched=True)
        on_road = np.fmax(np.where(np.isnan(ground), touched, along), bridges)
        opened = np.isnan(ground) & ~np.isnan(on_road)
        # Whoever drives has no slope: a road no faster than the ground downhill would slow who walks.
        downhill = np.where(walks & (elevation is not None) & (mode != "walk"), tobler_multiplier(-0.05), 1.0)
        is_faster = ~np.isnan(on_road) & ~(ground * downhill > on_road)
        walks = np.where(is_faster, mode == "walk", walks)
        ground = np.where(is_faster, on_road, ground)
        report |= {
            "road_cells": int((~np.isnan(on_road)).sum()),
            "opened_cells": int(opened.sum()),
            "closed_roads": len(roads) - len(order),
        }
    return Friction(
        _MIN_PER_M_AT_1_KM_H / ground,
        walks,
        landcover.transform,
        landcover.crs,
        None if elevation is None else elevation.values,
        report,
    )


def require_aligned(first: Raster, *others: Raster) -> None:
    """Refuse rasters that do not lie on one grid."""
    problems = []
    for other in others:
        if other.crs != first.crs:
            problems.append(f"{other.name}: CRS {other.crs.to_string()}, not {first.crs.to_string()}")
        if other.values.shape != first.values.shape:
            problems.append(f"{other.name}: shape {other.values.shape}, not {first.values.shape}")
        cell = max(abs(first.transform.a), abs(first.transform.e))
        if not np.allclose(other.transform[:6], first.transform[:6], rtol=1e-9, atol=_GRID_TOLERANCE * cell):
            problems.append(f"{other.name}: transform {other.transform[:6]}, not {first.transform[:6]}")
    if problems:
        remedy = "nothing is resampled in silence: warp one to the other's grid, or ask for it with align_raster"
        raise ContractError(f"{first.name} and others on its grid", [*problems, remedy])


def _shapes_of(frame: gpd.GeoDataFrame, grid: Raster, what: str) -> gpd.GeoSeries:
    require_shapes(what, frame, series_too=True)
    if frame.crs is None or frame.crs != grid.crs:
        have = "no CRS" if frame.crs is None else f"the CRS {frame.crs.to_string()}"
        raise CrsError(f"{what}: {have}; the grid is in {grid.crs.to_string()}: use frame.to_crs(grid.crs)")
    return frame.geometry


def _burnt(shapes: Iterable[BaseGeometry | None], values: FloatArray, grid: Raster, *, all_touched: bool) -> FloatArray:
    """Values of the cells that shapes take, the last one counting; NaN elsewhere."""
    pairs = [
        (shape, float(value))
        for shape, value in zip(shapes, values, strict=True)
        if shape is not None and not shape.is_empty
    ]
    if not pairs:
        return np.full(grid.values.shape, np.nan)
    burnt: FloatArray = rasterize(
        pairs,
        out_shape=grid.values.shape,
        transform=grid.transform,
        fill=np.nan,
        all_touched=all_touched,
        dtype="float64",
    )
    return burnt
