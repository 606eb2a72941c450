"""Compile every kernel once, so that no later call waits: what ``spatial warmup`` does."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from affine import Affine
from numba.core.dispatcher import Dispatcher

import spatial
from spatial.access.capacity import allocate_capacity
from spatial.access.floating_catchment import floating_catchment_area
from spatial.access.isochrones import catchment_areas, isochrones
from spatial.access.places import take
from spatial.network.build import build_network
from spatial.network.graph import TravelGraph
from spatial.network.matrix import MANY, times_matrix
from spatial.network.nearest import nearest, node_labels
from spatial.network.snapping import Snaps, snap
from spatial.planning.link_candidates import lay_corridors
from spatial.planning.links import rank_links
from spatial.planning.siting import p_median
from spatial.terrain.friction import Friction
from spatial.terrain.surface import facility_to_facility, travel_time_surface

CRS = "EPSG:32738"
SIDE, STEP_M = 6, 1000.0
"""Streets a side of the little town that is computed, and their distance."""


def _streets() -> gpd.GeoDataFrame:
    """Lay a grid of streets with a bend in each block."""
    side = range(SIDE)
    lines = [[(STEP_M * (i + half / 2), STEP_M * j + 50.0 * half) for i in side for half in (0, 1)] for j in side]
    lines += [[(x, y) for y, x in line] for line in lines]
    return gpd.GeoDataFrame(
        {"road_class": ["residential"] * len(lines)}, geometry=[shapely.LineString(line) for line in lines], crs=CRS
    )


def _points(*xy: tuple[float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.Point(point) for point in xy], crs=CRS)


def _river() -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.LineString([(1500, -900), (1500, 900)])], crs=CRS)


def _town() -> tuple[TravelGraph, Snaps, Snaps]:
    """Build the streets; put homes and shops on them."""
    graph = build_network(_streets())
    homes = snap(graph, _points((1400.0, 100.0), (3100.0, 2900.0)), min_component_km=0.0, barriers=_river())
    shops = snap(graph, _points((1600.0, 200.0), (2400.0, 4100.0)), min_component_km=0.0)
    return graph, homes, shops


def _travel() -> None:
    graph, homes, shops = _town()
    for k in (1, 2):
        nearest(graph, homes, shops, k=k)
    node_labels(graph, shops)


def _search_within() -> None:
    graph, homes, shops = _town()
    # Before as many searches as are shared between threads, ways in are sorted out.
    times_matrix(graph, take(homes, np.zeros(MANY, dtype=np.int64)), shops, cutoff_min=60.0, forwards=True)


def _draw_areas() -> None:
    graph = build_network(_streets())
    clinics = gpd.GeoDataFrame(
        {"facility_id": ["a", "b"], "service": ["clinic", "clinic"]},
        geometry=_points((1600.0, 200.0), (2400.0, 4100.0)),
    )
    isochrones(graph, clinics, cutoffs_min=(5.0, 10.0), barriers=_river())
    catchment_areas(graph, clinics, service="clinic", barriers=_river())


def _cross_open_ground() -> None:
    friction = np.full((8, 8), 0.01)
    places = np.array([(0, 0), (7, 7)])
    heights = np.arange(64.0).reshape(8, 8)
    travel_time_surface(friction, places, resolution_m=100.0)
    travel_time_surface(friction, places, resolution_m=100.0, neighbours=16, elevation_m=heights)
    facility_to_facility(friction, places, resolution_m=100.0)


def _measure() -> None:
    od = pd.DataFrame({"from_id": ["v"], "to_id": [7], "travel_time_min": [5.0]})
    villages = pd.DataFrame({"settlement_id": ["v"], "population_persons": [100.0]})
    clinics = pd.DataFrame({"facility_id": [7], "service": ["clinic"], "capacity": [10.0]})
    floating_catchment_area(od, villages, clinics, service="clinic", method="3sfca", buffer="none_needed")
    allocate_capacity(od, villages, clinics, service="clinic", cutoff_min=30.0)


def _rank_links() -> None:
    villages = gpd.GeoDataFrame(
        {"settlement_id": ["v"], "population_persons": [100.0]}, geometry=_points((1400.0, 2900.0))
    )
    clinics = gpd.GeoDataFrame({"facility_id": [7], "service": ["clinic"]}, geometry=_points((2400.0, 4100.0)))
    across = shapely.LineString([(1000.0, 3000.0), (2000.0, 4000.0)])
    links = gpd.GeoDataFrame({"road_id": ["across"], "speed_km_h": [40.0]}, geometry=[across], crs=CRS)
    rank_links(build_network(_streets()), villages, links, budget_km=2.0, facilities=clinics, service="clinic")
    ground = np.full((5, 5), 0.01)
    lay_corridors(links, Friction(ground, ground > 0.0, Affine(1e3, 0.0, 0.0, 0.0, -1e3, 5e3), pyproj.CRS(CRS)))


STEPS: dict[str, Callable[[], object]] = {
    "times on the network": _travel,
    "areas": _draw_areas,
    "times off the roads": _cross_open_ground,
    "measures": _measure,
    # A plan that the first bound does not prove, so that the search goes on.
    "plans": lambda: p_median(
        cost=np.array([[0.0, 6.0, 3.0, 2.0], [6.0, 0.0, 4.0, 7.0], [3.0, 4.0, 0.0, 10.0], [2.0, 7.0, 10.0, 0.0]]),
        n_facilities=2,
    ),
    "times within a limit": _search_within,
    "routes": lambda: nearest(*_town(), k=1).routes(np.arange(2)),
    "links": _rank_links,
}
"""What is computed, in this order."""

THEIRS = tuple(STEPS)[2:]
"""Steps of the second process; the last three need what the first process compiles first. Both take about as long."""


def compiled_kernels() -> dict[str, Dispatcher]:
    """List the compiled functions of the package."""
    from numba.core.dispatcher import Dispatcher  # noqa: PLC0415 - the second process starts before

    found: dict[str, Dispatcher] = {}
    root = Path(spatial.__file__).parent
    for file in sorted(root.rglob("kernels_*.py")):
        module = ".".join((spatial.__name__, *file.relative_to(root).with_suffix("").parts))
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, Dispatcher) and value.py_func.__module__ == module:
                found[f"{module}.{name}"] = value
    return found


def warm_up(progress: Callable[[float, str], None] | None = None) -> int:
    """Run every kind of computation once on a little town, a second process half of it, and keep the compiled code."""
    report = progress or (lambda _fraction, _message: None)
    # The interpreter that runs, and the name of this module: nothing from outside gets into the command.
    command = [sys.executable, "-m", f"{spatial.__name__}.warmup"]
    helper = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        with all_kept():
            for number, (name, step) in enumerate(STEPS.items()):
                if name == THEIRS[0]:
                    report(number / len(STEPS), "waiting for the second process")
                    has_worked = helper.wait() == 0
                    # There is a folder for the compiled code of every kernel.
                    if has_worked and all(kernel.stats.cache_path for kernel in compiled_kernels().values()):
                        break
                report(number / len(STEPS), name)
                step()
    finally:
        helper.kill()
        helper.wait()
    report(1.0, "done")
    return len(compiled_kernels())


@contextmanager
def all_kept() -> Iterator[None]:
    """Do not look for memory to free, which takes compilers a quarter of the time; callers end with ``gc.freeze()``."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


if __name__ == "__main__":
    # The steps of the second process.
    with all_kept():
        for name in THEIRS:
            STEPS[name]()
        gc.freeze()
