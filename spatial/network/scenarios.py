"""Scenarios on a built graph and on those of several modes: roads closed, faster or new, found by name or by file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from sys import float_info
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import ContractError, faults_at, first_of, of_kind, refuse
from spatial.formats.notes import listed, row_numbers
from spatial.inputs.road_tags import with_known_tags
from spatial.network.combined import BETWEEN, LEG_SIGN, layer_of, leg_modes, own_pace, whole_split
from spatial.network.graph import TWIN, EdgeOrigins, TravelGraph
from spatial.network.new_roads import (
    add_roads,
    add_to_legs,
    check_for_legs,
    check_roads,
    road_ids,
    roads_of_modes,
    with_usual_speeds,
)
from spatial.network.report import graph_report
from spatial.network.speeds import SpeedTable, with_season
from spatial.network.splitting import SplitGraph
from spatial.outlines import require_shapes

# Find edges by the names that people give: of a road, of an edge, of a class; of one leg or of all.


def values_by_name(
    graph: TravelGraph, wanted: pd.Series[float], *, classes: bool = False, vehicles: bool = False
) -> tuple[FloatArray, list[str]]:
    """Give edges the values of their names, NaN for none; and tell, in the order given, the names that no edge has."""
    values = np.full(graph.n_edges, np.nan)
    wanted = wanted[~wanted.index.duplicated()]
    if wanted.empty:
        return values, []
    known, of_motors = set[str](), set[str]()
    # Legs with a motor come first: what they have of what is told of vehicles is theirs alone.
    for number, mode in sorted(enumerate(leg_modes(graph)), key=lambda leg: own_pace(leg[1])):
        rows, sign = np.flatnonzero(layer_of(graph) == number), f"{mode}{LEG_SIGN}"
        ids = graph.edge_id[rows]
        own = pd.Series(dtype=float)
        if graph.edge_layer is not None:
            ids = np.array([name.removeprefix(sign) for name in ids.tolist()], dtype=object)
            own = wanted[[str(name).startswith(sign) for name in wanted.index]]
            own = own.set_axis([str(name).removeprefix(sign) for name in own.index])
        roads = graph.road_id[rows]
        # A way that an extract cut to pieces is called by its own name too: w7 stands for w7-2 and the others.
        ways = pd.Series(roads, dtype=object).str.replace(r"^(w\d+)-\d+$", r"\1", regex=True).to_numpy(dtype=object)
        by = [*([graph.road_class[rows]] if classes else []), ways, roads, ids]
        if graph.edge_twin is not None:
            # An edge's id stands for both its directions where turns make two edges of it; then for its own.
            by.insert(-1, np.array([name.replace(TWIN, "") for name in ids.tolist()], dtype=object))
        left = wanted[~wanted.index.isin(of_motors)] if vehicles and own_pace(mode) else wanted
        for names in by:  # of which the last prevails
            known.update(_place(values, rows, names, left))
            known.update(f"{sign}{name}" for name in _place(values, rows, names, own))
        of_motors |= set() if own_pace(mode) else known
    return values, [name for name in wanted.index if name not in known]


def _place(values: FloatArray, rows: IntArray, names: ObjectArray, wanted: pd.Series[float]) -> list[str]:
    """Set the values of edges that are called so; return the names that there are."""
    if wanted.empty:
        return []
    at = wanted.index.get_indexer(pd.Index(names))
    values[rows[at >= 0]] = wanted.to_numpy()[at[at >= 0]]
    return [str(name) for name in wanted.index[np.unique(at[at >= 0])]]


def unknown_names(graph: TravelGraph, names: Iterable[str], *, classes: bool = False) -> list[str]:
    """List names that the network has no road for."""
    wanted = pd.Series(1.0, index=pd.Index([str(name) for name in names], dtype=object), dtype=float)
    return values_by_name(graph, wanted, classes=classes)[1]


# Roads that a file closes: washed-out points, blocked lines, flooded areas, matched to the edges of a graph.

_JOINT = 2.0
"""A line does not close an edge that it meets only this many times the tolerance, or less, from the edge's ends."""


def edges_closed_by(
    graph: TravelGraph, marks: gpd.GeoDataFrame | gpd.GeoSeries, *, within_m: float = 10.0
) -> ObjectArray:
    """
    Find the edges that points, lines and areas close, over their whole length.

    A point closes the nearest edge of each leg within the tolerance, at a junction all there; a line those that it
    crosses or runs along, but no side roads that come near it within twice the tolerance of their ends alone; an area
    all it touches.
    """
    require_network_crs(marks.crs, graph.crs, what="closed roads")
    lines = graph.edge_lines()
    layer = layer_of(graph)
    closed, works = np.zeros(graph.n_edges, dtype=bool), np.zeros(len(marks), dtype=bool)
    for number in range(int(layer.max(initial=0)) + 1):
        own = np.flatnonzero(layer == number)
        ours = lines[own]
        tree = shapely.STRtree(ours)
        for row, shape in enumerate(marks.geometry):
            for part in shapely.get_parts(shape):
                if isinstance(part, shapely.Point):
                    edges = tree.query_nearest(part, max_distance=max(within_m, 1e-9))
                elif isinstance(part, shapely.Polygon):
                    edges = tree.query(part, predicate="intersects")
                else:
                    # Of each line both ends are left out; of a short one the middle is left.
                    edges, joint = tree.query(part, predicate="dwithin", distance=within_m), _JOINT * within_m
                    inner = [
                        substring(line, joint, line.length - joint)
                        if line.length > 2.0 * joint
                        else line.interpolate(0.5, normalized=True)
                        for line in ours[edges]
                    ]
                    edges = edges[shapely.dwithin(np.array(inner, dtype=object), part, within_m)]
                closed[own[edges]] = True
                works[row] |= len(edges) > 0
    if not works.all():
        idle = [f"row {number}" for number in row_numbers(marks)[~works]]
        if "edit_id" in marks:  # as what was drawn in QGIS has it
            idle = list(map(str, np.asarray(marks.loc[~works, "edit_id"])))
        raise ContractError(
            "closed roads", [f"geometry: no road within {within_m:g} m of {first_of(idle)}; correct it or widen it"]
        )
    return np.asarray(graph.edge_id[closed], dtype=object)


# Scenarios on a built graph: roads closed, faster or new, without building it again.

SNAP_TOLERANCE_M = 10.0
"""An end of a new road joins what lies within so many metres, by default: about the width of a road and its verge."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """
    What changes on the roads, under a name. Empty by default: then nothing does.

    Parameters
    ----------
    name : str
        What results are labelled with.
    close : iterable of str, geometry, GeoSeries or GeoDataFrame
        Edge or road ids, or the area whose roads are closed; see `edit_network`.
    speeds : mapping of str to float, or float, optional
        km/h by edge or road id, or a factor on every speed.
    factors : mapping of str to float, optional
        Factors on speeds by edge or road id, or by class of road.
    add : GeoDataFrame, optional
        New roads.
    season : str, optional
        A season of the speed table, which holds before everything else.
    table : str, Path or SpeedTable, optional
        The speed table, by default the preset of the network, whose season it is, and whose speeds new roads have that
        state none and of whose class the network has no road; in a combined one it tells which legs take a new road.
    snap_tolerance_m : float
        How far an end of a new road may be from what it joins, inclusive.
    """

    name: str = "baseline"
    close: Iterable[str] | BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame = ()
    speeds: Mapping[str, float] | float | None = None
    factors: Mapping[str, float] | None = None
    add: gpd.GeoDataFrame | None = None
    season: str | None = None
    table: str | Path | SpeedTable | None = field(default=None, repr=False)
    snap_tolerance_m: float = SNAP_TOLERANCE_M

    def apply(self, graph: TravelGraph) -> TravelGraph:
        """
        Change a graph as `edit_network` does, with all that it refuses; the same graph where the scenario is empty.

        A season that the speed table does not have raises a NetworkError.
        """
        return self.apply_with_account(graph).graph

    def apply_with_account(self, graph: TravelGraph) -> SplitGraph:
        """Change a graph as `apply` does, and say where its edges come from."""
        if self.season is not None:
            graph = with_season(graph, self.season, table=self.table)
        add = self.add
        if graph.edge_layer is None and isinstance(add, gpd.GeoDataFrame):
            add = with_usual_speeds(graph, add, table=self.table)
        return _edited(graph, replace(self, add=add), what=f"scenario {self.name}")


def edit_network(  # noqa: PLR0913 - each keyword is a change under its own name
    graph: TravelGraph,
    *,
    close: Iterable[str] | BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame = (),
    speeds: Mapping[str, float] | float | None = None,
    factors: Mapping[str, float] | None = None,
    add: gpd.GeoDataFrame | None = None,
    snap_tolerance_m: float = SNAP_TOLERANCE_M,
    table: str | Path | SpeedTable | None = None,
) -> TravelGraph:
    """
    Close, speed up or add roads on a built graph.

    Closed roads and other speeds change minutes alone: nodes, edges, components and what places can be joined to stay.
    New roads are cut in where they cross or touch edges, at dead ends that they pass within the tolerance, and at both
    ends, which join the nearest node or else edge within the tolerance. Bridges, tunnels, ferries and roads with
    controlled access are crossed without a junction, old and new alike, and are joined at nodes alone. Nodes keep their
    numbers; new nodes and edges come behind them.

    In a combined network (`combine_networks`) every leg is closed, and every leg takes the new roads that its mode may
    use. Speeds and factors by name are those of vehicles: legs at the pace of people (walk, cycle, ebike) keep theirs
    where another leg has a road of that name. The mode before a name, ``walk:w7``, means that leg alone.

    Parameters
    ----------
    graph : TravelGraph
        The baseline; left unchanged.
    close : iterable of str, geometry, GeoSeries or GeoDataFrame
        Ids of edges or roads; or an area (a flood, a landslide): every edge that touches it is closed over its whole
        length. In both directions.
    speeds : mapping of str to float, or float, optional
        km/h by id of edges (which prevail) or roads, in each direction that is open; or a factor above 0 on the speeds
        of all edges. What is closed stays closed.
    factors : mapping of str to float, optional
        Factors above 0 on the speeds of edges, by their id, else by that of their road, else by their class of road.
        Where `speeds` state km/h, those hold.
    add : GeoDataFrame of LineString or MultiLineString, optional
        New roads in the CRS of the graph. Columns, all optional: road_id (not one that there is), road_class
        (unclassified), speed_km_h (the median speed of its class in the graph), length_km (as drawn; a road that is
        longer takes as much longer, edges keep their drawn length), oneway (no, yes, -1; F, T, B), surface, all_season
        (unknown), bridge, tunnel, motorroad.
    snap_tolerance_m : float
        How far an end of a new road may be from what it joins, inclusive.
    table : str, Path or SpeedTable, optional
        What gives new roads their speed where their class is new too; without, a combined network takes the preset that
        it was built with, and others ask for the speed.

    Returns
    -------
    TravelGraph
        With ``report["scenario"]``: edges and kilometres closed, given another speed and added, and the ends of new
        roads that join nothing. The same graph where nothing is asked for.

    Raises
    ------
    ContractError
        Where ids are unknown or new roads or speeds make no sense; every fault at once.
    CrsError
        Where the CRS of geometries is not the graph's.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from spatial.network.build import build_network
    >>> line = gpd.GeoDataFrame({"road_id": ["w1"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=32738)
    >>> graph = build_network(line, mode="drive")
    >>> float(graph.forward_min[0]), float(edit_network(graph, speeds={"w1": 50.0}).forward_min[0])
    (12.0, 6.0)
    """
    of_kind("graph", graph, TravelGraph, required=True)
    how: dict[str, Any] = {"snap_tolerance_m": snap_tolerance_m, "table": table}
    changes = Scenario(close=close, speeds=speeds, factors=factors, add=add, **how)
    return _edited(graph, changes, what="scenario").graph if table is None else changes.apply(graph)


def _edited(graph: TravelGraph, changes: Scenario, *, what: str) -> SplitGraph:
    """Change a graph as a scenario says, but for its season, and say where its edges come from."""
    add, tolerance_m, table = changes.add, changes.snap_tolerance_m, changes.table
    problems: list[str] = []
    if add is not None:
        require_shapes("add", add)
        add = with_known_tags(add)
    closed = _closed(graph, changes.close, problems)
    everywhere, stated = _speeds(graph, changes.speeds, problems)
    factor = np.where(_is_road(graph), everywhere, 1.0) * _factors(graph, changes.factors, problems)
    if not (isinstance(tolerance_m, int | float | np.number) and 0.0 <= tolerance_m < np.inf):
        problems.append(f"snap_tolerance_m: is {tolerance_m!r}, must be 0 or more")
    if add is not None and len(add):
        problems += check_roads(graph, add) if graph.edge_layer is None else check_for_legs(graph, add, table=table)
    refuse(what, problems)
    account: dict[str, Any] = {}
    changed = _with_speeds(graph, factor, stated, account)
    if closed.any():
        account["closed_edges"], account["closed_km"] = _counted(graph, closed)
        changed = changed.with_closed(closed)
    split = whole_split(changed)
    if add is not None and len(add):
        plain = replace(changed, before=None)
        split, joined = (
            add_roads(plain, add, snap_tolerance_m=tolerance_m)
            if graph.edge_layer is None
            else add_to_legs(plain, add, snap_tolerance_m=tolerance_m, table=table)
        )
        account |= joined
        before = changed.before or EdgeOrigins(np.arange(changed.n_edges), changed.component_km)
        wider = replace(split.graph, before=before.take(split.parent))
        split = replace(split, graph=_reported(wider, graph_report(wider)))
    return replace(split, graph=_reported(split.graph, {"scenario": account})) if account else split


def _reported(graph: TravelGraph, values: dict[str, Any]) -> TravelGraph:
    return replace(graph, report={**graph.report, **values})


def _counted(graph: TravelGraph, edges: BoolArray) -> tuple[int, float]:
    """Count edges and their kilometres, roads that are two edges once."""
    counted = edges & graph.is_counted
    return int(counted.sum()), float(graph.length_m[counted].sum()) / 1000.0


def _closed(graph: TravelGraph, close: object, problems: list[str]) -> BoolArray:
    if isinstance(close, BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame):
        if isinstance(close, BaseGeometry):
            return _touched(graph, close)
        require_shapes("close", close, series_too=True)
        require_network_crs(close.crs, graph.crs, what="close")
        return _touched(graph, close.geometry.union_all())
    names: list[str] = []
    if isinstance(close, str):
        problems.append(f"close: is one text; write [{close!r}]")
    elif isinstance(close, Iterable):
        names = [str(name) for name in close]
    else:
        problems.append(f"close: is {close!r}, must be ids of roads or edges, or an area")
    found, unknown = values_by_name(graph, pd.Series(1.0, index=names, dtype=float))
    problems += faults_at("close: the network has no edge or road", unknown)
    return ~np.isnan(found)


def _touched(graph: TravelGraph, area: shapely.Geometry) -> BoolArray:
    """Tell the roads that touch an area."""
    shapely.prepare(area)
    return np.asarray(shapely.intersects(area, graph.edge_lines()), dtype=bool) & _is_road(graph)


def _is_road(graph: TravelGraph) -> BoolArray:
    """Tell roads from the links between legs, which no scenario changes."""
    return np.asarray(layer_of(graph) != BETWEEN)


def _speeds(
    graph: TravelGraph, speeds: Mapping[str, float] | float | None, problems: list[str]
) -> tuple[float, FloatArray]:
    """Read speeds as a factor on all, and km/h of some; NaN for none."""
    none = np.full(graph.n_edges, np.nan)
    if speeds is None:
        return 1.0, none
    if not isinstance(speeds, Mapping):
        if _is_factor(speeds):
            return float(speeds), none
        shown = f"{speeds:g}" if isinstance(speeds, int | float) else repr(speeds)
        problems.append(f"speeds: the factor is {shown}, must be above 0, or km/h by id")
        return 1.0, none
    given = pd.Series(list(speeds.values()), index=[str(name) for name in speeds], dtype=object)
    wanted = pd.to_numeric(given, errors="coerce").astype(np.float64)
    wrong = wanted.index[~((wanted > 0) & (wanted < np.inf))]
    problems += faults_at("speeds: must be above 0 km/h, not so for", wrong, "; use close for closed roads")
    values, unknown = values_by_name(graph, wanted.fillna(0.0), vehicles=True)
    problems += faults_at("speeds: the network has no edge or road", unknown)
    return 1.0, values


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and 0.0 < float(value) <= float_info.max


def _factors(graph: TravelGraph, factors: object, problems: list[str]) -> FloatArray:
    """Find the factor of each edge: by its id, else by that of its road, else by its class."""
    if not isinstance(factors, Mapping):
        if factors is not None:
            problems.append(f"factors: is {factors!r}, must be factors by road, edge or class; one for all is speeds")
        return np.ones(graph.n_edges)
    wrong = [name for name, factor in factors.items() if not _is_factor(factor)]
    problems += faults_at("factors: must be above 0, not so for", wrong, "; use close for closed roads")
    wanted = {str(name): float(factor) for name, factor in factors.items() if name not in wrong}
    found, unknown = values_by_name(graph, pd.Series(wanted, dtype=float), classes=True, vehicles=True)
    problems += faults_at("factors: the network has no edge or road", unknown)
    return np.where(np.isnan(found), 1.0, found)


def _with_speeds(graph: TravelGraph, factor: FloatArray, stated: FloatArray, account: dict[str, Any]) -> TravelGraph:
    is_stated = ~np.isnan(stated)
    scaled = (factor != 1.0) & ~is_stated
    if not scaled.any() and not is_stated.any():
        return graph
    own = 0.06 * graph.length_m / np.where(is_stated, stated, 1.0)
    forward, backward = (
        np.where(is_stated & np.isfinite(minutes), own, minutes / factor)
        for minutes in (graph.forward_min, graph.backward_min)
    )
    speed = np.where(is_stated, stated, graph.speed_km_h * factor)
    if is_stated.any():
        account["speed_edges"], account["speed_km"] = _counted(graph, is_stated)
    roads = _is_road(graph)
    if scaled.any() and (factor[roads] == factor[roads][0]).all():
        account["speed_factor"] = float(factor[roads][0])
    elif scaled.any():
        account["scaled_edges"], account["scaled_km"] = _counted(graph, scaled)
    changed = graph.with_minutes(forward, backward, speed_km_h=speed)
    source = np.where(is_stated, "stated", graph.speed_source).astype(object)
    return replace(changed, speed_source=source) if is_stated.any() else changed


# One scenario on the networks of several modes: what is told of the roads of one is done on those of another.

_SHARED_M = 0.01
"""Edges of two modes are one stretch of a road where they share more than so many metres."""


@dataclass(frozen=True, eq=False)
class ModeScenario:
    """A scenario as one mode has it."""

    scenario: Scenario  # of what can be done on the network of the mode; by ids of its own edges
    # what is not done on it, by key of the scenario: what messages `left_out_KEY` hold
    left_out: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def scenario_for_mode(
    scenario: Scenario, told: TravelGraph, graph: TravelGraph, *, areas: gpd.GeoSeries | None = None
) -> ModeScenario:
    """
    Say what a scenario that is told of the network of one mode changes on that of another, by stretches of roads.

    Closures hold for all modes; speeds and factors for motor vehicles where told of these, else for the mode alone; a
    new road for the modes that may use it, people on foot or on a cycle at the speed of its class.
    """
    left_out: dict[str, dict[str, Any]] = {}
    mode = {"section": "mode", "word": graph.mode}
    stretches = _Stretches(told, graph)
    wanted = [str(name) for name in scenario.close] if isinstance(scenario.close, Iterable) else []
    values, _ = values_by_name(told, pd.Series(1.0, index=wanted, dtype=float))
    closed = stretches.of(~np.isnan(values))
    if areas is not None and len(areas):
        closed |= _touched(graph, areas.union_all())
    by_motor = any(not own_pace(mode) for mode in leg_modes(told))
    # Edges of legs with a motor.
    layers = [layer for layer, mode in enumerate(leg_modes(graph)) if not own_pace(mode)]
    fit = np.isin(layer_of(graph), layers) & by_motor
    speeds = _masks(told, scenario.speeds, classes=False)
    factors = _masks(told, scenario.factors, classes=True, neutral=1.0)
    if (speeds or factors) and not fit.any():
        whose = {"section": "notice_part" if by_motor else "mode", "word": "motor" if by_motor else told.mode}
        left_out["speeds"] = {"whose": whose, "mode": mode}
    # The new roads that the mode may use, in the directions in which it may.
    roads = scenario.add
    if roads is not None and len(roads):
        roads = with_known_tags(roads)
        if not by_motor and "speed_km_h" in roads:
            roads = roads.drop(columns="speed_km_h")
        taken, own = roads_of_modes(graph, roads, table=scenario.table, season=scenario.season)
        if not taken.all():
            left_out["new_roads"] = {"roads": listed(road_ids(roads)[~taken]), "mode": mode}
        roads = own
    changed = replace(
        scenario,
        close=graph.edge_id[closed].tolist(),
        speeds=stretches.values(speeds, fit) or None,
        factors=stretches.values(factors, fit) or None,
        add=roads if roads is not None and len(roads) else None,
    )
    return ModeScenario(changed, left_out)


class _Stretches:
    """Edges of one network along edges of another, road by road; each leg along the same leg where both have it."""

    def __init__(self, told: TravelGraph, graph: TravelGraph) -> None:
        self.told, self.graph = told, graph
        self.told_lines, self.lines = told.edge_lines(), graph.edge_lines()

    def of(self, edges: BoolArray) -> BoolArray:
        """Mark the edges that share a stretch with any of those marked."""
        marked = np.zeros(self.graph.n_edges, dtype=bool)
        legs, told_layer = leg_modes(self.told), layer_of(self.told)
        for layer, mode in enumerate(leg_modes(self.graph)):
            of_leg = told_layer == legs.index(mode) if mode in legs else told_layer != BETWEEN
            marked |= self._along(np.flatnonzero(edges & of_leg), layer_of(self.graph) == layer)
        return marked

    def _along(self, rows: IntArray, among: BoolArray) -> BoolArray:
        marked = np.zeros(self.graph.n_edges, dtype=bool)
        if not len(rows):
            return marked
        by_road = pd.Series(self.told_lines[rows]).groupby(self.told.road_id[rows].astype(str)).agg(list)
        ground = by_road.map(shapely.union_all)
        at = np.flatnonzero(among & pd.Index(self.graph.road_id).isin(ground.index))
        other = ground.reindex(self.graph.road_id[at]).to_numpy(dtype=object)
        marked[at] = shapely.length(shapely.intersection(self.lines[at], other)) > _SHARED_M
        return marked

    def values(self, masks: Mapping[float, BoolArray], among: BoolArray) -> dict[str, float]:
        """Give some of the edges the value of their stretch; the least where an edge lies along several."""
        ids = self.graph.edge_id
        found = ((value, self.of(masks[value]) & among) for value in sorted(masks, reverse=True))
        return {str(name): value for value, edges in found for name in ids[edges].tolist()}


def _masks(graph: TravelGraph, told: object, *, classes: bool, neutral: float = np.nan) -> dict[float, BoolArray]:
    """Edges by what is told of them, but for what changes nothing."""
    wanted = pd.Series(dict(told) if isinstance(told, Mapping) else {}, dtype=float)
    values, _ = values_by_name(graph, wanted, classes=classes, vehicles=True)
    found = np.unique(values[~np.isnan(values) & (values != neutral)])
    return {float(value): values == value for value in found}
