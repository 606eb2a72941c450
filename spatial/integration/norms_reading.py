"""Reading a norm off the evidence: which service, road or bundle it asks for, and what is known of it where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.norms_evidence import AccessLookup, Places
from spatial.integration.norms_measure import (
    NOTHING_MAPPED,
    Reading,
    Unmeasured,
    doubt_failures,
    join_members,
    none_mapped,
    read_access,
    within,
)
from spatial.integration.norms_presence import (
    count_by_township,
    count_by_village,
    load_road_words,
    road_link,
    satisfied_by,
)
from spatial.integration.register import SEASON_ROADS, split_list

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.integration.norms_evidence import NormEvidence, ServiceWords
    from spatial.integration.norms_presence import RoadWord
    from spatial.integration.norms_rules import Norm, NormRules

    FloatArray = NDArray[np.float64]

__all__ = ["Reader", "services_asked"]

ACCESS_METRICS = frozenset({"time_min", "roundtrip_time_min", "network_dist_m", "dist_m"})
PRESENCE = "presence_in_unit"
ROADS = "roads"


class Reader:
    """Everything that norms are judged on, arranged once for all of them."""

    def __init__(
        self, settlements: gpd.GeoDataFrame, access: pd.DataFrame, rules: NormRules, evidence: NormEvidence
    ) -> None:
        self.rules = rules
        self.evidence = evidence
        self.places = Places(settlements, rules.class_by_tier)
        self._access = AccessLookup(access, self.places.ids)
        self._words = evidence.vocabulary or _packaged_words()
        self._road_words = load_road_words()

    def service_of(self, norm: Norm) -> str:
        """Name the service that a norm's results belong to."""
        return self._resolve(norm.service)[0] or norm.service

    def inventory_of(self, norm: Norm) -> str:
        """Tell how complete the inventory of what a norm asks for is."""
        found = [self._inventory(name) for name in norm.bundle or (norm.service,)]
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
        blank = np.full(len(self.places), np.nan)
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
        service, proxy = self._resolve(norm.service)
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
        reading = self._doubt(value, within(value, norm), service, (f"proxy:{service}",) if proxy else ())
        return self._bounded(reading, service, count=len(counted))

    def _read_service(self, norm: Norm, name: str) -> Reading | Unmeasured:
        if name in SEASON_ROADS:
            return self._season_road(norm, name)
        if name in self._road_words and norm.metric == PRESENCE:
            return self._road_presence(name, self._road_words[name])
        service, proxy = self._resolve(name)
        if not service:
            return Unmeasured(f"no_source:{name}")
        if norm.metric == PRESENCE:
            reading = self._village_presence(norm, service)
        else:
            complete = self._inventory(name) == "complete"
            reading = read_access(
                norm, service, self._access, complete=complete, max_time_min=self.rules.max_time_min
            )
            if isinstance(reading, Reading) and not complete and self._access.nowhere(service):
                reading = none_mapped(reading)
        if isinstance(reading, Reading) and proxy:
            bare = [note for note in reading.notes if note == NOTHING_MAPPED]
            return Reading(reading.value, reading.mapped, reading.strict, (f"proxy:{service}", *bare))
        return reading

    def _season_road(self, norm: Norm, name: str) -> Reading | Unmeasured:
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
        return self._doubt(mapped if link else hoped, mapped, name, ())

    def _road_presence(self, name: str, word: RoadWord) -> Reading | Unmeasured:
        roads = self.evidence.roads
        if roads is None:
            return Unmeasured("not_computed:roads")
        mapped = road_link(self.places.frame.geometry, roads, word)
        return self._doubt(mapped, mapped, name, (f"proxy:{word.column}",) if word.proxy else ())

    def _village_presence(self, norm: Norm, service: str) -> Reading | Unmeasured:
        counting = self._counting(service)
        if counting is None:
            return Unmeasured("not_computed:facilities")
        held = count_by_village(self.places.everywhere, counting, radius_m=self.rules.village_radius_m)
        value = held.reindex(self.places.ids).fillna(0.0).to_numpy(dtype=float)
        reading = self._doubt(value, within(value, norm), service, ())
        return self._bounded(reading, service, count=len(counting))

    def _doubt(self, value: FloatArray, mapped: FloatArray, service: str, notes: tuple[str, ...]) -> Reading:
        complete = self._inventory(service) == "complete"
        return Reading(value, mapped, mapped if complete else doubt_failures(mapped), notes)

    def _bounded(self, reading: Reading, service: str, *, count: int) -> Reading:
        """Say how many facilities may be missing, each of which would be present in one place."""
        number, basis = self.evidence.missing_at_most.get(service, (np.inf, ""))
        if self._inventory(service) == "complete":
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

    def _resolve(self, name: str) -> tuple[str, bool]:
        found = self._words.for_register(name)
        if found is not None:
            return found.id, found.proxy
        return (name, False) if name in self._access.services else ("", False)

    def _inventory(self, name: str) -> str:
        inventory = self.evidence.inventory
        if name in SEASON_ROADS or name in self._road_words:
            return inventory.get(name, inventory.get(ROADS, "unknown"))
        return inventory.get(self._resolve(name)[0] or name, "unknown")


def services_asked(binding: pd.DataFrame, vocabulary: ServiceWords | None = None) -> tuple[str, ...]:
    """
    List the services that the norms in force need in the access table.

    Returns services of the vocabulary, sorted; members of bundles are among them. Compute access to all of
    them, also to those without any facility: their norms are then not met, or not measurable, rather than
    left out.
    """
    words = vocabulary or _packaged_words()
    asking = binding.loc[(binding["in_force"] == "in_force") & binding["metric"].isin(list(ACCESS_METRICS))]
    bundles = asking["bundle_members"].map(split_list)
    wanted = {
        name
        for single, members in zip(asking["service"], bundles, strict=True)
        for name in (members or (single,))
    }
    found = [words.for_register(name) for name in sorted(wanted)]
    return tuple(sorted({service.id for service in found if service is not None}))


def _packaged_words() -> ServiceWords:
    from spatial.sources.services import load_services  # noqa: PLC0415 - read only where the caller brings no words

    words: ServiceWords = load_services()
    return words
