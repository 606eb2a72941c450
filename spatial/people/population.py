"""People of a raster and of lists to settlements, groups and units, all of them accounted for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial.access.cells import peopled_cells
from spatial.access.od_pairs import require_columns
from spatial.access.places import check_places, id_order
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.crs import require_metres
from spatial.errors import ContractError, of_kind, refuse
from spatial.network.graph import TravelGraph
from spatial.network.nearest import nearest
from spatial.network.snapping import snap, snap_coordinates, walk_minutes
from spatial.outlines import brought_to, inside, joined_area, points_at
from spatial.rasters import Raster
from spatial.study.access import SnapRules
from spatial.study.region import basis_differs
from spatial.tables import TABLES
from spatial.tables.words import NO_UNIT, NOT_SCALED, POPULATION_BASIS

if TYPE_CHECKING:
    from spatial.inputs.units import MatchedUnits


# People of a raster to the settlements they belong to, every one of them accounted for.

EDGE_TOLERANCE_M = 500.0
"""A cell this near to the study area may belong to it: coarse cells straddle coasts. Metres."""
_BLOCK = 200_000
"""Cells worked on at once, or two for each settlement: each search sets out from all of them; changes speed only."""
_TIES = 4
"""Of up to so many places at the same distance the first is taken."""

_TOO_FAR, _NO_PATH, _OUTSIDE = -1, -2, -3


def allocate_population(
    settlements: gpd.GeoDataFrame,
    raster: Raster,
    *,
    graph: TravelGraph | None = None,
    max_distance_m: float = 5000.0,
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    rules: SnapRules | None = None,
) -> gpd.GeoDataFrame:
    """
    Give every populated cell of a raster to the settlement it belongs to.

    Parameters
    ----------
    settlements : GeoDataFrame
        By the contract of the table of that name; its population is replaced.
    raster : Raster
        Persons per cell, in any CRS; NaN = no data.
    graph : TravelGraph, optional
        With it a cell goes to the settlement that is nearest in time, without it to the nearest by distance.
    max_distance_m : float
        A cell further than this from every settlement, and with a network from every road, is left out; inclusive.
    study_area : GeoDataFrame or GeoSeries, optional
        People inside it go to settlements inside it, people outside to those outside.
    rules : SnapRules, optional
        Speed and detour of walks, and which roads may be entered. Its `max_snap_m` gives way to `max_distance_m`.

    Returns
    -------
    GeoDataFrame
        The same settlements with `population_persons` and `population_source` = ``"raster"``; 0 persons where no
        cell belongs to one.

    Raises
    ------
    ContractError
        Where settlements lack an id, a point or `in_study`, or the raster is none or holds negative people.
    CrsError
        Where the settlements are not in metres.
    """
    of_kind("graph", graph, TravelGraph)
    return allocate_population_with_account(
        settlements, raster, graph=graph, max_distance_m=max_distance_m, study_area=study_area, rules=rules
    )[0]


def allocate_population_with_account(
    settlements: gpd.GeoDataFrame,
    raster: Raster,
    *,
    graph: TravelGraph | None = None,
    max_distance_m: float = 5000.0,
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    rules: SnapRules | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Give every populated cell to a settlement, and say where all the people of the raster went."""
    check_places(settlements, "settlement_id")
    require_columns("settlements", settlements, ("in_study",))
    if not isinstance(raster, Raster):
        raise ContractError("population", [f"is a {type(raster).__name__}; give a Raster of people"])
    crs = require_metres(settlements.crs, what="settlements")
    cells = peopled_cells(raster, crs)
    order = id_order(settlements["settlement_id"])
    ordered = settlements.iloc[order]
    in_study = ordered["in_study"].to_numpy(dtype=bool)
    limits = SnapRules.from_options(of_kind("rules", rules, SnapRules) or SnapRules(), max_snap_m=max_distance_m)
    persons = cells.persons
    # Cells inside the study area go to settlements inside it, those on its edge to all, the others to those outside.
    everyone = np.ones(len(ordered), dtype=bool)
    if study_area is None:
        owner = _nearest_settlement(cells.xy, ordered, everyone, graph, limits)
    else:
        area = joined_area(brought_to(study_area, crs, what="study area"), what="study area")
        within = inside(area, *cells.xy.T)
        at_edge = ~within
        at_edge[at_edge] = shapely.dwithin(area, points_at(*cells.xy[~within].T), EDGE_TOLERANCE_M)
        owner = np.full(len(persons), _OUTSIDE, dtype=np.int64)
        groups = ((within, in_study), (at_edge, everyone), (~within & ~at_edge, ~in_study))
        for some, candidates in groups:
            owner[some] = _nearest_settlement(cells.xy[some], ordered, candidates, graph, limits)
        owner[(owner < 0) & ~within] = _OUTSIDE
    counted = np.bincount(owner[owner >= 0], weights=persons[owner >= 0], minlength=len(ordered))
    people = np.empty(len(ordered))
    people[order] = counted
    result = settlements.assign(
        population_persons=people, population_source=pd.Series("raster", index=settlements.index, dtype="str")
    )
    nodata = ~np.isfinite(raster.values)
    mine = np.zeros(len(owner), dtype=bool)
    mine[owner >= 0] = in_study[owner[owner >= 0]]
    parts = (
        ("allocated", mine, "Given to settlements of the study area."),
        ("allocated_outside", (owner >= 0) & ~mine, "Given to settlements outside the study area, not scored."),
        ("outside", owner == _OUTSIDE, "Outside the study area, and no settlement there to give them to."),
        ("too_far", owner == _TOO_FAR, "Further than the limit from every settlement and road."),
        ("no_path", owner == _NO_PATH, "Near a road from which no settlement can be reached."),
    )
    rows = [("raster_total", raster.total, int((~nodata).sum()), f"Sum of all cells with data of {raster.name}.")]
    rows += [(item, float(persons[mask].sum()), int(mask.sum()), detail) for item, mask, detail in parts]
    rows.append(("nodata", 0.0, int(nodata.sum()), "Cells without data; nobody is known to live there."))
    frame = pd.DataFrame(rows, columns=["item", "persons", "cells", "detail"])
    return result, frame.astype({"item": "str", "persons": "float64", "cells": "float64", "detail": "str"})


def _nearest_settlement(
    xy: FloatArray, settlements: gpd.GeoDataFrame, candidates: BoolArray, graph: TravelGraph | None, rules: SnapRules
) -> IntArray:
    """Give each cell the position of its settlement among all, or the reason why it has none."""
    chosen = np.flatnonzero(candidates)
    if len(chosen) == 0 or len(xy) == 0:
        return np.full(len(xy), _TOO_FAR, dtype=np.int64)
    places = settlements.iloc[chosen].geometry
    tree = cKDTree(np.column_stack((places.x.to_numpy(), places.y.to_numpy())))
    ties = np.arange(1, min(_TIES, tree.n) + 1)
    on_network = None if graph is None else snap(graph, places, rules)
    found = np.empty(len(xy), dtype=np.int64)
    size = max(_BLOCK, 2 * len(chosen))
    for start in range(0, len(xy), size):
        block = xy[start : start + size]
        # The nearest place; of several at the same distance, the first.
        distances, order = (np.asarray(part) for part in tree.query(block, k=ties))
        distance = distances[:, 0]
        direct = np.where(distances == distances[:, :1], order, tree.n).min(axis=1).astype(np.int64)
        close = distance <= rules.max_snap_m
        owner = np.where(close, direct, _TOO_FAR)
        if graph is not None and on_network is not None:
            cells = snap_coordinates(graph, block, rules, measure_beyond=False)
            reached = nearest(graph, cells, on_network, k=1)
            by_road, road_min = reached.destination[:, 0], reached.travel_time_min[:, 0]
            # Ways along the network compete with the direct walk.
            walk = walk_minutes(np.where(close, distance, np.inf), walk_km_h=rules.walk_km_h, detour=rules.detour)
            walks = close & ((walk < road_min) | ((walk == road_min) & (direct < by_road)))
            owner = np.where(walks, direct, by_road)
            owner = np.where(owner >= 0, owner, np.where(cells.status == "ok", _NO_PATH, _TOO_FAR))
        found[start : start + size] = owner
    return np.where(found >= 0, chosen[np.maximum(found, 0)], found)


# Groups of people at settlements: counted by a list, by a raster, or estimated as a share; each says which.

PERSONS = "_persons"
EVERYBODY = frozenset({"population", *POPULATION_BASIS})
"""Words before ``_persons`` in columns that count everybody, each in its way; they are no groups."""
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class GroupPeople:
    """People of one group at every settlement."""

    persons: FloatArray  # shape (n,), naN = unknown
    # shape (n,), observed (by the list), raster, estimated (a share of the people) or none
    source: NDArray[np.str_]

    def scaled(self, factor: FloatArray) -> GroupPeople:
        """Scale what was counted; estimates follow the people that they are a share of."""
        counted = np.isin(self.source, ("observed", "raster"))
        changed = counted & (factor != 1.0) & ~np.isnan(self.persons)
        source = np.where(changed, np.char.add(self.source.astype("<U32"), "_rescaled"), self.source)
        return GroupPeople(np.where(counted, self.persons * factor, self.persons), source)

    def estimated(self, people: FloatArray, share: FloatArray) -> GroupPeople:
        """Fill what is unknown with a share of the people."""
        guess = people * share
        filled = np.isnan(self.persons) & ~np.isnan(guess)
        return GroupPeople(np.where(filled, guess, self.persons), np.where(filled, "estimated", self.source))


def groups_of(settlements: pd.DataFrame) -> list[str]:
    """Name the groups whose people a table of settlements has."""
    names = [str(name).removesuffix(PERSONS) for name in settlements.columns if str(name).endswith(PERSONS)]
    return sorted(set(names) - EVERYBODY)


def fill_group(listed: FloatArray | None, raster: FloatArray | None, *, size: int) -> GroupPeople:
    """Take the people of a group from the list, and where it has no number from the raster of the group."""
    unknown = np.full(size, np.nan)
    given = unknown if listed is None else listed
    cells = unknown if raster is None else raster
    if len(given) != size or len(cells) != size:
        raise ContractError("groups", [f"give {size} numbers, one a settlement"])
    if (given < 0).any() or (cells < 0).any():
        raise ContractError("groups", ["people are negative; correct them"])
    persons = np.where(np.isnan(given), cells, given)
    source = np.where(~np.isnan(given), "observed", np.where(np.isnan(cells), "none", "raster"))
    return GroupPeople(persons, source)


def added_up(rasters: Sequence[Raster]) -> list[Raster]:
    """Add up rasters of people on one grid, such as those of ages and sexes, one a grid; NaN where none has data."""
    sums: list[Raster] = []
    for raster in rasters:
        for number, total in enumerate(sums):
            if (
                total.values.shape == raster.values.shape
                and total.transform == raster.transform
                and total.crs == raster.crs
            ):
                known, more = np.isfinite(total.values), np.isfinite(raster.values)
                values = np.where(known, total.values, raster.values)
                values[known & more] += raster.values[known & more]
                sums[number] = replace(total, values=values)
                break
        else:
            sums.append(raster)
    return sums


def above_total(persons: FloatArray, people: FloatArray) -> BoolArray:
    """Tell where a group has more people than there are."""
    result: BoolArray = persons > people * (1.0 + _TOLERANCE) + _TOLERANCE
    return result


# People of settlements scaled to the official numbers of their units; what cannot be scaled is left and named.


@dataclass(frozen=True, eq=False)
class Scaling:
    """What became of the people of every unit."""

    # shape (m,), official number over ours; NaN where one of them is not known, or ours is nobody
    factor: FloatArray
    status: NDArray[np.str_]  # shape (m,), scaled, or one of NOT_SCALED
    # shape (n,), by which the people of each settlement are multiplied; 1 where they stay
    applied: FloatArray


def sums_by_unit(persons: FloatArray, home: NDArray[np.intp], size: int) -> FloatArray:
    """Add up the known people by unit: 0 without settlements, NaN where no settlement of it has a number."""
    belongs, known = home >= 0, ~np.isnan(persons)
    sums = np.bincount(home[belongs & known], weights=persons[belongs & known], minlength=size)
    members = np.bincount(home[belongs], minlength=size)
    counted = np.bincount(home[belongs & known], minlength=size)
    return np.where((members > 0) & (counted == 0), np.nan, sums)


def scale_to_units(
    persons: FloatArray, home: NDArray[np.intp], official: FloatArray, *, in_study: BoolArray, max_factor: float
) -> Scaling:
    """Scale the people of every unit's settlements to its official number, as a whole or not at all, and say why."""
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
        NOT_SCALED,
        "scaled",
    )
    by_unit = np.where((status == "scaled") & (ours > 0), factor, 1.0)
    applied = np.ones(len(persons))
    applied[home >= 0] = by_unit[home[home >= 0]]
    return Scaling(factor, status, applied)


# Our people by unit beside the official ones: differences, residuals, and what is known that may explain them.

ALL_PEOPLE = "everybody"
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
