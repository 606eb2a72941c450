"""Administrative units: the study area, the township of every place, and official numbers of people by unit."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from spatial.arrays import BoolArray
from spatial.crs import WGS84, Bounds, require_metres
from spatial.errors import StudyError, first_of, refuse
from spatial.formats.columns import number_column, tell_rows, text_column
from spatial.formats.notes import Finding, ListColumns, Note, add_notes, columns_of_file, listed, take_notes
from spatial.formats.vector import open_mapped
from spatial.formats.workbook import total_rows
from spatial.inputs.names import carry_units, name_scores, unit_key, unit_prefixes
from spatial.inputs.placing import names_of, texts
from spatial.study.region import Region
from spatial.study.sources import OfficialUnits, PlacingOptions, TableSource
from spatial.tables.words import NO_UNIT

# The study area, and the township that every place lies in.

INSIDE_SHARE = 0.5
"""A boundary of which at least this share lies in the study area is a unit of the study, whoever lives there."""

COVERED_SHARE = 0.95
"""A coarser boundary of which finer units cover at least this share is no unit: what is left are slivers."""

WHOLE = "all"
"""Id of the study area where it is all that the sources hold."""


def study_area(
    region: Region, chosen: gpd.GeoDataFrame | None, *, crs: pyproj.CRS, extent: Bounds | None
) -> gpd.GeoDataFrame:
    """Find the study area: a box of degrees, the chosen boundaries, or all that the sources hold."""
    ids, names = [WHOLE], [None]
    if region.bbox is not None:
        ids = ["bbox"]
        shapes = gpd.GeoSeries([shapely.segmentize(shapely.box(*region.bbox), 0.05)], crs=WGS84).to_crs(crs)
    elif chosen is not None:
        ids, names = chosen["boundary_id"].tolist(), chosen["name"].tolist()
        shapes = gpd.GeoSeries(chosen.geometry.to_crs(crs).to_numpy(), crs=crs)
    else:
        assert extent is not None
        shapes = gpd.GeoSeries([shapely.box(*extent)], crs=crs)
    columns = {"area_id": pd.Series(ids, dtype="str"), "name": pd.Series(names, dtype="str")}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def choose_region(region: Region, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Find the boundaries that make the study area; None where the region names no level."""
    if region.admin_level is None:
        return None
    level = boundaries[boundaries["admin_level"] == region.admin_level]
    if level.empty:
        there = sorted({int(value) for value in boundaries["admin_level"]})
        raise StudyError(
            "region",
            [f"region.admin_level: the sources hold no boundary of level {region.admin_level}; they hold {there}"],
        )
    if not region.names:
        return level
    columns = [column for column in ("name", "name_en", "name_zh") if column in level.columns]
    bears = [(level[columns] == name).any(axis=1).to_numpy(dtype=bool) for name in region.names]
    missing = [name for name, hits in zip(region.names, bears, strict=True) if not hits.any()]
    if missing:
        there = level["name"].dropna().sort_values().tolist()
        raise StudyError(
            "region", [f"region.names: no boundary is named {first_of(missing)}; there are {first_of(there, limit=20)}"]
        )
    return level[np.logical_or.reduce(bears)]


def inside(frame: gpd.GeoDataFrame, ground: shapely.Geometry) -> BoolArray:
    """Which rows touch or lie in a piece of ground."""
    shapely.prepare(ground)
    result: BoolArray = shapely.intersects(ground, frame.geometry.to_numpy())
    return result


def choose_units(
    boundaries: gpd.GeoDataFrame,
    levels: Sequence[int],
    *,
    area: shapely.Geometry,
    inhabitants: gpd.GeoSeries | None = None,
) -> BoolArray:
    """Say which boundaries are the townships of the study."""
    require_metres(boundaries.crs, what="boundaries")
    shapes = boundaries.geometry.to_numpy()
    size = shapely.area(shapes)
    chosen = np.zeros(len(boundaries), dtype=bool)
    level_of = boundaries["admin_level"].to_numpy()
    homeless = np.array([], dtype=object) if inhabitants is None else inhabitants.to_numpy()
    for level in levels:
        before = shapely.union_all(shapes[chosen])
        here = np.flatnonzero((level_of == level) & (size > 0))
        within = shapely.area(shapely.intersection(shapes[here], area)) / size[here]
        taken = shapely.area(shapely.intersection(shapes[here], before)) / size[here]
        point, unit = shapely.STRtree(shapes[here]).query(homeless, predicate="intersects")
        holds = np.isin(np.arange(len(here)), unit)
        chosen[here] = ((within >= INSIDE_SHARE) | holds) & (taken < COVERED_SHARE)
        homeless = np.delete(homeless, point[chosen[here][unit]])
    return chosen


def assign_units(places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame, levels: Sequence[int]) -> gpd.GeoDataFrame:
    """Give every place the township that it lies in."""
    units = boundaries[boundaries["is_unit"]].copy()
    units["_order"] = units["admin_level"].map({level: order for order, level in enumerate(levels)})
    units = units.sort_values(["_order", "boundary_id"], kind="stable").reset_index(drop=True)
    place, unit = shapely.STRtree(units.geometry.to_numpy()).query(places.geometry.to_numpy(), predicate="intersects")
    found = np.full(len(places), len(units), dtype=np.intp)
    np.minimum.at(found, place, unit)
    return _with_units(places, units, found)


def near_unit(
    places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame, *, ground: shapely.Geometry, key: str, tolerance_m: float
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Give places without a township the nearest, not those in a neighbour's; return them, and what was given."""
    units = boundaries[boundaries["is_unit"]].sort_values("boundary_id", kind="stable").reset_index(drop=True)
    lost = np.flatnonzero(places["township_id"].isna().to_numpy(dtype=bool))
    if tolerance_m <= 0 or not len(units) or not len(lost):
        return places, []
    points = places.geometry.to_numpy()
    somewhere = shapely.STRtree(boundaries.geometry.to_numpy()).query(points[lost], predicate="intersects")[0]
    abroad = np.isin(np.arange(len(lost)), somewhere) & ~shapely.intersects(points[lost], ground)
    lost = lost[~abroad]
    apart = shapely.distance(points[lost][:, None], units.geometry.to_numpy()[None, :])
    best = np.argmin(apart, axis=1)
    metres = apart[np.arange(len(lost)), best]
    is_near = metres <= tolerance_m
    found = np.full(len(places), -1, dtype=np.intp)
    found[lost[is_near]] = best[is_near]
    keys, ids = places[key].tolist(), units["boundary_id"].tolist()
    findings = [
        Finding(
            "unit_by_tolerance",
            str(keys[row]),
            points[row],
            {"distance": {"value": float(away), "unit": "m"}},
            other=str(ids[found[row]]),
            distance_m=float(away),
        )
        for row, away in zip(lost[is_near], metres[is_near], strict=True)
    ]
    moved = _with_units(places, units, found)
    given = found >= 0
    for column in ("township_id", "township"):
        moved[column] = moved[column].where(given, places[column])
    return moved, findings


def _with_units(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame, found: NDArray[np.intp]) -> gpd.GeoDataFrame:
    """Name the unit that each place was found in; a number that no row of the units has is none."""
    named = units[["boundary_id", "name"]].reindex(found).set_axis(places.index).astype("str")
    return places.assign(township_id=named["boundary_id"], township=named["name"])


# Rows of a table of units matched with the units of a study: by code, else by name; and settlements with both.

_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class MatchedUnits:
    """Units of the study beside the rows of an official table."""

    # A row a unit: `unit_id`, `unit` (its name, empty without one), `unit_code`, `matched_by` (unit_code,
    # name or none), `match_score` (0-1; NaN where no names were compared), `boundary` (position among the
    # boundaries, -1 without one), `official` (position in the official table, -1 without a row) and `fault`
    # (empty, or why an official row has no unit of ours: not_found, ambiguous_name, total_of_others)
    units: pd.DataFrame
    home: NDArray[np.intp]  # shape (n,), position in `units` that each settlement belongs to; -1 for none
    # shape (n,), settlements whose code names another official unit than the one that they lie in
    strayed: BoolArray


def match_units(
    official: pd.DataFrame, settlements: pd.DataFrame, boundaries: pd.DataFrame, *, options: PlacingOptions
) -> MatchedUnits:
    """Match official rows with units by code, else by a name alike, each unit once; a total of others counts nobody."""
    # Boundaries, and units that settlements name but that have no boundary; in the order of their ids.
    ids = texts(boundaries, "boundary_id")
    frame = pd.DataFrame({"unit_id": ids, "code": texts(boundaries, "unit_code")}, dtype="str")
    frame["names"] = pd.Series(names_of(boundaries), dtype=object)
    frame["boundary"] = np.arange(len(ids))
    named: dict[str, str] = {}
    drawn = {"", *ids}
    for township_id, name in zip(*_units_of(settlements), strict=True):
        if township_id not in drawn:
            named[township_id] = max(named.get(township_id, ""), name)
    bare = pd.DataFrame({"unit_id": list(named), "code": ""}, dtype="str")
    bare["names"] = pd.Series([(name,) if name else () for name in named.values()], dtype=object)
    bare["boundary"] = -1
    both = pd.concat([frame, bare], ignore_index=True)
    our_units = both.sort_values("unit_id", kind="stable").reset_index(drop=True)
    work = _Work(official, our_units, options)
    work.by_code()
    work.by_same_name()
    work.by_name()
    units = work.units()
    # A settlement is of the unit that its code names, else of the one that it lies in.
    place_of_row = {row: place for place, row in enumerate(units["official"].tolist()) if row >= 0}
    place_of_key = {key: place_of_row[row] for row, key in enumerate(work.keys) if key and not work.sums[row]}
    place_of_unit = {unit: place for place, unit in enumerate(units["unit_id"])}
    rows = units["official"].to_numpy()
    home = np.full(len(settlements), -1, dtype=np.intp)
    strayed = np.zeros(len(settlements), dtype=bool)
    codes = texts(settlements, "unit_code")
    for number, (code, unit) in enumerate(zip(codes, _units_of(settlements)[0], strict=True)):
        lies = place_of_unit.get(unit, -1) if unit else -1
        prefixes = unit_prefixes(unit_key(code)) if code else ()
        named_by_code = next((place_of_key[key] for key in prefixes if key in place_of_key), -1)
        home[number] = named_by_code if named_by_code >= 0 else lies
        strayed[number] = named_by_code >= 0 and lies >= 0 and rows[lies] >= 0 and named_by_code != lies
    by_code = np.unique(home[home >= len(work.ours)])
    units.loc[by_code, ["matched_by", "fault"]] = ["unit_code", ""]
    return MatchedUnits(units, home, strayed)


def _units_of(settlements: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Id and name of the unit of each settlement; the name is its id where it has no other."""
    names = texts(settlements, "township")
    ids = texts(settlements, "township_id")
    return [unit or name for unit, name in zip(ids, names, strict=True)], names


class _Work:
    """Official rows while they are matched with units."""

    def __init__(self, official: pd.DataFrame, ours: pd.DataFrame, options: PlacingOptions) -> None:
        self.official, self.ours, self.options = official, ours, options
        self.keys = [unit_key(code) for code in texts(official, "unit_code")]
        self.names = names_of(official)
        above = {prefix for key in self.keys if key for prefix in unit_prefixes(key)[1:]}
        self.sums = np.array([key in above for key in self.keys], dtype=bool)
        self.codes = [unit_key(code) for code in ours["code"]]
        self.found = np.full(len(ours), -1, dtype=np.intp)
        self.score = np.full(len(ours), np.nan)
        self.by = ["none"] * len(ours)
        self.ambiguous = np.zeros(len(official), dtype=bool)

    def by_code(self) -> None:
        """Match by the unit's code, or by its id where it has no code."""
        row_of = {key: row for row, key in enumerate(self.keys) if key and not self.sums[row]}
        told = [code or unit_key(unit) for code, unit in zip(self.codes, self.ours["unit_id"], strict=True)]
        times = Counter(told)
        for unit, key in enumerate(told):
            if times[key] == 1 and key in row_of:
                self.found[unit], self.by[unit] = row_of[key], "unit_code"

    def by_same_name(self) -> None:
        """Match what is called the very same, as long as the name is told once on either side."""
        rows, free = self._left()
        theirs = _single({row: self.names[row] for row in rows})
        ours = _single({unit: self.ours["names"].iloc[unit] for unit in free})
        for name in sorted(theirs.keys() & ours.keys()):
            row, unit = theirs[name], ours[name]
            is_free = self.found[unit] < 0 and row not in self.found
            if is_free and not (self.keys[row] and self.codes[unit]):
                self.found[unit], self.score[unit], self.by[unit] = row, 1.0, "name"

    def _left(self) -> tuple[list[int], list[int]]:
        """Rows and units that have not been matched."""
        matched = set(self.found.tolist())
        rows = [row for row in range(len(self.official)) if not self.sums[row] and row not in matched]
        return rows, np.flatnonzero(self.found < 0).tolist()

    def by_name(self) -> None:
        """Match what is left by a name that is alike; two rows that want one unit alike get none."""
        rows, free = self._left()
        if not rows or not free:
            return
        scores = name_scores([self.names[row] for row in rows], [self.ours["names"].iloc[n] for n in free])
        told = np.array([bool(self.keys[row]) for row in rows])
        coded = np.array([bool(self.codes[unit]) for unit in free])
        scores[told[:, None] & coded[None, :]] = 0.0
        wishes: dict[int, list[tuple[float, int]]] = {}
        for number, row in enumerate(rows):
            order = np.argsort(-scores[number], kind="stable")[:2]
            best = float(scores[number, order[0]])
            lead = best - (float(scores[number, order[1]]) if len(order) > 1 else 0.0)
            if best >= self.options.name_min - _SLACK:
                if lead < self.options.margin - _SLACK:
                    self.ambiguous[row] = True
                else:
                    wishes.setdefault(free[order[0]], []).append((best, row))
        # A unit goes to the row that is most like it; the others are not found.
        for unit, wishing in wishes.items():
            wishing.sort(reverse=True)
            if len(wishing) > 1 and wishing[0][0] - wishing[1][0] < self.options.margin - _SLACK:
                self.ambiguous[[row for _, row in wishing]] = True
            else:
                self.score[unit], self.found[unit] = wishing[0]
                self.by[unit] = "name"

    def units(self) -> pd.DataFrame:
        """List every unit once: ours, then the official rows that are none of them."""
        official_ids = texts(self.official, "official_id")
        left = sorted(set(range(len(self.official))) - set(self.found.tolist()), key=official_ids.__getitem__)
        taken = {*self.ours["unit_id"], NO_UNIT}
        ids = [official_ids[row] for row in left]
        faults = [
            "total_of_others" if self.sums[row] else "ambiguous_name" if self.ambiguous[row] else "not_found"
            for row in left
        ]
        codes = [
            code or (self.keys[row] if row >= 0 else "")
            for code, row in zip(self.codes, self.found.tolist(), strict=True)
        ]
        called = [*self.ours["names"], *(self.names[row] for row in left)]
        none = np.full(len(left), -1)
        columns = {
            "unit_id": [*self.ours["unit_id"], *(f"official:{name}" if name in taken else name for name in ids)],
            "unit": [names[0] if names else "" for names in called],
            "unit_code": [*codes, *(self.keys[row] for row in left)],
            "matched_by": [*self.by, *("none" for _ in left)],
            "match_score": np.r_[self.score, np.full(len(left), np.nan)],
            "boundary": np.r_[self.ours["boundary"].to_numpy(dtype=np.intp), none],
            "official": np.r_[self.found, np.array(left, dtype=np.intp)],
            "fault": [""] * len(self.ours) + faults,
        }
        numbers = ("match_score", "boundary", "official")
        return pd.DataFrame(
            {name: values if name in numbers else pd.Series(values, dtype="str") for name, values in columns.items()}
        )


def _single(names: Mapping[int, Sequence[str]]) -> dict[str, int]:
    """Who bears each name, of those that only one bears; widths and capitals make no difference."""
    bearers: dict[str, set[int]] = {}
    for bearer, called in names.items():
        for name in called:
            bearers.setdefault(unicodedata.normalize("NFKC", name).casefold().strip(), set()).add(bearer)
    return {name: next(iter(who)) for name, who in bearers.items() if name and len(who) == 1}


# Official numbers of people by unit, such as a yearbook's, from a table of the user's own.

PERSONS, SHARE = "_persons", "_share"
TOTAL = "population_persons"
_LEAST_UNIT = 1000


def official_units_from_table(path: Path, source: OfficialUnits) -> pd.DataFrame:
    """Read official numbers of people by unit."""
    what = "official units"
    opened = open_mapped(path, source.as_table(), what=what, wanted=ListColumns("official_units"))
    note_printed_sums(opened, path, source.as_table(), what=what)
    notes = take_notes(opened)
    frame = gpd.GeoDataFrame(pd.DataFrame(opened).drop(columns="geometry", errors="ignore"))
    problems: list[str] = []
    label = "unit_code" if "unit_code" in frame.columns else "name"
    shown = first_of(columns_of_file(opened), limit=30)
    if label not in frame.columns:
        problems.append(f"unit_code, name: both are missing; map one in columns: the table has {shown}")
    if TOTAL not in frame.columns:
        problems.append(f"{TOTAL}: the column is missing; map it in columns: the table has {shown}")
    refuse(f"{what} {path}", problems)
    carry_units(frame, problems, key=label)
    for column in ("unit_code", "name"):
        named: pd.Series = pd.Series(np.nan, index=frame.index, dtype="str")
        if column in frame.columns:
            named = text_column(frame[column]).str.strip()
        frame[column] = named.where(named.notna() & (named != "")).astype("str")
    numbers = [name for name in map(str, frame.columns) if name.endswith((PERSONS, SHARE))]
    for column in numbers:
        frame[column] = number_column(frame, column, problems, key=label)
        above, said = frame[column] > frame[TOTAL], f"{column}: more than {TOTAL} for {{rows}}; correct one of them"
        if column.endswith(SHARE):
            above, said = frame[column] > 1, f"{column}: above 1 for {{rows}}; write shares from 0 to 1"
        tell_rows(problems, frame, label, above, said)
    known = frame[TOTAL].dropna()
    if len(known) and known.max() < _LEAST_UNIT and (known % 1 == 0).mean() <= 0.5:
        # Fractions of a person, and fewer people than a unit has: 1.06 is 1.06 ten thousands.
        shown = first_of([f"{number:g}" for number in known])
        problems.append(
            f"{TOTAL}: no whole persons, such as {shown}; where the table counts in ten thousands (万人) or "
            "thousands, multiply the numbers in the file"
        )
    # Each row is named by its code, else by its name; a unit may be there once only.
    codes = frame["unit_code"].map(unit_key, na_action="ignore")
    ids = codes.where(codes.notna(), frame["name"]).astype("str")
    neither = "unit_code, name: neither in {rows}; fill one in, or leave the row out"
    tell_rows(problems, frame, "", ids.isna(), neither)
    twice = ids.notna() & ids.duplicated(keep=False)
    repeated = f"unit_code, name: repeated {first_of(ids[twice].drop_duplicates())} in {{rows}}"
    tell_rows(problems, frame, "", twice, f"{repeated}; keep one row a unit, or tell them apart by unit_code")
    frame["official_id"] = ids
    refuse(f"{what} {path}", problems)
    kept = [name for name in source.keep_columns if name not in numbers]
    result = pd.DataFrame(frame)[["official_id", "unit_code", "name", *numbers, *kept]].reset_index(drop=True)
    result.attrs = dict(opened.attrs)  # which columns were read
    add_notes(result, notes)
    return result


def note_printed_sums(frame: pd.DataFrame, path: Path, source: TableSource, *, what: str) -> None:
    """Hold each row of sums that was left out against the rows that it sums: all of them, or its group of them."""
    notes = take_notes(frame)
    add_notes(frame, notes)
    if all(note.key != "totals" for note in notes):
        return
    kept = source.model_copy(update={"total_words": ()})
    whole = pd.DataFrame(open_mapped(path, kept, what=what)).drop(columns="geometry", errors="ignore")
    whole = whole.reset_index(drop=True)
    texts = pd.DataFrame({name: text_column(whole[name]) for name in whole.columns})
    sums = np.zeros(len(whole), dtype=bool)
    sums[total_rows(texts, source.total_words)] = True
    told = []
    for column in [name for name in map(str, whole.columns) if name.endswith(PERSONS)]:
        persons = number_column(whole, column, [], key="").to_numpy(dtype=np.float64)
        for row in np.flatnonzero(sums & np.isfinite(persons)):
            before, after = np.flatnonzero(sums[:row]), np.flatnonzero(sums[row + 1 :])
            above = slice(before[-1] + 1 if len(before) else 0, row)
            below = slice(row + 1, row + 1 + after[0] if len(after) else len(whole))
            parts = [np.nansum(persons[part][~sums[part]]) for part in (slice(None), above, below)]
            nearest = min(parts, key=lambda part: abs(part - persons[row]))
            if abs(nearest - persons[row]) >= 1.0:
                label = next((text for text in texts.iloc[row].dropna() if text.strip()), "")
                told.append(f"{label} {column} {persons[row]:.0f} ≠ {nearest:.0f}")
    add_notes(frame, [Note("printed_sums", len(told), {"where": listed(told)})])
