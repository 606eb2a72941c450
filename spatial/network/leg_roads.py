"""New roads of a combined network: laid into each leg that may use them, with a change between legs where they meet."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.network.combined import (
    BETWEEN,
    TRANSFER,
    Leg,
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
from spatial.network.new_roads import add_roads, check_frame, check_roads, road_ids, road_km, with_class
from spatial.network.road_access import openness_of_roads
from spatial.network.speeds import ModeSpeeds, SpeedTable, load_speeds

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from spatial.arrays import BoolArray
    from spatial.network.graph import TravelGraph
    from spatial.network.splitting import SplitGraph


_MARGIN_M = 1.0
"""Nodes that two legs share lie within a millimetre."""

_ONEWAY = {(True, True): "no", (True, False): "yes", (False, True): "-1"}


def check_for_legs(graph: TravelGraph, roads: gpd.GeoDataFrame, *, table: str | Path | SpeedTable) -> list[str]:
    """Find what is wrong with new roads of a combined network: every fault once."""
    check_frame(graph, roads)
    legs = take_legs(graph)
    taken = np.zeros(len(roads), dtype=bool)
    problems: list[str] = []
    for leg, rows, own in _by_leg(legs, roads, table):
        taken |= rows
        problems += check_roads(leg.graph, own) if rows.any() else []
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
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, snap_tolerance_m: float, table: str | Path | SpeedTable
) -> tuple[SplitGraph, dict[str, Any]]:
    """
    Add roads to the legs of a combined network.

    A leg takes a road whose class its mode may use. Stated km/h are those of vehicles: legs at the pace of people go at
    the speed of the class, unless they alone take the road, and walkers heed no oneway. Where new nodes of two legs lie
    in one place, people change as they do elsewhere.
    """
    legs = take_legs(graph)
    changed, cut_edges = [], 0
    loose: list[dict[str, Any]] = []
    for leg, rows, own in _by_leg(legs, roads, table):
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
    graph: TravelGraph, roads: gpd.GeoDataFrame, *, table: str | Path | SpeedTable
) -> tuple[BoolArray, gpd.GeoDataFrame]:
    """
    Choose of the new roads of vehicles those that the mode of a network, or any of its legs, may use.

    They come back as `edit_network` takes them for this network: of one layer at the pace of people, at the speed of
    their class and in the directions of the mode.
    """
    one = Leg(graph, np.arange(graph.n_edges), np.arange(graph.n_nodes))
    legs = [one] if graph.edge_layer is None else take_legs(graph)
    every = _by_leg(legs, roads, table)
    taken = np.logical_or.reduce([rows for _, rows, _ in every])
    if graph.edge_layer is not None or not own_pace(graph.mode):
        return taken, roads.loc[taken]
    rules = load_speeds(table).modes[_base(one)]
    named = with_class(roads).assign(road_id=road_ids(roads))
    return taken, _at_own_pace(one, named, rules, np.ones(len(roads), dtype=bool)).loc[taken]


def _by_leg(
    legs: list[Leg], roads: gpd.GeoDataFrame, table: str | Path | SpeedTable
) -> list[tuple[Leg, BoolArray, gpd.GeoDataFrame]]:
    """Choose for each leg the roads that it takes, at its own speeds."""
    named = with_class(roads).assign(road_id=road_ids(roads))
    rules = [load_speeds(table).modes[_base(leg)] for leg in legs]
    taken = []
    for leg, own in zip(legs, rules, strict=True):
        known = {*leg.graph.road_class, *(name for name, speed in own.classes.items() if speed > 0)}
        is_open = openness_of_roads(named, mode=_base(leg)).reason == ""
        taken.append(named["road_class"].isin(known).to_numpy(dtype=bool) & is_open)
    motor = np.zeros(len(roads), dtype=bool)
    for leg, rows in zip(legs, taken, strict=True):
        motor |= rows & (not own_pace(leg.graph.mode))
    result = []
    for leg, own, rows in zip(legs, rules, taken, strict=True):
        paced = _at_own_pace(leg, named, own, motor) if own_pace(leg.graph.mode) else named
        result.append((leg, rows, paced.loc[rows]))
    return result


def _base(leg: Leg) -> str:
    """Name the mode whose roads a leg uses; buses are laid into the walk."""
    return leg.graph.mode.split("+", maxsplit=1)[0]


def _at_own_pace(leg: Leg, roads: gpd.GeoDataFrame, rules: ModeSpeeds, motor: BoolArray) -> gpd.GeoDataFrame:
    """Let stated km/h hold only where no motor takes the road, and leave the oneway to the rules of the mode."""
    openness = openness_of_roads(roads, mode=_base(leg))
    ways = zip(openness.forward.tolist(), openness.backward.tolist(), strict=True)
    stated = roads.get("speed_km_h", pd.Series(np.nan, index=roads.index)).mask(motor)
    by_class = {name: speed * rules.factor for name, speed in rules.classes.items()}
    is_known = roads["road_class"].isin(set(leg.graph.road_class))
    # A class that the leg has goes at the median speed that it has there.
    usual = roads["road_class"].map(by_class).mask(is_known)
    return roads.assign(speed_km_h=stated.fillna(usual), oneway=[_ONEWAY.get(way, "no") for way in ways])


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
