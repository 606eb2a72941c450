"""
New links to build first: people newly within a limit for each kilometre, chosen one after the other.

Gains of links do not add up: two may serve the same village, and two that lead nowhere alone may be a way together. So
each step weighs every link, and every pair of links, behind those that are chosen already. The times of any choice are
exact: they are closed over the stops of its links, between which the ways without them are known; a test holds them
against the network with these links built.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from spatial.access.cells import towns_as_facilities
from spatial.access.od_pairs import id_faults, people_of, require_columns
from spatial.access.options import TOWN_TIERS, check_count, check_minutes, not_within, numbers
from spatial.access.places import (
    Places,
    SnapPair,
    asked_for,
    check_on_network,
    existing,
    id_order,
    id_ranks,
    minutes_to_closest,
    place_on,
)
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import ContractError, InfeasibleError, faults_at, first_of, of_kind, refuse
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.matrix import times_matrix
from spatial.network.new_roads import TOUCH_M, road_ids, road_km
from spatial.network.scenarios import SNAP_TOLERANCE_M, edit_network, values_by_name
from spatial.network.snapping import (
    Barriers,
    Snaps,
    blocked_legs,
    index_barriers,
    merge_snaps,
    only_edges,
    places_on_barriers,
    snap,
)
from spatial.outlines import require_shapes
from spatial.planning.kernels_plans import Gains, Links, Ways, weigh_choices
from spatial.planning.plans import HALF, SAME
from spatial.study.access import MOST_CANDIDATES, SnapRules

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
        `gained_in_step`, the step that brings it within the limit (missing where none does), `demand_persons` (NaN
        where unknown: counted as nobody).
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
    most_links: int | None = None,
    worth: Literal["gained", "connected", "saved"] = "saved",
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
        Candidates, with the columns of new roads in `edit_network`; `road_id` is the name of a link. `length_km` holds
        before the drawn length, for the budget and for the minutes.
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
        Column of the settlements with the people who are asked about; unknown ones are nobody, as is 0.
    most_links : int, optional
        How many links at most.
    worth : {'saved', 'connected', 'gained'}
        What a step must bring: time saved at least; a way for people who have none, or people within the limit; or
        these alone.
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
    check_on_network(graph, barriers)
    limit = _Limit(within_min, budget_km, most_links, worth)
    persons = people_of(settlements, demand)
    require_shapes("links", links)
    if len(links) == 0:
        raise ContractError("links", ["no candidate at all"])
    goals = goals_of(settlements, facilities, service, vocabulary)
    if graph.edge_layer is not None:
        raise ContractError("graph", [f"links are ranked on the network of one mode, not {graph.mode}"])
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    homes, offers = both_placed(graph, settlements, goals, rules, barriers)
    now = minutes_to_closest(graph, SnapPair(homes.snaps, offers.snaps), direction="to_facility", barriers=barriers)
    # All links lie in one network, closed. Places are joined to it as they are today, and to what is new by doors,
    # which open with a link: to its own pieces, and to roads that lead nowhere today.
    plus = edit_network(graph, add=links, snap_tolerance_m=snap_tolerance_m)
    names, km = road_ids(links), road_km(links)
    number = pd.Index(names).get_indexer(pd.Index(plus.road_id))
    is_new = number >= 0
    closed = plus.with_closed(is_new)
    is_today = ~is_new
    if graph.before is None and plus.before is not None:
        is_today = plus.before.component_km >= rules.min_component_km
    is_further = ~is_new & ~is_today

    def joined(edges: BoolArray, candidates: int, barriers: gpd.GeoSeries | None) -> SnapPair:
        some = only_edges(closed, edges)
        return SnapPair(
            *(
                snap(some, places.frame.geometry, rules, barriers=barriers, candidates=max(candidates, 1))
                for places in (homes, offers)
            )
        )

    edge = np.flatnonzero(is_new)
    reach = _reach(
        closed,
        _Pieces(number[edge], edge, plus.forward_min[edge], plus.backward_min[edge], _runs(plus, edge, number[edge])),
        _Joined(
            today=joined(is_today, rules.candidates, barriers),
            onto_links=joined(is_new, len(edge), None),  # what a barrier lies before counts as the nearest of a run
            onto_others=joined(is_further, rules.candidates, barriers) if is_further.any() else None,
            most=rules.candidates,
            barriers=barriers,
        ),
        now,
    )
    plan = _ranked(reach, settlements["settlement_id"], persons, names, km, limit)
    loose = pd.Series([end["road_id"] for end in plus.report["scenario"]["loose_ends"]], dtype=object).value_counts()
    return replace(plan, links=plan.links.assign(loose_ends=loose.reindex(names, fill_value=0).to_numpy()))


def rank_upgrades(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    upgrades: pd.DataFrame,
    *,
    budget_km: float,
    facilities: gpd.GeoDataFrame | None = None,
    service: str | frozenset[str] = "town",
    vocabulary: Vocabulary | None = None,
    within_min: float = 60.0,
    demand: str = "population_persons",
    most_upgrades: int | None = None,
    worth: Literal["gained", "connected", "saved"] = "saved",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> LinkPlan:
    """
    Choose roads to make faster: most people newly within a limit a kilometre, until a budget of kilometres is used.

    As `rank_links`, with stretches of roads that there are in place of new ones. Edges that are as fast already keep
    their speed, and are not counted as built; directions that are closed stay so.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode, before any upgrade.
    settlements : GeoDataFrame
        `settlement_id`, the people and points; with `tier` and `name` where towns are where people go.
    upgrades : DataFrame
        Candidates: `upgrade_id`, `road_ids` (a list of ids of roads or edges, such as those of `propose_road_upgrades`)
        and the `speed_km_h` that they would have.
    budget_km : float
        What all upgraded edges together may be long, inclusive; an edge of two upgrades counts for both.
    facilities : GeoDataFrame, optional
        Where people go; without, to the nearest settlement that is a town or more.
    service : str or frozenset of str
        Which of them, as in `rank_links`.
    vocabulary, within_min, demand
        As in `rank_links`.
    most_upgrades : int, optional
        How many upgrades at most.
    worth : {'saved', 'connected', 'gained'}
        What a step must bring, as in `rank_links`.
    rules, barriers
        As in `cost_to_closest`.

    Returns
    -------
    LinkPlan
        `link_id` and `link_ids` are those of upgrades; `length_km` is what becomes faster.

    Raises
    ------
    ContractError
        For upgrades or options that are not as above, or one that makes nothing faster.
    InfeasibleError
        Where the budget builds nothing; `bound` is the shortest upgrade in kilometres.
    """
    check_on_network(graph, barriers)
    limit = _Limit(within_min, budget_km, most_upgrades, worth)
    persons = people_of(settlements, demand)
    require_columns("upgrades", upgrades, ("upgrade_id", "road_ids", "speed_km_h"))
    goals = goals_of(settlements, facilities, service, vocabulary)
    if graph.edge_layer is not None:
        raise ContractError("graph", [f"upgrades are ranked on the network of one mode, not {graph.mode}"])
    names = upgrades["upgrade_id"].astype(str).to_numpy(dtype=object)
    speeds = numbers("upgrades", "speed_km_h", upgrades["speed_km_h"])
    pieces, problems = [], [] if len(upgrades) else ["no candidate at all"]
    problems += id_faults(upgrades["upgrade_id"], "upgrade_id")
    wrong = names[~((speeds > 0.0) & (speeds < np.inf))]
    problems += faults_at("speed_km_h: must be above 0 and finite, not so for", wrong)
    today = (graph.forward_min, graph.backward_min)
    for number, (name, roads) in enumerate(zip(names, upgrades["road_ids"], strict=True)):
        if pd.api.types.is_scalar(roads):  # one road alone
            ids = [] if pd.isna(roads) else [str(roads)]
        else:
            ids = [str(road) for road in roads]
        if not ids:
            problems.append(f"road_ids: none for {name}")
            continue
        found, unknown = values_by_name(graph, pd.Series(1.0, index=ids))
        problems += faults_at("road_ids: the network has no edge or road", unknown, f", for {name}")
        own = 0.06 * graph.length_m / max(speeds[number], SAME)
        then = [np.where(np.isfinite(minutes), np.minimum(minutes, own), np.inf) for minutes in today]
        is_faster = (then[0] < today[0]) | (then[1] < today[1])
        edge = np.flatnonzero(~np.isnan(found) & is_faster)
        pieces.append(_Pieces(np.full(len(edge), number), edge, then[0][edge], then[1][edge], edge))
        if not (len(edge) or unknown or problems):
            problems.append(f"speed_km_h: no road of {name} becomes faster")
    refuse("upgrades", problems)
    every = _Pieces(*map(np.concatenate, zip(*pieces, strict=True)))
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    places = SnapPair(*(each.snaps for each in both_placed(graph, settlements, goals, rules, barriers)))
    now = minutes_to_closest(graph, places, direction="to_facility", barriers=barriers)
    joined = _Joined(places, places, None, max(each.candidates for each in places), barriers)
    roads = np.unique((every.link, np.minimum(every.edge, graph.edge_partner[every.edge])), axis=1)
    km = np.bincount(roads[0], weights=graph.length_m[roads[1]]) / 1000.0
    return _ranked(_reach(graph, every, joined, now), settlements["settlement_id"], persons, names, km, limit)


def both_placed(
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    goals: gpd.GeoDataFrame,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None,
) -> list[Places]:
    """Join settlements and goals to a network."""
    frames = ((settlements, "settlement_id"), (goals, "facility_id"))
    return [place_on(graph, frame, key=key, rules=rules, barriers=barriers) for frame, key in frames]


def goals_of(
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame | None,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None,
) -> gpd.GeoDataFrame:
    """Choose where people go: facilities that serve today, or settlements that are a town or more."""
    if facilities is None:
        if service not in TOWN_TIERS:
            raise ContractError("options", [f"service: {service!r} needs facilities; of towns {first_of(TOWN_TIERS)}"])
        require_columns("settlements", settlements, ("settlement_id", "tier", "name"))
        towns = settlements if "in_study" in settlements else settlements.assign(in_study=True)
        facilities, service = towns_as_facilities(towns), TOWN_TIERS[str(service)]
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    goals = existing(facilities)
    goals = goals.loc[goals["service"].isin(asked.kinds)]
    if goals.empty:
        raise ContractError("facilities", [f"service: nobody offers {asked.name} today, so no link leads to it"])
    return goals


# The order: the best link, or the best two that are a way together, again and again.


@dataclass(frozen=True)
class _Limit:
    """Within how many minutes people are brought, and how much is built."""

    within_min: float
    budget_km: float
    most_links: int | None
    worth: str

    def __post_init__(self) -> None:
        """Refuse what is no limit."""
        check_minutes("within_min", self.within_min)
        if self.most_links is not None:
            check_count("most_links", self.most_links)
        problems = not_within("budget_km", self.budget_km)
        if self.worth not in Gains._fields:
            problems.append(f"worth: must be {' or '.join(Gains._fields)}, is {self.worth!r}")
        refuse("options", problems)


def _ranked(
    reach: _Reach, ids: pd.Series, persons: FloatArray, names: ObjectArray, km: FloatArray, limit: _Limit
) -> LinkPlan:
    if km.min() > limit.budget_km + SAME_KM:
        what = f"budget_km: {limit.budget_km:g} km build no link; the shortest has {km.min():g} km"
        raise InfeasibleError(what, km.min())
    back = id_ranks(ids)
    people = np.nan_to_num(persons)[np.argsort(back)]
    within = limit.within_min * (1.0 + SAME)
    # Links in the order of their names, so that pairs and ties never hang on that of rows.
    by_name, pairs = id_order(names), np.triu_indices(len(km), 1)
    one = np.concatenate((by_name, by_name[pairs[0]]))
    other = np.concatenate((np.full(len(km), -1), by_name[pairs[1]]))
    size, length = 1 + (other >= 0), km[one] + np.where(other >= 0, km[other], 0.0)

    def weigh(ways: Ways, options: IntArray) -> Gains:
        found: Gains = weigh_choices(ways, reach.links, one[options], other[options], people, within, SAME)
        return found

    ways = reach.ways
    alone = weigh(ways, np.argsort(by_name))
    is_left, in_step = np.ones(len(km), dtype=bool), np.zeros(len(people), dtype=np.int64)
    steps: list[dict[str, object]] = []
    used, total = 0.0, 0.0
    while True:
        is_open = is_left[one] & ((other < 0) | is_left[other]) & (used + length <= limit.budget_km + SAME_KM)
        if limit.most_links is not None:
            is_open &= np.count_nonzero(~is_left) + size <= limit.most_links
        options = np.flatnonzero(is_open)
        gains = weigh(ways, options)
        # Most people a kilometre, then people connected, then time saved; ties go to fewer links, then the lowest name.
        best = np.arange(len(options))
        for brought in gains:
            rate = brought[best] / length[options[best]]
            best = best[rate >= rate.max(initial=0.0) * (1.0 - SAME)]
        asked = gains[: Gains._fields.index(limit.worth) + 1]
        if not any(brought[best[:1]].any() for brought in asked):
            break
        option, gained = options[best[0]], float(gains.gained[best[0]])
        chosen = [int(e) for e in (one[option], other[option]) if e >= 0]
        before, ways = ways.now, reach.built(ways, chosen)
        is_left[chosen] = False
        in_step[(ways.now <= within) & (before > within)] = len(steps) + 1
        used, total = used + float(length[option]), total + gained
        steps.append(
            {
                "step": len(steps) + 1,
                "link_ids": "+".join(names[chosen]),
                "length_km": float(length[option]),
                "total_km": used,
                "gained_persons": gained,
                "total_gained_persons": total,
                "connected_persons": float(gains.connected[best[0]]),
                "saved_person_min": float(gains.saved[best[0]]),
            }
        )
    columns = ["step", "link_ids", "length_km", "total_km", "gained_persons", "total_gained_persons"]
    return LinkPlan(
        links=pd.DataFrame(
            {
                "link_id": names,
                "length_km": km,
                "gained_persons": alone.gained,
                "connected_persons": alone.connected,
                "saved_person_min": alone.saved,
                "gained_persons_per_km": alone.gained / km,
            }
        ),
        steps=pd.DataFrame(steps, columns=[*columns, "connected_persons", "saved_person_min"]),
        settlements=pd.DataFrame(
            {
                "settlement_id": ids.to_numpy(),
                "before_min": reach.ways.now[back],
                "after_min": ways.now[back],
                "gained_in_step": pd.arrays.IntegerArray(in_step[back], in_step[back] == 0),
                "demand_persons": persons,
            }
        ),
        within_min=limit.within_min,
    )


# What a choice of links changes: the ways of today between their stops, and their own pieces.


class _Pieces(NamedTuple):
    """Edges that are links, or become faster; a row an edge and link."""

    link: IntArray  # position of the link
    edge: IntArray
    forward_min: FloatArray  # once the link is built; inf where closed
    backward_min: FloatArray
    run: IntArray  # pieces of one link between two roads of today, which other links may cross, have one number


class _Joined(NamedTuple):
    """How settlements and goals are joined to a network with links."""

    today: SnapPair
    onto_links: SnapPair  # once a link is built, to its pieces
    onto_others: SnapPair | None  # once it leads there, to roads that are too short to be joined to today
    most: int  # ways in of a place over one link
    barriers: gpd.GeoSeries | None


@dataclass(frozen=True, eq=False)
class _Reach:
    """Ways of today between places, the stops of all links and the nearest goal; and what each link adds."""

    ways: Ways
    links: Links

    def built(self, ways: Ways, chosen: list[int]) -> Ways:
        """Find the ways once some links are built, too."""
        links = self.links

        def rows(first: IntArray) -> IntArray:
            return np.concatenate([np.arange(first[e], first[e + 1]) for e in chosen])

        stops = np.unique(links.stop[rows(links.stop_first)])
        step = ways.between[np.ix_(stops, stops)]
        piece = rows(links.piece_first)
        start, end = (np.searchsorted(stops, each[piece]) for each in (links.start, links.end))
        np.minimum.at(step, (start, end), links.forward_min[piece])
        np.minimum.at(step, (end, start), links.backward_min[piece])
        for k in range(len(stops)):  # Floyd and Warshall: all ways over one more stop
            np.minimum(step, step[:, k, None] + step[k], out=step)
        goal, off = ways.to_goal[stops].copy(), rows(links.off_first)
        np.minimum.at(goal, np.searchsorted(stops, links.off_stop[off]), links.off_min[off])
        goal = (step + goal).min(axis=1)
        arrive, onto = ways.to_stop[stops].copy(), rows(links.onto_first)
        np.minimum.at(
            arrive, (np.searchsorted(stops, links.onto_stop[onto]), links.onto_place[onto]), links.onto_min[onto]
        )
        now, along = np.minimum(ways.now, (arrive + goal[:, None]).min(axis=0)), rows(links.along_first)
        np.minimum.at(now, links.along_place[along], links.along_min[along])
        # From all stops, and to all stops, over those of the links.
        from_stops, to_goal, to_stop = ways.between.copy(), ways.to_goal.copy(), ways.to_stop.copy()
        for k, stop in enumerate(stops):
            leave = (step[k, :, None] + ways.between[stops]).min(axis=0)
            np.minimum(from_stops, ways.between[:, stop, None] + leave, out=from_stops)
            np.minimum(to_goal, ways.between[:, stop] + goal[k], out=to_goal)
            np.minimum(to_stop, leave[:, None] + arrive[k], out=to_stop)
        return Ways(from_stops, to_goal, to_stop, now)


def _reach(network: TravelGraph, pieces: _Pieces, joined: _Joined, now: FloatArray) -> _Reach:
    """Find the ways of a network on which the links are closed, or as slow as they are today, and what each adds."""
    ends = np.concatenate((network.edge_from[pieces.edge], network.edge_to[pieces.edge]))
    nodes, at = np.unique(ends, return_inverse=True)
    start, end = np.split(at, 2)
    points = gpd.GeoSeries(shapely.points(network.node_x[nodes], network.node_y[nodes]), crs=network.crs)
    # A stop stands on its node; one where no road of today is has no way there but over a link.
    stops = snap(network, points, candidates=MOST_CANDIDATES, max_snap_m=TOUCH_M, min_component_km=0.0)
    # Where turns took a junction apart its nodes lie in one place, and each has some of the roads there; that of the
    # end of a link has none, and all may come onto it there, and go from it.
    is_own = (network.edge_from[stops.edge] == nodes[:, None]) & (stops.fraction < HALF)
    is_own |= (network.edge_to[stops.edge] == nodes[:, None]) & (stops.fraction > HALF)
    is_own &= network.is_open[stops.edge]
    kept = is_own | ~is_own.any(axis=1)[:, None]
    edge, metres = np.where(kept, stops.edge, -1), np.where(kept, stops.distance_m, np.inf)
    stops = merge_snaps([replace(stops, edge=edge, distance_m=metres)])
    to_goal = partial(minutes_to_closest, network, direction="to_facility", barriers=joined.barriers)

    def to_stops(origins: Snaps) -> FloatArray:
        found = times_matrix(network, origins, stops, direct_barriers=joined.barriers)
        minutes = np.full((len(nodes), len(origins)), np.inf)
        minutes[found.destination, found.origin] = found.time_min
        return minutes

    between = np.ascontiguousarray(to_stops(stops).T)
    np.fill_diagonal(between, 0.0)
    ways = Ways(between, to_goal(SnapPair(stops, joined.today.goals)), to_stops(joined.today.origins), now)
    # Nobody goes on by today's roads from where no piece leads to, nor comes by them to where none leads from.
    ahead, back = np.isfinite(pieces.forward_min), np.isfinite(pieces.backward_min)
    is_left, is_reached = np.zeros((2, len(nodes)), dtype=bool)
    is_left[np.concatenate((start[ahead], end[back]))] = True
    is_reached[np.concatenate((end[ahead], start[back]))] = True
    between[~(is_reached[:, None] & is_left)] = np.inf
    np.fill_diagonal(between, 0.0)
    ways.to_goal[~is_reached], ways.to_stop[~is_left] = np.inf, np.inf
    road = np.minimum(pieces.edge, network.edge_partner[pieces.edge])
    rows = pd.DataFrame({**pieces._asdict(), "piece": np.arange(len(road)), "road": road, "start": start, "end": end})
    walls = index_barriers(joined.barriers, crs=network.crs)
    onto, off = (_doors(snaps, rows, joined.most, walls) for snaps in joined.onto_links)
    beside = onto.merge(off[["piece", "share", "walk_min"]], on="piece", suffixes=("", "_off"))
    apart = beside["share_off"] - beside["share"]
    straight = along(apart, beside["forward_min"]) + along(-apart, beside["backward_min"])
    inside = beside.assign(minutes=beside["walk_min"] + straight + beside["walk_min_off"])
    onto, off = _to_ends(onto, "backward_min", "forward_min"), _to_ends(off, "forward_min", "backward_min")
    stop = pd.concat([rows[["link", name]].rename(columns={name: "stop"}) for name in ("start", "end")])
    stop = stop.drop_duplicates()
    if joined.onto_others is not None:
        homes, goals = joined.onto_others
        minutes, rest = to_stops(homes), to_goal(SnapPair(stops, goals))
        at, place = np.nonzero(np.isfinite(minutes))
        reached = stop.merge(pd.DataFrame({"stop": at, "place": place, "minutes": minutes[at, place]}), on="stop")
        left = stop.merge(pd.DataFrame({"stop": np.arange(len(nodes)), "minutes": rest}), on="stop")
        # Who is joined to a road that a link reaches may stay on it, in whichever direction that is open.
        others = np.ones(network.n_edges, dtype=bool)
        others[pieces.edge] = False
        joins = (network.edge_from[others], network.edge_to[others])
        part = connected_components(csr_array((np.ones(len(joins[0])), joins), shape=(network.n_nodes,) * 2))[1]
        place, candidate = np.nonzero(homes.edge >= 0)
        own = pd.DataFrame({"place": place, "part": part[network.edge_from[homes.edge[place, candidate]]]})
        through = stop.assign(part=part[nodes[stop["stop"]]]).merge(own, on="part")[["link", "place"]].drop_duplicates()
        through = through.assign(minutes=to_goal(SnapPair(homes, goals))[through["place"]])
        onto, off, inside = (pd.concat(both) for both in ((onto, reached), (off, left), (inside, through)))
    listed = [
        stop,
        rows[["link", "start", "end", "forward_min", "backward_min"]],
        onto[["link", "place", "stop", "minutes"]],
        off[["link", "stop", "minutes"]],
        inside[["link", "place", "minutes"]],
    ]
    columns: list[NDArray[Any]] = []
    for table in listed:
        by_link = table.sort_values("link", kind="stable")
        columns.append(np.searchsorted(by_link["link"], np.arange(pieces.link.max() + 2)))
        columns += [np.ascontiguousarray(by_link[name]) for name in by_link.columns[1:]]
    return _Reach(ways, Links(*columns))


def _runs(network: TravelGraph, edge: IntArray, link: IntArray) -> IntArray:
    """Give runs of links a number: where no road of today meets one it goes on, whatever other link crosses it."""
    is_today = np.ones(network.n_edges, dtype=bool)
    is_today[edge] = False
    ends = np.column_stack((network.edge_from[edge], network.edge_to[edge]))
    is_met = np.isin(ends, np.concatenate((network.edge_from[is_today], network.edge_to[is_today])))
    places = np.where(is_met, -1 - np.arange(ends.size).reshape(ends.shape), link[:, None] * network.n_nodes + ends)
    names, at = np.unique(places, return_inverse=True)
    start, end = at.reshape(ends.shape).T
    runs = csr_array((np.ones(len(edge)), (start, end)), shape=(len(names), len(names)))
    return np.asarray(connected_components(runs, directed=False)[1][start], dtype=np.int64)


def _doors(snaps: Snaps, pieces: pd.DataFrame, most: int, walls: Barriers | None) -> pd.DataFrame:
    """List where places may walk onto runs of links, or off them, the nearest of each link."""
    place, candidate = np.nonzero(snaps.edge >= 0)
    found = {
        "edge": snaps.edge,
        "share": snaps.fraction,
        "walk_min": snaps.access_min,
        "foot_x": snaps.foot_x,
        "foot_y": snaps.foot_y,
    }
    doors = pd.DataFrame({"place": place, **{name: values[place, candidate] for name, values in found.items()}})
    # Candidates of a place are sorted by distance; of a road that is two edges both are one.
    doors = doors.merge(pieces, on="edge")
    doors = doors[doors["road"] == doors.groupby(["place", "link", "run"])["road"].transform("first")]
    if walls is not None:
        places = np.column_stack((snaps.x, snaps.y))[doors["place"]]
        is_shut = blocked_legs(walls, places, doors[["foot_x", "foot_y"]].to_numpy())
        doors = doors[~(is_shut | places_on_barriers(walls, places))]
    return doors[(doors["edge"] == doors["road"]).groupby([doors["place"], doors["link"]]).cumsum() <= most]


def _to_ends(doors: pd.DataFrame, to_start: str, to_end: str) -> pd.DataFrame:
    """Give the minutes between doors and both ends of their piece."""
    ends = [("start", doors["share"], to_start), ("end", 1.0 - doors["share"], to_end)]
    return pd.concat(
        [
            doors.assign(stop=doors[name], minutes=doors["walk_min"] + along(share, doors[minutes]))
            for name, share, minutes in ends
        ]
    )


def along(share: ArrayLike, minutes: ArrayLike) -> FloatArray:
    """Minutes over a share of a piece, where it is above 0; none of a closed one takes none."""
    some = np.asarray(share) > 0.0
    return np.asarray(np.where(some, np.where(some, share, 1.0) * np.asarray(minutes), 0.0), dtype=np.float64)
