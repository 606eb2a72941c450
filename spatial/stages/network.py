"""Stage `network`: roads become a travel graph a mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.network import build_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.network import TravelGraph
    from spatial.runner.stage import Options, Progress, Value

__all__ = ["network"]


def network(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """
    Build the travel graph of every mode of the study.

    Parameters
    ----------
    options : Options
        `network`.
    inputs : mapping
        The table `roads`.
    progress : callable
        Takes the fraction done and a message.

    Returns
    -------
    dict
        Tables `nodes`, `edges` and `findings_network`.
    """
    chosen = options.network
    speeds = options.raw_path(chosen.speeds) if chosen.speeds.endswith(".toml") else chosen.speeds
    graphs: list[TravelGraph] = []
    for number, mode in enumerate(chosen.modes):
        progress(number / len(chosen.modes), f"network: {mode}")
        graphs.append(
            build_network(
                inputs["roads"],
                mode=mode,
                speeds=speeds,
                speed_factor=chosen.speed_factor,
                ferries=chosen.ferries,
            )
        )
    frames = [graph.to_frames() for graph in graphs]
    return {
        "nodes": _stack([nodes for nodes, _ in frames]),
        "edges": _stack([edges for _, edges in frames]),
        "findings_network": _stack([graph.findings for graph in graphs]),
    }


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    return gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), crs=frames[0].crs)
