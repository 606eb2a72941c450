"""The ground within some minutes of facilities, and the ground nearest to each, as polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.access.area_grid import crossing, cut_short, outlines, smoothed, strip_along
from spatial.access.area_hulls import AreaRules, Ground, divided
from spatial.access.cells import peopled_cells
from spatial.access.eligibility import is_for_some_units
from spatial.access.options import check_direction, cutoffs_of, limit_of
from spatial.access.places import asked_for, existing, ids_or_none, offering, place_on, take
from spatial.access.roads_reached import (
    asked_of,
    check_options,
    groups_of,
    of_service,
    reached_stretches,
    straight_pieces,
)
from spatial.access.shapes import area_of
from spatial.network.nearest import node_labels
from spatial.network.snapping import walk_minutes
from spatial.study.access import SnapRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.access.area_grid import Grid, Nodes
    from spatial.access.cells import PeopledCells
    from spatial.access.roads_reached import Direction, Group, Per, Stretches
    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph
    from spatial.rasters import Raster


# The catchment of every facility on the network: which one each node is nearest to.


def node_catchments(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Find the nearest facility of every node of a network.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    facilities : GeoDataFrame
        By the contract of the table; only existing facilities count, and none that is for some units.
    service : str or frozenset of str, optional
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are; without,
        every facility counts.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    direction : {'to_facility', 'from_facility'}
        Who travels: people from the nodes, or help from the facilities.
    rules : SnapRules, optional
        How facilities are joined to the network.
    barriers : GeoSeries, optional
        What the walk between a facility and the network may not touch.

    Returns
    -------
    DataFrame
        `node_id` (the position of the node in the graph, as in the table ``nodes``), `facility_id` (missing where none
        is reached; the lowest of equally near ones), `travel_time_min` (from the node to the facility's door; NaN where
        none is reached) and `reach_status` (reached, no_path, no_facility). One row a node.

    Raises
    ------
    ContractError
        Where neither the facilities nor the vocabulary know the service, or places lack an id or a point.

    Examples
    --------
    >>> # sp.node_catchments(graph, layers.facilities, service="hospital").groupby("facility_id").size()
    """
    check_direction(direction)
    serving = existing(facilities)
    serving = serving.loc[~is_for_some_units(serving)]
    goals = place_on(graph, serving, key="facility_id", rules=rules or SnapRules(), barriers=barriers)
    members = np.arange(len(goals))
    if service is not None:
        members = offering(goals.frame, asked_for(service, facilities, vocabulary=vocabulary).kinds)
    label, minutes = node_labels(graph, take(goals.snaps, members), direction=direction)
    reached = label >= 0
    facility = np.full(graph.n_nodes, -1, dtype=np.int64)
    facility[reached] = members[label[reached]]
    status = np.where(reached, "reached", "no_path" if len(members) else "no_facility")
    return pd.DataFrame(
        {
            "node_id": np.arange(graph.n_nodes, dtype=np.int64),
            "facility_id": ids_or_none(goals.frame["facility_id"], facility),
            "travel_time_min": np.where(reached, minutes, np.nan),
            "reach_status": pd.Series(status, dtype="str"),
        }
    )


# Isochrones: the ground within some minutes of facilities, as polygons that claim no more than was reached.


def isochrones(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    cutoffs_min: float | Sequence[float | None] | None,
    service: str | frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
    per: Per = "service",
    direction: Direction = "to_facility",
    areas: AreaRules | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw the ground within some minutes of facilities.

    Roads within reach are cut at the exact minute (`reached_edges`). Around them lies the concave hull that `AreaRules`
    describes: pockets out of reach stay holes, islands stay apart, no road out of reach lies in it but right beside one
    within reach, nothing lies across a barrier, and a longer cutoff holds every shorter one.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    facilities : GeoDataFrame
        With `facility_id` and `service`; those planned or closed are passed over.
    cutoffs_min : float, None or sequence of them
        Minutes from door to road, inclusive; None for all that can be reached. One that is given twice counts once.
    service : str or frozenset of str, optional
        Only this one, for which counts whatever satisfies it in the vocabulary; or a set of words as they are, which
        count as one. Without it every service of the facilities, one after the other.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    per : {'service', 'facility'}
        One area for all facilities of a service, or one for each facility.
    direction : {'to_facility', 'from_facility'}
        Who travels: people to the facility, or help from it.
    areas : AreaRules, optional
        How far an area reaches beyond its roads.
    rules : SnapRules, optional
        How facilities are joined to the network; also speed and detour of the walk in `walk_on_top_min`.
    barriers : GeoSeries, optional
        Water and closed borders: no walk and no area crosses them.

    Returns
    -------
    GeoDataFrame
        One row a service (or facility) and cutoff, ascending: `service`, `facility_id` (missing for a service),
        `mode`, `direction`, `cutoff_min`, `reached_km` (roads within reach, bridges and ferries included),
        `area_km2`, `half_width_m`, `hull_m`, and `walk_on_top_min`, the walk of `hull_m` that the minutes do not
        include. The geometry is a MultiPolygon, missing where nothing is within reach: no row is dropped.

    Raises
    ------
    ContractError
        Where a cutoff or a width makes no sense, or no facility offers the service.
    CrsError
        Where facilities, barriers and network differ in their CRS.

    Examples
    --------
    >>> # isochrones(graph, facilities, cutoffs_min=(15, 30, 60), service="hospital").to_file("hospital.gpkg")
    """
    cutoffs = tuple(sorted(cutoffs_of(cutoffs_min)))
    check_options(direction=direction, per=per)
    snap_rules, area_rules = rules or SnapRules(), areas or AreaRules()
    asked = asked_of(service, facilities, vocabulary)
    places = place_on(
        graph, of_service(facilities, asked), key="facility_id", rules=snap_rules, barriers=barriers
    )
    ground = Ground(graph, area_rules, barriers)
    rows = []
    for group in groups_of(places, asked, per):
        members = take(places.snaps, group.members)
        found = reached_stretches(graph, members, cutoff_min=cutoffs[-1], direction=direction)
        rows += _nested(ground, group, found, cutoffs)
    on_top = float(
        walk_minutes(np.array(area_rules.hull_m), walk_km_h=snap_rules.walk_km_h, detour=snap_rules.detour)
    )
    frame = pd.DataFrame(rows, columns=["service", "at", "cutoff_min", "reached_km", "geometry"])
    shapes = frame.pop("geometry").to_numpy(dtype=object)
    own = ids_or_none(places.frame["facility_id"], frame.pop("at").to_numpy(dtype=np.int64))
    frame.insert(1, "facility_id", own)
    frame = frame.astype({"service": "str"}).assign(
        mode=pd.Series(graph.mode, index=frame.index, dtype="str"),
        direction=pd.Series(direction, index=frame.index, dtype="str"),
        area_km2=np.nan_to_num(shapely.area(shapes)) / 1e6,
        half_width_m=area_rules.half_width_m,
        hull_m=area_rules.hull_m,
        walk_on_top_min=on_top,
    )
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=graph.crs)


def _nested(
    ground: Ground, group: Group, found: Stretches, cutoffs: tuple[float, ...]
) -> list[tuple[str, int, float, float, shapely.MultiPolygon | None]]:
    """Draw the areas of one group, each of which holds the shorter ones."""
    reached = [found.within(cutoff) for cutoff in cutoffs]
    pieces = [straight_pieces(ground.graph, ground.leavable(each))[0] for each in reached]
    areas = np.full(len(cutoffs), None, dtype=object)
    if len(pieces[-1]):
        areas = _areas(ground, reached, pieces)
    rows = []
    for cutoff, each, area in zip(cutoffs, reached, areas, strict=True):
        km = float(((each.end - each.start) * ground.graph.length_m[each.edge]).sum()) / 1000.0
        rows.append((group.service, int(group.members[0]) if group.alone else -1, cutoff, km, area))
    return rows


def _areas(
    ground: Ground, reached: list[Stretches], pieces: list[NDArray[np.float64]]
) -> NDArray[np.object_]:
    """Draw what each cutoff adds, one group of roads far from all others after the other, and join it."""
    beyond = [ground.beyond(each) for each in reached]
    group = ground.apart(np.concatenate(pieces))
    groups = np.split(group, np.cumsum([len(lines) for lines in pieces])[:-1])
    drawn = [
        _bands(ground, [lines[own == number] for lines, own in zip(pieces, groups, strict=True)], beyond)
        for number in range(int(group.max()) + 1)
    ]
    bands, of = (np.concatenate(each) for each in zip(*(each[:2] for each in drawn), strict=True))
    areas, strips = [], []
    for number in range(len(reached)):
        area = shapely.coverage_union_all(bands[of <= number])
        astray = np.concatenate([each[2][number] for each in drawn])
        strips.append(strip_along(area, astray, ground.cell_m))
        # With the strips of shorter cutoffs too, which this one must hold.
        is_whole = shapely.is_empty(strips).all()
        areas.append(area if is_whole else shapely.union_all([area, *strips]))
    shapes = [
        ground.parts(np.array([area], dtype=object), lines) for area, lines in zip(areas, pieces, strict=True)
    ]
    return np.concatenate(shapes)


def _bands(
    ground: Ground, pieces: list[NDArray[np.float64]], beyond: list[NDArray[np.float64]]
) -> tuple[NDArray[np.object_], NDArray[np.int64], list[NDArray[np.float64]]]:
    """Label nodes by the first cutoff that claims them, draw the labels, and name the roads near their border."""
    grid = ground.grid(pieces[-1])
    claimed = np.full((len(pieces), *grid.shape), -np.inf, dtype=np.float32)
    for number, (lines, others) in enumerate(zip(pieces, beyond, strict=True)):
        if len(lines):
            claimed[number] = ground.claim(grid, grid.inward(lines), others)[0]
    np.maximum.accumulate(claimed, axis=0, out=claimed)
    first = (claimed <= 0.0).sum(axis=0, dtype=np.int32)
    labels = np.where(first < len(pieces), first, -1).astype(np.int32)

    def where(low: Nodes, high: Nodes) -> NDArray[np.float64]:
        lower = np.minimum(first[low], first[high])
        return crossing(claimed[(lower, *low)], claimed[(lower, *high)])

    bands, of = outlines(labels, where)
    claims = [(labels >= 0) & (labels <= number) for number in range(len(pieces))]
    astray = [_near_border(grid, lines, drawn) for lines, drawn in zip(pieces, claims, strict=True)]
    return smoothed(bands, grid), of, astray


def _near_border(grid: Grid, pieces: NDArray[np.float64], drawn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Parts of pieces beside which some node is not drawn, in metres."""
    short, _ = cut_short(grid.inward(pieces))
    away = grid.around(short, np.where(drawn, np.int32(0), np.int32(-1))) != 0
    return grid.outward(short[away].reshape(-1, 2)).reshape(-1, 4)


# Catchment areas: the ground whose nearest facility is the same one, as polygons that do not overlap.


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
