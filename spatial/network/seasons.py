"""Seasons: the same network in the dry and in the wet, by the speed table's own rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import NetworkError
from spatial.network.combined import join_legs, take_legs, whole_split
from spatial.network.graph import TravelGraph, length_share, with_components
from spatial.network.road_access import FERRY, members
from spatial.network.speeds import MODES, SeasonRules, SpeedTable, load_speeds
from spatial.study.access import BY_BUS

if TYPE_CHECKING:
    from pathlib import Path

    from spatial.arrays import BoolArray, FloatArray


def with_season(graph: TravelGraph, season: str, *, table: str | Path | SpeedTable = "osrm_like") -> TravelGraph:
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
        Where the season is unknown, the graph is in a season already or has buses laid into a walk that the season
        slows, or the season closes by smoothness, which a finished graph does not know.
    StudyError
        Where the speed table is at fault.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from spatial.network.build import build_network
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
    graph: TravelGraph, season: str, table: SpeedTable, *, closed: BoolArray | None = None
) -> TravelGraph:
    """Apply a season whose name is known to be good."""
    rules = table.seasons[season]
    if graph.mode not in MODES and not (graph.mode == BY_BUS and "walk" not in rules.modes):
        raise NetworkError(
            f"season {season}: the graph of mode {graph.mode} holds several in one; "
            "apply the season to the walk before buses are laid in"
        )
    _check_name(graph, season)
    factor, imputed = np.ones(graph.n_edges), np.zeros(graph.n_edges, dtype=bool)
    if graph.mode in rules.modes:
        factor, imputed = _factors(graph, rules, table)
        if closed is not None:
            factor = np.where(closed, 0.0, factor)
    told = {
        "name": season,
        "speed_table": table.name,
        "slowed_share": length_share(graph, (factor > 0) & (factor != 1.0)),
        "closed_share": length_share(graph, factor == 0),
        "surface_imputed_share": length_share(graph, imputed),
    }
    report = {**graph.report, "season": told}
    if bool((factor == 1.0).all()):
        return replace(graph, report=report)
    is_open = factor > 0
    divisor = np.where(is_open, factor, 1.0)
    forward, backward = (
        np.where(is_open, minutes / divisor, np.inf) for minutes in (graph.forward_min, graph.backward_min)
    )
    slowed = replace(graph.with_minutes(forward, backward, speed_km_h=graph.speed_km_h * factor), report=report)
    if bool(is_open.all()):
        return slowed
    # Nobody snaps to closed edges, and components are those of the open ones.
    return replace(with_components(slowed, is_open), is_snappable=graph.is_snappable & is_open)


def _check_name(graph: TravelGraph, season: str) -> None:
    before = graph.report.get("season", {}).get("name", "dry")
    if before != "dry":
        raise NetworkError(f"season {season}: the graph is in season {before} already; begin from the dry one")


def _factors(graph: TravelGraph, rules: SeasonRules, table: SpeedTable) -> tuple[FloatArray, BoolArray]:
    """Find the factor of every edge, and whether its surface had to be imputed."""
    surface = pd.Series(graph.surface, dtype=object)
    # The lowest factor of the members of a list that are known; of several rules for one the last here holds.
    by_word = {
        **dict.fromkeys(table.all_season["surface_yes"], 1.0),
        **dict.fromkeys(table.all_season["unpaved"], rules.unpaved_factor),
        **{word: float(factor) for word, factor in rules.surface.items()},
        **dict.fromkeys(rules.closed_surfaces, 0.0),
    }
    known = {
        text: min((by_word[part] for part in members(text) if part in by_word), default=np.nan)
        for text in surface.dropna().unique()
    }
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
