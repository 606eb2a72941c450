"""Scenarios on a built graph beside building it again, and paired runs beside single ones.

``python -m benchmarks.scenario_edits [N_NODES] [RAW]``: edits of a road-like graph of N_NODES (100,000), and with the
folder that holds ``comoros/`` also on Comoros: build, edits, and the runs of an interval beside one run.
"""

from __future__ import annotations

import sys
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

import spatial as sp
from benchmarks.measure import in_turns
from benchmarks.road_like import road_like_graph
from spatial.access.places import minutes_to_closest
from spatial.network.snapping import snap

REPEATS = 5


def main(n_nodes: int = 100_000, raw: str | None = None) -> None:
    """Measure and print."""
    graph = road_like_graph(n_nodes, seed=1)
    print(f"road-like: {graph!r}")
    _print(in_turns({"core": lambda: _core(graph), **_edits(graph)}, repeats=REPEATS), "core")
    if raw is not None:
        _comoros(raw)


def _comoros(raw: str) -> None:
    layers = sp.prepare(sp.Study.from_toml("examples/comoros.toml", raw=raw))
    graph = sp.build_network(layers.roads, mode="drive")
    people = sp.allocate_population(layers.settlements, layers.population, graph=graph)
    wet = sp.with_season(graph, "wet")
    print(f"Comoros: {graph!r}")
    _print(
        in_turns({"build": lambda: sp.build_network(layers.roads, mode="drive"), **_edits(graph)}, repeats=REPEATS),
        "build",
    )
    hospitals = layers.facilities[layers.facilities["service"] == "hospital"]
    tasks = {
        "one run": lambda: sp.cost_to_closest(graph, people, hospitals, service="hospital"),
        "interval, nine runs": lambda: sp.access_intervals(graph, people, hospitals, service="hospital", wet=wet),
    }
    _print(in_turns(tasks, repeats=REPEATS), "one run")
    found = sp.access_intervals(graph, people, hospitals, service="hospital", wet=wet)
    snaps = snap(graph, people.geometry), snap(graph, hospitals.geometry)
    one = minutes_to_closest(graph, snaps, direction="to_facility")
    print("  answers agree:", bool(np.allclose(found.table["base_min"].to_numpy(), one, equal_nan=True)))
    print(" ", found.headline(60.0))


def _edits(graph: Any) -> dict[str, Any]:
    middle = graph.n_edges // 2
    x, y = graph.node_x[graph.edge_from[middle]], graph.node_y[graph.edge_from[middle]]
    line = shapely.LineString([(x - 2000, y - 1500), (x + 2000, y + 1500)])
    road = gpd.GeoDataFrame({"speed_km_h": [60.0]}, geometry=[line], crs=graph.crs)
    chosen = np.linspace(0, graph.n_edges - 1, 100).astype(np.int64)
    return {
        "close a road": lambda: sp.edit_network(graph, close=[graph.road_id[middle]]),
        "another speed": lambda: sp.edit_network(graph, speeds={graph.road_id[middle]: 60.0}),
        "a new road": lambda: sp.edit_network(graph, add=road),
        "cut 100 edges": lambda: sp.split_edges(graph, chosen, np.full(100, 0.5)),
    }


def _core(graph: Any) -> None:
    """Lay other minutes on the core, which every change must do before the next search."""
    _ = graph.with_minutes(graph.forward_min, graph.backward_min).core


def _print(seconds: dict[str, Any], unit: str) -> None:
    for name, taken in seconds.items():
        print(f"  {name:24s} {1000 * taken.cpu:9.1f} ms   {taken.cpu / seconds[unit].cpu:6.2f} x {unit}")


if __name__ == "__main__":
    main(*(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000,), *sys.argv[2:3])
