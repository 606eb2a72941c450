"""Catchment areas: the ground whose nearest facility is the same one, as polygons that do not overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.access.areas.catchment_ground import divided
from spatial.access.areas.ground import AreaRules, Ground
from spatial.access.areas.reach import asked_of, check_options, groups_of, of_service
from spatial.access.areas.shapes import area_of
from spatial.access.areas.stretches import reached_stretches
from spatial.access.cells.raster_cells import peopled_cells
from spatial.access.options import limit_of
from spatial.access.places import place_on, take
from spatial.access.rules import SnapRules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.access.areas.stretches import Direction
    from spatial.access.cells.raster_cells import PeopledCells
    from spatial.network import TravelGraph
    from spatial.rasters import Raster
    from spatial.sources.services import Vocabulary

__all__ = ["catchment_areas"]


def catchment_areas(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    max_time_min: float | None = None,
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
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    max_time_min : float, optional
        Roads further than this from every facility belong to none; inclusive; by default no cutoff.
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
        raster) and a MultiPolygon, missing where no road is its. Areas share borders and no ground. A cell counts where
        its centre lies; if that is in water, where the nearest area in the cell is. People far from every road within
        reach are in none: `attrs["persons_in_none"]`; `attrs["cut_off_km2"]` is ground that barriers cut off from all
        such roads.

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
    limit = limit_of("max_time_min", max_time_min)
    check_options(direction=direction)
    asked = asked_of(service, facilities, vocabulary)
    places = place_on(
        graph,
        of_service(facilities, asked),
        key="facility_id",
        rules=rules or SnapRules(),
        barriers=barriers,
    )
    group = next(groups_of(places, asked, "service"))
    found = reached_stretches(graph, take(places.snaps, group.members), cutoff_min=limit, direction=direction)
    n = len(group.members)
    ground = Ground(graph, areas or AreaRules(), barriers)
    shapes, cut_off_m2 = divided(ground, found, n)
    longest = np.full(n, -np.inf)
    np.maximum.at(longest, found.owner, np.maximum(found.start_min, found.end_min))
    km = (found.end - found.start) * graph.length_m[found.edge] / 1000.0
    frame = pd.DataFrame(
        {
            "facility_id": places.frame["facility_id"].take(group.members).reset_index(drop=True),
            "service": pd.Series([group.service] * n, dtype="str"),
            "mode": pd.Series([graph.mode] * n, dtype="str"),
            "direction": pd.Series([direction] * n, dtype="str"),
            "reached_km": np.bincount(found.owner, weights=km, minlength=n),
            "longest_min": np.where(np.isfinite(longest), longest, np.nan),
            "area_km2": np.nan_to_num(shapely.area(shapes)) / 1e6,
            "population_persons": np.full(n, np.nan),
        }
    )
    table = gpd.GeoDataFrame(frame, geometry=shapes, crs=graph.crs)
    table.attrs["cut_off_km2"] = cut_off_m2 / 1e6
    if population is not None:
        cells = peopled_cells(population, graph.crs)
        area = _area_of(cells, population, shapes, ground)
        persons = np.bincount(area + 1, weights=cells.persons, minlength=n + 1)
        table["population_persons"] = persons[1:]
        table.attrs["persons_in_none"] = float(persons[0])
    return table


def _area_of(
    cells: PeopledCells, raster: Raster, shapes: NDArray[np.object_], ground: Ground
) -> NDArray[np.int64]:
    """Name the catchment of each cell: that of its centre, or the nearest one in it where its centre is in water."""
    drawn = np.flatnonzero(~shapely.is_missing(shapes))
    found = area_of(shapes[drawn], cells.xy)
    wet = np.flatnonzero(found < 0)
    wet = wet[ground.barriers.hold(cells.xy[wet])]
    row, near = shapely.STRtree(shapes[drawn]).query_nearest(shapely.points(cells.xy[wet]), all_matches=False)
    wet = wet[row]
    corner = raster.cell_centres(cells.row[wet] + 0.5, cells.column[wet] + 0.5)
    if raster.crs != ground.graph.crs:
        to_metres = pyproj.Transformer.from_crs(raster.crs, ground.graph.crs, always_xy=True)
        corner = to_metres.transform(*corner)
    within = np.hypot(*(np.column_stack(corner) - cells.xy[wet]).T)
    there = shapely.distance(shapely.points(cells.xy[wet]), shapes[drawn][near]) <= within
    found[wet[there]] = near[there]
    return np.where(found >= 0, np.append(drawn, -1)[found], -1)
