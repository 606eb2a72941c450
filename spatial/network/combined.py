"""Two networks as one door-to-door time; its legs, the links between them that no road stands for, and a leg by bus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError, NetworkError, faults_at, first_of, of_kind, refuse
from spatial.network.graph import EdgeOrigins, TravelGraph, gather_vertices, with_nodes
from spatial.network.report import join_findings
from spatial.network.road_access import FERRY
from spatial.network.snapping import snap
from spatial.network.splitting import SplitGraph, cut_edges
from spatial.outlines import require_frame, require_shapes

# Links: edges that no road stands for, such as boarding a ferry or riding a bus, laid into a built graph.

LINK = "link"
"""Speed source of links: minutes that the user or a timetable gives."""


@dataclass(frozen=True, eq=False)
class Links:
    """Edges to lay into a graph; arrays hold one value a link, anything else is the value of all."""

    edge_id: list[str]  # as of edges
    road_id: list[str] | ObjectArray | str
    road_class: str
    start: IntArray  # nodes at both ends
    end: IntArray
    forward_min: FloatArray | float  # minutes from start to end and back; inf where closed
    backward_min: FloatArray | float
    length_m: FloatArray | float = 0.0  # metres; 0 for a transfer on the spot

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.start)


def with_links(graph: TravelGraph, links: Links) -> TravelGraph:
    """Add links behind the edges that there are."""
    n = len(links)
    component = graph.node_component[links.start]
    length, forward, backward = (
        np.full(n, value, dtype=np.float64) for value in (links.length_m, links.forward_min, links.backward_min)
    )
    minutes = np.where(np.isfinite(forward), forward, backward)
    moves = np.isfinite(minutes) & (minutes > 0)
    nodes = np.column_stack((links.start, links.end)).ravel()
    # Look up the length of components; 0 for one without an edge.
    km = np.zeros(int(graph.node_component.max()) + 1)
    km[graph.component] = graph.component_km
    added: dict[str, Any] = {
        "edge_id": np.array(links.edge_id, dtype=object),
        "road_id": np.full(n, links.road_id, dtype=object),
        "road_class": np.full(n, links.road_class, dtype=object),
        "surface": np.full(n, None, dtype=object),
        "edge_from": links.start,
        "edge_to": links.end,
        "length_m": length,
        "speed_km_h": np.divide(0.06 * length, minutes, out=np.zeros(n), where=moves),
        "forward_min": forward,
        "backward_min": backward,
        "speed_source": np.full(n, LINK, dtype=object),
        "is_bridge": np.zeros(n, dtype=bool),
        "is_tunnel": np.zeros(n, dtype=bool),
        "is_snappable": np.zeros(n, dtype=bool),
        "all_season": np.full(n, "unknown", dtype=object),
        "component": component,
        "component_km": np.asarray(km[component]),
        "coordinates": np.column_stack((graph.node_x[nodes], graph.node_y[nodes])),
    }
    if graph.edge_layer is not None:
        added["edge_layer"] = np.full(n, -1, dtype=np.int64)
    ends = graph.coordinate_offsets[-1] + 2 * np.arange(1, n + 1)
    added = {name: np.concatenate((getattr(graph, name), values)) for name, values in added.items()}
    before = None if graph.before is None else graph.before.take(np.r_[: graph.n_edges, np.full(n, -1)])
    offsets = np.concatenate((graph.coordinate_offsets, ends))
    return replace(graph, coordinate_offsets=offsets, before=before, **added)


# Legs of a combined network: each as the network of one mode, and all put together again after they have changed.

LEG_SIGN = ":"
"""Between the mode of a leg and the id of an edge, as in ``drive:w7/0``."""

BETWEEN = -1
"""Layer of the links between legs."""

_OWN_PACE = ("walk", "cycle", "ebike")
_NODES = ("node_x", "node_y", "node_source_id", "node_component")
_APART = {
    *_NODES,
    *("mode", "crs", "findings", "report", "edge_layer", "edge_id", "before"),
    *("edge_from", "edge_to", "component", "coordinates", "coordinate_offsets"),
}
_OF_EDGES = tuple(item.name for item in fields(TravelGraph) if item.name not in _APART)
"""What is one value an edge and names no other thing."""


@dataclass(frozen=True, eq=False)
class Leg:
    """One layer of a combined network."""

    # the layer as a network of its own: its mode, its edges under the ids that they had, its nodes numbered from 0
    graph: TravelGraph
    edges: IntArray  # where they stand in the combined network, ascending
    nodes: IntArray


def own_pace(mode: str) -> bool:
    """Tell modes that go at the pace of people from those with a motor."""
    return mode.split("+", maxsplit=1)[0] in _OWN_PACE


def leg_modes(graph: TravelGraph) -> list[str]:
    """Name the modes of the legs."""
    if graph.edge_layer is None:
        return [graph.mode]
    first = [int(np.argmax(graph.edge_layer == layer)) for layer in range(int(graph.edge_layer.max()) + 1)]
    return [str(graph.edge_id[edge]).split(LEG_SIGN, 1)[0] for edge in first]


def layer_of(graph: TravelGraph) -> IntArray:
    """Tell the layer of each edge."""
    return np.zeros(graph.n_edges, dtype=np.int64) if graph.edge_layer is None else graph.edge_layer


def take_legs(graph: TravelGraph) -> list[Leg]:
    """Take a combined network apart."""
    legs = []
    for number, mode in enumerate(leg_modes(graph)):
        edges = np.flatnonzero(graph.edge_layer == number)
        nodes, ends = np.unique(np.concatenate((graph.edge_from[edges], graph.edge_to[edges])), return_inverse=True)
        start, end = ends[: len(edges)].astype(np.int64), ends[len(edges) :].astype(np.int64)
        _, component = np.unique(graph.node_component[nodes], return_inverse=True)
        own: dict[str, Any] = {name: getattr(graph, name)[nodes] for name in _NODES}
        own |= {name: getattr(graph, name)[edges] for name in _OF_EDGES}
        own["node_component"] = component.astype(np.int64)
        coordinates, offsets = gather_vertices(graph.coordinates, graph.coordinate_offsets, edges)
        sign = len(mode) + len(LEG_SIGN)
        single = replace(
            graph,
            mode=mode,
            edge_id=np.array([name[sign:] for name in graph.edge_id[edges].tolist()], dtype=object),
            edge_from=start,
            edge_to=end,
            component=own["node_component"][start],
            coordinates=coordinates,
            coordinate_offsets=offsets,
            report=_report_of(graph.report, mode),
            edge_layer=None,
            before=None,
            **own,
        )
        legs.append(Leg(single, edges, nodes))
    return legs


def _report_of(report: dict[str, Any], mode: str) -> dict[str, Any]:
    """Find the report of a leg among those of networks that were combined; empty where it is not known."""
    if report.get("mode") == mode:
        return report
    return next((found for inner in report.get("layers", ()) if (found := _report_of(inner, mode))), {})


def whole_split(graph: TravelGraph) -> SplitGraph:
    """Stand for a network of which no edge is cut."""
    none = np.empty(0, dtype=np.int64)
    n = graph.n_edges
    return SplitGraph(graph, np.arange(n), np.zeros(n), np.ones(n), none, none)


def join_legs(graph: TravelGraph, legs: Sequence[Leg], changed: Sequence[SplitGraph]) -> SplitGraph:
    """Put a combined network together again after its legs have changed."""
    pairs = list(zip(legs, changed, strict=True))
    links = np.flatnonzero(graph.edge_layer == BETWEEN)
    # Give the nodes of each leg their number in the whole, new ones behind the old, and every node its component.
    numbers, labels, n_nodes, label = [], [], graph.n_nodes, 0
    nodes: dict[str, Any] = {name: getattr(graph, name) for name in _NODES if name != "node_component"}
    for leg, split in pairs:
        n_old = len(leg.nodes)
        fresh = split.graph.n_nodes - n_old
        numbers.append(np.concatenate((leg.nodes, n_nodes + np.arange(fresh))))
        labels.append(split.graph.node_component + label)
        n_nodes, label = n_nodes + fresh, label + int(split.graph.node_component.max()) + 1
        nodes = {name: np.concatenate((values, getattr(split.graph, name)[n_old:])) for name, values in nodes.items()}
    # A node without an edge, as a wall may leave it, is a component of its own.
    component = label + np.arange(n_nodes)
    for number, own in zip(numbers, labels, strict=True):
        component[number] = own
    node_component = np.unique(component, return_inverse=True)[1].astype(np.int64)
    # Edges in the order of those that they were, new ones by leg behind them.
    rows = [len(split.parent) for split in changed]
    layer = np.concatenate((np.repeat(np.arange(len(legs)), rows), np.full(len(links), BETWEEN)))
    parent = np.concatenate((*(np.append(leg.edges, -1)[split.parent] for leg, split in pairs), links))
    order = np.argsort(np.where(parent < 0, graph.n_edges + layer, parent), kind="stable")
    layer, parent = layer[order].astype(np.int64), parent[order]

    def joined(parts: Iterable[Any], last: Any) -> Any:
        return np.concatenate((*parts, last))[order]

    edges: dict[str, Any] = {
        name: joined((getattr(split.graph, name) for split in changed), getattr(graph, name)[links])
        for name in _OF_EDGES
    }
    for name in ("edge_from", "edge_to"):
        inner = (number[getattr(split.graph, name)] for number, split in zip(numbers, changed, strict=True))
        edges[name] = joined(inner, getattr(graph, name)[links])
    ids = ([f"{leg.graph.mode}{LEG_SIGN}{name}" for name in split.graph.edge_id.tolist()] for leg, split in pairs)
    edges["edge_id"] = joined((np.array(names, dtype=object) for names in ids), graph.edge_id[links])
    edges["component"] = node_component[edges["edge_from"]]
    # Links take the kilometres of the component that they begin in.
    by_component = np.zeros(int(node_component.max()) + 1)
    roads = layer != BETWEEN
    by_component[edges["component"][roads]] = edges["component_km"][roads]
    edges["component_km"] = np.where(roads, edges["component_km"], by_component[edges["component"]])
    lines = [(split.graph.coordinates, split.graph.coordinate_offsets) for split in changed]
    lines.append(gather_vertices(graph.coordinates, graph.coordinate_offsets, links))
    counts = np.concatenate([np.diff(offsets) for _, offsets in lines])
    coordinates, offsets = gather_vertices(
        np.concatenate([xy for xy, _ in lines]), np.concatenate(([0], np.cumsum(counts))), order
    )
    whole = replace(
        graph,
        **nodes,
        node_component=node_component,
        edge_layer=layer,
        before=None if graph.before is None else graph.before.take(parent),
        coordinates=coordinates,
        coordinate_offsets=offsets,
        **edges,
    )
    first = joined((split.first for split in changed), np.zeros(len(links)))
    last = joined((split.last for split in changed), np.ones(len(links)))
    none = np.empty(0, dtype=np.int64)
    return SplitGraph(whole, parent, first, last, none, none)


# Two networks as one: walk and ride in one door-to-door time, changing where both share a node.

TRANSFER = "transfer"
"""Road class of the links between two networks."""

GRID_M = 0.001
"""Without node ids, points within the same millimetre are one: files round coordinates differently."""

_LISTS = {
    *("findings", "report", "mode", "crs", "edge_layer", "before"),
    *("coordinate_offsets", "edge_from", "edge_to"),
}


def combine_networks(
    walk: TravelGraph, ride: TravelGraph, *, boarding_min: float = 0.0, alighting_min: float = 0.0
) -> TravelGraph:
    """
    Combine two networks into one of several layers, for a time from door to door that walks and rides.

    Both networks are kept whole, one beside the other; where they share a node, a link leads from the first to the
    second and back. Places are joined to each layer on its own (`snap`: the k nearest edges *of each layer*), so that
    nobody must walk along a long road to board, and no time is longer than on either network alone where boarding and
    alighting take nothing. A vehicle waits wherever somebody boards it: it can be left and boarded again, and so taken
    past a forbidden turn at the cost of both changes. Give these minutes where that must not be for nothing.

    Parameters
    ----------
    walk : TravelGraph
        The first network, most often walk; it may be a combined one. Left unchanged.
    ride : TravelGraph
        The second, such as drive or cycle, in the same CRS. Left unchanged.
    boarding_min, alighting_min : float
        Minutes to change from the first to the second network, and back; 0 or more.

    Returns
    -------
    TravelGraph
        Of the mode ``"walk+drive"``, say; edge ids begin with the mode of their layer (``drive:w7/0``), `edge_layer`
        tells the layers apart, and components are those of the layers. Where ``walk`` is among its modes, the direct
        walk from door to door competes.

    Raises
    ------
    CrsError
        Where the CRSs differ.
    NetworkError
        Where minutes are below 0, both networks are of one mode, or they share no node.

    Examples
    --------
    A path of 1 km (4 km/h: 15 min) leads to a road of 10 km (25 km/h: 24 min): 15 + 24 = 39 minutes, and 41 where
    boarding takes 2.
    """
    minutes = {"boarding_min": boarding_min, "alighting_min": alighting_min}
    if not (isinstance(walk, TravelGraph) and isinstance(ride, TravelGraph)):
        raise NetworkError(
            f"cannot combine networks: a {type(walk).__name__} and a {type(ride).__name__}; give two TravelGraph"
        )
    if walk.crs != ride.crs:
        raise CrsError(
            f"{walk.mode} has CRS {walk.crs.to_string()}, {ride.mode} has {ride.crs.to_string()}; build both in one CRS"
        )
    problems = [
        f"{name} is {value!r}, must be 0 or more"
        for name, value in minutes.items()
        if not (isinstance(value, int | float | np.number) and 0 <= value < np.inf)
    ]
    twice = set(walk.mode.split("+")) & set(ride.mode.split("+"))
    if twice:
        problems.append(f"both networks hold the mode {', '.join(sorted(twice))}")
    if problems:
        raise NetworkError("cannot combine networks: " + "; ".join(problems))
    # Nodes of roads that both share: one id of the source, else, without ids, the same millimetre.
    from_walk, from_ride = at_one_place(
        *(shareable_nodes(graph, np.flatnonzero(on_roads(graph, np.arange(graph.n_edges)))) for graph in (walk, ride))
    )
    if len(from_walk) == 0:
        raise NetworkError(f"the networks {walk.mode} and {ride.mode} share no node; build both from the same roads")
    both = _side_by_side(walk, ride)
    name = f"{walk.mode}>{ride.mode}"
    # A barrier, or a turn that is forbidden, cuts a node of the one network into several: each has a link of its own.
    again = pd.Series(from_walk).duplicated()
    links = Links(
        edge_id=[
            f"{name}/{node}/{other}" if is_again else f"{name}/{node}"
            for node, other, is_again in zip(from_walk, from_ride, again, strict=True)
        ],
        road_id=name,
        road_class=TRANSFER,
        start=from_walk,
        end=walk.n_nodes + from_ride,
        forward_min=boarding_min,
        backward_min=alighting_min,
    )
    report = {
        "mode": both.mode,
        "boarding_min": float(boarding_min),
        "alighting_min": float(alighting_min),
        "transfers": len(links),
        "layers": [walk.report, ride.report],
    }
    return replace(with_links(both, links), report=report)


def shareable_nodes(graph: TravelGraph, nodes: IntArray) -> pd.DataFrame:
    """Tell of nodes the `id` of their source (None where it has none), and `x` and `y` in whole millimetres."""
    xy = {axis: np.round(getattr(graph, f"node_{axis}")[nodes] / GRID_M) for axis in ("x", "y")}
    return pd.DataFrame({"node": nodes, "id": graph.node_source_id[nodes], **xy})


def at_one_place(first: pd.DataFrame, second: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Match the nodes of two networks."""
    named = [frame.loc[frame["id"].notna(), ["node", "id"]] for frame in (first, second)]
    by_id = named[0].merge(named[1], on="id")[["node_x", "node_y"]]
    near = first.merge(second, on=["x", "y"])
    near = near.loc[near["id_x"].isna() | near["id_y"].isna(), ["node_x", "node_y"]]
    pairs = pd.concat([by_id, near]).sort_values(["node_x", "node_y"]).to_numpy(dtype=np.int64)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def on_roads(graph: TravelGraph, edges: IntArray) -> BoolArray:
    """Tell the nodes at which somebody can change: nobody does aboard a ferry or a bus."""
    roads = edges[(graph.road_class[edges] != FERRY) & (graph.speed_source[edges] != LINK)]
    found = np.zeros(graph.n_nodes, dtype=bool)
    found[graph.edge_from[roads]] = found[graph.edge_to[roads]] = True
    return found


def _side_by_side(first: TravelGraph, second: TravelGraph) -> TravelGraph:
    """Put two networks into one graph without joining them."""
    arrays: dict[str, Any] = {
        item.name: np.concatenate((getattr(first, item.name), getattr(second, item.name)))
        for item in fields(TravelGraph)
        if item.name not in _LISTS
    }
    for name in ("edge_from", "edge_to"):
        arrays[name] = np.concatenate((getattr(first, name), getattr(second, name) + first.n_nodes))
    for name in ("component", "node_component"):
        # Numbers of the second behind those of the first; kilometres stay those of the layer.
        arrays[name][len(getattr(first, name)) :] += int(first.node_component.max()) + 1
    offsets = second.coordinate_offsets[1:] + first.coordinate_offsets[-1]
    layers = (layer_of(first), layer_of(second))
    before = None
    if first.before is not None or second.before is not None:
        # Edges of the second come behind those of the first, also among those before.
        one, other = (
            graph.before or EdgeOrigins(np.arange(graph.n_edges), graph.component_km) for graph in (first, second)
        )
        behind = np.where(other.edge < 0, -1, other.edge + int(one.edge.max()) + 1)
        km = np.concatenate((one.component_km, other.component_km))
        before = EdgeOrigins(np.concatenate((one.edge, behind)), km)
    # Edge ids begin with their mode, unless they do so already.
    ids = [
        graph.edge_id
        if graph.edge_layer is not None
        else np.array([f"{graph.mode}{LEG_SIGN}{name}" for name in graph.edge_id], dtype=object)
        for graph in (first, second)
    ]
    above = int(layers[0].max()) + 1
    return replace(
        first,
        mode=f"{first.mode}+{second.mode}",
        coordinate_offsets=np.concatenate((first.coordinate_offsets, offsets)),
        edge_layer=np.concatenate((layers[0], np.where(layers[1] < 0, BETWEEN, layers[1] + above))),
        findings=join_findings(first.findings, second.findings),
        before=before,
        **{**arrays, "edge_id": np.concatenate(ids)},
    )


# The table of bus lines: what it must hold, and every fault of it at once.


@dataclass(frozen=True, eq=False)
class BusLines:
    """Checked lines, one row a stop of a line, by line and then in the order of the stops."""

    line: ObjectArray  # shape (n,), ids of lines
    stop: IntArray  # shape (n,), position of the stop in `points`
    points: FloatArray  # shape (n_stops, 2), different stops, metres
    # shape (n_stops,), their ids; made up from their first line where the table has none
    stop_id: ObjectArray
    ride_min: FloatArray  # shape (n,), minutes to the next stop of the line; NaN at its last
    ride_m: FloatArray  # shape (n,), straight line to the next stop; NaN at the last of a line
    headway_min: FloatArray  # shape (n,), minutes between two buses
    both_ways: BoolArray  # shape (n,), whether the line runs back as well


SAME_STOP_M = 100.0
"""How far apart the rows of one stop may lie: across a road or at two platforms, and no further."""


def read_lines(lines: pd.DataFrame, stops: gpd.GeoDataFrame | None, *, crs: pyproj.CRS, detour: float) -> BusLines:
    """Check a table of lines and bring it into order."""
    require_frame("lines", lines)
    if stops is not None:
        require_shapes("stops", stops)
    needed = ["line_id", "stop_order", "headway_min"]
    problems = [f"{name}: missing" for name in needed if name not in lines.columns]
    if "ride_min" not in lines.columns and "speed_km_h" not in lines.columns:
        problems.append("ride_min: missing, and speed_km_h too; give minutes to the next stop or a speed")
    if stops is None and not isinstance(lines, gpd.GeoDataFrame):
        problems.append("geometry: missing; give points, or a stop_id and the table stops")
    if stops is not None:
        problems += ["stop_id: missing"] if "stop_id" not in lines.columns else []
        problems += ["stops: the column stop_id is missing"] if "stop_id" not in stops.columns else []
    refuse("lines", problems)
    frame = pd.DataFrame(lines).reset_index(drop=True)
    if frame.empty:
        raise ContractError("lines", ["the table is empty; give each line a row for each of its stops"])
    # Lines and the order of their stops.
    frame["line_id"] = _as_text(frame["line_id"])
    frame["stop_order"] = order = pd.to_numeric(frame["stop_order"], errors="coerce")
    problems += _told("line_id: missing", frame, (frame["line_id"] == "").to_numpy())
    problems += _told("stop_order: must be a number", frame, ~np.isfinite(order.to_numpy(dtype=np.float64)))
    again = frame.duplicated(["line_id", "stop_order"]) & order.notna()
    problems += _told("stop_order: repeated", frame, again.to_numpy())
    counts = frame.groupby("line_id").size()
    problems += faults_at("line_id: only one stop on the lines", counts.index[counts < 2], "; a ride needs two")
    frame = frame.sort_values(["line_id", "stop_order"], kind="stable").reset_index(drop=True)
    x, y, names = _places(frame, lines, stops, crs, problems)
    # One headway and one direction a line.
    headway = pd.to_numeric(frame["headway_min"], errors="coerce").to_numpy(dtype=np.float64)
    problems += _told("headway_min: must be above 0 and finite", frame, ~((headway > 0) & np.isfinite(headway)))
    problems += _differs("headway_min", "number", pd.Series(headway), frame)
    both_ways = np.ones(len(frame), dtype=bool)
    if "both_ways" in frame.columns:
        flags = frame["both_ways"]
        problems += _told("both_ways: must be true or false", frame, ~flags.isin([True, False]).to_numpy())
        problems += _differs("both_ways", "value", flags.eq(other=True), frame)
        both_ways = flags.eq(other=True).to_numpy()
    # Minutes to the next stop, or from a speed; none are needed at the last stop of a line.
    line = frame["line_id"].to_numpy(dtype=object)
    last = np.r_[line[1:] != line[:-1], True]
    ride_m = np.where(last, np.nan, np.hypot(np.diff(x, append=np.nan), np.diff(y, append=np.nan)))
    minutes, speed = (
        pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
        if name in frame.columns
        else np.full(len(frame), np.nan)
        for name in ("ride_min", "speed_km_h")
    )
    problems += _told("ride_min: must be 0 or more and finite", frame, (minutes < 0) | np.isinf(minutes))
    problems += _told("speed_km_h: must be above 0 and finite", frame, (speed <= 0) | np.isinf(speed))
    lacking = ~last & np.isnan(minutes) & np.isnan(speed)
    problems += _told("ride_min: missing before the last stop, and no speed_km_h", frame, lacking)
    refuse("lines", problems)
    by_speed = np.divide(0.06 * (ride_m * detour), speed, out=np.full(len(frame), np.nan), where=speed > 0)
    _, at, stop = np.unique(names, return_index=True, return_inverse=True)
    apart = np.hypot(x - x[at][stop], y - y[at][stop]) > SAME_STOP_M
    refuse("lines", _told(f"stop_id: at points more than {SAME_STOP_M:g} m apart", frame, apart))
    return BusLines(
        line=line,
        stop=stop.astype(np.int64),
        points=np.column_stack((x[at], y[at])),
        stop_id=names[at],
        ride_min=np.where(last, np.nan, np.where(np.isnan(minutes), by_speed, minutes)),
        ride_m=ride_m,
        headway_min=headway,
        both_ways=both_ways,
    )


def _as_text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str).astype(object)


def _told(what: str, frame: pd.DataFrame, wrong: BoolArray) -> list[str]:
    """Say what is wrong on which stops of which lines; nothing where nothing is."""
    rows = frame.loc[wrong]
    where = (f"{line}/{order:g}" for line, order in zip(rows["line_id"], rows["stop_order"], strict=True))
    return faults_at(f"{what} (line/stop", where, ")")


def _differs(name: str, what: str, values: pd.Series, frame: pd.DataFrame) -> list[str]:
    """Say along which lines a value differs that each should have once."""
    by_line = values.groupby(frame["line_id"].to_numpy())
    mixed = by_line.min() < by_line.max()
    return faults_at(f"{name}: differs along the lines", mixed.index[mixed], f"; one {what} a line")


def _places(
    frame: pd.DataFrame, lines: pd.DataFrame, stops: gpd.GeoDataFrame | None, crs: pyproj.CRS, problems: list[str]
) -> tuple[FloatArray, FloatArray, ObjectArray]:
    """Find the point and the name of the stop of every row."""
    source = stops if stops is not None else lines
    if not isinstance(source, gpd.GeoDataFrame):
        problems.append("stops: no geometry; give a GeoDataFrame of points")
        return np.zeros(len(frame)), np.zeros(len(frame)), np.full(len(frame), "", dtype=object)
    if require_metres(source.crs, what="stops of the lines") != crs:
        problems.append(f"stops: CRS is not that of the network; reproject with to_crs({crs.to_string()!r})")
    ids = _as_text(frame["stop_id"]) if "stop_id" in frame.columns else None
    if stops is not None and ids is not None:
        known = pd.Series(stops.geometry.to_numpy(), index=_as_text(stops["stop_id"]), dtype=object)
        problems += faults_at("stops: repeated stop_id", known.index[known.index.duplicated()])
        shapes = ids.map(known[~known.index.duplicated()]).to_numpy(dtype=object)
    else:
        shapes = frame[lines.geometry.name].to_numpy(dtype=object)
    points = np.array([isinstance(each, shapely.Point) and not each.is_empty for each in shapes], dtype=bool)
    problems += _told("stops: missing, or no point", frame, ~points)
    x, y = (
        np.array([getattr(each, axis) if ok else 0.0 for each, ok in zip(shapes, points, strict=True)])
        for axis in ("x", "y")
    )
    by_place = pd.Series([f"{across:.3f} {up:.3f}" for across, up in zip(x, y, strict=True)], dtype=object)
    return x, y, (by_place if ids is None else ids.mask(ids == "", by_place)).to_numpy(dtype=object)


# A bus leg without a timetable: walk to a stop, wait half a headway, ride, and walk on.

BUS, BOARDING = "bus", "boarding"
"""Road classes of rides, which is the word of the mode too, and of the wait; slow walkers wait and ride no longer."""


def bus_network(  # noqa: PLR0913 - each keyword is an option under its own name
    lines: pd.DataFrame,
    walk_graph: TravelGraph,
    *,
    stops: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoSeries | None = None,
    max_snap_m: float = 1000.0,
    min_component_km: float = 5.0,
    walk_km_h: float = 5.0,
    detour: float = 1.3,
) -> TravelGraph:
    """
    Let walkers ride buses whose timetable is not known.

    Somebody who boards waits half the headway of the line, rides the minutes between the stops and leaves for nothing;
    who changes to another line waits again. Staying on the bus costs no wait. Stops are joined to the nearest point on
    the walking network, as places are, which is cut there.

    Parameters
    ----------
    lines : DataFrame or GeoDataFrame of Point
        One row a stop of a line: `line_id`, `stop_order` (any numbers that rise), `headway_min` (above 0, one number a
        line), and minutes to the next stop `ride_min` (0 or more; empty at the last) or a `speed_km_h` along
        `detour` times the straight line. Where the stop is: its geometry, or a `stop_id` of the table `stops`. Rows
        with the same stop_id, at most 100 m apart, or without ids in the same millimetre, are one stop. `both_ways`
        (true or false, one value a line; true where absent) tells whether the line runs back with the same minutes.
    walk_graph : TravelGraph
        The walking network; left unchanged.
    stops : GeoDataFrame of Point, optional
        `stop_id` and geometry, in the CRS of the network.
    barriers : GeoSeries, optional
        Water that nobody walks across to a stop; a stop that lies on it, or has no other road, keeps its nearest one.
    max_snap_m : float
        The longest straight line from a stop to the network, inclusive.
    min_component_km : float
        Pieces of the network that are shorter are none that a stop is joined to, as for places.
    walk_km_h, detour : float
        Speed of the walk from the network to the stop, and its length over its straight line.

    Returns
    -------
    TravelGraph
        Of the mode ``"walk+bus"``, with ``report["bus"]``. No place is joined to a ride. A stop cuts the edge it is
        joined to; its edges and nodes come after those of the walking network.

    Raises
    ------
    ContractError
        With every fault of the lines, and the stops that are too far from the network.
    CrsError
        Where points are not in metres.
    NetworkError
        Where the graph is not of the mode walk.

    Examples
    --------
    A stop at the door, a bus every 30 minutes, 12 minutes to the market: 15 + 12 = 27 minutes.
    """
    of_kind("walk_graph", walk_graph, TravelGraph, required=True)
    if walk_graph.mode != "walk":
        raise NetworkError(
            f"a graph of mode {walk_graph.mode} was given; lay buses into the walking network, then combine that"
        )
    table = read_lines(lines, stops, crs=walk_graph.crs, detour=detour)
    points = gpd.GeoSeries(gpd.points_from_xy(*table.points.T), index=table.stop_id, crs=walk_graph.crs)
    legs: dict[str, Any] = {"max_snap_m": max_snap_m, "min_component_km": min_component_km, "candidates": 1}
    legs |= {"walk_km_h": walk_km_h, "detour": detour}
    snaps, on_this_bank = (snap(walk_graph, points, **legs, barriers=walls) for walls in (None, barriers))
    edge, fraction, walk, distance_m = (
        np.where(on_this_bank.edge < 0, getattr(snaps, name), getattr(on_this_bank, name))[:, 0]
        for name in ("edge", "fraction", "access_min", "distance_m")
    )
    if (edge < 0).any():
        far = np.flatnonzero(edge < 0)
        away = np.char.add(np.char.mod("%.0f", snaps.nearest_m[far]), " m")
        away = np.where(np.isnan(snaps.nearest_m[far]), "no road that one can step onto", away)
        shown = first_of(f"{table.stop_id[stop]} ({told})" for stop, told in zip(far, away, strict=True))
        pieces = f", pieces shorter than {min_component_km:g} km left out" if min_component_km else ""
        too_far = f"stops: further than {max_snap_m:g} m from the walking network{pieces}: {shown}"
        raise ContractError("lines", [f"{too_far}; mend them or raise max_snap_m"])
    cut = cut_edges(walk_graph, edge, fraction)
    # A node for every stop, one for every stop of every line, and the links between them.
    stop_node = cut.graph.n_nodes + np.arange(len(table.points))
    line_node = cut.graph.n_nodes + len(table.points) + np.arange(len(table.line))
    xy = np.vstack((table.points, table.points[table.stop]))
    component = cut.graph.node_component[cut.node_after]
    graph = with_nodes(cut.graph, xy[:, 0].copy(), xy[:, 1].copy(), np.concatenate((component, component[table.stop])))
    names = [f"stop:{name}" for name in table.stop_id]
    length = distance_m * detour
    graph = with_links(graph, Links(names, names, "stop", cut.node_after, stop_node, walk, walk, length))
    where = [f"{line}/{row}" for row, line in enumerate(table.line)]
    names = [f"board:{name}" for name in where]
    wait = table.headway_min / 2.0
    graph = with_links(graph, Links(names, names, BOARDING, stop_node[table.stop], line_node, wait, 0.0))
    on = np.flatnonzero(table.line[:-1] == table.line[1:])
    names, ride = [f"ride:{where[row]}" for row in on], table.ride_min[on]
    back = np.where(table.both_ways[on], ride, np.inf)
    # Who rides past the first stop of a line that ends there stays aboard: its last ride leads to its first row.
    first = np.searchsorted(table.line, table.line)
    is_closed = np.r_[table.line[1:] != table.line[:-1], True] & (table.stop == table.stop[first])
    onto = line_node[np.where(is_closed, first, np.arange(len(first)))][on + 1]
    graph = with_links(graph, Links(names, names, BUS, line_node[on], onto, ride, back, table.ride_m[on]))
    report = {
        "lines": len(set(table.line)),
        "stops": len(table.points),
        "both_ways_lines": len(set(table.line[table.both_ways])),
        "longest_walk_m": float(distance_m.max()),
    }
    mode = f"{walk_graph.mode}+{BUS}"
    return replace(graph, mode=mode, report={**walk_graph.report, "mode": mode, "bus": report})
