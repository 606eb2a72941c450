"""Places without coordinates: located by decision, postcode or unit code, else by name in the township, or listed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from spatial.arrays import FloatArray
from spatial.crs import WGS84, transformer_between
from spatial.errors import ContractError, CrsError, first_of, of_kind, refuse
from spatial.formats.columns import text_column
from spatial.formats.delimited import AUTO, read_delimited
from spatial.formats.files import local_file
from spatial.formats.vector import FORMATS, open_frame
from spatial.inputs.names import in_each_script, name_scores, plain_name, unit_key, unit_prefixes
from spatial.outlines import list_faults, outline_faults, point_faults, require_frame, require_shapes
from spatial.study.sources import PlacingOptions, TableSource
from spatial.tables.words import NAMES

Rows = NDArray[np.intp]

# Where a place without coordinates may lie: settlements by code, by unit and by name, units by code and by name.

TAGS = ("name:fr", "name:en", "int_name", "alt_name", "official_name", "old_name", "short_name", "loc_name")
"""Tags of an extract that hold further names of a place."""

VILLAGE_DIGITS = 12
TOWNSHIP_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Scope:
    """The settlements among which a row's name is looked for."""

    rows: Rows  # rows of the settlements
    unit: int = -1  # row of the boundary that they lie in, -1 where none is known
    fault: str = ""  # why the row's unit cannot be used, empty where it can


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """Read a column as stripped text, empty where missing."""
    if column not in frame.columns:
        return [""] * len(frame)
    return text_column(frame[column]).fillna("").str.strip().tolist()


def names_of(frame: pd.DataFrame, columns: Sequence[str] = NAMES) -> list[tuple[str, ...]]:
    """List the names of every row."""
    parts = [texts(frame, column) for column in columns]
    return [tuple(dict.fromkeys(name for name in row if name)) for row in zip(*parts, strict=True)]


def called(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """List everything that places of a map are called: their names, and other names in their tags."""
    names = names_of(frame)
    if "tags" not in frame.columns:
        return names
    found = []
    for own, text in zip(names, texts(frame, "tags"), strict=True):
        try:
            tags = json.loads(text or "{}")
        except ValueError:
            tags = None
        if not isinstance(tags, dict):
            raise ContractError("places", [f"tags: {text!r} is no JSON object; write one, or leave the cell empty"])
        more = (name.strip() for key in TAGS for name in str(tags.get(key, "")).split(";"))
        found.append(tuple(dict.fromkeys((*own, *filter(None, more)))))
    return found


class RowUnit(NamedTuple):
    """What a row says of the unit that it lies in; empty texts where it says nothing."""

    code: str  # in its shortest form
    township_id: str
    township: str

    def township_names(self) -> list[tuple[str, str]]:
        """Name the township in each way that another row of the list may name it."""
        is_within = self.code.isdigit() and len(self.code) in (TOWNSHIP_DIGITS, VILLAGE_DIGITS)
        digits = self.code[:TOWNSHIP_DIGITS] if is_within else ""
        stem = plain_name(self.township).stem if self.township else ""
        ways = (("id", self.township_id), ("code", digits), ("name", stem))
        return [(way, name) for way, name in ways if name]


def units_named(frame: pd.DataFrame) -> list[RowUnit]:
    """Read what every row says of its unit."""
    columns = [texts(frame, column) for column in ("unit_code", "township_id", "township")]
    return [RowUnit(unit_key(code), *township) for code, *township in zip(*columns, strict=True)]


class PlacingGround:
    """Settlements and boundaries, indexed by code, unit and name."""

    def __init__(self, settlements: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame | None) -> None:
        self.ids = texts(settlements, "settlement_id")
        self.row_of = {name: row for row, name in enumerate(self.ids)}
        self.names = names_of(settlements)
        self.called = called(settlements)
        self.points = settlements.geometry.to_numpy()
        self.codes = [unit_key(code) for code in texts(settlements, "unit_code")]
        self.parts = _index(map(unit_prefixes, self.codes))
        self._tree = shapely.STRtree(self.points)
        self._townships = {
            column: _index((text,) for text in texts(settlements, column)) for column in ("township_id", "township")
        }
        units = settlements.iloc[:0] if boundaries is None else boundaries
        self.unit_ids = texts(units, "boundary_id")
        self.unit_shapes = units.geometry.to_numpy()
        self.unit_codes = [unit_key(code) for code in texts(units, "unit_code")]
        self._levels = units.get("admin_level", pd.Series(0.0, index=units.index)).to_numpy(dtype=float)
        self.units_by_code = _index((code,) for code in self.unit_codes)
        self._unit_of_id = {name: row for row, name in enumerate(self.unit_ids) if name}
        self._units_by_name = _index(
            {plain_name(part).stem for name in listed for part in in_each_script(name)} for listed in called(units)
        )
        self._members: dict[int, Rows] = {}
        self._scopes: dict[RowUnit, Scope] = {}

    def members(self, unit: int) -> Rows:
        """Find the settlements of a unit: by code where both have one of the same kind, else by the ground."""
        if unit not in self._members:
            by_code = set(self.parts.get(self.unit_codes[unit], ())) if self.unit_codes[unit] else set()
            inside = self._tree.query(self.unit_shapes[unit], predicate="intersects").tolist()
            by_ground = {row for row in inside if not by_code or not self.codes[row]}
            self._members[unit] = np.array(sorted(by_code | by_ground), dtype=np.intp)
        return self._members[unit]

    def township(self, row: RowUnit) -> Scope:
        """Find the one boundary that a row names."""
        code, township_id, township = row
        nobody = np.array([], dtype=np.intp)
        parts = [self.units_by_code.get(part, []) for part in unit_prefixes(code)]
        around = {unit for units in parts for unit in units}
        named: list[int] = []
        for text in filter(None, (township_id, township)):
            by_id = [self._unit_of_id[text]] if text in self._unit_of_id else []
            named = named or by_id or self.units_by_code.get(unit_key(text), [])
        if not named and township:
            stems = {plain_name(part).stem for part in in_each_script(township)}
            found = {unit for stem in stems for unit in self._units_by_name.get(stem, [])}
            finest = max((self._levels[unit] for unit in found), default=0.0)
            named = [unit for unit in found if self._levels[unit] == finest]
        if around and named and not around & set(named):
            return Scope(nobody, fault="units_disagree")
        units = around & set(named) or set(named) or set(next(filter(None, parts), []))
        if len(units) > 1:
            return Scope(nobody, fault="ambiguous")
        return Scope(nobody, units.pop() if units else -1)

    def scope(self, row: RowUnit) -> Scope:
        """Narrow the ground to the unit that a row names."""
        if row not in self._scopes:
            self._scopes[row] = self._narrowed(row)
        return self._scopes[row]

    def _narrowed(self, row: RowUnit) -> Scope:
        everywhere = np.arange(len(self.ids), dtype=np.intp)
        by_code, named = self._by_code(row.code), self._by_township(row)
        if by_code is None or named is None:
            found = by_code or named
            if found is not None:
                return found if len(found.rows) else Scope(everywhere, found.unit, "no_settlement_in_unit")
            if row.code and (self.parts or self.units_by_code):
                return Scope(everywhere, fault="unknown_unit_code")
            return Scope(everywhere, fault="unknown_township" if row.township_id or row.township else "")
        both = np.intersect1d(by_code.rows, named.rows)
        if not len(both) and self.ids:
            return Scope(np.union1d(by_code.rows, named.rows), fault="units_disagree")
        finer = by_code if len(by_code.rows) <= len(named.rows) and by_code.unit >= 0 else named
        return Scope(both, finer.unit if finer.unit >= 0 else by_code.unit)

    def _by_code(self, code: str) -> Scope | None:
        """Find the smallest unit around a code that has a boundary or other settlements."""
        for part in unit_prefixes(code):
            units = self.units_by_code.get(part)
            if units:
                return Scope(np.unique(np.concatenate([self.members(unit) for unit in units])), units[0])
            if part != code and part in self.parts:
                rows = np.array(sorted(self.parts[part]), dtype=np.intp)
                return Scope(rows, self._unit_around(rows))
        return None

    def _unit_around(self, rows: Rows) -> int:
        """Find the smallest unit with all these settlements in it; -1 where none has."""
        whole = [unit for unit in range(len(self.unit_ids)) if np.isin(rows, self.members(unit)).all()]
        return min(whole, key=lambda unit: len(self.members(unit)), default=-1)

    def _by_township(self, row: RowUnit) -> Scope | None:
        """Find the township that a row names: a boundary by id, settlements that name it too, a boundary by name."""
        if row.township_id in self._unit_of_id:
            unit = self._unit_of_id[row.township_id]
            return Scope(self.members(unit), unit)
        for column, value in (("township_id", row.township_id), ("township", row.township)):
            rows = self._townships[column].get(value)
            if rows:
                found = np.array(rows, dtype=np.intp)
                return Scope(found, self._unit_around(found))
        units = self._units_by_name.get(plain_name(row.township).stem)
        if not units:
            return None
        finest = [unit for unit in units if self._levels[unit] == max(self._levels[units])]
        members = np.unique(np.concatenate([self.members(unit) for unit in finest]))
        return Scope(members, finest[0] if len(finest) == 1 else -1)


def _index(keys: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """List the rows of every key that is not empty."""
    found: dict[str, list[int]] = {}
    for row, several in enumerate(keys):
        for key in filter(None, several):
            found.setdefault(key, []).append(row)
    return found


CANDIDATES = 5
"""So many settlements are named for a place that is to be decided."""

PLACED_BY = ("coordinates", "decision", "postcode", "unit_code", "name", "township")
"""Ways of locating a place, the surest first."""

ROWS_AT_ONCE = 256
"""So many rows are compared with all settlements at once, to bound the memory."""

_SLACK = 1e-9
_OF_ROW = ("place_id", "name", "service", "unit_code", "township", "reason")
_OF_CANDIDATE = [f"candidate_{number + 1}{end}" for number in range(CANDIDATES) for end in ("", "_name", "_score")]
_UNDECIDED = [*_OF_ROW, *_OF_CANDIDATE, "settlement_id"]


@dataclass(frozen=True, eq=False)
class Placement:
    """
    What became of the rows of a table.

    Parameters
    ----------
    frame : GeoDataFrame
        Every row in its order with `placed_by` (coordinates, decision, postcode, unit_code, name or township),
        `placed_score` (0-1; NaN by township) and `placed_at`, the settlement, postcode, boundary or township it was put
        at; all three and the geometry are missing where a row is not located. Facilities get `settlement_id` where
        they stand at one.
    undecided : DataFrame
        A row for each that is not located: place_id, name, service, unit_code, township, reason, up to five
        candidates with name and score, and an empty `settlement_id` to fill in.
    unit_ids : Series
        boundary_id of the unit that a row names, on the frame's index; missing where none is known.
    near : GeoSeries
        For each row of `undecided` where to look: in its unit, else at its best candidate, else amid the settlements,
        else amid the rows that are located; missing where nothing is.
    is_choice : bool
        Whether there are settlements among which a person can choose.
    """

    frame: gpd.GeoDataFrame
    undecided: pd.DataFrame
    unit_ids: pd.Series
    near: gpd.GeoSeries
    is_choice: bool


def locate_places(  # noqa: PLR0913 - each is a source of places of its own
    frame: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame | None = None,
    *,
    key: str = "facility_id",
    decisions: Mapping[str, str] | None = None,
    options: PlacingOptions | None = None,
    postcodes: gpd.GeoSeries | None = None,
) -> Placement:
    """
    Locate the rows of a table that have no coordinates.

    A row is put where its decision says; else where its `postcode` lies; else at the one settlement, or in the one
    village boundary, of its `unit_code`; else at the settlement of its unit (by code, `township_id` or `township`) that
    is called most like it. It stays undecided where no name is alike enough, where two are alike within the margin, and
    where the unit it names is not known. Where it names no unit, its name is looked for among all settlements.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        With the key column and `name`, `name_en`, `name_zh` or `place_name` (the village, where the name is not
        called by it); rows with geometry keep it. Left unchanged.
    settlements : GeoDataFrame
        settlement_id, names, Points and, where there are any, unit_code, township_id and township.
    boundaries : GeoDataFrame, optional
        boundary_id, names, polygons and, where there are any, unit_code and admin_level.
    key : str
        ``facility_id``, or ``settlement_id`` for a list of settlements: no two of its rows are put at one settlement.
    decisions : mapping of str to str, optional
        settlement_id by the row's id. A `settlement_id` of the facilities themselves decides too.
    options : PlacingOptions, optional
        Least similarity of names and least lead over the next settlement, both 0-1 and inclusive; its file of
        decisions is not read.

    postcodes : GeoSeries, optional
        Points by plain postcode. A table with a column `postcode` is placed by it: a row whose postcode is not known,
        and that names neither a unit code nor a village, stays undecided rather than lie amid a village of its name.

    Returns
    -------
    Placement
        In the frame's CRS, EPSG:4326 where it has none because no row has coordinates.

    Raises
    ------
    ContractError
        Where a decision names a row or a settlement that is not there.
    CrsError
        Where settlements, boundaries, postcodes or rows with coordinates have no CRS.
    """
    require_frame("places", frame)
    require_shapes("settlements", settlements)
    for what, given in (("settlements", settlements), ("boundaries", boundaries), ("postcodes", postcodes)):
        if given is None:
            continue
        require_shapes(what, given, series_too=what == "postcodes")
        if given.crs is None:
            raise CrsError(f"{what}: no CRS; say what their coordinates are in with frame.set_crs(...)")
    for table, rows, column in (("settlements", settlements, "settlement_id"), ("places", frame, key)):
        if column not in rows:
            raise ContractError(table, [f"{column}: no such column"])
        refuse(table, list_faults(rows, (column, *NAMES, "place_name")))
        ids = rows[column]
        problems = [f"{column}: missing in {int(ids.isna().sum())} rows"] if ids.hasnans else []
        if ids.duplicated().any():
            problems.append(f"{column}: repeated: {first_of(ids[ids.duplicated()].unique())}")
        refuse(table, problems)
    refuse("settlements", point_faults(settlements.geometry, settlements["settlement_id"]))
    if boundaries is not None:
        refuse("boundaries", outline_faults(boundaries.geometry, boundaries.index))
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        placed = frame.rename_geometry("geometry") if frame.active_geometry_name != "geometry" else frame
        placed = placed.reset_index(drop=True)
        if placed.crs is None:
            if placed.geometry.notna().any():
                raise CrsError("places: no CRS; say what their coordinates are in with frame.set_crs(...)")
            placed = placed.set_crs(WGS84)
    else:
        nowhere = gpd.GeoSeries(np.full(len(frame), None, dtype=object), crs=WGS84)
        placed = gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=nowhere, crs=WGS84)
    crs = placed.crs or WGS84
    units = None if boundaries is None or boundaries.empty else boundaries.to_crs(crs)
    asked = of_kind("options", options, PlacingOptions) or PlacingOptions()
    work = _Work(placed, PlacingGround(settlements.to_crs(crs), units), key, asked)
    decided = decisions or {}
    problems = []
    strange = sorted(set(decided) - set(work.ids))
    if strange:
        remedy = "import the columns as text if a spreadsheet made 001 a 1, else delete the row from the decisions"
        problems.append(f"no row has the id {first_of(strange)}; {remedy}")
    unknown = sorted(set(decided.values()) - set(work.ground.row_of))
    if unknown:
        problems.append(f"no settlement has the id {first_of(unknown)}; take a candidate's id, as text: 001 is not 1")
    refuse(f"decisions on places ({key})", problems)
    work.take_decisions(decided)
    if postcodes is not None:
        work.take_postcodes(postcodes.to_crs(crs).geometry)
    work.take_codes()
    work.take_names()
    if key == "settlement_id":
        work.give_back_doubles()
    return work.result()


def amid_townships(done: Placement, boundaries: gpd.GeoDataFrame) -> Placement:
    """
    Put the rows of the only list of settlements that are still without a place amid their township.

    That is a point within the boundary that a row names, else the middle of the placed rows of the same township. Rows
    that name none, or two by code and name, or whose middle lies in a unit of none of these, stay undecided.
    """
    frame = done.frame.copy()
    points, crs = frame.geometry.to_numpy().copy(), frame.crs or WGS84
    ground = PlacingGround(frame.iloc[:0], boundaries.to_crs(crs))
    named = units_named(frame)
    missing = shapely.is_missing(points)
    members: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(~missing).tolist():
        for name in named[row].township_names():
            members.setdefault(name, []).append(row)
    rows: list[int] = []
    by, at = (frame[name].astype(object).to_numpy(copy=True) for name in ("placed_by", "placed_at"))
    for row in np.flatnonzero(missing).tolist():
        scope = ground.township(named[row])
        same = next((name for name in named[row].township_names() if name in members), None)
        if scope.unit >= 0:
            at[row] = ground.unit_ids[scope.unit]
            points[row] = ground.unit_shapes[scope.unit].representative_point()
        elif same is not None and not scope.fault:
            others = shapely.multipoints(points[members[same]])
            middle = shapely.centroid(others)
            around = ground.unit_shapes[shapely.intersects(ground.unit_shapes, middle)]
            if len(around) and not shapely.intersects(around, others).any():
                continue  # amid places all around the study, such as those of "other counties", lies the study
            at[row], points[row] = same[1], middle
        else:
            continue
        by[row] = "township"
        rows.append(row)
    frame = frame.assign(placed_by=pd.Series(by, dtype="str"), placed_at=pd.Series(at, dtype="str"))
    open_ = ~done.undecided["place_id"].isin(texts(frame.iloc[rows], "settlement_id")).to_numpy()
    return replace(
        done,
        frame=frame.set_geometry(gpd.GeoSeries(points, index=frame.index, crs=frame.crs)),
        undecided=done.undecided[open_].reset_index(drop=True),
        near=gpd.GeoSeries(done.near[open_]),
    )


@dataclass(eq=False)
class _Work:
    """The rows of one table while they are located."""

    frame: gpd.GeoDataFrame
    ground: PlacingGround
    key: str
    options: PlacingOptions
    candidates: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    postless: dict[int, str] = field(default_factory=dict)  # why rows have no known postcode, where only that counts

    def __post_init__(self) -> None:
        size = len(self.frame)
        self.ids = texts(self.frame, self.key)
        self.units = units_named(self.frame)
        # Look for the village where the table has a column of it, else for the row's own names.
        places = texts(self.frame, "place_name")
        own = names_of(self.frame)
        self.names = [(place,) if place else names for place, names in zip(places, own, strict=True)]
        self.at, self.reasons = [""] * size, [""] * size
        self.points = self.frame.geometry.to_numpy().copy()
        missing = shapely.is_missing(self.points)
        self.by, self.score = ["" if is_open else "coordinates" for is_open in missing], np.where(missing, np.nan, 1.0)
        self.scopes = [self.ground.scope(row) for row in self.units]

    def _put(self, row: int, settlement: int, by: str, score: float) -> None:
        self.by[row], self.score[row] = by, score
        self.at[row], self.points[row] = self.ground.ids[settlement], self.ground.points[settlement]

    def take_decisions(self, decisions: Mapping[str, str]) -> None:
        """Put rows where a person has decided."""
        size = len(self.frame)
        told = [""] * size if self.key == "settlement_id" else texts(self.frame, "settlement_id")
        for row in self._open():
            where = self.ground.row_of.get(decisions.get(self.ids[row], told[row]))
            if where is not None:
                self._put(row, where, "decision", 1.0)

    def take_postcodes(self, points: gpd.GeoSeries) -> None:
        """Put rows where their postcode lies; others that name no unit and no village are not guessed at."""
        if "postcode" not in self.frame.columns:
            return
        written = [plain_postcode(text) for text in texts(self.frame, "postcode")]
        villages = texts(self.frame, "place_name")
        for row in self._open():
            code = written[row]
            if code in points.index:
                self.by[row], self.score[row], self.at[row] = "postcode", 1.0, code
                self.points[row] = points[code]
            elif not self.units[row].code and not villages[row]:
                self.postless[row] = "unknown_postcode" if code else "no_postcode"

    def take_codes(self) -> None:
        """Put rows at the one settlement, or in the one village boundary, of their code."""
        for row in self._open():
            code = self.units[row].code
            if not code or self.scopes[row].fault == "units_disagree":
                continue
            there = [place for place in self.ground.parts.get(code, ()) if self.ground.codes[place] == code]
            if len(there) == 1:
                self._put(row, there[0], "unit_code", 1.0)
                continue
            if there:
                self.scopes[row] = Scope(np.array(there, dtype=np.intp), self.scopes[row].unit)
                continue
            is_village = code.isdigit() and len(code) == VILLAGE_DIGITS
            villages = self.ground.units_by_code.get(code, []) if is_village else []
            unit = villages[0] if len(villages) == 1 else -1
            members = self.ground.members(unit) if unit >= 0 else np.array([], dtype=np.intp)
            if len(members) == 1:
                self._put(row, int(members[0]), "unit_code", 1.0)
            elif unit >= 0 and not len(members):
                self.by[row], self.score[row] = "unit_code", 1.0
                self.at[row] = self.ground.unit_ids[unit]
                self.points[row] = self.ground.unit_shapes[unit].representative_point()

    def take_names(self) -> None:
        """Put rows at the settlement of their unit that is called most like them."""
        groups: dict[bytes, list[int]] = {}
        for row in self._open():
            groups.setdefault(self.scopes[row].rows.tobytes(), []).append(row)
        for rows in groups.values():
            among = self.scopes[rows[0]].rows
            names = [self.ground.called[place] for place in among]
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[start : start + ROWS_AT_ONCE]
                scores = name_scores([self.names[row] for row in some], names)
                for row, line in zip(some, scores, strict=True):
                    self._judge(row, among, line)

    def _judge(self, row: int, among: NDArray[np.intp], scores: FloatArray) -> None:
        order = np.lexsort((among, -scores))[:CANDIDATES]
        best = [(int(among[number]), float(scores[number])) for number in order if scores[number] > 0]
        self.candidates[row] = best
        lead = best[0][1] - (best[1][1] if len(best) > 1 else 0.0) if best else 0.0
        if row in self.postless:
            self.reasons[row] = self.postless[row]
        elif self.scopes[row].fault:
            self.reasons[row] = self.scopes[row].fault
        elif not self.names[row]:
            self.reasons[row] = "no_name"
        elif not best or best[0][1] < self.options.name_min - _SLACK:
            self.reasons[row] = "no_similar_name"
        elif lead < self.options.margin - _SLACK:
            self.reasons[row] = "ambiguous"
        else:
            self._put(row, best[0][0], "name", best[0][1])

    def give_back_doubles(self) -> None:
        """Of rows of a list of settlements at one settlement keep the surest; of equally sure ones keep none."""
        held: dict[str, list[int]] = {}
        for row, by in enumerate(self.by):
            if by in {"unit_code", "name", "decision"} and self.at[row]:
                held.setdefault(self.at[row], []).append(row)
        for rows in held.values():
            ranked = sorted((PLACED_BY.index(self.by[row]), -float(self.score[row]), row) for row in rows)
            free = [rank for rank in ranked if self.by[rank[2]] != "decision"]
            alone = len(free) == len(ranked) and (len(free) == 1 or free[0][:2] < free[1][:2])
            for _, _, row in free[1:] if alone else free:
                place = self.ground.row_of.get(self.at[row])
                if place is not None:
                    self.candidates.setdefault(row, [(place, float(self.score[row]))])
                self.reasons[row], self.by[row], self.at[row] = "taken_by_another", "", ""
                self.score[row], self.points[row] = np.nan, None

    def _open(self) -> list[int]:
        return [row for row, by in enumerate(self.by) if not by]

    def result(self) -> Placement:
        """Put it all into tables."""
        index = self.frame.index
        placed = self.frame.set_geometry(gpd.GeoSeries(self.points, index=index, crs=self.frame.crs))
        placed["placed_by"] = _text(self.by, index)
        placed["placed_score"] = pd.Series(self.score, index=index, dtype="float64")
        placed["placed_at"] = _text(self.at, index)
        if self.key != "settlement_id":
            # Rows with coordinates keep the settlement that they name.
            told = texts(self.frame, "settlement_id")
            here = [at if at in self.ground.row_of else "" for at in self.at]
            rows = zip(told, here, self.by, strict=True)
            placed["settlement_id"] = _text([own if by == "coordinates" else at for own, at, by in rows], index)
        units = [self.ground.unit_ids[scope.unit] if scope.unit >= 0 else "" for scope in self.scopes]
        # What is not located is listed with its candidates, and drawn where to look.
        there = self.ground.points
        if not len(there):
            there = self.points[~shapely.is_missing(self.points)]
        middle = shapely.MultiPoint(there).centroid if len(there) else None
        service, code, township = (texts(self.frame, name) for name in ("service", "unit_code", "township"))
        undecided, near = [], []
        for row in self._open():
            line = dict.fromkeys(_UNDECIDED, "")
            line |= {"place_id": self.ids[row], "name": " / ".join(self.names[row]), "service": service[row]}
            line |= {"unit_code": code[row], "township": township[row], "reason": self.reasons[row]}
            best = self.candidates.get(row, [])
            for number, (place, score) in enumerate(best, start=1):
                line[f"candidate_{number}"] = self.ground.ids[place]
                line[f"candidate_{number}_name"] = " / ".join(self.ground.names[place])
                line[f"candidate_{number}_score"] = f"{score:.2f}"
            undecided.append(line)
            if self.scopes[row].unit >= 0:
                near.append(self.ground.unit_shapes[self.scopes[row].unit].representative_point())
            else:
                near.append(self.ground.points[best[0][0]] if best else middle)
        return Placement(
            frame=placed,
            undecided=pd.DataFrame(undecided, columns=_UNDECIDED, dtype="str"),
            unit_ids=_text(units, index),
            near=gpd.GeoSeries(near, crs=self.frame.crs),
            is_choice=bool(len(self.ground.ids)),
        )


def _text(values: list[str], index: pd.Index) -> pd.Series:
    return pd.Series([value or None for value in values], index=index, dtype="str")


BRITISH = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", re.ASCII)
"""A British postcode as it is compared."""
LEAST_SURE = 0.85
"""Least score of a name of a column to be taken for ours."""
NATIONAL_GRID = "EPSG:27700"
"""British National Grid, which eastings and northings beside British postcodes are in."""
GRID_EAST_M, GRID_NORTH_M = 700_000.0, 1_300_000.0
"""How far the British National Grid reaches."""
SPREAD_DEGREES = 0.02
"""A postcode whose rows lie further apart than this, about two kilometres, names no place."""
_HEADLESS = ("postcode", "quality", "easting", "northing")
"""First columns of Code-Point Open, whose files have no heads."""
_HEAD_BYTES = 100
_NO_LATITUDE = 99.0
"""From here on a latitude says that nobody knows it, as in the directory of the Office for National Statistics."""


def plain_postcode(text: str) -> str:
    """Write a postcode as it is compared: in capitals and digits alone."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


def read_postcodes(files: Sequence[Path], *, wanted: Iterable[str] | None = None) -> gpd.GeoSeries:
    """Read where postcodes lie, as points on WGS 84 by plain postcode; `wanted` are those that are looked for."""
    only = None if wanted is None else {plain_postcode(text) for text in wanted}
    table = pd.concat([_one_file(file, only) for file in files], ignore_index=True)
    both = table.groupby("postcode")[["longitude", "latitude"]]
    is_one = ((both.max() - both.min()) <= SPREAD_DEGREES).all(axis=1)
    middle = both.mean()[is_one]
    return gpd.GeoSeries(gpd.points_from_xy(middle["longitude"], middle["latitude"]), index=middle.index, crs=WGS84)


def has_no_heads(file: Path, *, what: str = "postcodes") -> bool:
    """Whether a text begins with a British postcode in place of the head of a column, as Code-Point Open does."""
    with local_file(file, what=what).open("rb") as opened:
        first = opened.read(_HEAD_BYTES).partition(b",")[0]
    return _is_british(plain_postcode(first.decode("ascii", errors="replace")))


def _one_file(file: Path, only: set[str] | None) -> pd.DataFrame:
    """Read one file, and bring its points to degrees."""
    # Lists are inspected by what reads and places them, and their columns are told by its words here.
    from spatial.inputs.inspection.columns import matches  # noqa: PLC0415 - as said, or modules import each other

    label = f"postcodes {file}"
    if FORMATS.get(file.suffix.lower(), ("",))[0] != "CSV":
        frame = pd.DataFrame(open_frame(file, TableSource(path=file.name), what="postcodes"))
    elif not has_no_heads(file):
        frame = read_delimited(file, encoding=AUTO, what="postcodes")
    else:
        # A table of Code-Point Open has no heads, so that its first row is a postcode.
        try:
            frame = pd.read_csv(file, header=None, names=_HEADLESS, usecols=range(len(_HEADLESS)), dtype="str")
        except ValueError as error:
            fault = "it has no heads, and is not as Code-Point Open has it: postcode, quality, easting, northing"
            raise ContractError(label, [f"{fault}; write heads in its first row"]) from error
    found: dict[str, str] = {}
    for name in map(str, frame.columns):
        for match in matches(name):
            if match.score >= LEAST_SURE:
                found.setdefault(match.ours, name)
    degrees, metres = ("longitude", "latitude"), ("easting", "northing")
    axes = next((pair for pair in (degrees, metres) if set(pair) <= set(found)), ())
    lacking = "" if axes else "no longitude and latitude, or easting and northing"
    lacking = lacking if "postcode" in found else "no column of postcodes"
    if lacking:
        there = first_of(frame.columns, limit=20)
        raise ContractError(label, [f"{lacking} was found; the file has {there}: rename them"])
    codes = text_column(frame[found["postcode"]]).fillna("").map(plain_postcode)
    keep = (codes != "") if only is None else codes.isin(only)
    x, y = (pd.to_numeric(frame.loc[keep, found[axis]], errors="coerce").to_numpy(dtype=np.float64) for axis in axes)
    known = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    codes, x, y = codes[keep][known], x[known], y[known]
    if axes == degrees:
        is_place = np.abs(y) < _NO_LATITUDE
        codes, x, y = codes[is_place], x[is_place], y[is_place]
    else:
        if ((x < 0) | (x > GRID_EAST_M) | (y < 0) | (y > GRID_NORTH_M)).any() or not codes.map(_is_british).all():
            problem = "easting and northing are read in the British National Grid beside British postcodes alone"
            raise ContractError(label, [f"{problem}; add columns of longitude and latitude"])
        x, y = transformer_between(NATIONAL_GRID, WGS84).transform(x, y)
    return pd.DataFrame({"postcode": codes.to_numpy(), "longitude": x, "latitude": y})


def _is_british(code: str) -> bool:
    return BRITISH.fullmatch(code) is not None
