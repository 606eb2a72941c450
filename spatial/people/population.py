"""People of a raster to the settlements they belong to, all of them accounted for; and groups of people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from spatial.access.cells import peopled_cells
from spatial.access.od_pairs import require_columns
from spatial.access.places import check_places, id_order
from spatial.crs import require_metres
from spatial.errors import ContractError
from spatial.network.nearest import nearest
from spatial.network.snapping import snap, snap_coordinates, walk_minutes
from spatial.outlines import inside, points_at, shapes_of
from spatial.rasters import Raster
from spatial.study.access import SnapRules
from spatial.tables.words import POPULATION_BASIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.arrays import BoolArray, FloatArray, IntArray
    from spatial.network.graph import TravelGraph


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
    """
    Give every populated cell to a settlement, and say where all the people of the raster went.

    A cell is a point, its centre. With a network, the walk to it, the way along it and the walk from it compete with
    the direct walk to a settlement within `max_distance_m`. Cells inside the study area go to settlements inside it,
    those outside to settlements outside, and those within 500 m of its edge outside to the nearest of all, so that a
    coarse coast line loses nobody.

    Returns the settlements, and the account by the contract of the table ``population_account``:
    `raster_total` equals `allocated` + `allocated_outside` + `outside` + `too_far` + `no_path`.
    """
    check_places(settlements, "settlement_id")
    require_columns("settlements", settlements, ("in_study",))
    if not isinstance(raster, Raster):
        raise ContractError("population", [f"is a {type(raster).__name__}; give a Raster of people"])
    crs = require_metres(settlements.crs, what="settlements")
    cells = peopled_cells(raster, crs)
    order = id_order(settlements["settlement_id"])
    ordered = settlements.iloc[order]
    in_study = ordered["in_study"].to_numpy(dtype=bool)
    limits = SnapRules.from_options(rules or SnapRules(), max_snap_m=max_distance_m)
    persons = cells.persons
    # Cells inside the study area go to settlements inside it, those on its edge to all, the others to those outside.
    everyone = np.ones(len(ordered), dtype=bool)
    if study_area is None:
        owner = _nearest_settlement(cells.xy, ordered, everyone, graph, limits)
    else:
        area = shapely.union_all(shapes_of(study_area.to_crs(crs).geometry))
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
    """
    Name the groups whose people a table of settlements has.

    >>> import pandas as pd
    >>> groups_of(pd.DataFrame(columns=["population_persons", "elderly_persons"]))
    ['elderly']
    """
    names = [str(name).removesuffix(PERSONS) for name in settlements.columns if str(name).endswith(PERSONS)]
    return sorted(set(names) - EVERYBODY)


def fill_group(listed: FloatArray | None, raster: FloatArray | None, *, size: int) -> GroupPeople:
    """
    Take the people of a group from the list, and where it has no number from the raster of the group.

    >>> found = fill_group(np.array([3.0, np.nan]), np.array([9.0, 4.0]), size=2)
    >>> found.persons.tolist(), found.source.tolist()
    ([3.0, 4.0], ['observed', 'raster'])
    """
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
