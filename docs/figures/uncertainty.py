"""Draw docs/images/uncertainty.png: intervals on Comoros, what makes them wide, and a calibration.

Run from the root of the repository: ``python docs/figures/uncertainty.py RAW`` with the folder that holds ``comoros/``.
The observed minutes of the third panel are simulated, as the region comes without any.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

import spatial as sp

BASE, RANGE, BEFORE, INK = "#0072B2", "#9ecae1", "#D55E00", "#222222"
CUTOFF_MIN = 60.0
REAL = {"primary": 0.7, "secondary": 0.75, "tertiary": 0.8, "unclassified": 0.6, "residential": 0.8}


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    graph = sp.build_network(layers.roads, mode="drive")
    people = sp.allocate_population(layers.settlements, layers.population, graph=graph)
    found = sp.access_intervals(graph, people, layers.facilities, service="hospital", wet="wet")
    figure, axes = plt.subplots(1, 3, figsize=(12.6, 4.0), gridspec_kw={"width_ratios": [1.2, 1.0, 1.0]})
    _intervals(axes[0], found)
    _factors(axes[1], found)
    _calibration(axes[2], graph, people, layers.facilities)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(colors=INK, labelsize=9)
    figure.tight_layout(w_pad=2.0)
    figure.savefig(Path(__file__).parents[1] / "images" / "uncertainty.png", dpi=105)


def _intervals(axis: Any, found: Any) -> None:
    table = found.table.dropna(subset=["high_min"]).sort_values("base_min")
    rank = np.arange(len(table))
    axis.vlines(rank, table["low_min"], table["high_min"], color=RANGE, lw=1.4)
    axis.plot(rank, table["base_min"], color=BASE, lw=1.8)
    axis.axhline(CUTOFF_MIN, color=INK, lw=0.9, ls=":")
    axis.text(2, CUTOFF_MIN + 2, "60 minutes", fontsize=9, color=INK)
    axis.text(
        0.04, 0.72, "line: as assumed\nbars: at best to at worst", transform=axis.transAxes, fontsize=9, color=BASE
    )
    axis.set(xlabel="settlements, the nearest first", ylabel="minutes to hospital", ylim=(0, None))
    axis.set_title("An interval for every settlement", fontsize=10, loc="left", color=INK)


def _factors(axis: Any, found: Any) -> None:
    rows = found.people[found.people["cutoff_min"] == CUTOFF_MIN]
    names = {
        "speed": "speeds ±20 %",
        "walk": "walk 4-6 km/h,\ndetour 1.0-1.6",
        "entry": "nearest entry\nalone",
        "season": "wet season",
        "all": "all together",
    }
    for place, row in enumerate(reversed(list(rows.itertuples()))):
        low, base, high = (getattr(row, f"beyond_{side}_persons") / 1000 for side in ("low", "base", "high"))
        axis.hlines(place, low, high, color=RANGE, lw=9)
        axis.plot(base, place, "o", color=BASE, ms=6)
        axis.text(
            high + 0.8,
            place,
            f"{low:.0f}-{high:.0f}" if high > low else f"{base:.0f}",
            va="center",
            fontsize=9,
            color=INK,
        )
    axis.set_yticks(range(len(rows)), [names[name] for name in reversed(rows["factor"].tolist())])
    axis.set(xlabel="thousand people beyond 60 minutes", xlim=(0, None), ylim=(-0.6, len(rows) - 0.4))
    axis.set_xlim(0, axis.get_xlim()[1] * 1.15)
    axis.set_title("What makes the figure wide", fontsize=10, loc="left", color=INK)


def _calibration(axis: Any, graph: Any, people: Any, facilities: Any) -> None:
    factor = pd.Series(graph.road_class).map(REAL).fillna(1.0).to_numpy()
    real = graph.with_minutes(graph.forward_min / factor, graph.backward_min / factor)
    hospitals = facilities[facilities["service"] == "hospital"]
    observed = sp.travel_times(real, people, hospitals, cutoff_min=150.0).sample(240, random_state=4)
    observed = observed.rename(columns={"travel_time_min": "observed_min"})
    observed["observed_min"] *= np.random.default_rng(4).lognormal(0.0, 0.12, len(observed))
    found = sp.calibrate_speeds(graph, observed, places=[people, hospitals])
    test = found.observations.query("half == 'test'")
    top = float(test["observed_min"].max()) * 1.03
    axis.plot([0, top], [0, top], color=INK, lw=0.8, ls=":")
    for stage, colour, marker in (("before", BEFORE, "x"), ("after", BASE, "o")):
        error = 100 * found.summary()[f"{stage}_median_error_share"]
        axis.scatter(
            test["observed_min"],
            test[f"modelled_{stage}_min"],
            c=colour,
            s=16,
            marker=marker,
            lw=1.0,
            label=f"{stage}: median error {error:+.0f} %",
        )
    axis.legend(frameon=False, fontsize=9, loc="upper left", handletextpad=0.2)
    axis.set(xlabel="observed minutes (simulated)", ylabel="modelled minutes", xlim=(0, top), ylim=(0, top))
    axis.set_title("Calibration, on the half kept aside", fontsize=10, loc="left", color=INK)


if __name__ == "__main__":
    main(sys.argv[1])
