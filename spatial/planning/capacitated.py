"""
Location models of sites that fill up: people are shared out in fractions, and whom full sites leave is not served.

What is asked is a list of costs a person on each pair, each kept at its best before the next: most people of a
mandatory norm, most people, least minutes. Whoever is served by given sites is found by the same list, as a linear
program over the open ones alone; among equals the fewest person-minutes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatial.errors import ContractError, InfeasibleError, first_of
from spatial.planning.coverage import bisect
from spatial.planning.plans import TRUSTED, Evaluation, LocationModel, siting_program
from spatial.planning.programs import SAME, Ordered, Program, Rows, at_most, rows_of, solve_in_order

if TYPE_CHECKING:
    from spatial.arrays import BoolArray, FloatArray, IntArray
    from spatial.planning.sites import Siting


class Shared(NamedTuple):
    """People shared out among open sites."""

    pair: IntArray  # pairs that carry people
    persons: FloatArray  # how many each of them carries
    best: list[float]  # of each cost, summed over people; empty where it was not asked


def filled_program(sites: Siting, must: BoolArray | None = None) -> Program:
    """Make the program of sites that fill up: sites, then persons of each pair; those of ``must`` are served whole."""
    m, k = sites.shape[1], np.arange(len(sites.site))
    room = np.minimum(np.asarray(sites.capacity), sites.weight.sum())
    least = np.full(len(sites.weight), -np.inf) if must is None else np.where(must, sites.weight, 0.0)
    each = rows_of(sites.demand, m + k, 1.0, least, sites.weight)
    return siting_program(sites, np.zeros(m + len(k)), [each, *_held(sites, room, k)], upper=np.inf)


def _held(sites: Siting, room: FloatArray, k: IntArray, times: int = 1) -> list[Rows]:
    """Keep what pairs carry, in one or several columns each, within what their sites hold and whether they are open."""
    m = len(room)
    pairs = np.tile(k, times)
    columns = m + np.arange(times * len(k))
    held = at_most([sites.site[pairs], np.arange(m)], [columns, np.arange(m)], [1.0, -room], 0.0, m)
    # Implied by these rows, and what makes the bound tight.
    most = np.minimum(sites.weight[sites.demand], room[sites.site])
    return [held, at_most([pairs, k], [columns, sites.site], [1.0, -most], 0.0, len(k))]


def share_out(sites: Siting, is_open: BoolArray, goals: Sequence[FloatArray], limit: float = np.inf) -> Shared:
    """Serve people by what is asked, in order, then in the fewest minutes, over pairs within a limit."""
    pair = _open_pairs(sites, is_open, limit)
    m = len(is_open)
    costs = [np.concatenate((np.zeros(m), cost[pair])) for cost in (*goals, sites.minutes)]
    found = solve_in_order(filled_program(_only(sites, pair, is_open)), costs)
    shared = _carried(sites, pair, found.values[m:])
    return shared._replace(best=[float(cost[shared.pair] @ shared.persons) for cost in goals])


def _open_pairs(sites: Siting, is_open: BoolArray, limit: float = np.inf) -> IntArray:
    return np.flatnonzero(is_open[sites.site] & (sites.weight[sites.demand] > 0.0) & (sites.minutes <= limit))


def _carried(sites: Siting, pair: IntArray, persons: FloatArray) -> Shared:
    """Round what a solver leaves of nobody, or lacks of everybody."""
    at, people = sites.demand[pair], sites.weight
    total = np.bincount(at, persons, minlength=len(people))
    whole = (total >= people * (1.0 - TRUSTED)) & (total > 0.0)
    persons = persons * np.divide(people, total, out=np.ones(len(people)), where=whole)[at]
    some = persons > TRUSTED * people[at]
    return Shared(pair[some], persons[some], [])


def _only(sites: Siting, pair: IntArray, is_open: BoolArray) -> Siting:
    """Leave nothing to open."""
    return replace(
        sites, demand=sites.demand[pair], site=sites.site[pair], minutes=sites.minutes[pair],
        is_fixed=is_open, may_open=np.zeros_like(is_open), count=None, budget=None,
    )  # fmt: skip


def norm_goal(sites: Siting) -> list[FloatArray]:
    """Count on each pair, below 0, what part of a person is one of the mandatory norm, where one comes first."""
    if sites.first is None:
        return []
    more = sites.first > sites.weight
    if more.any():
        raise ContractError("settlements", [f"first: more people than demand for {first_of(sites.demand_ids[more])}"])
    share = np.divide(sites.first, sites.weight, out=np.zeros_like(sites.first), where=sites.weight > 0.0)
    return [-share[sites.demand] * (sites.minutes <= (np.inf if sites.first_within is None else sites.first_within))]


def _kept(sites: Siting, name: str, goals: Sequence[FloatArray]) -> Ordered:
    """Find how well any plan can do by each goal in order."""
    m = sites.shape[1]
    costs = [np.concatenate((np.zeros(m), goal)) for goal in goals]
    found = solve_in_order(filled_program(sites), costs, time_limit_s=sites.time_limit_s)
    if len(found.best) < len(goals):
        raise InfeasibleError(f"{name}: no plan keeps to what is asked within the time limit")
    return found


def _keeps(best: Sequence[float], kept: Sequence[float]) -> bool:
    return all(own <= limit + TRUSTED * abs(limit) for own, limit in zip(best, kept, strict=False))


def _of_norm(sites: Siting, goals: Sequence[FloatArray]) -> Callable[[BoolArray], float] | None:
    return None if sites.first is None else lambda is_open: -share_out(sites, is_open, goals).best[0]


def filled_model(name: str, sites: Siting, goals: Sequence[FloatArray], *, is_most: bool = False) -> LocationModel:
    """Sum what the last goal costs, or the negative of it, where those before are kept at their best."""
    kept, m = _kept(sites, name, goals[:-1]), sites.shape[1]
    sign = -1.0 if is_most else 1.0

    def evaluate(is_open: BoolArray) -> Evaluation:
        found = share_out(sites, is_open, goals)
        value = sign * (found.best[-1] if _keeps(found.best, kept.best) else np.inf)
        return Evaluation(value, found.pair, found.persons)

    def program(_value: float | None) -> Program:
        return kept.program._replace(cost=np.concatenate((np.zeros(m), goals[-1])))

    return LocationModel(
        name, sites, evaluate, program, is_most=is_most, is_sure=kept.is_sure, first=_of_norm(sites, goals)
    )


def filled_center(sites: Siting) -> LocationModel:
    """Serve most people, and of such plans find the one of the shortest longest time of anybody served."""
    goals = [*norm_goal(sites), np.full(len(sites.site), -1.0)]
    kept, m = _kept(sites, "p_center", goals), sites.shape[1]
    times = np.unique(sites.minutes[sites.usable])

    def evaluate(is_open: BoolArray) -> Evaluation:
        found = share_out(sites, is_open, goals)
        if not _keeps(found.best, kept.best):
            return Evaluation(np.inf, found.pair, found.persons)
        within = times[times <= sites.minutes[found.pair].max(initial=0.0)]
        at = bisect_left(
            within, True, key=lambda limit: _keeps(share_out(sites, is_open, goals, limit).best, kept.best)
        )
        found = share_out(sites, is_open, goals, within[at]) if at < len(within) else found
        return Evaluation(float(sites.minutes[found.pair].max(initial=0.0)), found.pair, found.persons)

    def program(value: float | None) -> Program:
        far = np.concatenate((np.zeros(m, bool), sites.minutes > (np.inf if value is None else value)))
        whole = kept.program
        return whole._replace(cost=np.zeros(len(whole.cost)), upper=np.where(far, 0.0, whole.upper))

    start = bisect(sites, times, program, lambda plan: evaluate(plan).value)
    if start is None:
        raise InfeasibleError("p_center: no plan keeps to what is asked within the time limit")
    return LocationModel(
        "p_center", sites, evaluate, program,
        start=start, is_sure=kept.is_sure, first=_of_norm(sites, goals), is_summed=False,
    )  # fmt: skip


def filled_centdian(sites: Siting, mean_share: float) -> LocationModel:
    """Serve most people, and of such plans find the least blend of the mean and the longest time of those served."""
    goal, m = np.full(len(sites.site), -1.0), sites.shape[1]
    kept = _kept(sites, "p_centdian", [goal])
    most = -kept.best[0]

    def of_pairs(task: Siting, pair: IntArray) -> Program:
        # Behind the persons of each pair whether it carries any, then the longest minutes of those that do.
        k = np.arange(len(pair))
        carries, last = m + len(k) + k, m + 2 * len(k)
        blocks = [
            rows_of(0 * k, m + k, goal[pair], [-np.inf], -most * (1.0 - SAME)),
            at_most([k, k], [m + k, carries], [1.0, -task.weight[task.demand]], 0.0, len(k)),
            at_most([k, k], [carries, np.full(len(k), last)], [task.minutes, -1.0], 0.0, len(k)),
        ]
        program = filled_program(task).beside(len(k)).beside(1, upper=np.inf).where(blocks)
        mean = mean_share / max(most, SAME) * task.minutes
        cost = np.concatenate((np.zeros(m), mean, 0.0 * mean, [1.0 - mean_share]))
        is_whole = (np.arange(len(cost)) < m) | ((np.arange(len(cost)) >= m + len(k)) & (np.arange(len(cost)) < last))
        return program._replace(cost=cost, whole=is_whole)

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair = _open_pairs(sites, is_open)
        program = of_pairs(_only(sites, pair, is_open), pair)
        found = solve_in_order(program, [program.cost])
        if not len(found.values):
            nearly = share_out(sites, is_open, [goal])
            return Evaluation(np.inf, nearly.pair, nearly.persons)
        shared = _carried(sites, pair, found.values[m : m + len(pair)])
        mean = float(sites.minutes[shared.pair] @ shared.persons) / max(most, SAME)
        longest = float(sites.minutes[shared.pair].max(initial=0.0))
        return Evaluation(mean_share * mean + (1.0 - mean_share) * longest, shared.pair, shared.persons)

    def program(_value: float | None) -> Program:
        return of_pairs(sites, np.arange(len(sites.site)))

    return LocationModel("p_centdian", sites, evaluate, program, is_sure=kept.is_sure)


def filled_backup(sites: Siting, keep_share: float) -> LocationModel:
    """Keep a place at a second site for as many people as can be, while a share of most people have a first one."""
    worth, m = -sites.worth[sites.demand], sites.shape[1]
    goals = [*norm_goal(sites), worth]
    kept = _kept(sites, "backup_coverage", goals)
    limits = [*kept.best[:-1], kept.best[-1] * keep_share]

    def of_pairs(task: Siting, pair: IntArray) -> Program:
        k = np.arange(len(pair))
        still = [
            rows_of(0 * k, m + k, goal[pair], [-np.inf], limit + SAME * abs(limit))
            for goal, limit in zip(goals, limits, strict=True)
        ]
        rest = np.zeros(sites.shape[0])
        second = np.concatenate((np.zeros(m + len(k)), worth[pair], rest))
        return _backup_program(task).where(still)._replace(cost=second)

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair = _open_pairs(sites, is_open)
        program = of_pairs(_only(sites, pair, is_open), pair)
        minutes = np.zeros(len(program.cost))
        minutes[m : m + len(pair)] = sites.minutes[pair]
        found = solve_in_order(program, [program.cost, minutes])
        if not len(found.values):
            nearly = share_out(sites, is_open, goals)
            return Evaluation(-np.inf, nearly.pair, nearly.persons)
        shared = _carried(sites, pair, found.values[m : m + len(pair)])
        return Evaluation(-found.best[0], shared.pair, shared.persons)

    def program(_value: float | None) -> Program:
        return of_pairs(sites, np.arange(len(sites.site)))

    return LocationModel(
        "backup_coverage", sites, evaluate, program, is_most=True, is_sure=kept.is_sure, first=_of_norm(sites, goals)
    )


def _backup_program(sites: Siting) -> Program:
    """
    Make the program of two places: behind the sites, the persons of each pair by first, then second place, then people.

    Both places count towards what a site holds. Nobody has both at one site: of each settlement, who has the first or
    the second place at a site are no more than have a first anywhere.
    """
    (n, m), k = sites.shape, np.arange(len(sites.site))
    people, first, second = np.arange(n), m + k, m + len(k) + k
    placed = m + 2 * len(k) + people
    room = np.minimum(np.asarray(sites.capacity), 2.0 * sites.weight.sum())
    none = np.full(n, -np.inf)
    blocks = [
        rows_of(
            np.concatenate((sites.demand, people)), np.concatenate((column, placed)),
            np.repeat([1.0, -1.0], [len(k), n]), least, 0.0,
        )
        for column, least in ((first, np.zeros(n)), (second, none))
    ]  # fmt: skip
    apart = at_most([k, k, k], [first, second, placed[sites.demand]], [1.0, 1.0, -1.0], 0.0, len(k))
    whole = rows_of(people, placed, 1.0, none, sites.weight)
    cost = np.zeros(m + 2 * len(k) + n)
    return siting_program(sites, cost, [*blocks, whole, apart, *_held(sites, room, k, 2)], upper=np.inf)
