"""Stage `network`: roads become a travel graph a mode."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from spatial.access.calibration import with_class_factors
from spatial.access.places import find_settlement
from spatial.crs import WGS84
from spatial.errors import ContractError
from spatial.network.build import build_network
from spatial.network.bus import BUS, bus_network
from spatial.network.combined import combine_networks
from spatial.network.splitting import hard_border
from spatial.runner.stage import silent
from spatial.stages.policy import speed_table
from spatial.study.access import BY_BUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyproj import CRS
    from shapely.geometry.base import BaseGeometry

    from spatial.network.graph import TravelGraph
    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value
    from spatial.study.access import BusLine


DRY = "dry"


def network(
    *,
    roads: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    turns: gpd.GeoDataFrame | None = None,
    elevation: Raster | None = None,
    calibration_factors: pd.DataFrame | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Build the travel graph of every mode of the study."""
    chosen = options.network
    graphs: list[TravelGraph] = []
    factors = calibration_factors if options.calibration.apply else None
    ground = Ground(roads, study_area, turns, elevation, places)
    for number, mode in enumerate(chosen.modes):
        progress(number / len(chosen.modes), f"network: {mode}")
        graphs.append(network_of(options, mode, ground, factors=factors))
    frames = [graph.to_frames() for graph in graphs]
    return {
        "nodes": _stack([nodes for nodes, _ in frames]),
        "edges": _stack([edges for _, edges in frames]),
        # Of the walk with buses in it the walk itself is found again.
        "findings_network": _stack([graph.findings for graph in graphs]).drop_duplicates("finding_id"),
    }


class Ground(NamedTuple):
    """What networks are built from, as the stage `read` leaves it."""

    roads: gpd.GeoDataFrame
    study_area: gpd.GeoDataFrame
    turns: gpd.GeoDataFrame | None
    elevation: Raster | None
    places: gpd.GeoDataFrame  # where lines of buses stop


def network_of(options: Options, mode: str, ground: Ground, *, factors: pd.DataFrame | None = None) -> TravelGraph:
    """Build one mode, walk and another one as a network of two layers, or the walk with buses laid into it."""
    chosen = options.network
    layers = [
        build_network(
            ground.roads,
            mode=layer,
            speeds=speed_table(options, chosen.speeds),
            speed_factor=chosen.speed_factor,
            ferries=chosen.ferries,
            season=None if chosen.season == DRY else chosen.season,
            elevation=ground.elevation if chosen.slope else None,
            ferry_wait_min=chosen.ferry_wait_min,
            turns=ground.turns if chosen.turns else None,
        )
        for layer in mode.split("+")
        if layer != BUS
    ]
    if factors is not None:
        for number, layer in enumerate(layers):
            own = factors.loc[factors["mode"] == layer.mode].set_index("group")["factor"]
            by_class = {str(name): float(factor) for name, factor in own.items()}
            layers[number] = with_class_factors(
                layer, by_class, by=options.calibration.by, groups=options.calibration.groups
            )
    graph = layers[0] if len(layers) == 1 else combine_networks(*layers)
    if chosen.hard_border:
        graph = hard_border(graph, ground.study_area)
    if mode != BY_BUS:
        return graph
    # Rides are straight lines between stops, which no border cuts.
    lines = bus_lines(chosen.bus, ground.places, crs=graph.crs)
    return bus_network(lines, graph, walk_km_h=chosen.walk_km_h, detour=chosen.detour, max_snap_m=chosen.max_snap_m)


def bus_lines(lines: Sequence[BusLine], places: gpd.GeoDataFrame, *, crs: CRS) -> gpd.GeoDataFrame:
    """Place the stops of a study's lines: in a settlement, or at a point."""
    shapes: list[BaseGeometry] = []
    problems = []
    for line in lines:
        for stop in line.stops:
            if not isinstance(stop, str):
                shapes.append(gpd.GeoSeries([shapely.Point(stop)], crs=WGS84).to_crs(crs).iloc[0])
                continue
            try:
                chosen = places["settlement_id"] == find_settlement(places, stop)
                shapes.append(places.geometry.to_crs(crs)[chosen].iloc[0])
            except ContractError as error:
                problems += [f"network.bus.{line.line}.stops: {problem}" for problem in error.problems]
    if problems:
        raise ContractError("network.bus", problems)
    rows = [
        {
            "line_id": line.line,
            "stop_order": number,
            "headway_min": line.headway_min,
            "ride_min": [*line.ride_min, nan][number] if line.ride_min else nan,
            "speed_km_h": line.speed_km_h or nan,
            "both_ways": line.both_ways,
        }
        for line in lines
        for number in range(len(line.stops))
    ]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=crs)


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    return gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=frames[0].crs)
