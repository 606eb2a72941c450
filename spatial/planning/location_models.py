"""Location models: who is within reach of which sites, p-median plans beyond an exact program, sites that fill up."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import InfeasibleError, faults_at, refuse
from spatial.planning.kernels_plans import Costs, add_greedily, interchange, nearest_costs, savings, served
from spatial.planning.plans import (
    HALF,
    SAME,
    TRUSTED,
    Condition,
    Evaluation,
    LocationModel,
    Ordered,
    Program,
    Rows,
    Start,
    at_most,
    rows_of,
    siting_program,
    solve,
    solve_in_order,
)

if TYPE_CHECKING:
    from spatial.planning.sites import Siting


MOST_COMPARED = 5_000
"""Of so many groups each is compared with all others, for those that are covered wherever another is."""


def to_nearest(sites: Siting, is_open: BoolArray, value: Callable[[IntArray, FloatArray], float]) -> Evaluation:
    """Send everybody to the nearest open site, and value the pairs and the persons on them."""
    pair = sites.nearest(is_open)
    persons = sites.weight[sites.demand[pair]]
    return Evaluation(value(pair, persons), pair, persons)


def all_reached(sites: Siting, limit: float = np.inf) -> Rows:
    """Ask for an open site within a limit, inclusive, of everybody who has a site in reach."""
    near = sites.near(limit)
    everybody, cover = np.flatnonzero(sites.must), Cover.of(near) if near.usable.any() else None
    if cover is not None and near.must[everybody].all() and len(cover.people) <= MOST_COMPARED:
        return cover.hardest(sites.shape[1])
    # Where somebody has no site so near the row that asks for one is empty: no plan is so good.
    row = np.cumsum(sites.must)[near.demand[near.usable]] - 1
    return rows_of(row, near.site[near.usable], 1.0, np.ones(len(everybody)), np.inf)


class Cover(NamedTuple):
    """Demands joined where the same sites cover them; nobody, and who has no site, are in no group."""

    group: IntArray  # shape (entries,), which group
    site: IntArray  # shape (entries,), may be covered by which site
    people: FloatArray  # shape (groups,), each counted as much as it is worth

    @classmethod
    def of(cls, sites: Siting) -> Cover:
        """Join the demands of sites."""
        demand, site = sites.demand[sites.usable], sites.site[sites.usable]
        order = np.lexsort((site, demand))
        demand, site = demand[order], site[order]
        starts = np.flatnonzero(np.diff(demand, prepend=-1))
        sets: dict[bytes, int] = {}
        members: list[IntArray] = []
        group_of = np.empty(len(starts), dtype=np.int64)
        for at, own in enumerate(np.split(site, starts[1:])):
            group_of[at] = sets.setdefault(own.tobytes(), len(sets))
            if len(sets) > len(members):
                members.append(own)
        group = np.repeat(np.arange(len(members)), [len(own) for own in members])
        people = np.bincount(group_of, (sites.weight * sites.worth)[demand[starts]])
        return cls(group.astype(np.int64), np.concatenate(members), people.astype(np.float64))

    def covered(self, is_open: BoolArray) -> float:
        """Sum the people with an open site."""
        return float(self.people[np.bincount(self.group[is_open[self.site]], minlength=len(self.people)) > 0].sum())

    def columns(self, program: Program) -> Program:
        """Add a column a group, at most 1 and at most the number of its open sites."""
        first, k = len(program.cost), np.arange(len(self.people))
        rows = at_most([self.group, k], [self.site, first + k], [-1.0, 1.0], 0.0, len(k))
        return program.beside(len(k)).where([rows])

    def most(self, sites: Siting) -> Program:
        """Cover as many people as can be."""
        program = self.columns(siting_program(sites, np.zeros(sites.shape[1]), []))
        return program._replace(cost=np.concatenate((np.zeros(sites.shape[1]), -self.people)))

    def at_least(self, people: float) -> Condition:
        """Cover so many people."""
        k = np.arange(len(self.people))

        def rows(program: Program) -> Program:
            covered = rows_of(0 * k, len(program.cost) + k, self.people, [people * (1.0 - SAME)], np.inf)
            return self.columns(program).where([covered])

        return Condition(lambda is_open: self.covered(is_open) >= people * (1.0 - 2.0 * SAME), rows)

    def hardest(self, m: int) -> Rows:
        """Cover every group; one whose sites include all those of another group is covered with that one."""
        n = len(self.people)
        covers = csr_array((np.ones(len(self.site), dtype=np.int32), (self.group, self.site)), shape=(n, m))
        shared = (covers @ covers.T).tocoo()
        inner, outer = shared.row, shared.col
        # No two groups have the same sites, so one that is in another is smaller.
        within = (shared.data == np.diff(covers.indptr)[inner]) & (inner != outer)
        kept = np.ones(n, dtype=bool)
        kept[outer[within]] = False
        own = kept[self.group]
        return rows_of(np.cumsum(kept)[self.group[own]] - 1, self.site[own], 1.0, np.ones(kept.sum()), np.inf)


def cover_greedily(sites: Siting) -> Start | None:
    """
    Open one site after the other, each where it brings most whom none so far does; None where more is asked.

    The plan is at least 63 % as good as the best one (Nemhauser, Wolsey and Fisher 1978); its bound is all in reach.
    """
    if sites.count is None or sites.budget is not None or sites.needy is not None:
        return None
    is_open, left = sites.is_fixed.copy(), sites.weight * sites.worth
    everybody = float(left[sites.must].sum())
    left[sites.demand[is_open[sites.site]]] = 0.0
    for _ in range(sites.count):
        gained = np.bincount(sites.site, left[sites.demand], minlength=len(is_open))
        best = int(np.where(sites.may_open & ~is_open, gained, -1.0).argmax())
        if is_open[best] or not sites.may_open[best]:
            return None  # fewer sites than are asked for
        is_open[best] = True
        left[sites.demand[sites.site == best]] = 0.0
    return Start(is_open, everybody)


def norm_first(model: LocationModel, sites: Siting) -> LocationModel:
    """Keep as many people of the mandatory norm within its reach as any plan can."""
    needy = sites.needy
    if needy is None:
        return model
    cover = Cover.of(needy)
    most = solve(cover.most(needy), time_limit_s=sites.time_limit_s)
    if not len(most.values):
        raise InfeasibleError(f"{model.name}: no plan for the people of first within the time limit")
    kept = model.keeping(cover.at_least(-most.objective))
    return replace(
        kept, first=cover.covered, is_sure=most.status == "optimal", why_none=lambda: none_reaches_all(sites)
    )


def none_reaches_all(sites: Siting) -> InfeasibleError:
    """Say what fewest or cheapest sites reach all, keeping the mandatory people; those that are asked for do not."""
    fewest_sites(sites)
    is_dear = sites.budget is not None and sites.price is not None
    free = replace(sites, budget=None) if is_dear else replace(sites, count=None)
    needy = free.needy
    if needy is None:
        raise AssertionError("only models of a mandatory norm end so")
    cover = Cover.of(needy)
    most = solve(cover.most(needy), time_limit_s=sites.time_limit_s)
    price = np.where(sites.is_fixed, 0.0, sites.price if is_dear and sites.price is not None else 1.0)
    program = siting_program(free, price, [all_reached(free)])
    found = solve(cover.at_least(-most.objective).rows(program), time_limit_s=sites.time_limit_s)
    if found.status == "infeasible" and is_dear and sites.count is not None:
        return none_reaches_all(free)
    asked = f"a budget of {sites.budget:g}" if is_dear else f"{sites.count} new sites"
    told = f"first: with {asked}, sites that keep most of its people do not reach everybody who has a site in reach"
    return InfeasibleError(told, found.objective if len(found.values) else None)


def fewest_sites(sites: Siting) -> BoolArray:
    """Find the fewest, or cheapest, sites that reach everybody who can be reached; refuse more than asked."""
    price = np.where(sites.is_fixed, 0.0, 1.0)
    free = replace(sites, count=None, budget=None)
    found = solve(siting_program(free, price, [all_reached(sites)]), time_limit_s=sites.time_limit_s)
    is_open = found.values > HALF if len(found.values) else sites.is_fixed | sites.may_open
    new = int((is_open & ~sites.is_fixed).sum())
    if sites.count is not None and new > sites.count:
        if found.status != "optimal":
            raise InfeasibleError("n_facilities: no sites that reach everybody were found within the time limit")
        raise InfeasibleError(
            f"n_facilities: {sites.count} new sites cannot reach everybody who has a site in reach", float(new)
        )
    if sites.budget is not None and sites.price is not None:
        price = np.where(sites.is_fixed, 0.0, sites.price)
        found = solve(
            siting_program(replace(sites, budget=None), price, [all_reached(sites)]), time_limit_s=sites.time_limit_s
        )
        if found.status not in {"optimal", "feasible"}:
            raise InfeasibleError("budget: no sites that reach everybody were found within the time limit")
        if found.objective > sites.budget * (1.0 + SAME):
            told = f"budget: {sites.budget:g} pays for no sites that reach everybody who has a site in reach"
            raise InfeasibleError(told, found.bound)
        is_open = found.values > HALF
    return is_open


def bisect(
    sites: Siting, values: FloatArray, program: Callable[[float], Program], value_of: Callable[[BoolArray], float]
) -> Start | None:
    """Find a plan of the first of rising values that any plan keeps; the bound is the first that is not refuted."""
    values = values if len(values) else np.zeros(1)  # where nobody has a site in reach any plan will do
    low, high, refuted = 0, len(values) - 1, -1
    best: BoolArray | None = None
    while low <= high:
        middle = (low + high) // 2
        found = solve(program(float(values[middle])), time_limit_s=sites.time_limit_s)
        if found.status in {"infeasible", "unknown"}:
            low = middle + 1
            refuted = middle if found.status == "infeasible" else refuted
        else:
            best = found.values[: len(sites.is_fixed)] > HALF
            high = min(middle, int(np.searchsorted(values, value_of(best)))) - 1
    return None if best is None else Start(best, float(values[refuted + 1]))


MOMENTUM, PATIENCE = 0.9, 25
"""Share of a step that is that of the rounds before, and rounds without a better bound before steps are halved."""

MOST_NODES, NODE_ROUNDS, FURTHER_STEP = 20_000, 60, 0.25
"""Parts of all plans that are looked at one by one to prove a plan, the steps of each, and the first of these."""

NEAR, IMPROVED = 0.05, 8
"""Relaxed plans so near the bound, as a share of the cost, are looked at, and one in so
many is improved by interchange, to the end, since prices become better."""


class Relaxation(NamedTuple):
    """The best plan of a search, and what its relaxation proves."""

    is_open: BoolArray  # shape (m,)
    cost: float
    bound: float  # no plan costs less
    price: FloatArray  # shape (n,), multipliers of the bound
    saving: FloatArray  # shape (m,), 0 or less: what opening a site takes off the sum of prices
    proven: float = -np.inf  # no plan costs less, as far as plans were looked at in parts


HALVED = 0.75
"""Share of the time limit after which halving leaves the rest to the program, which often proves what is left."""


def relaxed(sites: Siting, row: IntArray, site: IntArray, cost: FloatArray) -> Relaxation:
    """Find a good plan that reaches everybody who can be reached, and a bound."""
    count = sites.count or 0
    start = np.searchsorted(row, np.arange(sites.must.sum() + 1))
    # Pairs come by demand and minutes.
    pairs = Costs(start, site, cost, far=2.0 * cost[start[1:] - 1] + cost.max(initial=0.0) + 1.0)
    plan = add_greedily(pairs, sites.is_fixed, sites.may_open, count)
    plan = interchange(pairs, plan, sites.may_open)
    if not sites.serves(sites.nearest(plan)):
        fewest = fewest_sites(sites)
        plan = add_greedily(pairs, fewest, sites.may_open, count - int((fewest & ~sites.is_fixed).sum()))
    # Prices begin at what each demand would pay at its second nearest open site rather than go to its nearest.
    first, price = nearest_costs(pairs, plan)
    begin = Relaxation(plan, float(first.sum()), -np.inf, price, np.zeros(len(plan)))
    node = _Node(sites.is_fixed, sites.may_open, price, count)
    root = _relax(pairs, begin, node, gap=sites.gap)
    if sites.first is not None:  # the best of all need not keep to the norm
        return root
    return _branched(pairs, root, node, gap=sites.gap, time_limit_s=HALVED * sites.time_limit_s)


class _Node(NamedTuple):
    """A part of all plans: what is open in each of them, what may be, and where prices of its relaxation begin."""

    fixed: BoolArray  # shape (m,)
    may_open: BoolArray  # shape (m,)
    price: FloatArray  # shape (n,)
    new: int  # sites that are to open


def _branched(pairs: Costs, root: Relaxation, whole: _Node, *, gap: float, time_limit_s: float) -> Relaxation:
    """
    Prove the plan, or find a better one, by halving: plans with a site and plans without it, the least bound first.

    Bounds are those of the relaxation, which settle sites too: one that no better plan opens, or does without, is
    looked at no more. Prices, savings and bound stay those of the whole; what is proven stands beside them.
    """
    ends = time.monotonic() + time_limit_s
    # Where all costs are whole numbers, a better plan is better by 1.
    least = 1.0 - 1e-6 if (pairs.cost == np.round(pairs.cost)).all() else 0.0
    best, number, waiting = root, 0, [(root.bound, 0, whole._replace(price=root.price))]

    def enough() -> float:
        return best.cost - max(least, max(gap, 1e-9) * abs(best.cost))

    while waiting and waiting[0][0] < enough():
        if number >= MOST_NODES or time.monotonic() > ends:
            return best._replace(proven=waiting[0][0])
        bound, at, node = heappop(waiting)
        begin = best._replace(bound=-np.inf, price=node.price, saving=np.zeros(len(node.fixed)))
        found = _relax(pairs, begin, node, rounds=NODE_ROUNDS, gap=gap, step=FURTHER_STEP, least=least) if at else root
        best = best._replace(is_open=found.is_open, cost=found.cost) if found.cost < best.cost else best
        if found.bound >= enough():
            continue
        fixed, may_open = node.fixed.copy(), node.may_open.copy()
        free = np.flatnonzero(may_open)
        order = free[np.argsort(found.saving[free], kind="stable")]
        chosen, rest = order[: node.new], order[node.new :]
        if len(rest) and node.new:
            # What lifts the bound so far is in no better plan; what does so by its absence is in all of them.
            may_open[rest[found.bound + found.saving[rest] - found.saving[chosen[-1]] >= enough()]] = False
            needed = chosen[found.bound + found.saving[rest[0]] - found.saving[chosen] >= enough()]
            fixed[needed], may_open[needed] = True, False
        left, count = order[may_open[order]], node.new - int((fixed & ~node.fixed).sum())
        if count in {0, len(left)}:
            fixed[left[:count]] = True
            cost = float(nearest_costs(pairs, fixed)[0].sum())
            best = best._replace(is_open=fixed, cost=cost) if cost < best.cost else best
            continue
        beside = fixed.copy()
        beside[left[0]], may_open[left[0]] = True, False
        bound = max(bound, found.bound)
        for open_there, still in ((beside, count - 1), (fixed, count)):
            number += 1
            heappush(waiting, (bound, number, _Node(open_there, may_open, found.price, still)))
    return best._replace(proven=best.cost if max(gap * abs(best.cost), 1e-9) <= least or not gap else enough())


def _relax(  # noqa: PLR0913 - the problem, where to begin and when to end
    pairs: Costs,
    best: Relaxation,
    node: _Node,
    *,
    rounds: int = 1000,
    gap: float = 0.0,
    step: float = 1.0,
    least: float = 0.0,
) -> Relaxation:
    """Raise a lower bound by subgradient steps, and improve the plan; ends where they meet or steps are too small."""
    fixed, may_open, price, count = node
    able = np.flatnonzero(may_open)
    waited, tried = 0, {best.is_open.tobytes()}
    slope = np.zeros(len(price))
    for _ in range(rounds):
        saving = np.zeros(len(fixed))
        savings(pairs, price, saving)
        chosen = fixed.copy()
        chosen[able[np.argsort(saving[able], kind="stable")[:count]]] = True
        bound = float(price.sum() + saving[chosen].sum())
        waited = 0 if bound > best.bound + 1e-6 * abs(best.cost) else waited + 1
        if bound > best.bound:
            best = best._replace(bound=bound, price=price, saving=saving)
        if chosen.tobytes() not in tried and best.cost - bound < NEAR * best.cost:
            tried.add(chosen.tobytes())
            plan = interchange(pairs, chosen, may_open) if len(tried) % IMPROVED == 0 else chosen
            cost = float(nearest_costs(pairs, plan)[0].sum())
            if cost < best.cost:
                best = best._replace(is_open=plan, cost=cost)
        if best.cost - best.bound <= max(least, max(gap, 1e-9) * abs(best.cost)):
            break
        if waited >= PATIENCE:
            step, waited, price = step / 2.0, 0, best.price
            if step < 1e-3:
                break
        slope = (1.0 - MOMENTUM) * (1.0 - served(pairs, price, chosen)) + MOMENTUM * slope
        length = float(slope @ slope)
        if length == 0.0:
            break
        price = np.maximum(price + step * (1.005 * best.cost - bound) / length * slope, 0.0)
    return best


# Sites that fill up: people are shared out in fractions, and whom full sites leave is not served. What is asked is a
# list of costs a person on each pair, each kept at its best before the next: most people of a mandatory norm, most
# people, least minutes. Whoever is served by given sites is found by the same list, as a linear program over the open
# ones alone; among equals the fewest person-minutes.


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
    refuse("settlements", faults_at("first: more people than demand for", sites.demand_ids[more]))
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
        second = np.concatenate((np.zeros(m + len(k)), worth[pair], np.zeros(sites.shape[0])))
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
