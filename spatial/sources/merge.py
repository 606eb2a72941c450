"""One facility that is mapped twice becomes one; what may be one and may be two is listed and left alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree

from spatial.crs import require_metres
from spatial.sources.findings import Finding, findings_frame
from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["SIMILAR_SHARE", "merge_facilities", "similar_names"]

SIMILAR_SHARE = 0.8
"""Names alike in this share of their letters, accents and capitals aside, are taken for one name."""

NEARLY_SHARE = 0.6
"""Below `SIMILAR_SHARE` and from here on, two names within reach of each other are listed as ambiguous."""

_KINDS = {"n": 0, "w": 1, "r": 2}
_NAMES = ("name", "name_en", "name_zh")


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
    leader = groups.leaders()
    findings = [
        _finding(frame, row, int(kept), "merged_duplicate") for row, kept in enumerate(leader) if row != kept
    ]
    listed: set[int] = set()
    for one, two in doubtful:
        pair = {int(leader[one]), int(leader[two])}
        if len(pair) == 2 and not pair <= listed and groups.is_doubtful(one, two):
            listed |= pair
            findings.append(_finding(frame, two, one, "ambiguous_duplicate"))
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
    columns = [frame[column].tolist() for column in _NAMES if column in frame.columns]
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


def _finding(frame: gpd.GeoDataFrame, subject: int, other: int, kind: str) -> Finding:
    points = [frame.geometry.iloc[row] for row in (subject, other)]
    ends = [(float(shapely.get_x(point)), float(shapely.get_y(point))) for point in points]
    distance = math.dist(*ends)
    service = frame["service"].iloc[subject]
    verdict = "merged" if kind == "merged_duplicate" else "left apart, look whether it is one"
    detail = (
        f"{service}: {_called(frame, subject)} and {_called(frame, other)}, {distance:.0f} m apart: {verdict}"
    )
    return Finding(
        kind,
        str(frame["facility_id"].iloc[subject]),
        detail,
        shapely.LineString(ends) if distance > 0 else shapely.Point(ends[0]),
        other=str(frame["facility_id"].iloc[other]),
        distance_m=distance,
    )


def _called(frame: gpd.GeoDataFrame, row: int) -> str:
    name: object = frame["name"].iloc[row] if "name" in frame.columns else None
    return repr(name) if isinstance(name, str) else "one without a name"
