"""The access table: for every settlement, service and mode the nearest facility, counts, or the reason why not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from sys import float_info
from typing import Any, Literal, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from spatial.access.findings import clipped_ends, exit_times, findings_of, outside_own_unit
from spatial.access.options import AccessRules, limit_of, nan_for_inf
from spatial.access.places import (
    Places,
    SnapPair,
    Surroundings,
    easier_walk,
    eligible_by_unit,
    existing,
    id_ranks,
    minutes_to_closest,
    place_on,
    take,
    texts,
)
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import METRES_A_KM
from spatial.errors import ContractError, of_kind
from spatial.messages import warn
from spatial.network.graph import TravelGraph
from spatial.network.matrix import times_by_block
from spatial.network.nearest import Nearest, has_direct_walks, nearest
from spatial.network.snapping import Snaps, walk_minutes
from spatial.tables.words import FACILITIES_WITHIN

Rows = TypeVar("Rows", pd.DataFrame, gpd.GeoDataFrame)

# Metres to the nearest facility by the shortest way, which need not be the fastest.

KM_A_MINUTE = 60.0
"""Speed of walks, in km/h, at which a minute is a kilometre."""


def in_kilometres(graph: TravelGraph, snaps: SnapPair) -> tuple[TravelGraph, SnapPair]:
    """Make a kilometre take a minute, on roads and walks alike, so that the fastest way is the shortest one."""
    km = graph.length_m / METRES_A_KM
    in_km = graph.with_minutes(
        np.where(np.isfinite(graph.forward_min), km, np.inf),
        np.where(np.isfinite(graph.backward_min), km, np.inf),
        speed_km_h=graph.speed_km_h,
    )
    return in_km, SnapPair(*(easier_walk(side, walk_km_h=KM_A_MINUTE, detour=side.detour) for side in snaps))


# How many facilities lie within each cutoff: cumulative opportunities, one bounded search for all services.

_BLOCK = 4096
"""Places searched from at once; changes memory only."""


# The nearest destination of every settlement for one service: times, legs and the reason where there is none.


@dataclass(frozen=True, eq=False)
class Closest:
    """The two nearest destinations of n settlements. Whatever lies beyond the longest time counts as none."""

    destination: IntArray  # shape (n, 2), positions among the places that serve; -1 for none
    time_min: FloatArray  # shape (n, 2), minutes door to door; NaN for none
    # shape (n, 3), walk to the network, on it, and from it, on the way to the nearest; NaN for none
    legs_min: FloatArray
    # shape (n,), along the way to the nearest, both walks included; NaN for none
    distance_m: FloatArray
    # shape (n,), to the nearest as the crow flies, which may be another one; NaN where no place serves
    straight_m: FloatArray
    status: ObjectArray  # shape (n,), values of `reach_status`
    # shape (n,), minutes to the nearest without a longest time; inf where there is no way
    any_time_min: FloatArray
    is_self: BoolArray  # shape (n,), where the settlement itself serves, in 0 minutes
    found: Nearest  # for the routes


def closest(  # noqa: PLR0913 - the two last are options of the study under their own names
    graph: TravelGraph,
    origins: Snaps,
    places: Snaps,
    members: IntArray,
    *,
    themselves: bool = False,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    max_time_min: float = np.inf,
    barriers: gpd.GeoSeries | None = None,
) -> Closest:
    """Find the two nearest of the places that offer one service."""
    n, limit = len(origins), min(max_time_min, float_info.max)  # inf is no way, which is within nothing
    is_self = np.zeros(n, dtype=bool)
    if themselves:
        is_self[members] = True
    found = nearest(graph, origins, take(places, members), k=2, direction=direction, direct_barriers=barriers)
    destination = np.append(members, -1)[found.destination]
    time = found.travel_time_min.copy()
    legs = np.column_stack((found.access_leg_min[:, 0], found.network_leg_min[:, 0], found.egress_leg_min[:, 0]))
    distance = found.network_distance_m[:, 0].copy()
    # A settlement that serves is its own nearest; the second is then the nearest of the others.
    own = np.flatnonzero(is_self)
    other = np.where(destination[own, 0] == own, 1, 0)
    destination[own, 1], time[own, 1] = destination[own, other], time[own, other]
    destination[own, 0], time[own, 0], legs[own], distance[own] = own, 0.0, 0.0, 0.0
    any_time = time[:, 0].copy()
    beyond = ~(time <= limit)
    destination[beyond], time[beyond] = -1, np.nan
    legs[beyond[:, 0]], distance[beyond[:, 0]] = np.nan, np.nan
    status = np.where(origins.status == "ok", "no_path", "not_snapped").astype(object)
    status[np.isfinite(any_time)] = "beyond_cutoff"
    status[any_time <= limit] = "reached"
    status = status if len(members) else np.full(n, "no_facility", dtype=object)
    tree = cKDTree(np.column_stack((places.x[members], places.y[members])))
    straight = nan_for_inf(tree.query(np.column_stack((origins.x, origins.y)))[0])
    return Closest(destination, time, legs, distance, straight, status, any_time, is_self, found)


# Lines on the map: routes to the nearest facility, and the walks that join places to the network.


def route_rows(
    graph: TravelGraph, settlements: Places, places: Places, service: str, result: Closest, *, of: BoolArray
) -> gpd.GeoDataFrame:
    """Draw the way of settlements to their nearest facility of one service."""
    rows = np.flatnonzero(of & (result.status == "reached") & ~result.is_self)
    drawn = result.found.routes(rows)
    frame = pd.DataFrame(
        {
            "settlement_id": texts(settlements.names, rows),
            "service": pd.Series(service, index=range(len(rows)), dtype="str"),
            "mode": pd.Series(graph.mode, index=range(len(rows)), dtype="str"),
            "facility_id": texts(places.names, result.destination[rows, 0]),
            "travel_time_min": result.time_min[rows, 0],
            "network_distance_m": result.distance_m[rows],
            "edge_ids": pd.Series([" ".join(way) for way in drawn.edge_ids()], dtype="str"),
            "row": rows,
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(drawn.line, crs=graph.crs), crs=graph.crs)


def snap_rows(graph: TravelGraph, places: Places, kind: str, uses: IntArray) -> gpd.GeoDataFrame:
    """Say where places meet the network."""
    snaps = places.snaps
    row = np.arange(len(places))
    chosen = np.argmax(np.where(snaps.edge >= 0, uses, -1), axis=1)
    joined = snaps.status == "ok"
    edge = np.where(joined, snaps.edge[row, chosen], -1)
    ends = np.column_stack((snaps.x, snaps.y, snaps.foot_x[row, chosen], snaps.foot_y[row, chosen]))
    line = np.full(len(places), None, dtype=object)
    line[joined] = shapely.linestrings(ends[joined].reshape(-1, 2, 2))
    frame = pd.DataFrame(
        {
            "place_id": texts(places.names, row),
            "place_kind": pd.Series(kind, index=row, dtype="str"),
            "mode": pd.Series(graph.mode, index=row, dtype="str"),
            "edge_id": texts(pd.array(graph.edge_id, dtype="str"), edge),
            "fraction": np.where(joined, snaps.fraction[row, chosen], np.nan),
            "snap_distance_m": np.where(joined, snaps.distance_m[row, chosen], snaps.nearest_m),
            "snap_time_min": np.where(joined, snaps.access_min[row, chosen], np.nan),
            "snap_status": pd.Series(snaps.status, dtype="str"),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(line, crs=graph.crs), crs=graph.crs)


# The access table: every settlement, service and mode in one row, with the reason where nothing is reached.

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class AccessResult:
    """What access is made of, by the contracts of the tables of these names."""

    access: pd.DataFrame  # one row a settlement, service and mode
    snaps: gpd.GeoDataFrame  # one row a settlement or facility and mode
    routes: gpd.GeoDataFrame  # ways to the nearest facilities in the first mode
    findings: gpd.GeoDataFrame  # what people should look at: the table ``findings_access``


@dataclass(frozen=True, eq=False)
class _Offer:
    """One service: who offers it, and to which settlements."""

    service: str
    places: Places
    members: IntArray
    themselves: bool
    of: BoolArray


class Whole(NamedTuple):
    """What a part is told of the whole."""

    # Whether searches for counts set out from settlements, as these are fewer: for facilities and, True, for towns.
    from_settlements: Mapping[bool, bool]
    nowhere: frozenset[str]  # services that nobody offers


class Part(NamedTuple):
    """What of a network is here, where not all of it is; numbers of places and nodes are those of the part."""

    own: Mapping[str, BoolArray]  # by service, the settlements that it answers for
    open_nodes: IntArray  # nodes from which roads lead out of the part
    clipped: IntArray  # nodes where the whole network was clipped
    beyond_m: FloatArray  # straight line from each settlement to where places may be that are not here
    whole: Whole


SURELY = 1.0 - 1e-9
"""Minutes below this share of those to the edge of a part do not depend on what lies beyond: sums are rounded."""


@dataclass(frozen=True, eq=False)
class OnNetwork:
    """One network, or a part of it, with everything that stands on it."""

    graph: TravelGraph
    settlements: Places
    facilities: Places
    rules: AccessRules
    surroundings: Surroundings
    part: Part | None = None

    @property
    def barriers(self) -> gpd.GeoSeries | None:
        """What no walk may touch."""
        return self.surroundings.barriers

    @cached_property
    def clipped(self) -> IntArray:
        """Nodes where the network was clipped."""
        if self.part is not None:
            return self.part.clipped
        return clipped_ends(self.graph, self.surroundings, buffer_m=self.rules.buffer_m)

    @cached_property
    def exit_min(self) -> FloatArray:
        """Minutes from each settlement to where the network was clipped."""
        return exit_times(self.graph, self.settlements.snaps, self.clipped, direction=self.rules.direction)

    @cached_property
    def beyond_min(self) -> FloatArray:
        """Minutes from each settlement below which no way leads through what is not here; inf where all is here."""
        return self._beyond(self.graph, self.settlements.snaps)

    @cached_property
    def beyond_km(self) -> FloatArray:
        """Kilometres below which no way does."""
        in_km, walked = in_kilometres(self.graph, SnapPair(self.settlements.snaps, self.facilities.snaps))
        return self._beyond(in_km, walked.origins)

    def _beyond(self, graph: TravelGraph, origins: Snaps) -> FloatArray:
        if self.part is None:
            return np.full(len(origins), np.inf)
        beyond = exit_times(graph, origins, self.part.open_nodes, direction=self.rules.direction)
        if has_direct_walks(graph):
            walk = walk_minutes(self.part.beyond_m, walk_km_h=origins.walk_km_h, detour=origins.detour)
            beyond = np.minimum(beyond, walk)
        return np.asarray(beyond * SURELY)


class Asked(NamedTuple):
    """What is asked of a network."""

    services: Mapping[str, frozenset[str]]  # of facilities; towns are asked for by `AccessRules.tiers`
    drawn: frozenset[str] | None = None  # services whose routes are drawn; None where no table of routes is wanted
    counts_only: bool = False  # whether nothing but the facilities within cutoffs is wanted


class Measured(NamedTuple):
    """What was found on a network; `row` is the position of a settlement in the order of ids."""

    rows: list[pd.DataFrame]  # of the access table, with `row`: a table a service, in the order of ids
    routes: gpd.GeoDataFrame | None  # with `row`; None where none is drawn
    settlement_uses: IntArray  # shape (n, candidates), how often each is the way in
    facility_uses: IntArray
    left: pd.DataFrame  # `row` and `service` of what a part does not know for certain


Measure = Callable[[OnNetwork, Asked], Measured]
"""How a network is measured: whole, or in parts."""


def access_table(  # noqa: PLR0913 - the last one is who does it
    graphs: TravelGraph | Sequence[TravelGraph],
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    services: Mapping[str, frozenset[str]],
    rules: AccessRules | None = None,
    surroundings: Surroundings | None = None,
    measure: Measure | None = None,
) -> AccessResult:
    """
    Measure the way from every settlement to the nearest facility of every service, and to the nearest towns.

    One search a service and mode spreads outward from all its facilities. Facilities and towns outside the study area
    serve too; facilities that are planned or closed do not.
    """
    rules, surroundings = of_kind("rules", rules, AccessRules) or AccessRules(), surroundings or Surroundings()
    modes = [graphs] if isinstance(graphs, TravelGraph) else list(graphs)
    shared = sorted(set(services) & set(rules.tiers))
    if shared:
        raise ContractError("services", [f"{name}: is the name of a tier of towns; rename it" for name in shared])
    if not services and not rules.tiers:
        raise ContractError("services", ["none is given, and no tier of towns in rules.tiers: name what people go to"])
    access, snaps, routes, findings = [], [], [], []
    for graph in modes:
        mode = _mode_of(graph, settlements, facilities, rules, surroundings)
        drawn = None
        if graph is modes[0]:
            # As many services as there may be routes of.
            asked, scored = [*services, *rules.tiers], int(mode.settlements.frame["in_study"].sum())
            asked = [name for name in asked if rules.route_services is None or name in rules.route_services]
            drawn = frozenset(asked[: rules.max_routes // scored] if scored else asked)
            if left := tuple(asked[len(drawn) :]):
                warn(_log, "no_routes", number=len(left), most=rules.max_routes, service=left)
        found = (measure or measure_places)(mode, Asked(services, drawn))
        access += found.rows
        if found.routes is not None:
            routes.append(found.routes.drop(columns="row"))
        snaps += [
            snap_rows(graph, mode.settlements, "settlement", found.settlement_uses),
            snap_rows(graph, mode.facilities, "facility", found.facility_uses),
        ]
        for kind, group in (("settlement", mode.settlements), ("facility", mode.facilities)):
            findings.append(findings_of(graph, group, kind, rules.snap, surroundings.barriers))
    table = _as_given(access, settlements)
    first = table if len(modes) == 1 else table.loc[table["mode"] == modes[0].mode]
    findings.append(outside_own_unit(first, settlements, facilities, towns=rules.tiers))
    return AccessResult(table, _stack(snaps), _stack(routes), _stack(findings))


def facilities_within(  # noqa: PLR0913 - as `access_table`
    graphs: Sequence[TravelGraph],
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    services: Mapping[str, frozenset[str]],
    rules: AccessRules,
    surroundings: Surroundings,
    measure: Measure | None = None,
) -> pd.DataFrame:
    """Count the facilities and towns within each cutoff of every settlement, in the rows of `access_table`."""
    modes = [_mode_of(graph, settlements, facilities, rules, surroundings) for graph in graphs]
    asked = Asked(services, counts_only=True)
    found = [(measure or measure_places)(mode, asked).rows for mode in modes]
    return _as_given([table for tables in found for table in tables], settlements)


def _mode_of(
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rules: AccessRules,
    surroundings: Surroundings,
) -> OnNetwork:
    """Join settlements and the facilities that serve today to a network."""
    origins, places = (
        place_on(graph, frame, key=key, rules=rules.snap, barriers=surroundings.barriers)
        for frame, key in ((settlements, "settlement_id"), (existing(facilities), "facility_id"))
    )
    return OnNetwork(graph, origins, places, rules, surroundings)


def _as_given(tables: list[pd.DataFrame], settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    """Put the settlements of each service and mode, which are in the order of ids, into the order given."""
    back = id_ranks(settlements["settlement_id"])
    # One service after the other, then one column after the other: a country's table is never there twice.
    for number, table in enumerate(tables):
        tables[number] = table.drop(columns="row").iloc[back]
    columns = {name: [table[name] for table in tables] for name in tables[0].columns}
    tables.clear()
    return pd.DataFrame({name: pd.concat(columns.pop(name), ignore_index=True) for name in list(columns)}, copy=False)


def measure_places(mode: OnNetwork, asked: Asked) -> Measured:
    """Measure every service on one network, or on a part of it what no way out of the part can change."""
    rules, settlements, facilities, part = mode.rules, mode.settlements, mode.facilities, mode.part
    offers = _offers(mode, asked.services)
    # Of facilities, then of settlements themselves.
    counts = np.concatenate([_counts(mode, [o for o in offers if o.themselves is flag]) for flag in (False, True)])
    settlement_uses, facility_uses = (
        np.zeros(places.snaps.edge.shape, dtype=np.int64) for places in (settlements, facilities)
    )
    everyone, nobody = np.ones(len(settlements), dtype=bool), pd.DataFrame({"row": [], "service": []})
    scored = settlements.frame["in_study"].to_numpy(dtype=bool)
    rows, routes, left = [], [], [nobody.astype({"row": "int64", "service": "str"})]
    for number, offer in enumerate(offers):
        known, own = everyone, everyone if part is None else part.own.get(offer.service, ~everyone)
        if part is not None and rules.cutoffs_min:
            known = mode.beyond_min > max(rules.cutoffs_min)
        if asked.counts_only:
            table = pd.DataFrame(_key_columns(mode, offer.service) | _count_columns(mode, counts[number]))
        else:
            result = closest(
                mode.graph,
                settlements.snaps,
                offer.places.snaps,
                offer.members,
                themselves=offer.themselves,
                direction=rules.direction,
                max_time_min=limit_of("max_time_min", rules.max_time_min),
                barriers=mode.barriers,
            )
            if part is not None:
                known = known & _is_known(mode, offer, result)
            table = _rows(mode, offer, result, counts[number])
            reached = result.status == "reached"
            if rules.shortest:
                # Beyond the longest time, too: a way that takes too long may be short enough.
                has_way, metres = np.isfinite(result.any_time_min), np.full(len(settlements), np.nan)
                if not offer.themselves and offer.service in rules.shortest and len(offer.members):
                    snaps = SnapPair(settlements.snaps, take(offer.places.snaps, offer.members))
                    in_km = in_kilometres(mode.graph, snaps)
                    found = minutes_to_closest(*in_km, direction=rules.direction, barriers=mode.barriers)
                    metres[has_way] = np.fmin(METRES_A_KM * found, result.distance_m)[has_way]
                    known = known & ~(has_way & (metres >= METRES_A_KM * mode.beyond_km))
                table["shortest_distance_m"] = metres
            # Count which candidates of settlements and of places are the way in.
            on_roads = reached & offer.of & own & known & ~result.is_self & ~result.found.is_direct[:, 0]
            origin = np.flatnonzero(on_roads)
            np.add.at(settlement_uses, (origin, result.found.origin_candidate[origin, 0]), 1)
            place = offer.members[result.found.destination[origin, 0]]
            place_uses = settlement_uses if offer.themselves else facility_uses
            np.add.at(place_uses, (place, result.found.destination_candidate[origin, 0]), 1)
            if asked.drawn is not None:
                drawn = scored & offer.of & own & known & (offer.service in asked.drawn)
                routes.append(route_rows(mode.graph, settlements, offer.places, offer.service, result, of=drawn))
        told = np.flatnonzero(offer.of & own & known)
        rows.append(table.iloc[told].assign(row=told))
        unsure = np.flatnonzero(offer.of & own & ~known)
        names = pd.Series(offer.service, index=range(len(unsure)), dtype="str")
        left.append(pd.DataFrame({"row": unsure, "service": names}))
    order = [offer.service for offer in offers]
    return Measured(
        by_service(rows, order),
        in_order(_stack(routes), order) if routes else None,
        settlement_uses,
        facility_uses,
        pd.concat(left, ignore_index=True),
    )


def _is_known(mode: OnNetwork, offer: _Offer, result: Closest) -> BoolArray:
    """Tell of which settlements a part knows both nearest, the straight line, and whether the way out is shorter."""
    assert mode.part is not None
    is_closed = np.isinf(mode.beyond_min)
    if offer.service in mode.part.whole.nowhere:  # any way out is shorter
        return np.asarray(is_closed | np.isfinite(mode.exit_min))
    if len(offer.members) == 0:
        return np.zeros(len(mode.settlements), dtype=bool)
    by_way = (result.found.travel_time_min[:, -1] < mode.beyond_min) | is_closed
    return np.asarray(by_way & (result.straight_m <= mode.part.beyond_m))


def by_service(pieces: Sequence[pd.DataFrame], services: Sequence[str]) -> list[pd.DataFrame]:
    """Put pieces that hold rows of one service each together: a table a service, in the order of ids."""
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in services}
    filled = [piece for piece in pieces if len(piece)]
    for piece in filled:
        found[str(piece["service"].iloc[0])].append(piece)
    tables = [
        some[0] if len(some) == 1 else pd.concat(some, ignore_index=True).sort_values("row", ignore_index=True)
        for some in found.values()
        if some
    ]
    return tables or list(pieces[:1])  # of no rows the columns are kept


def in_order(table: Rows, services: Sequence[str]) -> Rows:
    """Put rows of settlements into the order of services, then of ids, whoever found them."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(services))}
    order = np.lexsort((table["row"].to_numpy(), table["service"].map(numbers).to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _offers(mode: OnNetwork, services: Mapping[str, frozenset[str]]) -> list[_Offer]:
    """Say who offers what to whom: facilities by service, then settlements by their tier."""
    settlements, facilities = mode.settlements, mode.facilities
    offered = facilities.frame["service"]
    eligible = eligible_by_unit(settlements.frame, facilities.frame)
    everyone = np.ones(len(settlements), dtype=bool)
    return [
        _Offer(service, facilities, members, themselves=False, of=of)
        for service, kinds in services.items()
        for members, of in eligible.among(np.flatnonzero(offered.isin(kinds)))
    ] + [
        _Offer(
            service, settlements, np.flatnonzero(settlements.frame["tier"].isin(kinds)), themselves=True, of=everyone
        )
        for service, kinds in mode.rules.tiers.items()
    ]


def whole_of(mode: OnNetwork, asked: Asked) -> Whole:
    """Gather what parts of a network are told of the whole."""
    offers, fewer = _offers(mode, asked.services), {}
    for themselves in (False, True):
        members = [offer.members for offer in offers if offer.themselves is themselves]
        used = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *members]))
        fewer[themselves] = len(mode.settlements) <= len(used)
    offered = {offer.service for offer in offers if len(offer.members)}
    return Whole(fewer, frozenset(offer.service for offer in offers) - offered)


def _counts(mode: OnNetwork, offers: list[_Offer]) -> FloatArray:
    """Count the places of each service within each cutoff; one search for all, from whichever side has fewer."""
    rules, origins, cutoffs_min = mode.rules, mode.settlements.snaps, mode.rules.cutoffs_min
    counts = np.zeros((len(offers), len(cutoffs_min), len(origins)))
    if not offers or not cutoffs_min:
        return counts
    places = offers[0].places.snaps
    offered = np.zeros((len(places), len(offers)))
    for column, offer in enumerate(offers):
        offered[offer.members, column] = 1.0
    used = np.flatnonzero(offered.any(axis=1))
    themselves, towards = offers[0].themselves, rules.direction == "to_facility"
    # The same side in every part: minutes are summed up in the order of the search.
    from_origins = len(origins) <= len(used) if mode.part is None else mode.part.whole.from_settlements[themselves]
    searched, everyone = len(origins) if from_origins else len(used), np.arange(len(origins))
    ends = origins, take(places, used)
    blocks = times_by_block(
        mode.graph,
        *(ends if towards else ends[::-1]),
        cutoff_min=max(cutoffs_min),
        direct_barriers=mode.barriers,
        forwards=from_origins == towards,
        block=_BLOCK,
    )
    for start, found in zip(range(0, searched if len(used) else 0, _BLOCK), blocks, strict=False):
        part = np.arange(start, min(start + _BLOCK, searched))
        rows, block = (part, used) if from_origins else (everyone, used[part])
        i, j = (found.origin, found.destination) if towards else (found.destination, found.origin)
        j, minutes = used[j], found.time_min
        if themselves:
            # A settlement that serves is its own nearest, in 0 minutes.
            own, others = np.intersect1d(rows, block), i != j
            i, j = np.concatenate((i[others], own)), np.concatenate((j[others], own))
            minutes = np.concatenate((minutes[others], np.zeros(len(own))))
        # Of the settlements with a pair alone: a block is near few of a country's.
        held = np.flatnonzero(np.bincount(i, minlength=len(origins)))
        position = np.empty(len(origins), dtype=np.int64)
        position[held] = np.arange(len(held))
        pairs = csr_array((minutes, (position[i], j)), shape=(len(held), len(places)))
        for c, cutoff in enumerate(cutoffs_min):
            within = csr_array(((pairs.data <= cutoff) * 1.0, pairs.indices, pairs.indptr), shape=pairs.shape)
            counts[:, c, held] += (within @ offered).T
    return counts


def _rows(mode: OnNetwork, offer: _Offer, result: Closest, counts: FloatArray) -> pd.DataFrame:
    columns = {
        **_key_columns(mode, offer.service),
        "facility_id": texts(offer.places.names, result.destination[:, 0]),
        "travel_time_min": result.time_min[:, 0],
        "access_leg_min": result.legs_min[:, 0],
        "network_leg_min": result.legs_min[:, 1],
        "egress_leg_min": result.legs_min[:, 2],
        "network_distance_m": result.distance_m,
        "straight_distance_m": result.straight_m,
        "second_facility_id": texts(offer.places.names, result.destination[:, 1]),
        "second_travel_time_min": result.time_min[:, 1],
        "reach_status": pd.Series(result.status, dtype="str"),
        "edge_risk": mode.exit_min < result.any_time_min,
    }
    return pd.DataFrame(columns | _count_columns(mode, counts))


def _key_columns(mode: OnNetwork, service: str) -> dict[str, Any]:
    n = len(mode.settlements)
    return {
        "settlement_id": texts(mode.settlements.names, np.arange(n)),
        "service": pd.Series(service, index=range(n), dtype="str"),
        "mode": pd.Series(mode.graph.mode, index=range(n), dtype="str"),
    }


def _count_columns(mode: OnNetwork, counts: FloatArray) -> dict[str, Any]:
    return {
        f"{FACILITIES_WITHIN}{cutoff:g}_min": count
        for cutoff, count in zip(mode.rules.cutoffs_min, counts, strict=True)
    }


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    crs = frames[0].crs
    stacked = pd.concat([pd.DataFrame(frame) for frame in frames], ignore_index=True)
    return gpd.GeoDataFrame(stacked, geometry="geometry", crs=crs)
