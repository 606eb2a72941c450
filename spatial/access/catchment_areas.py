"""Catchment areas: the ground whose nearest facility is the same one, as polygons that do not overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.area_grid import Distances, no_walls
from spatial.access.ground import AreaRules, Ground
from spatial.access.outlines import crossing, outlines, smoothed
from spatial.access.places import place_on, take, texts
from spatial.access.raster_cells import peopled_cells
from spatial.access.reach import check_options, groups_of, of_service
from spatial.access.rules import SnapRules
from spatial.access.shapes import area_of
from spatial.access.stretches import reached_stretches, straight_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.access.area_grid import Grid, Walls
    from spatial.access.outlines import Nodes
    from spatial.access.stretches import Direction, Stretches
    from spatial.network import TravelGraph
    from spatial.rasters import Raster

__all__ = ["catchment_areas"]


def catchment_areas(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    max_time_min: float = np.inf,
    direction: Direction = "to_facility",
    population: Raster | None = None,
    areas: AreaRules | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw for every facility the ground of which it is the nearest in time.

    Every point of a road belongs to its nearest facility, and an edge is cut where two are equally near. Ground off the
    road belongs to the nearest stretch, as the crow flies, on its own side of a barrier, and is claimed as far as
    `AreaRules` allow.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    facilities : GeoDataFrame
        With `facility_id` and `service`; those planned or closed are passed over.
    service : str or frozenset of str
        The service, or several that count as one.
    max_time_min : float
        Roads further than this from every facility belong to none; inclusive.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    population : Raster, optional
        Persons per cell: counted where a cell's centre lies in the area.
    areas : AreaRules, optional
        How far an area reaches beyond its roads.
    rules : SnapRules, optional
        How facilities are joined to the network.
    barriers : GeoSeries, optional
        Water and closed borders: no walk and no area crosses them.

    Returns
    -------
    GeoDataFrame
        One row a facility of the service, by id: `facility_id`, `service`, `mode`, `direction`, `reached_km`,
        `longest_min` (to the furthest of its roads; NaN without any), `area_km2`, `population_persons` (NaN without a
        raster) and a MultiPolygon, missing where no road is its. Areas share borders and no ground. People far from
        every road are in none.

    Raises
    ------
    ContractError
        Where the time or a width makes no sense, or no facility offers the service.
    CrsError
        Where facilities, barriers and network differ in their CRS.

    Examples
    --------
    Two clinics at both ends of a road of 10 km share it in its middle: 5 km each.
    """
    check_options((max_time_min,), direction=direction)
    places = place_on(
        graph,
        of_service(facilities, service),
        key="facility_id",
        rules=rules or SnapRules(),
        barriers=barriers,
    )
    group = next(groups_of(places, service, "service"))
    found = reached_stretches(
        graph, take(places.snaps, group.members), cutoff_min=max_time_min, direction=direction
    )
    shapes = _areas(Ground(graph, areas or AreaRules(), barriers), found, len(group.members))
    n = len(group.members)
    longest = np.full(n, -np.inf)
    np.maximum.at(longest, found.owner, np.maximum(found.start_min, found.end_min))
    km = (found.end - found.start) * graph.length_m[found.edge] / 1000.0
    frame = pd.DataFrame(
        {
            "facility_id": texts(places.ids, group.members),
            "service": pd.Series([group.service] * n, dtype="str"),
            "mode": pd.Series([graph.mode] * n, dtype="str"),
            "direction": pd.Series([direction] * n, dtype="str"),
            "reached_km": np.bincount(found.owner, weights=km, minlength=n),
            "longest_min": np.where(np.isfinite(longest), longest, np.nan),
            "area_km2": np.nan_to_num(shapely.area(shapes)) / 1e6,
            "population_persons": np.full(n, np.nan),
        }
    )
    if population is not None:
        cells = peopled_cells(population, graph.crs)
        drawn = np.flatnonzero(~shapely.is_missing(shapes))
        area = area_of(shapes[drawn], cells.xy)
        frame["population_persons"] = np.bincount(
            drawn[area[area >= 0]], weights=cells.persons[area >= 0], minlength=n
        )
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=graph.crs)


def _areas(ground: Ground, found: Stretches, n: int) -> NDArray[np.object_]:
    """Give the ground to the owner of the nearest stretch on its own side of barriers."""
    ours = ground.leavable(found)
    lines, row = straight_pieces(ground.graph, ours)
    shapes = np.full(n, None, dtype=object)
    if len(lines) == 0:
        return shapes
    grid = ground.grid(lines)
    pieces = grid.inward(lines)
    claimed, reached = ground.claim(grid, found, pieces)
    walls = ground.barriers.walls(grid)
    near = reached if walls is None else _behind_walls(ground, grid, pieces, walls)
    owner = ours.owner[row].astype(np.int32)
    labels = np.where((claimed > 0.0) & (near.nearest >= 0), owner[near.nearest], np.int32(-1))
    polygons, of = outlines(labels, _Borders(claimed, near, labels, walls or no_walls()))
    polygons = smoothed(polygons, grid)
    for who in np.unique(of):
        own = shapely.multipolygons(polygons[of == who])
        shapes[who] = ground.parts(np.array([own], dtype=object), lines[owner == who])[0]
    return shapes


def _behind_walls(ground: Ground, grid: Grid, pieces: NDArray[np.float64], walls: Walls) -> Distances:
    """Find the nearest piece of every node on its own side of walls."""
    near = Distances(grid.shape, pieces, ground.rules.hull_m / grid.cell_m + 2.0).seeded()
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
        # Both on claimed ground: two owners meet, or one of them has no road on its side of a wall.
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
