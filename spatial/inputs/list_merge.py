"""Lists of facilities and the map become one table: by decision, by name within reach, column by column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.crs import require_metres
from spatial.formats.notes import Finding, findings_frame, join_findings
from spatial.inputs.duplicates import as_told, called, merge_facilities, pair_finding, twins_of
from spatial.inputs.facility_facts import joint_service, service_by_day
from spatial.inputs.list_review import (
    SAME,
    Decisions,
    Open,
    family_of,
    near_pairs,
    one_to_one,
    read_review,
    review_list,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import geopandas as gpd
    import shapely
    from numpy.typing import NDArray

    from spatial.inputs.services import Vocabulary
    from spatial.study import Study
    from spatial.study.sources import MergeOptions


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
    """
    Merge the lists of a study with its map, and each with itself.

    A row of a list and a mapped facility are one where a decision says so or they bear one id; else where one of their
    services counts for the other, they are at most `distance_m` apart and their names are alike; else where one of them
    has no name and they are at most `doubles_m` apart. Each is in one pair at most. The row of the list stays with its
    id and place; in every column the list's value stands where it has one, else the map's, save in columns where the
    study lets the map win; of two services of one family the more particular stands. What is left is merged as
    `merge_facilities` does, within `doubles_m`.
    """
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
        detail = f"{row['source']}: {row['service']} dropped by decision"
        dropped = Finding("dropped_by_decision", str(row["facility_id"]), detail, row["geometry"])
        work.findings.append(dropped)
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
    left = Open(work.frame, frozenset(), frozenset())
    if work.is_mixed:
        found_in = work.frame["found_in"].to_numpy()[rows]
        of_list, of_map = (frozenset(rows[found_in == side].tolist()) for side in (LIST, MAP))
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
            names = [called(facilities[row]) for row in (two, one)]
            mapped, kind = (str(facilities[row]["service"]) for row in (two, one))
            kind = kind if kind == mapped else f"{kind} (mapped as {mapped})"
            what = f"{kind}: {names[0]} of the {sides[0]} and {names[1]} of the {sides[1]}"
            told = {"kind": "merged_duplicate", "what": what, "verdict": f"merged by {by}"}
            self.findings.append(pair_finding(facilities[two], facilities[one], **told))
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


def merge_lists(
    facilities: gpd.GeoDataFrame,
    study: Study,
    vocabulary: Vocabulary,
    *,
    ground: shapely.Geometry,
    outlines: gpd.GeoDataFrame | None = None,
) -> Combined:
    """Merge the facilities of a study as its options say."""
    lists = {table.path for table in study.sources.facilities}
    maps = () if study.sources.osm is None else (study.sources.osm.path,)
    file = study.merge.decisions
    return combine_facilities(
        facilities,
        lists=lists,
        options=study.merge,
        vocabulary=vocabulary,
        decisions=None if file is None else read_review(study.raw_path(file), lists, maps=maps),
        ground=ground,
        outlines=outlines,
    )
