"""What plans do without building: room shared with those who find none, and rounds to those whom no site reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access import travel_times
from spatial.access.capacity import allocate_capacity
from spatial.access.eligibility import eligible_by_unit, is_for_some_units
from spatial.errors import ContractError, InfeasibleError, StudyError
from spatial.inputs.facility_facts import capacity_units
from spatial.norms.measuring import modes_for
from spatial.plain_text import toml_value
from spatial.planning.agenda import Answer, Question, Sharing, no_answer, no_help, service_norm
from spatial.planning.matching import match_capacity
from spatial.planning.mobile import MobileRound, mobile_round
from spatial.planning.programs import SAME
from spatial.reporting.explain import find_settlement
from spatial.stages.policy import vocabulary_of
from spatial.study.scenarios import DAYS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spatial.network.graph import TravelGraph
    from spatial.planning.matching import CapacityMatch
    from spatial.runner.stage import Options
    from spatial.study.plans import PlanOptions, RoundOptions

MINUTES_AN_HOUR = 60.0
TOWNSHIP = "township_id"
ROUND_NAME = "-round"
"""Ends the name of the scenario that the round of a plan is."""
ROOM = ("facility_id", "service", "persons", "persons_per_unit", "capacity_persons", "capacity_unit", TOWNSHIP)
"""Columns of facilities with room."""


class RoomPlan(NamedTuple):
    """A question for room, its answer where there is one, the facilities asked, and which units would share."""

    question: Question
    answer: Answer | None
    facilities: gpd.GeoDataFrame
    share_units: list[list[str]]


def plan_room(
    item: PlanOptions,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    graph: Callable[[str], TravelGraph],
    barriers: gpd.GeoSeries | None,
    options: Options,
) -> RoomPlan:
    """
    Bring those who find no room of a service to facilities of the study that have some.

    Who finds none is whom the table `served` leaves out: facilities are filled in the order of travel time within
    `measures.catchment_min`. Idle is what this leaves free, and no more than their load leaves free where that is
    known. Whoever finds none may go as far as the plan says, to facilities that are kept for other units too.
    """
    assert item.service is not None  # the study has seen to it
    assert item.within_min is not None
    chosen, vocabulary = options.measures, vocabulary_of(options)
    mode = item.mode or chosen.mode or options.network.modes[0]
    travel: dict[str, Any] = {"rules": options.network, "barriers": barriers}
    offered = facilities.loc[facilities["status"] == "existing"]
    persons = settlements.get(chosen.demand, pd.Series(np.nan, settlements.index)).to_numpy(dtype=np.float64)
    rooms, left = [], None if np.isnan(persons).all() else np.zeros(len(persons))
    seen: frozenset[str] = frozenset()
    for service in (item.service, *item.compatible):
        kinds = vocabulary.satisfying(service) - seen
        seen |= kinds
        theirs = offered.loc[offered["service"].isin(kinds)].reset_index(drop=True)
        each = chosen.persons_per_unit.get(service)
        is_known = len(theirs) > 0 and bool(theirs["capacity"].notna().all()) and len(capacity_units(theirs)) <= 1
        if left is None or each is None or not is_known:
            left = None
            break
        filled = allocate_capacity(
            travel_times(graph(mode), settlements, theirs, cutoff_min=chosen.catchment_min, **travel),
            settlements,
            theirs,
            service=kinds,
            vocabulary=vocabulary,
            cutoff_min=chosen.catchment_min,
            demand=chosen.demand,
            persons_per_unit=each,
        )
        if service == item.service:
            left = filled.settlements[["full_persons", "not_reached_persons"]].sum(axis=1).to_numpy()
        # What people of the model take and what is in use may be others: neither is given away.
        unused = each * (theirs["capacity"] - theirs["load"]).clip(lower=0.0)
        room = theirs.assign(
            service=service,
            persons=np.fmin(filled.facilities["free_persons"], unused),
            persons_per_unit=each,
            capacity_persons=each * theirs["capacity"],
        )
        rooms.append(room.loc[room["in_study"]])
    lacks = np.full(len(persons), np.nan) if left is None else np.where(left > SAME * persons, left, 0.0)
    need = pd.DataFrame(
        {
            "unit_id": settlements["settlement_id"].to_numpy(),
            "persons": persons,
            "within_persons": persons - lacks,
            "before": np.nan,
            "outcome": np.select([np.isnan(persons) | np.isnan(lacks), lacks > 0.0], ["unknown", "beyond"], "within"),
            "lacks": lacks,
            TOWNSHIP: settlements.get(TOWNSHIP, pd.Series(None, settlements.index, dtype="str")).to_numpy(),
        }
    )
    need = need.loc[settlements["in_study"].to_numpy(dtype=bool)].reset_index(drop=True)
    norm = service_norm(item.service, mode, item.within_min, stat_unit=chosen.demand.removesuffix("_persons"))
    question = Question(item.name, "matching", need, norm, wanted=(item.service,))
    asked = need.loc[question.is_beyond]
    if asked.empty:
        return RoomPlan(no_answer(question, "no_capacity" if left is None else "met"), None, offered.iloc[:0], [])
    idle = gpd.GeoDataFrame(pd.concat(rooms, ignore_index=True), crs=facilities.crs)
    everybody = idle.assign(
        open_to=idle.get("open_to", pd.Series("all", idle.index)).mask(is_for_some_units(idle), "all")
    )
    found = match_capacity(
        asked.assign(settlement_id=asked["unit_id"], service=item.service, persons=asked["lacks"]),
        pd.DataFrame(idle.reindex(columns=[*ROOM])),
        travel_times(graph(mode), settlements, everybody, cutoff_min=item.within_min, **travel),
        compatible={item.service: item.compatible},
        sharing=None if item.sharing is None else TOWNSHIP,
        cutoff_min=item.within_min,
    )
    homes, sites = settlements.set_index("settlement_id"), idle.set_index("facility_id")
    answer = plan_matching(question, found, homes.geometry, sites.geometry)
    return RoomPlan(question, answer, idle, _sharing_units(found.matches, homes, sites))


def _sharing_units(matches: pd.DataFrame, homes: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> list[list[str]]:
    """List the units that would have to share, so that those who are sent to a facility may use it."""
    eligible = eligible_by_unit(homes.reset_index(), sites.reset_index())
    i = homes.index.get_indexer(pd.Index(matches["settlement_id"]))
    j = sites.index.get_indexer(pd.Index(matches["facility_id"]))
    shared: list[set[str]] = []
    for row in np.flatnonzero(~eligible.allowed[eligible.kinds[i], j]):
        home = homes.iloc[i[row]]
        theirs = home.get(TOWNSHIP)
        kept = {unit.strip() for unit in str(sites["eligible_units"].iloc[j[row]]).split(";") if unit.strip()}
        units = kept | {theirs if isinstance(theirs, str) else str(matches["settlement_id"].iloc[row])}
        # Units that share with the same others are one community.
        others = [group for group in shared if group & units]
        shared = [group for group in shared if not group & units] + [units.union(*others)]
    return [sorted(group) for group in shared]


def plan_matching(question: Question, found: CapacityMatch, homes: gpd.GeoSeries, sites: gpd.GeoSeries) -> Answer:
    """
    Bring those who find no room to facilities that have some: an action a facility, those that take most first.

    ``homes`` and ``sites`` are the points of settlements and facilities by their ids.
    """
    need = question.need
    order = found.idle.loc[found.idle["given_persons"] > 0.0]
    order = order.sort_values(["given_persons", "facility_id"], ascending=[False, True], kind="stable")
    rows, steps = pd.Index(need["unit_id"]), pd.Index(order["facility_id"])
    matches = found.matches.assign(
        row=rows.get_indexer(found.matches["settlement_id"]), step=steps.get_indexer(found.matches["facility_id"])
    )
    told = Sharing(matches, found.idle.rename(columns={"persons": "idle_persons"}), found.border_persons)
    if order.empty:
        return replace(no_help(question), sharing=told)
    # A place counts as gained where everybody finds room, by the facility that takes most of its people.
    is_met = need["unit_id"].isin(found.need.loc[found.need["why"] == "met", "settlement_id"]) & question.is_beyond
    largest = matches.sort_values("persons", kind="stable").drop_duplicates("row", keep="last").set_index("row")["step"]
    reached = largest.reindex(range(len(need))).where(is_met.to_numpy()).fillna(-1).to_numpy(dtype=np.int64)
    gained = np.concatenate(([0.0], np.cumsum(order["given_persons"])))
    ends = matches.groupby("step")["settlement_id"].agg(list)
    shapes = [
        shapely.MultiLineString([[sites[facility].coords[0], homes[home].coords[0]] for home in sorted(ends[step])])
        for step, facility in enumerate(steps)
    ]
    return Answer(
        actions=pd.DataFrame(
            {
                "action": "share_room",
                "where": steps.to_numpy(),
                "alone": np.nan,
                "lost_without": np.nan,
                "length_km": np.nan,
                "shape": shapes,
            }
        ),
        after=need["before"].to_numpy(dtype=np.float64),
        reached_in=reached,
        curve=pd.DataFrame({"number": range(len(gained)), "gained": gained, "length_km": np.nan}),
        options=no_help(question).options,
        status="optimal",
        bound=float(gained[-1]),
        sharing=told,
    )


class RoundGround(NamedTuple):
    """What a round is planned on: settlements, those that have a name and may be stops, and ways between places."""

    settlements: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    pairs: Callable[..., pd.DataFrame]
    modes: Sequence[str]


def plan_round(question: Question, answer: Answer, how: RoundOptions, ground: RoundGround) -> MobileRound:
    """Send a team to those whom sites leave out, stopping at settlements; without stops where a day holds none."""
    key, service = f"plans.{question.plan_id}.round", question.norm.service
    homes = ground.homes["settlement_id"].tolist()
    try:
        base = find_settlement(ground.settlements, how.base)
    except ContractError as error:
        raise StudyError("study", [f"{key}.base: {problem}" for problem in error.problems]) from error
    if base not in homes:
        raise StudyError("study", [f"{key}.base: {how.base!r} lies outside the study area, or has no name"])
    left = question.need.loc[question.is_beyond & (answer.reached_in < 0)]
    people = pd.DataFrame({"settlement_id": left["unit_id"], "persons": question.weight[left.index]})
    people = people.loc[people["persons"] > 0.0]
    by = (modes_for(question.norm.mode, ground.modes) or ground.modes)[0]
    around = service_norm(service, by, how.within_min)
    near = ground.pairs(around, people["settlement_id"].tolist(), homes, cutoff=how.within_min)
    # Where the team stops nobody goes anywhere, though by car the way to oneself leads over the nearest road.
    own = people.loc[people["settlement_id"].isin(homes), "settlement_id"]
    near = pd.concat([near, pd.DataFrame({"from_id": own, "to_id": own, "travel_time_min": 0.0})], ignore_index=True)
    near = near.sort_values("travel_time_min", kind="stable").drop_duplicates(["from_id", "to_id"])
    near = near.loc[near["to_id"] != base]  # what the base serves needs no round
    stops = sorted(set(near["to_id"]))
    day_min = MINUTES_AN_HOUR * how.hours_per_day
    of_team = service_norm(service, how.mode or ground.modes[0], day_min)
    unseen = pd.DataFrame(columns=["stop_id", "day", "order", "leg_min", "arrive_min", "leave_min", "persons"])
    nothing = MobileRound(unseen, unseen, people, unseen, unseen, objective=0.0, bound=0.0, status="optimal")
    if not stops:
        return nothing
    try:
        return mobile_round(
            near,
            people,
            pd.DataFrame({"facility_id": stops}),
            ground.pairs(of_team, [base, *stops], [base, *stops], cutoff=day_min),
            base=base,
            within_min=how.within_min,
            days=how.days,
            hours_per_day=how.hours_per_day,
            hours_per_stop=how.hours_per_stop,
            persons_per_stop=np.inf if how.persons_per_stop is None else how.persons_per_stop,
            demand="persons",
        )
    except InfeasibleError:
        return nothing


def round_scenario(name: str, tour: MobileRound, how: RoundOptions, services: Sequence[str]) -> str:
    """Write a round as a scenario: each stop once a period, in weeks of five days; empty without stops."""
    if tour.stops.empty:
        return ""
    days = min(DAYS_A_WEEK, DAYS_A_WEEK / how.days)
    at = tour.stops["stop_id"].tolist()
    told = "".join(f"  {toml_value({'service': service, 'at': at, 'days_a_week': days})},\n" for service in services)
    return f'\n[[scenarios]]\nname = "{name}"\nmobile_stops = [\n{told}]\n'
