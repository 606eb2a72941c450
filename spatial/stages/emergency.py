"""Stage `emergency`: minutes from the call until the first crew is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.emergency import emergency_response
from spatial.runner.stage import silent
from spatial.stages.policy import crew_mode, vocabulary_of
from spatial.stages.shared import graph_of, surroundings_of
from spatial.tables import TABLES

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.runner.stage import Options, Progress, Value


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
    progress(0.0, "emergency: response of crews")
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
