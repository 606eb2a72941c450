"""What norms are judged on: access along the settlements, holders of a facility, inventories; and their values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from spatial.access.last_mile import open_edges
from spatial.access.od_pairs import checked_access, id_positions, people_of, require_columns, rows_along, with_ids_of
from spatial.access.options import numbers
from spatial.access.places import Facilities, existing, serves_where_it_stands
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.crs import require_metres
from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.indices.groups import read_classes
from spatial.inputs.services import Vocabulary
from spatial.norms.law import ROADS, SEASON_ROADS, Norm, NormRules, RoadWord, load_road_words
from spatial.outlines import brought_to, require_shapes, shapes_of
from spatial.study.access import full_mode
from spatial.study.outputs import OfficialFacilities
from spatial.tables import TABLES
from spatial.tables.words import REACH_STATUS

# How many facilities a study may lack: declared complete, counted officially, or estimated from list and map.

MIN_MATCHED = 7
"""With fewer in both the estimate may be biased (Robson and Regier 1964)."""

MOST_BY_NAME = 0.2
"""Where a larger share of a list was located by name, one facility may stand in list and map and not be matched."""

INVENTORY = ("complete", "partial", "unknown")
"""How complete the facilities of a service may be declared, the best known first."""

_WEAKEST = ("capture_recapture", "official", "declared")

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """
    A number estimated from two counts.

    Parameters
    ----------
    number : float
        The estimate; NaN where it is not made.
    lower : float
        Lower end of its 95 % interval.
    upper : float
        Upper end of its 95 % interval.
    """

    number: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


def capture_recapture(in_list: float, on_map: float, matched: float) -> Estimate:
    """
    Estimate how many there are from how many are in a list, on the map and in both.

    Chapman's estimate ``N = (n1 + 1)(n2 + 1) / (m + 1) - 1`` with the variance of Seber (1970),
    ``(n1 + 1)(n2 + 1)(n1 - m)(n2 - m) / ((m + 1)^2 (m + 2))``, and the log-normal interval of Chao (1987), which never
    goes below the S that are known: ``S + (N - S) / C``, down to a whole number, to ``S + (N - S) C``,
    ``C = exp(1.96 sqrt(ln(1 + var / (N - S)^2)))``. It takes list and map for made independently of each other: where
    one was made from the other, too few are estimated.

    Parameters
    ----------
    in_list, on_map, matched : float
        Numbers, finite; `matched` is in both, and so in each of the two.

    Returns
    -------
    Estimate
        NaN where fewer than `MIN_MATCHED` are in both, or nobody knows how many are.

    Raises
    ------
    ContractError
        Where more are in both than in one of the two, or a number is infinite.

    Examples
    --------
    >>> found = capture_recapture(20, 15, 10)
    >>> round(found.number, 2), round(found.lower, 2), round(found.upper, 2)
    (29.55, 26, 41.8)
    """
    in_list, on_map, matched = numbers("options", "in_list, on_map, matched", [in_list, on_map, matched]).tolist()
    if matched > min(in_list, on_map) or math.inf in (in_list, on_map):
        raise ContractError("options", [f"matched: {matched:g} are in both of {in_list:g} and {on_map:g}; count again"])
    if not matched >= MIN_MATCHED:
        return Estimate()
    one, two, both = in_list + 1.0, on_map + 1.0, matched + 1.0
    number = one * two / both - 1.0
    variance = one * two * (in_list - matched) * (on_map - matched) / (both**2 * (both + 1.0))
    known = in_list + on_map - matched
    unseen = number - known
    if unseen <= 0 or variance == 0:
        return Estimate(number, known, max(number, known))
    factor = math.exp(Z_95 * math.sqrt(math.log1p(variance / unseen**2)))
    # Down to a whole number: where nothing is missing, parts of one facility would keep the truth out of the interval.
    return Estimate(number, max(known, math.floor(known + unseen / factor)), known + unseen * factor)


class Inventory(NamedTuple):
    """How complete the facilities of a study are."""

    table: pd.DataFrame  # by the contract of the table `inventory`
    # complete, partial or unknown by service, as declared; never complete where the office counts more than there are
    believed: dict[str, str]
    # how many of everything that counts for a service may be missing, and the word for what that rests on
    missing_at_most: dict[str, tuple[float, str]]


def take_inventory(
    facilities: pd.DataFrame,
    *,
    declared: Mapping[str, str],
    official: Mapping[str, OfficialFacilities],
    vocabulary: Vocabulary,
) -> Inventory:
    """Say how complete the facilities of the study area are: as declared, as officially counted, or as estimated."""
    counted = facilities.loc[facilities["in_study"] & (facilities["status"] == "existing")]
    # What a scenario opens is in no source.
    found_in = counted.get("found_in", pd.Series("map", index=counted.index))
    # A row counts the services that its official number counts, else its own at every level.
    named = {name: official[name].services if name in official else () for name in {*counted["service"], *official}}
    kinds = {name: frozenset(named[name]) or vocabulary.by_level(name) for name in sorted(named)}
    rows: dict[str, dict[str, Any]] = {}
    for name, counting in kinds.items():
        number = official.get(name)
        counts = math.nan if number is None else number.value
        chosen = counted["service"].isin(list(counting))
        words = {declared.get(part, "unknown") for part in named[name] or (name,)}
        ours, said = float(chosen.sum()), next(word for word in ("unknown", "partial", "complete") if word in words)
        ways = found_in[chosen].value_counts()
        both = float(ways.get("both", 0))
        in_list, on_map = float(ways.get("list", 0)) + both, float(ways.get("map", 0)) + both
        # List and map cannot be told to share facilities where many rows were located by their name.
        by_name, listed = 0, 0
        if "placed_by" in counted and "found_in" in counted:
            of_list = chosen & counted["found_in"].isin(["list", "both"])
            listed, by_name = of_list.sum(), (of_list & counted["placed_by"].eq("name")).sum()
        estimate = capture_recapture(in_list, on_map, both if by_name <= MOST_BY_NAME * listed else math.nan)
        opened = float(found_in[chosen].isna().sum())
        estimate = Estimate(estimate.number + opened, estimate.lower + opened, estimate.upper + opened)
        basis, low, high, missing = "none", math.nan, math.nan, math.nan
        if said == "complete" and not counts > ours:
            basis, low, high, missing = "declared", 1.0, 1.0, 0.0
        elif not math.isnan(counts):
            share = ours / counts if counts else 1.0 if ours == 0 else math.nan
            basis, low, high = "official", share, share
            missing = math.ceil(counts - ours) if ours <= counts else math.nan
        elif not math.isnan(estimate.number):
            basis, low, high = "capture_recapture", ours / estimate.upper, ours / estimate.lower
            missing = math.floor(estimate.upper - ours + 1e-9)
        rows[name] = {
            "service": name,
            "facilities": ours,
            "in_list": in_list,
            "on_map": on_map,
            "matched": both,
            "official": counts,
            "estimated": estimate.number,
            "estimated_lower": estimate.lower,
            "estimated_upper": estimate.upper,
            "completeness_lower": low,
            "completeness_upper": high,
            "missing_at_most": float(missing),
            "basis": basis,
            "declared": said,
            "source": "" if number is None else number.source,
        }
    exceeded = [name for name, row in rows.items() if row["declared"] == "complete" and row["basis"] == "official"]
    doubted = {kind for name in exceeded for kind in kinds[name]}
    # What counts for a service is added up, each kind once.
    most = {}
    for name in rows:
        parts, covered = {name}, set(kinds[name])
        for part in sorted(vocabulary.satisfying(name)):
            if part not in covered and part in rows:
                parts.add(part)
                covered |= kinds[part]
        total = float(np.sum([rows[part]["missing_at_most"] for part in sorted(parts)]))
        if not math.isnan(total):
            bases = {rows[part]["basis"] for part in parts}
            most[name] = (total, next(word for word in _WEAKEST if word in bases))
    return Inventory(
        TABLES["inventory"].frame(list(rows.values())),
        {service: "partial" if service in doubted else word for service, word in declared.items()},
        most,
    )


# What norms are judged on: settlements in one order, access as arrays along them, words for services, inventories.

REACHED = REACH_STATUS.index("reached")
BEYOND = REACH_STATUS.index("beyond_cutoff")
NO_FACILITY = REACH_STATUS.index("no_facility")
UNKNOWN = REACH_STATUS.index("unknown")
ACCESS_COLUMNS = ("settlement_id", "service", "mode", "reach_status")
"""Without these the access table tells nothing."""
ACCESS_NUMBERS = ("travel_time_min", "network_distance_m", "shortest_distance_m", "straight_distance_m")
"""Times and distances, which are read where they stand."""


@dataclass(frozen=True)
class NormEvidence:
    """
    What is known beside settlements and access. Every part may be missing: its norms are then not measurable.

    Parameters
    ----------
    vocabulary : Vocabulary, optional
        Which service stands for which name of the register; the packaged one by default.
    inventory : mapping of str to str
        ``complete``, ``partial`` or ``unknown`` by service; unknown where nothing is said. ``roads`` speaks for
        every kind of road. Only a complete inventory turns "none is mapped" into "there is none".
    missing_at_most : mapping of str to tuple of (float, str)
        By service, how many facilities may be missing at most and the word for what that rests on: bounds the failures
        of norms on presence that an incomplete inventory leaves in doubt.
    facilities : GeoDataFrame, optional
        For norms on presence, by the contract of the table of that name. A column `settlement_id` says where a
        facility stands; where it names none of the settlements, the nearest one counts.
    unplaced : DataFrame, optional
        Facilities without a place, by the contract of the table of that name; norms on presence count them in the
        township of their unit code.
    boundaries : DataFrame, optional
        Townships of the study are its rows with `is_unit`; without it, the townships that settlements name.
    last_mile : DataFrame, optional
        For norms on the all-season road.
    roads : GeoDataFrame, optional
        Lines with `road_class` and `surface` (roads or network edges), for norms on paved and graded roads; edges that
        are closed both ways do not count.
    """

    vocabulary: Vocabulary | None = None
    inventory: Mapping[str, str] = field(default_factory=dict)
    missing_at_most: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    facilities: gpd.GeoDataFrame | None = None
    unplaced: pd.DataFrame | None = None
    boundaries: pd.DataFrame | None = None
    last_mile: pd.DataFrame | None = None
    roads: gpd.GeoDataFrame | None = None


class Places:
    """The scored settlements, sorted by id."""

    def __init__(self, settlements: gpd.GeoDataFrame, class_by_tier: Mapping[str, str]) -> None:
        require_columns("settlements", settlements, ("settlement_id",))
        if "population_persons" in settlements:
            people_of(settlements)
        ids = settlements["settlement_id"]
        problems = []
        lost = np.flatnonzero(ids.isna())
        problems += faults_at(f"settlement_id: missing in {len(lost)} row(s)", lost, "; give each its own")
        twice = ids[ids.duplicated() & ids.notna()].unique()
        problems += faults_at("settlement_id: more than once:", twice, "; keep one row a settlement")
        refuse("settlements", problems)
        # An index may have a column's name, and categories stand in an order of their own.
        kinds = {name: settlements[name].dtype for name in {"settlement_id", "township_id"} & set(settlements)}
        categories = {n: kind.categories.dtype for n, kind in kinds.items() if isinstance(kind, pd.CategoricalDtype)}
        ordered = settlements.reset_index(drop=True).astype(categories)
        is_mixed = pd.api.types.infer_dtype(ordered["settlement_id"]).startswith("mixed")  # numbers among texts
        by_text = (lambda ids: ids.map(str)) if is_mixed else None
        ordered = ordered.sort_values("settlement_id", kind="stable", key=by_text)
        self.everywhere = ordered.reset_index(drop=True)
        self.inside = np.asarray(ordered.get("in_study", np.ones(len(ordered))), dtype=bool)
        self.frame = self.everywhere.loc[self.inside].reset_index(drop=True)
        self.ids = pd.Index(self.frame["settlement_id"])
        tiers = self.frame["tier"].astype(object).fillna("") if "tier" in self.frame else [""] * len(self.frame)
        self.tiers = np.array(tiers, dtype=object)
        fallback = np.array([class_by_tier.get(tier, "") for tier in tiers], dtype=object)
        self.settlement_class = fallback
        if "official_class" in self.frame:
            official = read_classes("settlements", self.frame["official_class"], len(self.frame))
            self.settlement_class = np.where(official == "", fallback, official)
        nowhere = pd.Series(None, index=self.frame.index, dtype="str")
        codes, townships = pd.factorize(self.frame.get("township_id", nowhere), sort=True)
        self.township_ids, self.township_codes = pd.Index(townships), codes.astype(np.int64)


class Way(NamedTuple):
    """How the scored settlements reach a service in a mode, along them."""

    reach: IntArray  # positions in `REACH_STATUS`; unknown where the access table has no row
    numbers: Mapping[str, FloatArray]  # `ACCESS_NUMBERS`; NaN where missing


class AccessLookup:
    """The access table as arrays along the scored settlements."""

    def __init__(self, access: pd.DataFrame, ids: pd.Index) -> None:
        require_columns("access", access, ACCESS_COLUMNS)
        measured = [name for name in ACCESS_NUMBERS if name in access]
        access = checked_access(access, ("settlement_id", *measured))
        strange = set(map(str, access["reach_status"].dropna().unique())) - set(REACH_STATUS)
        refuse("access", faults_at("reach_status:", sorted(strange), f" is not one of {', '.join(REACH_STATUS)}"))
        key = ["settlement_id", "service", "mode"]
        twice = access.loc[access.duplicated(key), key].drop_duplicates()
        named = map("/".join, twice.astype(str).to_numpy())
        refuse("access", faults_at(f"{', '.join(key)}: more than one row of", named, "; keep one of each", limit=3))
        # Access of other places judges nobody and says so of nobody; a table without rows says it of all.
        self._size, self._codes = len(ids), ids.get_indexer(pd.Index(access["settlement_id"]))
        without = ids[~np.isin(np.arange(len(ids)), self._codes)]
        if len(access) and len(without):
            told = f"settlement_id: no row of {len(without)} of {len(ids)} settlements {first_of(without)}"
            remedy = "compute access for them, or add rows with reach_status unknown; ids must be written alike (texts)"
            raise ContractError("access", [f"{told}; {remedy}"])
        reach = pd.Categorical(access["reach_status"], categories=list(REACH_STATUS)).codes
        self._reach = reach.astype(np.int64)
        self._numbers = {name: access[name].to_numpy() for name in measured}
        groups: dict[Any, Any] = access.reset_index(drop=True).groupby(["service", "mode"], observed=True).indices
        self._rows: dict[tuple[str, str], NDArray[np.intp]] = {
            (str(service), str(mode)): rows for (service, mode), rows in groups.items()
        }
        self.modes = tuple(sorted({mode for _, mode in self._rows}))
        self.services = frozenset(service for service, _ in self._rows)
        # Services of which no facility is there for anybody, in any mode.
        there = {service for (service, _), rows in self._rows.items() if (self._reach[rows] != NO_FACILITY).any()}
        self.nowhere = self.services - there

    def along(self, service: str, mode: str) -> Way | None:
        """Read how the scored settlements reach a service in a mode; None where that was not computed."""
        rows = self._rows.get((service, mode))
        if rows is None:
            return None
        rows = rows[self._codes[rows] >= 0]
        codes = self._codes[rows]
        reach = np.full(self._size, UNKNOWN, dtype=np.int64)
        reach[codes] = self._reach[rows]
        along = {name: np.full(self._size, np.nan) for name in ACCESS_NUMBERS}
        for name, values in self._numbers.items():
            along[name][codes] = values[rows]
        return Way(reach, along)


# Presence: which villages, townships and counties hold a facility, and which villages a road reaches.

SLACK = 1.0 + 1e-9
"""Widens a search a little, so that what lies exactly at the radius is found; the exact test follows."""


def count_by_village(settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, radius_m: float) -> FloatArray:
    """Count the facilities that stand in each village, along settlements in the order of their ids."""
    own = facilities.get("settlement_id", pd.Series(None, index=facilities.index, dtype="str"))
    named = id_positions(own, pd.Index(settlements["settlement_id"]))
    loose = facilities.loc[named < 0]
    crs = require_metres(settlements.crs, what="settlements")
    points = settlements.geometry.to_numpy()
    if len(loose):
        require_shapes("facilities", loose)
        loose = brought_to(loose, crs, what="facilities")
    tree = shapely.STRtree(points)
    shapes = shapes_of(loose.geometry) if len(loose) else np.array([], dtype=object)
    which, where = tree.query_nearest(shapes, max_distance=max(radius_m, 1e-6) * SLACK)
    near = shapely.distance(shapes[which], points[where]) <= radius_m
    holders = pd.Series(where[near]).groupby(which[near]).min()
    held = np.append(named[named >= 0], holders)
    return np.bincount(held, minlength=len(settlements)).astype(np.float64)


def nearest_road_m(points: gpd.GeoSeries, roads: gpd.GeoSeries, *, radius_m: float) -> FloatArray:
    """Measure the straight distance of points to the nearest of some roads; inf beyond the radius."""
    distance = np.full(len(points), np.inf)
    tree = shapely.STRtree(roads.to_numpy())
    pairs, metres = tree.query_nearest(
        points.to_numpy(), max_distance=radius_m * SLACK, return_distance=True, all_matches=False
    )
    distance[pairs[0]] = metres
    distance[distance > radius_m] = np.inf
    return distance


def road_link(points: gpd.GeoSeries, roads: gpd.GeoDataFrame, word: RoadWord) -> FloatArray:
    """Tell which places a road of some kind reaches: 1 or 0; NaN where only one of unknown kind is near enough."""
    kind = roads[word.column] if word.column in roads else pd.Series(None, index=roads.index, dtype="str")
    sure = kind.isin(list(word.yes))
    open_ = ~sure & ~kind.isin(list(word.no))
    radius = word.link_distance_m
    linked = np.isfinite(nearest_road_m(points, roads.loc[sure].geometry, radius_m=radius))
    perhaps = np.isfinite(nearest_road_m(points, roads.loc[open_].geometry, radius_m=radius))
    return np.where(linked, 1.0, np.where(perhaps, np.nan, 0.0))


def satisfied_by(facilities: Facilities, services: frozenset[str]) -> Facilities:
    """Keep the facilities that count for a service today."""
    today = existing(facilities)
    require_columns("facilities", today, ("service",))
    return today.loc[today["service"].isin(list(services)) & serves_where_it_stands(today)]


# Measuring: from the access table to a value for each settlement and to what it says about the norm.

NOTHING_MAPPED = "nothing_mapped"
"""Reason of a result on a service of which nothing is mapped, where nobody declared the list complete."""
_COLUMNS = {
    "time_min": "travel_time_min",
    "roundtrip_time_min": "travel_time_min",
    "network_dist_m": "network_distance_m",
    "dist_m": "straight_distance_m",
}
"""The column of the access table that each metric is read from."""


@dataclass(frozen=True)
class Reading:
    """What is known of one norm along the settlements, or along the townships."""

    value: FloatArray  # in the norm's unit; `inf` = none reached, NaN = unknown
    mapped: FloatArray  # 1 met, 0 not met, NaN unknown: as if the map held every facility
    strict: FloatArray  # the same with what may be missing from the map counted as unknown
    notes: tuple[str, ...] = ()  # codes to print with the norm, such as ``proxy:hospital``
    # so many facilities at most may be missing, each of which may turn one place whose failure is in doubt;
    # `inf` where nobody knows, or where one facility may serve any number of places
    may_turn: float = np.inf


def modes_for(mode: str, studied: Sequence[str]) -> tuple[str, ...]:
    """
    Find the study's modes that a norm's mode means; the fastest of them counts, and none where the study lacks it.

    Times are door to door with the walk at both ends in them, so ``walk+drive`` is the drive, or the walk where that is
    faster; tables call ``bus`` ``walk+bus``. A study may also travel by both networks in one, as ``walk+drive``.
    """
    if mode in {"", "any"}:
        return tuple(studied)
    parts = [full_mode(part) for part in mode.split("+")]
    if mode not in studied and any(part not in studied and (part != "walk" or len(parts) == 1) for part in parts):
        return ()
    return tuple(name for name in studied if name in {mode, *parts})


def within(value: FloatArray, norm: Norm) -> FloatArray:
    """Compare values with a norm's threshold, inclusively: 1 within, 0 beyond, NaN unknown."""
    met = value <= norm.threshold if norm.direction == "max" else value >= norm.threshold
    return np.where(np.isnan(value), np.nan, met.astype(np.float64))


def read_access(norm: Norm, service: str, access: AccessLookup, *, max_time_min: float) -> Reading | str:
    """Measure a norm on time or distance, as mapped, or say why not; of several modes the fastest counts."""
    if norm.metric == "roundtrip_time_min" and norm.mode != "walk":
        return "one_way_only"
    modes = access.modes if norm.metric == "dist_m" else modes_for(norm.mode, access.modes)
    if not modes:
        return f"mode_not_studied:{norm.mode}"
    ways = [way for mode in modes if (way := access.along(service, mode)) is not None]
    if not ways:
        return f"not_computed:{service}"
    factor = 2.0 if norm.metric == "roundtrip_time_min" else 1.0
    too_short = "time" in norm.metric and norm.threshold > factor * max_time_min
    values = []
    for reach, columns in ways:
        value = factor * columns[_COLUMNS[norm.metric]]
        if norm.metric == "dist_m":
            values.append(np.where(np.isnan(value) & (reach == NO_FACILITY), np.inf, value))
            continue
        may_be_near: BoolArray | bool = too_short
        if norm.metric == "network_dist_m":
            # The fastest way may be a longer one, and one that takes too long may be short enough.
            value = np.fmin(value, columns["shortest_distance_m"])
            may_be_near = np.isnan(value) & ~(columns["straight_distance_m"] > norm.threshold)
        value = np.where((reach != REACHED) & np.isnan(value), np.inf, value)
        values.append(np.where((reach == UNKNOWN) | ((reach == BEYOND) & may_be_near), np.nan, value))
    # Nobody knows the best of them where an unknown one could be smaller and on the other side of the threshold.
    stacked = np.stack(values)
    unknown = np.isnan(stacked)
    best = np.where(unknown, np.inf, stacked).min(axis=0)
    is_open = within(best, norm) != (norm.direction == "max")
    value = np.where(unknown.any(axis=0) & is_open, np.nan, best)
    mapped = within(value, norm)
    return Reading(value, mapped, mapped)


def doubt_failures(reading: Reading, *, direction: str = "max") -> Reading:
    """Turn into unknowns what another facility could change: failures, or what is far enough from all of them."""
    sure = 0.0 if direction == "min" else 1.0
    return replace(reading, strict=np.where(reading.mapped == sure, sure, np.nan))


def none_mapped(reading: Reading) -> Reading:
    """Judge nobody by a map that holds nothing of the kind, unless the list of facilities is known to be complete."""
    blank = np.full(len(reading.value), np.nan)
    return Reading(blank, blank, blank, (*reading.notes, NOTHING_MAPPED))


def join_members(readings: Sequence[Reading], *, direction: str) -> Reading:
    """Join the members of a bundle: a place is served where every member is, and the worst value is its own."""
    mapped = _all_of([reading.mapped for reading in readings])
    strict = _all_of([reading.strict for reading in readings])
    worst = (np.fmax if direction == "max" else np.fmin).reduce([reading.value for reading in readings])
    value = np.where(np.isnan(mapped), np.nan, worst)
    notes = tuple(sorted({note for reading in readings for note in reading.notes}))
    return Reading(value, mapped, strict, notes, sum(reading.may_turn for reading in readings))


def _all_of(states: Sequence[FloatArray]) -> FloatArray:
    stacked = np.stack(states)
    return np.where((stacked == 0.0).any(axis=0), 0.0, stacked.min(axis=0))  # NaN where one is


# Reading a norm off the evidence: which service, road or bundle it asks for, and what is known of it where.

ACCESS_METRICS = frozenset(_COLUMNS)
PRESENCE = "presence_in_unit"


class Source(NamedTuple):
    """What a word of the register stands for in a study."""

    service: str  # empty where nothing measures it
    proxy: bool  # whether the service only stands in for what the norm means
    inventory: str  # complete, partial or unknown: whether every facility of it is known


class Reader:
    """Everything that norms are judged on, arranged once for all of them."""

    def __init__(
        self, settlements: gpd.GeoDataFrame, access: pd.DataFrame, rules: NormRules, evidence: NormEvidence
    ) -> None:
        self.rules = rules
        self.evidence = evidence
        self.places = Places(settlements, rules.class_by_tier)
        self._access = AccessLookup(access, self.places.ids)
        words = evidence.vocabulary
        if words is None:
            from spatial.inputs.services import load_services  # noqa: PLC0415 - read only where the caller brings none

            words = load_services()
        self._words = words
        self._road_words = load_road_words()
        strange = sorted({str(word) for word in evidence.inventory.values()} - set(INVENTORY))
        refuse("options", faults_at("inventory:", strange, f" is not one of {', '.join(INVENTORY)}"))

    def source_of(self, name: str) -> Source:
        """Find what a word of the register stands for; `roads` speaks for every kind of road."""
        known, found = self.evidence.inventory, self._words.for_register(name)
        service = found.id if found is not None else name if name in self._access.services else ""
        if name in SEASON_ROADS or name in self._road_words:
            inventory = known.get(name, known.get(ROADS, "unknown"))
        else:
            inventory = known.get(service or name, "unknown")
        return Source(service, found is not None and found.proxy, inventory)

    def inventory_of(self, norm: Norm) -> str:
        """Tell how complete the inventory of what a norm asks for is."""
        found = [self.source_of(name).inventory for name in norm.bundle or (norm.service,)]
        return next(name for name in reversed(INVENTORY) if name in found)

    def read(self, norm: Norm) -> Reading | str:
        """Read a norm along the settlements, or say why nothing measures it: a code, with a detail after ``:``."""
        if norm.metric not in ACCESS_METRICS | {PRESENCE}:
            return f"metric_not_measured:{norm.metric}"
        if not norm.bundle:
            return self._read_service(norm, norm.service)
        found = {name: self._read_service(norm, name) for name in norm.bundle}
        readings = [reading for reading in found.values() if isinstance(reading, Reading)]
        if not readings:
            return f"no_source:{norm.service}"
        measured = [reading for reading in readings if NOTHING_MAPPED not in reading.notes]
        if not measured:
            return none_mapped(join_members(readings, direction=norm.direction))
        blank = np.full(len(self.places.ids), np.nan)
        missing = [
            Reading(blank, blank, blank, (f"member_not_measured:{name}",))
            for name, reading in found.items()
            if isinstance(reading, str) or NOTHING_MAPPED in reading.notes
        ]
        return join_members([*measured, *missing], direction=norm.direction)

    def read_units(self, norm: Norm, townships: pd.Index | None) -> Reading | str:
        """Read a norm on presence along the townships, or for the county."""
        if norm.metric != PRESENCE:
            return f"metric_not_measured:{norm.metric}"
        service, proxy, inventory = self.source_of(norm.service)
        if not service:
            return f"no_source:{norm.service}"
        counting = self._counting(service)
        if counting is None:
            return "not_computed:facilities"
        # Facilities without a place still count in the unit that their code names.
        counted, unplaced = pd.DataFrame(counting), self.evidence.unplaced
        if unplaced is not None:
            others = satisfied_by(unplaced, self._counted_for(service))
            columns = ["township_id", "in_study"]
            counted = pd.concat([pd.DataFrame(rows).reindex(columns=columns) for rows in (counting, others)])
        if townships is None:
            value = np.array([float(counted["in_study"].sum() if "in_study" in counted else len(counted))])
        elif len(townships) and "township_id" in counted:
            home = id_positions(counted["township_id"], townships)
            value = np.bincount(home[home >= 0], minlength=len(townships)).astype(np.float64)
        else:
            return "no_townships"
        mapped = within(value, norm)
        reading = Reading(value, mapped, mapped, (f"proxy:{service}",) if proxy else ())
        reading = self._bounded(reading, service, inventory, count=len(counted))
        return reading if inventory == "complete" else doubt_failures(reading)

    def _read_service(self, norm: Norm, name: str) -> Reading | str:
        """Read along the settlements what one service or road is to them: its presence, or the way to it."""
        service, proxy, inventory = self.source_of(name)
        is_presence = norm.metric == PRESENCE
        if name in SEASON_ROADS:
            table = self.evidence.last_mile
            if table is None:
                return "not_computed:last_mile"
            if norm.metric not in {"dist_m", PRESENCE}:
                return f"metric_not_measured:{norm.metric}"
            columns = ("known_all_season_road_distance_m", "all_season_road_distance_m")
            table = checked_access(table, ("settlement_id", *columns), name="last_mile")
            table = with_ids_of(self.places.everywhere, table, name="last_mile")
            rows = rows_along(table, self.places.ids, name="last_mile")
            known, hoped = (rows[column].fillna(np.inf).to_numpy(dtype=float) for column in columns)
            limit = self._road_words["paved_road"].link_distance_m if is_presence else norm.threshold
            mapped = np.where(known <= limit, 1.0, np.where(hoped <= limit, np.nan, 0.0))
            mapped[~self.places.ids.isin(table["settlement_id"])] = np.nan
            reading = Reading(mapped if is_presence else hoped, mapped, mapped)
        elif is_presence and name in self._road_words:
            word = self._road_words[name]
            if self.evidence.roads is None:
                return "not_computed:roads"
            require_shapes("settlements", self.places.frame)
            crs = require_metres(self.places.frame.crs, what="settlements")
            roads = brought_to(self.evidence.roads, crs, what="roads")
            mapped = road_link(self.places.frame.geometry, roads.loc[open_edges(roads)], word)
            reading = Reading(mapped, mapped, mapped, (f"proxy:{word.column}",) if word.proxy else ())
        elif not service:
            return f"no_source:{name}"
        else:
            if is_presence:
                counting = self._counting(service)
                if counting is None:
                    return "not_computed:facilities"
                require_shapes("settlements", self.places.everywhere)
                held = count_by_village(self.places.everywhere, counting, radius_m=self.rules.village_radius_m)
                value = held[self.places.inside]
                mapped = within(value, norm)
                reading = self._bounded(Reading(value, mapped, mapped), service, inventory, count=len(counting))
            else:
                found = read_access(norm, service, self._access, max_time_min=self.rules.max_time_min)
                if isinstance(found, str):
                    return found
                is_unmapped = inventory != "complete" and service in self._access.nowhere
                reading = none_mapped(found) if is_unmapped else found
            if proxy:
                bare = [note for note in reading.notes if note == NOTHING_MAPPED]
                reading = Reading(reading.value, reading.mapped, reading.strict, (f"proxy:{service}", *bare))
        return reading if inventory == "complete" else doubt_failures(reading, direction=norm.direction)

    def _bounded(self, reading: Reading, service: str, inventory: str, *, count: int) -> Reading:
        """Say how many facilities may be missing, each of which would be present in one place."""
        number, basis = self.evidence.missing_at_most.get(service, (np.inf, ""))
        if inventory == "complete":
            return replace(reading, may_turn=0.0)
        if not count and not np.isfinite(number):
            return none_mapped(reading)
        notes = (*reading.notes, f"missing_by_{basis}:{number:.0f}") if np.isfinite(number) else reading.notes
        return replace(reading, may_turn=number, notes=notes)

    def _counting(self, service: str) -> gpd.GeoDataFrame | None:
        facilities = self.evidence.facilities
        return None if facilities is None else satisfied_by(facilities, self._counted_for(service))

    def _counted_for(self, service: str) -> frozenset[str]:
        """Name what counts for a service: one that the access table alone knows stands for itself."""
        return self._words.satisfying(service) | {service}


# Whom a norm asks about: settlements in its scope, and the people or places that its share is a share of.

PLACE_UNITS = {"administrative_village": "village", "habitation": "", "county_seat": "county_seat"}
"""Statistical units that are settlements, with the tier that they have; empty for every tier."""
AREA_UNITS = ("township", "county")
SIZED_UNIT = re.compile(r"(?P<unit>habitation|county_seat)_pop(?P<persons>\d+)(?P<thousand>k?)")


@dataclass(frozen=True)
class Scope:
    """Whom a norm asks about, along the scored settlements."""

    inside: FloatArray  # 1 in scope, 0 not, NaN unknown
    exempt: BoolArray  # settlements that the norm asks nothing of, by name; they are not `inside`
    persons: FloatArray  # people concerned; NaN = unknown
    share_of: str  # what the norm's share is a share of
    unit: str  # ``settlement``, ``township`` or ``county``: what `places` are


def least_persons(stat_unit: str) -> float:
    """Say how many people a place has at least that a statistical unit counts; 0 where places of every size count."""
    sized = SIZED_UNIT.fullmatch(stat_unit)
    return float(sized["persons"]) * (1000 if sized["thousand"] else 1) if sized else 0.0


def find_scope(norm: Norm, places: Places, rules: NormRules) -> Scope | str:
    """Find whom a norm asks about."""
    if norm.scope == "metropolitan_area":
        return "scope_unknown:metropolitan_area"
    # A norm counts areas, settlements of a tier, some of them from a number of people on, or else people.
    is_area, sized = norm.stat_unit in AREA_UNITS, SIZED_UNIT.fullmatch(norm.stat_unit)
    unit = sized["unit"] if sized else norm.stat_unit
    counts_places, tier = is_area or unit in PLACE_UNITS, PLACE_UNITS.get(unit, "")
    column = rules.stat_columns.get(norm.stat_unit, f"{norm.stat_unit}_persons")
    column = "population_persons" if counts_places else column
    is_there, is_told = column in places.frame, not tier or "tier" in places.frame
    if not is_told or not (is_there or counts_places or norm.stat_unit == "population"):
        return f"no_stat_unit:{norm.stat_unit}"
    persons = numbers("settlements", column, places.frame[column]) if is_there else np.full(len(places.ids), np.nan)
    inside = np.ones(len(places.ids))
    if norm.scope != "all":
        own = (places.settlement_class == norm.scope).astype(float)
        inside = np.where(places.settlement_class == "", np.nan, own)
    if tier:
        inside = _both(inside, (places.tiers == tier).astype(float))
    if sized:
        is_large = persons >= least_persons(norm.stat_unit)
        inside = _both(inside, np.where(np.isnan(persons), np.nan, is_large.astype(float)))
    exempt = places.ids.isin(list(rules.exempt.get(norm.id, ())))
    return Scope(
        inside=np.where(exempt, 0.0, inside),
        exempt=exempt & (inside != 0),
        persons=persons,
        share_of="places" if counts_places else "persons",
        unit=norm.stat_unit if is_area else "settlement",
    )


def _both(first: FloatArray, second: FloatArray) -> FloatArray:
    """Join two conditions: 1 where both hold, 0 where one does not, NaN where that is unknown."""
    return np.where((first == 0) | (second == 0), 0.0, first * second)
