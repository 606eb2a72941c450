"""The ground around roads within reach: a concave hull that claims nothing further than a stated walk from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.access.shapes import shapes_of
from spatial.access.stretches import cut_lines
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.access.stretches import Stretches
    from spatial.network import TravelGraph

__all__ = ["AreaRules", "Ground"]

_QUARTER = 4
"""Corners of a quarter circle. They lie on the circle, so that a drawn circle claims less than a true one."""
_GRID_M = 0.001
"""Coordinates of areas are rounded to this, so that areas that share an edge meet without slivers. Metres."""
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
        the former is as near. Metres, straight; circles are drawn with corners, so that up to 2 % of `hull_m` may lack.
    hull_m : float
        Radius of the hull: gaps between stretches are closed where no circle of this radius fits in. No ground further
        than this from a stretch within reach is claimed. Metres, straight; at least `half_width_m`.
    spacing_m : float
        Distance of the points by which ground is given to the nearest stretch; its borders are as exact as half of it.
    """

    half_width_m: float = 200.0
    hull_m: float = 1000.0
    spacing_m: float = 100.0

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
    """
    Ground around the roads of one network, with what is worth keeping between areas.

    Parameters
    ----------
    graph : TravelGraph
        The network. Only roads that can be left count: no ferries, bridges, tunnels and motorways.
    rules : AreaRules
        How far areas reach.
    barriers : GeoSeries, optional
        What no area may cross: it ends there, and goes on behind it only around a stretch within reach.
    """

    def __init__(self, graph: TravelGraph, rules: AreaRules, barriers: gpd.GeoSeries | None = None) -> None:
        self.graph = graph
        self.rules = rules
        self._counts = graph.is_snappable & (graph.road_class != "ferry")
        self._wide = np.full(graph.n_edges, None, dtype=object)
        self._narrow = np.full(graph.n_edges, None, dtype=object)
        self._walls = _walls(graph, barriers)

    def leavable(self, found: Stretches) -> Stretches:
        """
        Keep the stretches of roads that can be left anywhere.

        Parameters
        ----------
        found : Stretches
            Any.

        Returns
        -------
        Stretches
            Fewer.
        """
        return found.take(np.flatnonzero(self._counts[found.edge]))

    def around(self, found: Stretches) -> list[shapely.Polygon]:
        """
        Draw the ground around stretches.

        The stretches are widened by `hull_m` and what results is narrowed by `hull_m` - `half_width_m`: the alpha hull
        (Edelsbrunner, Kirkpatrick and Seidel 1983) of the stretches, with alpha = `hull_m`, widened by
        `half_width_m`, but nowhere beyond `hull_m`. Roads out of reach are cut out of it, then barriers.

        Parameters
        ----------
        found : Stretches
            Within reach.

        Returns
        -------
        list of shapely.Polygon
            Parts that do not touch each other, each with a stretch within reach in it; empty where there is none.
        """
        ours = self.leavable(found)
        if len(ours) == 0:
            return []
        rules = self.rules
        hull = shapely.union_all(self._buffers(ours, wide=True))
        if rules.hull_m > rules.half_width_m:
            hull = shapely.buffer(hull, rules.half_width_m - rules.hull_m, quad_segs=_QUARTER)
        holes = self._out_of_reach(ours, hull)
        ground = shapely.difference(hull, holes, grid_size=_GRID_M)
        shapely.prepare(ground)
        walls = shapely.union_all(self._walls[shapely.intersects(ground, self._walls)])
        ground = shapely.difference(ground, walls, grid_size=_GRID_M)
        parts = shapely.get_parts(ground)
        parts = parts[
            (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
        ]
        lines = cut_lines(self.graph, ours.edge, ours.start, ours.end)
        shapely.prepare(parts)
        line, part = shapely.STRtree(parts).query(lines)
        held = np.unique(part[shapely.intersects(parts[part], lines[line])])
        return list(parts[held])

    def _buffers(self, found: Stretches, *, wide: bool) -> NDArray[np.object_]:
        """Widen stretches; whole edges once for all areas."""
        kept, metres = (self._wide, self.rules.hull_m) if wide else (self._narrow, self.rules.half_width_m)
        whole = (found.start == 0.0) & (found.end == 1.0)
        edges = np.unique(found.edge[whole])
        missing = edges[shapely.is_missing(kept[edges])]
        if len(missing):
            ones = np.ones(len(missing))
            kept[missing] = shapely.buffer(
                cut_lines(self.graph, missing, np.zeros(len(missing)), ones), metres, quad_segs=_QUARTER
            )
        parts = cut_lines(self.graph, found.edge[~whole], found.start[~whole], found.end[~whole])
        return np.concatenate((kept[edges], shapely.buffer(parts, metres, quad_segs=_QUARTER)))

    def _out_of_reach(self, found: Stretches, hull: shapely.Geometry) -> shapely.Geometry:
        """Ground next to a road out of reach, and not next to one within it."""
        beyond = self.leavable(found.rest(self.graph.n_edges))
        lines = cut_lines(self.graph, beyond.edge, beyond.start, beyond.end)
        shapely.prepare(hull)
        near = np.flatnonzero(shapely.intersects(hull, lines))
        if len(near) == 0:
            return shapely.Polygon()
        around = shapely.union_all(self._buffers(beyond.take(near), wide=False))
        inner = self._buffers(found, wide=False)
        shapely.prepare(around)
        inner = inner[shapely.intersects(around, inner)]
        return shapely.difference(around, shapely.union_all(inner), grid_size=_GRID_M)


def _walls(graph: TravelGraph, barriers: gpd.GeoSeries | None) -> NDArray[np.object_]:
    if barriers is None or len(barriers) == 0:
        return np.empty(0, dtype=object)
    if require_metres(barriers.crs, what="barriers") != graph.crs:
        raise CrsError("barriers and network differ in their CRS; reproject with to_crs(graph.crs)")
    shapes = shapely.get_parts(shapes_of(barriers.dropna()))
    is_line = shapely.get_dimensions(shapes) == 1
    shapes[is_line] = shapely.buffer(shapes[is_line], _WALL_M, quad_segs=1)
    return np.asarray(shapes[shapely.get_dimensions(shapes) == 2], dtype=object)
