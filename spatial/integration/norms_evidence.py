"""What norms are judged on: settlements in one order, access as arrays along them, words for services, inventories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from spatial.access.options import numbers
from spatial.errors import ContractError, first_of
from spatial.integration.classes import read_classes
from spatial.tables import REACH_STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["AccessLookup", "NormEvidence", "Places", "ServiceWords"]

REACHED = REACH_STATUS.index("reached")
BEYOND = REACH_STATUS.index("beyond_cutoff")
NO_FACILITY = REACH_STATUS.index("no_facility")
UNKNOWN = REACH_STATUS.index("unknown")
ACCESS_COLUMNS = ("settlement_id", "service", "mode", "reach_status")
"""Without these the access table tells nothing; times and distances are read where they stand."""


class NamedService(Protocol):
    """A service of a vocabulary, as far as norms ask."""

    @property
    def id(self) -> str:
        """Its id, as in the access table."""

    @property
    def proxy(self) -> bool:
        """Whether it only stands in for what the norm asks for."""


class ServiceWords(Protocol):
    """A vocabulary of services, as far as norms ask; `spatial.sources.services.Vocabulary` is one."""

    def for_register(self, name: str) -> NamedService | None:
        """Find the service that stands for a register's service name; None where there is none."""

    def satisfying(self, service: str) -> frozenset[str]:
        """Name the services whose facilities count for a service."""


@dataclass(frozen=True)
class NormEvidence:
    """
    What is known beside settlements and access. Every part may be missing: its norms are then not measurable.

    Parameters
    ----------
    vocabulary : ServiceWords, optional
        Which service stands for which name of the register; the packaged one by default.
    inventory : mapping of str to str
        ``complete``, ``partial`` or ``unknown`` by service; unknown where nothing is said. ``roads`` speaks for
        every kind of road. Only a complete inventory turns "none is mapped" into "there is none".
    missing_at_most : mapping of str to tuple of (float, str)
        By service, how many facilities may be missing at most and the word for what that rests on: bounds the failures
        of norms on presence that an incomplete inventory leaves in doubt.
    facilities : GeoDataFrame, optional
        For norms on presence, by the contract of the table of that name. A column `settlement_id` says where a
        facility stands; without it the nearest settlement counts.
    unplaced : DataFrame, optional
        Facilities without a place, by the contract of the table of that name; norms on presence count them in the
        township of their unit code.
    boundaries : DataFrame, optional
        Townships of the study are its rows with `is_unit`; without it, the townships that settlements name.
    last_mile : DataFrame, optional
        For norms on the all-season road.
    roads : GeoDataFrame, optional
        Lines with `road_class` and `surface` (roads or network edges), for norms on paved and graded roads.
    """

    vocabulary: ServiceWords | None = None
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
        _refuse_missing("settlements", settlements, ("settlement_id",))
        _refuse_ids(settlements["settlement_id"])
        _refuse_negative("settlements", settlements, "population_persons")
        ordered = settlements.sort_values("settlement_id", kind="stable")
        self.everywhere = ordered.reset_index(drop=True)
        inside = ordered["in_study"] if "in_study" in ordered else np.ones(len(ordered), dtype=bool)
        self.frame = ordered.loc[inside].reset_index(drop=True)
        self.ids = pd.Index(self.frame["settlement_id"])
        tiers = self.frame["tier"].fillna("") if "tier" in self.frame else [""] * len(self.frame)
        self.tiers = np.array(tiers, dtype=object)
        fallback = np.array([class_by_tier.get(tier, "") for tier in tiers], dtype=object)
        self.settlement_class = fallback
        if "official_class" in self.frame:
            official = read_classes("settlements", self.frame["official_class"], len(self.frame))
            self.settlement_class = np.where(official == "", fallback, official)
        self.township_ids, self.township_codes = self._townships()

    def __len__(self) -> int:
        """Count the scored settlements."""
        return len(self.frame)

    def persons(self, column: str) -> FloatArray | None:
        """
        Read a column of people.

        Returns persons along the settlements, NaN = unknown; None where there is no such column.
        """
        return numbers("settlements", column, self.frame[column]) if column in self.frame else None

    def _townships(self) -> tuple[pd.Index, NDArray[np.int64]]:
        if "township_id" not in self.frame:
            return pd.Index([], dtype="str"), np.full(len(self.frame), -1, dtype=np.int64)
        codes, ids = pd.factorize(self.frame["township_id"], sort=True)
        return pd.Index(ids), codes.astype(np.int64)


class AccessLookup:
    """The access table as arrays along the scored settlements."""

    def __init__(self, access: pd.DataFrame, ids: pd.Index) -> None:
        self._access = access
        self._size = len(ids)
        _refuse_missing("access", access, ACCESS_COLUMNS)
        _refuse_negative("access", access, "travel_time_min")
        strange = set(access["reach_status"].dropna().astype(str)) - set(REACH_STATUS)
        if strange:
            raise ContractError(
                "access",
                [f"reach_status: {first_of(sorted(strange))} is not one of {', '.join(REACH_STATUS)}"],
            )
        _refuse_twice(access)
        self._codes = ids.get_indexer(pd.Index(access["settlement_id"]))
        _refuse_without_row(ids, self._codes)
        reach = pd.Categorical(access["reach_status"], categories=list(REACH_STATUS)).codes
        self._reach = reach.astype(np.int64)
        services, service_names = pd.factorize(access["service"], sort=True)
        modes, mode_names = pd.factorize(access["mode"], sort=True)
        pairs = services.astype(np.int64) * len(mode_names) + modes
        order = np.argsort(pairs, kind="stable")
        keys = [(str(service), str(mode)) for service in service_names for mode in mode_names]
        cuts = np.searchsorted(pairs[order], np.arange(len(keys) + 1))
        parts = {key: order[cuts[number] : cuts[number + 1]] for number, key in enumerate(keys)}
        self._rows: dict[tuple[str, str], NDArray[np.int64]] = {
            key: rows for key, rows in parts.items() if len(rows)
        }
        self.modes = tuple(sorted({mode for _, mode in self._rows}))
        self.services = frozenset(service for service, _ in self._rows)

    def has(self, service: str, mode: str) -> bool:
        """Tell whether a service was computed in a mode."""
        return (service, mode) in self._rows

    def nowhere(self, service: str) -> bool:
        """Tell whether a service was computed and no facility of it is there for anybody."""
        rows = [own for (name, _), own in self._rows.items() if name == service]
        return bool(rows) and all((self._reach[own] == NO_FACILITY).all() for own in rows)

    def number(self, service: str, mode: str, column: str) -> FloatArray:
        """
        Read a column of the access table.

        Returns along the scored settlements; NaN where missing.
        """
        values = np.full(self._size, np.nan)
        if column not in self._access:
            return values
        rows, codes = self._where(service, mode)
        values[codes] = numbers("access", column, self._access[column])[rows]
        return values

    def reach(self, service: str, mode: str) -> NDArray[np.int64]:
        """
        Read how settlements reach a service.

        Returns positions in `spatial.tables.REACH_STATUS` along the scored settlements; unknown where
        missing.
        """
        reach = np.full(self._size, UNKNOWN, dtype=np.int64)
        rows, codes = self._where(service, mode)
        reach[codes] = self._reach[rows]
        return reach

    def _where(self, service: str, mode: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = self._rows[service, mode]
        codes = self._codes[rows]
        kept = codes >= 0
        return rows[kept], codes[kept]


def _refuse_missing(table: str, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise ContractError(
            table, [f"is a {type(frame).__name__}, must be a DataFrame; see the data dictionary"]
        )
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ContractError(table, [f"column {first_of(missing)} is missing; see the data dictionary"])


def _refuse_negative(table: str, frame: pd.DataFrame, column: str) -> None:
    if column not in frame:
        return
    below = frame.loc[numbers(table, column, frame[column]) < 0.0, "settlement_id"]
    if len(below):
        raise ContractError(table, [f"{column}: negative at {first_of(below)}; NaN where unknown"])


def _refuse_ids(ids: pd.Series) -> None:
    problems = []
    lost = np.flatnonzero(ids.isna())
    if len(lost):
        problems.append(f"settlement_id: missing in {len(lost)} row(s) {first_of(lost)}; give each its own")
    twice = ids[ids.duplicated() & ids.notna()].unique()
    if len(twice):
        problems.append(f"settlement_id: more than once: {first_of(twice)}; keep one row a settlement")
    if problems:
        raise ContractError("settlements", problems)


def _refuse_twice(access: pd.DataFrame) -> None:
    key = ["settlement_id", "service", "mode"]
    twice = access.loc[access.duplicated(key), key].drop_duplicates()
    if len(twice):
        named = first_of(twice.astype(str).agg("/".join, axis=1), limit=3)
        raise ContractError("access", [f"{', '.join(key)}: more than one row of {named}; keep one of each"])


def _refuse_without_row(ids: pd.Index, codes: NDArray[np.int64]) -> None:
    """Refuse what would judge nobody and say so of nobody, as access of other places does; none says it of all."""
    without = ids[~np.isin(np.arange(len(ids)), codes)]
    if not len(codes) or not len(without):
        return
    told = f"settlement_id: no row of {len(without)} of {len(ids)} settlements {first_of(without)}"
    remedy = (
        "compute access for them, or add rows with reach_status unknown; ids must be written alike (texts)"
    )
    raise ContractError("access", [f"{told}; {remedy}"])
