"""Bring what analysts have - a table of roads, any frame of lines, an osmnx graph - into one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.errors import ContractError, first_of
from spatial.sources.road_lines import RoadLines, TagsOnDemand, coded

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

__all__ = ["as_lines", "as_roads"]

_GRID_M = 0.001
"""Without node ids, points within the same millimetre are one: files round coordinates differently."""

UNKNOWN_CLASS = "unclassified"
"""Class of lines that come without any: a public road of the lowest class."""
_TAGS = (
    "name",
    "ref",
    "maxspeed",
    "access",
    "junction",
    "bridge",
    "tunnel",
    "surface",
    "tracktype",
    "smoothness",
)
_NUMBERED = r"^(.*?)(\d+)$"


def as_lines(roads: gpd.GeoDataFrame | nx.MultiDiGraph | RoadLines) -> RoadLines:
    """
    Bring roads into the form that is cut and judged.

    Roads meet where they share one of their source's node ids, or without such ids where their vertices coincide to
    the millimetre.

    Parameters
    ----------
    roads : GeoDataFrame, networkx.MultiDiGraph or RoadLines
        As `as_roads`; or `RoadLines`, which are taken as they are. Left unchanged.

    Returns
    -------
    RoadLines
        In metres.

    Raises
    ------
    ContractError
        As `as_roads`, and where a road has not one node id a vertex.
    CrsError
        Without a CRS in metres.
    """
    if isinstance(roads, RoadLines):
        require_metres(roads.crs, what="roads")
        return roads
    frame = as_roads(roads)
    geometry = frame.geometry.to_numpy()
    xy = shapely.get_coordinates(geometry)
    counts = shapely.get_num_coordinates(geometry).astype(np.int64)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    vertex, ids = _vertices(frame, xy, counts)
    names = [str(name) for name in frame.columns if name not in {frame.geometry.name, "road_id", "node_ids"}]
    return RoadLines(
        road_id=frame["road_id"].to_numpy(dtype=object),
        tags=TagsOnDemand(names, lambda name: coded(frame[name])),
        offsets=offsets,
        point=np.arange(len(xy)),
        points=xy,
        points_crs=frame.crs,
        crs=frame.crs,
        vertex=vertex,
        vertex_id=ids,
    )


def _vertices(
    roads: gpd.GeoDataFrame, xy: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give each different vertex a number and the source's id."""
    if "node_ids" in roads.columns and bool(roads["node_ids"].notna().all()) and len(roads):
        ids = roads["node_ids"].tolist()
        wrong = np.flatnonzero(np.array([len(item) for item in ids]) != counts)
        if len(wrong):
            shown = first_of(roads["road_id"].iloc[wrong])
            raise ContractError(
                "roads", [f"node_ids: not one id a vertex in roads {shown}; leave the column out"]
            )
        unique, vertex = np.unique(np.concatenate([np.asarray(item) for item in ids]), return_inverse=True)
        return vertex.astype(np.int64), unique
    cells = np.round(xy / _GRID_M)
    unique, vertex = np.unique(cells[:, 0] + 1j * cells[:, 1], return_inverse=True)
    return vertex.astype(np.int64), np.full(len(unique), None, dtype=object)


def as_roads(roads: gpd.GeoDataFrame | nx.MultiDiGraph) -> gpd.GeoDataFrame:
    """
    Make a frame of single lines with road_id and road_class, in the order of their ids.

    Parameters
    ----------
    roads : GeoDataFrame or networkx.MultiDiGraph
        The table ``roads``; a frame of lines in metres with or without ``road_class`` (or ``highway``) and
        ``road_id``; or an osmnx graph, projected. Left unchanged.

    Returns
    -------
    GeoDataFrame
        Sorted by the number in the id, so that the order of rows never matters.

    Raises
    ------
    ContractError
        Where geometries are no lines, or ids repeat.
    CrsError
        Without a CRS in metres.
    """
    frame = _from_osmnx(roads) if _is_graph(roads) else roads
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise ContractError(
            "roads", [f"is a {type(frame).__name__} without geometry; give a GeoDataFrame of lines"]
        )
    require_metres(frame.crs, what="roads")
    problems = _missing_ids(frame)
    frame = _named(frame)
    bad = frame.geometry.isna() | frame.geometry.is_empty
    bad |= ~frame.geom_type.isin(["LineString", "MultiLineString", "LinearRing"])
    xy, row = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    bad |= np.isin(np.arange(len(frame)), row[~np.isfinite(xy).all(axis=1)])
    if bad.any():
        problems.append(f"geometry: no line in roads {first_of(frame.loc[bad, 'road_id'])}; drop those rows")
    repeated = frame["road_id"].duplicated()
    if repeated.any():
        problems.append(
            f"road_id: repeated {first_of(frame.loc[repeated, 'road_id'])}; give each road its own id"
        )
    if problems:
        raise ContractError("roads", problems)
    return _sorted(_single_lines(frame))


def _is_graph(roads: object) -> TypeGuard[nx.MultiDiGraph]:
    return hasattr(roads, "edges") and hasattr(roads, "is_directed")


def _missing_ids(frame: gpd.GeoDataFrame) -> list[str]:
    missing = frame["road_id"].isna().to_numpy() if "road_id" in frame else np.zeros(len(frame), dtype=bool)
    rows = np.flatnonzero(missing)
    return (
        [f"road_id: missing in rows {first_of(rows.tolist())}; name every road, or drop the column"]
        if len(rows)
        else []
    )


def _named(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give every row a road_id and a road_class as text."""
    ids = next((frame[name] for name in ("road_id", "id", "osm_id") if name in frame.columns), None)
    values = pd.Series(range(len(frame)), index=frame.index) if ids is None else ids
    classes = next((frame[name] for name in ("road_class", "highway") if name in frame.columns), None)
    kinds = pd.Series(None, index=frame.index, dtype=object) if classes is None else classes.map(_first)
    kinds = kinds.astype(object).where(kinds.notna(), UNKNOWN_CLASS).astype(str)
    return frame.assign(
        road_id=values.astype(str).astype(object), road_class=kinds.astype(object)
    ).reset_index(drop=True)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) and value else value


def _single_lines(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    flat = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()))
    if (flat.geom_type == "MultiLineString").any():
        flat = flat.explode(ignore_index=True)
        if "node_ids" in flat.columns:
            # The ids of a road in several parts cannot be told apart.
            flat = flat.drop(columns="node_ids")
    return flat


def _sorted(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    parts = frame["road_id"].astype(str).str.extract(_NUMBERED)
    prefix = parts[0].where(parts[0].notna(), frame["road_id"]).astype(object)
    number = parts[1].where(parts[1].notna(), "").str.zfill(24).astype(object)
    order = pd.DataFrame({"prefix": prefix, "number": number, "id": frame["road_id"]})
    rows = order.sort_values(["prefix", "number", "id"], kind="stable").index
    return frame.loc[rows].reset_index(drop=True)


def _from_osmnx(graph: nx.MultiDiGraph) -> gpd.GeoDataFrame:
    """Turn arcs into roads: an arc and its twin make one road that is open both ways."""
    nodes = graph.nodes
    rows: list[dict[str, Any]] = []
    lines: list[shapely.LineString] = []
    twins: dict[tuple[Any, ...], int] = {}
    hidden = 0
    for u, v, key, data in graph.edges(keys=True, data=True):
        line = data.get("geometry") or shapely.LineString([(nodes[w]["x"], nodes[w]["y"]) for w in (u, v)])
        osmid, length = str(data.get("osmid")), round(float(data.get("length", line.length)), 3)
        twin = twins.pop((v, u, osmid, length, not data.get("reversed", False)), None)
        if twin is not None:
            rows[twin]["oneway"] = "no"
            continue
        twins[u, v, osmid, length, bool(data.get("reversed", False))] = len(rows)
        # Points between two nodes of the graph meet nothing: they get ids of their own.
        between = range(-hidden - 1, -hidden - len(line.coords) + 1, -1)
        hidden += len(between)
        tags = {
            tag: ";".join(map(str, value)) if isinstance(value := data.get(tag), list) else value
            for tag in _TAGS
        }
        row = {
            "road_id": f"{u}-{v}-{key}",
            "road_class": _first(data.get("highway")),
            "oneway": "yes",
            **tags,
        }
        rows.append({**row, "node_ids": [u, *between, v]})
        lines.append(line)
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=lines, crs=graph.graph.get("crs"))
