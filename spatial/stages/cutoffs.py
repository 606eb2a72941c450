"""Stage `cutoffs`: what lies within each cutoff of the study; another cutoff leaves all times as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from spatial.access.nearest import facilities_within
from spatial.access.places import id_order
from spatial.access.uncertainty import interval_people
from spatial.runner.stage import silent
from spatial.stages.policy import access_rules, vocabulary_of, wanted_services
from spatial.stages.shared import graphs_of, headline_cutoffs, surroundings_of

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.runner.stage import Options, Progress, Value


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
    progress(0.0, "cutoffs")
    made: dict[str, Value] = {
        "access_counts": facilities_within(
            graphs_of(options, nodes, edges),
            settlements,
            facilities,
            services=wanted_services(options, vocabulary_of(options), set(facilities["service"])),
            rules=access_rules(options),
            surroundings=surroundings_of(options, study_area, water),
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
