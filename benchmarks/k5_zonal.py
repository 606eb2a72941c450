"""K5: people by zone, by shares of cells, beside the cells' centres alone.

Run ``python -m benchmarks.k5_zonal [--side 2000] [--zones 400] [--repeats 5]``. Shares come from exactextract, which is
the library to be met and is used; what is measured is what the package adds to a bare call, and the answers.
"""

from __future__ import annotations

import argparse
import importlib.util
from functools import partial

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from rasterio.features import rasterize

from benchmarks.measure import in_turns
from spatial.rasters import Raster
from spatial.terrain.coverage import zonal_sums


def world(side: int, zones: int, seed: int) -> tuple[Raster, gpd.GeoDataFrame]:
    """Make people on cells of 100 m, and zones that tile them with crooked edges."""
    rng = np.random.default_rng(seed)
    people = Raster(
        rng.gamma(0.3, 10.0, (side, side)), Affine(100, 0, 0, 0, -100, 100.0 * side), pyproj.CRS("EPSG:32738")
    )
    spots = shapely.MultiPoint(rng.uniform(0, 100.0 * side, (zones, 2)))
    whole = shapely.box(0, 0, 100.0 * side, 100.0 * side)
    parts = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(spots, extend_to=whole)), whole)
    return people, gpd.GeoDataFrame({"zone_id": np.arange(len(parts))}, geometry=parts, crs=people.crs)


def _ours(people: Raster, zones: gpd.GeoDataFrame) -> np.ndarray:
    return zonal_sums(people, zones).table["sum"].to_numpy()


def _bare(people: Raster, zones: gpd.GeoDataFrame) -> np.ndarray:
    rows, columns = people.values.shape
    source = NumPyRasterSource(people.values, xmin=0, xmax=100.0 * columns, ymin=0, ymax=100.0 * rows)
    return exact_extract(source, zones, ["sum"], output="pandas")["sum"].to_numpy()


def _centres(people: Raster, zones: gpd.GeoDataFrame) -> np.ndarray:
    pairs = zip(zones.geometry, range(1, len(zones) + 1), strict=True)
    drawn = rasterize(pairs, out_shape=people.values.shape, transform=people.transform, dtype="int32")
    return np.bincount(drawn.ravel(), weights=people.values.ravel(), minlength=len(zones) + 1)[1:]


def _rasterstats(people: Raster, zones: gpd.GeoDataFrame) -> np.ndarray:
    from rasterstats import zonal_stats  # noqa: PLC0415 - a peer that need not be there

    found = zonal_stats(zones, people.values, affine=people.transform, stats=["sum"], nodata=-1)
    return np.array([item["sum"] or 0.0 for item in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=2000)
    parser.add_argument("--zones", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    people, zones = world(chosen.side, chosen.zones, chosen.seed)
    tasks = {
        "spatial": partial(_ours, people, zones),
        "exactextract, bare": partial(_bare, people, zones),
        "rasterize + bincount (centres)": partial(_centres, people, zones),
    }
    if importlib.util.find_spec("rasterstats"):
        tasks["rasterstats (centres)"] = partial(_rasterstats, people, zones)
    else:
        print("rasterstats is not installed: not measured")
    answers = {name: task() for name, task in tasks.items()}
    for name, answer in answers.items():
        away = np.abs(answer - answers["spatial"]).max() / answers["spatial"].max()
        print(f"  {name:32} sum {answer.sum():14.4f} of {people.total:14.4f}, zones differ by {away:.1e} at most")
    took = in_turns(tasks, repeats=chosen.repeats)
    for name, seconds in took.items():
        print(f"  {name:32} {seconds.cpu:8.3f} s CPU {seconds.cpu / took['spatial'].cpu:6.2f} x")


if __name__ == "__main__":
    main()
