"""Stage `network`: roads become a travel graph a mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.access.calibration import with_class_factors
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.splitting import hard_border
from spatial.stages.shared import speeds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.network.graph import TravelGraph
    from spatial.runner.stage import Options, Progress, Value


DRY = "dry"


def network(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Build the travel graph of every mode of the study."""
    chosen = options.network
    graphs: list[TravelGraph] = []
    factors = inputs.get("calibration_factors") if options.calibration.apply else None
    for number, mode in enumerate(chosen.modes):
        progress(number / len(chosen.modes), f"network: {mode}")
        graphs.append(network_of(options, inputs, mode, factors))
    frames = [graph.to_frames() for graph in graphs]
    return {
        "nodes": _stack([nodes for nodes, _ in frames]),
        "edges": _stack([edges for _, edges in frames]),
        "findings_network": _stack([graph.findings for graph in graphs]),
    }


def network_of(
    options: Options, inputs: Mapping[str, Any], mode: str, factors: pd.DataFrame | None = None
) -> TravelGraph:
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
            turns=inputs["turns"] if chosen.turns else None,
        )
        for layer in mode.split("+")
    ]
    if factors is not None:
        layers = [_fitted(options, layer, factors) for layer in layers]
    graph = layers[0] if len(layers) == 1 else combine_networks(*layers)
    return hard_border(graph, inputs["study_area"]) if chosen.hard_border else graph


def _fitted(options: Options, graph: TravelGraph, factors: pd.DataFrame) -> TravelGraph:
    own = factors.loc[factors["mode"] == graph.mode]
    by_class = {str(name): float(factor) for name, factor in zip(own["group"], own["factor"], strict=True)}
    return with_class_factors(graph, by_class, by=options.calibration.by, groups=options.calibration.groups)


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    return gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=frames[0].crs)
