"""Draw docs/images/off-road.png: minutes to the nearest hospital from every cell of one island.

Run from the root of the repository: ``python docs/figures/off_road.py RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import BoundaryNorm, ListedColormap
from PIL import Image
from rasterio.transform import array_bounds

import spatial as sp

WORLDCOVER = {
    "Tree": 10,
    "Shrub": 20,
    "Grass": 30,
    "Crops": 40,
    "BuiltUp": 50,
    "Bare": 60,
    "Snow": 70,
    "PermanentWater": 80,
    "SeasonalWater": 90,
    "MossLichen": 100,
}
BANDS_MIN = (0, 5, 15, 30, 60, 120, 240)
SHADES = ("#fcfdbf", "#feb078", "#f1605d", "#b5367a", "#721f81", "#2c115f", "#000004")
INK, SEA = "#222222", "#eef3f6"


def main(raw: str) -> None:
    """Compute and draw."""
    values = sp.Study.from_toml("examples/comoros.toml", raw=raw).model_dump(exclude={"raw"})
    files = {code: f"comoros/landcover/landcover_{kind}.tif" for kind, code in WORLDCOVER.items()}
    values["sources"]["landcover"] = {"fractions": files}
    layers = sp.prepare(sp.Study.from_dict(values, raw=raw))
    cover = layers.landcover
    heights = sp.align_raster(layers.elevation, cover, resample="bilinear")
    roads, water = layers.roads.to_crs(cover.crs), layers.water[layers.water["is_barrier"]].to_crs(cover.crs)
    hospitals = layers.facilities[layers.facilities["service"] == "hospital"].to_crs(cover.crs)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 6.4))
    colours = ListedColormap(SHADES)
    bands = BoundaryNorm(BANDS_MIN, colours.N, extend="max")
    west, south, east, north = array_bounds(*cover.values.shape, cover.transform)
    for axis, mode, title in zip(
        axes, ("motorised", "walk"), ("on foot to a road, then driven", "on foot all the way"), strict=True
    ):
        friction = sp.friction_surface(
            cover, "esa_worldcover", roads=roads, barriers=water, elevation=heights, mode=mode
        )
        cells = sp.move_to_open_cells(
            friction.min_per_m, sp.cells_at(hospitals, cover), resolution_m=friction.resolution_m
        )
        minutes = sp.travel_time_surface(
            friction.min_per_m,
            cells[["row", "column"]],
            resolution_m=friction.resolution_m,
            neighbours=16,
            dem_voids="flat",
            **friction.options,
        )
        picture = axis.imshow(
            np.ma.masked_invalid(minutes), extent=(west, east, south, north), cmap=colours, norm=bands
        )
        roads[roads["road_class"] != "ferry"].plot(ax=axis, color=INK, linewidth=0.25, alpha=0.6)
        hospitals.plot(ax=axis, color="white", edgecolor=INK, markersize=24, zorder=4)
        axis.set(xlim=(43.21, 43.54), ylim=(-11.95, -11.34), facecolor=SEA)
        axis.set_aspect(1 / np.cos(np.radians(11.65)))
        axis.set(xticks=[], yticks=[], xlabel="", ylabel="")
        axis.set_title(title, fontsize=10, color=INK)
    bar = figure.colorbar(picture, ax=axes, shrink=0.6, ticks=BANDS_MIN, extend="max")
    bar.set_label("minutes to the nearest hospital (circles)", color=INK)
    target = Path(__file__).parents[1] / "images" / "off-road.png"
    figure.savefig(target, dpi=110, bbox_inches="tight")
    plt.close(figure)
    with Image.open(target) as drawn:
        drawn.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(target, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
