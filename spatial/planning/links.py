"""
New links to build first: people newly within a limit for each kilometre, chosen one after the other.

Gains of links do not add up: two may serve the same village, and two that lead nowhere alone may be a way together. So
each step weighs every link, and every pair of links that meet or lie on one way, behind those that are chosen already.
The times of any choice are exact: they are closed over the stops of its links, between which the ways of today are
known; a test holds them against the network with these links built.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.cells import towns_as_facilities
from spatial.access.od_pairs import require_columns
from spatial.access.options import TOWN_TIERS, check_minutes, is_number, numbers
from spatial.access.paired import SnapPair, minutes_to_closest
from spatial.access.places import asked_for, existing, id_ranks, place_on
from spatial.errors import ContractError, InfeasibleError, first_of
from spatial.network.matrix import times_matrix
from spatial.network.new_roads import TOUCH_M, road_ids
from spatial.network.scenarios import SNAP_TOLERANCE_M, edit_network
from spatial.network.snapping import snap
from spatial.planning.programs import SAME
from spatial.study.access import MOST_CANDIDATES, SnapRules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph
    from spatial.network.snapping import Snaps

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

SAME_KM = 1e-9
"""A budget is kept to the micrometre: sums of lengths in another order are no more."""


@dataclass(frozen=True, eq=False)
class LinkPlan:
    """
    Links in the order in which they should be built.

    Parameters
    ----------
    links : DataFrame
        One row a candidate, in the order given: `link_id`, `length_km`, and what it brings alone: `gained_persons`
        (newly within the limit), `connected_persons` (had no way before), `saved_person_min` (of all who had one),
        `gained_persons_per_km`; and `loose_ends` that join no road.
    steps : DataFrame
        One row a step, in order: `step` from 1, `link_ids` (one, or two that are a way together), `length_km`,
        `total_km`, and `gained_persons`, `connected_persons`, `saved_person_min` behind the steps above, with
        `total_gained_persons`.
    settlements : DataFrame
        One row a settlement in the order given: `settlement_id`, `before_min` and `after_min` (inf without a way),
        `demand_persons` (NaN where unknown: counted as nobody).
    within_min : float
        The limit, inclusive.
    """

    links: pd.DataFrame
    steps: pd.DataFrame
    settlements: pd.DataFrame
    within_min: float


def rank_links(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    *,
    budget_km: float,
    facilities: gpd.GeoDataFrame | None = None,
    service: str | frozenset[str] = "town",
    vocabulary: Vocabulary | None = None,
    within_min: float = 60.0,
    demand: str = "population_persons",
    snap_tolerance_m: float = SNAP_TOLERANCE_M,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> LinkPlan:
    """
    Choose links of most people newly within a limit a kilometre, until a budget of kilometres is used.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode, without the links.
    settlements : GeoDataFrame
        `settlement_id`, the people and points; with `tier` and `name` where towns are where people go.
    links : GeoDataFrame of LineString or MultiLineString
        Candidates, with the columns of new roads in `edit_network`; `road_id` is the name of a link.
    budget_km : float
        What all links together may be long, inclusive.
    facilities : GeoDataFrame, optional
        Where people go; without, to the nearest settlement that is a town or more.
    service : str or frozenset of str
        Which of them, as in `cost_to_closest`; of towns ``town``, ``county_seat`` or ``city``.
    vocabulary : Vocabulary, optional
        Which services count for which.
    within_min : float
        The limit, inclusive.
    demand : str
        Column of the settlements with their people; unknown ones are nobody.
    snap_tolerance_m : float
        How far an end of a link may be from what it joins, inclusive.
    rules : SnapRules, optional
        How places are joined to the network, and to the links.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    LinkPlan
        Steps, what each link brings alone, and the times before and after all steps.

    Raises
    ------
    ContractError
        For links or options that are not as above.
    InfeasibleError
        Where the budget builds no link; `bound` is the shortest one in kilometres.
    """
    check_minutes("within_min", within_min)
    if not is_number(budget_km, least=0.0):
        raise ContractError("options", [f"budget_km: must be 0 or more, is {budget_km!r}"])
    require_columns("settlements", settlements, ("settlement_id", demand))
    persons = np.asarray(numbers("settlements", demand, settlements[demand]))
    if (persons < 0.0).any():
        named = first_of(settlements.loc[persons < 0.0, "settlement_id"].tolist())
        raise ContractError("settlements", [f"{demand}: negative for {named}"])
    if len(links) == 0:
        raise ContractError("links", ["no candidate at all"])
    if facilities is None:
        if service not in TOWN_TIERS:
            raise ContractError("options", [f"service: {service!r} needs facilities; of towns {first_of(TOWN_TIERS)}"])
        facilities, service = towns_as_facilities(settlements), TOWN_TIERS[str(service)]
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    goals = existing(facilities)
    goals = goals.loc[goals["service"].isin(asked.kinds)]
    if goals.empty:
        raise ContractError("facilities", [f"service: nobody offers {asked.name} today, so no link leads to it"])
    names, back = road_ids(links), id_ranks(settlements["settlement_id"])
    reach = _reach(graph, links, settlements, goals, _Joining(snap_tolerance_m, rules or SnapRules(), barriers))
    km = shapely.length(links.geometry.to_numpy()) / 1000.0
    if km.min() > budget_km + SAME_KM:
        raise InfeasibleError(f"budget_km: {budget_km:g} km build no link; the shortest has {km.min():g} km", km.min())
    people = np.nan_to_num(persons)[np.argsort(back)]

    limit = within_min * (1.0 + SAME)

    def gain(before: FloatArray, chosen: Iterable[int]) -> _Gain:
        after = reach.minutes(list(chosen))
        had = np.isfinite(before)
        saved = np.where(had, np.where(had, before, 0.0) - np.where(had, after, 0.0), 0.0)
        return _Gain(
            gained=float(people[(after <= limit) & (before > limit)].sum()),
            connected=float(people[np.isfinite(after) & ~had].sum()),
            saved=float(people @ saved),
            after=after,
        )

    alone = [gain(reach.before, [e]) for e in range(len(links))]
    chosen: list[int] = []
    steps: list[dict[str, object]] = []
    now, used, total = reach.before, 0.0, 0.0
    while True:
        left = [e for e in range(len(links)) if e not in chosen and used + km[e] <= budget_km + SAME_KM]
        # Pairs matter where one link leads on from the other: people come over the first to the second.
        options: list[tuple[int, ...]] = [(e,) for e in left]
        options += [
            pair for pair in combinations(left, 2)
            if used + km[list(pair)].sum() <= budget_km + SAME_KM and reach.lead_on(pair, within_min)
        ]  # fmt: skip
        found = [(gain(now, [*chosen, *option]), option) for option in options]
        useful = [item for item in found if max(item[0][:3]) > 0.0]
        if not useful:
            break
        # Most people a kilometre, then people connected, then time saved; ties go to fewer links, then the first.
        best, option = min(
            useful,
            key=lambda item: (*(-brought / km[list(item[1])].sum() for brought in item[0][:3]), len(item[1]), *item[1]),
        )
        length = float(km[list(option)].sum())
        used, total = used + length, total + best.gained
        chosen += option
        steps.append(
            {
                "step": len(steps) + 1,
                "link_ids": "+".join(names[list(option)]),
                "length_km": length,
                "total_km": used,
                "gained_persons": best.gained,
                "total_gained_persons": total,
                "connected_persons": best.connected,
                "saved_person_min": best.saved,
            }
        )
        now = best.after
    columns = ["step", "link_ids", "length_km", "total_km", "gained_persons", "total_gained_persons"]
    return LinkPlan(
        links=pd.DataFrame(
            {
                "link_id": names,
                "length_km": km,
                "gained_persons": [each.gained for each in alone],
                "connected_persons": [each.connected for each in alone],
                "saved_person_min": [each.saved for each in alone],
                "gained_persons_per_km": [each.gained for each in alone] / km,
                "loose_ends": [sum(end["road_id"] == name for end in reach.loose_ends) for name in names],
            }
        ),
        steps=pd.DataFrame(steps, columns=[*columns, "connected_persons", "saved_person_min"]),
        settlements=pd.DataFrame(
            {
                "settlement_id": settlements["settlement_id"].to_numpy(),
                "before_min": reach.before[back],
                "after_min": now[back],
                "demand_persons": persons,
            }
        ),
        within_min=within_min,
    )


class _Gain(NamedTuple):
    """What a choice of links brings."""

    gained: float  # people newly within the limit
    connected: float  # people who had no way before
    saved: float  # person-minutes of those who had one
    after: FloatArray  # shape (n,), minutes; inf without a way


class _Joining(NamedTuple):
    """How links and places are joined to the network."""

    tolerance_m: float
    rules: SnapRules
    barriers: gpd.GeoSeries | None


class _Doors(NamedTuple):
    """Ways onto links, or off them, on foot: which place, over which piece, and where along it."""

    place: IntArray  # shape (doors,)
    piece: IntArray  # shape (doors,)
    share: FloatArray  # shape (doors,), of the piece before the door
    minutes: FloatArray  # shape (doors,), of the walk


class _Pieces(NamedTuple):
    """Links cut at every road that they meet."""

    link: IntArray  # shape (pieces,), position of the link
    start: IntArray  # shape (pieces,), stop
    end: IntArray  # shape (pieces,), stop
    forward_min: FloatArray  # shape (pieces,), inf where closed
    backward_min: FloatArray


@dataclass(frozen=True, eq=False)
class _Reach:
    """Ways of today between n settlements, the K stops of all links and the nearest goal; and the links' own pieces."""

    before: FloatArray  # shape (n,), to the nearest goal; inf without a way
    to_stop: FloatArray  # shape (n, K)
    between: FloatArray  # shape (K, K)
    to_goal: FloatArray  # shape (K,)
    pieces: _Pieces
    onto: _Doors  # from settlements
    off: _Doors  # to goals
    loose_ends: list[dict[str, object]]

    def minutes(self, chosen: list[int]) -> FloatArray:
        """Find the minutes of every settlement to the nearest goal with some links built."""
        pieces = self.pieces
        used = np.flatnonzero(np.isin(pieces.link, chosen))
        start, end = pieces.start[used], pieces.end[used]
        stops, at = np.unique(np.concatenate((start, end)), return_inverse=True)
        at_start, at_end = np.split(at, 2)
        ways = self.between[np.ix_(stops, stops)]
        np.fill_diagonal(ways, 0.0)
        np.minimum.at(ways, (at_start, at_end), pieces.forward_min[used])
        np.minimum.at(ways, (at_end, at_start), pieces.backward_min[used])
        for k in range(len(stops)):  # Floyd and Warshall: all ways over one more stop
            np.minimum(ways, ways[:, k, None] + ways[k], out=ways)
        # From every stop to a goal: as today, or off a piece of a link to a goal beside it.
        goal = self.to_goal[stops].copy()
        place_of = np.full(len(pieces.link), -1)
        place_of[used] = np.arange(len(used))
        off = place_of[self.off.piece]
        built = off >= 0
        off, share, walk = off[built], self.off.share[built], self.off.minutes[built]
        forward, backward = pieces.forward_min[used], pieces.backward_min[used]
        np.minimum.at(goal, at_start[off], _along(share, forward[off]) + walk)
        np.minimum.at(goal, at_end[off], _along(1.0 - share, backward[off]) + walk)
        goal = (ways + goal).min(axis=1)
        after: FloatArray = np.minimum(self.before, (self.to_stop[:, stops] + goal).min(axis=1, initial=np.inf))
        # Onto a piece beside the settlement, and on to one of its ends, or straight to a goal beside the same piece.
        onto = place_of[self.onto.piece]
        for door in np.flatnonzero(onto >= 0):
            piece, at_share, place = onto[door], self.onto.share[door], self.onto.place[door]
            beside = off == piece
            apart = share[beside] - at_share
            straight = (
                np.where(apart >= 0.0, _along(apart, forward[piece]), _along(-apart, backward[piece])) + walk[beside]
            )
            ahead = _along(1.0 - at_share, forward[piece]) + goal[at_end[piece]]
            back = _along(at_share, backward[piece]) + goal[at_start[piece]]
            best = min(float(ahead), float(back), float(straight.min(initial=np.inf)))
            after[place] = min(after[place], self.onto.minutes[door] + best)
        return after

    def lead_on(self, pair: tuple[int, ...], within_min: float) -> bool:
        """Tell whether somebody may come over both links of a pair in time: they meet, or lie so near each other."""
        pieces = self.pieces
        first, second = (
            np.unique(np.concatenate((pieces.start[own], pieces.end[own]))) for own in (pieces.link == e for e in pair)
        )
        apart = self.between[np.ix_(first, second)].min(initial=np.inf)
        return bool(apart <= within_min or np.isin(first, second).any())


def _along(share: FloatArray, minutes: FloatArray) -> FloatArray:
    """Minutes over a share of a piece; none of a closed one takes none."""
    some = share > 0.0
    return np.asarray(np.where(some, np.where(some, share, 1.0) * minutes, 0.0), dtype=np.float64)


def _reach(
    graph: TravelGraph,
    links: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame,
    goals: gpd.GeoDataFrame,
    joining: _Joining,
) -> _Reach:
    """Lay all links into the network, closed, and find the ways of today between places, stops and goals."""
    if graph.edge_layer is not None:
        raise ContractError("graph", [f"links are ranked on the network of one mode, not {graph.mode}"])
    plus = edit_network(graph, add=links, snap_tolerance_m=joining.tolerance_m)
    number = pd.Index(road_ids(links)).get_indexer(pd.Index(plus.road_id))
    edges = np.flatnonzero(number >= 0)
    closed = plus.with_minutes(
        *(np.where(number >= 0, np.inf, minutes) for minutes in (plus.forward_min, plus.backward_min)),
        speed_km_h=plus.speed_km_h,
    )
    nodes, at = np.unique(np.concatenate((plus.edge_from[edges], plus.edge_to[edges])), return_inverse=True)
    start, end = np.split(at, 2)
    piece = np.full(plus.n_edges, -1)
    piece[edges] = np.arange(len(edges))
    points = gpd.GeoSeries(shapely.points(plus.node_x[nodes], plus.node_y[nodes]), crs=graph.crs)
    # A stop stands on its node; one where no road of today is has no way there but over a link.
    stops = snap(closed, points, candidates=MOST_CANDIDATES, max_snap_m=TOUCH_M, min_component_km=0.0)
    homes, offers = (
        place_on(plus, frame, key=key, rules=joining.rules, barriers=joining.barriers).snaps
        for frame, key in ((settlements, "settlement_id"), (goals, "facility_id"))
    )

    def doors(snaps: Snaps) -> _Doors:
        place, candidate = np.nonzero((snaps.edge >= 0) & (piece[snaps.edge] >= 0))
        way = snaps.edge[place, candidate]
        return _Doors(place, piece[way], snaps.fraction[place, candidate], snaps.access_min[place, candidate])

    def table(origins: Snaps) -> FloatArray:
        found = times_matrix(closed, origins, stops, direct_barriers=joining.barriers)
        minutes = np.full((len(origins), len(nodes)), np.inf)
        minutes[found.origin, found.destination] = found.time_min
        return minutes

    to_goal = partial(minutes_to_closest, closed, direction="to_facility", barriers=joining.barriers)
    return _Reach(
        before=to_goal(SnapPair(homes, offers)),
        to_stop=table(homes),
        between=table(stops),
        to_goal=to_goal(SnapPair(stops, offers)),
        pieces=_Pieces(number[edges], start, end, plus.forward_min[edges], plus.backward_min[edges]),
        onto=doors(homes),
        off=doors(offers),
        loose_ends=plus.report["scenario"]["loose_ends"],
    )
