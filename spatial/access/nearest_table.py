"""The access table: every settlement, service and mode in one row, with the reason where nothing is reached."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.areas.lines import route_rows, snap_rows
from spatial.access.closest import closest
from spatial.access.edge_risk import clipped_ends, exit_times
from spatial.access.eligibility import eligible_by_unit
from spatial.access.findings import findings_of, outside_own_unit
from spatial.access.opportunities import count_within
from spatial.access.options import limit_of
from spatial.access.ordering import id_order
from spatial.access.places import Places, existing, place_on, take, texts
from spatial.access.rules import AccessRules
from spatial.access.shortest import shortest_metres
from spatial.access.surroundings import Surroundings
from spatial.errors import ContractError
from spatial.network import TravelGraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.access.closest import Closest

__all__ = ["AccessResult", "access_table"]

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
    members: NDArray[np.int64]
    themselves: bool
    of: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Mode:
    """One network with everything that stands on it."""

    graph: TravelGraph
    settlements: Places
    facilities: Places
    exit_min: NDArray[np.float64]
    rules: AccessRules
    barriers: gpd.GeoSeries | None


def access_table(
    graphs: TravelGraph | Sequence[TravelGraph],
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    services: Mapping[str, frozenset[str]],
    rules: AccessRules | None = None,
    surroundings: Surroundings | None = None,
) -> AccessResult:
    """
    Measure the way from every settlement to the nearest facility of every service, and to the nearest towns.

    One search a service and mode spreads outward from all its facilities. Facilities and towns outside the study area
    serve too; facilities that are planned or closed do not.
    """
    rules, surroundings = rules or AccessRules(), surroundings or Surroundings()
    modes = [graphs] if isinstance(graphs, TravelGraph) else list(graphs)
    shared = sorted(set(services) & set(rules.tiers))
    if shared:
        raise ContractError(
            "services", [f"{name}: is the name of a tier of towns; rename it" for name in shared]
        )
    access, snaps, routes, findings = [], [], [], []
    for graph in modes:
        mode = _mode(graph, settlements, existing(facilities), rules, surroundings)
        is_first = graph is modes[0]
        rows, drawn, uses = _measure(mode, services, draw=is_first)
        access += rows
        routes += drawn
        snaps += [
            snap_rows(graph, mode.settlements, "settlement", uses[0]),
            snap_rows(graph, mode.facilities, "facility", uses[1]),
        ]
        findings += findings_of(graph, (mode.settlements, mode.facilities), rules.snap, surroundings.barriers)
    table = _in_given_order(pd.concat(access, ignore_index=True), settlements)
    first = table.loc[table["mode"] == modes[0].mode]
    findings.append(outside_own_unit(first, settlements, facilities, towns=rules.tiers))
    return AccessResult(table, _stack(snaps), _stack(routes), _stack(findings))


def _mode(
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    rules: AccessRules,
    surroundings: Surroundings,
) -> _Mode:
    origins, places = (
        place_on(graph, frame, key=key, rules=rules.snap, barriers=surroundings.barriers)
        for frame, key in ((settlements, "settlement_id"), (facilities, "facility_id"))
    )
    ends = clipped_ends(graph, surroundings, buffer_m=rules.buffer_m)
    exits = exit_times(graph, origins.snaps, ends, direction=rules.direction)
    return _Mode(graph, origins, places, exits, rules, surroundings.barriers)


def _offers(mode: _Mode, services: Mapping[str, frozenset[str]]) -> Iterator[_Offer]:
    offered = mode.facilities.frame["service"]
    tier = mode.settlements.frame["tier"]
    eligible = eligible_by_unit(mode.settlements.frame, mode.facilities.frame)
    for service, kinds in services.items():
        for members, of in eligible.among(np.flatnonzero(offered.isin(kinds))):
            yield _Offer(service, mode.facilities, members, themselves=False, of=of)
    everyone = np.ones(len(mode.settlements), dtype=bool)
    for service, kinds in mode.rules.tiers.items():
        members = np.flatnonzero(tier.isin(kinds))
        yield _Offer(service, mode.settlements, members, themselves=True, of=everyone)


def _measure(
    mode: _Mode, services: Mapping[str, frozenset[str]], *, draw: bool
) -> tuple[list[pd.DataFrame], list[gpd.GeoDataFrame], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    rules = mode.rules
    offers = list(_offers(mode, services))
    counts = np.concatenate(
        [_counts(mode, [o for o in offers if o.themselves is flag]) for flag in (False, True)]
    )
    uses = tuple(
        np.zeros(places.snaps.edge.shape, dtype=np.int64) for places in (mode.settlements, mode.facilities)
    )
    rows: list[pd.DataFrame] = []
    routes = []
    scored = mode.settlements.frame["in_study"].to_numpy(dtype=bool)
    every = list(dict.fromkeys(offer.service for offer in offers))
    wanted = _drawn_services(rules, every, int(scored.sum())) if draw else ()
    for number, offer in enumerate(offers):
        result = closest(
            mode.graph,
            mode.settlements.snaps,
            offer.places.snaps,
            offer.members,
            themselves=offer.themselves,
            direction=rules.direction,
            max_time_min=limit_of("max_time_min", rules.max_time_min),
            barriers=mode.barriers,
        )
        table = _rows(mode, offer, result, counts[number])
        if rules.shortest:
            table["shortest_distance_m"] = _shortest(mode, offer, result)
        _add_rows(rows, table.loc[offer.of])
        _note_use(uses[0], uses[0] if offer.themselves else uses[1], offer, result)
        drawn = scored & offer.of & (offer.service in wanted)
        routes.append(route_rows(mode.graph, mode.settlements, offer.places, offer.service, result, of=drawn))
    return rows, routes, (uses[0], uses[1])


def _shortest(mode: _Mode, offer: _Offer, result: Closest) -> NDArray[np.float64]:
    """Metres of the shortest way where one of the service is reached and they are wanted; else NaN."""
    metres = np.full(len(mode.settlements), np.nan)
    if offer.themselves or offer.service not in mode.rules.shortest or not len(offer.members):
        return metres
    snaps = (mode.settlements.snaps, take(offer.places.snaps, offer.members))
    found = shortest_metres(mode.graph, snaps, direction=mode.rules.direction, barriers=mode.barriers)
    reached = result.status == "reached"
    metres[reached] = np.fmin(found, result.distance_m)[reached]
    return metres


def _add_rows(rows: list[pd.DataFrame], added: pd.DataFrame) -> None:
    """Put the settlements of one service together again, where they may use different facilities."""
    if rows and rows[-1]["service"].iloc[:1].tolist() == added["service"].iloc[:1].tolist():
        rows[-1] = pd.concat([rows[-1], added]).sort_index()
    else:
        rows.append(added)


def _drawn_services(rules: AccessRules, services: Sequence[str], n_settlements: int) -> tuple[str, ...]:
    """Choose the services whose routes are drawn, within the number of routes allowed."""
    asked = [name for name in services if rules.route_services is None or name in rules.route_services]
    drawn = asked[: rules.max_routes // n_settlements] if n_settlements else asked
    if len(drawn) < len(asked):
        _log.warning(
            "routes of %d service(s) are not drawn, as there would be more than %d routes: %s",
            len(asked) - len(drawn),
            rules.max_routes,
            ", ".join(asked[len(drawn) :]),
        )
    return tuple(drawn)


def _counts(mode: _Mode, offers: list[_Offer]) -> NDArray[np.float64]:
    rules = mode.rules
    if not offers:
        return np.zeros((0, len(rules.cutoffs_min), len(mode.settlements)))
    offered = np.zeros((len(offers), len(offers[0].places)), dtype=bool)
    for row, offer in zip(offered, offers, strict=True):
        row[offer.members] = True
    return count_within(
        mode.graph,
        mode.settlements.snaps,
        offers[0].places.snaps,
        offered,
        cutoffs_min=rules.cutoffs_min,
        themselves=offers[0].themselves,
        direction=rules.direction,
        barriers=mode.barriers,
    )


def _note_use(
    by_origin: NDArray[np.int64], by_place: NDArray[np.int64], offer: _Offer, result: Closest
) -> None:
    """Count which candidates of settlements and of places are the way in."""
    if result.found is None:
        return
    reached = (result.status == "reached") & offer.of
    origin = np.flatnonzero(reached & ~result.is_self & ~result.found.is_direct[:, 0])
    np.add.at(by_origin, (origin, result.found.origin_candidate[origin, 0]), 1)
    place = offer.members[result.found.destination[origin, 0]]
    np.add.at(by_place, (place, result.found.destination_candidate[origin, 0]), 1)


def _rows(mode: _Mode, offer: _Offer, result: Closest, counts: NDArray[np.float64]) -> pd.DataFrame:
    n = len(mode.settlements)
    columns = {
        "settlement_id": texts(mode.settlements.ids, np.arange(n)),
        "service": pd.Series(offer.service, index=range(n), dtype="str"),
        "mode": pd.Series(mode.graph.mode, index=range(n), dtype="str"),
        "facility_id": texts(offer.places.ids, result.destination[:, 0]),
        "travel_time_min": result.time_min[:, 0],
        "access_leg_min": result.legs_min[:, 0],
        "network_leg_min": result.legs_min[:, 1],
        "egress_leg_min": result.legs_min[:, 2],
        "network_distance_m": result.distance_m,
        "straight_distance_m": result.straight_m,
        "second_facility_id": texts(offer.places.ids, result.destination[:, 1]),
        "second_travel_time_min": result.time_min[:, 1],
        "reach_status": pd.Series(result.status, dtype="str"),
        "edge_risk": mode.exit_min < result.any_time_min,
    }
    for cutoff, count in zip(mode.rules.cutoffs_min, counts, strict=True):
        columns[f"facilities_within_{cutoff:g}_min"] = count
    return pd.DataFrame(columns)


def _in_given_order(table: pd.DataFrame, settlements: gpd.GeoDataFrame) -> pd.DataFrame:
    """Put the settlements of each service and mode, which are in the order of ids, into the order given."""
    n = len(settlements)
    back = np.empty(n, dtype=np.int64)
    back[id_order(settlements["settlement_id"])] = np.arange(n)
    blocks = np.arange(len(table) // n if n else 0) * n
    return table.iloc[(blocks[:, None] + back).ravel()].reset_index(drop=True)


def _stack(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    crs = frames[0].crs
    stacked = pd.concat([pd.DataFrame(frame) for frame in frames], ignore_index=True)
    return gpd.GeoDataFrame(stacked, geometry="geometry", crs=crs)
