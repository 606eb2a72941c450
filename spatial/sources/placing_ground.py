"""Where a place without coordinates may lie: settlements by code, by unit and by name, units by code and by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.sources.columns import text_column
from spatial.sources.names import in_each_script, plain_name
from spatial.sources.unit_codes import unit_key, unit_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]

__all__ = ["PlacingGround", "Scope", "called", "names_of", "texts", "township_names"]

NAMES = ("name", "name_en", "name_zh")
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
    """
    Read a column as stripped text.

    Returns empty text where missing.
    """
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
        tags = json.loads(text) if text else {}
        more = (name.strip() for key in TAGS for name in str(tags.get(key, "")).split(";"))
        found.append(tuple(dict.fromkeys((*own, *filter(None, more)))))
    return found


def township_names(code: str, township_id: str, township: str) -> list[tuple[str, str]]:
    """Name the township of a row in each way that another row of its list may name it."""
    key = unit_key(code)
    digits = key[:TOWNSHIP_DIGITS] if key.isdigit() and len(key) in (TOWNSHIP_DIGITS, VILLAGE_DIGITS) else ""
    ways = (("id", township_id), ("code", digits), ("name", plain_name(township).stem if township else ""))
    return [(way, name) for way, name in ways if name]


class PlacingGround:
    """Settlements and boundaries, indexed by code, unit and name."""

    def __init__(self, settlements: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame | None) -> None:
        self.ids = texts(settlements, "settlement_id")
        self.row_of = {name: row for row, name in enumerate(self.ids)}
        self.names = names_of(settlements)
        self.called = called(settlements)
        self.points = settlements.geometry.to_numpy()
        self.codes = [unit_key(code) for code in texts(settlements, "unit_code")]
        self.parts = _index(unit_prefixes(code) if code else () for code in self.codes)
        self._tree = shapely.STRtree(self.points)
        self._townships = {
            column: _index((text,) if text else () for text in texts(settlements, column))
            for column in ("township_id", "township")
        }
        self._add_units(boundaries)
        self._members: dict[int, Rows] = {}
        self._scopes: dict[tuple[str, str, str], Scope] = {}

    def _add_units(self, boundaries: gpd.GeoDataFrame | None) -> None:
        self.unit_ids: list[str] = []
        self.unit_shapes = np.array([], dtype=object)
        self.unit_codes: list[str] = []
        self._levels = np.array([])
        names: list[tuple[str, ...]] = []
        if boundaries is not None:
            self.unit_ids = texts(boundaries, "boundary_id")
            self.unit_shapes = boundaries.geometry.to_numpy()
            self.unit_codes = [unit_key(code) for code in texts(boundaries, "unit_code")]
            levels = boundaries.get("admin_level")
            self._levels = np.zeros(len(boundaries)) if levels is None else levels.to_numpy(dtype=float)
            names = called(boundaries)
        self.units_by_code = _index((code,) if code else () for code in self.unit_codes)
        self._unit_of_id = {name: row for row, name in enumerate(self.unit_ids)}
        self._units_by_name = _index(
            {plain_name(part).stem for name in listed for part in in_each_script(name)} - {""}
            for listed in names
        )

    def coded(self, code: str) -> list[int]:
        """Find settlements whose own code this is."""
        return [row for row in self.parts.get(code, ()) if self.codes[row] == code]

    def village(self, code: str) -> int:
        """Find the village boundary of a code."""
        found = self.units_by_code.get(code, [])
        is_village = code.isdigit() and len(code) == VILLAGE_DIGITS
        return found[0] if is_village and len(found) == 1 else -1

    def members(self, unit: int) -> Rows:
        """Find the settlements of a unit: by code where both have one of the same kind, else by the ground."""
        if unit not in self._members:
            by_code = set(self.parts.get(self.unit_codes[unit], ())) if self.unit_codes[unit] else set()
            inside = self._tree.query(self.unit_shapes[unit], predicate="intersects").tolist()
            by_ground = {row for row in inside if not by_code or not self.codes[row]}
            self._members[unit] = np.array(sorted(by_code | by_ground), dtype=np.intp)
        return self._members[unit]

    def township(self, code: str, township_id: str, township: str) -> Scope:
        """Find the one boundary that a row names."""
        nobody = np.array([], dtype=np.intp)
        parts = [self.units_by_code.get(part, []) for part in unit_prefixes(unit_key(code))]
        around = {unit for units in parts for unit in units}
        named: list[int] = []
        for text in filter(None, (township_id, township)):
            by_id = [self._unit_of_id[text]] if text in self._unit_of_id else []
            named = named or by_id or self.units_by_code.get(unit_key(text), [])
        if not named and township:
            stems = {plain_name(part).stem for part in in_each_script(township)} - {""}
            found = {unit for stem in stems for unit in self._units_by_name.get(stem, [])}
            finest = max((self._levels[unit] for unit in found), default=0.0)
            named = [unit for unit in found if self._levels[unit] == finest]
        if around and named and not around & set(named):
            return Scope(nobody, fault="units_disagree")
        units = around & set(named) or set(named) or set(next(filter(None, parts), []))
        if len(units) > 1:
            return Scope(nobody, fault="ambiguous")
        return Scope(nobody, units.pop() if units else -1)

    def scope(self, code: str, township_id: str, township: str) -> Scope:
        """Narrow the ground to the unit that a row names."""
        wanted = (code, township_id, township)
        if wanted not in self._scopes:
            self._scopes[wanted] = self._narrowed(*wanted)
        return self._scopes[wanted]

    def _narrowed(self, code: str, township_id: str, township: str) -> Scope:
        everywhere = np.arange(len(self.ids), dtype=np.intp)
        by_code = self._by_code(code) if code else None
        named = self._by_township(township_id, township) if township_id or township else None
        if code and by_code is None and named is None and (self.parts or self.units_by_code):
            return Scope(everywhere, fault="unknown_unit_code")
        if by_code is None and named is None:
            return Scope(everywhere, fault="unknown_township" if township_id or township else "")
        if by_code is None or named is None:
            found = by_code or named
            assert found is not None
            return found if len(found.rows) else Scope(everywhere, found.unit, "no_settlement_in_unit")
        both = np.intersect1d(by_code.rows, named.rows)
        if not len(both) and self.ids:
            return Scope(np.union1d(by_code.rows, named.rows), fault="units_disagree")
        finer = by_code if len(by_code.rows) <= len(named.rows) and by_code.unit >= 0 else named
        return Scope(both, finer.unit if finer.unit >= 0 else by_code.unit)

    def _by_code(self, code: str) -> Scope | None:
        for part in unit_prefixes(code):
            units = self.units_by_code.get(part, [])
            if units:
                return Scope(_joined([self.members(unit) for unit in units]), units[0])
            if part != code and part in self.parts:
                rows = np.array(sorted(self.parts[part]), dtype=np.intp)
                return Scope(rows, self._unit_around(rows))
        return None

    def _unit_around(self, rows: Rows) -> int:
        """Find the smallest unit with all these settlements in it; -1 where none has."""
        whole = [unit for unit in range(len(self.unit_ids)) if np.isin(rows, self.members(unit)).all()]
        return min(whole, key=lambda unit: len(self.members(unit)), default=-1)

    def _by_township(self, township_id: str, township: str) -> Scope | None:
        if township_id in self._unit_of_id:
            unit = self._unit_of_id[township_id]
            return Scope(self.members(unit), unit)
        for column, value in (("township_id", township_id), ("township", township)):
            rows = self._townships[column].get(value) if value else None
            if rows:
                found = np.array(rows, dtype=np.intp)
                return Scope(found, self._unit_around(found))
        units = self._units_by_name.get(plain_name(township).stem, []) if township else []
        if not units:
            return None
        finest = [unit for unit in units if self._levels[unit] == max(self._levels[units])]
        return Scope(_joined([self.members(unit) for unit in finest]), finest[0] if len(finest) == 1 else -1)


def _joined(parts: Sequence[Rows]) -> Rows:
    return np.unique(np.concatenate(parts)) if parts else np.array([], dtype=np.intp)


def _index(keys: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, several in enumerate(keys):
        for key in several:
            found.setdefault(key, []).append(row)
    return found
