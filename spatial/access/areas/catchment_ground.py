"""Ground divided between facilities: to the nearest road on its own side of barriers, and none of it lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.access.areas.area_grid import Distances, cut_short, no_walls
from spatial.access.areas.ground import holding
from spatial.access.areas.outlines import crossing, outlines, smoothed
from spatial.access.areas.stretches import straight_pieces
from spatial.access.areas.strips import strip_along

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.access.areas.area_grid import Grid, Walls
    from spatial.access.areas.ground import Ground
    from spatial.access.areas.outlines import Nodes
    from spatial.access.areas.stretches import Stretches

__all__ = ["divided"]

_ROUND = 2.0
"""How far behind barriers the nearest road is looked for, in widths of the hull."""
_HAIR_M = 1e-3
"""Ground nearer than this shares a border. Metres."""
_SHARED_M = 0.01
"""A border shorter than this is a corner. Metres."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """Polygons that do not overlap, and the owner of each."""

    polygons: NDArray[np.object_]
    owner: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Roads:
    """Straight pieces of roads by owner."""

    pieces: NDArray[np.float64]
    owner: NDArray[np.int64]

    def of(self, who: int) -> NDArray[np.float64]:
        begin, end = np.searchsorted(self.owner, (who, who + 1))
        return self.pieces[begin:end]


def divided(ground: Ground, found: Stretches, n: int) -> tuple[NDArray[np.object_], float]:
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
    polygons, owner, astray, who = (np.concatenate(each) for each in zip(*drawn, strict=True))
    strips = _strips(_Parts(polygons, owner), _Roads(astray, who), ground.cell_m)
    parts = _with_strips(_Parts(polygons, owner), strips)
    whole, part = ground.barriers.parts_beside(parts.polygons)
    parts = _Parts(whole, parts.owner[part])
    held = np.zeros(len(whole), dtype=bool)
    for number in np.unique(parts.owner):
        own = np.flatnonzero(parts.owner == number)
        held[own] = holding(whole[own], roads.of(number))
    given = _adopted(parts, held, n)
    mended = np.zeros(n + 1, dtype=bool)
    mended[strips.owner] = mended[given[given != np.where(held, parts.owner, n)]] = True
    for number in np.unique(given[given < n]):
        own = whole[given == number]
        # Parts straight from the grid never share a border; strips, and parts given to a neighbour, do.
        shapes[number] = shapely.multipolygons(
            shapely.get_parts(shapely.union_all(own)) if mended[number] else own
        )
    return shapes, float(shapely.area(whole[given == n]).sum())


def _on_grid(
    ground: Ground, roads: _Roads, beyond: NDArray[np.float64]
) -> tuple[NDArray[np.object_], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Draw the ground of owners, and name the pieces of roads beside which ground of others lies."""
    grid = ground.grid(roads.pieces)
    pieces = grid.inward(roads.pieces)
    claimed, reached = ground.claim(grid, pieces, beyond)
    walls = ground.barriers.walls(grid)
    near = reached if walls is None else _behind_walls(ground, grid, pieces, walls)
    # Where no road is found on the own side of barriers, the ground goes on with what it belongs to without them.
    near.nearest = np.where(near.nearest >= 0, near.nearest, reached.nearest)
    owner = roads.owner.astype(np.int32)
    labels = np.where((claimed > 0.0) & (near.nearest >= 0), owner[near.nearest], np.int32(-1))
    polygons, of = outlines(labels, _Borders(claimed, near, labels, walls or no_walls()))
    short, piece = cut_short(pieces)
    astray = np.flatnonzero(grid.around(short, labels) != owner[piece])
    xy = grid.outward(short[astray].reshape(-1, 2)).reshape(-1, 4)
    return smoothed(polygons, grid), of, xy, roads.owner[piece[astray]]


def _behind_walls(ground: Ground, grid: Grid, pieces: NDArray[np.float64], walls: Walls) -> Distances:
    """Find the nearest piece of every node on its own side of walls."""
    near = Distances(grid.shape, pieces, _ROUND * ground.rules.hull_m / grid.cell_m).seeded()
    row, column = np.nonzero(walls.beside() & (near.nearest >= 0))
    foot = near.foot(near.nearest[row, column], column, row)
    node = grid.outward(np.column_stack((column, row)))
    shut = ground.barriers.between(node, grid.outward(foot))
    near.nearest[row[shut], column[shut]] = -1
    near.gap[row[shut], column[shut]] = near.gap.max()
    return near.spread(walls)


@dataclass(frozen=True, eq=False)
class _Borders:
    """Where borders lie between nodes: at walls, where two pieces are as near, or at the end of what is claimed."""

    claimed: NDArray[np.float32]
    near: Distances
    labels: NDArray[np.int32]
    walls: Walls

    def __call__(self, low: Nodes, high: Nodes) -> NDArray[np.float64]:
        share = crossing(self.claimed[low], self.claimed[high])
        # Both on claimed ground: two owners meet.
        one, other = self.near.nearest[low], self.near.nearest[high]
        rows = np.flatnonzero((self.labels[low] >= 0) & (self.labels[high] >= 0))
        lead = self._lead(one[rows], other[rows], (low[0][rows], low[1][rows]))
        behind = self._lead(one[rows], other[rows], (high[0][rows], high[1][rows]))
        share[rows] = crossing(lead, behind)
        if len(self.walls.east):
            wall = np.where(low[0] == high[0], self.walls.east[low], self.walls.north[low])
            at_wall = (wall >= 0.0) & (self.claimed[low] > 0.0) & (self.claimed[high] > 0.0)
            share = np.where(at_wall, wall, share)
        return share

    def _lead(self, one: NDArray[np.int32], other: NDArray[np.int32], node: Nodes) -> NDArray[np.float64]:
        """How much nearer the first piece is than the other."""
        row, column = node
        point = np.column_stack((column, row))
        to_one, to_other = (
            self.near.foot(one, column, row) - point,
            self.near.foot(other, column, row) - point,
        )
        return np.asarray(np.hypot(*to_other.T) - np.hypot(*to_one.T))


def _strips(parts: _Parts, astray: _Roads, cell_m: float) -> _Parts:
    """Lay a strip along the roads that lie outside the ground of their owner, where no other strip lies."""
    strips, theirs = [], []
    for number in np.unique(astray.owner):
        own = shapely.multipolygons(parts.polygons[parts.owner == number])
        mine = astray.pieces[astray.owner == number]
        strip = strip_along(own, mine, cell_m)
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


def _with_strips(parts: _Parts, strips: _Parts) -> _Parts:
    """Take strips out of the ground that they lie on."""
    polygons = parts.polygons.copy()
    strip, part = shapely.STRtree(polygons).query(strips.polygons, predicate="intersects")
    for number in np.unique(part):
        taken = shapely.union_all(strips.polygons[strip[part == number]])
        polygons[number] = shapely.difference(polygons[number], taken)
    return _Parts(np.append(polygons, strips.polygons), np.append(parts.owner, strips.owner))


def _adopted(parts: _Parts, held: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
    """Give parts that hold no road of their owner to the neighbour with the longest border, one after the other."""
    given = np.where(held, parts.owner, n)
    loose = np.flatnonzero(~held)
    row, other = shapely.STRtree(parts.polygons).query(
        parts.polygons[loose], predicate="dwithin", distance=_HAIR_M
    )
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
    return given
