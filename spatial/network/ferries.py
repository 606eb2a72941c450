"""Ferries: one wait a boarding, and the crossing as long as it is tagged."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.network.combined import Links, with_links, with_nodes
from spatial.network.road_access import FERRY, class_values, members, road_ids, tag_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from spatial.inputs.road_tags import RoadLines
    from spatial.network.graph import TravelGraph


DURATION = "duration"
"""Speed source of ferries whose crossing is tagged."""

_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d{2})$|^(\d+(?:\.\d+)?)(?:\s*min(?:utes)?)?$")
_ISO = re.compile(
    r"^p(?:(\d+(?:\.\d+)?)d)?(?:t(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?)?$"
)


def parse_duration(text: str) -> float:
    """
    Read a tagged duration or interval.

    Returns minutes; NaN where nothing can be read or it is not above 0.

    Examples
    --------
    >>> parse_duration("1:30"), parse_duration("PT20M"), parse_duration("daily")
    (90.0, 20.0, nan)
    """
    found = [minutes for minutes in (_minutes(part) for part in members(text)) if minutes > 0]
    return max(found, default=math.nan)


def _minutes(part: str) -> float:
    clock = _CLOCK.match(part)
    if clock:
        first, second, third, plain = clock.groups()
        if plain is not None:
            return float(plain)
        if first is None:
            return 60.0 * float(second) + float(third)
        return 60.0 * float(first) + float(second) + float(third) / 60.0
    iso = _ISO.match(part)
    if iso:
        days, hours, minutes, seconds = (float(each or 0) for each in iso.groups())
        return 1440.0 * days + 60.0 * hours + minutes + seconds / 60.0
    return math.nan


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
    duration, interval = (_tagged(roads, name) for name in ("duration", "interval"))
    timed, n_timed = _with_durations(graph, on_ferry, duration)
    result, links = _with_boarding(timed, on_ferry, interval, wait_min)
    waits = links.forward_min
    report: dict[str, Any] = {
        "ways": len(set(graph.road_id[on_ferry])),
        "km": float(graph.length_m[on_ferry].sum()) / 1000.0,
        "edges_with_tagged_duration": n_timed,
        "landings": len(links),
        "wait_min": {"least": float(waits.min()), "most": float(waits.max())} if len(waits) else None,
    }
    return replace(result, report={**graph.report, "ferries": report})


def _tagged(roads: pd.DataFrame | RoadLines, name: str) -> dict[str, float]:
    """Minutes by road, of those that say so."""
    tags = tag_values(roads, name)
    ferries = tags.is_tagged & class_values(roads).is_in([FERRY])
    read = {
        str(road): parse_duration(text)
        for road, text in zip(road_ids(roads)[ferries], tags.objects()[ferries], strict=True)
    }
    return {road: minutes for road, minutes in read.items() if minutes > 0}


def _with_durations(
    graph: TravelGraph, on_ferry: NDArray[np.int64], duration: Mapping[str, float]
) -> tuple[TravelGraph, int]:
    whole: dict[str, float] = {}
    for edge in on_ferry:
        road = graph.road_id[edge]
        whole[road] = whole.get(road, 0.0) + float(graph.length_m[edge])
    forward, backward = graph.forward_min.copy(), graph.backward_min.copy()
    source = graph.speed_source.copy()
    timed = [edge for edge in on_ferry if graph.road_id[edge] in duration and whole[graph.road_id[edge]] > 0]
    for edge in timed:
        road = graph.road_id[edge]
        minutes = duration[road] * graph.length_m[edge] / whole[road]
        forward[edge] = minutes if np.isfinite(forward[edge]) else np.inf
        backward[edge] = minutes if np.isfinite(backward[edge]) else np.inf
        source[edge] = DURATION
    return replace(graph.with_minutes(forward, backward), speed_source=source), len(timed)


def _with_boarding(
    graph: TravelGraph, on_ferry: NDArray[np.int64], interval: Mapping[str, float], wait_min: float
) -> tuple[TravelGraph, Links]:
    """Take the ferries off the nodes of the roads and join them by links."""
    line, ends, is_landing = _lines_of(graph, on_ferry)
    waits = np.array([interval.get(road, 2.0 * wait_min) / 2.0 for road in graph.road_id[on_ferry]])
    # One dock for every landing and line; its wait is the shortest of the ways that meet there.
    at = np.flatnonzero(is_landing)
    keys, dock = np.unique(np.column_stack((ends[at], line[at % len(on_ferry)])), axis=0, return_inverse=True)
    dock = dock.ravel()
    dock_wait = np.full(len(keys), np.inf)
    np.minimum.at(dock_wait, dock, waits[at % len(on_ferry)])
    first = np.full(len(keys), len(on_ferry))
    np.minimum.at(first, dock, at % len(on_ferry))
    moved = ends.copy()
    moved[at] = graph.n_nodes + dock
    edge_from, edge_to = graph.edge_from.copy(), graph.edge_to.copy()
    edge_from[on_ferry], edge_to[on_ferry] = moved[: len(on_ferry)], moved[len(on_ferry) :]
    land = keys[:, 0]
    road = graph.road_id[on_ferry[first]] if len(keys) else np.empty(0, dtype=object)
    links = Links(
        edge_id=np.array(
            [f"{name}/board-{node}" for name, node in zip(road, land, strict=True)], dtype=object
        ),
        road_id=road,
        road_class=np.full(len(keys), FERRY, dtype=object),
        start=land,
        end=graph.n_nodes + np.arange(len(keys)),
        length_m=np.zeros(len(keys)),
        forward_min=dock_wait,
        backward_min=np.zeros(len(keys)),
    )
    docked = with_nodes(graph, graph.node_x[land], graph.node_y[land], graph.node_component[land])
    return with_links(replace(docked, edge_from=edge_from, edge_to=edge_to), links), links


def _lines_of(
    graph: TravelGraph, on_ferry: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Give every ferry edge the number of its line; list their ends, starts first, and where roads leave."""
    ends = np.concatenate((graph.edge_from[on_ferry], graph.edge_to[on_ferry]))
    on_land = np.ones(graph.n_edges, dtype=bool)
    on_land[on_ferry] = False
    has_road = np.zeros(graph.n_nodes, dtype=bool)
    has_road[graph.edge_from[on_land]] = has_road[graph.edge_to[on_land]] = True
    is_landing = has_road[ends]
    count = len(on_ferry)
    edge = np.tile(np.arange(count), 2)[~is_landing]
    _, way = np.unique(graph.road_id[on_ferry].astype(str), return_inverse=True)
    _, node = np.unique(ends[~is_landing], return_inverse=True)
    rows = np.concatenate((np.arange(count), edge))
    columns = np.concatenate((count + way, 2 * count + node))
    size = 4 * count
    links = coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    _, label = connected_components(links, directed=False)
    return label[:count].astype(np.int64), ends, is_landing
