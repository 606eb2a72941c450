"""Roads as they grow: the national road, county roads, village roads, tracks, each by a least-cost way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from tools.sample_county.ground import COLUMNS, ROWS, cell_centres
from tools.sample_county.sites import pick_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tools.sample_county.lattice import Lattice, Spread
    from tools.sample_county.sites import Sites
    from tools.sample_county.terrain import Terrain

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["CLASSES", "Growth", "Roads", "grow_roads"]

CLASSES = ("trunk", "primary", "secondary", "tertiary", "unclassified", "track", "path")
"""From the strongest to the weakest; a stretch that serves several purposes keeps the strongest."""
GRADE = {"trunk": 0.045, "primary": 0.05, "secondary": 0.06, "unclassified": 0.09, "track": 0.14, "path": 0.3}
"""Slope that doubles the cost of building."""
BRIDGE_M = {"trunk": 2_500.0, "primary": 2_500.0, "secondary": 5_000.0, "unclassified": 14_000.0}
"""What a new bridge over a river costs, in metres of road; weaker roads never build one."""
CULVERT_M = 160.0
"""What crossing a stream costs, in metres of road."""
EXISTING = 0.22
"""Cost of a stretch that is there already, as a share of its length."""
BATCHES = 5
"""Settlements are joined in this many rounds, the easiest first, so that later ones branch off earlier roads."""
TRACK_SHARE, NONE_SHARE = 0.055, 0.022
"""Villages with a track only, and with no road at all."""
COLLECTOR_VILLAGES = 3
"""A village road that at least this many villages need on the way to their town is a tertiary one."""
SLOWNESS = (1.0, 1.1, 1.3, 1.6, 2.0, 4.0, 9.0)
"""Cost of a metre of each class to travellers."""
RINGS = 3
"""Loops that the county roads close."""
OTHER_BANK_M = 1_100.0
"""How far the county seat reaches across its river."""
TOWN_BRIDGES, TOWN_BRIDGE_REACH_M = 2, 3_200.0
"""Roads that the county seat builds to villages near it that are far by road."""
POCKET_VILLAGES, POCKET_REACH_M, POCKET_APART = 4, 9_000.0, 3
"""Villages of the pocket, how far its roads go, and how many cells all others keep away."""
HAMLETS_A_VILLAGE = 0.85
"""Farmsteads away from the roads, for each village."""
HAMLET_REACH_M = (300.0, 3_000.0)
"""Least and most cost of the way to a farmstead."""
HAMLET_KINDS = (("track", 0.66), ("path", 0.22), ("unclassified", 0.12))
"""What leads to farmsteads, and how often."""
LINK_SHARE = 0.10
"""Links between villages at the ends of their roads, for each village."""


@dataclass(eq=False)
class Growth:
    """A network of steps between cells while it grows."""

    lattice: Lattice  # the cells' steps
    elevation_m: FloatArray  # shape (cells,), height of the cells
    river: Mask  # shape (cells,), cells of rivers that need a bridge, and of streams
    stream: Mask
    # class of each built step by its two cells, the lower first: a position in `CLASSES`
    steps: dict[tuple[int, int], int] = field(default_factory=dict)
    # cells that some road passes from which others may branch off
    reached: set[int] = field(default_factory=set)
    closed: Mask | None = None  # shape (cells,), cells that no road may enter
    _costs: dict[str, FloatArray] = field(default_factory=dict)

    def spread(self, kind: str, sources: Iterable[int], *, closed: Mask | None = None) -> Spread:
        """Search for the cheapest ways to build a road of a kind."""
        lattice = self.lattice
        costs = self._costs.get(kind)
        if costs is None:
            grade = np.abs(self.elevation_m[lattice.head] - self.elevation_m[lattice.tail]) / lattice.length_m
            costs = lattice.length_m * (1.0 + np.minimum((grade / GRADE[kind]) ** 2, 40.0))
            wet = self.river[lattice.head]
            damp = self.stream[lattice.head]
            costs = costs * np.where(wet, 12.0, np.where(damp, 2.2, 1.0))
            costs = costs + np.where(damp & ~self.stream[lattice.tail], CULVERT_M, 0.0)
            costs = costs + np.where(wet & ~self.river[lattice.tail], BRIDGE_M.get(kind, np.inf), 0.0)
            self._costs[kind] = costs
        costs = self._with_existing(costs, np.full(len(CLASSES), EXISTING))
        closed = self.closed if closed is None else closed
        if closed is not None:
            costs = np.where(closed[lattice.head] | closed[lattice.tail], np.inf, costs)
        return lattice.spread(costs, sources)

    def on_roads(self, sources: Iterable[int]) -> Spread:
        """Search along built roads only, the faster ones preferred."""
        nowhere = np.full(len(self.lattice.length_m), np.inf)
        return self.lattice.spread(self._with_existing(nowhere, np.array(SLOWNESS)), sources)

    def build(self, cells: Sequence[int], kind: str) -> None:
        """Build a road along a way; what is there already keeps its class if that is stronger."""
        rank = CLASSES.index(kind)
        for first, second in pairwise(cells):
            step = (min(first, second), max(first, second))
            self.steps[step] = min(rank, self.steps.get(step, rank))
        self.reached.update(cells)

    def leave_alone(self, cells: set[int]) -> None:
        """Let no later road come near some roads: they stay a network of their own."""
        apart = np.zeros((ROWS, COLUMNS), dtype=bool)
        apart.flat[sorted(cells)] = True
        self.closed = ndimage.binary_dilation(apart, iterations=POCKET_APART).ravel()
        self.reached -= cells

    def shortened(self, cells: list[int]) -> list[int]:
        """Cut a way to the network where it first comes beside a road: nobody builds two roads side by side."""
        for place, cell in enumerate(cells[1:-1], start=1):
            near = [other for other in self.beside(cell) if other in self.reached and other not in cells]
            if near:
                return [*cells[: place + 1], min(near)]
        return cells

    def beside(self, cell: int) -> list[int]:
        """List the neighbours of a cell."""
        lattice = self.lattice
        first, last = np.searchsorted(lattice.tail, [cell, cell + 1])
        neighbours: list[int] = lattice.head[first:last].tolist()
        return neighbours

    def _with_existing(self, costs: FloatArray, weight: FloatArray) -> FloatArray:
        result = costs.copy()
        if self.steps:
            pairs = np.array(list(self.steps), dtype=np.int64)
            share = weight[np.array(list(self.steps.values()))]
            for tail, head in ((0, 1), (1, 0)):
                steps = self.lattice.steps_between(pairs[:, tail], pairs[:, head])
                result[steps] = self.lattice.length_m[steps] * share
        return result


@dataclass(frozen=True, eq=False)
class Roads:
    """What grew."""

    # class of each step by its two cells, the lower first: a position in `CLASSES`
    steps: dict[tuple[int, int], int]
    connection: dict[int, str]  # for each village's cell ``road``, ``track``, ``none`` or ``pocket``
    hamlets: IntArray  # cells of farmsteads


def grow_roads(
    random: np.random.Generator, terrain: Terrain, lattice: Lattice, sites: Sites, *, river: Mask, stream: Mask
) -> Roads:
    """Grow the road network of the county through its terrain."""
    growth = Growth(lattice, terrain.elevation_m.ravel(), river, stream)
    _through_roads(growth, sites)
    _join(growth, sites.towns[1:], "secondary", batches=3)
    _join_outer_towns(growth, sites)
    _ring_roads(growth, sites)
    connection, later = _village_roads(growth, sites)
    _cross_river(growth, sites)
    _collectors(growth, sites)
    _pocket(growth, sites, connection, later)
    _late_villages(growth, connection, later)
    _links(growth, np.array([cell for cell, state in connection.items() if state == "road"], dtype=np.int64))
    hamlets = _hamlets(random, growth, terrain, sites)
    return Roads(growth.steps, connection, hamlets)


def _through_roads(growth: Growth, sites: Sites) -> None:
    seat = int(sites.towns[0])
    cells = np.arange(ROWS * COLUMNS)
    row, column = np.divmod(cells, COLUMNS)
    for kind, edges in (("trunk", (column == 0, column == COLUMNS - 1)), ("primary", (row == 0, row == ROWS - 1))):
        spread = growth.spread(kind, [seat])
        for edge in edges:
            gate = int(cells[edge][np.argmin(spread.cost[edge])])
            growth.build(spread.way(gate), kind)


def _join(growth: Growth, cells: IntArray, kind: str, *, batches: int) -> None:
    """Join cells to the network in rounds, the cheapest first."""
    waiting = cells
    for turn in range(batches):
        spread = growth.spread(kind, growth.reached)
        order = np.argsort(spread.cost[waiting], kind="stable")
        share = -(-len(waiting) // (batches - turn))
        for cell in waiting[order[:share]].tolist():
            if np.isfinite(spread.cost[cell]):
                growth.build(growth.shortened(spread.way(cell)), kind)
        waiting = waiting[order[share:]]


def _join_outer_towns(growth: Growth, sites: Sites) -> None:
    spread = growth.spread("secondary", growth.reached)
    reach = sites.outer_towns[np.argsort(spread.cost[sites.outer_towns], kind="stable")]
    for cell in reach[: max(2, len(reach) // 2)].tolist():
        growth.build(spread.way(cell), "secondary")


def _ring_roads(growth: Growth, sites: Sites) -> None:
    """Close a few loops: towns at the end of their road get a second one."""
    steps = np.array(list(growth.steps), dtype=np.int64)
    degree = np.bincount(steps.ravel(), minlength=ROWS * COLUMNS)
    ends = [int(town) for town in sites.towns[1:] if degree[town] == 1]
    for town in ends[:RINGS]:
        home = growth.on_roads([town])
        spread = growth.spread("secondary", [town])
        others = np.array([int(other) for other in sites.towns if other != town])
        detour = home.cost[others] / np.maximum(spread.cost[others], 1.0)
        growth.build(
            spread.way(int(others[np.argmax(np.where(spread.cost[others] < 40_000.0, detour, 0.0))])), "tertiary"
        )


def _village_roads(growth: Growth, sites: Sites) -> tuple[dict[int, str], list[int]]:
    villages = sites.villages
    spread = growth.spread("unclassified", growth.reached)
    order = np.argsort(spread.cost[villages], kind="stable")
    late = round(len(villages) * (TRACK_SHARE + NONE_SHARE))
    early = np.concatenate([villages[order[: len(villages) - late]], sites.outer_villages])
    _join(growth, early, "unclassified", batches=BATCHES)
    return dict.fromkeys(early.tolist(), "road"), villages[order[len(villages) - late :]].tolist()


def _cross_river(growth: Growth, sites: Sites) -> None:
    """Build the bridges of the county seat: to its other bank, and to villages close by that are far by road."""
    seat = int(sites.towns[0])
    home, spread = growth.on_roads([seat]), growth.spread("secondary", [seat])
    middle = cell_centres(np.array([seat]))
    distance = np.hypot(*(cell_centres(np.arange(ROWS * COLUMNS)) - middle).T)
    beyond = (distance < OTHER_BANK_M) & (spread.cost > BRIDGE_M["secondary"]) & ~growth.river
    if beyond.any():
        growth.build(spread.way(int(np.argmin(np.where(beyond, spread.cost - 2.0 * distance, np.inf)))), "tertiary")
    near = sites.villages[distance[sites.villages] < TOWN_BRIDGE_REACH_M]
    detour = home.cost[near] / np.maximum(spread.cost[near], 1.0)
    for village in near[np.argsort(-detour, kind="stable")][:TOWN_BRIDGES].tolist():
        growth.build(spread.way(village), "tertiary")


def _collectors(growth: Growth, sites: Sites) -> None:
    """Make tertiary roads of those that several villages need on the way to their town."""
    spread = growth.on_roads(sites.towns)
    users: dict[tuple[int, int], int] = {}
    for village in sites.villages.tolist():
        for first, second in pairwise(spread.way(village)):
            step = (min(first, second), max(first, second))
            users[step] = users.get(step, 0) + 1
    for step, number in users.items():
        if number >= COLLECTOR_VILLAGES:
            growth.build(step, "tertiary")


def _pocket(growth: Growth, sites: Sites, connection: dict[int, str], later: list[int]) -> None:
    """Leave one cluster of villages with roads among themselves and no way out."""
    near = np.zeros((ROWS, COLUMNS), dtype=bool)
    near.flat[sorted(growth.reached)] = True
    closed = ndimage.binary_dilation(near, iterations=POCKET_APART).ravel()
    candidates = [cell for cell in later if not closed[cell] and sites.township[cell] >= 0]
    if not candidates:
        return
    best: tuple[int, Spread, list[int]] | None = None
    for start in candidates[-3:]:
        spread = growth.spread("track", [start], closed=closed)
        members = [cell for cell in candidates if spread.cost[cell] < POCKET_REACH_M]
        if best is None or len(members) > len(best[2]):
            best = (start, spread, members)
    if best is None or min(len(best[2]), len(later) // 3) < 2:
        return
    _, spread, members = best
    outside, count = set(growth.reached), min(POCKET_VILLAGES, len(later) // 3)
    for cell in members[:count]:
        growth.build(spread.way(cell), "unclassified")
        connection[cell] = "pocket"
        later.remove(cell)
    growth.leave_alone(growth.reached - outside)


def _late_villages(growth: Growth, connection: dict[int, str], later: list[int]) -> None:
    none = math.ceil(len(later) * NONE_SHARE / (TRACK_SHARE + NONE_SHARE))
    for cell in later[: len(later) - none]:
        connection[cell] = "track"
    for cell in later[len(later) - none :]:
        connection[cell] = "none"
    for kind, state in (("track", "track"), ("path", "none")):
        joined = np.array([cell for cell in later if connection[cell] == state], dtype=np.int64)
        if len(joined):
            _join(growth, joined, kind, batches=2)


def _links(growth: Growth, villages: IntArray) -> None:
    """Join neighbouring villages at the ends of different roads, where that is cheap."""
    lattice = growth.lattice
    steps = np.array(list(growth.steps), dtype=np.int64)
    degree = np.bincount(steps.ravel(), minlength=ROWS * COLUMNS)
    ends = villages[degree[villages] == 1]
    spread = growth.spread("unclassified", ends)
    first, second = spread.source[lattice.tail], spread.source[lattice.head]
    meets = np.flatnonzero((first < second) & (first >= 0))
    cost = spread.cost[lattice.tail[meets]] + spread.cost[lattice.head[meets]]
    wanted, used = round(len(villages) * LINK_SHARE), set[int]()
    for step in meets[np.argsort(cost, kind="stable")].tolist():
        pair = {int(first[step]), int(second[step])}
        if len(used) >= 2 * wanted:
            break
        if not pair & used:
            used |= pair
            way = spread.way(int(lattice.tail[step]))[::-1] + spread.way(int(lattice.head[step]))
            growth.build(way, "unclassified" if len(used) % 4 else "track")


def _hamlets(random: np.random.Generator, growth: Growth, terrain: Terrain, sites: Sites) -> IntArray:
    """Scatter farmsteads above the roads and give each a track, or a path."""
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    inner = (np.minimum(row, ROWS - 1 - row) > 6) & (np.minimum(column, COLUMNS - 1 - column) > 6)
    spread = growth.spread("track", growth.reached)
    near = (spread.cost > HAMLET_REACH_M[0]) & (spread.cost < HAMLET_REACH_M[1])
    weight = np.exp(-((terrain.slope.ravel() / 0.28) ** 2)) * inner * near * ~growth.river
    count = round(len(sites.villages) * HAMLETS_A_VILLAGE)
    hamlets = pick_apart(random, weight, count=count, apart_m=420.0)
    kinds = random.choice(len(HAMLET_KINDS), size=len(hamlets), p=[share for _, share in HAMLET_KINDS])
    for cell, kind in zip(hamlets.tolist(), kinds.tolist(), strict=True):
        growth.build(spread.way(cell), HAMLET_KINDS[kind][0])
    return hamlets
