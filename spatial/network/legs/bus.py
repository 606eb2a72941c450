"""A bus leg without a timetable: walk to a stop, wait half a headway, ride, and walk on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from spatial.errors import ContractError, NetworkError, first_of
from spatial.network.edits.splitting import cut_edges
from spatial.network.joins.snapping import snap
from spatial.network.legs.bus_lines import read_lines
from spatial.network.legs.links import Links, with_links, with_nodes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.joins.snapping import Snaps
    from spatial.network.legs.bus_lines import BusLines

__all__ = ["BUS", "bus_network"]

BUS = "bus"
"""Road class of rides, and the word of the mode."""


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
        raise ContractError("lines", [_too_far(table, snaps, max_snap_m)])
    cut = cut_edges(walk_graph, edge, fraction)
    graph = _with_lines(cut.graph, table, cut.node_after, snaps)
    report = {
        "lines": len(set(table.line)),
        "stops": len(table.points),
        "both_ways_lines": len(set(table.line[table.both_ways])),
        "longest_walk_m": float(snaps.distance_m.max()),
    }
    mode = f"{walk_graph.mode}+{BUS}"
    return replace(graph, mode=mode, report={**walk_graph.report, "mode": mode, "bus": report})


def _too_far(table: BusLines, snaps: Snaps, max_snap_m: float) -> str:
    far = np.flatnonzero(snaps.edge[:, 0] < 0)
    shown = first_of(f"{table.stop_id[stop]} ({snaps.nearest_m[stop]:.0f} m)" for stop in far)
    return f"stops: further than {max_snap_m:g} m from the walking network: {shown}; mend them or raise max_snap_m"


def _with_lines(graph: TravelGraph, table: BusLines, foot: NDArray[np.int64], snaps: Snaps) -> TravelGraph:
    """Lay in a node for every stop, one for every stop of every line, and the links between them."""
    stop_node = graph.n_nodes + np.arange(len(table.points))
    line_node = graph.n_nodes + len(table.points) + np.arange(len(table.line))
    xy = np.vstack((table.points, table.points[table.stop]))
    component = graph.node_component[foot]
    wider = with_nodes(
        graph, xy[:, 0].copy(), xy[:, 1].copy(), np.concatenate((component, component[table.stop]))
    )
    walk, distance = snaps.access_min[:, 0], snaps.distance_m[:, 0] * snaps.detour
    on = table.goes_on
    where = [f"{line}/{row}" for row, line in enumerate(table.line)]
    parts = (
        _links([f"stop:{name}" for name in table.stop_id], "stop", (foot, stop_node), distance, (walk, walk)),
        _links(
            [f"board:{name}" for name in where],
            "boarding",
            (stop_node[table.stop], line_node),
            np.zeros(len(line_node)),
            (table.headway_min / 2.0, np.zeros(len(line_node))),
        ),
        _links(
            [f"ride:{where[row]}" for row in on],
            BUS,
            (line_node[on], line_node[on + 1]),
            table.ride_m[on],
            (table.ride_min[on], np.where(table.both_ways[on], table.ride_min[on], np.inf)),
        ),
    )
    for part in parts:
        wider = with_links(wider, part)
    return wider


def _links(
    names: list[str],
    kind: str,
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    length_m: NDArray[np.float64],
    minutes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Links:
    ids = np.array(names, dtype=object)
    return Links(ids, ids, np.full(len(ids), kind, dtype=object), *ends, length_m, *minutes)
