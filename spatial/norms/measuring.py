"""From the access table to a value for each settlement, and to what it says about a norm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.norms.evidence import (
    BEYOND,
    NO_FACILITY,
    REACHED,
    UNKNOWN,
    AccessLookup,
    NormEvidence,
    Places,
    RoadWord,
    count_by_township,
    count_by_village,
    load_road_words,
    road_link,
    satisfied_by,
)
from spatial.norms.law import SEASON_ROADS, Norm, NormRules
from spatial.study.access import full_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


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


@dataclass(frozen=True)
class Unmeasured:
    """Why a norm could not be measured anywhere."""

    reason: str  # A code, with a detail after ``:``


def modes_for(mode: str, studied: Sequence[str]) -> tuple[str, ...]:
    """
    Find the study's modes that a norm's mode means; the fastest of them counts, and none where the study lacks it.

    Times are door to door with the walk at both ends in them, so ``walk+drive`` is the drive, or the walk where that is
    faster; tables call ``bus`` ``walk+bus``.

    >>> modes_for("walk+drive", ["drive", "walk"])
    ('drive', 'walk')
    >>> modes_for("emergency", ["drive", "walk"])
    ()
    >>> modes_for("bus", ["drive", "walk+bus"])
    ('walk+bus',)
    """
    if mode in {"", "any"}:
        return tuple(studied)
    parts = [full_mode(part) for part in mode.split("+")]
    if any(part not in studied and (part != "walk" or len(parts) == 1) for part in parts):
        return ()
    return tuple(name for name in studied if name in parts)


def within(value: FloatArray, norm: Norm) -> FloatArray:
    """Compare values with a norm's threshold, inclusively: 1 within, 0 beyond, NaN unknown."""
    met = value <= norm.threshold if norm.direction == "max" else value >= norm.threshold
    return np.where(np.isnan(value), np.nan, met.astype(np.float64))


def read_access(norm: Norm, service: str, access: AccessLookup, *, max_time_min: float) -> Reading | Unmeasured:
    """Measure a norm on time or distance, as mapped; of several modes the fastest counts."""
    if norm.metric == "roundtrip_time_min" and norm.mode != "walk":
        return Unmeasured("one_way_only")
    modes = access.modes if norm.metric == "dist_m" else modes_for(norm.mode, access.modes)
    if not modes:
        return Unmeasured(f"mode_not_studied:{norm.mode}")
    ways = [way for mode in modes if (way := access.along(service, mode)) is not None]
    if not ways:
        return Unmeasured(f"not_computed:{service}")
    factor = 2.0 if norm.metric == "roundtrip_time_min" else 1.0
    too_short = "time" in norm.metric and norm.threshold > factor * max_time_min
    values = []
    for reach, columns in ways:
        value = factor * columns[_COLUMNS[norm.metric]]
        if norm.metric == "dist_m":
            values.append(np.where(np.isnan(value) & (reach == NO_FACILITY), np.inf, value))
            continue
        if norm.metric == "network_dist_m":
            # The fastest way may be a longer one.
            value = np.fmin(value, columns["shortest_distance_m"])
        value = np.where(reach == REACHED, value, np.inf)
        values.append(np.where((reach == UNKNOWN) | ((reach == BEYOND) & too_short), np.nan, value))
    # Nobody knows the best of them where an unknown one could be smaller and on the other side of the threshold.
    stacked = np.stack(values)
    unknown = np.isnan(stacked)
    best = np.where(unknown, np.inf, stacked).min(axis=0)
    value = np.where(unknown.any(axis=0) & ~(best <= norm.threshold), np.nan, best)
    mapped = within(value, norm)
    return Reading(value, mapped, mapped)


def doubt_failures(reading: Reading) -> Reading:
    """Turn failures into unknowns, as an incomplete inventory asks."""
    return replace(reading, strict=np.where(reading.mapped == 1.0, 1.0, np.nan))


def none_mapped(reading: Reading) -> Reading:
    """Judge nobody by a map that holds nothing of the kind, unless the list of facilities is known to be complete."""
    blank = np.full(len(reading.value), np.nan)
    return Reading(blank, blank, blank, (*reading.notes, NOTHING_MAPPED))


def join_members(readings: Sequence[Reading]) -> Reading:
    """Join the members of a bundle: a place is served where every member is."""
    mapped = _all_of([reading.mapped for reading in readings])
    strict = _all_of([reading.strict for reading in readings])
    stacked = np.stack([reading.value for reading in readings])
    worst = np.where(np.isnan(stacked), -np.inf, stacked).max(axis=0)
    value = np.where(np.isnan(mapped) | np.isneginf(worst), np.nan, worst)
    notes = tuple(sorted({note for reading in readings for note in reading.notes}))
    return Reading(value, mapped, strict, notes, sum(reading.may_turn for reading in readings))


def _all_of(states: Sequence[FloatArray]) -> FloatArray:
    stacked = np.stack(states)
    some_fail = (stacked == 0.0).any(axis=0)
    some_unknown = np.isnan(stacked).any(axis=0)
    return np.where(some_fail, 0.0, np.where(some_unknown, np.nan, 1.0))


# Reading a norm off the evidence: which service, road or bundle it asks for, and what is known of it where.

ACCESS_METRICS = frozenset(_COLUMNS)
PRESENCE = "presence_in_unit"
ROADS = "roads"


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
        return next((name for name in ("unknown", "partial") if name in found), "complete")

    def read(self, norm: Norm) -> Reading | Unmeasured:
        """Read a norm along the settlements."""
        if norm.metric not in ACCESS_METRICS | {PRESENCE}:
            return Unmeasured(f"metric_not_measured:{norm.metric}")
        if not norm.bundle:
            return self._read_service(norm, norm.service)
        found = {name: self._read_service(norm, name) for name in norm.bundle}
        readings = [reading for reading in found.values() if isinstance(reading, Reading)]
        if not readings:
            return Unmeasured(f"no_source:{norm.service}")
        measured = [reading for reading in readings if NOTHING_MAPPED not in reading.notes]
        if not measured:
            return none_mapped(join_members(readings))
        blank = np.full(len(self.places.ids), np.nan)
        missing = [
            Reading(blank, blank, blank, (f"member_not_measured:{name}",))
            for name, reading in found.items()
            if isinstance(reading, Unmeasured) or NOTHING_MAPPED in reading.notes
        ]
        return join_members([*measured, *missing])

    def read_units(self, norm: Norm, townships: pd.Index | None) -> Reading | Unmeasured:
        """Read a norm on presence along the townships, or for the county."""
        if norm.metric != PRESENCE:
            return Unmeasured(f"metric_not_measured:{norm.metric}")
        service, proxy, inventory = self.source_of(norm.service)
        if not service:
            return Unmeasured(f"no_source:{norm.service}")
        counting = self._counting(service)
        if counting is None:
            return Unmeasured("not_computed:facilities")
        counted = self._in_units(counting, service)
        if townships is None:
            value = np.array([float(counted["in_study"].sum())])
        elif len(townships):
            value = count_by_township(counted).reindex(townships).fillna(0.0).to_numpy(dtype=float)
        else:
            return Unmeasured("no_townships")
        mapped = within(value, norm)
        reading = Reading(value, mapped, mapped, (f"proxy:{service}",) if proxy else ())
        reading = self._bounded(reading, service, inventory, count=len(counted))
        return reading if inventory == "complete" else doubt_failures(reading)

    def _read_service(self, norm: Norm, name: str) -> Reading | Unmeasured:
        service, proxy, inventory = self.source_of(name)
        if name in SEASON_ROADS:
            reading = self._season_road(norm)
        elif name in self._road_words and norm.metric == PRESENCE:
            reading = self._road_presence(self._road_words[name])
        elif not service:
            return Unmeasured(f"no_source:{name}")
        else:
            if norm.metric == PRESENCE:
                reading = self._village_presence(norm, service, inventory)
            else:
                reading = read_access(norm, service, self._access, max_time_min=self.rules.max_time_min)
                if isinstance(reading, Reading) and inventory != "complete" and service in self._access.nowhere:
                    reading = none_mapped(reading)
            if isinstance(reading, Reading) and proxy:
                bare = [note for note in reading.notes if note == NOTHING_MAPPED]
                reading = Reading(reading.value, reading.mapped, reading.strict, (f"proxy:{service}", *bare))
        if isinstance(reading, Unmeasured) or inventory == "complete":
            return reading
        return doubt_failures(reading)

    def _season_road(self, norm: Norm) -> Reading | Unmeasured:
        table = self.evidence.last_mile
        if table is None:
            return Unmeasured("not_computed:last_mile")
        if norm.metric not in {"dist_m", PRESENCE}:
            return Unmeasured(f"metric_not_measured:{norm.metric}")
        rows = table.set_index("settlement_id").reindex(self.places.ids)
        known = rows["known_all_season_road_distance_m"].fillna(np.inf).to_numpy(dtype=float)
        hoped = rows["all_season_road_distance_m"].fillna(np.inf).to_numpy(dtype=float)
        link = norm.metric == PRESENCE
        limit = self._road_words["paved_road"].link_distance_m if link else norm.threshold
        mapped = np.where(known <= limit, 1.0, np.where(hoped <= limit, np.nan, 0.0))
        mapped[~self.places.ids.isin(table["settlement_id"])] = np.nan
        return Reading(mapped if link else hoped, mapped, mapped)

    def _road_presence(self, word: RoadWord) -> Reading | Unmeasured:
        roads = self.evidence.roads
        if roads is None:
            return Unmeasured("not_computed:roads")
        mapped = road_link(self.places.frame.geometry, roads, word)
        return Reading(mapped, mapped, mapped, (f"proxy:{word.column}",) if word.proxy else ())

    def _village_presence(self, norm: Norm, service: str, inventory: str) -> Reading | Unmeasured:
        counting = self._counting(service)
        if counting is None:
            return Unmeasured("not_computed:facilities")
        held = count_by_village(self.places.everywhere, counting, radius_m=self.rules.village_radius_m)
        value = held.reindex(self.places.ids).fillna(0.0).to_numpy(dtype=float)
        mapped = within(value, norm)
        return self._bounded(Reading(value, mapped, mapped), service, inventory, count=len(counting))

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
        return None if facilities is None else satisfied_by(facilities, self._words.satisfying(service))

    def _in_units(self, counting: pd.DataFrame, service: str) -> pd.DataFrame:
        """Add facilities without a place, which still count in the unit that their code names."""
        if self.evidence.unplaced is None:
            return counting
        others = satisfied_by(self.evidence.unplaced, self._words.satisfying(service))
        columns = ["township_id", "in_study"]
        return pd.concat([pd.DataFrame(rows).reindex(columns=columns) for rows in (counting, others)])
