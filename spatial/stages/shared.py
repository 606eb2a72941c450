"""What several stages begin with: the study's graphs, what lies around, services looked at closely, headline norms."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from spatial.access.options import TOWN_TIERS
from spatial.access.places import Surroundings
from spatial.messages import warn
from spatial.network.graph import TravelGraph
from spatial.network.splitting import border_lines
from spatial.runner.stage import Options
from spatial.stages.policy import asked, asked_by_norms, vocabulary_of, wanted_services
from spatial.study.access import MANY_SETTLEMENTS

_log = logging.getLogger(__name__)


def graphs_of(options: Options, nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> list[TravelGraph]:
    """Read the graph of every mode back."""
    return [graph_of(options, nodes, edges, mode) for mode in options.network.modes]


def graph_of(
    options: Options, nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, mode: str | None = None
) -> TravelGraph:
    """Read the graph of one mode, by default of the one that headlines use; a run reads each but once."""
    chosen = mode or options.network.modes[0]
    made: TravelGraph = options.derived(
        ("nodes", "edges"), f"graph of {chosen}", lambda: TravelGraph.from_frames(nodes, edges, mode=chosen)
    )
    return made


def surroundings_of(options: Options, study_area: gpd.GeoDataFrame, water: gpd.GeoDataFrame) -> Surroundings:
    """Take what lies around places; a hard border is a barrier too."""
    around = Surroundings.from_layers(study_area=study_area, water=water)
    if not options.network.hard_border:
        return around
    walls = [border_lines(study_area)] + ([] if around.barriers is None else [around.barriers])
    barriers = gpd.GeoSeries(pd.concat(walls, ignore_index=True), crs=study_area.crs)
    return Surroundings(around.study_area, barriers, around.sea)


def closer_services(options: Options, facilities: gpd.GeoDataFrame, named: Sequence[str]) -> dict[str, frozenset[str]]:
    """Choose the services that are looked at more closely than by the nearest facility."""
    offered = set(facilities.loc[facilities["status"] == "existing", "service"].unique())
    vocabulary = vocabulary_of(options)
    every = {name: kinds for name, kinds in wanted_services(options, vocabulary, offered).items() if kinds & offered}
    if named:
        return {
            name: every.get(name, vocabulary.satisfying(name))
            for name in named
            if vocabulary.satisfying(name) & offered
        }
    found = asked_by_norms(pd.DataFrame(_headlines(options), columns=["service", "bundle_members"]), vocabulary)
    return {name: kinds for name, kinds in every.items() if name in found} or every


def is_left_out(what: str, named: Sequence[str], settlements: gpd.GeoDataFrame) -> bool:
    """Tell, and say, that a country is too large for what nobody asked for."""
    if named or len(settlements) <= MANY_SETTLEMENTS:
        return False
    warn(_log, "left_out", table=what)
    return True


# What the headline norms ask for: towns, and the minutes that people are counted within.


def headline_cutoffs(options: Options) -> list[float]:
    """List the study's cutoffs and the minutes that its headline norms ask for."""
    return sorted({*map(float, options.access.cutoffs_min), *(norm["threshold"] for norm in _timed(options))})


def headline_minutes(options: Options) -> dict[str, float]:
    """Find the minutes that the headline norms ask for by service."""
    vocabulary, found = vocabulary_of(options), dict[str, float]()
    for norm in _timed(options):
        item = vocabulary.for_register(norm["service"])
        if item is not None:
            found.setdefault(item.id, norm["threshold"])
    return found


def headline_towns(options: Options, settlements: gpd.GeoDataFrame) -> dict[str, frozenset[str]]:
    """Choose the tiers of towns that headline norms ask for."""
    vocabulary = vocabulary_of(options)
    asked = {vocabulary.for_register(word) for word in {norm["service"] for norm in _headlines(options)}}
    tiers = sorted({item.id for item in asked if item is not None} & set(TOWN_TIERS))
    return {tier: TOWN_TIERS[tier] for tier in tiers if settlements["tier"].isin(TOWN_TIERS[tier]).any()}


def townspeople(ids: pd.Series, settlements: pd.DataFrame, tiers: frozenset[str]) -> pd.Series:
    """Tell who lives in a town: a town has no way to itself."""
    return ids.isin(settlements.loc[settlements["tier"].isin(tiers), "settlement_id"])


def _headlines(options: Options) -> list[dict[str, Any]]:
    norms: list[dict[str, Any]] = asked(options, offered=set())["headlines"]
    return norms


def _timed(options: Options) -> list[dict[str, Any]]:
    return [
        norm
        for norm in _headlines(options)
        if norm["metric"] == "time_min" and norm["unit"] == "min" and norm["threshold"] is not None
    ]
