"""Draw docs/images/modes.png: slope curves beside a real way to hospital, there and back.

Run from the root of the repository: ``python docs/figures/modes.py RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

import spatial as sp
from spatial.access.places import take
from spatial.network.kernels_places import DIRECT
from spatial.network.nearest import nearest
from spatial.network.slope import cycling_multiplier, heights_at, tobler_multiplier
from spatial.network.snapping import snap

WALK, CYCLE, INK, FAINT = "#0072B2", "#D55E00", "#222222", "#9a9a9a"
LONGEST_MIN = 150.0


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    hospitals = layers.facilities[layers.facilities["service"] == "hospital"]
    times, village, line = _way(layers, hospitals)
    figure, axes = plt.subplots(1, 3, figsize=(12.5, 3.9), gridspec_kw={"width_ratios": [1.15, 1.25, 1.0]})
    _curves(axes[0])
    _profile(axes[1], line, layers, village)
    _bars(axes[2], times)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(colors=INK, labelsize=9)
    figure.tight_layout(w_pad=2.2)
    figure.savefig(Path(__file__).parents[1] / "images" / "modes.png", dpi=110)


def _way(layers: Any, hospitals: Any) -> tuple[dict[str, list[float]], str, Any]:
    """Find the village whose way home takes most longer than its way to hospital; give its minutes and its way."""
    villages = layers.settlements[layers.settlements["tier"] == "village"]
    times: dict[str, list[Any]] = {}
    for mode in ("walk", "cycle"):
        level = sp.build_network(layers.roads, mode=mode)
        sloped = sp.with_slope(level, layers.elevation)
        origins, goals = (snap(level, frame.geometry) for frame in (villages, hospitals))
        there = nearest(sloped, origins, goals, k=1)
        index = np.maximum(there.destination[:, 0], 0)
        times[mode] = [
            nearest(level, origins, goals, k=1).travel_time_min[:, 0],
            there.travel_time_min[:, 0],
            np.array([_back(sloped, origins, goals, place, int(goal)) for place, goal in enumerate(index)]),
        ]
        if mode == "walk":
            found = there
            usable = (there.travel_time_min[:, 0] < LONGEST_MIN) & (there.way[:, 0] != DIRECT)
    longer = np.where(usable, times["walk"][2] - times["walk"][1], -np.inf)
    chosen = int(np.argmax(longer))
    route = found.routes(np.array([chosen]))
    name = villages["name_en"].fillna(villages["name"]).iloc[chosen]
    return {mode: [part[chosen] for part in parts] for mode, parts in times.items()}, name, route.line[0]


def _back(graph: Any, origins: Any, goals: Any, place: int, goal: int) -> float:
    one = take(origins, np.array([place])), take(goals, np.array([goal]))
    return float(nearest(graph, *one, k=1, direction="from_facility").travel_time_min[0, 0])


def _curves(axis: Any) -> None:
    slope = np.linspace(-0.25, 0.25, 501)
    axis.axhline(1.0, color=FAINT, lw=0.8)
    axis.axvline(0.0, color=FAINT, lw=0.8)
    axis.plot(100 * slope, tobler_multiplier(slope), color=WALK, lw=2.2)
    axis.plot(100 * slope, cycling_multiplier(slope), color=CYCLE, lw=2.2, ls="--")
    axis.text(-24, 0.42, "walking\n(Tobler 1993)", color=WALK, fontsize=9)
    axis.text(1.5, 1.55, "cycling (Parkin\nand Rotheram 2010)", color=CYCLE, fontsize=9, va="top")
    axis.text(15.3, 0.07, "pushed", color=CYCLE, fontsize=8)
    axis.set(xlabel="slope in the direction of travel, %", ylabel="share of the speed on the flat")
    axis.set_ylim(0, 1.75)
    axis.set_title("What a slope does", fontsize=10, loc="left", color=INK)


def _profile(axis: Any, line: Any, layers: Any, village: str) -> None:
    metres = np.linspace(0.0, line.length, 400)
    points = [line.interpolate(distance) for distance in metres]
    x, y = (np.array([getattr(point, axis_name) for point in points]) for axis_name in ("x", "y"))
    height = heights_at(layers.elevation, layers.roads.crs, x, y)
    axis.fill_between(metres / 1000, height, color="#d9e3ea", lw=0)
    axis.plot(metres / 1000, height, color=INK, lw=1.4)
    axis.set_ylim(0, None)
    axis.set_xlim(0, metres[-1] / 1000)
    axis.set(xlabel="km from the village", ylabel="metres above the sea")
    axis.set_title(f"{village}, Comoros: the way to hospital", fontsize=10, loc="left", color=INK)


def _bars(axis: Any, times: dict[str, list[float]]) -> None:
    labels = ("level", "to hospital", "home")
    for shift, (mode, colour, hatch) in enumerate((("walk", WALK, None), ("cycle", CYCLE, "//"))):
        where = np.arange(3) + 0.38 * shift
        axis.bar(where, times[mode], 0.36, color=colour, hatch=hatch, edgecolor="white", label=mode)
        for at, value in zip(where, times[mode], strict=True):
            axis.text(at, value + 1, f"{value:.0f}", ha="center", fontsize=9, color=INK)
    axis.set_xticks(np.arange(3) + 0.19, labels)
    axis.set_ylabel("minutes from door to door")
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    axis.set_ylim(0, 1.25 * max(max(part) for part in times.values()))
    axis.set_title("What it does to the way", fontsize=10, loc="left", color=INK)


if __name__ == "__main__":
    main(sys.argv[1])
