"""Room for those who find none, shared or made by enlarging, and rounds to those whom no site reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access import travel_times
from spatial.access.capacity import allocate_capacity, fill_rings, ring_starts
from spatial.access.eligibility import eligible_by_unit, is_for_some_units, lies_in, unknown_units
from spatial.access.places import find_settlement, id_ranks
from spatial.errors import ContractError, InfeasibleError, StudyError, first_of
from spatial.inputs.facility_facts import capacity_units
from spatial.inputs.units import assign_units
from spatial.norms.measuring import modes_for
from spatial.plain_text import toml_value
from spatial.planning.agenda import Answer, Question, Sharing, no_answer, no_help, service_norm
from spatial.planning.matching import match_capacity
from spatial.planning.mobile import MobileRound, mobile_round
from spatial.planning.programs import SAME
from spatial.stages.policy import vocabulary_of
from spatial.study.scenarios import DAYS_A_WEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from spatial.access.capacity import CapacityAllocation
    from spatial.network.graph import TravelGraph
    from spatial.planning.matching import CapacityMatch
    from spatial.runner.stage import Options
    from spatial.study.plans import PlanCosts, PlanOptions, RoundOptions

    ObjectArray = NDArray[np.object_]
    FloatArray = NDArray[np.float64]

MINUTES_AN_HOUR = 60.0
SHARES = "shares_within"
"""Column of what settlements and facilities lie in: room may be shared within one such unit."""
ROUND_NAME = "-round"
"""Ends the name of the scenario that the round of a plan is."""
ROOM = ("facility_id", "service", "persons", "persons_per_unit", "capacity_persons", "capacity_unit", SHARES)
"""Columns of facilities with room."""


class RoomPlan(NamedTuple):
    """A question for room, its answer where there is one, the facilities asked, and which units would share."""

    question: Question
    answer: Answer | None
    facilities: gpd.GeoDataFrame
    share_units: list[list[str]]


class RoomGround(NamedTuple):
    """What room is planned on; ``graph`` gives the network of a mode."""

    settlements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame
    graph: Callable[[str], TravelGraph]
    barriers: gpd.GeoSeries | None
    costs: PlanCosts | None


def plan_room(item: PlanOptions, ground: RoomGround, options: Options) -> RoomPlan:
    """
    Find room for those who find none of a service: at facilities of the study that have some, or by enlarging some.

    Who finds none is whom the table `served` leaves out: facilities are filled in the order of travel time within
    `measures.catchment_min`. Idle is what this leaves free, and no more than their load leaves free where that is
    known. Whoever finds none may go as far as the plan says, to facilities that are kept for other units too. Where
    facilities are enlarged, who finds room is told by filling them anew, within as many minutes as the plan says.
    """
    assert item.service is not None  # the study has seen to it
    assert item.within_min is not None
    settlements, facilities = ground.settlements, ground.facilities
    chosen, vocabulary = options.measures, vocabulary_of(options)
    catchment = item.within_min if item.enlarge else chosen.catchment_min
    mode = item.mode or chosen.mode or options.network.modes[0]
    travel: dict[str, Any] = {"rules": options.network, "barriers": ground.barriers}
    offered = facilities.loc[facilities["status"] == "existing"]
    persons = settlements.get(chosen.demand, pd.Series(np.nan, settlements.index)).to_numpy(dtype=np.float64)
    rooms, left = [], None if np.isnan(persons).all() else np.zeros(len(persons))
    fillings: list[_Filling] = []
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
        filling = _Filling(
            travel_times(ground.graph(mode), settlements, theirs, cutoff_min=catchment, **travel),
            settlements,
            theirs,
            {
                "service": kinds,
                "vocabulary": vocabulary,
                "cutoff_min": catchment,
                "demand": chosen.demand,
                "persons_per_unit": each,
            },
        )
        filled = filling.filled()
        fillings.append(filling)
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
            SHARES: _shares_within(item, settlements, ground.boundaries),
        }
    )
    need = need.loc[settlements["in_study"].to_numpy(dtype=bool)].reset_index(drop=True)
    norm = service_norm(item.service, mode, item.within_min, stat_unit=chosen.demand.removesuffix("_persons"))
    question = Question(item.name, "matching", need, norm, wanted=(item.service,), budget=item.budget)
    question = replace(question, currency=None if ground.costs is None else ground.costs.currency)
    asked = need.loc[question.is_beyond]
    if asked.empty:
        return RoomPlan(no_answer(question, "no_capacity" if left is None else "met"), None, offered.iloc[:0], [])
    idle = gpd.GeoDataFrame(pd.concat(rooms, ignore_index=True), crs=facilities.crs)
    if item.enlarge:
        how, costs = options.planning, {} if ground.costs is None else ground.costs.unit
        number = item.sites or (len(idle) if item.budget is not None else how.most_sites)
        growth = Growth(number, how.enlarge_to, costs.get(item.service, np.nan))
        return RoomPlan(question, plan_enlarging(question, fillings[0], idle, growth), idle, [])
    idle = idle.assign(**{SHARES: _shares_within(item, idle, ground.boundaries)})
    everybody = idle.assign(
        open_to=idle.get("open_to", pd.Series("all", idle.index)).mask(is_for_some_units(idle), "all")
    )
    found = match_capacity(
        asked.assign(settlement_id=asked["unit_id"], service=item.service, persons=asked["lacks"]),
        pd.DataFrame(idle.reindex(columns=[*ROOM])),
        travel_times(ground.graph(mode), settlements, everybody, cutoff_min=item.within_min, **travel),
        compatible={item.service: item.compatible},
        sharing=None if item.sharing is None else SHARES,
        cutoff_min=item.within_min,
    )
    homes, sites = settlements.set_index("settlement_id"), idle.set_index("facility_id")
    answer = plan_matching(question, found, homes.geometry, sites.geometry)
    return RoomPlan(question, answer, idle, _sharing_units(found.matches, homes, sites))


def _shares_within(item: PlanOptions, places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame) -> ObjectArray:
    """Say within what each settlement or facility may share room: its township, a larger unit, or who has agreed."""
    own = places.get("township_id", pd.Series(None, places.index, dtype="str"))
    if isinstance(item.sharing, int):
        larger = boundaries.loc[boundaries["admin_level"] == item.sharing]
        if larger.empty:
            levels = ", ".join(f"{level:g}" for level in sorted(boundaries["admin_level"].dropna().unique()))
            fault = f"no boundary has the level {item.sharing}; there are {levels or 'none'}"
            raise StudyError("study", [f"plans.{item.name}.sharing: {fault}"])
        own = assign_units(places, larger.assign(is_unit=True), [item.sharing])["township_id"]
    elif isinstance(item.sharing, tuple):
        for number, units in enumerate(item.sharing):
            if strange := unknown_units(places, units) if "settlement_id" in places else []:
                fault = f"nobody lives in {first_of(strange)}: name units by code, id or name"
                raise StudyError("study", [f"plans.{item.name}.sharing: {fault}"])
            # A number is the id of no township.
            own = own.astype(object).mask(lies_in(places, units), number)
    return own.to_numpy(dtype=object)


class _Filling(NamedTuple):
    """Facilities of one service to be filled in the order of travel time."""

    od: pd.DataFrame
    settlements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    asked: dict[str, Any]  # of `allocate_capacity`

    def filled(self, more_units: float | FloatArray = 0.0) -> CapacityAllocation:
        """Fill facilities, with some units more than they hold today."""
        facilities = self.facilities.assign(capacity=self.facilities["capacity"] + more_units)
        return allocate_capacity(self.od, self.settlements, facilities, **self.asked)


class Growth(NamedTuple):
    """How many facilities may grow, to how many times what they hold, and what a unit costs (NaN where unknown)."""

    sites: int
    times: float
    unit_cost: float


def plan_enlarging(question: Question, filling: _Filling, sites: gpd.GeoDataFrame, growth: Growth) -> Answer:
    """
    Enlarge the facilities of the study that let most people find room, each by no more units than that takes.

    One after the other: who finds room is told each time by filling all facilities anew, as a run with these capacities
    does. Under a budget those come first that let most people find room for the money.
    """
    need, unit_cost, each = question.need, growth.unit_cost, float(filling.asked["persons_per_unit"])
    is_paid = question.budget is not None
    if question.budget is not None and not unit_cost <= question.budget * (1.0 + SAME):
        service = question.norm.service
        fault = f"{question.budget:,.10g} {question.currency} pay for nothing; the cheapest costs {unit_cost:,.10g}"
        if np.isnan(unit_cost):
            fault = f"needs what a unit of capacity costs; write [planning.costs] unit = {{ {service} = ... }}"
        raise StudyError("study", [f"plans.{question.plan_id}.budget: {fault}"])
    # All that changes from one filling to the next is how much facilities hold.
    homes, theirs = pd.Index(filling.settlements["settlement_id"]), pd.Index(filling.facilities["facility_id"])
    od = filling.od.dropna(subset="travel_time_min")
    i, j = homes.get_indexer(od["from_id"]), theirs.get_indexer(od["to_id"])
    minutes = od["travel_time_min"].to_numpy()
    queue = np.lexsort((id_ranks(homes)[i], id_ranks(theirs)[j], minutes))
    i, j, minutes = i[queue], j[queue], minutes[queue]
    rings = ring_starts(j, minutes)
    people = filling.settlements[filling.asked["demand"]].fillna(0.0).to_numpy(dtype=np.float64)
    room = each * filling.facilities["capacity"].to_numpy(dtype=np.float64)
    rows, lacking = homes.get_indexer(need["unit_id"]), question.is_beyond.to_numpy()
    units = np.zeros(len(theirs))

    def left_with(units: FloatArray) -> FloatArray:
        """Tell who of the need is left without room, with so many units more at each facility."""
        given = fill_rings(rings, i, j, people, room + each * units)
        rest = (people - np.bincount(i, given, minlength=len(people)))[rows]
        return np.where(lacking & (rest > SAME * people[rows]), rest, 0.0)

    def least_units(site: int, most: float, others: FloatArray) -> float:
        """Find how few units at a facility let as many find room as so many do."""
        low, high, goal = 0.0, most, left_with(np.where(np.arange(len(others)) == site, most, others)).sum()
        while low < high:
            middle = np.floor((low + high) / 2.0)
            is_enough = left_with(np.where(np.arange(len(others)) == site, middle, others)).sum() <= goal + SAME * each
            low, high = (low, middle) if is_enough else (middle + 1.0, high)
        return low

    grown = sites.set_index("facility_id")
    most = np.floor((growth.times - 1.0) * grown["capacity"].reindex(theirs).fillna(0.0).to_numpy() + SAME)
    chosen: list[int] = []
    now = left_with(units).sum()
    while len(chosen) < growth.sites:
        spare = np.inf if question.budget is None else question.budget * (1.0 + SAME) - unit_cost * units.sum()
        worth = np.zeros(len(theirs))
        may = np.minimum(most, np.floor(spare / unit_cost) if unit_cost > 0.0 else np.inf)
        for site in np.flatnonzero((may >= 1.0) & (units == 0.0)).tolist():
            with_it = np.where(np.arange(len(units)) == site, may, units)
            worth[site] = now - left_with(with_it).sum()
            if is_paid and worth[site] > SAME * each:
                worth[site] /= least_units(site, may[site], units)
        best = int(worth.argmax())
        if worth[best] <= SAME * each:
            break
        units[best] = least_units(best, may[best], units)
        chosen.append(best)
        now = left_with(units).sum()
    for site in chosen:  # behind those that came later, fewer units may do
        units[site] = least_units(site, units[site], units)
    chosen = [site for site in chosen if units[site]]
    if not chosen:
        return no_help(question)
    brought, before = [], left_with(np.zeros(len(units)))
    for count in range(1, len(chosen) + 1):
        after_it = left_with(np.where(np.isin(np.arange(len(units)), chosen[:count]), units, 0.0))
        brought.append(np.maximum(before - after_it, 0.0))
        before = after_it
    added, left = theirs[chosen].tolist(), pd.Series(before, need["unit_id"])
    pairs = pd.DataFrame({"from_id": homes[i], "to_id": theirs[j], "travel_time_min": minutes})
    table = np.array(brought)
    step, row = np.nonzero(table)
    ways = pairs.set_index(["from_id", "to_id"])["travel_time_min"]
    ids = need["unit_id"].to_numpy()[row]
    steps = np.array(added, dtype=object)
    matches = pd.DataFrame(
        {
            "row": row,
            "step": step,
            "settlement_id": ids,
            "facility_id": steps[step],
            "service": question.norm.service,
            "persons": table[step, row],
            # Of those who find room elsewhere, which others leave to them, no way is told.
            "travel_time_min": ways.reindex(pd.MultiIndex.from_arrays([ids, steps[step]])).to_numpy(),
        }
    ).sort_values(["step", "persons"], ascending=[True, False], kind="stable", ignore_index=True)
    taken = grown.loc[added]
    is_met = (left.to_numpy() <= 0.0) & question.is_beyond.to_numpy()
    given, held = table.sum(axis=1), taken["capacity"].to_numpy(dtype=np.float64)
    points = filling.settlements.set_index("settlement_id").geometry
    after = filling.filled(units).facilities.set_index("facility_id").loc[added]
    still = [bool(left.reindex(pairs.loc[pairs["to_id"] == site, "from_id"].unique()).sum() > SAME) for site in added]
    gained = np.concatenate(([0.0], np.cumsum(given)))
    return Answer(
        actions=pd.DataFrame(
            {
                "action": "enlarge_site",
                "where": added,
                "alone": np.nan,
                "lost_without": np.nan,
                "length_km": np.nan,
                "shape": [
                    shapely.MultiLineString([[taken.geometry[site].coords[0], points[home].coords[0]] for home in ends])
                    for site, ends in (
                        (site, sorted(matches.loc[matches["facility_id"] == site, "settlement_id"])) for site in added
                    )
                ],
                "capacity_before": held,
                "capacity_after": held + units[chosen],
                "capacity_unit": taken.get("capacity_unit", pd.Series(None, taken.index, dtype="str")).to_numpy(),
                "cost": unit_cost * units[chosen],
            }
        ),
        after=need["before"].to_numpy(dtype=np.float64),
        reached_in=np.where(is_met, table.argmax(axis=0), -1),
        curve=pd.DataFrame({"number": range(len(gained)), "gained": gained, "length_km": np.nan}),
        options=no_help(question).options,
        status="feasible",
        bound=np.nan,
        sharing=Sharing(
            matches,
            pd.DataFrame(
                {
                    "facility_id": added,
                    "service": question.norm.service,
                    "capacity_unit": taken.get("capacity_unit", pd.Series(None, taken.index, dtype="str")).to_numpy(),
                    "capacity_persons": after["capacity_persons"].to_numpy(),
                    "idle_persons": taken["persons"].to_numpy(),
                    "given_persons": given,
                    "left_persons": after["free_persons"].to_numpy(),
                    "more_persons": np.where(still & (after["free_persons"] <= SAME).to_numpy(), each, 0.0),
                }
            ),
            np.nan,
        ),
    )


def _sharing_units(matches: pd.DataFrame, homes: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> list[list[str]]:
    """List the units that would have to share, so that those who are sent to a facility may use it."""
    eligible = eligible_by_unit(homes.reset_index(), sites.reset_index())
    i = homes.index.get_indexer(pd.Index(matches["settlement_id"]))
    j = sites.index.get_indexer(pd.Index(matches["facility_id"]))
    shared: list[set[str]] = []
    for row in np.flatnonzero(~eligible.allowed[eligible.kinds[i], j]):
        home = homes.iloc[i[row]]
        theirs = home.get("township_id")
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
