"""The last mile to an all-season road, what it brings, and what the wet season takes; the Rural Access Index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.cells import cells_on, peopled_cells
from spatial.access.od_pairs import (
    checked_access,
    id_positions,
    missing_in,
    people_of,
    require_columns,
    rows_along,
    with_ids_of,
)
from spatial.access.options import ABOVE_ZERO, nan_for_inf, not_within, numbers
from spatial.access.places import barrier_problems, check_places
from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.crs import refuse_stretched_lines, require_metres, require_network_crs
from spatial.errors import ContractError, CrsError, faults_at, first_of, of_kind, refuse
from spatial.network.graph import TravelGraph
from spatial.network.snapping import are_near, walk_minutes
from spatial.outlines import area_of, brought_to, crosses, outline_faults, require_shapes, shapes_of, tree_of
from spatial.rasters import Raster
from spatial.study.access import SnapRules
from spatial.tables.words import LAST_MILE

# The last mile: how far settlements lie from the road that stays open in every season, and from what it brings.

_REACHES = (0.03, 0.1, 0.3, 1.0)
"""Shares of the search around a place behind a barrier, one look after the other; they change the speed only."""


@dataclass(frozen=True)
class LastMileRules:
    """
    Where the classes of the last mile begin.

    Parameters
    ----------
    connected_m : float
        Straight line to the road up to which a settlement is connected; inclusive.
    near_m : float
        Up to which it is near; inclusive. 2000 m is the Rural Access Index (Roberts et al. 2006).
    search_m : float
        How far around a place whose nearest road lies behind a barrier another road is looked for.
    towns : tuple of str
        Services of the access table that are towns, the first one computed is used for `last_mile_share`.
    points : tuple of (str, str)
        Column of minutes, and the service of the access table that fills it.
    """

    connected_m: float = 500.0
    near_m: float = 2000.0
    search_m: float = 10_000.0
    towns: tuple[str, ...] = ("town", "county_seat", "city")
    points: tuple[tuple[str, str], ...] = (
        ("parcel_point_min", "parcel_point"),
        ("bus_stop_min", "bus_stop"),
        ("telecom_min", "telecom"),
    )


def last_mile(
    edges: gpd.GeoDataFrame | TravelGraph,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    *,
    rules: LastMileRules | None = None,
    walk: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Measure the walk from every settlement to the all-season road.

    A road is all-season where it is known to be so (yes) or not known to fail (unknown): the distance to the former is
    the upper bound, to both the lower one. Only roads that may be entered on foot and that lead somewhere count: no
    ferries, bridges or motorways, no fragments shorter than `min_component_km`. Distances are straight lines, as the
    Rural Access Index takes them, but none crosses a barrier: where one lies before the nearest road, the nearest of
    the others within `search_m` counts, or none.

    Parameters
    ----------
    edges : GeoDataFrame or TravelGraph
        Edges of the motorable network, by the contract of the table (one mode's rows), or the graph itself.
    settlements : GeoDataFrame
        By the contract of the table.
    access : DataFrame
        The access table: of the modes in it the first is that of the way to the town, and walk, where there, that of
        the ways to parcel point, bus stop and telecom. Distances to these are along the way, both walks included.
    rules : LastMileRules, optional
        Where the classes begin.
    walk : SnapRules, optional
        Speed and detour of the walk, and the shortest component that counts.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    DataFrame
        By the contract of the table ``last_mile``, one row a settlement in the order given. Class ``none``: there is
        no such road at all; ``unknown``: none is known to be all-season, but there are roads of which it is not known.

    Raises
    ------
    CrsError
        Where edges, settlements and barriers differ in their CRS.
    """
    rules = of_kind("rules", rules, LastMileRules) or LastMileRules()
    walk = of_kind("walk", walk, SnapRules) or SnapRules()
    frame = edges.to_frames()[1] if isinstance(edges, TravelGraph) else edges
    require_columns("edges", frame, ("is_snappable", "component_km", "all_season"))
    problems = [*_season_faults(frame), *missing_in(frame, ("is_snappable", "component_km"))]
    if not problems and not frame["is_snappable"].isin((True, False)).all():
        problems.append("is_snappable: must be true or false in every row")
    refuse("edges", problems)
    frame = frame.assign(
        is_snappable=frame["is_snappable"].astype(bool),
        component_km=numbers("edges", "component_km", frame["component_km"]),
    )
    check_places(settlements, "settlement_id")
    access = checked_access(access, ("settlement_id", "service", "mode", "travel_time_min", "network_distance_m"))
    require_shapes("edges", frame)
    if require_metres(frame.crs, what="edges") != require_metres(settlements.crs, what="settlements"):
        raise CrsError("edges and settlements differ in their CRS; reproject with to_crs(...)")
    refuse("options", barrier_problems(barriers))
    if barriers is not None:
        require_network_crs(barriers.crs, require_metres(frame.crs, what="edges"), what="barriers")
    roads = frame.loc[frame["is_snappable"] & (frame["component_km"] >= walk.min_component_km) & open_edges(frame)]
    points = shapes_of(settlements.geometry)
    known = roads["all_season"] == "yes"
    unknown = roads["all_season"] == "unknown"
    lower, upper = (
        _distances(points, shapes_of(roads.loc[rows].geometry), barriers, rules.search_m)
        for rows in (known | unknown, known)
    )
    ids, access = pd.Index(settlements["settlement_id"]), with_ids_of(settlements, access, name="access")
    # Walk to the network as a share of walk and network on the way to the nearest town; 0 in a town itself.
    modes, computed = access["mode"].unique(), set(access["service"].unique())
    town = next((service for service in rules.towns if service in computed), None)
    share = np.full(len(ids), np.nan)
    if town is not None:
        legs = ("access_leg_min", "network_leg_min")
        ways = access.loc[(access["mode"] == modes[0]) & (access["service"] == town)]
        ways = rows_along(checked_access(ways, ("settlement_id", *legs)), ids)
        walked, driven = (ways[leg].to_numpy() for leg in legs)
        together = walked + driven
        share = np.divide(walked, together, out=np.where(np.isnan(together), np.nan, 0.0), where=together > 0.0)
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            "all_season_road_distance_m": nan_for_inf(lower),
            "known_all_season_road_distance_m": nan_for_inf(upper),
            "all_season_road_min": nan_for_inf(walk_minutes(lower, walk_km_h=walk.walk_km_h, detour=walk.detour)),
            "last_mile_class": _classes(lower, rules, otherwise="none"),
            "last_mile_class_known": _classes(upper, rules, otherwise="unknown" if unknown.any() else "none"),
            "last_mile_share": share,
            **_to_points(access, ids, dict(rules.points), "travel_time_min"),
            "known_all_season_road_min": nan_for_inf(walk_minutes(upper, walk_km_h=walk.walk_km_h, detour=walk.detour)),
            **_to_points(
                access,
                ids,
                {f"{name.removesuffix('_min')}_distance_m": service for name, service in rules.points},
                "network_distance_m",
            ),
        }
    )


def _distances(points: ObjectArray, lines: ObjectArray, barriers: gpd.GeoSeries | None, search_m: float) -> FloatArray:
    """Straight line to the nearest line that no barrier hides; inf where there is none."""
    distance = np.full(len(points), np.inf)
    if len(lines) == 0 or len(points) == 0:
        return distance
    tree = shapely.STRtree(lines)
    (rows, nearest), metres = tree.query_nearest(points, all_matches=False, return_distance=True)
    distance[rows] = metres
    walls = tree_of(barriers)
    if walls is None:
        return distance
    hidden = rows[crosses(walls, np.asarray(shapely.shortest_line(points[rows], lines[nearest])))]
    distance[hidden] = np.inf
    for reach in (share * search_m for share in _REACHES):
        rows, other = tree.query(points[hidden], predicate="dwithin", distance=reach)
        is_open = ~crosses(walls, np.asarray(shapely.shortest_line(points[hidden[rows]], lines[other])))
        rows, other = hidden[rows[is_open]], other[is_open]
        np.minimum.at(distance, rows, shapely.distance(points[rows], lines[other]))
        hidden = hidden[~np.isfinite(distance[hidden])]
    return distance


def open_edges(edges: pd.DataFrame) -> BoolArray:
    """Tell which edges a scenario has not closed in both directions; all where their minutes are not there."""
    minutes = edges.filter(["time_forward_min", "time_backward_min"])
    is_open: BoolArray = np.isfinite(minutes.to_numpy(dtype=np.float64)).any(axis=1)
    return is_open if minutes.shape[1] else ~is_open


def _season_faults(edges: pd.DataFrame) -> list[str]:
    wrong = edges["all_season"][~edges["all_season"].isin(_SEASONS)]
    return [f"all_season must be yes, no or unknown, is {first_of(wrong.unique())}"] if len(wrong) else []


def _classes(distance: FloatArray, rules: LastMileRules, *, otherwise: str) -> pd.Series[str]:
    named = np.where(distance <= rules.connected_m, "connected", np.where(distance <= rules.near_m, "near", "gap"))
    return pd.Series(np.where(np.isfinite(distance), named, otherwise), dtype="str")


def _mode_of_walks(access: pd.DataFrame) -> str:
    modes = list(access["mode"].unique())
    return "walk" if "walk" in modes else next(iter(modes), "")


def _to_points(access: pd.DataFrame, ids: pd.Index, columns: Mapping[str, str], measure: str) -> dict[str, FloatArray]:
    ours = access.loc[access["mode"] == _mode_of_walks(access)]
    return {
        column: rows_along(ours.loc[ours["service"] == service], ids)[measure].to_numpy()
        for column, service in columns.items()
    }


# Last-mile coverage: people near an all-season road who also have a parcel, bus or service point within its target.

NEAR = ("connected", "near")
_COLUMNS = {"lower": "last_mile_class_known", "upper": "last_mile_class"}


def last_mile_coverage(
    last_mile: pd.DataFrame,
    access: pd.DataFrame,
    settlements: pd.DataFrame,
    *,
    targets: Mapping[str, float],
    mode: str | None = None,
) -> pd.DataFrame:
    """
    Measure the share of people whom the last mile serves.

    A settlement is covered for a point where it is *connected* or *near* to the all-season road and reaches that point
    within its target. Roads of unknown surface make it an interval: the lower bound counts roads known to be
    all-season, the upper one those not known to fail.

    Parameters
    ----------
    last_mile : DataFrame
        The table of that name.
    access : DataFrame
        The access table, which holds the services of `targets`.
    settlements : DataFrame
        With `settlement_id`, `in_study` and `population_persons`; only those in the study count.
    targets : mapping of str to float
        Minutes to each point, inclusive, by service of the access table, such as ``{"parcel_point": 30.0}``.
    mode : str, optional
        Mode of the ways to the points: walk where the table has it, else its first mode.

    Returns
    -------
    DataFrame
        One row for the road alone (`point` road), one for each point, and for any and all of them: `target_min`,
        `persons`, `covered_persons_lower`, `covered_persons_upper`, `coverage_lower`, `coverage_upper` (NaN where
        nobody is counted), `places`, `covered_places_lower`, `covered_places_upper`.

    Raises
    ------
    ContractError
        Where a target is negative or NaN, a service or the mode was not computed, or the tables hold other settlements.

    Examples
    --------
    Of 100 people near the road and 300 far from it, all with a bus stop in time: coverage 0.25 for bus_stop.
    """
    access = checked_access(access, ("settlement_id", "service", "mode", "travel_time_min"))
    require_columns("last_mile", last_mile, ("settlement_id", *_COLUMNS.values()))
    require_columns("settlements", settlements, ("settlement_id", "in_study", "population_persons"))
    access = with_ids_of(settlements, access, name="access")
    last_mile = with_ids_of(settlements, last_mile, name="last_mile")
    chosen = mode or _mode_of_walks(access)
    ours = access.loc[access["mode"] == chosen]
    scored = settlements.loc[settlements["in_study"].to_numpy(dtype=bool)]
    ids = pd.Index(scored["settlement_id"])
    if not isinstance(targets, Mapping):
        raise ContractError("options", [f"targets: is {targets!r}; give minutes by service, as {{'parcel_point': 30}}"])
    problems = [fault for service, limit in targets.items() for fault in not_within(f"targets: {service}", limit)]
    missing = [service for service in targets if service not in set(ours["service"])]
    problems += faults_at(f"access: has no rows of mode {chosen!r} for", missing, "; compute these services")
    for name, frame in (("last_mile", last_mile), ("access", ours if targets else last_mile)):
        lacking = ids.difference(pd.Index(frame["settlement_id"]))
        problems += faults_at(f"{name}: lacks", lacking)
    problems += [
        f"{column}: unknown value(s) {first_of(strange)}; known are {', '.join(LAST_MILE)}"
        for column in _COLUMNS.values()
        if (strange := sorted(set(last_mile[column].map(str)) - set(LAST_MILE)))
    ]
    refuse("last-mile coverage", problems)
    road = rows_along(last_mile, ids, name="last_mile")
    near = {bound: road[column].isin(NEAR).to_numpy(dtype=bool) for bound, column in _COLUMNS.items()}
    within = {}
    for service, limit in targets.items():
        minutes = rows_along(ours.loc[ours["service"] == service], ids)["travel_time_min"]
        within[service] = np.asarray(minutes.to_numpy() <= limit)
    points = {"road": np.ones(len(ids), dtype=bool), **within}
    if within:
        points["any"] = np.logical_or.reduce(list(within.values()))
        points["all"] = np.logical_and.reduce(list(within.values()))
    persons = np.nan_to_num(people_of(scored))
    total = float(persons.sum())
    rows = []
    for point, has in points.items():
        row: dict[str, object] = {"point": point, "target_min": targets.get(point, np.nan), "persons": total}
        for bound, by_road in near.items():
            covered = float(persons[has & by_road].sum())
            row[f"covered_persons_{bound}"] = covered
            row[f"coverage_{bound}"] = covered / total if total > 0 else np.nan
        row["places"] = len(persons)
        row |= {f"covered_places_{bound}": int((has & by_road).sum()) for bound, by_road in near.items()}
        rows.append(row)
    return pd.DataFrame(rows).astype({"point": "str"})


# Settlements that lose a service when it is wet: two access tables of the same places, dry and wet, compared.

_KEY = ["settlement_id", "service", "mode"]
_ROUNDING_MIN = 1e-6
"""Two sums of the same minutes may differ by less than this."""


def wet_loss(
    access_dry: pd.DataFrame, access_wet: pd.DataFrame, settlements: pd.DataFrame, *, cutoff_min: float | None = None
) -> pd.DataFrame:
    """
    Compare the access of settlements on a dry and on a wet network.

    Parameters
    ----------
    access_dry, access_wet : DataFrame
        Two access tables of the same settlements, services and modes, in any order.
    settlements : DataFrame
        With `settlement_id`, `population_persons` and `in_study`.
    cutoff_min : float, optional
        Minutes within which a service counts as there; inclusive. Without it, whatever the tables call reached.

    Returns
    -------
    DataFrame
        One row a row of `access_dry`, in its order: `settlement_id`, `service`, `mode`, `dry_min`, `wet_min`,
        `slower_min` (wet less dry; NaN where one is missing), `wet_status`, `wet_reach_status` (why it is lost),
        `facility_changes` (the nearest one is another), `population_persons` and `in_study`. Status: `kept` as fast;
        `slower` but within the cutoff; `lost`: within it when dry and not when wet; `not_served`: not even when dry;
        `unknown` where a table does not know.

    Raises
    ------
    ContractError
        Where the tables hold different rows or repeated ones, name settlements that are not there, or the cutoff is
        negative or NaN.

    Examples
    --------
    With a cutoff of 60, a village at 40 minutes when dry and 50 when wet is `slower`; one at 40 and 61 is `lost`.
    """
    columns = (*_KEY, "travel_time_min", "reach_status", "facility_id")
    tables = {
        name: checked_access(frame, columns, name=name)
        for name, frame in (("access_dry", access_dry), ("access_wet", access_wet))
    }
    require_columns("settlements", settlements, ("settlement_id", "population_persons", "in_study"))
    limit = np.inf if cutoff_min is None else cutoff_min
    problems = not_within("cutoff_min", limit)
    keys = {name: pd.MultiIndex.from_frame(frame[_KEY]) for name, frame in tables.items()}
    for name, key in keys.items():
        problems += faults_at(f"{name}: repeated rows", key[key.duplicated()].unique())
    for name, other in (("access_wet", "access_dry"), ("access_dry", "access_wet")):
        missing = keys[other].difference(keys[name])
        problems += faults_at(f"{name}: rows of the other table are missing:", missing)
    twice = settlements["settlement_id"][settlements["settlement_id"].duplicated()]
    if len(twice):
        problems.append(f"settlements: repeated rows {first_of(twice.unique())}")
    else:
        at = id_positions(access_dry["settlement_id"], pd.Index(settlements["settlement_id"]))
        problems += faults_at("settlements: lack", access_dry["settlement_id"][at < 0].unique())
    refuse("wet loss", problems)
    persons = people_of(settlements)[at]
    dry = tables["access_dry"].reset_index(drop=True)
    wet = tables["access_wet"].set_index(_KEY).reindex(keys["access_dry"]).reset_index()
    dry_min, wet_min = (nan_for_inf(frame["travel_time_min"].to_numpy()) for frame in (dry, wet))
    served, still_served = (
        (frame["reach_status"] == "reached").to_numpy(dtype=bool) & (minutes <= limit)
        for frame, minutes in ((dry, dry_min), (wet, wet_min))
    )
    unknown = ((dry["reach_status"] == "unknown") | (wet["reach_status"] == "unknown")).to_numpy(dtype=bool)
    status = np.select(
        [unknown, ~served, ~still_served, wet_min - dry_min > _ROUNDING_MIN],
        ["unknown", "not_served", "lost", "slower"],
        "kept",
    )
    changes = dry["facility_id"].astype(object).fillna("") != wet["facility_id"].astype(object).fillna("")
    reasons = wet["reach_status"].astype("str")
    late = (reasons == "reached") & ~still_served
    return pd.DataFrame(
        {
            **{name: dry[name] for name in _KEY},
            "dry_min": dry_min,
            "wet_min": wet_min,
            "slower_min": wet_min - dry_min,
            "wet_status": pd.Series(status, dtype="str"),
            "wet_reach_status": reasons.mask(late, "beyond_cutoff"),
            "facility_changes": changes.to_numpy(dtype=bool),
            "population_persons": persons,
            "in_study": settlements["in_study"].to_numpy(dtype=bool)[at],
        }
    )


_SEASONS = ("yes", "no", "unknown")
_RURAL, _URBAN, _UNKNOWN = 0, 1, 2
_NO_SURFACE = frozenset({"", "unknown"})
_PAVED = frozenset({
    "paved", "asphalt", "chipseal", "concrete", "concrete:lanes", "concrete:plates", "paving_stones", "sett", "bricks",
    "cobblestone", "unhewn_cobblestone", "metal", "wood",
})  # fmt: skip
"""Surfaces that OpenStreetMap's wiki lists as paved (Key:surface)."""


@dataclass(frozen=True)
class RoadCondition:
    """
    A measured condition of roads, which decides where it is known.

    The thresholds are a choice of the country: the definition asks for a road "motorable all year round" and names no
    roughness, so there is no default.

    Parameters
    ----------
    column : str
        Column of the roads that holds it, such as the roughness ``iri_m_km``; lower is better, NaN = not measured.
    paved_max, unpaved_max : float
        Up to which a paved and an unpaved road is all-season; inclusive.
    paved : frozenset of str
        Values of `surface` that are paved; every other surface tagged is unpaved.
    """

    column: str
    paved_max: float
    unpaved_max: float
    paved: frozenset[str] = _PAVED


@dataclass(frozen=True, eq=False)
class _Roads:
    """Lines, and what is known of each: all-season, not known to fail, imputed."""

    lines: ObjectArray
    known: BoolArray
    possible: BoolArray
    imputed: BoolArray
    length_m: FloatArray


class _Unit(NamedTuple):
    """Cells that make a row, by what the row is called."""

    level: str
    key: str
    name: str | None
    cells: BoolArray
    imputed_share: float


def rural_access_index(
    population: Raster,
    roads: gpd.GeoDataFrame | TravelGraph,
    *,
    urban: Raster | gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    distance_m: float = 2000.0,
    condition: RoadCondition | None = None,
    zones: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """
    Measure the Rural Access Index by its published definition, as an interval.

    Rural people in cells whose centre lies within `distance_m` of an all-season road, over all rural people. The
    distance is the straight line from the cell's centre to the nearest point of a road, as the definition has it: no
    barrier hides a road and no road's entry is asked for. The truth lies between `rai_lower`, which counts only roads
    known to be all-season, and `rai_upper`, which counts all roads not known to fail.

    Parameters
    ----------
    population : Raster
        Persons per cell, in any CRS; NaN = no data.
    roads : GeoDataFrame or TravelGraph
        Motorable roads: a graph, its edges (one mode), or any lines in metres with `all_season` (yes, no, unknown).
        Neither ferries count nor edges closed both ways. `surface`, where there, tells the imputed roads: those where
        it is missing, blank or unknown.
    urban : Raster, GeoDataFrame or GeoSeries, optional
        Where it is urban: a raster on the same grid (above 0 = urban, 0 = rural, NaN = not known), or polygons, in
        which a cell is urban whose centre they hold. Without it everybody counts as rural, which is no Rural Access
        Index where there are towns; `urban_masked` says so.
    distance_m : float
        Metres; inclusive.
    condition : RoadCondition, optional
        Where it is measured it decides whether a road is all-season, elsewhere `all_season` does. Where the surface is
        not known, a road passes below both thresholds, fails above both, and is unknown between.
    zones : GeoDataFrame, optional
        Polygons with `boundary_id`, and `name`: a row each. A cell is in the first zone that holds its centre.

    Returns
    -------
    DataFrame
        A row for everything (`unit_level` study), one a zone (zone) and, with zones, one for the people in none
        (outside). `rai_lower`, `rai_upper`: NaN where nobody is rural, 0 without roads. `population_persons` =
        `rural_persons` + `urban_persons` + `unclassified_persons`, the last in cells without data in the urban mask.
        `served_persons_lower`, `served_persons_upper`: rural people. `imputed_share`: share of the length of roads of
        which neither surface nor condition is known (by `all_season` where the roads have no `surface`), within the
        zone; NaN without roads. `cells`: cells with people.

    Raises
    ------
    ContractError
        Where people are negative, the urban mask does not lie cell on cell, a column is missing or wrong, or urban
        areas or zones are no polygons, empty or cross themselves.
    CrsError
        Where the roads are not in metres.

    Notes
    -----
    SDG indicator metadata 9.1.1 (World Bank, 2020-09); Roberts, Shyam and Rastogi (2006), World Bank Transport Papers
    10. Cells are as fine as the raster; distances are plane distances in the roads' CRS.

    Examples
    --------
    A road known to be all-season that 60 of 100 rural people live near, and one of unknown surface that 30 others do,
    give `rai_lower` 0.6 and `rai_upper` 0.9.
    """
    of_kind("condition", condition, RoadCondition)
    if not (isinstance(population, Raster) and isinstance(roads, TravelGraph | gpd.GeoDataFrame)):
        raise ContractError("rural access", ["give a Raster of people, and a TravelGraph or a GeoDataFrame of roads"])
    if isinstance(roads, TravelGraph):
        columns = {name: getattr(roads, name) for name in ("road_class", "surface", "all_season")}
        columns |= {"time_forward_min": roads.forward_min, "time_backward_min": roads.backward_min}
        roads = gpd.GeoDataFrame(columns, geometry=roads.edge_lines(), crs=roads.crs)
    require_shapes("roads", roads)
    frame = roads.loc[open_edges(roads)]
    if zones is not None:
        require_shapes("zones", zones)
    crs = require_metres(frame.crs, what="roads")
    _check(frame, distance_m, condition, zones)
    refuse_stretched_lines(frame.geometry, what="roads")
    cells = peopled_cells(population, crs)
    network = _roads(frame, condition)
    # Rural, urban or not known, one value a cell.
    kind = np.full(len(cells), _RURAL)
    if isinstance(urban, Raster):
        value = cells_on(urban, cells, of=population)
        kind = np.where(np.isnan(value), _UNKNOWN, np.where(value > 0.0, _URBAN, _RURAL))
    elif urban is not None:
        require_shapes("urban", urban, series_too=True)
        refuse("urban", outline_faults(urban.geometry, urban.index))
        towns = shapes_of(brought_to(urban, crs, what="urban").geometry)
        kind = np.where(area_of(towns, cells.xy) >= 0, _URBAN, _RURAL)
    # Rural cells near a road that may be all-season, and of those the ones near a road known to be.
    served_upper, served_lower = np.zeros(len(cells), dtype=bool), np.zeros(len(cells), dtype=bool)
    rural_cells = np.flatnonzero(kind == _RURAL)
    served_upper[rural_cells] = are_near(network.lines[network.possible], cells.xy[rural_cells], distance_m)
    upper_cells = np.flatnonzero(served_upper)
    served_lower[upper_cells] = are_near(network.lines[network.known], cells.xy[upper_cells], distance_m)
    everything = np.ones(len(cells), dtype=bool)
    units: list[_Unit] = [_Unit("study", "all", None, everything, _imputed_share(network, None))]
    if zones is not None:
        shapes = shapes_of(brought_to(zones, crs, what="zones").geometry)
        zone = area_of(shapes, cells.xy)
        names = zones["name"].to_list() if "name" in zones else [None] * len(zones)
        keys = zip(zones["boundary_id"].to_list(), names, shapes, strict=True)
        units += [
            _Unit("zone", key, name, zone == number, _imputed_share(network, shape))
            for number, (key, name, shape) in enumerate(keys)
        ]
        units.append(_Unit("outside", "outside", None, zone < 0, np.nan))
    rows = []
    for unit in units:
        its, persons = unit.cells, cells.persons
        rural, in_towns, unknown = (float(persons[its & (kind == each)].sum()) for each in (_RURAL, _URBAN, _UNKNOWN))
        # People are summed in another order than all rural ones, so that rounding may make some more than all.
        upper = min(float(persons[its & served_upper].sum()), rural)
        lower = min(float(persons[its & served_lower].sum()), upper)
        rows.append(
            {
                "unit_level": unit.level,
                "unit_id": unit.key,
                "name": unit.name,
                "rai_lower": lower / rural if rural > 0 else np.nan,
                "rai_upper": upper / rural if rural > 0 else np.nan,
                "imputed_share": unit.imputed_share,
                "served_persons_lower": lower,
                "served_persons_upper": upper,
                "rural_persons": rural,
                "urban_persons": in_towns,
                "unclassified_persons": unknown,
                "population_persons": rural + in_towns + unknown,
                "cells": int(its.sum()),
            }
        )
    table = pd.DataFrame(rows).assign(distance_m=float(distance_m), urban_masked=urban is not None)
    return table.astype({"unit_level": "str", "unit_id": "str", "name": "str"})


def _check(
    frame: gpd.GeoDataFrame, distance_m: float, condition: RoadCondition | None, zones: gpd.GeoDataFrame | None
) -> None:
    problems = not_within("distance_m", distance_m, least=ABOVE_ZERO)
    if "all_season" not in frame:
        problems.append("roads: all_season is missing (yes, no or unknown); build_network fills it from tags")
    else:
        problems += [f"roads: {fault}" for fault in _season_faults(frame)]
    if "mode" in frame and len(frame["mode"].unique()) > 1:
        problems.append(f"roads: edges of several modes {first_of(frame['mode'].unique())}; choose one")
    if condition is not None:
        column, thresholds = condition.column, ("paved_max", "unpaved_max")
        problems += [
            f"condition: {name} is {getattr(condition, name):g}, must be 0 or more"
            for name in thresholds
            if not getattr(condition, name) >= 0
        ]
        if column not in frame:
            problems.append(f"roads: the condition {column!r} is missing")
        elif not pd.api.types.is_numeric_dtype(frame[column]):
            problems.append(f"roads: {column} must hold numbers, NaN where it was not measured")
        elif (frame[column] < 0).any():
            problems.append(f"roads: {column} is negative in rows {first_of(frame.index[frame[column] < 0])}")
    if zones is not None and "boundary_id" not in zones:
        problems.append("zones: boundary_id is missing")
    elif zones is not None:
        twice = zones["boundary_id"][zones["boundary_id"].duplicated()]
        problems += [f"zones: boundary_id: repeated: {first_of(twice.unique())}"] if len(twice) else []
        problems += [f"zones: {fault}" for fault in outline_faults(zones.geometry, zones["boundary_id"])]
    refuse("rural access", problems)


def _roads(frame: gpd.GeoDataFrame, condition: RoadCondition | None) -> _Roads:
    if "road_class" in frame:
        frame = frame.loc[(frame["road_class"] != "ferry").to_numpy(dtype=bool)]
    season = frame["all_season"].to_numpy(dtype=object)
    known, possible = season == "yes", season != "no"
    surface = frame["surface"] if "surface" in frame else pd.Series(np.nan, index=frame.index, dtype="object")
    surface = surface.mask(surface.astype("str").str.strip().str.lower().isin(_NO_SURFACE))
    imputed = surface.isna().to_numpy(dtype=bool) if "surface" in frame else season == "unknown"
    if condition is not None:
        # Of several surfaces of one road all must be paved; where none is known, either threshold may hold.
        value = frame[condition.column].to_numpy(dtype=np.float64)
        paved = {
            text: condition.paved.issuperset(part.strip() for part in str(text).split(";"))
            for text in surface.dropna().unique()
        }
        limits = (condition.paved_max, condition.unpaved_max)
        own = np.where(surface.map(paved).eq(other=True), *limits)
        untold, measured = surface.isna().to_numpy(dtype=bool), ~np.isnan(value)
        known = np.where(measured, value <= np.where(untold, min(limits), own), known)
        possible = np.where(measured, value <= np.where(untold, max(limits), own), possible)
        imputed = imputed & ~measured
    lines = shapes_of(frame.geometry)
    return _Roads(lines, known, possible, imputed, np.asarray(shapely.length(lines)))


def _imputed_share(roads: _Roads, zone: shapely.Geometry | None) -> float:
    lines, length = roads.lines, roads.length_m
    if zone is not None:
        shapely.prepare(zone)
        whole = np.asarray(shapely.covers(zone, lines))
        length = np.where(whole, length, 0.0)
        rows = np.flatnonzero(~whole & np.asarray(shapely.intersects(zone, lines)))
        length[rows] = shapely.length(shapely.intersection(lines[rows], zone))
    imputed, known = float(length[roads.imputed].sum()), float(length[~roads.imputed].sum())
    # Over the sum of the two parts, so that rounding never makes it more than 1.
    total = imputed + known
    return imputed / total if total > 0 else np.nan
