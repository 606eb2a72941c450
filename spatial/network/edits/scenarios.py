"""Scenarios on a built graph: roads closed, faster or new, without building it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from sys import float_info
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from spatial.errors import ContractError, CrsError, first_of
from spatial.network.edits.edge_names import values_by_name
from spatial.network.edits.leg_roads import add_to_legs, check_for_legs
from spatial.network.edits.new_roads import add_roads, check_roads
from spatial.network.graph import Before
from spatial.network.legs.layers import BETWEEN, layer_of, whole_split
from spatial.network.report import graph_report
from spatial.network.rules.seasons import with_season
from spatial.sources.road_tags import with_known_tags

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from spatial.network.edits.splitting import Split
    from spatial.network.graph import TravelGraph
    from spatial.network.rules.speeds import SpeedTable

    Closure = Iterable[str] | BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame
    Speeds = Mapping[str, float] | float | None
    Factors = Mapping[str, float] | None

__all__ = ["SNAP_TOLERANCE_M", "Scenario", "edit_network", "edit_with_account"]

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
    table : str, Path or SpeedTable
        The speed table whose season it is; in a combined network it also tells which legs take a new road.
    snap_tolerance_m : float
        How far an end of a new road may be from what it joins, inclusive.
    """

    name: str = "baseline"
    close: Closure = ()
    speeds: Speeds = None
    factors: Factors = None
    add: gpd.GeoDataFrame | None = None
    season: str | None = None
    table: str | Path | SpeedTable = field(default="osrm_like", repr=False)
    snap_tolerance_m: float = SNAP_TOLERANCE_M

    def apply(self, graph: TravelGraph) -> TravelGraph:
        """
        Change a graph.

        Parameters
        ----------
        graph : TravelGraph
            The baseline; left unchanged.

        Returns
        -------
        TravelGraph
            As `edit_network` returns it; the same graph where the scenario is empty.

        Raises
        ------
        ContractError, CrsError
            As of `edit_network`.
        NetworkError
            Where the season is unknown.
        """
        return self.apply_with_account(graph).graph

    def apply_with_account(self, graph: TravelGraph) -> Split:
        """
        Change a graph, and say where its edges come from.

        Parameters
        ----------
        graph : TravelGraph
            The baseline; left unchanged.

        Returns
        -------
        Split
            With the graph that `apply` returns.

        Raises
        ------
        ContractError, CrsError
            As of `edit_network`.
        NetworkError
            Where the season is unknown.
        """
        if self.season is not None:
            graph = with_season(graph, self.season, table=self.table)
        return edit_with_account(
            graph,
            close=self.close,
            speeds=self.speeds,
            factors=self.factors,
            add=self.add,
            snap_tolerance_m=self.snap_tolerance_m,
            table=self.table,
            what=f"scenario {self.name}",
        )


def edit_network(
    graph: TravelGraph,
    *,
    close: Closure = (),
    speeds: Speeds = None,
    factors: Factors = None,
    add: gpd.GeoDataFrame | None = None,
    snap_tolerance_m: float = SNAP_TOLERANCE_M,
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
        (unclassified), speed_km_h (the median speed of its class in the graph), oneway (no, yes, -1; F, T, B),
        surface, all_season (unknown), bridge, tunnel, motorroad.
    snap_tolerance_m : float
        How far an end of a new road may be from what it joins, inclusive.

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
    >>> from spatial.network import build_network
    >>> line = gpd.GeoDataFrame({"road_id": ["w1"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=32738)
    >>> graph = build_network(line, mode="drive")
    >>> float(graph.forward_min[0]), float(edit_network(graph, speeds={"w1": 50.0}).forward_min[0])
    (12.0, 6.0)
    """
    return edit_with_account(
        graph, close=close, speeds=speeds, factors=factors, add=add, snap_tolerance_m=snap_tolerance_m
    ).graph


def edit_with_account(  # noqa: PLR0913 - each keyword is a change of its own
    graph: TravelGraph,
    *,
    close: Closure = (),
    speeds: Speeds = None,
    factors: Factors = None,
    add: gpd.GeoDataFrame | None = None,
    snap_tolerance_m: float = SNAP_TOLERANCE_M,
    table: str | Path | SpeedTable = "osrm_like",
    what: str = "scenario",
) -> Split:
    """Edit a graph as `edit_network` does, and say where its edges come from."""
    problems: list[str] = []
    if isinstance(add, gpd.GeoDataFrame) and add.active_geometry_name is not None:
        add = with_known_tags(add)
    closed = _closed(graph, close, problems)
    everywhere, stated = _speeds(graph, speeds, problems)
    everywhere_but_links = np.where(_is_road(graph), everywhere, 1.0)
    factor = everywhere_but_links * _factors(graph, _by_name(factors, problems), problems)
    if not 0.0 <= snap_tolerance_m < np.inf:
        problems.append(f"snap_tolerance_m: is {snap_tolerance_m:g}, must be 0 or more")
    if add is not None and len(add):
        problems += (
            check_roads(graph, add) if graph.edge_layer is None else check_for_legs(graph, add, table=table)
        )
    if problems:
        raise ContractError(what, problems)
    account: dict[str, Any] = {}
    changed = _with_speeds(graph, factor, stated, account)
    changed = _with_closures(changed, closed, account)
    split = whole_split(changed)
    if add is not None and len(add):
        plain = replace(changed, before=None)
        split, joined = (
            add_roads(plain, add, snap_tolerance_m=snap_tolerance_m)
            if graph.edge_layer is None
            else add_to_legs(plain, add, snap_tolerance_m=snap_tolerance_m, table=table)
        )
        account |= joined
        before = changed.before or Before(np.arange(changed.n_edges), changed.component_km)
        wider = replace(split.graph, before=before.take(split.parent))
        split = replace(split, graph=_reported(wider, graph_report(wider)))
    return replace(split, graph=_reported(split.graph, {"scenario": account})) if account else split


def _reported(graph: TravelGraph, values: dict[str, Any]) -> TravelGraph:
    return replace(graph, report={**graph.report, **values})


def _closed(graph: TravelGraph, close: Closure, problems: list[str]) -> NDArray[np.bool_]:
    if isinstance(close, BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame):
        return _touching(graph, close)
    if isinstance(close, str):
        problems.append(f"close: is one text; write [{close!r}]")
        return np.zeros(graph.n_edges, dtype=bool)
    names = _texts(close, problems)
    found, unknown = values_by_name(graph, pd.Series(1.0, index=names, dtype=float))
    _tell_unknown("close", unknown, problems)
    return ~np.isnan(found)


def _tell_unknown(key: str, unknown: list[str], problems: list[str]) -> None:
    if unknown:
        problems.append(f"{key}: the network has no edge or road {first_of(unknown)}")


def _texts(names: object, problems: list[str]) -> list[str]:
    if isinstance(names, Iterable):
        return [str(name) for name in names]
    problems.append(f"close: is {names!r}, must be ids of roads or edges, or an area")
    return []


def _touching(graph: TravelGraph, area: BaseGeometry | gpd.GeoSeries | gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Edges that touch an area."""
    if not isinstance(area, BaseGeometry):
        if area.crs != graph.crs:
            name = "none" if area.crs is None else area.crs.to_string()
            raise CrsError(
                f"close: CRS {name}, but the network has {graph.crs.to_string()}; reproject with to_crs(graph.crs)"
            )
        area = area.geometry.union_all()
    shapely.prepare(area)
    touched = np.asarray(shapely.intersects(area, graph.edge_lines()), dtype=bool)
    return touched & _is_road(graph)


def _is_road(graph: TravelGraph) -> NDArray[np.bool_]:
    """Tell roads from the links between legs, which no scenario changes."""
    return np.asarray(layer_of(graph) != BETWEEN)


def _speeds(graph: TravelGraph, speeds: Speeds, problems: list[str]) -> tuple[float, NDArray[np.float64]]:
    """Read speeds as a factor on all, and km/h of some; NaN for none."""
    none = np.full(graph.n_edges, np.nan)
    if speeds is None:
        return 1.0, none
    if not isinstance(speeds, Mapping):
        if _is_factor(speeds):
            return float(speeds), none
        problems.append(f"speeds: the factor is {_shown(speeds)}, must be above 0, or km/h by id")
        return 1.0, none
    wanted = pd.Series(
        pd.to_numeric(pd.Series(list(speeds.values()), dtype=object), errors="coerce").to_numpy(
            dtype=np.float64
        ),
        index=[str(name) for name in speeds],
    )
    wrong = wanted.index[~((wanted > 0) & (wanted < np.inf))]
    if len(wrong):
        problems.append(
            f"speeds: must be above 0 km/h, not so for {first_of(wrong)}; use close for closed roads"
        )
    values, unknown = values_by_name(graph, wanted.fillna(0.0), vehicles=True)
    _tell_unknown("speeds", unknown, problems)
    return 1.0, values


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and 0.0 < float(value) <= float_info.max


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else repr(value)


def _by_name(factors: object, problems: list[str]) -> Mapping[str, float]:
    if isinstance(factors, Mapping):
        return dict(factors)
    if factors is not None:
        problems.append(
            f"factors: is {factors!r}, must be factors by road, edge or class; one for all is speeds"
        )
    return {}


def _factors(graph: TravelGraph, factors: Mapping[str, float], problems: list[str]) -> NDArray[np.float64]:
    """Find the factor of each edge: by its id, else by that of its road, else by its class."""
    if not factors:
        return np.ones(graph.n_edges)
    wrong = [name for name, factor in factors.items() if not _is_factor(factor)]
    if wrong:
        factors = {name: factor for name, factor in factors.items() if name not in wrong}
        problems.append(f"factors: must be above 0, not so for {first_of(wrong)}; use close for closed roads")
    wanted = pd.Series({str(name): float(factor) for name, factor in factors.items()}, dtype=float)
    found, unknown = values_by_name(graph, wanted, classes=True, vehicles=True)
    _tell_unknown("factors", unknown, problems)
    return np.where(np.isnan(found), 1.0, found)


def _with_speeds(
    graph: TravelGraph, factor: NDArray[np.float64], stated: NDArray[np.float64], account: dict[str, Any]
) -> TravelGraph:
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
        account["speed_edges"] = int(is_stated.sum())
        account["speed_km"] = float(graph.length_m[is_stated].sum()) / 1000.0
    roads = _is_road(graph)
    if scaled.any() and (factor[roads] == factor[roads][0]).all():
        account["speed_factor"] = float(factor[roads][0])
    elif scaled.any():
        account["scaled_edges"] = int(scaled.sum())
        account["scaled_km"] = float(graph.length_m[scaled].sum()) / 1000.0
    changed = graph.with_minutes(forward, backward, speed_km_h=speed)
    source = np.where(is_stated, "stated", graph.speed_source).astype(object)
    return replace(changed, speed_source=source) if is_stated.any() else changed


def _with_closures(graph: TravelGraph, closed: NDArray[np.bool_], account: dict[str, Any]) -> TravelGraph:
    if not closed.any():
        return graph
    account["closed_edges"] = int(closed.sum())
    account["closed_km"] = float(graph.length_m[closed].sum()) / 1000.0
    forward, backward = (
        np.where(closed, np.inf, minutes) for minutes in (graph.forward_min, graph.backward_min)
    )
    return graph.with_minutes(forward, backward, speed_km_h=graph.speed_km_h)
