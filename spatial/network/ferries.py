"""Ferries: one wait a boarding, and the crossing as long as it is tagged."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.network.combined import Links, with_links
from spatial.network.graph import TravelGraph, with_nodes
from spatial.network.road_access import FERRY, class_values, members, road_ids, tag_values

if TYPE_CHECKING:
    import pandas as pd

    from spatial.inputs.road_tags import RoadLines


DURATION = "duration"
"""Speed source of ferries whose crossing is tagged."""

_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d{2})$|^(\d+(?:\.\d+)?)(?:\s*min(?:utes)?)?$")
_ISO = re.compile(r"^p(?:(\d+(?:\.\d+)?)d)?(?:t(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?)?$")


def parse_duration(text: str) -> float:
    """
    Read the minutes of a tagged duration or interval; NaN where nothing can be read or it is not above 0.

    >>> parse_duration("1:30"), parse_duration("PT20M"), parse_duration("daily")
    (90.0, 20.0, nan)
    """
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
    Let travellers wait once for each ferry they board, and cross in the time that is tagged.

    Where a ferry lands, it gets a node of its own beside the node of the road, and a link between both: boarding takes
    the wait, leaving takes nothing. A ferry *line* is all ways of ferry that share a way or meet at sea: who stays on
    it, over however many pieces and past however many landings, waits once; who changes to another line waits again.
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
