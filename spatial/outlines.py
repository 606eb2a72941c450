"""Frames and shapes: what is a frame and has shapes, one rule of what is an outline, whoever asks, what lies inside."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.errors import ContractError, CrsError, first_of, refuse

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyproj


def require_frame(table: str, given: Any, *, kinds: str = "a DataFrame") -> None:
    """Refuse what is no frame, or one that names a column twice."""
    import pandas as pd  # noqa: PLC0415 - whoever gives a frame has it

    if not isinstance(given, pd.DataFrame):
        raise ContractError(table, [f"is a {type(given).__name__}; give {kinds}"])
    twice = given.columns[given.columns.duplicated()]
    if len(twice):
        raise ContractError(table, [f"columns given more than once: {first_of(twice.unique())}; drop one of each"])


def list_faults(frame: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Say which columns of one word a row hold lists."""
    from pandas.api.types import infer_dtype  # noqa: PLC0415 - as above

    problems = []
    for name in columns:
        if name in frame and frame[name].dtype == object and infer_dtype(frame[name]).startswith("mixed"):
            several = ~frame[name].map(lambda value: isinstance(value, Hashable)).to_numpy(dtype=bool)
            if several.any():
                problems.append(f"{name}: a list in {several.sum()} rows; make each of its values a row")
    return problems


def require_shapes(table: str, given: Any, *, series_too: bool = False) -> None:
    """Refuse a frame without a geometry, or what is no frame; a series of shapes may do too."""
    import geopandas as gpd  # noqa: PLC0415 - as above

    if series_too and isinstance(given, gpd.GeoSeries):
        return
    kinds = "a GeoDataFrame or GeoSeries" if series_too else "a GeoDataFrame"
    require_frame(table, given, kinds=kinds)
    if not isinstance(given, gpd.GeoDataFrame) or given.active_geometry_name is None:
        raise ContractError(table, [f"geometry: there is none; give {kinds} with a CRS"])


def not_points(shapes: gpd.GeoSeries) -> NDArray[np.bool_]:
    """Find shapes that are no point with finite coordinates."""
    points = shapes_of(shapes)
    is_point = (shapely.get_type_id(points) == shapely.GeometryType.POINT) & ~shapely.is_empty(points)
    is_point[is_point] = np.isfinite(shapely.get_coordinates(points[is_point])).all(axis=1)
    return np.asarray(~is_point, dtype=bool)


def point_faults(shapes: gpd.GeoSeries, labels: pd.Series) -> list[str]:
    """Say which shapes are no points with finite coordinates."""
    wrong = not_points(shapes)
    if not wrong.any():
        return []
    where = first_of(labels.to_numpy(dtype=object)[wrong])
    remedy = "of areas take representative_point(), or drop those rows"
    return [f"geometry: no point with coordinates at {where}; {remedy}"]


def outline_faults(shapes: gpd.GeoSeries, labels: pd.Series | pd.Index) -> list[str]:
    """Say which shapes are no areas, and what to do about it."""
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


def shapes_of(series: Any) -> NDArray[np.object_]:
    """Take the shapes of a series out of their frame."""
    return np.asarray(series.to_numpy(), dtype=object)


def points_at(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.object_]:
    """Make points."""
    return np.asarray(shapely.points(x, y), dtype=object)


def tree_of(series: Any) -> shapely.STRtree | None:
    """Index shapes for questions of place. Returns None without any shape."""
    if series is None or len(series) == 0:
        return None
    shapes = shapes_of(series)
    shapely.prepare(shapes)
    return shapely.STRtree(shapes)


def inside(ground: shapely.Geometry, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which points lie in a ground or on its edge."""
    shapely.prepare(ground)
    return np.asarray(shapely.intersects_xy(ground, x, y))


def crosses(tree: shapely.STRtree, lines: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which lines touch any of the shapes of an index."""
    row, shape = tree.query(lines)
    touched = np.zeros(len(lines), dtype=bool)
    touched[row[np.asarray(shapely.intersects(tree.geometries[shape], lines[row]))]] = True
    return touched


def area_of(areas: NDArray[np.object_], xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Name the area that each point lies in."""
    found = np.full(len(xy), -1, dtype=np.int64)
    northwards = np.argsort(xy[:, 1], kind="stable")
    y = xy[northwards, 1]
    boxes = shapely.bounds(areas).reshape(-1, 4)
    first, last = np.searchsorted(y, boxes[:, 1], side="left"), np.searchsorted(y, boxes[:, 3], side="right")
    for number, (area, box) in enumerate(zip(areas, boxes, strict=True)):
        rows = northwards[first[number] : last[number]]
        rows = rows[(found[rows] < 0) & (xy[rows, 0] >= box[0]) & (xy[rows, 0] <= box[2])]
        if len(rows):
            found[rows[inside(area, *xy[rows].T)]] = number
    return found


def joined_area(area: Any, *, what: str) -> shapely.Geometry:
    """Join the polygons of an area, and refuse what are none."""
    require_shapes(what, area, series_too=True)
    refuse(what, outline_faults(area.geometry, area.index))
    return shapely.union_all(shapes_of(area.geometry))


def brought_to(shapes: Any, crs: pyproj.CRS, *, what: str) -> Any:
    """Reproject shapes."""
    require_shapes(what, shapes, series_too=True)
    if shapes.crs is None:
        raise CrsError(f"{what}: no CRS; set it with frame.set_crs(...)")
    return shapes.to_crs(crs)
