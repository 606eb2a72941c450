"""
Where should services stand: location models on plain frames, exact through HiGHS or with their gap.

A site is open for good (``existing``), may be opened (``candidate``), or has been given up (``closed``). What is asked
for counts **new** sites; existing ones are always open and come on top. Whom no site can reach is known before anything
is solved, and is listed in the plan. Whether people are shared between sites that fill up is part of the model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np
from scipy.sparse import csr_array

from spatial.access.capacity import transport
from spatial.access.options import check_minutes, is_number
from spatial.errors import ContractError, InfeasibleError
from spatial.planning.kernels_p_median import Columns, add_greedily, interchange, plan_cost, savings, served
from spatial.planning.plans import SAME, Evaluation, LocationModel, SitingPlan, Start, siting_program
from spatial.planning.programs import HALF, Program, rows_of, solve
from spatial.planning.sites import SitingOptions, read_siting

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from spatial.planning.sites import BoolArray, FloatArray, IntArray, Siting


def mclp(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    service_radius: float,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites that bring most people within a radius (Church and ReVelle 1974).

    Parameters
    ----------
    od : DataFrame, optional
        Pairs as `travel_times` gives them: `from_id`, `to_id`, `travel_time_min`; a pair that is not there is out of
        reach.
    settlements : DataFrame, optional
        `settlement_id` and the people; unknown ones are nobody, and are listed.
    candidates : DataFrame, optional
        `facility_id` and `status`: ``existing`` is open in any plan, ``candidate`` may open, ``closed`` only with
        ``reopen=True``. Without the column all are candidates.
    n_facilities : int, optional
        How many new sites; what exists comes on top. May be left out where a budget is given.
    service_radius : float
        The longest time, inclusive.
    **options
        What every model takes, see `SitingOptions`.

    Returns
    -------
    SitingPlan
        Its objective is people within the radius, those of existing sites included; with capacities, people served.

    Raises
    ------
    ContractError
        For frames or options that are not as above: all faults at once.
    InfeasibleError
        Where there are fewer candidates than sites asked for, nobody is within the radius of any site, or the budget
        pays for no site.

    Examples
    --------
    >>> found = mclp(cost=[[0, 9], [9, 0], [1, 9]], weights=[5, 7, 4], n_facilities=1, service_radius=1)
    >>> found.sites["facility_id"].tolist(), found.objective, found.status
    ([0], 9.0, 'optimal')
    """
    check_minutes("service_radius", service_radius)
    sites = read_siting(od, settlements, candidates, n_facilities, options).within(service_radius)
    group, site, people = _cover_sets(sites)
    m, k = len(sites.is_fixed), np.arange(len(people))

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair, persons = _share_out(sites, is_open)
        return Evaluation(float(persons.sum()), pair, persons)

    def program(_value: float | None) -> Program:
        if sites.capacity is not None:
            return _filled(sites, by=np.full(len(sites.site), -1.0))
        covered = rows_of(
            np.concatenate((group, k)),
            np.concatenate((site, m + k)),
            np.repeat([-1.0, 1.0], [len(group), len(k)]),
            np.full(len(k), -np.inf),
            0.0,
        )
        return siting_program(sites, np.concatenate((np.zeros(m), -people)), [covered])

    return LocationModel("mclp", sites, evaluate, program, is_most=True).best()


def lscp(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    service_radius: float,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the fewest sites that bring everybody within a radius (Toregas and others 1971).

    Whom no site can reach is left out and listed; with ``site_costs`` the cost of new sites is least instead.

    Parameters
    ----------
    od, settlements, candidates : DataFrame, optional
        As for `mclp`.
    service_radius : float
        The longest time, inclusive.
    **options
        What every model takes, see `SitingOptions`.

    Returns
    -------
    SitingPlan
        Its objective is the number of new sites, or what they cost.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be.
    InfeasibleError
        Where nobody is within the radius of any site, or capacities or the budget cannot serve everybody who is.

    Examples
    --------
    >>> lscp(cost=[[0, 9], [9, 0], [1, 9]], service_radius=1).objective
    2.0
    """
    check_minutes("service_radius", service_radius)
    asked = read_siting(od, settlements, candidates, None, options, counts_sites=False)
    sites = asked.within(service_radius)
    group, site, people = _cover_sets(sites)
    price = np.where(sites.is_fixed, 0.0, 1.0 if sites.price is None else sites.price)

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair, persons = _share_out(sites, is_open)
        is_whole = persons.sum() >= sites.weight[sites.must].sum() * (1.0 - SAME)
        return Evaluation(float(price[is_open].sum()) if is_whole else np.inf, pair, persons)

    def program(_value: float | None) -> Program:
        if sites.capacity is not None:
            filled = _filled(sites, by=np.zeros(len(sites.site)), must=sites.must)
            return filled._replace(cost=np.concatenate((price, filled.cost[len(price) :])))
        row, column = _hardest(group, site, len(people), len(price))
        return siting_program(sites, price, [rows_of(row, column, 1.0, np.ones(row.max(initial=-1) + 1), np.inf)])

    if sites.capacity is not None:
        most = float(_share_out(sites, sites.is_fixed | sites.may_open)[1].sum())
        if most < sites.weight[sites.must].sum() * (1.0 - SAME):
            raise InfeasibleError(
                f"{sites.weight[sites.must].sum():g} people, but all sites together cannot serve so many", most
            )
    return LocationModel("lscp", sites, evaluate, program).best()


def p_median(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites from which the sum of person-minutes is least (Hakimi 1964).

    Everybody who has a site in reach is served; with capacities, as many as the sites hold, and then in the fewest
    person-minutes. Large tasks begin with interchange and a Lagrangian bound; what these leave open goes to HiGHS.

    Parameters
    ----------
    od, settlements, candidates : DataFrame, optional
        As for `mclp`.
    n_facilities : int, optional
        How many new sites; may be left out where a budget is given.
    **options
        What every model takes, see `SitingOptions`.

    Returns
    -------
    SitingPlan
        Its objective is the sum of people times minutes.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be.
    InfeasibleError
        Where so many sites cannot reach everybody who has one in reach; `bound` says how many can.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
    >>> found = p_median(cost=abs(x[:, None] - x), weights=[100, 200, 100, 300, 100, 50], n_facilities=2)
    >>> found.sites["facility_id"].tolist(), found.objective
    ([1, 3], 1100.0)
    """
    sites = read_siting(od, settlements, candidates, n_facilities, options)
    if sites.capacity is not None:
        return _p_median_filled(sites)
    m, must, usable = len(sites.is_fixed), sites.must, sites.usable
    row, site = np.cumsum(must)[sites.demand[usable]] - 1, sites.site[usable]
    cost = sites.weight[sites.demand[usable]] * sites.minutes[usable]
    relaxed = _relaxed(sites, row, site, cost) if sites.budget is None else None

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair, persons = _share_out(sites, is_open)
        return Evaluation(float(persons @ sites.minutes[pair]) if sites.serves(pair) else np.inf, pair, persons)

    def program(value: float | None) -> Program:
        near = np.ones(len(cost), dtype=bool)
        if value is not None and relaxed is not None:
            # A pair, or a site, whose price lifts the bound above the value is in no plan so good.
            slack = value * (1.0 + SAME) - relaxed.bound
            worst = np.sort(relaxed.saving[sites.may_open])[: sites.count].max(initial=-np.inf)
            near = cost - relaxed.price[row] <= slack
            near &= sites.is_fixed[site] | (relaxed.saving[site] - worst <= slack)
        k = np.arange(near.sum())
        one_site = rows_of(row[near], m + k, 1.0, np.ones(must.sum()), 1.0)
        only_open = rows_of(
            np.tile(k, 2),
            np.concatenate((m + k, site[near])),
            np.repeat([1.0, -1.0], len(k)),
            np.full(len(k), -np.inf),
            0.0,
        )
        return siting_program(sites, np.concatenate((np.zeros(m), cost[near])), [one_site, only_open])

    start = None if relaxed is None else Start(relaxed.is_open, relaxed.bound)
    return LocationModel("p_median", sites, evaluate, program, start=start).best()


def p_center(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites from which the longest time of anybody is least, by bisection over the times that occur.

    Parameters
    ----------
    od, settlements, candidates : DataFrame, optional
        As for `mclp`; settlements of nobody do not count.
    n_facilities : int, optional
        How many new sites; may be left out where a budget is given.
    **options
        What every model takes, see `SitingOptions`; no capacities.

    Returns
    -------
    SitingPlan
        Its objective is the longest time.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be.
    InfeasibleError
        Where so many sites cannot reach everybody who has one in reach; `bound` says how many can.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
    >>> p_center(cost=abs(x[:, None] - x), n_facilities=2).objective
    8.0
    """
    sites = read_siting(od, settlements, candidates, n_facilities, options)
    _refuse_capacity(sites, "p_center")
    must, usable = sites.must, sites.usable
    row = np.cumsum(must)[sites.demand] - 1

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair, persons = _share_out(sites, is_open)
        longest = sites.minutes[pair[persons > 0.0]].max(initial=0.0)
        return Evaluation(float(longest) if sites.serves(pair) else np.inf, pair, persons)

    def program(value: float | None) -> Program:
        near = usable & (sites.minutes <= (np.inf if value is None else value))
        covered = rows_of(row[near], sites.site[near], 1.0, np.ones(must.sum()), np.inf)
        return siting_program(sites, np.zeros(len(sites.is_fixed)), [covered])

    start = _bisect(sites, np.unique(sites.minutes[usable]), program, lambda plan: evaluate(plan).value)
    if start is None:
        _fewest(sites)
        raise InfeasibleError("budget: pays for no sites that reach everybody who has a site in reach")
    return LocationModel("p_center", sites, evaluate, program, start=start).best()


def backup_coverage(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    service_radius: float,
    keep_share: float = 1.0,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites that bring most people within a radius of two, without losing coverage (Hogan and ReVelle 1986).

    Parameters
    ----------
    od, settlements, candidates : DataFrame, optional
        As for `mclp`.
    n_facilities : int, optional
        How many new sites; may be left out where a budget is given.
    service_radius : float
        The longest time, inclusive.
    keep_share : float
        Which share of the best coverage by one site must stay, 0 to 1.
    **options
        What every model takes, see `SitingOptions`; no capacities.

    Returns
    -------
    SitingPlan
        Its objective is people within the radius of two or more open sites.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be.
    InfeasibleError
        As for `mclp`.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0])
    >>> backup_coverage(cost=abs(x[:, None] - x), weights=[1, 9, 1], n_facilities=2, service_radius=2).objective
    10.0
    """
    check_minutes("service_radius", service_radius)
    if not is_number(keep_share, least=0.0, most=1.0):
        raise ContractError("options", [f"keep_share: must be from 0 to 1, is {keep_share!r}"])
    sites = read_siting(od, settlements, candidates, n_facilities, options).within(service_radius)
    _refuse_capacity(sites, "backup_coverage")
    group, site, people = _cover_sets(sites)
    m, k = len(sites.is_fixed), np.arange(len(people))
    once, twice = m + k, m + len(k) + k
    # A group has as many of its two columns as it has open sites; the second only behind the first.
    blocks = [
        rows_of(
            np.concatenate((group, k, k)),
            np.concatenate((site, once, twice)),
            np.repeat([-1.0, 1.0], [len(group), 2 * len(k)]),
            np.full(len(k), -np.inf),
            0.0,
        ),
        rows_of(
            np.tile(k, 2), np.concatenate((once, twice)), np.repeat([-1.0, 1.0], len(k)), np.full(len(k), -np.inf), 0.0
        ),
    ]
    for_one = siting_program(sites, np.concatenate((np.zeros(m), -people, 0.0 * people)), blocks)
    kept = -solve(for_one, time_limit_s=sites.time_limit_s).objective * keep_share * (1.0 - SAME)

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair, persons = _share_out(sites, is_open)
        has_two = np.bincount(sites.demand[is_open[sites.site]], minlength=len(sites.weight)) > 1
        value = float(sites.weight[has_two].sum()) if persons.sum() >= kept * (1.0 - SAME) else -np.inf
        return Evaluation(value, pair, persons)

    def program(_value: float | None) -> Program:
        still = rows_of(0 * k, once, people, [kept], np.inf)
        return for_one._replace(cost=np.concatenate((np.zeros(m), 0.0 * people, -people))).where([still])

    return LocationModel("backup_coverage", sites, evaluate, program, is_most=True).best()


def p_dispersion(
    od: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites that lie farthest from each other and from existing ones (Kuby 1987).

    Parameters
    ----------
    od : DataFrame, optional
        Pairs of sites: `from_id`, `to_id`, `travel_time_min`; of both ways the shorter counts, and a pair that is not
        there is farther apart than any that is.
    candidates : DataFrame, optional
        As for `mclp`.
    n_facilities : int, optional
        How many new sites; may be left out where a budget is given.
    **options
        What every model takes, see `SitingOptions`; ``cost`` is square. No capacities.

    Returns
    -------
    SitingPlan
        Its objective is the least time between two open sites of which one is new.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be, or without any pair of sites.
    InfeasibleError
        Where there are fewer candidates than sites asked for, or the budget pays for no site.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0, 10.0])
    >>> p_dispersion(cost=abs(x[:, None] - x), n_facilities=3).objective
    4.0
    """
    if candidates is None:
        sites = read_siting(od, None, None, n_facilities, options)
    else:
        each = candidates.assign(settlement_id=candidates.get("facility_id"), _each=1.0)
        sites = read_siting(od, each, candidates, n_facilities, options | {"demand": "_each"})
    _refuse_capacity(sites, "p_dispersion")
    n, m = sites.shape
    if n != m:
        raise ContractError("options", [f"cost: must be between sites, square, is {n} by {m}"])
    apart = np.full((m, m), np.inf)
    apart[sites.demand, sites.site] = sites.minutes
    apart = np.minimum(apart, apart.T)
    np.fill_diagonal(apart, np.inf)
    apart[np.ix_(sites.is_fixed, sites.is_fixed)] = np.inf  # they stand where they stand
    known = np.unique(apart[np.isfinite(apart)])
    if not len(known):
        raise ContractError("options", ["cost: no two sites have a cost between them"])

    def evaluate(is_open: BoolArray) -> Evaluation:
        nobody = np.zeros(0, dtype=np.int64)
        return Evaluation(float(apart[np.ix_(is_open, is_open)].min(initial=np.inf)), nobody, nobody.astype(float))

    def program(value: float | None) -> Program:
        i, j = np.nonzero(np.triu(apart < (0.0 if value is None else value)))
        k = np.arange(len(i))
        either = rows_of(np.tile(k, 2), np.concatenate((i, j)), 1.0, np.full(len(k), -np.inf), 1.0)
        return siting_program(sites, np.zeros(m), [either])

    falling = np.concatenate(([-np.inf], -known[::-1]))
    start = _bisect(sites, falling, lambda value: program(-value), lambda plan: -evaluate(plan).value)
    if start is None:
        raise InfeasibleError("budget: pays for no such sites")
    start = start._replace(bound=-start.bound)
    return LocationModel("p_dispersion", sites, evaluate, program, is_most=True, start=start).best()


# What several models use.


def _refuse_capacity(sites: Siting, model: str) -> None:
    if sites.capacity is not None:
        raise ContractError("options", [f"capacity: {model} knows none; mclp, lscp and p_median do"])


def _cover_sets(sites: Siting) -> tuple[IntArray, IntArray, FloatArray]:
    """
    Join demands that the same sites cover.

    Gives group and site of each entry, and the people of each group; nobody, and who has no site, are in none.
    """
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
    people = np.bincount(group_of, sites.weight[demand[starts]])
    return group.astype(np.int64), np.concatenate(members), people.astype(np.float64)


def _hardest(group: IntArray, site: IntArray, n: int, m: int) -> tuple[IntArray, IntArray]:
    """Leave out groups whose sites include all those of another group: whatever covers that one covers them too."""
    covers = csr_array((np.ones(len(site), dtype=np.int32), (group, site)), shape=(n, m))
    shared = (covers @ covers.T).tocoo()
    inner, outer = shared.row, shared.col
    size = np.diff(covers.indptr)
    # No two groups have the same sites, so one that is in another is smaller.
    within = (shared.data == size[inner]) & (inner != outer)
    kept = np.ones(n, dtype=bool)
    kept[outer[within]] = False
    rows = kept[group]
    return np.cumsum(kept)[group[rows]] - 1, site[rows]


def _share_out(sites: Siting, is_open: BoolArray) -> tuple[IntArray, FloatArray]:
    """Send everybody to the nearest open site; where sites fill up, serve the most people in the fewest minutes."""
    if sites.capacity is None:
        pair = sites.nearest(is_open)
        return pair, sites.weight[sites.demand[pair]]
    pair = np.flatnonzero(is_open[sites.site] & (sites.weight[sites.demand] > 0.0))
    persons = transport(sites.demand[pair], sites.site[pair], sites.minutes[pair], sites.weight, sites.capacity)
    some = persons > SAME * sites.weight[sites.demand[pair]]
    return pair[some], persons[some]


def _filled(sites: Siting, *, by: FloatArray, must: BoolArray | None = None) -> Program:
    """
    Make the program of sites that fill up: behind the sites, the persons of each pair.

    ``by`` is what a person on each pair costs; demands of ``must`` are served whole.
    """
    m, k = len(sites.is_fixed), np.arange(len(sites.site))
    room = np.minimum(np.asarray(sites.capacity), sites.weight.sum())
    most = np.minimum(sites.weight[sites.demand], room[sites.site])
    least = np.full(len(sites.weight), -np.inf) if must is None else np.where(must, sites.weight, 0.0)
    each = rows_of(sites.demand, m + k, 1.0, least, sites.weight)
    held = rows_of(
        np.concatenate((sites.site, np.arange(m))),
        np.concatenate((m + k, np.arange(m))),
        np.concatenate((np.ones(len(k)), -room)),
        np.full(m, -np.inf),
        0.0,
    )
    only_open = rows_of(  # implied by the rows above, and what makes the bound tight
        np.tile(k, 2),
        np.concatenate((m + k, sites.site)),
        np.concatenate((np.ones(len(k)), -most)),
        np.full(len(k), -np.inf),
        0.0,
    )
    return siting_program(sites, np.concatenate((np.zeros(m), by)), [each, held, only_open], upper=np.inf)


def _p_median_filled(sites: Siting) -> SitingPlan:
    """Serve as many as the sites hold, and of such plans find the one of fewest person-minutes."""
    k = np.arange(len(sites.site))
    most = solve(_filled(sites, by=np.full(len(k), -1.0)), time_limit_s=sites.time_limit_s)
    enough = -most.objective * (1.0 - SAME)

    def evaluate(is_open: BoolArray) -> Evaluation:
        pair, persons = _share_out(sites, is_open)
        value = float(persons @ sites.minutes[pair]) if persons.sum() >= enough * (1.0 - SAME) else np.inf
        return Evaluation(value, pair, persons)

    def program(_value: float | None) -> Program:
        served = rows_of(0 * k, len(sites.is_fixed) + k, 1.0, [enough], np.inf)
        return _filled(sites, by=sites.minutes).where([served])

    return LocationModel("p_median", sites, evaluate, program).best()


def _relaxed(sites: Siting, row: IntArray, site: IntArray, cost: FloatArray) -> _Relaxation:
    """Find a good plan that reaches everybody who can be reached, and a bound."""
    count = sites.count or 0
    order = np.lexsort((row, site))
    far = np.zeros(sites.must.sum())
    np.maximum.at(far, row, cost)
    columns = Columns(
        start=np.searchsorted(site[order], np.arange(len(sites.is_fixed) + 1)),
        demand=row[order],
        cost=cost[order],
        far=2.0 * far + cost.max(initial=0.0) + 1.0,
    )
    plan = add_greedily(columns, sites.is_fixed, sites.may_open, count)
    plan = interchange(columns, plan, sites.may_open)
    if not sites.serves(sites.nearest(plan)):
        fewest = _fewest(sites)
        plan = add_greedily(columns, fewest, sites.may_open, count - int((fewest & ~sites.is_fixed).sum()))
    return _relax(columns, plan, sites.is_fixed, sites.may_open, count, gap=sites.gap)


MOMENTUM, PATIENCE = 0.9, 25
"""Share of a step that is that of the rounds before, and rounds without a better bound before steps are halved."""

NEAR, IMPROVED = 0.05, 60
"""Relaxed plans so near the bound, as a share of the cost, are looked at, and so many are improved by interchange."""


class _Relaxation(NamedTuple):
    """The best plan of a search, and what its relaxation proves."""

    is_open: BoolArray  # shape (m,)
    cost: float
    bound: float  # no plan costs less
    price: FloatArray  # shape (n,), multipliers of the bound
    saving: FloatArray  # shape (m,), 0 or less: what opening a site takes off the sum of prices


def _relax(  # noqa: PLR0913 - the problem, where to begin and when to end
    pairs: Columns,
    is_open: BoolArray,
    fixed: BoolArray,
    may_open: BoolArray,
    count: int,
    *,
    rounds: int = 1000,
    gap: float = 0.0,
) -> _Relaxation:
    """
    Raise a lower bound by subgradient steps, and improve the plan by what relaxed plans open.

    Ends where bound and plan meet, or are as near as ``gap`` asks, or steps have become too small to matter.
    """
    plan = interchange(pairs, is_open, may_open)
    cost = plan_cost(pairs, plan)
    # Prices begin at the cost of the second nearest open site of each demand: what it would pay rather than go there.
    first, price = pairs.far.copy(), pairs.far.copy()
    for j in np.flatnonzero(plan):
        own = slice(pairs.start[j], pairs.start[j + 1])
        i, at = pairs.demand[own], pairs.cost[own]
        price[i] = np.minimum(price[i], np.maximum(first[i], at))
        first[i] = np.minimum(first[i], at)
    best = _Relaxation(plan, cost, -np.inf, price, np.zeros(len(fixed)))
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
            plan = interchange(pairs, chosen, may_open) if len(tried) <= IMPROVED else chosen
            cost = plan_cost(pairs, plan)
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


def _fewest(sites: Siting) -> BoolArray:
    """Find the fewest sites that reach everybody who can be reached; refuse where they are more than asked for."""
    usable, must = sites.usable, sites.must
    row = np.cumsum(must)[sites.demand[usable]] - 1
    covered = rows_of(row, sites.site[usable], 1.0, np.ones(must.sum()), np.inf)
    price = np.where(sites.is_fixed, 0.0, 1.0)
    found = solve(siting_program(replace(sites, count=None, budget=None), price, [covered])).values > HALF
    new = int((found & ~sites.is_fixed).sum())
    if sites.count is not None and new > sites.count:
        raise InfeasibleError(
            f"n_facilities: {sites.count} new sites cannot reach everybody who has a site in reach", float(new)
        )
    return found


def _bisect(
    sites: Siting, values: FloatArray, program: Callable[[float], Program], value_of: Callable[[BoolArray], float]
) -> Start | None:
    """
    Find a plan of the first of some rising values that any plan keeps, with a bound.

    A plan found may keep an earlier value at once. Where the time for a value runs out, later ones are tried, and the
    bound stays at the first that is not refuted.
    """
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
