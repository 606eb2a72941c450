"""The ground around roads within reach, none of it lost, that claims nothing further than a stated walk."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from spatial.access.area_grid import (
    Barriers,
    Distances,
    Grid,
    Nodes,
    Walls,
    corners_of,
    crossing,
    cut_short,
    far_apart,
    grid_around,
    in_groups,
    joined,
    no_walls,
    outlines,
    rim_of,
    strips_along,
)
from spatial.access.kernels_areas import BAND, choose_ends, choose_parts, claim
from spatial.access.roads_reached import Stretches, straight_pieces
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_metres
from spatial.errors import CrsError, refuse
from spatial.network.graph import TravelGraph
from spatial.outlines import area_of, shapes_of

# The ground around roads within reach: a concave hull that claims nothing further than a stated walk from them.

_NOWHERE = 1e9
"""Where pieces are put that nothing may be nearest to. Cells."""
_FEW = 32
"""Of so many pieces a part is asked about one first."""
_BLOCKS = 1000
"""Blocks on a side, by which pieces far from all parts are left out."""
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
        refuse("area rules", problems)


@dataclass(frozen=True, eq=False)
class Cut:
    """Roads that can be left, in straight pieces along them, cut where the facility changes or a time is up."""

    pieces: FloatArray  # shape (n, 4), both ends in metres
    band: IntArray  # shape (n,), the first cutoff that each is within; out of reach: how many there are
    owner: IntArray  # shape (n,), position of the nearest facility, -1 for those out of reach
    whole: IntArray  # shape (n,), the straight piece of the roads as drawn that it is a part of, ascending
    ends: IntArray  # shape (2, n), the piece that stands for all that meet at its beginning, and at its end

    def widens(self, number: int) -> bool:
        """Tell whether a cutoff reaches roads that no shorter one does."""
        return number == 0 or bool((self.band == number).any())

    def of(self, whole: IntArray) -> tuple[IntArray, Cut]:
        """Take the parts of some of the straight pieces, which then count from 0; returns which parts they were."""
        first, last = (np.searchsorted(self.whole, whole, side=side) for side in ("left", "right"))
        count = last - first
        rows = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
        ends = np.searchsorted(rows, self.ends[:, rows])
        # A piece that is not among them and meets one of them there lies further away than anybody asks.
        is_here = rows[np.minimum(ends, max(len(rows) - 1, 0))] == self.ends[:, rows]
        ends = np.where(is_here, ends, np.arange(len(rows)))
        return rows, Cut(
            self.pieces[rows], self.band[rows], self.owner[rows], np.repeat(np.arange(len(whole)), count), ends
        )


@dataclass(frozen=True, eq=False)
class Window:
    """The nodes over a group of roads, and the pieces within reach whose ground it holds."""

    grid: Grid
    rows: IntArray


class _Field(NamedTuple):
    """Distances from the nodes of a grid to the roads near it, and to the border of what lies within their hull."""

    grid: Grid
    near: IntArray  # which straight pieces of all roads, ascending
    gap: NDArray[np.float32]  # to the nearest of these, in cells
    nearest: NDArray[np.int32]  # its position among these, -1 for none within the hull and two cells
    inward: NDArray[np.float32]  # to the border, in cells; 0 outside


@dataclass(frozen=True, eq=False)
class Tile:
    """Nodes of a window that are measured together, with as many around them as may bear on them."""

    core: Grid  # its own nodes, whatever the window
    grid: Grid
    own: tuple[slice, slice]  # where those of its own nodes that the window has lie in the grid
    place: tuple[slice, slice]  # and where among those of the window
    cut: Cut  # the roads near it
    pieces: FloatArray  # these in cells
    part: NDArray[np.int32]  # the nearest of these, -1 for none within the hull and two cells
    gap: NDArray[np.float32]  # distance to it, in cells
    inward: NDArray[np.float32]  # distance to the border of what lies within the hull of all roads, in cells
    is_elsewhere: BoolArray  # which of these pieces are not of the window


class _AllRoads(NamedTuple):
    """The roads of a network that can be left anywhere, and by tile of the ground what was measured there."""

    pieces: FloatArray
    point: IntArray
    group: IntArray
    by_tile: dict[int, IntArray]  # pieces that bear on a tile
    claims: tuple[IntArray, IntArray]  # tiles in which some piece may claim ground, and these pieces
    fields: dict[Grid, _Field]
    barriers: dict[tuple[bytes, ...], Barriers]  # the last ones, by what they are
    walls: dict[tuple[Barriers, Grid], tuple[Walls, NDArray[np.float32]] | None]


_ALL_ROADS: WeakKeyDictionary[TravelGraph, dict[AreaRules, _AllRoads]] = WeakKeyDictionary()
"""By network and rules: services and cutoffs differ in what is within reach of the same roads."""
_WIDE = 12
"""Width of a tile, in widths of the ground around it that bears on it; above 4, as `Ground._touched` needs."""
_TILES = 2**32
"""A tile has the number of its row times this plus that of its column, which may be below 0."""


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
        self._counts = graph.is_snappable & (graph.road_class != "ferry")
        self._walls = walls
        known, walls_wkb = self._all.barriers, tuple(shapely.to_wkb(walls).tolist())
        if walls_wkb not in known:  # a run draws many areas among the same waters
            # No area comes near the lakes of the highlands: joining them takes longer than all the rest.
            beside = shapely.bounds(walls).reshape(-1, 4) + self._apart_m * np.array([-1.0, -1.0, 1.0, 1.0])
            roads = _lines(self._all.pieces[_may_meet(self._all.pieces, beside)])
            near = shapely.STRtree(roads).query(shapely.box(*beside.T))[0]
            known.clear()
            known[walls_wkb] = Barriers(walls[np.unique(near)])
        self.barriers = known[walls_wkb]

    def lie_on_barriers(self, xy: FloatArray) -> BoolArray:
        """Tell which points lie on a barrier, however far from roads."""
        return area_of(self._walls, xy) >= 0

    @property
    def cell_m(self) -> float:
        """Spacing of the grid: a strip of twice `half_width_m` holds four nodes at least."""
        return min(self.rules.spacing_m, self.rules.half_width_m / 2.0)

    def cut(self, found: Stretches, cutoffs_min: Sequence[float]) -> Cut:
        """Cut all roads that can be left anywhere where the nearest facility changes, and where a time is up."""
        rest = found.rest(self.graph.n_edges)
        sides, bands = [], []
        for number, cutoff in enumerate(cutoffs_min):
            near, found = found.split(cutoff)
            sides.append(near)
            bands.append(np.full(len(near), number))
        edge, start, end, owner = (
            np.concatenate([getattr(each, name) for each in (*sides, rest)])
            for name in ("edge", "start", "end", "owner")
        )
        band = np.concatenate((*bands, np.full(len(rest), len(cutoffs_min))))
        order = np.lexsort((start, edge))
        order = order[self._counts[edge[order]]]
        never = np.empty(len(order))
        pieces = straight_pieces(
            self.graph, Stretches(edge[order], start[order], end[order], never, never, owner[order])
        )
        row = order[pieces.row]
        edge, band, owner = edge[row], band[row], owner[row]
        # Of the pieces that end in one point the one that is reached first stands for all, by the lowest owner.
        rank = band * (owner.max(initial=0) + 2) + owner
        n = len(row)
        ends = np.tile(np.arange(n), (2, 1))
        meet = np.flatnonzero(edge[1:] == edge[:-1])
        ends[1, meet] = ends[0, meet + 1] = np.where(rank[meet + 1] < rank[meet], meet + 1, meet)
        outer = np.append(np.flatnonzero(np.diff(edge, prepend=-1)), np.flatnonzero(np.diff(edge, append=-1)))
        side = np.repeat((0, 1), len(outer) // 2)
        node = np.where(side == 0, self.graph.edge_from[edge[outer]], self.graph.edge_to[edge[outer]])
        order = np.lexsort((outer, rank[outer], node))
        of, at = np.unique(node[order], return_index=True)
        ends[side, outer] = outer[order][at][np.searchsorted(of, node)]
        ends = np.where(rank[ends] < rank, ends, np.arange(n))
        return Cut(pieces.xy, band, owner, np.searchsorted(self._all.point, pieces.point), ends)

    @cached_property
    def _all(self) -> _AllRoads:
        """The roads that can be left, in straight pieces; kept as long as the network."""
        kept = _ALL_ROADS.setdefault(self.graph, {})
        if self.rules not in kept:
            edge = np.flatnonzero(self._counts)
            zero, one = np.zeros(len(edge)), np.ones(len(edge))
            pieces = straight_pieces(self.graph, Stretches(edge, zero, one, zero, zero, edge))
            tile, piece = self._touched(pieces.xy, self._beside)
            tile, first = np.unique(tile, return_index=True)
            by_tile = dict(zip(tile.tolist(), np.split(piece, first[1:]), strict=True)) if len(tile) else {}
            group = far_apart(pieces.xy, self._apart_m)
            claims = self._touched(pieces.xy, math.ceil(self.rules.hull_m / self.cell_m) + 3)
            kept[self.rules] = _AllRoads(pieces.xy, pieces.point, group, by_tile, claims, {}, {}, {})
        return kept[self.rules]

    @property
    def _apart_m(self) -> float:
        """Pieces further apart claim no ground in common, so that each has a grid of its own."""
        return 2.0 * self.rules.hull_m + 6.0 * self.cell_m

    @property
    def _beside(self) -> int:
        """How far nodes bear on each other: by the hull and its border, and by ways around barriers. Cells."""
        return math.ceil((1.0 + _ROUND) * self.rules.hull_m / self.cell_m) + 6

    @property
    def _width(self) -> int:
        """How many nodes a tile is wide."""
        return _WIDE * self._beside

    def _touched(self, pieces: FloatArray, reach: int) -> tuple[IntArray, IntArray]:
        """Find which tiles lie within so many cells of each piece: numbers of tiles, ascending, and pieces."""
        # No half of a tile, so widened, is as long as a tile: its corners lie in all tiles that it touches.
        halves, piece = cut_short(pieces * (2.0 / (self._width * self.cell_m)))
        ends, aside = halves.reshape(-1, 2, 2) / 2.0, reach / self._width
        x, y = (
            np.floor((ends.min(axis=1) - aside, ends.max(axis=1) + aside)).astype(np.int64)[:, :, at] for at in (0, 1)
        )
        tile = np.concatenate([row * _TILES + column for row in y for column in x])
        piece = np.tile(piece, 4)
        order = np.lexsort((piece, tile))
        tile, piece = tile[order], piece[order]
        new = np.append(True, (tile[1:] != tile[:-1]) | (piece[1:] != piece[:-1]))[: len(tile)]
        return tile[new], piece[new]

    def windows(self, cut: Cut, n_bands: int) -> Iterator[Window]:
        """Lay a grid over all that each group of roads within reach, far from all others, could claim."""
        near = np.flatnonzero(cut.band < n_bands)
        group = self._all.group[cut.whole]
        whole = np.bincount(group)
        count = np.bincount(group[near], minlength=len(whole))
        for number in np.flatnonzero(count):
            rows = near[group[near] == number]
            parts = [rows]
            if 2 * len(rows) < whole[number]:
                inner = far_apart(cut.pieces[rows], self._apart_m)
                order = np.argsort(inner, kind="stable")
                parts = np.split(rows[order], np.flatnonzero(np.diff(inner[order])) + 1)
            for each in parts:
                margin = self.rules.hull_m + 3.0 * self.cell_m
                grid = grid_around(cut.pieces[each], cell_m=self.cell_m, margin_m=margin)
                grid.check_size()
                yield Window(grid, each)

    def tiles(self, cut: Cut, window: Window) -> Iterator[Tile]:
        """
        Take a window apart into tiles, leaving out those that no road within reach comes near.

        Tiles lie at the multiples of their width, so that what is measured of all roads is known to the next service.
        """
        width = self._width
        is_own = np.zeros(len(cut.pieces), dtype=bool)
        is_own[window.rows] = True
        tiles, claimant = self._all.claims
        is_within = np.zeros(len(self._all.pieces), dtype=bool)
        is_within[cut.whole[window.rows]] = True
        for tile in np.unique(tiles[is_within[claimant]]).tolist():
            row = (tile + _TILES // 2) // _TILES
            core = Grid(self.cell_m, row * width, (tile - row * _TILES) * width, width, width)
            own = core.shared(window.grid)
            if own.size == 0:
                continue
            grid, field = own.widened(self._beside).shared(window.grid), self._field(tile, core)
            rows, few = cut.of(field.near)
            pieces = np.ascontiguousarray(grid.inward(few.pieces))
            there = grid.within(field.grid)
            gap, inward = (np.ascontiguousarray(each[there]) for each in (field.gap, field.inward))
            nearest = np.ascontiguousarray(field.nearest[there])
            part = np.empty(grid.shape, dtype=np.int32)
            choose_parts(pieces, np.searchsorted(few.whole, np.arange(len(field.near) + 1)), nearest, part)
            choose_ends(pieces, few.ends, part)
            inside, place = own.within(grid), own.within(window.grid)
            yield Tile(core, grid, inside, place, few, pieces, part, gap, inward, ~is_own[rows])

    def _field(self, tile: int, core: Grid) -> _Field:
        """Measure how far a tile is from all roads, and from the border of what lies within their hull."""
        fields, grid = self._all.fields, core.widened(self._beside)
        if core not in fields:
            hull = self.rules.hull_m / grid.cell_m
            near = self._all.by_tile[tile]
            pieces = grid.inward(self._all.pieces[near])
            roads = Distances(pieces, hull + 2.0, np.full(grid.shape, hull + 2.0, dtype=np.float32)).seeded().swept()
            nothing = np.zeros(grid.shape, dtype=bool)
            by = hull - self.rules.half_width_m / grid.cell_m
            inward = _narrowed(roads, nothing, hull, np.full(grid.shape, by + 2.0, dtype=np.float32))
            fields[core] = _Field(grid, near, roads.gap, roads.nearest, inward)
        return fields[core]

    def walls(self, tile: Tile) -> tuple[Walls, NDArray[np.float32]] | None:
        """Find where barriers cross the ways between nodes, and how far they are; None where there are none near."""
        kept, grid = self._all.walls, tile.core.widened(self._beside)
        if any(barriers is not self.barriers for barriers, _ in itertools.islice(kept, 1)):
            kept.clear()  # of the last barriers alone
        if (self.barriers, tile.core) not in kept:
            kept[self.barriers, tile.core] = self.barriers.walls(grid, self.rules.hull_m / self.cell_m + 2.0)
        found, there = kept[self.barriers, tile.core], tile.grid.within(grid)
        if found is None:
            return None
        east, north, gap = (np.ascontiguousarray(each[there]) for each in (found[0].east, found[0].north, found[1]))
        return Walls(east, north), gap

    def claim(self, tile: Tile, beyond: BoolArray, claimed: NDArray[np.float32]) -> Distances:
        """
        Claim ground around pieces within reach: `claimed` becomes the cells to its border; return distances to pieces.

        Pieces are widened by `hull_m` and narrowed by `hull_m` - `half_width_m` (the alpha hull of Edelsbrunner,
        Kirkpatrick and Seidel 1983, widened), less ground next to a road out of reach and further from one within. Only
        where the nearest road of all is out of reach is it measured anew.
        """
        grid = tile.grid
        hull, half = self.rules.hull_m / grid.cell_m, self.rules.half_width_m / grid.cell_m
        # A piece within reach is nearest where the nearest of all is within reach.
        known = (tile.part >= 0) & ~np.append(beyond, True)[tile.part]
        gap = np.where(known, tile.gap, np.float32(hull + 2.0))
        nearest = np.where(known, tile.part, np.int32(-1))
        pieces = np.where(beyond[:, None], _NOWHERE, tile.pieces)
        reached = Distances(pieces, hull + 2.0, gap, nearest).spread()
        inward = _narrowed(reached, known, hull, tile.inward.copy())
        # What lies around roads of another window, of which the corners of this one may hold some, is drawn there.
        claim(tile.pieces, tile.part, beyond, tile.gap, gap, nearest, tile.is_elsewhere, inward, hull, half, claimed)
        return reached

    def parts(self, areas: ObjectArray, pieces: FloatArray) -> ObjectArray:
        """Cut barriers out of areas, and drop what holds no stretch then: a MultiPolygon each, or None."""
        parts, area = self.barriers.parts_beside(areas)
        nobody = np.zeros(max(len(parts), len(pieces)), dtype=np.int64)
        held = holding(_Parts(parts, nobody[: len(parts)]), _Roads(pieces, nobody[: len(pieces)]))
        shapes = np.full(len(areas), None, dtype=object)
        if held.any():
            shapes[np.unique(area[held])] = shapely.multipolygons(
                parts[held], indices=np.asarray(np.unique(area[held], return_inverse=True)[1], dtype=np.int64)
            )
        return shapes


def _narrowed(reached: Distances, known: BoolArray, hull: float, inward: NDArray[np.float32]) -> NDArray[np.float32]:
    """
    Measure how far nodes are from the border of what lies within the hull; where that is known already, it stays.

    The border is known to a hair: beside it lies a node outside it, and it is met on the way from the road to there.
    """
    outside = reached.gap > hull
    rim = rim_of(outside)
    rim = rim[~known.ravel()[rim] & (reached.nearest.ravel()[rim] >= 0)]
    inward[outside] = 0.0
    if len(rim) == 0:
        return inward
    row, column = np.divmod(rim, outside.shape[1])
    foot = reached.foot(reached.nearest[row, column], column, row)
    node = np.column_stack((column, row))
    xy = foot + (node - foot) * (hull / reached.gap[row, column])[:, None]
    away = Distances(np.hstack((xy, xy)), float(inward.max()), inward).seeded()
    return (away.spread() if known.any() else away.swept()).gap


class Borders:
    """Where borders lie between the nodes of a window, gathered tile by tile."""

    def __init__(self, grid: Grid) -> None:
        self._columns = grid.columns
        self._found: list[tuple[IntArray, FloatArray]] = []

    def add(self, tile: Tile, labels: NDArray[np.int32], where: Callable[[Nodes, Nodes], FloatArray]) -> None:
        """Ask where borders lie between a tile's own nodes and their next ones."""
        rows, columns = tile.own
        for axis in (0, 1):
            last_row, last_column = rows.stop + (axis == 0), columns.stop + (axis == 1)
            seen = labels[rows.start : last_row, columns.start : last_column]
            low, high = (seen[:-1], seen[1:]) if axis == 0 else (seen[:, :-1], seen[:, 1:])
            row, column = np.nonzero(low != high)
            at = Nodes(row + rows.start, column + columns.start)
            share = where(at, Nodes(at.row + (axis == 0), at.column + (axis == 1)))
            self._found.append((self._key(row + tile.place[0].start, column + tile.place[1].start, axis), share))

    def share(self, low: Nodes, high: Nodes) -> FloatArray:
        """Say at which share of the ways between nodes the border lies: amid where two tiles do not agree on it."""
        key, share = (np.concatenate(each) for each in zip(*self._found, strict=True))
        order = np.argsort(key)
        key, share = key[order], share[order]
        asked = self._key(low.row, low.column, (high.column - low.column))
        at = np.minimum(np.searchsorted(key, asked), max(len(key) - 1, 0))
        return np.asarray(np.where(key[at] == asked, share[at], 0.5)) if len(key) else np.full(len(asked), 0.5)

    def _key(self, row: IntArray, column: IntArray, axis: IntArray | int) -> IntArray:
        return np.asarray(2 * (row * self._columns + column) + axis)


# Ground divided between facilities: to the nearest road on its own side of barriers, and none of it lost.

_ROUND = 2.0
"""How far behind barriers the nearest road is looked for, in widths of the hull."""
_HAIR_M = 1e-3
"""Ground nearer than this shares a border. Metres."""
_SHARED_M = 0.01
"""A border shorter than this is a corner. Metres."""


def _lines(pieces: FloatArray) -> ObjectArray:
    return np.asarray(shapely.linestrings(pieces.reshape(-1, 2, 2)), dtype=object)


class _Parts(NamedTuple):
    """Polygons that do not overlap, and the owner of each."""

    polygons: ObjectArray
    owner: IntArray


class _Roads(NamedTuple):
    """Straight pieces of roads by owner."""

    pieces: FloatArray
    owner: IntArray


def holding(parts: _Parts, roads: _Roads) -> BoolArray:
    """Tell which parts a piece of their owner runs through."""
    held = np.zeros(len(parts.polygons), dtype=bool)
    # Nearly all parts hold one of a few pieces; the others are asked about all.
    for every in (_FEW, 1):
        asked = np.flatnonzero(~held)
        if len(asked) == 0:
            break
        rows = np.arange(0, len(roads.pieces), every)
        if every == 1 and len(rows) > _BLOCKS:
            rows = rows[_may_meet(roads.pieces, shapely.bounds(parts.polygons[asked]))]
        part, piece = shapely.STRtree(_lines(roads.pieces[rows])).query(parts.polygons[asked], predicate="intersects")
        held[asked[part[parts.owner[asked[part]] == roads.owner[rows[piece]]]]] = True
    return held


def _may_meet(pieces: FloatArray, boxes: FloatArray) -> BoolArray:
    """Tell which pieces come near some boxes, by blocks of the ground: making lines of all takes far longer."""
    low, high = corners_of(pieces) if len(pieces) else np.zeros((2, 2))
    own = np.hstack((np.minimum(pieces[:, :2], pieces[:, 2:]), np.maximum(pieces[:, :2], pieces[:, 2:])))
    boxes, own = np.nan_to_num(boxes) - np.tile(low, 2), own - np.tile(low, 2)
    scale = _BLOCKS / max(float((high - low).max()), 1.0)
    near, own = (np.clip(xy * scale, 0.0, _BLOCKS).astype(np.int32) + 1 for xy in (boxes, own))
    taken = np.zeros((_BLOCKS + 2, _BLOCKS + 2), dtype=np.int32)
    for left, bottom, right, top in near.tolist():
        taken[bottom : top + 1, left : right + 1] = 1
    # How many blocks are taken up to each: those of any rectangle follow from four of these.
    taken = taken.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
    left, bottom, right, top = own.T
    count = taken[top, right] - taken[bottom - 1, right] - taken[top, left - 1] + taken[bottom - 1, left - 1]
    return np.asarray(count > 0)


def divided(ground: Ground, cut: Cut, n: int) -> tuple[ObjectArray, float]:
    """
    Give each owner the ground nearest to its stretches on their side of barriers, and nobody what is cut off from all.

    Ground cut off from the roads of its owner goes to the neighbour with whom it shares the longest border. Returns a
    MultiPolygon each, None for who has no road that can be left, and the square metres that nobody is given.
    """
    shapes = np.full(n, None, dtype=object)
    drawn = [_on_grid(ground, cut, window) for window in ground.windows(cut, 1)]
    if not drawn:
        return shapes, 0.0
    near = np.flatnonzero(cut.band == 0)
    near = near[np.argsort(cut.owner[near], kind="stable")]
    roads = _Roads(cut.pieces[near], cut.owner[near])
    parts = _Parts(*map(np.concatenate, zip(*(each for each, _ in drawn), strict=True)))
    astray = _Roads(*map(np.concatenate, zip(*(each for _, each in drawn), strict=True)))
    strips = _strips(parts, astray, ground.cell_m)
    # Take strips out of the ground that they lie on.
    polygons = parts.polygons.copy()
    strip, part = shapely.STRtree(polygons).query(strips.polygons, predicate="intersects")
    lain_on, part = np.unique(part, return_inverse=True)
    on_top = joined(strips.polygons[strip], part, len(lain_on))
    polygons[lain_on] = shapely.difference(polygons[lain_on], on_top)
    whole, part = ground.barriers.parts_beside(np.append(polygons, strips.polygons))
    parts = _Parts(whole, np.append(parts.owner, strips.owner)[part])
    held = holding(parts, roads)
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
    # Parts straight from the grid never share a border; strips, and parts given to a neighbour, do.
    shares = mended[given] & (given < n)
    alone = ~mended[given] & (given < n)
    theirs, number = np.unique(given[shares], return_inverse=True)
    pieces, number = shapely.get_parts(joined(whole[shares], number, len(theirs)), return_index=True)
    owner = np.append(given[alone], theirs[number])
    owners, number = np.unique(owner, return_inverse=True)
    shapes[owners] = in_groups(np.append(whole[alone], pieces), number, len(owners))
    return shapes, float(shapely.area(whole[given == n]).sum())


def _on_grid(ground: Ground, cut: Cut, window: Window) -> tuple[_Parts, _Roads]:
    """Draw the ground of owners; returns the roads too beside which ground of others lies."""
    labels = np.full(window.grid.shape, -1, dtype=np.int32)
    borders = Borders(window.grid)
    for tile in ground.tiles(cut, window):
        claimed = np.full(tile.grid.shape, -np.inf, dtype=np.float32)
        near = reached = ground.claim(tile, tile.cut.band > 0, claimed)
        walls = ground.walls(tile)
        if walls is not None:
            # Find the nearest piece of every node on its own side of walls. No wall lies between a node and a piece
            # that is nearer than any wall, and right beside a piece it is looked up.
            asked = walls[1] <= reached.gap + np.float32(1.0)
            row, column = np.nonzero(asked & (reached.gap <= BAND))
            foot = reached.foot(reached.nearest[row, column], column, row)
            node = tile.grid.outward(np.column_stack((column, row)))
            asked[row, column] = ground.barriers.between(node, tile.grid.outward(foot))
            limit = _ROUND * ground.rules.hull_m / tile.grid.cell_m
            gap = np.where(asked, np.float32(limit), reached.gap)
            nearest = np.where(asked, np.int32(-1), reached.nearest)
            near = Distances(tile.pieces, limit, gap, nearest).spread(walls[0])
            choose_ends(tile.pieces, tile.cut.ends, near.nearest)
        # Where no road is found on the own side of barriers, the ground goes on with what it belongs to without them.
        near.nearest = np.where(near.nearest >= 0, near.nearest, reached.nearest)
        owner = tile.cut.owner.astype(np.int32)
        own = np.where((claimed > 0.0) & (near.nearest >= 0), owner[near.nearest], np.int32(-1))
        labels[tile.place] = own[tile.own]
        borders.add(tile, own, _BetweenOwners(claimed, near, own, no_walls() if walls is None else walls[0]))
    polygons, of = outlines(labels, borders.share, window.grid)
    short, piece = cut_short(window.grid.inward(cut.pieces[window.rows]))
    low, high = window.grid.around(short, labels)
    theirs = cut.owner[window.rows[piece]]
    astray = np.flatnonzero((low != theirs) | (high != theirs))
    xy = window.grid.outward(short[astray].reshape(-1, 2)).reshape(-1, 4)
    return _Parts(polygons, of), _Roads(xy, theirs[astray].astype(np.int64))


@dataclass(frozen=True, eq=False)
class _BetweenOwners:
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
    order = np.argsort(astray.owner, kind="stable")
    owners, whose = np.unique(astray.owner[order], return_inverse=True)
    mine = np.flatnonzero(np.isin(parts.owner, owners))
    own = in_groups(parts.polygons[mine], np.searchsorted(owners, parts.owner[mine]), len(owners))
    laid = strips_along(own, astray.pieces[order], whose, cell_m)
    theirs = owners[~shapely.is_empty(laid)]
    laid = laid[~shapely.is_empty(laid)]
    one, other = shapely.STRtree(laid).query(laid, predicate="intersects")
    for strip in np.unique(one[other < one]):
        before = laid[other[(one == strip) & (other < strip)]]
        laid[strip] = shapely.difference(laid[strip], joined(before, np.zeros(len(before), dtype=np.int64), 1)[0])
    kept = ~shapely.is_empty(laid)
    return _Parts(laid[kept], theirs[kept])
