"""Stages `measures` and `areas`: what people reach, competition counted; the ground within reach of facilities."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access import cumulative, decays, floating_catchment
from spatial.access.analyst import Group, group_travel_times, pairs_between
from spatial.access.capacity import allocate_capacity
from spatial.access.decays import Decay
from spatial.access.isochrones import catchment_areas, isochrones
from spatial.access.places import existing, is_for_some_units, open_for_group, place_on
from spatial.errors import ContractError, first_of
from spatial.inputs.facility_facts import capacity_units
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.rasters import Raster
from spatial.reporting.answer import told_first
from spatial.runner.cost import keeping_arrays
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.policy import asked, vocabulary_of
from spatial.stages.shared import closer_services, graph_of, is_left_out, surroundings_of
from spatial.study.access import MANY_SETTLEMENTS, MeasureOptions, SnapRules
from spatial.tables import TABLES
from spatial.tables.words import EVERYBODY

CATCHMENTS = ("2sfca", "e2sfca", "3sfca", "m2sfca", "bfca")
COLUMNS = tuple(field.name for field in TABLES["measures"].fields)
SERVED = tuple(field.name for field in TABLES["served"].fields)


@dataclass(frozen=True, eq=False)
class _Case:
    """One group of people, the pairs that it can travel, and what is computed of them."""

    group: str
    demand: str
    od: pd.DataFrame
    settlements: pd.DataFrame
    facilities: pd.DataFrame
    chosen: MeasureOptions
    cutoffs_min: tuple[float, ...]
    vocabulary: Vocabulary

    @property
    def is_peopled(self) -> bool:
        """Whether any number of people is known: without, nobody competes."""
        return bool(self.settlements[self.demand].notna().any())

    @property
    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        return self.od, self.settlements, self.facilities

    @property
    def decay(self) -> Decay:
        # Make the decay that a study names; no measure looks further than it says, so that none needs longer pairs.
        chosen = self.chosen.decay
        first = chosen.minutes[0]
        makers: dict[str, Callable[[], Decay]] = {
            "stepped": lambda: decays.decay_stepped(dict(zip(chosen.minutes, chosen.weights, strict=True))),
            "binary": lambda: decays.decay_binary(first),
            "linear": lambda: decays.decay_linear(first),
            "truncated_gaussian": lambda: decays.decay_truncated_gaussian(first),
            "exponential": lambda: decays.decay_exponential(half_life_min=first),
            "gaussian": lambda: decays.decay_gaussian(first),
            "power": lambda: decays.decay_power(chosen.exponent, scale_min=first),
            "log_logistic": lambda: decays.decay_log_logistic(first, chosen.exponent),
        }
        made = makers[chosen.kind]()
        return replace(made, cutoff_min=min(made.cutoff_min, self.chosen.catchment_min))

    def asked(self, kinds: frozenset[str]) -> dict[str, Any]:
        return {"service": kinds, "vocabulary": self.vocabulary}

    def competition(self, kinds: frozenset[str]) -> dict[str, Any]:
        """Say who competes for what: each facility counts one unless the capacity of all is known in one unit."""
        offered = self.facilities["service"].isin(kinds) & (self.facilities["status"] == "existing")
        offering = self.facilities.loc[offered]
        is_known = bool(offering["capacity"].notna().all()) and len(capacity_units(offering)) <= 1
        supply = "capacity" if is_known else "count"
        return {**self.asked(kinds), "decay": self.decay, "demand": self.demand, "supply": supply}

    def measured(self, measure: str, kinds: frozenset[str]) -> pd.DataFrame:
        """Compute one measure of one service."""
        limit, asked = self.chosen.catchment_min, self.asked(kinds)
        if measure in (*CATCHMENTS, "spatial_availability") and not self.is_peopled:
            # Nobody's number is known; how many facilities a settlement reaches is told all the same.
            table = cumulative.cumulative_cutoff(*self.frames, **asked, cutoffs_min=[limit])
            status = table["status"].mask(table["status"] == "reached", "people_unknown")
            return table.assign(measure=measure, value=np.nan, status=status)
        if measure == "cumulative":
            cutoffs = [cutoff for cutoff in self.cutoffs_min if cutoff <= limit] or [limit]
            table = cumulative.cumulative_cutoff(*self.frames, **asked, cutoffs_min=cutoffs)
            words = {cutoff: f"{measure}_{cutoff:g}_min" for cutoff in cutoffs}
            return table.assign(measure=table["cutoff_min"].map(words))
        if measure == "overlap":
            # Places are counted, not people, so that any column of people does.
            places = self.settlements.assign(places=1.0)
            table = floating_catchment.catchment_overlap(
                self.od, places, self.facilities, **asked, cutoff_min=limit, demand="places"
            )
            table = table.assign(facilities_reached=table["value"].astype(np.int64))
        elif measure == "gravity":
            table = cumulative.gravity(*self.frames, **asked, decay=self.decay)
        elif measure == "spatial_availability":
            table = floating_catchment.spatial_availability(*self.frames, **self.competition(kinds))
        else:
            told = self.competition(kinds) | {"method": measure}
            if measure == "2sfca":  # it knows no zones: with them it would be E2SFCA
                told["decay"] = decays.decay_binary(self.decay.cutoff_min)
            table = floating_catchment.floating_catchment_area(*self.frames, **told)
        return table.assign(measure=measure)


def measures(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Compute the study's measures of access in the mode that it names for them, else in its first."""
    chosen = options.measures
    services = closer_services(options, facilities, chosen.services)
    if chosen.persons_per_unit:
        services |= closer_services(options, facilities, tuple(chosen.persons_per_unit))
    if not services or not (chosen.kinds or chosen.persons_per_unit):
        return {}
    absent = sorted({chosen.demand, *(group.column for group in chosen.groups)} - set(settlements.columns))
    if absent:
        raise ContractError("settlements", [f"{name}: the study's measures ask for this column" for name in absent])
    found: dict[str, list[pd.DataFrame]] = {"measures": [], "served": []}
    graph = graph_of(options, nodes, edges, chosen.mode)
    offered = facilities.loc[facilities["service"].isin(frozenset().union(*services.values()))]
    offered = offered.reset_index(drop=True)
    travel: dict[str, Any] = {
        "cutoff_min": chosen.catchment_min,
        "rules": options.network,
        "barriers": surroundings_of(options, study_area, water).barriers,
    }
    shared = (chosen, options.access.cutoffs_min, vocabulary_of(options))
    texts = {field.name: "str" for field in TABLES["measures"].fields if field.kind == "text"}
    # Everybody travels, then each group at its own pace.
    pairs_to = _pairs_by_service(graph, settlements, offered, **travel)
    for number, option in enumerate((None, *chosen.groups)):
        if option is None:
            case = _Case(EVERYBODY, chosen.demand, pd.DataFrame(), settlements, offered, *shared)
        else:
            group = Group(option.name, option.column, option.walk_km_h, option.max_walk_m)
            theirs = open_for_group(offered, group.name)
            od = group_travel_times(graph, settlements, theirs, [group], **travel)
            case = _Case(group.name, group.column, od, settlements, theirs, *shared)
        progress(number / (1 + len(chosen.groups)), case.group)
        for service, kinds in services.items():
            if option is None:
                case = replace(case, od=pairs_to(kinds))
            names = {"service": service, "group": case.group}
            for measure in chosen.kinds:
                measured = case.measured(measure, kinds).assign(**names)
                # Some measures have no decay, or no competition that could be missed at the edge.
                counted = pd.Series("count", index=measured.index, dtype="str")
                counted = counted.mask(measured["status"] == "no_facility")
                usual = {"decay": None, "supply_basis": counted, "edge_risk": False}
                lacking = {name: value for name, value in usual.items() if name not in measured}
                found["measures"].append(measured.assign(**lacking)[list(COLUMNS)].astype(texts))
            if service in chosen.persons_per_unit and option is None and case.is_peopled:
                # Fill the facilities in the order of travel time.
                filled = allocate_capacity(
                    *case.frames,
                    **case.asked(kinds),
                    cutoff_min=chosen.catchment_min,
                    demand=chosen.demand,
                    persons_per_unit=chosen.persons_per_unit[service],
                )
                found["served"].append(filled.settlements.assign(service=service)[list(SERVED)])
    return {name: pd.concat(frames, ignore_index=True) for name, frames in found.items() if frames}


def _pairs_by_service(
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    cutoff_min: float,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None,
) -> Callable[[frozenset[str]], pd.DataFrame]:
    """Find pairs service by service (all of a large country do not fit in memory at once); ids are categories."""
    origins = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    goals = place_on(graph, existing(facilities), key="facility_id", rules=rules, barriers=barriers)
    search: dict[str, Any] = {"cutoff_min": cutoff_min, "barriers": barriers}
    whole = None if len(settlements) > MANY_SETTLEMENTS else pairs_between(graph, origins, goals, **search)

    def found(kinds: frozenset[str]) -> pd.DataFrame:
        serves = goals.frame["service"].isin(kinds).to_numpy(dtype=bool)
        if whole is None:
            own = np.flatnonzero(serves)
            i, j, minutes, _ = pairs_between(graph, origins, goals.take(own), **search)
            j = own[j]
        else:
            rows = np.flatnonzero(serves[whole.destination])
            i, j, minutes = whole.origin[rows], whole.destination[rows], whole.time_min[rows]
        table = pd.DataFrame(
            {
                "from_id": pd.Categorical.from_codes(i, origins.frame["settlement_id"].array),
                "to_id": pd.Categorical.from_codes(j, goals.frame["facility_id"].array),
                "mode": pd.Categorical.from_codes(np.zeros(len(i), dtype=np.int8), pd.Index([graph.mode])),
                "travel_time_min": minutes,
            }
        )
        table.attrs["cutoff_min"] = cutoff_min
        return table

    return found


_log = logging.getLogger(__name__)


def areas(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    population: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Draw isochrones and catchments in the study's first mode."""
    chosen = options.areas
    if is_left_out("areas", chosen.services, settlements):
        return {}
    facilities = existing(facilities)
    # Say which facilities have no ground, for they are for the people of some units.
    limited = facilities.loc[is_for_some_units(facilities), "facility_id"]
    if len(limited):
        _log.warning(
            "areas: %d facilities for the people of some units are left out: %s", len(limited), first_of(limited)
        )
    facilities = facilities.loc[~is_for_some_units(facilities)]
    services = closer_services(options, facilities, chosen.services)
    if not (chosen.services or asked(options, offered=set())["has_headlines"]):
        # The ground of every service that is mapped takes longer than all the rest: of many, those that are told first.
        mapped = facilities["service"].value_counts()
        first = told_first({name: mapped.reindex(list(kinds)).sum() for name, kinds in services.items()})
        services = {name: services[name] for name in first} if len(services) > len(first) > 0 else services
    if not services or not (chosen.isochrones_min or chosen.catchments):
        return {}
    graph = graph_of(options, nodes, edges)
    shared: dict[str, Any] = {
        "vocabulary": vocabulary_of(options),
        "direction": options.access.direction,
        "rules": options.network,
        "barriers": surroundings_of(options, study_area, water).barriers,
    }
    reached, nearest = [], []
    with keeping_arrays():
        for number, (service, kinds) in enumerate(services.items()):
            progress(number / len(services), service)
            if chosen.isochrones_min:
                ground = isochrones(graph, facilities, service=kinds, cutoffs_min=chosen.isochrones_min, **shared)
                reached.append(ground.assign(service=service))
            if chosen.catchments:
                own = catchment_areas(
                    graph,
                    facilities,
                    service=kinds,
                    max_time_min=options.access.max_time_min,
                    population=population,
                    **shared,
                )
                # Say who lives in no catchment, so that nobody takes their sum for everybody.
                persons = own.attrs.get("persons_in_none")
                if persons is not None and np.isfinite(persons):
                    _log.info("catchments of %s: %.0f people live on ground that belongs to none", service, persons)
                nearest.append(own.assign(service=service))
    tables = {"isochrones": reached, "catchments": nearest}
    made: dict[str, Value] = {}
    for name, frames in tables.items():
        if frames:
            stacked = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
            nameless = stacked.columns[stacked.isna().all()].intersection(["facility_id"])
            made[name] = stacked.astype({"service": "str"}).drop(columns=nameless)
    return made
