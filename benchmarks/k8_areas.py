"""Isochrones beside the ways in which they are usually drawn: seconds of the processor, and what they claim.

Run: ``python -m benchmarks.k8_areas``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

import spatial as sp
from benchmarks.measure import in_turns
from spatial.access.roads_reached import reached_stretches, straight_pieces
from spatial.network.snapping import snap

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE, STEP_M = 80, 500.0
CUTOFFS_MIN = (15.0, 30.0, 60.0)
CLINICS = 12
KEPT = 0.7
REPEATS = 5
SEED = 20260101
CRS = "EPSG:32738"
RULES = sp.AreaRules()


def county(side: int) -> tuple[Any, gpd.GeoDataFrame]:
    """Lay crooked roads over a square, three in ten missing, with clinics among them."""
    rng = np.random.default_rng(SEED)
    at = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * STEP_M
    at = at + rng.uniform(-0.3, 0.3, at.shape) * STEP_M
    ends = np.concatenate(
        (
            np.stack((at[:, :-1], at[:, 1:]), axis=2).reshape(-1, 2, 2),
            np.stack((at[:-1], at[1:]), axis=2).reshape(-1, 2, 2),
        )
    )
    ends = ends[rng.uniform(size=len(ends)) < KEPT]
    middle = ends.mean(axis=1) + rng.uniform(-0.1, 0.1, (len(ends), 2)) * STEP_M
    lines = shapely.linestrings(np.stack((ends[:, 0], middle, ends[:, 1]), axis=1))
    names = [f"w{number}" for number in range(len(ends))]
    roads = gpd.GeoDataFrame({"road_id": names, "road_class": "unclassified"}, geometry=lines, crs=CRS)
    points = shapely.points(rng.uniform(0.0, side * STEP_M, (CLINICS, 2)))
    ids = [f"f{number}" for number in range(CLINICS)]
    clinics = gpd.GeoDataFrame({"facility_id": ids, "service": "clinic"}, geometry=points, crs=CRS)
    return sp.build_network(roads, speeds="rural_cn"), clinics


def stretches(graph: Any, clinics: gpd.GeoDataFrame, cutoff_min: float) -> Any:
    """Take the roads within reach apart into straight pieces."""
    goals = snap(graph, clinics.geometry)
    found = reached_stretches(graph, goals, cutoff_min=cutoff_min)
    return shapely.linestrings(straight_pieces(graph, found)[0].reshape(-1, 2, 2))


def ours(graph: Any, clinics: gpd.GeoDataFrame) -> Callable[[], list[Any]]:
    """Draw the areas of all cutoffs, from the network to polygons."""

    def run() -> list[Any]:
        return list(sp.isochrones(graph, clinics, cutoffs_min=CUTOFFS_MIN).geometry)

    return run


def buffers(graph: Any, clinics: gpd.GeoDataFrame) -> Callable[[], list[Any]]:
    """Widen, join and narrow the same stretches with shapely; roads out of reach are not cut out."""

    def run() -> list[Any]:
        areas = []
        for cutoff in CUTOFFS_MIN:
            wide = shapely.union_all(shapely.buffer(stretches(graph, clinics, cutoff), RULES.hull_m))
            areas.append(shapely.buffer(wide, RULES.half_width_m - RULES.hull_m))
        return areas

    return run


class EgoGraph:
    """As the examples of osmnx do it: networkx finds the nodes within reach, shapely draws a polygon around them."""

    def __init__(self, graph: Any, clinics: gpd.GeoDataFrame) -> None:
        self.graph = nx.Graph()
        self.xy = np.column_stack((graph.node_x, graph.node_y))
        lines = graph.edge_lines()
        for number, (start, end) in enumerate(zip(graph.edge_from, graph.edge_to, strict=True)):
            minutes = max(graph.forward_min[number], graph.backward_min[number])
            self.graph.add_edge(int(start), int(end), minutes=float(minutes), line=lines[number])
        there = np.array(self.graph.nodes)
        tree = shapely.STRtree(shapely.points(self.xy[there]))
        self.sources = {int(there[row]) for row in tree.nearest(clinics.geometry.to_numpy())}

    def _within(self, cutoff_min: float) -> Any:
        near = nx.multi_source_dijkstra_path_length(self.graph, self.sources, cutoff=cutoff_min, weight="minutes")
        return self.graph.subgraph(near)

    def convex(self) -> list[Any]:
        """Take the convex hull of the nodes within reach."""
        return [
            shapely.convex_hull(shapely.multipoints(self.xy[list(self._within(cutoff).nodes)]))
            for cutoff in CUTOFFS_MIN
        ]

    def edges(self) -> list[Any]:
        """Widen nodes and edges within reach and join them; holes stay, gaps between roads are not closed."""
        areas = []
        for cutoff in CUTOFFS_MIN:
            near = self._within(cutoff)
            lines = np.array([line for *_, line in near.edges(data="line")], dtype=object)
            points = np.asarray(shapely.points(self.xy[list(near.nodes)]), dtype=object)
            areas.append(shapely.union_all(shapely.buffer([*lines, *points], RULES.half_width_m)))
        return areas


def main(*, side: int = SIDE, repeats: int = REPEATS) -> None:
    """Print seconds, ratios and what each way claims."""
    graph, clinics = county(side)
    ego = EgoGraph(graph, clinics)
    tasks: dict[str, Callable[[], Any]] = {
        "isochrones": ours(graph, clinics),
        "buffer, union, narrow": buffers(graph, clinics),
        "ego graph, convex hull": ego.convex,
        "ego graph, wide edges": ego.edges,
    }
    lines = shapely.multilinestrings(graph.edge_lines())
    near = [shapely.multilinestrings(stretches(graph, clinics, cutoff)) for cutoff in CUTOFFS_MIN]
    print(f"{graph.n_edges:,} edges, {graph.length_m.sum() / 1000:,.0f} km, cutoffs {CUTOFFS_MIN} min")
    print("CPU seconds, medians of interleaved runs; then for each cutoff the share of the length within reach that")
    print("lies in the area, and the kilometres out of reach that lie in it as well")
    answers = {name: task() for name, task in tasks.items()}
    taken = in_turns(tasks, repeats=repeats)
    for name, seconds in taken.items():
        claims = []
        for area, within in zip(answers[name], near, strict=True):
            reached = shapely.length(shapely.intersection(area, within))
            beyond = shapely.length(shapely.intersection(area, lines)) - reached
            claims.append(f"{reached / shapely.length(within):.2%} {max(beyond, 0.0) / 1000:.1f} km")
        ratio = seconds.cpu / taken["isochrones"].cpu
        print(f"{name:24s} {seconds.cpu:8.3f} s {ratio:7.1f} x   {'; '.join(claims)}")


if __name__ == "__main__":
    main()
