"""Names of places and facilities and codes of units as they are compared; facilities that are there twice."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy.cluster.hierarchy import DisjointSet
from scipy.spatial import cKDTree

from spatial.arrays import BoolArray, FloatArray
from spatial.crs import require_metres
from spatial.errors import first_of
from spatial.formats.columns import ROUNDED, read_texts, row_items, tell_rows, text_column
from spatial.formats.notes import Finding, Note, add_notes, findings_frame
from spatial.formats.tag_rules import fold
from spatial.plain_text import shipped_toml
from spatial.tables.words import NAMES

# One facility that is mapped twice becomes one; what may be one and may be two is listed and left alone.

SIMILAR_SHARE = 0.8
"""Names alike in this share of their letters, accents and capitals aside, are taken for one name."""

NEARLY_SHARE = 0.6
"""Below `SIMILAR_SHARE` and from here on, two names are nearly alike: within reach they are listed as ambiguous."""

OSM_KINDS = {"n": 0, "w": 1, "r": 2}
"""Order of nodes, ways and relations, by what their ids begin with."""


def merge_facilities(
    facilities: gpd.GeoDataFrame,
    *,
    max_distance_m: float = 150.0,
    own_sources: Collection[str] = (),
    apart: Collection[frozenset[str]] = (),
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Merge facilities of a service and status that are near and named alike, or of which one has no name.

    The nearest go first, and an unnamed row joins no two names; the first named row stays, two unnamed are listed.
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

    findings = [
        pair_finding("merged_duplicate", told[row], told[kept])
        for row, kept in enumerate(leader.tolist())
        if row != kept
    ]
    listed: set[int] = set()
    for one, two in doubtful:
        pair = {int(leader[one]), int(leader[two])}
        if len(pair) == 2 and not pair <= listed and groups.is_doubtful(one, two):
            listed |= pair
            findings.append(pair_finding("ambiguous_duplicate", told[two], told[one]))
    kept = frame[leader == np.arange(len(frame))].reset_index(drop=True)
    return kept, findings_frame(findings, crs=crs)


def as_told(frame: gpd.GeoDataFrame) -> list[dict[Hashable, Any]]:
    """Take what findings tell of facilities out of their frame at once: to ask it row by row takes long."""
    columns = frame.columns.intersection(["facility_id", "service", "name"])
    return pd.DataFrame(frame[columns]).assign(point=frame.geometry.to_numpy()).to_dict("records")


def pair_finding(
    kind: str, subject: Mapping[Hashable, Any], other: Mapping[Hashable, Any], *, notice: str = "", **more: Any
) -> Finding:
    """Say what became of two facilities (see `as_told`), drawn as the line between them."""
    ends = shapely.get_coordinates([subject["point"], other["point"]]).tolist()
    distance = math.dist(*ends)
    told = {"service": {"service": other["service"]}, "mapped": {"service": subject["service"]}, **more}
    for key, name in (("one", subject.get("name")), ("other", other.get("name"))):
        told[key] = repr(name) if isinstance(name, str) else {"section": "notice_part", "word": "unnamed"}
    told["distance"] = {"value": distance, "unit": "m"}
    line = shapely.LineString(ends) if distance > 0 else shapely.Point(ends[0])
    return Finding(kind, str(subject["facility_id"]), line, told, str(other["facility_id"]), distance, notice)


class _Groups:
    """All groups, from one a row to one a facility: rows that are one so far hold the same list of themselves."""

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
        self.groups = [[row] for row in range(len(frame))]

    def join(self, one: int, two: int) -> bool:
        """Put two rows' groups together if nothing speaks against it."""
        first, second = self.groups[one], self.groups[two]
        if first is second:
            return True
        owners = [self.owner[row] for row in (*first, *second) if self.owner[row]]
        if len({*owners}) < len(owners):
            return False
        if self._are_apart(first, second) or not (self.names[one] or self.names[two]):
            return False
        mine, theirs = ([self.names[row] for row in rows if self.names[row]] for rows in (first, second))
        if not all(similar_names(a, b) for a in mine for b in theirs):
            return False
        first += second
        for row in second:
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
        return np.array([min(rows, key=self._rank) for rows in self.groups], dtype=np.intp)

    def _rank(self, row: int) -> tuple[bool, bool, int, int, str]:
        """Order rows of one facility: lists first, then named ones, nodes before ways before relations, by number."""
        identity = self.ids[row]
        kind, number = identity[:1], identity[1:].split("/")[0]
        is_osm = kind in OSM_KINDS and number.isdigit()
        element = (OSM_KINDS[kind], int(number)) if is_osm else (-1, 0)
        return not self.owner[row], not self.names[row], *element, identity


def similar_names(one: tuple[str, ...], two: tuple[str, ...], *, share: float = SIMILAR_SHARE) -> bool:
    """Whether two sets of plain names mean the same, as ``hopital el maarouf`` and ``el maarouf`` do."""
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
    outlines: gpd.GeoDataFrame | None,
    leading: BoolArray,
    apart: Collection[frozenset[str]],
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
    rank = np.lexsort((frame["facility_id"].astype(str), ~leading)).argsort().tolist()

    def order(twin: Twins) -> tuple[float, int, int]:
        ranks = sorted((rank[twin.one], rank[twin.two]))
        return twin.distance_m, ranks[0], ranks[1]

    # Keep the shortest pairs that hold each group together.
    groups = DisjointSet(range(len(frame)))
    beside: dict[int, list[Twins]] = {}
    for twin in sorted(found, key=order):
        if frozenset((ids[twin.one], ids[twin.two])) not in apart and groups.merge(twin.one, twin.two):
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
    if stays.all() or not stays.any():
        return []
    texts = (there["facility_id"].astype(str), there["service"].astype(str), names_by_row(there, written_names))
    rows = [*zip(*texts, there.geometry.to_numpy(), strict=True)]
    staying = [row for row, stay in zip(rows, stays, strict=True) if stay]
    tree = cKDTree([(point.x, point.y) for *_, point in staying])
    found = []
    for key, service, names, point in (row for row, stay in zip(rows, stays, strict=True) if not stay):
        told = []
        for at in tree.query_ball_point((point.x, point.y), NAMESAKES_M):
            other, kind, others, spot = staying[at]
            if is_kin(service, kind) and same_name(names, others):
                way = shapely.LineString([point, spot]) if point != spot else point
                told.append(OpenNamesake(key, names[0], other, others[0], float(point.distance(spot)), way))
        found += sorted(told, key=lambda item: (item.distance_m, item.other_id))
    return found


def namesake_findings(pairs: Iterable[tuple[str, OpenNamesake]]) -> list[Finding]:
    """Warn of facilities that a scenario closes while another of their name stays open."""
    by_pair: dict[tuple[str, str], tuple[OpenNamesake, list[str]]] = {}
    for scenario, item in pairs:
        by_pair.setdefault((item.facility_id, item.other_id), (item, []))[1].append(scenario)
    found = []
    for item, scenarios in by_pair.values():
        told = {"scenario": ", ".join(scenarios), "facility": item.closed, "other": item.open}
        told["metres"] = f"{item.distance_m:.0f}"
        found.append(Finding(OPEN_NAMESAKE, item.facility_id, item.way, told, item.other_id, item.distance_m))
    return found


KIND_PENALTY = 0.06
"""Taken off the score of two names that say different kinds of place, such as 金顶镇 and 金顶村."""

MIN_LETTERS = 2
"""A unit or a service is only cut off where at least so many letters stay."""

REMEMBERED = 200_000
"""Names whose plain form is kept, for a settlement is compared with many rows."""

CUT_LETTERS = 3
"""A word cut short keeps so many letters at least and leaves out as many, as in Med. for Medical."""

SHARED_LETTERS = 3
"""Beside words cut short, two names share a word of so many letters at least."""

_BESIDE = re.compile(r"[/|;]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff0-9]*[\u3400-\u9fff][\u3400-\u9fff0-9]*")
_AND = frozenset({"and", "et"})
_LATIN_RUN = re.compile(r"[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]")
_OTHER_RUN = re.compile(r"[\u0370-\u1cff\u1f00-\u1fff]")
HAN = re.compile(r"[\u3400-\u9fff]")
_ABOVE = re.compile(
    r"^(?:.{2,}?(?:省|自治区|自治州|州|市))?(?:.{2,}?(?:自治县|县|区|旗|市))?(?:.{2,}?(?:街道|镇|乡))?(?=.{2,})"
)


@dataclass(frozen=True)
class PlaceName:
    """A name for comparison."""

    stem: str  # what is left when units, services and articles are gone
    kind: str = ""  # ``village`` or ``town`` where the name says so, else empty


def plain_words(text: str) -> str:
    """Write letters and digits in small letters without accents, words one blank apart."""
    return " ".join("".join(letter if letter.isalnum() else " " for letter in fold(text)).split())


@functools.lru_cache(maxsize=REMEMBERED)
def plain_name(name: str) -> PlaceName:
    """Strip a name of a place, or of a facility called by it, to what is compared; empty where only a kind is named."""
    text = unicodedata.normalize("NFKC", name).strip()
    words, plain = shipped_toml("inputs/names.toml"), plain_words(text)
    if HAN.search(text):
        # Cut the service off the end, then the units, the longest word first; then the units above off the beginning.
        letters = plain.replace(" ", "")
        services = sorted(words["services"]["zh"], key=len, reverse=True)
        stem = next((letters.removesuffix(word) for word in services if letters.endswith(word)), letters)
        suffixes = [(word, unit) for unit, listed in words["suffixes"].items() for word in listed]
        suffixes.sort(key=lambda item: len(item[0]), reverse=True)
        kind = ""
        while found := next(
            (item for item in suffixes if stem.endswith(item[0]) and len(stem) - len(item[0]) >= MIN_LETTERS), None
        ):
            stem, kind = stem.removesuffix(found[0]), kind or found[1]
        return PlaceName(_ABOVE.sub("", stem, count=1), kind)
    written = " ".join(words["short"].get(word, word) for word in plain.split())
    stem = f" {written} "
    for phrase in sorted([*words["services"]["en"], *words["services"]["fr"]], key=len, reverse=True):
        stem = stem.replace(f" {phrase} ", " ")
    units = {word: unit for unit, listed in words["units"].items() for word in listed}
    said = [units[word] for word in stem.split() if word in units]
    named = [word for word in stem.split() if word not in words["articles"]["latin"]]
    left = [word for word in named if word not in units] or named  # a place may be called by such a word alone
    return PlaceName(" ".join(left), said[0] if said else "")


def in_each_script(name: str) -> tuple[str, ...]:
    """Part a name written in two scripts: the name, and where it has both its words in Latin and in the other."""
    if not (_LATIN_RUN.search(name) and _OTHER_RUN.search(name)) or HAN.search(name):
        return (name,)
    words = name.split()
    other = [word for word in words if _OTHER_RUN.search(word)]
    latin = [word for word in words if not _OTHER_RUN.search(word)]
    return (name, " ".join(latin), " ".join(other)) if latin else (name,)


def name_scores(rows: Sequence[Sequence[str]], places: Sequence[Sequence[str]]) -> FloatArray:
    """Compare names of rows with those of places: the share of letters in common, 0-1 (Indel similarity, RapidFuzz)."""
    mine, row = _flat(rows)
    theirs, owner = _flat(places)
    result = np.zeros((len(rows), len(places)))
    if not mine or not theirs:
        return result
    stems = [[name.stem for name in names] for names in (mine, theirs)]
    scores = process.cdist(*stems, scorer=fuzz.ratio, dtype=np.float32)
    one, other = (np.array([name.kind for name in names]) for names in (mine, theirs))
    apart = (one != "")[:, None] & (other != "") & (one[:, None] != other)
    scores = np.maximum(scores / 100.0 - KIND_PENALTY * apart, 0.0)
    # Of several names of a row or a place the likest counts.
    at_row, first_of_row = np.unique(row, return_index=True)
    at_place, first_of_place = np.unique(owner, return_index=True)
    by_place = np.maximum.reduceat(scores, first_of_place, axis=1)
    result[np.ix_(at_row, at_place)] = np.maximum.reduceat(by_place, first_of_row, axis=0)
    return result


def _flat(groups: Sequence[Sequence[str]]) -> tuple[list[PlaceName], NDArray[np.intp]]:
    """List the plain names of all groups, each in every script, and the group of each."""
    pairs = [
        (plain, number)
        for number, names in enumerate(groups)
        for plain in dict.fromkeys(plain_name(part) for name in names for part in in_each_script(name))
        if plain.stem
    ]
    return [plain for plain, _ in pairs], np.array([number for _, number in pairs], dtype=np.intp)


@functools.lru_cache(maxsize=REMEMBERED)
def written_names(name: str) -> tuple[tuple[str, ...], ...]:
    """
    Write a facility's name as the words by which it is held against another; nothing of what it is gets lost.

    The whole name and each language of a name in two, without articles and with them; a Chinese name is one word.
    """
    text = unicodedata.normalize("NFKC", name)
    parts = [text, *(_BESIDE.split(text) if _BESIDE.search(text) else ())]
    for part in tuple(parts):
        han = "".join(_HAN_RUN.findall(part))
        rest = _HAN_RUN.sub(" ", part)
        parts += [han, rest] if han and _LATIN_RUN.search(rest) else in_each_script(part)
    return tuple(dict.fromkeys(words for part in parts for words in _name_words(part)))


def same_name(one: Sequence[str], two: Sequence[str]) -> bool:
    """
    Say whether two facilities bear one name: case, accents, blanks, articles, abbreviations and languages aside.

    Words that say what a facility is count, unlike in `name_scores`: a primary school and a college of one place are
    two. Numbers must be equal.
    """
    mine = {words for name in one for words in written_names(name)}
    theirs = {words for name in two for words in written_names(name)}
    return any("".join(a) == "".join(b) or _aligned(a, b) for a in mine for b in theirs)


def _name_words(text: str) -> list[tuple[str, ...]]:
    """Plain words of a name without and with articles: spellings written out, single letters in a row as one word."""
    plain = plain_words(text)
    if HAN.search(text):
        return [(_ABOVE.sub("", plain.replace(" ", ""), count=1),)]
    words = shipped_toml("inputs/names.toml")
    joined: list[str] = []
    was_single = False
    for word in plain.split():
        is_single = len(word) == 1 and word.isalpha()
        if is_single and was_single:
            joined[-1] += word
        else:
            joined.append(word)
        was_single = is_single
    known = words["short"] | words["written"]
    told = tuple(known.get(word, word.lstrip("0") or word) for word in joined)
    left_out = {*words["articles"]["latin"], *_AND}
    return [named for named in (tuple(word for word in told if word not in left_out), told) if named]


def _aligned(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Hold two names against each other word by word, where a word may be cut short or several be their initials."""
    if not any(len(word) >= SHARED_LETTERS and word in two for word in one):
        return False
    if len(one) == len(two):
        pairs = [sorted(pair, key=len) for pair in zip(one, two, strict=True)]
        if all(
            short == long
            or (min(len(short), len(long) - len(short)) >= CUT_LETTERS and short.isalpha() and long.startswith(short))
            for short, long in pairs
        ):
            return True
    return _by_initials(one, two) or _by_initials(two, one)


def _by_initials(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Find one word of a name that is the initials of as many words of the other, as CHR is."""
    for at, word in enumerate(short):
        end = at + len(word)
        is_initials = len(word) > 1 and word == "".join(part[0] for part in long[at:end])
        if is_initials and short[:at] == long[:at] and short[at + 1 :] == long[end:]:
            return True
    return False


def names_by_row(frame: pd.DataFrame, is_name: Callable[[str], object]) -> list[tuple[str, ...]]:
    """List the different names of every row that are names indeed."""
    columns = [frame[column].tolist() for column in NAMES if column in frame.columns]
    rows = zip(*columns, strict=True) if columns else [()] * len(frame)
    return [tuple(dict.fromkeys(name for name in own if isinstance(name, str) and is_name(name))) for own in rows]


# Codes of administrative units as lists write them.

PLAN_CLASSES = ("cluster", "suburban", "protected", "relocate", "other")
"""How a village is classed by its plan; a village that relocates gets mobile service, not sites."""

LEVELS = {6: "county", 9: "township", 12: "village"}
"""Level of a Chinese unit by the digits of its code without closing zeros."""

STATISTICAL_DIGITS = 17
"""12 digits of the unit, 2 of its urban or rural attribute, 3 of its urban or rural class (statistical code)."""

MIN_PREFIX = 4
_SERIAL = re.compile(r"[A-Z]\d{8}", re.ASCII)
"""Codes that are numbered through and do not nest, such as E04000647 of the Office for National Statistics."""

_CLASSES = {**dict.fromkeys(("111", "112", "121", "122", "123"), "urban"), **dict.fromkeys(("210", "220"), "rural")}
"""Class of the last three digits, from 111 (main urban area) to 220 (village)."""


def unit_key(code: str) -> str:
    """Write a unit code in its shortest form, such as ``533325101`` for ``533325101000``."""
    text = _unspaced(code).upper()
    if text.isdigit() and len(text) == STATISTICAL_DIGITS:
        text = text[:12]
    if text.isdigit() and len(text) in LEVELS:
        while len(text) > min(LEVELS) and text.endswith("000"):
            text = text[:-3]
    return text


def _unspaced(code: str) -> str:
    return "".join(unicodedata.normalize("NFKC", code).split())


def unit_level_of(code: str) -> str | None:
    """Read the level of a Chinese unit off its code: county, township or village; None of any other code."""
    key = unit_key(code)
    return LEVELS.get(len(key)) if key.isdigit() else None


def unit_prefixes(key: str) -> tuple[str, ...]:
    """List the units that a unit is part of by its code alone, itself first."""
    if key.isdigit() and len(key) in LEVELS:
        return tuple(key[:size] for size in sorted(LEVELS, reverse=True) if size <= len(key))
    if _SERIAL.fullmatch(key):
        return (key,)
    if key[:1].isalpha() and len(key) > MIN_PREFIX and any(sign.isdigit() for sign in key):
        return tuple(key[:size] for size in range(len(key), MIN_PREFIX - 1, -1))
    return (key,)


def carry_units(frame: gpd.GeoDataFrame, problems: list[str], *, key: str) -> None:
    """Read the columns of units that a table may have, in place."""
    if "unit_code" in frame.columns:
        text = text_column(frame["unit_code"]).str.strip()
        text = text.where(text != "")
        rounded = text.fillna("").str.fullmatch(ROUNDED)
        shown = first_of(text[rounded].drop_duplicates(), limit=2)
        said = f"unit_code: rounded by a spreadsheet for {{rows}}, such as {shown}; format the column as text and "
        tell_rows(problems, frame, key, rounded, f"{said}enter the codes again")
        plain = text.map(_unspaced, na_action="ignore").astype("str")
        long = plain.fillna("").str.fullmatch(rf"\d{{{STATISTICAL_DIGITS}}}")
        frame["unit_code"] = plain.where(~long, plain.str[:12]).astype("str")
        if "unit_level" not in frame.columns:
            levels = frame["unit_code"].map(unit_level_of, na_action="ignore")
            if levels.notna().any():
                frame["unit_level"] = levels.astype("str")
        if key == "settlement_id" and long.any():
            classes = plain[long].str[14:].map(_CLASSES)
            unknown = long & classes.reindex(frame.index).isna()
            shown = first_of(plain[unknown].str[14:].drop_duplicates().sort_values(), limit=3)
            said = f"unit_code: no urban or rural class in the last three digits of {{rows}}, such as {shown}"
            known = "they must be 111, 112, 121, 122, 123, 210 or 220"
            tell_rows(problems, frame, key, unknown, f"{said}; {known}")
            read = classes.reindex(frame.index).astype("str")
            if "official_class" in frame.columns:  # what the list says comes before the digits
                stated = text_column(frame["official_class"])
                read = stated.where(stated.notna(), read)
            frame["official_class"] = read
    read_texts(frame, ["unit_level"])
    if "village_plan_class" in frame.columns:
        classes = text_column(frame["village_plan_class"])
        wrong = (classes.notna() & ~classes.isin(PLAN_CLASSES)).to_numpy(dtype=bool)
        shown = first_of(classes[wrong].drop_duplicates().sort_values(), limit=5)
        known = f"known are {', '.join(PLAN_CLASSES)}: translate them in values.village_plan_class"
        said = f"village_plan_class: unknown value(s) {shown} for {{rows}}; {known}"
        tell_rows(problems, frame, key, wrong, said)
        frame["village_plan_class"] = classes
    if key == "settlement_id" and "official_class" in frame.columns:
        classes = text_column(frame["official_class"])
        unclassed = (classes.fillna("").str.strip() == "").to_numpy(dtype=bool)
        add_notes(frame, [Note("unclassed", int(unclassed.sum()), {"where": row_items(frame, key, unclassed)})])
