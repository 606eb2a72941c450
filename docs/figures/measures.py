"""Draw the picture of the page on measures: decay curves, and hospitals for people on Comoros.

Run: ``python docs/figures/measures.py RAW_FOLDER``, with the folder comoros/ below it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import spatial as sp

OUT = Path(__file__).parents[1] / "images" / "measures.png"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
"""Okabe and Ito (2008): told apart by colour-blind readers."""
DECAYS = {
    "binary 30": sp.decay_binary(30.0),
    "zones 10 / 20 / 30": sp.decay_stepped({10.0: 1.0, 20.0: 0.68, 30.0: 0.22}),
    "linear 60": sp.decay_linear(60.0),
    "exponential, half-life 15": sp.decay_exponential(half_life_min=15.0),
    "gaussian, sigma 20": sp.decay_gaussian(20.0),
    "truncated gaussian 60": sp.decay_truncated_gaussian(60.0),
    "log-logistic 30, 4": sp.decay_log_logistic(30.0, 4.0),
}
PER = 10_000


def access(raw: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Measure hospitals a person on Comoros, the islands being all there is."""
    study = sp.Study.from_toml("examples/comoros.toml", raw=raw)
    layers = sp.prepare(study)
    graph = sp.build_network(layers.roads, mode="drive")
    settlements = sp.allocate_population(layers.settlements, layers.population, graph=graph)
    od = sp.travel_times(graph, settlements, layers.facilities, cutoff_min=60)
    found = sp.floating_catchment_area(
        od, settlements, layers.facilities, method="e2sfca", service="hospital", buffer="none_needed"
    )
    hospitals = layers.facilities.loc[layers.facilities["service"] == "hospital"]
    return settlements.merge(found, on="settlement_id"), hospitals


def main(raw: str) -> None:
    """Draw both halves."""
    places, hospitals = access(raw)
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), width_ratios=(1.0, 1.25), layout="constrained")
    minutes = np.linspace(0.0, 75.0, 1501)
    for (name, decay), colour in zip(DECAYS.items(), COLOURS, strict=True):
        left.plot(minutes, decay(minutes), color=colour, label=name, linewidth=1.6)
    left.set(xlabel="minutes", ylabel="weight", xlim=(0, 75), ylim=(0, 1.03), title="What a facility is worth")
    left.legend(frameon=False, fontsize=8, loc="upper right")
    draw_map(right, places, hospitals, figure)
    figure.savefig(OUT, dpi=110)


def draw_map(axes: Any, places: gpd.GeoDataFrame, hospitals: gpd.GeoDataFrame, figure: Any) -> None:
    """Places as dots by hospitals a person, hospitals as crosses."""
    x, y = places.geometry.x / 1000, places.geometry.y / 1000
    none = places["value"] == 0.0
    size = 4 + np.sqrt(places["population_persons"]) / 3
    axes.scatter(x[none], y[none], s=size[none], facecolors="none", edgecolors="#444444", linewidths=0.7)
    rate = PER * places.loc[~none, "value"]
    top = float(np.quantile(rate, 0.95))
    dots = axes.scatter(
        x[~none], y[~none], s=size[~none], c=rate.clip(upper=top), cmap="viridis_r", vmin=0, vmax=top, linewidths=0
    )
    axes.scatter(
        hospitals.geometry.x / 1000, hospitals.geometry.y / 1000, marker="+", c="#D55E00", s=28, linewidths=1.1
    )
    axes.set(aspect="equal", title="Hospitals for 10,000 people (E2SFCA), Comoros", xlabel="km east", ylabel="km north")
    figure.colorbar(dots, ax=axes, shrink=0.75, extend="max")
    handles = [
        axes.scatter([], [], marker="+", c="#D55E00", label="hospital"),
        axes.scatter([], [], facecolors="none", edgecolors="#444444", label="none within 30 minutes"),
        axes.scatter([], [], c="#35b779", linewidths=0, label="settlement, larger with more people"),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=8, loc="upper right")


if __name__ == "__main__":
    main(sys.argv[1])
