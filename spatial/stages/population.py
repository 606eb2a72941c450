"""Stage `population`: the people of the raster go to settlements, over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access import allocate_population_with_account
from spatial.stages.ground import main_graph
from spatial.stages.rules import snap_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from spatial.runner.stage import Options, Progress, Value

__all__ = ["population"]


def population(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """
    Give every populated cell to the settlement it belongs to; without a raster, keep what the tables say.

    Parameters
    ----------
    options : Options
        `population` and `network`.
    inputs : mapping
        Tables `places`, `study_area`, `nodes`, `edges`, and perhaps the raster `population`.
    progress : callable
        Takes the fraction done and a message.

    Returns
    -------
    dict
        Tables `settlements` and `population_account`.
    """
    places, raster = inputs["places"], inputs.get("population")
    if raster is None:
        return _from_places(places, options.population.min_known_share)
    progress(0.1, "population: cells to settlements")
    graph = main_graph(options, inputs)
    settlements, account = allocate_population_with_account(
        places,
        raster,
        graph=graph,
        max_distance_m=options.population.max_distance_m,
        study_area=inputs["study_area"],
        rules=snap_rules(options.network),
    )
    return {"settlements": settlements, "population_account": account}


def _from_places(places: gpd.GeoDataFrame, min_known_share: float) -> dict[str, Value]:
    """Keep the people that tables or tags name, unless too few settlements have a number to speak of people at all."""
    people = places["population_persons"]
    known, total = int(people.notna().sum()), float(people.sum())
    counts = known > 0 and known >= min_known_share * len(places)
    kept = places if counts else _without_people(places)
    rows = {
        "allocated": (
            total if counts else 0.0,
            float(known if counts else 0),
            "Named by the settlements' own source; cells are settlements.",
        ),
        "unknown": (
            0.0,
            float(len(places) - known),
            "Settlements without a population; cells are settlements.",
        ),
    }
    if known and not counts:
        share = f"fewer than the share of {min_known_share:g} that the study asks for (population.min_known_share)"
        detail = (
            f"Set aside: {known} of {len(places)} settlements have a population, {share}; places are counted."
        )
        rows["set_aside"] = (total, float(known), detail)
    persons, cells, details = zip(*rows.values(), strict=True)
    account = pd.DataFrame({"item": list(rows), "persons": persons, "cells": cells, "detail": details})
    return {"settlements": kept, "population_account": account.astype({"item": "str", "detail": "str"})}


def _without_people(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return places.assign(
        population_persons=np.full(len(places), np.nan),
        population_source=pd.Series("none", index=places.index, dtype="str"),
    )
