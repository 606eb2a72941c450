"""Places on a network: checked, in the order of their ids, who may use them, and where they meet the roads."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from spatial.access.options import TOWN_TIERS, service_names
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import ContractError, NetworkError, faults_at, first_of, of_kind, refuse
from spatial.formats.tag_rules import fold
from spatial.inputs.names import OSM_KINDS, unit_key, unit_prefixes
from spatial.inputs.services import Vocabulary, load_services
from spatial.network.graph import TravelGraph
from spatial.network.nearest import nearest
from spatial.network.snapping import NO_CANDIDATE, Snaps, snap, walk_minutes
from spatial.outlines import list_faults, point_faults, require_frame, require_shapes
from spatial.plain_text import quoted
from spatial.study.access import SnapRules
from spatial.tables.words import FACILITY_STATUS, NAMES

Direction = Literal["to_facility", "from_facility"]


_log = logging.getLogger(__name__)

# The order of ids: ties between facilities go to the lowest one.

_OSM_ID = re.compile(r"(?P<kind>[nwr])(?P<number>\d+)(?P<rest>.*)", re.DOTALL)
_DIGITS = re.compile(r"(\d+)")


def id_order(ids: Iterable[str]) -> IntArray:
    """Sort ids: OpenStreetMap's as node, way, relation and then by number, others by text with numbers as numbers."""
    keys = [_key(str(value)) for value in ids]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def id_ranks(ids: pd.Series) -> IntArray:
    """Tell which place each id has in the order of ids."""
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[id_order(ids)] = np.arange(len(ids))
    return ranks


@lru_cache(maxsize=100_000)  # a run sorts the same ids a hundred times
def _key(value: str) -> tuple[int, int, tuple[tuple[int, int, str], ...], str, str]:
    match = _OSM_ID.fullmatch(value)
    if match is not None:
        return OSM_KINDS[match["kind"]], int(match["number"]), (), match["rest"], value
    parts = (part for part in _DIGITS.split(value) if part)
    natural = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
    return len(OSM_KINDS), 0, natural, "", value


# What lies around places: the study area, what cannot be crossed on foot, and the sea.

SEA_KINDS = ("sea", "coastline", "coast")
"""Values of a water's `kind` that say: the land ends here."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The ground that access is measured on. Every part may be missing."""

    # polygons within which places are scored; tells which ends of the network were cut off
    study_area: gpd.GeoSeries | gpd.GeoDataFrame | None = None
    # what no walk to the road and no direct walk may touch: water, or a border that is closed
    barriers: gpd.GeoSeries | None = None
    # sea or coast line: a road that ends there ends by nature, and was not cut off
    sea: gpd.GeoSeries | None = None

    @classmethod
    def from_layers(
        cls, *, study_area: gpd.GeoDataFrame | None = None, water: gpd.GeoDataFrame | None = None
    ) -> Surroundings:
        """Take the surroundings from the tables ``study_area`` and ``water``; what is not there stays None or empty."""
        if water is None:
            return cls(study_area=study_area)
        is_sea = water["kind"].isin(SEA_KINDS)
        is_barrier = water["is_barrier"].astype(bool)
        return cls(study_area, water.loc[is_barrier].geometry, water.loc[is_sea].geometry)


# What settlements, facilities and barriers must hold before they meet a network.


def check_on_network(graph: object, barriers: object) -> None:
    """Refuse what is no network, and barriers that are no series of shapes."""
    problems = []
    if not isinstance(graph, TravelGraph):
        problems.append(f"graph: is a {type(graph).__name__}; build a TravelGraph with build_network(roads)")
    refuse("options", [*problems, *barrier_problems(barriers)])


def barrier_problems(barriers: object) -> list[str]:
    """Tell of barriers that are no series of shapes."""
    if barriers is None or isinstance(barriers, gpd.GeoSeries):
        return []
    return [f"barriers: are a {type(barriers).__name__}; give a GeoSeries, such as frame.geometry"]


def _table_of(key: str) -> str:
    return "settlements" if key == "settlement_id" else "facilities"


def check_places(frame: gpd.GeoDataFrame, key: str) -> None:
    """Refuse places without an id or a point of their own, all faults at once."""
    table = _table_of(key)
    check_table(frame, table)
    require_shapes(table, frame)
    if key not in frame:
        raise ContractError(table, [f"{key}: no such column among {first_of(frame.columns)}"])
    # Tables name places by text, so that 7 and "7" would be one place there.
    missing, twice = frame[key].isna(), frame[key].map(str).duplicated()
    problems = [f"{key}: missing in {missing.sum()} rows"] if missing.any() else []
    problems += faults_at(
        f"{key}: used more than once:", frame.loc[(twice & ~missing).to_numpy(), key], "; make ids unique"
    )
    refuse(table, problems + point_faults(frame.geometry, frame[key]))


ONE_WORD = (
    *("settlement_id", "facility_id", "township_id", "from_id", "to_id", "service", "status", "mode", "reach_status"),
    *("tier", "township", "tenure", "in_study", "is_unit"),
)
"""Columns of one word a row, by which rows are told apart."""


def check_table(frame: pd.DataFrame, table: str) -> None:
    """Refuse what is no table, names a column twice, holds numbers that pandas does not take, or an area of words."""
    require_frame(table, frame)
    turned = {name: kind for name, kind in frame.dtypes.items() if isinstance(kind, np.dtype) and not kind.isnative}
    if turned:
        raise ContractError(
            table,
            [
                f"{name}: numbers in the byte order of another machine ({kind.str}), of which pandas takes no rows; "
                f"convert with astype('{kind.newbyteorder('=')}')"
                for name, kind in turned.items()
            ],
        )
    refuse(table, list_faults(frame, ONE_WORD))
    # Whether a place is inside the study area, or an area one of its units, is said by True and False alone.
    for flag in ("in_study", "is_unit"):
        if flag not in frame or frame[flag].dtype == np.bool_:
            continue
        unsaid = frame[flag][~frame[flag].isin([True, False]).to_numpy(dtype=bool)]
        remedy = f" in {len(unsaid)} rows; write True or False for every place"
        refuse(table, faults_at(f"{flag}:", map(str, unsaid.unique()), remedy))


# Places on a network: settlements and facilities in the order of their ids, with where they meet the roads.

_ROWWISE = ("x", "y", "edge", "fraction", "distance_m", "access_min", "foot_x", "foot_y", "status", "nearest_m")


@dataclass(frozen=True, eq=False)
class Places:
    """Settlements or facilities joined to one network, in the order of their ids."""

    frame: gpd.GeoDataFrame  # their rows
    ids: ObjectArray  # their ids
    snaps: Snaps  # where they meet the network

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.ids)

    @cached_property
    def names(self) -> ExtensionArray:
        """Their ids as a column, of which tables take theirs without an object a row."""
        return pd.array(self.ids, dtype="str")

    def take(self, rows: IntArray) -> Places:
        """Return some of them, by position."""
        return Places(self.frame.iloc[rows], self.ids[rows], take(self.snaps, rows))


def place_on(
    graph: TravelGraph,
    frame: gpd.GeoDataFrame,
    *,
    key: str,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> Places:
    """Sort places by id and join them to a network."""
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    check_on_network(graph, barriers)
    check_places(frame, key)
    require_network_crs(frame.crs, graph.crs, what=_table_of(key))
    ordered = frame.iloc[id_order(frame[key])]
    snaps = snap(graph, ordered.geometry, rules, barriers=barriers)
    nearest_m = float(snaps.nearest_m.min()) if len(snaps) else 0.0
    if np.isnan(nearest_m) and graph.n_edges:
        told = "mode %s: no place is joined: the longest part of the network has %.1f km, and min_component_km is %g"
        _log.warning(told, graph.mode, graph.component_km.max(), rules.min_component_km)
    elif nearest_m > rules.max_snap_m:
        across_m = float(np.hypot(*np.ptp(graph.coordinates, axis=0)))
        told = (
            f"{_table_of(key)}: none is joined to the network, which is {across_m / 1000:,.1f} km across: "
            f"{first_of(ordered[key])}, the nearest of them {nearest_m / 1000:,.1f} km from it; are their coordinates "
            f"those of their CRS, {graph.crs.to_string()}?"
        )
        # Settlements beside it by more than its own width have wrong coordinates; one alone may be an island, and a
        # service may have its few facilities in the capital of the next county.
        if key == "settlement_id" and len(snaps) > 1 and nearest_m > rules.max_snap_m + across_m:
            raise NetworkError(told)
        _log.warning("%s", told)
    return Places(ordered, ordered[key].to_numpy(dtype=object), snaps)


class Called(NamedTuple):
    """Which rows of a table a text names."""

    whole: BoolArray  # by the whole name, as it is written where any row is called so
    part: BoolArray  # by a part of it
    alike: list[str]  # the names of which it is a part


def called(frame: pd.DataFrame, text: str) -> Called:
    """Tell which rows bear a name; capitals, accents, widths and blanks, as tables pad short names, do not count."""
    names = frame[[column for column in NAMES if column in frame]].fillna("").astype("str")
    plain, wanted = names.map(lambda name: "".join(fold(name).split())), "".join(fold(text).split())
    exact, is_part = names == (text or None), plain.apply(lambda column: column.str.contains(wanted, regex=False))
    whole = exact if exact.any(axis=None) or not wanted else plain == wanted
    alike = sorted(set(names.to_numpy()[is_part.to_numpy(dtype=bool)].tolist()))
    in_whole, in_part = (told.any(axis=1).to_numpy(dtype=bool) for told in (whole, is_part))
    return Called(in_whole, in_part, alike)


def find_settlement(settlements: pd.DataFrame, text: str, *, facilities: pd.DataFrame | None = None) -> str:
    """Find a settlement by its id, or by a name that it alone has; of a facility's name it is said that it is one."""
    ids = settlements["settlement_id"]
    if (ids == text).any():
        return text
    named = called(settlements, text)
    found = settlements.loc[named.whole].sort_values("settlement_id").to_dict("records")
    if len(found) == 1:
        return str(found[0]["settlement_id"])
    if found:
        # Who asks knows in which township a village lies, and not its id.
        lies = [[str(row[name]) for name in ("township", "tier") if isinstance(row.get(name), str)] for row in found]
        these = [f"{row['settlement_id']!r} ({', '.join(at)})" for row, at in zip(found, lies, strict=True)]
        told = f"{text!r} is the name of {len(found)}: {', '.join(these[:10])}; give one of these ids"
        raise ContractError("settlements", [told])
    told = f"is it one of these? {first_of(named.alike)}" if named.alike else f"ids are such as {first_of(sorted(ids))}"
    if facilities is not None and ((facilities["facility_id"] == text) | called(facilities, text).whole).any():
        told = f"it is a facility, which `spatial try STUDY --close {quoted(text)}` takes; name a settlement"
    raise ContractError("settlements", [f"no settlement has the id or name {text!r}; {told}"])


def existing(facilities: Facilities) -> Facilities:
    """Keep the facilities that serve today, and not members or a group alone."""
    return of_status(facilities, FACILITY_STATUS[:1])


def of_status(facilities: Facilities, wanted: Collection[str]) -> Facilities:
    """Keep the facilities of some statuses, and not what serves members or a group alone."""
    check_table(facilities, "facilities")
    serving = is_for_everybody(facilities)
    if "status" in facilities:
        status = facilities["status"]
        odd = ~status.isin(FACILITY_STATUS).to_numpy(dtype=bool)
        if odd.any():
            named = first_of([str(item) for item in status[odd].unique()])
            told = f"status: {named} in {odd.sum()} rows; write {', '.join(FACILITY_STATUS)}, or drop the column"
            raise ContractError("facilities", [told])
        serving &= status.isin(wanted).to_numpy(dtype=bool)
    return facilities if serving.all() else facilities.loc[serving]


class Asked(NamedTuple):
    """A service that is asked for."""

    name: str  # what tables call it; several joined by ``+``
    kinds: frozenset[str]  # all the services of facilities that count for it


def counting(service: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Name the services whose facilities count for a service, itself included: the one rule of runs and of analysts."""
    return TOWN_TIERS.get(service) or vocabulary.satisfying(service)


def asked_for(service: str | frozenset[str], *facilities: pd.DataFrame, vocabulary: Vocabulary | None = None) -> Asked:
    """Read which service is asked for, and refuse one that nobody knows, as typing errors are."""
    names, words = service_names(service), of_kind("vocabulary", vocabulary, Vocabulary) or load_services()
    there: set[str] = set()
    for frame in facilities:
        check_table(frame, "facilities")
        if "service" not in frame:
            raise ContractError("facilities", [f"service: no such column among {first_of(frame.columns)}"])
        lost = int(frame["service"].isna().sum())
        refuse("facilities", [f"service: missing in {lost} rows; say what they offer, or leave them out"] * bool(lost))
        there.update(map(str, frame["service"].unique()))
    kinds = {name: counting(name, words) for name in names}
    # Where there is no facility at all, no word is theirs, and none can be told to be wrong.
    unknown = [name for name in sorted(names) if there and not kinds[name] and name not in there]
    problems = []
    for name in unknown:
        alike = sorted(there, key=lambda word: (-SequenceMatcher(None, name, word).ratio(), word))
        near = [*alike[:1], *get_close_matches(name, [word for word in words.ids if word not in there], n=1)]
        problems.append(
            f"service: no facility offers {name!r} and the vocabulary has no such service; there are: "
            f"{', '.join(alike)}; nearest in spelling: {' or '.join(map(repr, near))}"
        )
    refuse("facilities", problems)
    if isinstance(service, str):
        return Asked(service, kinds[service] | {service})
    # All that counts for one of them goes by its name.
    whole = next((name for name in sorted(names) if kinds[name] == names), None)
    return Asked(whole or "+".join(sorted(names)), names)


def offering(facilities: pd.DataFrame, kinds: frozenset[str]) -> IntArray:
    """Find the facilities that offer a service."""
    return np.flatnonzero(facilities["service"].isin(kinds))


def take(snaps: Snaps, rows: IntArray) -> Snaps:
    """Choose some of the places."""
    return replace(snaps, **{name: getattr(snaps, name)[rows] for name in _ROWWISE})


def ids_or_none(ids: pd.Series, positions: IntArray) -> pd.Series:
    """Name places by position, in the dtype of their ids; missing where there is none, whole numbers nullable."""
    is_whole = isinstance(ids.dtype, np.dtype) and ids.dtype.kind in "iu"
    known = pd.array(ids.to_numpy()) if is_whole else ids.array
    kind = known.dtype if is_whole else ids.dtype
    return pd.Series(pd.api.extensions.take(known, positions, allow_fill=True), dtype=kind)


def texts(names: ExtensionArray, positions: IntArray) -> pd.Series[str]:
    """Name places by position, -1 for none."""
    return pd.Series(names.take(positions, allow_fill=True))


# Paired runs: the same places on the same roads, with other minutes or another walk; joined once.


class Choice(NamedTuple):
    """Which facilities some settlements may use."""

    goals: IntArray  # their positions among the facilities that offer the service
    of: IntArray  # positions of the settlements that may use just those


class SnapPair(NamedTuple):
    """Where both ends of ways meet the network."""

    origins: Snaps
    goals: Snaps


@dataclass(frozen=True, eq=False)
class Pairing:
    """Settlements and the facilities of one service on one network."""

    service: str  # as it was asked for
    origins: Places  # the settlements, in the order of their ids
    goals: Places  # the facilities that serve, in the order of their ids
    members: IntArray  # those of them that offer the service
    back: IntArray  # position of each settlement as given among `origins`

    @property
    def snaps(self) -> SnapPair:
        """Where the settlements and the facilities of the service meet the network."""
        return SnapPair(self.origins.snaps, take(self.goals.snaps, self.members))

    @property
    def choices(self) -> list[Choice]:
        """Who may use what; every settlement is in one choice."""
        eligible = eligible_by_unit(self.origins.frame, self.goals.frame)
        return [
            Choice(np.searchsorted(self.members, members).astype(np.int64), np.flatnonzero(of))
            for members, of in eligible.among(self.members)
        ]


def pair_up(  # noqa: PLR0913 - what the public functions share, by their names
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> Pairing:
    """Join settlements and facilities to a network, for many runs."""
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    origins = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    goals = place_on(graph, existing(facilities), key="facility_id", rules=rules, barriers=barriers)
    members = offering(goals.frame, asked.kinds)
    return Pairing(asked.name, origins, goals, members, id_ranks(settlements["settlement_id"]))


class Reached(NamedTuple):
    """The k nearest goals of n origins that these may use."""

    goal: IntArray  # shape (n, k), positions; -1 for none
    minutes: FloatArray  # shape (n, k), door to door; inf for none
    metres: FloatArray


def nearest_allowed(
    graph: TravelGraph,
    snaps: SnapPair,
    choices: Sequence[Choice],
    *,
    k: int = 1,
    direction: Direction,
    barriers: gpd.GeoSeries | None = None,
) -> Reached:
    """Find the nearest goals among those that each origin may use."""
    origins, goals = snaps
    shape = (len(origins), k)
    found = Reached(np.full(shape, -1, dtype=np.int64), np.full(shape, np.inf), np.full(shape, np.inf))
    for choice in choices:
        if len(choice.goals) == 0 or len(choice.of) == 0:
            continue
        each = nearest(
            graph,
            take(origins, choice.of),
            take(goals, choice.goals),
            k=k,
            direction=direction,
            direct_barriers=barriers,
        )
        found.goal[choice.of] = np.where(each.destination >= 0, choice.goals[each.destination], -1)
        found.minutes[choice.of], found.metres[choice.of] = each.travel_time_min, each.network_distance_m
    return found


def minutes_to_closest(
    graph: TravelGraph,
    snaps: SnapPair,
    *,
    direction: Direction,
    barriers: gpd.GeoSeries | None = None,
    choices: Sequence[Choice] | None = None,
) -> FloatArray:
    """Find the minutes of each origin to the closest of some places; inf where there is no way."""
    if choices is None:
        choices = [Choice(np.arange(len(snaps[1])), np.arange(len(snaps[0])))]
    return nearest_allowed(graph, snaps, choices, direction=direction, barriers=barriers).minutes[:, 0]


def easier_walk(snaps: Snaps, *, walk_km_h: float, detour: float) -> Snaps:
    """Walk the legs to and from the network at another speed or with another detour."""
    access = walk_minutes(snaps.distance_m, walk_km_h=walk_km_h, detour=detour)
    return replace(snaps, access_min=access, walk_km_h=walk_km_h, detour=detour)


def nearest_entry(graph: TravelGraph, snaps: Snaps) -> Snaps:
    """Leave each place the nearest of its ways in; of a combined network, the nearest to each layer."""
    first_only = {name: getattr(snaps, name)[:, :1] for name in NO_CANDIDATE}
    parts = []
    if graph.edge_layer is not None and graph.n_edges:
        layer = np.where(snaps.edge < 0, -1, graph.edge_layer[snaps.edge])
        for number in np.unique(layer[layer >= 0]).tolist():
            first = np.argmax(layer == number, axis=1)[:, None]
            has = (layer == number).any(axis=1)[:, None]
            parts.append(
                {
                    name: np.where(has, np.take_along_axis(getattr(snaps, name), first, axis=1), none)
                    for name, none in NO_CANDIDATE.items()
                }
            )
    parts = parts or [first_only]
    joined = {name: np.hstack([part[name] for part in parts]) for name in NO_CANDIDATE}
    order = np.lexsort((joined["edge"], joined["distance_m"]), axis=1)
    nearest_first: dict[str, Any] = {
        name: np.ascontiguousarray(np.take_along_axis(values, order, axis=1)) for name, values in joined.items()
    }
    return replace(snaps, **nearest_first)


def reach_status(pairing: Pairing, minutes: FloatArray) -> ObjectArray:
    """Say why places reach none."""
    status = np.where(pairing.origins.snaps.status == "ok", "no_path", "not_snapped").astype(object)
    for choice in pairing.choices:
        if len(choice.goals) == 0:
            status[choice.of] = "no_facility"
    status[np.isfinite(minutes)] = "reached"
    return status


# Who may use a facility: the one rule that access, measures and norms keep.

Facilities = TypeVar("Facilities", bound=pd.DataFrame)

CLOSED_TO_MOST = ("group", "members")
UNITS = "units"
_PLACE = ("unit_code", "township_id", "township", "settlement_id")


@dataclass(frozen=True)
class Eligible:
    """Which facilities the people of each settlement may use."""

    # shape (n,), the kind of each settlement: those of a kind may use the same facilities
    kinds: IntArray
    allowed: BoolArray  # shape (number of kinds, m), for each kind, which facilities it may use

    def among(self, members: IntArray) -> Iterator[tuple[IntArray, BoolArray]]:
        """Split the settlements by which of some facilities they may use."""
        if self.allowed[:, members].all():
            yield members, np.ones(len(self.kinds), dtype=bool)
            return
        choices, of_kind = np.unique(self.allowed[:, members], axis=0, return_inverse=True)
        choice = of_kind.reshape(-1)[self.kinds]
        for number in np.unique(choice):
            yield members[choices[number]], choice == number


def is_for_everybody(facilities: pd.DataFrame) -> BoolArray:
    """Tell which facilities are not kept for members or a group."""
    if "open_to" not in facilities:
        return np.ones(len(facilities), dtype=bool)
    return ~facilities["open_to"].isin(CLOSED_TO_MOST).to_numpy(dtype=bool)


def is_for_some_units(facilities: pd.DataFrame) -> BoolArray:
    """Tell which facilities are kept for the people of some units."""
    limited = np.zeros(len(facilities), dtype=bool)
    limited[_limited(facilities)] = True
    return limited


def open_for_group(facilities: Facilities, group: str) -> Facilities:
    """Open the facilities that are for a group to it."""
    if "open_to" not in facilities or "eligibility" not in facilities:
        return facilities
    users = facilities["eligibility"].astype(object).fillna("").str.split(";")
    theirs = users.map(lambda words: group in [word.strip() for word in words]).to_numpy(dtype=bool)
    opened = pd.Series("all", index=facilities.index, dtype="str")
    if "eligible_units" in facilities:
        opened = opened.mask(facilities["eligible_units"].notna(), UNITS)
    return facilities.assign(open_to=facilities["open_to"].mask(theirs, opened))


def eligible_by_unit(settlements: pd.DataFrame, facilities: pd.DataFrame) -> Eligible:
    """
    Say which facilities the people of each settlement may use, as far as their units decide.

    It lies in a unit by `unit_code` (a longer code in that of a shorter one), `township_id`, `township` or its id.
    """
    everyone = np.ones((1, len(facilities)), dtype=bool)
    limited = _limited(facilities)
    if not len(limited):
        return Eligible(np.zeros(len(settlements), dtype=np.int64), everyone)
    units = [_named(text) for text in facilities["eligible_units"].to_numpy(dtype=object)[limited]]
    known = set().union(*units)
    places = [frozenset(place & known) for place in _places(settlements)]
    numbers = {place: number for number, place in enumerate(dict.fromkeys(places))}
    allowed = np.repeat(everyone, max(len(numbers), 1), axis=0)
    for place, number in numbers.items():
        allowed[number, limited] = [bool(place & named) for named in units]
    return Eligible(np.array([numbers[place] for place in places], dtype=np.int64), allowed)


def unknown_units(settlements: pd.DataFrame, units: Sequence[str]) -> list[str]:
    """Name those of some units, as `eligible_units` may name them, that no settlement lies in."""
    known = set().union(*_places(settlements))
    return [unit for unit in units if _word(unit) not in known]


def lies_in(places: pd.DataFrame, units: Sequence[str]) -> BoolArray:
    """Tell which places lie in one of some units, as `eligible_units` may name them."""
    named = {_word(unit) for unit in units}
    return np.array([bool(place & named) for place in _places(places)], dtype=bool)


def share_with_units(facilities: Facilities, units: Sequence[str], among: BoolArray) -> Facilities:
    """Open facilities that are kept for some of a list of units to the people of all of them."""
    if "eligible_units" not in facilities:
        return facilities
    # Whoever serves a county serves its townships too.
    theirs = {part for unit in units for part in unit_prefixes(_word(unit))}
    texts = facilities["eligible_units"].copy()
    for row in _limited(facilities)[among[_limited(facilities)]]:
        named = _named(texts.iloc[row])
        if named & theirs:
            texts.iloc[row] = ";".join([texts.iloc[row], *(unit for unit in units if _word(unit) not in named)])
    return facilities.assign(eligible_units=texts)


def serves_where_it_stands(facilities: pd.DataFrame) -> BoolArray:
    """Tell which facilities the people of the place where they stand may use."""
    serves = is_for_everybody(facilities)
    limited = _limited(facilities)
    if len(limited):
        rows = facilities.iloc[limited]
        named = [_named(text) for text in rows["eligible_units"].to_numpy(dtype=object)]
        serves[limited] = [bool(place & units) for place, units in zip(_places(rows), named, strict=True)]
    return serves


def _limited(facilities: pd.DataFrame) -> IntArray:
    if "open_to" not in facilities or "eligible_units" not in facilities:
        return np.array([], dtype=np.int64)
    return np.flatnonzero(facilities["open_to"] == UNITS).astype(np.int64)


def _named(text: object) -> set[str]:
    return {_word(part) for part in text.split(";") if part.strip()} if isinstance(text, str) else set()


def _places(frame: pd.DataFrame) -> list[set[str]]:
    """Everything that each row's unit may be called."""
    places: list[set[str]] = [set() for _ in range(len(frame))]
    for column in _PLACE:
        if column not in frame:
            continue
        for place, value in zip(places, frame[column].to_numpy(dtype=object), strict=True):
            if isinstance(value, str) and value.strip():
                key = _word(value)
                place.update(unit_prefixes(key) if column == "unit_code" else (key,))
    return places


def _word(text: str) -> str:
    return unit_key(text.strip())
