"""What settlements, facilities and barriers must hold before they meet a network."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.errors import ContractError, CrsError, first_of
from spatial.network import TravelGraph

__all__ = ["check_crs", "check_on_network", "check_places", "check_table", "not_points"]


def check_on_network(graph: object, barriers: object) -> None:
    """Refuse what is no network, and barriers that are no series of shapes."""
    problems = []
    if not isinstance(graph, TravelGraph):
        problems.append(f"graph: is a {type(graph).__name__}; build a TravelGraph with build_network(roads)")
    if not (barriers is None or isinstance(barriers, gpd.GeoSeries)):
        problems.append(
            f"barriers: are a {type(barriers).__name__}; give a GeoSeries, such as frame.geometry"
        )
    if problems:
        raise ContractError("options", problems)


def check_crs(frame: gpd.GeoDataFrame, key: str, graph: TravelGraph) -> None:
    """Refuse places in another CRS than the network's."""
    table = _table_of(key)
    if frame.crs is None:
        raise CrsError(
            f"{table}: no CRS; say what their coordinates are in with frame.set_crs(...), "
            "then reproject with to_crs(graph.crs)"
        )
    if frame.crs != graph.crs:
        raise CrsError(
            f"{table}: the CRS is {frame.crs.to_string()}, but the network has {graph.crs.to_string()}; "
            "reproject with to_crs(graph.crs)"
        )


def _table_of(key: str) -> str:
    return "settlements" if key == "settlement_id" else "facilities"


def check_places(frame: gpd.GeoDataFrame, key: str) -> None:
    """Refuse places without an id or a point of their own, all faults at once."""
    table = _table_of(key)
    check_table(frame, table)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise ContractError(table, ["geometry: there is none; give a GeoDataFrame of points with a CRS"])
    if key not in frame:
        raise ContractError(table, [f"{key}: no such column among {first_of(frame.columns)}"])
    # Tables name places by text, so that 7 and "7" would be one place there.
    missing, twice = frame[key].isna(), frame[key].map(str).duplicated()
    problems = [f"{key}: missing in {missing.sum()} rows"] if missing.any() else []
    if (twice & ~missing).any():
        problems.append(
            f"{key}: used more than once: {first_of(frame.loc[(twice & ~missing).to_numpy(), key])}; make ids unique"
        )
    wrong = not_points(frame.geometry)
    if wrong.any():
        problems.append(
            f"geometry: no point with coordinates at {first_of(frame[key].to_numpy(dtype=object)[wrong])}; "
            "of areas take representative_point(), or drop those rows"
        )
    if problems:
        raise ContractError(table, problems)


def check_table(frame: object, table: str) -> None:
    """Refuse what is no table, names a column twice, holds numbers that pandas does not take, or an area of words."""
    if not isinstance(frame, pd.DataFrame):
        raise ContractError(table, [f"is a {type(frame).__name__}; give a GeoDataFrame"])
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ContractError(
            table, [f"columns given more than once: {first_of(twice.unique())}; drop one of each"]
        )
    turned = {
        name: kind for name, kind in frame.dtypes.items() if isinstance(kind, np.dtype) and not kind.isnative
    }
    if turned:
        raise ContractError(
            table,
            [
                f"{name}: numbers in the byte order of another machine ({kind.str}), of which pandas takes no rows; "
                f"convert with astype('{kind.newbyteorder('=')}')"
                for name, kind in turned.items()
            ],
        )
    _refuse_unsaid(frame, table)


def _refuse_unsaid(frame: pd.DataFrame, table: str) -> None:
    """Refuse words, numbers and nothing where a place is inside the study area or is not."""
    if "in_study" not in frame or frame["in_study"].dtype == np.bool_:
        return
    unsaid = frame["in_study"][~frame["in_study"].isin([True, False]).to_numpy(dtype=bool)]
    if len(unsaid):
        odd = first_of([str(item) for item in unsaid.unique()])
        raise ContractError(
            table, [f"in_study: {odd} in {len(unsaid)} rows; write True or False for every place"]
        )


def not_points(shapes: gpd.GeoSeries) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Find shapes that are no point with finite coordinates."""
    points = np.asarray(shapes.array, dtype=object)
    is_point = (shapely.get_type_id(points) == shapely.GeometryType.POINT) & ~shapely.is_empty(points)
    is_point[is_point] = np.isfinite(shapely.get_coordinates(points[is_point])).all(axis=1)
    return np.asarray(~is_point, dtype=bool)
