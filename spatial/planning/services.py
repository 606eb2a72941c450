"""Several services at once under one budget: what to build, enlarge or close, and where services share a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypedDict, Unpack

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from spatial.access.capacity import transport
from spatial.access.od_pairs import id_faults, require_columns
from spatial.access.options import FINITE, is_number, not_within, numbers
from spatial.access.places import id_order
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, InfeasibleError, faults_at, first_of, refuse
from spatial.planning.agenda import SECONDS, Question, nearest_sites
from spatial.planning.plans import HALF, TRUSTED, Ordered, Program, at_most, rows_of, solve_in_order
from spatial.planning.sites import MOST_COUNTED, Faults, Pairs, SitingOptions, fastest_pairs
from spatial.planning.siting import mclp


class Part(NamedTuple):
    """One of several services or norms that share what sites may cost."""

    question: Question
    pairs: pd.DataFrame  # `from_id`, `to_id`, `travel_time_min` in the norm's unit, from those beyond, within the limit
    price: pd.Series[float]  # of candidates, by their ids; 0 where nobody states it


class PartSites(NamedTuple):
    """Where the sites of a part are, and how many more people others for the same money may bring at most."""

    where: list[str]
    slack: float


def share_budget(parts: Sequence[Part], *, most: int | None, budget: float | None) -> list[PartSites]:
    """Choose sites of several services by number or budget, so that most people come within, each once a service."""
    of_part = []
    for part in parts:
        # Only those beyond who are somebody.
        people = part.question.weight.where(part.question.is_beyond, 0.0)
        needy = part.question.need.loc[people > 0.0, "unit_id"]
        of_part.append(part._replace(pairs=part.pairs.loc[part.pairs["from_id"].isin(needy)]))
    frames: dict[str, list[pd.DataFrame]] = {"od": [], "demand": [], "sites": []}
    for at, (question, pairs, price) in enumerate(of_part):
        ids = sorted(set(pairs["to_id"]))
        demand = question.demand.loc[question.is_beyond]
        # The same place is another demand, and another site, for each service.
        frames["od"].append(pairs.assign(from_id=f"{at}/" + pairs["from_id"], to_id=f"{at}/" + pairs["to_id"]))
        frames["demand"].append(demand.assign(settlement_id=f"{at}/" + demand["settlement_id"]))
        named = pd.Series([f"{at}/{site}" for site in ids], dtype="str")
        frames["sites"].append(pd.DataFrame({"facility_id": named, "cost": price.reindex(ids).to_numpy()}))
    od, demand, sites = (pd.concat(frames[name], ignore_index=True) for name in ("od", "demand", "sites"))
    if od.empty:
        return [PartSites([], 0.0) for _ in parts]
    asked = SitingOptions(demand="persons", time_limit_s=SECONDS)
    if budget is not None:
        asked |= SitingOptions(site_costs="cost", budget=budget)
    limit = max(part.question.norm.threshold for part in parts)
    counts: list[int | None] = [None]
    if most is not None:
        every = range(1, min(most, len(sites)) + 1)
        counts = [every[-1]] if budget is None else [*every]
    plans = []
    for count in counts:
        try:
            plans.append(mclp(od, demand, sites, n_facilities=count, service_radius=limit, **asked))
        except InfeasibleError:
            if not plans:
                raise
            break  # the budget does not pay for more
    best = max(plans, key=lambda plan: plan.objective)
    slack = max(plan.bound for plan in plans) - best.objective
    opened = best.sites["facility_id"].str.partition("/")
    return [
        PartSites(_needed_sites(part, opened.loc[opened[0] == str(at), 2].tolist()), slack)
        for at, part in enumerate(of_part)
    ]


def _needed_sites(part: Part, chosen: list[str]) -> list[str]:
    """Leave out sites without which as many are within, the dearest first, and move the others near to people."""
    if not chosen:
        return []
    reached = part.pairs.loc[part.pairs["to_id"].isin(chosen)].groupby("to_id")["from_id"].agg(set)
    kept = sorted(chosen, key=lambda site: (-part.price[site], site))
    for site in list(kept):
        others = set().union(*(reached.get(other, set()) for other in kept if other != site))
        if reached.get(site, set()) <= others:
            kept.remove(site)
    demand = part.question.demand.loc[part.question.is_beyond]
    price = np.asarray(part.price.reindex(sorted(set(part.pairs["to_id"]))), dtype=np.float64)
    return sorted(nearest_sites(sorted(kept), part.pairs, demand, price))


class ServicesOptions(TypedDict, total=False):
    """
    Further keywords of `site_services`.

    ``weights`` is what one of the people counts by service (1); ``order`` lists all services instead, the first of
    which serves as many as can be before the next is looked at. ``place_costs`` is what opening a place costs once by
    `facility_id`, whatever services come there, where none is today (nothing). ``time_limit_s`` is the seconds after
    which the best plan so far is given with its bound (60).
    """

    weights: Mapping[str, float]
    order: Sequence[str]
    place_costs: pd.Series
    time_limit_s: float


@dataclass(frozen=True, eq=False)
class ServicesPlan:
    """
    What changes where, and who is served by which service.

    Parameters
    ----------
    actions : DataFrame
        One row a place and service that changes: `facility_id`, `service`, `size_before` (missing where it was not
        there), `size` (missing where it is given up without a size of its own), `capacity_before`, `capacity`, `cost`,
        `place_cost` (of a place that opens, at its first service), `persons` who are served there.
    services : DataFrame
        One row a service: `service`, `weight`, `demand_persons`, `before_persons` (served today), `served_persons`.
    demand : DataFrame
        One row a settlement and service: `settlement_id`, `service`, `demand_persons` (NaN where unknown),
        `before_persons`; `served_persons`, `full_persons` (a place of the service is in reach, and full) and
        `not_reached_persons`, which sum to the demand.
    assignment : DataFrame
        `service`, `from_id`, `to_id`, `travel_time_min`, `persons` of everybody who is served.
    objective : float
        People served, each as much as the service counts.
    bound : float
        No plan is better than this; in an order of services, NaN where an earlier one is not proven.
    status : {'optimal', 'feasible'}
        Whether the plan is proven.
    cost : float
        What all actions cost, less what closing saves; the least for so many people.
    """

    actions: pd.DataFrame
    services: pd.DataFrame
    demand: pd.DataFrame
    assignment: pd.DataFrame
    objective: float
    bound: float
    status: Literal["optimal", "feasible"]
    cost: float


def site_services(
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    sizes: pd.DataFrame,
    *,
    demand: Mapping[str, str],
    service_radius: float | Mapping[str, float],
    budget: float,
    **options: Unpack[ServicesOptions],
) -> ServicesPlan:
    """
    Choose a size for every service at every place so that most people are served within one budget.

    People are shared out in fractions among the places of a service within its radius until these are full: most people
    first, then at the least cost, then in the fewest minutes.

    Parameters
    ----------
    od : DataFrame
        Pairs as `travel_times` gives them, settlements to places.
    settlements : DataFrame
        `settlement_id` and the columns of people; unknown ones are nobody.
    sizes : DataFrame
        One row a size that a service may have at a place: `facility_id`, `service`, `size` (its name), `capacity`
        (people, inf: any number), `cost` of having it, and perhaps `is_now` (false), true for what stands there today,
        which costs 0. A service without such a row is not there yet. To enlarge is a larger size, to close one of
        capacity 0; what is below today's size may have a cost below 0, which it saves.
    demand : mapping of str to str
        The column of the settlements with the people of each service.
    service_radius : float or mapping of str to float
        The longest time, inclusive, of all services or each.
    budget : float
        What all changes may cost together, inclusive.
    **options
        See `ServicesOptions`.

    Returns
    -------
    ServicesPlan
        Actions, and who is served before and after.

    Raises
    ------
    ContractError
        For frames or options that are not as above: all faults of a kind at once.
    InfeasibleError
        Where nobody is within the radius of any place, or the budget pays for no change.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "b"], "travel_time_min": [5.0, 5.0]})
    >>> settlements = pd.DataFrame({"settlement_id": ["u", "v"], "pupils": [30, 20], "patients": [90, 40]})
    >>> sizes = pd.DataFrame(
    ...     [("a", "school", 40, 3), ("b", "school", 40, 3), ("a", "clinic", 99, 2), ("b", "clinic", 99, 2)],
    ...     columns=["facility_id", "service", "capacity", "cost"],
    ... ).assign(size="small")
    >>> plan = site_services(
    ...     od, settlements, sizes, demand={"school": "pupils", "clinic": "patients"}, service_radius=10, budget=5
    ... )
    >>> plan.actions[["facility_id", "service"]].values.tolist(), plan.objective, plan.cost
    ([['a', 'clinic'], ['b', 'clinic']], 130.0, 4.0)
    """
    if strange := sorted(set(options) - set(ServicesOptions.__annotations__)):
        raise TypeError(f"no such option: {first_of(strange)}")
    services = sorted(demand)
    weight = _service_weights(services, options)
    within = service_radius if isinstance(service_radius, Mapping) else dict.fromkeys(services, service_radius)
    if wrong := [name for name in services if not is_number(within.get(name), least=0.0)]:
        raise ContractError("options", [f"service_radius: must be 0 or more for {first_of(wrong)}"])
    radius = np.array([within[name] for name in services], dtype=np.float64)
    refuse("options", not_within("budget", budget))
    task = _read(od, settlements, sizes, {name: demand[name] for name in services}, options.get("place_costs"))
    # Needs are joined to the posts of their service within its radius.
    posts = pd.DataFrame({"site": task.post_site, "post": np.arange(len(task.post_site)), "service": task.post_service})
    joined = pd.DataFrame(task.pairs._asdict()).merge(posts, on="site")
    joined = joined.loc[joined["minutes"] <= radius[joined["service"]]]
    need = (joined["service"] * len(task.given_at) + joined["demand"]).to_numpy()
    order = np.lexsort((joined["post"], need))
    order = order[task.people[need[order]] > 0.0]
    pairs = Pairs(need[order], joined["post"].to_numpy()[order], joined["minutes"].to_numpy()[order])
    task = task._replace(pairs=pairs)
    if not len(task.pairs.minutes):
        raise InfeasibleError("service_radius: nobody is within it of any place of a service")
    # A budget that, with all that could be saved, pays for nothing that serves anybody.
    saved = -np.minimum(pd.Series(task.cost).groupby(task.post).min(), 0.0).sum()
    opens = (task.cost + task.place_cost[task.post_site[task.post]])[~task.is_now & (task.capacity > 0.0)]
    if budget + saved < (cheapest := float(opens.min(initial=np.inf))):
        raise InfeasibleError(f"budget: {budget:g} pays for no change", cheapest)
    program, price, m = _program(task, budget), _price(task), len(_price(task))
    every = np.zeros(len(task.pairs.minutes))
    if options.get("order") is None:
        ranks = [weight]
    else:
        ranks = [np.array([service == name for service in services], dtype=np.float64) for name in options["order"]]
    people = [np.concatenate((np.zeros(m), -rank[task.post_service[task.pairs.site]])) for rank in ranks]
    # Among plans that serve as many, the one that costs least: nothing is built for nobody.
    found = solve_in_order(
        program, [*people, np.concatenate((price, every))], time_limit_s=options.get("time_limit_s", 60.0)
    )
    if not found.best:
        raise InfeasibleError("site_services: no plan keeps to what is asked within the time limit")
    return _written(task, services, weight, ranks, found)


class _Task(NamedTuple):
    """n settlements, m places, S services by name; a post is a service at a place, a need is one of a settlement."""

    settlement_ids: pd.Index  # n, in the order of ids
    given_at: IntArray  # shape (n,), row of each settlement in the frame that was given
    place_ids: pd.Index  # m
    people: FloatArray  # shape (S * n,), a need each, service after service
    known: BoolArray  # shape (S * n,)
    post_site: IntArray  # shape (posts,)
    post_service: IntArray  # shape (posts,)
    post: IntArray  # shape (sizes,), rising
    size: pd.Index
    capacity: FloatArray  # shape (sizes,)
    cost: FloatArray  # shape (sizes,)
    is_now: BoolArray  # shape (sizes,)
    place_cost: FloatArray  # shape (m,), 0 where something stands already
    pairs: Pairs  # of settlement and place as read; of need and post where a service is in reach


def _price(task: _Task) -> FloatArray:
    """Say what each size costs, then what opening each place does."""
    return np.concatenate((task.cost, task.place_cost))


def _program(task: _Task, budget: float) -> Program:
    """Make the program: which sizes, which places open, then the persons of each pair."""
    price, posts, k = _price(task), len(task.post_site), np.arange(len(task.pairs.minutes))
    r, m, carried = np.arange(len(task.cost)), len(price), len(price) + k
    room = np.minimum(task.capacity, task.people.sum())
    has_now = np.bincount(task.post[task.is_now], minlength=posts) > 0
    some = np.flatnonzero(task.capacity > 0.0)
    each = np.arange(len(some))
    # Nobody goes where no size is: implied by what sizes hold, and what makes the bound tight.
    sizes_of = csr_array((np.ones(len(r)), (task.post, r)), shape=(posts, len(r)))[task.pairs.site].tocoo()
    of_pair, of_size = sizes_of.row.astype(np.int64), sizes_of.col.astype(np.int64)
    most = np.minimum(task.people[task.pairs.demand[of_pair]], room[of_size])
    blocks = [
        rows_of(task.post, r, 1.0, np.where(has_now, 1.0, 0.0), np.ones(posts)),  # a post without a size is none
        rows_of(0 * np.arange(m), np.arange(m), price, [-np.inf], [budget]),
        # A size above none only where the place is open.
        at_most([each, each], [some, len(r) + task.post_site[task.post[some]]], [1.0, -1.0], 0.0, len(some)),
        at_most([task.pairs.demand], [carried], [1.0], task.people, len(task.people)),
        at_most([task.pairs.site, task.post], [carried, r], [1.0, -room], 0.0, posts),
        at_most([k, of_pair], [carried, of_size], [1.0, -most], 0.0, len(k)),
    ]
    whole = np.arange(m + len(k)) < m
    return Program.empty(np.zeros(len(whole)), upper=np.where(whole, 1.0, np.inf), whole=whole).where(blocks)


def _share(task: _Task, chosen: BoolArray) -> FloatArray:
    """Share people out among the chosen sizes, from the pairs alone: the persons of each pair."""
    room = np.bincount(task.post[chosen], task.capacity[chosen], minlength=len(task.post_site))
    room = np.minimum(room, task.people.sum())
    persons = transport(task.pairs.demand, task.pairs.site, task.pairs.minutes, task.people, room)
    return np.where(persons > TRUSTED * task.people[task.pairs.demand], persons, 0.0)


def _written(
    task: _Task, services: list[str], weight: FloatArray, ranks: Sequence[FloatArray], found: Ordered
) -> ServicesPlan:
    """Write a plan out, evaluated anew."""
    chosen = found.values[: len(task.cost)] > HALF
    n, needs, posts = len(task.given_at), len(task.people), len(task.post_site)
    now, then = _share(task, task.is_now), _share(task, chosen)
    before, after = (np.bincount(task.pairs.demand, persons, minlength=needs) for persons in (now, then))
    after = np.where(after >= task.people * (1.0 - TRUSTED), task.people, after)
    own = after.reshape(-1, n).sum(axis=1)
    for rank, best in zip(ranks, found.best, strict=False):
        if abs(rank @ own + best) > TRUSTED * max(abs(best), 1.0):
            raise AssertionError(f"site_services: {-best} by the solver, {rank @ own} by the pairs")
    # What is at each post before and after: a size, or none.
    at = {
        name: pd.Series(np.flatnonzero(sizes), index=task.post[sizes]).reindex(np.arange(posts))
        for name, sizes in (("before", task.is_now), ("after", chosen))
    }
    was, becomes = at["before"].fillna(-1).astype(int).to_numpy(), at["after"].fillna(-1).astype(int).to_numpy()
    changed = np.flatnonzero(was != becomes)
    capacity, cost = np.append(task.capacity, 0.0), np.append(task.cost, 0.0)  # of no size at -1
    names = np.array([*task.size, None], dtype=object)
    opening = changed[capacity[becomes[changed]] > 0.0]
    first = opening[np.unique(task.post_site[opening], return_index=True)[1]]
    actions = pd.DataFrame(
        {
            "facility_id": task.place_ids[task.post_site[changed]],
            "service": np.array(services, dtype=object)[task.post_service[changed]],
            "size_before": names[was[changed]],
            "size": names[becomes[changed]],
            "capacity_before": capacity[was[changed]],
            "capacity": capacity[becomes[changed]],
            "cost": cost[becomes[changed]],
            "place_cost": np.where(np.isin(changed, first), task.place_cost[task.post_site[changed]], 0.0),
            "persons": np.bincount(task.pairs.site, then, minlength=posts)[changed],
        }
    )
    has_room = np.bincount(
        task.pairs.demand, capacity[becomes[task.pairs.site]] > 0.0, minlength=needs
    ) > 0.0  # fmt: skip
    rest = task.people - after
    back = (np.arange(len(services))[:, None] * n + np.argsort(task.given_at)).ravel()
    told = {
        "demand_persons": task.people,
        "before_persons": np.minimum(before, task.people),
        "served_persons": after,
        "full_persons": np.where(has_room, rest, 0.0),
        "not_reached_persons": np.where(has_room, 0.0, rest),
    }
    some = np.flatnonzero(then)
    some = some[
        np.lexsort((task.pairs.site[some], task.given_at[task.pairs.demand[some] % n], task.pairs.demand[some] // n))
    ]
    is_proven = found.is_sure
    value = float(weight @ own)
    return ServicesPlan(
        actions=actions,
        services=pd.DataFrame(
            {"service": services, "weight": weight}
            | {name: told[name].reshape(-1, n).sum(axis=1) for name in list(told)[:3]}
        ),
        demand=pd.DataFrame(
            {
                "settlement_id": np.tile(task.settlement_ids[np.argsort(task.given_at)], len(services)),
                "service": np.repeat(services, n),
            }
            | {name: np.where(task.known, values, np.nan)[back] for name, values in told.items()}
        ),
        assignment=pd.DataFrame(
            {
                "service": np.array(services, dtype=object)[task.pairs.demand[some] // n],
                "from_id": task.settlement_ids[task.pairs.demand[some] % n],
                "to_id": task.place_ids[task.post_site[task.pairs.site[some]]],
                "travel_time_min": task.pairs.minutes[some],
                "persons": then[some],
            }
        ),
        objective=value,
        bound=value if is_proven else (-found.bounds[0] if len(ranks) == 1 else np.nan),
        status="optimal" if is_proven else "feasible",
        cost=float(actions["cost"].sum() + actions["place_cost"].sum()),
    )


def _service_weights(services: list[str], options: ServicesOptions) -> FloatArray:
    """Read what services count, and check in which order they come."""
    weights, order = options.get("weights", {}), options.get("order")
    problems = faults_at("weights: no such service:", sorted(set(weights) - set(services)))
    for name, weight in weights.items():
        problems += not_within(f"weights: {name}", weight, most=FINITE)
    if order is not None and sorted(order) != services:
        problems.append(f"order: must name each service once: {first_of(services)}")
    if order is not None and weights:
        problems.append("order: give either an order or weights")
    problems += not_within("time_limit_s", options.get("time_limit_s", 60.0))
    if not services:
        problems.append("demand: names no service")
    refuse("options", problems)
    return np.array([weights.get(name, 1.0) for name in services], dtype=np.float64)


def _read(
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    sizes: pd.DataFrame,
    demand: Mapping[str, str],
    place_costs: pd.Series | None,
) -> _Task:
    """Check the frames, all faults at once, and put them in order."""
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    require_columns("settlements", settlements, ("settlement_id", *demand.values()))
    require_columns("sizes", sizes, ("facility_id", "service", "size", "capacity", "cost"))
    faults = Faults()
    people = []
    for told in id_faults(settlements["settlement_id"], "settlement_id"):
        faults.add("settlements", told)
    for column in demand.values():
        people.append(np.asarray(numbers("settlements", column, settlements[column])))
        faults.values("settlements", column, np.nan_to_num(people[-1], posinf=np.inf), settlements["settlement_id"])
    is_now = sizes["is_now"].to_numpy(dtype=bool) if "is_now" in sizes else np.zeros(len(sizes), dtype=bool)
    capacity, cost = (np.asarray(numbers("sizes", name, sizes[name])) for name in ("capacity", "cost"))
    key = sizes[["facility_id", "service", "size"]]
    at = pd.Series(list(key.itertuples(index=False, name=None)), dtype=object)
    post = pd.MultiIndex.from_arrays([sizes["facility_id"], sizes["service"]])
    faults.values("sizes", "capacity", capacity, at, is_finite=False)
    held = pd.Series(capacity[is_now], index=post[is_now])
    if not held.index.has_duplicates:
        today = held.reindex(post).fillna(0.0).to_numpy()
        for what, wrong in (
            (f"NaN, infinite or above {MOST_COUNTED:g}", ~(np.abs(cost) <= MOST_COUNTED)),
            ("not 0 for what is there now", is_now & (cost != 0.0)),
            ("negative for what is no smaller than today", ~is_now & (cost < 0.0) & ~(capacity < today)),
        ):
            if wrong.any():
                faults.add("sizes", f"cost: {what} for {first_of(at[wrong])}")
    for what, wrong in (
        ("service: no people in demand", ~sizes["service"].isin(list(demand)).to_numpy()),
        ("not unique", at.duplicated().to_numpy()),
        ("facility_id, service or size: missing", key.isna().any(axis=1).to_numpy()),
        ("is_now: more than one", is_now & key.assign(size=is_now).duplicated().to_numpy()),
    ):
        if wrong.any():
            faults.add("sizes", f"{what}: {first_of(at[wrong])}")
    if missing := sorted(set(demand) - set(sizes["service"])):
        faults.add("sizes", f"service: no size of {first_of(missing)}")
    if place_costs is not None:
        opening = np.asarray(numbers("place_costs", "cost", place_costs))
        faults.values("place_costs", "cost", opening, pd.Series(place_costs.index))
        if not place_costs.index.isin(sizes["facility_id"]).all() or place_costs.index.has_duplicates:
            faults.add("place_costs", "index: must be facility_id of sizes, each once")
    faults.refuse()
    rows = id_order(settlements["settlement_id"])
    settlement_ids = pd.Index(settlements["settlement_id"])[rows]
    places = sizes["facility_id"].drop_duplicates()
    place_ids = pd.Index(places)[id_order(places)]
    site, service = (
        pd.Index(ids).get_indexer(pd.Index(sizes[name]))
        for name, ids in (("facility_id", place_ids), ("service", list(demand)))
    )
    order = np.lexsort((sizes["size"].astype(str), capacity, service, site))
    number = (site * np.int64(len(demand)) + service)[order]
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    stands = np.bincount(site[is_now], capacity[is_now], minlength=len(place_ids)) > 0.0
    opens = np.zeros(len(place_ids)) if place_costs is None else place_costs.reindex(place_ids).fillna(0.0).to_numpy()
    return _Task(
        settlement_ids=settlement_ids,
        given_at=rows,
        place_ids=place_ids,
        people=np.concatenate([np.nan_to_num(each)[rows] for each in people]),
        known=np.concatenate([~np.isnan(each)[rows] for each in people]),
        post_site=site[order][starts],
        post_service=service[order][starts],
        post=np.cumsum(np.diff(number, prepend=-1) > 0) - 1,
        size=pd.Index(sizes["size"], dtype=object)[order],
        capacity=capacity[order],
        cost=cost[order],
        is_now=is_now[order],
        place_cost=np.where(stands, 0.0, opens),
        pairs=fastest_pairs(od, settlement_ids, place_ids, "sizes"),
    )
