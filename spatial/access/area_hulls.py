"""The ground around roads within reach, none of it lost, that claims nothing further than a stated walk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from spatial.access.area_grid import (
    Barriers,
    Distances,
    Grid,
    Nodes,
    Walls,
    crossing,
    cut_short,
    far_apart,
    grid_around,
    near_box,
    no_walls,
    outlines,
    smoothed,
    strip_along,
)
from spatial.access.roads_reached import Stretches, straight_pieces
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError
from spatial.outlines import inside, shapes_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
    from spatial.network.graph import TravelGraph


# The ground around roads within reach: a concave hull that claims nothing further than a stated walk from them.

_FEW = 32
"""Lines that a part is asked about first."""
_WALL_M = 0.5
"""Half the width of a barrier that is drawn as a line. Metres."""


@dataclass(frozen=True)
class AreaRules:
    """
    How far an area may reach beyond the roads that it stands for.

    Parameters
    ----------
    half_width_m : float
        Ground this near to a stretch within reach is claimed, and ground this near to one out of reach is not, unless
        the former is as near. Metres, straight.
    hull_m : float
        Radius of the hull: gaps between stretches are closed where no circle of this radius fits in. No ground further
        than this from a stretch within reach is claimed. Metres, straight; at least `half_width_m`.
    spacing_m : float
        Spacing of the grid at whose nodes distances are measured, or half of `half_width_m` where that is less. Borders
        between nodes are found by interpolation, to within a small part of it. Metres.
    """

    half_width_m: float = 200.0
    hull_m: float = 1000.0
    spacing_m: float = 50.0

    def __post_init__(self) -> None:
        """Refuse widths that make no sense."""
        problems = [
            f"{name}: is {value:g}, must be above 0 and finite"
            for name, value in vars(self).items()
            if not (value > 0 and np.isfinite(value))
        ]
        if not problems and self.hull_m < self.half_width_m:
            problems.append(f"hull_m: is {self.hull_m:g}, must be {self.half_width_m:g} (half_width_m) or more")
        if problems:
            raise ContractError("area rules", problems)


class Ground:
    """Ground around the roads of one network, with what is worth keeping between areas."""

    def __init__(self, graph: TravelGraph, rules: AreaRules, barriers: gpd.GeoSeries | None = None) -> None:
        self.graph = graph
        self.rules = rules
        walls = np.empty(0, dtype=object)
        if barriers is not None and len(barriers):
            if require_metres(barriers.crs, what="barriers") != graph.crs:
                raise CrsError("barriers and network differ in their CRS; reproject with to_crs(graph.crs)")
            walls = shapely.get_parts(shapes_of(barriers.dropna()))
            is_line = shapely.get_dimensions(walls) == 1
            walls[is_line] = shapely.buffer(walls[is_line], _WALL_M, quad_segs=1)
            walls = walls[shapely.get_dimensions(walls) == 2]
        self.barriers = _joined(tuple(shapely.to_wkb(walls).tolist()))
        self._counts = graph.is_snappable & (graph.road_class != "ferry")

    @property
    def cell_m(self) -> float:
        """Spacing of the grid: a strip of twice `half_width_m` holds four nodes at least."""
        return min(self.rules.spacing_m, self.rules.half_width_m / 2.0)

    def leavable(self, found: Stretches) -> Stretches:
        """Keep the stretches of roads that can be left anywhere."""
        return found.take(np.flatnonzero(self._counts[found.edge]))

    def beyond(self, found: Stretches) -> FloatArray:
        """Find the roads out of reach that can be left anywhere."""
        return straight_pieces(self.graph, self.leavable(found.rest(self.graph.n_edges)))[0]

    def apart(self, pieces: FloatArray) -> IntArray:
        """Group pieces between which no ground can be claimed by two groups, so that each has a grid of its own."""
        return far_apart(pieces, 2.0 * self.rules.hull_m + 6.0 * self.cell_m)

    def grid(self, pieces: FloatArray) -> Grid:
        """Lay a grid over all ground that could be claimed."""
        return grid_around(pieces, cell_m=self.cell_m, margin_m=self.rules.hull_m + 3.0 * self.cell_m)

    def claim(self, grid: Grid, pieces: FloatArray, others: FloatArray) -> tuple[NDArray[np.float32], Distances]:
        """
        Tell what ground is claimed around stretches.

        The stretches are widened by `hull_m` and what results is narrowed by `hull_m` - `half_width_m`: the alpha hull
        (Edelsbrunner, Kirkpatrick and Seidel 1983) of the stretches, with alpha = `hull_m`, widened by
        `half_width_m`, but nowhere beyond `hull_m`. Ground next to a road out of reach (`others`) and further from one
        within reach is cut out of it. Both are in cells of the grid.

        Returns above 0 at the nodes on claimed ground: how far they are from its border, in cells, up to a
        cell or two; and the distances to the pieces.
        """
        hull, half = self.rules.hull_m / grid.cell_m, self.rules.half_width_m / grid.cell_m
        reached = Distances(grid, pieces, hull + 2.0).seeded().spread()
        claimed = np.maximum(_narrowed(grid, reached, hull, hull - half), np.float32(half) - reached.gap)
        np.minimum(claimed, np.float32(hull) - reached.gap, out=claimed)
        others = others[grid.near(others)]
        if len(others):
            away = Distances(grid, others, half + 2.0).seeded().spread().gap
            np.minimum(claimed, np.maximum(away - np.float32(half), away - reached.gap), out=claimed)
        return claimed, reached

    def parts(self, areas: ObjectArray, pieces: FloatArray) -> ObjectArray:
        """
        Cut barriers out of areas, and drop what holds no stretch then.

        Returns a MultiPolygon each, None where nothing is left.
        """
        parts, area = self.barriers.parts_beside(areas)
        held = holding(parts, pieces)
        shapes = np.full(len(areas), None, dtype=object)
        if held.any():
            shapes[np.unique(area[held])] = shapely.multipolygons(
                parts[held], indices=np.asarray(np.unique(area[held], return_inverse=True)[1], dtype=np.int64)
            )
        return shapes


@lru_cache(maxsize=1)
def _joined(walls_wkb: tuple[bytes, ...]) -> Barriers:
    """Join barriers by what they are: a run draws many areas among the same waters."""
    return Barriers(shapely.from_wkb(np.array(walls_wkb, dtype=object)))


def _narrowed(grid: Grid, reached: Distances, hull: float, by: float) -> NDArray[np.float32]:
    """
    Narrow what lies within the hull: how far its border is away, less the width to be taken off.

    The border is known to a hair: beside it lies a node outside it, and it is met on the way from the road to there.
    """
    if by <= 0.0:
        return np.float32(hull) - reached.gap
    outside = reached.gap > hull
    rim = np.zeros_like(outside)
    inside = ~outside
    for one, other in (
        (np.s_[1:, :], np.s_[:-1, :]),
        (np.s_[:-1, :], np.s_[1:, :]),
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        rim[one] |= outside[one] & inside[other]
    row, column = np.nonzero(rim & (reached.nearest >= 0))
    foot = reached.foot(reached.nearest[row, column], column, row)
    node = np.column_stack((column, row))
    border = foot + (node - foot) * (hull / reached.gap[row, column])[:, None]
    inward = Distances(grid, np.hstack((border, border)), by + 2.0)
    inward.gap[outside] = 0.0
    return inward.seeded().spread().gap - np.float32(by)


def holding(parts: ObjectArray, pieces: FloatArray) -> BoolArray:
    """Tell which parts a piece runs through."""
    held = np.zeros(len(parts), dtype=bool)
    for number, (part, box) in enumerate(zip(parts, shapely.bounds(parts).reshape(-1, 4), strict=True)):
        near = np.flatnonzero(near_box(pieces, box))
        # Nearly all parts hold the middle of one of the first few; the others are asked about all.
        few = pieces[near[:: max(len(near) // _FEW, 1)]]
        held[number] = inside(part, *((few[:, :2] + few[:, 2:]) / 2.0).T).any()
        if not held[number]:
            held[number] = shapely.intersects(part, shapely.linestrings(pieces[near].reshape(-1, 2, 2))).any()
    return held


# Ground divided between facilities: to the nearest road on its own side of barriers, and none of it lost.

_ROUND = 2.0
"""How far behind barriers the nearest road is looked for, in widths of the hull."""
_HAIR_M = 1e-3
"""Ground nearer than this shares a border. Metres."""
_SHARED_M = 0.01
"""A border shorter than this is a corner. Metres."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """Polygons that do not overlap, and the owner of each."""

    polygons: ObjectArray
    owner: IntArray


@dataclass(frozen=True, eq=False)
class _Roads:
    """Straight pieces of roads by owner."""

    pieces: FloatArray
    owner: IntArray

    def of(self, who: int) -> FloatArray:
        begin, end = np.searchsorted(self.owner, (who, who + 1))
        return self.pieces[begin:end]


def divided(ground: Ground, found: Stretches, n: int) -> tuple[ObjectArray, float]:
    """
    Give the ground around stretches to their owners.

    Every point goes to the owner of the nearest stretch on its own side of barriers, as far as a grid tells. A stretch
    that the grid is too coarse for is given a strip of its own, an eighth of a cell wide. Ground that barriers cut off
    from the roads of its owner goes to the neighbour with whom it shares the longest border.

    Returns a MultiPolygon each, None for who has no road that can be left; and how much ground barriers cut
    off from all roads, which nobody is given. Square metres.
    """
    shapes = np.full(n, None, dtype=object)
    ours = ground.leavable(found)
    lines, row = straight_pieces(ground.graph, ours)
    if len(lines) == 0:
        return shapes, 0.0
    order = np.argsort(ours.owner[row], kind="stable")
    roads = _Roads(lines[order], ours.owner[row][order])
    group, beyond = ground.apart(roads.pieces), ground.beyond(found)
    drawn = []
    for number in range(int(group.max()) + 1):
        mine = np.flatnonzero(group == number)
        drawn.append(_on_grid(ground, _Roads(roads.pieces[mine], roads.owner[mine]), beyond))
    parts = _Parts(
        np.concatenate([each.parts.polygons for each in drawn]), np.concatenate([each.parts.owner for each in drawn])
    )
    astray = _Roads(
        np.concatenate([each.astray.pieces for each in drawn]), np.concatenate([each.astray.owner for each in drawn])
    )
    strips = _strips(parts, astray, ground.cell_m)
    # Take strips out of the ground that they lie on.
    polygons = parts.polygons.copy()
    strip, part = shapely.STRtree(polygons).query(strips.polygons, predicate="intersects")
    for number in np.unique(part):
        taken = shapely.union_all(strips.polygons[strip[part == number]])
        polygons[number] = shapely.difference(polygons[number], taken)
    whole, part = ground.barriers.parts_beside(np.append(polygons, strips.polygons))
    parts = _Parts(whole, np.append(parts.owner, strips.owner)[part])
    held = np.zeros(len(whole), dtype=bool)
    for number in np.unique(parts.owner):
        own = np.flatnonzero(parts.owner == number)
        held[own] = holding(whole[own], roads.of(number))
    # Give parts that hold no road of their owner to the neighbour with the longest border, one after the other.
    given = np.where(held, parts.owner, n)
    loose = np.flatnonzero(~held)
    row, other = shapely.STRtree(parts.polygons).query(parts.polygons[loose], predicate="dwithin", distance=_HAIR_M)
    row, other = row[loose[row] != other], other[loose[row] != other]
    wide = shapely.buffer(parts.polygons[loose], _HAIR_M, quad_segs=1)
    shared = shapely.area(shapely.intersection(wide[row], parts.polygons[other]))
    kept = shared > _HAIR_M * _SHARED_M
    one, other, shared = loose[row[kept]], other[kept], shared[kept]
    for _ in range(len(loose)):
        rows = np.flatnonzero((given[one] == n) & (given[other] < n))
        if len(rows) == 0:
            break
        # The longest border comes last, and stays.
        rows = rows[np.argsort(shared[rows], kind="stable")]
        given[one[rows]] = given[other[rows]]
    mended = np.zeros(n + 1, dtype=bool)
    mended[strips.owner] = mended[given[given != np.where(held, parts.owner, n)]] = True
    for number in np.unique(given[given < n]):
        own = whole[given == number]
        # Parts straight from the grid never share a border; strips, and parts given to a neighbour, do.
        shapes[number] = shapely.multipolygons(shapely.get_parts(shapely.union_all(own)) if mended[number] else own)
    return shapes, float(shapely.area(whole[given == n]).sum())


class _Drawn(NamedTuple):
    """Ground by owner, and the roads beside which ground of others lies."""

    parts: _Parts
    astray: _Roads


def _on_grid(ground: Ground, roads: _Roads, beyond: FloatArray) -> _Drawn:
    """Draw the ground of owners."""
    grid = ground.grid(roads.pieces)
    pieces = grid.inward(roads.pieces)
    claimed, reached = ground.claim(grid, pieces, grid.inward(beyond))
    near, walls = reached, ground.barriers.walls(grid)
    if walls is not None:
        # Find the nearest piece of every node on its own side of walls.
        near = Distances(grid, pieces, _ROUND * ground.rules.hull_m / grid.cell_m).seeded()
        row, column = np.nonzero(walls.beside() & (near.nearest >= 0))
        foot = near.foot(near.nearest[row, column], column, row)
        node = grid.outward(np.column_stack((column, row)))
        shut = ground.barriers.between(node, grid.outward(foot))
        near.nearest[row[shut], column[shut]] = -1
        near.gap[row[shut], column[shut]] = near.gap.max()
        near.spread(walls)
    # Where no road is found on the own side of barriers, the ground goes on with what it belongs to without them.
    near.nearest = np.where(near.nearest >= 0, near.nearest, reached.nearest)
    owner = roads.owner.astype(np.int32)
    labels = np.where((claimed > 0.0) & (near.nearest >= 0), owner[near.nearest], np.int32(-1))
    polygons, of = outlines(labels, _Borders(claimed, near, labels, walls or no_walls()))
    short, piece = cut_short(pieces)
    astray = np.flatnonzero(grid.around(short, labels) != owner[piece])
    xy = grid.outward(short[astray].reshape(-1, 2)).reshape(-1, 4)
    return _Drawn(_Parts(smoothed(polygons, grid), of), _Roads(xy, roads.owner[piece[astray]]))


@dataclass(frozen=True, eq=False)
class _Borders:
    """Where borders lie between nodes: at walls, where two pieces are as near, or at the end of what is claimed."""

    claimed: NDArray[np.float32]
    near: Distances
    labels: NDArray[np.int32]
    walls: Walls

    def __call__(self, low: Nodes, high: Nodes) -> FloatArray:
        share = crossing(self.claimed[low], self.claimed[high])
        # Both on claimed ground: two owners meet.
        one, other = self.near.nearest[low], self.near.nearest[high]
        rows = np.flatnonzero((self.labels[low] >= 0) & (self.labels[high] >= 0))
        lead, behind = (
            self._lead(one[rows], other[rows], Nodes(side.row[rows], side.column[rows])) for side in (low, high)
        )
        share[rows] = crossing(lead, behind)
        if len(self.walls.east):
            wall = np.where(low.row == high.row, self.walls.east[low], self.walls.north[low])
            at_wall = (wall >= 0.0) & (self.claimed[low] > 0.0) & (self.claimed[high] > 0.0)
            share = np.where(at_wall, wall, share)
        return share

    def _lead(self, one: NDArray[np.int32], other: NDArray[np.int32], node: Nodes) -> FloatArray:
        """How much nearer the first piece is than the other."""
        point = np.column_stack((node.column, node.row))
        to_one, to_other = (self.near.foot(piece, node.column, node.row) - point for piece in (one, other))
        return np.asarray(np.hypot(*to_other.T) - np.hypot(*to_one.T))


def _strips(parts: _Parts, astray: _Roads, cell_m: float) -> _Parts:
    """Lay a strip along the roads that lie outside the ground of their owner, where no other strip lies."""
    strips, theirs = [], []
    order = np.argsort(astray.owner, kind="stable")
    roads = _Roads(astray.pieces[order], astray.owner[order])
    for number in np.unique(roads.owner):
        own = shapely.multipolygons(parts.polygons[parts.owner == number])
        strip = strip_along(own, roads.of(number), cell_m)
        if not shapely.is_empty(strip):
            strips.append(strip)
            theirs.append(number)
    laid = np.array(strips, dtype=object)
    one, other = shapely.STRtree(laid).query(laid, predicate="intersects")
    for strip in np.unique(one[other < one]):
        before = laid[other[(one == strip) & (other < strip)]]
        laid[strip] = shapely.difference(laid[strip], shapely.union_all(before))
    kept = ~shapely.is_empty(laid)
    return _Parts(laid[kept], np.array(theirs, dtype=np.int64)[kept])
