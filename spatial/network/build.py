"""Build the travel graph of one mode from roads and ferries, whatever form they come in."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeGuard, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.arrays import BoolArray, ObjectArray
from spatial.crs import refuse_stretched_lines, require_metres
from spatial.errors import ContractError, NetworkError, faults_at, first_of, of_kind, refuse
from spatial.formats.notes import no_findings, row_numbers
from spatial.inputs.road_tags import (
    RoadLines,
    TagsOnDemand,
    coded,
    find_twins,
    is_drawn_twice,
    join_twins,
    with_known_tags,
)
from spatial.network.combined import GRID_M, Links, with_links
from spatial.network.graph import TravelGraph, length_share, with_nodes
from spatial.network.noding import Pieces, components_of, cut_roads
from spatial.network.report import (
    findings_table,
    graph_report,
    imputed_widths,
    marked_roads,
    missing_junctions,
    roads_in_common,
    roads_report,
    small_components,
    speeds_report,
)
from spatial.network.road_access import (
    FERRY,
    class_values,
    classes_of,
    is_bridge,
    is_snappable,
    is_tunnel,
    is_unknown_oneway,
    members,
    openness_of_roads,
    road_ids,
    tag_values,
)
from spatial.network.slope import with_slope
from spatial.network.speeds import (
    MODES,
    SpeedTable,
    all_season_of_roads,
    load_speeds,
    season_rules,
    slowed_by_season,
    speeds_of_roads,
    unknown_classes,
)
from spatial.network.splitting import AS_THEY_ARE
from spatial.network.turns import with_turns
from spatial.outlines import require_shapes
from spatial.rasters import Raster

if TYPE_CHECKING:
    import networkx as nx


UNKNOWN_CLASS = "unclassified"
"""Class of lines that come without any: a public road of the lowest class."""
_NUMBERED = r"^(.*?)(\d+)$"
_OF_A_DIRECTION = (
    "maxspeed_forward",
    "maxspeed_backward",
    *(f"oneway_{of}" for of in ("vehicle", "motor_vehicle", "motorcar", "motorcycle", "bicycle", "foot")),
)
"""Tags that speak of the direction in which a way was drawn: an arc has its own."""


Form = TypeVar("Form")


class GivenRoads(NamedTuple, Generic[Form]):
    """Roads as they were given: single lines with road_id, road_class and known tags, or ready to be cut; in metres."""

    roads: Form
    # lines left out because they are the other direction of a road that is kept, open both ways
    n_joined: int
    # shape (n_roads,), arcs that say that they are not oneway and have no arc back
    lacks_return: BoolArray
    # lines as somebody drew them, whose roads may come up twice; not an extract with node ids
    is_drawn: bool


def as_lines(roads: gpd.GeoDataFrame | nx.MultiDiGraph | RoadLines) -> GivenRoads[RoadLines]:
    """Bring roads into the form that is cut; without node ids they meet where vertices agree to the millimetre."""
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
        cells = np.round(xy / GRID_M)
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


def as_roads(roads: gpd.GeoDataFrame | nx.MultiDiGraph) -> GivenRoads[gpd.GeoDataFrame]:
    """Make a frame of single lines with road_id and road_class, in the order of their ids."""
    frame = _arcs_of_graph(roads) if _is_graph(roads) else roads
    require_shapes("roads", frame)
    require_metres(frame.crs, what="roads")
    arcs = _arcs_of_frame(frame)
    missing = frame["road_id"].isna().to_numpy() if "road_id" in frame else np.zeros(len(frame), dtype=bool)
    told, remedy = "road_id: missing in rows", "; name every road, or drop the column"
    problems = faults_at(told, row_numbers(frame)[missing], remedy)
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
    problems += faults_at("geometry: no line in roads", frame.loc[bad, "road_id"], "; drop those rows")
    repeated = frame["road_id"].duplicated()
    problems += faults_at("road_id: repeated", frame.loc[repeated, "road_id"], "; give each road its own id")
    refuse("roads", problems)
    refuse_stretched_lines(frame.geometry, what="roads")
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
        return GivenRoads(frame, 0, np.zeros(len(frame), dtype=np.bool_), is_drawn=False)
    joined, is_kept = join_twins(frame, find_twins(frame))
    return GivenRoads(joined, int((~is_kept).sum()), np.zeros(len(joined), dtype=np.bool_), is_drawn=True)


def _is_graph(roads: object) -> TypeGuard[nx.MultiDiGraph]:
    return hasattr(roads, "edges") and hasattr(roads, "is_directed")


def _sorted(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    parts = frame["road_id"].astype(str).str.extract(_NUMBERED)
    prefix = parts[0].where(parts[0].notna(), frame["road_id"]).astype(object)
    number = parts[1].where(parts[1].notna(), "").str.zfill(24).astype(object)
    order = pd.DataFrame({"prefix": prefix, "number": number, "id": frame["road_id"]})
    return frame.loc[order.sort_values(["prefix", "number", "id"], kind="stable").index].reset_index(drop=True)


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


def _roads_of_arcs(arcs: gpd.GeoDataFrame, *, may_be_undirected: bool) -> GivenRoads[gpd.GeoDataFrame]:
    """Turn an arc and its twin into a road open both ways; a lone arc is one-way, or as tagged if no arc has a twin."""
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
    return GivenRoads(roads.drop(columns=["lacks_return", "u", "v"]), int((~is_kept).sum()), lacks, is_drawn=True)


def build_network(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    roads: gpd.GeoDataFrame | nx.MultiDiGraph | RoadLines,
    *,
    mode: str = "drive",
    speeds: str | Path | SpeedTable = "osrm_like",
    speed_factor: float = 1.0,
    ferries: bool = False,
    season: str | None = None,
    elevation: Raster | Sequence[Raster] | None = None,
    ferry_wait_min: float | None = None,
    turns: gpd.GeoDataFrame | None = None,
) -> TravelGraph:
    """
    Build the travel graph of one mode.

    Roads that the mode may use are cut at the points where they meet; each piece becomes an edge with minutes in both
    directions, inf where that direction is closed.

    Parameters
    ----------
    roads : GeoDataFrame, networkx.MultiDiGraph or RoadLines
        The table ``roads``; any frame of lines in metres, with a column road_class (or highway, or fclass) or without;
        an osmnx graph, projected, or the frame of its edges; or what `read_osm_roads` gives, brought to metres with
        ``to_crs``. Left unchanged. A street drawn once for each direction is one road. Where stretches of a road have
        several classes, the slowest that is open to the mode holds, and of other tags the worst; the order of a list
        never matters. With a motor, ``speed_km_h`` (or ``speed_kph``, or ``travel_time`` in seconds) comes before the
        tagged limit, and that before the class; missing is unknown, 0 is refused.
    mode : str
        walk, cycle, ebike, motorcycle, drive or emergency.
    speeds : str, Path or SpeedTable
        Preset (osrm_like, rural_cn, conservative), a TOML file of the same form, or a table.
    speed_factor : float
        Multiplies every speed.
    ferries : bool
        Whether ferries carry travellers.
    season : str, optional
        A season of the speed table such as dry, wet or all_season (`with_season`); without, roads are as in the dry.
    elevation : Raster or sequence of Raster, optional
        Metres; slopes then slow and speed walkers and cyclists (`with_slope`, with its defaults).
    ferry_wait_min : float, optional
        Minutes of wait for each ferry boarded, 0 or more, where no interval is tagged; a tagged duration then holds
        instead of the speed of the class. Without, ``[ferry] wait_min`` of the speed table, and without that there
        is no wait and ferries go at the speed of their class.
    turns : GeoDataFrame, optional
        The table ``turns``: turn restrictions and barriers on roads then count (`with_turns`).

    Returns
    -------
    TravelGraph
        With its findings, and a report of counts and shares. Classes and words of direction that are not known, and
        places where roads without node ids cross without a common vertex, are among the findings.

    Raises
    ------
    NetworkError
        Where no road is open to the mode, or an option makes no sense.
    ContractError, CrsError
        Where the roads cannot be used.
    StudyError
        Where the speed table is at fault.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> line = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs="EPSG:32738")
    >>> float(build_network(line, mode="walk").forward_min[0])
    60.0
    """
    if mode not in MODES:
        raise NetworkError(f"mode {mode!r} is not known; use one of {', '.join(MODES)}")
    if not (isinstance(speed_factor, int | float | np.number) and 0 < speed_factor < np.inf):
        raise NetworkError(f"speed_factor is {speed_factor!r}; it must be above 0")
    if ferry_wait_min is not None and not (
        isinstance(ferry_wait_min, int | float | np.number) and 0 <= ferry_wait_min < np.inf
    ):
        raise NetworkError(f"ferry_wait_min is {ferry_wait_min!r}; it must be 0 or more")
    table = load_speeds(speeds)
    season = of_kind("season", season, str)
    rules = season_rules(table, season) if season is not None else None
    given = as_lines(roads)
    every = given.roads
    columns, reasons = _judge(every, table=table, mode=mode, speed_factor=speed_factor, ferries=ferries)
    kept = reasons == ""
    used = every.select(kept)
    pieces = cut_roads(used)
    if len(pieces.road) == 0:
        n_open = int(kept.sum())
        why = f"{n_open} are open and none of these has two different points; check their geometry"
        if n_open == 0:
            counts = sorted(Counter(reasons.tolist()).items())
            closed = ", ".join(f"{number} by {reason}" for reason, number in counts)
            unknown = [f"{word!r} ({int(rows.sum())})" for word, rows in unknown_classes(every, table).items()]
            what = f"; of classes that are not known: {', '.join(unknown[:10])}" if unknown else ""
            remedy = f"check road_class against the speed table {table.name}"
            why = f"none of them open ({closed}){what}; {remedy}"
        raise NetworkError(f"no road is open to mode {mode}: {len(every)} roads were given, {why}")
    edges = {name: values[kept][pieces.road] for name, values in columns.items()}
    # Count the pieces of each road from 0; the roads are in order, so pieces of one road stand together.
    road = edges["road_id"]
    starts = np.flatnonzero(np.r_[True, road[1:] != road[:-1]])
    piece = np.arange(len(road)) - np.repeat(starts, np.diff(starts, append=len(road)))
    edges["edge_id"] = road + np.array([f"/{n}" for n in range(int(piece.max()) + 1)], dtype=object)[piece]
    graph = assemble(mode, pyproj.CRS.from_user_input(used.crs), pieces, edges)
    options = {"mode": mode, "speed_table": table.name, "speed_factor": speed_factor, "ferries": ferries}
    construction = tag_values(used, "construction")
    marks = {
        "unreadable_maxspeed": columns["unreadable"][kept],
        "construction_left": construction.is_tagged & ~construction.is_in(["no"]),
    }
    report = {**options, **roads_report(every, reasons, marks), **graph_report(graph)}
    report["roads_joined"] = given.n_joined
    report |= speeds_report(graph, columns["unreadable"][kept][pieces.road])
    report["width_imputed_share"] = length_share(graph, columns["width_imputed"][kept][pieces.road])
    twice = np.zeros(len(every), dtype=np.bool_)
    if given.is_drawn:
        twice[kept] = is_drawn_twice(used.xy, used.road, len(used))
    in_common = {
        **{("unknown_class", word): rows for word, rows in unknown_classes(every, table).items()},
        **{("unknown_oneway", word): rows & kept for word, rows in is_unknown_oneway(every, mode=mode).items()},
        ("road_drawn_twice", ""): twice,
        ("no_arc_back", ""): given.lacks_return & kept,
    }
    findings = (
        *marked_roads(used, marks),
        *small_components(graph),
        *imputed_widths(used, columns["width_imputed"][kept]),
        *roads_in_common(every, in_common),
        *missing_junctions(used),
    )
    graph = replace(graph, report=report, findings=findings_table(findings, mode=mode, crs=graph.crs))
    if elevation is not None:
        graph = with_slope(graph, elevation)
    if season is not None and rules is not None:
        rough = tag_values(used, "smoothness").has_any(rules.closed_smoothness)[pieces.road]
        graph = slowed_by_season(graph, season, table, closed=rough)
    wait_min = table.ferry.wait_min if ferry_wait_min is None else ferry_wait_min
    if wait_min is not None:
        graph = with_ferry_times(graph, used, wait_min=wait_min)
    return graph if turns is None else with_turns(graph, turns)


def _judge(
    roads: RoadLines | pd.DataFrame, *, table: SpeedTable, mode: str, speed_factor: float, ferries: bool
) -> tuple[dict[str, NDArray[Any]], ObjectArray]:
    """Find what each road is like for the mode (the slowest open class holds), and why it is closed ("" where open)."""
    openness = openness_of_roads(roads, mode=mode)
    speed = speeds_of_roads(roads, table, mode=mode, speed_factor=speed_factor)
    kinds = class_values(roads)
    is_ferry = kinds.is_in([FERRY])
    fastest = np.fmax(speed.forward_km_h, speed.backward_km_h)
    reasons = np.select(
        [is_ferry & (not ferries), np.isnan(fastest), openness.reason != "", speed.too_narrow, fastest == 0],
        ["ferry", "class", openness.reason, "width", "impassable"],
        "",
    ).astype(object)
    columns: dict[str, NDArray[Any]] = {
        "road_id": road_ids(roads),
        "road_class": kinds.objects(),
        "surface": tag_values(roads, "surface").objects(),
        "forward_km_h": np.where(openness.forward, speed.forward_km_h, 0.0),
        "backward_km_h": np.where(openness.backward, speed.backward_km_h, 0.0),
        "speed_source": speed.source,
        "unreadable": speed.unreadable,
        "width_imputed": speed.width_imputed,
        "is_bridge": is_bridge(roads),
        "is_tunnel": is_tunnel(roads),
        "is_snappable": is_snappable(roads),
        "all_season": all_season_of_roads(roads, table),
    }
    rows = np.flatnonzero(kinds.fits(lambda text: len(classes_of(text)) > 1))
    if len(rows) == 0 or isinstance(roads, pd.DataFrame):
        return columns, reasons
    words = [classes_of(text) for text in kinds.objects()[rows].tolist()]
    row = np.repeat(rows, [len(each) for each in words])
    tags = {name: tag_values(roads, name).objects()[row] for name in roads.tags}
    frame = pd.DataFrame({**tags, "road_class": np.concatenate(words), "road_id": roads.road_id[row]})
    found, why = _judge(frame, table=table, mode=mode, speed_factor=speed_factor, ferries=ferries)
    fastest = np.maximum(found["forward_km_h"], found["backward_km_h"])
    usual = np.array([table.modes[mode].classes.get(word, np.inf) for word in found["road_class"]])
    # Where a limit or a cap makes them equal, the slower class decides, then the word; the order of a list never does.
    order = np.lexsort([found["road_class"].astype(str), usual, fastest, why != "", row])
    best = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
    reasons[rows] = why[best]
    for name, values in found.items():
        columns[name] = np.array(columns[name])
        columns[name][rows] = values[best]
    return columns, reasons


def assemble(mode: str, crs: pyproj.CRS, pieces: Pieces, edges: dict[str, NDArray[Any]]) -> TravelGraph:
    """Put pieces and what is known of their roads together."""
    node_component, km = components_of(len(pieces.node_x), pieces.start, pieces.end, pieces.length_m)
    component = node_component[pieces.start]
    own: dict[str, Any] = {name: edges[name] for name in ("edge_id", *AS_THEY_ARE) if name != "speed_km_h"}
    for way in ("forward", "backward"):
        km_h = edges[f"{way}_km_h"]
        minutes = 60.0 * (pieces.length_m / 1000.0) / np.where(km_h > 0, km_h, 1.0)
        own[f"{way}_min"] = np.where(km_h > 0, minutes, np.inf)
    return TravelGraph(
        mode=mode,
        crs=crs,
        node_x=pieces.node_x,
        node_y=pieces.node_y,
        node_source_id=pieces.node_source_id,
        node_component=node_component,
        edge_from=pieces.start,
        edge_to=pieces.end,
        length_m=pieces.length_m,
        speed_km_h=np.where(edges["forward_km_h"] > 0, edges["forward_km_h"], edges["backward_km_h"]),
        component=component,
        component_km=km[component],
        coordinates=pieces.coordinates,
        coordinate_offsets=pieces.offsets,
        findings=no_findings(crs),
        **own,
    )


# Ferries: one wait a boarding, and the crossing as long as it is tagged.

DURATION = "duration"
"""Speed source of ferries whose crossing is tagged."""

_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d{2})$|^(\d+(?:\.\d+)?)(?:\s*min(?:utes)?)?$")
_ISO = re.compile(r"^p(?:(\d+(?:\.\d+)?)d)?(?:t(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?)?$")


def parse_duration(text: str) -> float:
    """Read the minutes of a tagged duration or interval; NaN where nothing can be read or it is not above 0."""
    found = []
    for part in members(text):
        if clock := _CLOCK.match(part):
            if clock[4] is not None:  # minutes alone
                found.append(float(clock[4]))
            elif clock[1] is None:
                found.append(60.0 * float(clock[2]) + float(clock[3]))
            else:
                found.append(60.0 * float(clock[1]) + float(clock[2]) + float(clock[3]) / 60.0)
        elif iso := _ISO.match(part):
            days, hours, minutes, seconds = (float(each or 0) for each in iso.groups())
            found.append(1440.0 * days + 60.0 * hours + minutes + seconds / 60.0)
    return max((minutes for minutes in found if minutes > 0), default=math.nan)


def with_ferry_times(graph: TravelGraph, roads: pd.DataFrame | RoadLines, *, wait_min: float) -> TravelGraph:
    """
    Let travellers wait once for each ferry line they board, and cross in the time that is tagged.

    A ferry gets nodes of its own where it lands, and boarding takes the wait. A *line* is all ways of ferry that share
    a way or meet at sea: who changes to another one waits again.
    """
    on_ferry = np.flatnonzero(graph.road_class == FERRY)
    if len(on_ferry) == 0:
        return graph
    # Minutes of the roads that say so.
    told: dict[str, dict[str, float]] = {}
    for name in ("duration", "interval"):
        tags = tag_values(roads, name)
        rows = tags.is_tagged & class_values(roads).is_in([FERRY])
        read = zip(road_ids(roads)[rows], tags.objects()[rows], strict=True)
        told[name] = {str(road): minutes for road, text in read if (minutes := parse_duration(text)) > 0}
    # A tagged crossing is shared out over the edges of its way.
    road, length = graph.road_id[on_ferry], graph.length_m[on_ferry]
    _, way = np.unique(road.astype(str), return_inverse=True)
    whole = np.bincount(way, weights=length)[way]
    duration = np.array([told["duration"].get(name, np.nan) for name in road], dtype=np.float64)
    timed = ~np.isnan(duration) & (whole > 0)
    edges, crossing = on_ferry[timed], duration[timed] * length[timed] / whole[timed]
    forward, backward, source = graph.forward_min.copy(), graph.backward_min.copy(), graph.speed_source.copy()
    for way_min in (forward, backward):
        way_min[edges] = np.where(np.isfinite(way_min[edges]), crossing, np.inf)
    source[edges] = DURATION
    # Landings are ends at which roads leave.
    ends = np.concatenate((graph.edge_from[on_ferry], graph.edge_to[on_ferry]))
    on_land = np.ones(graph.n_edges, dtype=bool)
    on_land[on_ferry] = False
    has_road = np.zeros(graph.n_nodes, dtype=bool)
    has_road[graph.edge_from[on_land]] = has_road[graph.edge_to[on_land]] = True
    is_landing = has_road[ends]
    # The line of each edge: edges are joined by their way, and by the nodes at sea at which they meet.
    count = len(on_ferry)
    number = np.tile(np.arange(count), 2)
    _, node = np.unique(ends[~is_landing], return_inverse=True)
    joined = np.concatenate((np.arange(count), number[~is_landing]))
    to = np.concatenate((count + way, 2 * count + node))
    links = coo_array((np.ones(len(joined)), (joined, to)), shape=(4 * count, 4 * count))
    line = connected_components(links, directed=False)[1][:count].astype(np.int64)
    # One dock for every landing and line; its wait is the shortest of the ways that meet there, its road the first.
    at, edge = np.flatnonzero(is_landing), number[is_landing]
    keys, dock = np.unique(np.column_stack((ends[at], line[edge])), axis=0, return_inverse=True)
    dock = dock.ravel()
    waits = np.array([told["interval"].get(name, 2.0 * wait_min) / 2.0 for name in road])
    dock_wait, first = np.full(len(keys), np.inf), np.full(len(keys), count)
    np.minimum.at(dock_wait, dock, waits[edge])
    np.minimum.at(first, dock, edge)
    # Take the ferries off the nodes of the roads and join them by links.
    ends[at] = graph.n_nodes + dock
    edge_from, edge_to = graph.edge_from.copy(), graph.edge_to.copy()
    edge_from[on_ferry], edge_to[on_ferry] = ends[:count], ends[count:]
    land = keys[:, 0]
    boards = Links(
        edge_id=[f"{name}/board-{node}" for name, node in zip(road[first], land, strict=True)],
        road_id=road[first],
        road_class=FERRY,
        start=land,
        end=graph.n_nodes + np.arange(len(keys)),
        forward_min=dock_wait,
        backward_min=0.0,
    )
    timed_graph = replace(graph.with_minutes(forward, backward), speed_source=source)
    docked = with_nodes(timed_graph, graph.node_x[land], graph.node_y[land], graph.node_component[land])
    result = with_links(replace(docked, edge_from=edge_from, edge_to=edge_to), boards)
    report: dict[str, Any] = {
        "ways": len(set(road)),
        "km": float(length.sum()) / 1000.0,
        "edges_with_tagged_duration": int(timed.sum()),
        "landings": len(keys),
        "wait_min": {"least": float(dock_wait.min()), "most": float(dock_wait.max())} if len(keys) else None,
    }
    return replace(result, report={**graph.report, "ferries": report})
