"""Catchment areas: the ground whose nearest facility is the same one, as polygons that do not overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.ground import AreaRules, Ground
from spatial.access.places import existing, place_on, take, texts
from spatial.access.raster_cells import peopled_cells
from spatial.access.reach import check_options, groups_of
from spatial.access.rules import SnapRules
from spatial.access.shapes import area_of, points_at
from spatial.access.stretches import points_along, reached_stretches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.access.stretches import Direction, Stretches
    from spatial.network import TravelGraph
    from spatial.rasters import Raster

__all__ = ["catchment_areas"]

_GRID_M = 0.001


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
        graph, existing(facilities), key="facility_id", rules=rules or SnapRules(), barriers=barriers
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
    """Give the ground to the owner of the nearest stretch, part by part."""
    pieces: list[list[shapely.Geometry]] = [[] for _ in range(n)]
    xy, owner = _samples(ground, ground.leavable(found))
    parts = ground.around(found)
    part = area_of(np.array(parts, dtype=object), xy)
    for number, whole in enumerate(parts):
        inside = np.flatnonzero(part == number)
        for who, shape in _shared(whole, points_at(*xy[inside].T), owner[inside]):
            pieces[who].append(shape)
    shapes = np.full(n, None, dtype=object)
    for who, own in enumerate(pieces):
        polygons = (
            [p for p in shapely.get_parts(own) if p.geom_type == "Polygon" and p.area > 0] if own else []
        )
        if polygons:
            shapes[who] = shapely.MultiPolygon(polygons)
    return shapes


def _samples(ground: Ground, found: Stretches) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points along stretches, none at their ends, so that no two owners share one."""
    length = (found.end - found.start) * ground.graph.length_m[found.edge]
    counts = np.maximum(np.ceil(length / ground.rules.spacing_m), 1.0).astype(np.int64)
    row = np.repeat(np.arange(len(found)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = found.start[row] + (within + 0.5) / counts[row] * (found.end - found.start)[row]
    xy = np.round(points_along(ground.graph, found.edge[row], share), 3)
    minutes = np.minimum(found.start_min, found.end_min)[row]
    order = np.lexsort((found.owner[row], minutes, xy[:, 1], xy[:, 0]))
    xy, owner = xy[order], found.owner[row][order]
    first = np.r_[True, (np.diff(xy, axis=0) != 0).any(axis=1)][: len(xy)]
    return xy[first], owner[first]


def _shared(
    whole: shapely.Polygon, points: NDArray[np.object_], owner: NDArray[np.int64]
) -> list[tuple[int, shapely.Geometry]]:
    """Divide one part between the owners of the points in it (Voronoi)."""
    owners = np.unique(owner)
    if len(owners) <= 1:
        return [(int(who), whole) for who in owners]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=whole))
    point, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    of = np.full(len(cells), -1, dtype=np.int64)
    of[cell] = owner[point]
    return [
        (int(who), shapely.intersection(whole, shapely.union_all(cells[of == who]), grid_size=_GRID_M))
        for who in owners
    ]
