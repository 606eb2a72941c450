"""Stage `population`: the people of the raster go to settlements, over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.access import allocate_population_with_account
from spatial.network import TravelGraph
from spatial.stages.rules import snap_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        return {"settlements": places, "population_account": _account_of(places)}
    progress(0.1, "population: cells to settlements")
    graph = TravelGraph.from_frames(inputs["nodes"], inputs["edges"], mode=options.network.modes[0])
    settlements, account = allocate_population_with_account(
        places,
        raster,
        graph=graph,
        max_distance_m=options.population.max_distance_m,
        study_area=inputs["study_area"],
        rules=snap_rules(options.network),
    )
    return {"settlements": settlements, "population_account": account}


def _account_of(places: pd.DataFrame) -> pd.DataFrame:
    """Count the people that the tables or tags name."""
    known = places["population_persons"].notna()
    rows = {
        "item": ["allocated", "unknown"],
        "persons": [float(places["population_persons"].sum()), 0.0],
        "cells": [float(known.sum()), float((~known).sum())],
        "detail": [
            "People named by the settlements' own source; cells are settlements.",
            "Settlements without a population; cells are settlements.",
        ],
    }
    return pd.DataFrame(rows).astype({"item": "str", "detail": "str"})
