"""Streets inside settlements: they branch off the roads, meet, and stop where the ground does."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.sample_county.roadmap import RoadMap, Way

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    Point = tuple[float, float]

__all__ = ["StreetPlan", "grow_streets"]

STEP_M = (30.0, 52.0)
"""Least and greatest distance between vertices of a street."""
BRANCH_CHANCE = 0.42
"""Chance that a street sends out a branch at a vertex."""
JOIN_M = 15.0
"""A street that ends this near to a road joins it."""
STRAY = 0.10
"""Standard deviation of a street's change of direction at a vertex, radians."""
SEED_SPACING_M = 55.0
LONGEST = 9
"""Most vertices of one street."""
SERVICE_CHANCE, SERVICE_STEPS = 0.42, 3
"""Chance that a street of few vertices is a service way."""


@dataclass(frozen=True)
class StreetPlan:
    """The streets that a settlement gets."""

    place: tuple[float, float]  # its middle, metres east and north
    radius_m: float  # how far from the middle streets go
    budget_m: float  # length of streets wanted
    # highway value of its streets: lanes of a place without a road are tracks or paths themselves
    street: str = "residential"


def grow_streets(
    random: np.random.Generator, roadmap: RoadMap, plan: StreetPlan, buildable: Callable[[float, float], bool]
) -> float:
    """Grow the streets of one settlement off the roads that pass it."""
    waiting: list[tuple[float, int, float]] = []

    def wait(node: int, angle: float) -> None:
        away = math.dist(roadmap.points[node], plan.place) * float(random.uniform(0.7, 1.3))
        heapq.heappush(waiting, (away, node, angle))

    for node, angle in _seeds(roadmap, plan):
        wait(node, angle)
    built = 0.0
    while waiting and built < plan.budget_m:
        _, node, angle = heapq.heappop(waiting)
        street = _Street(roadmap, [node])
        for _ in range(int(random.integers(2, LONGEST))):
            angle += float(random.normal(0.0, STRAY))
            before = len(street.nodes)
            length = street.step(angle, float(random.uniform(*STEP_M)), plan, buildable)
            built += length
            if street.is_done:
                break
            if random.random() < BRANCH_CHANCE and len(street.nodes) > before:
                side = 1.0 if random.random() < 0.5 else -1.0
                wait(street.nodes[-1], angle + side * math.pi / 2)
        if len(street.nodes) > 1:
            short = len(street.nodes) <= SERVICE_STEPS and random.random() < SERVICE_CHANCE
            is_service = short and plan.street == "residential"
            roadmap.add_way(Way("service" if is_service else plan.street, street.nodes))
    return built


def _seeds(roadmap: RoadMap, plan: StreetPlan) -> list[tuple[int, float]]:
    chosen: list[tuple[int, float]] = []
    kept: list[Point] = []
    for node in roadmap.nodes_near(plan.place, plan.radius_m, paths=plan.street == "path"):
        x, y = roadmap.points[node]
        if all(math.hypot(x - u, y - v) >= SEED_SPACING_M for u, v in kept):
            kept.append((x, y))
            along = roadmap.direction_at(node)
            chosen += [(node, along + math.pi / 2), (node, along - math.pi / 2)]
    return chosen


class _Street:
    """A street while it grows."""

    def __init__(self, roadmap: RoadMap, nodes: list[int]) -> None:
        self.roadmap, self.nodes, self.is_done = roadmap, nodes, False

    def step(self, angle: float, length: float, plan: StreetPlan, buildable: Callable[[float, float], bool]) -> float:
        """Go on by one vertex; return the metres built."""
        here = self.roadmap.points[self.nodes[-1]]
        there = (here[0] + length * math.cos(angle), here[1] + length * math.sin(angle))
        off = math.hypot(there[0] - plan.place[0], there[1] - plan.place[1]) > plan.radius_m
        halfway = ((here[0] + there[0]) / 2, (here[1] + there[1]) / 2)
        if off or not (buildable(*there) and buildable(*halfway)):
            self.is_done = True
            return 0.0
        met = self._first_met(here, there)
        if met is not None:
            self.is_done = True
            if met in self.nodes:
                return 0.0
            self.nodes.append(met)
            return math.dist(here, self.roadmap.points[met])
        self.nodes.append(self.roadmap.add_node(*there))
        return length

    def _first_met(self, here: Point, there: Point) -> int | None:
        """Find or make the node where this stretch meets a road; None where it meets none."""
        points, own = self.roadmap.points, set(self.nodes)
        best: tuple[float, int, int, int, Point] | None = None
        for first, second, number in self.roadmap.near(here, there):
            if first in own or second in own:
                continue
            share = _crossing(here, there, points[first], points[second])
            if share is None:
                foot = _foot(there, points[first], points[second])
                if math.dist(there, foot) >= JOIN_M:
                    continue
                share = 1.0
            else:
                foot = (here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1]))
            if best is None or (share, first, second, number) < best[:4]:
                best = (share, first, second, number, foot)
        if best is None:
            return None
        _, first, second, number, foot = best
        for node in (first, second):
            if math.dist(points[node], foot) < JOIN_M / 2:
                return node
        node = self.roadmap.add_node(*foot)
        self.roadmap.insert_node(number, first, second, node)
        return node


def _crossing(a: Point, b: Point, c: Point, d: Point) -> float | None:
    """Tell at which share of the way from a to b it crosses the stretch from c to d."""
    rx, ry, sx, sy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    across = rx * sy - ry * sx
    if across == 0.0:
        return None
    along = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / across
    other = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / across
    return along if 0.0 < along <= 1.0 and 0.0 <= other <= 1.0 else None


def _foot(p: Point, a: Point, b: Point) -> Point:
    """Find the point of a stretch that is nearest to a point."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    share = 0.0 if square == 0.0 else min(1.0, max(0.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square))
    return a[0] + share * dx, a[1] + share * dy
