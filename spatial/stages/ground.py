"""What several stages begin with: the study's graphs, what lies around, and the services looked at more closely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.access import Surroundings
from spatial.network import TravelGraph
from spatial.network.edits.border import border_lines
from spatial.stages.rules import binding_norms, vocabulary_of, wanted_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spatial.runner.stage import Options

__all__ = [
    "closer_services",
    "graph_of",
    "graphs_of",
    "main_graph",
    "speeds_of",
    "speeds_over_ground",
    "surroundings_of",
]


def speeds_of(options: Options) -> str | Path:
    """Name the study's speed table."""
    speeds: str = options.network.speeds
    return options.raw_path(speeds) if speeds.endswith(".toml") else speeds


def speeds_over_ground(options: Options) -> str | Path:
    """Name the study's table of speeds by land cover."""
    speeds: str = options.off_road.speeds
    return options.raw_path(speeds) if speeds.endswith(".toml") else speeds


def graphs_of(options: Options, inputs: Mapping[str, Any]) -> list[TravelGraph]:
    """Read the graph of every mode back."""
    modes = options.network.modes
    return [TravelGraph.from_frames(inputs["nodes"], inputs["edges"], mode=mode) for mode in modes]


def main_graph(options: Options, inputs: Mapping[str, Any]) -> TravelGraph:
    """Read the graph that headlines use."""
    return graph_of(options, inputs, None)


def graph_of(options: Options, inputs: Mapping[str, Any], mode: str | None) -> TravelGraph:
    """Read the graph of one mode."""
    chosen = mode or options.network.modes[0]
    return TravelGraph.from_frames(inputs["nodes"], inputs["edges"], mode=chosen)


def surroundings_of(options: Options, inputs: Mapping[str, Any]) -> Surroundings:
    """Take what lies around places; a hard border is a barrier too."""
    around = Surroundings.from_layers(study_area=inputs["study_area"], water=inputs["water"])
    if not options.network.hard_border:
        return around
    walls = [border_lines(inputs["study_area"])] + ([] if around.barriers is None else [around.barriers])
    barriers = gpd.GeoSeries(pd.concat(walls, ignore_index=True), crs=inputs["study_area"].crs)
    return Surroundings(around.study_area, barriers, around.sea)


def closer_services(
    options: Options, inputs: Mapping[str, Any], named: Sequence[str]
) -> dict[str, frozenset[str]]:
    """Choose the services that are looked at more closely than by the nearest facility."""
    facilities = inputs["facilities"]
    offered = set(facilities.loc[facilities["status"] == "existing", "service"])
    vocabulary = vocabulary_of(options)
    every = {
        name: kinds
        for name, kinds in wanted_services(options, vocabulary, offered).items()
        if kinds & offered
    }
    if named:
        return {
            name: every.get(name, vocabulary.satisfying(name))
            for name in named
            if vocabulary.satisfying(name) & offered
        }
    headline = _of_headline_norms(options)
    found = {item.id for word in headline if (item := vocabulary.for_register(word)) is not None}
    return {name: kinds for name, kinds in every.items() if name in found} or every


def _of_headline_norms(options: Options) -> list[str]:
    binding = binding_norms(options).set_index("norm_id")
    words: list[str] = []
    for norm in options.norms.headline:
        if norm in binding.index:
            words.append(str(binding.loc[norm, "service"]))
            members = binding.loc[norm, "bundle_members"]
            words += (
                []
                if pd.isna(members)
                else [part.strip() for part in str(members).replace(";", "|").split("|")]
            )
    return words
