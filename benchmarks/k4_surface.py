"""K4: travel-time surfaces beside scipy, scikit-image, xarray-spatial and whitebox.

Run ``python -m benchmarks.k4_surface [--side 1000] [--large 4000] [--repeats 5]``. Ground: smooth land cover in six
classes, straight roads, rivers as barriers that roads cross; 20 sources. CPU seconds, tasks in turns, medians.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.measure import in_turns
from spatial.terrain import catchment_surface, travel_time_surface

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CELL_M = 100.0
SOURCES = 20
SPEEDS_KM_H = np.array([5.0, 4.0, 3.0, 2.0, 1.62, 2.5])
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


def ground(side: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Make friction in minutes per metre (NaN for rivers), elevation in metres and sources."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=(side, side)), 8)
    part = np.searchsorted(np.quantile(smooth, [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]), smooth)
    friction = 0.06 / SPEEDS_KM_H[part]
    valley = gaussian_filter(rng.normal(size=(side, side)), 6)
    friction[np.abs(valley) < valley.std() * 0.03] = np.nan
    for _ in range(max(side // 50, 2)):
        ends = rng.integers(0, side, (2, 2))
        along = (
            np.linspace(ends[0], ends[1], 2 * int(np.abs(ends[0] - ends[1]).max()) + 2).round().astype(int)
        )
        friction[along[:, 0], along[:, 1]] = 0.06 / rng.choice([20.0, 40.0, 60.0, 80.0])
    hills = gaussian_filter(rng.normal(size=(side, side)), 20)
    open_cells = np.argwhere(np.isfinite(friction))
    return friction, hills / hills.std() * 150, rng.permutation(open_cells)[:SOURCES]


def grid_graph(friction: NDArray[np.float64]) -> Any:
    """Build scipy's graph of 8 neighbours, closed where both corners of a diagonal are."""
    rows, columns = friction.shape
    cells = np.arange(friction.size, dtype=np.int32).reshape(friction.shape)
    start, end, minutes = [], [], []
    for down, right in STEPS:
        here = (slice(0, rows - down), slice(max(-right, 0), columns - max(right, 0)))
        there = (slice(down, rows), slice(max(right, 0), columns + min(right, 0)))
        cost = (friction[here] + friction[there]) / 2 * CELL_M * np.hypot(down, right)
        is_open = np.isfinite(cost)
        if down and right:
            is_open &= np.isfinite(friction[there[0], here[1]]) | np.isfinite(friction[here[0], there[1]])
        start.append(cells[here][is_open])
        end.append(cells[there][is_open])
        minutes.append(cost[is_open])
    a, b, w = (np.concatenate(parts) for parts in (start, end, minutes))
    both = (np.concatenate((w, w)), (np.concatenate((a, b)), np.concatenate((b, a))))
    return coo_array(both, shape=(friction.size, friction.size)).tocsr()


def _scipy(graph: Any, flat: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(dijkstra(graph, indices=flat, min_only=True))


def _skimage(friction: NDArray[np.float64], sources: NDArray[np.int64]) -> NDArray[np.float64]:
    from skimage.graph import MCP_Geometric  # noqa: PLC0415 - a peer that need not be there

    costs = np.where(np.isfinite(friction), friction, -1)
    return np.asarray(MCP_Geometric(costs).find_costs(sources.tolist())[0]) * CELL_M


def _xarray_spatial(friction: NDArray[np.float64], sources: NDArray[np.int64]) -> NDArray[np.float64]:
    import xarray as xr  # noqa: PLC0415 - a peer that need not be there
    from xrspatial.cost_distance import cost_distance  # noqa: PLC0415 - as above

    marks = np.zeros(friction.shape)
    marks[sources[:, 0], sources[:, 1]] = 1.0
    where = {name: np.arange(n) * CELL_M for name, n in zip(("y", "x"), friction.shape, strict=True)}
    layers = (xr.DataArray(values, dims=("y", "x"), coords=where) for values in (marks, friction))
    return np.asarray(cost_distance(*layers))


def _whitebox(
    folder: Path, friction: NDArray[np.float64], sources: NDArray[np.int64]
) -> Callable[[], NDArray[np.float64]]:
    import rasterio  # noqa: PLC0415 - for the files of a peer only
    import whitebox_workflows  # noqa: PLC0415 - a peer that need not be there

    marks = np.zeros(friction.shape)
    marks[sources[:, 0], sources[:, 1]] = 1.0
    profile = {
        "driver": "GTiff",
        "height": friction.shape[0],
        "width": friction.shape[1],
        "count": 1,
        "dtype": "float64",
        "crs": "EPSG:32738",
        "transform": rasterio.Affine(CELL_M, 0, 0, 0, -CELL_M, 0),
        "nodata": -9999.0,
    }
    for name, values in (("marks", marks), ("cost", np.nan_to_num(friction, nan=-9999.0))):
        with rasterio.open(folder / f"{name}.tif", "w", **profile) as file:
            file.write(values, 1)
    box = whitebox_workflows.WbEnvironment()
    layers = [box.read_raster(str(folder / f"{name}.tif")) for name in ("marks", "cost")]
    return lambda: box.cost_distance(*layers)


def peers(
    friction: NDArray[np.float64], sources: NDArray[np.int64], folder: Path, *, large: bool
) -> dict[str, Callable[[], Any]]:
    """List the peers that are installed; say which are not."""
    tasks: dict[str, Callable[[], Any]] = {}
    if not large:
        graph, flat = grid_graph(friction), sources @ np.array([friction.shape[1], 1])
        tasks["scipy (graph already built)"] = partial(_scipy, graph, flat)
        if importlib.util.find_spec("skimage"):
            tasks["scikit-image MCP_Geometric"] = partial(_skimage, friction, sources)
        if importlib.util.find_spec("whitebox_workflows"):
            try:
                tasks["whitebox"] = _whitebox(folder, friction, sources)
            except Exception as error:  # noqa: BLE001 - a peer's own licence or format must not stop the others
                print(f"whitebox does not run here: {error}")
    if importlib.util.find_spec("xrspatial"):
        tasks["xarray-spatial"] = partial(_xarray_spatial, friction, sources)
    for package in ("skimage", "xrspatial", "whitebox_workflows"):
        if not importlib.util.find_spec(package):
            print(f"{package} is not installed: not measured")
    return tasks


def compare(ours: NDArray[np.float64], name: str, theirs: object) -> None:
    """Print how far a peer's answer is from ours."""
    if not isinstance(theirs, np.ndarray):
        print(f"  {name}: its answer stays in its own raster and is not compared")
        return
    other = theirs.reshape(ours.shape).astype(np.float64)
    both = np.isfinite(ours) & np.isfinite(other)
    only = np.isfinite(ours) != np.isfinite(other)
    print(
        f"  {name}: largest difference {np.abs(ours[both] - other[both]).max():.2g} min where both answer; "
        f"{only.sum():,} cells answered by one alone"
    )


def one_size(side: int, *, repeats: int, seed: int, large: bool) -> None:
    """Measure one size and print it."""
    friction, elevation, sources = ground(side, seed)
    options: dict[str, Any] = {"resolution_m": CELL_M}
    slope = {"elevation_m": elevation, **options}
    ours = partial(travel_time_surface, friction, sources, **options)
    with tempfile.TemporaryDirectory() as folder:
        tasks: dict[str, Callable[[], Any]] = {"spatial, 8 neighbours": ours}
        others = peers(friction, sources, Path(folder), large=large)
        print(f"{side} x {side} cells, {len(sources)} sources, {np.isnan(friction).mean():.1%} barriers")
        answer = ours()
        for name, task in others.items():
            with open("/dev/null", "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123 - a device
                theirs = task()
            compare(answer, name, theirs)
        tasks |= others
        tasks["spatial, 16 neighbours"] = partial(ours, neighbours=16)
        tasks["spatial, with catchments"] = partial(catchment_surface, friction, sources, **options)
        tasks["spatial, slopes"] = partial(travel_time_surface, friction, sources, **slope)
        for task in tasks.values():
            task()
        took = in_turns(tasks, repeats=repeats)
    own = took["spatial, 8 neighbours"].cpu
    for name, seconds in took.items():
        print(f"  {name:32} {seconds.cpu:8.4f} s CPU {seconds.cpu / own:8.2f} x")


PEAK = """
import pathlib, resource, sys
import numpy as np
from spatial.terrain import travel_time_surface
side = int(sys.argv[1])
travel_time_surface(np.full((50, 50), 0.01), [(0, 0)], resolution_m=100.0)
friction = np.random.default_rng(0).uniform(0.005, 0.05, (side, side))
before = int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
minutes = travel_time_surface(friction, [(side // 2, side // 2)], resolution_m=100.0)
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
print((friction.nbytes + more) / (friction.nbytes + minutes.nbytes))
"""


def memory(side: int) -> None:
    """Print the memory of a search over that of its input and output."""
    found = subprocess.run(
        [sys.executable, "-c", PEAK, str(side)], capture_output=True, text=True, check=True
    )
    print(f"memory at {side} x {side}: {float(found.stdout):.2f} x inputs and outputs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--large", type=int, default=0, help="a second size, beside xarray-spatial alone")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    one_size(chosen.side, repeats=chosen.repeats, seed=chosen.seed, large=False)
    if chosen.large:
        one_size(chosen.large, repeats=chosen.repeats, seed=chosen.seed + 1, large=True)
    print("GRASS r.cost is not measured here: it is no Python package")
    memory(3000)


if __name__ == "__main__":
    main()
