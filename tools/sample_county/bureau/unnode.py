"""Roads as a survey draws them: long lines that cross and touch without a common vertex."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from tools.sample_county.roadmap import Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tools.sample_county.roadmap import RoadMap

    FloatArray = NDArray[np.float64]

__all__ = ["Survey", "SurveyLine", "survey_roads"]

CORNER_M = 0.25
"""How far before and behind a junction a line that runs through it cuts the corner."""
STRAIGHT = math.radians(50.0)
"""Ways that turn by less at a junction are drawn as one line."""
NOT_MERGED = frozenset({"oneway", "layer"})
"""Tags of ways that stay lines of their own: for their direction, and as a level meets another at its ends alone."""
SPOIL_EVERY = 25
"""One in so many streets that end at another one is drawn a little too short or too long."""
SPOILED_M = 0.8
SPOILED_CLASSES = frozenset({"residential", "service", "unclassified"})
LEAST_ARM_M = 12.0
LEAST_ANGLE = math.radians(60.0)
"""Only ends that meet a road at a wide angle, with a long last stretch, are spoiled."""

End = tuple[int, int]
"""A way and one of its ends: 0 for the first vertex, -1 for the last."""


@dataclass(frozen=True, eq=False)
class SurveyLine:
    """A line of the survey."""

    road_class: str  # as `Way`
    points: FloatArray  # shape (n, 2), metres
    tags: dict[str, str]  # as `Way`


@dataclass(frozen=True, eq=False)
class Survey:
    """The roads of the county as a survey draws them."""

    lines: tuple[SurveyLine, ...]  # in the order of their first ways
    # ``ways``, ``through`` (junctions that a line runs through without a vertex), ``too short`` and ``too
    # long`` (ends that miss the road or pass beyond it), ``overpasses`` (crossings of roads that do not
    # meet)
    counts: dict[str, int]


@dataclass(eq=False)
class _Chain:
    """Ways that are drawn as one line."""

    nodes: list[int]
    way: Way
    points: list[tuple[float, float]] = field(default_factory=list)


def survey_roads(roadmap: RoadMap) -> Survey:
    """
    Draw the roads as a survey does.

    Ways of one kind are one line through a junction where they go straight on. A line that runs through a junction
    has no vertex there: it cuts the corner by centimetres, so that only the geometry of what crosses or touches it
    tells the junction. Where roads cross in the map without meeting, one is at level 1 from junction to junction.
    """
    points = roadmap.points
    ways, overpasses = _with_overpasses(roadmap.ways, points)
    ways = _bridges_cut(ways)
    chains = _chains(ways, points)
    counts = Counter({"ways": len(roadmap.ways), "overpasses": overpasses})
    _cut_corners(chains, points, counts)
    lines = tuple(SurveyLine(chain.way.road_class, np.array(chain.points), chain.way.tags) for chain in chains)
    return Survey(lines, dict(counts))


def _uses(ways: Sequence[Way]) -> Counter[int]:
    return Counter(node for way in ways for node in way.nodes)


def _with_overpasses(ways: Sequence[Way], points: Sequence[tuple[float, float]]) -> tuple[list[Way], int]:
    """Lift the first of two roads that cross without a common node over the second."""
    place = np.array(points)
    lines = np.array([shapely.LineString(place[way.nodes]) for way in ways], dtype=object)
    first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
    lifted: dict[int, list[float]] = {}
    for one, other in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if one > other:
            continue
        shared = place[sorted(set(ways[one].nodes) & set(ways[other].nodes))]
        for spot in shapely.get_coordinates(shapely.intersection(lines[one], lines[other])):
            if not len(shared) or np.hypot(*(shared - spot).T).min() > 0.01:
                lifted.setdefault(one, []).append(float(lines[one].project(shapely.Point(spot))))
    uses, result = _uses(ways), list[Way]()
    for number, way in enumerate(ways):
        result += _lifted(way, lifted[number], points, uses) if number in lifted else [way]
    return result, sum(map(len, lifted.values()))


def _lifted(way: Way, crossings: list[float], points: Sequence[tuple[float, float]], uses: Counter[int]) -> list[Way]:
    """Cut a way at its junctions, and raise the pieces with the crossings to level 1."""
    place = np.array([points[node] for node in way.nodes])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(place, axis=0).T))])
    last = len(way.nodes) - 1
    breaks = [0, *(inner for inner in range(1, last) if uses[way.nodes[inner]] > 1), last]
    pieces: list[Way] = []
    for begin, end in pairwise(breaks):
        over = any(along[begin] < at < along[end] for at in crossings)
        tags = {**way.tags, "layer": "1"} if over else dict(way.tags)
        if pieces and not over and "layer" not in pieces[-1].tags:
            pieces[-1].nodes += way.nodes[begin + 1 : end + 1]
        else:
            pieces.append(Way(way.road_class, way.nodes[begin : end + 1], tags))
    return pieces


def _bridges_cut(ways: Sequence[Way]) -> list[Way]:
    """Cut what is above the ground where it meets a road, for a level meets another one at its ends alone."""
    uses = _uses(ways)
    result = []
    for way in ways:
        inner = [place for place in range(1, len(way.nodes) - 1) if uses[way.nodes[place]] > 1]
        breaks = [0, *(inner if "layer" in way.tags else []), len(way.nodes) - 1]
        result += [Way(way.road_class, way.nodes[begin : end + 1], dict(way.tags)) for begin, end in pairwise(breaks)]
    return result


class _Junctions:
    """What ends at and what runs through every node."""

    def __init__(self, ways: Sequence[Way], points: Sequence[tuple[float, float]]) -> None:
        self.ways, self.points = ways, points
        self.ends: dict[int, list[End]] = {}
        self.passes: dict[int, list[tuple[int, int]]] = {}
        self.leader = list(range(len(ways)))
        for number, way in enumerate(ways):
            for side in (0, -1):
                self.ends.setdefault(way.nodes[side], []).append((number, side))
            for place in range(1, len(way.nodes) - 1):
                self.passes.setdefault(way.nodes[place], []).append((number, place))

    def head(self, number: int) -> int:
        """Name the line that a way belongs to."""
        while self.leader[number] != number:
            number = self.leader[number]
        return number

    def away(self, end: End) -> float:
        """Tell the direction in which a way leaves its end."""
        nodes = self.ways[end[0]].nodes
        return _direction(self.points[nodes[end[1]]], self.points[nodes[1 if end[1] == 0 else -2]])

    def through(self, node: int) -> list[tuple[float, float]]:
        """List the directions of ways that run through a node."""
        found = []
        for number, place in self.passes.get(node, []):
            nodes, here = self.ways[number].nodes, self.points[node]
            before, after = self.points[nodes[place - 1]], self.points[nodes[place + 1]]
            found.append((_direction(here, before), _direction(here, after)))
        return found

    def straightest(self, node: int, without: Sequence[End] = ()) -> tuple[End, End] | None:
        """Find the two ends of one kind that go on the straightest."""
        free = [end for end in self.ends[node] if end not in without]
        fit = []
        for one, other in combinations(free, 2):
            turn = math.pi - _between(self.away(one), self.away(other))
            if turn < STRAIGHT and self.head(one[0]) != self.head(other[0]) and self._alike(one, other):
                fit.append((turn, one, other))
        return min(fit)[1:] if fit else None

    def _alike(self, one: End, other: End) -> bool:
        first, second = self.ways[one[0]], self.ways[other[0]]
        mixed = NOT_MERGED & {*first.tags, *second.tags}
        return first.road_class == second.road_class and first.tags == second.tags and not mixed

    def join(self, pair: tuple[End, End]) -> None:
        """Make one line of two."""
        self.leader[self.head(pair[1][0])] = self.head(pair[0][0])

    def pairs(self, node: int) -> Iterator[tuple[End, End]]:
        """Choose the ends that are joined at a node."""
        passes, count = self.through(node), len(self.ends.get(node, []))
        if not count or count + 2 * len(passes) < 3 or len(passes) > 1:
            return
        is_cross = count + 2 * len(passes) == 4
        if passes and not is_cross:
            return
        best = self.straightest(node)
        if best is None:
            return
        arms = self.away(best[0]), self.away(best[1])
        if passes:
            if _crosses(arms, passes[0]):
                yield best
            return
        yield best
        other = self.straightest(node, without=best) if is_cross else None
        if other is not None and _crosses(arms, (self.away(other[0]), self.away(other[1]))):
            yield other


def _direction(here: tuple[float, float], there: tuple[float, float]) -> float:
    return math.atan2(there[1] - here[1], there[0] - here[0])


def _between(one: float, other: float) -> float:
    """Angle between two directions, 0 to pi."""
    return abs((one - other + math.pi) % (2 * math.pi) - math.pi)


def _crosses(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether one line goes over to the other side of another."""
    span = (one[1] - one[0]) % (2 * math.pi)
    sides = [(angle - one[0]) % (2 * math.pi) < span for angle in other]
    return sides[0] != sides[1]


def _chains(ways: Sequence[Way], points: Sequence[tuple[float, float]]) -> list[_Chain]:
    junctions = _Junctions(ways, points)
    link: dict[End, End] = {}
    for node in sorted(junctions.ends):
        for one, other in junctions.pairs(node):
            if junctions.head(one[0]) != junctions.head(other[0]):
                junctions.join((one, other))
                link[one], link[other] = other, one
    done: set[int] = set()
    chains = []
    for number, way in enumerate(ways):
        if number in done:
            continue
        end: End = (number, 0)
        while end in link:  # go back to where the line begins
            before = link[end]
            end = (before[0], -1 if before[1] == 0 else 0)
        nodes: list[int] = []
        while True:
            done.add(end[0])
            part = ways[end[0]].nodes if end[1] == 0 else ways[end[0]].nodes[::-1]
            nodes += part[1:] if nodes else part
            last = (end[0], -1 if end[1] == 0 else 0)
            if last not in link:
                break
            end = link[last]
        chains.append(_Chain(nodes, way))
    return chains


def _cut_corners(chains: Sequence[_Chain], points: Sequence[tuple[float, float]], counts: Counter[str]) -> None:
    """Take the vertices of lines away where they run through a junction, and let what ends there touch them."""
    for chain in chains:
        chain.points = [points[node] for node in chain.nodes]
    drawn = [Way(chain.way.road_class, chain.nodes, chain.way.tags) for chain in chains]
    junctions = _Junctions(drawn, points)
    corners: dict[tuple[int, int], FloatArray] = {}
    for node, passes in sorted(junctions.passes.items()):
        ends, arms = junctions.ends.get(node, []), junctions.through(node)
        crossed = len(passes) == 2 and not ends and passes[0][0] != passes[1][0] and _crosses(*arms)
        touched = len(passes) == 1 and bool(ends) and all(number != passes[0][0] for number, _ in ends)
        if not crossed and not touched:
            continue
        counts["through"] += 1
        corners |= {(number, place): _corner(drawn[number], place, points) for number, place in passes}
        middle = corners[passes[0]].mean(axis=0)
        for number, side in ends:
            chains[number].points[side] = (float(middle[0]), float(middle[1]))
        if len(ends) == 1:
            _spoil(chains[ends[0][0]], ends[0][1], arms[0], counts)
    for (number, place), corner in sorted(corners.items(), key=lambda item: item[0], reverse=True):
        chains[number].points[place : place + 1] = [(x, y) for x, y in corner.tolist()]


def _corner(way: Way, place: int, points: Sequence[tuple[float, float]]) -> FloatArray:
    """Find where a line leaves its course before a vertex and comes back to it."""
    here = np.array(points[way.nodes[place]])
    arms = np.array([points[way.nodes[place + step]] for step in (-1, 1)]) - here
    length = np.hypot(*arms.T)
    corner: FloatArray = here + arms * (np.minimum(CORNER_M, 0.4 * length) / length)[:, None]
    return corner


def _spoil(chain: _Chain, side: int, road: tuple[float, float], counts: Counter[str]) -> None:
    """Draw one in some streets a little too short or too long."""
    (x, y), before = chain.points[side], chain.points[1 if side == 0 else -2]
    length, course = math.dist((x, y), before), _direction(before, (x, y))
    steep = min(_between(course, angle) for angle in road)
    if chain.way.road_class not in SPOILED_CLASSES or length < LEAST_ARM_M or steep < LEAST_ANGLE:
        return
    counts["could be spoiled"] += 1
    if counts["could be spoiled"] % SPOIL_EVERY:
        return
    is_short = counts["too short"] == counts["too long"]
    counts["too short" if is_short else "too long"] += 1
    shift = -SPOILED_M if is_short else SPOILED_M
    chain.points[side] = (x + shift * math.cos(course), y + shift * math.sin(course))
