"""Facilities that are there twice: mapped twice and merged, or of one name and perhaps two of a campus."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from spatial.crs import require_metres
from spatial.formats.notes import Finding, findings_frame
from spatial.inputs.names import names_by_row, plain_words, same_name, written_names
from spatial.messages import FALLBACK, Words

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.arrays import BoolArray


# One facility that is mapped twice becomes one; what may be one and may be two is listed and left alone.

SIMILAR_SHARE = 0.8
"""Names alike in this share of their letters, accents and capitals aside, are taken for one name."""

NEARLY_SHARE = 0.6
"""Below `SIMILAR_SHARE` and from here on, two names are nearly alike: within reach they are listed as ambiguous."""

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

    Two rows of a service and status are one where they are at most `max_distance_m` apart and their names are alike
    (`similar_names`) or one has none; nearest pairs first, and an unnamed row joins no two names. The first named row
    stays (nodes, ways, relations, lowest number first). Two unnamed rows are only listed.
    """
    crs = require_metres(facilities.crs, what="facilities")
    frame = facilities.reset_index(drop=True)
    # Join rows of one service and status within reach of each other, the nearest first, ties by row.
    near: list[tuple[float, int, int]] = []
    points = shapely.get_coordinates(frame.geometry.to_numpy())
    for rows in frame.groupby(["service", "status"], sort=True).indices.values():
        pairs = rows[cKDTree(points[rows]).query_pairs(max_distance_m, output_type="ndarray")]
        for one, two in np.sort(pairs, axis=1).tolist():
            near.append((float(np.hypot(*(points[one] - points[two]))), one, two))
    groups = _Groups(frame, own_sources, apart)
    doubtful = [(one, two) for _, one, two in sorted(near) if not groups.join(one, two)]
    leader = groups.leaders()
    told = as_told(frame)

    def finding(kind: str, subject: int, other: int, verdict: str) -> Finding:
        what = f"{told[subject]['service']}: {called(told[subject])} and {called(told[other])}"
        return pair_finding(told[subject], told[other], kind=kind, what=what, verdict=verdict)

    findings = [
        finding("merged_duplicate", row, kept, "merged") for row, kept in enumerate(leader.tolist()) if row != kept
    ]
    listed: set[int] = set()
    for one, two in doubtful:
        pair = {int(leader[one]), int(leader[two])}
        if len(pair) == 2 and not pair <= listed and groups.is_doubtful(one, two):
            listed |= pair
            findings.append(finding("ambiguous_duplicate", two, one, "left apart, look whether it is one"))
    kept = frame[leader == np.arange(len(frame))].reset_index(drop=True)
    return kept, findings_frame(findings, crs=crs)


def as_told(frame: gpd.GeoDataFrame) -> list[dict[Hashable, Any]]:
    """Take what findings tell of facilities out of their frame at once: to ask it row by row takes long."""
    columns = frame.columns.intersection(["facility_id", "service", "name"])
    return pd.DataFrame(frame[columns]).assign(point=frame.geometry.to_numpy()).to_dict("records")


def called(facility: Mapping[Hashable, Any]) -> str:
    """Call a facility by its name in a finding."""
    name = facility.get("name")
    return repr(name) if isinstance(name, str) else "one without a name"


def pair_finding(
    subject: Mapping[Hashable, Any], other: Mapping[Hashable, Any], *, kind: str, what: str, verdict: str
) -> Finding:
    """Say what became of two facilities (see `as_told`), drawn as the line between them."""
    ends = shapely.get_coordinates([subject["point"], other["point"]]).tolist()
    distance = math.dist(*ends)
    return Finding(
        kind,
        str(subject["facility_id"]),
        f"{what}, {distance:.0f} m apart: {verdict}",
        shapely.LineString(ends) if distance > 0 else shapely.Point(ends[0]),
        other=str(other["facility_id"]),
        distance_m=distance,
    )


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
        plain = [map(plain_words, names) for names in names_by_row(frame, bool)]
        self.names = [tuple(dict.fromkeys(filter(None, names))) for names in plain]
        self.owner = [""] * len(frame)
        if "source" in frame.columns:
            self.owner = [str(source) if source in own_sources else "" for source in frame["source"]]
        self.ids = frame["facility_id"].tolist()
        self.groups = [
            _Group([row], [names] if names else [], {owner} - {""})
            for row, (names, owner) in enumerate(zip(self.names, self.owner, strict=True))
        ]

    def join(self, one: int, two: int) -> bool:
        """Put two rows' groups together if nothing speaks against it."""
        first, second = self.groups[one], self.groups[two]
        if first is second:
            return True
        if not (first.names or second.names) or first.owners & second.owners:
            return False
        if self._are_apart(first.rows, second.rows) or not (self.names[one] or self.names[two]):
            return False
        if not all(similar_names(a, b) for a in first.names for b in second.names):
            return False
        first.rows += second.rows
        first.names += second.names
        first.owners |= second.owners
        for row in second.rows:
            self.groups[row] = first
        return True

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
        return np.array([min(group.rows, key=self._rank) for group in self.groups], dtype=np.intp)

    def _rank(self, row: int) -> tuple[bool, bool, int, int, str]:
        """Order rows of one facility: lists first, then named ones, nodes before ways before relations, by number."""
        identity = self.ids[row]
        kind, number = identity[:1], identity[1:].split("/")[0]
        is_osm = kind in _KINDS and number.isdigit()
        element = (_KINDS[kind], int(number)) if is_osm else (-1, 0)
        return not self.owner[row], not self.names[row], *element, identity


def similar_names(one: tuple[str, ...], two: tuple[str, ...], *, share: float = SIMILAR_SHARE) -> bool:
    """
    Whether two sets of plain names mean the same.

    >>> similar_names(("hopital el maarouf",), ("el maarouf",))
    True
    """
    return any(
        a in b or b in a or SequenceMatcher(None, a, b, autojunk=False).ratio() >= share for a in one for b in two
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
    leading: BoolArray | None = None,
    apart: Collection[frozenset[str]] = (),
) -> list[Twins]:
    """Find the existing facilities that may be one: of one name within `NAMESAKES_M`, or one in the other's outline."""
    names = names_by_row(frame, written_names)
    existing = _existing(frame)
    services = frame["service"].astype(str).tolist()
    found = _near_namesakes(frame, existing, names, is_kin)
    known = {(twin.one, twin.two) for twin in found}
    found += [
        twin
        for twin in _inside_outlines(frame, outlines, names)
        if existing[twin.one] and existing[twin.two] and is_kin(services[twin.one], services[twin.two])
        if (twin.one, twin.two) not in known
    ]
    ids = frame["facility_id"].tolist()
    first = np.zeros(len(frame), dtype=bool) if leading is None else leading
    rank = np.lexsort((frame["facility_id"].astype(str), ~first)).argsort().tolist()

    def order(twin: Twins) -> tuple[float, int, int]:
        ranks = sorted((rank[twin.one], rank[twin.two]))
        return twin.distance_m, ranks[0], ranks[1]

    # Keep the shortest pairs that hold each group together.
    group: dict[int, int] = {}

    def root(row: int) -> int:
        while group.setdefault(row, row) != row:
            row = group[row]
        return row

    beside: dict[int, list[Twins]] = {}
    for twin in sorted(found, key=order):
        if frozenset((ids[twin.one], ids[twin.two])) not in apart and root(twin.one) != root(twin.two):
            group[root(twin.two)] = root(twin.one)
            beside.setdefault(twin.one, []).append(twin)
            beside.setdefault(twin.two, []).append(twin._replace(one=twin.two, two=twin.one))
    # Tell them from the row that stays outwards.
    kept: list[Twins] = []
    seen: set[int] = set()
    for start in sorted(beside, key=rank.__getitem__):
        waiting = [start] if start not in seen else []
        seen.update(waiting)
        while waiting:
            for twin in beside[waiting.pop()]:
                if twin.two not in seen:
                    seen.add(twin.two)
                    waiting.append(twin.two)
                    kept.append(twin)
    return kept


def _near_namesakes(
    frame: gpd.GeoDataFrame, existing: BoolArray, names: Sequence[tuple[str, ...]], is_kin: Callable[[str, str], bool]
) -> list[Twins]:
    """Pair existing facilities of kin services and one name."""
    rows = np.flatnonzero(existing & np.array([bool(own) for own in names], dtype=bool))
    if len(rows) < 2:
        return []
    points = shapely.get_coordinates(frame.geometry.to_numpy())[rows]
    pairs = np.sort(cKDTree(points).query_pairs(NAMESAKES_M, output_type="ndarray"), axis=1)
    kinds, service = np.unique(frame["service"].astype(str).to_numpy()[rows], return_inverse=True)
    kin = np.array([[is_kin(one, two) for two in kinds.tolist()] for one in kinds.tolist()], dtype=bool)
    # Most neighbours differ in the first letter already, and are let go before any name is read: the letters by which
    # the names of a row begin are bits, and two letters may share one.
    begins = np.zeros(len(rows), dtype=np.int64)
    for at, row in enumerate(rows.tolist()):
        for words in (words for name in names[row] for words in written_names(name)):
            begins[at] |= 1 << (ord(words[0][0]) % _BITS)
    one, two = pairs[:, 0], pairs[:, 1]
    pairs = pairs[kin[service[one], service[two]] & ((begins[one] & begins[two]) != 0)]
    metres = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T).tolist()
    ends = zip(*rows[pairs].T.tolist(), metres, strict=True)
    return [Twins(a, b, distance, SAME_NAME) for a, b, distance in ends if same_name(names[a], names[b])]


def _inside_outlines(
    frame: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame | None, names: Sequence[tuple[str, ...]]
) -> Iterator[Twins]:
    """Pair the facility of each outline with those that stand in it; services of one element are no pair."""
    if outlines is None or not len(outlines) or len(frame) < 2:
        return
    ids = frame["facility_id"].astype(str).tolist()
    row_of = {key: row for row, key in enumerate(ids)}
    points = frame.geometry.to_numpy()
    known = outlines.loc[outlines["facility_id"].isin(ids)]
    keys = known["facility_id"].astype(str).tolist()
    inner, outer = shapely.STRtree(known.geometry.to_numpy()).query(points, predicate="within")
    for other, at in sorted(zip(inner.tolist(), outer.tolist(), strict=True)):
        row = row_of[keys[at]]
        is_one_element = keys[at].partition("/")[0] == ids[other].partition("/")[0]
        if not is_one_element and (names[row] or names[other]):
            one, two = sorted((row, other))
            yield Twins(one, two, float(points[one].distance(points[two])), ONE_OUTLINE)


def _existing(frame: pd.DataFrame) -> BoolArray:
    if "status" not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return (frame["status"] == "existing").to_numpy(dtype=bool)


def open_namesakes(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, is_kin: Callable[[str, str], bool]
) -> list[OpenNamesake]:
    """Find the facilities that close while another of their name stays open within `NAMESAKES_M`."""
    there, later = before[_existing(before)], after[_existing(after)]
    stays = there["facility_id"].isin(later["facility_id"]).to_numpy(dtype=bool)
    closing, staying = there[~stays], there[stays]
    if not len(closing) or not len(staying):
        return []
    tree = cKDTree(shapely.get_coordinates(staying.geometry.to_numpy()))
    names, others = (names_by_row(frame, written_names) for frame in (closing, staying))
    ids, other_ids = (frame["facility_id"].astype(str).tolist() for frame in (closing, staying))
    services, other_services = (frame["service"].astype(str).tolist() for frame in (closing, staying))
    found = []
    for row, point in enumerate(closing.geometry.to_numpy()):
        told = []
        for at in tree.query_ball_point((point.x, point.y), NAMESAKES_M):
            if is_kin(services[row], other_services[at]) and same_name(names[row], others[at]):
                spot = staying.geometry.iloc[at]
                way = shapely.LineString([point, spot]) if point != spot else point
                ends = (ids[row], names[row][0], other_ids[at], others[at][0])
                told.append(OpenNamesake(*ends, float(point.distance(spot)), way))
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
        at, other, metres = item.facility_id, item.other_id, item.distance_m
        found.append(Finding(OPEN_NAMESAKE, at, text, item.way, other=other, distance_m=metres, values=told))
    return found
