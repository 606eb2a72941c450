"""Stage `plan`: for norms that fail, what would help first, whom it would serve, and who is still left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as replace_fields
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.options import TOWN_TIERS, limit_of
from spatial.access.places import SEA_KINDS
from spatial.crs import WGS84
from spatial.errors import InfeasibleError, StudyError, faults_at, refuse
from spatial.network.combined import own_pace
from spatial.network.new_roads import speed_of_class
from spatial.norms.law import Norm, norms_of
from spatial.norms.measuring import AccessLookup, modes_for, read_access
from spatial.outlines import inside
from spatial.plain_text import csv_bytes, toml_table, toml_text, toml_value
from spatial.planning import agenda
from spatial.planning.action_list import action_list, plan_progress, read_action_list
from spatial.planning.equity import plans_by_owner
from spatial.planning.link_candidates import edges_of_word, propose_links, propose_road_upgrades, upgrade_words
from spatial.planning.links import LinkPlan, rank_links
from spatial.planning.plans import SAME
from spatial.planning.profiles import site_profile
from spatial.planning.services import Part, PartSites, share_budget
from spatial.planning.siting import mclp
from spatial.rasters import Raster
from spatial.results import Results
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.off_road import closed_water, elevation_of_ground
from spatial.stages.plan_room import ROUND_NAME, ask_for_room, find_room, plan_round, round_scenario
from spatial.stages.plan_sites import (
    PlanGround,
    first_capacity,
    grounds_of_units,
    pays_for_nothing,
    planning_sources,
    refuse_unfit_plans,
    services_of,
    site_sources,
)
from spatial.stages.policy import binding_norms, speed_table, vocabulary_of
from spatial.stages.shared import graph_of, surroundings_of
from spatial.store import Artifact, replace
from spatial.study import PLAN_NAME, PLANS_FILE
from spatial.study.access import BY_BUS, MANY_SETTLEMENTS
from spatial.study.plans import PlanOptions
from spatial.tables import TABLES
from spatial.terrain.friction import Friction, GroundSpeed, friction_surface, load_surface_speeds

ANY_NUMBER = 10**6
"""Of actions, where the budget alone says how many."""
NEW_ROAD = "unclassified"
"""The class of a link."""
PAVED = {"surface": "asphalt"}
"""What a road that is brought up to a class is built as in a scenario: along the old one, of the class of new roads."""
HEAD = """\
# The plans of the last run, as scenarios. What each brings to everybody:  spatial run STUDY --scenario plan:NAME
# To keep one, copy it into the study:  spatial plan STUDY --write STUDY
"""


def plan(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    flows: pd.DataFrame,
    access: pd.DataFrame,
    norm_results: pd.DataFrame,
    landcover: Raster | None = None,
    elevation: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value | list[Artifact]]:
    """Draw the plans that the study asks for, else one for each of the norms that fail, failed gates first."""
    refuse_unfit_plans(options, facilities, study_area)
    norms = norms_of(binding_norms(options))
    barriers = surroundings_of(options, study_area, water).barriers
    graph = partial(graph_of, options, nodes, edges)
    ground = PlanGround(settlements, facilities, boundaries, water, barriers=barriers, graph=graph, options=options)
    rooms = {
        item.name: ask_for_room(item, _norm_question(item, norms, norm_results), ground)
        for item in options.plans
        if item.match or item.makes_room
    }
    if options.plans:
        asked = [
            rooms[part.name].question
            if part.name in rooms
            else replace_fields(
                _asked(part, norms, options, settlements, access, norm_results),
                together=item.name if item.is_joint else None,
            )
            for item in options.plans
            for part in item.parts
        ]
    else:
        chosen = options.planning
        # Everybody of a country against every place of it is no plan: a study of that size asks for plans of its units.
        most_plans = 0 if len(settlements) > MANY_SETTLEMENTS else chosen.most_plans
        asked = agenda.questions(norms, norm_results, most=most_plans, near_share=chosen.near_share)
    grounds = grounds_of_units(options, boundaries)
    x, y = (np.asarray(each, dtype=np.float64) for each in (settlements.geometry.x, settlements.geometry.y))
    for at, whole in enumerate(asked):
        goal = whole
        if whole.plan_id in grounds:
            here = settlements.loc[inside(grounds[goal.plan_id], x, y)]
            ids = here["settlement_id" if goal.unit_level == "settlement" else "township_id"].dropna()
            goal = replace_fields(goal, need=goal.need.loc[goal.need["unit_id"].isin(ids)].reset_index(drop=True))
        is_open = goal.ask == "none" or goal.is_beyond.any()
        is_known = (goal.need["outcome"] == "within").any()
        asked[at] = goal if is_open else agenda.no_answer(goal, "met" if is_known else "not_measured")
    # Links are weighed by the way of people to a town, not by that of help from it, and on the network of one mode.
    asked = [
        replace_fields(each, ask="none", reason="no_model")
        if each.ask == "links" and (options.access.direction != "to_facility" or not _link_modes(each.norm, options))
        else each
        for each in asked
    ]
    limits = {part.name: item for item in options.plans for part in item.parts}
    if (costs := ground.stated) is not None:
        budgets = {name: item.budget for name, item in limits.items()}
        asked = [replace_fields(each, budget=budgets.get(each.plan_id), currency=costs.currency) for each in asked]
    if landcover is not None and any(each.ask == "links" for each in asked):
        ground.surface = _building_ground(landcover, elevation, water, options)
    own_words = {name: item.candidates for name, item in limits.items() if item.candidates}
    words = {each.plan_id: own_words.get(each.plan_id, options.planning.candidates) for each in asked}
    opens = {each.plan_id for each in asked if each.ask == "sites"} | {
        name for name, room in rooms.items() if room.item.new_sizes and room.question.ask != "none"
    }
    wanted = {word for name in opens for word in words[name]}
    sources = site_sources(options, wanted, study_area)
    longest = limit_of("max_time_min", options.access.max_time_min)
    for question in asked:
        if question.plan_id in opens:
            offered = {str(word): sources[word] for word in words[question.plan_id] if word in sources}
            within = grounds.get(question.plan_id)
            ground.offer(question, words[question.plan_id], offered, land=study_area, within=within)
    split = {
        name: sites
        for item in options.plans
        if item.is_joint
        for name, sites in _split_budget(item, [each for each in asked if each.together == item.name], ground).items()
    }
    # Who gets nothing while others of the plan do is told so.
    getting = {each.together for each in asked if each.plan_id in split and split[each.plan_id].where}
    asked = [
        agenda.no_answer(each, "shared")
        if each.ask != "none" and each.together in getting and each.plan_id in split and not split[each.plan_id].where
        else each
        for each in asked
    ]
    answers: list[tuple[agenda.Question, agenda.Answer | None]] = []
    shared: dict[str, list[list[str]]] = {}
    for number, question in enumerate(asked):
        progress(number / len(asked), question.norm.service)
        own, how, is_paid = limits.get(question.plan_id), options.planning, question.budget is not None
        most = (own.sites if own else None) or (ANY_NUMBER if is_paid else how.most_sites)
        link_km = (own.link_km if own else None) or (np.inf if is_paid else how.link_km)
        try:
            if question.plan_id in rooms:
                new = ground.new_sites(question) if question.plan_id in opens else None
                answer, shared[question.plan_id] = find_room(rooms[question.plan_id], ground, new)
            else:
                answer = _answer(question, ground, most, link_km, split.get(question.plan_id))
        except InfeasibleError as error:
            if not is_paid:
                raise
            fault = pays_for_nothing(question.plan_id, question.budget, question.currency, error.bound)
            raise StudyError("study", [fault]) from error
        if answer is not None and question.norm.unit == "min":
            # What lies beyond the longest time that a study looks at is none, in a plan as in a run.
            factor = 2.0 if question.norm.metric == "roundtrip_time_min" else 1.0
            is_far = answer.after > factor * longest
            answer = replace_fields(answer, after=np.where(is_far, np.inf, answer.after))
        if answer is not None:
            answer = replace_fields(answer, actions=answer.actions.assign(cost=ground.costs(question, answer.actions)))
        if answer is not None and own is not None and own.round is not None:
            answer = replace_fields(answer, tour=plan_round(question, answer, own.round, ground))
        answers.append((question, answer))
    ground.know([room.facilities for room in rooms.values()])
    tables = agenda.plan_tables(answers, ground.places)
    if ground.refused:
        tables["plan_refused"] = TABLES["plan_refused"].frame(pd.concat(ground.refused, ignore_index=True))
    # With one place there is nothing to choose.
    if settlements["in_study"].sum() > 1:
        tables["site_profile"] = site_profile(
            ground.graph(options.network.modes[0]),
            settlements,
            facilities,
            candidates=ground.sites.loc[ground.sites["source"] != "settlements"],
            flows=flows,
            vocabulary=vocabulary_of(options),
            rules=options.network,
            barriers=barriers,
        )
    if (named := planning_sources(options)) is not None:
        tables["plan_sources"] = named
    if options.planning.actions is not None:
        kept = read_action_list(options.raw_path(options.planning.actions))
        tables["plan_progress"] = plan_progress(kept, norm_results, tables["plan_people"])
    together: dict[str, list[agenda.Question]] = {}
    for question, answer in answers:
        if answer:
            together.setdefault(question.together or question.plan_id, []).append(question)
    scenarios = [
        _scenario(name, parts, tables["plan_actions"], ground, shared.get(name, ())) for name, parts in together.items()
    ]
    for question, answer in answers:
        own = limits.get(question.plan_id)
        if answer is not None and answer.tour is not None and own is not None and own.round is not None:
            name = f"{PLAN_NAME}{question.plan_id}{ROUND_NAME}"
            persons = answer.tour.stops["persons"].max()
            sizes = {
                each: first_capacity(each, persons, facilities, options) for each in services_of(question, options)
            }
            scenarios.append(round_scenario(name, answer.tour, own.round, sizes))
    text = "".join(scenarios)
    return tables | ({"files": [Artifact(PLANS_FILE, (HEAD + text).encode())]} if text else {})


def add_plans(results: Results, target: Path) -> list[str]:
    """Copy the plans of a run as scenarios into a study file, or a new file; returns the names of those written."""
    made = results.folder / PLANS_FILE
    try:
        told = toml_text(made).removeprefix(HEAD) if made.is_file() else ""
        before = toml_text(target) if target.exists() else ""
        text = f"{before.rstrip()}\n{told}" if before.strip() else told.lstrip()
        plans, there = (
            [str(item.get("name")) for item in items if isinstance(item, dict)]
            for part in (told, before)
            if isinstance(items := toml_table(part).get("scenarios", []), list)
        )
        toml_table(text)
    except (OSError, ValueError) as error:
        raise StudyError(str(target), [f"cannot take the plans as [[scenarios]]: {error}"]) from error
    taken = [name for name in there if name in plans]
    refuse(str(target), faults_at("scenarios:", taken, " there already; delete or rename them first"), StudyError)
    if plans:
        with replace(target) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return plans


def renew_actions(results: Results, target: Path) -> int:
    """Write the actions of a run into a list to keep, under what people wrote in it; returns how many there are."""
    kept = read_action_list(target) if target.exists() else None
    tables = {name: getattr(results, name) for name in ("plan_actions", "plan_people")}
    rows = action_list(tables, kept)
    with replace(target) as temporary:
        temporary.write_bytes(csv_bytes(rows))
    return len(rows)


def _scenario(
    name: str,
    parts: Sequence[agenda.Question],
    actions: gpd.GeoDataFrame,
    ground: PlanGround,
    share_units: Sequence[Sequence[str]],
) -> str:
    """Write a plan, or one of several services, as a scenario; empty where it does nothing that a scenario can."""
    options = ground.options
    services = {question.plan_id: services_of(question, options) for question in parts}
    own = actions.loc[actions["plan_id"].isin(services)]
    sites, links = own.loc[own["action"] == "open_site"], own.loc[own["action"].isin(["build_link", "upgrade_road"])]
    how = options.planning
    pieces = links.assign(whole_m=links.length).explode(index_parts=False)
    km = pieces["length_km"] * pieces.length / pieces["whole_m"]
    shapes = pieces.to_crs(WGS84).geometry.array
    names = pieces["action_id"] + "/" + pieces.groupby(level=0).cumcount().astype("str")
    opened = [
        {
            "service": service,
            **ground.address(site["place_id"]),
            **(
                first_capacity(service, site["persons_gained"], ground.facilities, options)
                if np.isnan(size)
                else {"capacity": size}
            ),
        }
        for site in sites.to_dict("records")
        for size in [site.get("capacity_after", np.nan)]  # as far as its size was planned
        for service in services[site["plan_id"]]
    ]
    by_people = any(own_pace(mode) for mode in _link_modes(parts[0].norm, options)[:1])
    link_speed = {} if by_people else {"speed_km_h": how.link_speed_km_h}
    keys: dict[str, list[dict[str, Any]]] = {
        # Norms of one service may want it at one place.
        "open": [item for at, item in enumerate(opened) if item not in opened[:at]],
        "build": [
            {
                "road_id": road,
                "points": shapely.get_coordinates(shape).tolist(),
                **({"length_km": length} | link_speed if parts[0].ask == "links" else PAVED),
            }
            for road, length, shape in zip(names, km, shapes, strict=True)
        ],
        "share_units": [{"units": list(units), "services": services[parts[0].plan_id]} for units in share_units],
    }
    told = [
        f"{key} = [\n{''.join(f'  {toml_value(item)},{chr(10)}' for item in items)}]"
        for key, items in keys.items()
        if items
    ]
    larger, closed = (own.loc[own["action"] == action] for action in ("enlarge_site", "close_site"))
    if len(larger):
        held = dict(zip(larger["place_id"], larger["capacity_after"], strict=True))
        told.append(f"change_capacity = {toml_value(held)}")
    if len(closed):
        told.append(f"close_facilities = {toml_value(closed['place_id'].tolist())}")
    return "\n".join(["", "[[scenarios]]", f'name = "{PLAN_NAME}{name}"', *told, ""]) if told else ""


def _split_budget(item: PlanOptions, parts: Sequence[agenda.Question], ground: PlanGround) -> dict[str, PartSites]:
    """Choose the sites of a plan of several services; a part that needs none, or has none in reach, gets none."""
    asking = [question for question in parts if question.ask == "sites"]
    if len({question.counted for question in asking}) > 1:
        fault = "some count people and some places, which have no sum; write plans of each"
        raise StudyError("study", [f"plans.{item.name}: {fault}"])
    given = []
    for question in asking:
        beyond = question.need.loc[question.is_beyond, "unit_id"].tolist()
        norm, sites = question.norm, ground.candidates(question)
        pairs = ground.pairs(norm, beyond, sites, cutoff=norm.threshold)
        given.append(Part(question, pairs, ground.site_costs(question).fillna(0.0)))
    most = item.sites or (None if item.budget is not None else ground.options.planning.most_sites)
    try:
        found = share_budget(given, most=most, budget=item.budget) if given else []
    except InfeasibleError as error:
        currency = "" if ground.stated is None else ground.stated.currency
        fault = pays_for_nothing(item.name, item.budget, currency, error.bound)
        raise StudyError("study", [fault]) from error
    return {question.plan_id: sites for question, sites in zip(asking, found, strict=True)}


def _answer(
    question: agenda.Question, ground: PlanGround, most: int, link_km: float, among: PartSites | None
) -> agenda.Answer | None:
    need, norm = question.need["unit_id"].tolist(), question.norm
    if question.ask == "sites":
        # If every trip took longer, or less, others would be beyond and other sites in reach.
        share = ground.options.uncertainty.speed_share if norm.unit == "min" else 0.0
        is_asked = (question.need["before"] * (1.0 + share) > norm.threshold) | question.is_beyond
        origins = question.need.loc[is_asked, "unit_id"].tolist()
        pairs = ground.pairs(norm, origins, ground.candidates(question), cutoff=norm.threshold / (1.0 - share))

        def values_to(sites: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
            table, found = np.full((len(need), len(sites)), np.inf), ground.pairs(norm, need, sites)
            rows = pd.Index(need).get_indexer(pd.Index(found["from_id"]))
            columns = pd.Index(sites).get_indexer(pd.Index(found["to_id"]))
            np.minimum.at(table, (rows, columns), found["travel_time_min"].to_numpy())
            return table

        costs = ground.site_costs(question)
        if among is None:
            answer = agenda.plan_sites(question, pairs, values_to, most=most, doubt_share=share, costs=costs)
        else:
            # The sites that a part has, whom they bring, and whom others for the same money may bring at most.
            own = pairs.loc[pairs["to_id"].isin(among.where)]
            # All are built: money that a norm's share does not need was not offered to the others.
            part = replace_fields(question, budget=None, norm=replace_fields(norm, target_share=1.0))
            answer = agenda.plan_sites(part, own, values_to, most=len(among.where), costs=costs)
            status = answer.status if among.slack <= SAME * answer.bound else "feasible"
            answer = replace_fields(answer, bound=answer.bound + among.slack, status=status)
            if question.budget is not None:  # its part of what it costs together
                question = replace_fields(question, budget=float(costs.reindex(among.where).sum()))
            if share and len(answer.actions):
                chosen = answer.actions["where"].tolist()
                answer = replace_fields(answer, doubt=agenda.doubt_of(question, pairs, chosen, share, costs))
        if ground.options.planning.trials and norm.unit == "min" and len(answer.actions):
            answer = agenda.tried(question, answer, _worlds(question, ground, pairs, share), costs)
        return replace_fields(answer, owners=_owners(question, answer, pairs, ground, costs))
    if question.ask == "unit_sites":
        hosts = pd.Series(need, index=need)
        if question.unit_level == "township":
            may = ground.homes.loc[~ground.homes["settlement_id"].isin(ground.excluded)]
            largest = may.sort_values("population_persons", ascending=False, kind="stable")
            hosts = largest.drop_duplicates("township_id").set_index("township_id")["settlement_id"]
        hosts = hosts.loc[~hosts.isin(ground.excluded)]
        return agenda.plan_units(question, hosts, most=most, cost=ground.opening_cost(question))
    if question.ask == "links":
        return _link_plan(question, ground, link_km, most)
    if question.ask == "none":
        return None
    # Roads that those beyond need brought up to the class that the norm asks for.
    order = question.weight if question.ordered_by == "places" else question.need["persons"].fillna(0.0)
    asked = question.need.assign(_asked=order).loc[question.is_beyond, ["unit_id", "_asked"]]
    places = ground.settlements.merge(asked.rename(columns={"unit_id": "settlement_id"}), on="settlement_id")
    graph, options = ground.graph(ground.options.network.modes[0]), ground.options
    if not edges_of_word(graph, upgrade_words()[question.norm.service]).any():
        return agenda.no_help(question)  # there is no such road that another could lead to
    found = propose_road_upgrades(
        graph, places, road=question.norm.service, demand="_asked", rules=options.network, barriers=ground.barriers
    )
    return agenda.plan_roads(question, found, most=2 * most, km_cost=ground.km_cost(question))


def _owners(
    question: agenda.Question, answer: agenda.Answer, pairs: pd.DataFrame, ground: PlanGround, costs: pd.Series[float]
) -> pd.DataFrame | None:
    """Say what as many sites of one owner alone would bring; None where no two owners have any in reach."""
    beyond = question.need.loc[question.is_beyond]
    people = pd.DataFrame({"settlement_id": beyond["unit_id"], "persons": question.weight[beyond.index]})
    limit = question.norm.threshold
    near = pairs.loc[(pairs["travel_time_min"] <= limit) & pairs["from_id"].isin(people["settlement_id"])]
    ids = sorted(set(near["to_id"]))
    tenure = ground.sites.set_index("facility_id")["tenure"].reindex(ids)
    if answer.actions.empty or tenure.nunique() < 2:
        return None
    sites = pd.DataFrame({"facility_id": ids, "tenure": tenure.to_numpy(), "cost": costs.reindex(ids).to_numpy()})
    found = plans_by_owner(
        mclp, near, people, sites, n_facilities=len(answer.actions), service_radius=limit, **agenda.asked_of(question)
    )
    told = {"candidates": "candidates", "new_sites": "sites", "served_persons": "gained", "border_persons": "border"}
    own = found.table.dropna(subset="owner").rename(columns=told)
    # Who owns only what nobody gains by, or what the budget does not pay for, brings nobody.
    own["sites"], own["gained"] = own["sites"].fillna(0.0), own["gained"].fillna(0.0)
    together = float(found.table["served_persons"].iloc[-1])
    return own[["owner", "candidates", "sites", "gained"]].assign(border=together - own["gained"])


def _worlds(question: agenda.Question, ground: PlanGround, pairs: pd.DataFrame, share: float) -> list[agenda.World]:
    """Take other speeds, the wet season and the nearest ways in alone, as far as the run varies these."""
    before = question.need["before"].to_numpy(dtype=np.float64)
    factors = np.linspace(1.0 - share, 1.0 + share, ground.options.planning.trials).tolist() if share else []
    worlds = [
        agenda.World(pairs.assign(travel_time_min=factor * pairs["travel_time_min"]), factor * before)
        for factor in (1.0, *factors)
    ]
    need, limit = question.need["unit_id"].tolist(), question.norm.threshold
    kinds = [vocabulary_of(ground.options).satisfying(name) for name in services_of(question, ground.options)]
    for world in ground.worlds():
        # Within all services of a bundle is who is within the farthest.
        then = np.zeros(len(need))
        for services in kinds:
            found = ground.usable(
                ground.pairs(question.norm, need, ground.existing(services), cutoff=limit, world=world)
            )
            quickest = found.groupby("from_id")["travel_time_min"].min().reindex(need).fillna(np.inf)
            then = np.maximum(then, quickest.to_numpy())
        worlds.append(
            agenda.World(
                ground.pairs(question.norm, need, ground.candidates(question), cutoff=limit, world=world), then
            )
        )
    return worlds


def _link_modes(norm: Norm, options: Options) -> list[str]:
    """List the modes of a norm that have a network of their own, on which links can be weighed."""
    return [mode for mode in modes_for(norm.mode, options.network.modes) if "+" not in mode or mode == BY_BUS]


def _link_plan(question: agenda.Question, ground: PlanGround, link_km: float, most: int) -> agenda.Answer:
    """Propose links to a town for those beyond, and take those that bring most of them a kilometre."""
    options, norm = ground.options, question.norm
    if not ground.settlements["tier"].isin(TOWN_TIERS[norm.service]).any():
        return agenda.no_help(question)  # there is no such town that a link could lead to
    asked = question.need.assign(weight=question.weight.fillna(0.0)).loc[question.is_beyond]
    weight = ground.settlements["settlement_id"].map(asked.set_index("unit_id")["weight"]).fillna(0.0)
    places = ground.settlements.assign(_asked=weight)
    graph = ground.graph(_link_modes(norm, options)[0])
    shared: dict[str, Any] = {
        "service": norm.service,
        "within_min": norm.threshold,
        "demand": "_asked",
        "rules": options.network,
        "barriers": ground.barriers,
    }
    how = options.planning
    speed = how.link_speed_km_h
    if own_pace(graph.mode):  # people keep theirs on a new road, as in the scenario that the plan is
        speed = speed_of_class(graph, NEW_ROAD, table=speed_table(options, options.network.speeds))
        if np.isnan(speed):
            return agenda.no_help(question)  # they may not use such a road
    links = propose_links(graph, places, **shared, water=ground.water, detour=how.link_detour, speed_km_h=speed)
    links = ground.allowed_links(question, ground.laid(question, links))
    km_cost = ground.km_cost(question)
    if question.budget is not None:
        agenda.affordable(km_cost * links["length_km"].sort_values(), question.budget)
        link_km = min(link_km, question.budget / km_cost)
    links = links.loc[links["length_km"] <= link_km]

    def rank(some: gpd.GeoDataFrame) -> LinkPlan:
        return rank_links(graph, places, some, **shared, budget_km=link_km, most_links=2 * most, worth="gained")

    return agenda.plan_links(question, links, rank)


def _building_ground(
    landcover: Raster, elevation: Raster | None, water: gpd.GeoDataFrame, options: Options
) -> Friction | None:
    """Lay out what new links cross without a road, water at the cost of a bridge and no sea; None without a surface."""
    chosen, how = options.off_road, options.planning
    if chosen.service is None or how.link_route == "straight":
        return None
    table = load_surface_speeds(speed_table(options, chosen.speeds))
    easiest = max(kind.km_h for kind in table.classes.values() if kind.mode != "barrier")
    bridge_km_h = easiest / how.bridge_factor or np.nan
    over = GroundSpeed("bridge", bridge_km_h, "barrier" if np.isnan(bridge_km_h) else "motorised")
    classes = {code: over if kind.mode == "barrier" else kind for code, kind in table.classes.items()}
    closed = closed_water(water).to_crs(landcover.crs)
    return friction_surface(
        landcover,
        replace_fields(table, classes=classes),
        barriers=closed.assign(speed_km_h=np.where(closed["kind"].isin(SEA_KINDS), np.nan, bridge_km_h)),
        elevation=elevation_of_ground(chosen, elevation, landcover, []),
    )


def _norm_question(item: Any, norms: Sequence[Norm], norm_results: pd.DataFrame) -> agenda.Question | None:
    """Ask what the norm needs that a plan of the study is for, if any."""
    named = [norm for norm in norms if norm.id == item.norm]
    return agenda.question_of(named[0], norm_results, plan_id=item.name) if named else None


def _asked(
    item: Any,
    norms: Sequence[Norm],
    options: Options,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    norm_results: pd.DataFrame,
) -> agenda.Question:
    """Ask what a plan of the study asks: for a norm, or for a service within some minutes."""
    if (of_norm := _norm_question(item, norms, norm_results)) is not None:
        return of_norm
    mode = item.mode or options.network.modes[0]
    norm = agenda.service_norm(item.service, mode, item.within_min)
    scored = settlements.loc[settlements["in_study"]]
    found = read_access(
        norm,
        item.service,
        AccessLookup(access, pd.Index(scored["settlement_id"])),
        max_time_min=limit_of("max_time_min", options.access.max_time_min),
    )
    column, blank = item.group or "population_persons", np.full(len(scored), np.nan)
    norm = replace_fields(norm, stat_unit=column.removesuffix("_persons"))
    persons = scored[column].to_numpy(dtype=np.float64) if column in scored else blank
    value, mapped = (blank, blank) if isinstance(found, str) else (found.value, found.mapped)
    need = pd.DataFrame(
        {
            "unit_id": scored["settlement_id"].to_numpy(),
            "persons": persons,
            "before": value,
            "outcome": np.select(
                [np.isnan(mapped), mapped == 1.0, np.isinf(value)], ["unknown", "within", "none_reached"], "beyond"
            ),
        }
    )
    is_counted = bool(need["persons"].notna().any())
    question = agenda.Question(
        item.name, "sites", need, norm, counted="persons" if is_counted else "places", wanted=(item.service,)
    )
    return question if is_counted or item.group is None else agenda.no_answer(question, "no_group")
