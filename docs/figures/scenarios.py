"""Draw docs/images/scenarios.png: what a closure and a new road change on Grande Comore.

Run from the root of the repository: ``python docs/figures/scenarios.py RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import shapely

mpl.use("Agg")
import matplotlib.pyplot as plt

import spatial as sp

SLOWER, FASTER, SAME, INK, ROAD = "#D55E00", "#0072B2", "#8a8a8a", "#222222", "#d0d0d0"
SAME_MIN = 0.5
CUTOFF_MIN = 20.0


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    graph = sp.build_network(layers.roads, mode="drive")
    people = sp.allocate_population(layers.settlements, layers.population, graph=graph)
    closed, new = _scenarios(graph, layers, people)
    table = sp.compare_scenarios(
        graph, [closed, new], people, layers.facilities, service="hospital", cutoff_min=CUTOFF_MIN
    )
    total = sp.summarise_scenarios(table).set_index("scenario")
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 6.2))
    for axis, scenario in zip(axes, (closed, new), strict=True):
        _map(axis, graph, people, table[table["scenario"] == scenario.name])
        row = total.loc[scenario.name]
        minutes = row["person_minutes"] / 1000.0
        words = (
            f"{row['gained_persons']:,.0f} people come within 20 min of a hospital\n"
            f"{minutes:,.0f} thousand person-minutes saved"
            if minutes > 0
            else f"{row['lost_persons']:,.0f} people fall beyond 20 min of a hospital\n"
            f"{-minutes:,.0f} thousand person-minutes lost"
        )
        axis.set_title(f"{scenario.name}\n{words}", fontsize=9.5, loc="left", color=INK)
    lines = graph.edge_lines()
    gpd.GeoSeries(lines[np.isin(graph.road_id, list(closed.close))]).plot(ax=axes[0], color=INK, lw=3.2)
    new.add.plot(ax=axes[1], color=INK, lw=2.4, linestyle="--")
    for colour, text in ((SLOWER, "longer"), (FASTER, "shorter"), (SAME, "within half a minute")):
        axes[0].scatter([], [], c=colour, s=34, label=text)
    axes[0].plot([], [], color=INK, lw=2.6, label="closed, or new (dashed)")
    hospitals = layers.facilities[layers.facilities["service"] == "hospital"]
    for axis in axes:
        axis.scatter(
            hospitals.geometry.x, hospitals.geometry.y, marker="P", c="white", edgecolors=INK, s=52, lw=1.0, zorder=6
        )
    axes[0].scatter([], [], marker="P", c="white", edgecolors=INK, s=52, label="hospital")
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="lower center",
        ncols=5,
        frameon=False,
        fontsize=9,
        title="Minutes to hospital",
        title_fontsize=9,
    )
    figure.tight_layout(w_pad=1.0, rect=(0, 0.08, 1, 1))
    figure.savefig(Path(__file__).parents[1] / "images" / "scenarios.png", dpi=100)


def _scenarios(graph: Any, layers: Any, people: Any) -> tuple[sp.Scenario, sp.Scenario]:
    """Close the main road whose loss costs most; build the straight line that saves most."""
    west = people.geometry.x < people.geometry.x.min() + 40_000
    island = people[west & people["in_study"]]
    near = sp.cost_to_closest(graph, island, layers.facilities, service="hospital")
    weight = near["travel_time_min"].fillna(0.0).to_numpy() * island["population_persons"].to_numpy()
    hospital = layers.facilities.set_index("facility_id").geometry
    roads = [
        sp.Scenario(
            f"new {place}", add=_road(island.geometry.iloc[place], hospital[near["to_id"].iloc[place]], graph.crs)
        )
        for place in np.argsort(-weight)[:20].tolist()
    ]
    best = _worst(graph, roads, island, layers, sign=-1.0)
    new = sp.Scenario("A new secondary road, drawn straight", add=best.add)
    trunk = np.unique(graph.road_id[(graph.road_class == "primary") | (graph.road_class == "secondary")])
    length = np.array([graph.length_m[graph.road_id == name].sum() for name in trunk])
    busy = trunk[np.argsort(-length)[:25]]
    trials = [sp.Scenario(str(name), close=[str(name)]) for name in busy]
    worst = _worst(graph, trials, island, layers, sign=1.0)
    return sp.Scenario("A landslide closes a road", close=worst.close), new


def _road(start: Any, end: Any, crs: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"road_class": ["secondary"]}, geometry=[shapely.LineString([start, end])], crs=crs)


def _worst(graph: Any, trials: list[sp.Scenario], people: Any, layers: Any, *, sign: float) -> sp.Scenario:
    table = sp.compare_scenarios(graph, trials, people, layers.facilities, service="hospital", cutoff_min=CUTOFF_MIN)
    return trials[int(np.argmin(sign * sp.summarise_scenarios(table)["person_minutes"].to_numpy()))]


def _map(axis: Any, graph: Any, people: Any, table: Any) -> None:
    gpd.GeoSeries(graph.edge_lines()).plot(ax=axis, color=ROAD, lw=0.5)
    change = table["difference_min"].to_numpy(dtype=float)
    change = np.where(table["after_status"] == "no_path", np.inf, np.nan_to_num(change))
    colour = np.select([change > SAME_MIN, change < -SAME_MIN], [SLOWER, FASTER], SAME)
    size = 6.0 + 90.0 * np.minimum(np.abs(np.nan_to_num(change, posinf=60.0)), 60.0) / 60.0
    axis.scatter(people.geometry.x, people.geometry.y, c=list(colour), s=size, alpha=0.85, lw=0, zorder=4)
    x, y = people.geometry.x, people.geometry.y
    here = x < x.min() + 40_000
    axis.set(xlim=(x[here].min() - 3000, x[here].max() + 3000), ylim=(y[here].min() - 3000, y[here].max() + 3000))
    axis.set_aspect("equal")
    axis.axis("off")


if __name__ == "__main__":
    main(sys.argv[1])
