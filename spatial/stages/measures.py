"""Stage `measures`: what people reach, competition and capacity counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial import access
from spatial.access.capacity import allocate_capacity
from spatial.access.eligibility import open_for_group
from spatial.access.groups import Group, group_travel_times
from spatial.errors import ContractError
from spatial.inputs.facility_facts import capacity_units
from spatial.runner.stage import silent
from spatial.stages.policy import decay_of, vocabulary_of
from spatial.stages.shared import closer_services, graph_of, surroundings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph
    from spatial.runner.stage import Options, Progress, Value
    from spatial.study.access import MeasureOptions


EVERYBODY = "everybody"
CATCHMENTS = ("2sfca", "e2sfca", "3sfca", "m2sfca", "bfca")
COLUMNS = ("settlement_id", "service", "mode", "group", "measure", "value", "unit", "status", "decay")


@dataclass(frozen=True, eq=False)
class _Case:
    """One group of people, and the pairs that it can travel."""

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
    found: dict[str, list[pd.DataFrame]] = {"measures": [], "facility_use": [], "served": []}
    graph = graph_of(options, nodes, edges, chosen.mode)
    barriers = surroundings_of(options, study_area, water).barriers
    offered = facilities.loc[facilities["service"].isin(frozenset().union(*services.values()))]
    cases = _cases(options, graph, settlements, offered.reset_index(drop=True), barriers)
    for number, case in enumerate(cases):
        progress(number / (1 + len(chosen.groups)), f"measures: {case.group}")
        for service, kinds in services.items():
            # Compute every measure of one service for one group.
            names = {"service": service, "group": case.group}
            for measure in case.chosen.kinds:
                for frame in _measured(case, measure, kinds):
                    found["measures"].append(_as_table(frame.assign(**names)))
                if measure in CATCHMENTS and case.is_peopled:
                    use = access.catchment_ratios(*case.frames, **_catchment(case, measure, kinds))
                    use = use.assign(**names, measure=measure).drop(
                        columns=["method", "decay", "settlements_reached"]
                    )
                    found["facility_use"].append(use)
            if service in case.chosen.persons_per_unit and case.group == EVERYBODY and case.is_peopled:
                found["served"].append(_served(case, service, kinds))
    return {name: pd.concat(frames, ignore_index=True) for name, frames in found.items() if frames}


def _cases(
    options: Options,
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    barriers: gpd.GeoSeries | None,
) -> Iterator[_Case]:
    """Travel with everybody, then with each group at its own pace."""
    chosen = options.measures
    absent = sorted({chosen.demand, *(group.column for group in chosen.groups)} - set(settlements.columns))
    if absent:
        raise ContractError(
            "settlements", [f"{name}: the study's measures ask for this column" for name in absent]
        )
    travel: dict[str, Any] = {
        "cutoff_min": chosen.catchment_min,
        "rules": options.network,
        "barriers": barriers,
    }
    rest = (chosen, options.access.cutoffs_min, vocabulary_of(options))
    od = access.travel_times(graph, settlements, facilities, **travel)
    yield _Case(EVERYBODY, chosen.demand, od, settlements, facilities, *rest)
    for option in chosen.groups:
        group = Group(option.name, option.column, option.walk_km_h, option.max_walk_m)
        theirs = open_for_group(facilities, group.name)
        od = group_travel_times(graph, settlements, theirs, [group], **travel)
        yield _Case(group.name, group.column, od, settlements, theirs, *rest)


def _measured(case: _Case, measure: str, kinds: frozenset[str]) -> list[pd.DataFrame]:
    if measure in (*CATCHMENTS, "spatial_availability") and not case.is_peopled:
        return [_without_people(case, measure, kinds)]
    if measure in CATCHMENTS:
        table = access.floating_catchment_area(*case.frames, **_catchment(case, measure, kinds))
        return [table.assign(measure=measure)]
    decay = decay_of(case.chosen.decay, cutoff_min=case.chosen.catchment_min)
    if measure == "spatial_availability":
        table = access.spatial_availability(*case.frames, **_competition(case, kinds))
        return [table.assign(measure=measure)]
    if measure == "gravity":
        table = access.gravity(*case.frames, **_asked(case, kinds), decay=decay)
        return [table.assign(measure=measure)]
    if measure == "overlap":
        limit = case.chosen.catchment_min
        # Places are counted, not people, so that any column of people does.
        places = case.settlements.assign(places=1.0)
        table = access.catchment_overlap(
            case.od, places, case.facilities, **_asked(case, kinds), cutoff_min=limit, demand="places"
        )
        return [table.assign(measure=measure, facilities_reached=table["value"].astype(np.int64))]
    cutoffs = [cutoff for cutoff in case.cutoffs_min if cutoff <= case.chosen.catchment_min]
    table = access.cumulative_cutoff(*case.frames, **_asked(case, kinds), cutoffs_min=cutoffs)
    words = {cutoff: f"{measure}_{cutoff:g}_min" for cutoff in cutoffs}
    return [table.assign(measure=table["cutoff_min"].map(words))]


def _without_people(case: _Case, measure: str, kinds: frozenset[str]) -> pd.DataFrame:
    """Say of every settlement that nobody's number is known, and how many facilities it reaches all the same."""
    limit = case.chosen.catchment_min
    table = access.cumulative_cutoff(*case.frames, **_asked(case, kinds), cutoffs_min=[limit])
    is_reached = table["status"] == "reached"
    return table.assign(
        measure=measure, value=np.nan, status=table["status"].mask(is_reached, "people_unknown")
    )


def _served(case: _Case, service: str, kinds: frozenset[str]) -> pd.DataFrame:
    """Fill the facilities in the order of travel time."""
    found = allocate_capacity(
        *case.frames,
        **_asked(case, kinds),
        cutoff_min=case.chosen.catchment_min,
        demand=case.demand,
        persons_per_unit=case.chosen.persons_per_unit[service],
    )
    columns = ["settlement_id", "service", "mode", "served_persons", "full_persons", "not_reached_persons"]
    return found.settlements.assign(service=service)[columns]


def _asked(case: _Case, kinds: frozenset[str]) -> dict[str, Any]:
    return {"service": kinds, "vocabulary": case.vocabulary}


def _catchment(case: _Case, measure: str, kinds: frozenset[str]) -> dict[str, Any]:
    return {**_competition(case, kinds), "method": measure}


def _competition(case: _Case, kinds: frozenset[str]) -> dict[str, Any]:
    """
    Say who competes for what.

    Each facility counts one unless the capacity of all is known and in one unit: `supply_basis` tells.
    """
    decay = decay_of(case.chosen.decay, cutoff_min=case.chosen.catchment_min)
    offered = case.facilities["service"].isin(kinds) & (case.facilities["status"] == "existing")
    offering = case.facilities.loc[offered]
    is_known = bool(offering["capacity"].notna().all()) and len(capacity_units(offering)) <= 1
    return {
        **_asked(case, kinds),
        "decay": decay,
        "demand": case.demand,
        "supply": "capacity" if is_known else "count",
    }


def _as_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill what a measure has no word for: it has no decay, or no competition that could be missed at the edge."""
    counted = pd.Series("count", index=frame.index, dtype="str").mask(frame["status"] == "no_facility")
    filled = {"decay": None, "supply_basis": counted, "edge_risk": False}
    absent = {name: value for name, value in filled.items() if name not in frame}
    table = frame.assign(**absent)[[*COLUMNS, "facilities_reached", "supply_basis", "edge_risk"]]
    texts = (
        "settlement_id",
        "service",
        "mode",
        "group",
        "measure",
        "unit",
        "status",
        "decay",
        "supply_basis",
    )
    return table.astype(dict.fromkeys(texts, "str"))
