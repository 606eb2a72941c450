"""The door of the measures: frames of pairs, settlements and facilities become checked numbers and sums."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute
from scipy.sparse import csr_array

from spatial.access.decays import Decay, decay_from
from spatial.access.kernels_pairs import (
    APART,
    BAD,
    NOT_ALL_COUNT,
    TWICE,
    WORD,
    ends_passed,
    examine_pairs,
    positions_of_numbers,
    sum_at_cells,
    sum_at_places,
)
from spatial.access.options import numbers
from spatial.access.places import asked_for, check_table, existing
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.compiled import read_only
from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.inputs.facility_facts import capacity_units
from spatial.inputs.services import Vocabulary
from spatial.messages import warn
from spatial.tables.words import FACILITY_STATUS

# From ids in a table of pairs to positions in the table that the ids name.

PositionArray: TypeAlias = NDArray[np.int32]

_SPARSE = 16
"""Whole numbers are looked up in a table unless fewer than one number in so many is an id."""
_SMALL = 65_536
"""Such a table may always have so many rows."""


def id_positions(ids: pd.Series, known: pd.Index) -> PositionArray:
    """Look up the position of each id among the known ones; -1 where it is missing or unknown."""
    if isinstance(ids.dtype, pd.CategoricalDtype):
        of_category = np.append(id_positions(pd.Series(ids.cat.categories), known), -1)
        return np.asarray(of_category[ids.cat.codes.to_numpy()], dtype=np.int32)
    if isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype(known.dtype.categories.dtype)
    if isinstance(ids.dtype, pd.StringDtype) and not isinstance(known.dtype, pd.StringDtype):
        known = _written(known, ids.dtype)
    if _is_whole(ids.dtype) and _is_whole(known.dtype) and len(known):
        lowest, highest = int(known.min()), int(known.max())
        if highest - lowest >= max(_SPARSE * len(known), _SMALL):
            return np.asarray(known.get_indexer(pd.Index(ids)), dtype=np.int32)
        table = np.full(highest - lowest + 1, -1, dtype=np.int32)
        table[known.to_numpy().astype(np.int64) - lowest] = np.arange(len(known))
        return np.asarray(positions_of_numbers(np.ascontiguousarray(ids.to_numpy(), dtype=np.int64), lowest, table))
    is_number = pd.api.types.is_numeric_dtype(ids.dtype)
    if is_number and known.inferred_type != "string":
        return np.asarray(known.get_indexer(pd.Index(ids)), dtype=np.int32)
    if isinstance(ids.dtype, pd.StringDtype) and known.dtype == ids.dtype:
        found = compute.index_in(pa.array(ids.array), value_set=pa.array(known.array))
        whole = found if found.null_count == 0 else found.fill_null(-1)
        return np.array(whole, dtype=np.int32)  # a copy, since pyarrow's numbers cannot be written to
    codes, named = pd.factorize(ids)  # far fewer ids than rows: each is looked up once
    if len(named) and all(isinstance(item, str) for item in named):
        known = _written(known, "str")
    named = _written(pd.Index(named), known.dtype) if is_number else named
    return np.append(known.get_indexer(pd.Index(named)), -1)[codes].astype(np.int32, copy=False)


def tell_strangers(what: str, ids: pd.Series, known: pd.Series) -> None:
    """Tell of ids of which not one is among others, though some are in other capitals or without leading zeros."""
    plainly = [
        pd.Series(each.unique()).astype("str").str.strip().str.casefold().str.lstrip("0") for each in (ids, known)
    ]
    # Whoever is near nothing has no pair either, which is no fault of the ids.
    if plainly[0].isin(plainly[1]).any() and (id_positions(ids, pd.Index(known.unique())) < 0).all():
        told = first_of(ids.unique(), limit=3), first_of(known.unique(), limit=3)
        _log.warning("%s: none of %s is among %s; write ids alike", what, *told)


def with_ids_of(settlements: pd.DataFrame, table: pd.DataFrame, *, name: str) -> pd.DataFrame:
    """
    Write the settlements of a table as their own frame does, since ids that are numbers are texts in tables of a study.

    Rows of settlements that the frame lacks are left out; a table of others altogether is refused.
    """
    ids, known = table["settlement_id"], settlements["settlement_id"]
    refuse("settlements", id_faults(known, "settlement_id"))
    at = id_positions(ids, pd.Index(known))
    if len(table) and len(known) and (at < 0).all():
        told = f"settlement_id: none of {first_of(ids.unique())} is among the settlements {first_of(known)}"
        raise ContractError(name, [f"{told}; give the table of these settlements, and write ids alike"])
    kinds = [each.cat.categories.dtype if hasattr(each, "cat") else each.dtype for each in (ids, known)]
    if kinds[0] == kinds[1] and kinds[0] != np.dtype(object):
        return table
    return table.loc[at >= 0].assign(settlement_id=known.take(at[at >= 0]).array)


def checked_access(access: pd.DataFrame, columns: Iterable[str], *, name: str = "access") -> pd.DataFrame:
    """Check columns of a table of access, and read its minutes and metres as numbers, NaN where there is no way."""
    require_columns(name, access, columns)
    ids, problems = access["settlement_id"], missing_in(access, ("settlement_id",))
    units = [column for column in columns if column.endswith(("_min", "_m"))]
    read = {column: numbers(name, column, access[column]) for column in units}
    for column, values in read.items():
        problems += faults_at(f"{column}: negative at", ids[values < 0.0].unique(), "; NaN where unknown")
    refuse(name, problems)
    return access.assign(**read)


def rows_along(table: pd.DataFrame, ids: pd.Index, *, name: str = "access") -> pd.DataFrame:
    """Take the rows of a table, of access in one service and mode, along settlements, and refuse two rows of one."""
    twice = table["settlement_id"][table["settlement_id"].duplicated()]
    refuse(name, faults_at("settlement_id: several rows of", twice.unique(), "; keep one of each service and mode"))
    return table.set_index("settlement_id").reindex(ids)


def _written(known: pd.Index, kind: Any) -> pd.Index:
    """Write ids out, as tables of a study do; those that would then be the same stay as they are."""
    texts = pd.Index([str(item) for item in known], dtype=kind)
    return texts if texts.is_unique else known


def _is_whole(kind: object) -> bool:
    return isinstance(kind, np.dtype) and np.issubdtype(kind, np.signedinteger)


# Pairs of places and facilities by position, in rows of places.


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of n places and m facilities, by position; no pair twice."""

    start: IntArray  # shape (n + 1,), pairs of place i are ``start[i]`` to ``start[i + 1] - 1``
    destination: PositionArray  # shape (pairs,), position of the facility
    shape: tuple[int, int]  # n and m

    @cached_property
    def origin(self) -> IntArray:
        """Position of the place of each pair."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.start))


# The door of the measures: frames of pairs, settlements and facilities become checked numbers.


@dataclass(frozen=True, eq=False)
class Pairs(Links):
    """Pairs of n settlements and m facilities of one service, in the order of settlements, with finite minutes."""

    # the rows that the positions mean: all settlements, and the existing facilities of the service
    settlements: pd.DataFrame
    facilities: pd.DataFrame
    service: str  # the service as it was asked for, or several joined by ``+``
    # modes of the pairs joined by ``+``; the fastest of them counts. Empty where the pairs name none
    mode: str
    minutes: FloatArray  # shape (pairs,), 0 or more, finite
    cutoff_min: float  # minutes at which the pairs end, where that is known; inf otherwise


def read_pairs(
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
) -> Pairs:
    """Check the frames and turn ids into positions."""
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    if "group" in od and len(od["group"].unique()) > 1:
        raise ContractError("od", ["group: pairs of several groups; choose those of one, od[od['group'] == ...]"])
    if "status" in od and (others := od.loc[od["status"] != FACILITY_STATUS[0], "to_id"]).size:
        named = first_of(others.unique())
        fault = f"status: {len(others)} pairs lead to what does not serve today: {named}; keep those of existing ones"
        raise ContractError("od", [fault])
    origins = _index("settlements", settlements, "settlement_id")
    goals = _index("facilities", facilities, "facility_id")
    require_columns("facilities", facilities, ("service",))
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    i, j = id_positions(_ids("od", od, "from_id"), origins), id_positions(_ids("od", od, "to_id"), goals)
    minutes = np.ascontiguousarray(numbers("od", "travel_time_min", od["travel_time_min"]))
    chosen = existing(facilities.assign(_at=np.arange(len(facilities))))
    chosen = chosen.loc[chosen["service"].isin(asked.kinds).to_numpy(dtype=bool)]
    position = np.full(len(facilities), -1, dtype=np.int32)
    position[chosen["_at"].to_numpy()] = np.arange(len(chosen))
    modes = od["mode"].array if "mode" in od else None
    n, m = len(origins), len(chosen)
    every = np.arange(m, dtype=np.int32)
    start = np.empty(n + 1, dtype=np.int64)
    state = _state(i, j, minutes, position, start)
    if state == BAD:
        # Say which pairs are bad.
        problems = []
        for column, table, found in (("from_id", "settlements", i), ("to_id", "facilities", j)):
            if bool((found < 0).any()):
                strange = od.loc[found < 0, column].unique()
                problems.append(f"{column}: in no row of {table}: {first_of(strange)}")
        for what, wrong in (
            ("NaN; give no row, or inf, for a pair without a way", np.isnan(minutes)),
            ("negative", minutes < 0.0),
        ):
            if bool(wrong.any()):
                bad = od.loc[wrong, ["from_id", "to_id"]].itertuples(index=False, name=None)
                problems.append(f"travel_time_min: {what}: {first_of(list(bad))}")
        raise ContractError("od", problems)
    j = position[j] if m < len(facilities) else j
    if state & (NOT_ALL_COUNT | APART):
        rows = np.flatnonzero(np.isfinite(minutes) & (j >= 0))
        rows = rows[np.argsort(i[rows], kind="stable")] if state & APART else rows
        i, j, minutes = i[rows], j[rows], minutes[rows]
        modes = None if modes is None else modes[rows]
        state = _state(i, j, minutes, every, start)
    if state & TWICE:
        key = i * np.int64(max(m, 1)) + j
        of_mode = pd.DataFrame({"key": key, "mode": "" if modes is None else modes})
        doubled = np.unique(key[of_mode.duplicated().to_numpy()])
        if len(doubled):
            ids = origins[doubled // m].tolist(), pd.Index(chosen["facility_id"])[doubled % m].tolist()
            named = first_of(list(zip(*ids, strict=True)))
            raise ContractError("od", [f"from_id, to_id: twice in one mode: {named}"])
        # Choose the row of the fastest mode of each pair.
        order = np.lexsort((minutes, key))
        fastest = np.asarray(order[np.append(True, np.diff(key[order]) > 0)])
        i, j, minutes = i[fastest], j[fastest], minutes[fastest]
        _state(i, j, minutes, every, start)
    return Pairs(
        start,
        j,
        (n, m),
        settlements=settlements,
        facilities=chosen.drop(columns="_at"),
        service=asked.name,
        mode="+".join([] if modes is None else sorted({str(mode) for mode in pd.unique(modes) if not pd.isna(mode)})),
        minutes=minutes,
        cutoff_min=end_of(od),
    )


def _state(
    origin: PositionArray, destination: PositionArray, minutes: FloatArray, position: PositionArray, start: IntArray
) -> int:
    """Tell the state of the pairs; write where those of each place start."""
    latest = np.full(len(position), -1, dtype=np.int32)
    return examine_pairs(origin, destination, read_only(minutes), position, start, latest)


def require_columns(table: str, frame: pd.DataFrame, columns: Iterable[str]) -> None:
    """Refuse a frame that lacks columns."""
    check_table(frame, table)
    lacking = [name for name in columns if not isinstance(name, Hashable) or name not in frame]
    refuse(table, [f"{name}: no such column" for name in lacking])


def _ids(table: str, frame: pd.DataFrame, key: str) -> pd.Series:
    """Refuse ids that pandas makes no index of: only every second number above 2048 is one of them."""
    if frame[key].dtype == np.float16:
        raise ContractError(table, [f"{key}: float16 cannot tell large ids apart; convert with astype('int64')"])
    return frame[key]


def _index(table: str, frame: pd.DataFrame, key: str) -> pd.Index:
    require_columns(table, frame, (key,))
    index: pd.Index = pd.Index(_ids(table, frame, key))
    refuse(table, id_faults(index, key))
    return index


def missing_in(frame: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Tell in how many rows columns are empty."""
    return [f"{name}: missing in {lost} rows" for name in columns if (lost := int(frame[name].isna().sum()))]


def id_faults(ids: pd.Index | pd.Series, key: str) -> list[str]:
    """Tell of ids that are missing, and of those that are there twice."""
    lacking, doubled = int(np.sum(ids.isna())), ids.duplicated()
    told = [f"{key}: missing in {lacking} rows"] if lacking else []
    return [*told, f"{key}: not unique: {first_of(ids[doubled].unique())}"] if doubled.any() else told


def end_of(od: pd.DataFrame) -> float:
    """Tell the minutes at which pairs end, where that is known; inf otherwise."""
    return float(od.attrs.get("cutoff_min", np.inf))


def require_within(end_min: float, cutoff_min: float, *, what: str) -> None:
    """Refuse a catchment that reaches further than pairs do; of one without an end tell where they cut it short."""
    if np.isfinite(cutoff_min) and cutoff_min > end_min:
        told = f"{what}: {cutoff_min:g} min, but the pairs end at {end_min:g} min; make longer ones"
        raise ContractError("od", [told])
    if cutoff_min > end_min:
        _log.warning("%s: none, but the pairs end at %g min; what lies beyond counts as out of reach", what, end_min)


def require_decay(pairs: Pairs, decay: Decay | Callable[..., Any]) -> Decay:
    """Take a decay, or a function as one, that reaches no further than the pairs do; tell where they cut it short."""
    if callable(decay) and not isinstance(decay, Decay):
        decay = decay_from(decay)
    if not isinstance(decay, Decay):
        raise ContractError(
            "options",
            [f"decay: is a {type(decay).__name__}; make one with decay_gaussian(20) or the like, or give a function"],
        )
    if np.isfinite(decay.cutoff_min):
        require_within(pairs.cutoff_min, decay.cutoff_min, what="decay")
    elif np.isfinite(pairs.cutoff_min):
        left = float(decay(pairs.cutoff_min))
        _log.warning("the pairs end at %g min, where %s is still %.3g", pairs.cutoff_min, decay, left)
    return decay


def statuses(pairs: Pairs, reached: BoolArray) -> pd.Series[str]:
    """Say why a settlement has the value that it has."""
    n, m = pairs.shape
    status = np.zeros(n, dtype=np.int64)
    if not reached.all():
        status = np.select([reached, np.diff(pairs.start) > 0], [0, 1], 2 if m else 3)
    words = pd.array(["reached", "beyond_cutoff", "no_pair", "no_facility"], dtype="str")
    return pd.Series(words.take(status))


# What settlements ask for and facilities give: people and supply, checked, with how much of either is known.

_log = logging.getLogger(__name__)


COUNT = "count"
"""Each facility counts one, whatever its size."""


@dataclass(frozen=True, eq=False)
class Offer:
    """What each facility has to give."""

    supply: FloatArray  # shape (m,), 0 or more, finite
    counted: str  # the column that is counted, or ``count`` where each facility counts one
    # share of facilities whose capacity is known, whether it was used or not; NaN without any facility
    known_share: float

    @property
    def basis(self) -> str | None:
        """What the supply is from, as `counted`; None without any facility, where there is no supply to name."""
        return self.counted if len(self.supply) else None

    @property
    def unit(self) -> str:
        """The unit of the supply, also of none: ``facilities``, or the name of the column."""
        return "facilities" if self.counted == COUNT else self.counted


def people_of(settlements: pd.DataFrame, column: str = "population_persons") -> FloatArray:
    """Read the people of settlements, NaN where unknown, and refuse what counts nobody."""
    require_columns("settlements", settlements, ("settlement_id", column))
    persons = numbers("settlements", column, settlements[column])
    _no_bad("settlements", settlements["settlement_id"], column, persons)
    return persons


def scored_people(settlements: pd.DataFrame) -> tuple[FloatArray, BoolArray]:
    """Count the people of each settlement, NaN where they are not known, and tell which are in the study area."""
    n = len(settlements)
    persons = people_of(settlements) if "population_persons" in settlements else np.full(n, np.nan)
    scored = settlements["in_study"].to_numpy(dtype=bool) if "in_study" in settlements else np.ones(n, dtype=bool)
    return persons, scored


def demand_of(pairs: Pairs, column: str) -> tuple[FloatArray, float]:
    """Read the people of each settlement."""
    persons = people_of(pairs.settlements, column)
    known = ~np.isnan(persons)
    if len(persons) and not known.any():
        raise ContractError(
            "settlements", [f"{column}: no value is known; run allocate_population first, or name another column"]
        )
    if not known.all():
        warn(_log, "unknown_people", column=column, unknown=int((~known).sum()), places=len(known))
    return np.where(known, persons, 0.0), float(known.mean()) if len(known) else np.nan


def offer_of(pairs: Pairs, column: str | None) -> Offer:
    """Read what each facility has to give."""
    m = len(pairs.facilities)
    name = "capacity" if column in (None, COUNT) else str(column)
    if name not in pairs.facilities:
        if name != "capacity" or column == name:
            require_columns("facilities", pairs.facilities, (name,))
        capacity = np.full(m, np.nan)
    else:
        capacity = np.array(numbers("facilities", name, pairs.facilities[name]))
    _no_bad("facilities", pairs.facilities["facility_id"], name, capacity)
    known = ~np.isnan(capacity)
    share = float(known.mean()) if m else np.nan
    if column not in (None, COUNT) and not known.all():
        unknown = pairs.facilities["facility_id"].to_numpy()[~known]
        raise ContractError(
            "facilities",
            [f"{name}: unknown for {first_of(unknown)} of {pairs.service}; complete it, or give supply='count'"],
        )
    # Capacities in unlike units, such as beds and rooms, cannot be added.
    mixed = False
    if name == "capacity" and column != COUNT and known.all():
        units = capacity_units(pairs.facilities)
        mixed = len(units) > 1
        detail = f"capacity: {pairs.service} has it in unlike units: {first_of(units)}"
        if mixed and column == name:
            raise ContractError("facilities", [f"{detail}; give all in one unit, or give supply='count'"])
        if mixed:
            _log.warning("%s: each counts one", detail)
    if column == COUNT or mixed or not known.all():
        if column is None and m and not mixed:
            named = tuple(pairs.service.split("+"))
            warn(_log, "each_one", service=named, known=int(known.sum()), facilities=m)
        return Offer(np.ones(m), COUNT, share)
    return Offer(capacity, name, share)


def _no_bad(table: str, ids: pd.Series, column: str, values: FloatArray) -> None:
    wrong = (values < 0.0) | np.isinf(values)
    refuse(table, faults_at(f"{column}: negative or infinite for", ids.to_numpy()[wrong]))


# Sums over weighed pairs: of places at their facilities, and of facilities at their places.


_FEW_CELLS = 65_536
"""So many cells of facility and zone are always few enough; more must be fewer than the pairs."""
_MOST_ZONES = 64
"""With more, zones take as much memory as weights do."""
_TOGETHER = 8 * WORD
"""Pairs that the kernels look at together; changes speed only."""


@dataclass(frozen=True, eq=False)
class WeighedPairs:
    """Pairs of n places and m facilities with weights W, and the people of the places."""

    links: Links  # pairs
    people: FloatArray  # shape (n,), people P of each place
    weight: FloatArray  # 0 or more, shape (pairs,); by zone shape (zones,), the one beyond the last end too

    def to_facilities(self, of_place: FloatArray, power: int = 1) -> FloatArray:
        """Sum what places have at the facilities of their pairs."""
        return np.asarray(self._matrix(power).T @ of_place)

    def to_places(self, of_facility: FloatArray, power: int = 1) -> FloatArray:
        """Sum what facilities have at the places of their pairs."""
        return np.asarray(self._matrix(power) @ of_facility)

    def _matrix(self, power: int) -> csr_array:
        return csr_array((self._powers(power), self.links.destination, self.links.start), shape=self.links.shape)

    def _powers(self, power: int) -> FloatArray:
        return (self.weight > 0.0).astype(np.float64) if power == 0 else self.weight**power

    @property
    def inside(self) -> BoolArray:
        """Whether each pair has a weight above 0, shape (pairs,)."""
        return self.weight > 0.0

    @property
    def people_at_facilities(self) -> FloatArray:
        """Sums of the people of places, weighed, at the facilities of their pairs, shape (m,)."""
        return self.to_facilities(self.people)

    @property
    def facilities_reached(self) -> IntArray:
        """How many facilities each place reaches with a weight above 0, shape (n,)."""
        return self.to_places(np.ones(self.links.shape[1]), power=0).astype(np.int64)

    @property
    def places_reached(self) -> IntArray:
        """How many places reach each facility with a weight above 0, shape (m,)."""
        return self.to_facilities(np.ones(self.links.shape[0]), power=0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class PairsByZone(WeighedPairs):
    """Pairs whose weights are those of a few zones of travel time: no weight is written out."""

    minutes: FloatArray  # shape (pairs,), 0 or more
    ends: FloatArray  # shape (zones - 1,), minutes up to which the zones reach, inclusive, ascending

    def to_facilities(self, of_place: FloatArray, power: int = 1) -> FloatArray:  # noqa: D102 - inherited
        sums = np.zeros(self.links.shape[1] * len(self.weight))
        sum_at_cells(*self._zoned, np.ascontiguousarray(of_place), np.empty(_TOGETHER, dtype=np.int32), sums)
        return np.asarray(sums.reshape(-1, len(self.weight)) @ self._powers(power))

    def to_places(self, of_facility: FloatArray, power: int = 1) -> FloatArray:  # noqa: D102 - inherited
        sums = np.empty(self.links.shape[0])
        worth = np.multiply.outer(of_facility, self._powers(power)).ravel()
        sum_at_places(*self._zoned, worth, np.empty(_TOGETHER, dtype=np.int32), sums)
        return sums

    @property
    def inside(self) -> BoolArray:  # noqa: D102 - inherited
        return (self.weight > 0.0)[np.searchsorted(self.ends, self.minutes)]

    @cached_property
    def _zoned(self) -> tuple[IntArray, NDArray[np.int32], NDArray[np.uint64]]:
        """Tell which ends of zones each pair lies beyond."""
        passed = np.empty((len(self.ends), -(-len(self.minutes) // WORD)), dtype=np.uint64)
        ends_passed(read_only(self.minutes), np.ascontiguousarray(self.ends), passed)
        return self.links.start, self.links.destination, passed


def weigh_pairs(links: Links, minutes: FloatArray, people: FloatArray, decay: Decay) -> WeighedPairs:
    """Weigh pairs by their travel times."""
    zones = decay.zones()
    n_zones = np.inf if zones is None else len(zones[1])
    few = n_zones <= _MOST_ZONES and links.shape[1] * n_zones <= max(_FEW_CELLS, len(minutes))
    if zones is not None and few:
        return PairsByZone(links, people, zones[1], minutes, zones[0])
    return WeighedPairs(links, people, decay(minutes))
