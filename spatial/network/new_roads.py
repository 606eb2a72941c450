"""New roads on a built graph, of one mode or of several: where they cross its edges, stop and join it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import first_of
from spatial.network.combined import (
    BETWEEN,
    GRID_M,
    TRANSFER,
    Links,
    at_one_place,
    join_legs,
    layer_of,
    leg_modes,
    on_roads,
    own_pace,
    shareable_nodes,
    take_legs,
    whole_split,
    with_links,
)
from spatial.network.graph import TravelGraph, with_nodes
from spatial.network.road_access import is_bridge, is_snappable, is_tunnel, openness_of_roads
from spatial.network.speeds import PRESETS, SpeedTable, season_factors, table_of
from spatial.network.splitting import SplitGraph, cut_edges, rewire
from spatial.network.turns import gates_of, meet_gates
from spatial.outlines import require_shapes

# Find where new roads stop: at crossings, at dead ends beside them, at their own ends.

TOUCH_M = 1e-6
"""Places along a line within a micrometre are one: they are computed."""

_MEET_M = 0.001
"""A vertex within a millimetre of a line is on it: files round coordinates."""


class Place(NamedTuple):
    """Easting and northing, metres."""

    x: float
    y: float


class Stop(NamedTuple):
    """A place at which a new road is cut, and what it joins there."""

    part: int  # position of the new line
    # metres along it; below 0 and beyond its length where an end reaches out for what it joins
    along_m: float
    xy: Place
    edge: int = -1  # edge that is cut there; -1 for none
    fraction: float = 0.0  # share of that edge before the cut
    node: int = -1  # node that is joined, where no edge is cut; -1 for a new one


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What of a network lies near new roads."""

    edges: IntArray  # edges that can be joined on the way, ascending
    lines: ObjectArray  # their lines
    nodes: IntArray  # nodes, ascending
    node_xy: FloatArray  # shape (n, 2), where they are
    is_dead_end: BoolArray  # which of them have one edge


def look_around(graph: TravelGraph, parts: ObjectArray, tolerance_m: float) -> Surroundings:
    """Find what of a network lies near new roads."""
    margin = max(tolerance_m, _MEET_M)
    box = shapely.total_bounds(parts)
    low, high = box[:2] - margin, box[2:] + margin
    heads = graph.coordinate_offsets[:-1]
    is_near = graph.is_snappable.copy()
    for axis in (0, 1):
        values = graph.coordinates[:, axis]
        is_near &= np.minimum.reduceat(values, heads) <= high[axis]
        is_near &= np.maximum.reduceat(values, heads) >= low[axis]
    edges = np.flatnonzero(is_near)
    counts = np.diff(graph.coordinate_offsets)
    vertices = graph.coordinates[np.repeat(is_near, counts)]
    lines = shapely.linestrings(vertices, indices=np.repeat(np.arange(len(edges)), counts[edges]))
    xy = np.column_stack((graph.node_x, graph.node_y))
    nodes = np.flatnonzero(((xy >= low) & (xy <= high)).all(axis=1))
    degree = np.bincount(graph.edge_from, minlength=graph.n_nodes)
    degree += np.bincount(graph.edge_to, minlength=graph.n_nodes)
    return Surroundings(edges, np.asarray(lines, dtype=object), nodes, xy[nodes], degree[nodes] == 1)


def crossings(near: Surroundings, parts: ObjectArray, through: BoolArray) -> list[Stop]:
    """Find where new roads cross or touch edges."""
    stops = []
    for i, j in _pairs(near.lines, parts, _MEET_M):
        if not through[i]:
            continue
        line = near.lines[j]
        for place in _common(parts[i], line):
            along, fraction = shapely.line_locate_point([parts[i], line], place)
            fraction = fraction / shapely.length(line) if shapely.length(line) > 0 else 0.0
            edge = int(near.edges[j])
            stops.append(Stop(i, float(along), Place(place.x, place.y), edge, min(float(fraction), 1.0)))
    return stops


def meetings(parts: ObjectArray, through: BoolArray) -> list[Stop]:
    """Find where new roads cross or touch each other."""
    stops = []
    for i, j in _pairs(parts, parts, _MEET_M):
        if i >= j:
            continue
        for place in _common(parts[i], parts[j]):
            pair = [
                Stop(line, float(shapely.line_locate_point(parts[line], place)), Place(place.x, place.y))
                for line in (i, j)
            ]
            # Bridges and tunnels meet others at their ends alone.
            to_end = [min(stop.along_m, shapely.length(parts[stop.part]) - stop.along_m) for stop in pair]
            if all(through[stop.part] or gap <= TOUCH_M for stop, gap in zip(pair, to_end, strict=True)):
                stops += pair
    return stops


def dead_ends(
    near: Surroundings, parts: ObjectArray, through: BoolArray, *, tolerance_m: float, done: set[tuple[int, int]]
) -> list[Stop]:
    """Find dead ends of the network that a new road passes within a tolerance without crossing their edge."""
    at = np.flatnonzero(near.is_dead_end)
    points = np.asarray(shapely.points(near.node_xy[at]), dtype=object)
    stops = []
    for i, j in _pairs(points, parts, tolerance_m):
        along, node = float(shapely.line_locate_point(parts[i], points[j])), int(near.nodes[at[j]])
        is_inside = tolerance_m < along < shapely.length(parts[i]) - tolerance_m
        if through[i] and is_inside and (i, node) not in done:
            stops.append(Stop(i, along, Place(points[j].x, points[j].y), node=node))
    return stops


def end_stops(
    near: Surroundings, parts: ObjectArray, tolerance_m: float, crossed: list[Stop]
) -> tuple[list[Stop], list[Stop]]:
    """
    Find what each end of each new road joins: two stops a line, and those of them that join nothing.

    An edge that the end touches comes first, then the nearest node within the tolerance, then the nearest edge, the
    road drawn out to it; ties go to the lowest position. An end within the tolerance behind a crossing reaches no
    further.
    """
    stops, loose = [], []
    for i, line in enumerate(parts):
        crossed_at = np.array([stop.along_m for stop in crossed if stop.part == i])
        for vertex, at, outwards in ((0, 0.0, -1.0), (-1, float(shapely.length(line)), 1.0)):
            end = shapely.get_point(line, vertex)
            stop = Stop(i, at, Place(end.x, end.y))
            if (np.abs(crossed_at - at) > tolerance_m).all():
                joined, gap = _joined(near, end, tolerance_m, stop)
                if joined == stop:
                    loose.append(stop)
                reach = gap if gap > _MEET_M else 0.0
                stop = joined._replace(along_m=at + outwards * reach)
            stops.append(stop)
    return stops, loose


def _joined(near: Surroundings, end: shapely.Point, tolerance_m: float, stop: Stop) -> tuple[Stop, float]:
    """Join an end to what is near, and say how far away that is."""
    gaps = shapely.distance(near.lines, end)
    node_gaps = np.hypot(*(near.node_xy - [end.x, end.y]).T)
    best = int(np.argmin(gaps)) if len(gaps) else -1
    node = int(np.argmin(node_gaps)) if len(node_gaps) else -1
    touches = best >= 0 and gaps[best] <= _MEET_M
    if node >= 0 and node_gaps[node] <= tolerance_m and not touches:
        return stop._replace(node=int(near.nodes[node])), float(node_gaps[node])
    if touches or (best >= 0 and gaps[best] <= tolerance_m):
        fraction = float(shapely.line_locate_point(near.lines[best], end, normalized=True))
        return stop._replace(edge=int(near.edges[best]), fraction=fraction), float(gaps[best])
    return stop, 0.0


def _pairs(shapes: ObjectArray, parts: ObjectArray, within_m: float) -> list[tuple[int, int]]:
    """Pairs of a new line and a shape within a distance of it, in order."""
    if len(shapes) == 0:
        return []
    part, at = shapely.STRtree(shapes).query(parts, predicate="dwithin", distance=within_m)
    return sorted(zip(part.tolist(), at.tolist(), strict=True))


def _common(line: shapely.LineString, other: shapely.LineString) -> list[shapely.Point]:
    """Where two lines cross, where they begin and cease to share their way, and vertices of each on the other."""
    shared = shapely.get_parts(shapely.get_parts(shapely.intersection(line, other)))
    kinds = shapely.get_type_id(shared)
    found = list(shared[kinds == shapely.GeometryType.POINT])
    ways = shapely.get_parts(
        shapely.line_merge(shapely.multilinestrings(shared[kinds == shapely.GeometryType.LINESTRING]))
    )
    found += [shapely.get_point(way, vertex) for way in ways for vertex in (0, -1)]
    known = shapely.union_all(shared)
    for one, vertices in ((line, other), (other, line)):
        for vertex in np.asarray(shapely.points(shapely.get_coordinates(vertices)), dtype=object):
            if shapely.distance(one, vertex) <= _MEET_M and not shapely.dwithin(known, vertex, _MEET_M):
                found.append(vertex)
                known = shapely.union(known, vertex)
    return found


# Join new roads to a built graph: where they cross its edges, and at their ends.

_ONEWAY = {"no": (True, True), "yes": (True, False), "-1": (False, True)}
"""Whether a new road is open forwards and backwards."""


def check_roads(graph: TravelGraph, roads: gpd.GeoDataFrame) -> list[str]:
    """Find every fault of new roads."""
    require_network_crs(roads.crs, graph.crs, what="new roads")
    ids = road_ids(roads)
    is_line = roads.geom_type.isin(["LineString", "MultiLineString"]).to_numpy()
    bad = ~is_line | ~(shapely.length(roads.geometry.to_numpy()) > 0)
    speed = _speeds(graph, roads)
    is_stated, has_speed = ~np.isnan(_stated(roads, "speed_km_h")), (speed > 0) & (speed < np.inf)
    oneway = _column(roads, "oneway", "no")
    told_km = _stated(roads, "length_km")
    faults = {
        "geometry: no line with a length": bad,
        "length_km: must be above 0, or left out": ~np.isnan(told_km) & ~((told_km > 0) & (told_km < np.inf)),
        "road_id: missing": pd.isna(ids),
        "road_id: repeated": pd.Series(ids).duplicated().to_numpy(),
        "road_id: the network has it already": np.isin(ids, graph.road_id[pd.Series(graph.road_id).isin(ids)]),
        "speed_km_h: must be above 0, or left out": is_stated & ~has_speed,
        f"oneway: must be one of {', '.join(_ONEWAY)}": ~np.isin(oneway, list(_ONEWAY)),
    }
    kinds = _column(roads, "road_class", "unclassified")
    for kind in pd.unique(kinds[~is_stated & ~has_speed]):
        what = f"speed_km_h: state it, since the network has no road of class {kind!r} whose speed would do"
        faults[what] = ~is_stated & (kinds == kind)
    return [f"add: {what}, in new roads {first_of(ids[wrong])}" for what, wrong in faults.items() if wrong.any()]


def add_roads(
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, snap_tolerance_m: float
) -> tuple[SplitGraph, dict[str, Any]]:
    """Add roads to a graph, behind what is there; tell where its edges come from and what was joined, fit for JSON."""
    parts, row = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    keep = shapely.length(parts) > 0
    parts, row = shapely.force_2d(parts[keep]), row[keep]
    through = is_snappable(with_class(roads))[row]
    near = look_around(graph, parts, snap_tolerance_m)
    crossed = crossings(near, parts, through)
    done = {
        (stop.part, int(node)) for stop in crossed for node in (graph.edge_from[stop.edge], graph.edge_to[stop.edge])
    }
    ends, loose = end_stops(near, parts, snap_tolerance_m, crossed)
    passed = dead_ends(near, parts, through, tolerance_m=snap_tolerance_m, done=done)
    stops = [*crossed, *meetings(parts, through), *passed, *ends]
    at = [stop for stop in stops if stop.edge >= 0]
    split = cut_edges(graph, [stop.edge for stop in at], [stop.fraction for stop in at])
    account = {
        "added_roads": len(roads),
        "added_km": float(road_km(roads).sum()),
        "cut_edges": len(np.unique(np.array([stop.edge for stop in at], dtype=np.int64))),
        "loose_ends": [
            {"road_id": str(road_ids(roads)[row[stop.part]]), "x": float(stop.xy.x), "y": float(stop.xy.y)}
            for stop in loose
        ],
    }
    return _lay_in(split, roads, parts, row, stops), account


def _lay_in(
    split: SplitGraph, roads: gpd.GeoDataFrame, parts: ObjectArray, row: IntArray, stops: list[Stop]
) -> SplitGraph:
    """Cut each new line at its stops, and lay the pieces into the graph."""
    graph = split.graph
    # Nodes of the stops: those of cut edges, those joined, and new ones, one a cell.
    cut_nodes = iter(split.node_before.tolist())
    nodes = [next(cut_nodes) if stop.edge >= 0 else stop.node for stop in stops]
    # At a junction that turns took apart a new road has a node of its own, so that it lends others no way.
    is_gate = gates_of(graph)
    apart = [n for n, node in enumerate(nodes) if node >= 0 and is_gate[node]]
    for n in apart:
        stops[n] = stops[n]._replace(xy=Place(graph.node_x[nodes[n]], graph.node_y[nodes[n]]))
        nodes[n] = -1
    fixed = {_cell(graph.node_x[node], graph.node_y[node]): node for node in nodes if node >= 0}
    fresh: list[Place] = []
    for n, stop in enumerate(stops):
        if nodes[n] < 0:
            cell = _cell(*stop.xy)
            if cell not in fixed:
                fixed[cell] = graph.n_nodes + len(fresh)
                fresh.append(stop.xy)
            nodes[n] = fixed[cell]
    fresh_xy = np.array(fresh).reshape(-1, 2)
    xy = np.vstack((np.column_stack((graph.node_x, graph.node_y)), fresh_xy))
    # Edges between stops that follow each other on a line: its vertices strictly between, and the places of the nodes.
    order = sorted(range(len(stops)), key=lambda n: (stops[n].part, stops[n].along_m, nodes[n]))
    part, start, end, lines = [], [], [], []
    for a, b in pairwise(order):
        if stops[a].part != stops[b].part:
            continue
        vertices = shapely.get_coordinates(parts[stops[a].part])
        at = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(vertices, axis=0).T))))
        inner = vertices[(at > stops[a].along_m + TOUCH_M) & (at < stops[b].along_m - TOUCH_M)]
        if nodes[a] == nodes[b] and len(inner) == 0:
            continue
        part.append(stops[a].part)
        start.append(nodes[a])
        end.append(nodes[b])
        lines.append(np.vstack((xy[[nodes[a]]], inner, xy[[nodes[b]]])))
    # What the edges have from their roads.
    road = row[np.array(part, dtype=np.int64)]
    length = np.array([float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines])
    speed = _speeds(graph, roads)[road]
    minutes = 0.06 * length / speed
    ways = [_ONEWAY[way] for way in _column(roads, "oneway", "no")[road].tolist()]
    stated = roads["speed_km_h"].notna() if "speed_km_h" in roads else pd.Series(data=False, index=roads.index)
    named, road_id = with_class(roads), road_ids(roads)[road]
    piece = pd.Series(road_id).groupby(road_id, sort=False).cumcount()
    new: dict[str, Any] = {
        "edge_id": np.array([f"{name}/{n}" for name, n in zip(road_id, piece, strict=True)], dtype=object),
        "road_id": road_id,
        "road_class": named["road_class"].to_numpy(dtype=object)[road],
        "surface": _column(roads, "surface", None)[road],
        "edge_from": np.array(start, dtype=np.int64),
        "edge_to": np.array(end, dtype=np.int64),
        "length_m": length,
        "speed_km_h": speed,
        "forward_min": np.where([forwards for forwards, _ in ways], minutes, np.inf),
        "backward_min": np.where([backwards for _, backwards in ways], minutes, np.inf),
        "speed_source": np.where(stated, "stated", "class").astype(object)[road],
        "is_bridge": is_bridge(named)[road],
        "is_tunnel": is_tunnel(named)[road],
        "is_snappable": is_snappable(named)[road],
        "all_season": _column(roads, "all_season", "unknown")[road],
        "coordinates": np.vstack(lines),
    }
    whole: dict[str, Any] = {name: np.concatenate((getattr(graph, name), values)) for name, values in new.items()}
    counts = np.cumsum([len(line) for line in lines])
    offsets = np.concatenate((graph.coordinate_offsets, graph.coordinate_offsets[-1] + counts))
    wider = with_nodes(graph, fresh_xy[:, 0], fresh_xy[:, 1], np.zeros(len(fresh), dtype=np.int64))
    laid = rewire(replace(wider, coordinate_offsets=offsets, **whole))
    own = sorted({nodes[n] for n in apart})
    return split.with_added(rewire(meet_gates(laid, own)) if own else laid)


def _cell(x: float, y: float) -> tuple[int, int]:
    return round(float(x) / GRID_M), round(float(y) / GRID_M)


def road_ids(roads: gpd.GeoDataFrame) -> ObjectArray:
    """Name new roads."""
    if "road_id" in roads:
        return roads["road_id"].astype(str).to_numpy(dtype=object)
    return np.array([f"new{n}" for n in range(1, len(roads) + 1)], dtype=object)


def _column(roads: gpd.GeoDataFrame, name: str, default: str | None) -> ObjectArray:
    values = roads.get(name, pd.Series(None, index=roads.index, dtype=object)).astype(object)
    return np.array(values.where(values.notna(), default), dtype=object)


def with_class(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give new roads a class."""
    return roads.assign(road_class=_column(roads, "road_class", "unclassified"))


def road_km(roads: gpd.GeoDataFrame) -> FloatArray:
    """Measure new roads, kilometres: as stated by `length_km`, else as drawn."""
    require_shapes("links", roads)
    told_km = _stated(roads, "length_km")
    return np.where(np.isnan(told_km), shapely.length(roads.geometry.to_numpy()) / 1000.0, told_km)


def _stated(roads: gpd.GeoDataFrame, name: str) -> FloatArray:
    """Read a column of numbers: NaN for none, 0 for a text that is no number."""
    told = roads.get(name, pd.Series(np.nan, index=roads.index))
    numbers = pd.to_numeric(told, errors="coerce")
    return numbers.mask(numbers.isna() & told.notna(), 0.0).to_numpy(dtype=np.float64)


def _speeds(graph: TravelGraph, roads: gpd.GeoDataFrame) -> FloatArray:
    """Speeds along the drawn line: as stated (0 for words), else the median of the class, NaN without any."""
    speed = _stated(roads, "speed_km_h")
    if np.isnan(speed).any():
        kinds = _column(roads, "road_class", "unclassified")
        usual = pd.Series(graph.speed_km_h).groupby(graph.road_class).median()
        speed = np.where(np.isnan(speed), pd.Series(kinds).map(usual).to_numpy(dtype=np.float64), speed)
    told_km, drawn_km = _stated(roads, "length_km"), shapely.length(roads.geometry.to_numpy()) / 1000.0
    is_told = (told_km > 0) & (told_km < np.inf) & (drawn_km > 0)
    return np.where(is_told, speed * drawn_km / np.where(is_told, told_km, 1.0), speed)


# New roads of a combined network: laid into each leg that may use them, with a change between legs where they meet.

_MARGIN_M = 1.0
"""Nodes that two legs share lie within a millimetre."""

_WORD_OF_WAYS = {ways: word for word, ways in _ONEWAY.items()}


def check_for_legs(graph: TravelGraph, roads: gpd.GeoDataFrame, *, table: str | Path | SpeedTable | None) -> list[str]:
    """Find what is wrong with new roads of a combined network: every fault once."""
    require_network_crs(roads.crs, graph.crs, what="new roads")
    legs = [leg.graph for leg in take_legs(graph)]
    taken = np.zeros(len(roads), dtype=bool)
    problems: list[str] = []
    for leg, (rows, own) in zip(legs, _by_leg(legs, roads, table, _season(graph)), strict=True):
        taken |= rows
        problems += check_roads(leg, own) if rows.any() else []
    if not taken.all():
        names = road_ids(roads)[~taken]
        kinds = sorted({str(kind) for kind in with_class(roads)["road_class"][~taken]})
        modes = " nor ".join(leg_modes(graph))
        problems.append(
            f"add: neither {modes} may use {len(names)} new roads of the class {', '.join(kinds)}, "
            f"such as {names[0]}; give another road_class"
        )
    return list(dict.fromkeys(problems))


def add_to_legs(
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, snap_tolerance_m: float, table: str | Path | SpeedTable | None
) -> tuple[SplitGraph, dict[str, Any]]:
    """Add roads to the legs of a combined network whose mode may use their class; walkers heed no oneway."""
    legs = take_legs(graph)
    changed, cut_edges = [], 0
    loose: list[dict[str, Any]] = []
    by_leg = _by_leg([leg.graph for leg in legs], roads, table, _season(graph))
    for leg, (rows, own) in zip(legs, by_leg, strict=True):
        if not rows.any():
            changed.append(whole_split(leg.graph))
            continue
        split, joined = add_roads(leg.graph, own, snap_tolerance_m=snap_tolerance_m)
        changed.append(split)
        cut_edges += joined["cut_edges"]
        loose += [{**end, "leg": leg.graph.mode} for end in joined["loose_ends"]]
    split = join_legs(graph, legs, changed)
    account = {
        "added_roads": len(roads),
        "added_km": float(road_km(roads).sum()),
        "cut_edges": cut_edges,
        "loose_ends": loose,
    }
    return _with_transfers(graph, split), account


def roads_of_modes(
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, table: str | Path | SpeedTable | None, season: str | None = None
) -> tuple[BoolArray, gpd.GeoDataFrame]:
    """Choose of new roads of vehicles those that a mode or a leg may use in a season, as `edit_network` takes them."""
    legs = [graph] if graph.edge_layer is None else [leg.graph for leg in take_legs(graph)]
    season = season or _season(graph)
    taken = np.logical_or.reduce([rows for rows, _ in _by_leg(legs, roads, table, season)])
    if graph.edge_layer is not None or not own_pace(graph.mode):
        return taken, roads.loc[taken]
    named, every = with_class(roads).assign(road_id=road_ids(roads)), np.ones(len(roads), dtype=bool)
    return taken, _at_own_pace(graph, named, table_of(graph, table), season, every).loc[taken]


def with_usual_speeds(
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, table: str | Path | SpeedTable | None
) -> gpd.GeoDataFrame:
    """Give new roads without a speed, of a class that the network lacks, what the speed table says of the class."""
    speeds = table_of(graph, table)
    if graph.edge_layer is not None or _base(graph) not in speeds.modes:
        return roads
    named = with_class(roads)
    return named.assign(speed_km_h=_usual(graph, named, speeds, _season(graph), roads.get("speed_km_h")))


def speed_of_class(graph: TravelGraph, road_class: str, *, table: str | Path | SpeedTable | None) -> float:
    """Tell at which km/h a new road of a class goes that states none: the median one there is, else by the table."""
    there = graph.speed_km_h[graph.road_class == road_class]
    bare = gpd.GeoDataFrame({"road_class": [road_class]}, geometry=[shapely.LineString()], crs=graph.crs)
    return float(np.median(there) if len(there) else with_usual_speeds(graph, bare, table=table)["speed_km_h"].iloc[0])


def _by_leg(
    legs: Sequence[TravelGraph], roads: gpd.GeoDataFrame, table: str | Path | SpeedTable | None, season: str
) -> list[tuple[BoolArray, gpd.GeoDataFrame]]:
    """Choose for each leg the roads that it takes, at its own speeds."""
    named = with_class(roads).assign(road_id=road_ids(roads))
    tables = [table_of(leg, table) for leg in legs]
    taken, motor = [], np.zeros(len(roads), dtype=bool)
    for leg, speeds in zip(legs, tables, strict=True):
        own = speeds.modes[_base(leg)]
        known = {*leg.road_class, *(name for name, speed in own.classes.items() if speed > 0)}
        is_open = openness_of_roads(named, mode=_base(leg)).reason == ""
        taken.append(named["road_class"].isin(known).to_numpy(dtype=bool) & is_open)
        motor |= taken[-1] & (not own_pace(leg.mode))
    result = []
    for leg, speeds, rows in zip(legs, tables, taken, strict=True):
        if own_pace(leg.mode):
            paced = _at_own_pace(leg, named, speeds, season, motor)
        else:
            paced = named.assign(speed_km_h=_usual(leg, named, speeds, season, roads.get("speed_km_h")))
        result.append((rows, paced.loc[rows]))
    return result


def _base(graph: TravelGraph) -> str:
    """Name the mode whose roads a leg uses; buses are laid into the walk."""
    return graph.mode.split("+", maxsplit=1)[0]


def _season(graph: TravelGraph) -> str:
    """Tell the season of a graph: of a combined one its own, else that in which its legs were built."""
    reports = [graph.report, *(leg.graph.report for leg in (() if graph.edge_layer is None else take_legs(graph)))]
    names = [report.get("season", {}).get("name", "dry") for report in reports]
    return next((str(name) for name in names if name != "dry"), "dry")


def _at_own_pace(
    graph: TravelGraph, roads: gpd.GeoDataFrame, speeds: SpeedTable, season: str, motor: BoolArray
) -> gpd.GeoDataFrame:
    """Let stated km/h hold only where no motor takes the road, and leave the oneway to the rules of the mode."""
    openness = openness_of_roads(roads, mode=_base(graph))
    ways = zip(openness.forward.tolist(), openness.backward.tolist(), strict=True)
    stated = roads["speed_km_h"].mask(motor) if "speed_km_h" in roads else None
    speed = _usual(graph, roads, speeds, season, stated)
    return roads.assign(speed_km_h=speed, oneway=[_WORD_OF_WAYS.get(way, "no") for way in ways])


def _usual(
    graph: TravelGraph, roads: gpd.GeoDataFrame, speeds: SpeedTable, season: str, stated: pd.Series[Any] | None
) -> pd.Series[Any]:
    """
    Fill stated speeds by class and season; a class that the network has goes at the median speed that it has there.

    Where the season closes a road it has no speed that would do.
    """
    mode = _base(graph)
    rules = speeds.modes[mode]
    # A table of one's own that is not at hand says nothing, and another one would say what is wrong.
    is_known = graph.report.get("speed_table", speeds.name) in {*PRESETS, speeds.name}
    by_class = {name: speed * rules.factor for name, speed in rules.classes.items() if speed > 0 and is_known}
    usual = roads["road_class"].map(by_class).mask(roads["road_class"].isin(set(graph.road_class)))
    if season != "dry":
        told = {"surface": _column(roads, "surface", None), "all_season": _column(roads, "all_season", "unknown")}
        usual *= season_factors(roads.assign(**told), season, mode=mode, table=speeds)
        usual = usual.mask(usual <= 0.0)
    return usual if stated is None else stated.where(stated.notna(), usual)


def _with_transfers(before: TravelGraph, split: SplitGraph) -> SplitGraph:
    """Let people change where new nodes, or nodes on roads for the first time, let two legs share a node."""
    graph = split.graph
    n_old, modes = before.n_nodes, leg_modes(before)
    xy = np.column_stack((graph.node_x, graph.node_y))
    is_link = (before.edge_layer == BETWEEN) & (before.road_class == TRANSFER)
    # Links between legs are named after the runs of layers on either side.
    spans = [range(start, stop) for start, stop in combinations(range(len(modes) + 1), 2)]
    pairs = [(below, above) for below in spans for above in spans if below.stop == above.start]
    named = {">".join("+".join(modes[n] for n in span) for span in pair): pair for pair in pairs}
    for name in pd.unique(before.road_id[is_link]).tolist():
        nodes, fresh = [], []
        for span in named[name]:
            now, then = (
                on_roads(each, np.flatnonzero(np.isin(layer_of(each), span))) for each in (split.graph, before)
            )
            nodes.append(now)
            fresh.append(now & ~np.concatenate((then, np.zeros(len(now) - n_old, dtype=bool))))
        chosen = fresh[0] | fresh[1]
        if not chosen.any():
            continue
        # Shared nodes lie in one place: only the box around the fresh ones is looked at.
        low, high = xy[chosen].min(axis=0) - _MARGIN_M, xy[chosen].max(axis=0) + _MARGIN_M
        near = ((xy >= low) & (xy <= high)).all(axis=1)
        start, end = at_one_place(*(shareable_nodes(split.graph, np.flatnonzero(now & near)) for now in nodes))
        new = fresh[0][start] | fresh[1][end]
        start, end = start[new], end[new]
        usual = (before.edge_layer == BETWEEN) & (before.road_id == name)
        links = Links(
            edge_id=[f"{name}/{one}-{other}" for one, other in zip(start.tolist(), end.tolist(), strict=True)],
            road_id=name,
            road_class=TRANSFER,
            start=start,
            end=end,
            forward_min=before.forward_min[usual].min(),
            backward_min=before.backward_min[usual].min(),
        )
        graph = with_links(graph, links) if len(links) else graph
    return split.with_added(graph)
