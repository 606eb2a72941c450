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
    from collections.abc import Sequence

    import geopandas as gpd

    from spatial.runner.stage import Options, Progress, Value
    from spatial.study.scenarios import EmergencyOptions


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
        table = _with_targets(found, crew, settlements)
        tables.append(table)
        people.append(_people(table, crew.targets_min))
    return {
        "emergency_response": pd.concat(tables, ignore_index=True),
        "emergency_people": pd.concat(people, ignore_index=True),
    }


def _with_targets(found: pd.DataFrame, crew: EmergencyOptions, settlements: pd.DataFrame) -> pd.DataFrame:
    response = found["response_min"].to_numpy(dtype=np.float64)
    met = np.full(len(found), np.nan)
    for target in sorted(crew.targets_min, reverse=True):
        met[response <= target] = target
    service = pd.Series(crew.service, index=found.index, dtype="str")
    people = settlements["population_persons"].to_numpy(dtype=np.float64)
    scored = settlements["in_study"].to_numpy(dtype=bool)
    table = found.assign(service=service, target_met_min=met, population_persons=people, in_study=scored)
    return table[[field.name for field in TABLES["emergency_response"].fields]]


def _people(table: pd.DataFrame, targets_min: Sequence[float]) -> pd.DataFrame:
    scored = table.loc[table["in_study"]]
    persons = scored["population_persons"].fillna(0.0)
    rows = []
    for target in sorted(targets_min):
        within = scored["response_min"] <= target
        rows.append(
            {
                "service": table["service"].iloc[0],
                "mode": table["mode"].iloc[0],
                "target_min": float(target),
                "within_persons": float(persons[within].sum()),
                "beyond_persons": float(persons[~within].sum()),
                "within_places": int(within.sum()),
                "beyond_places": int((~within).sum()),
                "unknown_places": int(scored["population_persons"].isna().sum()),
            }
        )
    return pd.DataFrame(rows).astype({"service": "str", "mode": "str"})
