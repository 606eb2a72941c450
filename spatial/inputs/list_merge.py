"""Lists of facilities and the map become one table; what they leave in doubt is written as a CSV to decide in."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial.arrays import BoolArray
from spatial.crs import WGS84, require_metres
from spatial.errors import first_of, refuse
from spatial.formats.columns import ROUNDED, tell_rows
from spatial.formats.delimited import AUTO, guess_encoding, read_delimited
from spatial.formats.files import local_file
from spatial.formats.notes import Finding, findings_frame, join_findings
from spatial.formats.workbook import read_workbook
from spatial.inputs.facility_facts import joint_service, service_by_day
from spatial.inputs.names import (
    NEARLY_SHARE,
    Twins,
    as_told,
    merge_facilities,
    name_scores,
    names_by_row,
    pair_finding,
    plain_name,
    twins_of,
)
from spatial.inputs.services import Vocabulary
from spatial.plain_text import from_spreadsheet, spreadsheet_text
from spatial.study.sources import MergeOptions

# Files in which a person decided, as spreadsheets save them: a comma or a semicolon between fields, or a workbook.

_WORKBOOKS = {".xlsx", ".xlsm", ".xls"}
_DELIMITERS = (",", ";", "\t")


def read_decided(path: Path, *, what: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a file of decisions as text without the apostrophes that guard formulas; refuse one that lacks columns."""
    if path.suffix.lower() in _WORKBOOKS:
        frame = read_workbook(path, header_row=1, total_words=(), what=what)
    else:
        data = local_file(path, what=what).read_bytes()
        header = data.decode(guess_encoding(data), errors="replace").partition("\n")[0]
        delimiter = max(_DELIMITERS, key=header.count)
        frame = read_delimited(path, encoding=AUTO, delimiter=delimiter, what=what)
    refuse(f"{what} {path}", [f"{name}: the column is missing" for name in columns if name not in frame.columns])
    written = frame.copy()
    for name, column in frame.items():
        # The program put the apostrophes there so that ids and names are not run as formulas.
        cells = [from_spreadsheet(cell) if isinstance(cell, str) else cell for cell in column]
        written[name] = pd.Series(cells, index=frame.index, dtype=column.dtype)
    return written


def rounded_ids(made: pd.DataFrame, *columns: str) -> list[str]:
    """Find the columns of ids that a spreadsheet has rounded, as problems."""
    problems = []
    for column in columns:
        rounded = made[column].fillna("").str.fullmatch(ROUNDED)
        if rounded.any():
            problems.append(
                f"{column}: rounded by a spreadsheet, such as {first_of(made[column][rounded], limit=3)}; "
                "import the CSV with its columns as text and enter the ids again"
            )
    return problems


# Which row of a list and which mapped facility are one: near, of one family of services and called alike.

SAME, RELATED, OTHER = "same", "related", "other"
"""How the services of two rows are kin: one counts for the other; both count for a third; neither."""

_NUMBERS = re.compile(r"\d+")
_STEP = 0.1
"""Scores within one such step are alike: of two names alike enough the nearer place is taken."""


@dataclass(frozen=True, order=True)
class Pair:
    """A row of a list and a mapped facility near it."""

    one: int  # rows of the frame: of the list and of the map
    two: int
    distance_m: float  # between them
    score: float  # how alike their names are, 0-1; NaN where one has none
    kin: str  # same, related or other: how their services are kin

    @property
    def is_unnamed(self) -> bool:
        """Whether one of the two has no name of its own."""
        return bool(np.isnan(self.score))


def family_of(one: str, two: str, vocabulary: Vocabulary) -> str:
    """Say how two services are kin."""
    one, two = vocabulary.families.get(one, one), vocabulary.families.get(two, two)
    if one == two or one in vocabulary.satisfying(two) or two in vocabulary.satisfying(one):
        return SAME
    shared = any({one, two} <= vocabulary.satisfying(service) for service in vocabulary.ids)
    return RELATED if shared else OTHER


def near_pairs(frame: gpd.GeoDataFrame, listed: BoolArray, vocabulary: Vocabulary, *, radius_m: float) -> list[Pair]:
    """Pair rows of lists with mapped facilities within reach."""
    ones, twos = np.flatnonzero(listed), np.flatnonzero(~listed)
    if not len(ones) or not len(twos):
        return []
    points = shapely.get_coordinates(frame.geometry.to_numpy())
    tree = cKDTree(points[twos])
    # A name that is but the word for a service is none.
    names = names_by_row(frame, lambda name: plain_name(name).stem)
    services, planned = frame["service"].tolist(), (frame["status"] == "candidate").tolist()
    family = functools.cache(lambda one, two: family_of(one, two, vocabulary))
    pairs: list[Pair] = []
    around = np.asarray(tree.query_ball_point(points[ones], radius_m), dtype=object)
    for one, near in zip(ones.tolist(), around, strict=True):
        kin = {row: family(services[one], services[row]) for row in twos[sorted(near)].tolist()}
        rows = [row for row in kin if kin[row] != OTHER and planned[row] == planned[one]]
        if not rows:
            continue
        metres = np.hypot(*(points[rows] - points[one]).T).tolist()
        alike = name_scores([names[one]], [names[row] for row in rows])[0].tolist()
        for row, distance, share in zip(rows, metres, alike, strict=True):
            score = share if _numbers(names[row]) == _numbers(names[one]) else 0.0  # school 1 is not school 2
            are_named = bool(names[one] and names[row])
            pairs.append(Pair(one, row, distance, score if are_named else np.nan, kin[row]))
    return pairs


def _numbers(names: Sequence[str]) -> frozenset[str]:
    return frozenset(number.lstrip("0") for name in names for number in _NUMBERS.findall(plain_name(name).stem))


def one_to_one(pairs: Sequence[Pair], frame: pd.DataFrame, *, options: MergeOptions, taken: set[int]) -> Iterator[Pair]:
    """Choose the pairs that are one facility, each row in one of them at most."""
    ids = frame["facility_id"].tolist()

    def rank(pair: Pair) -> tuple[bool, float, float, str, str]:
        step = 0.0 if pair.is_unnamed else -np.floor(pair.score / _STEP + 1e-9)
        return pair.is_unnamed, step, pair.distance_m, ids[pair.one], ids[pair.two]

    for pair in sorted(pairs, key=rank):
        is_near = pair.distance_m <= (options.doubles_m if pair.is_unnamed else options.distance_m)
        is_alike = pair.is_unnamed or pair.score >= options.name_min
        if pair.kin == SAME and is_near and is_alike and not {pair.one, pair.two} & taken:
            taken |= {pair.one, pair.two}
            yield pair


# What lists and map leave in doubt: written as a CSV with a column to decide in, and read back.

TO_REVIEW = "facilities_to_review.csv"
DECISIONS = ("same", "different", "drop")
REASONS = (
    "same_name", "one_outline", "near_other_service", "far_same_name", "near_no_name", "near_other_name",
    "not_on_map", "not_in_list",
)  # fmt: skip
"""Why a person should look, the likeliest to be one facility first."""

PAIRS_A_ROW = 2
"""So many doubtful pairs are listed for a row of a list."""

REVIEW_NUMBERS = ("distance_m", "similarity", "longitude", "latitude")
"""Columns of the list that hold numbers, written as text."""

_WHAT = "decisions on facilities"
_SIDES = ("list_id", "list_name", "list_service", "map_id", "map_name", "map_service")
_COLUMNS = ("source", *_SIDES, "reason", *REVIEW_NUMBERS, "decision")


@dataclass(frozen=True)
class Decisions:
    """What a person has decided."""

    merged: frozenset[tuple[str, str, str]] = frozenset()  # source, list_id and map_id of rows that are one
    apart: frozenset[frozenset[str]] = frozenset()  # ids of two that are two
    settled: frozenset[str] = frozenset()  # ids that are facilities of their own, in or outside a pair
    # source and list_id of rows of lists that are no facility
    dropped_rows: frozenset[tuple[str, str]] = frozenset()
    dropped_map: frozenset[str] = frozenset()  # ids of mapped ones that are none

    def dropped(self, frame: pd.DataFrame, lists: Collection[str]) -> BoolArray:
        """Find the rows that are to be dropped."""
        listed = frame["source"].isin(list(lists)).to_numpy(dtype=bool)
        rows = zip(frame["source"], frame["facility_id"], strict=True)
        is_row = listed & np.array([row in self.dropped_rows for row in rows], dtype=bool)
        is_map = frame["facility_id"].isin(list(self.dropped_map)).to_numpy(dtype=bool)
        # The second of a pair of two rows of lists stands where a mapped one does; a mapped one of that id goes first.
        is_mapped = frame["facility_id"].isin(frame["facility_id"][~listed]).to_numpy(dtype=bool)
        found: BoolArray = is_row | (is_map & ~(listed & is_mapped))
        return found

    def same(self, frame: pd.DataFrame, lists: Collection[str]) -> dict[int, int]:
        """Find the rows that are one."""
        own: dict[tuple[str, str], int] = {}
        listed: dict[str, int] = {}
        mapped: dict[str, int] = {}
        for row, (source, key) in enumerate(zip(frame["source"], frame["facility_id"], strict=True)):
            if source in lists:
                own[source, key] = listed[key] = row
            else:
                mapped[key] = row
        stays: dict[int, int] = {}

        def last(row: int) -> int:
            while row in stays:
                row = stays[row]
            return row

        of_lists = set(own.values())
        for source, one, two in sorted(self.merged):
            kept = own.get((source, one)) if source in lists else mapped.get(one)
            gone = mapped.get(two, listed.get(two))
            if kept is None or gone is None or last(kept) == last(gone):
                continue
            first, second = last(kept), last(gone)
            if second in of_lists and first not in of_lists:
                first, second = second, first
            stays[second] = first
        return {row: last(row) for row in sorted(stays)}

    def idle(self, frame: pd.DataFrame) -> int:
        """Count the decisions on what is not there."""
        ids = set(frame["facility_id"])
        named: list[set[str]] = [{one, two} for _, one, two in self.merged]
        named += [set(pair) for pair in self.apart]
        named += [{one} for _, one in self.dropped_rows] + [{two} for two in self.dropped_map]
        return sum(not ids.issuperset(keys) for keys in named)


def read_review(path: Path, sources: Collection[str], *, maps: Collection[str] = ()) -> Decisions:
    """Read what was decided about facilities."""
    frame = read_decided(path, what=_WHAT, columns=("source", "list_id", "map_id", "decision"))
    made = frame.loc[frame["decision"].fillna("").str.strip() != ""].fillna("")
    made = made.assign(decision=made["decision"].str.strip().str.lower())
    no_list, no_map = made["list_id"] == "", made["map_id"] == ""
    named = pd.DataFrame({"id": made["list_id"].where(~no_list, made["map_id"])})
    problems: list[str] = []
    decisions = made["decision"]
    strange = ~decisions.isin(DECISIONS)
    found = f"found {first_of(decisions[strange].unique())} for {{rows}}"
    tell_rows(problems, named, "id", strange, f"decision: must be same, different or drop, {found}")
    problems += rounded_ids(made, "list_id", "map_id")
    unknown = made["source"][~no_list & ~made["source"].isin([*sources, *maps])].unique()
    if len(unknown):
        remedy = "delete its rows or correct the path"
        problems.append(f"source: no list of the study is {first_of(unknown)}; {remedy}")
    same = decisions == "same"
    single = same & (no_list | no_map)
    said = "decision: same needs a list_id and a map_id, for {rows}; fill in the other one"
    tell_rows(problems, named, "id", single, said)
    neither = int((no_list & no_map).sum())
    if neither:
        problems.append(f"list_id: {neither} decided row(s) have neither a list_id nor a map_id")
    twice = made.duplicated(["source", "list_id", "map_id"])
    tell_rows(problems, named, "id", twice, "list_id: decided more than once for {rows}; keep one row")
    of_lists = made[same & ~single & ~twice & made["source"].isin(list(sources))]
    two_lists = of_lists["map_id"][of_lists.duplicated("map_id")]
    if len(two_lists):
        problems.append(f"map_id: the same as two rows of lists, {first_of(two_lists)}; keep one row")
    refuse(f"{_WHAT} {path}", problems)
    ids = made[["source", "list_id", "map_id"]].astype("str").apply(lambda column: column.str.strip())
    told = {decision: [*ids[decisions == decision].itertuples(index=False)] for decision in DECISIONS}
    return Decisions(
        merged=frozenset((row.source, row.list_id, row.map_id) for row in told["same"]),
        apart=frozenset(frozenset(row[1:]) for row in told["different"] if all(row[1:])),
        settled=frozenset(key for row in told["different"] for key in row[1:] if key),
        dropped_rows=frozenset((row.source, row.list_id) for row in told["drop"] if not row.map_id),
        dropped_map=frozenset(row.map_id for row in told["drop"] if row.map_id),
    )


@dataclass(frozen=True)
class Open:
    """What is left when all is merged that can be."""

    frame: gpd.GeoDataFrame  # the rows that the pairs name
    listed: frozenset[int]  # rows of lists without a mapped facility, and mapped ones without a row
    mapped: frozenset[int]
    settled: frozenset[str]  # ids that a person has decided on


def review_list(
    left: Open,
    pairs: Sequence[Pair],
    *,
    options: MergeOptions,
    vocabulary: Vocabulary,
    ground: shapely.Geometry | None = None,
    twins: Sequence[Twins] = (),
) -> pd.DataFrame:
    """List what a person should decide."""
    told = [
        _Doubt(reason, pair.one, pair.two, pair.distance_m, pair.score)
        for pair in pairs
        if pair.one in left.listed and pair.two in left.mapped and (reason := _reason(pair, options))
    ]
    told.sort(key=lambda one: (REASONS.index(one.reason), -np.nan_to_num(one.score), one.distance_m, one[1:]))
    doubts, listed = [], dict.fromkeys(left.listed, 0)
    for doubt in told:
        if listed[doubt.one] < PAIRS_A_ROW:
            listed[doubt.one] += 1
            doubts.append(doubt)
    told_of = {frozenset(doubt[1:3]) for doubt in doubts}
    doubts += [
        _Doubt(twin.reason, twin.one, twin.two, twin.distance_m)
        for twin in twins
        if frozenset((twin.one, twin.two)) not in told_of
    ]
    # What may be one with another is looked at once, as its double.
    paired = {doubt.two for doubt in doubts}
    alone = [row for row, number in listed.items() if not number and row not in paired]
    doubts += [_Doubt("not_on_map", row, -1) for row in _worth(left, alone, ground)]
    frame = left.frame
    offered = frame.loc[frame["found_in"] != "map", "service"].unique()
    kin = {
        service: any(family_of(service, other, vocabulary) == SAME for other in offered)
        for service in frame["service"].unique()
    }
    lonely = [row for row in left.mapped - paired if kin[frame["service"].iloc[row]]]
    doubts += [_Doubt("not_in_list", -1, row) for row in _worth(left, lonely, ground)]
    points = frame.geometry.to_crs(WGS84)
    x, y = points.x.to_numpy(), points.y.to_numpy()
    written = []
    for doubt in doubts:
        at = doubt.one if doubt.one >= 0 else doubt.two
        line = {"source": str(frame["source"].iloc[at]), "reason": doubt.reason}
        for side, row in (("list", doubt.one), ("map", doubt.two)):
            name = frame["name"].iloc[row] if row >= 0 else ""
            line[f"{side}_id"] = str(frame["facility_id"].iloc[row]) if row >= 0 else ""
            line[f"{side}_name"] = spreadsheet_text(name) if isinstance(name, str) else ""
            line[f"{side}_service"] = str(frame["service"].iloc[row]) if row >= 0 else ""
        line["distance_m"] = "" if np.isnan(doubt.distance_m) else f"{doubt.distance_m:.0f}"
        line["similarity"] = "" if np.isnan(doubt.score) else f"{doubt.score:.2f}"
        line |= {"longitude": f"{x[at]:.5f}", "latitude": f"{y[at]:.5f}", "decision": ""}
        written.append(line)
    written.sort(key=lambda row: (REASONS.index(row["reason"]), row["source"], row["list_id"], row["map_id"]))
    return pd.DataFrame(written, columns=list(_COLUMNS), dtype="str")


class _Doubt(NamedTuple):
    """What a person should look at: one or two rows of the frame."""

    reason: str
    one: int  # the row of the list; -1 where there is none
    two: int  # the mapped one
    distance_m: float = np.nan
    score: float = np.nan  # how alike their names are


def _reason(pair: Pair, options: MergeOptions) -> str:
    """Say why a person should look at a pair; empty where there is no need."""
    near, alike = pair.distance_m <= options.distance_m, pair.score >= options.name_min
    if pair.kin == RELATED:
        return "near_other_service" if near and alike else ""
    if pair.kin == OTHER:
        return ""
    if alike:
        return "" if near else "far_same_name"
    if pair.is_unnamed:
        return "near_no_name" if near else ""
    close = pair.distance_m <= options.doubles_m or (near and pair.score >= NEARLY_SHARE)
    return "near_other_name" if close else ""


def _worth(left: Open, rows: Sequence[int], ground: shapely.Geometry | None) -> list[int]:
    """Single rows that serve today, lie in the study area and are not decided on."""
    frame = left.frame.iloc[list(rows)]
    worth = ((frame["status"] == "existing") & ~frame["facility_id"].isin(list(left.settled))).to_numpy()
    if ground is not None and len(frame):
        shapely.prepare(ground)
        worth = worth & shapely.covers(ground, frame.geometry.to_numpy())
    return [row for row, is_worth in zip(rows, worth, strict=True) if is_worth]


LIST, MAP, BOTH = "list", "map", "both"
_ROW = "_row"
_PLACED = {"placed_by", "placed_score", "placed_at", "settlement_id"}
_ITS_OWN = {_ROW, "facility_id", "source", "found_in", "merged_from", *_PLACED}
"""Columns of a row of a list that a mapped facility never fills."""


@dataclass(frozen=True, eq=False)
class Combined:
    """Facilities of all sources, each once."""

    # with `found_in` (list, map, both) and `merged_from`, the ids that went into a row, separated by blanks
    frame: gpd.GeoDataFrame
    findings: gpd.GeoDataFrame  # ``merged_duplicate``, ``ambiguous_duplicate``, ``dropped_by_decision``
    review: pd.DataFrame  # what a person should decide, as text; empty where there is nothing
    counts: list[tuple[str, float]] = field(default_factory=list)  # item and number


def combine_facilities(  # noqa: PLR0913 - each keyword is something of its own that a merge depends on
    facilities: gpd.GeoDataFrame,
    *,
    lists: Collection[str],
    options: MergeOptions,
    vocabulary: Vocabulary,
    decisions: Decisions | None = None,
    ground: shapely.Geometry | None = None,
    outlines: gpd.GeoDataFrame | None = None,
) -> Combined:
    """Merge the lists of a study with its map, and each with itself, by the rules of `docs/facilities.md`."""
    crs = require_metres(facilities.crs, what="facilities")
    decided = decisions or Decisions()
    gone = decided.dropped(facilities, lists)
    frame = facilities[~gone].reset_index(drop=True)
    listed = frame["source"].isin(list(lists)).to_numpy(dtype=bool)
    frame["found_in"] = pd.Series(np.where(listed, LIST, MAP), dtype="str")
    frame["merged_from"] = pd.Series(np.full(len(frame), None), dtype="str")
    frame[_ROW] = np.arange(len(frame))
    work = _Work(frame, options, vocabulary)
    for row in facilities[gone].to_dict("records"):
        values = {"file": row["source"], "service": {"service": row["service"]}}
        work.findings.append(Finding("dropped_by_decision", str(row["facility_id"]), row["geometry"], values))
    radius_m = max(options.distance_m, options.doubles_m, options.far_m)
    pairs = [
        pair
        for pair in near_pairs(frame, listed, vocabulary, radius_m=radius_m)
        if frozenset((work.ids[pair.one], work.ids[pair.two])) not in decided.apart
    ]
    told = decided.same(frame, lists)
    work.take(told, by="decision")
    # A row of a list and a mapped facility that bear one id are one, save where a decision has taken either.
    taken = {*told, *told.values()}
    of_id = {key: row for row, key in enumerate(work.ids) if listed[row] and row not in taken}
    mapped = {row: key for row, key in enumerate(work.ids) if not listed[row] and row not in taken}
    alike = {row: of_id[key] for row, key in mapped.items() if key in of_id}
    work.take(alike, by="id")
    chosen = one_to_one(pairs, frame, options=options, taken={*taken, *alike, *alike.values()})
    work.take({pair.two: pair.one for pair in chosen}, by="name")
    rest, doubles = merge_facilities(
        work.frame[~work.gone], max_distance_m=options.doubles_m, own_sources=lists, apart=decided.apart
    )
    work.take_doubles(doubles)
    rows = rest[_ROW].to_numpy()
    found_in = work.frame["found_in"].to_numpy()[rows]
    of_list, of_map = (frozenset(rows[work.is_mixed & (found_in == side)].tolist()) for side in (LIST, MAP))
    left = Open(work.frame, of_list, of_map, decided.settled)
    # Rows that are left and may be one are only listed: a campus is real.
    plain = work.frame.loc[rows].reset_index(drop=True)
    twins = twins_of(
        plain,
        lambda one, two: family_of(one, two, vocabulary) == SAME,
        outlines=None if outlines is None else outlines.to_crs(crs),
        leading=(plain["found_in"] != MAP).to_numpy(dtype=bool),
        apart=decided.apart,
    )
    twins = [twin._replace(one=int(rows[twin.one]), two=int(rows[twin.two])) for twin in twins]
    review = review_list(left, pairs, options=options, vocabulary=vocabulary, ground=ground, twins=twins)
    kept = work.frame.loc[rows].drop(columns=_ROW).reset_index(drop=True)
    findings = join_findings([doubles, findings_frame(work.findings, crs=crs)], crs=crs)
    counts = [
        ("facilities of lists found on the map", float((kept["found_in"] == BOTH).sum())),
        ("facilities merged by decision", float(len(told))),
        ("facilities dropped by decision", float(gone.sum())),
        ("decisions that name no facility", float(decided.idle(facilities))),
        ("values filled in from the map", float(work.filled)),
        ("values overruled by the map", float(work.overruled)),
        ("values of the map overruled by lists", float(work.lost)),
        ("facilities to review", float(len(review))),
    ]
    if not (work.is_mixed or gone.any() or told):
        counts = counts[-1:] if len(review) else []
    return Combined(kept, findings, review, counts)


@dataclass(eq=False)
class _Work:
    """All rows while they are merged; those that went into others stay in the frame until the end."""

    frame: gpd.GeoDataFrame
    options: MergeOptions
    vocabulary: Vocabulary
    findings: list[Finding] = field(default_factory=list)
    filled: int = 0
    overruled: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self.listed = (self.frame["found_in"] == LIST).to_numpy(dtype=bool)
        self.ids = self.frame["facility_id"].tolist()
        self.gone = np.zeros(len(self.frame), dtype=bool)
        self.is_mixed = bool(self.listed.any() and not self.listed.all())

    def take(self, pairs: Mapping[int, int], *, by: str) -> None:
        """Let rows of lists, the values, take in mapped facilities, the keys."""
        facilities = as_told(self.frame)
        for two, one in pairs.items():
            sides = [LIST if self.listed[row] else MAP for row in (two, one)]
            of = dict(zip(("of_one", "of_other", "by"), (*sides, f"by_{by}"), strict=True))
            told = {key: {"section": "notice_part", "word": word} for key, word in of.items()}
            is_alike = facilities[two]["service"] == facilities[one]["service"]
            notice = "merged_by" if is_alike else "merged_otherwise"
            found = pair_finding("merged_duplicate", facilities[two], facilities[one], notice=notice, **told)
            self.findings.append(found)
        self._absorb(list(pairs.values()), list(pairs))
        self.gone[list(pairs)] = True

    def take_doubles(self, doubles: gpd.GeoDataFrame) -> None:
        """Let rows take in those that were merged into them because they are mapped twice."""
        merged = doubles[doubles["kind"] == "merged_duplicate"]
        row_of = {key: row for row, key in enumerate(self.ids) if not self.gone[row]}
        ones = [row_of[key] for key in merged["other_id"]]
        twos = [row_of[key] for key in merged["subject_id"]]
        self._absorb(ones, twos)

    def _absorb(self, ones: Sequence[int], twos: Sequence[int]) -> None:
        """Note where rows come from, and let lists take the map's values; the first of several goes first."""
        seen: set[int] = set()
        now: list[tuple[int, int]] = []
        later: list[tuple[int, int]] = []
        for pair in zip(ones, twos, strict=True):
            (later if pair[0] in seen else now).append(pair)
            seen.add(pair[0])
        if not now:
            return
        one, two = (np.array(rows, dtype=np.intp) for rows in zip(*now, strict=True))
        crosses = self.listed[one] & ~self.listed[two]
        self._fill(one[crosses], two[crosses])
        came = self.frame["merged_from"].tolist()
        for kept, absorbed in now:
            parts = (came[kept], self.ids[absorbed], came[absorbed])
            came[kept] = " ".join(part for part in parts if isinstance(part, str))
        self.frame["merged_from"] = pd.Series(came, index=self.frame.index, dtype="str")
        if later:
            self._absorb(*zip(*later, strict=True))

    def _fill(self, one: NDArray[np.intp], two: NDArray[np.intp]) -> None:
        """Fill rows of lists from mapped facilities, column by column."""
        if not len(one):
            return
        frame = self.frame
        for column in [str(name) for name in frame.columns if name not in _ITS_OWN]:
            mine, theirs = frame[column].iloc[one], frame[column].iloc[two]
            empty, told = mine.isna().to_numpy(), theirs.notna().to_numpy()
            differs = ~empty & told & (mine.to_numpy() != theirs.to_numpy())
            wins = differs & (column in self.options.map_wins)
            self.filled += int((empty & told).sum())
            self.overruled += int(wins.sum())
            self.lost += int((differs & ~wins).sum()) if column != "geometry" else 0
            chosen = (empty & told) | wins
            values = frame[column].copy()
            values.iloc[one[chosen]] = theirs.to_numpy()[chosen]
            if column == "service" and column not in self.options.map_wins:
                values.iloc[one] = self._services(one, two)
            frame[column] = values
        frame.loc[one, "found_in"] = BOTH

    def _services(self, one: NDArray[np.intp], two: NDArray[np.intp]) -> list[str]:
        """Take what both say together, such as a school that is a primary school, else what the list says."""
        services = self.frame["service"]
        always = self.frame.get("open_all_day", pd.Series(None, index=self.frame.index, dtype="str"))
        found = []
        for mine, theirs, told in zip(services.iloc[one], services.iloc[two], always.iloc[one], strict=True):
            both = joint_service(mine, theirs, self.vocabulary) or mine
            found.append(service_by_day(both, self.vocabulary) if told == "no" else both)
        return found
