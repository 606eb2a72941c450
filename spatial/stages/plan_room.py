"""Room for those who find none, shared or made, and rounds to those whom no site reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.analyst import travel_times
from spatial.access.places import eligible_by_unit, find_settlement, is_for_some_units, lies_in, unknown_units
from spatial.arrays import ObjectArray
from spatial.errors import ContractError, InfeasibleError, StudyError, first_of
from spatial.inputs.facility_facts import capacity_units
from spatial.inputs.units import assign_units
from spatial.norms.measuring import modes_for
from spatial.plain_text import toml_value
from spatial.planning.agenda import Answer, Question, Sharing, no_answer, no_help, service_norm
from spatial.planning.making_room import CapacityMatch, Filling, RoomTask, make_room, match_capacity
from spatial.planning.mobile import MobileRound, mobile_round
from spatial.planning.plans import SAME
from spatial.stages.plan_sites import NewSites, PlanGround, homes_of, pays_for_nothing
from spatial.stages.policy import vocabulary_of
from spatial.study.plans import PlanOptions, RoundOptions
from spatial.study.scenarios import DAYS_A_WEEK

MINUTES_AN_HOUR = 60.0
SHARES = "shares_within"
"""Column of what settlements and facilities lie in: room may be shared within one such unit."""
ROUND_NAME = "-round"
"""Ends the name of the scenario that the round of a plan is."""
ROOM = ("facility_id", "service", "persons", "persons_per_unit", "capacity_persons", "capacity_unit", SHARES)
"""Columns of facilities with room."""


class RoomPlan(NamedTuple):
    """An answer for room where there is one, and which units would share."""

    answer: Answer | None
    share_units: list[list[str]]


class RoomQuestion(NamedTuple):
    """Whom a plan is to find room for, and what stands today; ``facilities`` are those that it may use or change."""

    item: PlanOptions
    question: Question
    facilities: gpd.GeoDataFrame
    standing: gpd.GeoDataFrame  # of the service itself, those beside the study area among them
    people: pd.Series[float]  # who fills it, by the ids of settlements; NaN where unknown


def ask_for_room(item: PlanOptions, of_norm: Question | None, ground: PlanGround) -> RoomQuestion:
    """Ask for room for those who find none of a service, or none within the minutes of a norm or plan."""
    settlements, facilities, options = ground.settlements, ground.facilities, ground.options
    chosen, vocabulary = options.measures, vocabulary_of(options)
    norm = None if of_norm is None else of_norm.norm
    service, within = item.service or str(norm and norm.service), item.within_min or (norm.threshold if norm else 0.0)
    modes = options.network.modes
    mode = modes_for(norm.mode, modes)[0] if norm else item.mode or chosen.mode or modes[0]
    offered = facilities.loc[facilities["status"] == "existing"]
    column = item.group or chosen.demand if norm is None else f"{norm.stat_unit}_persons"
    persons = settlements.get(column, pd.Series(np.nan, settlements.index)).set_axis(settlements["settlement_id"])
    is_unknown = bool(persons.isna().all())
    rooms, left = [], None if is_unknown else np.zeros(len(persons))
    standing, seen = offered.iloc[:0], frozenset[str]()
    for name in (service, *item.compatible):
        kinds = vocabulary.satisfying(name) - seen
        seen |= kinds
        theirs = offered.loc[offered["service"].isin(kinds)].reset_index(drop=True)
        each = chosen.persons_per_unit.get(name)
        is_known = bool(theirs["capacity"].notna().all()) and len(capacity_units(theirs)) <= 1
        if left is None or each is None or not is_known or not (len(theirs) or item.new_sizes):
            left = None
            break
        catchment = within if item.makes_room else chosen.catchment_min
        filling = _filling(theirs, persons, mode, catchment, ground)
        room = each * theirs["capacity"].to_numpy(dtype=np.float64)
        if name == service:
            left, standing = filling.left(room), theirs
        free = filling.idle(room)
        # What people of the model take and what is in use may be others: neither is given away.
        unused = each * (theirs["capacity"] - theirs["load"]).clip(lower=0.0)
        known = theirs.assign(service=name, persons=np.fmin(free, unused), persons_per_unit=each, capacity_persons=room)
        rooms.append(known.loc[known["in_study"]])
    every = persons.to_numpy(dtype=np.float64)
    lacks = np.full(len(persons), np.nan) if left is None else left
    need = pd.DataFrame(
        {
            "unit_id": settlements["settlement_id"].to_numpy(),
            "persons": every,
            "within_persons": every - lacks,
            "before": np.nan,
            "outcome": np.select([np.isnan(every) | np.isnan(lacks), lacks > 0.0], ["unknown", "beyond"], "within"),
            "lacks": lacks,
            SHARES: shares_within(item, settlements, ground.boundaries),
        }
    )
    is_asked = settlements["in_study"].to_numpy(dtype=bool)
    if of_norm is not None and len(of_norm.need):
        is_asked = is_asked & settlements["settlement_id"].isin(of_norm.need["unit_id"]).to_numpy()
    need = need.loc[is_asked].reset_index(drop=True)
    asked = norm or service_norm(service, mode, within, stat_unit=column.removesuffix("_persons"))
    question = Question(item.name, "matching", need, asked, wanted=(service,), budget=item.budget)
    question = replace(question, currency=None if ground.stated is None else ground.stated.currency)
    if not question.is_beyond.any():
        question = no_answer(question, "no_group" if is_unknown else "no_capacity" if left is None else "met")
    idle = gpd.GeoDataFrame(pd.concat([offered.iloc[:0], *rooms], ignore_index=True), crs=facilities.crs)
    return RoomQuestion(item, question, idle, standing, persons)


def _filling(
    facilities: gpd.GeoDataFrame, persons: pd.Series[float], mode: str, within: float | None, ground: PlanGround
) -> Filling:
    """Join people to facilities within some minutes; what is kept for others they do not reach."""
    od = pd.DataFrame({name: [] for name in ("from_id", "to_id", "travel_time_min")})
    if len(facilities):
        travel: dict[str, Any] = {"rules": ground.options.network, "barriers": ground.barriers}
        od = travel_times(ground.graph(mode), ground.settlements, facilities, cutoff_min=within, **travel)
    return Filling.of(od, persons, facilities["facility_id"].tolist())


def find_room(asked: RoomQuestion, ground: PlanGround, new: NewSites | None) -> RoomPlan:
    """Find room at facilities that have some, or enlarge, open and close some, as far as the plan says."""
    item, question, idle = asked.item, asked.question, asked.facilities
    if question.ask == "none":
        return RoomPlan(None, [])
    if item.makes_room:
        return RoomPlan(plan_making(asked, ground, new), [])
    idle = idle.assign(**{SHARES: shares_within(item, idle, ground.boundaries)})
    everybody = idle.assign(
        open_to=idle.get("open_to", pd.Series("all", idle.index)).mask(is_for_some_units(idle), "all")
    )
    lacking = question.need.loc[question.is_beyond]
    found = match_capacity(
        lacking.assign(settlement_id=lacking["unit_id"], service=item.service, persons=lacking["lacks"]),
        pd.DataFrame(idle.reindex(columns=[*ROOM])),
        travel_times(
            ground.graph(question.norm.mode), ground.settlements, everybody, cutoff_min=item.within_min,
            rules=ground.options.network, barriers=ground.barriers,
        ),
        compatible={str(item.service): item.compatible},
        sharing=None if item.sharing is None else SHARES,
        cutoff_min=item.within_min,
    )  # fmt: skip
    homes, sites = ground.settlements.set_index("settlement_id"), idle.set_index("facility_id")
    answer = plan_matching(question, found, homes.geometry, sites.geometry)
    # The units that would have to share, so that those who are sent to a facility may use it.
    eligible = eligible_by_unit(homes.reset_index(), sites.reset_index())
    i = homes.index.get_indexer(pd.Index(found.matches["settlement_id"]))
    j = sites.index.get_indexer(pd.Index(found.matches["facility_id"]))
    shared: list[set[str]] = []
    for row in np.flatnonzero(~eligible.allowed[eligible.kinds[i], j]):
        home = homes.iloc[i[row]]
        theirs = home.get("township_id")
        kept = {unit.strip() for unit in str(sites["eligible_units"].iloc[j[row]]).split(";") if unit.strip()}
        units = kept | {theirs if isinstance(theirs, str) else str(found.matches["settlement_id"].iloc[row])}
        # Units that share with the same others are one community.
        others = [group for group in shared if group & units]
        shared = [group for group in shared if not group & units] + [units.union(*others)]
    return RoomPlan(answer, [sorted(group) for group in shared])


def shares_within(item: PlanOptions, places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame) -> ObjectArray:
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
        named = [unit for units in item.sharing for unit in units]
        if strange := unknown_units(places, named) if "facility_id" not in places else []:
            there = f"there are {first_of(sorted(places.get('township', own).dropna().unique()))}"
            fault = f"no settlement lies in a unit {first_of(strange)}; name units by code, id or name: {there}"
            raise StudyError("study", [f"plans.{item.name}.sharing: {fault}"])
        for number, units in enumerate(item.sharing):
            # A number is the id of no township.
            own = own.astype(object).mask(lies_in(places, units), number)
    return own.to_numpy(dtype=object)


def plan_making(asked: RoomQuestion, ground: PlanGround, new: NewSites | None) -> Answer:
    """Enlarge, open and close what lets most find room: as few as a norm asks for, or as a budget pays for."""
    item, question = asked.item, asked.question
    costs, options, service = ground.stated, ground.options, question.norm.service
    stated = np.nan if costs is None else costs.unit.get(service, np.nan)
    theirs, crs = asked.standing, ground.settlements.crs
    # As a scenario calls them, since of facilities at one time the lower id is filled first; one that a scenario has
    # opened there already has that name.
    places, called = (theirs.iloc[:0], pd.Series(dtype=object)) if new is None else (new.places, new.names)
    is_there = [places["facility_id"], called.reindex(places["facility_id"])]
    places = places.loc[~np.any([one.isin(theirs["facility_id"]) for one in is_there], axis=0)]
    ids = places["facility_id"].tolist()
    unit = next(iter(capacity_units(theirs)), None)
    opened = places[["facility_id", "geometry"]].assign(
        facility_id=called.reindex(ids).to_list(), status="existing", in_study=True, capacity=0.0, capacity_unit=unit
    )
    opened["service"] = theirs["service"].iloc[0] if len(theirs) else service
    frame = gpd.GeoDataFrame(pd.concat([theirs, opened], ignore_index=True), crs=crs)
    homes = ground.settlements["settlement_id"]
    filling = _filling(frame, asked.people, question.norm.mode, question.norm.threshold, ground)
    each = float(options.measures.persons_per_unit[service])
    # Room beyond all people there are is as good as any.
    held = frame["capacity"].to_numpy(dtype=np.float64)
    capacity = np.minimum(held, np.ceil(filling.people.sum() / each))
    is_new = np.arange(len(frame)) >= len(theirs)
    may = frame["facility_id"].isin(asked.facilities["facility_id"]).to_numpy()
    grows = may & bool(item.enlarge)
    closing = np.nan if costs is None else costs.close.get(service, np.nan)
    opening = np.zeros(0) if new is None else new.opening.reindex(ids).to_numpy(dtype=np.float64)
    reached = np.bincount(filling.facility, minlength=len(frame)) > 0
    lacking = question.need.loc[question.is_beyond, "unit_id"]
    # Where nobody says what things cost, the fewest units are sought.
    unit_cost = stated if np.isfinite(stated) else float(question.budget is None)
    task = RoomTask(
        filling=filling,
        asked=np.asarray(homes.isin(lacking)),
        each=each,
        capacity=capacity,
        is_new=is_new,
        most_more=np.where(grows, np.floor((options.planning.enlarge_to - 1.0) * capacity + SAME), 0.0),
        opening=np.concatenate((np.zeros(len(theirs)), np.nan_to_num(opening))),
        # What nobody is known to reach is not known to be of no use; what holds nothing cannot hold less.
        saving=np.where(may & bool(item.close) & reached & (capacity > 0.0), closing, np.nan),
        sizes=np.array(sorted(item.new_sizes), dtype=np.float64),
        unit_cost=unit_cost,
        count=item.sites or (len(frame) if item.budget is not None else options.planning.most_sites),
        budget=np.inf if question.budget is None else question.budget,
    )
    cheapest = min(
        [unit_cost] * item.enlarge
        + [task.opening[is_new].min(initial=np.inf) + unit_cost * size for size in task.sizes],
        default=0.0,
    )
    if cheapest > (task.budget + np.nansum(task.saving)) * (1.0 + SAME):
        fault = pays_for_nothing(question.plan_id, question.budget, question.currency, cheapest)
        raise StudyError("study", [fault])
    made = make_room(task)
    gained = np.array([(made.left[0] - left)[task.asked].sum() for left in made.left])
    count = question.fewest(gained) if question.budget is None else len(gained) - 1
    if count < len(task.chosen(made.units)):
        made = make_room(replace(task, count=count))
        gained = np.array([(made.left[0] - left)[task.asked].sum() for left in made.left])
    if not made.order:
        return no_help(question)
    named = np.array([*theirs["facility_id"], *ids], dtype=object)
    more = made.units - capacity
    price = np.concatenate((np.zeros(len(theirs)), opening)) + np.where(is_new, np.nan_to_num(stated), stated) * more
    price = np.where(more < 0.0, -closing, price)
    # Tell of each action who finds room by it, and what facilities then hold and have left.
    order, need, points = np.array(made.order), question.need, ground.settlements.set_index("settlement_id").geometry
    rows = filling.homes.get_indexer(pd.Index(need["unit_id"]))
    table = -np.diff(np.array(made.left), axis=0)[:, rows] * question.is_beyond.to_numpy()
    table = np.where(table > SAME * task.each, table, 0.0)
    step, row = np.nonzero(table)
    ways = pd.Series(filling.minutes, pd.MultiIndex.from_arrays([filling.settlement, filling.facility]))
    matches = pd.DataFrame(
        {
            "row": row,
            "step": step,
            "settlement_id": need["unit_id"].to_numpy()[row],
            "facility_id": named[order[step]],
            "service": question.norm.service,
            "persons": table[step, row],
            # Of those who find room elsewhere, which others leave to them, no way is told.
            "travel_time_min": ways.reindex(pd.MultiIndex.from_arrays([rows[row], order[step]])).to_numpy(),
        }
    ).sort_values(["step", "persons"], ascending=[True, False], kind="stable", ignore_index=True)
    room, before = task.each * made.units, task.each * task.capacity
    now = filling.given(before)
    rest = made.left[-1] * task.asked
    larger = (made.units + (np.arange(len(made.units)) == site) for site in order)  # one more unit at each
    more_served = np.array([task.gained(units) for units in larger]) - task.gained(made.units)
    free, idle = filling.idle(room), filling.idle(before)
    given = table.sum(axis=1)
    gained = np.concatenate(([0.0], np.cumsum(given)))
    grown, units = made.units[order], held[order]
    kinds = np.select([grown < units, task.is_new[order]], ["close_site", "open_site"], "enlarge_site")
    shapes = []
    for at, site in enumerate(made.order):
        # Of what closes the lines lead to those who come today.
        come = (
            filling.settlement[(filling.facility == site) & (now > 0.0)]
            if kinds[at] == "close_site"
            else rows[table[at] > 0.0]
        )
        ends = sorted(filling.homes[come]) or [filling.homes[filling.settlement[filling.facility == site]][0]]
        point = frame.geometry.iloc[site].coords[0]
        shapes.append(shapely.MultiLineString([[point, points[home].coords[0]] for home in ends]))
    is_met = (rest[rows] <= 0.0) & question.is_beyond.to_numpy()
    is_proven = gained[-1] >= made.bound * (1.0 - SAME)
    return Answer(
        actions=pd.DataFrame(
            {
                "action": kinds,
                "where": named[order],
                "alone": made.alone,
                "lost_without": made.lost_without,
                "length_km": np.nan,
                "shape": shapes,
                "capacity_before": units,
                "capacity_after": grown,
                "capacity_unit": unit,
                "cost": price[order],
            }
        ),
        after=need["before"].to_numpy(dtype=np.float64),
        reached_in=np.where(is_met, table.argmax(axis=0), -1),
        # What closes at the end brings nobody.
        curve=pd.DataFrame({"number": range(len(gained)), "gained": gained, "length_km": np.nan}).iloc[
            : 1 + len(task.chosen(made.units))
        ],
        status="optimal" if is_proven else "feasible",
        bound=float(gained[-1] if is_proven else made.bound),
        sharing=Sharing(
            matches,
            pd.DataFrame(
                {
                    "facility_id": named[order],
                    "service": question.norm.service,
                    "capacity_unit": unit,
                    "capacity_persons": room[order],
                    "idle_persons": idle[order],
                    "given_persons": given,
                    "left_persons": free[order],
                    "more_persons": np.where(more_served > SAME * task.each, more_served, 0.0),
                }
            ),
            np.nan,
        ),
    )


def plan_matching(question: Question, found: CapacityMatch, homes: gpd.GeoSeries, sites: gpd.GeoSeries) -> Answer:
    """Bring those who find no room to facilities that have some: an action a facility, those that take most first."""
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
        status="optimal",
        bound=float(gained[-1]),
        sharing=told,
    )


def base_of_round(plan_id: str, how: RoundOptions, settlements: gpd.GeoDataFrame) -> str:
    """Find the settlement where the team of a plan sets out, or refuse its name."""
    key = f"plans.{plan_id}.round.base"
    try:
        base = find_settlement(settlements, how.base)
    except ContractError as error:
        raise StudyError("study", [f"{key}: {problem}" for problem in error.problems]) from error
    if base not in homes_of(settlements)["settlement_id"].tolist():
        raise StudyError("study", [f"{key}: {how.base!r} lies outside the study area, or has no name"])
    return base


def plan_round(question: Question, answer: Answer, how: RoundOptions, ground: PlanGround) -> MobileRound:
    """Send a team to those whom sites leave out, stopping at settlements; without stops where a day holds none."""
    service, modes = question.norm.service, ground.options.network.modes
    homes = ground.homes["settlement_id"].tolist()
    base = base_of_round(question.plan_id, how, ground.settlements)
    left = question.need.loc[question.is_beyond & (answer.reached_in < 0)]
    people = pd.DataFrame({"settlement_id": left["unit_id"], "persons": question.weight[left.index]})
    people = people.loc[people["persons"] > 0.0]
    by = (modes_for(question.norm.mode, modes) or modes)[0]
    around = service_norm(service, by, how.within_min)
    near = ground.pairs(around, people["settlement_id"].tolist(), homes, cutoff=how.within_min)
    # Where the team stops nobody goes anywhere, though by car the way to oneself leads over the nearest road.
    own = people.loc[people["settlement_id"].isin(homes), "settlement_id"]
    near = pd.concat([near, pd.DataFrame({"from_id": own, "to_id": own, "travel_time_min": 0.0})], ignore_index=True)
    near = near.sort_values("travel_time_min", kind="stable").drop_duplicates(["from_id", "to_id"])
    near = near.loc[near["to_id"] != base]  # what the base serves needs no round
    stops = sorted(set(near["to_id"]))
    day_min = MINUTES_AN_HOUR * how.hours_per_day
    of_team = service_norm(service, how.mode or modes[0], day_min)
    unseen = pd.DataFrame(columns=["stop_id", "day", "order", "leg_min", "arrive_min", "leave_min", "persons"])
    nothing = MobileRound(unseen, unseen, people, unseen, unseen, objective=0.0, bound=0.0, status="optimal")
    legs = ground.pairs(of_team, [base, *stops], [base, *stops], cutoff=day_min)
    if not stops or not legs["from_id"].eq(base).any():  # nobody is near a stop, or no road leads away from the base
        return nothing
    try:
        return mobile_round(
            near,
            people,
            pd.DataFrame({"facility_id": stops}),
            legs,
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


def round_scenario(name: str, tour: MobileRound, how: RoundOptions, services: Mapping[str, Mapping[str, float]]) -> str:
    """Write a round as a scenario: each stop once a period, in weeks of five days, and what is known of it."""
    if tour.stops.empty:
        return ""
    days = min(DAYS_A_WEEK, DAYS_A_WEEK / how.days)
    at = tour.stops["stop_id"].tolist()
    told = "".join(
        f"  {toml_value({'service': service, 'at': at, 'days_a_week': days, **known})},\n"
        for service, known in services.items()
    )
    return f'\n[[scenarios]]\nname = "{name}"\nmobile_stops = [\n{told}]\n'
