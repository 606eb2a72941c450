"""Draw docs/images/catchments.png: isochrones and catchments of hospitals on one island.

Run from the root of the repository: ``python docs/figures/catchments.py RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

import spatial as sp

SHADES = {15.0: "#08519c", 30.0: "#4292c6", 60.0: "#c6dbef"}
AREAS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999")
INK = "#222222"


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    graph = sp.build_network(layers.roads, mode="drive")
    barriers = layers.water.geometry[layers.water["is_barrier"]]
    hospitals = layers.facilities[layers.facilities["service"] == "hospital"]
    reach = sp.isochrones(graph, hospitals, cutoffs_min=tuple(SHADES), service="hospital", barriers=barriers)
    areas = sp.catchment_areas(graph, hospitals, service="hospital", max_time_min=60.0, barriers=barriers)
    figure, axes = plt.subplots(1, 2, figsize=(8.2, 6.2))
    roads = gpd.GeoSeries(graph.edge_lines(), crs=graph.crs)
    west, _, _, north = layers.settlements.total_bounds
    for axis in axes:
        roads.plot(ax=axis, color="#555555", linewidth=0.35, zorder=3)
        hospitals.plot(ax=axis, color="white", edgecolor=INK, markersize=26, zorder=4)
        axis.set(xlim=(west - 4000, west + 34_000), ylim=(north - 64_000, north + 4000), aspect="equal")
        axis.axis("off")
    _isochrones(axes[0], reach)
    areas.plot(ax=axes[1], color=[AREAS[row % len(AREAS)] for row in range(len(areas))], alpha=0.85)
    axes[1].set_title("Nearest hospital", fontsize=11, color=INK)
    figure.tight_layout()
    figure.savefig(Path(__file__).parents[1] / "images" / "catchments.png", dpi=80)


def _isochrones(axis: Any, reach: gpd.GeoDataFrame) -> None:
    """Draw the longest first, so that the shorter ones lie on top."""
    for row in reach.sort_values("cutoff_min", ascending=False).itertuples():
        gpd.GeoSeries([row.geometry]).plot(ax=axis, color=SHADES[row.cutoff_min], zorder=1)
    for minutes, shade in SHADES.items():
        axis.scatter([], [], c=shade, marker="s", s=60, label=f"within {minutes:.0f} min")
    axis.scatter([], [], c="white", edgecolor=INK, s=30, label="hospital")
    axis.legend(loc="lower left", frameon=False, fontsize=9)
    axis.set_title("Minutes by road to a hospital", fontsize=11, color=INK)


if __name__ == "__main__":
    main(sys.argv[1])
