"""
What to do first: norms that fail become questions, and each question a plan with its actions and whom they serve.

A question names who is asked about, in people and places, and how far each is today, as the norm was judged: a plan
never counts anybody whom the norm does not. Failed gates come first, then the norm that fails most people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from spatial.access.options import TOWN_TIERS, nan_for_inf
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import InfeasibleError
from spatial.norms.evaluation import SHARE_TOLERANCE
from spatial.norms.law import SEASON_ROADS, Norm, load_road_words
from spatial.norms.measuring import ACCESS_METRICS, PRESENCE
from spatial.plain_text import ids_apart
from spatial.planning.equity import choose_often
from spatial.planning.plans import SAME, SitingPlan
from spatial.planning.sites import SitingOptions
from spatial.planning.siting import mclp
from spatial.tables import TABLES

if TYPE_CHECKING:
    from spatial.planning.link_candidates import RoadUpgrades
    from spatial.planning.links import LinkPlan
    from spatial.planning.mobile import MobileRound

Ask: TypeAlias = Literal["sites", "unit_sites", "links", "roads", "matching", "none"]
MOST_OPTIONS, NEARLY = 4, 0.02
"""How many other plans are told, and how much worse they may be as a share of the people gained."""
SECONDS = 20.0
"""For one model; what is not proven by then is told with its bound."""
_ACTION = {"action": "str", "where": "str", "alone": "float64", "lost_without": "float64", "length_km": "float64"}
"""Columns of actions that each has."""
UNMEASURED = "member_not_measured:"
"""Begins the reason of a bundle of which a member was not measured; opening its first would change what is."""
BETWEEN = "\u2013"
"""Joins the names of the ends of a link."""


@dataclass(frozen=True, eq=False)
class Question:
    """
    Whom a plan is for.

    ``need`` has a row a settlement, or a township where the norm is about townships: `unit_id`, `persons` (NaN where
    nobody knows them), `before` in the norm's unit (inf where none is reached, NaN unknown) and `outcome`: ``within``,
    ``beyond``, ``none_reached`` or ``unknown``.
    """

    plan_id: str
    ask: Ask
    need: pd.DataFrame
    norm: Norm
    unit_level: str = "settlement"
    counted: str = "persons"  # or places, where the norm's share is one of places or nobody's number is known
    reason: str = ""  # why no plan is drawn, where none is
    wanted: tuple[str, ...] = ()  # words of the register: what a site must offer, of a bundle what was measured of it
    budget: float | None = None  # what all actions may cost together, inclusive
    currency: str | None = None  # the word for it; None where no costs are stated
    together: str | None = None  # the plan of several services of which this is a part

    @property
    def weight(self) -> pd.Series[float]:
        """People of each row, or a place each."""
        return self.need["persons"] if self.counted == "persons" else pd.Series(1.0, self.need.index)

    @property
    def ordered_by(self) -> str:
        """What is counted of whom each action brings, to order them: people for roads whatever their norm counts."""
        return "persons" if self.ask == "roads" and self.need["persons"].notna().any() else self.counted

    @property
    def is_beyond(self) -> pd.Series[bool]:
        """Whom the plan is to serve."""
        return self.need["outcome"].isin(["beyond", "none_reached"])

    @property
    def demand(self) -> pd.DataFrame:
        """Rows of the need as location models take them: `settlement_id` and `persons`, or places."""
        return pd.DataFrame({"settlement_id": self.need["unit_id"], "persons": self.weight})

    @cached_property
    def everybody(self) -> float:
        """People, or places, whom the norm asks about, as far as anything is known of them."""
        return float(self.weight[self.need["outcome"] != "unknown"].sum())

    @cached_property
    def within(self) -> float:
        """Those of them who are within today."""
        if "within_persons" in self.need:  # of a place some may find room, and others not
            return float(self.need["within_persons"].sum())
        return float(self.weight[self.need["outcome"] == "within"].sum())

    def share_with(self, gained: float) -> float:
        """Share of those whom the norm asks about who are within, with some gained; NaN where there is nobody."""
        share = (self.within + gained) / self.everybody if self.everybody else np.nan
        return 1.0 if 1.0 < share <= 1.0 + SHARE_TOLERANCE else share  # all, summed in another order

    def is_met_with(self, gained: float) -> bool:
        """Tell whether the norm's share is reached with some gained."""
        return bool(self.share_with(gained) >= self.norm.target_share - SHARE_TOLERANCE)

    def fewest(self, gained: ArrayLike) -> int:
        """Tell how many actions reach the share, by what 0, 1, ... of them gain; all where none, or nothing, does."""
        values = np.asarray(gained, dtype=np.float64).tolist()
        met = [number for number, value in enumerate(values) if self.is_met_with(value)]
        return met[0] if met and met[0] else len(values) - 1


def questions(norms: Sequence[Norm], results: pd.DataFrame, *, most: int, near_share: float) -> list[Question]:
    """
    Ask for a plan for every norm that fails, in the order in which pages tell them; those nearly failed come last.

    Gates come first, then norms that the study chose, those that surely fail, and by persons beyond. Behind the first
    ``most`` for which a plan can be drawn, each has a row that says why it has none; so has one that opens no page.
    """
    study = results.loc[results["unit_level"] == "study"].set_index("norm_id")
    rows = {str(row["norm_id"]): row for row in study.reset_index().to_dict("records")}
    found = []
    for norm in norms:
        row = rows.get(norm.id)
        if row is None or not row["places_unserved"] > 0.0:
            continue
        as_mapped = row["status_as_mapped"] == "not_met"
        is_near = row["status"] == "met" and row["served_share"] - norm.target_share <= near_share
        if row["status"] == "not_met" or as_mapped or is_near:
            people, is_unsure = -np.nan_to_num(row["persons_unserved"]), row["status"] == "not_measurable"
            order = row["gate"] != "fail", is_near, not norm.is_chosen, is_unsure, people, -row["places_unserved"]
            found.append((*order, norm.id))
    by_id = {norm.id: norm for norm in norms}
    asked, drawn = [], 0
    for *_, name in sorted(found):
        question = question_of(by_id[name], results)
        # A norm on townships opens no page, but stands in the matrix of the first one.
        if question.ask != "none" and not (question.norm.opens_page or question.norm.stat_unit == "township"):
            question = no_answer(question, "from_memory")
        if question.ask != "none":
            drawn += 1
            if drawn > most:
                question = no_answer(question, "others_first")
        asked.append(question)
    return asked


def service_norm(service: str, mode: str, within_min: float, *, stat_unit: str = "population") -> Norm:
    """Ask for everybody within some minutes of a service, as a norm would that no register has."""
    return Norm(
        id="", service=service, metric="time_min", mode=mode, direction="max", unit="min",
        stat_unit=stat_unit, scope="all", norm_class="", role="", threshold=within_min, target_share=1.0,
        fail_point=np.nan, bundle=(), in_force="", not_graded="", gates=False, no_gate="",
    )  # fmt: skip


def no_answer(question: Question, reason: str) -> Question:
    """Say why a question gets no plan."""
    return replace(question, ask="none", reason=reason)


def ask_of(norm: Norm) -> Ask:
    """Say what a plan for a norm builds: sites, one in each unit, links to a town, roads, or nothing."""
    is_road = norm.service in load_road_words() or norm.service in SEASON_ROADS
    if norm.metric == PRESENCE and norm.threshold == 1.0:  # one makes it present
        return "roads" if is_road else "unit_sites"
    if norm.metric not in ACCESS_METRICS or is_road:
        return "none"
    return "sites" if norm.service not in TOWN_TIERS else "links" if norm.metric == "time_min" else "none"


def question_of(norm: Norm, results: pd.DataFrame, *, plan_id: str = "") -> Question:
    """Ask for the plan that a norm needs."""
    own = results.loc[results["norm_id"] == norm.id]
    level = "settlement" if (own["unit_level"] == "settlement").any() else "township"
    ask = ask_of(norm)
    rows = own.loc[(own["unit_level"] == level) & (own["places_in_scope"] > 0)]
    value = rows["value"].to_numpy(dtype=np.float64)
    served, unserved = (rows[f"places_{side}"].to_numpy(dtype=np.float64) for side in ("served", "unserved"))
    is_far = np.isnan(value) & (unserved > 0.0) & (norm.metric in ACCESS_METRICS)
    need = pd.DataFrame(
        {
            "unit_id": rows["unit_id"].to_numpy(),
            "persons": rows["persons_in_scope"].to_numpy(dtype=np.float64),
            "before": np.where(is_far, np.inf, value),
            "outcome": np.select(
                [is_far, unserved > 0.0, served > 0.0], ["none_reached", "beyond", "within"], "unknown"
            ),
        }
    )
    is_dark = bool((need["outcome"] == "unknown").all())
    reasons = {"not_measured": is_dark, "met": not (unserved > 0.0).any(), "no_model": ask == "none"}
    reason = next((name for name, holds in reasons.items() if holds), "")
    ask = "none" if reason else ask
    study = own.loc[own["unit_level"] == "study"].iloc[0]
    unmeasured = {code.removeprefix(UNMEASURED) for code in str(study["reason"]).split(";")}
    wanted = tuple(name for name in norm.bundle if name not in unmeasured) or (norm.service,)
    return Question(plan_id or norm.id.lower(), ask, need, norm, level, str(study["share_of"]), reason, wanted)


# Answers: which actions, in which order, whom each brings within, and what else was possible.


@dataclass(frozen=True, eq=False)
class Answer:
    """
    A plan.

    ``actions`` has a row an action, in order: `action` (``open_site``, ``build_link``, ``upgrade_road``), `where` (ids
    of its places), `key` (what no other action has, where places do not tell them apart), `length_km`, `alone` (people,
    or places, that it brings by itself), `lost_without` (by the plan) and perhaps `cost`. ``curve`` has `number`,
    `gained` and `length_km` of the best plan of so many actions, and ``options`` `where`, `gained` and `length_km` of
    other plans as long.
    """

    actions: pd.DataFrame
    after: FloatArray  # along the rows of the need, in the norm's unit
    reached_in: IntArray  # along the rows of the need: the action that brings each within; -1 for none
    curve: pd.DataFrame
    status: str  # optimal, feasible or nothing_helps
    options: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"where": [], "gained": [], "length_km": []}))
    bound: float = np.nan  # no plan of so many actions brings more
    doubt: Doubt | None = None  # None where times are not asked about
    sharing: Sharing | None = None  # None where room is not asked about
    tour: MobileRound | None = None  # for those whom sites leave out; None where that is not asked
    owners: pd.DataFrame | None = None  # what sites of one owner alone bring; None where no two owners are known


class Sharing(NamedTuple):
    """
    Who finds room where, of an answer whose actions serve some people of a place and not others.

    ``matches`` has `row` (of the need), `step` (of the actions, from 0), `settlement_id`, `facility_id`, `persons` and
    `travel_time_min`; ``facilities`` what `plan_capacity` tells.
    """

    matches: pd.DataFrame
    facilities: pd.DataFrame
    border_persons: float


NOBODY = pd.DataFrame({"row": np.zeros(0, np.int64), "step": np.zeros(0, np.int64), "persons": np.zeros(0)})
"""Who finds room by what is done where nothing is."""


class Doubt(NamedTuple):
    """What a plan brings if every trip takes longer, or less; NaN where nobody would be beyond."""

    slow: float
    fast: float
    worst_share: float  # of what the best plan of so many sites would bring then
    share: float  # by which trips take longer, or less


def no_help(question: Question) -> Answer:
    """Answer that nothing of what could be done brings anybody within."""
    return Answer(
        actions=pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _ACTION.items()}),
        after=question.need["before"].to_numpy(dtype=np.float64),
        reached_in=np.full(len(question.need), -1),
        curve=curve_of([0.0]),
        status="nothing_helps",
        bound=0.0,
    )


def actions_of(action: str, where: object, alone: object, **more: object) -> pd.DataFrame:
    """List actions of one kind; without what else is said nobody is lost without one but whom it brings alone."""
    return pd.DataFrame(
        {"action": action, "where": where, "alone": alone, "lost_without": alone, "length_km": np.nan} | more
    )


def curve_of(gained: Sequence[float] | FloatArray, length_km: ArrayLike = np.nan) -> pd.DataFrame:
    """Say what the best plans of 0, 1, ... actions gain, and how long they are."""
    return pd.DataFrame({"number": range(len(gained)), "gained": gained, "length_km": length_km})


def affordable(costs: ArrayLike, budget: float | None) -> BoolArray:
    """
    Take actions in their order as far as a budget pays for them; behind one that it does not, the next that it does.

    A budget that pays for none is an InfeasibleError, whose `bound` is what the cheapest costs.

    >>> affordable([4.0, 5.0, 2.0], 6.0).tolist()
    [True, False, True]
    """
    every = np.asarray(costs, dtype=np.float64)
    taken, left = np.ones(len(every), dtype=bool), np.inf if budget is None else budget * (1.0 + SAME)
    if budget is not None:
        for at, cost in enumerate(every.tolist()):
            taken[at] = cost <= left
            left -= cost * taken[at]
    if len(taken) and not taken.any():
        raise InfeasibleError(f"budget: {budget:g} pays for nothing", every.min())
    return taken


def plan_sites(
    question: Question,
    pairs: pd.DataFrame,
    values_to: Callable[[list[str]], FloatArray],
    *,
    most: int,
    doubt_share: float = 0.0,
    costs: pd.Series[float] | None = None,
) -> Answer:
    """
    Open as many sites as bring the norm's share, at most ``most``: proven to bring most people, of such the nearest.

    ``pairs`` lead those beyond to candidates in the norm's unit, and ``values_to`` gives values of all rows to some of
    these. With a ``doubt_share`` plans for longer and shorter trips compete, and ``costs`` are those of candidates.
    """
    limit, wider = question.norm.threshold, pairs
    demand = question.demand.loc[question.is_beyond]
    needy = demand.loc[demand["persons"] > 0.0, "settlement_id"]
    pairs = pairs.loc[(pairs["travel_time_min"] <= limit) & pairs["from_id"].isin(needy)]
    if pairs.empty:
        return no_help(question)
    sites = sorted(set(pairs["to_id"]))
    price = (pd.Series(0.0, pd.Index(sites)) if costs is None else costs).reindex(sites)
    asked = asked_of(question)
    if question.budget is not None:
        most = min(most, int(affordable(price.sort_values(), question.budget).sum()))

    def best(number: int, among: Sequence[str]) -> SitingPlan:
        own = pairs.loc[pairs["to_id"].isin(among)]
        candidates = pd.DataFrame({"facility_id": among, "cost": price.reindex(list(among)).to_numpy()})
        return mclp(own, demand, candidates, n_facilities=number, service_radius=limit, **asked)

    plans: list[SitingPlan] = []
    numbers, is_alike = [0], price.nunique() < 2
    for number in range(1, min(most, len(sites)) + 1):
        plan = best(number, sites)
        if not plans or plan.objective > plans[-1].objective * (1.0 + SAME):
            plans.append(plan)
            numbers.append(number)
        elif is_alike:
            break  # whom a candidate reaches is served; where one costs more, many cheap ones may still bring more
    gained = [0.0, *(plan.objective for plan in plans)]
    at = question.fewest(gained)
    plan, count = plans[at - 1], numbers[at]
    chosen = nearest_sites(plan.sites["facility_id"].tolist(), pairs, demand, np.asarray(price, dtype=np.float64))
    gains = best(count, sorted(chosen)).gain_by_site
    order = gains["facility_id"].tolist()
    before, values = question.need["before"].to_numpy(dtype=np.float64), values_to(order)
    within = (values <= limit) & question.is_beyond.to_numpy()[:, None]
    others = [
        other
        for other in (plan, *plan.alternatives(within=NEARLY, most=MOST_OPTIONS))
        if set(other.sites["facility_id"]) != set(chosen)
    ][:MOST_OPTIONS]
    return Answer(
        actions=actions_of("open_site", order, gains["persons_alone"], lost_without=gains["persons_lost_without"]),
        after=np.fmin(before, values.min(axis=1)),
        reached_in=np.where(within.any(axis=1), within.argmax(axis=1), -1),
        curve=curve_of(gained).assign(number=numbers),
        options=pd.DataFrame(
            {
                "where": [" ".join(other.sites["facility_id"]) for other in others],
                "gained": [other.objective for other in others],
                "length_km": np.nan,
            }
        ),
        status=plan.status,
        bound=plan.bound,
        doubt=doubt_of(question, wider, order, doubt_share, costs) if doubt_share else None,
    )


def asked_of(question: Question) -> SitingOptions:
    """Say how a model is asked for sites: most people first, within the budget where there is one."""
    asked = SitingOptions(demand="persons", time_limit_s=SECONDS)
    return asked if question.budget is None else asked | SitingOptions(site_costs="cost", budget=question.budget)


def doubt_of(
    question: Question, pairs: pd.DataFrame, chosen: Sequence[str], share: float, costs: pd.Series[float] | None
) -> Doubt:
    """Hold sites against the best ones that the budget pays for if every trip took a share longer, or less."""
    limit, need = question.norm.threshold, question.need
    gained, shares = [], []
    for factor in (1.0 + share, 1.0 - share):
        is_beyond = (factor * need["before"] > limit) & (need["outcome"] != "unknown")
        demand = question.demand.loc[is_beyond]
        near = pairs.loc[factor * pairs["travel_time_min"] <= limit]
        near = near.loc[near["from_id"].isin(demand.loc[demand["persons"] > 0.0, "settlement_id"])]
        served = near.loc[near["to_id"].isin(chosen), "from_id"].unique()
        gained.append(float(demand.loc[demand["settlement_id"].isin(served), "persons"].sum()))
        if near.empty:
            continue
        sites = pd.DataFrame({"facility_id": sorted(set(near["to_id"]))})
        if costs is not None:
            sites["cost"] = costs.reindex(sites["facility_id"]).to_numpy()
            if question.budget is not None and not (sites["cost"] <= question.budget).any():
                continue
        count = min(len(chosen), len(sites))
        best = mclp(near, demand, sites, n_facilities=count, service_radius=limit / factor, **asked_of(question))
        shares.append(min(1.0, gained[-1] / best.bound))  # all, summed in another order
    slow, fast = gained
    return Doubt(slow, fast, min(shares, default=np.nan), share)


class World(NamedTuple):
    """Times as they may be: from everybody who is beyond then to candidates, and along the need how far each is."""

    pairs: pd.DataFrame
    before: FloatArray


def tried(question: Question, answer: Answer, worlds: Sequence[World], costs: pd.Series[float]) -> Answer:
    """
    Say of each site in which share of worlds it stays one of the best of as many, the first being what was planned for.

    Where the plan as a whole is as good as any in a world, all its sites stay; else those that the best plan there has.
    """
    limit, need, chosen = question.norm.threshold, question.need, answer.actions["where"].tolist()
    demand = question.demand
    known = need["outcome"] != "unknown"
    within = {}
    for number, world in enumerate(worlds):
        beyond = need.loc[known & (world.before > limit) & (demand["persons"] > 0.0), "unit_id"]
        is_near = (world.pairs["travel_time_min"] <= limit) & world.pairs["from_id"].isin(beyond)
        within[str(number)] = world.pairs.loc[is_near]

    def best(od: pd.DataFrame, settlements: pd.DataFrame, candidates: pd.DataFrame, **asked: Any) -> SitingPlan:
        sites = candidates.loc[candidates["facility_id"].isin(od["to_id"])]
        plan = mclp(od, settlements, sites, n_facilities=min(len(chosen), len(sites)), **asked)
        served = settlements["settlement_id"].isin(od.loc[od["to_id"].isin(chosen), "from_id"])
        ids = plan.sites["facility_id"].tolist()
        if settlements.loc[served, "persons"].sum() >= plan.objective * (1.0 - SAME) and len(ids) == len(chosen):
            ids = chosen
        else:
            ids = nearest_sites(ids, od, settlements, np.asarray(sites["cost"], dtype=np.float64))
        return replace(plan, sites=plan.sites.assign(facility_id=ids))

    ids = sorted(set(chosen).union(*(frame["to_id"] for frame in within.values())))
    candidates = pd.DataFrame({"facility_id": ids, "cost": costs.reindex(ids).to_numpy()})
    found = choose_often(best, within, demand, candidates, service_radius=limit, **asked_of(question))
    # A world in which nobody can be brought within has no plan and is no trial; nor is the one planned for.
    opened = [set(plan.sites["facility_id"]) for plan in found.plans.values()][1:]
    share = [sum(site in sites for sites in opened) / len(opened) if opened else np.nan for site in chosen]
    return replace(answer, actions=answer.actions.assign(chosen_share=share, trials=float(len(opened))))


def nearest_sites(chosen: Sequence[str], pairs: pd.DataFrame, demand: pd.DataFrame, price: FloatArray) -> list[str]:
    """Move each site to where it is cheapest, then nearest to those it serves, if nobody drops out by it."""
    sites, places = pd.Index(sorted(set(pairs["to_id"]))), pd.Index(demand["settlement_id"])
    people = demand["persons"].fillna(0.0).to_numpy()
    ways = pairs.assign(i=places.get_indexer(pairs["from_id"]), j=sites.get_indexer(pairs["to_id"])).sort_values("j")
    start = np.searchsorted(ways["j"], np.arange(len(sites) + 1))
    i, value = ways["i"].to_numpy(), ways["travel_time_min"].to_numpy()

    def values_from(site: int) -> FloatArray:
        found = np.full(len(places), np.inf)
        np.minimum.at(found, i[start[site] : start[site + 1]], value[start[site] : start[site + 1]])
        return found

    now = [int(sites.get_loc(name)) for name in chosen]
    for at, site in enumerate(now):
        rest = np.min([np.full(len(places), np.inf), *(values_from(k) for k in now if k != site)], axis=0)
        served = np.isfinite(np.minimum(rest, values_from(site))) & (people > 0.0)
        costs = np.full(len(sites), np.inf)
        for k in range(len(sites)):
            there = np.minimum(rest, values_from(k))[served]
            if k not in {*now} - {site} and np.isfinite(there).all():
                costs[k] = people[served] @ there
        is_dear = price > np.min(price[np.isfinite(costs)])
        now[at] = int(np.where(is_dear, np.inf, costs).argmin())
    return [str(sites[k]) for k in now]


def plan_units(question: Question, hosts: pd.Series, *, most: int, cost: float = np.nan) -> Answer:
    """Open a site in each of the units without one that have most people, in its largest place (``hosts`` by unit)."""
    need = question.need.assign(weight=question.weight.fillna(0.0), row=np.arange(len(question.need)))
    short = need.loc[question.is_beyond & need["unit_id"].isin(hosts.index) & (need["weight"] > 0.0)]
    if short.empty:
        return no_help(question)
    short = short.sort_values(["weight", "persons", "unit_id"], ascending=[False, False, True], kind="stable")
    short = short.loc[affordable(np.full(len(short), cost), question.budget)]
    gained = np.concatenate(([0.0], np.cumsum(short["weight"])))[: most + 1]
    count = question.fewest(gained)
    chosen = short.iloc[:count]
    after, reached = need["before"].to_numpy(dtype=np.float64).copy(), np.full(len(need), -1)
    after[chosen["row"]] += 1.0
    reached[chosen["row"]] = np.arange(count)
    return Answer(
        actions=actions_of("open_site", hosts[chosen["unit_id"]].to_numpy(), chosen["weight"].to_numpy()),
        after=after,
        reached_in=reached,
        curve=curve_of(gained),
        status="optimal",
        bound=float(gained[count]),
    )


def plan_links(question: Question, links: gpd.GeoDataFrame, rank: Callable[[gpd.GeoDataFrame], LinkPlan]) -> Answer:
    """
    Build links step by step, most people a kilometre first, until the norm's share is reached.

    ``rank`` orders links, and again those that are taken, so that all is told of these; a step is one, or two in a row.
    """
    every = rank(links) if len(links) else None
    if every is None or every.steps.empty:
        return no_help(question)
    gained = np.concatenate(([0.0], every.steps["total_gained_persons"]))
    count = question.fewest(gained)
    # Of two that are a way together the one that was proposed first is named first, and not the lower id.
    apart = ids_apart(links["road_id"], "+")
    together = [apart(names) for names in every.steps["link_ids"][:count]]
    of_step = [links.loc[links["road_id"].isin(names), "road_id"].tolist() for names in together]
    taken = links.loc[links["road_id"].isin([name for names in of_step for name in names])]
    # Of the links that are taken the best at each step is the same one as among all.
    plan = every if count == len(every.steps) else rank(taken)
    by_place = plan.settlements.set_index("settlement_id").reindex(question.need["unit_id"])
    step = by_place["gained_in_step"].fillna(0).to_numpy(dtype=np.int64)
    alone = plan.links.set_index("link_id")["gained_persons"]
    rows = taken.set_index("road_id")
    parts = [rows.loc[names] for names in of_step]
    # The settlements that links join, in the order of the way; a road that one ends on has no name here.
    ends = [[end for end in part[["from_id", "to_id"]].to_numpy().ravel() if isinstance(end, str)] for part in parts]
    marks = [";".join(part["constraint"].dropna()) if "constraint" in part else "" for part in parts]
    return Answer(
        actions=actions_of(
            "build_link",
            [" ".join(dict.fromkeys(names)) for names in ends],
            [alone[names[0]] if len(names) == 1 else np.nan for names in of_step],
            key=["+".join(names) for names in of_step],
            lost_without=np.nan,
            length_km=[part["length_km"].sum() for part in parts],
            # Corridors may share a stretch: each stays a line of its own.
            shape=[
                shapely.multilinestrings(part.geometry.to_numpy()) if len(part) > 1 else part.geometry.iloc[0]
                for part in parts
            ],
            crosses_water=[bool(part["crosses_water"].any()) for part in parts],
            constraint=[";".join(dict.fromkeys(words.split(";"))) or None for words in marks],
        ),
        after=np.fmin(
            question.need["before"].to_numpy(dtype=np.float64), by_place["after_min"].to_numpy(dtype=np.float64)
        ),
        reached_in=np.where(question.is_beyond, step - 1, -1),
        curve=curve_of(gained, [0.0, *every.steps["total_km"]]),
        status="feasible",
    )


def plan_roads(question: Question, found: RoadUpgrades, *, most: int, km_cost: float = np.nan) -> Answer:
    """Bring stretches of road up to the class that the norm asks for, most people a kilometre first."""
    need, weight = question.need, question.weight.fillna(0.0)
    people = pd.Series(weight.to_numpy(), index=need["unit_id"])
    stretches = found.stretches.assign(gained=[people.reindex(ids).sum() for ids in found.stretches["settlement_ids"]])
    stretches = stretches.loc[stretches["gained"] > 0.0]
    if stretches.empty:
        return no_help(question)
    stretches = stretches.loc[affordable(km_cost * stretches["length_km"], question.budget)]
    gained = np.concatenate(([0.0], np.cumsum(stretches["gained"])))[: most + 1]
    count = question.fewest(gained)
    taken = stretches.iloc[:count]
    step_of = {unit: step for step, ids in enumerate(taken["settlement_ids"]) for unit in ids}
    reached = need["unit_id"].map(step_of).where(question.is_beyond).fillna(-1).to_numpy(dtype=np.int64)
    before = need["before"].to_numpy(dtype=np.float64)
    return Answer(
        actions=actions_of(
            "upgrade_road",
            [" ".join(ids) for ids in taken["settlement_ids"]],
            taken["gained"].to_numpy(),
            length_km=taken["length_km"].to_numpy(),
            shape=taken.geometry.to_numpy(),
        ),
        after=np.where(reached >= 0, 1.0, before),
        reached_in=reached,
        curve=curve_of(gained, np.concatenate(([0.0], np.cumsum(stretches["length_km"])))[: most + 1]),
        status="feasible",
    )


# Tables: a row a plan, an action, a place; all numbers of people are sums of the places.

OF_SOME_ACTIONS = ("chosen_share", "trials", "capacity_before", "capacity_after", "capacity_unit")
"""Columns of actions that only some kinds have."""
DOUBTS = ("gained_if_slower", "gained_if_faster", "worst_share", "doubt_share")
"""Columns of what a plan brings if every trip takes longer, or less."""
PLAN_TABLES = ("plans", "plan_actions", "plan_people", "plan_options", "plan_curve")
ROOM_TABLES = ("plan_matches", "plan_capacity")
"""Tables of plans that match people and room, where there is one."""


def plan_tables(answers: Sequence[tuple[Question, Answer | None]], places: gpd.GeoDataFrame) -> dict[str, Any]:
    """
    Write plans out: what each brings, in people and places, of those whom its norm asks about.

    ``places`` has `place_id`, `place` (its name), `township_id`, `township` and the shape of whatever actions are at.
    """
    rows: dict[str, list[pd.DataFrame]] = {
        name: [] for name in (*PLAN_TABLES, *ROOM_TABLES, "plan_stops", "plan_owners")
    }
    shapes: list[Any] = []
    by_id = places.set_index("place_id")
    apart = ids_apart(by_id.index)
    for rank, (question, answer) in enumerate(answers, start=1):
        norm, need = question.norm, question.need
        found = answer or no_help(question)
        gained = found.reached_in >= 0
        outcome = np.where(gained, "gained", need["outcome"])
        actions = found.actions.assign(step=range(1, len(found.actions) + 1))
        action_ids = [f"{question.plan_id}/{key}" for key in actions.get("key", actions["where"])]
        persons, everywhere = need["persons"].fillna(0.0).to_numpy(), np.ones(len(need))
        weights = {"persons": persons} if question.counted == "persons" or need["persons"].notna().any() else {}
        weights["places"] = everywhere
        # The four sides on which everybody whom a norm asks about stands; with those within before they are all.
        sides = {name: outcome == name for name in ("within", "gained", "unknown")}
        sides["beyond"] = np.isin(outcome, ["beyond", "none_reached"])
        sums = {
            f"{what}_{name}": float(each[mask].sum()) for what, each in weights.items() for name, mask in sides.items()
        }
        by_step = {
            what: np.bincount(found.reached_in[gained], weight[gained], minlength=len(actions))
            for what, weight in weights.items()
        }
        own: dict[str, FloatArray] = {}
        more: dict[str, object] = {} if question.together is None else {"together": question.together}
        if "within_persons" in need:
            # Some of a place find room and others do not, so that people are counted, and not whole places.
            matches = NOBODY if found.sharing is None else found.sharing.matches
            taken = np.bincount(matches["row"], matches["persons"], minlength=len(need))
            parts = {"within": need["within_persons"].fillna(0.0).to_numpy(), "gained": taken}
            is_known = (need["outcome"] != "unknown").to_numpy()
            parts["beyond"] = np.where(is_known, np.maximum(0.0, persons - parts["within"] - taken), 0.0)
            sums |= {f"persons_{name}": float(part.sum()) for name, part in parts.items()}
            by_step["persons"] = np.bincount(matches["step"], matches["persons"], minlength=len(actions))
            own = {f"{name}_persons": np.where(is_known, parts[name], np.nan) for name in ("gained", "beyond")}
        if found.sharing is not None:
            numbered = matches.assign(plan_id=question.plan_id, action_id=np.array(action_ids)[matches["step"]])
            rows["plan_matches"].append(numbered.drop(columns=["row", "step", "service"]))
            rows["plan_capacity"].append(found.sharing.facilities.assign(plan_id=question.plan_id))
            more["border_persons"] = found.sharing.border_persons
        if (tour := found.tour) is not None:
            more |= {"round_stops": len(tour.stops), "round_days": len(tour.days), "round_gained": tour.objective}
            stops = tour.stops.rename(columns={"stop_id": "settlement_id", "persons": "gained"})
            stops = stops.assign(plan_id=question.plan_id, place=stops["settlement_id"].map(by_id["place"]))
            rows["plan_stops"].append(stops.drop(columns="leg_min"))
        if found.owners is not None:
            rows["plan_owners"].append(found.owners.assign(plan_id=question.plan_id))
        brought = sums[f"{question.counted}_gained"]
        cost = actions.get("cost", pd.Series(np.nan, actions.index)).to_numpy(dtype=np.float64)
        total = float(cost.sum()) if len(cost) else np.nan
        rows["plans"].append(
            pd.DataFrame(
                {
                    "plan_id": [question.plan_id],
                    "rank": rank,
                    "norm_id": norm.id or None,
                    "service": norm.service,
                    "question": question.ask,
                    "mode": norm.mode,
                    "threshold": norm.threshold,
                    "unit": norm.unit,
                    "stat_unit": norm.stat_unit,
                    "norm_class": norm.norm_class or None,
                    "is_gate": norm.gates,
                    "target_share": norm.target_share,
                    "counted": question.counted,
                    "ordered_by": question.ordered_by,
                    "plan_status": found.status if answer else "not_planned",
                    "reason": question.reason,
                    **sums,
                    "share_before": question.share_with(0.0),
                    "share_after": question.share_with(brought),
                    "meets_target": "yes" if question.is_met_with(brought) else "no",
                    "bound": found.bound if answer else np.nan,
                    **dict(zip(DOUBTS, found.doubt or [np.nan] * len(DOUBTS), strict=True)),
                    "budget": np.nan if question.budget is None else question.budget,
                    "currency": question.currency,
                    **more,
                    "cost": total,
                    "cost_per_gained": total / brought if brought and total >= 0.0 else np.nan,
                    "actions": len(actions),
                    "length_km": actions["length_km"].sum(min_count=1),
                }
            )
        )
        rows["plan_people"].append(
            pd.DataFrame(
                {
                    "plan_id": question.plan_id,
                    "unit_level": question.unit_level,
                    "unit_id": need["unit_id"],
                    "persons": need["persons"],
                    "before_value": nan_for_inf(need["before"]),
                    "after_value": nan_for_inf(found.after),
                    "outcome": outcome,
                    **own,
                    "action_id": np.array([*action_ids, None], dtype=object)[found.reached_in],
                }
            )
        )
        # A link is called by its ends, and lies in the township where it begins.
        ends = [apart(where) for where in actions["where"]]
        at = by_id.reindex([where[0] for where in ends])
        is_site = actions["action"].to_numpy() == "open_site"
        named = [BETWEEN.join(by_id["place"].reindex(where).fillna("?")) if len(where) > 1 else None for where in ends]
        shapes += actions["shape"].tolist() if "shape" in actions else at.geometry.tolist()
        rows["plan_actions"].append(
            pd.DataFrame(
                {
                    "action_id": action_ids,
                    "plan_id": question.plan_id,
                    "step": actions["step"].to_numpy(),
                    "action": actions["action"].to_numpy(),
                    "service": norm.service,
                    "norm_id": norm.id or None,
                    "place_id": actions["where"].to_numpy(),
                    "place": pd.Series(named, dtype=object).fillna(at["place"].reset_index(drop=True)).to_numpy(),
                    **{name: at[name].to_numpy() for name in ("township_id", "township")},
                    **({name: at[name].where(is_site).to_numpy() for name in ("tenure", "constraint") if name in at}),
                    **({"constraint": actions["constraint"].to_numpy()} if "constraint" in actions else {}),
                    "responsible": norm.duty_bearer or None,
                    "crosses_water": actions.get("crosses_water", False),
                    "length_km": actions["length_km"].to_numpy(),
                    **{f"{what}_gained": values for what, values in by_step.items()},
                    "share_after": [question.share_with(value) for value in np.cumsum(by_step[question.counted])],
                    "gained_alone": actions["alone"].to_numpy(),
                    "lost_without": actions["lost_without"].to_numpy(),
                    "gained_per_km": by_step[question.ordered_by] / actions["length_km"].to_numpy(),
                    "currency": question.currency,
                    **{name: actions[name].to_numpy() for name in OF_SOME_ACTIONS if name in actions},
                    "cost": cost,
                    "cost_per_gained": cost
                    / np.where(by_step[question.counted] > 0.0, by_step[question.counted], np.nan),
                }
            )
        )
        for name, frame in (("plan_options", found.options), ("plan_curve", found.curve)):
            shares = [question.share_with(value) for value in frame["gained"]]
            numbered = frame.assign(plan_id=question.plan_id, share_after=shares, option=range(1, len(frame) + 1))
            rows[name].append(numbered)
    made: dict[str, Any] = {
        name: TABLES[name].frame(pd.concat(parts, ignore_index=True) if parts else ())
        for name, parts in rows.items()
        if parts or name in PLAN_TABLES
    }
    actions = made["plan_actions"]
    made["plan_actions"] = gpd.GeoDataFrame(
        actions, geometry=gpd.GeoSeries(shapes, index=actions.index), crs=places.crs
    )
    return made
