"""The ground within some minutes of facilities, and the ground nearest to each, as polygons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from spatial.access.area_grid import Nodes, crossing, cut_short, outlines, strips_along
from spatial.access.area_hulls import AreaRules, Borders, Cut, Ground, Window, divided
from spatial.access.cells import peopled_cells
from spatial.access.options import check_direction, cutoffs_of, limit_of, nan_for_inf
from spatial.access.places import asked_for, existing, ids_or_none, is_for_some_units, offering, place_on, take
from spatial.access.roads_reached import place_groups, reached_stretches
from spatial.arrays import FloatArray, IntArray, ObjectArray
from spatial.crs import transformer_between
from spatial.errors import of_kind
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.nearest import node_labels
from spatial.network.snapping import walk_minutes
from spatial.outlines import area_of, points_at
from spatial.rasters import Raster
from spatial.study.access import SnapRules

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
    """
    check_direction(direction)
    serving = existing(facilities)
    serving = serving.loc[~is_for_some_units(serving)]
    goals = place_on(graph, serving, key="facility_id", rules=rules, barriers=barriers)
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
    per: Literal["facility", "service"] = "service",
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    areas: AreaRules | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw the ground within some minutes of facilities.

    Roads within reach are cut at the exact minute. Around them lies the concave hull that `AreaRules`
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
    """
    cutoffs = tuple(sorted(cutoffs_of(cutoffs_min)))
    check_direction(direction)
    snap_rules = of_kind("rules", rules, SnapRules) or SnapRules()
    area_rules = of_kind("areas", areas, AreaRules) or AreaRules()
    places, groups = place_groups(
        graph, facilities, service=service, vocabulary=vocabulary, per=per, rules=snap_rules, barriers=barriers
    )
    ground = Ground(graph, area_rules, barriers)
    rows = []
    for group in groups:
        members = take(places.snaps, group.members)
        found = reached_stretches(graph, members, cutoff_min=cutoffs[-1], direction=direction)
        shapes = _nested(ground, ground.cut(found, cutoffs), len(cutoffs))
        for cutoff, area in zip(cutoffs, shapes, strict=True):
            km = float(found.within(cutoff).road_km(graph)[0])
            at = int(group.members[0]) if group.alone else -1
            rows.append((group.service, at, cutoff, km, area))
    on_top = float(walk_minutes(np.array(area_rules.hull_m), walk_km_h=snap_rules.walk_km_h, detour=snap_rules.detour))
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


def _nested(ground: Ground, cut: Cut, n: int) -> ObjectArray:
    """Draw areas of ascending cutoffs, each holding the shorter ones; None where no road is within reach."""
    drawn = [_bands(ground, cut, window, n) for window in ground.windows(cut, n)]
    if not drawn:
        return np.full(n, None, dtype=object)
    bands = np.concatenate([each.polygons for each in drawn])
    first = np.concatenate([each.first for each in drawn])
    shapes: list[ObjectArray] = []
    strips: list[shapely.Geometry] = []
    for number in range(n):
        if not cut.widens(number):
            shapes.append(shapes[-1])
            continue
        area = shapely.coverage_union_all(bands[first <= number])
        astray = np.concatenate([each.astray[number] for each in drawn])
        nobody = np.zeros(len(astray), dtype=np.int64)
        strips.extend(strips_along(np.array([area], dtype=object), astray, nobody, ground.cell_m))
        # With the strips of shorter cutoffs too, which this one must hold; the area is laid over them but once.
        if not shapely.is_empty(strips).all():
            area = shapely.union(area, shapely.union_all(strips))
        shapes.append(ground.parts(np.array([area], dtype=object), cut.pieces[cut.band <= number]))
    return np.concatenate(shapes)


class _Bands(NamedTuple):
    """Ground by the first cutoff that claims it, and by cutoff the roads near the border of what it claims."""

    polygons: ObjectArray
    first: IntArray
    astray: list[FloatArray]


def _bands(ground: Ground, cut: Cut, window: Window, n: int) -> _Bands:
    """Label nodes by the first cutoff that claims them, and draw the labels."""
    labels = np.full(window.grid.shape, n, dtype=np.int32)
    borders = Borders(window.grid)
    for tile in ground.tiles(cut, window):
        claimed = np.full((n, *tile.grid.shape), -np.inf, dtype=np.float32)
        first = np.full(tile.grid.shape, n, dtype=np.int32)
        for number in range(n):
            if number:
                claimed[number] = claimed[number - 1]
            if tile.cut.widens(number):
                ground.claim(tile, tile.cut.band > number, claimed[number])
                first[(first == n) & (claimed[number] > 0.0)] = number
        labels[tile.place] = first[tile.own]
        borders.add(tile, first, partial(_band_border, first, claimed))
    short, piece = cut_short(window.grid.inward(cut.pieces[window.rows]))
    highest, band = window.grid.around(short, labels)[1], cut.band[window.rows][piece]
    labels[labels == n] = -1
    polygons, of = outlines(labels, borders.share, window.grid)
    # Parts of roads beside which some node is not drawn.
    astray = [
        window.grid.outward(short[(band <= number) & (highest > number)].reshape(-1, 2)).reshape(-1, 4)
        for number in range(n)
    ]
    return _Bands(polygons, of, astray)


def _band_border(first: NDArray[np.int32], claimed: NDArray[np.float32], low: Nodes, high: Nodes) -> FloatArray:
    """Say where the shorter cutoff of two nodes ends between them."""
    shorter = np.minimum(first[low], first[high])
    return crossing(claimed[(shorter, *low)], claimed[(shorter, *high)])


# Catchment areas: the ground whose nearest facility is the same one, as polygons that do not overlap.


def catchment_areas(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    max_time_min: float | None = None,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
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
    graph, facilities
        As in `isochrones`.
    service, vocabulary
        As in `cost_to_closest`.
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
    of_kind("population", population, Raster)
    limit = limit_of("max_time_min", max_time_min)
    check_direction(direction)
    places, (group,) = place_groups(
        graph, facilities, service=service, vocabulary=vocabulary, rules=rules, barriers=barriers
    )
    found = reached_stretches(graph, take(places.snaps, group.members), cutoff_min=limit, direction=direction)
    n = len(group.members)
    ground = Ground(graph, of_kind("areas", areas, AreaRules) or AreaRules(), barriers)
    shapes, cut_off_m2 = divided(ground, ground.cut(found, [limit]), n)
    longest = np.full(n, -np.inf)
    np.maximum.at(longest, found.owner, np.maximum(found.start_min, found.end_min))
    frame = pd.DataFrame(
        {
            "facility_id": places.frame["facility_id"].take(group.members).reset_index(drop=True),
            "service": pd.Series([group.service] * n, dtype="str"),
            "mode": pd.Series([graph.mode] * n, dtype="str"),
            "direction": pd.Series([direction] * n, dtype="str"),
            "reached_km": found.road_km(graph, n),
            "longest_min": nan_for_inf(longest),
            "area_km2": np.nan_to_num(shapely.area(shapes)) / 1e6,
            "population_persons": np.full(n, np.nan),
        }
    )
    table = gpd.GeoDataFrame(frame, geometry=shapes, crs=graph.crs)
    table.attrs["cut_off_km2"] = cut_off_m2 / 1e6
    if population is not None:
        cells = peopled_cells(population, graph.crs)
        drawn = np.flatnonzero(~shapely.is_missing(shapes))
        area = area_of(shapes[drawn], cells.xy)
        # A cell with its centre in water belongs to the nearest catchment in the cell.
        wet = np.flatnonzero(area < 0)
        wet = wet[ground.lie_on_barriers(cells.xy[wet])]
        centre = points_at(*cells.xy[wet].T)
        row, near = shapely.STRtree(shapes[drawn]).query_nearest(centre, all_matches=False)
        wet, centre = wet[row], centre[row]
        corner = population.cell_centres(cells.row[wet] + 0.5, cells.column[wet] + 0.5)
        if population.crs != graph.crs:
            to_metres = transformer_between(population.crs, graph.crs)
            corner = to_metres.transform(*corner)
        within = np.hypot(*(np.column_stack(corner) - cells.xy[wet]).T)
        there = shapely.distance(centre, shapes[drawn][near]) <= within
        area[wet[there]] = near[there]
        area = np.append(drawn, -1)[area]
        persons = np.bincount(area + 1, weights=cells.persons, minlength=n + 1)
        table["population_persons"] = persons[1:]
        table.attrs["persons_in_none"] = float(persons[0])
    return table
