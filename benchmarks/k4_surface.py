"""K4: travel-time surfaces beside scipy, scikit-image, xarray-spatial, whitebox and GRASS.

Run ``python -m benchmarks.k4_surface [--side 1000] [--large 4000] [--repeats 5]``. Ground: smooth land cover in six
classes, straight roads, rivers as barriers that roads cross, no diagonal between two barriers; 20 sources. CPU seconds,
tasks in turns, medians. GRASS is measured where it is on the path (Debian: grass-core): ``r.cost`` alone, its layers
already in its own format and no session started.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.measure import in_turns
from spatial.terrain.surface import catchment_surface, travel_time_surface

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CELL_M = 100.0
SOURCES = 20
SPEEDS_KM_H = np.array([5.0, 4.0, 3.0, 2.0, 1.62, 2.5])
NODATA = -9999.0
WHITEBOX_UNREACHED = 2e9
"""Whitebox writes 2^31 where no source is reached."""

STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class Peer:
    """A peer: what is timed, and how its answer becomes minutes of every cell."""

    run: Callable[[], Any]
    minutes: Callable[[Any], NDArray[np.float64]] = np.asarray


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
        along = np.linspace(ends[0], ends[1], 2 * int(np.abs(ends[0] - ends[1]).max()) + 2).round().astype(int)
        friction[along[:, 0], along[:, 1]] = 0.06 / rng.choice([20.0, 40.0, 60.0, 80.0])
    _open_corners(friction)
    hills = gaussian_filter(rng.normal(size=(side, side)), 20)
    open_cells = np.argwhere(np.isfinite(friction))
    return friction, hills / hills.std() * 150, rng.permutation(open_cells)[:SOURCES]


def _open_corners(friction: NDArray[np.float64]) -> None:
    """
    Open a cell beside every diagonal that has barriers on both sides.

    The peers step through there, and this package does not: on ground without such places all have one answer.
    """
    while True:
        shut = np.isnan(friction)
        falls = ~shut[:-1, :-1] & ~shut[1:, 1:] & shut[:-1, 1:] & shut[1:, :-1]
        rises = shut[:-1, :-1] & shut[1:, 1:] & ~shut[:-1, 1:] & ~shut[1:, :-1]
        if not (falls | rises).any():
            return
        rows, columns = np.nonzero(falls | rises)
        friction[rows, columns + falls[rows, columns]] = friction[rows, columns + rises[rows, columns]]


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


def _write_layers(folder: Path, friction: NDArray[np.float64], sources: NDArray[np.int64]) -> None:
    """Write marks and cost as the files that whitebox and GRASS read; cost in minutes a metre."""
    import rasterio  # noqa: PLC0415 - for the files of peers only

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
        "nodata": NODATA,
    }
    for name, values in (("marks", marks), ("cost", np.nan_to_num(friction, nan=NODATA))):
        with rasterio.open(folder / f"{name}.tif", "w", **profile) as file:
            file.write(values, 1)


def _read_layer(path: Path) -> NDArray[np.float64]:
    import rasterio  # noqa: PLC0415 - as above

    with rasterio.open(path) as file:
        return np.where(file.read_masks(1) == 0, np.inf, file.read(1).astype(np.float64))


def _whitebox(folder: Path) -> Peer:
    import whitebox_workflows  # noqa: PLC0415 - a peer that need not be there

    box = whitebox_workflows.WbEnvironment()
    layers = [box.read_raster(str(folder / f"{name}.tif")) for name in ("marks", "cost")]

    def minutes(answer: Any) -> NDArray[np.float64]:
        box.write_raster(answer[0], str(folder / "whitebox.tif"))
        found = _read_layer(folder / "whitebox.tif")
        return np.where(found < WHITEBOX_UNREACHED, found, np.inf)

    return Peer(lambda: box.cost_distance(*layers), minutes)


def _grass(folder: Path, sources: NDArray[np.int64]) -> Peer:
    """Make a project with the cost of a cell, and return a run of r.cost in it without a session of GRASS."""
    project = folder / "grass"
    subprocess.run(["grass", "-e", "-c", "EPSG:32738", str(project)], check=True, capture_output=True)
    found = subprocess.run(["grass", "--config", "path"], check=True, capture_output=True, text=True)
    base = Path(found.stdout.strip())
    (folder / "gisrc").write_text(f"GISDBASE: {folder}\nLOCATION_NAME: grass\nMAPSET: PERMANENT\n")
    paths = {"LD_LIBRARY_PATH": str(base / "lib"), "PATH": f"{base}/bin:{base}/scripts:{os.environ['PATH']}"}
    settings = {**os.environ, **paths, "GISBASE": str(base), "GISRC": str(folder / "gisrc")}

    def run(*command: str) -> None:
        subprocess.run([str(base / "bin" / command[0]), *command[1:]], check=True, capture_output=True, env=settings)

    run("r.in.gdal", f"input={folder / 'cost.tif'}", "output=metre")
    run("g.region", "raster=metre")
    run("r.mapcalc", f"expression=cost = metre * {CELL_M}")
    points = "".join(f"{(x + 0.5) * CELL_M}|{-(y + 0.5) * CELL_M}\n" for y, x in sources.tolist())
    (folder / "points.txt").write_text(points)
    run("v.in.ascii", f"input={folder / 'points.txt'}", "output=points", "x=1", "y=2", "columns=x double, y double")

    def minutes(_answer: Any) -> NDArray[np.float64]:
        target = folder / "grass.tif"
        run("r.out.gdal", "-f", "input=minutes", f"output={target}", "type=Float64", f"nodata={NODATA}", "--overwrite")
        return _read_layer(target)

    search = ("r.cost", "-n", "input=cost", "output=minutes", "start_points=points", "memory=4000", "--overwrite")
    return Peer(lambda: run(*search), minutes)


def peers(
    friction: NDArray[np.float64], sources: NDArray[np.int64], folder: Path, left_out: set[str]
) -> dict[str, Peer]:
    """List the peers that are installed; say which are not."""
    _write_layers(folder, friction, sources)
    makers: dict[str, tuple[bool, Callable[[], Peer]]] = {
        "scipy": (
            True,
            lambda: Peer(partial(_scipy, grid_graph(friction), sources @ np.array([friction.shape[1], 1]))),
        ),
        "scikit-image": (_has("skimage"), lambda: Peer(partial(_skimage, friction, sources))),
        "whitebox": (_has("whitebox_workflows"), lambda: _whitebox(folder)),
        "GRASS r.cost": (shutil.which("grass") is not None, lambda: _grass(folder, sources)),
        "xarray-spatial": (_has("xrspatial"), lambda: Peer(partial(_xarray_spatial, friction, sources))),
    }
    found = {}
    for name, (is_there, make) in makers.items():
        if name in left_out or not is_there:
            print(f"{name} is {'left out' if name in left_out else 'not installed'}: not measured")
            continue
        try:
            found[name] = make()
        except (ImportError, OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            print(f"{name} does not run here: {error}")
    return found


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def compare(ours: NDArray[np.float64], name: str, theirs: NDArray[np.float64]) -> None:
    """Print how far a peer's answer is from ours."""
    other = theirs.reshape(ours.shape).astype(np.float64)
    both = np.isfinite(ours) & np.isfinite(other)
    only = np.isfinite(ours) != np.isfinite(other)
    away = np.abs(ours[both] - other[both])
    print(
        f"  {name}: largest difference {away.max():.2g} min, more than 0.01 min in {(away > 0.01).sum():,} cells of "
        f"{both.sum():,}; {only.sum():,} cells answered by one alone"
    )


def one_size(side: int, *, repeats: int, seed: int, left_out: set[str]) -> None:
    """Measure one size and print it."""
    friction, elevation, sources = ground(side, seed)
    options: dict[str, Any] = {"resolution_m": CELL_M}
    ours = partial(travel_time_surface, friction, sources, **options)
    tasks: dict[str, Callable[[], Any]] = {
        "spatial, 8 neighbours": ours,
        "spatial, 16 neighbours": partial(ours, neighbours=16),
        "spatial, with catchments": partial(catchment_surface, friction, sources, **options),
        "spatial, slopes": partial(ours, elevation_m=elevation),
        "spatial, slopes, 16 neighbours": partial(ours, elevation_m=elevation, neighbours=16),
    }
    with tempfile.TemporaryDirectory() as folder:
        others = peers(friction, sources, Path(folder), left_out)
        print(f"{side} x {side} cells, {len(sources)} sources, {np.isnan(friction).mean():.1%} barriers")
        for task in tasks.values():
            task()
        answer = ours()
        for name, peer in others.items():
            with open("/dev/null", "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123 - a device
                theirs = peer.minutes(peer.run())
            compare(answer, name, theirs)
        tasks |= {name: peer.run for name, peer in others.items()}
        took = in_turns(tasks, repeats=repeats)
    own = took["spatial, 8 neighbours"].cpu
    for name, seconds in took.items():
        print(f"  {name:32} {seconds.cpu:8.4f} s CPU {seconds.cpu / own:8.2f} x")


PEAK = r"""
import pathlib, re, sys
import numpy as np
from spatial.terrain.surface import travel_time_surface
side = int(sys.argv[1])
travel_time_surface(np.full((50, 50), 0.01), [(0, 0)], resolution_m=100.0)
friction = np.random.default_rng(0).uniform(0.005, 0.05, (side, side))
status = pathlib.Path("/proc/self/status")
before = int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1])
minutes = travel_time_surface(friction, [(side // 2, side // 2)], resolution_m=100.0)
more = (int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) - before) * 1024
print((friction.nbytes + more) / (friction.nbytes + minutes.nbytes))
"""


def memory(side: int) -> None:
    """Print the memory of a search over that of its input and output."""
    found = subprocess.run([sys.executable, "-c", PEAK, str(side)], capture_output=True, text=True, check=True)
    print(f"memory at {side} x {side}: {float(found.stdout):.2f} x inputs and outputs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1000, help="0 for the second size alone")
    parser.add_argument("--large", type=int, default=0, help="a second size, measured three times")
    parser.add_argument("--large-without", nargs="*", default=["scipy"], help="peers to leave out there")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.side:
        one_size(chosen.side, repeats=chosen.repeats, seed=chosen.seed, left_out=set())
    if chosen.large:
        left_out = set(chosen.large_without)
        one_size(chosen.large, repeats=min(chosen.repeats, 3), seed=chosen.seed + 1, left_out=left_out)
    memory(3000)


if __name__ == "__main__":
    main()
