"""Draw docs/images/last-mile.png: the Rural Access Index of one island, cell by cell, and as an interval.

Run from the root of the repository: ``python docs/figures/last_mile.py RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

import spatial as sp
from spatial.access.cells import peopled_cells

KNOWN, MAYBE, NONE, INK = "#0072B2", "#56B4E9", "#D55E00", "#222222"
REACHES_M = (500.0, 1000.0, 2000.0, 3000.0, 5000.0)


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    graph = sp.build_network(layers.roads, mode="drive")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 5.4), gridspec_kw={"width_ratios": [1.0, 1.25]})
    _map(left, layers, graph)
    _interval(right, layers, graph)
    figure.tight_layout(w_pad=2.0)
    figure.savefig(Path(__file__).parents[1] / "images" / "last-mile.png", dpi=95)


def _map(axis: Any, layers: Any, graph: Any) -> None:
    """Colour the cells of the largest island by what is known of the roads within 2 km."""
    cells = peopled_cells(layers.population, graph.crs)
    edges = graph.to_frames()[1]
    points = gpd.GeoSeries(gpd.points_from_xy(*cells.xy.T), crs=graph.crs)
    near = {
        season: points.sindex.query(
            edges.geometry[edges["all_season"] == season], predicate="dwithin", distance=2000.0
        )[1]
        for season in ("unknown", "yes")
    }
    colour = np.full(len(cells), NONE, dtype=object)
    colour[near["unknown"]] = MAYBE
    colour[near["yes"]] = KNOWN
    axis.scatter(*cells.xy.T, c=list(colour), s=0.35, linewidths=0, rasterized=True)
    west, north = cells.xy[:, 0].min(), cells.xy[:, 1].max()
    axis.set(xlim=(west - 2000, west + 35_000), ylim=(north - 67_000, north + 2000), aspect="equal")
    axis.axis("off")
    words = ((KNOWN, "known all-season"), (MAYBE, "surface not known"), (NONE, "none"))
    for shade, text in words:
        axis.scatter([], [], c=shade, s=30, label=text)
    axis.legend(
        title="Road within 2 km",
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=3,
        frameon=False,
        fontsize=9,
        title_fontsize=9,
    )


def _interval(axis: Any, layers: Any, graph: Any) -> None:
    """Draw lower and upper bound for several distances."""
    rows = [sp.rural_access_index(layers.population, graph, distance_m=reach).iloc[0] for reach in REACHES_M]
    for height, row in enumerate(rows):
        axis.plot([row["rai_lower"], row["rai_upper"]], [height, height], color=MAYBE, lw=9, solid_capstyle="butt")
        for bound, shift, side in (("rai_lower", -0.012, "right"), ("rai_upper", 0.012, "left")):
            axis.text(row[bound] + shift, height, f"{row[bound]:.0%}", ha=side, va="center", color=INK, fontsize=9)
    axis.set_yticks(range(len(rows)), [f"{reach:,.0f} m" for reach in REACHES_M])
    axis.set(xlim=(-0.09, 1.12), xlabel="Share of people: known, and not known to fail")
    unknown = f"{rows[0]['imputed_share']:.0%}"
    axis.set_title(
        f"All people of Comoros by distance to an all-season road\n(surface not known on {unknown} of the road length)",
        fontsize=10,
        loc="left",
        color=INK,
    )
    axis.invert_yaxis()
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(colors=INK, labelsize=9, left=False)


if __name__ == "__main__":
    main(sys.argv[1])
