"""Stages of access: times to towns and services, counts within cutoffs, cells in place of settlements, emergency."""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.analyst import emergency_response
from spatial.access.cells import cells_as_origins, towns_as_facilities
from spatial.access.last_mile import last_mile
from spatial.access.nearest import access_table, facilities_within
from spatial.access.options import TOWN_TIERS
from spatial.access.places import id_order
from spatial.access.uncertainty import interval_people
from spatial.crs import require_metres
from spatial.messages import warn
from spatial.rasters import Raster
from spatial.runner.cost import free_memory_mb
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.policy import access_rules, asked, crew_mode, vocabulary_of, wanted_services
from spatial.stages.shared import graph_of, graphs_of, headline_cutoffs, surroundings_of
from spatial.stages.tiles import in_tiles
from spatial.tables import TABLES

MB_BEFORE, BYTES_A_ROW = 700.0, 1_100.0
"""Most memory of a run: with its libraries and a small graph, and for each settlement, service and mode (measured)."""
_log = logging.getLogger(__name__)


def warn_of_memory(settlements: int, services: int, modes: int, *, free_mb: float | None = None) -> bool:
    """Say, before the long stages, that a run is likely to need more memory than is free; returns whether it does."""
    needed_mb = MB_BEFORE + settlements * services * modes * BYTES_A_ROW / 1e6
    free = free_memory_mb() if free_mb is None else free_mb
    if free is None or needed_mb <= free:
        return False
    figures = {"needed": needed_mb, "places": settlements, "services": services, "modes": modes, "free": free}
    warn(_log, "memory_short", **figures)
    return True


def access(
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
    """Measure access in every mode of the study."""
    graphs = graphs_of(options, nodes, edges)
    surroundings = surroundings_of(options, study_area, water)
    vocabulary, offered = vocabulary_of(options), set(facilities["service"])
    shortest = frozenset(asked(options, offered=offered)["in_metres"])
    services = wanted_services(options, vocabulary, offered)
    warn_of_memory(len(settlements), len(services) + len(TOWN_TIERS), len(graphs))
    progress(0.1, "")
    result = access_table(
        graphs,
        settlements,
        facilities,
        services=services,
        rules=access_rules(options, shortest=shortest, cutoffs_min=()),
        surroundings=surroundings,
        measure=in_tiles("access"),
    )
    progress(0.8, "")
    miles = last_mile(graphs[0], settlements, result.access, walk=options.network, barriers=surroundings.barriers)
    return {
        "snaps": result.snaps,
        "access": result.access,
        "last_mile": miles,
        "routes": result.routes,
        "findings_access": result.findings,
    }


def cutoffs(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    intervals: pd.DataFrame | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Count facilities within each cutoff, and people within it at best, as assumed and at worst."""
    progress(0.0, "")
    made: dict[str, Value] = {
        "access_counts": facilities_within(
            graphs_of(options, nodes, edges),
            settlements,
            facilities,
            services=wanted_services(options, vocabulary_of(options), set(facilities["service"])),
            rules=access_rules(options),
            surroundings=surroundings_of(options, study_area, water),
            measure=in_tiles("cutoffs"),
        )
    }
    if intervals is not None:
        limits = headline_cutoffs(options)
        # Sums of parts in another order may round otherwise.
        places = settlements.iloc[id_order(settlements["settlement_id"])]
        people = []
        for (service, mode), rows in intervals.groupby(["service", "mode"], sort=False):
            ordered = rows.set_index("settlement_id").loc[places["settlement_id"]]
            counted = interval_people(ordered, places, limits)
            people.append(counted.assign(service=str(service), mode=str(mode)))
        texts = {"service": "str", "mode": "str", "factor": "str"}
        made["interval_people"] = pd.concat(people, ignore_index=True).astype(texts)
    return made


def cells(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    population: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Measure access from cells where the study asks for them."""
    if options.access.origins != "cells" or population is None:
        return {}
    origins = cells_as_origins(
        population,
        crs=require_metres(settlements.crs, what="settlements"),
        cell_m=options.access.cell_m,
        study_area=study_area,
        boundaries=boundaries,
    )
    towns = towns_as_facilities(settlements)
    offered = gpd.GeoDataFrame(pd.concat([facilities, towns], ignore_index=True), crs=facilities.crs)
    services = wanted_services(options, vocabulary_of(options), set(facilities["service"]))
    progress(0.2, "")
    found = access_table(
        graphs_of(options, nodes, edges),
        origins,
        offered,
        services={**services, **TOWN_TIERS},
        rules=access_rules(options, tiers={}, max_routes=0),
        surroundings=surroundings_of(options, study_area, water),
        measure=in_tiles("cells"),
    )
    return {"cells": origins, "cell_access": found.access}


def emergency(
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
    """Find the response of the study's crews."""
    usual = crew_mode(options.network.modes)
    modes = [crew.mode or usual for crew in options.emergency]
    if not modes or None in modes:
        return {}
    progress(0.0, "")
    graphs = {mode: graph_of(options, nodes, edges, mode) for mode in dict.fromkeys(modes)}
    vocabulary = vocabulary_of(options)
    tables, people = [], []
    for crew, mode in zip(options.emergency, modes, strict=True):
        found = emergency_response(
            graphs[mode],
            facilities,
            settlements,
            mobilisation_min=crew.mobilisation_min,
            service=crew.service,
            vocabulary=vocabulary,
            rules=options.network,
            barriers=surroundings_of(options, study_area, water).barriers,
        )
        met = np.full(len(found), np.nan)
        for target in sorted(crew.targets_min, reverse=True):
            met[found["response_min"] <= target] = target
        persons = settlements["population_persons"].to_numpy(dtype=np.float64)
        in_study = settlements["in_study"].to_numpy(dtype=bool)
        service = pd.Series(crew.service, index=found.index, dtype="str")
        tables.append(found.assign(service=service, target_met_min=met, population_persons=persons, in_study=in_study))
        # Count people and places of the study within and beyond each target.
        response, persons = found.loc[in_study, "response_min"].to_numpy(), persons[in_study]
        for target in sorted(crew.targets_min):
            within = response <= target
            people.append(
                {
                    "service": crew.service,
                    "mode": found["mode"].iloc[0],
                    "target_min": float(target),
                    "within_persons": float(np.nansum(persons[within])),
                    "beyond_persons": float(np.nansum(persons[~within])),
                    "within_places": int(within.sum()),
                    "beyond_places": int((~within).sum()),
                    "unknown_places": int(np.isnan(persons).sum()),
                }
            )
    fields = [field.name for field in TABLES["emergency_response"].fields]
    return {
        "emergency_response": pd.concat(tables, ignore_index=True)[fields],
        "emergency_people": pd.DataFrame(people).astype({"service": "str", "mode": "str"}),
    }
