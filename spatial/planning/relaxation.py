"""
The p-median beyond what an exact program holds: a good plan by interchange, and what its Lagrangian relaxation proves.

Each demand pays a price; what a site takes off the sum of prices bounds every plan from below, and says which pairs and
sites no plan as good can use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spatial.planning.coverage import fewest_sites
from spatial.planning.kernels_p_median import Costs, add_greedily, interchange, nearest_costs, savings, served

if TYPE_CHECKING:
    from spatial.planning.sites import BoolArray, FloatArray, IntArray, Siting

MOMENTUM, PATIENCE = 0.9, 25
"""Share of a step that is that of the rounds before, and rounds without a better bound before steps are halved."""

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
    return _relax(pairs, plan, sites.is_fixed, sites.may_open, count, gap=sites.gap)


def _relax(  # noqa: PLR0913 - the problem, where to begin and when to end
    pairs: Costs,
    is_open: BoolArray,
    fixed: BoolArray,
    may_open: BoolArray,
    count: int,
    *,
    rounds: int = 1000,
    gap: float = 0.0,
) -> Relaxation:
    """
    Raise a lower bound by subgradient steps, and improve the plan by what relaxed plans open.

    Ends where bound and plan meet, or are as near as ``gap`` asks, or steps have become too small to matter.
    """
    plan = interchange(pairs, is_open, may_open)
    # Prices begin at what each demand would pay at its second nearest open site rather than go to its nearest.
    first, price = nearest_costs(pairs, plan)
    best = Relaxation(plan, float(first.sum()), -np.inf, price, np.zeros(len(fixed)))
    able = np.flatnonzero(may_open)
    step, waited, tried = 1.0, 0, {plan.tobytes()}
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
        if best.cost - best.bound <= max(gap, 1e-9) * abs(best.cost):
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
