"""Stage `population`: people of the raster and of lists go to settlements, and are scaled to official numbers."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.errors import StudyError
from spatial.formats.notes import Finding, findings_frame
from spatial.formats.raster import read_population
from spatial.inputs.units import MatchedUnits, assign_units, choose_units, match_units, near_unit
from spatial.people.population import above_total, added_up, allocate_population_with_account, fill_group, groups_of
from spatial.people.unit_totals import (
    EVERYBODY,
    OfficialNumbers,
    Scaling,
    UnitPeople,
    raster_by_unit,
    scale_to_units,
    unit_totals,
)
from spatial.runner.stage import silent
from spatial.stages.shared import graph_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value

    FloatArray = NDArray[np.float64]


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


def finish_people(
    people: People,
    study_area: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    official_units: pd.DataFrame | None,
    *,
    options: Options,
) -> dict[str, Value]:
    """Mark the basis, fill groups, and hold people against the official numbers of their units."""
    work = _Work(options, people, study_area, boundaries, official_units)
    work.match()
    work.scale()
    work.fill_groups()
    return work.result()


@dataclass(eq=False)
class _Work:
    """The settlements while their people are finished."""

    options: Options
    people: People
    study_area: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame
    official_units: pd.DataFrame | None
    matched: MatchedUnits | None = None
    scaling: Scaling | None = None
    by_group: dict[str, UnitPeople] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settlements = self.people.settlements.copy()
        self.before = self._column(TOTAL)
        self.after = self.before
        self.in_study = self.settlements["in_study"].to_numpy(dtype=bool)

    def _column(self, name: str) -> FloatArray:
        if name not in self.settlements.columns:
            return np.full(len(self.settlements), np.nan)
        return self.settlements[name].to_numpy(dtype=np.float64)

    def match(self) -> None:
        """Find the unit of every settlement and its official row."""
        if self.official_units is None:
            return
        places, self.boundaries = units_of_level(self.options, self.settlements, self.study_area, self.boundaries)
        self.matched = match_units(self.official_units, places, self.boundaries, options=self.options.placing)

    def official(self, column: str) -> FloatArray:
        """Read a column of the official table by unit; NaN where there is no number."""
        assert self.matched is not None
        assert self.official_units is not None
        rows = self.matched.units["official"].to_numpy()
        if column not in self.official_units.columns:
            return np.full(len(rows), np.nan)
        values = self.official_units[column].to_numpy(dtype=np.float64)
        return np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan)

    def official_group(self, group: str) -> FloatArray:
        """Official people of a group by unit, from their number or their share."""
        counted = self.official(f"{group}_persons")
        return np.where(np.isnan(counted), self.official(f"{group}_share") * self.official(TOTAL), counted)

    def scale(self) -> None:
        """Scale everybody where the study asks for it."""
        chosen = self.options.population
        if self.matched is None or chosen.rescale_to is None:
            return
        self.scaling = self._scaled(self.before, self.official(TOTAL))
        self.after = self.before * self.scaling.applied
        changed = self.scaling.applied != 1.0
        source = self.settlements["population_source"].astype("str")
        self.settlements = self.settlements.assign(
            population_persons=self.after,
            population_source=source.where(~changed, source + "_rescaled"),
            population_factor=self.scaling.applied,
        )

    def _scaled(self, persons: FloatArray, official: FloatArray) -> Scaling:
        assert self.matched is not None
        return scale_to_units(
            persons,
            self.matched.home,
            np.where(self.matched.units["fault"] == "", official, np.nan),
            in_study=self.in_study,
            max_factor=self.options.population.rescale_max_factor,
        )

    def fill_groups(self) -> None:
        """Take every group from list, raster or share, and scale what was counted like its unit."""
        shares = self.options.population.groups
        for group in sorted({*groups_of(self.settlements), *self.people.groups, *shares}):
            column = f"{group}_persons"
            listed = self._column(column) if column in self.settlements.columns else None
            counted = fill_group(listed, self.people.groups.get(group), size=len(self.settlements))
            done, own = counted, None
            if self.scaling is not None and self.matched is not None:
                # To the official number of the group where there is one, else like everybody.
                own = self._scaled(counted.persons, self.official_group(group))
                home = self.matched.home
                by_own = (home >= 0) & (own.status[np.maximum(home, 0)] == "scaled")
                done = counted.scaled(np.where(by_own, own.applied, self.scaling.applied))
            if group in shares:
                # One share for all, or that of each unit; NaN where the unit is not known.
                share = shares[group].share
                if share != "units":
                    part = np.full(len(self.settlements), float(share))
                elif self.matched is None:
                    part = np.full(len(self.settlements), np.nan)
                else:
                    told, people = self.official(f"{group}_share"), self.official(TOTAL)
                    with np.errstate(divide="ignore", invalid="ignore"):
                        counted_share = np.where(people > 0, self.official_group(group) / people, np.nan)
                    home = self.matched.home
                    by_unit = np.where(np.isnan(told), counted_share, told)
                    part = np.where(home >= 0, by_unit[np.maximum(home, 0)], np.nan)
                done = done.estimated(self.after, part)
            self.settlements[column] = done.persons
            self.settlements[f"{group}_source"] = pd.Series(done.source, index=self.settlements.index, dtype="str")
            if self.matched is not None and not np.isnan(self.official_group(group)).all():
                before = np.where(np.isnan(counted.persons), done.persons, counted.persons)
                self.by_group[group] = self._unit_people(group, before, done.persons, listed, own)

    def _unit_people(
        self, group: str, before: FloatArray, after: FloatArray, listed: FloatArray | None, scaling: Scaling | None
    ) -> UnitPeople:
        assert self.matched is not None
        unknown = np.full(len(self.matched.units) + 1, np.nan)
        raster = self.people.raster if group == EVERYBODY else None
        if raster is not None:
            rows = self.matched.units["boundary"].to_numpy()
            shapes = self.boundaries.geometry.to_numpy()
            drawn = np.array([shapes[row] if row >= 0 else None for row in rows], dtype=object)
            unknown = raster_by_unit(raster, gpd.GeoSeries(drawn, crs=self.settlements.crs))
        return UnitPeople(
            group=group,
            before=before,
            after=after,
            listed=np.full(len(before), np.nan) if listed is None else listed,
            official=self.official(TOTAL) if group == EVERYBODY else self.official_group(group),
            raster=unknown,
            scaling=scaling,
        )

    def result(self) -> dict[str, Value]:
        """Put it all into tables."""
        basis = self.options.population.basis
        settlements = self.settlements.assign(
            population_basis=pd.Series(basis, index=self.settlements.index, dtype="str")
        )
        account = self.people.account
        if self.scaling is not None:
            # Add to the account what scaling added and took away.
            change = np.nan_to_num(self.after - self.before)
            scaled, up, down = self.scaling.applied != 1.0, change > 0, change < 0
            whole = float(np.nansum(self.after[self.in_study]))
            about = "to meet official numbers of units; cells are settlements."
            rows = [
                ("scaled_up", change[up].sum(), up.sum(), f"Added {about}"),
                ("scaled_down", -change[down].sum(), down.sum(), f"Taken away {about}"),
                (
                    "after_scaling",
                    whole,
                    (scaled & self.in_study).sum(),
                    f"People of the study area after scaling {about}",
                ),
            ]
            account = pd.concat([account, _account(rows)], ignore_index=True)
        made: dict[str, Value] = {"settlements": settlements, "population_account": account}
        found = []
        ids, points = settlements["settlement_id"].tolist(), settlements.geometry.to_numpy()
        for group in groups_of(settlements):
            persons = self._column(f"{group}_persons")
            for row in np.flatnonzero(above_total(persons, self.after)):
                # Whole people would say "50 of 50" where a tenth of a person is too many.
                detail = (
                    f"{group}: {persons[row]:.1f} of {self.after[row]:.1f} people; left as they are: correct the list "
                    "or what counts everybody"
                )
                found.append(Finding("group_above_total", str(ids[row]), detail, points[row], other=group))
        if found:
            made["findings_population"] = findings_frame(found, crs=require_metres(settlements.crs, what="settlements"))
        if self.matched is None:
            return made
        named = (LISTED, f"{basis}_persons")
        listed = next((self._column(name) for name in named if name in settlements.columns), None)
        if self.people.raster is None:
            listed = self.before
        everybody = self._unit_people(EVERYBODY, self.before, self.after, listed, self.scaling)
        given = self.options.sources.official_units
        assert given is not None
        made["unit_totals"] = unit_totals(
            self.matched,
            [everybody, *self.by_group.values()],
            in_study=self.in_study,
            said=OfficialNumbers(self.options.official.tolerance_share, basis, given.source, given.counts),
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
        progress(0.1, "population: cells to settlements")
        allocate = functools.partial(
            allocate_population_with_account,
            graph=graph_of(options, nodes, edges),
            max_distance_m=options.population.max_distance_m,
            study_area=study_area,
            rules=options.network,
        )
    if raster is not None:
        people = People(*allocate(places, raster), raster=raster)
    for number, (name, source) in enumerate(sorted(groups.items())):
        progress((1 + number) / (1 + len(groups)), f"population: {name}")
        readings = [
            read_population([options.raw_path(path)], nodata=source.nodata, max_cells=source.max_cells)
            for path in source.paths
        ]
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
