"""Facilities that are there twice: mapped twice and merged, or of one name and perhaps two of a campus."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from scipy.spatial import cKDTree

from spatial.crs import require_metres
from spatial.formats.notes import Finding, findings_frame
from spatial.formats.tag_rules import fold
from spatial.inputs.names import same_name, written_names
from spatial.messages import FALLBACK, Words
from spatial.tables.words import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray


# One facility that is mapped twice becomes one; what may be one and may be two is listed and left alone.

SIMILAR_SHARE = 0.8
"""Names alike in this share of their letters, accents and capitals aside, are taken for one name."""

NEARLY_SHARE = 0.6
"""Below `SIMILAR_SHARE` and from here on, two names within reach of each other are listed as ambiguous."""

_KINDS = {"n": 0, "w": 1, "r": 2}


def merge_facilities(
    facilities: gpd.GeoDataFrame,
    *,
    max_distance_m: float = 150.0,
    own_sources: Collection[str] = (),
    apart: Collection[frozenset[str]] = (),
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Merge facilities that are mapped more than once.

    Two rows of the same service and status are one facility where they are at most `max_distance_m` apart and their
    names are alike (see `similar_names`) or one of them has no name. The nearest pairs go first. An unnamed row never
    joins two different names. Of each group the first named row stays (then nodes before ways before relations, then
    the lowest number) with its id and point. Two unnamed rows have nothing in common but the place: they are listed.
    """
    crs = require_metres(facilities.crs, what="facilities")
    frame = facilities.reset_index(drop=True)
    groups = _Groups(frame, own_sources, apart)
    doubtful: list[tuple[int, int]] = []
    for one, two in _pairs(frame, max_distance_m):
        if not groups.join(one, two):
            doubtful.append((one, two))
    leader, rows = groups.leaders(), _rows(frame)
    findings = [
        _finding(rows[row], rows[kept], "merged_duplicate")
        for row, kept in enumerate(leader.tolist())
        if row != kept
    ]
    listed: set[int] = set()
    for one, two in doubtful:
        pair = {int(leader[one]), int(leader[two])}
        if len(pair) == 2 and not pair <= listed and groups.is_doubtful(one, two):
            listed |= pair
            findings.append(_finding(rows[two], rows[one], "ambiguous_duplicate"))
    kept = frame[leader == np.arange(len(frame))].reset_index(drop=True)
    return kept, findings_frame(findings, crs=crs)


def _pairs(frame: gpd.GeoDataFrame, max_distance_m: float) -> list[tuple[int, int]]:
    """Rows of one service and status within reach of each other, the nearest first, ties by row."""
    found: list[tuple[float, int, int]] = []
    points = np.column_stack([frame.geometry.x, frame.geometry.y]) if len(frame) else np.empty((0, 2))
    for rows in frame.groupby(["service", "status"], sort=True).indices.values():
        tree = cKDTree(points[rows])
        near = tree.query_pairs(max_distance_m, output_type="ndarray")
        for one, two in np.sort(rows[near], axis=1):
            found.append((float(np.hypot(*(points[one] - points[two]))), int(one), int(two)))
    return [(one, two) for _, one, two in sorted(found)]


@dataclass
class _Group:
    """Rows that are one facility so far."""

    rows: list[int]
    names: list[tuple[str, ...]] = field(default_factory=list)
    owners: set[str] = field(default_factory=set)


class _Groups:
    """All groups, from one a row to one a facility."""

    def __init__(
        self, frame: gpd.GeoDataFrame, own_sources: Collection[str], apart: Collection[frozenset[str]]
    ) -> None:
        self.apart = apart
        self.names = [_names(row) for row in _name_rows(frame)]
        sources = frame["source"] if "source" in frame.columns else None
        self.owner = [
            str(sources[row]) if sources is not None and sources[row] in own_sources else ""
            for row in range(len(frame))
        ]
        self.ids = frame["facility_id"].tolist()
        self.groups = [
            _Group([row], [self.names[row]] if self.names[row] else [], {self.owner[row]} - {""})
            for row in range(len(frame))
        ]

    def join(self, one: int, two: int) -> bool:
        """Put two rows' groups together if nothing speaks against it."""
        first, second = self.groups[one], self.groups[two]
        if first is second:
            return True
        if not (first.names or second.names) or first.owners & second.owners:
            return False
        if self._are_apart(first.rows, second.rows):
            return False
        if not self._alike(one, two) or not all(
            similar_names(a, b) for a in first.names for b in second.names
        ):
            return False
        first.rows += second.rows
        first.names += second.names
        first.owners |= second.owners
        for row in second.rows:
            self.groups[row] = first
        return True

    def _alike(self, one: int, two: int) -> bool:
        mine, theirs = self.names[one], self.names[two]
        return bool(mine or theirs) and (not mine or not theirs or similar_names(mine, theirs))

    def _are_apart(self, first: list[int], second: list[int]) -> bool:
        return bool(self.apart) and any(
            frozenset((self.ids[a], self.ids[b])) in self.apart for a in first for b in second
        )

    def is_doubtful(self, one: int, two: int) -> bool:
        """Whether a person might take two rows that were left apart for one facility."""
        if self._are_apart([one], [two]):
            return False
        mine, theirs = self.names[one], self.names[two]
        return not mine or not theirs or similar_names(mine, theirs, share=NEARLY_SHARE)

    def leaders(self) -> NDArray[np.intp]:
        """Name the row that stays, for every row."""
        leaders = np.empty(len(self.groups), dtype=np.intp)
        for row, group in enumerate(self.groups):
            leaders[row] = min(group.rows, key=self._rank)
        return leaders

    def _rank(self, row: int) -> tuple[bool, bool, int, int, str]:
        identity = self.ids[row]
        kind, number = identity[:1], identity[1:].split("/")[0]
        is_osm = kind in _KINDS and number.isdigit()
        return (
            not self.owner[row],
            not self.names[row],
            _KINDS[kind] if is_osm else -1,
            int(number) if is_osm else 0,
            identity,
        )


def _name_rows(frame: gpd.GeoDataFrame) -> list[tuple[object, ...]]:
    columns = [frame[column].tolist() for column in NAMES if column in frame.columns]
    return list(zip(*columns, strict=True)) if columns else [() for _ in range(len(frame))]


def _names(values: tuple[object, ...]) -> tuple[str, ...]:
    texts = [_plain(value) for value in values if isinstance(value, str)]
    return tuple(dict.fromkeys(text for text in texts if text))


def _plain(name: str) -> str:
    """Letters and digits in small letters without accents, words one blank apart."""
    letters = "".join(letter if letter.isalnum() else " " for letter in fold(name))
    return " ".join(letters.split())


def similar_names(one: tuple[str, ...], two: tuple[str, ...], *, share: float = SIMILAR_SHARE) -> bool:
    """
    Whether two sets of plain names mean the same.

    Examples
    --------
    >>> similar_names(("hopital el maarouf",), ("el maarouf",))
    True
    """
    return any(
        a in b or b in a or SequenceMatcher(None, a, b, autojunk=False).ratio() >= share
        for a in one
        for b in two
    )


class _Row(NamedTuple):
    """What findings say of a facility."""

    facility_id: str
    name: object
    service: str
    xy: tuple[float, float]

    @property
    def called(self) -> str:
        return repr(self.name) if isinstance(self.name, str) else "one without a name"


def _rows(frame: gpd.GeoDataFrame) -> list[_Row]:
    names = frame["name"] if "name" in frame.columns else [None] * len(frame)
    points = frame.geometry.to_numpy()
    ends = zip(shapely.get_x(points).tolist(), shapely.get_y(points).tolist(), strict=True)
    every = zip(frame["facility_id"], names, frame["service"], ends, strict=True)
    return [_Row(str(known), name, str(service), xy) for known, name, service, xy in every]


def _finding(subject: _Row, other: _Row, kind: str) -> Finding:
    distance = math.dist(subject.xy, other.xy)
    verdict = "merged" if kind == "merged_duplicate" else "left apart, look whether it is one"
    detail = f"{subject.service}: {subject.called} and {other.called}, {distance:.0f} m apart: {verdict}"
    return Finding(
        kind,
        subject.facility_id,
        detail,
        shapely.LineString([subject.xy, other.xy]) if distance > 0 else shapely.Point(subject.xy),
        other=other.facility_id,
        distance_m=distance,
    )


# Facilities of one name near each other, or on one site: perhaps one that is there twice, perhaps two of a campus.

NAMESAKES_M = 500.0
"""Two facilities of one name and service are looked at up to here, in metres, inclusive; as `merge.distance_m`."""

OPEN_NAMESAKE = "open_namesake"
SAME_NAME, ONE_OUTLINE = "same_name", "one_outline"

_BITS = 63


class Twins(NamedTuple):
    """Two rows of facilities that may be one, the one that would stay first, and why one might think so."""

    one: int
    two: int
    distance_m: float
    reason: str


class OpenNamesake(NamedTuple):
    """A facility that closes, by name and id, and another of its name that stays open near it."""

    facility_id: str
    facility: str
    other_id: str
    other: str
    distance_m: float
    way: shapely.Geometry

    @property
    def closed(self) -> str:
        """Call the one that closes by name and id."""
        return f"{self.facility!r} ({self.facility_id})"

    @property
    def open(self) -> str:
        """Call the one that stays open by name and id."""
        return f"{self.other!r} ({self.other_id})"


def twins_of(
    frame: gpd.GeoDataFrame,
    is_kin: Callable[[str, str], bool],
    *,
    outlines: gpd.GeoDataFrame | None = None,
    leading: NDArray[np.bool_] | None = None,
    apart: Collection[frozenset[str]] = (),
) -> list[Twins]:
    """Find the existing facilities that may be one: of one name within `NAMESAKES_M`, or one in the other's outline."""
    names = _names_in(frame)
    existing = _existing(frame)
    services = frame["service"].astype(str).tolist()
    found = {
        (one, two): (metres, SAME_NAME)
        for one, two, metres in _near_namesakes(frame, existing, names, is_kin)
    }
    for one, two, metres in _inside_outlines(frame, outlines, names):
        if existing[one] and existing[two] and is_kin(services[one], services[two]):
            found.setdefault((one, two), (metres, ONE_OUTLINE))
    first = np.zeros(len(frame), dtype=bool) if leading is None else leading
    rank = np.lexsort((frame["facility_id"].astype(str), ~first)).argsort().tolist()
    ids = frame["facility_id"].tolist()
    pairs = []
    for pair, (metres, reason) in found.items():
        first_row, second_row = sorted(pair, key=rank.__getitem__)
        if frozenset((ids[first_row], ids[second_row])) not in apart:
            pairs.append(Twins(first_row, second_row, metres, reason))
    return list(
        _as_trees(sorted(pairs, key=lambda twin: (twin.distance_m, rank[twin.one], rank[twin.two])), rank)
    )


def _as_trees(ordered: Iterable[Twins], rank: Sequence[int]) -> Iterator[Twins]:
    """Keep the shortest pairs that hold each group together, told from the row that stays outwards."""
    group: dict[int, int] = {}

    def root(row: int) -> int:
        while group.setdefault(row, row) != row:
            row = group[row]
        return row

    beside: dict[int, list[tuple[int, float, str]]] = {}
    for one, two, metres, reason in ordered:
        if root(one) != root(two):
            group[root(two)] = root(one)
            beside.setdefault(one, []).append((two, metres, reason))
            beside.setdefault(two, []).append((one, metres, reason))
    seen: set[int] = set()
    for start in sorted(beside, key=rank.__getitem__):
        waiting = [start] if start not in seen else []
        seen.update(waiting)
        while waiting:
            row = waiting.pop()
            for other, metres, reason in beside[row]:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
                    yield Twins(row, other, metres, reason)


def _near_namesakes(
    frame: gpd.GeoDataFrame,
    existing: NDArray[np.bool_],
    names: Sequence[tuple[str, ...]],
    is_kin: Callable[[str, str], bool],
) -> Iterator[tuple[int, int, float]]:
    rows = np.flatnonzero(existing & np.array([bool(own) for own in names], dtype=bool))
    if len(rows) < 2:
        return
    points = np.column_stack([frame.geometry.x, frame.geometry.y])[rows]
    pairs = np.sort(cKDTree(points).query_pairs(NAMESAKES_M, output_type="ndarray"), axis=1)
    kinds, service = np.unique(frame["service"].astype(str).to_numpy()[rows], return_inverse=True)
    kin = np.array([[is_kin(one, two) for two in kinds.tolist()] for one in kinds.tolist()], dtype=bool)
    # Most neighbours differ in the first letter already, and are let go before any name is read.
    begins = np.array([_first_letters(names[row]) for row in rows.tolist()], dtype=np.int64)
    one, two = pairs[:, 0], pairs[:, 1]
    pairs = pairs[kin[service[one], service[two]] & ((begins[one] & begins[two]) != 0)]
    metres = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    for a, b, distance in zip(rows[pairs[:, 0]].tolist(), rows[pairs[:, 1]].tolist(), metres, strict=True):
        if same_name(names[a], names[b]):
            yield a, b, float(distance)


def _first_letters(names: Sequence[str]) -> int:
    """Mark the letters by which names begin, as bits; two letters may share one."""
    bits = 0
    for name in names:
        for words in written_names(name):
            bits |= 1 << (ord(words[0][0]) % _BITS)
    return bits


def _inside_outlines(
    frame: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame | None, names: Sequence[tuple[str, ...]]
) -> Iterator[tuple[int, int, float]]:
    """Pair the facility of each outline with those that stand in it; services of one element are no pair."""
    if outlines is None or not len(outlines) or len(frame) < 2:
        return
    row_of = {key: row for row, key in enumerate(frame["facility_id"].astype(str))}
    points = frame.geometry.to_numpy()
    known = outlines.loc[outlines["facility_id"].isin(list(row_of))]
    inner, outer = shapely.STRtree(known.geometry.to_numpy()).query(points, predicate="within")
    for other, at in sorted(zip(inner.tolist(), outer.tolist(), strict=True)):
        key = str(known["facility_id"].iloc[at])
        row = row_of[key]
        element, its = (text.partition("/")[0] for text in (key, str(frame["facility_id"].iloc[other])))
        if element != its and (names[row] or names[other]):
            one, two = sorted((row, other))
            yield one, two, float(points[one].distance(points[two]))


def _existing(frame: pd.DataFrame) -> NDArray[np.bool_]:
    if "status" not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return (frame["status"] == "existing").to_numpy(dtype=bool)


def _names_in(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [frame[column].tolist() for column in NAMES if column in frame.columns]
    rows = zip(*columns, strict=True) if columns else (() for _ in range(len(frame)))
    return [
        tuple(dict.fromkeys(name for name in own if isinstance(name, str) and written_names(name)))
        for own in rows
    ]


def open_namesakes(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, is_kin: Callable[[str, str], bool]
) -> list[OpenNamesake]:
    """Find the facilities that close while another of their name stays open within `NAMESAKES_M`."""
    there, later = before[_existing(before)], after[_existing(after)]
    stays = there["facility_id"].isin(later["facility_id"]).to_numpy(dtype=bool)
    closing, staying = there[~stays], there[stays]
    if not len(closing) or not len(staying):
        return []
    tree = cKDTree(np.column_stack([staying.geometry.x, staying.geometry.y]))
    names, others = _names_in(closing), _names_in(staying)
    found = []
    for row, point in enumerate(closing.geometry.to_numpy()):
        service = str(closing["service"].iloc[row])
        near = [
            at
            for at in tree.query_ball_point((point.x, point.y), NAMESAKES_M)
            if is_kin(service, str(staying["service"].iloc[at])) and same_name(names[row], others[at])
        ]
        spots = [staying.geometry.iloc[at] for at in near]
        told = [
            OpenNamesake(
                str(closing["facility_id"].iloc[row]),
                names[row][0],
                str(staying["facility_id"].iloc[at]),
                others[at][0],
                float(point.distance(spot)),
                shapely.LineString([point, spot]) if point != spot else point,
            )
            for at, spot in zip(near, spots, strict=True)
        ]
        found += sorted(told, key=lambda item: (item.distance_m, item.other_id))
    return found


def namesake_findings(pairs: Iterable[tuple[str, OpenNamesake]]) -> list[Finding]:
    """Warn of facilities that a scenario closes while another of their name stays open."""
    by_pair: dict[tuple[str, str], tuple[OpenNamesake, list[str]]] = {}
    for scenario, item in pairs:
        by_pair.setdefault((item.facility_id, item.other_id), (item, []))[1].append(scenario)
    found = []
    for item, scenarios in by_pair.values():
        told = {
            "scenario": ", ".join(scenarios),
            "facility": item.closed,
            "other": item.open,
            "metres": f"{item.distance_m:.0f}",
        }
        text = Words(FALLBACK).notice(OPEN_NAMESAKE, told)
        found.append(
            Finding(
                OPEN_NAMESAKE,
                item.facility_id,
                text,
                item.way,
                other=item.other_id,
                distance_m=item.distance_m,
                values=told,
            )
        )
    return found
