"""Lists of facilities and the map become one table: by decision, by name within reach, column by column."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.formats.notes import Finding, findings_frame, join_findings
from spatial.inputs.duplicates import merge_facilities, twins_of
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
    from collections.abc import Collection, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.inputs.duplicates import Twins
    from spatial.inputs.services import Vocabulary
    from spatial.study import Study
    from spatial.study.sources import MergeOptions


LIST, MAP, BOTH = "list", "map", "both"
_ROW = "_row"
_ITS_OWN = frozenset(
    {
        _ROW,
        "facility_id",
        "source",
        "found_in",
        "merged_from",
        "placed_by",
        "placed_score",
        "placed_at",
        "settlement_id",
    }
)
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
    work = _Work(_marked(facilities[~gone], lists), options, vocabulary)
    work.findings += [_dropped(facilities, int(row)) for row in np.flatnonzero(gone)]
    pairs = [
        pair
        for pair in near_pairs(work.frame, work.listed, vocabulary, radius_m=_reach(options))
        if frozenset((work.ids[pair.one], work.ids[pair.two])) not in decided.apart
    ]
    told = decided.same(work.frame, lists)
    work.take(list(told.values()), list(told), by="decision")
    alike = work.of_one_id(set(told) | set(told.values()))
    work.take(list(alike.values()), list(alike), by="id")
    taken = {row for pairing in (told, alike) for pair in pairing.items() for row in pair}
    chosen = list(
        one_to_one(
            pairs,
            work.frame,
            name_min=options.name_min,
            distance_m=options.distance_m,
            unnamed_m=options.doubles_m,
            taken=taken,
        )
    )
    work.take([pair.one for pair in chosen], [pair.two for pair in chosen], by="name")
    rest, doubles = merge_facilities(
        work.rest(), max_distance_m=options.doubles_m, own_sources=lists, apart=decided.apart
    )
    work.take_doubles(doubles)
    left = work.left(rest, decided)
    review = review_list(
        left,
        pairs,
        options=options,
        vocabulary=vocabulary,
        ground=ground,
        twins=work.twins(rest, decided, outlines),
    )
    kept = work.frame.loc[rest[_ROW]].drop(columns=_ROW).reset_index(drop=True)
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


def _reach(options: MergeOptions) -> float:
    return max(options.distance_m, options.doubles_m, options.far_m)


def _marked(facilities: gpd.GeoDataFrame, lists: Collection[str]) -> gpd.GeoDataFrame:
    frame = facilities.reset_index(drop=True)
    listed = frame["source"].isin(list(lists)).to_numpy(dtype=bool)
    frame["found_in"] = pd.Series(np.where(listed, LIST, MAP), dtype="str")
    frame["merged_from"] = pd.Series(np.full(len(frame), None), dtype="str")
    frame[_ROW] = np.arange(len(frame))
    return frame


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

    def take(self, ones: Sequence[int], twos: Sequence[int], *, by: str) -> None:
        """Let rows of lists take in mapped facilities."""
        self.findings += [self._finding(one, two, by) for one, two in zip(ones, twos, strict=True)]
        self._absorb(ones, twos)
        self.gone[list(twos)] = True

    def of_one_id(self, taken: set[int]) -> dict[int, int]:
        """Find rows of lists that bear the id of a mapped facility; for that, the row."""
        rows = {key: row for row, key in enumerate(self.ids) if self.listed[row] and row not in taken}
        found = {row: rows[key] for row, key in enumerate(self.ids) if not self.listed[row] and key in rows}
        return {row: one for row, one in found.items() if row not in taken}

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
        services = self.frame["service"].tolist()
        always = (
            self.frame["open_all_day"].tolist() if "open_all_day" in self.frame else [None] * len(services)
        )
        found = []
        for mine, theirs in zip(one.tolist(), two.tolist(), strict=True):
            both = joint_service(services[mine], services[theirs], self.vocabulary) or services[mine]
            found.append(service_by_day(both, self.vocabulary) if always[mine] == "no" else both)
        return found

    def rest(self) -> gpd.GeoDataFrame:
        """Rows that went into no other."""
        return self.frame[~self.gone]

    def left(self, kept: gpd.GeoDataFrame, decided: Decisions) -> Open:
        """Rows that are in a list or on the map alone; none where there is but the one or the other."""
        if not self.is_mixed:
            return Open(self.frame, frozenset(), frozenset())
        rows = kept[_ROW].to_numpy()
        found = self.frame["found_in"].to_numpy()[rows]
        return Open(
            self.frame,
            frozenset(rows[found == LIST].tolist()),
            frozenset(rows[found == MAP].tolist()),
            decided.settled,
        )

    def twins(
        self, kept: gpd.GeoDataFrame, decided: Decisions, outlines: gpd.GeoDataFrame | None
    ) -> list[Twins]:
        """Pair rows that are left and may be one: a campus is real, so they are only listed."""
        rows = kept[_ROW].to_numpy()
        plain = self.frame.loc[rows].reset_index(drop=True)
        found = twins_of(
            plain,
            lambda one, two: family_of(one, two, self.vocabulary) == SAME,
            outlines=None
            if outlines is None
            else outlines.to_crs(require_metres(plain.crs, what="facilities")),
            leading=(plain["found_in"] != MAP).to_numpy(dtype=bool),
            apart=decided.apart,
        )
        return [twin._replace(one=int(rows[twin.one]), two=int(rows[twin.two])) for twin in found]

    def _finding(self, one: int, two: int, by: str) -> Finding:
        points = [self.frame.geometry.iloc[row] for row in (two, one)]
        ends = [(float(shapely.get_x(point)), float(shapely.get_y(point))) for point in points]
        distance = math.dist(*ends)
        names = [self._called(row) for row in (two, one)]
        services = [str(self.frame["service"].iloc[row]) for row in (two, one)]
        sides = [LIST if self.listed[row] else MAP for row in (two, one)]
        kind = services[1] if services[0] == services[1] else f"{services[1]} (mapped as {services[0]})"
        return Finding(
            "merged_duplicate",
            self.ids[two],
            f"{kind}: {names[0]} of the {sides[0]} and {names[1]} of the {sides[1]}, {distance:.0f} m apart: "
            f"merged by {by}",
            shapely.LineString(ends) if distance > 0 else shapely.Point(ends[0]),
            other=self.ids[one],
            distance_m=distance,
        )

    def _called(self, row: int) -> str:
        name = self.frame["name"].iloc[row]
        return repr(name) if isinstance(name, str) else "one without a name"


def _dropped(frame: gpd.GeoDataFrame, row: int) -> Finding:
    source, service = str(frame["source"].iloc[row]), str(frame["service"].iloc[row])
    return Finding(
        "dropped_by_decision",
        str(frame["facility_id"].iloc[row]),
        f"{source}: {service} dropped by decision",
        frame.geometry.iloc[row],
    )


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
