"""One scenario on the networks of several modes: what is told of the roads of one is done on those of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.errors import first_of
from spatial.network.edits.edge_names import values_by_name
from spatial.network.edits.leg_roads import roads_of_modes
from spatial.network.edits.new_roads import road_ids
from spatial.network.legs.layers import BETWEEN, layer_of, leg_modes, own_pace
from spatial.sources.road_tags import with_known_tags

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.edits.scenarios import Scenario
    from spatial.network.graph import TravelGraph

__all__ = ["ModeScenario", "scenario_for_mode"]

_SHARED_M = 0.01
"""Edges of two modes are one stretch of a road where they share more than so many metres."""


@dataclass(frozen=True, eq=False)
class ModeScenario:
    """A scenario as one mode has it."""

    scenario: Scenario  # of what can be done on the network of the mode; by ids of its own edges
    left_out: tuple[str, ...] = ()  # what is not done on it, and why, a line each


def scenario_for_mode(
    scenario: Scenario, told: TravelGraph, graph: TravelGraph, *, areas: gpd.GeoSeries | None = None
) -> ModeScenario:
    """
    Say what a scenario that is told of the network of one mode changes on that of another.

    Modes cut roads at other places, so edges are found again as stretches of the same road, not by their ids. Closures
    hold for all modes; speeds, and factors on them, for motor vehicles where they are told of motor vehicles, and else
    for the mode alone that they are told of; a new road for the modes that may use a road of its class and tags, people
    on foot or on a cycle at the speed of its class.

    Examples
    --------
    >>> # scenario_for_mode(Scenario("paved", speeds={"w7": 60.0}), drive, walk).left_out
    """
    left_out: list[str] = []
    stretches = _Stretches(told, graph)
    closed = stretches.of(_closed(told, scenario.close)) | _on_ground(graph, areas)
    by_motor = any(not own_pace(mode) for mode in leg_modes(told))
    fit = _with_motor(graph) & by_motor
    speeds = _masks(told, scenario.speeds, classes=False)
    factors = _masks(told, scenario.factors, classes=True, neutral=1.0)
    if (speeds or factors) and not fit.any():
        whose = "motor vehicles" if by_motor else told.mode
        left_out.append(f"speeds: they are told of {whose}, not of {graph.mode}")
    changed = replace(
        scenario,
        close=graph.edge_id[closed].tolist(),
        speeds=stretches.values(speeds, fit) or None,
        factors=stretches.values(factors, fit) or None,
        add=_roads(scenario, graph, left_out, by_motor=by_motor),
    )
    return ModeScenario(changed, tuple(left_out))


class _Stretches:
    """Edges of one network along edges of another, road by road; each leg along the same leg where both have it."""

    def __init__(self, told: TravelGraph, graph: TravelGraph) -> None:
        self.told, self.graph = told, graph
        self.told_lines, self.lines = told.edge_lines(), graph.edge_lines()

    def of(self, edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mark the edges that share a stretch with any of those marked."""
        marked = np.zeros(self.graph.n_edges, dtype=bool)
        legs, told_layer = leg_modes(self.told), layer_of(self.told)
        for layer, mode in enumerate(leg_modes(self.graph)):
            of_leg = told_layer == legs.index(mode) if mode in legs else told_layer != BETWEEN
            marked |= self._along(np.flatnonzero(edges & of_leg), layer_of(self.graph) == layer)
        return marked

    def _along(self, rows: NDArray[np.int64], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        marked = np.zeros(self.graph.n_edges, dtype=bool)
        if not len(rows):
            return marked
        by_road = pd.Series(self.told_lines[rows]).groupby(self.told.road_id[rows].astype(str)).agg(list)
        ground = by_road.map(shapely.union_all)
        at = np.flatnonzero(among & pd.Index(self.graph.road_id).isin(ground.index))
        other = ground.reindex(self.graph.road_id[at]).to_numpy(dtype=object)
        marked[at] = shapely.length(shapely.intersection(self.lines[at], other)) > _SHARED_M
        return marked

    def values(self, masks: Mapping[float, NDArray[np.bool_]], among: NDArray[np.bool_]) -> dict[str, float]:
        """Give some of the edges the value of their stretch; the least where an edge lies along several."""
        ids = self.graph.edge_id
        found = ((value, self.of(masks[value]) & among) for value in sorted(masks, reverse=True))
        return {str(name): value for value, edges in found for name in ids[edges].tolist()}


def _closed(graph: TravelGraph, names: object) -> NDArray[np.bool_]:
    wanted = [str(name) for name in names] if isinstance(names, Iterable) else []
    values, _ = values_by_name(graph, pd.Series(1.0, index=wanted, dtype=float))
    return ~np.isnan(values)


def _masks(
    graph: TravelGraph, told: object, *, classes: bool, neutral: float = np.nan
) -> dict[float, NDArray[np.bool_]]:
    """Edges by what is told of them, but for what changes nothing."""
    wanted = pd.Series(dict(told) if isinstance(told, Mapping) else {}, dtype=float)
    values, _ = values_by_name(graph, wanted, classes=classes, vehicles=True)
    found = np.unique(values[~np.isnan(values) & (values != neutral)])
    return {float(value): values == value for value in found}


def _with_motor(graph: TravelGraph) -> NDArray[np.bool_]:
    """Edges of legs with a motor."""
    layers = [layer for layer, mode in enumerate(leg_modes(graph)) if not own_pace(mode)]
    return np.isin(layer_of(graph), layers)


def _on_ground(graph: TravelGraph, areas: gpd.GeoSeries | None) -> NDArray[np.bool_]:
    if areas is None or not len(areas):
        return np.zeros(graph.n_edges, dtype=bool)
    ground = areas.union_all()
    shapely.prepare(ground)
    touched = np.asarray(shapely.intersects(ground, graph.edge_lines()), dtype=bool)
    return np.asarray(touched & (layer_of(graph) != BETWEEN))


def _roads(
    scenario: Scenario, graph: TravelGraph, left_out: list[str], *, by_motor: bool
) -> gpd.GeoDataFrame | None:
    """Take the new roads that the mode may use, in the directions in which it may."""
    roads = scenario.add
    if roads is None or not len(roads):
        return None
    roads = with_known_tags(roads)
    if not by_motor and "speed_km_h" in roads:
        roads = roads.drop(columns="speed_km_h")
    taken, own = roads_of_modes(graph, roads, table=scenario.table)
    if not taken.all():
        left_out.append(f"new_roads: {first_of(road_ids(roads)[~taken])} are not open to {graph.mode}")
    return own if taken.any() else None
