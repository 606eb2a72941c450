"""A bus leg without a timetable: its table of lines, wait half a headway, ride, and walk on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.errors import ContractError, NetworkError, first_of, refuse
from spatial.network.combined import Links, with_links
from spatial.network.graph import TravelGraph, with_nodes
from spatial.network.snapping import snap
from spatial.network.splitting import cut_edges

if TYPE_CHECKING:
    import pyproj

    from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray


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


def read_lines(lines: pd.DataFrame, stops: gpd.GeoDataFrame | None, *, crs: pyproj.CRS, detour: float) -> BusLines:
    """Check a table of lines and bring it into order."""
    if not isinstance(lines, pd.DataFrame):
        raise ContractError("lines", [f"is a {type(lines).__name__}; give a row for each stop of each line"])
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
    if (counts < 2).any():
        problems.append(f"line_id: only one stop on the lines {first_of(counts.index[counts < 2])}; a ride needs two")
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
    where = [f"{line}/{order:g}" for line, order in zip(rows["line_id"], rows["stop_order"], strict=True)]
    return [f"{what} (line/stop {first_of(where)})"] if where else []


def _differs(name: str, what: str, values: pd.Series, frame: pd.DataFrame) -> list[str]:
    """Say along which lines a value differs that each should have once."""
    by_line = values.groupby(frame["line_id"].to_numpy())
    mixed = by_line.min() < by_line.max()
    shown = first_of(mixed.index[mixed])
    return [f"{name}: differs along the lines {shown}; one {what} a line"] if mixed.any() else []


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
        if known.index.has_duplicates:
            problems.append(f"stops: repeated stop_id {first_of(known.index[known.index.duplicated()])}")
        shapes = ids.map(known[~known.index.duplicated()]).to_numpy(dtype=object)
    else:
        shapes = frame[lines.geometry.name].to_numpy(dtype=object)
    points = np.array([isinstance(each, shapely.Point) and not each.is_empty for each in shapes], dtype=bool)
    problems += _told("stops: missing, or no point", frame, ~points)
    x, y = (
        np.array([getattr(each, axis) if ok else 0.0 for each, ok in zip(shapes, points, strict=True)])
        for axis in ("x", "y")
    )
    if ids is None:
        ids = pd.Series([f"{across:.3f} {up:.3f}" for across, up in zip(x, y, strict=True)], dtype=object)
    return x, y, ids.to_numpy(dtype=object)


# A bus leg without a timetable: walk to a stop, wait half a headway, ride, and walk on.

BUS, BOARDING = "bus", "boarding"
"""Road classes of rides, which is the word of the mode too, and of the wait; slow walkers wait and ride no longer."""


def bus_network(
    lines: pd.DataFrame,
    walk_graph: TravelGraph,
    *,
    stops: gpd.GeoDataFrame | None = None,
    max_snap_m: float = 1000.0,
    walk_km_h: float = 5.0,
    detour: float = 1.3,
) -> TravelGraph:
    """
    Let walkers ride buses whose timetable is not known.

    Somebody who boards waits half the headway of the line, rides the minutes between the stops and leaves for nothing;
    who changes to another line waits again. Staying on the bus costs no wait. Stops are joined to the nearest point on
    the walking network, which is cut there.

    Parameters
    ----------
    lines : DataFrame or GeoDataFrame of Point
        One row a stop of a line: `line_id`, `stop_order` (any numbers that rise), `headway_min` (above 0, one number a
        line), and minutes to the next stop `ride_min` (0 or more; empty at the last) or a `speed_km_h` along
        `detour` times the straight line. Where the stop is: its geometry, or a `stop_id` of the table `stops`. Rows
        with the same stop_id, or without ids in the same millimetre, are one stop. `both_ways` (true or false, one
        value a line; true where the column is absent) tells whether the line runs back with the same minutes.
    walk_graph : TravelGraph
        The walking network; left unchanged.
    stops : GeoDataFrame of Point, optional
        `stop_id` and geometry, in the CRS of the network.
    max_snap_m : float
        The longest straight line from a stop to the network, inclusive.
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
    if walk_graph.mode != "walk":
        raise NetworkError(
            f"a graph of mode {walk_graph.mode} was given; lay buses into the walking network, then combine that"
        )
    table = read_lines(lines, stops, crs=walk_graph.crs, detour=detour)
    points = gpd.GeoSeries(gpd.points_from_xy(*table.points.T), index=table.stop_id, crs=walk_graph.crs)
    snaps = snap(
        walk_graph,
        points,
        candidates=1,
        max_snap_m=max_snap_m,
        min_component_km=0.0,
        walk_km_h=walk_km_h,
        detour=detour,
    )
    edge, fraction = snaps.edge[:, 0], snaps.fraction[:, 0]
    if (edge < 0).any():
        far = np.flatnonzero(snaps.edge[:, 0] < 0)
        shown = first_of(f"{table.stop_id[stop]} ({snaps.nearest_m[stop]:.0f} m)" for stop in far)
        too_far = f"stops: further than {max_snap_m:g} m from the walking network: {shown}"
        raise ContractError("lines", [f"{too_far}; mend them or raise max_snap_m"])
    cut = cut_edges(walk_graph, edge, fraction)
    # A node for every stop, one for every stop of every line, and the links between them.
    stop_node = cut.graph.n_nodes + np.arange(len(table.points))
    line_node = cut.graph.n_nodes + len(table.points) + np.arange(len(table.line))
    xy = np.vstack((table.points, table.points[table.stop]))
    component = cut.graph.node_component[cut.node_after]
    graph = with_nodes(cut.graph, xy[:, 0].copy(), xy[:, 1].copy(), np.concatenate((component, component[table.stop])))
    walk = snaps.access_min[:, 0]
    names = [f"stop:{name}" for name in table.stop_id]
    length = snaps.distance_m[:, 0] * snaps.detour
    graph = with_links(graph, Links(names, names, "stop", cut.node_after, stop_node, walk, walk, length))
    where = [f"{line}/{row}" for row, line in enumerate(table.line)]
    names = [f"board:{name}" for name in where]
    wait = table.headway_min / 2.0
    graph = with_links(graph, Links(names, names, BOARDING, stop_node[table.stop], line_node, wait, 0.0))
    on = np.flatnonzero(table.line[:-1] == table.line[1:])
    names, ride = [f"ride:{where[row]}" for row in on], table.ride_min[on]
    back = np.where(table.both_ways[on], ride, np.inf)
    graph = with_links(graph, Links(names, names, BUS, line_node[on], line_node[on + 1], ride, back, table.ride_m[on]))
    report = {
        "lines": len(set(table.line)),
        "stops": len(table.points),
        "both_ways_lines": len(set(table.line[table.both_ways])),
        "longest_walk_m": float(snaps.distance_m.max()),
    }
    mode = f"{walk_graph.mode}+{BUS}"
    return replace(graph, mode=mode, report={**walk_graph.report, "mode": mode, "bus": report})
