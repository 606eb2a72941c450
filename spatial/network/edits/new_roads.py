"""Join new roads to a built graph: where they cross its edges, and at their ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError, first_of
from spatial.network.edits.road_stops import (
    TOUCH_M,
    Stop,
    crossings,
    dead_ends,
    end_stops,
    look_around,
    meetings,
)
from spatial.network.edits.splitting import Split, cut_edges, rewire
from spatial.network.rules.access_rules import is_bridge, is_snappable, is_tunnel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = ["add_roads", "check_frame", "check_roads", "road_ids", "with_class"]

_ONEWAY = {"no": (True, True), "yes": (True, False), "-1": (False, True)}
"""Whether a new road is open forwards and backwards."""

_CELL_M = 0.001
"""Points of new roads within the same millimetre are one, as where roads are read."""


@dataclass(frozen=True, eq=False)
class _Edges:
    """New edges: the row of their road, stops at their ends, and their lines."""

    road: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    lines: list[NDArray[np.float64]]
    node_xy: NDArray[np.float64]


def check_roads(graph: TravelGraph, roads: gpd.GeoDataFrame) -> list[str]:
    """
    Find what is wrong with new roads.

    Returns every fault; empty where there is none.
    """
    check_frame(graph, roads)
    ids = road_ids(roads)
    is_line = roads.geom_type.isin(["LineString", "MultiLineString"]).to_numpy()
    bad = ~is_line | ~(shapely.length(roads.geometry.to_numpy()) > 0)
    speed = _speeds(graph, roads)
    oneway = _column(roads, "oneway", "no")
    faults = {
        "geometry: no line with a length": bad,
        "road_id: repeated": pd.Series(ids).duplicated().to_numpy(),
        "road_id: the network has it already": np.isin(
            ids, graph.road_id[pd.Series(graph.road_id).isin(ids)]
        ),
        "speed_km_h: must be above 0, or left out where the network has roads of that class": ~(
            (speed > 0) & (speed < np.inf)
        ),
        f"oneway: must be one of {', '.join(_ONEWAY)}": ~np.isin(oneway, list(_ONEWAY)),
    }
    return [
        f"add: {what}, in new roads {first_of(ids[wrong])}" for what, wrong in faults.items() if wrong.any()
    ]


def check_frame(graph: TravelGraph, roads: object) -> None:
    """Refuse what are no roads, or roads elsewhere."""
    if not isinstance(roads, gpd.GeoDataFrame) or roads.active_geometry_name is None:
        raise ContractError(
            "scenario", [f"add: is a {type(roads).__name__} without geometry; give a GeoDataFrame"]
        )
    crs = require_metres(roads.crs, what="new roads")
    if crs != graph.crs:
        raise CrsError(
            f"new roads: CRS {crs.to_string()}, but the network has {graph.crs.to_string()}; "
            "reproject with to_crs(graph.crs)"
        )


def add_roads(
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, snap_tolerance_m: float
) -> tuple[Split, dict[str, Any]]:
    """
    Add roads to a graph.

    Returns the graph, with the new nodes and edges behind those that there are, and where its edges come
    from; and what was joined, fit for JSON.
    """
    parts, row = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    keep = shapely.length(parts) > 0
    parts, row = shapely.force_2d(parts[keep]), row[keep]
    through = is_snappable(with_class(roads))[row]
    near = look_around(graph, parts, snap_tolerance_m)
    crossed = crossings(near, parts, through)
    done = {
        (stop.part, int(node))
        for stop in crossed
        for node in (graph.edge_from[stop.edge], graph.edge_to[stop.edge])
    }
    ends, loose = end_stops(near, parts, snap_tolerance_m, crossed)
    passed = dead_ends(near, parts, through, tolerance_m=snap_tolerance_m, done=done)
    stops = [*crossed, *meetings(parts, through), *passed, *ends]
    at = [stop for stop in stops if stop.edge >= 0]
    split = cut_edges(graph, [stop.edge for stop in at], [stop.fraction for stop in at])
    edges = _edges(split, parts, stops)
    edges = replace(edges, road=row[edges.road])
    account = {
        "added_roads": len(roads),
        "added_km": float(shapely.length(parts).sum()) / 1000.0,
        "cut_edges": len(np.unique(np.array([stop.edge for stop in at], dtype=np.int64))),
        "loose_ends": [
            {"road_id": str(road_ids(roads)[row[stop.part]]), "x": float(stop.xy[0]), "y": float(stop.xy[1])}
            for stop in loose
        ],
    }
    return _append(split, roads, edges), account


def _edges(split: Split, parts: NDArray[np.object_], stops: list[Stop]) -> _Edges:
    """Cut each new line at its stops."""
    graph = split.graph
    cut_nodes = iter(split.node_before.tolist())
    nodes = [next(cut_nodes) if stop.edge >= 0 else stop.node for stop in stops]
    fixed = {_cell(graph.node_x[node], graph.node_y[node]): node for node in nodes if node >= 0}
    fresh: list[tuple[float, float]] = []
    for n, stop in enumerate(stops):
        if nodes[n] < 0:
            cell = _cell(*stop.xy)
            if cell not in fixed:
                fixed[cell] = graph.n_nodes + len(fresh)
                fresh.append(stop.xy)
            nodes[n] = fixed[cell]
    xy = np.vstack((np.column_stack((graph.node_x, graph.node_y)), np.array(fresh).reshape(-1, 2)))
    order = sorted(range(len(stops)), key=lambda n: (stops[n].part, stops[n].along_m, nodes[n]))
    road, start, end, lines = [], [], [], []
    for a, b in pairwise(order):
        part = stops[a].part
        if part != stops[b].part:
            continue
        line = _between(parts[part], (stops[a].along_m, stops[b].along_m), xy[[nodes[a], nodes[b]]])
        if nodes[a] == nodes[b] and len(line) == 2:
            continue
        road.append(part)
        start.append(nodes[a])
        end.append(nodes[b])
        lines.append(line)
    return _Edges(
        road=np.array(road, dtype=np.int64),
        start=np.array(start, dtype=np.int64),
        end=np.array(end, dtype=np.int64),
        lines=lines,
        node_xy=np.array(fresh).reshape(-1, 2),
    )


def _cell(x: float, y: float) -> tuple[int, int]:
    return round(float(x) / _CELL_M), round(float(y) / _CELL_M)


def _between(
    line: shapely.LineString, along: tuple[float, float], ends: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Vertices of a line strictly between two places along it, with these places at the ends."""
    xy = shapely.get_coordinates(line)
    at = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    inner = (at > along[0] + TOUCH_M) & (at < along[1] - TOUCH_M)
    return np.vstack((ends[:1], xy[inner], ends[1:]))


def _append(split: Split, roads: gpd.GeoDataFrame, edges: _Edges) -> Split:
    graph, row = split.graph, edges.road
    length = np.array([float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in edges.lines])
    speed = _speeds(graph, roads)[row]
    minutes = 0.06 * length / speed
    ways = np.array([_ONEWAY[way] for way in _column(roads, "oneway", "no").tolist()], dtype=bool).reshape(
        -1, 2
    )[row]
    named = with_class(roads)
    surface = _column(roads, "surface", None)
    new: dict[str, NDArray[Any]] = {
        "edge_id": _edge_ids(road_ids(roads)[row]),
        "road_id": road_ids(roads)[row],
        "road_class": named["road_class"].to_numpy(dtype=object)[row],
        "surface": surface[row],
        "edge_from": edges.start,
        "edge_to": edges.end,
        "length_m": length,
        "speed_km_h": speed,
        "forward_min": np.where(ways[:, 0], minutes, np.inf),
        "backward_min": np.where(ways[:, 1], minutes, np.inf),
        "speed_source": np.where(_is_stated(roads), "stated", "class").astype(object)[row],
        "is_bridge": is_bridge(named)[row],
        "is_tunnel": is_tunnel(named)[row],
        "is_snappable": is_snappable(named)[row],
        "all_season": _column(roads, "all_season", "unknown")[row],
        "coordinates": np.vstack(edges.lines),
        "node_x": edges.node_xy[:, 0],
        "node_y": edges.node_xy[:, 1],
        "node_source_id": np.full(len(edges.node_xy), None, dtype=object),
    }
    whole = {name: np.concatenate((getattr(graph, name), values)) for name, values in new.items()}
    counts = np.array([len(line) for line in edges.lines], dtype=np.int64)
    whole["coordinate_offsets"] = np.concatenate(
        (graph.coordinate_offsets, graph.coordinate_offsets[-1] + np.cumsum(counts))
    )
    n = len(row)
    return replace(
        split,
        graph=rewire(graph, **whole),
        parent=np.concatenate((split.parent, np.full(n, -1, dtype=np.int64))),
        first=np.concatenate((split.first, np.zeros(n))),
        last=np.concatenate((split.last, np.ones(n))),
    )


def _edge_ids(road_id: NDArray[np.object_]) -> NDArray[np.object_]:
    piece = pd.Series(road_id).groupby(road_id, sort=False).cumcount()
    return np.array([f"{road}/{n}" for road, n in zip(road_id, piece, strict=True)], dtype=object)


def road_ids(roads: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Name new roads."""
    if "road_id" in roads:
        return roads["road_id"].astype(str).to_numpy(dtype=object)
    return np.array([f"new{n}" for n in range(1, len(roads) + 1)], dtype=object)


def _column(roads: gpd.GeoDataFrame, name: str, default: str | None) -> NDArray[np.object_]:
    values = roads.get(name, pd.Series(None, index=roads.index, dtype=object)).astype(object)
    filled = values.where(values.notna(), default)
    return np.array(filled, dtype=object)


def with_class(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give new roads a class."""
    return roads.assign(road_class=_column(roads, "road_class", "unclassified"))


def _is_stated(roads: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    if "speed_km_h" not in roads:
        return np.zeros(len(roads), dtype=bool)
    return roads["speed_km_h"].notna().to_numpy()


def _numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Numbers of a column: NaN where nothing is stated, 0 where a text is no number."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers.mask(numbers.isna() & column.notna(), 0.0).to_numpy(dtype=np.float64)


def _speeds(graph: TravelGraph, roads: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Speeds as stated, or the median speed of the class in the network; NaN where it has none."""
    kinds = _column(roads, "road_class", "unclassified")
    stated = _numbers(roads["speed_km_h"]) if "speed_km_h" in roads else np.full(len(roads), np.nan)
    if not np.isnan(stated).any():
        return stated
    usual = pd.Series(graph.speed_km_h).groupby(graph.road_class).median()
    return np.where(np.isnan(stated), pd.Series(kinds).map(usual).to_numpy(dtype=np.float64), stated)
