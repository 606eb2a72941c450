"""Stage `population`: the people of the raster go to settlements, over the network."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access import allocate_population_with_account
from spatial.access.population_groups import added_up
from spatial.sources.grids import read_population
from spatial.stages.ground import main_graph
from spatial.stages.people import People, finish_people
from spatial.stages.rules import snap_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import geopandas as gpd

    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value
    from spatial.sources.grids import GridReading

__all__ = ["population"]


def population(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Give every populated cell to the settlement it belongs to; without a raster, keep what the tables say."""
    places, raster = inputs["places"], inputs.get("population")
    groups = options.sources.population_groups
    if raster is None:
        people = People(*_from_places(places, options.population.min_known_share))
    if raster is not None or groups:
        progress(0.1, "population: cells to settlements")
        allocate = _allocation(options, inputs)
    if raster is not None:
        people = People(*allocate(places, raster), raster=raster)
    for number, (name, source) in enumerate(sorted(groups.items())):
        progress((1 + number) / (1 + len(groups)), f"population: {name}")
        readings = [read_population([options.raw_path(path)], nodata=source.nodata) for path in source.paths]
        allocated = [allocate(places, raster) for raster in added_up([item.raster for item in readings])]
        persons = [found["population_persons"].to_numpy(dtype=np.float64) for found, _ in allocated]
        people.groups[name] = np.sum(persons, axis=0)
        account = _of_group(name, [account for _, account in allocated], readings)
        people.account = pd.concat([people.account, account], ignore_index=True)
    return finish_people(options, inputs, people)


def _allocation(
    options: Options, inputs: Mapping[str, Any]
) -> Callable[[gpd.GeoDataFrame, Raster], tuple[gpd.GeoDataFrame, pd.DataFrame]]:
    """Give every cell of any raster to the same settlement."""
    return functools.partial(
        allocate_population_with_account,
        graph=main_graph(options, inputs),
        max_distance_m=options.population.max_distance_m,
        study_area=inputs["study_area"],
        rules=snap_rules(options.network),
    )


def _of_group(name: str, accounts: list[pd.DataFrame], readings: list[GridReading]) -> pd.DataFrame:
    """Add up the accounts of a group; its name comes before the items, what was noticed on reading behind the first."""
    account = accounts[0].copy()
    for column in ("persons", "cells"):
        account[column] = np.sum([other[column].to_numpy() for other in accounts], axis=0)
    first = [
        f"Sum of all cells with data of {len(readings)} file(s).",
        *(n for r in readings for n in r.notes),
    ]
    detail = [" ".join(first), *account["detail"].iloc[1:]]
    return account.assign(item=name + ":" + account["item"], detail=pd.Series(detail, dtype="str"))


def _from_places(places: gpd.GeoDataFrame, min_known_share: float) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
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
    return kept, account.astype({"item": "str", "detail": "str"})


def _without_people(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return places.assign(
        population_persons=np.full(len(places), np.nan),
        population_source=pd.Series("none", index=places.index, dtype="str"),
    )
