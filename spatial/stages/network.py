"""Stage `network`: roads become a travel graph a mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from spatial.access.calibration import with_class_factors
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.splitting import hard_border
from spatial.runner.stage import silent
from spatial.stages.policy import speed_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.network.graph import TravelGraph
    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value


DRY = "dry"


def network(
    *,
    roads: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
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
    for number, mode in enumerate(chosen.modes):
        progress(number / len(chosen.modes), f"network: {mode}")
        graphs.append(
            network_of(
                options, mode, roads=roads, study_area=study_area, turns=turns, elevation=elevation, factors=factors
            )
        )
    frames = [graph.to_frames() for graph in graphs]
    return {
        "nodes": _stack([nodes for nodes, _ in frames]),
        "edges": _stack([edges for _, edges in frames]),
        "findings_network": _stack([graph.findings for graph in graphs]),
    }


def network_of(
    options: Options,
    mode: str,
    *,
    roads: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    turns: gpd.GeoDataFrame | None,
    elevation: Raster | None,
    factors: pd.DataFrame | None = None,
) -> TravelGraph:
    """Build one mode, or walk and another one as a network of two layers."""
    chosen = options.network
    layers = [
        build_network(
            roads,
            mode=layer,
            speeds=speed_table(options, chosen.speeds),
            speed_factor=chosen.speed_factor,
            ferries=chosen.ferries,
            season=None if chosen.season == DRY else chosen.season,
            elevation=elevation if chosen.slope else None,
            ferry_wait_min=chosen.ferry_wait_min,
            turns=turns if chosen.turns else None,
        )
        for layer in mode.split("+")
    ]
    if factors is not None:
        for number, layer in enumerate(layers):
            own = factors.loc[factors["mode"] == layer.mode].set_index("group")["factor"]
            by_class = {str(name): float(factor) for name, factor in own.items()}
            layers[number] = with_class_factors(
                layer, by_class, by=options.calibration.by, groups=options.calibration.groups
            )
    graph = layers[0] if len(layers) == 1 else combine_networks(*layers)
    return hard_border(graph, study_area) if chosen.hard_border else graph


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    return gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=frames[0].crs)
