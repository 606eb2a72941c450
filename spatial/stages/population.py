"""Stage `population`: people of the raster and of lists go to settlements, and are scaled to official numbers."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.arrays import BoolArray, FloatArray
from spatial.crs import require_metres
from spatial.errors import StudyError
from spatial.formats.notes import Finding, findings_frame
from spatial.formats.raster import GridReading, read_population, refuse_elsewhere
from spatial.inputs.units import MatchedUnits, assign_units, choose_units, match_units, near_unit
from spatial.people.population import (
    ALL_PEOPLE,
    OfficialNumbers,
    Scaling,
    UnitPeople,
    above_total,
    added_up,
    allocate_population_with_account,
    fill_group,
    groups_of,
    raster_by_unit,
    scale_to_units,
    unit_totals,
)
from spatial.rasters import Raster
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.shared import graph_of

# People of settlements beside what else is known of them: groups, official numbers of units, and the basis.

TOTAL, LISTED = "population_persons", "population_listed"


@dataclass(eq=False)
class People:
    """People of settlements as they were allocated."""

    settlements: gpd.GeoDataFrame  # by the contract of the table; groups as the list has them
    account: pd.DataFrame  # by the contract of the table `population_account`
    raster: Raster | None = None  # of everybody; None where the list counts
    # people of each group at every settlement by a raster of the group
    groups: dict[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Official:
    """Official numbers of units, and the settlements of each."""

    table: pd.DataFrame
    matched: MatchedUnits
    in_study: BoolArray
    max_factor: float

    def of(self, column: str) -> FloatArray:
        """Read a column by unit; NaN where there is no number."""
        rows = self.matched.units["official"].to_numpy()
        return np.where(rows >= 0, _column(self.table, column)[np.maximum(rows, 0)], np.nan)

    def of_group(self, group: str) -> FloatArray:
        """Give the people of a group, or everybody, by unit, from their number or their share."""
        if group == ALL_PEOPLE:
            return self.of(TOTAL)
        counted = self.of(f"{group}_persons")
        return np.where(np.isnan(counted), self.of(f"{group}_share") * self.of(TOTAL), counted)

    def at_home(self, by_unit: FloatArray) -> FloatArray:
        """Give each settlement what its unit has; NaN where the unit is not known."""
        home = self.matched.home
        return np.where(home >= 0, by_unit[np.maximum(home, 0)], np.nan)

    def scaling(self, persons: FloatArray, group: str) -> Scaling:
        """Scale people to the official numbers of a group."""
        official = np.where(self.matched.units["fault"] == "", self.of_group(group), np.nan)
        return scale_to_units(persons, self.matched.home, official, in_study=self.in_study, max_factor=self.max_factor)


def _column(frame: pd.DataFrame, name: str) -> FloatArray:
    return frame[name].to_numpy(dtype=np.float64) if name in frame else np.full(len(frame), np.nan)


def finish_people(
    people: People,
    study_area: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    official_units: pd.DataFrame | None,
    *,
    options: Options,
) -> dict[str, Value]:
    """Mark the basis, fill groups, and hold people against the official numbers of their units."""
    chosen, settlements, account = options.population, people.settlements.copy(), people.account
    before = after = _column(settlements, TOTAL)
    unknown, in_study = np.full(len(settlements), np.nan), settlements["in_study"].to_numpy(dtype=bool)
    official, scaling = None, None
    if official_units is not None:
        places, boundaries = units_of_level(options, settlements, study_area, boundaries)
        matched = match_units(official_units, places, boundaries, options=options.placing)
        official = _Official(official_units, matched, in_study, chosen.rescale_max_factor)
    if official is not None and chosen.rescale_to is not None:
        scaling = official.scaling(before, ALL_PEOPLE)
        after = before * scaling.applied
        changed, source = scaling.applied != 1.0, settlements["population_source"].astype("str")
        settlements = settlements.assign(
            population_persons=after,
            population_source=source.where(~changed, source + "_rescaled"),
            population_factor=scaling.applied,
        )
        # Add to the account what scaling added and took away.
        change = np.nan_to_num(after - before)
        about = "to meet official numbers of units; cells are settlements."
        whole = f"People of the study area after scaling {about}"
        rows = [
            ("scaled_up", change[change > 0].sum(), (change > 0).sum(), f"Added {about}"),
            ("scaled_down", -change[change < 0].sum(), (change < 0).sum(), f"Taken away {about}"),
            ("after_scaling", float(np.nansum(after[in_study])), (changed & in_study).sum(), whole),
        ]
        account = pd.concat([account, _account(rows)], ignore_index=True)
    # Take every group from list, raster or share, and scale what was counted like its unit.
    by_group = []
    for group in sorted({*groups_of(settlements), *people.groups, *chosen.groups}):
        column = f"{group}_persons"
        listed = _column(settlements, column) if column in settlements else None
        done = counted = fill_group(listed, people.groups.get(group), size=len(settlements))
        own = None
        if official is not None and scaling is not None:
            # To the official number of the group where there is one, else like everybody.
            own = official.scaling(counted.persons, group)
            by_own = official.at_home((own.status == "scaled").astype(np.float64)) == 1.0
            done = counted.scaled(np.where(by_own, own.applied, scaling.applied))
        if group in chosen.groups:
            # One share for all, or that of each unit; NaN where the unit is not known.
            share = chosen.groups[group].share
            part = unknown
            if share != "units":
                part = np.full(len(settlements), float(share))
            elif official is not None:
                told, whole_unit = official.of(f"{group}_share"), official.of(TOTAL)
                with np.errstate(divide="ignore", invalid="ignore"):
                    from_counts = np.where(whole_unit > 0, official.of_group(group) / whole_unit, np.nan)
                part = official.at_home(np.where(np.isnan(told), from_counts, told))
            done = done.estimated(after, part)
        settlements[column] = done.persons
        settlements[f"{group}_source"] = pd.Series(done.source, index=settlements.index, dtype="str")
        if official is not None and not np.isnan(official.of_group(group)).all():
            first = np.where(np.isnan(counted.persons), done.persons, counted.persons)
            by_group.append(
                UnitPeople(
                    group=group,
                    before=first,
                    after=done.persons,
                    listed=unknown if listed is None else listed,
                    official=official.of_group(group),
                    raster=np.full(len(official.matched.units) + 1, np.nan),
                    scaling=own,
                )
            )
    settlements = settlements.assign(population_basis=pd.Series(chosen.basis, index=settlements.index, dtype="str"))
    made: dict[str, Value] = {"settlements": settlements, "population_account": account}
    found = []
    ids, points = settlements["settlement_id"].tolist(), settlements.geometry.to_numpy()
    for group in groups_of(settlements):
        persons = _column(settlements, f"{group}_persons")
        for row in np.flatnonzero(above_total(persons, after)):
            # Whole people would say "50 of 50" where a tenth of a person is too many.
            values: dict[str, Any] = {"group": {"section": "term", "word": group}}
            values |= {"persons": round(float(persons[row]), 1), "everybody": round(float(after[row]), 1)}
            found.append(Finding("group_above_total", str(ids[row]), points[row], values, other=group))
    if found:
        made["findings_population"] = findings_frame(found, crs=require_metres(settlements.crs, what="settlements"))
    given = options.sources.official_units
    if official is None or given is None:
        return made
    raster, named = np.full(len(official.matched.units) + 1, np.nan), before
    if people.raster is not None:
        columns = (name for name in (LISTED, f"{chosen.basis}_persons") if name in settlements)
        named = next((_column(settlements, name) for name in columns), unknown)
        shapes = boundaries.geometry.to_numpy()
        drawn = [shapes[row] if row >= 0 else None for row in official.matched.units["boundary"]]
        raster = raster_by_unit(people.raster, gpd.GeoSeries(np.array(drawn, dtype=object), crs=settlements.crs))
    everybody = UnitPeople(ALL_PEOPLE, before, after, named, official.of(TOTAL), raster, scaling)
    made["unit_totals"] = unit_totals(
        official.matched,
        [everybody, *by_group],
        in_study=in_study,
        said=OfficialNumbers(options.official.tolerance_share, chosen.basis, given.source, given.counts),
    )
    return made


def units_of_level(
    options: Options, settlements: gpd.GeoDataFrame, study_area: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give settlements with the unit of the official level, and the boundaries that are these units."""
    official = options.sources.official_units
    level = None if official is None else official.level
    if level is None:
        return settlements, boundaries[boundaries["is_unit"]].reset_index(drop=True)
    ground = shapely.union_all(study_area.geometry.to_numpy())
    chosen = choose_units(boundaries, (level,), area=ground)
    if not chosen.any():
        there = sorted({int(value) for value in boundaries["admin_level"]})
        problem = f"sources.official_units.level: no boundary of level {level} is in the study area; there are {there}"
        raise StudyError("official units", [problem])
    marked = boundaries.assign(is_unit=chosen)
    places = assign_units(settlements, marked, (level,))
    places, _ = near_unit(
        places, marked, ground=ground, key="settlement_id", tolerance_m=options.region.unit_tolerance_m
    )
    return places, marked[chosen].reset_index(drop=True)


def _account(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Put items with their persons, cells and words into an account."""
    frame = pd.DataFrame(rows, columns=["item", "persons", "cells", "detail"])
    return frame.astype({"item": "str", "persons": "float64", "cells": "float64", "detail": "str"})


def read_group(options: Options, name: str, places: gpd.GeoDataFrame) -> list[GridReading]:
    """Read the rasters of a group of people, which are to lie where places are."""
    source = options.sources.population_groups[name]
    files = [options.raw_path(path) for path in source.paths]
    readings = [read_population([file], nodata=source.nodata, max_cells=source.max_cells) for file in files]
    rasters, reach_m = [reading.raster for reading in readings], options.population.max_distance_m
    refuse_elsewhere(rasters, places, reach_m, what=f"population_groups.{name} {files[0]}")
    return readings


# Stage `population`: the people of the raster go to settlements, over the network.


def population(
    *,
    places: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    official_units: pd.DataFrame | None = None,
    population: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Give every populated cell to the settlement it belongs to; without a raster, keep what the tables say."""
    raster = population
    groups = options.sources.population_groups
    if raster is None:
        # Keep the people that tables or tags name, unless too few settlements have a number to speak of people at all.
        named = places["population_persons"]
        known, total, least = int(named.notna().sum()), float(named.sum()), options.population.min_known_share
        counts = known > 0 and known >= least * len(places)
        rows = [
            (
                "allocated",
                total if counts else 0.0,
                known if counts else 0,
                "Named by the settlements' own source; cells are settlements.",
            ),
            ("unknown", 0.0, len(places) - known, "Settlements without a population; cells are settlements."),
        ]
        if known and not counts:
            share = f"fewer than the share of {least:g} that the study asks for (population.min_known_share)"
            detail = f"Set aside: {known} of {len(places)} settlements have a population, {share}; places are counted."
            rows.append(("set_aside", total, known, detail))
        if not counts:
            nobody = {"population_source": pd.Series("none", index=places.index, dtype="str")}
            places = places.assign(population_persons=np.nan, **nobody)
        people = People(places, _account(rows))
    if raster is not None or groups:
        progress(0.1, "")
        allocate = functools.partial(
            allocate_population_with_account,
            graph=graph_of(options, nodes, edges),
            max_distance_m=options.population.max_distance_m,
            study_area=study_area,
            rules=options.network,
        )
    if raster is not None:
        people = People(*allocate(places, raster), raster=raster)
    for number, name in enumerate(sorted(groups)):
        progress((1 + number) / (1 + len(groups)), name.removesuffix("_persons"))
        readings = read_group(options, name, places)
        allocated = [allocate(places, raster) for raster in added_up([item.raster for item in readings])]
        persons = [found["population_persons"].to_numpy(dtype=np.float64) for found, _ in allocated]
        people.groups[name] = np.sum(persons, axis=0)
        # Add up the accounts of its files; what was noticed on reading stands behind the first item.
        account = allocated[0][1].copy()
        for column in ("persons", "cells"):
            account[column] = np.sum([own[column].to_numpy() for _, own in allocated], axis=0)
        read = [
            f"Sum of all cells with data of {len(readings)} file(s).",
            *(note.detail for reading in readings for note in reading.notes),
        ]
        details = pd.Series([" ".join(read), *account["detail"].iloc[1:]], dtype="str")
        account = account.assign(item=name + ":" + account["item"], detail=details)
        people.account = pd.concat([people.account, account], ignore_index=True)
    return finish_people(people, study_area, boundaries, official_units, options=options)
