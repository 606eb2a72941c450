"""
Room for those who find none: which facilities to enlarge, open and close, under one budget.

Who finds room is told by filling facilities in the order of travel time, as a run does. A facility more, or a larger
one, then takes room from nobody (by induction over the rings: nobody has more left to place, and no facility less
free), so that a program that shares people out as is best for all, and leaves nobody behind whom today serves, bounds
every such plan. Where there are few pairs the order of filling is part of the program, which is then exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from spatial.access.capacity import fill_rings, ring_starts, transport
from spatial.access.od_pairs import end_of, id_positions, missing_in, require_columns, require_within, tell_strangers
from spatial.access.options import ABOVE_ZERO, limit_of, not_within, numbers
from spatial.access.places import id_ranks
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, first_of, refuse
from spatial.planning.plans import SAME, Program, at_most, rows_of, solve
from spatial.planning.sites import Faults, minutes_of

SECONDS = 10.0
"""For one program; what is not proven by then is told with its bound."""
MOST_TRIED = 60_000
"""Of so many choices without a budget each is tried."""
EXACT_PAIRS, TIGHT_PAIRS = 1_500, 20_000
"""Of so many pairs at most the order of filling is part of the program, a number of 0 or 1 for each; and each pair to
what opens has a row of its own."""


@dataclass(frozen=True, eq=False)
class Filling:
    """Facilities to be filled in the order of travel time; n settlements, m facilities, pairs as they are served."""

    homes: pd.Index  # n
    sites: pd.Index  # m
    settlement: IntArray  # shape (pairs,), position
    facility: IntArray  # shape (pairs,), position
    minutes: FloatArray  # shape (pairs,)
    people: FloatArray  # shape (n,), 0 where unknown

    @classmethod
    def of(cls, od: pd.DataFrame, people: pd.Series[float], sites: Sequence[str]) -> Filling:
        """Put pairs (`from_id`, `to_id`, `travel_time_min`) in order; ``people`` by the ids of settlements."""
        homes, ids = people.index, pd.Index(sites)
        known = od.dropna(subset="travel_time_min")
        i, j = homes.get_indexer(pd.Index(known["from_id"])), ids.get_indexer(pd.Index(known["to_id"]))
        minutes = known["travel_time_min"].to_numpy(dtype=np.float64)
        queue = np.lexsort((id_ranks(homes.to_series())[i], id_ranks(ids.to_series())[j], minutes))
        own = np.asarray(people.fillna(0.0), dtype=np.float64)
        return cls(homes, ids, i[queue].astype(np.int64), j[queue].astype(np.int64), minutes[queue], own)

    @cached_property
    def rings(self) -> IntArray:
        """Where those begin who come to one facility at one time."""
        return ring_starts(self.facility, self.minutes)

    def given(self, room: FloatArray) -> FloatArray:
        """Fill facilities that take so many people each: whom of each pair they take."""
        return fill_rings(self.rings, self.settlement, self.facility, self.people, room)

    def left(self, room: FloatArray) -> FloatArray:
        """Tell how many of each settlement then find none."""
        served = np.bincount(self.settlement, self.given(room), minlength=len(self.people))
        rest = self.people - served
        return np.where(rest > SAME * self.people, rest, 0.0)

    def idle(self, room: FloatArray) -> FloatArray:
        """Tell how much room each facility then has left."""
        rest = room - np.bincount(self.facility, self.given(room), minlength=len(room))
        return np.where(rest <= SAME * room, 0.0, rest)  # unknown where the room is


@dataclass(frozen=True, eq=False)
class RoomTask:
    """What may be done so that those who are asked about find room."""

    filling: Filling
    asked: BoolArray  # shape (n,), whom the plan is for
    each: float  # people whom a unit of capacity serves
    capacity: FloatArray  # shape (m,), units today, finite; 0 of what does not stand yet
    is_new: BoolArray  # shape (m,), does not stand yet
    most_more: FloatArray  # shape (m,), whole units by which it may grow; 0: may not
    opening: FloatArray  # shape (m,), what opening it costs; 0 of what stands
    saving: FloatArray  # shape (m,), what closing it saves; NaN: may not close; of use with a budget alone
    sizes: FloatArray  # units that a new one may have, rising
    unit_cost: float
    count: int  # facilities that may open or grow, at most
    budget: float = np.inf

    @cached_property
    def left_today(self) -> FloatArray:
        """How many of each settlement find no room today."""
        return self.left(self.capacity)

    @cached_property
    def open_pairs(self) -> Filling:
        """Keep the pairs that any choice may use: more room sends nobody farther; where something closes, all."""
        if not np.isnan(self.saving).all():
            return self.filling
        fill = self.filling
        given = fill.given(np.minimum(self.each * self.capacity, fill.people.sum()))
        before = pd.Series(given).groupby(fill.settlement).cumsum().to_numpy() - given
        people = fill.people[fill.settlement]
        kept = people - before > SAME * people
        return replace(fill, settlement=fill.settlement[kept], facility=fill.facility[kept], minutes=fill.minutes[kept])

    def left(self, units: FloatArray) -> FloatArray:
        """Tell how many of each settlement find no room where facilities hold so many units."""
        # Room beyond all people there are is as good as any.
        return self.filling.left(np.minimum(self.each * units, self.filling.people.sum()))

    def gained(self, units: FloatArray) -> float:
        """Tell how many of those asked about find room then, and none today."""
        return float((self.left_today - self.left(units))[self.asked].sum())

    def price(self, units: FloatArray) -> FloatArray:
        """Say what becoming of so many units costs each facility; below 0 where closing saves."""
        more = np.maximum(units - self.capacity, 0.0)
        grown = np.where(self.is_new & (more > 0.0), self.opening, 0.0) + self.unit_cost * more
        return np.where(units < self.capacity, -np.nan_to_num(self.saving), grown)

    def chosen(self, units: FloatArray) -> IntArray:
        """List what opens or grows."""
        return np.flatnonzero(units > self.capacity)

    def harms(self, units: FloatArray, than: FloatArray) -> bool:
        """Tell whether anybody finds less room than where so many are left."""
        return bool((self.left(units) > than + SAME * self.filling.people).any())

    def with_units(self, units: FloatArray, site: int, number: float) -> FloatArray:
        """Change one facility."""
        return np.where(np.arange(len(units)) == site, number, units)

    def least(self, units: FloatArray, site: int) -> FloatArray:
        """Let a facility have no more units than letting as many find room takes."""
        goal = self.gained(units) - SAME * self.each
        if self.is_new[site]:
            choices = [0.0, *self.sizes[self.sizes <= units[site]].tolist()]
            return next(found for size in choices if self.gained(found := self.with_units(units, site, size)) >= goal)
        low, high = 0.0, units[site] - self.capacity[site]
        while low < high:
            middle = np.floor((low + high) / 2.0)
            is_enough = self.gained(self.with_units(units, site, self.capacity[site] + middle)) >= goal
            low, high = (low, middle) if is_enough else (middle + 1.0, high)
        return self.with_units(units, site, self.capacity[site] + low)


class RoomMade(NamedTuple):
    """What becomes of facilities, in order, and whom it helps."""

    units: FloatArray  # shape (m,)
    order: list[int]  # what opens or grows, the one that lets most find room first; then what closes
    left: list[FloatArray]  # shape (n,) each: who is left without room today, and behind each of the order
    alone: list[float]  # whom each of the order lets find room by itself
    lost_without: list[float]  # who finds none without it
    bound: float  # no such plan lets more find room


def make_room(task: RoomTask) -> RoomMade:
    """Find what lets most people find room. Nothing closes where anybody loses by it, or whose saving pays nothing."""
    # Move each new facility to where it lets most people find room at the same cost or less, until none moves.
    units = _step_by_step(task)
    is_better = True
    while is_better:
        is_better = False
        for site in task.chosen(units)[task.is_new[task.chosen(units)]].tolist():
            without = task.with_units(units, site, 0.0)
            may = task.is_new & (units == 0.0) & (task.opening <= task.opening[site])
            moved = [task.with_units(without, other, units[site]) for other in np.flatnonzero(may).tolist()]
            gains = [task.gained(found) for found in moved]
            if (
                gains
                and max(gains) > task.gained(units) + SAME * task.each
                and not task.harms(moved[int(np.argmax(gains))], task.left_today)
            ):
                units, is_better = moved[int(np.argmax(gains))], True
    best, bound = _trimmed(task, units), float(task.left_today[task.asked].sum())
    tried = _by_trying(task) if task.gained(best) < bound * (1.0 - SAME) else None
    if tried is not None:
        best = tried if task.gained(tried) > task.gained(best) * (1.0 + SAME) else best
        bound = task.gained(best)
    for is_exact in (False, True):
        if task.gained(best) >= bound * (1.0 - SAME) or (is_exact and len(task.open_pairs.minutes) > EXACT_PAIRS):
            break
        found, limit = _by_program(task, is_exact=is_exact)
        bound = min(bound, limit)
        if found is not None and task.gained(found) > task.gained(best) * (1.0 + SAME):
            best = found
    unneeded = np.flatnonzero(best < task.capacity)
    for site in unneeded[np.argsort(task.saving[unneeded], kind="stable")].tolist():
        # What the budget does not need closed stays open, what saves least first.
        with_it = task.with_units(best, site, task.capacity[site])
        best = with_it if task.price(with_it).sum() <= task.budget * (1.0 + SAME) else best
    total = task.gained(best)
    closed = np.flatnonzero(best < task.capacity).tolist()
    now = np.where(best < task.capacity, 0.0, task.capacity)
    order: list[int] = []
    left = [task.left_today]
    waiting = task.chosen(best).tolist()
    while waiting:
        after = [task.left(task.with_units(now, site, best[site])) for site in waiting]
        at = int(np.argmin([rest[task.asked].sum() for rest in after]))
        # What closes may first cost some room that what opens behind it makes good.
        left.append(np.minimum(left[-1], after[at]))
        order.append(waiting.pop(at))
        now[order[-1]] = best[order[-1]]
    alone = [task.gained(task.with_units(task.capacity, site, best[site])) for site in order]
    lost = [max(0.0, total - task.gained(task.with_units(best, site, task.capacity[site]))) for site in order]
    nothing = [0.0] * len(closed)
    return RoomMade(best, order + closed, left + [left[-1]] * len(closed), alone + nothing, lost + nothing, bound)


def _by_trying(task: RoomTask) -> FloatArray | None:
    """Try every choice of as many facilities as may open or grow, each as far as it may; None where they are many."""
    able = np.flatnonzero((task.most_more >= 1.0) | (task.is_new & bool(len(task.sizes))))
    count = min(task.count, len(able))
    if np.isfinite(task.budget) or not np.isnan(task.saving).all() or math.comb(len(able), count) > MOST_TRIED:
        return None
    fill, everybody = task.open_pairs, task.filling.people.sum()
    fullest = np.where(task.is_new, task.sizes.max(initial=0.0), task.capacity + task.most_more)
    best, least = task.capacity, np.inf
    for some in combinations(able.tolist(), count):
        units = task.capacity.copy()
        units[list(some)] = fullest[list(some)]
        left = float(fill.left(np.minimum(task.each * units, everybody))[task.asked].sum())
        if left < least - SAME * task.each:
            best, least = units, left
    return _trimmed(task, best)


def _step_by_step(task: RoomTask) -> FloatArray:
    """Take what lets most people find room (under a budget: for the money), by no more units than that takes."""
    units = _closed(task, task.capacity.copy())
    while len(task.chosen(units)) < task.count:
        spare = task.budget * (1.0 + SAME) - task.price(units).sum()
        affordable = np.floor(spare / task.unit_cost) if task.unit_cost > 0.0 else np.inf
        now, best, most = task.gained(units), units, (0.0, 0.0)
        for site in np.flatnonzero((units == task.capacity) & (task.is_new | (task.most_more >= 1.0))).tolist():
            more = task.sizes if task.is_new[site] else np.array([min(task.most_more[site], affordable)])
            for number in more[more >= 1.0].tolist():
                found = task.with_units(units, site, task.capacity[site] + number)
                cost = task.price(found)[site]
                gain = task.gained(found) - now
                if gain <= SAME * task.each or cost > spare:
                    continue
                if np.isfinite(task.budget) and not task.is_new[site]:
                    found = task.least(found, site)
                    cost = task.price(found)[site]
                rate = gain / cost if np.isfinite(task.budget) and cost > 0.0 else gain
                if (rate, gain) > most:
                    best, most = found, (rate, gain)
        if best is units:
            break
        units = best
        for site in np.flatnonzero((units > task.capacity) & ~task.is_new).tolist():
            units = task.least(units, site)
        units = _closed(task, units)
    return _trimmed(task, units)


def _closed(task: RoomTask, units: FloatArray) -> FloatArray:
    """Close what nobody loses room by, what saves most first."""
    able = np.flatnonzero(~np.isnan(task.saving) & (units == task.capacity))
    for site in able[np.argsort(-task.saving[able], kind="stable")].tolist():
        without = task.with_units(units, site, 0.0)
        if not task.harms(without, task.left(units)):
            units = without
    return units


def _trimmed(task: RoomTask, units: FloatArray) -> FloatArray:
    """Give each no more than it needs beside the others, the dearest first."""
    sites = task.chosen(units)
    for site in sites[np.argsort(-task.price(units)[sites], kind="stable")].tolist():
        units = task.least(units, site)
    return units


class _Choices(NamedTuple):
    """What may be chosen: first by how many units facilities grow, then which open in which size, then which close."""

    site: IntArray
    units: FloatArray  # that the facility has more by 1 of the choice
    price: FloatArray  # of 1 of the choice
    most: FloatArray  # of the choice
    growing: int  # how many of the choices are of the first kind

    @classmethod
    def of(cls, task: RoomTask) -> _Choices:
        """List the choices of a task."""
        closes = ~np.isnan(task.saving) & (task.capacity > 0.0)  # what holds nothing pays for nothing by closing
        grow, new, close = (np.flatnonzero(may) for may in (task.most_more >= 1.0, task.is_new, closes))
        opened, size = np.repeat(new, len(task.sizes)), np.tile(task.sizes, len(new))
        return cls(
            np.concatenate((grow, opened, close)),
            np.concatenate((np.ones(len(grow)), size, -task.capacity[close])),
            np.concatenate(
                (np.full(len(grow), task.unit_cost), task.opening[opened] + task.unit_cost * size, -task.saving[close])
            ),
            np.concatenate((task.most_more[grow], np.ones(len(opened) + len(close)))),
            len(grow),
        )


def _by_program(task: RoomTask, *, is_exact: bool) -> tuple[FloatArray | None, float]:
    """Find the choice of most people by a program, and how many no choice exceeds; None where that is no plan."""
    choices = _Choices.of(task)
    found = solve(_program(task, choices, is_exact=is_exact), time_limit_s=SECONDS)
    today = float((task.filling.people - task.left_today)[task.asked].sum())
    bound = max(0.0, -found.bound - today) if np.isfinite(found.bound) else np.inf
    if not len(found.values):
        return None, bound
    more = np.round(found.values[: len(choices.site)]) * choices.units
    units = task.capacity + np.bincount(choices.site, more, minlength=len(task.capacity))
    return (None if task.harms(units, task.left_today) else _trimmed(task, units)), bound


def _program(task: RoomTask, choices: _Choices, *, is_exact: bool) -> Program:
    """
    Make the program: the choices, whether each facility grows that may, then the people of each pair.

    Where it is exact, behind these whether all of a settlement are served by a pair and those before it.
    """
    fill, m = task.open_pairs, len(task.capacity)
    at, grow, pairs = np.arange(len(choices.site)), np.arange(choices.growing), np.arange(len(fill.minutes))
    grows, carried = len(at) + grow, len(at) + len(grow) + pairs
    everybody = fill.people.sum()
    room = np.minimum(task.each * task.capacity, everybody)
    people = task.each * choices.units
    opens = np.flatnonzero(task.is_new[choices.site])
    is_one = np.concatenate((grows, at[len(grow) :]))  # of a facility one thing is done, if any
    site_of = choices.site[np.concatenate((grow, at[len(grow) :]))]
    # Nobody goes to what does not open: implied by what it holds, and what makes the bound tight.
    near = opens if len(pairs) <= TIGHT_PAIRS else opens[:0]
    joined = pd.DataFrame({"pair": pairs, "site": fill.facility}).merge(
        pd.DataFrame({"choice": near, "site": choices.site[near]}), on="site"
    )
    only_open, row = np.unique(joined["pair"].to_numpy(), return_inverse=True)
    blocks = [
        at_most([site_of], [is_one], [1.0], 1.0, m),
        at_most([grow, grow], [grow, grows], [1.0, -choices.most[grow]], 0.0, len(grow)),
        rows_of(
            np.zeros(len(grow) + len(opens), int), np.concatenate((grows, opens)), 1.0, [-np.inf], [float(task.count)]
        ),
        rows_of(fill.settlement, carried, 1.0, (fill.people - task.left_today) * (1.0 - SAME), fill.people),
        at_most([fill.facility, choices.site], [carried, at], [1.0, -people], room, m),
        at_most(
            [np.arange(len(only_open)), row],
            [carried[only_open], joined["choice"].to_numpy()],
            [1.0, -fill.people[fill.settlement[joined["pair"]]]],
            0.0,
            len(only_open),
        ),
    ]
    if np.isfinite(task.budget):
        blocks.append(rows_of(0 * at, at, choices.price, [-np.inf], [task.budget * (1.0 + SAME)]))
    width = len(at) + len(grow) + len(pairs)
    program = Program.empty(
        np.concatenate((np.zeros(width - len(pairs)), -task.asked[fill.settlement].astype(np.float64))),
        upper=np.concatenate((choices.most, np.ones(len(grow)), np.full(len(pairs), np.inf))),
        whole=np.arange(width) < width - len(pairs),
    )
    if not is_exact:
        return program.where(blocks)
    program = program.beside(len(pairs))
    # Of each pair: it and those before it serve all of its settlement, or those of its facility up to the end of its
    # ring fill that.
    ends = fill.rings[np.searchsorted(fill.rings, pairs, side="right")] - 1
    (of_settlement, first), (of_facility, former) = (
        np.nonzero((owner[:, None] == owner) & (pairs <= end[:, None]))
        for owner, end in ((fill.settlement, pairs), (fill.facility, ends))
    )
    most = room + np.bincount(choices.site, np.maximum(people, 0.0) * choices.most, minlength=m)
    of_choice = pd.DataFrame({"pair": pairs, "site": fill.facility}).merge(
        pd.DataFrame({"choice": at, "site": choices.site}), on="site"
    )
    blocks += [
        rows_of(
            np.concatenate((of_settlement, pairs)), np.concatenate((carried[first], width + pairs)),
            np.concatenate((np.ones(len(of_settlement)), -fill.people[fill.settlement])),
            np.full(len(pairs), -SAME * everybody), np.inf,
        ),
        rows_of(
            np.concatenate((of_facility, of_choice["pair"], pairs)),
            np.concatenate((carried[former], of_choice["choice"], width + pairs)),
            np.concatenate((np.ones(len(of_facility)), -people[of_choice["choice"]], most[fill.facility])),
            room[fill.facility] - SAME * everybody, np.inf,
        ),
    ]  # fmt: skip
    return program._replace(whole=program.whole | (np.arange(len(program.cost)) >= width)).where(blocks)


# Idle capacity brought to unmet need: who gives to whom, what is left, and what borders cost.


@dataclass(frozen=True, eq=False)
class CapacityMatch:
    """
    Who gives to whom.

    Parameters
    ----------
    matches : DataFrame
        `settlement_id`, `facility_id`, `service`, `persons`, `travel_time_min`, the most persons first.
    need : DataFrame
        The rows of the need, in the order given, with `matched_persons` and `left_persons`, which sum to it, and
        `why`: ``met``, ``too_little`` (what is in reach is given away), ``border`` (what is in reach may not be
        shared), ``not_reached``.
    idle : DataFrame
        The rows of the idle capacity, in the order given, with `given_persons`, `left_persons`, and
        `more_persons`: how many more people one more unit of capacity would serve, 0 where it would stay idle.
    matched_share : float
        People matched, of all in need; NaN without any.
    mean_minutes : float
        Mean time of those matched; NaN without any.
    border_persons : float
        People more who would be matched if every facility could be shared.
    """

    matches: pd.DataFrame
    need: pd.DataFrame
    idle: pd.DataFrame
    matched_share: float
    mean_minutes: float
    border_persons: float


def match_capacity(  # noqa: PLR0913 - three frames, and each rule of sharing under its own name
    need: pd.DataFrame,
    idle: pd.DataFrame,
    od: pd.DataFrame,
    *,
    compatible: Mapping[str, Iterable[str]] | None = None,
    sharing: str | None = None,
    cutoff_min: float | None = None,
    most_persons: float = np.inf,
) -> CapacityMatch:
    """
    Match idle capacity to unmet need: most people first, then the fewest person-minutes (a transport problem).

    Parameters
    ----------
    need : DataFrame
        `settlement_id`, `service`, `persons` who are not served, 0 or more; one row a settlement and service.
    idle : DataFrame
        `facility_id`, `service`, `persons` who could still be served, 0 or more, and perhaps `persons_per_unit`, whom
        a unit of capacity serves (1 by default); one row a facility.
    od : DataFrame
        Pairs as `travel_times` gives them.
    compatible : mapping of str to iterable of str, optional
        Which services of facilities may serve a needed service; each serves itself by default.
    sharing : str, optional
        Column of both frames with the unit within which capacity is shared, such as a medical community; missing in
        a row: shared with nobody. Without it everything is shared.
    cutoff_min : float, optional
        The longest time, inclusive.
    most_persons : float
        How many people of a row of the need may go to one facility.

    Returns
    -------
    CapacityMatch
        Matches, what is left on both sides, and what borders cost.

    Raises
    ------
    ContractError
        For frames or options that are not as above, all faults at once.

    Examples
    --------
    >>> need = pd.DataFrame({"settlement_id": ["u", "v"], "service": "beds", "persons": [30.0, 20.0]})
    >>> idle = pd.DataFrame({"facility_id": ["a"], "service": "beds", "persons": [40.0]})
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 9.0]})
    >>> found = match_capacity(need, idle, od)
    >>> found.need["matched_persons"].tolist(), found.idle["more_persons"].tolist()
    ([30.0, 10.0], [1.0])
    """
    limit = limit_of("cutoff_min", cutoff_min)
    problems = not_within("most_persons", most_persons, least=ABOVE_ZERO)
    if compatible is not None and not (
        isinstance(compatible, Mapping) and all(isinstance(also, Iterable) for also in compatible.values())
    ):
        problems.append(f"compatible: is {compatible!r}; give services by service, as {{'beds': ['day_care']}}")
    refuse("options", problems)
    asked, room = (
        _read("need", need, ["settlement_id", "service"], sharing),
        _read("idle", idle, ["facility_id"], sharing),
    )
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    require_within(end_of(od), limit, what="cutoff_min")
    tell_strangers("need: settlement_id", need["settlement_id"], od["from_id"])
    tell_strangers("idle: facility_id", idle["facility_id"], od["to_id"])
    minutes = minutes_of("od", od)
    ways = od[["from_id", "to_id"]].reset_index(drop=True).assign(travel_time_min=minutes)
    fastest = ways.loc[minutes <= min(limit, np.finfo(float).max)]
    fastest = fastest.sort_values("travel_time_min", kind="stable").drop_duplicates(["from_id", "to_id"])
    # Every need meets every facility that its settlement reaches and that may serve it.
    # Ids that are texts in one table and numbers in another are the same.
    places, posts = pd.Index(need["settlement_id"].unique()), pd.Index(idle["facility_id"])
    fastest = fastest.assign(_from=id_positions(fastest["from_id"], places), _to=id_positions(fastest["to_id"], posts))
    needs = pd.DataFrame(
        {
            "_from": id_positions(need["settlement_id"], places),
            "service": need["service"].array,
            "_need": np.arange(len(need)),
        }
    )
    gives = pd.DataFrame({"_to": range(len(idle)), "service": idle["service"].array, "_idle": np.arange(len(idle))})
    pairs = fastest.merge(needs, on="_from").merge(gives, on="_to", suffixes=("", "_given"))
    services = {name: {name, *also} for name, also in (compatible or {}).items()}
    fits = [
        given in services.get(asked_for, {asked_for})
        for asked_for, given in zip(pairs["service"], pairs["service_given"], strict=True)
    ]
    pairs = pairs.loc[np.array(fits, dtype=bool)]
    i, j = pairs["_need"].to_numpy(dtype=np.int64), pairs["_idle"].to_numpy(dtype=np.int64)
    rank = np.lexsort((id_ranks(idle["facility_id"])[j], id_ranks(need["settlement_id"])[i]))
    i, j, minutes = i[rank], j[rank], pairs["travel_time_min"].to_numpy()[rank]
    may = np.ones(len(i), dtype=bool)
    if sharing is not None:
        own, theirs = need[sharing].to_numpy(dtype=object)[i], idle[sharing].to_numpy(dtype=object)[j]
        may = (own == theirs) & ~pd.isna(own)
    free = i, j, minutes
    in_reach = np.bincount(i, minlength=len(asked)) > 0
    i, j, minutes = i[may], j[may], minutes[may]
    persons = transport(i, j, minutes, asked, room, most_persons=most_persons)
    persons = np.where(persons > SAME * asked[i], persons, 0.0)
    without_borders = persons if may.all() else transport(*free, asked, room, most_persons=most_persons)
    matched = np.minimum(np.bincount(i, persons, minlength=len(asked)), asked)
    matched = np.where(matched >= asked * (1.0 - SAME), asked, matched)
    given = np.minimum(np.bincount(j, persons, minlength=len(room)), room)
    reached = np.bincount(i, minlength=len(asked)) > 0
    why = np.select([matched == asked, reached, in_reach], ["met", "too_little", "border"], "not_reached")
    some = persons > 0.0
    matches = pd.DataFrame(
        {
            "settlement_id": need["settlement_id"].to_numpy()[i[some]],
            "facility_id": idle["facility_id"].to_numpy()[j[some]],
            "service": need["service"].to_numpy()[i[some]],
            "persons": persons[some],
            "travel_time_min": minutes[some],
        }
    ).sort_values("persons", ascending=False, kind="stable", ignore_index=True)
    per_unit = numbers("idle", "persons_per_unit", idle.get("persons_per_unit", pd.Series(1.0, idle.index)))
    if not ((per_unit > 0.0) & np.isfinite(per_unit)).all():
        wrong = idle["facility_id"].to_numpy()[~((per_unit > 0.0) & np.isfinite(per_unit))]
        raise ContractError("idle", [f"persons_per_unit: not above 0, unknown or infinite for {first_of(wrong)}"])
    more = _served_by_one_more(i, j, persons, asked - matched, most_persons, per_unit)
    total, people = float(persons.sum()), float(asked.sum())
    return CapacityMatch(
        matches=matches,
        need=need.assign(matched_persons=matched, left_persons=asked - matched, why=pd.Series(why, need.index, "str")),
        idle=idle.assign(given_persons=given, left_persons=room - given, more_persons=more),
        matched_share=total / people if people else np.nan,
        mean_minutes=float(persons @ minutes) / total if total else np.nan,
        border_persons=max(0.0, float(without_borders.sum()) - total),
    )


def _read(table: str, frame: pd.DataFrame, key: list[str], sharing: str | None) -> FloatArray:
    """Read the people of a frame, and refuse what is none."""
    require_columns(table, frame, (*key, "service", "persons", *([sharing] if sharing else [])))
    persons = np.asarray(numbers(table, "persons", frame["persons"]))
    rows, faults = pd.Series(list(frame[key].itertuples(index=False, name=None)), dtype=object), Faults()
    faults.values(table, "persons", persons, rows)
    for told in missing_in(frame, (key[0], "service")):
        faults.add(table, told)
    if (doubled := rows.duplicated()).any():
        faults.add(table, f"{', '.join(key)}: twice: {first_of(rows[doubled])}")
    faults.refuse()
    return persons


def _is_short(i: IntArray, j: IntArray, persons: FloatArray, left: FloatArray, most: float, size: int) -> BoolArray:
    """Tell where one more person could be served, directly or by others moving; duals would not be unique."""
    open_pair = persons < most
    is_short = np.zeros(size, dtype=bool)
    waits = left > 0.0
    while True:
        # Whoever still waits, or is served where room is short, would come to a facility that has room.
        found = is_short | (np.bincount(j[open_pair & waits[i]], minlength=size) > 0)
        if (found == is_short).all():
            return is_short
        is_short = found
        served_there = np.bincount(i[(persons > 0.0) & is_short[j]], minlength=len(left)) > 0
        waits = waits | served_there


_PARTS = 2**29
"""Parts of a unit in which its people are counted: the library's flows, both ways together, are numbers of 32 bits."""


def _served_by_one_more(
    i: IntArray, j: IntArray, persons: FloatArray, left: FloatArray, most: float, per_unit: FloatArray
) -> FloatArray:
    """Count whom one more unit at each post would serve, by others moving too: the most that can flow from there."""
    n, m = len(left), len(per_unit)
    # From a post to whom it may serve more of, from who is served to where that makes room, and to an end who waits.
    tails = np.concatenate((n + j, i, np.arange(n), np.full(m, n + m)))
    heads = np.concatenate((i, n + j, np.full(n, n + m + 1), n + np.arange(m)))
    flows = np.concatenate((most - persons, persons, left))
    order = np.lexsort((heads, tails))
    starts = np.searchsorted(tails[order], np.arange(n + m + 3))
    found = np.zeros(m)
    for post in np.flatnonzero(_is_short(i, j, persons, left, most, m)):
        # No flow is more than the unit, so that nothing is lost where each is cut to it.
        parts = np.append(np.minimum(flows, per_unit[post]), per_unit[post] * (np.arange(m) == post)) * _PARTS
        whole = np.rint(parts[order] / per_unit[post]).astype(np.int32)
        graph = csr_array((whole, heads[order].astype(np.int32), starts.astype(np.int32)), shape=(n + m + 2,) * 2)
        found[post] = maximum_flow(graph, n + m, n + m + 1).flow_value
    return np.where(found < _PARTS, np.round(found / _PARTS * per_unit, 6), per_unit)
