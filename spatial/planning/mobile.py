"""
A round of a mobile service: where a doctor, a bookmobile or a bank on wheels stops, on which day and in which order.

All days that a team can make are written down, each the shortest way over its stops (Held and Karp 1962); a program
then chooses so many of them that most people are near a stop. That is exact where all days are on the list. Where too
many are possible, a covering problem whose budget is the team's time gives the bound and names the stops, and a day
goes on from each of them only to those next to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from spatial.access.od_pairs import id_faults, id_positions, require_columns, tell_strangers
from spatial.access.options import ABOVE_ZERO, check_count, check_minutes, not_within
from spatial.access.places import id_order
from spatial.arrays import FloatArray, IntArray
from spatial.errors import InfeasibleError, first_of, refuse
from spatial.planning.plans import HALF, SAME, Program, SitingPlan, at_most, solve
from spatial.planning.sites import Siting, SitingOptions, minutes_of, read_siting
from spatial.planning.siting import mclp

MOST_STOPS = 10
"""Stops of a day at most."""

MOST_WAYS = 20_000
"""So many ways from the base over stops are looked at; where there are more, fewer stops, and fewer next to each."""

BASE = 0
"""Position of the base among the places that the team travels between."""


@dataclass(frozen=True, eq=False)
class MobileRound:
    """
    Stops of a mobile service by day, and who is served.

    Parameters
    ----------
    stops : DataFrame
        One row a stop in the order of days and of the day: `stop_id`, `day` (from 1, the day that serves most people
        first), `order` (from 1), `leg_min` (from the base or the stop before), `arrive_min` and `leave_min` (after
        leaving the base), `persons` who are served there.
    days : DataFrame
        One row a day with stops: `day`, `stops`, `travel_min` (the way back to the base included), `total_min`,
        `persons`.
    demand : DataFrame
        One row a settlement in the order given, as in `SitingPlan`: people served, met by a full stop, not reached; of
        `reach`, ``not_reached`` says that another round could, ``no_candidate`` that no stop is near enough.
    assignment : DataFrame
        Who goes where: `from_id`, `to_id`, `travel_time_min`, `persons`.
    unused : DataFrame
        Stops that no day can hold: `stop_id`, `round_min` of a day with this stop alone (inf without a way).
    objective : float
        People served.
    bound : float
        No round serves more.
    status : {'optimal', 'feasible'}
        Whether the bound proves the round.
    """

    stops: pd.DataFrame
    days: pd.DataFrame
    demand: pd.DataFrame
    assignment: pd.DataFrame
    unused: pd.DataFrame
    objective: float
    bound: float
    status: Literal["optimal", "feasible"]


def mobile_round(  # noqa: PLR0913 - four frames, and each rule of the team under its own name
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    stops: pd.DataFrame,
    legs: pd.DataFrame,
    *,
    base: str,
    within_min: float,
    days: int = 10,
    hours_per_day: float = 8.0,
    hours_per_stop: float = 2.0,
    persons_per_stop: float = np.inf,
    demand: str = "population_persons",
) -> MobileRound:
    """
    Choose the stops of a mobile service, each once a period, and their days, so that most people are near one.

    Parameters
    ----------
    od : DataFrame
        Pairs of settlements and stops as `travel_times` gives them; those of others do not count.
    settlements : DataFrame
        `settlement_id` and people: those whom no fixed site will serve, such as those that `plan.demand` calls
        ``not_reached`` or ``no_candidate``. Unknown people are nobody, and are listed.
    stops : DataFrame
        `facility_id`: where the team may stop.
    legs : DataFrame
        Pairs of the base and the stops with each other, both ways: `from_id`, `to_id`, `travel_time_min` by the team's
        vehicle. Where the way over another stop is shorter, or the only one there is, the team drives that.
    base : str
        Id in the legs of where every day begins and ends.
    within_min : float
        How far people go to a stop, inclusive.
    days : int
        Days of the period, such as the 10 working days of a fortnight.
    hours_per_day : float
        From leaving the base to being back, inclusive.
    hours_per_stop : float
        Spent at each stop, above 0; at most ten stops make a day.
    persons_per_stop : float
        How many people the team can see at a stop.
    demand : str
        Column of the settlements with their people.

    Returns
    -------
    MobileRound
        Stops by day and order, who is served, and who is left out.

    Raises
    ------
    ContractError
        For frames or options that are not as above, all faults at once.
    InfeasibleError
        Where a day holds no stop at all (`bound`: the hours that the nearest one takes), or nobody is near any that it
        holds.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["p", "q"], "travel_time_min": 10.0})
    >>> people = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [300.0, 200.0]})
    >>> legs = pd.DataFrame(
    ...     [("base", "p", 60.0), ("p", "base", 60.0), ("base", "q", 50.0), ("q", "base", 50.0), ("p", "q", 90.0),
    ...      ("q", "p", 90.0)], columns=["from_id", "to_id", "travel_time_min"])
    >>> found = mobile_round(od, people, pd.DataFrame({"facility_id": ["p", "q"]}), legs, base="base", within_min=30,
    ...                      days=2, hours_per_day=5)
    >>> found.stops[["stop_id", "day", "persons"]].values.tolist()
    [['p', 1, 300.0], ['q', 2, 200.0]]
    """
    check_minutes("within_min", within_min)
    check_count("days", days)
    amounts = {"hours_per_day": hours_per_day, "hours_per_stop": hours_per_stop, "persons_per_stop": persons_per_stop}
    problems = [told for name, value in amounts.items() for told in not_within(name, value, least=ABOVE_ZERO)]
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    require_columns("settlements", settlements, ("settlement_id",))
    require_columns("stops", stops, ("facility_id",))
    require_columns("legs", legs, ("from_id", "to_id", "travel_time_min"))
    if not legs["from_id"].eq(base).any():
        problems.append(f"base: {base!r} begins no leg, among {first_of(legs['from_id'].unique())}")
    if (stops["facility_id"] == base).any():
        problems.append(f"base: {base!r} is a stop too; what the base itself serves is a fixed site")
    problems += id_faults(stops["facility_id"], "stops: facility_id") or ["stops: there is none"] * stops.empty
    refuse("options", problems)
    tell_strangers("settlements: settlement_id", settlements["settlement_id"], od["from_id"])
    for pairs in (od, legs):
        tell_strangers("stops: facility_id", stops["facility_id"], pairs["to_id"])
    ids = pd.Index(stops["facility_id"])[id_order(stops["facility_id"])]
    day = _Day.between(ids.insert(0, base), legs, hours_per_day, hours_per_stop)
    alone = day.minutes[BASE, 1:] + day.stop_min + day.minutes[1:, BASE]
    usable = alone <= day.longest_min * (1.0 + SAME)
    if not usable.any():
        raise InfeasibleError("hours_per_day: no stop can be reached, served and left in a day", alone.min() / 60.0)
    day = day.only(np.flatnonzero(np.insert(usable, 0, True)))
    sites = pd.DataFrame({"facility_id": ids[usable], "status": "candidate", "_min": day.least_min()})
    options: SitingOptions = {"demand": demand}
    if np.isfinite(persons_per_stop):
        sites["_persons"], options["capacity"] = persons_per_stop, "_persons"
    known = pd.Index(settlements["settlement_id"])
    near = od.loc[(id_positions(od["from_id"], known) >= 0) & (id_positions(od["to_id"], ids[usable]) >= 0)]

    def visited(chosen: IntArray | list[int]) -> SitingPlan:
        open_there = sites.assign(status=np.where(np.isin(np.arange(len(sites)), chosen), "existing", "candidate"))
        return mclp(near, settlements, open_there, n_facilities=0, service_radius=within_min, **options)

    asked = read_siting(near, settlements, sites, None, options, counts_sites=False).within(within_min)
    pool, bound = day.ways(len(sites)), np.inf
    if pool is None:
        # Too many: days over the stops that the team's time would pay if no way were longer than its halves.
        budget: SitingOptions = {"site_costs": "_min", "budget": days * day.for_stops_min() * (1.0 + SAME)}
        relaxed = mclp(near, settlements, sites, service_radius=within_min, **(options | budget))
        bound = relaxed.bound
        kept = np.flatnonzero(np.insert(sites["facility_id"].isin(relaxed.sites["facility_id"]), 0, True))
        neighbours = len(kept)
        while (few := day.only(kept).ways(neighbours)) is None:
            neighbours = neighbours * 3 // 4
        pool = [kept[order].tolist() for order in few]
    in_days, most = _choose_days(asked, pool, days)
    bound = most if np.isinf(bound) else bound
    # Each stop once, and none that nobody needs: those of fewest people are tried first.
    day_of = {place: number for number, order in enumerate(in_days) for place in order}
    chosen = [place - 1 for place in day_of]
    plan = visited(chosen)
    for stop in sorted(chosen, key=lambda k: (asked.weight[asked.demand[asked.site == k]].sum(), -k)):
        fewer = visited([other for other in chosen if other != stop])
        if fewer.objective >= plan.objective * (1.0 - SAME):
            plan, chosen = fewer, [other for other in chosen if other != stop]
    held = [
        [place for place in order if day_of[place] == number and place - 1 in chosen]
        for number, order in enumerate(in_days)
    ]
    rounds = [day.shortest(order) for order in held if order]
    persons = plan.sites.set_index("facility_id")["persons"].reindex(sites["facility_id"]).to_numpy()
    rounds = sorted(rounds, key=lambda order: (-sum(persons[place - 1] for place in order), order))
    place = np.concatenate(rounds)
    before = np.concatenate([[BASE, *order[:-1]] for order in rounds])
    told = pd.DataFrame(
        {
            "stop_id": sites["facility_id"].to_numpy()[place - 1],
            "day": np.repeat(np.arange(1, len(rounds) + 1), [len(order) for order in rounds]),
            "order": np.concatenate([np.arange(1, len(order) + 1) for order in rounds]),
            "leg_min": day.minutes[before, place],
        }
    )
    told["arrive_min"] = told.groupby("day")["leg_min"].cumsum() + day.stop_min * (told["order"] - 1)
    told["leave_min"] = told["arrive_min"] + day.stop_min
    told["persons"] = persons[place - 1]
    of_days = told.groupby("day", as_index=False).agg(stops=("order", "size"), persons=("persons", "sum"))
    of_days.insert(2, "total_min", [day.takes(order) for order in rounds])
    of_days.insert(2, "travel_min", of_days["total_min"] - day.stop_min * of_days["stops"])
    is_proven = bound - plan.objective <= SAME * max(bound, 1.0)
    return MobileRound(
        stops=told,
        days=of_days,
        demand=plan.demand,
        assignment=plan.assignment,
        unused=pd.DataFrame({"stop_id": ids[~usable], "round_min": alone[~usable]}),
        objective=plan.objective,
        bound=plan.objective if is_proven else bound,
        status="optimal" if is_proven else "feasible",
    )


def _choose_days(asked: Siting, pool: list[list[int]], days: int) -> tuple[list[list[int]], float]:
    """Choose days of a pool so that most people are near a stop of any, and say how many no choice exceeds."""
    (n, m), pairs = asked.shape, len(asked.site)
    stop = np.concatenate(pool) - 1
    of_day = np.repeat(np.arange(len(pool)), [len(order) for order in pool])
    # Columns: whether a stop is visited, whether a day is made, and which share of a settlement goes to a stop.
    x, y, v = np.split(np.arange(m + len(pool) + pairs), [m, m + len(pool)])
    people, each = asked.weight[asked.demand], np.arange(pairs)

    blocks = [
        at_most([x, stop], [x, y[of_day]], [1.0, -1.0], 0.0, m),
        at_most([0 * y], [y], [1.0], float(days), 1),
        at_most([asked.demand], [v], [1.0], 1.0, n),
        at_most([each, each], [v, asked.site], [1.0, -1.0], 0.0, pairs),
    ]
    if asked.capacity is not None:
        blocks.append(at_most([asked.site, x], [v, x], [people, -asked.capacity], 0.0, m))
    program = Program.empty(
        np.concatenate((0.0 * x, 0.0 * y, -people)),
        upper=1.0,
        whole=np.repeat([False, True, False], [m, len(y), pairs]),
    ).where(blocks)
    found = solve(program, time_limit_s=asked.time_limit_s)
    if not len(found.values):
        raise InfeasibleError("mobile_round: no round was found within the time limit")
    return [pool[k] for k in np.flatnonzero(found.values[y] > HALF)], -found.bound


class _Day(NamedTuple):
    """A day of the team, and the ways between the base and m stops."""

    longest_min: float
    stop_min: float
    minutes: FloatArray  # shape (m + 1, m + 1), the base first; inf without a way

    @classmethod
    def between(cls, places: pd.Index, legs: pd.DataFrame, hours_per_day: float, hours_per_stop: float) -> _Day:
        """Put legs into a table of places, the base first."""
        minutes = minutes_of("legs", legs)
        start, end = (id_positions(legs[name], places) for name in ("from_id", "to_id"))
        known = (start >= 0) & (end >= 0)
        table = np.full((len(places), len(places)), np.inf)
        np.minimum.at(table, (start[known], end[known]), minutes[known])
        # Days are built stop by stop, which is exact where no detour is shorter: legs that were cut off have some.
        over = table.copy()
        for place in range(len(places)):
            np.minimum(over, over[:, [place]] + over[[place]], out=over)
        table = np.where(over < table * (1.0 - SAME), over, table)
        np.fill_diagonal(table, np.inf)
        return cls(60.0 * hours_per_day, 60.0 * hours_per_stop, table)

    def only(self, places: IntArray) -> _Day:
        """Keep some places."""
        return self._replace(minutes=self.minutes[np.ix_(places, places)])

    def least_min(self) -> FloatArray:
        """Say what each stop takes at least: every leg of a round is half of one place and half of the next."""
        halves = (self.minutes.min(axis=0) + self.minutes.min(axis=1)) / 2.0
        return np.asarray(self.stop_min + halves[1:])

    def for_stops_min(self) -> float:
        """Say what a day has at most for its stops, by the same halves."""
        return self.longest_min - float(self.minutes[BASE].min() + self.minutes[:, BASE].min()) / 2.0

    def takes(self, order: list[int]) -> float:
        """Add up the legs of places in an order, from the base and back, and the time at each."""
        way = [BASE, *order, BASE]
        return float(self.minutes[way[:-1], way[1:]].sum()) + self.stop_min * len(order)

    def ways(self, neighbours: int) -> list[list[int]] | None:
        """List the days that can hold no further stop, each in its shortest order; None where there are too many."""
        after = (np.argsort(self.minutes[1:, 1:], axis=1, kind="stable")[:, :neighbours] + 1).tolist()
        limit = self.longest_min * (1.0 + SAME)
        best: dict[int, tuple[float, tuple[int, ...]]] = {}
        has_more: set[int] = set()
        now: dict[tuple[int, int], tuple[float, tuple[int, ...]]]
        now = {(1 << k, k): (self.minutes[BASE, k] + self.stop_min, (k,)) for k in range(1, len(self.minutes))}
        for size in range(1, MOST_STOPS + 1):
            longer: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
            for (stops, last), (spent, order) in now.items():
                found = (spent + self.minutes[last, BASE], order)
                best[stops] = min(found, best.get(stops, found))
                for place in after[last - 1] if size < MOST_STOPS else ():
                    more = spent + self.minutes[last, place] + self.stop_min
                    if not stops >> place & 1 and more + self.minutes[place, BASE] <= limit:
                        key = (stops | 1 << place, place)
                        longer[key] = min((more, (*order, place)), longer.get(key, (np.inf, ())))
                        has_more.add(stops)
            if len(best) + len(longer) > MOST_WAYS and neighbours > 1:
                return None
            now = longer
        return [list(order) for stops, (_, order) in best.items() if stops not in has_more]

    def shortest(self, places: list[int]) -> list[int]:
        """Find the shortest order of the places of a day."""
        own = self.only(np.array([BASE, *sorted(places)]))
        (order,) = own._replace(longest_min=np.inf).ways(len(places)) or [[]]  # of ten stops there are few ways
        return [sorted(places)[k - 1] for k in order]
