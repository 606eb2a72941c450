"""Stages `calibration` and `network`: speeds held against observed times, and roads as a travel graph a mode."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from spatial.access.calibration import Calibration, FitRules, calibrate_speeds, with_class_factors
from spatial.access.places import find_settlement
from spatial.crs import WGS84
from spatial.errors import ContractError, refuse
from spatial.inputs.user_tables import observed_from_table
from spatial.network.build import build_network
from spatial.network.combined import BUS, LEG_SIGN, bus_network, combine_networks
from spatial.network.graph import TravelGraph
from spatial.network.snapping import snap
from spatial.network.splitting import hard_border
from spatial.rasters import Raster
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.policy import speed_table
from spatial.stages.shared import surroundings_of
from spatial.study.access import BY_BUS, BusLine

DRY = "dry"


def network(
    *,
    roads: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
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
    ground = Ground(roads, study_area, turns, elevation, places, water)
    for number, mode in enumerate(chosen.modes):
        progress(number / len(chosen.modes), mode)
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
    water: gpd.GeoDataFrame  # which nobody walks across to a stop


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
    # A bus stops on the road: who lives in the settlement walks there, and not from there to the settlement again.
    barriers = surroundings_of(options, ground.study_area, ground.water).barriers
    ways_in = snap(graph, lines.geometry, chosen, candidates=1, barriers=barriers)
    on_road = gpd.GeoSeries(gpd.points_from_xy(ways_in.foot_x[:, 0], ways_in.foot_y[:, 0]), lines.index, graph.crs)
    is_moved = lines["is_settlement"] & (ways_in.status == "ok")
    return bus_network(
        lines.set_geometry(lines.geometry.mask(is_moved, on_road)),
        graph,
        barriers=barriers,
        max_snap_m=chosen.max_snap_m,
        min_component_km=chosen.min_component_km,
        walk_km_h=chosen.walk_km_h,
        detour=chosen.detour,
    )


def bus_lines(lines: Sequence[BusLine], places: gpd.GeoDataFrame, *, crs: CRS) -> gpd.GeoDataFrame:
    """Place the stops of a study's lines: in a settlement, or at a point."""
    shapes: list[BaseGeometry] = []
    problems: list[str] = []
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
    refuse("network.bus", problems)
    rows = [
        {
            "line_id": line.line,
            "stop_order": number,
            "headway_min": line.headway_min,
            "ride_min": [*line.ride_min, nan][number] if line.ride_min else nan,
            "speed_km_h": line.speed_km_h or nan,
            "both_ways": line.both_ways,
            "is_settlement": isinstance(stop, str),
        }
        for line in lines
        for number, stop in enumerate(line.stops)
    ]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=crs)


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    return gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=frames[0].crs)


def calibration(
    *,
    roads: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    turns: gpd.GeoDataFrame | None = None,
    elevation: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Hold the speeds of the study's first mode against observed times; without such times there is nothing to do."""
    chosen = options.calibration
    if chosen.observed is None:
        return {}
    graph = network_of(options, options.network.modes[0], Ground(roads, study_area, turns, elevation, places, water))
    progress(0.4, "")
    file = options.raw_path(chosen.observed.path)
    observed = observed_from_table(file, chosen.observed, crs=graph.crs)
    numbers = [str(number) for number in range(1, len(observed) + 1)]
    found = calibrate_speeds(
        graph,
        observed.assign(observation=pd.Series(numbers, index=observed.index, dtype="str")),
        places=[places, facilities],
        by=chosen.by,
        groups=chosen.groups,
        fit=FitRules.from_options(chosen),
        rules=options.network,
        barriers=surroundings_of(options, study_area, water).barriers,
    )
    names = sorted(found.factors)
    # Classes of a combined mode say their leg; each leg is a mode of its own.
    legs = [name.split(LEG_SIGN, 1) if "+" in graph.mode else [graph.mode, name] for name in names]
    table = pd.DataFrame(
        {
            "mode": [leg for leg, _ in legs],
            "by": found.by,
            "group": [group for _, group in legs],
            "factor": np.array([found.factors[name] for name in names], dtype=np.float64),
            "applied": chosen.apply,
        }
    )
    # All observations in the order of the file, those that were not used with the reason.
    used, unused = found.observations.assign(reason=None), found.unused.assign(half="unused")
    seen = pd.concat([used, unused] if len(unused) else [used], ignore_index=True).assign(mode=graph.mode)
    seen = seen.iloc[np.argsort(seen["observation"].astype(int), kind="stable")].reset_index(drop=True)
    return {
        "calibration_factors": _words(table, ("mode", "by", "group")),
        "calibration_errors": _words(found.report.assign(mode=graph.mode), ("half", "stage", "by", "group", "mode")),
        "calibration_observations": _words(seen, ("observation", "mode", "half", "reason", "dominant_class")),
    }


class Fitted(NamedTuple):
    """What the stage found, where anything was observed."""

    factors: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    observations: pd.DataFrame | None = None

    def status(self, options: Options) -> str:
        """Say in a word how well the speeds are known."""
        if self.factors is None:
            return "uncalibrated"
        return "calibrated" if options.calibration.apply else "compared"


def calibration_of(options: Options, fitted: Fitted) -> Calibration | None:
    """Take what observed times said of the speeds. Returns None where nothing was observed."""
    factors, errors, seen = fitted
    if factors is None or errors is None or seen is None:
        return None
    names = (factors["mode"] + LEG_SIGN if "+" in options.network.modes[0] else "") + factors["group"]
    return Calibration(
        factors=dict(zip(names, factors["factor"], strict=True)),
        by=options.calibration.by,
        groups=options.calibration.groups,
        observations=seen.loc[seen["half"] != "unused"],
        unused=seen.loc[seen["half"] == "unused"],
        report=errors,
    )


def _words(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    return table.astype(dict.fromkeys(names, "str"))
