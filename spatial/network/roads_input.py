"""Bring what analysts have - a table of roads, any frame of lines, an osmnx graph - into one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import refuse_stretched, require_metres
from spatial.errors import ContractError, first_of, refuse
from spatial.inputs.road_tags import RoadLines, TagsOnDemand, coded, find_twins, join_twins, with_known_tags

if TYPE_CHECKING:
    import networkx as nx

    from spatial.arrays import BoolArray


_GRID_M = 0.001
"""Without node ids, points within the same millimetre are one: files round coordinates differently."""

STRETCH_VERTICES = 200
"""About so many vertices of a frame are looked at to see whether its metres are metres of the ground."""

UNKNOWN_CLASS = "unclassified"
"""Class of lines that come without any: a public road of the lowest class."""
_NUMBERED = r"^(.*?)(\d+)$"
_OF_A_DIRECTION = (
    "maxspeed_forward",
    "maxspeed_backward",
    *(f"oneway_{of}" for of in ("vehicle", "motor_vehicle", "motorcar", "motorcycle", "bicycle", "foot")),
)
"""Tags that speak of the direction in which a way was drawn: an arc has its own."""


class GivenRoads(NamedTuple):
    """Roads as they were given, in one form."""

    lines: RoadLines  # in metres
    # lines left out because they are the other direction of a road that is kept, open both ways
    n_joined: int
    # shape (n_roads,), arcs that say that they are not oneway and have no arc back
    lacks_return: BoolArray
    # whether they are lines as somebody drew them, whose roads may come up twice; not an extract with node
    # ids
    is_drawn: bool


def as_lines(roads: gpd.GeoDataFrame | nx.MultiDiGraph | RoadLines) -> GivenRoads:
    """
    Bring roads into the form that is cut and judged.

    Roads meet where they share one of their source's node ids, or without such ids where their vertices coincide to
    the millimetre.
    """
    if isinstance(roads, RoadLines):
        require_metres(roads.crs, what="roads")
        return GivenRoads(roads, 0, np.zeros(len(roads), dtype=np.bool_), is_drawn=False)
    table = as_roads(roads)
    frame = table.roads
    geometry = frame.geometry.to_numpy()
    xy = shapely.get_coordinates(geometry)
    counts = shapely.get_num_coordinates(geometry).astype(np.int64)
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    # Give each different vertex a number and the source's id.
    if "node_ids" in frame.columns and len(frame) and bool(frame["node_ids"].notna().all()):
        node_ids = frame["node_ids"].tolist()
        wrong = np.flatnonzero(np.array([len(item) for item in node_ids]) != counts)
        if len(wrong):
            shown = first_of(frame["road_id"].iloc[wrong])
            raise ContractError("roads", [f"node_ids: not one id a vertex in roads {shown}; leave the column out"])
        ids, vertex = np.unique(np.concatenate([np.asarray(item) for item in node_ids]), return_inverse=True)
    else:
        cells = np.round(xy / _GRID_M)
        places, vertex = np.unique(cells[:, 0] + 1j * cells[:, 1], return_inverse=True)
        ids = np.full(len(places), None, dtype=object)
    names = [str(name) for name in frame.columns if name not in {frame.geometry.name, "road_id", "node_ids"}]
    lines = RoadLines(
        road_id=frame["road_id"].to_numpy(dtype=object),
        tags=TagsOnDemand(names, lambda name: coded(frame[name])),
        offsets=offsets,
        point=np.arange(len(xy)),
        points=xy,
        points_crs=frame.crs,
        crs=frame.crs,
        vertex=vertex.astype(np.int64),
        vertex_id=ids,
    )
    return GivenRoads(lines, *table[1:])


class RoadTable(NamedTuple):
    """Single lines with road_id, road_class and known tags; the other fields as of `GivenRoads`."""

    roads: gpd.GeoDataFrame
    n_joined: int
    lacks_return: BoolArray
    is_drawn: bool


def as_roads(roads: gpd.GeoDataFrame | nx.MultiDiGraph) -> RoadTable:
    """Make a frame of single lines with road_id and road_class, in the order of their ids."""
    frame = _arcs_of_graph(roads) if _is_graph(roads) else roads
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise ContractError("roads", [f"is a {type(frame).__name__} without geometry; give a GeoDataFrame of lines"])
    require_metres(frame.crs, what="roads")
    arcs = _arcs_of_frame(frame)
    problems = []
    missing = frame["road_id"].isna().to_numpy() if "road_id" in frame else np.zeros(len(frame), dtype=bool)
    if missing.any():
        rows = first_of(np.flatnonzero(missing).tolist())
        problems.append(f"road_id: missing in rows {rows}; name every road, or drop the column")
    # Give every row a road_id and a road_class as text.
    frame = with_known_tags(frame if arcs is None else arcs)
    numbers = pd.Series(range(len(frame)), index=frame.index)
    ids = next((frame[name] for name in ("road_id", "id", "osm_id") if name in frame.columns), numbers)
    kinds = frame.get("road_class", pd.Series(None, index=frame.index, dtype=object)).astype(object)
    is_blank = kinds.isna() | (kinds.astype(str).str.strip() == "")
    frame = frame.assign(
        road_id=ids.astype(str).astype(object), road_class=kinds.mask(is_blank, UNKNOWN_CLASS).astype(str)
    ).reset_index(drop=True)
    bad = frame.geometry.isna() | frame.geometry.is_empty
    bad |= ~frame.geom_type.isin(["LineString", "MultiLineString", "LinearRing"])
    xy, row = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    bad |= np.isin(np.arange(len(frame)), row[~np.isfinite(xy).all(axis=1)])
    if bad.any():
        problems.append(f"geometry: no line in roads {first_of(frame.loc[bad, 'road_id'])}; drop those rows")
    repeated = frame["road_id"].duplicated()
    if repeated.any():
        problems.append(f"road_id: repeated {first_of(frame.loc[repeated, 'road_id'])}; give each road its own id")
    refuse("roads", problems)
    some = gpd.GeoSeries(shapely.points(xy[:: 1 + len(xy) // STRETCH_VERTICES]), crs=frame.crs)
    refuse_stretched(some, what="roads")
    flat = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()))
    if (flat.geom_type == "MultiLineString").any():
        flat = flat.explode(ignore_index=True)
        if "node_ids" in flat.columns:
            # The ids of a road in several parts cannot be told apart.
            flat = flat.drop(columns="node_ids")
    frame = _sorted(flat)
    if arcs is not None:
        return _roads_of_arcs(frame, may_be_undirected=not (_is_graph(roads) and roads.is_directed()))
    if "node_ids" in frame.columns:
        return RoadTable(frame, 0, np.zeros(len(frame), dtype=np.bool_), is_drawn=False)
    joined, is_kept = join_twins(frame, find_twins(frame))
    return RoadTable(joined, int((~is_kept).sum()), np.zeros(len(joined), dtype=np.bool_), is_drawn=True)


def _is_graph(roads: object) -> TypeGuard[nx.MultiDiGraph]:
    return hasattr(roads, "edges") and hasattr(roads, "is_directed")


def _sorted(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    parts = frame["road_id"].astype(str).str.extract(_NUMBERED)
    prefix = parts[0].where(parts[0].notna(), frame["road_id"]).astype(object)
    number = parts[1].where(parts[1].notna(), "").str.zfill(24).astype(object)
    order = pd.DataFrame({"prefix": prefix, "number": number, "id": frame["road_id"]})
    rows = order.sort_values(["prefix", "number", "id"], kind="stable").index
    return frame.loc[rows].reset_index(drop=True)


def _arcs_of_graph(graph: nx.MultiDiGraph) -> gpd.GeoDataFrame:
    """Write the arcs of a graph as lines from u to v."""
    nodes = graph.nodes
    rows: list[dict[str, Any]] = []
    lines: list[shapely.LineString] = []
    keyed = graph.edges(keys=True, data=True) if graph.is_multigraph() else graph.edges(data=True)
    for u, v, *key, data in keyed:
        # Without direction, osmnx keeps in `from` and `to` how the line leads.
        start, end = (u, v) if graph.is_directed() else (data.get("from", u), data.get("to", v))
        tags = {str(name): value for name, value in data.items() if name not in {"geometry", "from", "to"}}
        rows.append({**tags, "u": start, "v": end, "key": key[0] if key else 0})
        lines.append(
            data.get("geometry") or shapely.LineString([(nodes[node]["x"], nodes[node]["y"]) for node in (start, end)])
        )
    table = pd.DataFrame(rows, columns=None if rows else ["u", "v", "key"])
    return gpd.GeoDataFrame(table, geometry=lines, crs=graph.graph.get("crs"))


def _arcs_of_frame(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Name the arcs of a frame of osmnx' edges, by index or by columns; None for any other frame of lines."""
    names = [name for name in frame.index.names if name in {"u", "v", "key"} and name not in frame.columns]
    arcs = frame.reset_index(level=names) if "u" in names else frame
    is_osmnx = {"u", "v"} <= {*arcs.columns} and bool({"key", "osmid"} & {*arcs.columns})
    if not is_osmnx or "node_ids" in arcs.columns or not (arcs.geom_type == "LineString").all():
        return None
    if arcs[["u", "v"]].isna().any(axis=None):
        return None
    if {"from", "to"} <= {*arcs.columns}:
        arcs = arcs.assign(u=arcs["from"], v=arcs["to"])
    if "road_id" in arcs.columns:
        return arcs
    key = arcs["key"] if "key" in arcs.columns else arcs.groupby(["u", "v"]).cumcount()
    return arcs.assign(road_id=arcs["u"].astype(str) + "-" + arcs["v"].astype(str) + "-" + key.astype(str))


def _roads_of_arcs(arcs: gpd.GeoDataFrame, *, may_be_undirected: bool) -> RoadTable:
    """
    Turn arcs into roads that meet at their nodes: an arc and its twin make one road that is open both ways.

    An arc alone is open in its direction; where no arc has a twin and direction is not certain, its tag decides.
    """
    said = arcs["oneway"] if "oneway" in arcs.columns else pd.Series(None, index=arcs.index, dtype=object)
    frame = arcs.drop(columns=[name for name in _OF_A_DIRECTION if name in arcs.columns]).assign(oneway="yes")
    if "reversed" in arcs.columns:
        # The line of the two that leads as its way is drawn stands for both.
        order = np.argsort(arcs["reversed"].astype(str).eq("True").to_numpy(), kind="stable")
        frame, said = frame.iloc[order].reset_index(drop=True), said.iloc[order].reset_index(drop=True)
    twins = find_twins(frame, ends=frame[["u", "v"]])
    if may_be_undirected and (twins < 0).all():
        frame = frame.assign(oneway=said)
    joined, is_kept = join_twins(frame, twins)
    lacks_return = (joined["oneway"].eq("yes") & said[is_kept].reset_index(drop=True).eq("no")).to_numpy(dtype=bool)
    # Points between two nodes of the graph meet nothing: they get ids of their own.
    inner = np.concatenate(
        (np.zeros(1, np.int64), np.cumsum(shapely.get_num_coordinates(joined.geometry.to_numpy()) - 2))
    )
    joined["node_ids"] = [
        [u, *range(-first - 1, -last - 1, -1), v]
        for u, v, first, last in zip(joined["u"], joined["v"], inner[:-1], inner[1:], strict=True)
    ]
    roads = _sorted(joined.assign(lacks_return=lacks_return))
    lacks = roads["lacks_return"].to_numpy(dtype=np.bool_)
    return RoadTable(roads.drop(columns=["lacks_return", "u", "v"]), int((~is_kept).sum()), lacks, is_drawn=True)
