"""Seasons: the same network in the dry and in the wet, by the speed table's own rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import NetworkError
from spatial.network.combined import join_legs, take_legs, whole_split
from spatial.network.noding import Pieces, components_of
from spatial.network.road_access import FERRY, members
from spatial.network.speeds import MODES, load_speeds

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph
    from spatial.network.speeds import SeasonRules, SpeedTable


def with_season(
    graph: TravelGraph, season: str, *, table: str | Path | SpeedTable = "osrm_like"
) -> TravelGraph:
    """
    Put a network into another season.

    The speed of an edge is multiplied by the factor of its surface; a factor of 0 closes it in both directions, and it
    is not snapped to any more. Nodes, edges and their order stay, so that times in two seasons can be compared pair by
    pair. Modes that the season does not list, such as walking, are returned as they are.

    Parameters
    ----------
    graph : TravelGraph
        The network in the dry; left unchanged. Of a combined one, each leg takes the season that its mode has.
    season : str
        A season of the table: dry, wet, all_season (unpaved roads are removed), or one that the user's file adds.
    table : str, Path or SpeedTable
        The speed table that the graph was built with; its ``[season]`` sections decide.

    Returns
    -------
    TravelGraph
        With ``report["season"]``: shares of length slowed, closed, and of a surface that was imputed; of a combined
        network those of each leg, under ``legs``.

    Raises
    ------
    NetworkError
        Where the season is unknown, the graph is in a season already or has buses laid in, or the season closes by
        smoothness, which a finished graph does not know.
    StudyError
        Where the speed table is at fault.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from spatial.network import build_network
    >>> line = gpd.GeoDataFrame({"surface": ["dirt"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=32738)
    >>> dry = build_network(line, mode="drive")
    >>> float(dry.forward_min[0]), float(with_season(dry, "wet").forward_min[0])
    (12.0, 24.0)
    """
    speeds = load_speeds(table)
    rules = season_rules(speeds, season)
    if graph.edge_layer is not None:
        _check_name(graph, season)
        legs = take_legs(graph)
        slowed = [with_season(leg.graph, season, table=speeds) for leg in legs]
        whole = join_legs(graph, legs, [whole_split(leg) for leg in slowed]).graph
        found = {leg.mode: leg.report["season"] for leg in slowed}
        told = {"name": season, "speed_table": speeds.name, "legs": found}
        return replace(whole, report={**graph.report, "season": told})
    if rules.closed_smoothness and graph.mode in rules.modes:
        raise NetworkError(
            f"season {season}: closed_smoothness needs the tags of the roads; use build_network(..., season={season!r})"
        )
    return slowed_by_season(graph, season, speeds)


def season_rules(table: SpeedTable, season: str) -> SeasonRules:
    """Look a season up."""
    if season not in table.seasons:
        raise NetworkError(
            f"season {season!r} is not in the speed table {table.name}; it has {', '.join(sorted(table.seasons))}"
        )
    return table.seasons[season]


def slowed_by_season(
    graph: TravelGraph, season: str, table: SpeedTable, *, closed: NDArray[np.bool_] | None = None
) -> TravelGraph:
    """Apply a season whose name is known to be good."""
    _check(graph, season)
    rules = table.seasons[season]
    factor, imputed = np.ones(graph.n_edges), np.zeros(graph.n_edges, dtype=bool)
    if graph.mode in rules.modes:
        factor, imputed = _factors(graph, rules, table)
        if closed is not None:
            factor = np.where(closed, 0.0, factor)
    report = {**graph.report, "season": _report(graph, season, table, factor, imputed)}
    if bool((factor == 1.0).all()):
        return replace(graph, report=report)
    is_open = factor > 0
    divisor = np.where(is_open, factor, 1.0)
    forward, backward = (
        np.where(is_open, minutes / divisor, np.inf) for minutes in (graph.forward_min, graph.backward_min)
    )
    slowed = replace(
        graph.with_minutes(forward, backward, speed_km_h=graph.speed_km_h * factor), report=report
    )
    return slowed if bool(is_open.all()) else _without_closed(slowed, is_open)


def _check(graph: TravelGraph, season: str) -> None:
    if graph.mode not in MODES:
        raise NetworkError(
            f"season {season}: the graph of mode {graph.mode} holds several in one; "
            "apply the season to the walk before buses are laid in"
        )
    _check_name(graph, season)


def _check_name(graph: TravelGraph, season: str) -> None:
    before = graph.report.get("season", {}).get("name", "dry")
    if before != "dry":
        raise NetworkError(
            f"season {season}: the graph is in season {before} already; begin from the dry one"
        )


def _factors(
    graph: TravelGraph, rules: SeasonRules, table: SpeedTable
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Find the factor of every edge, and whether its surface had to be imputed."""
    surface = pd.Series(graph.surface, dtype=object)
    known = {text: _of_surface(text, rules, table) for text in surface.dropna().unique()}
    by_surface = surface.map(known).to_numpy(dtype=np.float64)
    imputed = np.isnan(by_surface)
    unpaved = np.isin(graph.road_class.astype(str), sorted(rules.unpaved_classes))
    unpaved = (unpaved & (graph.all_season != "yes")) | (graph.all_season == "no")
    factor = np.where(imputed, np.where(unpaved, rules.unpaved_factor, 1.0), by_surface)
    closed = np.isin(graph.road_class.astype(str), sorted(rules.closed_classes))
    if rules.closes_fair_weather:
        closed |= graph.all_season == "no"
    untouched = np.isin(graph.road_class.astype(str), sorted(table.all_season["class_yes"]))
    untouched |= graph.road_class == FERRY
    return np.where(untouched, 1.0, np.where(closed, 0.0, factor)), imputed & ~untouched


def _of_surface(text: str, rules: SeasonRules, table: SpeedTable) -> float:
    """Give the lowest factor of the members that are known; NaN where none is."""
    found = []
    for part in members(text):
        if part in rules.closed_surfaces:
            found.append(0.0)
        elif part in rules.surface:
            found.append(float(rules.surface[part]))
        elif part in table.all_season["unpaved"]:
            found.append(rules.unpaved_factor)
        elif part in table.all_season["surface_yes"]:
            found.append(1.0)
    return min(found, default=np.nan)


def _report(
    graph: TravelGraph,
    season: str,
    table: SpeedTable,
    factor: NDArray[np.float64],
    imputed: NDArray[np.bool_],
) -> dict[str, Any]:
    total = max(float(graph.length_m.sum()), np.finfo(float).tiny)
    marks = {
        "slowed_share": (factor > 0) & (factor != 1.0),
        "closed_share": factor == 0,
        "surface_imputed_share": imputed,
    }
    shares = {name: float(graph.length_m[mark].sum()) / total for name, mark in marks.items()}
    return {"name": season, "speed_table": table.name, **shares}


def _without_closed(graph: TravelGraph, is_open: NDArray[np.bool_]) -> TravelGraph:
    """Snap to closed edges no more, and find the components of the open ones, as if the others were not there."""
    pieces = Pieces(
        road=np.flatnonzero(is_open),
        start=graph.edge_from[is_open],
        end=graph.edge_to[is_open],
        length_m=graph.length_m[is_open],
        coordinates=graph.coordinates,
        offsets=graph.coordinate_offsets,
        node_x=graph.node_x,
        node_y=graph.node_y,
        node_source_id=graph.node_source_id,
    )
    node_component, km = components_of(graph.n_nodes, pieces)
    component = node_component[graph.edge_from]
    return replace(
        graph,
        is_snappable=graph.is_snappable & is_open,
        node_component=node_component,
        component=component,
        component_km=km[component],
    )
