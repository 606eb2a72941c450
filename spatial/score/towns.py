"""Towns as the fulcrum between village and county seat: their system, who depends on them, their functional areas."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.errors import faults_at, refuse
from spatial.indices.functional_areas import (
    fulcrum_index,
    functional_completeness,
    functional_urban_areas,
    polycentricity,
    rank_size,
)
from spatial.score.evidence import Ground, positions_by
from spatial.study.score import FunctionalAreaOptions, ScoreOptions
from spatial.tables import TABLES

if TYPE_CHECKING:
    from spatial.score.population_grid import UrbanGrid


# The system of towns in a few figures: how sizes fall with rank, how far the first leads, how even towns are.


def town_system_table(towns: pd.DataFrame) -> pd.DataFrame:
    """Measure the system of towns."""
    sizes = rank_size(towns["population_persons"].to_numpy(dtype=np.float64))
    depend = towns["coverage_share"].to_numpy(dtype=np.float64)
    depend = depend[~np.isnan(depend)]
    rows = [
        ("rank_size_exponent", sizes.exponent, sizes.towns),
        ("gabaix_ibragimov_exponent", sizes.exponent_corrected, sizes.towns),
        ("primacy_two", sizes.primacy_two, sizes.towns),
        ("primacy_all", sizes.primacy_all, sizes.towns),
        ("primacy_four", sizes.primacy_four, sizes.towns),
        ("polycentricity_green", polycentricity(depend, form="green"), len(depend)),
        ("polycentricity_entropy", polycentricity(depend, form="entropy"), len(depend)),
    ]
    columns = ["measure", "value", "towns_counted"]
    return TABLES["town_system"].frame(pd.DataFrame(rows, columns=columns).assign(towns_total=len(towns)))


# Towns as the fulcrum between village and county seat: what they offer, who depends on them, who passes by.

TOWN_TIERS = ("city", "county_seat", "town")
PASSING_M = 500.0
"""A way passes a town within this distance (INDICATORS, 2.4)."""


def town_table(  # noqa: PLR0913 - each is a table or a rule of its own
    ground: Ground,
    facilities: gpd.GeoDataFrame,
    access: pd.DataFrame,
    routes: gpd.GeoDataFrame | None,
    *,
    rules: ScoreOptions,
    listed: Collection[str] | None = None,
    satisfying: Callable[[str], frozenset[str]],
) -> pd.DataFrame:
    """Describe every town of the study area."""
    tier = ground.settlements["tier"].astype(str).to_numpy()
    at = np.flatnonzero(np.isin(tier, TOWN_TIERS))
    at = at[np.argsort(ground.ids[at].astype(str), kind="stable")]
    ids = [str(name) for name in ground.ids[at]]
    if not ids:
        return TABLES["towns"].frame()
    points = shapely.get_coordinates(ground.settlements.geometry.to_numpy()[at])
    required = rules.required_services
    asked = {
        name: [service for service in services if listed is None or service in listed]
        for name, services in required.items()
    }
    # What stands within reach of each town.
    existing = facilities[facilities["status"].eq("existing")]
    placed = existing[~(existing.geometry.is_empty | existing.geometry.isna())]
    kinds = placed["service"].astype(str).to_numpy()
    counting = {service: satisfying(service) for services in asked.values() for service in services}
    there: dict[str, set[str]] = {name: set() for name in ids}
    if len(placed):
        tree = KDTree(shapely.get_coordinates(placed.geometry.to_numpy()))
        for name, near in zip(ids, tree.query_ball_point(points, rules.town_radius_m), strict=True):
            here = set(kinds[near])
            there[name] = {service for service, several in counting.items() if here & several}
    table = functional_completeness(dict(zip(ids, tier[at], strict=True)), there, asked)
    # The share of all people for whom each is the nearest town, within the minutes that towns should be reached in.
    nearest = access[access["service"] == "town"].set_index("settlement_id").reindex(list(ground.ids))
    total = float(ground.weight.sum())
    coverage = np.full(len(ids), np.nan)
    if nearest["facility_id"].notna().any() and total > 0.0:
        close = nearest["travel_time_min"].to_numpy(dtype=np.float64) <= rules.town_min
        people = pd.Series(np.where(close, ground.weight, 0.0)).groupby(nearest["facility_id"].to_numpy()).sum()
        # Summed in another order, all people may be more than all.
        coverage = np.minimum(1.0, people.reindex(ids).fillna(0.0).to_numpy(dtype=np.float64) / total)
    via = _via(ids, tier[at], points, ground, routes)
    known = ~np.isnan(coverage) & ~np.isnan(via)
    fulcrum = np.full(len(ids), np.nan)
    fulcrum[known] = fulcrum_index(coverage[known], via[known])
    return TABLES["towns"].frame(
        {
            "settlement_id": ids,
            "tier": tier[at],
            "population_persons": ground.persons[at],
            "required_services": table["required"],
            "present_services": table["present"],
            "completeness": table["completeness"],
            "completeness_status": [
                "measured" if asked.get(name) else "no_complete_list" if required.get(name) else "not_asked"
                for name in tier[at]
            ],
            "missing_services": table["missing"],
            "coverage_share": coverage,
            "via_share": via,
            "fulcrum_index": fulcrum,
        }
    )


def _via(
    ids: list[str], tier: NDArray[Any], points: FloatArray, ground: Ground, routes: gpd.GeoDataFrame | None
) -> FloatArray:
    """Share of the people with a way to the county seat who pass within 500 m of a town; NaN for the seat itself."""
    share = np.full(len(ids), np.nan)
    if routes is None or routes.empty:
        return share
    people = pd.Series(ground.weight, index=ground.ids).reindex(routes["settlement_id"].astype(str)).fillna(0.0)
    total = float(people.sum())
    if not total > 0.0:
        return share
    tree = shapely.STRtree(routes.geometry.to_numpy())
    for at in np.flatnonzero(tier == "town"):
        passing = tree.query(shapely.Point(points[at]), predicate="dwithin", distance=PASSING_M)
        share[at] = float(people.to_numpy()[passing].sum()) / total
    return share


# Functional urban areas of the study: by observed commuting, or by travel time under another name.

HALF = 0.5
CITY = 3
TOUCH_M, BORDER_M = 1.0, 10.0
"""Outlines this near touch, and share a border where they do so over this length."""


@dataclass(frozen=True, eq=False)
class Commuting:
    """Observed commuting between n units."""

    flows: sparse.csr_array  # persons from the unit where they live to that where they work
    employed: FloatArray  # employed residents; 0 where unknown, without flows then
    unknown: tuple[str, ...]  # units of which nobody says how many are employed


def why_no_area(unit_types: pd.DataFrame) -> str:
    """Say why a study has no functional urban area."""
    units = unit_types[unit_types["unit_level"] == "township"]
    study = unit_types[unit_types["unit_level"] == "study"]
    if (study["basis"] == "none").all() and (units["basis"] == "none").all():
        return str(study["basis_reason"].iloc[0])
    if units.empty:
        return "no_units"
    if (_peopled(units) & (units["degurba_level1"] == CITY)).any():
        return ""
    centres = (_peopled(unit_types) & (unit_types["share_30"] > 0.0)).any()
    return "no_city_unit" if centres else "no_urban_centre"


def _peopled(units: pd.DataFrame) -> pd.Series[bool]:
    return units["basis"].isin(["raster", "settlements"])


def commuting_between(
    flows: pd.DataFrame, settlements: pd.DataFrame, units: list[str], rules: FunctionalAreaOptions
) -> Commuting | None:
    """Add commuting between settlements up to commuting between units."""
    rows = flows[flows["kind"] == rules.commuting_kind]
    if rows.empty or "township_id" not in settlements:
        return None
    index = pd.Index(units)
    unit_of = pd.Series(
        index.get_indexer(pd.Index(settlements["township_id"].astype(object))),
        index=settlements["settlement_id"].astype(str),
    )
    home, work = (
        unit_of.reindex(rows[end].astype(str)).fillna(-1).astype(int).to_numpy() for end in ("from_id", "to_id")
    )
    volume = rows["volume"].to_numpy(dtype=np.float64)
    n = len(units)
    total = np.bincount(home[home >= 0], weights=volume[home >= 0], minlength=n)
    stays = (home >= 0) & (home == work)
    staying = np.bincount(home[stays], weights=volume[stays], minlength=n)
    if rules.employed_column in settlements:
        people = settlements[rules.employed_column].astype("float64")
        known = people.groupby(unit_of.to_numpy()).sum(min_count=1)
        employed = known.reindex(range(n)).to_numpy(dtype=np.float64)
        short = [units[at] for at in np.flatnonzero(total > employed * (1.0 + 1e-9))]
        counted = f"{rules.employed_column} counts in {len(short)} township(s):"
        told = f"{rules.commuting_kind}: more people commute than {counted}"
        refuse("flows", faults_at(told, short, "; correct one of the two"))
    else:
        employed = np.where(staying > 0.0, total, np.nan)
    if np.isnan(employed).all():
        return None
    there = (home >= 0) & (work >= 0) & (home != work) & ~np.isnan(employed[home])
    matrix = sparse.coo_array((volume[there], (home[there], work[there])), shape=(n, n)).tocsr()
    silent = tuple(units[at] for at in np.flatnonzero(np.isnan(employed)))
    return Commuting(matrix, np.nan_to_num(employed), silent)


def functional_area_table(
    ground: Ground,
    unit_types: pd.DataFrame,
    boundaries: gpd.GeoDataFrame,
    cells: UrbanGrid | None,
    commuting: Commuting | Callable[[FloatArray, float], BoolArray],
    rules: FunctionalAreaOptions,
) -> pd.DataFrame:
    """Find the functional urban area of every city, by commuting or by what tells which places are near points."""
    units = unit_types[unit_types["unit_level"] == "township"].reset_index(drop=True)
    if cells is None or why_no_area(unit_types):
        return TABLES["functional_areas"].frame()
    shapes = boundaries.set_index(boundaries["boundary_id"].astype(str)).geometry
    outlines = np.array(shapes.reindex(units["unit_id"]), dtype=object)
    # People of each unit in each urban centre, (units, centres).
    centre = cells.at(cells.x, cells.y)[1]
    inside = np.zeros((len(outlines), int(centre.max(initial=0))))
    for unit, outline in enumerate(outlines):
        if outline is None:
            continue
        people = cells.inside(outline)
        people = people[centre[people] > 0]
        np.add.at(inside[unit], centre[people] - 1, cells.people[people])
    is_city = (_peopled(units) & (units["degurba_level1"] == CITY)).to_numpy(dtype=bool)
    city = np.where(is_city, inside.argmax(axis=1), -1)
    within, to_city = np.full(len(units), np.nan), np.full(len(units), np.nan)
    if isinstance(commuting, Commuting):
        names = np.array([None if at < 0 else str(at) for at in city], dtype=object)
        border, on_edge = _borders(outlines)
        found = functional_urban_areas(
            commuting.flows, commuting.employed, names, border, share=rules.commuting_share, on_edge=on_edge
        )
        area = np.array([-1 if name is None else int(name) for name in found], dtype=np.int64)
        # The share of the employed of each unit who commute to the city of its area.
        for number in np.unique(area[area >= 0]):
            goal = np.flatnonzero(is_city & (area == number))
            members = np.flatnonzero(~is_city & (area == number) & (commuting.employed > 0.0))
            persons = np.asarray(commuting.flows[members][:, goal].sum(axis=1)).ravel()
            to_city[members] = persons / commuting.employed[members]
        parts = np.where(to_city >= rules.commuting_share * (1.0 - 1e-12), "commuting_zone", "enclave")
        method = "fua"
    else:
        near = commuting(cells.centre_points()[1], rules.proxy_min)
        living_in = positions_by(ground.township)
        # The centre near which most people of a unit live, where they are half of them or more.
        area, centres = city.copy(), np.unique(city[city >= 0])
        for at, unit_id in enumerate(units["unit_id"]):
            living = living_in.get(str(unit_id), np.empty(0, dtype=np.int64))
            weight = ground.weight[living]
            if not weight.sum() > 0.0:
                continue
            shares = (weight @ near[living][:, centres]) / weight.sum()
            if city[at] >= 0:
                within[at] = shares[np.searchsorted(centres, city[at])]
            elif shares.max() >= HALF:
                area[at], within[at] = centres[shares.argmax()], shares.max()
        parts, method = np.full(len(units), "catchment"), "fua_proxy"
    leaders = {int(at): int(np.where(city == at, inside[:, at], -1.0).argmax()) for at in np.unique(area[area >= 0])}
    there = np.flatnonzero(area >= 0)
    led = [leaders[int(area[at])] for at in there]
    table = TABLES["functional_areas"].frame(
        {
            "fua_id": units["unit_id"].to_numpy()[led],
            "fua_name": units["name"].to_numpy()[led],
            "fua_method": method,
            "unit_id": units["unit_id"].to_numpy()[there],
            "fua_part": np.where(is_city, "city", parts)[there],
            "centre_share": units["share_30"].to_numpy()[there],
            "commuting_share": to_city[there],
            "within_share": within[there],
            "within_min": rules.proxy_min if method == "fua_proxy" else np.nan,
            "population_persons": units["population_persons"].to_numpy()[there],
        }
    )
    return table.sort_values(["fua_id", "unit_id"], kind="stable", ignore_index=True)


def _borders(outlines: ObjectArray) -> tuple[sparse.csr_array, BoolArray]:
    """Find which units share a border, and which lie on the outer edge of them all."""
    shapes = np.array([shapely.Polygon() if shape is None else shape for shape in outlines], dtype=object)
    rims = shapely.boundary(shapes)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M)
    apart = first != second
    first, second = first[apart], second[apart]
    shared = shapely.length(shapely.intersection(rims[first], shapely.buffer(shapes[second], TOUCH_M)))
    touching = shared > BORDER_M
    pairs = (np.ones(int(touching.sum())), (first[touching], second[touching]))
    border = sparse.coo_array(pairs, shape=(len(shapes), len(shapes))).tocsr()
    whole = shapely.union_all(shapely.buffer(shapes, TOUCH_M))
    outer = shapely.multilinestrings([part.exterior for part in shapely.get_parts(whole)])
    open_to = shapely.length(shapely.intersection(rims, shapely.buffer(outer, 2.0 * TOUCH_M)))
    return border, open_to > BORDER_M
