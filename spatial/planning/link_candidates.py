"""Links that may be built, in a line or along corridors; and lesser roads to bring up to a class, to every village."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from shapely.ops import substring

from spatial.access.od_pairs import people_of
from spatial.access.options import FINITE, check_count, check_minutes, not_within
from spatial.access.places import SEA_KINDS, SnapPair, check_on_network, id_ranks, minutes_to_closest, place_on, take
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError, of_kind, refuse
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TURN, TravelGraph
from spatial.network.matrix import times_matrix
from spatial.network.nearest import node_labels
from spatial.network.scenarios import SNAP_TOLERANCE_M
from spatial.network.slope import tobler_multiplier
from spatial.network.snapping import Barriers, Snaps, blocked_legs, index_barriers, snap_coordinates
from spatial.network.turns import whole_junctions
from spatial.norms.law import SEASON_ROADS, RoadWord, load_road_words
from spatial.norms.measuring import nearest_road_m
from spatial.outlines import require_shapes
from spatial.planning.candidates import apply_constraints, constrained_ground
from spatial.planning.links import along, both_placed, goals_of
from spatial.planning.plans import SAME
from spatial.study.access import SnapRules
from spatial.terrain.friction import Friction
from spatial.terrain.kernels_spread import path_cells
from spatial.terrain.surface import Ground, Seeds, ground_of, move_to_open_cells, spread

ROAD_STEP_M = 500.0
"""Links end on roads at junctions, and between them at places no further apart."""

ON_ROAD_M = 500.0
"""A settlement this near a road has it: links begin on that road, and no nearer one is looked for."""

MIN_PER_H = 60.0

NEIGHBOURS = 8
"""A way over a third settlement is looked for among so many nearest ones of it."""

SAME_EFFORT = 1e-6
"""A straight line that costs no more than this share above cells in a row is as good: in degrees rows differ."""


def propose_links(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    *,
    facilities: gpd.GeoDataFrame | None = None,
    service: str | frozenset[str] = "town",
    vocabulary: Vocabulary | None = None,
    within_min: float = 60.0,
    demand: str = "population_persons",
    most: int = 60,
    longest_km: float = 10.0,
    detour: float = 1.3,
    speed_km_h: float = 40.0,
    road_class: str = "unclassified",
    water: gpd.GeoDataFrame | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Propose links for `rank_links`: straight gaps whose closing brings people within a limit.

    Links run between settlements, and from settlements to roads, where they begin at the road that each settlement has,
    or at the settlement that has none within 500 m. Each is weighed by the people whom it brings within the limit for
    each kilometre, alone or with a second one on from a settlement in between, by the ways of today and its own
    minutes. Of the links that bring a settlement within the limit its best is proposed first, then the second of each,
    so that no gap takes all the places; last, the shortest ways for settlements that have none and are not brought
    within the limit by any, again in turn.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode, without links.
    settlements, facilities, service, vocabulary, within_min, demand
        As in `rank_links`.
    most : int
        How many links at most.
    longest_km : float
        Length of the longest straight line, inclusive.
    detour : float
        Length of a link over its straight line, 1 or more.
    speed_km_h : float
        Speed along that length.
    road_class : str
        Class of road that a link is.
    water : GeoDataFrame, optional
        What a bridge must cross; what has the `kind` of the sea (sea, coast, coastline) is crossed by no link.
    rules, barriers
        As in `rank_links`.

    Returns
    -------
    GeoDataFrame of LineString
        The best first, with the columns of new roads (`road_id`, `road_class`, `speed_km_h`, `length_km`, which is
        `straight_km` times the detour), `from_id` and `to_id` (missing where the link ends on a road, which is then
        `to_road_id`), `crosses_water`, and `estimated_persons`: whom it brings within the limit by first estimate,
        alone or with the second one with which it was proposed. Empty where no link helps anybody.

    Raises
    ------
    ContractError
        For options or frames that are not as above.
    """
    check_on_network(graph, barriers)
    check_minutes("within_min", within_min)
    check_count("most", most)
    if water is not None:
        require_shapes("water", water, series_too=True)
    of_kind("road_class", road_class, str)
    problems = not_within("longest_km", longest_km, most=FINITE)
    for name, value in (("detour", detour), ("speed_km_h", speed_km_h)):
        problems += not_within(name, value, least=1.0, most=FINITE)
    refuse("options", problems)
    if graph.edge_layer is not None:
        raise ContractError("graph", [f"links are proposed on the network of one mode, not {graph.mode}"])
    persons = np.nan_to_num(people_of(settlements, demand))[np.argsort(id_ranks(settlements["settlement_id"]))]
    goals = goals_of(settlements, facilities, service, vocabulary)
    rules, limit = of_kind("rules", rules, SnapRules) or SnapRules(), within_min * (1.0 + SAME)
    homes, offers = both_placed(graph, settlements, goals, rules, barriers)
    now = minutes_to_closest(graph, SnapPair(homes.snaps, offers.snaps), direction="to_facility", barriers=barriers)
    needy = np.flatnonzero((now > limit) & (persons > 0.0))
    ends = _ends(graph, homes.snaps, offers.snaps, rules, barriers)
    # Minutes of the needy to where links begin: at the road of a settlement, or at itself.
    to_start = np.full((len(needy), len(homes)), np.inf)
    found = times_matrix(graph, take(homes.snaps, needy), ends.places, cutoff_min=limit, direct_barriers=barriers)
    to_start[found.origin, found.destination] = found.time_min
    own = np.where(ends.on_road, homes.snaps.access_min[:, 0], 0.0)
    to_start[np.arange(len(needy)), needy] = own[needy]
    waters = gpd.GeoDataFrame({"kind": []}, geometry=[], crs=graph.crs) if water is None else water
    is_sea = waters["kind"].isin(SEA_KINDS) if "kind" in waters else np.zeros(len(waters), dtype=bool)
    sea = index_barriers(waters.loc[is_sea].geometry, crs=graph.crs)
    ground = _Ground(ends, longest_km, MIN_PER_H * detour / speed_km_h, sea)

    def reached(start: pd.Series, rest_min: pd.Series) -> BoolArray:
        """Tell who of the needy comes within the limit, where a settlement is then so far from a goal."""
        return np.asarray(to_start[:, start.to_numpy()] + rest_min.to_numpy() <= limit)

    # To roads, from each settlement to the place that brings most people a kilometre.
    onto = ground.to_roads(needy)
    order = np.argsort(to_start, axis=0)
    nearest, followers = np.take_along_axis(to_start, order, axis=0), np.cumsum(persons[needy][order], axis=0)
    starts, rest, rate = onto["start"].to_numpy(), onto["rest_min"].to_numpy(), np.zeros(len(onto))
    for start in np.unique(starts):
        rows = np.flatnonzero(starts == start)
        count = np.searchsorted(nearest[:, start], limit - rest[rows], side="right")
        rate[rows] = np.where(count > 0, followers[count - 1, start], 0.0) / onto["km"].to_numpy()[rows]
    onto = onto.iloc[np.lexsort((onto["km"], -rate))].drop_duplicates("start")
    one = pd.concat([ground.to_settlements(), onto], ignore_index=True)
    two = ground.through(one)
    is_reached = np.hstack(
        (
            reached(one["start"], one["rest_min"]),
            reached(two["start"], two["rest_min"]) | reached(two["first"], two["through_min"]),
        )
    )
    ways = pd.concat([one.assign(first=-1, first_km=0.0), two], ignore_index=True)
    ways = ways.assign(persons=persons[needy] @ is_reached)
    # The best way of each settlement that some way brings within the limit, then the second of each, and so on; last,
    # the shortest ways of each that has none today and that no way brings within the limit.
    km = (ways["km"] + ways["first_km"]).to_numpy()
    by_rate = np.lexsort((km, ways["first"] >= 0, -ways["persons"] / km))
    cut_off = needy[np.isinf(now[needy]) & ~is_reached.any(axis=1)]
    is_from = np.where(ways["first"] >= 0, ways["first"], ways["start"]) == cut_off[:, None]
    in_order = np.concatenate((_in_turn(is_reached, by_rate), _in_turn(is_from, np.argsort(km, kind="stable"))))
    chosen: dict[tuple[int, int], float] = {}
    listed = ways.iloc[in_order][["first", "start", "end", "persons"]]
    for first, start, end, brought in listed.itertuples(index=False):
        gaps = [(start, end), (first, start)] if first >= 0 else [(start, end)]
        new = [gap for gap in ((min(gap), max(gap)) for gap in gaps) if gap not in chosen]
        if len(chosen) + len(new) > most:
            break
        chosen |= dict.fromkeys(new, brought)
    low, high = np.array(list(chosen), dtype=np.int64).reshape(-1, 2).T
    km = np.hypot(*(ends.xy[low] - ends.xy[high]).T) / 1000.0
    lines = np.asarray(shapely.linestrings(np.stack((ends.xy[low], ends.xy[high]), axis=1)), dtype=object)
    to_ids = np.concatenate((homes.ids, np.full(len(ends.road_id), None)))[high]
    to_road_ids = np.concatenate((np.full(len(homes), None), ends.road_id))[high]
    return gpd.GeoDataFrame(
        {
            "road_id": [
                f"link:{start}-{end}" if road is None else f"link:{start}-road:{road}"
                for start, end, road in zip(homes.ids[low], to_ids, to_road_ids, strict=True)
            ],
            "road_class": road_class,
            "speed_km_h": float(speed_km_h),
            "length_km": km * detour,
            "straight_km": km,
            "from_id": homes.ids[low],
            "to_id": to_ids,
            "to_road_id": to_road_ids,
            "crosses_water": _crosses(lines, waters),
            "estimated_persons": list(chosen.values()),
        },
        geometry=lines,
        crs=graph.crs,
    )


def _crosses(lines: ObjectArray, water: gpd.GeoDataFrame) -> BoolArray:
    """Tell which lines need a bridge over water."""
    is_wet = water["is_barrier"].to_numpy(dtype=bool) if "is_barrier" in water else np.ones(len(water), dtype=bool)
    crossed = shapely.STRtree(lines).query(water.geometry.to_numpy()[is_wet], predicate="intersects")[1]
    return np.isin(np.arange(len(lines)), crossed)


def _in_turn(is_of: BoolArray, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """List the first way (column) of each settlement (row) in an order of ways, then the second of each, and so on."""
    ranked = is_of[:, order]
    never = len(order) + 1
    turn = np.where(ranked, np.cumsum(ranked, axis=1), never).min(axis=0, initial=never)
    return order[np.argsort(turn, kind="stable")[: np.count_nonzero(turn < never)]]


class _Ends(NamedTuple):
    """Where links may begin and end: one place a settlement (n), then places on roads (m)."""

    xy: FloatArray  # shape (n + m, 2)
    rest_min: FloatArray  # shape (n + m,), from there to the nearest goal; inf without a way
    road_id: ObjectArray  # shape (m,), the road
    places: Snaps  # of settlements
    on_road: BoolArray  # shape (n,), whether the place of a settlement is on its road, or its own


def _ends(graph: TravelGraph, homes: Snaps, goals: Snaps, rules: SnapRules, barriers: gpd.GeoSeries | None) -> _Ends:
    on_road = homes.distance_m[:, 0] <= ON_ROAD_M
    foot, own = np.column_stack((homes.foot_x[:, 0], homes.foot_y[:, 0])), np.column_stack((homes.x, homes.y))
    xy = np.where(on_road[:, None], foot, own)
    places = snap_coordinates(graph, xy, rules, barriers=index_barriers(barriers, crs=graph.crs))
    rest = minutes_to_closest(graph, SnapPair(places, goals), direction="to_facility", barriers=barriers)
    # Along each edge that may be joined, both its ends among them.
    edge = np.flatnonzero(graph.is_snappable & (graph.component_km >= rules.min_component_km))
    steps = np.ceil(graph.length_m[edge] / ROAD_STEP_M).astype(np.int64).clip(1)
    row = np.repeat(np.arange(len(edge)), steps + 1)
    share = (np.arange(len(row)) - (np.cumsum(steps + 1) - steps - 1)[row]) / steps[row]
    lines, edge = graph.edge_lines(edge)[row], edge[row]
    points = shapely.get_coordinates(shapely.line_interpolate_point(lines, share, normalized=True))
    of_node = node_labels(graph, goals).time_min
    on_edge = np.minimum(
        along(share, graph.backward_min[edge]) + of_node[graph.edge_from[edge]],
        along(1.0 - share, graph.forward_min[edge]) + of_node[graph.edge_to[edge]],
    )
    return _Ends(np.vstack((xy, points)), np.concatenate((rest, on_edge)), graph.road_id[edge], places, on_road)


@dataclass(frozen=True)
class _Ground:
    """Straight gaps between ends."""

    ends: _Ends
    longest_km: float
    min_per_km: float  # over a link, for each straight kilometre
    sea: Barriers | None

    @cached_property
    def settlements(self) -> cKDTree:
        """Settlements by where links begin there."""
        return cKDTree(self.ends.xy[: len(self.ends.places)])

    @cached_property
    def roads(self) -> cKDTree:
        """Places on roads."""
        return cKDTree(self.ends.xy[len(self.ends.places) :])

    def gaps(self, start: IntArray, end: IntArray) -> pd.DataFrame:
        """Measure gaps, but for those that are none or too long."""
        km = np.hypot(*(self.ends.xy[start] - self.ends.xy[end]).T) / 1000.0
        fit = (km <= self.longest_km) & (km > SNAP_TOLERANCE_M / 1000.0)
        return pd.DataFrame({"start": start[fit], "end": end[fit], "km": km[fit]})

    def over(self, gaps: pd.DataFrame) -> pd.DataFrame:
        """Keep the gaps over which the nearest goal is quicker to reach than today, and that are on land."""
        rest = self.min_per_km * gaps["km"].to_numpy() + self.ends.rest_min[gaps["end"]]
        is_quicker = rest < self.ends.rest_min[gaps["start"]]
        return self.on_land(gaps.assign(rest_min=rest)[is_quicker])

    def on_land(self, gaps: pd.DataFrame) -> pd.DataFrame:
        """Leave out gaps across the sea."""
        if self.sea is None:
            return gaps
        start, end = (np.ascontiguousarray(self.ends.xy[gaps[name]]) for name in ("start", "end"))
        return gaps[~blocked_legs(self.sea, start, end)]

    def to_settlements(self) -> pd.DataFrame:
        """Find ways from each settlement over a link to one around it."""
        pairs = np.array(sorted(self.settlements.query_pairs(self.longest_km * 1000.0)), dtype=np.int64).reshape(-1, 2)
        return self.over(self.gaps(*np.vstack((pairs, pairs[:, ::-1])).T))

    def to_roads(self, settlements: IntArray) -> pd.DataFrame:
        """Find ways from some settlements over a link to a road."""
        n = len(self.ends.places)
        near = cKDTree(self.ends.xy[settlements]).query_ball_tree(self.roads, self.longest_km * 1000.0)
        end = n + np.concatenate([np.zeros(0), *map(sorted, near)]).astype(np.int64)
        return self.over(self.gaps(np.repeat(settlements, [len(each) for each in near]), end))

    def through(self, ways: pd.DataFrame) -> pd.DataFrame:
        """Find ways over a first link to a settlement nearby, and on over a second."""
        xy, n = self.settlements.data, self.settlements.n
        k = max(1, min(NEIGHBOURS + 1, n))
        around = np.reshape(self.settlements.query(xy, k=k)[1], (n, k)).astype(np.int64)
        is_near = (ways["end"] >= n) | (around[ways["start"]] == ways[["end"]].to_numpy()).any(axis=1)
        first = self.on_land(self.gaps(around.ravel(), np.repeat(np.arange(n), around.shape[1])))
        two = ways[is_near].merge(first.set_axis(["first", "start", "first_km"], axis=1), on="start")
        two["through_min"] = self.min_per_km * two["first_km"] + two["rest_min"]
        is_quicker = two["through_min"].to_numpy() < self.ends.rest_min[two["first"]]
        quicker: pd.DataFrame = two[is_quicker & (two["first"] != two["end"])]
        return quicker


def lay_corridors(
    links: gpd.GeoDataFrame,
    friction: Friction,
    *,
    detour: float = 1.3,
    water: gpd.GeoDataFrame | None = None,
    constraints: gpd.GeoDataFrame | None = None,
    flagged_factor: float = 2.0,
) -> gpd.GeoDataFrame:
    """
    Lay links between their ends where the ground is easiest: as least-cost corridors over a surface of friction.

    The cost of a way is the minutes that walking it would take, the mean of there and back, the slope of a cell being
    that of its steepest side (Tobler 1993). Of all ways over the eight neighbours of each cell the one of least cost is
    found; where a straight line between two of its cells costs no more, the corridor is straight there, so that open
    ground is crossed straight. What is closed is gone around. Where a river may be bridged the friction says what that
    costs: give its barriers a ``speed_km_h``, a tenth of that of open ground where a metre of bridge is worth ten
    metres of road. The friction should know no roads: a corridor is what has to be built.

    Parameters
    ----------
    links : GeoDataFrame of LineString
        Such as those of `propose_links`; of their lines only both ends count.
    friction : Friction
        As from `friction_surface`, in any CRS.
    detour : float
        Length of the road over the line of its corridor, 1 or more: roads wind where cells show nothing to go around.
        Where roads lead from a village to the next one they are 1.3 times as long as the corridor between the two on
        Comoros, at the median, and 1.5 times in the sample county.
    water : GeoDataFrame, optional
        What a bridge must cross, as in `propose_links`; without it `crosses_water` stays as it is.
    constraints : GeoDataFrame, optional
        Areas as in `apply_constraints`, in the CRS of the links. A corridor that meets one is laid anew: around ground
        that they exclude, with every cell that they touch closed, and over ground that they flag at
        ``flagged_factor`` times its cost. Where no such way is found it stays as it was: `apply_constraints` tells.
    flagged_factor : float
        What a metre of flagged ground costs over one without a flag, 1 or more.

    Returns
    -------
    GeoDataFrame
        The same rows, with `route`: ``corridor``; ``straight`` where an end lies outside the surface; ``no_way`` where
        no open ground joins the ends, or there is none within 1,000 m of one. Of corridors the line, `length_km`, which
        is its length times ``detour``, and `crosses_water` are new, all else stays.

    Raises
    ------
    ContractError
        Where a shape is no LineString, or a factor is below 1.
    CrsError
        Where links have no CRS or one in degrees, or water or constraints another one.

    Examples
    --------
    A lake of four cells lies between two villages 500 m apart; around it are four diagonals and a straight step:

    >>> import pyproj
    >>> from affine import Affine
    >>> from spatial import Friction
    >>> ground = np.full((3, 6), 0.012)
    >>> ground[1:, 2:4] = np.nan
    >>> grid = Affine(100, 0, 0, 0, -100, 300)
    >>> friction = Friction(ground, np.ones((3, 6), dtype=bool), grid, pyproj.CRS("EPSG:32738"))
    >>> gap = gpd.GeoDataFrame({"road_id": ["gap"]}, geometry=[shapely.LineString([(50, 50), (550, 50)])], crs=32738)
    >>> lay_corridors(gap, friction, detour=1.0)[["route", "length_km"]].round(3).values.tolist()
    [['corridor', 0.666]]
    """
    of_kind("friction", friction, Friction, required=True)
    problems = not_within("detour", detour, least=1.0, most=FINITE)
    refuse("options", problems + not_within("flagged_factor", flagged_factor, least=1.0, most=FINITE))
    require_shapes("links", links)
    if water is not None:
        require_shapes("water", water, series_too=True)
    crs = require_metres(links.crs, what="links")
    shapes = links.geometry.to_numpy()
    if not (shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING).all():
        raise ContractError("links", ["geometry: corridors are laid between the two ends of a LineString"])
    if water is not None and water.crs != links.crs:
        raise CrsError("links and water differ in their CRS; reproject with to_crs(...)")
    grid = friction.transform
    points = gpd.GeoSeries(np.concatenate([shapely.get_point(shapes, end) for end in (0, -1)]), crs=crs)
    column, row = ~grid * shapely.get_coordinates(points.to_crs(friction.crs)).T
    cells = np.floor(np.column_stack((row, column))).astype(np.int64)
    is_inside = ((cells >= 0) & (cells < friction.min_per_m.shape)).all(axis=1)
    moved = move_to_open_cells(friction.min_per_m, cells[is_inside], resolution_m=friction.resolution_m)
    cells[is_inside] = moved[["row", "column"]].to_numpy()
    is_open, is_moved = is_inside.copy(), is_inside.copy()
    is_open[is_inside], is_moved[is_inside] = moved["status"] != "no_ground", moved["status"] == "moved"
    pair = np.arange(2 * len(links)).reshape(2, -1)
    effort = _Effort.of(friction)
    route = np.full(len(links), "no_way", dtype=object)
    vertices: dict[int, IntArray] = {}
    route[~is_inside[pair].all(axis=0)] = "straight"
    for link in np.flatnonzero(is_open[pair].all(axis=0)).tolist():
        # From the first cell of the raster, so that a way back is the way there.
        ends = cells[pair[:, link]]
        turn = slice(None, None, 1 if tuple(ends[0]) <= tuple(ends[1]) else -1)
        way = effort.easiest(*ends[turn])[turn]
        if len(way):
            route[link] = "corridor"
            # Both ends are those of the link; a cell that an end was moved to is on the way.
            vertices[link] = way[(0 if is_moved[pair[0, link]] else 1) : (None if is_moved[pair[1, link]] else -1)]
    lengths = [len(way) for way in vertices.values()]
    centres = np.concatenate([np.zeros((0, 2), np.int64), *vertices.values()]) + 0.5
    there = gpd.GeoSeries(gpd.points_from_xy(*(grid * centres[:, ::-1].T)), crs=friction.crs).to_crs(crs)
    lines, between = shapes.copy(), iter(np.split(shapely.get_coordinates(there), np.cumsum(lengths)[:-1]))
    for link in vertices:
        first, *_, last = shapely.get_coordinates(shapes[link])
        lines[link] = shapely.LineString([first, *next(between), last])
    laid = links.set_geometry(gpd.GeoSeries(lines, index=links.index, crs=links.crs)).assign(route=route)
    is_corridor = route == "corridor"
    laid["length_km"] = np.where(is_corridor, detour * shapely.length(lines) / 1000.0, links.get("length_km", np.nan))
    if water is not None:
        laid["crosses_water"] = _crosses(lines, water)
    if constraints is not None and is_corridor.any():
        meets = is_corridor & apply_constraints(laid, constraints)["constraint"].notna().to_numpy()
        if meets.any():
            cells = constrained_ground(friction, constraints, flagged_factor=flagged_factor)
            around = lay_corridors(links.loc[meets], replace(friction, min_per_m=cells), detour=detour, water=water)
            around = around.set_axis(np.flatnonzero(meets)).query("route == 'corridor'")
            kept = laid.reset_index(drop=True).drop(around.index)
            laid = gpd.GeoDataFrame(pd.concat([kept, around]).sort_index(), crs=links.crs).set_axis(links.index)
    return laid


@dataclass(frozen=True, eq=False)
class _Effort:
    """A surface of minutes per metre on which ways are sought."""

    min_per_m: FloatArray  # shape (rows, columns)
    height_m: FloatArray  # of the cells of each row
    width_m: FloatArray
    search: Ground

    @classmethod
    def of(cls, friction: Friction) -> _Effort:
        """Let the slope of the ground count, the same in all directions."""
        height, width = friction.resolution_m
        cost = friction.min_per_m
        if friction.elevation_m is not None and min(cost.shape) > 1:
            down, right = np.gradient(friction.elevation_m)
            slope = np.hypot(down / height[:, None], right / width[:, None])
            there_and_back = (1.0 / tobler_multiplier(slope) + 1.0 / tobler_multiplier(-slope)) / 2.0
            cost = np.where(friction.walks & np.isfinite(there_and_back), cost * there_and_back, cost)
        return cls(cost, height, width, ground_of(cost, resolution_m=friction.resolution_m))

    def straight(self, start: IntArray, end: IntArray) -> float:
        """Minutes along the straight line between the centres of two cells; NaN across what is closed."""
        way = end - start
        # It changes cells where it crosses the edges of rows and columns, half a cell off the centres.
        crossings = [(np.arange(steps) + 0.5) / steps for steps in np.abs(way).tolist() if steps]
        at = np.unique(np.concatenate([[0.0, 1.0], *crossings]))
        share, middle = np.diff(at), (at[1:] + at[:-1]) / 2.0
        # Through a corner of cells both edges are crossed at once, as far as floats tell.
        share, middle = share[share > SAME], middle[share > SAME]
        row, column = np.rint(start + middle[:, None] * way).astype(np.int64).T
        metres = np.hypot(way[0] * self.height_m[row], way[1] * self.width_m[row]) * share
        return float(self.min_per_m[row, column] @ metres)

    def easiest(self, start: IntArray, end: IntArray) -> IntArray:
        """Find the way of least cost between two cells, as the corners of its line; none where there is no way."""
        (rows, columns), field = self.search.shape, self.search.field
        seed = Seeds(np.array([start @ (columns, 1)]), np.zeros(1), np.zeros(1, np.int32))
        goal, times = int(end @ (columns, 1)), np.empty(rows * columns)
        # No way that costs more than the straight line is wanted. Where that is a diagonal between two barriers, or
        # what it leads over is closed, any way is.
        within = self.straight(start, end) * (1.0 + SAME_EFFORT)
        for limit in (within, np.inf):
            times[:] = np.inf
            if not np.isnan(limit):
                spread(self.search, seed, limit, times, np.empty(1, np.int32))
            if times[goal] < np.inf:
                break
        if np.isinf(times[goal]):
            return np.empty((0, 2), np.int64)
        flat = path_cells(field, columns, self.search.moves, times, goal)[::-1]
        way, minutes = np.column_stack(np.divmod(flat, columns)), times[flat]

        def corners(first: int, last: int) -> list[int]:
            """Draw a stretch straight where that costs no more, else through its cell that lies farthest from it."""
            chord = way[last] - way[first]
            own = minutes[last] - minutes[first]
            if last - first <= 1 or self.straight(way[first], way[last]) <= own * (1.0 + SAME_EFFORT):
                return [first, last]
            off = way[first + 1 : last] - way[first]
            middle = first + 1 + int(np.abs(off[:, 0] * chord[1] - off[:, 1] * chord[0]).argmax())
            return corners(first, middle)[:-1] + corners(middle, last)

        return np.asarray(way[corners(0, len(way) - 1)])


LEAST_M = 1e-6
"""An edge without length is still an edge; of an edge, less than this is nothing."""

EQUAL_SHARE = 1e-9
"""How much a part of the own road weighs where ways are equally long."""


@dataclass(frozen=True, eq=False)
class RoadUpgrades:
    """
    Stretches of lesser road, and the settlements to which they would bring a road of a class.

    Parameters
    ----------
    stretches : GeoDataFrame of LineString or MultiLineString
        One row a stretch, the one of most people a kilometre first: `stretch_id`, `length_km`, `settlement_ids` and
        `road_ids` (lists), `edge_ids` (those that it covers in part, too), `persons`, `persons_per_km`.
    settlements : DataFrame
        One row a settlement in the order given: `settlement_id`, `demand_persons` (NaN where unknown: counted as
        nobody), `stretch_id` (missing for none), `lesser_km` from its own place on the road (NaN for none), and
        `status`: ``upgrade``; ``has_road``, where such a road is near enough as it is; ``no_way``, where none can be
        reached over any road; ``no_road``, where no road at all is near enough, so that a link must come first.
    """

    stretches: gpd.GeoDataFrame
    settlements: pd.DataFrame


def propose_road_upgrades(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    *,
    road: str = "graded_road",
    demand: str = "population_persons",
    link_distance_m: float | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> RoadUpgrades:
    """
    Find the least lesser road from each settlement to the nearest road of a class, joined where ways share it.

    Ways begin at the roads that lie near enough to count as the settlement's own and go along edges, in whichever
    direction, to where a road of the class is met. Those that meet before that go on together: they are one stretch,
    which is upgraded once for all of its settlements. A road of the class that is closed both ways is a lesser one.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements : GeoDataFrame
        `settlement_id`, the people and points of settlements that lack such a road.
    road : str
        A word of the register for roads: ``graded_road`` (by class), ``paved_road`` (by surface), or one for roads of
        every season.
    demand : str
        Column of the settlements with their people; unknown ones are nobody.
    link_distance_m : float, optional
        Up to which a road counts as a settlement's own, inclusive; without, what the register says of the word.
    rules : SnapRules, optional
        How settlements are joined to the network.
    barriers : GeoSeries, optional
        What no walk to the road may touch.

    Returns
    -------
    RoadUpgrades
        Stretches, and what becomes of each settlement.

    Raises
    ------
    ContractError
        For frames or options that are not as above, or a network without any such road.

    Examples
    --------
    >>> import geopandas as gpd, shapely, spatial as sp
    >>> roads = gpd.GeoDataFrame(
    ...     {"road_id": ["main", "lane"], "road_class": ["primary", "track"]},
    ...     geometry=[shapely.LineString([(0, 0), (9000, 0)]), shapely.LineString([(0, 0), (0, 3000)])], crs=32738)
    >>> villages = gpd.GeoDataFrame(
    ...     {"settlement_id": ["half", "end"], "population_persons": [100.0, 200.0]},
    ...     geometry=[shapely.Point(90, 1500), shapely.Point(0, 3000)], crs=32738)
    >>> found = sp.propose_road_upgrades(sp.build_network(roads, mode="drive"), villages)
    >>> found.stretches[["settlement_ids", "length_km", "persons", "persons_per_km"]].values.tolist()
    [[['end', 'half'], 3.0, 300.0, 100.0]]
    """
    check_on_network(graph, barriers)
    words, problems = upgrade_words(), []
    if of_kind("road", road, str) not in words:
        problems.append(f"road: {road!r} is no word for roads; there are {', '.join(sorted(words))}")
    refuse(
        "options", problems + (not_within("link_distance_m", link_distance_m) if link_distance_m is not None else [])
    )
    word = words[road]
    near_m = word.link_distance_m if link_distance_m is None else link_distance_m
    persons = people_of(settlements, demand)
    is_wanted = edges_of_word(graph, word)
    if not is_wanted.any():
        raise ContractError("graph", [f"{word.column}: the network has no {road.replace('_', ' ')} to lead to"])
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    homes = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    snaps, back = homes.snaps, id_ranks(settlements["settlement_id"])
    has_road = np.isfinite(
        nearest_road_m(
            homes.frame.geometry, gpd.GeoSeries(graph.edge_lines(np.flatnonzero(is_wanted))), radius_m=near_m
        )
    )
    # From all roads of the class at once, over lesser roads: metres to each node, and the edge by which it is reached.
    start, end, n_junctions = whole_junctions(graph)
    is_road = graph.is_counted & (graph.road_class != TURN)
    lesser = pd.DataFrame({"start": start, "end": end, "m": graph.length_m})[is_road & ~is_wanted]
    lesser = lesser.assign(low=lesser[["start", "end"]].min(axis=1), high=lesser[["start", "end"]].max(axis=1))
    shortest = lesser.sort_values("m", kind="stable").drop_duplicates(["low", "high"])
    edge_of = dict(zip(zip(shortest["low"], shortest["high"], strict=True), shortest.index, strict=True))
    between = (shortest["low"], shortest["high"])
    metres = csr_array((shortest["m"].clip(lower=LEAST_M), between), shape=(n_junctions, n_junctions))
    on_road = np.unique(np.concatenate((start[is_wanted], end[is_wanted])))
    to_node, before, _ = dijkstra(metres, directed=False, indices=on_road, min_only=True, return_predecessors=True)
    # From each settlement to the nearer end of one of the edges that count as its own, and on from there.
    is_own = (snaps.edge >= 0) & (snaps.distance_m <= near_m) & is_road[snaps.edge]
    edge, share = np.where(is_own, snaps.edge, 0), np.where(is_own, snaps.fraction, 0.0)
    ends = np.stack((start[edge], end[edge]), axis=-1)
    parts = np.stack((share, 1.0 - share), axis=-1)
    part_m = parts * graph.length_m[edge][..., None]
    length = np.where(is_own[..., None], to_node[ends] + part_m, np.inf).reshape(len(homes), 2 * edge.shape[1])
    # Of equal ways the one that is sooner where others may pass.
    best = (length + EQUAL_SHARE * part_m.reshape(length.shape)).argmin(axis=1)
    lesser_m = length[np.arange(len(homes)), best]
    status = np.select(
        [has_road, ~is_own.any(axis=1), np.isinf(lesser_m)], ["has_road", "no_road", "no_way"], "upgrade"
    )
    # What each stretch covers of its edges, as shares from their start and from their end. Ways that share an edge
    # share all that follows: the last one, and the node at which it meets the road, name the stretch.
    covered: dict[_Root, dict[int, FloatArray]] = {}
    root_of: dict[int, _Root] = {}
    for home in np.flatnonzero(status == "upgrade").tolist():
        candidate, side = divmod(int(best[home]), 2)
        last, node = int(edge[home, candidate]), int(ends[home, candidate, side])
        way = {last: np.array([1.0 - side, side]) * parts[home, candidate, side]}
        while before[node] >= 0:
            last = edge_of[min(node, before[node]), max(node, before[node])]
            node = int(before[node])
            way[last] = np.ones(2)
        root_of[home] = _Root(last, node)
        stretch = covered.setdefault(root_of[home], {})
        for each, shares in way.items():
            stretch[each] = np.maximum(stretch.get(each, 0.0), shares)
    rows, people = [], np.nan_to_num(persons)[np.argsort(back)]
    for root, stretch in covered.items():
        of = [home for home, other in root_of.items() if other == root]
        edges = np.array(sorted(each for each in stretch if stretch[each].max() * graph.length_m[each] > LEAST_M))
        shares = np.array([stretch[each] for each in edges])
        km = float((graph.length_m[edges] * shares.sum(axis=1).clip(max=1.0)).sum()) / 1000.0
        rows.append(
            {
                "stretch_id": f"upgrade:{homes.ids[of[0]]}",
                "length_km": km,
                "settlement_ids": homes.ids[of].tolist(),
                "road_ids": list(dict.fromkeys(graph.road_id[edges].tolist())),
                "edge_ids": graph.edge_id[edges].tolist(),
                "persons": float(people[of].sum()),
                "persons_per_km": float(people[of].sum()) / km,
                "geometry": _drawn(graph.edge_lines(edges), shares),
                "root": root,
            }
        )
    rows.sort(key=lambda row: (-row["persons_per_km"], row["stretch_id"]))
    names = {row["root"]: row["stretch_id"] for row in rows}
    stretch_ids = pd.Series([names.get(root_of.get(home)) for home in back.tolist()], dtype="str")
    columns = [
        "stretch_id", "length_km", "settlement_ids", "road_ids", "edge_ids", "persons", "persons_per_km", "geometry",
    ]  # fmt: skip
    return RoadUpgrades(
        gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), crs=graph.crs),
        pd.DataFrame(
            {
                "settlement_id": settlements["settlement_id"].to_numpy(),
                "demand_persons": persons,
                "stretch_id": stretch_ids,
                "lesser_km": np.where(status == "upgrade", lesser_m / 1000.0, np.nan)[back],
                "status": status[back],
            }
        ),
    )


def edges_of_word(graph: TravelGraph, word: RoadWord) -> BoolArray:
    """Find the edges that are what a word for roads means and that are not closed both ways."""
    return graph.is_open & pd.Series(getattr(graph, word.column)).isin(word.yes).to_numpy()


def upgrade_words() -> dict[str, RoadWord]:
    """Read what the register's words for roads mean, those for roads of every season among them."""
    words = load_road_words()
    near_m = words["paved_road"].link_distance_m
    season = RoadWord("all_season", frozenset({"yes"}), frozenset({"no"}), False, near_m)
    return words | dict.fromkeys(SEASON_ROADS, season)


class _Root(NamedTuple):
    """Where a stretch meets a road of the class."""

    edge: int
    node: int


def _drawn(lines: ObjectArray, shares: FloatArray) -> shapely.Geometry:
    """Draw what is covered of some edges."""
    drawn = []
    for line, (from_start, from_end) in zip(lines, shares, strict=True):
        if from_start + from_end >= 1.0:
            drawn.append(line)
            continue
        ends = ((0.0, from_start), (1.0 - from_end, 1.0))
        drawn += [substring(line, low, high, normalized=True) for low, high in ends if high > low]
    merged: shapely.Geometry = shapely.line_merge(shapely.multilinestrings(drawn))
    return merged
