"""Draw docs/images/network.png: nodes of a raw network, its core, and every node's nearest health facility.

Run from the root of the repository: ``python -m docs.figures.network RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection

import spatial as sp
from benchmarks.road_like import at_every_vertex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
INK, ROAD, NONE = "#222222", "#b4b4b4", "#dddddd"
VIEW_M = (2400.0, 2700.0)
"""From the centre of the town to the sides of a panel."""
SERVICES = {"hospital", "clinic", "health_centre"}


def tints(graph: TravelGraph, labels: NDArray[np.int64]) -> list[str]:
    """Give each edge the colour of its facility; catchments that touch get different ones."""
    ends = labels[np.column_stack((graph.edge_from, graph.edge_to))]
    touching: dict[int, set[int]] = {}
    for a, b in np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0).tolist():
        touching.setdefault(a, set()).add(b)
        touching.setdefault(b, set()).add(a)
    colour = {-1: NONE}
    for label in sorted(touching, key=lambda name: -len(touching[name])):
        taken = {colour.get(other) for other in touching[label]}
        if label >= 0:
            used = list(colour.values())
            colour[label] = min(COLOURS, key=lambda tint: (tint in taken, used.count(tint)))
    return [colour.get(label, COLOURS[0]) for label in ends[:, 0].tolist()]


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    graph = at_every_vertex(sp.build_network(layers.roads, mode="drive"))
    clinics = layers.facilities[layers.facilities["service"].isin(SERVICES)]
    centre = layers.settlements[layers.settlements["tier"] == "city"].geometry.iloc[0]
    ids = np.sort(clinics["facility_id"].to_numpy(dtype=str))
    found = sp.node_catchments(graph, clinics)["facility_id"]
    labels = np.where(found.isna(), -1, np.searchsorted(ids, found.fillna("").astype(str)))
    core = graph.core_shape.core_node
    lines = np.stack(
        [np.column_stack((graph.node_x[end], graph.node_y[end])) for end in (graph.edge_from, graph.edge_to)], axis=1
    )
    inside = (np.abs(graph.node_x - centre.x) < VIEW_M[0]) & (np.abs(graph.node_y - centre.y) < VIEW_M[1])
    figure, axes = plt.subplots(1, 3, figsize=(11.4, 4.9))
    for axis, nodes, title in (
        (axes[0], np.flatnonzero(inside), "a node at every vertex: {:,}"),
        (axes[1], core[inside[core]], "the core, which is searched: {:,}"),
        (axes[2], None, "the nearest health facility of each node"),
    ):
        colours = tints(graph, labels) if nodes is None else ROAD
        axis.add_collection(LineCollection(lines, colors=colours, linewidths=0.8 if nodes is not None else 2))
        if nodes is None:
            axis.plot(clinics.geometry.x, clinics.geometry.y, "P", color=INK, ms=11, mec="white", mew=1.2, ls="")
        else:
            axis.scatter(graph.node_x[nodes], graph.node_y[nodes], s=4, color=INK, zorder=2, linewidths=0)
        axis.set(
            xlim=(centre.x - VIEW_M[0], centre.x + VIEW_M[0]),
            ylim=(centre.y - VIEW_M[1], centre.y + VIEW_M[1]),
            xticks=(),
            yticks=(),
            aspect="equal",
        )
        axis.spines[:].set_color(NONE)
        axis.set_title(title.format(0 if nodes is None else len(nodes)), fontsize=10.5, color=INK, loc="left")
    left, bottom = centre.x + VIEW_M[0] - 1250.0, centre.y - VIEW_M[1] + 250.0
    axes[0].plot((left, left + 1000.0), (bottom, bottom), color=INK, lw=2, solid_capstyle="butt")
    axes[0].text(left + 500.0, bottom + 70.0, "1 km", ha="center", fontsize=9, color=INK)
    figure.text(0.992, 0.015, "Moroni, Comoros. Roads © OpenStreetMap contributors", ha="right", fontsize=8, color=INK)
    figure.subplots_adjust(0.008, 0.06, 0.992, 0.93, wspace=0.03)
    figure.savefig("docs/images/network.png", dpi=115)


if __name__ == "__main__":
    main(sys.argv[1])
