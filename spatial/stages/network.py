"""Stage `network`: roads become a travel graph a mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.network import build_network, combine_networks
from spatial.network.border import hard_border
from spatial.stages.ground import speeds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.network import TravelGraph
    from spatial.runner.stage import Options, Progress, Value

__all__ = ["network"]

DRY = "dry"


def network(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """
    Build the travel graph of every mode of the study.

    Parameters
    ----------
    options : Options
        `network`.
    inputs : mapping
        Tables `roads` and `study_area`, and the raster `elevation` where the study has one.
    progress : callable
        Takes the fraction done and a message.

    Returns
    -------
    dict
        Tables `nodes`, `edges` and `findings_network`.
    """
    chosen = options.network
    graphs: list[TravelGraph] = []
    for number, mode in enumerate(chosen.modes):
        progress(number / len(chosen.modes), f"network: {mode}")
        graphs.append(_graph(options, inputs, mode))
    frames = [graph.to_frames() for graph in graphs]
    return {
        "nodes": _stack([nodes for nodes, _ in frames]),
        "edges": _stack([edges for _, edges in frames]),
        "findings_network": _stack([graph.findings for graph in graphs]),
    }


def _graph(options: Options, inputs: Mapping[str, Any], mode: str) -> TravelGraph:
    """Build one mode, or walk and another one as a network of two layers."""
    chosen = options.network
    layers = [
        build_network(
            inputs["roads"],
            mode=layer,
            speeds=speeds_of(options),
            speed_factor=chosen.speed_factor,
            ferries=chosen.ferries,
            season=None if chosen.season == DRY else chosen.season,
            elevation=inputs["elevation"] if chosen.slope else None,
            ferry_wait_min=chosen.ferry_wait_min,
        )
        for layer in mode.split("+")
    ]
    graph = layers[0] if len(layers) == 1 else combine_networks(*layers)
    return hard_border(graph, inputs["study_area"]) if chosen.hard_border else graph


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    return gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=frames[0].crs)
