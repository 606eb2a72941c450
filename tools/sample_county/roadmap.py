"""Roads as OpenStreetMap holds them: nodes, and ways that share them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tools.sample_county.ground import COLUMNS, ROWS, cell_centres
from tools.sample_county.growth import CLASSES
from tools.sample_county.terrain import densify, smooth_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["RoadMap", "Way", "draw_roads"]

BUCKET_M = 60.0
"""Side of the squares in which segments are looked up."""
VERTEX_M = {"trunk": 46.0, "primary": 42.0, "secondary": 36.0, "tertiary": 33.0, "unclassified": 30.0, "track": 34.0}
BEND_M = {"trunk": 2.0, "primary": 3.0, "secondary": 4.0, "tertiary": 5.0, "unclassified": 6.0, "track": 7.0}
"""Distance of vertices and strength of bends by class."""


@dataclass(eq=False)
class Way:
    """A road."""

    road_class: str  # its highway value
    nodes: list[int]  # its vertices
    tags: dict[str, str] = field(default_factory=dict)  # its other tags


class RoadMap:
    """Nodes and ways that can still be changed, and a look-up of segments by place."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self.ways: list[Way] = []
        self._buckets: dict[tuple[int, int], list[tuple[int, int, int]]] = {}

    def add_node(self, x: float, y: float) -> int:
        """Add a node at metres east and north; return its number."""
        self.points.append((x, y))
        return len(self.points) - 1

    def add_way(self, way: Way) -> int:
        """Add a way; return its number."""
        self.ways.append(way)
        number = len(self.ways) - 1
        for first, second in pairwise(way.nodes):
            self._register(first, second, number)
        return number

    def insert_node(self, number: int, first: int, second: int, node: int) -> None:
        """Put a node between two neighbouring nodes of a way."""
        nodes = self.ways[number].nodes
        for place, pair in enumerate(pairwise(nodes)):
            if pair in {(first, second), (second, first)}:
                nodes.insert(place + 1, node)
                break
        self._forget(first, second, number)
        self._register(first, node, number)
        self._register(node, second, number)

    def replace_node(self, old: int, new: int) -> None:
        """Put another node in the place of one, in every way."""
        for way, other in enumerate(self.ways):
            if old in other.nodes:
                for first, second in pairwise(other.nodes):
                    self._forget(first, second, way)
                other.nodes[:] = [new if node == old else node for node in other.nodes]
                for first, second in pairwise(other.nodes):
                    self._register(first, second, way)

    def near(self, a: tuple[float, float], b: tuple[float, float]) -> Iterator[tuple[int, int, int]]:
        """List segments that may lie near a stretch, as (node, node, way)."""
        seen = set()
        for key in _squares(a, b, 1):
            for segment in self._buckets.get(key, ()):
                if segment not in seen:
                    seen.add(segment)
                    yield segment

    def nodes_near(self, place: tuple[float, float], radius_m: float, *, paths: bool = True) -> list[int]:
        """List nodes of ways within a distance, the nearest first; without `paths` those of roads only."""
        x, y = place
        corners = (x - radius_m, y - radius_m), (x + radius_m, y + radius_m)
        found = {
            node
            for first, second, way in self.near(*corners)
            if paths or self.ways[way].road_class != "path"
            for node in (first, second)
        }
        distance = {node: math.hypot(self.points[node][0] - x, self.points[node][1] - y) for node in found}
        return sorted((node for node in found if distance[node] <= radius_m), key=lambda node: (distance[node], node))

    def direction_at(self, node: int) -> float:
        """Tell the direction of a road at one of its nodes, in radians from the east."""
        x, y = self.points[node]
        segments = [item for item in self.near((x, y), (x, y)) if node in item[:2]]
        first, second, _ = min(segments)
        (x1, y1), (x2, y2) = self.points[first], self.points[second]
        return math.atan2(y2 - y1, x2 - x1)

    def _register(self, first: int, second: int, number: int) -> None:
        for key in self._keys(first, second):
            self._buckets.setdefault(key, []).append((first, second, number))

    def _forget(self, first: int, second: int, number: int) -> None:
        for key in self._keys(first, second):
            bucket = self._buckets[key]
            bucket[:] = [item for item in bucket if item not in {(first, second, number), (second, first, number)}]

    def _keys(self, first: int, second: int) -> list[tuple[int, int]]:
        return _squares(self.points[first], self.points[second], 0)


def _squares(a: tuple[float, float], b: tuple[float, float], margin: int) -> list[tuple[int, int]]:
    left, right = sorted((int(a[0] // BUCKET_M), int(b[0] // BUCKET_M)))
    low, high = sorted((int(a[1] // BUCKET_M), int(b[1] // BUCKET_M)))
    return [(x, y) for x in range(left - margin, right + margin + 1) for y in range(low - margin, high + margin + 1)]


def draw_roads(
    random: np.random.Generator, steps: dict[tuple[int, int], int], stops: set[int]
) -> tuple[RoadMap, dict[int, int]]:
    """
    Draw the steps between cells as winding ways between junctions.

    Returns the map, and the node of each cell where ways meet or end.
    """
    shift = np.clip(random.normal(0.0, 15.0, (ROWS * COLUMNS, 2)), -30.0, 30.0)
    roadmap, nodes = RoadMap(), dict[int, int]()
    for rank, cells in _chains(steps, stops):
        road_class = CLASSES[rank]
        places = cell_centres(np.array(cells)) + shift[cells]
        line = _bend(random, smooth_line(places, passes=2), road_class)
        ends = []
        for cell, place in ((cells[0], line[0]), (cells[-1], line[-1])):
            if cell not in nodes:
                nodes[cell] = roadmap.add_node(float(place[0]), float(place[1]))
            ends.append(nodes[cell])
        middle = [roadmap.add_node(float(x), float(y)) for x, y in line[1:-1]]
        roadmap.add_way(Way(road_class, [ends[0], *middle, ends[1]]))
    return roadmap, nodes


def _chains(steps: dict[tuple[int, int], int], stops: set[int]) -> Iterator[tuple[int, list[int]]]:
    """Follow steps of one class from junction to junction."""
    beside: dict[int, list[int]] = {}
    for first, second in sorted(steps):
        beside.setdefault(first, []).append(second)
        beside.setdefault(second, []).append(first)

    def rank(one: int, other: int) -> int:
        return steps[min(one, other), max(one, other)]

    ends = {
        cell
        for cell, others in beside.items()
        if len(others) != 2 or cell in stops or rank(cell, others[0]) != rank(cell, others[1])
    }
    done: set[tuple[int, int]] = set()
    for start in [*sorted(ends), *sorted(beside)]:
        if start not in ends and any((start, other) in done for other in beside[start]):
            continue
        for other in beside[start]:
            if (start, other) in done:
                continue
            chain = [start, other]
            while chain[-1] not in ends and chain[-1] != start:
                before = chain[-2]
                chain.append(next(cell for cell in beside[chain[-1]] if cell != before))
            done.update((one, two) for pair in pairwise(chain) for one, two in (pair, pair[::-1]))
            yield rank(start, other), chain


def _bend(random: np.random.Generator, places: FloatArray, road_class: str) -> FloatArray:
    line = densify(places, VERTEX_M.get(road_class, 40.0))
    line = smooth_line(line, passes=2)
    line[1:-1] += random.normal(0.0, BEND_M.get(road_class, 6.0), (max(len(line) - 2, 0), 2))
    return line
