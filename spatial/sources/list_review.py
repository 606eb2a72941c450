"""What lists and map leave in doubt: written as a CSV with a column to decide in, and read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of
from spatial.plain_text import spreadsheet_text
from spatial.sources.decided import read_decided
from spatial.sources.list_pairs import OTHER, RELATED, SAME, family_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.sources.list_pairs import Pair
    from spatial.sources.namesakes import Twins
    from spatial.sources.services import Vocabulary
    from spatial.study.merging import MergeOptions

__all__ = ["REVIEW_NUMBERS", "TO_REVIEW", "Decisions", "Open", "read_review", "review_list"]

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
