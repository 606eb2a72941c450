"""Stage `plan`: for norms that fail, what would help first, whom it would serve, and who is still left out."""

from __future__ import annotations

import tomllib
from dataclasses import replace as replace_fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from spatial.access.eligibility import eligible_by_unit, is_for_everybody
from spatial.access.nearest import METRES_A_KM, in_kilometres
from spatial.access.options import TOWN_TIERS, limit_of
from spatial.access.paired import SnapPair, easier_walk, nearest_entry
from spatial.access.places import SEA_KINDS, place_on, take
from spatial.crs import WGS84, require_metres
from spatial.errors import InfeasibleError, StudyError, first_of
from spatial.inputs.units import assign_units
from spatial.network.matrix import times_matrix
from spatial.network.seasons import with_season
from spatial.norms.evidence import AccessLookup
from spatial.norms.law import norms_of
from spatial.norms.measuring import Unmeasured, modes_for, read_access
from spatial.plain_text import csv_bytes, toml_value
from spatial.planning.action_list import action_list, plan_progress, read_action_list
from spatial.planning.agenda import (
    Question,
    World,
    affordable,
    no_help,
    plan_links,
    plan_roads,
    plan_sites,
    plan_tables,
    plan_units,
    question_of,
    questions,
    service_norm,
    tried,
)
from spatial.planning.candidates import load_site_rules
from spatial.planning.link_candidates import lay_corridors, propose_links
from spatial.planning.links import rank_links
from spatial.planning.profiles import site_profile
from spatial.planning.road_upgrades import propose_road_upgrades, upgrade_words
from spatial.runner.stage import silent
from spatial.stages.off_road import closed_water, elevation_of_ground
from spatial.stages.plan_room import ROUND_NAME, RoomGround, RoundGround, plan_room, plan_round, round_scenario
from spatial.stages.plan_sites import (
    EXCLUDED,
    NO_CORRIDOR,
    constrained,
    constraint_areas,
    offered_sites,
    planning_sources,
    site_sources,
    stated_costs,
)
from spatial.stages.policy import binding_norms, speed_table, vocabulary_of
from spatial.stages.shared import graph_of, surroundings_of
from spatial.store import Artifact, replace
from spatial.study.planned import PLAN_NAME, PLANS_FILE
from spatial.tables import TABLES
from spatial.tables.words import NAMES
from spatial.terrain.friction import GroundSpeed, friction_surface, load_surface_speeds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from spatial.access.places import Places
    from spatial.network.graph import TravelGraph
    from spatial.norms.law import Norm
    from spatial.planning.agenda import Answer
    from spatial.planning.links import LinkPlan
    from spatial.planning.sites import BoolArray, FloatArray
    from spatial.rasters import Raster
    from spatial.results import Results
    from spatial.runner.stage import Options, Progress, Value
    from spatial.terrain.friction import Friction


ANY_NUMBER = 10**6
"""Of actions, where the budget alone says how many."""
WET, NEAREST, SLOW_WALK, FAST_WALK = "wet", "nearest", "slow_walk", "fast_walk"
"""Worlds that sites are tried in: the wet season, the nearest way in alone for each place, slow and quick walks in."""
AS_TODAY = "as_today"
"""The world as it is, with what stands today beside the sites."""
EXISTING = "today/"
"""Begins the ids of what stands today among those of sites."""
PAVED = {"surface": "asphalt"}
"""What a road that is brought up to a class is built as in a scenario: along the old one, of the class of new roads."""
_KNOWN_OF_SITES = (
    "facility_id", "service", "name", "township_id", "township", "source", "tenure", "area_m2", "cost", "geometry"
)  # fmt: skip
"""Columns of sites; what a source does not say is missing."""
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
    norms = norms_of(binding_norms(options))
    barriers = surroundings_of(options, study_area, water).barriers
    ground = _Ground(settlements, facilities, water, barriers, partial(graph_of, options, nodes, edges), options)
    rooms = {
        item.name: plan_room(
            item, RoomGround(settlements, facilities, boundaries, ground.graph, barriers, ground.stated), options
        )
        for item in options.plans
        if item.match or item.enlarge
    }
    if options.plans:
        asked = [
            rooms[item.name].question
            if item.name in rooms
            else _asked(item, norms, options, settlements, access, norm_results)
            for item in options.plans
        ]
    else:
        chosen = options.planning
        asked = questions(norms, norm_results, most=chosen.most_plans, near_share=chosen.near_share)
    if options.access.direction != "to_facility":
        # Links are weighed by the way of people to a town, not by that of help from it.
        asked = [replace_fields(each, ask="none", reason="no_model") if each.ask == "links" else each for each in asked]
    limits = {item.name: item for item in options.plans}
    costs = ground.stated
    if costs is not None:
        budgets = {name: item.budget for name, item in limits.items()}
        asked = [replace_fields(each, budget=budgets.get(each.plan_id), currency=costs.currency) for each in asked]
    if landcover is not None and any(each.ask == "links" for each in asked):
        ground.surface = _building_ground(landcover, elevation, water, options)
    own_words = {item.name: item.candidates for item in options.plans if item.candidates}
    words = {each.plan_id: own_words.get(each.plan_id, options.planning.candidates) for each in asked}
    wanted = {word for each in asked if each.ask == "sites" for word in words[each.plan_id]}
    sources = site_sources(options, wanted, study_area)
    longest = limit_of("max_time_min", options.access.max_time_min)
    for question in asked:
        if question.ask == "sites":
            offered = {str(word): sources[word] for word in words[question.plan_id] if word in sources}
            ground.offer(question, words[question.plan_id], offered, land=study_area, boundaries=boundaries)
    answers: list[tuple[Question, Answer | None]] = []
    for number, question in enumerate(asked):
        progress(number / len(asked), f"plan: {question.norm.service}")
        own, how, is_paid = limits.get(question.plan_id), options.planning, question.budget is not None
        most = (own.sites if own else None) or (ANY_NUMBER if is_paid else how.most_sites)
        link_km = (own.link_km if own else None) or (np.inf if is_paid else how.link_km)
        try:
            is_room = question.plan_id in rooms
            answer = rooms[question.plan_id].answer if is_room else _answer(question, ground, most, link_km)
        except InfeasibleError as error:
            if not is_paid:
                raise
            told = (
                f"{question.budget:,.10g} {question.currency} pay for nothing; the cheapest costs {error.bound:,.10g}"
            )
            raise StudyError("study", [f"plans.{question.plan_id}.budget: {told}"]) from error
        if answer is not None and question.norm.unit == "min":
            # What lies beyond the longest time that a study looks at is none, in a plan as in a run.
            factor = 2.0 if question.norm.metric == "roundtrip_time_min" else 1.0
            is_far = answer.after > factor * longest
            answer = replace_fields(answer, after=np.where(is_far, np.inf, answer.after))
        if answer is not None:
            answer = replace_fields(answer, actions=answer.actions.assign(cost=ground.costs(question, answer.actions)))
        if answer is not None and own is not None and own.round is not None:
            if question.ask != "sites":
                fault = f"plans.{own.name}.round: is of plans that open sites, and this one does not"
                raise StudyError("study", [fault])
            ways = RoundGround(ground.settlements, ground.homes, ground.pairs, options.network.modes)
            answer = replace_fields(answer, tour=plan_round(question, answer, own.round, ways))
        answers.append((question, answer))
    ground.know([room.facilities for room in rooms.values()])
    tables = plan_tables(answers, ground.places)
    if ground.refused:
        tables["plan_refused"] = TABLES["plan_refused"].frame(pd.concat(ground.refused, ignore_index=True))
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
    shared = {name: room.share_units for name, room in rooms.items()}
    scenarios = [
        _scenario(question, tables["plan_actions"], ground, shared.get(question.plan_id, ()))
        for question, answer in answers
        if answer
    ]
    for question, answer in answers:
        own = limits.get(question.plan_id)
        if answer is not None and answer.tour is not None and own is not None and own.round is not None:
            name = f"{PLAN_NAME}{question.plan_id}{ROUND_NAME}"
            scenarios.append(round_scenario(name, answer.tour, own.round, _services_of(question, options)))
    text = "".join(scenarios)
    return tables | ({"files": [Artifact(PLANS_FILE, (HEAD + text).encode())]} if text else {})


def add_plans(results: Results, target: Path) -> list[str]:
    """Copy the plans of a run as scenarios into a study file, or a new file; returns the names of those written."""
    made = results.folder / PLANS_FILE
    told = made.read_text(encoding="utf-8").removeprefix(HEAD) if made.is_file() else ""
    before = target.read_text(encoding="utf-8-sig") if target.exists() else ""
    plans = [item["name"] for item in tomllib.loads(told).get("scenarios", [])]
    text = f"{before.rstrip()}\n{told}" if before.strip() else told.lstrip()
    try:
        taken = [item["name"] for item in tomllib.loads(before).get("scenarios", []) if item.get("name") in plans]
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = f"cannot take the plans as [[scenarios]]: {error}"
        raise StudyError(str(target), [fault]) from error
    if taken:
        raise StudyError(str(target), [f"scenarios: {first_of(taken)} there already; delete or rename them first"])
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
    question: Question, actions: gpd.GeoDataFrame, ground: _Ground, share_units: Sequence[Sequence[str]]
) -> str:
    """Write a plan as a scenario of the study; empty where it does nothing that a scenario can."""
    options = ground.options
    own = actions.loc[actions["plan_id"] == question.plan_id]
    sites, links = own.loc[own["action"] == "open_site"], own.loc[own["action"].isin(["build_link", "upgrade_road"])]
    services = _services_of(question, options)
    how = options.planning
    pieces = links.assign(whole_m=links.length).explode(index_parts=False)
    km = pieces["length_km"] * pieces.length / pieces["whole_m"]
    shapes = pieces.to_crs(WGS84).geometry.array
    names = pieces["action_id"] + "/" + pieces.groupby(level=0).cumcount().astype("str")
    keys: dict[str, list[dict[str, Any]]] = {
        "open": [
            {"service": service, **where} for where in map(ground.address, sites["place_id"]) for service in services
        ],
        "build": [
            {
                "road_id": name,
                "points": shapely.get_coordinates(shape).tolist(),
                **({"speed_km_h": how.link_speed_km_h, "length_km": length} if question.ask == "links" else PAVED),
            }
            for name, length, shape in zip(names, km, shapes, strict=True)
        ],
        "share_units": [{"units": list(units), "services": services} for units in share_units],
    }
    told = [
        f"{key} = [\n{''.join(f'  {toml_value(item)},{chr(10)}' for item in items)}]"
        for key, items in keys.items()
        if items
    ]
    larger = own.loc[own["action"] == "enlarge_site"]
    if len(larger):
        told.append(
            f"change_capacity = {toml_value(dict(zip(larger['place_id'], larger['capacity_after'], strict=True)))}"
        )
    return "\n".join(["", "[[scenarios]]", f'name = "{PLAN_NAME}{question.plan_id}"', *told, ""]) if told else ""


def _answer(question: Question, ground: _Ground, most: int, link_km: float) -> Answer | None:
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
        answer = plan_sites(question, pairs, values_to, most=most, doubt_share=share, costs=costs)
        if ground.options.planning.trials and norm.unit == "min" and len(answer.actions):
            answer = tried(question, answer, _worlds(question, ground, pairs, share), costs)
        return answer
    if question.ask == "unit_sites":
        hosts = pd.Series(need, index=need)
        if question.unit_level == "township":
            may = ground.homes.loc[~ground.homes["settlement_id"].isin(ground.excluded)]
            largest = may.sort_values("population_persons", ascending=False, kind="stable")
            hosts = largest.drop_duplicates("township_id").set_index("township_id")["settlement_id"]
        hosts = hosts.loc[~hosts.isin(ground.excluded)]
        return plan_units(question, hosts, most=most, cost=ground.opening_cost(question))
    if question.ask == "links":
        return _link_plan(question, ground, link_km, most)
    return None if question.ask == "none" else _road_plan(question, ground, 2 * most)


def _worlds(question: Question, ground: _Ground, pairs: pd.DataFrame, share: float) -> list[World]:
    """Take other speeds, the wet season and the nearest ways in alone, as far as the run varies these."""
    before = question.need["before"].to_numpy(dtype=np.float64)
    factors = np.linspace(1.0 - share, 1.0 + share, ground.options.planning.trials).tolist() if share else []
    worlds = [
        World(pairs.assign(travel_time_min=factor * pairs["travel_time_min"]), factor * before)
        for factor in (1.0, *factors)
    ]
    need, limit = question.need["unit_id"].tolist(), question.norm.threshold
    kinds = [vocabulary_of(ground.options).satisfying(name) for name in _services_of(question, ground.options)]
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
            World(ground.pairs(question.norm, need, ground.candidates(question), cutoff=limit, world=world), then)
        )
    return worlds


def _road_plan(question: Question, ground: _Ground, most: int) -> Answer:
    """Find the roads that those beyond need brought up to the class that a norm asks for."""
    # Most people a kilometre first, also where the norm counts villages.
    persons = question.need["persons"]
    order = persons.fillna(0.0) if persons.notna().any() else question.weight
    asked = question.need.assign(_asked=order).loc[question.is_beyond, ["unit_id", "_asked"]]
    places = ground.settlements.merge(asked.rename(columns={"unit_id": "settlement_id"}), on="settlement_id")
    graph, options = ground.graph(ground.options.network.modes[0]), ground.options
    word = upgrade_words()[question.norm.service]
    if not np.isin(getattr(graph, word.column), list(word.yes)).any():
        return no_help(question)  # there is no such road that another could lead to
    found = propose_road_upgrades(
        graph, places, road=question.norm.service, demand="_asked", rules=options.network, barriers=ground.barriers
    )
    return plan_roads(question, found, most=most, km_cost=ground.km_cost(question))


def _link_plan(question: Question, ground: _Ground, link_km: float, most: int) -> Answer:
    """Propose links to a town for those beyond, and take those that bring most of them a kilometre."""
    options, norm = ground.options, question.norm
    if not ground.settlements["tier"].isin(TOWN_TIERS[norm.service]).any():
        return no_help(question)  # there is no such town that a link could lead to
    asked = question.need.assign(weight=question.weight.fillna(0.0)).loc[question.is_beyond]
    weight = ground.settlements["settlement_id"].map(asked.set_index("unit_id")["weight"]).fillna(0.0)
    places = ground.settlements.assign(_asked=weight)
    graph = ground.graph(modes_for(norm.mode, options.network.modes)[0])
    shared: dict[str, Any] = {
        "service": norm.service,
        "within_min": norm.threshold,
        "demand": "_asked",
        "rules": options.network,
        "barriers": ground.barriers,
    }
    how = options.planning
    links = propose_links(
        graph, places, **shared, water=ground.water, detour=how.link_detour, speed_km_h=how.link_speed_km_h
    )
    links = ground.allowed_links(question, ground.laid(question, links))
    km_cost = ground.km_cost(question)
    if question.budget is not None:
        affordable(km_cost * links["length_km"].sort_values(), question.budget)
        link_km = min(link_km, question.budget / km_cost)
    links = links.loc[links["length_km"] <= link_km]

    def rank(some: gpd.GeoDataFrame) -> LinkPlan:
        return rank_links(graph, places, some, **shared, budget_km=link_km, most_links=2 * most, worth="gained")

    return plan_links(question, links, rank)


def _building_ground(
    landcover: Raster, elevation: Raster | None, water: gpd.GeoDataFrame, options: Options
) -> Friction | None:
    """
    Lay out what new links cross, without a road; None where the study has no surface, or wants links straight.

    Water is crossed at the cost of a bridge, and the sea not at all.
    """
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


def _asked(
    item: Any,
    norms: Sequence[Norm],
    options: Options,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    norm_results: pd.DataFrame,
) -> Question:
    """Ask what a plan of the study asks: for a norm, or for a service within some minutes."""
    if item.norm is not None:
        norm = next(norm for norm in norms if norm.id == item.norm)
        return question_of(norm, norm_results, plan_id=item.name)
    mode = item.mode or options.network.modes[0]
    norm = service_norm(item.service, mode, item.within_min)
    scored = settlements.loc[settlements["in_study"]]
    found = read_access(
        norm,
        item.service,
        AccessLookup(access, pd.Index(scored["settlement_id"])),
        max_time_min=limit_of("max_time_min", options.access.max_time_min),
    )
    blank = np.full(len(scored), np.nan)
    value, mapped = (blank, blank) if isinstance(found, Unmeasured) else (found.value, found.mapped)
    need = pd.DataFrame(
        {
            "unit_id": scored["settlement_id"].to_numpy(),
            "persons": scored["population_persons"].to_numpy(dtype=np.float64),
            "before": value,
            "outcome": np.select(
                [np.isnan(mapped), mapped == 1.0, np.isinf(value)], ["unknown", "within", "none_reached"], "beyond"
            ),
        }
    )
    counted = "persons" if need["persons"].notna().any() else "places"
    return Question(item.name, "sites", need, norm, counted=counted, wanted=(item.service,))


def _services_of(question: Question, options: Options) -> list[str]:
    """Name the services that a site must offer, by the vocabulary; the words of the register where that has none."""
    vocabulary = vocabulary_of(options)
    named = (vocabulary.for_register(word) for word in question.wanted)
    return list(dict.fromkeys(service.id for service in named if service is not None)) or list(question.wanted)


def _no_cost(question: Question, key: str) -> StudyError:
    """Say what a plan with a budget lacks."""
    lacking = f"plans.{question.plan_id}.budget: needs what this costs; write [planning.costs] {key}"
    return StudyError("study", [f"{lacking}, in {question.currency}"])


class _Joined(NamedTuple):
    """Settlements and the sites beside them on the network of one mode."""

    graph: TravelGraph
    places: Places


class _Ground:
    """The ground that plans are drawn on: settlements and sites joined to the networks, each once a mode."""

    def __init__(
        self,
        settlements: gpd.GeoDataFrame,
        facilities: gpd.GeoDataFrame,
        water: gpd.GeoDataFrame,
        barriers: gpd.GeoSeries | None,
        graph: Callable[[str], TravelGraph],
        options: Options,
    ) -> None:
        self.settlements = settlements
        self.facilities = facilities
        self.options = options
        self.water = water
        self.barriers = barriers
        self.graph = cache(graph)
        self.surface: Friction | None = None  # what new links cross, where the study has it
        homes = settlements.loc[settlements["in_study"]]
        # A place that nobody can name is no address for a site, unless none has a name.
        has_name = homes[[name for name in NAMES if name in homes]].notna().any(axis=1)
        self.homes = homes.loc[has_name] if has_name.any() else homes
        planned = facilities.loc[
            facilities["in_study"] & (facilities["status"] == "candidate")
            & ~facilities["facility_id"].isin(settlements["settlement_id"])
        ]  # fmt: skip
        every = [
            self.homes.assign(facility_id=self.homes["settlement_id"], service="", source="settlements"),
            planned.assign(source="planned"),
        ]
        self.areas = constraint_areas(options, require_metres(settlements.crs, what="settlements"))
        sites = pd.concat([frame.reindex(columns=_KNOWN_OF_SITES) for frame in every], ignore_index=True)
        self.sites = constrained(gpd.GeoDataFrame(sites, crs=settlements.crs), self.areas)
        rules = options.planning.site_rules
        self.stated = stated_costs(options)
        self.site_rules = load_site_rules(None if rules is None else options.raw_path(rules))
        self.refused: list[pd.DataFrame] = []
        self._candidates: dict[str, list[str]] = {}
        self._on: dict[Any, _Joined] = {}

    @property
    def places(self) -> gpd.GeoDataFrame:
        """Where actions may be."""
        return self.sites.rename(columns={"facility_id": "place_id", "name": "place"})

    def know(self, facilities: Sequence[gpd.GeoDataFrame]) -> None:
        """Add facilities that there are, where actions may be too."""
        new = [frame.reindex(columns=_KNOWN_OF_SITES) for frame in facilities if len(frame)]
        if new:
            sites = pd.concat([self.sites, *new], ignore_index=True).drop_duplicates("facility_id")
            self.sites = gpd.GeoDataFrame(sites, crs=self.sites.crs)

    @property
    def excluded(self) -> list[str]:
        """Places where areas of constraint allow no site."""
        return list(self.sites.loc[self.sites["is_excluded"], "facility_id"])

    def offer(
        self,
        question: Question,
        words: Sequence[str],
        sources: dict[str, gpd.GeoDataFrame],
        *,
        land: gpd.GeoDataFrame,
        boundaries: gpd.GeoDataFrame,
    ) -> None:
        """Add the sites of these sources that a plan may take, before any is joined to a network."""
        options = self.options
        services = _services_of(question, options)
        kinds = {kind for name in services for kind in vocabulary_of(options).satisfying(name)} | {*question.wanted}
        of = self.sites["source"]
        may = (of == "planned") & self.sites["service"].isin(kinds) | (of == "settlements") & ("settlements" in words)
        chosen = self.sites.loc[may]
        if sources:
            found = offered_sites(
                services,
                sources,
                self.water,
                site_rules=self.site_rules,
                land=land,
                graph=self.graph((modes_for(question.norm.mode, options.network.modes) or options.network.modes)[0]),
                snap_rules=options.network,
            )
            placed = assign_units(found.sites, boundaries, options.region.unit_levels)
            offered = constrained(placed[list(_KNOWN_OF_SITES)], self.areas)
            chosen = pd.concat([chosen, offered], ignore_index=True)
            new = offered.loc[~offered["facility_id"].isin(self.sites["facility_id"])]
            self.sites = gpd.GeoDataFrame(pd.concat([self.sites, new], ignore_index=True), crs=self.sites.crs)
            self._refuse(question, found.refused)
        self._refuse(question, chosen.loc[chosen["is_excluded"]].assign(why=EXCLUDED))
        self._candidates[question.plan_id] = chosen.loc[~chosen["is_excluded"], "facility_id"].tolist()

    def _refuse(self, question: Question, rows: pd.DataFrame) -> None:
        """Keep what cannot be a candidate of a plan, with the reason."""
        if len(rows):
            named = rows.rename(columns={"facility_id": "place_id", "name": "place"})
            self.refused.append(pd.DataFrame(named.assign(plan_id=question.plan_id)).drop(columns="geometry"))

    def candidates(self, question: Question) -> list[str]:
        """List where a service may open: in what the plan may take, or where it is planned already."""
        return self._candidates[question.plan_id]

    def laid(self, question: Question, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Lay links where the ground is easiest; those between whose ends there is no way are left out."""
        if self.surface is None or links.empty:
            return links
        how = self.options.planning
        found = lay_corridors(
            links,
            self.surface,
            detour=how.link_detour,
            water=self.water,
            constraints=self.areas,
            flagged_factor=how.flagged_factor,
        )
        out = found.loc[found["route"] == "no_way"]
        self._refuse(question, out.assign(facility_id=out["road_id"], name=None, source="links", why=NO_CORRIDOR))
        return found.loc[found["route"] != "no_way"]

    def opening_cost(self, question: Question) -> float:
        """Say what opening a site costs that has no cost of its own; NaN where the study does not, as for all costs."""
        costs = self.stated
        if costs is None:
            return np.nan
        services = _services_of(question, self.options)
        lacking = [name for name in services if name not in costs.open]
        if lacking and question.budget is not None and question.ask == "unit_sites":
            raise _no_cost(question, f"open = {{ {lacking[0]} = ... }}")
        return float(sum(costs.open.get(name, np.nan) for name in services))

    def site_costs(self, question: Question) -> pd.Series[float]:
        """Say what each candidate of a plan costs."""
        own = self.sites.set_index("facility_id")["cost"].astype("float64")
        found = own.reindex(self.candidates(question)).fillna(self.opening_cost(question))
        if question.budget is not None and found.isna().any():
            raise _no_cost(question, f"open = {{ {_services_of(question, self.options)[0]} = ... }}")
        return found

    def km_cost(self, question: Question) -> float:
        """Say what a kilometre costs of what a plan builds."""
        key = "link_km" if question.ask == "links" else "road_km"
        cost = getattr(self.stated, key, None)
        if cost is None and question.budget is not None:
            raise _no_cost(question, f"{key} = ...")
        return np.nan if cost is None else float(cost)

    def costs(self, question: Question, actions: pd.DataFrame) -> FloatArray:
        """Say what each action of a plan costs."""
        if question.ask in {"links", "roads"}:
            return self.km_cost(question) * actions["length_km"].to_numpy(dtype=np.float64)
        if question.ask == "sites":
            return np.asarray(self.site_costs(question).reindex(actions["where"]), dtype=np.float64)
        if question.ask == "matching":  # nothing is built, or what is enlarged knows its cost
            return np.asarray(actions.get("cost", np.full(len(actions), np.nan)), dtype=np.float64)
        return np.full(len(actions), self.opening_cost(question))

    def allowed_links(self, question: Question, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Leave out the links that areas exclude; those that areas flag say so."""
        told = constrained(links, self.areas)
        out = told.loc[told["is_excluded"]]
        self._refuse(question, out.assign(facility_id=out["road_id"], name=None, source="links", why=EXCLUDED))
        return told.loc[~told["is_excluded"]]

    def address(self, place_id: str) -> dict[str, Any]:
        """Say where a site is, as a scenario says it: by its settlement or planned facility, else by its point."""
        site = self.sites.set_index("facility_id").loc[place_id]
        if site["source"] in ("settlements", "planned"):
            return {"at": place_id}
        lon, lat = shapely.get_coordinates(gpd.GeoSeries([site.geometry], crs=self.sites.crs).to_crs(WGS84)).tolist()[0]
        named = {"name": site["name"]} if isinstance(site["name"], str) else {}
        return {"lon": lon, "lat": lat, **named}

    def worlds(self) -> list[str]:
        """Name the worlds beside other speeds that the run varies."""
        how = self.options.uncertainty
        wet = how.wet and self.options.network.season == "dry"
        return [*([WET] if wet else []), *([NEAREST, SLOW_WALK, FAST_WALK] if how.snap else [])]

    def existing(self, services: Collection[str]) -> list[str]:
        """List what offers one of some services today, but what is kept for members or a group."""
        stands = (self.facilities["status"] == "existing") & self.facilities["service"].isin(services)
        stands &= is_for_everybody(self.facilities)
        return [f"{EXISTING}{name}" for name in self.facilities.loc[stands, "facility_id"]]

    def usable(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Leave out pairs to what stands today and is kept for the people of other units."""
        eligible = eligible_by_unit(self.settlements, self.facilities)
        i = pd.Index(self.settlements["settlement_id"]).get_indexer(pd.Index(pairs["from_id"]))
        j = pd.Index(EXISTING + self.facilities["facility_id"]).get_indexer(pd.Index(pairs["to_id"]))
        may: BoolArray = eligible.allowed[eligible.kinds[i], j]
        return pairs[may]

    def on(self, mode: str, world: str = "") -> _Joined:
        """Join settlements and sites to the network of a mode, once; in another world what stands today, too."""
        if (mode, world) in self._on:
            return self._on[mode, world]
        if world in (NEAREST, SLOW_WALK, FAST_WALK):
            graph, places = self.on(mode, AS_TODAY)
            how, own = self.options.uncertainty, self.options.network
            if world == NEAREST:
                snaps = nearest_entry(graph, places.snaps)
            else:
                of, end = (min, 0) if world == SLOW_WALK else (max, 1)
                least_or_most, other = (max, 1) if world == SLOW_WALK else (min, 0)
                snaps = easier_walk(
                    places.snaps,
                    walk_km_h=of(how.walk_km_h[end], own.walk_km_h),
                    detour=least_or_most(how.detour[other], own.detour),
                )
            self._on[mode, world] = _Joined(graph, replace_fields(places, snaps=snaps))
            return self._on[mode, world]
        graph = self.graph(mode)
        if world == WET:
            graph = with_season(graph, WET, table=speed_table(self.options, self.options.network.speeds))
        # Sites in settlements are joined as these are: to look for ways onto the network is what takes long.
        beside = self.sites.loc[self.sites["source"] != "settlements"]
        today = self.facilities.assign(facility_id=EXISTING + self.facilities["facility_id"])
        # Lists of facilities may name a settlement of each.
        bare = [frame[["facility_id", "geometry"]] for frame in (beside, today)]
        named = [frame.rename(columns={"facility_id": "settlement_id"}) for frame in bare]
        frames = [self.settlements, *(named if world else named[:1])]
        every = pd.concat([frame[["settlement_id", "geometry"]] for frame in frames], ignore_index=True)
        places = place_on(graph, every, key="settlement_id", rules=self.options.network, barriers=self.barriers)
        self._on[mode, world] = _Joined(graph, places)
        return self._on[mode, world]

    def pairs(
        self, norm: Norm, origins: list[str], sites: list[str], *, cutoff: float = np.inf, world: str = ""
    ) -> pd.DataFrame:
        """Find the values in a norm's unit from settlements to sites, within a cutoff."""
        if norm.metric == "dist_m":
            return self._straight(origins, sites, cutoff)
        factor = {"roundtrip_time_min": 2.0, "network_dist_m": METRES_A_KM}.get(norm.metric, 1.0)
        parts = []
        for mode in modes_for(norm.mode, self.options.network.modes):
            graph, places = self.on(mode, world)
            i, j = (pd.Index(places.ids).get_indexer(pd.Index(ids)) for ids in (origins, sites))
            both = SnapPair(take(places.snaps, i), take(places.snaps, j))
            if norm.metric == "network_dist_m":
                graph, both = in_kilometres(graph, both)
            is_outward = self.options.access.direction == "to_facility"
            found = times_matrix(
                graph, *(both if is_outward else both[::-1]), cutoff_min=cutoff / factor, direct_barriers=self.barriers
            )
            near, far = (found.origin, found.destination)[:: 1 if is_outward else -1]
            parts.append(
                pd.DataFrame(
                    {
                        "from_id": places.ids[i[near]],
                        "to_id": places.ids[j[far]],
                        "travel_time_min": factor * found.time_min,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _straight(self, origins: list[str], sites: list[str], cutoff: float) -> pd.DataFrame:
        """Find straight lines in metres."""
        homes, goals = self.settlements.set_index("settlement_id"), self.sites.set_index("facility_id")
        starts, ends = (
            shapely.get_coordinates(np.asarray(frame.geometry.loc[ids].array, dtype=object))
            for frame, ids in ((homes, origins), (goals, sites))
        )
        near = cKDTree(starts).sparse_distance_matrix(cKDTree(ends), cutoff, output_type="ndarray")
        return pd.DataFrame(
            {
                "from_id": np.array(origins, dtype=object)[near["i"]],
                "to_id": np.array(sites, dtype=object)[near["j"]],
                "travel_time_min": near["v"],
            }
        )
