"""
Siting beyond one mean: the worst off, whole fronts, plans that stay good in other worlds, owners who plan apart.

A single weight between two aims hides a choice that is not the analyst's. `pareto_front` gives every plan that no other
plan beats in both aims; the models with one weight pick one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Unpack

import numpy as np
import pandas as pd

from spatial.access.od_pairs import id_positions, require_columns
from spatial.access.options import ABOVE_ZERO, FINITE, check_minutes, not_within
from spatial.access.places import id_order
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, InfeasibleError, first_of, refuse
from spatial.planning.location_models import (
    Cover,
    all_reached,
    bisect,
    filled_centdian,
    filled_model,
    share_out,
    to_nearest,
)
from spatial.planning.plans import (
    TRUSTED,
    Condition,
    LocationModel,
    Program,
    Scale,
    SitingPlan,
    Start,
    at_most,
    rows_of,
    siting_program,
)
from spatial.planning.sites import Siting, SitingOptions, read_siting
from spatial.planning.siting import center_model, covering_model, median_model, refuse_options

MOST_BURDEN, OVERFLOW = 1e6, 600.0
"""The mean burden of a person, in those of a way of no minutes, beyond which only the longest way counts; and the
exponent at which floats end."""


def p_centdian(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    mean_share: float = 0.5,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites for which a blend of the mean and the longest time is least (Halpern 1978).

    Found along the front of `pareto_front`: of each longest time the least mean, until no blend can be better.

    Parameters
    ----------
    od, settlements, candidates, n_facilities
        As in `p_center`.
    mean_share : float
        What the mean counts, 0 to 1; the longest time counts the rest.
    **options
        What every model takes, see `SitingOptions`; no norm first. With capacities as many people as the sites hold are
        served, and mean and longest time are those of who is; nobody counts more than others then.

    Returns
    -------
    SitingPlan
        Its objective is ``mean_share * mean + (1 - mean_share) * longest``, in minutes.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be.
    InfeasibleError
        Where so many sites cannot reach everybody who has one in reach; `bound` says how many can.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
    >>> people = [100, 200, 100, 300, 100, 50]
    >>> found = p_centdian(cost=abs(x[:, None] - x), weights=people, n_facilities=2, mean_share=0.5)
    >>> found.sites["facility_id"].tolist(), round(found.objective, 3)
    ([1, 4], 4.824)
    """
    refuse("options", not_within("mean_share", mean_share, most=1.0))
    refuse_options(options, "p_centdian", "first")
    sites = _read(od, settlements, candidates, n_facilities, options)
    if sites.capacity is not None:
        return filled_centdian(sites, mean_share).best()
    people = _people(sites)

    def value(pair: IntArray, persons: FloatArray) -> float:
        if not sites.serves(pair):
            return np.inf
        mean = float(persons * sites.worth[sites.demand[pair]] @ sites.minutes[pair]) / people
        return mean_share * mean + (1.0 - mean_share) * float(sites.minutes[pair[persons > 0.0]].max(initial=0.0))

    def program(limit: float | None) -> Program:
        near = sites.usable
        if limit is not None and mean_share < 1.0:  # a longer way alone is worse
            near = near & (sites.minutes <= limit / (1.0 - mean_share) * (1.0 + TRUSTED))
        return _blend_program(sites, near, mean_share / people, 1.0 - mean_share)

    model = LocationModel("p_centdian", sites, lambda is_open: to_nearest(sites, is_open, value), program)
    shortest = center_model(sites).search().bound
    best, least, bound = sites.is_fixed, np.inf, np.inf
    for step in _medians(sites, shortest):
        own = model.evaluate(step.is_open).value
        if own < least:
            best, least = step.is_open, own
        # Plans of a longest time from this one's to that of the step before have no lesser mean; nor have all others.
        mean = mean_share * step.bound / people
        bound = min(bound, mean + (1.0 - mean_share) * step.longest)
        rest = mean + (1.0 - mean_share) * shortest
        if rest >= least:
            break
    return replace(model, start=Start(best, min(bound, least))).best()


def p_kolm_pollak(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    aversion: float = 1.0,
    **options: Unpack[SitingOptions],
) -> SitingPlan:
    """
    Open the sites for which the Kolm-Pollak equally distributed equivalent of the times is least (Horton et al. 2024).

    That is the time which, if everybody had it, were as bad as the times that people have:
    ``log(mean(exp(kappa * minutes))) / kappa``. It lies between the mean and the longest time, nearer to this one the
    greater the aversion. ``kappa`` is the aversion times ``sum(minutes) / sum(minutes ** 2)`` over the people of the
    p-median plan, so that the aversion has no unit. The sum of exponentials is linear in who goes where.

    Parameters
    ----------
    od, settlements, candidates, n_facilities
        As in `p_center`.
    aversion : float
        How much worse the long ways are, above 0; Logan and others (2021) take 0.5 to 2.
    **options
        What every model takes, see `SitingOptions`; no capacities.

    Returns
    -------
    SitingPlan
        Its objective is the equally distributed equivalent, in minutes.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be, or an aversion that leaves only the longest way to count.
    InfeasibleError
        Where so many sites cannot reach everybody who has one in reach; `bound` says how many can.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
    >>> people = [100, 200, 100, 300, 100, 50]
    >>> found = p_kolm_pollak(cost=abs(x[:, None] - x), weights=people, n_facilities=2, aversion=2)
    >>> found.sites["facility_id"].tolist()
    [1, 4]
    """
    refuse("options", not_within("aversion", aversion, least=ABOVE_ZERO, most=FINITE))
    refuse_options(options, "p_kolm_pollak", "capacity")
    sites = read_siting(od, settlements, candidates, n_facilities, options)
    nearest = sites.nearest(median_model(sites, sites.minutes).search().is_open)
    counted = sites.weight * sites.worth
    people, own, minutes = _people(sites), counted[sites.demand[nearest]], sites.minutes[nearest]
    squares = float(own @ minutes**2)
    kappa = aversion * (float(own @ minutes) / squares if squares else 1.0)
    # Beyond this many times the burden of a plan that is known, a pair is in no plan that anybody looks at.
    worst = MOST_BURDEN * float(own @ np.expm1(np.minimum(kappa * minutes, OVERFLOW)))
    if worst > MOST_BURDEN**2 * people:
        raise ContractError("options", [f"aversion: {aversion:g} leaves only the longest way to count; see p_center"])
    burden = np.expm1(np.minimum(kappa * sites.minutes, OVERFLOW))
    able = counted[sites.demand] * burden <= worst
    sites = replace(sites, demand=sites.demand[able], site=sites.site[able], minutes=sites.minutes[able])
    scale = Scale(
        told=lambda total: float(np.log1p(total / people) / kappa),
        summed=lambda minutes: float(people * np.expm1(kappa * minutes)),
    )
    return median_model(sites, burden[able], name="p_kolm_pollak", scale=scale).best()


@dataclass(frozen=True, eq=False)
class ParetoFront:
    """
    Plans of which none is better in both of two aims than another, or than any plan.

    Parameters
    ----------
    points : DataFrame
        One row a plan, the best in the first aim first: a column each aim, and `status`, ``optimal`` where both are
        proven. Points that differ by less than a millionth are one.
    plans : list of SitingPlan
        The plan of each row.
    is_whole : bool
        Whether no plan is missing; false where a time limit ended the search.
    """

    points: pd.DataFrame
    plans: list[SitingPlan]
    is_whole: bool


def pareto_front(
    od: pd.DataFrame | None = None,
    settlements: pd.DataFrame | None = None,
    candidates: pd.DataFrame | None = None,
    *,
    n_facilities: int | None = None,
    service_radius: float | None = None,
    against: str | None = None,
    **options: Unpack[SitingOptions],
) -> ParetoFront:
    """
    Find all plans that trade one aim for another: no weight between the two is hidden (by epsilon-constraint).

    Without a radius the aims are the mean and the longest time; with one, the people within it and the longest time;
    with a column of other people too, people and these people within it, such as all people and those of villages.

    Parameters
    ----------
    od, settlements, candidates, n_facilities
        As in `p_center`.
    service_radius : float, optional
        The longest time, inclusive, within which people count.
    against : str, optional
        Column of the settlements with other people.
    **options
        What every model takes, see `SitingOptions`; no norm first. With capacities plans serve as many people as the
        sites hold, and the aims are those of who is served; nobody counts more than others then, and `against` is
        refused: people can be shared between the two in any parts, so that the front is no list of plans.

    Returns
    -------
    ParetoFront
        Its points have `mean_min` and `longest_min`; or `persons_within` and `longest_min`, which is NaN where somebody
        who has a site in reach has no open one, or fewer are served than could be; or `persons_within` and
        ``<against>_within``.

    Raises
    ------
    ContractError
        For frames or options that are not as they must be.
    InfeasibleError
        Where there is no plan at all, as for `p_median` and `mclp`.

    Examples
    --------
    >>> x = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 20.0])
    >>> people = [100, 200, 100, 300, 100, 50]
    >>> front = pareto_front(cost=abs(x[:, None] - x), weights=people, n_facilities=2)
    >>> front.points["longest_min"].tolist(), front.is_whole
    ([10.0, 8.0], True)
    """
    refuse_options(options, "pareto_front", "first")
    if service_radius is not None:
        check_minutes("service_radius", service_radius)
    if against is not None:
        if service_radius is None:
            raise ContractError("options", ["against: needs service_radius, within which people count"])
        if options.get("capacity") is not None:
            raise ContractError("options", ["against: with capacities the front is no list of plans but a line"])
        options |= {"first": against, "first_within": service_radius}
    sites = _read(od, settlements, candidates, n_facilities, options)
    if service_radius is None:
        found = _mean_and_longest(sites)
    elif sites.capacity is not None:
        found = _served_and_longest(sites, service_radius)
    elif against is None:
        found = _people_and_longest(sites, service_radius)
    else:
        found = _people_and_others(sites, service_radius, f"{against}_within")
    points: list[_Point] = []
    is_whole = True
    try:
        for point in found:
            first, _ = point.aims.values()
            # As good in the first aim and better in the second: the point before was none.
            if points and abs(first - next(iter(points[-1].aims.values()))) <= TRUSTED * abs(first):
                points.pop()
            points.append(point)
    except InfeasibleError:
        if not points:
            raise
        is_whole = False
    return ParetoFront(
        points=pd.DataFrame([point.aims | {"status": point.status} for point in points]),
        plans=[point.plan for point in points],
        is_whole=is_whole,
    )


def _read(
    od: pd.DataFrame | None,
    settlements: pd.DataFrame | None,
    candidates: pd.DataFrame | None,
    n_facilities: int | None,
    options: SitingOptions,
) -> Siting:
    """Read what is asked; where sites fill up who is served differs from plan to plan, and so would a weighted mean."""
    if options.get("capacity") is not None and options.get("weights_by") is not None:
        raise ContractError("options", ["weights_by: counts nobody more than others where sites have a capacity"])
    return read_siting(od, settlements, candidates, n_facilities, options)


def _people(sites: Siting) -> float:
    """Sum who can be reached, each as much as it is worth."""
    return float((sites.weight * sites.worth)[sites.must].sum()) or 1.0


class _Point(NamedTuple):
    """A plan, and how it does by both aims."""

    plan: SitingPlan
    aims: dict[str, float]
    status: str


class _Step(NamedTuple):
    """The best plan of a model where nobody's way is longer than a limit."""

    model: LocationModel
    is_open: BoolArray
    bound: float
    longest: float


def _longest(sites: Siting, is_open: BoolArray) -> float:
    """Find the longest time of anybody; inf where somebody who could be is not reached."""
    nearest = sites.nearest(is_open)
    minutes = sites.minutes[nearest][sites.weight[sites.demand[nearest]] > 0.0]
    return float(minutes.max(initial=0.0)) if sites.serves(nearest) else np.inf


def _ever_shorter(sites: Siting, shortest: float, model_of: Callable[[Siting], LocationModel]) -> Iterator[_Step]:
    """Find the best plans of ever shorter longest times, down to the shortest that there is."""
    near, longest = sites, np.inf
    while longest > shortest:
        model = model_of(near)
        found = model.search()
        carried = model.evaluate(found.is_open)
        longest = float(near.minutes[carried.pair[carried.persons > 0.0]].max(initial=0.0))
        yield _Step(model, found.is_open, found.bound, longest)
        near = near.near(np.nextafter(longest, -np.inf))


def _medians(sites: Siting, shortest: float) -> Iterator[_Step]:
    return _ever_shorter(sites, shortest, lambda near: median_model(near, near.minutes))


def _mean_and_longest(sites: Siting) -> Iterator[_Point]:
    for step in _medians(sites, center_model(sites).search().bound):
        plan = step.model.plan(step.is_open, step.bound)
        people = _people(sites) if sites.capacity is None else max(float(plan.assignment["persons"].sum()), 1.0)
        yield _Point(plan, {"mean_min": plan.objective / people, "longest_min": step.longest}, plan.status)


def _served_and_longest(sites: Siting, radius: float) -> Iterator[_Point]:
    """Share people out so that most are served, of these most within the radius, and nobody's way is too long."""
    covering, shortest = covering_model(sites, radius), center_model(sites).search().bound

    def most_near(near: Siting) -> LocationModel:
        is_near = np.where(near.minutes <= radius, -1.0, 0.0)
        return filled_model("mclp", near, [np.full(len(near.site), -1.0), is_near], is_most=True)

    best = covering.search()
    people, is_first = covering.evaluate(best.is_open).value, True
    for step in _ever_shorter(sites, shortest, most_near):
        plan = step.model.plan(step.is_open, step.bound)
        if is_first and plan.objective < people * (1.0 - TRUSTED):
            # Most within the radius are not among those plans that serve most people at all.
            only = covering.plan(*best)
            yield _Point(only, {"persons_within": people, "longest_min": np.nan}, only.status)
        is_first = False
        yield _Point(plan, {"persons_within": plan.objective, "longest_min": step.longest}, plan.status)


def _people_and_longest(sites: Siting, radius: float) -> Iterator[_Point]:
    covering, cover = covering_model(sites, radius), Cover.of(sites.within(radius))
    times = np.unique(sites.minutes[sites.usable])
    limit, longest = np.inf, np.inf
    try:
        shortest = center_model(sites).search().bound
    except InfeasibleError:  # so many sites never reach everybody: there is no longest time
        shortest = np.inf
    while limit == np.inf or longest > shortest:
        model = covering if limit == np.inf else covering.keeping(_within(sites, limit))
        found = model.search()
        people = model.evaluate(found.is_open).value
        longest, covered = _longest(sites, found.is_open), cover.at_least(people)

        def program(most: float, covered: Condition = covered) -> Program:
            return _within(sites, most).rows(covered.rows(siting_program(sites, np.zeros(sites.shape[1]), [])))

        tight = None
        if shortest < np.inf:
            tight = bisect(sites, times[times <= longest], program, lambda plan: _longest(sites, plan))
        is_open = found.is_open if tight is None else tight.is_open
        longest = _longest(sites, is_open)
        plan = covering.plan(is_open, found.bound)
        is_proven = plan.status == "optimal" and (tight is None or longest <= tight.bound)
        aims = {"persons_within": people, "longest_min": longest if np.isfinite(longest) else np.nan}
        yield _Point(plan, aims, "optimal" if is_proven else "feasible")
        limit = float(np.nextafter(longest, -np.inf)) if np.isfinite(longest) else float(times[-1])


def _people_and_others(sites: Siting, radius: float, name: str) -> Iterator[_Point]:
    others = replace(sites, weight=np.asarray(sites.first), worth=np.ones(sites.shape[0]), first=None)
    sites = replace(sites, first=None)
    covering, cover = covering_model(sites, radius), Cover.of(sites.within(radius))
    if not others.near(radius).usable.any():  # none of the others can be brought within: there is nothing to trade
        plan = covering.best()
        yield _Point(plan, {"persons_within": plan.objective, name: 0.0}, plan.status)
        return
    covering_others, cover_others = covering_model(others, radius), Cover.of(others.within(radius))
    most = covering_others.search().bound
    reached, least = -np.inf, 0.0
    while reached < most * (1.0 - TRUSTED):
        found = covering.keeping(cover_others.at_least(least)).search()
        people = covering.evaluate(found.is_open).value
        more = covering_others.keeping(cover.at_least(people)).search()
        reached = cover_others.covered(more.is_open)
        plan = covering.plan(more.is_open, found.bound)
        is_proven = plan.status == "optimal" and reached >= more.bound * (1.0 - TRUSTED)
        yield _Point(plan, {"persons_within": people, name: reached}, "optimal" if is_proven else "feasible")
        least = reached + TRUSTED * most


def _within(sites: Siting, limit: float) -> Condition:
    """Let nobody's way be longer than a limit."""
    return Condition(
        lambda is_open: _longest(sites, is_open) <= limit, lambda program: program.where([all_reached(sites, limit)])
    )


def _blend_program(sites: Siting, near: BoolArray, each: float, longest: float) -> Program:
    """Send everybody to one open site: behind the sites, which pair is used, then the longest minutes of any."""
    must, m, k = sites.must, sites.shape[1], np.arange(near.sum())
    demand, site, minutes = sites.demand[near], sites.site[near], sites.minutes[near]
    row, every = np.cumsum(must)[demand] - 1, np.arange(must.sum())
    one_site = rows_of(row, m + k, 1.0, np.ones(len(every)), 1.0)
    only_open = at_most([k, k], [m + k, site], [1.0, -1.0], 0.0, len(k))
    no_longer = at_most([row, every], [m + k, np.full(len(every), m + len(k))], [minutes, -1.0], 0.0, len(every))
    costs = np.concatenate((np.zeros(m), each * (sites.weight * sites.worth)[demand] * minutes, [longest]))
    return siting_program(sites, costs, [one_site, only_open, no_longer], upper=np.inf)


@dataclass(frozen=True, eq=False)
class PlanRobustness:
    """
    The plans of several worlds, and what the first one is worth in the others.

    Parameters
    ----------
    worlds : DataFrame
        One row a world, in the order given: `world`; `status` (``optimal``, ``feasible``, ``infeasible``: no plan);
        `objective` and `served_persons` of its own plan; `base_served_persons` of the plan of the first world there,
        and `regret_persons`, how many fewer that is; NaN where there is no plan.
    sites : DataFrame
        One row a new site of any plan, the one chosen most often first: `facility_id`, `worlds` whose plan opens it,
        `share` of those that have a plan, `in_base`.
    plans : dict of str to SitingPlan
        The plan of each world that has one.
    """

    worlds: pd.DataFrame
    sites: pd.DataFrame
    plans: dict[str, SitingPlan]


def choose_often(
    model: Callable[..., SitingPlan],
    worlds: Mapping[str, pd.DataFrame],
    settlements: pd.DataFrame,
    candidates: pd.DataFrame,
    **options: Any,
) -> PlanRobustness:
    """
    Say how often each site is chosen where times are in doubt, and what the plan of the first world loses in others.

    Parameters
    ----------
    model : callable
        The model, such as `mclp` or `p_median`.
    worlds : mapping of str to DataFrame
        Pairs as `travel_times` gives them, by a name: speeds low, middle and high, the wet season, other entry points.
        The first is the base.
    settlements, candidates : DataFrame
        As for the model, the same in all worlds.
    **options
        What the model takes, such as ``n_facilities`` and ``service_radius``.

    Returns
    -------
    PlanRobustness
        How often sites are chosen, and people that the base plan loses.

    Raises
    ------
    ContractError
        For no worlds, or frames and options that the model refuses.
    InfeasibleError
        Where the base has no plan; another world without one is listed.

    Examples
    --------
    >>> settlements = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [10.0, 8.0]})
    >>> candidates = pd.DataFrame({"facility_id": ["a", "b"]})
    >>> dry = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "b"], "travel_time_min": [5.0, 5.0]})
    >>> wet = dry.assign(travel_time_min=[50.0, 5.0])
    >>> from spatial import mclp
    >>> found = choose_often(mclp, {"dry": dry, "wet": wet}, settlements, candidates, n_facilities=1, service_radius=9)
    >>> found.sites["facility_id"].tolist(), found.worlds["regret_persons"].tolist()
    (['a', 'b'], [0.0, 8.0])
    """
    if not isinstance(worlds, Mapping) or not worlds:
        raise ContractError("worlds", ["name at least one, as {'dry': od, 'wet': od_wet}"])
    require_columns("candidates", candidates, ("facility_id",))
    plans: dict[str, SitingPlan] = {}
    for world, od in worlds.items():
        try:
            plans[world] = model(od, settlements, candidates, **options)
        except InfeasibleError:
            if not plans:
                raise
    first = next(iter(plans))
    opened = plans[first].sites["facility_id"]
    # The plan of the base stands in every world: what it opened exists, and nothing else opens.
    stands = candidates.assign(status=np.where(candidates["facility_id"].isin(opened), "existing", "closed"))
    kept = {name: options[name] for name in ("demand", "capacity") if name in options}
    rows = []
    for world, od in worlds.items():
        sites = read_siting(od, settlements, stands, 0, kept).near(options.get("service_radius", np.inf))  # type: ignore[arg-type]  # two of its keys
        # People whom open sites serve.
        base, own = float(sites.weight[sites.must].sum()), plans.get(world)
        if sites.capacity is not None:
            base = float(share_out(sites, sites.is_fixed, [np.full(len(sites.site), -1.0)]).persons.sum())
        served = np.nan if own is None else float(own.demand["served_persons"].sum())
        rows.append(
            {
                "world": world,
                "status": "infeasible" if own is None else own.status,
                "objective": np.nan if own is None else own.objective,
                "served_persons": served,
                "base_served_persons": base,
                "regret_persons": served - base,
            }
        )
    new = [plan.sites.loc[plan.sites["is_new"], "facility_id"] for plan in plans.values()]
    # Most often first, ties in the order of candidates' ids, as plans list them.
    times = pd.concat(new).astype(object).value_counts()
    ids = candidates["facility_id"].iloc[id_order(candidates["facility_id"])]
    ids = ids[ids.isin(times.index)]
    sites_told = pd.DataFrame({"facility_id": ids, "worlds": times.reindex(ids).to_numpy()})
    sites_told["share"] = sites_told["worlds"] / len(plans)
    sites_told["in_base"] = sites_told["facility_id"].isin(opened)
    return PlanRobustness(
        worlds=pd.DataFrame(rows),
        sites=sites_told.sort_values("worlds", ascending=False, kind="stable", ignore_index=True),
        plans=plans,
    )


# What it costs in people that owners plan apart: a plan of each owner's sites alone, beside one of all sites.


@dataclass(frozen=True, eq=False)
class OwnerPlans:
    """
    Plans of single owners beside the plan of all.

    Parameters
    ----------
    table : DataFrame
        One row an owner, the one that serves most people alone first, and last all together (`owner` missing):
        `candidates` that may open, `new_sites` that it opens, `served_persons`, `border_persons` (served together
        beyond those whom it serves alone), `objective`, `bound`, `status` (``optimal``, ``feasible``, or
        ``infeasible``, whose numbers are NaN) and `why` it is infeasible.
    plans : mapping of object to SitingPlan
        By owner; one that can make no plan is not there.
    together : SitingPlan
        The plan that may choose from all candidates, those of unknown owners included.
    """

    table: pd.DataFrame
    plans: Mapping[object, SitingPlan]
    together: SitingPlan


def plans_by_owner(
    model: Callable[..., SitingPlan],
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    owner: str = "tenure",
    n_facilities: int | None = None,
    **asked: Any,
) -> OwnerPlans:
    """
    Solve a location model with the sites of each owner alone and with all, and say what the border costs in people.

    What exists serves in every plan, whoever owns it.

    Parameters
    ----------
    model : callable
        `mclp`, `p_median`, `lscp` or another model of the three frames.
    od, settlements, candidates : DataFrame
        As the model takes them.
    owner : str
        Column of the candidates: `tenure`, or a unit, a department, a community; candidates without an owner take part
        in the plan of all together alone.
    n_facilities : int, optional
        How many new sites, in each plan; as many as an owner may open where it has fewer.
    **asked
        What else the model is asked.

    Returns
    -------
    OwnerPlans
        A table of owners, their plans, and the plan of all.

    Raises
    ------
    ContractError
        For frames or options that are not as the model wants them, or candidates of no known owner.
    InfeasibleError
        Where all together can make no plan.

    Examples
    --------
    >>> from spatial.planning.siting import mclp
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "b"], "travel_time_min": 5.0})
    >>> people = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [30.0, 20.0]})
    >>> sites = pd.DataFrame({"facility_id": ["a", "b"], "tenure": ["state", "collective"]})
    >>> plans_by_owner(mclp, od, people, sites, n_facilities=2, service_radius=5).table["border_persons"].tolist()
    [20.0, 30.0, 0.0]
    """
    require_columns("candidates", candidates, ("facility_id", owner))
    require_columns("od", od, ("to_id",))
    stays = np.zeros(len(candidates), dtype=bool)
    if "status" in candidates:
        stays = (candidates["status"] == asked.get("predefined", "existing")).to_numpy(dtype=bool, na_value=False)
    may_open = ~stays
    if "status" in candidates and not asked.get("reopen", False):
        may_open &= (candidates["status"] != "closed").to_numpy(dtype=bool, na_value=True)
    owners = candidates[owner].where(~stays)
    names = sorted(owners.dropna().unique(), key=str)
    if not names:
        raise ContractError(
            "candidates", [f"{owner}: no candidate has one, among {first_of(candidates['facility_id'])}"]
        )
    if n_facilities is not None:
        asked["n_facilities"] = n_facilities
    together = model(od, settlements, candidates, **asked)
    served = float(together.demand["served_persons"].sum())
    plans: dict[object, SitingPlan] = {}
    rows = []
    for name in names:
        own = (owners == name).to_numpy(dtype=bool, na_value=False)
        chosen = candidates.loc[own | stays]
        able = int((own & may_open).sum())
        row: dict[str, object] = {"owner": name, "candidates": able}
        count = {} if n_facilities is None else {"n_facilities": min(n_facilities, able)}
        leads_there = id_positions(od["to_id"], pd.Index(chosen["facility_id"])) >= 0
        try:
            plans[name] = model(od.loc[leads_there], settlements, chosen, **asked | count)
            rows.append(row | _told(plans[name], served))
        except InfeasibleError as error:
            rows.append(row | {"status": "infeasible", "why": str(error)})
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).sort_values("served_persons", ascending=False, kind="stable")
    last = pd.DataFrame([{"candidates": int(may_open.sum())} | _told(together, served)], columns=list(_COLUMNS))
    return OwnerPlans(pd.concat([table.astype(_COLUMNS), last.astype(_COLUMNS)], ignore_index=True), plans, together)


_COLUMNS: dict[str, Any] = {
    "owner": object, "candidates": "int64", "new_sites": float, "served_persons": float, "border_persons": float,
    "objective": float, "bound": float, "status": "str", "why": "str",
}  # fmt: skip


def _told(plan: SitingPlan, together: float) -> dict[str, object]:
    served = float(plan.demand["served_persons"].sum())
    return {
        "new_sites": int(plan.sites["is_new"].sum()),
        "served_persons": served,
        "border_persons": together - served,
        "objective": plan.objective,
        "bound": plan.bound,
        "status": plan.status,
    }
