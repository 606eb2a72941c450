"""What lists and map leave in doubt: pairs by name and place, written as a CSV with a column to decide in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of
from spatial.formats.delimited import AUTO, guess_encoding, read_delimited
from spatial.formats.files import local_file
from spatial.formats.workbook import read_workbook
from spatial.inputs.names import name_scores, plain_name
from spatial.plain_text import from_spreadsheet, spreadsheet_text
from spatial.tables.words import NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.inputs.duplicates import Twins
    from spatial.inputs.services import Vocabulary
    from spatial.study.sources import MergeOptions


# Files in which a person decided, as spreadsheets save them: a comma or a semicolon between fields, or a workbook.

_WORKBOOKS = {".xlsx", ".xlsm", ".xls"}
_DELIMITERS = (",", ";", "\t")


def read_decided(path: Path, *, what: str) -> pd.DataFrame:
    """
    Read a file of decisions as text.

    Returns text columns, without the apostrophes that the program put before formulas; an empty cell is
    missing.
    """
    if path.suffix.lower() in _WORKBOOKS:
        return _as_written(read_workbook(path, header_row=1, total_words=(), what=what))
    data = local_file(path, what=what).read_bytes()
    header = data.decode(guess_encoding(data), errors="replace").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    return _as_written(read_delimited(path, encoding=AUTO, delimiter=delimiter, what=what))


def _as_written(frame: pd.DataFrame) -> pd.DataFrame:
    """Take off the apostrophes by which the program kept ids and names from being run as formulas."""
    written = frame.copy()
    for name, column in frame.items():
        cells = [from_spreadsheet(cell) if isinstance(cell, str) else cell for cell in column]
        written[name] = pd.Series(cells, index=frame.index, dtype=column.dtype)
    return written


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
    one, two = vocabulary.family(one), vocabulary.family(two)
    if one == two or one in vocabulary.satisfying(two) or two in vocabulary.satisfying(one):
        return SAME
    shared = any({one, two} <= vocabulary.satisfying(service) for service in vocabulary.ids)
    return RELATED if shared else OTHER


def names_in(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Names of each row that are more than the word for a service."""
    columns = [frame[column].tolist() for column in NAMES if column in frame.columns]
    rows = zip(*columns, strict=True) if columns else (() for _ in range(len(frame)))
    return [
        tuple(dict.fromkeys(value for value in values if isinstance(value, str) and plain_name(value).stem))
        for values in rows
    ]


def near_pairs(
    frame: gpd.GeoDataFrame, listed: NDArray[np.bool_], vocabulary: Vocabulary, *, radius_m: float
) -> list[Pair]:
    """Pair rows of lists with mapped facilities within reach."""
    ones, twos = np.flatnonzero(listed), np.flatnonzero(~listed)
    if not len(ones) or not len(twos):
        return []
    points = np.column_stack([frame.geometry.x, frame.geometry.y])
    tree = cKDTree(points[twos])
    names = names_in(frame)
    kin = _Kin(frame, vocabulary)
    pairs: list[Pair] = []
    for one, near in zip(ones.tolist(), tree.query_ball_point(points[ones], radius_m), strict=True):
        rows = [row for row in twos[sorted(near)].tolist() if kin.of(one, row) != OTHER]
        if not rows:
            continue
        metres = np.hypot(*(points[rows] - points[one]).T)
        scores = _scores(names[one], [names[row] for row in rows])
        pairs += [
            Pair(one, row, float(distance), float(score), kin.of(one, row))
            for row, distance, score in zip(rows, metres, scores, strict=True)
        ]
    return pairs


class _Kin:
    """How rows are kin by service, looked up once for each two services."""

    def __init__(self, frame: pd.DataFrame, vocabulary: Vocabulary) -> None:
        self.services = frame["service"].tolist()
        self.planned = (frame["status"] == "candidate").tolist()
        self.vocabulary = vocabulary
        self.known: dict[tuple[str, str], str] = {}

    def of(self, one: int, two: int) -> str:
        if self.planned[one] != self.planned[two]:
            return OTHER
        key = (self.services[one], self.services[two])
        if key not in self.known:
            self.known[key] = family_of(*key, self.vocabulary)
        return self.known[key]


def _scores(mine: Sequence[str], theirs: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Similarity of names, NaN where there is none, 0 where they count differently: school 1 is not school 2."""
    scores: NDArray[np.float64] = name_scores([mine], theirs)[0]
    own = _numbers(mine)
    for place, names in enumerate(theirs):
        if not mine or not names:
            scores[place] = np.nan
        elif _numbers(names) != own:
            scores[place] = 0.0
    return scores


def _numbers(names: Sequence[str]) -> frozenset[str]:
    return frozenset(
        number.lstrip("0") for name in names for number in _NUMBERS.findall(plain_name(name).stem)
    )


def one_to_one(
    pairs: Sequence[Pair],
    frame: pd.DataFrame,
    *,
    name_min: float,
    distance_m: float,
    unnamed_m: float,
    taken: set[int],
) -> Iterator[Pair]:
    """Choose the pairs that are one facility, each row in one of them at most."""
    ids = frame["facility_id"].tolist()

    def rank(pair: Pair) -> tuple[bool, float, float, str, str]:
        step = 0.0 if pair.is_unnamed else -np.floor(pair.score / _STEP + 1e-9)
        return pair.is_unnamed, step, pair.distance_m, ids[pair.one], ids[pair.two]

    fit = [
        pair
        for pair in pairs
        if pair.kin == SAME
        and (
            pair.distance_m <= unnamed_m
            if pair.is_unnamed
            else pair.score >= name_min and pair.distance_m <= distance_m
        )
    ]
    for pair in sorted(fit, key=rank):
        if not {pair.one, pair.two} & taken:
            taken |= {pair.one, pair.two}
            yield pair


# What lists and map leave in doubt: written as a CSV with a column to decide in, and read back.

TO_REVIEW = "facilities_to_review.csv"
DECISIONS = ("same", "different", "drop")
REASONS = (
    "same_name",
    "one_outline",
    "near_other_service",
    "far_same_name",
    "near_no_name",
    "near_other_name",
    "not_on_map",
    "not_in_list",
)
"""Why a person should look, the likeliest to be one facility first."""

NEARLY = 0.6
"""From here on two names are nearly alike, so that the pair is listed up to `distance_m`, not `doubles_m` alone."""

PAIRS_A_ROW = 2
"""So many doubtful pairs are listed for a row of a list."""

REVIEW_NUMBERS = ("distance_m", "similarity", "longitude", "latitude")
"""Columns of the list that hold numbers, written as text."""

_WHAT = "decisions on facilities"
_COLUMNS = (
    "source",
    "list_id",
    "list_name",
    "list_service",
    "map_id",
    "map_name",
    "map_service",
    "reason",
    "distance_m",
    "similarity",
    "longitude",
    "latitude",
    "decision",
)


@dataclass(frozen=True)
class Decisions:
    """What a person has decided."""

    merged: frozenset[tuple[str, str, str]] = frozenset()  # source, list_id and map_id of rows that are one
    apart: frozenset[frozenset[str]] = frozenset()  # ids of two that are two
    settled: frozenset[str] = frozenset()  # ids that are facilities of their own, in or outside a pair
    # source and list_id of rows of lists that are no facility
    dropped_rows: frozenset[tuple[str, str]] = frozenset()
    dropped_map: frozenset[str] = frozenset()  # ids of mapped ones that are none

    def dropped(self, frame: pd.DataFrame, lists: Collection[str]) -> NDArray[np.bool_]:
        """Find the rows that are to be dropped."""
        rows = list(zip(frame["source"], frame["facility_id"], strict=True))
        # The second of a pair of two rows of lists stands where a mapped one does; a mapped one of that id goes first.
        mapped = {key for source, key in rows if source not in lists}
        return np.array(
            [
                (source, key) in self.dropped_rows or (key in self.dropped_map and key not in mapped)
                if source in lists
                else key in self.dropped_map
                for source, key in rows
            ],
            dtype=bool,
        )

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
    frame = read_decided(path, what=_WHAT)
    missing = [
        f"{name}: the column is missing"
        for name in ("source", "list_id", "map_id", "decision")
        if name not in frame.columns
    ]
    if missing:
        raise ContractError(f"{_WHAT} {path}", missing)
    made = frame.loc[frame["decision"].fillna("").str.strip() != ""].fillna("")
    made = made.assign(decision=made["decision"].str.strip().str.lower())
    problems = _faults(made, sources, maps)
    if problems:
        raise ContractError(f"{_WHAT} {path}", problems)
    merged, apart, settled, rows, mapped = set(), set(), set(), set(), set()
    for row in made.to_dict("records"):
        source, one, two = (str(row[key]).strip() for key in ("source", "list_id", "map_id"))
        if row["decision"] == "same":
            merged.add((source, one, two))
        elif row["decision"] == "different":
            settled |= {one, two} - {""}
            apart |= {frozenset((one, two))} if one and two else set()
        elif two:
            mapped.add(two)
        else:
            rows.add((source, one))
    return Decisions(
        frozenset(merged), frozenset(apart), frozenset(settled), frozenset(rows), frozenset(mapped)
    )


def _faults(made: pd.DataFrame, sources: Collection[str], maps: Collection[str]) -> list[str]:
    problems = []
    labels = made["list_id"].where(made["list_id"] != "", made["map_id"])
    strange = ~made["decision"].isin(DECISIONS)
    if strange.any():
        problems.append(
            f"decision: must be same, different or drop, found {first_of(made['decision'][strange].unique())} for "
            f"{first_of(labels[strange])}"
        )
    for column in ("list_id", "map_id"):
        rounded = made[column].str.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+")
        if rounded.any():
            problems.append(
                f"{column}: rounded by a spreadsheet, such as {first_of(made[column][rounded], limit=3)}; "
                "import the CSV with its columns as text and enter the ids again"
            )
    unknown = (made["list_id"] != "") & ~made["source"].isin([*sources, *maps])
    if unknown.any():
        problems.append(
            f"source: no list of the study is {first_of(made['source'][unknown].unique())}; delete its rows or "
            "correct the path"
        )
    same = made["decision"] == "same"
    single = same & ((made["list_id"] == "") | (made["map_id"] == ""))
    if single.any():
        problems.append(
            f"decision: same needs a list_id and a map_id, for {first_of(labels[single])}; fill in the other one"
        )
    neither = (made["list_id"] == "") & (made["map_id"] == "")
    if neither.any():
        problems.append(f"list_id: {int(neither.sum())} decided row(s) have neither a list_id nor a map_id")
    twice = made.duplicated(["source", "list_id", "map_id"])
    if twice.any():
        problems.append(f"list_id: decided more than once for {first_of(labels[twice])}; keep one row")
    of_lists = same & ~single & made["source"].isin(list(sources))
    two_lists = of_lists & made.loc[of_lists & ~twice].duplicated("map_id").reindex(
        made.index, fill_value=False
    )
    if two_lists.any():
        problems.append(
            f"map_id: the same as two rows of lists, {first_of(made['map_id'][two_lists])}; keep one row"
        )
    return problems


@dataclass(frozen=True)
class Open:
    """What is left when all is merged that can be."""

    frame: gpd.GeoDataFrame  # the rows that the pairs name
    listed: frozenset[int]  # rows of lists without a mapped facility, and mapped ones without a row
    mapped: frozenset[int]
    settled: frozenset[str] = field(default=frozenset())  # ids that a person has decided on


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
        (reason, pair)
        for pair in pairs
        if pair.one in left.listed and pair.two in left.mapped and (reason := _reason(pair, options))
    ]
    told.sort(key=lambda item: (REASONS.index(item[0]), -_known(item[1].score), item[1].distance_m, item[1]))
    rows, listed = [], dict.fromkeys(left.listed, 0)
    for reason, pair in told:
        if listed[pair.one] < PAIRS_A_ROW:
            listed[pair.one] += 1
            rows.append((reason, pair.one, pair.two, pair.distance_m, pair.score))
    told_of = {frozenset(row[1:3]) for row in rows}
    rows += [
        (twin.reason, twin.one, twin.two, twin.distance_m, np.nan)
        for twin in twins
        if frozenset((twin.one, twin.two)) not in told_of
    ]
    # What may be one with another is looked at once, as its double.
    paired = {row[2] for row in rows}
    alone = [row for row, number in listed.items() if not number and row not in paired]
    rows += [("not_on_map", row, -1, np.nan, np.nan) for row in _worth(left, alone, ground)]
    lonely = [row for row in left.mapped - paired if _is_kin(left, row, vocabulary)]
    rows += [("not_in_list", -1, row, np.nan, np.nan) for row in _worth(left, lonely, ground)]
    return _written(left.frame, rows)


def _reason(pair: Pair, options: MergeOptions) -> str:
    near, alike = pair.distance_m <= options.distance_m, pair.score >= options.name_min
    if pair.kin == RELATED:
        return "near_other_service" if near and alike else ""
    if pair.kin == OTHER:
        return ""
    if alike:
        return "" if near else "far_same_name"
    if pair.is_unnamed:
        return "near_no_name" if near else ""
    close = pair.distance_m <= options.doubles_m or (near and pair.score >= NEARLY)
    return "near_other_name" if close else ""


def _known(score: float) -> float:
    return 0.0 if np.isnan(score) else score


def _worth(left: Open, rows: Sequence[int], ground: shapely.Geometry | None) -> list[int]:
    """Single rows that serve today, lie in the study area and are not decided on."""
    frame = left.frame
    kept = [
        row
        for row in rows
        if frame["status"].iloc[row] == "existing" and frame["facility_id"].iloc[row] not in left.settled
    ]
    if ground is None or not kept:
        return kept
    shapely.prepare(ground)
    inside = shapely.covers(ground, frame.geometry.to_numpy()[kept])
    return [row for row, is_inside in zip(kept, inside, strict=True) if is_inside]


def _is_kin(left: Open, row: int, vocabulary: Vocabulary) -> bool:
    listed = left.frame.loc[left.frame["found_in"] != "map", "service"].unique()
    service = left.frame["service"].iloc[row]
    return any(family_of(service, other, vocabulary) == SAME for other in listed)


def _written(frame: gpd.GeoDataFrame, rows: Sequence[tuple[str, int, int, float, float]]) -> pd.DataFrame:
    points = frame.geometry.to_crs(WGS84)
    x, y = points.x.to_numpy(), points.y.to_numpy()
    written = []
    for reason, one, two, distance, score in rows:
        at = one if one >= 0 else two
        side = {"list": one, "map": two}
        told = {"source": str(frame["source"].iloc[at]), "reason": reason}
        for name, row in side.items():
            told[f"{name}_id"] = str(frame["facility_id"].iloc[row]) if row >= 0 else ""
            called = frame["name"].iloc[row] if row >= 0 else ""
            told[f"{name}_name"] = spreadsheet_text(called) if isinstance(called, str) else ""
            told[f"{name}_service"] = str(frame["service"].iloc[row]) if row >= 0 else ""
        told["distance_m"] = "" if np.isnan(distance) else f"{distance:.0f}"
        told["similarity"] = "" if np.isnan(score) else f"{score:.2f}"
        told |= {"longitude": f"{x[at]:.5f}", "latitude": f"{y[at]:.5f}", "decision": ""}
        written.append(told)
    order = {reason: place for place, reason in enumerate(REASONS)}
    written.sort(key=lambda row: (order[row["reason"]], row["source"], row["list_id"], row["map_id"]))
    return pd.DataFrame(written, columns=list(_COLUMNS), dtype="str")
