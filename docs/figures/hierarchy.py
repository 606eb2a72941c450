"""Draw the first cuts of a hierarchy: ``python docs/figures/hierarchy.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection
from PIL import Image
from scipy.spatial import Delaunay

from spatial.network.hierarchies.hierarchy import Hierarchy, build_hierarchy

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7")
CUTS = ("first cut", "second", "third", "fourth")


def roads(side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw junctions on a shaken grid, joined by part of their Delaunay edges."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(1.6 * side), np.arange(side)), axis=-1).reshape(-1, 2)
    xy = grid + random.uniform(-0.38, 0.38, grid.shape)
    triangles = Delaunay(xy).simplices
    pairs = np.sort(np.vstack((triangles[:, :2], triangles[:, 1:], triangles[:, ::2])), axis=1)
    pairs = np.unique(pairs, axis=0)
    short = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) < 1.8
    return xy, pairs[short & (random.random(len(pairs)) < 0.6)]


def cuts(hierarchy: Hierarchy, wanted: int) -> np.ndarray:
    """Tell the number of the cut that each node belongs to, from 0; -1 where it comes later than those wanted."""
    children = np.bincount(hierarchy.parent[hierarchy.parent >= 0], minlength=hierarchy.n_nodes)
    large = np.bincount(
        hierarchy.parent[(hierarchy.parent >= 0) & (hierarchy.subtree > hierarchy.n_nodes / 100)],
        minlength=hierarchy.n_nodes,
    )
    cut = np.full(hierarchy.n_nodes, -1)
    top = int(np.argmax(hierarchy.subtree))
    cut[top] = 0
    for rank in range(top - 1, -1, -1):
        up = hierarchy.parent[rank]
        # A cut is a run without a fork; below a fork into two large parts the next cut begins.
        if up >= 0 and cut[up] >= 0 and children[up]:
            cut[rank] = cut[up] + (large[up] > 1)
            if hierarchy.subtree[rank] <= hierarchy.n_nodes / 100 or cut[rank] >= wanted:
                cut[rank] = -1
    return cut[hierarchy.rank]


def main() -> None:
    """Draw it from a network made up here."""
    xy, pairs = roads(44, 4)
    both = np.vstack((pairs, pairs[:, ::-1]))
    both = both[np.argsort(both[:, 0], kind="stable")]
    offsets = np.r_[0, np.cumsum(np.bincount(both[:, 0], minlength=len(xy)))]
    hierarchy = build_hierarchy(*xy.T, offsets, both[:, 1].astype(np.int32))
    cut = cuts(hierarchy, len(CUTS))
    figure, axes = plt.subplots(figsize=(8, 4.7), layout="constrained")
    axes.add_collection(LineCollection(xy[pairs], colors="#b8b8b8", linewidths=0.6))
    for number, (name, colour) in enumerate(zip(CUTS, COLOURS, strict=True)):
        here = cut == number
        axes.scatter(
            *xy[here].T, s=26 - 4 * number, color=colour, label=f"{name}: {here.sum()} nodes", zorder=3
        )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=4, frameon=False)
    axes.set_title(f"{len(xy):,} junctions: the nodes that come last in the order", loc="left", fontsize=11)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.autoscale_view()
    path = Path(__file__).parents[1] / "images" / "hierarchy.png"
    figure.savefig(path, dpi=100)
    Image.open(path).convert("RGB").quantize(48).save(path, optimize=True)


if __name__ == "__main__":
    main()
