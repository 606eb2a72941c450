"""Our people by unit beside the official ones, and people of settlements scaled to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from spatial.access.cells import peopled_cells
from spatial.crs import require_metres
from spatial.errors import refuse
from spatial.inputs.units import NO_UNIT, MatchedUnits
from spatial.outlines import points_at
from spatial.study.region import basis_differs
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.arrays import BoolArray, FloatArray
    from spatial.rasters import Raster


# People of settlements scaled to the official numbers of their units; what cannot be scaled is left and named.


@dataclass(frozen=True, eq=False)
class Scaling:
    """What became of the people of every unit."""

    # shape (m,), official number over ours; NaN where one of them is not known, or ours is nobody
    factor: FloatArray
    # shape (m,), scaled, or why not: no_official, no_places, partly_outside, people_unknown, official_zero,
    # nobody_of_ours, factor_refused
    status: NDArray[np.str_]
    # shape (n,), by which the people of each settlement are multiplied; 1 where they stay
    applied: FloatArray


def sums_by_unit(persons: FloatArray, home: NDArray[np.intp], size: int) -> FloatArray:
    """
    Add up the known people by unit: 0 without settlements, NaN where no settlement of it has a number.

    >>> sums_by_unit(np.array([1.0, np.nan, 2.0, np.nan]), np.array([0, 0, 0, 1]), 3).tolist()
    [3.0, nan, 0.0]
    """
    belongs, known = home >= 0, ~np.isnan(persons)
    sums = np.bincount(home[belongs & known], weights=persons[belongs & known], minlength=size)
    members = np.bincount(home[belongs], minlength=size)
    counted = np.bincount(home[belongs & known], minlength=size)
    return np.where((members > 0) & (counted == 0), np.nan, sums)


def scale_to_units(
    persons: FloatArray, home: NDArray[np.intp], official: FloatArray, *, in_study: BoolArray, max_factor: float
) -> Scaling:
    """
    Scale the people of every unit's settlements to its official number.

    A unit is scaled as a whole or not at all: not where it has settlements outside the study area or without a number
    (whose people would go to others), not to an official number of nobody, and not by more than a stated factor.

    >>> found = scale_to_units(
    ...     np.array([60.0, 40.0, 7.0]), np.array([0, 0, -1]), np.array([150.0]),
    ...     in_study=np.ones(3, dtype=bool), max_factor=2.0,
    ... )
    >>> found.status.tolist(), found.applied.tolist()
    (['scaled'], [1.5, 1.5, 1.0])
    """
    problems = []
    if not len(persons) == len(home) == len(in_study):
        problems.append("persons, home, in_study: give one value a settlement")
    if len(home) and int(home.max()) >= len(official):
        problems.append(f"home: unit {int(home.max())} of {len(official)} units; give one official number a unit")
    if (persons < 0).any() or (official < 0).any():
        problems.append("persons, official: people are negative; correct them")
    if not max_factor >= 1:
        problems.append(f"max_factor: must be 1 or more, is {max_factor}")
    refuse("scaling to units", problems)
    size = len(official)
    ours = sums_by_unit(persons, home, size)
    members = np.bincount(home[home >= 0], minlength=size)
    outside = np.bincount(home[(home >= 0) & ~in_study], minlength=size)
    unknown = np.bincount(home[(home >= 0) & np.isnan(persons)], minlength=size)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.where(ours > 0, official / ours, np.nan)
    far = (factor > max_factor) | (factor < 1.0 / max_factor)
    status = np.select(
        [
            np.isnan(official),
            members == 0,
            outside > 0,
            unknown > 0,
            (official == 0) & (ours > 0),
            (ours == 0) & (official > 0),
            far | ((ours > 0) & ~np.isfinite(factor)),
        ],
        [
            "no_official",
            "no_places",
            "partly_outside",
            "people_unknown",
            "official_zero",
            "nobody_of_ours",
            "factor_refused",
        ],
        "scaled",
    )
    by_unit = np.where((status == "scaled") & (ours > 0), factor, 1.0)
    applied = np.ones(len(persons))
    applied[home >= 0] = by_unit[home[home >= 0]]
    return Scaling(factor, status, applied)


# Our people by unit beside the official ones: differences, residuals, and what is known that may explain them.

EVERYBODY = "everybody"
APART_LOG = math.log(1.5)
"""Two units whose totals are each this far from the official ones may be interchanged."""
CLOSER_SHARE = 0.25
"""... where they are at least four times nearer to each other's official numbers."""
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class UnitPeople:
    """People of everybody, or of a group, at settlements and by unit."""

    group: str  # ``everybody``, or a group such as ``elderly``
    before: FloatArray  # shape (n,), people of each settlement before and after scaling; NaN = unknown
    after: FloatArray
    listed: FloatArray  # shape (n,), what the list says; NaN = nothing
    official: FloatArray  # shape (m,), official people of each unit; NaN = none
    # shape (m + 1,), people of the raster in each unit, at the end those in none; NaN = unknown
    raster: FloatArray
    scaling: Scaling | None  # none where no scaling was asked for


def raster_by_unit(raster: Raster, shapes: gpd.GeoSeries) -> FloatArray:
    """Add up the cells of a raster of people whose centres lie in each unit (NaN without a polygon), then in none."""
    cells = peopled_cells(raster, require_metres(shapes.crs, what="units"))
    owner = np.full(len(cells.persons), len(shapes), dtype=np.intp)
    there = np.flatnonzero(shapes.notna().to_numpy())
    tree = shapely.STRtree(points_at(*cells.xy.T))
    unit, cell = tree.query(shapes.to_numpy()[there], predicate="intersects")
    np.minimum.at(owner, cell, there[unit])
    sums = np.bincount(owner, weights=cells.persons, minlength=len(shapes) + 1).astype(np.float64)
    sums[:-1][shapes.isna().to_numpy()] = np.nan
    return sums


class OfficialNumbers(NamedTuple):
    """What holds for the official number of every unit."""

    tolerance_share: float  # A residual up to this share of the official number is ok; inclusive
    basis: str  # whom the study counts
    source: str  # where the official numbers stand
    counts: str = ""  # whom these count, resident or registered, where it is said

    @property
    def other_basis(self) -> str:
        """Say whom the official numbers count where ours count others: no unit is right or wrong by them then."""
        return self.counts if basis_differs(self.basis, self.counts) else ""


def unit_totals(
    matched: MatchedUnits, peoples: list[UnitPeople], *, in_study: BoolArray, said: OfficialNumbers
) -> pd.DataFrame:
    """Set our people beside the official ones, unit by unit."""
    units, home, size = matched.units, matched.home, len(matched.units)
    everywhere = np.where(home >= 0, home, size)
    mine, outside = np.where(in_study, everywhere, -1), np.where(in_study, -1, everywhere)
    places = np.bincount(mine[mine >= 0], minlength=size + 1)
    drawn = np.append((units["boundary"] >= 0).to_numpy(), False)
    rows = np.append(units["official"].to_numpy(), -1)
    kinds = {field.name: field.kind for field in TABLES["unit_totals"].fields}
    frames = []
    for people in peoples:
        official = np.append(people.official, np.nan)
        before, after, listed = (
            np.where((places > 0) | drawn, sums_by_unit(values, mine, size + 1), np.nan)
            for values in (people.before, people.after, people.listed)
        )
        residual = official - after
        close = np.abs(residual) <= said.tolerance_share * official + _SLACK * np.maximum(official, 1.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.where(official > 0, (before - official) / official, np.nan)
            factor = np.where(before > 0, official / before, np.nan)
        scaled = ["not_asked"] * size if people.scaling is None else people.scaling.status.tolist()
        frame = pd.DataFrame(
            {
                "unit_id": [*units["unit_id"], NO_UNIT],
                "unit": [*units["unit"], ""],
                "unit_code": [*units["unit_code"], ""],
                "group": people.group,
                "matched_by": [*units["matched_by"], "none"],
                "match_score": np.append(units["match_score"].to_numpy(dtype=float), np.nan),
                "places": places.astype("int64"),
                "official_persons": official,
                "raster_persons": people.raster,
                "listed_persons": np.where(places > 0, listed, np.nan),
                "allocated_persons": before,
                "our_persons": after,
                "difference_persons": before - official,
                "difference_share": share,
                "factor": factor,
                "scaling": [*scaled, "no_unit"],
                "residual_persons": residual,
                "status": np.where(
                    np.isnan(residual) | bool(said.other_basis), "unknown", np.where(close, "ok", "look")
                ),
            }
        )
        counts = {
            "places_without_people": _count(mine, np.isnan(people.after), size),
            "people_in_buffer": np.nan_to_num(sums_by_unit(people.after, outside, size + 1)),
            "places_of_another_unit": _count(mine, matched.strayed, size),
        }
        frame["likely_causes"] = _causes(frame, [*units["fault"], ""], rows, counts, said)
        frame["source"] = np.where(rows >= 0, said.source, "")
        frame = frame.astype({name: "str" for name, kind in kinds.items() if kind == "text"})
        # The row of no unit stands where somebody lives there.
        is_peopled = places[size] > 0 or people.raster[-1] > 0
        frames.append(frame[list(kinds)] if is_peopled else frame[list(kinds)].iloc[:-1])
    return pd.concat(frames, ignore_index=True)


def _count(mine: NDArray[np.intp], chosen: BoolArray, size: int) -> NDArray[np.intp]:
    return np.bincount(mine[(mine >= 0) & chosen], minlength=size + 1)


def _causes(
    frame: pd.DataFrame,
    faults: list[str],
    official_rows: NDArray[np.intp],
    counts: Mapping[str, NDArray[Any]],
    said: OfficialNumbers,
) -> list[str]:
    """Say of every row that is not ok what is known that may explain it."""
    # Find for every unit another one such that each has, before scaling, about the other's official number.
    ours = frame["allocated_persons"].to_numpy(dtype=float)
    official = frame["official_persons"].to_numpy(dtype=float)
    swapped = np.full(len(frame), -1, dtype=np.intp)
    with np.errstate(divide="ignore", invalid="ignore"):
        mine, theirs = np.log(ours), np.log(official)
        apart = np.abs(mine - theirs)
    far = np.flatnonzero(np.isfinite(apart) & (apart > APART_LOG))
    for at in far:
        crossed = np.abs(mine[at] - theirs[far]) + np.abs(mine[far] - theirs[at])
        crossed[far == at] = np.inf
        best = int(np.argmin(crossed))
        if crossed[best] < CLOSER_SHARE * (apart[at] + apart[far[best]]):
            swapped[at] = far[best]
    told = []
    for number, row in enumerate(frame.to_dict("records")):
        if row["status"] == "ok":
            told.append("")
            continue
        codes = [faults[number]] if faults[number] else []
        if said.other_basis and not math.isnan(row["residual_persons"]):
            codes.append(f"official_{said.other_basis}")
        if math.isnan(row["official_persons"]) and row["unit_id"] != NO_UNIT:
            codes.append("official_blank" if official_rows[number] >= 0 else "no_official")
        if not faults[number] and row["places"] == 0 and row["unit_id"] != NO_UNIT:
            codes.append("no_settlements")
        codes += [code for code in _REFUSALS if row["scaling"] == code]
        codes += [f"{code}:{round(float(values[number]))}" for code, values in counts.items() if values[number]]
        if swapped[number] >= 0:
            codes.append(f"looks_interchanged:{frame['official_persons'].iloc[swapped[number]]:.0f}")
        for column, code in (("raster_persons", "raster_has"), ("listed_persons", "list_has")):
            other, ours = row[column], row["our_persons"]
            if not math.isnan(other) and abs(other - ours) > said.tolerance_share * max(other, ours):
                codes.append(f"{code}:{other:.0f}")
        told.append(";".join([*codes, f"basis_{said.basis}"] if row["status"] == "look" else codes))
    return told


_REFUSALS = ("official_zero", "nobody_of_ours", "factor_refused")
