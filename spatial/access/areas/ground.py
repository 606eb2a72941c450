"""The ground around roads within reach: a concave hull that claims nothing further than a stated walk from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.access.areas.area_barriers import Barriers
from spatial.access.areas.area_grid import Distances, far_apart, grid_around
from spatial.access.areas.shapes import inside, shapes_of
from spatial.access.areas.stretches import straight_pieces
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.access.areas.area_grid import Grid
    from spatial.access.areas.stretches import Stretches
    from spatial.network import TravelGraph

__all__ = ["AreaRules", "Ground", "holding"]

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
            problems.append(
                f"hull_m: is {self.hull_m:g}, must be {self.half_width_m:g} (half_width_m) or more"
            )
        if problems:
            raise ContractError("area rules", problems)


class Ground:
    """Ground around the roads of one network, with what is worth keeping between areas."""

    def __init__(self, graph: TravelGraph, rules: AreaRules, barriers: gpd.GeoSeries | None = None) -> None:
        self.graph = graph
        self.rules = rules
        self.barriers = Barriers(_walls(graph, barriers))
        self._counts = graph.is_snappable & (graph.road_class != "ferry")

    @property
    def cell_m(self) -> float:
        """Spacing of the grid: a strip of twice `half_width_m` holds four nodes at least."""
        return min(self.rules.spacing_m, self.rules.half_width_m / 2.0)

    def leavable(self, found: Stretches) -> Stretches:
        """Keep the stretches of roads that can be left anywhere."""
        return found.take(np.flatnonzero(self._counts[found.edge]))

    def beyond(self, found: Stretches) -> NDArray[np.float64]:
        """Find the roads out of reach that can be left anywhere."""
        return straight_pieces(self.graph, self.leavable(found.rest(self.graph.n_edges)))[0]

    def apart(self, pieces: NDArray[np.float64]) -> NDArray[np.int64]:
        """Group pieces between which no ground can be claimed by two groups, so that each has a grid of its own."""
        return far_apart(pieces, 2.0 * self.rules.hull_m + 6.0 * self.cell_m)

    def grid(self, pieces: NDArray[np.float64]) -> Grid:
        """Lay a grid over all ground that could be claimed."""
        return grid_around(pieces, cell_m=self.cell_m, margin_m=self.rules.hull_m + 3.0 * self.cell_m)

    def claim(
        self, grid: Grid, pieces: NDArray[np.float64], beyond: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], Distances]:
        """
        Tell what ground is claimed around stretches.

        The stretches are widened by `hull_m` and what results is narrowed by `hull_m` - `half_width_m`: the alpha hull
        (Edelsbrunner, Kirkpatrick and Seidel 1983) of the stretches, with alpha = `hull_m`, widened by
        `half_width_m`, but nowhere beyond `hull_m`. Ground next to a road out of reach and further from one within
        reach is cut out of it.

        Returns above 0 at the nodes on claimed ground: how far they are from its border, in cells, up to a
        cell or two; and the distances to the pieces.
        """
        hull, half = self.rules.hull_m / grid.cell_m, self.rules.half_width_m / grid.cell_m
        reached = Distances(grid.shape, pieces, hull + 2.0).seeded().spread()
        claimed = np.maximum(_narrowed(reached, hull, hull - half), np.float32(half) - reached.gap)
        np.minimum(claimed, np.float32(hull) - reached.gap, out=claimed)
        others = grid.inward(beyond)
        others = others[grid.near(others)]
        if len(others):
            away = Distances(grid.shape, others, half + 2.0).seeded().spread().gap
            np.minimum(claimed, np.maximum(away - np.float32(half), away - reached.gap), out=claimed)
        return claimed, reached

    def parts(self, areas: NDArray[np.object_], pieces: NDArray[np.float64]) -> NDArray[np.object_]:
        """
        Cut barriers out of areas, and drop what holds no stretch then.

        Returns a MultiPolygon each, None where nothing is left.
        """
        parts, area = self.barriers.parts_beside(areas)
        held = holding(parts, pieces)
        shapes = np.full(len(areas), None, dtype=object)
        if held.any():
            shapes[np.unique(area[held])] = shapely.multipolygons(parts[held], indices=_ranks(area[held]))
        return shapes


def _ranks(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _narrowed(reached: Distances, hull: float, by: float) -> NDArray[np.float32]:
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
    inward = Distances(outside.shape, np.hstack((border, border)), by + 2.0)
    inward.gap[outside] = 0.0
    return inward.seeded().spread().gap - np.float32(by)


def holding(parts: NDArray[np.object_], pieces: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which parts a piece runs through."""
    held = np.zeros(len(parts), dtype=bool)
    low, high = np.minimum(pieces[:, :2], pieces[:, 2:]), np.maximum(pieces[:, :2], pieces[:, 2:])
    for number, (part, box) in enumerate(zip(parts, shapely.bounds(parts).reshape(-1, 4), strict=True)):
        near = np.flatnonzero(((high >= box[:2]) & (low <= box[2:])).all(axis=1))
        # Nearly all parts hold the middle of one of the first few; the others are asked about all.
        few = pieces[near[:: max(len(near) // _FEW, 1)]]
        held[number] = inside(part, *((few[:, :2] + few[:, 2:]) / 2.0).T).any()
        if not held[number]:
            held[number] = shapely.intersects(part, shapely.linestrings(pieces[near].reshape(-1, 2, 2))).any()
    return held


def _walls(graph: TravelGraph, barriers: gpd.GeoSeries | None) -> NDArray[np.object_]:
    if barriers is None or len(barriers) == 0:
        return np.empty(0, dtype=object)
    if require_metres(barriers.crs, what="barriers") != graph.crs:
        raise CrsError("barriers and network differ in their CRS; reproject with to_crs(graph.crs)")
    shapes = shapely.get_parts(shapes_of(barriers.dropna()))
    is_line = shapely.get_dimensions(shapes) == 1
    shapes[is_line] = shapely.buffer(shapes[is_line], _WALL_M, quad_segs=1)
    return np.asarray(shapes[shapely.get_dimensions(shapes) == 2], dtype=object)
