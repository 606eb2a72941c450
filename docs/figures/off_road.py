"""Draw docs/images/off-road.png: minutes to the nearest hospital from every cell of one island.

Run from the root of the repository: ``python docs/figures/off_road.py RAW`` with the folder that holds ``comoros/``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyproj
import rasterio
from rasterio.warp import Resampling, reproject

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
    "PermanentWater": 80,
    "SeasonalWater": 90,
}
BANDS_MIN = (0, 5, 15, 30, 60, 120, 240)
SHADES = ("#fcfdbf", "#feb078", "#f1605d", "#b5367a", "#721f81", "#2c115f", "#000004")
INK, SEA = "#222222", "#eef3f6"


def land_cover(folder: Path) -> sp.Raster:
    """Take the largest of the fractions in each cell."""
    shares = []
    for kind in WORLDCOVER:
        with rasterio.open(folder / f"landcover_{kind}.tif") as file:
            shares.append(np.where(file.read_masks(1) == 0, np.nan, file.read(1)))
            place = (file.transform, file.crs)
    known = ~np.isnan(shares).any(axis=0)
    code = np.array(list(WORLDCOVER.values()), float)[np.nan_to_num(shares).argmax(axis=0)]
    return sp.Raster(np.where(known, code, np.nan), place[0], pyproj.CRS(place[1]), "land cover")


def on_grid(raster: sp.Raster, grid: sp.Raster) -> sp.Raster:
    """Warp elevation to a grid: a choice that is made here, in view, and never inside the package."""
    values = np.full(grid.values.shape, np.nan)
    reproject(
        raster.values,
        values,
        src_transform=raster.transform,
        src_crs=raster.crs,
        src_nodata=np.nan,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=Resampling.average,
    )
    return sp.Raster(values, grid.transform, grid.crs, "elevation")


def main(raw: str) -> None:
    """Compute and draw."""
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    cover = land_cover(Path(raw) / "comoros" / "landcover")
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
            cover,
            "esa_worldcover",
            roads=roads,
            barriers=water,
            elevation=on_grid(layers.elevation, cover),
            mode=mode,
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
