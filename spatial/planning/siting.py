"""
Where should services stand: location models on plain frames, exact through HiGHS or with their gap.

A site is open for good (``existing``), may be opened (``candidate``), or has been given up (``closed``). What is asked
for counts **new** sites; existing ones are always open and come on top. Whom no site can reach is known before anything
is solved, and is listed in the plan. Whether people are shared between sites that fill up is part of the model.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Unpack

import numpy as np
import pandas as pd

from spatial.access.od_pairs import require_columns
from spatial.access.options import FINITE, check_minutes, not_within
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, InfeasibleError, refuse
from spatial.planning.location_models import (
    Cover,
    all_reached,
    bisect,
    cover_greedily,
    fewest_sites,
    filled_backup,
    filled_center,
    filled_model,
    filled_program,
    norm_first,
    norm_goal,
    relaxed,
    share_out,
    to_nearest,
)
from spatial.planning.plans import (
    AS_SUMMED,
    SAME,
    Evaluation,
    LocationModel,
    Program,
    Scale,
    SitingPlan,
    Start,
    at_most,
    rows_of,
    siting_program,
    solve,
)
from spatial.planning.sites import Siting, SitingOptions, read_siting


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
        pays for no site, or for fewer than asked.

    Examples
    --------
    >>> found = mclp(cost=[[0, 9], [9, 0], [1, 9]], weights=[5, 7, 4], n_facilities=1, service_radius=1)
    >>> found.sites["facility_id"].tolist(), found.objective, found.status
    ([0], 9.0, 'optimal')
    """
    check_minutes("service_radius", service_radius)
    return covering_model(read_siting(od, settlements, candidates, n_facilities, options), service_radius).best()


def covering_model(asked: Siting, radius: float) -> LocationModel:
    """Bring most people, each as much as it is worth, within a radius."""
    sites = asked.within(radius)
    if sites.capacity is not None:
        return filled_model("mclp", sites, [*norm_goal(sites), -sites.worth[sites.demand]], is_most=True)
    cover = Cover.of(sites)

    def people(pair: IntArray, persons: FloatArray) -> float:
        return float(persons @ sites.worth[sites.demand[pair]])

    model = LocationModel(
        "mclp",
        sites,
        lambda is_open: to_nearest(sites, is_open, people),
        lambda _: cover.most(sites),
        is_most=True,
        in_time=lambda: cover_greedily(sites),
    )
    return norm_first(model, asked if asked.first_within is not None else sites)


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
    service_radius, **options
        As in `mclp`.

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
    refuse_options(options, "lscp", "weights_by", "first")
    sites = read_siting(od, settlements, candidates, None, options, counts_sites=False).within(service_radius)
    everybody = float(sites.weight[sites.must].sum())
    price = np.where(sites.is_fixed, 0.0, 1.0 if sites.price is None else sites.price)

    most_people = [np.full(len(sites.site), -1.0)]

    def served(is_open: BoolArray) -> Evaluation:
        if sites.capacity is None:
            return to_nearest(sites, is_open, lambda _, persons: float(persons.sum()))
        shared = share_out(sites, is_open, most_people)
        return Evaluation(float(shared.persons.sum()), shared.pair, shared.persons)

    def evaluate(is_open: BoolArray) -> Evaluation:
        found = served(is_open)
        is_whole = found.value >= everybody * (1.0 - SAME)
        return found._replace(value=float(price[is_open].sum()) if is_whole else np.inf)

    def program_of(sites: Siting) -> Program:
        if sites.capacity is None:
            return siting_program(sites, price, [Cover.of(sites).hardest(len(price))])
        filled = filled_program(sites, must=sites.must)
        return filled._replace(cost=np.concatenate((price, filled.cost[len(price) :])))

    def too_dear() -> InfeasibleError:
        cheapest = solve(program_of(replace(sites, budget=None)), time_limit_s=sites.time_limit_s)
        told = f"budget: {sites.budget:g} pays for no sites that serve everybody who is within the radius of one"
        return InfeasibleError(told, cheapest.bound)

    most = served(sites.is_fixed | sites.may_open).value
    if most < everybody * (1.0 - SAME):
        raise InfeasibleError(f"{everybody:g} people, but all sites together cannot serve so many", most)
    why_none = None if sites.budget is None else too_dear
    return LocationModel("lscp", sites, evaluate, lambda _: program_of(sites), why_none=why_none).best()


def p_median(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    power: float = 1.0,
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
    power : float
        To what power minutes count, 1 or more: 2 makes one way of an hour as bad as four of half an hour.
    **options
        What every model takes, see `SitingOptions`.

    Returns
    -------
    SitingPlan
        Its objective is the sum of people times minutes, to the power.

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
    refuse("options", not_within("power", power, least=1.0, most=FINITE))
    sites = read_siting(od, settlements, candidates, n_facilities, options)
    return median_model(sites, sites.minutes**power).best()


def median_model(
    sites: Siting, burden: FloatArray, *, name: str = "p_median", scale: Scale = AS_SUMMED
) -> LocationModel:
    """Serve everybody at the least sum of burdens, one a person on each pair, which rise with the minutes."""
    each = sites.worth[sites.demand] * burden
    if sites.capacity is not None:
        return filled_model(name, sites, [*norm_goal(sites), np.full(len(each), -1.0), each])
    m, must, usable = len(sites.is_fixed), sites.must, sites.usable
    row, site = np.cumsum(must)[sites.demand[usable]] - 1, sites.site[usable]
    cost = sites.weight[sites.demand[usable]] * each[usable]
    began = monotonic()
    bound = relaxed(sites, row, site, cost) if sites.budget is None else None
    spent_s = monotonic() - began

    def evaluate(is_open: BoolArray) -> Evaluation:
        return to_nearest(
            sites, is_open, lambda pair, persons: float(persons @ each[pair]) if sites.serves(pair) else np.inf
        )

    def program(value: float | None) -> Program:
        near = np.ones(len(cost), dtype=bool)
        if value is not None and bound is not None:
            # A pair, or a site, whose price lifts the bound above the value is in no plan so good.
            slack = value * (1.0 + SAME) - bound.bound
            worst = np.sort(bound.saving[sites.may_open])[: sites.count].max(initial=-np.inf)
            near = cost - bound.price[row] <= slack
            near &= sites.is_fixed[site] | (bound.saving[site] - worst <= slack)
        k = np.arange(near.sum())
        one_site = rows_of(row[near], m + k, 1.0, np.ones(must.sum()), 1.0)
        only_open = at_most([k, k], [m + k, site[near]], [1.0, -1.0], 0.0, len(k))
        return siting_program(sites, np.concatenate((np.zeros(m), cost[near])), [one_site, only_open])

    start = None if bound is None else Start(bound.is_open, max(bound.bound, bound.proven))
    # Where a budget leaves no plan, the cheapest that reaches everybody says why; it is one where the time ends.
    in_time = None if bound is not None else lambda: Start(fewest_sites(sites), 0.0)
    model = LocationModel(
        name, sites, evaluate, program, start=start, in_time=in_time, scale=scale, spent_s=spent_s
    )  # fmt: skip
    return norm_first(model, sites)


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
        What every model takes, see `SitingOptions`; with capacities as many people as the sites hold are served,
        and the time is that of those who are.

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
    refuse_options(options, "p_center", "weights_by")
    return center_model(read_siting(od, settlements, candidates, n_facilities, options)).best()


def center_model(sites: Siting) -> LocationModel:
    """Reach everybody within the least time."""
    if sites.capacity is not None:
        return filled_center(sites)

    def longest(pair: IntArray, persons: FloatArray) -> float:
        return float(sites.minutes[pair[persons > 0.0]].max(initial=0.0)) if sites.serves(pair) else np.inf

    def program(value: float | None) -> Program:
        return siting_program(
            sites, np.zeros(len(sites.is_fixed)), [all_reached(sites, np.inf if value is None else value)]
        )

    model = LocationModel(
        "p_center", sites, lambda is_open: to_nearest(sites, is_open, longest), program, is_summed=False
    )
    model = norm_first(model, sites)
    times = np.unique(sites.minutes[sites.usable])
    start = bisect(sites, times, model.program, lambda plan: model.evaluate(plan).value)
    if start is None:
        fewest_sites(sites)
        if model.why_none is not None:
            raise model.why_none()
        raise InfeasibleError("p_center: no plan keeps to what is asked within the time limit")
    return replace(model, start=start)


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
        What every model takes, see `SitingOptions`; with capacities, a place at a second site is kept for people, and
        counts towards what that site holds.

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
    refuse("options", not_within("keep_share", keep_share, most=1.0))
    asked = read_siting(od, settlements, candidates, n_facilities, options)
    sites = asked.within(service_radius)
    if sites.capacity is not None:
        return filled_backup(sites, keep_share).best()
    group, site, people = Cover.of(sites)
    m, k = len(sites.is_fixed), np.arange(len(people))
    once, twice = m + k, m + len(k) + k
    covered = solve(covering_model(asked, service_radius).program(None), time_limit_s=sites.time_limit_s)
    if not len(covered.values):
        raise InfeasibleError("backup_coverage: no plan keeps to what is asked within the time limit")
    kept = -covered.objective * keep_share * (1.0 - SAME)

    def evaluate(is_open: BoolArray) -> Evaluation:
        has_two = np.bincount(sites.demand[is_open[sites.site]], minlength=len(sites.weight)) > 1
        worth = sites.worth * sites.weight

        def backed(pair: IntArray, _persons: FloatArray) -> float:
            return float(worth[has_two].sum()) if worth[sites.demand[pair]].sum() >= kept * (1.0 - SAME) else -np.inf

        return to_nearest(sites, is_open, backed)

    def program(_value: float | None) -> Program:
        # A group has as many of its two columns as it has open sites; the second only behind the first.
        blocks = [
            at_most([group, k, k], [site, once, twice], [-1.0, 1.0, 1.0], 0.0, len(k)),
            at_most([k, k], [once, twice], [-1.0, 1.0], 0.0, len(k)),
            rows_of(0 * k, once, people, [kept], np.inf),
        ]
        found = siting_program(sites, np.concatenate((np.zeros(m), 0.0 * people, -people)), blocks)
        # Where coverage may be lost, half of a group's one site would count as its second.
        return (
            found
            if keep_share == 1.0
            else found._replace(whole=found.whole | (np.arange(len(found.cost)) >= m + len(k)))
        )

    model = LocationModel("backup_coverage", sites, evaluate, program, is_most=True)
    model = norm_first(model, asked if asked.first_within is not None else sites)
    return replace(model, is_sure=model.is_sure and covered.status == "optimal").best()


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
    refuse_options(options, "p_dispersion", "capacity", "weights_by", "first", "demand")
    if candidates is None:
        sites = read_siting(od, None, None, n_facilities, options)
    else:
        require_columns("candidates", candidates, ("facility_id",))
        each = candidates.assign(settlement_id=candidates.get("facility_id"), _each=1.0)
        sites = read_siting(od, each, candidates, n_facilities, options | {"demand": "_each"})
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
        return siting_program(sites, np.zeros(m), [at_most([k, k], [i, j], [1.0, 1.0], 1.0, len(k))])

    falling = np.concatenate(([-np.inf], -known[::-1]))
    start = bisect(sites, falling, lambda value: program(-value), lambda plan: -evaluate(plan).value)
    if start is None:
        raise InfeasibleError("budget: pays for no such sites")
    start = start._replace(bound=-start.bound)
    return LocationModel("p_dispersion", sites, evaluate, program, is_most=True, start=start, is_summed=False).best()


REFUSED = {
    "capacity": "{0} knows none; mclp, lscp, p_median, p_center, p_centdian and backup_coverage do",
    "weights_by": "{0} counts nobody more than others; mclp, p_median and backup_coverage do",
    "first": "{0} knows none; mclp, p_median, p_center and backup_coverage do",
    "demand": "{0} serves nobody, so that nobody can be asked about",
}
"""Why an option means nothing to a model, and which it belongs to."""


def refuse_options(options: SitingOptions, model: str, *names: str) -> None:
    """Refuse options that mean nothing to a model."""
    refuse("options", [f"{name}: {REFUSED[name].format(model)}" for name in names if options.get(name) is not None])
