"""Travel graphs as tables and back, and as networkx graphs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.errors import NetworkError
from spatial.network.graph import Before, TravelGraph
from spatial.tables import TABLES

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

__all__ = ["graph_from_frames", "graph_to_frames", "graph_to_networkx", "no_findings"]

_TEXTS = ("edge_id", "road_id", "road_class", "surface", "speed_source", "all_season")
_FLAGS = ("is_bridge", "is_tunnel", "is_snappable")


def graph_to_frames(graph: TravelGraph) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Write a graph as two tables."""
    nodes = gpd.GeoDataFrame(
        {
            "mode": pd.Series([graph.mode] * graph.n_nodes, dtype="str"),
            "node_id": np.arange(graph.n_nodes, dtype=np.int64),
            "source_id": pd.Series(graph.node_source_id, dtype="str"),
            "component": graph.node_component,
        },
        geometry=gpd.points_from_xy(graph.node_x, graph.node_y),
        crs=graph.crs,
    )
    edges = gpd.GeoDataFrame(
        {
            "mode": pd.Series([graph.mode] * graph.n_edges, dtype="str"),
            **{
                name: pd.Series(getattr(graph, name), dtype="str")
                for name in ("edge_id", "road_id", "road_class")
            },
            "surface": pd.Series(graph.surface, dtype="str"),
            "from_node": graph.edge_from,
            "to_node": graph.edge_to,
            "length_m": graph.length_m,
            "speed_km_h": graph.speed_km_h,
            "time_forward_min": _nan_for_inf(graph.forward_min),
            "time_backward_min": _nan_for_inf(graph.backward_min),
            "speed_source": pd.Series(graph.speed_source, dtype="str"),
            "is_bridge": graph.is_bridge,
            "is_tunnel": graph.is_tunnel,
            "all_season": pd.Series(graph.all_season, dtype="str"),
            "is_snappable": graph.is_snappable,
            "component": graph.component,
            "component_km": graph.component_km,
        },
        geometry=graph.edge_lines(),
        crs=graph.crs,
    )
    if graph.edge_layer is not None:
        edges["layer"] = graph.edge_layer.astype(np.float64)
    if graph.before is not None:
        edges["before_edge"] = np.where(graph.before.edge < 0, np.nan, graph.before.edge)
        edges["before_component_km"] = graph.before.component_km
    return nodes, edges


def graph_from_frames(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, mode: str) -> TravelGraph:
    """Read the graph of one mode from its tables."""
    TABLES["nodes"].check(nodes)
    TABLES["edges"].check(edges)
    ours = edges.loc[edges["mode"] == mode]
    points = nodes.loc[nodes["mode"] == mode].sort_values("node_id")
    if ours.empty:
        modes = ", ".join(sorted(edges["mode"].unique())) or "none"
        raise NetworkError(f"the table edges has no edge of mode {mode!r}; it has the modes: {modes}")
    ids = points["node_id"].to_numpy(dtype=np.int64)
    ends = tuple(ours[name].to_numpy(dtype=np.int64, copy=True) for name in ("from_node", "to_node"))
    if not np.array_equal(ids, np.arange(len(ids))) or max(int(end.max()) for end in ends) >= len(ids):
        raise NetworkError(
            f"mode {mode}: the edges name nodes that the table nodes lacks; keep both tables whole"
        )
    xy, row = shapely.get_coordinates(ours.geometry.to_numpy(), return_index=True)
    offsets = np.zeros(len(ours) + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=len(ours)), out=offsets[1:])
    length = _numbers(ours, "length_m")
    minutes = (_inf_for_nan(ours, "time_forward_min"), _inf_for_nan(ours, "time_backward_min"))
    crs = pyproj.CRS.from_user_input(edges.crs)
    texts: dict[str, Any] = {name: _objects(ours[name]) for name in _TEXTS}
    flags: dict[str, Any] = {name: ours[name].to_numpy(dtype=bool, copy=True) for name in _FLAGS}
    return TravelGraph(
        mode=mode,
        crs=crs,
        node_x=np.array(points.geometry.x, dtype=np.float64),
        node_y=np.array(points.geometry.y, dtype=np.float64),
        node_source_id=_objects(points["source_id"]),
        node_component=points["component"].to_numpy(dtype=np.int64, copy=True),
        edge_from=ends[0],
        edge_to=ends[1],
        length_m=length,
        speed_km_h=_numbers(ours, "speed_km_h"),
        forward_min=minutes[0],
        backward_min=minutes[1],
        component=ours["component"].to_numpy(dtype=np.int64, copy=True),
        component_km=_numbers(ours, "component_km"),
        coordinates=np.ascontiguousarray(xy),
        coordinate_offsets=offsets,
        findings=no_findings(crs),
        report={},
        edge_layer=_layers(ours),
        before=_before(ours),
        **texts,
        **flags,
    )


def _layers(edges: gpd.GeoDataFrame) -> NDArray[np.int64] | None:
    """Layer of each edge of a combined network; None where the mode has one layer."""
    if "layer" not in edges or edges["layer"].isna().all():
        return None
    return edges["layer"].to_numpy(dtype=np.int64)


def _before(edges: gpd.GeoDataFrame) -> Before | None:
    """Where edges come from; None where no road was added to the mode."""
    if "before_edge" not in edges or edges["before_edge"].isna().all():
        return None
    origin = edges["before_edge"].fillna(-1.0).to_numpy(dtype=np.int64)
    return Before(origin, _numbers(edges, "before_component_km"))


def graph_to_networkx(graph: TravelGraph) -> nx.MultiDiGraph:
    """Write a graph for networkx."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and needed here alone

    result = nx.MultiDiGraph(crs=graph.crs.to_wkt(), mode=graph.mode)
    result.add_nodes_from(
        (node, {"x": x, "y": y})
        for node, (x, y) in enumerate(zip(graph.node_x.tolist(), graph.node_y.tolist(), strict=True))
    )
    rows = zip(
        graph.edge_from.tolist(),
        graph.edge_to.tolist(),
        graph.edge_id.tolist(),
        graph.road_class.tolist(),
        graph.length_m.tolist(),
        graph.forward_min.tolist(),
        graph.backward_min.tolist(),
        strict=True,
    )
    for start, end, edge, kind, length, forward, backward in rows:
        shared = {"edge_id": edge, "road_class": kind, "length_m": length}
        if np.isfinite(forward):
            result.add_edge(start, end, key=f"{edge}+", time_min=forward, **shared)
        if np.isfinite(backward):
            result.add_edge(end, start, key=f"{edge}-", time_min=backward, **shared)
    return result


def _nan_for_inf(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].to_numpy(dtype=np.float64, copy=True)


def _inf_for_nan(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    values = _numbers(frame, name)
    return np.where(np.isnan(values), np.inf, values)


def _objects(series: pd.Series) -> NDArray[np.object_]:
    values = series.astype(object)
    return values.where(values.notna(), None).to_numpy(dtype=object)


def no_findings(crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Make an empty table of findings."""
    return _empty(crs).copy()


@lru_cache(maxsize=8)
def _empty(crs: pyproj.CRS) -> gpd.GeoDataFrame:
    # Every graph of a search carries one: made anew it would cost more than small searches.
    texts = ("finding_id", "kind", "subject_id", "other_id", "detail")
    columns = {name: pd.Series([], dtype="str") for name in texts} | {"distance_m": pd.Series([], dtype="float64")}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=crs), crs=crs)
