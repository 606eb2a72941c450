"""What people should look at: places off the network or on barriers, fragments, ways out of the study area."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.places import Places, Surroundings, check_table
from spatial.arrays import FloatArray, IntArray
from spatial.crs import require_metres
from spatial.errors import CrsError, first_of, refuse
from spatial.formats.notes import Finding, findings_by_id, no_findings
from spatial.network.graph import TravelGraph
from spatial.network.nearest import nearest
from spatial.network.snapping import Snaps, snap
from spatial.outlines import inside, not_points, points_at, require_shapes, shapes_of, tree_of
from spatial.study.access import SnapRules

# What people should look at: places off the network, on barriers or fragments, and ways out of their own unit.

OUTSIDE = "outside_own_unit"
ROWS_AT_ONCE = 1_000_000
"""Of the access table; changes memory only."""


def findings_of(
    graph: TravelGraph, group: Places, kind: str, rules: SnapRules, barriers: gpd.GeoSeries | None
) -> gpd.GeoDataFrame:
    """List the settlements or the facilities whose way to the network needs a look."""
    status, metres, mode = group.snaps.status, group.snaps.nearest_m, graph.mode
    # Places whose nearest road of all leads nowhere.
    any_road = snap(graph, group.frame.geometry, rules, candidates=1, min_component_km=0.0)
    edge, away_m = any_road.edge[:, 0], any_road.distance_m[:, 0]
    lone = edge[:0] if not graph.n_edges else (edge >= 0) & (graph.component_km[edge] < rules.min_component_km)
    tree, wet = tree_of(barriers), np.empty(0, dtype=np.int64)
    if tree is not None:
        wet = np.unique(tree.query(points_at(group.snaps.x, group.snaps.y), predicate="intersects")[0])
    called = {"place": {"section": "notice_part", "word": kind}, "mode": {"section": "mode", "word": mode}}
    allowed = {"value": group.snaps.max_snap_m, "unit": "m"}
    found: dict[str, Finding] = {}

    def note(finding: str, row: int, metres: float = np.nan, notice: str = "", **more: Any) -> None:
        subject, place = str(group.ids[row]), group.frame.geometry.iloc[row]
        told = Finding(finding, subject, place, called | more, distance_m=float(metres), notice=notice)
        found[f"{finding}/{mode}/{kind}/{subject}"] = told

    for row in np.flatnonzero(status == "none").tolist():
        note("unsnapped", row, metres[row])
    for row in np.flatnonzero(status == "far").tolist():
        note("beyond_tolerance", row, metres[row], away={"value": float(metres[row]), "unit": "m"}, allowed=allowed)
    for row in np.flatnonzero(lone).tolist():
        length = {"value": 1000.0 * float(graph.component_km[edge[row]]), "unit": "m"}
        note("small_component", row, away_m[row], "near_fragment", length=length)
    for row in wet.tolist():
        note("on_barrier", row)
    return findings_by_id(found, group.frame.crs)


def outside_own_unit(
    access: pd.DataFrame, settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, towns: Collection[str]
) -> gpd.GeoDataFrame:
    """List the settlements whose nearest facility lies outside their own unit."""
    home, standing = _units(settlements, "settlement_id"), _units(facilities, "facility_id")
    scored = settlements.set_index("settlement_id")["in_study"].astype(bool)
    places = pd.Index(settlements["settlement_id"])
    needed = access[["settlement_id", "service", "mode", "facility_id", "network_distance_m"]]
    found, at = [], []
    # Looking ids up makes an object of each: of a country's table only so many at once.
    for start in range(0, max(len(needed), 1), ROWS_AT_ONCE):
        part = needed.iloc[start : start + ROWS_AT_ONCE]
        own = part["settlement_id"].map(home)
        in_town, in_facility = (part["facility_id"].map(units) for units in (home, standing))
        other = in_town.where(part["service"].isin(list(towns)), in_facility)
        mine = part["settlement_id"].map(scored).astype(bool)
        found.append(part.loc[(own.notna() & other.notna() & (own != other) & mine).to_numpy(dtype=bool)])
        at.append(places.get_indexer(pd.Index(found[-1]["settlement_id"])))
    rows = pd.concat(found, ignore_index=True)
    if rows.empty:
        return no_findings(settlements.crs)
    # Of a country's rows there are a million: each service is said once.
    services = {name: {"service": {"service": name}} for name in rows["service"].unique()}
    said = {name: Finding(OUTSIDE, "", None, told).columns() for name, told in services.items()}
    texts = {
        "finding_id": f"{OUTSIDE}/" + rows["mode"] + "/" + rows["service"] + "/" + rows["settlement_id"],
        "kind": pd.Series(OUTSIDE, index=rows.index),
        "subject_id": rows["settlement_id"],
        "other_id": rows["facility_id"],
    }
    for name in ("detail", "notice", "notice_values"):
        texts[name] = rows["service"].map({service: columns[name] for service, columns in said.items()})
    frame = pd.DataFrame({name: values.astype("str") for name, values in texts.items()})
    geometry = gpd.GeoSeries(settlements.geometry.iloc[np.concatenate(at)]).reset_index(drop=True)
    return gpd.GeoDataFrame(frame.assign(distance_m=rows["network_distance_m"]), geometry=geometry)


def _units(places: gpd.GeoDataFrame, key: str) -> pd.Series[str]:
    if "township_id" not in places:
        return pd.Series([], index=pd.Index([], dtype="str"), dtype="str")
    return places.set_index(key)["township_id"].dropna()


# People and facilities that stand on water or another barrier: listed, and moved to the nearest dry ground.

CLEAR_M = 1.0
"""How far beyond the edge of the barrier a place is put, so that it touches it no more. Metres."""
_QUARTER = 8
_KEYS = ("facility_id", "settlement_id")
"""Columns of ids, the first that a table has: a facility may say in which settlement it is."""


def move_off_barriers(
    places: gpd.GeoDataFrame, barriers: gpd.GeoSeries, *, max_move_m: float = 200.0
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Move the places that stand on a barrier to the nearest dry ground.

    No walk leads from a place on a barrier. Mapping errors and the centres of cells put people and facilities a little
    way into lakes and the sea: these are moved. Those further out stay where they are and are listed.

    Parameters
    ----------
    places : GeoDataFrame of Point
        Settlements, cells or facilities, with `settlement_id` or `facility_id`.
    barriers : GeoSeries
        Lines and areas that cannot be crossed on foot, in the CRS of the places. A place on their edge stands on them.
    max_move_m : float
        Furthest move, the metre beyond the edge included; inclusive.

    Returns
    -------
    tuple of GeoDataFrame
        All places in the order given, with `moved_m` (0 where it was not moved); and the findings, by the contract of
        the table ``findings_access``: `moved_off_barrier`, with the distance, and `on_barrier` for those that stay.

    Raises
    ------
    ContractError
        Where there is no id, a place without a point, or `max_move_m` is negative or NaN.
    CrsError
        Where places and barriers differ in their CRS.

    Examples
    --------
    A clinic 30 m inside a lake stands 1 m outside it afterwards, with `moved_m` 31.
    """
    check_table(places, "places")
    require_shapes("places", places)
    require_shapes("barriers", barriers, series_too=True)
    barriers = barriers.geometry
    if require_metres(places.crs, what="places") != require_metres(barriers.crs, what="barriers"):
        raise CrsError("places and barriers differ in their CRS; reproject with to_crs(...)")
    problems = [] if max_move_m >= 0 else [f"max_move_m: is {max_move_m:g}, must be 0 or more"]
    key = next((name for name in _KEYS if name in places), "")
    missing = not_points(places.geometry)
    if not key:
        problems.append("settlement_id or facility_id: the column is missing")
    elif missing.any():
        shown = first_of(places[key].to_numpy(dtype=object)[missing])
        problems.append(f"geometry: no point in rows {shown}")
    refuse("places", problems)
    tree = tree_of(barriers.dropna())
    xy = shapely.get_coordinates(places.geometry.to_numpy())
    moved = np.zeros(len(places))
    rows = np.empty(0, dtype=np.int64)
    if tree is not None and len(places):
        rows = np.unique(tree.query(shapes_of(places.geometry), predicate="intersects")[0])
        for row in rows:
            xy[row], moved[row] = _dry(tree, xy[row], max_move_m)
    table = places.assign(moved_m=moved).set_geometry(
        gpd.GeoSeries(points_at(*xy.T), index=places.index, crs=places.crs)
    )
    kind = key.removesuffix("_id")
    finding = np.where(moved[rows] > 0.0, "moved_off_barrier", "on_barrier")
    found = {}
    for at, what in zip(rows.tolist(), finding.tolist(), strict=True):
        metres, subject = float(moved[at]), str(places[key].iloc[at])
        told = {"place": {"section": "notice_part", "word": kind}, "distance": {"value": metres, "unit": "m"}}
        found[f"{what}/{kind}/{subject}"] = Finding(
            what,
            subject,
            places.geometry.iloc[at],
            told,
            distance_m=metres if metres > 0.0 else np.nan,
            notice="moved_off_barrier" if metres > 0.0 else "stays_on_barrier",
        )
    return table, findings_by_id(found, places.crs)


def _dry(tree: shapely.STRtree, at: FloatArray, max_move_m: float) -> tuple[FloatArray, float]:
    """Find the nearest point clear of every barrier, and how far it is; the point itself and 0 where too far."""
    reach = max_move_m + 2.0 * CLEAR_M
    window = (*(at - reach).tolist(), *(at + reach).tolist())
    near = tree.geometries[tree.query(shapely.box(*window), predicate="intersects")]
    # Only the ground nearby counts; edges made by clipping are further away than any move.
    local = shapely.union_all(shapely.clip_by_rect(shapely.make_valid(near), *window))
    shore = shapely.boundary(shapely.buffer(local, CLEAR_M, quad_segs=_QUARTER))
    point = shapely.Point(at)
    distance = float(shapely.distance(point, shore))
    if not distance <= max_move_m:
        return at, 0.0
    return shapely.get_coordinates(shapely.shortest_line(point, shore))[1], distance


# Edge effects: how much ground to read, and where the way out of it is shorter than the way to a facility.

EDGE_M = 200.0
"""A dead end this near to the edge of the ground counts as cut off there. Metres."""
COMPLETE_WAY_M = 2500.0
"""Extracts keep whole roads, which reach this far beyond their edge (2.3 km in the county measured). Metres."""
SEA_M = 2000.0
"""A road that ends this near to the sea ends by nature. Metres."""


def clipped_ends(graph: TravelGraph, surroundings: Surroundings, *, buffer_m: float) -> IntArray:
    """
    Find the ends of the network where the data stop rather than the roads, but for those within 2 km of the sea.

    A dead end counts outside the study area, or within 200 m of its edge, at about the distance up to which roads were
    loaded or within 200 m of the network's convex hull; without study area the hull alone decides.
    """
    degree = np.bincount(np.concatenate((graph.edge_from, graph.edge_to)), minlength=graph.n_nodes)
    ends = np.flatnonzero(degree == 1)
    if len(ends) == 0:
        return ends
    points = points_at(graph.node_x[ends], graph.node_y[ends])
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack((graph.node_x, graph.node_y))))
    clipped = np.asarray(shapely.distance(points, shapely.boundary(hull)) <= EDGE_M)
    if surroundings.study_area is not None:
        ground = shapely.union_all(shapes_of(surroundings.study_area.to_crs(graph.crs).geometry))
        edge = shapely.boundary(ground)
        shapely.prepare(edge)
        outer, beyond = ~inside(ground, graph.node_x, graph.node_y), np.zeros(graph.n_nodes)
        beyond[outer] = shapely.distance(edge, points_at(graph.node_x[outer], graph.node_y[outer]))
        reach, beyond = float(beyond.max()), beyond[ends]
        at_edge = (beyond > 0.0) | np.asarray(shapely.dwithin(edge, points, EDGE_M))
        clipped = at_edge & (clipped | (beyond >= min(buffer_m, reach) - COMPLETE_WAY_M))
    sea = tree_of(surroundings.sea)
    if sea is not None:
        clipped[sea.query(points, predicate="dwithin", distance=SEA_M)[0]] = False
    return ends[clipped]


def exit_times(
    graph: TravelGraph,
    origins: Snaps,
    ends: IntArray,
    *,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
) -> FloatArray:
    """Minutes from the door of each place to the nearest end of the network that was cut off; inf for none."""
    if len(ends) == 0:
        return np.full(len(origins), np.inf)
    # Places that stand on dead ends.
    edge_of = np.full(graph.n_nodes, -1, dtype=np.int64)
    at_drawn_end = np.zeros(graph.n_nodes, dtype=bool)
    edge_of[graph.edge_from] = np.arange(graph.n_edges)
    edge_of[graph.edge_to] = np.arange(graph.n_edges)
    at_drawn_end[graph.edge_to] = True
    x, y = graph.node_x[ends], graph.node_y[ends]
    nothing = np.zeros((len(ends), 1))
    at_nodes = Snaps(
        x=x,
        y=y,
        edge=edge_of[ends][:, None],
        fraction=at_drawn_end[ends].astype(np.float64)[:, None],
        distance_m=nothing,
        access_min=nothing,
        foot_x=x[:, None],
        foot_y=y[:, None],
        status=np.full(len(ends), "ok", dtype=object),
        nearest_m=np.zeros(len(ends)),
        max_snap_m=origins.max_snap_m,
        walk_km_h=origins.walk_km_h,
        detour=origins.detour,
    )
    return nearest(graph, origins, at_nodes, k=1, direction=direction).travel_time_min[:, 0]
